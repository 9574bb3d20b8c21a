//! What a job asks next, and what it waits for.

use super::get::Get;
use super::list::List;
use super::pieces::Pieces;
use super::put::Put;
use super::single::Single;
use super::{Abilities, Event, Failure, Fault, JobId, Outcome, Step, Verb};
use crate::reply::Answer;
use crate::request::Ask;
use crate::status::Status;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// What an open request is to be answered with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Awaited {
    Handle,
    Attrs,
    Read {
        offset: u64,
        len: u32,
    },
    Written {
        len: u32,
    },
    Settled,
    /// Whether no other READDIR of that handle is open.
    Names {
        alone: bool,
    },
    Closed,
    Asked,
}

impl Awaited {
    pub(super) fn step(self) -> Step {
        match self {
            Awaited::Handle => Step::Open,
            Awaited::Attrs => Step::Facts,
            Awaited::Read { .. } => Step::Read,
            Awaited::Written { .. } => Step::Write,
            Awaited::Settled => Step::Settle,
            Awaited::Names { .. } => Step::Names,
            Awaited::Closed => Step::Close,
            Awaited::Asked => Step::Ask,
        }
    }

    /// Octets of a file that it moves.
    pub(super) fn octets(self) -> u32 {
        match self {
            Awaited::Read { len, .. } | Awaited::Written { len } => len,
            Awaited::Handle
            | Awaited::Attrs
            | Awaited::Settled
            | Awaited::Names { .. }
            | Awaited::Closed
            | Awaited::Asked => 0,
        }
    }
}

/// A request that is to be sent.
pub(super) enum Next<'a> {
    Ask(Ask<'a>, Awaited),
    /// A WRITE, whose octets the driver has.
    Write {
        handle: &'a [u8],
        offset: u64,
        len: u32,
    },
}

/// Where a job tells facts.
pub(super) struct Telling<'a> {
    pub(super) job: JobId,
    pub(super) events: &'a mut VecDeque<Event>,
}

impl Telling<'_> {
    pub(super) fn tell(&mut self, event: impl FnOnce(JobId) -> Event) {
        self.events.push_back(event(self.job));
    }
}

/// How a job ended.
pub(super) type Ended = Result<Outcome, Failure>;

/// A verb that is being done.
#[derive(Debug)]
pub(super) enum Job {
    Get(Get),
    Put(Put),
    Pieces(Pieces),
    List(List),
    Single(Single),
}

impl Job {
    pub(super) fn new(verb: Verb) -> Job {
        match verb {
            Verb::Get { path, from, len } => Job::Get(Get::new(path, from, len)),
            Verb::Put { path, len, begin, facts } => Job::Put(Put::new(path, len, begin, facts)),
            Verb::Pieces { path, making } => Job::Pieces(Pieces::new(path, making)),
            Verb::List { path } => Job::List(List::new(path)),
            Verb::Stat { .. }
            | Verb::Lstat { .. }
            | Verb::Setstat { .. }
            | Verb::Mkdir { .. }
            | Verb::Rmdir { .. }
            | Verb::Remove { .. }
            | Verb::Rename { .. }
            | Verb::Realpath { .. }
            | Verb::Readlink { .. }
            | Verb::Check { .. }
            | Verb::FileSystem { .. } => Job::Single(Single::new(verb)),
        }
    }

    /// The next request, which is open as soon as it is given out.
    pub(super) fn next(&mut self, abilities: &Abilities) -> Option<Next<'_>> {
        match self {
            Job::Get(get) => get.next(abilities),
            Job::Put(put) => put.next(abilities),
            Job::Pieces(pieces) => pieces.next(abilities.write_chunk()),
            Job::List(list) => list.next(),
            Job::Single(single) => single.next(abilities),
        }
    }

    /// Takes an answer; of a READ only one that is no data.
    pub(super) fn answered(
        &mut self,
        awaited: Awaited,
        answer: Answer<'_>,
        tell: &mut Telling<'_>,
    ) -> Result<(), Fault> {
        match self {
            Job::Get(get) => get.answered(awaited, &answer, tell),
            Job::Put(put) => put.answered(awaited, &answer, tell),
            Job::Pieces(pieces) => pieces.answered(awaited, &answer, tell),
            Job::List(list) => list.answered(awaited, answer, tell),
            Job::Single(single) => single.answered(answer),
        }
    }

    /// All octets of an answer to a READ have come: `found` of `asked`.
    pub(super) fn has_read(&mut self, offset: u64, asked: u32, found: u32) {
        match self {
            Job::Get(get) => get.has_read(offset, asked, found),
            Job::Put(_) | Job::Pieces(_) | Job::List(_) | Job::Single(_) => {
                unreachable!("only a get sends READs")
            }
        }
    }

    /// Another piece of a file.
    pub(super) fn deal(&mut self, offset: u64, len: u64) {
        match self {
            Job::Pieces(pieces) => pieces.deal(offset, len),
            Job::Get(_) | Job::Put(_) | Job::List(_) | Job::Single(_) => {
                unreachable!("pieces are dealt to who wants them")
            }
        }
    }

    /// No more of them come.
    pub(super) fn all_dealt(&mut self) {
        match self {
            Job::Pieces(pieces) => pieces.all_dealt(),
            Job::Get(_) | Job::Put(_) | Job::List(_) | Job::Single(_) => {
                unreachable!("pieces are dealt to who wants them")
            }
        }
    }

    /// Octets of pieces that are not given out yet.
    pub(super) fn left(&self) -> u64 {
        match self {
            Job::Pieces(pieces) => pieces.left(),
            Job::Get(_) | Job::Put(_) | Job::List(_) | Job::Single(_) => 0,
        }
    }

    /// The octets of its last WRITE are not to be had: it was not sent.
    pub(super) fn unread(&mut self) {
        match self {
            Job::Put(put) => put.unread(),
            Job::Pieces(pieces) => pieces.unread(),
            Job::Get(_) | Job::List(_) | Job::Single(_) => unreachable!("only a put sends WRITEs"),
        }
    }

    /// Asks nothing more, and is over as soon as nothing is open.
    pub(super) fn abort(&mut self) {
        match self {
            Job::Get(get) => get.fail(Failure::Aborted),
            Job::Put(put) => put.fail(Failure::Aborted),
            Job::Pieces(pieces) => pieces.fail(Failure::Aborted),
            Job::List(list) => list.fail(Failure::Aborted),
            Job::Single(single) => single.abort(),
        }
    }

    /// How it ended, once it has.
    pub(super) fn take_end(&mut self) -> Option<Ended> {
        match self {
            Job::Get(get) => get.stage.take_end(),
            Job::Put(put) => put.stage.take_end(),
            Job::Pieces(pieces) => pieces.stage.take_end(),
            Job::List(list) => list.stage.take_end(),
            Job::Single(single) => single.take_end(),
        }
    }
}

