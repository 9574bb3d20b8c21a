//! A backend in memory: strict, deterministic, for tests and small trees.
//!
//! Times count up from [`EPOCH`] by one second for each change, numbers (`unique`) by one for each node:
//! two runs of the same calls give the same tree. A tree on a [`Shelf`] has the time of day instead, and shares its large
//! contents with others.

mod body;
mod shelf;
mod tree;
mod upload;

pub use shelf::Shelf;

use crate::facts::settable;
use crate::{
    Amount, BATCH, Blob, Capabilities, Cursor, Entry, Facts, Kind, Mode, Result, Space, Stamp, Store,
    StoreError, Tally, Target, Upload, VPath, Version,
};
use bytes::Bytes;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};
use tree::{Clock, Node, Tree};

/// The time of the first change: 2026-01-01T00:00:00Z.
pub const EPOCH: u64 = 1_767_225_600;

/// A tree in memory. Clones share it.
#[derive(Clone)]
pub struct Memory(Arc<Shared>);

struct Shared {
    // Guards the whole tree; held for one operation, never while a caller's code runs.
    tree: Mutex<Tree>,
    capacity: u64,
    /// Where large contents lie.
    shelf: Option<Shelf>,
}

impl Shared {
    fn tree(&self) -> MutexGuard<'_, Tree> {
        // A panic elsewhere cannot leave the tree half changed: every operation checks first.
        self.tree.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Default for Memory {
    fn default() -> Self {
        Memory::new()
    }
}

impl Memory {
    /// An empty tree that takes up to 1 GiB.
    pub fn new() -> Memory {
        Memory::with_capacity(1 << 30)
    }

    /// An empty tree that takes `octets` of file content, open uploads included.
    pub fn with_capacity(octets: u64) -> Memory {
        Memory(Arc::new(Shared {
            tree: Mutex::new(Tree::new(Clock::Counted)),
            capacity: octets,
            shelf: None,
        }))
    }

    /// An empty tree that takes as much as the shelf does, with the time of day. Contents beyond 64 KiB lie on the shelf,
    /// equal ones of all its trees once.
    pub fn on_shelf(shelf: &Shelf) -> Memory {
        let tree = Mutex::new(Tree::new(Clock::Real));
        Memory(Arc::new(Shared { tree, capacity: u64::MAX, shelf: Some(shelf.clone()) }))
    }

    /// Puts a file there, making the directories above: for seeding. Panics where a file stands in the
    /// way, which is a mistake of the test.
    pub fn seed(&self, path: &str, octets: impl Into<Bytes>) {
        self.put(&VPath::parse(path.as_bytes()).expect("a good path"), Blob::Memory(octets.into()));
    }

    /// The same with a content that is somewhere already.
    pub fn put(&self, path: &VPath, content: Blob) {
        let mut tree = self.0.tree();
        let mut dir = tree::ROOT;
        for name in path.parent().components() {
            dir = match tree.child(dir, name) {
                Ok(id) => id,
                Err(_) => tree.insert(dir, name, Node::dir()),
            };
        }
        tree.insert(dir, path.name(), Node::file(content));
    }

