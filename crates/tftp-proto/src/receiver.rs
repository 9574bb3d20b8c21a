use crate::figures::Counts;
use crate::machine::printable;
use crate::packet::{Mode, Packet, write_ack, write_error};
use crate::window::{Arrival, Incoming};
use crate::{
    BlockNo, Config, ErrorCode, Event, Fault, Figures, Outcome, Received, Rollover, Rto, Terms, Transmit, Why,
};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use clock::{Duration, Instant};

/// The shortest wait before a receiver repeats an ACK on its own, while little is measured. The sender's
/// timer comes first; this one is for senders that have none below a second, or none at all.
const OWN_REPEAT: Duration = Duration::from_millis(200);
/// The same once the round trip is known: behind the first repeats of a sender that measures as we do, at
/// 50 ms where it has measured little, else at 10, 30 and 70 ms.
const OWN_REPEAT_KNOWN: Duration = Duration::from_millis(100);

/// Windows in a row that must begin with block number 1 behind 65535 before a sender is believed to count
/// so. Until then 1 may as well be the block behind a lost 0, and to guess wrong would damage the file: at
/// 25 % loss eight in a row happen once in 65,536 transfers of that kind, at 1 % never.
const ONES_IN_A_ROW: u32 = 8;

/// The last block before the number on the wire rolls over for the first time.
const EDGE: u64 = 65_535;

/// The end that gets the file: a client's RRQ, a server's WRQ.
///
/// Order of calls: one of `handle_datagram`, `handle_timeout` or a verb; then [`Receiver::poll_event`]
/// (a [`Event::Place`] speaks of the datagram just handled) and [`Receiver::poll_transmit`] until empty;
/// then wait for input or [`Receiver::poll_timeout`]. [`Event::Whole`] is a question: [`Receiver::commit`]
/// sends the last ACK, [`Receiver::abort`] an ERROR; until then the peer waits.
#[derive(Clone, Debug)]
pub struct Receiver {
    config: Config,
    terms: Terms,
    state: Receiving,
    window: Incoming,
    rto: Rto,
    rollover: Rollover,
    /// Whether it is known what follows 65535.
    settled: bool,
    ones: u32,
    /// The highest block placed, and the payload of the last one, once it came.
    high: u64,
    tail: usize,
    /// When the last ACK went out, and whether the first block behind it measures a round trip (Karn's rule:
    /// it was sent once).
    acked_at: Instant,
    measuring: bool,
    /// When a window came again of which we have the head, since something new came.
    stalled: Option<Instant>,
    /// The block that the last gap ACK asked for, and when.
    asked_for: Option<(u64, Instant)>,
    proved: bool,
    tries: u32,
    counts: Counts,
    retry_at: Option<Instant>,
    /// Until when the owner lets no ACK out.
    held: Option<Instant>,
    /// When something new came last.
    since: Instant,
    packets: VecDeque<Transmit>,
    events: VecDeque<Event>,
}

#[derive(Clone, Debug)]
enum Receiving {
    /// Our opening is out; DATA 1 is awaited.
    AwaitFirst { opening: Vec<u8> },
    /// Blocks come in.
    Streaming,
    /// All are in; the owner makes them safe.
    Committing,
    /// RFC 1350 §6: the last ACK is out and may be lost.
    Dallying { until: Instant },
    /// The end.
    Over,
}

/// What a receiver says first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Opening {
    /// ACK 0: a WRQ without options is accepted, or an OACK is.
    Ack,
    /// This OACK: a WRQ is accepted with options.
    Oack(Vec<u8>),
    /// Nothing: DATA 1 is the answer to our RRQ and comes next.
    Quiet,
}

impl Receiver {
    /// A receiver whose opening is waiting in `poll_transmit`. Early blocks are placed in octet mode; in
    /// netascii their place is not known before the ones in front are converted, so they are dropped.
    pub fn new(now: Instant, terms: Terms, mode: Mode, opening: Opening, config: Config) -> Receiver {
        let mut packets = VecDeque::new();
        let state = match opening {
            Opening::Quiet => Receiving::Streaming,
            Opening::Ack => Receiving::AwaitFirst { opening: write_ack(BlockNo(0)).to_vec() },
            Opening::Oack(octets) => Receiving::AwaitFirst { opening: octets },
        };
        if let Receiving::AwaitFirst { opening } = &state {
            packets.push_back(Transmit::Packet { octets: opening.clone(), why: Why::First });
        }
        let counts = Counts { sent: packets.len() as u64, ..Counts::default() };
        let rto = Rto::new(config.rto_for(&terms));
        Receiver {
            state,
            window: Incoming::new(terms.windowsize, mode == Mode::Octet),
            rollover: terms.rollover,
            settled: terms.rollover == Rollover::One,
            ones: 0,
            high: 0,
            tail: 0,
            acked_at: now,
            measuring: true,
            asked_for: None,
            stalled: None,
            proved: config.unproved_repeats.is_none(),
            tries: 0,
            counts,
            retry_at: Some(now + rto.wait()),
            since: now,
            held: None,
            packets,
            events: VecDeque::new(),
            rto,
            config,
            terms,
        }
    }

