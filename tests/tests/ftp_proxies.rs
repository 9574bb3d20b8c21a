//! Our client by way of proxies: a relay of this process says who was asked for, and knows names that nobody else does.

use e2e::battery::{USER, user_flag};
use e2e::content::Content;
use e2e::peers::Peer;
use e2e::poll::{PATIENCE, until};
use e2e::ports::{Port, tcp_answers};
use e2e::process::{Ended, Process, run};
use e2e::ssh_servers::openssh;
use e2e::towline::{Serve, command};
use e2e::{matrix, scratch, ssh_clients};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use tempfile::TempDir;

/// Reserved to be no name at all (RFC 6761 §6.4): who resolves it instead of asking the proxy does not arrive.
const NAME: &str = "files.invalid";
const SIZES: &[u64] = &[0, 1, 65_536, 3_000_017];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Socks5,
    Http,
}

/// A proxy on 127.0.0.1 that finds every name there, and goes nowhere else.
struct Proxy {
    kind: Kind,
    at: SocketAddr,
    /// `HOST:PORT` of each request.
    // Guards the list; held for a moment.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// With a login (`bob`, `p@ss`), or without.
    fn start(kind: Kind, has_login: bool) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let at = listener.local_addr().expect("its address");
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let all = asked.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let asked = all.clone();
                // A client that goes is the test's business, not the proxy's.
                thread::spawn(move || match kind {
                    Kind::Socks5 => socks(client, has_login, &asked),
                    Kind::Http => http(client, has_login, &asked),
                });
            }
        });
        Proxy { kind, at, asked }
    }

    fn url(&self, login: &str) -> String {
        let scheme = if self.kind == Kind::Socks5 { "socks5" } else { "http" };
        format!("{scheme}://{login}{}", self.at)
    }

    /// What it was asked for until now.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().expect("nobody panics with it"))
    }
}

fn socks(mut client: TcpStream, has_login: bool, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let octets = |len: usize| {
        let mut octets = vec![0; len];
        (&client).read_exact(&mut octets).map(|()| octets)
    };
    let methods = octets(2)?;
    let methods = octets(methods[1].into())?;
    let wanted = if has_login { 2 } else { 0 };
    if !methods.contains(&wanted) {
        return (&client).write_all(&[5, 0xff]);
    }
    (&client).write_all(&[5, wanted])?;
    if has_login {
        let len = octets(2)?[1];
        let user = octets(len.into())?;
        let len = octets(1)?[0];
        let is_right = (user, octets(len.into())?) == (b"bob".to_vec(), b"p@ss".to_vec());
        (&client).write_all(&[1, u8::from(!is_right)])?;
        if !is_right {
            return Ok(());
        }
    }
    let host = match octets(4)?[3] {
        1 => Ipv4Addr::from(<[u8; 4]>::try_from(octets(4)?).expect("four")).to_string(),
        _name => {
            let len = octets(1)?[0];
            String::from_utf8(octets(len.into())?).expect("a name")
        }
    };
    let port = u16::from_be_bytes(octets(2)?.try_into().expect("two"));
    match there(&host, port, asked) {
        Ok(server) => {
            client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
            relay(client, server)
        }
        Err(_) => client.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]),
    }
}

fn http(mut client: TcpStream, has_login: bool, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        client.read_exact(&mut octet)?;
        head.push(octet[0]);
    }
    let head = String::from_utf8(head).expect("a head");
    // bob:p@ss
    if has_login && !head.contains("\r\nProxy-Authorization: Basic Ym9iOnBAc3M=\r\n") {
        return client.write_all(b"HTTP/1.1 407 Log in first\r\nContent-Length: 0\r\n\r\n");
    }
    let target = head.split(' ').nth(1).expect("CONNECT HOST:PORT HTTP/1.1");
    let (host, port) = target.rsplit_once(':').expect("a port");
    match there(host, port.parse().expect("a number"), asked) {
        Ok(server) => {
            client.write_all(b"HTTP/1.1 200 Connected\r\nVia: 1.1 test\r\n\r\n")?;
            relay(client, server)
        }
        Err(_) => client.write_all(b"HTTP/1.1 502 Nobody there\r\n\r\n"),
    }
}

