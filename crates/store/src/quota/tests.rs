use super::*;
use crate::Published;
use crate::local::{Local, LocalOptions};
use crate::memory::Memory;
use std::io;

fn p(path: &str) -> VPath {
    VPath::parse(path.as_bytes()).unwrap()
}

fn octets(octets: u64) -> Limit {
    Limit { octets: Some(octets), files: None }
}

fn put(store: &dyn Store, path: &str, mode: Mode, len: usize) -> Result<Published> {
    let mut upload = store.create(&p(path), mode, "user a")?;
    let start = upload.start();
    upload.write_at(start, &vec![7; len])?;
    upload.commit()
}

/// What a walk by somebody who knows nothing finds.
fn counted_anew(store: &Arc<dyn Store>) -> Amount {
    Quota::counted(store.clone(), Limit::default()).unwrap().used().unwrap()
}

/// Where to sync costs nothing.
fn scratch() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

fn local(dir: &tempfile::TempDir) -> Arc<dyn Store> {
    let options = LocalOptions { write: true, ..LocalOptions::default() };
    Arc::new(Local::open(dir.path(), options).unwrap())
}

#[test]
fn a_store_with_a_quota_is_a_store() {
    crate::conformance::run(|| Arc::new(Quota::counted(Arc::new(Memory::new()), octets(u64::MAX)).unwrap()));
}

/// The count is what a new count of the tree says, whatever was done.
#[test]
fn the_count_follows_whatever_happens() {
    let memory = Memory::new();
    memory.seed("/d/was-there", vec![1; 100]);
    follows(Arc::new(memory));
    let dir = scratch();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    std::fs::write(dir.path().join("d/was-there"), [1; 100]).unwrap();
    std::os::unix::fs::symlink("d/was-there", dir.path().join("link")).unwrap();
    let keep = crate::Keep { count: Some(2), age: None };
    let options = LocalOptions { write: true, keep, ..LocalOptions::default() };
    let store: Arc<dyn Store> = Arc::new(Local::open(dir.path(), options).unwrap());
    follows(store.clone());
    std::os::unix::fs::symlink("d", dir.path().join("link2")).unwrap();
    let quota = Quota::counted(store.clone(), octets(10_000)).unwrap();
    let before = quota.used().unwrap();
    quota.remove(&p("/link")).unwrap();
    assert_eq!((quota.used(), counted_anew(&store)), (Some(before), before), "a link holds nothing");
}

fn follows(inner: Arc<dyn Store>) {
    let store = Quota::counted(inner.clone(), octets(10_000)).unwrap();
    assert_eq!(store.used().unwrap(), Amount { octets: 100, files: 2 });
    let same = |what: &str| assert_eq!(store.used().unwrap(), counted_anew(&inner), "{what}");

    put(&store, "/a", Mode::New, 1_000).unwrap();
    same("a new file");
    put(&store, "/a", Mode::Overwrite, 300).unwrap();
    same("a smaller one over it");
    for n in 0..4 {
        let mut kept = store.create(&p("/a"), Mode::Overwrite, "user a").unwrap();
        kept.keep_old().unwrap();
        kept.write_at(0, &[1; 500]).unwrap();
        assert!(kept.commit().unwrap().kept.is_some());
        same(&format!("version {n}, of which two are kept"));
    }
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
    let beyond = store.create(&p("/b"), Mode::Resume(801), "user a").map(drop);
    assert!(matches!(beyond, Err(StoreError::BeyondEnd { .. })));
    same("a refused upload");
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
    store.make_dir(&p("/e")).unwrap();
    assert!(store.make_dir(&p("/e")).is_err() && store.make_dir(&p("/none/e")).is_err());
    same("directories");
    let mut broken = store.create(&p("/e/f"), Mode::New, "user a").unwrap();
    broken.write_at(0, &[1; 90]).unwrap();
    broken.suspend().unwrap();
    same("a partial in a directory");
    store.rename(&p("/e"), &p("/d/e")).unwrap();
    same("a directory moved");
    store.remove_dir(&p("/d/e")).unwrap();
    same("a directory with a partial removed");
    store.remove(&p("/a")).unwrap();
    store.remove(&p("/d/was-there")).unwrap();
    same("removed files");
}

