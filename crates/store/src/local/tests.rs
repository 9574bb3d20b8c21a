use super::*;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;
use tempfile::TempDir;

fn writable() -> LocalOptions {
    LocalOptions { write: true, ..LocalOptions::default() }
}

fn open(dir: &TempDir, options: LocalOptions) -> Local {
    Local::open(dir.path(), options).unwrap()
}

fn p(path: &str) -> VPath {
    VPath::parse(path.as_bytes()).unwrap()
}

fn upload(store: &Local, path: &str, mode: Mode, octets: &[u8]) -> Result<crate::Published> {
    let mut upload = store.create(&p(path), mode, "user a")?;
    let start = upload.start();
    upload.write_at(start, octets)?;
    upload.commit()
}

/// Names of a directory, also ours, sorted.
fn on_disk(dir: impl AsRef<Path>) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn conforms(options: LocalOptions) {
    // One of the ways runs on the disk, where all do in the end; the others where 100,000 entries cost less.
    let memory = Path::new("/dev/shm");
    let on_disk_too = options.unnamed && !options.walk || !memory.is_dir();
    let dirs = std::cell::RefCell::new(Vec::new());
    crate::conformance::run(|| {
        let dir = if on_disk_too { TempDir::new() } else { TempDir::new_in(memory) }.unwrap();
        let store = open(&dir, options.clone());
        dirs.borrow_mut().push(dir);
        Arc::new(store)
    });
    for dir in dirs.into_inner() {
        let left = on_disk(dir.path());
        assert!(!left.iter().any(|n| n.starts_with(".towline-temp-")), "temporaries stayed: {left:?}");
    }
}

#[test]
fn local_conforms_with_files_without_a_name() {
    conforms(writable());
}

#[test]
fn local_conforms_with_named_temporaries() {
    conforms(LocalOptions { unnamed: false, ..writable() });
}

#[test]
fn local_conforms_without_openat2() {
    conforms(LocalOptions { walk: true, ..writable() });
}

#[test]
fn without_openat2_every_link_is_denied() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    std::fs::write(dir.path().join("d/f"), "x").unwrap();
    symlink("d", dir.path().join("link")).unwrap();
    symlink("/etc/passwd", dir.path().join("d/out")).unwrap();
    let store = open(&dir, LocalOptions { walk: true, ..writable() });
    assert_eq!(store.open(&p("/d/f")).unwrap().len(), 1);
    for bad in ["/link/f", "/link", "/d/out"] {
        assert!(matches!(store.open(&p(bad)), Err(StoreError::Denied)), "{bad}");
        assert!(matches!(store.stat(&p(bad)), Err(StoreError::Denied)), "{bad}");
        assert!(matches!(upload(&store, bad, Mode::Overwrite, b"y"), Err(StoreError::Denied)), "{bad}");
    }
    assert!(matches!(store.list(&p("/link")).map(drop), Err(StoreError::Denied)));
}

