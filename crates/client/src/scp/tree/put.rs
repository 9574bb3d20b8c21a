//! `scp -r -t` at the far end: a tree goes.

use super::super::fault;
use super::super::line::{Line, Stop};
use super::super::put::{heard, refusal};
use super::{DEEPEST, NOTHING_IS_LEFT, Tally};
use crate::ClientError;
use crate::mirror::{Because, Blocked, Entry, Fate, Local, Rules, Step, Wish, below, step};
use sftp_proto::scp::{Record, Source, Times, is_name};
use std::io;
use store::Blob;
use transport::octets::{OctetsIn, OctetsOut};
use transport::tap::Dir;

/// Octets that go at once.
const BITE: u64 = 256 << 10;

/// A tree that goes.
pub(super) struct Up<'a, 'w> {
    tally: &'a mut Tally<'w>,
    rules: &'a Rules,
    /// What its first directory is called there; `None`: what is in it goes into what is there.
    name: Option<Vec<u8>>,
    local: Local,
}

/// A directory whose names go.
struct Within {
    path: Vec<u8>,
    left: std::vec::IntoIter<Entry>,
}

impl<'a, 'w> Up<'a, 'w> {
    pub(super) fn new(
        name: Option<&[u8]>,
        wish: &'a Wish<'_>,
        tally: &'a mut Tally<'w>,
    ) -> Result<Up<'a, 'w>, ClientError> {
        let local = Local::open(wish.local).map_err(ClientError::Local)?;
        Ok(Up { tally, rules: &wish.rules, name: name.map(<[u8]>::to_vec), local })
    }

    pub(super) async fn run<I: OctetsIn, O: OctetsOut>(mut self, line: &mut Line<I, O>) -> Result<(), Stop> {
        let mut machine = Source::new();
        let said = |text| Stop::from(fault::said(1, text));
        heard(&mut machine, line).await?.map_err(said)?;
        if let Some(name) = self.name.clone() {
            let facts = self.local.facts(&name).map_err(ClientError::Local)?;
            self.directory(&mut machine, line, &facts).await?.map_err(said)?;
        }
        let mut within = vec![self.names(Vec::new()).map_err(ClientError::Local)?];
        while let Some(dir) = within.last_mut() {
            let Some(entry) = dir.left.next() else {
                let Within { path, .. } = within.pop().expect("it is the last one");
                self.leave(&mut machine, line, path, within.is_empty()).await?;
                continue;
            };
            let path = below(&dir.path, &entry.name);
            match step(&path, Some(&entry), None, self.rules, false, NOTHING_IS_LEFT) {
                Step::Skip(why) => self.tally.tell(path, Fate::Skipped(why)),
                Step::Copy(_) | Step::Enter { .. } if !is_name(&entry.name) => {
                    self.tally.tell(path, Fate::Blocked(Blocked::Name));
                }
                Step::Copy(_) => self.file(&mut machine, line, path).await?,
                Step::Enter { .. } if within.len() > DEEPEST => {
                    self.tally.tell(path, Fate::Blocked(Blocked::TooDeep));
                }
                Step::Enter { .. } => match self.names(path.clone()) {
                    Err(e) => self.tally.tell(path, Fate::Failed(ClientError::Local(e))),
                    Ok(names) => match self.directory(&mut machine, line, &entry).await? {
                        Ok(()) => within.push(names),
                        Err(text) => self.tally.tell(path, Fate::Failed(fault::said(1, text))),
                    },
                },
                Step::Pass
                | Step::Same
                | Step::Compare
                | Step::Remove { .. }
                | Step::Extra
                | Step::Sweep
                | Step::Block(_) => {}
            }
        }
        Ok(())
    }

