//! Datagrams that are no requests, or broken ones, against a running server: it does not crash, its memory
//! does not grow, and it does not answer more than the rule allows, whoever's address stands in the datagram.
//!
//! 30,000 of them; with `E2E_SOAK` a million.

use e2e::memory::resident;
use e2e::noise::Noise;
use e2e::poll::PATIENCE;
use e2e::process::run;
use e2e::towline::{Serve, command};
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Instant;

/// Sent before the server has to show that it has taken them: their skeletons fit into the buffer that its
/// socket has by default (212,992 octets).
const BATCH: usize = 48;
/// Batches whose sockets stay open for late answers.
const OPEN: usize = 16;
/// What the server may grow by after its first 5,000 datagrams, and in the last half: pieces of freed memory.
/// 16 octets kept of each of a million datagrams would be 15 MiB, 8 in the last half.
const GROWTH: (u64, u64) = (6 << 20, 2 << 20);

/// What the first octets of a datagram make of it, by RFC 1350 §5 and 2347; written anew here, so that a
/// fault of the server's parser is none of the test's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Meant {
    Nothing,
    BrokenRequest,
    Request,
}

fn meant(datagram: &[u8]) -> Meant {
    let [0, 1 | 2, words @ ..] = datagram else { return Meant::Nothing };
    // NULs behind the last pair are padding.
    let end = words.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1);
    let Some(0) = words.get(end) else { return Meant::BrokenRequest };
    let mut parts: Vec<&[u8]> = words[..end].split(|&b| b == 0).collect();
    // An empty last value looks like padding: `blksize` and then nothing but NULs.
    if parts.len() % 2 == 1 && parts.len() > 1 && words.len() > end + 1 {
        parts.push(b"");
    }
    let mode = parts
        .get(1)
        .is_some_and(|mode| mode.eq_ignore_ascii_case(b"octet") || mode.eq_ignore_ascii_case(b"netascii"));
    let named = parts.iter().step_by(2).all(|name| !name.is_empty());
    if mode && named && parts.len().is_multiple_of(2) { Meant::Request } else { Meant::BrokenRequest }
}

/// Why these answers to the datagram break the rule, if they do.
fn fault(datagram: &[u8], answers: &[Vec<u8>]) -> Option<&'static str> {
    let opcode = |answer: &[u8]| answer.get(..2).map(|o| u16::from_be_bytes([o[0], o[1]]));
    match meant(datagram) {
        Meant::Nothing => (!answers.is_empty()).then_some("what is no request gets no octet"),
        Meant::BrokenRequest => match answers {
            [] => None,
            [one] if opcode(one) != Some(5) => Some("a broken request gets nothing but an ERROR"),
            [one] if one.len() > datagram.len().max(5) => Some("the ERROR is longer than the broken request"),
            [_] => None,
            _ => Some("a broken request gets one answer"),
        },
        Meant::Request => {
            let long = |a: &Vec<u8>| match opcode(a) {
                // RFC 1350 knows no shorter way to say what is in the first block.
                Some(3) => a.len() > 516,
                _ => a.len() > 3 * datagram.len(),
            };
            answers.iter().any(long).then_some("an answer is longer than three times the request")
        }
    }
}

