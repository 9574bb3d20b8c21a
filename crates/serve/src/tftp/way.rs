//! How a transfer's datagrams travel.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use transport::udp::{self, Batching, RequestSocket, To};

/// The socket behind a transfer.
pub(super) enum Way {
    /// One of its own, connected to the peer: its port is the TID (RFC 1350 §4).
    Own(UdpSocket),
    /// The request port, for all transfers (single-port mode): what passes a firewall or NAT that knows
    /// port 69 only. Peers are told apart by their address and port.
    Shared { socket: Arc<RequestSocket>, from: IpAddr, peer: SocketAddr },
    /// None any more: the transfer is over.
    Closed,
}

impl Way {
    /// Our end.
    pub(super) fn local(&self) -> io::Result<SocketAddr> {
        match self {
            Way::Own(socket) => socket.local_addr(),
            Way::Shared { socket, from, .. } => Ok(SocketAddr::new(*from, socket.local().port())),
            Way::Closed => Err(closed()),
        }
    }

    /// Sends one datagram. What the system does not take counts as lost; timers repeat it.
    pub(super) fn send(&self, octets: &[u8]) -> io::Result<()> {
        match self {
            Way::Own(socket) => socket.send(octets).map(|_| ()),
            Way::Shared { socket, from, peer } => {
                udp::send_from(socket.socket(), To { peer: *peer, from: Some(*from) }, octets)
            }
            Way::Closed => Err(closed()),
        }
    }

    /// Sends blocks; see [`udp::send_run`].
    pub(super) fn send_run(
        &self,
        headers: &[[u8; 4]],
        payload: &[u8],
        blksize: usize,
        how: &mut Batching,
    ) -> io::Result<usize> {
        match self {
            Way::Own(socket) => udp::send_run(socket, None, headers, payload, blksize, how),
            Way::Shared { socket, from, peer } => {
                let to = To { peer: *peer, from: Some(*from) };
                udp::send_run(socket.socket(), Some(to), headers, payload, blksize, how)
            }
            Way::Closed => Err(closed()),
        }
    }

    /// The socket that is this transfer's alone.
    pub(super) fn own(&self) -> Option<&UdpSocket> {
        match self {
            Way::Own(socket) => Some(socket),
            Way::Shared { .. } | Way::Closed => None,
        }
    }
}

fn closed() -> io::Error {
    io::ErrorKind::NotConnected.into()
}