/// What each area holds, by its path.
fn areas(quota: &Quota) -> Vec<(String, Amount)> {
    let saved = quota.to_save().unwrap();
    let full = saved.iter().filter(|(_, amount)| *amount != Amount::NONE);
    let mut all: Vec<_> = full.map(|(at, amount)| (at.to_string(), *amount)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn a_directory_that_comes_under_other_limits_takes_what_is_in_it_along() {
    let rations = || {
        let each = Ration { at: p("/home"), each: true, limit: octets(100) };
        vec![each, Ration { at: p("/pub/small"), each: false, limit: octets(10) }]
    };
    let memory: Arc<dyn Store> = Arc::new(Memory::new());
    let store = Quota::new(memory.clone(), rations());
    store.walk(false, &|| true).unwrap();
    let same = |what: &str| {
        let anew = Quota::new(memory.clone(), rations());
        anew.walk(false, &|| true).unwrap();
        assert_eq!(areas(&store), areas(&anew), "{what}");
    };
    for dir in ["/home", "/home/a", "/home/a/deep", "/pub", "/x"] {
        store.make_dir(&p(dir)).unwrap();
    }
    for (path, len) in [("/home/a/f", 60), ("/home/a/deep/g", 20), ("/x/h", 30)] {
        put(&store, path, Mode::New, len).unwrap();
    }
    let mut kept = store.create(&p("/home/a/f"), Mode::Overwrite, "").unwrap();
    kept.keep_old().unwrap();
    kept.commit().unwrap();
    same("a version");
    store.rename(&p("/home/a"), &p("/home/b")).unwrap();
    same("a home under another name, of which a version stays");
    store.rename(&p("/x"), &p("/home/c")).unwrap();
    same("what becomes a home");
    store.rename(&p("/home/b"), &p("/pub/b")).unwrap();
    same("what was one");
    let refused = store.rename(&p("/pub/b"), &p("/pub/small"));
    assert!(matches!(refused, Err(StoreError::OverQuota("octets"))), "20 octets where 10 may be");
    same("what did not fit");
    // Of what somebody uploads into nobody can tell whether it will fit.
    let upload = store.create(&p("/pub/b/new"), Mode::New, "").unwrap();
    assert!(matches!(store.rename(&p("/pub/b"), &p("/home/b")), Err(StoreError::Busy)));
    store.rename(&p("/pub"), &p("/public")).unwrap();
    upload.commit().unwrap();
    same("an upload into a directory that was renamed");
    assert!(store.stat(&p("/public/b/new")).is_ok());
    store.rename(&p("/home"), &p("/house")).unwrap();
    same("all homes at once");
}

/// A memory that tells when somebody looks at a name or gives it another.
struct Watched {
    memory: Memory,
    looked: Box<dyn Fn() + Send + Sync>,
    renamed: Box<dyn Fn() + Send + Sync>,
}

impl Store for Watched {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        (self.looked)();
        self.memory.stat(path)
    }

    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        self.memory.list(path)
    }

    fn open(&self, path: &VPath) -> Result<Blob> {
        self.memory.open(path)
    }

    fn create(&self, path: &VPath, mode: Mode, owner: &str) -> Result<Box<dyn Upload>> {
        self.memory.create(path, mode, owner)
    }

    fn partial(&self, path: &VPath, owner: &str) -> Option<u64> {
        self.memory.partial(path, owner)
    }

    fn rename_to(&self, from: &VPath, to: &VPath, target: Target) -> Result<Amount> {
        (self.renamed)();
        self.memory.rename_to(from, to, target)
    }

    fn remove(&self, path: &VPath) -> Result<Amount> {
        self.memory.remove(path)
    }

    fn make_dir(&self, path: &VPath) -> Result<()> {
        self.memory.make_dir(path)
    }

    fn remove_dir(&self, path: &VPath) -> Result<Amount> {
        self.memory.remove_dir(path)
    }

    fn set_modified(&self, path: &VPath, to: SystemTime) -> Result<()> {
        self.memory.set_modified(path, to)
    }

    fn space(&self, path: &VPath) -> Result<Space> {
        self.memory.space(path)
    }

    fn tally(&self, dir: &VPath) -> Result<Tally> {
        self.memory.tally(dir)
    }
}

