use super::{Inner, dir};
use crate::{Cursor, Entry, RESERVED, Result, VPath};
use rustix::fs::{AtFlags, FileType, OFlags, RawDir};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Octets of one getdents call: 256 of the shortest records (24 octets), so that a call of the cursor
/// gives at most 256 entries; a record of the longest name has 280.
const BUFFER: usize = 256 * 24;

struct Listing {
    inner: Arc<Inner>,
    path: VPath,
    dir: OwnedFd,
}

pub(super) fn begin(inner: &Arc<Inner>, path: &VPath) -> Result<Box<dyn Cursor>> {
    let dir = dir::open_dir(&inner.root, path)?;
    Ok(Box::new(Listing { inner: inner.clone(), path: path.clone(), dir }))
}

impl Cursor for Listing {
    fn next(&mut self) -> Result<Vec<Entry>> {
        loop {
            let mut batch = Vec::new();
            let more = names(&self.dir, |name| batch.extend(self.entry(name)))?;
            // A batch of names that are not shown is not the end.
            if !more || !batch.is_empty() {
                return Ok(batch);
            }
        }
    }
}

impl Listing {
    /// What a name stands for; nothing for what cannot be served (and for what vanished meanwhile).
    fn entry(&self, name: &[u8]) -> Option<Entry> {
        if name.starts_with(RESERVED) {
            return None;
        }
        let stat = rustix::fs::statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let facts = if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
            let path = self.path.child(name).ok()?;
            let fd = dir::open_beneath(&self.inner.root, &path, OFlags::PATH).ok()?;
            dir::look_at(&fd).ok()?.facts
        } else {
            dir::facts(&stat)?
        };
        Some(Entry { name: name.to_vec(), facts })
    }
}

/// Hands on the names of one getdents call, without `.` and `..`; `false` at the end.
///
/// The position is the descriptor's own, so nothing is kept between calls.
pub(super) fn names(dir: &OwnedFd, mut each: impl FnMut(&[u8])) -> Result<bool> {
    let mut buffer = [MaybeUninit::<u8>::uninit(); BUFFER];
    let mut raw = RawDir::new(dir, &mut buffer);
    let mut any = false;
    while let Some(entry) = raw.next() {
        let entry = entry?;
        any = true;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            each(name);
        }
        if raw.is_buffer_empty() {
            break;
        }
    }
    Ok(any)
}
