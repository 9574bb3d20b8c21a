//! Who was heard over a cable, and for how long one is remembered: computed from when the other end began to speak and when
//! it fell silent, whenever somebody asks. Nothing is sent, and nobody wakes up.

use ios_cli::text::neighbours::Cdp;
use std::time::{Duration, Instant};

/// A protocol by which neighbours tell who they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protocol {
    Cdp,
    Lldp,
}

impl Protocol {
    pub(crate) const ALL: [Protocol; 2] = [Protocol::Cdp, Protocol::Lldp];

    /// As IOS does where nobody says otherwise.
    pub(crate) const fn pace(self) -> Pace {
        match self {
            Protocol::Cdp => Pace { every: 60, hold: 180 },
            Protocol::Lldp => Pace { every: 30, hold: 120 },
        }
    }
}

/// How somebody speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pace {
    /// Once in so many seconds, above 0.
    pub(crate) every: u8,
    /// The seconds for which who hears it is to remember.
    pub(crate) hold: u8,
}

/// What one end of a cable hears of the other over one protocol.
#[derive(Debug, Default)]
pub(super) enum Voice {
    /// Nothing, or nothing any more that it remembers.
    #[default]
    Never,
    /// It speaks: at once when it began, and then every so often.
    Since {
        /// When.
        since: Instant,
        /// How.
        pace: Pace,
    },
    /// It spoke.
    Silent {
        /// For the last time.
        last: Instant,
        /// What it said then; `None`: nobody knows.
        said: Option<Box<Cdp>>,
        /// The seconds for which that is remembered.
        hold: u8,
    },
}

impl Voice {
    /// How the other end speaks now, if it does. `said` is what it says, for when it does not any more.
    pub(super) fn settle(
        &mut self,
        pace: Option<Pace>,
        now: Instant,
        said: impl FnOnce() -> Option<Box<Cdp>>,
    ) {
        match (&mut *self, pace) {
            (Voice::Never, None) => {}
            (Voice::Since { pace: known, .. }, Some(pace)) if *known == pace => {}
            // Who is to speak otherwise begins with that.
            (Voice::Never | Voice::Silent { .. } | Voice::Since { .. }, Some(pace)) => {
                *self = Voice::Since { since: now, pace };
            }
            (Voice::Since { since, pace }, None) => {
                *self = Voice::Silent { last: last(*pace, *since, now), said: said(), hold: pace.hold };
            }
            // Who was switched off says last what it said.
            (Voice::Silent { said: known, .. }, None) => {
                if known.is_none() {
                    *known = said();
                }
            }
        }
    }

    /// Seconds until it is forgotten; `None`: it is.
    pub(super) fn left(&self, now: Instant) -> Option<u32> {
        let (last, hold) = match self {
            Voice::Never => return None,
            Voice::Since { since, pace } => (last(*pace, *since, now), pace.hold),
            Voice::Silent { last, hold, .. } => (*last, *hold),
        };
        let passed = now.saturating_duration_since(last).as_secs();
        u32::from(hold).checked_sub(u32::try_from(passed).ok()?).filter(|left| *left > 0)
    }
}

/// When who speaks since then spoke last.
fn last(pace: Pace, since: Instant, now: Instant) -> Instant {
    let passed = now.saturating_duration_since(since).as_secs();
    let every = u64::from(pace.every.max(1));
    since + Duration::from_secs(passed / every * every)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_is_remembered_until_it_was_silent_for_as_long_as_it_says() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let said = |name: &str| Some(Box::new(Cdp { name: name.into(), ..Cdp::default() }));
        let mut voice = Voice::Never;
        assert_eq!(voice.left(begun), None);
        voice.settle(Some(Protocol::Cdp.pace()), begun, || said("a"));
        for (seconds, left) in [(0, 180), (1, 179), (59, 121), (60, 180), (100, 140), (3_601, 179)] {
            assert_eq!(voice.left(at(seconds)), Some(left), "after {seconds} s");
        }
        // It goes on as it began, however often somebody looks.
        voice.settle(Some(Protocol::Cdp.pace()), at(100), || said("a"));
        assert_eq!(voice.left(at(100)), Some(140));
        // The last time was at 120 s, whenever it fell silent behind that.
        voice.settle(None, at(150), || said("a"));
        voice.settle(None, at(170), || said("b"));
        assert!(matches!(&voice, Voice::Silent { said: Some(said), .. } if said.name == "a"));
        assert_eq!(voice.left(at(299)), Some(1));
        assert_eq!(voice.left(at(300)), None);
        // It speaks again at once.
        voice.settle(Some(Protocol::Cdp.pace()), at(1_000), || said("a"));
        assert_eq!(voice.left(at(1_000)), Some(180));
        let mut voice = Voice::Never;
        voice.settle(Some(Protocol::Lldp.pace()), begun, || None);
        assert_eq!(voice.left(at(29)), Some(91));
        voice.settle(None, at(29), || None);
        assert_eq!((voice.left(at(119)), voice.left(at(120))), (Some(1), None));
    }

    #[test]
    fn who_speaks_otherwise_is_remembered_otherwise() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let (slow, fast) = (Pace { every: 60, hold: 180 }, Pace { every: 5, hold: 20 });
        let mut voice = Voice::Never;
        voice.settle(Some(slow), begun, || None);
        assert_eq!(voice.left(at(30)), Some(150));
        voice.settle(Some(fast), at(30), || None);
        for (seconds, left) in [(30, 20), (34, 16), (35, 20), (1_000, 20), (1_003, 17)] {
            assert_eq!(voice.left(at(seconds)), Some(left), "after {seconds} s");
        }
        // One that is to be forgotten before it speaks again is gone in between.
        voice.settle(Some(Pace { every: 60, hold: 10 }), at(1_003), || None);
        for (seconds, left) in [(1_003, Some(10)), (1_012, Some(1)), (1_013, None), (1_063, Some(10))] {
            assert_eq!(voice.left(at(seconds)), left, "after {seconds} s");
        }
        voice.settle(None, at(1_065), || None);
        assert_eq!((voice.left(at(1_072)), voice.left(at(1_073))), (Some(1), None));
    }
}
