//! What a transfer's end means, in words: decided in one place from what the driver saw.

use crate::record::{Cause, End, Outcome};
use crate::transfer::Direction;
use std::fmt;

/// What became of a transfer, for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Both ends have it.
    Complete,
    /// The client only looked: it asked for the size, or for the first block, and broke off. Boot ROMs do
    /// so before every download; nothing failed.
    Probe,
    /// The client closed its port, or its connection, in the middle.
    ClientWentAway(Far),
    /// Nothing ever came back for our first packet.
    NeverAnswered,
    /// FTP: the data connection never opened.
    NoDataConnection,
    /// Everything was sent, and the answer to the last block never came.
    LastAckLost,
    /// A download that the client stopped answering.
    WentSilent(Far),
    /// An upload that the client stopped sending.
    StoppedSending(Far),
    /// The client sent an ERROR in the middle.
    RefusedByClient {
        /// Its number.
        code: u16,
        /// Its text, printable; perhaps empty.
        text: String,
        /// Where that was.
        far: Far,
    },
    /// We refused what the client sent, in words.
    Refused(String),
    /// Our storage or network failed, in words.
    OurFault(String),
    /// The server was stopped.
    Cut(Far),
    /// The owner ended it.
    Kicked(Far),
}

/// How far a transfer came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Far {
    /// Nothing was moved.
    Nothing,
    /// Whole percent, below 100.
    Percent(u8),
    /// Octets, where nobody knows of how many.
    Octets(u64),
}

impl Far {
    fn of(octets: u64, expected: Option<u64>) -> Far {
        match expected {
            _ if octets == 0 => Far::Nothing,
            Some(all) if octets <= all => {
                let percent = u128::from(octets) * 100 / u128::from(all);
                Far::Percent(u8::try_from(percent.min(99)).expect("at most 99"))
            }
            // More than was announced: the announcement is worth nothing.
            Some(_) | None => Far::Octets(octets),
        }
    }
}

impl fmt::Display for Far {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Far::Nothing => f.write_str("0 %"),
            Far::Percent(n) => write!(f, "{n} %"),
            Far::Octets(n) => write!(f, "{n} octets"),
        }
    }
}

impl Verdict {
    /// Every word of [`Verdict::word`].
    pub const WORDS: &'static [&'static str] = &[
        "complete",
        "probe",
        "client-went-away",
        "never-answered",
        "no-data-connection",
        "last-ack-lost",
        "went-silent",
        "stopped-sending",
        "refused-by-client",
        "refused",
        "our-fault",
        "cut",
        "kicked",
    ];

    /// The verdict over a transfer of which `expected` octets were to be moved, where that is known.
    pub fn of(dir: Direction, expected: Option<u64>, end: &End) -> Verdict {
        let expected = end.expected.or(expected);
        let far = Far::of(end.octets, expected);
        let seen = Seen::of(dir, expected, end);
        match &end.cause {
            Cause::Ours(why) => Verdict::OurFault(why.clone()),
            Cause::Broke(how) => Verdict::Refused(how.clone()),
            Cause::Stopped => Verdict::Cut(far),
            Cause::Kicked => Verdict::Kicked(far),
            Cause::NoDataConnection => Verdict::NoDataConnection,
            Cause::PeerError { code, .. } if seen.is_probe_by(*code) => Verdict::Probe,
            Cause::PeerError { code, text } => {
                Verdict::RefusedByClient { code: *code, text: text.clone(), far }
            }
            Cause::PortClosed if end.outcome == Outcome::Unconfirmed || seen.has_all_unasked => {
                Verdict::LastAckLost
            }
            Cause::PortClosed if seen.is_untouched_read => Verdict::Probe,
            Cause::PortClosed => Verdict::ClientWentAway(far),
            // A boot ROM that asked again from the same port has seen the size.
            Cause::Replaced if seen.is_untouched_read && seen.asked_size => Verdict::Probe,
            Cause::Replaced if !seen.answered => Verdict::NeverAnswered,
            Cause::Replaced if seen.has_all => Verdict::LastAckLost,
            Cause::Replaced => Verdict::ClientWentAway(far),
            Cause::Plain => match end.outcome {
                Outcome::Complete => Verdict::Complete,
                Outcome::Unconfirmed => Verdict::LastAckLost,
                // Who cannot hear us asks again; who has seen the size in the OACK does not.
                Outcome::TimedOut if seen.is_untouched_read && seen.asked_size && !seen.asked_again => {
                    Verdict::Probe
                }
                Outcome::TimedOut if !seen.answered => Verdict::NeverAnswered,
                Outcome::TimedOut if dir == Direction::Write => Verdict::StoppedSending(far),
                Outcome::TimedOut => Verdict::WentSilent(far),
                Outcome::Aborted => Verdict::ClientWentAway(far),
                Outcome::Refused => Verdict::Refused(end.note.clone()),
                Outcome::Failed => Verdict::OurFault(end.note.clone()),
            },
        }
    }

    /// One word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Complete => "complete",
            Verdict::Probe => "probe",
            Verdict::ClientWentAway(_) => "client-went-away",
            Verdict::NeverAnswered => "never-answered",
            Verdict::NoDataConnection => "no-data-connection",
            Verdict::LastAckLost => "last-ack-lost",
            Verdict::WentSilent(_) => "went-silent",
            Verdict::StoppedSending(_) => "stopped-sending",
            Verdict::RefusedByClient { .. } => "refused-by-client",
            Verdict::Refused(_) => "refused",
            Verdict::OurFault(_) => "our-fault",
            Verdict::Cut(_) => "cut",
            Verdict::Kicked(_) => "kicked",
        }
    }
}

