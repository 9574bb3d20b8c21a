use crate::figures::Counts;
use crate::machine::printable;
use crate::packet::{Packet, write_error};
use crate::window::{Acked, Outgoing};
use crate::{BlockNo, Config, ErrorCode, Event, Figures, Outcome, Received, Rto, Terms, Transmit, Why};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use clock::Instant;

/// The end that has the file: a server's RRQ, a client's WRQ.
///
/// Order of calls: one of `handle_datagram`, `handle_timeout` or a verb; then [`Sender::poll_transmit`]
/// and [`Sender::poll_event`] until empty; then wait for input or [`Sender::poll_timeout`]. `now` never
/// goes back. A dropped sender says nothing to the peer; [`Sender::abort`] does.
#[derive(Clone, Debug)]
pub struct Sender {
    config: Config,
    terms: Terms,
    state: Sending,
    window: Outgoing,
    rto: Rto,
    /// When the current window (or the OACK) went out, for Karn's rule and for [`Self::is_late_enough`].
    started: Instant,
    /// Whether nothing of the current window was sent before.
    clean: bool,
    /// Whether this window was started anew on a repeated ACK of its base already.
    rewound: bool,
    /// Whether the peer has answered at all.
    proved: bool,
    /// Repeats since the last progress.
    tries: u32,
    counts: Counts,
    retry_at: Option<Instant>,
    give_up_at: Instant,
    packets: VecDeque<Transmit>,
    events: VecDeque<Event>,
}

#[derive(Clone, Debug)]
enum Sending {
    /// The OACK is out (RFC 2347); ACK 0 opens the window.
    AwaitOptionAck { oack: Vec<u8> },
    /// Blocks are out.
    Streaming,
    /// The end.
    Over,
}

/// How a sender begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Start {
    /// With this OACK.
    Oack(Vec<u8>),
    /// With block 1.
    Data,
}

impl Sender {
    /// A sender whose first packet is waiting in `poll_transmit`. `last` is the number of the last block
    /// (`len / blksize + 1`), if it is known; otherwise [`Sender::set_last`] tells it in time.
    pub fn new(now: Instant, terms: Terms, last: Option<u64>, start: Start, config: Config) -> Sender {
        let mut packets = VecDeque::new();
        // A client's WRQ is answered before its sender is made: that peer exists.
        let proved = config.unproved_repeats.is_none();
        let state = match start {
            Start::Data => Sending::Streaming,
            Start::Oack(oack) => {
                packets.push_back(Transmit::Packet { octets: oack.clone(), why: Why::First });
                Sending::AwaitOptionAck { oack }
            }
        };
        let rto = Rto::new(config.rto_for(&terms));
        Sender {
            state,
            window: Outgoing::new(terms.windowsize, last),
            started: now,
            clean: true,
            rewound: false,
            proved,
            tries: 0,
            counts: Counts::default(),
            retry_at: Some(now + rto.wait()),
            give_up_at: now + config.no_progress,
            packets,
            events: VecDeque::new(),
            rto,
            config,
            terms,
        }
    }

    /// Takes one datagram from the peer.
    pub fn handle_datagram(&mut self, now: Instant, octets: &[u8]) -> Received {
        if matches!(self.state, Sending::Over) {
            return Received::Stale;
        }
        let received = match Packet::parse(octets) {
            Ok(Packet::Ack(no)) => self.handle_ack(now, no),
            Ok(Packet::Error { code, text }) => {
                self.end(Outcome::Refused { code, text: printable(text) });
                Received::New
            }
            // The answer to a WRQ again: our DATA 1 was lost, its timer runs.
            Ok(Packet::Oack(_)) => Received::Dup,
            Ok(Packet::Data { .. } | Packet::Request(_)) | Err(_) => Received::Stale,
        };
        self.counts.heard(received)
    }

    fn handle_ack(&mut self, now: Instant, no: BlockNo) -> Received {
        if matches!(self.state, Sending::AwaitOptionAck { .. }) {
            if no != BlockNo(0) {
                return Received::Stale;
            }
            self.state = Sending::Streaming;
            self.progress(now, true);
            return Received::New;
        }
        let block = no.from_base(self.window.acked(), self.terms.rollover);
        let whole_window = block == self.window.end();
        match self.window.acknowledge(block) {
            Acked::Progress => {
                self.counts.gaps += u64::from(!whole_window);
                self.progress(now, whole_window);
                if self.window.is_done() {
                    self.end(Outcome::Complete);
                }
                Received::New
            }
            // RFC 1123 §4.2.3.1: in lock-step a repeated ACK never moves a block (Sorcerer's Apprentice).
            Acked::Base if self.terms.windowsize == 1 => Received::Dup,
            Acked::Base if self.rewound || !self.is_late_enough(now) => Received::Dup,
            Acked::Base => {
                // RFC 7440 §4: the window's first block is missing at the peer.
                self.rewound = true;
                self.counts.gaps += 1;
                self.tries += 1;
                self.restart(now);
                Received::Gap
            }
            Acked::Stale => Received::Stale,
        }
    }

    /// Whether an ACK of the window's base can be an answer to this window: a duplicate of the ACK that
    /// opened it comes earlier than half a round trip after it.
    fn is_late_enough(&self, now: Instant) -> bool {
        now.since(self.started) >= self.rto.srtt().unwrap_or(self.rto.wait()) / 2
    }

