//! A session of a client: one control connection that is logged in once and does one job after the other, as a machine.
//!
//! Greeting, TLS where it is wanted, login; then, for each job, TYPE where it changes, what must be known before (SIZE,
//! MDTM, ALLO), the data connection, REST, the transfer and its last reply; at the end QUIT. Commands go one at a time, as
//! the oldest servers want it; only [`Plan::ahead`] lets two go together.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | what comes in, and when it is too late |
//! | `login` | from the greeting to the first job |
//! | `work` | the steps of a job |
//! | `ways` | which way to a data connection is gone next |
//! | `plan` | what is to be done, and how it ends |
//! | `features` | what FEAT says, and which digest a reply holds |

mod features;
mod login;
mod plan;
#[cfg(test)]
mod tests;
mod told;
mod ways;
mod work;

pub use features::{Features, digest};
pub use plan::{Event, Failure, Job, Phase, Plan, Report, Target, Tls, Until, Verb, Way, Ways};
pub use told::quoted;

use crate::command::Representation;
use crate::line::{Lines, escape};
use crate::reply::{Replies, Reply};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::Bytes;
use clock::{Duration, Instant};
use core::net::SocketAddr;
use login::Entering;
use ways::Tried;
use work::Doing;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Await {
    Entering(Entering),
    /// Logged in, and nothing is to be done.
    Idle,
    Doing(Doing),
    /// The directory of before a job, after it.
    Back,
    Quit,
    Over,
}

/// The client.
///
/// Call `handle_input`, `handle_eof`, `handle_timeout`, one of `secured`, `data_ready`, `data_failed`, `listening`,
/// `moved`, as the [`Event`]s want, or, when it [`Client::is_idle`], [`Client::start`] or [`Client::quit`]; then
/// [`Client::poll_transmit`] and [`Client::poll_event`] until both are empty; then wait for input or
/// [`Client::poll_timeout`].
#[derive(Debug)]
pub struct Client {
    plan: Plan,
    peer: SocketAddr,
    awaits: Await,
    lines: Lines,
    replies: Replies,
    out: Vec<u8>,
    events: VecDeque<Event>,
    deadline: Option<Instant>,
    /// The TYPE that the server has; none before the first one.
    representation: Option<Representation>,
    /// The way that is gone, or worked last.
    way: Way,
    /// Whether a data connection has come about that way.
    is_proven: bool,
    /// Where the login began, where that had to be known.
    home: Option<Vec<u8>>,
    /// Whether we are where a job went.
    is_away: bool,
    /// What came of that job, until we are back.
    result: Option<Result<Report, Failure>>,
    greeting: Vec<u8>,
    job: Option<Job>,
    tried: Tried,
    /// Whether the transfer's command is out before its data connection.
    is_ahead: bool,
    size: Option<u64>,
    start: u64,
    report: Report,
}

/// A wait for the 221; nobody misses it.
const QUIT_PATIENCE: Duration = Duration::from_secs(2);

impl Client {
    /// A control connection to `peer` was made (its named address).
    pub fn new(now: Instant, plan: Plan, peer: SocketAddr) -> Client {
        let way = ways::first(plan.ways, peer);
        let mut c = Client {
            deadline: Some(now + plan.patience),
            plan,
            peer,
            awaits: Await::Entering(Entering::Greeting),
            lines: Lines::default(),
            replies: Replies::default(),
            out: Vec::new(),
            events: VecDeque::new(),
            representation: None,
            way,
            is_proven: false,
            home: None,
            is_away: false,
            result: None,
            greeting: Vec::new(),
            job: None,
            tried: Tried::default(),
            is_ahead: false,
            size: None,
            start: 0,
            report: Report::default(),
        };
        if breaks_a_line(&c.plan.user) || breaks_a_line(&c.plan.password.0) {
            c.lose(Failure::Impossible("a user or password with a line end or NUL in it"));
        }
        c
    }

