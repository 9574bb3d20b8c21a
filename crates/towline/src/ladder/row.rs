use super::negotiation::{Asked, Holes};
use super::{End, Fact, Packet, Phase, Phases, Seen};
use crate::figures::grouped;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use transport::tap::{Dir, Role, Sense};

/// Transfers remembered at a time: TFTP has no sight of its end, so the oldest makes room.
const FLOWS: usize = 1_024;

/// One row of a ladder, before it is drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Counts the transfers and sessions from 1, as people do.
    pub flow: u64,
    /// Since the recording began.
    pub at: Duration,
    /// Since the row before in the same flow.
    pub delta: Duration,
    /// What it shows.
    pub what: Drawn,
}

/// What a row shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Drawn {
    /// A transfer or session begins, between these.
    Heading(SocketAddr, SocketAddr),
    /// A phase of a TFTP transfer begins.
    Phase(Phase),
    /// Something goes from one end to the other.
    Arrow {
        /// The client's and the server's port.
        ports: (u16, u16),
        /// Who sent it.
        from: End,
        /// What it says.
        text: String,
        /// What it is.
        kind: Kind,
    },
    /// Something happens at one end.
    Remark {
        /// The client's and the server's port.
        ports: (u16, u16),
        /// Where.
        at: End,
        /// What it says.
        text: String,
    },
}

/// What an arrow is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A datagram.
    Packet {
        /// What it was to the end that has the tap.
        sense: Sense,
        /// DATA or ACK.
        regular: bool,
    },
    /// A line on a control connection.
    Control,
    /// A head of HTTP.
    Head,
    /// A connection opens or closes.
    Connection {
        /// What for.
        role: Role,
    },
    /// A connection that did not open.
    Failed,
    /// Octets on a data connection, or behind a head.
    Data,
}

/// Makes rows of what is seen. Segments of content are kept back and become one row when
/// something else happens in their session.
#[derive(Debug)]
pub struct Rows {
    tapped: End,
    flows: BTreeMap<u64, Flow>,
    /// Flows seen so far.
    count: u64,
}

/// What is remembered of one transfer or session.
#[derive(Debug)]
struct Flow {
    number: u64,
    last: Duration,
    phases: Phases,
    phase: Option<Phase>,
    burst: Option<Burst>,
    asked: Asked,
    holes: Holes,
}

/// Data segments in one direction without anything between.
#[derive(Clone, Debug)]
struct Burst {
    from: End,
    ports: (u16, u16),
    began: Duration,
    ended: Duration,
    segments: u64,
    octets: u64,
}

impl Rows {
    /// For what is seen at the end `tapped`.
    pub fn new(tapped: End) -> Self {
        Rows { tapped, flows: BTreeMap::new(), count: 0 }
    }

    /// The rows that `seen` completes.
    pub fn of(&mut self, seen: &Seen) -> Vec<Row> {
        let mut rows = Vec::new();
        let (client, server) = match self.tapped {
            End::Client => (seen.local, seen.peer),
            End::Server => (seen.peer, seen.local),
        };
        if self.flows.len() >= FLOWS && !self.flows.contains_key(&seen.flow) {
            rows.extend(self.flows.pop_first().and_then(|(_, mut oldest)| oldest.close_burst()));
        }
        let flow = self.flows.entry(seen.flow).or_insert_with(|| {
            self.count += 1;
            let what = Drawn::Heading(client, server);
            rows.push(Row { flow: self.count, at: seen.at, delta: Duration::ZERO, what });
            Flow::new(self.count, seen.at)
        });
        let from = match seen.dir {
            Dir::Sent => Some(self.tapped),
            Dir::Received => Some(self.tapped.other()),
            Dir::Here => None,
        };
        let ports = (client.port(), server.port());
        if let (Fact::Data { len, .. }, Some(from)) = (&seen.what, from) {
            rows.extend(flow.segment(from, ports, seen.at, *len as u64));
            return rows;
        }
        rows.extend(flow.close_burst());
        // TFTP's size is an option: the answer to it says so.
        if matches!(seen.what, Fact::Size(_)) && flow.phase.is_some() {
            return rows;
        }
        let number = flow.number;
        let row = |delta, what| Row { flow: number, at: seen.at, delta, what };
        if let Fact::Packet { packet, .. } = &seen.what {
            let phase = flow.phases.of(packet);
            if flow.phase.replace(phase) != Some(phase) {
                rows.push(row(Duration::ZERO, Drawn::Phase(phase)));
            }
        }
        let delta = seen.at.saturating_sub(flow.last);
        flow.last = seen.at;
        let own = from.unwrap_or(self.tapped);
        let text = words(&seen.what);
        rows.push(row(
            delta,
            match (from, kind(&seen.what)) {
                (Some(from), Some(kind)) => Drawn::Arrow { ports, from, text, kind },
                (None, _) | (_, None) => Drawn::Remark { ports, at: own, text },
            },
        ));
        if let Fact::Packet { packet, sense, .. } = &seen.what {
            let mut said = flow.asked.hear(packet);
            said.extend(match seen.dir {
                Dir::Received => flow.holes.hear(packet, *sense),
                Dir::Sent | Dir::Here => flow.holes.answer(packet),
            });
            let remark = |text| row(Duration::ZERO, Drawn::Remark { ports, at: self.tapped, text });
            rows.extend(said.into_iter().map(remark));
        }
        if matches!(
            seen.what,
            Fact::Closed { role: Role::Control | Role::Sftp | Role::Scp | Role::Http { .. }, .. }
        ) {
            self.flows.remove(&seen.flow);
        }
        rows
    }

