use clock::Duration;

/// How much of a window goes out at once (RFC 7440 §6, RFC 8085 §3.1).
///
/// A window is the peer's promise that it can take so many blocks, and many promise more than their receive
/// buffer or the slowest link on the way holds. Such an overrun looks different from loss by chance: the
/// head of the window arrives, the tail does not, window after window, and the head is about as long each
/// time. Chance strikes anywhere: of windows that it breaks every second breaks before three quarters of
/// the usual head. Overruns make the bursts smaller, and windows that come whole make them grow again. Where
/// even the smallest bursts do not let a window come whole, it was chance after all: the whole window goes
/// out at once again, and a long time passes before the next attempt.
///
/// Not paced, a window is one burst and this costs a comparison.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    window: u16,
    /// Blocks that go out at once.
    burst: u16,
    /// Blocks of the current burst that have not gone out.
    left: u16,
    /// The time between two bursts; zero while a window is one burst.
    gap: Duration,
    /// The usual head of a broken window, sixteenths of a block; 0: none was seen.
    typical: u32,
    /// Signs of overrun in a row: [`ENOUGH`] begin it, [`MORE`] make the bursts smaller still.
    signs: u8,
    /// Whole windows since the burst last changed, and how many it takes for it to grow.
    whole: u8,
    patience: u8,
    /// Windows before overruns are looked for again.
    rest: u16,
}

/// Signs that make an overrun. Sixteen heads in a row of at least three quarters of the usual length come by
/// chance once in 170,000 (0.47^16).
const ENOUGH: u8 = 16;
/// Broken windows in a row that make the bursts smaller once there was one.
const MORE: u8 = 4;
/// A tail that vanished so wholly that nothing behind the gap arrived to tell of it is worth so many.
const SILENT: u8 = 4;
/// A window that was sent again after a time-out and was not answered either: so many.
const SILENT_AGAIN: u8 = 2;
/// The most whole windows between two steps up: near its limit a path is overrun once in about as many.
const MOST_PATIENCE: u8 = 64;
/// Windows between two attempts where the first was in vain.
const REST: u16 = 4_096;
/// Bounds of the time between bursts: above what a timer costs, below what a peer takes for silence.
const GAP: core::ops::RangeInclusive<Duration> = Duration::from_micros(250)..=Duration::from_millis(2);

impl Pace {
    pub(crate) fn new(window: u16) -> Pace {
        Pace {
            window,
            burst: window,
            left: window,
            gap: Duration::ZERO,
            typical: 0,
            signs: 0,
            whole: 0,
            patience: 1,
            rest: 0,
        }
    }

    pub(crate) fn burst(&self) -> u16 {
        self.burst
    }

    fn is_paced(&self) -> bool {
        self.burst < self.window
    }

    /// How many blocks may go out now.
    pub(crate) fn allows(&self) -> u16 {
        self.left
    }

    /// So many went out; gives the pause before the next burst, if this one is spent.
    pub(crate) fn spend(&mut self, blocks: u16) -> Option<Duration> {
        if !self.is_paced() {
            return None;
        }
        self.left -= blocks;
        (self.left == 0).then_some(self.gap)
    }

    /// A burst begins: a new window, or the pause is over.
    pub(crate) fn begin(&mut self) {
        self.left = self.burst;
    }

    /// A window arrived whole.
    pub(crate) fn came_whole(&mut self) {
        self.signs = 0;
        self.rest = self.rest.saturating_sub(1);
        if self.is_paced() {
            self.whole += 1;
            if self.whole >= self.patience {
                self.whole = 0;
                self.set(self.burst.saturating_add(self.burst / 4 + 1), self.gap);
            }
        }
    }

    /// A window broke: `head` blocks arrived, and at most `tail` did not. `silent`: nothing told of the gap.
    pub(crate) fn broke(&mut self, head: u64, tail: u64, silent: bool, srtt: Option<Duration>) {
        // The last block alone, or the ACK of a gap, is lost by chance just as well.
        if self.window == 1 || silent && (tail < 2 || tail * 8 < u64::from(self.window)) {
            return;
        }
        let sixteenths = u32::try_from(head).unwrap_or(u32::MAX).min(u32::from(u16::MAX)) * 16;
        let early = sixteenths < self.typical / 4 * 3;
        self.typical = if self.typical == 0 { sixteenths } else { (self.typical * 7 + sixteenths) / 8 };
        if early && !self.is_paced() {
            self.signs = 0;
        } else {
            self.sign(if silent { SILENT } else { 1 }, srtt);
        }
    }

