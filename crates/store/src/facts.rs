use std::time::SystemTime;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// What is known of a file or directory. Links are followed (inside the root) before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// File or directory.
    pub kind: Kind,
    /// Octets; of a directory 0.
    pub len: u64,
    /// Last modification.
    pub modified: SystemTime,
    /// Permission bits, octal as `chmod` takes them (lower 9 bits).
    pub mode: u32,
    /// Stable while the file lives: device and inode, or a backend's own number (MLSx `unique`).
    pub unique: (u64, u64),
}

/// What an upload gives its file beside the content, from the moment that it is seen.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Attributes {
    /// Permission bits of a file that replaces none, less what the process's umask and the backend take from every
    /// new file: nobody but its owner ever gets to write to it. One that is replaced hands on its own.
    pub mode_if_new: Option<u32>,
    /// Permission bits, whatever was there: as [`Store::set_mode`](crate::Store::set_mode).
    pub mode: Option<u32>,
    /// Last modification.
    pub modified: Option<SystemTime>,
}

impl Attributes {
    /// What both say, `later` where they differ.
    pub fn and(self, later: Attributes) -> Attributes {
        Attributes {
            mode_if_new: later.mode_if_new.or(self.mode_if_new),
            mode: later.mode.or(self.mode),
            modified: later.modified.or(self.modified),
        }
    }
}

/// The bits that a file keeps whatever mode is asked for: it can be read by who serves it.
pub(crate) const FILE_KEEPS: u32 = 0o400;
/// The same of a directory.
pub(crate) const DIRECTORY_KEEPS: u32 = 0o700;

/// The mode that is set where this one is asked for.
pub(crate) fn settable(kind: Kind, mode: u32) -> u32 {
    let keeps = match kind {
        Kind::File => FILE_KEEPS,
        Kind::Directory => DIRECTORY_KEEPS,
    };
    (mode & 0o777) | keeps
}

/// One name of a directory and what it stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// One component, octets.
    pub name: Vec<u8>,
    /// Its facts.
    pub facts: Facts,
}
