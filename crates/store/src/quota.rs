//! A store that holds no more than so much: of octets and of files, in all and in parts of it.
//!
//! What counts is what a walk over the tree finds: files, directories, partials and versions; an upload that
//! runs counts beside that for what it has brought, and for one file from its beginning. While a file is
//! replaced both the old and the new one count. An upload that grows beyond what is left fails with
//! [`QuotaExceeded`](std::io::ErrorKind::QuotaExceeded), and [`Store::space`] tells what is left, so that one
//! that announces its size is refused before its first octet. Of uploads that come at once none gets what
//! another has taken.
//!
//! A new quota knows nothing: until it is told what was [saved](Quota::take_saved) or has
//! [walked](Quota::walk) the tree, whatever would add to it is [`StoreError::Counting`]. A walk runs beside
//! everything else: it looks at one directory at a time, and what is done meanwhile counts once, whether the
//! walk has been there or not. What other programs do in the tree is seen by the next walk.

mod counted;
mod ledger;
mod moving;
mod saved;
#[cfg(test)]
mod tests;

use crate::{
    Amount, Blob, Capabilities, Cursor, Facts, Kind, Mode, Result, Space, Stamp, Store, StoreError, Tally,
    Target, Upload, VPath, Version,
};
use counted::Counted;
use ledger::Ledger;
use moving::Move;
pub use saved::{BadSaved, Saved};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How much there may be.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Limit {
    /// Octets; `None`: any number.
    pub octets: Option<u64>,
    /// Files and directories; `None`: any number.
    pub files: Option<u64>,
}

/// What a limit is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ration {
    /// A directory: whatever is below it counts.
    pub at: VPath,
    /// Not the directory, but each of the directories in it has the limit: one for each user.
    pub each: bool,
    /// How much.
    pub limit: Limit,
}

/// A store with a quota. Clones share it.
#[derive(Clone)]
pub struct Quota(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    ledger: Ledger,
    /// How long whoever adds something waits until it is known what is there.
    patience: Duration,
}

impl Inner {
    /// Waits for the first count, for a while. Before a turn is taken: the count needs all of them.
    fn wait(&self) {
        self.ledger.wait_until_known(self.patience);
    }
}

/// Why a walk has no result.
#[derive(Debug, thiserror::Error)]
pub enum NoWalk {
    /// Whoever asked for it wants it no more.
    #[error("stopped")]
    Stopped,
    /// Directories were renamed under it again and again.
    #[error("directories were moved while they were counted")]
    Moved,
    /// A directory could not be read.
    #[error("{at} cannot be counted: {why}")]
    Unread {
        /// Which.
        at: VPath,
        /// Why.
        why: StoreError,
    },
}

/// Walks begun again because a directory was renamed meanwhile.
const AGAIN: usize = 8;

impl Quota {
    /// Limits `store`; what is there is not known yet.
    pub fn new(store: Arc<dyn Store>, rations: Vec<Ration>) -> Quota {
        Quota::patient(store, rations, Duration::ZERO)
    }

    /// The same; whoever adds something before it is known what is there waits so long for the count that runs,
    /// before it is [`StoreError::Counting`].
    pub fn patient(store: Arc<dyn Store>, rations: Vec<Ration>, patience: Duration) -> Quota {
        Quota(Arc::new(Inner { store, ledger: Ledger::new(rations), patience }))
    }

    /// The same with one limit for all of it, counted now, which reads every directory.
    pub fn counted(store: Arc<dyn Store>, limit: Limit) -> Result<Quota, NoWalk> {
        let quota = Quota::new(store, vec![Ration { at: VPath::root(), each: false, limit }]);
        quota.walk(false, &|| true)?;
        Ok(quota)
    }

    /// Counts what is there, one directory after the other, and corrects what was known; with `tidy` has the
    /// store tidy each directory up before. Reads every directory; stops soon when `go_on` says so.
    ///
    /// Gives what the whole store holds. Without a result what was known stays.
    pub fn walk(&self, tidy: bool, go_on: &dyn Fn() -> bool) -> Result<Amount, NoWalk> {
        for _ in 0..AGAIN {
            if let Some(found) = self.0.walk_once(tidy, go_on)? {
                return Ok(found);
            }
        }
        Err(NoWalk::Moved)
    }

