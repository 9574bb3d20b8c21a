//! The door, as what is compared with the model.

use super::settings::{self, Backend, Part};
use super::words::{by, seconds, why};
use crate::audit::{By as Whose, Events, What};
use crate::grants::token;
use crate::tests::{p, quick_dir};
use crate::watch::Watch;
use crate::{
    Ask, Ban, Credentials, End, Gate, Grant, Grants, Guise, HalfOpen, Knock, Listing, NewGrant, Outcome,
    Policy, Reading, Refusal, Secret, Session, Writing,
};
use reference::{Answer, Config, Model, Moved, Name, Step, Subject, join};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use store::mounts::Mounts;
use store::quota::Quota;
use store::{Amount, Blob, Kind, Mode, Sink, Store, VPath};
use tempfile::TempDir;

pub(super) struct Door {
    gate: Arc<Gate>,
    events: Events,
    watch: Watch,
    grants: Arc<Grants>,
    store: Arc<Mounts>,
    parts: Vec<Part>,
    connections: BTreeMap<usize, HalfOpen>,
    sessions: BTreeMap<usize, Session>,
    /// How each session's channel is protected.
    security: BTreeMap<usize, crate::Security>,
    transfers: BTreeMap<usize, Transfer>,
    given: BTreeMap<usize, (Arc<Grant>, String)>,
    checks: usize,
    _dir: TempDir,
}

enum Transfer {
    Read(Reading),
    Write { writing: Writing, came: u64 },
}

impl Door {
    pub(super) fn new(config: &Config, backend: Backend) -> Door {
        let dir = quick_dir();
        let watch = Watch::still(UNIX_EPOCH + Duration::from_secs(reference::BEGAN));
        let grants = Grants::watched(&dir.path().join("grants.journal"), watch.clone()).unwrap();
        let (store, parts) = settings::tree(config, backend);
        let policy = Policy { grants: Some(grants.clone()), ..settings::policy(config) };
        let (gate, events) = Gate::watched(store.clone(), policy, watch.clone());
        Door {
            gate,
            events,
            watch,
            grants,
            store,
            parts,
            connections: BTreeMap::new(),
            sessions: BTreeMap::new(),
            security: BTreeMap::new(),
            transfers: BTreeMap::new(),
            given: BTreeMap::new(),
            checks: 0,
            _dir: dir,
        }
    }

