//! How many requests are open at once.

/// Requests at the beginning: with 255 KiB each that is 4 MiB, what a line of 1 Gbit/s holds in 33 ms.
const FIRST: u32 = 16;
/// The most: OpenSSH's server takes as many without blocking.
const MOST: u32 = 256;
/// Octets that are asked for or sent and not answered, at most (and one request more).
pub(super) const MOST_OCTETS: u64 = 16 << 20;

/// Bounds what is open; grows by one with each answer, so that it doubles with each round trip.
#[derive(Debug)]
pub(super) struct Window {
    width: u32,
    open: u32,
    octets: u64,
}

impl Window {
    pub(super) fn new() -> Window {
        Window { width: FIRST, open: 0, octets: 0 }
    }

    pub(super) fn has_room(&self) -> bool {
        self.open < self.width && self.octets < MOST_OCTETS
    }

    pub(super) fn asked(&mut self, octets: u32) {
        self.open += 1;
        self.octets += u64::from(octets);
    }

    pub(super) fn answered(&mut self, octets: u32) {
        self.open -= 1;
        self.octets -= u64::from(octets);
        self.width = MOST.min(self.width + 1);
    }

    /// Requests that are open.
    pub(super) fn open(&self) -> u32 {
        self.open
    }

    /// Octets of them.
    pub(super) fn octets(&self) -> u64 {
        self.octets
    }
}
