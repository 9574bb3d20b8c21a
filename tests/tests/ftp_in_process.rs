//! Our FTP client against our FTP server in this process, and raw control connections where the client
//! is too well-behaved.

use client::{
    ClientError, FtpOptions, Kind, Options, Passive, Remote, Resume, Scheme, Type, Unroutable, Wire,
};
use e2e::content::Content;
use e2e::ours::{self, Kept};
use gate::{Caps, Gate, Limits, Policy, User, audit, hash_password};
use serve::ftp::{Advertised, FtpConfig};
use serve::streams::StreamServer;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::Blob;
use store::memory::Memory;
use transport::Cancel;
use transport::tap::{Role, Sight, Tap, What};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(20);
/// Of what a busy machine may spoil.
const TRIES: usize = 20;

/// A server over memory with the user `u`/`p` and anonymous.
struct House {
    store: Arc<Memory>,
    server: StreamServer,
    events: audit::Events,
}

fn house_at(ip: IpAddr, config: FtpConfig) -> House {
    house_over(Memory::new(), ip, config)
}

fn house_over(memory: Memory, ip: IpAddr, config: FtpConfig) -> House {
    house_seen(memory, ip, config, None)
}

fn house_seen(memory: Memory, ip: IpAddr, config: FtpConfig, tap: Option<Arc<dyn Tap>>) -> House {
    let limits = Limits { all: Caps { sessions: Some(20), ..Limits::default().all }, ..Limits::default() };
    house_within(limits, memory, ip, config, tap)
}

fn house_within(
    limits: Limits,
    memory: Memory,
    ip: IpAddr,
    config: FtpConfig,
    tap: Option<Arc<dyn Tap>>,
) -> House {
    let store = Arc::new(memory);
    let hash = hash_password(&gate::Secret::new("p"));
    let policy =
        Policy { users: vec![User::new("u", &hash).unwrap()], write: true, limits, ..Policy::default() };
    let (gate, events) = Gate::new(store.clone(), policy);
    let listener = TcpListener::bind((ip, 0)).unwrap();
    // 20 is the default; a test gets it only as root, and shares it with the others.
    let active_port = if config.active_port == 20 { 0 } else { config.active_port };
    let config = FtpConfig { active_port, ..config };
    let server = serve::ftp::start(gate, vec![listener], config, tap).unwrap();
    House { store, server, events }
}

fn house() -> House {
    house_at(V4, FtpConfig::default())
}

impl House {
    fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    fn remote(&self, path: &str) -> Remote {
        at(self.address(), path)
    }

    fn content(&self, path: &str) -> Option<Vec<u8>> {
        self.store.content(path).map(|b| b.to_vec())
    }

    /// The next end of a transfer in the audit.
    fn ended(&self) -> gate::End {
        let by = Instant::now() + PATIENCE;
        while let Some(event) = self.events.recv_timeout(by.saturating_duration_since(Instant::now())) {
            if let audit::What::Ended { end, .. } = event.what {
                return end;
            }
        }
        panic!("no transfer ended");
    }
}

fn options(passive: Passive) -> Options {
    let ftp = FtpOptions { passive, no_progress: PATIENCE, ..FtpOptions::default() };
    Options { ftp, ..Options::default() }
}

/// Octets of a random seed, which a failure prints.
fn random(len: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    Content::random(len as u64).reader().read_to_end(&mut octets).unwrap();
    octets
}

fn memory(octets: &[u8]) -> Blob {
    Blob::Memory(octets.to_vec().into())
}

const SIZES: [usize; 6] = [0, 1, 511, 65_536, 262_145, 5_000_001];

// ---- our client, our server

#[test]
fn files_come_and_go_whole_in_every_mode_and_family() {
    for (ip, passive) in [
        (V4, Passive::Yes),
        (V4, Passive::PasvOnly),
        (V4, Passive::No),
        (V6, Passive::Yes),
        (V6, Passive::No),
    ] {
        let house = house_at(ip, FtpConfig::default());
        for len in SIZES {
            let octets = random(len);
            let name = format!("f{len}");
            let done = client::put(&memory(&octets), &house.remote(&name), &options(passive)).unwrap();
            assert_eq!(done.octets, len as u64);
            assert_eq!(
                house.content(&format!("/{name}")).as_deref(),
                Some(&octets[..]),
                "{ip} {passive:?} {len}"
            );
            let mut got = Kept::default();
            let done = client::get(&house.remote(&name), &mut got, &options(passive)).unwrap();
            assert_eq!((done.octets, got.0 == octets), (len as u64, true), "{ip} {passive:?} {len}");
        }
    }
}

#[test]
fn text_is_converted_on_the_wire_and_the_same_at_both_ends() {
    let house = house();
    let text: Vec<u8> = random(200_000).iter().map(|b| b"ab\r\n"[usize::from(b % 4)]).collect();
    // A lone CR before LF reads as one line end: leave CRs out of what must come back the same.
    let text: Vec<u8> = text.into_iter().filter(|b| *b != b'\r').collect();
    let remote = Remote { kind: Type::Text, ..house.remote("t") };
    client::put(&memory(&text), &remote, &options(Passive::Yes)).unwrap();
    assert_eq!(house.content("/t").unwrap(), text);
    let mut got = Kept::default();
    client::get(&remote, &mut got, &options(Passive::Yes)).unwrap();
    assert_eq!(got.0, text);
    let mut raw = Raw::logged_in(&house);
    raw.ask("TYPE A", 200);
    let wire = raw.retrieve("RETR t");
    assert_eq!(wire.len(), text.len() + text.iter().filter(|b| **b == b'\n').count());
}

