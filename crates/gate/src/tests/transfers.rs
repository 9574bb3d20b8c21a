use super::*;
use std::collections::BTreeMap;

/// The ends of all transfers, each started exactly once and ended exactly once.
fn ends(events: &Events) -> Vec<(Direction, End)> {
    let mut open = BTreeMap::new();
    let mut ends = Vec::new();
    let mut seq = 0;
    for event in seen(events) {
        assert_eq!(event.seq, seq + 1, "no event is lost");
        seq = event.seq;
        match event.what {
            What::Started { transfer, path, dir, .. } => {
                assert!(open.insert(transfer, (path, dir)).is_none(), "{transfer} started twice");
            }
            What::Ended { transfer, path, dir, end, .. } => {
                assert_eq!(
                    open.remove(&transfer),
                    Some((path, dir)),
                    "{transfer} ended twice or never began"
                );
                ends.push((dir, end));
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "without an end: {open:?}");
    ends
}

#[test]
fn every_way_to_end_is_one_event_before_the_call_returns() {
    let store = Memory::new();
    store.seed("/f", "content");
    let (gate, events) = Gate::new(Arc::new(store.clone()), policy(true));
    let session = gate.admit(&user("alice", "hunter2")).unwrap();
    let begin = |mode| {
        let mut writing = session.write(&p("/g"), ask(mode)).unwrap();
        let start = writing.start();
        writing.write_at(start, b"12345").unwrap();
        writing
    };
    let end = |outcome| End::new(outcome, 5);
    let one = |outcome, octets| {
        let ends = std::iter::from_fn(|| events.try_recv()).filter_map(|e| match e.what {
            What::Ended { end, .. } => Some((end.outcome, end.octets)),
            _ => None,
        });
        assert_eq!(ends.collect::<Vec<_>>(), [(outcome, octets)]);
    };
    session.read(&p("/f")).unwrap().finish(End::new(Outcome::Unconfirmed, 7));
    one(Outcome::Unconfirmed, 7);
    drop(session.read(&p("/f")).unwrap());
    one(Outcome::Aborted, 0);
    drop(begin(Mode::New));
    one(Outcome::Aborted, 5);
    begin(Mode::New).fail(end(Outcome::TimedOut));
    one(Outcome::TimedOut, 5);
    begin(Mode::New).suspend(end(Outcome::Aborted));
    one(Outcome::Aborted, 5);
    assert_eq!(session.partial(&p("/g")), Some(5));
    begin(Mode::Resume(5)).commit(end(Outcome::Complete)).unwrap();
    one(Outcome::Complete, 5);
    assert_eq!(store.content("g").as_deref(), Some(&b"1234512345"[..]));
    // A commit that fails.
    let late = session.write(&p("/late"), ask(Mode::New)).unwrap();
    store.seed("/late", "first");
    assert_eq!(late.commit(end(Outcome::Complete)), Err(Refusal::Exists));
    one(Outcome::Failed, 5);
    assert_eq!(store.content("late").as_deref(), Some(&b"first"[..]));
}

#[test]
fn refusals_are_events_and_no_transfers() {
    let (gate, events) = Gate::new(Arc::new(Memory::new()), policy(false));
    let session = gate.admit(&tftp()).unwrap();
    assert_eq!(session.read(&p("/absent")).err(), Some(Refusal::Absent));
    assert_eq!(session.write(&p("/f"), ask(Mode::New)).err(), Some(Refusal::Denied));
    assert_eq!(session.stat(&p("/mistyped")).err(), Some(Refusal::Absent));
    session.stat(&p("/")).unwrap();
    let told: Vec<_> = seen(&events).into_iter().map(|e| e.what).collect();
    let refused = |verb, path: &str, why| What::Refused { verb, path: p(path), why };
    assert_eq!(
        told,
        [
            What::Admitted,
            refused(Verb::Read, "/absent", Refusal::Absent),
            refused(Verb::Write, "/f", Refusal::Denied),
            refused(Verb::Stat, "/mistyped", Refusal::Absent),
        ]
    );
}

#[test]
fn partials_are_their_users_and_tftp_keeps_none() {
    let (gate, _events) = Gate::new(Arc::new(Memory::new()), policy(true));
    let admit = |knock: &Knock| gate.admit(knock).unwrap();
    let suspend = |session: &Session, path: &str| {
        let mut writing = session.write(&p(path), ask(Mode::Overwrite)).unwrap();
        writing.write_at(0, b"half").unwrap();
        writing.suspend(End::new(Outcome::Aborted, 4));
    };
    let email = || Credentials::Anonymous { email: String::new() };
    let here = admit(&anonymous());
    let there = admit(&knock_from("192.0.2.99:1", Protocol::Ftp, email()));
    let alice = admit(&user("alice", "hunter2"));
    let nobody = admit(&tftp());
    suspend(&here, "/a");
    suspend(&alice, "/u");
    suspend(&nobody, "/t");
    let found = |path: &str| [&here, &there, &alice, &nobody].map(|s| s.partial(&p(path)));
    assert_eq!(found("/a"), [Some(4), None, None, None], "anonymous of one address is not that of another");
    assert_eq!(found("/u"), [None, None, Some(4), None]);
    assert_eq!(found("/t"), [None; 4]);
    assert_eq!(
        there.write(&p("/a"), ask(Mode::Resume(4))).err(),
        Some(Refusal::BeyondEnd { offset: 4, len: 0 })
    );
}

#[test]
fn of_two_sessions_of_one_user_the_last_commit_wins_whole() {
    let store = Memory::new();
    let (gate, events) = Gate::new(Arc::new(store.clone()), policy(true));
    let sessions = [0, 1].map(|_| gate.admit(&user("alice", "hunter2")).unwrap());
    for last in [0, 1] {
        let mut both = sessions.each_ref().map(|s| s.write(&p("/f"), ask(Mode::Overwrite)).unwrap());
        for block in 0..50u64 {
            both[0].write_at(block * 4, b"AAAA").unwrap();
            both[1].write_at(block * 6, b"BBBBBB").unwrap();
        }
        let [a, b] = both;
        let (first, second) = if last == 0 { (b, a) } else { (a, b) };
        first.commit(End::default()).unwrap();
        second.commit(End::default()).unwrap();
        let expected = if last == 0 { vec![b'A'; 200] } else { vec![b'B'; 300] };
        assert_eq!(store.content("f").as_deref(), Some(&expected[..]));
    }
    assert_eq!(ends(&events).len(), 4);
}

#[test]
fn whatever_is_done_each_transfer_ends_once_and_every_place_comes_back() {
    let store = Memory::with_capacity(2_000);
    store.seed("/f", "0123456789");
    let limits = limits(6, 6, 5);
    let policy = Policy { limits, event_queue: 1 << 16, ..policy(true) };
    let (gate, events) = Gate::new(Arc::new(store), policy);
    let mut seed = 0x5eed_u64;
    println!("seed {seed:#x}");
    let mut random = |n: u64| {
        // xorshift64
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % n
    };
    let (mut sessions, mut readings, mut writings) = (Vec::new(), Vec::new(), Vec::new());
    let mut started = 0;
    for _ in 0..20_000 {
        let path = p(["/f", "/g", "/.h"][random(3) as usize]);
        let outcome = [Outcome::Complete, Outcome::TimedOut, Outcome::Refused][random(3) as usize];
        match random(9) {
            0 => {
                let peer =
                    [tftp(), anonymous(), user("alice", "hunter2")].into_iter().nth(random(3) as usize);
                sessions.extend(gate.admit(&peer.expect("three")).ok());
            }
            1 if !sessions.is_empty() => drop(sessions.swap_remove(random(sessions.len() as u64) as usize)),
            2 if !sessions.is_empty() => {
                let session: &Session = &sessions[random(sessions.len() as u64) as usize];
                readings.extend(session.read(&path).ok().inspect(|_| started += 1));
            }
            3 | 4 if !sessions.is_empty() => {
                let session = &sessions[random(sessions.len() as u64) as usize];
                let mode =
                    [Mode::New, Mode::Overwrite, Mode::Append, Mode::Resume(random(12))][random(4) as usize];
                let expected = (random(2) == 0).then(|| random(3_000));
                let writing = session.write(&path, Ask { mode, expected });
                writings.extend(writing.ok().inspect(|_| started += 1));
            }
            5 if !readings.is_empty() => {
                let reading: Reading = readings.swap_remove(random(readings.len() as u64) as usize);
                if random(2) == 0 { reading.finish(End::new(outcome, 10)) } else { drop(reading) }
            }
            6 | 7 if !writings.is_empty() => {
                let mut writing: Writing = writings.swap_remove(random(writings.len() as u64) as usize);
                let written = writing.write_at(writing.start() + random(9), &[b'x'; 30]);
                match random(4) {
                    0 if written.is_ok() => drop(writing.commit(End::new(outcome, 30))),
                    1 => writing.suspend(End::new(outcome, 30)),
                    2 => writing.fail(End::new(outcome, 30)),
                    _ => drop(writing),
                }
            }
            _ => {}
        }
        let (open_sessions, open_transfers) = gate.open();
        assert!(open_sessions <= 6 && open_transfers == readings.len() + writings.len());
    }
    drop((sessions, readings, writings));
    assert_eq!(gate.open(), (0, 0));
    assert!(started > 1_000, "only {started} transfers");
    assert_eq!(ends(&events).len(), started);
}

#[test]
fn modify_goes_by_the_rights_of_an_upload_and_counts_what_was_written() {
    let store = Memory::new();
    store.seed("/f", "0123456789");
    let (gate, events) = Gate::new(Arc::new(store.clone()), policy(true));
    let session = gate.admit(&user("alice", "hunter2")).unwrap();
    let mut writing = session.write(&p("/f"), ask(Mode::Modify)).unwrap();
    writing.write_at(2, b"xy").unwrap();
    assert_eq!(store.content("f").as_deref(), Some(&b"0123456789"[..]));
    drop(writing);
    let mut writing = session.write(&p("/f"), ask(Mode::Modify)).unwrap();
    writing.write_at(2, b"xyz").unwrap();
    writing.commit(End::new(Outcome::Complete, 3)).unwrap();
    assert_eq!(store.content("f").as_deref(), Some(&b"01xyz56789"[..]));
    let octets: Vec<_> = ends(&events).into_iter().map(|(_, end)| (end.outcome, end.octets)).collect();
    assert_eq!(octets, [(Outcome::Aborted, 2), (Outcome::Complete, 3)]);
    // Who is not known destroys nothing: the old content is kept.
    let anybody = gate.admit(&anonymous()).unwrap();
    let mut writing = anybody.write(&p("/f"), ask(Mode::Modify)).unwrap();
    writing.write_at(0, b"A").unwrap();
    let published = writing.commit(End::new(Outcome::Complete, 1)).unwrap();
    assert!(published.kept.is_some());
    assert_eq!(store.content("f").as_deref(), Some(&b"A1xyz56789"[..]));
}

#[test]
fn a_length_is_set_whole_and_only_of_a_file_that_is_there() {
    let store = Memory::new();
    store.seed("/d/f", "0123456789");
    let (gate, events) = Gate::new(Arc::new(store.clone()), policy(true));
    let session = gate.admit(&user("alice", "hunter2")).unwrap();
    for (len, content) in [(4, &b"0123"[..]), (6, b"0123\0\0"), (0, b""), (2, b"\0\0")] {
        session.set_len(&p("/d/f"), len).unwrap();
        assert_eq!(store.content("d/f").as_deref(), Some(content));
    }
    assert_eq!(session.set_len(&p("/d/f"), 1 << 40), Err(Refusal::NoSpace));
    assert_eq!(store.content("d/f").as_deref(), Some(&b"\0\0"[..]));
    assert_eq!(session.set_len(&p("/d/g"), 0), Err(Refusal::Absent));
    assert_eq!(session.set_len(&p("/d"), 0), Err(Refusal::IsDirectory));
    assert_eq!(ends(&events).len(), 5);
    let (gate, _events) = Gate::new(Arc::new(store.clone()), policy(false));
    let session = gate.admit(&user("alice", "hunter2")).unwrap();
    assert_eq!(session.set_len(&p("/d/f"), 0), Err(Refusal::Denied));
}

#[test]
fn a_rename_to_a_free_name_replaces_nothing_and_is_told() {
    let store = Memory::new();
    store.seed("/f", "f");
    store.seed("/g", "g");
    let (gate, events) = Gate::new(Arc::new(store.clone()), policy(true));
    let session = gate.admit(&user("alice", "hunter2")).unwrap();
    assert_eq!(session.rename_new(&p("/f"), &p("/g")), Err(Refusal::Exists));
    assert_eq!(session.rename_new(&p("/f"), &p("/.hidden")), Err(Refusal::Denied));
    session.rename_new(&p("/f"), &p("/h")).unwrap();
    assert_eq!(store.content("g").as_deref(), Some(&b"g"[..]));
    assert_eq!(store.content("h").as_deref(), Some(&b"f"[..]));
    let renamed =
        |e: &Event| matches!(&e.what, What::Renamed { from, to } if (from, to) == (&p("/f"), &p("/h")));
    assert_eq!(seen(&events).iter().filter(|e| renamed(e)).count(), 1);
}
