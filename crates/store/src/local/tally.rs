//! What is there, counted.

use super::dir::{self, octets};
use super::listing::names;
use super::names::{PART, TEMP};
use super::{Inner, temp, versions};
use crate::{Amount, RESERVED, Result, StoreError, Tally, VPath};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use std::os::fd::OwnedFd;

/// What one directory holds: its regular files and directories, the partials in it that no upload has open, and
/// the versions of names in it. Links are not followed; a file with two names counts twice.
pub(super) fn tally(inner: &Inner, path: &VPath) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut add = |dir: &OwnedFd, name: &[u8], is_tree: bool| -> Result<()> {
        let stat = match rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            // It went meanwhile.
            Err(rustix::io::Errno::NOENT) => return Ok(()),
            stat => stat?,
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile if !name.starts_with(PART) || !is_held(dir, name) => {
                let file = Amount::file(octets(&stat));
                tally.holds += file;
                tally.versions += if is_tree { Amount::NONE } else { file };
            }
            FileType::Directory => {
                if is_tree {
                    tally.holds += Amount::DIRECTORY;
                }
                tally.directories.push(name.to_vec());
            }
            _other => {}
        }
        Ok(())
    };
    let there = match dir::open_dir(&inner.root, path) {
        Err(StoreError::Absent | StoreError::NotDirectory) => None,
        dir => Some(dir?),
    };
    let kept = versions::directory(inner, path)?;
    if there.is_none() && kept.is_none() {
        return Err(StoreError::Absent);
    }
    let mut failed = None;
    if let Some(dir) = &there {
        let mut each = |name: &[u8]| {
            if name.starts_with(PART) || !name.starts_with(RESERVED) {
                failed = add(dir, name, true).err().or(failed.take());
            }
        };
        while names(dir, &mut each)? {}
    }
    if let Some(dir) = &kept {
        let mut each = |name: &[u8]| {
            if !name.starts_with(TEMP) {
                failed = add(dir, name, false).err().or(failed.take());
            }
        };
        while names(dir, &mut each)? {}
    }
    tally.directories.sort();
    tally.directories.dedup();
    failed.map_or(Ok(tally), Err)
}

/// Whether an upload goes on with this partial: then it counts as that upload.
fn is_held(dir: &OwnedFd, name: &[u8]) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::openat(dir, name, flags, Mode::empty()).is_ok_and(|fd| !temp::lock(&fd))
}
