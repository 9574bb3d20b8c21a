//! A tree made of several backends, each mounted at a path.
//!
//! The backend with the longest path that a name lies within has it, and what another backend has there is
//! hidden. A mount point and the directories that lead to it are there for everybody, whether or not a
//! directory of that name is in the backend above. Where nothing is mounted at `/`, the root is an empty
//! directory that nobody can write to.
//!
//! Nothing moves between mounts: a rename says [`StoreError::OtherFileSystem`]. Neither a mount point nor a
//! directory above one can be renamed or removed. A symbolic link is resolved by its backend and so never
//! leads into another mount.
//!
//! Finding the mount of a name takes one look-up for each of the directories above it and allocates nothing;
//! the name within a mount that is not the root's takes one allocation.

mod nothing;
#[cfg(test)]
mod tests;

use crate::{
    Amount, Attributes, BATCH, Blob, Capabilities, Cursor, Entry, Facts, Kind, Mode, Published, Result, Sink,
    Space, Stamp, Store, StoreError, Suspended, Tally, Target, Upload, VPath, Version,
};
use nothing::Nothing;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::SystemTime;

/// A backend and where it is.
#[derive(Clone)]
pub struct Mount {
    /// The path under which its root is.
    pub at: VPath,
    /// The backend.
    pub store: Arc<dyn Store>,
    /// Whether anything there may be changed; a backend may refuse it besides.
    pub write: bool,
}

/// Why mounts do not make a tree.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadMount {
    /// Two at one path.
    #[error("two mounts at {0}: give each a path of its own")]
    Twice(VPath),
    /// A path of the store's own.
    #[error("{0} is a name that the store keeps for itself: mount at another path")]
    Reserved(VPath),
}

/// The tree. Its parts are fixed.
pub struct Mounts {
    /// By path; there is always one at the root.
    mounts: BTreeMap<VPath, Mount>,
    /// The directories above mount points, and what in each leads to one.
    above: BTreeMap<VPath, BTreeSet<Vec<u8>>>,
    /// The time of the directories that are in no backend.
    since: SystemTime,
}

/// A name, and the mount that has it.
struct Place<'a> {
    mount: &'a Mount,
    /// What the backend calls it.
    path: VPath,
}

impl Mounts {
    /// A tree of these.
    pub fn new(mounts: Vec<Mount>) -> Result<Mounts, BadMount> {
        let mut by_path = BTreeMap::new();
        for mount in mounts {
            let at = mount.at.clone();
            if at.is_reserved() {
                return Err(BadMount::Reserved(at));
            }
            if by_path.insert(at.clone(), mount).is_some() {
                return Err(BadMount::Twice(at));
            }
        }
        by_path.entry(VPath::root()).or_insert_with(|| Mount {
            at: VPath::root(),
            store: Arc::new(Nothing),
            write: false,
        });
        let mut above: BTreeMap<VPath, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for at in by_path.keys() {
            let mut at = at.clone();
            while !at.is_root() {
                above.entry(at.parent()).or_default().insert(at.name().to_vec());
                at = at.parent();
            }
        }
        Ok(Mounts { mounts: by_path, above, since: SystemTime::now() })
    }

    /// The mounts, by path.
    pub fn iter(&self) -> impl Iterator<Item = &Mount> {
        self.mounts.values()
    }

    /// The mount that has `path`.
    pub fn mount_of(&self, path: &VPath) -> &Mount {
        let octets = path.as_bytes();
        let mut end = octets.len();
        loop {
            let above = if end == 0 { &b"/"[..] } else { &octets[..end] };
            if let Some(mount) = self.mounts.get(above) {
                return mount;
            }
            end = octets[..end].iter().rposition(|&b| b == b'/').unwrap_or(0);
        }
    }

    fn place(&self, path: &VPath) -> Place<'_> {
        let mount = self.mount_of(path);
        Place { mount, path: path.below(&mount.at).expect("the mount's path is the beginning of this one") }
    }

    /// The same, to change something.
    fn writable(&self, path: &VPath) -> Result<Place<'_>> {
        let place = self.place(path);
        if place.mount.write { Ok(place) } else { Err(StoreError::Denied) }
    }

    /// What is there and the other name that it gets, both of one mount.
    fn both(&self, from: &VPath, to: &VPath) -> Result<(Place<'_>, Place<'_>)> {
        if self.is_above(from) || self.is_above(to) {
            return Err(StoreError::Denied);
        }
        let (old, new) = (self.writable(from)?, self.writable(to)?);
        // A mount point itself: the root of its backend, which nobody renames.
        if old.path.is_root() || new.path.is_root() {
            return Err(StoreError::Denied);
        }
        if old.mount.at != new.mount.at {
            old.mount.store.stat(&old.path)?;
            return Err(StoreError::OtherFileSystem);
        }
        Ok((old, new))
    }

    /// Whether a path leads to a mount point below it.
    fn is_above(&self, path: &VPath) -> bool {
        self.above.contains_key(path.as_bytes())
    }

    /// A directory that leads to a mount point and is in no backend.
    fn made_up(&self, path: &VPath) -> Facts {
        let nth = self.above.keys().take_while(|above| *above != path).count() as u64;
        Facts { kind: Kind::Directory, len: 0, modified: self.since, mode: 0o555, unique: (u64::MAX, nth) }
    }
}