    /// Whether it is known what is there.
    pub fn is_known(&self) -> bool {
        self.0.ledger.is_known()
    }

    /// What is there, running uploads too. `None`: it is not known yet.
    pub fn used(&self) -> Option<Amount> {
        self.0.ledger.used()
    }

    /// Takes what a former process saved for what is there, until a walk corrects it.
    pub fn take_saved(&self, saved: &Saved) {
        self.0.ledger.take_saved(saved);
    }

    /// What is there now, to be saved: without the uploads that run, which end with the process. `None`: it is
    /// not known yet.
    pub fn to_save(&self) -> Option<Saved> {
        self.0.ledger.to_save()
    }
}

impl Inner {
    fn walk_once(&self, tidy: bool, go_on: &dyn Fn() -> bool) -> Result<Option<Amount>, NoWalk> {
        let mut walk = self.ledger.walk();
        while let Some(dir) = walk.next() {
            if !go_on() {
                return Err(NoWalk::Stopped);
            }
            let looked = walk.look(&dir, || {
                let freed = if tidy { self.store.tidy(&dir)? } else { Amount::NONE };
                Ok((freed, self.store.tally(&dir)?))
            });
            match looked {
                // It was removed since its name was read; or was never there, for the root of a whole store.
                Ok(()) | Err(StoreError::Absent | StoreError::NotDirectory) => {}
                // Nobody can put anything there or count it.
                Err(StoreError::Denied) if !dir.is_root() => {}
                Err(why) => return Err(NoWalk::Unread { at: dir, why }),
            }
        }
        Ok(walk.finish())
    }
}

impl Store for Quota {
    fn capabilities(&self) -> Capabilities {
        self.0.store.capabilities()
    }

