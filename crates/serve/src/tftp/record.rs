//! A transfer's facts at its end, as the door records them.

use super::transfer::Words;
use gate::{Cause, End, Figures, Negotiated, Outcome, Wire};
use std::time::Duration;
use tftp_proto::{Outcome as Over, Transfer};

/// What the driver noticed and the machine does not know.
#[derive(Default)]
pub(super) struct Signs {
    /// ICMP said that the peer's port is closed.
    pub(super) closed: bool,
    /// How often the request came again.
    pub(super) asked_again: u32,
    /// Our own storage failed, in words.
    pub(super) failed: Option<String>,
    /// The owner stops the server.
    pub(super) stopped: bool,
    /// The owner ended this session.
    pub(super) kicked: bool,
}

/// The end with this outcome.
pub(super) fn end(over: Over, facts: End, signs: &Signs) -> End {
    let (outcome, cause, note) = match over {
        Over::Complete => (Outcome::Complete, Cause::Plain, String::new()),
        Over::Unconfirmed => {
            (Outcome::Unconfirmed, silent(signs), String::from("the last block was never acknowledged"))
        }
        Over::TimedOut => (Outcome::TimedOut, silent(signs), String::new()),
        Over::Refused { code, text } => {
            let code = code.to_u16();
            let note = format!("the peer sent ERROR {code}: {text}");
            (Outcome::Refused, Cause::PeerError { code, text }, note)
        }
        Over::Broken(fault) => (Outcome::Aborted, Cause::Broke(fault.to_string()), fault.to_string()),
        Over::Aborted => match &signs.failed {
            Some(why) => (Outcome::Failed, Cause::Ours(why.clone()), why.clone()),
            None if signs.kicked => (Outcome::Aborted, Cause::Kicked, String::new()),
            None => (Outcome::Aborted, Cause::Stopped, String::new()),
        },
    };
    End { outcome, cause, note, ..facts }
}

/// The end of a transfer that is only dropped: its place or its port was wanted for another one.
pub(super) fn dropped(facts: End, signs: &Signs) -> End {
    let cause = match signs {
        Signs { kicked: true, .. } => Cause::Kicked,
        Signs { stopped: true, .. } => Cause::Stopped,
        Signs { .. } => Cause::Replaced,
    };
    End { outcome: Outcome::Aborted, cause, ..facts }
}

fn silent(signs: &Signs) -> Cause {
    if signs.closed { Cause::PortClosed } else { Cause::Plain }
}

/// The end's figures.
pub(super) fn facts(words: &Words, machine: &Transfer, octets: u64, signs: &Signs) -> End {
    let (terms, counted) = (machine.terms(), machine.figures());
    let options = words.offer.negotiated(terms);
    let std = |d: clock::Duration| Duration::from_nanos(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX));
    let wire = Wire {
        asked: words.name.clone(),
        options: options.map(|(name, asked, agreed)| Negotiated { name, asked, agreed }).collect(),
        blksize: terms.blksize,
        windowsize: terms.windowsize,
        answered: machine.is_proved(),
        asked_again: signs.asked_again,
        figures: Figures {
            blocks: counted.blocks,
            sent: counted.sent,
            repeats: counted.repeats,
            duplicates: counted.duplicates,
            gaps: counted.gaps,
            timeouts: counted.timeouts,
            rtt: counted.srtt.map(std),
            rto: Some(std(counted.rto)),
        },
    };
    End { octets, wire: Some(Box::new(wire)), ..End::default() }
}
