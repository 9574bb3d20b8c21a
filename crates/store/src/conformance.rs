//! What every backend must do: one suite, run by each backend's tests.
//!
//! [`run`] panics at the first thing that is not so. It asks for a fresh, empty, writable store for each
//! rule; backends without resume or directories skip the rules of those.

mod attributes;
mod changing;
mod links;

use crate::{Amount, Kind, Mode, SORTED, Store, StoreError, Upload, VPath};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// Runs every rule on stores that `make` gives.
pub fn run(make: impl Fn() -> Arc<dyn Store>) {
    for (name, rule) in RULES {
        println!("conformance: {name}");
        rule(&*make());
    }
}

type Rule = fn(&dyn Store);

const RULES: &[(&str, Rule)] = &[
    ("an absent name is absent", absent_is_absent),
    ("nothing is seen before commit", nothing_is_seen_before_commit),
    ("dropping leaves the old file", dropping_leaves_the_old_file),
    ("new wants a free name, also at commit", new_wants_a_free_name),
    ("blocks come in any order", blocks_come_in_any_order),
    ("a gap reads as zeros", a_gap_reads_as_zeros),
    ("an empty file is a file", an_empty_file_is_a_file),
    ("two uploads to one name: the last commit wins whole", last_commit_wins_whole),
    ("rename over a name with an open upload", rename_over_an_open_upload),
    ("an open blob keeps its content", an_open_blob_keeps_its_content),
    ("resume goes on with the file", resume_goes_on_with_the_file),
    ("append goes on at the end", append_goes_on_at_the_end),
    ("a partial is its owner's alone", a_partial_is_its_owners),
    ("a commit drops the partial", a_commit_drops_the_partial),
    ("a partial in use is busy or apart", two_resumes_never_mix),
    ("directories stand in the way", directories_stand_in_the_way),
    ("names are octets", names_are_octets),
    ("the tree ends at its root", the_tree_ends_at_its_root),
    ("reserved names are nobody's", reserved_names_are_nobodys),
    ("renaming moves whatever hangs below", renaming_moves_what_hangs_below),
    ("times can be set", times_can_be_set),
    ("modify starts from the old content", changing::modify_starts_from_the_old_content),
    ("modify has nothing to do with partials", changing::modify_has_nothing_to_do_with_partials),
    ("an upload is cut off and stretched", changing::an_upload_is_cut_off_and_stretched),
    ("a rename to a free name replaces nothing", changing::a_rename_to_a_free_name_replaces_nothing),
    ("modes can be set, and stay with what is written over", attributes::modes_can_be_set),
    ("an upload brings its time and mode", attributes::an_upload_brings_its_time_and_mode),
    ("a second name is a file of its own", links::a_second_name_is_a_file_of_its_own),
    ("symbolic links stay within the root", links::symbolic_links_stay_within_the_root),
    ("an overwritten file is kept where asked", the_old_file_is_kept_where_asked),
    ("a directory with our leftovers is empty", leftovers_do_not_fill_a_directory),
    ("names come in order", names_come_in_order),
    ("100,000 entries come in small batches", many_entries_come_in_small_batches),
];

fn absent_is_absent(store: &dyn Store) {
    for path in ["/x", "/x/y", "/x/y/z"] {
        let path = p(path);
        assert!(matches!(store.stat(&path), Err(StoreError::Absent)));
        assert!(matches!(store.open(&path), Err(StoreError::Absent)));
        assert!(matches!(store.list(&path).map(drop), Err(StoreError::Absent)));
        assert!(matches!(store.remove(&path), Err(StoreError::Absent)));
        assert!(matches!(store.remove_dir(&path), Err(StoreError::Absent)));
        assert!(matches!(store.rename(&path, &p("/new")), Err(StoreError::Absent)));
    }
    assert!(matches!(store.create(&p("/x/y"), Mode::New, "").map(drop), Err(StoreError::Absent)));
    assert!(matches!(store.make_dir(&p("/x/y")), Err(StoreError::Absent)));
    assert_eq!(store.partial(&p("/x"), "user a"), None);
}

