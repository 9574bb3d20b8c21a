//! Who is not let in for a while: networks and addresses with an end.

use crate::Net;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One ban.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ban {
    /// Whose.
    pub net: Net,
    /// Its end; `None`: until somebody takes it away.
    pub until: Option<SystemTime>,
    /// Whose decision.
    pub by: By,
    /// Why, for the owner: no peer is told.
    pub reason: String,
}

/// Who decided on a ban.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// A person.
    Operator,
    /// The score of what an address did.
    Penalty,
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            By::Operator => "operator",
            By::Penalty => "penalty",
        })
    }
}

/// All bans. Looked up for whoever comes: a comparison where there is none, else a hash for each length of
/// network that there is.
#[derive(Default)]
pub struct Bans {
    /// How many there are, also such as are over and not cleared away yet.
    count: AtomicUsize,
    table: RwLock<Table>,
}

#[derive(Default)]
struct Table {
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

impl Bans {
    /// Adds a ban, or puts it in the place of the one that this network has.
    pub fn add(&self, ban: Ban) {
        let key = ban.net.key();
        let until = ban.until.map_or(FOREVER, unix);
        let entry = Entry { until, by: ban.by, reason: ban.reason.into() };
        let mut table = self.write();
        if table.nets.len() > 2 * table.swept.max(SWEEP) {
            table.sweep(unix(SystemTime::now()));
        }
        if table.nets.insert(key, entry).is_none() {
            table.lengthen(key.1);
        }
        self.count.store(table.nets.len(), Ordering::Release);
    }

    /// Takes a network's ban away: this very network's, not those of its parts. Whether there was one.
    pub fn remove(&self, net: &Net) -> bool {
        let key = net.key();
        let mut table = self.write();
        let removed = table.nets.remove(&key);
        if removed.is_some() {
            table.shorten(key.1);
        }
        let was = removed.is_some_and(|e| e.until > unix(SystemTime::now()));
        self.count.store(table.nets.len(), Ordering::Release);
        was
    }

    /// The ban that an address falls under now: of the narrowest network.
    pub fn of(&self, address: IpAddr) -> Option<Ban> {
        self.of_at(address, SystemTime::now)
    }

    fn of_at(&self, address: IpAddr, now: impl FnOnce() -> SystemTime) -> Option<Ban> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let now = unix(now());
        let table = self.read();
        let bits = mapped(address);
        table.lengths.iter().find_map(|&(length, _)| {
            let key = (masked(bits, length), length);
            table.nets.get(&key).filter(|e| e.until > now).map(|e| e.ban(key))
        })
    }

    /// All that are not over, in the order of their networks.
    pub fn list(&self) -> Vec<Ban> {
        let now = unix(SystemTime::now());
        let table = self.read();
        let mut keys: Vec<_> = table.nets.iter().filter(|(_, e)| e.until > now).collect();
        keys.sort_unstable_by_key(|(key, _)| **key);
        keys.into_iter().map(|(key, entry)| entry.ban(*key)).collect()
    }

    /// How many there are; some may just be over.
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn sweep(&mut self, now: u64) {
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
        Ban { net: Net::of_key(bits, length), until, by: self.by, reason: self.reason.to_string() }
    }
}

fn unix(at: SystemTime) -> u64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ban(net: &str, seconds: i64) -> Ban {
        let now = SystemTime::now();
        let span = Duration::from_secs(seconds.unsigned_abs());
        let until = if seconds < 0 { now - span } else { now + span };
        Ban { net: net.parse().unwrap(), until: Some(until), by: By::Operator, reason: net.to_owned() }
    }

    fn under(bans: &Bans, address: &str) -> Option<String> {
        bans.of(address.parse().unwrap()).map(|b| b.net.to_string())
    }

    #[test]
    fn an_address_falls_under_the_narrowest_ban_that_holds_it() {
        let bans = Bans::default();
        assert_eq!(under(&bans, "10.1.2.3"), None);
        for net in ["10.0.0.0/8", "10.1.2.3", "2001:db8:1::/48", "2001:db8:1:2::/64"] {
            bans.add(ban(net, 60));
        }
        for (address, net) in [
            ("10.1.2.3", Some("10.1.2.3")),
            ("::ffff:10.1.2.3", Some("10.1.2.3")),
            ("10.1.2.4", Some("10.0.0.0/8")),
            ("11.0.0.1", None),
            ("2001:db8:1:2::9", Some("2001:db8:1:2::/64")),
            ("2001:db8:1:3::9", Some("2001:db8:1::/48")),
            ("2001:db8:2::1", None),
            ("::1", None),
        ] {
            assert_eq!(under(&bans, address).as_deref(), net, "{address}");
        }
        assert!(bans.remove(&"10.1.2.3".parse().unwrap()));
        assert!(!bans.remove(&"10.1.2.3".parse().unwrap()), "only once");
        assert_eq!(under(&bans, "10.1.2.3").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(bans.list().len(), 3);
    }

    #[test]
    fn a_ban_ends_by_itself_and_can_last_forever() {
        let bans = Bans::default();
        bans.add(ban("10.0.0.1", 60));
        bans.add(Ban { until: None, ..ban("10.0.0.2", 0) });
        let later = || SystemTime::now() + Duration::from_secs(61);
        let at = |address: &str, now: &dyn Fn() -> SystemTime| bans.of_at(address.parse().unwrap(), now);
        assert!(at("10.0.0.1", &SystemTime::now).is_some() && at("10.0.0.1", &later).is_none());
        assert_eq!(at("10.0.0.2", &later).map(|b| b.until), Some(None));
        bans.add(ban("10.0.0.1", -1));
        assert_eq!(bans.list().len(), 1, "the later word counts");
    }

    #[test]
    fn everything_of_a_family_and_the_rest_of_it() {
        let bans = Bans::default();
        bans.add(ban("0.0.0.0/0", 60));
        assert_eq!(under(&bans, "203.0.113.9").as_deref(), Some("0.0.0.0/0"));
        assert_eq!(under(&bans, "2001:db8::1"), None);
        bans.add(ban("::/0", 60));
        assert_eq!(under(&bans, "2001:db8::1").as_deref(), Some("::/0"));
    }

    #[test]
    fn what_is_over_is_cleared_away() {
        let bans = Bans::default();
        for n in 0..20_000u32 {
            let net = IpAddr::from((0x0a00_0000 + n).to_be_bytes()).to_string();
            bans.add(ban(&net, if n < 10 { 600 } else { -1 }));
        }
        assert!(bans.len() <= 2 * SWEEP + 1, "{}", bans.len());
        assert_eq!(bans.list().len(), 10);
        assert_eq!(bans.read().lengths.len(), 1);
    }
}
