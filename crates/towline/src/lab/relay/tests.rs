use super::*;
use crate::relay::{Rule, Way};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

fn udp() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

#[test]
fn datagrams_pass_with_ports_kept_apart_and_are_lost_by_rule() {
    let (server, tid, client) = (udp(), udp(), udp());
    let capture = Arc::new(Capture::default());
    let mut lost = false;
    let rule: Rule = Box::new(move |way, octets| {
        let lose = way == Way::Down && octets == b"data" && !lost;
        lost |= lose;
        !lose
    });
    let relay = udp_relay(server.local_addr().unwrap(), rule, capture.clone()).unwrap();
    let mut buffer = [0; 64];

    client.send_to(b"request", relay.address()).unwrap();
    let (n, up) = server.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..n], b"request");
    for _ in 0..2 {
        tid.send_to(b"data", up).unwrap();
    }
    let (n, down) = client.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..n], b"data");
    assert_ne!(down, relay.address(), "the transfer has a port of its own");
    client.send_to(b"ack", down).unwrap();
    let (n, _) = tid.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..n], b"ack");

    assert_eq!((capture.packets(), capture.octets()), (4, 7 + 4 + 4 + 3));
    assert!(capture.shows(b"quest") && !capture.shows(b"password"));
    client.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    assert!(client.recv_from(&mut buffer).is_err(), "one of two was lost");
}

#[test]
fn ftp_passes_with_its_passive_data_connection() {
    let control = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = control.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = control.accept().unwrap();
        stream.write_all(b"220 ready\r\n").unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "PASS secret");
        let data = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = data.local_addr().unwrap().port();
        // In two pieces: a relay must wait for the whole line.
        stream.write_all(b"229 Entering Extended Pass").unwrap();
        stream.write_all(format!("ive Mode (|||{port}|)\r\n").as_bytes()).unwrap();
        let (mut data, _) = data.accept().unwrap();
        data.write_all(&[7; 100_000]).unwrap();
        port
    });
    let capture = Arc::new(Capture::default());
    let relay = StreamRelay::ftp(address, capture.clone()).unwrap();
    let mut client = TcpStream::connect(relay.address()).unwrap();
    client.write_all(b"PASS secret\r\n").unwrap();
    let mut lines = BufReader::new(client.try_clone().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "220 ready");
    let line = lines.next().unwrap().unwrap();
    let port: u16 = line.trim_end_matches("|)").rsplit('|').next().unwrap().parse().unwrap();
    let mut octets = Vec::new();
    TcpStream::connect(("127.0.0.1", port)).unwrap().read_to_end(&mut octets).unwrap();
    assert_eq!(octets, [7; 100_000]);
    assert_ne!(server.join().unwrap(), port, "the relay stands between");
    drop((client, lines));
    drop(relay);
    // 100,000 octets in segments of at most 1,460.
    assert!(capture.packets() >= 69, "{}", capture.packets());
    assert!(capture.shows(b"PASS secret"));
}

#[test]
fn an_unused_relay_stops() {
    let capture = Arc::new(Capture::default());
    drop(StreamRelay::ftp("127.0.0.1:9".parse().unwrap(), capture.clone()).unwrap());
    drop(udp_relay("127.0.0.1:9".parse().unwrap(), pass_all(), capture).unwrap());
}
