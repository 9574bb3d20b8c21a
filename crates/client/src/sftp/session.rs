//! A server that is reached, and its verbs.

use super::driver::Driver;
use super::mirroring::Mirroring;
use super::one::Load;
use super::spread::Channels;
use crate::mirror::{Mirrored, Watcher, Way, What, Wish, is_name};
use crate::ssh::Link;
use crate::{ClientError, Done, Options, Outcome, Remote, WireCode};
use ftp_proto::list::{Kind, Listed};
use sftp_proto::client::{Abilities, Begin, Facts, Found, Outcome as Went, Verb};
use sftp_proto::{Attrs, FileSystem, Status};
use std::time::{Duration, Instant};
use store::{Blob, Sink};
use transport::Cancel;
use transport::ssh::{ChannelIn, ChannelOut};

/// A server with a channel of SFTP. Paths are octets; one that begins without `/` counts from the start directory.
pub struct Session {
    // Before the link: it ends the channel while there is one.
    pub(super) driver: Driver<ChannelIn, ChannelOut>,
    pub(super) link: Link,
    /// Over how many channels a file is put.
    pub(super) channels: Channels,
}

/// The kind of a file in `st_mode`.
const KIND: u32 = 0o170_000;
/// The permissions there.
const PERMISSIONS: u32 = 0o777;

impl Session {
    /// Reaches the server that `remote` names, whatever its path.
    ///
    /// # Errors
    /// It is not reached, is another, does not let in, or has no SFTP.
    pub fn open(remote: &Remote, options: &Options) -> Result<Session, ClientError> {
        let link = Link::open(remote, options)?;
        let (input, output) = link.runtime.block_on(link.subsystem("sftp"))?;
        let driver = Driver::new(input, output, link.around(options));
        Ok(Session { driver, link, channels: options.sftp.channels })
    }

    fn run(&mut self, verb: Verb, load: Load<'_>) -> Result<Went, ClientError> {
        self.link.runtime.block_on(self.driver.run(verb, load))
    }

    /// One that moves no octets.
    fn ask(&mut self, verb: Verb) -> Result<Went, ClientError> {
        self.run(verb, Load::None)
    }

    /// What the server can do; nothing before the first verb.
    pub fn abilities(&self) -> &Abilities {
        self.driver.machine().abilities()
    }

    /// Fetches a file from an offset on into `sink`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn get(&mut self, path: &[u8], from: u64, sink: &mut dyn Sink) -> Result<Done, ClientError> {
        let began = Instant::now();
        match self.run(Verb::Get { path: path.to_vec(), from, len: None }, Load::Into(sink))? {
            Went::Got { octets, attrs } => {
                let mode = attrs.mode.map(|mode| mode & PERMISSIONS);
                Ok(Done { mode, ..done(octets, began, modified(&attrs)) })
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Sends a file; where it is to go on, behind what is there. Over several channels ([`Channels`]) it has another name
    /// beside its own until it is whole.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn put(&mut self, blob: &Blob, path: &[u8], resume: bool, keep: Facts) -> Result<Done, ClientError> {
        let began = Instant::now();
        if !resume && self.put_renamed(blob, path, keep)?.is_some() {
            return Ok(done(blob.len(), began, None));
        }
        let begin = if resume { Begin::Behind } else { Begin::Fresh };
        let verb = Verb::Put { path: path.to_vec(), len: blob.len(), begin, facts: keep };
        match self.run(verb, Load::From(blob))? {
            Went::Put { octets } => Ok(done(octets, began, None)),
            other => Err(unexpected(&other)),
        }
    }

    /// What is in a directory, without `.` and `..` and without what is no name.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn list(&mut self, path: &[u8]) -> Result<Vec<Listed>, ClientError> {
        let mut names = Vec::new();
        self.run(Verb::List { path: here(path) }, Load::Names(&mut names))?;
        Ok(names.into_iter().filter(|found| is_name(&found.name)).map(listed).collect())
    }

