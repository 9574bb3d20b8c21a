//! What would be if somebody came: judged as a session is, for an owner who asks why.

use crate::rights::Who;
use crate::{Account, Gate, Protocol, Refusal, Security, Session, audit};
use std::net::SocketAddr;
use std::sync::Arc;

/// Whom one imagines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guise {
    /// The user; `None`: nobody in particular.
    pub account: Option<Arc<Account>>,
    /// Where from.
    pub peer: SocketAddr,
    /// Over what.
    pub protocol: Protocol,
    /// How the channel is protected.
    pub security: Security,
}

impl Gate {
    /// The session that somebody would have who was let in, or why not. It has no place and tells nothing of
    /// its coming and going; ask it with [`Session::decide`]. Limits on how much at once are not looked at, and
    /// what an account may be is its caller's word.
    pub fn imagine(self: &Arc<Self>, guise: &Guise) -> Result<Session, Refusal> {
        let Guise { account, peer, protocol, security } = guise;
        self.lets_in(peer.ip())?;
        let who = match (protocol, account) {
            (Protocol::Tftp, None) => Who::Nobody,
            (Protocol::Ftp | Protocol::Http | Protocol::Sftp | Protocol::Scp, Some(account)) => {
                Who::User(account.clone())
            }
            (Protocol::Ftp | Protocol::Http | Protocol::Sftp | Protocol::Scp, None)
                if self.policy.anonymous =>
            {
                Who::Anonymous
            }
            (Protocol::Ftp | Protocol::Http | Protocol::Sftp | Protocol::Scp, None)
            | (Protocol::Tftp, Some(_)) => return Err(Refusal::Login),
        };
        let root = self.policy.roots.of(&who, peer.ip(), None).ok_or(Refusal::Login)?.path;
        let user = account.as_ref().map(|account| account.name().to_owned());
        let from = audit::From { session: 0, protocol: *protocol, peer: *peer, user };
        Ok(Session::imagined(self.clone(), from, *security, who, root))
    }
}
