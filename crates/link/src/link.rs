use crate::Rng;
use alloc::collections::{BTreeSet, BinaryHeap};
use clock::{Duration, Instant};
use core::cmp::Ordering;

/// A probability in millionths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Odds(u32);

impl Odds {
    /// It never happens.
    pub const NEVER: Odds = Odds(0);

    /// So many of a hundred; more than 100 is always.
    pub const fn percent(n: u32) -> Odds {
        Odds(n.saturating_mul(10_000))
    }

    /// So many of a million.
    pub const fn millionths(n: u32) -> Odds {
        Odds(n)
    }

    /// The same as a number.
    pub const fn in_millionths(self) -> u32 {
        self.0
    }

    const fn strikes(self, rng: &mut Rng) -> bool {
        rng.below(1_000_000) < self.0 as u64
    }
}

/// What may happen to a packet on its way. The default is a perfect link: no loss, no delay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Params {
    /// A packet vanishes.
    pub loss: Odds,
    /// A packet arrives twice, each copy with a jitter of its own.
    pub duplicate: Odds,
    /// A packet is held back by one more `delay` + `jitter`, so that later ones overtake it.
    pub reorder: Odds,
    /// The time every packet takes.
    pub delay: Duration,
    /// Up to this much more, evenly spread. Packets may overtake each other.
    pub jitter: Duration,
    /// Octets a second that fit through; `None`: no limit.
    pub rate: Option<u64>,
    /// Octets that may wait in front of a link of limited rate; what comes on top is lost. `None`: no bound.
    pub queue: Option<u64>,
}

/// What became of a packet that was put on a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It vanished.
    Lost,
    /// It will arrive.
    Flies {
        /// As two copies.
        twice: bool,
        /// Held back so that later ones may overtake it.
        held: bool,
    },
}

/// One direction of a path.
///
/// After [`Link::send`] poll [`Link::poll_arrival`]; at that time take packets with [`Link::receive`]
/// until it gives none. `P` is whatever the owner calls a packet.
#[derive(Debug)]
pub struct Link<P> {
    params: Params,
    rng: Rng,
    /// When the last packet has left through a link of limited rate.
    free_at: Instant,
    in_flight: BinaryHeap<Flight<P>>,
    sent: u64,
    lost: u64,
    doomed: BTreeSet<u64>,
}

#[derive(Debug)]
struct Flight<P> {
    at: Instant,
    order: u64,
    packet: P,
}

impl<P: Clone> Link<P> {
    /// A link whose fates follow from `seed`.
    pub fn new(params: Params, seed: u64) -> Self {
        Link {
            params,
            rng: Rng::new(seed),
            free_at: Instant::ZERO,
            in_flight: BinaryHeap::new(),
            sent: 0,
            lost: 0,
            doomed: BTreeSet::new(),
        }
    }

    /// Changes what happens to the packets sent from now on.
    pub fn set_params(&mut self, params: Params) {
        self.params = params;
    }

    /// Dooms the `n`-th packet counted from the link's first (which is 1): it vanishes whatever the odds.
    pub fn lose(&mut self, n: u64) {
        self.doomed.insert(n);
    }

    /// Puts a packet of `len` octets on the link; the fate is for who keeps count.
    pub fn send(&mut self, now: Instant, packet: P, len: usize) -> Fate {
        self.sent += 1;
        let full = self.is_full(now, len);
        let leaves = if full { now } else { self.leave(now, len) };
        // Every fate is drawn for every packet, so that one setting does not shift the others' numbers.
        let lost = self.params.loss.strikes(&mut self.rng);
        let twice = self.params.duplicate.strikes(&mut self.rng);
        let held = self.params.reorder.strikes(&mut self.rng);
        let (first, second) = (self.wander(), self.wander());
        if self.doomed.remove(&self.sent) || lost || full {
            self.lost += 1;
            return Fate::Lost;
        }
        let late = if held { self.params.delay + self.params.jitter } else { Duration::ZERO };
        let base = leaves + self.params.delay + late;
        if twice {
            self.fly(base + second, packet.clone());
        }
        self.fly(base + first, packet);
        Fate::Flies { twice, held }
    }

    /// When the next packet arrives.
    #[must_use]
    pub fn poll_arrival(&self) -> Option<Instant> {
        self.in_flight.peek().map(|f| f.at)
    }

    /// Takes one packet that has arrived by `now`.
    pub fn receive(&mut self, now: Instant) -> Option<P> {
        if self.in_flight.peek()?.at > now {
            return None;
        }
        self.in_flight.pop().map(|f| f.packet)
    }