    /// The content of a file, for looking at.
    pub fn content(&self, path: &str) -> Option<Bytes> {
        let path = VPath::parse(path.as_bytes()).ok()?;
        let tree = self.0.tree();
        let content = tree.find_any(&path).ok().and_then(|id| tree.node(id).content().cloned())?;
        drop(tree);
        let mut octets = Vec::new();
        content.read_behind(0, usize::try_from(content.len()).ok()?, &mut octets).ok()?;
        Some(octets.into())
    }
}

impl Store for Memory {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            write: true,
            resume: true,
            directories: true,
            facts: true,
            links: true,
            symlinks: false,
        }
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        let tree = self.0.tree();
        Ok(tree.facts(tree.find(path)?))
    }

    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        let tree = self.0.tree();
        let dir = tree.find(path)?;
        tree.entries(dir)?;
        Ok(Box::new(Listing { shared: self.0.clone(), dir, after: None }))
    }

    fn open(&self, path: &VPath) -> Result<Blob> {
        let tree = self.0.tree();
        match tree.node(tree.find(path)?).content() {
            Some(content) => Ok(content.clone()),
            None => Err(StoreError::IsDirectory),
        }
    }

    fn create(&self, path: &VPath, mode: Mode, owner: &str) -> Result<Box<dyn Upload>> {
        upload::begin(&self.0, path, mode, owner)
    }

    fn partial(&self, path: &VPath, owner: &str) -> Option<u64> {
        let tree = self.0.tree();
        let dir = tree.find(&path.parent()).ok()?;
        tree.partial(dir, path.name(), owner).map(Blob::len)
    }

    fn rename_to(&self, from: &VPath, to: &VPath, target: Target) -> Result<Amount> {
        self.0.tree().rename(from, to, target)
    }

    fn remove(&self, path: &VPath) -> Result<Amount> {
        let mut tree = self.0.tree();
        let id = tree.find(path)?;
        match tree.node(id).kind() {
            Kind::Directory => Err(StoreError::IsDirectory),
            Kind::File => tree.unlink(path),
        }
    }

    fn make_dir(&self, path: &VPath) -> Result<()> {
        let mut tree = self.0.tree();
        if tree.find(path).is_ok() {
            return Err(StoreError::Exists);
        }
        let dir = tree.find(&path.parent())?;
        tree.entries(dir)?;
        if path.is_reserved() {
            return Err(StoreError::Denied);
        }
        tree.insert(dir, path.name(), Node::dir());
        Ok(())
    }

    fn remove_dir(&self, path: &VPath) -> Result<Amount> {
        let mut tree = self.0.tree();
        let id = tree.find(path)?;
        if path.is_root() {
            return Err(StoreError::Denied);
        }
        if !tree.entries(id)?.is_empty() || tree.has_held(id) {
            return Err(StoreError::NotEmpty);
        }
        tree.unlink(path)
    }

    fn set_modified(&self, path: &VPath, to: SystemTime) -> Result<()> {
        let mut tree = self.0.tree();
        let id = tree.find(path)?;
        tree.node_mut(id).modified = to;
        Ok(())
    }

    fn set_mode(&self, path: &VPath, mode: u32) -> Result<()> {
        let mut tree = self.0.tree();
        let id = tree.find(path)?;
        let node = tree.node_mut(id);
        node.mode = settable(node.kind(), mode);
        Ok(())
    }

    /// The second name has a file of its own, of the same octets: content never changes in place.
    fn link(&self, from: &VPath, to: &VPath) -> Result<()> {
        let mut tree = self.0.tree();
        let from = tree.find(from)?;
        let old = tree.node(from);
        let (mut node, len) = match old.content() {
            Some(octets) => (Node::file(octets.clone()), octets.len()),
            None => return Err(StoreError::IsDirectory),
        };
        node.mode = old.mode;
        if to.is_reserved() {
            return Err(StoreError::Denied);
        }
        let dir = tree.find(&to.parent())?;
        if to.is_root() || tree.entries(dir)?.contains_key(to.name()) {
            return Err(StoreError::Exists);
        }
        if len > self.0.capacity.saturating_sub(tree.used) {
            return Err(StoreError::NoSpace);
        }
        tree.insert(dir, to.name(), node);
        Ok(())
    }

    fn space(&self, path: &VPath) -> Result<Space> {
        let tree = self.0.tree();
        match tree.find(path) {
            Err(StoreError::Absent) => tree.find(&path.parent())?,
            found => found?,
        };
        let free = self.0.capacity.saturating_sub(tree.used);
        Ok(Space { total: self.0.capacity, free, files: None, quota: None })
    }

    fn tally(&self, dir: &VPath) -> Result<Tally> {
        let tree = self.0.tree();
        let there = tree.find(dir).ok().filter(|id| tree.entries(*id).is_ok());
        let kept = tree.find_any(&versions_of(dir)).ok();
        if there.is_none() && kept.is_none() {
            return Err(StoreError::Absent);
        }
        let mut tally = Tally::default();
        for (id, counts_directories) in
            there.map(|id| (id, true)).into_iter().chain(kept.map(|id| (id, false)))
        {
            tally.holds += tree.partials_in(id);
            for (name, id) in tree.entries(id)?.iter().filter(|(name, _)| !name.starts_with(crate::RESERVED))
            {
                let node = tree.node(*id);
                match node.content() {
                    Some(octets) => {
                        let file = Amount::file(octets.len());
                        tally.holds += file;
                        tally.versions += if counts_directories { Amount::NONE } else { file };
                    }
                    None => {
                        tally.directories.push(name.clone());
                        if counts_directories {
                            tally.holds += Amount::DIRECTORY;
                        }
                    }
                }
            }
        }
        tally.directories.sort();
        tally.directories.dedup();
        Ok(tally)
    }

    fn versions(&self, path: &VPath) -> Result<Vec<Version>> {
        let tree = self.0.tree();
        let Ok(dir) = tree.find_any(&versions_of(&path.parent())) else { return Ok(Vec::new()) };
        let base = [path.name(), b"@"].concat();
        let found = tree.entries(dir)?.iter().filter_map(|(name, id)| {
            let stamp = std::str::from_utf8(name.strip_prefix(&base[..])?).ok()?.parse().ok()?;
            let node = tree.node(*id);
            Some(Version { stamp, len: node.content()?.len(), modified: node.modified })
        });
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(|version| version.stamp);
        Ok(found)
    }

    fn versioned(&self, dir: &VPath) -> Result<Vec<Vec<u8>>> {
        let tree = self.0.tree();
        let Ok(dir) = tree.find_any(&versions_of(dir)) else { return Ok(Vec::new()) };
        let named = tree.entries(dir)?.iter().filter(|(_, id)| tree.node(**id).content().is_some());
        let mut names: Vec<Vec<u8>> = named
            .filter_map(|(name, _)| Some(name[..name.iter().rposition(|b| *b == b'@')?].to_vec()))
            .collect();
        names.dedup();
        Ok(names)
    }

    fn open_version(&self, path: &VPath, stamp: Stamp) -> Result<Blob> {
        let tree = self.0.tree();
        let name = [path.name(), format!("@{stamp}").as_bytes()].concat();
        let file = versions_of(&path.parent()).child(&name).map_err(|_| StoreError::Absent)?;
        tree.node(tree.find_any(&file)?).content().cloned().ok_or(StoreError::IsDirectory)
    }
}

