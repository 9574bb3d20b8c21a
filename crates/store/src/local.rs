//! A directory of this machine.
//!
//! The root is held as a descriptor and every path is resolved by `openat2(RESOLVE_BENEATH)`: links
//! inside the root are followed, one that leaves it is [`StoreError::Denied`], and nobody who renames
//! directories meanwhile can change that (without `openat2` links are denied altogether). A FIFO, device or socket is looked at (`O_PATH`), never opened.
//!
//! An upload is a file without a name (`O_TMPFILE`) in the directory of its target, or a hidden one where
//! the file system has no such thing; commit syncs it, gives it the name in one step (`linkat`, or
//! `rename` over the old file) and syncs the directory. The hidden names begin with
//! [`RESERVED`](crate::RESERVED):
//!
//! - `.towline-temp-…` an upload between two system calls, or one that runs; locked (`flock`) by its
//!   process, swept at the next start where nobody holds the lock,
//! - `.towline-part-…` what came of a broken upload, one for each owner and name; swept at start when a
//!   day old,
//! - `.towline/versions/<path>@<UTC time>` what was written over, where that was asked
//!   ([`Upload::keep_old`]); as many and as long as [`LocalOptions::keep`] says. What another process put under
//!   the name meanwhile is kept too: the new file and the old one change places in one step.
//!
//! Who opens a file that is open already, unchanged, gets the same descriptor.
//!
//! Uploading to a symbolic link replaces the link, not what it points at.

mod attributes;
mod dir;
pub(crate) use dir::{identity, octets};
mod links;
mod listing;
mod names;
mod rename;
mod shared;
mod sweep;
mod tally;
mod temp;
#[cfg(test)]
mod tests;
mod upload;
mod versions;

use crate::{
    Amount, Blob, Capabilities, Cursor, Facts, Files, Keep, Kind, Mode, Result, Space, Stamp, Store,
    StoreError, Tally, Target, Upload, VPath, Version,
};
use rustix::fs::{AtFlags, FileType, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// A moment in an upload that an observer is told: a test kills the process there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Point {
    /// The temporary file is there.
    TemporaryMade,
    /// A write reached this offset.
    Written(u64),
    /// The file is about to be synced: its last octet was written.
    BeforeSync,
    /// The file is synced.
    AfterSync,
    /// The old content has its second name, as a version.
    VersionMade,
    /// The temporary file has a hidden name, the next step is the rename.
    Named,
    /// The name shows the new file; the directory is not synced.
    Renamed,
}

/// An observer of [`Point`]s. Called from the uploading thread.
pub type Observer = Arc<dyn Fn(Point) + Send + Sync>;

/// How a directory is used.
#[derive(Clone)]
pub struct LocalOptions {
    /// Whether anything may be changed. Without it not even hidden leftovers are swept.
    pub write: bool,
    /// How old a partial is swept.
    pub partials_for: Duration,
    /// How many old versions of a file are kept, and how long: looked at with each new one of that file, and
    /// when the tree is swept.
    pub keep: Keep,
    /// Whether opening sweeps, which reads every directory. Without it [`Store::tidy`] does, one directory at
    /// a time.
    pub sweep: bool,
    /// Whether to use files without a name where the file system has them.
    pub unnamed: bool,
    /// Whether to resolve paths step by step, as on kernels without `openat2`: symbolic links are
    /// denied then, also inside the root.
    pub walk: bool,
    /// Sees each [`Point`].
    pub at: Option<Observer>,
}

impl Default for LocalOptions {
    /// Read-only; with `write` set, partials are kept for 24 hours and versions for ever.
    fn default() -> Self {
        LocalOptions {
            write: false,
            partials_for: Duration::from_secs(24 * 3_600),
            keep: Keep::default(),
            sweep: true,
            unnamed: true,
            walk: false,
            at: None,
        }
    }
}

/// A directory of this machine. Clones share it.
#[derive(Clone)]
pub struct Local(Arc<Inner>);

struct Inner {
    root: dir::Root,
    options: LocalOptions,
    /// Whether files without a name can be made and linked (`/proc` is there).
    unnamed: bool,
    // Guards the step from "what is under the name?" to "the name shows the new file", so that of two
    // uploads to one name each keeps what it really replaced. The uploaded file is synced before.
    publish: Mutex<()>,
    shared: shared::Shared,
}

impl Inner {
    fn at(&self, point: Point) {
        if let Some(at) = &self.options.at {
            at(point);
        }
    }

    fn may_write(&self) -> Result<()> {
        if self.options.write { Ok(()) } else { Err(StoreError::Denied) }
    }
}

