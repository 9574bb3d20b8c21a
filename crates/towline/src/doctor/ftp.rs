//! The examination of a server of FTP: which ways to a data connection work, what it advertises, its TLS.

use super::findings::{Found, Id};
use crate::exit::Failure;
use crate::ladder::printable;
use client::ftp::{Secured, Session, Told};
use client::{ClientError, Options, Passive, Remote, Scheme, Versions, WireCode};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

/// What came of one way to a data connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tried {
    /// EPSV, PASV or active.
    pub way: &'static str,
    /// `Err`: why it does not work.
    pub result: Result<(), String>,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct FtpReport {
    /// The gravest first.
    pub found: Vec<Found>,
    /// Where it is.
    pub server: Option<SocketAddr>,
    /// The words of its 220.
    pub greeting: Option<String>,
    /// What it announces.
    pub features: Vec<String>,
    /// Each way to a data connection.
    pub ways: Vec<Tried>,
    /// The address in its 227.
    pub advertised: Option<Ipv4Addr>,
    /// Its TLS: version and cipher.
    pub tls: Option<String>,
    /// The versions of TLS that it takes, of those that are ours.
    pub versions: Vec<&'static str>,
    /// SHA-256 of its certificate.
    pub certificate: Option<String>,
    /// Whether data connections go on from the control connection's session.
    pub resumes: Option<bool>,
    /// Whether those of other sessions are turned away.
    pub binds: Option<bool>,
    /// Whether data connections end with close_notify.
    pub says_end: Option<bool>,
}

/// Examines the server of `remote`: it logs in, lists the directory where the login begins by each way, and changes nothing.
///
/// # Errors
/// Of this host: no such name, no descriptor. What the network and the server do is a finding.
pub fn examine(remote: &Remote, options: &Options) -> Result<FtpReport, Failure> {
    let mut exam = Exam { remote, options, report: FtpReport::default() };
    exam.run().map_err(|e| Failure::transfer(remote.to_string(), &e))?;
    exam.report.found.sort_by_key(|found| found.id);
    Ok(exam.report)
}

struct Exam<'a> {
    remote: &'a Remote,
    options: &'a Options,
    report: FtpReport,
}

/// In the order in which a client tries them.
const WAYS: [(&str, Passive); 3] =
    [("EPSV", Passive::EpsvOnly), ("PASV", Passive::PasvOnly), ("active", Passive::No)];

