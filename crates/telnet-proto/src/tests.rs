use super::*;
use alloc::vec;

fn bytes(hex: &str) -> Vec<u8> {
    let octet = |t: &str| u8::from_str_radix(t, 16).expect("two hex digits");
    hex.split_whitespace().map(octet).collect()
}

/// A server whose offers have been taken off the wire.
fn server() -> Telnet {
    let mut t = Telnet::server();
    //                                        WILL ECHO WILL SGA  DO TTYPE DO NAWS
    assert_eq!(t.poll_transmit(), Some(bytes("ff fb 01  ff fb 03  ff fd 18  ff fd 1f")));
    t
}

fn answer(t: &mut Telnet, hex: &str) -> Option<Vec<u8>> {
    t.handle_bytes(&bytes(hex));
    t.poll_transmit()
}

#[test]
fn what_we_asked_for_and_got_is_not_answered() {
    let mut t = server();
    //                                DO ECHO  DO SGA   WONT TTYPE WONT NAWS
    assert_eq!(answer(&mut t, "ff fd 01  ff fd 03  ff fc 18  ff fc 1f"), None);
    assert_eq!(t.poll_event(), None);
}

#[test]
fn a_refusal_is_taken_and_a_second_one_ignored() {
    let mut t = server();
    // DONT ECHO, twice
    assert_eq!(answer(&mut t, "ff fe 01"), None);
    assert_eq!(answer(&mut t, "ff fe 01"), None);
    // DO ECHO afterwards turns it on again: WILL ECHO
    assert_eq!(answer(&mut t, "ff fd 01"), Some(bytes("ff fb 01")));
    assert_eq!(answer(&mut t, "ff fd 01"), None);
    // and DONT ECHO off: WONT ECHO
    assert_eq!(answer(&mut t, "ff fe 01"), Some(bytes("ff fc 01")));
}

#[test]
fn unknown_options_are_refused_and_their_absence_is_no_news() {
    let mut t = server();
    // DO 5 (STATUS), WILL 39 (NEW-ENVIRON), WILL 34 (LINEMODE)
    assert_eq!(answer(&mut t, "ff fd 05  ff fb 27  ff fb 22"), Some(bytes("ff fc 05  ff fe 27  ff fe 22")));
    assert_eq!(answer(&mut t, "ff fe 05  ff fc 27"), None);
    // The peer does not echo for us: DONT ECHO
    assert_eq!(answer(&mut t, "ff fb 01"), Some(bytes("ff fe 01")));
}

#[test]
fn two_ends_settle_and_the_client_tells_its_window() {
    let (mut s, mut c) = (Telnet::server(), Telnet::client(132, 255));
    for _ in 0..5 {
        c.handle_bytes(&s.poll_transmit().unwrap_or_default());
        s.handle_bytes(&c.poll_transmit().unwrap_or_default());
    }
    assert_eq!((s.poll_transmit(), c.poll_transmit()), (None, None));
    assert_eq!(s.poll_event(), Some(Event::Resize { columns: 132, rows: 255 }));
    assert_eq!(s.poll_event(), Some(Event::Terminal("VT100".into())));
    assert_eq!(c.poll_event(), Some(Event::Echo(true)));
    c.resize(80, 24);
    // IAC SB NAWS 0 80 0 24 IAC SE
    assert_eq!(c.poll_transmit(), Some(bytes("ff fa 1f 00 50 00 18 ff f0")));
}

#[test]
fn iac_is_doubled_on_the_wire_only() {
    let mut t = server();
    t.send(&bytes("41 ff 42"));
    assert_eq!(t.poll_transmit(), Some(bytes("41 ff ff 42")));
    assert_eq!(answer(&mut t, "41 ff ff 42"), None);
    assert_eq!(t.poll_event(), Some(Event::Data(bytes("41 ff 42"))));
}

#[test]
fn cr_nul_is_cr_and_cr_lf_stays() {
    let mut t = server();
    assert_eq!(answer(&mut t, "41 0d 00 42 0d 0a 00"), None);
    assert_eq!(t.poll_event(), Some(Event::Data(bytes("41 0d 42 0d 0a 00"))));
    t.send(b"a\rb\r\nc\r");
    assert_eq!(t.poll_transmit(), Some(bytes("61 0d 00 62 0d 0a 63 0d 00")));
}

#[test]
fn break_stands_where_it_came_among_the_data() {
    let mut t = server();
    assert_eq!(answer(&mut t, "61 ff f3 62 ff f4 63"), None);
    let expected = vec![
        Event::Data(b"a".to_vec()),
        Event::Break,
        Event::Data(b"b".to_vec()),
        Event::Interrupt,
        Event::Data(b"c".to_vec()),
    ];
    for event in expected {
        assert_eq!(t.poll_event(), Some(event));
    }
}

#[test]
fn are_you_there_is_answered_and_other_commands_pass() {
    let mut t = server();
    //                          NOP   AYT   GA    EC     EL
    assert_eq!(answer(&mut t, "ff f1 ff f6 ff f9 ff f7 ff f8"), Some(b"\r\n[Yes]\r\n".to_vec()));
    assert_eq!(t.poll_event(), Some(Event::Data(bytes("7f 15"))));
}

#[test]
fn a_subnegotiation_without_end_keeps_nothing_and_can_be_left() {
    let mut t = server();
    let mut flood = bytes("ff fa 18 00");
    flood.extend([b'x'; 100_000]);
    t.handle_bytes(&flood);
    assert!(matches!(&t.parse, Parse::Sub(sub) if sub.len() == SUB_LIMIT));
    // IAC DO ECHO instead of IAC SE
    assert_eq!(answer(&mut t, "ff fd 01 41"), None);
    assert_eq!(t.poll_event(), Some(Event::Data(b"A".to_vec())));
}

#[test]
fn windows_of_the_wrong_length_are_ignored() {
    let mut t = server();
    assert_eq!(answer(&mut t, "ff fa 1f 00 50 00 ff f0  ff fa ff f0  ff fa 1f 00 50 00 18 01 ff f0"), None);
    assert_eq!(t.poll_event(), None);
    // a window of 65535 columns: IAC is doubled
    assert_eq!(answer(&mut t, "ff fa 1f ff ff ff ff 00 18 ff f0"), None);
    assert_eq!(t.poll_event(), Some(Event::Resize { columns: 65_535, rows: 24 }));
}

#[test]
fn sequences_may_be_cut_anywhere() {
    let stream = bytes("61 ff fd 01 ff fa 1f 00 50 00 18 ff f0 0d 00 ff ff ff f3 62");
    crate::fuzz::telnet_stream(&stream);
    for cut in 0..stream.len() {
        crate::fuzz::telnet_stream(&stream[..cut]);
    }
}