fn datagram(noise: &mut Noise) -> Vec<u8> {
    const WHOLE: &[&[u8]] = &[
        b"\0\x01f\0octet\0",
        b"\0\x01f\0netascii\0blksize\x001428\0tsize\x000\0windowsize\x0016\0timeout\x001\0",
        b"\0\x01../../etc/passwd\0octet\0",
        b"\0\x02/etc/x\0octet\0tsize\x0018446744073709551615\0",
        b"\0\x02x\0netascii\0blksize\x008\0utimeout\x0010000\0rollover\x001\0",
        b"\0\x01f\0octet\0blksize\0-1\0windowsize\x0099999999999999999999\0",
        b"\0\x01f\0mail\0",
        b"\0\x03\0\x01octets",
        b"\0\x04\0\x01",
        b"\0\x05\0\0no\0",
        b"\0\x06blksize\x00512\0",
    ];
    const PIECES: &[&[u8]] = &[
        b"\0",
        b"\0\0",
        b"octet",
        b"OcTeT\0",
        b"netascii\0",
        b"mail\0",
        b"f\0",
        b"f",
        b"..\0",
        b"C:\\x\0",
        b"\\",
        b"/",
        b"//",
        b"%s%n\0",
        b"\xff\xfe",
        b"blksize\0",
        b"blksize\x000\0",
        b"tsize\0",
        b"windowsize\x0065535\0",
        b"timeout\x00256\0",
        b"multicast\0\0",
        b"-1\0",
        b"99999999999999999999\0",
        b"\n",
        b"\x1b[2J",
    ];
    match noise.below(6) {
        0 => {
            let n = noise.below(1_400);
            noise.octets(n)
        }
        // One octet other than it should be, or a piece of it.
        1 | 2 => {
            let mut octets = noise.pick(WHOLE).to_vec();
            let at = noise.below(octets.len());
            octets[at] ^= noise.octets(1)[0];
            if noise.below(2) == 0 {
                octets.truncate(noise.below(octets.len()) + 1);
            }
            octets
        }
        // Words of a request in any order.
        3 | 4 => {
            let mut octets = vec![0, 1 + noise.below(2) as u8];
            for _ in 0..noise.below(9) {
                octets.extend_from_slice(noise.pick(PIECES));
            }
            octets
        }
        // Any opcode with anything behind it, now and then the longest there is.
        _ => {
            let mut octets = vec![0, noise.below(9) as u8];
            let n = if noise.below(400) == 0 { 65_000 } else { noise.below(200) };
            octets.extend(noise.octets(n));
            octets
        }
    }
}

/// A socket for one datagram alone: what comes back there belongs to it.
struct Sent {
    socket: UdpSocket,
    datagram: Vec<u8>,
}

impl Sent {
    fn new(at: Ipv4Addr, server: SocketAddr, datagram: Vec<u8>) -> Sent {
        let socket = UdpSocket::bind((at, 0)).expect("all of 127.0.0.0/8 is ours");
        socket.set_nonblocking(true).expect("a flag");
        socket.send_to(&datagram, server).expect("loopback takes a datagram");
        Sent { socket, datagram }
    }

    /// What came back. A transfer that has begun is told to end: what the server keeps for peers that are
    /// silent is bounded elsewhere, and is not what this test weighs.
    fn answers(&self, buffer: &mut [u8]) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        while let Ok((n, from)) = self.socket.recv_from(buffer) {
            answers.push(buffer[..n].to_vec());
            if buffer[1] != 5 {
                self.socket.send_to(b"\0\x05\0\0no\0", from).expect("loopback takes a datagram");
            }
        }
        answers
    }
}

/// What came back in all.
#[derive(Default, Debug)]
struct Sum {
    datagrams: u64,
    octets: u64,
    broken: u64,
    requests: u64,
    answers: u64,
    answer_octets: u64,
}

impl Sum {
    /// Holds what has come back against the rule.
    fn take(&mut self, sent: &[Sent], root: &str, buffer: &mut [u8]) {
        for s in sent {
            let answers = s.answers(buffer);
            if let Some(why) = fault(&s.datagram, &answers) {
                panic!("{why}: {:?} got {answers:02x?}", String::from_utf8_lossy(&s.datagram));
            }
            for a in &answers {
                let said = String::from_utf8_lossy(a);
                assert!(!said.contains(root) && !said.contains(".rs:"), "{said:?} names what is the host's");
            }
            self.datagrams += 1;
            self.octets += s.datagram.len() as u64;
            match meant(&s.datagram) {
                Meant::Nothing => {}
                Meant::BrokenRequest => self.broken += 1,
                Meant::Request => self.requests += 1,
            }
            self.answers += answers.len() as u64;
            self.answer_octets += answers.iter().map(|a| a.len() as u64).sum::<u64>();
        }
    }
}

