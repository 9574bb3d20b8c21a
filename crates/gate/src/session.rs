mod change;
mod look;

use crate::audit::{By, From, What};
use crate::counters::{Lease, Spot};
use crate::rate::Meter;
use crate::rights::{Decision, Judge, Old, Verb, Who, Why};
use crate::rules::{Concern, Right, Subject};
use crate::transfer::Record;
use crate::{
    Account, Credentials, Digests, Direction, Gate, Grant, Knock, Protocol, Reading, Refusal, Security,
    Writing, sidecar,
};
use bytes::Bytes;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{Blob, Mode, StoreError, Upload, VPath};

pub use look::Listing;

/// A peer that was let in. Cheap to clone; its place is given back when the last clone and the last of
/// its transfers are gone.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

pub(crate) struct Inner {
    gate: Arc<Gate>,
    from: From,
    security: Security,
    who: Who,
    /// What `/` is for this peer, in the whole tree. Whatever it names lies below, and what it is told is
    /// counted from here; rows of rights and uploads, and events, are about the whole tree's paths.
    root: VPath,
    /// The rules that can concern this peer.
    concern: Concern,
    /// Keys the hidden partials; `None`: keeps none.
    owner: Option<String>,
    spot: Spot,
    kicked: AtomicBool,
    part: Part,
    _lease: Option<Lease>,
}

/// What a session is of what was let in.
enum Part {
    /// All of it.
    Whole,
    /// A part of this session, with its number and place: the holder of a grant whose token it showed, or what it does
    /// over another protocol.
    Of(Session),
    /// Nobody was let in: somebody wants to know what would be if.
    Imagined,
}

impl Inner {
    pub(crate) fn from(&self) -> &From {
        &self.from
    }

    pub(crate) fn who(&self) -> &Who {
        &self.who
    }

    /// Whose it is, as partials have it.
    pub(crate) fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    pub(crate) fn peer(&self) -> SocketAddr {
        self.from.peer
    }

    pub(crate) fn kick(&self, by: &By) {
        if !self.kicked.swap(true, Ordering::AcqRel) {
            self.gate.queue.push(&self.from, What::Kicked { by: by.clone() });
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        match self.part {
            Part::Whole => {}
            Part::Of(_) | Part::Imagined => return,
        }
        self.gate.live.remove(self.from.session);
        if self.gate.tells_session(self.from.protocol) {
            self.gate.queue.push(&self.from, What::Left);
        }
    }
}

/// A transfer's place, and the rate that it has to keep; dropping it gives the place back.
pub(crate) struct TransferLease {
    pub(crate) session: Session,
    pub(crate) meter: Option<Box<Meter>>,
}

impl Drop for TransferLease {
    fn drop(&mut self) {
        let user = self.session.account().map(|account| account.name());
        self.session.0.gate.counters.transfer_over(self.session.0.spot, user);
    }
}

/// What an upload is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ask {
    /// How it begins.
    pub mode: Mode,
    /// Octets that this transfer will bring, where the peer said (`tsize`, `ALLO`).
    pub expected: Option<u64>,
}

impl Session {
    pub(crate) fn new(
        gate: Arc<Gate>,
        id: u64,
        knock: &Knock,
        who: Who,
        root: VPath,
        spot: Spot,
        lease: Option<Lease>,
    ) -> Session {
        let (user, owner) = match &who {
            Who::Nobody => (None, None),
            // Anonymous is many: an address goes on only with its own.
            Who::Anonymous => (
                Some(String::from("anonymous")),
                Some(format!("anonymous {}", knock.peer.ip().to_canonical())),
            ),
            Who::User(account) => (Some(account.name().to_owned()), Some(format!("user {account}"))),
            Who::Grant(grant) => (Some(grant.user().to_owned()), None),
        };
        let from = From { session: id, protocol: knock.protocol, peer: knock.peer, user };
        if gate.tells_session(from.protocol) {
            gate.queue.push(&from, What::Admitted);
        }
        let (address, protocol, security) = (knock.peer.ip(), knock.protocol, knock.security);
        let concern = gate.policy.rules.concern(&Subject { who: &who, address, protocol, security });
        match who {
            Who::Nobody => {}
            Who::Anonymous | Who::User(_) | Who::Grant(_) => {
                let key = match &knock.credentials {
                    Credentials::Key { key, .. } => Some(key.told()),
                    Credentials::None | Credentials::Anonymous { .. } | Credentials::Password { .. } => {
                        knock.certificate.as_deref().map(str::to_owned)
                    }
                };
                gate.queue.push(
                    &from,
                    What::LoggedIn { key, security: knock.security, agreed: knock.agreed.clone() },
                );
            }
        }
        let kicked = AtomicBool::new(false);
        let inner = Arc::new(Inner {
            gate,
            from,
            security,
            who,
            root,
            concern,
            owner,
            spot,
            kicked,
            part: Part::Whole,
            _lease: lease,
        });
        inner.gate.live.add(id, Arc::downgrade(&inner));
        Session(inner)
    }

