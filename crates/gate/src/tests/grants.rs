//! Grants at the door: by a login and by a name.

use super::*;
use crate::rules::tests::rules;
use tempfile::TempDir;

struct Set {
    store: Memory,
    gate: Arc<Gate>,
    events: Events,
    grants: Arc<Grants>,
    _dir: TempDir,
}

/// A tree of which the rules give nothing to anybody.
fn set() -> Set {
    set_with(Policy { rules: rules(&["deny all"]), ..policy(true) })
}

fn set_with(policy: Policy) -> Set {
    let dir = quick_dir();
    let grants = Grants::open(&dir.path().join("grants.journal")).unwrap();
    let store = Memory::new();
    for path in ["/images/c2900.bin", "/images/other.bin", "/configs/r1.cfg", "/configs/.secret"] {
        store.seed(path, &b"content"[..]);
    }
    let policy = Policy { grants: Some(grants.clone()), ..policy };
    let (gate, events) = Gate::new(Arc::new(store.clone()), policy);
    Set { store, gate, events, grants, _dir: dir }
}

impl Set {
    fn grant(&self, path: &str, verbs: &str, uses: Option<u32>) -> (Arc<Grant>, String) {
        let new = NewGrant {
            path: p(path),
            rights: verbs.parse().unwrap(),
            from: vec!["192.0.2.0/24".parse().unwrap()],
            lasts: Duration::from_secs(600),
            uses,
            user: None,
        };
        self.grants.make(&new).unwrap()
    }
}

fn complete() -> End {
    End::new(Outcome::Complete, 7)
}

fn put(session: &Session, path: &str) -> Result<store::Published, Refusal> {
    let mut writing = session.write(&p(path), ask(Mode::Overwrite))?;
    writing.write_at(0, b"new").unwrap();
    writing.commit(End::new(Outcome::Complete, 3))
}

#[test]
fn where_nothing_is_written_only_reading_is_given_out() {
    let set = set_with(policy(false));
    let new = |verbs: &str| NewGrant {
        path: p("/images"),
        rights: verbs.parse().unwrap(),
        from: vec!["192.0.2.0/24".parse().unwrap()],
        lasts: Duration::from_secs(600),
        uses: None,
        user: None,
    };
    for verbs in ["write", "create", "read,list,create"] {
        assert!(matches!(set.gate.grant(&new(verbs)), Err(GrantError::ReadOnly)), "{verbs}");
    }
    assert!(
        set.gate.grant(&new("read,list")).is_ok() && set_with(policy(true)).gate.grant(&new("write")).is_ok()
    );
    let (unkept, _events) = Gate::new(Arc::new(Memory::new()), policy(true));
    assert!(matches!(unkept.grant(&new("read")), Err(GrantError::Unkept)));
}

