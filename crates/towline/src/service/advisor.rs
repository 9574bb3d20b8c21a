//! Asks the gate for names that are near to one that is not there, as any peer could.

use super::advice::Tree;
use gate::{Credentials, Gate, Knock, Protocol, Security, Session, Upload};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use store::VPath;

/// A session of nobody's.
pub(super) struct Advisor {
    gate: Arc<Gate>,
    session: Option<Session>,
}

impl Advisor {
    pub(super) fn new(gate: &Arc<Gate>) -> Advisor {
        let nobody = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let knock = Knock {
            protocol: Protocol::Tftp,
            local: nobody,
            peer: nobody,
            security: Security::Clear,
            credentials: Credentials::None,
            agreed: None,
            certificate: None,
            host: None,
        };
        Advisor { gate: gate.clone(), session: gate.admit(&knock).ok() }
    }

    /// The session's number, whose events nobody wants to see.
    pub(super) fn session(&self) -> Option<u64> {
        self.session.as_ref().map(Session::id)
    }
}

impl Tree for Advisor {
    fn nearest(&self, path: &VPath) -> Option<VPath> {
        self.session.as_ref()?.nearest(path)
    }

    fn writable(&self) -> bool {
        self.gate.policy().write
    }

    fn anonymous(&self) -> bool {
        self.gate.policy().anonymous
    }

    fn upload(&self, path: &VPath) -> Option<Upload> {
        self.gate.policy().uploads.of(path)
    }
}
