use super::{Answer, Ask, Event, Odd, Pending, Server};
use crate::command::{Mechanism, Protection, ROWS, Row};

/// Whether there is TLS, and whether there has to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tls {
    /// There is none.
    #[default]
    Off,
    /// Who wants it has it.
    Offer,
    /// Nobody logs in without it, nothing is moved without PROT P.
    Require,
}

/// How an upload under TLS has to end, so that it counts as whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TlsEnd {
    /// With close_notify: without it nobody knows whether it was cut (RFC 8446 §6.1).
    #[default]
    Require,
    /// Without it where ALLO has said how long it is.
    SizeKnown,
    /// Anyhow: for clients that never say it.
    Accept,
}

impl TlsEnd {
    /// Whether an end without close_notify does.
    pub(super) fn does(self, size_known: bool) -> bool {
        match self {
            TlsEnd::Require => false,
            TlsEnd::SizeKnown => size_known,
            TlsEnd::Accept => true,
        }
    }
}

/// The control connection's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Security {
    Clear,
    /// RFC 4217 §8: PROT only when PBSZ has come.
    Tls {
        sized: bool,
    },
    /// Not any more, by CCC. What PROT said of data connections holds.
    Cleared,
}

impl Server {
    /// The control connection was under TLS before the first octet (implicit TLS): so are data connections, unless PROT
    /// says otherwise.
    #[must_use]
    pub fn implicit(mut self) -> Server {
        self.security = Security::Tls { sized: true };
        self.protection = Protection::Private;
        self
    }

    /// Whether the control connection is under TLS.
    pub fn is_secure(&self) -> bool {
        matches!(self.security, Security::Tls { .. })
    }

    pub(super) fn auth(&mut self, mechanism: Mechanism) {
        match self.security {
            Security::Clear => {}
            Security::Tls { .. } => return self.reply(503, "The control connection is under TLS already."),
            Security::Cleared => return self.reply(503, "CCC has ended TLS for this session."),
        }
        // What somebody between has put behind it would seem to have come under TLS (the injection of CVE-2011-0411).
        if !self.queue.is_empty() || self.lines.is_within() {
            self.events.push_back(Event::Odd(Odd::Malformed));
            return self.close(421, "Octets came behind AUTH, before TLS began; good bye.");
        }
        self.log_out();
        self.protection = match mechanism {
            Mechanism::Tls => Protection::Clear,
            Mechanism::TlsPrivate => Protection::Private,
        };
        self.reply(234, "TLS begins now.");
        self.ask(Ask::Secure, Pending::Secure);
    }

    pub(super) fn secured(&mut self, answer: Answer) {
        if answer == Answer::Done {
            self.security = Security::Tls { sized: false };
        } else {
            // Nobody is told anything: the connection speaks neither FTP nor TLS now.
            self.over();
        }
    }

    pub(super) fn buffer_size(&mut self) {
        match &mut self.security {
            Security::Clear | Security::Cleared => self.reply(503, "AUTH TLS must come before."),
            Security::Tls { sized } => {
                *sized = true;
                self.reply(200, "PBSZ=0");
            }
        }
    }

    pub(super) fn protect(&mut self, protection: Protection) {
        match (self.security, protection) {
            (Security::Clear | Security::Cleared, _) => self.reply(503, "AUTH TLS must come before."),
            (Security::Tls { sized: false }, _) => self.reply(503, "PBSZ 0 must come before."),
            (_, Protection::Clear) if self.config.tls == Tls::Require => {
                self.reply(534, "Data connections are private here: PROT P.");
            }
            (_, Protection::Clear) => {
                self.protection = protection;
                self.reply(200, "Data connections are clear.");
            }
            (_, Protection::Private) => {
                self.protection = protection;
                self.reply(200, "Data connections are private.");
            }
        }
    }

    /// RFC 4217 §6: whoever is between could then write commands of its own, so that it is there only where the owner wants
    /// it (a firewall that has to read PASV).
    pub(super) fn clear_control(&mut self) {
        match self.security {
            Security::Clear | Security::Cleared => {
                self.reply(533, "The control connection is clear already.")
            }
            Security::Tls { .. } if !self.config.ccc || self.config.tls == Tls::Require => {
                self.reply(534, "The control connection stays under TLS here.");
            }
            // It came under TLS, and would be answered in clear.
            Security::Tls { .. } if !self.queue.is_empty() || self.lines.is_within() => {
                self.reply(503, "Nothing may come behind CCC before its reply.");
            }
            Security::Tls { .. } => {
                self.reply(200, "The control connection is clear when TLS has ended.");
                self.ask(Ask::Clear, Pending::Clear);
            }
        }
    }

    pub(super) fn cleared(&mut self, answer: Answer) {
        if answer == Answer::Done {
            self.security = Security::Cleared;
        } else {
            self.over();
        }
    }

    /// Why nothing is moved now.
    pub(super) fn too_open(&self) -> Option<&'static str> {
        (self.config.tls == Tls::Require && self.protection == Protection::Clear)
            .then_some("Data connections are private here: PBSZ 0 and PROT P first.")
    }

    /// Why nobody logs in now.
    pub(super) fn too_open_to_log_in(&self) -> Option<&'static str> {
        (self.config.tls == Tls::Require && !self.is_secure())
            .then_some("No login without TLS here: AUTH TLS first.")
    }

    /// The verbs that there are.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'static Row> {
        let tls = self.config.tls != Tls::Off;
        let no_epsv = self.profile.no_epsv;
        let no_fxp = !self.has_third_parties();
        ROWS.iter().filter(move |row| {
            let is_absent = match row.verb {
                "EPSV" => no_epsv,
                "SSCN" | "CPSV" => no_fxp,
                _ => false,
            };
            (tls || !row.tls) && !is_absent
        })
    }

    pub(super) fn security_status(&self) -> &'static [u8] {
        match (self.security, self.protection) {
            (Security::Clear, _) | (Security::Cleared, Protection::Clear) => b"Nothing is under TLS.",
            (Security::Cleared, Protection::Private) => {
                b"Data connections are under TLS, the control connection is not."
            }
            (Security::Tls { .. }, Protection::Clear) => {
                b"The control connection is under TLS, data connections are not."
            }
            (Security::Tls { .. }, Protection::Private) => b"Control and data connections are under TLS.",
        }
    }
}