#[test]
fn a_get_goes_on_at_its_offset() {
    let house = house();
    let octets = random(100_000);
    house.store.seed("/f", octets.clone());
    let mut options = options(Passive::Yes);
    options.ftp.resume = Resume::At(60_000);
    options.ftp.want_modified = true;
    let mut got = Kept(octets[..60_000].to_vec());
    let done = client::get(&house.remote("f"), &mut got, &options).unwrap();
    assert_eq!(done.octets, 40_000);
    assert_eq!(got.0, octets);
    assert!(done.modified.is_some());
}

#[test]
fn a_directory_is_listed_by_facts_or_as_ls_does() {
    let house = house();
    house.store.seed("/d/f one", b"12345".to_vec());
    house.store.seed("/d/e/x", b"".to_vec());
    let mut entries = client::list(&house.remote("d"), &options(Passive::Yes)).unwrap();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let seen: Vec<_> = entries.iter().map(|e| (e.name.as_slice(), e.kind)).collect();
    assert_eq!(seen, [(&b"e"[..], Some(Kind::Directory)), (&b"f one"[..], Some(Kind::File))]);
    assert_eq!(entries[1].len, Some(5));
    let e = client::list(&house.remote("none"), &options(Passive::Yes)).unwrap_err();
    assert!(matches!(e, ClientError::Denied { .. } | ClientError::Absent { .. }), "{e}");
}

#[test]
fn refusals_come_back_as_what_they_are() {
    let house = house();
    let opts = options(Passive::Yes);
    let mut sink = Kept::default();
    let e = client::get(&house.remote("none"), &mut sink, &opts).unwrap_err();
    assert!(matches!(e, ClientError::Absent { .. }), "{e}");
    let wrong = Remote { password: Some("x".to_owned()), ..house.remote("f") };
    let e = client::get(&wrong, &mut sink, &opts).unwrap_err();
    assert!(matches!(e, ClientError::Login { .. }), "{e}");
    let nobody = Remote { port: Some(free_port()), ..house.remote("f") };
    let e = client::get(&nobody, &mut sink, &opts).unwrap_err();
    assert!(matches!(e, ClientError::Unreachable { .. }), "{e}");
    let anonymous = Remote { user: None, password: None, ..house.remote("new") };
    client::put(&memory(b"x"), &anonymous, &opts).unwrap();
    assert_eq!(house.content("/new").unwrap(), b"x");
}

#[test]
fn a_source_that_dies_leaves_the_old_file() {
    let house = house();
    house.store.seed("/f", b"old".to_vec());
    // A file that is shorter than it said: its last octets never come.
    let file = tempfile::tempfile().unwrap();
    file.set_len(300_000).unwrap();
    let identity = store::Identity { dev: 0, ino: 0, len: 900_000, modified: 0, changed: 0 };
    let blob = Blob::File { file: Arc::new(file), len: 900_000, identity };
    let e = client::put(&blob, &house.remote("f"), &options(Passive::Yes)).unwrap_err();
    assert!(matches!(e, ClientError::Local(_)), "{e}");
    assert_eq!(house.ended().outcome, gate::Outcome::Aborted);
    assert_eq!(house.content("/f").unwrap(), b"old");
}

#[test]
fn cancel_ends_a_transfer_and_the_old_file_stays() {
    let house = house();
    house.store.seed("/f", b"old".to_vec());
    let cancel = Cancel::new().unwrap();
    /// Pulls the token when the first octets have gone.
    struct Puller(Cancel);
    impl Tap for Puller {
        fn see(&self, sight: &Sight<'_>) {
            if let What::Data { .. } = sight.what {
                self.0.cancel();
            }
        }
    }
    let tap: Arc<dyn Tap> = Arc::new(Puller(cancel.clone()));
    let opts = Options { cancel: Some(cancel), tap: Some(tap), ..options(Passive::Yes) };
    let e = client::put(&memory(&random(64 << 20)), &house.remote("f"), &opts).unwrap_err();
    assert!(matches!(e, ClientError::Cancelled), "{e}");
    assert_eq!(house.ended().outcome, gate::Outcome::Aborted);
    assert_eq!(house.content("/f").unwrap(), b"old");
}

#[test]
fn the_tap_sees_the_dialogue_without_the_password() {
    #[derive(Default)]
    struct Seen(Mutex<Vec<String>>);
    impl Tap for Seen {
        fn see(&self, sight: &Sight<'_>) {
            if let What::Control(line) = sight.what {
                self.0.lock().unwrap().push(String::from_utf8_lossy(line).into_owned());
            }
        }
    }
    let house = house();
    house.store.seed("/f", b"x".to_vec());
    let seen = Arc::new(Seen::default());
    let opts = Options { tap: Some(seen.clone()), ..options(Passive::Yes) };
    client::get(&house.remote("f"), &mut Kept::default(), &opts).unwrap();
    let lines = seen.0.lock().unwrap();
    let heads: Vec<&str> = lines.iter().map(|l| &l[..3]).collect();
    assert_eq!(
        heads,
        [
            "220", "USE", "331", "PAS", "230", "TYP", "200", "SIZ", "213", "EPS", "229", "RET", "150", "226",
            "QUI", "221"
        ]
    );
    assert_eq!(lines[3], "PASS ****");
}

// ---- raw control connections

struct Raw {
    control: BufReader<TcpStream>,
    peer: SocketAddr,
}

impl Raw {
    fn connect(house: &House) -> Raw {
        let control = TcpStream::connect(house.address()).unwrap();
        control.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut raw = Raw { control: BufReader::new(control), peer: house.address() };
        raw.expect(220);
        raw
    }

    fn logged_in(house: &House) -> Raw {
        let mut raw = Raw::connect(house);
        raw.ask("USER u", 331);
        raw.ask("PASS p", 230);
        raw.ask("TYPE I", 200);
        raw
    }

    fn say(&mut self, octets: &[u8]) {
        self.control.get_mut().write_all(octets).unwrap();
    }

