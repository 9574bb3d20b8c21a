//! Which blocks are out, and which early ones are in (RFC 7440 §4).

use alloc::vec::Vec;

/// The sender's view: everything up to `acked` is there, `acked+1 ..= acked+size` may be out.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    size: u16,
    acked: u64,
    next: u64,
    high: u64,
    last: Option<u64>,
}

/// What an ACK means to a sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Acked {
    /// New blocks are confirmed; the window now starts behind them.
    Progress,
    /// The block before the window, again, while blocks are out: a gap at the very front, or a duplicate.
    Base,
    /// Older than the window, or never sent.
    Stale,
}

impl Outgoing {
    pub(crate) fn new(size: u16, last: Option<u64>) -> Self {
        Outgoing { size, acked: 0, next: 1, high: 0, last }
    }

    pub(crate) fn acked(&self) -> u64 {
        self.acked
    }

    /// The highest block that was out.
    pub(crate) fn high(&self) -> u64 {
        self.high
    }

    /// The last block, once somebody knows it.
    pub(crate) fn last(&self) -> Option<u64> {
        self.last
    }

    /// The content ends with this block. Blocks behind it that were promised do not exist.
    pub(crate) fn set_last(&mut self, last: u64) {
        self.last = Some(last);
        self.high = self.high.min(last);
        self.next = self.next.min(last + 1);
    }

    /// Whether every block has been confirmed.
    pub(crate) fn is_done(&self) -> bool {
        self.last == Some(self.acked)
    }

    /// Whether every block has been out at least once.
    pub(crate) fn all_sent(&self) -> bool {
        self.last.is_some_and(|last| self.high >= last)
    }

    /// Whether the window is open: some blocks may go out now.
    pub(crate) fn is_open(&self) -> bool {
        self.next <= self.end()
    }

    /// The last block that may be out.
    pub(crate) fn end(&self) -> u64 {
        let end = self.acked.saturating_add(u64::from(self.size));
        self.last.map_or(end, |last| end.min(last))
    }

    /// Blocks that may be out at once.
    pub(crate) fn size(&self) -> u16 {
        self.size
    }

    /// Blocks that may be out at once, from now on. What is out stays out.
    pub(crate) fn set_size(&mut self, size: u16) {
        self.size = size;
    }

    /// Takes the next run of at most `most` blocks: the first, how many, and whether they were out before.
    pub(crate) fn take_run(&mut self, most: u16) -> Option<(u64, u16, bool)> {
        if !self.is_open() || most == 0 {
            return None;
        }
        let first = self.next;
        let again = first <= self.high;
        let end = if again { self.end().min(self.high) } else { self.end() };
        let end = end.min(first + u64::from(most) - 1);
        self.next = end + 1;
        self.high = self.high.max(end);
        let count = u16::try_from(end + 1 - first).expect("a run is inside the window, at most 65,535");
        Some((first, count, again))
    }

    /// `on_its_way`: what was sent behind that block is not lost; only what was not sent yet follows.
    pub(crate) fn acknowledge(&mut self, block: u64, on_its_way: bool) -> Acked {
        if block == self.acked && self.high > self.acked {
            Acked::Base
        } else if block > self.acked && block <= self.high {
            self.acked = block;
            // RFC 7440 §4: the next window starts behind the block that was acknowledged.
            self.next = if on_its_way { self.next.max(block + 1) } else { block + 1 };
            Acked::Progress
        } else {
            Acked::Stale
        }
    }

    /// Starts the window anew.
    pub(crate) fn rewind(&mut self) {
        self.next = self.acked + 1;
    }
}

/// The receiver's view: everything below `next` is in, `acked` was the last acknowledgement.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    size: u16,
    acked: u64,
    /// The acknowledgement before that.
    former: u64,
    /// Of all acknowledgements the last that the sender is known to have heard: it sent a block that no
    /// earlier one allows.
    heard: u64,
    /// The last block of the sender's window, whose ACK it waits for.
    due: u64,
    next: u64,
    last: Option<u64>,
    /// One bit a block, a ring over the window; empty when early blocks cannot be placed.
    early: Vec<u64>,
}

/// What a block is to a receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arrival {
    /// The one waited for.
    Next,
    /// A later one of the window, new.
    Early,
    /// A later one of the window, in already or not to be kept.
    EarlyAgain,
    /// In already.
    Known,
    /// Nothing that can be out.
    Beyond,
}

impl Incoming {
    pub(crate) fn new(size: u16, keep_early: bool) -> Self {
        let words = if keep_early && size > 1 { usize::from(size).div_ceil(64) + 1 } else { 0 };
        let due = u64::from(size);
        Incoming {
            size,
            acked: 0,
            former: 0,
            heard: 0,
            due,
            next: 1,
            last: None,
            early: alloc::vec![0; words],
        }
    }

