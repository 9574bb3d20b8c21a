use super::*;
use crate::local::{Local, LocalOptions};
use crate::memory::Memory;

fn p(path: &str) -> VPath {
    VPath::parse(path.as_bytes()).unwrap()
}

fn at(path: &str, store: impl Store + 'static) -> Mount {
    Mount { at: p(path), store: Arc::new(store), write: true }
}

fn put(store: &dyn Store, path: &str, octets: &[u8]) -> Result<Published> {
    let mut upload = store.create(&p(path), Mode::Overwrite, "")?;
    upload.write_at(0, octets)?;
    upload.commit()
}

fn names(store: &dyn Store, path: &str) -> Vec<String> {
    let mut cursor = store.list(&p(path)).unwrap();
    let mut names = Vec::new();
    loop {
        let batch = cursor.next().unwrap();
        if batch.is_empty() {
            names.sort();
            return names;
        }
        assert!(batch.len() <= BATCH);
        names.extend(batch.into_iter().map(|e| String::from_utf8(e.name).unwrap()));
    }
}

#[test]
fn what_leads_to_mounts_stands_among_the_names_of_the_backend() {
    let root = Memory::new();
    // More than one batch, and those with an even number are hidden by a mount.
    (0..600).step_by(2).for_each(|n| root.make_dir(&p(&format!("/{n:03}"))).unwrap());
    let mounted = (0..600).filter(|n| n % 2 == 1 || n % 50 == 0);
    let mounts = mounted.map(|n| at(&format!("/{n:03}"), Memory::new())).chain([at("/", root)]);
    let mut cursor = Mounts::new(mounts.collect()).unwrap().list(&p("/")).unwrap();
    let mut came = Vec::new();
    loop {
        let batch = cursor.next().unwrap();
        if batch.is_empty() {
            break;
        }
        assert!(batch.len() <= BATCH);
        came.extend(batch.into_iter().map(|e| String::from_utf8(e.name).unwrap()));
    }
    assert_eq!(came, (0..600).map(|n| format!("{n:03}")).collect::<Vec<_>>());
}

/// One directory of a tree, as if it were all: what a session whose root that is sees.
struct Below(Mounts, VPath);

impl Below {
    fn at(&self, path: &VPath) -> VPath {
        path.under(&self.1).unwrap()
    }
}

impl Store for Below {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities_at(&self.1)
    }
    fn stat(&self, path: &VPath) -> Result<Facts> {
        self.0.stat(&self.at(path))
    }
    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        self.0.list(&self.at(path))
    }
    fn open(&self, path: &VPath) -> Result<Blob> {
        self.0.open(&self.at(path))
    }
    fn create(&self, path: &VPath, mode: Mode, owner: &str) -> Result<Box<dyn Upload>> {
        self.0.create(&self.at(path), mode, owner)
    }
    fn partial(&self, path: &VPath, owner: &str) -> Option<u64> {
        self.0.partial(&self.at(path), owner)
    }
    fn rename_to(&self, from: &VPath, to: &VPath, target: Target) -> Result<Amount> {
        self.0.rename_to(&self.at(from), &self.at(to), target)
    }
    fn remove(&self, path: &VPath) -> Result<Amount> {
        self.0.remove(&self.at(path))
    }
    fn make_dir(&self, path: &VPath) -> Result<()> {
        self.0.make_dir(&self.at(path))
    }
    fn remove_dir(&self, path: &VPath) -> Result<Amount> {
        self.0.remove_dir(&self.at(path))
    }
    fn set_modified(&self, path: &VPath, to: SystemTime) -> Result<()> {
        self.0.set_modified(&self.at(path), to)
    }
    fn set_mode(&self, path: &VPath, mode: u32) -> Result<()> {
        self.0.set_mode(&self.at(path), mode)
    }
    fn link(&self, from: &VPath, to: &VPath) -> Result<()> {
        self.0.link(&self.at(from), &self.at(to))
    }
    fn symlink(&self, path: &VPath, to: &VPath) -> Result<()> {
        self.0.symlink(&self.at(path), &self.at(to))
    }
    fn read_link(&self, path: &VPath) -> Result<Option<VPath>> {
        Ok(self.0.read_link(&self.at(path))?.map(|to| to.below(&self.1).unwrap()))
    }
    fn space(&self, path: &VPath) -> Result<Space> {
        self.0.space(&self.at(path))
    }
    fn tally(&self, dir: &VPath) -> Result<Tally> {
        self.0.tally(&self.at(dir))
    }
    fn tidy(&self, dir: &VPath) -> Result<Amount> {
        self.0.tidy(&self.at(dir))
    }
    fn versions(&self, path: &VPath) -> Result<Vec<Version>> {
        self.0.versions(&self.at(path))
    }
    fn versioned(&self, dir: &VPath) -> Result<Vec<Vec<u8>>> {
        self.0.versioned(&self.at(dir))
    }
    fn open_version(&self, path: &VPath, stamp: Stamp) -> Result<Blob> {
        self.0.open_version(&self.at(path), stamp)
    }
}