    /// One whole reply.
    fn hear(&mut self) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.control.read_line(&mut line).unwrap(), 0, "closed after {all:?}");
            all.push_str(&line);
            if line.as_bytes().get(3) == Some(&b' ') && line.as_bytes()[..3].iter().all(u8::is_ascii_digit) {
                return all;
            }
        }
    }

    fn expect(&mut self, code: u16) -> String {
        let reply = self.hear();
        assert!(reply.starts_with(&code.to_string()), "expected {code}, found {reply}");
        reply
    }

    fn ask(&mut self, line: &str, code: u16) -> String {
        self.say(format!("{line}\r\n").as_bytes());
        self.expect(code)
    }

    fn data(&mut self) -> TcpStream {
        let reply = self.ask("EPSV", 229);
        let port: u16 = reply.split('|').nth(3).unwrap().parse().unwrap();
        let data = TcpStream::connect((self.peer.ip(), port)).unwrap();
        data.set_read_timeout(Some(PATIENCE)).unwrap();
        data
    }

    fn retrieve(&mut self, command: &str) -> Vec<u8> {
        let mut data = self.data();
        self.ask(command, 150);
        let mut got = Vec::new();
        data.read_to_end(&mut got).unwrap();
        self.expect(226);
        got
    }

    fn closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.control.read_to_end(&mut rest).is_ok()
    }
}

fn free_port() -> u16 {
    TcpListener::bind((V4, 0)).unwrap().local_addr().unwrap().port()
}

#[test]
fn an_upload_that_is_reset_is_not_published_and_can_go_on() {
    let house = house();
    house.store.seed("/f", b"old".to_vec());
    let octets = random(100_000);
    let mut raw = Raw::logged_in(&house);
    let mut data = raw.data();
    raw.ask("STOR new", 150);
    data.write_all(&octets[..40_000]).unwrap();
    let raw_progress = |raw: &mut Raw| {
        // STAT tells how far it is: the reset must not overtake the data.
        let by = Instant::now() + PATIENCE;
        while !raw.ask("STAT", 211).contains(" 40000 octets") {
            assert!(Instant::now() < by);
        }
    };
    raw_progress(&mut raw);
    reset(data);
    raw.expect(426);
    assert_eq!(house.content("/new"), None);
    assert_eq!(house.ended().octets, 40_000);
    let size = raw.ask("SIZE new", 213);
    assert_eq!(size.trim(), "213 40000", "its owner may go on");
    let mut data = raw.data();
    raw.ask("REST 40000", 350);
    raw.ask("STOR new", 150);
    data.write_all(&octets[40_000..]).unwrap();
    drop(data);
    raw.expect(226);
    assert_eq!(house.content("/new").unwrap(), octets);

    // Over an existing file the old one stays.
    let mut data = raw.data();
    raw.ask("STOR f", 150);
    data.write_all(b"new content").unwrap();
    reset(data);
    raw.expect(426);
    assert_eq!(house.content("/f").unwrap(), b"old");
}

fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}

#[test]
fn an_upload_whose_control_connection_is_gone_is_not_published() {
    let house = house();
    house.store.seed("/f", b"old".to_vec());
    let mut raw = Raw::logged_in(&house);
    let mut data = raw.data();
    raw.ask("STOR f", 150);
    data.write_all(b"half of the").unwrap();
    // As a killed client: both ends close, control first.
    drop(raw);
    drop(data);
    assert_eq!(house.ended().outcome, gate::Outcome::Aborted);
    assert_eq!(house.content("/f").unwrap(), b"old");
}

#[test]
fn an_upload_is_held_to_allo() {
    let house = house();
    let mut raw = Raw::logged_in(&house);
    for (announced, code) in [(5, 226), (6, 426), (4, 426)] {
        raw.ask(&format!("ALLO {announced}"), 200);
        let mut data = raw.data();
        raw.ask("STOR f", 150);
        data.write_all(b"12345").unwrap();
        drop(data);
        raw.expect(code);
    }
    assert_eq!(house.content("/f").unwrap(), b"12345");
}

#[test]
fn appe_and_rest_write_where_they_say() {
    let house = house();
    house.store.seed("/f", b"0123456789".to_vec());
    let mut raw = Raw::logged_in(&house);
    let store = |raw: &mut Raw, commands: &[(&str, u16)], octets: &[u8]| {
        let mut data = raw.data();
        for (command, code) in commands {
            raw.ask(command, *code);
        }
        data.write_all(octets).unwrap();
        drop(data);
        raw.expect(226);
    };
    store(&mut raw, &[("APPE f", 150)], b"ab");
    assert_eq!(house.content("/f").unwrap(), b"0123456789ab");
    store(&mut raw, &[("REST 4", 350), ("STOR f", 150)], b"XY");
    assert_eq!(house.content("/f").unwrap(), b"0123XY", "what follows is cut off");
    store(&mut raw, &[("APPE fresh", 150)], b"new");
    assert_eq!(house.content("/fresh").unwrap(), b"new");
    let _data = raw.data();
    raw.ask("REST 99", 350);
    raw.ask("STOR f", 554);
    let _data = raw.data();
    raw.ask("REST 99", 350);
    raw.ask("RETR f", 554);
    let mut data = raw.data();
    raw.ask("REST 4", 350);
    raw.ask("RETR f", 150);
    let mut got = Vec::new();
    data.read_to_end(&mut got).unwrap();
    raw.expect(226);
    assert_eq!(got, b"XY");
}

