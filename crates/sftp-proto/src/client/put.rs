//! A file to a server: WRITEs as far as the window has room.

use super::job::{Awaited, Next, Stage, Telling, no, status};
use super::{Abilities, Begin, Event, Facts, Failure, Fault, Outcome};
use crate::attrs::Attrs;
use crate::reply::Answer;
use crate::request::{Ask, OpenFlags};
use alloc::vec::Vec;

/// A put.
#[derive(Debug)]
pub(super) struct Put {
    path: Vec<u8>,
    len: u64,
    begin: Begin,
    facts: Facts,
    pub(super) stage: Stage<Moving>,
}

#[derive(Debug)]
pub(super) struct Moving {
    part: Part,
    /// Requests that are open.
    open: u32,
    /// Octets that the server has taken.
    octets: u64,
    failure: Option<Failure>,
}

/// What is being done with the open file.
#[derive(Debug)]
enum Part {
    /// How much is there is to be asked, or was.
    Looking {
        asked: bool,
    },
    /// Octets go out; the next ones are at this offset.
    Writing {
        next: u64,
    },
    /// Times and permissions are to be set, or are being.
    Settling {
        asked: bool,
    },
    Done,
}

impl Put {
    pub(super) fn new(path: Vec<u8>, len: u64, begin: Begin, facts: Facts) -> Put {
        Put { path, len, begin, facts, stage: Stage::Begin }
    }

    pub(super) fn next(&mut self, abilities: &Abilities) -> Option<Next<'_>> {
        match self.stage {
            Stage::Begin => {
                self.stage = Stage::Opening(None);
                let flags = OpenFlags::WRITE.and(OpenFlags::CREATE);
                let flags = match self.begin {
                    Begin::Fresh => flags.and(OpenFlags::TRUNCATE),
                    Begin::Behind => flags,
                };
                let attrs = Attrs { mode: self.facts.mode, ..Attrs::default() };
                Some(Next::Ask(Ask::Open { path: &self.path, flags, attrs }, Awaited::Handle))
            }
            Stage::Moving { ref handle, ref mut moving } => {
                moving.next(handle, self.len, self.facts, abilities.write_chunk())
            }
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
            (Awaited::Handle, stage) => {
                let part = match self.begin {
                    Begin::Fresh => Part::Writing { next: 0 },
                    Begin::Behind => Part::Looking { asked: false },
                };
                stage.opened(answer, Moving { part, open: 0, octets: 0, failure: None })?;
            }
            (Awaited::Attrs, Stage::Moving { moving, .. }) => moving.looked(answer, self.len, tell)?,
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
            (Awaited::Settled, Stage::Moving { moving, .. }) => {
                moving.open -= 1;
                moving.part = Part::Done;
                if let Err(failure) = status(answer, awaited)? {
                    moving.fail(failure);
                }
            }
            // Some servers show the file only now, and a full disk may be told only now.
            (Awaited::Closed, stage) => stage.closed(answer, true)?,
            (_, _) => return Err(Fault::WrongAnswer { step: awaited.step() }),
        }
        self.settle();
        Ok(())
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

    /// Goes on to times and permissions, and then to CLOSE, where nothing is open.
    fn settle(&mut self) {
        let Stage::Moving { handle, moving } = &mut self.stage else { return };
        if moving.open > 0 {
            return;
        }
        if let (Part::Writing { next }, None) = (&moving.part, &moving.failure)
            && *next == self.len
        {
            let bare = self.facts == Facts::default();
            moving.part = if bare { Part::Done } else { Part::Settling { asked: false } };
        }
        let ended = match (moving.failure.take(), &moving.part) {
            (Some(failure), _) => Err(failure),
            (None, Part::Done) => Ok(Outcome::Put { octets: moving.octets }),
            (None, Part::Looking { .. } | Part::Writing { .. } | Part::Settling { .. }) => return,
        };
        self.stage = Stage::Closing { handle: core::mem::take(handle), ended, asked: false };
    }
}

impl Moving {
    fn next<'a>(&mut self, handle: &'a [u8], len: u64, facts: Facts, chunk: u32) -> Option<Next<'a>> {
        if self.failure.is_some() {
            return None;
        }
        let next = match &mut self.part {
            Part::Looking { asked } if !*asked => {
                *asked = true;
                Next::Ask(Ask::Fstat { handle }, Awaited::Attrs)
            }
            Part::Writing { next } if *next < len => {
                let offset = *next;
                let some = u32::try_from(len - offset).unwrap_or(u32::MAX).min(chunk);
                *next += u64::from(some);
                Next::Write { handle, offset, len: some }
            }
            Part::Settling { asked } if !*asked => {
                *asked = true;
                Next::Ask(Ask::Fsetstat { handle, attrs: facts.attrs() }, Awaited::Settled)
            }
            Part::Looking { .. } | Part::Writing { .. } | Part::Settling { .. } | Part::Done => return None,
        };
        self.open += 1;
        Some(next)
    }

    fn looked(&mut self, answer: &Answer<'_>, len: u64, tell: &mut Telling<'_>) -> Result<(), Fault> {
        self.open -= 1;
        let Answer::Attrs(attrs) = answer else {
            let failure = no(answer, Awaited::Attrs)?;
            self.fail(failure);
            return Ok(());
        };
        match attrs.size {
            Some(found) if found > len => self.fail(Failure::Truncated { expected: len, found }),
            Some(next) => {
                tell.tell(|job| Event::Size { job, from: next, len: Some(len) });
                self.part = Part::Writing { next };
            }
            // It does not say how much is there: there is nothing to go on behind.
            None => self.fail(Failure::Unsupported("the size of an open file")),
        }
        Ok(())
    }

    /// The first failure counts.
    fn fail(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
    }
}
