//! A TFTP client for tests that must know each datagram: nothing is hidden, repeated or clever here.

use crate::poll::PATIENCE;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// A socket that speaks to one server.
#[derive(Debug)]
pub struct Client {
    /// Bound to an address of its own.
    pub socket: UdpSocket,
    /// Its request port.
    pub server: SocketAddr,
    /// The transfer's port, once something came from there.
    pub tid: Option<SocketAddr>,
    /// How long it thinks before each answer, busily: a device is slower than a server.
    pub thinks: Duration,
    buffer: Vec<u8>,
}

/// A server's datagram.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// DATA.
    Data(u16, Vec<u8>),
    /// ACK.
    Ack(u16),
    /// ERROR.
    Error(u16, String),
    /// OACK: its options in order.
    Oack(Vec<(String, String)>),
    /// Anything else.
    Other(Vec<u8>),
}

impl Answer {
    /// Reads one.
    pub fn read(octets: &[u8]) -> Answer {
        let number = |rest: &[u8]| rest.get(..2).map(|n| u16::from_be_bytes([n[0], n[1]]));
        let text =
            |rest: &[u8]| String::from_utf8_lossy(rest.split(|&b| b == 0).next().unwrap_or(b"")).into_owned();
        let other = Answer::Other(octets.to_vec());
        let [0, opcode, rest @ ..] = octets else { return other };
        match (opcode, number(rest)) {
            (3, Some(block)) => Answer::Data(block, rest[2..].to_vec()),
            (4, Some(block)) => Answer::Ack(block),
            (5, Some(code)) => Answer::Error(code, text(&rest[2..])),
            (6, _) => {
                let words: Vec<String> = rest.split(|&b| b == 0).map(text).collect();
                Answer::Oack(words.chunks_exact(2).map(|p| (p[0].clone(), p[1].clone())).collect())
            }
            _ => other,
        }
    }
}

/// RRQ (1) or WRQ (2), octet.
pub fn request(opcode: u8, name: &str, options: &[(&str, &str)]) -> Vec<u8> {
    let mut octets = vec![0, opcode];
    let pairs = options.iter().flat_map(|(option, value)| [*option, *value]);
    for word in [name, "octet"].into_iter().chain(pairs) {
        octets.extend_from_slice(word.as_bytes());
        octets.push(0);
    }
    octets
}

impl Client {
    /// On the same loopback as the server.
    ///
    /// # Panics
    /// When there is no socket.
    pub fn new(server: SocketAddr) -> Client {
        Client::at(
            if server.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() },
            server,
        )
    }

    /// On this address of our own: all of 127.0.0.0/8 is.
    ///
    /// # Panics
    /// When there is no socket.
    pub fn at(address: IpAddr, server: SocketAddr) -> Client {
        let socket = UdpSocket::bind((address, 0)).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Client { socket, server, tid: None, thinks: Duration::ZERO, buffer: vec![0; 65_536] }
    }

    /// Sends a request to the request port.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn ask(&self, opcode: u8, name: &str, options: &[(&str, &str)]) {
        self.socket.send_to(&request(opcode, name, options), self.server).expect("loopback takes a request");
    }

    /// Sends octets to the transfer's port.
    ///
    /// # Panics
    /// Before the first answer.
    pub fn say(&self, octets: &[u8]) {
        let begin = Instant::now();
        while begin.elapsed() < self.thinks {
            std::hint::spin_loop();
        }
        let tid = self.tid.expect("an answer has told the port");
        self.socket.send_to(octets, tid).expect("loopback takes a datagram");
    }

    /// Acknowledges.
    ///
    /// # Panics
    /// Before the first answer.
    pub fn ack(&self, block: u16) {
        let [a, b] = block.to_be_bytes();
        self.say(&[0, 4, a, b]);
    }

    /// Waits for a datagram; takes its port for the transfer's.
    ///
    /// # Panics
    /// When none comes.
    pub fn hear(&mut self) -> Answer {
        let (n, from) = self.socket.recv_from(&mut self.buffer).expect("an answer");
        self.tid = Some(from);
        Answer::read(&self.buffer[..n])
    }

    /// Fetches a file, without repeats of our own: loopback loses nothing.
    ///
    /// # Panics
    /// When anything but the next block comes.
    pub fn get(&mut self, name: &str, options: &[(&str, &str)]) -> Vec<u8> {
        self.ask(1, name, options);
        let (mut file, mut next, mut blksize, mut window) = (Vec::new(), 1_u16, 512, 1);
        loop {
            match self.hear() {
                Answer::Oack(agreed) => {
                    let number = |name: &str| {
                        let found = agreed.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
                        found.map(|(_, value)| value.parse().expect("a number"))
                    };
                    blksize = number("blksize").unwrap_or(512);
                    window = number("windowsize").unwrap_or(1);
                    self.ack(0);
                }
                // A repeat: we, or this machine, were slow.
                Answer::Data(block, _) if next.wrapping_sub(block).wrapping_sub(1) < 1_024 => {}
                Answer::Data(block, octets) => {
                    assert_eq!(block, next, "{name}: out of order");
                    next = next.wrapping_add(1);
                    let last = octets.len() < blksize;
                    file.extend(octets);
                    if last || usize::from(block).is_multiple_of(window) {
                        self.ack(block);
                    }
                    if last {
                        return file;
                    }
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    /// Stores a file block by block; gives the last answer.
    ///
    /// # Panics
    /// When anything but the next ACK comes.
    pub fn put(&mut self, name: &str, octets: &[u8], options: &[(&str, &str)]) -> Answer {
        self.ask(2, name, options);
        let mut answer = self.hear();
        let (blocks, whole) = (octets.chunks(512), octets.len().is_multiple_of(512));
        for (block, chunk) in (1_u16..).zip(blocks.chain(whole.then_some(&[][..]))) {
            assert!(matches!(answer, Answer::Ack(_) | Answer::Oack(_)), "{name}, block {block}: {answer:?}");
            let [a, b] = block.to_be_bytes();
            self.say(&[&[0, 3, a, b], chunk].concat());
            answer = self.hear();
        }
        answer
    }
}