    /// The next block waited for.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    pub(crate) fn acked(&self) -> u64 {
        self.acked
    }

    pub(crate) fn last(&self) -> Option<u64> {
        self.last
    }

    pub(crate) fn set_last(&mut self, last: u64) {
        self.last = Some(last);
    }

    /// Whether every block is in.
    pub(crate) fn is_whole(&self) -> bool {
        self.last.is_some_and(|last| self.next > last)
    }

    /// Whether the last block of the window is in, so that its ACK is due.
    pub(crate) fn is_full(&self) -> bool {
        self.next > self.due
    }

    /// Notes the acknowledgement of everything that is in; gives the block to name.
    pub(crate) fn acknowledge(&mut self) -> u64 {
        if self.acked < self.next - 1 {
            self.former = self.acked;
        }
        self.acked = self.next - 1;
        self.due = self.acked + u64::from(self.size);
        self.acked
    }

    /// The sender repeats a window from before the last acknowledgement: that was lost.
    pub(crate) fn comes_again(&mut self) {
        self.due = self.heard + u64::from(self.size);
    }

    /// Judges a block without noting it.
    pub(crate) fn judge(&self, block: u64) -> Arrival {
        if block == 0 || block > self.acked + u64::from(self.size) || self.last.is_some_and(|l| block > l) {
            Arrival::Beyond
        } else if block < self.next {
            Arrival::Known
        } else if block == self.next {
            Arrival::Next
        } else if self.early.is_empty() || self.is_early(block) {
            Arrival::EarlyAgain
        } else {
            Arrival::Early
        }
    }

    /// Notes a block that [`Self::judge`] called `Next` or `Early`; gives whether it is the first to show that
    /// the sender has heard the last acknowledgement.
    pub(crate) fn note(&mut self, block: u64) -> bool {
        let hears = block > self.heard + u64::from(self.size);
        if hears {
            let former_allows = block <= self.former + u64::from(self.size);
            self.heard = if former_allows { self.former } else { self.acked };
        }
        self.keep(block);
        hears && self.heard == self.acked
    }

    fn keep(&mut self, block: u64) {
        if block != self.next {
            self.set_early(block, true);
            return;
        }
        self.next += 1;
        while !self.early.is_empty() && self.is_early(self.next) {
            self.set_early(self.next, false);
            self.next += 1;
        }
    }

    fn bit(&self, block: u64) -> (usize, u64) {
        let bits = self.early.len() as u64 * 64;
        let at = block % bits;
        ((at / 64) as usize, 1 << (at % 64))
    }

    fn is_early(&self, block: u64) -> bool {
        let (word, bit) = self.bit(block);
        self.early[word] & bit != 0
    }

    fn set_early(&mut self, block: u64, on: bool) {
        let (word, bit) = self.bit(block);
        if on {
            self.early[word] |= bit;
        } else {
            self.early[word] &= !bit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_never_mix_first_and_repeated_blocks() {
        let mut w = Outgoing::new(4, None);
        assert_eq!(w.take_run(u16::MAX), Some((1, 4, false)));
        assert_eq!(w.take_run(u16::MAX), None);
        assert_eq!(w.acknowledge(2, false), Acked::Progress);
        assert_eq!(w.take_run(u16::MAX), Some((3, 2, true)));
        assert_eq!(w.take_run(u16::MAX), Some((5, 2, false)));
        assert_eq!(w.acknowledge(1, false), Acked::Stale);
        assert_eq!(w.acknowledge(2, false), Acked::Base);
        assert_eq!(w.acknowledge(7, false), Acked::Stale, "never sent");
    }

    #[test]
    fn an_end_found_late_takes_back_promised_blocks() {
        let mut w = Outgoing::new(4, None);
        assert_eq!(w.take_run(u16::MAX), Some((1, 4, false)));
        w.set_last(2);
        assert!(!w.is_open() && w.all_sent());
        assert_eq!(w.acknowledge(3, false), Acked::Stale);
        assert_eq!(w.acknowledge(2, false), Acked::Progress);
        assert!(w.is_done());
    }

    #[test]
    fn early_blocks_are_kept_and_joined() {
        let mut w = Incoming::new(130, true);
        for block in (2..=130).rev() {
            assert_eq!(w.judge(block), Arrival::Early);
            let _ = w.note(block);
            assert_eq!(w.judge(block), Arrival::EarlyAgain);
        }
        assert_eq!(w.judge(131), Arrival::Beyond);
        assert_eq!(w.judge(1), Arrival::Next);
        assert!(!w.note(1));
        assert_eq!(w.next(), 131);
        assert!(w.is_full());
        assert_eq!(w.acknowledge(), 130);
        assert_eq!(w.judge(130), Arrival::Known);
        assert_eq!(w.judge(132), Arrival::Early, "the ring is clean again");
    }

    #[test]
    fn a_window_of_one_keeps_nothing() {
        let w = Incoming::new(1, true);
        assert_eq!(w.judge(1), Arrival::Next);
        assert_eq!(w.judge(2), Arrival::Beyond);
    }
}
