//! A connection of FTP or HTTP, clear or under TLS. Nothing here waits but [`Conn::secure`], [`Conn::flush`] and
//! [`Conn::finish`].

use crate::{ClientError, Phase, dial};
use rustix::event::{PollFd, PollFlags};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};
use store::Sink;
use transport::Cancel;
use transport::pump::{Bite, Incoming, Outgoing, PumpError};
use transport::tls::Tls;
use transport::tls_client::Session;

/// How long something may take, and whom that is about.
#[derive(Clone, Copy)]
pub(crate) struct Patience<'a> {
    pub(crate) peer: SocketAddr,
    pub(crate) most: Duration,
    pub(crate) cancel: Option<&'a Cancel>,
}

pub(crate) struct Conn {
    stream: TcpStream,
    tls: Option<Box<Tls>>,
}

impl Conn {
    pub(crate) fn new(stream: TcpStream) -> Conn {
        Conn { stream, tls: None }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Version and cipher, under TLS.
    pub(crate) fn agreed(&self) -> Option<(String, String)> {
        self.tls.as_ref().and_then(|tls| tls.agreed())
    }

    /// Whether TLS went on from an earlier session.
    pub(crate) fn is_resumed(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_resumed())
    }

    /// Puts it under TLS towards this host; `is_pinned`: `session` believes one certificate only.
    pub(crate) fn secure(
        &mut self,
        session: &Session,
        host: &str,
        is_pinned: bool,
        patience: Patience<'_>,
    ) -> Result<(), ClientError> {
        let (peer, deadline) = (patience.peer, Instant::now() + patience.most);
        let mut tls = session.connection(host).map_err(ClientError::Network)?;
        loop {
            match tls.shake(self.stream.as_fd()) {
                Ok(()) => break,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) if e.kind() == io::ErrorKind::InvalidData => {
                    let what = e.to_string();
                    let why = what.strip_prefix("invalid peer certificate: ");
                    return Err(match (session.shown(), why) {
                        (Some(fingerprint), Some(why)) => {
                            let why = match is_pinned {
                                true => String::from("it is not the one whose fingerprint was given"),
                                false => why.to_owned(),
                            };
                            ClientError::Certificate { peer, fingerprint, why }
                        }
                        _ => ClientError::Protocol { peer, what: format!("expected TLS: {what}") },
                    });
                }
                Err(e) => return Err(ClientError::Network(e)),
            }
            self.wait(PollFlags::IN, tls.wants_write(), deadline, patience)?;
        }
        self.tls = Some(Box::new(tls));
        Ok(())
    }

    fn wait(
        &self,
        for_what: PollFlags,
        writes: bool,
        deadline: Instant,
        patience: Patience<'_>,
    ) -> Result<(), ClientError> {
        let flags = if writes { for_what | PollFlags::OUT } else { for_what };
        let fds = [PollFd::new(&self.stream, flags)];
        if !dial::wait(&fds, patience.cancel, Some(deadline))? && Instant::now() >= deadline {
            let (peer, phase) = (patience.peer, Phase::BeforeAnswer);
            return Err(ClientError::TimedOut { peer, phase, seconds: patience.most.as_secs() });
        }
        Ok(())
    }

    /// Reads what has come until now, and drops it.
    pub(crate) fn hear_out(&mut self) {
        let mut room = [0; 4_096];
        while self.read(&mut room).is_ok_and(|n| n > 0) {}
    }

    /// 0: the peer sends no more.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.stream.read(buffer),
            // An end without close_notify is one too: what it is worth is the last reply's business.
            Some(tls) => match tls.read(self.stream.as_fd(), buffer) {
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                other => other,
            },
        }
    }

    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.stream.write(octets),
            Some(tls) => tls.write(self.stream.as_fd(), octets),
        }
    }

    /// Sends some of what goes out.
    pub(crate) fn send(&mut self, out: &mut Outgoing) -> Result<Bite, PumpError> {
        let Conn { stream, tls } = self;
        match tls {
            None => out.bite(stream.as_fd()),
            Some(tls) => out.bite_through(|octets| tls.write(stream.as_fd(), octets)),
        }
    }

    /// Takes some of what comes in. Under TLS an end that the peer has not announced is an
    /// [`io::ErrorKind::UnexpectedEof`].
    pub(crate) fn receive(
        &mut self,
        incoming: &mut Incoming,
        sink: &mut dyn Sink,
    ) -> Result<Bite, PumpError> {
        let Conn { stream, tls } = self;
        match tls {
            None => incoming.bite(stream.as_fd(), sink),
            Some(tls) => incoming.bite_through(sink, |room| tls.read(stream.as_fd(), room)),
        }
    }

    /// What TLS holds goes out.
    pub(crate) fn flush(&mut self, patience: Patience<'_>) -> Result<io::Result<()>, ClientError> {
        let deadline = Instant::now() + patience.most;
        while let Some(tls) = &mut self.tls {
            match tls.flush(self.stream.as_fd()) {
                Ok(()) => break,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Ok(Err(e)),
            }
            self.wait(PollFlags::OUT, true, deadline, patience)?;
        }
        Ok(Ok(()))
    }

    /// The last octet is out: what TLS holds goes too, then its close_notify, then a FIN, which tells the truth from here
    /// on.
    pub(crate) fn finish(&mut self, patience: Patience<'_>) -> Result<io::Result<()>, ClientError> {
        if let Some(tls) = &mut self.tls {
            tls.close();
        }
        if let Err(e) = self.flush(patience)? {
            return Ok(Err(e));
        }
        let socket = SockRef::from(&self.stream);
        Ok(socket.set_linger(None).and_then(|()| self.stream.shutdown(Shutdown::Write)))
    }
}
