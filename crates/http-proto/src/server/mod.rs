//! A connection of a server as one machine.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | octets to requests, one at a time; timers; when the connection ends |
//! | [`question`](self) | what is asked of the driver, and the answers |
//! | `give` | a file: preconditions, ranges, the runs of the content |
//! | `reply` | heads and short bodies |

mod give;
mod question;
mod reply;
#[cfg(test)]
mod tests;

pub use question::{Answer, Ask, AskId, Content, Ended, Event, Text, Transmit};

use crate::head::{BadHead, Head, Scan, Scanner, Version};
use crate::listing::{Form, Listing};
use crate::request::{self, Method, Request, Wanted};
use crate::status::Status;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use clock::{Duration, Instant, TimerTable};

/// What is the same for all connections of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// From the first octet of a request (of the first one: from the connection) to the end of its head and
    /// content, however they trickle.
    pub head: Duration,
    /// Between requests.
    pub idle: Duration,
    /// The end of a response in which nothing moves.
    pub stall: Duration,
    /// Requests of one connection.
    pub most: u32,
    /// The realm that a login is for (RFC 9110 §11.5); printable, without quotes.
    pub realm: String,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            head: Duration::from_secs(60),
            idle: Duration::from_secs(16 * 60),
            stall: Duration::from_secs(16 * 60),
            most: 10_000,
            realm: String::from("towline"),
        }
    }
}

/// Octets that may wait while a request is answered: pipelined requests (RFC 9112 §9.3.2). Whoever sends more
/// is not read.
const BUFFER: usize = 2 * crate::head::MAX_HEAD;
/// How long a server that stops waits for a request that is on its way: less than a client's shortest SYN
/// time-out of a second would help nobody, and who only connected in advance holds up a stop.
const LAST_REQUEST: Duration = Duration::from_millis(1_500);
/// Empty lines before a request that are skipped (RFC 9112 §2.2 says at least one).
const EMPTY_LINES: u8 = 4;

const HEAD: usize = 0;
const IDLE: usize = 1;
const STALL: usize = 2;

#[derive(Debug)]
enum State {
    /// A request is awaited or half here.
    Awaiting { scanner: Scanner, empty: u8 },
    /// Content that nobody wants is thrown away, then the request is answered.
    Draining { wanted: Box<Wanted> },
    /// What the target is was asked.
    Looking { id: AskId, wanted: Box<Wanted> },
    /// Whether the content may flow was asked.
    Beginning { id: AskId, ready: Box<give::Ready> },
    /// The content flows.
    Giving,
    /// The next entries were asked, or the last ones flow.
    Listing { id: Option<AskId>, listing: Option<Listing>, chunked: bool },
    /// A response without content flows.
    Replying,
    /// Nothing more happens.
    Over,
}

/// One connection.
///
/// Call one of `handle_input`, `handle_eof`, `handle_lost`, `handle_sent`, `handle_failed`, `handle_timeout`,
/// `answer`, `drain`, with [`Server::date`] before where time has passed; then [`Server::poll_transmit`] and
/// [`Server::poll_event`] until both are empty; then wait for input (only while [`Server::wants_input`]), for
/// the answer to the open question, for the socket, or for [`Server::poll_timeout`].
///
/// Requests are answered one at a time, in their order. A transmit that was taken is done when
/// [`Server::handle_sent`] has told all of its octets; until then there is no other.
#[derive(Debug)]
pub struct Server {
    config: Config,
    state: State,
    buffer: Vec<u8>,
    /// Content of a request that is still to come.
    content: u64,
    out: VecDeque<Transmit>,
    /// Octets of the transmit that was taken, not sent yet.
    flying: u64,
    events: VecDeque<Event>,
    timers: TimerTable<3>,
    asks: u64,
    requests: u32,
    date: i64,
    /// The connection ends with the response that is under way.
    close: bool,
    eof: bool,
    /// The end was told.
    over: bool,
    /// Form of the request that is answered: its head alone, HTTP/1.0.
    head_only: bool,
    version: Version,
}

impl Server {
    /// A connection that was accepted at `now`.
    pub fn new(now: Instant, config: Config) -> Server {
        let mut timers = TimerTable::default();
        timers.set(HEAD, now + config.head);
        Server {
            config,
            state: awaiting(),
            buffer: Vec::new(),
            content: 0,
            out: VecDeque::new(),
            flying: 0,
            events: VecDeque::new(),
            timers,
            asks: 0,
            requests: 0,
            date: 0,
            close: false,
            eof: false,
            over: false,
            head_only: false,
            version: Version::Current,
        }
    }

