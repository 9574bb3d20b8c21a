//! PORT, PASV, EPRT, EPSV and CPSV: where the next data connection comes about.

use super::fxp::Passive;
use super::{Answer, Ask, Channel, Event, Pending, Server};
use crate::addr::format_port;
use crate::command::Epsv;
use alloc::format;
use core::net::SocketAddr;

impl Server {
    /// PORT and EPRT: RFC 2577 §3, no well-known port, and no address but the client's own where the owner has not said
    /// otherwise.
    pub(super) fn active(&mut self, addr: SocketAddr) {
        if self.epsv_all {
            return self.only_epsv();
        }
        if addr.port() < 1_024 {
            return self.reply(501, "Data connections do not go to ports below 1024.");
        }
        if addr.ip() != self.peer.ip() {
            return self.ask(Ask::ThirdParty(addr), Pending::ThirdParty(addr));
        }
        self.will_connect(addr);
    }

    pub(super) fn will_connect(&mut self, addr: SocketAddr) {
        if self.channel.is_listening() {
            self.events.push_back(Event::Unlisten);
        }
        self.channel = Channel::Active(addr);
        self.reply(200, "The server will connect there.");
    }

    pub(super) fn pasv(&mut self) {
        if self.epsv_all {
            return self.only_epsv();
        }
        if self.local.is_ipv6() {
            return self.reply(425, "PASV has no room for IPv6; use EPSV.");
        }
        self.ask(Ask::Listen, Pending::Listen(Passive::Pasv));
    }

    pub(super) fn epsv(&mut self, which: Epsv) {
        match (which, self.local.is_ipv4()) {
            (Epsv::All, _) => {
                self.epsv_all = true;
                self.reply(200, "Only EPSV from now on.");
            }
            (Epsv::Any, _) | (Epsv::V4, true) | (Epsv::V6, false) => {
                self.ask(Ask::Listen, Pending::Listen(Passive::Epsv));
            }
            (Epsv::V4, false) | (Epsv::Unknown, false) => {
                self.reply(522, "Network protocol not supported, use (2)");
            }
            (Epsv::V6, true) | (Epsv::Unknown, true) => {
                self.reply(522, "Network protocol not supported, use (1)");
            }
        }
    }

    pub(super) fn listening(&mut self, by: Passive, answer: Answer) {
        self.channel = Channel::None;
        match (answer, by) {
            (Answer::Listening(addr), Passive::Epsv) => {
                self.channel = Channel::Listening(by);
                self.reply(229, &format!("Entering Extended Passive Mode (|||{}|)", addr.port()));
            }
            (Answer::Listening(SocketAddr::V4(addr)), Passive::Pasv | Passive::Cpsv) => {
                self.channel = Channel::Listening(by);
                self.reply(227, &format!("Entering Passive Mode ({}).", format_port(addr)));
            }
            (Answer::Listening(SocketAddr::V6(_)), Passive::Pasv | Passive::Cpsv) => {
                self.events.push_back(Event::Unlisten);
                self.reply(425, "The server has no IPv4 address to tell; use EPSV.");
            }
            (Answer::Refused(code, text), _) => self.reply(code.0, &text),
            _ => self.mismatch(),
        }
    }

    pub(super) fn only_epsv(&mut self) {
        self.reply(501, "You chose EPSV ALL.");
    }
}
