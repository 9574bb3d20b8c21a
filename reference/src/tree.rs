//! The tree: files, directories, partials, versions, and uploads that run.
//!
//! What a quota holds is not kept anywhere: it is the sum over all that is there.

mod held;

use crate::names::{components, is_within, join, last, moved, parent};
use crate::{Config, Mode, Mount, Quota, Why};
use std::collections::{BTreeMap, BTreeSet};

/// So much of a tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Held {
    /// Octets of files.
    pub octets: u64,
    /// Files and directories; partials and versions are files.
    pub files: u64,
}

impl Held {
    fn file(octets: usize) -> Held {
        Held { octets: octets as u64, files: 1 }
    }

    fn and(self, other: Held) -> Held {
        Held { octets: self.octets + other.octets, files: self.files + other.files }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Node {
    File(Vec<u8>),
    Directory,
}

/// What is kept of a broken upload.
#[derive(Clone, Debug)]
struct Partial {
    path: String,
    owner: String,
    content: Vec<u8>,
    /// The upload that goes on with it.
    held_by: Option<usize>,
}

/// An upload that runs.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// What it is called by now; the directory may have been renamed.
    path: String,
    /// What it was called.
    asked: String,
    /// Whether its directory was removed.
    is_lost: bool,
    owner: String,
    is_new: bool,
    pub(crate) keeps_old: bool,
    /// How far its octets have room, whether they have come or not.
    reserved: u64,
    pub(crate) content: Vec<u8>,
}

/// A part with a limit: a directory, and what may be below it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Area {
    mount: String,
    at: String,
    quota: Quota,
}

#[derive(Clone, Debug)]
pub(crate) struct Tree {
    config: Config,
    nodes: BTreeMap<String, Node>,
    partials: Vec<Partial>,
    /// What it was kept of, and its size.
    versions: Vec<(String, usize)>,
    uploads: BTreeMap<usize, Upload>,
}

impl Upload {
    /// Octets that it takes from its quota.
    fn room(&self) -> u64 {
        self.reserved.max(self.content.len() as u64)
    }
}

impl Tree {
    pub(crate) fn new(config: &Config) -> Tree {
        let mut tree = Tree {
            config: config.clone(),
            nodes: BTreeMap::new(),
            partials: Vec::new(),
            versions: Vec::new(),
            uploads: BTreeMap::new(),
        };
        for mount in &config.mounts {
            tree.nodes.insert(mount.at.clone(), Node::Directory);
        }
        for path in &config.directories {
            tree.make_above(&join(path, "x"));
        }
        for (path, octets) in &config.files {
            tree.make_above(path);
            tree.nodes.insert(path.clone(), Node::File(vec![b'0'; *octets]));
        }
        tree
    }

    fn make_above(&mut self, path: &str) {
        let top = self.mount(path).at.clone();
        let mut dir = parent(path);
        while is_within(&dir, &top) && dir != top {
            self.nodes.insert(dir.clone(), Node::Directory);
            dir = parent(&dir);
        }
    }

    fn mount(&self, path: &str) -> &Mount {
        let mounts = self.config.mounts.iter().filter(|m| is_within(path, &m.at));
        mounts.max_by_key(|m| components(&m.at).len()).expect("there is one at the root")
    }

    /// Whether something can be changed there.
    pub(crate) fn is_written(&self, path: &str) -> bool {
        self.mount(path).write
    }

    /// Whether a path leads to a mount point.
    fn is_above(&self, path: &str) -> bool {
        self.config.mounts.iter().any(|m| m.at != path && is_within(&m.at, path))
    }

    /// What the backend of a path has there.
    fn find(&self, path: &str) -> Result<&Node, Why> {
        let top = components(&self.mount(path).at).len();
        let names = components(path);
        for n in top..names.len() {
            match self.nodes.get(&format!("/{}", names[..n].join("/"))) {
                Some(Node::Directory) => {}
                Some(Node::File(_)) => return Err(Why::NotDirectory),
                None => return Err(Why::Absent),
            }
        }
        self.nodes.get(path).ok_or(Why::Absent)
    }

    /// The directory that a name is in: of a mount point itself, for what is refused there all the same, its own.
    fn dir_of(&self, path: &str) -> String {
        if self.mount(path).at == path { path.to_owned() } else { parent(path) }
    }

    fn children(&self, dir: &str) -> Vec<String> {
        let in_it = |path: &&String| &path[..] != "/" && parent(path) == dir;
        let is_mount = |path: &str| self.config.mounts.iter().any(|m| m.at == path);
        self.nodes.keys().filter(in_it).filter(|path| !is_mount(path)).cloned().collect()
    }

