use std::net::{IpAddr, SocketAddr};

/// Between the addresses a client speaks of and the sockets it really uses.
///
/// [`Direct`] changes nothing. The emulated device has addresses of its own (`10.0.0.2`, a server at
/// `10.0.0.1:69`) and maps them onto loopback sockets with this; also the addresses inside PORT, EPRT
/// and 227.
pub trait Wire: Send + Sync {
    /// The real address behind the one that was named.
    fn real(&self, named: SocketAddr) -> Result<SocketAddr, Unroutable>;

    /// The address to speak of for a real one: the inverse of [`Wire::real`], for traces and texts.
    fn named(&self, real: SocketAddr) -> SocketAddr;

    /// The real address to bind to for a transfer with `peer` (real); `None` leaves it to the system.
    fn bind(&self, peer: SocketAddr) -> Option<IpAddr>;

    /// Where a peer must connect to in order to reach a listener of ours that is bound to `own` (real):
    /// what PORT and EPRT tell. A firewall before us is a wire that gives an address where SYNs vanish.
    fn reached_at(&self, own: SocketAddr) -> SocketAddr {
        own
    }

    /// Whether datagrams to a host (named) get lost on the way out: asked once for a transfer, then for each
    /// datagram what came of that. A device on a bad line is such a wire.
    fn losing(&self, named: SocketAddr) -> Option<Loses> {
        let _ = named;
        None
    }

    /// Resolves a host name or literal to a named address (without port).
    fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// Whether the next datagram gets lost.
pub type Loses = Box<dyn FnMut() -> bool + Send>;

/// Why nothing can be sent to an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unroutable {
    /// Packets vanish: the interface is down or has no address. The client waits its time out.
    #[error("no route: packets vanish")]
    Silent,
    /// The host says at once that nothing is there.
    #[error("destination unreachable")]
    Refused,
}

/// The plain network: names resolve with the system's resolver, addresses stay as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Direct;

impl Wire for Direct {
    fn real(&self, named: SocketAddr) -> Result<SocketAddr, Unroutable> {
        Ok(named)
    }

    fn named(&self, real: SocketAddr) -> SocketAddr {
        real
    }

    fn bind(&self, _peer: SocketAddr) -> Option<IpAddr> {
        None
    }

    fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        use std::net::ToSocketAddrs;
        Ok((host, 0).to_socket_addrs()?.map(|a| a.ip()).collect())
    }
}
