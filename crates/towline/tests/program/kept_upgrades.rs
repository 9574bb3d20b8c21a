//! `towline upgrade list`, `status` and `report` over a journal as `upgrade apply` writes one.

use db::journal::{Device, Journal, Kind, Run, Take};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use towline::upgrade::record;
use upgrade::{Effect, Happened, Outcome, Start};

fn towline(home: &Path, words: &[&str]) -> Output {
    let mut c = Command::new(env!("CARGO_BIN_EXE_towline"));
    c.arg("upgrade")
        .args(words)
        .current_dir(home)
        .env("HOME", home)
        .env_remove("XDG_STATE_HOME")
        .env("NO_COLOR", "1");
    c.output().expect("it starts")
}

fn out(home: &Path, words: &[&str]) -> String {
    let done = towline(home, words);
    assert!(done.status.success(), "{words:?}: {done:?}");
    String::from_utf8(done.stdout).expect("text")
}

/// One device that was upgraded, one at work, one that nobody began with.
fn journal(path: &Path) -> (Journal, db::journal::Claim) {
    let journal = Journal::open(path).expect("a journal");
    let device = |key: &str| Device { key: key.into(), hostname: key.to_uppercase(), serial: None };
    let first = Run { image: "older.bin".into(), md5: "00".into(), plan: "{}".into() };
    journal.begin(&first, &[device("r9")]).expect("a run");
    let run = Run { image: "new.bin".into(), md5: "0f".into(), plan: "{}".into() };
    let devices = [device("r1"), device("r2"), device("r3")];
    let run = journal.begin(&run, &devices).expect("a run");
    assert_eq!(run, 2);
    let start = Start { uptime: 9, reason: None, image: "flash0:old.bin".into(), version: String::new() };
    let intent = Happened::Intent { effect: Effect::Copy, at: 0, start };
    let claim = |key| journal.claim(run, key, Take::default()).expect("a claim");
    let write = |claim: &db::journal::Claim, happened: &Happened| {
        let (kind, step, text) = record::entry(happened);
        claim.append(kind, step, &text).expect("an entry");
    };
    let r1 = claim("r1");
    r1.append(Kind::Backup, Some(record::BEFORE), "hostname R1\nend\n").expect("an entry");
    write(&r1, &intent);
    r1.append(Kind::Transcript, None, "R1#copy http://10.0.0.1/x flash0:\n").expect("an entry");
    write(&r1, &Happened::Done { effect: Effect::Copy, md5: None });
    r1.append(Kind::Backup, Some(record::AFTER), "hostname R1\nntp server 10.0.0.9\nend\n")
        .expect("an entry");
    let (_, _, last) = record::entry(&Happened::Ended(Outcome::Upgraded));
    r1.end("upgraded", "", &last).expect("the end");
    let r2 = claim("r2");
    write(&r2, &intent);
    (journal, r2)
}

#[test]
fn the_newest_run_is_told_while_it_is_at_work() {
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path();
    let (journal, r2) = journal(&home.join(".local/state/towline/upgrades.db"));
    let list = out(home, &["list"]);
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains("older.bin  1 waiting"), "{list}");
    assert!(
        lines[1].trim_start().starts_with("2  ")
            && lines[1].ends_with("new.bin  1 at-work, 1 upgraded, 1 waiting"),
        "{list}"
    );
    let status = out(home, &["status"]);
    let lines: Vec<&str> = status.lines().collect();
    assert!(lines[2].starts_with("R1 (r1): upgraded "), "{status}");
    let me = format!("; the process {} on ", std::process::id());
    assert!(
        lines[3].starts_with("R2 (r2): at work   transfer, for 0:0") && lines[3].contains(&me),
        "{status}"
    );
    assert_eq!(lines[4], "R3 (r3): waiting");
    let report = out(home, &["report", "2"]);
    assert!(
        report.contains("+ntp server 10.0.0.9") && report.contains("copy new.bin: under way"),
        "{report}"
    );
    assert!(out(home, &["status", "1"]).contains("R9 (r9): waiting"));
    // Stopped before its end it is to be gone on with.
    r2.let_go().expect("let go");
    assert!(
        out(home, &["status"]).contains("R2 (r2): left      at transfer; 'towline upgrade resume 2' goes on")
    );
    assert!(journal.ask_to_stop(2, true).expect("a run"));
    assert!(out(home, &["status"]).contains("asked to stop at 20"));
}