#[test]
fn what_is_renamed_is_looked_at_within_a_turn() {
    let memory = Memory::new();
    memory.seed("/home/a/f", vec![1; 50]);
    let at: Arc<std::sync::OnceLock<Quota>> = Arc::default();
    let looks = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (quota, seen) = (at.clone(), looks.clone());
    let looked = Box::new(move || {
        let held = quota.get().map(|quota| quota.0.ledger.is_somebodys_turn());
        seen.lock().unwrap().extend(held);
    });
    let each = Ration { at: p("/home"), each: true, limit: octets(100) };
    let store = Quota::new(Arc::new(Watched { memory, looked, renamed: Box::new(|| {}) }), vec![each]);
    store.walk(false, &|| true).unwrap();
    assert!(at.set(store.clone()).is_ok());
    for (from, to) in
        [("/home/a/f", "/home/a/g"), ("/home/a/g", "/home/g"), ("/home/a", "/home/b"), ("/home/b", "/c")]
    {
        store.rename(&p(from), &p(to)).unwrap();
    }
    let looks = looks.lock().unwrap();
    assert!(looks.len() >= 4 && looks.iter().all(|within| *within), "{looks:?}");
}

/// Who asks, or tries what cannot be done, is not remembered for ever.
#[test]
fn what_comes_to_nothing_makes_no_area() {
    let memory = Memory::new();
    memory.seed("/home/a/f", vec![1; 50]);
    memory.seed("/pub/f", vec![1; 101]);
    let each = Ration { at: p("/home"), each: true, limit: octets(100) };
    let store = Quota::new(Arc::new(memory), vec![each]);
    store.walk(false, &|| true).unwrap();
    let all = |what: &str| assert_eq!(store.to_save().unwrap().iter().count(), 2, "all and a's: {what}");
    for n in 0..3 {
        let name = |what: &str| p(&format!("/home/{what}{n}/f"));
        assert!(store.space(&name("asked")).is_err());
        all("a question");
        assert!(store.create(&name("put"), Mode::New, "").is_err());
        all("an upload");
        assert!(store.make_dir(&name("made")).is_err());
        all("a directory");
        assert!(store.rename(&p("/home/a/f"), &name("moved")).is_err());
        assert!(store.rename(&p("/pub/f"), &name("moved")).is_err());
        assert!(store.rename(&p("/pub/none"), &name("moved")).is_err());
        assert!(store.rename(&p("/pub"), &name("moved").parent()).is_err());
        all("a rename");
    }
    store.make_dir(&p("/home/b")).unwrap();
    put(&store, "/home/b/f", Mode::New, 100).unwrap();
    store.remove(&p("/home/b/f")).unwrap();
    store.rename(&p("/home/b"), &p("/home/c")).unwrap();
    all("nothing is in it any more");
}

/// Between what a move gives back and what it takes in its place nobody comes: an upload tries all the time.
#[test]
fn an_upload_does_not_take_the_room_of_what_moves_in() {
    let each = || Ration { at: p("/home"), each: true, limit: octets(100) };
    for round in 0..200 {
        let memory = Memory::new();
        memory.seed("/home/a/was-there", vec![1; 1]);
        memory.seed("/pub/f", vec![1; 60]);
        let taken = Arc::new(std::sync::Barrier::new(2));
        let has_taken = taken.clone();
        let renamed = Box::new(move || {
            has_taken.wait();
        });
        let watched = Watched { memory, looked: Box::new(|| {}), renamed };
        let store = Quota::new(Arc::new(watched), vec![each()]);
        store.walk(false, &|| true).unwrap();
        let mut upload = store.create(&p("/home/a/g"), Mode::New, "").unwrap();
        std::thread::scope(|scope| {
            let moved = scope.spawn(|| store.rename(&p("/pub/f"), &p("/home/a/f")).unwrap());
            taken.wait();
            while !moved.is_finished() {
                let written = upload.write_at(0, &[1; 60]);
                assert!(written.is_err(), "round {round}: 121 octets where 100 may be");
            }
        });
    }
}

