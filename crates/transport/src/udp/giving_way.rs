//! Giving the processor away between two looks, while nobody keeps it.

use std::time::{Duration, Instant};

/// Longer than a peer on this processor takes for a window: somebody else had it, until the kernel took it back.
const KEPT: Duration = Duration::from_micros(500);
/// For so many times as long it is not given away again. What is lost to others is 3 % at the most then; a sleeper
/// loses less, for the kernel lets whoever is woken go first.
const SPARED: u32 = 32;

/// Gives the processor away as long as that costs nothing.
///
/// To look again and again for what is about to come is quick where the processor is idle, or the peer's. Where
/// other programs want it, it is theirs for a whole time slice, some milliseconds, and what came meanwhile waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct GivingWay {
    spared_until: Option<Instant>,
}

impl GivingWay {
    /// Whether to; if not, the next sleep is due.
    pub fn pays(&mut self) -> bool {
        self.spared_until.is_none() || self.pays_at(Instant::now())
    }

    /// Gives it away once.
    pub fn once(&mut self) {
        let begin = Instant::now();
        std::thread::yield_now();
        self.was_away(begin, Instant::now());
    }

    /// The same if it pays; whether it did.
    pub fn once_if_it_pays(&mut self) -> bool {
        let pays = self.pays();
        if pays {
            self.once();
        }
        pays
    }

    fn pays_at(&mut self, now: Instant) -> bool {
        self.spared_until = self.spared_until.filter(|until| now < *until);
        self.spared_until.is_none()
    }

    fn was_away(&mut self, begin: Instant, end: Instant) {
        let away = end.duration_since(begin);
        if away > KEPT {
            self.spared_until = Some(end + away * SPARED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_that_others_keep_is_not_given_away_for_a_while() {
        let (mut way, begin) = (GivingWay::default(), Instant::now());
        way.was_away(begin, begin + KEPT);
        assert!(way.pays(), "so long a peer may take");
        let slice = Duration::from_millis(3);
        way.was_away(begin, begin + slice);
        let again = begin + slice + slice * SPARED;
        assert!(!way.pays_at(begin + slice) && !way.pays_at(again - Duration::from_nanos(1)));
        assert!(way.pays_at(again) && way.pays(), "it is tried again");
        assert_eq!(way.spared_until, None, "and the clock is not asked any more");
    }

    #[test]
    fn of_a_time_with_a_busy_neighbour_a_thirtieth_is_given_away() {
        let (mut way, begin) = (GivingWay::default(), Instant::now());
        let (mut now, mut away) = (begin, Duration::ZERO);
        while now < begin + Duration::from_secs(10) {
            if way.pays_at(now) {
                let back = now + Duration::from_millis(4);
                way.was_away(now, back);
                away += back - now;
                now = back;
            } else {
                now += Duration::from_micros(100);
            }
        }
        assert!(away <= Duration::from_secs(10) / 32, "{away:?} of 10 s");
        assert!(away >= Duration::from_secs(10) / 40, "{away:?}: it is tried again and again");
    }

    #[test]
    fn to_give_it_away_is_measured() {
        let mut way = GivingWay::default();
        let (begin, mut spared) = (Instant::now(), 0);
        while begin.elapsed() < Duration::from_millis(20) {
            if way.pays() {
                let before = Instant::now();
                way.once();
                // Whatever the machine does, what is noted is what could be seen from outside.
                let seen = before.elapsed();
                assert!(way.spared_until.is_none() || seen > KEPT, "{seen:?}");
            } else {
                spared += 1;
            }
        }
        println!("spared {spared} times");
    }
}
