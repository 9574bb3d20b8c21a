//! From a path to a descriptor.

use crate::{Facts, Identity, Kind, Result, StoreError, VPath};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What was found under a name.
pub(super) struct Looked {
    pub(super) facts: Facts,
    pub(super) identity: Identity,
}

/// The directory that nothing leaves.
pub(super) struct Root {
    fd: OwnedFd,
    /// Step by step, for kernels before 5.6 and sandboxes without `openat2`: links are denied.
    walks: bool,
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Root {
    /// Takes an open directory; `walks` wants the portable way although there is a better one.
    pub(super) fn new(fd: OwnedFd, walks: bool) -> Root {
        let resolve = ResolveFlags::BENEATH;
        let probe = rustix::fs::openat2(&fd, ".", OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve);
        Root { walks: walks || matches!(probe, Err(Errno::NOSYS | Errno::PERM)), fd }
    }
}

impl Root {
    /// Whether the directory was removed: nobody can put it back, whoever makes another of the name.
    fn is_gone(&self) -> bool {
        rustix::fs::fstat(&self.fd).is_ok_and(|stat| stat.st_nlink == 0)
    }
}

fn gone() -> StoreError {
    StoreError::Io(io::Error::other("the directory that is served is gone"))
}

/// Opens below the root, following links that stay there.
pub(super) fn open_beneath(root: &Root, path: &VPath, flags: OFlags) -> Result<OwnedFd> {
    if path.is_reserved() {
        return Err(StoreError::Absent);
    }
    let opened = if root.walks { walk(root, path, flags) } else { resolve(root, path, flags) };
    opened.map_err(|e| match e {
        // Nothing can be opened, made or seen in a directory without a name, but what is open stays so.
        Errno::NOENT if root.is_gone() => gone(),
        // A socket, a device without driver, a FIFO for writing.
        Errno::NXIO | Errno::NODEV => StoreError::NotRegular,
        e => e.into(),
    })
}

/// The kernel resolves the path and lets nobody out: openat2(2).
fn resolve(root: &Root, path: &VPath, flags: OFlags) -> Result<OwnedFd, Errno> {
    let relative = if path.is_root() { b"." } else { path.relative() };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut tries = 0;
    loop {
        match rustix::fs::openat2(root, relative, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // The kernel could not tell whether a rename elsewhere made `..` leave the root.
            Err(Errno::AGAIN) if tries < 16 => tries += 1,
            Err(Errno::INTR) => {}
            fd => return fd,
        }
    }
}

/// One component at a time, none of them a link. A [`VPath`] has no `..`, so that nothing leads out.
fn walk(root: &Root, path: &VPath, flags: OFlags) -> Result<OwnedFd, Errno> {
    let step = OFlags::PATH | OFlags::DIRECTORY;
    let mut at = rustix::fs::openat(root, ".", step | OFlags::CLOEXEC, Mode::empty())?;
    for name in path.parent().components() {
        at = open_no_link(&at, name, step)?;
    }
    let name = if path.is_root() { b"." } else { path.name() };
    open_no_link(&at, name, flags)
}

fn open_no_link(at: &OwnedFd, name: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    let is_link = |stat: Stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    let fd = rustix::fs::openat(at, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
    match fd {
        // O_DIRECTORY says that a link is none.
        Err(Errno::NOTDIR) => {
            let stat = rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
            Err(if is_link(stat) { Errno::LOOP } else { Errno::NOTDIR })
        }
        // O_PATH opens the link itself.
        Ok(fd) if flags.contains(OFlags::PATH) && is_link(rustix::fs::fstat(&fd)?) => Err(Errno::LOOP),
        fd => fd,
    }
}

/// Opens a directory so that it can be listed and synced.
pub(super) fn open_dir(root: &Root, path: &VPath) -> Result<OwnedFd> {
    if path.is_root() && root.is_gone() {
        return Err(gone());
    }
    // O_DIRECTORY says ENOTDIR before anything but a directory is opened.
    open_beneath(root, path, OFlags::RDONLY | OFlags::DIRECTORY)
}

/// Opens below the root if that takes nothing but memory: no disk is waited for. `None` where that cannot
/// be told (the path is not cached, the kernel is older than 5.12) and where it fails in any way: the long
/// way says why.
pub(super) fn open_cached(root: &Root, path: &VPath, flags: OFlags) -> Option<OwnedFd> {
    if root.walks || path.is_reserved() {
        return None;
    }
    let relative = if path.is_root() { b"." } else { path.relative() };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::CACHED;
    rustix::fs::openat2(root, relative, flags | OFlags::CLOEXEC, Mode::empty(), resolve).ok()
}

/// Facts of a name without opening what is there.
pub(super) fn look(root: &Root, path: &VPath) -> Result<Looked> {
    look_at(&open_beneath(root, path, OFlags::PATH)?)
}

/// Facts of an open file or directory.
pub(super) fn look_at(fd: impl AsFd) -> Result<Looked> {
    let stat = rustix::fs::fstat(fd)?;
    Ok(Looked { facts: facts(&stat).ok_or(StoreError::NotRegular)?, identity: identity(&stat) })
}

/// Facts; none of what is neither file nor directory.
pub(super) fn facts(stat: &Stat) -> Option<Facts> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        _ => return None,
    };
    Some(Facts {
        kind,
        len: match kind {
            Kind::File => octets(stat),
            Kind::Directory => 0,
        },
        modified: time(stat.st_mtime, stat.st_mtime_nsec),
        mode: stat.st_mode & 0o777,
        unique: (stat.st_dev, stat.st_ino),
    })
}

pub(crate) fn octets(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).expect("no file has a negative size")
}

pub(crate) fn identity(stat: &Stat) -> Identity {
    let ns = |secs: i64, nsec: u64| i128::from(secs) * 1_000_000_000 + i128::from(nsec);
    Identity {
        dev: stat.st_dev,
        ino: stat.st_ino,
        len: octets(stat),
        modified: ns(stat.st_mtime, stat.st_mtime_nsec),
        changed: ns(stat.st_ctime, stat.st_ctime_nsec),
    }
}

fn time(secs: i64, nsec: u64) -> SystemTime {
    let whole = Duration::from_secs(secs.unsigned_abs());
    let base = if secs < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
    base.and_then(|t| t.checked_add(Duration::from_nanos(nsec))).unwrap_or(UNIX_EPOCH)
}
