//! One step of a session: the loop over control connection, data connection and cancel until the machine is done with it.

use super::fault::{self, Broke};
use super::link::Link;
use crate::conn::Conn;
use crate::dial::{self, Ends};
use crate::{ClientError, Phase};
use ftp_proto::client::{Event, Report};
use rustix::event::{PollFd, PollFlags};
use std::io;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use store::{Blob, Sink};
use transport::pump::{Incoming, Outgoing};
use transport::tap::{Dir, What};

/// Our end of a transfer.
pub(super) enum Load<'a> {
    Into(&'a mut dyn Sink),
    From(&'a Blob),
    /// There is none.
    None,
}

/// The data connection.
pub(super) enum Data {
    None,
    /// We wait for the server to connect.
    Listening(TcpListener),
    Open(Conn, Ends),
}

/// What moves on it.
pub(super) enum Pump {
    Idle,
    /// Waits for the server's connection; then begins at this offset.
    Accepting(u64),
    Out(Outgoing),
    In(Incoming),
    /// Over, well or not.
    Over,
}

/// What may be gone on with.
struct Ready {
    control: bool,
    data: bool,
}

/// What a step is over with.
pub(super) enum Step {
    /// Logged in.
    Ready,
    Done(Report),
    Closed,
}

pub(super) struct Run<'a, 's> {
    pub(super) link: &'a mut Link,
    /// Whether lines are converted.
    pub(super) is_text: bool,
    pub(super) load: Load<'s>,
    /// Whether a 550 says that something is not there: of what is to be made it says "denied".
    absent: bool,
    pub(super) data: Data,
    /// An upload's connection whose last octet is out: closed with the server's end unread it would be a RST, so it waits
    /// for the last reply.
    pub(super) sent: Option<Conn>,
    pub(super) pump: Pump,
    /// Whether TLS may hold octets, or the end, that the socket does not show any more: a server that waits for our end of
    /// it would wait for ever.
    pub(super) has_more: bool,
    pub(super) progress: Instant,
    /// What broke the data connection, when something did.
    pub(super) broken: Option<io::Error>,
    pub(super) octets: u64,
    pub(super) moved: u64,
}

impl<'a, 's> Run<'a, 's> {
    pub(super) fn new(link: &'a mut Link, load: Load<'s>, is_text: bool, absent: bool) -> Run<'a, 's> {
        Run {
            link,
            is_text,
            load,
            absent,
            data: Data::None,
            sent: None,
            pump: Pump::Idle,
            has_more: false,
            progress: Instant::now(),
            broken: None,
            octets: 0,
            moved: 0,
        }
    }

    /// Until the machine is done with what was begun. Gives what moved too, octets of the file.
    pub(super) fn run(mut self) -> Result<(Step, u64), Broke> {
        let result = self.steps();
        let is_moving = matches!(self.pump, Pump::Accepting(_) | Pump::In(_) | Pump::Out(_));
        self.close_data();
        // An upload hears nothing but the tickets that the next connection goes on with.
        if let (Some(sent), Ok(_)) = (&mut self.sent, &result) {
            sent.hear_out();
        }
        match result {
            Ok(step) => Ok((step, self.moved)),
            Err(broke) => {
                if !self.link.machine.is_idle() {
                    self.link.abandon(is_moving);
                }
                Err(broke)
            }
        }
    }

    fn steps(&mut self) -> Result<Step, Broke> {
        loop {
            if let Some(step) = self.settle()? {
                return Ok(step);
            }
            let mut has_data = true;
            if !self.link.has_heard() {
                let ready = self.wait()?;
                has_data = ready.data;
                if ready.control {
                    self.link.read()?;
                }
            }
            if has_data {
                self.pump()?;
            }
            self.link.hear();
            let now = self.link.now();
            if self.link.machine.poll_timeout().is_some_and(|at| at <= now) {
                self.link.machine.handle_timeout(now);
            }
        }
    }

    /// Transmits and does what the machine wants, until it wants nothing more.
    fn settle(&mut self) -> Result<Option<Step>, Broke> {
        loop {
            if let Some(octets) = self.link.machine.poll_transmit() {
                self.link.write(&octets, self.octets)?;
                continue;
            }
            let Some(event) = self.link.machine.poll_event() else { return Ok(None) };
            match event {
                Event::Secure => {
                    self.link.secure()?;
                    let now = self.link.now();
                    self.link.machine.secured(now);
                }
                Event::Connect(target) => self.connect(target)?,
                Event::Listen => self.listen()?,
                Event::Move { start, size } => {
                    if let Some(size) = size {
                        self.link.see(self.link.ends, Dir::Here, What::Size(size));
                    }
                    self.progress = Instant::now();
                    self.begin(start)?;
                }
                Event::CloseData => self.close_data(),
                Event::Ready => return Ok(Some(Step::Ready)),
                Event::Closed => return Ok(Some(Step::Closed)),
                Event::Finished(Ok(report)) => {
                    return match self.broken.take() {
                        None => Ok(Some(Step::Done(report))),
                        Some(e) => Err(ClientError::Network(e).into()),
                    };
                }
                Event::Finished(Err(failure)) => {
                    let is_ahead = self.link.machine.went_ahead() && fault::is_unheard(&failure);
                    let again = self.octets == 0 && (fault::is_untouched(&failure) || is_ahead);
                    let patience = self.link.options.ftp.no_progress;
                    let peer = self.link.ends.peer;
                    let error = fault::error(failure, peer, self.absent, self.octets, patience);
                    return Err(Broke { error, again });
                }
            }
        }
    }

    /// Waits for whichever comes first: control input, the data connection, cancel, a deadline.
    fn wait(&mut self) -> Result<Ready, ClientError> {
        let patience = self.link.options.ftp.no_progress;
        let moving = matches!(self.pump, Pump::Accepting(_) | Pump::In(_) | Pump::Out(_));
        let machine = &self.link.machine;
        let mut deadline =
            machine.poll_timeout().map(|m| self.link.began + Duration::from_nanos(m.as_nanos()));
        if moving {
            let stalled = self.progress + patience;
            deadline = Some(deadline.map_or(stalled, |d| d.min(stalled)));
        }
        if self.has_more {
            deadline = Some(Instant::now());
        }
        let mut fds = vec![PollFd::new(self.link.control.stream(), PollFlags::IN)];
        match (&self.data, &self.pump) {
            (Data::Listening(listener), Pump::Accepting(_)) => fds.push(PollFd::new(listener, PollFlags::IN)),
            (Data::Open(conn, _), Pump::In(_)) => fds.push(PollFd::new(conn.stream(), PollFlags::IN)),
            (Data::Open(conn, _), Pump::Out(_)) => fds.push(PollFd::new(conn.stream(), PollFlags::OUT)),
            _ => {}
        }
        let cancel = self.link.options.cancel.as_ref();
        let [control, data] = dial::wait_for(&fds, cancel, deadline)?;
        // Under TLS there may be more than the socket shows.
        let is_clear = match &self.data {
            Data::Open(conn, _) => !conn.is_tls() && self.link.session.is_none(),
            Data::None | Data::Listening(_) => self.link.session.is_none(),
        };
        let ready = Ready { control: control || !is_clear, data: data || !is_clear };
        if moving && self.progress.elapsed() >= patience {
            if let Pump::Accepting(_) = self.pump {
                let text = format!(
                    "the server did not connect to us within {} s: a firewall or address translation \
                     stops active mode; use passive mode",
                    patience.as_secs()
                );
                return Err(ClientError::NoData { text });
            }
            return Err(ClientError::TimedOut {
                peer: self.link.ends.peer,
                phase: Phase::After(self.octets),
                seconds: patience.as_secs(),
            });
        }
        Ok(ready)
    }
}
