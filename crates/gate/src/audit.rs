//! What happened, for the log, the live view and the auditor.

mod what;

pub use what::{By, Change, What};

use crate::Protocol;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// Counts every event from 1, also those that were lost: a hole is as wide as its [`What::Lost`].
    pub seq: u64,
    /// When.
    pub at: SystemTime,
    /// Which session, from 1; refused knocks have a number too. 0 for what no session did, as [`What::Lost`].
    pub session: u64,
    /// The protocol; `None` for what no session did.
    pub protocol: Option<Protocol>,
    /// The peer; `None` for what no session did.
    pub peer: Option<SocketAddr>,
    /// The user: `None` for TFTP and for what no session did, `anonymous`, or a name (of a refused knock: unchecked).
    pub user: Option<String>,
    /// What.
    pub what: What,
}

/// Whose event.
#[derive(Clone, Debug)]
pub(crate) struct From {
    pub(crate) session: u64,
    pub(crate) protocol: Protocol,
    pub(crate) peer: SocketAddr,
    pub(crate) user: Option<String>,
}

/// The writing end. Never blocks longer than a push takes.
pub(crate) struct Queue {
    shared: Arc<Shared>,
    short: Short,
}

/// How often it is told that something has run out: whoever has none left refuses a thousand times a second.
const TELL: Duration = Duration::from_secs(60);

/// What has run out.
struct Short {
    limit: Option<u64>,
    // Guards when it was told last and what was refused since; held for a look.
    since: Mutex<(Option<Instant>, u64)>,
}

impl Short {
    /// Counts one; how many there were, when they are to be told.
    fn one(&self, now: Instant) -> Option<u64> {
        let mut since = self.since.lock().unwrap_or_else(|e| e.into_inner());
        since.1 += 1;
        let due = since.0.is_none_or(|told| now.saturating_duration_since(told) >= TELL);
        due.then(|| {
            since.0 = Some(now);
            std::mem::take(&mut since.1)
        })
    }
}

struct Shared {
    capacity: usize,
    // Guards the waiting events; held for a push or a pop.
    waiting: Mutex<Waiting>,
    more: Condvar,
}

struct Waiting {
    events: VecDeque<Event>,
    seq: u64,
    closed: bool,
    reader: Reader,
}

/// What the reader does: waking it costs a system call, so it is woken once, and only where it waits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// Something else; it will look by itself.
    Busy,
    /// Waits for the first event.
    Waits,
    /// Lets events gather, until there are so many that the queue is half full.
    Gathers,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// So many events are not left to gather any longer.
    fn many(&self) -> usize {
        self.capacity.div_ceil(2)
    }

    /// Waits as this kind of reader until it is woken, or until then.
    fn wait<'a>(
        &self,
        mut waiting: MutexGuard<'a, Waiting>,
        reader: Reader,
        until: Option<Instant>,
    ) -> MutexGuard<'a, Waiting> {
        waiting.reader = reader;
        let mut waiting = match until {
            None => self.more.wait(waiting).unwrap_or_else(|e| e.into_inner()),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                self.more.wait_timeout(waiting, left).unwrap_or_else(|e| e.into_inner()).0
            }
        };
        waiting.reader = Reader::Busy;
        waiting
    }
}

/// The reading end, for one reader. Events come in the order of their `seq`.
pub struct Events(Arc<Shared>);

/// `limit`: how many file descriptors there may be, for those who are told that there are none left.
pub(crate) fn queue(capacity: usize, limit: Option<u64>) -> (Arc<Queue>, Events) {
    let shared = Arc::new(Shared {
        capacity: capacity.max(1),
        waiting: Mutex::new(Waiting { events: VecDeque::new(), seq: 0, closed: false, reader: Reader::Busy }),
        more: Condvar::new(),
    });
    let short = Short { limit, since: Mutex::default() };
    (Arc::new(Queue { shared: shared.clone(), short }), Events(shared))
}

