//! A mirror over a channel: what the walk gives out is done by jobs of the machine, many at a time, and by this machine's
//! side in between.

use super::driver::{Desk, Seen};
use super::{fault, one};
use crate::mirror::{
    Done, Entry, Local, Mirrored, Side, Task, Temp, Unfinished, Walk, Watcher, Way, What, Wish, Work, WorkId,
    begin, below,
};
use crate::{ClientError, Times, unsupported};
use bytes::Bytes;
use sftp_proto::Attrs;
use sftp_proto::client::{Abilities, Begin, Client, Event, Facts, Failure, Found, JobId, Outcome, Verb};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use store::Blob;
use transport::tap::Dir;

/// Algorithms of digests that are asked for, the dearest first.
const DIGESTS: &[u8] = b"sha256,sha512,md5";

/// Both sides, and what is being done.
pub(super) struct Mirroring<'a> {
    wish: &'a Wish<'a>,
    walk: Walk,
    /// `None`: it is to be made first.
    local: Option<Local>,
    /// Names of files of the server that are not whole yet; `None`: they are written straight under their names.
    unfinished: Option<Unfinished>,
    /// Things that are done at the same time.
    most: usize,
    jobs: BTreeMap<JobId, Job>,
    peer: SocketAddr,
    watcher: &'a mut dyn Watcher,
    /// Whether somebody wants an end, and whether what was open then has been told.
    cancelled: Option<bool>,
}

/// What a job of the machine is for.
enum Job {
    Look(WorkId),
    /// Something that is done with its answer.
    Plain(WorkId),
    Get {
        id: WorkId,
        path: Vec<u8>,
        entry: Entry,
        temp: Option<Temp>,
        ours: Option<io::Error>,
    },
    Put(Put),
    /// A file that is there whole gets its name.
    Rename {
        id: WorkId,
        unfinished: Vec<u8>,
        octets: u64,
    },
    /// What is left of a file that failed.
    CleanUp {
        id: WorkId,
        why: ClientError,
    },
    Check {
        id: WorkId,
        path: Vec<u8>,
    },
}

struct Put {
    id: WorkId,
    blob: Blob,
    path: Vec<u8>,
    unfinished: Option<Vec<u8>>,
    ours: Option<io::Error>,
}

