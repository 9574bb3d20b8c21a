use clock::Duration;

/// How long to wait for an answer, learned from the answers (RFC 6298).
///
/// Deviations, because a file transfer on a LAN is not a TCP connection: the floor is far below one second
/// and the ceiling below 60 s, and the first answer after a repeat ends the back-off without being measured
/// (RFC 6298 §5 keeps it until a measurement). What that rule guards against, a path that became slower than
/// the wait, is told by answers that come twice: see [`Rto::was_needless`].
#[derive(Clone, Debug)]
pub struct Rto {
    config: RtoConfig,
    measured: Option<Measured>,
    /// The floor as it stands: above the configured one while a peer has shown that it pauses.
    floor: Duration,
    now: Duration,
}

/// The bounds of an [`Rto`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RtoConfig {
    /// The wait before anything was measured (RFC 6298 §2.1: 1 s), 200 ms to 1 s.
    pub first: Duration,
    /// The shortest wait once 16 answers were measured (50 ms before that). 10 ms keeps 95 % (window of 16) and 85 %
    /// (lock-step) of the speed of 5 ms at 5 % loss and 2 ms, with fewer needless repeats; 20 ms keeps 77 %
    /// and 63 %.
    pub floor: Duration,
    /// The longest wait that doubling leads to while nothing is measured; once it is, 2 s.
    pub ceiling: Duration,
    /// What the peer asked for (RFC 2349): no wait is longer, unless the round trip is.
    pub most: Option<Duration>,
}

impl Default for RtoConfig {
    /// 500 ms: between the 250 ms with which iPXE begins, whose repeats reach slow servers early, and the
    /// second of RFC 6298, which each lost first packet would cost.
    fn default() -> Self {
        RtoConfig {
            first: Duration::from_millis(500),
            floor: Duration::from_millis(10),
            ceiling: Duration::from_secs(10),
            most: None,
        }
    }
}

/// Clean answers before the wait may be as short as the floor: few say little about a peer that polls its
/// network between other work.
pub(crate) const SETTLED: u16 = 16;
/// The floor until then: five ticks of the 100 Hz clock that boot loaders and old kernels live by.
const EARLY_FLOOR: Duration = Duration::from_millis(50);
/// The longest wait that doubling leads to once the round trip is known: a link that was down is noticed
/// within two seconds of its return.
const KNOWN_CEILING: Duration = Duration::from_secs(2);
/// How far needless repeats raise the floor: a device that writes flash pauses longer, but then each really
/// lost packet would wait for as long.
const RAISED_FLOOR: Duration = Duration::from_millis(200);
/// Every clean answer takes this part of the rise back: half of it in 44 answers.
const DECAY: u32 = 64;

/// Answers that are not believed at first.
const DOUBTS: u8 = 2;

#[derive(Clone, Copy, Debug)]
struct Measured {
    srtt: Duration,
    rttvar: Duration,
    /// Answers measured, counted up to `SETTLED`.
    clean: u16,
    /// How many in a row were too far above the others to be believed.
    doubted: u8,
}

/// RFC 6298 §2: the clock's granularity G.
const GRANULARITY: Duration = Duration::from_millis(1);

impl Rto {
    /// Nothing measured yet.
    pub fn new(config: RtoConfig) -> Self {
        let first = config.most.map_or(config.first, |most| most.min(config.first));
        Rto { config, measured: None, floor: config.floor, now: first }
    }

    /// Learns one round trip. Karn's rule is the caller's: never of a packet that was sent twice.
    pub fn sample(&mut self, rtt: Duration) {
        // A peer's own timer may have answered in place of an ACK that was lost: answers far above the others
        // are not believed before three have come in a row.
        if let Some(m) = &mut self.measured
            && rtt > (m.srtt * 4).max(self.floor)
            && m.doubted < DOUBTS
        {
            m.doubted += 1;
            return self.settle();
        }
        self.measured = Some(match self.measured {
            // RFC 6298 §2.2
            None => Measured { srtt: rtt, rttvar: rtt / 2, clean: 1, doubted: 0 },
            // The first was of a handshake, in which files are opened and packets lost.
            Some(m) if m.clean == 1 && rtt < m.srtt / 4 => {
                Measured { srtt: rtt, rttvar: rtt / 2, clean: 2, doubted: 0 }
            }
            // The same about what was believed: less than half of it is no deviation, it is nearer to the truth.
            Some(m) if rtt < m.srtt / 2 => Measured {
                rttvar: m.rttvar / 2,
                srtt: (m.srtt + rtt) / 2,
                clean: SETTLED.min(m.clean + 1),
                doubted: 0,
            },
            // RFC 6298 §2.3: alpha 1/8, beta 1/4
            Some(m) => Measured {
                rttvar: (m.rttvar * 3 + m.srtt.abs_diff(rtt)) / 4,
                srtt: (m.srtt * 7 + rtt) / 8,
                clean: SETTLED.min(m.clean + 1),
                doubted: 0,
            },
        });
        self.floor -= (self.floor - self.config.floor) / DECAY;
        self.settle();
    }

