//! The one door: every protocol asks here, and nowhere else, what a peer may do.
//!
//! What this crate does *not* do: it speaks no protocol, opens no socket, and opens no file but through
//! its [`store::Store`].
//!
//! [`Gate::admit`] turns a [`Knock`] into a [`Session`]; its verbs hand out [`Reading`] and [`Writing`],
//! which are a blob or an upload with a lease on the limits and a record for the audit. For every
//! protocol the order is the same: rights, limits, space, then the store. Whatever happens is an
//! [`audit::Event`]; a transfer has exactly one [`audit::What::Ended`], handed over *before* the success
//! reply, and dropping it unfinished says [`Outcome::Aborted`].
//!
//! - `policy` what the owner allows, `knock` who asks, `clients` from where, `identity` who that is (accounts, users, argon2id, the cache of
//!   verified credentials), `rights` what they may do, `rules` what the owner says of that, `explain` what would be if, `grants` what is given out for a while (`holder` by a name), `roots` what `/` is for them, `uploads` what
//!   is done where, `inbox` the drop box, `limits` how much at once, `counters` the places, `rate` how fast,
//!   `penalties` what bad behaviour costs, `bans` who is out, `live` who is in, `session` the verbs, `peek` a look before
//!   a transfer, `third_party` whose octets go to others, `overseer` who sees whose sessions, `transfer` the two transfers, `progress` how far one is, `record` what is
//!   known at their end, `verdict` what that means, `watch` what time it is, `timings` how long it takes, `digests` of
//!   files, `sidecar` files of digests that are
//!   computed, `advice` the nearest name, `fold` a name in another case, `audit` events, `refusal` why not,
//!   `unagreed` what peers and we do not both know.
#![deny(unsafe_code)]

mod advice;
pub mod audit;
mod bans;
mod clients;
mod counters;
mod digests;
mod explain;
mod fold;
pub mod fuzz;
mod grants;
mod holder;
mod identity;
mod inbox;
mod knock;
mod limits;
mod live;
mod overseer;
mod peek;
mod penalties;
mod policy;
mod progress;
mod rate;
mod record;
mod refusal;
mod rights;
mod roots;
mod rules;
mod session;
mod sidecar;
#[cfg(test)]
mod tests;
mod third_party;
mod timings;
mod transfer;
mod unagreed;
mod uploads;
mod verdict;
mod watch;

pub use bans::{Ban, Bans};
pub use clients::Net;
pub use digests::{Algorithm, Digest, Digests};
pub use explain::Guise;
pub use grants::{Grant, GrantError, Grants, NewGrant, Standing};
pub use identity::{
    Account, AuthorizedKey, BadHash, BadKey, BadLine, BadName, BadUser, Certificate, Directory, Factor,
    HashKind, Inquiry, Keys, LONGEST_NAME, LONGEST_PASSWORD, NotNow, Notice, Oracle, ShownKey, User, Wants,
    hash_password,
};
pub use inbox::InboxVersion;
pub use knock::{Agreed, Credentials, Knock, Protocol, Secret, Security};
pub use limits::{Caps, Counted, Limit, Limits, Rates, Scope, subscriber};
pub use live::OnKick;
pub use overseer::{Fellow, Overseer};
pub use peek::Peek;
pub use penalties::{KeptScores, Offence, Penalties};
pub use policy::Policy;
pub use progress::Progress;
pub use rate::Meter;
pub use record::{Cause, End, Figures, Negotiated, Outcome, Wire};
pub use refusal::Refusal;
pub use rights::{Decision, Verb, Why};
pub use roots::{RootPath, RootRule, RootUser, Roots};
pub use rules::{
    ANONYMOUS, ANY_USER, BadPattern, Effect, MAX_RULES, Pattern, Place, Right, Rights, Rule, Rules,
};
pub use session::{Ask, Listing, Session};
pub use sidecar::is_digest_name;
/// Storage's types, for those who may not open anything themselves.
pub use store;
pub use third_party::ThirdParty;
pub use timings::{TIME_BOUNDS, Times, Timings};
pub use transfer::{Direction, Reading, Writing};
pub use unagreed::Unagreed;
pub use uploads::{Upload, UploadRule, Uploads};
pub use verdict::{Far, Verdict};

