//! Those who come over SSH and mean no good: nobody else notices them.

use e2e::memory::resident;
use e2e::noise::Noise;
use e2e::poll::{PATIENCE, until};
use e2e::service::Service;
use e2e::ssh_clients::host_keys;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use transport::ssh::Profile;
use transport::ssh::client::{Config, Connection, Login, Trust};
use transport::ssh::{Key, PrivateKey};

struct Anybody;

impl Trust for Anybody {
    async fn is_right(&mut self, _: &Key) -> bool {
        true
    }
}

struct House {
    service: Service,
    at: SocketAddr,
    key: PrivateKey,
}

impl House {
    fn start(limits: &str) -> House {
        let key = PrivateKey::ed25519().unwrap();
        let settings = format!(
            "[sftp]\nport = 0\nhost-keys = {:?}\n[limits]\n{limits}\n[[user]]\nname = \"bob\"\nkeys = [{:?}]\n",
            host_keys(),
            key.public().text()
        );
        let mut service = Service::start(&settings, &[]);
        let at = service.serve.listening("sftp");
        House { service, at, key }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Whether somebody with the right key gets in and has files.
    fn serves(&self) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(self.at).await.map_err(|e| e.to_string())?;
            let config = Config { profile: Profile::Modern, ..Config::default() };
            let made = Connection::make(stream, &config, Anybody).await;
            let mut connection = made.map_err(|e| e.to_string())?;
            let login = connection.with_key("bob", &self.key).await.map_err(|e| e.to_string())?;
            assert_eq!(login, Login::In);
            connection.subsystem("sftp").await.map(drop).map_err(|e| e.to_string())
        })
    }

    fn worker(&self) -> u32 {
        self.service.workers()[0].cast_unsigned()
    }
}

/// Reads to the end, whichever it is.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => {}
        Err(e) => assert_eq!(e.kind(), ErrorKind::ConnectionReset, "not a wait without end: {e}"),
    }
    all
}

#[test]
fn who_says_nothing_in_time_is_gone() {
    let house = House::start("login-timeout = \"1s\"");
    // Nothing at all, half a name, a name and no key exchange, a name and half a packet.
    let said: [&[u8]; 4] =
        [b"", b"SSH-2.0-half", b"SSH-2.0-whole\r\n", b"SSH-2.0-whole\r\n\x00\x00\x04\x00\x0a\x14rest"];
    let mut streams: Vec<TcpStream> = said.iter().map(|_| house.connect()).collect();
    for (stream, said) in streams.iter_mut().zip(said) {
        stream.write_all(said).unwrap();
    }
    for (mut stream, said) in streams.into_iter().zip(said) {
        let seen = rest(&mut stream);
        assert!(seen.starts_with(b"SSH-2.0-towline_"), "{}: {}", said.escape_ascii(), seen.escape_ascii());
    }
    house.serves().unwrap();
}

#[test]
fn what_is_no_ssh_ends_at_once_and_alone() {
    let house = House::start("login-timeout = \"1h\"");
    let head = b"SSH-2.0-x\r\n";
    let long = vec![b'a'; 300_000];
    let packet = |octets: &[u8]| [&head[..], octets].concat();
    let cases = [
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n\r\n".to_vec(),
        b"SSH-1.5-old\r\n".to_vec(),
        long,
        // Lengths that no packet has, and a packet of a kind that is not to come now.
        packet(&[0xff; 64]),
        packet(&[0, 0, 0, 0, 0, 0, 0, 0]),
        packet(&[0, 0, 0, 1, 0]),
        packet(&[0x7f, 0xff, 0xff, 0xff, 4, 20]),
        packet(&[&[0, 0, 0, 12, 4, 94][..], &[0; 10]].concat()),
        packet(&[&[0, 0, 0, 12, 4, 20][..], &[0; 10]].concat()),
    ];
    for case in &cases {
        let mut stream = house.connect();
        let shown = case[..case.len().min(40)].escape_ascii().to_string();
        // It may be gone before it has read all of it.
        let _ = stream.write_all(case);
        // What may still become a packet is waited for as long as a login may take.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = rest(&mut stream);
        house.serves().unwrap_or_else(|why| panic!("after {shown}: {why}"));
    }
}

#[test]
fn noise_in_the_key_exchange_costs_no_memory() {
    let house = House::start("");
    let mut noise = Noise::new();
    let one = |noise: &mut Noise| {
        let mut stream = house.connect();
        let mut octets = b"SSH-2.0-noise\r\n".to_vec();
        octets.extend(noise.octets(2_000));
        let _ = stream.write_all(&octets);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = rest(&mut stream);
    };
    (0..100).for_each(|_| one(&mut noise));
    let before = resident(house.worker());
    (0..400).for_each(|_| one(&mut noise));
    let after = resident(house.worker());
    assert!(after < before + (4 << 20), "{before} octets, then {after}");
    house.serves().unwrap();
}

#[test]
fn a_thousand_at_once_are_refused_in_words_and_come_in_when_there_is_room() {
    let house = House::start("half-open = 50\nper-address.half-open = 50\nlogin-timeout = \"1h\"");
    let mut in_the_way: Vec<TcpStream> = (0..50).map(|_| house.connect()).collect();
    for stream in &mut in_the_way {
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
        assert_eq!(&octet, b"S", "it has a place");
    }
    let before = resident(house.worker());
    let refused: Vec<TcpStream> = (0..1_000).map(|_| house.connect()).collect();
    for mut stream in refused {
        let seen = String::from_utf8_lossy(&rest(&mut stream)).into_owned();
        assert!(seen.starts_with("too many"), "{seen}");
    }
    let after = resident(house.worker());
    assert!(after < before + (4 << 20), "{before} octets, then {after}");
    assert!(house.serves().is_err(), "there is no room");
    drop(in_the_way);
    let served = until(Duration::from_secs(20), || house.serves().ok());
    assert!(served.is_some(), "their places are free again");
}
