mod audit;
mod door;
mod grants;
mod keys;
mod links;
mod model;
mod overseer;
mod peek;
mod random;
mod rights;
mod third_party;
mod transfers;
mod tree;

use crate::audit::{Event, Events, What};
use crate::*;
use std::time::Duration;
use store::memory::Memory;
use store::{Mode, Sink, Store, VPath};

/// A cheap hash, so that tests do not wait: `hunter2` for `alice`, 8 KiB, one pass.
fn alice() -> User {
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    let argon2 = argon2::Argon2::from(params);
    use argon2::password_hash::PasswordHasher;
    let hash: argon2::password_hash::phc::PasswordHash = argon2.hash_password(b"hunter2").unwrap();
    User::new("alice", &hash.to_string()).unwrap()
}

fn policy(write: bool) -> Policy {
    Policy { users: vec![alice()], write, ..Policy::default() }
}

fn knock(protocol: Protocol, credentials: Credentials) -> Knock {
    knock_from("192.0.2.7:50000", protocol, credentials)
}

fn knock_from(peer: &str, protocol: Protocol, credentials: Credentials) -> Knock {
    Knock {
        protocol,
        local: "192.0.2.1:69".parse().unwrap(),
        peer: peer.parse().unwrap(),
        security: Security::Clear,
        credentials,
        agreed: None,
        certificate: None,
        host: None,
    }
}

fn tftp() -> Knock {
    knock(Protocol::Tftp, Credentials::None)
}

fn anonymous() -> Knock {
    knock(Protocol::Ftp, Credentials::Anonymous { email: String::from("me@") })
}

fn user(name: &str, password: &str) -> Knock {
    let password = Secret::new(password);
    knock(Protocol::Ftp, Credentials::Password { user: name.to_owned(), password })
}

/// A directory where what is durable costs no disk.
pub(crate) fn quick_dir() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::TempDir::new_in(memory) } else { tempfile::TempDir::new() }.unwrap()
}

fn p(path: &str) -> VPath {
    VPath::parse(path.as_bytes()).unwrap()
}

fn ask(mode: Mode) -> Ask {
    Ask { mode, expected: None }
}

fn limits(sessions: usize, per_address: usize, transfers: usize) -> Limits {
    let caps = |sessions| Caps { sessions: Some(sessions), ..Caps::default() };
    let all = Caps { transfers: Some(transfers), ..caps(sessions) };
    Limits { all, per_address: caps(per_address), ..Limits::default() }
}

fn too_many(counted: Counted, scope: Scope, most: usize) -> Option<Refusal> {
    Some(Refusal::TooMany(Limit { counted, scope, most }))
}

fn seen(events: &Events) -> Vec<Event> {
    std::iter::from_fn(|| events.try_recv()).collect()
}

#[test]
fn credentials_fit_their_protocol_or_are_refused_alike() {
    let gate = |anonymous| {
        let policy = Policy { anonymous, ..policy(false) };
        Gate::new(Arc::new(Memory::new()), policy).0
    };
    let email = || Credentials::Anonymous { email: String::new() };
    let secret = || Credentials::Password { user: String::from("alice"), password: Secret::new("hunter2") };
    for (anonymous, protocol, credentials, user) in [
        (true, Protocol::Tftp, Credentials::None, Ok(None)),
        (false, Protocol::Tftp, Credentials::None, Ok(None)),
        (true, Protocol::Tftp, email(), Err(Refusal::Login)),
        (true, Protocol::Tftp, secret(), Err(Refusal::Login)),
        (true, Protocol::Ftp, Credentials::None, Err(Refusal::Login)),
        (true, Protocol::Ftp, email(), Ok(Some("anonymous"))),
        (false, Protocol::Ftp, email(), Err(Refusal::Login)),
        (false, Protocol::Ftp, secret(), Ok(Some("alice"))),
    ] {
        let admitted = gate(anonymous).admit(&knock(protocol, credentials));
        let found = admitted.map(|s| s.user().map(str::to_owned));
        assert_eq!(found, user.map(|u| u.map(str::to_owned)), "{protocol} anonymous {anonymous}");
    }
}

