//! `scp -f`: files go.

use super::{DONE, FAILED, Line, Stop, about, blocking, names};
use crate::disk::Disk;
use gate::store::{Cursor, Entry, Facts, Kind, StoreError, VPath};
use gate::{Cause, End, Outcome, Reading, Refusal, Session};
use sftp_proto::scp::{Exec, Record, Source, SourceEvent, Times, is_name};
use std::time::{SystemTime, UNIX_EPOCH};
use transport::octets::{OctetsIn, OctetsOut};

/// Octets that go at once.
const BITE: u64 = 256 << 10;

/// What goes.
struct Give<'a, I, O> {
    session: Session,
    /// `-r`.
    recursive: bool,
    /// `-p`.
    preserve: bool,
    source: Source,
    line: &'a mut Line<I, O>,
    disk: Disk,
    /// Whether anything went wrong.
    failed: bool,
}

/// A directory whose names go.
struct Within {
    path: VPath,
    /// Told apart from one that leads back to it.
    unique: (u64, u64),
    cursor: Box<dyn Cursor>,
    left: std::vec::IntoIter<Entry>,
}

/// What becomes of the protocol's next step: the sink refuses it, or it is over.
enum No {
    Refused,
    Stop(Stop),
}

impl From<Stop> for No {
    fn from(stop: Stop) -> No {
        No::Stop(stop)
    }
}

pub(super) async fn run<I: OctetsIn, O: OctetsOut>(
    session: Session,
    exec: &Exec,
    line: &mut Line<I, O>,
) -> u32 {
    let (recursive, preserve) = (exec.recursive, exec.preserve);
    let (source, disk) = (Source::new(), Disk::default());
    let mut give = Give { session, recursive, preserve, source, line, disk, failed: false };
    let done = give.all(exec).await;
    if done.is_ok() && !give.failed { DONE } else { FAILED }
}

