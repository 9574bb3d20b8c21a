//! Names: what is told of them and what is done to them.

use crate::talk::{Talk, house, writable};
use gate::Policy;
use sftp_proto::{Answer, Ask, Attrs, Extended, FileSystem, Named, OpenFlags, Status, Times};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use store::local::{Local, LocalOptions};
use store::memory::Memory;

/// The name of an answer with one name.
fn name(talk: &mut Talk, ask: Ask<'_>) -> Result<Vec<u8>, Status> {
    talk.call(ask, |answer| match answer {
        Answer::Name(names) => Ok(names[0].name.to_vec()),
        Answer::Status { status, .. } => Err(status),
        other => panic!("{other:?} is neither"),
    })
}

/// All names of a directory, the lines of people, and how many octets the longest answer had.
fn list(talk: &mut Talk, path: &[u8]) -> (Vec<(Vec<u8>, String)>, usize) {
    let handle = talk.handle(Ask::Opendir { path });
    let (mut all, mut longest) = (Vec::new(), 0);
    loop {
        talk.ask(Ask::Readdir { handle: &handle });
        let packet = talk.packet().unwrap();
        longest = longest.max(packet.len());
        let Ok(sftp_proto::Reply::Answered { answer, .. }) = sftp_proto::Reply::parse(&packet) else {
            panic!()
        };
        match answer {
            Answer::Name(names) => all.extend(
                names.iter().map(|e| (e.name.to_vec(), String::from_utf8_lossy(e.long_name).into_owned())),
            ),
            Answer::Status { status: Status::Eof, .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(talk.close(&handle), Status::Ok);
    (all, longest)
}

#[test]
fn s5_rename_replaces_nothing_and_posix_rename_does() {
    let store = Memory::new();
    store.seed("/a", "a");
    store.seed("/b", "b");
    let house = house(store.clone(), writable());
    let mut talk = house.talk();
    assert_eq!(talk.status(Ask::Rename { from: b"/a", to: b"/b" }), Status::Failure);
    assert_eq!(talk.status(Ask::Rename { from: b"/x", to: b"/y" }), Status::NoSuchFile);
    let posix = Extended::PosixRename { from: b"/a", to: b"/b" };
    assert_eq!(talk.status(Ask::Extended(posix)), Status::Ok);
    assert_eq!(store.content("b").as_deref(), Some(&b"a"[..]));
    assert_eq!(talk.status(Ask::Rename { from: b"/b", to: b"/c" }), Status::Ok);
}

#[test]
fn s6_a_symlink_is_its_target_and_then_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::open(dir.path(), LocalOptions { write: true, ..LocalOptions::default() }).unwrap();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    std::fs::write(dir.path().join("d/f"), "12345").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("out")).unwrap();
    let house = house(local, writable());
    let mut talk = house.talk();
    assert_eq!(talk.status(Ask::Symlink { target: b"f", link: b"/d/l" }), Status::Ok);
    assert_eq!(std::fs::read_link(dir.path().join("d/l")).unwrap().as_os_str(), "f");
    assert_eq!(name(&mut talk, Ask::Readlink { path: b"/d/l" }), Ok(b"/d/f".to_vec()));
    assert_eq!(name(&mut talk, Ask::Readlink { path: b"/d/f" }), Err(Status::Failure));
    assert_eq!(talk.size(Ask::Stat { path: b"/d/l" }), Ok(5));
    let mode = talk.call(Ask::Lstat { path: b"/d/l" }, |answer| match answer {
        Answer::Attrs(attrs) => attrs.mode,
        other => panic!("{other:?}"),
    });
    assert_eq!(mode, Some(0o120_777));
    // What leads out is neither told nor followed, nor made.
    for path in [&b"/out"[..], b"out"] {
        assert_eq!(name(&mut talk, Ask::Readlink { path }), Err(Status::PermissionDenied));
        assert_eq!(talk.size(Ask::Stat { path }), Err(Status::PermissionDenied));
        assert_eq!(talk.size(Ask::Lstat { path }), Err(Status::PermissionDenied));
        let open = Ask::Open { path, flags: OpenFlags::READ, attrs: Attrs::default() };
        assert_eq!(talk.status(open), Status::PermissionDenied);
    }
    assert_eq!(talk.status(Ask::Symlink { target: b"/../../etc/passwd", link: b"/in" }), Status::Ok);
    assert_eq!(std::fs::read_link(dir.path().join("in")).unwrap().as_os_str(), "etc/passwd");
}

#[test]
fn s7_a_directory_of_100_000_names_comes_in_packets_that_everybody_takes() {
    let store = Memory::new();
    for n in 0..100_000 {
        store.seed(&format!("/d/{n:06}"), "");
    }
    let house = house(store, Policy::default());
    let mut talk = house.talk();
    let (names, longest) = list(&mut talk, b"/d");
    assert!(longest <= 34_000, "{longest} octets");
    assert_eq!(names.len(), 100_002);
    let names: BTreeSet<_> = names.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 100_002);
}