impl<'a> Mirroring<'a> {
    /// Of a server that can do this; `there` is what it says of the directory, where it has it.
    pub(super) fn new(
        wish: &'a Wish<'a>,
        abilities: &Abilities,
        there: Option<&Attrs<'_>>,
        peer: SocketAddr,
        watcher: &'a mut dyn Watcher,
    ) -> Result<Mirroring<'a>, ClientError> {
        if wish.rules.checksum && !["check-file", "check-file-name"].iter().any(|name| abilities.has(name)) {
            return Err(unsupported("the server makes no digests (check-file): leave out --checksum"));
        }
        let is_in_place =
            wish.way == Way::Up && (wish.in_place || !abilities.has("posix-rename@openssh.com"));
        let unfinished = (wish.way == Way::Up && !is_in_place).then(Unfinished::there).transpose();
        // A file is a handle there.
        let handles = usize::try_from(abilities.limits.handles).unwrap_or(usize::MAX);
        let most = if handles > 0 { wish.parallel.min((handles / 2).max(1)) } else { wish.parallel };
        let (walk, local) = begin(wish, wish.rules.clone(), is_in_place, there.map(modified))?;
        Ok(Mirroring {
            walk,
            wish,
            local,
            unfinished: unfinished.map_err(ClientError::Local)?,
            most: most.max(1),
            jobs: BTreeMap::new(),
            peer,
            watcher,
            cancelled: None,
        })
    }

    /// What became of it, with how the channel ended.
    pub(super) fn ended(mut self, ended: Result<(), ClientError>) -> Mirrored {
        self.tell();
        let ended = match (ended, self.cancelled) {
            (Ok(()), Some(_)) => Err(ClientError::Cancelled),
            (ended, _) => ended,
        };
        Mirrored { counts: self.walk.counts(), ended }
    }

    fn tell(&mut self) {
        while let Some(told) = self.walk.poll_told() {
            self.watcher.told(&told);
        }
    }

    /// A path of the server.
    fn there(&self, path: &[u8]) -> Vec<u8> {
        match (self.wish.remote, path) {
            (b"", b"") => b".".to_vec(),
            (base, b"") => base.to_vec(),
            (base, path) if base.ends_with(b"/") => [base, path].concat(),
            (base, path) => below(base, path),
        }
    }

    fn local(&mut self) -> io::Result<&mut Local> {
        self.local.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn done(&mut self, id: WorkId, result: Result<Done, ClientError>) {
        self.walk.done(id, result);
    }

    /// Something of this machine's side is done at once.
    fn here(&mut self, id: WorkId, result: io::Result<()>) {
        self.done(id, result.map(|()| Done::Well).map_err(ClientError::Local));
    }

    fn begin(&mut self, work: Work, machine: &mut Client) {
        let Work { id, path, task } = work;
        let there = self.there(&path);
        let way = self.wish.way;
        let plain = |verb| (verb, Job::Plain(id));
        let (verb, job) = match (task, way) {
            (Task::Look(Side::Source), Way::Up) | (Task::Look(Side::Target), Way::Down) => {
                let names = self.local().and_then(|local| local.list(&path));
                let result = names.map(|names| self.walk.found(id, names));
                return self.here(id, result);
            }
            (Task::Look(Side::Source), Way::Down) | (Task::Look(Side::Target), Way::Up) => {
                (Verb::List { path: there }, Job::Look(id))
            }
            (Task::MakeDir, Way::Down) => {
                let made = self.make_dir(&path);
                return self.here(id, made);
            }
            (Task::Remove, Way::Down) => {
                let removed = self.local().and_then(|local| local.remove(&path));
                return self.here(id, removed);
            }
            (Task::RemoveDir, Way::Down) => {
                let removed = self.local().and_then(|local| local.remove_dir(&path));
                return self.here(id, removed);
            }
            (Task::SetTime(seconds), Way::Down) => {
                let set = self.local().and_then(|local| local.set_modified(&path, seconds));
                return self.here(id, set);
            }
            (Task::SetTime(seconds), Way::Up) => {
                let facts = Facts { mode: None, times: Some(times(seconds)) };
                plain(Verb::Setstat { path: there, facts })
            }
            (Task::MakeDir, Way::Up) => plain(Verb::Mkdir { path: there }),
            (Task::Remove, Way::Up) => plain(Verb::Remove { path: there }),
            (Task::RemoveDir, Way::Up) => plain(Verb::Rmdir { path: there }),
            (Task::Compare, _) => {
                (Verb::Check { path: there, algorithms: DIGESTS.to_vec() }, Job::Check { id, path })
            }
            (Task::Copy(entry), Way::Down) => {
                let verb = Verb::Get { path: there, from: 0, len: entry.len };
                (verb, Job::Get { id, path, entry, temp: None, ours: None })
            }
            (Task::Copy(_), Way::Up) => match self.local().and_then(|local| local.read(&path)) {
                Ok((blob, entry)) => self.put(id, there, blob, &entry),
                Err(e) => return self.done(id, Err(ClientError::Local(e))),
            },
        };
        self.jobs.insert(machine.start(verb), job);
    }

    /// The directory itself is made where it was named; the others below it.
    fn make_dir(&mut self, path: &[u8]) -> io::Result<()> {
        if path.is_empty() {
            std::fs::create_dir(self.wish.local)?;
            self.local = Some(Local::open(self.wish.local)?);
            return Ok(());
        }
        self.local()?.make_dir(path)
    }

    fn put(&mut self, id: WorkId, path: Vec<u8>, blob: Blob, entry: &Entry) -> (Verb, Job) {
        let unfinished = self.unfinished.as_mut().map(|names| {
            let end = path.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
            [&path[..end], &names.name()].concat()
        });
        let facts = Facts { mode: entry.mode, times: entry.modified.map(times) };
        let to = unfinished.as_ref().unwrap_or(&path).clone();
        let verb = Verb::Put { path: to, len: blob.len(), begin: Begin::Fresh, facts };
        (verb, Job::Put(Put { id, blob, path, unfinished, ours: None }))
    }

    /// Octets of a file that comes.
    fn data(&mut self, job: JobId, offset: u64, octets: &Bytes) {
        let Some(Job::Get { path, entry, temp, ours: ours @ None, .. }) = self.jobs.get_mut(&job) else {
            return;
        };
        let Some(local) = self.local.as_mut() else { return };
        let written = begun(temp, local, path, entry).and_then(|temp| temp.write_at(offset, octets));
        if let Err(e) = written {
            *ours = Some(e);
        }
    }

    /// A job is over.
    fn over(&mut self, job: JobId, result: Result<Outcome, Failure>, machine: &mut Vec<(Verb, Job)>) {
        let Some(job) = self.jobs.remove(&job) else { return };
        let result = result.map_err(|failure| fault::failure(failure, self.peer));
        match job {
            Job::Look(id) | Job::Plain(id) => self.done(id, result.map(|_| Done::Well)),
            Job::Get { id, path, entry, temp, ours } => {
                let result = match (ours, result) {
                    (Some(e), _) => Err(ClientError::Local(e)),
                    (None, Ok(outcome)) => self.land(&path, &entry, temp, &outcome),
                    (None, Err(why)) => Err(why),
                };
                self.done(id, result);
            }
            Job::Put(put) => self.put_over(put, result, machine),
            Job::Rename { id, unfinished, octets } => match result {
                Ok(_) => self.done(id, Ok(Done::Moved(octets))),
                Err(why) => machine.push((Verb::Remove { path: unfinished }, Job::CleanUp { id, why })),
            },
            Job::CleanUp { id, why } => self.done(id, Err(why)),
            Job::Check { id, path } => {
                let result = result.and_then(|outcome| self.compare(&path, &outcome));
                self.done(id, result);
            }
        }
    }

    /// A file that has come gets its name.
    fn land(
        &mut self,
        path: &[u8],
        entry: &Entry,
        mut temp: Option<Temp>,
        outcome: &Outcome,
    ) -> Result<Done, ClientError> {
        let Outcome::Got { octets, attrs } = outcome else { return Ok(Done::Well) };
        // What it was when it was read, where that was asked.
        let modified = attrs.times.map(|times| i64::from(times.modified)).or(entry.modified);
        let local = self.local.as_mut().ok_or_else(|| ClientError::Local(io::ErrorKind::NotFound.into()))?;
        begun(&mut temp, local, path, entry).map_err(ClientError::Local)?;
        if let Some(temp) = temp {
            temp.land(modified).map_err(ClientError::Local)?;
        }
        Ok(Done::Moved(*octets))
    }

    fn put_over(&mut self, put: Put, result: Result<Outcome, ClientError>, next: &mut Vec<(Verb, Job)>) {
        let Put { id, blob, path, unfinished, ours } = put;
        let result = match ours {
            Some(e) => Err(ClientError::Local(e)),
            None => result,
        };
        match (result, unfinished) {
            (Ok(_), None) => self.done(id, Ok(Done::Moved(blob.len()))),
            (Ok(_), Some(unfinished)) => {
                let verb = Verb::Rename { from: unfinished.clone(), to: path, replace: true };
                next.push((verb, Job::Rename { id, unfinished, octets: blob.len() }));
            }
            (Err(why), None) => self.done(id, Err(why)),
            (Err(why), Some(path)) => next.push((Verb::Remove { path }, Job::CleanUp { id, why })),
        }
    }

    /// The server's digest beside ours.
    fn compare(&mut self, path: &[u8], outcome: &Outcome) -> Result<Done, ClientError> {
        let Outcome::Digest { algorithm, digest } = outcome else { return Ok(Done::Compared(false)) };
        let local = |e| ClientError::Local(e);
        let (blob, _) = self.local().and_then(|here| here.read(path)).map_err(local)?;
        let algorithm = String::from_utf8_lossy(algorithm);
        let ours = (self.wish.digest)(&algorithm, &blob).map_err(local)?;
        let theirs: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        Ok(Done::Compared(ours == theirs))
    }
}

