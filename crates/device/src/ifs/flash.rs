use std::io;
use std::sync::Arc;
use std::time::SystemTime;
use store::{Blob, Kind, Mode, Published, Result, Sink, Store, StoreError, Upload, VPath};

/// Flash of class C: a directory tree in whole clusters; a deleted file's space is free at once.
#[derive(Clone)]
pub struct Flash {
    store: Arc<dyn Store>,
    total: u64,
    cluster: u64,
}

/// One file or directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its path.
    pub path: VPath,
    /// Whether it is a directory.
    pub directory: bool,
    /// Octets.
    pub len: u64,
    /// Last modification.
    pub modified: SystemTime,
}

impl Row {
    /// The last component, made printable.
    pub fn name(&self) -> String {
        String::from_utf8_lossy(self.path.name()).into_owned()
    }
}

impl Flash {
    /// Flash of `total` octets in clusters of `cluster`, kept in `store`.
    pub fn new(store: Arc<dyn Store>, total: u64, cluster: u64) -> Flash {
        Flash { store, total, cluster }
    }

    /// Octets in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Octets free: what `dir`, `show flash:` and `show file systems` agree on.
    pub fn free(&self) -> Result<u64> {
        let used: u64 = self.walk()?.iter().map(|r| self.clusters(r)).sum();
        Ok(self.total.saturating_sub(used))
    }

    /// A directory's rows in directory order: the older first, as files were made.
    pub fn list(&self, dir: &VPath) -> Result<Vec<Row>> {
        let mut cursor = self.store.list(dir)?;
        let mut rows = Vec::new();
        loop {
            let entries = cursor.next()?;
            if entries.is_empty() {
                break;
            }
            for e in entries {
                let Ok(path) = dir.child(&e.name) else { continue };
                let directory = e.facts.kind == Kind::Directory;
                rows.push(Row { path, directory, len: e.facts.len, modified: e.facts.modified });
            }
        }
        rows.sort_by(|a, b| (a.modified, &a.path).cmp(&(b.modified, &b.path)));
        Ok(rows)
    }

    /// Every file and directory, each directory before what is in it.
    pub fn walk(&self) -> Result<Vec<Row>> {
        let mut out = Vec::new();
        let mut waiting = self.list(&VPath::root())?;
        waiting.reverse();
        while let Some(row) = waiting.pop() {
            if row.directory {
                let mut inner = self.list(&row.path)?;
                inner.reverse();
                waiting.append(&mut inner);
            }
            out.push(row);
        }
        Ok(out)
    }

    /// The names of the root's files in directory order: what booting looks at.
    pub fn names(&self) -> Vec<String> {
        let rows = self.list(&VPath::root()).unwrap_or_default();
        rows.iter().filter(|r| !r.directory).map(Row::name).collect()
    }

    /// What a path names.
    pub fn stat(&self, path: &VPath) -> Result<Row> {
        let facts = self.store.stat(path)?;
        let directory = facts.kind == Kind::Directory;
        Ok(Row { path: path.clone(), directory, len: facts.len, modified: facts.modified })
    }

    /// Opens a file.
    pub fn open(&self, path: &VPath) -> Result<Blob> {
        self.store.open(path)
    }

    /// Begins a file that replaces what has its name. It may take what is free and what the old one
    /// has; more is [`io::ErrorKind::StorageFull`].
    pub fn create(&self, path: &VPath) -> Result<Bounded> {
        let old = match self.stat(path) {
            Ok(row) if row.directory => return Err(StoreError::IsDirectory),
            Ok(row) => self.clusters(&row),
            Err(StoreError::Absent) => 0,
            Err(e) => return Err(e),
        };
        let room = self.free()? + old;
        let upload = self.store.create(path, Mode::Overwrite, "device")?;
        Ok(Bounded { upload, room })
    }

    /// Removes a file.
    pub fn remove(&self, path: &VPath) -> Result<()> {
        self.store.remove(path)
    }

    /// Removes everything: what ROMMON's `tftpdnld` does before it writes.
    pub fn erase(&self) -> Result<()> {
        for row in self.walk()?.iter().rev() {
            if row.directory {
                self.store.remove_dir(&row.path)?;
            } else {
                self.store.remove(&row.path)?;
            }
        }
        Ok(())
    }

    /// Makes a directory.
    pub fn make_dir(&self, path: &VPath) -> Result<()> {
        self.store.make_dir(path)
    }

    /// Removes an empty directory.
    pub fn remove_dir(&self, path: &VPath) -> Result<()> {
        self.store.remove_dir(path)
    }

    fn clusters(&self, row: &Row) -> u64 {
        match row.directory {
            true => self.cluster,
            false => row.len.div_ceil(self.cluster) * self.cluster,
        }
    }
}

/// An upload that does not outgrow flash. Dropped, it leaves nothing.
pub struct Bounded {
    upload: Box<dyn Upload>,
    room: u64,
}

impl Bounded {
    /// Octets so far.
    pub fn len(&self) -> u64 {
        self.upload.len()
    }

    /// Whether nothing came yet.
    pub fn is_empty(&self) -> bool {
        self.upload.is_empty()
    }

    /// Makes it a file.
    pub fn commit(self) -> Result<Published> {
        self.upload.commit()
    }
}

impl Sink for Bounded {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        if offset.saturating_add(octets.len() as u64) > self.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.upload.write_at(offset, octets)
    }
}
