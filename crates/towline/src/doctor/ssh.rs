//! The examination of a server over SSH: what it offers, what each profile would agree on, who it is, and, where somebody
//! is to be logged in, what its SFTP can do.

use super::findings::{Found, Id};
use crate::exit::Failure;
use crate::ladder::printable;
use client::{
    Abilities, Agreed, AlgorithmKind, ClientError, HostKeys, Look, Offer, Options, Profile, Remote, Scheme,
    ShownKey, SshFault, Standing,
};
use std::io;
use std::net::SocketAddr;

/// Ways to log in that we know.
const WAYS: [&str; 3] = ["publickey", "password", "keyboard-interactive"];

/// What was seen.
#[derive(Debug, Default)]
pub struct SshReport {
    /// The gravest first.
    pub found: Vec<Found>,
    /// Where it is, as far as it is known here: not of one by way of others.
    pub server: Option<SocketAddr>,
    /// The same in words, or as it was named.
    pub place: String,
    /// What its program calls itself.
    pub ident: Option<String>,
    /// What it offers.
    pub offer: Option<Offer>,
    /// What each profile would agree on.
    pub profiles: Vec<(Profile, Result<Agreed, AlgorithmKind>)>,
    /// Its keys, one of each kind.
    pub keys: Vec<ShownKey>,
    /// Ways to log in; `None`: not asked. None in it: it asks for nothing.
    pub ways: Option<Vec<String>>,
    /// What its SFTP can do.
    pub sftp: Option<Abilities>,
}

/// Examines the server of `remote`, and logs in where that is wanted.
///
/// # Errors
/// Of this host: no such name, files that cannot be read. What the network and the server do is a finding.
pub fn examine(remote: &Remote, options: &Options, login: bool) -> Result<SshReport, Failure> {
    let mut exam = Exam { remote, options, report: SshReport::default() };
    exam.report.place = exam.named();
    exam.run(login).map_err(|e| Failure::transfer(remote.to_string(), &e))?;
    exam.report.found.sort_by_key(|found| found.id);
    Ok(exam.report)
}

struct Exam<'a> {
    remote: &'a Remote,
    options: &'a Options,
    report: SshReport,
}

