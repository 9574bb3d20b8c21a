//! How much may be sent to addresses that have not shown that they exist.
//!
//! The sender of a request may be forged, and what answers it hits somebody else. Answers are small, but there
//! may be many requests: what is sent to the unproved is counted for each network and in all, and comes back
//! when the peer acknowledges. A client that is there costs nothing; forged ones soon get silence.

use clock::Instant;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Octets for a network (IPv4 /24, IPv6 /48) before anything came back: 2,000 first blocks of 512.
const NETWORK: u64 = 1 << 20;
/// How many octets a second are given back to it, acknowledged or not: 130 ERRORs for a rack that asks for
/// files that are not there, once every second; as a reflector, half a megabit a second.
const NETWORK_LEAK: u64 = 65_536;
/// The same for all networks together.
const ALL: u64 = 8 << 20;
/// See [`NETWORK_LEAK`].
const ALL_LEAK: u64 = 1 << 20;
/// Networks that are kept apart; more share what is left of [`ALL`].
const NETWORKS: usize = 16_384;

/// A bucket that leaks.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    owed: u64,
    at: Instant,
}

impl Bucket {
    fn leak(&mut self, now: Instant, rate: u64) {
        let nanos = now.since(self.at).as_nanos();
        let back = u64::try_from(nanos * u128::from(rate) / 1_000_000_000).unwrap_or(u64::MAX);
        if back > 0 {
            self.owed = self.owed.saturating_sub(back);
            self.at = now;
        }
    }
}

pub(super) struct Budget {
    networks: HashMap<IpAddr, Bucket>,
    all: Bucket,
    /// Requests that got no answer.
    pub(super) silenced: u64,
}

impl Budget {
    pub(super) fn new(now: Instant) -> Budget {
        Budget { networks: HashMap::new(), all: Bucket { owed: 0, at: now }, silenced: 0 }
    }

    /// Takes `octets` for a peer that is unproved; `false`: nothing may be sent to it.
    pub(super) fn take(&mut self, now: Instant, peer: IpAddr, octets: usize) -> bool {
        let octets = octets as u64;
        self.all.leak(now, ALL_LEAK);
        let network = network(peer);
        if self.networks.len() >= NETWORKS && !self.networks.contains_key(&network) {
            self.networks.retain(|_, bucket| {
                bucket.leak(now, NETWORK_LEAK);
                bucket.owed > 0
            });
        }
        let room = self.networks.len() < NETWORKS;
        let own = match self.networks.get_mut(&network) {
            Some(bucket) => Some(bucket),
            None if room => Some(self.networks.entry(network).or_insert(Bucket { owed: 0, at: now })),
            None => None,
        };
        let mut fits = self.all.owed + octets <= ALL;
        if let Some(bucket) = own {
            bucket.leak(now, NETWORK_LEAK);
            fits &= bucket.owed + octets <= NETWORK;
            if fits {
                bucket.owed += octets;
            }
        }
        if fits {
            self.all.owed += octets;
        } else {
            self.silenced += 1;
        }
        fits
    }

    /// The peer is there: what it was sent is not owed.
    pub(super) fn give_back(&mut self, peer: IpAddr, octets: usize) {
        let octets = octets as u64;
        self.all.owed = self.all.owed.saturating_sub(octets);
        if let Some(bucket) = self.networks.get_mut(&network(peer)) {
            bucket.owed = bucket.owed.saturating_sub(octets);
        }
    }
}

/// What one sender of forged packets can aim at as one: an IPv4 /24, an IPv6 /48.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(a) => IpAddr::V4(Ipv4Addr::from_bits(a.to_bits() & 0xffff_ff00)),
        IpAddr::V6(a) => IpAddr::V6(Ipv6Addr::from_bits(a.to_bits() >> 80 << 80)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: clock::Duration = clock::Duration::from_secs(1);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn rule_35_a_network_gets_its_octets_and_then_silence_that_fades() {
        let mut now = Instant::from_nanos(0);
        let mut budget = Budget::new(now);
        let mut sent = 0;
        for n in 0..10_000u32 {
            let peer = IpAddr::V4(Ipv4Addr::from_bits(0xc000_0200 | (n & 0xff)));
            sent += if budget.take(now, peer, 516) { 516 } else { 0 };
        }
        assert!(sent <= NETWORK && sent > NETWORK - 516, "{sent}");
        assert_eq!(budget.silenced, 10_000 - sent / 516);
        assert!(budget.take(now, ip("192.0.3.1"), 516), "another network");
        now += SECOND;
        let again = (0..10_000).filter(|_| budget.take(now, ip("192.0.2.9"), 516)).count() as u64;
        assert!((NETWORK_LEAK / 516..=NETWORK_LEAK / 516 + 1).contains(&again), "{again}");
    }

    #[test]
    fn rule_35_peers_that_answer_cost_nothing() {
        let now = Instant::from_nanos(0);
        let mut budget = Budget::new(now);
        for _ in 0..1_000_000 {
            assert!(budget.take(now, ip("192.0.2.1"), 516));
            budget.give_back(ip("192.0.2.1"), 516);
        }
    }

    #[test]
    fn rule_35_many_networks_have_a_bound_together_and_a_bounded_table() {
        let mut now = Instant::from_nanos(0);
        let mut budget = Budget::new(now);
        let mut sent = 0;
        for n in 0..200_000u32 {
            now += clock::Duration::from_micros(1);
            let peer = IpAddr::V4(Ipv4Addr::from_bits(n << 8));
            sent += if budget.take(now, peer, 516) { 516 } else { 0 };
        }
        // A fifth of a second has leaked.
        assert!(sent <= ALL + ALL_LEAK / 5 + 516, "{sent}");
        assert!(budget.networks.len() <= NETWORKS);
        let v6 = [ip("2001:db8:1::1"), ip("2001:db8:1:ffff::2"), ip("2001:db8:2::1")];
        assert_eq!(network(v6[0]), network(v6[1]));
        assert_ne!(network(v6[0]), network(v6[2]));
    }
}
