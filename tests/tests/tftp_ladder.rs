//! The client's ladder of offers against servers that take only some of them.

use client::{Hosts, Options, Outcome, Remote, Rung, Scheme, TftpOptions};
use e2e::ours::{self, Kept};
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::Blob;

/// What a server of this file does with a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Deed {
    /// ERROR with this code.
    Refuse(u8),
    /// An OACK with a value that was not asked for.
    Lie,
    /// Takes the block size, answers, and blocks above 1,000 octets vanish on the way.
    Hole,
    /// Serves.
    Serve,
}

/// A server that has one file, or takes one, and notes what it was asked for.
struct House {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<u16>>>,
    file: Arc<Mutex<Vec<u8>>>,
}

/// The number behind an option of a request; 512 and so on are the caller's business.
fn option(request: &[u8], name: &str) -> Option<u16> {
    let words: Vec<&[u8]> = request[2..].split(|b| *b == 0).collect();
    let at = words.iter().position(|w| *w == name.as_bytes())?;
    std::str::from_utf8(words.get(at + 1)?).ok()?.parse().ok()
}

impl House {
    /// `deed` decides by the block size that a request asks for (512: none) and whether it has options.
    fn new(file: Vec<u8>, deed: impl Fn(u16, bool) -> Deed + Send + 'static) -> House {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = port.local_addr().unwrap();
        let (asked, file) = (Arc::new(Mutex::new(vec![])), Arc::new(Mutex::new(file)));
        let (notes, held) = (asked.clone(), file.clone());
        std::thread::spawn(move || {
            let mut buf = [0; 1_000];
            while let Ok((len, client)) = port.recv_from(&mut buf) {
                let request = &buf[..len];
                let asked = option(request, "blksize");
                let blksize = asked.unwrap_or(512);
                let plain = request[2..].split(|b| *b == 0).count() <= 3;
                notes.lock().unwrap().push(blksize);
                let transfer = UdpSocket::bind("127.0.0.1:0").unwrap();
                transfer.connect(client).unwrap();
                transfer.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
                match deed(blksize, !plain) {
                    Deed::Refuse(code) => {
                        transfer.send(&[0, 5, 0, code, b'n', b'o', 0]).unwrap();
                    }
                    Deed::Lie => {
                        transfer.send(b"\0\x06blksize\x0065000\0colour\x00red\0").unwrap();
                    }
                    deed => {
                        let hole = deed == Deed::Hole;
                        let file = held.clone();
                        // It knows no other option.
                        let (write, plain) = (request[1] == 2, asked.is_none());
                        std::thread::spawn(move || match write {
                            true => take(&transfer, blksize, plain, hole, &file),
                            false => give(&transfer, blksize, plain, hole, &file.lock().unwrap().clone()),
                        });
                    }
                }
            }
        });
        House { address, asked, file }
    }

    fn remote(&self) -> Remote {
        ours::remote(Scheme::Tftp, self.address, "f")
    }

    /// Block sizes asked for since the last call.
    fn asked(&self) -> Vec<u16> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// Lock-step, whatever window was asked for: it is not in the OACK.
fn oack(blksize: u16) -> Vec<u8> {
    format!("\0\x06blksize\0{blksize}\0").into_bytes()
}

/// Sends `octets` and hears the answer with this opcode and number, repeating; false when none came.
fn ask(socket: &UdpSocket, octets: &[u8], swallowed: bool, answer: [u8; 4]) -> bool {
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        if !swallowed {
            let _ = socket.send(octets);
        }
        let mut buf = [0; 70_000];
        match socket.recv(&mut buf) {
            Ok(len) if len >= 4 && buf[..4] == answer => return true,
            Ok(len) if len >= 2 && buf[1] == 5 => return false,
            _ => {}
        }
    }
    false
}

fn give(socket: &UdpSocket, blksize: u16, plain: bool, hole: bool, file: &[u8]) {
    if !plain && !ask(socket, &oack(blksize), false, [0, 4, 0, 0]) {
        return;
    }
    let size = usize::from(blksize);
    for n in 0..=file.len() / size {
        let block = &file[n * size..file.len().min((n + 1) * size)];
        let [high, low] = (n as u16 + 1).to_be_bytes();
        let packet = [&[0, 3, high, low], block].concat();
        let swallowed = hole && block.len() > 1_000;
        if !ask(socket, &packet, swallowed, [0, 4, high, low]) {
            return;
        }
    }
}

