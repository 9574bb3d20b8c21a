//! How far transfers are, from what is seen on the wire.

use crate::ladder::{Packet, announced};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use transport::tap::{Dir, Role, Sense, Sight, Tap, What};

/// Flows remembered at a time; the oldest makes room.
const FLOWS: usize = 4_096;

/// A tap that counts. It costs a lock and a few additions a packet.
#[derive(Debug, Default)]
pub struct Watch {
    // Guards the counts; held for one sight or one look.
    flows: Mutex<Flows>,
}

#[derive(Debug, Default)]
struct Flows {
    by_number: BTreeMap<u64, Flow>,
    /// The latest flow with a peer.
    latest: HashMap<SocketAddr, u64>,
}

impl Flows {
    fn forget(&mut self, number: u64) {
        let Some(flow) = self.by_number.remove(&number) else { return };
        if self.latest.get(&flow.peer) == Some(&number) {
            self.latest.remove(&flow.peer);
        }
    }
}

/// What is known of one transfer (TFTP) or of the latest transfer of one session (FTP) or connection (HTTP).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flow {
    /// The other end: of FTP its control connection.
    pub peer: SocketAddr,
    /// Octets of the file so far.
    pub octets: u64,
    /// Octets in all, once known.
    pub total: Option<u64>,
    /// TFTP: octets of a block.
    pub blksize: u16,
    /// TFTP: blocks for each acknowledgement.
    pub windowsize: u16,
    /// Datagrams that were sent or came again.
    pub repeats: u64,
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Flows> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The latest flow with this peer.
    pub fn with(&self, peer: SocketAddr) -> Option<Flow> {
        let flows = self.lock();
        flows.by_number.get(flows.latest.get(&peer)?).cloned()
    }

    /// The latest flow in which something moved; where none has, the latest.
    pub fn latest(&self) -> Option<Flow> {
        let flows = self.lock();
        let mut newest = flows.by_number.values().rev();
        newest.clone().find(|flow| flow.octets > 0).or_else(|| newest.next()).cloned()
    }

    /// Forgets the latest flow with a peer.
    pub fn forget(&self, peer: SocketAddr) {
        let mut flows = self.lock();
        if let Some(&number) = flows.latest.get(&peer) {
            flows.forget(number);
        }
    }
}

impl Tap for Watch {
    fn see(&self, sight: &Sight<'_>) {
        let mut flows = self.lock();
        if !flows.by_number.contains_key(&sight.flow) {
            if flows.by_number.len() >= FLOWS
                && let Some((&oldest, _)) = flows.by_number.first_key_value()
            {
                flows.forget(oldest);
            }
            // RFC 1350: 512 octets and lock-step where nothing else is agreed.
            let peer = sight.peer;
            let new = Flow { peer, octets: 0, total: None, blksize: 512, windowsize: 1, repeats: 0 };
            flows.by_number.insert(sight.flow, new);
            flows.latest.insert(peer, sight.flow);
        }
        let Flows { by_number, latest } = &mut *flows;
        let flow = by_number.get_mut(&sight.flow).expect("put in above where it was not");
        match &sight.what {
            What::Datagram { head, len, sense } => {
                let before = flow.peer;
                datagram(flow, head, *len, *sense, sight.peer);
                if flow.peer != before {
                    latest.remove(&before);
                }
                latest.insert(flow.peer, sight.flow);
            }
            What::Data { total, .. } => flow.octets = *total,
            What::Size(n) => flow.total = Some(*n),
            What::Connected { role: Role::Data } => flow.octets = 0,
            What::Head(head) if sight.dir == Dir::Sent => {
                flow.octets = 0;
                flow.total = announced(head);
            }
            _ => {}
        }
    }
}

fn datagram(flow: &mut Flow, head: &[u8], len: usize, sense: Sense, peer: SocketAddr) {
    let new = match sense {
        Sense::First | Sense::Gap => true,
        Sense::Again(_) | Sense::Duplicate => {
            flow.repeats += 1;
            false
        }
        Sense::Stale | Sense::Stray => false,
    };
    match Packet::read(head, len) {
        Packet::Data { len, .. } if new => {
            // The server's answer comes from another port than the one that was asked (its TID).
            flow.peer = peer;
            flow.octets += len as u64;
        }
        Packet::OptionAck { options } => {
            for (name, value) in options {
                match name.to_ascii_lowercase().as_str() {
                    "blksize" => flow.blksize = value.parse().unwrap_or(flow.blksize),
                    "windowsize" => flow.windowsize = value.parse().unwrap_or(flow.windowsize),
                    // In a request of a get tsize is 0 and means nothing; the OACK has the size.
                    "tsize" => flow.total = value.parse().ok(),
                    _ => {}
                }
            }
        }
        Packet::Data { .. }
        | Packet::Request { .. }
        | Packet::Ack { .. }
        | Packet::Error { .. }
        | Packet::Other { .. } => {}
    }
}

/// Several taps as one.
pub struct Several(pub Vec<Arc<dyn Tap>>);

impl Several {
    /// One tap for those there are; none for none.
    pub fn of(mut taps: Vec<Arc<dyn Tap>>) -> Option<Arc<dyn Tap>> {
        match taps.len() {
            0 => None,
            1 => taps.pop(),
            _ => Some(Arc::new(Several(taps))),
        }
    }
}

impl Tap for Several {
    fn see(&self, sight: &Sight<'_>) {
        for tap in &self.0 {
            tap.see(sight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn the_oldest_flow_makes_room() {
        let watch = Watch::default();
        let peer = |n: u64| SocketAddr::from(([127, 0, 0, 1], n as u16));
        for flow in 0..FLOWS as u64 + 10 {
            let (at, local, dir) = (Instant::now(), peer(0), Dir::Sent);
            watch.see(&Sight { at, flow, local, peer: peer(flow), dir, what: What::Size(flow) });
        }
        assert_eq!(watch.with(peer(9)), None);
        assert_eq!(watch.with(peer(10)).and_then(|f| f.total), Some(10));
        let flows = watch.lock();
        assert_eq!((flows.by_number.len(), flows.latest.len()), (FLOWS, FLOWS));
    }

    #[test]
    fn repeats_are_counted_apart_from_octets() {
        let watch = Watch::default();
        let see = |head: &[u8], len, sense| {
            watch.see(&Sight {
                at: Instant::now(),
                flow: 3,
                local: SocketAddr::from(([127, 0, 0, 1], 1)),
                peer: SocketAddr::from(([127, 0, 0, 1], 2)),
                dir: Dir::Sent,
                what: What::Datagram { head, len, sense },
            });
        };
        see(b"\0\x06blksize\x001000\0tsize\x001500\0windowsize\x004\0", 40, Sense::First);
        see(b"\0\x03\0\x01", 1_004, Sense::First);
        see(b"\0\x03\0\x01", 1_004, Sense::Again(1));
        see(b"\0\x03\0\x02", 504, Sense::Gap);
        let flow = watch.latest().expect("a flow");
        assert_eq!((flow.octets, flow.total, flow.repeats), (1_500, Some(1_500), 1));
        assert_eq!((flow.blksize, flow.windowsize), (1_000, 4));
        assert_eq!(watch.with(flow.peer), Some(flow.clone()));
        watch.forget(flow.peer);
        assert_eq!((watch.with(flow.peer), watch.latest()), (None, None));
    }
}