    /// The rows that were kept back.
    pub fn finish(&mut self) -> Vec<Row> {
        self.flows.values_mut().filter_map(Flow::close_burst).collect()
    }
}

impl Flow {
    fn new(number: u64, began: Duration) -> Flow {
        Flow {
            number,
            last: began,
            phases: Phases::default(),
            phase: None,
            burst: None,
            asked: Asked::default(),
            holes: Holes::default(),
        }
    }

    /// Octets on a data connection; gives the row of others that end with it.
    fn segment(&mut self, from: End, ports: (u16, u16), at: Duration, octets: u64) -> Option<Row> {
        if let Some(burst) = &mut self.burst
            && (burst.from, burst.ports) == (from, ports)
        {
            burst.segments += 1;
            burst.octets += octets;
            burst.ended = at;
            return None;
        }
        let row = self.close_burst();
        self.burst = Some(Burst { from, ports, began: at, ended: at, segments: 1, octets });
        row
    }

    fn close_burst(&mut self) -> Option<Row> {
        let Burst { from, ports, began, ended, segments, octets } = self.burst.take()?;
        let delta = began.saturating_sub(self.last);
        self.last = ended;
        let plural = if segments == 1 { "" } else { "s" };
        let mut text = format!("{} octets, {segments} segment{plural}", grouped(octets));
        if ended > began {
            text += &format!(" in {}", super::span(ended - began));
        }
        let what = Drawn::Arrow { ports, from, text, kind: Kind::Data };
        Some(Row { flow: self.number, at: began, delta, what })
    }
}

fn name(role: Role) -> &'static str {
    match role {
        Role::Control => "control",
        Role::Data => "data",
        Role::Sftp => "SFTP",
        Role::Scp => "SCP",
        Role::Http { tls: false } => "HTTP",
        Role::Http { tls: true } => "HTTPS",
    }
}

fn words(what: &Fact) -> String {
    match what {
        Fact::Packet { packet, .. } => packet.to_string(),
        Fact::TimedOut => String::from("no answer in time"),
        Fact::Control(line) | Fact::Head(line) => line.clone(),
        Fact::Connected { role } => format!("opens the {} connection (TCP)", name(*role)),
        Fact::ConnectFailed(why) => format!("no data connection: {why}"),
        Fact::Data { len, .. } => format!("{len} octets"),
        Fact::Closed { role: role @ (Role::Data | Role::Sftp | Role::Scp | Role::Http { .. }), total } => {
            format!("closes the {} connection after {} octets", name(*role), grouped(*total))
        }
        Fact::Closed { role: Role::Control, .. } => String::from("closes the control connection"),
        Fact::Size(n) => format!("the size is known: {} octets", grouped(*n)),
    }
}

/// What an arrow of it is; nothing where it is no arrow in any case.
fn kind(what: &Fact) -> Option<Kind> {
    match what {
        Fact::Packet { packet, sense, .. } => Some(Kind::Packet {
            sense: *sense,
            regular: matches!(packet, Packet::Data { .. } | Packet::Ack { .. }),
        }),
        Fact::Control(_) => Some(Kind::Control),
        Fact::Head(_) => Some(Kind::Head),
        Fact::Connected { role } | Fact::Closed { role, .. } => Some(Kind::Connection { role: *role }),
        Fact::ConnectFailed(_) => Some(Kind::Failed),
        Fact::Data { .. } => Some(Kind::Data),
        Fact::TimedOut | Fact::Size(_) => None,
    }
}

/// The note beside an arrow; nothing for what is as it should be.
pub(super) fn note(kind: Kind) -> String {
    match kind {
        Kind::Packet { sense: Sense::First, .. } | Kind::Control | Kind::Head => String::new(),
        Kind::Packet { sense: Sense::Again(n), .. } => format!("again #{n}"),
        Kind::Packet { sense: Sense::Duplicate, .. } => String::from("dup"),
        Kind::Packet { sense: Sense::Stale, .. } => String::from("stale"),
        Kind::Packet { sense: Sense::Gap, .. } => String::from("gap"),
        Kind::Packet { sense: Sense::Stray, .. } => String::from("stray"),
        Kind::Data => String::from("data"),
        Kind::Connection { role } => String::from(name(role)),
        Kind::Failed => String::from("failed"),
    }
}