    fn capabilities_at(&self, path: &VPath) -> Capabilities {
        self.0.store.capabilities_at(path)
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        self.0.store.stat(path)
    }

    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        self.0.store.list(path)
    }

    fn open(&self, path: &VPath) -> Result<Blob> {
        self.0.store.open(path)
    }

    fn open_now(&self, path: &VPath) -> Option<Blob> {
        self.0.store.open_now(path)
    }

    fn create(&self, path: &VPath, mode: Mode, owner: &str) -> Result<Box<dyn Upload>> {
        Counted::begin(&self.0, path, mode, owner)
    }

    fn partial(&self, path: &VPath, owner: &str) -> Option<u64> {
        self.0.store.partial(path, owner)
    }

    fn rename_to(&self, from: &VPath, to: &VPath, target: Target) -> Result<Amount> {
        let (store, ledger) = (&self.0.store, &self.0.ledger);
        let (old, new) = (from.parent(), to.parent());
        let is_same = ledger.is_same_under(from, to);
        if old != new && !is_same {
            self.0.wait();
        }
        let turn = ledger.turn();
        let facts = match store.stat(from) {
            Ok(facts) if old != new || facts.kind == Kind::Directory => facts,
            Err(why) if old != new => return Err(why),
            // Whatever is no directory moves nothing within one; also a link that leads nowhere.
            Ok(_) | Err(_) => {
                let gone = store.rename_to(from, to, target)?;
                ledger.settle(&new, Amount::NONE, gone);
                return Ok(gone);
            }
        };
        // What is in a directory that comes under other limits: nothing must come or go while it is counted.
        let (_turn, _alone, facts) = if facts.kind == Kind::Directory && !is_same {
            drop(turn);
            if old == new {
                self.0.wait();
            }
            let alone = ledger.alone();
            (None, Some(alone), store.stat(from)?)
        } else {
            (Some(turn), None, facts)
        };
        let moves = match facts.kind {
            Kind::File => vec![Move { old, new: new.clone(), amount: Amount::file(facts.len) }],
            Kind::Directory => {
                let mut moves = if is_same { Vec::new() } else { self.0.below(from, to)? };
                moves.push(Move { old, new: new.clone(), amount: Amount::DIRECTORY });
                moves
            }
        };
        let moving = ledger.take_moves(from, to, moves)?;
        let gone = match store.rename_to(from, to, target) {
            Ok(gone) => gone,
            Err(why) => {
                ledger.give_moves(&moving);
                return Err(why);
            }
        };
        ledger.settle_moves(moving, (&new, gone));
        if facts.kind == Kind::Directory {
            ledger.moved_a_directory(from, to);
        }
        Ok(gone)
    }

    fn remove(&self, path: &VPath) -> Result<Amount> {
        let _turn = self.0.ledger.turn();
        let gone = self.0.store.remove(path)?;
        self.0.ledger.settle(&path.parent(), Amount::NONE, gone);
        Ok(gone)
    }

    fn make_dir(&self, path: &VPath) -> Result<()> {
        let ledger = &self.0.ledger;
        let dir = path.parent();
        self.0.wait();
        let _turn = ledger.turn();
        let taken = ledger.take(&dir, Amount::DIRECTORY)?;
        if let Err(why) = self.0.store.make_dir(path) {
            ledger.give(&taken, Amount::DIRECTORY);
            return Err(why);
        }
        ledger.settle_taken(&taken, Amount::DIRECTORY, &dir, Amount::DIRECTORY, Amount::NONE);
        Ok(())
    }

    fn remove_dir(&self, path: &VPath) -> Result<Amount> {
        let _turn = self.0.ledger.turn();
        let gone = self.0.store.remove_dir(path)?;
        // Its partials were counted in it, itself in the directory above.
        self.0.ledger.settle(&path.parent(), Amount::NONE, Amount::DIRECTORY);
        self.0.ledger.settle(path, Amount::NONE, gone.less(Amount::DIRECTORY));
        Ok(gone)
    }

    fn set_modified(&self, path: &VPath, to: SystemTime) -> Result<()> {
        self.0.store.set_modified(path, to)
    }

    fn set_mode(&self, path: &VPath, mode: u32) -> Result<()> {
        self.0.store.set_mode(path, mode)
    }

    /// A second name counts as another file of so many octets, as a walk counts it.
    fn link(&self, from: &VPath, to: &VPath) -> Result<()> {
        let (ledger, dir) = (&self.0.ledger, to.parent());
        self.0.wait();
        let _turn = ledger.turn();
        let more = Amount::file(self.0.store.stat(from)?.len);
        let taken = ledger.take(&dir, more)?;
        if let Err(why) = self.0.store.link(from, to) {
            ledger.give(&taken, more);
            return Err(why);
        }
        ledger.settle_taken(&taken, more, &dir, more, Amount::NONE);
        Ok(())
    }

    fn symlink(&self, path: &VPath, to: &VPath) -> Result<()> {
        self.0.store.symlink(path, to)
    }

    fn read_link(&self, path: &VPath) -> Result<Option<VPath>> {
        self.0.store.read_link(path)
    }

    fn space(&self, path: &VPath) -> Result<Space> {
        let space = self.0.store.space(path)?;
        Ok(self.0.ledger.room(&path.parent()).within(space))
    }

    fn tally(&self, dir: &VPath) -> Result<Tally> {
        self.0.store.tally(dir)
    }

    fn tidy(&self, dir: &VPath) -> Result<Amount> {
        let _turn = self.0.ledger.turn();
        let freed = self.0.store.tidy(dir)?;
        self.0.ledger.settle(dir, Amount::NONE, freed);
        Ok(freed)
    }

    fn versions(&self, path: &VPath) -> Result<Vec<Version>> {
        self.0.store.versions(path)
    }

    fn versioned(&self, dir: &VPath) -> Result<Vec<Vec<u8>>> {
        self.0.store.versioned(dir)
    }

    fn open_version(&self, path: &VPath, stamp: Stamp) -> Result<Blob> {
        self.0.store.open_version(path, stamp)
    }
}

impl Inner {
    /// What a directory and each below it holds itself, moved to where it is to be; without versions, which stay.
    fn below(&self, from: &VPath, to: &VPath) -> Result<Vec<Move>> {
        let (mut moves, mut waiting) = (Vec::new(), vec![from.clone()]);
        while let Some(old) = waiting.pop() {
            let tally = self.store.tally(&old)?;
            let inside = tally.directories.iter().filter_map(|name| old.child(name).ok());
            waiting.extend(inside.filter(|path| self.store.stat(path).is_ok()));
            let rest = old.below(from).unwrap_or_else(VPath::root);
            let new = rest.under(to).map_err(|_| StoreError::Denied)?;
            moves.push(Move { old, new, amount: tally.holds.less(tally.versions) });
        }
        Ok(moves)
    }
}