#[test]
fn links_inside_are_followed_and_outside_are_denied() {
    let (dir, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let secret: PathBuf = outside.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    std::fs::write(dir.path().join("f"), "inside").unwrap();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    symlink("f", dir.path().join("good")).unwrap();
    symlink("../f", dir.path().join("d/up")).unwrap();
    symlink(&secret, dir.path().join("absolute")).unwrap();
    symlink("../../../../../../../../etc/passwd", dir.path().join("d/climbs")).unwrap();
    symlink(outside.path(), dir.path().join("door")).unwrap();
    symlink("loop", dir.path().join("loop")).unwrap();
    symlink("/proc/self/fd", dir.path().join("magic")).unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    let store = open(&dir, writable());

    for good in ["/f", "/good", "/d/up"] {
        assert_eq!(store.open(&p(good)).unwrap().len(), 6, "{good}");
    }
    for bad in ["/absolute", "/d/climbs", "/door/secret", "/loop", "/magic/0"] {
        assert!(matches!(store.open(&p(bad)), Err(StoreError::Denied)), "{bad}");
        assert!(matches!(store.stat(&p(bad)), Err(StoreError::Denied)), "{bad}");
        let created = store.create(&p(bad), Mode::Overwrite, "").map(drop);
        assert!(matches!(created, Err(StoreError::Denied)), "{bad}");
    }
    assert!(matches!(store.open(&p("/dangling")), Err(StoreError::Absent)));
    assert!(matches!(store.make_dir(&p("/door/new")), Err(StoreError::Denied)));
    assert!(matches!(store.remove(&p("/door/secret")), Err(StoreError::Denied)));
    assert!(matches!(store.rename(&p("/f"), &p("/door/f")), Err(StoreError::Denied)));

    let listed = store.list(&p("/")).unwrap().next().unwrap();
    let mut names: Vec<_> = listed.iter().map(|e| String::from_utf8_lossy(&e.name)).collect();
    names.sort();
    assert_eq!(names, ["d", "f", "good"], "what cannot be served is not listed");

    // Uploading to a link replaces the link.
    upload(&store, "/good", Mode::Overwrite, b"new").unwrap();
    assert_eq!(std::fs::read(dir.path().join("f")).unwrap(), b"inside");
    assert_eq!(std::fs::read(dir.path().join("good")).unwrap(), b"new");
    assert!(matches!(upload(&store, "/dangling", Mode::New, b"x"), Err(StoreError::Exists)));
    upload(&store, "/dangling", Mode::Overwrite, b"x").unwrap();
    assert!(!dir.path().join("nowhere").exists());
    assert_eq!(std::fs::read(&secret).unwrap(), b"secret");
}

#[test]
fn fifos_sockets_and_devices_are_never_opened() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name);
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), fifo, 0o644.into(), 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    symlink("fifo", at("link")).unwrap();
    let store = open(&dir, writable());
    // A read that waited for the FIFO's writer would hang here for ever.
    for name in ["/fifo", "/socket", "/link"] {
        assert!(matches!(store.open(&p(name)), Err(StoreError::NotRegular)), "{name}");
        assert!(matches!(store.stat(&p(name)), Err(StoreError::NotRegular)), "{name}");
        for mode in [Mode::Overwrite, Mode::Append, Mode::Resume(0)] {
            assert!(matches!(upload(&store, name, mode, b"x"), Err(StoreError::NotRegular)), "{name}");
        }
    }
    assert!(matches!(store.remove(&p("/fifo")), Err(StoreError::NotRegular)));
    assert!(matches!(store.rename(&p("/fifo"), &p("/x")), Err(StoreError::NotRegular)));
    assert!(store.list(&p("/")).unwrap().next().unwrap().is_empty());
    // One that comes while the upload runs.
    let growing = store.create(&p("/late"), Mode::Overwrite, "").unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("late"), fifo, 0o644.into(), 0).unwrap();
    assert!(matches!(growing.commit(), Err(StoreError::NotRegular)));
}

#[test]
fn a_read_only_root_changes_nothing_not_even_leftovers() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("f"), "x").unwrap();
    std::fs::write(dir.path().join(".towline-temp-0"), "x").unwrap();
    let store = open(&dir, LocalOptions::default());
    assert!(!store.capabilities().write);
    assert!(matches!(upload(&store, "/g", Mode::New, b"x"), Err(StoreError::Denied)));
    assert!(matches!(store.remove(&p("/f")), Err(StoreError::Denied)));
    assert!(matches!(store.rename(&p("/f"), &p("/g")), Err(StoreError::Denied)));
    assert!(matches!(store.make_dir(&p("/d")), Err(StoreError::Denied)));
    assert!(matches!(store.set_modified(&p("/f"), UNIX_EPOCH), Err(StoreError::Denied)));
    assert_eq!(on_disk(dir.path()), [".towline-temp-0", "f"]);
}

