//! Whether what is here is the beginning of a file there, or the other way round: asked before a broken copy goes on.

use super::Session;
use crate::{ClientError, Options, Remote, Type};
use ftp_proto::client::{Job, Report, digest};
use std::io;
use store::Blob;

/// What a file there and the octets here have to do with each other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Beginning {
    /// One begins with the other, as far as the shorter one goes: the server's digest says so.
    Same,
    /// Nothing says otherwise: the server makes no digests of parts.
    Unknown,
    /// They are of two files.
    Differs(String),
}

/// Our side of it.
pub struct Ours<'a> {
    /// The octets.
    pub blob: &'a Blob,
    /// Whether the file there goes on behind them, or they go on behind the file there.
    pub is_fetched: bool,
    /// When the last of them were written, seconds since 1970, where that says something.
    pub since: Option<i64>,
    /// A digest (`sha256`, …) of the first octets of a blob, in lower-case hexadecimal.
    pub digest: &'a dyn Fn(&str, &Blob, u64) -> io::Result<String>,
}

impl Ours<'_> {
    /// Compares with a file of a server, over a session that is kept where there is one.
    ///
    /// # Errors
    /// The server is not reached, has no such file that could be fetched, or our own octets cannot be read.
    pub fn compare(&self, remote: &Remote, options: &Options) -> Result<Beginning, ClientError> {
        if remote.kind == Type::Text {
            return Ok(Beginning::Unknown);
        }
        super::over(remote, options, |session| session.begins(&remote.path, self))
    }
}

impl Session {
    fn begins(&mut self, path: &[u8], ours: &Ours<'_>) -> Result<Beginning, ClientError> {
        let (there, modified) = match self.look(path) {
            Ok(Report { size: Some(size), modified, .. }) => (size, modified),
            Ok(_) | Err(ClientError::Server { .. }) => return Ok(Beginning::Unknown),
            // There is nothing yet that could be gone on with.
            Err(ClientError::Absent { .. } | ClientError::Denied { .. }) if !ours.is_fetched => {
                return Ok(Beginning::Unknown);
            }
            Err(why) => return Err(why),
        };
        let here = ours.blob.len();
        if ours.is_fetched && there < here {
            return Ok(Beginning::Differs(format!("the file there has {there} octets, fewer than {here}")));
        }
        let len = here.min(there);
        // A longer file there is refused by whoever sends, and not replaced.
        if len == 0 || (!ours.is_fetched && there > here) {
            return Ok(Beginning::Unknown);
        }
        if let Some((algorithm, is_same)) = self.compare_first(path, len, ours)? {
            let why = || format!("the {algorithm} of its first {len} octets is another one there");
            return Ok(if is_same { Beginning::Same } else { Beginning::Differs(why()) });
        }
        match (modified, ours.since) {
            (Some(modified), Some(since)) if ours.is_fetched && modified > since => {
                Ok(Beginning::Differs(String::from("the file there was changed after that")))
            }
            _ => Ok(Beginning::Unknown),
        }
    }

    /// Whether the first octets of a file are ours, and by which digest; `None`: the server does not say.
    fn compare_first(
        &mut self,
        path: &[u8],
        len: u64,
        ours: &Ours<'_>,
    ) -> Result<Option<(&'static str, bool)>, ClientError> {
        let own = |algorithm| (ours.digest)(algorithm, ours.blob, len).map_err(ClientError::Local);
        match self.ranged_verb()? {
            // A quote in a quoted name has no form that all servers know.
            Some((algorithm, verb, octets)) if !path.contains(&b'"') => {
                let digest = own(algorithm)?;
                let mut has_said = false;
                // The end of a part is the octet behind it, or its last one, as the server has it: one of them is right.
                for end in [len, len - 1] {
                    let part = [b"\"", path, b"\" 0 ", end.to_string().as_bytes()].concat();
                    match self.said(Job::ask(verb, &part), octets, b"")? {
                        Some(theirs) if theirs == digest => return Ok(Some((algorithm, true))),
                        theirs => has_said |= theirs.is_some(),
                    }
                }
                Ok(has_said.then_some((algorithm, false)))
            }
            Some(_) | None => match self.hash_of_first(path, len)? {
                Some((algorithm, theirs)) => Ok(Some((algorithm, theirs == own(algorithm)?))),
                None => Ok(None),
            },
        }
    }

    /// By HASH of what RANG has named, where the reply says that it is of that: ProFTPD's is of all of the file.
    fn hash_of_first(
        &mut self,
        path: &[u8],
        len: u64,
    ) -> Result<Option<(&'static str, String)>, ClientError> {
        let Some(algorithm) = self.best_digest()? else { return Ok(None) };
        let Some((name, "HASH", octets)) = self.digest_verb(algorithm)? else { return Ok(None) };
        if !self.features()?.has("RANG") {
            return Ok(None);
        }
        self.said(Job::ask("OPTS", format!("HASH {name}").as_bytes()), 0, b"")?;
        let last = len - 1;
        self.said(Job::ask("RANG", format!("0 {last}").as_bytes()), 0, b"")?;
        let said = self.said(Job::ask("HASH", path), octets, format!("0-{last}").as_bytes());
        // Else it is of the next RETR.
        self.said(Job::ask("RANG", b"1 0"), 0, b"")?;
        Ok(said?.map(|theirs| (algorithm, theirs)))
    }

    /// The digest of so many octets in a reply that has this word in it; none where it is refused.
    fn said(&mut self, job: Job, octets: usize, word: &[u8]) -> Result<Option<String>, ClientError> {
        let reply = match self.ask(job, true) {
            Ok(report) => report.reply,
            Err(why) if self.is_over() => return Err(why),
            Err(_) => None,
        };
        let is_of_it = |line: &&Vec<u8>| word.is_empty() || line.split(|b| *b == b' ').any(|w| w == word);
        let lines = reply.into_iter().flat_map(|reply| reply.lines).collect::<Vec<_>>();
        let digest = lines.iter().filter(is_of_it).find_map(|line| digest(line, octets));
        Ok(digest.filter(|_| octets > 0).map(|octets| octets.iter().map(|b| format!("{b:02x}")).collect()))
    }
}
