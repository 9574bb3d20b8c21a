//! What became of a TFTP transfer, as the door says it: each verdict provoked by a small client.

use gate::audit::{Events, What};
use gate::{Gate, Policy, Verdict, Wire};
use serve::tftp::{TftpConfig, TftpServer};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Store;
use store::local::{Local, LocalOptions};
use store::memory::Memory;

const PATIENCE: Duration = Duration::from_secs(20);
/// So many blocks of 512 octets, and a last one that is empty.
const BLOCKS: u16 = 100;

struct House {
    server: Option<TftpServer>,
    events: Events,
}

/// The end of a transfer.
struct End {
    verdict: Verdict,
    wire: Box<Wire>,
    total: Option<u64>,
}

impl House {
    fn over(store: Arc<dyn Store>, no_progress: Duration) -> House {
        let policy = Policy { write: true, ..Policy::default() };
        let (gate, events) = Gate::new(store, policy);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let first_rto = Duration::from_millis(20);
        let config = TftpConfig { no_progress, first_rto, ..TftpConfig::default() };
        let server = Some(TftpServer::start(gate, vec![socket], config, None).unwrap());
        House { server, events }
    }

    /// A server that is patient, with `/f`.
    fn patient() -> House {
        House::over(Arc::new(memory()), PATIENCE)
    }

    /// A server that soon gives up, with `/f`.
    fn hasty() -> House {
        House::over(Arc::new(memory()), Duration::from_millis(700))
    }

    fn end(&self) -> End {
        let until = Instant::now() + PATIENCE;
        while let Some(event) = self.events.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if let What::Ended { verdict, end, total, .. } = event.what {
                return End { verdict, wire: end.wire.expect("TFTP has one"), total };
            }
        }
        panic!("no transfer ended");
    }

    fn said(&self) -> String {
        let end = self.end();
        format!("{}: {}", end.verdict.word(), end.verdict)
    }

    /// A client that has sent this request.
    fn client(&self, request: &[u8]) -> Client {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let server = self.server.as_ref().expect("it runs").addresses()[0];
        socket.send_to(request, server).unwrap();
        Client { socket, server, tid: None }
    }
}

fn memory() -> Memory {
    let store = Memory::new();
    store.seed("/f", vec![7; usize::from(BLOCKS) * 512]);
    store
}

struct Client {
    socket: UdpSocket,
    server: SocketAddr,
    tid: Option<SocketAddr>,
}

impl Client {
    /// The head of the next datagram.
    fn hear(&mut self) -> [u8; 4] {
        let mut buf = [0; 2_000];
        let (_, from) = self.socket.recv_from(&mut buf).unwrap();
        self.tid = Some(from);
        [buf[0], buf[1], buf[2], buf[3]]
    }

    /// Waits for this head; repeats may come before.
    fn until(&mut self, head: [u8; 4]) {
        while self.hear() != head {}
    }

    fn say(&self, octets: &[u8]) {
        self.socket.send_to(octets, self.tid.expect("it has heard something")).unwrap();
    }

    fn ack(&self, block: u16) {
        let [high, low] = block.to_be_bytes();
        self.say(&[0, 4, high, low]);
    }

    /// Takes and acknowledges blocks up to this one.
    fn take(&mut self, last: u16) {
        for block in 1..=last {
            let [high, low] = block.to_be_bytes();
            self.until([0, 3, high, low]);
            self.ack(block);
        }
    }
}

/// The two octets of an OACK and the two that follow.
const OACK: [u8; 4] = [0, 6, b't', b's'];
const WITH_SIZE: &[u8] = b"\0\x01f\0octet\0tsize\x000\0";
const PLAIN: &[u8] = b"\0\x01/f\0octet\0";

#[test]
fn a_whole_transfer_has_its_figures() {
    let house = House::patient();
    let mut client = house.client(b"\0\x01//f\0octet\0TSIZE\x000\0blksize\x00100000\0");
    client.until([0, 6, b'T', b'S']);
    client.ack(0);
    // 65,464 octets hold all.
    client.until([0, 3, 0, 1]);
    client.ack(1);
    let end = house.end();
    assert_eq!(end.verdict, Verdict::Complete);
    assert_eq!(end.wire.asked, b"//f");
    assert_eq!(end.total, Some(u64::from(BLOCKS) * 512));
    let options: Vec<_> = end.wire.options.iter().map(|o| (o.name, o.asked, o.agreed)).collect();
    assert_eq!(options[0], ("tsize", 0, Some(51_200)));
    assert_eq!(options[1].0, "blksize");
    let figures = end.wire.figures;
    assert_eq!((figures.blocks, figures.duplicates), (1, 0));
    assert!(figures.sent > figures.repeats && figures.rtt.is_some() && end.wire.answered, "{figures:?}");
}