/// The directory that holds the versions of names in `dir`.
fn versions_of(dir: &VPath) -> VPath {
    let text = [b"/.towline/versions", dir.as_bytes()].concat();
    VPath::root().resolve(&text).unwrap_or_else(|_| VPath::root())
}

/// Remembers one name: entries that come or go meanwhile are seen or not, none twice.
struct Listing {
    shared: Arc<Shared>,
    dir: u64,
    after: Option<Vec<u8>>,
}

impl Cursor for Listing {
    fn next(&mut self) -> Result<Vec<Entry>> {
        let tree = self.shared.tree();
        // The directory was removed meanwhile: nothing more.
        let Ok(entries) = tree.entries(self.dir) else { return Ok(Vec::new()) };
        let from = self.after.take().map_or(Bound::Unbounded, Bound::Excluded);
        let batch: Vec<Entry> = entries
            .range((from, Bound::Unbounded))
            .filter(|(name, _)| !name.starts_with(crate::RESERVED))
            .take(BATCH)
            .map(|(name, id)| Entry { name: name.clone(), facts: tree.facts(*id) })
            .collect();
        self.after = batch.last().map(|e| e.name.clone());
        // After the end comes the end again: an empty directory part would start over.
        if self.after.is_none() {
            self.dir = tree::GONE;
        }
        Ok(batch)
    }
}

/// The time of the n-th change.
fn time(n: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH + n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_conforms() {
        crate::conformance::run(|| Arc::new(Memory::new()));
    }

    #[test]
    fn capacity_counts_files_partials_and_open_uploads() {
        let store = Memory::with_capacity(10);
        let path = VPath::parse(b"f").unwrap();
        let free = || store.space(&path).unwrap().free;
        let mut upload = store.create(&path, Mode::New, "user a").unwrap();
        upload.write_at(0, b"123456").unwrap();
        assert_eq!(free(), 4);
        let full = upload.write_at(6, b"12345").unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
        // An offset that a peer made up allocates nothing.
        assert!(upload.write_at(u64::MAX - 1, b"x").is_err());
        upload.suspend().unwrap();
        assert_eq!(free(), 4);
        store.create(&path, Mode::Resume(2), "user a").unwrap().commit().unwrap();
        assert_eq!((free(), store.stat(&path).unwrap().len), (8, 2));
        store.remove(&path).unwrap();
        assert_eq!(free(), 10);
    }
}
