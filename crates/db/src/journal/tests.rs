mod model;

use super::work::options;
use super::*;
use crate::{Reader, Writer};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Instant;

struct Place {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("of/mine/upgrades.db");
    Place { _dir: dir, path }
}

fn run() -> Run {
    Run { image: "new.bin".into(), md5: "0f".into(), plan: "{}".into() }
}

fn device(key: &str, serial: Option<&str>) -> Device {
    Device { key: key.into(), hostname: format!("{key}-name"), serial: serial.map(String::from) }
}

const FORCE: Take = Take { by_force: true, ended: false };

fn states(path: &Path, run: i64) -> Vec<State> {
    Look::open(path).unwrap().devices(run).unwrap().into_iter().map(|device| device.state).collect()
}

fn entries(path: &Path, run: i64, which: usize) -> Vec<(i64, i64, Kind, Option<String>, String)> {
    let mut look = Look::open(path).unwrap();
    let device = look.devices(run).unwrap()[which].id;
    let mut all = Vec::new();
    look.entries(device, 0, |e| {
        all.push((e.n, e.generation, e.kind, e.step, e.text));
        true
    })
    .unwrap();
    all
}

/// A statement from outside, as another program would make it.
fn raw(path: &Path, text: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options(path, PATIENCE)).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

#[test]
fn what_is_written_is_read_in_its_order_also_while_somebody_writes() {
    let place = place();
    let journal = Journal::open(&place.path).unwrap();
    let first = journal.begin(&run(), &[device("r1", Some("FTX1")), device("r2", None)]).unwrap();
    let second = journal.begin(&Run { plan: "{\"b\":2}".into(), ..run() }, &[device("r9", None)]).unwrap();
    assert_eq!((first, second), (1, 2), "numbers that people can type");
    let claim = journal.claim(first, "r1", Take::default()).unwrap();
    assert_eq!(claim.append(Kind::Began, None, "{}").unwrap(), 1);
    assert_eq!(claim.append(Kind::Intent, Some("transfer"), "copy").unwrap(), 2);
    let State::Claimed(by) = &states(&place.path, first)[0] else { panic!("not claimed") };
    assert_eq!((by.pid, by.alive()), (std::process::id(), Alive::Yes));
    assert_eq!(states(&place.path, first)[1], State::Waiting);
    for n in 3..=500 {
        assert_eq!(claim.append(Kind::Transcript, None, &n.to_string()).unwrap(), n);
    }
    claim.end("upgraded", "it runs", "{\"last\":true}").unwrap();
    let all = entries(&place.path, first, 0);
    assert_eq!(all.len(), 501);
    assert_eq!(all[1], (2, 1, Kind::Intent, Some("transfer".into()), "copy".into()));
    assert!((1..).zip(&all).all(|(n, entry)| entry.0 == n), "one after the other");
    assert_eq!(all[500].2, Kind::Ended);
    let State::Ended { outcome, why, .. } = &states(&place.path, first)[0] else { panic!("not ended") };
    assert_eq!((outcome.as_str(), why.as_str()), ("upgraded", "it runs"));
    let mut look = Look::open(&place.path).unwrap();
    assert_eq!(look.runs().unwrap().iter().map(|run| run.id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(look.run(2).unwrap().unwrap().run.plan, "{\"b\":2}");
    assert_eq!(look.run(3).unwrap(), None);
    let mut seen = 0;
    let id = look.devices(first).unwrap()[0].id;
    look.entries(id, 490, |entry| {
        seen += 1;
        entry.n < 493
    })
    .unwrap();
    assert_eq!(seen, 3, "from where it was asked, until it is enough");
    let mut texts = Vec::new();
    look.outline(id, 498, |entry| {
        texts.push((entry.n, entry.kind, entry.text));
        true
    })
    .unwrap();
    let last = "{\"last\":true}".to_owned();
    assert_eq!(
        texts,
        [
            (499, Kind::Transcript, String::new()),
            (500, Kind::Transcript, String::new()),
            (501, Kind::Ended, last)
        ]
    );
}

#[test]
fn runs_that_are_over_are_forgotten_all_or_none() {
    let place = place();
    let journal = Journal::open(&place.path).unwrap();
    let runs: Vec<i64> =
        (0..3).map(|n| journal.begin(&run(), &[device(&format!("r{n}"), None)]).unwrap()).collect();
    for n in [0, 1] {
        let claim = journal.claim(runs[n], &format!("r{n}"), Take::default()).unwrap();
        claim.append(Kind::Note, None, "x").unwrap();
        claim.end("upgraded", "", "{}").unwrap();
    }
    let fault = journal.forget(&[runs[0], runs[2]]).unwrap_err();
    assert_eq!(fault, Fault::Unfinished { run: runs[2], key: "r2".into() });
    let left =
        || Look::open(&place.path).unwrap().runs().unwrap().iter().map(|run| run.id).collect::<Vec<_>>();
    assert_eq!(left(), runs);
    // Somebody goes on with it in the last moment.
    let again = journal.claim(runs[1], "r1", Take { by_force: false, ended: true }).unwrap();
    assert!(journal.forget(&[runs[1]]).is_err());
    again.end("held", "", "{}").unwrap();
    journal.forget(&[runs[0], runs[1], 77]).unwrap();
    assert_eq!(left(), [runs[2]]);
    let rows = |table: &str| {
        raw(
            &place.path,
            &format!(
                "CREATE TABLE IF NOT EXISTS seen (n INTEGER); INSERT INTO seen SELECT count(*) FROM {table}"
            ),
        );
    };
    rows("entry");
    raw(
        &place.path,
        "CREATE TABLE none (n INTEGER CHECK (n = 0)); INSERT INTO none SELECT n FROM seen; DROP TABLE none; DROP TABLE seen",
    );
}

#[test]
fn every_kind_is_read_as_it_was_written() {
    for (kind, word) in Kind::ALL {
        assert_eq!((kind.word(), Kind::read(word)), (word, Some(kind)));
    }
    let place = place();
    let journal = Journal::open(&place.path).unwrap();
    let run = journal.begin(&run(), &[device("r1", None)]).unwrap();
    journal.claim(run, "r1", Take::default()).unwrap().append(Kind::Note, None, "").unwrap();
    raw(&place.path, "UPDATE entry SET kind = 'dreamt'");
    let mut look = Look::open(&place.path).unwrap();
    let fault = look.entries(1, 0, |_| true).unwrap_err();
    assert_eq!(fault.to_string(), "it is damaged: it has an entry of the kind 'dreamt'");
}

#[test]
fn a_later_claim_fences_the_former() {
    let place = place();
    let one = Journal::open(&place.path).unwrap();
    let run = one.begin(&run(), &[device("r1", Some("FTX1"))]).unwrap();
    let former = one.claim(run, "r1", Take::default()).unwrap();
    former.append(Kind::Intent, Some("reload"), "1").unwrap();
    let other = Journal::open(&place.path).unwrap();
    let held = other.claim(run, "r1", Take::default()).map(drop).unwrap_err();
    assert!(matches!(&held, Fault::Held { run: 1, by } if by.pid == std::process::id()), "{held:?}");
    let later = other.claim(run, "r1", FORCE).unwrap();
    assert_eq!((former.generation(), later.generation()), (1, 2));
    let fenced = former.append(Kind::Done, Some("reload"), "2").unwrap_err();
    assert!(matches!(&fenced, Fault::Fenced { by: Some(by) } if by.pid == std::process::id()), "{fenced:?}");
    assert!(matches!(former.clone().let_go(), Err(Fault::Fenced { .. })));
    assert!(matches!(former.end("upgraded", "", ""), Err(Fault::Fenced { .. })));
    assert_eq!(later.append(Kind::Began, None, "3").unwrap(), 2, "what was refused left nothing");
    // Who let go writes no more either, and another need not force anything.
    let copy = later.clone();
    later.let_go().unwrap();
    assert_eq!(copy.append(Kind::Note, None, "4"), Err(Fault::Fenced { by: None }));
    assert_eq!(states(&place.path, run), [State::Left]);
    assert_eq!(one.claim(run, "r1", Take::default()).unwrap().generation(), 3);
}

#[test]
fn one_device_is_in_the_hands_of_one_run() {
    let place = place();
    let journal = Journal::open(&place.path).unwrap();
    let first = journal.begin(&run(), &[device("r1", Some("FTX1"))]).unwrap();
    let second = journal.begin(&run(), &[device("10.0.0.1", Some("FTX1")), device("r2", None)]).unwrap();
    let third = journal.begin(&run(), &[device("r1", None), device("r3", Some(""))]).unwrap();
    let claim = journal.claim(first, "r1", Take::default()).unwrap();
    for (run, key) in [(second, "10.0.0.1"), (third, "r1")] {
        let held = journal.claim(run, key, Take::default()).map(drop).unwrap_err();
        assert!(matches!(&held, Fault::Held { run: 1, .. }), "{held:?}");
    }
    // What has no number is no other's twin.
    journal.claim(second, "r2", Take::default()).unwrap();
    journal.claim(third, "r3", Take::default()).unwrap();
    let taken = journal.claim(second, "10.0.0.1", FORCE).unwrap();
    assert_eq!(claim.append(Kind::Note, None, ""), Err(Fault::Fenced { by: None }));
    taken.append(Kind::Began, None, "").unwrap();
    let absent = Fault::Absent { run: 9, key: "r1".into() };
    assert_eq!(journal.claim(9, "r1", Take::default()).map(drop), Err(absent));
    let twice = journal.begin(&run(), &[device("a", None), device("b", None), device("a", None)]);
    assert_eq!(twice, Err(Fault::Twice("a".into())));
    assert_eq!(Look::open(&place.path).unwrap().runs().unwrap().len(), 3);
}

#[test]
fn what_has_ended_is_begun_again_only_on_purpose() {
    let place = place();
    let journal = Journal::open(&place.path).unwrap();
    let run = journal.begin(&run(), &[device("r1", None)]).unwrap();
    journal.claim(run, "r1", Take::default()).unwrap().end("held", "why", "").unwrap();
    let ended = Fault::Ended { outcome: "held".into() };
    assert_eq!(journal.claim(run, "r1", FORCE).map(drop), Err(ended));
    let again = journal.claim(run, "r1", Take { ended: true, by_force: false }).unwrap();
    assert!(matches!(states(&place.path, run)[0], State::Claimed(_)));
    again.end("rolled-back", "asked", "").unwrap();
    assert!(matches!(&states(&place.path, run)[0], State::Ended { outcome, .. } if outcome == "rolled-back"));
}

#[test]
fn the_dead_hold_nothing_and_the_unknown_do() {
    let place = place();
    let journal = Journal::open(&place.path).unwrap();
    let run = journal.begin(&run(), &[device("r1", Some("FTX1"))]).unwrap();
    journal.claim(run, "r1", Take::default()).unwrap();
    // As if our number were another process's now.
    raw(&place.path, "UPDATE device SET started = 1");
    assert_eq!(states(&place.path, run), [State::Left]);
    assert_eq!(journal.claim(run, "r1", Take::default()).unwrap().generation(), 2);
    raw(&place.path, "UPDATE device SET host = 'far.example'");
    assert!(matches!(states(&place.path, run)[0], State::Claimed(_)));
    let held = journal.claim(run, "r1", Take::default()).map(drop).unwrap_err();
    let text = format!("run 1 is at work on it: the process {} on far.example", std::process::id());
    assert_eq!(held.to_string(), text);
    assert_eq!(journal.claim(run, "r1", FORCE).unwrap().generation(), 3);
}

#[test]
fn who_is_at_work_hears_that_it_is_to_stop() {
    let place = place();
    let journal = Journal::open(&place.path).unwrap();
    let run = journal.begin(&run(), &[device("r1", None)]).unwrap();
    let claim = journal.claim(run, "r1", Take::default()).unwrap();
    let other = Journal::open(&place.path).unwrap();
    assert!(!claim.is_to_stop().unwrap());
    assert!(other.ask_to_stop(run, true).unwrap());
    assert!(claim.is_to_stop().unwrap());
    assert!(other.ask_to_stop(run, false).unwrap());
    assert!(!claim.is_to_stop().unwrap());
    assert!(!other.ask_to_stop(7, true).unwrap(), "there is no such run");
}

#[test]
fn its_file_is_its_owner_s_alone_and_safe_on_the_disk() {
    let place = place();
    let journal = Journal::open(&place.path).unwrap();
    journal.begin(&run(), &[]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.path), 0o600);
    assert_eq!(mode(&place.path.with_extension("db-wal")), 0o600);
    assert_eq!(mode(place.path.parent().unwrap()), 0o700);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options(&place.path, PATIENCE)).await.unwrap();
        let row = sqlx::query("PRAGMA synchronous").fetch_one(&mut connection).await.unwrap();
        assert_eq!(row.try_get::<i64, _>(0).unwrap(), 2, "FULL");
    });
}

