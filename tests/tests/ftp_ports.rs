//! One passive port for clients of different addresses: each has its own octets, and nobody those of another.

use gate::{Gate, Policy};
use serve::ftp::FtpConfig;
use serve::streams::StreamServer;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use store::memory::Memory;

const PATIENCE: Duration = Duration::from_secs(60);
/// The clients are 127.0.0.2 to 127.0.0.21.
const CLIENTS: u8 = 20;

/// A file for each client, one port for all.
fn house() -> (StreamServer, u16) {
    let store = Memory::new();
    for client in 2..2 + CLIENTS {
        store.seed(&format!("/{client}"), vec![client; 100_000]);
    }
    let (gate, _events) = Gate::new(Arc::new(store), Policy::default());
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = FtpConfig { passive_ports: Some(free..=free), ..FtpConfig::default() };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (serve::ftp::start(gate, vec![listener], config, None).unwrap(), free)
}

/// A connection from 127.0.0.`client`.
fn connect(client: u8, to: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, client), 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

struct Talk {
    client: u8,
    control: BufReader<TcpStream>,
}

impl Talk {
    fn log_in(client: u8, server: &StreamServer) -> Talk {
        let control = BufReader::new(connect(client, server.addresses()[0]));
        let mut talk = Talk { client, control };
        talk.expect("220");
        for (line, code) in [("USER anonymous", "331"), ("PASS x", "230"), ("TYPE I", "200")] {
            talk.ask(line, code);
        }
        talk
    }

    fn say(&mut self, line: &str) {
        self.control.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    fn expect(&mut self, code: &str) -> String {
        let mut line = String::new();
        self.control.read_line(&mut line).unwrap();
        assert!(line.starts_with(code), "client {}: expected {code}, found {line:?}", self.client);
        line
    }

    fn ask(&mut self, line: &str, code: &str) -> String {
        self.say(line);
        self.expect(code)
    }

    fn port(&mut self) -> SocketAddr {
        let reply = self.ask("EPSV", "229");
        SocketAddr::from((Ipv4Addr::LOCALHOST, reply.split('|').nth(3).unwrap().parse().unwrap()))
    }

    fn retr(&mut self) {
        let name = self.client;
        self.ask(&format!("RETR {name}"), "150");
    }

    /// The whole file, which is this client's.
    fn takes(&mut self, mut data: TcpStream) {
        let mut got = Vec::new();
        data.read_to_end(&mut got).unwrap();
        assert!(got == vec![self.client; 100_000], "client {}: {} octets", self.client, got.len());
        self.expect("226");
    }
}

#[test]
fn clients_of_different_addresses_share_one_port() {
    let (server, port) = house();
    let mut talks: Vec<Talk> = (2..2 + CLIENTS).map(|client| Talk::log_in(client, &server)).collect();
    // All of them at once, the last first; again, so that nothing is left of the first time.
    for connects_first in [true, false, true] {
        let at: Vec<_> = talks.iter_mut().map(Talk::port).collect();
        assert!(at.iter().all(|at| at.port() == port), "{at:?}");
        let mut data: Vec<Option<TcpStream>> = talks.iter().map(|_| None).collect();
        for begin_with_data in [connects_first, !connects_first] {
            for (n, talk) in talks.iter_mut().enumerate().rev() {
                match begin_with_data {
                    true => data[n] = Some(connect(talk.client, at[n])),
                    false => talk.retr(),
                }
            }
        }
        for (talk, data) in talks.iter_mut().zip(data) {
            talk.takes(data.expect("it has connected"));
        }
    }
}

#[test]
fn at_a_shared_port_a_stranger_gets_nothing_and_a_client_nothing_of_another() {
    let (server, _) = house();
    let [mut one, mut other] = [2, 3].map(|client| Talk::log_in(client, &server));
    let at = one.port();
    assert_eq!(other.port(), at);
    one.retr();
    // Nobody waits for the third address; the second has not asked for anything yet.
    let mut stranger = connect(99, at);
    let mut early = connect(3, at);
    assert_eq!(stranger.read(&mut [0; 1]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    early.set_nonblocking(true).unwrap();
    assert_eq!(early.read(&mut [0; 1]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    early.set_nonblocking(false).unwrap();
    let data = connect(2, at);
    one.takes(data);
    other.retr();
    other.takes(early);
}

#[test]
fn a_second_session_of_one_address_waits_its_turn_with_425() {
    let (server, _) = house();
    let [mut one, mut twin, mut other] = [2, 2, 3].map(|client| Talk::log_in(client, &server));
    let at = one.port();
    assert!(twin.ask("EPSV", "425").contains("--passive-ports"));
    assert_eq!(other.port(), at);
    // What came for the first and was not asked for is not the second's.
    let mut left = connect(2, at);
    one.ask("QUIT", "221");
    assert_eq!(one.control.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!(left.read(&mut [0; 1]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(twin.port(), at);
    let data = connect(2, at);
    twin.retr();
    twin.takes(data);
    let data = connect(3, at);
    other.retr();
    other.takes(data);
}
