//! CONNECT's words (RFC 9110 §9.3.6; the login RFC 7617).

use super::{Account, Goal, ProxyFault};
use crate::error::printable;
use base64ct::{Base64, Encoding as _};

/// The longest answer that is read, octets with all its headers.
const LONGEST: usize = 16 << 10;

pub(super) struct Connect {
    goal: Goal,
    has_account: bool,
    out: Option<Vec<u8>>,
    /// The answer's head, as far as it has come: [`LONGEST`] at most.
    heard: Vec<u8>,
    is_through: bool,
}

impl Connect {
    pub(super) fn new(goal: Goal, account: Option<&Account>) -> Connect {
        let mut head = format!("CONNECT {goal} HTTP/1.1\r\nHost: {goal}\r\n");
        if let Some(Account { user, password }) = account {
            let login = Base64::encode_string(format!("{user}:{password}").as_bytes());
            head.push_str(&format!("Proxy-Authorization: Basic {login}\r\n"));
        }
        head.push_str("\r\n");
        let has_account = account.is_some();
        Connect { goal, has_account, out: Some(head.into_bytes()), heard: Vec::new(), is_through: false }
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.out.take()
    }

    pub(super) fn is_through(&self) -> bool {
        self.is_through
    }

    pub(super) fn handle_input(&mut self, octets: &[u8]) -> Result<usize, ProxyFault> {
        for (at, &octet) in octets.iter().enumerate() {
            if self.is_through {
                return Ok(at);
            }
            if self.heard.len() == LONGEST {
                let what = format!("its answer has no end within {LONGEST} octets");
                return Err(ProxyFault::Protocol(what));
            }
            self.heard.push(octet);
            // What is no HTTP is said before it has no end.
            let begins = self.heard.len().min(b"HTTP/1.".len());
            if self.heard[..begins] != b"HTTP/1."[..begins] {
                let found = printable(&self.heard);
                return Err(ProxyFault::Protocol(format!("expected HTTP/1.1 and a status, found '{found}'")));
            }
            // RFC 9112 §2.2: a bare LF ends a line too.
            if self.heard.ends_with(b"\n\r\n") || self.heard.ends_with(b"\n\n") {
                let head = std::mem::take(&mut self.heard);
                self.answered(&head)?;
            }
        }
        Ok(octets.len())
    }

    fn answered(&mut self, head: &[u8]) -> Result<(), ProxyFault> {
        let line = head.split(|b| *b == b'\n').next().unwrap_or(head).trim_ascii_end();
        let shown = || printable(line);
        // HTTP/1.x SP three digits (RFC 9112 §4).
        let status = match line.get(8..12) {
            Some([b' ', digits @ ..]) if digits.iter().all(u8::is_ascii_digit) => {
                digits.iter().fold(0u16, |all, digit| all * 10 + u16::from(digit - b'0'))
            }
            Some(_) | None => {
                let found = shown();
                return Err(ProxyFault::Protocol(format!("expected HTTP/1.1 and a status, found '{found}'")));
            }
        };
        let (target, why) = (self.goal.to_string(), printable(line.get(9..).unwrap_or_default()));
        match status {
            // The answer that counts comes behind it (RFC 9110 §15.2).
            100..=199 => {}
            // There is no content, whatever its headers say (RFC 9110 §9.3.6).
            200..=299 => self.is_through = true,
            407 if self.has_account => return Err(ProxyFault::Login(why)),
            407 => return Err(ProxyFault::WantsLogin(why)),
            // It is between us and the server (RFC 9110 §15.6.3, §15.6.4, §15.6.5).
            502..=504 => return Err(ProxyFault::Unreachable { target, why }),
            _other => return Err(ProxyFault::Refused { target, why }),
        }
        Ok(())
    }
}