#[test]
fn one_mount_at_the_root_is_a_store() {
    crate::conformance::run(|| Arc::new(Mounts::new(vec![at("/", Memory::new())]).unwrap()));
}

#[test]
fn a_mount_below_others_is_a_store() {
    crate::conformance::run(|| {
        let mounts = vec![at("/a", Memory::new()), at("/a/b/c", Memory::new()), at("/a/b", Memory::new())];
        Arc::new(Below(Mounts::new(mounts).unwrap(), p("/a/b/c")))
    });
}

#[test]
fn mount_points_are_listed_where_no_directory_is_and_hide_what_is() {
    let (root, images, deep) = (Memory::new(), Memory::new(), Memory::new());
    root.seed("/readme", "root");
    root.seed("/images/hidden", "root");
    root.seed("/a", "a file where the way to a mount is");
    images.seed("/i.bin", "image");
    deep.seed("/x", "deep");
    let mounts = Mounts::new(vec![at("/a/b/c", deep), at("/", root), at("/images", images)]).unwrap();
    assert_eq!(names(&mounts, "/"), ["a", "images", "readme"], "each once");
    assert_eq!(names(&mounts, "/a"), ["b"]);
    assert_eq!(names(&mounts, "/a/b"), ["c"]);
    assert_eq!(names(&mounts, "/a/b/c"), ["x"]);
    assert_eq!(names(&mounts, "/images"), ["i.bin"]);
    for dir in ["/", "/a", "/a/b", "/a/b/c", "/images"] {
        assert_eq!(mounts.stat(&p(dir)).unwrap().kind, Kind::Directory, "{dir}");
        assert!(matches!(mounts.open(&p(dir)), Err(StoreError::IsDirectory)), "{dir}");
        assert!(mounts.open_now(&p(dir)).is_none());
        assert!(matches!(put(&mounts, dir, b"x"), Err(StoreError::IsDirectory)), "{dir}");
        assert!(matches!(mounts.make_dir(&p(dir)), Err(StoreError::Exists)), "{dir}");
        assert!(matches!(mounts.remove(&p(dir)), Err(StoreError::IsDirectory)), "{dir}");
        let gone = mounts.remove_dir(&p(dir));
        assert!(matches!(gone, Err(StoreError::Denied | StoreError::NotEmpty)), "{dir}: {gone:?}");
        assert!(matches!(mounts.rename(&p(dir), &p("/new")), Err(StoreError::Denied)), "{dir}");
        assert!(matches!(mounts.rename(&p("/readme"), &p(dir)), Err(StoreError::Denied)), "{dir}");
    }
    assert!(matches!(mounts.stat(&p("/images/hidden")), Err(StoreError::Absent)));
    assert_eq!(mounts.open(&p("/a/b/c/x")).unwrap().len(), 4);
    // The way to a mount is in no backend: nothing can be put there.
    assert!(matches!(put(&mounts, "/a/b/new", b"x"), Err(StoreError::Denied | StoreError::NotDirectory)));
    // A beginning of octets is not a beginning of directories.
    assert!(matches!(mounts.stat(&p("/imagesx")), Err(StoreError::Absent)));
    assert_eq!(mounts.mount_of(&p("/imagesx/y")).at, p("/"));
    assert_eq!(mounts.mount_of(&p("/images/y/z")).at, p("/images"));
}