use audit::{By, Events, Queue, What};
use counters::{Counters, Lease};
use identity::{Identity, Said};
use inbox::Inbox;
use live::Live;
use penalties::Scores;
use rights::Who;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store::journal::JournalError;
use store::{Kind, Store, StoreError, VPath};
use watch::Watch;

/// The door in front of one store.
pub struct Gate {
    store: Arc<dyn Store>,
    policy: Policy,
    identity: Identity,
    counters: Arc<Counters>,
    bans: Arc<Bans>,
    scores: Option<Scores>,
    live: Live,
    queue: Arc<Queue>,
    watch: Watch,
    digests: Digests,
    timings: Timings,
    inbox: Arc<Inbox>,
    sessions: AtomicU64,
    transfers: AtomicU64,
}

impl Gate {
    /// A door, and the events that come out of it. The events end when the gate and all its sessions
    /// are gone.
    pub fn new(store: Arc<dyn Store>, policy: Policy) -> (Arc<Gate>, Events) {
        Gate::watched(store, policy, Watch::default())
    }

    /// The same, by this clock.
    fn watched(store: Arc<dyn Store>, mut policy: Policy, watch: Watch) -> (Arc<Gate>, Events) {
        let (queue, events) = audit::queue(policy.event_queue, policy.descriptors);
        // They live on in the identity: 10,000 of them are not kept twice.
        let users = std::mem::take(&mut policy.users);
        let kept_scores = policy.scores.take();
        let gate = Gate {
            store,
            identity: Identity::new(users, policy.directory.take(), policy.oracle.take(), policy.anonymous),
            counters: Arc::new(Counters::new(policy.limits.clone())),
            bans: policy.bans.take().unwrap_or_else(|| Arc::new(Bans::watched(watch.clone()))),
            scores: policy.penalties.clone().map(|rules| Scores::new(rules, kept_scores, watch.now())),
            live: Live::default(),
            policy,
            watch,
            queue,
            digests: Digests::default(),
            timings: Timings::default(),
            inbox: Arc::default(),
            sessions: AtomicU64::new(0),
            transfers: AtomicU64::new(0),
        };
        (Arc::new(gate), events)
    }

    /// Lets a peer in, or says why not. Waits until that may be seen ([`Gate::judge`]).
    pub fn admit(self: &Arc<Self>, knock: &Knock) -> Result<Session, Refusal> {
        let (admitted, not_before) = self.judge(knock);
        if let Some(at) = not_before {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
        }
        admitted
    }

    /// Lets a peer in, or says why not; and when that may be answered, so that nobody learns from the time whether a
    /// user is known here or asked about elsewhere. `None`: at once, as in any case where there is no [`Oracle`].
    ///
    /// Takes some 25 ms where a password is hashed (argon2id), and what the oracle takes: an async driver calls it in
    /// `spawn_blocking`, and waits without the thread. An unknown user and a wrong password are the same refusal after
    /// the same time.
    pub fn judge(self: &Arc<Self>, knock: &Knock) -> (Result<Session, Refusal>, Option<Instant>) {
        let mut said = Said::default();
        let admitted = self.decide(knock, &mut said);
        (admitted, said.not_before)
    }

    /// Judges a knock like [`Gate::judge`] where that takes no waiting: no hash, no disk, nobody else to ask. `None`
    /// where it may, and nothing has been done then.
    pub fn judge_now(self: &Arc<Self>, knock: &Knock) -> Option<Result<Session, Refusal>> {
        let asks_the_disk = self.policy.roots.makes_any() || self.may_be_a_grant(knock);
        let waits = asks_the_disk || !self.identity.tells_now(knock);
        (!waits).then(|| self.decide(knock, &mut Said::default()))
    }