    /// Octets of the control connection.
    pub fn handle_input(&mut self, now: Instant, octets: &[u8]) {
        for &octet in octets {
            if self.awaits == Await::Over {
                return;
            }
            let Some(line) = self.lines.push(octet) else { continue };
            match self.replies.push(line) {
                None => {}
                Some(Ok(reply)) => {
                    if self.awaits != Await::Idle {
                        self.arm(now);
                    }
                    self.reply(now, reply);
                }
                Some(Err(bad)) => self.lose(Failure::BadReply(bad)),
            }
        }
    }

    /// The server closed the control connection.
    pub fn handle_eof(&mut self) {
        match self.awaits {
            Await::Over => {}
            Await::Quit => self.over(),
            // Some end the session with a data connection that is closed before its end.
            Await::Doing(Doing::End { moved: true, .. }) if self.until().is_some() => {
                self.verify();
                self.awaits = Await::Over;
            }
            Await::Entering(_) | Await::Idle | Await::Doing(_) | Await::Back => {
                self.lose(Failure::Closed(self.phase()));
            }
        }
    }

    /// The time of [`Client::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|d| d > now) {
            return;
        }
        match self.awaits {
            Await::Quit => self.over(),
            Await::Entering(_) | Await::Idle | Await::Doing(_) | Await::Back | Await::Over => {
                self.lose(Failure::TimedOut(self.phase()));
            }
        }
    }

    /// Does something. To be called when it [`Client::is_idle`] only.
    ///
    /// # Panics
    /// When it is not.
    pub fn start(&mut self, now: Instant, job: Job) {
        assert_eq!(self.awaits, Await::Idle, "one job at a time, in a session that is logged in");
        (self.size, self.start, self.report) = (None, 0, Report::default());
        (self.tried, self.is_ahead) = (Tried::default(), false);
        self.arm(now);
        self.begin_job(job);
    }

    /// Ends the session: [`Event::Closed`] follows.
    pub fn quit(&mut self, now: Instant) {
        if self.awaits == Await::Idle {
            self.send(b"QUIT", b"", Await::Quit);
            self.deadline = Some(now + QUIT_PATIENCE);
        }
    }

    /// Sends ABOR, unless nothing is left to abort; the owner then closes without waiting.
    pub fn abort(&mut self) {
        // After QUIT nobody takes commands (RFC 959 §4.1.1).
        if !matches!(self.awaits, Await::Quit | Await::Over | Await::Idle) {
            self.out.extend(b"ABOR\r\n");
        }
        self.awaits = Await::Over;
        self.deadline = None;
    }

    /// Sets [`Plan::ways`].
    pub fn set_ways(&mut self, ways: Ways) {
        self.plan.ways = ways;
        self.way = ways::first(ways, self.peer);
        self.is_proven = false;
    }

    /// Somebody said things to the server by hand: what was known of its state is not any more.
    pub fn forget(&mut self) {
        self.representation = None;
        self.home = None;
    }

    /// Sets [`Plan::ahead`].
    pub fn set_ahead(&mut self, ahead: bool) {
        self.plan.ahead = ahead;
    }

    /// Whether a transfer's command is, or was at the end, out before its data connection.
    #[must_use]
    pub fn went_ahead(&self) -> bool {
        self.is_ahead
    }

    /// The words of the 220; nothing before it.
    #[must_use]
    pub fn greeting(&self) -> &[u8] {
        &self.greeting
    }

    /// Whether another job may be begun.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.awaits == Await::Idle
    }

    /// Whether the session is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.awaits == Await::Over
    }

    /// The way that data connections come about, once one has.
    #[must_use]
    pub fn way(&self) -> Option<Way> {
        self.is_proven.then_some(self.way)
    }

    /// What to send.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        if self.out.is_empty() {
            return None;
        }
        Some(Bytes::from(core::mem::take(&mut self.out)))
    }

    /// What to do.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Client::handle_timeout`]. None while data moves: only the driver sees that.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let elsewhere = matches!(
            self.awaits,
            Await::Doing(Doing::End { moved: false, .. } | Doing::Data) | Await::Over | Await::Idle
        );
        if elsewhere { None } else { self.deadline }
    }

    /// Octets of the server's file, where it told.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Before which octet the data connection is to be closed.
    #[must_use]
    pub fn until(&self) -> Option<u64> {
        match &self.job {
            Some(Job::Get { until, .. }) => until.map(|until| until.octet),
            _ => None,
        }
    }

    /// Where the first octet belongs in the file: the offset of REST.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.start
    }

    fn arm(&mut self, now: Instant) {
        self.deadline = Some(now + self.plan.patience);
    }

    fn reply(&mut self, now: Instant, r: Reply) {
        // RFC 959 §5.4: 421 may answer anything.
        if r.code.0 == 421 && self.awaits != Await::Quit {
            let refused = self.refused(&r);
            return self.lose(refused);
        }
        match self.awaits {
            Await::Entering(step) => self.login_reply(now, step, r),
            Await::Doing(step) => self.job_reply(step, r),
            Await::Quit => self.over(),
            Await::Back => {
                if let Some(result) = self.result.take() {
                    // Where names would mean something else nothing more is done.
                    let then = if r.code.is_complete() { Await::Idle } else { Await::Over };
                    self.finish(then, result);
                }
            }
            // One that nobody asked for any more.
            Await::Idle | Await::Over => {}
        }
    }

    fn send(&mut self, verb: &[u8], argument: &[u8], then: impl Into<Await>) {
        self.out.extend(verb);
        if !argument.is_empty() {
            self.out.push(b' ');
            escape(argument, &mut self.out);
        }
        self.out.extend(b"\r\n");
        self.awaits = then.into();
    }

    fn phase(&self) -> Phase {
        match self.awaits {
            Await::Entering(step) => step.phase(),
            Await::Doing(step) => step.phase(),
            Await::Idle => Phase::Prepare,
            Await::Back | Await::Quit | Await::Over => Phase::Transfer,
        }
    }

    fn refused(&self, r: &Reply) -> Failure {
        // RFC 959 §5.4: 425 answers the transfer's command when the connection cannot be opened.
        if matches!(self.awaits, Await::Doing(Doing::Epsv | Doing::Pasv | Doing::Active)) || r.code.0 == 425 {
            return Failure::NoData(alloc::format!("{} {}", r.code.0, r.text().escape_ascii()));
        }
        Failure::Refused { phase: self.phase(), code: r.code, text: r.text().to_vec() }
    }

    /// A job is over, on a control connection that still works; if it went elsewhere we go back first.
    fn end(&mut self, result: Result<Report, Failure>) {
        if result.is_err() {
            self.events.push_back(Event::CloseData);
        }
        self.job = None;
        if let (true, Some(home)) = (core::mem::take(&mut self.is_away), self.home.clone()) {
            self.result = Some(result);
            return self.send(b"CWD", &home, Await::Back);
        }
        self.finish(Await::Idle, result);
    }

    fn finish(&mut self, then: Await, result: Result<Report, Failure>) {
        self.awaits = then;
        self.deadline = None;
        self.events.push_back(Event::Finished(result));
    }

    /// The control connection is of no use any more.
    fn lose(&mut self, failure: Failure) {
        let is_awaited = self.awaits != Await::Idle;
        self.awaits = Await::Over;
        self.deadline = None;
        self.job = None;
        if is_awaited {
            self.events.push_back(Event::CloseData);
            // What had been done before we went back counts.
            let result = self.result.take().unwrap_or(Err(failure));
            self.events.push_back(Event::Finished(result));
        }
    }

    fn over(&mut self) {
        self.awaits = Await::Over;
        self.deadline = None;
        self.events.push_back(Event::Closed);
    }
}

/// Whether it would be two lines.
fn breaks_a_line(octets: &[u8]) -> bool {
    octets.iter().any(|b| matches!(b, b'\r' | b'\n' | 0))
}
