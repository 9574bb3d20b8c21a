//! A thread of its own for a download that is very fast.
//!
//! A runtime that is told whenever one of many fast sockets has room again sends little at a time, and wakes its peers
//! as often. A thread that waits in the kernel fills the socket whenever there is room. There are few such threads, and
//! whoever does not take what one can give gives it back.

use crate::wire::Wire;
use gate::Meter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use transport::pump::{Bite, Outgoing, PumpError};

/// A download of less is over before it pays.
const WORTH: u64 = 8 << 20;
/// How long a lane does not look up: commands of its session wait so long.
const TURN: Duration = Duration::from_millis(20);
/// Whoever takes less than this in a turn's time needs no thread: some 200 MB/s.
const LEAST: usize = 4 << 20;
/// The same under TLS, where the processor is what is short: some 50 MB/s.
const LEAST_SEALED: usize = 1 << 20;

static LANES: Lanes = Lanes { of: 16, taken: AtomicUsize::new(0) };

/// Threads that do nothing else.
struct Lanes {
    of: usize,
    taken: AtomicUsize,
}

impl Lanes {
    /// The right to one, if there is one left.
    fn take(&'static self, least: usize) -> Option<Lane> {
        let one_more = |taken: usize| if taken < self.of { Some(taken + 1) } else { None };
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Lane { least, of: self })
    }
}

/// The right to one of the threads. It is made where it is taken, and nowhere else: dropped, it is given back.
pub(super) struct Lane {
    /// What a turn has to move to be worth it.
    least: usize,
    of: &'static Lanes,
}

impl Lane {
    /// One for what is without rate and conversion, if there is one left.
    pub(super) fn of(wire: &Wire, out: &Outgoing, meter: Option<&Meter>) -> Option<Lane> {
        let pays = meter.is_none() && out.left_of_file() >= WORTH;
        let least = if wire.is_tls() { LEAST_SEALED } else { LEAST };
        if pays { LANES.take(least) } else { None }
    }

    /// Sends for a turn, and says whether the peer took what makes the thread worth it. The other sessions of this thread
    /// go to another one.
    pub(super) fn turn(&self, wire: &mut Wire, out: &mut Outgoing) -> Result<(Bite, bool), PumpError> {
        let began = Instant::now();
        let bite = tokio::task::block_in_place(|| wire.send_waiting(out, TURN))?;
        // The last wait of a turn may go far beyond it.
        let turns = began.elapsed().max(TURN).as_secs_f64() / TURN.as_secs_f64();
        let is_worth_it = matches!(bite, Bite::Moved(n) if n as f64 >= self.least as f64 * turns);
        Ok((bite, is_worth_it))
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.of.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_and_one_that_is_given_back_is_there_again() {
        static TWO: Lanes = Lanes { of: 2, taken: AtomicUsize::new(0) };
        let (first, second) = (TWO.take(1), TWO.take(1));
        assert!(first.is_some() && second.is_some());
        // Nobody who gets none gives one back.
        for _ in 0..3 {
            assert!(TWO.take(1).is_none());
        }
        drop(first);
        assert!(TWO.take(1).is_some(), "and it is given back at once");
        drop(second);
        assert_eq!(TWO.taken.load(Ordering::Relaxed), 0);
    }
}