    fn decide(self: &Arc<Self>, knock: &Knock, said: &mut Said) -> Result<Session, Refusal> {
        // The number of the session is given out to refused knocks as well: their events carry it.
        let id = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        let began = Instant::now();
        let peer = knock.peer.ip();
        // The limits come before the hash: guessing passwords is bounded by them.
        let mut let_in = || {
            self.lets_in(peer)?;
            knock.is_protected(self.policy.clear_login)?;
            let spot = self.counters.spot(peer);
            let mut lease = match knock.protocol {
                // Each of its sessions is a transfer, and has a place as that.
                Protocol::Tftp => None,
                Protocol::Ftp | Protocol::Http | Protocol::Sftp | Protocol::Scp => {
                    Some(self.counters.place(Counted::Sessions, spot).map_err(Refusal::TooMany)?)
                }
            };
            let who = match self.holder(knock) {
                Some(grant) => Who::Grant(grant),
                None => self.identity.of(knock, said)?,
            };
            if let (Who::User(account), Some(lease)) = (&who, &mut lease) {
                lease.of_user(account.name()).map_err(Refusal::TooMany)?;
            }
            let home = self.policy.roots.of(&who, peer, knock.host.as_deref()).ok_or(Refusal::Login)?;
            if home.create {
                said.notices.extend(self.settle(&home.path, &who));
            }
            Ok((who, home.path, spot, lease))
        };
        let admitted = let_in();
        self.timings.admission(knock.protocol).add(began.elapsed());
        // Without a password nothing was guessed: browsers and devices try without one first.
        if admitted.as_ref().is_err_and(|why| *why == Refusal::Login) && knock.credentials.have_password() {
            self.offend(knock.protocol, knock.peer, Offence::FailedLogin);
        }
        let from = || {
            let user = knock.credentials.user().map(str::to_owned);
            audit::From { session: id, protocol: knock.protocol, peer: knock.peer, user }
        };
        for notice in std::mem::take(&mut said.notices) {
            self.queue.push(&from(), What::Identity(notice));
        }
        let (who, root, spot, lease) = admitted.inspect_err(|why| match why {
            // Half of a login is none, and nothing that went wrong.
            Refusal::Also(_) => {}
            why => self.queue.push(&from(), What::RefusedKnock { why: why.clone() }),
        })?;
        Ok(Session::new(self.clone(), id, knock, who, root, spot, lease))
    }

    /// Makes the directory that is somebody's root, and those above it, where they are not there. Where that fails the
    /// root is an empty directory, as any that is not there, and the owner is told.
    fn settle(&self, root: &VPath, who: &Who) -> Option<Notice> {
        let user = who.name().unwrap_or_default().to_owned();
        let is_there = |path: &VPath| self.store.stat(path).is_ok_and(|facts| facts.kind == Kind::Directory);
        if is_there(root) {
            return None;
        }
        let mut missing = vec![root.clone()];
        let mut above = root.parent();
        while !above.is_root() && !is_there(&above) {
            missing.push(above.clone());
            above = above.parent();
        }
        for path in missing.iter().rev() {
            match self.store.make_dir(path) {
                Ok(()) => {}
                // Another login of the same user did it meanwhile.
                Err(StoreError::Exists) if is_there(path) => {}
                Err(why) => {
                    return Some(Notice::HomeNotMade { user, path: path.clone(), why: why.to_string() });
                }
            }
        }
        Some(Notice::HomeMade { user, path: root.clone() })
    }

    /// The grant of which a knock shows name and secret. The secret cannot be guessed, so that it may come before
    /// the users, and no command is asked about it.
    fn may_be_a_grant(&self, knock: &Knock) -> bool {
        let Credentials::Password { password, .. } = &knock.credentials else { return false };
        self.policy.grants.is_some() && grants::token::is_like(password.expose())
    }

    fn holder(&self, knock: &Knock) -> Option<Arc<Grant>> {
        let Credentials::Password { user, password } = &knock.credentials else { return None };
        let grants = self.policy.grants.as_ref()?;
        let grant = grants.find(password.expose(), knock.peer.ip(), false)?;
        (grant.user() == user).then_some(grant)
    }

    /// Gives something out, if there is a journal and this gate would let it be used; the text is the grant's secret,
    /// which is told once and not kept.
    pub fn grant(&self, new: &NewGrant) -> Result<(Arc<Grant>, String), GrantError> {
        if !self.policy.write && !new.rights.each().all(Right::reads) {
            return Err(GrantError::ReadOnly);
        }
        self.policy.grants.as_ref().ok_or(GrantError::Unkept)?.make(new)
    }

