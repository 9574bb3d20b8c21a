//! Deadlines of all transfers behind one descriptor.
//!
//! A time-out given to every epoll_wait costs the kernel a timer each time; a timerfd is only set when the
//! earliest deadline is earlier than the one it is set to. A deadline that moves on stays where it was and is
//! put off when it fires: a transfer that gets on touches no timer.

use super::slots::Key;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant as Wall;

/// The engine's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Wall);

impl Clock {
    pub(super) fn start() -> Clock {
        Clock(Wall::now())
    }

    /// The same moment as the rest of the program tells it.
    pub(super) fn wall(self, at: clock::Instant) -> Wall {
        self.0 + std::time::Duration::from_nanos(at.as_nanos())
    }

    pub(super) fn now(self) -> clock::Instant {
        clock::Instant::from_nanos(u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(clock::Instant, Key)>>,
    fd: OwnedFd,
    /// What the descriptor is set to.
    set: Option<clock::Instant>,
    /// Whether it fired and is readable until it is set anew, which takes no read besides.
    fired: bool,
}

impl AsFd for Timers {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Timers {
    pub(super) fn new() -> io::Result<Timers> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Timers { heap: BinaryHeap::new(), fd, set: None, fired: false })
    }

    pub(super) fn push(&mut self, at: clock::Instant, key: Key) {
        self.heap.push(Reverse((at, key)));
    }

    /// A deadline that is over.
    pub(super) fn pop(&mut self, now: clock::Instant) -> Option<(clock::Instant, Key)> {
        let due = self.heap.peek().is_some_and(|Reverse((at, _))| *at <= now);
        if due { self.heap.pop().map(|Reverse(entry)| entry) } else { None }
    }

    /// Sees to it that the descriptor is readable when the earliest deadline is over. Before every wait.
    /// `holds` tells whether a transfer still has that deadline.
    pub(super) fn arm(&mut self, clock: Clock, mut holds: impl FnMut(clock::Instant, Key) -> bool) {
        let at = loop {
            let Some(&Reverse((at, key))) = self.heap.peek() else { break None };
            if self.set.is_some_and(|set| set <= at) {
                return;
            }
            // Small files are over long before their deadlines: those must not wake anybody.
            if holds(at, key) {
                break Some(at);
            }
            self.heap.pop();
        };
        // Zero switches it off.
        let left = match at {
            Some(at) => at.since(clock.now()).max(clock::Duration::from_nanos(1)),
            None if self.fired => clock::Duration::ZERO,
            None => return,
        };
        let it_value = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        let value = Itimerspec { it_interval, it_value };
        timerfd_settime(&self.fd, TimerfdTimerFlags::empty(), &value).expect("a timer of ours takes a time");
        (self.set, self.fired) = (at, false);
    }

    /// The descriptor was readable.
    pub(super) fn fired(&mut self) {
        (self.set, self.fired) = (None, true);
    }
}
