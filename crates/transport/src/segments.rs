use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// TCP segments of one connection as this end's system counts them, pure acknowledgements included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Segments {
    /// From us.
    pub sent: u64,
    /// From the peer.
    pub received: u64,
}

/// The segments that a TCP socket has sent and received so far (`TCP_INFO`, Linux 4.2 and later).
pub fn segments(socket: impl AsFd) -> io::Result<Segments> {
    // SAFETY: tcp_info is plain integers, for which all zeros is a value.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut len = libc::socklen_t::try_from(size_of::<libc::tcp_info>()).expect("some hundred octets");
    // SAFETY: `info` lives through the call and `len` is its size: the system writes no further.
    let failed = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &raw mut len,
        )
    };
    if failed != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Segments { sent: info.tcpi_segs_out.into(), received: info.tcpi_segs_in.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream, UdpSocket};

    #[test]
    fn both_ways_are_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let before = segments(&server).unwrap();
        client.write_all(b"hello").unwrap();
        server.read_exact(&mut [0; 5]).unwrap();
        server.write_all(b"hello").unwrap();
        client.read_exact(&mut [0; 5]).unwrap();
        let after = segments(&server).unwrap();
        assert!(after.sent > before.sent && after.received > before.received, "{before:?} {after:?}");
    }

    #[test]
    fn a_datagram_socket_has_none() {
        assert!(segments(UdpSocket::bind("127.0.0.1:0").unwrap()).is_err());
    }
}
