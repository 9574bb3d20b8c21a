//! A file from a server: READs at all the offsets that the window has room for.

use super::job::{Awaited, Next, Stage, Telling, no};
use super::window::MOST_OCTETS;
use super::{Abilities, Event, Failure, Fault, Outcome};
use crate::attrs::Attrs;
use crate::reply::Answer;
use crate::request::{Ask, OpenFlags};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// The least that is asked for where a server answers with less than it was asked for: OpenSSH's own bound.
const LEAST: u32 = 512;

/// Nothing so far behind the first octet that is missing is asked for: whoever puts octets in order holds no more. Twice
/// what is open at most, so that one answer that comes late holds nothing up.
const SPREAD: u64 = 2 * MOST_OCTETS;

/// A get.
#[derive(Debug)]
pub(super) struct Get {
    path: Vec<u8>,
    from: u64,
    /// Octets of the whole file, where somebody told.
    len: Option<u64>,
    pub(super) stage: Stage<Moving>,
}

#[derive(Debug)]
pub(super) struct Moving {
    facts: Looked,
    /// Where the next new READ begins.
    next: u64,
    /// What short answers left out.
    again: Vec<(u64, u32)>,
    /// Where READs that are open begin.
    asked: BTreeSet<u64>,
    /// READs and FSTATs that are open.
    open: u32,
    /// READs that were answered with octets.
    answered: u32,
    /// One past the last octet that has come.
    reached: u64,
    /// The least offset at which the server said that there is no more.
    end: Option<u64>,
    /// What a READ asks for, where short answers taught less than the server's limit.
    chunk: u32,
    octets: u64,
    failure: Option<Failure>,
}

/// What is known of the file.
#[derive(Debug)]
enum Looked {
    Not,
    /// Somebody told this length: what one READ of it and of one octet more finds shows whether it is right.
    Told(u64),
    Asked,
    At(Attrs<'static>),
}

impl Get {
    pub(super) fn new(path: Vec<u8>, from: u64, len: Option<u64>) -> Get {
        Get { path, from, len: len.filter(|&len| from <= len), stage: Stage::Begin }
    }

    pub(super) fn next(&mut self, abilities: &Abilities) -> Option<Next<'_>> {
        match self.stage {
            Stage::Begin => {
                self.stage = Stage::Opening(None);
                let (flags, attrs) = (OpenFlags::READ, Attrs::default());
                Some(Next::Ask(Ask::Open { path: &self.path, flags, attrs }, Awaited::Handle))
            }
            Stage::Moving { ref handle, ref mut moving } => moving.next(handle, abilities),
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
            (Awaited::Handle, stage) => stage.opened(answer, Moving::new(self.from, self.len))?,
            (Awaited::Attrs, Stage::Moving { moving, .. }) => moving.looked(answer, self.from, tell)?,
            (Awaited::Read { offset, .. }, Stage::Moving { moving, .. }) => {
                moving.closed(offset);
                moving.no_octets(no(answer, awaited)?, offset);
            }
            (Awaited::Closed, stage) => stage.closed(answer, false)?,
            (_, _) => return Err(Fault::WrongAnswer { step: awaited.step() }),
        }
        self.settle();
        Ok(())
    }

    pub(super) fn has_read(&mut self, offset: u64, asked: u32, found: u32) {
        if let Stage::Moving { moving, .. } = &mut self.stage {
            moving.closed(offset);
            moving.has_read(offset, asked, found);
        }
        self.settle();
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        if let Some((failure, moving)) = self.stage.fail(failure) {
            moving.fail(failure);
        }
        self.settle();
    }

    /// Goes on to CLOSE where nothing is missing any more.
    fn settle(&mut self) {
        if let Stage::Moving { handle, moving } = &mut self.stage
            && moving.open == 0
            && let Some(ended) = moving.ended()
        {
            self.stage = Stage::Closing { handle: core::mem::take(handle), ended, asked: false };
        }
    }
}

impl Moving {
    fn new(from: u64, len: Option<u64>) -> Moving {
        Moving {
            facts: len.map_or(Looked::Not, Looked::Told),
            next: from,
            again: Vec::new(),
            asked: BTreeSet::new(),
            open: 0,
            answered: 0,
            reached: from,
            end: None,
            chunk: u32::MAX,
            octets: 0,
            failure: None,
        }
    }

    /// Octets of the file, where the server told some. What a server makes up as it is read has 0 (`/proc`).
    fn size(&self) -> Option<u64> {
        match &self.facts {
            Looked::Not | Looked::Told(_) | Looked::Asked => None,
            Looked::At(attrs) => attrs.size.filter(|&size| size > 0),
        }
    }