fn nothing_is_seen_before_commit(store: &dyn Store) {
    let mut upload = store.create(&p("/f"), Mode::New, "user a").unwrap();
    upload.write_at(0, b"hello").unwrap();
    assert!(matches!(store.stat(&p("/f")), Err(StoreError::Absent)));
    assert_eq!(names(store, "/"), BTreeSet::new());
    assert_eq!((upload.start(), upload.len()), (0, 5));
    let mut back = [0; 8];
    assert_eq!(upload.read_at(1, &mut back).unwrap(), 4);
    assert_eq!(&back[..4], b"ello");
    assert_eq!(upload.commit().unwrap().len, 5);
    assert_eq!(content(store, "/f"), b"hello");
    let facts = store.stat(&p("/f")).unwrap();
    assert_eq!((facts.kind, facts.len), (Kind::File, 5));
    assert_eq!(names(store, "/"), BTreeSet::from([b"f".to_vec()]));
}

fn dropping_leaves_the_old_file(store: &dyn Store) {
    put(store, "/f", b"old");
    let mut upload = store.create(&p("/f"), Mode::Overwrite, "user a").unwrap();
    upload.write_at(0, b"new content").unwrap();
    drop(upload);
    assert_eq!(content(store, "/f"), b"old");
    assert_eq!(names(store, "/").len(), 1);
    assert_eq!(store.partial(&p("/f"), "user a"), None);
}

fn new_wants_a_free_name(store: &dyn Store) {
    put(store, "/f", b"old");
    assert!(matches!(store.create(&p("/f"), Mode::New, "").map(drop), Err(StoreError::Exists)));
    let mut first = store.create(&p("/g"), Mode::New, "").unwrap();
    let mut second = store.create(&p("/g"), Mode::New, "").unwrap();
    first.write_at(0, b"first").unwrap();
    second.write_at(0, b"second").unwrap();
    first.commit().unwrap();
    assert!(matches!(second.commit(), Err(StoreError::Exists)));
    assert_eq!(content(store, "/g"), b"first");
}

fn blocks_come_in_any_order(store: &dyn Store) {
    let whole: Vec<u8> = (0..64 * 512u32).map(|i| (i / 512 + i) as u8).collect();
    let mut upload = store.create(&p("/f"), Mode::New, "").unwrap();
    // 37 and 64 have no common factor: every block once, none in its turn; and some twice.
    for i in (0..64).map(|i| i * 37 % 64).chain([5, 63, 0]) {
        upload.write_at(i * 512, &whole[i as usize * 512..][..512]).unwrap();
    }
    assert_eq!(upload.commit().unwrap().len, 64 * 512);
    assert!(content(store, "/f") == whole);
}

fn a_gap_reads_as_zeros(store: &dyn Store) {
    let mut upload = store.create(&p("/f"), Mode::New, "").unwrap();
    upload.write_at(10, b"x").unwrap();
    assert_eq!(upload.len(), 11);
    upload.write_at(2, b"y").unwrap();
    assert_eq!(upload.len(), 11);
    upload.commit().unwrap();
    assert_eq!(content(store, "/f"), b"\0\0y\0\0\0\0\0\0\0x");
}

fn an_empty_file_is_a_file(store: &dyn Store) {
    let upload = store.create(&p("/f"), Mode::New, "").unwrap();
    assert!(upload.is_empty());
    assert_eq!(upload.commit().unwrap().len, 0);
    assert!(store.open(&p("/f")).unwrap().is_empty());
    assert_eq!(store.stat(&p("/f")).unwrap().len, 0);
}

fn last_commit_wins_whole(store: &dyn Store) {
    let mut first = store.create(&p("/f"), Mode::Overwrite, "user a").unwrap();
    let mut second = store.create(&p("/f"), Mode::Overwrite, "user a").unwrap();
    for i in 0..100 {
        first.write_at(i * 3, b"AAA").unwrap();
        second.write_at(i * 2, b"BB").unwrap();
    }
    second.commit().unwrap();
    assert_eq!(content(store, "/f"), [b'B'; 200]);
    first.commit().unwrap();
    assert_eq!(content(store, "/f"), [b'A'; 300]);
}

fn rename_over_an_open_upload(store: &dyn Store) {
    put(store, "/other", b"other");
    let mut upload = store.create(&p("/f"), Mode::Overwrite, "").unwrap();
    upload.write_at(0, b"mine").unwrap();
    store.rename(&p("/other"), &p("/f")).unwrap();
    assert_eq!(content(store, "/f"), b"other");
    upload.commit().unwrap();
    assert_eq!(content(store, "/f"), b"mine");
    assert!(matches!(store.stat(&p("/other")), Err(StoreError::Absent)));
}

