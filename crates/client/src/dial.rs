//! Connecting over TCP, through the [`crate::Wire`]: what is named and what is real.

use crate::{ClientError, Options, Phase, Remote, Unroutable, proxy};
use rustix::event::{PollFd, PollFlags, poll};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use transport::Cancel;
use transport::tap::{Dir, Sight, What};

/// The ends of one connection: as they are spoken of, and as they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) real_local: SocketAddr,
    pub(crate) real_peer: SocketAddr,
    /// How long the answer to SYN took, where we connected.
    pub(crate) round_trip: Duration,
}

/// Waits until one of `fds` is ready (true), the deadline passes, or somebody cancels.
pub(crate) fn wait(
    fds: &[PollFd<'_>],
    cancel: Option<&Cancel>,
    deadline: Option<Instant>,
) -> Result<bool, ClientError> {
    let mut all = fds.to_vec();
    polled(&mut all, cancel, deadline)?;
    Ok(all[..fds.len()].iter().any(|fd| !fd.revents().is_empty()))
}

/// The same of one or two: which of them are ready.
pub(crate) fn wait_for(
    fds: &[PollFd<'_>],
    cancel: Option<&Cancel>,
    deadline: Option<Instant>,
) -> Result<[bool; 2], ClientError> {
    let len = fds.len();
    let mut all = fds.to_vec();
    polled(&mut all, cancel, deadline)?;
    let is_ready = |at: usize| at < len && !all[at].revents().is_empty();
    Ok([is_ready(0), is_ready(1)])
}

fn polled<'a>(
    all: &mut Vec<PollFd<'a>>,
    cancel: Option<&'a Cancel>,
    deadline: Option<Instant>,
) -> Result<(), ClientError> {
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
    match poll(all, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(e) => return Err(ClientError::Network(e.into())),
    }
    if cancel.is_some_and(Cancel::is_cancelled) { Err(ClientError::Cancelled) } else { Ok(()) }
}

/// A connection to a server: by way of the proxy where one is for it, else to the first address that answers.
pub(crate) fn server(
    remote: &Remote,
    options: &Options,
    patience: Duration,
    flow: u64,
) -> Result<(TcpStream, Ends), ClientError> {
    let port = remote.port.unwrap_or(remote.scheme.port());
    match options.proxy_for(&remote.host) {
        Some(proxy) => proxy::reach(proxy, (&remote.host, port), options, patience, flow),
        None => host(&remote.host, port, options, patience, flow),
    }
}

/// A connection to the first address of a host that answers.
pub(crate) fn host(
    host: &str,
    port: u16,
    options: &Options,
    patience: Duration,
    flow: u64,
) -> Result<(TcpStream, Ends), ClientError> {
    let unresolved = |source| ClientError::Resolve { host: host.to_owned(), source };
    let mut last = None;
    for ip in options.wire.resolve(host).map_err(unresolved)? {
        let named = SocketAddr::new(ip, port);
        match connect(named, None, options, patience) {
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
    Err(last.unwrap_or_else(|| unresolved(io::Error::new(io::ErrorKind::NotFound, "no address at all"))))
}

/// Connects to a named address; `real` where the wire need not be asked.
pub(crate) fn connect(
    named: SocketAddr,
    real: Option<SocketAddr>,
    options: &Options,
    patience: Duration,
) -> Result<(TcpStream, Ends), ClientError> {
    let deadline = Instant::now() + patience;
    let silent =
        || ClientError::TimedOut { peer: named, phase: Phase::BeforeAnswer, seconds: patience.as_secs() };
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
    let socket = Socket::new(Domain::for_address(real), Type::STREAM.nonblocking(), Some(Protocol::TCP))
        .map_err(ClientError::Network)?;
    if let Some(ip) = options.wire.bind(real) {
        socket.bind(&SocketAddr::new(ip, 0).into()).map_err(ClientError::Network)?;
    }
    // Commands and requests are small and awaited.
    socket.set_tcp_nodelay(true).map_err(ClientError::Network)?;
    let asked = Instant::now();
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
    let (round_trip, stream) = (asked.elapsed(), TcpStream::from(socket));
    let real_local = stream.local_addr().map_err(ClientError::Network)?;
    let local = options.wire.named(real_local);
    Ok((stream, Ends { local, peer: named, real_local, real_peer: real, round_trip }))
}

fn unspecified(like: SocketAddr) -> IpAddr {
    match like {
        SocketAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
    }
}
