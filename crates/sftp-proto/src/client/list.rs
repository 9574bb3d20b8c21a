//! What is in a directory: READDIRs ahead of their answers.

use super::job::{Awaited, Next, Stage, Telling, no};
use super::{Event, Failure, Fault, Found, Outcome};
use crate::reply::{Answer, Entry};
use crate::request::Ask;
use alloc::vec::Vec;

/// READDIRs that are open at most. With the first two a directory of one answer takes one round trip.
const WIDEST: u32 = 8;

/// A listing.
#[derive(Debug)]
pub(super) struct List {
    path: Vec<u8>,
    pub(super) stage: Stage<Moving>,
}

#[derive(Debug)]
pub(super) struct Moving {
    open: u32,
    /// How many may be.
    width: u32,
    is_at_end: bool,
    failure: Option<Failure>,
}

impl List {
    pub(super) fn new(path: Vec<u8>) -> List {
        List { path, stage: Stage::Begin }
    }

    pub(super) fn next(&mut self) -> Option<Next<'_>> {
        match self.stage {
            Stage::Begin => {
                self.stage = Stage::Opening(None);
                Some(Next::Ask(Ask::Opendir { path: &self.path }, Awaited::Handle))
            }
            Stage::Moving { ref handle, ref mut moving } => {
                if moving.is_at_end || moving.failure.is_some() || moving.open >= moving.width {
                    return None;
                }
                let alone = moving.width == 1;
                moving.open += 1;
                Some(Next::Ask(Ask::Readdir { handle }, Awaited::Names { alone }))
            }
            Stage::Closing { .. } => self.stage.close(),
            Stage::Opening(_) | Stage::Over(_) => None,
        }
    }

    pub(super) fn answered(
        &mut self,
        awaited: Awaited,
        answer: Answer<'_>,
        tell: &mut Telling<'_>,
    ) -> Result<(), Fault> {
        match (awaited, &mut self.stage) {
            (Awaited::Handle, stage) => {
                stage.opened(&answer, Moving { open: 0, width: 2, is_at_end: false, failure: None })?;
            }
            (Awaited::Names { alone }, Stage::Moving { moving, .. }) => {
                moving.open -= 1;
                if let Answer::Name(entries) = answer {
                    if moving.width > 1 {
                        moving.width = WIDEST.min(moving.width + 1);
                    }
                    tell.tell(|job| Event::Names { job, names: entries.iter().map(found).collect() });
                } else {
                    moving.no_names(no(&answer, awaited)?, alone);
                }
            }
            (Awaited::Closed, stage) => stage.closed(&answer, false)?,
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

    fn settle(&mut self) {
        if let Stage::Moving { handle, moving } = &mut self.stage
            && moving.open == 0
            && (moving.is_at_end || moving.failure.is_some())
        {
            let ended = moving.failure.take().map_or(Ok(Outcome::Done), Err);
            self.stage = Stage::Closing { handle: core::mem::take(handle), ended, asked: false };
        }
    }
}

impl Moving {
    fn no_names(&mut self, failure: Failure, alone: bool) {
        if failure.is_eof() {
            self.is_at_end = true;
        } else if alone {
            self.fail(failure);
        } else {
            // Perhaps it does not like two at once: the rest one by one.
            self.width = 1;
        }
    }

    /// The first failure counts.
    fn fail(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
    }
}

fn found(entry: &Entry<'_>) -> Found {
    let Entry { name, long_name, attrs } = entry;
    Found { name: name.to_vec(), long_name: long_name.to_vec(), attrs: attrs.kept() }
}
