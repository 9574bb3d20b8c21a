use super::Kind;
use alloc::vec::Vec;
use clock::civil::{Civil, MONTHS};

/// One entry read from a server's listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// As the server wrote it; may hold a path where the server sends paths.
    pub name: Vec<u8>,
    /// `None`: neither file nor directory, or not said (a link, a device).
    pub kind: Option<Kind>,
    /// Octets, where said.
    pub len: Option<u64>,
    /// Seconds since 1970 where the listing says it; a LIST without year is taken for the last twelve
    /// months before `now`, in the server's own time zone, which nobody knows.
    pub modified: Option<i64>,
}

/// Reads one MLSx line (RFC 3659 §7.2) without its end. `None`: not of the form.
pub fn parse_facts(line: &[u8]) -> Option<Listed> {
    let space = line.iter().position(|&b| b == b' ')?;
    let (facts, name) = (&line[..space], &line[space + 1..]);
    if name.is_empty() {
        return None;
    }
    let mut listed = Listed { name: name.to_vec(), kind: None, len: None, modified: None };
    for fact in facts.split(|&b| b == b';').filter(|f| !f.is_empty()) {
        let eq = fact.iter().position(|&b| b == b'=')?;
        let (key, value) = (&fact[..eq], &fact[eq + 1..]);
        if key.eq_ignore_ascii_case(b"type") {
            if value.eq_ignore_ascii_case(b"file") {
                listed.kind = Some(Kind::File);
            } else if [&b"dir"[..], b"cdir", b"pdir"].iter().any(|d| value.eq_ignore_ascii_case(d)) {
                listed.kind = Some(Kind::Directory);
            }
        } else if key.eq_ignore_ascii_case(b"size") {
            listed.len = digits(value);
        } else if key.eq_ignore_ascii_case(b"modify") {
            listed.modified = parse_time(value);
        }
    }
    Some(listed)
}

/// Reads `YYYYMMDDHHMMSS` with or without a fraction (RFC 3659 §2.3).
pub fn parse_time(text: &[u8]) -> Option<i64> {
    let (whole, fraction) = text.split_at_checked(14)?;
    let fraction_ok = match fraction.split_first() {
        None => true,
        Some((b'.', rest)) => !rest.is_empty() && rest.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    };
    if !fraction_ok {
        return None;
    }
    let field = |from: usize, to: usize| digits(&whole[from..to]).and_then(|v| u8::try_from(v).ok());
    civil(
        i64::try_from(digits(&whole[..4])?).ok()?,
        field(4, 6)?,
        field(6, 8)?,
        field(8, 10)?,
        field(10, 12)?,
        // A leap second is the second after.
        field(12, 14)?.min(59),
    )
}

/// Reads one LIST line without its end, in the styles of Unix (`ls -l`) and DOS. `now`: seconds since
/// 1970. `None`: a `total` line or another dialect.
pub fn parse_list(line: &[u8], now: i64) -> Option<Listed> {
    if line.first()?.is_ascii_digit() { dos(line) } else { unix(line, now) }
}

