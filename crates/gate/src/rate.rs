//! How fast: token buckets, one for each scope that has a rate, and the meter of a transfer that obeys all of its.
//!
//! A transfer claims a bite, waits until the claim is due, and moves it. A bucket is one atomic number, the time from
//! which nothing is claimed yet (the virtual scheduling of ITU-T I.371), so nobody waits for a lock, and transfers
//! that share it come one after the other, in the order of their claims: with bites of one size each gets its share.
//! A bite is some milliseconds of the rate, divided by those who share it.

use crate::limits::Rates;
use crate::transfer::Direction;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What may be caught up with after a wait that was longer than asked for (a timer that was late, a peer that
/// paused), in time: over 10 s it is 1 %.
const CATCH_UP: Duration = Duration::from_millis(100);
/// How much of a rate goes in one bite.
const BITE: Duration = Duration::from_millis(20);
/// The least bite: an Ethernet frame.
const LEAST: u64 = 1_460;
/// What is claimed where all was moved and something goes out again.
const REPEAT: u64 = 512;
/// The most: what a pump moves at once anyway.
const MOST: u64 = 4 << 20;

/// The rate of one scope in one direction.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Octets a second.
    rate: u64,
    /// From when on nothing is claimed, nanoseconds of the meters' clock.
    free: AtomicU64,
    /// Transfers that share it.
    users: AtomicU32,
}

impl Bucket {
    pub(crate) fn new(rate: u64) -> Arc<Bucket> {
        Arc::new(Bucket { rate: rate.max(1), free: AtomicU64::new(0), users: AtomicU32::new(0) })
    }

    /// The time that so many octets take, nanoseconds.
    fn cost(&self, octets: u64) -> u64 {
        u64::try_from(u128::from(octets) * 1_000_000_000 / u128::from(self.rate)).unwrap_or(u64::MAX)
    }

    /// Claims octets, of which `moved` were moved already; from when on the others may be.
    fn claim(&self, now: u64, moved: u64, more: u64) -> u64 {
        let (moved, more) = (self.cost(moved), self.cost(more));
        let least = now.saturating_sub(CATCH_UP.as_nanos() as u64);
        let mut free = self.free.load(Ordering::Relaxed);
        loop {
            let due = free.max(least).saturating_add(moved);
            let next = due.saturating_add(more);
            match self.free.compare_exchange_weak(free, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return due,
                Err(found) => free = found,
            }
        }
    }

    fn give_back(&self, octets: u64) {
        let cost = self.cost(octets);
        let less = |free: u64| Some(free.saturating_sub(cost));
        // Never refused: it always has an answer.
        let _ = self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    fn bite(&self) -> u64 {
        let share = u64::from(self.users.load(Ordering::Relaxed).max(1));
        let of_time = u128::from(self.rate) * BITE.as_nanos() / 1_000_000_000;
        u64::try_from(of_time).unwrap_or(u64::MAX) / share
    }

    /// Whether it remembers nothing that a new one would not know.
    pub(crate) fn is_even(&self, now: u64) -> bool {
        self.users.load(Ordering::Relaxed) == 0
            && self.free.load(Ordering::Relaxed) <= now.saturating_sub(CATCH_UP.as_nanos() as u64)
    }
}

/// The two buckets of a scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buckets {
    inward: Option<Arc<Bucket>>,
    outward: Option<Arc<Bucket>>,
}

impl Buckets {
    pub(crate) fn new(rates: Rates) -> Buckets {
        Buckets { inward: rates.inward.map(Bucket::new), outward: rates.outward.map(Bucket::new) }
    }

    pub(crate) fn of(&self, dir: Direction) -> Option<&Arc<Bucket>> {
        match dir {
            Direction::Read => self.outward.as_ref(),
            Direction::Write => self.inward.as_ref(),
        }
    }

    pub(crate) fn is_even(&self, now: u64) -> bool {
        [&self.inward, &self.outward].into_iter().flatten().all(|b| b.is_even(now))
    }
}

/// What a transfer with a rate obeys: of all, of its network, its address, its user, its own. Dropped, it gives back
/// what was claimed and not moved.
#[derive(Debug)]
pub struct Meter {
    began: Instant,
    buckets: Vec<Arc<Bucket>>,
    /// Octets that are claimed and not moved; below zero: moved and not claimed.
    credit: i64,
    /// From when on they may be moved, nanoseconds of the meters' clock.
    due: u64,
    /// Octets that are still to be moved, where that is known: more need not be claimed.
    left: Option<u64>,
}

