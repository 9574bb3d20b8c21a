use super::class::{Class, Rules};
use crate::faults::Faults;
use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use store::{Blob, Kind, Mode, Published, Result, Sink, Store, StoreError, Upload, VPath};

/// Space is taken from flash in portions of this many octets while a file grows.
const PORTION: u64 = 1 << 20;

/// Where a flash that only marks deleted files keeps them: no name of a file there begins with a dot.
const DELETED: &str = "/.deleted";

/// How large a flash is and how it keeps files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    /// Octets in all.
    pub total: u64,
    /// Every file takes whole ones of so many octets.
    pub cluster: u64,
    /// And so many before its first.
    pub header: u64,
    /// What becomes of deleted files.
    pub class: Class,
}

/// A flash file system. Of class C: a directory tree; a deleted file's space is free at once. Of the others: one
/// row of files behind each other, the deleted ones among them until it is squeezed or erased.
#[derive(Clone)]
pub struct Flash {
    store: Arc<dyn Store>,
    geometry: Geometry,
    /// Octets that files take which are still being written. Held while one of them becomes a file, so
    /// that its space is never counted twice or not at all.
    growing: Arc<Mutex<u64>>,
    /// The number of the file that was deleted last.
    deletions: Arc<AtomicU32>,
    /// Octets that are taken by what nobody lists, until flash is erased or squeezed.
    unlisted: Arc<AtomicU64>,
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

/// A file of the row in which a flash that marks them has its files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file, under the name that it has or had.
    pub row: Row,
    /// Where it is kept since it was deleted; `None`: it is there.
    pub deleted: Option<VPath>,
}

impl Row {
    /// The last component, made printable.
    pub fn name(&self) -> String {
        String::from_utf8_lossy(self.path.name()).into_owned()
    }
}

impl Flash {
    /// Flash of this geometry, kept in `store`.
    pub fn new(store: Arc<dyn Store>, geometry: Geometry) -> Flash {
        Flash {
            store,
            geometry,
            growing: Arc::default(),
            deletions: Arc::default(),
            unlisted: Arc::default(),
            faults: Faults::new(0),
        }
    }

    /// The same with what is wrong with it on request.
    #[must_use]
    pub(crate) fn with_faults(self, faults: Arc<Faults>) -> Flash {
        Flash { faults, ..self }
    }

    /// Octets in all.
    pub fn total(&self) -> u64 {
        self.geometry.total
    }

