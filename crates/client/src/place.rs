//! A place on a server, as verbs see it: what protocol it is reached by is one match each.

use crate::mirror::{Mirrored, Watcher, Wish};
use crate::sftp::Session;
use crate::{
    ClientError, Done, Facts, Listed, Options, Remote, Scheme, Times, WireCode, ftp, scp, unsupported,
};
use ftp_proto::client::Change;
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
    /// The same: files are fetched, and trees copied, nothing else.
    Scp(Box<Apart>),
}

/// What connections are made with, one for each thing that is done.
pub struct Apart {
    remote: Remote,
    options: Options,
}

/// What FTP's client does not do yet.
const NOT_OVER_FTP: &str = "only sftp:// does that so far";
/// Kinds in `st_mode`.
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
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
            Scheme::Ftp | Scheme::Ftps => Ok(Place::Ftp(Box::new(Apart::new(remote, options)))),
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
        match self {
            Place::Sftp(session) => session.stat(path),
            Place::Ftp(ftp) => ftp.stat(path),
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
            Place::Ftp(ftp) => ftp.change(path, Change::Remove),
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
            Place::Ftp(ftp) => {
                // RNTO replaces on most servers, and has no way to say that it should not.
                if !replace && ftp.stat(to).is_ok() {
                    let text = String::from("something has the new name");
                    return Err(ClientError::Exists { code: WireCode::Ftp(553), text });
                }
                ftp.change(from, Change::Rename { to: to.to_vec() })
            }
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
            Place::Ftp(ftp) => ftp.change(path, Change::MakeDir),
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
            Place::Ftp(ftp) => ftp.change(path, Change::RemoveDir),
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
            Place::Ftp(_) | Place::Scp(_) => Ok(None),
        }
    }

    /// Makes one tree like another.
    ///
    /// # Errors
    /// See [`Session::mirror`].
    pub fn mirror(&mut self, wish: &Wish<'_>, watcher: &mut dyn Watcher) -> Result<Mirrored, ClientError> {
        match self {
            Place::Scp(scp) => scp::mirror(&scp.at(wish.remote), wish, watcher, &scp.options),
            Place::Sftp(_) | Place::Ftp(_) => self.session()?.mirror(wish, watcher),
        }
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

    /// By FTP: what it is, and of a file its length and time.
    fn stat(&self, path: &[u8]) -> Result<Attrs<'static>, ClientError> {
        let (size, modified) = ftp::look(&self.at(path), &self.options)?;
        let mode = if size.is_some() { REGULAR } else { DIRECTORY };
        let seconds = modified.map(|seconds| u32::try_from(seconds).unwrap_or(0));
        let times = seconds.map(|seconds| Times { accessed: seconds, modified: seconds });
        Ok(Attrs { size, mode: Some(mode), times, ..Attrs::default() })
    }

    /// By FTP.
    fn change(&self, path: &[u8], change: Change) -> Result<(), ClientError> {
        ftp::change(&self.at(path), change, &self.options)
    }

    fn at(&self, path: &[u8]) -> Remote {
        Remote { path: path.to_vec(), ..self.remote.clone() }
    }
}