    /// Takes one datagram from the peer. Its payload is placed, if at all, by an [`Event::Place`].
    pub fn handle_datagram(&mut self, now: Instant, octets: &[u8]) -> Received {
        if matches!(self.state, Receiving::Over) {
            return Received::Stale;
        }
        let received = match Packet::parse(octets) {
            Ok(Packet::Data { block, payload }) => self.handle_data(now, block, payload.len()),
            Ok(Packet::Error { code, text }) => {
                match self.state {
                    // All is here and safe; what the sender thinks does not change it.
                    Receiving::Dallying { .. } => self.end(Outcome::Complete),
                    Receiving::AwaitFirst { .. }
                    | Receiving::Streaming
                    | Receiving::Committing
                    | Receiving::Over => self.end(Outcome::Refused { code, text: printable(text) }),
                }
                Received::New
            }
            Ok(Packet::Oack(_)) => self.handle_oack_again(),
            Ok(Packet::Ack(_) | Packet::Request(_)) | Err(_) => Received::Stale,
        };
        self.counts.heard(received)
    }

    /// Takes a DATA packet of which only the header was looked at: block `no` with `len` octets. The same as
    /// [`Receiver::handle_datagram`] with the whole of it, for drivers that keep payloads elsewhere.
    pub fn handle_block(&mut self, now: Instant, no: BlockNo, len: usize) -> Received {
        if matches!(self.state, Receiving::Over) {
            return Received::Stale;
        }
        let received = self.handle_data(now, no, len);
        self.counts.heard(received)
    }

    /// RFC 2347: our ACK 0 was lost, the server repeats its OACK.
    fn handle_oack_again(&mut self) -> Received {
        let Receiving::AwaitFirst { opening } = &self.state else { return Received::Stale };
        let octets = opening.clone();
        self.measuring = false;
        self.counts.repeats += 1;
        self.counts.sent += 1;
        self.packets.push_back(Transmit::Packet { octets, why: Why::Duplicate });
        Received::Dup
    }

    fn handle_data(&mut self, now: Instant, no: BlockNo, len: usize) -> Received {
        if len > usize::from(self.terms.blksize) {
            if matches!(self.state, Receiving::AwaitFirst { .. } | Receiving::Streaming) {
                self.fault(Fault::Oversize { len, blksize: self.terms.blksize });
            }
            return Received::Stale;
        }
        if matches!(self.state, Receiving::Committing) {
            // The last ACK goes out when the file is safe.
            return Received::Dup;
        }
        let Some(block) = self.locate(now, no) else { return Received::Gap };
        match self.window.judge(block) {
            Arrival::Next => self.place(now, block, len),
            // Behind the first rollover a number may mean two blocks: nothing early is placed there.
            Arrival::Early if self.settled || block <= EDGE => {
                if self.place(now, block, len) == Received::Stale {
                    return Received::Stale;
                }
                self.ask_for_gap(now);
                Received::Gap
            }
            Arrival::Early | Arrival::EarlyAgain => {
                self.ask_for_gap(now);
                Received::Gap
            }
            Arrival::Known => self.handle_known(now, block),
            Arrival::Beyond => Received::Stale,
        }
    }

    /// Which block a number stands for; `None` while it may be either of two.
    fn locate(&mut self, now: Instant, no: BlockNo) -> Option<u64> {
        let next = self.window.next();
        if next == EDGE + 1 && !self.settled && no == BlockNo(1) {
            if self.terms.windowsize == 1 {
                // Lock-step: only one block can be out.
                self.rollover = Rollover::One;
            } else {
                if self.ask_for_gap(now) {
                    self.ones += 1;
                }
                if self.ones < ONES_IN_A_ROW {
                    return None;
                }
                self.rollover = Rollover::One;
            }
        }
        no.near(next, self.rollover).or(Some(0))
    }

