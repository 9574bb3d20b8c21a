//! Data connections, through the [`crate::Wire`]: what is named and what is real.

use crate::dial::{Ends, connect};
use crate::{ClientError, Options, proxy};
use ftp_proto::addr::{format_eprt, format_port, parse_227, parse_eprt, parse_port};
use ftp_proto::client::Target;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;
use transport::tap;

/// Why there is no data connection.
pub(super) enum Unmade {
    Failed(String),
    Cancelled,
}

/// The data connection that the server wants.
///
/// Always to the control connection's host: an address in a 227 that differs is a mistake of a server
/// behind address translation, or an attempt to make us connect elsewhere. Only a wire that maps it is
/// believed. A proxy is asked for the host as it was for the control connection, and for the port that was told.
pub(super) fn data(
    target: Target,
    host: &str,
    control: &Ends,
    options: &Options,
) -> Result<(TcpStream, Ends), Unmade> {
    let unmade = |e| match e {
        ClientError::Cancelled => Unmade::Cancelled,
        e => Unmade::Failed(ClientError::to_string(&e)),
    };
    if let Some(proxy) = options.proxy_for(host) {
        let port = match target {
            Target::Port(port) => port,
            Target::Told(addr) => addr.port(),
        };
        let patience = options.ftp.connect_timeout;
        let (stream, ends) =
            proxy::reach(proxy, (host, port), options, patience, tap::next_flow()).map_err(unmade)?;
        // The server's host as the control connection speaks of it.
        let peer = SocketAddr::new(control.peer.ip(), port);
        return Ok((stream, Ends { peer, real_peer: peer, ..ends }));
    }
    let (named, real) = match target {
        Target::Port(port) => (SocketAddr::new(control.peer.ip(), port), None),
        Target::Told(addr) => {
            let addr = SocketAddr::V4(addr);
            let home = addr.ip() == control.peer.ip() || addr.ip() == control.real_peer.ip();
            match options.wire.real(addr) {
                Ok(real) if !home && real != addr => (addr, Some(real)),
                _ => (SocketAddr::new(control.peer.ip(), addr.port()), None),
            }
        }
    };
    let real = match (real, options.wire.real(named)) {
        (Some(real), _) => Some(real),
        // A table that names only the well-known port: the data port is on the same host.
        (None, Ok(real)) if real == named && control.peer.ip() != control.real_peer.ip() => {
            Some(SocketAddr::new(control.real_peer.ip(), named.port()))
        }
        (None, _) => None,
    };
    let mut named = named;
    if let (SocketAddr::V6(to), SocketAddr::V6(peer)) = (&mut named, control.peer) {
        to.set_scope_id(peer.scope_id());
    }
    connect(named, real, options, options.ftp.connect_timeout).map_err(unmade)
}

/// Listens where the control connection comes from. Gives the real address that the server is to be told.
pub(super) fn listen(control: &Ends, options: &Options) -> io::Result<(TcpListener, SocketAddr)> {
    let mut at = control.real_local;
    at.set_port(options.ftp.active_port);
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&at.into())?;
    socket.listen(4)?;
    let listener = TcpListener::from(socket);
    let told = options.wire.reached_at(listener.local_addr()?);
    Ok((listener, told))
}

/// The server's data connection; none yet, or one from elsewhere, which is turned away.
pub(super) fn accept(
    listener: &TcpListener,
    control: &Ends,
    options: &Options,
) -> Result<Option<(TcpStream, Ends)>, ClientError> {
    match listener.accept() {
        Ok((stream, from)) if from.ip() == control.real_peer.ip() => {
            stream.set_nonblocking(true).map_err(ClientError::Network)?;
            let real_local = stream.local_addr().map_err(ClientError::Network)?;
            let local = options.wire.named(real_local);
            // The server's data port is on the host that we know by its name; the wire may know the port
            // as well (20).
            let peer = match options.wire.named(from) {
                named if named.ip() == control.peer.ip() => named,
                _ => SocketAddr::new(control.peer.ip(), from.port()),
            };
            Ok(Some((stream, Ends { local, peer, real_local, real_peer: from, round_trip: Duration::ZERO })))
        }
        Ok(_) => Ok(None),
        Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
        Err(e) => Err(ClientError::Network(e)),
    }
}

/// A control line with the named address in place of the real one in PORT, EPRT and 227.
pub(super) fn named_line(line: &[u8], control: &Ends, options: &Options) -> Vec<u8> {
    if control.peer == control.real_peer && control.local == control.real_local {
        return line.to_vec();
    }
    if let Some(arg) = line.strip_prefix(b"PORT ")
        && let Ok(addr) = parse_port(arg)
        && let SocketAddr::V4(named) = options.wire.named(SocketAddr::V4(addr))
    {
        return format!("PORT {}", format_port(named)).into_bytes();
    }
    if let Some(arg) = line.strip_prefix(b"EPRT ")
        && let Ok(addr) = parse_eprt(arg)
    {
        return format!("EPRT {}", format_eprt(options.wire.named(addr))).into_bytes();
    }
    if line.starts_with(b"227 ")
        && let Some(addr) = parse_227(&line[4..])
        && IpAddr::V4(*addr.ip()) == control.real_peer.ip()
        && let IpAddr::V4(ip) = control.peer.ip()
    {
        let named = std::net::SocketAddrV4::new(ip, addr.port());
        return format!("227 Entering Passive Mode ({}).", format_port(named)).into_bytes();
    }
    line.to_vec()
}