#[test]
fn s7_names_have_a_line_as_ls_has_it_and_the_dots() {
    let store = Memory::new();
    store.seed("/d/file", "12345");
    store.seed("/d/e/f", "");
    let house = house(store, Policy::default());
    let mut talk = house.talk();
    let (mut names, _) = list(&mut talk, b"/d");
    names.sort();
    let plain: Vec<_> = names.iter().map(|(name, _)| &name[..]).collect();
    assert_eq!(plain, [&b"."[..], b"..", b"e", b"file"]);
    assert!(names[2].1.starts_with("dr") && names[2].1.ends_with(" e"), "{}", names[2].1);
    let words: Vec<_> = names[3].1.split_whitespace().collect();
    assert!(words[0].starts_with("-rw"), "{words:?}");
    assert_eq!((words[4], words[8], words.len()), ("5", "file", 9));
    assert_eq!(list(&mut talk, b"").0.len(), 3, "the start directory");
    assert_eq!(talk.status(Ask::Opendir { path: b"/d/file" }), Status::NoSuchFile);
    assert_eq!(talk.status(Ask::Opendir { path: b"/x" }), Status::NoSuchFile);
}

#[test]
fn s8_an_opens_mode_is_a_new_files_and_times_are_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::open(dir.path(), LocalOptions { write: true, ..LocalOptions::default() }).unwrap();
    let house = house(local, writable());
    let mut talk = house.talk();
    let flags = OpenFlags::WRITE.and(OpenFlags::CREATE).and(OpenFlags::TRUNCATE);
    let mode = |mode| Attrs { mode: Some(mode), ..Attrs::default() };
    let handle = talk.handle(Ask::Open { path: b"f", flags, attrs: mode(0o100_666) });
    let times = Some(Times { accessed: 5, modified: 4_000_000_000 });
    let attrs = Attrs { times, ..Attrs::default() };
    assert_eq!(talk.status(Ask::Fsetstat { handle: &handle, attrs }), Status::Ok);
    assert_eq!(talk.status(Ask::Write { handle: &handle, offset: 0, data: b"0123" }), Status::Ok);
    assert_eq!(talk.close(&handle), Status::Ok);
    let facts = |talk: &mut Talk, path: &[u8]| {
        talk.call(Ask::Stat { path }, |answer| match answer {
            Answer::Attrs(attrs) => (attrs.size, attrs.mode, attrs.times.map(|times| times.modified)),
            other => panic!("{other:?}"),
        })
    };
    let (size, told, modified) = facts(&mut talk, b"/f");
    assert_eq!((size, modified), (Some(4), Some(4_000_000_000)));
    let told = told.unwrap();
    assert_eq!(told & 0o100_022, 0o100_000, "{told:o}: others write to nothing that is new");
    assert_eq!(talk.status(Ask::Setstat { path: b"/f", attrs: mode(0o600) }), Status::Ok);
    let attrs = Attrs { size: Some(2), ..Attrs::default() };
    assert_eq!(talk.status(Ask::Setstat { path: b"/f", attrs }), Status::Ok);
    let (size, told, _) = facts(&mut talk, b"/f");
    assert_eq!((size, told), (Some(2), Some(0o100_600)));
    let owner = Some(sftp_proto::Owner { uid: 0, gid: 0 });
    let attrs = Attrs { owner, ..Attrs::default() };
    assert_eq!(talk.status(Ask::Setstat { path: b"/f", attrs }), Status::PermissionDenied);
}

