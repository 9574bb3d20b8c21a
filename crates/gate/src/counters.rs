//! Who holds how many places: a count for all, for each network, address and user, and the leases that give back.

use crate::limits::{Caps, Counted, Limit, Limits, Rates, Scope, subscriber};
use crate::rate::{Bucket, Buckets, Meter, since};
use crate::transfer::Direction;
use std::borrow::Borrow;
#[cfg(test)]
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

/// Where a peer stands: found once, when it is let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Spot {
    /// Which of the networks that have limits.
    network: Option<usize>,
    address: IpAddr,
}

/// The counts of one server.
pub(crate) struct Counters {
    limits: Limits,
    began: Instant,
    rates: Buckets,
    network_rates: Vec<Buckets>,
    /// Whether addresses and users have to be looked at at all.
    addresses: Touched,
    users: Touched,
    // Guards the counts; held for a few instructions, and some microseconds when there are many addresses to be
    // forgotten.
    open: Mutex<Open>,
}

/// What the limits of a scope make one look at.
#[derive(Clone, Copy, Default)]
struct Touched {
    counts: [bool; KINDS],
    rates: bool,
}

impl Touched {
    fn by(caps: &Caps) -> Touched {
        let counts = [Counted::Sessions, Counted::HalfOpen, Counted::Transfers].map(|c| caps.of(c).is_some());
        Touched { counts, rates: caps.rates != Rates::default() }
    }

    fn by_any(self, counted: Counted) -> bool {
        self.counts[counted as usize] || (self.rates && counted == Counted::Transfers)
    }
}

/// How many kinds of places there are.
const KINDS: usize = 3;
/// The least number of addresses before those are forgotten of which nothing need be known.
const SWEEP: usize = 1_024;

type Counts = [usize; KINDS];

#[derive(Default)]
struct Open {
    all: Counts,
    networks: Vec<Counts>,
    addresses: Table<IpAddr>,
    users: Table<Box<str>>,
}

/// Counts of many, some of whom are gone and only have to wait for their rates.
struct Table<K> {
    nodes: HashMap<K, Node>,
    /// How many were left by the last sweep.
    swept: usize,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Table { nodes: HashMap::new(), swept: 0 }
    }
}

struct Node {
    counts: Counts,
    rates: Buckets,
}

impl<K: Hash + Eq> Table<K> {
    fn count<Q: Hash + Eq + ?Sized>(&self, key: &Q, counted: Counted) -> usize
    where
        K: Borrow<Q>,
    {
        self.nodes.get(key).map_or(0, |n| n.counts[counted as usize])
    }

    /// One more for `key`.
    fn add(&mut self, key: K, counted: Counted, rates: Rates, began: Instant) -> &Buckets {
        let node = self.node(key, rates, began);
        node.counts[counted as usize] += 1;
        &node.rates
    }

    /// What is known of `key`.
    fn node(&mut self, key: K, rates: Rates, began: Instant) -> &mut Node {
        if self.nodes.len() > 2 * self.swept.max(SWEEP) {
            let now = since(began, Instant::now());
            self.nodes.retain(|_, n| n.counts != [0; KINDS] || !n.rates.is_even(now));
            self.swept = self.nodes.len();
        }
        self.nodes.entry(key).or_insert_with(|| Node { counts: [0; KINDS], rates: Buckets::new(rates) })
    }

    fn give_back<Q: Hash + Eq + ?Sized>(&mut self, key: &Q, counted: Counted, has_rates: bool)
    where
        K: Borrow<Q>,
    {
        let Some(node) = self.nodes.get_mut(key) else { return };
        node.counts[counted as usize] -= 1;
        // What it moved must be paid for even if it comes again at once; a later sweep forgets it.
        if node.counts == [0; KINDS] && !has_rates {
            self.nodes.remove(key);
        }
    }
}

impl Counters {
    pub(crate) fn new(limits: Limits) -> Counters {
        let open = Open { networks: vec![[0; KINDS]; limits.networks.len()], ..Open::default() };
        Counters {
            began: Instant::now(),
            rates: Buckets::new(limits.all.rates),
            network_rates: limits.networks.iter().map(|(_, caps)| Buckets::new(caps.rates)).collect(),
            addresses: Touched::by(&limits.per_address),
            users: Touched::by(&limits.per_user),
            limits,
            open: Mutex::new(open),
        }
    }

    /// Where a peer stands.
    pub(crate) fn spot(&self, peer: IpAddr) -> Spot {
        let network = if self.limits.networks.is_empty() {
            None
        } else {
            self.limits.networks.iter().position(|(net, _)| net.holds(peer))
        };
        Spot { network, address: subscriber(peer) }
    }

