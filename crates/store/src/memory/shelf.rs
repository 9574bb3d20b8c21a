//! Contents that several trees share: each distinct one lies there once, in a file without a name.
//!
//! A thousand devices with the same image have its octets once. What is on the shelf never changes; when no tree has it
//! any more it is gone, and so is all of it with the process.

use crate::{Blob, Identity};
use rustix::fs::{Mode, OFlags, openat};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Contents up to this size stay in memory: a file costs a descriptor and more than it saves.
pub(super) const SMALL: usize = 65_536;
/// Octets that are compared, copied and read at a time.
const PIECE: usize = 65_536;

/// Where large contents of trees in memory lie. Clones are the same shelf.
#[derive(Clone)]
pub struct Shelf(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    // By length, what lies there and is still used. Guards the list; comparing two files is done beside it.
    files: Mutex<BTreeMap<u64, Vec<Weak<File>>>>,
}

impl Shelf {
    /// One whose files are on the file system of `dir`; none of them has a name there.
    pub fn new(dir: &Path) -> Shelf {
        Shelf(Arc::new(Inner { dir: dir.to_owned(), files: Mutex::default() }))
    }

    /// A file for what is to come.
    pub(super) fn file(&self) -> io::Result<File> {
        unnamed(&self.0.dir)
    }

    /// Puts a file's content there, unless it lies there already. Nobody may write to `file` from now on.
    ///
    /// # Errors
    /// It, or what it is compared with, cannot be read.
    pub fn keep(&self, file: File) -> io::Result<Blob> {
        let stat = rustix::fs::fstat(&file)?;
        let len = crate::local::octets(&stat);
        let there: Vec<Arc<File>> = {
            let files = self.0.files.lock().unwrap_or_else(PoisonError::into_inner);
            files.get(&len).into_iter().flatten().filter_map(Weak::upgrade).collect()
        };
        for there in there {
            if is_same(&file, &there, len)? {
                return blob(there);
            }
        }
        let file = Arc::new(file);
        let mut files = self.0.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|_, same| {
            same.retain(|file| file.strong_count() > 0);
            !same.is_empty()
        });
        files.entry(len).or_default().push(Arc::downgrade(&file));
        drop(files);
        blob(file)
    }

    /// Puts there what `octets` has, up to its end.
    ///
    /// # Errors
    /// It cannot be read, or there is no room.
    pub fn take(&self, octets: &mut impl io::Read) -> io::Result<Blob> {
        let mut file = self.file()?;
        io::copy(octets, &mut file)?;
        self.keep(file)
    }

    /// Puts there `len` octets that are zeros but for these pieces: they take no more room than those do, where the file system has
    /// holes.
    ///
    /// # Errors
    /// There is no room, or a piece is not within them.
    pub fn sparse(&self, len: u64, pieces: &[(u64, &[u8])]) -> io::Result<Blob> {
        let file = self.file()?;
        file.set_len(len)?;
        for (at, octets) in pieces {
            match at.checked_add(octets.len() as u64) {
                Some(end) if end <= len => file.write_all_at(octets, *at)?,
                Some(_) | None => return Err(io::ErrorKind::InvalidInput.into()),
            }
        }
        self.keep(file)
    }

    /// How many different contents lie there.
    pub fn contents(&self) -> usize {
        let files = self.0.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.values().flatten().filter(|file| file.strong_count() > 0).count()
    }
}

/// A file for reading and writing that has no name.
fn unnamed(dir: &Path) -> io::Result<File> {
    let mut last = io::ErrorKind::AlreadyExists.into();
    // A name is there for a moment only, where it happens to be taken the next one is tried.
    for _ in 0..16 {
        let mut octets = [0; 8];
        getrandom::fill(&mut octets).map_err(io::Error::other)?;
        let path = dir.join(format!(".towline-shelf-{:016x}", u64::from_ne_bytes(octets)));
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        match openat(rustix::fs::CWD, &path, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file.into());
            }
            Err(e) => last = e.into(),
        }
    }
    Err(last)
}

fn is_same(a: &File, b: &File, len: u64) -> io::Result<bool> {
    let (mut here, mut there) = (vec![0; PIECE], vec![0; PIECE]);
    let mut at = 0;
    while at < len {
        let n = usize::try_from(len - at).unwrap_or(PIECE).min(PIECE);
        a.read_exact_at(&mut here[..n], at)?;
        b.read_exact_at(&mut there[..n], at)?;
        if here[..n] != there[..n] {
            return Ok(false);
        }
        at += n as u64;
    }
    Ok(true)
}

