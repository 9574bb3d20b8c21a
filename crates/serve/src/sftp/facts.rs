//! Facts of files as attributes, and as the line that people are shown.

use ftp_proto::list;
use gate::store::{Entry, Facts, Kind, VPath};
use sftp_proto::server::Names;
use sftp_proto::{Attrs, Times};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

pub(super) fn attrs(facts: &Facts) -> Attrs<'static> {
    let kind = match facts.kind {
        Kind::File => REGULAR,
        Kind::Directory => DIRECTORY,
    };
    // Version 3 counts seconds in 32 bits without a sign (S8): until 2106.
    let modified = u32::try_from(unix(facts.modified).max(0)).unwrap_or(u32::MAX);
    Attrs {
        size: Some(facts.len),
        mode: Some(kind | (facts.mode & 0o7777)),
        times: Some(Times { accessed: modified, modified }),
        ..Attrs::default()
    }
}

/// Of a symbolic link.
pub(super) fn link(to: &VPath) -> Attrs<'static> {
    Attrs { size: Some(to.as_bytes().len() as u64), mode: Some(LINK | 0o777), ..Attrs::default() }
}

/// Of a file that is being written: so long by now.
pub(super) fn growing(len: u64) -> Attrs<'static> {
    Attrs { size: Some(len), mode: Some(REGULAR | 0o644), ..Attrs::default() }
}

/// A name with its facts and its line, as `ls -l` has it.
pub(super) fn push(names: &mut Names, name: &[u8], facts: &Facts, now: i64, line: &mut Vec<u8>) {
    let entry = list::Entry {
        name: name.to_vec(),
        kind: match facts.kind {
            Kind::File => list::Kind::File,
            Kind::Directory => list::Kind::Directory,
        },
        len: facts.len,
        modified: unix(facts.modified),
        mode: facts.mode,
        unique: facts.unique,
    };
    line.clear();
    list::write_list(line, &entry, now);
    let text = line.strip_suffix(b"\r\n").unwrap_or(line);
    names.push(name, text, &attrs(facts));
}

pub(super) fn entry(names: &mut Names, entry: &Entry, now: i64, line: &mut Vec<u8>) {
    push(names, &entry.name, &entry.facts, now, line);
}

/// Seconds since 1970.
pub(super) fn unix(t: SystemTime) -> i64 {
    match t.duration_since(UNIX_EPOCH) {
        Ok(d) => i64::try_from(d.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}

/// The time of a file that a client sets.
pub(super) fn time(seconds: u32) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::from(seconds))
}