impl Exam<'_> {
    fn find(&mut self, id: Id, seen: &[(&str, String)]) {
        if !self.report.found.iter().any(|found| found.id == id) {
            self.report.found.push(Found::new(id, seen));
        }
    }

    fn wanted(&self) -> Profile {
        self.options.ssh.profile.unwrap_or_default()
    }

    fn server(&self) -> (&'static str, String) {
        ("server", self.report.place.clone())
    }

    fn at(&mut self, server: SocketAddr) {
        (self.report.server, self.report.place) = (Some(server), server.to_string());
    }

    /// As it was named, with its port.
    fn named(&self) -> String {
        let host = &self.remote.host;
        if host.contains(':') {
            format!("[{host}]:{}", self.port())
        } else {
            format!("{host}:{}", self.port())
        }
    }

    fn run(&mut self, login: bool) -> Result<(), ClientError> {
        let look = Look::new(self.remote, self.options)?;
        let Some(offer) = self.greeting(&look)? else { return Ok(()) };
        self.report.profiles = Profile::ALL.map(|profile| (profile, profile.meets(&offer))).into();
        if !offer.is_strict() {
            self.find(Id::NotStrict, &[]);
        }
        let Some((profile, agreed)) = self.profile(&offer) else { return Ok(()) };
        if profile > Profile::Modern && profile <= self.wanted() {
            let seen = [("profile", profile.to_string()), ("agreed", agreed.to_string())];
            self.find(Id::OldAlgorithms, &seen);
        }
        self.keys(&look, profile, &offer, &agreed)?;
        let is_right = self.report.found.iter().all(|f| f.exit() == crate::exit::Exit::Done);
        // Nobody shows a password to whom they do not know.
        if login && is_right {
            self.login(profile)?;
        }
        Ok(())
    }

    /// What it says first; its offer, where it is one to go on with.
    fn greeting(&mut self, look: &Look<'_>) -> Result<Option<Offer>, ClientError> {
        let (server, greeting) = match look.greeting() {
            Ok(greeted) => greeted,
            Err(ClientError::Unreachable { peer, source }) => {
                self.at(peer);
                match source.kind() {
                    io::ErrorKind::ConnectionRefused => self.find(Id::SshClosed, &[self.server()]),
                    _other => self.find(Id::SshUnreachable, &[("error", source.to_string())]),
                }
                return Ok(None);
            }
            Err(e @ ClientError::TimedOut { .. }) => {
                self.find(Id::SshUnreachable, &[("error", e.to_string())]);
                return Ok(None);
            }
            Err(e @ ClientError::Ssh(SshFault::NoChannel(_))) => {
                self.find(Id::SshUnreachable, &[("error", e.to_string())]);
                return Ok(None);
            }
            Err(ClientError::Network(e)) => {
                let what = format!("breaks it: {e}");
                self.find(Id::SshSilent, &[self.server(), ("what", what)]);
                return Ok(None);
            }
            Err(other) => return Err(other),
        };
        server.into_iter().for_each(|server| self.at(server));
        let Some(hello) = greeting.hello else {
            match &greeting.said[..] {
                [] => self.find(Id::SshSilent, &[self.server(), ("what", "says nothing".into())]),
                said => {
                    let line = said.split(|b| *b == b'\n').next().unwrap_or_default();
                    let text = printable(line[..line.len().min(128)].trim_ascii());
                    self.find(Id::NotSsh, &[self.server(), ("text", text)]);
                }
            }
            return Ok(None);
        };
        let ident = printable(&hello.ident);
        self.report.ident = Some(ident.clone());
        // 1.99 speaks both (RFC 4253 §5.1).
        if !hello.ident.starts_with(b"SSH-2.0-") && !hello.ident.starts_with(b"SSH-1.99-") {
            self.find(Id::SshOne, &[self.server(), ("ident", ident)]);
            return Ok(None);
        }
        if hello.offer.is_none() {
            self.find(Id::OfferUnread, &[self.server(), ("ident", ident)]);
        }
        self.report.offer.clone_from(&hello.offer);
        Ok(hello.offer)
    }

    /// The strictest profile that connects, and what it agrees on.
    fn profile(&mut self, offer: &Offer) -> Option<(Profile, Agreed)> {
        let wanted = self.wanted();
        let of = |profile: Profile, kind: AlgorithmKind| profile.offer().names(kind).join(", ");
        let first =
            self.report.profiles.iter().find_map(|(profile, met)| Some((*profile, met.clone().ok()?)));
        let Some((needed, agreed)) = first else {
            let Some((widest, Err(kind))) = self.report.profiles.last() else { return None };
            let (widest, kind) = (*widest, *kind);
            let theirs = offer.of(kind).join(", ");
            let seen = [("kind", kind.to_string()), ("theirs", theirs), ("ours", of(widest, kind))];
            self.find(Id::NoProfile, &seen);
            return None;
        };
        let refused = self.report.profiles.iter().find(|(profile, _)| *profile == wanted);
        if let Some((_, Err(kind))) = refused {
            let kind = *kind;
            let seen = [
                ("profile", wanted.to_string()),
                ("kind", kind.to_string()),
                ("needed", needed.to_string()),
                ("ours", of(wanted, kind)),
            ];
            self.find(Id::NeedsProfile, &seen);
        }
        Some((needed, agreed))
    }

    /// Has it show a key of each kind that it offers and we know.
    fn keys(
        &mut self,
        look: &Look<'_>,
        profile: Profile,
        offer: &Offer,
        agreed: &Agreed,
    ) -> Result<(), ClientError> {
        let loose = (!offer.is_strict()).then_some(offer);
        let ours = profile.offer().host_keys;
        let mut kinds: Vec<&str> = Vec::new();
        // The one that would be agreed on first: what is known of it counts.
        for name in std::iter::once(&agreed.host_key).chain(&offer.host_keys) {
            let kind = if name.starts_with("rsa-sha2-") { "ssh-rsa" } else { name };
            if ours.contains(name) && !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        for kind in kinds {
            match look.meet(profile, kind, loose) {
                Ok(seen) => {
                    if self.report.ways.is_none() {
                        let unknown = |way: &String| !WAYS.contains(&way.as_str());
                        if !seen.ways.is_empty() && seen.ways.iter().all(unknown) {
                            let ways = printable(seen.ways.join(", ").as_bytes());
                            self.find(Id::NoWayIn, &[("ways", ways)]);
                        }
                        self.report.ways = Some(seen.ways);
                    }
                    // One of each: some offer kinds of which they have no key.
                    if !self.report.keys.iter().any(|key| key.fingerprint == seen.key.fingerprint) {
                        self.report.keys.push(seen.key);
                    }
                }
                Err(e @ (ClientError::Local(_) | ClientError::Cancelled)) => return Err(e),
                Err(e) => {
                    let seen = [("profile", profile.to_string()), ("error", e.to_string())];
                    self.find(Id::SshBroke, &seen);
                    break;
                }
            }
        }
        self.judge();
        Ok(())
    }

    /// What is known of its keys. One that is known is enough: it is asked for first.
    fn judge(&mut self) {
        let keys = self.report.keys.clone();
        let text =
            |key: &ShownKey| [("algorithm", key.algorithm.clone()), ("fingerprint", key.fingerprint.clone())];
        for key in &keys {
            if let Standing::Revoked { place } = &key.standing {
                self.find(Id::HostRevoked, &[&text(key)[..], &[("place", place.clone())]].concat());
            }
        }
        let pinned = match &self.options.ssh.host_keys {
            HostKeys::Pinned(pin) => keys.iter().any(|key| key.fingerprint == *pin),
            HostKeys::Known | HostKeys::AcceptNew => false,
        };
        if pinned || keys.iter().any(|key| key.standing == Standing::Right) {
            return;
        }
        let other = keys.iter().find_map(|key| match &key.standing {
            Standing::Other { place, fingerprint } => Some((key, place.clone(), fingerprint.clone())),
            Standing::Right | Standing::New | Standing::Revoked { .. } => None,
        });
        if let Some((key, place, known)) = other {
            self.find(Id::HostOther, &[&text(key)[..], &[("place", place), ("known", known)]].concat());
        } else if let (Some(key), HostKeys::Known | HostKeys::Pinned(_)) =
            (keys.first(), &self.options.ssh.host_keys)
        {
            self.find(Id::HostUnknown, &[("fingerprint", key.fingerprint.clone())]);
        }
    }

    /// Logs in, and asks its SFTP what it can do.
    fn login(&mut self, profile: Profile) -> Result<(), ClientError> {
        let mut options = self.options.clone();
        options.ssh.profile = Some(profile);
        let remote = Remote { scheme: Scheme::Sftp, port: Some(self.port()), ..self.remote.clone() };
        let opened = client::sftp::Session::open(&remote, &options);
        match opened.and_then(|mut session| session.real_path(b".").map(|_| session.abilities().clone())) {
            Ok(abilities) => self.report.sftp = Some(abilities),
            Err(e @ (ClientError::Login { .. } | ClientError::HostKey { .. })) => {
                self.find(Id::LoginRefused, &[("error", e.to_string())]);
            }
            Err(ClientError::Ssh(SshFault::NotThere(_))) => self.find(Id::NoSftp, &[]),
            Err(e @ (ClientError::Local(_) | ClientError::Cancelled)) => return Err(e),
            Err(e) => {
                let seen = [("profile", profile.to_string()), ("error", e.to_string())];
                self.find(Id::SshBroke, &seen);
            }
        }
        Ok(())
    }

    fn port(&self) -> u16 {
        self.remote.port.unwrap_or(self.remote.scheme.port())
    }
}
