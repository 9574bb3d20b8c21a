//! Who is not let in for a while: networks and addresses with an end.

//!
//! With a state directory they are kept in a journal (`line`), durable before whoever sets one is told so. Several
//! processes may share one: each writes down what it sets itself, and knows what others set before it began.
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
        Ok(Arc::new(Bans { count, table: RwLock::new(table), journal: Mutex::new(Some(journal)), watch }))
    }

    /// Whether they outlive this process.
    pub fn are_kept(&self) -> bool {
        self.journal().is_some()
    }

    /// Adds a ban, or puts it in the place of the one that this network has. It holds also where the journal
    /// cannot be written: until this process ends.
    pub fn add(&self, ban: Ban) -> Result<(), JournalError> {
        let mut journal = self.journal();
        let line = journal.is_some().then(|| Line::Set(ban.clone()).write());
        {
            let mut table = self.write();
            table.add(&ban, unix(self.watch.wall()));
            self.count.store(table.len(), Ordering::Release);
        }
        append(&mut journal, line)
    }

    /// Takes a network's ban away: this very network's, not those of its parts. Whether there was one.
    pub fn remove(&self, net: &Net) -> Result<bool, JournalError> {
        let mut journal = self.journal();
        let was = {
            let mut table = self.write();
            let was = table.remove(net, unix(self.watch.wall()));
            self.count.store(table.len(), Ordering::Release);
            was
        };
        let line = (was && journal.is_some()).then(|| Line::Lifted(*net).write());
        append(&mut journal, line)?;
        Ok(was)
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

fn append(journal: &mut Option<Journal>, line: Option<String>) -> Result<(), JournalError> {
    match (journal, line) {
        // What another process set meanwhile is its own until the next start.
        (Some(journal), Some(line)) => journal.append(&line, &mut |_| ()),
        (Some(_), None) | (None, Some(_) | None) => Ok(()),
    }
}

fn fold(table: &mut Table, found: Found<'_>) {
    match found {
        Found::Anew => *table = Table::default(),
        Found::Line(text) => match Line::read(text) {
            Some(Line::Set(ban)) => table.add(&ban, 0),
            Some(Line::Lifted(net)) => {
                table.remove(&net, 0);
            }
            // Of a later version.
            None => {}
        },
    }
}
