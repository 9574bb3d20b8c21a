//! Our SFTP sessions in this process, without SSH, and clients that say what no good client says.

mod flood;
mod seen;
mod talk;
mod tree;

use e2e::content::Content;
use e2e::poll::{PATIENCE, until};
use gate::{Outcome, Policy};
use serve::sftp::{End, SftpConfig};
use serve::streams::Phase;
use sftp_proto::{Answer, Ask, Attrs, Extended, OpenFlags, Status};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;
use store::local::{Local, LocalOptions};
use store::memory::Memory;
use talk::{house, writable};

const READ: OpenFlags = OpenFlags::READ;
const WRITE: OpenFlags = OpenFlags::WRITE;

#[test]
fn s3_a_file_is_read_to_its_end_and_closed_as_whole() {
    let (store, content) = (Memory::new(), Content::random(600_000).octets());
    store.seed("/f", content.clone());
    let house = house(store, Policy::default());
    let mut talk = house.talk();
    let handle = talk.open(b"/f", READ);
    let mut got = Vec::new();
    loop {
        // Longer than what a READ is answered with.
        match talk.read(&handle, got.len() as u64, u32::MAX) {
            Ok(data) => {
                assert!(data.len() <= 261_120);
                got.extend(data);
            }
            Err(end) => break assert_eq!(end, Status::Eof),
        }
    }
    assert!(got == content);
    assert_eq!(talk.read(&handle, u64::MAX, 1), Err(Status::Eof));
    assert_eq!(house.ends(), []);
    assert_eq!(talk.close(&handle), Status::Ok);
    assert_eq!(house.ends(), [(String::from("/f"), Outcome::Complete, 600_000)], "before the answer");
    // Half of one is no whole one; the rest of one is.
    let handle = talk.open(b"f", READ);
    talk.read(&handle, 0, 1_000).unwrap();
    talk.close(&handle);
    let handle = talk.open(b"./f", READ);
    talk.read(&handle, 599_000, 2_000).unwrap();
    talk.close(&handle);
    let ends: Vec<_> = house.ends().into_iter().map(|(_, outcome, octets)| (outcome, octets)).collect();
    assert_eq!(ends, [(Outcome::Aborted, 1_000), (Outcome::Complete, 1_000)]);
    assert!(matches!(talk.leave(), End::Done));
}

#[test]
fn an_upload_is_seen_by_others_at_its_close_and_by_its_client_before() {
    let store = Memory::new();
    store.seed("/f", "old");
    let house = house(store.clone(), writable());
    let (mut talk, mut other) = (house.talk(), house.talk());
    let handle = talk.create(b"/f");
    // Out of order, over each other, with a hole.
    for (offset, data) in [(4, &b"5678"[..]), (0, b"1234"), (2, b"__"), (10, b"!")] {
        assert_eq!(talk.status(Ask::Write { handle: &handle, offset, data }), Status::Ok);
    }
    assert_eq!(talk.size(Ask::Fstat { handle: &handle }), Ok(11));
    assert_eq!(talk.size(Ask::Stat { path: b"/f" }), Ok(11));
    assert_eq!(other.size(Ask::Stat { path: b"/f" }), Ok(3));
    assert_eq!(store.content("f").as_deref(), Some(&b"old"[..]));
    assert_eq!(talk.close(&handle), Status::Ok);
    assert_eq!(store.content("f").as_deref(), Some(&b"12__5678\0\0!"[..]));
    assert_eq!(other.size(Ask::Stat { path: b"/f" }), Ok(11));
    let ended = house.ends();
    assert_eq!(ended, [(String::from("/f"), Outcome::Complete, 11)]);
}

#[test]
fn what_was_written_is_read_back_in_order() {
    let house = house(Memory::new(), writable());
    let mut talk = house.talk();
    let handle = talk.open(b"/f", READ.and(WRITE).and(OpenFlags::CREATE));
    // Nobody waits for an answer in between.
    let mut asked = Vec::new();
    for n in 0..100u8 {
        let offset = u64::from(n / 2);
        talk.ask(Ask::Write { handle: &handle, offset, data: &[n] });
        asked.push(talk.ask(Ask::Read { handle: &handle, offset, len: 1 }));
    }
    let mut seen = vec![];
    for _ in 0..200 {
        talk.answer(|id, answer| match answer {
            Answer::Data(data) => seen.push((id, data[0])),
            Answer::Status { status, .. } => assert_eq!(status, Status::Ok),
            other => panic!("{other:?}"),
        });
    }
    seen.sort_unstable();
    let wanted: Vec<_> = asked.into_iter().zip(0..100u8).collect();
    assert_eq!(seen, wanted);
}

