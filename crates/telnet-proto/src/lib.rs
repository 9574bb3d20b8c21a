//! The Telnet stream as a pure machine, both ends.
//!
//! It opens no connection and keeps no time: octets in, octets and events out. It offers what a router's
//! line offers (echo, suppress go-ahead; asks for terminal type and window size) and refuses everything
//! else; linemode, encryption and binary are not here.
//!
//! - `lib.rs`: [`Telnet`], parsing, what goes out.
//! - `option.rs`: the state of one option (RFC 1143 §7, the Q method).
//! - [`fuzz`]: entry points for the fuzzer.
//!
//! RFC 854 (protocol, NVT), 855 (options), 857 (ECHO), 858 (SUPPRESS-GO-AHEAD), 1073 (NAWS), 1091
//! (TERMINAL-TYPE), 1143 (negotiation without loops).
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]
#![cfg_attr(test, allow(clippy::wildcard_enum_match_arm))]
extern crate alloc;

pub mod fuzz;
mod option;
#[cfg(test)]
mod tests;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use option::{Action, Negotiation};

/// RFC 854, "TELNET command structure".
mod code {
    pub(super) const SE: u8 = 240;
    pub(super) const BREAK: u8 = 243;
    pub(super) const INTERRUPT: u8 = 244;
    pub(super) const ARE_YOU_THERE: u8 = 246;
    pub(super) const ERASE_CHARACTER: u8 = 247;
    pub(super) const ERASE_LINE: u8 = 248;
    pub(super) const SB: u8 = 250;
    pub(super) const WILL: u8 = 251;
    pub(super) const WONT: u8 = 252;
    pub(super) const DO: u8 = 253;
    pub(super) const DONT: u8 = 254;
    pub(super) const IAC: u8 = 255;
}

/// The options we know; the assigned numbers.
const ECHO: u8 = 1;
const SUPPRESS_GO_AHEAD: u8 = 3;
const TERMINAL_TYPE: u8 = 24;
const WINDOW_SIZE: u8 = 31;

/// RFC 1091 §2: IS and SEND.
const IS: u8 = 0;
const SEND: u8 = 1;

/// The longest subnegotiation that is kept; a terminal's name has at most 40 octets (RFC 1091 §6).
const SUB_LIMIT: usize = 64;

/// What the peer did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Octets typed or printed, IAC and the NUL of CR NUL taken out.
    Data(Vec<u8>),
    /// BRK: the break key, which stops a router's boot.
    Break,
    /// IP: interrupt process.
    Interrupt,
    /// NAWS: its window has these columns and rows; 0 is "I do not say".
    Resize {
        /// Columns.
        columns: u16,
        /// Rows.
        rows: u16,
    },
    /// Its terminal, as it names it: `XTERM-256COLOR`. Only printable octets.
    Terminal(String),
    /// Whether the peer echoes what we send changed (client).
    Echo(bool),
}

/// Which options an end uses itself and lets the other use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Server,
    Client { columns: u16, rows: u16 },
}

/// One end of a Telnet connection.
///
/// [`Telnet::handle_bytes`] with what arrived, [`Telnet::send`] with what goes to the peer; then drain
/// [`Telnet::poll_transmit`] and [`Telnet::poll_event`] until both say `None`. It has no deadline.
#[derive(Clone, Debug)]
pub struct Telnet {
    role: Role,
    parse: Parse,
    after_cr: bool,
    options: [Negotiation; 4],
    data: Vec<u8>,
    out: Vec<u8>,
    events: VecDeque<Event>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Parse {
    Data,
    Iac,
    /// Behind WILL, WONT, DO or DONT.
    Option(u8),
    Sub(Vec<u8>),
    /// IAC within a subnegotiation.
    SubIac(Vec<u8>),
}

impl Telnet {
    /// The end that is a line of a device: says WILL ECHO, WILL SGA, DO TTYPE, DO NAWS, as IOS does.
    pub fn server() -> Telnet {
        let mut telnet = Telnet::new(Role::Server);
        telnet.ask(ECHO, true);
        telnet.ask(SUPPRESS_GO_AHEAD, true);
        telnet.ask(TERMINAL_TYPE, false);
        telnet.ask(WINDOW_SIZE, false);
        telnet
    }

