//! What FTP's server is for whom: behind proxies that say for whom they come, addresses and profiles by network.

use ftp_proto::proxy;
use gate::{Gate, Policy, audit};
use serve::ftp::{Advertised, ForClient, FtpConfig, Look, Profile};
use serve::streams::StreamServer;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use store::memory::Memory;

const PATIENCE: Duration = Duration::from_secs(60);
const CLIENT: &str = "192.0.2.9:50000";
const FRONT: &str = "198.51.100.1:21";

struct House {
    server: StreamServer,
    events: audit::Events,
}

/// A file `f`, behind a proxy on this host.
fn house() -> House {
    let store = Memory::new();
    store.seed("/f", b"octets".to_vec());
    let (gate, events) = Gate::new(Arc::new(store), Policy::default());
    let row = |clients: &str, address: &str| Advertised {
        clients: clients.parse().unwrap(),
        address: address.parse().unwrap(),
    };
    let config = FtpConfig {
        proxies: vec!["127.0.0.0/8".parse().unwrap()],
        advertised: vec![row("192.0.2.0/24", "203.0.113.7")],
        active_port: 0,
        ..FtpConfig::default()
    };
    let server =
        serve::ftp::start(gate, vec![TcpListener::bind("127.0.0.1:0").unwrap()], config, None).unwrap();
    House { server, events }
}

impl House {
    fn connect(&self, first: &[u8]) -> Talk {
        let mut stream = TcpStream::connect(self.server.addresses()[0]).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(first).unwrap();
        Talk(BufReader::new(stream))
    }

    /// Who logs in next.
    fn logged_in(&self) -> Option<SocketAddr> {
        loop {
            let event = self.events.recv_timeout(PATIENCE).expect("it is told");
            if let audit::What::LoggedIn { .. } = event.what {
                return event.peer;
            }
        }
    }

    /// The next that was refused: who and why.
    fn refused(&self) -> (Option<SocketAddr>, String) {
        loop {
            let event = self.events.recv_timeout(PATIENCE).expect("it is told");
            if let audit::What::RefusedKnock { why } = event.what {
                return (event.peer, why.to_string());
            }
        }
    }
}

struct Talk(BufReader<TcpStream>);

impl Talk {
    fn expect(&mut self, code: u16) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        assert!(line.starts_with(&format!("{code} ")), "{line:?} instead of {code}");
        line
    }

    fn ask(&mut self, line: &str, code: u16) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.expect(code)
    }

    fn log_in(&mut self) {
        self.expect(220);
        self.ask("USER anonymous", 331);
        self.ask("PASS x", 230);
        self.ask("TYPE I", 200);
    }

    fn port(&mut self) -> u16 {
        self.ask("EPSV", 229).split('|').nth(3).unwrap().parse().unwrap()
    }

    /// What is said until the end.
    fn rest(mut self) -> String {
        let mut said = Vec::new();
        // A RST is an end too.
        let _ = self.0.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    }
}

fn header(source: &str) -> String {
    proxy::write_first(source.parse().unwrap(), FRONT.parse().unwrap())
}

/// The header of version 2 that says the same.
fn second(source: [u8; 4], port: u16) -> Vec<u8> {
    let [high, low] = port.to_be_bytes();
    let [a, b, c, d] = source;
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &[a, b, c, d, 198, 51, 100, 1, high, low, 0, 21]].concat()
}

#[test]
fn who_comes_by_a_proxy_is_who_its_header_says() {
    let house = house();
    for (first, who) in [
        (header(CLIENT).into_bytes(), CLIENT),
        (second([192, 0, 2, 77], 7), "192.0.2.77:7"),
        // In one segment with what the client says.
        ([header(CLIENT).as_bytes(), b"NOOP\r\n"].concat(), CLIENT),
    ] {
        let pipelined = first.ends_with(b"NOOP\r\n");
        let mut talk = house.connect(&first);
        talk.expect(220);
        if pipelined {
            talk.expect(200);
        }
        talk.ask("USER anonymous", 331);
        talk.ask("PASS x", 230);
        assert_eq!(house.logged_in(), Some(who.parse().unwrap()));
        // What it is told of is the address for its network; where it came to otherwise.
        assert!(talk.ask("PASV", 227).contains("(203,0,113,7,"));
        assert!(talk.ask("PORT 127,0,0,1,200,1", 501).contains("your own address"));
    }
    let mut other = house.connect(header("198.18.0.1:9").as_bytes());
    other.log_in();
    assert!(other.ask("PASV", 227).contains("(198,51,100,1,"), "where the client came to");
}

