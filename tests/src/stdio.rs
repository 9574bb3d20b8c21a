//! Programs that a client of OpenSSH starts in place of ssh, and speaks with over their standard streams.

use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;

/// One of the streams. OpenSSH's clients have a socket for both directions (`socketpair`).
///
/// # Errors
/// It is none; a runtime of tokio is not there.
pub fn stream(fd: BorrowedFd<'_>) -> io::Result<tokio::net::UnixStream> {
    let stream = UnixStream::from(fd.try_clone_to_owned()?);
    stream.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(stream)
}