fn there(host: &str, port: u16, asked: &Mutex<Vec<String>>) -> io::Result<TcpStream> {
    asked.lock().expect("nobody panics with it").push(format!("{host}:{port}"));
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
}

/// Both ways, each to its own end.
fn relay(client: TcpStream, server: TcpStream) -> io::Result<()> {
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    let up = thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        to.shutdown(Shutdown::Write)
    });
    let (mut from, mut to) = (server, client);
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
    let _ = up.join();
    Ok(())
}

struct House {
    serve: Serve,
    root: TempDir,
    home: TempDir,
}

fn house(flags: &[&str]) -> House {
    let (root, home) = (scratch(), scratch());
    let user = user_flag(home.path());
    let serve = Serve::start(root.path(), &[&["--write", "--user", &user], flags].concat());
    House { serve, root, home }
}

impl House {
    fn towline(&self, arguments: &[&str]) -> Ended {
        run(command().args(arguments).env("HOME", self.home.path()).current_dir(self.home.path()))
    }

    fn url(&self, scheme: &str, port: u16, name: &str) -> String {
        let password = USER.1.replace(' ', "%20").replace(':', "%3A");
        format!("{scheme}://{}:{password}@{NAME}:{port}/{name}", USER.0)
    }
}

fn bad(ended: &Ended, code: i32, words: &str) {
    assert_eq!(ended.code(), code, "{ended:?}");
    assert!(ended.err.contains(words), "no '{words}' in {ended:?}");
}

fn same(one: &Path, other: &Path) -> bool {
    std::fs::read(one).expect("one") == std::fs::read(other).expect("other")
}

/// The certificate's SHA-256, as the client says it when it does not believe.
fn pin(house: &House, port: u16, proxy: &str) -> String {
    let url = house.url("ftp", port, "x");
    shown(&house.towline(&["copy", "--tls", "--proxy", proxy, &url, "x"]))
}

fn shown(ended: &Ended) -> String {
    assert_eq!(ended.code(), 4, "{ended:?}");
    let (_, rest) = ended.err.split_once("its SHA-256 is ").expect("it shows it");
    rest.split(';').next().expect("it ends").trim().to_owned()
}

#[test]
fn control_and_data_go_by_way_of_the_proxy_which_finds_the_name() {
    let mut house = house(&["--ftps", "0"]);
    let (port, ftps) = (house.serve.ftp.port(), house.serve.listening("ftps").port());
    for (kind, has_login) in
        [(Kind::Socks5, false), (Kind::Socks5, true), (Kind::Http, false), (Kind::Http, true)]
    {
        let proxy = Proxy::start(kind, has_login);
        let by = proxy.url(if has_login { "bob:p%40ss@" } else { "" });
        let pin = pin(&house, port, &by);
        proxy.asked();
        for (scheme, port, flags) in [
            ("ftp", port, &[][..]),
            ("ftp", port, &["--passive"]),
            ("ftp", port, &["--tls", "--cert-pin", &pin]),
            ("ftps", ftps, &["--cert-pin", &pin]),
        ] {
            for &len in SIZES {
                let what = format!("{kind:?}-{has_login}-{scheme}-{}-{len}", flags.len());
                let (content, local) = (Content::random(len), house.home.path().join(&what));
                content.write(&local).expect("room");
                let url = house.url(scheme, port, &what);
                let copy = |from: &str, to: &str| {
                    house.towline(&[&["copy", "--quiet", "--proxy", &by], flags, &[from, to]].concat())
                };
                for (from, to) in [(what.as_str(), url.as_str()), (&url, "back")] {
                    let ended = copy(from, to);
                    assert_eq!(ended.code(), 0, "{what}: {ended:?}");
                    let asked = proxy.asked();
                    assert_eq!(asked[0], format!("{NAME}:{port}"), "{what}: the control connection");
                    assert!(asked.len() > 1, "{what}: no data connection came by: {asked:?}");
                    assert!(asked.iter().all(|at| at.starts_with("files.invalid:")), "{what}: {asked:?}");
                }
                assert!(same(&local, &house.root.path().join(&what)), "{what}: another file there");
                assert!(same(&local, &house.home.path().join("back")), "{what}: another file here");
            }
        }
    }
}

