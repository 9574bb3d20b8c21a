//! The six ladders of the lesson, from live runs: who sends first, and from and to which port.

use std::net::SocketAddr;
use towline::ladder::live::{Live, Which, run};
use towline::ladder::{Arrow, End, Facts, Packet, Phase, WIDTH};

const SERVER: [u8; 4] = [10, 0, 0, 1];
const CLIENT: [u8; 4] = [10, 0, 0, 2];

fn recorded(which: Which) -> Live {
    let live = run(which).expect("the run");
    assert!(live.whole, "{which:?}: what arrived is what was sent\n{}", live.draw());
    let drawing = live.draw();
    assert!(drawing.lines().all(|row| row.chars().count() <= WIDTH), "{drawing}");
    for arrow in Facts::new(&live.seen, End::Client).arrows() {
        let (client, server) = match arrow.from {
            End::Client => (arrow.source, arrow.destination),
            End::Server => (arrow.destination, arrow.source),
        };
        assert_eq!((client.ip(), server.ip()), (CLIENT.into(), SERVER.into()), "{drawing}");
    }
    live
}

fn ports(arrow: &Arrow<'_>) -> (u16, u16) {
    (arrow.source.port(), arrow.destination.port())
}

#[test]
fn ladder_1_tftp_get_the_client_asks_and_the_server_sends() {
    let live = recorded(Which::Get);
    let packets: Vec<Arrow<'_>> = Facts::new(&live.seen, End::Client).packets().collect();
    let first = packets[0];
    assert_eq!(first.from, End::Client);
    assert_eq!(first.destination, SocketAddr::from((SERVER, 69)));
    assert!(matches!(first.packet(), Some(Packet::Request { write: false, .. })), "{}", live.draw());
    for arrow in &packets {
        match arrow.packet().expect("a packet") {
            Packet::Data { .. } | Packet::OptionAck { .. } => assert_eq!(arrow.from, End::Server),
            Packet::Ack { .. } | Packet::Request { .. } => assert_eq!(arrow.from, End::Client),
            Packet::Error { .. } | Packet::Other { .. } => panic!("{}", live.draw()),
        }
    }
    let blocks: Vec<(u16, usize)> = packets
        .iter()
        .filter_map(|a| match a.packet() {
            Some(Packet::Data { block, len }) => Some((*block, *len)),
            _ => None,
        })
        .collect();
    assert_eq!(blocks, [(1, 512), (2, 512), (3, 276)]);
    assert!(matches!(packets.last().and_then(|a| a.packet()), Some(Packet::Ack { block: 3 })));
}

#[test]
fn ladder_2_tftp_put_has_three_phases_and_one_repeat() {
    let live = recorded(Which::Put);
    let facts = Facts::new(&live.seen, End::Client);
    let packets: Vec<Arrow<'_>> = facts.packets().collect();
    let phases = facts.phases();
    assert!(matches!(packets[0].packet(), Some(Packet::Request { write: true, .. })));
    assert_eq!(ports(&packets[0]).1, 69);
    assert!(matches!(packets[1].packet(), Some(Packet::Ack { block: 0 })), "{}", live.draw());
    assert_eq!(&phases[..2], [Phase::Request; 2]);
    let repeats: Vec<&Arrow<'_>> = packets.iter().filter(|a| a.is_repeat()).collect();
    assert_eq!(repeats.len(), 1, "{}", live.draw());
    assert!(matches!(repeats[0].packet(), Some(Packet::Data { block: 1, len: 512 })));
    assert_eq!(repeats[0].from, End::Client);
    assert_eq!(&phases[phases.len() - 2..], [Phase::End; 2]);
    assert!(matches!(packets.last().and_then(|a| a.packet()), Some(Packet::Ack { block: 3 })));
    let drawing = live.draw();
    for mark in ["1. request", "2. transfer", "3. end", "again #1"] {
        assert_eq!(drawing.matches(mark).count(), 1, "{mark}: {drawing}");
    }
}