impl Local {
    /// Opens a directory; with `options.write` sweeps what earlier processes left.
    ///
    /// The error is the system's: the caller names the directory.
    pub fn open(root: &Path, options: LocalOptions) -> io::Result<Local> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(root, flags, rustix::fs::Mode::empty())?;
        let root = dir::Root::new(root, options.walk);
        let unnamed = options.unnamed && rustix::fs::stat("/proc/self/fd").is_ok();
        let local = Local(Arc::new(Inner {
            root,
            options,
            unnamed,
            publish: Mutex::new(()),
            shared: shared::Shared::default(),
        }));
        if local.0.options.write && local.0.options.sweep {
            sweep::sweep(&local.0)?;
        }
        Ok(local)
    }
}

impl Store for Local {
    fn capabilities(&self) -> Capabilities {
        let write = self.0.options.write;
        Capabilities { write, resume: write, directories: write, facts: write, links: write, symlinks: write }
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        Ok(dir::look(&self.0.root, path)?.facts)
    }

    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        listing::begin(&self.0, path)
    }

    fn open(&self, path: &VPath) -> Result<Blob> {
        let looked = dir::look(&self.0.root, path)?;
        self.0.shared.get(&looked).map_or_else(
            || {
                let (file, looked) =
                    open_looked_at(&looked, |flags| dir::open_beneath(&self.0.root, path, flags))?;
                Ok(self.0.shared.put(file, &looked))
            },
            Ok,
        )
    }

    fn open_now(&self, path: &VPath) -> Option<Blob> {
        let fd = dir::open_cached(&self.0.root, path, OFlags::PATH)?;
        let looked = dir::look_at(&fd).ok()?;
        self.0.shared.get(&looked).or_else(|| {
            let cached = |flags| dir::open_cached(&self.0.root, path, flags).ok_or(StoreError::Absent);
            let (file, looked) = open_looked_at(&looked, cached).ok()?;
            Some(self.0.shared.put(file, &looked))
        })
    }

    fn create(&self, path: &VPath, mode: Mode, owner: &str) -> Result<Box<dyn Upload>> {
        upload::begin(&self.0, path, mode, owner)
    }

    fn partial(&self, path: &VPath, owner: &str) -> Option<u64> {
        if owner.is_empty() || path.is_root() || path.is_reserved() {
            return None;
        }
        let dir = dir::open_dir(&self.0.root, &path.parent()).ok()?;
        let name = names::partial(owner, path.name());
        let stat = rustix::fs::statat(&dir, &name[..], AtFlags::SYMLINK_NOFOLLOW).ok()?;
        (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then(|| dir::octets(&stat))
    }

    fn rename_to(&self, from: &VPath, to: &VPath, target: Target) -> Result<Amount> {
        rename::rename(&self.0, from, to, target)
    }

    fn remove(&self, path: &VPath) -> Result<Amount> {
        self.0.may_write()?;
        if path.is_root() {
            return Err(StoreError::IsDirectory);
        }
        let dir = dir::open_dir(&self.0.root, &path.parent())?;
        if named(&dir, path)? == FileType::Directory {
            return Err(StoreError::IsDirectory);
        }
        let gone = under(&dir, path).unwrap_or_default();
        rustix::fs::unlinkat(&dir, path.name(), AtFlags::empty())?;
        Ok(gone)
    }

    fn make_dir(&self, path: &VPath) -> Result<()> {
        self.0.may_write()?;
        if path.is_root() {
            return Err(StoreError::Exists);
        }
        if path.is_reserved() {
            return Err(StoreError::Denied);
        }
        let dir = dir::open_dir(&self.0.root, &path.parent())?;
        Ok(rustix::fs::mkdirat(&dir, path.name(), 0o755.into())?)
    }

    fn remove_dir(&self, path: &VPath) -> Result<Amount> {
        self.0.may_write()?;
        if path.is_root() {
            return Err(StoreError::Denied);
        }
        let dir = dir::open_dir(&self.0.root, &path.parent())?;
        if named(&dir, path)? != FileType::Directory {
            return Err(StoreError::NotDirectory);
        }
        let remove = || rustix::fs::unlinkat(&dir, path.name(), AtFlags::REMOVEDIR);
        match remove() {
            // Empty to everybody but us: what nobody can go on with any more goes along.
            Err(Errno::NOTEMPTY) => {
                let freed = sweep::only_leftovers(&dir, path.name())?.ok_or(StoreError::NotEmpty)?;
                remove()?;
                Ok(freed + Amount::DIRECTORY)
            }
            done => {
                done?;
                Ok(Amount::DIRECTORY)
            }
        }
    }

    fn set_modified(&self, path: &VPath, to: SystemTime) -> Result<()> {
        attributes::set_modified(&self.0, path, to)
    }

    fn set_mode(&self, path: &VPath, mode: u32) -> Result<()> {
        attributes::set_mode(&self.0, path, mode)
    }

    fn link(&self, from: &VPath, to: &VPath) -> Result<()> {
        links::link(&self.0, from, to)
    }

    fn symlink(&self, path: &VPath, to: &VPath) -> Result<()> {
        links::symlink(&self.0, path, to)
    }

    fn read_link(&self, path: &VPath) -> Result<Option<VPath>> {
        links::read(&self.0, path)
    }

    fn space(&self, path: &VPath) -> Result<Space> {
        let fd = match dir::open_beneath(&self.0.root, path, OFlags::PATH) {
            Err(StoreError::Absent) => dir::open_beneath(&self.0.root, &path.parent(), OFlags::PATH)?,
            fd => fd?,
        };
        let fs = rustix::fs::fstatvfs(&fd)?;
        let octets = |blocks: u64| blocks.saturating_mul(fs.f_frsize);
        // A file system that makes inodes as they are wanted counts none.
        let files = (fs.f_files > 0).then_some(Files { total: fs.f_files, free: fs.f_favail });
        Ok(Space { total: octets(fs.f_blocks), free: octets(fs.f_bavail), files, quota: None })
    }

    fn tally(&self, dir: &VPath) -> Result<Tally> {
        tally::tally(&self.0, dir)
    }

    fn tidy(&self, dir: &VPath) -> Result<Amount> {
        self.0.may_write()?;
        sweep::tidy(&self.0, dir)
    }

    fn versions(&self, path: &VPath) -> Result<Vec<Version>> {
        if path.is_root() || path.is_reserved() {
            return Ok(Vec::new());
        }
        versions::list(&self.0, path)
    }

    fn versioned(&self, dir: &VPath) -> Result<Vec<Vec<u8>>> {
        versions::names_with_some(&self.0, dir)
    }

    fn open_version(&self, path: &VPath, stamp: Stamp) -> Result<Blob> {
        if path.is_root() || path.is_reserved() {
            return Err(StoreError::Absent);
        }
        let fd = versions::open(&self.0, path, stamp)?;
        let looked = dir::look_at(&fd)?;
        match looked.facts.kind {
            Kind::File => Ok(self.0.shared.put(File::from(fd), &looked)),
            Kind::Directory => Err(StoreError::IsDirectory),
        }
    }
}

