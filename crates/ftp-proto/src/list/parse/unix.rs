//! `ls -l`, and servers that wish they were Unix.

use super::{DIRECTORY, LINK, Listed, REGULAR, Words, civil, clock, digits, month, small, three};
use crate::list::Kind;
use clock::civil::Civil;

/// How exact a time is.
const MINUTE: u32 = 60;
const DAY: u32 = 86_400;

/// `-rw-r--r--   1 ftp  ftp   33591768 Mar  4 12:30 c2900.bin`
pub(super) fn read(line: &[u8], now: i64) -> Option<Listed> {
    let mut words = Words::of(line);
    let mut mode = words.next()?;
    // Inode and blocks (`ls -is`).
    for _ in 0..2 {
        if digits(mode).is_some() {
            mode = words.next()?;
        }
    }
    let letter = *mode.first()?;
    let (kind, bits) = match letter {
        b'-' => (Some(Kind::File), REGULAR),
        b'd' => (Some(Kind::Directory), DIRECTORY),
        b'l' => (None, LINK),
        b'c' => (None, 0o020_000),
        b'b' => (None, 0o060_000),
        b'p' => (None, 0o010_000),
        b's' => (None, 0o140_000),
        _ => return None,
    };
    let permissions = permissions(mode);
    // `d [RWCEAFMS] user`: NetWare.
    let is_netware = mode.len() == 1 && words.clone().next().is_some_and(|word| word.starts_with(b"["));
    if mode.len() < 10 && !is_netware {
        return None;
    }
    let (len, modified, grain) = dated(&mut words, now)?;
    let rest = words.rest()?;
    let name = if letter == b'l' {
        rest.windows(4).position(|w| w == b" -> ").map_or(rest, |cut| &rest[..cut])
    } else {
        rest
    };
    if name.is_empty() {
        return None;
    }
    let mode = permissions.map(|permissions| bits | permissions).or((letter == b'l').then_some(LINK));
    Some(Listed { kind, len: Some(len), modified, grain, mode, ..Listed::named(name) })
}

/// The length and the time behind it. Between the permissions and the length stand one to four words (some servers leave
/// out links or group, and names of groups have spaces): the date is the anchor.
fn dated(words: &mut Words<'_>, now: i64) -> Option<(u64, Option<i64>, u32)> {
    let (mut before, mut last): (&[u8], &[u8]) = (b"", b"");
    loop {
        let word = words.next()?;
        let mut ahead = words.clone();
        if let Some(month) = month(word) {
            let next = ahead.next()?;
            if let (Some(len), Some(day)) = (digits(last), small(next).filter(|day| *day <= 31)) {
                let time = ahead.next()?;
                *words = ahead;
                let (modified, grain) = time_of(time, month, day, now)?;
                return Some((len, modified, grain));
            }
            // `4 Mar 12:30`, as some languages have it.
            if let (Some(len), Some(day)) = (digits(before), small(last).filter(|day| *day <= 31)) {
                *words = ahead;
                let (modified, grain) = time_of(next, month, day, now)?;
                return Some((len, modified, grain));
            }
        }
        // `2026-03-04 12:30`.
        if let (Some(len), Some([y, m, d])) = (digits(last), three(word))
            && y.len() == 4
            && let Some((hour, minute, second)) = ahead.next().and_then(clock)
        {
            *words = ahead;
            let year = i64::try_from(digits(y)?).ok()?;
            return Some((len, civil(year, small(m)?, small(d)?, hour, minute, second), MINUTE));
        }
        (before, last) = (last, word);
    }
}

/// A time or a year.
fn time_of(text: &[u8], month: u8, day: u8, now: i64) -> Option<(Option<i64>, u32)> {
    if text.contains(&b':') {
        let (hour, minute, _) = clock(text)?;
        let year = Civil::from_unix(now).year;
        // A day of slack: the server's clock or zone may be ahead.
        let this = civil(year, month, day, hour, minute, 0).filter(|&t| t <= now.saturating_add(86_400));
        return Some((this.or_else(|| civil(year - 1, month, day, hour, minute, 0)), MINUTE));
    }
    let year = i64::try_from(digits(text)?).ok().filter(|y| *y < 10_000)?;
    Some((civil(year, month, day, 0, 0, 0), DAY))
}

/// `rwxr-xr-x` behind the first letter.
fn permissions(mode: &[u8]) -> Option<u32> {
    let nine = mode.get(1..10)?;
    nine.iter().enumerate().try_fold(0, |bits, (at, letter)| {
        let is_set = match (at % 3, letter) {
            (0, b'r') | (1, b'w') | (2, b'x' | b's' | b't') => true,
            (_, b'-') | (2, b'S' | b'T' | b'l') => false,
            _ => return None,
        };
        Some(bits << 1 | u32::from(is_set))
    })
}