#[test]
fn a_login_with_a_grant_reads_what_was_given_once_and_nothing_else() {
    let set = set();
    let (grant, token) = set.grant("/images/c2900.bin", "read", Some(1));
    let session = set.gate.admit(&user(grant.user(), &token)).unwrap();
    assert_eq!(session.user(), Some(grant.user()));
    for path in ["/images/other.bin", "/configs/r1.cfg", "/images"] {
        assert_eq!(session.read(&p(path)).err(), Some(Refusal::Denied), "{path}");
    }
    // The way there can be walked, and shows nothing.
    assert_eq!(session.stat(&p("/images")).unwrap().kind, store::Kind::Directory);
    assert_eq!(session.stat(&p("/configs")).err(), Some(Refusal::Absent));
    assert_eq!(session.stat(&p("/images/other.bin")).err(), Some(Refusal::Absent));
    assert_eq!(session.list(&p("/images")).err(), Some(Refusal::Denied));
    assert_eq!(session.stat(&p("/images/c2900.bin")).unwrap().len, 7);
    assert_eq!(put(&session, "/images/c2900.bin").err(), Some(Refusal::Denied));
    assert_eq!(session.remove(&p("/images/c2900.bin")), Err(Refusal::Denied));
    drop(seen(&set.events));
    session.read(&p("/images/c2900.bin")).unwrap().finish(complete());
    let what: Vec<What> = seen(&set.events).into_iter().map(|e| e.what).collect();
    let used = What::GrantUsed { grant: grant.id().into(), path: p("/images/c2900.bin"), left: Some(0) };
    assert_eq!(what[0], used, "before the transfer");
    assert!(matches!(what[1..], [What::Started { .. }, What::Ended { .. }]));
    assert_eq!(session.read(&p("/images/c2900.bin")).err(), Some(Refusal::Denied), "used up");
    assert_eq!(set.gate.admit(&user(grant.user(), &token)).err(), Some(Refusal::Login));
    // Neither the name alone nor the secret alone is one.
    let (grant, token) = set.grant("/images/c2900.bin", "read", None);
    for (name, password) in [("alice", &*token), (grant.user(), "hunter2"), (grant.user(), grant.id())] {
        assert_eq!(set.gate.admit(&user(name, password)).err(), Some(Refusal::Login), "{name}");
    }
    let elsewhere = Knock { peer: "198.51.100.1:1".parse().unwrap(), ..user(grant.user(), &token) };
    assert_eq!(set.gate.admit(&elsewhere).err(), Some(Refusal::Login));
    assert!(set.gate.admit(&user("alice", "hunter2")).is_ok(), "users are as they were");
}

#[test]
fn a_name_with_a_token_is_read_without_a_login_and_no_event_shows_the_token() {
    let set = set();
    let (grant, token) = set.grant("/images/c2900.bin", "read", Some(1));
    let name = p(&format!("/~{token}/c2900.bin"));
    let session = set.gate.admit(&tftp()).unwrap();
    assert!(session.has(&name) && session.offers(&name) && session.read_now(&name).is_none());
    assert_eq!(session.stat(&name).unwrap().len, 7);
    for wrong in ["other.bin", "", "images/c2900.bin", "c2900.bin.md5"] {
        let name = p(&format!("/~{token}/{wrong}"));
        assert_eq!(session.read(&name).err(), Some(Refusal::Absent), "{wrong}");
        assert!(!session.has(&name), "{wrong}");
    }
    let wire = || Wire { asked: name.as_bytes().to_vec(), ..Wire::default() };
    let reading = session.read(&name).unwrap();
    assert_eq!(reading.blob().len(), 7);
    // DATA 1 was lost, and the same request comes to another session.
    let mut end = End::new(Outcome::Aborted, 0);
    end.wire = Some(Box::new(Wire { figures: Figures { sent: 3, ..Figures::default() }, ..wire() }));
    reading.finish(end);
    let again = set.gate.admit(&tftp()).unwrap().read(&name).unwrap();
    let other = Knock { peer: "192.0.2.7:50001".parse().unwrap(), ..tftp() };
    assert_eq!(set.gate.admit(&other).unwrap().read(&name).err(), Some(Refusal::Denied), "that is a second");
    again.finish(End { wire: Some(Box::new(wire())), ..complete() });
    assert_eq!(set.gate.admit(&tftp()).unwrap().read(&name).err(), Some(Refusal::Denied), "it had it all");
    drop(session);
    let told = seen(&set.events);
    let uses = told.iter().filter(|e| matches!(e.what, What::GrantUsed { .. })).count();
    assert_eq!((uses, set.grants.list().unwrap()[0].1), (2, 1), "two transfers, one use");
    let named = told.iter().filter(|e| e.user.as_deref() == Some(grant.user())).count();
    assert!(named >= 6, "{named}");
    for event in &told {
        assert!(!format!("{event:?}").contains(&token), "{event:?}");
        if let What::Ended { end, .. } = &event.what {
            let asked = String::from_utf8_lossy(&end.wire.as_ref().unwrap().asked).into_owned();
            assert_eq!(asked, "/~/c2900.bin");
        }
    }
    // A part of one session: it is gone once.
    let left = told.iter().filter(|e| matches!(e.what, What::Left)).count();
    assert_eq!((left, set.gate.open()), (4, (0, 0)));
}