    /// Packets put on the link so far, lost ones and none of the copies counted.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Packets that vanished so far.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn is_full(&self, now: Instant, len: usize) -> bool {
        let (Some(rate), Some(queue)) = (self.params.rate, self.params.queue) else { return false };
        let waiting = self.free_at.since(now).as_nanos() * u128::from(rate) / 1_000_000_000;
        waiting + len as u128 > u128::from(queue)
    }

    fn leave(&mut self, now: Instant, len: usize) -> Instant {
        let Some(rate) = self.params.rate.filter(|r| *r > 0) else { return now };
        let takes = (len as u128 * 1_000_000_000) / u128::from(rate);
        self.free_at = self.free_at.max(now) + Duration::from_nanos(u64::try_from(takes).unwrap_or(u64::MAX));
        self.free_at
    }

    fn wander(&mut self) -> Duration {
        let span = u64::try_from(self.params.jitter.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.rng.below(span.saturating_add(1)))
    }

    fn fly(&mut self, at: Instant, packet: P) {
        let order = self.sent;
        self.in_flight.push(Flight { at, order, packet });
    }
}

// The heap gives the greatest first: the earliest arrival, and of equal ones the first sent.
impl<P> Ord for Flight<P> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl<P> PartialOrd for Flight<P> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<P> PartialEq for Flight<P> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<P> Eq for Flight<P> {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn drain(link: &mut Link<u32>) -> Vec<(u64, u32)> {
        let mut got = Vec::new();
        while let Some(at) = link.poll_arrival() {
            while let Some(p) = link.receive(at) {
                got.push((at.as_nanos(), p));
            }
        }
        got
    }

    #[test]
    fn a_perfect_link_keeps_order_and_time() {
        let mut link = Link::new(Params { delay: Duration::from_nanos(5), ..Params::default() }, 1);
        for n in 0..4 {
            link.send(Instant::from_nanos(u64::from(n)), n, 100);
        }
        assert_eq!(drain(&mut link), [(5, 0), (6, 1), (7, 2), (8, 3)]);
    }

    #[test]
    fn odds_are_met_within_two_in_a_hundred() {
        let params = Params { loss: Odds::percent(25), duplicate: Odds::percent(10), ..Params::default() };
        let mut link = Link::new(params, 7);
        for n in 0..10_000 {
            link.send(Instant::ZERO, n, 1);
        }
        let got = drain(&mut link).len();
        // 10,000 x 0.75 x 1.10 = 8,250
        assert!((8_050..8_450).contains(&got), "{got} of 10,000 arrived");
        assert!((2_300..2_700).contains(&link.lost()), "{} lost", link.lost());
    }

    #[test]
    fn the_same_seed_gives_the_same_run() {
        let params = Params {
            loss: Odds::percent(10),
            jitter: Duration::from_millis(3),
            reorder: Odds::percent(20),
            delay: Duration::from_millis(1),
            ..Params::default()
        };
        let run = |seed| {
            let mut link = Link::new(params, seed);
            for n in 0..200 {
                link.send(Instant::from_nanos(u64::from(n) * 1_000), n, 1);
            }
            drain(&mut link)
        };
        assert_eq!(run(3), run(3));
        assert_ne!(run(3), run(4));
    }

    #[test]
    fn rate_spaces_packets() {
        let mut link = Link::new(Params { rate: Some(1_000), ..Params::default() }, 1);
        link.send(Instant::ZERO, 1, 500);
        link.send(Instant::ZERO, 2, 500);
        assert_eq!(drain(&mut link), [(500_000_000, 1), (1_000_000_000, 2)]);
    }

    #[test]
    fn a_full_queue_loses_the_tail_of_a_burst() {
        let params = Params { rate: Some(1_000), queue: Some(1_000), ..Params::default() };
        let mut link = Link::new(params, 1);
        for n in 1..=4 {
            link.send(Instant::ZERO, n, 400);
        }
        // Half a second later one has left.
        link.send(Instant::from_nanos(500_000_000), 5, 400);
        assert_eq!(drain(&mut link).iter().map(|p| p.1).collect::<Vec<_>>(), [1, 2, 5]);
        assert_eq!(link.lost(), 2);
    }

    #[test]
    fn a_doomed_packet_is_lost_on_a_perfect_link() {
        let mut link = Link::new(Params::default(), 1);
        link.lose(2);
        let fates: Vec<Fate> = (1..=3).map(|n| link.send(Instant::ZERO, n, 1)).collect();
        let flies = Fate::Flies { twice: false, held: false };
        assert_eq!(fates, [flies, Fate::Lost, flies]);
        assert_eq!(drain(&mut link), [(0, 1), (0, 3)]);
    }
}
