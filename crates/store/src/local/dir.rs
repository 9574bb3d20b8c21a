//! From a path to a descriptor.

use crate::{Facts, Identity, Kind, Result, StoreError, VPath};
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What was found under a name.
pub(super) struct Looked {
    pub(super) facts: Facts,
    pub(super) identity: Identity,
}

/// Opens below the root, following links that stay there.
pub(super) fn open_beneath(root: &OwnedFd, path: &VPath, flags: OFlags) -> Result<OwnedFd> {
    if path.is_reserved() {
        return Err(StoreError::Absent);
    }
    let relative = if path.is_root() { b"." } else { path.relative() };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut tries = 0;
    loop {
        let fd = rustix::fs::openat2(root, relative, flags | OFlags::CLOEXEC, Mode::empty(), resolve);
        match fd {
            // The kernel could not tell whether a rename elsewhere made `..` leave the root: openat2(2).
            Err(Errno::AGAIN) if tries < 16 => tries += 1,
            Err(Errno::INTR) => {}
            // A socket, a device without driver, a FIFO for writing.
            Err(Errno::NXIO | Errno::NODEV) => return Err(StoreError::NotRegular),
            fd => return Ok(fd?),
        }
    }
}

/// Opens a directory so that it can be listed and synced.
pub(super) fn open_dir(root: &OwnedFd, path: &VPath) -> Result<OwnedFd> {
    // O_DIRECTORY says ENOTDIR before anything but a directory is opened.
    open_beneath(root, path, OFlags::RDONLY | OFlags::DIRECTORY)
}

/// Facts of a name without opening what is there.
pub(super) fn look(root: &OwnedFd, path: &VPath) -> Result<Looked> {
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

pub(super) fn octets(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).expect("no file has a negative size")
}

fn identity(stat: &Stat) -> Identity {
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
