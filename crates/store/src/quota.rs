//! A store that holds no more than so many octets.
//!
//! Counted once at the start and then with every upload, removal and rename that passes through here; what
//! other programs do in the tree meanwhile is seen at the next start. While a file is replaced both the old
//! and the new one count. An upload that grows beyond what is left fails with
//! [`StorageFull`](std::io::ErrorKind::StorageFull), and [`Store::space`] tells what is left, so that one
//! that announces its size is refused before its first octet.

use crate::{
    Blob, Capabilities, Cursor, Facts, Kind, Mode, Published, Result, Sink, Space, Store, StoreError, Upload,
    VPath,
};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// A store with a quota.
pub struct Quota {
    inner: Arc<dyn Store>,
    count: Arc<Count>,
}

struct Count {
    limit: u64,
    used: AtomicU64,
}

impl Count {
    /// Takes so many octets, if they are left.
    fn take(&self, octets: u64) -> bool {
        let fits = |used: u64| used.checked_add(octets).filter(|sum| *sum <= self.limit);
        self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).is_ok()
    }

    /// Gives octets back.
    fn give(&self, octets: u64) {
        let less = |used: u64| Some(used.saturating_sub(octets));
        // The closure never refuses.
        let _ = self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
    }

    /// Counts octets that are there already.
    fn add(&self, octets: u64) {
        let more = |used: u64| Some(used.saturating_add(octets));
        // The closure never refuses.
        let _ = self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
    }

    fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used.load(Ordering::Acquire))
    }
}

impl Quota {
    /// Limits `inner` to `limit` octets; counts what is there now, which reads every directory.
    pub fn new(inner: Arc<dyn Store>, limit: u64) -> Result<Quota> {
        let used = AtomicU64::new(inner.used()?);
        Ok(Quota { inner, count: Arc::new(Count { limit, used }) })
    }

    /// Octets of the file that is there.
    fn len(&self, path: &VPath) -> u64 {
        self.inner.stat(path).ok().filter(|f| f.kind == Kind::File).map_or(0, |f| f.len)
    }
}

impl Store for Quota {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        self.inner.stat(path)
    }

    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        self.inner.list(path)
    }

    fn open(&self, path: &VPath) -> Result<Blob> {
        self.inner.open(path)
    }

    fn open_now(&self, path: &VPath) -> Option<Blob> {
        self.inner.open_now(path)
    }

    fn create(&self, path: &VPath, mode: Mode, owner: &str) -> Result<Box<dyn Upload>> {
        // The partial that is gone on with is counted; what is copied from the file is not yet.
        let partial = match mode {
            Mode::New | Mode::Overwrite => 0,
            Mode::Resume(_) => self.inner.partial(path, owner).unwrap_or(0),
            Mode::Append if self.inner.stat(path).is_ok() => 0,
            Mode::Append => self.inner.partial(path, owner).unwrap_or(0),
        };
        let inner = self.inner.create(path, mode, owner)?;
        self.count.give(partial);
        let start = inner.len();
        let mut counted = Counted {
            store: self.inner.clone(),
            path: path.clone(),
            owner: owner.to_owned(),
            inner: None,
            count: self.count.clone(),
            counted: 0,
            resumed: partial > 0,
        };
        if !counted.grow(start) {
            // The partial goes with the upload that is dropped here.
            return Err(StoreError::NoSpace);
        }
        counted.inner = Some(inner);
        Ok(Box::new(counted))
    }

    fn partial(&self, path: &VPath, owner: &str) -> Option<u64> {
        self.inner.partial(path, owner)
    }

    fn rename(&self, from: &VPath, to: &VPath) -> Result<()> {
        let gone = if from == to { 0 } else { self.len(to) };
        self.inner.rename(from, to)?;
        self.count.give(gone);
        Ok(())
    }

    fn remove(&self, path: &VPath) -> Result<()> {
        let gone = self.len(path);
        self.inner.remove(path)?;
        self.count.give(gone);
        Ok(())
    }

    fn make_dir(&self, path: &VPath) -> Result<()> {
        self.inner.make_dir(path)
    }

    fn remove_dir(&self, path: &VPath) -> Result<()> {
        self.inner.remove_dir(path)
    }

    fn set_modified(&self, path: &VPath, to: SystemTime) -> Result<()> {
        self.inner.set_modified(path, to)
    }

    fn space(&self, path: &VPath) -> Result<Space> {
        let space = self.inner.space(path)?;
        Ok(Space { total: space.total.min(self.count.limit), free: space.free.min(self.count.left()) })
    }

    fn used(&self) -> Result<u64> {
        Ok(self.count.used.load(Ordering::Acquire))
    }
}