    /// By name, so that two runs are alike.
    fn names(&mut self, path: Vec<u8>) -> io::Result<Within> {
        let mut names = self.local.list(&path)?;
        names.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Within { path, left: names.into_iter() })
    }

    /// Begins a directory there.
    async fn directory<I: OctetsIn, O: OctetsOut>(
        &mut self,
        machine: &mut Source,
        line: &mut Line<I, O>,
        entry: &Entry,
    ) -> Result<Result<(), String>, Stop> {
        let record = Record::Enter { mode: entry.mode.unwrap_or(0o755), name: entry.name.clone() };
        with_times(machine, line, entry, &record).await
    }

    /// Ends it; what is in the tree's own directory alone has none to end.
    async fn leave<I: OctetsIn, O: OctetsOut>(
        &mut self,
        machine: &mut Source,
        line: &mut Line<I, O>,
        path: Vec<u8>,
        is_last: bool,
    ) -> Result<(), Stop> {
        if is_last && self.name.is_none() {
            return Ok(());
        }
        machine.record(&Record::Leave);
        if let Err(text) = heard(machine, line).await? {
            self.tally.tell(path, Fate::Failed(fault::said(1, text)));
        }
        Ok(())
    }

    async fn file<I: OctetsIn, O: OctetsOut>(
        &mut self,
        machine: &mut Source,
        line: &mut Line<I, O>,
        path: Vec<u8>,
    ) -> Result<(), Stop> {
        let (blob, entry) = match self.local.read(&path) {
            Ok(read) => read,
            Err(e) => {
                self.tally.tell(path, Fate::Failed(ClientError::Local(e)));
                return Ok(());
            }
        };
        let size = blob.len();
        let record = Record::File { mode: entry.mode.unwrap_or(0o644), size, name: entry.name.clone() };
        if let Err(text) = with_times(machine, line, &entry, &record).await? {
            self.tally.tell(path, Fate::Failed(fault::said(1, text)));
            return Ok(());
        }
        line.announced(Dir::Sent, &record);
        let ours = self.content(machine, line, &blob).await?;
        machine.whole(ours.as_ref().map_or(Ok(()), |_| Err("it could not be read")));
        let answer = heard(machine, line).await?;
        let fate = match (ours, answer) {
            (Some(e), _) => Fate::Failed(ClientError::Local(e)),
            (None, Err(text)) => Fate::Failed(fault::said(1, text)),
            (None, Ok(())) => Fate::Copied { octets: size, because: Because::Unseen },
        };
        self.tally.tell(path, fate);
        Ok(())
    }

    /// As many octets as were announced, whatever becomes of the file here: what was wrong with it.
    async fn content<I: OctetsIn, O: OctetsOut>(
        &mut self,
        machine: &mut Source,
        line: &mut Line<I, O>,
        blob: &Blob,
    ) -> Result<Option<io::Error>, Stop> {
        let mut ours = None;
        while line.octets() < blob.len() {
            let len = usize::try_from((blob.len() - line.octets()).min(BITE)).expect("at most BITE");
            let mut octets = Vec::with_capacity(len);
            if ours.is_none() {
                match blob.read_behind(line.octets(), len, &mut octets) {
                    Ok(1..) => {}
                    Ok(0) => {
                        let what = "it became shorter while it was sent";
                        ours = Some(io::Error::new(io::ErrorKind::UnexpectedEof, what));
                    }
                    Err(e) => ours = Some(e),
                }
            }
            if octets.is_empty() {
                // So many were said: something goes in their place, and is said to be wrong behind them.
                octets.resize(len, 0);
            }
            let sent = octets.len();
            match line.pour(octets).await {
                Ok(()) => line.moved(Dir::Sent, sent),
                Err(Stop::Ended) if line.is_refused() => return Err(refusal(machine, line).await),
                Err(stop) => return Err(stop),
            }
            self.tally.watcher.moved(sent as u64);
        }
        Ok(ours)
    }
}

/// A record with its times before it.
async fn with_times<I: OctetsIn, O: OctetsOut>(
    machine: &mut Source,
    line: &mut Line<I, O>,
    entry: &Entry,
    record: &Record,
) -> Result<Result<(), String>, Stop> {
    if let Some(modified) = entry.modified.and_then(|seconds| u64::try_from(seconds).ok()) {
        machine.record(&Record::Times(Times { modified, accessed: modified }));
        if let Err(text) = heard(machine, line).await? {
            return Ok(Err(text));
        }
    }
    machine.record(record);
    heard(machine, line).await
}