/// What a name itself holds; nothing where it is absent.
fn under(dir: &OwnedFd, path: &VPath) -> Option<Amount> {
    let stat = rustix::fs::statat(dir, path.name(), AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Amount::file(dir::octets(&stat)),
        FileType::Directory => Amount::DIRECTORY,
        _other => Amount::NONE,
    })
}

/// Opens a regular file for reading, for oneself.
fn open_file(root: &dir::Root, path: &VPath) -> Result<(File, dir::Looked)> {
    open_looked_at(&dir::look(root, path)?, |flags| dir::open_beneath(root, path, flags))
}

/// Opens for reading what was looked at, if it is a regular file.
fn open_looked_at(
    looked: &dir::Looked,
    open: impl FnOnce(OFlags) -> Result<OwnedFd>,
) -> Result<(File, dir::Looked)> {
    if looked.facts.kind == Kind::Directory {
        return Err(StoreError::IsDirectory);
    }
    // Between the two somebody may have put a FIFO there: O_NONBLOCK does not wait for its writer.
    let fd = open(OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
    let looked = dir::look_at(&fd)?;
    match looked.facts.kind {
        Kind::File => Ok((File::from(fd), looked)),
        Kind::Directory => Err(StoreError::IsDirectory),
    }
}

/// The type of the name itself, links not followed; what is neither file, directory nor link is not ours
/// to touch.
fn named(dir: &OwnedFd, path: &VPath) -> Result<FileType> {
    if path.is_reserved() {
        return Err(StoreError::Absent);
    }
    let stat = rustix::fs::statat(dir, path.name(), AtFlags::SYMLINK_NOFOLLOW)?;
    match FileType::from_raw_mode(stat.st_mode) {
        t @ (FileType::RegularFile | FileType::Directory | FileType::Symlink) => Ok(t),
        _ => Err(StoreError::NotRegular),
    }
}
