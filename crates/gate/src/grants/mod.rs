//! What the owner gives out for a while: one path, some rights, from some networks, so many times.
//!
//! Its secret (`token`) is a password for a login, and a component of a path where there is none (`/~TOKEN/…`).
//! A use is in the journal (`line`), durable, before the first octet. Several processes share one journal: each
//! looks what others wrote before it decides.
//!
//! A grant ends at a time of the wall clock. That clock may jump back; what is left of a grant does not grow by
//! it: within a process time goes on from where it was, and a new process begins no earlier than the last line of
//! the journal.

mod line;
mod spent;
#[cfg(test)]
mod tests;
pub(crate) mod token;

pub(crate) use spent::{Request, Spent};

use crate::watch::{Moment, Watch};
use crate::{Net, Right, Rights};
use line::Line;
use spent::Use;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
#[cfg(test)]
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};
use store::VPath;
use store::journal::{Found, Journal, JournalError};

/// How long a request that TFTP's client sends again costs nothing: as long as it is patient.
const REPEATS: Duration = Duration::from_secs(60);
/// A grant that is over is listed so long.
const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);
/// Lines that a journal may have beyond what is needed, before it is put together anew at an opening.
const SPARE: u64 = 1_000;
/// The most that count at once: each is some 300 octets.
const MOST: usize = 10_000;

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("grants")
    }
}

/// Something given out.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    id: String,
    hash: [u8; 32],
    made: SystemTime,
    until: SystemTime,
    uses: Option<u32>,
    rights: Rights,
    user: String,
    from: Vec<Net>,
    path: VPath,
}

/// What is to be given out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewGrant {
    /// This and whatever is below it, in the whole tree.
    pub path: VPath,
    /// What may be done: to read, list, create, write (which is also to create).
    pub rights: Rights,
    /// From where. None is nowhere.
    pub from: Vec<Net>,
    /// For how long.
    pub lasts: Duration,
    /// How many transfers; `None`: as many as one likes.
    pub uses: Option<u32>,
    /// The name to log in with; `None`: one is made.
    pub user: Option<String>,
}

/// Why there is no grant.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// It would let write, and nothing is written here.
    #[error("this server is read-only")]
    ReadOnly,
    /// There is no journal.
    #[error("this server has no state directory to keep them in")]
    Unkept,
    /// What was asked for is none.
    #[error("{0}")]
    Wrong(String),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// How a grant stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It can be used.
    Good,
    /// Its time is over.
    Expired,
    /// Every use was made.
    UsedUp,
    /// It was taken back.
    Revoked,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Standing::Good => "good",
            Standing::Expired => "expired",
            Standing::UsedUp => "used-up",
            Standing::Revoked => "revoked",
        })
    }
}

impl Grant {
    /// What it is called: no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// This and whatever is below it.
    pub fn path(&self) -> &VPath {
        &self.path
    }

    /// What may be done.
    pub fn rights(&self) -> Rights {
        self.rights
    }

    /// From where.
    pub fn from(&self) -> &[Net] {
        &self.from
    }

    /// When it ends.
    pub fn until(&self) -> SystemTime {
        self.until
    }

    /// How often in all.
    pub fn uses(&self) -> Option<u32> {
        self.uses
    }

    /// The name to log in with.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether `path` is what was given, or below it.
    pub(crate) fn covers(&self, path: &VPath) -> bool {
        path.is_within(&self.path)
    }

    /// What a path behind the token stands for: it begins with the last component of what was given.
    pub(crate) fn named(&self, rest: &[u8]) -> Option<VPath> {
        let below = if self.path.is_root() {
            rest
        } else {
            let after = rest.strip_prefix(self.path.name())?;
            match after.strip_prefix(b"/") {
                Some(below) => below,
                None if after.is_empty() => after,
                None => return None,
            }
        };
        self.path.resolve(below).ok().filter(|path| self.covers(path))
    }
}

/// Its secret is not in it, and what is kept of that is not shown.
impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "grant {} {} {:?}", self.id, self.rights, self.path)
    }
}

/// All grants of a server.
pub struct Grants {
    // Guards journal and state; held while a line is written, which waits for the disk.
    kept: Mutex<Kept>,
    // Guards the uses: the requests of TFTP that may be sent again, since when, and who is in each use. Never held
    // while something is waited for.
    open: Mutex<HashMap<Request, (Instant, Use)>>,
    watch: Watch,
    /// Uses that are given back and not written down yet.
    #[cfg(test)]
    pub(crate) pending: AtomicUsize,
}

