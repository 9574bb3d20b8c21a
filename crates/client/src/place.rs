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
    /// A connection for each thing that is done.
    Ftp(Box<Apart>),
    /// The same: files are fetched, nothing else.
    Scp(Box<Apart>),
}

/// What connections are made with, one for each thing that is done.
pub struct Apart {
    remote: Remote,
    options: Options,
}

/// What FTP's client does not do yet.
const NOT_OVER_FTP: &str = "our FTP client only lists, fetches and stores so far";
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
            Scheme::Ftp => Ok(Place::Ftp(Box::new(Apart::new(remote, options)))),
            Scheme::Scp => Ok(Place::Scp(Box::new(Apart::new(remote, options)))),
            Scheme::Tftp => Err(unsupported("TFTP only copies files")),
        }
    }

    /// What is in a directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn list(&mut self, path: &[u8]) -> Result<Vec<Listed>, ClientError> {
        match self {
            Place::Sftp(session) => session.list(path),
            Place::Ftp(ftp) => ftp::list(&ftp.at(path), &ftp.options),
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
            Place::Ftp(ftp) => ftp::get(&ftp.at(path), sink, &ftp.options),
            Place::Scp(scp) => scp::get(&scp.at(path), sink, &scp.options),
        }
    }

    /// Fetches a file from an octet on.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn get_from(&mut self, path: &[u8], from: u64, sink: &mut dyn Sink) -> Result<Done, ClientError> {
        self.session()?.get(path, from, sink)
    }

    /// Sends a file; where it is to go on, behind what is there.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn put(&mut self, blob: &Blob, path: &[u8], resume: bool) -> Result<Done, ClientError> {
        self.session()?.put(blob, path, resume, Facts::default())
    }

    /// The absolute path.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn real_path(&mut self, path: &[u8]) -> Result<Vec<u8>, ClientError> {
        self.session()?.real_path(path)
    }

    /// Sets permissions and times.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn set_facts(&mut self, path: &[u8], facts: Facts) -> Result<(), ClientError> {
        self.session()?.set_facts(path, facts)
    }

    /// Who may end what is done from now on.
    pub fn set_cancel(&mut self, cancel: Option<Cancel>) {
        match self {
            Place::Sftp(session) => session.set_cancel(cancel),
            Place::Ftp(apart) | Place::Scp(apart) => apart.options.cancel = cancel,
        }
    }

    /// Whether nothing more is to be asked: it is to be reached again.
    pub fn is_over(&self) -> bool {
        match self {
            Place::Sftp(session) => session.is_over(),
            Place::Ftp(_) | Place::Scp(_) => false,
        }
    }

    /// Facts, links followed.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn stat(&mut self, path: &[u8]) -> Result<Attrs<'static>, ClientError> {
        self.session()?.stat(path)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn remove(&mut self, path: &[u8]) -> Result<(), ClientError> {
        self.session()?.remove(path)
    }

    /// Gives something another name, in place of what has it where that is wanted and the server can.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn rename(&mut self, from: &[u8], to: &[u8], replace: bool) -> Result<(), ClientError> {
        self.session()?.rename(from, to, replace)
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn make_dir(&mut self, path: &[u8]) -> Result<(), ClientError> {
        self.session()?.make_dir(path)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn remove_dir(&mut self, path: &[u8]) -> Result<(), ClientError> {
        self.session()?.remove_dir(path)
    }

    /// The digest that the server makes of a file; `None`: it does not know how, or not this algorithm.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn hash(&mut self, path: &[u8], algorithm: &str) -> Result<Option<Vec<u8>>, ClientError> {
        match self {
            Place::Sftp(session) => session.hash(path, algorithm),
            Place::Ftp(_) | Place::Scp(_) => Ok(None),
        }
    }

    /// Makes one tree like another.
    ///
    /// # Errors
    /// See [`Session::mirror`].
    pub fn mirror(&mut self, wish: &Wish<'_>, watcher: &mut dyn Watcher) -> Result<Mirrored, ClientError> {
        self.session()?.mirror(wish, watcher)
    }

    /// What only SFTP does so far.
    fn session(&mut self) -> Result<&mut Session, ClientError> {
        match self {
            Place::Sftp(session) => Ok(session),
            Place::Ftp(_) => Err(unsupported(NOT_OVER_FTP)),
            Place::Scp(_) => Err(unsupported(NOT_OVER_SCP)),
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