fn blob(file: Arc<File>) -> io::Result<Blob> {
    let identity: Identity = crate::local::identity(&rustix::fs::fstat(&*file)?);
    Ok(Blob::File { len: identity.len, file, identity })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;
    use crate::{Mode, Store, VPath};

    fn path(text: &str) -> VPath {
        VPath::parse(text.as_bytes()).unwrap()
    }

    fn put(store: &Memory, name: &str, octets: &[u8]) {
        let mut upload = store.create(&path(name), Mode::Overwrite, "t").unwrap();
        for (n, piece) in octets.chunks(10_000).enumerate() {
            upload.write_at(n as u64 * 10_000, piece).unwrap();
        }
        upload.commit().unwrap();
    }

    #[test]
    fn trees_on_a_shelf_conform() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        crate::conformance::run(|| Arc::new(Memory::on_shelf(&shelf)));
    }

    #[test]
    fn what_many_trees_have_lies_there_once_and_goes_with_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        let image: Vec<u8> = (0..300_001u32).map(|n| (n * 7 / 3) as u8).collect();
        let mut other = image.clone();
        other[299_999] ^= 1;
        let trees: Vec<Memory> = (0..20).map(|_| Memory::on_shelf(&shelf)).collect();
        for tree in &trees {
            put(tree, "/image", &image);
        }
        assert_eq!(shelf.contents(), 1);
        put(&trees[0], "/image", &other);
        put(&trees[1], "/small", b"in memory");
        assert_eq!(shelf.contents(), 2);
        assert_eq!(trees[0].content("/image").unwrap(), other);
        assert_eq!(trees[1].content("/image").unwrap(), image);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "no file has a name");
        for tree in &trees[1..] {
            tree.remove(&path("/image")).unwrap();
        }
        assert_eq!(shelf.contents(), 1);
        drop(trees);
        assert_eq!(shelf.contents(), 0);
    }

    #[test]
    fn a_sparse_content_is_zeros_but_for_its_pieces() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        let blob = shelf.sparse(1 << 30, &[(0, b"head"), ((1 << 30) - 3, b"end")]).unwrap();
        let mut octets = [1; 6];
        for (at, there) in [(0, b"head\0\0"), (1 << 29, &[0; 6]), ((1 << 30) - 6, b"\0\0\0end")] {
            assert_eq!(blob.read_at(at, &mut octets).unwrap(), 6);
            assert_eq!(&octets, there, "at {at}");
        }
        assert_eq!(blob.len(), 1 << 30);
        let Blob::File { file, .. } = &blob else { panic!("a file") };
        let blocks = rustix::fs::fstat(&**file).unwrap().st_blocks;
        assert!(blocks < 1_000, "{blocks} blocks of 512 octets are taken");
        assert!(shelf.sparse(3, &[(0, b"head")]).is_err());
        assert_eq!(shelf.sparse(0, &[]).unwrap().len(), 0);
    }

    #[test]
    fn what_grows_beyond_memory_is_whole_in_any_order_of_writes() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        let tree = Memory::on_shelf(&shelf);
        let octets: Vec<u8> = (0..200_000u32).map(|n| (n * 31 / 7) as u8).collect();
        let mut upload = tree.create(&path("/f"), Mode::New, "t").unwrap();
        for from in [150_000, 0, 50_000, 100_000] {
            upload.write_at(from as u64, &octets[from..from + 50_000]).unwrap();
            let mut back = vec![0; 50_000];
            assert_eq!(upload.read_at(from as u64, &mut back).unwrap(), 50_000);
            assert_eq!(back, octets[from..from + 50_000]);
        }
        upload.set_len(199_000).unwrap();
        upload.commit().unwrap();
        assert_eq!(tree.content("/f").unwrap(), octets[..199_000]);
        // And goes on from there.
        let mut more = tree.create(&path("/f"), Mode::Append, "t").unwrap();
        assert_eq!(more.start(), 199_000);
        more.write_at(199_000, &octets[199_000..]).unwrap();
        more.commit().unwrap();
        assert_eq!(tree.content("/f").unwrap(), octets);
    }
}
