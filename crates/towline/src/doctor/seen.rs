//! What a probe asks for, and what it writes down.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tftp_proto::packet::OptionList;
use tftp_proto::{BadOack, ErrorCode, Figures, Offer, Terms};

/// Repeated ACKs that are tried, and as many waits without one.
pub(super) const TRIALS: usize = 4;
/// The block from which on ACKs are repeated.
pub(super) const FIRST_TRIAL: u16 = 2;
/// Blocks that a probe with repeated ACKs needs.
pub(super) const TRIAL_BLOCKS: u64 = FIRST_TRIAL as u64 + 2 * TRIALS as u64;

/// What a probe asks for, and when it has seen enough.
pub(super) struct Ask<'a> {
    /// The name, octets.
    pub(super) name: &'a [u8],
    /// The options.
    pub(super) offer: Offer,
    /// When it ends.
    pub(super) stop: Stop,
}

/// When a probe has seen enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// At the first answer: OACK, DATA 1 or ERROR.
    Answered,
    /// When this many blocks are in.
    Blocks(u64),
    /// The same, and after this time at the latest.
    Within(u64, Duration),
    /// When the last block is in, and repeats of it have been listened for.
    Lingering(Duration),
    /// When ACKs have been repeated [`TRIALS`] times, and as often not.
    Apprentice,
}

/// The first answer to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// None.
    Silence,
    /// What ICMP said, or our own system.
    Icmp(String, io::ErrorKind),
    /// ERROR.
    Error(ErrorCode, String),
    /// DATA 1: no option holds.
    Plain,
    /// OACK.
    Options(Oack),
}

/// An OACK as it was on the wire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Oack {
    /// Names and values.
    pub(super) pairs: Vec<(String, String)>,
    /// Whether our machine takes it.
    pub(super) taken: bool,
    /// What is unlawful with it, in words; some of that our machine does not mind.
    pub(super) faults: Vec<String>,
}

/// What a probe has seen.
#[derive(Debug)]
pub(super) struct Seen {
    /// The first answer.
    pub(super) answer: Answer,
    /// Where that came from.
    pub(super) from: Option<SocketAddr>,
    /// Other addresses that sent something.
    pub(super) strangers: Vec<SocketAddr>,
    /// Other ports of the server from which parts of the transfer came, its request being sent once.
    pub(super) ports: Vec<u16>,
    /// From the request to the answer, where the request went out once.
    pub(super) answered: Option<Duration>,
    /// From an ACK to the next block, in lock-step.
    pub(super) round_trips: Vec<Duration>,
    /// Blocks that are in without a gap.
    pub(super) blocks: u64,
    /// Their octets.
    pub(super) octets: u64,
    /// The file ended.
    pub(super) whole: bool,
    /// OACK or DATA 1 that came again after it had been acknowledged.
    pub(super) again: u64,
    /// An ERROR or ICMP error after the first answer.
    pub(super) broken: Option<String>,
    /// That was ERROR 5.
    pub(super) unknown_tid: bool,
    /// The server broke the protocol.
    pub(super) unlawful: bool,
    /// Blocks that came only after a wait had ended without them.
    pub(super) stalls: u64,
    /// What was agreed.
    pub(super) terms: Terms,
    /// What the machine counted.
    pub(super) figures: Figures,
    /// From the first answer to the end.
    pub(super) took: Duration,
    /// How long the next block took to come again: after a repeated ACK, and without one.
    pub(super) trials: [Vec<Duration>; 2],
}

impl Seen {
    /// Nothing yet.
    pub(super) fn nothing() -> Seen {
        Seen {
            answer: Answer::Silence,
            from: None,
            strangers: Vec::new(),
            ports: Vec::new(),
            answered: None,
            round_trips: Vec::new(),
            blocks: 0,
            octets: 0,
            whole: false,
            again: 0,
            broken: None,
            unknown_tid: false,
            unlawful: false,
            stalls: 0,
            terms: Terms::default(),
            figures: Figures::default(),
            took: Duration::ZERO,
            trials: [Vec::new(), Vec::new()],
        }
    }
}

/// The OACK in words: its pairs, and what is wrong with them.
pub(super) fn oack(list: &OptionList<'_>, len: usize, offer: &Offer) -> Oack {
    let text = |octets: &[u8]| printable(octets);
    let pairs: Vec<_> = list.iter().map(|(n, v)| (text(n), text(v))).collect();
    let mut faults = Vec::new();
    let taken = offer.accept(list);
    if let Err(bad) = taken {
        let shown: Vec<_> = pairs.iter().map(|(n, v)| format!("{n} {v}")).collect();
        let what = match bad {
            BadOack::NotAsked => "has an option that was not asked for",
            BadOack::BadValue => "has a value that was not asked for",
            BadOack::Twice => "has an option twice",
        };
        faults.push(format!("it {what} ({})", shown.join(", ")));
    }
    // RFC 2347: the name as it was in the request. Ours are in lower case; U-Boot compares octets.
    for (name, _) in &pairs {
        let lower = name.to_ascii_lowercase();
        if *name != lower {
            faults.push(format!("it writes '{lower}' as '{name}'"));
        }
    }
    let whole: usize = list.iter().map(|(n, v)| n.len() + v.len() + 2).sum();
    if len > 2 + whole {
        faults.push(format!("{} octets stand behind its last option", len - 2 - whole));
    }
    Oack { pairs, taken: taken.is_ok(), faults }
}

/// The middle one.
pub(super) fn median(of: &[Duration]) -> Option<Duration> {
    let mut sorted = of.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// A server's text for people: bounded, without control characters.
pub(super) fn printable(text: &[u8]) -> String {
    let cut = &text[..text.len().min(128)];
    String::from_utf8_lossy(cut).chars().map(|c| if c.is_control() { '.' } else { c }).collect()
}