    /// An answer that may be to a copy came when it was expected. It measures nothing (Karn's rule), but it is
    /// clean: where every window breaks, hardly anything is measured.
    ///
    /// Where nothing was measured at all it is taken for what it seems: else the back-off would never end.
    pub(crate) fn confirm(&mut self, took: Duration) {
        if self.measured.is_none() {
            return self.sample(took);
        }
        let expected = self.earliest().is_some_and(|least| (least..=self.latest()).contains(&took));
        if let Some(m) = &mut self.measured
            && expected
        {
            m.clean = SETTLED.min(m.clean + 1);
        }
    }

    /// Ends a back-off: an answer came, though it may not be measured.
    pub fn settle(&mut self) {
        if let Some(m) = self.measured {
            let floor = if m.clean < SETTLED { self.floor.max(EARLY_FLOOR) } else { self.floor };
            let wait = (m.srtt + (m.rttvar * 4).max(GRANULARITY)).max(floor).min(self.config.ceiling);
            self.now = self.bounded(wait);
        }
    }

    /// A repeat was needless: its first copy was answered after `took`. Such pauses come again, so the floor
    /// rises to that (at most 200 ms), and the wait at hand to twice as much until the next clean answer.
    pub fn was_needless(&mut self, took: Duration) {
        self.floor = self.floor.max(took.min(RAISED_FLOOR));
        self.now = self.bounded(self.now.max(took * 2).min(self.top()));
    }

    /// Doubles the wait after a time-out (RFC 6298 §5.5).
    pub fn back_off(&mut self) {
        self.now = self.bounded((self.now * 2).min(self.top().max(self.now)));
    }

    fn top(&self) -> Duration {
        if self.measured.is_some() { KNOWN_CEILING.min(self.config.ceiling) } else { self.config.ceiling }
    }

    /// RFC 2349's time-out is an upper bound, but not below the round trip: everything would go out twice.
    fn bounded(&self, wait: Duration) -> Duration {
        match (self.config.most, self.measured) {
            (Some(most), Some(m)) => wait.min(most.max(m.srtt + GRANULARITY)),
            (Some(most), None) => wait.min(most),
            (None, _) => wait,
        }
    }

    /// The wait for the next answer.
    pub fn wait(&self) -> Duration {
        self.now
    }

    /// The smoothed round trip, once there is one.
    pub fn srtt(&self) -> Option<Duration> {
        self.measured.map(|m| m.srtt)
    }

    /// The earliest that an answer can come, as far as is known.
    pub(crate) fn earliest(&self) -> Option<Duration> {
        self.measured.map(|m| m.srtt.saturating_sub(m.rttvar * 2).clamp(m.srtt / 2, m.srtt * 7 / 8))
    }

    /// By when an answer has come, as far as is known: the wait without floor and back-off.
    pub(crate) fn latest(&self) -> Duration {
        self.measured.map_or(self.now, |m| m.srtt + (m.rttvar * 4).max(GRANULARITY))
    }

