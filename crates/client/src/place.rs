//! A place on a server, as verbs see it: what protocol it is reached by is one match each.

use crate::mirror::{Mirrored, Watcher, Wish};
use crate::sftp::Session;
use crate::{ClientError, Done, Facts, Listed, Options, Remote, Scheme, ftp, scp, unsupported};
use sftp_proto::Attrs;
use store::{Blob, Sink};
use transport::Cancel;

/// A server that is reached. What its protocol or our client of it cannot do fails with
/// [`std::io::ErrorKind::Unsupported`] before anything is asked.
pub enum Place {
    /// One connection for all that is done.
    Sftp(Box<Session>),
    /// One control connection for all that is done.
    Ftp(Box<ftp::Session>),
    /// A connection for each thing that is done: files are fetched, and trees copied, nothing else.
    Scp(Box<Apart>),
}

/// What connections are made with, one for each thing that is done.
pub struct Apart {
    remote: Remote,
    options: Options,
}

/// What SCP has nothing for.
const NOT_OVER_SCP: &str = "SCP only copies files: sftp:// does the rest";

impl Place {
    /// Reaches the server of `remote`, whatever its path.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn open(remote: &Remote, options: &Options) -> Result<Place, ClientError> {
        match remote.scheme {
            Scheme::Sftp => Ok(Place::Sftp(Box::new(Session::open(remote, options)?))),
            Scheme::Ftp | Scheme::Ftps => Ok(Place::Ftp(Box::new(ftp::Session::open(remote, options)?))),
            Scheme::Scp => Ok(Place::Scp(Box::new(Apart::new(remote, options)))),
            Scheme::Tftp => Err(unsupported("TFTP only copies files")),
            Scheme::Http | Scheme::Https => Err(unsupported("HTTP only copies files")),
        }
    }

    /// What is in a directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn list(&mut self, path: &[u8]) -> Result<Vec<Listed>, ClientError> {
        match self {
            Place::Sftp(session) => session.list(path),
            Place::Ftp(session) => session.list(path),
            Place::Scp(_) => Err(unsupported(NOT_OVER_SCP)),
        }
    }

    /// Fetches a file, in the order of its octets.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn get(&mut self, path: &[u8], sink: &mut dyn Sink) -> Result<Done, ClientError> {
        match self {
            Place::Sftp(session) => session.get(path, 0, sink),
            Place::Ftp(session) => session.get(path, 0, sink),
            Place::Scp(scp) => scp::get(&scp.at(path), sink, &scp.options),
        }
    }

    /// Fetches a file from an octet on.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn get_from(&mut self, path: &[u8], from: u64, sink: &mut dyn Sink) -> Result<Done, ClientError> {
        match self {
            Place::Sftp(session) => session.get(path, from, sink),
            Place::Ftp(session) => session.get(path, from, sink),
            Place::Scp(_) => Err(unsupported(NOT_OVER_SCP)),
        }
    }

    /// Sends a file; where it is to go on, behind what is there.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn put(&mut self, blob: &Blob, path: &[u8], resume: bool) -> Result<Done, ClientError> {
        match self {
            Place::Sftp(session) => session.put(blob, path, resume, Facts::default()),
            Place::Ftp(session) => session.put(blob, path, resume),
            Place::Scp(_) => Err(unsupported(NOT_OVER_SCP)),
        }
    }

    /// The absolute path.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn real_path(&mut self, path: &[u8]) -> Result<Vec<u8>, ClientError> {
        match self {
            Place::Sftp(session) => session.real_path(path),
            Place::Ftp(session) => session.real_path(path),
            Place::Scp(_) => Err(unsupported(NOT_OVER_SCP)),
        }
    }

    /// Sets permissions and times.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn set_facts(&mut self, path: &[u8], facts: Facts) -> Result<(), ClientError> {
        match self {
            Place::Sftp(session) => session.set_facts(path, facts),
            Place::Ftp(session) => session.set_facts(path, facts),
            Place::Scp(_) => Err(unsupported(NOT_OVER_SCP)),
        }
    }

    /// Who may end what is done from now on.
    pub fn set_cancel(&mut self, cancel: Option<Cancel>) {
        match self {
            Place::Sftp(session) => session.set_cancel(cancel),
            Place::Ftp(session) => session.set_cancel(cancel),
            Place::Scp(apart) => apart.options.cancel = cancel,
        }
    }

    /// Whether nothing more is to be asked: it is to be reached again.
    pub fn is_over(&self) -> bool {
        match self {
            Place::Sftp(session) => session.is_over(),
            Place::Ftp(session) => session.is_over(),
            Place::Scp(_) => false,
        }
    }

    /// Facts, links followed.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn stat(&mut self, path: &[u8]) -> Result<Attrs<'static>, ClientError> {
        match self {
            Place::Sftp(session) => session.stat(path),
            Place::Ftp(session) => session.stat(path),
            Place::Scp(_) => Err(unsupported(NOT_OVER_SCP)),
        }
    }

    /// Removes a file.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn remove(&mut self, path: &[u8]) -> Result<(), ClientError> {
        match self {
            Place::Sftp(session) => session.remove(path),
            Place::Ftp(session) => session.remove(path),
            Place::Scp(_) => Err(unsupported(NOT_OVER_SCP)),
        }
    }

    /// Gives something another name, in place of what has it where that is wanted and the server can.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn rename(&mut self, from: &[u8], to: &[u8], replace: bool) -> Result<(), ClientError> {
        match self {
            Place::Sftp(session) => session.rename(from, to, replace),
            Place::Ftp(session) => session.rename(from, to, replace),
            Place::Scp(_) => Err(unsupported(NOT_OVER_SCP)),
        }
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn make_dir(&mut self, path: &[u8]) -> Result<(), ClientError> {
        match self {
            Place::Sftp(session) => session.make_dir(path),
            Place::Ftp(session) => session.make_dir(path),
            Place::Scp(_) => Err(unsupported(NOT_OVER_SCP)),
        }
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn remove_dir(&mut self, path: &[u8]) -> Result<(), ClientError> {
        match self {
            Place::Sftp(session) => session.remove_dir(path),
            Place::Ftp(session) => session.remove_dir(path),
            Place::Scp(_) => Err(unsupported(NOT_OVER_SCP)),
        }
    }

    /// The digest that the server makes of a file; `None`: it does not know how, or not this algorithm.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn hash(&mut self, path: &[u8], algorithm: &str) -> Result<Option<Vec<u8>>, ClientError> {
        match self {
            Place::Sftp(session) => session.hash(path, algorithm),
            Place::Ftp(session) => session.hash(path, algorithm),
            Place::Scp(_) => Ok(None),
        }
    }

    /// Makes one tree like another.
    ///
    /// # Errors
    /// See [`Session::mirror`].
    pub fn mirror(&mut self, wish: &Wish<'_>, watcher: &mut dyn Watcher) -> Result<Mirrored, ClientError> {
        match self {
            Place::Scp(scp) => scp::mirror(&scp.at(wish.remote), wish, watcher, &scp.options),
            Place::Sftp(session) => session.mirror(wish, watcher),
            Place::Ftp(session) => session.mirror(wish, watcher),
        }
    }
}

impl Apart {
    fn new(remote: &Remote, options: &Options) -> Apart {
        Apart { remote: remote.clone(), options: options.clone() }
    }

    fn at(&self, path: &[u8]) -> Remote {
        Remote { path: path.to_vec(), ..self.remote.clone() }
    }
}
