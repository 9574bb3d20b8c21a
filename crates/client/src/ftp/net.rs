//! Connecting and listening, through the [`crate::Wire`]: what is named and what is real.

use crate::{ClientError, Options, Phase, Remote, Unroutable};
use ftp_proto::addr::{format_eprt, format_port, parse_227, parse_eprt, parse_port};
use ftp_proto::client::Target;
use rustix::event::{PollFd, PollFlags, poll};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};
use transport::Cancel;
use transport::tap::{Dir, Sight, What};

/// FTP's port (RFC 959 §8).
const PORT: u16 = 21;

/// The ends of one connection: as they are spoken of, and as they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) local: SocketAddr,
    pub(super) peer: SocketAddr,
    pub(super) real_local: SocketAddr,
    pub(super) real_peer: SocketAddr,
}

/// Why there is no data connection.
pub(super) enum Unmade {
    Failed(String),
    Cancelled,
}

/// Waits until one of `fds` is ready (true), the deadline passes, or somebody cancels.
pub(super) fn wait(
    fds: &[PollFd<'_>],
    cancel: Option<&Cancel>,
    deadline: Option<Instant>,
) -> Result<bool, ClientError> {
    let mut all: Vec<PollFd<'_>> = fds.to_vec();
    if let Some(cancel) = cancel {
        all.push(PollFd::new(cancel, PollFlags::IN));
    }
    let timeout = deadline.map(|at| {
        let left = at.saturating_duration_since(Instant::now());
        // Rounded up, so that the deadline has passed when poll returns.
        let left = left + Duration::from_micros(1);
        rustix::event::Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        }
    });
    match poll(&mut all, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(e) => return Err(ClientError::Network(e.into())),
    }
    if cancel.is_some_and(Cancel::is_cancelled) {
        return Err(ClientError::Cancelled);
    }
    Ok(all[..fds.len()].iter().any(|fd| !fd.revents().is_empty()))
}

/// The control connection to the first address that answers.
pub(super) fn control(
    remote: &Remote,
    options: &Options,
    flow: u64,
) -> Result<(TcpStream, Ends), ClientError> {
    let host = remote.host.clone();
    let addresses =
        options.wire.resolve(&host).map_err(|source| ClientError::Resolve { host: host.clone(), source })?;
    let mut last = None;
    for ip in addresses {
        let named = SocketAddr::new(ip, remote.port.unwrap_or(PORT));
        match connect(named, None, options) {
            Ok(made) => return Ok(made),
            Err(ClientError::Cancelled) => return Err(ClientError::Cancelled),
            Err(e) => {
                if let Some(tap) = &options.tap {
                    let why = e.to_string();
                    let local = SocketAddr::new(unspecified(named), 0);
                    let what = What::ConnectFailed { why: &why };
                    tap.see(&Sight { at: Instant::now(), flow, local, peer: named, dir: Dir::Here, what });
                }
                last = Some(e);
            }
        }
    }
    let nothing = || io::Error::new(io::ErrorKind::NotFound, "no address at all");
    Err(last.unwrap_or_else(|| ClientError::Resolve { host, source: nothing() }))
}

/// The data connection that the server wants.
///
/// Always to the control connection's host: an address in a 227 that differs is a mistake of a server
/// behind address translation, or an attempt to make us connect elsewhere. Only a wire that maps it is
/// believed.
pub(super) fn data(target: Target, control: &Ends, options: &Options) -> Result<(TcpStream, Ends), Unmade> {
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
    connect(named, real, options).map_err(|e| match e {
        ClientError::Cancelled => Unmade::Cancelled,
        e => Unmade::Failed(e.to_string()),
    })
}

/// Connects to a named address; `real` where the wire need not be asked.
fn connect(
    named: SocketAddr,
    real: Option<SocketAddr>,
    options: &Options,
) -> Result<(TcpStream, Ends), ClientError> {
    let deadline = Instant::now() + options.ftp.connect_timeout;
    let silent = || ClientError::TimedOut {
        peer: named,
        phase: Phase::BeforeAnswer,
        seconds: options.ftp.connect_timeout.as_secs(),
    };
    let unreachable = |source: io::Error| ClientError::Unreachable { peer: named, source };
    let real = match real.map_or_else(|| options.wire.real(named), Ok) {
        Ok(real) => real,
        Err(Unroutable::Refused) => return Err(unreachable(io::ErrorKind::ConnectionRefused.into())),
        Err(Unroutable::Silent) => {
            while Instant::now() < deadline {
                wait(&[], options.cancel.as_ref(), Some(deadline))?;
            }
            return Err(silent());
        }
    };
    let socket = Socket::new(Domain::for_address(real), Type::STREAM, Some(Protocol::TCP))
        .map_err(ClientError::Network)?;
    if let Some(ip) = options.wire.bind(real) {
        socket.bind(&SocketAddr::new(ip, 0).into()).map_err(ClientError::Network)?;
    }
    socket.set_nonblocking(true).map_err(ClientError::Network)?;
    // Commands are small and awaited.
    socket.set_tcp_nodelay(true).map_err(ClientError::Network)?;
    match socket.connect(&real.into()) {
        Ok(()) => {}
        Err(e) if e.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => loop {
            let fds = [PollFd::new(&socket, PollFlags::OUT)];
            if wait(&fds, options.cancel.as_ref(), Some(deadline))? {
                if let Some(e) = socket.take_error().map_err(ClientError::Network)? {
                    return Err(unreachable(e));
                }
                break;
            }
            if Instant::now() >= deadline {
                return Err(silent());
            }
        },
        Err(e) => return Err(unreachable(e)),
    }
    let stream = TcpStream::from(socket);
    let real_local = stream.local_addr().map_err(ClientError::Network)?;
    let local = options.wire.named(real_local);
    Ok((stream, Ends { local, peer: named, real_local, real_peer: real }))
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
            Ok(Some((stream, Ends { local, peer, real_local, real_peer: from })))
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

fn unspecified(like: SocketAddr) -> IpAddr {
    match like {
        SocketAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
    }
}