#[test]
fn a_proxy_that_says_nothing_of_the_kind_serves_nobody() {
    let house = house();
    let cases: [(&[u8], &str); 3] = [
        (b"USER anonymous\r\n", "no PROXY header"),
        (b"PROXY TCP4 x y 1 2\r\n", "a PROXY header that is malformed"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x31\0\0", "a PROXY header that is not about TCP over IP"),
    ];
    for (first, why) in cases {
        assert_eq!(house.connect(first).rest(), "");
        let (peer, reason) = house.refused();
        assert_eq!(reason, why);
        assert!(peer.is_some_and(|peer| peer.ip().is_loopback()));
    }
    // It may look whether somebody is there.
    for own in [&b"PROXY UNKNOWN\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        house.connect(own).expect(220);
    }
}

#[test]
fn data_connections_of_a_proxy_say_for_whom_they_are() {
    let house = house();
    let mut talk = house.connect(header(CLIENT).as_bytes());
    talk.log_in();
    let at = |port| SocketAddr::new(house.server.addresses()[0].ip(), port);
    for (first, comes) in [
        (header("192.0.2.9:50001"), true),
        // Another client's, by the same proxy.
        (header("192.0.2.10:50001"), false),
        (String::from("no header at all\r\n"), false),
    ] {
        let mut data = TcpStream::connect(at(talk.port())).unwrap();
        data.set_read_timeout(Some(PATIENCE)).unwrap();
        data.write_all(first.as_bytes()).unwrap();
        talk.ask("RETR f", 150);
        let mut got = Vec::new();
        let end = data.read_to_end(&mut got);
        assert_eq!((got == b"octets", end.is_ok()), (comes, comes), "{first:?}");
        if comes {
            talk.expect(226);
        } else {
            // It is still waited for the right one.
            talk.ask("ABOR", 426);
            talk.expect(226);
        }
    }
}

#[test]
fn old_clients_are_known_by_their_network_or_by_clnt() {
    let dos = Profile { list: Look::Dos, no_epsv: true, mdtm_sets: true };
    let store = Memory::new();
    store.seed("/f", b"octets".to_vec());
    let (gate, _events) = Gate::new(Arc::new(store), Policy { write: true, ..Policy::default() });
    let config = FtpConfig {
        profiles: vec![("127.0.0.2/32".parse().unwrap(), dos)],
        client_profiles: vec![ForClient { name: String::from("Modern"), profile: Profile::default() }],
        active_port: 0,
        ..FtpConfig::default()
    };
    let server =
        serve::ftp::start(gate, vec![TcpListener::bind("127.0.0.1:0").unwrap()], config, None).unwrap();
    let connect = |from: &str, to: SocketAddr| {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&format!("{from}:0").parse::<SocketAddr>().unwrap().into()).unwrap();
        socket.connect(&to.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    let listed = |talk: &mut Talk, from: &str| {
        let numbers = talk.ask("PASV", 227);
        let inside = numbers.split(['(', ')']).nth(1).unwrap();
        let n: Vec<u16> = inside.split(',').map(|n| n.parse().unwrap()).collect();
        let mut data = connect(from, format!("127.0.0.1:{}", n[4] << 8 | n[5]).parse().unwrap());
        talk.ask("LIST", 150);
        let mut lines = String::new();
        data.read_to_string(&mut lines).unwrap();
        talk.expect(226);
        lines
    };
    for (from, clnt, is_dos) in
        [("127.0.0.1", None, false), ("127.0.0.2", None, true), ("127.0.0.2", Some("CLNT modern 1"), false)]
    {
        let mut talk = Talk(BufReader::new(connect(from, server.addresses()[0])));
        talk.log_in();
        if let Some(line) = clnt {
            talk.ask(line, 200);
        }
        talk.ask("EPSV", if is_dos { 502 } else { 229 });
        let line = listed(&mut talk, from);
        assert_eq!(line.ends_with("                    6 f\r\n"), is_dos, "{line}");
        assert_eq!(line.starts_with("-rw"), !is_dos, "{line}");
        // Anonymous may not; who may is told 213.
        talk.ask("MDTM 20200102030405 f", 550);
    }
}
