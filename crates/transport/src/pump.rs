//! Moves octets between a [`Blob`] or [`Sink`] and a TCP socket, one bite at a time.
//!
//! The socket is non-blocking; a bite says [`Bite::Blocked`] when it would wait, and whoever owns the
//! socket waits in its own way (an async runtime, poll). What is moved decides how: a file goes out by
//! sendfile, comes in by splice through a pipe of 1 MiB; memory and converted text go through buffers.
//! A pipe of the default 64 KiB would make splice the slowest way of all, so where the kernel does not
//! give 1 MiB, buffers are used.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use rustix::pipe::SpliceFlags;
use std::io;
use store::{Blob, Sink};

/// The most that one bite of a file sends. Between bites whoever drives may look at other things.
const FILE_BITE: u64 = 4 << 20;
/// Octets in a buffer where there is no zero-copy way.
const BUFFER: usize = 256 << 10;
/// The same where octets go through something else, such as TLS: what one step has written is still in the processor's cache
/// when the next one reads it. With 256 KiB a download under TLS was a quarter slower.
const THROUGH: usize = 64 << 10;
/// What a pipe must hold for splice to pay.
const PIPE: usize = 1 << 20;

/// What a bite did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bite {
    /// Moved so many octets of the wire.
    Moved(usize),
    /// Nothing moved: the socket is full or empty.
    Blocked,
    /// Everything was moved: the blob's end, or the peer's FIN.
    Over,
}

/// Whose fault.
#[derive(Debug)]
pub enum PumpError {
    /// The connection's.
    Socket(io::Error),
    /// Our file's.
    File(io::Error),
    /// What came is not what the conversion takes.
    Content(io::Error),
}

/// A conversion on the way, such as TYPE A's.
pub trait Convert: Send {
    /// Appends the converted form of `octets`, and gives how many of them it took. One that makes much of little leaves
    /// some where `out` has grown enough; then it is called again with the rest and an empty `out`, until it appends
    /// nothing.
    ///
    /// # Errors
    /// The octets are not what it takes.
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> io::Result<usize>;

    /// Appends what was held back for octets that do not come.
    ///
    /// # Errors
    /// What came is not all.
    fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()>;

    /// Whether what came told its own end, so that nobody need wait for the connection's.
    fn is_over(&self) -> bool {
        false
    }
}

/// A blob going out.
pub struct Outgoing {
    blob: Blob,
    at: u64,
    /// Where it ends in the blob.
    end: u64,
    wire: u64,
    convert: Option<Box<dyn Convert>>,
    /// The conversion has given its last.
    finished: bool,
    /// Octets of the wire that wait, from `sent` on.
    buffer: Vec<u8>,
    sent: usize,
    sendfile: bool,
    most: u64,
}

impl Outgoing {
    /// All of `blob` from `offset` on.
    pub fn new(blob: Blob, offset: u64, convert: Option<Box<dyn Convert>>) -> Outgoing {
        let sendfile = convert.is_none() && matches!(blob, Blob::File { .. });
        let end = blob.len();
        Outgoing {
            blob,
            at: offset,
            end,
            wire: 0,
            convert,
            finished: false,
            buffer: Vec::new(),
            sent: 0,
            sendfile,
            most: FILE_BITE,
        }
    }

    /// The same up to `end` in the blob, which is not behind its end.
    pub fn up_to(self, end: u64) -> Outgoing {
        Outgoing { end: end.min(self.end), ..self }
    }

    /// From now on a bite moves so many octets of the wire at most: what a rate leaves.
    pub fn at_most(&mut self, octets: u64) {
        self.most = octets.clamp(1, FILE_BITE);
    }

    /// Octets of the wire so far.
    pub fn wire(&self) -> u64 {
        self.wire
    }

    /// How far in the blob.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Octets of a file's that are still to go as they are; 0 where they are converted, and of what is in memory.
    pub fn left_of_file(&self) -> u64 {
        if self.sendfile { self.end.saturating_sub(self.at) } else { 0 }
    }

    /// Sends what the socket takes, at most one bite.
    pub fn bite(&mut self, socket: BorrowedFd<'_>) -> Result<Bite, PumpError> {
        if self.sendfile
            && let Blob::File { file, .. } = &self.blob
        {
            let left = self.end.saturating_sub(self.at);
            if left == 0 {
                return Ok(Bite::Over);
            }
            let mut from = self.at;
            let count = usize::try_from(left.min(self.most)).expect("at most a bite");
            match rustix::fs::sendfile(socket, file.as_fd(), Some(&mut from), count) {
                Ok(0) => return Err(PumpError::File(shrank(self.at))),
                Ok(n) => {
                    self.at += n as u64;
                    self.wire += n as u64;
                    return Ok(Bite::Moved(n));
                }
                Err(Errno::AGAIN) => return Ok(Bite::Blocked),
                Err(Errno::INTR) => return Ok(Bite::Moved(0)),
                // The file system has no sendfile: buffers from here on.
                Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => self.sendfile = false,
                Err(e @ Errno::IO) => return Err(PumpError::File(e.into())),
                Err(e) => return Err(PumpError::Socket(e.into())),
            }
        }
        self.bite_of(BUFFER, |octets| Ok(rustix::net::send(socket, octets, SendFlags::NOSIGNAL)?))
    }

