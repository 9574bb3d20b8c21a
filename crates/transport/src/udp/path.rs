//! What the system knows of the way to a peer.

use rustix::net::sockopt;
use std::io;
use std::net::{IpAddr, UdpSocket};

/// The largest IP packet, octets with its headers, that goes to the peer of a connected socket in one
/// piece: the MTU of the interface on the way, or less where the system has learned of a narrower link.
pub fn path_mtu(socket: &UdpSocket) -> io::Result<u32> {
    path_mtu_to(socket, socket.peer_addr()?.ip())
}

/// The same where the peer is known.
pub fn path_mtu_to(socket: &UdpSocket, peer: IpAddr) -> io::Result<u32> {
    // An IPv4 address in an IPv6 socket has IPv4's.
    let mtu = match peer.to_canonical() {
        IpAddr::V4(_) => sockopt::ip_mtu(socket),
        IpAddr::V6(_) => sockopt::ipv6_mtu(socket),
    };
    Ok(mtu?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_takes_large_packets() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(socket) = UdpSocket::bind(any) else { continue };
            assert!(path_mtu(&socket).is_err(), "there is no peer yet");
            socket.connect(socket.local_addr().unwrap()).unwrap();
            assert!(path_mtu(&socket).unwrap() >= 1_500);
        }
    }
}
