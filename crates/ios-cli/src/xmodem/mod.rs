//! XMODEM and YMODEM, the receiving end: how a boot loader takes an image over its console.
//!
//! A machine: octets and the time go in, octets and what came go out. Blocks of 128 and of 1,024 octets may follow
//! each other; a check is an 8-bit sum or a CRC of 16 bits, as the receiver asks for it. Over XMODEM a file has no
//! length: its last block is filled up, and the owner cuts it. Documents: "XMODEM/YMODEM Protocol Reference",
//! Chuck Forsberg, 1988.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use clock::{Duration, Instant};

const SOH: u8 = 0x01;
const STX: u8 = 0x02;
const ETX: u8 = 0x03;
const EOT: u8 = 0x04;
const ACK: u8 = 0x06;
const NAK: u8 = 0x15;
const CAN: u8 = 0x18;
/// Asks for blocks with a CRC.
const CRC: u8 = b'C';

/// The reference, §7.3.2: how often the first block is asked for, by CRC and by sum.
const ASK_CRC: Duration = Duration::from_secs(3);
const ASK_SUM: Duration = Duration::from_secs(10);
/// How often it is asked for before nobody sends.
const ASKS: u32 = 60;
/// The reference, §7.3.2: how often a CRC is asked for before the sender may know sums only.
const ASKS_FOR_CRC: u32 = 4;
/// Silence between two blocks, and within one; the line is quiet after the latter.
const BETWEEN: Duration = Duration::from_secs(10);
const WITHIN: Duration = Duration::from_secs(1);
/// A block that comes wrong so often in a row ends the transfer, where the owner does not say otherwise.
const TRIES: u32 = 10;

/// What is spoken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// With a sum.
    Xmodem,
    /// With a CRC.
    XmodemCrc,
    /// With a CRC, or with a sum where nobody answers that.
    XmodemEither,
    /// With a CRC; the file's name and length come first.
    Ymodem,
}

/// What came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// YMODEM: the file's name, and its octets where the sender says them.
    File {
        /// As sent.
        name: String,
        /// Octets.
        size: Option<u64>,
    },
    /// The next octets of the file.
    Data(Vec<u8>),
    /// The end.
    Over(Outcome),
}

/// How it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// All is here.
    Complete,
    /// Nobody sends, or no longer.
    TimedOut,
    /// The sender gave up, or somebody typed Ctrl-C before it began.
    Cancelled,
    /// A block came wrong too often.
    Errors,
    /// A block came that cannot be the next one.
    OutOfStep,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The first block, or YMODEM's next name, is asked for.
    Asking,
    /// Blocks come.
    Between,
    /// The rest of a block that was wrong is let go by, then this is gone on with.
    Purging(Then),
    Over,
}

/// What is done when the line is quiet again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    Ask,
    Refuse,
}

/// What a block is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expects {
    /// YMODEM: block 0 with the name.
    Name,
    Data,
    /// YMODEM: block 0 of the next file, whose name is empty behind the last one.
    Next,
}

/// The receiving end of one file.
#[derive(Clone, Debug)]
pub struct Receiver {
    protocol: Protocol,
    state: State,
    expects: Expects,
    /// The block that comes next.
    next: u8,
    /// Octets that the sender said are still to come.
    left: Option<u64>,
    /// A block of which not all is here.
    partial: Vec<u8>,
    /// CAN in a row.
    cans: u8,
    tries: u32,
    /// How many of them there may be.
    most: u32,
    due: Instant,
    out: VecDeque<u8>,
    events: VecDeque<Event>,
}

impl Receiver {
    /// A receiver that asks for the first block at once.
    pub fn new(now: Instant, protocol: Protocol) -> Receiver {
        let mut receiver = Receiver {
            protocol,
            state: State::Asking,
            expects: if protocol == Protocol::Ymodem { Expects::Name } else { Expects::Data },
            next: u8::from(protocol != Protocol::Ymodem),
            left: None,
            partial: Vec::new(),
            cans: 0,
            tries: 0,
            most: TRIES,
            due: now,
            out: VecDeque::new(),
            events: VecDeque::new(),
        };
        receiver.ask(now);
        receiver
    }

    /// The same that gives up behind another number of wrong blocks in a row than 10.
    #[must_use]
    pub fn with_tries(mut self, most: u32) -> Receiver {
        self.most = most;
        self
    }

    /// Takes octets of the line.
    pub fn handle_bytes(&mut self, now: Instant, octets: &[u8]) {
        for octet in octets {
            match self.state {
                State::Over => return,
                State::Purging(_) => self.due = now + WITHIN,
                State::Asking | State::Between => self.octet(now, *octet),
            }
        }
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        if now < self.due || self.state == State::Over {
            return;
        }
        self.partial.clear();
        self.tries += 1;
        match self.state {
            State::Asking if self.tries >= ASKS => self.end(Outcome::TimedOut),
            State::Asking => {
                if self.protocol == Protocol::XmodemEither && self.tries >= ASKS_FOR_CRC {
                    self.protocol = Protocol::Xmodem;
                }
                self.ask(now);
            }
            State::Between if self.tries > self.most => self.give_up(Outcome::TimedOut),
            State::Purging(_) if self.tries > self.most => self.give_up(Outcome::Errors),
            State::Purging(Then::Ask) => self.ask(now),
            State::Between | State::Purging(Then::Refuse) => {
                self.out.push_back(NAK);
                self.state = State::Between;
                self.due = now + BETWEEN;
            }
            State::Over => {}
        }
    }

