//! A server that is logged in to, and its verbs.

use super::facts::Known;
use super::fault::Broke;
use super::link::{self, Link};
use super::run::{Load, Run, Step};
use super::segments::{self, Range};
use crate::mirror::is_name;
use crate::{Busy, ClientError, Done, Options, Outcome, Passive, Remote, Type, WireCode, dial};
use ftp_proto::client::{Job, Report, Until, Verb};
use ftp_proto::command::Representation;
use ftp_proto::list::{self, Listed};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use store::{Blob, Sink};
use transport::Cancel;
use transport::tap::Tap;
use transport::tls_client::Versions;

/// A server that is logged in to. Paths are octets, sent as they are: one that begins without `/` counts from where the
/// login begins.
///
/// A server that went while nothing was asked is reached again. Dropped, the session says QUIT.
pub struct Session {
    pub(super) remote: Remote,
    pub(super) options: Options,
    pub(super) link: Link,
    /// Whether this connection has done something.
    has_done: bool,
    is_ahead: bool,
    pub(super) known: Known,
}

/// The first wait for a server that is busy is this part of all; the next ones are twice as long each: they are three.
const FIRST_WAIT: u32 = 8;

impl Session {
    /// Reaches the server that `remote` names, whatever its path, and logs in. One that is busy (421) is asked again for
    /// as long as [`crate::FtpOptions::busy`] says.
    ///
    /// # Errors
    /// It is not reached, is no FTP server, or does not let in.
    pub fn open(remote: &Remote, options: &Options) -> Result<Session, ClientError> {
        Session::open_with(remote, options, false)
    }

    /// The same; `is_ahead` sends a transfer's command with its EPSV where that is known to work.
    pub(crate) fn open_with(
        remote: &Remote,
        options: &Options,
        is_ahead: bool,
    ) -> Result<Session, ClientError> {
        let link = patiently(remote, options, is_ahead)?;
        Ok(Session {
            remote: remote.clone(),
            options: options.clone(),
            link,
            has_done: false,
            is_ahead,
            known: Known::default(),
        })
    }

