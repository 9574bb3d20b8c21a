use super::Shared;
use super::body::Body;
use super::tree::{Node, ROOT};
use crate::facts::settable;
use crate::{
    Amount, Attributes, Blob, Kind, Mode, Published, Result, Sink, Stamp, StoreError, Suspended, Upload,
    VPath,
};
use std::io;
use std::sync::Arc;

struct Growing {
    shared: Arc<Shared>,
    dir: u64,
    path: VPath,
    owner: String,
    mode: Mode,
    start: u64,
    octets: Body,
    /// What of it the tree counts.
    counted: u64,
    keep_old: bool,
    attributes: Attributes,
    /// Whether it goes on with its owner's partial.
    resumed: bool,
}

pub(super) fn begin(shared: &Arc<Shared>, path: &VPath, mode: Mode, owner: &str) -> Result<Box<dyn Upload>> {
    if path.is_root() {
        return Err(StoreError::IsDirectory);
    }
    if path.is_reserved() {
        return Err(StoreError::Denied);
    }
    let mut tree = shared.tree();
    let dir = tree.find(&path.parent())?;
    tree.entries(dir)?;
    let there = match tree.child(dir, path.name()) {
        Ok(id) if tree.node(id).kind() == Kind::Directory => return Err(StoreError::IsDirectory),
        Ok(id) => tree.node(id).content().cloned(),
        Err(_) => None,
    };
    let partial = tree.partial(dir, path.name(), owner).cloned();
    let resumed = partial.is_some()
        && match mode {
            Mode::New | Mode::Overwrite | Mode::Modify => false,
            Mode::Resume(_) => true,
            Mode::Append => there.is_none(),
        };
    if resumed && tree.is_held(dir, path.name(), owner) {
        return Err(StoreError::Busy);
    }
    let kept = match mode {
        Mode::New if there.is_some() => return Err(StoreError::Exists),
        Mode::New | Mode::Overwrite => None,
        Mode::Resume(_) => partial.or(there),
        Mode::Append => there.or(partial),
        Mode::Modify => there,
    };
    let len = match (mode, kept.as_ref().map_or(0, Blob::len)) {
        (Mode::Resume(offset), len) if offset > len => return Err(StoreError::BeyondEnd { offset, len }),
        (Mode::Resume(offset), _) => offset,
        (_, len) => len,
    };
    let start = if mode == Mode::Modify { 0 } else { len };
    if len > shared.capacity.saturating_sub(tree.used) {
        return Err(StoreError::NoSpace);
    }
    if resumed {
        tree.hold(dir, path.name(), owner, true);
    }
    tree.used += len;
    drop(tree);
    let mut growing = Growing {
        shared: shared.clone(),
        dir,
        path: path.clone(),
        owner: owner.to_owned(),
        mode,
        start,
        octets: Body::default(),
        counted: len,
        keep_old: false,
        attributes: Attributes::default(),
        resumed,
    };
    if let Some(kept) = kept {
        growing.octets = Body::from(&kept, len, shared.shelf.as_ref())?;
    }
    Ok(Box::new(growing))
}

impl Sink for Growing {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        let end = offset.checked_add(octets.len() as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        let more = end.saturating_sub(self.octets.len());
        let mut tree = self.shared.tree();
        if more > self.shared.capacity.saturating_sub(tree.used) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        tree.used += more;
        drop(tree);
        self.counted += more;
        self.octets.write_at(offset, octets, self.shared.shelf.as_ref())
    }
}

impl Upload for Growing {
    fn len(&self) -> u64 {
        self.octets.len()
    }

    fn start(&self) -> u64 {
        self.start
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.octets.read_at(offset, buf)
    }

    fn wrote_to(&mut self, _end: u64) {}

    fn set_len(&mut self, len: u64) -> Result<()> {
        let had = self.counted;
        let mut tree = self.shared.tree();
        if len.saturating_sub(had) > self.shared.capacity.saturating_sub(tree.used) {
            return Err(StoreError::NoSpace);
        }
        tree.used = tree.used - had + len;
        drop(tree);
        self.counted = len;
        Ok(self.octets.set_len(len, self.shared.shelf.as_ref())?)
    }