    // Looking.

    pub(crate) fn stat(&self, path: &str) -> Result<Node, Why> {
        if self.is_above(path) { Ok(Node::Directory) } else { self.find(path).cloned() }
    }

    pub(crate) fn open(&self, path: &str) -> Result<Vec<u8>, Why> {
        match self.stat(path)? {
            Node::File(content) => Ok(content),
            Node::Directory => Err(Why::IsDirectory),
        }
    }

    /// The names in a directory, and whether each is one.
    pub(crate) fn list(&self, path: &str) -> Result<Vec<(String, bool)>, Why> {
        let mut names = BTreeSet::new();
        if self.is_above(path) {
            let below = self.config.mounts.iter().filter(|m| m.at != path && is_within(&m.at, path));
            names.extend(below.map(|m| components(&m.at)[components(path).len()].to_owned()));
        } else if let Node::File(_) = self.find(path)? {
            return Err(Why::NotDirectory);
        }
        if self.find(path) == Ok(&Node::Directory) {
            names.extend(self.children(path).iter().map(|path| last(path).to_owned()));
        }
        let is_dir = |name: &String| self.stat(&join(path, name)) == Ok(Node::Directory);
        Ok(names.into_iter().map(|name| (name.clone(), is_dir(&name))).collect())
    }

    /// Octets that a broken upload left for its owner. `None` for `None`: it is gone on with, and changes.
    pub(crate) fn partial(&self, path: &str, owner: &str) -> Option<Option<u64>> {
        match self.partial_at(path, owner).map(|nth| &self.partials[nth]) {
            Some(partial) if partial.held_by.is_some() => None,
            Some(partial) => Some(Some(partial.content.len() as u64)),
            None => Some(None),
        }
    }

    fn partial_at(&self, path: &str, owner: &str) -> Option<usize> {
        self.partials.iter().position(|p| p.path == path && p.owner == owner)
    }

    // Changing.

    /// Whether an announced upload finds room.
    pub(crate) fn announced(&self, path: &str, octets: u64) -> Result<(), Why> {
        let is_there = match self.find(path) {
            Err(Why::Absent) => {
                self.is_above(path) || self.is_above(&parent(path)) || {
                    let dir = self.find(&self.dir_of(path));
                    dir.is_ok()
                }
            }
            found => found.is_ok(),
        };
        if !is_there {
            return Ok(());
        }
        let mut least: Option<u64> = None;
        for area in self.areas(&self.dir_of(path)) {
            let held = self.held(&area, true);
            if area.quota.files.is_some_and(|most| held.files >= most) && octets > 0 {
                return Err(Why::OverQuota("files"));
            }
            let left = area.quota.octets.map(|most| most.saturating_sub(held.octets));
            least = [least, left].into_iter().flatten().min();
        }
        match least {
            Some(left) if octets > left => Err(Why::OverQuota("octets")),
            Some(_) | None => Ok(()),
        }
    }

    pub(crate) fn begin(&mut self, id: usize, path: &str, mode: Mode, owner: &str) -> Result<u64, Why> {
        if self.is_above(path) {
            return Err(Why::IsDirectory);
        }
        if !self.mount(path).write {
            return Err(Why::Denied);
        }
        let dir = self.dir_of(path);
        self.fits(&dir, Held { octets: 0, files: 1 })?;
        if self.mount(path).at == path {
            return Err(Why::IsDirectory);
        }
        match self.find(&dir) {
            Ok(Node::Directory) => {}
            Ok(Node::File(_)) => return Err(Why::NotDirectory),
            Err(Why::Absent) if self.is_above(&dir) => return Err(Why::Denied),
            Err(why) => return Err(why),
        }
        let there = match self.find(path) {
            Ok(Node::Directory) => return Err(Why::IsDirectory),
            Ok(Node::File(content)) => Some(content.clone()),
            Err(_) => None,
        };
        let partial = self.partial_at(path, owner).filter(|_| !owner.is_empty());
        let (content, resumed) = match mode {
            Mode::New if there.is_some() => return Err(Why::Exists),
            Mode::New | Mode::Overwrite => (Vec::new(), None),
            Mode::Append => match (there, partial) {
                (Some(there), _) => (there, None),
                (None, Some(nth)) => (self.partials[nth].content.clone(), Some(nth)),
                (None, None) => (Vec::new(), None),
            },
            Mode::Resume(offset) => {
                let mut old = partial.map_or(there.unwrap_or_default(), |p| self.partials[p].content.clone());
                if partial.is_some_and(|nth| self.partials[nth].held_by.is_some()) {
                    return Err(Why::Busy);
                }
                let len = old.len() as u64;
                if offset > len {
                    return Err(Why::BeyondEnd(offset, len));
                }
                old.truncate(offset as usize);
                (old, partial)
            }
        };
        if let Some(nth) = resumed {
            if self.partials[nth].held_by.is_some() {
                return Err(Why::Busy);
            }
            // It counts as this upload from now on.
            self.partials[nth].held_by = Some(id);
        }
        let start = content.len() as u64;
        let more = Held { octets: start, files: 0 };
        if let Err(why) = self.fits(&dir, more) {
            // It goes along with the upload.
            resumed.map(|nth| self.partials.remove(nth));
            return Err(why);
        }
        let upload = Upload {
            path: path.to_owned(),
            asked: path.to_owned(),
            is_lost: false,
            owner: owner.to_owned(),
            is_new: mode == Mode::New,
            keeps_old: false,
            reserved: 0,
            content,
        };
        self.uploads.insert(id, upload);
        Ok(start)
    }

