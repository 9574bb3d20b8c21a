//! Listening sockets for passive data connections.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::os::fd::AsFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A non-blocking listener on `local`, at a port of `range` (beginning at a random one, so that the next
/// port is nobody's guess: RFC 2577 §8), or at any free port.
///
/// SO_REUSEADDR always: without it a range runs dry of ports whose last connection is in TIME_WAIT.
/// Two listeners at one port stay impossible all the same.
pub fn listen(local: IpAddr, range: Option<&RangeInclusive<u16>>) -> io::Result<TcpListener> {
    let Some(range) = range else { return bind(SocketAddr::new(local, 0)) };
    let (low, high) = (*range.start(), *range.end());
    if low > high {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the passive port range is empty"));
    }
    let width = u32::from(high - low) + 1;
    let first = random()? % width;
    for step in 0..width {
        let port = u32::from(low) + (first + step) % width;
        let port = u16::try_from(port).expect("within the range");
        match bind(SocketAddr::new(local, port)) {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => {}
            other => return other,
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "every port of the passive range is in use"))
}

/// A listener that the runtime waits for, and that whoever accepts asks itself: what is accepted need not be the runtime's.
pub type Listener = AsyncFd<TcpListener>;

/// Gives a listener to the runtime of the caller.
///
/// # Errors
/// What epoll says.
///
/// # Panics
/// Outside a runtime.
pub fn register(listener: TcpListener) -> io::Result<Listener> {
    #[allow(unsafe_code)]
    // SAFETY: a TcpListener gives the same descriptor as long as it lives, and closes it only in its own drop.
    Ok(unsafe { AsyncFd::register_with_interest(listener, Interest::READABLE) }?)
}

/// A listener that one peer is waited for at, and that the runtime knows only so long: a client connects before it says what
/// it wants, and would wake us for that. Non-blocking.
#[derive(Debug)]
pub struct Single {
    socket: TcpListener,
    at: SocketAddr,
}

impl Single {
    /// Takes a listener.
    ///
    /// # Errors
    /// It has no address.
    pub fn new(socket: TcpListener) -> io::Result<Single> {
        Ok(Single { at: socket.local_addr()?, socket })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.at
    }

    /// The socket, to accept at.
    pub fn socket(&self) -> &TcpListener {
        &self.socket
    }

    /// Waits until there may be somebody to accept.
    ///
    /// # Errors
    /// What epoll says.
    ///
    /// # Panics
    /// Outside a runtime.
    pub async fn ready(&self) -> io::Result<()> {
        #[allow(unsafe_code)]
        // SAFETY: the descriptor is borrowed of a TcpListener that lives as long, and stays the same.
        let known = unsafe { AsyncFd::register_with_interest(self.socket.as_fd(), Interest::READABLE) }?;
        known.readable().await.map(|_| ())
    }
}

fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    // One peer is expected, or one of each address; strangers that come first must not take their places.
    socket.listen(128)?;
    Ok(socket.into())
}

fn random() -> io::Result<u32> {
    let mut octets = [0u8; 4];
    rustix::rand::getrandom(&mut octets[..], rustix::rand::GetRandomFlags::empty())?;
    Ok(u32::from_ne_bytes(octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_range_gives_each_port_once_and_then_says_that_it_is_empty() {
        let home = IpAddr::V4(Ipv4Addr::LOCALHOST);
        // A free stretch of four ports, found by looking.
        for low in (20_000..60_000).step_by(4) {
            let range = low..=low + 3;
            let got: Vec<TcpListener> =
                std::iter::from_fn(|| listen(home, Some(&range)).ok()).take(5).collect();
            if got.len() < 4 {
                continue;
            }
            assert_eq!(got.len(), 4);
            let mut ports: Vec<u16> = got.iter().map(|l| l.local_addr().unwrap().port()).collect();
            ports.sort_unstable();
            assert_eq!(ports, range.clone().collect::<Vec<_>>());
            assert_eq!(listen(home, Some(&range)).unwrap_err().kind(), io::ErrorKind::AddrInUse);
            return;
        }
        panic!("no four free ports in a row");
    }

    #[test]
    fn without_a_range_any_port_will_do() {
        let l = listen(IpAddr::V4(Ipv4Addr::LOCALHOST), None).unwrap();
        assert_ne!(l.local_addr().unwrap().port(), 0);
    }
}