#[test]
fn a_boot_rom_that_looks_at_the_size_is_a_probe() {
    let house = House::patient();
    for goodbye in [&b"\0\x05\0\x08User aborted the transfer\0"[..], b"\0\x05\0\0TFTP Aborted\0"] {
        let mut client = house.client(WITH_SIZE);
        client.until(OACK);
        client.say(goodbye);
        assert_eq!(house.said(), "probe: probe");
    }
    // It closes its port, and the repeat of our OACK finds that out.
    let mut client = house.client(WITH_SIZE);
    client.until(OACK);
    drop(client);
    assert_eq!(house.said(), "probe: probe");
    // It asks for another file from the same port, without a word for this one.
    let mut client = house.client(WITH_SIZE);
    client.until(OACK);
    client.socket.send_to(b"\0\x01g\0octet\0", client.server).unwrap();
    assert_eq!(house.said(), "probe: probe");
}

#[test]
fn silence_after_the_size_is_a_probe_unless_the_client_asks_again() {
    let house = House::hasty();
    let mut client = house.client(WITH_SIZE);
    client.until(OACK);
    assert_eq!(house.said(), "probe: probe");
    let mut client = house.client(WITH_SIZE);
    client.until(OACK);
    client.socket.send_to(WITH_SIZE, client.server).unwrap();
    let deaf = "never-answered: no answer to our first packet: a firewall may block our data port";
    assert_eq!(house.said(), deaf);
    let _client = house.client(PLAIN);
    assert_eq!(house.said(), deaf);
    let _client = house.client(b"\0\x02up\0octet\0");
    assert_eq!(house.said(), deaf);
}

#[test]
fn a_client_that_closes_its_port_in_the_middle_went_away() {
    let house = House::patient();
    let mut client = house.client(PLAIN);
    client.take(50);
    client.until([0, 3, 0, 51]);
    drop(client);
    assert_eq!(house.said(), "client-went-away: client went away after 50 %");
}

#[test]
fn a_device_that_falls_silent_may_have_a_full_flash() {
    let house = House::hasty();
    let mut client = house.client(PLAIN);
    client.take(61);
    assert_eq!(house.said(), "went-silent: stopped after 61 %, the device went silent: flash may be full");
    let mut client = house.client(b"\0\x02up\0octet\0tsize\x001024\0");
    client.until(OACK);
    client.say(&[&[0, 3, 0, 1][..], &[7; 512]].concat());
    client.until([0, 4, 0, 1]);
    assert_eq!(house.said(), "stopped-sending: stopped after 50 %, the device stopped sending");
}

#[test]
fn all_sent_and_never_acknowledged_is_a_lost_last_ack() {
    let house = House::hasty();
    let mut client = house.client(PLAIN);
    client.take(BLOCKS);
    client.until([0, 3, 0, 101]);
    let end = house.end();
    assert_eq!(end.verdict, Verdict::LastAckLost);
    assert!(end.wire.figures.repeats > 0 && end.wire.figures.timeouts > 0, "{:?}", end.wire.figures);
}

#[test]
fn a_port_that_asks_anew_right_behind_its_last_ack_has_the_former_file() {
    let house = House::patient();
    let mut client = house.client(b"\0\x01f\0octet\0blksize\x0065464\0");
    for _ in 0..100 {
        client.until([0, 6, b'b', b'l']);
        client.ack(0);
        client.until([0, 3, 0, 1]);
        client.ack(1);
        client.socket.send_to(b"\0\x01f\0octet\0blksize\x0065464\0", client.server).unwrap();
        assert_eq!(house.said(), "complete: complete");
    }
}

#[test]
fn a_refusal_says_whose_it_is() {
    let house = House::patient();
    let mut client = house.client(PLAIN);
    client.take(25);
    client.say(b"\0\x05\0\x03flash: no space\0");
    assert_eq!(
        house.said(),
        "refused-by-client: refused: the client sent ERROR 3 after 25 %: flash: no space"
    );
    let mut client = house.client(b"\0\x02up\0octet\0");
    client.until([0, 4, 0, 0]);
    client.say(&[&[0, 3, 0, 1][..], &[7; 600]].concat());
    assert_eq!(house.said(), "refused: refused: a block of 600 octets, agreed were 512");
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_is_our_fault() {
    let dir = tempfile::tempdir().unwrap();
    let blocks = 8_000;
    std::fs::write(dir.path().join("f"), vec![7; usize::from(blocks) * 512]).unwrap();
    let house = House::over(Arc::new(Local::open(dir.path(), LocalOptions::default()).unwrap()), PATIENCE);
    let mut client = house.client(PLAIN);
    client.take(10);
    std::fs::write(dir.path().join("f"), b"short").unwrap();
    // What was read ahead still goes out.
    for block in 11..=blocks {
        match client.hear() {
            [0, 5, ..] => break,
            _ => client.ack(block),
        }
    }
    assert_eq!(house.said(), "our-fault: our fault: the file became shorter while it was sent");
}

#[test]
fn a_server_that_stops_cuts_its_transfers() {
    let mut house = House::patient();
    let mut client = house.client(PLAIN);
    client.take(75);
    client.until([0, 3, 0, 76]);
    let mut other = house.client(WITH_SIZE);
    other.until(OACK);
    house.server = None;
    let mut said = [house.said(), house.said()];
    said.sort();
    assert_eq!(said, ["cut: cut after 75 %: the server was stopped", "cut: cut: the server was stopped"]);
}
