//! How many control connections there are, of one address and in all, logged in or not.
//!
//! The gate counts sessions, which begin with a login; whoever only connects holds a descriptor too.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Default)]
pub(super) struct Places {
    // Guards the counts; held for a few instructions.
    open: Mutex<BTreeMap<IpAddr, usize>>,
}

/// One control connection's place; dropped it is free again.
pub(super) struct Place {
    places: Arc<Places>,
    subscriber: IpAddr,
}

impl Places {
    /// A place for a connection from `from`, if there is one.
    pub(super) fn take(self: &Arc<Self>, from: IpAddr, in_all: usize, of_one: usize) -> Option<Place> {
        let subscriber = gate::subscriber(from);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let here = open.get(&subscriber).copied().unwrap_or(0);
        // At most `in_all` addresses: the sum is short work.
        if here >= of_one || open.values().sum::<usize>() >= in_all {
            return None;
        }
        open.insert(subscriber, here + 1);
        Some(Place { places: self.clone(), subscriber })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.places.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.subscriber) {
            Some(n) if *n > 1 => *n -= 1,
            _ => {
                open.remove(&self.subscriber);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_leaves_places_for_others() {
        let places = Arc::new(Places::default());
        let (a, b): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let mine: Vec<_> = (0..3).map_while(|_| places.take(a, 4, 2)).collect();
        assert_eq!(mine.len(), 2);
        let others: Vec<_> = (0..3).map_while(|_| places.take(b, 3, 2)).collect();
        assert_eq!(others.len(), 1, "three in all");
        drop(mine);
        assert!(places.take(a, 3, 2).is_some());
        drop(others);
        assert!(places.open.lock().unwrap().is_empty(), "nothing is kept of who left");
    }
}
