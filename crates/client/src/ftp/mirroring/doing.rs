//! One thing of a mirror, done over one session.

use crate::ftp::Session;
use crate::mirror::{Done, Entry, Local, Side, Task, Temp, Unfinished, Way, What, Wish, below};
use crate::{ClientError, Kind, Listed};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use store::Sink;

/// A session and this machine's side.
pub(super) struct Doer<'a> {
    session: &'a mut Session,
    wish: &'a Wish<'a>,
    /// `None`: it was not there when it was looked for last.
    local: Option<Local>,
    /// Names of files of the server that are not whole yet.
    unfinished: Unfinished,
    moved: &'a AtomicU64,
}

impl<'a> Doer<'a> {
    pub(super) fn new(
        session: &'a mut Session,
        wish: &'a Wish<'a>,
        moved: &'a AtomicU64,
    ) -> io::Result<Doer<'a>> {
        let local = Local::open(wish.local).ok();
        Ok(Doer { session, wish, local, unfinished: Unfinished::there()?, moved })
    }

    /// Whether there is a server to do more with: one that went is reached again.
    pub(super) fn stays(&mut self) -> Result<(), ClientError> {
        if self.session.is_over() { self.session.reach_again() } else { Ok(()) }
    }

    /// Does it; `found` hears of names.
    pub(super) fn does(
        &mut self,
        path: &[u8],
        task: Task,
        found: impl FnOnce(Vec<Entry>),
    ) -> Result<Done, ClientError> {
        let there = self.there(path);
        match (task, self.wish.way) {
            (Task::Look(Side::Source), Way::Up) | (Task::Look(Side::Target), Way::Down) => {
                found(self.here(|local| local.list(path))?);
            }
            (Task::Look(Side::Source), Way::Down) | (Task::Look(Side::Target), Way::Up) => {
                found(self.session.list(&there)?.into_iter().map(entry).collect());
            }
            (Task::MakeDir, Way::Down) if path.is_empty() => {
                std::fs::create_dir(self.wish.local).map_err(ClientError::Local)?;
            }
            (Task::MakeDir, Way::Down) => self.here(|local| local.make_dir(path))?,
            (Task::Remove, Way::Down) => self.here(|local| local.remove(path))?,
            (Task::RemoveDir, Way::Down) => self.here(|local| local.remove_dir(path))?,
            (Task::SetTime(seconds), Way::Down) => self.here(|local| local.set_modified(path, seconds))?,
            (Task::MakeDir, Way::Up) => self.session.make_dir(&there)?,
            (Task::Remove, Way::Up) => self.session.remove(&there)?,
            (Task::RemoveDir, Way::Up) => self.session.remove_dir(&there)?,
            (Task::SetTime(seconds), Way::Up) => self.sets_time(&there, Some(seconds))?,
            (Task::Compare, _) => return self.compare(path, &there),
            (Task::Copy(entry), Way::Down) => return self.fetch(path, &there, &entry),
            (Task::Copy(_), Way::Up) => return self.store(path, &there),
        }
        Ok(Done::Well)
    }

    /// A path of the server.
    fn there(&self, path: &[u8]) -> Vec<u8> {
        match (self.wish.remote, path) {
            (base, b"") => base.to_vec(),
            (base, path) if base.ends_with(b"/") => [base, path].concat(),
            (base, path) => below(base, path),
        }
    }

    /// This machine's side, which another session may have made meanwhile.
    fn here<T>(&mut self, act: impl FnOnce(&mut Local) -> io::Result<T>) -> Result<T, ClientError> {
        let local = match &mut self.local {
            Some(local) => local,
            none => none.insert(Local::open(self.wish.local).map_err(ClientError::Local)?),
        };
        act(local).map_err(ClientError::Local)
    }

    /// Where the server lets it be set; a file without its time is whole.
    fn sets_time(&mut self, there: &[u8], seconds: Option<i64>) -> Result<(), ClientError> {
        let Some(seconds) = seconds else { return Ok(()) };
        match self.session.set_modified(there, seconds) {
            Err(e) if self.session.is_over() => Err(e),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn fetch(&mut self, path: &[u8], there: &[u8], entry: &Entry) -> Result<Done, ClientError> {
        let mut temp = self.here(|local| local.begin(path, entry.mode))?;
        let mut got = self.get(there, entry.len, &temp);
        if let Err(ClientError::Truncated { .. }) = got {
            // It has another length than when it was listed, or came in part: SIZE says which.
            temp = self.here(|local| local.begin(path, entry.mode))?;
            got = self.get(there, None, &temp);
        }
        let octets = got?;
        temp.land(entry.modified).map_err(ClientError::Local)?;
        Ok(Done::Moved(octets))
    }

    fn get(&mut self, there: &[u8], size: Option<u64>, temp: &Temp) -> Result<u64, ClientError> {
        let mut coming = Coming { temp, moved: self.moved, counted: 0 };
        let done = self.session.get_sized(there, 0, size, &mut coming)?;
        // What went from socket to file without coming by here.
        self.moved.fetch_add(done.octets.saturating_sub(coming.counted), Ordering::Relaxed);
        Ok(done.octets)
    }

    fn store(&mut self, path: &[u8], there: &[u8]) -> Result<Done, ClientError> {
        let (blob, entry) = self.here(|local| local.read(path))?;
        let is_in_place = self.wish.in_place;
        let to = if is_in_place { there.to_vec() } else { beside(there, &self.unfinished.name()) };
        let stored = self
            .session
            .put_as(&blob, &to, false, is_in_place)
            .and_then(|_| self.sets_time(&to, entry.modified));
        let named = match stored {
            Ok(()) if is_in_place => Ok(()),
            Ok(()) => self.gets_name(&to, there),
            Err(why) => Err(why),
        };
        if let (Err(_), false, false) = (&named, is_in_place, self.session.is_over()) {
            let _ = self.session.remove(&to);
        }
        named?;
        self.moved.fetch_add(blob.len(), Ordering::Relaxed);
        Ok(Done::Moved(blob.len()))
    }

    /// A file that is there whole gets its name. Where nothing is replaced by that, what has the name goes aside first, and
    /// comes back where it fails.
    fn gets_name(&mut self, unfinished: &[u8], there: &[u8]) -> Result<(), ClientError> {
        let why = match self.session.rename(unfinished, there, true) {
            Err(why) if !self.session.is_over() => why,
            other => return other,
        };
        let aside = beside(there, &self.unfinished.name());
        if self.session.rename(there, &aside, true).is_err() {
            return Err(why);
        }
        match self.session.rename(unfinished, there, true) {
            Ok(()) => self.session.remove(&aside),
            Err(why) => {
                let _ = self.session.rename(&aside, there, true);
                Err(why)
            }
        }
    }

    /// The server's digest beside ours.
    fn compare(&mut self, path: &[u8], there: &[u8]) -> Result<Done, ClientError> {
        let Some(algorithm) = self.session.best_digest()? else { return Ok(Done::Compared(false)) };
        let Some(digest) = self.session.hash(there, algorithm)? else { return Ok(Done::Compared(false)) };
        let (blob, _) = self.here(|local| local.read(path))?;
        let ours = (self.wish.digest)(algorithm, &blob).map_err(ClientError::Local)?;
        let theirs: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        Ok(Done::Compared(ours == theirs))
    }
}

/// A file that comes.
struct Coming<'a> {
    temp: &'a Temp,
    moved: &'a AtomicU64,
    /// Octets that came by here.
    counted: u64,
}

impl Sink for Coming<'_> {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.temp.write_at(offset, octets)?;
        self.moved.fetch_add(octets.len() as u64, Ordering::Relaxed);
        self.counted += octets.len() as u64;
        Ok(())
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.temp.fd())
    }
}

/// A name in the same directory.
fn beside(path: &[u8], name: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    [&path[..end], name].concat()
}

fn entry(listed: Listed) -> Entry {
    let Listed { name, kind, len, modified, grain, mode } = listed;
    let what = match (mode, kind) {
        (Some(mode), _) => What::of_mode(mode),
        (None, Some(Kind::File)) => What::File,
        (None, Some(Kind::Directory)) => What::Directory,
        (None, None) => What::Other,
    };
    Entry { name, what, len, modified, grain, mode: mode.map(|mode| mode & 0o777) }
}