#[test]
fn who_wants_active_mode_through_a_proxy_is_told() {
    let house = house(&[]);
    let proxy = Proxy::start(Kind::Socks5, false);
    std::fs::write(house.root.path().join("f"), "f").expect("room");
    let url = house.url("ftp", house.serve.ftp.port(), "f");
    let ended = house.towline(&["copy", "--active", "--proxy", &proxy.url(""), &url, "f"]);
    bad(&ended, 3, "no server can connect to us through a proxy: use passive mode");
    assert_eq!(proxy.asked().len(), 1, "the control connection");
}

#[test]
fn a_proxy_that_does_not_connect_us_says_whose_fault_it_is() {
    let house = house(&[]);
    let url = house.url("ftp", house.serve.ftp.port(), "f");
    let closed =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("its address");
    let nobody = house.url("ftp", closed.port(), "f");
    for (kind, wants, refuses, unreachable) in [
        (
            Kind::Socks5,
            "wants a login: it lets in nobody without",
            "refuses the login: status 1",
            "cannot reach files.invalid:PORT: the connection was refused (5)",
        ),
        (
            Kind::Http,
            "wants a login: 407 Log in first",
            "refuses the login: 407 Log in first",
            "cannot reach files.invalid:PORT: 502 Nobody there",
        ),
    ] {
        let (strict, open) = (Proxy::start(kind, true), Proxy::start(kind, false));
        let copy = |by: &str, url: &str| house.towline(&["copy", "--proxy", by, url, "f"]);
        bad(&copy(&strict.url(""), &url), 4, wants);
        let wrong = copy(&strict.url("bob:secret@"), &url);
        bad(&wrong, 4, refuses);
        assert!(!wrong.err.contains("secret"), "{wrong:?}");
        let port = closed.port().to_string();
        bad(&copy(&open.url(""), &nobody), 3, &unreachable.replace("PORT", &port));
        // Another kind of proxy than was said, or none at all.
        let other = if kind == Kind::Http { "socks5" } else { "http" };
        let nonsense = format!("{other}://{}", house.serve.ftp);
        bad(&copy(&nonsense, &url), 1, "broke the protocol: expected");
        let none = format!("{other}://{closed}");
        bad(&copy(&none, &url), 3, "cannot be reached");
    }
    bad(
        &house.towline(&["copy", "--proxy", "socks5://127.0.0.1:1", "tftp://127.0.0.1/f", "f"]),
        2,
        "TFTP is datagrams, and these proxies carry TCP",
    );
}

