//! When a copy within the tree, a download and an upload at once, may go on.

use gate::Meter;
use std::time::{Duration, Instant};

/// What the rates of both its files say.
pub(crate) struct Turn {
    now: Instant,
    may: u64,
    wait: Duration,
}

impl Turn {
    pub(crate) fn at(now: Instant) -> Turn {
        Turn { now, may: u64::MAX, wait: Duration::ZERO }
    }

    /// One more of them, where there is one.
    pub(crate) fn by(&mut self, meter: Option<&mut Meter>) {
        let Some(meter) = meter else { return };
        self.wait = self.wait.max(meter.wait(self.now, 0));
        self.may = self.may.min(meter.credit());
    }

    /// How many octets may be moved now, or how long to wait.
    pub(crate) fn octets(self) -> Result<u64, Duration> {
        // The timer counts in milliseconds; what is less is caught up with at once.
        if self.wait >= Duration::from_millis(1) { Err(self.wait) } else { Ok(self.may) }
    }
}
