//! Who tries something with FTP's server: each ends in the documented reply (docs/protocols/ftp.md), with nothing lost and
//! with memory as it was.

use e2e::memory;
use e2e::poll::{PATIENCE, until};
use e2e::process::run;
use e2e::service::Ftp;
use e2e::towline::Serve;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where anonymous may write, so that what is refused is refused for what it is.
struct House {
    serve: Serve,
    root: TempDir,
    outside: TempDir,
}

fn house(flags: &[&str]) -> House {
    let (root, outside) = (e2e::scratch(), e2e::scratch());
    std::fs::write(root.path().join("f"), "inside").unwrap();
    std::fs::write(outside.path().join("secret"), "outside").unwrap();
    House { serve: Serve::start(root.path(), &[&["--write"], flags].concat()), root, outside }
}

impl House {
    fn at(&self) -> SocketAddr {
        self.serve.ftp
    }

    fn memory(&self) -> u64 {
        self.serve.processes().into_iter().map(memory::resident).sum()
    }
}

/// Buffers and the allocator's leftovers of some connections: nothing that grows with what a peer sends.
const FLAT: u64 = 4 << 20;

/// One control connection, whatever is said on it.
struct Raw(BufReader<TcpStream>);

impl Raw {
    fn log_in(server: SocketAddr) -> Raw {
        let mut raw = Raw::connect(server);
        assert_eq!(raw.reply().0, 220);
        assert_eq!(raw.ask(b"USER anonymous"), 331);
        assert_eq!(raw.ask(b"PASS x"), 230);
        assert_eq!(raw.ask(b"TYPE I"), 200);
        raw
    }

    fn connect(server: SocketAddr) -> Raw {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Raw(BufReader::new(stream))
    }

    fn say(&mut self, line: &[u8]) {
        self.0.get_mut().write_all(&[line, b"\r\n"].concat()).unwrap();
    }

    fn reply(&mut self) -> (u16, String) {
        let mut all = String::new();
        loop {
            let mut line = Vec::new();
            assert!(self.0.read_until(b'\n', &mut line).unwrap() > 0, "the session ended: {all}");
            let line = String::from_utf8_lossy(&line).into_owned();
            all.push_str(&line);
            if let (Some(code), Some(' ')) = (line.get(..3).and_then(|c| c.parse().ok()), line.chars().nth(3))
            {
                return (code, all);
            }
        }
    }

    fn ask(&mut self, line: &[u8]) -> u16 {
        self.say(line);
        self.reply().0
    }

    fn port(&mut self) -> u16 {
        self.say(b"EPSV");
        let (code, text) = self.reply();
        assert_eq!(code, 229);
        text.split('|').nth(3).and_then(|port| port.parse().ok()).expect("a port")
    }
}

#[test]
fn data_is_sent_to_nobody_else() {
    let house = house(&[]);
    // Whoever is aimed at: on this host, so that somebody would come.
    let victim = TcpListener::bind("127.0.0.2:0").unwrap();
    victim.set_nonblocking(true).unwrap();
    let port = victim.local_addr().unwrap().port();
    let mut raw = Raw::log_in(house.at());
    let (high, low) = (port >> 8, port & 0xff);
    for line in [
        format!("PORT 127,0,0,2,{high},{low}"),
        format!("EPRT |1|127.0.0.2|{port}|"),
        // Our own services, by the client's own address.
        String::from("PORT 127,0,0,1,0,25"),
        String::from("EPRT |1|127.0.0.1|1023|"),
        String::from("EPRT |1|0.0.0.0|50000|"),
        String::from("EPRT |2|::1|50000|"),
        String::from("EPRT |2|::ffff:127.0.0.2|50000|"),
    ] {
        assert_eq!(raw.ask(line.as_bytes()), 501, "{line}");
        assert_eq!(raw.ask(b"RETR f"), 425, "{line}");
    }
    assert_eq!(victim.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_port_that_a_stranger_takes_first_still_waits_for_the_client() {
    let house = house(&[]);
    let mut raw = Raw::log_in(house.at());
    let at = SocketAddr::new(house.at().ip(), raw.port());
    let strangers: Vec<TcpStream> = (2..6)
        .map(|n| {
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
            socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, n), 0)).into()).unwrap();
            socket.connect(&at.into()).unwrap();
            let stream = TcpStream::from(socket);
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream
        })
        .collect();
    let mut own = TcpStream::connect(at).unwrap();
    assert_eq!(raw.ask(b"RETR f"), 150);
    let mut got = Vec::new();
    own.read_to_end(&mut got).unwrap();
    assert_eq!(got, b"inside");
    assert_eq!(raw.reply().0, 226);
    for mut stranger in strangers {
        let mut got = Vec::new();
        let _ = stranger.read_to_end(&mut got);
        assert!(got.is_empty(), "{got:?}");
    }
}