    fn tried(&mut self, step: &Step) -> Option<Result<Answer, Refusal>> {
        let session = |slot: &usize| self.sessions.get(slot).cloned();
        let done = |result: Result<(), Refusal>| Some(result.map(|()| Answer::Done));
        match step {
            Step::Pass(seconds) => self.watch.pass(Duration::from_secs(*seconds)),
            Step::Connect { connection, peer } => {
                if self.connections.contains_key(connection) {
                    return None;
                }
                match self.gate.connect(crate::Protocol::Ftp, *peer) {
                    Ok(half_open) => drop(self.connections.insert(*connection, half_open)),
                    Err(why) => return Some(Err(why)),
                }
            }
            Step::Disconnect { connection } => drop(self.connections.remove(connection)?),
            Step::Admit { session, knock } => {
                if self.sessions.contains_key(session) {
                    return None;
                }
                let knock = self.knock(knock)?;
                match self.gate.admit(&knock) {
                    Ok(admitted) => {
                        self.sessions.insert(*session, admitted);
                        self.security.insert(*session, knock.security);
                    }
                    Err(why) => return Some(Err(why)),
                }
            }
            Step::Delay { peer } => {
                let delay = self.gate.delay(peer.ip()).as_secs_f64() * 1_000.0;
                return Some(Ok(Answer::Many(delay.round() as usize)));
            }
            Step::Leave { session } => drop(self.sessions.remove(session)?),
            Step::Kick { session: slot } => {
                assert!(self.gate.kick(session(slot)?.id(), &Whose::Operator(None)), "it is there");
            }
            Step::KickFrom { net } => {
                let many = self.gate.kick_from(&settings::net(net), &Whose::Operator(None));
                return Some(Ok(Answer::Many(many)));
            }
            Step::IsKicked { session: slot } => return Some(Ok(Answer::Is(session(slot)?.is_kicked()))),
            Step::Fellows { session: slot } => {
                let shown = |fellow: crate::Fellow| match fellow.user {
                    Some(user) => format!("{} {user}", fellow.peer),
                    None => format!("{} nobody", fellow.peer),
                };
                let mut names: Vec<String> = session(slot)?.fellows().into_iter().map(shown).collect();
                names.sort();
                return Some(Ok(Answer::Names(names)));
            }
            Step::Ban { net, lasts } => {
                let until = lasts.map(|lasts| self.watch.wall() + Duration::from_secs(lasts));
                let ban =
                    Ban { net: settings::net(net), until, by: Whose::Operator(None), reason: String::new() };
                self.gate.ban(ban).unwrap();
            }
            Step::Unban { net } => {
                let was = self.gate.unban(&settings::net(net), Whose::Operator(None)).unwrap();
                return Some(Ok(Answer::Is(was)));
            }
            Step::Offend { peer, protocol, offence } => {
                let offence = match offence {
                    reference::Offence::FailedLogin => crate::Offence::FailedLogin,
                    reference::Offence::UnknownToken => crate::Offence::UnknownToken,
                    reference::Offence::Malformed => crate::Offence::Malformed,
                    reference::Offence::UnknownVerb => crate::Offence::UnknownVerb,
                };
                self.gate.offend(settings::protocol(*protocol), *peer, offence);
            }
            Step::Give { grant, path, rights, from, lasts, uses } => {
                if self.given.contains_key(grant) {
                    return None;
                }
                let new = NewGrant {
                    path: p(path),
                    rights: rights.iter().map(|r| settings::right(*r)).collect(),
                    from: from.iter().map(settings::net).collect(),
                    lasts: Duration::from_secs(*lasts),
                    uses: uses.map(|uses| uses as u32),
                    user: None,
                };
                self.given.insert(*grant, self.grants.make(&new).unwrap());
            }
            Step::Revoke { grant } => {
                assert!(self.grants.revoke(self.given.remove(grant)?.0.id()).unwrap(), "it is there");
            }
            Step::Read { transfer, session: slot, name, looks } => {
                if self.transfers.contains_key(transfer) {
                    return None;
                }
                let (session, path) = (session(slot)?, self.path(*slot, name)?);
                let reading = match looks {
                    // What opens at once opens so, and what does not says why.
                    false => session.read_now(&path).map_or_else(|| session.read(&path), Ok),
                    true => {
                        let looked = session.peek_now(&path).map_or_else(|| session.peek(&path), Ok);
                        looked.and_then(|peek| peek.read())
                    }
                };
                return Some(reading.map(|reading| {
                    let content = content(reading.blob());
                    self.transfers.insert(*transfer, Transfer::Read(reading));
                    Answer::Content(content)
                }));
            }
            Step::Sent { transfer } => match self.transfers.remove(transfer)? {
                Transfer::Read(reading) => reading.finish(End::new(Outcome::Complete, 1)),
                write @ Transfer::Write { .. } => {
                    self.transfers.insert(*transfer, write);
                    return None;
                }
            },
            Step::Write { transfer, session: slot, name, mode, expected } => {
                if self.transfers.contains_key(transfer) {
                    return None;
                }
                let (session, path) = (session(slot)?, self.path(*slot, name)?);
                let mode = match mode {
                    reference::Mode::New => Mode::New,
                    reference::Mode::Overwrite => Mode::Overwrite,
                    reference::Mode::Resume(offset) => Mode::Resume(*offset),
                    reference::Mode::Append => Mode::Append,
                };
                return Some(session.write(&path, Ask { mode, expected: *expected }).map(|writing| {
                    let start = writing.start();
                    self.transfers.insert(*transfer, Transfer::Write { writing, came: 0 });
                    Answer::From(start)
                }));
            }
            Step::Put { transfer, octets } => {
                let Transfer::Write { writing, came } = self.transfers.get_mut(transfer)? else {
                    return None;
                };
                let at = writing.start() + *came;
                match writing.write_at(at, &vec![b'0' + (*transfer % 10) as u8; *octets]) {
                    Ok(()) => *came += *octets as u64,
                    Err(e) => return Some(Err(Refusal::from(store::StoreError::from(e)))),
                }
            }
            Step::Commit { transfer } => match self.transfers.remove(transfer)? {
                Transfer::Write { writing, came } => {
                    let published = writing.commit(End::new(Outcome::Complete, came));
                    return Some(published.map(|p| Answer::Published(p.len, p.kept.is_some())));
                }
                read @ Transfer::Read(_) => {
                    self.transfers.insert(*transfer, read);
                    return None;
                }
            },
            Step::Break { transfer, moved } => {
                let end = |octets| End::new(Outcome::Aborted, octets);
                match (self.transfers.remove(transfer)?, moved) {
                    (over, Moved::Dropped) => drop(over),
                    (Transfer::Read(reading), Moved::Some) => reading.finish(end(1)),
                    (Transfer::Read(reading), Moved::Nothing) => reading.finish(end(0)),
                    (Transfer::Write { writing, came }, Moved::Some | Moved::Nothing) => {
                        writing.fail(end(came))
                    }
                }
            }
            Step::Suspend { transfer } => match self.transfers.remove(transfer)? {
                Transfer::Write { writing, came } => writing.suspend(End::new(Outcome::Aborted, came)),
                read @ Transfer::Read(_) => {
                    self.transfers.insert(*transfer, read);
                    return None;
                }
            },
            Step::Stat { session: slot, name } => {
                let facts = session(slot)?.stat(&self.path(*slot, name)?);
                return Some(facts.map(|facts| match facts.kind {
                    Kind::File => Answer::File(facts.len),
                    Kind::Directory => Answer::Directory,
                }));
            }
            Step::Has { session: slot, name } => {
                return Some(Ok(Answer::Is(session(slot)?.has(&self.path(*slot, name)?))));
            }
            Step::Offers { session: slot, name } => {
                return Some(Ok(Answer::Is(session(slot)?.offers(&self.path(*slot, name)?))));
            }
            Step::List { session: slot, name } => {
                let listing = session(slot)?.list(&self.path(*slot, name)?);
                return Some(listing.map(|Listing { mut cursor, .. }| {
                    let mut names = Vec::new();
                    loop {
                        let batch = cursor.next().unwrap();
                        if batch.is_empty() {
                            names.sort();
                            return Answer::Names(names);
                        }
                        names.extend(batch.into_iter().map(|e| String::from_utf8(e.name).unwrap()));
                    }
                }));
            }
            Step::Partial { session: slot, path } => {
                return Some(Ok(Answer::Partial(session(slot)?.partial(&p(path)))));
            }
            Step::Decide { session: slot, right, path } => {
                let (session, right, path) = (session(slot)?, settings::right(*right), p(path));
                let decided = session.decide(right, &path);
                if let Some(explained) = self.explained(*slot, &session, right, &path) {
                    assert_eq!(explained, decided, "what is explained is not what is done");
                }
                let said = |d: crate::Decision| Answer::Decided(d.allowed, by(d.why));
                return Some(Ok(decided.map_or(Answer::NoName, said)));
            }
            Step::Rename { session: slot, from, to } => return done(session(slot)?.rename(&p(from), &p(to))),
            Step::Remove { session: slot, path } => return done(session(slot)?.remove(&p(path))),
            Step::MakeDir { session: slot, path } => return done(session(slot)?.make_dir(&p(path))),
            Step::RemoveDir { session: slot, path } => return done(session(slot)?.remove_dir(&p(path))),
            Step::Touch { session: slot, path } => {
                return done(session(slot)?.set_modified(&p(path), UNIX_EPOCH));
            }
            Step::Walk => {
                for quota in self.parts.iter().filter_map(|part| part.quota.as_ref()) {
                    quota.walk(true, &|| true).unwrap();
                }
            }
        }
        Some(Ok(Answer::Done))
    }