#[test]
fn the_sweep_takes_what_is_dead_and_leaves_what_lives() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir_all(dir.path().join("a/b")).unwrap();
    let old = std::fs::File::create(dir.path().join("a/b/.towline-part-old")).unwrap();
    old.set_modified(SystemTime::now() - Duration::from_secs(25 * 3_600)).unwrap();
    std::fs::write(dir.path().join("a/b/.towline-part-young"), "x").unwrap();
    std::fs::write(dir.path().join("a/.towline-temp-dead"), "x").unwrap();
    std::fs::write(dir.path().join("f"), "x").unwrap();
    std::fs::create_dir_all(dir.path().join(".towline/versions")).unwrap();
    std::fs::write(dir.path().join(".towline/versions/f@1"), "x").unwrap();

    // A lock belongs to the open file, so that another store of this process is another owner too.
    let other = open(&dir, LocalOptions { unnamed: false, ..writable() });
    assert_eq!(on_disk(dir.path().join("a")), ["b"]);
    assert_eq!(on_disk(dir.path().join("a/b")), [".towline-part-young"]);
    let mut lives = other.create(&p("/a/g"), Mode::New, "").unwrap();
    lives.write_at(0, b"live").unwrap();
    assert_eq!(on_disk(dir.path().join("a")).len(), 2);
    open(&dir, LocalOptions { partials_for: Duration::ZERO, ..writable() });
    assert_eq!(on_disk(dir.path().join("a")).len(), 2, "a living process's temporary stays");
    assert_eq!(on_disk(dir.path().join("a/b")), [""; 0]);
    lives.commit().unwrap();
    assert_eq!(on_disk(dir.path().join("a")), ["b", "g"]);
    assert_eq!(on_disk(dir.path()), [".towline", "a", "f"]);
    assert_eq!(on_disk(dir.path().join(".towline/versions")), ["f@1"]);
}

#[test]
fn versions_keep_the_content_and_stand_by_path_and_time() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    let long = "n".repeat(255);
    let store = open(&dir, writable());
    for path in ["/d/f", &format!("/d/{long}")] {
        for (n, octets) in [b"one", b"two", b"six"].into_iter().enumerate() {
            let mut growing = store.create(&p(path), Mode::Overwrite, "").unwrap();
            growing.keep_old().unwrap();
            growing.write_at(0, octets).unwrap();
            let kept = growing.commit().unwrap().kept;
            assert_eq!(kept.is_some(), n > 0);
            if let Some(kept) = kept {
                let file = dir.path().join(std::str::from_utf8(kept.relative()).unwrap());
                let before = if n == 1 { "one" } else { "two" };
                assert_eq!(std::fs::read_to_string(file).unwrap(), before);
            }
        }
    }
    let kept = on_disk(dir.path().join(".towline/versions/d"));
    assert_eq!(kept.len(), 2);
    assert!(kept[0].starts_with("f@20") && kept[0].ends_with('Z') && kept[0].len() == 25, "{kept:?}");
}

#[test]
fn a_version_of_a_link_is_its_content() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("f"), "content").unwrap();
    symlink("f", dir.path().join("link")).unwrap();
    let store = open(&dir, writable());
    let mut growing = store.create(&p("/link"), Mode::Overwrite, "").unwrap();
    growing.keep_old().unwrap();
    growing.write_at(0, b"new").unwrap();
    let kept = growing.commit().unwrap().kept.unwrap();
    let file = dir.path().join(std::str::from_utf8(kept.relative()).unwrap());
    assert!(file.symlink_metadata().unwrap().is_file());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "content");
}

#[test]
fn permissions_are_ours_for_new_files_and_kept_for_old_ones() {
    let dir = TempDir::new().unwrap();
    let mode = |name: &str| dir.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
    let store = open(&dir, writable());
    upload(&store, "/f", Mode::New, b"x").unwrap();
    assert_eq!(mode("f") & !0o644, 0, "no more than 0644");
    assert_eq!(mode("f") & 0o600, 0o600);
    std::fs::set_permissions(dir.path().join("f"), std::fs::Permissions::from_mode(0o600)).unwrap();
    upload(&store, "/f", Mode::Overwrite, b"y").unwrap();
    assert_eq!(mode("f"), 0o600, "a private file does not become public");
}

