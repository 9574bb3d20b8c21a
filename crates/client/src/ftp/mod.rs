//! The FTP client: one transfer over one control connection, blocking, in one `poll` loop.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | the loop over control connection, data connection and cancel |
//! | `conn` | a connection, clear or under TLS |
//! | `moving` | the data connection: made, moved, closed |
//! | `net` | data connections through the [`crate::Wire`] |
//! | `fault` | the machine's failures as [`ClientError`]s |
//!
//! **If our source dies** before its last octet, the data connection is reset: SO_LINGER 0 is set as
//! soon as an upload has its connection and taken back only after the last octet, so that even a killed
//! process leaves a RST and no FIN that a server would take for the end of the file.

mod conn;
mod fault;
mod moving;
mod net;

use crate::dial::{self, Ends};
use crate::{ClientError, Done, FtpOptions, Options, Outcome, Phase, Remote, Resume, Scheme, Type, WireCode};
use clock::Instant as Moment;
use conn::Conn;
use ftp_proto::client::{Change, Client, Event, Job, Passive, Plan, Report, Tls, Verb};
use ftp_proto::command::{self, Password, Representation};
use ftp_proto::line::Lines;
use ftp_proto::list::{self, Listed};
use rustix::event::{PollFd, PollFlags};
use std::io;
use std::net::TcpListener;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use store::{Blob, Sink};
use transport::pump::{Incoming, Outgoing};
use transport::tap::{self, Dir, Role, Sight, What};
use transport::tls_client::{NoTrust, Session, Trust};

/// Fetches `remote` into `sink`.
pub(crate) fn get(remote: &Remote, sink: &mut dyn Sink, options: &Options) -> Result<Done, ClientError> {
    let ftp = &options.ftp;
    let offset = match ftp.resume {
        Resume::No => 0,
        Resume::At(offset) => offset,
    };
    let job = Job::Get { offset, want_modified: ftp.want_modified };
    transfer(remote, job, Load::Into(sink), options)
}

/// Sends `blob` to `remote`.
pub(crate) fn put(blob: &Blob, remote: &Remote, options: &Options) -> Result<Done, ClientError> {
    let resume = options.ftp.resume != Resume::No;
    transfer(remote, Job::Put { len: blob.len(), resume }, Load::From(blob), options)
}

/// Lists the directory `remote`: by MLSD, or LIST where the server does not know that.
pub(crate) fn list(remote: &Remote, options: &Options) -> Result<Vec<Listed>, ClientError> {
    let remote = Remote { kind: Type::Text, ..remote.clone() };
    let mut lines = Listing(Vec::new());
    let facts = transfer(&remote, Job::List(Verb::Mlsd), Load::Into(&mut lines), options);
    let parse: fn(&[u8], i64) -> Option<Listed> = match facts {
        Ok(_) => |line, _| list::parse_facts(line),
        Err(ClientError::Server { code: WireCode::Ftp(500..=504), .. }) => {
            lines.0.clear();
            transfer(&remote, Job::List(Verb::List), Load::Into(&mut lines), options)?;
            list::parse_list
        }
        Err(e) => return Err(e),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let entries = lines.0.split(|&b| b == b'\n').filter_map(|line| parse(line, now));
    Ok(entries.filter(|e| e.name != b"." && e.name != b"..").collect())
}

/// Removes, makes or renames `remote`.
pub(crate) fn change(remote: &Remote, change: Change, options: &Options) -> Result<(), ClientError> {
    // Which way says what a 550 means: of what is to be made it is "denied", of what is to be there "absent".
    let empty = Blob::Memory(bytes::Bytes::new());
    let mut nothing = Listing(Vec::new());
    let load = match change {
        Change::MakeDir => Load::From(&empty),
        Change::Remove | Change::RemoveDir | Change::Rename { .. } => Load::Into(&mut nothing),
    };
    work(remote, Job::Change(change), load, options).map(drop)
}

/// Octets of the file `remote`, and the time of its last modification in seconds since 1970; a directory has no octets.
pub(crate) fn look(remote: &Remote, options: &Options) -> Result<(Option<u64>, Option<i64>), ClientError> {
    // In TYPE A it would be another number (RFC 3659 §4).
    let remote = Remote { kind: Type::Image, ..remote.clone() };
    let report = work(&remote, Job::Look, Load::Into(&mut Listing(Vec::new())), options)?.1;
    Ok((report.size, report.modified))
}

/// The text of a listing, bounded: its length is the server's say-so.
struct Listing(Vec<u8>);

/// Some 200,000 entries.
const LONGEST_LISTING: usize = 16 << 20;

impl Sink for Listing {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        debug_assert_eq!(offset, self.0.len() as u64, "FTP's octets come in order");
        if self.0.len() + octets.len() > LONGEST_LISTING {
            return Err(io::Error::other(format!("the listing is longer than {LONGEST_LISTING} octets")));
        }
        self.0.extend(octets);
        Ok(())
    }
}

