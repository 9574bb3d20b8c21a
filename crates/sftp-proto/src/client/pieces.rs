//! A file to a server in pieces that the owner deals out, one after the other: several channels can write one file so.

use super::job::{Awaited, Next, Stage, Telling, no, status};
use super::{Event, Failure, Fault, Making, Outcome};
use crate::attrs::Attrs;
use crate::reply::Answer;
use crate::request::{Ask, OpenFlags};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// A put of pieces.
#[derive(Debug)]
pub(super) struct Pieces {
    path: Vec<u8>,
    making: Making,
    pub(super) stage: Stage<Moving>,
}

#[derive(Debug)]
pub(super) struct Moving {
    looked: Looked,
    /// What is to be sent yet: offsets, and octets there.
    left: VecDeque<(u64, u64)>,
    /// Nothing more is dealt.
    all: bool,
    /// Requests that are open.
    open: u32,
    /// Octets that the server has taken.
    octets: u64,
    failure: Option<Failure>,
}

/// Whether the open file was looked at: whoever deals wants to know what it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Looked {
    Not,
    Asked,
    At,
}

impl Pieces {
    pub(super) fn new(path: Vec<u8>, making: Making) -> Pieces {
        Pieces { path, making, stage: Stage::Begin }
    }

    pub(super) fn next(&mut self, chunk: u32) -> Option<Next<'_>> {
        match self.stage {
            Stage::Begin => {
                self.stage = Stage::Opening(None);
                let (flags, mode) = match self.making {
                    Making::New { mode } => (OpenFlags::CREATE.and(OpenFlags::EXCLUSIVE), mode),
                    Making::There => (OpenFlags::WRITE, None),
                };
                let attrs = Attrs { mode, ..Attrs::default() };
                let flags = flags.and(OpenFlags::WRITE);
                Some(Next::Ask(Ask::Open { path: &self.path, flags, attrs }, Awaited::Handle))
            }
            Stage::Moving { ref handle, ref mut moving } => moving.next(handle, chunk),
            Stage::Closing { .. } => self.stage.close(),
            Stage::Opening(_) | Stage::Over(_) => None,
        }
    }

    pub(super) fn answered(
        &mut self,
        awaited: Awaited,
        answer: &Answer<'_>,
        tell: &mut Telling<'_>,
    ) -> Result<(), Fault> {
        match (awaited, &mut self.stage) {
            (Awaited::Handle, stage) => stage.opened(answer, Moving::new())?,
            (Awaited::Attrs, Stage::Moving { moving, .. }) => moving.looked(answer, tell)?,
            (Awaited::Written { len }, Stage::Moving { moving, .. }) => {
                moving.open -= 1;
                match status(answer, awaited)? {
                    Ok(()) => {
                        moving.octets += u64::from(len);
                        tell.tell(|job| Event::Stored { job, octets: len });
                    }
                    Err(failure) => moving.fail(failure),
                }
            }
            (Awaited::Closed, stage) => stage.closed(answer, true)?,
            (_, _) => return Err(Fault::WrongAnswer { step: awaited.step() }),
        }
        self.settle();
        Ok(())
    }

    pub(super) fn deal(&mut self, offset: u64, len: u64) {
        if let Stage::Moving { moving, .. } = &mut self.stage {
            moving.left.push_back((offset, len));
        }
    }

    pub(super) fn all_dealt(&mut self) {
        if let Stage::Moving { moving, .. } = &mut self.stage {
            moving.all = true;
        }
        self.settle();
    }

    /// Octets that were dealt and not sent yet.
    pub(super) fn left(&self) -> u64 {
        match &self.stage {
            Stage::Moving { moving, .. } => moving.left.iter().map(|(_, len)| len).sum(),
            Stage::Begin | Stage::Opening(_) | Stage::Closing { .. } | Stage::Over(_) => 0,
        }
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        if let Some((failure, moving)) = self.stage.fail(failure) {
            moving.fail(failure);
        }
        self.settle();
    }

    pub(super) fn unread(&mut self) {
        if let Stage::Moving { moving, .. } = &mut self.stage {
            moving.open -= 1;
        }
        self.fail(Failure::Aborted);
    }

    /// Goes on to CLOSE, where nothing is open and nothing more comes.
    fn settle(&mut self) {
        let Stage::Moving { handle, moving } = &mut self.stage else { return };
        let is_done = moving.all && moving.left.is_empty() && moving.looked == Looked::At;
        if moving.open > 0 || !is_done && moving.failure.is_none() {
            return;
        }
        let ended = match moving.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(Outcome::Put { octets: moving.octets }),
        };
        self.stage = Stage::Closing { handle: core::mem::take(handle), ended, asked: false };
    }
}

impl Moving {
    fn new() -> Moving {
        Moving { looked: Looked::Not, left: VecDeque::new(), all: false, open: 0, octets: 0, failure: None }
    }

    fn next<'a>(&mut self, handle: &'a [u8], chunk: u32) -> Option<Next<'a>> {
        if self.failure.is_some() {
            return None;
        }
        let next = match self.looked {
            Looked::Not => {
                self.looked = Looked::Asked;
                Next::Ask(Ask::Fstat { handle }, Awaited::Attrs)
            }
            Looked::Asked => return None,
            Looked::At => {
                let (offset, left) = self.left.pop_front()?;
                let len = u32::try_from(left).unwrap_or(u32::MAX).min(chunk);
                if u64::from(len) < left {
                    self.left.push_front((offset + u64::from(len), left - u64::from(len)));
                }
                Next::Write { handle, offset, len }
            }
        };
        self.open += 1;
        Some(next)
    }

    fn looked(&mut self, answer: &Answer<'_>, tell: &mut Telling<'_>) -> Result<(), Fault> {
        self.open -= 1;
        self.looked = Looked::At;
        if let Answer::Attrs(attrs) = answer {
            tell.tell(|job| Event::Opened { job, attrs: attrs.kept() });
        } else {
            let failure = no(answer, Awaited::Attrs)?;
            self.fail(failure);
        }
        Ok(())
    }

    /// The first failure counts.
    fn fail(&mut self, failure: Failure) {
        self.left.clear();
        self.failure.get_or_insert(failure);
    }
}