    /// What goes out next; poll until empty after every call.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<u8> {
        self.out.pop_front()
    }

    /// What came next; poll until empty after every call.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Receiver::handle_timeout`]; `None`: it is over.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        (self.state != State::Over).then_some(self.due)
    }

    /// Somebody at this end gives up; the sender is told.
    pub fn cancel(&mut self) {
        if self.state != State::Over {
            self.give_up(Outcome::Cancelled);
        }
    }

    fn ask(&mut self, now: Instant) {
        let (asks, wait) = match self.protocol {
            Protocol::Xmodem => (NAK, ASK_SUM),
            Protocol::XmodemCrc | Protocol::XmodemEither | Protocol::Ymodem => (CRC, ASK_CRC),
        };
        self.state = State::Asking;
        self.out.push_back(asks);
        self.due = now + wait;
    }

    fn octet(&mut self, now: Instant, octet: u8) {
        if self.partial.is_empty() {
            self.cans = if octet == CAN { self.cans + 1 } else { 0 };
            match octet {
                SOH | STX => self.partial.push(octet),
                EOT if self.state == State::Between || self.expects == Expects::Next => {
                    return self.end_of_file(now);
                }
                CAN if self.cans == 2 => return self.end(Outcome::Cancelled),
                CAN => return,
                ETX if self.state == State::Asking && self.expects != Expects::Next => {
                    return self.give_up(Outcome::Cancelled);
                }
                // A block that lost its head: what is in it means nothing.
                _ => return self.purge(now),
            }
        } else {
            self.partial.push(octet);
        }
        self.due = now + WITHIN;
        let octets = if self.partial[0] == STX { 1_024 } else { 128 };
        let check = if self.protocol == Protocol::Xmodem { 1 } else { 2 };
        if self.partial.len() == 3 + octets + check {
            let block = core::mem::take(&mut self.partial);
            self.block(now, &block, octets);
        }
    }

    fn purge(&mut self, now: Instant) {
        self.state = match self.state {
            State::Asking => State::Purging(Then::Ask),
            State::Between | State::Purging(_) | State::Over => State::Purging(Then::Refuse),
        };
        self.due = now + WITHIN;
    }

    fn block(&mut self, now: Instant, block: &[u8], octets: usize) {
        let (data, check) = block[3..].split_at(octets);
        let fits = match check {
            [sum] => data.iter().fold(0_u8, |sum, octet| sum.wrapping_add(*octet)) == *sum,
            check => crc(data).to_be_bytes() == check,
        };
        let number = block[1];
        if !fits || number != !block[2] {
            return self.purge(now);
        }
        self.due = now + BETWEEN;
        // Our ACK was lost: it is here already.
        let again = self.state == State::Between && number == self.next.wrapping_sub(1);
        if number != self.next && !again {
            return self.give_up(Outcome::OutOfStep);
        }
        (self.state, self.tries) = (State::Between, 0);
        self.out.push_back(ACK);
        if again {
            return;
        }
        self.next = self.next.wrapping_add(1);
        match self.expects {
            Expects::Name => self.named(now, data),
            Expects::Next => {
                self.end(Outcome::Complete);
                // One file is all that is wanted.
                if data[0] != 0 {
                    self.out.extend([CAN, CAN]);
                }
            }
            Expects::Data => self.take(data),
        }
    }

    /// `NAME 0 SIZE …`: decimal, with a blank or the next 0 behind it.
    fn named(&mut self, now: Instant, data: &[u8]) {
        let mut parts = data.splitn(2, |octet| *octet == 0);
        let name = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        if name.is_empty() {
            return self.end(Outcome::Cancelled);
        }
        let digits = parts.next().unwrap_or_default();
        let digits: &[u8] = digits.split(|octet| !octet.is_ascii_digit()).next().unwrap_or_default();
        self.left = core::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        self.events.push_back(Event::File { name, size: self.left });
        self.expects = Expects::Data;
        self.ask(now);
    }

    fn take(&mut self, data: &[u8]) {
        let keep = match &mut self.left {
            None => data.len(),
            Some(left) => {
                let keep = usize::try_from(*left).unwrap_or(usize::MAX).min(data.len());
                *left -= keep as u64;
                keep
            }
        };
        if keep > 0 {
            self.events.push_back(Event::Data(data[..keep].to_vec()));
        }
    }

    fn end_of_file(&mut self, now: Instant) {
        self.out.push_back(ACK);
        match (self.protocol, self.expects) {
            (Protocol::Ymodem, Expects::Data) => {
                (self.expects, self.next, self.tries) = (Expects::Next, 0, 0);
                self.ask(now);
            }
            // The ACK before was lost.
            (Protocol::Ymodem, Expects::Next) => {}
            (Protocol::Ymodem, Expects::Name) => self.end(Outcome::Cancelled),
            (Protocol::Xmodem | Protocol::XmodemCrc | Protocol::XmodemEither, _) => {
                self.end(Outcome::Complete);
            }
        }
    }

    fn give_up(&mut self, outcome: Outcome) {
        self.out.extend([CAN, CAN]);
        self.end(outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        self.state = State::Over;
        self.events.push_back(Event::Over(outcome));
    }
}

/// x^16 + x^12 + x^5 + 1, from 0, the highest bit first.
fn crc(octets: &[u8]) -> u16 {
    octets.iter().fold(0, |crc, octet| {
        (0..8).fold(crc ^ (u16::from(*octet) << 8), |crc: u16, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests;