#[test]
fn what_is_no_journal_of_ours_stays_as_it_is() {
    let place = place();
    drop(Journal::open(&place.path).unwrap());
    raw(&place.path, "PRAGMA user_version = 99");
    let newer = Fault::Database(Database::Newer { found: 99, known: JOURNAL.newest() });
    assert_eq!(Journal::open(&place.path).map(drop), Err(newer.clone()));
    assert_eq!(Look::open(&place.path).map(drop), Err(newer));
    let history = place.path.with_file_name("history.db");
    Writer::open(&history, PATIENCE, 0).unwrap().0.close().unwrap();
    let (before, foreign) = (fs::read(&history).unwrap(), Fault::Database(Database::Foreign));
    assert_eq!(Journal::open(&history).map(drop), Err(foreign.clone()));
    assert_eq!(Look::open(&history).map(drop), Err(foreign.clone()));
    assert_eq!(fs::read(&history).unwrap(), before);
    // Nor is a journal a history.
    raw(&place.path, "PRAGMA user_version = 1");
    assert_eq!(Writer::open(&place.path, PATIENCE, 0).map(drop), Err(Database::Foreign));
    assert_eq!(Reader::open(&place.path).map(drop), Err(Database::Foreign));
    // Some other program's, in rollback mode and with no version.
    let other = place.path.with_file_name("other.db");
    fs::write(&other, "").unwrap();
    raw(&other, "CREATE TABLE t (a); PRAGMA journal_mode = DELETE");
    let before = fs::read(&other).unwrap();
    assert_eq!(Journal::open(&other).map(drop), Err(foreign));
    assert_eq!(fs::read(&other).unwrap(), before);
    // One of which only its file was begun is gone on with.
    let empty = place.path.with_file_name("empty.db");
    fs::write(&empty, "").unwrap();
    raw(&empty, "PRAGMA journal_mode = WAL");
    assert_eq!(Look::open(&empty).map(drop), Err(Fault::Database(Database::Empty)));
    assert_eq!(Journal::open(&empty).unwrap().begin(&run(), &[]), Ok(1));
    let text = place.path.with_file_name("text.db");
    fs::write(&text, "no database, but here for years\n".repeat(100)).unwrap();
    let before = fs::read(&text).unwrap();
    let damaged = Journal::open(&text).map(drop);
    assert!(matches!(damaged, Err(Fault::Database(Database::Damaged(_)))), "{damaged:?}");
    assert_eq!(fs::read(&text).unwrap(), before, "a journal is never put aside");
}

