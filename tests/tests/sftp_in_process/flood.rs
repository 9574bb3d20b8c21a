//! Clients that send and do not read.

use crate::talk::{house, writable};
use e2e::content::Content;
use gate::Policy;
use serve::sftp::{End, SftpConfig};
use sftp_proto::server::Fault;
use sftp_proto::{Answer, Ask, OpenFlags, Request, Status};
use store::memory::Memory;

/// The window in which neither the requests nor one answer have room.
const WINDOW: usize = 1_000;

/// A serial loop hangs here: it waits for its answer to be taken, and the client for its requests.
#[test]
fn whoever_sends_all_requests_before_reading_an_answer_gets_every_one() {
    let (store, content) = (Memory::new(), Content::random(1 << 20).octets());
    store.seed("/f", content.clone());
    let house = house(store, Policy::default());
    for (len, requests) in [(1_024u32, 1_024u64), (32_768, 256), (261_120, 64)] {
        let mut talk = house.talk_over(WINDOW, SftpConfig::default());
        let handle = talk.open(b"/f", OpenFlags::READ);
        let places: Vec<u64> = (0..requests).map(|n| n * 7_919 % 700_000).collect();
        let asked: Vec<u32> = places
            .iter()
            .map(|offset| talk.ask(Ask::Read { handle: &handle, offset: *offset, len }))
            .collect();
        let mut seen = vec![false; places.len()];
        for _ in 0..places.len() {
            talk.answer(|id, answer| {
                let n = asked.iter().position(|asked| *asked == id).expect("a number that was asked");
                let Answer::Data(data) = answer else { panic!("{answer:?}") };
                let start = places[n] as usize;
                assert!(data == &content[start..start + len as usize], "{len} octets at {start}");
                assert!(!std::mem::replace(&mut seen[n], true), "answered twice");
            });
        }
        assert!(matches!(talk.leave(), End::Done));
    }
}

#[test]
fn whoever_writes_all_before_reading_an_answer_is_done_too() {
    let (store, content) = (Memory::new(), Content::random(6_000_000).octets());
    let house = house(store.clone(), writable());
    let mut talk = house.talk_over(WINDOW, SftpConfig::default());
    let handle = talk.create(b"/f");
    for (n, data) in content.chunks(1_000).enumerate() {
        talk.ask(Ask::Write { handle: &handle, offset: n as u64 * 1_000, data });
    }
    for _ in 0..6_000 {
        talk.answer(|_, answer| assert!(matches!(answer, Answer::Status { status: Status::Ok, .. })));
    }
    assert_eq!(talk.close(&handle), Status::Ok);
    assert!(store.content("f").as_deref() == Some(&content[..]));
}

/// What it may cost is counted in the machine; here it is seen to end, and what is open with it.
#[test]
fn whoever_sends_requests_for_ever_and_reads_nothing_is_sent_away() {
    let store = Memory::new();
    store.seed("/f", vec![7; 100_000]);
    let house = house(store, Policy::default());
    let mut talk = house.talk_over(WINDOW, SftpConfig::default());
    let handle = talk.open(b"/f", OpenFlags::READ);
    let mut requests = Vec::new();
    for id in 0..1_000 {
        let ask = Ask::Read { handle: &handle, offset: 0, len: 32_768 };
        Request::Asked { id, ask }.write(&mut requests);
    }
    let sent = (0..100).take_while(|_| talk.octets(&requests).is_ok()).count();
    assert!((65..100).contains(&sent), "{sent} thousand requests");
    let end = talk.ended();
    assert!(matches!(end, End::Broke(Fault::TooMany { most: 65_536 })), "{end:?}");
    assert_eq!(house.ends().len(), 1);
    assert_eq!(house.gate.open(), (0, 0));
}

#[test]
fn so_many_handles_and_no_more_and_all_are_closed_at_the_end() {
    let store = Memory::new();
    store.seed("/f", "x");
    let house = house(store, Policy::default());
    let config = SftpConfig { handles: 10, ..SftpConfig::default() };
    let mut talk = house.talk_over(64 << 10, config);
    let open = || Ask::Open { path: b"/f", flags: OpenFlags::READ, attrs: Default::default() };
    let handles: Vec<_> = (0..10).map(|_| talk.handle(open())).collect();
    assert_eq!(talk.status(open()), Status::Failure);
    assert_eq!(talk.close(&handles[3]), Status::Ok);
    assert_eq!(talk.close(&handles[3]), Status::Failure, "it is stale");
    talk.handle(open());
    assert!(matches!(talk.leave(), End::Done));
    assert_eq!((house.ends().len(), house.gate.open()), (11, (0, 0)));
}

#[test]
fn what_is_no_sftp_ends_the_session() {
    let house = house(Memory::new(), Policy::default());
    for octets in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 100], &[0xff; 100]] {
        let mut talk = house.talk();
        talk.octets(octets).unwrap();
        let end = talk.ended();
        assert!(matches!(end, End::Broke(Fault::Length(_))), "{end:?}");
    }
}
