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

/// Sends `count` blocks of `blksize` octets, the last three octets long, and compares what arrives.
fn run_arrives(how: Batching, count: usize, blksize: usize) -> Batching {
    let receiver = here();
    make_room(&receiver, 1 << 20).unwrap();
    let to = receiver.local_addr().unwrap();
    let sender = open(None, to).unwrap();
    let headers: Vec<[u8; 4]> = (1..=count).map(|n| [0, 3, 0, n as u8]).collect();
    let payload: Vec<u8> = (0..(count - 1) * blksize + 3).map(|n| (n / 7) as u8).collect();
    let mut used = how;
    assert_eq!(
        send_run(&sender, Some(To { peer: to, from: None }), &headers, &payload, blksize, &mut used).unwrap(),
        count
    );
    receiver.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    let mut buf = vec![0; 65_536];
    for (n, header) in headers.iter().enumerate() {
        let len = receiver.recv(&mut buf).unwrap();
        let want = [&header[..], &payload[n * blksize..payload.len().min((n + 1) * blksize)]].concat();
        assert!(buf[..len] == want, "{how:?}: block {n} differs");
    }
    used
}

#[test]
fn a_run_of_blocks_arrives_as_datagrams_and_the_last_may_be_short() {
    for how in [Batching::Plain, Batching::Many, Batching::Segmented] {
        for (count, blksize) in [(1, 512), (2, 8), (70, 8), (64, 1_428), (100, 1_428)] {
            run_arrives(how, count, blksize);
        }
    }
}

#[test]
fn blocks_too_big_for_segments_go_out_without() {
    assert_eq!(run_arrives(Batching::Segmented, 3, 40_000), Batching::Segmented, "one a message");
}

#[test]
fn the_self_test_finds_what_a_kernel_of_today_has() {
    // Linux 4.18 has UDP_SEGMENT; a sandbox may take it away, and then a run still arrives.
    let best = Batching::best();
    assert_eq!(run_arrives(best, 40, 1_000), best);
}

#[test]
fn what_arrives_together_is_taken_together_and_bodies_lie_in_one_piece() {
    let receiver = here();
    let to = receiver.local_addr().unwrap();
    let sender = here();
    for datagram in
        [&b"\0\x03\0\x01abcdef"[..], b"\0\x03\0\x02ghijkl", b"\0\x03\0\x03m", b"x", b"\0\x03\0\x04too long"]
    {
        sender.send_to(datagram, to).unwrap();
    }
    let mut inbox = Inbox::new();
    assert_eq!(inbox.receive(&receiver, 64, 6, true).unwrap(), 5);
    assert_eq!([0, 1, 2, 3, 4].map(|n| inbox.len(n)), [10, 10, 5, 1, 12]);
    assert_eq!(inbox.head(1), *b"\0\x03\0\x02");
    assert_eq!(inbox.run(0, 13), b"abcdefghijklm");
    assert_eq!((inbox.body(3), inbox.body(4)), (&b""[..], &b"too lo"[..]), "the length tells that more came");
    assert_eq!(inbox.from(4), Some(sender.local_addr().unwrap()));
    let mut whole = Vec::new();
    inbox.copy(3, &mut whole);
    assert_eq!(whole, b"x");
    let none = inbox.receive(&receiver, 64, 6, false).unwrap_err();
    assert_eq!(none.kind(), io::ErrorKind::WouldBlock);
    // Fewer than wait: the rest stays.
    sender.send_to(b"1", to).unwrap();
    sender.send_to(b"2", to).unwrap();
    assert_eq!(inbox.receive(&receiver, 1, 6, false).unwrap(), 1);
    assert_eq!((inbox.receive(&receiver, 1, 6, false).unwrap(), inbox.head(0)[0]), (1, b'2'));
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

#[test]
fn a_run_comes_from_the_address_that_was_asked() {
    let server = RequestSocket::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap()).unwrap();
    let client = here();
    client.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    let asked = SocketAddr::from(([127, 0, 0, 77], server.local().port()));
    let to = To { peer: client.local_addr().unwrap(), from: Some(asked.ip()) };
    let headers = [*b"\0\x03\0\x01", *b"\0\x03\0\x02"];
    for mut how in [Batching::Segmented, Batching::Many, Batching::Plain] {
        assert_eq!(send_run(server.socket(), Some(to), &headers, b"abcde", 4, &mut how).unwrap(), 2);
        send_from(server.socket(), to, b"\0\x05\0\0").unwrap();
        let mut buf = [0; 16];
        for want in [&b"\0\x03\0\x01abcd"[..], b"\0\x03\0\x02e", b"\0\x05\0\0"] {
            let (len, from) = client.recv_from(&mut buf).unwrap();
            assert_eq!((&buf[..len], from), (want, asked), "{how:?}");
        }
    }
}

#[test]
fn a_block_within_an_mtu_leaves_room_for_headers() {
    assert_eq!(
        (block_within(1_500, false), block_within(1_500, true), block_within(10, true)),
        (1_468, 1_448, 0)
    );
}

#[test]
fn a_socket_that_is_let_go_has_a_new_port_and_nothing_of_the_old_peer() {
    let (old, new) = (here(), here());
    let from = SocketAddr::from(([127, 0, 0, 77], 69));
    let socket = connected(from, old.local_addr().unwrap(), None, 1).unwrap();
    let port = socket.local_addr().unwrap();
    for _ in 0..3 {
        old.send_to(b"late", port).unwrap();
    }
    disconnect(&socket).unwrap();
    old.send_to(b"later", port).unwrap();
    reconnect(&socket, new.local_addr().unwrap()).unwrap();
    let again = socket.local_addr().unwrap();
    assert_eq!(again.ip(), from.ip(), "the address that is asked stays");
    assert_ne!(again.port(), port.port(), "RFC 1350 §4: a new TID");
    let quiet = socket.recv(&mut [0; 9]).unwrap_err();
    assert_eq!(quiet.kind(), io::ErrorKind::WouldBlock);
    old.send_to(b"stranger", again).unwrap();
    new.send_to(b"new", again).unwrap();
    let mut buf = [0; 9];
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while socket.recv(&mut buf).is_err() {
        assert!(std::time::Instant::now() < until, "nothing arrived");
        std::thread::yield_now();
    }
    assert_eq!(&buf[..3], b"new");
    // An ICMP error of the old peer does not meet the new one.
    drop(new);
    let _ = socket.send(b"x");
    disconnect(&socket).unwrap();
    reconnect(&socket, old.local_addr().unwrap()).unwrap();
    assert_eq!(socket.send(b"fine").unwrap(), 4);
}
