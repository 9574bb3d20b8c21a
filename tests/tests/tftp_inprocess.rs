//! Our TFTP server and our TFTP client in one process, over loopback.

use client::{ClientError, Options, Outcome, Remote, Scheme, TftpOptions, Type, WireCode};
use e2e::ours::{self, Kept};
use gate::audit::{Events, What as Happened};
use gate::{Gate, Policy, Uploads};
use serve::tftp::{TftpConfig, TftpServer};
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::Blob;
use store::memory::Memory;
use transport::tap::{Dir, Sense, Sight, Tap, What};

/// A server on a free loopback port, its store and its events.
struct House {
    store: Memory,
    server: TftpServer,
    events: Events,
}

impl House {
    fn new() -> House {
        House::with(TftpConfig::default(), None)
    }

    fn with(config: TftpConfig, tap: Option<Arc<dyn Tap>>) -> House {
        let store = Memory::new();
        let policy = Policy { write: true, ..Policy::default() };
        let (gate, events) = Gate::new(Arc::new(store.clone()), policy);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let server = TftpServer::start(gate, vec![socket], config, tap).unwrap();
        House { store, server, events }
    }

    fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    fn remote(&self, name: &str) -> Remote {
        ours::remote(Scheme::Tftp, self.address(), name)
    }

    /// The note and outcome of the next transfer that ends.
    fn ended(&self) -> gate::End {
        let until = Instant::now() + Duration::from_secs(10);
        while let Some(event) = self.events.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if let Happened::Ended { end, .. } = event.what {
                return end;
            }
        }
        panic!("no transfer ended");
    }

    /// The content of a file that an upload makes visible.
    fn content(&self, path: &str) -> Option<Vec<u8>> {
        self.store.content(path).map(|b| b.to_vec())
    }
}

/// Everything that a tap saw, in words.
#[derive(Default)]
struct Ladder(Mutex<Vec<Row>>);

/// Direction, our address, the peer's, the octets, what it was.
type Row = (Dir, SocketAddr, SocketAddr, Vec<u8>, Sense);

impl Tap for Ladder {
    fn see(&self, sight: &Sight<'_>) {
        if let What::Datagram { head, sense, .. } = sight.what {
            let row = (sight.dir, sight.local, sight.peer, head.to_vec(), sense);
            self.0.lock().unwrap().push(row);
        }
    }
}

