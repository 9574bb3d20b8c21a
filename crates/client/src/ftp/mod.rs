//! The FTP client: a session over one control connection, one job after the other, blocking.
//!
//! | file | its one idea |
//! |---|---|
//! | `session` | a server that is logged in to, and its verbs |
//! | `beginning` | whether a broken copy may go on |
//! | `kept` | sessions that wait for the next file |
//! | `facts` | what is known of files there, and set: MLST, digests, times, permissions |
//! | `look` | what is seen of a server besides its files: for whoever examines it |
//! | `run` | the loop over control connection, data connection and cancel |
//! | `link` | the control connection with its machine |
//! | `conn` | a connection, clear or under TLS |
//! | `moving` | the data connection: made, moved, closed |
//! | `segments` | one file over several of them |
//! | `net` | data connections through the [`crate::Wire`] |
//! | `mirroring` | two trees that are made alike over several of them |
//! | `fault` | the machine's failures as [`ClientError`]s |
//!
//! **If our source dies** before its last octet, the data connection is reset: SO_LINGER 0 is set as
//! soon as an upload has its connection and taken back only after the last octet, so that even a killed
//! process leaves a RST and no FIN that a server would take for the end of the file.

mod beginning;
mod facts;
mod fault;
mod kept;
mod link;
mod look;
mod mirroring;
mod moving;
mod net;
mod run;
mod segments;
mod session;
#[cfg(test)]
mod tests;

pub use beginning::{Beginning, Ours};
pub use kept::Kept;
pub use look::{Secured, Told};
pub use segments::Segments;
pub use session::Session;

use crate::{ClientError, Done, Options, Remote, Resume};
use ftp_proto::list::Listed;
use std::time::Instant;
use store::{Blob, Sink};

/// Fetches `remote` into `sink`.
pub(crate) fn get(remote: &Remote, sink: &mut dyn Sink, options: &Options) -> Result<Done, ClientError> {
    let began = Instant::now();
    let offset = match options.ftp.resume {
        Resume::No => 0,
        Resume::At(offset) => offset,
    };
    let done = over(remote, options, |session| {
        if offset == 0
            && let Some(done) = segments::get(session, remote, options, sink)?
        {
            return Ok(done);
        }
        session.get(&remote.path, offset, sink)
    })?;
    Ok(Done { elapsed: began.elapsed(), ..done })
}

/// Sends `blob` to `remote`.
pub(crate) fn put(blob: &Blob, remote: &Remote, options: &Options) -> Result<Done, ClientError> {
    let began = Instant::now();
    let resume = options.ftp.resume != Resume::No;
    let done = over(remote, options, |session| session.put(blob, &remote.path, resume))?;
    Ok(Done { elapsed: began.elapsed(), ..done })
}

/// Lists the directory `remote`.
pub(crate) fn list(remote: &Remote, options: &Options) -> Result<Vec<Listed>, ClientError> {
    Session::open(remote, options)?.list(&remote.path)
}

/// Does something over a session that is kept, or over one of its own where none are.
fn over<T>(
    remote: &Remote,
    options: &Options,
    act: impl FnOnce(&mut Session) -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    match &options.kept {
        Some(kept) => act(kept.lend(remote, options)?.session()),
        None => act(&mut Session::open(remote, options)?),
    }
}
