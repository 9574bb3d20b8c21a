//! A server that gives and a server that takes, each at the other's end.

use super::*;
use crate::streams::Phase;
use gate::audit::{Events, What};
use gate::store::Store;
use gate::store::memory::Memory;
use gate::{Credentials, Gate, Knock, Policy, Protocol, Secret, Security, User};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex, split};
use tokio::sync::watch;
use transport::octets::Piped;

struct House {
    store: Memory,
    session: Session,
    events: Events,
    kick: watch::Sender<()>,
    gate: Arc<Gate>,
}

fn house(write: bool) -> House {
    let store = Memory::new();
    let users = vec![User::with_password("alice", &Secret::new("x")).unwrap()];
    let (gate, events) = Gate::new(Arc::new(store.clone()), Policy { users, write, ..Policy::default() });
    let credentials = Credentials::Password { user: String::from("alice"), password: Secret::new("x") };
    let (local, peer) = ("192.0.2.1:22".parse().unwrap(), "192.0.2.7:50000".parse().unwrap());
    let knock = Knock {
        protocol: Protocol::Sftp,
        local,
        peer,
        security: Security::Ssh,
        credentials,
        agreed: None,
        certificate: None,
        host: None,
    };
    let session = gate.admit(&knock).unwrap().over(Protocol::Scp);
    House { store, session, events, kick: watch::channel(()).0, gate }
}

impl House {
    fn ended(&self) -> Vec<(Outcome, u64)> {
        let ends = std::iter::from_fn(|| self.events.try_recv()).filter_map(|e| match e.what {
            What::Ended { end, .. } => Some((end.outcome, end.octets)),
            _other => None,
        });
        ends.collect()
    }

    fn orders(&self) -> Orders {
        Orders { phase: watch::channel(Phase::Serving).1, kicked: self.kick.subscribe() }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// What both ends say at their end.
fn copied(from: &House, give: &str, to: &House, take: &str) -> (u32, u32) {
    let (give, take) = (Exec::parse(give.as_bytes()).unwrap(), Exec::parse(take.as_bytes()).unwrap());
    runtime().block_on(async {
        let (a, b) = duplex(10_000);
        let ((in_a, out_a), (in_b, out_b)) = (split(a), split(b));
        // Whoever comes to its end ends its channel.
        let (config, orders) = (ScpConfig::default(), from.orders());
        let giving = run(from.session.clone(), config, orders, &give, Piped::new(in_a), Piped::new(out_a));
        let (config, orders) = (ScpConfig::default(), to.orders());
        let taking = run(to.session.clone(), config, orders, &take, Piped::new(in_b), Piped::new(out_b));
        tokio::join!(giving, taking)
    })
}

/// What a server says to these octets, and its status.
fn said(house: &House, command: &str, input: &[u8]) -> (Vec<u8>, u32) {
    let exec = Exec::parse(command.as_bytes()).unwrap();
    runtime().block_on(async {
        let (ours, theirs) = duplex(1 << 20);
        let (mut from, mut to) = split(ours);
        to.write_all(input).await.unwrap();
        to.shutdown().await.unwrap();
        let (input, output) = split(theirs);
        let (config, orders) = (ScpConfig::default(), house.orders());
        let status =
            run(house.session.clone(), config, orders, &exec, Piped::new(input), Piped::new(output)).await;
        let mut out = Vec::new();
        from.read_to_end(&mut out).await.unwrap();
        (out, status)
    })
}

#[test]
fn trees_with_any_names_arrive_as_they_were() {
    let (from, to) = (house(false), house(true));
    // Any octets, of any length, also of more than a bite.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut content = |len: usize| -> Vec<u8> {
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed as u8
        };
        (0..len).map(|_| next()).collect()
    };
    let files = [
        ("/d/empty", 0),
        ("/d/one", 1),
        ("/d/a b", 3_000),
        ("/d/e/big", 700_001),
        ("/d/e/f/deep", 17),
        ("/x", 5),
    ];
    for (path, len) in files {
        from.store.seed(path, content(len));
    }
    let same = |path: &str, at: &str| assert_eq!(from.store.content(path), to.store.content(at), "{path}");
    // A new name, as of cp -r.
    assert_eq!(copied(&from, "scp -r -f /d", &to, "scp -r -t /new"), (0, 0));
    for (path, _) in &files[..5] {
        same(path, &path.replace("/d/", "/new/"));
    }
    // Into a directory that is there.
    assert_eq!(copied(&from, "scp -f /d/one '/d/a b' x", &to, "scp -d -t new/e"), (0, 0));
    same("/d/a b", "/new/e/a b");
    same("/x", "/new/e/x");
    assert_eq!(copied(&from, "scp -f '/d/'* /d/e/b?g", &to, "scp -t /new/e/f"), (1, 1), "d/e is a directory");
    same("/d/e/big", "/new/e/f/big");
    same("/d/empty", "/new/e/f/empty");
    assert_eq!(copied(&from, "scp -f /x", &to, "scp -t /y"), (0, 0));
    same("/x", "/y");
    let ends = to.ended();
    assert!(ends.iter().all(|(outcome, _)| *outcome == Outcome::Complete) && ends.len() == 13, "{ends:?}");
    assert!(from.ended().iter().all(|(outcome, _)| *outcome == Outcome::Complete));
}

