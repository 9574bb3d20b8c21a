//! A mirror over several sessions: what the walk gives out is done by a thread for each, and told here.
//!
//! The first session is the one that is there; another one is made when more waits than those that are there have at
//! hand, and where the server lets no more in there are fewer.

mod doing;

use super::Session;
use crate::mirror::{Done, Entry, Mirrored, Walk, Watcher, Way, What, Wish, Work, WorkId, begin};
use crate::{ClientError, Options, Remote, Type, unsupported};
use doing::Doer;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Sessions, at most, whatever is wanted: many servers let fewer in from one address.
const SESSIONS: usize = 32;
/// What waits for the sessions: enough that none is ever without work, little enough that it can be called off.
const AT_HAND: usize = 128;
/// Another session is worth its login when so much waits.
const WORTH_ONE: usize = 8;
/// What was done is told by so many together, or when nothing more waits.
const TOGETHER: usize = 32;
/// How often somebody who looks on hears of octets of a file that is not over.
const TICK: Duration = Duration::from_millis(100);

/// What is to be done, for whoever is free.
struct Desk {
    // Guards what waits, what is told, and whether more comes; held to put in or take out.
    waiting: Mutex<Waiting>,
    /// There is something.
    some: Condvar,
    /// There is enough for another session.
    much: Condvar,
    /// There is enough that was told, or nothing that waits.
    told: Condvar,
    /// Octets that moved.
    moved: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    work: VecDeque<Work>,
    told: Vec<Told>,
    is_over: bool,
}

/// What a session tells.
enum Told {
    /// There is another one.
    Here,
    Found(WorkId, Vec<Entry>),
    Done(WorkId, Result<Done, ClientError>),
    /// It is gone; what it did last was told.
    Gone(ClientError),
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next thing, when there are so many. `None`: nothing more comes.
    fn take(&self, least: usize, signal: &Condvar) -> Option<Work> {
        Desk::next(self.lock(), least, signal)
    }