#[test]
fn no_name_and_no_link_leads_out_of_the_tree() {
    let house = house(&[]);
    let (root, outside) = (house.root.path(), house.outside.path());
    symlink(outside, root.join("link")).unwrap();
    symlink(outside.join("secret"), root.join("file-link")).unwrap();
    symlink("/etc", root.join("etc")).unwrap();
    std::fs::create_dir(root.join("sub")).unwrap();
    symlink("../../../../../../etc/passwd", root.join("sub/up")).unwrap();
    let away = outside.strip_prefix("/").unwrap().display().to_string();
    let names = [
        format!("../../../../../../../{away}/secret"),
        format!("/../{away}/secret"),
        format!("sub/../../../../../{away}/secret"),
        format!("/{away}/secret"),
        String::from("link/secret"),
        String::from("file-link"),
        String::from("etc/passwd"),
        String::from("sub/up"),
        String::from("/proc/self/root/etc/passwd"),
        String::from("//////etc/passwd"),
        String::from("f/../../../etc/passwd"),
    ];
    let mut raw = Raw::log_in(house.at());
    for name in &names {
        for verb in ["SIZE", "MDTM", "MLST", "RNFR", "HASH", "XMD5"] {
            let line = format!("{verb} {name}");
            let code = raw.ask(line.as_bytes());
            // A link may be renamed as what it is: the name is inside, and stays so.
            assert!(matches!(code, 550 | 553) || (verb == "RNFR" && code == 350), "{line}: {code}");
        }
        let data = TcpStream::connect(SocketAddr::new(house.at().ip(), raw.port())).unwrap();
        let code = raw.ask(format!("RETR {name}").as_bytes());
        assert!(matches!(code, 550 | 553), "RETR {name}: {code}");
        drop(data);
        for verb in ["CWD", "DELE", "RMD"] {
            if verb == "DELE" && !name.contains('/') {
                continue;
            }
            let code = raw.ask(format!("{verb} {name}").as_bytes());
            let own = verb == "DELE" && name == "sub/up";
            assert!(matches!(code, 550 | 553) || (own && code == 250), "{verb} {name}: {code}");
        }
    }
    // Up is not out.
    assert_eq!(raw.ask(b"CWD ../../.."), 250);
    raw.say(b"PWD");
    assert!(raw.reply().1.starts_with("257 \"/\""));
    // Nothing of it is shown by a listing that follows no link either.
    raw.say(b"STAT link");
    assert!(!raw.reply().1.contains("secret"));
    assert_eq!(std::fs::read_to_string(outside.join("secret")).unwrap(), "outside");
    // Nor is anything written there.
    for name in ["link/new", "../new", "etc/new-from-ftp"] {
        let data = TcpStream::connect(SocketAddr::new(house.at().ip(), raw.port())).unwrap();
        let code = raw.ask(format!("STOR {name}").as_bytes());
        drop(data);
        if code == 150 {
            raw.reply();
        }
        let made = [outside.join("new"), Path::new("/etc/new-from-ftp").to_owned(), root.join("../new")];
        assert!(made.iter().all(|path| !path.exists()), "STOR {name}: {code}");
    }
}

