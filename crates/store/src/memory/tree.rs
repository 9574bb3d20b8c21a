use crate::{Amount, Blob, Facts, Kind, Result, StoreError, Target, VPath};
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

/// The number of the root directory.
pub(super) const ROOT: u64 = 1;
/// A number that no node has.
pub(super) const GONE: u64 = 0;

/// Directory, name and owner of a partial.
type Key = (u64, Vec<u8>, String);

/// Nodes by number: renaming moves one name, whatever hangs below.
pub(super) struct Tree {
    nodes: BTreeMap<u64, Node>,
    partials: BTreeMap<Key, Blob>,
    /// Those that an upload goes on with: they count as that upload, and nobody else touches them.
    held: BTreeSet<Key>,
    next: u64,
    changes: u64,
    /// Octets of all files, partials and open uploads.
    pub(super) used: u64,
    clock: Clock,
}

/// Whose time changes have.
#[derive(Clone, Copy)]
pub(super) enum Clock {
    /// A second for each change.
    Counted,
    /// The time of day.
    Real,
}

pub(super) struct Node {
    what: What,
    pub(super) modified: SystemTime,
    /// Permission bits.
    pub(super) mode: u32,
}

enum What {
    File(Blob),
    Dir(BTreeMap<Vec<u8>, u64>),
}

impl Clock {
    fn at(self, change: u64) -> SystemTime {
        match self {
            Clock::Counted => super::time(change),
            Clock::Real => SystemTime::now(),
        }
    }
}

impl Node {
    pub(super) fn dir() -> Node {
        Node { what: What::Dir(BTreeMap::new()), modified: SystemTime::UNIX_EPOCH, mode: 0o755 }
    }

    pub(super) fn file(octets: Blob) -> Node {
        Node { what: What::File(octets), modified: SystemTime::UNIX_EPOCH, mode: 0o644 }
    }

    pub(super) fn kind(&self) -> Kind {
        match self.what {
            What::File(_) => Kind::File,
            What::Dir(_) => Kind::Directory,
        }
    }

    pub(super) fn content(&self) -> Option<&Blob> {
        match &self.what {
            What::File(octets) => Some(octets),
            What::Dir(_) => None,
        }
    }
}

impl Tree {
    pub(super) fn new(clock: Clock) -> Tree {
        let mut root = Node::dir();
        root.modified = clock.at(0);
        Tree {
            nodes: BTreeMap::from([(ROOT, root)]),
            partials: BTreeMap::new(),
            held: BTreeSet::new(),
            next: ROOT + 1,
            changes: 0,
            used: 0,
            clock,
        }
    }

    /// The number behind a path.
    pub(super) fn find(&self, path: &VPath) -> Result<u64> {
        if path.is_reserved() {
            return Err(StoreError::Absent);
        }
        self.find_any(path)
    }

    /// Also below the reserved names.
    pub(super) fn find_any(&self, path: &VPath) -> Result<u64> {
        path.components().try_fold(ROOT, |dir, name| self.child(dir, name))
    }

    pub(super) fn child(&self, dir: u64, name: &[u8]) -> Result<u64> {
        self.entries(dir)?.get(name).copied().ok_or(StoreError::Absent)
    }

    pub(super) fn entries(&self, dir: u64) -> Result<&BTreeMap<Vec<u8>, u64>> {
        match self.nodes.get(&dir).map(|n| &n.what) {
            Some(What::Dir(entries)) => Ok(entries),
            Some(What::File(_)) => Err(StoreError::NotDirectory),
            None => Err(StoreError::Absent),
        }
    }

    pub(super) fn node(&self, id: u64) -> &Node {
        self.nodes.get(&id).expect("every entry names a node")
    }

    pub(super) fn node_mut(&mut self, id: u64) -> &mut Node {
        self.nodes.get_mut(&id).expect("every entry names a node")
    }

    pub(super) fn facts(&self, id: u64) -> Facts {
        let node = self.node(id);
        Facts {
            kind: node.kind(),
            len: node.content().map_or(0, Blob::len),
            modified: node.modified,
            mode: node.mode,
            unique: (0, id),
        }
    }