impl<I: OctetsIn, O: OctetsOut> Give<'_, I, O> {
    async fn all(&mut self, exec: &Exec) -> Result<(), Stop> {
        match self.agreed().await {
            Ok(()) => {}
            Err(No::Refused) => {
                self.failed = true;
                return Ok(());
            }
            Err(No::Stop(stop)) => return Err(stop),
        }
        for pattern in &exec.paths {
            let (session, asked) = (self.session.clone(), pattern.clone());
            let paths = blocking(move || names::expanded(&session, &asked)).await;
            match paths {
                Ok(paths) => {
                    for path in paths {
                        self.one(path).await?;
                    }
                }
                Err(why) => {
                    let written = String::from_utf8_lossy(&pattern.written()).into_owned();
                    self.complain(&format!("{written}: {why}")).await?;
                }
            }
        }
        Ok(())
    }

    /// A file, or a directory with all that is in it.
    async fn one(&mut self, path: VPath) -> Result<(), Stop> {
        let (session, at) = (self.session.clone(), path.clone());
        let facts = match blocking(move || session.stat(&at)).await {
            Ok(facts) => facts,
            Err(why) => return self.complain(&about(&path, &why)).await,
        };
        let mut within: Vec<Within> = Vec::new();
        let mut next = Some((path, facts));
        loop {
            if let Some((path, facts)) = next.take() {
                match facts.kind {
                    Kind::File => self.file(&path).await?,
                    Kind::Directory if within.iter().any(|dir| dir.unique == facts.unique) => {
                        self.complain(&format!("{path}: leads back to a directory that it is in")).await?;
                    }
                    Kind::Directory => within.extend(self.enter(path, &facts).await?),
                }
            }
            let Some(dir) = within.last_mut() else { return Ok(()) };
            if let Some(entry) = dir.left.next() {
                next = dir.path.child(&entry.name).ok().map(|path| (path, entry.facts));
                continue;
            }
            let batch = self.disk.bite(|| dir.cursor.next());
            match batch {
                Ok(batch) if !batch.is_empty() => dir.left = batch.into_iter(),
                over => {
                    if let Err(e) = over {
                        let said = about(&dir.path, &Refusal::from(e));
                        self.complain(&said).await?;
                    }
                    within.pop();
                    match self.record(&Record::Leave).await {
                        Ok(()) => {}
                        Err(No::Refused) => self.failed = true,
                        Err(No::Stop(stop)) => return Err(stop),
                    }
                }
            }
        }
    }

    /// Begins a directory; `None`: nothing of it goes.
    async fn enter(&mut self, path: VPath, facts: &Facts) -> Result<Option<Within>, Stop> {
        if !self.recursive {
            self.complain(&format!("{path}: not a regular file")).await?;
            return Ok(None);
        }
        if !is_name(path.name()) {
            self.complain(&format!("{path}: has no name to go by; ask for what is in it")).await?;
            return Ok(None);
        }
        let (session, at) = (self.session.clone(), path.clone());
        let listing = match blocking(move || session.list(&at)).await {
            Ok(listing) => listing,
            Err(why) => {
                self.complain(&about(&path, &why)).await?;
                return Ok(None);
            }
        };
        let record = Record::Enter { mode: facts.mode, name: path.name().to_vec() };
        match self.with_times(facts.modified, &record).await {
            Ok(()) => {
                let (unique, cursor, left) = (facts.unique, listing.cursor, Vec::new().into_iter());
                Ok(Some(Within { path, unique, cursor, left }))
            }
            Err(No::Refused) => {
                self.failed = true;
                Ok(None)
            }
            Err(No::Stop(stop)) => Err(stop),
        }
    }

    async fn file(&mut self, path: &VPath) -> Result<(), Stop> {
        if !is_name(path.name()) {
            return self.complain(&format!("{path}: a name that cannot be sent")).await;
        }
        let (session, at) = (self.session.clone(), path.clone());
        let opened = blocking(move || {
            let facts = session.stat(&at)?;
            Ok((facts, session.read(&at)?))
        });
        let (facts, reading) = match opened.await {
            Ok(opened) => opened,
            Err(why) => return self.complain(&about(path, &why)).await,
        };
        let size = reading.blob().len();
        let record = Record::File { mode: facts.mode, size, name: path.name().to_vec() };
        let mut moved = 0;
        let sent = match self.with_times(facts.modified, &record).await {
            Ok(()) => self.content(reading, size, path, &mut moved).await,
            Err(no) => Err((no, reading)),
        };
        let (no, reading) = match sent {
            Ok(()) => return Ok(()),
            Err(no) => no,
        };
        match no {
            No::Refused => {
                self.failed = true;
                reading.finish(End::new(Outcome::Refused, moved));
                Ok(())
            }
            No::Stop(stop) => {
                let (outcome, cause) = stop.end();
                reading.finish(End::new(outcome, moved).because(cause));
                Err(stop)
            }
        }
    }

    /// The octets of a file, and what is said behind them.
    async fn content(
        &mut self,
        mut reading: Reading,
        size: u64,
        path: &VPath,
        moved: &mut u64,
    ) -> Result<(), (No, Reading)> {
        // Cheap: they share the descriptor.
        let blob = reading.blob().clone();
        let mut meter = reading.take_meter();
        let mut failed: Option<Refusal> = None;
        while *moved < size {
            let turn = match self.line.turn_of(&mut meter).await {
                Ok(turn) => turn,
                Err(stop) => return Err((stop.into(), reading)),
            };
            let bite = (size - *moved).min(BITE).min(turn.max(1));
            let bite = usize::try_from(bite).expect("at most BITE");
            let mut octets = Vec::with_capacity(bite);
            if failed.is_none() {
                let read = self.disk.read(|| blob.read_behind(*moved, bite, &mut octets));
                match read {
                    Ok(1..) => {}
                    Ok(0) => failed = Some(Refusal::Io(String::from("it became shorter while it was sent"))),
                    Err(e) => failed = Some(Refusal::from(StoreError::from(e))),
                }
            }
            if octets.is_empty() {
                // So many were said: something has to come in their place, and is said to be wrong behind them.
                octets.resize(bite, 0);
            }
            let len = octets.len() as u64;
            reading.begun();
            if let Err(stop) = self.line.send(octets).await {
                return Err((stop.into(), reading));
            }
            *moved += len;
            reading.progress().reach(*moved);
            if let Some(meter) = &mut meter {
                meter.moved(len);
            }
        }
        let said = failed.as_ref().map(|why| about(path, why));
        self.failed |= failed.is_some();
        self.source.whole(said.as_deref().map_or(Ok(()), Err));
        match self.agreed().await {
            Ok(()) => {}
            Err(no) => return Err((no, reading)),
        }
        let (outcome, cause) = match failed {
            None => (Outcome::Complete, Cause::Plain),
            Some(why) => (Outcome::Failed, Cause::Ours(why.to_string())),
        };
        reading.finish(End::new(outcome, *moved).because(cause));
        Ok(())
    }

    /// A record with its times before it, where they are wanted.
    async fn with_times(&mut self, modified: SystemTime, record: &Record) -> Result<(), No> {
        if self.preserve {
            let modified = modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            self.record(&Record::Times(Times { modified, accessed: modified })).await?;
        }
        self.record(record).await
    }

    async fn record(&mut self, record: &Record) -> Result<(), No> {
        self.source.record(record);
        self.agreed().await
    }

    /// Sends what is to be sent and waits for the sink.
    async fn agreed(&mut self) -> Result<(), No> {
        loop {
            if let Some(octets) = self.source.poll_transmit() {
                self.line.send(octets).await?;
            }
            match self.source.poll_event() {
                Some(SourceEvent::Agreed) => return Ok(()),
                Some(SourceEvent::Refused(_)) => return Err(No::Refused),
                Some(SourceEvent::Over { .. }) => return Err(No::Stop(Stop::Lost)),
                None => match self.line.next().await? {
                    Some(octets) => self.source.handle_input(&octets),
                    None => self.source.handle_end(),
                },
            }
        }
    }

    async fn complain(&mut self, why: &str) -> Result<(), Stop> {
        self.failed = true;
        self.source.complain(why);
        match self.source.poll_transmit() {
            Some(octets) => self.line.send(octets).await,
            None => Ok(()),
        }
    }
}
