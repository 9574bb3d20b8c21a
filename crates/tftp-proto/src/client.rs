//! A request and the transfer that follows.

use crate::machine::printable;
use crate::packet::{Mode, Op, Packet, TooLong, write_error, write_request};
use crate::server::last_block;
use crate::{
    BlockNo, Config, ErrorCode, Event, Fault, Figures, Offer, Opening, Outcome, Received, Receiver, Rto,
    Sender, Start, Terms, Transfer, Transmit, Why,
};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use clock::Instant;

/// A client's one transfer, from the request on.
///
/// Order of calls as for every machine. The driver sends the first packet to the server's port 69 and takes
/// answers from any port of that host while [`Client::is_answered`] is false; the port of the datagram that
/// makes it true is the server's TID, and from then on what comes from another port gets
/// [`wrong_tid`] and is not shown to the machine.
///
/// Options refused with ERROR 0, 4 or 8 end this machine with [`Outcome::Refused`]; whether to ask again
/// without them (RFC 2347) is the driver's decision, because it needs a new socket: [`Client::may_retry_plain`].
#[derive(Debug)]
pub struct Client {
    config: Config,
    request: Request,
    state: State,
    /// How often the request was repeated.
    asked_again: u32,
    packets: VecDeque<Transmit>,
    events: VecDeque<Event>,
}

#[derive(Debug)]
struct Request {
    op: Op,
    mode: Mode,
    offer: Offer,
    /// Octets on the wire of what we send, if known.
    len: Option<u64>,
    octets: Vec<u8>,
}

#[derive(Debug)]
enum State {
    /// The request is out.
    Requesting { sent_at: Instant, retry_at: Instant, give_up_at: Instant, rto: Rto, tries: u32 },
    /// The server answered.
    Transferring(Box<Transfer>),
    /// Over without a transfer.
    Over,
}

/// ERROR 5, for a datagram from a port that does not belong to the transfer (RFC 1350 §4). Never in answer to
/// an ERROR: `None` then, and for what is no TFTP.
pub fn wrong_tid(datagram: &[u8]) -> Option<Vec<u8>> {
    match Packet::parse(datagram) {
        Ok(Packet::Data { .. } | Packet::Ack(_) | Packet::Oack(_)) => {
            Some(write_error(ErrorCode::UnknownTid, "unknown transfer ID"))
        }
        Ok(Packet::Error { .. } | Packet::Request(_)) | Err(_) => None,
    }
}

impl Client {
    /// Asks for a file.
    pub fn read(
        now: Instant,
        name: &[u8],
        mode: Mode,
        offer: Offer,
        config: Config,
    ) -> Result<Client, TooLong> {
        Client::new(now, Op::Read, name, mode, offer, None, config)
    }

    /// Offers a file. `len`: the octets that will be on the wire, `None` where conversion hides it.
    pub fn write(
        now: Instant,
        name: &[u8],
        mode: Mode,
        offer: Offer,
        len: Option<u64>,
        config: Config,
    ) -> Result<Client, TooLong> {
        Client::new(now, Op::Write, name, mode, offer, len, config)
    }

    fn new(
        now: Instant,
        op: Op,
        name: &[u8],
        mode: Mode,
        offer: Offer,
        len: Option<u64>,
        config: Config,
    ) -> Result<Client, TooLong> {
        let octets = write_request(op, name, mode, &offer)?;
        let rto = Rto::new(config.rto);
        Ok(Client {
            packets: VecDeque::from([Transmit::Packet { octets: octets.clone(), why: Why::First }]),
            state: State::Requesting {
                sent_at: now,
                retry_at: now + rto.wait(),
                give_up_at: now + config.no_progress,
                rto,
                tries: 0,
            },
            request: Request { op, mode, offer, len, octets },
            asked_again: 0,
            config,
            events: VecDeque::new(),
        })
    }

    /// Takes one datagram of the server.
    pub fn handle_datagram(&mut self, now: Instant, octets: &[u8]) -> Received {
        match &mut self.state {
            State::Transferring(t) => t.handle_datagram(now, octets),
            State::Requesting { .. } => self.handle_answer(now, octets),
            State::Over => Received::Stale,
        }
    }

    fn handle_answer(&mut self, now: Instant, octets: &[u8]) -> Received {
        match (self.request.op, Packet::parse(octets)) {
            (_, Ok(Packet::Error { code, text })) => {
                self.end(Outcome::Refused { code, text: printable(text) });
                Received::New
            }
            (op, Ok(Packet::Oack(list))) => match self.request.offer.accept(&list) {
                Ok(terms) => {
                    self.begin(now, terms, if op == Op::Read { Opening::Ack } else { Opening::Quiet });
                    Received::New
                }
                Err(bad) => {
                    // RFC 2347: ERROR 8 ends it.
                    let fault = Fault::BadOack(bad);
                    let octets = write_error(ErrorCode::OptionRefused, &alloc::format!("{fault}"));
                    self.packets.push_back(Transmit::Packet { octets, why: Why::First });
                    self.end(Outcome::Broken(fault));
                    Received::New
                }
            },
            // No OACK: none of our options holds (RFC 2347).
            (Op::Read, Ok(Packet::Data { block: BlockNo(1), .. })) => {
                self.begin(now, Terms::default(), Opening::Quiet);
                self.handle_datagram(now, octets)
            }
            (Op::Write, Ok(Packet::Ack(BlockNo(0)))) => {
                self.begin(now, Terms::default(), Opening::Quiet);
                Received::New
            }
            (_, Ok(Packet::Data { .. } | Packet::Ack(_) | Packet::Request(_)) | Err(_)) => Received::Stale,
        }
    }