fn an_open_blob_keeps_its_content(store: &dyn Store) {
    put(store, "/f", b"old content");
    let blob = store.open(&p("/f")).unwrap();
    put(store, "/f", b"new");
    store.remove(&p("/f")).unwrap();
    let mut buf = [0; 32];
    assert_eq!((blob.len(), blob.read_at(4, &mut buf).unwrap()), (11, 7));
    assert_eq!(&buf[..7], b"content");
}

fn resume_goes_on_with_the_file(store: &dyn Store) {
    if !store.capabilities().resume {
        return;
    }
    put(store, "/f", b"0123456789");
    let beyond = store.create(&p("/f"), Mode::Resume(11), "user a").map(drop);
    assert!(matches!(beyond, Err(StoreError::BeyondEnd { offset: 11, len: 10 })));
    let beyond = store.create(&p("/absent"), Mode::Resume(1), "user a").map(drop);
    assert!(matches!(beyond, Err(StoreError::BeyondEnd { offset: 1, len: 0 })));
    let mut upload = store.create(&p("/f"), Mode::Resume(4), "user a").unwrap();
    assert_eq!((upload.start(), upload.len()), (4, 4));
    upload.write_at(4, b"x").unwrap();
    assert_eq!(content(store, "/f"), b"0123456789");
    assert_eq!(upload.commit().unwrap().len, 5);
    assert_eq!(content(store, "/f"), b"0123x");
}

fn append_goes_on_at_the_end(store: &dyn Store) {
    if !store.capabilities().resume {
        return;
    }
    let mut upload = store.create(&p("/f"), Mode::Append, "").unwrap();
    assert_eq!(upload.start(), 0);
    upload.write_at(0, b"one").unwrap();
    upload.commit().unwrap();
    let mut upload = store.create(&p("/f"), Mode::Append, "").unwrap();
    assert_eq!(upload.start(), 3);
    upload.write_at(3, b"two").unwrap();
    assert_eq!(content(store, "/f"), b"one");
    upload.commit().unwrap();
    assert_eq!(content(store, "/f"), b"onetwo");
}

fn a_partial_is_its_owners(store: &dyn Store) {
    if !store.capabilities().resume {
        return;
    }
    put(store, "/f", b"the old file");
    suspended(store, "/f", "user a", b"01234567").suspend().unwrap();
    assert_eq!(content(store, "/f"), b"the old file");
    assert_eq!(names(store, "/").len(), 1);
    assert_eq!(store.partial(&p("/f"), "user a"), Some(8));
    assert_eq!(store.partial(&p("/f"), "user b"), None);
    assert_eq!(store.partial(&p("/f"), ""), None);
    assert_eq!(store.partial(&p("/g"), "user a"), None);
    let other = store.create(&p("/f"), Mode::Resume(12), "user b").unwrap();
    let mut back = [0; 12];
    assert_eq!(other.read_at(0, &mut back).unwrap(), 12);
    assert_eq!(&back, b"the old file");
    drop(other);
    let beyond = store.create(&p("/f"), Mode::Resume(9), "user a").map(drop);
    assert!(matches!(beyond, Err(StoreError::BeyondEnd { offset: 9, len: 8 })));
    assert_eq!(store.partial(&p("/f"), "user a"), Some(8));
    let mut upload = store.create(&p("/f"), Mode::Resume(6), "user a").unwrap();
    upload.write_at(6, b"xyz").unwrap();
    upload.suspend().unwrap();
    assert_eq!(store.partial(&p("/f"), "user a"), Some(9));
    let upload = store.create(&p("/f"), Mode::Resume(9), "user a").unwrap();
    upload.commit().unwrap();
    assert_eq!(content(store, "/f"), b"012345xyz");
    assert_eq!(store.partial(&p("/f"), "user a"), None);
}