    /// What a session would be, without its place and its events.
    pub(crate) fn imagined(
        gate: Arc<Gate>,
        from: From,
        security: Security,
        who: Who,
        root: VPath,
    ) -> Session {
        let (address, protocol) = (from.peer.ip(), from.protocol);
        let concern = gate.policy.rules.concern(&Subject { who: &who, address, protocol, security });
        let (spot, kicked) = (gate.counters.spot(address), AtomicBool::new(false));
        let part = Part::Imagined;
        Session(Arc::new(Inner {
            gate,
            from,
            security,
            who,
            root,
            concern,
            owner: None,
            spot,
            kicked,
            part,
            _lease: None,
        }))
    }

    /// The session of whoever has this grant's secret: this one shows it with a name. It is a part of this one,
    /// and has its number and place.
    pub(crate) fn holding(&self, grant: Arc<Grant>) -> Session {
        let Inner { gate, from, security, concern, spot, .. } = &*self.0;
        Session(Arc::new(Inner {
            gate: gate.clone(),
            from: From { user: Some(grant.user().to_owned()), ..from.clone() },
            security: *security,
            who: Who::Grant(grant),
            root: VPath::root(),
            concern: concern.clone(),
            owner: None,
            spot: *spot,
            kicked: AtomicBool::new(false),
            part: Part::Of(self.clone()),
            _lease: None,
        }))
    }

    /// What this peer does over another protocol of the same connection (SCP beside SFTP): the rules of that hold for
    /// it. It is a part of this session, and has its number and place; dropping it ends nothing else.
    pub fn over(&self, protocol: Protocol) -> Session {
        let Inner { gate, from, security, who, root, owner, spot, .. } = &*self.0;
        let (address, security) = (from.peer.ip(), *security);
        let concern = gate.policy.rules.concern(&Subject { who, address, protocol, security });
        Session(Arc::new(Inner {
            gate: gate.clone(),
            from: From { protocol, ..from.clone() },
            security,
            who: who.clone(),
            root: root.clone(),
            concern,
            owner: owner.clone(),
            spot: *spot,
            kicked: AtomicBool::new(false),
            part: Part::Of(self.clone()),
            _lease: None,
        }))
    }

    /// The grant that this session has.
    pub(crate) fn grant(&self) -> Option<&Arc<Grant>> {
        match &self.0.who {
            Who::Grant(grant) => Some(grant),
            Who::Nobody | Who::Anonymous | Who::User(_) => None,
        }
    }

    /// Whose events these are.
    pub(crate) fn from(&self) -> &From {
        &self.0.from
    }

    /// Whether the owner wants it to end ([`Gate::kick`]). Its driver obeys within a second.
    pub fn is_kicked(&self) -> bool {
        self.0.kicked.load(Ordering::Acquire)
            || match &self.0.part {
                Part::Of(session) => session.is_kicked(),
                Part::Whole | Part::Imagined => false,
            }
    }

    /// Takes a place for a transfer.
    pub(crate) fn lease(&self, dir: Direction) -> Result<TransferLease, Refusal> {
        let user = self.account().map(|account| account.name());
        let meter = self.0.gate.counters.transfer(self.0.spot, user, dir).map_err(Refusal::TooMany)?;
        Ok(TransferLease { session: self.clone(), meter })
    }

    /// The session's number in the events.
    pub fn id(&self) -> u64 {
        self.0.from.session
    }

    /// The user's name, `anonymous`, or none for TFTP.
    pub fn user(&self) -> Option<&str> {
        self.0.from.user.as_deref()
    }

    /// The account of a user whose credentials were right: name and groups. `None` for TFTP and anonymous.
    pub fn account(&self) -> Option<&Arc<Account>> {
        match &self.0.who {
            Who::User(account) => Some(account),
            Who::Nobody | Who::Anonymous | Who::Grant(_) => None,
        }
    }

    /// Whether any upload is allowed at all.
    pub fn may_write(&self) -> bool {
        self.0.gate.policy.write && self.0.gate.store.capabilities().write
    }

