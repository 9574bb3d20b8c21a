//! History: a thread that writes events into the database, a batch in one transaction.

use super::fact::Fact;
use super::queue::Queue;
use super::{Tell, WAITING};
use crate::events::{self, protocol_word};
use crate::ladder::printable;
use db::{Fault, Opened, Row, Writer};
use gate::audit::{Event, What};
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Its name in events.
const NAME: &str = "history";
/// Rows of one transaction: a long one keeps others out.
const BATCH: usize = 2_000;
/// How long events gather, so that few of them do not cost a transaction each.
const GATHER: Duration = Duration::from_millis(100);
/// How long the database is waited for; then events wait in the queue.
const PATIENCE: Duration = Duration::from_secs(1);
/// The wait before what failed is tried again: twice as long each time, up to the second.
const AGAIN: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));
/// How often what is lost is told.
const TELL: Duration = Duration::from_secs(10);
/// How often old events are forgotten.
const FORGET: Duration = Duration::from_secs(3_600);
/// A clock that moved by more than this against the one that nobody sets was set: nothing is forgotten by it today.
const SET: Duration = Duration::from_secs(3_600);
/// How long the last events may take at the end.
const GRACE: Duration = Duration::from_secs(5);

/// Writes one event of no session and no server into a history, beside the server's own writer.
pub fn keep(path: &Path, what: What) -> Result<(), Fault> {
    let at = SystemTime::now();
    let event = Event { seq: 0, at, session: 0, protocol: None, peer: None, user: None, what };
    let (mut writer, _) = Writer::open(path, PATIENCE, millis(at))?;
    writer.add(&[row(&event)])?;
    writer.close()
}

/// The thread and its queue. Dropped it writes what waits, for some seconds.
pub(super) struct History {
    queue: Arc<Queue<Arc<Event>>>,
    thread: Option<JoinHandle<()>>,
}

impl History {
    /// Begins; a database that cannot be opened is tried again and again, and told.
    pub(super) fn start(path: PathBuf, keep: Duration, tell: Tell) -> io::Result<History> {
        let queue = Arc::new(Queue::new(WAITING));
        let work = Work {
            path,
            keep,
            tell,
            queue: queue.clone(),
            writer: None,
            rows: VecDeque::new(),
            again: (Instant::now(), AGAIN.0),
            trouble: None,
            lost: 0,
            told: None,
            clock: Clock::now(),
            forgotten: None,
        };
        let thread = std::thread::Builder::new().name("history".into()).spawn(move || work.run())?;
        Ok(History { queue, thread: Some(thread) })
    }

