//! The control connection's TLS: it begins, its handshake ends, or it does not come about.

use super::Session;
use ftp_proto::reply::Code;
use ftp_proto::server::Answer;
use std::io;

impl Session {
    /// Begins TLS: from here on nothing is read as it is. Its tickets are this session's alone, so that a data connection
    /// which resumes it is made by the same client.
    pub(super) fn secure(&mut self) -> io::Result<()> {
        let Some(identity) = &self.shared.config.identity else { return Err(io::ErrorKind::NotFound.into()) };
        let identity = identity.of_session()?;
        self.control.secure(&identity)?;
        self.identity = Some(identity.of_rest());
        Ok(())
    }

    /// TLS did not come about: there is nobody to tell, in no language.
    pub(super) fn not_secured(&mut self) {
        if let Some((id, _)) = self.securing.take() {
            let now = self.now();
            self.machine.answer(now, id, Answer::Refused(Code(421), String::new()));
        }
    }

    /// After each look at the connection: whether TLS has come about.
    pub(super) fn shaken(&mut self) {
        if let Some((id, _)) = self.securing
            && self.identity.is_some()
            && !self.control.is_shaking()
        {
            self.securing = None;
            let now = self.now();
            self.machine.answer(now, id, Answer::Done);
        }
    }

    pub(super) fn unread(&mut self, why: io::ErrorKind) {
        match why {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => {}
            // Under TLS many clients leave without taking leave; what counts is each upload's end.
            io::ErrorKind::UnexpectedEof if self.securing.is_none() => self.input(&[]),
            _ => {
                self.not_secured();
                self.lost();
            }
        }
    }
}