    /// Whether enough was measured for the floor.
    pub(crate) fn is_settled(&self) -> bool {
        self.measured.is_some_and(|m| m.clean >= SETTLED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn settled(rtt: Duration) -> Rto {
        let mut rto = Rto::new(RtoConfig::default());
        for _ in 0..100 {
            rto.sample(rtt);
        }
        rto
    }

    #[test]
    fn rule_14_the_first_wait_lies_between_200_ms_and_1_s() {
        for config in [crate::Config::server(), crate::Config::client()] {
            assert!((MS * 200..=MS * 1_000).contains(&Rto::new(config.rto).wait()));
        }
    }

    #[test]
    fn rule_14_the_wait_follows_the_measured_round_trip() {
        let mut rto = Rto::new(RtoConfig::default());
        assert_eq!(rto.wait(), MS * 500);
        rto.sample(MS * 100);
        assert_eq!(rto.wait(), MS * 300, "srtt 100 + 4 x 50");
        for _ in 0..100 {
            rto.sample(MS * 100);
        }
        assert!(rto.wait() < MS * 102, "{:?}", rto.wait());
    }

    #[test]
    fn rule_14_back_off_doubles_up_to_the_ceiling_and_an_answer_ends_it() {
        let mut rto = Rto::new(RtoConfig::default());
        let waits = |rto: &mut Rto| -> alloc::vec::Vec<u128> {
            let mut next = || {
                rto.back_off();
                rto.wait().as_millis()
            };
            (0..7).map(|_| next()).collect()
        };
        assert_eq!(waits(&mut rto), [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
        rto.settle();
        assert_eq!(rto.wait(), MS * 10_000, "nothing is known that could end it");
        let mut rto = settled(MS);
        assert_eq!(waits(&mut rto), [20, 40, 80, 160, 320, 640, 1_280]);
        assert_eq!(waits(&mut rto)[..2], [2_000, 2_000], "the round trip is known");
        rto.settle();
        assert_eq!(rto.wait(), MS * 10);
    }

    #[test]
    fn rule_14_the_floor_of_10_ms_comes_after_16_clean_answers() {
        let mut rto = Rto::new(RtoConfig::default());
        for n in 1..=20 {
            rto.sample(MS);
            assert_eq!(rto.wait(), if n < 16 { MS * 50 } else { MS * 10 }, "after {n}");
        }
    }

    #[test]
    fn rule_14_needless_repeats_raise_the_floor_and_clean_answers_lower_it() {
        let mut rto = settled(MS);
        rto.was_needless(MS * 90);
        assert_eq!(rto.wait(), MS * 180);
        rto.sample(MS);
        assert!((MS * 80..MS * 90).contains(&rto.wait()), "{:?}", rto.wait());
        for _ in 0..44 {
            rto.sample(MS);
        }
        assert!((MS * 45..MS * 55).contains(&rto.wait()), "half of it: {:?}", rto.wait());
        for _ in 0..600 {
            rto.sample(MS);
        }
        assert!(rto.wait() < MS * 11);
        rto.was_needless(MS * 60_000);
        rto.sample(MS);
        assert!(rto.wait() < MS * 200, "a pause of a minute is no floor");
    }

    #[test]
    fn rule_14_a_lone_answer_far_above_the_others_is_not_believed() {
        let mut rto = settled(MS);
        for _ in 0..2 {
            rto.sample(MS * 100);
            assert_eq!(rto.wait(), MS * 10, "the peer's own timer answered");
        }
        rto.sample(MS);
        rto.sample(MS * 100);
        rto.sample(MS * 100);
        assert_eq!(rto.wait(), MS * 10);
        rto.sample(MS * 100);
        assert!(rto.wait() > MS * 100, "the path has become longer: {:?}", rto.wait());
    }

    #[test]
    fn rule_14_a_slow_handshake_does_not_make_the_transfer_slow() {
        let mut rto = Rto::new(RtoConfig::default());
        rto.sample(MS * 251);
        rto.sample(MS);
        assert_eq!(rto.wait(), MS * 50);
    }

    #[test]
    fn rule_25_the_timeout_agreed_bounds_every_wait_but_not_below_the_round_trip() {
        let with = |most: Duration| Rto::new(RtoConfig { most: Some(most), ..RtoConfig::default() });
        assert_eq!(with(MS * 5_000).wait(), MS * 500, "the first wait is ours");
        assert_eq!(with(MS * 100).wait(), MS * 100);
        let mut rto = with(MS * 1_000);
        for _ in 0..9 {
            rto.back_off();
        }
        assert_eq!(rto.wait(), MS * 1_000);
        let mut rto = with(MS * 10);
        rto.sample(MS * 100);
        assert_eq!(rto.wait(), MS * 101);
    }
}
