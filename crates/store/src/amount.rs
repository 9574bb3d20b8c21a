use std::ops::{Add, AddAssign};

/// So much of a tree: what it holds, or what an operation freed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Amount {
    /// Octets of files.
    pub octets: u64,
    /// Files and directories; versions and partials are files too.
    pub files: u64,
}

impl Amount {
    /// Nothing.
    pub const NONE: Amount = Amount { octets: 0, files: 0 };

    /// One file of so many octets.
    pub fn file(octets: u64) -> Amount {
        Amount { octets, files: 1 }
    }

    /// A directory, without what is in it.
    pub const DIRECTORY: Amount = Amount { octets: 0, files: 1 };

    /// This without the other; nothing is less than nothing.
    #[must_use]
    pub fn less(self, other: Amount) -> Amount {
        Amount {
            octets: self.octets.saturating_sub(other.octets),
            files: self.files.saturating_sub(other.files),
        }
    }
}

impl Add for Amount {
    type Output = Amount;

    fn add(self, other: Amount) -> Amount {
        Amount {
            octets: self.octets.saturating_add(other.octets),
            files: self.files.saturating_add(other.files),
        }
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Amount) {
        *self = *self + other;
    }
}

/// What one directory holds, without what is in the directories in it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Its files, its directories, the partials in it, and the versions of names in it. An upload that runs
    /// is not among them.
    pub holds: Amount,
    /// What of that are versions: they stay where they are when the directory is renamed.
    pub versions: Amount,
    /// Names of the directories in it, in the order of their octets, and of those that are gone but of whose
    /// names there are versions.
    pub directories: Vec<Vec<u8>>,
}

/// What became of an upload that was broken off.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Suspended {
    /// What is kept of it.
    pub kept: Amount,
    /// What an earlier partial of that name held, which is gone.
    pub freed: Amount,
}
