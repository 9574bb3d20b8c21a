//! Where passive data connections come, and when the same port serves again.
//!
//! Making a listener costs as much as sending a small file. So a port whose transfer ended whole is kept for the
//! client's next one, if that comes soon, and not for ever: a port that is known for long is one that a stranger behind
//! the same address finds (RFC 2577 §8).

use super::asking::blocking;
use super::{Done, Session};
use crate::ftp::data::Work;
use crate::ftp::ports::{For, Port, turn_away};
use crate::ftp::refusal;
use ftp_proto::reply::Code;
use ftp_proto::server::Answer;
use gate::Protocol;
use gate::store::no_descriptors;
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};
use transport::passive;

/// How long a port is kept for the client's next transfer.
const KEPT: Duration = Duration::from_secs(1);
/// Transfers that one port serves at most.
const TRANSFERS: u32 = 64;

/// A listener that may serve the next transfer.
pub(super) struct Kept {
    listener: Port,
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
            && let Port::Own(own) = &listener
            && turned_away(own.socket())
        {
            return Box::pin(async { Done::Kept(listener) });
        }
        self.served = 0;
        let (config, at) = (&self.shared.config, self.here.ip());
        match config.ports.clone() {
            Some(ports) => blocking(move || Done::Listening(ports.listen(at))),
            None => {
                let made = passive::listen(at, config.passive_ports.as_ref());
                Box::pin(async { Done::Listening(made) })
            }
        }
    }

    /// After a transfer that ended whole; others may have left a connection on its way. Ports of a configured range are
    /// given back at once: there may be fewer of them than sessions.
    pub(super) fn keep(&mut self, listener: Option<Port>) {
        self.served += 1;
        if self.shared.config.passive_ports.is_none() && self.served < TRANSFERS {
            let until = Instant::now() + KEPT;
            self.kept = listener.map(|listener| Kept { listener, until });
        }
    }

    pub(super) fn listening(&mut self, made: io::Result<TcpListener>) -> Answer {
        let at = self.here.ip();
        let shared = self.shared.config.passive_ports.is_some().then(|| self.seat());
        let opened = made.and_then(|made| match shared {
            None => Ok(Port::Own(passive::Single::new(made)?)),
            Some(whose) => {
                let listener = passive::register(made)?;
                Ok(Port::Shared(self.shared.ports.open(listener, at, whose)))
            }
        });
        match (opened, shared) {
            (Ok(port), _) => self.listening_at(port),
            (Err(e), _) if no_descriptors(&e) => {
                let why = self.shared.gate.turn_away(Protocol::Ftp, self.peer);
                Answer::Refused(Code(425), refusal::reply(&why).1)
            }
            (Err(e), whose) => match whose.and_then(|whose| self.shared.ports.join(at, whose)) {
                Some(place) => self.listening_at(Port::Shared(place)),
                None => no_port(&e),
            },
        }
    }

    /// For whom a port of the range is: who may come from elsewhere shares it with nobody.
    fn seat(&self) -> For {
        let others = self.admitted.as_ref().is_some_and(|(session, _)| session.has_third_parties());
        if others || !self.shared.config.proxies.is_empty() {
            For::Anybody
        } else {
            For::Address(self.peer.ip())
        }
    }

    pub(super) fn listening_at(&mut self, listener: Port) -> Answer {
        let port = match listener.address() {
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
fn turned_away(listener: &TcpListener) -> bool {
    for _ in 0..16 {
        match accept_with(listener, SocketFlags::CLOEXEC) {
            Ok(stranger) => turn_away(&stranger),
            Err(Errno::AGAIN) => return true,
            Err(Errno::INTR | Errno::CONNABORTED) => {}
            Err(_) => return false,
        }
    }
    false
}
