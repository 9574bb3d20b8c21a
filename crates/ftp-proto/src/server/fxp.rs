//! Transfers from server to server, as far as the owner grants them: third parties, SSCN and CPSV.
//!
//! The client has both control connections and puts one server's passive address into the other's PORT. Under TLS both
//! servers would be TLS servers towards each other: SSCN and CPSV say to one that it is the client.

use super::security::Security;
use super::{Answer, Ask, Channel, DataTls, Login, Pending, Server};
use crate::command::{Protection, Sscn};
use core::net::SocketAddr;

/// Which verb the passive port is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Passive {
    Pasv,
    Epsv,
    /// As PASV, and on its data connection we are TLS's client.
    Cpsv,
}

impl Channel {
    pub(super) fn is_listening(self) -> bool {
        matches!(self, Channel::Listening(_))
    }
}

impl Server {
    pub(super) fn third_party_answered(&mut self, to: SocketAddr, answer: Answer) {
        if let Answer::Refused(code, text) = answer {
            self.reply(code.0, &text);
        } else if answer == Answer::Done {
            self.will_connect(to);
        } else {
            self.mismatch();
        }
    }

    pub(super) fn secure_client(&mut self, wanted: Sscn) {
        if wanted != Sscn::Tell
            && let Err((code, why)) = self.may_be_client()
        {
            return self.reply(code, why);
        }
        match wanted {
            Sscn::On => self.sscn = true,
            Sscn::Off => self.sscn = false,
            Sscn::Tell => {}
        }
        // In these words clients look for it.
        self.reply(200, if self.sscn { "SSCN:CLIENT METHOD" } else { "SSCN:SERVER METHOD" });
    }

    pub(super) fn cpsv(&mut self) {
        if self.epsv_all {
            return self.only_epsv();
        }
        if let Err((code, why)) = self.may_be_client() {
            return self.reply(code, why);
        }
        if self.local.is_ipv6() {
            return self.reply(425, "CPSV has no room for IPv6; use SSCN ON and EPSV.");
        }
        self.ask(Ask::Listen, Pending::Listen(Passive::Cpsv));
    }

    fn may_be_client(&self) -> Result<(), (u16, &'static str)> {
        if self.security == Security::Clear {
            return Err((503, "AUTH TLS must come before."));
        }
        if !self.has_third_parties() {
            return Err((534, "No data connections with other servers are granted to you."));
        }
        Ok(())
    }

    pub(super) fn has_third_parties(&self) -> bool {
        matches!(self.login, Login::In { third_parties: true, .. })
    }

    /// Of the data connection by this channel.
    pub(super) fn data_tls(&self, channel: Channel) -> DataTls {
        let client = self.sscn || channel == Channel::Listening(Passive::Cpsv);
        match self.protection {
            Protection::Clear => DataTls::Clear,
            Protection::Private if client => DataTls::Client,
            Protection::Private => DataTls::Server,
        }
    }
}
