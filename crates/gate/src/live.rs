//! Sessions that are open now, and how one is ended from outside.

use crate::audit::By;
use crate::session::Inner;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// What a driver wants to be called on when sessions are kicked: it looks which of its own are.
pub type OnKick = dyn Fn() + Send + Sync;

#[derive(Default)]
pub(crate) struct Live {
    // Guards the list; held for an insertion or a removal.
    sessions: Mutex<HashMap<u64, Weak<Inner>, BuildHasherDefault<Numbers>>>,
    // Guards the drivers' list; each is a driver that lives as long as it holds the other end.
    drivers: Mutex<Vec<Weak<OnKick>>>,
}

impl Live {
    pub(crate) fn add(&self, session: u64, inner: Weak<Inner>) {
        self.lock().insert(session, inner);
    }

    pub(crate) fn remove(&self, session: u64) {
        self.lock().remove(&session);
    }

    pub(crate) fn on_kick(&self, driver: Weak<OnKick>) {
        let mut drivers = self.drivers.lock().unwrap_or_else(PoisonError::into_inner);
        drivers.retain(|d| d.strong_count() > 0);
        drivers.push(driver);
    }

    /// Marks the sessions for which `which` holds, and calls the drivers. How many there were.
    pub(crate) fn kick(&self, only: Option<u64>, by: &By, from: impl Fn(SocketAddr) -> bool) -> usize {
        let open = self.open(only);
        let kicked = open.iter().filter(|inner| from(inner.peer())).map(|inner| inner.kick(by)).count();
        if kicked > 0 {
            let drivers = self.drivers.lock().unwrap_or_else(PoisonError::into_inner).clone();
            drivers.iter().filter_map(Weak::upgrade).for_each(|driver| driver());
        }
        kicked
    }

    /// How many there are from there.
    pub(crate) fn count(&self, from: impl Fn(SocketAddr) -> bool) -> usize {
        self.open(None).iter().filter(|inner| from(inner.peer())).count()
    }

    /// What is shown of each, of which anything is.
    pub(crate) fn all<T>(&self, shown: impl Fn(&Inner) -> Option<T>) -> Vec<T> {
        self.open(None).iter().filter_map(|inner| shown(inner)).collect()
    }

    /// Taken out of the lock first: whoever lets the last of a session go removes it from the list.
    fn open(&self, only: Option<u64>) -> Vec<Arc<Inner>> {
        let sessions = self.lock();
        match only {
            Some(session) => sessions.get(&session).and_then(Weak::upgrade).into_iter().collect(),
            None => sessions.values().filter_map(Weak::upgrade).collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Weak<Inner>, BuildHasherDefault<Numbers>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers that we count ourselves need no keyed hash, only their low and their high bits spread.
#[derive(Default)]
struct Numbers(u64);

impl Hasher for Numbers {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        octets.iter().for_each(|octet| self.write_u64(u64::from(*octet)));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
