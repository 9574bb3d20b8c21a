use crate::ahead::Ahead;
use crate::figures::Counts;
use crate::machine::printable;
use crate::pace::Pace;
use crate::packet::{Packet, write_error};
use crate::window::{Acked, Outgoing};
use crate::{BlockNo, Config, ErrorCode, Event, Figures, Outcome, Received, Rto, Terms, Transmit, Why};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use clock::{Duration, Instant};

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
    pace: Pace,
    ahead: Ahead,
    /// The time of the call at hand.
    now: Instant,
    /// The last progress: then the first copy of what is awaited went out.
    since: Instant,
    /// When the current window began, for [`Self::is_late_enough`].
    started: Instant,
    /// Blocks whose ACK measures a round trip. Karn's rule: they were sent once.
    timed: Option<Timed>,
    /// The first and the last repeat after a time-out since the last progress.
    repeated: Option<(Instant, Instant)>,
    /// A repeat was answered, perhaps its first copy was: what may still come of it.
    echo: Option<Echo>,
    /// The last block that was out when a window's time ran out.
    silent: Option<u64>,
    /// Whether this window was started anew on a repeated ACK of its base already.
    rewound: bool,
    /// Whether the peer has answered at all.
    proved: bool,
    /// Repeats since the last progress.
    tries: u32,
    counts: Counts,
    retry_at: Option<Instant>,
    /// When the next burst of a paced window is due.
    resume_at: Option<Instant>,
    /// Until when the owner lets no block out, and how many go out at once then.
    held: Option<Instant>,
    allowed: u16,
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

/// Blocks that went out together, for the first time.
#[derive(Clone, Copy, Debug)]
struct Timed {
    first: u64,
    last: u64,
    at: Instant,
}

/// What is known of an answer that came after a repeat.
#[derive(Clone, Copy, Debug)]
struct Echo {
    /// When the last repeat went out.
    repeated_at: Instant,
    /// The time from the first copy to the answer.
    took: Duration,
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
        // The OACK counts as block 0, which ACK 0 acknowledges.
        let timed = matches!(start, Start::Oack(_)).then_some(Timed { first: 0, last: 0, at: now });
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
            pace: Pace::new(terms.windowsize),
            ahead: Ahead::new(config.send_ahead, terms.windowsize),
            now,
            since: now,
            started: now,
            timed,
            repeated: None,
            echo: None,
            silent: None,
            rewound: false,
            proved,
            tries: 0,
            counts: Counts::default(),
            retry_at: Some(now + rto.wait()),
            resume_at: None,
            held: None,
            allowed: u16::MAX,
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
        self.now = now;
        let received = match Packet::parse(octets) {
            Ok(Packet::Ack(no)) => self.handle_ack(now, no),
            Ok(Packet::Error { code, text }) => {
                self.ahead.odd();
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
            self.measure(now, 0);
            self.progress(now);
            self.begin_window(now);
            return Received::New;
        }
        let (base, end, high) = (self.window.acked(), self.window.end(), self.window.high());
        let block = no.from_base(base, self.terms.rollover);
        let lock_step = self.terms.windowsize == 1;
        // A partial ACK of what went out before this window began says nothing of this window: what is on its
        // way is not sent again. (Windows that are, and receivers that answer each gap, beget more of both.)
        let old = block < end
            && self.timed.is_none_or(|timed| block < timed.first)
            && self.rto.earliest().is_some_and(|least| now.since(self.started) < least);
        match self.window.acknowledge(block, lock_step || old) {
            Acked::Progress => {
                if lock_step {
                    if block == base + 1 {
                        self.window.set_size(self.ahead.in_turn());
                    } else {
                        self.fall_back();
                    }
                } else if !old {
                    self.judge_window(base, block, end, high);
                }
                if !old {
                    self.measure(now, block);
                }
                self.progress(now);
                if !old {
                    self.begin_window(now);
                }
                if self.window.is_done() {
                    self.end(Outcome::Complete);
                }
                Received::New
            }
            // RFC 1123 §4.2.3.1: in lock-step a repeated ACK never moves a block (Sorcerer's Apprentice).
            Acked::Base if lock_step => {
                self.fall_back();
                if let Some(echo) = self.echo.take()
                    && now <= echo.repeated_at + self.rto.latest().max(echo.took)
                {
                    // Two copies were answered, and it is not the peer's own timer.
                    self.rto.was_needless(echo.took);
                    self.retry_at = Some(self.started + self.rto.wait());
                }
                Received::Dup
            }
            Acked::Base if self.rewound || !self.is_late_enough(now) => Received::Dup,
            Acked::Base => {
                // RFC 7440 §4: the window's first block is missing at the peer.
                self.rewound = true;
                self.counts.gaps += 1;
                self.tries += 1;
                self.restart(now);
                Received::Gap
            }
            Acked::Stale => {
                self.fall_back();
                Received::Stale
            }
        }
    }

