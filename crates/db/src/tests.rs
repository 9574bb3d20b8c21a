use crate::{Fault, Query, Reader, Row, Writer, writer::Opened};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

fn row(seq: i64, at: i64) -> Row {
    Row { at, seq, event: "ended", json: format!("{{\"seq\":{seq}}}"), ..Row::default() }
}

fn writer(path: &Path) -> Writer {
    Writer::open(path, PATIENCE, 0).unwrap().0
}

fn found(reader: &mut Reader, query: &Query) -> Vec<String> {
    let mut found = Vec::new();
    reader
        .read(query, |row| {
            found.push(row.json);
            true
        })
        .unwrap();
    found
}

fn numbers(range: impl IntoIterator<Item = i64>) -> Vec<String> {
    range.into_iter().map(|n| format!("{{\"seq\":{n}}}")).collect()
}

#[test]
fn rows_are_read_in_their_order_while_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let mut writer = writer(&path);
    let rows: Vec<Row> = (1..=2_345).map(|n| row(n, n)).collect();
    writer.add(&rows).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(found(&mut reader, &Query::default()), numbers(1..=2_345));
    writer.add(&[row(2_346, 2_346)]).unwrap();
    let end = reader.end().unwrap();
    assert_eq!(end, 2_346);
    let after = Query { after: Some(2_345), ..Query::default() };
    assert_eq!(found(&mut reader, &after), numbers([2_346]));
    let last = reader.last(&Query::default(), 3, |row| row.id % 2 == 0).unwrap();
    assert_eq!(last.iter().map(|r| r.id).collect::<Vec<_>>(), [2_342, 2_344, 2_346]);
    // Closed and opened again it goes on.
    writer.close().unwrap();
    let (mut writer, opened) = Writer::open(&path, PATIENCE, 0).unwrap();
    assert_eq!(opened, Opened::There);
    writer.add(&[row(1, 5_000)]).unwrap();
    drop(reader);
    assert_eq!(Reader::open(&path).unwrap().end().unwrap(), 2_347);
}

#[test]
fn what_is_asked_for_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let with = |seq, user: Option<&str>, protocol, path: &str, verdict| Row {
        user: user.map(String::from),
        protocol: Some(protocol),
        path: Some(path.into()),
        verdict: Some(verdict),
        peer: Some("10.0.0.1".into()),
        ..row(seq, seq)
    };
    let rows = [
        with(1, Some("bob"), "ftp", "/a/x.bin", "complete"),
        with(2, None, "tftp", "/a", "complete"),
        with(3, None, "tftp", "/ab/x.bin", "went-silent"),
        with(4, Some("eve"), "ftp", "/b", "complete"),
    ];
    writer(&path).add(&rows).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let q = Query::default;
    let some = |s: &str| Some(s.to_owned());
    for (query, expected) in [
        (Query { user: some("bob"), ..q() }, vec![1]),
        (Query { protocol: some("tftp"), ..q() }, vec![2, 3]),
        (Query { verdict: some("complete"), protocol: some("ftp"), ..q() }, vec![1, 4]),
        (Query { event: some("ended"), ..q() }, vec![1, 2, 3, 4]),
        (Query { event: some("started"), ..q() }, vec![]),
        (Query { path: some("/a"), ..q() }, vec![1, 2]),
        (Query { path: some("/a/"), ..q() }, vec![1]),
        (Query { path: some("/"), ..q() }, vec![1, 2, 3, 4]),
        (Query { path: some("*.bin"), ..q() }, vec![1, 3]),
        // Text for SQL is no SQL.
        (Query { user: some("' OR 1=1 --"), ..q() }, vec![]),
        (Query { since: Some(2), until: Some(3), now: 9, ..q() }, vec![2, 3]),
        (Query { since: Some(5), now: 9, ..q() }, vec![]),
        (Query { until: Some(0), now: 9, ..q() }, vec![]),
    ] {
        assert_eq!(found(&mut reader, &query), numbers(expected), "{query:?}");
    }
}

