use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is kept of a capture, octets; what comes after is only counted.
const KEPT: usize = 8 << 20;

/// Everything that went through a relay.
#[derive(Debug, Default)]
pub struct Capture {
    // Guards the counters and the octets; held for one append or one search.
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    packets: u64,
    octets: u64,
    kept: usize,
    pieces: Vec<Vec<u8>>,
}

impl Capture {
    /// A datagram, or what one read of a stream gave.
    pub(super) fn add(&self, octets: &[u8]) {
        let mut inner = self.lock();
        inner.octets += octets.len() as u64;
        if inner.kept + octets.len() <= KEPT {
            inner.kept += octets.len();
            inner.pieces.push(octets.to_vec());
        }
    }

    /// Counts packets: one a datagram, segments of TCP.
    pub(super) fn count(&self, packets: u64) {
        self.lock().packets += packets;
    }

    /// Packets so far: datagrams, or TCP segments with their acknowledgements.
    pub fn packets(&self) -> u64 {
        self.lock().packets
    }

    /// Octets carried in them.
    pub fn octets(&self) -> u64 {
        self.lock().octets
    }

    /// Whether one captured piece holds `text` in clear.
    pub fn shows(&self, text: &[u8]) -> bool {
        self.lock().pieces.iter().any(|p| p.windows(text.len()).any(|w| w == text))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