#[test]
fn a_look_at_the_size_costs_no_use() {
    let set = set();
    let (_, token) = set.grant("/images/c2900.bin", "read", Some(1));
    let name = p(&format!("/~{token}/c2900.bin"));
    let session = set.gate.admit(&tftp()).unwrap();
    let mut end = End::new(Outcome::Aborted, 0);
    end.wire = Some(Box::new(Wire::default()));
    session.read(&name).unwrap().finish(end);
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while set.grants.list().unwrap()[0].1 != 0 {
        assert!(std::time::Instant::now() < deadline, "the use never came back");
        std::thread::yield_now();
    }
    // Dropped, nobody knows how much went out.
    drop(session.read(&name).unwrap());
    let other = Knock { peer: "192.0.2.7:50001".parse().unwrap(), ..tftp() };
    assert_eq!(set.gate.admit(&other).unwrap().read(&name).err(), Some(Refusal::Denied));
}

#[test]
fn a_grant_of_a_directory_is_for_all_that_is_shown_below_it() {
    let set = set();
    let (_, token) = set.grant("/configs", "read,list,write", Some(3));
    let session = set.gate.admit(&tftp()).unwrap();
    let name = |rest: &str| format!("/~{token}/configs{rest}");
    assert_eq!(session.list(&p(&name(""))).unwrap().cursor.next().unwrap().len(), 1, "not the hidden one");
    assert_eq!(session.read(&p(&name("/.secret"))).err(), Some(Refusal::Absent));
    session.read(&p(&name("/r1.cfg"))).unwrap().finish(complete());
    let kept = put(&session, &name("/r1.cfg")).unwrap().kept;
    assert!(kept.is_some(), "what a grant writes over is kept");
    assert_eq!(put(&session, &name("/.new")).err(), Some(Refusal::Denied));
    put(&session, &name("/r2.cfg")).unwrap();
    assert_eq!(set.store.content("/configs/r2.cfg").as_deref(), Some(&b"new"[..]));
    assert_eq!(put(&session, &name("/r3.cfg")).err(), Some(Refusal::Denied), "three uses");
    assert!(set.store.content("/configs/r3.cfg").is_none());
}

#[test]
fn a_grant_gives_no_more_than_the_server_and_its_uploads() {
    let uploads = Uploads(vec!["/configs=create".parse().unwrap(), "/images=dropbox".parse().unwrap()]);
    let set = set_with(Policy { uploads, ..policy(true) });
    let (_, configs) = set.grant("/configs", "write", None);
    let (_, images) = set.grant("/images", "read", None);
    let session = set.gate.admit(&tftp()).unwrap();
    assert_eq!(put(&session, &format!("/~{configs}/configs/r1.cfg")).err(), Some(Refusal::Exists));
    let boxed = p(&format!("/~{images}/images/c2900.bin"));
    assert_eq!(session.read(&boxed).err(), Some(Refusal::Denied), "a drop box gives nothing out");
    let set = set_with(policy(false));
    let (_, token) = set.grant("/configs", "write", None);
    let session = set.gate.admit(&tftp()).unwrap();
    assert_eq!(put(&session, &format!("/~{token}/configs/new")).err(), Some(Refusal::Denied));
}

#[test]
fn what_is_taken_back_ends_for_those_who_are_in() {
    let set = set();
    let (grant, token) = set.grant("/configs", "read,list", None);
    let session = set.gate.admit(&user(grant.user(), &token)).unwrap();
    assert!(session.list(&p("/configs")).is_ok());
    assert!(set.grants.revoke(grant.id()).unwrap());
    assert_eq!(session.list(&p("/configs")).err(), Some(Refusal::Denied));
    assert_eq!(session.read(&p("/configs/r1.cfg")).err(), Some(Refusal::Denied));
    assert_eq!(set.gate.admit(&user(grant.user(), &token)).err(), Some(Refusal::Login));
}