    /// Tells the time of day, seconds since 1970: for `Date`.
    pub fn date(&mut self, unix: i64) {
        self.date = unix;
    }

    /// Octets from the peer.
    pub fn handle_input(&mut self, now: Instant, octets: &[u8]) {
        if matches!(self.state, State::Over) || self.eof {
            return;
        }
        let mut octets = octets;
        if let State::Draining { .. } = self.state {
            octets = self.throw_away(octets);
        }
        self.buffer.extend_from_slice(octets);
        if self.timers.get(IDLE).is_some() {
            self.timers.stop(IDLE);
            self.timers.set(HEAD, now + self.config.head);
        }
        self.advance(now);
    }

    /// The peer sends no more. What it asked for is still given.
    pub fn handle_eof(&mut self, now: Instant) {
        self.eof = true;
        match self.state {
            State::Awaiting { .. } | State::Draining { .. } if self.out.is_empty() && self.flying == 0 => {
                self.end();
            }
            State::Awaiting { .. }
            | State::Draining { .. }
            | State::Looking { .. }
            | State::Beginning { .. }
            | State::Giving
            | State::Listing { .. }
            | State::Replying
            | State::Over => {}
        }
        self.advance(now);
    }

    /// The connection is gone.
    pub fn handle_lost(&mut self) {
        self.cut(Ended::Lost);
    }

    /// The content cannot be read on: the peer must not take what it has for whole.
    pub fn handle_failed(&mut self) {
        self.cut(Ended::Failed);
    }

    /// So many octets of the transmit that was taken are on their way.
    pub fn handle_sent(&mut self, now: Instant, octets: u64) {
        self.flying = self.flying.saturating_sub(octets);
        if self.flying > 0 || !self.out.is_empty() {
            self.timers.set(STALL, now + self.config.stall);
            return;
        }
        self.timers.stop(STALL);
        self.sent(now);
    }