#[test]
fn an_unknown_user_and_a_wrong_password_are_the_same() {
    let password = Secret::new("hunter2");
    let policy =
        Policy { users: vec![User::with_password("alice", &password).unwrap()], ..Policy::default() };
    let (gate, _events) = Gate::new(Arc::new(Memory::new()), policy);
    // The least of some tries of this thread's own time: what the hash costs, whatever else the machine
    // does meanwhile.
    let now = || {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
    };
    let try_once = |name: &str, password: &str| {
        let begin = now();
        let found = gate.admit(&user(name, password)).map(drop);
        (now() - begin, found)
    };
    let mut least = [Duration::MAX; 3];
    let tries = [("alice", "hunter3"), ("mallory", "hunter2"), ("", "")];
    for _ in 0..8 {
        for (least, (name, password)) in least.iter_mut().zip(tries) {
            let (took, found) = try_once(name, password);
            // One value without fields: code and text are the same by construction.
            assert_eq!(found, Err(Refusal::Login));
            *least = took.min(*least);
        }
    }
    let [wrong, unknown, empty] = least;
    for took in [unknown, empty] {
        assert!(took > wrong / 2 && took < wrong * 2, "wrong password {wrong:?}, unknown user {took:?}");
    }
    // Right once, it is known for the next time; a wrong one still costs the hash.
    assert!(gate.admit(&user("alice", "hunter2")).is_ok());
    let (known, found) = try_once("alice", "hunter2");
    assert!(found.is_ok() && known < wrong / 4, "known {known:?}, wrong {wrong:?}");
    let (again, found) = try_once("alice", "hunter3");
    assert!(found.is_err() && again > wrong / 2, "again {again:?}, wrong {wrong:?}");
}

