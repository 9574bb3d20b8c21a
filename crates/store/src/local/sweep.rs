//! What earlier processes left.

use super::listing::names;
use super::names::{PART, TEMP, VERSIONS};
use super::{Inner, temp};
use crate::{RESERVED, Result};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Deeper directories are not swept: each level holds a descriptor.
const DEPTH: usize = 64;

/// Walks the tree and removes temporaries that no process holds and partials that are too old.
///
/// Reads every directory once, in memory that does not grow with the tree; links are not followed.
pub(super) fn sweep(inner: &Inner) -> std::io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = rustix::fs::openat(&inner.root, ".", flags, Mode::empty())?;
    sweep_dir(&dir, inner.options.partials_for, DEPTH);
    Ok(())
}

/// What cannot be read or removed stays: a leftover is hidden and does no harm.
fn sweep_dir(dir: &OwnedFd, partials_for: Duration, depth: usize) {
    let each = |name: &[u8]| {
        if name.starts_with(TEMP) {
            remove_unheld(dir, name, Duration::ZERO);
        } else if name.starts_with(PART) {
            remove_unheld(dir, name, partials_for);
        } else if depth > 0 && name != VERSIONS[0] {
            // ENOTDIR for a file or link costs less than to ask its type first.
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            if let Ok(below) = rustix::fs::openat(dir, name, flags, Mode::empty()) {
                sweep_dir(&below, partials_for, depth - 1);
            }
        }
    };
    let mut each = each;
    while names(dir, &mut each).is_ok_and(|more| more) {}
}

/// Removes a leftover that is as old as that and that no live process has locked; tells whether it went.
fn remove_unheld(dir: &OwnedFd, name: &[u8], age: Duration) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(fd) = rustix::fs::openat(dir, name, flags, Mode::empty()) else { return false };
    let Ok(stat) = rustix::fs::fstat(&fd) else { return false };
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || !temp::lock(&fd) {
        return false;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let modified = Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or(0));
    now.saturating_sub(modified) >= age && rustix::fs::unlinkat(dir, name, AtFlags::empty()).is_ok()
}

/// Whether a directory holds leftovers only; those that nobody holds are gone then.
pub(super) fn only_leftovers(parent: &OwnedFd, name: &[u8]) -> Result<bool> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(parent, name, flags, Mode::empty());
    // Looked through whole before anything is removed.
    let dir = open()?;
    let mut only = true;
    while names(&dir, |n| only &= n.starts_with(RESERVED))? {}
    if !only {
        return Ok(false);
    }
    let dir = open()?;
    while names(&dir, |n| only &= remove_unheld(&dir, n, Duration::ZERO))? {}
    Ok(only)
}
