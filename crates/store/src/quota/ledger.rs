//! Who has taken how much.

use super::{Limit, Ration, Saved};
use crate::{Amount, Files, Result, Space, StoreError, Tally, VPath};
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// What is counted, and the limits.
pub(super) struct Ledger {
    pub(super) rations: Vec<Ration>,
    // Held for reading while something is done in the tree and told here, for writing while a walk looks at one
    // directory: so each change counts either as found or as told.
    turns: RwLock<()>,
    // Guards the sums; held for a few instructions.
    table: Mutex<Table>,
    /// It is known what is there.
    known: Condvar,
}

pub(super) struct Table {
    /// The first is the whole store; then those that are about one directory; others come with the first change in
    /// them, and mostly stay.
    pub(super) areas: Vec<Area>,
    /// How many are there from the start.
    lasting: usize,
    index: BTreeMap<VPath, usize>,
    pub(super) known: bool,
    walk: Option<Front>,
    /// The directories that uploads run in, by numbers of theirs.
    pub(super) runs: BTreeMap<u64, VPath>,
    next_run: u64,
}

/// A part of the tree that has a limit of its own.
pub(super) struct Area {
    at: VPath,
    limit: Limit,
    /// What a walk would find.
    settled: Amount,
    /// Uploads that run.
    pub(super) open: Amount,
    /// What the walk that runs has found.
    found: Amount,
}

impl Area {
    fn new(at: VPath, limit: Limit) -> Area {
        Area { at, limit, settled: Amount::NONE, open: Amount::NONE, found: Amount::NONE }
    }

    fn used(&self) -> Amount {
        self.settled + self.open
    }

    fn is_empty(&self) -> bool {
        [self.settled, self.open, self.found] == [Amount::NONE; 3]
    }

    pub(super) fn room(&self) -> Room {
        let left = |limit: Option<u64>, used: u64| limit.map(|limit| limit.saturating_sub(used));
        let used = self.used();
        Room {
            total: self.limit.octets,
            octets: left(self.limit.octets, used.octets),
            files: left(self.limit.files, used.files),
        }
    }
}

impl Ration {
    /// Whether the area at a path has this limit.
    fn is_of(&self, at: &VPath) -> bool {
        if self.each { !at.is_root() && at.parent() == self.at } else { self.at == *at }
    }
}

/// What is left somewhere; `None`: no limit.
#[derive(Clone, Copy, Default)]
pub(super) struct Room {
    total: Option<u64>,
    octets: Option<u64>,
    files: Option<u64>,
}

impl Room {
    pub(super) fn fits(self, more: Amount) -> Result<()> {
        if more.octets > 0 && self.octets.is_some_and(|left| more.octets > left) {
            return Err(StoreError::OverQuota("octets"));
        }
        if more.files > 0 && self.files.is_some_and(|left| more.files > left) {
            return Err(StoreError::OverQuota("files"));
        }
        Ok(())
    }

    /// The less of both.
    fn and(self, other: Room) -> Room {
        Room {
            total: less(self.total, other.total),
            octets: less(self.octets, other.octets),
            files: less(self.files, other.files),
        }
    }

    /// The space of the file system, as far as it may be used.
    pub(super) fn within(self, space: Space) -> Space {
        let limited = |octets: u64, limit: Option<u64>| limit.map_or(octets, |limit| limit.min(octets));
        let free = if self.files == Some(0) { 0 } else { limited(space.free, self.octets) };
        let quota = match (self.files, self.octets) {
            (Some(0), _) => Some("files"),
            (_, Some(left)) if left < space.free => Some("octets"),
            (Some(_) | None, _) => None,
        };
        let files = match (space.files, self.files) {
            (Some(files), Some(left)) => Some(Files { free: left.min(files.free), ..files }),
            // In all there is what is counted: nobody asks how many that is.
            (None, Some(left)) => Some(Files { total: left, free: left }),
            (files, None) => files,
        };
        Space { total: limited(space.total, self.total), free, files, quota }
    }
}

