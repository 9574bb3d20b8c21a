//! Control lines out of a stream of octets.
//!
//! The control connection is a Telnet stream (RFC 959 §2.3): commands end in CRLF, `IAC IAC` is the
//! octet 0xFF, and other Telnet commands (as in `IAC IP IAC DM ABOR`) carry nothing for us. A bare LF
//! ends a line too, as every server accepts. What cannot be a line is told once and the stream
//! resynchronises at the next LF.

use alloc::vec::Vec;

/// The longest line, octets, without its end.
pub const MAX_LINE: usize = 4_096;

const IAC: u8 = 0xff;
const SB: u8 = 0xfa;
const SE: u8 = 0xf0;

/// Why octets up to an LF are not a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadLine {
    /// More than [`MAX_LINE`] octets.
    TooLong,
    /// A NUL, or a CR that no LF follows: no file name of ours, and never cut off silently.
    Control,
}

/// One line without its end, or why it is none.
pub type Line = Result<Vec<u8>, BadLine>;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Telnet {
    #[default]
    Text,
    /// After IAC.
    Command,
    /// After WILL, WONT, DO or DONT: the option follows.
    Option,
    /// Between IAC SB and IAC SE.
    Sub,
    /// After an IAC there.
    SubCommand,
}

/// Collects octets into lines. Holds at most [`MAX_LINE`] octets and takes memory only for a line that
/// has begun.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
    telnet: Telnet,
    bad: Option<BadLine>,
    cr: bool,
}

impl Lines {
    /// Whether a line has begun.
    pub fn is_within(&self) -> bool {
        !self.line.is_empty() || self.telnet != Telnet::Text || self.bad.is_some() || self.cr
    }

    /// Takes one octet; gives a line when it was the last of one.
    pub fn push(&mut self, octet: u8) -> Option<Line> {
        match self.telnet {
            Telnet::Text if octet == IAC => {
                self.telnet = Telnet::Command;
                None
            }
            Telnet::Text => self.text(octet),
            Telnet::Command => {
                self.telnet = Telnet::Text;
                match octet {
                    IAC => self.text(IAC),
                    SB => {
                        self.telnet = Telnet::Sub;
                        None
                    }
                    0xfb..=0xfe => {
                        self.telnet = Telnet::Option;
                        None
                    }
                    SE..=0xf9 => None,
                    // Not a Telnet command at all: a client that sends names in Latin-1 unescaped.
                    other => {
                        let _ = self.text(IAC);
                        self.text(other)
                    }
                }
            }
            Telnet::Option => {
                self.telnet = Telnet::Text;
                None
            }
            Telnet::Sub => {
                if octet == IAC {
                    self.telnet = Telnet::SubCommand;
                }
                None
            }
            Telnet::SubCommand => {
                self.telnet = if octet == SE { Telnet::Text } else { Telnet::Sub };
                None
            }
        }
    }

    /// Octets held of a line that has not ended.
    pub fn held(&self) -> usize {
        self.line.len()
    }

    fn text(&mut self, octet: u8) -> Option<Line> {
        if octet == b'\n' {
            self.cr = false;
            let line = core::mem::take(&mut self.line);
            return Some(match self.bad.take() {
                Some(bad) => Err(bad),
                None => Ok(line),
            });
        }
        if self.bad == Some(BadLine::TooLong) {
            return None;
        }
        if self.cr || octet == 0 {
            self.bad = Some(BadLine::Control);
        }
        self.cr = octet == b'\r';
        if !self.cr {
            if self.line.len() == MAX_LINE {
                self.bad = Some(BadLine::TooLong);
                self.line = Vec::new();
            } else {
                self.line.push(octet);
            }
        }
        None
    }
}

/// Appends `octets` for the control connection: 0xFF doubled (RFC 854), and an octet that would break
/// the line (CR, LF, NUL) shown as `?`.
pub fn escape(octets: &[u8], out: &mut Vec<u8>) {
    for &b in octets {
        match b {
            IAC => out.extend([IAC, IAC]),
            b'\r' | b'\n' | 0 => out.push(b'?'),
            b => out.push(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn lines(octets: &[u8]) -> Vec<Line> {
        let mut l = Lines::default();
        octets.iter().filter_map(|&b| l.push(b)).collect()
    }

    #[test]
    fn crlf_and_bare_lf_end_a_line() {
        assert_eq!(lines(b"NOOP\r\nPWD\nQU"), vec![Ok(b"NOOP".to_vec()), Ok(b"PWD".to_vec())]);
    }

    #[test]
    fn telnet_commands_vanish_and_a_doubled_iac_is_one_octet() {
        assert_eq!(lines(b"\xff\xf4\xff\xf2ABOR\r\n"), vec![Ok(b"ABOR".to_vec())]);
        assert_eq!(lines(b"RETR \xff\xff\r\n"), vec![Ok(b"RETR \xff".to_vec())]);
        assert_eq!(lines(b"\xff\xfd\x06NO\xff\xfa\x18x\xff\xf0OP\r\n"), vec![Ok(b"NOOP".to_vec())]);
        // Latin-1 y with diaeresis from a client that knows no Telnet.
        assert_eq!(lines(b"RETR \xffa\r\n"), vec![Ok(b"RETR \xffa".to_vec())]);
    }

    #[test]
    fn a_line_too_long_is_told_once_and_the_next_lf_resynchronises() {
        let mut stream = vec![b'A'; MAX_LINE + 1];
        stream.extend(b" and more\r\nNOOP\r\n");
        assert_eq!(lines(&stream), vec![Err(BadLine::TooLong), Ok(b"NOOP".to_vec())]);
        let mut fits = vec![b'A'; MAX_LINE];
        fits.extend(b"\r\n");
        assert_eq!(lines(&fits)[0].as_ref().map(Vec::len), Ok(MAX_LINE));
    }

    #[test]
    fn memory_stays_bounded_without_any_line_end() {
        let mut l = Lines::default();
        for _ in 0..1_000_000 {
            assert_eq!(l.push(b'x'), None);
            assert!(l.held() <= MAX_LINE);
        }
    }

    #[test]
    fn nul_and_lone_cr_are_refused_not_cut_off() {
        assert_eq!(lines(b"RETR a\0b\r\n"), vec![Err(BadLine::Control)]);
        assert_eq!(lines(b"RETR a\rb\r\n"), vec![Err(BadLine::Control)]);
        assert_eq!(lines(b"NOOP\r\r\n"), vec![Err(BadLine::Control)]);
    }

    #[test]
    fn escape_keeps_a_reply_on_its_line() {
        let mut out = Vec::new();
        escape(b"a\r\nb\xff", &mut out);
        assert_eq!(out, b"a??b\xff\xff");
    }
}