fn a_commit_drops_the_partial(store: &dyn Store) {
    if !store.capabilities().resume {
        return;
    }
    suspended(store, "/f", "user a", b"half").suspend().unwrap();
    // Where there is no file, append goes on with the partial.
    let append = store.create(&p("/f"), Mode::Append, "user a").unwrap();
    assert_eq!(append.start(), 4);
    append.suspend().unwrap();
    let mut upload = store.create(&p("/f"), Mode::Overwrite, "user a").unwrap();
    upload.write_at(0, b"whole").unwrap();
    upload.commit().unwrap();
    assert_eq!(store.partial(&p("/f"), "user a"), None);
    assert_eq!(content(store, "/f"), b"whole");
}

fn two_resumes_never_mix(store: &dyn Store) {
    if !store.capabilities().resume {
        return;
    }
    suspended(store, "/f", "user a", b"0123").suspend().unwrap();
    let mut first = store.create(&p("/f"), Mode::Resume(4), "user a").unwrap();
    match store.create(&p("/f"), Mode::Resume(4), "user a") {
        Err(StoreError::Busy) => {}
        Err(e) => panic!("busy expected, found {e}"),
        Ok(mut second) => second.write_at(4, b"BBBB").unwrap(),
    }
    first.write_at(4, b"AA").unwrap();
    first.commit().unwrap();
    assert_eq!(content(store, "/f"), b"0123AA");
}

fn directories_stand_in_the_way(store: &dyn Store) {
    if !store.capabilities().directories {
        return;
    }
    store.make_dir(&p("/d")).unwrap();
    assert!(matches!(store.make_dir(&p("/d")), Err(StoreError::Exists)));
    put(store, "/d/f", b"x");
    assert_eq!(store.stat(&p("/d")).unwrap().kind, Kind::Directory);
    assert!(matches!(store.open(&p("/d")), Err(StoreError::IsDirectory)));
    assert!(matches!(store.remove(&p("/d")), Err(StoreError::IsDirectory)));
    assert!(matches!(store.remove_dir(&p("/d")), Err(StoreError::NotEmpty)));
    assert!(matches!(store.remove_dir(&p("/d/f")), Err(StoreError::NotDirectory)));
    assert!(matches!(store.list(&p("/d/f")).map(drop), Err(StoreError::NotDirectory)));
    assert!(matches!(store.stat(&p("/d/f/g")), Err(StoreError::NotDirectory)));
    for mode in [Mode::Overwrite, Mode::Resume(0), Mode::Append] {
        assert!(matches!(store.create(&p("/d"), mode, "").map(drop), Err(StoreError::IsDirectory)));
    }
    assert!(matches!(store.create(&p("/d/f/g"), Mode::New, "").map(drop), Err(StoreError::NotDirectory)));
    // One that comes while the upload runs.
    let upload = store.create(&p("/e"), Mode::Overwrite, "").unwrap();
    store.make_dir(&p("/e")).unwrap();
    assert!(matches!(upload.commit(), Err(StoreError::IsDirectory)));
    // One that goes while the upload runs.
    let upload = store.create(&p("/e/f"), Mode::New, "").unwrap();
    match store.remove_dir(&p("/e")) {
        Ok(_) => assert!(matches!(upload.commit(), Err(StoreError::Absent))),
        // A backend whose uploads need a name in their directory keeps it.
        Err(e) => {
            assert!(matches!(e, StoreError::NotEmpty), "{e}");
            drop(upload);
            store.remove_dir(&p("/e")).unwrap();
        }
    }
    store.remove(&p("/d/f")).unwrap();
    store.remove_dir(&p("/d")).unwrap();
    assert_eq!(names(store, "/"), BTreeSet::new());
}

fn names_are_octets(store: &dyn Store) {
    let all: Vec<&[u8]> =
        vec![b"\xff\xfe", b"a b", b"new\nline", b"\\x41", b"-rf", "Z\u{fc}rich".as_bytes(), &[b'n'; 255]];
    for name in &all {
        let path = VPath::root().child(name).unwrap();
        let mut upload = store.create(&path, Mode::New, "user a").unwrap();
        upload.write_at(0, name).unwrap();
        upload.commit().unwrap();
        assert_eq!(store.open(&path).unwrap().len(), name.len() as u64);
    }
    assert_eq!(names(store, "/"), all.iter().map(|n| n.to_vec()).collect());
}

