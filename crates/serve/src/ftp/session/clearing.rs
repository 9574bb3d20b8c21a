//! The control connection changes between clear and TLS: when, and until when; and how TLS ends (CCC).

use super::{LAST_WORDS, Session};
use ftp_proto::reply::Code;
use ftp_proto::server::{Answer, AskId};
use std::io;
use std::time::Instant;

/// TLS that ends.
#[derive(Clone, Copy)]
pub(super) struct Clearing {
    id: AskId,
    by: Instant,
    /// We have said that it is over; the client is to say so too.
    said: bool,
}

impl Clearing {
    pub(super) fn wanted(id: AskId) -> Clearing {
        Clearing { id, by: Instant::now() + LAST_WORDS, said: false }
    }
}

impl Session {
    /// Begins or ends TLS, once all that was said before is written; whether that came to something at once.
    pub(super) fn change(&mut self) -> bool {
        if !self.out.is_empty() {
            return false;
        }
        if let Some(clearing) = self.clearing.as_mut().filter(|clearing| !clearing.said) {
            clearing.said = true;
            self.control.begin_clear();
        }
        if self.securing.is_some()
            && self.identity.is_none()
            && let Err(e) = self.secure()
        {
            self.not_secured(&e.to_string());
            return true;
        }
        false
    }

    /// By when a change has to be over.
    pub(super) fn changed_by(&self) -> Option<Instant> {
        self.securing.map(|(_, by)| by).or(self.clearing.map(|clearing| clearing.by))
    }

    /// It is not.
    pub(super) fn not_changed(&mut self) {
        match self.clearing.take() {
            Some(clearing) => self.changed(clearing.id, Answer::Refused(Code(421), String::new())),
            None => self.not_secured("the client did not shake hands in time"),
        }
    }

    /// While TLS ends, whatever comes is of that; whether it was.
    pub(super) fn takes_leave_of_tls(&mut self) -> bool {
        let Some(clearing) = self.clearing.filter(|clearing| clearing.said) else { return false };
        match self.control.clear() {
            Ok(()) => {
                self.clearing = None;
                self.changed(clearing.id, Answer::Done);
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => {
                self.clearing = None;
                self.lost();
            }
        }
        true
    }

    fn changed(&mut self, id: AskId, answer: Answer) {
        let now = self.now();
        self.machine.answer(now, id, answer);
    }
}