/// An upload whose octets count as they come.
struct Counted {
    store: Arc<dyn Store>,
    path: VPath,
    owner: String,
    /// None once it has ended.
    inner: Option<Box<dyn Upload>>,
    count: Arc<Count>,
    /// Octets that it has taken of the quota.
    counted: u64,
    /// Whether it is its owner's partial, grown; else a partial is another file.
    resumed: bool,
}

impl Counted {
    fn grow(&mut self, to: u64) -> bool {
        let more = to.saturating_sub(self.counted);
        let fits = more == 0 || self.count.take(more);
        if fits {
            self.counted += more;
        }
        fits
    }

    fn inner(&self) -> &dyn Upload {
        self.inner.as_deref().expect("there until commit() or suspend(), which take self")
    }

    fn inner_mut(&mut self) -> &mut Box<dyn Upload> {
        self.inner.as_mut().expect("there until commit() or suspend(), which take self")
    }

    /// Octets of the partial of this owner, which this upload may be.
    fn partial(&self) -> u64 {
        if self.owner.is_empty() { 0 } else { self.store.partial(&self.path, &self.owner).unwrap_or(0) }
    }
}

impl Sink for Counted {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        if !self.grow(offset.saturating_add(octets.len() as u64)) {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "the quota is used up"));
        }
        self.inner_mut().write_at(offset, octets)
    }

    // No descriptor: what is written through it is not counted before it is there.
}

impl Upload for Counted {
    fn len(&self) -> u64 {
        self.inner().len()
    }

    fn start(&self) -> u64 {
        self.inner().start()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.inner().read_at(offset, buf)
    }

    fn wrote_to(&mut self, end: u64) {
        self.inner_mut().wrote_to(end);
    }

    fn keep_old(&mut self) -> Result<()> {
        self.inner_mut().keep_old()
    }

    fn commit(mut self: Box<Self>) -> Result<Published> {
        let inner = self.inner.take().expect("an upload is committed once");
        let before = if self.resumed { 0 } else { self.partial() };
        let published = inner.commit()?;
        // What is there stays counted; what it replaced and the partial of earlier tries are gone.
        self.count.give(published.replaced + before.saturating_sub(self.partial()));
        self.count.give(self.counted.saturating_sub(published.len));
        (self.counted, self.resumed) = (0, false);
        Ok(published)
    }

