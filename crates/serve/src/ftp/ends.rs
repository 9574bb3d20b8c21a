//! How what a session had open ends, for the gate.

use super::files::Open;
use ftp_proto::form::Mark;
use ftp_proto::server::{End, Shelve};
use gate::{Cause, Outcome};

/// A download has its end at once; an upload stays open until the machine has judged it.
pub(super) fn finish(open: Open, octets: u64, end: &End) -> Option<Open> {
    match open {
        Open::Reading { reading, offset, end: before, .. } => {
            let (outcome, cause, note) = match end {
                End::Whole => (Outcome::Complete, Cause::Plain, ""),
                End::NoConnection(_) => (Outcome::TimedOut, Cause::NoDataConnection, "no data connection"),
                End::Lost | End::Unclosed => {
                    (Outcome::Aborted, Cause::Plain, "the peer reset the data connection")
                }
                End::NotPrivate(why) => (Outcome::Failed, Cause::Broke(why.clone()), why.as_str()),
                End::Stalled => (Outcome::TimedOut, Cause::Plain, "nothing moved"),
                End::Cancelled if reading.is_kicked() => (Outcome::Aborted, Cause::Kicked, ""),
                End::Cancelled => (Outcome::Aborted, Cause::Plain, ""),
                End::Local(_, text) | End::Malformed(_, text) => {
                    (Outcome::Failed, Cause::Ours(text.clone()), text.as_str())
                }
            };
            // After REST the rest is all that was to come.
            let is_part = offset > 0 || before < reading.blob().len();
            let expected = is_part.then(|| before.saturating_sub(offset));
            let end = gate::End { expected, ..gate::End::new(outcome, octets) };
            reading.finish(end.because(cause).note(note));
            None
        }
        writing @ Open::Writing { .. } => Some(writing),
        Open::Listing(_) => None,
    }
}

/// Octets that the machine is told of: of an upload those of the file, where it knows how many these should be.
pub(super) fn counted(open: &Open, wire: u64) -> u64 {
    match open {
        Open::Writing { writing, form, .. } if form.has_offsets() => writing.len() - writing.start(),
        Open::Writing { .. } | Open::Reading { .. } | Open::Listing(_) => wire,
    }
}

/// The restart markers that came with an upload; REST counts from the file's first octet.
pub(super) fn marks(open: &Open) -> Vec<Mark> {
    match open {
        Open::Writing { writing, marks, .. } => {
            let whole = |mark: Mark| Mark { at: writing.start() + mark.at, ..mark };
            marks.take().into_iter().map(whole).collect()
        }
        Open::Reading { .. } | Open::Listing(_) => Vec::new(),
    }
}

pub(super) fn shelve(open: Open, why: Shelve) {
    let (outcome, note) = match why {
        Shelve::Aborted => (Outcome::Aborted, ""),
        Shelve::Lost => (Outcome::Aborted, "a connection was lost"),
        Shelve::TimedOut => (Outcome::TimedOut, "nothing moved"),
        Shelve::WrongLength => (Outcome::Failed, "another length than ALLO announced"),
        Shelve::Malformed => (Outcome::Failed, "not what structure and mode say"),
        Shelve::Failed => (Outcome::Failed, "the storage failed"),
    };
    let cause = match why {
        Shelve::WrongLength | Shelve::Malformed => Cause::Broke(String::from(note)),
        Shelve::Aborted | Shelve::Lost | Shelve::TimedOut | Shelve::Failed => Cause::Plain,
    };
    let kicked = match &open {
        Open::Reading { reading, .. } => reading.is_kicked(),
        Open::Writing { writing, .. } => writing.is_kicked(),
        Open::Listing(_) => false,
    };
    let cause = if kicked && why == Shelve::Aborted { Cause::Kicked } else { cause };
    match open {
        Open::Reading { reading, .. } => reading.finish(gate::End::new(outcome, 0).because(cause).note(note)),
        Open::Writing { writing, form, .. } => {
            let end = gate::End::new(outcome, writing.len() - writing.start()).because(cause).note(note);
            // Converted text has no offsets to go on at, and nothing is nothing to keep.
            if !form.has_offsets() || writing.is_empty() { writing.fail(end) } else { writing.suspend(end) }
        }
        Open::Listing(_) => {}
    }
}
