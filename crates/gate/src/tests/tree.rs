//! Roots of one's own, mounts, and drop boxes in a part of the tree.

use super::*;
use store::StoreError;
use store::mounts::{Mount, Mounts};

fn root(user: Option<&str>, network: Option<&str>, path: &str) -> RootRule {
    RootRule {
        host: None,
        user: user.map(|u| u.parse().unwrap()),
        group: None,
        network: network.map(|n| n.parse().unwrap()),
        path: path.parse().unwrap(),
        create: false,
    }
}

fn names(session: &Session, path: &str) -> Vec<String> {
    let mut cursor = session.list(&p(path)).unwrap().cursor;
    let mut names = Vec::new();
    loop {
        let batch = cursor.next().unwrap();
        if batch.is_empty() {
            names.sort();
            return names;
        }
        names.extend(batch.into_iter().map(|e| String::from_utf8(e.name).unwrap()));
    }
}

fn put(session: &Session, path: &str, octets: &[u8]) -> Result<store::Published, Refusal> {
    let mut writing = session.write(&p(path), ask(Mode::Overwrite))?;
    writing.write_at(0, octets).unwrap();
    writing.commit(End::new(Outcome::Complete, octets.len() as u64))
}

#[test]
fn a_home_is_made_at_the_first_login_and_told_once() {
    let home = RootRule { create: true, ..root(Some("*"), None, "/home/%u/in") };
    let store = Arc::new(Memory::new());
    let policy = Policy { roots: Roots(vec![home]), ..policy(false) };
    let (gate, events) = Gate::new(store.clone(), policy);
    let notices = || -> Vec<String> {
        std::iter::from_fn(|| events.try_recv())
            .filter_map(|e| match e.what {
                What::Identity(notice) => Some(notice.to_string()),
                _ => None,
            })
            .collect()
    };
    assert_eq!(gate.admit(&user("alice", "wrong")).map(drop), Err(Refusal::Login));
    assert!(store.stat(&p("/home")).is_err(), "nothing is made for who was not let in");
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    assert_eq!(store.stat(&p("/home/alice/in")).unwrap().kind, Kind::Directory);
    assert_eq!(names(&alice, "/"), [] as [&str; 0]);
    assert_eq!(notices(), ["user alice: /home/alice/in was made, as a home"]);
    drop(gate.admit(&user("alice", "hunter2")).unwrap());
    assert_eq!(notices(), [] as [&str; 0]);
    // What is in the way is told, and the login is a login.
    store.remove_dir(&p("/home/alice/in")).unwrap();
    store.seed("/home/alice/in", &b"a file"[..]);
    drop(gate.admit(&user("alice", "hunter2")).unwrap());
    let told = notices();
    assert!(matches!(&told[..], [one] if one.contains("/home/alice/in could not be made: ")), "{told:?}");
}

