//! The FTP client: one transfer over one control connection, blocking, in one `poll` loop.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | the loop over control connection, data connection and cancel |
//! | `net` | data connections through the [`crate::Wire`] |
//! | `fault` | the machine's failures as [`ClientError`]s |
//!
//! **If our source dies** before its last octet, the data connection is reset: SO_LINGER 0 is set as
//! soon as an upload has its connection and taken back only after the last octet, so that even a killed
//! process leaves a RST and no FIN that a server would take for the end of the file.

mod fault;
mod net;

use crate::dial::{self, Ends};
use crate::{ClientError, Done, FtpOptions, Options, Outcome, Phase, Remote, Resume, Type, WireCode};
use clock::Instant as Moment;
use ftp_proto::ascii::{FromWire, ToWire};
use ftp_proto::client::{Change, Client, Event, Job, Passive, Plan, Report, Target, Verb};
use ftp_proto::command::{self, Password, Representation};
use ftp_proto::line::Lines;
use ftp_proto::list::{self, Listed};
use net::Unmade;
use rustix::event::{PollFd, PollFlags};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use store::{Blob, Sink};
use transport::pump::{Bite, Convert, Incoming, Outgoing, PumpError};
use transport::tap::{self, Dir, Role, Sight, What};

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
    Open(TcpStream, Ends),
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
    control: TcpStream,
    ends: Ends,
    machine: Client,
    data: Data,
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
    let mut run = Run {
        options,
        kind: remote.kind,
        load,
        control,
        ends,
        machine: Client::new(Moment::ZERO, plan, ends.real_peer),
        data: Data::None,
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
    let result = run.run();
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
        passive: match ftp.passive {
            crate::Passive::Yes => Passive::Extended,
            crate::Passive::PasvOnly => Passive::PasvOnly,
            crate::Passive::No => Passive::No,
        },
        job,
        patience: ftp.no_progress,
    }
}