#[test]
fn s12_a_half_upload_goes_on_where_it_was_left() {
    let (store, content) = (Memory::new(), Content::random(100_000).octets());
    let house = house(store.clone(), writable());
    let mut talk = house.talk();
    let handle = talk.create(b"/f");
    let (first, rest) = content.split_at(40_000);
    assert_eq!(talk.status(Ask::Write { handle: &handle, offset: 0, data: first }), Status::Ok);
    assert!(matches!(talk.leave(), End::Done));
    assert_eq!(store.content("f"), None, "what is half is under no name");
    assert_eq!(house.ends(), [(String::from("/f"), Outcome::Aborted, 40_000)]);
    // `reput`: how long is it, open it without emptying it, write behind that.
    let mut talk = house.talk();
    assert_eq!(talk.size(Ask::Stat { path: b"/f" }), Ok(40_000));
    let handle = talk.open(b"/f", WRITE.and(OpenFlags::CREATE));
    assert_eq!(talk.size(Ask::Fstat { handle: &handle }), Ok(40_000));
    assert_eq!(talk.status(Ask::Write { handle: &handle, offset: 40_000, data: rest }), Status::Ok);
    assert_eq!(talk.close(&handle), Status::Ok);
    assert!(store.content("f").as_deref() == Some(&content[..]));
    assert_eq!(house.ends(), [(String::from("/f"), Outcome::Complete, 60_000)]);
}

#[test]
fn a_file_is_changed_in_place_and_appended_to() {
    let store = Memory::new();
    store.seed("/f", "0123456789");
    let house = house(store.clone(), writable());
    let mut talk = house.talk();
    let handle = talk.open(b"/f", WRITE);
    assert_eq!(talk.status(Ask::Write { handle: &handle, offset: 3, data: b"abc" }), Status::Ok);
    let attrs = Attrs { size: Some(8), ..Attrs::default() };
    assert_eq!(talk.status(Ask::Fsetstat { handle: &handle, attrs }), Status::Ok);
    assert_eq!(store.content("f").as_deref(), Some(&b"0123456789"[..]));
    talk.close(&handle);
    assert_eq!(store.content("f").as_deref(), Some(&b"012abc67"[..]));
    let handle = talk.open(b"/f", WRITE.and(OpenFlags::APPEND));
    for data in [&b"+"[..], b"++"] {
        talk.status(Ask::Write { handle: &handle, offset: 0, data });
    }
    talk.close(&handle);
    assert_eq!(store.content("f").as_deref(), Some(&b"012abc67+++"[..]));
    // Without CREATE there has to be one, with EXCLUSIVE there must be none.
    let open = |path, flags| Ask::Open { path, flags, attrs: Attrs::default() };
    assert_eq!(talk.status(open(b"/g", WRITE)), Status::NoSuchFile);
    let new = WRITE.and(OpenFlags::CREATE).and(OpenFlags::EXCLUSIVE);
    assert_eq!(talk.status(open(b"/f", new)), Status::Failure);
    assert_eq!(talk.status(open(b"/", WRITE.and(OpenFlags::CREATE))), Status::Failure);
    assert_eq!(talk.status(open(b"/f", OpenFlags(0))), Status::OpUnsupported);
}

/// sshfs opens so whatever it then does.
#[test]
fn a_file_that_is_opened_for_both_and_only_read_stays_the_same_file() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::open(dir.path(), LocalOptions { write: true, ..LocalOptions::default() }).unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, "content").unwrap();
    let before = std::fs::metadata(&path).unwrap();
    let house = house(local, writable());
    let mut talk = house.talk();
    let handle = talk.open(b"/f", READ.and(WRITE).and(OpenFlags::CREATE));
    assert_eq!(talk.read(&handle, 3, 100), Ok(b"tent".to_vec()));
    assert_eq!(talk.read(&handle, u64::MAX, 100), Err(Status::Eof));
    assert_eq!(talk.close(&handle), Status::Ok);
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
    let handle = talk.open(b"/f", READ);
    assert_eq!(talk.read(&handle, u64::MAX, 100), Err(Status::Eof));
    assert_eq!(talk.read(&handle, 1 << 62, 100), Err(Status::Eof));
    talk.close(&handle);
    // One that was not there is there, without an octet.
    let handle = talk.open(b"/new", READ.and(WRITE).and(OpenFlags::CREATE));
    assert_eq!(talk.close(&handle), Status::Ok);
    assert_eq!(std::fs::metadata(dir.path().join("new")).unwrap().len(), 0);
}