#[test]
fn commands_work_while_a_transfer_waits_for_its_reader() {
    let house = house();
    house.store.seed("/big", random(64 << 20));
    let mut raw = Raw::logged_in(&house);
    let mut data = raw.data();
    raw.ask("RETR big", 150);
    raw.ask("NOOP", 200);
    assert!(raw.ask("STAT", 211).contains("octets so far"));
    raw.ask("USER x", 503);
    // In band, then as the RFC wants it: urgent, with Telnet's IP and Synch before it.
    raw.say(b"ABOR\r\n");
    raw.expect(426);
    raw.expect(226);
    // A FIN would say that the file is whole.
    let end = data.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(end.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(house.ended().outcome, gate::Outcome::Aborted);

    let _data = raw.data();
    raw.ask("RETR big", 150);
    raw.say(b"\xff\xf4\xff");
    socket2::SockRef::from(raw.control.get_ref()).send_out_of_band(b"\xf2").unwrap();
    raw.say(b"ABOR\r\n");
    raw.expect(426);
    raw.expect(226);
    raw.ask("NOOP", 200);
}

#[test]
fn the_tap_sees_the_end_of_a_data_connection_that_is_broken_off() {
    struct Ends(Mutex<Vec<Role>>);
    impl Tap for Ends {
        fn see(&self, sight: &Sight<'_>) {
            if let What::Closed { role, .. } = sight.what {
                self.0.lock().unwrap().push(role);
            }
        }
    }
    let ends = Arc::new(Ends(Mutex::default()));
    let house = house_seen(Memory::new(), V4, FtpConfig::default(), Some(ends.clone()));
    house.store.seed("/big", random(64 << 20));
    let mut raw = Raw::logged_in(&house);
    let mut data = raw.data();
    raw.ask("RETR big", 150);
    data.read_exact(&mut [0]).unwrap();
    raw.ask("ABOR", 426);
    assert_eq!(*ends.0.lock().unwrap(), [Role::Data]);
}

#[test]
fn a_full_disk_is_452_before_the_data_or_in_its_midst() {
    let house = house_over(Memory::with_capacity(1_000_000), V4, FtpConfig::default());
    let big = random(5_000_000);
    // Our client announces the size: not one octet moves.
    let e = client::put(&memory(&big), &house.remote("f"), &options(Passive::Yes)).unwrap_err();
    assert!(matches!(e, ClientError::NoSpace { .. }), "{e}");
    let mut raw = Raw::logged_in(&house);
    let mut data = raw.data();
    raw.ask("STOR f", 150);
    // The server resets it in the midst: writing fails at some point, or all went into buffers.
    let _ = data.write_all(&big);
    raw.expect(452);
    assert_eq!(house.content("/f"), None);
    raw.ask("NOOP", 200);
    // Text has no announced size: the refusal comes while our client sends.
    let remote = Remote { kind: Type::Text, ..house.remote("f") };
    let e = client::put(&memory(&big), &remote, &options(Passive::Yes)).unwrap_err();
    assert!(matches!(e, ClientError::NoSpace { .. }), "{e}");
}

#[test]
fn a_transfer_in_which_nothing_moves_ends() {
    let config = FtpConfig { no_progress: Duration::from_millis(100), ..FtpConfig::default() };
    let house = house_at(V4, config);
    house.store.seed("/big", random(64 << 20));
    let mut raw = Raw::logged_in(&house);
    let _unread = raw.data();
    raw.ask("RETR big", 150);
    raw.expect(426);
    assert_eq!(house.ended().outcome, gate::Outcome::TimedOut);
    let mut data = raw.data();
    raw.ask("STOR f", 150);
    data.write_all(b"a beginning").unwrap();
    raw.expect(426);
    assert_eq!(house.ended().outcome, gate::Outcome::TimedOut);
    assert_eq!(house.content("/f"), None);
}

#[test]
fn the_idle_limit_ends_a_session_and_no_transfer() {
    let config = FtpConfig { idle: Duration::from_millis(300), ..FtpConfig::default() };
    let house = house_at(V4, config);
    house.store.seed("/big", random(64 << 20));
    let mut raw = Raw::logged_in(&house);
    let mut data = raw.data();
    let began = Instant::now();
    raw.ask("RETR big", 150);
    // Reads slowly, for longer than the limit; nothing is said meanwhile.
    let mut buffer = vec![0; 1 << 16];
    while began.elapsed() < Duration::from_millis(700) {
        data.read_exact(&mut buffer[..1]).unwrap();
    }
    let mut rest = Vec::new();
    data.read_to_end(&mut rest).unwrap();
    raw.expect(226);
    raw.expect(421);
    assert!(raw.closed());
}

#[test]
fn quit_in_a_transfer_waits_for_its_end() {
    let house = house();
    let octets = random(8 << 20);
    house.store.seed("/f", octets.clone());
    let mut raw = Raw::logged_in(&house);
    let mut data = raw.data();
    raw.ask("RETR f", 150);
    raw.say(b"QUIT\r\n");
    let mut got = Vec::new();
    data.read_to_end(&mut got).unwrap();
    assert!(got == octets);
    raw.expect(226);
    raw.expect(221);
    assert!(raw.closed());
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    let house = house();
    let mut raw = Raw::connect(&house);
    raw.say(b"USER u\r\nPASS p\r\nMKD d\r\nCWD d\r\nPWD\r\nSYST\r\nRMD /d\r\nNOOP\r\nQUIT\r\n");
    for code in [331, 230, 257, 250] {
        raw.expect(code);
    }
    assert_eq!(raw.hear(), "257 \"/d\" is the current directory.\r\n");
    for code in [215, 250, 200, 221] {
        raw.expect(code);
    }
    assert!(raw.closed());
}

#[test]
fn a_data_connection_that_nobody_makes_is_425() {
    let house = house_at(V4, FtpConfig { connect: Duration::from_millis(50), ..FtpConfig::default() });
    house.store.seed("/f", b"x".to_vec());
    let mut raw = Raw::logged_in(&house);
    raw.ask("RETR f", 425);
    raw.ask("EPSV", 229);
    raw.ask("RETR f", 150);
    raw.expect(425);
    // Nobody listens there: refused at once.
    let port = free_port();
    raw.ask(&format!("EPRT |1|127.0.0.1|{port}|"), 200);
    raw.ask("RETR f", 150);
    raw.expect(425);
    raw.ask("NOOP", 200);
}

#[test]
fn data_goes_to_and_comes_from_the_control_peer_only() {
    let house = house();
    house.store.seed("/f", b"secret".to_vec());
    let mut raw = Raw::logged_in(&house);
    raw.ask("PORT 127,0,0,2,200,1", 501);
    raw.ask("EPRT |1|127.0.0.2|51201|", 501);
    raw.ask("PORT 127,0,0,1,0,22", 501);
    // A stranger at our port gets nothing, and does not take the place of the right one.
    let reply = raw.ask("EPSV", 229);
    let port: u16 = reply.split('|').nth(3).unwrap().parse().unwrap();
    let stranger = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    stranger.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).unwrap();
    stranger.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into()).unwrap();
    raw.ask("RETR f", 150);
    let mut stranger = TcpStream::from(stranger);
    stranger.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut got = Vec::new();
    let _ = stranger.read_to_end(&mut got);
    assert_eq!(got, b"");
    let mut right = TcpStream::connect((V4, port)).unwrap();
    right.read_to_end(&mut got).unwrap();
    assert_eq!(got, b"secret");
    raw.expect(226);
}

