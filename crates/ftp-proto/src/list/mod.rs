//! Directory listings: LIST (as `ls -l`, which every client reads), NLST, MLSx (RFC 3659 §7).
//!
//! - [`write_list`], [`write_dos`], [`write_name`], [`write_facts`]: what the server sends, one line each.
//! - [`read_list`]: what LIST sends, of Unix and all others; [`read_facts`]: what MLSD sends.
//! - [`matches()`]: names by a pattern.

mod glob;
mod parse;
#[cfg(test)]
mod tests;

pub use glob::{is_pattern, matches};
pub use parse::{Listed, dialect, parse_facts, parse_list, parse_time, read_facts, read_list};

use alloc::vec::Vec;
use clock::civil::Civil;

/// Who everything belongs to where people are shown an owner: the tree has users of its own, who are nobody's accounts.
pub const OWNER: &str = "ftp";

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// One entry to be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Octets: one component in a directory listing, the full path for MLST.
    pub name: Vec<u8>,
    /// File or directory.
    pub kind: Kind,
    /// Octets.
    pub len: u64,
    /// Seconds since 1970, UTC.
    pub modified: i64,
    /// Lower nine permission bits.
    pub mode: u32,
    /// Device and inode, or what stands for them.
    pub unique: (u64, u64),
}

/// What this login may do, for MLSx `perm`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Access {
    /// May create files.
    pub create: bool,
    /// May replace, rename and remove, and make directories.
    pub change: bool,
}

bitflags::bitflags! {
    /// The facts of MLSx that we know (RFC 3659 §7.5), chosen with OPTS MLST.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Facts: u8 {
        /// `type`
        const TYPE = 1;
        /// `size`
        const SIZE = 2;
        /// `modify`
        const MODIFY = 4;
        /// `perm`
        const PERM = 8;
        /// `unique`
        const UNIQUE = 16;
        /// `UNIX.mode`
        const MODE = 32;
    }
}

/// The facts in the order in which they are written, with their names.
pub const FACTS: [(Facts, &str); 6] = [
    (Facts::TYPE, "type"),
    (Facts::SIZE, "size"),
    (Facts::MODIFY, "modify"),
    (Facts::PERM, "perm"),
    (Facts::UNIQUE, "unique"),
    (Facts::MODE, "UNIX.mode"),
];

impl Facts {
    /// The facts named in `list` (`type;size;`), unknown ones left out (RFC 3659 §7.9).
    pub fn named(list: &[u8]) -> Facts {
        list.split(|&b| b == b';')
            .filter_map(|name| FACTS.iter().find(|(_, n)| n.as_bytes().eq_ignore_ascii_case(name)))
            .fold(Facts::empty(), |all, (fact, _)| all | *fact)
    }

    /// `type;size;` for the answer to OPTS MLST.
    pub fn names(self) -> Vec<u8> {
        let mut out = Vec::new();
        for (fact, name) in FACTS {
            if self.contains(fact) {
                out.extend(name.as_bytes());
                out.push(b';');
            }
        }
        out
    }

    /// `type*;size;`: all facts, `*` behind the ones that are on, for FEAT (RFC 3659 §7.8).
    pub fn feat(self) -> Vec<u8> {
        let mut out = Vec::new();
        for (fact, name) in FACTS {
            out.extend(name.as_bytes());
            if self.contains(fact) {
                out.push(b'*');
            }
            out.push(b';');
        }
        out
    }
}

/// Half a year: nearer times are shown with hour and minute, others with the year, as `ls -l` does.
const RECENT: i64 = 182 * 86_400;

/// Appends one line of `ls -l`. `now`: seconds since 1970. Owner and group are always `ftp`: who owns a
/// file on the host is nobody's business.
pub fn write_list(out: &mut Vec<u8>, e: &Entry, now: i64) {
    out.push(match e.kind {
        Kind::File => b'-',
        Kind::Directory => b'd',
    });
    for bit in (0..9).rev() {
        let letter = b"xwr"[bit % 3];
        out.push(if e.mode >> bit & 1 == 1 { letter } else { b'-' });
    }
    // One link, or two, and OWNER twice.
    out.extend(match e.kind {
        Kind::File => b"   1 ftp      ftp      ",
        Kind::Directory => b"   2 ftp      ftp      ",
    });
    let c = Civil::from_unix(e.modified);
    digits::<10>(out, e.len, 12, b' ');
    out.push(b' ');
    out.extend(c.month_name().as_bytes());
    digits::<10>(out, c.day.into(), 3, b' ');
    out.push(b' ');
    if (-86_400..RECENT).contains(&now.saturating_sub(e.modified)) {
        digits::<10>(out, c.hour.into(), 2, b'0');
        out.push(b':');
        digits::<10>(out, c.minute.into(), 2, b'0');
    } else {
        match u64::try_from(c.year) {
            Ok(year) => digits::<10>(out, year, 5, b' '),
            Err(_) => put(out, format_args!("{:>5}", c.year)),
        }
    }
    out.push(b' ');
    name(out, &e.name);
}