    /// The same through whatever takes octets, such as TLS: `write` says how many it took.
    pub fn bite_through(
        &mut self,
        write: impl FnOnce(&[u8]) -> io::Result<usize>,
    ) -> Result<Bite, PumpError> {
        self.bite_of(THROUGH, write)
    }

    fn bite_of(
        &mut self,
        room: usize,
        write: impl FnOnce(&[u8]) -> io::Result<usize>,
    ) -> Result<Bite, PumpError> {
        if self.sent == self.buffer.len() && !self.refill(room)? {
            return Ok(Bite::Over);
        }
        let waits = &self.buffer[self.sent..];
        let bite = &waits[..waits.len().min(usize::try_from(self.most).expect("at most a bite"))];
        match write(bite) {
            Ok(n) => {
                self.sent += n;
                self.wire += n as u64;
                Ok(Bite::Moved(n))
            }
            Err(e) => postponed(e),
        }
    }

    /// Takes `room` octets of the blob at most. False: it is at its end.
    fn refill(&mut self, room: usize) -> Result<bool, PumpError> {
        self.sent = 0;
        loop {
            let left = self.end.saturating_sub(self.at);
            if left == 0 {
                self.buffer.clear();
                // Of an empty file too: it may have a mark of its end.
                self.finish()?;
                return Ok(!self.buffer.is_empty());
            }
            let want = usize::try_from(left).unwrap_or(room).min(room);
            let mut raw = std::mem::take(&mut self.buffer);
            raw.resize(want, 0);
            let n = self.blob.read_at(self.at, &mut raw).map_err(PumpError::File)?;
            if n == 0 {
                return Err(PumpError::File(shrank(self.at)));
            }
            raw.truncate(n);
            self.at += n as u64;
            match &mut self.convert {
                None => self.buffer = raw,
                Some(convert) => {
                    let mut rest = raw.as_slice();
                    while !rest.is_empty() {
                        let took = convert.push(rest, &mut self.buffer).map_err(PumpError::File)?;
                        rest = &rest[took..];
                    }
                    if self.at == self.end {
                        self.finish()?;
                    }
                }
            }
            if !self.buffer.is_empty() {
                return Ok(true);
            }
        }
    }
}

/// Never more than once.
impl Outgoing {
    fn finish(&mut self) -> Result<(), PumpError> {
        let finished = std::mem::replace(&mut self.finished, true);
        match self.convert.as_mut().filter(|_| !finished) {
            Some(convert) => convert.finish(&mut self.buffer).map_err(PumpError::File),
            None => Ok(()),
        }
    }
}

/// What it means that the socket, or TLS over it, moved nothing.
fn postponed(e: io::Error) -> Result<Bite, PumpError> {
    match e.kind() {
        io::ErrorKind::WouldBlock => Ok(Bite::Blocked),
        io::ErrorKind::Interrupted => Ok(Bite::Moved(0)),
        _ => Err(PumpError::Socket(e)),
    }
}

fn shrank(at: u64) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, format!("the file became shorter than {at} octets"))
}

/// Octets coming in.
pub struct Incoming {
    at: u64,
    wire: u64,
    convert: Option<Box<dyn Convert>>,
    pipe: Option<(OwnedFd, OwnedFd)>,
    tried_pipe: bool,
    raw: Vec<u8>,
    converted: Vec<u8>,
    spliced: bool,
    ended: bool,
    most: usize,
}

impl Incoming {
    /// The first octet belongs at `offset`.
    pub fn new(offset: u64, convert: Option<Box<dyn Convert>>) -> Incoming {
        Incoming {
            at: offset,
            wire: 0,
            tried_pipe: convert.is_some(),
            convert,
            pipe: None,
            raw: Vec::new(),
            converted: Vec::new(),
            spliced: false,
            ended: false,
            most: PIPE,
        }
    }

    /// From now on a bite moves so many octets of the wire at most: what a rate leaves.
    pub fn at_most(&mut self, octets: u64) {
        self.most = usize::try_from(octets).unwrap_or(PIPE).clamp(1, PIPE);
    }

    /// Octets of the wire so far.
    pub fn wire(&self) -> u64 {
        self.wire
    }

    /// One past the last octet written.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Whether octets went into the sink's descriptor and not through `write_at`.
    pub fn is_spliced(&self) -> bool {
        self.spliced
    }

