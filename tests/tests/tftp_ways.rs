//! How TFTP's datagrams travel: one port for all, ports of a range, broadcasts, blocks that the path does not
//! take, blocks sent ahead. Through the program, with its own client or a bare socket.

use e2e::content::{Content, print_of_file};
use e2e::namespace::Namespace;
use e2e::towline::{self, Serve};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const MIB: u64 = 1 << 20;

/// A client that does by hand what a test wants.
struct Bare(UdpSocket);

impl Bare {
    fn new() -> Bare {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Bare(socket)
    }

    fn ask(&self, server: SocketAddr, name: &str, options: &str) {
        self.0.send_to(format!("\0\x01{name}\0octet\0{options}").as_bytes(), server).unwrap();
    }

    fn next(&self) -> (Vec<u8>, SocketAddr) {
        let mut buf = vec![0; 65_536];
        let (len, from) = self.0.recv_from(&mut buf).expect("an answer");
        buf.truncate(len);
        (buf, from)
    }

    /// The value of an option in the OACK that comes next, and the server's TID.
    fn oack(&self, name: &str) -> (String, SocketAddr) {
        let (datagram, from) = self.next();
        assert_eq!(datagram[..2], [0, 6], "{}", datagram.escape_ascii());
        let text = String::from_utf8(datagram[2..].to_vec()).unwrap();
        let words: Vec<&str> = text.split('\0').collect();
        let at = words.iter().position(|w| *w == name).unwrap_or_else(|| panic!("no {name} in {words:?}"));
        (words[at + 1].to_owned(), from)
    }

    fn ack(&self, to: SocketAddr, block: u16) {
        let [high, low] = block.to_be_bytes();
        self.0.send_to(&[0, 4, high, low], to).unwrap();
    }
}

/// Copies by our client, and demands that it works.
fn copy(arguments: &[&str]) {
    let mut c = towline::command();
    c.arg("copy").args(arguments);
    let ended = e2e::process::run(&mut c);
    assert_eq!(ended.code(), 0, "{arguments:?}: {ended:?}");
}

fn same(content: Content, copy: &Path) {
    assert_eq!(print_of_file(copy).unwrap(), content.print(), "{}", copy.display());
}

#[test]
fn all_transfers_share_one_port_where_that_is_asked() {
    let dir = e2e::scratch();
    let (served, local) = (dir.path().join("served"), dir.path().join("local"));
    std::fs::create_dir_all(&served).unwrap();
    std::fs::create_dir_all(&local).unwrap();
    let contents: Vec<Content> = (0..6).map(|n| Content::random(MIB + n * 1_000_003)).collect();
    for (n, content) in contents.iter().enumerate() {
        content.write(&served.join(format!("down{n}"))).unwrap();
        content.write(&local.join(format!("up{n}"))).unwrap();
    }
    let server = Serve::start(&served, &["--write", "--tftp-single-port"]);
    let bare = Bare::new();
    bare.ask(server.tftp, "down0", "blksize\x001024\0");
    let (_, from) = bare.oack("blksize");
    assert_eq!(from, server.tftp, "the answer comes from the port that was asked");
    bare.ask(server.tftp, "absent", "");
    let (error, from) = bare.next();
    assert_eq!((&error[..4], from), (&[0, 5, 0, 1][..], server.tftp), "errors too");
    // Not a request, from a peer without a transfer: silence, and no harm.
    let stranger = Bare::new();
    stranger.ack(server.tftp, 1);
    std::thread::scope(|s| {
        for (n, content) in contents.iter().enumerate() {
            let (server, local, served) = (&server, &local, &served);
            let window = ["1", "8", "64"][n % 3];
            s.spawn(move || {
                let port = server.tftp.port();
                let (up, down) = (local.join(format!("up{n}")), local.join(format!("down{n}")));
                let url = |name: &str| format!("tftp://127.0.0.1:{port}/{name}{n}");
                let (up, down_to) = (up.to_str().unwrap(), down.to_str().unwrap());
                copy(&["--windowsize", window, "--blksize", "1428", &url("down"), down_to]);
                copy(&["--windowsize", window, "--blksize", "1428", up, &url("stored")]);
                same(*content, &down);
                same(*content, &served.join(format!("stored{n}")));
            });
        }
    });
    stranger.0.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    assert!(stranger.0.recv_from(&mut [0; 64]).is_err());
}

