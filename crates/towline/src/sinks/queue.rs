//! A bounded queue between the one who reads the events and a thread that takes them in its own time.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Never full for its writer: what finds no place is counted.
pub(super) struct Queue<T> {
    capacity: usize,
    // Guards what waits; held for a push or for a change of places.
    inner: Mutex<Inner<T>>,
    more: Condvar,
}

struct Inner<T> {
    waiting: VecDeque<T>,
    lost: u64,
    /// Since when nothing comes any more.
    closed: Option<Instant>,
}

/// What a queue had.
pub(super) struct Taken {
    /// How many found no place since the last look.
    pub(super) lost: u64,
    /// Whether nothing will come any more.
    pub(super) over: bool,
}

impl<T> Queue<T> {
    pub(super) fn new(capacity: usize) -> Queue<T> {
        let inner = Inner { waiting: VecDeque::new(), lost: 0, closed: None };
        Queue { capacity, inner: Mutex::new(inner), more: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts one in, or counts it as lost.
    pub(super) fn push(&self, item: T) {
        let mut inner = self.lock();
        if inner.waiting.len() >= self.capacity {
            inner.lost += 1;
            return;
        }
        inner.waiting.push_back(item);
        // A reader that lets things gather is woken by the first; it does not look again at once.
        if inner.waiting.len() == 1 {
            self.more.notify_one();
        }
    }

    /// Moves at most `most` behind those in `into`; waits at most `patience` for the first.
    pub(super) fn take(&self, into: &mut VecDeque<T>, most: usize, patience: Duration) -> Taken {
        let until = Instant::now() + patience;
        let mut inner = self.lock();
        while inner.waiting.is_empty() && inner.closed.is_none() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            inner = self.more.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let n = inner.waiting.len().min(most);
        into.extend(inner.waiting.drain(..n));
        let over = inner.closed.is_some() && inner.waiting.is_empty();
        Taken { lost: std::mem::take(&mut inner.lost), over }
    }

    /// Says that nothing comes any more.
    pub(super) fn close(&self) {
        self.lock().closed.get_or_insert_with(Instant::now);
        self.more.notify_all();
    }

    /// Since when nothing comes any more.
    pub(super) fn closed(&self) -> Option<Instant> {
        self.lock().closed
    }

    /// Waits until then, whatever comes; `false`: nothing comes any more.
    pub(super) fn rest(&self, until: Instant) -> bool {
        let mut inner = self.lock();
        while inner.closed.is_none() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            inner = self.more.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_place_is_counted_and_the_rest_keeps_its_order() {
        let queue = Queue::new(3);
        for n in 0..5 {
            queue.push(n);
        }
        let mut got = VecDeque::new();
        let taken = queue.take(&mut got, 2, Duration::ZERO);
        assert_eq!((got.make_contiguous(), taken.lost, taken.over), (&mut [0, 1][..], 2, false));
        queue.push(5);
        queue.close();
        let taken = queue.take(&mut got, 9, Duration::from_secs(60));
        assert_eq!((got.make_contiguous(), taken.lost, taken.over), (&mut [0, 1, 2, 5][..], 0, true));
    }
}