struct Kept {
    journal: Journal,
    state: State,
    began: Moment,
}

#[derive(Default)]
struct State {
    grants: HashMap<String, Entry>,
    by_hash: HashMap<[u8; 32], String>,
    /// How many were ever made.
    made: u64,
    /// The latest time that a line tells.
    latest: Option<SystemTime>,
}

struct Entry {
    /// In which order they were made.
    nth: u64,
    grant: Arc<Grant>,
    used: u32,
    revoked: bool,
}

impl Grants {
    /// Opens the journal, making it where there is none.
    pub fn open(path: &Path) -> Result<Arc<Grants>, JournalError> {
        Grants::watched(path, Watch::default())
    }

    /// The same, by this clock.
    pub(crate) fn watched(path: &Path, watch: Watch) -> Result<Arc<Grants>, JournalError> {
        let now = watch.now();
        Grants::opened(path, watch, now)
    }

    fn opened(path: &Path, watch: Watch, now: Moment) -> Result<Arc<Grants>, JournalError> {
        let mut state = State::default();
        let mut journal = Journal::open(path, &mut |found| state.fold(found))?;
        let wall = state.latest.map_or(now.wall, |latest| latest.max(now.wall));
        let mut kept = Kept { began: Moment { wall, steady: now.steady }, state: State::default(), journal };
        state.forget(kept.time(now));
        if kept.journal.lines() > state.needed() + SPARE {
            let lines = state.lines();
            // What others wrote since is in no line of these: then it is left as it is.
            let mut news = false;
            let held = kept.journal.hold(&mut |_| news = true)?;
            if news {
                // Two locks of one process wait for each other.
                drop(held);
                return Grants::opened(path, watch, now);
            }
            held.compact(lines)?;
        }
        journal = kept.journal;
        let kept = Kept { state, journal, began: kept.began };
        Ok(Arc::new(Grants {
            kept: Mutex::new(kept),
            open: Mutex::default(),
            watch,
            #[cfg(test)]
            pending: AtomicUsize::new(0),
        }))
    }

    /// Makes one; the text is its secret, which is told once and not kept.
    pub fn make(&self, new: &NewGrant) -> Result<(Arc<Grant>, String), GrantError> {
        self.made(new, self.watch.now())
    }

    fn made(&self, new: &NewGrant, now: Moment) -> Result<(Arc<Grant>, String), GrantError> {
        let rights = checked(new)?;
        let mut kept = self.lock();
        let time = kept.time(now);
        let until =
            time.checked_add(new.lasts).ok_or_else(|| GrantError::Wrong("that is too long".into()))?;
        let (token, id) = (token::fresh(), token::characters(6));
        let user = new.user.clone().unwrap_or_else(|| format!("grant-{id}"));
        crate::Account::new(&user).map_err(|why| GrantError::Wrong(format!("user '{user}': {why}")))?;
        let grant = Grant {
            hash: token::hash(token.as_bytes()),
            id,
            made: line::whole(time),
            until: line::whole(until),
            uses: new.uses,
            rights,
            user,
            from: new.from.clone(),
            path: new.path.clone(),
        };
        let Kept { journal, state, .. } = &mut *kept;
        let mut held = journal.hold(&mut |found| state.fold(found))?;
        state.forget(time);
        if state.grants.len() >= MOST {
            return Err(GrantError::Wrong(format!(
                "there are {MOST} grants: revoke some, or wait until they end"
            )));
        }
        let line = Line::Made(Box::new(grant));
        held.append(&line.write())?;
        drop(held);
        let Line::Made(grant) = &line else { unreachable!("made so above") };
        let id = grant.id.clone();
        state.take(line);
        Ok((state.grants[&id].grant.clone(), token))
    }

    /// Each with how often it was used and how it stands, the oldest first.
    pub fn list(&self) -> Result<Vec<(Arc<Grant>, u32, Standing)>, JournalError> {
        let mut kept = self.lock();
        kept.news()?;
        let time = kept.time(self.watch.now());
        kept.state.forget(time);
        let mut all: Vec<_> =
            kept.state.grants.values().map(|e| (e.nth, e.grant.clone(), e.used, e.standing(time))).collect();
        all.sort_by_key(|(nth, ..)| *nth);
        Ok(all.into_iter().map(|(_, grant, used, standing)| (grant, used, standing)).collect())
    }

