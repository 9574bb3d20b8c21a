//! Open sessions, as they are shown to those who have one (FTP's SITE WHO): to each its own, and to whom the owner names
//! those of all.
//!
//! Without a row nobody sees another's: who is here, and from where, is nobody's business.

use crate::rights::Who;
use crate::session::Inner;
use crate::{Account, Net, Protocol, Session};
use std::net::{IpAddr, SocketAddr};

/// Somebody who sees all sessions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overseer {
    /// These users. Anonymous is none.
    pub users: Vec<String>,
    /// And members of these groups; where both are empty it is nobody.
    pub groups: Vec<String>,
    /// If they come from one of these; none: from anywhere.
    pub clients: Vec<Net>,
}

impl Overseer {
    fn is_for(&self, account: &Account, peer: IpAddr) -> bool {
        let named = self.users.iter().any(|name| name == account.name())
            || self.groups.iter().any(|group| account.groups().contains(group));
        named && (self.clients.is_empty() || self.clients.iter().any(|net| net.holds(peer)))
    }
}

/// An open session, as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fellow {
    /// Its number in the events.
    pub session: u64,
    /// What it speaks.
    pub protocol: Protocol,
    /// From where.
    pub peer: SocketAddr,
    /// Who that is, where somebody logged in.
    pub user: Option<String>,
}

impl Session {
    /// Whether it sees the sessions of others.
    pub fn oversees(&self) -> bool {
        let rows = &self.gate().policy().overseers;
        let peer = self.from().peer.ip();
        self.account().is_some_and(|account| rows.iter().any(|row| row.is_for(account, peer)))
    }

    /// The open sessions that it sees, in their order: those of the same owner (of this user, or of anonymous from this
    /// address), its own among them; or all.
    pub fn fellows(&self) -> Vec<Fellow> {
        let (all, owner) = (self.oversees(), self.owner());
        let seen = |inner: &Inner| match all {
            // The server has one of its own, which comes from nowhere.
            true => !inner.peer().ip().is_unspecified(),
            false => owner.is_some() && inner.owner() == owner,
        };
        let mut fellows = self.gate().live.all(|inner| seen(inner).then(|| inner.fellow()));
        fellows.sort_unstable_by_key(|fellow| fellow.session);
        fellows
    }
}

impl Inner {
    fn fellow(&self) -> Fellow {
        let crate::audit::From { session, protocol, peer, .. } = *self.from();
        let user = match self.who() {
            Who::Nobody => None,
            who @ (Who::Anonymous | Who::User(_) | Who::Grant(_)) => who.name().map(str::to_owned),
        };
        Fellow { session, protocol, peer, user }
    }
}