    /// What `towline access explain` says of whoever is in a session; nothing of who is banned by now, or has a
    /// grant.
    fn explained(
        &self,
        slot: usize,
        session: &Session,
        right: crate::Right,
        path: &VPath,
    ) -> Option<Result<crate::Decision, Refusal>> {
        let from = session.from();
        let guise = Guise {
            account: session.account().cloned(),
            peer: from.peer,
            protocol: from.protocol,
            security: self.security[&slot],
        };
        let imagined = self.gate.imagine(&guise).ok().filter(|_| session.grant().is_none())?;
        Some(imagined.decide(right, path))
    }

    fn knock(&self, knock: &reference::Knock) -> Option<Knock> {
        let password = |user: &str, password: &str| Credentials::Password {
            user: user.to_owned(),
            password: Secret::new(password),
        };
        let credentials = match (&knock.credentials, knock.protocol) {
            (reference::Credentials::None, reference::Protocol::Tftp) => Credentials::None,
            (reference::Credentials::None, _) => Credentials::Anonymous { email: String::new() },
            (reference::Credentials::User(name, true), _) => password(name, name),
            (reference::Credentials::User(name, false), _) => password(name, "wrong"),
            (reference::Credentials::Grant(slot), _) => {
                let (grant, secret) = self.given.get(slot)?;
                password(grant.user(), secret)
            }
        };
        Some(Knock {
            protocol: settings::protocol(knock.protocol),
            local: "192.0.2.100:1".parse().unwrap(),
            peer: knock.peer,
            security: settings::security(knock.security),
            credentials,
            agreed: None,
            certificate: None,
            host: None,
        })
    }