#[test]
fn transfers_keep_to_their_range_of_ports() {
    let dir = e2e::scratch();
    Content::random(3_000).write(&dir.path().join("f")).unwrap();
    // Two ports that are free now; somebody may take one before the server does, which it then avoids.
    let low = (40_000..60_000u16).step_by(7).find(|p| !e2e::ports::udp_is_taken(*p)).unwrap();
    let server = Serve::start(dir.path(), &["--tftp-ports", &format!("{low}-{}", low + 3)]);
    for _ in 0..3 {
        let bare = Bare::new();
        bare.ask(server.tftp, "f", "");
        let (data, from) = bare.next();
        assert_eq!(data[..4], [0, 3, 0, 1]);
        assert!((low..=low + 3).contains(&from.port()), "{from} is outside {low}-{}", low + 3);
        // The end frees the port.
        bare.0.send_to(b"\0\x05\0\0enough\0", from).unwrap();
    }
}

#[test]
fn a_broadcast_is_answered_only_for_autoinstall() {
    let dir = e2e::scratch();
    Content::random(30).write(&dir.path().join("network-confg")).unwrap();
    for flags in [&["--autoinstall"][..], &[]] {
        let any = std::net::Ipv4Addr::UNSPECIFIED.into();
        let server = Serve::start_on(any, dir.path(), flags);
        let port = server.tftp.port();
        let bare = Bare::new();
        bare.0.set_broadcast(true).unwrap();
        let everybody = SocketAddr::from(([127, 255, 255, 255], port));
        bare.ask(everybody, "network-confg", "");
        bare.ask(everybody, "cisconet.cfg", "");
        if flags.is_empty() {
            // What is asked directly afterwards is the first answer.
            bare.ask(SocketAddr::from(([127, 0, 0, 1], port)), "router-confg", "");
            let (error, _) = bare.next();
            assert_eq!(error[..4], [0, 5, 0, 1], "{}", error.escape_ascii());
            let direct = e2e::poll::until(Duration::from_millis(200), || {
                bare.0.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
                bare.0.recv_from(&mut [0; 600]).ok()
            });
            assert!(direct.is_none(), "a broadcast was answered");
        } else {
            // Both at once, the file and the refusal, from the interface's own address.
            let mut answers = [bare.next(), bare.next()];
            answers.sort();
            assert_eq!((&answers[0].0[..4], answers[0].0.len()), (&[0, 3, 0, 1][..], 34));
            assert_eq!(answers[1].0[..4], [0, 5, 0, 1]);
            assert!(answers.iter().all(|(_, from)| from.ip().is_loopback() && from.port() != port));
        }
    }
}

#[test]
fn a_client_whose_large_blocks_never_arrive_gets_smaller_ones() {
    let dir = e2e::scratch();
    Content::random(100_000).write(&dir.path().join("boot.img")).unwrap();
    let server = Serve::start(dir.path(), &[]);
    let mut sizes = Vec::new();
    for _ in 0..3 {
        let bare = Bare::new();
        bare.ask(server.tftp, "boot.img", "blksize\x008192\0");
        let (size, from) = bare.oack("blksize");
        bare.ack(from, 0);
        // The first block and its repeats come in vain, as behind a path that swallows them.
        for n in 0..3 {
            let (data, _) = bare.next();
            assert_eq!(data[..4], [0, 3, 0, 1], "{n}");
        }
        sizes.push(size);
    }
    assert_eq!(sizes, ["8192", "1468", "1428"]);
    let other = UdpSocket::bind("127.0.0.2:0").unwrap();
    other.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let other = Bare(other);
    other.ask(server.tftp, "boot.img", "blksize\x008192\0");
    assert_eq!(other.oack("blksize").0, "8192", "another client has another path");
}

/// Blocks whose ACK is held back to see whether the next one comes before it.
const HELD: std::ops::RangeInclusive<u16> = 6..=9;
/// For how long: less than the 50 ms after which a server repeats a block that early.
const HOLD: Duration = Duration::from_millis(25);