    /// Takes one back, for good; whether there is such a one.
    pub fn revoke(&self, id: &str) -> Result<bool, JournalError> {
        let mut kept = self.lock();
        let at = kept.time(self.watch.now());
        let Kept { journal, state, .. } = &mut *kept;
        let mut held = journal.hold(&mut |found| state.fold(found))?;
        if !state.grants.contains_key(id) {
            return Ok(false);
        }
        let line = Line::Revoked { id: id.to_owned(), at };
        held.append(&line.write())?;
        drop(held);
        state.take(line);
        Ok(true)
    }

    /// The grant of this secret, if it can be used from this address now.
    /// One that is used up is found only for a request that may have been sent again.
    pub(crate) fn find(&self, token: &[u8], address: IpAddr, repeats: bool) -> Option<Arc<Grant>> {
        self.found(token, address, repeats, self.watch.now())
    }

    fn found(&self, secret: &[u8], address: IpAddr, repeats: bool, now: Moment) -> Option<Arc<Grant>> {
        if !token::is_like(secret) {
            return None;
        }
        let hash = token::hash(secret);
        let mut kept = self.lock();
        if !kept.state.by_hash.contains_key(&hash) {
            // Perhaps another process made it. One that cannot look knows none.
            kept.news().ok()?;
        }
        let time = kept.time(now);
        let entry = kept.state.grants.get(kept.state.by_hash.get(&hash)?)?;
        let good = match entry.standing(time) {
            Standing::Good => true,
            Standing::UsedUp => repeats,
            Standing::Expired | Standing::Revoked => false,
        };
        let grant = entry.grant.clone();
        (good && grant.from.iter().any(|net| net.holds(address))).then_some(grant)
    }

    /// Uses a grant once, durably; `repeats`: the same request may come again and costs nothing then. `None`:
    /// it is over, used up or taken back.
    pub(crate) fn spend(
        self: &Arc<Self>,
        request: Request,
        repeats: bool,
    ) -> Result<Option<Spent>, JournalError> {
        self.spent(request, repeats, self.watch.now())
    }

    fn spent(
        self: &Arc<Self>,
        request: Request,
        repeats: bool,
        now: Moment,
    ) -> Result<Option<Spent>, JournalError> {
        let mut kept = self.lock();
        let at = kept.time(now);
        let Kept { journal, state, .. } = &mut *kept;
        let mut held = journal.hold(&mut |found| state.fold(found))?;
        let Some(entry) = state.grants.get(&request.grant) else { return Ok(None) };
        let again = repeats.then(|| self.again(&request, now)).flatten();
        match (entry.standing(at), &again) {
            (Standing::Good, _) | (Standing::UsedUp, Some(_)) => {}
            (Standing::UsedUp, None) | (Standing::Expired | Standing::Revoked, _) => return Ok(None),
        }
        let left = |state: &State| state.grants.get(&request.grant).and_then(Entry::left);
        if let Some(mut again) = again {
            again.left = left(state);
            return Ok(Some(again));
        }
        let line = Line::Used { id: request.grant.clone(), at };
        held.append(&line.write())?;
        state.take(line);
        let of = Use::first();
        if repeats {
            self.repeatable().insert(request.clone(), (now.steady, of.clone()));
        }
        drop(held);
        let left = left(state);
        Ok(Some(Spent::first(self, request, of, left)))
    }

    /// How long a grant can still be used.
    pub(crate) fn is_good(&self, id: &str) -> bool {
        let kept = self.lock();
        let time = kept.time(self.watch.now());
        kept.state.grants.get(id).is_some_and(|e| match e.standing(time) {
            Standing::Good | Standing::UsedUp => true,
            Standing::Expired | Standing::Revoked => false,
        })
    }

    /// Whether a use is left, as far as this process knows: whoever wants it looks what others wrote.
    pub(crate) fn has_uses(&self, id: &str) -> bool {
        self.lock().state.grants.get(id).is_some_and(|entry| entry.left() != Some(0))
    }

