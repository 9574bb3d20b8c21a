//! What was written over, kept.

use super::dir::octets;
use super::listing::names as names_of;
use super::temp::Temp;
use super::upload::copy;
use super::{Inner, names, open_file};
use crate::{Amount, Result, Stamp, StoreError, VPath, Version};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A version that was made.
pub(super) struct Kept {
    /// Where.
    pub(super) at: VPath,
    /// Device and inode of what it was made of.
    pub(super) of: (u64, u64),
}

/// Keeps the content under `name` (in `dir`) as a version of `path`, by a second name; the name itself stays,
/// so that a crash leaves at worst a version of what is still there.
pub(super) fn keep(inner: &Inner, dir: &OwnedFd, name: &[u8], path: &VPath) -> Result<Kept> {
    let now = SystemTime::now();
    let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    let (below, base) = names::versions(path);
    let to = make_directory(inner, &below)?;
    let mut of = (stat.st_dev, stat.st_ino);
    let mut again = 0;
    loop {
        let version = [&base[..], Stamp::new(now, again).to_string().as_bytes()].concat();
        // A symbolic link may be relative to its place, so that its content is what is kept.
        let linked = if is_link {
            Err(Errno::PERM)
        } else {
            rustix::fs::linkat(dir, name, &to, &version[..], AtFlags::empty())
        };
        let made = match linked {
            Ok(()) => {
                let stat = rustix::fs::statat(&to, &version[..], AtFlags::SYMLINK_NOFOLLOW)?;
                of = (stat.st_dev, stat.st_ino);
                Ok(())
            }
            // A file system without second names, or another one.
            Err(Errno::PERM | Errno::XDEV | Errno::MLINK | Errno::OPNOTSUPP) => {
                let (old, octets) = if is_link {
                    let (old, looked) = open_file(&inner.root, path)?;
                    (old, looked.facts.len)
                } else {
                    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                    let old = File::from(rustix::fs::openat(dir, name, flags, Mode::empty())?);
                    let stat = rustix::fs::fstat(&old)?;
                    of = (stat.st_dev, stat.st_ino);
                    (old, octets(&stat))
                };
                let mut temp = Temp::new(inner, &to)?;
                let copied = copy(&old, &temp.file, octets)
                    .and_then(|()| Ok(temp.file.sync_all()?))
                    .and_then(|()| temp.publish_new(&to, &version));
                temp.discard(&to);
                copied
            }
            Err(e) => Err(e.into()),
        };
        match made {
            // Two versions in one microsecond.
            Err(StoreError::Exists) if again < 1_000 => {
                again += 1;
                continue;
            }
            made => made?,
        }
        rustix::fs::fsync(&to)?;
        let mut kept = names::VERSIONS.iter().flat_map(|v| [b"/", *v].concat()).collect::<Vec<u8>>();
        kept.extend_from_slice(if below.is_root() { b"" } else { below.as_bytes() });
        kept.push(b'/');
        kept.extend_from_slice(&version);
        let at = VPath::root().resolve(&kept).map_err(|_| StoreError::Absent)?;
        return Ok(Kept { at, of });
    }
}

/// No link is followed: what is here was made by us, or by somebody who wants us to leave the root.
const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens a directory below the versions', making what is not there.
fn make_directory(inner: &Inner, below: &VPath) -> Result<OwnedFd> {
    let mut at = rustix::fs::openat(&inner.root, ".", DIRECTORY, Mode::empty())?;
    for name in names::VERSIONS.into_iter().chain(below.components()) {
        at = match rustix::fs::openat(&at, name, DIRECTORY, Mode::empty()) {
            Err(Errno::NOENT) => {
                match rustix::fs::mkdirat(&at, name, 0o700.into()) {
                    Ok(()) => rustix::fs::fsync(&at)?,
                    Err(Errno::EXIST) => {}
                    Err(e) => return Err(e.into()),
                }
                rustix::fs::openat(&at, name, DIRECTORY, Mode::empty())?
            }
            opened => opened?,
        };
    }
    Ok(at)
}

