//! Ports for servers that cannot be told to take any free one.

use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

/// Below the range from which Linux gives out ports of its own (32768), so that no other socket gets
/// one of ours between the look and the bind.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// A port on 127.0.0.1, free for UDP and TCP, kept from other tests until dropped.
#[derive(Debug)]
pub struct Port {
    /// The number.
    pub number: u16,
    _lock: File,
}

impl Port {
    /// Takes one.
    ///
    /// # Panics
    /// When none is free.
    pub fn take() -> Port {
        let dir = std::env::temp_dir().join("towline-e2e-ports");
        std::fs::create_dir_all(&dir).expect("a directory for port locks");
        let mut start = [0; 2];
        getrandom::fill(&mut start).expect("random octets");
        let start = usize::from(u16::from_ne_bytes(start));
        for number in RANGE.cycle().skip(start % RANGE.len()).take(RANGE.len()) {
            // A port's lock may belong to another user of this machine; then the port does too.
            let Ok(lock) = File::create(dir.join(number.to_string())) else { continue };
            if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() && is_free(number) {
                return Port { number, _lock: lock };
            }
        }
        panic!("no free port in {RANGE:?}");
    }

    /// On 127.0.0.1.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}

fn is_free(number: u16) -> bool {
    let at = (Ipv4Addr::LOCALHOST, number);
    // A machine without IPv6 has nobody there either.
    let taken = |e: std::io::Error| e.kind() == ErrorKind::AddrInUse;
    UdpSocket::bind(at).is_ok()
        && TcpListener::bind(at).is_ok()
        && !UdpSocket::bind((Ipv6Addr::LOCALHOST, number)).is_err_and(taken)
}

/// Whether somebody holds this UDP port on 127.0.0.1: a server without a greeting is up.
pub fn udp_is_taken(port: u16) -> bool {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_err()
}

/// Whether somebody holds this UDP port, on any address, in the network of the process `of` (`self`: ours).
pub fn udp_listens(of: &str, port: u16) -> bool {
    let held = |table: &str| {
        // Without IPv6 there is no udp6, and nobody in it.
        let text = std::fs::read_to_string(format!("/proc/{of}/net/{table}")).unwrap_or_default();
        // `  12: 0100007F:0045 00000000:0000 07 …`
        let wanted = format!(":{port:04X}");
        text.lines().skip(1).any(|l| l.split_whitespace().nth(1).is_some_and(|a| a.ends_with(&wanted)))
    };
    held("udp") || held("udp6")
}

/// Whether datagrams wait in a socket on this UDP port.
pub fn udp_waits(port: u16) -> bool {
    let text = std::fs::read_to_string("/proc/net/udp").unwrap_or_default();
    let wanted = format!(":{port:04X}");
    // `… local_address rem_address st tx_queue:rx_queue …`; the transfers' own sockets have other ports.
    text.lines().skip(1).any(|l| {
        let words: Vec<&str> = l.split_whitespace().collect();
        let waiting = words.get(4).and_then(|q| q.split_once(':')).is_some_and(|(_, rx)| rx != "00000000");
        words.get(1).is_some_and(|a| a.ends_with(&wanted)) && waiting
    })
}

/// Whether somebody accepts connections on this TCP port of 127.0.0.1.
pub fn tcp_answers(port: u16) -> bool {
    std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{Port, tcp_answers, udp_is_taken, udp_listens};

    #[test]
    fn two_ports_differ_and_are_free() {
        let (a, b) = (Port::take(), Port::take());
        assert_ne!(a.number, b.number);
        assert!(!udp_is_taken(a.number) && !tcp_answers(b.number));
        let socket = std::net::UdpSocket::bind(a.address()).unwrap();
        assert!(udp_is_taken(a.number) && udp_listens("self", a.number));
        assert!(!udp_listens("self", b.number));
        drop(socket);
    }
}