    /// Takes a place for a session or a connection, of nobody known yet.
    pub(crate) fn place(self: &Arc<Self>, counted: Counted, spot: Spot) -> Result<Lease, Limit> {
        let mut open = self.lock();
        self.check(&open, counted, spot, None)?;
        self.take(&mut open, counted, spot);
        Ok(Lease { counters: self.clone(), counted, spot, user: None })
    }

    /// Takes a place for a transfer, until [`Counters::transfer_over`]. What it has to obey, where it has a rate.
    pub(crate) fn transfer(
        &self,
        spot: Spot,
        user: Option<&str>,
        dir: Direction,
    ) -> Result<Option<Box<Meter>>, Limit> {
        let counted = Counted::Transfers;
        let user = user.filter(|_| self.users.by_any(counted));
        let mut open = self.lock();
        self.check(&open, counted, spot, user)?;
        let of_address = self.take(&mut open, counted, spot);
        let of_address = of_address.and_then(|buckets| buckets.of(dir)).cloned();
        let rates = self.limits.per_user.rates;
        let of_user = user.and_then(|user| open.users.add(user.into(), counted, rates, self.began).of(dir));
        let of_user = of_user.cloned();
        drop(open);
        Ok(self.meter(dir, spot, of_address, of_user))
    }

    /// What a listing has to obey, where there is a rate: a download without a place of its own.
    pub(crate) fn listing(&self, spot: Spot, user: Option<&str>) -> Option<Box<Meter>> {
        let dir = Direction::Read;
        let (mut of_address, mut of_user) = (None, None);
        // Without such rates there is nothing to lock.
        if self.addresses.rates || self.users.rates {
            let (address_rates, user_rates) = (self.limits.per_address.rates, self.limits.per_user.rates);
            let mut open = self.lock();
            if self.addresses.rates {
                of_address =
                    open.addresses.node(spot.address, address_rates, self.began).rates.of(dir).cloned();
            }
            if let Some(user) = user.filter(|_| self.users.rates) {
                of_user = open.users.node(user.into(), user_rates, self.began).rates.of(dir).cloned();
            }
        }
        self.meter(dir, spot, of_address, of_user)
    }

    /// The meter of all buckets that hold, from the widest scope to the narrowest; `None`: there is none.
    fn meter(
        &self,
        dir: Direction,
        spot: Spot,
        of_address: Option<Arc<Bucket>>,
        of_user: Option<Arc<Bucket>>,
    ) -> Option<Box<Meter>> {
        let of_all = self.rates.of(dir).cloned();
        let of_network = spot.network.and_then(|nth| self.network_rates[nth].of(dir)).cloned();
        let of_transfer = Buckets::new(self.limits.per_transfer).of(dir).cloned();
        let chain = [of_all, of_network, of_address, of_user, of_transfer];
        Meter::new(self.began, chain.into_iter().flatten().collect()).map(Box::new)
    }

    /// Gives a transfer's place back.
    pub(crate) fn transfer_over(&self, spot: Spot, user: Option<&str>) {
        let user = user.filter(|_| self.users.by_any(Counted::Transfers));
        self.give_back(Counted::Transfers, spot, user);
    }

    fn give_back(&self, counted: Counted, spot: Spot, user: Option<&str>) {
        let mut open = self.lock();
        open.all[counted as usize] -= 1;
        if let Some(network) = spot.network {
            open.networks[network][counted as usize] -= 1;
        }
        if self.addresses.by_any(counted) {
            open.addresses.give_back(&spot.address, counted, self.addresses.rates);
        }
        if let Some(user) = user {
            open.users.give_back(user, counted, self.users.rates);
        }
    }

    /// Whether there is room everywhere, from the widest scope to the narrowest.
    fn check(&self, open: &Open, counted: Counted, spot: Spot, user: Option<&str>) -> Result<(), Limit> {
        let full = |scope: Scope, caps: &Caps, count: usize| match caps.of(counted) {
            Some(most) if count >= most => Err(Limit { counted, scope, most }),
            Some(_) | None => Ok(()),
        };
        full(Scope::All, &self.limits.all, open.all[counted as usize])?;
        if let Some(network) = spot.network {
            let (net, caps) = &self.limits.networks[network];
            full(Scope::Network(*net), caps, open.networks[network][counted as usize])?;
        }
        if self.addresses.counts[counted as usize] {
            full(Scope::Address, &self.limits.per_address, open.addresses.count(&spot.address, counted))?;
        }
        if let Some(user) = user.filter(|_| self.users.counts[counted as usize]) {
            full(Scope::User, &self.limits.per_user, open.users.count(user, counted))?;
        }
        Ok(())
    }

