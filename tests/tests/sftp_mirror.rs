//! `towline mirror`: trees become alike, both ways, over our server and OpenSSH's.

use e2e::at_home::{Server, events};
use e2e::poll;
use e2e::process::{Ended, Process};
use e2e::ssh_servers::openssh;
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// The longest that something may take on a loaded machine.
const ONE: Duration = Duration::from_secs(90);

fn theirs() -> Option<Server> {
    openssh(e2e::scratch()).map(Server::of)
}

/// Numbers that look random (splitmix64).
struct Seeded(u64);

impl Seeded {
    fn new() -> Seeded {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).expect("random octets");
        let seed = u64::from_ne_bytes(seed);
        println!("seed {seed}");
        Seeded(seed)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// A tree of files of any length around what a request and a packet hold, with old times.
    fn tree(&mut self, root: &Path, names: &[&[u8]]) {
        const LENGTHS: [u64; 9] = [0, 1, 4_096, 32_768, 32_769, 261_119, 261_120, 261_121, 1_000_000];
        let mut directories = vec![root.to_path_buf()];
        fs::create_dir_all(root).unwrap();
        for n in 0..60 {
            let parent = &directories[usize::try_from(self.below(directories.len() as u64)).unwrap()];
            let name = names[usize::try_from(self.below(names.len() as u64)).unwrap()];
            let path = parent.join(OsStr::from_bytes(&[name, format!("{n}").as_bytes()].concat()));
            if self.below(6) == 0 {
                fs::create_dir(&path).unwrap();
                directories.push(path);
                continue;
            }
            let len = LENGTHS[usize::try_from(self.below(9)).unwrap()];
            let octets: Vec<u8> = (0..len).map(|_| self.below(256) as u8).collect();
            self.file(&path, &octets);
        }
        self.date(root);
    }

    /// Gives each directory below another time, what is in it first.
    fn date(&mut self, dir: &Path) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.symlink_metadata().unwrap().is_dir() {
                self.date(&path);
            }
        }
        self.time(dir);
    }

    fn file(&mut self, path: &Path, octets: &[u8]) {
        fs::write(path, octets).unwrap();
        let mode = [0o644, 0o600, 0o755, 0o444][usize::try_from(self.below(4)).unwrap()];
        fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        self.time(path);
    }

    fn time(&mut self, path: &Path) {
        let at = UNIX_EPOCH + Duration::from_secs(1_000_000_000 + self.below(100_000_000));
        // A file that cannot be written to can have another time all the same.
        File::open(path).unwrap().set_modified(at).unwrap();
    }
}

/// What a tree holds: of files octets, time and permissions, of directories the time.
#[derive(PartialEq, Eq, Debug)]
enum Node {
    File { octets: Vec<u8>, modified: i64, mode: u32 },
    Directory { modified: i64 },
    Other,
}

fn tree(root: &Path) -> BTreeMap<PathBuf, Node> {
    fn walk(root: &Path, dir: &Path, all: &mut BTreeMap<PathBuf, Node>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let facts = path.symlink_metadata().unwrap();
            let node = if facts.is_dir() {
                walk(root, &path, all);
                Node::Directory { modified: facts.mtime() }
            } else if facts.is_file() {
                let octets = fs::read(&path).unwrap();
                Node::File { octets, modified: facts.mtime(), mode: facts.mode() & 0o777 }
            } else {
                Node::Other
            };
            all.insert(path.strip_prefix(root).unwrap().to_path_buf(), node);
        }
    }
    let modified = root.metadata().unwrap().mtime();
    let mut all = BTreeMap::from([(PathBuf::new(), Node::Directory { modified })]);
    walk(root, root, &mut all);
    all
}

