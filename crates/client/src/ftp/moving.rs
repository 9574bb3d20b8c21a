//! The data connection: made as the machine wants it, moved a few bites at a time, closed as its end deserves.

use super::link::connecting;
use super::look::Told;
use super::net::{self, Unmade};
use super::run::{Data, Load, Pump, Run};
use crate::ClientError;
use crate::conn::{Conn, Patience};
use crate::dial::Ends;
use ftp_proto::ascii::{FromWire, ToWire};
use ftp_proto::client::Target;
use socket2::SockRef;
use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use transport::pump::{Bite, Convert, Incoming, Outgoing, PumpError};
use transport::tap::{Dir, Role, What};
use transport::tls_client::Trust;

/// Why nobody listens.
const NO_ACTIVE: &str = "no server can connect to us through a proxy: use passive mode";

impl Run<'_, '_> {
    pub(super) fn connect(&mut self, target: Target) -> Result<(), ClientError> {
        match net::data(target, &self.link.host, &self.link.ends, &self.link.options) {
            Ok((stream, ends)) => {
                self.link.see(ends, Dir::Sent, What::Connected { role: Role::Data });
                self.opened(stream, ends)?;
                let now = self.link.now();
                self.link.machine.data_ready(now);
            }
            Err(Unmade::Failed(why)) => {
                self.link.see(self.link.ends, Dir::Here, What::ConnectFailed { why: &why });
                let now = self.link.now();
                self.link.machine.data_failed(now, &why);
            }
            Err(Unmade::Cancelled) => return Err(ClientError::Cancelled),
        }
        Ok(())
    }

    pub(super) fn listen(&mut self) -> Result<(), ClientError> {
        let now = self.link.now();
        if self.link.options.proxy_for(&self.link.host).is_some() {
            self.link.machine.data_failed(now, NO_ACTIVE);
            return Ok(());
        }
        match net::listen(&self.link.ends, &self.link.options) {
            Ok((listener, real)) => {
                self.data = Data::Listening(listener);
                // The server is told where we really are; the tap shows the named address.
                self.link.machine.listening(now, real);
            }
            Err(e) => self.link.machine.data_failed(now, &format!("cannot listen for the server: {e}")),
        }
        Ok(())
    }

    fn opened(&mut self, stream: TcpStream, ends: Ends) -> Result<(), ClientError> {
        if let Load::From(_) = self.load {
            SockRef::from(&stream).set_linger(Some(Duration::ZERO)).map_err(ClientError::Network)?;
        }
        self.data = Data::Open(Conn::new(stream), ends);
        Ok(())
    }

    pub(super) fn begin(&mut self, start: u64) -> Result<(), ClientError> {
        if let (Data::Open(conn, ends), Some(session)) = (&mut self.data, &self.link.session)
            && !conn.is_tls()
        {
            let own = match self.link.is_stranger {
                true => Trust::session(self.link.options.ftp.pin, self.link.options.ftp.versions).ok(),
                false => None,
            };
            let session = own.as_ref().unwrap_or(session);
            let options = &self.link.options;
            let is_pinned = options.ftp.pin.is_some();
            match conn.secure(session, &self.link.host, is_pinned, connecting(ends, options)) {
                Ok(()) => {}
                // The server has a reason, and says it on the control connection.
                Err(ClientError::Network(e)) => {
                    self.broken = Some(e);
                    self.over();
                    return Ok(());
                }
                Err(e) => return Err(e),
            }
        }
        self.has_more = matches!(&self.data, Data::Open(conn, _) if conn.is_tls());
        self.link.is_unresumed =
            matches!(&self.data, Data::Open(conn, _) if conn.is_tls() && !conn.is_resumed());
        self.pump = match (&self.data, &self.load) {
            (Data::Listening(_), _) => Pump::Accepting(start),
            (Data::None | Data::Open(..), Load::From(blob)) => {
                let convert = self.is_text.then(|| Box::new(TextOut(ToWire::default())) as _);
                Pump::Out(Outgoing::new((*blob).clone(), start, convert))
            }
            (Data::None | Data::Open(..), Load::Into(_) | Load::None) => {
                let convert = self.is_text.then(|| Box::new(TextIn(FromWire::default())) as _);
                let mut incoming = Incoming::new(start, convert);
                if let Some(rest) = self.link.machine.size().and_then(|size| size.checked_sub(start)) {
                    // One more, to see the end.
                    incoming.at_most(rest.saturating_add(1));
                }
                Pump::In(incoming)
            }
        };
        Ok(())
    }

