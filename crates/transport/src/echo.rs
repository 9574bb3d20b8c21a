//! ICMP echo: does a host answer?
//!
//! Linux lets groups named in `net.ipv4.ping_group_range` send echo requests from a datagram socket; a
//! process with CAP_NET_RAW may use a raw one. Both are tried, in this order. IPv4 only.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Octets of an IPv4 header with the greatest length of options, which a raw socket shows.
const MAX_IP_HEADER: usize = 60;
const ECHO: u8 = 8;
const REPLY: u8 = 0;
const HEADER: usize = 8;

/// Echo requests to one host.
#[derive(Debug)]
pub struct Echo {
    /// An ICMP socket: `send` and `recv` are all that is used of the type.
    socket: UdpSocket,
    raw: bool,
    identifier: u16,
}

impl Echo {
    /// For `target`. [`io::ErrorKind::PermissionDenied`]: the system allows neither kind of socket.
    pub fn open(target: Ipv4Addr) -> io::Result<Echo> {
        let (socket, raw) = match Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4)) {
            Ok(socket) => (socket, false),
            Err(first) => match Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)) {
                Ok(socket) => (socket, true),
                Err(_) => return Err(first),
            },
        };
        // Only what this host sends is heard.
        socket.connect(&SocketAddr::from((target, 0)).into())?;
        let mut octets = [0; 2];
        rustix::rand::getrandom(&mut octets[..], rustix::rand::GetRandomFlags::empty())?;
        let socket = UdpSocket::from(OwnedFd::from(socket));
        Ok(Echo { socket, raw, identifier: u16::from_ne_bytes(octets) })
    }

    /// How many hops the next requests may take.
    pub fn hops(&self, most: u8) -> io::Result<()> {
        self.socket.set_ttl(most.into())
    }

    /// Sends request `sequence`, `size` octets with its IP header (at least 28 are sent).
    pub fn send(&self, sequence: u16, size: usize) -> io::Result<()> {
        let mut packet = vec![0; size.saturating_sub(20).max(HEADER)];
        packet[0] = ECHO;
        packet[4..6].copy_from_slice(&self.identifier.to_be_bytes());
        packet[6..8].copy_from_slice(&sequence.to_be_bytes());
        let sum = checksum(&packet);
        packet[2..4].copy_from_slice(&sum.to_be_bytes());
        self.socket.send(&packet).map(drop)
    }

    /// Waits at most `wait` for the reply to `sequence`; `Ok(false)` when none came yet. An error is what
    /// the network says of the host.
    pub fn hear(&self, sequence: u16, wait: Duration) -> io::Result<bool> {
        self.socket.set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
        let mut buf = [0; MAX_IP_HEADER + HEADER];
        match self.socket.recv(&mut buf) {
            Ok(n) => Ok(self.is_reply(&buf[..n], sequence)),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(false),
            Err(e) => Err(e),
        }
    }

    fn is_reply(&self, packet: &[u8], sequence: u16) -> bool {
        let skip = match (self.raw, packet.first()) {
            (true, Some(first)) => usize::from(first & 0xf) * 4,
            _ => 0,
        };
        let Some(icmp) = packet.get(skip..skip + HEADER) else { return false };
        // A datagram socket's identifier is the kernel's, and so is the choice of what it hears.
        let mine = !self.raw || icmp[4..6] == self.identifier.to_be_bytes();
        icmp[0] == REPLY && mine && icmp[6..8] == sequence.to_be_bytes()
    }
}

/// RFC 1071, over a packet whose checksum field is zero.
fn checksum(packet: &[u8]) -> u16 {
    let word = |pair: &[u8]| u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    let sum: u32 = packet.chunks(2).map(word).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn this_host_answers_itself_where_the_system_lets_us_ask() {
        let echo = match Echo::open(Ipv4Addr::new(127, 0, 0, 9)) {
            Ok(echo) => echo,
            Err(e) => return assert_eq!(e.kind(), io::ErrorKind::PermissionDenied),
        };
        let end = Instant::now() + Duration::from_secs(10);
        for sequence in [0, 1, 0xffff] {
            echo.send(sequence, 100).expect("sent");
            while !echo.hear(sequence, Duration::from_millis(20)).expect("heard") {
                assert!(Instant::now() < end, "no reply to {sequence}");
            }
        }
        assert!(!echo.hear(7, Duration::from_millis(1)).expect("silence"), "nobody asked");
    }

    #[test]
    fn the_checksum_of_a_request() {
        // An echo request of 4 octets of data, computed by hand.
        let packet = [8, 0, 0, 0, 0x12, 0x34, 0, 1, b'a', b'b', b'c', b'd'];
        assert_eq!(checksum(&packet), 0x2104);
        assert_eq!(checksum(&packet[..11]), 0x2168);
    }
}