impl Meter {
    /// `None`: no bucket, no rate.
    pub(crate) fn new(began: Instant, buckets: Vec<Arc<Bucket>>) -> Option<Meter> {
        if buckets.is_empty() {
            return None;
        }
        for bucket in &buckets {
            bucket.users.fetch_add(1, Ordering::Relaxed);
        }
        Some(Meter { began, buckets, credit: 0, due: 0, left: None })
    }

    /// So many octets are to be moved.
    pub(crate) fn up_to(&mut self, octets: u64) {
        self.left = Some(octets);
    }

    /// How long to wait before anything is moved; then [`Meter::credit`] may be. Claims a bite where less is left of
    /// the last one than `least` octets, of which the transfer cannot move fewer.
    #[must_use]
    pub fn wait(&mut self, now: Instant, least: u64) -> Duration {
        let now = since(self.began, now);
        let left = match self.left {
            None => MOST,
            Some(0) => REPEAT,
            Some(left) => left,
        };
        let least = least.clamp(1, MOST).min(left);
        if self.credit < least as i64 {
            let (moved, credit) = match u64::try_from(self.credit) {
                Ok(credit) => (0, credit),
                Err(_) => (self.credit.unsigned_abs(), 0),
            };
            let share = self.buckets.iter().map(|b| b.bite()).min().unwrap_or(MOST);
            // What is claimed for nothing is lost to those who have claimed behind it.
            let bite = share.clamp(LEAST, MOST).min(left.saturating_sub(credit)).max(least - credit);
            // Each is told, however long another one takes.
            self.due = self.buckets.iter().map(|b| b.claim(now, moved, bite)).max().unwrap_or(0);
            self.credit = (credit + bite) as i64;
        }
        Duration::from_nanos(self.due.saturating_sub(now))
    }

    /// Octets a second that it may have as things stand: of each rate a share.
    pub fn share(&self) -> u64 {
        let share = |b: &Arc<Bucket>| b.rate / u64::from(b.users.load(Ordering::Relaxed).max(1));
        self.buckets.iter().map(share).min().unwrap_or(u64::MAX)
    }

    /// How many octets are claimed and not moved yet.
    pub fn credit(&self) -> u64 {
        u64::try_from(self.credit).unwrap_or(0)
    }

