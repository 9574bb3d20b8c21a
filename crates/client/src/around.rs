//! What a driver over SSH has besides its channel.

use crate::{ClientError, Phase};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use transport::Cancel;
use transport::tap::{Dir, Sight, Tap, What};

/// Who is at the ends, who looks on, and what ends the wait.
#[derive(Clone)]
pub(crate) struct Around {
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) tap: Option<Arc<dyn Tap>>,
    pub(crate) cancel: Option<Cancel>,
    /// The end when nothing moved for this long.
    pub(crate) patience: Duration,
}

impl Around {
    /// Tells a sight of this flow.
    pub(crate) fn see(&self, flow: u64, dir: Dir, what: What<'_>) {
        let Around { local, peer, tap, .. } = self;
        if let Some(tap) = tap {
            tap.see(&Sight { at: Instant::now(), flow, local: *local, peer: *peer, dir, what });
        }
    }

    /// The other end has said nothing for too long, after so many octets.
    pub(crate) fn silent(&self, octets: u64) -> ClientError {
        let phase = if octets == 0 { Phase::BeforeAnswer } else { Phase::After(octets) };
        ClientError::TimedOut { peer: self.peer, phase, seconds: self.patience.as_secs() }
    }
}
