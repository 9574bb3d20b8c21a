use crate::AheadFigure;
use clock::Duration;

/// What a transfer counted, for its record. Plain numbers; a copy costs nothing that a driver would notice.
///
/// A sender counts blocks, a receiver acknowledgements: `sent` and `repeats` are DATA at the one and ACK (or
/// OACK) at the other. What was handed to the driver counts as sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Blocks that the peer has confirmed (sender), or that are in without a gap (receiver).
    pub blocks: u64,
    /// Datagrams sent, repeats included: DATA (sender), ACK and OACK (receiver).
    pub sent: u64,
    /// Those of them that had been sent before, and a sender's repeated OACKs.
    pub repeats: u64,
    /// Datagrams received that were known already.
    pub duplicates: u64,
    /// Datagrams received that were older than anything awaited, or of no use.
    pub stale: u64,
    /// Broken windows: gaps that were told to us (sender) or that we told (receiver).
    pub gaps: u64,
    /// Waits that ended without an answer.
    pub timeouts: u64,
    /// The smoothed round trip, once measured.
    pub srtt: Option<Duration>,
    /// The wait for the next answer as it stands.
    pub rto: Duration,
    /// Blocks that a sender has out at once, or in a burst where the windows are paced; 0: a receiver's.
    pub burst: u16,
    /// How sending ahead of a lock-step peer went.
    pub ahead: AheadFigure,
}

/// The part of [`Figures`] that is counted as things happen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) sent: u64,
    pub(crate) repeats: u64,
    pub(crate) duplicates: u64,
    pub(crate) stale: u64,
    pub(crate) gaps: u64,
    pub(crate) timeouts: u64,
}

impl Counts {
    /// Notes what a datagram was, and gives it back.
    pub(crate) fn heard(&mut self, received: crate::Received) -> crate::Received {
        match received {
            crate::Received::New => {}
            crate::Received::Dup => self.duplicates += 1,
            crate::Received::Stale => self.stale += 1,
            // Counted where the gap is told or heard of: a receiver sees many datagrams behind one gap.
            crate::Received::Gap => {}
        }
        received
    }

    pub(crate) fn figures(&self, blocks: u64, rto: &crate::Rto) -> Figures {
        Figures {
            blocks,
            sent: self.sent,
            repeats: self.repeats,
            duplicates: self.duplicates,
            stale: self.stale,
            gaps: self.gaps,
            timeouts: self.timeouts,
            srtt: rto.srtt(),
            rto: rto.wait(),
            ..Figures::default()
        }
    }
}
