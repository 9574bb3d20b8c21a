use super::{End, Fact, Packet, Seen};
use std::net::SocketAddr;
use transport::tap::{Dir, Role, Sense};

/// What can be said about a recorded ladder.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    seen: &'a [Seen],
    tapped: End,
}

/// One thing that one end sent to the other.
#[derive(Clone, Copy, Debug)]
pub struct Arrow<'a> {
    /// Which end sent it.
    pub from: End,
    /// Its address and port.
    pub source: SocketAddr,
    /// Where it went.
    pub destination: SocketAddr,
    /// What it was.
    pub seen: &'a Seen,
}

impl Arrow<'_> {
    /// The TFTP packet, if it is one.
    pub fn packet(&self) -> Option<&Packet> {
        match &self.seen.what {
            Fact::Packet { packet, .. } => Some(packet),
            _ => None,
        }
    }

    /// The control line, if it is one.
    pub fn control(&self) -> Option<&str> {
        match &self.seen.what {
            Fact::Control(line) => Some(line),
            _ => None,
        }
    }

    /// Whether it was sent for a second time or was known already.
    pub fn is_repeat(&self) -> bool {
        matches!(&self.seen.what, Fact::Packet { sense: Sense::Again(_) | Sense::Duplicate, .. })
    }
}

/// One data connection of an FTP session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DataConnection {
    /// Which end opened it.
    pub opener: End,
    /// The opener's address and port.
    pub from: SocketAddr,
    /// The listener's.
    pub to: SocketAddr,
    /// Octets carried.
    pub octets: u64,
}

impl<'a> Facts<'a> {
    /// Facts of `seen`, recorded at the end `tapped`.
    pub fn new(seen: &'a [Seen], tapped: End) -> Self {
        Facts { seen, tapped }
    }

    /// Everything that went from one end to the other, in order; nothing that happened at one end only.
    pub fn arrows(&self) -> impl Iterator<Item = Arrow<'a>> + use<'a> {
        let tapped = self.tapped;
        self.seen.iter().filter_map(move |seen| {
            let (from, source, destination) = match seen.dir {
                Dir::Sent => (tapped, seen.local, seen.peer),
                Dir::Received => (tapped.other(), seen.peer, seen.local),
                Dir::Here => return None,
            };
            match seen.what {
                Fact::Packet { .. }
                | Fact::Control(_)
                | Fact::Head(_)
                | Fact::Connected { .. }
                | Fact::Data { .. } => Some(Arrow { from, source, destination, seen }),
                Fact::TimedOut | Fact::ConnectFailed(_) | Fact::Closed { .. } | Fact::Size(_) => None,
            }
        })
    }

    /// The TFTP packets.
    pub fn packets(&self) -> impl Iterator<Item = Arrow<'a>> + use<'a> {
        self.arrows().filter(|a| a.packet().is_some())
    }

    /// The FTP control lines.
    pub fn controls(&self) -> impl Iterator<Item = Arrow<'a>> + use<'a> {
        self.arrows().filter(|a| a.control().is_some())
    }

    /// The data connections in the order in which they opened.
    pub fn data_connections(&self) -> Vec<DataConnection> {
        let mut found: Vec<DataConnection> = Vec::new();
        for seen in self.seen {
            match seen.what {
                Fact::Connected { role: Role::Data } => {
                    let (opener, from, to) = match seen.dir {
                        Dir::Received => (self.tapped.other(), seen.peer, seen.local),
                        Dir::Sent | Dir::Here => (self.tapped, seen.local, seen.peer),
                    };
                    found.push(DataConnection { opener, from, to, octets: 0 });
                }
                Fact::Data { total, .. } | Fact::Closed { role: Role::Data, total } => {
                    let ends = [seen.local, seen.peer];
                    let of = |c: &&mut DataConnection| ends.contains(&c.from) && ends.contains(&c.to);
                    if let Some(connection) = found.iter_mut().rev().find(of) {
                        connection.octets = total;
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The phase of each TFTP packet, in order.
    pub fn phases(&self) -> Vec<Phase> {
        let mut phases = Phases::default();
        self.packets().filter_map(|a| a.packet().map(|p| phases.of(p))).collect()
    }
}

/// A TFTP transfer's three phases.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// The request and its answer: ACK 0, or the options and their acknowledgement.
    Request,
    /// Blocks and acknowledgements.
    Transfer,
    /// From the first block that is not full: it and its acknowledgement end the transfer. An ERROR too.
    End,
}

impl Phase {
    /// As a ladder marks it.
    pub fn title(self) -> &'static str {
        match self {
            Phase::Request => "1. request: may I, and from which port do we go on?",
            Phase::Transfer => "2. transfer: blocks and acknowledgements",
            Phase::End => "3. end: a block that is not full is the last",
        }
    }
}

/// Follows one transfer through its phases; they never go back.
#[derive(Clone, Debug)]
pub struct Phases {
    now: Phase,
    blksize: usize,
}

impl Default for Phases {
    fn default() -> Self {
        // RFC 1350: 512 octets where nothing else is agreed.
        Phases { now: Phase::Request, blksize: 512 }
    }
}

impl Phases {
    /// The phase that `packet` belongs to.
    pub fn of(&mut self, packet: &Packet) -> Phase {
        let next = match packet {
            Packet::Data { len, .. } if *len < self.blksize => Phase::End,
            Packet::Data { .. } => Phase::Transfer,
            Packet::Error { .. } => Phase::End,
            Packet::OptionAck { options } => {
                let agreed = options.iter().find(|(name, _)| name.eq_ignore_ascii_case("blksize"));
                if let Some(Ok(size)) = agreed.map(|(_, value)| value.parse()) {
                    self.blksize = size;
                }
                Phase::Request
            }
            Packet::Request { .. } | Packet::Ack { .. } | Packet::Other { .. } => self.now,
        };
        self.now = self.now.max(next);
        self.now
    }
}