    /// Opens a file for reading. The digest of a file (`NAME.md5`) that is not there and not known yet takes
    /// as long as reading that file.
    pub fn read(&self, path: &VPath) -> Result<Reading, Refusal> {
        if let Some(done) = self.by_token(Verb::Read, path, Session::read) {
            return done;
        }
        let path = &*self.tree(Verb::Read, path)?;
        self.told(Verb::Read, path, || {
            self.allow(Verb::Read, path)?;
            let lease = self.lease(Direction::Read)?;
            let blob = match self.0.gate.store.open(path) {
                Err(StoreError::Absent) if self.0.gate.policy.digests => {
                    sidecar::open(self, path)?.ok_or(Refusal::Absent)?
                }
                blob => blob?,
            };
            let len = Some(blob.len());
            Ok(Reading::new(blob, Record::start(lease, path, Direction::Read, len)?))
        })
    }

    /// Opens a file for reading like [`Session::read`] where that takes no waiting for a disk. `None` where it
    /// may, and for every refusal: `read` says then which it is, and tells it.
    pub fn read_now(&self, path: &VPath) -> Option<Reading> {
        if self.waits_for_grants(path) {
            return None;
        }
        let path = &*self.within(path).ok()?;
        self.allow(Verb::Read, path).ok()?;
        let lease = self.lease(Direction::Read).ok()?;
        let blob = self.0.gate.store.open_now(path)?;
        let len = Some(blob.len());
        Some(Reading::new(blob, Record::start(lease, path, Direction::Read, len).ok()?))
    }

    /// Opens for reading what `make` makes of the file `from`, under the name `path`. Both hold at most
    /// `most` octets.
    pub fn read_made(
        &self,
        path: &VPath,
        from: &VPath,
        most: usize,
        make: impl FnOnce(&[u8]) -> Result<Vec<u8>, Refusal>,
    ) -> Result<Reading, Refusal> {
        let (path, asked) = (&*self.tree(Verb::Read, path)?, from);
        self.told(Verb::Read, path, || {
            let from = &*self.within(asked)?;
            self.allow(Verb::Read, path)?;
            self.allow(Verb::Read, from)?;
            let lease = self.lease(Direction::Read)?;
            let blob = self.0.gate.store.open(from)?;
            let too_long = || Refusal::Io(format!("{asked} is longer than {most} octets"));
            let len = usize::try_from(blob.len()).ok().filter(|len| *len <= most).ok_or_else(too_long)?;
            let mut text = vec![0; len];
            let got = blob.read_at(0, &mut text).map_err(|e| Refusal::Io(e.to_string()))?;
            let made = make(&text[..got])?;
            if made.len() > most {
                return Err(too_long());
            }
            let blob = Blob::Memory(Bytes::from(made));
            let len = Some(blob.len());
            Ok(Reading::new(blob, Record::start(lease, path, Direction::Read, len)?))
        })
    }

    /// Begins an upload. Nothing is seen under the name before [`Writing::commit`].
    ///
    /// An announced size that does not fit is refused before any data flows.
    pub fn write(&self, path: &VPath, ask: Ask) -> Result<Writing, Refusal> {
        if let Some(done) = self.by_token(Verb::Write, path, |holder, path| holder.write(path, ask)) {
            return done;
        }
        let path = &*self.tree(Verb::Write, path)?;
        self.told(Verb::Write, path, || {
            let store = &self.0.gate.store;
            let leave = self.judge().upload(path)?;
            let can = store.capabilities_at(path);
            if !can.write {
                return Err(Refusal::Denied);
            }
            if self.judge().drops(path) {
                return self.put_in(path, ask);
            }
            if !can.resume && matches!(ask.mode, Mode::Resume(_) | Mode::Append | Mode::Modify) {
                return Err(Refusal::Unsupported("going on with a file"));
            }
            if let Some(why) = leave.no_new
                && matches!(store.stat(path), Err(StoreError::Absent))
            {
                return Err(why);
            }
            let lease = self.lease(Direction::Write)?;
            self.fits(path, ask.expected)?;
            let mode = match (leave.old, ask.mode) {
                // Where only new ones may come there is nothing to start from.
                (Old::Stays, Mode::New | Mode::Overwrite | Mode::Modify) => Mode::New,
                (Old::Stays, Mode::Resume(_) | Mode::Append) => {
                    return Err(Refusal::Unsupported("going on with a file where only new ones may come"));
                }
                (Old::Replaced | Old::Kept, mode) => mode,
            };
            let mut upload = store.create(path, mode, self.0.owner.as_deref().unwrap_or(""))?;
            match leave.old {
                Old::Replaced | Old::Stays => {}
                Old::Kept if mode == Mode::New => {}
                Old::Kept => upload.keep_old()?,
            }
            reserve(&mut *upload, ask.expected)?;
            let record = Record::start(lease, path, Direction::Write, ask.expected)?;
            Ok(Writing::new(upload, record, mode))
        })
    }

