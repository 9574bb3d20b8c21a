//! What happened, for the log, the live view and the auditor.

use crate::{Agreed, Digest, Direction, End, Notice, Progress, Protocol, Refusal, Security, Verb, Verdict};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};
use store::{Identity, VPath};

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

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    /// A peer was let in.
    Admitted,
    /// A user logged in, or anonymous: the door knows who the peer is. Not of TFTP.
    LoggedIn {
        /// Of a login by key: which, `SHA256:…`, and who vouches for it; or the certificate that was shown under TLS.
        key: Option<String>,
        /// How its channel was protected.
        security: Security,
        /// What that is made of, where it is known.
        agreed: Option<Arc<Agreed>>,
    },
    /// A peer was not let in.
    RefusedKnock {
        /// Why.
        why: Refusal,
    },
    /// What came up about a user at the login, beside its outcome.
    Identity(Notice),
    /// The last of a session is gone.
    Left,
    /// A verb was refused.
    Refused {
        /// Which verb.
        verb: Verb,
        /// On what.
        path: VPath,
        /// Why.
        why: Refusal,
    },
    /// A verb was refused because the name stands for nothing: it is malformed, means several files, or
    /// a rule refuses it.
    RefusedName {
        /// Which verb.
        verb: Verb,
        /// The name as it came.
        name: Vec<u8>,
        /// Why.
        why: Refusal,
    },
    /// A transfer began.
    Started {
        /// Counts transfers from 1.
        transfer: u64,
        /// The file.
        path: VPath,
        /// Which way.
        dir: Direction,
        /// Octets, where known: of a download the file's, of an upload what the peer announced.
        len: Option<u64>,
        /// How far it is, whenever somebody looks.
        progress: Progress,
    },
    /// A transfer ended: exactly one for each [`What::Started`].
    Ended {
        /// The number of its start.
        transfer: u64,
        /// The file.
        path: VPath,
        /// Which way.
        dir: Direction,
        /// Octets that were to be moved, where that was known.
        total: Option<u64>,
        /// How long it ran, by a clock that nobody sets.
        took: Duration,
        /// What the driver saw.
        end: End,
        /// What that means.
        verdict: Verdict,
        /// Of a download: the digests of the file that were known already.
        digests: Vec<Digest>,
        /// Of an upload that is there now: the content's identity, for a digest of it.
        stored: Option<Box<Identity>>,
        /// Where the content went that an upload wrote over, where it was kept.
        kept: Option<VPath>,
    },
    /// The digests of what an upload brought are known, some time after its end.
    Digested {
        /// The transfer.
        transfer: u64,
        /// The file.
        path: VPath,
        /// Its octets.
        octets: u64,
        /// The digests.
        digests: Vec<Digest>,
    },
    /// A file was removed.
    Removed {
        /// Which.
        path: VPath,
    },
    /// A file or directory was renamed.
    Renamed {
        /// Its old name.
        from: VPath,
        /// Its new name.
        to: VPath,
    },
    /// A directory was made.
    MadeDir {
        /// Which.
        path: VPath,
    },
    /// A directory was removed.
    RemovedDir {
        /// Which.
        path: VPath,
    },
    /// A file's time was set.
    SetModified {
        /// Which.
        path: VPath,
    },
    /// A file's permission bits were set.
    SetMode {
        /// Which.
        path: VPath,
        /// The bits, as asked for.
        mode: u32,
    },
    /// A file got a second name.
    Linked {
        /// The name that it had.
        path: VPath,
        /// The new one.
        to: VPath,
    },
    /// A symbolic link was made.
    Symlinked {
        /// The link.
        path: VPath,
        /// What it names.
        to: VPath,
    },
    /// A directory was listed, to its end or until the peer broke off.
    Listed {
        /// Which.
        path: VPath,
        /// Names that were told.
        names: u64,
    },
    /// A grant was used.
    GrantUsed {
        /// Which, as its maker was told.
        grant: String,
        /// On what.
        path: VPath,
        /// Uses that are left; `None`: as many as one likes.
        left: Option<u64>,
    },
    /// Peers of a network are not let in from now on.
    Banned {
        /// Which: an address or a network.
        net: String,
        /// Until then; `None`: until it is taken back.
        until: Option<SystemTime>,
        /// Why, in words.
        why: String,
        /// Who said so.
        by: By,
    },
    /// A ban is taken back, or over.
    Unbanned {
        /// Which.
        net: String,
        /// Who said so.
        by: By,
    },
    /// The session is ended from outside.
    Kicked {
        /// Who said so.
        by: By,
    },
    /// The server has another configuration from now on, or was to have one and refused it.
    Configured {
        /// What, in words; of one that was refused its first fault, with file and line.
        what: String,
        /// Whether it is so from now on.
        is_taken: bool,
        /// Who said so.
        by: By,
    },
    /// So many events found the queue full.
    Lost(u64),
    /// The host has none left of what sessions and transfers need. At most one a minute.
    Exhausted {
        /// Of what: `file descriptors`.
        what: &'static str,
        /// How many of them this process may have, where that is known.
        limit: Option<u64>,
        /// How much was refused or put off for that since the last one.
        count: u64,
    },
    /// One of those that are told of events cannot take them, or can again.
    SinkLost {
        /// Which: `history`, `syslog`, a hook's name.
        sink: String,
        /// How many events it will never have; 0: none yet, they wait.
        count: u64,
        /// Why, in words.
        why: String,
    },
    /// An old version of a file was brought back by an operator.
    Restored {
        /// The file.
        path: VPath,
        /// The time that the version has for a name.
        version: String,
        /// Its octets.
        octets: u64,
        /// Who did it.
        by: By,
    },
    /// The server itself began, takes nothing new any more, or has come to its end.
    Server {
        /// Which.
        change: Change,
        /// More of it, in words.
        text: String,
    },
    /// A hook could not be run, or failed each time, and is not tried again for these events.
    HookFailed {
        /// Which, by its place in the configuration: `hook 1`.
        hook: String,
        /// The `seq` of the last event that it failed for.
        of: u64,
        /// For how many events it failed since that was last told.
        count: u64,
        /// Why the last time, in words.
        why: String,
    },
}