#[test]
fn programs_read_events_and_people_a_page() {
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path();
    let path = home.join("mine.db");
    let _open = journal(&path);
    let json = out(home, &["report", "--json", "--journal", "mine.db"]);
    let events: Vec<serde_json::Value> =
        json.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let named: Vec<&str> = events.iter().map(|event| event["event"].as_str().expect("its name")).collect();
    let expected = [
        "upgrade_run",
        "upgrade_device",
        "upgrade_entry",
        "upgrade_device",
        "upgrade_entry",
        "upgrade_device",
    ];
    assert_eq!(named, expected);
    assert_eq!(events[0]["devices"], serde_json::json!({"at-work": 1, "upgraded": 1, "waiting": 1}));
    assert_eq!((&events[1]["added"], &events[1]["outcome"]), (&1.into(), &"upgraded".into()));
    assert_eq!((&events[4]["entry"], &events[4]["step"]), (&"under-way".into(), &"transfer".into()));
    for event in &events {
        if let Some(fault) = towline::events::faults(event).first() {
            panic!("{fault}: {event}");
        }
    }
    let page = home.join("page.html");
    std::fs::write(&page, "what was there").expect("room");
    assert_eq!(out(home, &["report", "2", "--html", "page.html", "--journal", "mine.db"]), "");
    let text = std::fs::read_to_string(&page).expect("a page");
    assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"), "{text}");
    assert_eq!(text.matches("<h2 id=\"d").count(), 3);
    assert!(text.contains("R1#copy http://10.0.0.1/x flash0:"));
    assert_eq!(std::fs::metadata(&page).expect("a page").permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_is_not_there_is_said_with_its_exit_code() {
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path();
    let failed = |words: &[&str], code: i32, needed: &str| {
        let done = towline(home, words);
        let err = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(code), "{words:?}: {err}");
        assert!(err.contains(needed) && err.lines().count() == 1, "{words:?}: {err}");
    };
    failed(&["status"], 5, "there is no journal of upgrades; apply begins one");
    let path = home.join("mine.db");
    drop(Journal::open(&path).expect("a journal"));
    let mine = ["--journal", "mine.db"];
    failed(&[&["status"], &mine[..]].concat(), 5, "there is no run in it");
    failed(&[&["report", "7"], &mine[..]].concat(), 5, "there is no run 7");
    failed(&["status", "seven"], 2, "seven");
    assert_eq!(out(home, &[&["list"], &mine[..]].concat()), "");
    std::fs::write(home.join("text.db"), "no database\n".repeat(1_000)).expect("room");
    failed(&["list", "--journal", "text.db"], 6, "it is damaged");
    db::Writer::open(&home.join("history.db"), std::time::Duration::from_secs(5), 0).expect("a history");
    failed(&["list", "--journal", "history.db"], 2, "it is a database of something else");
    failed(&[&["report", "--html", "no/such/dir.html"], &mine[..]].concat(), 5, "there is no run in it");
}

/// Whoever is at work is asked; what it leaves is given up, but for a device that would start otherwise.
#[test]
fn a_run_is_stopped_and_what_is_left_is_given_up() {
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path();
    let path = home.join(".local/state/towline/upgrades.db");
    let (journal, r2) = journal(&path);
    assert!(!r2.is_to_stop().expect("a look"));
    let said = out(home, &["abort", "2"]);
    assert!(
        said.contains("asked to stop at 20") && said.contains("It stops before the next thing"),
        "{said}"
    );
    assert!(r2.is_to_stop().expect("a look"));
    // It stops; r2 was in the middle of a copy, nobody began with r3, and r1 stays as it ended.
    r2.let_go().expect("let go");
    let said = out(home, &["abort", "2"]);
    assert!(said.contains("R1 (r1): upgraded"), "{said}");
    let given_up = "given up by hand; some or all of the image is in flash";
    assert!(said.contains("R2 (r2): abandoned ") && said.contains(given_up), "{said}");
    assert!(said.contains("R3 (r3): abandoned 0.0 s; given up by hand before anything was done"), "{said}");
    // A device that was told to restart restarts, whoever gives it up.
    let device = |key: &str| Device { key: key.into(), hostname: String::new(), serial: None };
    let run = Run { image: "new.bin".into(), md5: "0f".into(), plan: "{}".into() };
    let run = journal.begin(&run, &[device("r4"), device("r5")]).expect("a run");
    let r4 = journal.claim(run, "r4", Take::default()).expect("a claim");
    let start = Start { uptime: 9, reason: None, image: "flash0:old.bin".into(), version: String::new() };
    let (kind, step, text) = record::entry(&Happened::Intent { effect: Effect::Reload, at: 0, start });
    r4.append(kind, step, &text).expect("an entry");
    r4.clone().let_go().expect("let go");
    let done = towline(home, &["abort", "3"]);
    let err = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(8), "{err}");
    assert!(err.contains("r4: it was told to restart; 'towline upgrade resume 3' goes on"), "{err}");
    let status = out(home, &["status", "3"]);
    assert!(status.contains("r4: left      at reload") && status.contains("r5: abandoned"), "{status}");
    // By force a process that lives is fenced: it learns that before it does the next thing.
    let run = Run { image: "new.bin".into(), md5: "0f".into(), plan: "{}".into() };
    let run = journal.begin(&run, &[device("r6")]).expect("a run");
    let r6 = journal.claim(run, "r6", Take::default()).expect("a claim");
    let said = out(home, &["abort", "4", "--force"]);
    assert!(said.contains("r6: abandoned"), "{said}");
    let fenced = r6.append(Kind::Note, None, "").map_err(|fault| fault.to_string());
    assert!(fenced.as_ref().is_err_and(|why| why.contains("taken the device over")), "{fenced:?}");
    let done = towline(home, &["abort", "9"]);
    assert_eq!(done.status.code(), Some(5), "{done:?}");
}

