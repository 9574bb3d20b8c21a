use crate::{ErrorCode, Fault, RtoConfig, SendAhead, Terms};
use alloc::string::String;
use alloc::vec::Vec;
use clock::Duration;

/// How patient a machine is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// The end when nothing new came for this long.
    pub no_progress: Duration,
    /// The waits between repeats.
    pub rto: RtoConfig,
    /// How long a receiver that has all answers repeats of the last block (RFC 1350 §6).
    pub dally: Duration,
    /// How often the first answer is repeated to a peer that has not shown that it exists; `None`: until
    /// the end. A server bounds it, because the sender of a request may be forged.
    pub unproved_repeats: Option<u32>,
    /// Whether a sender goes ahead of a peer that only does lock-step, and how far.
    pub send_ahead: Option<SendAhead>,
}

impl Config {
    /// A server's: 180 s, because a device that writes flash may erase it first; it dallies 10 s, twice
    /// the 5 s after which the slowest common client repeats; four repeats to the unproved. Its first wait is
    /// 250 ms, as iPXE's: what it may repeat too early is one OACK or block, which is acknowledged and no more.
    pub fn server() -> Config {
        Config {
            no_progress: Duration::from_secs(180),
            rto: RtoConfig { first: Duration::from_millis(250), ..RtoConfig::default() },
            dally: Duration::from_secs(10),
            unproved_repeats: Some(4),
            send_ahead: None,
        }
    }

    /// A client's: 60 s; it dallies one second. Its first wait is 500 ms: most servers begin a second transfer
    /// for a request that comes twice, so one that only opens the file slowly is given time.
    pub fn client() -> Config {
        Config {
            no_progress: Duration::from_secs(60),
            rto: RtoConfig::default(),
            dally: Duration::from_secs(1),
            unproved_repeats: None,
            send_ahead: None,
        }
    }

    /// The waits with the time-out that was agreed (RFC 2349): an upper bound. What is measured may be
    /// shorter: the option bounds the peer's patience, not our eagerness.
    pub(crate) fn rto_for(&self, terms: &Terms) -> RtoConfig {
        RtoConfig { most: terms.timeout, ..self.rto }
    }
}

/// Something to send to the peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Transmit {
    /// A datagram as it is.
    Packet {
        /// Its octets.
        octets: Vec<u8>,
        /// Why.
        why: Why,
    },
    /// An ACK: one for each block or window, so it is made without an allocation.
    Ack {
        /// Its octets.
        octets: [u8; 4],
        /// Why.
        why: Why,
    },
    /// A run of DATA packets whose payloads the driver has: block `n` holds the octets of the (converted)
    /// file from `(n - 1) * blksize`.
    Blocks {
        /// The first block, counted from 1.
        first: u64,
        /// How many, at most a window.
        count: u16,
        /// Why; the whole run shares it.
        why: Why,
    },
}

/// Why something is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// For the first time.
    First,
    /// Again, because an answer did not come or said so: the n-th repeat since the last progress.
    Again(u32),
    /// Again, because the peer repeated itself.
    Duplicate,
}

/// What a received datagram was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    /// New to us.
    New,
    /// Known already.
    Dup,
    /// Older than anything we wait for, or nothing that we can use now.
    Stale,
    /// Later than the next one we wait for.
    Gap,
}

/// A fact for the owner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Options are settled (also when there are none): buffers can be made, sizes shown.
    Agreed(Terms),
    /// The payload of the datagram just handled belongs to this block.
    Place {
        /// Counted from 1; its first octet is octet `(block - 1) * blksize` of the (converted) file.
        block: u64,
        /// Octets of the payload, which starts behind the four of the header.
        len: usize,
    },
    /// Every octet is placed. Answer with `Receiver::commit` once they are safe, or `refuse`.
    Whole {
        /// Octets on the wire.
        octets: u64,
    },
    /// The machine is at its end; poll what is left to send, then drop it.
    Over(Outcome),
}

/// How a transfer ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Both ends agree that all is there.
    Complete,
    /// A sender's: every block went out, the last was never acknowledged. The file probably arrived.
    Unconfirmed,
    /// Nothing new came for too long.
    TimedOut,
    /// The peer sent ERROR.
    Refused {
        /// Its code.
        code: ErrorCode,
        /// Its text, made printable.
        text: String,
    },
    /// The peer broke the protocol.
    Broken(Fault),
    /// Our own side gave up; the peer was told.
    Aborted,
}

/// The peer's text, printable, of bounded length.
pub(crate) fn printable(text: &[u8]) -> String {
    let cut = &text[..text.len().min(256)];
    String::from_utf8_lossy(cut).chars().map(|c| if c.is_control() { '.' } else { c }).collect()
}