impl Store for Mounts {
    /// What one of the mounts can.
    fn capabilities(&self) -> Capabilities {
        self.mounts.values().map(can).fold(Capabilities::default(), |a, b| Capabilities {
            write: a.write || b.write,
            resume: a.resume || b.resume,
            directories: a.directories || b.directories,
            facts: a.facts || b.facts,
            links: a.links || b.links,
            symlinks: a.symlinks || b.symlinks,
        })
    }

    fn capabilities_at(&self, path: &VPath) -> Capabilities {
        can(self.mount_of(path))
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        let Place { mount, path: within } = self.place(path);
        let facts = mount.store.stat(&within);
        if !self.is_above(path) {
            return facts;
        }
        Ok(facts.ok().filter(|f| f.kind == Kind::Directory).unwrap_or_else(|| self.made_up(path)))
    }

    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        let Place { mount, path: within } = self.place(path);
        let under = mount.store.list(&within);
        let Some(names) = self.above.get(path) else { return under };
        let leads = names.iter().map(|name| {
            let path = path.child(name).expect("a component of a mount's path");
            let facts = self.stat(&path).unwrap_or_else(|_| self.made_up(&path));
            Entry { name: name.clone(), facts }
        });
        Ok(Box::new(Listing {
            leads: leads.collect(),
            under: under.ok(),
            hidden: names.clone(),
            ready: VecDeque::new(),
        }))
    }

    fn open(&self, path: &VPath) -> Result<Blob> {
        if self.is_above(path) {
            return Err(StoreError::IsDirectory);
        }
        let Place { mount, path } = self.place(path);
        mount.store.open(&path)
    }

    fn open_now(&self, path: &VPath) -> Option<Blob> {
        if self.is_above(path) {
            return None;
        }
        let Place { mount, path } = self.place(path);
        mount.store.open_now(&path)
    }

    fn create(&self, path: &VPath, mode: Mode, owner: &str) -> Result<Box<dyn Upload>> {
        if self.is_above(path) {
            return Err(StoreError::IsDirectory);
        }
        let Place { mount, path: within } = self.writable(path)?;
        let upload = mount.store.create(&within, mode, owner).map_err(|e| match e {
            // The directory is there for everybody, but not in the backend that would have to hold the file.
            StoreError::Absent if self.is_above(&path.parent()) => StoreError::Denied,
            e => e,
        })?;
        if mount.at.is_root() {
            return Ok(upload);
        }
        Ok(Box::new(Mounted { at: mount.at.clone(), inner: upload }))
    }

    fn partial(&self, path: &VPath, owner: &str) -> Option<u64> {
        let Place { mount, path } = self.place(path);
        mount.store.partial(&path, owner)
    }

    fn rename_to(&self, from: &VPath, to: &VPath, target: Target) -> Result<Amount> {
        let (old, new) = self.both(from, to)?;
        old.mount.store.rename_to(&old.path, &new.path, target)
    }

    fn remove(&self, path: &VPath) -> Result<Amount> {
        if self.is_above(path) {
            return Err(StoreError::IsDirectory);
        }
        let Place { mount, path } = self.writable(path)?;
        mount.store.remove(&path)
    }

    fn make_dir(&self, path: &VPath) -> Result<()> {
        if self.is_above(path) {
            return Err(StoreError::Exists);
        }
        let Place { mount, path: within } = self.writable(path)?;
        mount.store.make_dir(&within).map_err(|e| match e {
            StoreError::Absent if self.is_above(&path.parent()) => StoreError::Denied,
            e => e,
        })
    }

    fn remove_dir(&self, path: &VPath) -> Result<Amount> {
        if self.mounts.contains_key(path) {
            return Err(StoreError::Denied);
        }
        if self.is_above(path) {
            return Err(StoreError::NotEmpty);
        }
        let Place { mount, path } = self.writable(path)?;
        mount.store.remove_dir(&path)
    }

    fn set_modified(&self, path: &VPath, to: SystemTime) -> Result<()> {
        let Place { mount, path } = self.writable(path)?;
        mount.store.set_modified(&path, to)
    }

    fn set_mode(&self, path: &VPath, mode: u32) -> Result<()> {
        let Place { mount, path } = self.writable(path)?;
        mount.store.set_mode(&path, mode)
    }

    fn link(&self, from: &VPath, to: &VPath) -> Result<()> {
        let (old, new) = self.both(from, to)?;
        old.mount.store.link(&old.path, &new.path)
    }

    fn symlink(&self, path: &VPath, to: &VPath) -> Result<()> {
        if self.is_above(path) {
            return Err(StoreError::Exists);
        }
        let (new, target) = (self.writable(path)?, self.place(to));
        // Its backend, which resolves it, knows no other.
        if new.mount.at != target.mount.at {
            return Err(StoreError::OtherFileSystem);
        }
        new.mount.store.symlink(&new.path, &target.path)
    }

    fn read_link(&self, path: &VPath) -> Result<Option<VPath>> {
        if self.is_above(path) {
            return Ok(None);
        }
        let Place { mount, path } = self.place(path);
        let target = mount.store.read_link(&path)?;
        target.map(|to| to.under(&mount.at).map_err(|_| StoreError::Denied)).transpose()
    }

    fn space(&self, path: &VPath) -> Result<Space> {
        let Place { mount, path: within } = self.place(path);
        match mount.store.space(&within) {
            Err(StoreError::Absent) if self.is_above(path) || self.is_above(&path.parent()) => {
                mount.store.space(&VPath::root())
            }
            space => space,
        }
    }

    fn tally(&self, dir: &VPath) -> Result<Tally> {
        let Place { mount, path } = self.place(dir);
        mount.store.tally(&path)
    }

    fn tidy(&self, dir: &VPath) -> Result<Amount> {
        let Place { mount, path } = self.place(dir);
        mount.store.tidy(&path)
    }

    fn versions(&self, path: &VPath) -> Result<Vec<Version>> {
        let Place { mount, path } = self.place(path);
        mount.store.versions(&path)
    }

    fn versioned(&self, dir: &VPath) -> Result<Vec<Vec<u8>>> {
        let Place { mount, path } = self.place(dir);
        mount.store.versioned(&path)
    }

    fn open_version(&self, path: &VPath, stamp: Stamp) -> Result<Blob> {
        let Place { mount, path } = self.place(path);
        mount.store.open_version(&path, stamp)
    }
}

