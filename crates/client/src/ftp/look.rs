//! What is seen of a server besides its files: for whoever examines it.

use super::Session;
use crate::ClientError;
use ftp_proto::addr::parse_227;
use ftp_proto::client::Job;
use std::net::{Ipv4Addr, SocketAddr};

/// The TLS of a control connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Secured {
    /// `TLS 1.3`.
    pub version: String,
    /// The cipher suite.
    pub cipher: String,
    /// SHA-256 of the certificate.
    pub fingerprint: Option<[u8; 32]>,
}

/// The TLS of a data connection that is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Told {
    /// Whether it went on from an earlier session.
    pub is_resumed: bool,
    /// Whether the server ended it with close_notify.
    pub has_said_end: bool,
}

impl Session {
    /// Where the control connection goes to.
    pub fn peer(&self) -> SocketAddr {
        self.link.ends.peer
    }

    /// The words of the 220.
    pub fn greeting(&self) -> &[u8] {
        self.link.machine.greeting()
    }

    /// The control connection's TLS; `None`: it is in clear.
    pub fn secured(&self) -> Option<Secured> {
        let (version, cipher) = self.link.control.agreed()?;
        let fingerprint = self.link.session.as_ref().and_then(|session| session.shown());
        Some(Secured { version, cipher, fingerprint })
    }

    /// What the last download's or listing's data connection was under TLS; `None`: there was none.
    pub fn last_data(&self) -> Option<Told> {
        self.link.told
    }

    /// The address in the 227 that PASV is answered with; `None`: it has none.
    ///
    /// # Errors
    /// The server refuses PASV.
    pub fn passive_address(&mut self) -> Result<Option<Ipv4Addr>, ClientError> {
        let reply = self.ask(Job::ask("PASV", b""), false)?.reply;
        Ok(reply.and_then(|reply| parse_227(reply.text())).map(|told| *told.ip()))
    }

    /// From now on data connections are of TLS sessions of their own, as somebody else's would be.
    pub fn be_a_stranger(&mut self) {
        self.link.is_stranger = true;
    }
}