#[test]
fn the_observer_sees_an_upload_over_an_old_file_step_by_step() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("f"), "old").unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sees = seen.clone();
    let at: Observer = Arc::new(move |point| sees.lock().unwrap().push(point));
    let store = open(&dir, LocalOptions { at: Some(at), ..writable() });
    let mut growing = store.create(&p("/f"), Mode::Overwrite, "").unwrap();
    growing.keep_old().unwrap();
    growing.write_at(0, b"new").unwrap();
    growing.commit().unwrap();
    use Point::*;
    let expected = [TemporaryMade, Written(3), BeforeSync, AfterSync, VersionMade, Named, Renamed];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn a_replaced_root_does_not_move_the_store() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("root");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("f"), "first").unwrap();
    let store = Local::open(&root, LocalOptions::default()).unwrap();
    std::fs::rename(&root, dir.path().join("moved")).unwrap();
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("f"), "another").unwrap();
    assert_eq!(store.open(&p("/f")).unwrap().len(), 5);
}

/// The file behind a blob.
fn behind(blob: &Blob) -> &Arc<File> {
    let Blob::File { file, .. } = blob else { panic!("not a file") };
    file
}

#[test]
fn readers_of_one_file_share_its_descriptor_until_it_changes() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("f"), "first").unwrap();
    std::fs::hard_link(dir.path().join("f"), dir.path().join("same")).unwrap();
    let store = open(&dir, LocalOptions::default());
    let one = store.open(&p("/f")).unwrap();
    for path in ["/f", "/same"] {
        assert!(Arc::ptr_eq(behind(&one), behind(&store.open(&p(path)).unwrap())), "{path}");
    }
    // In place, so that the inode stays.
    std::fs::write(dir.path().join("f"), "second!").unwrap();
    let two = store.open(&p("/f")).unwrap();
    assert!(!Arc::ptr_eq(behind(&one), behind(&two)));
    assert_eq!((one.len(), two.len()), (5, 7));
    // When the last reader is gone the descriptor is closed.
    let gone = Arc::downgrade(behind(&two));
    drop(two);
    assert!(gone.upgrade().is_none());
    for n in 0..300 {
        std::fs::write(dir.path().join(format!("n{n}")), "x").unwrap();
        store.open(&p(&format!("/n{n}"))).unwrap();
    }
    assert!(store.0.shared.entries() <= 130, "{} entries of closed files", store.0.shared.entries());
}

#[test]
fn what_needs_no_disk_is_opened_at_once_and_all_else_the_long_way() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    std::fs::write(dir.path().join("d/f"), "content").unwrap();
    symlink("/etc/hostname", dir.path().join("out")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, dir.path().join("fifo"), FileType::Fifo, 0o600.into(), 0).unwrap();
    let store = open(&dir, LocalOptions::default());
    // The first look-up fills the kernel's cache.
    let long = store.open(&p("/d/f")).unwrap();
    let now = store.open_now(&p("/d/f")).expect("openat2 with RESOLVE_CACHED, Linux 5.12");
    assert!(Arc::ptr_eq(behind(&long), behind(&now)));
    drop((long, now));
    let mut buf = [0; 9];
    let now = store.open_now(&p("/d/f")).unwrap();
    assert_eq!((now.read_at(0, &mut buf).unwrap(), &buf[..7]), (7, &b"content"[..]));
    for path in ["/d", "/absent", "/out", "/fifo", "/"] {
        assert!(store.open(&p(path)).is_err() && store.open_now(&p(path)).is_none(), "{path}");
    }
}

