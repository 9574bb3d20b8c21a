//! Which way to a data connection is gone next: firewalls, old servers and address translation each stop another one.

use super::work::Doing;
use super::{Await, Client, Event, Failure, Target, Way, Ways};
use crate::addr::{format_eprt, format_port, parse_227, parse_229};
use crate::reply::Reply;
use alloc::string::String;
use clock::Instant;
use core::fmt::Write as _;
use core::net::SocketAddr;

/// In the order in which they are tried.
const ALL: [Way; 3] = [Way::Extended, Way::Pasv, Way::Active];

/// What was tried for one data connection, and what came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tried {
    ways: [bool; 3],
    /// For people.
    why: String,
}

impl Way {
    /// As commands and people call it.
    pub fn word(self) -> &'static str {
        match self {
            Way::Extended => "EPSV",
            Way::Pasv => "PASV",
            Way::Active => "active",
        }
    }
}

/// Where to begin.
pub(super) fn first(ways: Ways, peer: SocketAddr) -> Way {
    match ways {
        // PASV has no words for IPv6.
        Ways::Any { first: Way::Pasv } | Ways::Only(Way::Pasv) if peer.is_ipv6() => Way::Extended,
        Ways::Any { first } => first,
        Ways::Only(way) => way,
    }
}

impl Client {
    /// Asks for a data connection, the way that is gone.
    pub(super) fn ask_data(&mut self) {
        self.tried.ways[self.way as usize] = true;
        match self.way {
            Way::Extended => {
                self.send(b"EPSV", b"", Doing::Epsv);
                if self.plan.ahead && self.is_proven && self.start == 0 {
                    self.is_ahead = true;
                    self.request_transfer();
                    self.awaits = Await::Doing(Doing::Epsv);
                }
            }
            Way::Pasv => self.send(b"PASV", b"", Doing::Pasv),
            Way::Active => {
                self.awaits = Await::Doing(Doing::Data);
                self.events.push_back(Event::Listen);
            }
        }
    }

    /// What EPSV, PASV, PORT or EPRT is answered.
    pub(super) fn data_reply(&mut self, step: Doing, r: &Reply) {
        let target = match (step, r.code.0) {
            (Doing::Epsv, 229) => parse_229(r.text()).map(Target::Port),
            (Doing::Pasv, 227) => parse_227(r.text()).map(Target::Told),
            (Doing::Active, 200..=299) => return self.request(),
            _ => None,
        };
        match target {
            Some(target) => {
                self.awaits = Await::Doing(Doing::Data);
                self.events.push_back(Event::Connect(target));
            }
            None => {
                let words = alloc::format!("{} {}", r.code.0, r.text().escape_ascii());
                self.no_data(&words);
            }
        }
    }

    /// The data connection is connected.
    pub fn data_ready(&mut self, now: Instant) {
        if self.awaits == Await::Doing(Doing::Data) {
            self.arm(now);
            if self.is_ahead {
                self.awaits = Await::Doing(Doing::Begin);
            } else {
                self.request();
            }
        }
    }

    /// There is no data connection.
    pub fn data_failed(&mut self, now: Instant, why: &str) {
        if self.awaits == Await::Doing(Doing::Data) {
            self.arm(now);
            self.no_data(why);
        }
    }

    /// We listen at `named` (the address to speak of).
    pub fn listening(&mut self, now: Instant, named: SocketAddr) {
        if self.awaits == Await::Doing(Doing::Data) {
            self.arm(now);
            match named {
                SocketAddr::V4(a) => self.send(b"PORT", format_port(a).as_bytes(), Doing::Active),
                SocketAddr::V6(_) => self.send(b"EPRT", format_eprt(named).as_bytes(), Doing::Active),
            }
        }
    }

    /// This way leads nowhere: another one, or the end.
    pub(super) fn no_data(&mut self, why: &str) {
        let Tried { ways, why: all } = &mut self.tried;
        let separator = if all.is_empty() { "" } else { "; " };
        write!(all, "{separator}{}: {why}", self.way.word()).expect("a String takes everything");
        let is_v4 = self.peer.is_ipv4();
        let next = ALL.into_iter().find(|way| !ways[*way as usize] && (*way != Way::Pasv || is_v4));
        self.events.push_back(Event::CloseData);
        match (self.plan.ways, next) {
            (Ways::Any { .. }, Some(next)) => {
                self.way = next;
                self.is_proven = false;
                if self.is_ahead {
                    // Its answer comes, and is none to what is asked next.
                    self.is_ahead = false;
                    self.plan.ahead = false;
                    self.awaits = Await::Doing(Doing::Stray);
                } else {
                    self.ask_data();
                }
            }
            (Ways::Any { .. } | Ways::Only(_), _) => {
                self.is_ahead = false;
                self.way = first(self.plan.ways, self.peer);
                let why = core::mem::take(&mut self.tried.why);
                self.end(Err(Failure::NoData(why)));
            }
        }
    }
}