fn take(socket: &UdpSocket, blksize: u16, plain: bool, hole: bool, file: &Mutex<Vec<u8>>) {
    let mut got = vec![];
    let mut answer = if plain { vec![0, 4, 0, 0] } else { oack(blksize) };
    let until = Instant::now() + Duration::from_secs(5);
    let mut buf = [0; 70_000];
    socket.send(&answer).unwrap();
    for n in 1u16.. {
        let block = loop {
            if Instant::now() > until {
                return;
            }
            match socket.recv(&mut buf) {
                Ok(_) if buf[1] == 5 => return,
                Ok(len) if hole && len > 1_004 => {}
                Ok(len) if buf[..2] == [0, 3] && buf[2..4] == n.to_be_bytes() => break &buf[4..len],
                _ => drop(socket.send(&answer)),
            }
        };
        got.extend_from_slice(block);
        answer = [&[0, 4][..], &n.to_be_bytes()].concat();
        if block.len() < usize::from(blksize) {
            *file.lock().unwrap() = got;
            socket.send(&answer).unwrap();
            return;
        }
        socket.send(&answer).unwrap();
    }
}

fn content() -> Vec<u8> {
    (0..200_000u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect()
}

/// Impatient, so that a black hole does not cost the test three seconds.
fn options() -> Options {
    let no_progress = Duration::from_millis(400);
    Options { tftp: TftpOptions { no_progress, ..TftpOptions::best() }, ..Options::default() }
}

fn gets(house: &House, options: &Options) {
    let mut sink = Kept::default();
    let done = client::get(&house.remote(), &mut sink, options).unwrap();
    assert_eq!(done.octets, 200_000);
    assert!(sink.0 == content());
}

/// Loopback's MTU of 65,536 has room for more than the longest block that is offered.
const LOOPBACK: u16 = 32_000;

#[test]
fn the_first_offer_is_the_largest_and_what_works_needs_no_note() {
    let house = House::new(content(), |_, _| Deed::Serve);
    let options = options();
    gets(&house, &options);
    assert_eq!(house.asked(), [LOOPBACK]);
    assert_eq!(options.hosts.text(), None);
}

#[test]
fn a_server_that_refuses_options_gets_smaller_ones_and_is_remembered() {
    let house = House::new(content(), |blksize, _| if blksize > 512 { Deed::Refuse(8) } else { Deed::Serve });
    let options = options();
    gets(&house, &options);
    assert_eq!(house.asked(), [LOOPBACK, 8_192, 1_428, 1_428, 512]);
    assert_eq!(options.hosts.first(house.address), Rung::Small);
    // Another process, another day.
    let options = Options { hosts: Arc::new(Hosts::read(&options.hosts.text().unwrap())), ..options };
    gets(&house, &options);
    assert_eq!(house.asked(), [512]);
}

#[test]
fn rule_22_a_server_that_answers_options_with_error_0_or_4_is_asked_once_without() {
    for code in [0, 4] {
        let house =
            House::new(content(), move |_, options| if options { Deed::Refuse(code) } else { Deed::Serve });
        let options = options();
        gets(&house, &options);
        assert_eq!(house.asked(), [LOOPBACK, 512]);
        assert_eq!(options.hosts.first(house.address), Rung::Plain);
    }
}

#[test]
fn what_every_offer_fails_for_fails_and_is_not_remembered() {
    let house = House::new(content(), |_, _| Deed::Refuse(8));
    let options = options();
    let error = client::get(&house.remote(), &mut Kept::default(), &options).unwrap_err();
    assert!(matches!(error, client::ClientError::Server { code: client::WireCode::Tftp(8), .. }), "{error}");
    assert_eq!(options.hosts.text(), None);
    // ERROR 1 is about the file.
    let house = House::new(content(), |_, _| Deed::Refuse(1));
    assert!(matches!(
        client::get(&house.remote(), &mut Kept::default(), &options),
        Err(client::ClientError::Absent { .. })
    ));
    assert_eq!(house.asked(), [LOOPBACK]);
}

#[test]
fn an_oack_that_does_not_fit_leads_to_another_offer() {
    let house = House::new(content(), |_, options| if options { Deed::Lie } else { Deed::Serve });
    let options = options();
    gets(&house, &options);
    assert_eq!(house.asked(), [LOOPBACK, 8_192, 1_428, 1_428, 512, 512]);
    assert_eq!(options.hosts.first(house.address), Rung::Plain);
}

#[test]
fn blocks_that_vanish_on_the_way_become_smaller_both_ways() {
    let house = House::new(content(), |_, _| Deed::Hole);
    let options = options();
    gets(&house, &options);
    assert_eq!(house.asked(), [LOOPBACK, 8_192, 1_428, 512]);
    gets(&house, &options);
    assert_eq!(house.asked(), [512], "remembered");

    let house = House::new(vec![], |_, _| Deed::Hole);
    let done = client::put(&Blob::Memory(content().into()), &house.remote(), &options).unwrap();
    assert_eq!((done.octets, done.outcome), (200_000, Outcome::Complete));
    assert!(*house.file.lock().unwrap() == content());
    assert_eq!(house.asked(), [LOOPBACK, 8_192, 1_428, 512]);
}