/// The less of both; `None` is no limit.
fn less(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    [a, b].into_iter().flatten().min()
}

impl Limit {
    /// What keeps both.
    fn and(self, other: Limit) -> Limit {
        Limit { octets: less(self.octets, other.octets), files: less(self.files, other.files) }
    }
}

/// Where a walk is: directories and the names in each that it has yet to visit, the last first.
struct Front {
    frames: Vec<(VPath, Vec<Vec<u8>>)>,
    /// The root was not looked at yet.
    at_start: bool,
    /// A directory was renamed: what was found means nothing.
    void: bool,
}

impl Front {
    /// Whether the walk will come to this directory.
    fn will_visit(&self, dir: &VPath) -> bool {
        self.at_start
            || self.frames.iter().any(|(at, names)| {
                let rest = dir.below(at);
                let next = rest.as_ref().and_then(|rest| rest.components().next());
                next.is_some_and(|name| names.binary_search_by(|n| name.cmp(n)).is_ok())
            })
    }
}

/// Areas that something was taken of.
pub(super) type Taken = Vec<usize>;

impl Ledger {
    pub(super) fn new(rations: Vec<Ration>) -> Ledger {
        let all = Area::new(VPath::root(), Limit::default());
        let table = Table {
            index: BTreeMap::from([(VPath::root(), 0)]),
            areas: vec![all],
            lasting: 1,
            known: false,
            walk: None,
            runs: BTreeMap::new(),
            next_run: 0,
        };
        let (turns, table, known) = (RwLock::new(()), Mutex::new(table), Condvar::new());
        let ledger = Ledger { rations, turns, table, known };
        // Each that is about one directory is there from the start.
        let mut table = ledger.table();
        for ration in ledger.rations.iter().filter(|ration| !ration.each) {
            let nth = table.area(&ration.at);
            table.areas[nth].limit = ledger.limit_at(&ration.at);
        }
        table.lasting = table.areas.len();
        drop(table);
        ledger
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be held while much is done in the tree and told here that nothing else must come between.
    pub(super) fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.turns.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be held while something is done in the tree and told here.
    pub(super) fn turn(&self) -> RwLockReadGuard<'_, ()> {
        self.turns.read().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn is_somebodys_turn(&self) -> bool {
        self.turns.try_write().is_err()
    }

    pub(super) fn is_known(&self) -> bool {
        self.table().known
    }

    /// Waits until it is known what is there, at most so long. Without a turn.
    pub(super) fn wait_until_known(&self, patience: Duration) {
        let table = self.table();
        if table.known || patience.is_zero() {
            return;
        }
        // What it is then, whoever asks next finds out.
        let _waited = self.known.wait_timeout_while(table, patience, |table| !table.known);
    }

    pub(super) fn used(&self) -> Option<Amount> {
        let table = self.table();
        table.known.then(|| table.areas[0].used())
    }

    pub(super) fn take_saved(&self, saved: &Saved) {
        let mut table = self.table();
        for (at, amount) in saved.iter() {
            if let Some(nth) = self.area_of(&mut table, at) {
                table.areas[nth].settled = *amount;
            }
        }
        table.known = true;
        self.known.notify_all();
    }

    pub(super) fn to_save(&self) -> Option<Saved> {
        let table = self.table();
        table.known.then(|| table.areas.iter().map(|area| (area.at.clone(), area.settled)).collect())
    }

    /// The area that is exactly there, if some ration makes one.
    fn area_of(&self, table: &mut Table, at: &VPath) -> Option<usize> {
        if let Some(nth) = table.index.get(at) {
            return Some(*nth);
        }
        self.rations.iter().find(|ration| ration.each && ration.is_of(at))?;
        let nth = table.area(at);
        table.areas[nth].limit = self.limit_at(at);
        Some(nth)
    }

    /// The limit of the area at a path: of several that are about it, the least.
    fn limit_at(&self, at: &VPath) -> Limit {
        let about = self.rations.iter().filter(|ration| ration.is_of(at));
        about.fold(Limit::default(), |limit, ration| limit.and(ration.limit))
    }

    /// Where the areas begin that what is in a directory belongs to. Makes none.
    pub(super) fn area_paths(&self, dir: &VPath) -> Vec<VPath> {
        let mut paths = vec![VPath::root()];
        for ration in &self.rations {
            let Some(rest) = dir.below(&ration.at) else { continue };
            let at = match (ration.each, rest.components().next()) {
                (false, _) => ration.at.clone(),
                (true, Some(name)) => ration.at.child(name).expect("a component of a path that is there"),
                // What is beside the directories that have a limit has none.
                (true, None) => continue,
            };
            if !paths.contains(&at) {
                paths.push(at);
            }
        }
        paths
    }

    /// The areas that what is in a directory belongs to, made where they are not there.
    pub(super) fn areas(&self, table: &mut Table, dir: &VPath) -> Taken {
        self.area_paths(dir).iter().filter_map(|at| self.area_of(table, at)).collect()
    }

    /// Takes so much for what comes into a directory, if it is left everywhere.
    pub(super) fn take(&self, dir: &VPath, amount: Amount) -> Result<Taken> {
        let mut table = self.table();
        if !table.known {
            return Err(StoreError::Counting);
        }
        let areas = self.areas(&mut table, dir);
        table.take(&areas, amount).inspect_err(|_| table.forget())?;
        Ok(areas)
    }

    /// An upload runs in a directory from now on, wherever that is moved.
    pub(super) fn begin_run(&self, dir: &VPath) -> u64 {
        let mut table = self.table();
        table.next_run += 1;
        let run = table.next_run;
        table.runs.insert(run, dir.clone());
        run
    }

    /// What the directory is called that an upload runs in.
    pub(super) fn dir_of_run(&self, run: u64) -> VPath {
        self.table().runs.get(&run).cloned().unwrap_or_else(VPath::root)
    }

    /// It runs no longer.
    pub(super) fn end_run(&self, run: u64) {
        self.table().runs.remove(&run);
    }

    /// Takes more, if it is left.
    pub(super) fn take_more(&self, areas: &Taken, amount: Amount) -> Result<()> {
        self.table().take(areas, amount)
    }

    /// Gives back what was taken.
    pub(super) fn give(&self, areas: &Taken, amount: Amount) {
        self.table().give(areas, amount);
    }

    /// Tells that `more` is now in a directory itself and `less` no longer. Within a turn.
    pub(super) fn settle(&self, dir: &VPath, more: Amount, less: Amount) {
        self.settle_taken(&Taken::new(), Amount::NONE, dir, more, less);
    }

    /// The same of what was taken before, which is given back in the same moment.
    pub(super) fn settle_taken(&self, areas: &Taken, taken: Amount, dir: &VPath, more: Amount, less: Amount) {
        let mut table = self.table();
        table.give(areas, taken);
        self.settle_in(&mut table, dir, more, less);
    }

    /// The same under a lock that is held.
    pub(super) fn settle_in(&self, table: &mut Table, dir: &VPath, more: Amount, less: Amount) {
        let areas = self.areas(table, dir);
        let was_there = table.walk.as_ref().is_some_and(|front| !front.will_visit(dir));
        for nth in areas {
            let area = &mut table.areas[nth];
            area.settled = (area.settled + more).less(less);
            if was_there {
                area.found = (area.found + more).less(less);
            }
        }
        table.forget();
    }

    /// What is left for what is in a directory.
    pub(super) fn room(&self, dir: &VPath) -> Room {
        let table = self.table();
        let room = |at: &VPath| match table.index.get(at) {
            Some(nth) => table.areas[*nth].room(),
            // Nothing was ever done there.
            None => Area::new(at.clone(), self.limit_at(at)).room(),
        };
        self.area_paths(dir).iter().fold(Room::default(), |all, at| all.and(room(at)))
    }

    /// Begins a walk; one that was begun before and not finished counts no more.
    pub(super) fn walk(&self) -> Walk<'_> {
        let mut table = self.table();
        for area in &mut table.areas {
            area.found = Amount::NONE;
        }
        table.walk = Some(Front { frames: Vec::new(), at_start: true, void: false });
        Walk { ledger: self }
    }
}