    /// So many octets were moved. More than were claimed delay the next claim.
    pub fn moved(&mut self, octets: u64) {
        self.credit = self.credit.saturating_sub_unsigned(octets);
        self.left = self.left.map(|left| left.saturating_sub(octets));
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        for bucket in &self.buckets {
            bucket.give_back(self.credit());
            bucket.users.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Nanoseconds of the meters' clock. It does not begin at zero, so that the first bite finds its catch-up.
pub(crate) fn since(began: Instant, now: Instant) -> u64 {
    u64::try_from((now.saturating_duration_since(began) + CATCH_UP).as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    /// Runs transfers on virtual time: each waits for its turn, comes `late` later, and moves its bite. Gives the
    /// octets of each.
    fn run(meters: &mut [Meter], began: Instant, time: Duration, late: fn(usize) -> Duration) -> Vec<u64> {
        let mut moved = vec![0; meters.len()];
        let mut due: BinaryHeap<_> = (0..meters.len()).map(|n| Reverse((began, n))).collect();
        let mut turn = 0;
        while let Some(Reverse((now, n))) = due.pop() {
            if now >= began + time {
                break;
            }
            let wait = meters[n].wait(now, 0);
            if wait.is_zero() {
                let bite = meters[n].credit();
                moved[n] += bite;
                meters[n].moved(bite);
                due.push(Reverse((now, n)));
            } else {
                turn += 1;
                due.push(Reverse((now + wait + late(turn), n)));
            }
        }
        moved
    }

    fn near(found: u64, wanted: u64, percent: u64) -> bool {
        found.abs_diff(wanted) * 100 <= wanted * percent
    }

    const TEN: Duration = Duration::from_secs(10);

    #[test]
    fn a_rate_holds_within_five_percent_for_one_and_for_a_hundred() {
        // Timers are up to 20 ms late, as on a machine with other work.
        let late = |turn: usize| Duration::from_micros((turn as u64 * 7_919) % 20_000);
        for rate in [64 << 10, 10_000_000, 1_250_000_000] {
            for count in [1, 100] {
                let (bucket, began) = (Bucket::new(rate), Instant::now());
                let mut meters: Vec<_> =
                    (0..count).filter_map(|_| Meter::new(began, vec![bucket.clone()])).collect();
                let moved = run(&mut meters, began, TEN, late);
                let total = moved.iter().sum::<u64>();
                assert!(near(total, rate * 10, 5), "{rate} by {count}: {total}");
                if rate > 1 << 20 {
                    // Who comes first has the catch-up.
                    let (share, first) = (rate * 10 / count, rate / 10);
                    let fair = moved.iter().all(|m| (share * 9 / 10..=share * 11 / 10 + first).contains(m));
                    assert!(fair, "{rate} by {count}: {moved:?}");
                }
            }
        }
    }

    #[test]
    fn what_one_scope_may_not_take_another_gets() {
        let began = Instant::now();
        let (all, slow) = (Bucket::new(1_000_000), Bucket::new(100_000));
        let mut meters: Vec<_> = [vec![all.clone(), slow.clone()], vec![all.clone(), slow], vec![all]]
            .into_iter()
            .filter_map(|chain| Meter::new(began, chain))
            .collect();
        let moved = run(&mut meters, began, TEN, |_| Duration::ZERO);
        assert!(near(moved[0] + moved[1], 1_000_000, 5), "the address has its own: {moved:?}");
        assert!(near(moved.iter().sum(), 10_000_000, 5), "and all together theirs: {moved:?}");
    }

    fn meter(rate: u64) -> (Arc<Bucket>, Instant, Meter) {
        let (bucket, began) = (Bucket::new(rate), Instant::now());
        let meter = Meter::new(began, vec![bucket.clone()]).expect("a rate");
        (bucket, began, meter)
    }

    #[test]
    fn a_bite_is_a_share_of_some_milliseconds() {
        let bite = |meter: &mut Meter, now: Instant| {
            meter.moved(meter.credit());
            let _ = meter.wait(now, 0);
            meter.credit()
        };
        let (bucket, began, mut first) = meter(1_000_000);
        assert_eq!(bite(&mut first, began), 20_000);
        let second = Meter::new(began, vec![bucket.clone()]).expect("a rate");
        assert_eq!(bite(&mut first, began), 10_000);
        drop(second);
        assert_eq!(bite(&mut first, began), 20_000);
        for (rate, most) in [(100, LEAST), (64 << 10, LEAST), (1_250_000_000, MOST)] {
            assert_eq!(bite(&mut meter(rate).2, began), most, "{rate}");
        }
    }

    #[test]
    fn what_was_claimed_and_not_moved_is_given_back() {
        let (bucket, began, mut claims) = meter(1_000_000);
        let _ = claims.wait(began, 500_000);
        claims.moved(1_000);
        assert!(!bucket.is_even(since(began, began)));
        drop(claims);
        let mut next = Meter::new(began, vec![bucket]).expect("a rate");
        let _ = next.wait(began, 99_000);
        next.moved(99_000);
        assert_eq!(next.wait(began, 0), Duration::ZERO, "100,000 octets are the catch-up");
        next.moved(next.credit());
        assert!(!next.wait(began, 0).is_zero());
    }

    #[test]
    fn no_more_is_claimed_than_is_left_to_move() {
        let (_bucket, began, mut meter) = meter(1_000_000);
        meter.up_to(25_000);
        let mut claims = Vec::new();
        for _ in 0..3 {
            let _ = meter.wait(began, 0);
            claims.push(meter.credit());
            meter.moved(meter.credit());
        }
        assert_eq!(claims, [20_000, 5_000, REPEAT]);
        // What is claimed already is of what is left.
        for (left, credit, then) in
            [(300, 300, 300), (1_728, 1_000, 1_728), (300, 0, 300), (9_000, 1_000, 9_000)]
        {
            (meter.left, meter.credit) = (Some(left), credit);
            let _ = meter.wait(began, 1_428);
            assert_eq!(meter.credit(), then, "{left} left, {credit} claimed");
        }
    }

    #[test]
    fn who_moves_whole_blocks_claims_them_before() {
        let (_bucket, began, mut meter) = meter(64 << 10);
        let mut moved = 0;
        let mut now = began;
        while now < began + TEN {
            let wait = meter.wait(now, 1_428);
            if wait.is_zero() {
                assert!(meter.credit() >= 1_428);
                meter.moved(1_428);
                moved += 1_428;
            }
            now += wait;
        }
        assert!(near(moved, 655_360, 2), "{moved}");
    }

    #[test]
    fn who_moves_more_than_was_claimed_waits_for_it() {
        let (_bucket, began, mut meter) = meter(1_000_000);
        let _ = meter.wait(began, 0);
        meter.moved(1_100_000);
        let wait = meter.wait(began, 0);
        assert_eq!(wait, Duration::from_secs(1), "a tenth of a second was free");
        assert_eq!(meter.wait(began + wait / 2, 0), wait / 2, "asked again it is the same claim");
    }

    #[test]
    fn no_bucket_is_no_meter() {
        assert!(Meter::new(Instant::now(), Vec::new()).is_none());
    }
}
