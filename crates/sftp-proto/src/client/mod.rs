//! The machine of a client: one channel, many verbs at once.
//!
//! It does not know what carries the octets, does not wait and holds no file: octets of a get pass through as they
//! come ([`Event::Data`]), octets of a put are put behind their head by the driver ([`Transmit::Body`]). Requests of
//! all jobs share one window, so that neither they nor what they ask for grow without bound. Jobs take turns.
//!
//! One of [`Client::handle`], [`Client::start`] and [`Client::abort`], then [`Client::poll_transmit`] and
//! [`Client::poll_event`] until there is nothing, then wait for octets. It has no timers: how long nothing may come
//! is the driver's to say.
//!
//! | file | what |
//! |---|---|
//! | `verb` | what is wanted, and what comes of it |
//! | `abilities` | what the server says that it can do |
//! | `incoming` | the server's octets as packets and pieces of files |
//! | `window` | how many requests are open |
//! | `job` | what a job asks next and waits for |
//! | `get`, `put`, `pieces`, `list`, `single` | the jobs |

mod abilities;
mod get;
mod incoming;
mod job;
mod list;
mod pieces;
mod put;
mod single;
#[cfg(test)]
mod tests;
mod verb;
mod window;

pub use abilities::Abilities;
pub use verb::{Begin, Event, Facts, Failure, Fault, Found, JobId, Making, Outcome, Step, Transmit, Verb};

use crate::extension::Extended;
use crate::figures::Limits;
use crate::reply::{Answer, Reply};
use crate::request::{Ask, Request, write_head};
use crate::{VERSION, wire::Malformed};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use bytes::Bytes;
use incoming::{Incoming, Piece};
use job::{Awaited, Job, Next, Telling};
use window::Window;

/// The extension that is asked before anything else.
const LIMITS: &str = "limits@openssh.com";
/// Requests are gathered up to so many octets before they are sent.
const BATCH: usize = 32 << 10;

/// How far the channel is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// INIT is to be sent.
    Begin,
    /// VERSION is to come.
    Greeting,
    /// The answer to this request is to come, which asked for limits; it may not have been sent.
    Measuring {
        id: u32,
        sent: bool,
    },
    Ready,
    Over(Fault),
}

/// An open request.
#[derive(Clone, Copy, Debug)]
struct Open {
    job: JobId,
    awaited: Awaited,
}

#[derive(Debug)]
struct Entry {
    job: Job,
    /// Whether it is among those that take turns.
    is_in_turn: bool,
}

/// A DATA whose octets are coming.
#[derive(Clone, Copy, Debug)]
struct Reading {
    job: JobId,
    /// Of the READ.
    offset: u64,
    asked: u32,
    /// Octets that have come.
    found: u32,
}

/// A client of one channel.
#[derive(Debug)]
pub struct Client {
    state: State,
    abilities: Abilities,
    incoming: Incoming,
    reading: Option<Reading>,
    window: Window,
    open: BTreeMap<u32, Open>,
    next_id: u32,
    jobs: BTreeMap<JobId, Entry>,
    next_job: u32,
    turns: VecDeque<JobId>,
    events: VecDeque<Event>,
}

impl Default for Client {
    fn default() -> Client {
        Client::new()
    }
}

