//! Second names, symbolic links, modes; and a session over a second protocol.

use super::*;
use crate::rules::tests::rules;
use store::local::{Local, LocalOptions};
use store::memory::Memory;

fn seeded() -> Memory {
    let store = Memory::new();
    for path in ["/pub/f", "/secret/s", "/in/old"] {
        store.seed(path, &b"old"[..]);
    }
    store
}

fn gate(store: &Memory, lines: &[&str]) -> (Arc<Gate>, Events) {
    Gate::new(Arc::new(store.clone()), Policy { rules: rules(lines), ..policy(true) })
}

#[test]
fn a_second_name_shows_nothing_that_the_first_does_not() {
    let store = seeded();
    let (gate, events) = gate(&store, &["deny read /secret/**", "deny create /in/**"]);
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    assert!(matches!(alice.link(&p("/secret/s"), &p("/pub/s")), Err(Refusal::DeniedBy(_))));
    assert!(matches!(alice.link(&p("/pub/f"), &p("/in/f")), Err(Refusal::DeniedBy(_))));
    assert_eq!(alice.link(&p("/pub/f"), &p("/pub/.hidden")), Err(Refusal::Denied));
    assert_eq!(alice.link(&p("/pub/f"), &p("/secret/s")), Err(Refusal::Exists));
    alice.link(&p("/pub/f"), &p("/pub/g")).unwrap();
    assert_eq!(store.content("pub/g").as_deref(), Some(&b"old"[..]));
    let linked = |e: &Event| matches!(&e.what, What::Linked { path, to } if (path, to) == (&p("/pub/f"), &p("/pub/g")));
    assert_eq!(seen(&events).iter().filter(|e| linked(e)).count(), 1);
    let anybody = gate.admit(&anonymous()).unwrap();
    assert_eq!(anybody.link(&p("/pub/f"), &p("/pub/h")), Err(Refusal::Denied));
}

#[test]
fn a_mode_is_set_by_whoever_may_write_and_not_where_what_is_there_stays() {
    let store = seeded();
    let uploads = Uploads(vec!["in/=create".parse().unwrap()]);
    let policy = Policy { uploads, ..policy(true) };
    let (gate, events) = Gate::new(Arc::new(store.clone()), policy);
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    alice.set_mode(&p("/pub/f"), 0o600).unwrap();
    assert_eq!(alice.stat(&p("/pub/f")).unwrap().mode, 0o600);
    assert_eq!(alice.set_mode(&p("/in/old"), 0o600), Err(Refusal::Denied));
    assert_eq!(alice.set_mode(&p("/pub/none"), 0o600), Err(Refusal::Absent));
    assert!(seen(&events).iter().any(|e| matches!(&e.what, What::SetMode { mode: 0o600, .. })));
    let anybody = gate.admit(&anonymous()).unwrap();
    assert_eq!(anybody.set_mode(&p("/pub/f"), 0o777), Err(Refusal::Denied));
}

#[test]
fn symbolic_links_are_made_only_where_the_owner_said_so_and_no_rule_goes_by_names() {
    let dir = quick_dir();
    std::fs::create_dir(dir.path().join("home")).unwrap();
    std::fs::write(dir.path().join("home/f"), "f").unwrap();
    let store = || {
        Arc::new(Local::open(dir.path(), LocalOptions { write: true, ..LocalOptions::default() }).unwrap())
    };
    let with = |policy: Policy| {
        let (gate, events) = Gate::new(store(), policy);
        (gate.admit(&user("alice", "hunter2")).unwrap(), events)
    };
    let (alice, _events) = with(policy(true));
    assert_eq!(alice.symlink(&p("/l"), &p("/home/f")), Err(Refusal::Denied));
    let ruled = Policy { rules: rules(&["deny read /secret/**"]), symlinks: true, ..policy(true) };
    assert_eq!(with(ruled).0.symlink(&p("/l"), &p("/home/f")), Err(Refusal::Denied));
    let (alice, events) = with(Policy { symlinks: true, ..policy(true) });
    alice.symlink(&p("/l"), &p("/home/f")).unwrap();
    assert_eq!(alice.read_link(&p("/l")), Ok(Some(p("/home/f"))));
    assert_eq!(alice.read_link(&p("/home/f")), Ok(None));
    assert_eq!(alice.stat(&p("/l")).unwrap().len, 1);
    assert!(seen(&events).iter().any(|e| matches!(&e.what, What::Symlinked { .. })));
    // In a root of one's own a link is told as it is called there, and one that leaves it is not told.
    let (user, path) = (Some(RootUser::Any), "home".parse().unwrap());
    let roots = Roots(vec![RootRule { user, group: None, network: None, host: None, path, create: false }]);
    let (alice, _events) = with(Policy { roots, symlinks: true, ..policy(true) });
    alice.symlink(&p("/inner"), &p("/f")).unwrap();
    assert_eq!(alice.read_link(&p("/inner")), Ok(Some(p("/f"))));
    std::os::unix::fs::symlink("../l", dir.path().join("home/outer")).unwrap();
    assert_eq!(alice.read_link(&p("/outer")), Err(Refusal::Absent));
}

#[test]
fn over_another_protocol_its_rules_hold_and_the_place_is_the_same() {
    let store = seeded();
    let (gate, events) = gate(&store, &["deny read protocol=scp /pub/**"]);
    let password = Secret::new("hunter2");
    let credentials = Credentials::Password { user: String::from("alice"), password };
    let login = Knock { security: Security::Ssh, ..knock(Protocol::Sftp, credentials) };
    let alice = gate.admit(&login).unwrap();
    let scp = alice.over(Protocol::Scp);
    assert!(alice.read(&p("/pub/f")).is_ok());
    assert!(matches!(scp.read(&p("/pub/f")).err(), Some(Refusal::DeniedBy(_))));
    assert!(scp.read(&p("/secret/s")).is_ok());
    assert_eq!((scp.id(), gate.open().0), (alice.id(), 1));
    drop(scp.clone());
    gate.kick(alice.id(), &By::Itself);
    assert!(scp.is_kicked());
    drop(alice);
    assert_eq!(gate.open().0, 1, "what is done over the other protocol holds the place");
    drop(scp);
    assert_eq!(gate.open().0, 0);
    let events = seen(&events);
    let by = |protocol| events.iter().filter(|e| e.protocol == Some(protocol)).count();
    assert!(by(Protocol::Scp) > 0 && by(Protocol::Sftp) > 0);
    assert_eq!(events.iter().filter(|e| matches!(e.what, What::Left)).count(), 1);
}
