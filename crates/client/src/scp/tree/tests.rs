//! Trees of far ends that lie, and what is asked of those that do not.

use super::super::line::{Line, Stop};
use super::super::tests::{Ends, block_on, line};
use super::get::Down;
use super::put::Up;
use super::{Tally, parted, trimmed};
use crate::ClientError;
use crate::mirror::{Because, Blocked, Counts, Fate, Rules, Skipped, Told, Watcher, Way, Wish};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[derive(Default)]
struct Seen(Vec<(String, Fate)>);

impl Watcher for Seen {
    fn told(&mut self, told: &Told) {
        let fate = match &told.fate {
            Fate::Failed(why) => Fate::Failed(ClientError::Local(io::Error::other(why.to_string()))),
            Fate::Copied { octets, because } => Fate::Copied { octets: *octets, because: *because },
            Fate::Blocked(by) => Fate::Blocked(*by),
            Fate::Skipped(why) => Fate::Skipped(*why),
            Fate::Same => Fate::Same,
            Fate::Made => Fate::Made,
            Fate::Removed => Fate::Removed,
            Fate::RemovedDir => Fate::RemovedDir,
            Fate::Swept => Fate::Swept,
            Fate::Extra => Fate::Extra,
        };
        self.0.push((String::from_utf8_lossy(&told.path).into_owned(), fate));
    }

    fn moved(&mut self, _: u64) {}
}

impl Seen {
    fn of(&self, path: &str) -> String {
        let of = self.0.iter().filter(|(told, _)| told == path);
        of.map(|(_, fate)| format!("{fate:?}")).collect::<Vec<_>>().join(" ")
    }
}

fn wish(at: &Path, way: Way) -> Wish<'_> {
    let digest = &|_: &str, _: &store::Blob| Err(io::Error::other("none is asked for"));
    let (rules, remote) = (Rules::default(), &b""[..]);
    Wish { local: at, remote, way, rules, parallel: 1, in_place: false, digest }
}

/// What becomes of a far end that is asked for `/srv/t` and says this, and what it is answered.
fn came(at: &Path, script: &[u8]) -> (Result<(), Stop>, Seen, Counts, Vec<u8>) {
    let mut seen = Seen::default();
    let mut tally = Tally { watcher: &mut seen, counts: Counts::default(), has_refused: false };
    let (result, said) = block_on(async {
        let (mut line, mut far): (Ends, _) = line(1 << 20);
        far.write_all(script).await.unwrap();
        far.shutdown().await.unwrap();
        let result = match Down::new(b"/srv/t", &wish(at, Way::Down), &mut tally) {
            Ok(down) => down.run(&mut line).await,
            Err(why) => Err(why.into()),
        };
        drop(line);
        let mut said = Vec::new();
        far.read_to_end(&mut said).await.unwrap();
        (result, said)
    });
    let counts = tally.counts;
    (result, seen, counts, said)
}

