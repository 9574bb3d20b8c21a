//! Whether a host lives, when its TFTP port says nothing.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use transport::{Echo, udp};

/// Where traceroute's first packets go: closed on nearly every host, which then says so.
const CLOSED: u16 = 33_434;
/// The smallest of datagrams that nobody takes for anything: an ERROR of TFTP, which is never answered.
const HARMLESS: &[u8] = &[0, 5, 0, 0, 0];

/// A sign of life, in words; waits at most `wait` for each kind.
pub(super) fn sign(host: SocketAddr, wait: Duration) -> io::Result<Option<&'static str>> {
    if let IpAddr::V4(v4) = host.ip().to_canonical()
        && let Ok(echo) = Echo::open(v4)
        && echo.send(1, 64).is_ok()
    {
        let end = Instant::now() + wait;
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
            match echo.hear(1, left) {
                Ok(true) => return Ok(Some("it answers a ping")),
                Ok(false) => {}
                Err(_) => break,
            }
        }
    }
    let mut closed = host;
    closed.set_port(CLOSED);
    let socket = udp::open(None, host)?;
    if socket.send_to(HARMLESS, closed).is_err() {
        return Ok(None);
    }
    let end = Instant::now() + wait;
    while Instant::now() < end {
        let refused = udp::refused(&socket);
        if refused.iter().any(|(to, e)| *to == closed && e.kind() == io::ErrorKind::ConnectionRefused) {
            return Ok(Some("it says that another port is closed"));
        }
        let slice = rustix::event::Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
        let mut fds = [rustix::event::PollFd::new(&socket, rustix::event::PollFlags::IN)];
        match rustix::event::poll(&mut fds, Some(&slice)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(None)
}
