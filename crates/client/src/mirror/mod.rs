//! One tree made like another: a directory of this machine and one of a server.
//!
//! What is done with each name is decided by code that touches nothing; who has a connection and a disk does it and
//! tells what came of it. It copies no links and no devices, follows no link on either side, and never leaves the two
//! directories.
//!
//! | file | its one idea |
//! |---|---|
//! | `entry` | a name in a directory, as both sides know it |
//! | `rules` | what is wanted: patterns, `delete`, `checksum`, `dry_run` |
//! | `plan` | what is to be done about one name |
//! | `walk` | directories and names, one after the other: what is to be done now |
//! | `removing` | what is only there, at the end |
//! | `times` | the times of directories, when nothing more changes in them |
//! | `counts` | what became of it |
//! | `local` | this machine's side: no link is followed |

mod begin;
mod counts;
mod entry;
mod local;
mod plan;
mod removing;
mod rules;
#[cfg(test)]
mod tests;
mod times;
mod walk;

pub(crate) use begin::begin;
pub use counts::{Counts, Fate, Told};
pub use entry::{Entry, What};
pub(crate) use entry::{Unfinished, below, is_name};
pub(crate) use local::{Local, Temp};
pub use plan::{Because, Blocked, Skipped};
pub(crate) use plan::{Step, step};
pub use rules::{BadPattern, Rules};
pub(crate) use times::Modified;
pub(crate) use walk::{Done, Side, Task, Walk, Work, WorkId};

use crate::ClientError;
use std::io;
use std::path::Path;
use store::Blob;

/// Which way files go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// To the server.
    Up,
    /// From the server.
    Down,
}

/// What is wanted.
pub struct Wish<'a> {
    /// The directory of this machine; of [`Way::Down`] it is made where it is not there.
    pub local: &'a Path,
    /// The directory of the server; of [`Way::Up`] it is made where it is not there.
    pub remote: &'a [u8],
    /// Which way.
    pub way: Way,
    /// Which names, and what else.
    pub rules: Rules,
    /// Things that are done at the same time, at most; of FTP sessions.
    pub parallel: usize,
    /// Whether files of the server are written straight under their names.
    pub in_place: bool,
    /// The digest of a local file by an algorithm's name (`sha256`, `md5`), in lower-case hexadecimal, for
    /// [`Rules::checksum`].
    pub digest: &'a (dyn Fn(&str, &Blob) -> io::Result<String> + Sync),
}

/// Who looks on.
pub trait Watcher {
    /// Something became of a name.
    fn told(&mut self, told: &Told);
    /// Octets of files moved.
    fn moved(&mut self, octets: u64);
}

/// What became of all.
#[derive(Debug)]
pub struct Mirrored {
    /// How many of what.
    pub counts: Counts,
    /// Why it did not come to its end; failures of single names are counted and are none.
    pub ended: Result<(), ClientError>,
}