    pub(crate) fn upload(&mut self, id: usize) -> &mut Upload {
        self.uploads.get_mut(&id).expect("it runs")
    }

    /// Whether an upload that runs will have this name.
    pub(crate) fn is_uploaded(&self, path: &str) -> bool {
        self.uploads.values().any(|upload| upload.asked == path)
    }

    /// More octets.
    pub(crate) fn put(&mut self, id: usize, octets: &[u8]) -> Result<(), Why> {
        self.reach(id, self.uploads[&id].content.len() as u64 + octets.len() as u64)?;
        self.upload(id).content.extend_from_slice(octets);
        Ok(())
    }

    /// Takes the room for an upload that is announced to reach so far.
    pub(crate) fn reserve(&mut self, id: usize, to: u64) -> Result<(), Why> {
        self.reach(id, to)?;
        self.upload(id).reserved = to;
        Ok(())
    }

    fn reach(&self, id: usize, to: u64) -> Result<(), Why> {
        let upload = &self.uploads[&id];
        let more = Held { octets: to.saturating_sub(upload.room()), files: 0 };
        self.fits(&parent(&upload.path), more)
    }

    /// Octets, and whether what was there is kept.
    pub(crate) fn commit(&mut self, id: usize) -> Result<(u64, bool), Why> {
        let upload = self.end(id);
        if upload.is_lost {
            return Err(Why::Absent);
        }
        let there = match self.nodes.get(&upload.path) {
            Some(Node::Directory) => return Err(Why::IsDirectory),
            Some(Node::File(_)) if upload.is_new => return Err(Why::Exists),
            Some(Node::File(content)) => Some(content.len()),
            None => None,
        };
        let kept = there.filter(|_| upload.keeps_old);
        self.versions.extend(kept.map(|octets| (upload.asked.clone(), octets)));
        let octets = upload.content.len() as u64;
        self.nodes.insert(upload.path.clone(), Node::File(upload.content));
        // What came of earlier tries goes, where nobody goes on with it.
        let gone = |p: &Partial| {
            p.path == upload.path && p.owner == upload.owner && p.held_by.is_none() && !p.owner.is_empty()
        };
        self.partials.retain(|p| !gone(p));
        Ok((octets, kept.is_some()))
    }

    pub(crate) fn abandon(&mut self, id: usize) {
        self.end(id);
    }

    pub(crate) fn suspend(&mut self, id: usize) {
        let upload = self.end(id);
        let former = self.partial_at(&upload.path, &upload.owner);
        let is_held = former.is_some_and(|nth| self.partials[nth].held_by.is_some());
        if upload.is_lost || upload.owner.is_empty() || is_held {
            return;
        }
        former.map(|nth| self.partials.remove(nth));
        let Upload { path, owner, content, .. } = upload;
        self.partials.push(Partial { path, owner, content, held_by: None });
    }