/// Fetches in lock-step; how many of the blocks behind [`HELD`] came before their turn. `odd`: acknowledges
/// block 2 twice.
fn lock_step(server: SocketAddr, name: &str, odd: bool) -> (Vec<u8>, usize) {
    let bare = Bare::new();
    bare.ask(server, name, "");
    let (mut octets, mut expected, mut early) = (Vec::new(), 1u16, 0);
    loop {
        let (data, from) = bare.next();
        assert_eq!(data[..2], [0, 3], "{}", data.escape_ascii());
        let block = u16::from_be_bytes([data[2], data[3]]);
        if block != expected {
            continue;
        }
        octets.extend_from_slice(&data[4..]);
        if HELD.contains(&block) {
            let mut head = [0; 4];
            bare.0.set_read_timeout(Some(HOLD)).unwrap();
            let came = bare.0.peek(&mut head).is_ok() && head[2..] == (block + 1).to_be_bytes();
            bare.0.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            early += usize::from(came);
        }
        bare.ack(from, block);
        if odd && block == 2 {
            bare.ack(from, block);
        }
        expected += 1;
        if data.len() < 516 {
            return (octets, early);
        }
    }
}

#[test]
fn blocks_go_ahead_where_that_is_asked_until_a_client_does_not_like_it() {
    let dir = e2e::scratch();
    let content = Content::random(200_000);
    content.write(&dir.path().join("ios.bin")).unwrap();
    let whole = std::fs::read(dir.path().join("ios.bin")).unwrap();
    let server = Serve::start(dir.path(), &["--tftp-send-ahead"]);
    // A machine so busy that the server repeats a block within the hold makes the client one that lags.
    let ahead = e2e::poll::until(Duration::from_secs(20), || {
        let server = Serve::start(dir.path(), &["--tftp-send-ahead"]);
        let (octets, early) = lock_step(server.tftp, "ios.bin", false);
        assert!(octets == whole);
        (early > 0).then_some(early)
    });
    assert!(ahead.is_some(), "no block came ahead");
    for (odd, why) in [(true, "behind an oddity"), (false, "to a client that did not like it before")] {
        let (octets, early) = lock_step(server.tftp, "ios.bin", odd);
        assert!(octets == whole && early == 0, "{early} blocks came ahead {why}");
    }
    let without = Serve::start(dir.path(), &[]);
    let (octets, early) = lock_step(without.tftp, "ios.bin", false);
    assert!(octets == whole && early == 0, "{early} blocks came ahead without being asked for");
}

#[test]
fn blocks_keep_to_the_mtu_of_the_path_or_are_cut_into_fragments() {
    let Some(space) = Namespace::new("busybox") else { return };
    let mut narrow = Command::new("ip");
    narrow.args(["link", "set", "lo", "mtu", "1500"]);
    assert_eq!(e2e::process::run(&mut space.enter(&narrow)).code(), 0, "the namespace's MTU");
    let dir = e2e::scratch();
    let content = Content::random(MIB);
    content.write(&dir.path().join("f")).unwrap();
    // Windows of blocks above the MTU cannot be cut from one message (EMSGSIZE): they go out one by one.
    for (flags, port, window, agreed) in [
        (&[][..], "6901", "1", 1_468),
        (&[][..], "6902", "16", 1_468),
        (&["--tftp-fragments"][..], "6903", "1", 8_192),
        (&["--tftp-fragments"][..], "6904", "4", 8_192),
        (&["--tftp-max-blksize", "1000"][..], "6905", "16", 1_000),
    ] {
        let mut serve = towline::command();
        serve.arg("serve").arg(dir.path()).args([
            "--bind",
            "127.0.0.1",
            "--tftp",
            port,
            "--ftp",
            "0",
            "--json",
        ]);
        serve.args(flags);
        let mut server = Serve::start_command(&mut space.enter(&serve));
        let to = dir.path().join(format!("copy{port}"));
        let mut fetch = towline::command();
        fetch.args(["copy", "--blksize", "8192", "--windowsize", window]);
        fetch.arg(format!("tftp://127.0.0.1:{port}/f")).arg(&to);
        let began = Instant::now();
        let ended = e2e::process::run(&mut space.enter(&fetch));
        assert_eq!(ended.code(), 0, "{flags:?} {window}: {ended:?}");
        same(content, &to);
        assert!(began.elapsed() < Duration::from_secs(5), "no window waited for its timer: {flags:?}");
        let blksize = server.process.wait_for("the end of the transfer", |said| {
            let events = said.out.iter().filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok());
            events.into_iter().find(|e| e["event"] == "ended").and_then(|e| e["blksize"].as_u64())
        });
        assert_eq!(blksize, agreed, "{flags:?} {window}");
    }
}

