//! The monitor: a process that keeps the listening sockets and the privilege, answers questions and sees to it that
//! a worker serves.
//!
//! One thread and one loop. It parses no octet from the network; from its workers it takes the few messages of
//! `wire`. A reload is a new worker on the same sockets: it is started, judges the configuration, opens everything
//! and gives the rest up; then the old one leaves the sockets, and only then the new one takes them. What fails on
//! the way leaves the old one where it is.
//!
//! - `worker`: a worker's process; `notify`: the service manager; `change`: from one worker to the next; `files`: whose
//!   change is a reload; `terminal`: whose end is no reload.

mod change;
mod files;
mod notify;
mod terminal;
mod worker;

use super::answer::answer;
use super::wire::{Said, ToMonitor, ToWorker, receive, send};
use super::{Answer, Mandate, Question, Refused};
use crate::config::Loaded;
use crate::config::audit::MOST_HOOKS;
use crate::exit::{Exit, Failure};
use change::{Asker, Next};
use files::Watched;
use notify::Notify;
use rustix::event::{PollFd, PollFlags, poll};
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
pub(crate) use terminal::Terminal;
use transport::Channel;
use worker::{Life, Worker};

/// A worker that does not get ready in this time is ended: it reads files, and asks other programs for secrets.
const STARTS: Duration = Duration::from_secs(60);
/// A worker whose loop does not come by in this time is ended. It comes by ten times a second.
const HANGS: Duration = Duration::from_secs(30);
/// How often it is asked.
const ASKS: Duration = Duration::from_secs(2);
/// After it was told to end at once.
const CUTS: Duration = Duration::from_secs(10);
/// Before a worker that died is followed by another: at first, and at most.
const SOON: Duration = Duration::from_millis(100);
const LATE: Duration = Duration::from_secs(30);
/// One that served so long did not die of its start.
const STEADY: Duration = Duration::from_secs(60);
/// Programs and names that are waited for at once; hooks leave half of them to others, such as logins.
const ERRANDS: usize = 32;
const ERRANDS_OF_HOOKS: usize = MOST_HOOKS;

/// What a worker is started with.
pub(crate) struct Prepared {
    /// What its sockets were opened by.
    pub(crate) loaded: Loaded,
    /// The configuration, as it was judged.
    pub(crate) text: String,
    /// The sockets and what they are.
    pub(crate) sockets: Vec<(String, OwnedFd)>,
    /// What it may ask for.
    pub(crate) mandate: Arc<Mandate>,
    /// How long what runs may go on after the end.
    pub(crate) drain: Duration,
    /// Certificates and keys of the owner's.
    pub(crate) certificates: Vec<PathBuf>,
}

/// Reads and judges the configuration; opens the sockets that are not among those of `Prepared`.
pub(crate) type Prepare = Box<dyn FnMut(Option<&Prepared>) -> Result<Prepared, Failure>>;

/// The monitor.
pub(crate) struct House {
    arguments: Vec<OsString>,
    prepare: Prepare,
    notify: Notify,
    prepared: Arc<Prepared>,
    workers: Vec<Worker>,
    next: Option<Next>,
    generation: u32,
    /// Where the next worker's sessions and transfers are counted from.
    numbers: u64,
    /// When another worker is to be started, and how long it was waited for that.
    again: Option<Instant>,
    pause: Duration,
    pings: u64,
    watched: Watched,
    errands: Arc<AtomicUsize>,
    status: String,
    ending: Ending,
    terminal: Terminal,
}

/// Whether it comes to an end.
enum Ending {
    No,
    /// What runs goes on until then.
    Draining(Instant),
    /// What ran was told to end.
    Cut(Instant),
}

/// How a process ended, for people.
fn fate(status: io::Result<std::process::ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status {
        Ok(status) => match (status.signal(), status.code()) {
            (Some(signal), _) => format!("was ended by signal {signal}"),
            (None, code) => format!("ended with code {}", code.unwrap_or(-1)),
        },
        Err(e) => format!("is gone: {e}"),
    }
}

fn say(text: &str) {
    eprintln!("towline: {text}");
}

impl House {
    /// Serves by workers until it is told to end, or the first one cannot serve.
    ///
    /// `arguments` start a worker: those of this process with `--worker`.
    pub(crate) fn run(
        arguments: Vec<OsString>,
        terminal: Terminal,
        mut prepare: Prepare,
    ) -> Result<(), Failure> {
        let signals = Signals::catch().map_err(|e| Failure::new(Exit::Local, "signals", e, ""))?;
        let prepared = Arc::new(prepare(None)?);
        let mut house = House {
            arguments,
            prepare,
            notify: Notify::new(),
            prepared: prepared.clone(),
            workers: Vec::new(),
            next: None,
            generation: 0,
            numbers: 0,
            again: None,
            pause: SOON,
            pings: 0,
            watched: Watched::of(prepared.certificates.clone(), Instant::now()),
            errands: Arc::default(),
            status: String::new(),
            ending: Ending::No,
            terminal,
        };
        house.begin(prepared, Asker::Nobody).map_err(|(failure, _)| failure)?;
        house.rounds(signals)
    }

