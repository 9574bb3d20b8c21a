//! What a session looks at: facts, names, directories. Nothing changes and nothing is moved.

use super::Session;
use crate::audit::What;
use crate::holder::Shown;
use crate::rate::Meter;
use crate::rights::{Told, Verb};
use crate::{Refusal, advice, fold, sidecar};
#[cfg(doc)]
use store::Mode;
use store::{Cursor, Entry, Facts, Kind, Space, StoreError, VPath};

/// A directory being listed.
pub struct Listing {
    /// What is in it; hidden names are not. Dropped it tells how many names it gave.
    pub cursor: Box<dyn Cursor>,
    /// What the octets have to obey, where there is a rate: they are a download, without a transfer's place and event.
    pub meter: Option<Box<Meter>>,
}

impl Session {
    /// Lists a directory.
    pub fn list(&self, path: &VPath) -> Result<Listing, Refusal> {
        if let Some(done) = self.by_token(Verb::List, path, Session::list) {
            return done;
        }
        let whole = &*self.tree(Verb::List, path)?;
        let under = self.told(Verb::List, whole, || self.entries(path))?;
        let user = self.account().map(|account| account.name());
        let meter = self.0.gate.counters.listing(self.0.spot, user);
        let cursor = Box::new(Counted { under, session: self.clone(), path: whole.clone(), names: 0 });
        Ok(Listing { cursor, meter })
    }

    /// The same without an event: for what the server looks for by itself.
    pub(crate) fn entries(&self, path: &VPath) -> Result<Box<dyn Cursor>, Refusal> {
        let path = &*self.within(path)?;
        self.allow(Verb::List, path)?;
        let under = self.0.gate.store.list(path)?;
        Ok(Box::new(Visible { under, dir: path.clone(), session: self.clone() }))
    }

    /// Facts of a file or directory. A name that is not there is an event: FTP clients ask for the size
    /// first, and that is all the log would see of a mistyped name.
    pub fn stat(&self, path: &VPath) -> Result<Facts, Refusal> {
        if let Some(done) = self.by_token(Verb::Stat, path, Session::stat) {
            return done;
        }
        let path = &*self.tree(Verb::Stat, path)?;
        let store = &self.0.gate.store;
        let facts = match self.judge().told(path) {
            Told::Nothing => Err(Refusal::Absent),
            Told::Directories => {
                store.stat(path).ok().filter(|f| f.kind == Kind::Directory).ok_or(Refusal::Absent)
            }
            Told::All => match store.stat(path) {
                Err(StoreError::Absent) if self.0.gate.policy.digests => {
                    sidecar::stat(self, path).ok_or(Refusal::Absent)
                }
                facts => facts.map_err(Refusal::from),
            },
        };
        if let Err(why @ Refusal::Absent) = &facts {
            self.tell(What::Refused { verb: Verb::Stat, path: path.clone(), why: why.clone() });
        }
        facts
    }

    /// What a symbolic link names, as this peer calls it; `None`: it is none. One that leads out of the peer's root, or
    /// to what is not told, is refused as one that is absent. No event.
    pub fn read_link(&self, path: &VPath) -> Result<Option<VPath>, Refusal> {
        let path = &*self.within(path)?;
        self.allow(Verb::Stat, path)?;
        let Some(to) = self.0.gate.store.read_link(path)? else { return Ok(None) };
        self.allow(Verb::Stat, &to)?;
        to.below(&self.0.root).map(Some).ok_or(Refusal::Absent)
    }

    /// Octets of this user's interrupted upload, which [`Mode::Resume`] goes on with.
    pub fn partial(&self, path: &VPath) -> Option<u64> {
        let path = &*self.within(path).ok()?;
        self.allow(Verb::Write, path).ok().filter(|()| !self.judge().drops(path))?;
        self.0.gate.store.partial(path, self.0.owner.as_deref()?)
    }

    /// The space left for `path`.
    pub fn space(&self, path: &VPath) -> Result<Space, Refusal> {
        let path = &*self.within(path)?;
        self.allow(Verb::Stat, path)?;
        Ok(self.0.gate.store.space(path)?)
    }

    /// A name that is there and is like this one, which is not: for advice. Looks at some 2,000 entries
    /// at most.
    pub fn nearest(&self, path: &VPath) -> Option<VPath> {
        advice::nearest(self, path)
    }

    /// Whether a file or directory of this name is there for this peer. No event.
    pub fn has(&self, path: &VPath) -> bool {
        match self.shown(path) {
            Shown::Nothing => {}
            Shown::Unknown => return false,
            Shown::Grant(holder, path) => return holder.has(&path),
        }
        let Ok(path) = self.within(path) else { return false };
        let facts = |path| self.0.gate.store.stat(path);
        match self.judge().told(&path) {
            Told::All => facts(&path).is_ok(),
            Told::Directories => facts(&path).is_ok_and(|f| f.kind == Kind::Directory),
            Told::Nothing => false,
        }
    }

    /// Whether [`Session::read`] has something for this name: the file, or the digest of one. No event.
    pub fn offers(&self, path: &VPath) -> bool {
        match self.shown(path) {
            Shown::Nothing => {}
            Shown::Unknown => return false,
            Shown::Grant(holder, path) => return holder.offers(&path),
        }
        let Ok(path) = self.within(path) else { return false };
        let path = &*path;
        let digest = || self.0.gate.policy.digests && sidecar::stat(self, path).is_some();
        self.allow(Verb::Read, path).is_ok() && (self.0.gate.store.stat(path).is_ok() || digest())
    }

    /// What a name is called here when upper and lower case are one: the name itself where it is there
    /// or nothing is like it. Where several are like it, [`Refusal::Ambiguous`] names some.
    pub fn fold(&self, path: &VPath) -> Result<VPath, Refusal> {
        fold::fold(self, path)
    }
}

/// A listing that is told when it is over.
struct Counted {
    under: Box<dyn Cursor>,
    session: Session,
    path: VPath,
    names: u64,
}

impl Cursor for Counted {
    fn next(&mut self) -> store::Result<Vec<Entry>> {
        let batch = self.under.next()?;
        self.names += batch.len() as u64;
        Ok(batch)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.session.tell(What::Listed { path: self.path.clone(), names: self.names });
    }
}

/// A directory without the names that are not told.
struct Visible {
    under: Box<dyn Cursor>,
    /// Its name in the whole tree.
    dir: VPath,
    session: Session,
}

impl Cursor for Visible {
    fn next(&mut self) -> store::Result<Vec<Entry>> {
        let (judge, dir) = (self.session.judge(), &self.dir);
        let (show_hidden, tells_all) = (judge.policy.show_hidden, judge.tells_all());
        let is_told = |entry: &Entry| {
            tells_all
                || match dir.child(&entry.name).map_or(Told::Nothing, |path| judge.told(&path)) {
                    Told::All => true,
                    Told::Directories => entry.facts.kind == Kind::Directory,
                    Told::Nothing => false,
                }
        };
        loop {
            let mut batch = self.under.next()?;
            if batch.is_empty() {
                return Ok(batch);
            }
            batch.retain(|e| {
                !e.name.starts_with(store::RESERVED)
                    && (show_hidden || !e.name.starts_with(b"."))
                    && is_told(e)
            });
            // A batch of hidden names only is not the end.
            if !batch.is_empty() {
                return Ok(batch);
            }
        }
    }
}