/// `resume` of a run that is over says so, and it is well.
#[test]
fn what_is_over_is_not_gone_on_with_and_may_be_forgotten() {
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path();
    let path = home.join(".local/state/towline/upgrades.db");
    let (journal, r2) = journal(&path);
    let refused = |words: &[&str], why: &str| {
        let done = towline(home, words);
        let err = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.code() == Some(4) && err.contains(why), "{words:?}: {done:?}");
    };
    // One that nobody has begun with, one that somebody is at work on, one that was left.
    refused(&["forget", "1"], "run 1: is not over: r9 has not been begun with");
    refused(&["forget", "2"], "run 2: is not over: r2 is being worked on");
    r2.clone().let_go().expect("let go");
    refused(&["forget", "2"], "run 2: is not over: r2 was left");
    assert_eq!(out(home, &["forget", "--older-than", "0s"]), "0 runs forgotten\n");
    for run in ["1", "2"] {
        out(home, &["abort", run]);
        assert!(
            out(home, &["resume", run])
                .starts_with(&format!("run {run} is over, nothing is left to go on with: "))
        );
    }
    let json = out(home, &["resume", "2", "--json"]);
    assert!(json.contains("\"event\":\"upgrade_run\"") && json.contains("\"upgraded\":1"), "{json}");
    let left = || out(home, &["list"]).lines().count();
    // Not old enough; only told; one of two that is not there.
    assert_eq!(out(home, &["forget", "--older-than", "1d"]), "0 runs forgotten\n");
    let said = out(home, &["forget", "2", "1", "--dry-run"]);
    assert!(said.contains("older.bin") && said.ends_with("2 runs would be forgotten\n"), "{said}");
    assert_eq!(towline(home, &["forget", "2", "9"]).status.code(), Some(5));
    assert_eq!(left(), 2);
    let hidden = b"ntp server 10.0.0.9";
    let holds = || std::fs::read(&path).expect("a file").windows(hidden.len()).any(|octets| octets == hidden);
    let said = out(home, &["forget", "2", "2", "--json"]);
    assert!(said.contains("\"event\":\"upgrade_forgotten\"") && said.contains("\"devices\":3"), "{said}");
    assert_eq!(left(), 1);
    drop((journal, r2));
    assert!(!holds(), "configurations are written over");
    assert!(out(home, &["forget", "--older-than", "0s"]).ends_with("1 run forgotten\n"));
    assert_eq!(left(), 0);
    // A number is not given twice.
    let journal = Journal::open(&path).expect("a journal");
    let run = Run { image: "new.bin".into(), md5: "0f".into(), plan: "{}".into() };
    let device = Device { key: "r1".into(), hostname: String::new(), serial: None };
    assert_eq!(journal.begin(&run, &[device]).expect("a run"), 3);
    for words in [&["forget"][..], &["forget", "--older-than", "90"], &["forget", "1", "--older-than", "1d"]]
    {
        assert_eq!(towline(home, words).status.code(), Some(2), "{words:?}");
    }
}
