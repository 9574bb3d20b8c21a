//! Opens the listening sockets: which addresses, which port, and what to do when the port is not to
//! be had; and counts those that still accept.
//!
//! Two sockets instead of one dual-stack socket: on a dual-stack socket every IPv4 peer appears as
//! `::ffff:a.b.c.d`, which then leaks into logs, rights and the 227 reply.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Connections that wait for `accept`: as many as the kernel lets (`somaxconn`, 4,096 unless somebody changed it). What comes
/// beyond is not refused: its client takes itself for connected and waits for a greeting that nobody sends. A thousand
/// devices that begin at once are a night's work, and with 128 every fifth of them was lost so.
const BACKLOG: i32 = 4_096;
/// How often a free port of the system's choice is tried on all addresses.
const TRIES: u32 = 16;

/// A protocol's well-known port and the one to fall back to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ports {
    /// Where devices look.
    pub standard: u16,
    /// Above 1023, for who may not bind the standard one.
    pub fallback: u16,
}

/// TFTP's: 69 (RFC 1350 §4).
pub const TFTP: Ports = Ports { standard: 69, fallback: 6969 };
/// FTP's: 21 (RFC 959 §8).
pub const FTP: Ports = Ports { standard: 21, fallback: 2121 };
/// FTPS's: 990, as IANA has it.
pub const FTPS: Ports = Ports { standard: 990, fallback: 9990 };
/// HTTP's: 80 (RFC 9110 §4.2.1).
pub const HTTP: Ports = Ports { standard: 80, fallback: 8080 };
/// HTTPS's: 443 (RFC 9110 §4.2.2).
pub const HTTPS: Ports = Ports { standard: 443, fallback: 8443 };

/// SSH's, which SFTP and SCP are in: 22 (RFC 4253 §4.1).
pub const SFTP: Ports = Ports { standard: 22, fallback: 2222 };

/// Which port is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Want {
    /// The standard one, else the fallback.
    #[default]
    Default,
    /// This one or an error; 0: any free one, the same on all addresses.
    Exactly(u16),
    /// Do not listen.
    Off,
}

/// Sockets that listen.
#[derive(Debug)]
pub struct Listening<S> {
    /// One for each address; empty with [`Want::Off`].
    pub sockets: Vec<S>,
    /// Why the port is not the standard one, when it was wanted.
    pub fell_back: Option<FellBack>,
}

/// Why the standard port was not to be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FellBack {
    /// The port wanted.
    pub from: u16,
    /// The port got.
    pub to: u16,
    /// Denied or taken.
    pub why: Reason,
}

/// What stands in the way of a port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The system does not let this user bind it (EACCES).
    Denied,
    /// Another program has it (EADDRINUSE).
    Taken,
}

/// No socket for this address.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {protocol} {address}: {source}")]
pub struct ListenError {
    /// `tftp`, `ftp`, `ftps`, `http`, `https`, `sftp` or `admin`.
    pub protocol: &'static str,
    /// The address and port.
    pub address: SocketAddr,
    /// The system's words.
    pub source: io::Error,
}

impl ListenError {
    /// Denied or taken, where it is one of them.
    pub fn reason(&self) -> Option<Reason> {
        match self.source.kind() {
            io::ErrorKind::PermissionDenied => Some(Reason::Denied),
            io::ErrorKind::AddrInUse => Some(Reason::Taken),
            _ => None,
        }
    }
}

/// Opens TFTP's sockets on `addresses` (none: all, IPv4 and IPv6).
pub fn tftp(addresses: &[IpAddr], want: Want) -> Result<Listening<UdpSocket>, ListenError> {
    listen("tftp", addresses, want, TFTP, |address| {
        let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
        // No SO_REUSEADDR: on UDP it would let a second server share the port in silence.
        socket.bind(&address.into())?;
        Ok(UdpSocket::from(socket))
    })
}

/// Opens FTP's sockets on `addresses` (none: all, IPv4 and IPv6).
pub fn ftp(addresses: &[IpAddr], want: Want) -> Result<Listening<TcpListener>, ListenError> {
    tcp("ftp", addresses, want, FTP)
}

/// Opens FTPS's sockets on `addresses` (none: all, IPv4 and IPv6).
pub fn ftps(addresses: &[IpAddr], want: Want) -> Result<Listening<TcpListener>, ListenError> {
    tcp("ftps", addresses, want, FTPS)
}

