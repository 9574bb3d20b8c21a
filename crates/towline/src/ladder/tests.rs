use super::*;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use transport::tap::{Dir, Role, Sense, Sight, Tap, What};

/// A put of 600 octets whose first DATA was lost, as its client sees it.
pub(super) fn put_with_one_loss() -> Vec<Seen> {
    let recorder = Recorder::default();
    let (asked, tid) = (69, 41_000);
    let steps: [(Dir, u16, &[u8], usize, Sense); 7] = [
        (Dir::Sent, asked, b"\0\x02a\x1bb.bin\0octet\0", 17, Sense::First),
        (Dir::Received, tid, b"\0\x04\0\0", 4, Sense::First),
        (Dir::Sent, tid, b"\0\x03\0\x01", 516, Sense::First),
        (Dir::Sent, tid, b"\0\x03\0\x01", 516, Sense::Again(1)),
        (Dir::Received, tid, b"\0\x04\0\x01", 4, Sense::First),
        (Dir::Sent, tid, b"\0\x03\0\x02", 92, Sense::First),
        (Dir::Received, tid, b"\0\x04\0\x02", 4, Sense::First),
    ];
    let start = Instant::now();
    for (i, (dir, port, head, len, sense)) in (0u32..).zip(steps) {
        recorder.see(&Sight {
            at: start + Duration::from_millis(250) * i,
            flow: 1,
            local: SocketAddr::from(([10, 0, 0, 2], 50_000)),
            peer: SocketAddr::from(([10, 0, 0, 1], port)),
            dir,
            what: What::Datagram { head, len, sense },
        });
    }
    recorder.seen()
}

#[test]
fn the_three_phases_of_a_put_are_told_apart() {
    let seen = put_with_one_loss();
    let facts = Facts::new(&seen, End::Client);
    use Phase as P;
    assert_eq!(
        facts.phases(),
        [P::Request, P::Request, P::Transfer, P::Transfer, P::Transfer, P::End, P::End]
    );
    assert_eq!(facts.arrows().filter(Arrow::is_repeat).count(), 1);
}

#[test]
fn a_ladder_reads_like_this() {
    let text = draw(&put_with_one_loss(), End::Client);
    let rows: Vec<&str> = text.lines().skip(1).collect();
    assert!(rows[0].contains("client 10.0.0.2") && rows[0].ends_with("server 10.0.0.1"), "{}", rows[0]);
    assert!(rows[2].contains("50000 |-- WRQ \"a\\x1bb.bin\" octet ---"), "{}", rows[2]);
    assert!(rows[2].ends_with(">| 69"), "{}", rows[2]);
    assert!(rows[3].contains("50000 |<---") && rows[3].ends_with("-- ACK 0 --| 41000"), "{}", rows[3]);
    assert!(rows[6].ends_with("41000  again #1") && rows[6].contains("+250.0ms"), "{}", rows[6]);
    let marks = rows.iter().filter(|r| r.contains(". 1.") || r.contains(". 2.") || r.contains(". 3."));
    assert_eq!(marks.count(), 3, "{text}");
    assert!(text.lines().all(|row| row.chars().count() <= WIDTH), "{text}");
}

fn ftp_sight(dir: Dir, local: u16, peer: u16, what: What<'static>) -> Sight<'static> {
    Sight {
        at: Instant::now(),
        flow: 7,
        local: SocketAddr::from(([10, 0, 0, 1], local)),
        peer: SocketAddr::from(([10, 0, 0, 2], peer)),
        dir,
        what,
    }
}

#[test]
fn segments_are_summed_and_passwords_are_masked() {
    let recorder = Recorder::default();
    recorder.see(&ftp_sight(Dir::Received, 21, 5_000, What::Connected { role: Role::Control }));
    recorder.see(&ftp_sight(Dir::Received, 21, 5_000, What::Control(b"pass S3cret")));
    recorder.see(&ftp_sight(Dir::Sent, 20, 5_001, What::Connected { role: Role::Data }));
    for i in 1..=3u64 {
        recorder.see(&ftp_sight(Dir::Sent, 20, 5_001, What::Data { len: 1_000, total: i * 1_000 }));
    }
    recorder.see(&ftp_sight(Dir::Sent, 20, 5_001, What::Closed { role: Role::Data, total: 3_000 }));
    recorder.see(&ftp_sight(Dir::Sent, 21, 5_000, What::Control(b"226 Done.")));
    let seen = recorder.seen();
    let text = draw(&seen, End::Server);
    assert!(!text.contains("S3cret") && text.contains("PASS ****"), "{text}");
    assert_eq!(text.matches("octets, ").count(), 1, "{text}");
    assert!(text.contains("3,000 octets, 3 segments"), "{text}");
    let facts = Facts::new(&seen, End::Server);
    let connections = facts.data_connections();
    assert_eq!(connections.len(), 1);
    assert_eq!((connections[0].opener, connections[0].octets), (End::Server, 3_000));
    assert_eq!((connections[0].from.port(), connections[0].to.port()), (20, 5_001));
}

#[test]
fn what_is_kept_back_comes_out_at_the_end() {
    let mut pencil = Pencil::new(End::Server);
    let start = Instant::now();
    let sight = ftp_sight(Dir::Received, 21, 5_000, What::Data { len: 9, total: 9 });
    let seen = Seen::of(&sight, start).expect("known");
    assert!(pencil.rows(&seen).iter().all(|row| !row.contains("octets")));
    assert!(pencil.finish()[0].contains("9 octets, 1 segment ="));
    assert!(pencil.finish().is_empty());
}

#[test]
fn long_names_wrap_and_never_break_the_frame() {
    let name = "x".repeat(300);
    let mut head = b"\0\x01".to_vec();
    head.extend(name.as_bytes());
    head.extend(["", "octet", "blksize", "1428", "windowsize", "16", "tsize", "0", ""].join("\0").as_bytes());
    let sight = Sight {
        at: Instant::now(),
        flow: 1,
        local: "[::1]:50000".parse().unwrap(),
        peer: "[2001:db8:1111:2222:3333:4444:5555:6666]:69".parse().unwrap(),
        dir: Dir::Sent,
        what: What::Datagram { head: &head, len: head.len(), sense: Sense::First },
    };
    let seen = [Seen::of(&sight, sight.at).expect("known")];
    let text = draw(&seen, End::Client);
    assert!(text.lines().all(|row| row.chars().count() <= WIDTH), "{text}");
    assert!(text.contains("blksize=1428 windowsize=16"), "{text}");
    assert_eq!(text.matches('>').count(), 1, "one arrow head: {text}");
}

#[test]
fn any_octets_give_some_packet() {
    for head in [&b""[..], b"\0", b"\0\x01", b"\0\x01a", b"\0\x01a\0", b"\0\x03\0", b"\0\x05\0", b"\0\x09xx"]
    {
        assert!(matches!(Packet::read(head, head.len()), Packet::Other { .. }), "{head:?}");
    }
    assert_eq!(Packet::read(b"\0\x05\0\x01", 4), Packet::Error { code: 1, text: String::new() });
}
