//! Data connections with hosts that are not the peer: whom the owner lets have them (FTP from server to server).
//!
//! Without a row nobody has: whoever may send octets to an address of its choice has this host for a weapon (the
//! bounce, RFC 2577 §3), and one that takes them from anybody gives its uploads into strangers' hands.

use crate::audit::What;
use crate::{Net, Session};
use std::net::{IpAddr, SocketAddr};

/// With whom somebody may have data connections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ThirdParty {
    /// These users; none: every user who logged in. Anonymous is none.
    pub users: Vec<String>,
    /// If they come from here; `None`: from anywhere.
    pub clients: Option<Net>,
    /// The other ends.
    pub hosts: Net,
}

impl ThirdParty {
    fn is_for(&self, user: &str, peer: IpAddr) -> bool {
        let named = self.users.is_empty() || self.users.iter().any(|name| name == user);
        named && self.clients.is_none_or(|net| net.holds(peer))
    }
}

impl Session {
    /// Whether there is anybody but the peer with whom it may have data connections.
    pub fn has_third_parties(&self) -> bool {
        self.third_parties().next().is_some()
    }

    /// Whether a data connection may go to `other`, which is not the peer. An event in either case.
    pub fn may_reach(&self, other: SocketAddr) -> bool {
        let granted = self.grants_host(other.ip());
        self.tell(What::ThirdParty { other, granted });
        granted
    }

    /// Whether one that came from `other`, which is not the peer, is taken. An event where it is: strangers come to
    /// every open port.
    pub fn takes_from(&self, other: SocketAddr) -> bool {
        let granted = self.grants_host(other.ip());
        if granted {
            self.tell(What::ThirdParty { other, granted });
        }
        granted
    }

    fn grants_host(&self, other: IpAddr) -> bool {
        self.third_parties().any(|row| row.hosts.holds(other))
    }

    fn third_parties(&self) -> impl Iterator<Item = &ThirdParty> {
        let user = self.account().map(|account| account.name());
        let peer = self.from().peer.ip();
        let rows = &self.gate().policy().third_parties;
        rows.iter().filter(move |row| user.is_some_and(|user| row.is_for(user, peer)))
    }
}