    /// It runs no more, and the partial that it went on with is gone.
    fn end(&mut self, id: usize) -> Upload {
        self.partials.retain(|p| p.held_by != Some(id));
        self.uploads.remove(&id).expect("it runs")
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Result<(), Why> {
        let (old, new) = (self.mount(from).clone(), self.mount(to).clone());
        if self.is_above(from) || self.is_above(to) || !old.write || !new.write {
            return Err(Why::Denied);
        }
        if old.at == from || new.at == to {
            return Err(Why::Denied);
        }
        if old.at != new.at {
            self.find(from)?;
            return Err(Why::OtherFileSystem);
        }
        let is_dir = *self.find(from)? == Node::Directory;
        if parent(from) != parent(to) || is_dir {
            self.fits_moved(from, to)?;
        }
        if let Node::File(_) = self.find(&parent(to))? {
            return Err(Why::NotDirectory);
        }
        if from == to {
            return Ok(());
        }
        if is_within(to, from) {
            return Err(Why::Denied);
        }
        if is_within(from, to) {
            return Err(Why::NotEmpty);
        }
        match self.nodes.get(to) {
            Some(Node::File(_)) if is_dir => return Err(Why::NotDirectory),
            Some(Node::Directory) if !is_dir => return Err(Why::IsDirectory),
            Some(Node::Directory) if !self.is_empty(to) => return Err(Why::NotEmpty),
            Some(Node::Directory | Node::File(_)) | None => {}
        }
        self.lose(to);
        let nodes = std::mem::take(&mut self.nodes);
        let renamed = |path: &str| moved(path, from, to);
        self.nodes = nodes.into_iter().map(|(p, node)| (renamed(&p).unwrap_or(p), node)).collect();
        // What is in a directory comes along, whatever it will be called.
        let inside = self.partials.iter_mut().map(|partial| &mut partial.path);
        let inside = inside.chain(self.uploads.values_mut().map(|upload| &mut upload.path));
        for path in inside.filter(|path| is_dir && is_within(&parent(path), from)) {
            *path = renamed(path).expect("it is within");
        }
        Ok(())
    }

    /// Whether a directory has neither names nor partials.
    fn is_empty(&self, dir: &str) -> bool {
        self.children(dir).is_empty() && !self.partials.iter().any(|p| parent(&p.path) == dir)
    }

    /// Uploads into a directory that is removed.
    fn lose(&mut self, dir: &str) {
        if self.nodes.get(dir) == Some(&Node::Directory) {
            let in_it = self.uploads.values_mut().filter(|upload| parent(&upload.path) == dir);
            in_it.for_each(|upload| upload.is_lost = true);
        }
        self.nodes.remove(dir);
    }

    pub(crate) fn remove(&mut self, path: &str) -> Result<(), Why> {
        if self.is_above(path) {
            return Err(Why::IsDirectory);
        }
        if !self.mount(path).write {
            return Err(Why::Denied);
        }
        match self.find(path)? {
            Node::Directory => Err(Why::IsDirectory),
            Node::File(_) => {
                self.nodes.remove(path);
                Ok(())
            }
        }
    }

    pub(crate) fn make_dir(&mut self, path: &str) -> Result<(), Why> {
        if self.is_above(path) {
            return Err(Why::Exists);
        }
        if !self.mount(path).write {
            return Err(Why::Denied);
        }
        let dir = self.dir_of(path);
        self.fits(&dir, Held { octets: 0, files: 1 })?;
        if self.find(path).is_ok() {
            return Err(Why::Exists);
        }
        match self.find(&dir) {
            Ok(Node::Directory) => {}
            Ok(Node::File(_)) => return Err(Why::NotDirectory),
            Err(Why::Absent) if self.is_above(&dir) => return Err(Why::Denied),
            Err(why) => return Err(why),
        }
        self.nodes.insert(path.to_owned(), Node::Directory);
        Ok(())
    }

    /// Makes a directory and those above it, as far as that can be done.
    pub(crate) fn settle(&mut self, path: &str) {
        let names = components(path);
        for n in 1..=names.len() {
            let dir = format!("/{}", names[..n].join("/"));
            if self.stat(&dir) != Ok(Node::Directory) && self.make_dir(&dir).is_err() {
                return;
            }
        }
    }

    pub(crate) fn remove_dir(&mut self, path: &str) -> Result<(), Why> {
        if self.config.mounts.iter().any(|m| m.at == path) {
            return Err(Why::Denied);
        }
        if self.is_above(path) {
            return Err(Why::NotEmpty);
        }
        if !self.mount(path).write {
            return Err(Why::Denied);
        }
        if let Node::File(_) = self.find(path)? {
            return Err(Why::NotDirectory);
        }
        let is_held = |p: &Partial| parent(&p.path) == path && p.held_by.is_some();
        if !self.children(path).is_empty() || self.partials.iter().any(is_held) {
            return Err(Why::NotEmpty);
        }
        self.partials.retain(|p| parent(&p.path) != path);
        self.lose(path);
        Ok(())
    }

    pub(crate) fn touch(&self, path: &str) -> Result<(), Why> {
        if !self.mount(path).write {
            return Err(Why::Denied);
        }
        self.find(path).map(drop)
    }
}