#[test]
fn of_several_limits_of_one_directory_each_holds() {
    let ration = |at: &str, each, limit| Ration { at: p(at), each, limit };
    let files = |files| Limit { octets: None, files: Some(files) };
    for rations in [
        vec![ration("/", false, octets(10)), ration("/", false, files(2))],
        vec![ration("/", true, octets(10)), ration("/d", false, files(1))],
        vec![ration("/d", false, files(1)), ration("/", true, octets(10)), ration("/", false, octets(99))],
    ] {
        let store = Quota::new(Arc::new(Memory::new()), rations);
        store.walk(false, &|| true).unwrap();
        store.make_dir(&p("/d")).unwrap();
        assert!(matches!(put(&store, "/d/a", Mode::New, 11), Err(StoreError::OverQuota("octets"))));
        put(&store, "/d/a", Mode::New, 10).unwrap();
        assert!(matches!(put(&store, "/d/b", Mode::New, 0), Err(StoreError::OverQuota("files"))));
    }
}

#[test]
fn nothing_grows_beyond_the_quota_and_the_old_file_stays() {
    let store = Quota::counted(Arc::new(Memory::new()), octets(1_000)).unwrap();
    put(&store, "/a", Mode::New, 600).unwrap();
    assert_eq!(
        store.space(&p("/a")).unwrap(),
        Space { total: 1_000, free: 400, files: None, quota: Some("octets") }
    );
    // Both are there for a moment.
    let mut upload = store.create(&p("/a"), Mode::Overwrite, "").unwrap();
    upload.write_at(0, &[1; 400]).unwrap();
    let why = upload.write_at(400, &[1; 1]).unwrap_err();
    assert_eq!(why.kind(), io::ErrorKind::QuotaExceeded);
    assert!(
        matches!(put(&store, "/b", Mode::New, 1), Err(StoreError::OverQuota("octets"))),
        "others count too"
    );
    drop(upload);
    assert_eq!(store.stat(&p("/a")).unwrap().len, 600);
    put(&store, "/b", Mode::New, 400).unwrap();
    assert!(matches!(put(&store, "/a", Mode::Append, 1), Err(StoreError::OverQuota("octets"))));
    store.remove(&p("/a")).unwrap();
    assert_eq!(store.space(&p("/a")).unwrap().free, 600);
    // A write far out takes all the octets up to there.
    let mut upload = store.create(&p("/far"), Mode::New, "").unwrap();
    assert!(upload.write_at(u64::MAX - 1, &[1; 8]).is_err());
}

#[test]
fn files_and_directories_have_a_quota_of_their_own() {
    let limit = Limit { octets: None, files: Some(3) };
    let store = Quota::counted(Arc::new(Memory::new()), limit).unwrap();
    store.make_dir(&p("/d")).unwrap();
    put(&store, "/d/a", Mode::New, 10).unwrap();
    let open = store.create(&p("/b"), Mode::New, "").unwrap();
    assert!(matches!(put(&store, "/c", Mode::New, 1), Err(StoreError::OverQuota("files"))), "one that runs");
    assert!(matches!(store.make_dir(&p("/e")), Err(StoreError::OverQuota("files"))));
    assert_eq!(store.space(&p("/c")).unwrap().quota, Some("files"));
    assert_eq!(store.space(&p("/c")).unwrap().free, 0);
    drop(open);
    put(&store, "/c", Mode::New, 1).unwrap();
    // To replace one takes two for a moment.
    assert!(matches!(put(&store, "/c", Mode::Overwrite, 1), Err(StoreError::OverQuota("files"))));
    store.remove(&p("/d/a")).unwrap();
    put(&store, "/c", Mode::Overwrite, 1).unwrap();
}