    pub(super) fn pump(&mut self) -> Result<(), ClientError> {
        if let (Data::Listening(listener), Pump::Accepting(start)) = (&self.data, &self.pump) {
            let start = *start;
            let Some((stream, ends)) = net::accept(listener, &self.link.ends, &self.link.options)? else {
                return Ok(());
            };
            self.link.see(ends, Dir::Received, What::Connected { role: Role::Data });
            self.progress = Instant::now();
            self.opened(stream, ends)?;
            self.begin(start)?;
        }
        self.has_more = false;
        // Some bites in a row, then the control connection gets its turn.
        for _ in 0..8 {
            let Data::Open(conn, ends) = &mut self.data else { return Ok(()) };
            let ends = *ends;
            if let (Pump::In(incoming), Some(until)) = (&mut self.pump, self.link.machine.until()) {
                match until.saturating_sub(incoming.position()) {
                    0 => {
                        self.over();
                        return Ok(());
                    }
                    left => incoming.at_most(left),
                }
            }
            let (bite, dir) = match (&mut self.pump, &mut self.load) {
                (Pump::Out(out), _) => (conn.send(out), Dir::Sent),
                (Pump::In(incoming), Load::Into(sink)) => (conn.receive(incoming, *sink), Dir::Received),
                _ => return Ok(()),
            };
            match bite {
                Ok(Bite::Moved(n)) => {
                    self.octets += n as u64;
                    self.progress = Instant::now();
                    self.link.see(ends, dir, What::Data { len: n, total: self.octets });
                }
                Ok(Bite::Blocked) => return Ok(()),
                Ok(Bite::Over) => {
                    if dir == Dir::Received && conn.is_tls() {
                        let is_resumed = conn.is_resumed();
                        self.link.told = Some(Told { is_resumed, has_said_end: true });
                    }
                    if dir == Dir::Sent {
                        let options = &self.link.options;
                        let (most, cancel) = (options.ftp.no_progress, options.cancel.as_ref());
                        self.broken = conn.finish(Patience { peer: ends.peer, most, cancel })?.err();
                    }
                    self.over();
                    return Ok(());
                }
                Err(PumpError::File(e) | PumpError::Content(e)) => return Err(ClientError::Local(e)),
                // Many servers end TLS without saying so; then it is the announced size that tells.
                Err(PumpError::Socket(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    let is_resumed = conn.is_resumed();
                    self.link.told = Some(Told { is_resumed, has_said_end: false });
                    if self.link.machine.size().is_none() {
                        let why =
                            "the server ended TLS without close_notify, as if it were cut, and told no size";
                        self.broken = Some(io::Error::new(e.kind(), why));
                    }
                    self.over();
                    return Ok(());
                }
                // The server has a reason, and says it on the control connection.
                Err(PumpError::Socket(e)) => {
                    self.broken = Some(e);
                    self.over();
                    return Ok(());
                }
            }
        }
        self.has_more = matches!(&self.data, Data::Open(conn, _) if conn.is_tls());
        Ok(())
    }

    fn over(&mut self) {
        let wire = match std::mem::replace(&mut self.pump, Pump::Over) {
            Pump::In(incoming) => {
                self.moved = incoming.position() - self.start();
                incoming.wire()
            }
            Pump::Out(out) => {
                self.moved = out.position() - self.start();
                out.wire()
            }
            Pump::Idle | Pump::Accepting(_) | Pump::Over => 0,
        };
        self.close_data();
        let now = self.link.now();
        self.link.machine.moved(now, wire);
    }

    fn start(&self) -> u64 {
        self.link.machine.offset()
    }

    /// Drops the data connection: by FIN after the last octet, by RST before it.
    pub(super) fn close_data(&mut self) {
        match std::mem::replace(&mut self.data, Data::None) {
            Data::Open(conn, ends) => {
                if conn.is_tls() && matches!((&self.load, &self.broken), (Load::From(_), None)) {
                    self.sent = Some(conn);
                }
                self.link.see(ends, Dir::Here, What::Closed { role: Role::Data, total: self.octets });
            }
            Data::Listening(_) | Data::None => {}
        }
    }
}

struct TextOut(ToWire);

impl Convert for TextOut {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> io::Result<usize> {
        self.0.push(octets, out);
        Ok(octets.len())
    }

    fn finish(&mut self, _out: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }
}

struct TextIn(FromWire);

impl Convert for TextIn {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> io::Result<usize> {
        self.0.push(octets, out);
        Ok(octets.len())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.0.finish(out);
        Ok(())
    }
}