#[test]
fn more_transfers_than_allowed_are_refused_while_their_peers_are_there() {
    let dir = e2e::scratch();
    Content::random(100_000).write(&dir.path().join("f")).unwrap();
    let server = Serve::start(dir.path(), &["--tftp-max-transfers", "2"]);
    let clients: Vec<Bare> = (0..3).map(|_| Bare::new()).collect();
    for client in &clients[..2] {
        client.ask(server.tftp, "f", "");
        let (data, from) = client.next();
        assert_eq!(data[..4], [0, 3, 0, 1]);
        client.ack(from, 1);
        assert_eq!(client.next().0[..4], [0, 3, 0, 2], "it is there");
    }
    clients[2].ask(server.tftp, "f", "");
    let (error, _) = clients[2].next();
    assert_eq!(error[..4], [0, 5, 0, 0], "{}", error.escape_ascii());
}

/// A line of `/proc/PID/task/*/status` of all threads, each once.
fn of_all_threads(pid: u32, name: &str) -> Vec<String> {
    let mut lines: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/task"))
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).ok())
        .filter_map(|status| {
            let line = status.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
            line.map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "))
        })
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

#[test]
fn root_s_rights_are_given_up_for_good_and_uploads_still_work() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    if !e2e::peers::is_root("busybox") {
        return;
    }
    let dir = e2e::scratch();
    let served = dir.path().join("served");
    std::fs::create_dir(&served).unwrap();
    for (path, mode) in [(dir.path(), 0o755), (&served, 0o777)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    chown(&served, Some(65_533), Some(65_533)).unwrap();
    Content::random(100).write(&served.join("secret")).unwrap();
    std::fs::set_permissions(served.join("secret"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let content = Content::random(300_000);
    content.write(&dir.path().join("up")).unwrap();
    for (flags, ids, secret) in [
        (&["--write", "--run-as", "65534:65534"][..], "65534 65534 65534 65534", [0, 5, 0, 2]),
        (&["--write"], "0 0 0 0", [0, 3, 0, 1]),
    ] {
        let server = Serve::start(&served, flags);
        let pid = server.process.id();
        assert_eq!(of_all_threads(pid, "Uid:"), [ids]);
        assert_eq!(of_all_threads(pid, "Gid:"), [ids]);
        let none = ids != "0 0 0 0";
        assert_eq!(of_all_threads(pid, "CapEff:") == ["0000000000000000"], none);
        assert_eq!(of_all_threads(pid, "Groups:") == ["65534"], none);
        let bare = Bare::new();
        bare.ask(server.tftp, "secret", "");
        assert_eq!(bare.next().0[..4], secret, "{flags:?}");
        let url = format!("tftp://127.0.0.1:{}/{}", server.tftp.port(), if none { "theirs" } else { "ours" });
        copy(&[dir.path().join("up").to_str().unwrap(), &url]);
    }
    same(content, &served.join("theirs"));
    assert_eq!(std::fs::metadata(served.join("theirs")).unwrap().uid(), 65_534);
    // What root writes belongs to whom the directory does.
    assert_eq!(std::fs::metadata(served.join("ours")).unwrap().uid(), 65_533);
}

#[test]
fn a_terminal_has_a_line_that_moves_for_each_peer() {
    let root = e2e::scratch();
    std::fs::write(root.path().join("a"), [7; 600]).unwrap();
    let served = root.path().to_str().unwrap();
    let serve = ["serve", served, "--bind", "127.0.0.1", "--tftp", "0", "--ftp", "0"];
    let home = e2e::scratch();
    let mut screen = e2e::at_home::typed(home.path(), &serve);
    screen.until("  tftp  127.0.0.1:");
    let port: u16 = screen.until(" ").trim().parse().unwrap();
    let bare = Bare::new();
    bare.ask(SocketAddr::from(([127, 0, 0, 1], port)), "a", "");
    let (first, tid) = bare.next();
    assert_eq!((&first[..4], first.len()), (&[0, 3, 0, 1][..], 516));
    screen.until(" 85%  512 B");
    screen.until("512x1");
    // A repeat is counted while it happens.
    screen.until("repeats");
    bare.ack(tid, 1);
    while bare.next().0[..4] != [0, 3, 0, 2] {}
    bare.ack(tid, 2);
    screen.until("fetched /a: 600 octets");
}
