//! A connection's socket, clear or under TLS. Nothing here waits but [`Wire::ready`].

use gate::store::Sink;
use rustix::net::{RecvFlags, SendFlags};
use socket2::SockRef;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;
use transport::pump::{Bite, Incoming, Outgoing, PumpError};
use transport::tls::{Identity, Tls};

/// What is sent at once on a thread that may wait: sixteen waits at most.
const SHORT: u64 = 1 << 20;

/// A connection's socket, and its TLS where it has that.
pub(crate) struct Wire {
    stream: TcpStream,
    tls: Option<Box<Tls>>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, identity: Option<&Identity>) -> io::Result<Wire> {
        let tls = identity.map(Tls::new).transpose()?.map(Box::new);
        Ok(Wire { stream, tls })
    }

    /// Waits until something can be read or written, of what is wanted.
    pub(crate) async fn ready(&self, reads: bool, writes: bool) -> io::Result<Ready> {
        let writes = writes || self.tls.as_ref().is_some_and(|tls| tls.wants_write());
        match (reads, writes) {
            (true, true) => self.stream.ready(Interest::READABLE | Interest::WRITABLE).await,
            (true, false) => self.stream.ready(Interest::READABLE).await,
            (false, true) => self.stream.ready(Interest::WRITABLE).await,
            (false, false) => std::future::pending().await,
        }
    }

    /// 0: the peer sends no more.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
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

    /// The same where urgent data may be among it: there the kernel stops short, though more has come.
    pub(crate) fn read_urgent(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.tls {
            None => self.stream.try_read(buffer),
            Some(_) => self.read(buffer),
        }
    }

    /// `more`: what follows comes at once, and belongs into the same packet.
    pub(crate) fn write(&mut self, octets: &[u8], more: bool) -> io::Result<usize> {
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
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
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

    /// Sends some of a blob, as fast as the kernel can where there is no TLS.
    pub(crate) fn send(&mut self, out: &mut Outgoing) -> Result<Bite, PumpError> {
        let Wire { stream, tls } = self;
        let bite = stream.try_io(Interest::WRITABLE, || {
            unblocked(match tls {
                None => out.bite(stream.as_fd()),
                Some(tls) => out.bite_through(|octets| tls.write(stream.as_fd(), octets)),
            })
        });
        bitten(bite)
    }

    /// The same on a thread that may wait: for at most about `turn`, and as much as goes in it. The kernel waits
    /// for room itself then, which with many fast peers costs a fourth less than to be told of it each time.
    pub(crate) fn send_waiting(&mut self, out: &mut Outgoing, turn: Duration) -> Result<Bite, PumpError> {
        self.set_waiting(Some(turn)).map_err(PumpError::Socket)?;
        // Each wait for room ends with the turn, and a bite has many of them.
        out.at_most(SHORT);
        let (began, mut moved) = (Instant::now(), 0);
        let ended = loop {
            let Wire { stream, tls } = &mut *self;
            let bite = match tls {
                None => out.bite(stream.as_fd()),
                Some(tls) => out.bite_through(|octets| tls.write(stream.as_fd(), octets)),
            };
            match bite {
                Ok(Bite::Moved(n)) => moved += n,
                other => break other,
            }
            if began.elapsed() >= turn || out.left_of_file() == 0 {
                break Ok(Bite::Moved(moved));
            }
        };
        out.at_most(u64::MAX);
        self.set_waiting(None).map_err(PumpError::Socket)?;
        match ended {
            // The next turn finds out again.
            Ok(_) | Err(_) if moved > 0 => Ok(Bite::Moved(moved)),
            other => other,
        }
    }

    /// Whether sending waits for room, and how long.
    fn set_waiting(&mut self, most: Option<Duration>) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.set_waiting(most.is_some());
        }
        let socket = SockRef::from(&self.stream);
        socket.set_write_timeout(most)?;
        socket.set_nonblocking(most.is_none())
    }

    /// Takes some of what comes into a sink.
    pub(crate) fn receive(
        &mut self,
        incoming: &mut Incoming,
        sink: &mut dyn Sink,
    ) -> Result<Bite, PumpError> {
        let Wire { stream, tls } = self;
        let bite = stream.try_io(Interest::READABLE, || {
            unblocked(match tls {
                None => incoming.bite(stream.as_fd(), sink),
                Some(tls) => incoming.bite_through(sink, |room| tls.fill(stream.as_fd(), room)),
            })
        });
        bitten(bite)
    }

    /// Puts the connection under TLS from now on: the handshake goes on with each [`Wire::read`].
    pub(crate) fn secure(&mut self, identity: &Identity) -> io::Result<()> {
        self.tls = Some(Box::new(Tls::new(identity)?));
        Ok(())
    }

    /// The same towards a server.
    pub(crate) fn secure_towards(&mut self, tls: Tls) {
        self.tls = Some(Box::new(tls));
    }

    /// Does the whole handshake.
    pub(crate) async fn shake(&mut self) -> io::Result<()> {
        while self.tls.as_ref().is_some_and(|tls| tls.is_shaking()) {
            // A client speaks first.
            self.flush()?;
            self.ready(true, false).await?;
            let Wire { stream, tls } = self;
            let Some(tls) = tls else { return Ok(()) };
            match stream.try_io(Interest::READABLE, || tls.shake(stream.as_fd())) {
                Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether TLS is there and its handshake is not over.
    pub(crate) fn is_shaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_shaking())
    }

    /// Whether TLS went on from an earlier session.
    pub(crate) fn is_resumed(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_resumed())
    }

    /// Says that TLS is over; what was sent before goes out first.
    pub(crate) fn begin_clear(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.close();
        }
    }

    /// Takes what the peer still says under TLS; when both have said that it is over, the connection is clear.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        let Wire { stream, tls } = self;
        if let Some(secured) = tls {
            stream.try_io(Interest::READABLE, || secured.part(stream.as_fd()))?;
            *tls = None;
        }
        Ok(())
    }

    /// Its TLS, where there is some.
    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.tls.as_deref()
    }

    /// What the kernel has at this moment, whatever the runtime knows.
    pub(crate) fn look(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Wire { stream, tls } = self;
        match tls {
            None => Ok(rustix::net::recv(&*stream, buffer, RecvFlags::DONTWAIT)?.0),
            Some(tls) => tls.read(stream.as_fd(), buffer),
        }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Sends all that TLS has, and that it is all.
    pub(crate) async fn over(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.close();
        }
        while !self.flush()? {
            self.stream.writable().await?;
        }
        Ok(())
    }

    /// Ends in order: everything is sent, then a FIN. What the peer still sends is read, or our close would be a
    /// RST that overtakes the last response (RFC 9112 §9.6).
    pub(crate) async fn close(mut self, patience: Duration) {
        let rest = async {
            if self.over().await.is_err() {
                return;
            }
            let _ = SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write);
            // So much at most: whoever sends on and on is cut.
            for _ in 0..256 {
                if self.stream.readable().await.is_err() {
                    return;
                }
                // Not over the wait: each session's future would hold it from its beginning on.
                let mut buffer = [0u8; 4_096];
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
    pub(crate) fn cut(self) {
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

fn bitten(bite: io::Result<Result<Bite, PumpError>>) -> Result<Bite, PumpError> {
    match bite {
        Ok(bite) => bite,
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(Bite::Blocked),
        Err(e) => Err(PumpError::Socket(e)),
    }
}