#[test]
fn a_root_of_ones_own_is_all_that_is_seen_and_events_show_the_whole_tree() {
    let store = Memory::new();
    store.seed("/home/alice/f.cfg", &b"alice's"[..]);
    store.seed("/home/bob/secret", &b"bob's"[..]);
    store.seed("/site/192.0.2.7/boot.cfg", &b"boot"[..]);
    store.seed("/top", &b"top"[..]);
    let roots = Roots(vec![root(Some("*"), None, "/home/%u"), root(None, Some("192.0.2.0/24"), "/site/%i")]);
    let (gate, events) = Gate::new(Arc::new(store.clone()), Policy { roots, ..policy(true) });
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    assert_eq!(names(&alice, "/"), ["f.cfg"]);
    assert_eq!(alice.read(&p("/f.cfg")).unwrap().blob().len(), 7);
    assert!(alice.read_now(&p("/f.cfg")).is_none(), "memory opens nothing at once");
    // Nothing above is there, however it is called.
    for path in ["/top", "/home/bob/secret", "/home/alice/f.cfg", "/bob/secret"] {
        assert_eq!(alice.read(&p(path)).err(), Some(Refusal::Absent), "{path}");
        assert_eq!(alice.stat(&p(path)).err(), Some(Refusal::Absent), "{path}");
        assert!(!alice.has(&p(path)) && !alice.offers(&p(path)), "{path}");
    }
    let climbed = VPath::root().resolve(b"../../top").unwrap();
    assert_eq!(alice.read(&climbed).err(), Some(Refusal::Absent));
    assert_eq!(alice.remove(&p("/")), Err(Refusal::IsDirectory));
    // Whatever names a path names it as this session calls it.
    assert_eq!(alice.nearest(&p("/f.cgf")), Some(p("/f.cfg")));
    assert_eq!(alice.fold(&p("/F.CFG")).unwrap(), p("/f.cfg"));
    let too_long = alice.read_made(&p("/made"), &p("/f.cfg"), 1, |t| Ok(t.to_vec())).err().unwrap();
    assert_eq!(too_long, Refusal::Io(String::from("/f.cfg is longer than 1 octets")));
    assert_eq!(alice.read(&p("/f.cfg.md5")).unwrap().blob().len(), 32 + 2 + 5 + 1);
    put(&alice, "/new", b"x").unwrap();
    alice.rename(&p("/new"), &p("/newer")).unwrap();
    alice.make_dir(&p("/d")).unwrap();
    assert_eq!(store.content("/home/alice/newer").as_deref(), Some(&b"x"[..]));
    let deep = p(&"/dd".repeat(1_364));
    assert!(matches!(alice.read(&deep).err(), Some(Refusal::BadName(_))), "too long in the whole tree");

    let told: Vec<String> = seen(&events)
        .into_iter()
        .filter_map(|e| match e.what {
            What::Started { path, .. } | What::MadeDir { path } => Some(path.to_string()),
            What::Renamed { from, to } => Some(format!("{from} {to}")),
            _other => None,
        })
        .collect();
    let whole = ["/home/alice/f.cfg", "/home/alice/f.cfg.md5", "/home/alice/new"];
    assert_eq!(told[..3], whole);
    assert_eq!(told[3..], ["/home/alice/new /home/alice/newer", "/home/alice/d"]);

    // TFTP by network; whoever no row is about has the whole tree.
    let device = gate.admit(&tftp()).unwrap();
    assert_eq!(device.read(&p("/boot.cfg")).unwrap().blob().len(), 4);
    assert_eq!(device.read(&p("/top")).err(), Some(Refusal::Absent));
    let elsewhere = gate.admit(&knock_from("198.51.100.1:1", Protocol::Tftp, Credentials::None)).unwrap();
    assert!(elsewhere.read(&p("/top")).is_ok());
}

