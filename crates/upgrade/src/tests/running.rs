//! The machine against a model of a device that restarts, forgets, fails and lies, from seeds: whatever happens, the device
//! starts, and the end is one of those that are promised.

use crate::happened::{Effect, Happened, Outcome, Start};
use crate::room::base;
use crate::{
    Boot, Facts, File, FileSystem, Mode, Neighbour, Next, Past, Routes, Run, Share, Target, Tolerance, Wish,
};
use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};
use core::time::Duration;

const OLD: &str = "c2900-universalk9-mz.SPA.151-4.M4.bin";
const NEW: &str = "c2900-universalk9-mz.SPA.155-3.M4a.bin";
const MD5: &str = "0f343b0931126a20f133d67c2b018a3b";

/// What goes wrong, and at which time of it being done (the first is 1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// What is done fails, and says so.
    Fails(&'static str, u32),
    /// It is done, but the line ends before that is heard.
    Unheard(&'static str, u32),
    /// Nothing of it is done, and the line ends.
    Lost(&'static str, u32),
    /// The copy is damaged on its way.
    Damaged(u32),
    /// The copy ends early.
    Short(u32),
    /// The new image does not load: it starts the next one.
    DoesNotLoad,
    /// It loads, and calls itself something else.
    WrongVersion,
    /// It does not come back.
    Dead,
    /// An interface does not come up with the new image.
    PortDown,
    /// A neighbour is not there with the new image.
    NeighbourGone,
    /// A neighbour is heard of this many seconds behind the start.
    NeighbourLate(u64),
    /// So many routes of 40 are not there with the new image.
    RoutesGone(u64),
    /// It restarts by itself before this is done.
    PowerLoss(&'static str),
    /// It says that it restarts, and does not.
    NotTaken(u32),
    /// We are killed: behind the intent.
    KilledBefore(&'static str, u32),
    /// We are killed: it was done, and is not written down.
    KilledBehind(&'static str, u32),
}

/// A device.
#[derive(Clone)]
struct Model {
    flash: Vec<(String, u64, bool)>,
    free: u64,
    /// Octets of what is deleted and takes its room still.
    marked: u64,
    running: String,
    boot: Vec<String>,
    saved: Vec<String>,
    started: u64,
    reason: String,
    is_dead: bool,
    starts: u32,
    done: Vec<String>,
}

struct Scene {
    model: Model,
    faults: Vec<Fault>,
    tries: Vec<(&'static str, u32)>,
    now: u64,
    journal: Vec<Happened>,
    tolerance: Tolerance,
}

impl Model {
    fn new() -> Model {
        let line = format!("flash0:{OLD}");
        Model {
            flash: vec![
                (OLD.into(), 90, true),
                ("c2900-old.bin".into(), 60, true),
                ("vlan.dat".into(), 1, true),
            ],
            free: 50,
            marked: 0,
            running: line.clone(),
            boot: vec![line.clone()],
            saved: vec![line],
            started: 1_000,
            reason: "power-on".into(),
            is_dead: false,
            starts: 0,
            done: Vec::new(),
        }
    }

    fn facts(&self, now: u64, faults: &[Fault]) -> Facts {
        let is_new = base(&self.running) == NEW;
        let version = match is_new {
            true if faults.contains(&Fault::WrongVersion) => "15.5(3)M3",
            true => "15.5(3)M4a",
            false => "15.1(4)M4",
        };
        let gone =
            faults.iter().find_map(|fault| if let Fault::RoutesGone(n) = fault { Some(*n) } else { None });
        let gone = gone.filter(|_| is_new);
        let gone = gone.unwrap_or(0);
        Facts {
            hostname: "R1".into(),
            model: "CISCO2911/K9".into(),
            serial: Some("FTX1".into()),
            version: version.into(),
            platform: Some("c2900".into()),
            feature: Some("universalk9".into()),
            image: self.running.clone(),
            mode: Mode::Bundle,
            uptime: (now - self.started) / 60,
            reason: Some(self.reason.clone()),
            memory: None,
            boot: Boot {
                // A router takes what it tries from what is saved.
                images: self.saved.clone(),
                configured: Some(self.boot.clone()),
                register: Some(0x2102),
                ..Boot::default()
            },
            flash: FileSystem {
                name: "flash0:".into(),
                total: 250,
                free: self.free,
                files: self
                    .flash
                    .iter()
                    .map(|(name, size, _)| File { name: name.clone(), size: *size, is_directory: false })
                    .collect(),
            },
            unsaved: Some(self.boot != self.saved),
            reload: None,
            members: Vec::new(),
            up: Some(if is_new && faults.contains(&Fault::PortDown) {
                vec!["Gi0/0".into()]
            } else {
                vec!["Gi0/0".into(), "Gi0/1".into()]
            }),
            neighbours: Some(self.neighbours(is_new, now, faults)),
            routes: Some(vec![
                Routes { source: "connected".into(), count: 4 },
                Routes { source: "ospf 1".into(), count: 40 - gone },
            ]),
            installed: None,
            digest: None,
        }
    }

    fn neighbours(&self, is_new: bool, now: u64, faults: &[Fault]) -> Vec<Neighbour> {
        let one = |name: &str, port: &str| Neighbour { name: name.into(), port: port.into() };
        let is_late = |fault: &Fault| matches!(fault, Fault::NeighbourLate(s) if now < self.started + s);
        match is_new && (faults.contains(&Fault::NeighbourGone) || faults.iter().any(is_late)) {
            true => vec![one("SW2", "Gi0/0")],
            // Another protocol tells it first, and spells it otherwise.
            false if is_new => vec![one("SW2", "Gi0/0"), one("SW1", "GigabitEthernet0/1")],
            false => vec![one("SW2", "Gi0/0"), one("SW1.example.net", "Gi0/1")],
        }
    }

    /// What it would start: the first line whose file is there and sound, else the first that is.
    fn would_start(&self, faults: &[Fault]) -> Option<String> {
        let loads = |name: &str| {
            let is_sound = self.flash.iter().any(|(n, _, sound)| n == name && *sound && n.ends_with(".bin"));
            is_sound && !(name == NEW && faults.contains(&Fault::DoesNotLoad))
        };
        let lines = self.saved.iter().map(|line| base(line).to_owned());
        lines.chain(self.flash.iter().map(|(name, ..)| name.clone())).find(|name| loads(name))
    }

    fn restart(&mut self, now: u64, reason: &str, faults: &[Fault]) {
        self.starts += 1;
        self.started = now + 40;
        self.reason = format!("{reason} {}", self.starts);
        self.boot = self.saved.clone();
        match self.would_start(faults) {
            Some(name) => self.running = format!("flash0:{name}"),
            None => self.is_dead = true,
        }
        self.is_dead |= faults.contains(&Fault::Dead);
    }

    fn delete(&mut self, name: &str) {
        match self.flash.iter().position(|(n, ..)| n == name) {
            Some(at) => self.free += self.flash.remove(at).1,
            // It is gone, and its room is made now.
            None => {
                assert!(self.marked > 0, "what is deleted is there, {name} is not");
                self.free += core::mem::take(&mut self.marked);
            }
        }
    }
}

/// What came of doing something.
enum Came {
    Done(Option<String>),
    Failed,
    Lost,
    Killed,
}

impl Scene {
    fn new(faults: &[Fault]) -> Scene {
        Scene {
            model: Model::new(),
            faults: faults.to_vec(),
            tries: Vec::new(),
            now: 100_000,
            journal: Vec::new(),
            tolerance: Tolerance::default(),
        }
    }

    fn act(&mut self, effect: &Effect) -> Came {
        let step = effect.step();
        let n = match self.tries.iter_mut().find(|(of, _)| *of == step) {
            Some((_, n)) => {
                *n += 1;
                *n
            }
            None => {
                self.tries.push((step, 1));
                1
            }
        };
        let has = |fault: Fault| self.faults.contains(&fault);
        self.now += 30;
        if has(Fault::PowerLoss(step)) && n == 1 {
            self.model.restart(self.now, "power-on", &self.faults);
            return Came::Lost;
        }
        if has(Fault::KilledBefore(step, n)) {
            return Came::Killed;
        }
        if has(Fault::Fails(step, n)) {
            return Came::Failed;
        }
        if has(Fault::Lost(step, n)) {
            return Came::Lost;
        }
        let (damaged, short, not_taken) =
            (has(Fault::Damaged(n)), has(Fault::Short(n)), has(Fault::NotTaken(n)));
        let (unheard, killed) = (has(Fault::Unheard(step, n)), has(Fault::KilledBehind(step, n)));
        let model = &mut self.model;
        model.done.push(step.to_owned());
        let mut md5 = None;
        match effect {
            Effect::Delete(name) => {
                assert!(name != OLD && name != "vlan.dat", "{name} is never deleted");
                model.delete(name);
            }
            Effect::Copy => {
                assert!(model.flash.iter().all(|(n, ..)| n != NEW), "a copy over a file");
                assert!(model.free >= 100, "a copy without room");
                let size = if short { 37 } else { 100 };
                model.flash.push((NEW.into(), size, size == 100 && !damaged));
                model.free -= size;
            }
            Effect::Digest => {
                let file = model.flash.iter().find(|(n, ..)| n == NEW).expect("what is verified is there");
                md5 = Some(if file.2 { MD5.to_owned() } else { "0".repeat(32) });
            }
            Effect::SetBoot(images) => model.boot.clone_from(images),
            Effect::Save => model.saved = model.boot.clone(),
            Effect::Add | Effect::Activate(_) | Effect::Commit | Effect::Abort => {
                panic!("{effect:?} of a device with one image")
            }
            Effect::Reload if not_taken => {}
            Effect::Reload => {
                assert_eq!(model.boot, model.saved, "a restart that forgets something");
                let faults = self.faults.clone();
                self.model.restart(self.now, "reload", &faults);
            }
        }
        match (killed, unheard) {
            (true, _) => Came::Killed,
            (false, true) => Came::Lost,
            (false, false) => Came::Done(md5),
        }
    }

    fn note(&mut self, run: &mut Run, entry: Happened) {
        run.take(&entry);
        self.journal.push(entry);
    }

    /// To the end, from the journal as it is. `None`: we were killed.
    fn go(&mut self) -> Option<Outcome> {
        let target = Target {
            name: NEW.into(),
            size: 100,
            md5: MD5.into(),
            platform: Some("c2900".into()),
            feature: Some("universalk9".into()),
            version: Some("15.5(3)M4a".into()),
            damage: None,
        };
        let wish = Wish { restart: Duration::from_secs(300), tolerance: self.tolerance, ..Wish::default() };
        let mut run = Run::new(target, wish, None, Past::of(&self.journal));
        for _ in 0..2_000 {
            let is_away = self.model.is_dead || self.now < self.model.started;
            let facts = (!is_away).then(|| self.model.facts(self.now, &self.faults));
            let next = match &facts {
                Some(facts) => run.next(facts, self.now),
                None => run.lost(self.now, "nobody answers"),
            };
            match next {
                Next::Note(entry) => self.note(&mut run, entry),
                Next::Wait(time) => self.now += time.as_secs().max(1),
                Next::Over(outcome) => {
                    self.note(&mut run, Happened::Ended(outcome.clone()));
                    return Some(outcome);
                }
                Next::Do(effect) => {
                    let start = Start::of(facts.as_ref().expect("who is away is asked nothing"));
                    self.note(&mut run, Happened::Intent { effect: effect.clone(), at: self.now, start });
                    match self.act(&effect) {
                        Came::Done(_) if matches!(effect, Effect::Reload) => {}
                        Came::Done(md5) => self.note(&mut run, Happened::Done { effect, md5 }),
                        Came::Failed => {
                            self.note(
                                &mut run,
                                Happened::Failed { effect, why: "it was told to".to_string() },
                            );
                        }
                        Came::Lost => {}
                        Came::Killed => return None,
                    }
                }
            }
        }
        panic!("no end: {:?}", self.journal);
    }

    /// To the end, begun again as often as we are killed.
    fn whole(&mut self) -> Outcome {
        for _ in 0..20 {
            if let Some(outcome) = self.go() {
                return outcome;
            }
            self.now += 5;
            self.journal.push(Happened::Resumed);
        }
        panic!("killed without end: {:?}", self.journal)
    }
}

/// What is true whatever happened.
fn is_sound(scene: &Scene, outcome: &Outcome) {
    let Scene { model, faults, .. } = scene;
    let told = format!("{faults:?} {outcome:?} {:?}", scene.journal);
    let running = base(&model.running);
    if !faults.contains(&Fault::Dead) {
        assert!(!model.is_dead && model.would_start(faults).is_some(), "it would not start: {told}");
    }
    match outcome {
        Outcome::Upgraded => {
            assert_eq!((running, base(&model.saved[0])), (NEW, NEW), "{told}");
            assert_eq!(base(&model.saved[1]), OLD, "a way back: {told}");
        }
        Outcome::RolledBack(_) => {
            assert_eq!((running, model.saved.len(), base(&model.saved[0])), (OLD, 1, OLD), "{told}");
            assert_eq!(model.boot, model.saved, "{told}");
        }
        Outcome::Held(_) => {}
        Outcome::AlreadyThere | Outcome::Abandoned(_) => panic!("{told}"),
    }
}

const STEPS: [&str; 6] = ["make-room", "transfer", "verify", "set-boot", "save", "reload"];

/// Every fault alone, and what comes of it.
#[test]
fn every_fault_at_every_step_ends_as_promised() {
    let mut rows: Vec<(Fault, &str)> = vec![
        (Fault::Damaged(1), "upgraded"),
        (Fault::Short(1), "upgraded"),
        (Fault::DoesNotLoad, "rolled-back"),
        (Fault::WrongVersion, "rolled-back"),
        (Fault::Dead, "held"),
        (Fault::PortDown, "rolled-back"),
        (Fault::NeighbourGone, "rolled-back"),
        (Fault::NeighbourLate(250), "upgraded"),
        (Fault::NeighbourLate(900), "rolled-back"),
        // Five of a hundred may be missing: two of 40.
        (Fault::RoutesGone(2), "upgraded"),
        (Fault::RoutesGone(3), "rolled-back"),
        (Fault::RoutesGone(40), "rolled-back"),
        (Fault::NotTaken(1), "upgraded"),
    ];
    for step in STEPS {
        rows.extend([
            (Fault::Fails(step, 1), "upgraded"),
            (Fault::Unheard(step, 1), "upgraded"),
            (Fault::Lost(step, 1), "upgraded"),
            (Fault::PowerLoss(step), "upgraded"),
            (Fault::KilledBefore(step, 1), "upgraded"),
            (Fault::KilledBehind(step, 1), "upgraded"),
        ]);
    }
    for (fault, expected) in rows {
        let mut scene = Scene::new(&[fault]);
        let outcome = scene.whole();
        assert_eq!(outcome.name(), expected, "{fault:?}: {outcome:?} {:?}", scene.journal);
        is_sound(&scene, &outcome);
    }
}

/// What is missing is named, waited for as long as was wished, and may be missing where that was wished.
#[test]
fn what_was_there_is_waited_for_and_may_stay_away_where_that_was_wished() {
    let faults = [Fault::PortDown, Fault::RoutesGone(10)];
    let strict = Tolerance { settle: Duration::from_secs(900), ..Tolerance::default() };
    let mut scene = Scene { tolerance: strict, ..Scene::new(&faults) };
    let Outcome::RolledBack(why) = scene.whole() else { panic!("{:?}", scene.journal) };
    let lost = "it runs 15.5(3)M4a, and what was there before is not: interfaces that are down: Gi0/1; routes: 30 of 40 ospf 1";
    assert_eq!(why, lost);
    let told = |scene: &Scene, nth: usize| {
        let is_reload = |entry: &&Happened| matches!(entry, Happened::Intent { effect: Effect::Reload, .. });
        match scene.journal.iter().filter(is_reload).nth(nth) {
            Some(Happened::Intent { at, .. }) => *at,
            other => panic!("two restarts, not {other:?}"),
        }
    };
    let waited = told(&scene, 1) - told(&scene, 0);
    assert!((900..1_200).contains(&waited), "{waited} s");
    let wider = |interfaces, routes| Tolerance { interfaces, routes, ..Tolerance::default() };
    for (tolerance, expected) in [
        (wider(1, Share::Percent(25)), "upgraded"),
        (wider(1, Share::Count(10)), "upgraded"),
        (wider(0, Share::Count(10)), "rolled-back"),
        (wider(1, Share::Count(9)), "rolled-back"),
        (wider(1, Share::Percent(24)), "rolled-back"),
    ] {
        let mut scene = Scene { tolerance, ..Scene::new(&faults) };
        let outcome = scene.whole();
        assert_eq!(outcome.name(), expected, "{tolerance:?}: {outcome:?}");
        is_sound(&scene, &outcome);
    }
    let mut scene = Scene::new(&[Fault::NeighbourGone]);
    let Outcome::RolledBack(why) = scene.whole() else { panic!("{:?}", scene.journal) };
    assert!(why.ends_with("is not: neighbours: SW1.example.net at Gi0/1"), "{why}");
    let tolerance = Tolerance { neighbours: 1, ..Tolerance::default() };
    assert_eq!(Scene { tolerance, ..Scene::new(&[Fault::NeighbourGone]) }.whole(), Outcome::Upgraded);
    // 1 % of much is much, and of little nothing.
    assert_eq!(
        [50, 99, 100, 250, u64::MAX].map(|all| Share::Percent(1).of(all)),
        [0, 0, 1, 2, u64::MAX / 100]
    );
}

#[test]
fn without_faults_each_thing_is_done_once() {
    let mut scene = Scene::new(&[]);
    assert_eq!(scene.whole(), Outcome::Upgraded);
    assert_eq!(scene.model.done, STEPS);
    // And once more: nothing.
    scene.journal.clear();
    assert_eq!(scene.go(), Some(Outcome::AlreadyThere));
    assert_eq!(scene.model.done.len(), STEPS.len());
}

#[test]
fn who_is_killed_anywhere_does_nothing_twice() {
    for step in STEPS {
        for fault in [Fault::KilledBefore(step, 1), Fault::KilledBehind(step, 1), Fault::Unheard(step, 1)] {
            let mut scene = Scene::new(&[fault]);
            assert_eq!(scene.whole(), Outcome::Upgraded, "{fault:?}");
            let mut done = scene.model.done.clone();
            // A digest that nobody heard is made again: it changes nothing.
            done.dedup();
            assert_eq!(done, STEPS, "{fault:?}");
            let again = scene.model.done.len() - done.len();
            assert!(again == 0 || (step == "verify" && again == 1), "{fault:?}: {:?}", scene.model.done);
        }
    }
}

#[test]
fn what_fails_for_ever_is_held_and_nothing_of_it_is_left() {
    for step in STEPS {
        let faults: Vec<Fault> = (1..=9).map(|n| Fault::Fails(step, n)).collect();
        let mut scene = Scene::new(&faults);
        let outcome = scene.whole();
        is_sound(&scene, &outcome);
        let Outcome::Held(why) = &outcome else { panic!("{step}: {outcome:?}") };
        assert!(why.contains("it was told to"), "{step}: {why}");
        assert_eq!(base(&scene.model.running), OLD, "{step}");
        assert_eq!(base(&scene.model.saved[0]), OLD, "{step}: the next start is what it was");
    }
    let faults: Vec<Fault> = (1..=9).map(Fault::Damaged).collect();
    let mut scene = Scene::new(&faults);
    let Outcome::Held(why) = scene.whole() else { panic!("a damaged image") };
    assert!(why.contains(&"0".repeat(32)) && why.contains(MD5), "{why}");
    assert!(scene.model.flash.iter().all(|(name, ..)| name != NEW), "a damaged image is not left there");
}

/// Flash that only marks what is deleted: the line ended before it was squeezed.
#[test]
fn a_deletion_that_was_lost_is_done_again_where_its_room_is_not_there() {
    let mut scene = Scene::new(&[Fault::KilledBehind("make-room", 1)]);
    assert_eq!(scene.go(), None);
    scene.model.marked = 60;
    scene.model.free -= 60;
    scene.journal.push(Happened::Resumed);
    assert_eq!(scene.whole(), Outcome::Upgraded);
    assert_eq!(scene.model.done.iter().filter(|step| *step == "make-room").count(), 2);
    assert_eq!(scene.model.marked, 0);
}

#[test]
fn another_device_at_that_address_is_not_touched() {
    let mut scene = Scene::new(&[Fault::KilledBefore("set-boot", 1)]);
    assert_eq!(scene.go(), None);
    let Happened::Began { serial, .. } = &mut scene.journal[0] else { panic!("it begins with that") };
    *serial = Some("FTX2".into());
    let done = scene.model.done.len();
    let outcome = scene.whole();
    assert!(
        matches!(&outcome, Outcome::Held(why) if why.contains("FTX2") && why.contains("FTX1")),
        "{outcome:?}"
    );
    assert_eq!(scene.model.done.len(), done);
}

/// Several faults at once, from seeds.
#[test]
fn any_faults_together_leave_a_device_that_starts() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let mut ends: Vec<(&str, u32)> = Vec::new();
    for _ in 0..20_000 {
        let count = 1 + next(5);
        let faults: Vec<Fault> = (0..count)
            .map(|_| {
                let step = STEPS[usize::try_from(next(6)).expect("small")];
                let n = u32::try_from(1 + next(4)).expect("small");
                match next(16) {
                    0 => Fault::Fails(step, n),
                    1 => Fault::Unheard(step, n),
                    2 => Fault::Lost(step, n),
                    3 => Fault::Damaged(n),
                    4 => Fault::Short(n),
                    5 => Fault::DoesNotLoad,
                    6 => Fault::WrongVersion,
                    7 if next(4) == 0 => Fault::Dead,
                    8 => Fault::PowerLoss(step),
                    9 => Fault::NotTaken(n),
                    10 => Fault::KilledBefore(step, n),
                    11 => Fault::PortDown,
                    13 => Fault::NeighbourGone,
                    14 => Fault::NeighbourLate(next(900)),
                    12 => Fault::RoutesGone(1 + next(40)),
                    _ => Fault::KilledBehind(step, n),
                }
            })
            .collect();
        let mut scene = Scene::new(&faults);
        let outcome = scene.whole();
        is_sound(&scene, &outcome);
        match ends.iter_mut().find(|(name, _)| *name == outcome.name()) {
            Some((_, n)) => *n += 1,
            None => ends.push((outcome.name(), 1)),
        }
    }
    assert_eq!(ends.len(), 3, "each end was seen: {ends:?}");
}