    /// Counts one more of all, of the network and the address, whose buckets it gives.
    fn take<'a>(&self, open: &'a mut Open, counted: Counted, spot: Spot) -> Option<&'a Buckets> {
        open.all[counted as usize] += 1;
        if let Some(network) = spot.network {
            open.networks[network][counted as usize] += 1;
        }
        let rates = self.limits.per_address.rates;
        self.addresses.by_any(counted).then(|| open.addresses.add(spot.address, counted, rates, self.began))
    }

    /// Sessions and transfers that are open.
    pub(crate) fn open(&self) -> (usize, usize) {
        let open = self.lock();
        (open.all[Counted::Sessions as usize], open.all[Counted::Transfers as usize])
    }

    /// Connections that are not logged in.
    pub(crate) fn half_open(&self) -> usize {
        self.lock().all[Counted::HalfOpen as usize]
    }

    /// What is counted, for tests: of each network, address and user (sessions, half-open ones, transfers), those
    /// of whom only the rates are remembered left out; and whether each kind is counted for addresses and users.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> Taken {
        fn known<K: Clone + Ord + Hash>(table: &Table<K>) -> BTreeMap<K, Counts> {
            table.nodes.iter().map(|(key, node)| (key.clone(), node.counts)).collect()
        }
        let kinds = [Counted::Sessions, Counted::HalfOpen, Counted::Transfers];
        let open = self.lock();
        Taken {
            networks: open.networks.clone(),
            addresses: known(&open.addresses),
            users: known(&open.users),
            of_addresses: kinds.map(|kind| self.addresses.by_any(kind)),
            of_users: kinds.map(|kind| self.users.by_any(kind)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(|e| e.into_inner())
    }
}

#[cfg(test)]
pub(crate) struct Taken {
    pub(crate) networks: Vec<Counts>,
    pub(crate) addresses: BTreeMap<IpAddr, Counts>,
    pub(crate) users: BTreeMap<Box<str>, Counts>,
    pub(crate) of_addresses: [bool; KINDS],
    pub(crate) of_users: [bool; KINDS],
}

/// The place of a session or connection in every count it belongs to; dropping it gives it back.
pub(crate) struct Lease {
    counters: Arc<Counters>,
    counted: Counted,
    spot: Spot,
    user: Option<Box<str>>,
}