    /// An upload into a drop box: under a name of its own, which the record shows.
    fn put_in(&self, path: &VPath, ask: Ask) -> Result<Writing, Refusal> {
        let gate = &self.0.gate;
        match ask.mode {
            Mode::New | Mode::Overwrite | Mode::Modify => {}
            Mode::Resume(_) | Mode::Append => {
                return Err(Refusal::Unsupported("going on with a file in a drop box"));
            }
        }
        if path.is_root() {
            return Err(Refusal::IsDirectory);
        }
        let lease = self.lease(Direction::Write)?;
        self.fits(path, ask.expected)?;
        let (path, place) = gate.inbox.place(&*gate.store, path, gate.watch.wall())?;
        let mut upload = gate.store.create(&path, Mode::New, "")?;
        reserve(&mut *upload, ask.expected)?;
        let record = Record::start(lease, &path, Direction::Write, ask.expected)?;
        Ok(Writing::new(upload, record, Mode::New).at(place))
    }

    /// Refuses an announced size that there is no room for.
    fn fits(&self, path: &VPath, expected: Option<u64>) -> Result<(), Refusal> {
        let Some(expected) = expected else { return Ok(()) };
        match self.0.gate.store.space(path) {
            Ok(space) if expected > space.free => {
                Err(space.quota.map_or(Refusal::NoSpace, Refusal::OverQuota))
            }
            // A file system that does not tell says it while writing.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Whether this peer has a right on what it calls `path`, and by what that is decided.
    pub fn decide(&self, right: Right, path: &VPath) -> Result<Decision, Refusal> {
        let path = &*self.within(path)?;
        let decision = self.judge().right(right, path);
        let is_written = decision.allowed && !matches!(right, Right::Read | Right::List);
        if is_written && !self.0.gate.store.capabilities_at(path).write {
            return Ok(Decision { allowed: false, why: Why::ReadOnly });
        }
        Ok(decision)
    }

    /// What this peer calls `path`, in the whole tree.
    pub fn in_tree(&self, path: &VPath) -> Result<VPath, Refusal> {
        Ok(self.within(path)?.into_owned())
    }

    /// What this peer calls `path`, in the whole tree. Fails where that is too long.
    pub(crate) fn within<'a>(&self, path: &'a VPath) -> Result<Cow<'a, VPath>, Refusal> {
        match self.0.root.is_root() {
            true => Ok(Cow::Borrowed(path)),
            false => Ok(Cow::Owned(path.under(&self.0.root)?)),
        }
    }

    /// The same; a failure is told.
    pub(crate) fn tree<'a>(&self, verb: Verb, path: &'a VPath) -> Result<Cow<'a, VPath>, Refusal> {
        self.within(path).map_err(|why| self.refuse_name(verb, path.as_bytes(), why))
    }

    /// Tells that a name could not even become a path, and hands the reason back.
    pub fn refuse_name(&self, verb: Verb, name: &[u8], why: Refusal) -> Refusal {
        self.tell(What::RefusedName { verb, name: name.to_vec(), why: why.clone() });
        why
    }

    /// Whose it is, where it is somebody's.
    pub(crate) fn owner(&self) -> Option<&str> {
        self.0.owner()
    }

    /// Whether this session keeps what came of a broken upload.
    pub(crate) fn keeps_partials(&self) -> bool {
        self.0.owner.is_some() && self.0.gate.store.capabilities().resume
    }

    pub(crate) fn digests(&self) -> &Digests {
        &self.0.gate.digests
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    pub(crate) fn tell(&self, what: What) {
        self.0.gate.queue.push(&self.0.from, what);
    }

    pub(crate) fn next_transfer(&self) -> u64 {
        self.0.gate.next_transfer()
    }

    /// Who judges a path of the whole tree.
    fn judge(&self) -> Judge<'_> {
        Judge { policy: &self.0.gate.policy, who: &self.0.who, concern: &self.0.concern }
    }

    pub(crate) fn allow(&self, verb: Verb, path: &VPath) -> Result<(), Refusal> {
        self.judge().allow(verb, path)
    }

    /// Does it, and tells a refusal.
    pub(crate) fn told<T>(
        &self,
        verb: Verb,
        path: &VPath,
        act: impl FnOnce() -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        act().inspect_err(|why| self.tell(What::Refused { verb, path: path.clone(), why: why.clone() }))
    }
}

/// Takes the room of an upload whose size was announced: of the whole file, or of the rest of it. So much it will have at
/// least.
fn reserve(upload: &mut dyn Upload, expected: Option<u64>) -> Result<(), StoreError> {
    expected.map_or(Ok(()), |expected| upload.reserve(upload.start().max(expected)))
}