impl Table {
    /// Directories have other paths now: what a walk that runs has found means nothing.
    pub(super) fn void_walk(&mut self) {
        if let Some(front) = &mut self.walk {
            front.void = true;
        }
    }

    /// The area at a path, made where there is none.
    fn area(&mut self, at: &VPath) -> usize {
        if let Some(nth) = self.index.get(at) {
            return *nth;
        }
        self.areas.push(Area::new(at.clone(), Limit::default()));
        self.index.insert(at.clone(), self.areas.len() - 1);
        self.areas.len() - 1
    }

    fn take(&mut self, areas: &Taken, amount: Amount) -> Result<()> {
        areas.iter().try_for_each(|nth| self.areas[*nth].room().fits(amount))?;
        for nth in areas {
            self.areas[*nth].open += amount;
        }
        Ok(())
    }

    pub(super) fn give(&mut self, areas: &Taken, amount: Amount) {
        for nth in areas {
            self.areas[*nth].open = self.areas[*nth].open.less(amount);
        }
        self.forget();
    }

    /// Drops areas with nothing in them, the last ones: made for what did not come, as an upload into a directory
    /// that is not there. Who knows the number of one has taken something of it.
    pub(super) fn forget(&mut self) {
        while self.areas.len() > self.lasting && self.areas.last().is_some_and(Area::is_empty) {
            self.index.remove(&self.areas.pop().expect("the last").at);
        }
    }
}