fn the_tree_ends_at_its_root(store: &dyn Store) {
    put(store, "/f", b"x");
    assert!(VPath::parse(b"../f").is_err());
    let climbed = VPath::root().resolve(b"../../../../f").unwrap();
    assert_eq!(store.open(&climbed).unwrap().len(), 1);
    let root = VPath::root();
    assert_eq!(store.stat(&root).unwrap().kind, Kind::Directory);
    assert!(matches!(store.create(&root, Mode::Overwrite, "").map(drop), Err(StoreError::IsDirectory)));
    assert!(matches!(store.remove(&root), Err(StoreError::IsDirectory)));
    assert!(matches!(store.remove_dir(&root), Err(StoreError::Denied)));
    assert!(matches!(store.rename(&root, &p("/g")), Err(StoreError::Denied)));
    assert!(matches!(store.make_dir(&root), Err(StoreError::Exists)));
    assert!(store.space(&root).unwrap().total >= store.space(&root).unwrap().free);
}

fn reserved_names_are_nobodys(store: &dyn Store) {
    put(store, "/f", b"x");
    for path in ["/.towline", "/.towline/x", "/.towline-temp-1"] {
        let path = p(path);
        assert!(matches!(store.stat(&path), Err(StoreError::Absent)));
        assert!(matches!(store.open(&path), Err(StoreError::Absent)));
        assert!(matches!(store.create(&path, Mode::Overwrite, "").map(drop), Err(StoreError::Denied)));
        assert!(matches!(store.rename(&p("/f"), &path), Err(StoreError::Denied)));
        assert!(store.make_dir(&path).is_err());
    }
}

fn renaming_moves_what_hangs_below(store: &dyn Store) {
    if !store.capabilities().directories {
        return;
    }
    for dir in ["/a", "/a/b", "/c"] {
        store.make_dir(&p(dir)).unwrap();
    }
    put(store, "/a/b/f", b"x");
    put(store, "/c/g", b"y");
    assert!(matches!(store.rename(&p("/a"), &p("/a/b/a")), Err(StoreError::Denied)));
    assert!(matches!(store.rename(&p("/a"), &p("/c")), Err(StoreError::NotEmpty)));
    assert!(matches!(store.rename(&p("/c/g"), &p("/a")), Err(StoreError::IsDirectory)));
    assert!(matches!(store.rename(&p("/a"), &p("/c/g")), Err(StoreError::NotDirectory)));
    let mut upload = store.create(&p("/a/b/new"), Mode::New, "").unwrap();
    upload.write_at(0, b"follows").unwrap();
    store.rename(&p("/a"), &p("/c/a")).unwrap();
    assert_eq!(content(store, "/c/a/b/f"), b"x");
    upload.commit().unwrap();
    assert_eq!(content(store, "/c/a/b/new"), b"follows");
    assert!(matches!(store.stat(&p("/a")), Err(StoreError::Absent)));
}

fn times_can_be_set(store: &dyn Store) {
    if !store.capabilities().facts {
        return;
    }
    put(store, "/f", b"x");
    let then = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    store.set_modified(&p("/f"), then).unwrap();
    assert_eq!(store.stat(&p("/f")).unwrap().modified, then);
    assert!(matches!(store.set_modified(&p("/g"), then), Err(StoreError::Absent)));
}

fn the_old_file_is_kept_where_asked(store: &dyn Store) {
    let mut kept = BTreeSet::new();
    for n in 0..5u8 {
        let mut upload = store.create(&p("/f"), Mode::Overwrite, "").unwrap();
        upload.write_at(0, &[n; 9]).unwrap();
        if let Err(e) = upload.keep_old() {
            assert!(matches!(e, StoreError::Unsupported(_)));
            return;
        }
        let published = upload.commit().unwrap();
        assert_eq!(published.kept.is_some(), n > 0, "only what was there can be kept");
        if let Some(version) = published.kept {
            assert!(version.is_reserved());
            assert!(matches!(store.stat(&version), Err(StoreError::Absent)));
            assert!(kept.insert(version), "each version has a name of its own");
        }
        assert_eq!(content(store, "/f"), [n; 9]);
    }
    assert_eq!(names(store, "/").len(), 1);
    // Listed from the oldest, with what was written over each time, also when the file is gone.
    store.remove(&p("/f")).unwrap();
    let versions = store.versions(&p("/f")).unwrap();
    assert!(versions.is_sorted_by_key(|version| version.stamp) && versions.len() == 4, "{versions:?}");
    for (n, version) in (0..).zip(versions) {
        let mut octets = [9; 16];
        let blob = store.open_version(&p("/f"), version.stamp).unwrap();
        assert_eq!((version.len, blob.len(), blob.read_at(0, &mut octets).unwrap()), (9, 9, 9));
        assert_eq!(octets[..9], [n; 9]);
    }
    assert_eq!(store.versions(&p("/g")).unwrap(), []);
    assert_eq!(store.versioned(&VPath::root()).unwrap(), [b"f"]);
    let tally = store.tally(&VPath::root()).unwrap();
    assert_eq!((tally.holds, tally.directories), (Amount { octets: 4 * 9, files: 4 }, vec![]));
    assert_eq!(store.tidy(&VPath::root()).unwrap(), Amount::NONE, "all are kept where nobody says how many");
}