#[test]
fn versions_are_listed_read_back_and_pruned_by_count_and_age() {
    let dir = TempDir::new().unwrap();
    let keep = |count, age: Option<u64>| crate::Keep { count, age: age.map(Duration::from_secs) };
    let long = format!("/{}", "n".repeat(255));
    for path in ["/r1", long.as_str()] {
        let store = open(&dir, LocalOptions { keep: keep(Some(2), None), ..writable() });
        for n in 0..5u8 {
            let mut growing = store.create(&p(path), Mode::Overwrite, "").unwrap();
            growing.keep_old().unwrap();
            growing.write_at(0, &[n; 3][..usize::from(n) % 3 + 1]).unwrap();
            let freed = growing.commit().unwrap().freed;
            let expected = if n < 3 { Amount::NONE } else { Amount::file(u64::from(n) % 3 + 1) };
            assert_eq!(freed, expected, "the third oldest went with number {n}");
        }
        let versions = store.versions(&p(path)).unwrap();
        assert_eq!(
            versions.iter().map(|v| v.len).collect::<Vec<_>>(),
            [3, 1],
            "{path}: the last two, oldest first"
        );
        assert!(versions[0].stamp < versions[1].stamp);
        let mut back = [9; 3];
        let blob = store.open_version(&p(path), versions[0].stamp).unwrap();
        assert_eq!((blob.len(), blob.read_at(0, &mut back).unwrap(), back), (3, 3, [2; 3]));
        if path == "/r1" {
            assert_eq!(store.versioned(&VPath::root()).unwrap(), [b"r1"]);
        }
        store.remove(&p(path)).unwrap();
        assert_eq!(store.versions(&p(path)).unwrap(), versions, "also of a file that is gone");
        assert!(store.versions(&p("/none")).unwrap().is_empty());
        let gone = crate::Stamp::new(UNIX_EPOCH, 0);
        assert!(matches!(store.open_version(&p(path), gone), Err(StoreError::Absent)));
        // By age where the tree is tidied up, whatever has come since.
        let store = open(&dir, LocalOptions { keep: keep(None, Some(3_600)), ..writable() });
        assert_eq!(store.tidy(&VPath::root()).unwrap(), Amount::NONE);
        let store = open(&dir, LocalOptions { keep: keep(None, Some(0)), sweep: false, ..writable() });
        assert_eq!(store.tidy(&VPath::root()).unwrap(), Amount { octets: 4, files: 2 });
        assert!(store.versions(&p(path)).unwrap().is_empty());
    }
}

/// Another process puts a file under the name between the version and the rename: it is kept as well.
#[test]
fn what_another_process_put_there_in_the_last_moment_is_kept_too() {
    for unnamed in [true, false] {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("f"), "old").unwrap();
        let other = dir.path().join("f");
        let late = dir.path().join("late");
        let at: Observer = Arc::new(move |point| {
            if point == Point::Named {
                std::fs::write(&late, "another process's").unwrap();
                std::fs::rename(&late, &other).unwrap();
            }
        });
        let store = open(&dir, LocalOptions { at: Some(at), unnamed, ..writable() });
        let mut growing = store.create(&p("/f"), Mode::Overwrite, "").unwrap();
        growing.keep_old().unwrap();
        growing.write_at(0, b"new").unwrap();
        growing.commit().unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("f")).unwrap(), "new");
        let lens: Vec<u64> = store.versions(&p("/f")).unwrap().iter().map(|v| v.len).collect();
        assert_eq!(lens, [3, 17], "both, unnamed: {unnamed}");
        assert_eq!(on_disk(dir.path()), [".towline", "f"]);
    }
}