/// Until the server has answered what it must answer, it has taken what came before.
fn fence(server: SocketAddr, buffer: &mut [u8]) {
    let probe = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    probe.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    probe.send_to(b"\0\x01fence\0mail\0", server).expect("loopback takes a datagram");
    assert!(probe.recv_from(buffer).is_ok(), "the server answers no more");
}

#[test]
fn malformed_datagrams_get_no_more_than_the_rule_allows() {
    let rounds = if e2e::is_soak() { 1_000_000 } else { 30_000 };
    let (root, home) = (e2e::scratch(), e2e::scratch());
    std::fs::write(root.path().join("f"), "octets").expect("a file");
    let serve = Serve::start(root.path(), &["--write"]);
    let path = root.path().to_str().expect("UTF-8").to_owned();
    let (mut noise, mut sum, mut buffer) = (Noise::new(), Sum::default(), vec![0; 65_536]);
    let (mut open, mut first, mut half) = (VecDeque::new(), None, None);
    let begin = Instant::now();
    for round in 0..rounds / BATCH as u64 {
        // Another network for each batch: what a server keeps by source must not grow either.
        let [_, a, b, c] = u32::try_from(round).expect("some thousand batches").to_be_bytes();
        let from = Ipv4Addr::new(127, 1 + a, b, 1 + c % 254);
        let batch: Vec<Sent> =
            (0..BATCH).map(|_| Sent::new(from, serve.tftp, datagram(&mut noise))).collect();
        fence(serve.tftp, &mut buffer);
        open.push_back(batch);
        if open.len() > OPEN {
            sum.take(&open.pop_front().expect("some are open"), &path, &mut buffer);
        }
        for (at, memory) in [(5_000, &mut first), (rounds / 2, &mut half)] {
            if memory.is_none() && sum.datagrams >= at {
                *memory = Some(resident(serve.process.id()));
            }
        }
    }
    for batch in open {
        sum.take(&batch, &path, &mut buffer);
    }
    let [first, half] = [first, half].map(|m| m.expect("there were so many"));
    let last = resident(serve.process.id());
    println!(
        "soak: {sum:?} in {:.1} s; KiB resident after 5,000, half, all: {:?}",
        begin.elapsed().as_secs_f64(),
        [first, half, last].map(|m| m >> 10)
    );
    assert!(sum.broken > rounds / 10 && sum.requests > rounds / 100, "the mixture has all kinds: {sum:?}");
    let grown = (last.saturating_sub(first), last.saturating_sub(half));
    assert!(grown.0 < GROWTH.0 && grown.1 < GROWTH.1, "memory grows by {grown:?} octets with {sum:?}");
    // The server still does its work.
    let url = format!("tftp://{}/f", serve.tftp);
    let ended = run(command().args(["copy", "--quiet", &url]).arg(home.path().join("f")));
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(std::fs::read(home.path().join("f")).expect("the copy"), b"octets");
    let err = serve.process.said().err.join("\n");
    assert!(!err.contains("panicked"), "{err}");
}

#[test]
fn the_test_s_own_reading_of_requests() {
    for (octets, what) in [
        (&b""[..], Meant::Nothing),
        (b"\0", Meant::Nothing),
        (b"\0\x03f\0octet\0", Meant::Nothing),
        (b"\x01\x01f\0octet\0", Meant::Nothing),
        (b"\0\x01", Meant::BrokenRequest),
        (b"\0\x01f\0octet", Meant::BrokenRequest),
        (b"\0\x01\0octet\0", Meant::BrokenRequest),
        (b"\0\x01f\0mail\0", Meant::BrokenRequest),
        (b"\0\x01f\0octet\0tsize\0", Meant::BrokenRequest),
        (b"\0\x01f\0octet\0tsize\0\0", Meant::Request),
        (b"\0\x02f\0OCTET\0tsize\x000\0\0\0", Meant::Request),
        (b"\0\x02f\0netascii\0", Meant::Request),
    ] {
        assert_eq!(meant(octets), what, "{:?}", String::from_utf8_lossy(octets));
    }
}
