//! The control connection: its octets in and out, its machine, and what a tap sees of both.

use super::look::Told;
use super::net;
use crate::conn::{Conn, Patience};
use crate::dial::{self, Ends};
use crate::{ClientError, Options, Passive, Phase, Remote, Scheme};
use clock::Instant as Moment;
use ftp_proto::client::{Client, Plan, Tls, Way, Ways};
use ftp_proto::command::{self, Password};
use ftp_proto::line::Lines;
use rustix::event::{PollFd, PollFlags};
use std::io;
use std::time::Instant;
use transport::tap::{self, Dir, Role, Sight, What};
use transport::tls_client::{NoTrust, Session as TlsSession, Trust};

/// A control connection.
pub(super) struct Link {
    pub(super) options: Options,
    /// As the URL has it: what certificates have to be for.
    pub(super) host: String,
    /// Under TLS, what its connections share.
    pub(super) session: Option<TlsSession>,
    pub(super) control: Conn,
    pub(super) ends: Ends,
    pub(super) machine: Client,
    pub(super) began: Instant,
    pub(super) flow: u64,
    heard: Lines,
    /// Control input that waits for its turn: see [`Link::hear`].
    unheard: Vec<u8>,
    /// The server closed the control connection.
    eof: bool,
    octets: u64,
    /// What the last data connection under TLS was that came in.
    pub(super) told: Option<Told>,
    /// Whether data connections are of TLS sessions of their own.
    pub(super) is_stranger: bool,
    /// Whether the last data connection was under TLS and did not go on from an earlier session: there was none left.
    pub(super) is_unresumed: bool,
}

impl Link {
    /// Connects; of `ftps://` also under TLS. `ahead`: see [`Plan::ahead`].
    pub(super) fn connect(remote: &Remote, options: &Options, ahead: bool) -> Result<Link, ClientError> {
        let began = Instant::now();
        let flow = tap::next_flow();
        let (control, ends) = dial::server(remote, options, options.ftp.connect_timeout, flow)?;
        // What works through a proxy says nothing of the way without, and the other way round.
        let is_direct = options.proxy_for(&remote.host).is_none();
        let first = options.hosts.way(ends.peer).filter(|_| is_direct);
        let plan = plan(remote, options, first, ahead);
        let session = match plan.tls {
            Tls::No => None,
            Tls::Explicit | Tls::Implicit => {
                Some(Trust::session(options.ftp.pin, options.ftp.versions).map_err(nobody)?)
            }
        };
        let is_implicit = plan.tls == Tls::Implicit;
        let mut link = Link {
            options: options.clone(),
            host: remote.host.clone(),
            session,
            control: Conn::new(control),
            ends,
            machine: Client::new(Moment::ZERO, plan, ends.real_peer),
            began,
            flow,
            heard: Lines::default(),
            unheard: Vec::new(),
            eof: false,
            octets: 0,
            told: None,
            is_stranger: false,
            is_unresumed: false,
        };
        link.see(ends, Dir::Sent, What::Connected { role: Role::Control });
        if is_implicit {
            link.secure()?;
        }
        Ok(link)
    }

    /// Puts the control connection under TLS.
    pub(super) fn secure(&mut self) -> Result<(), ClientError> {
        let Some(session) = &self.session else { return Ok(()) };
        // What came before TLS and seems to have come in it.
        if !self.unheard.is_empty() {
            let what = String::from("octets came behind the answer to AUTH, before TLS began");
            return Err(ClientError::Protocol { peer: self.ends.peer, what });
        }
        let patience = connecting(&self.ends, &self.options);
        self.control.secure(session, &self.host, self.options.ftp.pin.is_some(), patience)
    }

    /// Whether there is something to hear without waiting.
    pub(super) fn has_heard(&self) -> bool {
        self.unheard.contains(&b'\n') || self.eof
    }