/// A listener costs as much as a small file; a port that is known for long is a stranger's chance.
#[test]
fn a_passive_port_serves_again_after_a_whole_transfer_and_only_then() {
    let house = house();
    let (small, large) = (random(4_096), random(8 << 20));
    house.store.seed("/small", small.clone());
    house.store.seed("/large", large.clone());
    let mut raw = Raw::logged_in(&house);
    let fetch = |raw: &mut Raw| {
        let mut data = raw.data();
        raw.ask("RETR small", 150);
        let mut got = Vec::new();
        data.read_to_end(&mut got).unwrap();
        assert_eq!(got, small);
        raw.expect(226);
        data.peer_addr().unwrap().port()
    };
    // It is kept for a second, which may be over on a busy machine.
    let again = (0..TRIES).any(|_| fetch(&mut raw) == fetch(&mut raw));
    assert!(again, "never the same port twice");
    // Whoever came before the port was told again is not taken for the client's next connection.
    let turned_away = (0..TRIES).any(|_| {
        let port = fetch(&mut raw);
        let Ok(mut early) = TcpStream::connect((V4, port)) else { return false };
        early.set_read_timeout(Some(PATIENCE)).unwrap();
        let again = fetch(&mut raw) == port;
        let mut nothing = Vec::new();
        let _ = early.read_to_end(&mut nothing);
        assert_eq!(nothing, b"");
        again
    });
    assert!(turned_away, "never the same port with somebody before");
    // Behind a transfer that is broken off there may be connections on their way.
    let data = raw.data();
    let port = data.peer_addr().unwrap().port();
    raw.ask("RETR large", 150);
    raw.ask("ABOR", 426);
    raw.expect(226);
    drop(data);
    assert!(TcpStream::connect((V4, port)).is_err(), "the port is closed");
    // No port for ever either.
    let served: std::collections::BTreeSet<u16> = (0..70).map(|_| fetch(&mut raw)).collect();
    assert!(served.len() > 1, "{served:?}");
}

/// Its time is over when nobody asks for it.
#[test]
fn a_passive_port_that_is_not_asked_for_is_closed() {
    let house = house();
    house.store.seed("/f", b"x".to_vec());
    let mut raw = Raw::logged_in(&house);
    let mut data = raw.data();
    let port = data.peer_addr().unwrap().port();
    raw.ask("RETR f", 150);
    raw.expect(226);
    data.read_to_end(&mut Vec::new()).unwrap();
    let closed = e2e::poll::until(PATIENCE, || TcpStream::connect((V4, port)).is_err().then_some(()));
    assert!(closed.is_some(), "it is still open");
    raw.ask("NOOP", 200);
}

/// Two segments would be two wake-ups of the client for one small file.
#[test]
fn what_needs_no_waiting_is_announced_and_ended_in_one_segment() {
    let house = house();
    let content = random(4_096);
    house.store.seed("/f", content.clone());
    let mut raw = Raw::logged_in(&house);
    // A new listener may not know yet that somebody came.
    for _ in 0..TRIES {
        let mut data = raw.data();
        raw.say(b"RETR f\r\n");
        let mut got = Vec::new();
        data.read_to_end(&mut got).unwrap();
        assert_eq!(got, content);
        let mut replies = [0; 512];
        let n = raw.control.get_mut().read(&mut replies).unwrap();
        let replies = String::from_utf8_lossy(&replies[..n]).into_owned();
        if replies.starts_with("150") && replies.contains("\r\n226 ") {
            return;
        }
        assert!(replies.starts_with("150"), "{replies}");
        raw.expect(226);
    }
    panic!("150 and 226 came apart each time");
}

#[test]
fn a_list_of_20_000_names_is_whole() {
    let house = house();
    let names: Vec<String> = (0..20_000).map(|n| format!("{n:05}.bin")).collect();
    for name in &names {
        house.store.seed(&format!("/{name}"), b"x".to_vec());
    }
    let mut raw = Raw::logged_in(&house);
    for command in ["LIST", "NLST", "MLSD"] {
        let list = String::from_utf8(raw.retrieve(command)).unwrap();
        let came: Vec<&str> = list.lines().map(|line| line.rsplit(' ').next().unwrap_or("")).collect();
        assert!(came == names, "{command}: {} names", came.len());
    }
}

