//! The SFTP client: one channel, its verbs one after the other, blocking.
//!
//! | file | its one idea |
//! |---|---|
//! | `driver` | the loop over channel, machine and cancel |
//! | `one` | one verb that is done by it |
//! | `mirroring` | two trees that are made alike over it |
//! | `session` | a server that is reached, and its verbs |
//! | `spread` | one file over several channels |
//! | `renamed` | a file that gets its name when it is whole |
//! | `fault` | the machine's failures as [`crate::ClientError`]s |

mod driver;
mod fault;
mod mirroring;
mod one;
mod renamed;
mod session;
mod spread;
#[cfg(test)]
mod tests;

pub use session::Session;
pub use spread::Channels;

use crate::{ClientError, Done, Options, Remote, Resume};
use ftp_proto::list::Listed;
use std::time::Instant;
use store::{Blob, Sink};

/// Fetches `remote` into `sink`.
pub(crate) fn get(remote: &Remote, sink: &mut dyn Sink, options: &Options) -> Result<Done, ClientError> {
    let began = Instant::now();
    let from = match options.sftp.resume {
        Resume::No => 0,
        Resume::At(offset) => offset,
    };
    let done = Session::open(remote, options)?.get(&remote.path, from, sink)?;
    Ok(Done { elapsed: began.elapsed(), ..done })
}

/// Sends `blob` to `remote`.
pub(crate) fn put(blob: &Blob, remote: &Remote, options: &Options) -> Result<Done, ClientError> {
    let began = Instant::now();
    let resume = options.sftp.resume != Resume::No;
    let done = Session::open(remote, options)?.put(blob, &remote.path, resume, options.sftp.keep)?;
    Ok(Done { elapsed: began.elapsed(), ..done })
}

/// Lists the directory `remote`.
pub(crate) fn list(remote: &Remote, options: &Options) -> Result<Vec<Listed>, ClientError> {
    Session::open(remote, options)?.list(&remote.path)
}