impl Lease {
    /// Counts it for a user as well, who is known now.
    pub(crate) fn of_user(&mut self, user: &str) -> Result<(), Limit> {
        let counters = &self.counters;
        if !counters.users.by_any(self.counted) {
            return Ok(());
        }
        let mut open = counters.lock();
        if let Some(most) = counters.limits.per_user.of(self.counted)
            && open.users.count(user, self.counted) >= most
        {
            return Err(Limit { counted: self.counted, scope: Scope::User, most });
        }
        open.users.add(user.into(), self.counted, counters.limits.per_user.rates, counters.began);
        drop(open);
        self.user = Some(user.into());
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.counters.give_back(self.counted, self.spot, self.user.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn caps(sessions: usize, transfers: usize) -> Caps {
        Caps { sessions: Some(sessions), transfers: Some(transfers), ..Caps::default() }
    }

    fn limits() -> Limits {
        Limits {
            all: caps(10, 10),
            networks: vec![("10.0.0.0/8".parse().unwrap(), caps(5, 5))],
            per_address: caps(3, 3),
            per_user: caps(2, 2),
            per_transfer: Rates::default(),
        }
    }

    /// Takes sessions of a user until a limit is met: how many, and which limit.
    fn fill(counters: &Arc<Counters>, from: &str, user: Option<&str>) -> (Vec<Lease>, String) {
        let mut leases = Vec::new();
        loop {
            let taken = counters.place(Counted::Sessions, counters.spot(ip(from))).and_then(|mut lease| {
                user.map_or(Ok(()), |user| lease.of_user(user))?;
                Ok(lease)
            });
            match taken {
                Ok(lease) => leases.push(lease),
                Err(limit) => return (leases, limit.to_string()),
            }
        }
    }

    #[test]
    fn each_scope_has_its_limit_and_the_refusal_says_which() {
        let counters = Arc::new(Counters::new(limits()));
        let (of_user, why) = fill(&counters, "192.0.2.1", Some("bob"));
        assert_eq!((of_user.len(), &why[..]), (2, "2 sessions of one user (limits.per-user.sessions)"));
        let (elsewhere, _) = fill(&counters, "192.0.2.2", Some("bob"));
        assert!(elsewhere.is_empty(), "a user is one wherever he comes from");
        let (of_address, why) = fill(&counters, "192.0.2.1", None);
        let words = "3 sessions of one address (limits.per-address.sessions)";
        assert_eq!((of_address.len(), &why[..]), (1, words));
        let (a, _) = fill(&counters, "10.0.0.1", None);
        let (b, why) = fill(&counters, "10.9.0.2", None);
        assert_eq!((a.len(), b.len()), (3, 2));
        assert_eq!(why, "5 sessions of 10.0.0.0/8 (limits.network.sessions)");
        let (rest, why) = fill(&counters, "2001:db8::1", None);
        assert_eq!((rest.len(), &why[..]), (2, "10 sessions in all (limits.sessions)"));
        assert_eq!(counters.open(), (10, 0));
        drop((of_user, of_address, a, b, rest));
        let open = counters.lock();
        assert_eq!((open.all, &open.networks[..]), ([0; KINDS], &[[0; KINDS]][..]));
        assert!(
            open.addresses.nodes.is_empty() && open.users.nodes.is_empty(),
            "nothing is kept of who left"
        );
    }

    #[test]
    fn a_refused_one_takes_no_place_anywhere() {
        let counters = Arc::new(Counters::new(limits()));
        let spot = counters.spot(ip("10.0.0.1"));
        let held: Vec<_> = (0..3).map_while(|_| counters.place(Counted::Sessions, spot).ok()).collect();
        for _ in 0..100 {
            assert!(counters.place(Counted::Sessions, spot).is_err());
        }
        assert_eq!((held.len(), counters.open()), (3, (3, 0)));
        assert_eq!(counters.lock().networks[0][0], 3);
    }

    #[test]
    fn transfers_are_counted_by_user_and_have_the_rates_of_their_scopes() {
        let rate = |outward| Rates { outward: Some(outward), inward: None };
        let limits = Limits {
            all: Caps { rates: rate(1_000_000), ..Caps::default() },
            per_user: Caps { transfers: Some(1), rates: rate(10_000), ..Caps::default() },
            per_address: Caps::default(),
            ..Limits::default()
        };
        let counters = Arc::new(Counters::new(limits));
        let (spot, bob) = (counters.spot(ip("192.0.2.1")), "bob");
        let meter = counters.transfer(spot, Some(bob), Direction::Read).unwrap();
        let now = Instant::now();
        let mut meter = meter.expect("two rates");
        assert!(meter.wait(now, 0).is_zero());
        meter.moved(11_000);
        let wait = meter.wait(now, 0);
        assert!((950..=1_000).contains(&wait.as_millis()), "the user's rate: {wait:?}");
        assert_eq!(
            counters.transfer(spot, Some(bob), Direction::Read).err().map(|l| l.to_string()).as_deref(),
            Some("1 transfers of one user (limits.per-user.transfers)")
        );
        drop(meter);
        counters.transfer_over(spot, Some("bob"));
        let meter = counters.transfer(spot, Some(bob), Direction::Read).unwrap();
        let wait = meter.expect("two rates").wait(now, 0);
        assert!(wait.as_millis() >= 950, "what was moved is still to be paid for: {wait:?}");
        let meter = counters.transfer(spot, None, Direction::Write).unwrap();
        assert!(meter.is_none(), "uploads have no rate here");
    }

    #[test]
    fn a_listing_obeys_the_rates_of_downloads_and_takes_no_place() {
        let rate = |outward| Rates { outward: Some(outward), inward: None };
        let limits = Limits {
            per_address: Caps { transfers: Some(1), rates: rate(10_000), ..Caps::default() },
            ..Limits::default()
        };
        let counters = Arc::new(Counters::new(limits));
        let (spot, now) = (counters.spot(ip("192.0.2.1")), Instant::now());
        let mut listing = counters.listing(spot, None).expect("a rate");
        assert!(listing.wait(now, 0).is_zero());
        listing.moved(11_000);
        // Its download comes behind what the listing moved.
        let mut download = counters.transfer(spot, None, Direction::Read).unwrap().expect("a rate");
        let _ = listing.wait(now, 0);
        let wait = download.wait(now, 0);
        assert!(wait >= Duration::from_millis(900), "{wait:?}");
        assert_eq!(counters.open(), (0, 1));
        counters.transfer_over(spot, None);
        assert!(Counters::new(Limits::default()).listing(spot, Some("bob")).is_none(), "no rate, no meter");
    }

    #[test]
    fn a_flood_of_addresses_is_forgotten() {
        let limits = Limits {
            per_address: Caps { rates: Rates { outward: Some(1_000), inward: None }, ..Caps::default() },
            ..Limits::default()
        };
        let counters = Arc::new(Counters::new(limits));
        for n in 0..100_000u32 {
            let spot = counters.spot(IpAddr::from(n.to_be_bytes()));
            drop(counters.transfer(spot, None, Direction::Read).unwrap());
            counters.transfer_over(spot, None);
        }
        let kept = counters.lock().addresses.nodes.len();
        assert!(kept <= 2 * SWEEP + 1, "{kept}");
    }
}
