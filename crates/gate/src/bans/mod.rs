//! Who is not let in for a while: networks and addresses with an end.

//!
//! With a state directory they are kept in a journal (`line`), durable before whoever sets one is told so. Several
//! processes may share one: each writes down what it sets itself, and takes up what others set ([`crate::Gate::news`]).
//! Ends are times of the wall clock; where that jumps back, a ban lasts longer.

mod line;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use table::{mapped, masked};

use crate::Net;
use crate::audit::By;
use crate::watch::Watch;
use line::Line;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;
use store::journal::{Found, Journal, JournalError};
use table::{Table, unix};

/// One ban.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ban {
    /// Whose.
    pub net: Net,
    /// Its end; `None`: until somebody takes it away.
    pub until: Option<SystemTime>,
    /// Whose decision.
    pub by: By,
    /// Why, for the owner: no peer is told.
    pub reason: String,
}

/// All bans. Looked up for whoever comes: a comparison where there is none, else a hash for each length of
/// network that there is.
#[derive(Default)]
pub struct Bans {
    /// How many there are, also such as are over and not cleared away yet.
    count: AtomicUsize,
    // Guards the bans; written for a moment.
    table: RwLock<Table>,
    // Guards the journal; held while a line is written, which waits for the disk. Taken before the table.
    journal: Mutex<Option<Journal>>,
    // Guards what other processes said of sessions, until it is asked for; held for a moment.
    kicks: Mutex<Vec<(Net, By)>>,
    watch: Watch,
}

/// Lines that a journal may have beyond what is needed, before it is put together anew at an opening.
const SPARE: u64 = 1_000;

impl fmt::Debug for Bans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bans", self.len())
    }
}

impl Bans {
    /// None, by this clock.
    pub(crate) fn watched(watch: Watch) -> Bans {
        Bans { watch, ..Bans::default() }
    }

    /// Opens the journal, making it where there is none. What is over is not there.
    pub fn open(path: &Path) -> Result<Arc<Bans>, JournalError> {
        let (mut table, now) = (Table::default(), unix(SystemTime::now()));
        let mut journal = Journal::open(path, &mut |found| fold(&mut table, found))?;
        table.sweep(now);
        if journal.lines() > table.len() as u64 + SPARE {
            let held = journal.hold(&mut |found| fold(&mut table, found))?;
            held.compact(table.bans(now).iter().map(|ban| Line::Set(ban.clone()).write()))?;
        }
        let count = AtomicUsize::new(table.len());
        let watch = Watch::default();
        let (table, journal) = (RwLock::new(table), Mutex::new(Some(journal)));
        Ok(Arc::new(Bans { count, table, journal, kicks: Mutex::default(), watch }))
    }

    /// Whether they outlive this process.
    pub fn are_kept(&self) -> bool {
        self.journal().is_some()
    }

    /// Adds a ban, or puts it in the place of the one that this network has. It holds also where the journal
    /// cannot be written: until this process ends.
    pub fn add(&self, ban: Ban) -> Result<(), JournalError> {
        let (add, line) = (ban.clone(), |()| Some(Line::Set(ban)));
        self.change(|table, now| table.add(&add, now), line).1
    }

    /// Takes a network's ban away: this very network's, not those of its parts. Whether there was one.
    pub fn remove(&self, net: &Net) -> Result<bool, JournalError> {
        let line = |was: bool| was.then_some(Line::Lifted(*net));
        let (was, written) = self.change(|table, now| table.remove(net, now), line);
        written.map(|()| was)
    }

    /// Tells other processes that sessions from there are ended.
    pub(crate) fn kicked(&self, net: &Net, by: &By) -> Result<(), JournalError> {
        self.change(|_, _| (), |()| Some(Line::Kicked(*net, by.clone()))).1
    }

    /// Takes what other processes wrote since: their bans count here too. Whose sessions they have ended.
    pub(crate) fn news(&self) -> Result<Vec<(Net, By)>, JournalError> {
        let is_behind = self.journal().as_ref().is_some_and(Journal::is_behind);
        if is_behind {
            self.change(|_, _| (), |()| None).1?;
        }
        Ok(std::mem::take(&mut *self.kicks.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Changes the table, after what others wrote, and writes a line down.
    fn change<T: Copy>(
        &self,
        change: impl FnOnce(&mut Table, u64) -> T,
        line: impl FnOnce(T) -> Option<Line>,
    ) -> (T, Result<(), JournalError>) {
        let mut journal = self.journal();
        // Taken first: nobody who comes waits for the disk.
        let mut news: Vec<Option<Line>> = Vec::new();
        let held = journal.as_mut().map(|journal| {
            journal.hold(&mut |found| match found {
                Found::Anew => news = vec![None],
                Found::Line(text) => news.extend(Line::read(text).map(Some)),
            })
        });
        let is_read = held.as_ref().is_none_or(Result::is_ok);
        let changed = {
            let mut table = self.write();
            for line in news {
                match line {
                    None => *table = Table::default(),
                    // Where the journal cannot be read to its end these lines come again.
                    Some(Line::Kicked(..)) if !is_read => {}
                    Some(Line::Kicked(net, by)) => {
                        self.kicks.lock().unwrap_or_else(PoisonError::into_inner).push((net, by));
                    }
                    Some(line) => take(&mut table, line),
                }
            }
            let changed = change(&mut table, unix(self.watch.wall()));
            self.count.store(table.len(), Ordering::Release);
            changed
        };
        let written = match (held, line(changed)) {
            (Some(Ok(mut held)), Some(line)) => held.append(&line.write()),
            (Some(Err(e)), _) => Err(e),
            (Some(Ok(_)), None) | (None, _) => Ok(()),
        };
        (changed, written)
    }

    /// The ban that an address falls under now: of the narrowest network.
    pub fn of(&self, address: IpAddr) -> Option<Ban> {
        self.of_at(address, || self.watch.wall())
    }

    fn of_at(&self, address: IpAddr, now: impl FnOnce() -> SystemTime) -> Option<Ban> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.read().of(address, unix(now()))
    }

    /// The ban of this very network.
    pub(crate) fn at(&self, net: &Net) -> Option<Ban> {
        self.read().at(net, unix(self.watch.wall()))
    }

    /// All that are not over, in the order of their networks.
    pub fn list(&self) -> Vec<Ban> {
        self.read().bans(unix(self.watch.wall()))
    }

    /// How many there are; some may just be over.
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn journal(&self) -> MutexGuard<'_, Option<Journal>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fold(table: &mut Table, found: Found<'_>) {
    match found {
        Found::Anew => *table = Table::default(),
        // A line that is none is of a later version.
        Found::Line(text) => Line::read(text).into_iter().for_each(|line| take(table, line)),
    }
}

fn take(table: &mut Table, line: Line) {
    match line {
        Line::Set(ban) => table.add(&ban, 0),
        Line::Lifted(net) => {
            table.remove(&net, 0);
        }
        // Of a moment, and that is over.
        Line::Kicked(..) => {}
    }
}
