//! `scp -r -f` at the far end: a tree comes.

use super::super::fault;
use super::super::get::refuse;
use super::super::line::{Line, Stop};
use super::{DEEPEST, NOTHING_IS_LEFT, Tally, asked};
use crate::ClientError;
use crate::mirror::{Because, Blocked, Entry, Fate, Local, Rules, Step, Temp, What, Wish, below, step};
use bytes::Bytes;
use sftp_proto::scp::{Record, Sink, SinkEvent, SinkFault, Times};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use transport::octets::{OctetsIn, OctetsOut};
use transport::tap::Dir;

/// What the far end is told of what is not wanted.
const NOT_WANTED: &str = "not wanted";

/// A tree that comes.
pub(super) struct Down<'a, 'w> {
    tally: &'a mut Tally<'w>,
    rules: &'a Rules,
    /// What its first directory is to be called.
    name: Vec<u8>,
    /// Where it goes.
    at: &'a Path,
    /// `None`: it is to be made first.
    local: Option<Local>,
    within: Vec<Within>,
    file: Option<Coming>,
    has_come: bool,
}

/// A directory that is being filled.
struct Within {
    path: Vec<u8>,
    /// What is here and was not named.
    here: BTreeMap<Vec<u8>, Entry>,
    modified: Option<i64>,
}

/// A file that is being filled.
struct Coming {
    path: Vec<u8>,
    because: Because,
    size: u64,
    octets: u64,
    modified: Option<i64>,
    /// `None`: it failed here.
    temp: Result<Temp, io::Error>,
}

impl<'a, 'w> Down<'a, 'w> {
    pub(super) fn new(
        path: &[u8],
        wish: &'a Wish<'_>,
        tally: &'a mut Tally<'w>,
    ) -> Result<Down<'a, 'w>, ClientError> {
        let name = asked(path)?.to_vec();
        let local = match Local::open(wish.local) {
            Ok(local) => Some(local),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(ClientError::Local(e)),
        };
        let (rules, at) = (&wish.rules, wish.local);
        Ok(Down { tally, rules, name, at, local, within: Vec::new(), file: None, has_come: false })
    }

    pub(super) async fn run<I: OctetsIn, O: OctetsOut>(mut self, line: &mut Line<I, O>) -> Result<(), Stop> {
        let mut machine = Sink::new(true);
        let mut said = None;
        loop {
            if let Some(octets) = machine.poll_transmit() {
                line.send(octets).await?;
            }
            let Some(event) = machine.poll_event() else {
                if machine.wants_input() {
                    match line.next().await? {
                        Some(octets) => machine.handle_input(octets),
                        None => machine.handle_end(),
                    }
                }
                continue;
            };
            let answer = match event {
                SinkEvent::File { name, mode, size, times } if !self.within.is_empty() => {
                    let announced = Record::File { mode, size, name: name.clone() };
                    let wanted = self.file(name, mode, size, times);
                    if wanted.is_ok() {
                        line.announced(Dir::Received, &announced);
                    }
                    Some(wanted)
                }
                SinkEvent::File { name, .. } => {
                    let error = if name == self.name && !self.has_come {
                        ClientError::NotDirectory
                    } else {
                        self.unasked(line, &name)
                    };
                    return refuse(machine, line, error).await;
                }
                SinkEvent::Enter { name, times, .. } if !self.within.is_empty() => {
                    Some(self.enter(name, times))
                }
                SinkEvent::Enter { name, .. } if name != self.name || self.has_come => {
                    let error = self.unasked(line, &name);
                    return refuse(machine, line, error).await;
                }
                SinkEvent::Enter { times, .. } => match self.root(times) {
                    Ok(()) => Some(Ok(())),
                    Err(e) => return refuse(machine, line, ClientError::Local(e)).await,
                },
                SinkEvent::Leave => {
                    self.leave();
                    Some(Ok(()))
                }
                SinkEvent::Content(octets) => {
                    self.content(&octets);
                    line.moved(Dir::Received, octets.len());
                    None
                }
                SinkEvent::Whole { wrong } => Some(self.whole(wrong)),
                SinkEvent::Complaint(text) => {
                    line.told(&text);
                    match self.within.last() {
                        Some(within) => {
                            self.tally.tell(within.path.clone(), Fate::Failed(fault::said(1, text)));
                        }
                        None => said = said.or(Some(text)),
                    }
                    None
                }
                SinkEvent::Over { fault: None } if self.has_come && self.within.is_empty() => return Ok(()),
                SinkEvent::Over { fault } => {
                    if let Some(octets) = machine.poll_transmit() {
                        line.send(octets).await?;
                    }
                    return Err(self.ended(fault, said, line));
                }
            };
            match answer {
                Some(Ok(())) => machine.answer(Ok(())),
                Some(Err(why)) => {
                    self.tally.has_refused = true;
                    machine.answer(Err(why));
                }
                None => {}
            }
        }
    }

    fn unasked<I: OctetsIn, O: OctetsOut>(&self, line: &Line<I, O>, name: &[u8]) -> ClientError {
        let (asked, name) = (self.name.escape_ascii(), name.escape_ascii());
        let what = format!("expected the directory '{asked}' and nothing else, and it sends '{name}'");
        ClientError::Protocol { peer: line.peer(), what }
    }

    fn ended<I: OctetsIn, O: OctetsOut>(
        &self,
        fault: Option<SinkFault>,
        said: Option<String>,
        line: &Line<I, O>,
    ) -> Stop {
        let (size, octets) = self.file.as_ref().map_or((None, 0), |file| (Some(file.size), file.octets));
        fault::of_source(fault, said, size, octets, line.peer())
    }

