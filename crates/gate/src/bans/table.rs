use super::Ban;
use crate::Net;
use crate::audit::By;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The bans by their networks.
#[derive(Default)]
pub(super) struct Table {
    /// By the network's first address (IPv4 as mapped into IPv6) and how many bits of it count.
    nets: HashMap<(u128, u8), Entry>,
    /// The lengths that there are, longest first, and how many networks of each.
    lengths: Vec<(u8, usize)>,
    /// How many were left when those that are over were cleared away.
    swept: usize,
}

struct Entry {
    /// Seconds of Unix time; [`FOREVER`].
    until: u64,
    by: By,
    reason: Box<str>,
}

const FOREVER: u64 = u64::MAX;
/// The least number of bans before those that are over are cleared away.
const SWEEP: usize = 1_024;

impl Table {
    /// Adds a ban, or puts it in the place of the one that its network has; clears away what is over by `now`.
    pub(super) fn add(&mut self, ban: &Ban, now: u64) {
        if self.nets.len() > 2 * self.swept.max(SWEEP) {
            self.sweep(now);
        }
        let key = ban.net.key();
        let until = ban.until.map_or(FOREVER, unix);
        let entry = Entry { until, by: ban.by.clone(), reason: ban.reason.as_str().into() };
        if self.nets.insert(key, entry).is_none() {
            self.lengthen(key.1);
        }
    }

    /// Whether there was one that was not over.
    pub(super) fn remove(&mut self, net: &Net, now: u64) -> bool {
        let key = net.key();
        let removed = self.nets.remove(&key);
        if removed.is_some() {
            self.shorten(key.1);
        }
        removed.is_some_and(|e| e.until > now)
    }

    /// The ban of this very network.
    pub(super) fn at(&self, net: &Net, now: u64) -> Option<Ban> {
        let key = net.key();
        self.nets.get(&key).filter(|e| e.until > now).map(|e| e.ban(key))
    }

    /// The ban of the narrowest network that holds the address.
    pub(super) fn of(&self, address: IpAddr, now: u64) -> Option<Ban> {
        let bits = mapped(address);
        self.lengths.iter().find_map(|&(length, _)| {
            let key = (masked(bits, length), length);
            self.nets.get(&key).filter(|e| e.until > now).map(|e| e.ban(key))
        })
    }

    /// Those that are not over, in the order of their networks.
    pub(super) fn bans(&self, now: u64) -> Vec<Ban> {
        let mut keys: Vec<_> = self.nets.iter().filter(|(_, e)| e.until > now).collect();
        keys.sort_unstable_by_key(|(key, _)| **key);
        keys.into_iter().map(|(key, entry)| entry.ban(*key)).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.nets.len()
    }

    pub(super) fn sweep(&mut self, now: u64) {
        let over: Vec<_> = self.nets.iter().filter(|(_, e)| e.until <= now).map(|(key, _)| *key).collect();
        for key in over {
            self.nets.remove(&key);
            self.shorten(key.1);
        }
        self.swept = self.nets.len();
    }

    fn lengthen(&mut self, length: u8) {
        match self.lengths.iter_mut().find(|(l, _)| *l == length) {
            Some((_, count)) => *count += 1,
            None => {
                self.lengths.push((length, 1));
                self.lengths.sort_unstable_by(|a, b| b.cmp(a));
            }
        }
    }

    fn shorten(&mut self, length: u8) {
        if let Some(at) = self.lengths.iter().position(|(l, _)| *l == length) {
            self.lengths[at].1 -= 1;
            if self.lengths[at].1 == 0 {
                self.lengths.remove(at);
            }
        }
    }
}

impl Entry {
    fn ban(&self, (bits, length): (u128, u8)) -> Ban {
        let until = (self.until != FOREVER).then(|| UNIX_EPOCH + Duration::from_secs(self.until));
        Ban { net: Net::of_key(bits, length), until, by: self.by.clone(), reason: self.reason.to_string() }
    }
}

/// Seconds of Unix time.
pub(super) fn unix(at: SystemTime) -> u64 {
    // Times beyond what the system can tell are as good as forever.
    at.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// An address as one of IPv6.
pub(crate) fn mapped(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(a) => a.to_ipv6_mapped().to_bits(),
        IpAddr::V6(a) => a.to_bits(),
    }
}

/// The first `length` bits.
pub(crate) fn masked(bits: u128, length: u8) -> u128 {
    bits & u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}