    fn suspend(mut self: Box<Self>) -> Result<()> {
        let inner = self.inner.take().expect("an upload is suspended once");
        let before = if self.resumed { 0 } else { self.partial() };
        inner.suspend()?;
        self.count.give(before);
        // The drop gives back all but what the partial holds now.
        self.resumed = true;
        Ok(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // First the file, so that what is given back is really free.
        drop(self.inner.take());
        let stays = if self.resumed { self.partial() } else { 0 };
        self.count.give(self.counted);
        self.count.add(stays);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::{Local, LocalOptions};
    use crate::memory::Memory;

    fn p(path: &str) -> VPath {
        VPath::parse(path.as_bytes()).unwrap()
    }

    fn put(store: &dyn Store, path: &str, mode: Mode, len: usize) -> Result<Published> {
        let mut upload = store.create(&p(path), mode, "user a")?;
        let start = upload.start();
        upload.write_at(start, &vec![7; len])?;
        upload.commit()
    }

    #[test]
    fn a_store_with_a_quota_is_a_store() {
        crate::conformance::run(|| Arc::new(Quota::new(Arc::new(Memory::new()), u64::MAX).unwrap()));
    }

    /// The count is what a new count of the tree says, whatever was done.
    #[test]
    fn the_count_follows_whatever_happens() {
        let memory = Memory::new();
        memory.seed("/d/was-there", vec![1; 100]);
        follows(Arc::new(memory));
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("d")).unwrap();
        std::fs::write(dir.path().join("d/was-there"), [1; 100]).unwrap();
        std::os::unix::fs::symlink("d/was-there", dir.path().join("link")).unwrap();
        let options = LocalOptions { write: true, ..LocalOptions::default() };
        follows(Arc::new(Local::open(dir.path(), options).unwrap()));
    }

    fn follows(inner: Arc<dyn Store>) {
        let store = Quota::new(inner.clone(), 10_000).unwrap();
        assert_eq!(store.used().unwrap(), 100);
        let same = |what: &str| assert_eq!(store.used().unwrap(), inner.used().unwrap(), "{what}");

        put(&store, "/a", Mode::New, 1_000).unwrap();
        same("a new file");
        put(&store, "/a", Mode::Overwrite, 300).unwrap();
        same("a smaller one over it");
        let mut kept = store.create(&p("/a"), Mode::Overwrite, "user a").unwrap();
        kept.keep_old().unwrap();
        kept.write_at(0, &[1; 500]).unwrap();
        assert!(kept.commit().unwrap().kept.is_some());
        same("a version");
        let mut broken = store.create(&p("/b"), Mode::New, "user a").unwrap();
        broken.write_at(0, &[1; 700]).unwrap();
        broken.suspend().unwrap();
        same("a partial");
        let mut again = store.create(&p("/b"), Mode::Resume(600), "user a").unwrap();
        again.write_at(600, &[1; 200]).unwrap();
        again.suspend().unwrap();
        same("a partial that grew");
        drop(store.create(&p("/b"), Mode::Resume(100), "user a").unwrap());
        same("a resumed upload that was dropped");
        let mut broken = store.create(&p("/b"), Mode::Overwrite, "user a").unwrap();
        broken.write_at(0, &[1; 800]).unwrap();
        broken.suspend().unwrap();
        same("a partial in place of another");
        put(&store, "/b", Mode::Resume(800), 50).unwrap();
        same("a resumed file");
        let mut broken = store.create(&p("/b"), Mode::Overwrite, "user a").unwrap();
        broken.write_at(0, &[1; 90]).unwrap();
        broken.suspend().unwrap();
        same("a partial beside its file");
        put(&store, "/b", Mode::Overwrite, 10).unwrap();
        same("a commit drops the partial");
        put(&store, "/b", Mode::Append, 5).unwrap();
        same("an appended file");
        drop(store.create(&p("/c"), Mode::New, "").unwrap());
        same("an upload that was dropped");
        put(&store, "/c", Mode::New, 40).unwrap();
        store.rename(&p("/c"), &p("/a")).unwrap();
        same("a rename over a file");
        store.remove(&p("/a")).unwrap();
        store.remove(&p("/d/was-there")).unwrap();
        same("removed files");
    }

    #[test]
    fn nothing_grows_beyond_the_quota_and_the_old_file_stays() {
        let store = Quota::new(Arc::new(Memory::new()), 1_000).unwrap();
        put(&store, "/a", Mode::New, 600).unwrap();
        assert_eq!(store.space(&p("/a")).unwrap(), Space { total: 1_000, free: 400 });
        // Both are there for a moment.
        let mut upload = store.create(&p("/a"), Mode::Overwrite, "").unwrap();
        upload.write_at(0, &[1; 400]).unwrap();
        let why = upload.write_at(400, &[1; 1]).unwrap_err();
        assert_eq!(why.kind(), io::ErrorKind::QuotaExceeded);
        assert!(matches!(put(&store, "/b", Mode::New, 1), Err(StoreError::NoSpace)), "others count too");
        drop(upload);
        assert_eq!(store.stat(&p("/a")).unwrap().len, 600);
        put(&store, "/b", Mode::New, 400).unwrap();
        assert!(matches!(put(&store, "/a", Mode::Append, 1), Err(StoreError::NoSpace)));
        store.remove(&p("/a")).unwrap();
        assert_eq!(store.space(&p("/a")).unwrap().free, 600);
        // A write far out takes all the octets up to there.
        let mut upload = store.create(&p("/far"), Mode::New, "").unwrap();
        assert!(upload.write_at(u64::MAX - 1, &[1; 8]).is_err());
    }
}
