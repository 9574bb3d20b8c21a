//! A server's session as one machine.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | octets come, questions go out, answers come, octets go out |
//! | `requests` | what a request is about, and those that are answered at once |
//! | `intake` | packets as they come, the data of a WRITE in place |
//! | `run` | WRITEs that lie behind each other, their octets where they came |
//! | `parked` | a request that waits |
//! | `queue` | which of those that wait is next |
//! | `handles` | what is open |
//! | `question` | what is asked of the driver, and the answers |
//! | `names` | names, packed |
//! | `outlet` | answers that wait to be sent |
//! | `config` | bounds, and what is offered |
//!
//! The reader never waits for the writer. A client may send requests without reading answers: READs wait as
//! descriptors until there is room, WRITEs are done all the same, as their answers are short. What bounds it:
//! [`Config`].

mod config;
mod handles;
mod intake;
mod names;
mod outlet;
mod parked;
mod question;
mod queue;
mod requests;
mod run;
#[cfg(test)]
mod tests;

pub use config::{Config, MOST_OCTETS};
pub use names::Names;
pub use question::{Answer, Ask, AskId, File, Packet};

use crate::frame::TooLong;
use crate::reply::{Answer as Said, Reply};
use crate::request;
use crate::status::Status;
use crate::wire::Malformed;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::Bytes;
use core::{fmt, mem};
use handles::Handles;
use intake::{Intake, Piece};
use outlet::Outlet;
use parked::{Copy, Parked};
use queue::Queue;
use run::Run;

/// Why a session cannot go on; the peer's fault. The channel is to be closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A length that no packet has.
    Length(TooLong),
    /// Something else than INIT came first, or a second one.
    Init {
        /// Whether there was one before.
        again: bool,
    },
    /// A packet too short for a request's number: there is nothing to answer.
    NoNumber(Malformed),
    /// More requests wait than may.
    TooMany {
        /// How many may.
        most: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Length(why) => write!(f, "{why}"),
            Fault::Init { again: true } => f.write_str("a second INIT"),
            Fault::Init { again: false } => f.write_str("a request before INIT"),
            Fault::NoNumber(why) => write!(f, "a packet without a request's number: {why}"),
            Fault::TooMany { most } => write!(f, "more than {most} requests wait for their answers"),
        }
    }
}

impl core::error::Error for Fault {}

#[derive(Debug)]
enum State {
    /// INIT is awaited.
    Fresh,
    /// Requests are.
    Serving,
    /// The client sends no more; what waits is done.
    Ending,
    /// Nothing more happens.
    Over(Fault),
}

/// A WRITE whose octets are coming, behind those of its run that are whole.
#[derive(Debug)]
struct Filling {
    run: Box<Run>,
    id: u32,
    /// Octets of it before this one.
    whole: usize,
}

/// Where the octets of a WRITE go.
#[derive(Debug)]
enum Data {
    /// There is none.
    None,
    Into(Filling),
    /// Nowhere: it was refused.
    Dropped,
}

/// What a question is to be answered to the client as.
#[derive(Debug)]
enum Pending {
    Plain { id: u32, file: Option<u32> },
    Copy { id: u32, from: u32, into: u32 },
    Open { id: u32, file: u32 },
    Close { id: u32, file: u32 },
    Read { id: u32, file: u32, reserved: usize },
    Write { ids: Vec<u32>, file: u32, octets: usize },
}

/// A session.
///
/// Call one of `handle_input` (only while [`Server::wants_input`]), `handle_eof`, `answer`, `answer_reads`, `sent`,
/// `hold`, `release`; then [`Server::poll_ask`] and [`Server::poll_transmit`] until both are empty; then wait for
/// input, for answers, for the channel; it ends when [`Server::is_over`].
#[derive(Debug)]
pub struct Server {
    config: Config,
    state: State,
    intake: Intake,
    data: Data,
    handles: Handles,
    queue: Queue,
    /// Questions that are open, from number `first` on.
    asked: VecDeque<Option<Pending>>,
    first: u64,
    open_asks: usize,
    outlet: Outlet,
}