#[test]
fn ladder_3_tids_69_is_asked_once_and_never_again() {
    let live = recorded(Which::Tids);
    let packets: Vec<Arrow<'_>> = Facts::new(&live.seen, End::Client).packets().collect();
    let (x, asked) = ports(&packets[0]);
    assert_eq!(asked, 69);
    let (y, back) = ports(&packets[1]);
    assert_eq!(back, x, "y answers x");
    assert_ne!(y, 69);
    for arrow in &packets[1..] {
        match arrow.from {
            End::Client => assert_eq!(ports(arrow), (x, y), "{}", live.draw()),
            End::Server => assert_eq!(ports(arrow), (y, x), "{}", live.draw()),
        }
    }
}

#[test]
fn ladder_4_the_ftp_control_connection_is_opened_by_the_client_to_21() {
    let live = recorded(Which::Control);
    let facts = Facts::new(&live.seen, End::Client);
    let first = facts.arrows().next().expect("something");
    assert_eq!((first.from, first.destination), (End::Client, SocketAddr::from((SERVER, 21))));
    let controls: Vec<Arrow<'_>> = facts.controls().collect();
    // The server speaks first on it; from then on a reply follows each command.
    assert_eq!(controls[0].from, End::Server);
    assert!(controls[0].control().is_some_and(|l| l.starts_with("220")), "{}", live.draw());
    let x = first.source.port();
    for arrow in &controls {
        let expected = if arrow.from == End::Client { (x, 21) } else { (21, x) };
        assert_eq!(ports(arrow), expected, "{}", live.draw());
    }
    let said: Vec<&str> = controls.iter().filter_map(|a| a.control()).collect();
    let at = |start: &str| said.iter().position(|l| l.starts_with(start));
    let order =
        [at("USER student"), at("331"), at("PASS"), at("230"), at("RETR"), at("226"), at("QUIT"), at("221")];
    assert!(order.iter().all(Option::is_some), "{said:?}");
    assert!(order.windows(2).all(|w| w[0] < w[1]), "{said:?}");
    assert!(!live.draw().contains("letmein"), "the password is masked");
}

#[test]
fn ladder_5_active_the_server_opens_from_20_to_the_client() {
    let live = recorded(Which::Active);
    let facts = Facts::new(&live.seen, End::Client);
    let connections = facts.data_connections();
    assert_eq!(connections.len(), 1, "{}", live.draw());
    let data = connections[0];
    assert_eq!(data.opener, End::Server);
    assert_eq!(data.from, SocketAddr::from((SERVER, 20)), "{}", live.draw());
    assert_eq!(data.to.ip(), SocketAddr::from((CLIENT, 0)).ip());
    assert_eq!(data.octets, 1_300);
    let asked = facts.controls().find(|a| {
        a.from == End::Client && a.control().is_some_and(|l| l.starts_with("PORT") || l.starts_with("EPRT"))
    });
    assert!(asked.is_some(), "{}", live.draw());
}

#[test]
fn ladder_6_passive_the_client_opens_to_the_port_in_the_reply() {
    let live = recorded(Which::Passive);
    let facts = Facts::new(&live.seen, End::Client);
    let connections = facts.data_connections();
    assert_eq!(connections.len(), 1, "{}", live.draw());
    let data = connections[0];
    assert_eq!(data.opener, End::Client);
    assert_eq!(data.from.ip(), SocketAddr::from((CLIENT, 0)).ip());
    assert_eq!(data.octets, 1_300);
    let reply = facts
        .controls()
        .filter_map(|a| a.control().map(String::from))
        .find(|l| l.starts_with("227"))
        .expect("a 227 reply");
    let numbers: Vec<u16> = reply
        .split(|c: char| !c.is_ascii_digit())
        .filter(|n| !n.is_empty())
        .skip(1)
        .map(|n| n.parse().unwrap())
        .collect();
    assert_eq!(data.to.port(), numbers[4] * 256 + numbers[5], "{}", live.draw());
    assert!(![20, 21].contains(&data.to.port()));
}

#[test]
fn numbers_name_the_ladders() {
    assert_eq!(Which::numbered(1), Some(Which::Get));
    assert_eq!(Which::numbered(6), Some(Which::Passive));
    assert_eq!((Which::numbered(0), Which::numbered(7)), (None, None));
}