    /// The directory itself.
    fn root(&mut self, times: Option<Times>) -> io::Result<()> {
        self.has_come = true;
        if self.local.is_none() {
            std::fs::create_dir(self.at)?;
            self.local = Some(Local::open(self.at)?);
            self.tally.tell(Vec::new(), Fate::Made);
        }
        self.begun(Vec::new(), times)
    }

    /// What is in a directory of ours before anything comes.
    fn begun(&mut self, path: Vec<u8>, times: Option<Times>) -> io::Result<()> {
        let names = self.local()?.list(&path)?;
        let here = names.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
        self.within.push(Within { path, here, modified: modified(times) });
        Ok(())
    }

    fn local(&mut self) -> io::Result<&mut Local> {
        self.local.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// What is to be done about a name that comes.
    fn step(&mut self, entry: &Entry) -> (Vec<u8>, Step) {
        let within = self.within.last_mut().expect("names come in directories");
        let path = below(&within.path, &entry.name);
        let here = within.here.remove(&entry.name);
        let step = step(&path, Some(entry), here.as_ref(), self.rules, false, NOTHING_IS_LEFT);
        (path, step)
    }

    /// Nothing is to be done.
    fn pass(&mut self, path: Vec<u8>, step: Step) -> Result<(), &'static str> {
        match step {
            Step::Same => self.tally.tell(path, Fate::Same),
            Step::Skip(why) => self.tally.tell(path, Fate::Skipped(why)),
            Step::Block(why) => self.tally.tell(path, Fate::Blocked(why)),
            Step::Pass | Step::Sweep | Step::Extra | Step::Remove { .. } => {}
            Step::Copy(_) | Step::Compare | Step::Enter { .. } => unreachable!("that is something to do"),
        }
        Err(NOT_WANTED)
    }

    fn file(
        &mut self,
        name: Vec<u8>,
        mode: u32,
        size: u64,
        times: Option<Times>,
    ) -> Result<(), &'static str> {
        let (modified, mode) = (modified(times), Some(mode & 0o777));
        let entry = Entry { name, what: What::File, len: Some(size), modified, grain: 1, mode };
        let (path, step) = self.step(&entry);
        let Step::Copy(because) = step else { return self.pass(path, step) };
        match self.local().and_then(|local| local.begin(&path, mode)) {
            Ok(temp) => {
                let temp = Ok(temp);
                self.file = Some(Coming { path, because, size, octets: 0, modified, temp });
                Ok(())
            }
            Err(e) => {
                self.tally.tell(path, Fate::Failed(ClientError::Local(e)));
                Err(NOT_WANTED)
            }
        }
    }

    fn enter(&mut self, name: Vec<u8>, times: Option<Times>) -> Result<(), &'static str> {
        let entry =
            Entry { name, what: What::Directory, len: None, modified: modified(times), grain: 1, mode: None };
        let (path, step) = self.step(&entry);
        let Step::Enter { is_there } = step else { return self.pass(path, step) };
        if self.within.len() > DEEPEST {
            return self.pass(path, Step::Block(Blocked::TooDeep));
        }
        let made = if is_there { Ok(()) } else { self.local().and_then(|local| local.make_dir(&path)) };
        match made.and_then(|()| self.begun(path.clone(), times)) {
            Ok(()) if is_there => Ok(()),
            Ok(()) => {
                self.tally.tell(path, Fate::Made);
                Ok(())
            }
            Err(e) => {
                self.tally.tell(path, Fate::Failed(ClientError::Local(e)));
                Err(NOT_WANTED)
            }
        }
    }

    /// All of a directory has come.
    fn leave(&mut self) {
        let Some(Within { path, here, modified }) = self.within.pop() else { return };
        for entry in here.into_values() {
            let path = below(&path, &entry.name);
            let is_directory = entry.what == What::Directory;
            if !entry.is_unfinished() && !self.rules.leaves_out(&path, is_directory) {
                self.tally.tell(path, Fate::Extra);
            }
        }
        let Some(seconds) = modified else { return };
        match self.local().and_then(|local| local.set_modified(&path, seconds)) {
            // One that others own, into which we may write: its time is theirs.
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {}
            Err(e) => self.tally.tell(path, Fate::Failed(ClientError::Local(e))),
            Ok(()) => {}
        }
    }

    fn content(&mut self, octets: &Bytes) {
        let Some(file) = &mut self.file else { return };
        if let Ok(temp) = &file.temp
            && let Err(e) = temp.write_at(file.octets, octets)
        {
            file.temp = Err(e);
        }
        file.octets += octets.len() as u64;
        self.tally.watcher.moved(octets.len() as u64);
    }

    /// A file has come; the far end says whether it is the file.
    fn whole(&mut self, wrong: Option<String>) -> Result<(), &'static str> {
        let Some(Coming { path, because, octets, modified, temp, .. }) = self.file.take() else {
            return Ok(());
        };
        match (wrong, temp) {
            (Some(text), _) => {
                self.tally.tell(path, Fate::Failed(fault::said(1, text)));
                Ok(())
            }
            (None, temp) => match temp.and_then(|temp| temp.land(modified)) {
                Ok(()) => {
                    self.tally.tell(path, Fate::Copied { octets, because });
                    Ok(())
                }
                Err(e) => {
                    self.tally.tell(path, Fate::Failed(ClientError::Local(e)));
                    Err("it could not be written")
                }
            },
        }
    }
}

fn modified(times: Option<Times>) -> Option<i64> {
    times.and_then(|times| i64::try_from(times.modified).ok())
}