    /// A deadline has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.timers.expire(now) {
            match timer {
                HEAD => self.too_slow(now),
                IDLE => self.end(),
                _ => self.cut(Ended::Stalled),
            }
        }
    }

    /// The answer to a question. One to a question that is not open any more is dropped.
    pub fn answer(&mut self, now: Instant, id: AskId, answer: Answer) {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Looking { id: open, wanted } if open == id => self.looked(now, &wanted, answer),
            State::Beginning { id: open, ready } if open == id => self.begun(now, *ready, answer),
            State::Listing { id: Some(open), listing, chunked } if open == id => {
                self.listed(now, listing, chunked, answer);
            }
            other @ (State::Awaiting { .. }
            | State::Draining { .. }
            | State::Looking { .. }
            | State::Beginning { .. }
            | State::Giving
            | State::Listing { .. }
            | State::Replying
            | State::Over) => self.state = other,
        }
        self.advance(now);
    }

    /// The server is being stopped: the response under way is the last one. Who has just connected, or whose
    /// request is half here, is still answered if the rest comes soon.
    pub fn drain(&mut self, now: Instant) {
        self.close = true;
        if let State::Awaiting { .. } = self.state {
            if self.requests > 0 && self.buffer.is_empty() {
                // RFC 9112 §9.5: a client must expect that a connection closes between requests.
                self.end();
            } else {
                let soon = now + LAST_REQUEST;
                self.timers.set(HEAD, self.timers.get(HEAD).map_or(soon, |at| at.min(soon)));
            }
        }
        self.advance(now);
    }

    /// What to send next; only when what was taken before is sent.
    #[must_use]
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        if self.flying > 0 {
            return None;
        }
        let next = self.out.pop_front()?;
        self.flying = next.len();
        self.timers.set(STALL, now + self.config.stall);
        Some(next)
    }

    /// What the driver is asked or told.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next deadline.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether input is taken now.
    pub fn wants_input(&self) -> bool {
        !self.eof && !matches!(self.state, State::Over) && self.buffer.len() < BUFFER
    }

    /// Whether a request is being answered.
    pub fn is_busy(&self) -> bool {
        !matches!(self.state, State::Awaiting { .. } | State::Over)
    }

    /// Octets that are held of what came.
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// Takes requests out of the buffer while nothing is being answered.
    fn advance(&mut self, now: Instant) {
        loop {
            let State::Awaiting { scanner, empty } = &mut self.state else { return };
            // RFC 9112 §2.2: what an old client sent behind its last content.
            if self.buffer.starts_with(b"\r\n") && *empty < EMPTY_LINES {
                *empty += 1;
                self.buffer.drain(..2);
                continue;
            }
            match scanner.scan(&self.buffer) {
                Scan::More if self.eof => return self.end(),
                Scan::More => return,
                Scan::Bad(why) => return self.bad_head(why),
                Scan::Whole(len) => {
                    let head: Vec<u8> = self.buffer.drain(..len).collect();
                    self.requested(now, &head);
                }
            }
        }
    }

    fn requested(&mut self, now: Instant, head: &[u8]) {
        self.requests += 1;
        self.close |= self.requests >= self.config.most;
        self.timers.stop(HEAD);
        self.timers.stop(IDLE);
        let parsed = match Head::parse(head) {
            Ok(parsed) => parsed,
            Err(why) => return self.bad_head(why),
        };
        match request::read(&parsed) {
            Ok(wanted) => {
                self.close |= wanted.close;
                self.version = wanted.version;
                self.head_only = wanted.request.method == Method::Head;
                if wanted.content == 0 {
                    return self.look(Box::new(wanted));
                }
                self.content = wanted.content;
                // RFC 9110 §10.1.1: only who waits for it gets it, and only as long as nothing came.
                if wanted.expects && self.buffer.is_empty() {
                    self.out.push_back(Transmit::octets(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()));
                }
                self.timers.set(HEAD, now + self.config.head);
                self.state = State::Draining { wanted: Box::new(wanted) };
                let held = core::mem::take(&mut self.buffer);
                let rest = self.throw_away(&held).to_vec();
                // What was thrown away may have been all; then the buffer begins with the next request.
                self.buffer = rest;
            }
            Err(why) => {
                self.close |= why.close;
                if why.status == Status::BadRequest {
                    self.events.push_back(Event::Malformed);
                }
                self.version = why.version;
                self.head_only = why.head_only;
                self.refuse(why.status, why.text);
            }
        }
    }

    /// Gives back what is behind the content.
    fn throw_away<'a>(&mut self, octets: &'a [u8]) -> &'a [u8] {
        let n = usize::try_from(self.content).unwrap_or(usize::MAX).min(octets.len());
        self.content -= n as u64;
        if self.content == 0 {
            let State::Draining { wanted } = core::mem::replace(&mut self.state, State::Over) else {
                unreachable!("content is thrown away while draining only");
            };
            self.timers.stop(HEAD);
            self.look(wanted);
        }
        &octets[n..]
    }

    fn look(&mut self, wanted: Box<Wanted>) {
        let id = self.ask(Ask::Look(wanted.request.clone()));
        self.state = State::Looking { id, wanted };
    }

    fn looked(&mut self, now: Instant, wanted: &Wanted, answer: Answer) {
        match answer {
            Answer::Content(content) => self.give(wanted, content),
            Answer::Listing => self.list(&wanted.request),
            Answer::Text(text) => self.text(&text),
            Answer::Directory(path) => self.elsewhere(&path),
            Answer::Refused(status, text) => self.refuse(status, &text),
            Answer::Begun | Answer::Entries(_) => {
                debug_assert!(false, "not an answer to Look");
                self.refuse(Status::InternalServerError, "internal error");
            }
        }
        let _ = now;
    }

    fn list(&mut self, request: &Request) {
        let form = if request.json { Form::Json } else { Form::Html };
        let chunked = self.version == Version::Current;
        // RFC 9112 §6.3: without a length and without chunks it is the close that ends it.
        self.close |= !chunked;
        let mut head = self.head(Status::Ok);
        head.field("Content-Type", form.media());
        head.field("Vary", "Accept");
        head.field("Cache-Control", "no-store");
        // What somebody put in cannot run even if the escaping were wrong.
        head.field("Content-Security-Policy", "default-src 'none'");
        if chunked && !self.head_only {
            head.field("Transfer-Encoding", "chunked");
        }
        let head = head.end();
        if self.head_only {
            self.out.push_back(Transmit::octets(head));
            self.state = State::Replying;
            return;
        }
        self.out.push_back(Transmit::more(head));
        let mut text = Vec::new();
        let listing = Listing::begin(form, &request.target.path, &mut text);
        self.part(&text, chunked);
        let id = self.ask(Ask::Entries);
        self.state = State::Listing { id: Some(id), listing: Some(listing), chunked };
    }

    fn listed(&mut self, now: Instant, listing: Option<Listing>, chunked: bool, answer: Answer) {
        let Some(mut listing) = listing else { return };
        let mut text = Vec::new();
        match answer {
            Answer::Entries(entries) if entries.is_empty() => {
                listing.end(&mut text);
                self.part(&text, chunked);
                if chunked {
                    self.out.push_back(Transmit::octets(b"0\r\n\r\n".to_vec()));
                }
                self.state = State::Replying;
            }
            Answer::Entries(entries) => {
                for entry in &entries {
                    listing.entry(entry, &mut text);
                }
                self.part(&text, chunked);
                self.state = State::Listing { id: None, listing: Some(listing), chunked };
                if self.flying == 0 && self.out.is_empty() {
                    self.sent(now);
                }
            }
            // The directory cannot be read on: without its last chunk nobody takes the listing for whole.
            Answer::Refused(..)
            | Answer::Content(_)
            | Answer::Listing
            | Answer::Text(_)
            | Answer::Directory(_)
            | Answer::Begun => self.cut(Ended::Failed),
        }
    }

    fn part(&mut self, text: &[u8], chunked: bool) {
        let mut out = Vec::with_capacity(text.len() + 16);
        if chunked {
            out.extend_from_slice(alloc::format!("{:x}\r\n", text.len()).as_bytes());
        }
        out.extend_from_slice(text);
        if chunked {
            out.extend_from_slice(b"\r\n");
        }
        self.out.push_back(Transmit::octets(out));
    }

    /// Everything that was to be sent is on its way.
    fn sent(&mut self, now: Instant) {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Giving => {
                self.events.push_back(Event::Ended(Ended::Whole));
                self.next(now);
            }
            State::Replying => self.next(now),
            State::Listing { id: None, listing, chunked } => {
                let id = self.ask(Ask::Entries);
                self.state = State::Listing { id: Some(id), listing, chunked };
            }
            // A 100, or the head of a listing whose entries are still asked for.
            other @ (State::Awaiting { .. }
            | State::Draining { .. }
            | State::Looking { .. }
            | State::Beginning { .. }
            | State::Listing { .. }
            | State::Over) => self.state = other,
        }
    }

    /// The next request, or the end.
    fn next(&mut self, now: Instant) {
        if self.close {
            return self.end();
        }
        self.state = awaiting();
        self.head_only = false;
        if self.buffer.is_empty() {
            self.timers.set(IDLE, now + self.config.idle);
        } else {
            self.timers.set(HEAD, now + self.config.head);
        }
        self.advance(now);
    }

    fn too_slow(&mut self, now: Instant) {
        match &self.state {
            // Nobody asked for anything: browsers connect in advance.
            State::Awaiting { .. } if self.buffer.is_empty() => self.end(),
            State::Awaiting { .. } | State::Draining { .. } => {
                self.close = true;
                self.refuse(Status::RequestTimeout, "the request did not come in time");
            }
            State::Looking { .. }
            | State::Beginning { .. }
            | State::Giving
            | State::Listing { .. }
            | State::Replying
            | State::Over => {}
        }
        let _ = now;
    }

    fn bad_head(&mut self, why: BadHead) {
        self.close = true;
        self.buffer.clear();
        self.version = Version::Current;
        self.head_only = false;
        match why {
            // Somebody took us for another port of ours.
            BadHead::Tls => {}
            BadHead::BareLf
            | BadHead::Control
            | BadHead::RequestLine
            | BadHead::Version
            | BadHead::Folded
            | BadHead::SpaceBeforeColon
            | BadHead::Field
            | BadHead::TargetTooLong
            | BadHead::TooLong => self.events.push_back(Event::Malformed),
        }
        let (status, text) = why.told();
        self.refuse(status, text);
    }

    /// Ends without another octet; what was begun is told.
    fn cut(&mut self, why: Ended) {
        if let State::Giving = self.state {
            self.events.push_back(Event::Ended(why));
        }
        self.out.clear();
        self.flying = 0;
        self.finish(Event::Cut);
    }

    /// Ends in order.
    fn end(&mut self) {
        self.finish(Event::Close);
    }

    fn finish(&mut self, how: Event) {
        if core::mem::replace(&mut self.over, true) {
            return;
        }
        self.state = State::Over;
        self.buffer = Vec::new();
        self.timers = TimerTable::default();
        self.events.push_back(how);
    }

    fn ask(&mut self, what: Ask) -> AskId {
        self.asks += 1;
        let id = AskId(self.asks);
        self.events.push_back(Event::Ask { id, what });
        id
    }
}

fn awaiting() -> State {
    State::Awaiting { scanner: Scanner::default(), empty: 0 }
}