/// Clients wait for the 150 before they look at the data: a directory whose lines a socket takes at once must not keep it back.
#[test]
fn a_listing_is_announced_before_its_first_line() {
    let house = house();
    for n in 0..4_000 {
        house.store.seed(&format!("/a-name-of-some-length-{n:04}.bin"), b"x".to_vec());
    }
    let mut raw = Raw::logged_in(&house);
    // From the second on the listener knows at once that somebody came, and nothing has to be waited for.
    for _ in 0..5 {
        let mut data = raw.data();
        raw.say(b"LIST\r\n");
        data.read_exact(&mut [0]).unwrap();
        raw.control.get_ref().set_nonblocking(true).unwrap();
        let mut replies = [0; 512];
        let said =
            raw.control.get_mut().read(&mut replies).expect("the reply is there when the first octet is");
        let replies = String::from_utf8_lossy(&replies[..said]).into_owned();
        assert!(replies.starts_with("150 "), "{replies}");
        raw.control.get_ref().set_nonblocking(false).unwrap();
        data.read_to_end(&mut Vec::new()).unwrap();
        if !replies.contains("\r\n226 ") {
            raw.expect(226);
        }
    }
}

/// A directory that is listed is fetched: what goes over the data connection keeps the rate.
#[test]
fn a_listing_keeps_the_rate_of_downloads() {
    let rates = gate::Rates { outward: Some(100_000), ..gate::Rates::default() };
    let limits = Limits { per_transfer: rates, ..Limits::default() };
    let house = house_within(limits, Memory::new(), V4, FtpConfig::default(), None);
    for n in 0..2_000 {
        house.store.seed(&format!("/a-name-of-some-length-{n:04}.bin"), b"x".to_vec());
    }
    let mut raw = Raw::logged_in(&house);
    let began = Instant::now();
    let list = raw.retrieve("LIST");
    let took = began.elapsed();
    assert_eq!(list.iter().filter(|&&b| b == b'\n').count(), 2_000);
    // A tenth of a second may be given in advance; no machine is fast enough to break this.
    let least = Duration::from_secs_f64(list.len() as f64 / 100_000.0 - 0.3);
    assert!(least > Duration::from_secs(1) && took >= least, "{} octets in {took:?}", list.len());
}

#[test]
fn paths_stay_inside_and_listings_say_what_is_there() {
    let house = house();
    house.store.seed("/d/f one", b"12345".to_vec());
    house.store.seed("/.hidden", b"x".to_vec());
    let mut raw = Raw::logged_in(&house);
    raw.ask("CWD ../../../..", 250);
    assert_eq!(raw.ask("PWD", 257), "257 \"/\" is the current directory.\r\n");
    raw.ask("CWD nowhere", 550);
    assert_eq!(raw.retrieve("NLST"), b"d\r\n");
    raw.ask("CWD d", 250);
    let list = String::from_utf8(raw.retrieve("LIST -la")).unwrap();
    assert!(list.starts_with("-rw") && list.ends_with(" f one\r\n"), "{list}");
    let facts = String::from_utf8(raw.retrieve("MLSD")).unwrap();
    assert!(facts.starts_with("type=file;size=5;modify=") && facts.ends_with("; f one\r\n"), "{facts}");
    assert!(raw.ask("MLST f one", 250).contains("; /d/f one\r\n"));
    assert!(raw.ask("STAT /d", 213).contains(" f one\r\n"));
    assert_eq!(raw.ask("SIZE f one", 213), "213 5\r\n");
    let _data = raw.data();
    raw.ask("MLSD f one", 501);
    raw.ask("RNFR f one", 350);
    raw.ask("RNTO /g", 250);
    assert_eq!(house.content("/g").unwrap(), b"12345");
    raw.ask("DELE /g", 250);
    raw.ask("DELE /d", 550);
    raw.ask("RMD /d", 250);
    let _data = raw.data();
    assert!(raw.ask("RETR /none", 550).starts_with("550 No such file"));
}

#[test]
fn a_full_server_says_421() {
    let all = Caps { half_open: Some(1), ..Limits::default().all };
    let limits = Limits { all, ..Limits::default() };
    let house = house_within(limits, Memory::new(), V4, FtpConfig::default(), None);
    let _first = Raw::connect(&house);
    let control = TcpStream::connect(house.address()).unwrap();
    control.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut raw = Raw { control: BufReader::new(control), peer: house.address() };
    raw.expect(421);
    assert!(raw.closed());
}

#[test]
fn one_address_that_only_connects_is_told_421_at_its_limit() {
    let limits = Limits { per_address: Caps { half_open: Some(2), ..Caps::default() }, ..Limits::default() };
    let house = house_within(limits, Memory::new(), V4, FtpConfig::default(), None);
    let first = Raw::connect(&house);
    let _second = Raw::connect(&house);
    let control = TcpStream::connect(house.address()).unwrap();
    control.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut third = Raw { control: BufReader::new(control), peer: house.address() };
    let limit = "2 connections that are not logged in of one address (limits.per-address.half-open)";
    assert_eq!(third.hear(), format!("421 Too many: {limit}.\r\n"));
    assert!(third.closed());
    drop(first);
    // The place is free when the server has seen the end of the first.
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut again = Raw {
            control: BufReader::new(TcpStream::connect(house.address()).unwrap()),
            peer: house.address(),
        };
        if again.hear().starts_with("220") {
            return;
        }
        assert!(Instant::now() < deadline, "a place becomes free");
    }
}

#[test]
fn active_data_comes_from_the_configured_port() {
    let taken = e2e::ports::Port::take();
    let port = taken.number;
    let house = house_at(V4, FtpConfig { active_port: port, ..FtpConfig::default() });
    house.store.seed("/f", b"12345".to_vec());
    let mut raw = Raw::logged_in(&house);
    let ours = TcpListener::bind((V4, 0)).unwrap();
    let to = ours.local_addr().unwrap().port();
    // The second time the pair of ports is in TIME_WAIT: then another port is better than no file.
    for first in [true, false] {
        raw.ask(&format!("EPRT |1|127.0.0.1|{to}|"), 200);
        raw.ask("RETR f", 150);
        let (mut data, from) = ours.accept().unwrap();
        let mut got = Vec::new();
        data.read_to_end(&mut got).unwrap();
        raw.expect(226);
        assert_eq!(got, b"12345");
        assert!(from.port() == port || !first, "{from}");
    }
}