impl Run<'_, '_> {
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
                Event::Connect(target) => self.connect(target)?,
                Event::Listen => self.listen()?,
                Event::Move { start, size } => {
                    if let Some(size) = size {
                        self.see(self.ends, Dir::Here, What::Size(size));
                    }
                    self.progress = Instant::now();
                    self.begin(start);
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

    fn connect(&mut self, target: Target) -> Result<(), ClientError> {
        match net::data(target, &self.ends, self.options) {
            Ok((stream, ends)) => {
                self.see(ends, Dir::Sent, What::Connected { role: Role::Data });
                self.opened(stream, ends)?;
                let now = self.now();
                self.machine.data_ready(now);
            }
            Err(Unmade::Failed(why)) => {
                self.see(self.ends, Dir::Here, What::ConnectFailed { why: &why });
                let now = self.now();
                self.machine.data_failed(now, &why);
            }
            Err(Unmade::Cancelled) => return Err(ClientError::Cancelled),
        }
        Ok(())
    }

    fn listen(&mut self) -> Result<(), ClientError> {
        let now = self.now();
        match net::listen(&self.ends, self.options) {
            Ok((listener, real)) => {
                self.data = Data::Listening(listener);
                // The server is told where we really are; the tap shows the named address.
                self.machine.listening(now, real);
            }
            Err(e) => self.machine.data_failed(now, &format!("cannot listen for the server: {e}")),
        }
        Ok(())
    }

    fn opened(&mut self, stream: TcpStream, ends: Ends) -> Result<(), ClientError> {
        if let Load::From(_) = self.load {
            SockRef::from(&stream).set_linger(Some(Duration::ZERO)).map_err(ClientError::Network)?;
        }
        self.data = Data::Open(stream, ends);
        Ok(())
    }

    fn begin(&mut self, start: u64) {
        self.pump = match (&self.data, &self.load) {
            (Data::Listening(_), _) => Pump::Accepting(start),
            (Data::None | Data::Open(..), Load::From(blob)) => {
                let convert = (self.kind == Type::Text).then(|| Box::new(TextOut(ToWire::default())) as _);
                Pump::Out(Outgoing::new((*blob).clone(), start, convert))
            }
            (Data::None | Data::Open(..), Load::Into(_)) => {
                let convert = (self.kind == Type::Text).then(|| Box::new(TextIn(FromWire::default())) as _);
                Pump::In(Incoming::new(start, convert))
            }
        };
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
        let mut fds = vec![PollFd::new(&self.control, PollFlags::IN)];
        match (&self.data, &self.pump) {
            (Data::Listening(listener), Pump::Accepting(_)) => fds.push(PollFd::new(listener, PollFlags::IN)),
            (Data::Open(stream, _), Pump::In(_)) => fds.push(PollFd::new(stream, PollFlags::IN)),
            (Data::Open(stream, _), Pump::Out(_)) => fds.push(PollFd::new(stream, PollFlags::OUT)),
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
                    let fds = [PollFd::new(&self.control, PollFlags::OUT)];
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

    fn pump(&mut self) -> Result<(), ClientError> {
        if let (Data::Listening(listener), Pump::Accepting(start)) = (&self.data, &self.pump) {
            let start = *start;
            let Some((stream, ends)) = net::accept(listener, &self.ends, self.options)? else {
                return Ok(());
            };
            self.see(ends, Dir::Received, What::Connected { role: Role::Data });
            self.progress = Instant::now();
            self.opened(stream, ends)?;
            self.begin(start);
        }
        // Some bites in a row, then the control connection gets its turn.
        for _ in 0..8 {
            let Data::Open(stream, ends) = &self.data else { return Ok(()) };
            let ends = *ends;
            let (bite, dir) = match (&mut self.pump, &mut self.load) {
                (Pump::Out(out), _) => (out.bite(stream.as_fd()), Dir::Sent),
                (Pump::In(incoming), Load::Into(sink)) => {
                    (incoming.bite(stream.as_fd(), *sink), Dir::Received)
                }
                _ => return Ok(()),
            };
            match bite {
                Ok(Bite::Moved(n)) => {
                    self.octets += n as u64;
                    self.progress = Instant::now();
                    self.see(ends, dir, What::Data { len: n, total: self.octets });
                }
                Ok(Bite::Blocked) => return Ok(()),
                Ok(Bite::Over) => {
                    if dir == Dir::Sent {
                        // The last octet is out: from here on a FIN tells the truth.
                        let finished = SockRef::from(stream)
                            .set_linger(None)
                            .and_then(|()| stream.shutdown(std::net::Shutdown::Write));
                        self.broken = finished.err();
                    }
                    self.over();
                    return Ok(());
                }
                Err(PumpError::File(e)) => return Err(ClientError::Local(e)),
                // The server has a reason, and says it on the control connection.
                Err(PumpError::Socket(e)) => {
                    self.broken = Some(e);
                    self.over();
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn over(&mut self) {
        let wire = match std::mem::replace(&mut self.pump, Pump::Over) {
            Pump::In(incoming) => {
                self.moved = incoming.position() - self.start();
                incoming.wire()
            }
            Pump::Out(out) => {
                self.moved = out.position() - self.start();
                out.wire()
            }
            Pump::Idle | Pump::Accepting(_) | Pump::Over => 0,
        };
        self.close_data();
        let now = self.now();
        self.machine.moved(now, wire);
    }

    fn start(&self) -> u64 {
        self.machine.start()
    }

    /// Drops the data connection: by FIN after the last octet, by RST before it.
    fn close_data(&mut self) {
        match std::mem::replace(&mut self.data, Data::None) {
            Data::Open(stream, ends) => {
                drop(stream);
                self.see(ends, Dir::Here, What::Closed { role: Role::Data, total: self.octets });
            }
            Data::Listening(_) | Data::None => {}
        }
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

struct TextOut(ToWire);

impl Convert for TextOut {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        self.0.push(octets, out);
    }

    fn finish(&mut self, _out: &mut Vec<u8>) {}
}

struct TextIn(FromWire);

impl Convert for TextIn {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        self.0.push(octets, out);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.0.finish(out);
    }
}