/// A walk that runs. Dropped, what was known stays.
pub(super) struct Walk<'a> {
    ledger: &'a Ledger,
}

impl Walk<'_> {
    /// The next directory to look at.
    pub(super) fn next(&mut self) -> Option<VPath> {
        let mut table = self.ledger.table();
        let front = table.walk.as_mut().filter(|front| !front.void)?;
        if front.at_start {
            return Some(VPath::root());
        }
        while let Some((at, names)) = front.frames.last() {
            match names.last() {
                Some(name) => match at.child(name) {
                    Ok(dir) => return Some(dir),
                    // Too long a path for anybody.
                    Err(_) => front.pass(),
                },
                None => {
                    front.frames.pop();
                }
            }
        }
        None
    }

    /// Has a directory looked at while nothing else is done, and counts what is found.
    pub(super) fn look(&mut self, dir: &VPath, look: impl FnOnce() -> Result<(Amount, Tally)>) -> Result<()> {
        let _alone = self.ledger.alone();
        let looked = look();
        let mut table = self.ledger.table();
        let areas = self.ledger.areas(&mut table, dir);
        let Some(front) = &mut table.walk else { return Ok(()) };
        if front.at_start {
            front.at_start = false
        } else {
            front.pass()
        }
        let (freed, mut tally) = looked?;
        // The last is the next to be visited.
        tally.directories.reverse();
        front.frames.push((dir.clone(), tally.directories));
        for nth in areas {
            let area = &mut table.areas[nth];
            area.settled = area.settled.less(freed);
            area.found += tally.holds;
        }
        Ok(())
    }

    /// Takes what was found for what is there; gives what that is in all. `None`: it is void.
    pub(super) fn finish(self) -> Option<Amount> {
        let mut table = self.ledger.table();
        let front = table.walk.take()?;
        if front.void {
            return None;
        }
        for area in &mut table.areas {
            area.settled = area.found;
        }
        table.known = true;
        self.ledger.known.notify_all();
        Some(table.areas[0].settled)
    }
}

impl Drop for Walk<'_> {
    fn drop(&mut self) {
        self.ledger.table().walk = None;
    }
}

impl Front {
    /// Leaves the name behind that was next.
    fn pass(&mut self) {
        if let Some((_, names)) = self.frames.last_mut() {
            names.pop();
        }
    }
}
