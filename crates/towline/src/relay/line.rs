use super::{Struck, Way};
use clock::Instant;
use link::{Fate, Link, Params};
use std::sync::Arc;

/// Octets that wait on one way of the line; what comes on top of them is dropped, as by a router whose
/// queue is full. 16 MiB is more than a second of a gigabit, and seconds of what devices do.
const QUEUE: usize = 16 << 20;

/// Headers of IPv4 and UDP: they take their time on a line of limited rate.
const HEADERS: usize = 28;

/// Both ways of a line. `K` names where a datagram is going.
///
/// After [`Line::put`] poll [`Line::poll_arrival`]; at that time [`Line::take`] until it gives none.
#[derive(Debug)]
pub struct Line<K> {
    up: Direction<K>,
    down: Direction<K>,
}

#[derive(Debug)]
struct Direction<K> {
    link: Link<(K, Arc<[u8]>)>,
    waiting: usize,
    counts: Counts,
}

/// Datagrams of one way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// That came.
    pub datagrams: u64,
    /// Octets in them.
    pub octets: u64,
    /// That were lost on purpose.
    pub lost: u64,
    /// That were lost because the line was full or no socket was to be had.
    pub dropped: u64,
    /// That were passed on twice.
    pub duplicated: u64,
    /// That were held back, so that later ones could overtake them.
    pub reordered: u64,
}

/// Both ways.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// From clients to the server.
    pub up: Counts,
    /// From the server to clients.
    pub down: Counts,
}

impl<K: Clone> Line<K> {
    /// A line on which both ways are alike; their fates are not.
    pub fn new(params: Params, seed: u64) -> Line<K> {
        let way = |seed| Direction { link: Link::new(params, seed), waiting: 0, counts: Counts::default() };
        Line { up: way(seed), down: way(!seed) }
    }

    /// Puts a datagram on the line, or loses it where `keep` is false; gives its number on its way, and its
    /// fate where it does not simply pass.
    pub fn put(&mut self, now: Instant, way: Way, to: K, octets: &[u8], keep: bool) -> (u64, Option<Struck>) {
        let direction = self.way(way);
        let counts = &mut direction.counts;
        counts.datagrams += 1;
        counts.octets += octets.len() as u64;
        let fate = if !keep {
            counts.lost += 1;
            Some(Struck::Lost)
        } else if direction.waiting + octets.len() > QUEUE {
            counts.dropped += 1;
            Some(Struck::Dropped)
        } else {
            match direction.link.send(now, (to, octets.into()), octets.len() + HEADERS) {
                Fate::Lost => {
                    counts.lost += 1;
                    Some(Struck::Lost)
                }
                Fate::Flies { twice, held } => {
                    direction.waiting += octets.len() * (1 + usize::from(twice));
                    counts.duplicated += u64::from(twice);
                    counts.reordered += u64::from(held);
                    (twice || held).then_some(Struck::Passes { twice, held })
                }
            }
        };
        (counts.datagrams, fate)
    }

    /// Counts a datagram that could not be put on the line.
    pub fn drop_one(&mut self, way: Way, octets: usize) -> u64 {
        let counts = &mut self.way(way).counts;
        counts.datagrams += 1;
        counts.octets += octets as u64;
        counts.dropped += 1;
        counts.datagrams
    }

    /// When the next datagram arrives.
    #[must_use]
    pub fn poll_arrival(&self) -> Option<Instant> {
        [&self.up, &self.down].into_iter().filter_map(|d| d.link.poll_arrival()).min()
    }

    /// Takes one that has arrived by `now`.
    pub fn take(&mut self, now: Instant) -> Option<(Way, K, Arc<[u8]>)> {
        [Way::Up, Way::Down].into_iter().find_map(|way| {
            let direction = self.way(way);
            let (to, octets) = direction.link.receive(now)?;
            direction.waiting -= octets.len();
            Some((way, to, octets))
        })
    }

    /// The counts so far.
    pub fn tally(&self) -> Tally {
        Tally { up: self.up.counts, down: self.down.counts }
    }

    fn way(&mut self, way: Way) -> &mut Direction<K> {
        match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        }
    }
}
