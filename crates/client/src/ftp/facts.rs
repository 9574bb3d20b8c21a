//! What is known of files there, and set: MLST or SIZE and MDTM, digests, times, permissions.

use super::Session;
use crate::{ClientError, Facts, Times, WireCode, unsupported};
use ftp_proto::client::{Features, Job, Report, Verb, digest, quoted};
use ftp_proto::list::{self, Kind, Listed};
use sftp_proto::Attrs;

/// What is known of the server.
#[derive(Default)]
pub(super) struct Known {
    features: Option<Features>,
    /// What lists, once something has.
    pub(super) listing: Option<Verb>,
    /// What sets times.
    times: Option<SetsTimes>,
}

/// How a server's file gets its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum SetsTimes {
    /// `MFMT TIME PATH` (draft-somers-ftp-mfxx).
    Mfmt,
    /// `SITE UTIME TIME PATH`, as ProFTPD and Pure-FTPd have it.
    SiteUtime,
    /// `MDTM TIME PATH`, as vsftpd has it.
    Mdtm,
    /// It cannot.
    Nothing,
}

/// Digests: our name, HASH's (draft-bryan-ftpext-hash), the verb of their own, octets.
const DIGESTS: [(&str, &str, &[&str], usize); 4] = [
    ("md5", "MD5", &["XMD5", "MD5"], 16),
    ("sha1", "SHA-1", &["XSHA1", "XSHA"], 20),
    ("sha256", "SHA-256", &["XSHA256"], 32),
    ("sha512", "SHA-512", &["XSHA512"], 64),
];

/// Kinds in `st_mode`.
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;

impl Session {
    /// What the server announces (FEAT); nothing of one that does not know that.
    ///
    /// # Errors
    /// The connection is lost.
    pub fn features(&mut self) -> Result<&Features, ClientError> {
        if self.known.features.is_none() {
            let features = match self.ask(Job::ask("FEAT", b""), false) {
                Ok(Report { reply: Some(reply), .. }) => Features::of(&reply),
                Ok(_) => Features::default(),
                Err(e) if self.is_over() => return Err(e),
                Err(_) => Features::default(),
            };
            // Some servers have names in UTF-8 only for those who ask.
            if features.has("UTF8") {
                match self.ask(Job::ask("OPTS", b"UTF8 ON"), false) {
                    Err(e) if self.is_over() => return Err(e),
                    Ok(_) | Err(_) => {}
                }
            }
            self.known.features = Some(features);
        }
        Ok(self.known.features.as_ref().expect("put in above where it was not"))
    }