/// Handles, places and memory are given back: one session, each file opened, read and closed without waiting.
#[test]
fn ten_thousand_files_go_through_one_session() {
    let store = Memory::new();
    for n in 0..10_000u32 {
        store.seed(&format!("/{n}"), n.to_be_bytes().to_vec());
    }
    let house = house(store, Policy::default());
    let mut talk = house.talk();
    let mut handles = Vec::new();
    for first in (0..10_000u32).step_by(500) {
        for n in first..first + 500 {
            let path = n.to_string();
            talk.ask(Ask::Open { path: path.as_bytes(), flags: READ, attrs: Attrs::default() });
        }
        handles.clear();
        for _ in 0..500 {
            talk.answer(|_, answer| match answer {
                Answer::Handle(handle) => handles.push(handle.to_vec()),
                other => panic!("{other:?}"),
            });
        }
        for handle in &handles {
            talk.ask(Ask::Read { handle, offset: 0, len: 261_120 });
            talk.ask(Ask::Close { handle });
        }
        let mut seen = Vec::new();
        for _ in 0..1_000 {
            talk.answer(|_, answer| match answer {
                Answer::Data(data) => seen.push(u32::from_be_bytes(data.try_into().unwrap())),
                Answer::Status { status, .. } => assert_eq!(status, Status::Ok),
                other => panic!("{other:?}"),
            });
        }
        seen.sort_unstable();
        assert_eq!(seen, (first..first + 500).collect::<Vec<_>>());
        assert_eq!(house.gate.open().1, 0, "transfers are over with their CLOSE");
    }
    let whole = house.ends().into_iter().filter(|(_, outcome, _)| *outcome == Outcome::Complete).count();
    assert_eq!(whole, 10_000);
}

#[test]
fn a_write_that_fails_leaves_the_old_file() {
    let store = Memory::with_capacity(1_000);
    store.seed("/f", "old");
    let house = house(store.clone(), writable());
    let mut talk = house.talk();
    let handle = talk.create(b"/f");
    assert_eq!(talk.status(Ask::Write { handle: &handle, offset: 0, data: &[1; 500] }), Status::Ok);
    assert_eq!(talk.status(Ask::Write { handle: &handle, offset: 500, data: &[1; 5_000] }), Status::Failure);
    assert_eq!(talk.status(Ask::Write { handle: &handle, offset: u64::MAX, data: &[1] }), Status::Failure);
    assert_eq!(talk.close(&handle), Status::Failure);
    assert_eq!(store.content("f").as_deref(), Some(&b"old"[..]));
    let ends = house.ends();
    assert_eq!(ends[0].1, Outcome::Failed, "{ends:?}");
}

#[test]
fn who_is_kicked_goes_at_once_and_what_is_half_is_kept() {
    let house = house(Memory::new(), writable());
    let mut talk = house.talk();
    let handle = talk.create(b"/f");
    talk.status(Ask::Write { handle: &handle, offset: 0, data: b"half" });
    let everybody = "127.0.0.0/8".parse().unwrap();
    assert_eq!(house.gate.kick_from(&everybody, &gate::audit::By::Itself), 1);
    talk.kick.send(()).unwrap();
    assert!(matches!(talk.ended(), End::Kicked));
    assert_eq!(house.ends(), [(String::from("/f"), Outcome::Aborted, 4)]);
    let mut talk = house.talk();
    assert_eq!(talk.size(Ask::Stat { path: b"/f" }), Ok(4));
}

#[test]
fn a_server_that_stops_lets_open_files_be_finished() {
    let store = Memory::new();
    let house = house(store.clone(), writable());
    let mut talk = house.talk();
    let handle = talk.create(b"/f");
    talk.drain.send(Phase::Draining).unwrap();
    talk.status(Ask::Write { handle: &handle, offset: 0, data: b"all" });
    assert_eq!(talk.close(&handle), Status::Ok);
    assert!(matches!(talk.ended(), End::Drained));
    assert_eq!(store.content("f").as_deref(), Some(&b"all"[..]));
}

#[test]
fn who_says_nothing_for_too_long_goes() {
    let short = Duration::from_millis(50);
    let config = SftpConfig { idle: short, no_progress: Duration::from_secs(3_600), ..SftpConfig::default() };
    let house = house(Memory::new(), writable());
    assert!(matches!(house.talk_over(1_000, config).ended(), End::Stalled));
    // With a file open it is the other patience.
    let config = SftpConfig { idle: Duration::from_secs(3_600), no_progress: short, ..SftpConfig::default() };
    let mut talk = house.talk_over(1_000, config);
    talk.create(b"/f");
    assert!(matches!(talk.ended(), End::Stalled));
    assert_eq!(house.ends(), [(String::from("/f"), Outcome::TimedOut, 0)]);
}