#[test]
fn each_user_and_each_directory_has_its_own_share() {
    let memory = Memory::new();
    memory.seed("/home/ann/f", vec![1; 50]);
    memory.seed("/home/bob/f", vec![1; 10]);
    let rations = vec![
        Ration { at: VPath::root(), each: false, limit: octets(1_000) },
        Ration { at: p("/home"), each: true, limit: octets(100) },
        Ration { at: p("/cfg"), each: false, limit: Limit { octets: None, files: Some(1) } },
    ];
    let store = Quota::new(Arc::new(memory.clone()), rations.clone());
    store.walk(false, &|| true).unwrap();
    assert!(matches!(put(&store, "/home/ann/g", Mode::New, 51), Err(StoreError::OverQuota(_))));
    put(&store, "/home/ann/g", Mode::New, 50).unwrap();
    put(&store, "/home/bob/g", Mode::New, 90).unwrap();
    assert_eq!(store.space(&p("/home/bob/h")).unwrap().free, 0);
    assert_eq!(store.space(&p("/elsewhere")).unwrap().free, 800);
    put(&store, "/home/beside", Mode::New, 300).unwrap();
    store.make_dir(&p("/cfg")).unwrap();
    put(&store, "/cfg/one", Mode::New, 1).unwrap();
    assert!(matches!(put(&store, "/cfg/two", Mode::New, 1), Err(StoreError::OverQuota("files"))));
    // What moves comes under another limit, a directory with all that is in it.
    assert!(matches!(store.rename(&p("/home/bob/g"), &p("/home/ann/b")), Err(StoreError::OverQuota(_))));
    store.remove(&p("/home/ann/g")).unwrap();
    store.rename(&p("/home/bob/f"), &p("/home/ann/b")).unwrap();
    assert_eq!(store.space(&p("/home/ann/x")).unwrap().free, 40);
    store.make_dir(&p("/new")).unwrap();
    put(&store, "/new/h", Mode::New, 41).unwrap();
    assert!(matches!(store.rename(&p("/new"), &p("/home/ann/new")), Err(StoreError::OverQuota(_))));
    put(&store, "/new/h", Mode::Overwrite, 40).unwrap();
    store.rename(&p("/new"), &p("/home/ann/new")).unwrap();
    assert_eq!(store.space(&p("/home/ann/x")).unwrap().free, 0);
    // The next process is told by what was saved, and by a walk, the same.
    let saved = store.to_save().unwrap();
    let next = Quota::new(Arc::new(memory.clone()), rations.clone());
    next.take_saved(&saved);
    let walked = Quota::new(Arc::new(memory), rations);
    walked.walk(false, &|| true).unwrap();
    for path in ["/home/ann/x", "/home/bob/x", "/cfg/x", "/x"] {
        let space = store.space(&p(path)).unwrap();
        assert_eq!(
            (next.space(&p(path)).unwrap(), walked.space(&p(path)).unwrap()),
            (space, space),
            "{path}"
        );
    }
}

#[test]
fn what_is_not_counted_yet_takes_nothing_and_gives_everything() {
    let memory = Memory::new();
    memory.seed("/d/f", vec![1; 50]);
    let root = Ration { at: VPath::root(), each: false, limit: octets(100) };
    let store = Quota::new(Arc::new(memory), vec![root]);
    assert!((store.used(), store.is_known(), store.to_save()) == (None, false, None));
    assert!(matches!(put(&store, "/x", Mode::New, 1), Err(StoreError::Counting)));
    assert!(matches!(store.make_dir(&p("/x")), Err(StoreError::Counting)));
    assert_eq!(store.open(&p("/d/f")).unwrap().len(), 50);
    assert!(matches!(store.walk(false, &|| false), Err(NoWalk::Stopped)));
    assert!(!store.is_known());
    assert_eq!(store.walk(false, &|| true).unwrap(), Amount { octets: 50, files: 2 });
    put(&store, "/x", Mode::New, 50).unwrap();
}

#[test]
fn what_adds_something_before_the_first_count_waits_for_it() {
    let memory = Memory::new();
    memory.seed("/d/f", vec![1; 50]);
    let root = Ration { at: VPath::root(), each: false, limit: octets(100) };
    let store = Quota::patient(Arc::new(memory), vec![root], std::time::Duration::from_secs(600));
    std::thread::scope(|scope| {
        let uploads = ["/a", "/b", "/c"].map(|name| {
            let store = &store;
            scope.spawn(move || put(store, name, Mode::New, 20).is_ok())
        });
        let made = scope.spawn(|| store.make_dir(&p("/e")));
        store.walk(false, &|| true).unwrap();
        let came = uploads.map(|upload| upload.join().unwrap());
        assert_eq!(came.into_iter().filter(|ok| *ok).count(), 2, "50 octets are left");
        assert!(made.join().unwrap().is_ok());
    });
    assert_eq!(store.used().unwrap().octets, 90);
}

