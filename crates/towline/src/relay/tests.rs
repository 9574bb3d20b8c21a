use super::*;
use clock::Instant;
use link::Odds;
use std::net::UdpSocket;
use std::sync::mpsc;
use std::time::Duration;

fn udp() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

fn line(params: Params, seed: u64) -> (Tally, Vec<(Way, u32)>) {
    let mut line = Line::new(params, seed);
    for n in 0..1_000 {
        line.put(Instant::from_nanos(u64::from(n)), Way::Up, n, &[0; 10], true);
        line.put(Instant::from_nanos(u64::from(n)), Way::Down, n, &[0; 10], true);
    }
    let mut arrived = Vec::new();
    while let Some(at) = line.poll_arrival() {
        arrived.extend(std::iter::from_fn(|| line.take(at)).map(|(way, n, _)| (way, n)));
    }
    (line.tally(), arrived)
}

#[test]
fn the_same_seed_and_traffic_have_the_same_fates() {
    let params = Params {
        loss: Odds::percent(5),
        duplicate: Odds::percent(5),
        reorder: Odds::percent(5),
        delay: Duration::from_millis(1),
        ..Params::default()
    };
    assert_eq!(line(params, 7), line(params, 7));
    assert_ne!(line(params, 7).1, line(params, 8).1);
    let (tally, arrived) = line(params, 7);
    for counts in [tally.up, tally.down] {
        for n in [counts.lost, counts.duplicated, counts.reordered] {
            assert!((20..80).contains(&n), "about 50 of 1,000: {counts:?}");
        }
        assert_eq!((counts.datagrams, counts.octets, counts.dropped), (1_000, 10_000, 0));
    }
    let sum = |f: fn(&Counts) -> u64| f(&tally.up) + f(&tally.down);
    assert_eq!(arrived.len() as u64, 2_000 - sum(|c| c.lost) + sum(|c| c.duplicated));
    assert_ne!(tally.up, tally.down, "each way has fates of its own");
}

#[test]
fn a_full_line_drops_and_empties_again() {
    let mut line = Line::new(Params { rate: Some(1_000_000), ..Params::default() }, 1);
    let octets = [0; 60_000];
    let mut dropped = 0;
    for n in 0..400 {
        let (_, struck) = line.put(Instant::ZERO, Way::Down, n, &octets, true);
        dropped += u64::from(struck == Some(Struck::Dropped));
    }
    // 16 MiB hold 279 of 60,000 octets.
    assert_eq!((dropped, line.tally().down.dropped), (121, 121));
    while let Some(at) = line.poll_arrival() {
        while line.take(at).is_some() {}
    }
    assert_eq!(line.put(Instant::ZERO, Way::Down, 0, &octets, true).1, None);
}

#[test]
fn each_port_of_the_server_is_another_port_for_the_client() {
    let (server, one, two, client) = (udp(), udp(), udp(), udp());
    let (tell, told) = mpsc::channel();
    let observer: Observer = Box::new(move |happened| {
        if let Happened::Port { seen, .. } = happened {
            tell.send(*seen).unwrap();
        }
    });
    let relay =
        Relay::start(Settings { observer, ..Settings::towards(server.local_addr().unwrap()) }).unwrap();
    let mut buffer = [0; 64];
    let mut send_up = |octets: &[u8]| {
        client.send_to(octets, relay.address()).unwrap();
        server.recv_from(&mut buffer).unwrap().1
    };
    let up = send_up(b"request");
    assert_eq!(send_up(b"request"), up, "a repeated request comes from the same port");
    let mut seen = Vec::new();
    let mut buffer = [0; 64];
    for tid in [&one, &two, &one] {
        tid.send_to(b"data", up).unwrap();
        seen.push(client.recv_from(&mut buffer).unwrap().1);
    }
    assert!(seen[0] == seen[2] && seen[0] != seen[1] && seen[0] != relay.address(), "{seen:?}");
    assert_eq!([told.recv().unwrap(), told.recv().unwrap()], [seen[0], seen[1]]);
    client.send_to(b"to two", seen[1]).unwrap();
    assert_eq!(two.recv_from(&mut buffer).unwrap(), (6, up));

    // A server with a single port keeps it.
    server.send_to(b"data", up).unwrap();
    assert_eq!(client.recv_from(&mut buffer).unwrap().1, relay.address());
}

#[test]
fn strangers_do_not_get_into_a_transfer() {
    let (server, client, stranger) = (udp(), udp(), udp());
    let tid = udp();
    let relay = Relay::start(Settings::towards(server.local_addr().unwrap())).unwrap();
    let mut buffer = [0; 64];
    client.send_to(b"request", relay.address()).unwrap();
    let up = server.recv_from(&mut buffer).unwrap().1;
    tid.send_to(b"data", up).unwrap();
    let down = client.recv_from(&mut buffer).unwrap().1;
    stranger.send_to(b"evil", down).unwrap();
    client.send_to(b"ack", down).unwrap();
    assert_eq!(tid.recv_from(&mut buffer).unwrap(), (3, up), "the stranger's came first and did not pass");
    // From another address than the server's.
    let elsewhere = UdpSocket::bind("127.0.0.2:0").unwrap();
    elsewhere.send_to(b"evil", up).unwrap();
    tid.send_to(b"more", up).unwrap();
    assert_eq!(client.recv_from(&mut buffer).unwrap(), (4, down));
    assert_eq!(&buffer[..4], b"more");
    assert_eq!(relay.tally().down.dropped, 1);
}

#[test]
fn more_clients_than_there_is_room_for_push_out_the_silent_ones() {
    let server = udp();
    let (tell, told) = mpsc::channel();
    let observer: Observer = Box::new(move |happened| {
        if let Happened::Client { client, .. } = happened {
            tell.send(*client).unwrap();
        }
    });
    let relay =
        Relay::start(Settings { observer, ..Settings::towards(server.local_addr().unwrap()) }).unwrap();
    let ask = |client: &UdpSocket| {
        client.send_to(b"request", relay.address()).unwrap();
        server.recv_from(&mut [0; 64]).unwrap();
    };
    let first = udp();
    ask(&first);
    for n in 0..=255 {
        // Addresses that differ, so that a port that comes again is another client.
        ask(&UdpSocket::bind(SocketAddr::from(([127, 0, 1, n], 0))).unwrap());
    }
    ask(&first);
    ask(&first);
    let news = told.try_iter().filter(|c| *c == first.local_addr().unwrap()).count();
    assert_eq!(news, 2, "it was forgotten once, and served anew");
}
