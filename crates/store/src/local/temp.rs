//! The file that an upload fills.

use super::{Inner, names};
use crate::{Result, StoreError};
use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// New files are readable by all and writable by us, less the umask.
const MODE: u32 = 0o644;

/// A file under no name, or under a hidden one, which goes when this is dropped.
pub(super) struct Temp {
    pub(super) file: File,
    /// In the directory of the target.
    name: Option<Vec<u8>>,
}

impl Temp {
    /// A fresh empty file in `dir`, locked.
    pub(super) fn new(inner: &Inner, dir: &OwnedFd) -> Result<Temp> {
        if inner.unnamed {
            let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
            match rustix::fs::openat(dir, ".", flags, Mode::from_raw_mode(MODE)) {
                Ok(fd) => {
                    // Before it ever has a name, so that no sweep of another process takes it.
                    lock(&fd);
                    return Ok(Temp { file: File::from(fd), name: None });
                }
                // The file system has no such thing (NFS, some FUSE); before Linux 3.11 EISDIR.
                Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => {}
                Err(e) => return Err(e.into()),
            }
        }
        loop {
            let name = names::temp()?;
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let fd = rustix::fs::openat(dir, &name[..], flags, Mode::from_raw_mode(MODE))?;
            // A sweep may have come between the two calls: then the file has lost its name.
            if lock(&fd) && rustix::fs::fstat(&fd)?.st_nlink > 0 {
                return Ok(Temp { file: File::from(fd), name: Some(name) });
            }
        }
    }

    /// An owner's partial to go on with, locked; `None`: there is none.
    pub(super) fn partial(dir: &OwnedFd, name: Vec<u8>) -> Result<Option<Temp>> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = match rustix::fs::openat(dir, &name[..], flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            fd => fd?,
        };
        if !lock(&fd) {
            return Err(StoreError::Busy);
        }
        // Published or swept between the two calls.
        if rustix::fs::fstat(&fd)?.st_nlink == 0 {
            return Ok(None);
        }
        Ok(Some(Temp { file: File::from(fd), name: Some(name) }))
    }

    /// Gives the file a name in `dir` that must be free.
    pub(super) fn publish_new(&mut self, dir: &OwnedFd, to: &[u8]) -> Result<()> {
        match &self.name {
            None => link(&self.file, dir, to)?,
            Some(from) => {
                match rustix::fs::renameat_with(dir, &from[..], dir, to, rustix::fs::RenameFlags::NOREPLACE) {
                    // The file system does not know the flag: a second name, and the drop takes the first.
                    Err(Errno::INVAL | Errno::NOSYS) => {
                        rustix::fs::linkat(dir, &from[..], dir, to, AtFlags::empty())?;
                        rustix::fs::unlinkat(dir, &from[..], AtFlags::empty())?;
                    }
                    done => done?,
                }
                self.name = None;
            }
        }
        Ok(())
    }

    /// Whether this is the hidden name that it has.
    pub(super) fn is_named(&self, name: &[u8]) -> bool {
        self.name.as_deref() == Some(name)
    }

    /// Gives the file a hidden name, for a rename over what is there.
    pub(super) fn give_name(&mut self, dir: &OwnedFd) -> Result<()> {
        if self.name.is_none() {
            let name = names::temp()?;
            link(&self.file, dir, &name)?;
            self.name = Some(name);
        }
        Ok(())
    }

    /// Renames over what is there, in one step.
    pub(super) fn publish_over(&mut self, dir: &OwnedFd, to: &[u8]) -> Result<()> {
        self.give_name(dir)?;
        let from = self.name.as_deref().expect("give_name() gave one");
        rustix::fs::renameat(dir, from, dir, to)?;
        self.name = None;
        Ok(())
    }

    /// Puts the file under a name that is taken and what is there under the hidden one, in one step; gives the
    /// hidden name, which is the caller's to remove. `None`: the file system cannot, and nothing was done.
    pub(super) fn exchange(&mut self, dir: &OwnedFd, to: &[u8]) -> Result<Option<Vec<u8>>> {
        self.give_name(dir)?;
        let from = self.name.as_deref().expect("give_name() gave one");
        match rustix::fs::renameat_with(dir, from, dir, to, rustix::fs::RenameFlags::EXCHANGE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(None),
            done => {
                done?;
                Ok(self.name.take())
            }
        }
    }

    /// Takes the hidden name away, if it still is this file's.
    pub(super) fn discard(&mut self, dir: &OwnedFd) {
        let Some(name) = self.name.take() else { return };
        let mine = rustix::fs::fstat(&self.file).map(|s| (s.st_dev, s.st_ino));
        let there =
            rustix::fs::statat(dir, &name[..], AtFlags::SYMLINK_NOFOLLOW).map(|s| (s.st_dev, s.st_ino));
        if mine.is_ok() && mine == there {
            // What cannot be removed now is swept at the next start.
            let _ = rustix::fs::unlinkat(dir, &name[..], AtFlags::empty());
        }
    }
}

/// Locks a file for this open description, without waiting; `false`: somebody else has.
pub(super) fn lock(fd: impl AsFd) -> bool {
    rustix::fs::flock(fd, FlockOperation::NonBlockingLockExclusive).is_ok()
}

/// Gives a file without a name one. Through /proc: AT_EMPTY_PATH needs CAP_DAC_READ_SEARCH before
/// Linux 6.10.
fn link(file: &File, dir: &OwnedFd, to: &[u8]) -> Result<()> {
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(rustix::fs::CWD, own, dir, to, AtFlags::SYMLINK_FOLLOW)?)
}