/// Opens HTTP's sockets on `addresses` (none: all, IPv4 and IPv6).
pub fn http(addresses: &[IpAddr], want: Want) -> Result<Listening<TcpListener>, ListenError> {
    tcp("http", addresses, want, HTTP)
}

/// Opens HTTPS's sockets on `addresses` (none: all, IPv4 and IPv6).
pub fn https(addresses: &[IpAddr], want: Want) -> Result<Listening<TcpListener>, ListenError> {
    tcp("https", addresses, want, HTTPS)
}

/// Opens SSH's sockets on `addresses` (none: all, IPv4 and IPv6).
pub fn sftp(addresses: &[IpAddr], want: Want) -> Result<Listening<TcpListener>, ListenError> {
    tcp("sftp", addresses, want, SFTP)
}

/// Opens one socket for figures.
pub fn admin(address: SocketAddr) -> Result<Listening<TcpListener>, ListenError> {
    tcp("admin", &[address.ip()], Want::Exactly(address.port()), HTTP)
}

fn tcp(
    protocol: &'static str,
    addresses: &[IpAddr],
    want: Want,
    ports: Ports,
) -> Result<Listening<TcpListener>, ListenError> {
    listen(protocol, addresses, want, ports, |address| {
        let socket = socket(address, Type::STREAM, Protocol::TCP)?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(TcpListener::from(socket))
    })
}

/// A socket whose bound address can be asked.
trait Bound: Sized {
    fn address(&self) -> io::Result<SocketAddr>;
}

impl Bound for UdpSocket {
    fn address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}

impl Bound for TcpListener {
    fn address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}

fn listen<S: Bound>(
    protocol: &'static str,
    addresses: &[IpAddr],
    want: Want,
    ports: Ports,
    open: impl Fn(SocketAddr) -> io::Result<S>,
) -> Result<Listening<S>, ListenError> {
    let all = |port| open_all(protocol, addresses, port, &open);
    match want {
        Want::Off => Ok(Listening { sockets: Vec::new(), fell_back: None }),
        Want::Exactly(port) => Ok(Listening { sockets: all(port)?, fell_back: None }),
        Want::Default => match all(ports.standard) {
            Ok(sockets) => Ok(Listening { sockets, fell_back: None }),
            Err(error) => {
                let Some(why) = error.reason() else { return Err(error) };
                let fell_back = Some(FellBack { from: ports.standard, to: ports.fallback, why });
                Ok(Listening { sockets: all(ports.fallback)?, fell_back })
            }
        },
    }
}

fn open_all<S: Bound>(
    protocol: &'static str,
    addresses: &[IpAddr],
    port: u16,
    open: &impl Fn(SocketAddr) -> io::Result<S>,
) -> Result<Vec<S>, ListenError> {
    let everywhere = [IpAddr::from(Ipv4Addr::UNSPECIFIED), IpAddr::from(Ipv6Addr::UNSPECIFIED)];
    let wildcard = addresses.is_empty();
    let addresses = if wildcard { &everywhere[..] } else { addresses };
    let mut tries = 0;
    'again: loop {
        tries += 1;
        let mut sockets: Vec<S> = Vec::with_capacity(addresses.len());
        let mut agreed = port;
        for &ip in addresses {
            let address = SocketAddr::new(ip, agreed);
            let error = |source| ListenError { protocol, address, source };
            match open(address) {
                Ok(socket) => {
                    agreed = socket.address().map_err(error)?.port();
                    sockets.push(socket);
                }
                // A host without IPv6 (or without IPv4) is served on what it has.
                Err(e) if wildcard && no_family(&e) => {}
                // The port that the first address gave is taken on another one: choose anew.
                Err(e) if port == 0 && e.kind() == io::ErrorKind::AddrInUse && tries < TRIES => {
                    continue 'again;
                }
                Err(e) => return Err(error(e)),
            }
        }
        if sockets.is_empty() {
            let source = io::Error::from(io::ErrorKind::AddrNotAvailable);
            return Err(ListenError { protocol, address: SocketAddr::new(addresses[0], port), source });
        }
        return Ok(sockets);
    }
}

fn no_family(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL))
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

/// The listeners of a server, and how many of them still accept.
#[derive(Default)]
pub(crate) struct Accepting {
    all: usize,
    left: Arc<AtomicUsize>,
}