    /// What may be done with it.
    pub fn rules(&self) -> &'static Rules {
        self.geometry.class.rules()
    }

    /// Octets free: what `dir`, `show flash:` and `show file systems` agree on.
    pub fn free(&self) -> Result<u64> {
        Ok(self.faults.free(self.unused()?.saturating_sub(self.unlisted.load(Ordering::Relaxed))))
    }

    /// Octets that no file takes, deleted ones neither.
    fn unused(&self) -> Result<u64> {
        let used: u64 = self.walk()?.iter().map(|r| self.takes(r)).sum();
        let marked: u64 = self.graveyard()?.iter().map(|r| self.takes(r)).sum();
        Ok(self.geometry.total.saturating_sub(used + marked))
    }

    /// So many octets are free from now on, or fewer where files take more: the rest is taken by what nobody lists.
    pub(crate) fn settle(&self, free: u64) -> Result<()> {
        self.unlisted.store(self.unused()?.saturating_sub(free), Ordering::Relaxed);
        Ok(())
    }

    /// A directory's rows in directory order: the older first, as files were made.
    pub fn list(&self, dir: &VPath) -> Result<Vec<Row>> {
        let mut rows = self.all(dir)?;
        if self.rules().marks && dir.is_root() {
            rows.retain(|row| row.path != deleted());
        }
        Ok(rows)
    }

    fn all(&self, dir: &VPath) -> Result<Vec<Row>> {
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

    /// What deleted files are kept as.
    fn graveyard(&self) -> Result<Vec<Row>> {
        if !self.rules().marks {
            return Ok(Vec::new());
        }
        match self.all(&deleted()) {
            Err(StoreError::Absent) => Ok(Vec::new()),
            rows => rows,
        }
    }

    /// Files in the order in which they lie there, deleted ones too: what `dir /all` numbers.
    pub fn places(&self) -> Result<Vec<Place>> {
        let mut places: Vec<Place> =
            self.list(&VPath::root())?.into_iter().map(|row| Place { row, deleted: None }).collect();
        for kept in self.graveyard()? {
            // 0001-c3640-ik9s-mz.122-23a.bin
            let name = kept.path.name().splitn(2, |b| *b == b'-').nth(1).unwrap_or_default();
            let Ok(path) = VPath::root().child(name) else { continue };
            let at = kept.path.clone();
            places.push(Place { row: Row { path, ..kept }, deleted: Some(at) });
        }
        let order = |p: &Place| (p.row.modified, p.deleted.is_none(), p.deleted.clone(), p.row.path.clone());
        places.sort_by_key(order);
        Ok(places)
    }

    /// A path that no deleted file has yet, for one of this name.
    fn grave(&self, path: &VPath) -> Result<VPath> {
        let number = |row: &Row| row.name().split('-').next().and_then(|n| n.parse::<u32>().ok());
        let last = self.graveyard()?.iter().filter_map(number).max().unwrap_or(0);
        match self.store.make_dir(&deleted()) {
            Ok(()) | Err(StoreError::Exists) => {}
            Err(e) => return Err(e),
        }
        self.deletions.fetch_max(last, Ordering::Relaxed);
        let number = self.deletions.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let mut name = format!("{number:04}-").into_bytes();
        name.extend_from_slice(path.name());
        deleted().child(&name).map_err(|_| StoreError::Unsupported("so long a name"))
    }

    /// Brings a deleted file back: the one of this number in [`Flash::places`]. [`StoreError::Exists`] where its
    /// name is taken again, [`StoreError::Absent`] where the number is not a deleted file's.
    pub fn undelete(&self, number: usize) -> Result<Row> {
        let place = number.checked_sub(1).and_then(|n| self.places().ok()?.into_iter().nth(n));
        let Some(Place { row, deleted: Some(at) }) = place else { return Err(StoreError::Absent) };
        self.rename(&at, &row.path)?;
        Ok(row)
    }

    /// Takes away what was deleted; gives how many files that were.
    pub fn squeeze(&self) -> Result<usize> {
        self.unlisted.store(0, Ordering::Relaxed);
        let rows = self.graveyard()?;
        for row in &rows {
            self.store.remove(&row.path)?;
        }
        Ok(rows.len())
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
        if !self.rules().tree && path.parent() != VPath::root() {
            return Err(StoreError::NotDirectory);
        }
        // What takes space before it is whole is a deleted file until then.
        let at = if self.rules().marks { self.grave(path)? } else { path.clone() };
        let upload = self.store.create(&at, Mode::Overwrite, "device")?;
        Ok(Bounded { upload: Some(upload), flash: self.clone(), path: path.clone(), at, taken: 0 })
    }

    /// Octets that a new file at `path` may take: what is free, and what the one has that it replaces.
    pub fn room(&self, path: &VPath) -> Result<u64> {
        Ok(self.free()?.saturating_add(self.replaced(path)?))
    }

    /// Octets of the file that a new one at `path` replaces. A file that is only marked makes no room.
    fn replaced(&self, path: &VPath) -> Result<u64> {
        match self.stat(path) {
            Ok(row) if row.directory => Err(StoreError::IsDirectory),
            Ok(_) if self.rules().marks => Ok(0),
            Ok(row) => Ok(self.takes(&row)),
            Err(StoreError::Absent) => Ok(0),
            Err(e) => Err(e),
        }
    }

    fn growing(&self) -> MutexGuard<'_, u64> {
        self.growing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a file, or marks it deleted where that is all that this flash does.
    pub fn remove(&self, path: &VPath) -> Result<()> {
        if !self.rules().marks {
            return self.store.remove(path).map(drop);
        }
        match self.stat(path)? {
            row if row.directory => Err(StoreError::IsDirectory),
            row => self.store.rename(&row.path, &self.grave(path)?).map(drop),
        }
    }

    /// Removes everything: `erase`, `format`, and what ROMMON's `tftpdnld` does before it writes.
    pub fn erase(&self) -> Result<()> {
        self.squeeze()?;
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

    /// Makes a directory, where there are any.
    pub fn make_dir(&self, path: &VPath) -> Result<()> {
        match self.rules().tree {
            true => self.store.make_dir(path),
            false => Err(StoreError::Unsupported("directories")),
        }
    }

    /// Removes an empty directory.
    pub fn remove_dir(&self, path: &VPath) -> Result<()> {
        self.store.remove_dir(path).map(drop)
    }

    fn takes(&self, row: &Row) -> u64 {
        match row.directory {
            true => self.geometry.cluster,
            false => self.needs(row.len),
        }
    }

    /// What a file of so many octets takes.
    fn needs(&self, len: u64) -> u64 {
        let Geometry { cluster, header, .. } = self.geometry;
        len.div_ceil(cluster).saturating_mul(cluster).saturating_add(header)
    }
}

fn deleted() -> VPath {
    VPath::parse(DELETED.as_bytes()).expect("a plain name")
}

/// An upload that does not outgrow flash. Dropped, it leaves nothing, or in a flash that marks deleted files one of
/// those, with what had come.
pub struct Bounded {
    /// Taken out by [`Bounded::commit`].
    upload: Option<Box<dyn Upload>>,
    flash: Flash,
    path: VPath,
    /// Where it is written: another place than its name in a flash that marks deleted files.
    at: VPath,
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
        let published = upload.commit().and_then(|published| {
            if self.at != self.path {
                match flash.remove(&self.path) {
                    Ok(()) | Err(StoreError::Absent) => {}
                    Err(e) => return Err(e),
                }
                flash.store.rename(&self.at, &self.path)?;
            }
            Ok(published)
        });
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
        let wanted = flash.needs(end);
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
        let flash = self.flash.clone();
        let mut growing = flash.growing();
        // What was written takes its space until it is squeezed.
        if let Some(upload) = self.upload.take().filter(|u| self.at != self.path && !u.is_empty()) {
            drop(upload.commit());
        }
        *growing -= self.taken;
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
        let geometry = Geometry { total: 40 * 4_096, cluster: 4_096, header: 0, class: Class::C };
        let flash = Flash::new(Arc::new(Memory::new()), geometry);
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

    fn marking(class: Class) -> Flash {
        let geometry = Geometry { total: 1_000_000, cluster: 4, header: 64, class };
        Flash::new(Arc::new(Memory::new()), geometry)
    }

    #[test]
    fn what_nobody_lists_takes_room_until_flash_is_erased() {
        let geometry = Geometry { total: 1_000_000, cluster: 4_096, header: 0, class: Class::C };
        let flash = Flash::new(Arc::new(Memory::new()), geometry);
        put(&flash, "a", 10_000);
        flash.settle(500_000).expect("a number");
        assert_eq!(flash.free().expect("free"), 500_000);
        flash.remove(&path("a")).expect("there");
        assert_eq!(flash.free().expect("free"), 500_000 + 3 * 4_096, "what a file took is free again");
        flash.erase().expect("erased");
        assert_eq!(flash.free().expect("free"), 1_000_000);
        flash.settle(2_000_000).expect("a number");
        assert_eq!(flash.free().expect("free"), 1_000_000, "no more than there is");
    }

    fn put(flash: &Flash, name: &str, octets: u64) {
        let mut upload = flash.create(&path(name)).expect(name);
        for at in (0..octets).step_by(1_000) {
            let n = usize::try_from(1_000.min(octets - at)).expect("small");
            upload.write_at(at, &vec![7; n]).expect(name);
        }
        upload.commit().expect(name);
    }

    /// The names in their order, deleted ones in brackets.
    fn names(flash: &Flash) -> Vec<String> {
        let name = |p: Place| match p.deleted {
            Some(_) => format!("[{}]", p.row.name()),
            None => p.row.name(),
        };
        flash.places().expect("places").into_iter().map(name).collect()
    }

    #[test]
    fn a_deleted_file_takes_its_space_until_it_is_squeezed() {
        for class in [Class::A, Class::B] {
            let flash = marking(class);
            put(&flash, "a", 400_001);
            // A file takes its octets, to the next four, and its header.
            assert_eq!(flash.free().expect("free"), 1_000_000 - 400_004 - 64);
            flash.remove(&path("a")).expect("marked");
            assert!(matches!(flash.stat(&path("a")), Err(StoreError::Absent)));
            assert!(flash.names().is_empty(), "nothing boots from it");
            assert_eq!(flash.free().expect("free"), 1_000_000 - 400_004 - 64);
            let mut more = flash.create(&path("b")).expect("b");
            assert!(more.write_at(0, &vec![7; 700_000]).is_err(), "there is no room for it");
            drop(more);
            assert_eq!(names(&flash), ["[a]"], "nothing of it was written");
            assert_eq!(flash.squeeze().expect("squeezed"), 1);
            assert_eq!((flash.free().expect("free"), names(&flash)), (1_000_000, vec![]));
        }
    }

    #[test]
    fn what_is_marked_comes_back_by_its_number() {
        let flash = marking(Class::B);
        for name in ["a", "b", "c"] {
            put(&flash, name, 100);
        }
        flash.remove(&path("b")).expect("marked");
        assert!(matches!(flash.undelete(1), Err(StoreError::Absent)), "a is there");
        assert!(matches!(flash.undelete(9), Err(StoreError::Absent)));
        // Another file of that name.
        put(&flash, "b", 50);
        assert!(matches!(flash.undelete(2), Err(StoreError::Exists)));
        // It is replaced, and its octets stay taken.
        put(&flash, "b", 60);
        assert_eq!(names(&flash), ["a", "[b]", "c", "[b]", "b"]);
        assert_eq!(flash.free().expect("free"), 1_000_000 - 3 * 100 - 52 - 60 - 5 * 64);
        flash.remove(&path("b")).expect("marked");
        assert_eq!(flash.undelete(2).expect("back").len, 100);
        assert_eq!(names(&flash), ["a", "b", "c", "[b]", "[b]"]);
        flash.erase().expect("erased");
        assert!(names(&flash).is_empty());
    }

    #[test]
    fn a_write_that_breaks_off_leaves_a_deleted_file() {
        let flash = marking(Class::B);
        put(&flash, "a", 100);
        let mut broken = flash.create(&path("a")).expect("a");
        broken.write_at(0, &[7; 40]).expect("room");
        drop(broken);
        assert_eq!(names(&flash), ["a", "[a]"]);
        assert_eq!(flash.stat(&path("a")).expect("there").len, 100, "what was there is there");
        assert_eq!(flash.free().expect("free"), 1_000_000 - 100 - 40 - 2 * 64);
        assert!(flash.make_dir(&path("d")).is_err() && flash.create(&path("d/x")).is_err());
        assert_eq!(*flash.growing(), 0);
    }
}