    fn repeatable(&self) -> MutexGuard<'_, HashMap<Request, (Instant, Use)>> {
        self.open.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Kept {
    /// What the wall clock says, but never less than time went on since the start.
    fn time(&self, now: Moment) -> SystemTime {
        let went_on = now.steady.saturating_duration_since(self.began.steady);
        self.began.wall.checked_add(went_on).map_or(now.wall, |least| least.max(now.wall))
    }

    fn news(&mut self) -> Result<(), JournalError> {
        let Kept { journal, state, .. } = self;
        journal.hold(&mut |found| state.fold(found)).map(drop)
    }
}

impl State {
    fn fold(&mut self, found: Found<'_>) {
        match found {
            Found::Anew => {
                *self = State::default();
            }
            // A line of a later version says nothing that this one could keep.
            Found::Line(text) => {
                if let Some(line) = Line::read(text) {
                    self.take(line);
                }
            }
        }
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Made(grant) => {
                self.see(grant.made);
                self.by_hash.insert(grant.hash, grant.id.clone());
                let id = grant.id.clone();
                let nth = self.made;
                self.made += 1;
                self.grants.insert(id, Entry { nth, grant: Arc::new(*grant), used: 0, revoked: false });
            }
            Line::Used { id, at } => {
                self.see(at);
                if let Some(entry) = self.grants.get_mut(&id) {
                    entry.used = entry.used.saturating_add(1);
                }
            }
            Line::Back { id } => {
                if let Some(entry) = self.grants.get_mut(&id) {
                    entry.used = entry.used.saturating_sub(1);
                }
            }
            Line::Revoked { id, at } => {
                self.see(at);
                if let Some(entry) = self.grants.get_mut(&id) {
                    entry.revoked = true;
                }
            }
        }
    }

    fn see(&mut self, at: SystemTime) {
        self.latest = Some(self.latest.map_or(at, |latest| latest.max(at)));
    }

    /// Forgets what was over long ago.
    fn forget(&mut self, time: SystemTime) {
        let is_kept = |e: &Entry| e.grant.until.checked_add(REMEMBERED).is_none_or(|end| time < end);
        self.grants.retain(|_, entry| is_kept(entry));
        let grants = &self.grants;
        self.by_hash.retain(|_, id| grants.contains_key(id));
    }

    /// Lines that say all that counts.
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut entries: Vec<&Entry> = self.grants.values().collect();
        entries.sort_by_key(|e| e.nth);
        for entry in entries {
            let (id, at) = (entry.grant.id.clone(), self.latest.unwrap_or(entry.grant.made));
            lines.push(Line::Made(Box::new((*entry.grant).clone())).write());
            lines.extend((0..entry.used).map(|_| Line::Used { id: id.clone(), at }.write()));
            lines.extend(entry.revoked.then(|| Line::Revoked { id: id.clone(), at }.write()));
        }
        lines
    }

    fn needed(&self) -> u64 {
        self.grants.values().map(|e| 1 + u64::from(e.used) + u64::from(e.revoked)).sum()
    }
}

impl Entry {
    fn standing(&self, time: SystemTime) -> Standing {
        if self.revoked {
            Standing::Revoked
        } else if time >= self.grant.until {
            Standing::Expired
        } else if self.left() == Some(0) {
            Standing::UsedUp
        } else {
            Standing::Good
        }
    }

    fn left(&self) -> Option<u32> {
        self.grant.uses.map(|uses| uses.saturating_sub(self.used))
    }
}

/// The rights of a new grant.
fn checked(new: &NewGrant) -> Result<Rights, GrantError> {
    let wrong = |why: &str| Err(GrantError::Wrong(why.to_owned()));
    let takes = [Right::Delete, Right::Rename].into_iter().find(|r| new.rights.has(*r));
    if let Some(right) = takes {
        return wrong(&format!(
            "a grant is for transfers: it cannot be to {right}; give a user that right by a rule"
        ));
    }
    if new.rights == Rights::NONE {
        return wrong("a grant of nothing: give it read, list, create or write");
    }
    if new.from.is_empty() {
        return wrong("a grant says from where: name a network or an address");
    }
    if new.uses == Some(0) {
        return wrong("a grant of no uses: give it one or more");
    }
    if new.path.is_hidden() || new.path.is_reserved() {
        return wrong("hidden names are not there, also for a grant");
    }
    let writes = new.rights.has(Right::Write);
    Ok(if writes { new.rights.and(Right::Create) } else { new.rights })
}
