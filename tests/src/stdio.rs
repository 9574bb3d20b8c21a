//! Programs that a client of OpenSSH starts in place of ssh, and speaks with over their standard streams.

use gate::audit::Events;
use gate::{Credentials, Gate, Knock, Policy, Protocol, Secret, Security, Session, User};
use serve::streams::{Orders, Phase};
use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use store::local::{Local, LocalOptions};
use tokio::sync::watch;

/// One of the streams. OpenSSH's clients have a socket for both directions (`socketpair`).
///
/// # Errors
/// It is none; a runtime of tokio is not there.
pub fn stream(fd: BorrowedFd<'_>) -> io::Result<tokio::net::UnixStream> {
    let stream = UnixStream::from(fd.try_clone_to_owned()?);
    stream.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(stream)
}

/// Somebody whom a gate has let in, by SFTP and without a server.
pub struct Guest {
    /// Who it is.
    pub session: Session,
    /// What the session is told while it runs.
    pub orders: Orders,
    /// Who tells it: kept, for a session whose owner is gone is told to end.
    pub telling: (watch::Sender<Phase>, watch::Sender<()>),
    _events: Events,
}

impl Guest {
    /// The one user of `dir`; `write`: who may change everything.
    ///
    /// # Errors
    /// The directory is none.
    pub fn of(dir: &Path, write: bool, policy: Policy) -> anyhow::Result<Guest> {
        let store = Local::open(dir, LocalOptions { write, ..LocalOptions::default() })?;
        let user = User::with_password("test", &Secret::new("test"))?;
        let (gate, events) = Gate::new(Arc::new(store), Policy { users: vec![user], write, ..policy });
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let session = gate.admit(&Knock {
            protocol: Protocol::Sftp,
            local: peer,
            peer,
            security: Security::Ssh,
            credentials: Credentials::Password { user: String::from("test"), password: Secret::new("test") },
            agreed: None,
            certificate: None,
            host: None,
        })?;
        let ((drain, phase), (kick, kicked)) = (watch::channel(Phase::Serving), watch::channel(()));
        let orders = Orders { phase, kicked };
        Ok(Guest { session, orders, telling: (drain, kick), _events: events })
    }
}
