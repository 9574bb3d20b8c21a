//! What comes into the events besides transfers.

use super::*;
use crate::audit::By;

#[test]
fn a_login_and_a_listing_are_told() {
    let memory = Memory::new();
    memory.seed("/d/one", Vec::new());
    memory.seed("/d/.two", Vec::new());
    let (gate, events) = Gate::new(Arc::new(memory), policy(false));
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    let mut cursor = alice.list(&p("/d")).unwrap().cursor;
    while !cursor.next().unwrap().is_empty() {}
    drop(cursor);
    assert_eq!(alice.list(&p("/none")).err(), Some(Refusal::Absent));
    // What the server looks for by itself is nobody's listing.
    assert_eq!(alice.nearest(&p("/d/On")), Some(p("/d/one")));
    drop((alice, gate));
    let (seen, user) = (seen(&events), Some(String::from("alice")));
    assert!(seen.iter().all(|e| e.user == user && e.session == 1), "{seen:?}");
    let what: Vec<_> = seen.into_iter().map(|e| e.what).collect();
    assert_eq!(
        what,
        [
            What::Admitted,
            What::LoggedIn { key: None, security: Security::Clear, agreed: None },
            What::Listed { path: p("/d"), names: 1 },
            What::Refused { verb: Verb::List, path: p("/none"), why: Refusal::Absent },
            What::Left,
        ]
    );
}

#[test]
fn what_no_session_did_has_a_place_in_the_order() {
    let (gate, events) = Gate::new(Arc::new(Memory::new()), policy(false));
    drop(gate.admit(&tftp()).unwrap());
    let unbanned = || What::Unbanned { net: String::from("10.0.0.0/8"), by: By::Operator(Some(0)) };
    gate.tell(unbanned());
    let last = seen(&events).pop().unwrap();
    assert_eq!((last.seq, last.session, last.peer, last.protocol), (3, 0, None, None));
    assert_eq!(last.what, unbanned());
}
