//! A connection's socket, clear or under TLS. Nothing here waits but [`Wire::ready`].

use gate::store::Blob;
use rustix::net::{RecvFlags, SendFlags};
use socket2::SockRef;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;
use transport::pump::{Bite, Outgoing, PumpError};
use transport::tls::{Identity, Tls};

/// Octets of a file that are read for TLS at once: some 16 records.
const BUFFER: usize = 256 << 10;

pub(super) struct Wire {
    stream: TcpStream,
    tls: Option<Box<Tls>>,
}

/// A run of a file on its way.
pub(super) enum Run {
    /// The kernel or a buffer moves it.
    Clear(Box<Outgoing>),
    /// Octets are read, and go through TLS.
    Tls {
        /// The file.
        blob: Blob,
        /// The next octet to read.
        at: u64,
        /// Where it ends.
        end: u64,
        /// What was read and is not with TLS yet, from `taken` on.
        buffer: Vec<u8>,
        /// How much of it is.
        taken: usize,
    },
}

impl Wire {
    pub(super) fn new(stream: TcpStream, identity: Option<&Identity>) -> io::Result<Wire> {
        let tls = identity.map(Tls::new).transpose()?.map(Box::new);
        Ok(Wire { stream, tls })
    }

    /// Waits until something can be read or written, of what is wanted.
    pub(super) async fn ready(&self, reads: bool, writes: bool) -> io::Result<Ready> {
        let writes = writes || self.tls.as_ref().is_some_and(|tls| tls.wants_write());
        match (reads, writes) {
            (true, true) => self.stream.ready(Interest::READABLE | Interest::WRITABLE).await,
            (true, false) => self.stream.ready(Interest::READABLE).await,
            (false, true) => self.stream.ready(Interest::WRITABLE).await,
            (false, false) => std::future::pending().await,
        }
    }

    /// 0: the peer sends no more.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Wire { stream, tls } = self;
        match tls {
            None => {
                // Less than there was room for: there is no more. Told so, the stream is not asked again in vain.
                let mut got = None;
                let asked = stream.try_io(Interest::READABLE, || {
                    let (n, _) = rustix::net::recv(&*stream, &mut *buffer, RecvFlags::empty())?;
                    got = Some(n);
                    if n > 0 && n < buffer.len() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(n) }
                });
                got.map_or(asked, Ok)
            }
            Some(tls) => stream.try_io(Interest::READABLE, || tls.read(stream.as_fd(), buffer)),
        }
    }

    /// `more`: what follows comes at once, and belongs into the same packet.
    pub(super) fn write(&mut self, octets: &[u8], more: bool) -> io::Result<usize> {
        let Wire { stream, tls } = self;
        match tls {
            None => {
                let flags = if more { SendFlags::NOSIGNAL | SendFlags::MORE } else { SendFlags::NOSIGNAL };
                stream.try_io(Interest::WRITABLE, || Ok(rustix::net::send(&*stream, octets, flags)?))
            }
            Some(tls) => stream.try_io(Interest::WRITABLE, || tls.write(stream.as_fd(), octets)),
        }
    }

    /// Sends what TLS holds; whether there is nothing left.
    pub(super) fn flush(&mut self) -> io::Result<bool> {
        let Wire { stream, tls } = self;
        let Some(tls) = tls else { return Ok(true) };
        if !tls.wants_write() {
            return Ok(true);
        }
        match stream.try_io(Interest::WRITABLE, || tls.flush(stream.as_fd())) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(e) => Err(e),
        }
    }

    pub(super) fn run(&self, blob: Blob, from: u64, len: u64) -> Run {
        match self.tls {
            None => Run::Clear(Box::new(Outgoing::new(blob, from, None).up_to(from + len))),
            Some(_) => Run::Tls { blob, at: from, end: from + len, buffer: Vec::new(), taken: 0 },
        }
    }

    /// Sends some of a run, at most `most` octets where it is under a rate.
    pub(super) fn bite(&mut self, run: &mut Run, most: Option<u64>) -> Result<Bite, PumpError> {
        let Wire { stream, tls } = self;
        let moved = match (run, tls) {
            (Run::Clear(out), _) => {
                if let Some(most) = most {
                    out.at_most(most);
                }
                stream.try_io(Interest::WRITABLE, || unblocked(out.bite(stream.as_fd())))
            }
            (Run::Tls { blob, at, end, buffer, taken }, Some(tls)) => {
                if *taken == buffer.len() {
                    let left = usize::try_from(*end - *at).unwrap_or(BUFFER).min(BUFFER);
                    if left == 0 {
                        return Ok(Bite::Over);
                    }
                    buffer.resize(left, 0);
                    let n = blob.read_at(*at, buffer).map_err(PumpError::File)?;
                    if n == 0 {
                        return Err(PumpError::File(io::ErrorKind::UnexpectedEof.into()));
                    }
                    buffer.truncate(n);
                    *at += n as u64;
                    *taken = 0;
                }
                let waits = &buffer[*taken..];
                let most = most.map_or(BUFFER, |most| usize::try_from(most.max(1)).unwrap_or(BUFFER));
                let waits = &waits[..waits.len().min(most)];
                match stream.try_io(Interest::WRITABLE, || tls.write(stream.as_fd(), waits)) {
                    Ok(n) => {
                        *taken += n;
                        Ok(Ok(Bite::Moved(n)))
                    }
                    Err(e) => Err(e),
                }
            }
            (Run::Tls { .. }, None) => unreachable!("a run is made for the wire that it goes over"),
        };
        match moved {
            Ok(bite) => bite,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(Bite::Blocked),
            Err(e) => Err(PumpError::Socket(e)),
        }
    }

    pub(super) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Ends in order: everything is sent, then a FIN. What the peer still sends is read, or our close would be a
    /// RST that overtakes the last response (RFC 9112 §9.6).
    pub(super) async fn close(mut self, patience: Duration) {
        let rest = async {
            if let Some(tls) = &mut self.tls {
                tls.close();
            }
            while !self.flush().unwrap_or(true) {
                if self.stream.writable().await.is_err() {
                    return;
                }
            }
            let _ = SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write);
            let mut buffer = [0u8; 4_096];
            // So much at most: whoever sends on and on is cut.
            for _ in 0..256 {
                if self.stream.readable().await.is_err() {
                    return;
                }
                match self.stream.try_read(&mut buffer) {
                    Ok(0) => return,
                    Ok(_) => {}
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
            }
        };
        let _ = tokio::time::timeout(patience, rest).await;
    }

    /// Ends at once with a RST: the peer must not take what it has for whole.
    pub(super) fn cut(self) {
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}

/// `try_io` learns from WouldBlock that it must wait again.
fn unblocked(bite: Result<Bite, PumpError>) -> io::Result<Result<Bite, PumpError>> {
    match bite {
        Ok(Bite::Blocked) => Err(io::ErrorKind::WouldBlock.into()),
        other => Ok(other),
    }
}
