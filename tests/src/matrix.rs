//! Rows of what was compared. `cargo xtask test` prints them and asserts the whole set.

use crate::content::{Content, print_of_file};
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

#[derive(Serialize)]
struct Row<'a> {
    peer: &'a str,
    operation: &'a str,
    octets: u64,
}

/// Asserts that the file at `copy` is `content`, octet for octet, then notes the row. There is no other
/// way to note one.
///
/// # Panics
/// When the file is missing, shorter, longer or different.
pub fn compared(peer: &str, operation: &str, content: Content, copy: &Path) {
    let found =
        print_of_file(copy).unwrap_or_else(|e| panic!("{peer}, {operation}, {content:?}: {copy:?}: {e}"));
    let expected = content.print();
    assert_eq!(found.len, expected.len, "{peer}, {operation}: octets that arrived of {content:?}");
    assert_eq!(found, expected, "{peer}, {operation}: the octets of {content:?} differ");
    let dir = crate::target().join("matrix");
    std::fs::create_dir_all(&dir).expect("target/matrix");
    let path = dir.join(format!("{}.jsonl", std::process::id()));
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("target/matrix/PID.jsonl");
    let mut line = serde_json::to_string(&Row { peer, operation, octets: found.len }).expect("a row is JSON");
    line.push('\n');
    // One write: lines of parallel tests do not mix.
    file.write_all(line.as_bytes()).expect("target/matrix/PID.jsonl");
}