impl Client {
    /// One whose channel was just opened.
    pub fn new() -> Client {
        Client {
            state: State::Begin,
            abilities: Abilities::default(),
            incoming: Incoming::default(),
            reading: None,
            window: Window::new(),
            open: BTreeMap::new(),
            next_id: 0,
            jobs: BTreeMap::new(),
            next_job: 0,
            turns: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// What the server can do; nothing before [`Event::Ready`].
    pub fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    /// Requests that are open, and octets that they move.
    pub fn in_flight(&self) -> (u32, u64) {
        (self.window.open(), self.window.octets())
    }

    /// Begins a job. It is over with [`Event::Over`], unless the machine ends before.
    pub fn start(&mut self, verb: Verb) -> JobId {
        let id = JobId(self.next_job);
        self.next_job = self.next_job.wrapping_add(1);
        self.jobs.insert(id, Entry { job: Job::new(verb), is_in_turn: true });
        self.turns.push_back(id);
        id
    }

    /// Ends a job as soon as what it asked is answered; one that is over already stays so.
    pub fn abort(&mut self, job: JobId) {
        if let Some(entry) = self.jobs.get_mut(&job) {
            entry.job.abort();
        }
        self.look(job);
    }

    /// Gives a [`Verb::Pieces`] that is [`Event::Opened`] another piece of its file to write. Pieces that overlap are the
    /// owner's fault.
    pub fn deal(&mut self, job: JobId, offset: u64, len: u64) {
        if let Some(entry) = self.jobs.get_mut(&job) {
            entry.job.deal(offset, len);
        }
        self.look(job);
    }

    /// Gives it no more: it is over when what it has is written.
    pub fn all_dealt(&mut self, job: JobId) {
        if let Some(entry) = self.jobs.get_mut(&job) {
            entry.job.all_dealt();
        }
        self.look(job);
    }

    /// Octets that were dealt to it and not given out yet.
    pub fn left(&self, job: JobId) -> u64 {
        self.jobs.get(&job).map_or(0, |entry| entry.job.left())
    }

    /// The octets of the [`Transmit::Body`] that was just given out are not to be had: the job ends.
    pub fn unread(&mut self, job: JobId) {
        let id = self.next_id.wrapping_sub(1);
        if let Some(Open { job: of, awaited }) = self.open.remove(&id) {
            debug_assert_eq!(of, job, "the last request is the WRITE that was given out");
            self.window.answered(awaited.octets());
            if let Some(entry) = self.jobs.get_mut(&job) {
                entry.job.unread();
            }
            self.look(job);
        }
    }

    /// Takes octets of the server.
    ///
    /// # Errors
    /// The machine has ended; it stays so.
    pub fn handle(&mut self, mut octets: Bytes) -> Result<(), Fault> {
        if let State::Over(fault) = self.state {
            return Err(fault);
        }
        loop {
            match self.incoming.next(&mut octets) {
                Ok(None) => return Ok(()),
                Ok(Some(piece)) => {
                    if let Err(fault) = self.take(piece) {
                        return Err(self.end(fault));
                    }
                }
                Err(fault) => {
                    let fault = self.in_words(fault);
                    return Err(self.end(fault));
                }
            }
        }
    }

    /// The server sends no more.
    ///
    /// # Errors
    /// Something was still to come.
    pub fn closed(&mut self) -> Result<(), Fault> {
        match self.state {
            State::Over(fault) => Err(fault),
            State::Ready if self.open.is_empty() && self.jobs.is_empty() && self.incoming.is_between() => {
                Ok(())
            }
            State::Begin | State::Greeting | State::Measuring { .. } | State::Ready => {
                let open = self.window.open();
                Err(self.end(Fault::Ended(open)))
            }
        }
    }

    /// Puts what is to be sent behind what is in `out`.
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Transmit {
        let before = out.len();
        match self.state {
            State::Begin => {
                Request::Init { version: VERSION, extensions: Vec::new() }.write(out);
                self.state = State::Greeting;
            }
            State::Measuring { id, sent: false } => {
                Request::Asked { id, ask: Ask::Extended(Extended::Limits) }.write(out);
                self.state = State::Measuring { id, sent: true };
            }
            State::Ready => {
                while out.len() - before < BATCH && self.window.has_room() {
                    let Some(job) = self.turns.pop_front() else { break };
                    if let Some(body) = self.turn(job, out) {
                        return body;
                    }
                }
            }
            State::Greeting | State::Measuring { sent: true, .. } | State::Over(_) => {}
        }
        if out.len() == before { Transmit::Nothing } else { Transmit::Requests }
    }

    /// The next fact.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// One request of a job.
    fn turn(&mut self, job: JobId, out: &mut Vec<u8>) -> Option<Transmit> {
        let Client { jobs, abilities, open, next_id, window, turns, .. } = self;
        let entry = jobs.get_mut(&job)?;
        let Some(next) = entry.job.next(abilities) else {
            entry.is_in_turn = false;
            self.finish(job);
            return None;
        };
        let id = *next_id;
        *next_id = next_id.wrapping_add(1);
        let (awaited, transmit) = match next {
            Next::Ask(ask, awaited) => {
                Request::Asked { id, ask }.write(out);
                (awaited, None)
            }
            Next::Write { handle, offset, len } => {
                let before = out.len();
                write_head(id, handle, offset, len, out);
                let head = out.len() - before;
                (Awaited::Written { len }, Some(Transmit::Body { job, offset, len, head }))
            }
        };
        window.asked(awaited.octets());
        open.insert(id, Open { job, awaited });
        turns.push_back(job);
        transmit
    }

    fn take(&mut self, piece: Piece) -> Result<(), Fault> {
        match piece {
            Piece::Packet(packet) => match Reply::parse(&packet) {
                Ok(Reply::Version { version, extensions }) => self.version(version, &extensions),
                Ok(Reply::Answered { id, answer }) => self.answered(id, answer),
                Err(_) if self.state == State::Greeting => Err(Fault::Version),
                Err(why) => Err(Fault::Malformed(why)),
            },
            Piece::Data { id, len } => self.begins(id, len),
            Piece::Octets { octets, last } => {
                self.octets(octets, last);
                Ok(())
            }
        }
    }

    fn version(&mut self, version: u32, extensions: &[(&[u8], &[u8])]) -> Result<(), Fault> {
        if self.state != State::Greeting {
            return Err(Fault::Version);
        }
        if version != VERSION {
            return Err(Fault::OtherVersion(version));
        }
        self.abilities.version = version;
        self.abilities.extensions =
            extensions.iter().map(|(name, data)| (name.to_vec(), data.to_vec())).collect();
        if self.abilities.has(LIMITS) {
            let id = self.next_id;
            self.next_id = id.wrapping_add(1);
            self.state = State::Measuring { id, sent: false };
        } else {
            self.ready();
        }
        Ok(())
    }

    fn ready(&mut self) {
        self.state = State::Ready;
        self.events.push_back(Event::Ready);
    }

    fn answered(&mut self, id: u32, answer: Answer<'_>) -> Result<(), Fault> {
        if let State::Measuring { id: asked, sent: true } = self.state
            && asked == id
        {
            if let Answer::Extended(octets) = answer {
                self.abilities.limits = Limits::parse(octets).map_err(Fault::Malformed)?;
            } else {
                // It named the extension and does not do it: no more is asked for than every server takes.
                job::no(&answer, Awaited::Asked)?;
            }
            self.ready();
            return Ok(());
        }
        let Open { job, awaited } = self.pop(id)?;
        let Client { jobs, events, .. } = self;
        let entry = jobs.get_mut(&job).ok_or(Fault::Unasked(id))?;
        entry.job.answered(awaited, answer, &mut Telling { job, events })?;
        self.look(job);
        Ok(())
    }

    /// Takes an answered request off those that are open.
    fn pop(&mut self, id: u32) -> Result<Open, Fault> {
        match self.state {
            State::Begin | State::Greeting => return Err(Fault::Version),
            State::Measuring { .. } | State::Ready | State::Over(_) => {}
        }
        let open = self.open.remove(&id).ok_or(Fault::Unasked(id))?;
        self.window.answered(open.awaited.octets());
        Ok(open)
    }

    /// A DATA begins.
    fn begins(&mut self, id: u32, found: u32) -> Result<(), Fault> {
        let Open { job, awaited } = self.pop(id)?;
        let Awaited::Read { offset, len: asked } = awaited else {
            return Err(Fault::WrongAnswer { step: awaited.step() });
        };
        if found > asked {
            return Err(Fault::TooMuch { asked, found });
        }
        if found == 0 {
            return Err(Fault::NoOctets);
        }
        self.reading = Some(Reading { job, offset, asked, found: 0 });
        Ok(())
    }

    fn octets(&mut self, octets: Bytes, last: bool) {
        let Some(reading) = &mut self.reading else { unreachable!("octets follow the head that began them") };
        let offset = reading.offset + u64::from(reading.found);
        reading.found += u32::try_from(octets.len()).expect("no more than what was asked for");
        let Reading { job, offset: asked_at, asked, found } = *reading;
        self.events.push_back(Event::Data { job, offset, octets });
        if last {
            self.reading = None;
            if let Some(entry) = self.jobs.get_mut(&job) {
                entry.job.has_read(asked_at, asked, found);
            }
            self.look(job);
        }
    }

    /// After a change of a job: it is over, or it takes turns again.
    fn look(&mut self, job: JobId) {
        self.finish(job);
        if let Some(entry) = self.jobs.get_mut(&job)
            && !entry.is_in_turn
        {
            entry.is_in_turn = true;
            self.turns.push_back(job);
        }
    }

    /// A job that is over is told and forgotten.
    fn finish(&mut self, job: JobId) {
        if let Some(result) = self.jobs.get_mut(&job).and_then(|entry| entry.job.take_end()) {
            self.jobs.remove(&job);
            self.events.push_back(Event::Over { job, result });
        }
    }

    /// A length that no packet has, at the very beginning, is often a text.
    fn in_words(&self, fault: Fault) -> Fault {
        match (self.state, fault) {
            (State::Greeting, Fault::TooLong(len)) => {
                let first = len.to_be_bytes();
                let is_text = |b: &u8| b.is_ascii_graphic() || b" \r\n\t\x1b".contains(b);
                if first.iter().all(is_text) { Fault::Text(first) } else { fault }
            }
            (_, Fault::Malformed(Malformed::Short)) if self.state == State::Greeting => Fault::Version,
            (_, fault) => fault,
        }
    }

    fn end(&mut self, fault: Fault) -> Fault {
        self.state = State::Over(fault);
        self.jobs.clear();
        self.open.clear();
        self.turns.clear();
        fault
    }
}