    fn rounds(&mut self, mut signals: Signals) -> Result<(), Failure> {
        loop {
            if let Some(over) = self.look(Instant::now()) {
                return over;
            }
            let ready = self.wait(&signals).map_err(|e| Failure::new(Exit::Failed, "the monitor", e, ""))?;
            if ready.end {
                for _ in 0..signals.end.taken() {
                    self.end();
                }
            }
            if ready.reload && signals.reload.taken() > 0 {
                if self.terminal.is_gone() {
                    self.end();
                } else {
                    self.reload(Asker::Signal);
                }
            }
            // From behind: a worker that is gone leaves the list.
            for nth in ready.workers.into_iter().rev() {
                if let Some(over) = self.hear(nth) {
                    return over;
                }
            }
        }
    }

    /// Waits until somebody has something, at most as long as a worker may go unasked.
    fn wait(&self, signals: &Signals) -> io::Result<Readable> {
        let soon = if self.again.is_some() || !matches!(self.ending, Ending::No) { SOON } else { ASKS / 4 };
        let mut fds =
            vec![PollFd::new(&signals.end.0, PollFlags::IN), PollFd::new(&signals.reload.0, PollFlags::IN)];
        fds.extend(self.workers.iter().map(|w| PollFd::new(&*w.channel, PollFlags::IN)));
        let timeout = soon.try_into().expect("fits a timespec");
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        let is_ready = |n: usize| !fds[n].revents().is_empty();
        let workers = (0..self.workers.len()).filter(|n| is_ready(n + 2)).collect();
        Ok(Readable { end: is_ready(0), reload: is_ready(1), workers })
    }

    /// What is due: starts, ends, pings. `Some`: it is over.
    fn look(&mut self, now: Instant) -> Option<Result<(), Failure>> {
        if self.again.is_some_and(|at| at <= now) {
            self.again = None;
            let prepared = self.prepared.clone();
            if let Err((failure, _)) = self.begin(prepared, Asker::Nobody) {
                say(&failure.to_string());
                self.another("cannot be started");
            }
        }
        if self.next.is_none() && matches!(self.ending, Ending::No) && self.watched.have_changed(now) {
            self.reload(Asker::Files);
        }
        let (drain, often) = (self.prepared.drain, self.notify.watchdog.map_or(ASKS, |w| (w / 4).min(ASKS)));
        let hangs = self.notify.watchdog.map_or(HANGS, |w| w.min(HANGS));
        for worker in &mut self.workers {
            let lived = now.saturating_duration_since(worker.since);
            match worker.life {
                Life::Starting | Life::Going if lived > STARTS => {
                    say(&format!(
                        "worker {} is not ready after {} s and is ended",
                        worker.pid(),
                        STARTS.as_secs()
                    ));
                    worker.kill();
                }
                Life::Starting | Life::Going | Life::Waiting => {}
                Life::Leaving | Life::Draining if lived > drain + CUTS => worker.kill(),
                Life::Leaving | Life::Draining if lived > drain => worker.tell(&ToWorker::Cut),
                Life::Leaving | Life::Draining => {}
                Life::Serving => match worker.pinged {
                    Some((_, at)) if now.saturating_duration_since(at) > hangs => {
                        say(&format!("worker {} hangs and is ended", worker.pid()));
                        worker.kill();
                        worker.pinged = None;
                    }
                    Some(_) => {}
                    None if worker.asks <= now => {
                        self.pings += 1;
                        worker.pinged = Some((self.pings, now));
                        worker.asks = now + often;
                        worker.tell(&ToWorker::Ping(self.pings));
                    }
                    None => {}
                },
            }
        }
        match self.ending {
            Ending::No => None,
            Ending::Draining(_) | Ending::Cut(_) if self.workers.is_empty() => Some(match self.ending {
                Ending::Cut(_) => {
                    Err(Failure::new(Exit::Interrupted, "serve", "interrupted, transfers were cut", ""))
                }
                Ending::No | Ending::Draining(_) => Ok(()),
            }),
            Ending::Draining(by) if by <= now => {
                self.cut(now);
                None
            }
            Ending::Cut(by) if by <= now => {
                self.workers.iter_mut().for_each(Worker::kill);
                None
            }
            Ending::Draining(_) | Ending::Cut(_) => None,
        }
    }

    /// A signal to end: the first drains, the second cuts.
    fn end(&mut self) {
        let now = Instant::now();
        match self.ending {
            Ending::No => {
                self.ending = Ending::Draining(now + self.prepared.drain);
                self.again = None;
                self.notify.stopping("draining");
                for worker in &mut self.workers {
                    match worker.life {
                        // Nothing runs in it yet.
                        Life::Starting | Life::Waiting => worker.kill(),
                        Life::Going | Life::Serving | Life::Leaving | Life::Draining => {
                            worker.becomes(Life::Draining);
                            worker.tell(&ToWorker::Drain);
                        }
                    }
                }
            }
            Ending::Draining(_) | Ending::Cut(_) => self.cut(now),
        }
    }