    fn progress(&mut self, now: Instant, whole_window: bool) {
        if self.clean && whole_window {
            self.rto.sample(now.since(self.started));
        }
        self.proved = true;
        self.tries = 0;
        self.rewound = false;
        self.clean = true;
        self.started = now;
        self.retry_at = Some(now + self.rto.wait());
        self.give_up_at = now + self.config.no_progress;
    }

    fn restart(&mut self, now: Instant) {
        self.window.rewind();
        self.clean = false;
        self.started = now;
        self.retry_at = Some(now + self.rto.wait());
    }

    /// Lets time pass; `true` if a wait ended without an answer.
    pub fn handle_timeout(&mut self, now: Instant) -> bool {
        if matches!(self.state, Sending::Over) {
            return false;
        }
        if now >= self.give_up_at {
            self.give_up();
            return true;
        }
        if self.retry_at.is_none_or(|at| now < at) {
            return false;
        }
        self.counts.timeouts += 1;
        if !self.proved && self.config.unproved_repeats.is_some_and(|most| self.tries >= most) {
            // Silence from now on; the peer renews it by asking again.
            self.retry_at = None;
            return true;
        }
        self.tries += 1;
        self.rto.back_off();
        self.rewound = false;
        self.repeat(now, Why::Again(self.tries));
        true
    }

    fn give_up(&mut self) {
        // A file of one block needs no answer to have arrived whole: that nobody proved to be there is no
        // reason to call it lost.
        if self.window.all_sent() {
            self.end(Outcome::Unconfirmed);
        } else {
            if self.proved {
                let octets = write_error(ErrorCode::Undefined, "timed out");
                self.packets.push_back(Transmit::Packet { octets, why: Why::First });
            }
            self.end(Outcome::TimedOut);
        }
    }

    fn repeat(&mut self, now: Instant, why: Why) {
        match &self.state {
            Sending::AwaitOptionAck { oack } => {
                let octets = oack.clone();
                self.packets.push_back(Transmit::Packet { octets, why });
                self.counts.repeats += 1;
                self.clean = false;
                self.retry_at = Some(now + self.rto.wait());
            }
            Sending::Streaming => self.restart(now),
            Sending::Over => {}
        }
    }

    /// The peer repeated its request while nothing was acknowledged: the first answer goes out again.
    pub fn resend_first(&mut self, now: Instant) {
        if self.window.acked() == 0 && !matches!(self.state, Sending::Over) {
            self.tries = 0;
            self.repeat(now, Why::Duplicate);
        }
    }

    /// The request and its first answer took this long.
    pub(crate) fn learn(&mut self, now: Instant, rtt: clock::Duration) {
        self.rto.sample(rtt);
        self.retry_at = Some(now + self.rto.wait());
    }

    /// The content ends with block `last`, known only now.
    pub fn set_last(&mut self, last: u64) {
        // Blocks that were promised and do not exist were not sent.
        self.counts.sent -= self.window.high().saturating_sub(last);
        self.window.set_last(last);
    }

    /// Gives up and tells the peer why.
    pub fn abort(&mut self, code: ErrorCode, text: &str) {
        if !matches!(self.state, Sending::Over) {
            self.packets.clear();
            self.packets.push_back(Transmit::Packet { octets: write_error(code, text), why: Why::First });
            self.end(Outcome::Aborted);
        }
    }

    /// The peer's port is closed (ICMP): it has left.
    pub fn peer_left(&mut self) {
        if !matches!(self.state, Sending::Over) {
            let done = self.window.all_sent() && self.proved;
            self.end(if done { Outcome::Unconfirmed } else { Outcome::TimedOut });
        }
    }

    fn end(&mut self, outcome: Outcome) {
        self.retry_at = None;
        self.state = Sending::Over;
        self.events.push_back(Event::Over(outcome));
    }

    /// What to send next; poll until empty after every call.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if let Some(packet) = self.packets.pop_front() {
            return Some(packet);
        }
        if !matches!(self.state, Sending::Streaming) {
            return None;
        }
        let (first, count, again) = self.window.take_run()?;
        let why = if again {
            self.counts.repeats += u64::from(count);
            self.clean = false;
            Why::Again(self.tries.max(1))
        } else {
            Why::First
        };
        self.counts.sent += u64::from(count);
        Some(Transmit::Blocks { first, count, why })
    }

    /// The next fact for the owner; poll until empty after every call.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call `handle_timeout`; `None` once it is over.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            Sending::Over => None,
            Sending::AwaitOptionAck { .. } | Sending::Streaming => {
                Some(self.retry_at.map_or(self.give_up_at, |at| at.min(self.give_up_at)))
            }
        }
    }

    /// What was agreed.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Blocks up to this one will never be asked for again.
    pub fn acked(&self) -> u64 {
        self.window.acked()
    }

    /// Whether the peer has answered.
    pub fn is_proved(&self) -> bool {
        self.proved
    }

    /// Whether the content's end is known.
    pub fn last(&self) -> Option<u64> {
        self.window.last()
    }

    /// Blocks and OACKs that were sent more than once.
    pub fn repeats(&self) -> u64 {
        self.counts.repeats
    }

    /// What was counted so far.
    pub fn figures(&self) -> Figures {
        self.counts.figures(self.window.acked(), &self.rto)
    }

    /// The smoothed round trip, once measured.
    pub fn srtt(&self) -> Option<clock::Duration> {
        self.rto.srtt()
    }
}

#[cfg(test)]
#[path = "sender_tests.rs"]
mod tests;
