use super::*;
use std::sync::{Condvar, Mutex};
use std::time::SystemTime;

fn event(seq: u64) -> Event {
    let at = SystemTime::UNIX_EPOCH;
    let what =
        What::Banned { net: "10.0.0.1".into(), until: None, why: "w".into(), by: gate::audit::By::Itself };
    Event { seq, at, session: 0, protocol: None, peer: None, user: None, what }
}

fn wants() -> Wants {
    let mut hook = audit::Hook::on_ends(&["/bin/true"], None);
    hook.on = vec!["banned".into()];
    Wants::of(&hook)
}

/// Fails by this list, then never.
struct Fails(VecDeque<Fault>, Noted<u64>);

impl Deed for Fails {
    fn attempt(&mut self, event: &Event, json: &str) -> Result<(), Fault> {
        let told: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!((&told["seq"], &told["event"]), (&event.seq.into(), &"banned".into()));
        self.1.lock().unwrap().push(event.seq);
        self.0.pop_front().map_or(Ok(()), Err)
    }
}

type Told = Noted<What>;

fn teller() -> (Told, Tell) {
    let told = Told::default();
    let to = told.clone();
    (told, Arc::new(move |what| to.lock().unwrap().push(what)))
}

/// What was noted, by whoever noted it.
type Noted<T> = Arc<Mutex<Vec<T>>>;

/// A worker whose waits take no time: they are noted.
fn work(fails: Vec<Fault>, tries: Tries) -> (Work, Noted<u64>, Noted<Duration>, Told) {
    let (told, tell) = teller();
    let (seen, waits) = (Noted::default(), Noted::default());
    let noted = waits.clone();
    let work = Work {
        name: "hook 1".into(),
        queue: Arc::new(Queue::new(10)),
        busy: Arc::default(),
        deed: Box::new(Fails(fails.into(), seen.clone())),
        tries,
        rest: Box::new(move |wait| {
            noted.lock().unwrap().push(wait);
            true
        }),
        tell,
        lost: 0,
        failed: None,
        told: None,
    };
    (work, seen, waits, told)
}

fn passing(why: &str) -> Fault {
    Fault::Passing(why.into())
}

#[test]
fn what_fails_is_tried_again_after_waits_that_double() {
    let tries = Tries::new(3, Duration::from_secs(1));
    let (mut work, seen, waits, told) = work(vec![passing("a"), passing("b"), passing("c")], tries);
    work.serve(&event(7));
    work.tell();
    assert_eq!(*seen.lock().unwrap(), [7; 4]);
    assert_eq!(*waits.lock().unwrap(), [1, 2, 4].map(Duration::from_secs));
    assert_eq!(*told.lock().unwrap(), [], "it went well in the end");
    // Each event begins with the first wait.
    work.deed = Box::new(Fails(vec![passing("d")].into(), seen));
    work.serve(&event(8));
    assert_eq!(waits.lock().unwrap().last(), Some(&Duration::from_secs(1)));
}

#[test]
fn what_fails_each_time_is_told_once_with_how_often() {
    let tries = Tries::new(1, Duration::from_secs(1));
    let (mut work, seen, _, told) = work((0..4).map(|n| passing(&n.to_string())).collect(), tries);
    work.serve(&event(7));
    work.serve(&event(8));
    work.tell();
    work.tell();
    assert_eq!(*seen.lock().unwrap(), [7, 7, 8, 8]);
    let failed = What::HookFailed { hook: "hook 1".into(), of: 8, count: 2, why: "3".into() };
    assert_eq!(*told.lock().unwrap(), [failed]);
}

#[test]
fn what_will_be_the_same_the_next_time_is_not_tried_again() {
    let (mut work, seen, waits, told) =
        work(vec![Fault::Lasting("never".into())], Tries::new(5, Duration::from_secs(1)));
    work.serve(&event(1));
    work.tell();
    assert_eq!((seen.lock().unwrap().len(), waits.lock().unwrap().len()), (1, 0));
    assert!(matches!(&told.lock().unwrap()[..], [What::HookFailed { count: 1, .. }]));
}

/// Waits at a gate that the test opens.
struct Slow(Arc<(Mutex<Gate>, Condvar)>);

#[derive(Default)]
struct Gate {
    waits: bool,
    open: bool,
}

impl Deed for Slow {
    fn attempt(&mut self, _: &Event, _: &str) -> Result<(), Fault> {
        let (gate, changed) = &*self.0;
        let mut gate = gate.lock().unwrap();
        gate.waits = true;
        changed.notify_all();
        drop(changed.wait_while(gate, |gate| !gate.open).unwrap());
        Ok(())
    }
}

#[test]
fn a_slow_hook_holds_nobody_up_and_tells_what_found_no_place() {
    let (told, tell) = teller();
    let gate = Arc::<(Mutex<Gate>, Condvar)>::default();
    let tries = Tries::new(0, Duration::ZERO);
    let hook = Hook::start("hook 1".into(), 3, wants(), Box::new(Slow(gate.clone())), tries, tell).unwrap();
    hook.see(&Arc::new(event(1)));
    // It is at work on the first; three may wait.
    drop(gate.1.wait_while(gate.0.lock().unwrap(), |gate| !gate.waits).unwrap());
    for seq in 2..=9 {
        hook.see(&Arc::new(event(seq)));
    }
    gate.0.lock().unwrap().open = true;
    gate.1.notify_all();
    hook.end(GRACE);
    let told = told.lock().unwrap();
    let [What::SinkLost { sink, count: 5, why }] = &told[..] else { panic!("{told:?}") };
    assert!(sink == "hook 1" && why.contains("wait already"), "{why}");
}

#[test]
fn at_the_end_a_wait_is_cut_short_and_the_failure_told() {
    let (told, tell) = teller();
    let seen = Noted::default();
    let deed = Box::new(Fails(vec![passing("no")].into(), seen.clone()));
    let tries = Tries::new(9, Duration::from_secs(200));
    let hook = Hook::start("hook 1".into(), 3, wants(), deed, tries, tell).unwrap();
    hook.see(&Arc::new(event(1)));
    hook.end(GRACE);
    assert_eq!(*seen.lock().unwrap(), [1]);
    let told = told.lock().unwrap();
    let [What::HookFailed { why, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(why, "no; the server ends and does not try it again");
}

#[test]
fn a_cut_tells_what_ran_and_waited_and_nothing_of_an_idle_hook() {
    let (told, tell) = teller();
    let gate = Arc::<(Mutex<Gate>, Condvar)>::default();
    let start = |tell: Tell| {
        let tries = Tries::new(0, Duration::ZERO);
        Hook::start("hook 1".into(), 3, wants(), Box::new(Slow(gate.clone())), tries, tell).unwrap()
    };
    start(tell.clone()).end(Duration::ZERO);
    assert_eq!(*told.lock().unwrap(), []);
    let hook = start(tell);
    hook.see(&Arc::new(event(1)));
    drop(gate.1.wait_while(gate.0.lock().unwrap(), |gate| !gate.waits).unwrap());
    hook.see(&Arc::new(event(2)));
    hook.end(Duration::ZERO);
    gate.0.lock().unwrap().open = true;
    gate.1.notify_all();
    let told = told.lock().unwrap();
    assert!(matches!(&told[..], [What::SinkLost { count: 2, .. }]), "{told:?}");
}
