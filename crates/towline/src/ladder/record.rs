use super::{Packet, http, printable};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use transport::tap::{Dir, Role, Sense, Sight, Tap, What};

/// The longest control line that is kept, octets.
const LONGEST_LINE: usize = 512;

/// One [`Sight`], owned: what a ladder is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Since the recording began.
    pub at: Duration,
    /// The transfer (TFTP), control session (FTP) or connection (HTTP).
    pub flow: u64,
    /// The address and port of the end that has the tap.
    pub local: SocketAddr,
    /// The other end's.
    pub peer: SocketAddr,
    /// Seen from the end that has the tap.
    pub dir: Dir,
    /// What it was.
    pub what: Fact,
}

/// What was seen, owned and understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// A TFTP packet.
    Packet {
        /// What is in it.
        packet: Packet,
        /// Octets of the datagram.
        len: usize,
        /// Why it was sent, or what it was to the receiver.
        sense: Sense,
    },
    /// A wait ended without an answer.
    TimedOut,
    /// A control line of FTP, a request or answer of SFTP, a line of SCP; printable, password masked.
    Control(String),
    /// A head of HTTP in one line: its first, and the fields that say what of the content is meant.
    Head(String),
    /// A TCP connection.
    Connected {
        /// What for.
        role: Role,
    },
    /// No data connection, and why.
    ConnectFailed(String),
    /// Octets on a data connection, or behind a head.
    Data {
        /// Of this segment.
        len: usize,
        /// Since the connection opened, or since the head.
        total: u64,
    },
    /// A connection ended.
    Closed {
        /// What it was for.
        role: Role,
        /// Octets carried.
        total: u64,
    },
    /// The transfer's size became known.
    Size(u64),
}

impl Seen {
    /// Takes a sight over; `start` is the moment that counts as zero. Kinds of sights that ladders do
    /// not know give nothing.
    pub fn of(sight: &Sight<'_>, start: Instant) -> Option<Seen> {
        let what = match &sight.what {
            What::Datagram { head, len, sense } => {
                Fact::Packet { packet: Packet::read(head, *len), len: *len, sense: *sense }
            }
            What::TimedOut => Fact::TimedOut,
            What::Control(line) => Fact::Control(masked(line)),
            What::Record(line) => Fact::Control(printable(&line[..line.len().min(LONGEST_LINE)])),
            What::Head(head) => Fact::Head(http::abridged(head)),
            What::Connected { role } => Fact::Connected { role: *role },
            What::ConnectFailed { why } => Fact::ConnectFailed(printable(why.as_bytes())),
            What::Data { len, total } => Fact::Data { len: *len, total: *total },
            What::Closed { role, total } => Fact::Closed { role: *role, total: *total },
            What::Size(n) => Fact::Size(*n),
            _ => return None,
        };
        Some(Seen {
            at: sight.at.saturating_duration_since(start),
            flow: sight.flow,
            local: sight.local,
            peer: sight.peer,
            dir: sight.dir,
            what,
        })
    }
}

/// A control line for people.
fn masked(line: &[u8]) -> String {
    printable(&masked_octets(&line[..line.len().min(LONGEST_LINE)]).0)
}

/// A control line, and whether a password in it is masked. The driver masks passwords; a ladder or a capture
/// is shown around, so it looks again.
pub(super) fn masked_octets(line: &[u8]) -> (Vec<u8>, bool) {
    match line.get(..5) {
        Some(verb) if verb.eq_ignore_ascii_case(b"PASS ") => (b"PASS ****".to_vec(), true),
        Some(_) | None => (line.to_vec(), false),
    }
}

/// A tap that keeps everything it sees.
#[derive(Debug)]
pub struct Recorder {
    start: Instant,
    // Guards the list; held for one push or one clone.
    seen: Mutex<Vec<Seen>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Recorder { start: Instant::now(), seen: Mutex::new(Vec::new()) }
    }
}

impl Recorder {
    /// What was seen so far, in the order it was told.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Tap for Recorder {
    fn see(&self, sight: &Sight<'_>) {
        if let Some(seen) = Seen::of(sight, self.start) {
            self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(seen);
        }
    }
}
