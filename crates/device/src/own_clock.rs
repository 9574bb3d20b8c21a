//! The clock of the device: this host's, off by what somebody set and by what is wrong on request.

use crate::Device;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

/// So many microseconds is it off since `clock set`.
#[derive(Debug)]
pub(crate) struct OwnClock(AtomicI64);

/// Nobody set it.
const NOT_SET: i64 = i64::MIN;

impl Default for OwnClock {
    fn default() -> OwnClock {
        OwnClock(AtomicI64::new(NOT_SET))
    }
}

impl OwnClock {
    fn off(&self) -> Option<i64> {
        Some(self.0.load(Ordering::SeqCst)).filter(|off| *off != NOT_SET)
    }

    /// It runs from where it began again: nobody set it.
    pub(crate) fn forget(&self) {
        self.0.store(NOT_SET, Ordering::SeqCst);
    }
}

impl Device {
    /// The time by the device's clock.
    pub(crate) fn now(&self) -> SystemTime {
        self.by_its_clock(SystemTime::now())
    }

    /// What its clock shows, or will show, when it really is `at`.
    pub(crate) fn by_its_clock(&self, at: SystemTime) -> SystemTime {
        moved(self.with_fault(at), self.clock.off().unwrap_or(0))
    }

    /// Whether somebody set it.
    pub(crate) fn clock_is_set(&self) -> bool {
        self.clock.off().is_some()
    }

    /// `clock set`: it shows `to` now, whatever was wrong with it.
    pub(crate) fn set_clock(&self, to: SystemTime) {
        let from = self.with_fault(SystemTime::now());
        let whole = |micros| i64::try_from(micros).unwrap_or(i64::MAX);
        // Never before what was set.
        let off = match to.duration_since(from) {
            Ok(ahead) => whole(ahead.as_nanos().div_ceil(1_000)),
            Err(behind) => -whole(behind.duration().as_micros()),
        };
        self.clock.0.store(off, Ordering::SeqCst);
    }

    fn with_fault(&self, at: SystemTime) -> SystemTime {
        moved(at, self.faults.clock().saturating_mul(1_000_000))
    }

    /// `*Nov 23 19:14:05.123`: the time before a message; the star: nobody set the clock.
    pub(crate) fn stamp(&self) -> String {
        let mark = if self.clock_is_set() { "" } else { "*" };
        format!("{mark}{}", crate::texts::stamp(self.now()))
    }
}

/// `at` and so many microseconds more; itself where there is no such time.
fn moved(at: SystemTime, off: i64) -> SystemTime {
    let by = Duration::from_micros(off.unsigned_abs());
    let there = if off < 0 { at.checked_sub(by) } else { at.checked_add(by) };
    there.unwrap_or(at)
}
