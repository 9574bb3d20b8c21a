//! This machine's side. A path is gone along name by name, and no name may be a link: whatever stands in the tree,
//! nothing outside of it is reached.

use super::entry::{Entry, Unfinished, What};
use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use store::{Blob, Identity};

/// A directory of this machine, and what is below it.
pub(crate) struct Local {
    root: Arc<OwnedFd>,
    /// The directory that was used last, which is the one that is used next in most cases.
    last: Option<(Vec<u8>, Arc<OwnedFd>)>,
    names: Unfinished,
}

/// How a directory on the way is opened: it must be one, and no link.
const ON_THE_WAY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Local {
    /// The directory that `path` leads to.
    pub(crate) fn open(path: &Path) -> io::Result<Local> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = Arc::new(rustix::fs::openat(CWD, path, flags, Mode::empty())?);
        Ok(Local { root, last: None, names: Unfinished::here()? })
    }

    /// The directory at a path below.
    fn directory(&mut self, path: &[u8]) -> io::Result<Arc<OwnedFd>> {
        if path.is_empty() {
            return Ok(self.root.clone());
        }
        if let Some((last, directory)) = &self.last
            && last == path
        {
            return Ok(directory.clone());
        }
        let mut directory = self.root.clone();
        for name in path.split(|b| *b == b'/') {
            directory = Arc::new(rustix::fs::openat(&directory, name, ON_THE_WAY, Mode::empty())?);
        }
        self.last = Some((path.to_vec(), directory.clone()));
        Ok(directory)
    }

    /// The directory that holds a path, and its last name.
    fn parent<'p>(&mut self, path: &'p [u8]) -> io::Result<(Arc<OwnedFd>, &'p OsStr)> {
        let (parent, name) = match path.iter().rposition(|b| *b == b'/') {
            Some(end) => (&path[..end], &path[end + 1..]),
            None => (&path[..0], path),
        };
        Ok((self.directory(parent)?, OsStr::from_bytes(name)))
    }

    /// What is in a directory, without `.` and `..`.
    pub(crate) fn list(&mut self, path: &[u8]) -> io::Result<Vec<Entry>> {
        let directory = self.directory(path)?;
        let mut names = Vec::new();
        for found in Dir::read_from(&directory)? {
            let found = found?;
            let name = found.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            match rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(facts) => names.push(entry(name.to_bytes(), &facts)),
                // It went meanwhile.
                Err(rustix::io::Errno::NOENT) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(names)
    }

    pub(crate) fn make_dir(&mut self, path: &[u8]) -> io::Result<()> {
        let (directory, name) = self.parent(path)?;
        Ok(rustix::fs::mkdirat(directory, name, Mode::from(0o777))?)
    }

    /// What the directory itself has, as the entry of this name.
    pub(crate) fn facts(&self, name: &[u8]) -> io::Result<Entry> {
        Ok(entry(name, &rustix::fs::fstat(&self.root)?))
    }

    /// Sets when a directory was changed last.
    pub(crate) fn set_modified(&mut self, path: &[u8], seconds: i64) -> io::Result<()> {
        Ok(rustix::fs::futimens(self.directory(path)?, &timestamps(seconds))?)
    }

    /// Removes a file, or a link itself.
    pub(crate) fn remove(&mut self, path: &[u8]) -> io::Result<()> {
        let (directory, name) = self.parent(path)?;
        Ok(rustix::fs::unlinkat(directory, name, AtFlags::empty())?)
    }

    pub(crate) fn remove_dir(&mut self, path: &[u8]) -> io::Result<()> {
        self.last = None;
        let (directory, name) = self.parent(path)?;
        Ok(rustix::fs::unlinkat(directory, name, AtFlags::REMOVEDIR)?)
    }

    /// A file's octets, and its facts as they are now. What is no regular file is not waited for.
    pub(crate) fn read(&mut self, path: &[u8]) -> io::Result<(Blob, Entry)> {
        let (directory, name) = self.parent(path)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(directory, name, flags, Mode::empty())?;
        let facts = rustix::fs::fstat(&file)?;
        let entry = entry(name.as_bytes(), &facts);
        if entry.what != What::File {
            return Err(io::Error::other("is not a regular file any more"));
        }
        let ns = |seconds: i64, ns: i64| i128::from(seconds) * 1_000_000_000 + i128::from(ns);
        let len = u64::try_from(facts.st_size).unwrap_or(0);
        let identity = Identity {
            dev: facts.st_dev,
            ino: facts.st_ino,
            len,
            modified: ns(facts.st_mtime, facts.st_mtime_nsec as i64),
            changed: ns(facts.st_ctime, facts.st_ctime_nsec as i64),
        };
        Ok((Blob::File { file: Arc::new(File::from(file)), len, identity }, entry))
    }

    /// A file that is to be at a path when it is whole, with these permissions less the process's umask.
    pub(crate) fn begin(&mut self, path: &[u8], mode: Option<u32>) -> io::Result<Temp> {
        let (directory, name) = self.parent(path)?;
        let unfinished = self.names.name();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from(mode.unwrap_or(0o666) & 0o777);
        let file = File::from(rustix::fs::openat(&directory, &unfinished[..], flags, mode)?);
        Ok(Temp { directory, unfinished, name: name.as_bytes().to_vec(), file, is_landed: false })
    }
}

/// A file that is not whole yet; dropped so, it is gone.
pub(crate) struct Temp {
    directory: Arc<OwnedFd>,
    unfinished: Vec<u8>,
    name: Vec<u8>,
    file: File,
    is_landed: bool,
}

impl Temp {
    pub(crate) fn write_at(&self, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.file.write_all_at(octets, offset)
    }

    /// Its descriptor, open for writing.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Gives it its name, in place of a file that has it.
    pub(crate) fn land(mut self, modified: Option<i64>) -> io::Result<()> {
        if let Some(seconds) = modified {
            rustix::fs::futimens(&self.file, &timestamps(seconds))?;
        }
        rustix::fs::renameat(&self.directory, &self.unfinished[..], &self.directory, &self.name[..])?;
        self.is_landed = true;
        Ok(())
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        if !self.is_landed {
            let _ = rustix::fs::unlinkat(&self.directory, &self.unfinished[..], AtFlags::empty());
        }
    }
}

fn timestamps(seconds: i64) -> Timestamps {
    let of = |tv_nsec| Timespec { tv_sec: seconds, tv_nsec };
    Timestamps { last_access: of(UTIME_NOW), last_modification: of(0) }
}

fn entry(name: &[u8], facts: &Stat) -> Entry {
    Entry {
        name: name.to_vec(),
        what: What::of_mode(facts.st_mode),
        len: u64::try_from(facts.st_size).ok(),
        modified: Some(facts.st_mtime),
        grain: 1,
        mode: Some(facts.st_mode & 0o777),
    }
}