impl Desk for Mirroring<'_> {
    fn steer(&mut self, machine: &mut Client) -> ControlFlow<()> {
        self.tell();
        match self.cancelled {
            Some(false) => {
                self.jobs.keys().for_each(|job| machine.abort(*job));
                self.cancelled = Some(true);
            }
            Some(true) => {}
            None => {
                while self.jobs.len() < self.most {
                    let Some(work) = self.walk.next() else { break };
                    self.begin(work, machine);
                    self.tell();
                }
            }
        }
        let is_over = self.jobs.is_empty() && (self.cancelled.is_some() || self.walk.is_over());
        if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn event(&mut self, event: Event, seen: &mut Seen, machine: &mut Client) {
        match event {
            Event::Ready | Event::Size { .. } | Event::Opened { .. } => {}
            Event::Data { job, offset, octets } => {
                self.data(job, offset, &octets);
                self.watcher.moved(octets.len() as u64);
                seen.moved(Dir::Received, octets.len());
            }
            Event::Stored { octets, .. } => {
                self.watcher.moved(u64::from(octets));
                seen.moved(Dir::Sent, usize::try_from(octets).unwrap_or(usize::MAX));
            }
            Event::Names { job, names } => {
                if let Some(Job::Look(id)) = self.jobs.get(&job) {
                    self.walk.found(*id, names.into_iter().map(entry).collect());
                }
            }
            Event::Over { job, result } => {
                let mut next = Vec::new();
                self.over(job, result, &mut next);
                for (verb, job) in next {
                    self.jobs.insert(machine.start(verb), job);
                }
            }
        }
    }

    fn read(&mut self, job: JobId, offset: u64, len: u32, out: &mut Vec<u8>) -> bool {
        let Some(Job::Put(put)) = self.jobs.get_mut(&job) else { return false };
        match one::read(&put.blob, offset, len, out) {
            Ok(()) => true,
            Err(e) => {
                put.ours = Some(e);
                false
            }
        }
    }

    fn cancel(&mut self) {
        self.cancelled = Some(false);
    }
}

/// The file that octets go to, which is begun with the first of them.
fn begun<'t>(
    temp: &'t mut Option<Temp>,
    local: &mut Local,
    path: &[u8],
    entry: &Entry,
) -> io::Result<&'t mut Temp> {
    match temp {
        Some(temp) => Ok(temp),
        None => Ok(temp.insert(local.begin(path, entry.mode)?)),
    }
}

fn entry(found: Found) -> Entry {
    let Found { name, attrs, long_name: _ } = found;
    let Attrs { size, mode, times, .. } = attrs;
    Entry {
        name,
        what: mode.map_or(What::Other, What::of_mode),
        len: size,
        modified: times.map(|times| i64::from(times.modified)),
        grain: 1,
        mode: mode.map(|mode| mode & 0o777),
    }
}

fn modified(attrs: &Attrs<'_>) -> Option<i64> {
    attrs.times.map(|times| i64::from(times.modified))
}

/// SFTP's times are of 32 bits.
fn times(modified: i64) -> Times {
    let seconds = u32::try_from(modified).unwrap_or(if modified < 0 { 0 } else { u32::MAX });
    Times { accessed: seconds, modified: seconds }
}