    /// Puts a node under a name of a directory that is there; what stood there goes.
    pub(super) fn insert(&mut self, dir: u64, name: &[u8], mut node: Node) -> u64 {
        node.modified = self.tick();
        self.used += node.content().map_or(0, Blob::len);
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, node);
        if let Some(old) = self.put_name(dir, name, id) {
            self.forget(old);
        }
        id
    }

    fn put_name(&mut self, dir: u64, name: &[u8], id: u64) -> Option<u64> {
        match &mut self.node_mut(dir).what {
            What::Dir(entries) => entries.insert(name.to_vec(), id),
            What::File(_) => unreachable!("the caller asked entries(dir) before"),
        }
    }

    /// Drops a node and the partials in it; gives what that was.
    fn forget(&mut self, id: u64) -> Amount {
        let mut was = Amount::NONE;
        if let Some(node) = self.nodes.remove(&id) {
            let octets = node.content().map_or(0, Blob::len);
            self.used -= octets;
            was += Amount::file(octets);
        }
        let gone: Vec<_> = self.partials.keys().filter(|(dir, _, _)| *dir == id).cloned().collect();
        for key in gone {
            was += self.put_partial(key.0, &key.1, &key.2, None);
        }
        was
    }

    fn take_name(&mut self, path: &VPath) -> Result<u64> {
        let dir = self.find(&path.parent())?;
        self.tick();
        match &mut self.node_mut(dir).what {
            What::Dir(entries) => entries.remove(path.name()).ok_or(StoreError::Absent),
            What::File(_) => Err(StoreError::NotDirectory),
        }
    }

    pub(super) fn unlink(&mut self, path: &VPath) -> Result<Amount> {
        let id = self.take_name(path)?;
        Ok(self.forget(id))
    }

    pub(super) fn rename(&mut self, from: &VPath, to: &VPath, target: Target) -> Result<Amount> {
        if from.is_root() || to.is_root() || to.is_reserved() {
            return Err(StoreError::Denied);
        }
        let id = self.find(from)?;
        let dir = self.find(&to.parent())?;
        self.entries(dir)?;
        if target == Target::Free && self.child(dir, to.name()).is_ok() {
            return Err(StoreError::Exists);
        }
        // A directory cannot move below itself; one that holds what is moved is not empty.
        let is_below = |a: &VPath, b: &VPath| a != b && a.is_within(b);
        if is_below(to, from) {
            return Err(StoreError::Denied);
        }
        if is_below(from, to) {
            return Err(StoreError::NotEmpty);
        }
        if let Ok(there) = self.child(dir, to.name()) {
            match (self.node(id).kind(), self.node(there).kind()) {
                _ if there == id => return Ok(Amount::NONE),
                (Kind::File, Kind::File) => {}
                (Kind::File, Kind::Directory) => return Err(StoreError::IsDirectory),
                (Kind::Directory, Kind::File) => return Err(StoreError::NotDirectory),
                (Kind::Directory, Kind::Directory)
                    if self.entries(there)?.is_empty() && !self.has_partials(there) => {}
                (Kind::Directory, Kind::Directory) => return Err(StoreError::NotEmpty),
            }
        }
        self.take_name(from)?;
        Ok(self.put_name(dir, to.name(), id).map_or(Amount::NONE, |old| self.forget(old)))
    }

    pub(super) fn partial(&self, dir: u64, name: &[u8], owner: &str) -> Option<&Blob> {
        self.partials.get(&(dir, name.to_vec(), owner.to_owned()))
    }

    pub(super) fn put_partial(&mut self, dir: u64, name: &[u8], owner: &str, octets: Option<Blob>) -> Amount {
        let key = (dir, name.to_vec(), owner.to_owned());
        let old = match octets {
            Some(new) => {
                self.used += new.len();
                self.partials.insert(key, new)
            }
            None => self.partials.remove(&key),
        };
        let old = old.map_or(Amount::NONE, |old| Amount::file(old.len()));
        self.used -= old.octets;
        old
    }

    /// Whether an upload goes on with a partial.
    pub(super) fn is_held(&self, dir: u64, name: &[u8], owner: &str) -> bool {
        self.held.contains(&(dir, name.to_vec(), owner.to_owned()))
    }

    /// An upload goes on with a partial, or no longer.
    pub(super) fn hold(&mut self, dir: u64, name: &[u8], owner: &str, holds: bool) {
        let key = (dir, name.to_vec(), owner.to_owned());
        if holds {
            self.held.insert(key)
        } else {
            self.held.remove(&key)
        };
    }

    /// Whether an upload goes on with any partial in a directory.
    pub(super) fn has_held(&self, id: u64) -> bool {
        self.held.iter().any(|(dir, _, _)| *dir == id)
    }

    fn has_partials(&self, id: u64) -> bool {
        self.partials.keys().any(|(dir, _, _)| *dir == id)
    }

    /// The partials in a directory that no upload goes on with.
    pub(super) fn partials_in(&self, id: u64) -> Amount {
        let idle = self.partials.iter().filter(|(key, _)| !self.held.contains(key));
        let here = idle.filter(|((dir, _, _), _)| *dir == id);
        here.fold(Amount::NONE, |sum, (_, octets)| sum + Amount::file(octets.len()))
    }

    fn tick(&mut self) -> SystemTime {
        self.changes += 1;
        self.clock.at(self.changes)
    }

    /// The time of the next change: makes names of versions.
    pub(super) fn next_time(&self) -> SystemTime {
        self.clock.at(self.changes + 1)
    }
}
