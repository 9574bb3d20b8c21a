use super::*;
use crate::ladder::{Arrow, Facts, Packet, Phase};

fn with(index: usize, check: impl FnOnce(Facts<'_>, &str)) {
    let seen = record(index).expect("the run");
    let text = draw(&seen, End::Client);
    check(Facts::new(&seen, End::Client), &text);
    assert!(text.lines().all(|l| l.chars().count() <= crate::ladder::WIDTH), "{text}");
}

fn ports(a: &Arrow<'_>) -> (u16, u16) {
    (a.source.port(), a.destination.port())
}

#[test]
fn first_a_get_and_a_put_with_one_retransmission_each() {
    with(0, |facts, text| {
        let packets: Vec<_> = facts.packets().collect();
        let requests: Vec<_> = packets
            .iter()
            .filter_map(|a| match a.packet() {
                Some(Packet::Request { write, .. }) => Some((a.from, a.destination.port(), *write)),
                _ => None,
            })
            .collect();
        assert_eq!(requests, [(End::Client, 69, false), (End::Client, 69, true)], "{text}");
        let split = packets.iter().rposition(|a| matches!(a.packet(), Some(Packet::Request { .. }))).unwrap();
        let (get, put) = packets.split_at(split);
        // The get: the client never saw the lost one; the put: it sent the lost one again.
        fn two<'a>(part: &[Arrow<'a>]) -> Vec<Arrow<'a>> {
            let is = |a: &&Arrow<'a>| matches!(a.packet(), Some(Packet::Data { block: 2, .. }));
            part.iter().filter(is).copied().collect()
        }
        assert_eq!(two(get).iter().filter(|a| !a.is_repeat()).count(), 1, "{text}");
        let sent = two(put);
        assert!(sent.len() >= 2 && !sent[0].is_repeat() && sent[1..].iter().all(|a| a.is_repeat()), "{text}");
        assert!(text.contains("DATA 2 (512 octets) --") && text.contains("again #1"), "{text}");
    });
}

#[test]
fn second_the_three_phases_in_order() {
    with(1, |facts, text| {
        let mut phases = facts.phases();
        // The request; three whole blocks with their acknowledgements (a busy machine repeats some); the
        // last block and its acknowledgement.
        assert!(phases.iter().filter(|p| **p == Phase::Transfer).count() >= 6, "{text}");
        phases.dedup();
        assert_eq!(phases, [Phase::Request, Phase::Transfer, Phase::End], "{text}");
        for phase in [Phase::Request, Phase::Transfer, Phase::End] {
            assert_eq!(text.matches(phase.title()).count(), 1, "{text}");
        }
    });
}

#[test]
fn third_port_69_is_asked_once_and_never_seen_again() {
    with(2, |facts, text| {
        let packets: Vec<_> = facts.packets().collect();
        let (x, to) = ports(&packets[0]);
        assert_eq!((packets[0].from, to), (End::Client, 69), "{text}");
        let (y, back) = ports(&packets[1]);
        assert_eq!((packets[1].from, back), (End::Server, x));
        assert_ne!(y, 69);
        for a in &packets[1..] {
            assert_eq!(ports(a), if a.from == End::Client { (x, y) } else { (y, x) }, "{text}");
        }
        assert!(packets.iter().all(|a| [a.source.ip(), a.destination.ip()].contains(&SERVER.into())));
    });
}

#[test]
fn fourth_the_control_connection_is_the_clients_to_21() {
    with(3, |facts, text| {
        let first = facts.arrows().next().unwrap();
        assert_eq!((first.from, first.destination.port()), (End::Client, 21), "{text}");
        let lines: Vec<_> = facts.controls().collect();
        assert!(lines[0].from == End::Server && lines[0].control().unwrap().starts_with("220"), "{text}");
        let said = |from, text: &str| lines.iter().any(|a| a.from == from && a.control() == Some(text));
        assert!(said(End::Client, "USER cisco") && said(End::Client, "PASS ****"), "{text}");
        assert!(lines.iter().all(|a| [a.source.port(), a.destination.port()].contains(&21)));
        assert!(!text.contains("PASS cisco"));
        // A reply follows each command, and the transfer ends before the goodbye.
        let at = |start: &str| lines.iter().position(|a| a.control().is_some_and(|l| l.starts_with(start)));
        let order = ["USER", "331", "PASS", "230", "RETR", "150", "226", "QUIT", "221"].map(at);
        assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?}: {text}");
    });
}

#[test]
fn fifth_active_the_server_opens_data_from_20() {
    with(4, |facts, text| {
        let data = facts.data_connections();
        assert_eq!(data.len(), 1, "{text}");
        assert_eq!((data[0].opener, data[0].from.port(), data[0].octets), (End::Server, 20, 2_000), "{text}");
        assert_eq!(data[0].from.ip(), std::net::IpAddr::from(SERVER));
        assert!(
            facts.controls().any(|a| a.control().is_some_and(|l| l.starts_with("PORT 10,0,0,2,"))),
            "{text}"
        );
    });
}

#[test]
fn sixth_passive_the_client_opens_data_to_the_port_of_the_227() {
    with(5, |facts, text| {
        let data = facts.data_connections();
        assert_eq!(data.len(), 1, "{text}");
        assert_eq!((data[0].opener, data[0].octets), (End::Client, 2_000), "{text}");
        let offer = facts
            .controls()
            .filter_map(|a| a.control().map(str::to_owned))
            .find(|l| l.starts_with("227"))
            .expect("227");
        let port = data[0].to.port();
        assert!(offer.contains(&format!("(10,0,0,1,{},{})", port >> 8, port & 255)), "{offer} {port}");
    });
}