/// A walk stops before each directory; meanwhile everything that can be done is done somewhere, before and
/// behind it.
#[test]
fn what_is_done_while_a_walk_runs_counts_once() {
    let dir = scratch();
    for d in ["a", "a/b", "a/c", "d", "d/e", "z"] {
        std::fs::create_dir(dir.path().join(d)).unwrap();
        std::fs::write(dir.path().join(d).join("f"), [1; 100]).unwrap();
    }
    let inner = local(&dir);
    let store = Quota::counted(inner.clone(), octets(1 << 30)).unwrap();
    let dirs = ["", "/a", "/a/b", "/a/c", "/d", "/d/e", "/z"];
    let turn = std::cell::Cell::new(0usize);
    let held = std::cell::RefCell::new(Vec::new());
    let act = || {
        let n = turn.get();
        turn.set(n + 1);
        for (i, d) in dirs.iter().enumerate() {
            let name = |what: &str| format!("{d}/{what}");
            match (n + i) % 7 {
                0 => drop(put(&store, &name(&format!("new{n}")), Mode::New, 10 + n)),
                1 => drop(put(&store, &name("f"), Mode::Overwrite, 3 * n)),
                2 => drop(store.remove(&p(&name("f")))),
                3 => {
                    let mut kept = store.create(&p(&name("f")), Mode::Overwrite, "user a").unwrap();
                    kept.keep_old().unwrap();
                    kept.write_at(0, &vec![1; n]).unwrap();
                    kept.commit().unwrap();
                }
                4 => {
                    let mut broken = store.create(&p(&name("g")), Mode::Overwrite, "user a").unwrap();
                    broken.write_at(0, &vec![1; 5 * n + 1]).unwrap();
                    broken.suspend().unwrap();
                }
                5 => {
                    // One that goes on with the partial and is open while the walk goes by.
                    let len = store.partial(&p(&name("g")), "user a").unwrap_or(0);
                    if let Ok(mut more) = store.create(&p(&name("g")), Mode::Resume(len), "user a") {
                        more.write_at(len, &[1; 9]).unwrap();
                        held.borrow_mut().push(more);
                    }
                }
                _ => {
                    let sub = name(&format!("sub{n}"));
                    store.make_dir(&p(&sub)).unwrap();
                    put(&store, &format!("{sub}/f"), Mode::New, 77).unwrap();
                    drop(store.rename(&p(&name("f")), &p(&format!("{sub}/moved"))));
                }
            }
        }
        true
    };
    for round in 0..4 {
        store.walk(round % 2 == 0, &act).unwrap();
        for (n, open) in held.take().into_iter().enumerate() {
            match n % 3 {
                0 => drop(open),
                1 => drop(open.suspend().unwrap()),
                _ => drop(open.commit()),
            }
        }
        let found = counted_anew(&inner);
        assert_eq!(store.used().unwrap(), found, "round {round} after {} turns", turn.get());
    }
    assert!(turn.get() > 28);
    // Whatever moves a whole directory has the walk begin again.
    let moved = std::cell::Cell::new(false);
    let act = || {
        if turn.replace(turn.get() + 1) % 3 == 2 && !moved.replace(true) {
            store.rename(&p("/a"), &p("/z/a")).unwrap();
        }
        true
    };
    store.walk(false, &act).unwrap();
    assert_eq!(store.used().unwrap(), counted_anew(&inner));
    assert!(moved.get());
}

#[test]
fn uploads_at_once_and_a_walk_beside_them_never_exceed_it() {
    let dir = scratch();
    let inner = local(&dir);
    let store = Quota::counted(inner.clone(), Limit { octets: Some(50_000), files: Some(40) }).unwrap();
    let (over, most) = (std::sync::atomic::AtomicUsize::new(0), std::sync::atomic::AtomicU64::new(0));
    std::thread::scope(|scope| {
        for t in 0..4 {
            let (store, over, most) = (&store, &over, &most);
            scope.spawn(move || {
                for n in 0..60 {
                    let path = format!("/{t}-{}", n % 20);
                    if let Err(e) = put(store, &path, Mode::Overwrite, 400 * (n % 11)) {
                        assert!(matches!(e, StoreError::OverQuota(_)), "{e}");
                        over.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    }
                    let used = store.used().unwrap();
                    assert!(used.octets <= 50_000 && used.files <= 40, "{used:?}");
                    most.fetch_max(used.octets, std::sync::atomic::Ordering::Relaxed);
                    if n % 7 == 0 {
                        drop(store.remove(&p(&path)));
                    }
                }
            });
        }
        let store = &store;
        scope.spawn(move || {
            for _ in 0..10 {
                store.walk(false, &|| true).unwrap();
            }
        });
    });
    assert_eq!(store.used().unwrap(), counted_anew(&inner));
    assert!(over.into_inner() > 0 && most.into_inner() > 30_000, "the limit was met");
}