    fn next<'a>(&mut self, handle: &'a [u8], abilities: &Abilities) -> Option<Next<'a>> {
        if self.failure.is_some() {
            return None;
        }
        if let Looked::Told(len) = self.facts {
            if self.open > 0 {
                return None;
            }
            let wanted = (len - self.next).saturating_add(1);
            match u32::try_from(wanted).ok().filter(|&wanted| wanted <= abilities.read_chunk()) {
                Some(len) => {
                    let offset = self.next;
                    self.next = offset.checked_add(wanted)?;
                    return Some(self.read(handle, offset, len));
                }
                None => self.facts = Looked::Not,
            }
        }
        if let Looked::Not = self.facts {
            self.facts = Looked::Asked;
            self.open += 1;
            return Some(Next::Ask(Ask::Fstat { handle }, Awaited::Attrs));
        }
        let (offset, len) = match self.again.pop() {
            Some(left_out) => left_out,
            None => {
                let chunk = self.chunk.min(abilities.read_chunk());
                let len = match self.size() {
                    Some(size) => {
                        let left = size.saturating_sub(self.next);
                        u32::try_from(left).unwrap_or(u32::MAX).min(chunk)
                    }
                    // Nobody knows whether there is anything: one more than have been answered.
                    None if self.open <= self.answered + u32::from(matches!(self.facts, Looked::Asked)) => {
                        chunk
                    }
                    None => 0,
                };
                if len == 0 || self.end.is_some() || self.next - self.missing() >= SPREAD {
                    return None;
                }
                let offset = self.next;
                self.next = offset.checked_add(u64::from(len))?;
                (offset, len)
            }
        };
        Some(self.read(handle, offset, len))
    }

    fn read<'a>(&mut self, handle: &'a [u8], offset: u64, len: u32) -> Next<'a> {
        self.open += 1;
        self.asked.insert(offset);
        Next::Ask(Ask::Read { handle, offset, len }, Awaited::Read { offset, len })
    }

    /// The one READ of a file whose length was told found this end: either it was told right, or the file is looked at.
    fn found_end(&mut self, found: u64) {
        if let Looked::Told(told) = self.facts {
            if found == told {
                self.end = Some(found);
                self.facts = Looked::At(Attrs { size: Some(told), ..Attrs::default() });
            } else {
                self.facts = Looked::Not;
            }
        }
    }

    /// The first octet that was asked for and has not come.
    fn missing(&self) -> u64 {
        let left_out = self.again.iter().map(|(offset, _)| *offset);
        left_out.chain(self.asked.first().copied()).min().unwrap_or(self.next)
    }

    fn looked(&mut self, answer: &Answer<'_>, from: u64, tell: &mut Telling<'_>) -> Result<(), Fault> {
        self.open -= 1;
        let attrs = if let Answer::Attrs(attrs) = answer {
            attrs.kept()
        } else {
            // Without facts the end is found by reading.
            no(answer, Awaited::Attrs)?;
            Attrs::default()
        };
        let len = attrs.size.filter(|&size| size > 0);
        tell.tell(|job| Event::Size { job, from, len });
        self.facts = Looked::At(attrs);
        match len {
            Some(found) if found < from => self.fail(Failure::Truncated { expected: from, found }),
            // What was asked beyond it before it was known may be left out.
            Some(size) => self.again.retain_mut(|(offset, len)| {
                let left = size.saturating_sub(*offset);
                *len = u32::try_from(left).unwrap_or(u32::MAX).min(*len);
                *len > 0
            }),
            None => {}
        }
        Ok(())
    }

    /// A READ is answered.
    fn closed(&mut self, offset: u64) {
        self.open -= 1;
        self.asked.remove(&offset);
    }

    fn has_read(&mut self, offset: u64, asked: u32, found: u32) {
        let reached = offset + u64::from(found);
        self.answered += 1;
        self.reached = self.reached.max(reached);
        self.octets += u64::from(found);
        self.found_end(reached);
        if found == asked {
            return;
        }
        let left = match self.size() {
            Some(size) => u32::try_from(size.saturating_sub(reached)).unwrap_or(u32::MAX).min(asked - found),
            None => asked - found,
        };
        if left > 0 {
            // A server that gives less than its limit gives no more the next time.
            self.chunk = self.chunk.min(found.max(LEAST));
            self.again.push((reached, left));
        }
    }

    /// A READ was answered with a STATUS.
    fn no_octets(&mut self, failure: Failure, offset: u64) {
        if failure.is_eof() {
            self.end = Some(self.end.map_or(offset, |end| end.min(offset)));
            self.found_end(offset);
        } else {
            self.fail(failure);
        }
    }

    /// The first failure counts.
    fn fail(&mut self, failure: Failure) {
        self.again.clear();
        self.failure.get_or_insert(failure);
    }

    /// How it ended, where nothing is open.
    fn ended(&mut self) -> Option<Result<Outcome, Failure>> {
        if let Some(failure) = self.failure.take() {
            return Some(Err(failure));
        }
        let Looked::At(attrs) = &self.facts else { return None };
        let size = self.size();
        let asked_all = self.end.is_some() || size.is_some_and(|size| self.next >= size);
        if !asked_all || !self.again.is_empty() {
            return None;
        }
        // An end before octets that have come, or before the length that was told: the file changed meanwhile.
        let expected = size.unwrap_or(0).max(self.reached);
        Some(match self.end {
            Some(found) if found < expected => Err(Failure::Truncated { expected, found }),
            Some(_) | None => Ok(Outcome::Got { octets: self.octets, attrs: attrs.clone() }),
        })
    }
}
