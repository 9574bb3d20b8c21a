use super::*;
use rustix::fs::{Mode, OFlags};
use std::io::Read;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::thread;

const SOON: Duration = Duration::from_secs(20);

fn next(terminal: &mut Terminal) -> Event {
    terminal.read(Some(SOON), None).expect("readable").expect("an event within 20 s")
}

/// Octets until so many have come.
fn octets(terminal: &mut Terminal, len: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < len {
        match next(terminal) {
            Event::Bytes(bytes) => all.extend(bytes),
            other => panic!("{other:?} after {all:?}"),
        }
    }
    all
}

fn connected() -> (Terminal, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let peer = TcpStream::connect(listener.local_addr().expect("an address")).expect("connected");
    peer.set_read_timeout(Some(SOON)).expect("a timeout");
    let (stream, _) = listener.accept().expect("accepted");
    (Terminal::telnet(stream).expect("a terminal"), peer)
}

fn take(peer: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut buf = vec![0; len];
    peer.read_exact(&mut buf).expect("octets from the terminal");
    buf
}

#[test]
fn a_joined_pair_carries_octets_and_ends_with_its_other_end() {
    let (far, mut near) = UnixStream::pair().expect("a pair");
    near.set_read_timeout(Some(SOON)).expect("a timeout");
    let mut terminal = Terminal::joined(far, Some((132, 43)));
    assert_eq!(terminal.size(), Some((132, 43)));
    // Nothing is made of what Telnet would take for its own.
    near.write_all(b"sh\xff\xf3\r").expect("written");
    assert_eq!(octets(&mut terminal, 5), b"sh\xff\xf3\r");
    terminal.writer().write_all(b"R1#\xff").expect("written");
    let mut said = [0; 4];
    near.read_exact(&mut said).expect("octets from the terminal");
    assert_eq!(&said, b"R1#\xff");
    drop(near);
    assert_eq!(next(&mut terminal), Event::Hangup);
}

/// WILL ECHO, WILL SGA, DO TTYPE, DO NAWS.
const OFFERS: [u8; 12] = [255, 251, 1, 255, 251, 3, 255, 253, 24, 255, 253, 31];

fn attach(terminal: &Terminal) -> OwnedFd {
    let path = terminal.path().expect("a pseudo-terminal has a path");
    rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).expect("attached")
}

#[test]
fn a_telnet_line_offers_echoes_and_hangs_up() {
    let (mut terminal, mut peer) = connected();
    assert_eq!(take(&mut peer, 12), OFFERS);
    peer.write_all(b"sh\xff\xffow\r\0").expect("sent");
    assert_eq!(octets(&mut terminal, 6), b"sh\xffow\r");
    terminal.writer().write_all(b"R1>\xff\r\n").expect("sent");
    assert_eq!(take(&mut peer, 7), b"R1>\xff\xff\r\n");
    drop(peer);
    assert_eq!(next(&mut terminal), Event::Hangup);
    assert_eq!(next(&mut terminal), Event::Hangup, "again at every read");
}

#[test]
fn break_and_window_size_are_events() {
    let (mut terminal, mut peer) = connected();
    // WILL NAWS, SB NAWS 132 x 50 SE, BRK
    peer.write_all(&[255, 251, 31, 255, 250, 31, 0, 132, 0, 50, 255, 240, 255, 243]).expect("sent");
    assert_eq!(next(&mut terminal), Event::Resize { columns: 132, rows: 50 });
    assert_eq!(terminal.size(), Some((132, 50)));
    assert_eq!(next(&mut terminal), Event::Break);
}

#[test]
fn a_negotiation_is_no_event_and_does_not_end_the_wait() {
    let (mut terminal, mut peer) = connected();
    // DO STATUS is refused
    peer.write_all(&[255, 253, 5]).expect("sent");
    assert_eq!(terminal.read(Some(Duration::from_millis(50)), None).expect("readable"), None);
    assert_eq!(take(&mut peer, 12), OFFERS);
    assert_eq!(take(&mut peer, 3), [255, 252, 5]);
}

#[test]
fn cancel_wakes_a_reader_that_waits_for_ever() {
    let (mut terminal, _peer) = connected();
    let cancel = Cancel::new().expect("a token");
    let other = cancel.clone();
    let reader = thread::spawn(move || terminal.read(None, Some(&other)).expect("readable"));
    cancel.cancel();
    assert_eq!(reader.join().expect("it returns"), None);
}

#[test]
fn the_device_can_hang_up() {
    let (mut terminal, mut peer) = connected();
    assert_eq!(take(&mut peer, 12), OFFERS);
    terminal.writer().hang_up();
    assert_eq!(peer.read(&mut [0; 1]).expect("the end"), 0);
    assert_eq!(next(&mut terminal), Event::Hangup);
}

#[test]
fn a_pty_passes_every_octet_both_ways() {
    let mut terminal = Terminal::pty().expect("a pty");
    let slave = attach(&terminal);
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(rustix::io::write(&slave, &all).expect("typed"), 256);
    assert_eq!(octets(&mut terminal, 256), all, "no echo, no signals, no CR to LF");
    terminal.writer().write_all(&all).expect("printed");
    let mut seen = Vec::new();
    let mut buf = [0; 256];
    while seen.len() < 256 {
        let n = rustix::io::read(&slave, &mut buf).expect("read");
        seen.extend_from_slice(&buf[..n]);
    }
    assert_eq!(seen, all);
}

#[test]
fn a_pty_survives_those_who_attach_and_leave() {
    let mut terminal = Terminal::pty().expect("a pty");
    for round in 0..3u8 {
        let slave = attach(&terminal);
        assert_eq!(rustix::io::write(&slave, &[round]).expect("typed"), 1);
        drop(slave);
        assert_eq!(octets(&mut terminal, 1), [round]);
    }
    assert_eq!(terminal.read(Some(Duration::ZERO), None).expect("readable"), None, "no hangup");
}

#[test]
fn output_that_nobody_reads_is_lost_and_stops_nobody() {
    let mut terminal = Terminal::pty().expect("a pty");
    let mut writer = terminal.writer();
    let begun = Instant::now();
    for _ in 0..64 {
        writer.write_all(&[b'x'; 65_536]).expect("taken");
    }
    assert!(begun.elapsed() < SOON, "it waits once");
    // Whoever attaches later can still type.
    let slave = attach(&terminal);
    assert_eq!(rustix::io::write(&slave, b"\r").expect("typed"), 1);
    assert_eq!(octets(&mut terminal, 1), b"\r");
}

#[test]
fn a_timeout_is_no_event() {
    let mut terminal = Terminal::pty().expect("a pty");
    assert_eq!(terminal.read(Some(Duration::from_millis(1)), None).expect("readable"), None);
}
