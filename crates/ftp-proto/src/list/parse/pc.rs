//! DOS, OS/2, and EPLF.

use super::{DIRECTORY, Listed, REGULAR, Words, civil, clock, digits, octal, small, three, year};
use crate::list::Kind;

/// `03-04-26  12:30PM       33591768 c2900.bin`, `<DIR>` instead of the length.
pub(super) fn dos(line: &[u8], _now: i64) -> Option<Listed> {
    let mut words = Words::of(line);
    let [month, day, y] = three(words.next()?)?;
    let (hour, minute, second) = clock(words.next()?)?;
    let size = words.next()?;
    // Directories are padded to the column of the names of files: names with leading spaces are lost.
    let name = words.rest()?.trim_ascii_start();
    if name.is_empty() {
        return None;
    }
    // IIS may write the year first.
    let (month, day, y) = if month.len() == 4 { (day, y, month) } else { (month, day, y) };
    let modified = civil(year(y)?, small(month)?, small(day)?, hour, minute, second);
    let (kind, len) = if size.eq_ignore_ascii_case(b"<DIR>") {
        (Kind::Directory, None)
    } else {
        (Kind::File, Some(digits(size)?))
    };
    Some(Listed { kind: Some(kind), len, modified, grain: 60, ..Listed::named(name) })
}

/// `36201      A          11-01-94   10:25  ADDR.TXT`: length, attributes (`DIR` is one), date, time, name.
pub(super) fn os2(line: &[u8], _now: i64) -> Option<Listed> {
    let mut words = Words::of(line);
    let len = digits(words.next()?)?;
    let mut kind = Kind::File;
    let [month, day, y] = loop {
        let word = words.next()?;
        if word == b"DIR" {
            kind = Kind::Directory;
        } else if let Some(date) = three(word) {
            break date;
        } else if word.len() > 4 || !word.iter().all(u8::is_ascii_uppercase) {
            return None;
        }
    };
    let (hour, minute, second) = clock(words.next()?)?;
    let name = words.rest()?.trim_ascii_start();
    if name.is_empty() {
        return None;
    }
    let modified = civil(year(y)?, small(month)?, small(day)?, hour, minute, second);
    let len = (kind == Kind::File).then_some(len);
    Some(Listed { kind: Some(kind), len, modified, grain: 60, ..Listed::named(name) })
}

/// `+i8388621.29609,m824255902,/,\tdev`: facts with commas between, a tab, the name (Bernstein, EPLF).
pub(super) fn eplf(line: &[u8], _now: i64) -> Option<Listed> {
    let tab = line.iter().position(|&b| b == b'\t')?;
    let facts = line[..tab].strip_prefix(b"+")?;
    let mut listed = Listed::named(&line[tab + 1..]);
    if listed.name.is_empty() {
        return None;
    }
    let mut bits = None;
    for fact in facts.split(|&b| b == b',') {
        match fact {
            b"/" => listed.kind = Some(Kind::Directory),
            b"r" if listed.kind.is_none() => listed.kind = Some(Kind::File),
            [b's', len @ ..] => listed.len = digits(len),
            [b'm', time @ ..] => listed.modified = digits(time).and_then(|time| i64::try_from(time).ok()),
            [b'u', b'p', mode @ ..] => bits = octal(mode),
            _ => {}
        }
    }
    let kind = match listed.kind {
        Some(Kind::Directory) => Some(DIRECTORY),
        Some(Kind::File) => Some(REGULAR),
        None => None,
    };
    listed.mode = kind.zip(bits).map(|(kind, bits)| kind | bits & 0o7777);
    Some(listed)
}
