//! How a data connection comes about: the client makes it to a port of ours, or we to one of the client's.

use super::data::Data;
use super::ports::turn_away;
use super::{DataPorts, FtpConfig, proxied, refusal};
use crate::address::canonical;
use ftp_proto::server::Via;
use gate::Refusal;
use gate::store::no_descriptors;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use transport::tap::{Dir, Role, What};

/// A data connection that has come about.
pub(super) struct Came {
    socket: Socket,
    /// Ours and the peer's, for the tap: after a reset nobody knows the peer any more.
    pub(super) ends: (SocketAddr, SocketAddr),
    /// With a host that is not the client, by the owner's leave.
    pub(super) is_other: bool,
}

enum Socket {
    /// Not yet the runtime's: that costs as much as sending a small file.
    Fresh(OwnedFd),
    Known(TcpStream),
}

impl Came {
    /// Gives it to the runtime.
    pub(super) fn stream(self) -> io::Result<TcpStream> {
        match self.socket {
            Socket::Fresh(socket) => TcpStream::from_std(socket.into()),
            Socket::Known(stream) => Ok(stream),
        }
    }
}

impl Socket {
    /// The same, and the runtime knows it.
    fn known(&mut self) -> io::Result<&mut TcpStream> {
        if let Socket::Fresh(socket) = self {
            *self = Socket::Known(TcpStream::from_std(socket.try_clone()?.into())?);
        }
        match self {
            Socket::Known(stream) => Ok(stream),
            Socket::Fresh(_) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Fresh(socket) => socket.as_fd(),
            Socket::Known(stream) => stream.as_fd(),
        }
    }
}

impl AsFd for Came {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// How long a proxy may take to say for whom a data connection is: others wait behind it.
const HEADER: Duration = Duration::from_secs(5);

impl Data {
    pub(super) async fn connection(&self, config: &FtpConfig) -> Result<Came, String> {
        let patience = config.connect;
        let made = match self.via {
            Via::Accept => timeout(patience, self.accept(config)).await,
            Via::Connect(to) => timeout(patience, self.connect(to, config)).await,
        };
        match (made, self.via) {
            (Ok(made), _) => made,
            (Err(_), Via::Accept) => Err(format!(
                "nobody connected to our port within {} s; is a firewall between, or active mode wanted?",
                patience.as_secs()
            )),
            (Err(_), Via::Connect(to)) => Err(format!(
                "{to} does not answer within {} s; behind a firewall use passive mode.",
                patience.as_secs()
            )),
        }
    }

    /// Whether the owner lets it take the client's place.
    fn takes_from(&self, other: SocketAddr) -> bool {
        let other = canonical(other);
        self.session.as_ref().is_some_and(|session| session.takes_from(other))
    }

    /// RFC 2577 §3: nobody but the control connection's peer. Strangers are turned away and the listener
    /// goes on.
    async fn accept(&self, config: &FtpConfig) -> Result<Came, String> {
        let Some(listener) = &self.listener else { return Err(String::from("the listener is gone.")) };
        loop {
            let (socket, from) = listener.accept().await.map_err(|e| said(&e))?;
            let mut socket = Socket::Fresh(socket);
            let by_proxy = config.is_proxy(from.ip()) && self.is_by_proxy(&mut socket).await;
            let is_other = !by_proxy && from.ip().to_canonical() != self.peer.ip();
            if !is_other || self.takes_from(from) {
                // Nobody but the tap wants to know.
                let local = self.tap.as_ref().and_then(|_| listener.address().ok());
                let local = local.unwrap_or(self.local);
                self.see(local, from, Dir::Received, What::Connected { role: Role::Data });
                return Ok(Came { socket, ends: (local, from), is_other });
            }
            self.see(self.local, from, Dir::Received, What::ConnectFailed { why: "not the control peer" });
            turn_away(&socket);
        }
    }

    /// Whether a proxy says that this is the control peer's.
    async fn is_by_proxy(&self, socket: &mut Socket) -> bool {
        let Ok(stream) = socket.known() else { return false };
        timeout(HEADER, proxied::is_for(stream, self.peer.ip())).await == Ok(true)
    }

    async fn connect(&self, to: SocketAddr, config: &FtpConfig) -> Result<Came, String> {
        let (to, port) = (scoped(to, self.peer), config.active_port);
        let failed = |e: io::Error| format!("{to}: {}", said(&e));
        let mut ports = vec![port];
        // Port 20 may be forbidden to us, or still held by a connection to the same place.
        if port != 0 {
            ports.push(0);
        }
        let mut last = None;
        for port in ports {
            match attempt(config.ports.as_ref(), SocketAddr::new(self.local.ip(), port), to).await {
                Ok(stream) => {
                    let local = stream.local_addr().unwrap_or(self.local);
                    self.see(local, to, Dir::Sent, What::Connected { role: Role::Data });
                    let is_other = to.ip().to_canonical() != self.peer.ip();
                    return Ok(Came { socket: Socket::Known(stream), ends: (local, to), is_other });
                }
                Err(e) => {
                    let ours = matches!(
                        e.kind(),
                        io::ErrorKind::PermissionDenied
                            | io::ErrorKind::AddrInUse
                            | io::ErrorKind::AddrNotAvailable
                    );
                    last = Some(e);
                    if !ours {
                        break;
                    }
                }
            }
        }
        Err(last.map_or_else(String::new, failed))
    }
}

async fn attempt(
    ports: Option<&Arc<dyn DataPorts>>,
    from: SocketAddr,
    to: SocketAddr,
) -> io::Result<TcpStream> {
    if let Some(ports) = ports.cloned() {
        let asked = move || ports.connect(from, to);
        let stream = TcpStream::from_std(tokio::task::spawn_blocking(asked).await??)?;
        stream.writable().await?;
        return stream.take_error()?.map_or(Ok(stream), Err);
    }
    let port = from.port();
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if port != 0 {
        socket.set_reuseaddr(true)?;
    }
    // A link-local address of ours cannot be bound without its interface; then the system chooses.
    if to.is_ipv4() || to.ip().is_loopback() || port != 0 {
        socket.bind(from)?;
    }
    socket.connect(to).await
}

/// An EPRT says no interface; a link-local address is on the control connection's.
fn scoped(to: SocketAddr, peer: SocketAddr) -> SocketAddr {
    match (to, peer) {
        (SocketAddr::V6(mut to), SocketAddr::V6(peer)) => {
            to.set_scope_id(peer.scope_id());
            SocketAddr::V6(to)
        }
        (to, _) => to,
    }
}

/// What the system said, in words that name nothing of this host.
fn said(e: &io::Error) -> String {
    if no_descriptors(e) { refusal::reply(&Refusal::NO_DESCRIPTORS).1 } else { format!("{}.", e.kind()) }
}