    /// Facts: by MLST where the server has it, else what it is, and of a file its length and time.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn stat(&mut self, path: &[u8]) -> Result<Attrs<'static>, ClientError> {
        if self.features()?.has("MLST") {
            let report = self.ask(Job::ask("MLST", path), true)?;
            let line = report.reply.as_ref().and_then(|reply| reply.lines.get(1));
            if let Some(listed) = line.and_then(|line| list::parse_facts(line.trim_ascii_start())) {
                return Ok(attrs(&listed));
            }
        }
        let Report { size, modified, .. } = self.look(path)?;
        let mode = if size.is_some() { REGULAR } else { DIRECTORY };
        Ok(Attrs { size, mode: Some(mode), times: modified.map(times), ..Attrs::default() })
    }

    pub(super) fn look(&mut self, path: &[u8]) -> Result<Report, ClientError> {
        if path.is_empty() {
            return Ok(Report::default());
        }
        self.ask(Job::Look { path: path.to_vec() }, true)
    }

    /// The absolute path. FTP resolves none: it is where the login began, and the path behind that.
    ///
    /// # Errors
    /// The server does not say where we are.
    pub fn real_path(&mut self, path: &[u8]) -> Result<Vec<u8>, ClientError> {
        let mut whole = if path.starts_with(b"/") {
            Vec::new()
        } else {
            let report = self.ask(Job::ask("PWD", b""), false)?;
            report.reply.as_ref().and_then(|reply| quoted(reply.text())).unwrap_or_default()
        };
        whole.push(b'/');
        whole.extend(path);
        let mut names: Vec<&[u8]> = Vec::new();
        for name in whole.split(|b| *b == b'/') {
            match name {
                b"" | b"." => {}
                b".." => drop(names.pop()),
                name => names.push(name),
            }
        }
        Ok([b"/", &names.join(&b'/')[..]].concat())
    }

    /// The digest that the server makes of a file (`md5`, `sha256`, …): by HASH, or the verb of that digest; `None`: it
    /// announces neither.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn hash(&mut self, path: &[u8], algorithm: &str) -> Result<Option<Vec<u8>>, ClientError> {
        let Some((name, verb, octets)) = self.digest_verb(algorithm)? else { return Ok(None) };
        if verb == "HASH" {
            self.ask(Job::ask("OPTS", format!("HASH {name}").as_bytes()), false)?;
        }
        let reply = self.ask(Job::ask(verb, path), true)?.reply;
        // Of several lines it may stand in any.
        Ok(reply.and_then(|reply| reply.lines.iter().find_map(|line| digest(line, octets))))
    }

    /// What asks for a digest, where the server announces it: its name in HASH, the verb, its octets.
    pub(super) fn digest_verb(
        &mut self,
        algorithm: &str,
    ) -> Result<Option<(&'static str, &'static str, usize)>, ClientError> {
        let Some((_, name, verbs, octets)) = DIGESTS.into_iter().find(|row| row.0 == algorithm) else {
            return Ok(None);
        };
        let features = self.features()?;
        let own = verbs.iter().find(|verb| features.has(verb)).copied();
        let verb = features.hash(name).map(|_| "HASH").or(own);
        Ok(verb.map(|verb| (name, verb, octets)))
    }

    /// A digest that the server makes of parts of files, `VERB "file" start end`, the verb, and its octets.
    pub(super) fn ranged_verb(&mut self) -> Result<Option<(&'static str, &'static str, usize)>, ClientError> {
        let features = self.features()?;
        let ranged = |(name, _, verbs, octets): &(&'static str, &str, &[&'static str], usize)| {
            let verb = verbs.iter().find(|verb| verb.starts_with('X') && features.has(verb))?;
            Some((*name, *verb, *octets))
        };
        let dearest = ["sha256", "sha512", "md5"].into_iter();
        let mut rows = dearest.filter_map(|name| DIGESTS.iter().find(|row| row.0 == name));
        Ok(rows.find_map(ranged))
    }

    /// The dearest digest that the server makes of files.
    pub(super) fn best_digest(&mut self) -> Result<Option<&'static str>, ClientError> {
        let features = self.features()?;
        let is_there = |row: &&(&str, &str, &[&str], usize)| {
            features.hash(row.1).is_some() || row.2.iter().any(|verb| features.has(verb))
        };
        let dearest = ["sha256", "sha512", "md5"].into_iter();
        let rows = dearest.filter_map(|name| DIGESTS.iter().find(|row| row.0 == name));
        Ok(rows.into_iter().find(is_there).map(|row| row.0))
    }

    /// Whether it says that it sets times.
    pub(super) fn announces_times(&mut self) -> Result<bool, ClientError> {
        let features = self.features()?;
        Ok(features.has("MFMT") || features.has("SITE UTIME"))
    }

    /// Sets permissions (SITE CHMOD) and the time of last modification.
    ///
    /// # Errors
    /// The server cannot; see [`ClientError`].
    pub fn set_facts(&mut self, path: &[u8], facts: Facts) -> Result<(), ClientError> {
        if let Some(mode) = facts.mode {
            let argument = [format!("CHMOD {mode:03o} ").as_bytes(), path].concat();
            self.ask(Job::ask("SITE", &argument), true)?;
        }
        match facts.times {
            Some(times) => self.set_modified(path, i64::from(times.modified)),
            None => Ok(()),
        }
    }

    /// Sets the time of last modification, seconds since 1970.
    ///
    /// # Errors
    /// The server cannot: [`std::io::ErrorKind::Unsupported`]; see [`ClientError`].
    pub fn set_modified(&mut self, path: &[u8], seconds: i64) -> Result<(), ClientError> {
        let by = match self.known.times {
            Some(by) => by,
            None => {
                let features = self.features()?;
                if features.has("MFMT") {
                    SetsTimes::Mfmt
                } else if features.has("SITE UTIME") {
                    SetsTimes::SiteUtime
                } else {
                    SetsTimes::Mdtm
                }
            }
        };
        let mut time = Vec::new();
        list::write_time(&mut time, seconds);
        let (verb, before) = match by {
            SetsTimes::Mfmt => ("MFMT", &b""[..]),
            SetsTimes::SiteUtime => ("SITE", &b"UTIME "[..]),
            SetsTimes::Mdtm => ("MDTM", &b""[..]),
            SetsTimes::Nothing => return Err(unsupported(NO_TIMES)),
        };
        let result = self.ask(Job::ask(verb, &[before, &time, b" ", path].concat()), true);
        match (result, by) {
            (Ok(_), _) => {
                self.known.times = Some(by);
                Ok(())
            }
            // Announced by nobody and tried: it takes the time for a part of the name.
            (Err(ClientError::Absent { .. } | ClientError::Server { .. }), SetsTimes::Mdtm)
                if self.known.times.is_none() =>
            {
                self.known.times = Some(SetsTimes::Nothing);
                Err(unsupported(NO_TIMES))
            }
            (Err(ClientError::Server { code: WireCode::Ftp(500..=504), .. }), _) => {
                self.known.times = Some(SetsTimes::Nothing);
                Err(unsupported(NO_TIMES))
            }
            (Err(e), _) => Err(e),
        }
    }
}

const NO_TIMES: &str = "the server sets no times (MFMT, SITE UTIME, MDTM)";

fn attrs(listed: &Listed) -> Attrs<'static> {
    let kind = match listed.kind {
        Some(Kind::Directory) => Some(DIRECTORY),
        Some(Kind::File) => Some(REGULAR),
        None => None,
    };
    let mode = listed.mode.or(kind);
    let size = listed.len.filter(|_| listed.kind != Some(Kind::Directory));
    Attrs { size, mode, times: listed.modified.map(times), ..Attrs::default() }
}

/// These are of 32 bits.
fn times(modified: i64) -> Times {
    let seconds = u32::try_from(modified).unwrap_or(if modified < 0 { 0 } else { u32::MAX });
    Times { accessed: seconds, modified: seconds }
}
