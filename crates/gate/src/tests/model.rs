//! Every peer x verb x name x write flag against a table that was written from the contract, not from
//! the code.

use super::*;
use store::StoreError;

/// `.` done, `-` denied, `0` absent. A column for each peer: T(FTP), A(nonymous), U(ser).
const TABLE: &str = "
    verb         name      read-only TAU   --write TAU
    read         /f                  ...           ...
    read         /.f                 000           000
    read         /.d/f               000           000
    stat         /f                  ...           ...
    stat         /.f                 000           000
    list         /d                  ...           ...
    list         /.d                 000           000
    new          /n                  ---           ...
    new          /.n                 ---           ---
    over         /f                  ---           ...
    over         /.f                 ---           ---
    append       /f                  ---           ...
    resume       /f                  ---           ...
    rename       /f                  ---           --.
    rename       /.f                 ---           --0
    hide         /f                  ---           ---
    remove       /f                  ---           --.
    remove       /.f                 ---           --0
    make_dir     /n                  ---           --.
    make_dir     /.n                 ---           ---
    remove_dir   /e                  ---           --.
    remove_dir   /.e                 ---           --0
    set_modified /f                  ---           --.
    set_modified /.f                 ---           --0
";

fn seeded() -> Memory {
    let store = Memory::new();
    for name in ["f", ".f", "d/f", ".d/f"] {
        store.seed(name, "old");
    }
    for dir in ["/e", "/.e"] {
        store.make_dir(&p(dir)).unwrap();
    }
    store
}

fn act(session: &Session, verb: &str, path: &VPath) -> Result<(), Refusal> {
    let write = |mode| {
        let mut writing = session.write(path, ask(mode))?;
        let start = writing.start();
        writing.write_at(start, b"new").unwrap();
        writing.commit(End::new(Outcome::Complete, 3)).map(drop)
    };
    match verb {
        "read" => session.read(path).map(|r| r.finish(End::new(Outcome::Complete, 3))),
        "stat" => session.stat(path).map(drop),
        "list" => session.list(path).map(drop),
        "new" => write(Mode::New),
        "over" => write(Mode::Overwrite),
        "append" => write(Mode::Append),
        "resume" => write(Mode::Resume(2)),
        "rename" => session.rename(path, &p("/moved")),
        "hide" => session.rename(path, &p("/.moved")),
        "remove" => session.remove(path),
        "make_dir" => session.make_dir(path),
        "remove_dir" => session.remove_dir(path),
        "set_modified" => session.set_modified(path, std::time::UNIX_EPOCH),
        other => panic!("no verb {other}"),
    }
}

#[test]
fn every_peer_verb_and_flag_as_in_the_table() {
    let mut checked = 0;
    for row in TABLE.lines().filter(|l| l.contains(" /")) {
        let [verb, path, read_only, write]: [&str; 4] =
            row.split_whitespace().collect::<Vec<_>>().try_into().expect("four columns");
        for (flag, cells) in [(false, read_only), (true, write)] {
            for (peer, cell) in [tftp(), anonymous(), user("alice", "hunter2")].iter().zip(cells.chars()) {
                let store = seeded();
                let (gate, events) = Gate::new(Arc::new(store.clone()), policy(flag));
                let session = gate.admit(peer).unwrap();
                let who = session.user().unwrap_or("tftp").to_owned();
                let found = act(&session, verb, &p(path));
                let expected = match cell {
                    '.' => Ok(()),
                    '-' => Err(Refusal::Denied),
                    '0' => Err(Refusal::Absent),
                    other => panic!("no cell {other}"),
                };
                let case = format!("{verb} {path} by {who}, write {flag}");
                assert_eq!(found, expected, "{case}");
                if found.is_err() {
                    unchanged(&store, &case);
                } else if matches!(verb, "over" | "append" | "resume") {
                    old_is_kept_from_the_unknown(&store, &events, who == "alice", &case);
                }
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 24 * 6);
}

fn unchanged(store: &Memory, case: &str) {
    for name in ["f", ".f", "d/f", ".d/f"] {
        assert_eq!(store.content(name).as_deref(), Some(&b"old"[..]), "{case}: {name}");
    }
    for gone in ["/n", "/.n", "/moved", "/.moved"] {
        assert!(matches!(store.stat(&p(gone)), Err(StoreError::Absent)), "{case}: {gone}");
    }
    assert!(store.stat(&p("/e")).is_ok() && store.stat(&p("/.e")).is_ok(), "{case}");
    let modified = store.stat(&p("/f")).unwrap().modified;
    assert_ne!(modified, std::time::UNIX_EPOCH, "{case}");
}

fn old_is_kept_from_the_unknown(store: &Memory, events: &Events, known: bool, case: &str) {
    assert_ne!(store.content("f").as_deref(), Some(&b"old"[..]), "{case}");
    let kept = seen(events).into_iter().find_map(|e| match e.what {
        What::Ended { kept, .. } => Some(kept),
        _ => None,
    });
    let kept = kept.expect("a transfer ended");
    assert_eq!(kept.is_some(), !known, "{case}");
    if let Some(kept) = kept {
        assert_eq!(store.content(&kept.to_string()).as_deref(), Some(&b"old"[..]), "{case}");
    }
}