/// Questions that are open at once.
const ASKED: usize = 1_024;

impl Server {
    /// A session in which nothing was sent yet.
    pub fn new(config: Config) -> Server {
        Server {
            state: State::Fresh,
            intake: Intake::default(),
            data: Data::None,
            handles: Handles::new(config.handles),
            queue: Queue::default(),
            asked: VecDeque::new(),
            first: 0,
            open_asks: 0,
            outlet: Outlet::default(),
            config,
        }
    }

    /// Whether more is taken: no, while as much waits as may.
    pub fn wants_input(&self) -> bool {
        match self.state {
            State::Fresh | State::Serving => self.queue.octets() < self.config.octets,
            State::Ending | State::Over(_) => false,
        }
    }

    /// Octets came. Those of WRITEs stay where they are, where they are most of what came.
    pub fn handle_input(&mut self, came: &Bytes) {
        let mut input = &came[..];
        let mut intake = mem::take(&mut self.intake);
        while matches!(self.state, State::Fresh | State::Serving) {
            match intake.next(&mut input) {
                Ok(None) => break,
                Ok(Some(piece)) => self.piece(came, piece),
                Err(why) => self.fail(Fault::Length(why)),
            }
        }
        self.intake = intake;
    }

    /// The client sends no more: what waits is done and answered, then it is over. A WRITE that is not whole is
    /// forgotten.
    pub fn handle_eof(&mut self) {
        if matches!(self.state, State::Over(_)) {
            return;
        }
        self.state = State::Ending;
        self.intake = Intake::default();
        if let Data::Into(Filling { mut run, whole, .. }) = mem::replace(&mut self.data, Data::None)
            && !run.ids.is_empty()
        {
            run.octets.truncate(whole);
            self.queue.park(Parked::Write(run));
        }
    }

    fn fail(&mut self, fault: Fault) {
        self.state = State::Over(fault);
        self.queue.forget();
        self.data = Data::None;
    }

    /// Why it cannot go on.
    pub fn fault(&self) -> Option<&Fault> {
        match &self.state {
            State::Over(fault) => Some(fault),
            State::Fresh | State::Serving | State::Ending => None,
        }
    }

    /// Whether everything is done and sent that will ever be.
    pub fn is_over(&self) -> bool {
        match self.state {
            State::Over(_) => true,
            State::Ending => self.is_idle(),
            State::Fresh | State::Serving => false,
        }
    }

