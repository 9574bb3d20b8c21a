//! One get, put, listing, look or change over one control connection, as a machine.
//!
//! Greeting, login, TYPE, what must be known before (SIZE, MDTM, ALLO), the data connection (EPSV, then
//! PASV where that fails; or EPRT/PORT), REST, the transfer, its last reply, QUIT. Commands go one at a
//! time, as the oldest servers want it.

mod plan;
#[cfg(test)]
mod tests;
mod told;

pub use plan::{Change, Event, Failure, Job, Passive, Phase, Plan, Report, Target, Tls, Verb};

use told::{announced, number};

use crate::addr::{format_eprt, format_port, parse_227, parse_229};
use crate::command::Representation;
use crate::line::{Lines, escape};
use crate::list::parse_time;
use crate::reply::{Replies, Reply};
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::Bytes;
use clock::{Duration, Instant};
use core::net::SocketAddr;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Await {
    Greeting,
    Auth,
    /// The driver puts the connection under TLS.
    Secure,
    User,
    Pass,
    Pbsz,
    Prot,
    Type,
    Size,
    Modified,
    Allo,
    Epsv,
    Pasv,
    /// The driver connects or listens.
    Data {
        extended: bool,
    },
    Active,
    Rest,
    /// 350 after RNFR.
    From,
    /// What was asked last, and needs no data connection.
    Last,
    /// 150, or no.
    Begin,
    /// The end of the data, the last reply, or both.
    End {
        moved: bool,
        replied: bool,
    },
    Quit,
    Over,
}

/// The client.
///
/// Call `handle_input`, `handle_eof`, `handle_timeout`, or one of `data_ready`, `data_failed`,
/// `listening`, `moved`, as the [`Event`]s want; then [`Client::poll_transmit`] and
/// [`Client::poll_event`] until both are empty; then wait for input or [`Client::poll_timeout`].
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
    size: Option<u64>,
    start: u64,
    report: Report,
    outcome: Option<Result<Report, Failure>>,
}

/// A wait for the 221; nobody misses it.
const QUIT_PATIENCE: Duration = Duration::from_secs(2);