    /// The end that is a terminal: says nothing first, agrees to what a line offers.
    pub fn client(columns: u16, rows: u16) -> Telnet {
        Telnet::new(Role::Client { columns, rows })
    }

    fn new(role: Role) -> Telnet {
        let option = |number| Negotiation::new(number);
        Telnet {
            role,
            parse: Parse::Data,
            after_cr: false,
            options: [option(ECHO), option(SUPPRESS_GO_AHEAD), option(TERMINAL_TYPE), option(WINDOW_SIZE)],
            data: Vec::new(),
            out: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// Octets from the connection.
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.parse = match core::mem::replace(&mut self.parse, Parse::Data) {
                Parse::Data if byte == code::IAC => Parse::Iac,
                Parse::Data => self.octet(byte),
                Parse::Iac => self.command(byte),
                Parse::Option(verb) => self.negotiate(verb, byte),
                Parse::Sub(sub) if byte == code::IAC => Parse::SubIac(sub),
                Parse::Sub(mut sub) => {
                    // What is too long is cut; nothing we know is.
                    if sub.len() < SUB_LIMIT {
                        sub.push(byte);
                    }
                    Parse::Sub(sub)
                }
                Parse::SubIac(mut sub) => match byte {
                    code::IAC => {
                        if sub.len() < SUB_LIMIT {
                            sub.push(byte);
                        }
                        Parse::Sub(sub)
                    }
                    code::SE => self.subnegotiation(&sub),
                    // RFC 855: a subnegotiation ends with IAC SE. Another command there means that the
                    // end was lost.
                    _ => self.command(byte),
                },
            };
        }
        self.flush_data();
    }

    /// Octets for the peer. IAC is doubled; a CR that no LF follows becomes CR NUL (RFC 854, NVT).
    pub fn send(&mut self, data: &[u8]) {
        for (at, &byte) in data.iter().enumerate() {
            self.out.push(byte);
            if byte == code::IAC {
                self.out.push(byte);
            }
            // A CR at the end of `data` does not wait for what comes next: an LF then makes CR NUL LF,
            // which a terminal shows alike.
            if byte == b'\r' && data.get(at + 1) != Some(&b'\n') {
                self.out.push(0);
            }
        }
    }

    /// Sends a break.
    pub fn send_break(&mut self) {
        self.out.extend([code::IAC, code::BREAK]);
    }

    /// The terminal's window changed (client).
    pub fn resize(&mut self, columns: u16, rows: u16) {
        if let Role::Client { .. } = self.role {
            self.role = Role::Client { columns, rows };
            if self.options[index(WINDOW_SIZE)].ours() {
                self.send_window();
            }
        }
    }

    /// Octets for the connection.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        (!self.out.is_empty()).then(|| core::mem::take(&mut self.out))
    }

    /// What the peer did.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Wants an option on: our side (`ours`: WILL) or the peer's (DO).
    fn ask(&mut self, option: u8, ours: bool) {
        if let Some(action) = self.options[index(option)].ask(ours) {
            self.act(option, action);
        }
    }

    fn octet(&mut self, byte: u8) -> Parse {
        let nul_of_cr = core::mem::replace(&mut self.after_cr, byte == b'\r') && byte == 0;
        if !nul_of_cr {
            self.data.push(byte);
        }
        Parse::Data
    }

    fn command(&mut self, byte: u8) -> Parse {
        match byte {
            code::IAC => return self.octet(byte),
            code::WILL | code::WONT | code::DO | code::DONT => return Parse::Option(byte),
            code::SB => return Parse::Sub(Vec::new()),
            code::BREAK => self.event(Event::Break),
            code::INTERRUPT => self.event(Event::Interrupt),
            code::ARE_YOU_THERE => self.out.extend(b"\r\n[Yes]\r\n"),
            code::ERASE_CHARACTER => return self.octet(0x7f),
            code::ERASE_LINE => return self.octet(0x15),
            // NOP, data mark, abort output, go ahead, and what nobody defined.
            _ => {}
        }
        Parse::Data
    }