fn can(mount: &Mount) -> Capabilities {
    if mount.write { mount.store.capabilities() } else { Capabilities::default() }
}

/// What leads to mounts, and what the backend has besides, in one order as far as the backend has one.
struct Listing {
    /// Those that have not come yet, in order.
    leads: VecDeque<Entry>,
    under: Option<Box<dyn Cursor>>,
    /// The names that the backend's entries are hidden by.
    hidden: BTreeSet<Vec<u8>>,
    /// A batch with the leads that come within it: more than a call gives.
    ready: VecDeque<Entry>,
}

impl Listing {
    /// The backend's next batch, and the leads that come before its last; `false` at the end.
    fn read(&mut self) -> Result<bool> {
        let mut batch = match &mut self.under {
            Some(under) => under.next()?,
            None => Vec::new(),
        };
        let is_end = batch.is_empty();
        let due = match batch.last() {
            Some(last) => self.leads.partition_point(|lead| lead.name < last.name),
            None => self.leads.len(),
        };
        batch.retain(|entry| !self.hidden.contains(&entry.name));
        if due > 0 {
            batch.extend(self.leads.drain(..due));
            // By now it is nearly sorted, or it never was.
            batch.sort_by(|a, b| a.name.cmp(&b.name));
        }
        self.ready.extend(batch);
        Ok(!is_end)
    }
}

impl Cursor for Listing {
    fn next(&mut self) -> Result<Vec<Entry>> {
        // A batch of hidden names only is not the end.
        while self.ready.is_empty() && self.read()? {}
        let batch = self.ready.len().min(BATCH);
        Ok(self.ready.drain(..batch).collect())
    }
}

/// An upload to a mount that is not the root's: what it tells of paths is told as the whole tree calls them.
struct Mounted {
    at: VPath,
    inner: Box<dyn Upload>,
}

impl Sink for Mounted {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.inner.write_at(offset, octets)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.inner.fd()
    }
}

impl Upload for Mounted {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn start(&self) -> u64 {
        self.inner.start()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read_at(offset, buf)
    }

    fn wrote_to(&mut self, end: u64) {
        self.inner.wrote_to(end);
    }

    fn reserve(&mut self, len: u64) -> Result<()> {
        self.inner.reserve(len)
    }

    fn set_len(&mut self, len: u64) -> Result<()> {
        self.inner.set_len(len)
    }

    fn set_attributes(&mut self, attributes: Attributes) -> Result<()> {
        self.inner.set_attributes(attributes)
    }

    fn keep_old(&mut self) -> Result<()> {
        self.inner.keep_old()
    }

    fn commit(self: Box<Self>) -> Result<Published> {
        let published = self.inner.commit()?;
        // One that is too long to be told in the whole tree is told as its backend calls it.
        let kept = published.kept.map(|kept| kept.under(&self.at).unwrap_or(kept));
        Ok(Published { kept, ..published })
    }

    fn suspend(self: Box<Self>) -> Result<Suspended> {
        self.inner.suspend()
    }
}
