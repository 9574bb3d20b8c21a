//! What differs between two texts, for people.

use crate::figures::grouped;
use similar::{ChangeTag, TextDiff};
use std::fmt::Write as _;
use std::time::Duration;

/// Lines of a difference that are shown.
pub(crate) const LINES: usize = 200;
/// Characters of a line that are shown.
const LINE: usize = 400;
/// How long a comparison looks for the shortest difference; then any will do.
const PATIENCE: Duration = Duration::from_millis(500);

/// The lines that differ, with one on either side, and how many came and went.
pub(crate) fn lines(old: &str, new: &str) -> (String, u64, u64) {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let (mut added, mut removed) = (0, 0);
    let mut out = String::new();
    let (mut shown, mut left_out) = (0usize, 0usize);
    for group in diff.grouped_ops(1) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Insert => {
                    added += 1;
                    '+'
                }
                ChangeTag::Delete => {
                    removed += 1;
                    '-'
                }
            };
            if shown == LINES {
                left_out += 1;
                continue;
            }
            shown += 1;
            // Writing to a String does not fail.
            let _ = writeln!(out, "  {sign}{}", printable(change.value()));
        }
    }
    if left_out > 0 {
        let _ = writeln!(out, "  … {} lines more", grouped(left_out as u64));
    }
    (out, added, removed)
}

/// A line of somebody's file as our terminal may see it.
fn printable(line: &str) -> String {
    let line = line.trim_end_matches(['\n', '\r']);
    let mut out: String = String::new();
    for c in line.chars().take(LINE) {
        match c {
            '\t' => out.push('\t'),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    if line.chars().nth(LINE).is_some() {
        out.push('…');
    }
    out
}