#[test]
fn patterns_that_multiply_cost_nothing() {
    let house = house(&[]);
    let mut deep = house.root.path().to_owned();
    for n in 0..30 {
        deep.push(format!("d{n}"));
        std::fs::create_dir(&deep).unwrap();
    }
    // What a matcher that goes back at each star would try for ever.
    std::fs::write(house.root.path().join("a".repeat(250)), "x").unwrap();
    let mut raw = Raw::log_in(house.at());
    let before = house.memory();
    let bombs = [
        "*/../".repeat(500) + "*",
        "*/".repeat(1_000),
        "**/".repeat(1_000) + "x",
        "*/*/*/*/*/*/*/*/*/*".to_owned(),
        "*a".repeat(1_000) + "b",
        "a*".repeat(120) + "b",
        "?".repeat(250) + "*",
        "{a,b}".repeat(400),
        "{".repeat(2_000),
        "[a-z".repeat(500),
        "[".repeat(1_000) + "]",
        "~".repeat(200),
        "a".repeat(3_000) + "*",
    ];
    for bomb in &bombs {
        raw.say(format!("STAT {bomb}").as_bytes());
        let (code, text) = raw.reply();
        assert!(matches!(code, 213 | 550 | 553) && text.len() < 16_384, "STAT {bomb:.20}: {code}");
        for verb in ["LIST", "NLST", "LIST -R", "MLSD"] {
            let mut data = TcpStream::connect(SocketAddr::new(house.at().ip(), raw.port())).unwrap();
            let code = raw.ask(format!("{verb} {bomb}").as_bytes());
            if code == 150 {
                // Of the one directory that it is about, each entry once at most.
                let mut lines = String::new();
                data.read_to_string(&mut lines).unwrap();
                assert!(lines.lines().count() <= 3, "{verb} {bomb:.20}: {lines}");
                assert_eq!(raw.reply().0, 226);
            } else {
                assert!(matches!(code, 450 | 501 | 550 | 553), "{verb} {bomb:.20}: {code}");
            }
        }
    }
    let grown = house.memory().saturating_sub(before);
    assert!(grown < FLAT, "{grown}");
}

#[test]
fn lines_of_a_mebibyte_are_500_each_and_the_session_goes_on() {
    let house = house(&[]);
    let mut raw = Raw::log_in(house.at());
    assert_eq!(raw.ask(b"NOOP"), 200);
    let before = house.memory();
    let long = [b"RETR ".as_slice(), &vec![b'a'; 1 << 20]].concat();
    for _ in 0..32 {
        assert_eq!(raw.ask(&long), 500);
    }
    let grown = house.memory().saturating_sub(before);
    assert!(grown < FLAT, "{grown} octets after 32 MiB of lines");
    assert_eq!(raw.ask(b"NOOP"), 200);
}

#[test]
fn who_never_reads_replies_is_not_read_and_holds_nothing() {
    let house = house(&[]);
    let mut raws: Vec<Raw> = (0..8).map(|_| Raw::log_in(house.at())).collect();
    let before = house.memory();
    for raw in &mut raws {
        let stream = raw.0.get_mut();
        stream.set_nonblocking(true).unwrap();
        // Until neither side's buffers take any more.
        let lines = b"HELP\r\nFEAT\r\nSTAT\r\n".repeat(1_000);
        let mut silent = None;
        loop {
            match stream.write(&lines) {
                Ok(_) => silent = None,
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    let since = *silent.get_or_insert_with(Instant::now);
                    if since.elapsed() > Duration::from_millis(300) {
                        break;
                    }
                    std::thread::yield_now();
                }
                Err(e) => panic!("{e}"),
            }
        }
    }
    let grown = house.memory().saturating_sub(before);
    assert!(grown < FLAT, "{grown} octets for {} that read nothing", raws.len());
    // Others are served meanwhile.
    assert_eq!(Raw::log_in(house.at()).ask(b"NOOP"), 200);
}