fn random(len: usize, seed: u64) -> Vec<u8> {
    let mut x = seed | 1;
    let next = || {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (x >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn options(tftp: TftpOptions) -> Options {
    Options { tftp, ..Options::default() }
}

fn plain() -> TftpOptions {
    TftpOptions { blksize: None, windowsize: None, timeout: None, tsize: false, ..TftpOptions::default() }
}

fn sized(blksize: u16, windowsize: u16) -> TftpOptions {
    TftpOptions { blksize: Some(blksize), windowsize: Some(windowsize), ..TftpOptions::default() }
}

fn get(house: &House, name: &str, tftp: TftpOptions) -> Result<Vec<u8>, ClientError> {
    let mut sink = Kept::default();
    let done = client::get(&house.remote(name), &mut sink, &options(tftp))?;
    assert_eq!(done.octets, sink.0.len() as u64);
    Ok(sink.0)
}

fn put(house: &House, name: &str, content: &[u8], tftp: TftpOptions) -> Result<(), ClientError> {
    let blob = Blob::Memory(content.to_vec().into());
    let done = client::put(&blob, &house.remote(name), &options(tftp))?;
    assert_eq!((done.octets, done.outcome), (content.len() as u64, Outcome::Complete));
    Ok(())
}

#[test]
fn every_size_around_a_block_goes_both_ways_with_and_without_options() {
    let house = House::new();
    for (n, len) in [0, 1, 511, 512, 513, 1_024, 5_000, 65_536].into_iter().enumerate() {
        let content = random(len, n as u64);
        house.store.seed("/f", content.clone());
        let mut ways = vec![plain(), sized(512, 1), sized(1_428, 16), sized(8, 64), sized(65_464, 4)];
        ways.push(TftpOptions { timeout: Some(3), ..TftpOptions::default() });
        for (way, tftp) in ways.into_iter().enumerate() {
            assert_eq!(get(&house, "f", tftp.clone()).unwrap(), content, "{len} octets, way {way}");
            assert_eq!(house.ended().octets, len as u64);
            let name = format!("up-{len}-{way}");
            put(&house, &name, &content, tftp).unwrap();
            // Durable and visible before the last ACK.
            assert_eq!(house.content(&format!("/{name}")).as_deref(), Some(&content[..]));
            let end = house.ended();
            assert_eq!((end.outcome, end.octets), (gate::Outcome::Complete, len as u64));
        }
    }
}

#[test]
fn rule_17_seventy_thousand_blocks_cross_the_rollover_both_ways() {
    let house = House::new();
    let content = random(70_000 * 8 + 3, 17);
    house.store.seed("/long", content.clone());
    for window in [1, 33] {
        assert!(get(&house, "long", sized(8, window)).unwrap() == content, "window {window}");
        let name = format!("up{window}");
        put(&house, &name, &content, sized(8, window)).unwrap();
        assert!(house.content(&format!("/{name}")).as_deref() == Some(&content[..]), "window {window}");
    }
}

#[test]
fn rule_18_netascii_goes_both_ways_and_across_block_edges() {
    let house = House::new();
    let text: Vec<u8> =
        random(20_000, 3).iter().map(|b| [b'\n', b'\r', b'a', b'b'][usize::from(b % 4)]).collect();
    house.store.seed("/text", text.clone());
    for (n, tftp) in [plain(), sized(8, 1), sized(9, 16), sized(1_428, 16)].into_iter().enumerate() {
        let remote = Remote { kind: Type::Text, ..house.remote("text") };
        let mut sink = Kept::default();
        client::get(&remote, &mut sink, &options(tftp.clone())).unwrap();
        assert!(sink.0 == text, "way {n}");
        let remote = Remote { kind: Type::Text, ..house.remote(&format!("up{n}")) };
        client::put(&Blob::Memory(text.clone().into()), &remote, &options(tftp)).unwrap();
        assert!(house.content(&format!("/up{n}")).as_deref() == Some(&text[..]), "way {n}");
    }
}

#[test]
fn rule_36_a_failed_upload_leaves_the_old_file() {
    let house = House::new();
    house.store.seed("/cfg", &b"old"[..]);
    put(&house, "cfg", b"new", plain()).unwrap();
    assert_eq!(house.content("/cfg").as_deref(), Some(&b"new"[..]));
    // A client that says 1,000 octets and sends one short block.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.send_to(b"\0\x02cfg\0octet\0tsize\x001000\0", house.address()).unwrap();
    let mut buf = [0; 600];
    let (_, tid) = socket.recv_from(&mut buf).unwrap();
    socket.send_to(b"\0\x03\0\x01short", tid).unwrap();
    let (len, _) = socket.recv_from(&mut buf).unwrap();
    assert_eq!(buf[..4], [0, 5, 0, 0], "{:?}", buf[..len].escape_ascii().to_string());
    assert_eq!(house.content("/cfg").as_deref(), Some(&b"new"[..]));
}

#[test]
fn rule_10_absent_bad_and_forbidden_names_are_told_apart() {
    let house = House::new();
    house.store.seed("/f", &b"x"[..]);
    let Err(ClientError::Absent { code: WireCode::Tftp(1), .. }) = get(&house, "nothing", plain()) else {
        panic!("an absent file is ERROR 1");
    };
    for name in ["../etc/passwd", "a/../../b", "C:\\boot.ini", "/", "..\\x"] {
        let Err(ClientError::Denied { code: WireCode::Tftp(2), text }) = get(&house, name, plain()) else {
            panic!("{name} is ERROR 2");
        };
        assert!(!text.contains('/'), "{text}");
    }
    assert_eq!(get(&house, "/f", plain()).unwrap(), b"x");
    assert_eq!(get(&house, ".\\f", plain()).unwrap(), b"x");
}

#[test]
fn without_write_an_upload_is_denied() {
    let (gate, _events) = Gate::new(Arc::new(Memory::new()), Policy::default());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = TftpServer::start(gate, vec![socket], TftpConfig::default(), None).unwrap();
    let port = server.addresses()[0].port();
    let remote = Remote { port: Some(port), ..House::new().remote("f") };
    let error = client::put(&Blob::Memory(vec![1].into()), &remote, &Options::default()).unwrap_err();
    assert!(matches!(error, ClientError::Denied { code: WireCode::Tftp(2), .. }), "{error}");
}

#[test]
fn rule_26_a_size_that_does_not_fit_is_refused_before_any_data() {
    let store = Memory::with_capacity(1_000);
    let (gate, _events) = Gate::new(Arc::new(store), Policy { write: true, ..Policy::default() });
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = TftpServer::start(gate, vec![socket], TftpConfig::default(), None).unwrap();
    let remote = Remote { port: Some(server.addresses()[0].port()), ..House::new().remote("f") };
    let blob = Blob::Memory(vec![7; 2_000].into());
    let error = client::put(&blob, &remote, &Options::default()).unwrap_err();
    assert!(matches!(error, ClientError::NoSpace { code: WireCode::Tftp(3), .. }), "{error}");
}

#[test]
fn rule_06_the_ladder_shows_tids_and_69_never_again() {
    let (ours, theirs) = (Arc::new(Ladder::default()), Arc::new(Ladder::default()));
    let house = House::with(TftpConfig::default(), Some(theirs.clone()));
    house.store.seed("/f", random(1_200, 1));
    let mut sink = Kept::default();
    let opts = Options { tap: Some(ours.clone()), tftp: plain(), ..Options::default() };
    client::get(&house.remote("f"), &mut sink, &opts).unwrap();
    let rows = ours.0.lock().unwrap();
    let asked = house.address();
    // The client sends first, to the asked port; the answer comes from another one, and that is the one
    // used from then on.
    assert_eq!((rows[0].0, rows[0].2), (Dir::Sent, asked));
    let tid = rows[1].2;
    assert_eq!((rows[1].0, tid.ip()), (Dir::Received, asked.ip()));
    assert_ne!(tid.port(), asked.port());
    assert!(rows[1..].iter().all(|r| r.2 == tid && r.1 == rows[0].1));
    let shape: Vec<_> = rows.iter().map(|r| (r.0 == Dir::Sent, r.3[1], r.3[3])).collect();
    let want = [
        (true, 1, b'\0'),
        (false, 3, 1),
        (true, 4, 1),
        (false, 3, 2),
        (true, 4, 2),
        (false, 3, 3),
        (true, 4, 3),
    ];
    assert_eq!(shape[1..], want[1..]);
    assert!(rows.iter().all(|r| r.4 == Sense::First));
    let server = theirs.0.lock().unwrap();
    assert_eq!((server[0].0, server[0].1, server[0].2), (Dir::Received, asked, rows[0].1));
    assert!(server[1..].iter().all(|r| r.1 == tid));
}

#[test]
fn rule_05_a_request_to_a_broadcast_address_is_ignored() {
    let store = Memory::new();
    store.seed("/f", &b"x"[..]);
    let (gate, _events) = Gate::new(Arc::new(store), Policy::default());
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let server = TftpServer::start(gate, vec![socket], TftpConfig::default(), None).unwrap();
    let port = server.addresses()[0].port();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_broadcast(true).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    client.send_to(b"\0\x01nothing\0octet\0", ("127.255.255.255", port)).unwrap();
    client.send_to(b"\0\x01f\0octet\0", ("127.0.0.77", port)).unwrap();
    // An ERROR for `nothing` would have come first.
    let mut buf = [0; 600];
    let (len, from) = client.recv_from(&mut buf).unwrap();
    assert_eq!(&buf[..len], b"\0\x03\0\x01x");
    assert_eq!(from.ip(), std::net::IpAddr::from([127, 0, 0, 77]), "rule 6: from the address that was asked");
}

#[test]
fn rule_07_a_repeated_request_gets_the_first_answer_from_the_same_port() {
    let house = House::new();
    house.store.seed("/f", random(2_000, 1));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = b"\0\x01f\0octet\0";
    let mut buf = [0; 600];
    socket.send_to(request, house.address()).unwrap();
    let first = socket.recv_from(&mut buf).unwrap();
    socket.send_to(request, house.address()).unwrap();
    assert_eq!(socket.recv_from(&mut buf).unwrap(), first, "the same block from the same TID");
    assert_eq!(buf[..4], [0, 3, 0, 1]);
}

#[test]
fn rule_08_a_packet_from_a_wrong_port_gets_error_5_and_disturbs_nothing() {
    // A server of the test's own: answers, and lets a stranger speak in between.
    let (server, stranger) =
        (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    for s in [&server, &stranger] {
        s.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    }
    let port = server.local_addr().unwrap().port();
    let remote = Remote { port: Some(port), ..House::new().remote("f") };
    let script = std::thread::spawn(move || {
        let mut buf = [0; 600];
        let (_, client) = server.recv_from(&mut buf).unwrap();
        server.send_to(&[&[0, 3, 0, 1][..], &[1; 512]].concat(), client).unwrap();
        assert_eq!(server.recv(&mut buf).unwrap(), 4);
        stranger.send_to(&[&[0, 3, 0, 2][..], b"evil"].concat(), client).unwrap();
        let len = stranger.recv(&mut buf).unwrap();
        assert_eq!(buf[..4], [0, 5, 0, 5], "{len}");
        server.send_to(&[&[0, 3, 0, 2][..], b"good"].concat(), client).unwrap();
        assert_eq!(server.recv(&mut buf).unwrap(), 4);
        assert_eq!(buf[..4], [0, 4, 0, 2]);
    });
    let mut sink = Kept::default();
    client::get(&remote, &mut sink, &options(plain())).unwrap();
    script.join().unwrap();
    assert_eq!(&sink.0[512..], b"good");
}

#[test]
fn rule_22_options_refused_are_left_out_once() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let remote = Remote { port: Some(server.local_addr().unwrap().port()), ..House::new().remote("f") };
    let script = std::thread::spawn(move || {
        let mut buf = [0; 600];
        let (len, first) = server.recv_from(&mut buf).unwrap();
        assert!(buf[..len].windows(7).any(|w| w == b"blksize"));
        server.send_to(b"\0\x05\0\x08no options\0", first).unwrap();
        let (len, second) = server.recv_from(&mut buf).unwrap();
        assert_eq!(&buf[..len], b"\0\x01f\0octet\0");
        server.send_to(b"\0\x03\0\x01ok", second).unwrap();
        assert_ne!(first.port(), second.port(), "a new TID");
    });
    let mut sink = Kept::default();
    client::get(&remote, &mut sink, &Options::default()).unwrap();
    script.join().unwrap();
    assert_eq!(sink.0, b"ok");
}

#[test]
fn a_closed_port_is_unreachable_at_once() {
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let remote = Remote { port: Some(port), ..House::new().remote("f") };
    let begun = Instant::now();
    let error = client::get(&remote, &mut Kept::default(), &Options::default()).unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_silent_server_times_out_and_a_cancel_ends_it() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let remote = Remote { port: Some(silent.local_addr().unwrap().port()), ..House::new().remote("f") };
    let tftp = TftpOptions {
        no_progress: Duration::from_millis(300),
        first_rto: Duration::from_millis(50),
        ..TftpOptions::default()
    };
    let error = client::get(&remote, &mut Kept::default(), &options(tftp)).unwrap_err();
    assert!(matches!(error, ClientError::TimedOut { phase: client::Phase::BeforeAnswer, .. }), "{error}");
    let cancel = transport::Cancel::new().unwrap();
    let opts = Options { cancel: Some(cancel.clone()), ..Options::default() };
    let run = std::thread::spawn(move || client::get(&remote, &mut Kept::default(), &opts));
    cancel.cancel();
    assert!(matches!(run.join().unwrap(), Err(ClientError::Cancelled)));
}

#[test]
fn rule_37_a_client_that_has_left_ends_its_transfer() {
    let house = House::new();
    house.store.seed("/f", random(100_000, 1));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.send_to(b"\0\x01f\0octet\0", house.address()).unwrap();
    let (_, tid) = socket.recv_from(&mut [0; 600]).unwrap();
    let local = socket.local_addr().unwrap();
    socket.send_to(&[0, 4, 0, 1], tid).unwrap();
    drop(socket);
    let end = house.ended();
    assert_eq!(end.outcome, gate::Outcome::TimedOut, "{local} left");
}

#[test]
fn rule_09_what_is_no_request_is_never_answered_and_an_error_ends_a_transfer_quietly() {
    let house = House::new();
    house.store.seed("/f", random(2_000, 1));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    for junk in [&b"\0\x03\0\x01x"[..], b"\0\x04\0\0", b"\0\x05\0\0e\0", b"\0\x06a\0b\0", b"\0\x63", b""] {
        socket.send_to(junk, house.address()).unwrap();
    }
    // The next thing that comes is the answer to this: nothing came before it.
    socket.send_to(b"\0\x01f\0octet\0", house.address()).unwrap();
    let mut buf = [0; 600];
    let (_, tid) = socket.recv_from(&mut buf).unwrap();
    assert_eq!(buf[..4], [0, 3, 0, 1]);
    socket.send_to(b"\0\x05\0\0enough\0", tid).unwrap();
    let end = house.ended();
    assert_eq!((end.outcome, end.note.as_str()), (gate::Outcome::Refused, "the peer sent ERROR 0: enough"));
}

#[test]
fn drain_lets_a_transfer_end_and_takes_no_new_one() {
    let house = House::new();
    house.store.seed("/f", random(700, 1));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut buf = [0; 600];
    socket.send_to(b"\0\x01f\0octet\0", house.address()).unwrap();
    let (_, tid) = socket.recv_from(&mut buf).unwrap();
    house.server.drain();
    let late = get(&house, "f", plain()).unwrap_err();
    assert!(matches!(late, ClientError::Server { .. }), "{late}");
    socket.send_to(&[0, 4, 0, 1], tid).unwrap();
    socket.recv_from(&mut buf).unwrap();
    assert_eq!(buf[..4], [0, 3, 0, 2]);
    socket.send_to(&[0, 4, 0, 2], tid).unwrap();
    assert_eq!(house.ended().outcome, gate::Outcome::Complete);
    house.server.wait(Duration::from_secs(10));
}

#[test]
fn transfers_stay_in_the_port_range() {
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let range = free..=free;
    let house = House::with(TftpConfig { port_range: Some(range), ..TftpConfig::default() }, None);
    house.store.seed("/f", &b"abc"[..]);
    let ladder = Arc::new(Ladder::default());
    let opts = Options { tap: Some(ladder.clone()), ..Options::default() };
    client::get(&house.remote("f"), &mut Kept::default(), &opts).unwrap();
    assert!(ladder.0.lock().unwrap()[1..].iter().all(|r| r.2.port() == free));
}

#[test]
fn sixteen_transfers_at_once_do_not_mix() {
    let house = House::new();
    let contents: Vec<_> = (0..16).map(|n| random(40_000 + n, n as u64)).collect();
    for (n, content) in contents.iter().enumerate() {
        house.store.seed(&format!("/f{n}"), content.clone());
    }
    std::thread::scope(|scope| {
        for (n, content) in contents.iter().enumerate() {
            let house = &house;
            scope.spawn(move || {
                assert!(get(house, &format!("f{n}"), sized(512, 8)).unwrap() == *content);
                put(house, &format!("up{n}"), content, sized(1_024, 4)).unwrap();
                assert!(house.content(&format!("/up{n}")).as_deref() == Some(&content[..]));
            });
        }
    });
}

#[test]
fn drain_does_not_wait_for_an_upload_that_only_dallies() {
    let config = TftpConfig { dally: Duration::from_secs(3_600), ..TftpConfig::default() };
    let house = House::with(config, None);
    put(&house, "f", b"x", plain()).unwrap();
    let begun = Instant::now();
    house.server.wait(Duration::from_secs(60));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_full_store_is_error_3_in_the_middle_as_well() {
    let store = Memory::with_capacity(1_000);
    let (gate, _events) = Gate::new(Arc::new(store.clone()), Policy { write: true, ..Policy::default() });
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = TftpServer::start(gate, vec![socket], TftpConfig::default(), None).unwrap();
    let remote = Remote { port: Some(server.addresses()[0].port()), ..House::new().remote("f") };
    let blob = Blob::Memory(vec![7; 2_000].into());
    let error = client::put(&blob, &remote, &options(plain())).unwrap_err();
    assert!(matches!(error, ClientError::NoSpace { code: WireCode::Tftp(3), .. }), "{error}");
    assert_eq!(store.content("/f"), None);
}

/// The network of a lab: one server with an address of its own, behind a loopback socket.
struct Lab {
    real: SocketAddr,
    up: bool,
}

const SERVER: [u8; 4] = [10, 0, 0, 1];
const DEVICE: [u8; 4] = [10, 0, 0, 2];

impl client::Wire for Lab {
    fn real(&self, named: SocketAddr) -> Result<SocketAddr, client::Unroutable> {
        match (self.up, named) {
            (true, named) if named == SocketAddr::from((SERVER, 69)) => Ok(self.real),
            (true, _) => Err(client::Unroutable::Refused),
            (false, _) => Err(client::Unroutable::Silent),
        }
    }

    fn named(&self, real: SocketAddr) -> SocketAddr {
        if real == self.real {
            SocketAddr::from((SERVER, 69))
        } else {
            SocketAddr::from((DEVICE, real.port()))
        }
    }

    fn bind(&self, _peer: SocketAddr) -> Option<std::net::IpAddr> {
        Some(std::net::IpAddr::from([127, 0, 0, 1]))
    }

    fn resolve(&self, host: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        Ok(vec![host.parse().expect("a literal")])
    }
}

#[test]
fn a_wire_maps_addresses_and_the_ladder_shows_the_named_ones() {
    let house = House::new();
    house.store.seed("/f", random(600, 1));
    let ladder = Arc::new(Ladder::default());
    let wire = Arc::new(Lab { real: house.address(), up: true });
    let opts = Options { wire, tap: Some(ladder.clone()), tftp: plain(), ..Options::default() };
    let remote = Remote { host: "10.0.0.1".into(), port: None, ..house.remote("f") };
    client::get(&remote, &mut Kept::default(), &opts).unwrap();
    let rows = ladder.0.lock().unwrap();
    assert_eq!(rows[0].2, SocketAddr::from((SERVER, 69)));
    assert!(rows.iter().all(|r| r.2.ip() == std::net::IpAddr::from(SERVER)));
    assert!(rows.iter().all(|r| r.1.ip() == std::net::IpAddr::from(DEVICE)));
    assert!(rows[1..].iter().all(|r| r.2.port() != 69), "69 never again");
    let remote = Remote { host: "10.0.0.9".into(), port: None, ..house.remote("f") };
    let error = client::get(&remote, &mut Kept::default(), &opts).unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
}

#[test]
fn with_the_interface_down_packets_vanish_and_the_copy_times_out() {
    let ladder = Arc::new(Ladder::default());
    let wire = Arc::new(Lab { real: SocketAddr::from(([127, 0, 0, 1], 9)), up: false });
    let tftp = TftpOptions {
        // A machine under load may sleep through a shorter one and never repeat.
        no_progress: Duration::from_secs(2),
        first_rto: Duration::from_millis(50),
        ..TftpOptions::default()
    };
    let opts = Options { wire, tap: Some(ladder.clone()), tftp, ..Options::default() };
    let remote = Remote { host: "10.0.0.1".into(), port: None, ..House::new().remote("f") };
    let error = client::get(&remote, &mut Kept::default(), &opts).unwrap_err();
    assert!(matches!(error, ClientError::TimedOut { phase: client::Phase::BeforeAnswer, .. }), "{error}");
    let senses: Vec<_> = ladder.0.lock().unwrap().iter().map(|r| r.4).collect();
    assert_eq!(senses[..2], [Sense::First, Sense::Again(1)]);
}

#[test]
fn rule_35_forged_requests_do_not_keep_real_ones_out() {
    let house = House::with(TftpConfig { max_transfers: 2, ..TftpConfig::default() }, None);
    house.store.seed("/f", random(3_000, 1));
    let mut buf = [0; 600];
    // Each is answered, so that all of them have had their place.
    let _forged: Vec<UdpSocket> = (0..5)
        .map(|_| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            socket.send_to(b"\0\x01f\0octet\0", house.address()).unwrap();
            socket.recv_from(&mut buf).unwrap();
            assert_eq!(buf[..4], [0, 3, 0, 1]);
            socket
        })
        .collect();
    assert_eq!(get(&house, "f", plain()).unwrap().len(), 3_000);
}

#[test]
fn rule_07_a_repeated_wrq_is_the_same_upload_and_never_file_exists() {
    let store = Memory::new();
    store.seed("/there", &b"old"[..]);
    let uploads = Uploads(vec!["/=create".parse().unwrap()]);
    let policy = Policy { write: true, uploads, ..Policy::default() };
    let (gate, _events) = Gate::new(Arc::new(store.clone()), policy);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = TftpServer::start(gate, vec![socket], TftpConfig::default(), None).unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let wrq = |name: &str| {
        peer.send_to(format!("\0\x02{name}\0octet\0").as_bytes(), server.addresses()[0]).unwrap();
    };
    let mut buf = [0; 600];
    // IOS asks again after 4 s; here as soon as the first answer is in.
    wrq("new");
    let (len, transfer) = peer.recv_from(&mut buf).unwrap();
    assert_eq!(buf[..len], [0, 4, 0, 0]);
    wrq("new");
    let (len, again) = peer.recv_from(&mut buf).unwrap();
    assert_eq!((&buf[..len], again), (&[0, 4, 0, 0][..], transfer), "the same ACK 0 from the same port");
    peer.send_to(b"\0\x03\0\x01content", transfer).unwrap();
    let (len, _) = peer.recv_from(&mut buf).unwrap();
    assert_eq!(buf[..len], [0, 4, 0, 1]);
    assert_eq!(store.content("/new").as_deref(), Some(&b"content"[..]));
    // Another peer's is another upload, and that is refused.
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    other.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    for name in ["new", "there"] {
        other.send_to(format!("\0\x02{name}\0octet\0").as_bytes(), server.addresses()[0]).unwrap();
        let (len, _) = other.recv_from(&mut buf).unwrap();
        assert_eq!(buf[..4], [0, 5, 0, 6], "{}", buf[..len].escape_ascii());
    }
    assert_eq!(store.content("/there").as_deref(), Some(&b"old"[..]));
}