    fn next(mut waiting: MutexGuard<'_, Waiting>, least: usize, signal: &Condvar) -> Option<Work> {
        loop {
            if waiting.is_over {
                return None;
            }
            if waiting.work.len() >= least {
                return waiting.work.pop_front();
            }
            waiting = signal.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Something is to be done.
    fn put(&self, work: Work) {
        let mut waiting = self.lock();
        if waiting.is_over {
            waiting.told.push(Told::Done(work.id, Err(ClientError::Cancelled)));
            self.told.notify_one();
            return;
        }
        waiting.work.push_back(work);
        if waiting.work.len() >= WORTH_ONE {
            self.much.notify_one();
        }
        self.some.notify_one();
    }

    fn tell(&self, told: Told) {
        self.said(&mut self.lock(), told);
    }

    fn said(&self, waiting: &mut Waiting, told: Told) {
        waiting.told.push(told);
        if waiting.is_worth_hearing() {
            self.told.notify_one();
        }
    }

    /// Something is done; the next thing.
    fn done(&self, id: WorkId, result: Result<Done, ClientError>) -> Option<Work> {
        let mut waiting = self.lock();
        self.said(&mut waiting, Told::Done(id, result));
        Desk::next(waiting, 1, &self.some)
    }

    /// What was told; nothing after a while.
    fn hear(&self) -> Vec<Told> {
        let waiting = self.lock();
        let is_little = |waiting: &mut Waiting| !waiting.is_worth_hearing();
        let heard = self.told.wait_timeout_while(waiting, TICK, is_little);
        let (mut waiting, _) = heard.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut waiting.told)
    }

    /// Nothing more is to be done. Gives how much was not.
    fn close(&self) -> usize {
        let mut waiting = self.lock();
        waiting.is_over = true;
        self.some.notify_all();
        self.much.notify_all();
        std::mem::take(&mut waiting.work).len()
    }
}

impl Waiting {
    fn is_worth_hearing(&self) -> bool {
        self.told.len() >= TOGETHER || (self.work.is_empty() && !self.told.is_empty())
    }
}

impl Session {
    /// Makes one tree like another, by as many sessions as are wanted, and let in.
    ///
    /// # Errors
    /// Before anything was done: the source is not there, or the server cannot do it. What comes later is in
    /// [`Mirrored::ended`].
    pub fn mirror(&mut self, wish: &Wish<'_>, watcher: &mut dyn Watcher) -> Result<Mirrored, ClientError> {
        // Lengths are compared, and octets.
        self.remote.kind = Type::Image;
        let there = match (self.stat(wish.remote), wish.way) {
            (Ok(attrs), _) if attrs.mode.is_some_and(|mode| What::of_mode(mode) != What::Directory) => {
                return Err(ClientError::NotDirectory);
            }
            (Ok(attrs), _) => Some(attrs),
            (Err(ClientError::Absent { .. }), Way::Up) => None,
            (Err(why), _) => return Err(why),
        };
        if wish.rules.checksum && self.best_digest()?.is_none() {
            return Err(unsupported(
                "the server makes no digests (HASH, XSHA256, XMD5): leave out --checksum",
            ));
        }
        let newer_is_same = wish.way == Way::Up && !self.announces_times()?;
        let mut rules = wish.rules.clone();
        rules.newer_is_same = newer_is_same;
        let there = there.map(|attrs| attrs.times.map(|times| i64::from(times.modified)));
        let (walk, _) = begin(wish, rules, wish.way == Way::Up && wish.in_place, there)?;
        self.set_ahead(true);
        let (remote, options) = (self.remote.clone(), self.options.clone());
        let desk = Desk {
            waiting: Mutex::default(),
            some: Condvar::new(),
            much: Condvar::new(),
            told: Condvar::new(),
            moved: AtomicU64::new(0),
        };
        let desk = &desk;
        let mirrored = std::thread::scope(|scope| {
            for _ in 1..wish.parallel.clamp(1, SESSIONS) {
                let (remote, options) = (&remote, &options);
                scope.spawn(move || another(remote, options, wish, desk));
            }
            let first = &mut *self;
            scope.spawn(move || work(first, wish, desk, None));
            let steering = Steering { walk, watcher, desk, open: 0, sessions: 1, seen: 0, ended: None };
            let mirrored = steering.run();
            desk.close();
            mirrored
        });
        self.set_ahead(false);
        Ok(mirrored)
    }
}

/// Another session, when there is enough for it.
fn another(remote: &Remote, options: &Options, wish: &Wish<'_>, desk: &Desk) {
    let Some(first) = desk.take(WORTH_ONE, &desk.much) else { return };
    let mut options = Options { on_busy: None, ..options.clone() };
    // Where it is busy there are fewer.
    options.ftp.busy = Duration::ZERO;
    match Session::open_with(remote, &options, true) {
        Ok(mut session) => {
            desk.tell(Told::Here);
            work(&mut session, wish, desk, Some(first));
        }
        // The others do it.
        Err(_) => desk.put(first),
    }
}

/// Does what there is until nothing more comes, or the server is gone.
fn work(session: &mut Session, wish: &Wish<'_>, desk: &Desk, first: Option<Work>) {
    let mut doer = match Doer::new(session, wish, &desk.moved) {
        Ok(doer) => doer,
        Err(e) => {
            if let Some(first) = first {
                desk.put(first);
            }
            desk.tell(Told::Gone(ClientError::Local(e)));
            return;
        }
    };
    let mut next = first.or_else(|| desk.take(1, &desk.some));
    while let Some(Work { id, path, task }) = next {
        let result = doer.does(&path, task, |names| desk.tell(Told::Found(id, names)));
        if let Err(why) = doer.stays() {
            desk.tell(Told::Done(id, result));
            desk.tell(Told::Gone(why));
            return;
        }
        next = desk.done(id, result);
    }
}

/// Who holds the walk.
struct Steering<'a> {
    walk: Walk,
    watcher: &'a mut dyn Watcher,
    desk: &'a Desk,
    /// Given out and not told of.
    open: usize,
    /// That are there.
    sessions: usize,
    /// Octets that were told.
    seen: u64,
    /// Why nothing more is given out.
    ended: Option<ClientError>,
}

impl Steering<'_> {
    fn run(mut self) -> Mirrored {
        loop {
            self.tell();
            while self.ended.is_none() && self.open < AT_HAND {
                let Some(work) = self.walk.next() else { break };
                self.open += 1;
                self.desk.put(work);
                self.tell();
            }
            if self.open == 0 {
                break;
            }
            for told in self.desk.hear() {
                self.hear(told);
            }
            let moved = self.desk.moved.load(Ordering::Relaxed);
            if moved > self.seen {
                self.watcher.moved(moved - self.seen);
                self.seen = moved;
            }
        }
        self.tell();
        let ended = self.ended.take().map_or(Ok(()), Err);
        Mirrored { counts: self.walk.counts(), ended }
    }

    fn tell(&mut self) {
        while let Some(told) = self.walk.poll_told() {
            self.watcher.told(&told);
        }
    }

    fn hear(&mut self, told: Told) {
        match told {
            Told::Here => self.sessions += 1,
            Told::Found(id, names) => self.walk.found(id, names),
            Told::Done(_, Err(ClientError::Cancelled)) => {
                self.open -= 1;
                self.end(ClientError::Cancelled);
            }
            Told::Done(id, result) => {
                self.open -= 1;
                self.walk.done(id, result);
            }
            Told::Gone(why) => {
                self.sessions -= 1;
                if self.sessions == 0 {
                    self.end(why);
                }
            }
        }
    }

    /// Nothing more is done.
    fn end(&mut self, why: ClientError) {
        self.open -= self.desk.close();
        self.ended.get_or_insert(why);
    }
}