    /// Whether an ACK of the window's base can be an answer to this window: a duplicate of the ACK that
    /// opened it comes earlier, and one that answers the repeat of the window before it not later than a
    /// round trip after that.
    fn is_late_enough(&self, now: Instant) -> bool {
        now.since(self.started) >= self.rto.earliest().unwrap_or(self.rto.wait() / 2)
            && self.echo.is_none_or(|echo| now >= echo.repeated_at + self.rto.latest())
    }

    /// What the ACK of `block` says of the window behind `base`, whose last block is `end`; blocks up to
    /// `high` were out.
    fn judge_window(&mut self, base: u64, block: u64, end: u64, high: u64) {
        let srtt = self.rto.srtt();
        let silent = self.silent.take();
        let out = silent.unwrap_or(high).min(end);
        if block < out {
            self.counts.gaps += 1;
            self.pace.broke(block - base, out - block, silent.is_some(), srtt);
        } else if block == end && silent.is_none() {
            self.pace.came_whole();
        }
    }

    /// A lock-step peer did not do what it would do in lock-step.
    fn fall_back(&mut self) {
        if self.ahead.odd() {
            self.window.set_size(1);
        }
    }

    fn measure(&mut self, now: Instant, block: u64) {
        match self.timed {
            Some(timed) if (timed.first..=timed.last).contains(&block) => {
                self.timed = None;
                self.rto.sample(now.since(timed.at));
            }
            // Sent ahead: its ACK is still to come.
            Some(timed) if timed.first > block && self.terms.windowsize == 1 => {}
            Some(_) | None => {
                self.timed = None;
                if self.tries == 0 {
                    self.rto.confirm(now.since(self.started));
                }
                self.rto.settle();
            }
        }
    }

    /// New blocks are confirmed.
    fn progress(&mut self, now: Instant) {
        let took = now.since(self.since);
        let repeated = self.repeated.take();
        self.echo = repeated.map(|(_, repeated_at)| Echo { repeated_at, took });
        if let (Some((first, _)), Some(srtt)) = (repeated, self.rto.srtt())
            && now.since(first) < srtt / 2
        {
            // Sooner than the repeat can have been answered.
            self.rto.was_needless(took);
        }
        self.proved = true;
        self.tries = 0;
        self.rewound = false;
        self.since = now;
        self.retry_at = Some(now + self.rto.wait());
    }

    fn restart(&mut self, now: Instant) {
        self.window.rewind();
        self.timed = None;
        self.begin_window(now);
    }

    fn begin_window(&mut self, now: Instant) {
        self.pace.begin();
        self.resume_at = None;
        self.started = now;
        self.retry_at = Some(now + self.rto.wait());
    }

    fn give_up_at(&self) -> Instant {
        self.since + self.config.no_progress
    }