impl Exam<'_> {
    fn find(&mut self, id: Id, seen: &[(&str, String)]) {
        if !self.report.found.iter().any(|found| found.id == id) {
            self.report.found.push(Found::new(id, seen));
        }
    }

    fn is_private(&self) -> bool {
        self.remote.scheme == Scheme::Ftps || self.options.ftp.tls
    }

    fn run(&mut self) -> Result<(), ClientError> {
        let Some(mut session) = self.opened(self.options)? else { return Ok(()) };
        self.greeted(&session);
        let features = session.features()?;
        self.report.features = features.lines().map(printable).collect();
        let is_v4 = session.peer().is_ipv4();
        let clear = if self.has_address(is_v4) { self.advertised(&mut session)? } else { None };
        self.matrix(session, is_v4)?;
        if self.is_private() {
            let session = self.opened(self.options)?;
            return session.map_or(Ok(()), |session| self.private(session, self.options));
        }
        let mut options = self.options.clone();
        options.ftp.tls = true;
        match Session::open(self.remote, &options) {
            Ok(mut session) => {
                if let (Some(clear), Some(private)) =
                    (clear, if self.has_address(is_v4) { self.advertised(&mut session)? } else { None })
                    && clear != private
                {
                    let seen = [("clear", clear.to_string()), ("private", private.to_string())];
                    self.find(Id::FtpRewritten, &seen);
                }
                self.private(session, &options)
            }
            Err(ClientError::Certificate { fingerprint, why, .. }) => {
                self.not_believed(fingerprint, why);
                Ok(())
            }
            Err(e @ (ClientError::Local(_) | ClientError::Cancelled)) => Err(e),
            Err(e) => {
                self.find(Id::FtpNoTls, &[("why", e.to_string())]);
                Ok(())
            }
        }
    }

    /// A login, where it comes about.
    fn opened(&mut self, options: &Options) -> Result<Option<Session>, ClientError> {
        let place = || match self.remote.port {
            Some(port) => format!("{}:{port}", self.remote.host),
            None => self.remote.host.clone(),
        };
        match Session::open(self.remote, options) {
            Ok(session) => return Ok(Some(session)),
            Err(ClientError::Unreachable { peer, source })
                if source.kind() == io::ErrorKind::ConnectionRefused =>
            {
                self.report.server = Some(peer);
                self.find(Id::FtpClosed, &[("server", peer.to_string())]);
            }
            Err(
                e
                @ (ClientError::Unreachable { .. } | ClientError::TimedOut { .. } | ClientError::Network(_)),
            ) => {
                self.find(Id::FtpUnreachable, &[("error", e.to_string())]);
            }
            Err(e @ ClientError::Protocol { .. }) => {
                let seen = [("server", place()), ("error", e.to_string())];
                self.find(Id::NotFtp, &seen);
            }
            Err(ClientError::Certificate { fingerprint, why, .. }) => self.not_believed(fingerprint, why),
            Err(e @ ClientError::Server { code: WireCode::Ftp(421), .. }) => {
                self.find(Id::FtpBusy, &[("error", e.to_string())]);
            }
            Err(
                e @ (ClientError::Server { .. } | ClientError::Login { .. } | ClientError::Denied { .. }),
            ) => {
                self.find(Id::FtpLogin, &[("error", e.to_string())]);
            }
            Err(other) => return Err(other),
        }
        Ok(None)
    }

    fn not_believed(&mut self, fingerprint: [u8; 32], why: String) {
        let text = hex(&fingerprint);
        self.report.certificate = Some(text.clone());
        self.find(Id::FtpCertificate, &[("why", why), ("fingerprint", text)]);
    }

    fn greeted(&mut self, session: &Session) {
        self.report.server = Some(session.peer());
        self.report.greeting = Some(printable(session.greeting()));
        if let Some(Secured { version, cipher, fingerprint }) = session.secured() {
            self.report.tls = Some(format!("{version}, {cipher}"));
            self.report.certificate = fingerprint.map(|of| hex(&of));
        }
    }

    /// Whether PASV's answer can be compared with where the server is: its proxy alone may know that.
    fn has_address(&self, is_v4: bool) -> bool {
        is_v4 && !self.is_proxied()
    }

    fn is_proxied(&self) -> bool {
        self.options.proxy_for(&self.remote.host).is_some()
    }

    /// The address in the 227, where it has one.
    fn advertised(&mut self, session: &mut Session) -> Result<Option<Ipv4Addr>, ClientError> {
        let told = match session.passive_address() {
            Ok(told) => told,
            Err(e @ (ClientError::Local(_) | ClientError::Cancelled)) => return Err(e),
            Err(_) => return Ok(None),
        };
        if let Some(told) = told {
            self.report.advertised.get_or_insert(told);
            if SocketAddr::from((told, 0)).ip() != session.peer().ip() {
                let seen = [("told", told.to_string()), ("server", session.peer().ip().to_string())];
                self.find(Id::FtpWrongAddress, &seen);
            }
        }
        Ok(told)
    }

    /// Lists by each way, and says what the ways that fail mean together.
    fn matrix(&mut self, session: Session, is_v4: bool) -> Result<(), ClientError> {
        let mut there = Some(session);
        for (way, passive) in WAYS {
            if (passive == Passive::PasvOnly && !is_v4) || (passive == Passive::No && self.is_proxied()) {
                continue;
            }
            let mut session = match there.take().filter(|session| !session.is_over()) {
                Some(session) => session,
                None => Session::open(self.remote, self.options)?,
            };
            session.set_passive(passive);
            let result = match session.list(b"") {
                Ok(_) => Ok(()),
                Err(e @ (ClientError::Local(_) | ClientError::Cancelled)) => return Err(e),
                Err(e) => Err(printable(e.to_string().as_bytes())),
            };
            self.report.ways.push(Tried { way, result });
            there = Some(session);
        }
        let failed = |way: &str| {
            self.report
                .ways
                .iter()
                .find(|tried| tried.way == way)
                .and_then(|tried| tried.result.clone().err())
        };
        let (epsv, pasv, active) = (failed("EPSV"), failed("PASV"), failed("active"));
        let why = |of: &[&Option<String>]| {
            let all: Vec<&str> = of.iter().filter_map(|why| why.as_deref()).collect();
            [("why", all.join("; "))]
        };
        let has_passive = epsv.is_none() || (is_v4 && pasv.is_none());
        match (has_passive, &active) {
            (false, Some(_)) => self.find(Id::FtpNoData, &why(&[&epsv, &pasv, &active])),
            (false, None) => self.find(Id::FtpNoPassive, &why(&[&epsv, &pasv])),
            (true, Some(_)) => self.find(Id::FtpNoActive, &why(&[&active])),
            (true, None) => {}
        }
        if has_passive && epsv.is_some() {
            self.find(Id::FtpNoEpsv, &why(&[&epsv]));
        }
        Ok(())
    }

    /// What its data connections are under TLS.
    fn private(&mut self, mut session: Session, options: &Options) -> Result<(), ClientError> {
        self.greeted(&session);
        self.versions(options)?;
        if let Err(e) = session.list(b"") {
            return match e {
                ClientError::Local(_) | ClientError::Cancelled => Err(e),
                _other => Ok(()),
            };
        }
        if let Some(Told { is_resumed, has_said_end }) = session.last_data() {
            (self.report.resumes, self.report.says_end) = (Some(is_resumed), Some(has_said_end));
            if !is_resumed {
                self.find(Id::FtpNotResumed, &[]);
            }
            if !has_said_end {
                self.find(Id::FtpCut, &[]);
            }
        }
        // Somebody else's connection, as it seems to the server.
        session.be_a_stranger();
        let is_taken = match session.list(b"") {
            Ok(_) => true,
            Err(e @ (ClientError::Local(_) | ClientError::Cancelled)) => return Err(e),
            Err(_) => false,
        };
        self.report.binds = Some(!is_taken);
        if is_taken {
            self.find(Id::FtpNotBound, &[]);
        }
        Ok(())
    }
}

impl Exam<'_> {
    /// Logs in with each version of TLS by itself.
    fn versions(&mut self, options: &Options) -> Result<(), ClientError> {
        for (name, version) in [("TLS 1.2", Versions::Tls12), ("TLS 1.3", Versions::Tls13)] {
            let mut options = options.clone();
            options.ftp.versions = version;
            match Session::open(self.remote, &options) {
                Ok(_) => self.report.versions.push(name),
                Err(e @ (ClientError::Local(_) | ClientError::Cancelled)) => return Err(e),
                Err(_) => {}
            }
        }
        Ok(())
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|o| format!("{o:02X}")).collect::<Vec<_>>().join(":")
}