#[test]
fn times_and_modes_come_along_where_they_are_wanted() {
    let (from, to) = (house(true), house(true));
    from.store.seed("/d/f", "x");
    let p = |path: &str| VPath::parse(path.as_bytes()).unwrap();
    let then = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for path in ["/d/f", "/d"] {
        from.store.set_mode(&p(path), 0o750).unwrap();
        from.store.set_modified(&p(path), then).unwrap();
    }
    assert_eq!(copied(&from, "scp -r -p -f /d", &to, "scp -r -p -t /p"), (0, 0));
    assert_eq!(copied(&from, "scp -r -f /d", &to, "scp -r -t /q"), (0, 0));
    let facts = |path: &str| {
        let facts = to.store.stat(&p(path)).unwrap();
        (facts.mode, facts.modified == then)
    };
    assert_eq!((facts("/p"), facts("/p/f")), ((0o750, true), (0o750, true)));
    assert_eq!(facts("/q/f"), (0o750, false), "a new file gets the mode, less what others could write");
}

#[test]
fn what_cannot_be_done_is_said_once_and_the_rest_goes_on() {
    let house = house(true);
    house.store.seed("/old", "old");
    house.store.seed("/d/f", "f");
    // Refused, and the next one goes on.
    let (out, status) = said(&house, "scp -t /d", b"C0644 3 .hidden\nC0644 3 g\nabc\0");
    assert_eq!((&out[..], status), (&b"\0\x01scp: /d/.hidden: permission denied\n\0\0"[..], 1));
    assert_eq!(house.store.content("d/g").as_deref(), Some(&b"abc"[..]));
    // What announces more than there is room for is refused before it flows.
    let (out, _) = said(&house, "scp -t /big", b"C0644 99999999999 big\n");
    assert_eq!(&out[..], b"\0\x01scp: /big: no space left\n");
    // Half a file is none, and the old one stays.
    assert_eq!(said(&house, "scp -t /old", b"C0644 10 old\nhalf").1, 1);
    assert_eq!(said(&house, "scp -t /old", b"C0644 4 old\nbad!\x01scp: cannot read\n").1, 1);
    assert_eq!(house.store.content("old").as_deref(), Some(&b"old"[..]));
    assert_eq!(house.session.partial(&VPath::parse(b"/old").unwrap()), Some(4), "kept for whoever goes on");
    let ends = house.ended();
    assert_eq!(ends, [(Outcome::Complete, 3), (Outcome::Aborted, 4), (Outcome::Refused, 4)]);
    for (command, input, words) in [
        ("scp -t /d", &b"C0644 1 ../x\n"[..], "unexpected filename"),
        ("scp -t /d", b"D0755 0 x\n", "received directory without -r"),
        ("scp -r -t /", b"D0755 0 old\n", "/old: is not a directory"),
        ("scp -d -t /none", b"C0644 0 x\n", "/none: is not a directory"),
        ("scp -t /none/x", b"C0644 0 x\n", "/none/x: no such file"),
        ("scp -f /none", b"\0", "/none: no such file"),
        ("scp -f /none/'*'", b"\0", "no such file"),
        ("scp -f /*.none", b"\0", "/*.none: no such file"),
        ("scp -f /d", b"\0", "/d: not a regular file"),
        ("scp -r -f /", b"\0", "has no name to go by"),
        ("scp -f ..", b"\0", "not a regular file"),
    ] {
        let (out, status) = said(&house, command, input);
        let text = String::from_utf8_lossy(&out);
        assert!(status == 1 && text.contains("\x01scp: ") && text.contains(words), "{command}: {text:?}");
    }
    let reads_only = self::house(false);
    let (out, status) = said(&reads_only, "scp -t /x", b"C0644 1 x\n");
    assert_eq!((&out[..], status), (&b"\0\x01scp: /x: permission denied\n"[..], 1));
}

#[test]
fn a_command_that_is_kicked_or_stalls_ends_and_tells_its_transfer() {
    for kicked in [true, false] {
        let house = house(true);
        let exec = Exec::parse(b"scp -t /f").unwrap();
        runtime().block_on(async {
            let (ours, theirs) = duplex(1_000);
            let (mut from, mut to) = split(ours);
            to.write_all(b"C0644 10 f\nhalf").await.unwrap();
            let (input, output) = split(theirs);
            let patience = if kicked { Duration::from_secs(3_600) } else { Duration::from_millis(1) };
            let (config, orders) = (ScpConfig { no_progress: patience }, house.orders());
            let running =
                run(house.session.clone(), config, orders, &exec, Piped::new(input), Piped::new(output));
            let kick = async {
                if kicked {
                    // Ready, and the file is let come.
                    let mut ready = [9; 2];
                    from.read_exact(&mut ready).await.unwrap();
                    house.gate.kick(house.session.id(), &gate::audit::By::Itself);
                    house.kick.send(()).unwrap();
                }
            };
            assert_eq!(tokio::join!(running, kick).0, 1);
        });
        let outcomes: Vec<_> = house.ended().into_iter().map(|(outcome, _)| outcome).collect();
        let expected = if kicked { Outcome::Aborted } else { Outcome::TimedOut };
        assert!(outcomes.iter().all(|outcome| *outcome == expected), "{kicked}: {outcomes:?}");
        assert_eq!(house.store.content("f"), None);
    }
}