    fn path(&self, session: usize, name: &Name) -> Option<VPath> {
        match name {
            Name::Path(path) => Some(p(path)),
            Name::Behind(..) if self.sessions[&session].grant().is_some() => None,
            Name::Behind(slot, rest) => {
                let none = "a".repeat(26);
                let secret = self.given.get(slot).map_or(&none, |(_, secret)| secret);
                assert!(token::of_path(&p(&format!("/~{secret}"))).is_some());
                Some(p(&format!("/~{secret}/{rest}")))
            }
        }
    }
}

fn content(blob: &Blob) -> Vec<u8> {
    let mut content = vec![0; blob.len() as usize];
    assert_eq!(blob.read_at(0, &mut content).unwrap(), content.len());
    content
}

impl Subject for Door {
    fn act(&mut self, step: &Step) -> Answer {
        match self.tried(step) {
            None => Answer::Skipped,
            Some(Ok(answer)) => answer,
            Some(Err(refusal)) => Answer::No(why(refusal)),
        }
    }

    fn check(&mut self, model: &Model, is_over: bool) -> Result<(), String> {
        self.checks += 1;
        self.check_places(model)?;
        self.check_uses(model)?;
        if is_over || self.checks.is_multiple_of(8) {
            self.check_quotas(model, is_over || self.checks.is_multiple_of(24))?;
        }
        if is_over {
            self.check_bans(model)?;
            self.check_files(model)?;
            self.check_events()?;
        }
        Ok(())
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: T, found: T) -> Result<(), String> {
    if expected == found {
        Ok(())
    } else {
        Err(format!("{what}: {expected:?} is right, {found:?} was found"))
    }
}

impl Door {
    fn check_places(&self, model: &Model) -> Result<(), String> {
        let open = model.open();
        same("sessions and transfers", (open.sessions, open.transfers), self.gate.open())?;
        same("half-open", open.half_open, self.gate.half_open())?;
        let taken = self.gate.counters.taken();
        same("places of networks", open.networks, taken.networks)?;
        // Only what some limit is about is counted; of who left nothing is kept.
        let masked = |counts: [usize; 3], counted: [bool; 3]| {
            let counts: Vec<usize> =
                counts.iter().zip(counted).map(|(n, is)| if is { *n } else { 0 }).collect();
            Some(counts).filter(|counts| counts.iter().any(|n| *n > 0))
        };
        let expected: BTreeMap<_, _> = open
            .addresses
            .iter()
            .filter_map(|(address, counts)| {
                Some((crate::subscriber(*address), masked(*counts, taken.of_addresses)?))
            })
            .collect();
        let found = taken.addresses.iter().map(|(address, counts)| (*address, counts.to_vec())).collect();
        same("places of addresses", expected, found)?;
        let expected: BTreeMap<_, _> = open
            .users
            .iter()
            .filter_map(|(user, counts)| Some((user.clone(), masked(*counts, taken.of_users)?)))
            .collect();
        let found = taken.users.iter().map(|(user, counts)| (user.to_string(), counts.to_vec())).collect();
        same("places of users", expected, found)
    }