#[test]
fn s9_names_are_counted_from_the_root_and_no_answer_knows_another_one() {
    let house = house(Memory::new(), Policy::default());
    let mut talk = house.talk();
    for (asked, told) in [
        (&b""[..], &b"/"[..]),
        (b".", b"/"),
        (b"/", b"/"),
        (b"missing", b"/missing"),
        (b"a/../b//c/.", b"/b/c"),
        (b"../../etc/passwd", b"/etc/passwd"),
        (b"\xff\xfe", b"/\xff\xfe"),
    ] {
        assert_eq!(name(&mut talk, Ask::Realpath { path: asked }), Ok(told.to_vec()));
    }
    assert_eq!(name(&mut talk, Ask::Realpath { path: b"a\0b" }), Err(Status::BadMessage));
    assert_eq!(name(&mut talk, Ask::Realpath { path: &[b'a'; 300] }), Err(Status::BadMessage));
    let expand = |path| Ask::Extended(Extended::ExpandPath { path });
    for (asked, told) in [(&b"~"[..], &b"/"[..]), (b"~/a", b"/a"), (b"~bob/a/..", b"/"), (b"x/y", b"/x/y")] {
        assert_eq!(name(&mut talk, expand(asked)), Ok(told.to_vec()));
    }
    assert_eq!(name(&mut talk, expand(b"~root")), Err(Status::NoSuchFile));
    let home = |user| Ask::Extended(Extended::HomeDirectory { user });
    assert_eq!(name(&mut talk, home(b"")), Ok(b"/".to_vec()));
    assert_eq!(name(&mut talk, home(b"root")), Err(Status::NoSuchFile));
}

#[test]
fn s10_names_are_octets() {
    let store = Memory::new();
    let house = house(store, writable());
    let mut talk = house.talk();
    let odd = b"caf\xe9 \xff'\n\"";
    let handle = talk.create(odd);
    talk.status(Ask::Write { handle: &handle, offset: 0, data: b"odd" });
    assert_eq!(talk.close(&handle), Status::Ok);
    let (names, _) = list(&mut talk, b"/");
    assert!(names.iter().any(|(name, _)| name == odd), "{names:?}");
    let handle = talk.open(odd, OpenFlags::READ);
    assert_eq!(talk.read(&handle, 0, 10), Ok(b"odd".to_vec()));
    assert_eq!(talk.status(Ask::Remove { path: odd }), Status::Ok);
}

#[test]
fn s11_nothing_is_changed_where_nothing_may_be() {
    let store = Memory::new();
    store.seed("/f", "content");
    store.seed("/d/g", "");
    let house = house(store.clone(), Policy::default());
    let mut talk = house.talk();
    let attrs = || Attrs { times: Some(Times { accessed: 1, modified: 1 }), ..Attrs::default() };
    let size = || Attrs { size: Some(0), ..Attrs::default() };
    let mode = || Attrs { mode: Some(0o600), ..Attrs::default() };
    let open = |flags| Ask::Open { path: b"/f", flags, attrs: Attrs::default() };
    let asks = [
        open(OpenFlags::WRITE),
        open(OpenFlags::READ.and(OpenFlags::WRITE)),
        open(OpenFlags::WRITE.and(OpenFlags::CREATE).and(OpenFlags::TRUNCATE)),
        open(OpenFlags::WRITE.and(OpenFlags::APPEND)),
        Ask::Open {
            path: b"/new",
            flags: OpenFlags::WRITE.and(OpenFlags::CREATE).and(OpenFlags::EXCLUSIVE),
            attrs: Attrs::default(),
        },
        Ask::Setstat { path: b"/f", attrs: attrs() },
        Ask::Setstat { path: b"/f", attrs: size() },
        Ask::Setstat { path: b"/f", attrs: mode() },
        Ask::Remove { path: b"/f" },
        Ask::Mkdir { path: b"/e", attrs: Attrs::default() },
        Ask::Rmdir { path: b"/d" },
        Ask::Rename { from: b"/f", to: b"/h" },
        Ask::Symlink { target: b"f", link: b"/l" },
        Ask::Extended(Extended::Hardlink { from: b"/f", to: b"/l" }),
        Ask::Extended(Extended::PosixRename { from: b"/f", to: b"/d/g" }),
        Ask::Extended(Extended::Lsetstat { path: b"/f", attrs: attrs() }),
    ];
    for ask in asks {
        let told = format!("{ask:?}");
        assert_eq!(talk.status(ask), Status::PermissionDenied, "{told}");
    }
    // What needs a handle for writing needs that.
    let (f, g) = (talk.open(b"/f", OpenFlags::READ), talk.open(b"/d/g", OpenFlags::READ));
    assert_eq!(talk.status(Ask::Write { handle: &f, offset: 0, data: b"x" }), Status::Failure);
    assert_eq!(talk.status(Ask::Fsetstat { handle: &f, attrs: attrs() }), Status::PermissionDenied);
    let copy = Extended::CopyData { from: &f, offset: 0, len: 0, to: &g, at: 0 };
    assert_eq!(talk.status(Ask::Extended(copy)), Status::Failure);
    assert_eq!(store.content("f").as_deref(), Some(&b"content"[..]));
}