impl Queue {
    /// Tells what a session did.
    pub(crate) fn push(&self, from: &From, what: What) {
        let short = what.is_short_of();
        self.add(Some(from), what);
        if let Some(what) = short {
            self.short_of(what);
        }
    }

    /// Something was refused or put off because there is none left of that.
    pub(crate) fn short_of(&self, what: &'static str) {
        if let Some(count) = self.short.one(Instant::now()) {
            self.push_own(What::Exhausted { what, limit: self.short.limit, count });
        }
    }

    /// Tells what no session did.
    pub(crate) fn push_own(&self, what: What) {
        self.add(None, what);
    }

    /// How many events wait.
    pub(crate) fn waiting(&self) -> usize {
        self.shared.lock().events.len()
    }

    fn add(&self, from: Option<&From>, what: What) {
        let at = SystemTime::now();
        let mut waiting = self.shared.lock();
        waiting.seq += 1;
        let seq = waiting.seq;
        if waiting.events.len() < self.shared.capacity {
            waiting.events.push_back(Event {
                seq,
                at,
                session: from.map_or(0, |f| f.session),
                protocol: from.map(|f| f.protocol),
                peer: from.map(|f| f.peer),
                user: from.and_then(|f| f.user.clone()),
                what,
            });
        } else if let Some(Event { what: What::Lost(n), .. }) = waiting.events.back_mut() {
            *n += 1;
        } else {
            // One place more than the capacity, for this.
            let (protocol, peer, user) = (None, None, None);
            waiting.events.push_back(Event {
                seq,
                at,
                session: 0,
                protocol,
                peer,
                user,
                what: What::Lost(1),
            });
        }
        let wakes = match waiting.reader {
            Reader::Busy => false,
            Reader::Waits => true,
            Reader::Gathers => waiting.events.len() >= self.shared.many(),
        };
        if wakes {
            waiting.reader = Reader::Busy;
        }
        drop(waiting);
        if wakes {
            self.shared.more.notify_one();
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.more.notify_all();
    }
}

impl Events {
    /// The next event; waits for it. `None`: the gate and all its sessions are gone.
    pub fn recv(&self) -> Option<Event> {
        self.next_until(None)
    }

    /// The next event, if it comes within `patience`.
    pub fn recv_timeout(&self, patience: Duration) -> Option<Event> {
        self.next_until(Some(Instant::now() + patience))
    }

    fn next_until(&self, until: Option<Instant>) -> Option<Event> {
        let mut waiting = self.0.lock();
        loop {
            if let Some(event) = waiting.events.pop_front() {
                return Some(event);
            }
            if waiting.closed || until.is_some_and(|until| until <= Instant::now()) {
                return None;
            }
            waiting = self.0.wait(waiting, Reader::Waits, until);
        }
    }

    /// Moves all events that wait into `into`, which is empty; waits at most `patience` for the first.
    ///
    /// Before it looks it lets events gather for `gather`, unless the queue fills up: then many transfers a
    /// second wake the reader some times a second and not for each of their events.
    pub fn recv_many(&self, into: &mut VecDeque<Event>, gather: Duration, patience: Duration) {
        let until = Instant::now() + gather;
        let mut waiting = self.0.lock();
        while !waiting.closed && waiting.events.len() < self.0.many() && until > Instant::now() {
            waiting = self.0.wait(waiting, Reader::Gathers, Some(until));
        }
        let until = Instant::now() + patience;
        while !waiting.closed && waiting.events.is_empty() && until > Instant::now() {
            waiting = self.0.wait(waiting, Reader::Waits, Some(until));
        }
        // The two change places, so that neither grows anew each time.
        std::mem::swap(&mut waiting.events, into);
    }

    /// The next event, if one waits.
    pub fn try_recv(&self) -> Option<Event> {
        self.0.lock().events.pop_front()
    }

    /// Whether the gate and all its sessions are gone and every event was taken.
    pub fn is_over(&self) -> bool {
        let waiting = self.0.lock();
        waiting.closed && waiting.events.is_empty()
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.recv()
    }
}