#[test]
fn passive_ports_come_from_the_range_and_who_is_told_which_address_is_said_by_network() {
    let low = (20_000..60_000).step_by(8).find(|p| TcpListener::bind((V4, *p)).is_ok()).unwrap();
    let told = |rows: &[(&str, &str)]| {
        let row = |(net, to): &(&str, &str)| Advertised {
            clients: net.parse().unwrap(),
            address: to.parse().unwrap(),
        };
        let advertised = rows.iter().map(row).collect();
        house_at(V4, FtpConfig { passive_ports: Some(low..=low + 7), advertised, ..FtpConfig::default() })
    };
    let house = told(&[("192.0.2.0/24", "203.0.113.7")]);
    let mut raw = Raw::logged_in(&house);
    for _ in 0..20 {
        let reply = raw.ask("EPSV", 229);
        let port: u16 = reply.split('|').nth(3).unwrap().parse().unwrap();
        assert!((low..=low + 7).contains(&port), "{port}");
    }
    assert!(raw.ask("PASV", 227).contains("(127,0,0,1,"), "whom no row fits");
    let house = told(&[
        ("192.0.2.0/24", "203.0.113.7"),
        ("127.0.0.0/8", "203.0.113.8"),
        ("0.0.0.0/0", "203.0.113.9"),
    ]);
    assert!(Raw::logged_in(&house).ask("PASV", 227).contains("(203,0,113,8,"), "the first that fits");
}

#[test]
fn draining_lets_a_transfer_end_and_then_says_421() {
    let house = house();
    let octets = random(32 << 20);
    house.store.seed("/f", octets.clone());
    let mut raw = Raw::logged_in(&house);
    let mut idle = Raw::logged_in(&house);
    let mut data = raw.data();
    raw.ask("RETR f", 150);
    house.server.drain();
    idle.expect(421);
    assert!(idle.closed());
    let mut got = Vec::new();
    data.read_to_end(&mut got).unwrap();
    assert!(got == octets);
    raw.expect(226);
    raw.expect(421);
    drop(raw);
    let began = Instant::now();
    house.server.wait(PATIENCE);
    assert!(began.elapsed() < PATIENCE, "nobody is waited for when all are gone");
}

#[test]
fn a_session_without_a_login_ends() {
    let house = house_at(V4, FtpConfig { login_grace: Duration::from_millis(50), ..FtpConfig::default() });
    let mut raw = Raw::connect(&house);
    raw.expect(421);
    assert!(raw.closed());
}

#[test]
fn a_client_that_only_closes_its_side_gets_its_answers() {
    let house = house();
    let mut raw = Raw::connect(&house);
    raw.say(b"USER u\r\nPASS p\r\nSYST\r\n");
    raw.control.get_ref().shutdown(Shutdown::Write).unwrap();
    for code in [331, 230, 215] {
        raw.expect(code);
    }
    assert!(raw.closed());
}

// ---- addresses

/// The lab's network: the server is 10.0.0.1, we are 10.0.0.2; all of it is this host.
struct Lab {
    server: SocketAddr,
}

impl Wire for Lab {
    fn real(&self, named: SocketAddr) -> Result<SocketAddr, Unroutable> {
        match (named.ip().to_string().as_str(), named.port()) {
            ("10.0.0.1", 21) => Ok(self.server),
            ("10.0.0.1", port) => Ok(SocketAddr::new(V4, port)),
            _ => Err(Unroutable::Silent),
        }
    }

    fn named(&self, real: SocketAddr) -> SocketAddr {
        SocketAddr::new("10.0.0.2".parse().unwrap(), real.port())
    }

    fn bind(&self, _peer: SocketAddr) -> Option<IpAddr> {
        Some(V4)
    }

    fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(vec![host.parse().unwrap()])
    }
}

/// Keeps control lines and the addresses of data connections.
#[derive(Default)]
struct Noted(Mutex<Vec<String>>);

impl Tap for Noted {
    fn see(&self, sight: &Sight<'_>) {
        let note = match sight.what {
            What::Control(line) => String::from_utf8_lossy(line).into_owned(),
            What::Connected { role: Role::Data } => {
                format!("{:?} {} {}", sight.dir, sight.local.ip(), sight.peer.ip())
            }
            _ => return,
        };
        self.0.lock().unwrap().push(note);
    }
}

#[test]
fn behind_a_wire_only_named_addresses_are_spoken_of() {
    let house = house();
    let octets = random(100_000);
    house.store.seed("/f", octets.clone());
    for (passive, line, connected) in [
        (Passive::Yes, "229 ", "Sent 10.0.0.2 10.0.0.1"),
        (Passive::PasvOnly, "227 Entering Passive Mode (10,0,0,1,", "Sent 10.0.0.2 10.0.0.1"),
        (Passive::No, "PORT 10,0,0,2,", "Received 10.0.0.2 10.0.0.1"),
    ] {
        let noted = Arc::new(Noted::default());
        let opts = Options {
            tap: Some(noted.clone()),
            wire: Arc::new(Lab { server: house.address() }),
            ..options(passive)
        };
        let remote = Remote { host: "10.0.0.1".to_owned(), port: None, ..house.remote("f") };
        let mut got = Kept::default();
        client::get(&remote, &mut got, &opts).unwrap();
        assert!(got.0 == octets);
        let notes = noted.0.lock().unwrap();
        assert!(notes.iter().any(|n| n.starts_with(line)), "{passive:?}: {notes:?}");
        assert!(notes.iter().any(|n| n == connected), "{passive:?}: {notes:?}");
        assert!(!notes.iter().any(|n| n.contains("127,0,0,1") || n.contains("127.0.0.1")), "{notes:?}");
    }
}

