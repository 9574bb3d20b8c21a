//! How far a transfer is, for whoever asks while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a transfer has moved so far. It is fed with one store without a lock, and read by whoever has a clone of it,
/// also when the transfer is over.
#[derive(Clone, Debug)]
pub struct Progress(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    octets: AtomicU64,
    /// Octets in all, or [`UNKNOWN`].
    of: AtomicU64,
}

/// No file is as long as that.
const UNKNOWN: u64 = u64::MAX;

impl Progress {
    /// Nothing has moved, of so many octets where that is known.
    pub fn new(of: Option<u64>) -> Progress {
        Progress(Arc::new(Counts { octets: AtomicU64::new(0), of: AtomicU64::new(of.unwrap_or(UNKNOWN)) }))
    }

    /// So many octets more have moved; how many that makes. One driver at a time calls this.
    pub fn add(&self, octets: u64) -> u64 {
        let all = self.octets() + octets;
        self.reach(all);
        all
    }

    /// So many octets have moved by now.
    pub fn reach(&self, octets: u64) {
        self.0.octets.store(octets, Ordering::Relaxed);
    }

    /// So many are to move in all, where that is known: of a part of a file, what that has.
    pub fn expect(&self, octets: Option<u64>) {
        self.0.of.store(octets.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    /// Octets that have moved.
    pub fn octets(&self) -> u64 {
        self.0.octets.load(Ordering::Relaxed)
    }

    /// Octets that are to move in all, where that is known.
    pub fn of(&self) -> Option<u64> {
        Some(self.0.of.load(Ordering::Relaxed)).filter(|of| *of != UNKNOWN)
    }
}

/// Whether both are of the same transfer.
impl PartialEq for Progress {
    fn eq(&self, other: &Progress) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