    /// Gives a new connection a place until it is logged in, or says why not: drop it when [`Gate::admit`] has
    /// let it in. Takes a microsecond.
    pub fn connect(self: &Arc<Self>, protocol: Protocol, peer: SocketAddr) -> Result<HalfOpen, Refusal> {
        let ip = peer.ip();
        let place = self.lets_in(ip).and_then(|()| {
            let spot = self.counters.spot(ip);
            self.counters.place(Counted::HalfOpen, spot).map_err(Refusal::TooMany)
        });
        place.map(|lease| HalfOpen { _lease: lease }).inspect_err(|why| {
            let from = audit::From { session: 0, protocol, peer, user: None };
            self.queue.push(&from, What::RefusedKnock { why: why.clone() });
        })
    }

    /// Turns a connection away for which there is no file descriptor: what its driver is to tell it.
    pub fn turn_away(&self, protocol: Protocol, peer: SocketAddr) -> Refusal {
        let from = audit::From { session: 0, protocol, peer, user: None };
        self.queue.push(&from, What::RefusedKnock { why: Refusal::NO_DESCRIPTORS });
        Refusal::NO_DESCRIPTORS
    }

    /// A peer that knows no way to speak that is allowed here: nobody has asked who it is.
    pub fn not_agreed(&self, protocol: Protocol, peer: SocketAddr, unagreed: Unagreed) {
        let from = audit::From { session: 0, protocol, peer, user: None };
        self.queue.push(&from, What::RefusedKnock { why: Refusal::NothingInCommon(Box::new(unagreed)) });
    }

    /// A peer with whom nothing could be begun: why, in words. Nobody has asked who it is.
    pub fn not_begun(&self, protocol: Protocol, peer: SocketAddr, why: String) {
        let from = audit::From { session: 0, protocol, peer, user: None };
        self.queue.push(&from, What::RefusedKnock { why: Refusal::Handshake(why) });
    }

    /// Something of no peer's was put off because no file descriptor is left.
    pub fn put_off(&self) {
        self.queue.short_of(refusal::DESCRIPTORS);
    }

    /// Whether an address may knock at all.
    fn lets_in(&self, peer: IpAddr) -> Result<(), Refusal> {
        if !clients::lets_in(&self.policy.clients, peer) {
            return Err(Refusal::Stranger);
        }
        match self.bans.of(peer) {
            Some(ban) => Err(Refusal::Banned { until: ban.until }),
            None => Ok(()),
        }
    }

    /// Holds something against a peer that came over a connection; of TFTP nothing is, as its senders may be
    /// forged. May ban it, which waits for the disk.
    pub fn offend(&self, protocol: Protocol, peer: SocketAddr, offence: Offence) {
        let Some(scores) = &self.scores else { return };
        match protocol {
            Protocol::Tftp => return,
            Protocol::Ftp | Protocol::Http | Protocol::Sftp | Protocol::Scp => {}
        }
        if let Some(due) = scores.offend(self.watch.steady(), peer.ip(), offence) {
            let until = self.watch.wall() + due.span;
            // What the owner set for longer is not made shorter by bad behaviour.
            let lasts = |ban: Ban| ban.until.is_none_or(|other| other >= until);
            if self.bans.at(&due.net).is_some_and(lasts) {
                return;
            }
            let ban = Ban { net: due.net, until: Some(until), by: By::Itself, reason: due.reason };
            // It holds all the same: what is lost is that a restart remembers it.
            let _not_kept = self.ban(ban);
        }
    }

    /// How long the answer to this peer's next login has to wait, for what it did before. Waited for before
    /// [`Gate::admit`], so that a right password is answered as late as a wrong one.
    pub fn delay(&self, peer: IpAddr) -> Duration {
        self.scores.as_ref().map_or(Duration::ZERO, |scores| scores.delay(self.watch.steady(), peer))
    }

    /// The bans.
    pub fn bans(&self) -> &Bans {
        &self.bans
    }

    /// Sets a ban, and tells it. It holds also where the journal fails: until this process ends.
    pub fn ban(&self, ban: Ban) -> Result<(), JournalError> {
        let Ban { net, until, by, reason } = ban.clone();
        let kept = self.bans.add(ban);
        self.queue.push_own(What::Banned { net: net.to_string(), until, why: reason, by });
        kept
    }