#[test]
fn an_interface_that_is_down_is_a_timeout() {
    let house = house();
    let mut opts = Options { wire: Arc::new(Lab { server: house.address() }), ..options(Passive::Yes) };
    opts.ftp.connect_timeout = Duration::from_millis(30);
    let remote = Remote { host: "10.0.0.9".to_owned(), ..house.remote("f") };
    let e = client::get(&remote, &mut Kept::default(), &opts).unwrap_err();
    assert!(matches!(e, ClientError::TimedOut { .. }), "{e}");
}

/// A server that says what the test wants, with one data connection for `content`.
fn scripted(script: Vec<(&'static str, String)>, content: Vec<u8>) -> (SocketAddr, SocketAddr) {
    let (control, data) = (TcpListener::bind((V4, 0)).unwrap(), TcpListener::bind((V4, 0)).unwrap());
    let addresses = (control.local_addr().unwrap(), data.local_addr().unwrap());
    let port = addresses.1.port().to_be_bytes();
    std::thread::spawn(move || {
        let mut stream = BufReader::new(control.accept().unwrap().0);
        stream.get_mut().write_all(b"220 hello\r\n").unwrap();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).unwrap_or(0) == 0 {
                // A client that tries another way comes again.
                stream = BufReader::new(control.accept().unwrap().0);
                stream.get_mut().write_all(b"220 hello\r\n").unwrap();
                continue;
            }
            let answer = script.iter().find(|(verb, _)| line.starts_with(verb)).map(|(_, a)| a.clone());
            let answer = answer.unwrap_or_else(|| "500 what?".to_owned());
            let answer = answer.replace("PORT", &format!("{},{}", port[0], port[1]));
            if line.starts_with("MLSD") {
                drop(data.accept().unwrap());
            }
            if line.starts_with("RETR") || line.starts_with("LIST") {
                stream.get_mut().write_all(b"150 here\r\n").unwrap();
                let (mut d, _) = data.accept().unwrap();
                d.write_all(&content).unwrap();
            }
            stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).unwrap();
        }
    });
    addresses
}

fn script(changes: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let usual = [
        ("USER", "331 ?"),
        ("PASS", "230 in"),
        ("TYPE", "200 ok"),
        ("RETR", "226 done"),
        ("QUIT", "221 bye"),
    ];
    changes.iter().chain(&usual).map(|(verb, answer)| (*verb, (*answer).to_owned())).collect()
}

fn at(control: SocketAddr, path: &str) -> Remote {
    let (user, password) = (Some("u".to_owned()), Some("p".to_owned()));
    Remote { user, password, ..ours::remote(Scheme::Ftp, control, path) }
}

#[test]
fn an_address_in_a_227_that_is_not_the_servers_is_not_connected_to() {
    // TEST-NET-3: a connection there would never come about.
    let (control, _) = scripted(script(&[("PASV", "227 ok (203,0,113,9,PORT)")]), b"12345".to_vec());
    let mut got = Kept::default();
    client::get(&at(control, "f"), &mut got, &options(Passive::Yes)).unwrap();
    assert_eq!(got.0, b"12345");
}

#[test]
fn a_server_without_mlsd_is_asked_for_list() {
    let changes = [("LIST", "226 done"), ("PASV", "227 ok (127,0,0,1,PORT)")];
    let lines = b"total 1\r\n-rw-r--r--   1 ftp ftp 5 Jan  1  2020 a b\r\n".to_vec();
    let (control, _) = scripted(script(&changes), lines);
    let entries = client::list(&at(control, "f"), &options(Passive::PasvOnly)).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].name.as_slice(), entries[0].len), (&b"a b"[..], Some(5)));
}

#[test]
fn a_download_that_is_shorter_or_longer_than_size_is_no_success() {
    for (size, found) in [("213 6", 6), ("213 4", 4)] {
        let changes = [("SIZE", size), ("PASV", "227 ok (127,0,0,1,PORT)")];
        let (control, _) = scripted(script(&changes), b"12345".to_vec());
        let e =
            client::get(&at(control, "f"), &mut Kept::default(), &options(Passive::PasvOnly)).unwrap_err();
        assert!(matches!(e, ClientError::Truncated { expected, found: 5 } if expected == found), "{e}");
    }
}

#[test]
fn a_426_behind_the_data_is_a_failure_with_the_servers_words() {
    let changes = [("RETR", "426 disk on fire"), ("PASV", "227 ok (127,0,0,1,PORT)")];
    let (control, _) = scripted(script(&changes), b"12345".to_vec());
    let e = client::get(&at(control, "f"), &mut Kept::default(), &options(Passive::PasvOnly)).unwrap_err();
    assert!(matches!(&e, ClientError::Server { text, .. } if text == "426 disk on fire"), "{e}");
}

#[test]
fn a_server_that_goes_silent_is_a_timeout() {
    let listener = TcpListener::bind((V4, 0)).unwrap();
    let mut opts = options(Passive::Yes);
    opts.ftp.no_progress = Duration::from_millis(50);
    let e = client::get(&at(listener.local_addr().unwrap(), "f"), &mut Kept::default(), &opts).unwrap_err();
    assert!(matches!(e, ClientError::TimedOut { .. }), "{e}");
}

#[test]
fn what_is_no_ftp_server_is_said_so() {
    let listener = TcpListener::bind((V4, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let ssh = std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"SSH-2.0-x\r\n"));
    let e = client::get(&at(address, "f"), &mut Kept::default(), &options(Passive::Yes)).unwrap_err();
    assert!(matches!(e, ClientError::Protocol { .. }), "{e}");
    ssh.join().unwrap().unwrap();
}
