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

/// One name of a directory and what it stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// One component, octets.
    pub name: Vec<u8>,
    /// Its facts.
    pub facts: Facts,
}
