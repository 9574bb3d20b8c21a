//! The journal in processes that are killed, or share it: this program starts itself.

use db::journal::{Device, Fault, Journal, Kind, Look, Run, State, Take};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

fn main() {
    if let Some(path) = std::env::var_os("JOURNAL_CHILD") {
        return child(&PathBuf::from(path), &std::env::var("JOURNAL_KEY").expect("a device"));
    }
    type Case = (&'static str, fn());
    let cases: [Case; 3] = [
        ("what_was_acknowledged_outlives_a_kill", what_was_acknowledged_outlives_a_kill),
        ("a_process_that_is_fenced_hears_it", a_process_that_is_fenced_hears_it),
        ("processes_begin_a_journal_at_once", processes_begin_a_journal_at_once),
    ];
    for (name, case) in cases {
        case();
        println!("test {name} ... ok");
    }
    // As libtest says it: `cargo xtask test` counts these lines.
    println!("\ntest result: ok. {} passed; 0 failed; 0 ignored", cases.len());
}

/// Writes entries until it is killed, fenced or has written as many as it should; says the place of each once it is kept.
fn child(path: &Path, key: &str) {
    let journal = Journal::open(path).expect("a journal");
    let most: i64 = std::env::var("JOURNAL_MOST").map_or(i64::MAX, |n| n.parse().expect("a number"));
    let (run, key) = match key {
        "own" => {
            let key = format!("r{}", std::process::id());
            (journal.begin(&run(), &[device(&key)]).expect("a run"), key)
        }
        _ => (1, key.to_owned()),
    };
    let claim = journal.claim(run, &key, Take::default()).expect("a claim");
    let mut out = std::io::stdout().lock();
    for n in 1..=most {
        match claim.append(Kind::Intent, Some("transfer"), &format!("{}:{n}", claim.generation())) {
            Ok(place) => writeln!(out, "{place}").expect("a reader"),
            Err(Fault::Fenced { by: Some(_) }) => return writeln!(out, "fenced").expect("a reader"),
            Err(fault) => panic!("{fault}"),
        }
    }
    writeln!(out, "{run}").expect("a reader");
}

fn start(path: &Path, key: &str, most: Option<i64>) -> (Child, impl Iterator<Item = String>) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env("JOURNAL_CHILD", path).env("JOURNAL_KEY", key).stdout(Stdio::piped());
    most.map(|most| command.env("JOURNAL_MOST", most.to_string()));
    let mut child = command.spawn().expect("a child");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    (child, lines.map(|line| line.expect("a line")))
}

fn run() -> Run {
    Run { image: "new.bin".into(), md5: "0f".into(), plan: "{}".into() }
}

fn device(key: &str) -> Device {
    Device { key: key.into(), hostname: key.into(), serial: None }
}

/// The texts of a device in their order; their places are 1, 2, 3…
fn texts(path: &Path, run: i64) -> Vec<String> {
    let mut look = Look::open(path).expect("a journal");
    let id = look.devices(run).expect("devices")[0].id;
    let mut all = Vec::new();
    let each = |entry: db::journal::EntryKept| {
        all.push(entry.text);
        assert_eq!(entry.n, all.len() as i64);
        true
    };
    look.entries(id, 0, each).expect("entries");
    all
}

fn state(path: &Path) -> State {
    Look::open(path).expect("a journal").devices(1).expect("devices")[0].state.clone()
}

fn what_was_acknowledged_outlives_a_kill() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("upgrades.db");
    Journal::open(&path).expect("a journal").begin(&run(), &[device("r1")]).expect("a run");
    let mut kept = 0;
    for (round, after) in [1, 2, 3, 7, 20, 1, 50, 5].into_iter().enumerate() {
        let (mut child, mut lines) = start(&path, "r1", None);
        let mut last: i64 = kept;
        for _ in 0..after {
            last = lines.next().expect("it writes on").parse().expect("a place");
        }
        // It is alive, and it holds the device.
        assert!(matches!(state(&path), State::Claimed(by) if by.pid == child.id()));
        child.kill().expect("killed");
        last = lines.last().map_or(last, |line| line.parse().expect("a place"));
        child.wait().expect("it ends");
        let all = texts(&path, 1);
        // One may be kept of which nobody was told. Whether it is is not settled before the next one writes: what a killed writer
        // had not yet put into the index of the log comes to light when a process reads that log from its beginning.
        let count = all.len() as i64;
        assert!((last..=last + 1).contains(&count), "round {round}: {last} told, {count} kept");
        let mine = format!("{}:", round + 1);
        let before = all.iter().take_while(|text| !text.starts_with(&mine)).count() as i64;
        assert!((kept..=kept + 1).contains(&before), "round {round}: {kept} kept, {before} found");
        let expected: Vec<String> = (1..=count - before).map(|n| format!("{mine}{n}")).collect();
        assert_eq!(all[usize::try_from(before).expect("a count")..], expected);
        // Nobody has to be told that it is free.
        assert_eq!(state(&path), State::Left);
        kept = count;
    }
}

fn a_process_that_is_fenced_hears_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("upgrades.db");
    let journal = Journal::open(&path).expect("a journal");
    journal.begin(&run(), &[device("r1")]).expect("a run");
    let (mut child, mut lines) = start(&path, "r1", None);
    assert_eq!(lines.next().as_deref(), Some("1"));
    let held = journal.claim(1, "r1", Take::default()).map(drop);
    assert!(matches!(held, Err(Fault::Held { run: 1, by }) if by.pid == child.id()));
    let claim = journal.claim(1, "r1", Take { by_force: true, ended: false }).expect("taken");
    let place = claim.append(Kind::Began, None, "mine").expect("kept");
    assert_eq!(lines.last().as_deref(), Some("fenced"));
    assert!(child.wait().expect("it ends").success());
    let all = texts(&path, 1);
    assert_eq!(all.len() as i64, place, "it wrote nothing after that");
    assert_eq!(all.last().map(String::as_str), Some("mine"));
}

fn processes_begin_a_journal_at_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("new/upgrades.db");
    let children: Vec<_> = (0..4)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || {
                let (mut child, lines) = start(&path, "own", Some(25));
                let run = lines.last().expect("it says its run");
                assert!(child.wait().expect("it ends").success());
                run.parse::<i64>().expect("a number")
            })
        })
        .collect();
    let mut runs: Vec<i64> = children.into_iter().map(|child| child.join().expect("a child")).collect();
    runs.sort_unstable();
    assert_eq!(runs, [1, 2, 3, 4]);
    for run in runs {
        assert_eq!(texts(&path, run).len(), 25);
    }
}
