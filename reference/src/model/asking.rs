//! Whoever asks, for which path, and what they may.

use super::{Asker, Model};
use crate::names::join;
use crate::rights::{Judge, Verb, Who};
use crate::{Answer, Name, Offence, Protocol, Right, Why};

impl Model {
    /// Who asks for a name in a session, or behind a secret that it shows. `None`: nobody, or what cannot be asked.
    pub(super) fn asker(&mut self, slot: usize, name: &Name, tells: bool) -> Result<Option<Asker>, Why> {
        let Some(session) = self.session(slot) else { return Ok(None) };
        let (who, knock) = (self.sessions[session].who.clone(), self.sessions[session].knock.clone());
        match name {
            Name::Path(path) => {
                let path = join(&self.sessions[session].root, path);
                Ok(Some(Asker { session, who, path }))
            }
            // Who has a grant shows no other; the name would be one with a strange first component.
            Name::Behind(..) if matches!(who, Who::Grant(_)) => Ok(None),
            Name::Behind(grant, rest) => {
                let repeats = knock.protocol == Protocol::Tftp;
                let found = self.given.get(grant).copied();
                let found = found.filter(|g| self.grants.opens(*g, knock.peer.ip(), repeats, self.now));
                let named = found.and_then(|g| Some((g, self.grants.all[g].named(rest)?)));
                match named {
                    Some((g, path)) => {
                        Ok(Some(Asker { session, who: Who::Grant(self.grants.all[g].clone()), path }))
                    }
                    None => {
                        if tells {
                            self.offend(knock.protocol, knock.peer.ip(), Offence::UnknownToken);
                        }
                        Err(Why::Absent)
                    }
                }
            }
        }
    }

    /// What is said to whether something is there, where nobody finds it.
    pub(super) fn none(&self, slot: usize) -> Answer {
        let who = self.session(slot).map(|nth| &self.sessions[nth].who);
        match who {
            None | Some(Who::Grant(_)) => Answer::Skipped,
            Some(Who::Nobody | Who::Anonymous | Who::User(_)) => Answer::Is(false),
        }
    }

    pub(super) fn judge<'a>(&'a self, asker: &'a Asker) -> Judge<'a> {
        let knock = &self.sessions[asker.session].knock;
        let who = &asker.who;
        Judge {
            config: &self.config,
            who,
            address: knock.peer.ip(),
            protocol: knock.protocol,
            security: knock.security,
            is_revoked: matches!(who, Who::Grant(given) if self.grants.all[given.nth].is_revoked),
            now: self.now,
        }
    }

    /// The path in the whole tree, if a verb may be done with it.
    pub(super) fn may(
        &mut self,
        slot: usize,
        path: &str,
        verb: Verb,
        right: Right,
    ) -> Result<Option<String>, Why> {
        let Some(asker) = self.asker(slot, &Name::Path(path.to_owned()), false)? else { return Ok(None) };
        self.judge(&asker).may(verb, right, &asker.path)?;
        Ok(Some(asker.path))
    }

    /// Whose a partial is.
    pub(super) fn owner(&self, asker: &Asker) -> Option<String> {
        self.owner_of(asker.session, &asker.who)
    }

    /// The open sessions that one is shown: those of the same owner, or all.
    pub(super) fn fellows(&self, nth: usize) -> Vec<String> {
        let own = &self.sessions[nth];
        let oversees = match &own.who {
            Who::User(user) => self.config.overseers.iter().any(|row| {
                let named = row.users.contains(&user.name)
                    || row.groups.iter().any(|group| user.groups.contains(group));
                let from = own.knock.peer.ip();
                named && (row.clients.is_empty() || row.clients.iter().any(|net| net.holds(from)))
            }),
            Who::Nobody | Who::Anonymous | Who::Grant(_) => false,
        };
        let owner = self.owner_of(nth, &own.who);
        let is_shown = |other: &usize| {
            oversees || owner.is_some() && self.owner_of(*other, &self.sessions[*other].who) == owner
        };
        let mut shown: Vec<String> = self.live().filter(is_shown).map(|other| self.shown(other)).collect();
        shown.sort();
        shown
    }

    fn shown(&self, nth: usize) -> String {
        let session = &self.sessions[nth];
        let user = match &session.who {
            Who::User(user) => &user.name,
            Who::Anonymous => "anonymous",
            Who::Nobody => "nobody",
            Who::Grant(_) => "grant",
        };
        format!("{} {user}", session.knock.peer)
    }

    fn owner_of(&self, session: usize, who: &Who) -> Option<String> {
        let address = self.sessions[session].knock.peer.ip().to_canonical();
        match who {
            Who::User(user) => Some(format!("user {}", user.name)),
            // Anonymous is many.
            Who::Anonymous => Some(format!("anonymous {address}")),
            Who::Nobody | Who::Grant(_) => None,
        }
    }
}
