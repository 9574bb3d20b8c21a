use crate::faults::Faults;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use store::{Blob, Kind, Mode, Published, Result, Sink, Store, StoreError, Upload, VPath};

/// Space is taken from flash in portions of this many octets while a file grows.
const PORTION: u64 = 1 << 20;

/// Flash of class C: a directory tree in whole clusters; a deleted file's space is free at once.
#[derive(Clone)]
pub struct Flash {
    store: Arc<dyn Store>,
    total: u64,
    cluster: u64,
    /// Octets that files take which are still being written. Held while one of them becomes a file, so
    /// that its space is never counted twice or not at all.
    growing: Arc<Mutex<u64>>,
    /// What is wrong with it on request.
    faults: Arc<Faults>,
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
        Flash { store, total, cluster, growing: Arc::default(), faults: Faults::new(0) }
    }

    /// The same with what is wrong with it on request.
    #[must_use]
    pub(crate) fn with_faults(self, faults: Arc<Faults>) -> Flash {
        Flash { faults, ..self }
    }

    /// Octets in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Octets free: what `dir`, `show flash:` and `show file systems` agree on.
    pub fn free(&self) -> Result<u64> {
        let used: u64 = self.walk()?.iter().map(|r| self.clusters(r)).sum();
        Ok(self.faults.free(self.total.saturating_sub(used)))
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

    /// The same with their octets.
    pub fn sizes(&self) -> Vec<(String, u64)> {
        let rows = self.list(&VPath::root()).unwrap_or_default();
        rows.iter().filter(|r| !r.directory).map(|r| (r.name(), r.len)).collect()
    }

    /// All files with their directories, each directory's before what comes after it: the order in which a
    /// Catalyst searches for an image.
    pub fn files(&self) -> Vec<String> {
        let rows = self.walk().unwrap_or_default();
        let name = |r: &Row| String::from_utf8_lossy(r.path.relative()).into_owned();
        rows.iter().filter(|r| !r.directory).map(name).collect()
    }

    /// What a path names.
    pub fn stat(&self, path: &VPath) -> Result<Row> {
        let facts = self.store.stat(path)?;
        let directory = facts.kind == Kind::Directory;
        Ok(Row { path: path.clone(), directory, len: facts.len, modified: facts.modified })
    }

    /// All that the store knows of a file.
    pub fn facts(&self, path: &VPath) -> Result<store::Facts> {
        self.store.stat(path)
    }

    /// Opens a file.
    pub fn open(&self, path: &VPath) -> Result<Blob> {
        self.store.open(path)
    }

    /// Begins a file that replaces what has its name. It may take what is free and what the old one
    /// has; more is [`io::ErrorKind::StorageFull`]. What other files take that are being written at the
    /// same time is not free.
    pub fn create(&self, path: &VPath) -> Result<Bounded> {
        self.replaced(path)?;
        let upload = self.store.create(path, Mode::Overwrite, "device")?;
        Ok(Bounded { upload: Some(upload), flash: self.clone(), path: path.clone(), taken: 0 })
    }

    /// Octets of the file that a new one at `path` replaces.
    fn replaced(&self, path: &VPath) -> Result<u64> {
        match self.stat(path) {
            Ok(row) if row.directory => Err(StoreError::IsDirectory),
            Ok(row) => Ok(self.clusters(&row)),
            Err(StoreError::Absent) => Ok(0),
            Err(e) => Err(e),
        }
    }

    fn growing(&self) -> MutexGuard<'_, u64> {
        self.growing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a file.
    pub fn remove(&self, path: &VPath) -> Result<()> {
        self.store.remove(path).map(drop)
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

    /// Gives a file or directory another name; [`StoreError::Exists`] where that is taken.
    pub fn rename(&self, from: &VPath, to: &VPath) -> Result<()> {
        self.store.stat(from)?;
        match self.store.stat(to) {
            Err(StoreError::Absent) => self.store.rename(from, to).map(drop),
            Ok(_) => Err(StoreError::Exists),
            Err(e) => Err(e),
        }
    }

    /// Makes a directory.
    pub fn make_dir(&self, path: &VPath) -> Result<()> {
        self.store.make_dir(path)
    }

    /// Removes an empty directory.
    pub fn remove_dir(&self, path: &VPath) -> Result<()> {
        self.store.remove_dir(path).map(drop)
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
    /// Taken out by [`Bounded::commit`].
    upload: Option<Box<dyn Upload>>,
    flash: Flash,
    path: VPath,
    /// Octets of [`Flash::growing`] that are this file's.
    taken: u64,
}

impl Bounded {
    /// Octets so far.
    pub fn len(&self) -> u64 {
        self.upload.as_ref().map_or(0, |u| u.len())
    }

    /// Whether nothing came yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes it a file.
    pub fn commit(mut self) -> Result<Published> {
        let mut upload = self.upload.take().ok_or(StoreError::Absent)?;
        let flash = self.flash.clone();
        if let Some((at, bits)) = flash.faults.damage(upload.len()) {
            let mut octet = [0];
            upload.read_at(at, &mut octet)?;
            upload.write_at(at, &[octet[0] ^ bits])?;
        }
        let mut growing = flash.growing();
        let published = upload.commit();
        *growing -= std::mem::take(&mut self.taken);
        published
    }

    /// Takes space up to `end`; [`io::ErrorKind::StorageFull`] where there is none.
    fn take(&mut self, end: u64) -> io::Result<()> {
        if end <= self.taken {
            return Ok(());
        }
        let flash = self.flash.clone();
        let mut growing = flash.growing();
        let room =
            flash.free().map_err(io::Error::other)? + flash.replaced(&self.path).map_err(io::Error::other)?;
        let room = room.saturating_sub(*growing - self.taken);
        let wanted = end.div_ceil(flash.cluster) * flash.cluster;
        if wanted > room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let portion = end.div_ceil(PORTION).saturating_mul(PORTION).min(room).max(wanted);
        *growing += portion - self.taken;
        self.taken = portion;
        Ok(())
    }
}

impl Drop for Bounded {
    fn drop(&mut self) {
        *self.flash.growing() -= self.taken;
    }
}

impl Sink for Bounded {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        let end = offset.checked_add(octets.len() as u64).ok_or(io::ErrorKind::StorageFull)?;
        self.take(end)?;
        if let Some(time) = self.flash.faults.writing(octets.len()) {
            std::thread::sleep(time);
        }
        match &mut self.upload {
            Some(upload) => upload.write_at(offset, octets),
            None => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::memory::Memory;

    fn path(name: &str) -> VPath {
        VPath::parse(name.as_bytes()).expect("a name")
    }

    #[test]
    fn two_files_written_at_once_do_not_take_the_same_space() {
        let flash = Flash::new(Arc::new(Memory::new()), 40 * 4_096, 4_096);
        let (mut a, mut b) = (flash.create(&path("a")).expect("a"), flash.create(&path("b")).expect("b"));
        let block = [7u8; 4_096];
        let (mut at, mut refused) = (0, None);
        while at < 40 {
            a.write_at(at * 4_096, &block).expect("a alone would fit");
            if let Err(e) = b.write_at(at * 4_096, &block) {
                refused = Some(e.kind());
                break;
            }
            at += 1;
        }
        assert_eq!(refused, Some(io::ErrorKind::StorageFull));
        drop(b);
        // What the other one had is free again.
        for at in 0..40 {
            a.write_at(at * 4_096, &block).expect("all of flash");
        }
        assert!(a.write_at(40 * 4_096, &[1]).is_err());
        a.commit().expect("a file");
        assert_eq!(flash.free().expect("free"), 0);
        // A file may be replaced by one as large.
        let mut again = flash.create(&path("a")).expect("again");
        again.write_at(39 * 4_096, &block).expect("the old one goes");
        assert!(flash.create(&path("c")).expect("c").write_at(0, &[1]).is_err());
        again.commit().expect("replaced");
        assert_eq!(*flash.growing(), 0);
    }
}
