//! `towline upgrade apply` killed behind every entry that it writes down, and gone on with: the same end, and nothing done twice.
//!
//! strace kills it at its Nth write to the disk, which is where an entry is on the disk and nothing has come of it: for one N
//! after the other, until there is none left.

use crate::applied::{is_upgraded, typed};
use crate::site::{BUNDLE, Model, PATIENCE, Site};
use e2e::peers::Peer;
use e2e::poll::until;
use e2e::process::{Ended, Process};
use e2e::towline::{command, program};
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs that are killed at once.
const AT_ONCE: usize = 4;
/// More than an upgrade of these devices writes.
const MOST: usize = 60;

/// How upgrades end, whoever is killed on the way.
#[derive(Clone, Copy)]
struct End {
    /// Whether boot loaders find the new image damaged.
    is_damaged: bool,
    code: i32,
    outcome: &'static str,
    /// What is typed that begins so, and how often.
    typed: [(&'static str, usize); 4],
    /// So many entries it has at least.
    least: usize,
}

const UPGRADED: End = End {
    is_damaged: false,
    code: 0,
    outcome: "upgraded",
    typed: [("copy http://", 1), ("verify /md5", 1), ("write memory", 1), ("reload", 1)],
    least: 20,
};

/// The new image does not load: the one before runs, and is booted first again.
const PUT_BACK: End = End {
    is_damaged: true,
    code: 1,
    outcome: "rolled-back",
    typed: [("copy http://", 1), ("verify /md5", 1), ("write memory", 2), ("reload", 1)],
    least: 28,
};

/// One device for each kill.
struct Killing<'a> {
    site: &'a Site,
    strace: &'a Peer,
    model: Model,
    net: u8,
    end: End,
}

impl Killing<'_> {
    fn device(&self, n: usize) -> (String, String) {
        (format!("K{n}"), self.site.device(&format!("127.{}.0.{n}", self.net)))
    }

    fn with(&self, program: &Path, before: &[&str], words: &[&str]) -> Ended {
        let mut c = match before {
            [] => command(),
            before => {
                let mut c = self.strace.command();
                let plain = command();
                e2e::process::with_variables_of(&mut c, &plain);
                c.args(before).arg("--").arg(program);
                c
            }
        };
        c.arg("upgrade").args(words).current_dir(self.site.path()).env("HOME", self.site.path());
        c.env_remove("XDG_STATE_HOME").env("TOWLINE_PASSWORD", "admin");
        Process::start(&mut c).wait(PATIENCE)
    }

    /// Kills it at its write number `n`, goes on with it, and sees what came of that; whether it wrote so often.
    fn kill(&self, n: usize) -> bool {
        let (name, device) = self.device(n);
        if self.end.is_damaged {
            self.site.ctl(&[&name, "fault", "damaged", self.model.new]);
        }
        let journal = format!("k{n}.db");
        let apply =
            ["apply", &device, "--image", self.model.new, "--yes", "--restart", "10s", "--journal", &journal];
        let log = format!("k{n}.log");
        let inject = format!("inject=fsync,fdatasync:signal=SIGKILL:when={n}");
        let strace = ["-f", "-qq", "-o", &log, "-e", "trace=fsync,fdatasync", "-e", &inject];
        let ended = self.with(program(), &strace, &apply);
        let was_killed = ended.status.signal() == Some(9);
        assert!(was_killed || ended.code() == self.end.code, "killed at {n}: {ended:?}");
        let entries = self.entries(&journal);
        if was_killed {
            let resumed = self.with(program(), &[], &["resume", "1", "--journal", &journal]);
            match resumed.code() {
                code if code == self.end.code => {}
                // It had not even written down that there is a run.
                5 => {
                    let ended = self.with(program(), &[], &apply);
                    assert_eq!(ended.code(), self.end.code, "after {n}: {ended:?}");
                }
                // It had written down how it ended.
                0 => assert!(resumed.out.starts_with("run 1 is over"), "{resumed:?}"),
                _ => panic!("after {n}, {entries:?}: {resumed:?}"),
            }
        }
        self.is_done_once(&name, &journal, n, &entries);
        println!("{} at {n}: killed {was_killed}, behind {entries:?}", self.model.profile);
        was_killed
    }

