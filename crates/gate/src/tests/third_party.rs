//! Data connections with hosts that are not the peer.

use super::*;

fn row(users: &[&str], clients: Option<&str>, hosts: &str) -> ThirdParty {
    ThirdParty {
        users: users.iter().map(|&name| name.to_owned()).collect(),
        clients: clients.map(|net| net.parse().unwrap()),
        hosts: hosts.parse().unwrap(),
    }
}

/// Whether this knock may reach 198.51.100.7, where there are these rows.
fn reaches(rows: &[ThirdParty], knock: &Knock) -> bool {
    let policy = Policy { third_parties: rows.to_vec(), ..policy(false) };
    let (gate, _events) = Gate::new(std::sync::Arc::new(Memory::new()), policy);
    let session = gate.admit(knock).unwrap();
    let reaches = session.may_reach("198.51.100.7:2000".parse().unwrap());
    assert_eq!(session.takes_from("[::ffff:198.51.100.7]:20".parse().unwrap()), reaches);
    reaches
}

#[test]
fn other_hosts_are_for_whom_a_row_names() {
    let alice = user("alice", "hunter2");
    for (rows, may) in [
        (vec![], false),
        (vec![row(&[], None, "198.51.100.0/24")], true),
        (vec![row(&[], None, "198.51.100.8")], false),
        (vec![row(&["bob"], None, "198.51.100.0/24")], false),
        (vec![row(&["bob"], None, "0.0.0.0/0"), row(&["alice"], None, "198.51.100.7")], true),
        (vec![row(&[], Some("192.0.2.0/24"), "198.51.100.7")], true),
        (vec![row(&["alice"], Some("10.0.0.0/8"), "198.51.100.7")], false),
    ] {
        assert_eq!(reaches(&rows, &alice), may, "{rows:?}");
        assert!(!reaches(&rows, &anonymous()), "anonymous, {rows:?}");
    }
}

#[test]
fn each_word_about_other_hosts_is_an_event_but_of_strangers_that_come() {
    let policy = Policy { third_parties: vec![row(&[], None, "198.51.100.7")], ..policy(false) };
    let (gate, events) = Gate::new(std::sync::Arc::new(Memory::new()), policy);
    let session = gate.admit(&user("alice", "hunter2")).unwrap();
    let [theirs, stranger] = ["198.51.100.7:20", "203.0.113.1:20"].map(|at| at.parse().unwrap());
    assert!(session.has_third_parties());
    assert!(session.may_reach(theirs) && session.takes_from(theirs));
    assert!(!session.takes_from(stranger) && !session.may_reach(stranger));
    drop((session, gate));
    let told: Vec<_> = events.map(|e| e.what).filter(|w| matches!(w, What::ThirdParty { .. })).collect();
    let told_of = |other, granted| What::ThirdParty { other, granted };
    assert_eq!(told, [told_of(theirs, true), told_of(theirs, true), told_of(stranger, false)]);
}
