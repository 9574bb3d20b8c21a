//! Who comes, who goes, and who that is.

use super::{Model, Session};
use crate::places::{Holder, room, room_of_user};
use crate::rights::Who;
use crate::{Answer, Counted, Credentials, Knock, Offence, Protocol, RootUser, Why};
use std::net::IpAddr;

impl Model {
    pub(super) fn lets_in(&self, address: IpAddr) -> Result<(), Why> {
        let clients = &self.config.clients;
        if !clients.is_empty() && !clients.iter().any(|net| net.holds(address)) {
            return Err(Why::Stranger);
        }
        match self.bans.of(address, self.now) {
            Some(ban) => Err(Why::Banned(ban.until)),
            None => Ok(()),
        }
    }

    pub(super) fn admit(&mut self, slot: usize, knock: &Knock) -> Result<Answer, Why> {
        let has_nothing = matches!(&knock.credentials, Credentials::Grant(g) if !self.given.contains_key(g));
        if self.session(slot).is_some() || has_nothing {
            return Ok(Answer::Skipped);
        }
        let has_password = knock.credentials != Credentials::None;
        let admitted = self.admitted(knock);
        if has_password && admitted == Err(Why::Login) {
            self.offend(knock.protocol, knock.peer.ip(), Offence::FailedLogin);
        }
        let (who, root) = admitted?;
        self.sessions.push(Session { slot: Some(slot), who, knock: knock.clone(), root, is_kicked: false });
        Ok(Answer::Done)
    }

    pub(super) fn admitted(&mut self, knock: &Knock) -> Result<(Who, String), Why> {
        let address = knock.peer.ip();
        self.lets_in(address)?;
        let is_clear = knock.security == crate::Security::Clear;
        if knock.protocol == Protocol::Http
            && is_clear
            && knock.credentials != Credentials::None
            && !self.config.clear_login
        {
            return Err(Why::Unprotected);
        }
        let held = self.holders(Counted::Sessions);
        if knock.protocol != Protocol::Tftp {
            room(&self.config, Counted::Sessions, &held, address)?;
        }
        let who = match (&knock.credentials, knock.protocol) {
            (Credentials::None, Protocol::Tftp) => Who::Nobody,
            (_, Protocol::Tftp) => return Err(Why::Login),
            (Credentials::None, _) if self.config.anonymous => Who::Anonymous,
            (Credentials::None, _) => return Err(Why::Login),
            (Credentials::User(name, is_right), _) => {
                let user = self.config.users.iter().find(|user| user.name == *name && *is_right);
                Who::User(user.ok_or(Why::Login)?.clone())
            }
            (Credentials::Grant(slot), _) => {
                let nth = self.given[slot];
                if !self.grants.opens(nth, address, false, self.now) {
                    return Err(Why::Login);
                }
                Who::Grant(self.grants.all[nth].clone())
            }
        };
        if let Who::User(user) = &who {
            room_of_user(&self.config, Counted::Sessions, &held, &user.name)?;
        }
        let (root, create) = self.root(&who, address);
        if create {
            self.tree.settle(&root);
        }
        Ok((who, root))
    }

    pub(super) fn root(&self, who: &Who, address: IpAddr) -> (String, bool) {
        if let Who::User(crate::User { home: Some(home), .. }) = who {
            return (home.clone(), false);
        }
        let name = match who {
            Who::Nobody => None,
            Who::Anonymous => Some("anonymous".to_owned()),
            Who::User(user) => Some(user.name.clone()),
            // What is given out is named in the whole tree.
            Who::Grant(_) => return ("/".to_owned(), false),
        };
        let fits = |row: &&crate::Root| {
            let is_theirs = match &row.user {
                None => true,
                Some(RootUser::Any) => matches!(who, Who::User(_)),
                Some(RootUser::Anonymous) => *who == Who::Anonymous,
                Some(RootUser::Named(name)) => matches!(who, Who::User(user) if user.name == *name),
            };
            let is_in = |group: &String| matches!(who, Who::User(user) if user.groups.contains(group));
            is_theirs
                && (name.is_some() || !row.path.contains("%u"))
                && row.group.as_ref().is_none_or(is_in)
                && row.net.is_none_or(|net| net.holds(address))
        };
        let row = self.config.roots.iter().find(fits);
        row.map_or_else(
            || ("/".to_owned(), false),
            |row| {
                let path = row.path.replace("%u", name.as_deref().unwrap_or(""));
                // Who only comes from an address makes nothing.
                let create = row.create && matches!(who, Who::User(_));
                (path.replace("%i", &address.to_canonical().to_string()), create)
            },
        )
    }

    pub(super) fn offend(&mut self, protocol: Protocol, address: IpAddr, offence: Offence) {
        // The sender of a datagram may be forged.
        if let Some(rules) = self.config.penalties.as_ref().filter(|_| protocol != Protocol::Tftp) {
            self.bans.offend(rules, address, offence, self.now);
        }
    }

    /// The session in a slot.
    pub(super) fn session(&self, slot: usize) -> Option<usize> {
        self.sessions.iter().position(|session| session.slot == Some(slot))
    }

    /// Sessions that are there: somebody is in it, or a transfer of it runs.
    pub(super) fn live(&self) -> impl Iterator<Item = usize> {
        let has_transfer = |nth: usize| self.transfers.values().any(|t| t.session == nth);
        (0..self.sessions.len()).filter(move |nth| self.sessions[*nth].slot.is_some() || has_transfer(*nth))
    }

    pub(super) fn holders(&self, counted: Counted) -> Vec<Holder> {
        let of =
            |nth: usize, user: Option<String>| Holder { address: self.sessions[nth].knock.peer.ip(), user };
        let user = |nth: usize| match &self.sessions[nth].who {
            Who::User(user) => Some(user.name.clone()),
            Who::Nobody | Who::Anonymous | Who::Grant(_) => None,
        };
        match counted {
            Counted::HalfOpen => {
                self.connections.values().map(|peer| Holder { address: peer.ip(), user: None }).collect()
            }
            Counted::Sessions => {
                let connected = self.live().filter(|n| self.sessions[*n].knock.protocol != Protocol::Tftp);
                connected.map(|nth| of(nth, user(nth))).collect()
            }
            Counted::Transfers => self.transfers.values().map(|t| of(t.session, t.user.clone())).collect(),
        }
    }
}