    fn set_attributes(&mut self, attributes: Attributes) -> Result<()> {
        self.attributes = self.attributes.and(attributes);
        Ok(())
    }

    fn keep_old(&mut self) -> Result<()> {
        self.keep_old = true;
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<Published> {
        let shared = self.shared.clone();
        // Not while the tree is held: it may be compared with what lies on the shelf.
        let octets = self.octets.finish()?;
        let mut tree = shared.tree();
        let there = match tree.child(self.dir, self.path.name()) {
            Ok(id) => {
                let node = tree.node(id);
                Some((node.content().cloned().ok_or(StoreError::IsDirectory)?, node.mode))
            }
            Err(StoreError::Absent) if tree.entries(self.dir).is_ok() => None,
            Err(e) => return Err(e),
        };
        if there.is_some() && self.mode == Mode::New {
            return Err(StoreError::Exists);
        }
        let Attributes { mode_if_new, mode, modified } = self.attributes;
        let mode = mode.or(there.as_ref().map(|(_, mode)| *mode)).or(mode_if_new.map(|mode| mode & 0o755));
        let len = octets.len();
        let mut freed = Amount::NONE;
        let kept = match there {
            Some((old, _)) if self.keep_old => {
                let mut dir = ROOT;
                for name in [&b".towline"[..], b"versions"].into_iter().chain(self.path.parent().components())
                {
                    dir = match tree.child(dir, name) {
                        Ok(id) => id,
                        Err(_) => tree.insert(dir, name, Node::dir()),
                    };
                }
                let name =
                    [self.path.name(), format!("@{}", Stamp::new(tree.next_time(), 0)).as_bytes()].concat();
                tree.insert(dir, &name, Node::file(old));
                let text = [b"/.towline/versions", self.path.parent().as_bytes(), b"/", &name].concat();
                VPath::parse(&text).ok()
            }
            Some((old, _)) => {
                freed += Amount::file(old.len());
                None
            }
            None => None,
        };
        let id = tree.insert(self.dir, self.path.name(), Node::file(octets));
        let node = tree.node_mut(id);
        node.mode = mode.map_or(node.mode, |mode| settable(Kind::File, mode));
        node.modified = modified.unwrap_or(node.modified);
        // insert() counted the content; the upload's own count goes.
        tree.used -= std::mem::take(&mut self.counted);
        let (dir, name, owner) = (self.dir, self.path.name(), &self.owner[..]);
        if std::mem::take(&mut self.resumed) {
            tree.put_partial(dir, name, owner, None);
            tree.hold(dir, name, owner, false);
        } else if !tree.is_held(dir, name, owner) {
            freed += tree.put_partial(dir, name, owner, None);
        }
        Ok(Published { len, kept, freed, identity: None })
    }

    fn suspend(mut self: Box<Self>) -> Result<Suspended> {
        let shared = self.shared.clone();
        let octets = self.octets.finish()?;
        let mut tree = shared.tree();
        tree.entries(self.dir)?;
        // Another upload of this owner may go on with a partial of that name.
        let nothing_to_go_on_with = self.owner.is_empty() || self.mode == Mode::Modify;
        if nothing_to_go_on_with || (!self.resumed && tree.is_held(self.dir, self.path.name(), &self.owner)) {
            drop(tree);
            return Ok(Suspended::default());
        }
        let len = octets.len();
        let former = tree.put_partial(self.dir, self.path.name(), &self.owner, Some(octets));
        tree.used -= std::mem::take(&mut self.counted);
        let freed = if self.resumed { Amount::NONE } else { former };
        if std::mem::take(&mut self.resumed) {
            tree.hold(self.dir, self.path.name(), &self.owner, false);
        }
        Ok(Suspended { kept: Amount::file(len), freed })
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        let mut tree = self.shared.tree();
        tree.used -= self.counted;
        if self.resumed {
            // What was gone on with goes along.
            tree.put_partial(self.dir, self.path.name(), &self.owner, None);
            tree.hold(self.dir, self.path.name(), &self.owner, false);
        }
    }
}
