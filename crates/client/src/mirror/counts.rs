//! What became of names, and how many of what.

use super::plan::{Because, Blocked, Skipped};
use crate::ClientError;

/// What became of a name; in a dry run what would.
#[derive(Debug)]
pub struct Told {
    /// Below both directories, without `/` at its beginning; empty for the directory itself.
    pub path: Vec<u8>,
    /// What.
    pub fate: Fate,
}

/// What became of something.
#[derive(Debug)]
pub enum Fate {
    /// A file is there.
    Copied {
        /// Octets that moved; in a dry run those of the file, where they are known.
        octets: u64,
        /// Why it was not left as it was.
        because: Because,
    },
    /// It was the same before.
    Same,
    /// A directory is there that was not.
    Made,
    /// A file that only the target had is gone.
    Removed,
    /// A directory that only the target had is gone.
    RemovedDir,
    /// What a mirror that was killed left there is gone.
    Swept,
    /// Only the target has it, and it stays.
    Extra,
    /// Not looked at, and why.
    Skipped(Skipped),
    /// Something else is in its place.
    Blocked(Blocked),
    /// It was tried.
    Failed(ClientError),
}

/// How many of what.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Files that were copied.
    pub copied: u64,
    /// Octets of them.
    pub octets: u64,
    /// Files that were the same.
    pub same: u64,
    /// Directories that were made.
    pub made: u64,
    /// Files and directories that were removed.
    pub removed: u64,
    /// Names that only the target has, and that stay.
    pub extra: u64,
    /// Links, devices and what nobody knows.
    pub skipped: u64,
    /// Names that failed.
    pub failed: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, fate: &Fate) {
        match fate {
            Fate::Copied { octets, because: _ } => {
                self.copied += 1;
                self.octets += octets;
            }
            Fate::Same => self.same += 1,
            Fate::Made => self.made += 1,
            Fate::Removed | Fate::RemovedDir => self.removed += 1,
            Fate::Swept => {}
            Fate::Extra => self.extra += 1,
            Fate::Skipped(_) => self.skipped += 1,
            Fate::Blocked(_) | Fate::Failed(_) => self.failed += 1,
        }
    }
}