    fn place(&mut self, now: Instant, block: u64, len: usize) -> Received {
        if len < usize::from(self.terms.blksize) {
            let last = self.window.last().unwrap_or(block);
            if last != block || self.high > block {
                self.fault(Fault::TwoEnds { last: last.max(self.high), also: block });
                return Received::Stale;
            }
            self.window.set_last(block);
            self.tail = len;
            let octets = self.octets();
            if let Some(expected) = self.terms.tsize.filter(|n| *n != octets) {
                self.fault(Fault::WrongSize { expected, found: octets });
                return Received::Stale;
            }
        } else if self.window.last() == Some(block) {
            self.fault(Fault::TwoEnds { last: block, also: block + 1 });
            return Received::Stale;
        }
        let in_order = block == self.window.next();
        self.events.push_back(Event::Place { block, len });
        let heard = self.window.note(block) || self.high == 0;
        self.high = self.high.max(block);
        if self.window.next() > EDGE + 1 {
            self.settled = true;
        }
        self.progress(now, heard);
        if self.window.is_whole() {
            self.retry_at = None;
            self.state = Receiving::Committing;
            self.events.push_back(Event::Whole { octets: self.octets() });
        } else if in_order && self.window.is_full() {
            self.acknowledge(now, Why::First);
        }
        Received::New
    }

    /// Octets of the whole file, once its last block came.
    fn octets(&self) -> u64 {
        self.window.last().map_or(0, |last| (last - 1) * u64::from(self.terms.blksize) + self.tail as u64)
    }

    /// Something new came; `heard`: which the sender had not sent without our last ACK.
    fn progress(&mut self, now: Instant, heard: bool) {
        if heard && core::mem::take(&mut self.measuring) {
            self.rto.sample(now.since(self.acked_at));
        } else {
            self.rto.settle();
        }
        self.proved = true;
        self.tries = 0;
        self.state = Receiving::Streaming;
        self.since = now;
        self.stalled = None;
        self.retry_at = Some(now + self.own_wait());
    }

    /// The time in which nothing is said twice.
    fn round_trip(&self) -> Duration {
        self.rto.srtt().unwrap_or(self.rto.wait()).max(Duration::from_millis(1))
    }

    fn own_wait(&self) -> Duration {
        let least = if self.rto.is_settled() { OWN_REPEAT_KNOWN } else { OWN_REPEAT };
        (self.rto.wait() * 2).max(least)
    }

    fn give_up_at(&self) -> Instant {
        self.since + self.config.no_progress
    }

    /// RFC 7440 §4: tells the sender at once where the gap is. Once a round trip: the window that the sender
    /// starts there fills every later gap of this one as well. (Asking for each gap costs 5 times the
    /// datagrams where jitter shuffles a window of 64.)
    fn ask_for_gap(&mut self, now: Instant) -> bool {
        let next = self.window.next();
        if self.asked_for.is_some_and(|(_, at)| now.since(at) < self.round_trip()) {
            return false;
        }
        let again = self.asked_for.is_some_and(|(block, _)| block == next);
        self.asked_for = Some((next, now));
        self.counts.gaps += 1;
        self.acknowledge(now, if again { Why::Again(self.tries + 1) } else { Why::First });
        true
    }

    fn handle_known(&mut self, now: Instant, block: u64) -> Received {
        let newest = self.window.next() - 1;
        match self.state {
            Receiving::Committing | Receiving::Over | Receiving::AwaitFirst { .. } => Received::Stale,
            Receiving::Streaming | Receiving::Dallying { .. } if self.terms.windowsize == 1 => {
                // RFC 1350 §6, RFC 1123 §4.2.3.1: only the last block's repeat asks for its ACK.
                if block < newest {
                    return Received::Stale;
                }
                // So soon behind its ACK it is a copy, not the sender's timer. An ACK for each copy would
                // keep a Sorcerer's Apprentice at work to the end.
                if self.rto.srtt().is_some_and(|srtt| now.since(self.acked_at) < srtt / 2) {
                    return Received::Dup;
                }
                self.acknowledge(now, Why::Duplicate);
                Received::Dup
            }
            Receiving::Streaming | Receiving::Dallying { .. } => {
                // A window again, which an ACK that was lost had ended, told of its gap: its last block is to
                // be acknowledged (RFC 7440 §4, the figure), at once if everything is in. Not sooner than a
                // sender can know; until then it is a copy made on the way.
                let quiet = now.since(self.acked_at.max(self.since)) >= self.round_trip();
                if quiet && block <= self.window.acked() {
                    self.window.comes_again();
                    if self.window.is_full() || self.window.is_whole() {
                        self.acknowledge(now, Why::Duplicate);
                    }
                } else if quiet {
                    // For the second time, and its tail did not arrive: more of it goes out than the path or
                    // we can take. The sender hears how far we are, and goes on from there.
                    let since = *self.stalled.get_or_insert(now);
                    if now.since(since) >= self.round_trip() {
                        self.acknowledge(now, Why::Duplicate);
                    }
                }
                Received::Dup
            }
        }
    }

