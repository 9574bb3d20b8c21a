use super::{Inner, dir};
use crate::{BATCH, Cursor, Entry, RESERVED, Result, SORTED, VPath};
use rustix::fs::{AtFlags, FileType, OFlags, RawDir};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Octets of one getdents call; a record of the longest name has 280.
const BUFFER: usize = 32 << 10;

struct Listing {
    inner: Arc<Inner>,
    path: VPath,
    dir: OwnedFd,
    /// Read, but not given yet: what they stand for is asked when they are.
    names: Names,
    /// The sorted ones have been read.
    is_begun: bool,
}

/// Names, one behind the other; 4,096 of 20 octets are 112 KiB.
#[derive(Default)]
struct Names {
    octets: Vec<u8>,
    /// Where each begins, and its length.
    spans: Vec<(usize, usize)>,
    /// So many have been given.
    given: usize,
}

impl Names {
    fn push(&mut self, name: &[u8]) {
        self.spans.push((self.octets.len(), name.len()));
        self.octets.extend(name);
    }

    fn of(octets: &[u8], (at, len): (usize, usize)) -> &[u8] {
        &octets[at..at + len]
    }

    fn sort(&mut self) {
        let octets = &self.octets;
        self.spans.sort_unstable_by(|a, b| Self::of(octets, *a).cmp(Self::of(octets, *b)));
    }

    /// The next that have not been given, `BATCH` at most.
    fn give(&mut self) -> impl Iterator<Item = &[u8]> {
        let from = self.given;
        self.given = self.spans.len().min(from + BATCH);
        self.spans[from..self.given].iter().map(|span| Self::of(&self.octets, *span))
    }

    fn clear(&mut self) {
        self.octets.clear();
        self.spans.clear();
        self.given = 0;
    }
}

pub(super) fn begin(inner: &Arc<Inner>, path: &VPath) -> Result<Box<dyn Cursor>> {
    let dir = dir::open_dir(&inner.root, path)?;
    let names = Names::default();
    Ok(Box::new(Listing { inner: inner.clone(), path: path.clone(), dir, names, is_begun: false }))
}

impl Cursor for Listing {
    fn next(&mut self) -> Result<Vec<Entry>> {
        loop {
            if self.names.given == self.names.spans.len() && !self.read()? {
                return Ok(Vec::new());
            }
            let (inner, path, dir) = (&self.inner, &self.path, &self.dir);
            let mut batch = Vec::with_capacity(BATCH);
            batch.extend(self.names.give().filter_map(|name| entry(inner, path, dir, name)));
            // A batch of names that are not shown is not the end.
            if !batch.is_empty() {
                return Ok(batch);
            }
        }
    }
}

impl Listing {
    /// Reads the next names: at first as many as are sorted, then what one call of the kernel has. `false` at the end.
    fn read(&mut self) -> Result<bool> {
        let (dir, found) = (&self.dir, &mut self.names);
        found.clear();
        let read = |found: &mut Names| {
            names(dir, |name| {
                if !name.starts_with(RESERVED) {
                    found.push(name);
                }
            })
        };
        if self.is_begun {
            return read(found);
        }
        self.is_begun = true;
        let mut any = false;
        while found.spans.len() < SORTED && read(found)? {
            any = true;
        }
        found.sort();
        Ok(any)
    }
}

/// What a name stands for; nothing for what cannot be served (and for what vanished meanwhile).
fn entry(inner: &Inner, path: &VPath, dir: &OwnedFd, name: &[u8]) -> Option<Entry> {
    let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let facts = if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
        let fd = dir::open_beneath(&inner.root, &path.child(name).ok()?, OFlags::PATH).ok()?;
        dir::look_at(&fd).ok()?.facts
    } else {
        dir::facts(&stat)?
    };
    Some(Entry { name: name.to_vec(), facts })
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