#[test]
fn without_a_mount_at_the_root_it_is_empty_and_stays_so() {
    let mounts = Mounts::new(vec![at("/m/n", Memory::new())]).unwrap();
    assert_eq!(names(&mounts, "/"), ["m"]);
    for path in ["/f", "/m/f"] {
        assert!(matches!(put(&mounts, path, b"x"), Err(StoreError::Denied)), "{path}");
        assert!(matches!(mounts.make_dir(&p(path)), Err(StoreError::Denied)), "{path}");
        assert!(matches!(mounts.open(&p(path)), Err(StoreError::Absent)), "{path}");
        assert!(!mounts.capabilities_at(&p(path)).write);
    }
    put(&mounts, "/m/n/f", b"x").unwrap();
    assert!(mounts.capabilities().write, "one of them can");
    assert!(mounts.space(&p("/m/n/f")).unwrap().free > 0);
    assert_eq!(mounts.space(&p("/m")).unwrap().free, 0);
}

#[test]
fn nothing_moves_between_mounts_and_nothing_changes_in_a_read_only_one() {
    let (a, b, c) = (Memory::new(), Memory::new(), Memory::new());
    a.seed("/f", "a");
    c.seed("/f", "c");
    let read_only = Mount { write: false, ..at("/c", c.clone()) };
    let mounts = Mounts::new(vec![at("/", a.clone()), at("/b", b), read_only]).unwrap();
    assert!(matches!(mounts.rename(&p("/f"), &p("/b/f")), Err(StoreError::OtherFileSystem)));
    assert_eq!(StoreError::OtherFileSystem.to_string(), "another file system: copy it");
    assert!(matches!(mounts.rename(&p("/none"), &p("/b/f")), Err(StoreError::Absent)));
    assert_eq!(a.content("/f").unwrap(), "a", "nothing was moved");
    mounts.rename(&p("/f"), &p("/g")).unwrap();
    put(&mounts, "/b/f", b"b").unwrap();
    mounts.rename(&p("/b/f"), &p("/b/g")).unwrap();
    for (from, to) in [("/c/f", "/c/g"), ("/c/f", "/f"), ("/g", "/c/g")] {
        assert!(matches!(mounts.rename(&p(from), &p(to)), Err(StoreError::Denied)), "{from} {to}");
    }
    assert!(matches!(put(&mounts, "/c/new", b"x"), Err(StoreError::Denied)));
    assert!(matches!(mounts.remove(&p("/c/f")), Err(StoreError::Denied)));
    assert!(matches!(mounts.make_dir(&p("/c/d")), Err(StoreError::Denied)));
    assert!(matches!(mounts.set_modified(&p("/c/f"), SystemTime::UNIX_EPOCH), Err(StoreError::Denied)));
    assert_eq!(c.content("/f").unwrap(), "c");
    assert_eq!(mounts.capabilities_at(&p("/c/f")), Capabilities::default());
    assert!(mounts.capabilities_at(&p("/b/f")).resume);
}

#[test]
fn a_kept_version_is_told_as_the_whole_tree_calls_it() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::open(dir.path(), LocalOptions { write: true, ..LocalOptions::default() }).unwrap();
    let mounts = Mounts::new(vec![at("/cfg", local)]).unwrap();
    put(&mounts, "/cfg/r1", b"old").unwrap();
    let mut upload = mounts.create(&p("/cfg/r1"), Mode::Overwrite, "").unwrap();
    upload.keep_old().unwrap();
    upload.write_at(0, b"new").unwrap();
    assert!(upload.fd().is_some(), "its descriptor is handed on");
    let kept = upload.commit().unwrap().kept.unwrap().to_string();
    assert!(kept.starts_with("/cfg/.towline/versions/r1@"), "{kept}");
}

#[test]
fn mounts_that_make_no_tree_are_refused() {
    let twice = Mounts::new(vec![at("/a", Memory::new()), at("/a", Memory::new())]);
    assert_eq!(twice.err(), Some(BadMount::Twice(p("/a"))));
    let ours = Mounts::new(vec![at("/.towline/x", Memory::new())]);
    assert_eq!(ours.err(), Some(BadMount::Reserved(p("/.towline/x"))));
}
