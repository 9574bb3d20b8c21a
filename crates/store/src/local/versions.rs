//! What was written over, kept.

use super::temp::Temp;
use super::upload::copy;
use super::{Inner, names, open_file};
use crate::{Result, StoreError, VPath};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::time::SystemTime;

/// Gives the content under `path` (in `dir`) a second name among the versions; the name itself stays, so
/// that a crash leaves at worst a version of what is still there.
pub(super) fn keep(inner: &Inner, dir: &OwnedFd, path: &VPath) -> Result<VPath> {
    let now = SystemTime::now();
    let stat = rustix::fs::statat(dir, path.name(), AtFlags::SYMLINK_NOFOLLOW)?;
    let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    let mut again = 0;
    loop {
        let (below, name) = names::version(path, now, again);
        let to = directory(inner, &below)?;
        // A symbolic link may be relative to its place, so that its content is what is kept.
        let linked = if is_link {
            Err(Errno::PERM)
        } else {
            rustix::fs::linkat(dir, path.name(), &to, &name[..], AtFlags::empty())
        };
        match linked {
            Ok(()) => {}
            // Two versions in one microsecond.
            Err(Errno::EXIST) if again < 1_000 => {
                again += 1;
                continue;
            }
            // A file system without second names, or another one.
            Err(Errno::PERM | Errno::XDEV | Errno::MLINK | Errno::OPNOTSUPP) => {
                let (old, looked) = open_file(&inner.root, path)?;
                let mut temp = Temp::new(inner, &to)?;
                let copied = copy(&old, &temp.file, looked.facts.len)
                    .and_then(|()| Ok(temp.file.sync_all()?))
                    .and_then(|()| temp.publish_new(&to, &name));
                temp.discard(&to);
                match copied {
                    Err(StoreError::Exists) if again < 1_000 => {
                        again += 1;
                        continue;
                    }
                    copied => copied?,
                }
            }
            Err(e) => return Err(e.into()),
        }
        rustix::fs::fsync(&to)?;
        let mut kept = names::VERSIONS.iter().flat_map(|v| [b"/", *v].concat()).collect::<Vec<u8>>();
        kept.extend_from_slice(if below.is_root() { b"" } else { below.as_bytes() });
        kept.push(b'/');
        kept.extend_from_slice(&name);
        return VPath::root().resolve(&kept).map_err(|_| StoreError::Absent);
    }
}

/// Opens a directory below the versions', making what is not there.
fn directory(inner: &Inner, below: &VPath) -> Result<OwnedFd> {
    // No link is followed: what is here was made by us, or by somebody who wants us to leave the root.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at = rustix::fs::openat(&inner.root, ".", flags, Mode::empty())?;
    for name in names::VERSIONS.into_iter().chain(below.components()) {
        at = match rustix::fs::openat(&at, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => {
                match rustix::fs::mkdirat(&at, name, 0o700.into()) {
                    Ok(()) => rustix::fs::fsync(&at)?,
                    Err(Errno::EXIST) => {}
                    Err(e) => return Err(e.into()),
                }
                rustix::fs::openat(&at, name, flags, Mode::empty())?
            }
            opened => opened?,
        };
    }
    Ok(at)
}
