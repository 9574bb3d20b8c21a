//! What rules make of a session's verbs.

use super::*;
use crate::rules::tests::rules;
use store::memory::Memory;

fn seeded() -> Memory {
    let store = Memory::new();
    for path in ["/pub/f", "/pub/deep/g", "/secret/s", "/in/old", "/images/ios/c2900.bin", "/top"] {
        store.seed(path, &b"old"[..]);
    }
    store
}

fn gate(store: &Memory, lines: &[&str]) -> (Arc<Gate>, Events) {
    Gate::new(Arc::new(store.clone()), Policy { rules: rules(lines), ..policy(true) })
}

fn names(session: &Session, dir: &str) -> Result<Vec<String>, Refusal> {
    let mut cursor = session.list(&p(dir))?.cursor;
    let mut names: Vec<String> = Vec::new();
    loop {
        let batch = cursor.next().unwrap();
        if batch.is_empty() {
            names.sort();
            return Ok(names);
        }
        names.extend(batch.into_iter().map(|e| String::from_utf8(e.name).unwrap()));
    }
}

fn put(session: &Session, path: &str, mode: Mode) -> Result<store::Published, Refusal> {
    let mut writing = session.write(&p(path), ask(mode))?;
    let start = writing.start();
    writing.write_at(start, b"new").unwrap();
    writing.commit(End::new(Outcome::Complete, 3))
}

fn by(line: usize) -> Refusal {
    Refusal::DeniedBy(Place { file: Arc::from("towline.toml"), line })
}

#[test]
fn a_last_rule_that_denies_all_leaves_what_others_allow() {
    let store = seeded();
    let (gate, events) = gate(&store, &["allow read,list /images/**", "deny all"]);
    for who in [tftp(), anonymous(), user("alice", "hunter2")] {
        let session = gate.admit(&who).unwrap();
        assert!(session.read(&p("/images/ios/c2900.bin")).is_ok());
        assert_eq!(names(&session, "/images").unwrap(), ["ios"]);
        assert_eq!(session.read(&p("/top")).err(), Some(by(2)));
        assert_eq!(session.read(&p("/none")).err(), Some(by(2)), "the same for what is not there");
        assert_eq!(names(&session, "/").err(), Some(by(2)));
        assert_eq!(put(&session, "/images/new", Mode::New).err(), Some(by(2)));
        assert_eq!(session.make_dir(&p("/d")), Err(by(2)));
    }
    assert_eq!(by(2).to_string(), "permission denied", "no path of this host");
    let told = seen(&events).iter().any(|e| matches!(&e.what, What::Refused { why, .. } if *why == by(2)));
    assert!(told);
}

#[test]
fn what_may_neither_be_read_nor_listed_is_not_told() {
    let store = seeded();
    store.seed("/secret.md5", &b"a real one"[..]);
    store.seed("/pub/x", &b"old"[..]);
    let (gate, _events) = gate(
        &store,
        &[
            "deny read,list /secret/**",
            "deny all /pub/deep/**",
            "deny read,list /pub/x",
            "allow create,write /in/**",
            "deny read,list /in/**",
        ],
    );
    let session = gate.admit(&user("alice", "hunter2")).unwrap();
    for path in [
        "/secret",
        "/secret/s",
        "/pub/deep/g",
        "/pub/deep",
        "/pub/x",
        "/pub/x.md5",
        "/secret/s.sha256",
        "/in/old",
    ] {
        assert_eq!(session.stat(&p(path)).err(), Some(Refusal::Absent), "{path}");
        assert!(!session.has(&p(path)) && !session.offers(&p(path)), "{path}");
    }
    assert_eq!(session.read(&p("/pub/x.md5")).err(), Some(Refusal::Absent), "its digest would tell of it");
    assert_eq!(names(&session, "/").unwrap(), ["images", "in", "pub", "secret.md5", "top"]);
    assert_eq!(names(&session, "/pub").unwrap(), ["f"]);
    assert_eq!(session.fold(&p("/PUB/X")).unwrap(), p("/pub/X"));
    assert_eq!(session.nearest(&p("/pub/y")), Some(p("/pub/f")));
    // A rule allows something in it: it can be walked into, and is a directory and no more.
    assert_eq!(session.stat(&p("/in")).unwrap().kind, store::Kind::Directory);
    assert_eq!(names(&session, "/in").err(), Some(by(5)));
    put(&session, "/in/new", Mode::New).unwrap();
    assert_eq!(session.stat(&p("/in/new")).err(), Some(Refusal::Absent));
}