/// The clock goes 100, 200, …, 500 and is then set back to 150.
#[test]
fn no_row_is_lost_where_the_clock_was_set_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let stamps = [100, 200, 300, 400, 500, 150, 160, 170];
    let rows: Vec<Row> = (1..).zip(stamps).map(|(seq, at)| row(seq, at)).collect();
    writer(&path).add(&rows).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let since = |since, now| Query { since: Some(since), now, ..Query::default() };
    // What came after the first that is asked for belongs to it, whatever its time says.
    assert_eq!(found(&mut reader, &since(400, 500)), numbers(4..=8));
    assert_eq!(found(&mut reader, &since(400, 170)), numbers(4..=8), "asked for after the clock was set");
    assert_eq!(found(&mut reader, &since(155, 170)), numbers(7..=8), "the last few, by the new clock");
    assert_eq!(found(&mut reader, &since(120, 170)), numbers(6..=8));
    assert_eq!(found(&mut reader, &since(90, 170)), numbers(1..=8));
    let until = Query { until: Some(165), now: 170, ..Query::default() };
    assert_eq!(found(&mut reader, &until), numbers(1..=7), "up to the last of that time");
}

#[test]
fn what_is_too_old_is_forgotten_in_its_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let mut writer = writer(&path);
    let rows: Vec<Row> = (1..=6_000).map(|n| row(n, n)).collect();
    writer.add(&rows).unwrap();
    // Stamped by a clock that was set back: it stays until those before it are gone.
    writer.add(&[row(6_001, 7)]).unwrap();
    assert_eq!(writer.forget(5_501).unwrap(), 5_000);
    assert_eq!(writer.forget(5_501).unwrap(), 500);
    assert_eq!(writer.forget(5_501).unwrap(), 0);
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(found(&mut reader, &Query::default()), numbers(5_501..=6_001));
    assert_eq!(writer.forget(9_000).unwrap(), 501);
    assert_eq!(reader.end().unwrap(), 0);
}

#[test]
fn a_history_that_another_process_holds_is_waited_for_and_then_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let mut one = Writer::open(&path, Duration::from_millis(50), 0).unwrap().0;
    let mut other = writer(&path);
    other.hold();
    let began = Instant::now();
    assert_eq!(one.add(&[row(1, 1)]), Err(Fault::Locked));
    assert!(began.elapsed() >= Duration::from_millis(50));
    // Reading goes on.
    assert_eq!(Reader::open(&path).unwrap().end().unwrap(), 0);
    other.release();
    one.add(&[row(1, 1)]).unwrap();
    assert_eq!(Reader::open(&path).unwrap().end().unwrap(), 1);
}

#[test]
fn a_file_that_is_gone_or_another_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let mut one = writer(&path);
    one.add(&[row(1, 1)]).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(one.add(&[row(2, 2)]), Err(Fault::Gone(path.clone())));
    let _other = writer(&path);
    assert_eq!(one.add(&[row(2, 2)]), Err(Fault::Gone(path)));
}

#[test]
fn what_is_damaged_is_put_aside_and_what_is_newer_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    fs::write(&path, "this is no database, but it has been here for years\n".repeat(100)).unwrap();
    assert!(matches!(Reader::open(&path), Err(Fault::Damaged(_))));
    let (mut writer, opened) = Writer::open(&path, PATIENCE, 7).unwrap();
    let Opened::PutAside { to, .. } = opened else { panic!("{opened:?}") };
    assert!(fs::read_to_string(&to).unwrap().starts_with("this is no database"));
    writer.add(&[row(1, 1)]).unwrap();
    writer.set_version(99);
    writer.close().unwrap();
    let newer = Writer::open(&path, PATIENCE, 8).map(drop);
    assert_eq!(newer, Err(Fault::Newer { found: 99, known: crate::schema::HISTORY.newest() }));
    assert!(matches!(Reader::open(&path), Err(Fault::Newer { .. })));
    let absent = Reader::open(&dir.path().join("none.db")).map(drop);
    assert!(matches!(absent, Err(Fault::Unusable(_))), "{absent:?}");
}

impl Writer {
    fn raw(&mut self, text: &'static str) {
        let connection = &mut self.connection;
        self.runtime.block_on(sqlx::raw_sql(text).execute(connection)).unwrap();
    }

    /// Holds it as a process does that is in the middle of writing.
    fn hold(&mut self) {
        self.raw("BEGIN IMMEDIATE");
    }

    fn release(&mut self) {
        self.raw("COMMIT");
    }

    fn set_version(&mut self, version: i64) {
        assert_eq!(version, 99);
        self.raw("PRAGMA user_version = 99");
    }
}
