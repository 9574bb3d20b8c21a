//! A name like the one that is not there.

use crate::Session;
use store::{Kind, VPath};

/// The most entries looked at: advice must cost no more than the listing of a normal directory.
const ENTRIES: usize = 2_000;
/// The most edits that still make two names alike.
const EDITS: usize = 6;

pub(crate) fn nearest(session: &Session, path: &VPath) -> Option<VPath> {
    let name = path.name();
    if name.is_empty() {
        return None;
    }
    in_directory(session, &path.parent(), name).or_else(|| {
        // Devices send `tftpboot/image.bin` to a server whose root that directory is.
        let root = VPath::root();
        let there = root.child(name).ok().filter(|p| p != path && is_file(session, p));
        there.or_else(|| if path.parent().is_root() { None } else { in_directory(session, &root, name) })
    })
}

fn in_directory(session: &Session, dir: &VPath, name: &[u8]) -> Option<VPath> {
    let mut cursor = session.entries(dir).ok()?;
    let mut best: Option<(usize, Vec<u8>)> = None;
    let mut looked = 0;
    // A quarter of the name may differ; in short names one octet.
    let mut limit = (name.len() / 4).clamp(1, EDITS) * 2 + 1;
    while looked < ENTRIES {
        let batch = cursor.next().ok()?;
        if batch.is_empty() {
            break;
        }
        looked += batch.len();
        for entry in batch {
            if entry.facts.kind != Kind::File || entry.name == name {
                continue;
            }
            // Case counts half an edit at most: `R1.CFG` is nearer to `r1.cfg` than `r2.cfg` is.
            let folded = distance(&entry.name.to_ascii_lowercase(), &name.to_ascii_lowercase(), EDITS);
            let Some(folded) = folded else { continue };
            let cost = if folded == 0 { 1 } else { folded * 2 };
            // Of equally near names the first in order of octets, whatever the directory's order.
            let nearer = cost < limit || best.as_ref().is_some_and(|(c, n)| cost == *c && entry.name < *n);
            if nearer {
                limit = cost;
                best = Some((cost, entry.name));
            }
        }
    }
    dir.child(&best?.1).ok()
}

fn is_file(session: &Session, path: &VPath) -> bool {
    session.stat(path).is_ok_and(|f| f.kind == Kind::File)
}

/// Edits (insert, remove, change, swap of two neighbours) between two names, if at most `most`. Looks
/// only at a band of `most` around the diagonal: 255 octets cost some 3,300 steps.
fn distance(a: &[u8], b: &[u8], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let far = most + 1;
    let mut before = vec![far; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).map(|j| j.min(far)).collect();
    let mut row = vec![far; b.len() + 1];
    for i in 1..=a.len() {
        let (from, to) = (i.saturating_sub(most).max(1), (i + most).min(b.len()));
        row.fill(far);
        row[0] = i.min(far);
        for j in from..=to {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut cost = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                cost = cost.min(before[j - 2] + 1);
            }
            row[j] = cost.min(far);
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    Some(last[b.len()]).filter(|&d| d <= most)
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn edits_are_counted_within_the_band() {
        for (a, b, expected) in [
            ("c2900.bin", "c2900.bin", Some(0)),
            ("c2900.bin", "c2900.bim", Some(1)),
            ("c2900.bin", "c2900bin", Some(1)),
            ("c2900.bin", "c9200.bin", Some(1)),
            ("", "abc", Some(3)),
            ("kitten", "sitting", Some(3)),
            ("abcdefghij", "zzzzzzzzzz", None),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes(), 6), expected, "{a} {b}");
        }
    }
}