    /// Facts, links followed.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn stat(&mut self, path: &[u8]) -> Result<Attrs<'static>, ClientError> {
        match self.ask(Verb::Stat { path: here(path) })? {
            Went::Facts(attrs) => Ok(attrs),
            other => Err(unexpected(&other)),
        }
    }

    /// Removes a file.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn remove(&mut self, path: &[u8]) -> Result<(), ClientError> {
        self.ask(Verb::Remove { path: path.to_vec() }).map(drop)
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn make_dir(&mut self, path: &[u8]) -> Result<(), ClientError> {
        self.ask(Verb::Mkdir { path: path.to_vec() }).map(drop)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn remove_dir(&mut self, path: &[u8]) -> Result<(), ClientError> {
        self.ask(Verb::Rmdir { path: path.to_vec() }).map(drop)
    }

    /// Gives something another name, in place of what has it where that is wanted and the server can.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn rename(&mut self, from: &[u8], to: &[u8], replace: bool) -> Result<(), ClientError> {
        self.ask(Verb::Rename { from: from.to_vec(), to: to.to_vec(), replace }).map(drop)
    }

    /// The absolute path.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn real_path(&mut self, path: &[u8]) -> Result<Vec<u8>, ClientError> {
        match self.ask(Verb::Realpath { path: here(path) })? {
            Went::Name(name) => Ok(name),
            other => Err(unexpected(&other)),
        }
    }

    /// The digest that the server makes of a file (`md5`, `sha256`, …); `None`: it does not know how, or not this
    /// algorithm.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn hash(&mut self, path: &[u8], algorithm: &str) -> Result<Option<Vec<u8>>, ClientError> {
        let unknown = WireCode::Sftp(Status::OpUnsupported.code());
        match self.ask(Verb::Check { path: path.to_vec(), algorithms: algorithm.as_bytes().to_vec() }) {
            Ok(Went::Digest { algorithm: of, digest }) => Ok((of == algorithm.as_bytes()).then_some(digest)),
            Ok(other) => Err(unexpected(&other)),
            Err(ClientError::Server { code, .. }) if code == unknown => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Makes one tree like another.
    ///
    /// # Errors
    /// Before anything was done: the source is not there, or the server cannot do it. What comes later is in
    /// [`Mirrored::ended`].
    pub fn mirror(&mut self, wish: &Wish<'_>, watcher: &mut dyn Watcher) -> Result<Mirrored, ClientError> {
        let there = match (self.stat(wish.remote), wish.way) {
            (Ok(attrs), _) if attrs.mode.is_some_and(|mode| What::of_mode(mode) != What::Directory) => {
                return Err(ClientError::NotDirectory);
            }
            (Ok(attrs), _) => Some(attrs),
            (Err(ClientError::Absent { .. }), Way::Up) => None,
            (Err(why), _) => return Err(why),
        };
        let peer = self.link.ends.peer;
        let mut mirroring = Mirroring::new(wish, self.abilities(), there.as_ref(), peer, watcher)?;
        let ended = self.link.runtime.block_on(self.driver.drive(&mut mirroring));
        Ok(mirroring.ended(ended))
    }

    /// Sets permissions and times.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn set_facts(&mut self, path: &[u8], facts: Facts) -> Result<(), ClientError> {
        self.ask(Verb::Setstat { path: path.to_vec(), facts }).map(drop)
    }

    /// Whether the connection is gone, or an answer stayed away for too long: nothing more is to be asked.
    pub fn is_over(&self) -> bool {
        self.driver.is_over()
    }

    /// Who may end what is done from now on.
    pub fn set_cancel(&mut self, cancel: Option<Cancel>) {
        let _before = self.driver.set_cancel(cancel);
    }

    /// How much room there is.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn room(&mut self, path: &[u8]) -> Result<FileSystem, ClientError> {
        match self.ask(Verb::FileSystem { path: here(path) })? {
            Went::FileSystem(figures) => Ok(figures),
            other => Err(unexpected(&other)),
        }
    }
}

/// The start directory has no name of its own.
fn here(path: &[u8]) -> Vec<u8> {
    if path.is_empty() { b".".to_vec() } else { path.to_vec() }
}

fn done(octets: u64, began: Instant, modified: Option<i64>) -> Done {
    let elapsed: Duration = began.elapsed();
    Done { octets, elapsed, outcome: Outcome::Complete, modified, mode: None, repeats: 0 }
}

fn modified(attrs: &Attrs<'_>) -> Option<i64> {
    attrs.times.map(|times| i64::from(times.modified))
}

fn listed(found: Found) -> Listed {
    let Found { name, attrs, long_name: _ } = found;
    let kind = match attrs.mode.map(|mode| mode & KIND) {
        Some(0o040_000) => Some(Kind::Directory),
        Some(0o100_000) => Some(Kind::File),
        Some(_) | None => None,
    };
    Listed { name, kind, len: attrs.size, modified: modified(&attrs), grain: 1, mode: attrs.mode }
}

/// The machine gives each verb its own kind of outcome.
fn unexpected(outcome: &Went) -> ClientError {
    unreachable!("another verb's outcome: {outcome:?}")
}
