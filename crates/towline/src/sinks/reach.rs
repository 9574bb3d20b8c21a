//! A connection to a place of the configuration, when it is there.

use crate::monitor::{Place, Privileged};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::net::TcpStream;
use std::time::Duration;

/// Connects, in at most this time; the stream blocks.
pub(super) fn reach(privileged: &dyn Privileged, place: Place, patience: Duration) -> io::Result<TcpStream> {
    let stream = privileged.reach(place)?;
    // It may still be under way: it can be written when it is there, or has failed.
    let patience = Timespec::try_from(patience).map_err(|_| io::ErrorKind::InvalidInput)?;
    if poll(&mut [PollFd::new(&stream, PollFlags::OUT)], Some(&patience))? == 0 {
        return Err(io::ErrorKind::TimedOut.into());
    }
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    stream.set_nonblocking(false)?;
    Ok(stream)
}