    /// A window that was sent again after a time-out was not answered either.
    pub(crate) fn silent_again(&mut self, srtt: Option<Duration>) {
        if self.window > 1 {
            self.sign(SILENT_AGAIN, srtt);
        }
    }

    fn sign(&mut self, signs: u8, srtt: Option<Duration>) {
        if self.rest > 0 {
            self.rest -= 1;
            return;
        }
        self.signs += signs;
        let paced = self.is_paced();
        if self.signs < if paced { MORE } else { ENOUGH } {
            return;
        }
        self.signs = 0;
        self.whole = 0;
        self.patience = MOST_PATIENCE.min(self.patience * 2);
        if !paced {
            // The head that arrived is what the path or the peer holds.
            let held = u16::try_from(self.typical / 64 * 3).unwrap_or(u16::MAX);
            let held = if held == 0 { self.window / 2 } else { held.min(self.window / 2) };
            self.set(held.max(1), first_gap(srtt));
        } else if self.burst > 1 {
            self.set(self.burst / 2, self.gap);
        } else {
            self.rest = REST;
            self.set(self.window, Duration::ZERO);
        }
    }

    fn set(&mut self, burst: u16, gap: Duration) {
        self.burst = burst.min(self.window);
        if self.is_paced() {
            self.gap = gap;
        } else {
            (self.gap, self.patience, self.left) = (Duration::ZERO, 1, self.window);
        }
    }
}

/// An eighth of a round trip: a window in two bursts costs hardly more than in one.
fn first_gap(srtt: Option<Duration>) -> Duration {
    (srtt.unwrap_or(Duration::ZERO) / 8).clamp(*GAP.start(), *GAP.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Option<Duration> = Some(Duration::from_millis(2));

    #[test]
    fn tails_that_vanish_make_bursts_of_what_arrives() {
        let mut pace = Pace::new(64);
        for _ in 0..3 {
            pace.broke(33, 31, true, RTT);
            assert_eq!((pace.burst(), pace.spend(64)), (64, None), "three times is chance");
        }
        pace.broke(33, 31, true, RTT);
        assert_eq!(pace.burst(), 24);
        pace.begin();
        assert_eq!(pace.spend(23), None);
        assert_eq!(pace.spend(1), Some(Duration::from_micros(250)));
        pace.broke(36, 28, true, RTT);
        assert_eq!(pace.burst(), 12, "one more is enough now");
    }

    #[test]
    fn whole_windows_let_bursts_grow_back_to_the_window() {
        let mut pace = Pace::new(64);
        for _ in 0..7 {
            pace.broke(33, 31, true, RTT);
        }
        assert_eq!(pace.burst(), 3);
        let mut windows = 0;
        while pace.burst() < 64 {
            pace.came_whole();
            windows += 1;
        }
        assert!((50..500).contains(&windows), "{windows}");
        assert_eq!(pace.allows(), 64);
    }

    #[test]
    fn what_no_burst_mends_is_chance() {
        let mut pace = Pace::new(64);
        let mut windows = 0;
        while pace.rest == 0 {
            pace.broke(20, 44, false, RTT);
            windows += 1;
        }
        assert_eq!(pace.burst(), 64);
        assert!(windows < 64, "{windows}");
        for _ in 0..1_000 {
            pace.broke(20, 44, false, RTT);
        }
        assert_eq!(pace.burst(), 64);
    }

    #[test]
    fn loss_by_chance_hardly_ever_paces() {
        // Heads of broken windows at 1 % and 5 % loss, blocks of a window of 64.
        let mut x = 0x9e37_79b9_7f4a_7c15_u64;
        for one_in in [100, 20] {
            let (mut pace, mut bursts, windows) = (Pace::new(64), 0u64, 10_000);
            for _ in 0..windows {
                let head = (0..64u64).find(|_| {
                    x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (x >> 33).is_multiple_of(one_in)
                });
                match head {
                    // The ACK of the gap is lost as often as a block.
                    Some(head) => pace.broke(head, 64 - head, x >> 60 == 0 && one_in == 20, RTT),
                    None => pace.came_whole(),
                }
                bursts += u64::from(64u16.div_ceil(pace.burst()));
            }
            // Each burst more costs an eighth of a round trip.
            assert!(bursts < windows * 103 / 100, "1 in {one_in}: {bursts} bursts in {windows} windows");
        }
    }
}
