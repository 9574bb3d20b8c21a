//! SOCKS5's words (RFC 1928), with user and password (RFC 1929).

use super::{Account, Goal, Host, ProxyFault};
use std::net::IpAddr;

const VERSION: u8 = 5;
/// Methods (RFC 1928 §3).
const NONE: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NOT_ACCEPTABLE: u8 = 0xff;
/// The version of RFC 1929's own words.
const LOGIN_VERSION: u8 = 1;
/// RFC 1928 §4.
const CONNECT: u8 = 1;
/// Kinds of addresses (RFC 1928 §5).
const V4: u8 = 1;
const NAME: u8 = 3;
const V6: u8 = 4;

/// What REP means (RFC 1928 §6), and whether it was tried: else it is the proxy that does not want to.
const REPLIES: [(u8, bool, &str); 8] = [
    (1, false, "general failure"),
    (2, false, "not allowed by its rules"),
    (3, true, "the network is unreachable"),
    (4, true, "the host is unreachable"),
    (5, true, "the connection was refused"),
    (6, true, "no answer in time"),
    (7, false, "it does not know the command CONNECT"),
    (8, false, "it does not know this kind of address"),
];

pub(super) struct Socks {
    goal: Goal,
    account: Option<Account>,
    awaits: Await,
    out: Option<Vec<u8>>,
    /// Of the answer that is awaited, what has come.
    heard: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Await {
    Method,
    Login,
    Reply,
    Nothing,
}

impl Socks {
    /// User and password have an octet of length each: [`super::Proxy`] sees to it.
    pub(super) fn new(goal: Goal, account: Option<Account>) -> Socks {
        let hello = match account {
            None => vec![VERSION, 1, NONE],
            Some(_) => vec![VERSION, 2, NONE, USER_AND_PASSWORD],
        };
        Socks { goal, account, awaits: Await::Method, out: Some(hello), heard: Vec::new() }
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.out.take()
    }

    pub(super) fn is_through(&self) -> bool {
        self.awaits == Await::Nothing
    }

    pub(super) fn handle_input(&mut self, octets: &[u8]) -> Result<usize, ProxyFault> {
        let mut taken = 0;
        while !self.is_through() && taken < octets.len() {
            self.heard.push(octets[taken]);
            taken += 1;
            if self.heard.len() == self.wanted() {
                let answer = std::mem::take(&mut self.heard);
                self.answered(&answer)?;
            }
        }
        Ok(taken)
    }

    /// How long the answer is that is awaited, as far as what came of it tells: 262 at most.
    fn wanted(&self) -> usize {
        match self.awaits {
            Await::Method | Await::Login => 2,
            // VER REP RSV ATYP, the address, two of the port.
            Await::Reply => match self.heard.as_slice() {
                // A refusal is one without an address too.
                [_, reply, ..] if *reply != 0 => 2,
                [_, _, _, V4, ..] => 10,
                [_, _, _, V6, ..] => 22,
                [_, _, _, NAME] => 5,
                [_, _, _, NAME, len, ..] => 7 + usize::from(*len),
                // Of a kind that has no length.
                _short => 4,
            },
            Await::Nothing => 0,
        }
    }

    fn answered(&mut self, answer: &[u8]) -> Result<(), ProxyFault> {
        let expected = if self.awaits == Await::Login { LOGIN_VERSION } else { VERSION };
        if answer[0] != expected {
            let what =
                format!("expected version {expected} of SOCKS's words, found the octet {:02x}", answer[0]);
            return Err(ProxyFault::Protocol(what));
        }
        match (self.awaits, answer[1]) {
            (Await::Method, NONE) => self.request(),
            (Await::Method, USER_AND_PASSWORD) if self.account.is_some() => self.log_in(),
            (Await::Method, NOT_ACCEPTABLE) => {
                return Err(match self.account {
                    None => ProxyFault::WantsLogin(String::from("it lets in nobody without")),
                    Some(_) => ProxyFault::Login(String::from("it takes no user and password")),
                });
            }
            (Await::Method, other) => {
                let what = format!("it chose method {other}, which was not offered");
                return Err(ProxyFault::Protocol(what));
            }
            (Await::Login, 0) => self.request(),
            (Await::Login, status) => {
                return Err(ProxyFault::Login(format!("status {status}; check user and password")));
            }
            (Await::Reply, 0) => self.replied(answer)?,
            (Await::Reply, reply) => return Err(self.refused(reply)),
            (Await::Nothing, _) => {}
        }
        Ok(())
    }

    /// Where the proxy connects from (RFC 1928 §6) is of no use here.
    fn replied(&mut self, answer: &[u8]) -> Result<(), ProxyFault> {
        match answer[3] {
            V4 | NAME | V6 => self.awaits = Await::Nothing,
            other => {
                let what = format!("expected an address of kind 1, 3 or 4, found {other}");
                return Err(ProxyFault::Protocol(what));
            }
        }
        Ok(())
    }

    fn refused(&self, reply: u8) -> ProxyFault {
        let target = self.goal.to_string();
        match REPLIES.iter().find(|(code, ..)| *code == reply) {
            Some((_, true, words)) => ProxyFault::Unreachable { target, why: format!("{words} ({reply})") },
            Some((_, false, words)) => ProxyFault::Refused { target, why: format!("{words} ({reply})") },
            None => ProxyFault::Refused { target, why: format!("reply {reply}") },
        }
    }

    fn log_in(&mut self) {
        let account = self.account.as_ref().expect("who calls has seen it");
        let mut out = vec![LOGIN_VERSION];
        for text in [&account.user, &account.password] {
            out.push(octet(text.len()));
            out.extend_from_slice(text.as_bytes());
        }
        self.out = Some(out);
        self.awaits = Await::Login;
    }

    fn request(&mut self) {
        let mut out = vec![VERSION, CONNECT, 0];
        match &self.goal.host {
            Host::Address(IpAddr::V4(address)) => {
                out.push(V4);
                out.extend(address.octets());
            }
            Host::Address(IpAddr::V6(address)) => {
                out.push(V6);
                out.extend(address.octets());
            }
            Host::Name(name) => {
                out.extend([NAME, octet(name.len())]);
                out.extend(name.bytes());
            }
        }
        out.extend(self.goal.port.to_be_bytes());
        self.out = Some(out);
        self.awaits = Await::Reply;
    }
}

fn octet(len: usize) -> u8 {
    u8::try_from(len).expect("names and logins of up to 255 octets, seen to where they are made")
}