/// Our end of the transfer.
enum Load<'a> {
    Into(&'a mut dyn Sink),
    From(&'a Blob),
}

/// The data connection.
enum Data {
    None,
    /// We wait for the server to connect.
    Listening(TcpListener),
    Open(Conn, Ends),
}

/// What moves on it.
enum Pump {
    Idle,
    /// Waits for the server's connection; then begins at this offset.
    Accepting(u64),
    Out(Outgoing),
    In(Incoming),
    /// Over, well or not.
    Over,
}

struct Run<'a, 's> {
    options: &'a Options,
    kind: Type,
    load: Load<'s>,
    /// As the URL has it: what certificates have to be for.
    host: &'a str,
    /// Under TLS, what its connections share.
    session: Option<Session>,
    control: Conn,
    ends: Ends,
    machine: Client,
    data: Data,
    /// An upload's connection whose last octet is out: closed with the server's end unread it would be a RST, so it waits
    /// for the last reply.
    sent: Option<Conn>,
    pump: Pump,
    began: Instant,
    progress: Instant,
    /// What broke the data connection, when something did.
    broken: Option<io::Error>,
    octets: u64,
    moved: u64,
    flow: u64,
    heard: Lines,
    /// Control input that waits for its turn: see [`Run::hear`].
    unheard: Vec<u8>,
    /// The server closed the control connection.
    eof: bool,
    control_octets: u64,
}

fn transfer(remote: &Remote, job: Job, load: Load<'_>, options: &Options) -> Result<Done, ClientError> {
    work(remote, job, load, options).map(|(done, _)| done)
}

/// One job over a control connection of its own.
fn work(remote: &Remote, job: Job, load: Load<'_>, options: &Options) -> Result<(Done, Report), ClientError> {
    let began = Instant::now();
    let flow = tap::next_flow();
    let (control, ends) = dial::server(remote, options, options.ftp.connect_timeout, flow)?;
    let plan = plan(remote, job, &options.ftp);
    let session = match plan.tls {
        Tls::No => None,
        Tls::Explicit | Tls::Implicit => Some(Trust::session(options.ftp.pin).map_err(nobody)?),
    };
    let is_implicit = plan.tls == Tls::Implicit;
    let mut run = Run {
        options,
        kind: remote.kind,
        load,
        host: &remote.host,
        session,
        control: Conn::new(control),
        ends,
        machine: Client::new(Moment::ZERO, plan, ends.real_peer),
        data: Data::None,
        sent: None,
        pump: Pump::Idle,
        began,
        progress: began,
        broken: None,
        octets: 0,
        moved: 0,
        flow,
        heard: Lines::default(),
        unheard: Vec::new(),
        eof: false,
        control_octets: 0,
    };
    run.see(ends, Dir::Sent, What::Connected { role: Role::Control });
    let result = if is_implicit { run.secure() } else { Ok(()) }.and_then(|()| run.run());
    let moving = matches!(run.pump, Pump::Accepting(_) | Pump::In(_) | Pump::Out(_));
    run.close_data();
    if result.is_err() && moving {
        // Nobody waits for its answer.
        run.machine.abort();
        if let Some(octets) = run.machine.poll_transmit() {
            run.tell_sent(&octets);
            let _ = run.control.write(&octets);
        }
    }
    let total = run.control_octets;
    run.see(ends, Dir::Here, What::Closed { role: Role::Control, total });
    let report = result?;
    let done = Done {
        octets: run.moved,
        elapsed: began.elapsed(),
        outcome: Outcome::Complete,
        modified: report.modified,
        mode: None,
        repeats: 0,
    };
    Ok((done, report))
}

fn plan(remote: &Remote, job: Job, ftp: &FtpOptions) -> Plan {
    let (user, password) = match (&remote.user, &remote.password) {
        (Some(user), password) => (user.clone(), password.clone().unwrap_or_default()),
        (None, _) => (String::from("anonymous"), ftp.anonymous_password.clone()),
    };
    Plan {
        user: user.into_bytes(),
        password: Password(password.into_bytes()),
        path: remote.path.clone(),
        representation: match remote.kind {
            Type::Image => Representation::Image,
            Type::Text => Representation::Ascii,
        },
        tls: match (remote.scheme, ftp.tls) {
            (Scheme::Ftps, _) => Tls::Implicit,
            (_, true) => Tls::Explicit,
            (_, false) => Tls::No,
        },
        passive: match ftp.passive {
            crate::Passive::Yes => Passive::Extended,
            crate::Passive::PasvOnly => Passive::PasvOnly,
            crate::Passive::No => Passive::No,
        },
        job,
        patience: ftp.no_progress,
    }
}

/// There is nobody to believe.
fn nobody(e: NoTrust) -> ClientError {
    ClientError::Local(io::Error::other(e))
}

impl Run<'_, '_> {
    /// Puts the control connection under TLS.
    fn secure(&mut self) -> Result<(), ClientError> {
        let Some(session) = &self.session else { return Ok(()) };
        // What came before TLS and seems to have come in it.
        if !self.unheard.is_empty() {
            let what = String::from("octets came behind the answer to AUTH, before TLS began");
            return Err(ClientError::Protocol { peer: self.ends.peer, what });
        }
        self.control.secure(session, self.host, &self.ends, self.options)
    }

    fn run(&mut self) -> Result<Report, ClientError> {
        loop {
            if let Some(report) = self.settle()? {
                return Ok(report);
            }
            if !self.unheard.contains(&b'\n') && !self.eof {
                self.wait()?;
                self.read_control()?;
            }
            self.pump()?;
            self.hear();
            let now = self.now();
            if self.machine.poll_timeout().is_some_and(|at| at <= now) {
                self.machine.handle_timeout(now);
            }
        }
    }

    /// Transmits and does what the machine wants, until it wants nothing more.
    fn settle(&mut self) -> Result<Option<Report>, ClientError> {
        loop {
            if let Some(octets) = self.machine.poll_transmit() {
                self.tell_sent(&octets);
                self.write_control(&octets)?;
                continue;
            }
            let Some(event) = self.machine.poll_event() else { return Ok(None) };
            match event {
                Event::Secure => {
                    self.secure()?;
                    let now = self.now();
                    self.machine.secured(now);
                }
                Event::Connect(target) => self.connect(target)?,
                Event::Listen => self.listen()?,
                Event::Move { start, size } => {
                    if let Some(size) = size {
                        self.see(self.ends, Dir::Here, What::Size(size));
                    }
                    self.progress = Instant::now();
                    self.begin(start)?;
                }
                Event::CloseData => self.close_data(),
                Event::Finished(Ok(report)) => {
                    return match self.broken.take() {
                        None => Ok(Some(report)),
                        Some(e) => Err(ClientError::Network(e)),
                    };
                }
                Event::Finished(Err(failure)) => {
                    let get = matches!(self.load, Load::Into(_));
                    return Err(fault::error(
                        failure,
                        self.ends.peer,
                        get,
                        self.octets,
                        self.options.ftp.no_progress,
                    ));
                }
            }
        }
    }

    /// Waits for whichever comes first: control input, the data connection, cancel, a deadline.
    fn wait(&mut self) -> Result<(), ClientError> {
        let patience = self.options.ftp.no_progress;
        let moving = matches!(self.pump, Pump::Accepting(_) | Pump::In(_) | Pump::Out(_));
        let mut deadline =
            self.machine.poll_timeout().map(|m| self.began + Duration::from_nanos(m.as_nanos()));
        if moving {
            let stalled = self.progress + patience;
            deadline = Some(deadline.map_or(stalled, |d| d.min(stalled)));
        }
        let mut fds = vec![PollFd::new(self.control.stream(), PollFlags::IN)];
        match (&self.data, &self.pump) {
            (Data::Listening(listener), Pump::Accepting(_)) => fds.push(PollFd::new(listener, PollFlags::IN)),
            (Data::Open(conn, _), Pump::In(_)) => fds.push(PollFd::new(conn.stream(), PollFlags::IN)),
            (Data::Open(conn, _), Pump::Out(_)) => fds.push(PollFd::new(conn.stream(), PollFlags::OUT)),
            _ => {}
        }
        dial::wait(&fds, self.options.cancel.as_ref(), deadline)?;
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
                peer: self.ends.peer,
                phase: Phase::After(self.octets),
                seconds: patience.as_secs(),
            });
        }
        Ok(())
    }

    fn read_control(&mut self) -> Result<(), ClientError> {
        let mut buffer = [0u8; 4_096];
        loop {
            match self.control.read(&mut buffer) {
                Ok(0) => self.eof = true,
                Ok(n) => {
                    self.control_octets += n as u64;
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
    fn hear(&mut self) {
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

    fn write_control(&mut self, mut octets: &[u8]) -> Result<(), ClientError> {
        let deadline = Instant::now() + self.options.ftp.no_progress;
        while !octets.is_empty() {
            match self.control.write(octets) {
                Ok(n) => {
                    self.control_octets += n as u64;
                    octets = &octets[n..];
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let fds = [PollFd::new(self.control.stream(), PollFlags::OUT)];
                    dial::wait(&fds, self.options.cancel.as_ref(), Some(deadline))?;
                    if Instant::now() >= deadline {
                        let seconds = self.options.ftp.no_progress.as_secs();
                        let phase = Phase::After(self.octets);
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

    fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn tell_sent(&mut self, octets: &[u8]) {
        if self.options.tap.is_none() {
            return;
        }
        let mut lines = Lines::default();
        for line in octets.iter().filter_map(|&b| lines.push(b)).flatten() {
            let line = net::named_line(&command::masked(&line), &self.ends, self.options);
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
                let line = net::named_line(&line, &self.ends, self.options);
                self.see(self.ends, Dir::Received, What::Control(&tap::masked(&line)));
            }
        }
    }

    fn see(&self, ends: Ends, dir: Dir, what: What<'_>) {
        if let Some(tap) = &self.options.tap {
            let (local, peer) = (ends.local, ends.peer);
            tap.see(&Sight { at: Instant::now(), flow: self.flow, local, peer, dir, what });
        }
    }
}
