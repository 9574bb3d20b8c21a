//! What is known of a transfer when it has ended: the driver's facts, from which the verdict is made.

use std::time::Duration;

/// How a transfer ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Outcome {
    /// Both ends have it.
    Complete,
    /// TFTP: the last block was never acknowledged. The peer probably has the file.
    Unconfirmed,
    /// No progress for too long.
    TimedOut,
    /// The peer or the owner broke it off; also what dropping a transfer says.
    #[default]
    Aborted,
    /// The peer refused in the middle (a TFTP ERROR).
    Refused,
    /// Our storage or network failed.
    Failed,
}

/// Why it ended so, where the outcome alone does not tell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Cause {
    /// The outcome tells.
    #[default]
    Plain,
    /// The peer said so.
    PeerError {
        /// The number of its ERROR.
        code: u16,
        /// The text of it, made printable.
        text: String,
    },
    /// The peer's port is closed (ICMP).
    PortClosed,
    /// The peer's next request from the same port, or one that needed the place, took over.
    Replaced,
    /// The peer broke the protocol: how.
    Broke(String),
    /// Our storage or network failed: how.
    Ours(String),
    /// The server was stopped.
    Stopped,
    /// The owner ended this session.
    Kicked,
    /// FTP: the data connection never opened.
    NoDataConnection,
}

/// The end of a transfer, as the driver saw it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct End {
    /// How.
    pub outcome: Outcome,
    /// Why.
    pub cause: Cause,
    /// Octets moved by this transfer, as they are in the file.
    pub octets: u64,
    /// Octets that this transfer was to move, where that is not what its start said (a restart).
    pub expected: Option<u64>,
    /// In words, for people; empty where there is nothing to add.
    pub note: String,
    /// What its datagrams told; of TFTP.
    pub wire: Option<Box<Wire>>,
}

impl End {
    /// An end with nothing to add.
    pub fn new(outcome: Outcome, octets: u64) -> End {
        End { outcome, octets, ..End::default() }
    }

    /// The same with a note.
    pub fn note(mut self, note: impl Into<String>) -> End {
        self.note = note.into();
        self
    }

    /// The same with its cause.
    pub fn because(mut self, cause: Cause) -> End {
        self.cause = cause;
        self
    }

    /// Adds to the note.
    pub(crate) fn add(&mut self, note: &str) {
        if !self.note.is_empty() {
            self.note.push_str("; ");
        }
        self.note.push_str(note);
    }
}

/// What the datagrams of a TFTP transfer told. Made once, at its end.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wire {
    /// The name in the request: its octets, not checked and not mapped.
    pub asked: Vec<u8>,
    /// The options that were asked for, in the request's order.
    pub options: Vec<Negotiated>,
    /// Octets of a block.
    pub blksize: u16,
    /// Blocks for each acknowledgement.
    pub windowsize: u16,
    /// Whether the peer ever answered our first packet.
    pub answered: bool,
    /// How often the request came again.
    pub asked_again: u32,
    /// The counts.
    pub figures: Figures,
}

/// An option: all that there are have a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Negotiated {
    /// Its name in lower case.
    pub name: &'static str,
    /// What was asked.
    pub asked: u64,
    /// What was agreed; `None`: we left it out.
    pub agreed: Option<u64>,
}

/// Counts of one transfer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Blocks acknowledged, or received.
    pub blocks: u64,
    /// Datagrams sent, repeats and all.
    pub sent: u64,
    /// Of these: sent again.
    pub repeats: u64,
    /// Datagrams that came a second time.
    pub duplicates: u64,
    /// Gaps: of a download, that the peer told; of an upload, that we saw.
    pub gaps: u64,
    /// Waits that ended without an answer.
    pub timeouts: u64,
    /// The smoothed round trip; `None`: never measured.
    pub rtt: Option<Duration>,
    /// The wait for an answer, at the end.
    pub rto: Option<Duration>,
}

impl Figures {
    /// The share of datagrams that were lost at least, from 0 to 1: each gap and each wait in vain is one. (Repeats
    /// say less: a window goes out again for one lost block.)
    pub fn loss(&self) -> f64 {
        let lost = (self.gaps + self.timeouts) as f64;
        if lost == 0.0 { 0.0 } else { lost / (self.blocks as f64 + lost) }
    }
}
