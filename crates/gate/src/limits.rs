use crate::{Protocol, Refusal};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard};

/// How much at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Sessions in all, of protocols with a connection. A TFTP session is one transfer, and counts as that:
    /// a rack of switches behind one address boots at once.
    pub sessions: usize,
    /// Sessions of one address, likewise; IPv6 counts by /64, which is one subscriber.
    pub per_address: usize,
    /// Transfers in all, of every protocol.
    pub transfers: usize,
}

impl Default for Limits {
    /// 1,024 sessions, 64 of one address (a NAT with a rack of devices behind), 32,768 transfers: more than
    /// twice the switches of the largest campaign at once, at 8 KiB each 256 MiB.
    fn default() -> Self {
        Limits { sessions: 1_024, per_address: 64, transfers: 32_768 }
    }
}

pub(crate) struct Counters {
    limits: Limits,
    // Guards the counts; held for a few instructions.
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    sessions: usize,
    by_address: BTreeMap<IpAddr, usize>,
    transfers: usize,
}

impl Counters {
    pub(crate) fn new(limits: Limits) -> Counters {
        Counters { limits, open: Mutex::new(Open::default()) }
    }

    /// Takes a place for a session; one of TFTP needs none.
    pub(crate) fn session(
        self: &Arc<Self>,
        protocol: Protocol,
        peer: IpAddr,
    ) -> Result<Option<SessionLease>, Refusal> {
        match protocol {
            Protocol::Tftp => return Ok(None),
            Protocol::Ftp | Protocol::Http => {}
        }
        let address = subscriber(peer);
        let mut open = self.lock();
        let here = open.by_address.get(&address).copied().unwrap_or(0);
        if open.sessions >= self.limits.sessions || here >= self.limits.per_address {
            return Err(Refusal::TooMany);
        }
        open.sessions += 1;
        open.by_address.insert(address, here + 1);
        Ok(Some(SessionLease { counters: self.clone(), address }))
    }

    /// Takes a place for a transfer.
    pub(crate) fn transfer(self: &Arc<Self>) -> Result<TransferLease, Refusal> {
        let mut open = self.lock();
        if open.transfers >= self.limits.transfers {
            return Err(Refusal::TooMany);
        }
        open.transfers += 1;
        Ok(TransferLease { counters: self.clone() })
    }

    pub(crate) fn open(&self) -> (usize, usize) {
        let open = self.lock();
        (open.sessions, open.transfers)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// A session's place; dropping it gives it back.
pub(crate) struct SessionLease {
    counters: Arc<Counters>,
    address: IpAddr,
}

impl Drop for SessionLease {
    fn drop(&mut self) {
        let mut open = self.counters.lock();
        open.sessions -= 1;
        let left = open.by_address.get(&self.address).map_or(0, |n| n - 1);
        if left == 0 {
            open.by_address.remove(&self.address);
        } else {
            open.by_address.insert(self.address, left);
        }
    }
}

/// A transfer's place; dropping it gives it back.
pub(crate) struct TransferLease {
    counters: Arc<Counters>,
}

impl Drop for TransferLease {
    fn drop(&mut self) {
        self.counters.lock().transfers -= 1;
    }
}

/// What one subscriber has: an IPv4 address, also where it comes mapped, or an IPv6 /64.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(a) => IpAddr::V4(a),
        IpAddr::V6(a) => {
            let prefix = a.to_bits() >> 64 << 64;
            IpAddr::V6(if a.is_loopback() { a } else { Ipv6Addr::from_bits(prefix) })
        }
    }
}