/// Opens a directory below the versions'; `None`: nothing was ever kept there.
pub(super) fn directory(inner: &Inner, below: &VPath) -> Result<Option<OwnedFd>> {
    let mut at = rustix::fs::openat(&inner.root, ".", DIRECTORY, Mode::empty())?;
    for name in names::VERSIONS.into_iter().chain(below.components()) {
        at = match rustix::fs::openat(&at, name, DIRECTORY, Mode::empty()) {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
            opened => opened?,
        };
    }
    Ok(Some(at))
}

/// The versions of a path, the oldest first.
pub(super) fn list(inner: &Inner, path: &VPath) -> Result<Vec<Version>> {
    let (below, base) = names::versions(path);
    let Some(dir) = directory(inner, &below)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut each = |name: &[u8]| {
        let Some((_, stamp)) = names::read_version(name).filter(|(b, _)| *b == base) else { return };
        // One that went meanwhile is none.
        let Ok(stat) = rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) else { return };
        if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
            let since = Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or(0));
            let modified = UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH);
            found.push(Version { stamp, len: octets(&stat), modified });
        }
    };
    while names_of(&dir, &mut each)? {}
    let now = SystemTime::now();
    found.sort_by_key(|version| version.stamp.age(now));
    Ok(found)
}

/// The names in a directory of the tree that have versions; those that are too long to be told are left out.
pub(super) fn names_with_some(inner: &Inner, below: &VPath) -> Result<Vec<Vec<u8>>> {
    let Some(dir) = directory(inner, below)? else { return Ok(Vec::new()) };
    let mut found = BTreeSet::new();
    let mut each = |name: &[u8]| {
        let Some((base, _)) = names::read_version(name) else { return };
        let base = &base[..base.len() - 1];
        // One whose place is another is no name, nor is the digest of one that is too long.
        let is_digest = below.is_root() && base.starts_with(b"long-") && base.len() == 5 + 32;
        if !is_digest && below.child(base).is_ok_and(|path| names::versions(&path).0 == *below) {
            found.insert(base.to_vec());
        }
    };
    while names_of(&dir, &mut each)? {}
    Ok(found.into_iter().collect())
}

/// Opens a version's file.
pub(super) fn open(inner: &Inner, path: &VPath, stamp: Stamp) -> Result<OwnedFd> {
    let (below, base) = names::versions(path);
    let dir = directory(inner, &below)?.ok_or(StoreError::Absent)?;
    let name = [&base[..], stamp.to_string().as_bytes()].concat();
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(&dir, &name[..], flags, Mode::empty())?)
}

/// Removes those versions of a path that are more than are kept.
pub(super) fn prune(inner: &Inner, path: &VPath) -> Result<Amount> {
    if inner.options.keep.is_everything() {
        return Ok(Amount::NONE);
    }
    let (below, base) = names::versions(path);
    let Some(dir) = directory(inner, &below)? else { return Ok(Amount::NONE) };
    prune_in(inner, &dir, |b| b == base)
}

/// The same for all names of a directory of the tree.
pub(super) fn prune_directory(inner: &Inner, below: &VPath) -> Result<Amount> {
    if inner.options.keep.is_everything() {
        return Ok(Amount::NONE);
    }
    let Some(dir) = directory(inner, below)? else { return Ok(Amount::NONE) };
    prune_in(inner, &dir, |_| true)
}

fn prune_in(inner: &Inner, dir: &OwnedFd, is_one: impl Fn(&[u8]) -> bool) -> Result<Amount> {
    let mut found: BTreeMap<Vec<u8>, Vec<Stamp>> = BTreeMap::new();
    let mut each = |name: &[u8]| {
        if let Some((base, stamp)) = names::read_version(name).filter(|(b, _)| is_one(b)) {
            found.entry(base.to_vec()).or_default().push(stamp);
        }
    };
    while names_of(dir, &mut each)? {}
    // Looked at after the names were read: none of them was made later.
    let (mut freed, now) = (Amount::NONE, SystemTime::now());
    for (base, stamps) in found {
        for stamp in inner.options.keep.too_many(stamps, now) {
            let name = [&base[..], stamp.to_string().as_bytes()].concat();
            let Ok(stat) = rustix::fs::statat(dir, &name[..], AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
            // What cannot be removed now is tried again with the next version.
            if is_file && rustix::fs::unlinkat(dir, &name[..], AtFlags::empty()).is_ok() {
                freed += Amount::file(octets(&stat));
            }
        }
    }
    Ok(freed)
}