fn protocol(result: Result<(), Stop>) -> String {
    match result {
        Err(Stop::Error(error @ ClientError::Protocol { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_tree_comes_with_its_times_and_what_is_the_same_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("t");
    let script = b"T1000000000 0 1 0\nD0755 0 t\nT1000000001 0 1 0\nC0600 3 a\nabc\0T1000000002 0 1 0\nD0755 0 d\nC0644 0 e\n\0E\nE\n";
    let (result, seen, counts, _) = came(&at, script);
    assert!(result.is_ok(), "{result:?} {:?}", seen.0);
    assert_eq!((counts.copied, counts.made, counts.failed), (2, 2, 0));
    assert_eq!(fs::read(at.join("a")).unwrap(), b"abc");
    let time = |name: &str| at.join(name).metadata().unwrap().mtime();
    assert_eq!((time(""), time("a"), time("d")), (1_000_000_000, 1_000_000_001, 1_000_000_002));
    fs::write(at.join("d/own"), "").unwrap();
    let again =
        b"T1000000000 0 1 0\nD0755 0 t\nT1000000001 0 1 0\nC0600 3 a\nT1000000002 0 1 0\nD0755 0 d\nE\nE\n";
    let (result, seen, counts, said) = came(&at, again);
    assert!(result.is_ok(), "{result:?}");
    assert_eq!((counts.copied, counts.same, counts.extra), (0, 1, 2), "{:?}", seen.0);
    assert_eq!(said, b"\0\0\0\0\x01scp: not wanted\n\0\0\0\0");
}

/// CVE-2019-6111, CVE-2018-20685: the far end chooses no name, and none leads elsewhere.
#[test]
fn nothing_comes_but_the_directory_that_was_asked_for_and_what_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("t");
    for first in ["D0755 0 other", "D0755 0 .ssh", "C0644 1 x"] {
        let words = protocol(came(&at, format!("{first}\n").as_bytes()).0);
        assert!(words.contains("expected the directory 't' and nothing else"), "{words}");
    }
    assert!(!at.exists(), "nothing was made");
    for bad in ["D0755 0 ..", "D0755 0 .", "C0644 1 ../x", "C0644 1 /etc/x", "D0755 0 a/b", "C0644 1 "] {
        let (result, ..) = came(&at, format!("D0755 0 t\n{bad}\nx\0E\n").as_bytes());
        let words = protocol(result);
        assert!(words.contains("unexpected filename"), "{bad}: {words}");
    }
    let (result, ..) = came(&at, b"D0755 0 t\nE\nD0755 0 t\nE\n");
    assert!(protocol(result).contains("and nothing else"));
    protocol(came(&at, b"D0755 0 t\nE\nE\n").0);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "and nothing beside it");
    assert_eq!(fs::read_dir(&at).unwrap().count(), 0);
    let (result, ..) = came(&at, b"C0644 1 t\nx\0");
    assert!(matches!(result, Err(Stop::Error(ClientError::NotDirectory))), "{result:?}");
}

#[test]
fn links_in_the_target_are_not_followed_and_depth_has_an_end() {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::create_dir(dir.path().join("file")).unwrap();
    symlink(outside.path(), dir.path().join("out")).unwrap();
    symlink(outside.path().join("f"), dir.path().join("link")).unwrap();
    let script = b"D0755 0 t\nD0755 0 out\nC0644 1 link\nx\0C0644 1 file\nE\n";
    let (result, seen, counts, _) = came(dir.path(), script);
    assert!(result.is_ok(), "{result:?}");
    assert_eq!((counts.copied, counts.failed), (1, 2), "{:?}", seen.0);
    assert_eq!(seen.of("out"), format!("{:?}", Fate::Blocked(Blocked::ByLink)));
    assert_eq!(seen.of("file"), format!("{:?}", Fate::Blocked(Blocked::ByDirectory)));
    assert_eq!(seen.of("link"), format!("{:?}", Fate::Copied { octets: 1, because: Because::New }));
    assert_eq!(fs::read(dir.path().join("link")).unwrap(), b"x", "the link is replaced");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "nothing is outside");
    let deep = [&b"D0755 0 t\n"[..], &b"D0755 0 d\n".repeat(257), &b"E\n".repeat(257)].concat();
    let (result, seen, counts, _) = came(dir.path(), &deep);
    assert!(result.is_ok(), "{result:?}");
    assert_eq!((counts.made, counts.failed), (256, 1), "{:?}", seen.0.last());
}

#[test]
fn what_the_far_end_cannot_send_is_told_and_a_file_that_is_not_whole_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let (result, seen, counts, _) =
        came(dir.path(), b"D0755 0 t\n\x01scp: x: Permission denied\nC0644 2 a\nab\x01changed\nE\n");
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(counts.failed, 2, "{:?}", seen.0);
    assert!(seen.of("").contains("Permission denied") && seen.of("a").contains("changed"), "{:?}", seen.0);
    let (result, ..) = came(dir.path(), b"D0755 0 t\nC0644 5 a\nab");
    assert!(
        matches!(result, Err(Stop::Error(ClientError::Truncated { expected: 5, found: 2 }))),
        "{result:?}"
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
    let (result, ..) = came(dir.path(), b"\x01scp: /srv/t: No such file or directory\n");
    assert!(matches!(result, Err(Stop::Error(ClientError::Absent { .. }))), "{result:?}");
}

#[test]
fn a_tree_goes_in_order_without_links_and_what_is_refused_does_not() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["b", "no", "d/c"] {
        fs::create_dir_all(dir.path().join("d")).unwrap();
        fs::write(dir.path().join(name), name).unwrap();
        fs::File::open(dir.path().join(name)).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    symlink("/etc", dir.path().join("link")).unwrap();
    for name in ["d", "."] {
        fs::File::open(dir.path().join(name)).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    let mut seen = Seen::default();
    let mut tally = Tally { watcher: &mut seen, counts: Counts::default(), has_refused: false };
    let said = block_on(async {
        let (mut line, mut far): (Line<_, _>, _) = line(1 << 20);
        // Ready; T D; T C, content; T D; T C, content; E; T C refused; E.
        far.write_all(b"\0\0\0\0\0\0\0\0\0\0\0\0\0\x01no: Permission denied\n\0").await.unwrap();
        let wish = wish(dir.path(), Way::Up);
        let up = Up::new(Some(b"t"), &wish, &mut tally).unwrap();
        up.run(&mut line).await.unwrap();
        drop(line);
        let mut said = Vec::new();
        far.read_to_end(&mut said).await.unwrap();
        String::from_utf8(said).unwrap()
    });
    let times = "T0 0 0 0\n";
    let mode = |name: &str| dir.path().join(name).metadata().unwrap().mode() & 0o777;
    let (root, d, file) = (mode("."), mode("d"), mode("b"));
    let all = format!(
        "{times}D{root:04o} 0 t\n{times}C{file:04o} 1 b\nb\0{times}D{d:04o} 0 d\n{times}C{file:04o} 3 c\nd/c\0E\n{times}C{file:04o} 2 no\nE\n"
    );
    assert_eq!(said, all);
    assert_eq!((tally.counts.copied, tally.counts.skipped, tally.counts.failed), (2, 1, 1));
    assert_eq!(seen.of("link"), format!("{:?}", Fate::Skipped(Skipped::Link)));
    assert!(seen.of("no").contains("Permission denied"), "{:?}", seen.0);
}

#[test]
fn a_path_is_parted_into_a_directory_and_a_name() {
    for (path, directory, name) in [
        ("/srv/t", "/srv", Some("t")),
        ("/srv/t//", "/srv", Some("t")),
        ("/t", "/", Some("t")),
        ("t", ".", Some("t")),
        ("a/t", "a", Some("t")),
        ("/", "/", None),
        ("", ".", None),
        (".", ".", None),
        ("a/..", "a/..", None),
    ] {
        let (of, last) = parted(trimmed(path.as_bytes()));
        assert_eq!((of, last), (directory.as_bytes(), name.map(str::as_bytes)), "{path}");
    }
}