    fn begin(&mut self, now: Instant, terms: Terms, opening: Opening) {
        let config = self.config;
        let mut transfer = match self.request.op {
            Op::Read => Transfer::Receive(Receiver::new(now, terms, self.request.mode, opening, config)),
            Op::Write => {
                let last = self.request.len.map(|len| last_block(len, terms.blksize));
                Transfer::Send(Sender::new(now, terms, last, Start::Data, config))
            }
        };
        // Karn's rule: a request that went out twice measures nothing.
        let rtt = match self.state {
            State::Requesting { sent_at, tries: 0, .. } => Some(now.since(sent_at)),
            State::Requesting { .. } | State::Transferring(_) | State::Over => None,
        };
        transfer.learn(now, rtt);
        self.state = State::Transferring(Box::new(transfer));
        self.events.push_back(Event::Agreed(terms));
    }

    /// Lets time pass; `true` if a wait ended without an answer.
    pub fn handle_timeout(&mut self, now: Instant) -> bool {
        match &mut self.state {
            State::Transferring(t) => t.handle_timeout(now),
            State::Over => false,
            State::Requesting { give_up_at, .. } if now >= *give_up_at => {
                self.end(Outcome::TimedOut);
                true
            }
            State::Requesting { retry_at, .. } if now < *retry_at => false,
            State::Requesting { retry_at, rto, tries, .. } => {
                *tries += 1;
                self.asked_again += 1;
                rto.back_off();
                *retry_at = now + rto.wait();
                let why = Why::Again(*tries);
                self.packets.push_back(Transmit::Packet { octets: self.request.octets.clone(), why });
                true
            }
        }
    }

    /// The server's port is closed (ICMP).
    pub fn peer_left(&mut self) {
        match &mut self.state {
            State::Transferring(t) => t.peer_left(),
            State::Requesting { .. } => self.end(Outcome::TimedOut),
            State::Over => {}
        }
    }

    /// Gives up; a server that has answered is told why.
    pub fn abort(&mut self, code: ErrorCode, text: &str) {
        match &mut self.state {
            State::Transferring(t) => t.abort(code, text),
            State::Requesting { .. } => self.end(Outcome::Aborted),
            State::Over => {}
        }
    }

    fn end(&mut self, outcome: Outcome) {
        self.state = State::Over;
        self.events.push_back(Event::Over(outcome));
    }

    /// Whether the server has answered, so that its port is known.
    pub fn is_answered(&self) -> bool {
        match self.state {
            State::Requesting { .. } => false,
            State::Transferring(_) | State::Over => true,
        }
    }

    /// Whether a refusal with this code may be about our options, so that asking once without any is
    /// sensible (RFC 2347: servers that do not know options may answer with an error).
    pub fn may_retry_plain(&self, code: ErrorCode) -> bool {
        let about =
            matches!(code, ErrorCode::Undefined | ErrorCode::IllegalOperation | ErrorCode::OptionRefused);
        about && !self.request.offer.is_empty() && matches!(self.state, State::Over)
    }

    /// The transfer, once the server has answered.
    pub fn transfer(&mut self) -> Option<&mut Transfer> {
        match &mut self.state {
            State::Transferring(t) => Some(t),
            State::Requesting { .. } | State::Over => None,
        }
    }

    /// What to send next; poll until empty after every call.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if let Some(packet) = self.packets.pop_front() {
            return Some(packet);
        }
        self.transfer()?.poll_transmit()
    }

    /// The next fact for the owner; poll until empty after every call.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        self.transfer()?.poll_event()
    }

    /// When to call `handle_timeout`.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Requesting { retry_at, give_up_at, .. } => Some((*retry_at).min(*give_up_at)),
            State::Transferring(t) => t.poll_timeout(),
            State::Over => None,
        }
    }

    /// Packets that were sent more than once.
    pub fn repeats(&self) -> u64 {
        self.figures().repeats
    }

    /// What was counted so far; a repeated request is a repeat after a time-out.
    pub fn figures(&self) -> Figures {
        let of = match &self.state {
            State::Requesting { rto, .. } => Figures { rto: rto.wait(), ..Figures::default() },
            State::Transferring(t) => t.figures(),
            State::Over => Figures::default(),
        };
        let again = u64::from(self.asked_again);
        Figures { repeats: of.repeats + again, timeouts: of.timeouts + again, ..of }
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
