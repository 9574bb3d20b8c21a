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

    /// How often one speaks, as IOS does where nobody says otherwise.
    fn every(self) -> u64 {
        match self {
            Protocol::Cdp => 60,
            Protocol::Lldp => 30,
        }
    }

    /// Seconds for which one is remembered.
    pub(crate) fn hold(self) -> u32 {
        match self {
            Protocol::Cdp => 180,
            Protocol::Lldp => 120,
        }
    }
}

/// What one end of a cable hears of the other over one protocol.
#[derive(Debug, Default)]
pub(super) enum Voice {
    /// Nothing, or nothing any more that it remembers.
    #[default]
    Never,
    /// It speaks: at once when it began, and then every so often.
    Since(Instant),
    /// It spoke.
    Silent {
        /// For the last time.
        last: Instant,
        /// What it said then; `None`: nobody knows.
        said: Option<Box<Cdp>>,
    },
}

impl Voice {
    /// Whether the other end speaks now. `said` is what it says, for when it does not any more.
    pub(super) fn settle(
        &mut self,
        protocol: Protocol,
        is_speaking: bool,
        now: Instant,
        said: impl FnOnce() -> Option<Box<Cdp>>,
    ) {
        match (&mut *self, is_speaking) {
            (Voice::Never, false) | (Voice::Since(_), true) => {}
            (Voice::Never | Voice::Silent { .. }, true) => *self = Voice::Since(now),
            (Voice::Since(since), false) => {
                *self = Voice::Silent { last: last(protocol, *since, now), said: said() };
            }
            // Who was switched off says last what it said.
            (Voice::Silent { said: known, .. }, false) => {
                if known.is_none() {
                    *known = said();
                }
            }
        }
    }

    /// Seconds until it is forgotten; `None`: it is.
    pub(super) fn left(&self, protocol: Protocol, now: Instant) -> Option<u32> {
        let last = match self {
            Voice::Never => return None,
            Voice::Since(since) => last(protocol, *since, now),
            Voice::Silent { last, .. } => *last,
        };
        let passed = now.saturating_duration_since(last).as_secs();
        protocol.hold().checked_sub(u32::try_from(passed).ok()?).filter(|left| *left > 0)
    }
}

/// When who speaks since then spoke last.
fn last(protocol: Protocol, since: Instant, now: Instant) -> Instant {
    let passed = now.saturating_duration_since(since).as_secs();
    since + Duration::from_secs(passed / protocol.every() * protocol.every())
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
        assert_eq!(voice.left(Protocol::Cdp, begun), None);
        voice.settle(Protocol::Cdp, true, begun, || said("a"));
        for (seconds, left) in [(0, 180), (1, 179), (59, 121), (60, 180), (100, 140), (3_601, 179)] {
            assert_eq!(voice.left(Protocol::Cdp, at(seconds)), Some(left), "after {seconds} s");
        }
        // It goes on as it began, however often somebody looks.
        voice.settle(Protocol::Cdp, true, at(100), || said("a"));
        assert_eq!(voice.left(Protocol::Cdp, at(100)), Some(140));
        // The last time was at 120 s, whenever it fell silent behind that.
        voice.settle(Protocol::Cdp, false, at(150), || said("a"));
        voice.settle(Protocol::Cdp, false, at(170), || said("b"));
        assert!(matches!(&voice, Voice::Silent { said: Some(said), .. } if said.name == "a"));
        assert_eq!(voice.left(Protocol::Cdp, at(299)), Some(1));
        assert_eq!(voice.left(Protocol::Cdp, at(300)), None);
        // It speaks again at once.
        voice.settle(Protocol::Cdp, true, at(1_000), || said("a"));
        assert_eq!(voice.left(Protocol::Cdp, at(1_000)), Some(180));
        let mut voice = Voice::Never;
        voice.settle(Protocol::Lldp, true, begun, || None);
        assert_eq!(voice.left(Protocol::Lldp, at(29)), Some(91));
        voice.settle(Protocol::Lldp, false, at(29), || None);
        assert_eq!(
            (voice.left(Protocol::Lldp, at(119)), voice.left(Protocol::Lldp, at(120))),
            (Some(1), None)
        );
    }
}