impl Client {
    /// A control connection to `peer` was made (its named address).
    pub fn new(now: Instant, plan: Plan, peer: SocketAddr) -> Client {
        let deadline = Some(now + plan.patience);
        let mut c = Client {
            plan,
            peer,
            awaits: Await::Greeting,
            lines: Lines::default(),
            replies: Replies::default(),
            out: Vec::new(),
            events: VecDeque::new(),
            deadline,
            size: None,
            start: 0,
            report: Report::default(),
            outcome: None,
        };
        let bad = |b: &u8| matches!(b, b'\r' | b'\n' | 0);
        let new_name: &[u8] = match &c.plan.job {
            Job::Change(Change::Rename { to }) => to,
            Job::Get { .. } | Job::Put { .. } | Job::List(_) | Job::Change(_) | Job::Look => b"",
        };
        if c.plan.path.iter().chain(new_name).any(bad)
            || c.plan.user.iter().any(bad)
            || c.plan.password.0.iter().any(bad)
        {
            c.finish(Err(Failure::Impossible("a name or password with a line end or NUL in it")));
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
                    self.arm(now);
                    self.reply(reply);
                }
                Some(Err(bad)) => self.finish(Err(Failure::BadReply(bad))),
            }
        }
        if self.awaits == Await::Quit && self.deadline.is_some() {
            self.deadline = Some(now + QUIT_PATIENCE);
        }
    }

    /// The server closed the control connection.
    pub fn handle_eof(&mut self) {
        if self.awaits == Await::Over {
            return;
        }
        if self.awaits == Await::Quit {
            return self.over();
        }
        let phase = self.phase();
        self.finish(Err(Failure::Closed(phase)));
    }

    /// The time of [`Client::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|d| d > now) {
            return;
        }
        if self.awaits == Await::Quit {
            return self.over();
        }
        let phase = self.phase();
        self.finish(Err(Failure::TimedOut(phase)));
    }

    /// The data connection is connected.
    pub fn data_ready(&mut self, now: Instant) {
        if let Await::Data { .. } = self.awaits {
            self.arm(now);
            self.request();
        }
    }

    /// There is no data connection. After EPSV, PASV is tried: some firewalls know only that.
    pub fn data_failed(&mut self, now: Instant, why: &str) {
        let Await::Data { extended } = self.awaits else { return };
        self.arm(now);
        if extended && self.plan.passive == Passive::Extended && self.peer.is_ipv4() {
            self.send(b"PASV", b"", Await::Pasv);
        } else {
            self.give_up(Failure::NoData(why.to_string()));
        }
    }

    /// We listen at `named` (the address to speak of).
    pub fn listening(&mut self, now: Instant, named: SocketAddr) {
        if let Await::Data { .. } = self.awaits {
            self.arm(now);
            match named {
                SocketAddr::V4(a) => self.send(b"PORT", format_port(a).as_bytes(), Await::Active),
                SocketAddr::V6(_) => self.send(b"EPRT", format_eprt(named).as_bytes(), Await::Active),
            }
        }
    }

    /// The data connection is over after `octets`, with its end seen (get) or sent (put). What ended
    /// otherwise the owner ends by closing the control connection too.
    pub fn moved(&mut self, now: Instant, octets: u64) {
        self.arm(now);
        self.report.octets = octets;
        if let Await::End { replied, .. } = self.awaits {
            self.awaits = Await::End { moved: true, replied };
            if replied {
                self.verify();
            }
        }
    }

    /// Sends ABOR, unless nothing is left to abort; the owner then closes without waiting.
    pub fn abort(&mut self) {
        // After QUIT nobody takes commands (RFC 959 §4.1.1).
        if !matches!(self.awaits, Await::Quit | Await::Over) {
            self.out.extend(b"ABOR\r\n");
        }
        self.awaits = Await::Over;
        self.deadline = None;
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
        let elsewhere =
            matches!(self.awaits, Await::End { moved: false, .. } | Await::Data { .. } | Await::Over);
        if elsewhere { None } else { self.deadline }
    }

    /// Octets of the server's file, where it told.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Where the first octet belongs in the file: the offset of REST.
    pub fn start(&self) -> u64 {
        self.start
    }

    fn arm(&mut self, now: Instant) {
        self.deadline = Some(now + self.plan.patience);
    }

    fn reply(&mut self, r: Reply) {
        let code = r.code;
        // RFC 959 §5.4: 421 may answer anything.
        if code.0 == 421 && self.awaits != Await::Quit {
            let refused = self.refused(r);
            return self.finish(Err(refused));
        }
        match self.awaits {
            // 120: ready in some minutes; another greeting follows.
            Await::Greeting if code.is_preliminary() => {}
            Await::Greeting if code.is_complete() => match self.plan.tls {
                Tls::Explicit => self.send(b"AUTH", b"TLS", Await::Auth),
                Tls::No | Tls::Implicit => self.log_in(),
            },
            Await::Auth if code.0 == 234 => {
                self.awaits = Await::Secure;
                self.events.push_back(Event::Secure);
            }
            // RFC 4217 §8: it may propose another size, which for TLS means nothing.
            Await::Pbsz if code.is_complete() => self.send(b"PROT", b"P", Await::Prot),
            Await::Prot if code.is_complete() => self.prepare(),
            Await::User if code.0 == 331 => {
                let password = self.plan.password.0.clone();
                self.send(b"PASS", &password, Await::Pass);
            }
            Await::User | Await::Pass if code.is_complete() => self.logged_in(),
            Await::Type if code.is_complete() => self.ask_size(),
            Await::Size => {
                if code.0 == 213 {
                    self.size = number(r.text());
                }
                self.ask_modified();
            }
            Await::Modified => {
                if code.0 == 213 {
                    self.report.modified = parse_time(r.text().trim_ascii());
                }
                self.modified();
            }
            // A server without ALLO is no worse than one that ignores it.
            Await::Allo => self.ask_data(),
            Await::Epsv => match (code.0, parse_229(r.text())) {
                (229, Some(port)) => {
                    self.awaits = Await::Data { extended: true };
                    self.events.push_back(Event::Connect(Target::Port(port)));
                }
                _ if self.peer.is_ipv4() => self.send(b"PASV", b"", Await::Pasv),
                _ => self.refuse(r),
            },
            Await::Pasv => match (code.0, parse_227(r.text())) {
                (227, Some(addr)) => {
                    self.awaits = Await::Data { extended: false };
                    self.events.push_back(Event::Connect(Target::Told(addr)));
                }
                (227, None) => self.give_up(Failure::NoData(String::from("the 227 has no address in it"))),
                _ => self.refuse(r),
            },
            Await::Active if code.is_complete() => self.request(),
            Await::Rest if code.0 == 350 => self.begin(),
            Await::Begin if code.is_preliminary() => {
                if self.size.is_none() && self.start == 0 && matches!(self.plan.job, Job::Get { .. }) {
                    self.size = announced(r.text());
                }
                self.awaits = Await::End { moved: false, replied: false };
                self.move_data();
            }
            // Some servers send no 150 for nothing to move.
            Await::Begin if code.is_complete() => {
                self.awaits = Await::End { moved: false, replied: true };
                self.move_data();
            }
            // 110 and the like.
            Await::End { .. } if code.is_preliminary() => {}
            Await::End { moved, .. } if code.is_complete() => {
                self.awaits = Await::End { moved, replied: true };
                if moved {
                    self.verify();
                }
            }
            Await::From if code.0 == 350 => {
                if let Job::Change(Change::Rename { to }) = &self.plan.job {
                    let to = to.clone();
                    self.send(b"RNTO", &to, Await::Last);
                }
            }
            Await::Last if code.is_complete() => self.quit(Ok(self.report)),
            Await::Quit => self.over(),
            Await::Over | Await::Data { .. } | Await::Secure => {}
            Await::Greeting
            | Await::Auth
            | Await::Pbsz
            | Await::Prot
            | Await::User
            | Await::Pass
            | Await::Type
            | Await::Active
            | Await::Rest
            | Await::From
            | Await::Last
            | Await::Begin
            | Await::End { .. } => self.refuse(r),
        }
    }

    fn move_data(&mut self) {
        let size = match self.plan.job {
            Job::Put { len, .. } => Some(len),
            Job::Get { .. } | Job::List(_) | Job::Change(_) | Job::Look => self.size,
        };
        self.events.push_back(Event::Move { start: self.start, size });
    }

    /// The control connection is under TLS.
    pub fn secured(&mut self, now: Instant) {
        if self.awaits == Await::Secure {
            self.arm(now);
            self.log_in();
        }
    }

    fn log_in(&mut self) {
        let user = self.plan.user.clone();
        self.send(b"USER", &user, Await::User);
    }

    fn logged_in(&mut self) {
        match self.plan.tls {
            Tls::No => self.prepare(),
            Tls::Explicit | Tls::Implicit => self.send(b"PBSZ", b"0", Await::Pbsz),
        }
    }

    fn prepare(&mut self) {
        if let Job::Change(change) = &self.plan.job {
            let (verb, then): (&[u8], _) = match change {
                Change::Remove => (b"DELE", Await::Last),
                Change::MakeDir => (b"MKD", Await::Last),
                Change::RemoveDir => (b"RMD", Await::Last),
                Change::Rename { .. } => (b"RNFR", Await::From),
            };
            let path = self.plan.path.clone();
            return self.send(verb, &path, then);
        }
        let t = match self.plan.representation {
            Representation::Ascii => b"A",
            Representation::Ebcdic => b"E",
            Representation::Image => b"I",
        };
        self.send(b"TYPE", t, Await::Type);
    }

    fn ask_size(&mut self) {
        let wanted = match self.plan.job {
            Job::Get { .. } | Job::Look => true,
            Job::Put { resume, .. } => resume,
            Job::List(_) | Job::Change(_) => false,
        };
        // RFC 3659 §4: in TYPE A it would be another number.
        if wanted && self.plan.representation == Representation::Image {
            let path = self.plan.path.clone();
            self.send(b"SIZE", &path, Await::Size);
        } else {
            self.ask_modified();
        }
    }

    fn ask_modified(&mut self) {
        match self.plan.job {
            Job::Get { offset, want_modified } => {
                self.start = offset;
                if want_modified {
                    let path = self.plan.path.clone();
                    return self.send(b"MDTM", &path, Await::Modified);
                }
                self.ask_data();
            }
            Job::Put { len, resume } => {
                if let (true, Some(there)) = (resume, self.size) {
                    if there > len {
                        return self.give_up(Failure::Truncated { expected: len, found: there });
                    }
                    self.start = there;
                }
                if self.plan.representation == Representation::Image {
                    // Servers that hold us to it never publish a broken upload.
                    let octets = (len - self.start).to_string();
                    return self.send(b"ALLO", octets.as_bytes(), Await::Allo);
                }
                self.ask_data();
            }
            Job::Look => match self.size {
                Some(_) => {
                    self.report.size = self.size;
                    let path = self.plan.path.clone();
                    self.send(b"MDTM", &path, Await::Modified);
                }
                // No file: a directory, or nothing.
                None => {
                    let path = self.plan.path.clone();
                    self.send(b"CWD", &path, Await::Last);
                }
            },
            Job::List(_) | Job::Change(_) => self.ask_data(),
        }
    }

    /// MDTM is answered, one way or another.
    fn modified(&mut self) {
        match self.plan.job {
            Job::Look => self.quit(Ok(self.report)),
            Job::Get { .. } | Job::Put { .. } | Job::List(_) | Job::Change(_) => self.ask_data(),
        }
    }

    fn ask_data(&mut self) {
        match (self.plan.passive, self.peer.is_ipv4()) {
            (Passive::Extended, _) | (Passive::PasvOnly, false) => self.send(b"EPSV", b"", Await::Epsv),
            (Passive::PasvOnly, true) => self.send(b"PASV", b"", Await::Pasv),
            (Passive::No, _) => {
                self.awaits = Await::Data { extended: false };
                self.events.push_back(Event::Listen);
            }
        }
    }

    /// RFC 3659 §5.1: REST comes last before the transfer.
    fn request(&mut self) {
        if self.start > 0 {
            let at = self.start.to_string();
            self.send(b"REST", at.as_bytes(), Await::Rest);
        } else {
            self.begin();
        }
    }

    fn begin(&mut self) {
        let verb: &[u8] = match self.plan.job {
            Job::Get { .. } => b"RETR",
            Job::Put { .. } => b"STOR",
            Job::List(Verb::Mlsd) => b"MLSD",
            Job::List(Verb::List) => b"LIST",
            Job::List(Verb::Nlst) => b"NLST",
            Job::Change(_) | Job::Look => unreachable!("it has no data connection"),
        };
        let path = self.plan.path.clone();
        self.send(verb, &path, Await::Begin);
    }

    /// Both the end of the data and a good last reply are in.
    fn verify(&mut self) {
        let found = self.start + self.report.octets;
        let expected = match (&self.plan.job, self.plan.representation) {
            (Job::Get { .. }, Representation::Image) => self.size,
            (Job::Put { len, .. }, Representation::Image) => Some(*len),
            (Job::Get { .. } | Job::Put { .. } | Job::List(_) | Job::Change(_) | Job::Look, _) => None,
        };
        match expected {
            Some(expected) if expected != found => self.give_up(Failure::Truncated { expected, found }),
            _ => self.quit(Ok(self.report)),
        }
    }

    fn send(&mut self, verb: &[u8], argument: &[u8], then: Await) {
        self.out.extend(verb);
        if !argument.is_empty() {
            self.out.push(b' ');
            escape(argument, &mut self.out);
        }
        self.out.extend(b"\r\n");
        self.awaits = then;
    }

    fn phase(&self) -> Phase {
        match self.awaits {
            Await::Greeting => Phase::Greeting,
            Await::Auth | Await::Secure => Phase::Security,
            Await::User | Await::Pass => Phase::Login,
            Await::Pbsz
            | Await::Prot
            | Await::Type
            | Await::Size
            | Await::Modified
            | Await::Allo
            | Await::Epsv
            | Await::Pasv
            | Await::Data { .. }
            | Await::Active
            | Await::Rest => Phase::Prepare,
            Await::Begin | Await::From | Await::Last => Phase::Request,
            Await::End { .. } | Await::Quit | Await::Over => Phase::Transfer,
        }
    }

    fn refused(&self, r: Reply) -> Failure {
        // RFC 959 §5.4: 425 answers the transfer's command when the connection cannot be opened.
        if matches!(self.awaits, Await::Epsv | Await::Pasv | Await::Active) || r.code.0 == 425 {
            return Failure::NoData(alloc::format!("{} {}", r.code.0, r.text().escape_ascii()));
        }
        Failure::Refused { phase: self.phase(), code: r.code, text: r.text().to_vec() }
    }

    fn refuse(&mut self, r: Reply) {
        let failure = self.refused(r);
        self.give_up(failure);
    }

    /// Ends with an error on a control connection that still works.
    fn give_up(&mut self, failure: Failure) {
        self.events.push_back(Event::CloseData);
        self.quit(Err(failure));
    }

    fn quit(&mut self, outcome: Result<Report, Failure>) {
        self.outcome = Some(outcome);
        self.send(b"QUIT", b"", Await::Quit);
    }

    fn over(&mut self) {
        self.awaits = Await::Over;
        self.deadline = None;
        if let Some(outcome) = self.outcome.take() {
            self.events.push_back(Event::Finished(outcome));
        }
    }

    /// Ends at once: the control connection is of no use any more.
    fn finish(&mut self, outcome: Result<Report, Failure>) {
        self.events.push_back(Event::CloseData);
        self.outcome = Some(outcome);
        self.over();
    }
}
