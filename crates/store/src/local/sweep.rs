//! What earlier processes left.

use super::listing::names;
use super::names::{PART, TEMP};
use super::{Inner, dir, temp, versions};
use crate::{Amount, RESERVED, Result, StoreError, VPath};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Walks the tree and removes temporaries that no process holds and partials that are too old, and versions
/// that are more than are kept.
///
/// Reads every directory once, in memory that grows with the depth and the directories on the way, not with
/// the files; links are not followed.
pub(super) fn sweep(inner: &Inner) -> std::io::Result<()> {
    let mut waiting = vec![VPath::root()];
    while let Some(path) = waiting.pop() {
        // What cannot be read or removed stays: a leftover is hidden and does no harm.
        let _ = tidy(inner, &path);
        let Ok(dir) = dir::open_dir(&inner.root, &path) else { continue };
        let mut each = |name: &[u8]| {
            if name.starts_with(RESERVED) {
                return;
            }
            let Ok(stat) = rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) else { return };
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                waiting.extend(path.child(name));
            }
        };
        while names(&dir, &mut each).is_ok_and(|more| more) {}
    }
    Ok(())
}

/// The same for one directory; gives what that freed.
pub(super) fn tidy(inner: &Inner, path: &VPath) -> Result<Amount> {
    let mut freed = versions::prune_directory(inner, path)?;
    let dir = match dir::open_dir(&inner.root, path) {
        Err(StoreError::Absent | StoreError::NotDirectory) => return Ok(freed),
        dir => dir?,
    };
    // So that no partial that is just being put there is taken for the old one of its name.
    let _alone = inner.publish.lock().unwrap_or_else(|e| e.into_inner());
    let mut each = |name: &[u8]| {
        if name.starts_with(TEMP) {
            // A temporary was never counted as what the tree holds.
            remove_unheld(&dir, name, Duration::ZERO);
        } else if name.starts_with(PART) {
            freed += remove_unheld(&dir, name, inner.options.partials_for).unwrap_or_default();
        }
    };
    while names(&dir, &mut each)? {}
    Ok(freed)
}

/// Removes a leftover that is as old as that and that no live process has locked; gives what went.
fn remove_unheld(dir: &OwnedFd, name: &[u8], age: Duration) -> Option<Amount> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(fd) = rustix::fs::openat(dir, name, flags, Mode::empty()) else { return None };
    let Ok(stat) = rustix::fs::fstat(&fd) else { return None };
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || !temp::lock(&fd) {
        return None;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let modified = Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or(0));
    let goes = now.saturating_sub(modified) >= age;
    (goes && rustix::fs::unlinkat(dir, name, AtFlags::empty()).is_ok())
        .then(|| Amount::file(dir::octets(&stat)))
}

/// Removes the leftovers of a directory that holds nothing else and that nobody holds; gives what the partials
/// among them held. `None`: there is something else.
pub(super) fn only_leftovers(parent: &OwnedFd, name: &[u8]) -> Result<Option<Amount>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(parent, name, flags, Mode::empty());
    // Looked through whole before anything is removed.
    let dir = open()?;
    let mut only = true;
    while names(&dir, |n| only &= n.starts_with(RESERVED))? {}
    if !only {
        return Ok(None);
    }
    let (dir, mut freed) = (open()?, Amount::NONE);
    let mut each = |n: &[u8]| match remove_unheld(&dir, n, Duration::ZERO) {
        Some(amount) if n.starts_with(PART) => freed += amount,
        Some(_) => {}
        None => only = false,
    };
    while names(&dir, &mut each)? {}
    Ok(only.then_some(freed))
}
