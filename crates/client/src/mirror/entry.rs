//! A name in a directory, as both sides know it.

/// What a name stands for, no link followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a socket, or what nobody says.
    Other,
}

impl What {
    /// By `st_mode`.
    pub fn of_mode(mode: u32) -> What {
        match mode & 0o170_000 {
            0o100_000 => What::File,
            0o040_000 => What::Directory,
            0o120_000 => What::Link,
            _other => What::Other,
        }
    }
}

/// A name with its facts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Octets, as the side gave them.
    pub name: Vec<u8>,
    /// What it stands for.
    pub what: What,
    /// Octets of a file, where they are known.
    pub len: Option<u64>,
    /// Last modification, seconds since 1970, where it is known.
    pub modified: Option<i64>,
    /// How exact that is, in seconds: a listing of FTP may say only the minute, or the day.
    pub grain: u32,
    /// The lower nine bits of `st_mode`, where they are known.
    pub mode: Option<u32>,
}

/// What the names of files begin with that are not whole yet, on this machine.
const HERE: &[u8] = b".towline-mirror-";
/// The same on a server, which may refuse names that begin with a dot: ours does.
const THERE: &[u8] = b"towline-mirror-";
/// A file that nobody has written to for so long, in seconds, is one whose mirror was killed.
const OLD: i64 = 3_600;

impl Entry {
    /// Whether both were changed at the same time, as far as it is known how exactly.
    pub(super) fn is_as_old_as(&self, other: &Entry) -> bool {
        let grain = i64::from(self.grain.max(other.grain).max(1));
        match (self.modified, other.modified) {
            (Some(a), Some(b)) => a.div_euclid(grain) == b.div_euclid(grain),
            (Some(_) | None, _) => false,
        }
    }

    /// Whether a mirror made it on the way to a file.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.what == What::File && [HERE, THERE].iter().any(|prefix| self.name.starts_with(prefix))
    }

    /// Whether nobody goes on with it.
    pub(super) fn is_left(&self, now: i64) -> bool {
        self.is_unfinished() && self.modified.is_some_and(|modified| modified < now - OLD)
    }
}

/// The names of files of one run that are not whole yet.
#[derive(Debug)]
pub(crate) struct Unfinished {
    prefix: &'static [u8],
    run: u64,
    next: u64,
}

impl Unfinished {
    /// On this machine, of a run with a number that no other has.
    pub(crate) fn here() -> std::io::Result<Unfinished> {
        Ok(Unfinished { prefix: HERE, run: getrandom::u64().map_err(std::io::Error::other)?, next: 0 })
    }

    /// On a server.
    pub(crate) fn there() -> std::io::Result<Unfinished> {
        Ok(Unfinished { prefix: THERE, ..Unfinished::here()? })
    }

    /// Another one.
    pub(crate) fn name(&mut self) -> Vec<u8> {
        let n = self.next;
        self.next += 1;
        [self.prefix, format!("{:016x}-{n}", self.run).as_bytes()].concat()
    }
}

/// Whether it can be one name in a directory: a server's may hold anything.
pub(crate) fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.iter().any(|b| b"/\0".contains(b))
}

/// A name below a path; both without `/` at their beginning.
pub(crate) fn below(path: &[u8], name: &[u8]) -> Vec<u8> {
    if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() }
}