#[test]
fn the_hashes_we_make_are_argon2id_and_what_is_none_is_refused() {
    let hash = hash_password(&Secret::new("x"));
    assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
    assert!(User::new("u", &hash).is_ok());
    assert_ne!(hash, hash_password(&Secret::new("x")), "each has a salt of its own");
    for bad in
        ["", "x", "hunter2", "$2b$12$abcdefghijklmnopqrstuv", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"]
    {
        let error = User::new("u", bad).unwrap_err().to_string();
        assert!(error.contains("user 'u'") && (bad.is_empty() || !error.contains(bad)), "{error}");
    }
}

#[test]
fn a_disabled_or_expired_user_is_like_an_unknown_one() {
    let now = std::time::SystemTime::now();
    let hour = Duration::from_secs(3_600);
    for (alice, is_in) in [
        (alice().disabled(false).expires(Some(now + hour)), true),
        (alice().disabled(true), false),
        (alice().expires(Some(now - hour)), false),
    ] {
        let alice = alice.in_groups([String::from("ops")]).unwrap();
        let policy = Policy { users: vec![alice], ..Policy::default() };
        let (gate, _events) = Gate::new(Arc::new(Memory::new()), policy);
        let admitted = gate.admit(&user("alice", "hunter2"));
        let groups = admitted.map(|s| s.account().map(|a| a.groups().to_vec()));
        let expected = if is_in { Ok(Some(vec![String::from("ops")])) } else { Err(Refusal::Login) };
        assert_eq!(groups, expected);
    }
}

#[test]
fn no_secret_has_a_debug_form() {
    let user_and_hash = alice();
    let shown = format!("{:?} {:?} {user_and_hash:?}", user("alice", "hunter2"), Secret::new("hunter2"));
    assert!(!shown.contains("hunter2") && !shown.contains("argon2") && shown.contains("****"), "{shown}");
}

#[test]
fn limits_count_sessions_addresses_and_transfers_and_give_back() {
    let store = Memory::new();
    store.seed("/f", "x");
    let limits = limits(3, 2, 2);
    let (gate, events) = Gate::new(Arc::new(store), Policy { limits, ..policy(false) });
    let from = |peer: &str| {
        gate.admit(&knock_from(peer, Protocol::Ftp, Credentials::Anonymous { email: String::new() }))
    };
    let a = from("192.0.2.7:1").unwrap();
    // The same address as IPv6 writes it.
    let b = from("[::ffff:192.0.2.7]:2").unwrap();
    assert_eq!(from("192.0.2.7:3").err(), too_many(Counted::Sessions, Scope::Address, 2));
    let c = from("[2001:db8::1]:1").unwrap();
    assert_eq!(from("192.0.2.8:1").err(), too_many(Counted::Sessions, Scope::All, 3), "three in all");
    drop(b);
    let d = from("[2001:db8::ffff]:1").unwrap();
    drop(a);
    let of_one = too_many(Counted::Sessions, Scope::Address, 2);
    assert_eq!(from("[2001:db8::2:0:0:1]:1").err(), of_one, "one /64 is one subscriber");

    let first = c.read(&p("/f")).unwrap();
    let second = d.read(&p("/f")).unwrap();
    assert_eq!(d.read(&p("/f")).err(), too_many(Counted::Transfers, Scope::All, 2));
    drop(first);
    let third = d.read(&p("/f")).unwrap();
    drop((second, d));
    // A transfer keeps its session's place.
    assert_eq!(gate.open(), (2, 1));
    drop((third, c));
    assert_eq!(gate.open(), (0, 0));
    // TFTP's sessions are single transfers, and count as those.
    let many: Vec<Session> = (0..9).map(|_| gate.admit(&tftp()).unwrap()).collect();
    let open: Vec<Reading> = many.iter().filter_map(|s| s.read(&p("/f")).ok()).collect();
    assert_eq!((open.len(), gate.open()), (2, (0, 2)));
    let refused = seen(&events).iter().filter(|e| matches!(e.what, What::RefusedKnock { .. })).count();
    assert_eq!(refused, 3);
}

#[test]
fn the_order_is_rights_limits_space_store() {
    let store = Memory::with_capacity(100);
    store.seed("/f", "x");
    let limits = limits(9, 9, 1);
    let (gate, _events) = Gate::new(Arc::new(store), Policy { limits, ..policy(true) });
    let session = gate.admit(&tftp()).unwrap();
    let too_big = Ask { mode: Mode::New, expected: Some(1_000) };
    let hold = session.read(&p("/f")).unwrap();
    let why = |path: &str, ask| session.write(&p(path), ask).map(drop).unwrap_err();
    // Each of these has every later reason too.
    assert_eq!(why("/.hidden", too_big), Refusal::Denied);
    assert_eq!(Some(why("/f", too_big)), too_many(Counted::Transfers, Scope::All, 1));
    drop(hold);
    assert_eq!(why("/f", too_big), Refusal::NoSpace);
    assert_eq!(why("/f", ask(Mode::New)), Refusal::Exists);
    assert_eq!(why("/g", Ask { mode: Mode::New, expected: Some(100) }), Refusal::NoSpace);
    assert!(session.write(&p("/g"), Ask { mode: Mode::New, expected: Some(99) }).is_ok());
}

#[test]
fn advice_names_what_is_near_and_nothing_hidden() {
    let store = Memory::new();
    for name in ["c2900-universalk9-mz.SPA.155-3.M4a.bin", "r1.cfg", "R2.CFG", ".r9.cfg", "d/deep.bin"] {
        store.seed(name, "x");
    }
    for i in 0..3_000 {
        store.seed(&format!("many/{i:04}"), "");
    }
    let (gate, _events) = Gate::new(Arc::new(store), policy(false));
    let session = gate.admit(&tftp()).unwrap();
    for (asked, near) in [
        ("c2900-universalk9-mz.SPA.155-3.M4.bin", Some("/c2900-universalk9-mz.SPA.155-3.M4a.bin")),
        ("C2900-UNIVERSALK9-MZ.SPA.155-3.M4A.BIN", Some("/c2900-universalk9-mz.SPA.155-3.M4a.bin")),
        ("R1.cfg", Some("/r1.cfg")),
        ("r2.cfg", Some("/R2.CFG")),
        ("tftpboot/r1.cfg", Some("/r1.cfg")),
        ("d/depe.bin", Some("/d/deep.bin")),
        ("no/such/dir/r1.cgf", Some("/r1.cfg")),
        (".r1.cfg", Some("/r1.cfg")),
        ("entirely-different", None),
        ("many/2999x", None),
        ("", None),
    ] {
        let found = VPath::parse(asked.as_bytes()).ok().and_then(|path| session.nearest(&path));
        assert_eq!(found, near.map(p), "{asked}");
    }
}

#[test]
fn listings_leave_out_what_is_hidden() {
    let store = Memory::new();
    for name in ["a", ".b", "d/.c"] {
        store.seed(name, "x");
    }
    // More hidden ones than a call gives: the end is not there yet.
    for i in 0..600 {
        store.seed(&format!("e/.{i:03}"), "");
    }
    store.seed("e/z", "");
    let names = |show_hidden, dir: &str| {
        let (gate, _events) = Gate::new(Arc::new(store.clone()), Policy { show_hidden, ..policy(false) });
        let mut cursor = gate.admit(&tftp()).unwrap().list(&p(dir)).unwrap().cursor;
        let mut n = 0;
        loop {
            match cursor.next().unwrap().len() {
                0 => return n,
                more => n += more,
            }
        }
    };
    assert_eq!((names(false, "/"), names(true, "/")), (3, 4));
    assert_eq!((names(false, "/d"), names(true, "/d")), (0, 1));
    assert_eq!((names(false, "/e"), names(true, "/e")), (1, 601));
}

#[test]
fn a_full_queue_loses_events_and_says_how_many() {
    let policy = Policy { event_queue: 4, ..policy(false) };
    let (gate, events) = Gate::new(Arc::new(Memory::new()), policy);
    for _ in 0..10 {
        drop(gate.admit(&tftp()).unwrap());
    }
    let first = seen(&events);
    assert_eq!(first.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(first[4].what, What::Lost(16));
    let last = gate.admit(&tftp()).unwrap();
    let next = events.try_recv().unwrap();
    assert_eq!((next.seq, next.what), (21, What::Admitted), "the hole is as wide as it says");
    drop((last, gate));
    assert_eq!(events.recv().map(|e| e.what), Some(What::Left));
    assert!(events.is_over());
    assert!(events.recv().is_none());
}

#[test]
fn waiting_for_events_ends_when_one_comes() {
    let (gate, events) = Gate::new(Arc::new(Memory::new()), policy(false));
    assert!(events.recv_timeout(Duration::ZERO).is_none());
    let reader = std::thread::spawn(move || events.map(|e| e.seq).collect::<Vec<_>>());
    drop(gate.admit(&tftp()).unwrap());
    drop(gate);
    assert_eq!(reader.join().unwrap(), [1, 2]);
}

#[test]
fn the_digest_of_a_file_is_there_for_every_protocol_and_its_size_is_told_first() {
    let store = Memory::new();
    store.seed("/a b.bin", &b"abc"[..]);
    let (gate, _events) = Gate::new(std::sync::Arc::new(store), policy(false));
    for who in [tftp(), anonymous(), user("alice", "hunter2")] {
        let session = gate.admit(&who).unwrap();
        for (name, digits) in [("/a b.bin.md5", 32), ("/a b.bin.sha256", 64), ("/a b.bin.sha512", 128)] {
            let reading = session.read(&p(name)).unwrap();
            let told = session.stat(&p(name)).unwrap().len;
            assert_eq!((reading.blob().len(), told), (digits + 2 + 7 + 1, digits + 2 + 7 + 1), "{name}");
        }
        assert!(session.offers(&p("/a b.bin.md5")) && !session.has(&p("/a b.bin.md5")));
        assert_eq!(session.stat(&p("/none.md5")).unwrap_err(), Refusal::Absent);
    }
    let without = Policy { digests: false, ..policy(false) };
    let store = Memory::new();
    store.seed("/a", &b"abc"[..]);
    let (gate, _events) = Gate::new(std::sync::Arc::new(store), without);
    assert_eq!(gate.admit(&tftp()).unwrap().read(&p("/a.md5")).err(), Some(Refusal::Absent));
}

/// What each policy makes of a second upload, of a broken one, and of a user's other verbs.
#[test]
fn uploads_do_what_their_row_says_and_a_failed_one_leaves_the_old_file() {
    let rows = ["create/=create", "over/=overwrite", "version/=version", "deny/=deny"];
    let uploads = Uploads(rows.iter().map(|r| r.parse().unwrap()).collect());
    for who in [tftp as fn() -> Knock, anonymous, || user("alice", "hunter2")] {
        let store = Memory::new();
        for dir in ["create", "over", "version", "deny", "free"] {
            store.seed(&format!("/{dir}/old"), &b"old"[..]);
        }
        let policy = Policy { anonymous: true, uploads: uploads.clone(), ..policy(true) };
        let (gate, _events) = Gate::new(std::sync::Arc::new(store.clone()), policy);
        let session = gate.admit(&who()).unwrap();
        let put = |path: &str, mode: Mode| {
            let mut writing = session.write(&p(path), ask(mode))?;
            writing.write_at(0, b"new").unwrap();
            writing.commit(End::new(Outcome::Complete, 3))
        };
        let content = |path: &str| store.content(path).map(|b| b.to_vec());
        // A broken one first.
        for dir in ["over", "version", "free"] {
            let mut broken = session.write(&p(&format!("/{dir}/old")), ask(Mode::Overwrite)).unwrap();
            broken.write_at(0, b"half").unwrap();
            broken.fail(End::new(Outcome::TimedOut, 4));
            assert_eq!(content(&format!("/{dir}/old")).as_deref(), Some(&b"old"[..]), "{dir}");
        }
        let exists = put("/create/old", Mode::Overwrite).unwrap_err();
        assert_eq!(exists, Refusal::Exists);
        assert!(matches!(put("/create/old", Mode::Append), Err(Refusal::Unsupported(_))));
        assert_eq!(content("/create/old").as_deref(), Some(&b"old"[..]));
        assert_eq!(put("/create/new", Mode::Overwrite).unwrap().kept, None);
        // Two at once: the second finds the name taken when it is whole, and the first stays.
        let (mut a, mut b) = (
            session.write(&p("/create/race"), ask(Mode::Overwrite)).unwrap(),
            session.write(&p("/create/race"), ask(Mode::Overwrite)).unwrap(),
        );
        a.write_at(0, b"a").unwrap();
        b.write_at(0, b"b").unwrap();
        b.commit(End::new(Outcome::Complete, 1)).unwrap();
        assert_eq!(a.commit(End::new(Outcome::Complete, 1)).unwrap_err(), Refusal::Exists);
        assert_eq!(content("/create/race").as_deref(), Some(&b"b"[..]));

        assert_eq!(put("/over/old", Mode::Overwrite).unwrap().kept, None);
        let kept = put("/version/old", Mode::Overwrite).unwrap().kept.expect("kept, whoever it is");
        assert_eq!(content(&kept.to_string()).as_deref(), Some(&b"old"[..]));
        assert_eq!(put("/deny/old", Mode::Overwrite).unwrap_err(), Refusal::Denied);
        assert_eq!(put("/deny/new", Mode::New).unwrap_err(), Refusal::Denied);
        // Without a row it is as it was: users replace, others keep.
        assert_eq!(
            put("/free/old", Mode::Overwrite).unwrap().kept.is_some(),
            session.user() != Some("alice")
        );
        assert_eq!(content("/free/old").as_deref(), Some(&b"new"[..]));
    }
}

#[test]
fn users_do_not_remove_or_rename_what_a_row_protects() {
    let store = Memory::new();
    for path in ["/keep/old", "/over/old", "/free/old"] {
        store.seed(path, &b"old"[..]);
    }
    let uploads = Uploads(vec!["keep/=version".parse().unwrap(), "over/=overwrite".parse().unwrap()]);
    let policy = Policy { uploads, ..policy(true) };
    let (gate, _events) = Gate::new(std::sync::Arc::new(store.clone()), policy);
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    assert_eq!(alice.remove(&p("/keep/old")), Err(Refusal::Denied));
    assert_eq!(alice.rename(&p("/keep/old"), &p("/free/x")), Err(Refusal::Denied));
    assert_eq!(alice.rename(&p("/free/old"), &p("/keep/old")), Err(Refusal::Denied));
    assert_eq!(alice.rename(&p("/keep"), &p("/away")), Err(Refusal::Denied));
    assert_eq!(alice.set_modified(&p("/keep/old"), std::time::SystemTime::UNIX_EPOCH), Err(Refusal::Denied));
    assert_eq!(alice.rename(&p("/free/old"), &p("/over/old")), Ok(()));
    assert_eq!(alice.remove(&p("/over/old")), Ok(()));
    assert_eq!(store.content("/keep/old").as_deref(), Some(&b"old"[..]));
}

#[test]
fn an_announced_upload_that_does_not_fit_the_quota_is_refused_before_its_first_octet() {
    let store = Memory::new();
    store.seed("/old", vec![0; 600]);
    let quota = store::quota::Quota::counted(
        std::sync::Arc::new(store.clone()),
        store::quota::Limit { octets: Some(1_000), files: None },
    )
    .unwrap();
    let (gate, _events) = Gate::new(std::sync::Arc::new(quota), policy(true));
    let session = gate.admit(&tftp()).unwrap();
    let announced = |octets| Ask { mode: Mode::Overwrite, expected: Some(octets) };
    assert_eq!(session.write(&p("/new"), announced(401)).err(), Some(Refusal::OverQuota("octets")));
    let mut writing = session.write(&p("/old"), announced(400)).unwrap();
    writing.write_at(0, &[1; 400]).unwrap();
    // Whoever announces less than it sends comes no further either.
    assert_eq!(writing.write_at(400, &[1]).unwrap_err().kind(), std::io::ErrorKind::QuotaExceeded);
    writing.fail(End::new(Outcome::Failed, 400));
    assert_eq!(store.content("/old").map(|c| c.len()), Some(600));
}

#[test]
fn an_inbox_takes_files_under_names_of_their_own_and_gives_none_back() {
    let store = Memory::new();
    store.seed("/d/there", &b"secret"[..]);
    let policy = Policy { inbox: true, anonymous: true, ..policy(true) };
    let (gate, events) = Gate::new(std::sync::Arc::new(store.clone()), policy);
    for who in [tftp(), anonymous()] {
        let session = gate.admit(&who).unwrap();
        let put = |octets: &[u8]| {
            let mut writing = session.write(&p("/d/r1-confg"), ask(Mode::Overwrite)).unwrap();
            writing.write_at(0, octets).unwrap();
            writing
        };
        // In one second and at once: each has its name from the start.
        let (a, b, c) = (put(b"1"), put(b"2"), put(b"3"));
        for (writing, len) in [(c, 1), (a, 1), (b, 1)] {
            let published = writing.commit(End::new(Outcome::Complete, len)).unwrap();
            assert_eq!((published.kept, published.freed), (None, store::Amount::NONE));
        }
        put(b"half").fail(End::new(Outcome::TimedOut, 4));
        let started: Vec<_> = seen(&events)
            .into_iter()
            .filter_map(|e| if let What::Started { path, .. } = e.what { Some(path) } else { None })
            .collect();
        assert_eq!(started.len(), 4);
        for path in &started[..3] {
            assert_eq!(InboxVersion::read(path.name()).unwrap().base, b"r1-confg");
            assert!(store.content(&path.to_string()).is_some(), "{path}");
            assert_eq!(session.read(path).err(), Some(Refusal::Denied), "{path}");
            assert_eq!(session.stat(path).err(), Some(Refusal::Absent), "{path}");
            assert!(!session.has(path) && !session.offers(path));
        }
        let same = |a: &VPath| started[..3].iter().filter(|b| *b == a).count();
        assert!(started[..3].iter().all(|path| same(path) == 1), "{started:?}");
        // Nothing tells what is there: not a listing, a digest, a size, a near name, a partial.
        assert_eq!(session.list(&p("/d")).err(), Some(Refusal::Denied));
        for name in ["/d/there", "/d/there.md5", "/d/none"] {
            assert_eq!(session.read(&p(name)).err(), Some(Refusal::Denied), "{name}");
            assert_eq!(session.stat(&p(name)).err(), Some(Refusal::Absent), "{name}");
        }
        assert_eq!((session.nearest(&p("/d/thera")), session.partial(&p("/d/there"))), (None, None));
        assert_eq!(session.fold(&p("/d/THERE")).unwrap(), p("/d/THERE"));
        assert!(session.has(&p("/d")), "directories can be walked");
        for mode in [Mode::Append, Mode::Resume(2)] {
            assert!(matches!(session.write(&p("/d/there"), ask(mode)), Err(Refusal::Unsupported(_))));
        }
        assert_eq!(session.remove(&p("/d/there")), Err(Refusal::Denied));
        assert_eq!(session.make_dir(&p("/e")), Err(Refusal::Denied));
        assert_eq!(session.write(&p("/none/x"), ask(Mode::New)).err(), Some(Refusal::Absent));
        assert_eq!(session.write(&p("/.hidden"), ask(Mode::New)).err(), Some(Refusal::Denied));
        drop(seen(&events));
    }
    // Who is known reads it.
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    assert!(alice.read(&p("/d/there")).is_ok() && alice.list(&p("/d")).is_ok());
}

#[test]
fn sessions_are_told_only_where_somebody_wants_to_know() {
    let policy = Policy { tell_tftp_sessions: false, ..policy(false) };
    let (gate, events) = Gate::new(Arc::new(Memory::new()), policy);
    let session = gate.admit(&tftp()).unwrap();
    assert!(session.read(&p("/none")).is_err());
    drop((session, gate));
    let what: Vec<_> = seen(&events).into_iter().map(|e| (e.seq, e.what)).collect();
    assert!(matches!(what[..], [(1, What::Refused { .. })]), "{what:?}");
}

#[test]
fn a_reader_of_many_has_them_in_order_and_does_not_wait_for_more_than_half_a_queue() {
    let policy = Policy { event_queue: 8, ..policy(false) };
    let (gate, events) = Gate::new(Arc::new(Memory::new()), policy);
    for _ in 0..2 {
        drop(gate.admit(&tftp()).unwrap());
    }
    let (mut batch, long) = (std::collections::VecDeque::new(), Duration::from_secs(3_600));
    events.recv_many(&mut batch, long, long);
    assert_eq!(batch.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    batch.clear();
    events.recv_many(&mut batch, Duration::ZERO, Duration::ZERO);
    assert!(batch.is_empty());
    // Woken out of the gathering by the event that makes the queue half full, and by the end.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2 {
                drop(gate.admit(&tftp()).unwrap());
            }
        });
        events.recv_many(&mut batch, long, long);
        assert_eq!(batch.iter().map(|e| e.seq).collect::<Vec<_>>(), [5, 6, 7, 8]);
    });
    batch.clear();
    drop(gate);
    events.recv_many(&mut batch, long, long);
    assert!(batch.is_empty() && events.is_over());
}

#[test]
fn only_clients_of_the_allowed_networks_are_let_in() {
    let clients = vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    let policy = Policy { clients, anonymous: true, ..policy(true) };
    let (gate, events) = Gate::new(std::sync::Arc::new(Memory::new()), policy);
    for (from, let_in) in [
        ("192.0.2.9:1", true),
        ("[::ffff:192.0.2.9]:1", true),
        ("[2001:db8::9]:1", true),
        ("198.51.100.9:1", false),
        ("[2001:db9::9]:1", false),
    ] {
        for (protocol, credentials) in [
            (Protocol::Tftp, Credentials::None),
            (Protocol::Ftp, Credentials::Anonymous { email: String::new() }),
            (Protocol::Ftp, Credentials::Password { user: "alice".into(), password: Secret::new("hunter2") }),
        ] {
            let admitted = gate.admit(&knock_from(from, protocol, credentials)).map(|_| ());
            assert_eq!(admitted, if let_in { Ok(()) } else { Err(Refusal::Stranger) }, "{from}");
        }
    }
    let refused = |e: &Event| matches!(e.what, What::RefusedKnock { why: Refusal::Stranger });
    assert_eq!(seen(&events).iter().filter(|e| refused(e)).count(), 6);
}
