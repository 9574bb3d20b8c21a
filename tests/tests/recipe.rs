//! What `towline recipe dhcp` prints, before the servers that it is for. (IOS: `device/recipe.rs`.)

use e2e::cable::{Cable, inside};
use e2e::peers::Peer;
use e2e::poll::{PATIENCE, until};
use e2e::process::{Process, run};
use e2e::towline::command;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use socket2::{Domain, Protocol, Socket, Type};
use std::fs::File;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

const FILE: &str = "network-confg";

/// The printed configuration, in a file.
fn printed(dir: &Path, server: &str, dialect: &str) -> PathBuf {
    let ended = run(command().args(["recipe", "dhcp", "--server", server, "--file", FILE, "--for", dialect]));
    assert_eq!((ended.code(), ended.err.as_str()), (0, ""), "{ended:?}");
    let file = dir.join(dialect);
    std::fs::write(&file, ended.out).expect("written");
    file
}

#[test]
fn every_dialect_has_a_heading_where_none_is_chosen() {
    let ended = run(command().args(["recipe", "dhcp", "--server", "10.0.0.1"]));
    let headings: Vec<&str> = ended.out.lines().filter(|l| l.starts_with("# ")).collect();
    assert_eq!((ended.code(), headings.len()), (0, 3), "{ended:?}");
    let ended = run(command().args(["recipe", "dhcp", "--server", "10.0.0.1", "--file", "a b"]));
    assert_eq!((ended.code(), ended.err.contains("'a b'")), (2, true), "{ended:?}");
}

#[test]
fn kea_takes_its_configuration() {
    let Some(kea) = Peer::find("kea", "kea-dhcp4") else { return };
    let dir = e2e::scratch();
    let file = printed(dir.path(), "10.0.0.1", "kea");
    let judged = |file: &Path| run(kea.command().arg("-t").arg(file));
    let ended = judged(&file);
    assert_eq!(ended.code(), 0, "{ended:?}");
    // It does judge.
    let wrong = std::fs::read_to_string(&file).expect("text").replace("150", "300");
    std::fs::write(&file, wrong).expect("written");
    assert_ne!(judged(&file).code(), 0);
}

#[test]
fn dnsmasq_offers_header_and_options_to_a_device() {
    let Some(dnsmasq) = Peer::find("dnsmasq", "dnsmasq") else { return };
    let dir = e2e::scratch();
    let file = printed(dir.path(), "10.9.0.1", "dnsmasq");
    let ended = run(dnsmasq.command().arg("--test").arg("-C").arg(&file));
    assert_eq!((ended.code(), ended.err.trim()), (0, "dnsmasq: syntax check OK."), "{ended:?}");
    let Some(cable) = Cable::new("dnsmasq") else { return };
    let mut c = dnsmasq.command();
    c.arg("-C").arg(&file).args(["--no-daemon", "--port=0", "--interface=cable", "--bind-interfaces"]);
    c.args(["--dhcp-range=10.9.0.100,10.9.0.110", "--no-ping", "--user=root", "--dhcp-authoritative"]);
    c.arg(format!("--dhcp-leasefile={}", dir.path().join("leases").display()));
    let mut server = Process::start(&mut inside(&cable.server, &c));
    server.wait_for("DHCP", |said| said.err.iter().any(|l| l.contains("IP range")).then_some(()));
    let network = File::open(format!("/proc/{}/ns/net", cable.client.id())).expect("a network");
    let offer = std::thread::spawn(move || offered(&network)).join().expect("an offer");
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).trim_end_matches('\0').to_owned();
    assert_eq!(offer[20..24], [10, 9, 0, 1], "siaddr");
    assert_eq!(text(&offer[108..236]), FILE, "file");
    assert_eq!(option(&offer, 66).map(text).as_deref(), Some("10.9.0.1"), "as text");
    assert_eq!(option(&offer, 67).map(text).as_deref(), Some(FILE));
    assert_eq!(option(&offer, 150), Some(&[10, 9, 0, 1][..]), "as an address");
    assert_eq!(option(&offer, 43), None);
}

/// A device's DHCPDISCOVER (RFC 2131 §4.4.1), which asks for 66, 67, 150 and 43; the answer.
fn offered(network: &File) -> Vec<u8> {
    // Only this thread moves.
    move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).expect("root");
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).expect("a socket");
    socket.bind_device(Some(b"cable")).expect("root");
    socket.set_broadcast(true).expect("a socket");
    socket.bind(&SocketAddr::from(([0, 0, 0, 0], 68)).into()).expect("free");
    let socket = UdpSocket::from(socket);
    socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a socket");
    let mut discover = vec![1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78, 0, 0, 0x80, 0];
    discover.resize(28, 0);
    discover.extend_from_slice(&[2, 0, 0, 0, 0, 9]);
    discover.resize(236, 0);
    discover.extend_from_slice(&[99, 130, 83, 99, 53, 1, 1, 55, 4, 66, 67, 150, 43, 255]);
    discover.resize(300, 0);
    let mut buf = [0; 1_500];
    until(PATIENCE, || {
        socket.send_to(&discover, (std::net::Ipv4Addr::BROADCAST, 67)).expect("sent");
        let (n, _) = socket.recv_from(&mut buf).ok()?;
        (n > 240 && buf[4..8] == [0x12, 0x34, 0x56, 0x78]).then(|| buf[..n].to_vec())
    })
    .expect("an offer")
}

/// The value of an option behind the magic cookie.
fn option(packet: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut rest = &packet[240..];
    while let [kind, len, after @ ..] = rest {
        if *kind == 255 {
            return None;
        }
        let value = after.get(..usize::from(*len))?;
        if *kind == wanted {
            return Some(value);
        }
        rest = &after[usize::from(*len)..];
    }
    None
}