#[test]
fn nothing_is_told_to_be_kept_that_is_not() {
    let place = place();
    let journal = Journal::with_patience(&place.path, Duration::from_millis(20)).unwrap();
    let run = journal.begin(&run(), &[device("r1", None)]).unwrap();
    let claim = journal.claim(run, "r1", Take::default()).unwrap();
    // Somebody is in the middle of a long write.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut other =
        runtime.block_on(SqliteConnection::connect_with(&options(&place.path, PATIENCE))).unwrap();
    runtime.block_on(sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other)).unwrap();
    assert_eq!(claim.append(Kind::Intent, None, "a"), Err(Fault::Database(Database::Locked)));
    runtime.block_on(sqlx::raw_sql("COMMIT").execute(&mut other)).unwrap();
    assert_eq!(claim.append(Kind::Intent, None, "b").unwrap(), 1);
    // A fault in the middle of a transaction undoes it, and the next one is as good as before.
    runtime
        .block_on(
            sqlx::raw_sql(
                "CREATE TRIGGER full BEFORE INSERT ON entry WHEN new.text = 'c' BEGIN SELECT raise(ABORT, 'no room'); END",
            )
            .execute(&mut other),
        )
        .unwrap();
    let full = claim.append(Kind::Intent, None, "c").unwrap_err();
    assert_eq!(full.to_string(), "no room");
    assert!(claim.clone().end("upgraded", "", "c").is_err());
    assert!(matches!(states(&place.path, run)[0], State::Claimed(_)), "not ended either");
    assert_eq!(claim.append(Kind::Intent, None, "d").unwrap(), 2);
    fs::remove_file(&place.path).unwrap();
    let gone = Fault::Database(Database::Gone(place.path.clone()));
    assert_eq!(claim.append(Kind::Intent, None, "e"), Err(gone));
}

