//! Content as it comes.

use super::link::Link;
use crate::ClientError;
use rustix::event::PollFlags;
use std::io;
use store::Sink;
use transport::pump::{Bite, Convert, Incoming, PumpError};
use transport::tap::Dir;
use ureq_proto::BodyMode;
use ureq_proto::client::Call;
use ureq_proto::client::state::RecvBody;

/// Octets of chunks that are taken at a time; more of what stands between them is nobody's.
const CHUNK: usize = 64 << 10;

/// How sure it is that what came is all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Whole {
    /// The length was told, or the end was.
    Known,
    /// The connection ended (RFC 9112 §6.3, rule 8): that may have been anything.
    Assumed,
}

/// Takes all of the content into `sink`, from `start` on; gives how many octets that were.
pub(super) fn take(
    link: &mut Link<'_>,
    call: Call<RecvBody>,
    start: u64,
    sink: &mut dyn Sink,
) -> Result<(u64, Whole), ClientError> {
    // Who ends TLS says so; who ends TCP may have been cut.
    let by_close = if link.conn.is_tls() { Whole::Known } else { Whole::Assumed };
    let (end, mut incoming, at_end) = match call.body_mode() {
        BodyMode::NoBody => return Ok((0, Whole::Known)),
        BodyMode::LengthDelimited(len) => {
            (Some(start.saturating_add(len)), Incoming::new(start, None), by_close)
        }
        BodyMode::Chunked => {
            let chunks = Chunks { call, held: Vec::new() };
            (None, Incoming::new(start, Some(Box::new(chunks))), Whole::Known)
        }
        BodyMode::CloseDelimited => (None, Incoming::new(start, None), by_close),
    };
    loop {
        if let Some(end) = end {
            match end - incoming.position() {
                0 => return Ok((end - start, Whole::Known)),
                left => incoming.at_most(left),
            }
        }
        let bite = match link.unread.is_empty() {
            true => link.conn.receive(&mut incoming, sink),
            // What came with the head.
            false => {
                let unread = &mut link.unread;
                incoming.bite_through(sink, |room| {
                    let n = room.len().min(unread.len());
                    room[..n].copy_from_slice(&unread[..n]);
                    unread.drain(..n);
                    Ok(n)
                })
            }
        };
        match bite {
            Ok(Bite::Moved(n)) => link.has_moved(Dir::Received, n),
            Ok(Bite::Blocked) => link.wait(PollFlags::IN)?,
            Ok(Bite::Over) => {
                let found = incoming.position() - start;
                return match end {
                    Some(end) => Err(ClientError::Truncated { expected: end - start, found }),
                    None => Ok((found, at_end)),
                };
            }
            Err(PumpError::File(e)) => return Err(ClientError::Local(e)),
            // The end of the connection, before that of the content.
            Err(PumpError::Content(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(ClientError::Network(e));
            }
            Err(PumpError::Content(e)) => {
                let what = e.to_string();
                return Err(ClientError::Protocol { peer: link.ends.peer, what });
            }
            Err(PumpError::Socket(e)) => return Err(ClientError::Network(e)),
        }
    }
}

/// Reads what is in the way of something else, and drops it: an error's page, a redirect's.
pub(super) fn skip(link: &mut Link<'_>, call: &mut Call<RecvBody>, most: usize) -> Result<(), ClientError> {
    let mut room = vec![0; CHUNK];
    let mut skipped = 0;
    while !call.can_proceed() {
        let read = call.read(&link.unread, &mut room);
        let (used, got) = read.map_err(|e| super::fault::protocol(&link.ends, &e))?;
        link.unread.drain(..used);
        skipped += got;
        if skipped > most {
            let what = format!("more than {most} octets stand in the way");
            return Err(ClientError::Protocol { peer: link.ends.peer, what });
        }
        if used == 0 && !call.can_proceed() && link.read()? == 0 {
            let e = io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended in the middle");
            return Err(ClientError::Network(e));
        }
    }
    Ok(())
}

/// Chunks (RFC 9112 §7.1) as what is in them.
struct Chunks {
    call: Call<RecvBody>,
    /// The beginning of a chunk's size.
    held: Vec<u8>,
}

impl Convert for Chunks {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> io::Result<usize> {
        self.held.extend_from_slice(octets);
        loop {
            let at = out.len();
            out.resize(at + CHUNK, 0);
            let read = self.call.read(&self.held, &mut out[at..]);
            let (used, got) = read.map_err(io::Error::other)?;
            out.truncate(at + got);
            self.held.drain(..used);
            if used == 0 {
                break;
            }
        }
        if self.held.len() > CHUNK {
            return Err(io::Error::other("expected the size of a chunk"));
        }
        Ok(octets.len())
    }

    fn finish(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        if self.call.can_proceed() {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended before the last chunk"))
    }

    fn is_over(&self) -> bool {
        self.call.can_proceed()
    }
}