#[test]
fn a_drop_box_in_a_part_of_the_tree_leaves_the_rest_as_it_is() {
    let store = Memory::new();
    store.seed("/drop/there", &b"secret"[..]);
    store.seed("/pub/f", &b"public"[..]);
    let uploads = Uploads(vec!["/drop=dropbox".parse().unwrap(), "/pub=deny".parse().unwrap()]);
    let (gate, events) =
        Gate::new(Arc::new(store.clone()), Policy { uploads, anonymous: true, ..policy(true) });
    for who in [tftp(), anonymous()] {
        let session = gate.admit(&who).unwrap();
        put(&session, "/drop/r1-confg", b"config").unwrap();
        let stored = seen(&events).into_iter().find_map(|e| match e.what {
            What::Started { path, .. } => Some(path),
            _other => None,
        });
        let stored = stored.unwrap();
        assert_eq!(InboxVersion::read(stored.name()).unwrap().base, b"r1-confg");
        assert_eq!(session.read(&stored).err(), Some(Refusal::Denied));
        assert_eq!(session.stat(&stored).err(), Some(Refusal::Absent));
        for path in ["/drop/there", "/drop/none"] {
            assert_eq!(session.read(&p(path)).err(), Some(Refusal::Denied), "{path}");
            assert_eq!(session.stat(&p(path)).err(), Some(Refusal::Absent), "{path}");
            assert!(!session.has(&p(path)) && session.partial(&p(path)).is_none());
        }
        assert_eq!(session.list(&p("/drop")).err(), Some(Refusal::Denied));
        assert!(session.has(&p("/drop")), "the directory itself may be entered");
        assert!(session.read(&p("/pub/f")).is_ok() && session.list(&p("/pub")).is_ok());
        assert_eq!(put(&session, "/pub/g", b"x").err(), Some(Refusal::Denied));
        assert!(matches!(
            session.write(&p("/drop/x"), ask(Mode::Append)).err(),
            Some(Refusal::Unsupported(_))
        ));
        // What breaks leaves nothing behind.
        let mut broken = session.write(&p("/drop/broken"), ask(Mode::New)).unwrap();
        broken.write_at(0, b"half").unwrap();
        broken.suspend(End::new(Outcome::Aborted, 4));
        drop(seen(&events));
    }
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    assert_eq!(names(&alice, "/drop").len(), 3, "what was there and one of each, nothing of what broke");
    assert!(alice.read(&p("/drop/there")).is_ok());
    alice.remove(&p("/drop/there")).unwrap();
}

#[test]
fn a_file_that_a_pattern_makes_a_drop_box_is_in_no_listing() {
    let store = Memory::new();
    store.seed("/r1.cfg", &b"secret"[..]);
    store.seed("/readme", &b"public"[..]);
    let uploads = Uploads(vec!["*.cfg=dropbox".parse().unwrap()]);
    let (gate, _events) = Gate::new(Arc::new(store), Policy { uploads, ..policy(true) });
    for who in [tftp(), anonymous()] {
        assert_eq!(names(&gate.admit(&who).unwrap(), "/"), ["readme"]);
    }
    assert_eq!(names(&gate.admit(&user("alice", "hunter2")).unwrap(), "/"), ["r1.cfg", "readme"]);
}

#[test]
fn a_read_only_mount_takes_nothing_and_a_rename_between_mounts_says_so() {
    let at = |path: &str, write| {
        let store = Memory::new();
        store.seed("/f", &b"content"[..]);
        Mount { at: p(path), store: Arc::new(store), write }
    };
    let mounts = Mounts::new(vec![at("/", true), at("/images", false), at("/cfg", true)]).unwrap();
    let uploads = Uploads(vec![UploadRule::below(p("/cfg"), Upload::Create)]);
    let (gate, _events) = Gate::new(Arc::new(mounts), Policy { uploads, ..policy(true) });
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    assert_eq!(names(&alice, "/"), ["cfg", "f", "images"]);
    assert_eq!(put(&alice, "/images/new", b"x").err(), Some(Refusal::Denied));
    assert_eq!(alice.remove(&p("/images/f")), Err(Refusal::Denied));
    put(&alice, "/new", b"x").unwrap();
    put(&alice, "/cfg/new", b"x").unwrap();
    assert_eq!(put(&alice, "/cfg/new", b"y").err(), Some(Refusal::Exists), "the mount's own policy");
    assert_eq!(alice.rename(&p("/f"), &p("/images/g")), Err(Refusal::Denied));
    // The digest of a file of a mount is there like that of any other.
    assert_eq!(alice.read(&p("/images/f.sha256")).unwrap().blob().len(), 64 + 2 + 1 + 1);
    let mounts = Mounts::new(vec![at("/", true), at("/cfg", true)]).unwrap();
    assert!(matches!(mounts.rename(&p("/f"), &p("/cfg/g")), Err(StoreError::OtherFileSystem)));
    let (gate, _events) = Gate::new(Arc::new(mounts), policy(true));
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    assert_eq!(alice.rename(&p("/f"), &p("/cfg/g")), Err(Refusal::OtherFileSystem));
}
