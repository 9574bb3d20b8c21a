//! Which sessions somebody is shown.

use super::*;

fn row(users: &[&str], groups: &[&str], clients: &[&str]) -> Overseer {
    let texts = |of: &[&str]| of.iter().map(|&text| text.to_owned()).collect();
    let clients = clients.iter().map(|net| net.parse().unwrap()).collect();
    Overseer { users: texts(users), groups: texts(groups), clients }
}

/// Whom alice sees, who comes from 192.0.2.9 as all do.
fn seen(rows: Vec<Overseer>) -> Vec<String> {
    let (gate, _events) =
        Gate::new(std::sync::Arc::new(Memory::new()), Policy { overseers: rows, ..policy(false) });
    let alice = gate.admit(&user("alice", "hunter2")).unwrap();
    let others = [gate.admit(&anonymous()).unwrap(), gate.admit(&user("alice", "hunter2")).unwrap()];
    let names = |session: &Session| -> Vec<String> {
        session.fellows().into_iter().map(|fellow| fellow.user.unwrap_or_default()).collect()
    };
    assert_eq!(names(&others[0]), ["anonymous"], "anonymous oversees nobody, whatever rows say");
    let seen = names(&alice);
    drop(others);
    assert_eq!(alice.fellows().len(), 1, "who has left is not there");
    seen
}

#[test]
fn the_sessions_of_others_are_for_whom_a_row_names() {
    for (rows, oversees) in [
        (vec![], false),
        (vec![row(&["alice"], &[], &[])], true),
        (vec![row(&["bob", "anonymous"], &[], &[])], false),
        (vec![row(&[], &["ops"], &[])], false),
        (vec![row(&[], &[], &[])], false),
        (vec![row(&["alice"], &[], &["10.0.0.0/8", "192.0.2.0/24"])], true),
        (vec![row(&["alice"], &[], &["10.0.0.0/8"])], false),
        (vec![row(&["bob"], &[], &[]), row(&["alice"], &[], &[])], true),
    ] {
        let expected: &[&str] = if oversees { &["alice", "anonymous", "alice"] } else { &["alice", "alice"] };
        assert_eq!(seen(rows.clone()), expected, "{rows:?}");
    }
}
