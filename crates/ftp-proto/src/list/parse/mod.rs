//! Listings read. What lines of LIST look like nobody ever wrote down: each system's is a row of [`DIALECTS`].

mod hosts;
mod pc;
mod unix;

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
    /// How exact that is, in seconds: 1, 60, or 86,400 of a LIST that says only the day.
    pub grain: u32,
    /// `st_mode`, where the listing says permissions.
    pub mode: Option<u32>,
}

/// A kind of line: what it is called, and what reads one of them (`now`: seconds since 1970).
type Dialect = (&'static str, fn(&[u8], i64) -> Option<Listed>);

/// In the order in which they are tried: none of them takes a line of one before it for its own.
const DIALECTS: [Dialect; 7] = [
    ("EPLF", pc::eplf),
    ("Unix", unix::read),
    ("DOS", pc::dos),
    ("OS/2", pc::os2),
    ("AS/400", hosts::as400),
    ("VMS", hosts::vms),
    ("z/OS", hosts::zos),
];

/// Reads what LIST sent, whatever the system; a line that is none is left out. `now`: seconds since 1970.
pub fn read_list(text: &[u8], now: i64) -> Vec<Listed> {
    let mut names = Vec::new();
    // Most listings are all of one kind.
    let mut likely = 0;
    let mut are_members = false;
    let end = |line| <[u8]>::strip_suffix(line, b"\r").unwrap_or(line);
    let mut lines = text.split(|b| *b == b'\n').map(end).peekable();
    while let Some(line) = lines.next() {
        if hosts::is_heading_of_members(line) {
            are_members = true;
            continue;
        }
        if are_members && let Some(listed) = hosts::member(line) {
            names.push(listed);
            continue;
        }
        // VMS goes on with the next line where a name is long.
        let next = lines.peek().filter(|next| next.starts_with(b" ") && hosts::is_name_alone(line)).copied();
        let joined = next.map(|next| [line, next].concat());
        if joined.is_some() {
            lines.next();
        }
        let line = joined.as_deref().unwrap_or(line);
        let order = [likely].into_iter().chain((0..DIALECTS.len()).filter(|at| *at != likely));
        for at in order {
            if let Some(listed) = DIALECTS[at].1(line, now) {
                likely = at;
                names.push(listed);
                break;
            }
        }
    }
    names
}

/// Reads one LIST line without its end. `None`: it is none.
pub fn parse_list(line: &[u8], now: i64) -> Option<Listed> {
    DIALECTS.iter().find_map(|(_, read)| read(line, now))
}

/// What the dialect of a LIST line is called.
pub fn dialect(line: &[u8], now: i64) -> Option<&'static str> {
    DIALECTS.iter().find(|(_, read)| read(line, now).is_some()).map(|(name, _)| *name)
}

/// Reads what MLSD sent; a line that is not of the form is left out.
pub fn read_facts(text: &[u8]) -> Vec<Listed> {
    let end = |line| <[u8]>::strip_suffix(line, b"\r").unwrap_or(line);
    text.split(|b| *b == b'\n').filter_map(|line| parse_facts(end(line))).collect()
}

/// Reads one MLSx line (RFC 3659 §7.2) without its end. `None`: not of the form.
pub fn parse_facts(line: &[u8]) -> Option<Listed> {
    let space = line.iter().position(|&b| b == b' ')?;
    let (facts, name) = (&line[..space], &line[space + 1..]);
    if name.is_empty() {
        return None;
    }
    let mut listed = Listed::named(name);
    let (mut bits, mut link) = (None, false);
    for fact in facts.split(|&b| b == b';').filter(|f| !f.is_empty()) {
        let eq = fact.iter().position(|&b| b == b'=')?;
        let (key, value) = (&fact[..eq], &fact[eq + 1..]);
        if key.eq_ignore_ascii_case(b"type") {
            if value.eq_ignore_ascii_case(b"file") {
                listed.kind = Some(Kind::File);
            } else if [&b"dir"[..], b"cdir", b"pdir"].iter().any(|d| value.eq_ignore_ascii_case(d)) {
                listed.kind = Some(Kind::Directory);
            } else {
                // `OS.unix=slink:/target`, `OS.unix=symlink`.
                link = value.to_ascii_lowercase().starts_with(b"os.unix=s");
            }
        } else if key.eq_ignore_ascii_case(b"size") {
            listed.len = digits(value);
        } else if key.eq_ignore_ascii_case(b"modify") {
            listed.modified = parse_time(value);
        } else if key.eq_ignore_ascii_case(b"UNIX.mode") {
            bits = octal(value);
        }
    }
    let kind = match listed.kind {
        Some(Kind::File) => Some(REGULAR),
        Some(Kind::Directory) => Some(DIRECTORY),
        None if link => Some(LINK),
        None => None,
    };
    // Without permissions only what no kind says.
    listed.mode = match (kind, bits) {
        (Some(kind), Some(bits)) => Some(kind | bits & 0o7777),
        (Some(LINK), None) => Some(LINK),
        (Some(_), None) | (None, _) => None,
    };
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

/// Kinds in `st_mode`.
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

impl Listed {
    /// Nothing but its name is known.
    fn named(name: &[u8]) -> Listed {
        Listed { name: name.to_vec(), kind: None, len: None, modified: None, grain: 1, mode: None }
    }
}

#[derive(Clone)]
struct Words<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    fn of(line: &'a [u8]) -> Words<'a> {
        Words { line, at: 0 }
    }

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

fn small(text: &[u8]) -> Option<u8> {
    digits(text).and_then(|n| u8::try_from(n).ok())
}

fn octal(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 7 {
        return None;
    }
    text.iter().try_fold(0u32, |n, b| (b'0'..=b'7').contains(b).then(|| n * 8 + u32::from(b - b'0')))
}

/// Three numbers between `-` or `/`.
fn three(date: &[u8]) -> Option<[&[u8]; 3]> {
    let mut parts = date.split(|&b| b == b'-' || b == b'/');
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

/// Of two digits, four, or the three that some make of 2000.
fn year(text: &[u8]) -> Option<i64> {
    match (text.len(), i64::try_from(digits(text)?).ok()?) {
        (2, y) if y < 70 => Some(2_000 + y),
        (2 | 3, y) => Some(1_900 + y),
        (4, y) => Some(y),
        _ => None,
    }
}

/// `HH:MM`, `HH:MM:SS`, with `AM` or `PM` behind it; the seconds.
fn clock(text: &[u8]) -> Option<(u8, u8, u8)> {
    let (text, afternoon) = match text.len().checked_sub(2).and_then(|at| text.split_at_checked(at)) {
        Some((time, half)) if half.eq_ignore_ascii_case(b"PM") => (time, Some(true)),
        Some((time, half)) if half.eq_ignore_ascii_case(b"AM") => (time, Some(false)),
        Some(_) | None => (text, None),
    };
    let mut parts = text.split(|&b| b == b':');
    let (hour, minute) = (small(parts.next()?)?, small(parts.next()?)?);
    let second = match parts.next() {
        Some(seconds) => small(seconds.split(|&b| b == b'.').next()?)?,
        None => 0,
    };
    let hour = match afternoon {
        Some(true) => hour % 12 + 12,
        Some(false) => hour % 12,
        None => hour,
    };
    parts.next().is_none().then_some((hour, minute, second))
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