    /// Fetches a file from an offset on into `sink`, in the order of its octets.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn get(&mut self, path: &[u8], from: u64, sink: &mut dyn Sink) -> Result<Done, ClientError> {
        self.get_sized(path, from, None, sink)
    }

    /// The same of a file whose length a listing said.
    pub(crate) fn get_sized(
        &mut self,
        path: &[u8],
        offset: u64,
        size: Option<u64>,
        sink: &mut dyn Sink,
    ) -> Result<Done, ClientError> {
        let (path, representation) = (path.to_vec(), self.representation());
        let want_modified = self.options.ftp.want_modified;
        let job = Job::Get { path, representation, offset, until: None, size, want_modified };
        let is_text = representation == Representation::Ascii;
        self.run(job, Load::Into(sink), is_text, true).map(|(done, _)| done)
    }

    /// Fetches a part of a file of so many octets.
    pub(super) fn get_range(
        &mut self,
        path: &[u8],
        range: Range,
        len: u64,
        sink: &mut dyn Sink,
    ) -> Result<(), ClientError> {
        let by_rang = range.end < len && self.features()?.has("RANG");
        let until = (range.end < len).then_some(Until { octet: range.end, by_rang });
        let (path, representation, offset) = (path.to_vec(), Representation::Image, range.start);
        let job = Job::Get { path, representation, offset, until, size: None, want_modified: false };
        let got = self.run(job, Load::Into(sink), false, true);
        match self.link.machine.size() {
            Some(now) if now != len => Err(segments::changed(&format!("it had {len} octets and has {now}"))),
            Some(_) | None => got.map(drop),
        }
    }

    /// How long the server's answer to SYN took.
    pub(super) fn round_trip(&self) -> Duration {
        self.link.ends.round_trip
    }

    /// The number of its control connection.
    pub(super) fn flow(&self) -> u64 {
        self.link.flow
    }

    /// Who sees it from now on.
    pub(super) fn set_tap(&mut self, tap: Option<Arc<dyn Tap>>) {
        self.link.options.tap.clone_from(&tap);
        self.options.tap = tap;
    }

    /// Sends a file; where it is to go on, behind what is there.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn put(&mut self, blob: &Blob, path: &[u8], resume: bool) -> Result<Done, ClientError> {
        self.put_as(blob, path, resume, true)
    }

    /// The same; `announce` says the length before.
    pub(crate) fn put_as(
        &mut self,
        blob: &Blob,
        path: &[u8],
        resume: bool,
        announce: bool,
    ) -> Result<Done, ClientError> {
        let (path, representation, len) = (path.to_vec(), self.representation(), blob.len());
        let job = Job::Put { path, representation, len, resume, announce };
        let is_text = representation == Representation::Ascii;
        self.run(job, Load::From(blob), is_text, false).map(|(done, _)| done)
    }

    /// What is in a directory, without `.` and `..` and without what is no name: by MLSD where the server has it, else by
    /// LIST.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn list(&mut self, path: &[u8]) -> Result<Vec<Listed>, ClientError> {
        let mut how = match self.known.listing {
            Some(how) => how,
            None => {
                let features = self.features()?;
                if features.has("MLST") || features.has("MLSD") { Verb::Mlsd } else { Verb::List }
            }
        };
        let mut names = self.listing(path, how);
        // Announced, and not there or not what RFC 3659 says: LIST is.
        let is_unfit = match &names {
            Ok(Listing { read: 0, octets: 1.., .. }) => true,
            Ok(_) => false,
            Err(ClientError::Server { code: WireCode::Ftp(500..=504), .. }) => true,
            Err(_) => false,
        };
        if how == Verb::Mlsd && self.known.listing.is_none() && is_unfit {
            how = Verb::List;
            names = self.listing(path, how);
        }
        let Listing { names, octets, .. } = names?;
        self.known.listing = Some(how);
        // Many servers list what is not there as if it were empty.
        if how == Verb::List && octets == 0 && !path.is_empty() && self.look(path)?.size.is_some() {
            return Err(ClientError::NotDirectory);
        }
        Ok(names)
    }

    fn listing(&mut self, path: &[u8], how: Verb) -> Result<Listing, ClientError> {
        let mut lines = Lines(Vec::new());
        let job = Job::List { path: path.to_vec(), how };
        self.run(job, Load::Into(&mut lines), true, true)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let names = match how {
            Verb::Mlsd => list::read_facts(&lines.0),
            Verb::List | Verb::Nlst => list::read_list(&lines.0, now),
        };
        let read = names.len();
        let names = names.into_iter().map(|mut listed| {
            // Some servers give paths.
            if let Some(end) = listed.name.iter().rposition(|b| *b == b'/') {
                listed.name.drain(..=end);
            }
            listed
        });
        let names = names.filter(|listed| is_name(&listed.name)).collect();
        Ok(Listing { names, read, octets: lines.0.len() })
    }

    /// Removes a file.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn remove(&mut self, path: &[u8]) -> Result<(), ClientError> {
        self.ask(Job::ask("DELE", path), true).map(drop)
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn make_dir(&mut self, path: &[u8]) -> Result<(), ClientError> {
        self.ask(Job::ask("MKD", path), false).map(drop)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn remove_dir(&mut self, path: &[u8]) -> Result<(), ClientError> {
        self.ask(Job::ask("RMD", path), true).map(drop)
    }

    /// Gives something another name, in place of what has it where that is wanted.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn rename(&mut self, from: &[u8], to: &[u8], replace: bool) -> Result<(), ClientError> {
        // RNTO replaces on most servers, and has no way to say that it should not.
        if !replace && self.stat(to).is_ok() {
            let text = String::from("something has the new name");
            return Err(ClientError::Exists { code: WireCode::Ftp(553), text });
        }
        let job = Job::Rename { from: from.to_vec(), to: to.to_vec() };
        self.ask(job, true).map(drop)
    }

    /// One command that needs no data connection, as somebody types it: the lines of its reply, the code before the first.
    ///
    /// # Errors
    /// The server refuses it; see [`ClientError`].
    pub fn quote(&mut self, line: &[u8]) -> Result<Vec<Vec<u8>>, ClientError> {
        let mut words = line.splitn(2, |b| *b == b' ');
        let (verb, argument) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let job = Job::Ask { verb: verb.to_vec(), argument: argument.to_vec() };
        let reply = self.ask(job, false)?.reply;
        // Whatever it was: TYPE, CWD and USER among them.
        self.known = Known::default();
        self.link.machine.forget();
        Ok(reply.map_or_else(Vec::new, |reply| {
            let mut lines = reply.lines;
            if let Some(first) = lines.first_mut() {
                first.splice(..0, format!("{} ", reply.code.0).into_bytes());
            }
            lines
        }))
    }

    /// Which end opens data connections, from now on.
    pub fn set_passive(&mut self, passive: Passive) {
        self.options.ftp.passive = passive;
        self.link.options.ftp.passive = passive;
        self.link.machine.set_ways(link::ways(passive, None));
    }

    /// Whether lines are converted, from now on.
    pub fn set_kind(&mut self, kind: Type) {
        self.remote.kind = kind;
    }

    /// Whether the server is gone: it is to be reached again.
    pub fn is_over(&self) -> bool {
        !self.link.machine.is_idle()
    }

    /// Who may end what is done from now on.
    pub fn set_cancel(&mut self, cancel: Option<Cancel>) {
        self.link.options.cancel.clone_from(&cancel);
        self.options.cancel = cancel;
    }

    /// What comes next is somebody else's, with options of its own.
    pub(super) fn goes_on(&mut self, remote: &Remote, options: &Options) {
        self.remote.kind = remote.kind;
        let versions = self.options.ftp.versions;
        self.options = options.clone();
        // That has been found out.
        self.options.ftp.versions = versions;
        self.link.options = self.options.clone();
    }

    /// Sends a transfer's command with its EPSV from now on, where that is known to work, or does not any more.
    pub(super) fn set_ahead(&mut self, is_ahead: bool) {
        self.is_ahead = is_ahead;
        self.link.machine.set_ahead(is_ahead);
    }

    /// Logs in anew.
    pub(super) fn reach_again(&mut self) -> Result<(), ClientError> {
        self.link = patiently(&self.remote, &self.options, self.is_ahead)?;
        self.has_done = false;
        Ok(())
    }

    fn representation(&self) -> Representation {
        match self.remote.kind {
            Type::Image => Representation::Image,
            Type::Text => Representation::Ascii,
        }
    }

    /// One job that moves no octets.
    pub(super) fn ask(&mut self, job: Job, absent: bool) -> Result<Report, ClientError> {
        self.run(job, Load::None, false, absent).map(|(_, report)| report)
    }

    fn run(
        &mut self,
        job: Job,
        mut load: Load<'_>,
        is_text: bool,
        absent: bool,
    ) -> Result<(Done, Report), ClientError> {
        let began = Instant::now();
        self.link.is_unresumed = false;
        let again = match self.once(job.clone(), load.again(), is_text, absent, began) {
            Err(Broke { again: true, .. }) if self.has_done => true,
            // It wants each data connection to go on from a session, and has given no ticket for this one.
            Err(Broke { error, .. }) if self.wants_more_tickets(&error) => {
                self.options.ftp.versions = Versions::Tls12;
                true
            }
            Err(broke) => return Err(broke.error),
            Ok(done) => return Ok(done),
        };
        debug_assert!(again, "nothing was done of it, and may be in another session");
        // A server that takes one command at a time only.
        self.is_ahead &= !self.link.machine.went_ahead();
        self.reach_again()?;
        self.once(job, load, is_text, absent, began).map_err(|broke| broke.error)
    }

    /// Whether a data connection was turned away that could not go on from an earlier session in TLS 1.3, as it could in 1.2.
    fn wants_more_tickets(&self, error: &ClientError) -> bool {
        let is_turned_away = matches!(
            error,
            ClientError::NoData { .. }
                | ClientError::Server { code: WireCode::Ftp(425 | 426 | 450 | 522), .. }
        );
        let is_13 = || self.secured().is_some_and(|tls| tls.version == "TLS 1.3");
        let is_free = self.options.ftp.versions == Versions::Both && !self.link.is_stranger;
        is_turned_away && is_free && self.link.is_unresumed && is_13()
    }

    fn once(
        &mut self,
        job: Job,
        load: Load<'_>,
        is_text: bool,
        absent: bool,
        began: Instant,
    ) -> Result<(Done, Report), Broke> {
        let link = &mut self.link;
        if link.machine.is_idle() {
            link.catch_up()?;
        }
        if !link.machine.is_idle() {
            let why = format!("{} closed the control connection", link.ends.peer);
            let error = ClientError::Network(io::Error::new(io::ErrorKind::UnexpectedEof, why));
            return Err(Broke { error, again: true });
        }
        let now = link.now();
        link.machine.start(now, job);
        let (step, octets) = Run::new(link, load, is_text, absent).run()?;
        let Step::Done(report) = step else { unreachable!("a job ends with what came of it") };
        self.has_done = true;
        if let Some(way) = link.machine.way().filter(|_| link.options.proxy_for(&link.host).is_none()) {
            link.options.hosts.note_way(link.ends.peer, way);
        }
        let modified = report.modified;
        let elapsed = began.elapsed();
        Ok((Done { octets, elapsed, outcome: Outcome::Complete, modified, mode: None, repeats: 0 }, report))
    }
}