/// A listener's place among those that accept; given back also where its task dies.
pub(crate) struct Place(Arc<AtomicUsize>);

impl Accepting {
    /// A place for one more.
    pub(crate) fn place(&mut self) -> Place {
        self.all += 1;
        self.left.fetch_add(1, Ordering::AcqRel);
        Place(self.left.clone())
    }

    /// Whether no connection is taken any more.
    pub(crate) fn is_over(&self) -> bool {
        self.left.load(Ordering::Acquire) == 0
    }

    /// Whether every listener accepts.
    pub(crate) fn is_whole(&self) -> bool {
        self.left.load(Ordering::Acquire) == self.all
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn both_families_get_the_same_free_port_and_keep_apart() {
        let udp = tftp(&[], Want::Exactly(0)).unwrap();
        let ports: Vec<_> = udp.sockets.iter().map(|s| s.local_addr().unwrap().port()).collect();
        assert!(ports.windows(2).all(|w| w[0] == w[1]), "{ports:?}");
        let tcp = ftp(&[], Want::Exactly(0)).unwrap();
        assert_eq!(tcp.sockets.len(), udp.sockets.len());
        // An IPv4 peer is seen as IPv4, not as ::ffff:127.0.0.1.
        let v4 = tcp.sockets.iter().find(|s| s.local_addr().unwrap().is_ipv4()).expect("IPv4");
        let _peer = std::net::TcpStream::connect((HERE, v4.local_addr().unwrap().port())).unwrap();
        assert_eq!(v4.accept().unwrap().1.ip(), HERE);
    }

    /// What comes beyond the backlog takes itself for connected and is heard by nobody.
    #[test]
    fn a_burst_of_connections_waits_until_it_is_accepted() {
        let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let most: usize = most.trim().parse().unwrap();
        let listening = ftp(&[HERE], Want::Exactly(0)).unwrap();
        let (listener, burst) = (&listening.sockets[0], most.min(300));
        let at = listener.local_addr().unwrap();
        let patience = std::time::Duration::from_secs(5);
        let connect = |_| std::net::TcpStream::connect_timeout(&at, patience).expect("there is room");
        let clients: Vec<_> = (0..burst).map(connect).collect();
        listener.set_nonblocking(true).unwrap();
        let waiting = std::iter::from_fn(|| listener.accept().ok()).count();
        assert_eq!(waiting, clients.len());
    }

    #[test]
    fn an_explicit_port_that_is_taken_is_an_error_with_its_reason() {
        let first = tftp(&[HERE], Want::Exactly(0)).unwrap();
        let port = first.sockets[0].local_addr().unwrap().port();
        let error = tftp(&[HERE], Want::Exactly(port)).unwrap_err();
        assert_eq!(error.reason(), Some(Reason::Taken));
        assert_eq!(error.address.port(), port);
        let first = ftp(&[HERE], Want::Exactly(0)).unwrap();
        let port = first.sockets[0].local_addr().unwrap().port();
        assert_eq!(ftp(&[HERE], Want::Exactly(port)).unwrap_err().reason(), Some(Reason::Taken));
    }

    #[test]
    fn a_default_port_that_is_taken_falls_back_and_says_why() {
        // An address of this test's own, so that nobody else's servers matter.
        let ip = IpAddr::from([127, 77, 13, 5]);
        let first = ftp(&[ip], Want::Default).unwrap();
        let second = match first.fell_back {
            // We may not bind 21: the first one shows the fallback.
            Some(fell_back) => {
                assert_eq!(fell_back.why, Reason::Denied);
                first
            }
            None => {
                let second = ftp(&[ip], Want::Default).unwrap();
                assert_eq!(second.fell_back, Some(FellBack { from: 21, to: 2121, why: Reason::Taken }));
                second
            }
        };
        assert_eq!(second.sockets[0].local_addr().unwrap().port(), 2121);
    }

    #[test]
    fn an_address_that_is_not_ours_is_an_error_and_not_a_fallback() {
        let error = tftp(&[IpAddr::from([192, 0, 2, 1])], Want::Default).unwrap_err();
        assert_eq!(error.reason(), None);
        assert!(error.to_string().contains("tftp 192.0.2.1:69"), "{error}");
    }

    #[test]
    fn off_opens_nothing() {
        assert!(tftp(&[], Want::Off).unwrap().sockets.is_empty());
        assert!(ftp(&[], Want::Off).unwrap().sockets.is_empty());
    }
}
