//! The lines that a source sends, each of which the sink acknowledges.

use alloc::vec::Vec;
use core::fmt::{self, Write as _};

/// Octets of the longest line: a name of 255 octets and room for those who send more.
pub const LONGEST_LINE: usize = 2_048;

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// `Cmmmm size name`: a file, of which so many octets follow.
    File {
        /// Permission bits, with set-id and sticky.
        mode: u32,
        /// Octets.
        size: u64,
        /// One component.
        name: Vec<u8>,
    },
    /// `Dmmmm 0 name`: a directory; what is in it follows, up to [`Record::Leave`].
    Enter {
        /// Permission bits.
        mode: u32,
        /// One component.
        name: Vec<u8>,
    },
    /// `E`: back to the directory above.
    Leave,
    /// `Tmtime 0 atime 0`: the times of what comes next.
    Times(Times),
}

/// Times, seconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Times {
    /// Last modification.
    pub modified: u64,
    /// Last access.
    pub accessed: u64,
}

/// A line that is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BadRecord {
    /// It begins with something else.
    Kind,
    /// No four digits from 0 to 7.
    Mode,
    /// No number, or more than a file can have.
    Size,
    /// A name that would be another place than the one that was meant.
    Name,
    /// Of times.
    Times,
    /// Longer than any.
    TooLong,
}

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadRecord::Kind => f.write_str("expected control record"),
            BadRecord::Mode => f.write_str("bad mode"),
            BadRecord::Size => f.write_str("size not delimited"),
            BadRecord::Name => f.write_str("unexpected filename"),
            BadRecord::Times => f.write_str("times not delimited"),
            BadRecord::TooLong => f.write_str("line too long"),
        }
    }
}

impl core::error::Error for BadRecord {}

/// Whether this can be the name of a file that somebody else has named: one component, and no way out of its directory.
/// CVE-2018-20685 and CVE-2019-6111 were names.
pub fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.iter().any(|b| matches!(b, b'/' | 0 | b'\n'))
}

impl Record {
    /// Reads a line, without its end.
    ///
    /// # Errors
    /// [`BadRecord`].
    pub fn parse(line: &[u8]) -> Result<Record, BadRecord> {
        let (kind, rest) = line.split_first().ok_or(BadRecord::Kind)?;
        match kind {
            b'C' => {
                let (mode, size, name) = entry(rest)?;
                Ok(Record::File { mode, size, name })
            }
            b'D' => {
                let (mode, _size, name) = entry(rest)?;
                Ok(Record::Enter { mode, name })
            }
            b'E' if rest.is_empty() => Ok(Record::Leave),
            b'T' => times(rest).map(Record::Times),
            _other => Err(BadRecord::Kind),
        }
    }

    /// Adds the line with its end. A name is one by [`is_name`].
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut head = alloc::string::String::new();
        let name = match self {
            Record::File { mode, size, name } => {
                let _never = write!(head, "C{:04o} {size} ", mode & 0o7777);
                &name[..]
            }
            Record::Enter { mode, name } => {
                let _never = write!(head, "D{:04o} 0 ", mode & 0o7777);
                &name[..]
            }
            Record::Leave => {
                head.push('E');
                b""
            }
            Record::Times(Times { modified, accessed }) => {
                let _never = write!(head, "T{modified} 0 {accessed} 0");
                b""
            }
        };
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(name);
        out.push(b'\n');
    }
}

/// `mmmm size name`.
fn entry(text: &[u8]) -> Result<(u32, u64, Vec<u8>), BadRecord> {
    let (mode, rest) = text.split_at_checked(4).ok_or(BadRecord::Mode)?;
    let digit = |sum: u32, b: &u8| match b {
        b'0'..=b'7' => Some(sum * 8 + u32::from(b - b'0')),
        _other => None,
    };
    let mode = mode.iter().try_fold(0, digit).ok_or(BadRecord::Mode)?;
    let rest = rest.strip_prefix(b" ").ok_or(BadRecord::Mode)?;
    let end = rest.iter().position(|&b| b == b' ').ok_or(BadRecord::Size)?;
    let size = number(&rest[..end]).filter(|size| i64::try_from(*size).is_ok()).ok_or(BadRecord::Size)?;
    let name = &rest[end + 1..];
    if is_name(name) { Ok((mode, size, name.to_vec())) } else { Err(BadRecord::Name) }
}

/// `mtime 0 atime 0`; the two others are microseconds, which nobody sends.
fn times(text: &[u8]) -> Result<Times, BadRecord> {
    let mut words = text.split(|&b| b == b' ');
    let mut next = || words.next().and_then(number).ok_or(BadRecord::Times);
    let (modified, micros, accessed, more_micros) = (next()?, next()?, next()?, next()?);
    let is_over = words.next().is_none();
    match is_over && micros < 1_000_000 && more_micros < 1_000_000 {
        true => Ok(Times { modified, accessed }),
        false => Err(BadRecord::Times),
    }
}

fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let digit = |sum: u64, b: &u8| match b {
        b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u64::from(b - b'0')),
        _other => None,
    };
    text.iter().try_fold(0, digit)
}
