//! A connection to a place of the configuration, when it is there.

use crate::monitor::{Place, Privileged};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use std::io;
use std::net::TcpStream;
use std::time::Instant;

/// Connects by then; the stream blocks.
pub(super) fn reach(privileged: &dyn Privileged, place: Place, until: Instant) -> io::Result<TcpStream> {
    let stream = privileged.reach(place)?;
    // It may still be under way: it can be written when it is there, or has failed.
    let there = retry_on_intr(|| {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).expect("a time limit fits a timespec");
        poll(&mut [PollFd::new(&stream, PollFlags::OUT)], Some(&left))
    })?;
    if there == 0 {
        return Err(io::ErrorKind::TimedOut.into());
    }
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    stream.set_nonblocking(false)?;
    Ok(stream)
}
