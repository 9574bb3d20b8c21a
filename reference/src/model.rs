//! All of it, a step at a time.
//!
//! - `coming` sessions · `asking` who asks for what · `transfers` reads and uploads · `known` what should be counted.

mod asking;
mod coming;
mod known;
mod transfers;

use crate::bans::Bans;
use crate::grants::{Ended, Given, Grants};
use crate::names::join;
use crate::places::room;
use crate::rights::{Told, Verb, Who};
use crate::tree::{Node, Tree};
use crate::{Answer, By, Config, Counted, Knock, Moved, Name, Right, Step, Why};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Everything that the door should know.
#[derive(Clone, Debug)]
pub struct Model {
    config: Config,
    /// Seconds since the beginning.
    now: u64,
    tree: Tree,
    bans: Bans,
    grants: Grants,
    connections: BTreeMap<usize, SocketAddr>,
    /// Everybody who was ever let in; those that are gone have no slot and no transfer.
    sessions: Vec<Session>,
    transfers: BTreeMap<usize, Transfer>,
    /// Which grant is in a slot.
    given: BTreeMap<usize, usize>,
    /// How many transfers there were.
    begun: usize,
}

#[derive(Clone, Debug)]
struct Session {
    slot: Option<usize>,
    who: Who,
    knock: Knock,
    root: String,
    is_kicked: bool,
}

#[derive(Clone, Debug)]
struct Transfer {
    session: usize,
    user: Option<String>,
    spent: Option<usize>,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Read,
    /// Its number in the tree; whether what came of it is kept; what came.
    Write {
        upload: usize,
        keeps: bool,
        came: usize,
    },
}

/// Whoever asks, and what for: a session, or the holder of a grant in it.
struct Asker {
    session: usize,
    who: Who,
    path: String,
}

/// What is open.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Open {
    /// Sessions of protocols with a connection.
    pub sessions: usize,
    /// Connections that are not logged in.
    pub half_open: usize,
    /// Transfers.
    pub transfers: usize,
    /// Of each network with limits: sessions, half-open ones, transfers.
    pub networks: Vec<[usize; 3]>,
    /// Of each subscriber, by the first address seen.
    pub addresses: BTreeMap<IpAddr, [usize; 3]>,
    /// Of each user: sessions and transfers.
    pub users: BTreeMap<String, [usize; 3]>,
}

/// Slots that are taken.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    pub(crate) sessions: Vec<usize>,
    pub(crate) connections: Vec<usize>,
    pub(crate) reads: Vec<usize>,
    pub(crate) writes: Vec<usize>,
    pub(crate) grants: Vec<usize>,
}

impl Model {
    /// Before anything was done.
    pub fn new(config: &Config) -> Model {
        Model {
            config: config.clone(),
            now: 0,
            tree: Tree::new(config),
            bans: Bans::default(),
            grants: Grants::default(),
            connections: BTreeMap::new(),
            sessions: Vec::new(),
            transfers: BTreeMap::new(),
            given: BTreeMap::new(),
            begun: 0,
        }
    }

    /// What is said to a step.
    pub fn act(&mut self, step: &Step) -> Answer {
        match self.tried(step) {
            Ok(answer) => answer,
            Err(why) => Answer::No(why),
        }
    }