    /// A use is given back by a thread of its own: it is waited for.
    fn check_uses(&self, model: &Model) -> Result<(), String> {
        if self.given.is_empty() {
            return Ok(());
        }
        let expected = model.used();
        let used = || {
            let list = self.grants.list().unwrap();
            let of = |grant: &Arc<Grant>| {
                list.iter().find(|(g, ..)| g.id() == grant.id()).map(|(_, n, _)| *n as usize)
            };
            let all = self.given.iter().map(|(slot, (grant, _))| (*slot, of(grant).unwrap()));
            all.collect::<BTreeMap<_, _>>()
        };
        self.grants.settle();
        same("uses of grants", expected, used())
    }

    fn check_quotas(&self, model: &Model, walks: bool) -> Result<(), String> {
        let held = model.held();
        for part in &self.parts {
            let Some(quota) = &part.quota else { continue };
            let amount = |held: reference::Held| Amount { octets: held.octets, files: held.files };
            let whole = held.get(&(part.at.clone(), part.at.clone())).copied().unwrap_or_default();
            same(&format!("held by {}", part.at), amount(whole.0), quota.used().unwrap())?;
            let settled: BTreeMap<String, Amount> = held
                .iter()
                .filter(|((mount, _), (_, settled))| *mount == part.at && amount(*settled) != Amount::NONE)
                .map(|((_, at), (_, settled))| (at.clone(), amount(*settled)))
                .collect();
            same(&format!("areas of {}", part.at), settled.clone(), areas(part, quota))?;
            if walks {
                let anew = Quota::new(part.bare.clone(), part.rations.clone());
                anew.walk(false, &|| true).unwrap();
                same(&format!("a new count of {}", part.at), settled, areas(part, &anew))?;
            }
        }
        Ok(())
    }

    fn check_bans(&self, model: &Model) -> Result<(), String> {
        let mut expected: Vec<_> =
            model.bans().iter().map(|(net, until)| (settings::net(net).to_string(), *until)).collect();
        let listed = self.gate.bans().list();
        let mut found: Vec<_> = listed.iter().map(|b| (b.net.to_string(), b.until.map(seconds))).collect();
        expected.sort();
        found.sort();
        same("bans", expected, found)
    }

    fn check_files(&self, model: &Model) -> Result<(), String> {
        let (mut found, mut waiting) = (BTreeMap::new(), vec![String::from("/")]);
        while let Some(dir) = waiting.pop() {
            let mut cursor = self.store.list(&p(&dir)).unwrap();
            loop {
                let batch = cursor.next().unwrap();
                if batch.is_empty() {
                    break;
                }
                for entry in batch {
                    let path = join(&dir, &String::from_utf8(entry.name).unwrap());
                    match entry.facts.kind {
                        Kind::Directory => waiting.push(path),
                        Kind::File => {
                            drop(found.insert(path.clone(), content(&self.store.open(&p(&path)).unwrap())))
                        }
                    }
                }
            }
        }
        same("files", model.files(), found)
    }

    /// What began ends once; what is open has not ended.
    fn check_events(&mut self) -> Result<(), String> {
        let open = self.transfers.len();
        let mut running = std::collections::BTreeSet::new();
        while let Some(event) = self.events.try_recv() {
            match event.what {
                What::Started { transfer, .. } => drop(running.insert(transfer)),
                What::Ended { transfer, .. } if !running.remove(&transfer) => {
                    return Err(format!("transfer {transfer} ended and did not run"));
                }
                _else => {}
            }
        }
        same("transfers without an end", open, running.len())
    }
}

/// What each area of a mount holds, those that hold nothing left out.
fn areas(part: &Part, quota: &Quota) -> BTreeMap<String, Amount> {
    let saved = quota.to_save().unwrap();
    let full = saved.iter().filter(|(_, amount)| *amount != Amount::NONE);
    full.map(|(at, amount)| (join(&part.at, &at.to_string()), *amount)).collect()
}
