//! AS/400 (IBM i), VMS and z/OS.

use super::{Listed, Words, civil, clock, digits, month, small, three, year};
use crate::list::Kind;

/// `QSYS  77824 02/23/00 15:09:55 *DIR  IBM/`, or of a member `QPGMR  *MEM  NAME.MBR`.
pub(super) fn as400(line: &[u8], _now: i64) -> Option<Listed> {
    let mut words = Words::of(line);
    let _owner = words.next()?;
    let word = words.next()?;
    let (len, modified, kind) = if word.starts_with(b"*") {
        (None, None, word)
    } else {
        let (len, date, time) = (digits(word)?, three(words.next()?)?, clock(words.next()?)?);
        (Some(len), job_date(date, time), words.next()?)
    };
    if kind.len() < 2 || !kind.starts_with(b"*") || !kind[1..].iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let name = words.rest()?.trim_ascii();
    let slashed = name.ends_with(b"/");
    let name = name.strip_suffix(b"/").unwrap_or(name);
    if name.is_empty() {
        return None;
    }
    let is_directory = slashed || [&b"*DIR"[..], b"*DDIR", b"*FLR", b"*LIB"].contains(&kind);
    let kind = if is_directory { Kind::Directory } else { Kind::File };
    Some(Listed { kind: Some(kind), len: len.filter(|_| !is_directory), modified, ..Listed::named(name) })
}

/// In the order that a job has set: the year where no day can be, the month where no other can.
fn job_date([a, b, c]: [&[u8]; 3], (hour, minute, second): (u8, u8, u8)) -> Option<i64> {
    let (y, m, d) = match small(a)? {
        32.. => (a, b, c),
        13..=31 => (c, b, a),
        0..=12 => (c, a, b),
    };
    civil(year(y)?, small(m)?, small(d)?, hour, minute, second)
}

/// `CII-MANUAL.TEX;1  213/216  29-JAN-1996 03:33:12  [ANONYMOUS]  (RWED,RWED,,)`. Lengths are blocks, which are no octets.
pub(super) fn vms(line: &[u8], _now: i64) -> Option<Listed> {
    let mut words = Words::of(line);
    let (name, version) = versioned(words.next()?)?;
    digits(version)?;
    let upper = name.to_ascii_uppercase();
    let (kind, name) = match upper.strip_suffix(b".DIR") {
        Some(stem) => (Kind::Directory, &name[..stem.len()]),
        None => (Kind::File, name),
    };
    let (mut modified, mut grain) = (None, 1);
    while let Some(word) = words.next() {
        if let Some([day, m, y]) = three(word)
            && let Some(month) = month(m)
            && let Some(at) = words.next()
        {
            let (hour, minute, second) = clock(at)?;
            modified = civil(year(y)?, month, small(day)?, hour, minute, second);
            grain = if at.iter().filter(|b| **b == b':').count() == 2 { 1 } else { 60 };
            break;
        }
    }
    Some(Listed { kind: Some(kind), modified, grain, ..Listed::named(name) })
}

/// `NAME.TYPE;3`.
fn versioned(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = word.iter().rposition(|b| *b == b';')?;
    let name = &word[..at];
    (name.contains(&b'.') && name.len() > 1).then_some((name, &word[at + 1..]))
}

/// Whether nothing but a name of VMS stands in the line: its facts are in the next one.
pub(super) fn is_name_alone(line: &[u8]) -> bool {
    !line.contains(&b' ') && versioned(line).is_some_and(|(_, version)| digits(version).is_some())
}

/// `WPTA01 3290   2004/03/04  1    3  FB      80  3125  PO  USER.DATASET`; what was moved to a tape is
/// `Migrated   USER.OTHER`. Lengths are records, which are no octets.
pub(super) fn zos(line: &[u8], _now: i64) -> Option<Listed> {
    let mut words = Words::of(line);
    let first = words.next()?;
    let of = |name: &[u8], kind, modified| {
        let is_name = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b"@#$.-".contains(b);
        let is_whole = !name.is_empty() && name.iter().all(is_name);
        is_whole.then(|| Listed { kind: Some(kind), modified, grain: 86_400, ..Listed::named(name) })
    };
    if first.eq_ignore_ascii_case(b"Migrated") || first.eq_ignore_ascii_case(b"ARCIVE") {
        let name = line.rsplit(|b| *b == b' ').next()?;
        return of(name, Kind::File, None);
    }
    let (unit, referred) = (words.next()?, words.next()?);
    digits(unit)?;
    let modified = match three(referred) {
        Some([y, m, d]) if y.len() == 4 => civil(year(y)?, small(m)?, small(d)?, 0, 0, 0),
        Some(_) => return None,
        None if referred == b"**NONE**" => None,
        None => return None,
    };
    let mut rest = words.rest()?.split(|b| *b == b' ').filter(|word| !word.is_empty()).rev();
    let (name, organised) = (rest.next()?, rest.next()?);
    let kind = if organised.starts_with(b"PO") { Kind::Directory } else { Kind::File };
    of(name, kind, modified)
}

/// ` Name     VV.MM   Created       Changed      Size  Init   Mod   Id`
pub(super) fn is_heading_of_members(line: &[u8]) -> bool {
    let mut words = Words::of(line);
    words.next() == Some(b"Name") && words.next() == Some(b"VV.MM")
}

/// `TESTXY2   01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001`, or a name alone.
pub(super) fn member(line: &[u8]) -> Option<Listed> {
    let mut words = Words::of(line);
    let name = words.next()?;
    let is_name = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b"@#$".contains(b);
    if name.len() > 8 || !name.iter().all(is_name) {
        return None;
    }
    let mut listed = Listed { kind: Some(Kind::File), ..Listed::named(name) };
    if words.next().is_none() {
        return Some(listed);
    }
    let (_created, [y, m, d]) = (words.next()?, three(words.next()?)?);
    let (hour, minute, second) = clock(words.next()?)?;
    listed.modified = civil(year(y)?, small(m)?, small(d)?, hour, minute, second);
    listed.grain = 60;
    Some(listed)
}
