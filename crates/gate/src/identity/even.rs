use std::sync::Mutex;
use std::time::Duration;

/// What wrong logins are rounded up to. A name is looked up over a network in less, as a rule.
const STEP: Duration = Duration::from_millis(500);

/// How late a wrong login is answered where some names are asked about elsewhere.
///
/// A name that is known here costs a hash; another one costs what the oracle takes, and a hash. So each wrong login is
/// answered no earlier than the slowest question so far would have it, and at a whole number of steps: what is left
/// to see is the first that takes longer than any before it.
pub(super) struct Even {
    step: Duration,
    // Guards the longest that a wrong login took whose name the oracle was asked about, without waiting for turns:
    // others could make that as long as they like. The oracle's own patience bounds it.
    slowest: Mutex<Duration>,
}

impl Default for Even {
    fn default() -> Self {
        Even::by(STEP)
    }
}

impl Even {
    /// Rounds up to this.
    pub(super) fn by(step: Duration) -> Even {
        Even { step, slowest: Mutex::default() }
    }

    /// A question and the hash after it took so long.
    pub(super) fn learn(&self, took: Duration) {
        let mut slowest = self.slowest.lock().unwrap_or_else(|e| e.into_inner());
        *slowest = (*slowest).max(took);
    }

    /// How long a wrong login is to take that has taken so long already.
    pub(super) fn due(&self, took: Duration) -> Duration {
        let least = took.max(*self.slowest.lock().unwrap_or_else(|e| e.into_inner()));
        let steps = least.as_nanos().div_ceil(self.step.as_nanos()).max(1);
        self.step.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_logins_take_whole_steps_and_no_less_than_the_slowest_question() {
        let ms = Duration::from_millis;
        let even = Even::by(ms(500));
        for (took, due) in [(0, 500), (30, 500), (500, 500), (501, 1_000)] {
            assert_eq!(even.due(ms(took)), ms(due));
        }
        even.learn(ms(730));
        even.learn(ms(120));
        assert_eq!(
            (even.due(ms(30)), even.due(ms(730)), even.due(ms(1_200))),
            (ms(1_000), ms(1_000), ms(1_500))
        );
    }
}