#[test]
fn to_make_and_to_change_are_two_rights() {
    let store = seeded();
    let (gate, _events) = gate(
        &store,
        &["allow create /in/**", "deny all /in/**", "allow write,read /pub/**", "deny all /pub/**"],
    );
    for who in [tftp(), user("alice", "hunter2")] {
        let session = gate.admit(&who).unwrap();
        let name = session.user().unwrap_or("tftp").to_owned();
        assert!(put(&session, &format!("/in/{name}"), Mode::Overwrite).is_ok());
        assert_eq!(put(&session, &format!("/in/{name}"), Mode::Overwrite).err(), Some(Refusal::Exists));
        assert!(matches!(put(&session, "/in/old", Mode::Append), Err(Refusal::Unsupported(_))));
        assert_eq!(put(&session, "/pub/new", Mode::Overwrite).err(), Some(by(4)));
        assert!(put(&session, "/pub/f", Mode::Overwrite).is_ok());
        assert!(put(&session, "/pub/f", Mode::Append).is_ok());
    }
    assert_eq!(store.content("/in/old").as_deref(), Some(&b"old"[..]));
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    assert_eq!(alice.make_dir(&p("/in/d")), Ok(()));
    assert_eq!(alice.make_dir(&p("/pub/d")), Err(by(4)));
    assert_eq!(alice.set_modified(&p("/in/old"), std::time::UNIX_EPOCH), Err(by(2)));
    assert_eq!(alice.set_modified(&p("/pub/f"), std::time::UNIX_EPOCH), Ok(()));
}

#[test]
fn a_rule_allows_what_only_users_may_but_not_what_nobody_may() {
    let store = seeded();
    store.seed("/.hidden", "x");
    let anybody = "allow all user=anonymous";
    let (gate, _events) = gate(&store, &[anybody]);
    for who in [tftp(), anonymous()] {
        let session = gate.admit(&who).unwrap();
        session.make_dir(&p("/d")).unwrap();
        session.remove_dir(&p("/d")).unwrap();
        assert_eq!(session.read(&p("/.hidden")).err(), Some(Refusal::Absent));
        assert_eq!(session.remove(&p("/.hidden")), Err(Refusal::Absent));
        assert_eq!(put(&session, "/.new", Mode::New).err(), Some(Refusal::Denied));
        assert!(put(&session, "/pub/f", Mode::Overwrite).unwrap().kept.is_some(), "the old one is kept");
    }
    let uploads = Uploads(vec!["/in=dropbox".parse().unwrap(), "/pub=version".parse().unwrap()]);
    let policy = Policy { rules: rules(&[anybody]), uploads, ..policy(true) };
    let read_only = Policy { write: false, ..policy.clone() };
    let session = Gate::new(Arc::new(store.clone()), policy).0.admit(&anonymous()).unwrap();
    assert_eq!(session.read(&p("/in/old")).err(), Some(Refusal::Denied), "a drop box gives nothing out");
    assert_eq!(session.make_dir(&p("/in/d")), Err(Refusal::Denied));
    assert_eq!(session.remove(&p("/in/old")), Err(Refusal::Denied));
    assert_eq!(session.remove(&p("/pub/f")), Err(Refusal::Denied), "a row of the uploads keeps it");
    let session = Gate::new(Arc::new(store.clone()), read_only).0.admit(&anonymous()).unwrap();
    assert_eq!(session.remove(&p("/top")), Err(Refusal::Denied), "nothing is written");
    // A drop box of which the rules let only known names come.
    let uploads = Uploads(vec!["/in=dropbox".parse().unwrap()]);
    let lines = ["allow create /in/*.cfg", "deny create", "allow write"];
    let policy = Policy { rules: rules(&lines), uploads, ..super::policy(true) };
    let session = Gate::new(Arc::new(store), policy).0.admit(&tftp()).unwrap();
    assert_eq!(put(&session, "/in/r1", Mode::New).err(), Some(by(2)));
    assert!(put(&session, "/in/r1.cfg", Mode::New).is_ok());
}

