use clock::Duration;

/// How long to wait for an answer, learned from the answers (RFC 6298).
///
/// Deviations, because a file transfer on a LAN is not a TCP connection: the floor is far below one
/// second and the ceiling below 60 s; both are settings.
#[derive(Clone, Debug)]
pub struct Rto {
    config: RtoConfig,
    measured: Option<Measured>,
    now: Duration,
}

/// The bounds of an [`Rto`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RtoConfig {
    /// The wait before anything was measured (RFC 6298 §2.1: 1 s).
    pub first: Duration,
    /// The shortest wait. 10 ms keeps 95 % of the speed of 5 ms at 5 % loss with fewer needless repeats.
    pub floor: Duration,
    /// The longest wait that doubling leads to.
    pub ceiling: Duration,
}

impl Default for RtoConfig {
    fn default() -> Self {
        RtoConfig {
            first: Duration::from_secs(1),
            floor: Duration::from_millis(10),
            ceiling: Duration::from_secs(10),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Measured {
    srtt: Duration,
    rttvar: Duration,
}

/// RFC 6298 §2: the clock's granularity G.
const GRANULARITY: Duration = Duration::from_millis(1);

impl Rto {
    /// Nothing measured yet.
    pub fn new(config: RtoConfig) -> Self {
        Rto { config, measured: None, now: config.first }
    }

    /// Learns one round trip. Karn's rule is the caller's: never of a packet that was sent twice.
    pub fn sample(&mut self, rtt: Duration) {
        let m = match self.measured {
            // RFC 6298 §2.2
            None => Measured { srtt: rtt, rttvar: rtt / 2 },
            // RFC 6298 §2.3: alpha 1/8, beta 1/4
            Some(m) => {
                Measured { rttvar: (m.rttvar * 3 + m.srtt.abs_diff(rtt)) / 4, srtt: (m.srtt * 7 + rtt) / 8 }
            }
        };
        self.measured = Some(m);
        self.now = (m.srtt + (m.rttvar * 4).max(GRANULARITY)).clamp(self.config.floor, self.config.ceiling);
    }

    /// Doubles the wait after a time-out (RFC 6298 §5.5); the next sample ends it.
    pub fn back_off(&mut self) {
        self.now = (self.now * 2).min(self.config.ceiling);
    }

    /// The wait for the next answer.
    pub fn wait(&self) -> Duration {
        self.now
    }

    /// The smoothed round trip, once there is one.
    pub fn srtt(&self) -> Option<Duration> {
        self.measured.map(|m| m.srtt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn rule_14_the_wait_follows_the_measured_round_trip() {
        let mut rto = Rto::new(RtoConfig::default());
        assert_eq!(rto.wait(), MS * 1_000);
        rto.sample(MS * 100);
        assert_eq!(rto.wait(), MS * 300, "srtt 100 + 4 x 50");
        for _ in 0..100 {
            rto.sample(MS * 100);
        }
        assert!(rto.wait() < MS * 102, "{:?}", rto.wait());
    }

    #[test]
    fn rule_14_back_off_doubles_up_to_the_ceiling_and_a_sample_ends_it() {
        let mut rto = Rto::new(RtoConfig::default());
        let waits: alloc::vec::Vec<u64> = core::iter::repeat_with(|| {
            rto.back_off();
            rto.wait().as_secs()
        })
        .take(5)
        .collect();
        assert_eq!(waits, [2, 4, 8, 10, 10]);
        rto.sample(MS);
        assert_eq!(rto.wait(), MS * 10, "the floor");
    }
}