#[test]
fn a_rate_is_kept_both_ways() {
    let per_transfer = gate::Rates { inward: Some(200_000), outward: Some(200_000) };
    let limits = gate::Limits { per_transfer, ..gate::Limits::default() };
    let (store, content) = (Memory::new(), Content::random(150_000).octets());
    store.seed("/f", content.clone());
    let house = house(store.clone(), Policy { limits, ..writable() });
    let mut talk = house.talk();
    let began = std::time::Instant::now();
    let handle = talk.open(b"/f", READ);
    for n in 0..15 {
        talk.ask(Ask::Read { handle: &handle, offset: n * 10_000, len: 10_000 });
    }
    for _ in 0..15 {
        talk.answer(|_, answer| assert!(matches!(answer, Answer::Data(_))));
    }
    // A tenth of a second may be caught up with, and the last READ is not waited for.
    let least = Duration::from_millis(550);
    assert!(began.elapsed() >= least, "{:?}", began.elapsed());
    let (began, handle) = (std::time::Instant::now(), talk.create(b"/g"));
    for (n, data) in content.chunks(10_000).enumerate() {
        talk.ask(Ask::Write { handle: &handle, offset: n as u64 * 10_000, data });
    }
    for _ in 0..15 {
        talk.answer(|_, answer| assert!(matches!(answer, Answer::Status { status: Status::Ok, .. })));
    }
    assert_eq!(talk.close(&handle), Status::Ok);
    assert!(began.elapsed() >= least, "{:?}", began.elapsed());
    assert!(store.content("g").as_deref() == Some(&content[..]));
}

/// It is a download and an upload at once; who is thrown out does not have to wait for its end.
#[test]
fn a_copy_within_the_server_keeps_the_rates_of_both_files() {
    let (fast, slow) = (Some(1_000_000), Some(100_000));
    let content = Content::random(150_000).octets();
    let server = |inward, outward| {
        let limits =
            gate::Limits { per_transfer: gate::Rates { inward, outward }, ..gate::Limits::default() };
        let store = Memory::new();
        store.seed("/f", content.clone());
        (house(store.clone(), Policy { limits, ..writable() }), store)
    };
    fn copy<'a>(from: &'a [u8], to: &'a [u8]) -> Ask<'a> {
        Ask::Extended(Extended::CopyData { from, offset: 0, len: 0, to, at: 0 })
    }
    for (inward, outward) in [(fast, slow), (slow, None)] {
        let (house, store) = server(inward, outward);
        let mut talk = house.talk();
        let (from, to) = (talk.open(b"/f", READ), talk.create(b"/g"));
        let began = std::time::Instant::now();
        assert_eq!(talk.status(copy(&from, &to)), Status::Ok);
        // A tenth of a second may be caught up with for each.
        let least = Duration::from_millis(1_200);
        assert!(began.elapsed() >= least, "{inward:?} {outward:?}: {:?}", began.elapsed());
        assert_eq!((talk.close(&to), talk.close(&from)), (Status::Ok, Status::Ok));
        assert!(store.content("g").as_deref() == Some(&content[..]));
        let end = |name: &str| (String::from(name), Outcome::Complete, 150_000);
        assert_eq!(house.ends(), [end("/g"), end("/f")]);
    }
    let (house, store) = server(Some(2_000), None);
    store.seed("/g", "old");
    let mut talk = house.talk();
    let (from, to) = (talk.open(b"/f", READ), talk.create(b"/g"));
    talk.ask(copy(&from, &to));
    let started = |event: gate::audit::Event| match event.what {
        gate::audit::What::Started { dir: gate::Direction::Write, progress, .. } => Some(progress),
        _ => None,
    };
    let progress = until(PATIENCE, || house.events.try_recv().and_then(started)).expect("it was opened");
    until(PATIENCE, || (progress.octets() > 0).then_some(())).expect("it copies");
    let everybody = "0.0.0.0/0".parse().unwrap();
    assert_eq!(house.gate.kick_from(&everybody, &gate::audit::By::Itself), 1);
    talk.kick.send(()).unwrap();
    let began = std::time::Instant::now();
    assert!(matches!(talk.ended(), End::Kicked));
    // All of it would take 75 s.
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert!(
        house.ends().iter().all(|(_, outcome, octets)| *outcome == Outcome::Aborted && *octets < 150_000)
    );
    assert_eq!(store.content("g").as_deref(), Some(&b"old"[..]));
}