    fn is_done_once(&self, name: &str, journal: &str, n: usize, entries: &[String]) {
        let (old, new) = (self.model.old, self.model.new);
        if self.end.is_damaged {
            let state = self.site.state(name);
            let boot = state["boot"].to_string();
            assert!(boot.contains(old) && !boot.contains(new), "killed at {n}: {state}");
            assert!(state["image"] == old && state["modified"] == false, "killed at {n}: {state}");
        } else {
            is_upgraded(self.site, &self.model, name);
        }
        let typed = typed(self.site, name);
        for (begin, times) in self.end.typed {
            let found = typed.iter().filter(|line| line.starts_with(begin)).count();
            assert_eq!(found, times, "killed at {n}, behind {entries:?}: {begin} in {typed:?}");
        }
        let boot = typed.iter().filter(|line| line.contains(new) && line.starts_with("boot ")).count();
        assert_eq!(boot, 1, "killed at {n}, behind {entries:?}: {typed:?}");
        let status = self.with(program(), &[], &["status", "--json", "--journal", journal]);
        let device = lines(&status).into_iter().find(|line| line["event"] == "upgrade_device");
        let device = device.unwrap_or_else(|| panic!("no device: {status:?}"));
        assert_eq!(device["outcome"], self.end.outcome, "{device}");
    }