    fn negotiate(&mut self, verb: u8, option: u8) -> Parse {
        let ours = matches!(verb, code::DO | code::DONT);
        let on = matches!(verb, code::WILL | code::DO);
        let agree = self.agrees(option, ours);
        match self.options.iter_mut().find(|o| o.number == option) {
            Some(state) => {
                let was = state.theirs();
                let action = state.receive(ours, on, agree);
                let is = state.theirs();
                if let Some(action) = action {
                    self.act(option, action);
                }
                self.settled(option, ours && on, was, is);
            }
            // Never on, so a refusal is the only answer (RFC 1143 §7: NO, and we disagree).
            None if on => self.act(option, if ours { Action::Wont } else { Action::Dont }),
            None => {}
        }
        Parse::Data
    }

    /// What follows from an option that is now on or off.
    fn settled(&mut self, option: u8, we_do: bool, was: bool, is: bool) {
        match (self.role, option) {
            (Role::Server, TERMINAL_TYPE) if is && !was => {
                self.out.extend([code::IAC, code::SB, TERMINAL_TYPE, SEND, code::IAC, code::SE]);
            }
            (Role::Client { .. }, ECHO) if is != was => self.event(Event::Echo(is)),
            (Role::Client { .. }, WINDOW_SIZE) if we_do => self.send_window(),
            _ => {}
        }
    }

    /// Whether we let that side use the option.
    fn agrees(&self, option: u8, ours: bool) -> bool {
        match (self.role, option) {
            (_, SUPPRESS_GO_AHEAD) => true,
            (Role::Server, ECHO) | (Role::Client { .. }, TERMINAL_TYPE | WINDOW_SIZE) => ours,
            (Role::Client { .. }, ECHO) | (Role::Server, TERMINAL_TYPE | WINDOW_SIZE) => !ours,
            _ => false,
        }
    }

    fn subnegotiation(&mut self, sub: &[u8]) -> Parse {
        match (self.role, sub) {
            (Role::Server, [WINDOW_SIZE, c1, c2, r1, r2]) => {
                let (columns, rows) = (u16::from_be_bytes([*c1, *c2]), u16::from_be_bytes([*r1, *r2]));
                self.event(Event::Resize { columns, rows });
            }
            (Role::Server, [TERMINAL_TYPE, IS, name @ ..]) => {
                let name = name.iter().filter(|b| b.is_ascii_graphic()).map(|b| char::from(*b)).collect();
                self.event(Event::Terminal(name));
            }
            (Role::Client { .. }, [TERMINAL_TYPE, SEND]) if self.options[index(TERMINAL_TYPE)].ours() => {
                self.out.extend([code::IAC, code::SB, TERMINAL_TYPE, IS]);
                self.out.extend(b"VT100");
                self.out.extend([code::IAC, code::SE]);
            }
            _ => {}
        }
        Parse::Data
    }

    fn send_window(&mut self) {
        let Role::Client { columns, rows } = self.role else { return };
        self.out.extend([code::IAC, code::SB, WINDOW_SIZE]);
        for byte in columns.to_be_bytes().into_iter().chain(rows.to_be_bytes()) {
            self.out.push(byte);
            if byte == code::IAC {
                self.out.push(byte);
            }
        }
        self.out.extend([code::IAC, code::SE]);
    }

    fn act(&mut self, option: u8, action: Action) {
        let verb = match action {
            Action::Will => code::WILL,
            Action::Wont => code::WONT,
            Action::Do => code::DO,
            Action::Dont => code::DONT,
        };
        self.out.extend([code::IAC, verb, option]);
    }

    /// Events keep their place among the data.
    fn event(&mut self, event: Event) {
        self.flush_data();
        self.events.push_back(event);
    }

    fn flush_data(&mut self) {
        if !self.data.is_empty() {
            self.events.push_back(Event::Data(core::mem::take(&mut self.data)));
        }
    }
}

/// The place of a known option in the table.
fn index(option: u8) -> usize {
    match option {
        ECHO => 0,
        SUPPRESS_GO_AHEAD => 1,
        TERMINAL_TYPE => 2,
        _ => 3,
    }
}
