//! How long things take at the door: histograms that whoever is there counts up itself, with two readings of a clock
//! and two additions. No lock, no allocation, and no system call.

use crate::{Direction, Protocol};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, microseconds: from a decision of the rules to a login that was made to wait.
pub const TIME_BOUNDS: [u64; 12] =
    [10, 50, 100, 500, 1_000, 5_000, 25_000, 100_000, 500_000, 1_000_000, 5_000_000, 15_000_000];

/// Times of one kind. Written by many, each for itself; who reads may find one in the sum and not in the count yet.
#[derive(Debug, Default)]
pub struct Times {
    /// Of those between this bound and the one before; the last has no bound.
    buckets: [AtomicU64; TIME_BOUNDS.len() + 1],
    /// All of them, nanoseconds: 584 years.
    sum: AtomicU64,
}

impl Times {
    pub(crate) fn add(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = TIME_BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(TIME_BOUNDS.len());
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many were at most each of [`TIME_BOUNDS`], and last how many there were at all.
    pub fn at_most(&self) -> [u64; TIME_BOUNDS.len() + 1] {
        let mut so_far = 0;
        self.buckets.each_ref().map(|bucket| {
            so_far += bucket.load(Ordering::Relaxed);
            so_far
        })
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum.load(Ordering::Relaxed))
    }
}

/// The times of a gate.
#[derive(Debug, Default)]
pub struct Timings {
    admission: [Times; Protocol::ALL.len()],
    first_octet: [[Times; 2]; Protocol::ALL.len()],
}

impl Timings {
    /// From a knock to its answer, whichever it was: bans, limits, the password where there is one, the root.
    pub fn admission(&self, protocol: Protocol) -> &Times {
        &self.admission[protocol as usize]
    }

    /// From the start of a transfer, which is behind the rules, to its first octet of content: sent, or written.
    pub fn first_octet(&self, protocol: Protocol, direction: Direction) -> &Times {
        &self.first_octet[protocol as usize][direction as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_bucket_of_the_first_bound_that_holds_it() {
        let times = Times::default();
        for micros in [0, 10, 11, 1_000, 15_000_000, 15_000_001] {
            times.add(Duration::from_micros(micros));
        }
        let at_most = times.at_most();
        assert_eq!((at_most[0], at_most[1], at_most[4]), (2, 3, 4));
        assert_eq!((at_most[11], at_most[12]), (5, 6), "the last has no bound");
        assert_eq!(times.sum(), Duration::from_micros(30_001_022));
    }

    #[test]
    fn many_threads_lose_none() {
        let timings = Timings::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for n in 0..10_000 {
                        timings.admission(Protocol::Http).add(Duration::from_micros(n));
                    }
                });
            }
        });
        assert_eq!(timings.admission(Protocol::Http).at_most()[12], 40_000);
        assert_eq!(timings.admission(Protocol::Ftp).at_most()[12], 0);
    }
}