fn leftovers_do_not_fill_a_directory(store: &dyn Store) {
    let can = store.capabilities();
    if !can.directories || !can.resume {
        return;
    }
    store.make_dir(&p("/d")).unwrap();
    suspended(store, "/d/f", "user a", b"half").suspend().unwrap();
    store.remove_dir(&p("/d")).unwrap();
    store.make_dir(&p("/d")).unwrap();
    assert_eq!(store.partial(&p("/d/f"), "user a"), None);
}

fn names_come_in_order(store: &dyn Store) {
    // 1,499 is prime: each number comes once, in an order of its own.
    let made = (1..1_499).map(|n| format!("/{}", n * 601 % 1_499));
    made.for_each(|path| store.make_dir(&p(&path)).unwrap());
    let mut cursor = store.list(&VPath::root()).unwrap();
    let mut came: Vec<Vec<u8>> = Vec::new();
    loop {
        let batch = cursor.next().unwrap();
        if batch.is_empty() {
            break;
        }
        came.extend(batch.into_iter().map(|entry| entry.name));
    }
    assert_eq!(came.len(), 1_498);
    assert!(came.is_sorted(), "by their octets");
}

fn many_entries_come_in_small_batches(store: &dyn Store) {
    const N: usize = 100_000;
    for i in 0..N {
        // Files cost a sync each; directories do not, and a listing does not care.
        store.make_dir(&p(&format!("/{i}"))).unwrap();
    }
    let mut seen = vec![false; N];
    let mut cursor = store.list(&VPath::root()).unwrap();
    let mut first: Vec<Vec<u8>> = Vec::new();
    loop {
        let batch = cursor.next().unwrap();
        assert!(batch.len() <= 256, "{} entries in one call", batch.len());
        if batch.is_empty() {
            break;
        }
        first.extend(batch.iter().take(SORTED - first.len()).map(|entry| entry.name.clone()));
        for entry in batch {
            let i: usize = std::str::from_utf8(&entry.name).unwrap().parse().unwrap();
            assert!(!std::mem::replace(&mut seen[i], true), "{i} came twice");
        }
    }
    assert!(seen.iter().all(|&s| s));
    assert!(first.is_sorted(), "the first {SORTED} by their octets");
    assert!(cursor.next().unwrap().is_empty(), "after the end comes the end");
}

fn p(path: &str) -> VPath {
    VPath::parse(path.as_bytes()).unwrap()
}

fn put(store: &dyn Store, path: &str, octets: &[u8]) {
    suspended(store, path, "", octets).commit().unwrap();
}

fn suspended(store: &dyn Store, path: &str, owner: &str, octets: &[u8]) -> Box<dyn Upload> {
    let mut upload = store.create(&p(path), Mode::Overwrite, owner).unwrap();
    upload.write_at(0, octets).unwrap();
    upload
}

fn content(store: &dyn Store, path: &str) -> Vec<u8> {
    let blob = store.open(&p(path)).unwrap();
    let mut octets = vec![0; usize::try_from(blob.len()).unwrap()];
    assert_eq!(blob.read_at(0, &mut octets).unwrap(), octets.len());
    octets
}

fn names(store: &dyn Store, path: &str) -> BTreeSet<Vec<u8>> {
    let mut cursor = store.list(&p(path)).unwrap();
    let mut names = BTreeSet::new();
    loop {
        let batch = cursor.next().unwrap();
        if batch.is_empty() {
            return names;
        }
        names.extend(batch.into_iter().map(|e| e.name));
    }
}