/// What a server comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// It serves from now on.
    Started,
    /// It leaves the sockets to a successor; what runs goes on.
    Retiring,
    /// It takes nothing new; what runs goes on.
    Draining,
    /// It ends.
    Stopped,
}

impl Change {
    /// Every word that [`Change::word`] gives.
    pub const WORDS: &'static [&'static str] = &["started", "retiring", "draining", "stopped"];

    /// As one word.
    pub fn word(self) -> &'static str {
        match self {
            Change::Started => Change::WORDS[0],
            Change::Retiring => Change::WORDS[1],
            Change::Draining => Change::WORDS[2],
            Change::Stopped => Change::WORDS[3],
        }
    }
}

/// Who did something that no peer did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum By {
    /// Who asks through the control socket, or sends a signal: a user of this host by number, where it is known.
    Operator(Option<u32>),
    /// The server, by a rule of its own.
    Itself,
}

impl std::fmt::Display for By {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            By::Operator(Some(uid)) => write!(f, "uid {uid}"),
            By::Operator(None) => f.write_str("operator"),
            By::Itself => f.write_str("itself"),
        }
    }
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

impl What {
    /// Of what there is none left, where something is refused for that.
    fn is_short_of(&self) -> Option<&'static str> {
        match self {
            What::Refused { why, .. } | What::RefusedKnock { why } | What::RefusedName { why, .. } => {
                if let Refusal::Exhausted(what) = why {
                    Some(what)
                } else {
                    None
                }
            }
            What::Admitted
            | What::LoggedIn { .. }
            | What::Identity(_)
            | What::Left
            | What::Started { .. }
            | What::Ended { .. }
            | What::Digested { .. }
            | What::Removed { .. }
            | What::Renamed { .. }
            | What::MadeDir { .. }
            | What::RemovedDir { .. }
            | What::SetModified { .. }
            | What::SetMode { .. }
            | What::Linked { .. }
            | What::Symlinked { .. }
            | What::Listed { .. }
            | What::GrantUsed { .. }
            | What::Banned { .. }
            | What::Unbanned { .. }
            | What::Kicked { .. }
            | What::Configured { .. }
            | What::Exhausted { .. }
            | What::HookFailed { .. }
            | What::Restored { .. }
            | What::Server { .. }
            | What::Lost(_)
            | What::SinkLost { .. } => None,
        }
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