    /// Lets time pass; `true` if a wait ended without an answer.
    pub fn handle_timeout(&mut self, now: Instant) -> bool {
        if matches!(self.state, Sending::Over) {
            return false;
        }
        self.now = now;
        if now >= self.give_up_at() {
            self.give_up();
            return true;
        }
        if let Some(until) = self.held {
            if now >= until {
                self.release(now);
            }
            return false;
        }
        if self.resume_at.is_some_and(|at| now >= at) {
            self.resume_at = None;
            self.pace.begin();
            self.retry_at = Some(now + self.rto.wait());
            return false;
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
        self.fall_back();
        self.repeated = Some((self.repeated.map_or(now, |(first, _)| first), now));
        if matches!(self.state, Sending::Streaming) {
            if self.silent.is_some() {
                self.pace.silent_again(self.rto.srtt());
            }
            self.silent.get_or_insert(self.window.high());
        }
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
                self.timed = None;
                self.retry_at = Some(now + self.rto.wait());
            }
            Sending::Streaming => self.restart(now),
            Sending::Over => {}
        }
    }

    /// The peer repeated its request while nothing was acknowledged: the first answer goes out again.
    pub fn resend_first(&mut self, now: Instant) {
        if self.window.acked() == 0 && !matches!(self.state, Sending::Over) {
            self.now = now;
            self.tries = 0;
            self.repeat(now, Why::Duplicate);
        }
    }

    /// The request and its first answer took this long; `None`: it went out twice.
    pub(crate) fn learn(&mut self, now: Instant, rtt: Option<Duration>) {
        if let Some(rtt) = rtt {
            self.now = now;
            self.rto.sample(rtt);
            self.retry_at = Some(now + self.rto.wait());
        }
    }

    /// Whether blocks would go out next, if they may.
    pub fn has_blocks(&self) -> bool {
        matches!(self.state, Sending::Streaming)
            && self.packets.is_empty()
            && self.held.is_none()
            && self.pace.allows() > 0
            && self.window.is_open()
    }

    /// The owner lets at most so many blocks out at once, until it says otherwise: it keeps a rate.
    pub fn allow(&mut self, blocks: u16) {
        self.allowed = blocks.max(1);
    }

    /// The owner lets no block out before `until`. That the peer says nothing meanwhile is not its fault.
    pub fn hold(&mut self, until: Instant) {
        if matches!(self.state, Sending::Streaming) {
            self.held = Some(until);
        }
    }

    fn release(&mut self, now: Instant) {
        self.held = None;
        if self.window.high() == self.window.acked() {
            // The window begins only now.
            self.started = now;
        }
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
        if self.held.is_some() {
            return None;
        }
        let (first, count, again) = self.window.take_run(self.pace.allows().min(self.allowed))?;
        if let Some(pause) = self.pace.spend(count)
            && self.window.is_open()
        {
            self.resume_at = Some(self.now + pause);
            self.retry_at = Some(self.now + pause + self.rto.wait());
        }
        let why = if again {
            self.counts.repeats += u64::from(count);
            self.timed = None;
            Why::Again(self.tries.max(1))
        } else {
            // Of a window the last burst counts; ahead of a lock-step peer one block at a time is timed.
            if self.timed.is_none() || self.terms.windowsize > 1 {
                self.timed = Some(Timed { first, last: first + u64::from(count) - 1, at: self.now });
            }
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
                let next = match self.held {
                    Some(until) => Some(until),
                    None => [self.retry_at, self.resume_at].into_iter().flatten().min(),
                };
                Some(next.map_or(self.give_up_at(), |at| at.min(self.give_up_at())))
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
        let burst = if self.terms.windowsize == 1 { self.window.size() } else { self.pace.burst() };
        let ahead = self.ahead.figure();
        Figures { burst, ahead, ..self.counts.figures(self.window.acked(), &self.rto) }
    }

    /// The smoothed round trip, once measured.
    pub fn srtt(&self) -> Option<clock::Duration> {
        self.rto.srtt()
    }
}

#[cfg(test)]
#[path = "sender_tests.rs"]
mod tests;