impl Load<'_> {
    /// The same, for the moment.
    fn again(&mut self) -> Load<'_> {
        match self {
            Load::Into(sink) => Load::Into(*sink),
            Load::From(blob) => Load::From(blob),
            Load::None => Load::None,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.link.machine.is_idle() {
            let now = self.link.now();
            self.link.machine.quit(now);
            let _ = Run::new(&mut self.link, Load::None, false, false).run();
        }
    }
}

/// A connection that is logged in; a server that is busy is asked again.
fn patiently(remote: &Remote, options: &Options, is_ahead: bool) -> Result<Link, ClientError> {
    let (mut wait, mut waited) = (options.ftp.busy / FIRST_WAIT, Duration::ZERO);
    loop {
        let why = match log_in(remote, options, is_ahead) {
            Err(ClientError::Server { code: WireCode::Ftp(421), text }) => text,
            other => return other,
        };
        if wait.is_zero() || waited + wait > options.ftp.busy {
            return Err(ClientError::Server { code: WireCode::Ftp(421), text: why });
        }
        if let Some(told) = &options.on_busy {
            told(&Busy { host: &remote.host, text: &why, wait });
        }
        let until = Instant::now() + wait;
        while Instant::now() < until {
            dial::wait(&[], options.cancel.as_ref(), Some(until))?;
        }
        waited += wait;
        wait *= 2;
    }
}

fn log_in(remote: &Remote, options: &Options, is_ahead: bool) -> Result<Link, ClientError> {
    let mut link = Link::connect(remote, options, is_ahead)?;
    match Run::new(&mut link, Load::None, false, false).run() {
        Ok(_) => Ok(link),
        Err(broke) => {
            // It has said QUIT where it still could.
            if !link.machine.is_over() {
                let _ = Run::new(&mut link, Load::None, false, false).run();
            }
            Err(broke.error)
        }
    }
}

/// A directory as it was listed.
struct Listing {
    names: Vec<Listed>,
    /// Lines that were understood, of `.` and `..` too: all that an empty directory has.
    read: usize,
    /// How long the text was.
    octets: usize,
}

/// The text of a listing, bounded: its length is the server's say-so.
struct Lines(Vec<u8>);

/// Some 200,000 entries.
const LONGEST_LISTING: usize = 16 << 20;

impl Sink for Lines {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        debug_assert_eq!(offset, self.0.len() as u64, "FTP's octets come in order");
        if self.0.len() + octets.len() > LONGEST_LISTING {
            return Err(io::Error::other(format!("the listing is longer than {LONGEST_LISTING} octets")));
        }
        self.0.extend(octets);
        Ok(())
    }
}
