//! UDP as TFTP needs it.
//!
//! [`RequestSocket`] knows to which of our addresses a datagram was sent, so that the answer comes from
//! there. [`connected`] makes the socket of one transfer on a server, [`open`] that of a client, which
//! stays unconnected because the server answers from another port. [`send_run`] sends many blocks in one
//! call; [`Inbox`] and [`Bunch`] receive many. ICMP errors come back as `ECONNREFUSED`: from a connected
//! socket by itself, for an open one through [`refused`].

#[allow(unsafe_code)]
mod bunch;
mod giving_way;
mod haste;
#[allow(unsafe_code)]
mod many;
mod path;
mod send;
#[allow(unsafe_code)]
mod sys;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, BorrowedFd};

pub use bunch::{Bunch, coalesce};
pub use giving_way::GivingWay;
pub use haste::{Haste, MOST_LOOKS};
pub use many::{Inbox, RUN, To};
pub use path::{path_mtu, path_mtu_to};
pub use send::{Batching, send_from, send_run};

/// What a Linux socket holds at most without privileges, as `SO_RCVBUF` takes it.
const USUAL_MAX: usize = 212_992;

/// Datagrams of four octets that a receive buffer of the usual size holds, and more.
const LEFT_OVER: usize = 1_024;

/// The most that [`make_room`] asks for.
const MOST_ROOM: usize = 8 << 20;

/// A socket on which requests arrive.
#[derive(Debug)]
pub struct RequestSocket {
    socket: UdpSocket,
    local: SocketAddr,
}

/// A datagram of a [`RequestSocket`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrived {
    /// Octets; what did not fit into the buffer was cut off.
    pub len: usize,
    /// Who sent it.
    pub peer: SocketAddr,
    /// Our address and port that it was sent to; of a broadcast, the interface's address.
    pub to: SocketAddr,
    /// Whether it was sent to a broadcast or multicast address.
    pub broadcast: bool,
}

impl RequestSocket {
    /// Makes a bound socket non-blocking and has the kernel tell destinations.
    pub fn new(socket: UdpSocket) -> io::Result<RequestSocket> {
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        sys::tell_destination(&socket, local.is_ipv6())?;
        Ok(RequestSocket { socket, local })
    }

    /// The bound address.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// The socket itself, to send from it.
    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// The next datagram; `WouldBlock` if there is none. IPv4 on a dual-stack socket has IPv4 addresses here,
    /// so that transfers, rights and logs know one kind of IPv4 peer.
    pub fn receive(&self, buf: &mut [u8]) -> io::Result<Arrived> {
        let (len, mut peer, destination) = sys::receive_from(&self.socket, buf)?;
        if let IpAddr::V4(ip) = peer.ip().to_canonical() {
            peer.set_ip(IpAddr::V4(ip));
        }
        let (to, broadcast) = match destination {
            None => (self.local.ip().to_canonical(), false),
            // ipi_spec_dst is the address to answer from; where it differs from the header's destination
            // that was a broadcast.
            Some(d) => (d.answer_from, d.header != d.answer_from || d.header.is_multicast()),
        };
        let mut to = SocketAddr::new(to, self.local.port());
        if let (SocketAddr::V6(to), SocketAddr::V6(peer)) = (&mut to, &peer) {
            // A link-local answer leaves on the interface on which the request came.
            to.set_scope_id(peer.scope_id());
        }
        Ok(Arrived { len, peer, to, broadcast })
    }
}

impl AsFd for RequestSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The non-blocking socket of one transfer: from the address that was asked, connected to the peer. The
/// port is free and random (RFC 1350 §4: a new TID), or random within `ports`; `seed` decides where the
/// search begins.
pub fn connected(
    from: SocketAddr,
    peer: SocketAddr,
    ports: Option<&RangeInclusive<u16>>,
    seed: u64,
) -> io::Result<UdpSocket> {
    let socket = fresh(from)?;
    match ports {
        None => socket.bind(&with_port(from, 0).into())?,
        Some(ports) => bind_within(&socket, from, ports, seed)?,
    }
    socket.connect(&peer.into())?;
    Ok(socket.into())
}

