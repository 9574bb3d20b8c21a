//! A port whose SYNs vanish: what a firewall that drops looks like from outside.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// As long as a loopback connection can take on a busy machine.
const PATIENCE: Duration = Duration::from_millis(200);
/// Connections that the system may accept before its queue is full.
const MOST: usize = 64;

/// A listener that nobody accepts from and whose queue is full: the system drops every further SYN, so
/// who connects waits its time out. Neither rights nor packet filters are needed.
#[derive(Debug)]
pub struct Blackhole {
    address: SocketAddr,
    _listener: TcpListener,
    _fillers: Vec<TcpStream>,
}

impl Blackhole {
    /// Opens one on a free port of `ip`.
    pub fn open(ip: IpAddr) -> io::Result<Blackhole> {
        let domain = socket2::Domain::for_address(SocketAddr::new(ip, 0));
        let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(ip, 0).into())?;
        socket.listen(0)?;
        let listener = TcpListener::from(socket);
        let address = listener.local_addr()?;
        let mut fillers = Vec::new();
        while fillers.len() < MOST {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => fillers.push(stream),
                Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                    return Ok(Blackhole { address, _listener: listener, _fillers: fillers });
                }
                Err(e) => return Err(e),
            }
        }
        Err(io::Error::other("this system accepts connections although the queue is full"))
    }

    /// Where packets vanish.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_connects_waits_its_time_out() {
        let hole = Blackhole::open([127, 0, 0, 1].into()).unwrap();
        for _ in 0..2 {
            let error = TcpStream::connect_timeout(&hole.address(), PATIENCE).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        }
    }
}