/// How far a job with a handle is.
#[derive(Debug)]
pub(super) enum Stage<M> {
    Begin,
    /// OPEN or OPENDIR was sent; with a failure the handle is closed as soon as it is there.
    Opening(Option<Failure>),
    /// What it is about.
    Moving {
        handle: Vec<u8>,
        moving: M,
    },
    /// CLOSE is to be sent, or was.
    Closing {
        handle: Vec<u8>,
        ended: Ended,
        asked: bool,
    },
    Over(Option<Ended>),
}

impl<M> Stage<M> {
    /// The answer to OPEN or OPENDIR.
    pub(super) fn opened(&mut self, answer: &Answer<'_>, moving: M) -> Result<(), Fault> {
        let Stage::Opening(failure) = core::mem::replace(self, Stage::Over(None)) else {
            return Err(Fault::WrongAnswer { step: Step::Open });
        };
        *self = match (answer, failure) {
            (Answer::Handle(handle), None) => Stage::Moving { handle: handle.to_vec(), moving },
            (Answer::Handle(handle), Some(failure)) => {
                Stage::Closing { handle: handle.to_vec(), ended: Err(failure), asked: false }
            }
            (answer, failure) => {
                let refused = no(answer, Awaited::Handle)?;
                Stage::Over(Some(Err(failure.unwrap_or(refused))))
            }
        };
        Ok(())
    }

    /// Fails before anything moves; gives the failure back where something does.
    pub(super) fn fail(&mut self, failure: Failure) -> Option<(Failure, &mut M)> {
        match self {
            Stage::Begin => *self = Stage::Over(Some(Err(failure))),
            Stage::Opening(failed) => {
                failed.get_or_insert(failure);
            }
            Stage::Moving { moving, .. } => return Some((failure, moving)),
            Stage::Closing { .. } | Stage::Over(_) => {}
        }
        None
    }

    /// CLOSE, once.
    pub(super) fn close(&mut self) -> Option<Next<'_>> {
        match self {
            Stage::Closing { handle, asked, .. } if !*asked => {
                *asked = true;
                Some(Next::Ask(Ask::Close { handle }, Awaited::Closed))
            }
            Stage::Closing { .. }
            | Stage::Begin
            | Stage::Opening(_)
            | Stage::Moving { .. }
            | Stage::Over(_) => None,
        }
    }

    /// The answer to CLOSE; `counts` where its failure is one of the job.
    pub(super) fn closed(&mut self, answer: &Answer<'_>, counts: bool) -> Result<(), Fault> {
        let done = status(answer, Awaited::Closed)?;
        let Stage::Closing { ended, .. } = core::mem::replace(self, Stage::Over(None)) else {
            return Err(Fault::WrongAnswer { step: Step::Close });
        };
        *self = Stage::Over(Some(match (ended, done) {
            (Ok(_), Err(failure)) if counts => Err(failure),
            (ended, _) => ended,
        }));
        Ok(())
    }

    fn take_end(&mut self) -> Option<Ended> {
        match self {
            Stage::Over(ended) => ended.take(),
            Stage::Begin | Stage::Opening(_) | Stage::Moving { .. } | Stage::Closing { .. } => None,
        }
    }
}

/// An answer that can only be a STATUS.
pub(super) fn status(answer: &Answer<'_>, awaited: Awaited) -> Result<Result<(), Failure>, Fault> {
    if let Answer::Status { status: Status::Ok, .. } = answer {
        return Ok(Ok(()));
    }
    no(answer, awaited).map(Err)
}

/// An answer that is not the one that was asked for: a STATUS other than OK, or a fault.
pub(super) fn no(answer: &Answer<'_>, awaited: Awaited) -> Result<Failure, Fault> {
    let step = awaited.step();
    match answer {
        Answer::Status { status: Status::Ok, .. }
        | Answer::Handle(_)
        | Answer::Data(_)
        | Answer::Name(_)
        | Answer::Attrs(_)
        | Answer::Extended(_) => Err(Fault::WrongAnswer { step }),
        Answer::Status { status, message, .. } => {
            Ok(Failure::Refused { step, status: *status, message: message.to_vec() })
        }
    }
}
