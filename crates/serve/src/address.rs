//! Addresses of peers.

use std::net::{IpAddr, SocketAddr};

/// An IPv4 peer of a dual-stack socket as what it is.
pub(crate) fn canonical(a: SocketAddr) -> SocketAddr {
    match (a.ip().to_canonical(), a) {
        (IpAddr::V4(ip), _) => SocketAddr::new(IpAddr::V4(ip), a.port()),
        // Keeps the interface of a link-local address.
        (IpAddr::V6(_), a) => a,
    }
}