    fn acknowledge(&mut self, now: Instant, why: Why) {
        if self.held.is_some() {
            // The one that waits is old by now, and two would be one more than the peer's blocks ask for.
            let before = self.packets.len();
            self.packets.retain(|p| !matches!(p, Transmit::Ack { .. }));
            self.counts.sent -= (before - self.packets.len()) as u64;
        }
        self.measuring = self.window.acked() < self.window.next() - 1;
        let block = self.window.acknowledge();
        let octets = write_ack(BlockNo::of(block, self.rollover));
        self.counts.repeats += u64::from(why != Why::First);
        self.counts.sent += 1;
        self.acked_at = now;
        self.retry_at = Some(now + self.own_wait());
        self.packets.push_back(Transmit::Ack { octets, why });
    }

    /// Lets time pass; `true` if a wait ended without an answer.
    pub fn handle_timeout(&mut self, now: Instant) -> bool {
        match &self.state {
            Receiving::Over | Receiving::Committing => return false,
            Receiving::Dallying { until } => {
                if now >= *until {
                    self.end(Outcome::Complete);
                }
                return false;
            }
            Receiving::AwaitFirst { .. } | Receiving::Streaming => {}
        }
        if now >= self.give_up_at() {
            if self.proved {
                let octets = write_error(ErrorCode::Undefined, "timed out");
                self.packets.push_back(Transmit::Packet { octets, why: Why::First });
            }
            self.end(Outcome::TimedOut);
            return true;
        }
        if let Some(until) = self.held {
            if now >= until {
                self.release(now);
            }
            return false;
        }
        if self.retry_at.is_none_or(|at| now < at) {
            return false;
        }
        self.counts.timeouts += 1;
        if !self.proved && self.config.unproved_repeats.is_some_and(|most| self.tries >= most) {
            self.retry_at = None;
            return true;
        }
        self.tries += 1;
        self.rto.back_off();
        self.repeat(now, Why::Again(self.tries));
        true
    }

    fn repeat(&mut self, now: Instant, why: Why) {
        if let Receiving::AwaitFirst { opening } = &self.state {
            let octets = opening.clone();
            self.measuring = false;
            self.counts.repeats += 1;
            self.counts.sent += 1;
            self.packets.push_back(Transmit::Packet { octets, why });
            self.retry_at = Some(now + self.rto.wait());
        } else {
            self.acknowledge(now, why);
        }
    }

    /// The peer repeated its request before any block: the opening goes out again.
    pub fn resend_first(&mut self, now: Instant) {
        if matches!(self.state, Receiving::AwaitFirst { .. }) {
            self.tries = 0;
            self.repeat(now, Why::Duplicate);
        }
    }

    /// The request and its first answer took this long; `None`: it went out twice.
    pub(crate) fn learn(&mut self, now: Instant, rtt: Option<Duration>) {
        // Where that answer was DATA 1, nothing of ours is out that it could measure.
        self.measuring = matches!(self.state, Receiving::AwaitFirst { .. });
        if let Some(rtt) = rtt {
            self.rto.sample(rtt);
            self.retry_at = Some(now + self.rto.wait());
        }
    }

    /// The answer to [`Event::Whole`]: the file is safe. The last ACK goes out, and its repeats while dallying.
    pub fn commit(&mut self, now: Instant) {
        if matches!(self.state, Receiving::Committing) {
            self.acknowledge(now, Why::First);
            self.state = Receiving::Dallying { until: now + self.config.dally };
        }
    }

    /// Whether something would go out next that lets the peer send, if it may.
    pub fn has_leave(&self) -> bool {
        matches!(self.state, Receiving::AwaitFirst { .. } | Receiving::Streaming)
            && self.held.is_none()
            && !self.packets.is_empty()
    }

