//! The TCP connections of FTP and HTTP, with sequence numbers that add up.

use super::Packet;
use super::headers::{ACK, Ends, FIN, PSH, SEGMENT, SYN, Segment, tcp};
use super::pcapng::Way;
use std::collections::BTreeMap;

/// Connections that are remembered; the first by its address makes room and, if it goes on, begins anew.
const CONNECTIONS: usize = 4_096;

/// Octets after which the receiver's acknowledgement is put in: sequence numbers must not overtake it by
/// 2^31, and nobody told when it really came.
const ACKNOWLEDGE: u32 = 1 << 20;

/// The connections, each by one of its two directions.
#[derive(Debug, Default)]
pub(super) struct Streams(BTreeMap<Ends, Stream>);

/// One direction of a connection.
#[derive(Clone, Copy, Debug, Default)]
struct Stream {
    /// The next sequence number.
    next: u32,
    /// What the other end has acknowledged.
    acknowledged: u32,
    /// Whether it was the last that sent octets.
    talks: bool,
}

impl Streams {
    /// `ends.from` connects to `ends.to`.
    pub(super) fn open(&mut self, ends: Ends, way: Way, comment: &str) -> Vec<Packet> {
        while self.0.len() + 2 > CONNECTIONS {
            let Some((one, _)) = self.0.pop_first() else { break };
            self.0.remove(&one.back());
        }
        self.0.insert(ends, Stream::default());
        self.0.insert(ends.back(), Stream::default());
        let mut syn = self.segment(ends, way, SYN, &[], 0);
        syn.comment = comment.to_owned();
        let answer = self.segment(ends.back(), other(way), SYN | ACK, &[], 0);
        vec![syn, answer, self.segment(ends, way, ACK, &[], 0)]
    }

    /// A line on a control connection, or a head of HTTP.
    pub(super) fn line(&mut self, ends: Ends, way: Way, line: &[u8], comment: &str) -> Vec<Packet> {
        let mut packets = self.known(ends, way);
        let mut packet = self.segment(ends, way, PSH | ACK, line, line.len());
        packet.comment = comment.to_owned();
        packets.push(packet);
        packets
    }

    /// Octets of content, of which only the number is known.
    pub(super) fn data(&mut self, ends: Ends, way: Way, len: usize) -> Vec<Packet> {
        let mut packets = self.known(ends, way);
        let mut left = len;
        while left > 0 {
            let now = left.min(SEGMENT);
            left -= now;
            packets.push(self.segment(ends, way, ACK, &[], now));
        }
        if let Some(stream) = self.0.get(&ends)
            && stream.next.wrapping_sub(stream.acknowledged) >= ACKNOWLEDGE
        {
            packets.push(self.segment(ends.back(), other(way), ACK, &[], 0));
        }
        packets
    }

    /// A connection is closed; who sent the last octets closes first.
    pub(super) fn close(&mut self, ends: Ends, way: Way, total: u64) -> Vec<Packet> {
        let Some(stream) = self.0.get(&ends) else { return Vec::new() };
        let (first, way) = if stream.talks { (ends, way) } else { (ends.back(), other(way)) };
        let mut packets = vec![
            self.segment(first, way, FIN | ACK, &[], 0),
            self.segment(first.back(), other(way), FIN | ACK, &[], 0),
            self.segment(first, way, ACK, &[], 0),
        ];
        packets[0].comment = format!("closed after {total} octets");
        self.0.remove(&ends);
        self.0.remove(&ends.back());
        packets
    }

    /// A connection that was there before the capture, or was forgotten, begins now.
    fn known(&mut self, ends: Ends, way: Way) -> Vec<Packet> {
        if self.0.contains_key(&ends) {
            return Vec::new();
        }
        self.open(ends, way, "the connection was there before")
    }

    fn segment(&mut self, ends: Ends, way: Way, flags: u8, octets: &[u8], len: usize) -> Packet {
        let back = self.0.entry(ends.back()).or_default();
        let acknowledged = if flags & ACK == 0 { 0 } else { back.next };
        back.acknowledged = back.next;
        back.talks &= len == 0;
        let stream = self.0.entry(ends).or_default();
        let segment = Segment { sequence: stream.next, acknowledged, flags };
        // A segment has at most 65,495 octets; SYN and FIN count as one (RFC 9293 §3.4).
        stream.next = stream.next.wrapping_add(len as u32 + u32::from(flags & (SYN | FIN) != 0));
        stream.talks |= len > 0;
        let (octets, len) = tcp(ends, segment, octets, len);
        Packet { octets, len, way, comment: String::new() }
    }
}

fn other(way: Way) -> Way {
    match way {
        Way::In => Way::Out,
        Way::Out => Way::In,
    }
}