/// Of one owner an upload goes on with the partial while another of the same name breaks: the first still
/// publishes its own octets.
#[test]
fn a_partial_that_is_gone_on_with_is_nobody_elses_to_replace() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir, writable());
    let begun = |octets: &[u8]| {
        let mut growing = store.create(&p("/f"), Mode::Overwrite, "user a").unwrap();
        growing.write_at(0, octets).unwrap();
        growing
    };
    begun(b"0123").suspend().unwrap();
    let mut goes_on = store.create(&p("/f"), Mode::Resume(4), "user a").unwrap();
    assert_eq!(begun(b"xx").suspend().unwrap(), crate::Suspended::default());
    goes_on.write_at(4, b"45").unwrap();
    goes_on.commit().unwrap();
    assert_eq!(std::fs::read(dir.path().join("f")).unwrap(), b"012345");
    assert_eq!(on_disk(dir.path()), ["f"]);
}

#[test]
fn a_tally_has_what_a_directory_holds_itself_and_of_gone_ones_the_versions() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir, writable());
    for d in ["/d", "/d/e"] {
        store.make_dir(&p(d)).unwrap();
    }
    upload(&store, "/d/f", Mode::New, b"0123").unwrap();
    let mut growing = store.create(&p("/d/f"), Mode::Overwrite, "user a").unwrap();
    growing.keep_old().unwrap();
    growing.write_at(0, b"01").unwrap();
    growing.commit().unwrap();
    let mut half = store.create(&p("/d/half"), Mode::New, "user a").unwrap();
    half.write_at(0, b"half").unwrap();
    assert_eq!(store.tally(&p("/d")).unwrap().holds, Amount { octets: 6, files: 3 }, "not one that runs");
    half.suspend().unwrap();
    let tally = store.tally(&p("/d")).unwrap();
    assert_eq!((tally.holds, tally.directories), (Amount { octets: 10, files: 4 }, vec![b"e".to_vec()]));
    assert_eq!(store.tally(&p("/")).unwrap().holds, Amount::DIRECTORY);
    std::fs::remove_dir_all(dir.path().join("d")).unwrap();
    assert_eq!(store.tally(&p("/")).unwrap().directories, [b"d"]);
    assert_eq!(store.tally(&p("/d")).unwrap().holds, Amount::file(4));
    assert!(matches!(store.tally(&p("/none")), Err(StoreError::Absent)));
}

#[test]
fn a_root_that_was_removed_is_told_from_a_name_that_is_not_there() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let store = Local::open(&root, writable()).unwrap();
    assert!(matches!(store.open(&p("/f")), Err(StoreError::Absent)));
    std::fs::remove_dir_all(&root).unwrap();
    // Another of the name is another directory.
    std::fs::create_dir(&root).unwrap();
    let gone = |e: StoreError| matches!(&e, StoreError::Io(e) if e.to_string().contains("served is gone"));
    assert!(gone(store.open(&p("/f")).unwrap_err()));
    assert!(gone(store.list(&p("/")).map(drop).unwrap_err()));
    assert!(gone(upload(&store, "/f", Mode::New, b"x").unwrap_err()));
    assert!(gone(store.make_dir(&p("/d")).unwrap_err()));
}

#[test]
fn a_link_that_names_the_host_is_not_told() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir, writable());
    std::fs::create_dir(dir.path().join("d")).unwrap();
    for (text, link) in [("/etc/passwd", "d/host"), ("../../f", "d/out"), ("../.towline-temp-1", "d/ours")] {
        symlink(text, dir.path().join(link)).unwrap();
        assert!(matches!(store.read_link(&p(link)), Err(StoreError::Denied)), "{text}");
    }
    symlink(dir.path().join("f"), dir.path().join("absolute")).unwrap();
    assert!(matches!(store.read_link(&p("absolute")), Err(StoreError::Denied)));
}

#[test]
fn the_mode_of_a_file_that_nobody_may_read_can_be_set_again() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir, writable());
    let file = dir.path().join("f");
    std::fs::write(&file, "x").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    store.set_mode(&p("f"), 0o640).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o640);
    assert!(store.space(&p("f")).unwrap().files.is_none_or(|files| files.free <= files.total));
}
