//! Each finding is provoked by a small server with one fault, and is absent where a server has none.

use super::{Id, Limits, Report, Target, examine};
use crate::exit::Exit;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tftp_proto::packet::{Packet, data_header};
use tftp_proto::{BlockNo, ErrorCode};

/// One fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    None,
    /// Requests are read and not answered.
    Deaf,
    /// Transfers leave from 127.0.0.2.
    OtherAddress,
    /// Every ACK is answered with ERROR 5.
    Error5,
    /// Block 2 comes from another port.
    ChangesPort,
    /// ACKs never arrive.
    NoAcks,
    /// The same, and no option is known.
    NoAcksNorOptions,
    /// Only ERRORs leave, from the request port.
    NoTransfers,
    /// Silence for the file, an ERROR from a port of its own for all others.
    NotThisFile,
    /// Datagrams of more octets than this vanish.
    Longest(usize),
    /// This OACK, whatever is asked for.
    Oack(&'static [u8]),
    /// Requests with options get silence.
    OptionsSilent,
    /// Requests with options get ERROR 8.
    OptionsRefused,
    /// No option is known.
    OptionsIgnored,
    /// Each ACK moves a block.
    Apprentice,
    /// Each n-th block vanishes on its first way.
    Loses(u64),
    /// No option is known, and each answer takes this long.
    Slow(Duration),
    /// This ERROR for everything.
    Error(ErrorCode),
    /// The file is there under this name only.
    Named(&'static [u8]),
}

impl Fault {
    /// Little where there is silence to wait for; where none is, a busy machine must not look like it.
    fn patience(self) -> Duration {
        match self {
            Fault::Deaf
            | Fault::OtherAddress
            | Fault::ChangesPort
            | Fault::NoAcks
            | Fault::NoAcksNorOptions
            | Fault::NoTransfers
            | Fault::NotThisFile
            | Fault::Longest(_)
            | Fault::OptionsSilent => Duration::from_millis(800),
            Fault::None
            | Fault::Error5
            | Fault::Oack(_)
            | Fault::OptionsRefused
            | Fault::OptionsIgnored
            | Fault::Apprentice
            | Fault::Loses(_)
            | Fault::Slow(_)
            | Fault::Error(_)
            | Fault::Named(_) => Limits::default().patience,
        }
    }
}

/// Octets of the file where a test does not say another number.
const LEN: usize = 200_000;
const NAME: &[u8] = b"a.bin";

struct Server {
    fault: Fault,
    at: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Server {
    fn start(fault: Fault) -> Server {
        Server::with(fault, LEN)
    }

    fn with(fault: Fault, len: usize) -> Server {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let (at, stop) = (socket.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        std::thread::spawn(move || {
            let mut buf = [0; 600];
            while !stopped.load(Ordering::Relaxed) {
                let Ok((n, peer)) = socket.recv_from(&mut buf) else { continue };
                let request = buf[..n].to_vec();
                let from = socket.try_clone().unwrap();
                std::thread::spawn(move || Transfer::answer(fault, len, &from, peer, &request));
            }
        });
        Server { fault, at, stop }
    }

    /// Examined; what depends on the host that runs the test is left out.
    fn examined(&self, name: &[u8]) -> Report {
        let limits = Limits { patience: self.fault.patience(), ..Limits::default() };
        let mut report = examine(&target(self.at, name), &limits).unwrap();
        report.found.retain(|f| !matches!(f.id, Id::Firewall | Id::FirewallUnseen | Id::ReversePath));
        report
    }
}

fn target(server: SocketAddr, name: &[u8]) -> Target {
    Target { url: String::from("tftp://h/a.bin"), name: name.to_vec(), server }
}

fn ids(report: &Report) -> Vec<Id> {
    report.found.iter().map(|f| f.id).collect()
}

/// What is found with each of these faults; they are examined at the same time, for most of that is waiting.
fn all_found<const N: usize>(faults: [Fault; N]) -> [(Vec<Id>, String); N] {
    faults.map(|fault| std::thread::spawn(move || found(fault))).map(|t| t.join().unwrap())
}

/// What is found with one fault, and the first one's words.
fn found(fault: Fault) -> (Vec<Id>, String) {
    let report = Server::start(fault).examined(NAME);
    (ids(&report), report.found.first().map(|f| f.words.clone()).unwrap_or_default())
}

struct Transfer {
    fault: Fault,
    socket: UdpSocket,
    peer: SocketAddr,
    file: Vec<u8>,
    blksize: usize,
    window: u64,
    sent: u64,
}

impl Transfer {
    fn answer(fault: Fault, len: usize, door: &UdpSocket, peer: SocketAddr, request: &[u8]) {
        let Ok(Packet::Request(request)) = Packet::parse(request) else { return };
        let there = if let Fault::Named(name) = fault { name } else { NAME };
        let options: Vec<_> = request.options.iter().collect();
        let host = if fault == Fault::OtherAddress { "127.0.0.2:0" } else { "127.0.0.1:0" };
        let socket = UdpSocket::bind(host).unwrap();
        let refuse = |code| tftp_proto::packet::write_error(code, "no");
        let wrong = |socket: &UdpSocket, code| drop(socket.send_to(&refuse(code), peer));
        match fault {
            Fault::Deaf => return,
            Fault::NoTransfers if request.name == there => return,
            Fault::NoTransfers => return wrong(door, ErrorCode::FileNotFound),
            Fault::NotThisFile if request.name == there => return,
            Fault::OptionsSilent if !options.is_empty() => return,
            Fault::OptionsRefused if !options.is_empty() => return wrong(&socket, ErrorCode::OptionRefused),
            Fault::Error(code) => return wrong(&socket, code),
            _ if request.name != there => return wrong(&socket, ErrorCode::FileNotFound),
            _ => {}
        }
        let (mut blksize, mut window, mut oack) = (512, 1, vec![0, 6]);
        let ignored = matches!(fault, Fault::OptionsIgnored | Fault::NoAcksNorOptions | Fault::Slow(_));
        for (name, value) in options.iter().filter(|_| !ignored) {
            let n: usize = std::str::from_utf8(value).unwrap().parse().unwrap();
            let n = match *name {
                b"blksize" => {
                    blksize = n;
                    n
                }
                b"windowsize" => {
                    window = n as u64;
                    n
                }
                b"tsize" => len,
                _ => n,
            };
            oack.extend_from_slice(name);
            oack.push(0);
            oack.extend_from_slice(n.to_string().as_bytes());
            oack.push(0);
        }
        if let (Fault::Oack(fixed), false) = (fault, options.is_empty()) {
            oack = fixed.to_vec();
            blksize = 1_024;
            window = 1;
        }
        let file = (0..len).map(|n| n as u8).collect();
        let mut transfer = Transfer { fault, socket, peer, file, blksize, window, sent: 0 };
        if oack.len() > 2 {
            // The OACK is block 0.
            transfer.run(Some(oack));
        } else {
            transfer.run(None);
        }
    }

    /// A sender of RFC 1350 and 7440 with a timer of 150 ms and four tries.
    fn run(&mut self, oack: Option<Vec<u8>>) {
        self.socket.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
        let last = (self.file.len() / self.blksize) as u64 + 1;
        let mut acked = 0;
        let mut tries = 0;
        let mut opening = oack;
        self.send(opening.as_deref(), acked, last);
        while tries < 4 {
            let mut buf = [0; 600];
            let Ok(n) = self.socket.recv(&mut buf) else {
                tries += 1;
                self.send(opening.as_deref(), acked, last);
                continue;
            };
            let heard = match Packet::parse(&buf[..n]) {
                Ok(Packet::Ack(block)) => u64::from(block.0),
                Ok(Packet::Error { .. }) => return,
                _ => continue,
            };
            match self.fault {
                Fault::NoAcks | Fault::NoAcksNorOptions => continue,
                Fault::Error5 => {
                    let no = tftp_proto::packet::write_error(ErrorCode::UnknownTid, "who?");
                    let _ = self.socket.send_to(&no, self.peer);
                    return;
                }
                Fault::Slow(time) => {
                    let until = Instant::now() + time;
                    while Instant::now() < until {
                        std::thread::yield_now();
                    }
                }
                Fault::ChangesPort => self.socket = UdpSocket::bind("127.0.0.1:0").unwrap(),
                _ => {}
            }
            let repeated = heard < acked || (heard == acked && opening.is_none());
            if repeated
                && (self.fault != Fault::Apprentice || heard + 1 != acked && heard != acked)
                && self.window == 1
            {
                continue;
            }
            tries = 0;
            opening = None;
            acked = if self.fault == Fault::Apprentice { acked.max(heard) } else { heard };
            if heard >= last {
                return;
            }
            self.send(None, heard, last);
        }
    }

    /// The OACK, or the window behind `acked`.
    fn send(&mut self, opening: Option<&[u8]>, acked: u64, last: u64) {
        if let Some(oack) = opening {
            let _ = self.socket.send_to(oack, self.peer);
            return;
        }
        for block in acked + 1..=last.min(acked + self.window) {
            let from = (block as usize - 1) * self.blksize;
            let payload = &self.file[from..self.file.len().min(from + self.blksize)];
            let datagram = [&data_header(BlockNo(block as u16))[..], payload].concat();
            let lost = match self.fault {
                Fault::Longest(most) => datagram.len() > most,
                Fault::Loses(n) => {
                    self.sent += 1;
                    self.sent.is_multiple_of(n)
                }
                _ => false,
            };
            if !lost {
                let _ = self.socket.send_to(&datagram, self.peer);
            }
        }
    }
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    for len in [LEN, 508, 512, 0] {
        let report = Server::with(Fault::None, len).examined(NAME);
        assert_eq!(ids(&report), [], "{len} octets: {report:#?}");
        assert!(report.failure("u").is_none());
        assert_eq!(report.facts.octets, Some(len as u64));
        assert!(report.requests <= 14, "{}", report.requests);
    }
    let report = Server::start(Fault::None).examined(NAME);
    assert_eq!(report.facts.largest, Some(65_464));
    assert_eq!(report.facts.apprentice, Some(false));
    assert!(report.facts.round_trip.is_some() && report.facts.speeds.len() == 2, "{report:#?}");
}

#[test]
fn a_closed_port_is_told_from_a_silent_one() {
    // A port that was free a moment ago may be another test's by now; this one is given to nobody who asks for any.
    let nobody = SocketAddr::from(([127, 211, 0, 9], 1));
    let limits = Limits { patience: Duration::from_millis(300), ..Limits::default() };
    let report = examine(&target(nobody, NAME), &limits).unwrap();
    assert!(ids(&report).starts_with(&[Id::NothingListens, Id::PortClosed]), "{report:#?}");
    let failure = report.failure("tftp://h/a.bin").unwrap();
    assert_eq!(failure.exit, Exit::Unreachable);
    let (all, words) = found(Fault::Deaf);
    assert_eq!(all, [Id::PortFiltered]);
    assert!(words.contains("ping") || words.contains("another port is closed"), "{words}");
}

#[test]
fn an_answer_from_another_address_is_named() {
    let (all, words) = found(Fault::OtherAddress);
    assert_eq!(all, [Id::OtherAddress]);
    assert!(words.starts_with("127.0.0.1 was asked and 127.0.0.2 answered"), "{words}");
}

#[test]
fn a_nat_is_known_by_error_5_and_by_ports_that_change() {
    let (all, words) = found(Fault::Error5);
    assert_eq!(all, [Id::NatTid]);
    assert!(words.contains("ERROR 5: who?"), "{words}");
    let (all, words) = found(Fault::ChangesPort);
    assert_eq!(all, [Id::NatTid]);
    assert!(words.contains("one transfer came from port"), "{words}");
}

#[test]
fn a_transfer_that_does_not_get_through_is_told_from_a_server_that_says_nothing() {
    let one_block = std::thread::spawn(|| Server::with(Fault::NoAcks, 100).examined(NAME));
    let plain = std::thread::spawn(|| Server::with(Fault::NoAcksNorOptions, 100).examined(NAME));
    let [acks, transfers, file] = all_found([Fault::NoAcks, Fault::NoTransfers, Fault::NotThisFile]);
    assert_eq!(acks.0, [Id::DataPortFiltered]);
    assert!(acks.1.contains("although it was acknowledged each time"), "{}", acks.1);
    assert_eq!(transfers.0, [Id::DataPortFiltered]);
    assert!(transfers.1.contains("from the request port"), "{}", transfers.1);
    assert_eq!(file.0, [Id::SilentForFile]);
    // The OACK that comes again shows it.
    let report = one_block.join().unwrap();
    assert_eq!(ids(&report), [Id::DataPortFiltered], "{report:#?}");
    // Without options it is the block that comes again.
    let report = plain.join().unwrap();
    assert_eq!(ids(&report), [Id::DataPortFiltered, Id::OptionsIgnored], "{report:#?}");
}

#[test]
fn the_largest_block_that_passes_is_found() {
    let [hole, fragments, small, many] = all_found([1_400, 1_472, 300, 9_000].map(Fault::Longest));
    assert_eq!(hole.0, [Id::BlackHole]);
    assert!(hole.1.starts_with("blocks of 1388 octets arrive and blocks of 1428 do not"), "{}", hole.1);
    assert_eq!(fragments.0, [Id::FragmentsLost]);
    assert!(fragments.1.starts_with("blocks of 1468 octets arrive and blocks of 4096"), "{}", fragments.1);
    assert_eq!(small.0, [Id::BlackHole]);
    assert!(small.1.starts_with("blocks of 64 octets arrive and blocks of 512"), "{}", small.1);
    // Forty-five fragments are asked of no path.
    assert_eq!(many.0, []);
}

#[test]
fn options_are_tried_each_by_itself() {
    let four = "blksize, tsize, timeout, windowsize";
    let [ignored, silent, refused] =
        all_found([Fault::OptionsIgnored, Fault::OptionsSilent, Fault::OptionsRefused]);
    assert_eq!(ignored, (vec![Id::OptionsIgnored], format!("the server ignores {four}")));
    assert_eq!(silent.0, [Id::OptionsSilent]);
    assert!(silent.1.contains(four), "{}", silent.1);
    assert_eq!(refused.0, [Id::OptionsRefused]);
    assert!(refused.1.contains("tsize (ERROR 8 no)"), "{}", refused.1);
}

#[test]
fn an_oack_that_is_not_lawful_is_quoted() {
    let wrong: [(&'static [u8], &str); 5] = [
        (b"\0\x06blksize\x002048\0", "a value that was not asked for (blksize 2048)"),
        (b"\0\x06blksize\x001024\0blksize\x001024\0", "an option twice"),
        (b"\0\x06blksize\x001024\0\0\0\0", "3 octets stand behind its last option"),
        (b"\0\x06BlkSize\x001024\0", "it writes 'blksize' as 'BlkSize'"),
        (b"\0\x06multicast\0x\0", "an option that was not asked for (multicast x)"),
    ];
    let all = all_found(wrong.map(|(oack, _)| Fault::Oack(oack)));
    for ((ids, said), (_, words)) in all.iter().zip(wrong) {
        assert_eq!(ids.first(), Some(&Id::IllegalOack), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_sorcerers_apprentice_is_known_and_a_timer_is_not_taken_for_one() {
    let report = Server::start(Fault::Apprentice).examined(NAME);
    assert_eq!(ids(&report), [Id::Apprentice], "{report:#?}");
    assert!(report.failure("u").is_none(), "it works");
}

#[test]
fn loss_and_slowness_are_measured() {
    let report = Server::start(Fault::Loses(15)).examined(NAME);
    assert_eq!(ids(&report), [Id::Loss], "{report:#?}");
    let report = Server::start(Fault::Slow(Duration::from_millis(8))).examined(NAME);
    assert_eq!(ids(&report), [Id::OptionsIgnored, Id::Slow], "{report:#?}");
}

#[test]
fn a_wrong_name_is_corrected() {
    let ask = |there: &'static [u8], asked: &[u8]| {
        let report = Server::start(Fault::Named(there)).examined(asked);
        let first = report.found.first().expect("something").clone();
        assert_eq!(first.exit(), Exit::Absent, "{first:?}");
        (first.id, first.words)
    };
    let (id, words) = ask(b"r1-confg", b"R1-Confg");
    assert_eq!((id, words.contains("but 'r1-confg'")), (Id::WrongCase, true), "{words}");
    let (id, words) = ask(b"pxelinux.0", b"pxelinux.0\xff");
    assert_eq!((id, words.contains("ends in 0xff")), (Id::TrailingJunk, true), "{words}");
    let (id, words) = ask(b"pxelinux.0", b"pxelinux.0 \r");
    assert_eq!((id, words.contains("ends in a space, CR")), (Id::TrailingJunk, true), "{words}");
    let (id, words) = ask(b"Boot/BCD", b"/Boot/BCD");
    assert_eq!((id, words.contains("but 'Boot/BCD'")), (Id::OtherPath, true), "{words}");
    assert_eq!(ask(b"x", b"y").0, Id::Absent);
}

#[test]
fn other_errors_keep_their_code_and_text() {
    let (all, words) = found(Fault::Error(ErrorCode::AccessViolation));
    assert_eq!((all, words.contains("('no')")), (vec![Id::Denied], true), "{words}");
    let (all, words) = found(Fault::Error(ErrorCode::NoSuchUser));
    assert_eq!((all, words.as_str()), (vec![Id::Refused], "the server refuses with ERROR 7 ('no')"));
}

#[test]
fn an_examination_costs_no_more_than_it_may() {
    let server = Server::start(Fault::None);
    let limits = Limits { requests: 3, ..Limits::default() };
    let report = examine(&target(server.at, NAME), &limits).unwrap();
    assert_eq!(report.requests, 3);
    let none = Limits { time: Duration::ZERO, ..Limits::default() };
    assert_eq!(examine(&target(server.at, NAME), &none).unwrap().requests, 0);
}

#[test]
fn every_probe_ends_with_an_error_or_the_last_ack() {
    // A server that counts what nobody ended.
    static LEFT: AtomicU32 = AtomicU32::new(0);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buf = [0; 600];
        while let Ok((n, peer)) = socket.recv_from(&mut buf) {
            let with_options =
                matches!(Packet::parse(&buf[..n]), Ok(Packet::Request(r)) if !r.options.is_empty());
            std::thread::spawn(move || {
                LEFT.fetch_add(1, Ordering::Relaxed);
                let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
                socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                let first: &[u8] = if with_options { b"\0\x06tsize\x003\0" } else { b"\0\x03\0\x01abc" };
                socket.send_to(first, peer).unwrap();
                let mut buf = [0; 600];
                while let Ok(n) = socket.recv(&mut buf) {
                    if matches!(Packet::parse(&buf[..n]), Ok(Packet::Error { .. } | Packet::Ack(BlockNo(1))))
                    {
                        LEFT.fetch_sub(1, Ordering::Relaxed);
                        return;
                    }
                }
            });
        }
    });
    let limits = Limits { patience: Duration::from_millis(500), ..Limits::default() };
    let report = examine(&target(at, NAME), &limits).unwrap();
    assert!(report.requests > 4, "{report:#?}");
    let until = Instant::now() + Duration::from_secs(9);
    while LEFT.load(Ordering::Relaxed) > 0 {
        assert!(Instant::now() < until, "{} transfers were left alone", LEFT.load(Ordering::Relaxed));
        std::thread::yield_now();
    }
}