    /// What is written down: each entry as `step:came`.
    fn entries(&self, journal: &str) -> Vec<String> {
        let report = self.with(program(), &[], &["report", "--json", "--journal", journal]);
        let entry = |line: &Value| {
            let word = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
            (line["event"] == "upgrade_entry").then(|| format!("{}:{}", word("step"), word("entry")))
        };
        lines(&report).iter().filter_map(entry).collect()
    }
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

fn row(name: &str, model: Model, address: &str) -> String {
    format!(
        "[[device]]\nname = \"{name}\"\nprofile = \"{}\"\naddress = \"{address}\"\nimages = [\"{}\"]\n",
        model.profile, model.old_version
    )
}

/// Every place of an upgrade of this model.
fn everywhere(model: Model, net: u8, end: End) {
    let Some(strace) = Peer::find("strace", "strace") else { return };
    let row = |n| row(&format!("K{n}"), model, &format!("127.{net}.0.{n}"));
    let site = Site::start(&(1..=MOST).map(row).collect::<String>());
    let killing = Killing { site: &site, strace: &strace, model, net, end };
    let next = AtomicUsize::new(1);
    let last = AtomicUsize::new(usize::MAX);
    let killed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n > last.load(Ordering::Relaxed) {
                        return;
                    }
                    assert!(n <= MOST, "it writes more than {MOST} times");
                    if killing.kill(n) {
                        killed.fetch_add(1, Ordering::Relaxed);
                    } else {
                        last.fetch_min(n, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let (killed, most) = (killed.into_inner(), last.into_inner());
    println!("soak: {} {}: killed at {killed} places and gone on with", model.profile, end.outcome);
    assert!(killed >= end.least && killed + 1 >= most, "killed at {killed} places of {most}");
}

/// A device that copies so slowly that there is time to do something to who upgrades it.
fn slow(site: &Site, name: &str, device: &str) -> Process {
    site.ctl(&[name, "fault", "slow-flash", "40K"]);
    let run = site.begin(&["apply", device, "--image", BUNDLE[0].new, "--yes", "--restart", "10s"]);
    let copies = until(PATIENCE, || {
        let status = site.upgrade(&["status", "--json"]);
        let is_copying = |line: &Value| line["state"] == "at-work" && line["step"] == "transfer";
        lines(&status).iter().any(is_copying).then_some(())
    });
    assert!(copies.is_some(), "it does not begin to copy: {:?}", run.said());
    run
}

fn whole_copies(site: &Site, name: &str) -> usize {
    site.ctl(&[name, "copies"]).iter().filter(|copy| copy["octets"].is_u64()).count()
}

/// What this host sends ends with it; the device keeps no half, and gets it once more.
#[test]
fn a_run_killed_in_the_midst_of_a_copy_is_gone_on_with() {
    let model = BUNDLE[0];
    let site = Site::start(&row("R1", model, "127.94.0.1"));
    let run = slow(&site, "R1", &site.device("127.94.0.1"));
    // Who lives has it.
    let resumed = site.upgrade(&["resume", "1"]);
    assert_eq!(resumed.code(), 4, "{resumed:?}");
    assert!(resumed.err.contains("run 1 is at work on it: the process "), "{resumed:?}");
    run.signal(Signal::KILL);
    let ended = run.wait(PATIENCE);
    assert_eq!(ended.status.signal(), Some(9), "{ended:?}");
    let status = site.upgrade(&["status"]);
    assert!(status.out.contains("left      at transfer; 'towline upgrade resume 1' goes on"), "{status:?}");
    site.ctl(&["R1", "fault", "slow-flash", "10M"]);
    let resumed = site.upgrade(&["resume", "1"]);
    assert_eq!(resumed.code(), 0, "{resumed:?}");
    is_upgraded(&site, &model, "R1");
    assert_eq!(whole_copies(&site, "R1"), 1, "{:?}", site.ctl(&["R1", "copies"]));
    let report = site.upgrade(&["report", "1"]);
    assert!(report.out.contains("gone on with from here"), "{report:?}");
}

/// Whoever is at work finishes what is under way, and does nothing more; then it is given up, or gone on with.
#[test]
fn a_run_that_is_asked_stops_before_the_next_thing() {
    let model = BUNDLE[0];
    let site = Site::start(&row("R1", model, "127.95.0.1"));
    let run = slow(&site, "R1", &site.device("127.95.0.1"));
    let aborted = site.upgrade(&["abort", "1"]);
    assert_eq!(aborted.code(), 0, "{aborted:?}");
    assert!(aborted.out.contains("It stops before the next thing that it would do"), "{aborted:?}");
    let ended = run.wait(PATIENCE);
    assert_eq!(ended.code(), 130, "{ended:?}");
    assert!(ended.err.contains("'towline upgrade resume 1' goes on"), "{ended:?}");
    let before = typed(&site, "R1");
    assert!(
        before.iter().all(|line| !line.starts_with("verify") && !line.starts_with("reload")),
        "{before:?}"
    );
    assert_eq!(whole_copies(&site, "R1"), 1);
    let resumed = site.upgrade(&["resume", "1"]);
    assert_eq!(resumed.code(), 0, "{resumed:?}");
    is_upgraded(&site, &model, "R1");
    assert_eq!(whole_copies(&site, "R1"), 1, "what was copied is not copied again");
}

#[test]
fn a_killed_upgrade_is_gone_on_with_from_every_entry_and_nothing_is_done_twice() {
    everywhere(BUNDLE[0], 93, UPGRADED);
}

/// Where it has to be put back; and of each model, in the soak.
#[test]
fn a_killed_upgrade_of_each_model_ends_as_it_would_have() {
    let both = |model: &Model| [(*model, PUT_BACK), (*model, UPGRADED)];
    // A 2960-X names no reason for a restart, and one of a lab takes no minute: nothing proves that it restarted when it
    // runs what it ran.
    let is_proven = |(model, end): &(Model, End)| model.profile != "c2960x" || !end.is_damaged;
    let all = BUNDLE.iter().flat_map(both).filter(is_proven);
    for ((model, end), net) in all.take(if e2e::is_soak() { usize::MAX } else { 1 }).zip(100..) {
        everywhere(model, net, end);
    }
}
