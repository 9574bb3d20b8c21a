//! The control connection's TLS: it begins, its handshake ends, or it does not come about.

use super::Session;
use ftp_proto::reply::Code;
use ftp_proto::server::Answer;
use gate::Protocol;
use std::io;
use transport::tls::{self, Tls};

impl Session {
    /// Begins TLS: from here on nothing is read as it is. Its tickets are this session's alone, so that a data connection
    /// which resumes it is made by the same client.
    pub(super) fn secure(&mut self) -> io::Result<()> {
        let config = &self.shared.config;
        let host = self.machine.virtual_host().and_then(|name| config.hosts.iter().find(|h| h.name == name));
        let of_host = host.and_then(|host| host.identity.as_ref());
        let Some(identity) = of_host.or(config.identity.as_ref()) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let identity = identity.of_session()?;
        self.control.secure(&identity)?;
        self.identity = Some(identity.of_rest());
        Ok(())
    }

    /// Takes what has come, of whichever kind it is.
    pub(super) fn read(&mut self) {
        if self.takes_leave_of_tls() {
            return;
        }
        let mut buffer = [0u8; 2_048];
        let read = self.control.read_urgent(&mut buffer);
        self.shaken();
        match read {
            Ok(n) => self.input(&buffer[..n]),
            Err(e) => self.unread(&e),
        }
    }

    /// TLS did not come about: there is nobody to tell, in no language, but the owner.
    pub(super) fn not_secured(&mut self, why: &str) {
        self.shared.gate.not_begun(Protocol::Ftp, self.peer, format!("no TLS: {why}"));
        if let Some((id, _)) = self.securing.take() {
            let now = self.now();
            self.machine.answer(now, id, Answer::Refused(Code(421), String::new()));
        }
    }

    /// After each look at the connection: whether TLS has come about.
    pub(super) fn shaken(&mut self) {
        if self.identity.is_none() || self.named || self.control.is_shaking() {
            return;
        }
        self.named = true;
        let asked = self.control.tls().and_then(Tls::asked_name);
        if asked.is_some_and(|name| !self.machine.was_asked_for(&name)) {
            self.not_secured("the name that TLS was asked for is not that of HOST");
            return self.lost();
        }
        if let Some((id, _)) = self.securing.take() {
            let now = self.now();
            self.machine.answer(now, id, Answer::Done);
        }
    }

    pub(super) fn unread(&mut self, why: &io::Error) {
        match why.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => {}
            // Under TLS many clients leave without taking leave; what counts is each upload's end.
            io::ErrorKind::UnexpectedEof if !self.control.is_shaking() => self.input(&[]),
            _ => {
                // Who has said nothing has only looked whether somebody listens.
                if self.control.tls().is_some_and(|tls| tls.is_shaking() && tls.has_heard()) {
                    self.not_secured(&tls::unshaken(why));
                }
                self.lost();
            }
        }
    }
}