#[test]
fn who_never_reads_data_holds_nothing_but_the_kernels_buffers() {
    let house = house(&[]);
    let file = std::fs::File::create(house.root.path().join("large")).unwrap();
    file.set_len(1 << 30).unwrap();
    let mut talks: Vec<Ftp> = (0..8).map(|_| Ftp::log_in(house.at())).collect();
    let before = house.memory();
    for ftp in &mut talks {
        ftp.retrieve("large");
    }
    for ftp in &mut talks {
        // It is in the midst of it.
        ftp.step(1);
    }
    let grown = house.memory().saturating_sub(before);
    assert!(grown < FLAT, "{grown}");
    for ftp in &mut talks {
        ftp.say("STAT", "211");
        ftp.data = None;
        ftp.expect("426");
    }
}

/// From as many addresses as are needed, since one may have 64.
fn half_open(server: SocketAddr, count: usize) -> Vec<TcpStream> {
    let each = 60;
    (0..count)
        .map(|n| {
            let from = Ipv4Addr::from(0x7f01_0001 + u32::try_from(n / each).unwrap());
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
            socket.bind(&SocketAddr::new(IpAddr::V4(from), 0).into()).unwrap();
            socket.connect(&server.into()).unwrap();
            socket.into()
        })
        .collect()
}

#[test]
fn connections_that_say_nothing_cost_little_and_nobody_their_place() {
    let (count, soak) = match std::env::var_os("E2E_SOAK") {
        Some(_) => (10_000, true),
        None => (600, false),
    };
    // Both ends of each are descriptors, ours and the server's.
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files }).unwrap();
    let (root, outside) = (e2e::scratch(), e2e::scratch());
    let mut c = e2e::towline::command();
    c.arg("serve").arg(root.path()).args(["--tftp", "0", "--ftp", "0", "--bind", "127.0.0.1", "--json"]);
    for limit in ["HALF_OPEN", "SESSIONS"] {
        c.env(format!("TOWLINE_LIMITS__{limit}"), (count + 2_000).to_string());
    }
    let house = House { serve: Serve::start_command(&mut c), root, outside };
    let (before, began) = (house.memory(), Instant::now());
    let all = half_open(house.at(), count);
    // Each was greeted: it is served, and not only queued.
    for stream in &all {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut code = [0; 4];
        (&*stream).read_exact(&mut code).unwrap();
        assert_eq!(&code, b"220 ");
    }
    let each = house.memory().saturating_sub(before) / count as u64;
    assert!(each < 8 << 10, "{each} octets each");
    let took = began.elapsed();
    // Whoever wants something is served.
    assert_eq!(Raw::log_in(house.at()).ask(b"NOOP"), 200);
    if soak {
        println!("soak: {count} connections that say nothing: {each} octets each, greeted in {took:.1?}");
    }
    let most = house.memory();
    drop(all);
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", house.serve.process.id())).unwrap().count();
    let gone = until(PATIENCE, || (descriptors() < 100).then_some(()));
    assert!(gone.is_some(), "{} descriptors stay", descriptors());
    // What the allocator keeps serves the next ones: again as many need no more.
    drop(half_open(house.at(), count / 2));
    let grown = house.memory().saturating_sub(most);
    assert!(grown < FLAT, "{grown} octets more");
}

#[test]
fn one_address_cannot_take_all_places() {
    let house = house(&[]);
    let all: Vec<Raw> = (0..140).map(|_| Raw::connect(house.at())).collect();
    let codes: Vec<u16> = all.into_iter().map(|mut raw| raw.reply().0).collect();
    assert!(codes.contains(&220) && codes.contains(&421), "{codes:?}");
    // Gone, they leave their places.
    let again = until(PATIENCE, || {
        let mut raw = Raw::connect(house.at());
        (raw.reply().0 == 220).then_some(())
    });
    assert!(again.is_some());
    let mut c = e2e::towline::command();
    let url = format!("ftp://{}/f", house.at());
    let home = e2e::scratch();
    let ended = run(c.args(["copy", "--quiet", &url, "f"]).current_dir(home.path()));
    assert_eq!(ended.code(), 0, "{ended:?}");
}
