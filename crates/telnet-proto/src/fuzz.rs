//! Entry points for the fuzzer; each must neither panic nor break what it asserts.

use crate::{Event, Telnet};
use alloc::vec::Vec;

/// `data` as a stream from the peer: in whatever pieces it comes, the same events and the same answers
/// result; and as data to a client, all octets arrive but those that NVT changes.
pub fn telnet_stream(data: &[u8]) {
    let mut whole = Telnet::server();
    whole.handle_bytes(data);
    let mut pieces = Telnet::server();
    for piece in data.chunks(1) {
        pieces.handle_bytes(piece);
    }
    assert_eq!(whole.poll_transmit(), pieces.poll_transmit(), "answers do not depend on the pieces");
    assert_eq!(events(&mut whole), events(&mut pieces), "events do not depend on the pieces");

    let (mut server, mut client) = (Telnet::server(), Telnet::client(80, 24));
    // Both ends settle: no negotiation goes on for ever.
    let mut turns = 0;
    loop {
        let (to_client, to_server) = (server.poll_transmit(), client.poll_transmit());
        if to_client.is_none() && to_server.is_none() {
            break;
        }
        client.handle_bytes(&to_client.unwrap_or_default());
        server.handle_bytes(&to_server.unwrap_or_default());
        turns += 1;
        assert!(turns < 10, "the ends settle");
    }
    let _ = events(&mut client);
    server.send(data);
    client.handle_bytes(&server.poll_transmit().unwrap_or_default());
    let mut arrived = Vec::new();
    for event in events(&mut client) {
        if let Event::Data(bytes) = event {
            arrived.extend(bytes);
        }
    }
    let cr_nul = |at: &usize| data[*at] == 0 && *at > 0 && data[*at - 1] == b'\r';
    let sent: Vec<u8> = (0..data.len()).filter(|at| !cr_nul(at)).map(|at| data[at]).collect();
    let same = |v: &[u8]| v.iter().copied().filter(|b| *b != 0).collect::<Vec<u8>>();
    assert_eq!(same(&arrived), same(&sent), "octets sent arrive");
}

/// All events, neighbouring data as one.
fn events(telnet: &mut Telnet) -> Vec<Event> {
    let mut all: Vec<Event> = Vec::new();
    while let Some(event) = telnet.poll_event() {
        match (all.last_mut(), event) {
            (Some(Event::Data(before)), Event::Data(bytes)) => before.extend(bytes),
            (_, event) => all.push(event),
        }
    }
    all
}