    /// The owner was busy with what came and hears again from `now` on: how long that took is not the peer's silence.
    pub fn was_busy(&mut self, now: Instant) {
        if matches!(self.state, Receiving::AwaitFirst { .. } | Receiving::Streaming) {
            self.since = self.since.max(now);
            self.retry_at = Some(now + self.own_wait());
            // What waited in the socket meanwhile measures nothing.
            self.measuring = false;
        }
    }

    /// The owner lets the peer send no more before `until`: it keeps a rate. ACKs wait that long, and that the peer
    /// repeats itself meanwhile is not its fault.
    pub fn hold(&mut self, until: Instant) {
        if matches!(self.state, Receiving::AwaitFirst { .. } | Receiving::Streaming) {
            self.held = Some(until);
        }
    }

    fn release(&mut self, now: Instant) {
        self.held = None;
        self.acked_at = now;
        let wait = match self.state {
            Receiving::AwaitFirst { .. } => self.rto.wait(),
            Receiving::Streaming | Receiving::Committing | Receiving::Dallying { .. } | Receiving::Over => {
                self.own_wait()
            }
        };
        self.retry_at = Some(now + wait);
    }

    /// Ends dallying at `at`, if it would last longer: the owner wants to stop.
    pub fn dally_until(&mut self, at: Instant) {
        if let Receiving::Dallying { until } = &mut self.state {
            *until = at.min(*until);
        }
    }

    /// Gives up, or answers [`Event::Whole`] with a failure; the peer is told why.
    pub fn abort(&mut self, code: ErrorCode, text: &str) {
        if !matches!(self.state, Receiving::Over) {
            // What waits to be sent (the ACK of a block that could not be written) is not true any more.
            self.packets.clear();
            self.packets.push_back(Transmit::Packet { octets: write_error(code, text), why: Why::First });
            self.end(Outcome::Aborted);
        }
    }

    /// The peer's port is closed (ICMP): it has left.
    pub fn peer_left(&mut self) {
        match self.state {
            // A sender may close its port as soon as its last block is out.
            Receiving::Committing | Receiving::Over => {}
            Receiving::Dallying { .. } => self.end(Outcome::Complete),
            Receiving::AwaitFirst { .. } | Receiving::Streaming => self.end(Outcome::TimedOut),
        }
    }

    fn fault(&mut self, fault: Fault) {
        let text = alloc::format!("{fault}");
        let code = match fault {
            Fault::Oversize { .. } | Fault::TwoEnds { .. } => ErrorCode::IllegalOperation,
            Fault::WrongSize { .. } => ErrorCode::Undefined,
            Fault::BadOack(_) => ErrorCode::OptionRefused,
        };
        self.packets.push_back(Transmit::Packet { octets: write_error(code, &text), why: Why::First });
        self.end(Outcome::Broken(fault));
    }

    fn end(&mut self, outcome: Outcome) {
        self.retry_at = None;
        self.state = Receiving::Over;
        self.events.push_back(Event::Over(outcome));
    }

    /// What to send next; poll until empty after every call.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        match self.state {
            Receiving::AwaitFirst { .. } | Receiving::Streaming if self.held.is_some() => None,
            Receiving::AwaitFirst { .. }
            | Receiving::Streaming
            | Receiving::Committing
            | Receiving::Dallying { .. }
            | Receiving::Over => self.packets.pop_front(),
        }
    }

    /// The next fact for the owner; poll until empty after every call.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call `handle_timeout`; `None` when it is over or the owner's answer is awaited.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            Receiving::Over | Receiving::Committing => None,
            Receiving::Dallying { until } => Some(until),
            Receiving::AwaitFirst { .. } | Receiving::Streaming => {
                let next = self.held.or(self.retry_at);
                Some(next.map_or(self.give_up_at(), |at| at.min(self.give_up_at())))
            }
        }
    }

    /// What was agreed.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Whether the peer has answered our opening.
    pub fn is_proved(&self) -> bool {
        self.proved
    }

    /// ACKs and OACKs that were sent more than once.
    pub fn repeats(&self) -> u64 {
        self.counts.repeats
    }

    /// What was counted so far.
    pub fn figures(&self) -> Figures {
        self.counts.figures(self.received(), &self.rto)
    }

    /// Blocks that are in without a gap.
    pub fn received(&self) -> u64 {
        self.window.next() - 1
    }
}

#[cfg(test)]
#[path = "receiver_tests.rs"]
mod tests;
