//! Copies within the tree, of CPTO and COMB. Each is a download and an upload at once: it waits for the rates of both,
//! and no thread waits with it.

use super::data::Work;
use super::files::resolve;
use super::refusal::refused;
use super::session::{Done, broken};
use crate::rated::Turn;
use ftp_proto::reply::Code;
use ftp_proto::server::{Answer, Chore};
use gate::store::{Mode, Sink as _, StoreError, VPath};
use gate::{Ask, Cause, End, Meter, Outcome, Reading, Refusal, Session, Writing};
use std::time::{Duration, Instant};
use tokio::sync::watch::Receiver;
use tokio::task::spawn_blocking;

/// Octets that are copied at once.
const BITE: usize = 256 << 10;

/// Who lets the other end of `wanted` go, or the client's session end, ends the copy: the old file stays.
pub(super) fn copied(session: Session, at: VPath, chore: Chore, wanted: Receiver<()>) -> Work<Done> {
    let mut wakes = wanted.clone();
    Box::pin(async move {
        let begun = wanted.clone();
        let mut step = spawn_blocking(move || match Copying::begin(session, &at, &chore) {
            Ok(copying) => copying.go_on(&begun),
            Err(why) => Step::Over(refused(&why)),
        });
        loop {
            match step.await {
                Ok(Step::Over(answer)) => return Done::Answer(answer),
                Ok(Step::Waits(copying, wait)) => {
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        // Nothing is ever sent: the other end has gone.
                        _ = wakes.changed() => {}
                    }
                    let wanted = wanted.clone();
                    step = spawn_blocking(move || copying.go_on(&wanted));
                }
                // A panic is ours; this session says so and the others go on.
                Err(_) => return broken(),
            }
        }
    })
}

enum Step {
    Over(Answer),
    /// Ahead of a rate for so long.
    Waits(Box<Copying>, Duration),
}

/// A file that is made of others.
struct Copying {
    session: Session,
    writing: Writing,
    meter: Option<Box<Meter>>,
    /// What is read now.
    source: Option<Source>,
    /// What is read then.
    parts: std::vec::IntoIter<VPath>,
    /// What goes when it is all there.
    goes: Vec<VPath>,
    octets: u64,
}

struct Source {
    reading: Reading,
    meter: Option<Box<Meter>>,
    at: u64,
}

/// Why it ends before it is whole.
enum Cut {
    Unwanted,
    Wrong(Refusal),
}

impl Copying {
    fn begin(session: Session, at: &VPath, chore: &Chore) -> Result<Box<Copying>, Refusal> {
        let (source, mut writing, parts) = match chore {
            Chore::Copy { from, to } => {
                let (from, to) = (resolve(at, from)?, resolve(at, to)?);
                let reading = session.read(&from)?;
                let expected = Some(reading.blob().len());
                match session.write(&to, Ask { mode: Mode::Overwrite, expected }) {
                    Ok(writing) => (Some(Source::new(reading)), writing, Vec::new()),
                    Err(why) => {
                        reading.finish(End::new(Outcome::Refused, 0).note(why.to_string()));
                        return Err(why);
                    }
                }
            }
            Chore::Combine { target, parts } => {
                let target = resolve(at, target)?;
                let parts = parts.iter().map(|part| resolve(at, part)).collect::<Result<Vec<_>, _>>()?;
                if parts.contains(&target) {
                    return Err(Refusal::Exists);
                }
                let ask = Ask { mode: Mode::Append, expected: None };
                (None, session.write(&target, ask)?, parts)
            }
            Chore::Fits(_) | Chore::TreeSize(_) | Chore::RemoveTree(_) | Chore::Who | Chore::Quota => {
                unreachable!("no copy")
            }
        };
        let meter = writing.take_meter();
        let (goes, parts) = (parts.clone(), parts.into_iter());
        Ok(Box::new(Copying { session, writing, meter, source, parts, goes, octets: 0 }))
    }

    /// On a thread that may wait for the disk, and for nothing else.
    fn go_on(mut self: Box<Self>, wanted: &Receiver<()>) -> Step {
        match self.pour(wanted) {
            Ok(Some(wait)) => Step::Waits(self, wait),
            Ok(None) => Step::Over(self.publish().map_or_else(|why| refused(&why), |()| Answer::Done)),
            Err(cut) => Step::Over(self.cut(cut)),
        }
    }

    /// Copies until all is there, or a rate says how long to wait.
    fn pour(&mut self, wanted: &Receiver<()>) -> Result<Option<Duration>, Cut> {
        let mut octets = Vec::new();
        loop {
            let source = match &mut self.source {
                Some(source) => source,
                None => match self.parts.next() {
                    Some(part) => self.source.insert(Source::new(self.session.read(&part)?)),
                    None => return Ok(None),
                },
            };
            let len = source.reading.blob().len();
            while source.at < len {
                if self.writing.is_kicked() || wanted.has_changed().is_err() {
                    return Err(Cut::Unwanted);
                }
                let mut turn = Turn::at(Instant::now());
                turn.by(source.meter.as_deref_mut());
                turn.by(self.meter.as_deref_mut());
                let may = match turn.octets() {
                    Ok(may) => may,
                    Err(wait) => return Ok(Some(wait)),
                };
                octets.clear();
                let bite = usize::try_from(may.min(len - source.at)).unwrap_or(BITE).min(BITE);
                let n = source.reading.blob().read_behind(source.at, bite, &mut octets);
                let n = n.map_err(StoreError::from)? as u64;
                if n == 0 {
                    return Err(Cut::Wrong(Refusal::BeyondEnd { offset: len, len: source.at }));
                }
                self.writing.write_at(self.writing.len(), &octets).map_err(StoreError::from)?;
                source.at += n;
                source.reading.begun();
                source.reading.progress().add(n);
                self.octets += n;
                for meter in [&mut source.meter, &mut self.meter].into_iter().flatten() {
                    meter.moved(n);
                }
            }
            if let Some(source) = self.source.take() {
                source.end(Outcome::Complete, Cause::Plain);
            }
        }
    }

    fn publish(self) -> Result<(), Refusal> {
        self.writing.commit(End::new(Outcome::Complete, self.octets).note(WITHIN))?;
        self.goes.iter().try_for_each(|part| self.session.remove(part))
    }

    fn cut(self, cut: Cut) -> Answer {
        let (outcome, cause, note, answer) = match cut {
            Cut::Unwanted => {
                let cause = if self.writing.is_kicked() { Cause::Kicked } else { Cause::Plain };
                let text = String::from("The copy is broken off; what was there stays.");
                (Outcome::Aborted, cause, String::from(WITHIN), Answer::Refused(Code(450), text))
            }
            Cut::Wrong(why) => {
                (Outcome::Failed, Cause::Ours(why.to_string()), why.to_string(), refused(&why))
            }
        };
        if let Some(source) = self.source {
            source.end(outcome, cause.clone());
        }
        self.writing.fail(End::new(outcome, self.octets).because(cause).note(note));
        answer
    }
}

impl Source {
    fn new(mut reading: Reading) -> Source {
        let meter = reading.take_meter();
        Source { reading, meter, at: 0 }
    }

    fn end(self, outcome: Outcome, cause: Cause) {
        self.reading.finish(End::new(outcome, self.at).because(cause).note(WITHIN));
    }
}

/// What the audit is told of both sides.
const WITHIN: &str = "copied within the tree";

impl From<Refusal> for Cut {
    fn from(why: Refusal) -> Cut {
        Cut::Wrong(why)
    }
}

impl From<StoreError> for Cut {
    fn from(why: StoreError) -> Cut {
        Cut::Wrong(why.into())
    }
}