#[test]
fn a_rename_is_judged_by_both_names_and_shows_nothing_that_was_not_seen() {
    let store = seeded();
    let lines = [
        "deny read /secret/**",
        "deny rename /images/**",
        "deny write /pub/f",
        "deny create /in/**",
        "deny list /in/**",
    ];
    let (gate, _events) = gate(&store, &lines);
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    for (from, to, expected) in [
        ("/secret/s", "/pub/s", Err(by(1))),
        ("/secret/s", "/secret/t", Ok(())),
        ("/secret", "/x", Err(by(1))),
        ("/images/ios/c2900.bin", "/pub/c", Err(by(2))),
        ("/top", "/images/top", Err(by(2))),
        ("/top", "/pub/f", Err(by(3))),
        ("/top", "/in/top", Err(by(4))),
        ("/top", "/in/old", Ok(())),
        // A directory of which a part is judged otherwise.
        ("/pub", "/x", Err(by(3))),
        ("/pub/deep", "/x", Ok(())),
        ("/x", "/images/x", Err(by(2))),
        ("/in", "/y", Err(by(5))),
    ] {
        assert_eq!(alice.rename(&p(from), &p(to)), expected, "{from} {to}");
    }
    assert_eq!(store.content("/in/old").as_deref(), Some(&b"old"[..]), "what was /top");
}

#[test]
fn who_is_not_known_replaces_nothing_by_a_rename_that_no_rule_gives() {
    let renames = "allow rename /pub/**";
    for (lines, expected) in
        [(&[renames][..], Err(Refusal::Denied)), (&[renames, "allow write user=anonymous /pub/**"], Ok(()))]
    {
        let store = seeded();
        let (gate, _events) = gate(&store, lines);
        let nobody = gate.admit(&anonymous()).unwrap();
        assert_eq!(nobody.rename(&p("/pub/f"), &p("/pub/deep/g")), expected);
        assert_eq!(nobody.rename(&p("/pub/deep"), &p("/pub/other")), Ok(()), "nothing is lost");
        let alice = gate.admit(&user("alice", "hunter2")).unwrap();
        store.seed("/pub/f", &b"again"[..]);
        assert_eq!(alice.rename(&p("/pub/f"), &p("/pub/other/g")), Ok(()));
    }
}

#[test]
fn decisions_say_what_decided() {
    let store = seeded();
    let uploads = Uploads(vec!["/pub=create".parse().unwrap()]);
    let lines = ["deny read /secret/**", "allow delete user=anonymous /in/**"];
    let policy = Policy { rules: rules(&lines), uploads, ..policy(true) };
    let (gate, _events) = Gate::new(Arc::new(store.clone()), policy.clone());
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    let nobody = gate.admit(&tftp()).unwrap();
    let reader = Gate::new(Arc::new(store), Policy { write: false, ..policy }).0.admit(&tftp()).unwrap();
    for (session, right, path, allowed, words) in [
        (&alice, Right::Read, "/secret/s", false, "towline.toml:1"),
        (&alice, Right::Read, "/pub/f", true, "no rule fits: everybody may"),
        (&alice, Right::Delete, "/in/old", true, "no rule fits: users may"),
        (&alice, Right::Write, "/pub/f", false, "what uploads may do there: create"),
        (&alice, Right::Create, "/pub/f", true, "no rule fits: everybody may"),
        (&alice, Right::Read, "/.x", false, "hidden names are not there"),
        (&nobody, Right::Delete, "/in/old", true, "towline.toml:2"),
        (&nobody, Right::Delete, "/top", false, "no rule fits: who did not log in may not"),
        (&reader, Right::Delete, "/in/old", false, "nothing is written here: the server is read-only"),
    ] {
        let decision = session.decide(right, &p(path)).unwrap();
        let found = (decision.allowed, decision.why.to_string());
        assert_eq!(found, (allowed, words.to_owned()), "{right} {path}");
    }
}