#[test]
fn many_threads_write_at_once_each_in_its_order() {
    const THREADS: usize = 50;
    const EACH: i64 = 20;
    let place = place();
    let journal = Journal::open(&place.path).unwrap();
    let devices: Vec<Device> = (0..THREADS).map(|n| device(&format!("r{n}"), None)).collect();
    let run = journal.begin(&run(), &devices).unwrap();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for n in 0..THREADS {
            let journal = journal.clone();
            scope.spawn(move || {
                let claim = journal.claim(run, &format!("r{n}"), Take::default()).unwrap();
                for i in 1..EACH {
                    assert_eq!(claim.append(Kind::Note, None, &format!("{n}:{i}")).unwrap(), i);
                }
                claim.end("upgraded", "", &format!("{n}:{EACH}")).unwrap();
            });
        }
    });
    let took = began.elapsed();
    println!("{} entries of {THREADS} threads in {took:?}", THREADS as i64 * EACH);
    for n in 0..THREADS {
        let texts: Vec<String> = entries(&place.path, run, n).into_iter().map(|entry| entry.4).collect();
        let expected: Vec<String> = (1..=EACH).map(|i| format!("{n}:{i}")).collect();
        assert_eq!(texts, expected);
    }
}

#[test]
fn several_begin_it_in_the_same_moment() {
    const WHO: usize = 6;
    for _ in 0..40 {
        let place = place();
        std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
        let start = std::sync::Barrier::new(WHO);
        let runs: Vec<i64> = std::thread::scope(|scope| {
            let one = || {
                start.wait();
                let history = place.path.with_file_name("history.db");
                drop(Writer::open(&history, PATIENCE, 0).unwrap());
                Journal::open(&place.path).unwrap().begin(&run(), &[device("r1", None)]).unwrap()
            };
            let all: Vec<_> = (0..WHO).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|one| one.join().expect("it is a journal to each")).collect()
        });
        let numbers: std::collections::BTreeSet<i64> = runs.into_iter().collect();
        assert_eq!(numbers, (1..=6).collect(), "each has a run of its own");
    }
}
