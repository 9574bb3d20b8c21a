//! What earlier transfers of an address have taught us.

use clock::{Duration, Instant};
use std::collections::HashMap;
use std::net::IpAddr;

/// How long it holds: a path or a boot loader does not change while somebody tries again.
const HOLDS: Duration = Duration::from_secs(600);
/// Addresses that are remembered; more push out the one that was seen longest ago.
const MOST: usize = 4_096;
/// The block sizes to fall back to: jumbo frames, an Ethernet, one behind a tunnel, one behind several, and
/// what needs no option at all.
const SIZES: &[u16] = &[8_192, 1_468, 1_428, 1_360, 1_024, 512];

struct Client {
    seen: Instant,
    /// Blocks of this size went out again and again and were never acknowledged.
    suspect: Option<u16>,
    /// It asked anew after that: no larger blocks for it.
    blksize: Option<u16>,
    /// Answered oddly to blocks that went ahead of it.
    no_ahead: bool,
}

/// The memory of addresses. Bounded.
#[derive(Default)]
pub(super) struct Clients(HashMap<IpAddr, Client>);

impl Clients {
    /// A client asks: the largest block for it, where one is known.
    pub(super) fn asks(&mut self, now: Instant, ip: IpAddr) -> Option<u16> {
        let client = self.0.get_mut(&ip).filter(|c| now.since(c.seen) < HOLDS)?;
        if let Some(size) = client.suspect.take() {
            client.blksize = SIZES.iter().copied().find(|s| *s < size).or(client.blksize);
            client.seen = now;
        }
        client.blksize
    }

    /// Blocks of this size do not reach it, it seems: a path MTU that nobody tells (a black hole).
    pub(super) fn never_acknowledged(&mut self, now: Instant, ip: IpAddr, blksize: u16) {
        let client = self.client(now, ip);
        // An older transfer may still be trying in vain what the client is spared by now.
        if client.blksize.is_none_or(|most| blksize <= most) {
            client.suspect = Some(blksize);
        }
    }

    /// It acknowledged blocks of this size.
    pub(super) fn acknowledged(&mut self, ip: IpAddr, blksize: u16) {
        if let Some(client) = self.0.get_mut(&ip) {
            client.suspect = client.suspect.filter(|s| *s > blksize);
        }
    }

    /// Whether blocks may go ahead of it.
    pub(super) fn takes_ahead(&self, now: Instant, ip: IpAddr) -> bool {
        !self.0.get(&ip).is_some_and(|c| c.no_ahead && now.since(c.seen) < HOLDS)
    }

    /// It does not get on with blocks that go ahead of it.
    pub(super) fn refuses_ahead(&mut self, now: Instant, ip: IpAddr) {
        self.client(now, ip).no_ahead = true;
    }

    fn client(&mut self, now: Instant, ip: IpAddr) -> &mut Client {
        if self.0.len() >= MOST
            && !self.0.contains_key(&ip)
            && let Some(oldest) = self.0.iter().min_by_key(|(_, c)| c.seen).map(|(ip, _)| *ip)
        {
            self.0.remove(&oldest);
        }
        let new = Client { seen: now, suspect: None, blksize: None, no_ahead: false };
        let client = self.0.entry(ip).or_insert(new);
        if now.since(client.seen) >= HOLDS {
            (client.suspect, client.blksize, client.no_ahead) = (None, None, false);
        }
        client.seen = now;
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(n: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(n).into()
    }

    #[test]
    fn blocks_get_smaller_for_a_client_that_asks_again_and_only_then() {
        let mut now = Instant::from_nanos(0);
        let mut clients = Clients::default();
        let mut sizes = Vec::new();
        let mut size = 65_464;
        for _ in 0..8 {
            clients.never_acknowledged(now, ip(1), size);
            clients.never_acknowledged(now, ip(1), size);
            clients.never_acknowledged(now, ip(1), if size < 65_464 { 65_464 } else { size });
            size = clients.asks(now, ip(1)).unwrap();
            assert_eq!(clients.asks(now, ip(1)), Some(size), "once for each failure");
            sizes.push(size);
        }
        assert_eq!(sizes, [8_192, 1_468, 1_428, 1_360, 1_024, 512, 512, 512]);
        assert_eq!(clients.asks(now, ip(2)), None);
        now += HOLDS;
        assert_eq!(clients.asks(now, ip(1)), None, "forgotten");
    }

    #[test]
    fn a_late_acknowledgement_clears_it() {
        let now = Instant::from_nanos(0);
        let mut clients = Clients::default();
        clients.never_acknowledged(now, ip(1), 1_428);
        clients.acknowledged(ip(1), 1_428);
        assert_eq!(clients.asks(now, ip(1)), None);
    }

    #[test]
    fn whoever_did_not_like_blocks_ahead_is_spared_them_for_a_while() {
        let now = Instant::from_nanos(0);
        let mut clients = Clients::default();
        clients.refuses_ahead(now, ip(1));
        assert!(!clients.takes_ahead(now, ip(1)) && clients.takes_ahead(now, ip(2)));
        assert!(clients.takes_ahead(now + HOLDS, ip(1)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut clients = Clients::default();
        for n in 0..2 * MOST as u32 {
            clients.never_acknowledged(Instant::from_nanos(u64::from(n)), ip(n), 1_428);
        }
        assert_eq!(clients.0.len(), MOST);
        let now = Instant::from_nanos(2 * MOST as u64);
        assert_eq!(
            (clients.asks(now, ip(1)), clients.asks(now, ip(2 * MOST as u32 - 1))),
            (None, Some(1_360))
        );
    }
}
