use super::*;

fn here() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

/// Receives on a non-blocking request socket, which loopback fills at once.
fn arrived(socket: &RequestSocket, buf: &mut [u8]) -> Arrived {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    loop {
        match socket.receive(buf) {
            Ok(a) => return a,
            Err(e) => assert!(e.kind() == io::ErrorKind::WouldBlock, "{e}"),
        }
        assert!(std::time::Instant::now() < until, "nothing arrived");
        std::thread::yield_now();
    }
}

#[test]
fn rule_06_the_asked_address_is_known_on_a_wildcard_socket() {
    let server = RequestSocket::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap()).unwrap();
    let client = here();
    for asked in [[127, 0, 0, 1], [127, 0, 0, 77]] {
        let asked = SocketAddr::from((asked, server.local().port()));
        client.send_to(b"hello", asked).unwrap();
        let mut buf = [0; 16];
        let got = arrived(&server, &mut buf);
        assert_eq!((got.len, got.to, got.broadcast), (5, asked, false));
        assert_eq!(got.peer, client.local_addr().unwrap());
    }
}

#[test]
fn rule_06_the_asked_address_is_known_on_ipv6() {
    let Ok(socket) = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)) else { return };
    let Ok(client) = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)) else { return };
    let server = RequestSocket::new(socket).unwrap();
    client.send_to(b"x", (Ipv6Addr::LOCALHOST, server.local().port())).unwrap();
    let got = arrived(&server, &mut [0; 16]);
    assert_eq!((got.to.ip(), got.broadcast), (IpAddr::from(Ipv6Addr::LOCALHOST), false));
}

#[test]
fn rule_05_a_broadcast_is_seen_as_one() {
    let server = RequestSocket::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap()).unwrap();
    let client = here();
    client.set_broadcast(true).unwrap();
    client.send_to(b"x", (Ipv4Addr::new(127, 255, 255, 255), server.local().port())).unwrap();
    assert!(arrived(&server, &mut [0; 16]).broadcast);
}

#[test]
fn on_a_dual_stack_socket_ipv4_peers_look_as_on_their_own() {
    // A service manager passes such sockets (`ListenDatagram=69`).
    let Ok(socket) = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP)) else { return };
    socket.set_only_v6(false).unwrap();
    socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)).into()).unwrap();
    let server = RequestSocket::new(socket.into()).unwrap();
    let port = server.local().port();
    let client = here();
    client.set_broadcast(true).unwrap();
    client.send_to(b"x", (Ipv4Addr::new(127, 0, 0, 77), port)).unwrap();
    let got = arrived(&server, &mut [0; 16]);
    assert_eq!(got.to, SocketAddr::from(([127, 0, 0, 77], port)));
    assert_eq!((got.peer, got.broadcast), (client.local_addr().unwrap(), false));
    client.send_to(b"x", (Ipv4Addr::new(127, 255, 255, 255), port)).unwrap();
    assert!(arrived(&server, &mut [0; 16]).broadcast, "RFC 1123 §4.2.3.5");
}

#[test]
fn a_transfer_s_port_is_within_the_range_or_an_error() {
    let taken = here();
    let port = taken.local_addr().unwrap().port();
    let from = SocketAddr::from((Ipv4Addr::LOCALHOST, 69));
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let error = connected(from, peer, Some(&(port..=port)), 1).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    drop(taken);
    let socket = connected(from, peer, Some(&(port..=port)), u64::MAX).unwrap();
    assert_eq!(socket.local_addr().unwrap().port(), port);
}

#[test]
fn a_run_of_blocks_arrives_as_datagrams_and_the_last_may_be_short() {
    let receiver = here();
    let to = receiver.local_addr().unwrap();
    let sender = open(None, to).unwrap();
    let headers: Vec<[u8; 4]> = (1..=70u8).map(|n| [0, 3, 0, n]).collect();
    let payload: Vec<u8> = (0..69 * 8 + 3).map(|n| n as u8).collect();
    assert_eq!(send_run(&sender, Some(to), &headers, &payload, 8).unwrap(), 70);
    receiver.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    for (n, header) in headers.iter().enumerate() {
        let mut buf = [0; 99];
        let len = receiver.recv(&mut buf).unwrap();
        let want = [&header[..], &payload[n * 8..payload.len().min(n * 8 + 8)]].concat();
        assert_eq!(&buf[..len], want);
    }
}

#[test]
fn a_closed_port_is_reported_with_its_address() {
    let peer = here().local_addr().unwrap();
    let socket = open(None, peer).unwrap();
    socket.send_to(b"x", peer).unwrap();
    // Loopback delivers the ICMP error inside the call.
    let errors = refused(&socket);
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].0, errors[0].1.kind()), (peer, io::ErrorKind::ConnectionRefused));
    assert!(refused(&socket).is_empty());
}
