//! Where passive data connections come, and when the same port serves again.
//!
//! Making a listener costs as much as sending a small file. So a port whose transfer ended whole is kept for the
//! client's next one, if that comes soon, and not for ever: a port that is known for long is one that a stranger behind
//! the same address finds (RFC 2577 §8).

use super::asking::blocking;
use super::{Done, Session};
use crate::ftp::coming::Listener;
use crate::ftp::data::Work;
use crate::ftp::refusal;
use ftp_proto::reply::Code;
use ftp_proto::server::Answer;
use gate::Protocol;
use gate::store::no_descriptors;
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a port is kept for the client's next transfer.
const KEPT: Duration = Duration::from_secs(1);
/// Transfers that one port serves at most.
const TRANSFERS: u32 = 64;

/// A listener that may serve the next transfer.
pub(super) struct Kept {
    listener: Listener,
    until: Instant,
}

impl Kept {
    /// When it is closed.
    pub(super) fn until(&self) -> Instant {
        self.until
    }
}

impl Session {
    /// A port for the next data connection.
    pub(super) fn listen(&mut self) -> Work<Done> {
        self.listener = None;
        if let Some(Kept { listener, .. }) = self.kept.take()
            && turned_away(&listener)
        {
            return Box::pin(async { Done::Kept(listener) });
        }
        self.served = 0;
        let (config, at) = (&self.shared.config, self.here.ip());
        match config.ports.clone() {
            Some(ports) => blocking(move || Done::Listening(ports.listen(at))),
            None => {
                let made = transport::passive::listen(at, config.passive_ports.as_ref());
                Box::pin(async { Done::Listening(made) })
            }
        }
    }

    /// After a transfer that ended whole; others may have left a connection on its way. Ports of a configured range are
    /// given back at once: there may be fewer of them than sessions.
    pub(super) fn keep(&mut self, listener: Option<Listener>) {
        self.served += 1;
        if self.shared.config.passive_ports.is_none() && self.served < TRANSFERS {
            let until = Instant::now() + KEPT;
            self.kept = listener.map(|listener| Kept { listener, until });
        }
    }

    pub(super) fn listening(&mut self, made: io::Result<std::net::TcpListener>) -> Answer {
        match made.and_then(transport::passive::register) {
            Ok(listener) => self.listening_at(listener),
            Err(e) if no_descriptors(&e) => {
                let why = self.shared.gate.turn_away(Protocol::Ftp, self.peer);
                Answer::Refused(Code(425), refusal::reply(&why).1)
            }
            Err(e) => no_port(&e),
        }
    }

    pub(super) fn listening_at(&mut self, listener: Listener) -> Answer {
        let port = match listener.get_ref().local_addr() {
            Ok(at) => at.port(),
            Err(e) => return no_port(&e),
        };
        self.listener = Some(listener);
        let told = self.shared.config.advertised.iter().find(|row| row.clients.holds(self.peer.ip()));
        Answer::Listening(SocketAddr::new(told.map_or(self.local.ip(), |row| row.address), port))
    }
}

fn no_port(e: &io::Error) -> Answer {
    Answer::Refused(Code(425), format!("No port to listen on ({}); see --passive-ports.", e.kind()))
}

/// Whoever came since the last transfer was not asked. False: there are too many of them, or it is no listener any more.
fn turned_away(listener: &Listener) -> bool {
    for _ in 0..16 {
        match accept_with(listener, SocketFlags::CLOEXEC) {
            Ok(stranger) => drop(SockRef::from(&stranger).set_linger(Some(Duration::ZERO))),
            Err(Errno::AGAIN) => return true,
            Err(Errno::INTR | Errno::CONNABORTED) => {}
            Err(_) => return false,
        }
    }
    false
}
