//! What is there, counted.

use super::Inner;
use super::dir::octets;
use super::listing::names;
use crate::{Result, StoreError};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use std::os::fd::OwnedFd;

/// Deeper trees are not counted: each level holds a descriptor.
const DEPTH: usize = 64;

/// Octets of the regular files below the root, ours among them. Links are not followed; a file with two
/// names counts twice.
pub(super) fn used(inner: &Inner) -> Result<u64> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = rustix::fs::openat(&inner.root, ".", flags, Mode::empty())?;
    below(&dir, DEPTH)
}

fn below(dir: &OwnedFd, depth: usize) -> Result<u64> {
    let mut sum = 0u64;
    let mut failed = None;
    let mut each = |name: &[u8]| match entry(dir, name, depth) {
        Ok(octets) => sum = sum.saturating_add(octets),
        Err(e) => failed = Some(e),
    };
    while names(dir, &mut each)? {}
    failed.map_or(Ok(sum), Err)
}

fn entry(dir: &OwnedFd, name: &[u8], depth: usize) -> Result<u64> {
    let stat = match rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        // It went meanwhile.
        Err(rustix::io::Errno::NOENT) => return Ok(0),
        stat => stat?,
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(octets(&stat)),
        FileType::Directory if depth == 0 => Err(StoreError::Unsupported("counting so deep a tree")),
        FileType::Directory => {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            below(&rustix::fs::openat(dir, name, flags, Mode::empty())?, depth - 1)
        }
        _other => Ok(0),
    }
}