    /// Whether nothing waits, is asked or is to be sent.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.open_asks == 0 && self.outlet.unsent() == 0
    }

    /// What waits: requests, octets of names and of what is to be written, octets to be sent.
    pub fn waiting(&self) -> (usize, usize, usize) {
        (self.queue.requests(), self.queue.octets(), self.outlet.unsent())
    }

    /// Files and directories that are open.
    pub fn open_files(&self) -> usize {
        self.handles.open_now()
    }

    fn piece(&mut self, came: &Bytes, piece: Piece<'_>) {
        match piece {
            Piece::Packet(packet) => self.packet(packet),
            Piece::Write { id, handle, offset, len } => self.data = self.write(id, handle, offset, len),
            Piece::Data(octets) => match &mut self.data {
                Data::Into(filling) => filling.run.octets.push(came, octets),
                Data::Dropped | Data::None => {}
            },
            Piece::Written => {
                if let Data::Into(Filling { mut run, id, .. }) = mem::replace(&mut self.data, Data::None) {
                    run.ids.push(id);
                    self.park(Parked::Write(run));
                }
            }
        }
    }

    fn park(&mut self, parked: Parked) {
        self.queue.park(parked);
        if self.queue.requests() > self.config.requests {
            self.fail(Fault::TooMany { most: self.config.requests });
        }
    }

    fn say(&mut self, id: u32, status: Status, text: &'static str) {
        self.park(Parked::Said { id, status, text });
    }

    /// The next question.
    #[must_use]
    pub fn poll_ask(&mut self) -> Option<(AskId, Ask)> {
        loop {
            if matches!(self.state, State::Over(_))
                || self.open_asks >= ASKED
                || self.outlet.unsent() >= self.config.hard
            {
                return None;
            }
            let room = self.outlet.unsent() + self.outlet.reserved() < self.config.soft;
            let parked = self.queue.next(&mut self.handles, room)?;
            let (pending, ask) = match parked {
                Parked::Said { id, status, text } => {
                    self.status(id, status, text);
                    continue;
                }
                Parked::Limits { id } => {
                    let limits = self.config.limits().octets();
                    self.reply(id, Said::Extended(&limits));
                    continue;
                }
                Parked::Read { id, file, offset, len } => {
                    let reserved = HEAD + len as usize;
                    self.outlet.reserve(reserved);
                    let ask = Ask::Read { file: File(file), request: id, offset, len };
                    (Pending::Read { id, file, reserved }, ask)
                }
                Parked::Write(run) => {
                    let Run { file, offset, octets, ids } = *run;
                    self.queue.hold_octets(octets.len());
                    let pending = Pending::Write { ids, file, octets: octets.len() };
                    (pending, Ask::Write { file: File(file), offset, pieces: octets.into_pieces() })
                }
                Parked::List { id, file } => {
                    (Pending::Plain { id, file: Some(file) }, Ask::List { file: File(file) })
                }
                Parked::Close { id, file } => (Pending::Close { id, file }, Ask::Close { file: File(file) }),
                Parked::Other { id, file, packet } => {
                    let pending = match (packet.ask(), file) {
                        (request::Ask::Open { .. } | request::Ask::Opendir { .. }, Some(file)) => {
                            Pending::Open { id, file }
                        }
                        (_, file) => Pending::Plain { id, file },
                    };
                    (pending, Ask::Other { file: file.map(File), into: None, packet })
                }
                Parked::Copy(copy) => {
                    let Copy { id, from, into, packet } = *copy;
                    self.handles.slot(from).asked += 1;
                    let ask = Ask::Other { file: Some(File(from)), into: Some(File(into)), packet };
                    (Pending::Copy { id, from, into }, ask)
                }
            };
            if let Some(file) = pending.file() {
                self.handles.slot(file).asked += 1;
            }
            self.asked.push_back(Some(pending));
            self.open_asks += 1;
            return Some((AskId(self.first + self.asked.len() as u64 - 1), ask));
        }
    }

    /// The answer to a question.
    ///
    /// # Panics
    /// Of a question that is not open.
    pub fn answer(&mut self, id: AskId, answer: Answer) {
        let pending = self.settle(id);
        match pending {
            Pending::Open { id, file } => match answer {
                Answer::Opened { rated } => {
                    self.handles.slot(file).is_rated = rated;
                    let handle = self.handles.known(file);
                    self.reply(id, Said::Handle(&handle));
                }
                not @ (Answer::Done
                | Answer::End
                | Answer::Names(_)
                | Answer::Facts(_)
                | Answer::Octets(_)
                | Answer::Refused(..)) => {
                    self.handles.closed(file);
                    self.said(id, not);
                }
            },
            Pending::Close { id, file } => {
                self.handles.closed(file);
                self.said(id, answer);
            }
            Pending::Plain { id, .. } | Pending::Copy { id, .. } | Pending::Read { id, .. } => {
                self.said(id, answer);
            }
            Pending::Write { ids, .. } => match answer {
                Answer::Refused(status, text) => {
                    for id in ids {
                        self.status(id, status, &text);
                    }
                }
                Answer::Done
                | Answer::End
                | Answer::Opened { .. }
                | Answer::Names(_)
                | Answer::Facts(_)
                | Answer::Octets(_) => {
                    for id in ids {
                        self.status(id, Status::Ok, "");
                    }
                }
            },
        }
    }

    /// The answers to READs: for each the octets that were there, at least one, and all of them in `octets` in this
    /// order, each behind its head ([`data_head`](crate::data_head)).
    ///
    /// # Panics
    /// Of a question that is not an open READ, or octets that are others than those.
    pub fn answer_reads(&mut self, octets: Vec<u8>, reads: &[(AskId, u32)]) {
        let mut all = 0;
        for (id, len) in reads {
            match self.settle(*id) {
                Pending::Read { reserved, .. } => {
                    let len = HEAD + *len as usize;
                    assert!(len <= reserved, "more was read than was asked for");
                    all += len;
                }
                other @ (Pending::Plain { .. }
                | Pending::Copy { .. }
                | Pending::Open { .. }
                | Pending::Close { .. }
                | Pending::Write { .. }) => panic!("{other:?} is no READ"),
            }
        }
        assert_eq!(all, octets.len(), "heads and octets of the READs");
        self.outlet.push(octets);
    }

    /// Takes a question off the list.
    fn settle(&mut self, id: AskId) -> Pending {
        let at = id.0.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        let pending = at.and_then(|at| self.asked.get_mut(at)).and_then(Option::take);
        let pending = pending.expect("the driver answers what is open");
        while let Some(None) = self.asked.front() {
            self.asked.pop_front();
            self.first += 1;
        }
        self.open_asks -= 1;
        if let Some(file) = pending.file() {
            self.handles.slot(file).asked -= 1;
        }
        match &pending {
            Pending::Copy { from, .. } => self.handles.slot(*from).asked -= 1,
            Pending::Read { reserved, .. } => self.outlet.unreserve(*reserved),
            Pending::Write { octets, .. } => self.queue.let_octets(*octets),
            Pending::Plain { .. } | Pending::Open { .. } | Pending::Close { .. } => {}
        }
        pending
    }

    fn said(&mut self, id: u32, answer: Answer) {
        match answer {
            Answer::Done | Answer::Opened { .. } => self.status(id, Status::Ok, ""),
            Answer::End => self.status(id, Status::Eof, ""),
            Answer::Names(names) => self.outlet.put(|out| {
                crate::wire::packet(out, 104, |out| {
                    crate::wire::Put::put_u32(out, id);
                    names.write(out);
                });
            }),
            Answer::Facts(attrs) => self.reply(id, Said::Attrs(attrs)),
            Answer::Octets(octets) => self.reply(id, Said::Extended(&octets)),
            Answer::Refused(status, text) => self.status(id, status, &text),
        }
    }

    fn status(&mut self, id: u32, status: Status, text: &str) {
        self.reply(id, Said::Status { status, message: text.as_bytes(), language: b"" });
    }

    fn reply(&mut self, id: u32, answer: Said<'_>) {
        self.outlet.put(|out| Reply::Answered { id, answer }.write(out));
    }

    /// A file's rate is used up: nothing is asked about it.
    pub fn hold(&mut self, file: File) {
        if self.handles.get(file.0).is_some() {
            self.handles.slot(file.0).is_held = true;
        }
    }

    /// There is some again.
    pub fn release(&mut self, file: File) {
        if self.handles.get(file.0).is_some() {
            self.handles.slot(file.0).is_held = false;
        }
    }

    /// Octets to be sent next; told with [`Server::sent`] when they were.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        match self.state {
            State::Over(_) => None,
            State::Fresh | State::Serving | State::Ending => self.outlet.take(),
        }
    }

    /// So many octets of transmits were sent.
    pub fn sent(&mut self, octets: usize) {
        self.outlet.sent(octets);
    }
}

/// Octets before those of a DATA.
const HEAD: usize = 13;

impl Pending {
    /// The file whose questions this one is among.
    fn file(&self) -> Option<u32> {
        match self {
            Pending::Plain { file, .. } => *file,
            Pending::Copy { into, .. } => Some(*into),
            Pending::Open { file, .. }
            | Pending::Close { file, .. }
            | Pending::Read { file, .. }
            | Pending::Write { file, .. } => Some(*file),
        }
    }
}