    pub(super) fn see(&self, event: &Arc<Event>) {
        self.queue.push(event.clone());
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

struct Work {
    path: PathBuf,
    keep: Duration,
    tell: Tell,
    queue: Arc<Queue<Arc<Event>>>,
    writer: Option<Writer>,
    /// What is to be written next.
    rows: VecDeque<Row>,
    /// When what failed is tried again, and how long the wait after that is.
    again: (Instant, Duration),
    /// What is wrong, since it was told.
    trouble: Option<String>,
    /// Events that the queue had no room for and that nobody was told of.
    lost: u64,
    told: Option<Instant>,
    clock: Clock,
    forgotten: Option<Instant>,
}

impl Work {
    fn run(mut self) {
        let mut events = VecDeque::new();
        let mut ends: Option<Instant> = None;
        loop {
            // What could not be written stays; the queue holds the rest.
            let room = BATCH.saturating_sub(self.rows.len());
            let wait = if self.rows.is_empty() { Duration::from_secs(1) } else { GATHER };
            let taken = self.queue.take(&mut events, room, if room == 0 { Duration::ZERO } else { wait });
            self.lost += taken.lost;
            self.rows.extend(events.drain(..).map(|event| row(&event)));
            if let (None, Some(closed)) = (ends, self.queue.closed()) {
                ends = Some(closed + GRACE);
                self.again.0 = Instant::now();
            }
            let full = self.rows.len() >= BATCH;
            if !full && ends.is_none() && self.trouble.is_none() {
                std::thread::sleep(GATHER);
                let taken = self.queue.take(&mut events, BATCH - self.rows.len(), Duration::ZERO);
                self.lost += taken.lost;
                self.rows.extend(events.drain(..).map(|event| row(&event)));
            }
            if self.again.0 > Instant::now() {
                std::thread::sleep(GATHER);
            } else {
                self.work();
            }
            self.tell_lost();
            let rest = (self.rows.len() + self.queue.len()) as u64;
            if ends.is_some_and(|by| rest == 0 || by <= Instant::now()) {
                self.lost += rest;
                break;
            }
        }
        if self.lost > 0 {
            let why = String::from("the server ended before their turn");
            (self.tell)(What::SinkLost { sink: NAME.into(), count: self.lost, why });
        }
        if let Some(writer) = self.writer.take() {
            // Its log stays beside it where this fails, and the next one finds it there.
            let _left = writer.close();
        }
    }

    /// Writes what there is, and forgets what is old.
    fn work(&mut self) {
        match self.write() {
            Ok(()) => {
                self.again.1 = AGAIN.0;
                if self.trouble.take().is_some() {
                    self.say(String::from("it takes events again"));
                }
            }
            Err(fault) => self.fail(&fault),
        }
    }

    fn write(&mut self) -> Result<(), Fault> {
        if self.writer.is_none() {
            let (writer, opened) = Writer::open(&self.path, PATIENCE, millis(SystemTime::now()))?;
            self.writer = Some(writer);
            match opened {
                Opened::There | Opened::New => {}
                Opened::PutAside { to, why } => {
                    let to = to.display();
                    self.say(format!("it was damaged ({why}) and is now {to}; a new one begins"));
                }
            }
        }
        let Some(writer) = &mut self.writer else { return Ok(()) };
        if !self.rows.is_empty() {
            writer.add(self.rows.make_contiguous())?;
            self.rows.clear();
        }
        if self.forgotten.is_none_or(|at| at.elapsed() >= FORGET) && self.clock.is_steady() {
            let before = millis(SystemTime::now()) - i64::try_from(self.keep.as_millis()).unwrap_or(i64::MAX);
            // Some thousand at a time: those who write come between. Nothing old left: the next hour.
            if writer.forget(before)? == 0 {
                self.forgotten = Some(Instant::now());
            }
        }
        Ok(())
    }

    fn fail(&mut self, fault: &Fault) {
        match fault {
            // Somebody writes; the writer is as good as before.
            Fault::Locked => {}
            Fault::Gone(_) => {
                self.writer = None;
                self.say(format!("{fault}; a new one begins"));
                self.again.0 = Instant::now();
                return;
            }
            Fault::Damaged(_) | Fault::Empty | Fault::Foreign | Fault::Newer { .. } | Fault::Unusable(_) => {
                self.writer = None
            }
        }
        let wait = self.again.1;
        self.again = (Instant::now() + wait, (wait * 2).min(AGAIN.1));
        let text = fault.to_string();
        if self.trouble.as_ref() != Some(&text) {
            self.say(format!("{}: {text}; events wait, up to {WAITING}", self.path.display()));
            self.trouble = Some(text);
        }
    }

    fn say(&self, why: String) {
        (self.tell)(What::SinkLost { sink: NAME.into(), count: 0, why });
    }

    fn tell_lost(&mut self) {
        if self.lost == 0 || self.told.is_some_and(|at| at.elapsed() < TELL) {
            return;
        }
        let why = self.trouble.clone().unwrap_or_else(|| String::from("too many at once"));
        (self.tell)(What::SinkLost { sink: NAME.into(), count: self.lost, why });
        self.lost = 0;
        self.told = Some(Instant::now());
    }
}

/// Whether the clock goes as the one does that nobody sets.
struct Clock {
    wall: SystemTime,
    steady: Instant,
}

impl Clock {
    fn now() -> Clock {
        Clock { wall: SystemTime::now(), steady: Instant::now() }
    }

    /// `false` for a day after the clock was set: nothing is forgotten by a time that is perhaps wrong.
    fn is_steady(&mut self) -> bool {
        let (wall, steady) = (SystemTime::now(), self.steady.elapsed());
        let expected = self.wall + steady;
        let off = wall.duration_since(expected).unwrap_or_else(|e| e.duration());
        if off < SET {
            return true;
        }
        if steady >= Duration::from_secs(86_400) {
            *self = Clock::now();
        }
        false
    }
}

/// Milliseconds since 1970.
pub(super) fn millis(at: SystemTime) -> i64 {
    match at.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    }
}

fn row(event: &Event) -> Row {
    let fact = Fact::of(&event.what);
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Row {
        at: millis(event.at),
        seq: number(event.seq),
        event: fact.name,
        session: (event.session > 0).then(|| number(event.session)),
        transfer: fact.transfer.map(number),
        protocol: event.protocol.map(protocol_word),
        peer: event.peer.map(|p| p.ip().to_canonical().to_string()),
        user: event.user.clone(),
        path: fact.path.map(printable),
        verdict: fact.verdict,
        json: events::line(event.seq, event.at, &events::told(event)),
    }
}
