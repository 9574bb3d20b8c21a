//! TFTP and HTTP, as plain as can be.

use super::ftp::connect;
use e2e::poll::PATIENCE;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// One transfer of TFTP, from one socket.
pub(crate) struct Tftp {
    socket: UdpSocket,
    peer: Option<SocketAddr>,
    pub(crate) last: Packet,
}

/// What the server said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Packet {
    Data(u16, Vec<u8>),
    Ack(u16),
    Error(u16),
}

impl Tftp {
    /// Asks (RFC 1350 §5: 1 read, 2 write) and takes the first answer.
    pub(crate) fn ask(from: IpAddr, server: SocketAddr, opcode: u8, name: &str) -> Tftp {
        let socket = UdpSocket::bind((from, 0)).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let request = [&[0, opcode][..], name.as_bytes(), b"\0octet\0"].concat();
        socket.send_to(&request, server).expect("it is sent");
        let mut tftp = Tftp { socket, peer: None, last: Packet::Ack(0) };
        tftp.hear();
        tftp
    }

    fn hear(&mut self) {
        let mut buffer = [0; 1_024];
        loop {
            let (len, from) = self.socket.recv_from(&mut buffer).expect("an answer in time");
            assert_eq!(*self.peer.get_or_insert(from), from, "one peer");
            let number = u16::from_be_bytes([buffer[2], buffer[3]]);
            let heard = match buffer[1] {
                3 => Packet::Data(number, buffer[4..len].to_vec()),
                4 => Packet::Ack(number),
                5 => Packet::Error(number),
                other => panic!("opcode {other}"),
            };
            // What is sent again while we take our time says nothing new.
            if heard != self.last || matches!(heard, Packet::Ack(0)) {
                self.last = heard;
                return;
            }
        }
    }

    fn send(&self, packet: &[u8]) {
        self.socket.send_to(packet, self.peer.expect("it has answered")).expect("it is sent");
    }

    /// Takes the only block.
    pub(crate) fn acknowledge(&self) {
        self.send(&[0, 4, 0, 1]);
    }

    /// Sends the only block, and hears what is said to it.
    pub(crate) fn put(&mut self, content: &[u8]) -> Packet {
        self.send(&[&[0, 3, 0, 1][..], content].concat());
        loop {
            self.hear();
            if self.last != Packet::Ack(0) {
                return self.last.clone();
            }
        }
    }

    /// Breaks it off.
    pub(crate) fn give_up(&self) {
        self.send(b"\0\x05\0\0enough\0");
    }
}

/// One request over HTTP: status and content.
pub(crate) fn get(from: IpAddr, server: SocketAddr, path: &str, login: Option<&str>) -> (u16, Vec<u8>) {
    let mut stream = connect(from, server);
    let login = login.map_or_else(String::new, e2e::basic);
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{login}\r\n");
    // Whoever is refused at the door may be hung up on before all of it is sent.
    let _sent = stream.write_all(request.as_bytes());
    let mut octets = Vec::new();
    let _ended = stream.read_to_end(&mut octets);
    let end = octets.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&octets[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, octets[end + 4..].to_vec())
}
