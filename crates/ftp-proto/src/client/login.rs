//! From the greeting to the first job.

use super::{Await, Client, Event, Phase, Tls};
use crate::reply::Reply;
use clock::Instant;

/// What is awaited before the first job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entering {
    Greeting,
    Auth,
    /// The driver puts the connection under TLS.
    Secure,
    User,
    Pass,
    Pbsz,
    Prot,
}

impl From<Entering> for Await {
    fn from(step: Entering) -> Await {
        Await::Entering(step)
    }
}

impl Entering {
    pub(super) fn phase(self) -> Phase {
        match self {
            Entering::Greeting => Phase::Greeting,
            Entering::Auth | Entering::Secure => Phase::Security,
            Entering::User | Entering::Pass => Phase::Login,
            Entering::Pbsz | Entering::Prot => Phase::Prepare,
        }
    }
}

impl Client {
    pub(super) fn login_reply(&mut self, now: Instant, step: Entering, r: Reply) {
        let code = r.code;
        match step {
            // 120: ready in some minutes; another greeting follows.
            Entering::Greeting if code.is_preliminary() => {}
            Entering::Greeting if code.is_complete() => {
                self.greeting = r.text().to_vec();
                match self.plan.tls {
                    Tls::Explicit => self.send(b"AUTH", b"TLS", Entering::Auth),
                    Tls::No | Tls::Implicit => self.log_in(),
                }
            }
            Entering::Auth if code.0 == 234 => {
                self.awaits = Await::Entering(Entering::Secure);
                self.events.push_back(Event::Secure);
            }
            Entering::Secure => {}
            Entering::User if code.0 == 331 => {
                let password = self.plan.password.0.clone();
                self.send(b"PASS", &password, Entering::Pass);
            }
            Entering::User | Entering::Pass if code.is_complete() => match self.plan.tls {
                Tls::No => self.ready(),
                Tls::Explicit | Tls::Implicit => self.send(b"PBSZ", b"0", Entering::Pbsz),
            },
            // RFC 4217 §8: it may propose another size, which for TLS means nothing.
            Entering::Pbsz if code.is_complete() => self.send(b"PROT", b"P", Entering::Prot),
            Entering::Prot if code.is_complete() => self.ready(),
            Entering::Greeting
            | Entering::Auth
            | Entering::User
            | Entering::Pass
            | Entering::Pbsz
            | Entering::Prot => {
                let failure = self.refused(&r);
                self.events.push_back(Event::Finished(Err(failure)));
                self.awaits = Await::Idle;
                self.quit(now);
            }
        }
    }

    /// The control connection is under TLS.
    pub fn secured(&mut self, now: Instant) {
        if self.awaits == Await::Entering(Entering::Secure) {
            self.arm(now);
            self.log_in();
        }
    }

    fn log_in(&mut self) {
        let user = self.plan.user.clone();
        self.send(b"USER", &user, Entering::User);
    }

    fn ready(&mut self) {
        self.awaits = Await::Idle;
        self.deadline = None;
        self.events.push_back(Event::Ready);
    }
}
