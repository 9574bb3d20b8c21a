//! Rows of what was compared. `cargo xtask test` prints them and asserts the whole set.

use crate::content::{Content, print_of_file};
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::Path;

#[derive(Serialize)]
struct Row<'a> {
    peer: &'a str,
    operation: &'a str,
    octets: u64,
}

/// Asserts that the file at `copy` is `content`, octet for octet, then notes the row. A row is noted by
/// comparing only.
///
/// # Panics
/// When the file is missing, shorter, longer or different.
pub fn compared(peer: &str, operation: &str, content: Content, copy: &Path) {
    let found =
        print_of_file(copy).unwrap_or_else(|e| panic!("{peer}, {operation}, {content:?}: {copy:?}: {e}"));
    let expected = content.print();
    assert_eq!(found.len, expected.len, "{peer}, {operation}: octets that arrived of {content:?}");
    assert_eq!(found, expected, "{peer}, {operation}: the octets of {content:?} differ");
    note(peer, operation, found.len);
}

/// Asserts that two streams hold the same octets, then notes the row: for files that are too large to lie
/// about twice. Gives how many octets there were.
///
/// # Panics
/// Where they first differ, or when one ends before the other.
pub fn compared_streams(peer: &str, operation: &str, mut copy: impl Read, mut original: impl Read) -> u64 {
    let (mut x, mut y) = (vec![0; 1 << 18], vec![0; 1 << 18]);
    let mut at = 0;
    loop {
        let n = copy.read(&mut x).expect("readable");
        if n == 0 {
            let more = original.read(&mut y[..1]).expect("readable");
            assert_eq!(more, 0, "{peer}, {operation}: the copy ends after {at} octets");
            note(peer, operation, at);
            return at;
        }
        let there = original.read_exact(&mut y[..n]);
        there.unwrap_or_else(|e| {
            panic!("{peer}, {operation}: the original ends within {n} octets after {at}: {e}")
        });
        assert!(x[..n] == y[..n], "{peer}, {operation}: the copy differs within {n} octets after {at}");
        at += n as u64;
    }
}

fn note(peer: &str, operation: &str, octets: u64) {
    // `cargo xtask soak` keeps its rows apart.
    let name = std::env::var_os("E2E_MATRIX").unwrap_or_else(|| "matrix".into());
    let dir = crate::target().join(name);
    std::fs::create_dir_all(&dir).expect("target/matrix");
    let path = dir.join(format!("{}.jsonl", std::process::id()));
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("target/matrix/PID.jsonl");
    let mut line = serde_json::to_string(&Row { peer, operation, octets }).expect("a row is JSON");
    line.push('\n');
    // One write: lines of parallel tests do not mix.
    file.write_all(line.as_bytes()).expect("target/matrix/PID.jsonl");
}