    fn cut(&mut self, now: Instant) {
        if !matches!(self.ending, Ending::Cut(_)) {
            self.ending = Ending::Cut(now + CUTS);
        }
        self.workers.iter().for_each(|worker| worker.tell(&ToWorker::Cut));
    }

    /// Takes a message of a worker. `Some`: it is over.
    fn hear(&mut self, nth: usize) -> Option<Result<(), Failure>> {
        let channel = self.workers[nth].channel.clone();
        match receive::<ToMonitor>(&channel) {
            Ok(Some((message, _))) => {
                self.heard(nth, channel, message);
                None
            }
            Ok(None) => self.gone(nth),
            Err(e) => {
                // What it says is no message of ours: it may be anybody's by now.
                say(&format!(
                    "worker {} says what cannot be read ({e}) and is ended",
                    self.workers[nth].pid()
                ));
                self.workers[nth].kill();
                self.gone(nth)
            }
        }
    }

    fn heard(&mut self, nth: usize, channel: Arc<Channel>, message: ToMonitor) {
        match message {
            ToMonitor::Ready => self.ready(nth),
            ToMonitor::Retired { numbers } => self.retired(nth, numbers),
            ToMonitor::Serving { status } => self.serving(nth, status),
            ToMonitor::Failed(fault) => {
                if let Some(next) = self.next_of(self.workers[nth].generation) {
                    next.failure = Some(fault.into());
                }
            }
            ToMonitor::Pong(answered) => {
                let worker = &mut self.workers[nth];
                if worker.pinged.is_some_and(|(asked, _)| asked == answered) {
                    worker.pinged = None;
                    if worker.life == Life::Serving && self.notify.watchdog.is_some() {
                        self.notify.alive();
                    }
                }
            }
            ToMonitor::Ended { exit } => self.workers[nth].exit = Some(exit),
            ToMonitor::Ask(n, Question::Successor) => self.reload(Asker::Worker(channel, n)),
            ToMonitor::Ask(n, Question::Elder { nth: which }) => {
                reply(&channel, n, self.elder(self.workers[nth].generation, which));
            }
            ToMonitor::Ask(n, question @ (Question::Passive { .. } | Question::ConnectFrom { .. })) => {
                reply(&channel, n, answer(&self.workers[nth].mandate, question));
            }
            ToMonitor::Ask(n, question @ (Question::Run(_) | Question::Reach { .. })) => {
                self.errand(self.workers[nth].mandate.clone(), channel, n, question);
            }
        }
    }

    /// Answers what takes its time on a thread of its own.
    fn errand(&self, mandate: Arc<Mandate>, channel: Arc<Channel>, n: u64, question: Question) {
        let most = if question.is_of_hook() { ERRANDS_OF_HOOKS } else { ERRANDS };
        let busy =
            || Answer::Refused(Refused::Failed(format!("{most} programs and places are waited for already")));
        if self.errands.fetch_add(1, Ordering::AcqRel) >= most {
            self.errands.fetch_sub(1, Ordering::AcqRel);
            return reply(&channel, n, busy());
        }
        let (errands, to) = (self.errands.clone(), channel.clone());
        let begun = std::thread::Builder::new().name("errand".into()).spawn(move || {
            reply(&to, n, answer(&mandate, question));
            errands.fetch_sub(1, Ordering::AcqRel);
        });
        if begun.is_err() {
            self.errands.fetch_sub(1, Ordering::AcqRel);
            reply(&channel, n, busy());
        }
    }
}

/// Answers a worker's question; one that is gone needs none.
fn reply(channel: &Channel, n: u64, answer: Answer) {
    let (said, socket) = Said::of(answer);
    let beside: Vec<_> = socket.iter().map(AsFd::as_fd).collect();
    let _gone = send(channel, &ToWorker::Answer(n, said), &beside);
}

/// Who has something.
struct Readable {
    end: bool,
    reload: bool,
    workers: Vec<usize>,
}

/// The signals of a service.
struct Signals {
    end: Pipe,
    reload: Pipe,
}

struct Pipe(UnixStream);

impl Signals {
    fn catch() -> io::Result<Signals> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        Ok(Signals { end: Pipe::of(&[SIGINT, SIGTERM])?, reload: Pipe::of(&[SIGHUP])? })
    }
}

impl Pipe {
    fn of(signals: &[i32]) -> io::Result<Pipe> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        for signal in signals {
            signal_hook::low_level::pipe::register(*signal, write.try_clone()?)?;
        }
        Ok(Pipe(read))
    }

    /// How many came.
    fn taken(&mut self) -> usize {
        let mut octets = [0; 16];
        // Nothing there: none came.
        self.0.read(&mut octets).unwrap_or(0)
    }
}

impl AsFd for Pipe {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}
