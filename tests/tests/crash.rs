//! `kill -9` in the middle of an upload over an existing file leaves the old file or the new one, whole,
//! and nothing else that anybody sees.

use e2e::content::{Content, print_of};
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use store::local::{Local, LocalOptions};
use store::{Store, VPath};

/// The points of an upload, and whether the new file is there after a kill at it.
const POINTS: &[(&str, bool)] = &[
    ("temporary-made", false),
    ("middle", false),
    ("last-octet", false),
    ("before-sync", false),
    ("after-sync", false),
    ("version-made", false),
    ("named", false),
    ("renamed", true),
];

/// Through the gate keeping the old file, into the store replacing it, and with named temporaries.
const HOWS: &[&str] = &["tftp", "store", "named"];

/// Not a multiple of 512: the last block is short.
const LEN: u64 = 300_017;

#[test]
fn a_kill_at_each_named_point_leaves_the_old_or_the_new_file() {
    for how in HOWS {
        for &(point, is_new) in POINTS {
            if point == "version-made" && *how != "tftp" {
                continue;
            }
            let crash = Crash::begin();
            crash.killed(how, point);
            assert_eq!(crash.found(), if is_new { "new" } else { "old" }, "{how} at {point}, before a sweep");
            crash.recovers(how, is_new);
        }
    }
}

#[test]
fn a_kill_at_random_offsets_leaves_the_old_file() {
    for n in 0..24 {
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("random octets");
        let offset = u64::from_ne_bytes(random) % LEN + 1;
        let how = HOWS[n % HOWS.len()];
        println!("{how}: killed at offset {offset}");
        let crash = Crash::begin();
        crash.killed(how, &offset.to_string());
        assert_eq!(crash.found(), "old", "{how} at {offset}, before a sweep");
        crash.recovers(how, false);
    }
}

/// A directory with an old file, and what is to replace it.
struct Crash {
    dir: tempfile::TempDir,
    old: Content,
    new: Content,
}

impl Crash {
    fn begin() -> Crash {
        let dir = e2e::scratch();
        let crash = Crash { old: Content::random(123_456), new: Content::random(LEN), dir };
        crash.old.write(&crash.file()).expect("the old file");
        crash
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("image.bin")
    }

    fn upload(&self, how: &str, new: Content, point: &str) -> std::process::ExitStatus {
        Command::new(env!("CARGO_BIN_EXE_uploader"))
            .arg(self.dir.path())
            .args(["image.bin", how, &new.seed.to_string(), &new.len.to_string(), point])
            .status()
            .expect("the uploader starts")
    }

    fn killed(&self, how: &str, point: &str) {
        let status = self.upload(how, self.new, point);
        assert_eq!(status.signal(), Some(9), "{how}: no such point as {point}? {status}");
    }

    /// Which of the two files is under the name.
    fn found(&self) -> &'static str {
        let print = print(&self.file());
        match print {
            p if p == self.old.print() => "old",
            p if p == self.new.print() => "new",
            other => panic!("neither the old nor the new file, but {other:?}"),
        }
    }

    /// A new process finds one name, whole, sweeps what is left, and can upload.
    fn recovers(&self, how: &str, is_new: bool) {
        let again = Content::random(LEN + 1);
        let (kept_before, now) = (self.versions(), if is_new { self.new } else { self.old });
        assert!(kept_before.iter().all(|v| print(v) == self.old.print()), "a version is the old file, whole");
        let status = self.upload(how, again, "none");
        assert!(status.success(), "{status}");
        assert_eq!(print(&self.file()), again.print());
        let kept = self.versions();
        let expected = kept_before.len() + usize::from(how == "tftp");
        assert_eq!(kept.len(), expected, "{kept:?}");
        if how == "tftp" {
            let last = kept.iter().find(|v| !kept_before.contains(v)).expect("one more version");
            assert_eq!(print(last), now.print());
        }
        let mut on_disk: Vec<_> = std::fs::read_dir(self.dir.path())
            .expect("the directory")
            .map(|e| e.expect("an entry").file_name().into_string().expect("ASCII"))
            .collect();
        on_disk.retain(|n| n != ".towline");
        assert_eq!(on_disk, ["image.bin"], "nothing of the dead process stays");
        let store = Local::open(self.dir.path(), LocalOptions::default()).expect("the directory");
        let listed = store.list(&VPath::root()).expect("a listing").next().expect("entries");
        assert_eq!(listed.len(), 1);
    }

    fn versions(&self) -> Vec<PathBuf> {
        let Ok(dir) = std::fs::read_dir(self.dir.path().join(".towline/versions")) else { return Vec::new() };
        let mut all: Vec<_> = dir.map(|e| e.expect("an entry").path()).collect();
        all.sort();
        all
    }
}

fn print(path: &Path) -> e2e::content::Print {
    print_of(&mut File::open(path).expect("the file is there")).expect("it can be read")
}