/// Appends one line as DOS's `dir` has it, and IIS: month, day and year of two digits, hours of twelve.
pub fn write_dos(out: &mut Vec<u8>, e: &Entry) {
    let c = Civil::from_unix(e.modified);
    let (hour, half) = match c.hour {
        0 => (12, "AM"),
        hour @ 1..12 => (hour, "AM"),
        12 => (12, "PM"),
        hour => (hour - 12, "PM"),
    };
    let year = c.year.rem_euclid(100);
    put(out, format_args!("{:02}-{:02}-{year:02}  {hour:02}:{:02}{half} ", c.month, c.day, c.minute));
    match e.kind {
        Kind::File => put(out, format_args!("{:>20} ", e.len)),
        Kind::Directory => put(out, format_args!("{:<20} ", "      <DIR>")),
    }
    name(out, &e.name);
}

/// Appends one line of NLST.
pub fn write_name(out: &mut Vec<u8>, octets: &[u8]) {
    name(out, octets);
}

/// Appends one line of MLSx, with its end: facts, a space, the name.
pub fn write_facts(out: &mut Vec<u8>, e: &Entry, which: Facts, access: Access) {
    facts(out, e, which, access);
    name(out, &e.name);
}

/// Appends the facts and the space before the name, without the name: for MLST.
pub fn facts(out: &mut Vec<u8>, e: &Entry, which: Facts, access: Access) {
    for (fact, key) in FACTS {
        if !which.contains(fact) || (fact == Facts::SIZE && e.kind == Kind::Directory) {
            continue;
        }
        out.extend(key.as_bytes());
        out.push(b'=');
        match fact {
            Facts::TYPE => out.extend(match e.kind {
                Kind::File => &b"file"[..],
                Kind::Directory => b"dir",
            }),
            Facts::SIZE => digits::<10>(out, e.len, 1, b'0'),
            Facts::MODIFY => write_time(out, e.modified),
            Facts::PERM => out.extend(perm(e.kind, access)),
            Facts::UNIQUE => {
                digits::<16>(out, e.unique.0, 1, b'0');
                out.push(b'g');
                digits::<16>(out, e.unique.1, 1, b'0');
            }
            _ => {
                out.push(b'0');
                digits::<8>(out, (e.mode & 0o777).into(), 1, b'0');
            }
        }
        out.push(b';');
    }
    out.push(b' ');
}

/// RFC 3659 §7.5.5: what the commands of this login would do.
fn perm(kind: Kind, a: Access) -> &'static [u8] {
    match (kind, a.create, a.change) {
        (Kind::File, _, true) => b"adfrw",
        (Kind::File, true, false) => b"rw",
        (Kind::File, false, false) => b"r",
        (Kind::Directory, _, true) => b"cdeflmp",
        (Kind::Directory, true, false) => b"cel",
        (Kind::Directory, false, false) => b"el",
    }
}

/// Appends `YYYYMMDDHHMMSS`, UTC (RFC 3659 §2.3).
pub fn write_time(out: &mut Vec<u8>, unix: i64) {
    let c = Civil::from_unix(unix);
    digits::<10>(out, c.year.clamp(0, 9_999).unsigned_abs(), 4, b'0');
    for field in [c.month, c.day, c.hour, c.minute, c.second] {
        digits::<10>(out, field.into(), 2, b'0');
    }
}

/// A name and the line's end. A CR or LF in a name would make two entries of one: shown as `?`.
fn name(out: &mut Vec<u8>, octets: &[u8]) {
    let is_odd = |b: &u8| matches!(b, b'\r' | b'\n' | 0);
    let begin = out.len();
    out.extend(octets);
    if octets.iter().any(is_odd) {
        out[begin..].iter_mut().filter(|b| is_odd(b)).for_each(|b| *b = b'?');
    }
    out.extend(b"\r\n");
}

/// A number in base `BASE`, 16 at most, with `pad` before it up to a width of `width`, 22 at most. A line of a listing is
/// made of these, and a directory of 100,000 lines: `format_args!` asks at run time how each is to look.
fn digits<const BASE: u64>(out: &mut Vec<u8>, mut n: u64, width: usize, pad: u8) {
    // 2^64 has 22 digits in base 8, the smallest that is asked for.
    let mut buffer = [pad; 22];
    let mut at = buffer.len();
    while at == buffer.len() || n > 0 {
        at -= 1;
        buffer[at] = b"0123456789abcdef"[usize::try_from(n % BASE).expect("below 16")];
        n /= BASE;
    }
    out.extend(&buffer[at.min(buffer.len() - width)..]);
}

fn put(out: &mut Vec<u8>, args: core::fmt::Arguments<'_>) {
    struct To<'a>(&'a mut Vec<u8>);
    impl core::fmt::Write for To<'_> {
        fn write_str(&mut self, s: &str) -> core::fmt::Result {
            self.0.extend(s.as_bytes());
            Ok(())
        }
    }
    core::fmt::write(&mut To(out), args).expect("a Vec takes everything");
}
