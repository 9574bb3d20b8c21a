//! How often an event is tried again, and after which waits.

use std::time::Duration;

/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(300);

/// The waits before what failed is tried again: each twice as long as the one before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Tries {
    left: u32,
    wait: Duration,
}

impl Tries {
    /// So many, the first after this wait.
    pub(super) fn new(retries: u32, wait: Duration) -> Tries {
        Tries { left: retries, wait }
    }
}

impl Iterator for Tries {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let wait = self.wait.min(LONGEST);
        self.wait = wait * 2;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes_and_end() {
        let waits: Vec<u64> = Tries::new(11, Duration::from_secs(1)).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(Tries::new(0, Duration::from_secs(1)).next(), None);
        assert_eq!(Tries::new(1, Duration::MAX).next(), Some(LONGEST));
    }
}