    /// Lifts a network's ban, and tells it; whether there was one.
    pub fn unban(&self, net: &Net, by: By) -> Result<bool, JournalError> {
        let was = self.bans.remove(net)?;
        if was {
            self.queue.push_own(What::Unbanned { net: net.to_string(), by });
        }
        Ok(was)
    }

    /// Ends a session, and with it its transfers; whether there was one. Its driver obeys within a second.
    pub fn kick(&self, session: u64, by: &By) -> bool {
        self.live.kick(Some(session), by, |_| true) > 0
    }

    /// Ends all sessions from a network; how many there were here. Other processes that share the bans end theirs too.
    pub fn kick_from(&self, net: &Net, by: &By) -> usize {
        let kicked = self.live.kick(None, by, |peer| net.holds(peer.ip()));
        // Afterwards: it waits for the disk. Where it cannot be written down those of a worker that drains go on.
        let _not_told = self.bans.kicked(net, by);
        kicked
    }

    /// Takes up what other processes did that share the bans and scores (a worker that drains, its successor): bans that
    /// they set and lifted, sessions that they ended, what they hold against whom; and writes down what is held here,
    /// every ten seconds at most. Called now and then; a look at two files where there is nothing new.
    ///
    /// # Errors
    /// A journal cannot be read, the scores cannot be written.
    pub fn news(&self) -> Result<(), JournalError> {
        let kicked = self.bans.news();
        let scores = self.scores.as_ref().map_or(Ok(()), |scores| scores.news(self.watch.now()));
        for (net, by) in kicked? {
            self.live.kick(None, &by, |peer| net.holds(peer.ip()));
        }
        scores
    }

    /// Writes down what is held against whom, for the next process. Waits for the disk.
    ///
    /// # Errors
    /// It cannot be written, so that the next process knows less of it.
    pub fn keep_scores(&self) -> Result<(), JournalError> {
        self.scores.as_ref().map_or(Ok(()), |scores| scores.keep(self.watch.now()))
    }

    /// How many sessions from a network there are.
    pub fn sessions_from(&self, net: &Net) -> usize {
        self.live.count(|peer| net.holds(peer.ip()))
    }

    /// Calls `driver` whenever sessions were kicked, as long as somebody else holds it too.
    pub fn on_kick(&self, driver: &Arc<OnKick>) {
        self.live.on_kick(Arc::downgrade(driver));
    }

    /// Whether it makes sense for a peer to prove that this key is its own (RFC 4252 §7). Nothing is told and nothing is
    /// held against anybody: clients try one key after the other. An unknown user is as an unknown key.
    pub fn offered(&self, user: &str, key: &ShownKey, peer: IpAddr) -> bool {
        self.lets_in(peer).is_ok() && self.identity.offers(user, key, peer)
    }

    /// Whether anybody could log in with a password: whether it makes sense to ask for one.
    pub fn has_logins(&self) -> bool {
        self.identity.has_logins()
    }

    /// What the owner allows.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The digests of the served files that are known.
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// Sessions (of protocols with a connection) and transfers that are open now.
    pub fn open(&self) -> (usize, usize) {
        self.counters.open()
    }

    /// How long things took here.
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// Events that wait for their reader.
    pub fn events_waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Puts something into the events that no session did.
    pub fn tell(&self, what: What) {
        self.queue.push_own(what);
    }

    /// Whether the beginning and end of a session of this protocol are events.
    fn tells_session(&self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Tftp => self.policy.tell_tftp_sessions,
            Protocol::Ftp | Protocol::Http | Protocol::Sftp | Protocol::Scp => true,
        }
    }

    /// Connections that are not logged in.
    pub fn half_open(&self) -> usize {
        self.counters.half_open()
    }

    /// Counts sessions and transfers on from here; for a process that follows another one on the same sockets.
    pub fn count_from(&self, numbers: u64) {
        self.sessions.fetch_max(numbers, Ordering::Relaxed);
        self.transfers.fetch_max(numbers, Ordering::Relaxed);
    }

    /// The highest number that a session or transfer has had.
    pub fn numbers(&self) -> u64 {
        self.sessions.load(Ordering::Relaxed).max(self.transfers.load(Ordering::Relaxed))
    }

    fn next_transfer(&self) -> u64 {
        self.transfers.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The place of a connection that is not logged in. Dropped it is free again.
pub struct HalfOpen {
    _lease: Lease,
}