#[test]
fn other_verbs_and_the_doctor_go_by_way_of_the_proxy_too() {
    let house = house(&[]);
    let proxy = Proxy::start(Kind::Http, false);
    let by = proxy.url("");
    std::fs::write(house.root.path().join("f"), "f").expect("room");
    let url = |name: &str| house.url("ftp", house.serve.ftp.port(), name);
    let ended = house.towline(&["ls", "--proxy", &by, &url("")]);
    assert_eq!((ended.code(), ended.out.trim()), (0, "f"), "{ended:?}");
    assert_eq!(proxy.asked().len(), 2, "control and data");
    let ended = house.towline(&["mirror", "--quiet", "--proxy", &by, &url(""), "tree"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(std::fs::read_to_string(house.home.path().join("tree/f")).expect("it came"), "f");
    assert!(proxy.asked().len() > 2, "control, listing, file");
    let ended = house.towline(&["doctor", "--proxy", &by, &url("")]);
    assert!(ended.out.contains("EPSV") && !ended.out.contains("active"), "{ended:?}");
    assert!(!ended.out.contains("ftp-wrong-address"), "{ended:?}");
    assert!(proxy.asked().len() > 2, "a login and its listings");
}

#[test]
fn the_variables_of_curl_count_but_for_who_is_excepted() {
    let house = house(&[]);
    let proxy = Proxy::start(Kind::Socks5, false);
    std::fs::write(house.root.path().join("f"), "f").expect("room");
    let at = house.url("ftp", house.serve.ftp.port(), "f").replace(NAME, "127.0.0.1");
    let copy = |variables: &[(&str, &str)], flags: &[&str]| {
        let mut c = command();
        c.envs(variables.iter().copied()).args(["copy", "--quiet"]).args(flags).args([&at, "f"]);
        let ended = run(c.current_dir(house.home.path()));
        assert_eq!(ended.code(), 0, "{ended:?}");
        proxy.asked().len()
    };
    let by = proxy.url("");
    assert_eq!(copy(&[("ALL_PROXY", &by)], &[]), 2, "control and data");
    assert_eq!(copy(&[("ALL_PROXY", &by), ("NO_PROXY", "127.0.0.0/8")], &[]), 0);
    assert_eq!(copy(&[("ALL_PROXY", &by)], &["--proxy", "off"]), 0);
    assert_eq!(copy(&[("NO_PROXY", "*")], &["--proxy", &by]), 2, "the flag is for each host");
}

#[test]
fn what_is_over_ssh_goes_by_way_of_the_proxy_too() {
    let (root, home) = (scratch(), scratch());
    let mut serve = ssh_clients::start(root.path(), home.path());
    let port = serve.listening("sftp").port();
    let house = House { serve, root, home };
    let proxy = Proxy::start(Kind::Http, true);
    let content = Content::random(1_000_003);
    content.write(&house.home.path().join("f")).expect("room");
    let key = ssh_clients::fingerprint();
    for scheme in ["sftp", "scp"] {
        let url = house.url(scheme, port, scheme);
        let flags = ["copy", "--quiet", "--host-key", &key, "--proxy", &proxy.url("bob:p%40ss@")];
        let ended = house.towline(&[&flags[..], &["f", &url]].concat());
        assert_eq!(ended.code(), 0, "{ended:?}");
        assert!(same(&house.home.path().join("f"), &house.root.path().join(scheme)), "{scheme}");
        assert_eq!(proxy.asked(), [format!("{NAME}:{port}")]);
    }
}

/// Of hosts on the way it reaches the first, which reaches the next; the doctor of SSH asks it for each of its connections.
#[test]
fn hosts_on_the_way_and_the_doctor_of_ssh_go_by_way_of_the_proxy_too() {
    let (Some(between), Some(last)) = (openssh(scratch()), openssh(scratch())) else { return };
    let home = scratch();
    // By its name only the proxy finds it.
    let known = between.known.replace("127.0.0.1", NAME) + &last.known;
    std::fs::create_dir(home.path().join(".ssh")).expect("room");
    std::fs::write(home.path().join(".ssh/known_hosts"), known).expect("room");
    std::fs::write(last.server.served.join("f"), "by way of both").expect("room");
    let place = between.server.url["sftp://".len()..].split('/').next().expect("a host");
    let way = place.replace("127.0.0.1", NAME);
    let asked = way.split('@').next_back().expect("a host and a port").to_owned();
    let keys = [&between, &last].map(|reached| reached.key.display().to_string());
    for kind in [Kind::Socks5, Kind::Http] {
        let proxy = Proxy::start(kind, true);
        let by = proxy.url("bob:p%40ss@");
        let towline = |arguments: &[&str]| {
            let all = [&arguments[..1], &["--proxy", &by, "-i", &keys[0], "-i", &keys[1]], &arguments[1..]]
                .concat();
            run(command().args(all).env("HOME", home.path()).current_dir(home.path()))
        };
        let from = format!("{}f", last.server.url);
        let ended = towline(&["copy", "-J", &way, &from, "got"]);
        assert_eq!(ended.code(), 0, "{ended:?}");
        assert_eq!(std::fs::read_to_string(home.path().join("got")).expect("it came"), "by way of both");
        assert_eq!(proxy.asked(), [asked.as_str()], "the host behind is nothing to it");
        for (arguments, seen) in [
            (vec!["doctor", "-J", &way, &last.server.url], last.server.url.as_str()),
            (vec!["doctor", &format!("sftp://{way}")], way.as_str()),
        ] {
            let ended = towline(&arguments);
            assert_eq!(ended.code(), 0, "{ended:?}");
            let address =
                seen.trim_start_matches("sftp://").split(['@', '/']).find(|part| part.contains(':'));
            let words = format!("{} is SSH-2.0-OpenSSH_", address.expect("an address"));
            assert!(ended.out.contains(&words), "no '{words}' in {ended:?}");
            let all = proxy.asked();
            assert!(!all.is_empty() && all.iter().all(|one| *one == asked), "{all:?}");
        }
    }
}

/// Other people's proxies, which let in bob only.
#[test]
fn files_go_both_ways_by_microsocks() {
    let Some(peer) = Peer::find("microsocks", "microsocks") else { return };
    let mut c = peer.command();
    let port = Port::take();
    c.args(["-i", "127.0.0.1", "-u", "bob", "-P", "secret", "-p", &port.number.to_string()]);
    both_ways(&peer, &mut c, &port, "socks5");
}

#[test]
fn files_go_both_ways_by_tinyproxy() {
    let Some(peer) = Peer::find("tinyproxy", "tinyproxy") else { return };
    let (port, config) = (Port::take(), scratch());
    let file = config.path().join("tinyproxy.conf");
    let text = format!("Port {}\nListen 127.0.0.1\nTimeout 60\nBasicAuth bob secret\n", port.number);
    std::fs::write(&file, text).expect("room");
    let mut c = peer.command();
    both_ways(&peer, c.args(["-d", "-c"]).arg(&file), &port, "http");
}

fn both_ways(peer: &Peer, command: &mut Command, port: &Port, kind: &str) {
    let proxy = Process::start(command);
    let up = until(PATIENCE, || tcp_answers(port.number).then_some(()));
    assert!(up.is_some(), "{} does not listen: {:?}", peer.name, proxy.said());
    let house = house(&[]);
    let at = |name: &str| house.url("ftp", house.serve.ftp.port(), name).replace(NAME, "127.0.0.1");
    let by = |login: &str| format!("{kind}://{login}{}", port.address());
    let right = by("bob:secret@");
    // It is the proxy that is spoken with.
    for wrong in [by(""), by("bob:wrong@")] {
        let ended = house.towline(&["copy", "--proxy", &wrong, &at("f"), "f"]);
        assert!(ended.code() != 0 && ended.err.contains("the proxy "), "{ended:?}");
    }
    let ended = house.towline(&["copy", "--tls", "--proxy", &right, &at("f"), "f"]);
    let pin = shown(&ended);
    for (what, flags) in [("ftp", &[][..]), ("ftps", &["--tls", "--cert-pin", &pin])] {
        for &len in SIZES {
            let (content, name) = (Content::random(len), format!("{what}-{len}"));
            content.write(&house.home.path().join(&name)).expect("room");
            let url = at(&name);
            for (from, to) in [(name.as_str(), url.as_str()), (&url, "back")] {
                let flags = [&["copy", "--quiet", "--proxy", &right], flags, &[from, to]].concat();
                let ended = house.towline(&flags);
                assert_eq!(ended.code(), 0, "{name}: {ended:?}; {:?}", proxy.said());
            }
            let there = house.root.path().join(&name);
            matrix::compared(peer.name, &format!("our {what} put by proxy"), content, &there);
            let back = house.home.path().join("back");
            matrix::compared(peer.name, &format!("our {what} get by proxy"), content, &back);
        }
    }
}