/// Lets a socket of [`connected`] without a range go, for [`reconnect`]: it drops its port, and what has
/// arrived for it. Nothing reaches it from then on; its address stays.
pub fn disconnect(socket: &UdpSocket) -> io::Result<()> {
    rustix::net::connect_unspec(socket)?;
    // What is there belongs to the old peer, and so does an ICMP error; at most what the buffer holds.
    for _ in 0..LEFT_OVER {
        match socket.recv(&mut [0]) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Ok(_) | Err(_) => {}
        }
    }
    Err(io::Error::other("there is no end to what has arrived"))
}

/// Connects a socket that was let go to another peer, from its old address and a new port: a fifth of what a
/// new socket costs.
pub fn reconnect(socket: &UdpSocket, peer: SocketAddr) -> io::Result<()> {
    socket.connect(peer)
}

/// The non-blocking socket of a client's transfer: unconnected, on a free port of `from` (or of any
/// address) in the family of `peer`. ICMP errors are reported to [`refused`].
pub fn open(from: Option<IpAddr>, peer: SocketAddr) -> io::Result<UdpSocket> {
    let any = match peer {
        SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    let from = SocketAddr::new(from.unwrap_or(any), 0);
    let socket = fresh(from)?;
    socket.bind(&from.into())?;
    let socket = UdpSocket::from(socket);
    sys::report_errors(&socket, from.is_ipv6())?;
    Ok(socket)
}

fn fresh(from: SocketAddr) -> io::Result<Socket> {
    let kind = Type::DGRAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(from), kind, Some(Protocol::UDP))?;
    // Blocks above the MTU are fragmented; with path MTU discovery they would fail with EMSGSIZE.
    sys::allow_fragments(&socket, from.is_ipv6())?;
    Ok(socket)
}

fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

fn bind_within(socket: &Socket, from: SocketAddr, ports: &RangeInclusive<u16>, seed: u64) -> io::Result<()> {
    let (low, high) = (u64::from(*ports.start()), u64::from(*ports.end()));
    let count = (high + 1).saturating_sub(low);
    for n in 0..count {
        let port = (low + (seed.wrapping_add(n)) % count) as u16;
        match socket.bind(&with_port(from, port).into()) {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => {}
            done => return done,
        }
    }
    let why = format!("all UDP ports from {low} to {high} are in use");
    Err(io::Error::new(io::ErrorKind::AddrInUse, why))
}

/// The largest block that fits into an IP packet of `mtu` octets: IPv4's header has 20, IPv6's 40, UDP's 8,
/// DATA's 4.
pub fn block_within(mtu: u32, v6: bool) -> u32 {
    mtu.saturating_sub(if v6 { 40 } else { 20 } + 8 + 4)
}

/// Makes room for `octets` in each direction, at most 8 MiB, as far as the system allows (privileged
/// processes may go beyond its maximum); gives the room to receive.
pub fn make_room(socket: &UdpSocket, octets: usize) -> io::Result<usize> {
    let octets = octets.min(MOST_ROOM);
    let sock = SockRef::from(socket);
    if octets > sock.recv_buffer_size()? / 2 {
        // Above the system's maximum it is cut without an error.
        sys::force_buffer(socket, sys::Buffer::Receive, octets.max(USUAL_MAX))
            .or_else(|_| sock.set_recv_buffer_size(octets.max(USUAL_MAX)))?;
    }
    if octets > sock.send_buffer_size()? / 2 {
        sys::force_buffer(socket, sys::Buffer::Send, octets.max(USUAL_MAX))
            .or_else(|_| sock.set_send_buffer_size(octets.max(USUAL_MAX)))?;
    }
    sock.recv_buffer_size()
}

/// Blocks of `blksize` octets that a receive buffer of `room` octets holds: the kernel counts its own
/// structures and rounds up (measured: 2,315 octets for 1,432; 17.7 KB for 8,196; 71 KB for 65,468).
pub fn blocks_that_fit(room: usize, blksize: u16) -> u16 {
    let each =
        1_280 + usize::from(blksize) * 11 / 10 + usize::from(blksize) / 2 * usize::from(blksize > 2_048);
    u16::try_from((room / each).max(1)).unwrap_or(u16::MAX)
}

/// The ICMP errors that came for an [`open`] socket since the last call: what could not be reached, and why.
/// While there are some the socket polls as erroneous.
pub fn refused(socket: &UdpSocket) -> Vec<(SocketAddr, io::Error)> {
    std::iter::from_fn(|| sys::next_error(socket)).collect()
}

#[cfg(test)]
mod tests;
