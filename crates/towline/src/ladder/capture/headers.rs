//! IPv4, IPv6, UDP and TCP headers for octets of which only the first may be there.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const UDP: u8 = 17;
const TCP: u8 = 6;

/// What an IPv4 packet may carry behind its header.
const MOST: usize = 65_535 - 20;

/// From where to where.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Ends {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
}

impl Ends {
    /// The other way.
    pub(super) fn back(self) -> Ends {
        Ends { from: self.to, to: self.from }
    }

    /// Both addresses in one family: IPv4 where both are.
    fn addresses(self) -> (IpAddr, IpAddr) {
        let mapped = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        match (self.from.ip().to_canonical(), self.to.ip().to_canonical()) {
            (from @ IpAddr::V4(_), to @ IpAddr::V4(_)) => (from, to),
            (from, to) => (mapped(from).into(), mapped(to).into()),
        }
    }
}

/// What a TCP segment says besides its octets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) sequence: u32,
    pub(super) acknowledged: u32,
    pub(super) flags: u8,
}

/// RFC 9293 §3.1.
pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const PSH: u8 = 8;
pub(super) const ACK: u8 = 16;

/// The options of a SYN: a segment of 65,495 octets, and windows scaled by 2^14, so that no receiver's window
/// is ever full: what it really was, nobody told.
const SYN_OPTIONS: [u8; 8] = [2, 4, 0xff, 0xd7, 3, 3, 14, 0];

/// A datagram of `len` octets that begins with `head`: what is captured of it, and the octets it had.
///
/// A checksum covers all octets. Where some are missing IPv4 has 0 for "not computed" (RFC 768); IPv6 has no
/// such value (RFC 8200 §8.1), and nobody can check it there.
pub(super) fn udp(ends: Ends, head: &[u8], len: usize) -> (Vec<u8>, usize) {
    let len = len.max(head.len()).min(MOST - 8);
    let head = &head[..head.len().min(len)];
    let mut packet = Vec::with_capacity(8 + head.len());
    packet.extend(ends.from.port().to_be_bytes());
    packet.extend(ends.to.port().to_be_bytes());
    packet.extend((8 + len as u16).to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(head);
    let whole = head.len() == len;
    let sum = match (checksum(ends, UDP, &packet, 8 + len), ends.addresses().0) {
        // 0 means that there is none, so the sum 0 is sent as its other form (RFC 768).
        (0, _) if whole => 0xffff,
        (sum, _) if whole => sum,
        (_, IpAddr::V4(_)) => 0,
        (sum, IpAddr::V6(_)) => sum.max(1),
    };
    packet[6..8].copy_from_slice(&sum.to_be_bytes());
    ip(ends, UDP, &packet, 8 + len)
}

/// A segment of `len` octets, of which `octets` are there: what is captured of it, and the octets it had.
pub(super) fn tcp(ends: Ends, segment: Segment, octets: &[u8], len: usize) -> (Vec<u8>, usize) {
    let options: &[u8] = if segment.flags & SYN == 0 { &[] } else { &SYN_OPTIONS };
    let header = 20 + options.len();
    let len = len.max(octets.len());
    let mut packet = Vec::with_capacity(header + octets.len());
    packet.extend(ends.from.port().to_be_bytes());
    packet.extend(ends.to.port().to_be_bytes());
    packet.extend(segment.sequence.to_be_bytes());
    packet.extend(segment.acknowledged.to_be_bytes());
    packet.extend([(header as u8 / 4) << 4, segment.flags]);
    // The window; then checksum and urgent pointer.
    packet.extend([0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(options);
    packet.extend(octets);
    // Of octets that are not there no checksum can be computed, and none can be checked.
    if octets.len() == len {
        let sum = checksum(ends, TCP, &packet, header + len);
        packet[16..18].copy_from_slice(&sum.to_be_bytes());
    }
    ip(ends, TCP, &packet, header + len)
}

/// Octets of data that fit into one segment.
pub(super) const SEGMENT: usize = MOST - 20;

fn ip(ends: Ends, protocol: u8, packet: &[u8], len: usize) -> (Vec<u8>, usize) {
    let mut whole = Vec::with_capacity(40 + packet.len());
    match ends.addresses() {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            whole.extend([0x45, 0]);
            whole.extend((20 + len as u16).to_be_bytes());
            // No identification, "don't fragment", 64 hops (RFC 6864 allows the first with the second).
            whole.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
            whole.extend(from.octets());
            whole.extend(to.octets());
            let sum = fold(sum(&whole));
            whole[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        (from, to) => {
            whole.extend([0x60, 0, 0, 0]);
            whole.extend((len as u16).to_be_bytes());
            whole.extend([protocol, 64]);
            whole.extend(v6(from).octets());
            whole.extend(v6(to).octets());
        }
    }
    let header = whole.len();
    whole.extend(packet);
    (whole, header + len)
}

/// RFC 1071, with the pseudo header of RFC 768 or RFC 8200 §8.1.
fn checksum(ends: Ends, protocol: u8, packet: &[u8], len: usize) -> u16 {
    let addresses = match ends.addresses() {
        (IpAddr::V4(from), IpAddr::V4(to)) => sum(&from.octets()) + sum(&to.octets()),
        (from, to) => sum(&v6(from).octets()) + sum(&v6(to).octets()),
    };
    fold(addresses + u32::from(protocol) + len as u32 + sum(packet))
}

fn v6(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

/// At most 32,768 words of 16 bits: it fits.
fn sum(octets: &[u8]) -> u32 {
    octets.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum()
}

fn fold(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