/// The words for people.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = |far: &Far| match far {
            Far::Nothing => String::new(),
            far => format!(" after {far}"),
        };
        match self {
            Verdict::Complete => f.write_str("complete"),
            Verdict::Probe => f.write_str("probe"),
            Verdict::ClientWentAway(far) => write!(f, "client went away{}", after(far)),
            Verdict::NeverAnswered => {
                f.write_str("no answer to our first packet: a firewall may block our data port")
            }
            Verdict::NoDataConnection => f.write_str("the data connection never opened"),
            Verdict::LastAckLost => f.write_str("last ACK lost: all was sent and probably arrived"),
            Verdict::WentSilent(far) => {
                write!(f, "stopped after {far}, the device went silent: flash may be full")
            }
            Verdict::StoppedSending(far) => write!(f, "stopped after {far}, the device stopped sending"),
            Verdict::RefusedByClient { code, text, far } => {
                write!(f, "refused: the client sent ERROR {code}{}", after(far))?;
                if text.is_empty() { Ok(()) } else { write!(f, ": {text}") }
            }
            Verdict::Refused(why) => write!(f, "refused: {why}"),
            Verdict::OurFault(why) => write!(f, "our fault: {why}"),
            Verdict::Cut(far) => write!(f, "cut{}: the server was stopped", after(far)),
            Verdict::Kicked(far) => write!(f, "kicked by the operator{}", after(far)),
        }
    }
}

/// What the facts say of the client.
struct Seen {
    /// Whether anything came back.
    answered: bool,
    /// Whether it wanted to know the size (`tsize`).
    asked_size: bool,
    /// Whether it repeated its request.
    asked_again: bool,
    /// A download of which it took at most the first block.
    is_short_read: bool,
    /// A download of which it took nothing.
    is_untouched_read: bool,
    /// Every block of a download went out.
    has_all: bool,
    /// The whole file was in our first packet: there was nothing else to wait for.
    has_all_unasked: bool,
}

impl Seen {
    fn of(dir: Direction, expected: Option<u64>, end: &End) -> Seen {
        let Some(wire) = &end.wire else {
            // A protocol over TCP: who has a session has answered.
            return Seen {
                answered: true,
                asked_size: false,
                asked_again: false,
                is_short_read: false,
                is_untouched_read: false,
                has_all: false,
                has_all_unasked: false,
            };
        };
        let is_read = dir == Direction::Read;
        let figures = &wire.figures;
        let blocks = expected.map(|n| n / u64::from(wire.blksize.max(1)) + 1);
        let one_packet = expected.is_some_and(|n| n < u64::from(wire.blksize));
        Seen {
            answered: wire.answered,
            asked_size: wire.options.iter().any(|o| o.name == "tsize"),
            asked_again: wire.asked_again > 0,
            is_short_read: is_read && figures.blocks <= 1,
            is_untouched_read: is_read && figures.blocks == 0,
            has_all: is_read && blocks.is_some_and(|all| figures.sent.saturating_sub(figures.repeats) >= all),
            has_all_unasked: is_read && one_packet && wire.options.iter().all(|o| o.agreed.is_none()),
        }
    }

    /// Whether an ERROR with this number ends a probe: EDK2 sends 8 behind the OACK that told the size,
    /// Intel's ROMs and the Raspberry Pi 0. Without `tsize` an 8 means what RFC 2347 says: the options.
    fn is_probe_by(&self, code: u16) -> bool {
        self.is_short_read
            && match code {
                0 => true,
                8 => self.asked_size,
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests;