    fn tried(&mut self, step: &Step) -> Result<Answer, Why> {
        match step {
            Step::Pass(seconds) => self.now += seconds,
            Step::Connect { connection, peer } => {
                if self.connections.contains_key(connection) {
                    return Ok(Answer::Skipped);
                }
                self.lets_in(peer.ip())?;
                room(&self.config, Counted::HalfOpen, &self.holders(Counted::HalfOpen), peer.ip())?;
                self.connections.insert(*connection, *peer);
            }
            Step::Disconnect { connection } => {
                if self.connections.remove(connection).is_none() {
                    return Ok(Answer::Skipped);
                }
            }
            Step::Admit { session, knock } => return self.admit(*session, knock),
            Step::Delay { peer } => {
                let late = self.config.penalties.as_ref();
                let late = late.map_or(0, |rules| self.bans.delay(rules, peer.ip(), self.now));
                return Ok(Answer::Many(late as usize));
            }
            Step::Leave { session } => match self.session(*session) {
                Some(nth) => self.sessions[nth].slot = None,
                None => return Ok(Answer::Skipped),
            },
            Step::Kick { session } => match self.session(*session) {
                Some(nth) => self.sessions[nth].is_kicked = true,
                None => return Ok(Answer::Skipped),
            },
            Step::KickFrom { net } => {
                let there: Vec<usize> =
                    self.live().filter(|n| net.holds(self.sessions[*n].knock.peer.ip())).collect();
                there.iter().for_each(|nth| self.sessions[*nth].is_kicked = true);
                return Ok(Answer::Many(there.len()));
            }
            Step::IsKicked { session } => {
                let nth = self.session(*session);
                return Ok(nth.map_or(Answer::Skipped, |nth| Answer::Is(self.sessions[nth].is_kicked)));
            }
            Step::Fellows { session } => {
                let seen = self.session(*session).map(|nth| self.fellows(nth));
                return Ok(seen.map_or(Answer::Skipped, Answer::Names));
            }
            Step::Ban { net, lasts } => self.bans.set(*net, lasts.map(|lasts| self.now + lasts)),
            Step::Unban { net } => return Ok(Answer::Is(self.bans.lift(net, self.now))),
            Step::Offend { peer, protocol, offence } => self.offend(*protocol, peer.ip(), *offence),
            Step::Give { grant, path, rights, from, lasts, uses } => {
                if self.given.contains_key(grant) {
                    return Ok(Answer::Skipped);
                }
                self.given.insert(*grant, self.grants.all.len());
                self.grants.all.push(Given {
                    path: path.clone(),
                    rights: rights.clone(),
                    from: from.clone(),
                    until: self.now + lasts,
                    uses: *uses,
                    is_revoked: false,
                    nth: self.grants.all.len(),
                });
            }
            Step::Revoke { grant } => match self.given.remove(grant) {
                Some(nth) => self.grants.all[nth].is_revoked = true,
                None => return Ok(Answer::Skipped),
            },
            Step::Read { transfer, session, name, looks } => {
                return self.read(*transfer, *session, name, *looks);
            }
            Step::Sent { transfer } => return Ok(self.sent(*transfer)),
            Step::Write { transfer, session, name, mode, expected } => {
                return self.write(*transfer, *session, name, *mode, *expected);
            }
            Step::Put { transfer, octets } => {
                let Some(Transfer { what: What::Write { upload, came, .. }, .. }) =
                    self.transfers.get_mut(transfer)
                else {
                    return Ok(Answer::Skipped);
                };
                self.tree.put(*upload, &vec![b'0' + (*transfer % 10) as u8; *octets])?;
                *came += octets;
            }
            Step::Commit { transfer } => {
                let Some(What::Write { upload, came, .. }) = self.transfers.get(transfer).map(|t| &t.what)
                else {
                    return Ok(Answer::Skipped);
                };
                let (upload, came) = (*upload, *came);
                let committed = self.tree.commit(upload);
                let ended = match &committed {
                    Ok(_) => Ended::Complete,
                    Err(_) if came > 0 => Ended::Moved,
                    Err(_) => Ended::Nothing,
                };
                self.ended(*transfer, ended);
                return committed.map(|(octets, kept)| Answer::Published(octets, kept));
            }
            Step::Break { transfer, moved } => {
                let came = match self.transfers.get(transfer).map(|t| &t.what) {
                    None => return Ok(Answer::Skipped),
                    Some(What::Read) => *moved == Moved::Some,
                    Some(What::Write { upload, came, .. }) => {
                        self.tree.abandon(*upload);
                        *came > 0
                    }
                };
                self.ended(
                    *transfer,
                    match moved {
                        Moved::Dropped => Ended::Unknown,
                        Moved::Some | Moved::Nothing if came => Ended::Moved,
                        Moved::Some | Moved::Nothing => Ended::Nothing,
                    },
                );
            }
            Step::Suspend { transfer } => {
                let Some(What::Write { upload, keeps, came }) = self.transfers.get(transfer).map(|t| &t.what)
                else {
                    return Ok(Answer::Skipped);
                };
                let (upload, keeps, came) = (*upload, *keeps, *came);
                match keeps {
                    true => self.tree.suspend(upload),
                    false => self.tree.abandon(upload),
                }
                self.ended(*transfer, if came > 0 { Ended::Moved } else { Ended::Nothing });
            }
            Step::Stat { session, name } => {
                let Some(asker) = self.asker(*session, name, true)? else { return Ok(Answer::Skipped) };
                return match (self.judge(&asker).told(&asker.path), self.tree.stat(&asker.path)) {
                    (Told::Nothing, _) => Err(Why::Absent),
                    (Told::Directory, Ok(Node::Directory)) => Ok(Answer::Directory),
                    (Told::Directory, _) => Err(Why::Absent),
                    (Told::All, Ok(Node::Directory)) => Ok(Answer::Directory),
                    (Told::All, Ok(Node::File(content))) => Ok(Answer::File(content.len() as u64)),
                    (Told::All, Err(why)) => Err(why),
                };
            }
            Step::Has { session, name } => {
                let Ok(Some(asker)) = self.asker(*session, name, false) else {
                    return Ok(self.none(*session));
                };
                return Ok(Answer::Is(
                    match (self.judge(&asker).told(&asker.path), self.tree.stat(&asker.path)) {
                        (Told::All, there) => there.is_ok(),
                        (Told::Directory, there) => there == Ok(Node::Directory),
                        (Told::Nothing, _) => false,
                    },
                ));
            }
            Step::Offers { session, name } => {
                let Ok(Some(asker)) = self.asker(*session, name, false) else {
                    return Ok(self.none(*session));
                };
                let may = self.judge(&asker).may(Verb::Read, Right::Read, &asker.path);
                return Ok(Answer::Is(may.is_ok() && self.tree.stat(&asker.path).is_ok()));
            }
            Step::List { session, name } => {
                let Some(asker) = self.asker(*session, name, true)? else { return Ok(Answer::Skipped) };
                let judge = self.judge(&asker);
                judge.may(Verb::List, Right::List, &asker.path)?;
                let names = self.tree.list(&asker.path)?.into_iter().filter(|(name, is_dir)| {
                    let told = judge.told(&join(&asker.path, name));
                    told == Told::All || (told == Told::Directory && *is_dir)
                });
                return Ok(Answer::Names(names.map(|(name, _)| name).collect()));
            }
            Step::Partial { session, path } => {
                let Some(asker) = self.asker(*session, &Name::Path(path.clone()), false)? else {
                    return Ok(Answer::Skipped);
                };
                let judge = self.judge(&asker);
                let may = judge.upload(&asker.path).is_ok() && !judge.is_drop_box(&asker.path);
                let owner = self.owner(&asker);
                return Ok(match owner.filter(|_| may) {
                    None => Answer::Partial(None),
                    Some(owner) => {
                        self.tree.partial(&asker.path, &owner).map_or(Answer::Skipped, Answer::Partial)
                    }
                });
            }
            Step::Decide { session, right, path } => {
                let Some(asker) = self.asker(*session, &Name::Path(path.clone()), false)? else {
                    return Ok(Answer::Skipped);
                };
                let verb = match right {
                    Right::Read => Verb::Read,
                    Right::Write | Right::Create => Verb::Write,
                    Right::Delete => Verb::Remove,
                    Right::List => Verb::List,
                    Right::Rename => Verb::Rename,
                };
                let (allowed, by) = self.judge(&asker).decide(verb, *right, &asker.path);
                let looks = matches!(right, Right::Read | Right::List);
                if allowed && !looks && !self.tree.is_written(&asker.path) {
                    return Ok(Answer::Decided(false, By::ReadOnly));
                }
                return Ok(Answer::Decided(allowed, by));
            }
            Step::Rename { session, from, to } => {
                let Some(asker) = self.asker(*session, &Name::Path(from.clone()), false)? else {
                    return Ok(Answer::Skipped);
                };
                let (from, to) = (&asker.path, join(&self.sessions[asker.session].root, to));
                let judge = self.judge(&asker);
                judge.may(Verb::Rename, Right::Rename, from)?;
                let is_dir = self.tree.stat(from) == Ok(Node::Directory);
                judge.may_become(from, &to, is_dir, self.tree.stat(&to).is_ok())?;
                self.tree.rename(from, &to)?;
            }
            Step::Remove { session, path } => {
                let Some(path) = self.may(*session, path, Verb::Remove, Right::Delete)? else {
                    return Ok(Answer::Skipped);
                };
                self.tree.remove(&path)?;
            }
            Step::MakeDir { session, path } => {
                let Some(path) = self.may(*session, path, Verb::MakeDir, Right::Create)? else {
                    return Ok(Answer::Skipped);
                };
                self.tree.make_dir(&path)?;
            }
            Step::RemoveDir { session, path } => {
                let Some(path) = self.may(*session, path, Verb::RemoveDir, Right::Delete)? else {
                    return Ok(Answer::Skipped);
                };
                self.tree.remove_dir(&path)?;
            }
            Step::Touch { session, path } => {
                let Some(path) = self.may(*session, path, Verb::Touch, Right::Write)? else {
                    return Ok(Answer::Skipped);
                };
                self.tree.touch(&path)?;
            }
            Step::Walk => {}
        }
        Ok(Answer::Done)
    }
}

/// The first second of every run: 2026-11-26T06:05:00Z.
pub const BEGAN: u64 = 1_795_673_100;

/// `2026-11-26T06-05-00Z`.
fn civil(seconds: u64) -> String {
    let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (day, hour, minute, second) = (days + 1, of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}Z")
}