    /// Whether what came told its own end: it is over without the peer's FIN.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Takes what the socket has, at most a pipe's worth, and writes it.
    pub fn bite(&mut self, socket: BorrowedFd<'_>, sink: &mut dyn Sink) -> Result<Bite, PumpError> {
        // A pipe costs some microseconds: small files do without.
        if !self.tried_pipe && self.wire >= BUFFER as u64 {
            self.tried_pipe = true;
            if sink.fd().is_some() {
                self.pipe = wide_pipe();
            }
        }
        if let (Some((out, into)), Some(file)) = (&self.pipe, sink.fd()) {
            let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
            let n = match rustix::pipe::splice(socket, None, into.as_fd(), None, self.most, flags) {
                Ok(0) => return self.over(sink),
                Ok(n) => n,
                Err(Errno::AGAIN) => return Ok(Bite::Blocked),
                Err(Errno::INTR) => return Ok(Bite::Moved(0)),
                Err(e) => return Err(PumpError::Socket(e.into())),
            };
            self.spliced = true;
            let end = self.at + n as u64;
            let mut at = self.at;
            while at < end {
                let want = usize::try_from(end - at).expect("a pipe's worth");
                match rustix::pipe::splice(out.as_fd(), None, file, Some(&mut at), want, SpliceFlags::MOVE) {
                    Ok(0) => return Err(PumpError::File(io::ErrorKind::WriteZero.into())),
                    Ok(_) => {}
                    Err(Errno::INTR) => {}
                    Err(e) => return Err(PumpError::File(e.into())),
                }
            }
            self.at = end;
            self.wire += n as u64;
            return Ok(Bite::Moved(n));
        }
        self.bite_of(BUFFER, sink, |room| Ok(rustix::net::recv(socket, room, RecvFlags::empty())?.0))
    }

    /// The same through whatever gives octets, such as TLS: `read` says how many there are, 0 at their end.
    pub fn bite_through(
        &mut self,
        sink: &mut dyn Sink,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> Result<Bite, PumpError> {
        self.bite_of(THROUGH, sink, read)
    }

    fn bite_of(
        &mut self,
        room: usize,
        sink: &mut dyn Sink,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> Result<Bite, PumpError> {
        if self.ended {
            return Ok(Bite::Over);
        }
        let room = self.most.min(room);
        // Who says that less comes pays for less.
        if self.raw.len() < room {
            self.raw.resize(room, 0);
        }
        match read(&mut self.raw[..room]) {
            Ok(0) => self.over(sink),
            Ok(n) => {
                self.wire += n as u64;
                if self.convert.is_some() {
                    self.convert_in(n, sink)?;
                } else {
                    sink.write_at(self.at, &self.raw[..n]).map_err(PumpError::File)?;
                    self.at += n as u64;
                }
                Ok(Bite::Moved(n))
            }
            Err(e) => postponed(e),
        }
    }

    /// Writes what the first `n` raw octets are; however much that is, in pieces that are not.
    fn convert_in(&mut self, n: usize, sink: &mut dyn Sink) -> Result<(), PumpError> {
        let Some(convert) = &mut self.convert else { return Ok(()) };
        let mut rest = &self.raw[..n];
        loop {
            self.converted.clear();
            let took = convert.push(rest, &mut self.converted).map_err(PumpError::Content)?;
            rest = &rest[took..];
            if self.converted.is_empty() {
                match (rest, took) {
                    ([], _) => break,
                    // Whoever neither takes nor gives never will.
                    (_, 0) => return Err(PumpError::Content(io::Error::other("a conversion stands still"))),
                    _ => continue,
                }
            }
            sink.write_at(self.at, &self.converted).map_err(PumpError::File)?;
            self.at += self.converted.len() as u64;
        }
        if convert.is_over() {
            self.ended = true;
            self.over(sink)?;
        }
        Ok(())
    }

    fn over(&mut self, sink: &mut dyn Sink) -> Result<Bite, PumpError> {
        if let Some(convert) = &mut self.convert {
            self.converted.clear();
            convert.finish(&mut self.converted).map_err(PumpError::Content)?;
            sink.write_at(self.at, &self.converted).map_err(PumpError::File)?;
            self.at += self.converted.len() as u64;
            self.converted.clear();
        }
        Ok(Bite::Over)
    }
}

/// A pipe of [`PIPE`] octets; none where the kernel refuses so much (pipe-user-pages-soft).
fn wide_pipe() -> Option<(OwnedFd, OwnedFd)> {
    let (out, into) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).ok()?;
    let size = rustix::pipe::fcntl_setpipe_size(&into, PIPE).ok()?;
    (size >= PIPE).then_some((out, into))
}

#[cfg(test)]
mod tests;