#[test]
fn a_copy_within_the_server_is_whole_or_a_part() {
    let store = Memory::new();
    store.seed("/f", (0..=255).cycle().take(700_000).collect::<Vec<u8>>());
    let house = house(store.clone(), writable());
    let mut talk = house.talk();
    let from = talk.open(b"/f", OpenFlags::READ);
    for (offset, len, start, end) in
        [(0, 0, 0, 700_000), (10, 300_000, 10, 300_010), (699_990, 100, 699_990, 700_000)]
    {
        let to = talk.create(b"/g");
        let copy = Extended::CopyData { from: &from, offset, len, to: &to, at: 3 };
        assert_eq!(talk.status(Ask::Extended(copy)), Status::Ok);
        assert_eq!(talk.close(&to), Status::Ok);
        let (f, g) = (store.content("f").unwrap(), store.content("g").unwrap());
        assert!(g[..3] == [0; 3] && g[3..] == f[start..end], "{offset} {len}");
    }
    assert_eq!(talk.close(&from), Status::Ok);
}

#[test]
fn numbers_have_the_names_that_lists_show() {
    let house = house(Memory::new(), writable());
    let mut talk = house.talk();
    let mut ask = |uids: Vec<u32>, gids: Vec<u32>| {
        talk.call(Ask::Extended(Extended::UsersGroups { uids, gids }), |answer| match answer {
            Answer::Extended(octets) => {
                let named = Named::parse(octets).unwrap();
                let text = |names: &[&[u8]]| -> Vec<String> {
                    names.iter().map(|n| String::from_utf8_lossy(n).into_owned()).collect()
                };
                Ok((text(&named.users), text(&named.groups)))
            }
            Answer::Status { status, .. } => Err(status),
            other => panic!("{other:?}"),
        })
    };
    let names = |names: &[&str]| -> Vec<String> { names.iter().map(|n| (*n).to_owned()).collect() };
    assert_eq!(ask(vec![0, 1_000], vec![0]), Ok((names(&["ftp", ""]), names(&["ftp"]))));
    assert_eq!(ask(vec![], vec![]), Ok((names(&[]), names(&[]))));
    assert_eq!(ask(vec![0; 4_097], vec![]), Err(Status::OpUnsupported));
}

#[test]
fn the_space_is_told_in_blocks() {
    let house = house(Memory::with_capacity(1 << 30), Policy::default());
    let mut talk = house.talk();
    let system = talk.call(Ask::Extended(Extended::Statvfs { path: b"/" }), |answer| match answer {
        Answer::Extended(octets) => FileSystem::parse(octets).unwrap(),
        other => panic!("{other:?}"),
    });
    assert_eq!((system.block * system.blocks, system.flags, system.longest_name), (1 << 30, 3, 255));
}

struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Somebody on the host swaps a name between a file and a link out of the root, while it is opened and looked at.
#[test]
fn a_link_that_is_swapped_in_leads_nowhere() {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    let (name, good) = (dir.path().join("f"), dir.path().join("good"));
    std::fs::write(&good, "inside").unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(outside.path().join("secret"), &link).unwrap();
    let local = Local::open(dir.path(), LocalOptions { write: true, ..LocalOptions::default() }).unwrap();
    let house = house(local, writable());
    let mut talk = house.talk();
    let over = AtomicBool::new(false);
    let (mut read, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for from in [&good, &link] {
                    let next = dir.path().join("next");
                    let made = match from == &good {
                        true => std::fs::hard_link(from, &next),
                        false => std::os::unix::fs::symlink(outside.path().join("secret"), &next),
                    };
                    made.and_then(|()| std::fs::rename(&next, &name)).unwrap();
                }
            }
        });
        // Also where this thread panics the other one ends.
        let _over = Ends(&over);
        // Until both were seen, or often enough that the one that was not hardly comes.
        for _ in 0..20_000 {
            if read >= 200 && refused >= 200 {
                break;
            }
            let open = Ask::Open { path: b"/f", flags: OpenFlags::READ, attrs: Attrs::default() };
            let handle = talk.call(open, |answer| match answer {
                Answer::Handle(handle) => Some(handle.to_vec()),
                Answer::Status { .. } => None,
                other => panic!("{other:?}"),
            });
            match handle {
                Some(handle) => {
                    let content = talk.read(&handle, 0, 100);
                    talk.close(&handle);
                    assert_eq!(content, Ok(b"inside".to_vec()));
                    read += 1;
                }
                None => refused += 1,
            }
        }
    });
    println!("{read} read, {refused} refused");
}