#[test]
fn who_guesses_tokens_is_held_to_it_where_its_address_is_proved() {
    let penalties = Some(Penalties::default());
    let set = set_with(Policy { penalties, anonymous: true, ..policy(true) });
    let guess = |n: u32| p(&format!("/~{}{:06}/x", "a".repeat(20), 222_222 + n % 7));
    let knock = |protocol| Knock { protocol, ..anonymous() };
    let session = set.gate.admit(&knock(Protocol::Http)).unwrap();
    for n in 0..1_000 {
        assert_eq!(session.read(&guess(n)).err(), Some(Refusal::Absent));
    }
    assert!(matches!(set.gate.admit(&anonymous()).err(), Some(Refusal::Banned { .. })));
    let set = set_with(Policy { penalties: Some(Penalties::default()), ..policy(true) });
    for n in 0..1_000 {
        assert_eq!(set.gate.admit(&tftp()).unwrap().read(&guess(n)).err(), Some(Refusal::Absent));
    }
    assert!(set.gate.admit(&anonymous()).is_ok(), "TFTP's senders may be forged");
}

#[test]
fn a_login_with_a_grant_has_the_whole_tree_for_its_root_whatever_is_everybodys() {
    let everybody = RootRule {
        user: None,
        group: None,
        network: None,
        host: None,
        path: "/home/%u".parse().unwrap(),
        create: false,
    };
    let set = set_with(Policy { roots: Roots(vec![everybody]), ..policy(true) });
    let (grant, token) = set.grant("/images/c2900.bin", "read", None);
    let session = set.gate.admit(&user(grant.user(), &token)).unwrap();
    session.read(&p("/images/c2900.bin")).unwrap().finish(complete());
}

#[test]
fn a_request_that_tftp_sent_twice_gives_its_use_back_only_when_both_moved_nothing() {
    let set = set();
    let (_, token) = set.grant("/images/c2900.bin", "read", Some(1));
    let name = p(&format!("/~{token}/c2900.bin"));
    let nobody = set.gate.admit(&tftp()).unwrap();
    let nothing = || End::new(Outcome::Aborted, 0);
    let used = || {
        set.grants.settle();
        set.grants.list().unwrap()[0].1
    };
    // The first goes on when the second is broken off: another peer must not get the same use.
    let (first, second) = (nobody.read(&name).unwrap(), nobody.read(&name).unwrap());
    second.finish(nothing());
    assert_eq!(used(), 1);
    let other = set.gate.admit(&knock_from("192.0.2.8:50000", Protocol::Tftp, Credentials::None)).unwrap();
    assert_eq!(other.read(&name).err(), Some(Refusal::Denied));
    first.finish(nothing());
    assert_eq!(used(), 0, "neither moved anything");
    let (first, second) = (nobody.read(&name).unwrap(), nobody.read(&name).unwrap());
    first.finish(complete());
    second.finish(nothing());
    assert_eq!(used(), 1, "the file went out");
}

#[test]
fn a_look_by_a_grant_finds_what_a_transfer_would_and_uses_nothing() {
    let set = set();
    let (grant, token) = set.grant("/images/c2900.bin", "read", Some(1));
    let session = set.gate.admit(&user(grant.user(), &token)).unwrap();
    let peek = session.peek(&p("/images/c2900.bin")).unwrap();
    assert!(peek.waits(), "the use will be written down");
    drop(session.peek(&p("/images/c2900.bin")).unwrap());
    assert_eq!(set.grants.list().unwrap()[0].1, 0, "a look is no use");
    let other = session.peek(&p("/images/c2900.bin")).unwrap();
    peek.read().unwrap().finish(complete());
    assert_eq!(set.grants.list().unwrap()[0].1, 1);
    assert_eq!(other.read().err(), Some(Refusal::Denied), "looked at before the last use was made");
    assert_eq!(session.peek(&p("/images/c2900.bin")).err(), Some(Refusal::Denied));
}