/// `-rw-r--r--   1 ftp  ftp   33591768 Mar  4 12:30 c2900.bin`
fn unix(line: &[u8], now: i64) -> Option<Listed> {
    let kind = match line[0] {
        b'-' => Some(Kind::File),
        b'd' => Some(Kind::Directory),
        b'l' | b'c' | b'b' | b'p' | b's' => None,
        _ => return None,
    };
    let mut words = Words { line, at: 0 };
    let mode = words.next()?;
    if mode.len() < 10 {
        return None;
    }
    // Between mode and size stand two to four words (some servers leave out links or group): the
    // month is the anchor, the size the word before it.
    let mut before: &[u8] = b"";
    let (month, size) = loop {
        let word = words.next()?;
        if let Some(m) = month(word)
            && let Some(size) = digits(before)
            && words.clone().next().and_then(digits).is_some_and(|day| day <= 31)
        {
            break (m, size);
        }
        before = word;
    };
    let day = u8::try_from(digits(words.next()?)?).ok()?;
    let clock = words.next()?;
    let rest = words.rest()?;
    let modified = match clock.iter().position(|&b| b == b':') {
        Some(colon) => {
            let hour = u8::try_from(digits(&clock[..colon])?).ok()?;
            let minute = u8::try_from(digits(clock.get(colon + 1..colon + 3)?)?).ok()?;
            let year = Civil::from_unix(now).year;
            // A day of slack: the server's clock or zone may be ahead.
            civil(year, month, day, hour, minute, 0)
                .filter(|&t| t <= now.saturating_add(86_400))
                .or_else(|| civil(year - 1, month, day, hour, minute, 0))
        }
        None => civil(i64::try_from(digits(clock)?).ok().filter(|y| *y < 10_000)?, month, day, 0, 0, 0),
    };
    let name = match kind {
        None if line[0] == b'l' => {
            rest.windows(4).position(|w| w == b" -> ").map_or(rest, |cut| &rest[..cut])
        }
        _ => rest,
    };
    if name.is_empty() {
        return None;
    }
    Some(Listed { name: name.to_vec(), kind, len: Some(size), modified })
}

/// `03-04-26  12:30PM       33591768 c2900.bin`, `<DIR>` instead of the size
fn dos(line: &[u8]) -> Option<Listed> {
    let mut words = Words { line, at: 0 };
    let date = words.next()?;
    let time = words.next()?;
    let size = words.next()?;
    // Directories are padded to the column of the names of files: names with leading spaces are lost.
    let name = words.rest()?.trim_ascii_start();
    let mut parts = date.split(|&b| b == b'-' || b == b'/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || name.is_empty() {
        return None;
    }
    let year = match (year.len(), i64::try_from(digits(year)?).ok()?) {
        (2, y) if y < 70 => 2_000 + y,
        (2, y) => 1_900 + y,
        (4, y) => y,
        _ => return None,
    };
    let (hour, minute) = (digits(time.get(..2)?)?, digits(time.get(3..5)?)?);
    let hour = match time.get(5..) {
        Some(x) if x.eq_ignore_ascii_case(b"PM") => hour % 12 + 12,
        Some(x) if x.eq_ignore_ascii_case(b"AM") => hour % 12,
        _ => hour,
    };
    let eight = |v: u64| u8::try_from(v).ok();
    let modified = civil(year, eight(digits(month)?)?, eight(digits(day)?)?, eight(hour)?, eight(minute)?, 0);
    let (kind, len) = if size.eq_ignore_ascii_case(b"<DIR>") {
        (Kind::Directory, None)
    } else {
        (Kind::File, Some(digits(size)?))
    };
    Some(Listed { name: name.to_vec(), kind: Some(kind), len, modified })
}

#[derive(Clone)]
struct Words<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let from = self.at + self.line[self.at..].iter().position(|&b| b != b' ')?;
        let to = self.line[from..].iter().position(|&b| b == b' ').map_or(self.line.len(), |n| from + n);
        self.at = to;
        Some(&self.line[from..to])
    }

    /// Everything after one space.
    fn rest(&self) -> Option<&'a [u8]> {
        self.line.get(self.at + 1..)
    }
}

fn month(word: &[u8]) -> Option<u8> {
    let at = MONTHS.iter().position(|m| m.as_bytes().eq_ignore_ascii_case(word))?;
    u8::try_from(at + 1).ok()
}

fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |n, b| {
        b.is_ascii_digit().then_some(())?;
        n.checked_mul(10)?.checked_add(u64::from(b - b'0'))
    })
}

fn civil(year: i64, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Option<i64> {
    let c = Civil { year, month, day, hour, minute, second };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // 31 April and the like would turn up as another day.
    let unix = c.to_unix();
    (Civil::from_unix(unix) == c).then_some(unix)
}