fn assert_alike(a: &Path, b: &Path) {
    let (a, b) = (tree(a), tree(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (path, node) in &a {
        assert!(*node == b[path], "{} differs", path.display());
    }
}

fn good(ended: &Ended) {
    assert_eq!(ended.code(), 0, "{ended:?}");
}

/// A mirror that goes well, and its last event.
fn mirror(server: &Server, arguments: &[&str]) -> Value {
    let ended = server.run("mirror", &[&["--json"], arguments].concat());
    good(&ended);
    summary(&ended)
}

fn summary(ended: &Ended) -> Value {
    events(ended).into_iter().find(|event| event["event"] == "mirror").expect("a summary")
}

fn moved(summary: &Value) -> [u64; 4] {
    ["copied", "made", "removed", "failed"].map(|name| summary[name].as_u64().expect("a number"))
}

/// Names that every server has.
const NAMES: [&[u8]; 4] = [b"plain.cfg", b"with space", b"-dash", "gr\u{fc}n".as_bytes()];

fn both_ways(server: &Server, names: &[&[u8]]) {
    let mut seeded = Seeded::new();
    let home = server.home.path();
    let (source, there) = (home.join("source"), server.served.join("there"));
    seeded.tree(&source, names);
    let url = server.url("there/");
    let files = tree(&source).values().filter(|node| matches!(node, Node::File { .. })).count() as u64;

    // A dry run says it, and does nothing.
    let dry = mirror(server, &["-n", "source", &url]);
    assert!(!there.exists(), "nothing was done");
    let first = mirror(server, &["source", &url]);
    assert_alike(&source, &there);
    assert_eq!((moved(&dry), dry["octets"].clone()), (moved(&first), first["octets"].clone()));
    assert_eq!(first["copied"], files);
    let again = mirror(server, &["source", &url]);
    assert_eq!((moved(&again), again["same"].as_u64()), ([0; 4], Some(files)));

    mirror(server, &[&url, "back"]);
    assert_alike(&source, &home.join("back"));
    assert_eq!(moved(&mirror(server, &[&url, "back"])), [0; 4]);

    // What has changed is all that moves, and what only the target has goes where that is wanted.
    seeded.file(&source.join("new"), b"new");
    let changed = tree(&source)
        .into_iter()
        .find(|(_, node)| matches!(node, Node::File { octets, .. } if octets.len() > 1));
    let (changed, _) = changed.expect("one of sixty");
    fs::remove_file(source.join(&changed)).unwrap();
    seeded.file(&source.join(&changed), b"!");
    fs::create_dir_all(there.join("only/there")).unwrap();
    fs::write(there.join("only/there/x"), "x").unwrap();
    // Ours shows no link that leads out of its tree, and does not remove what it does not show.
    if names.len() > NAMES.len() {
        symlink("/etc", there.join("only/link")).unwrap();
    }
    let before = tree(&there);
    let dry = server.run("mirror", &["-n", "--delete", "source", &url]);
    good(&dry);
    let lines: Vec<&str> = dry.out.lines().collect();
    assert!(lines.contains(&"remove  only/") && lines.contains(&"copy    new  (new, 3 octets)"), "{lines:?}");
    assert_eq!(tree(&there), before, "a dry run changes nothing");
    assert_eq!(moved(&mirror(server, &["source", &url])), [2, 0, 0, 0]);
    assert!(there.join("only/there/x").exists(), "not without --delete");
    let removed = mirror(server, &["--delete", "source", &url]);
    assert_eq!((removed["copied"].as_u64(), removed["failed"].as_u64()), (Some(0), Some(0)));
    assert_alike(&source, &there);
    assert!(Path::new("/etc/passwd").exists(), "a link is removed, and not what it leads to");

    fs::create_dir_all(home.join("back/only")).unwrap();
    fs::write(home.join("back/only/x"), "x").unwrap();
    symlink("/etc", home.join("back/only/link")).unwrap();
    assert_eq!(moved(&mirror(server, &["--delete", &url, "back"])), [2, 0, 3, 0]);
    assert_alike(&source, &home.join("back"));
}

#[test]
fn random_trees_become_alike_both_ways_over_openssh() {
    if let Some(server) = theirs() {
        both_ways(&server, &[&NAMES[..], &[b".hidden", b"\xff\n"]].concat());
    }
}

#[test]
fn random_trees_become_alike_both_ways_over_our_server() {
    both_ways(&Server::ours(), &NAMES);
}

/// What SCP can of it: all goes, and what comes and is here already does not come again.
fn both_ways_over_scp(server: &Server, names: &[&[u8]]) {
    let mut seeded = Seeded::new();
    let home = server.home.path();
    let (source, there) = (home.join("source"), server.served.join("there"));
    seeded.tree(&source, names);
    let url = server.url("there/");
    let files = tree(&source).values().filter(|node| matches!(node, Node::File { .. })).count() as u64;
    let up = mirror(server, &["source", &url]);
    assert_alike(&source, &there);
    assert_eq!((up["copied"].as_u64(), up["failed"].as_u64()), (Some(files), Some(0)));
    mirror(server, &[&url, "back"]);
    assert_alike(&source, &home.join("back"));
    let again = mirror(server, &[&url, "back"]);
    assert_eq!((moved(&again), again["same"].as_u64()), ([0; 4], Some(files)));

    // Into what is there, with what has changed, and without what patterns leave out.
    seeded.file(&there.join("new.cfg"), b"new");
    seeded.file(&there.join("new.old"), b"new");
    fs::write(home.join("back/own"), "own").unwrap();
    let changed = mirror(server, &["--exclude", "*.old", &url, "back"]);
    assert_eq!((moved(&changed), changed["extra"].as_u64()), ([1, 0, 0, 0], Some(1)));
    assert!(home.join("back/new.cfg").exists() && !home.join("back/new.old").exists());
    let up = mirror(server, &["--include", "*.cfg", "back", &url]);
    assert!(there.join("new.old").exists() && !there.join("own").exists(), "{up}");

    for (words, code) in [
        (&["-n", &url, "back"][..], 2),
        (&["--delete", "back", &url], 2),
        (&["--checksum", "back", &url], 2),
        (&[&server.url("there/new.cfg"), "got"], 2),
        (&[&server.url("absent"), "got"], 5),
    ] {
        let ended = server.run("mirror", words);
        assert_eq!(ended.code(), code, "{ended:?}");
    }
    assert!(!home.join("got").exists());
}

#[test]
fn random_trees_become_alike_both_ways_over_scp() {
    both_ways_over_scp(&Server::ours().over_scp(), &NAMES);
    if let Some(server) = theirs() {
        both_ways_over_scp(&server.over_scp(), &[&NAMES[..], &[b".hidden", b"\xff*"]].concat());
    }
}

#[test]
fn links_are_followed_on_neither_side() {
    let Some(server) = theirs() else { return };
    let (home, there) = (server.home.path(), server.served.join("there"));
    let outside = e2e::scratch();
    for root in [&home.join("here"), &there] {
        fs::create_dir_all(root.join("real")).unwrap();
        fs::write(root.join("real/f"), "12345").unwrap();
        symlink(outside.path(), root.join("out")).unwrap();
        symlink("real", root.join("in")).unwrap();
    }
    // Where a directory should be is a link, and where a file should be as well.
    for (from, to) in [(&there, &home.join("got")), (&home.join("here"), &server.served.join("up"))] {
        fs::create_dir(to).unwrap();
        symlink(outside.path(), to.join("real")).unwrap();
        let words = [from, to].map(|end| match end.strip_prefix(&server.served) {
            Ok(name) => server.url(name.to_str().unwrap()),
            Err(_) => end.to_str().unwrap().to_owned(),
        });
        let ended = server.run("mirror", &["--json", &words[0], &words[1]]);
        assert_eq!(ended.code(), 1, "{ended:?}");
        assert!(ended.err.contains("real: a symbolic link is in its place"), "{ended:?}");
        let said = summary(&ended);
        assert_eq!((said["skipped"].as_u64(), said["failed"].as_u64()), (Some(2), Some(1)), "{said}");
        fs::remove_file(to.join("real")).unwrap();
        fs::create_dir(to.join("real")).unwrap();
        symlink(outside.path().join("made"), to.join("real/f")).unwrap();
        good(&server.run("mirror", &[&words[0], &words[1]]));
        assert_eq!(fs::read(to.join("real/f")).unwrap(), b"12345");
        assert!(!to.join("real/f").is_symlink(), "the link is replaced");
        assert!(fs::read_dir(outside.path()).unwrap().next().is_none(), "nothing is outside");
        assert!(!to.join("out").is_symlink() && !to.join("in").exists());
    }
}

#[test]
fn what_fails_stops_no_other_name_and_is_told_at_the_end() {
    let Some(server) = theirs() else { return };
    let (home, there) = (server.home.path(), server.served.join("there"));
    fs::create_dir_all(home.join("here/d")).unwrap();
    for name in ["a", "b", "d/c"] {
        fs::write(home.join("here").join(name), name).unwrap();
    }
    fs::create_dir_all(there.join("a")).unwrap();
    fs::write(there.join("d"), "").unwrap();
    fs::write(there.join("x"), "").unwrap();
    let ended = server.run("mirror", &["--json", "--delete", "here", &server.url("there")]);
    assert_eq!(ended.code(), 8, "{ended:?}");
    assert!(
        ended.err.contains("towline: 2 of 3 names: not mirrored: a: a directory is in its place"),
        "{ended:?}"
    );
    assert_eq!(fs::read(there.join("b")).unwrap(), b"b");
    assert!(there.join("x").exists(), "nothing is removed where something failed");
    let failed = events(&ended).iter().filter(|event| event["event"] == "failed").count();
    assert_eq!(failed, 3, "each, and the end: {ended:?}");
    let absent = server.run("mirror", &[&server.url("absent"), "got"]);
    assert_eq!(absent.code(), 5, "{absent:?}");
    assert!(!home.join("got").exists());
    let absent = server.run("mirror", &["absent", &server.url("x")]);
    assert_eq!(absent.code(), 5, "{absent:?}");
    let usage = server.run("mirror", &["here", "there"]);
    assert_eq!(usage.code(), 2, "{usage:?}");
    let file = server.url("there/b");
    for words in
        [["here/b", &server.url("there")], [&file, "got"], ["here", &file], [&server.url("there"), "here/b"]]
    {
        let usage = server.run("mirror", &words);
        assert_eq!(usage.code(), 2, "{usage:?}");
        assert!(usage.err.contains("is no directory"), "{usage:?}");
        assert!(usage.err.contains("towline copy copies a file"), "{usage:?}");
    }
    assert!(!home.join("got").exists());
}

#[test]
fn patterns_choose_what_is_mirrored() {
    let Some(server) = theirs() else { return };
    let home = server.home.path();
    for name in ["r1.cfg", "r1.bin", "old/r2.cfg", "new/r3.cfg", "new/.r4.cfg"] {
        let path = home.join("here").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    let url = server.url("there");
    mirror(&server, &["--include", "*.cfg", "--exclude", "/old/", "here", &url]);
    let names: Vec<String> =
        tree(&server.served.join("there")).keys().map(|path| path.display().to_string()).collect();
    assert_eq!(names, ["", "new", "new/.r4.cfg", "new/r3.cfg", "r1.cfg"]);
}

#[test]
fn digests_find_what_length_and_time_hide() {
    let server = Server::ours();
    let home = server.home.path();
    fs::create_dir(home.join("here")).unwrap();
    let write = |octets: &str| {
        fs::write(home.join("here/f"), octets).unwrap();
        File::open(home.join("here/f")).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(7)).unwrap();
    };
    let url = server.url("there");
    write("one");
    mirror(&server, &["here", &url]);
    write("two");
    assert_eq!(moved(&mirror(&server, &["here", &url])), [0; 4]);
    let found = mirror(&server, &["--checksum", "here", &url]);
    assert_eq!(moved(&found), [1, 0, 0, 0]);
    assert_eq!(fs::read(server.served.join("there/f")).unwrap(), b"two");
    assert_eq!(moved(&mirror(&server, &["--checksum", "here", &url])), [0; 4]);
    if let Some(theirs) = theirs() {
        fs::create_dir(theirs.home.path().join("here")).unwrap();
        let refused = theirs.run("mirror", &["--checksum", "here", &theirs.url("there")]);
        assert_ne!(refused.code(), 0, "{refused:?}");
        assert!(refused.err.contains("check-file"), "{refused:?}");
    }
}

/// The files that are not whole yet.
fn unfinished(dir: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    names
        .filter(|path| {
            path.file_name().unwrap().as_bytes().windows(15).any(|some| some == b"towline-mirror-")
        })
        .collect()
}

#[test]
fn a_mirror_that_is_killed_leaves_no_file_under_a_name_and_the_next_one_sweeps() {
    let Some(server) = theirs() else { return };
    let (home, up) = (server.home.path(), server.served.join("up"));
    fs::create_dir_all(home.join("here")).unwrap();
    // Holes: it takes a while to move, and no room.
    File::create(home.join("here/large")).unwrap().set_len(4 << 30).unwrap();
    let down = home.join("got");
    for (from, to, dir) in [("here", server.url("up"), &up), (&server.url("src"), String::from("got"), &down)]
    {
        if dir == &down {
            fs::rename(home.join("here"), server.served.join("src")).unwrap();
        }
        let process = Process::start(&mut server.command("mirror", &["-q", from, &to]));
        let there = poll::until(ONE, || {
            unfinished(dir).into_iter().find(|path| path.metadata().is_ok_and(|facts| facts.len() > 0))
        });
        let left = there.expect("it has begun");
        process.signal(Signal::KILL);
        process.wait(ONE);
        assert!(!dir.join("large").exists(), "nothing is there under its name");
        // Somebody may still write to what is new.
        let large = if dir == &up { home.join("here/large") } else { server.served.join("src/large") };
        fs::write(&large, "whole").unwrap();
        good(&server.run("mirror", &["-q", from, &to]));
        assert!(left.exists(), "it is new");
        File::open(&left).unwrap().set_modified(UNIX_EPOCH).unwrap();
        good(&server.run("mirror", &["-q", from, &to]));
        assert_eq!(unfinished(dir), Vec::<PathBuf>::new());
        assert_eq!(fs::read(dir.join("large")).unwrap(), b"whole");
        File::create(&large).unwrap().set_len(4 << 30).unwrap();
    }
}

#[test]
fn ctrl_c_ends_it_and_leaves_nothing_that_is_not_whole() {
    let Some(server) = theirs() else { return };
    let (home, up) = (server.home.path(), server.served.join("up"));
    fs::create_dir_all(home.join("here")).unwrap();
    fs::write(home.join("here/small"), "12345").unwrap();
    File::create(home.join("here/zlarge")).unwrap().set_len(4 << 30).unwrap();
    let process = Process::start(&mut server.command("mirror", &["here", &server.url("up")]));
    let begun = || unfinished(&up).iter().any(|path| path.metadata().is_ok_and(|facts| facts.len() > 0));
    poll::until(ONE, || (up.join("small").exists() && begun()).then_some(())).expect("it has begun");
    process.signal(Signal::INT);
    let ended = process.wait(ONE);
    assert_eq!(ended.code(), 130, "{ended:?}");
    assert_eq!(fs::read(up.join("small")).unwrap(), b"12345");
    assert!(!up.join("zlarge").exists());
    assert_eq!(unfinished(&up), Vec::<PathBuf>::new(), "the server was asked to remove it");
}
