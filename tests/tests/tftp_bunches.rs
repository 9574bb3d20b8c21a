//! The client's taps while datagrams are taken in bunches: each packet is seen once, in the order that the
//! protocol had.

use client::{Options, Scheme, TftpOptions};
use e2e::ours::{self, Kept};
use gate::{Gate, Policy};
use serve::tftp::{TftpConfig, TftpServer};
use std::net::UdpSocket;
use std::sync::{Arc, Mutex};
use store::Blob;
use store::memory::Memory;
use transport::tap::{Dir, Sense, Sight, Tap, What};

/// What was seen: direction, opcode, number, octets in all.
#[derive(Default)]
struct Seen(Mutex<Vec<(Dir, u8, u16, usize)>>);

impl Tap for Seen {
    fn see(&self, sight: &Sight<'_>) {
        if let What::Datagram { head, len, sense } = sight.what {
            let number = u16::from_be_bytes([head[2], head[3]]);
            // A busy machine may lose one, and then both ends say so.
            if sense == Sense::First {
                self.0.lock().unwrap().push((sight.dir, head[1], number, len));
            }
        }
    }
}

const LEN: usize = 1_000 * 1_428 + 5;

#[test]
fn every_packet_of_a_window_is_seen_once_and_before_its_acknowledgement() {
    let store = Memory::new();
    let content: Vec<u8> = (0..LEN as u32).map(|n| (n.wrapping_mul(n) >> 9) as u8).collect();
    store.seed("/f", content.clone());
    let (gate, _events) = Gate::new(Arc::new(store.clone()), Policy { write: true, ..Policy::default() });
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = TftpServer::start(gate, vec![socket], TftpConfig::default(), None).unwrap();
    let remote = |name: &str| ours::remote(Scheme::Tftp, server.addresses()[0], name);
    let seen = Arc::new(Seen::default());
    let options = || Options {
        tftp: TftpOptions { blksize: Some(1_428), windowsize: Some(64), ..TftpOptions::default() },
        tap: Some(seen.clone()),
        ..Options::default()
    };
    let mut got = Kept::default();
    let done = client::get(&remote("f"), &mut got, &options()).unwrap();
    assert!(got.0 == content && done.octets == LEN as u64);
    let rows = std::mem::take(&mut *seen.0.lock().unwrap());
    let data: Vec<u16> = rows.iter().filter(|r| (r.0, r.1) == (Dir::Received, 3)).map(|r| r.2).collect();
    let octets: usize = rows.iter().filter(|r| (r.0, r.1) == (Dir::Received, 3)).map(|r| r.3 - 4).sum();
    if done.repeats == 0 {
        assert_eq!(data, (1..=1_001).collect::<Vec<u16>>());
        assert_eq!(octets, LEN);
        let acks: Vec<u16> = rows.iter().filter(|r| (r.0, r.1) == (Dir::Sent, 4)).map(|r| r.2).collect();
        let due: Vec<u16> = (0..=15).map(|n| n * 64).chain([1_001]).collect();
        assert_eq!(acks, due, "one a window, and the last one");
    }
    let mut newest = 0;
    for (dir, opcode, number, _) in rows {
        match (dir, opcode) {
            (Dir::Received, 3) => newest = newest.max(number),
            (Dir::Sent, 4) => assert!(number <= newest, "ACK {number} was seen before its block"),
            _ => {}
        }
    }
    let done = client::put(&Blob::Memory(content.clone().into()), &remote("up"), &options()).unwrap();
    assert_eq!(done.octets, LEN as u64);
    let rows = std::mem::take(&mut *seen.0.lock().unwrap());
    let octets: usize = rows.iter().filter(|r| (r.0, r.1) == (Dir::Sent, 3)).map(|r| r.3 - 4).sum();
    assert_eq!(octets, LEN, "each block is seen for the first time once");
    assert!(store.content("/up").is_some_and(|b| b[..] == content[..]));
}