    pub(super) fn read(&mut self) -> Result<(), ClientError> {
        let mut buffer = [0u8; 4_096];
        loop {
            match self.control.read(&mut buffer) {
                Ok(0) => self.eof = true,
                Ok(n) => {
                    self.octets += n as u64;
                    self.unheard.extend_from_slice(&buffer[..n]);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                // A reset while we wait for nothing but the 221 is an end like another.
                Err(e) if e.kind() == io::ErrorKind::ConnectionReset => self.eof = true,
                Err(e) => return Err(ClientError::Network(e)),
            }
            return Ok(());
        }
    }

    /// Hands the machine one line of what was read, or what is there of a line.
    ///
    /// 150 and 226 of a small file come in one segment, and the data between them on another connection:
    /// with one line at a time the data has its turn where it belongs, also in a trace.
    pub(super) fn hear(&mut self) {
        let end = self.unheard.iter().position(|&b| b == b'\n').map_or(self.unheard.len(), |at| at + 1);
        if end > 0 {
            let line: Vec<u8> = self.unheard.drain(..end).collect();
            self.tell_heard(&line);
            let now = self.now();
            self.machine.handle_input(now, &line);
        } else if self.eof {
            self.machine.handle_eof();
        }
    }

    /// Hears what came while nothing was to be done: that the server goes, for most of it.
    pub(super) fn catch_up(&mut self) -> Result<(), ClientError> {
        self.read()?;
        while self.has_heard() && !self.machine.is_over() {
            self.hear();
        }
        Ok(())
    }

    /// Sends what the machine has; after so many octets of a file.
    pub(super) fn write(&mut self, mut octets: &[u8], moved: u64) -> Result<(), ClientError> {
        self.tell_sent(octets);
        let deadline = Instant::now() + self.options.ftp.no_progress;
        while !octets.is_empty() {
            match self.control.write(octets) {
                Ok(n) => {
                    self.octets += n as u64;
                    octets = &octets[n..];
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let fds = [PollFd::new(self.control.stream(), PollFlags::OUT)];
                    dial::wait(&fds, self.options.cancel.as_ref(), Some(deadline))?;
                    if Instant::now() >= deadline {
                        let seconds = self.options.ftp.no_progress.as_secs();
                        let phase = Phase::After(moved);
                        return Err(ClientError::TimedOut { peer: self.ends.peer, phase, seconds });
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // The server closed; what it said before is read next.
                Err(e) if matches!(e.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                    return Ok(());
                }
                Err(e) => return Err(ClientError::Network(e)),
            }
        }
        Ok(())
    }

    /// Nobody waits for an answer any more.
    pub(super) fn abandon(&mut self, is_moving: bool) {
        let is_idle = self.machine.is_idle();
        self.machine.abort();
        if let Some(octets) = self.machine.poll_transmit().filter(|_| is_moving && !is_idle) {
            self.tell_sent(&octets);
            let _ = self.control.write(&octets);
        }
    }

    pub(super) fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn tell_sent(&mut self, octets: &[u8]) {
        if self.options.tap.is_none() {
            return;
        }
        let mut lines = Lines::default();
        for line in octets.iter().filter_map(|&b| lines.push(b)).flatten() {
            let line = net::named_line(&command::masked(&line), &self.ends, &self.options);
            self.see(self.ends, Dir::Sent, What::Control(&tap::masked(&line)));
        }
    }

    fn tell_heard(&mut self, octets: &[u8]) {
        if self.options.tap.is_none() {
            return;
        }
        for &octet in octets {
            if let Some(line) = self.heard.push(octet) {
                let line = line.unwrap_or_else(|_| b"(not a line)".to_vec());
                let line = net::named_line(&line, &self.ends, &self.options);
                self.see(self.ends, Dir::Received, What::Control(&tap::masked(&line)));
            }
        }
    }

    pub(super) fn see(&self, ends: Ends, dir: Dir, what: What<'_>) {
        if let Some(tap) = &self.options.tap {
            let (local, peer) = (ends.local, ends.peer);
            tap.see(&Sight { at: Instant::now(), flow: self.flow, local, peer, dir, what });
        }
    }
}

/// How long a connection may take to be there.
pub(super) fn connecting<'a>(ends: &Ends, options: &'a Options) -> Patience<'a> {
    Patience { peer: ends.peer, most: options.ftp.connect_timeout, cancel: options.cancel.as_ref() }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.see(self.ends, Dir::Here, What::Closed { role: Role::Control, total: self.octets });
    }
}

fn plan(remote: &Remote, options: &Options, first: Option<Way>, ahead: bool) -> Plan {
    let ftp = &options.ftp;
    let (user, password) = match (&remote.user, &remote.password) {
        (Some(user), password) => (user.clone(), password.clone().unwrap_or_default()),
        (None, _) => (String::from("anonymous"), ftp.anonymous_password.clone()),
    };
    Plan {
        user: user.into_bytes(),
        password: Password(password.into_bytes()),
        tls: match (remote.scheme, ftp.tls) {
            (Scheme::Ftps, _) => Tls::Implicit,
            (_, true) => Tls::Explicit,
            (_, false) => Tls::No,
        },
        ways: ways(ftp.passive, first),
        ahead,
        patience: ftp.no_progress,
    }
}

/// The ways that are wanted; `first` is what worked last.
pub(super) fn ways(passive: Passive, first: Option<Way>) -> Ways {
    match passive {
        Passive::Yes => Ways::Any { first: first.unwrap_or(Way::Extended) },
        Passive::EpsvOnly => Ways::Only(Way::Extended),
        Passive::PasvOnly => Ways::Only(Way::Pasv),
        Passive::No => Ways::Only(Way::Active),
    }
}

/// There is nobody to believe.
fn nobody(e: NoTrust) -> ClientError {
    ClientError::Local(io::Error::other(e))
}
