//! The control socket of a running server, from the command line.

use e2e::poll::{PATIENCE, until};
use e2e::process::run;
use e2e::service::{Ftp, Tftp};
use e2e::towline::{Serve, command, command_of, program};
use e2e::wire::{Answer, Client};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;

fn who(socket: &Path) -> Vec<Value> {
    let ended = run(command().args(["who", "--json", "--control"]).arg(socket));
    assert_eq!(ended.code(), 0, "{}", ended.err);
    ended.out.lines().map(|l| serde_json::from_str(l).expect("a line of JSON")).collect()
}

/// A command line on an FTP control connection.
fn ftp(stream: &mut BufReader<TcpStream>, line: &str, code: &str) {
    if !line.is_empty() {
        stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).expect("the server listens");
    }
    let mut reply = String::new();
    stream.read_line(&mut reply).expect("a reply");
    assert!(reply.starts_with(code), "{line}: {reply}");
}

#[test]
fn who_shows_a_session_while_it_is_there() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let socket = home.path().join("control.sock");
    let serve = Serve::start(root.path(), &["--control", socket.to_str().expect("UTF-8")]);
    assert_eq!(who(&socket), Vec::<Value>::new());
    let mut stream = BufReader::new(TcpStream::connect(serve.ftp).expect("FTP listens"));
    ftp(&mut stream, "", "220");
    ftp(&mut stream, "USER anonymous", "331");
    ftp(&mut stream, "PASS a@b", "230");
    let here = until(PATIENCE, || who(&socket).pop()).expect("the session");
    assert_eq!((&here["answer"], &here["user"]), (&"session".into(), &"anonymous".into()), "{here}");
    let peer = stream.get_ref().local_addr().expect("connected").to_string();
    assert_eq!(here["peer"], peer.as_str());
    ftp(&mut stream, "QUIT", "221");
    until(PATIENCE, || who(&socket).is_empty().then_some(())).expect("it has left");
}

/// Each is held in its middle: what it has moved is what its client has taken, or sent.
#[test]
fn who_shows_how_far_each_transfer_is() {
    const LONG: u64 = 64 << 20;
    let (root, home) = (e2e::scratch_in_memory(), e2e::scratch());
    let socket = home.path().join("control.sock");
    let flags = ["--write", "--http", "0", "--control", socket.to_str().expect("UTF-8")];
    let mut serve = Serve::start(root.path(), &flags);
    let web = serve.listening("http");
    std::fs::write(root.path().join("short"), [7; 512 * 10]).expect("room for a file");
    std::fs::File::create(root.path().join("long")).and_then(|f| f.set_len(LONG)).expect("room for a hole");

    // Three blocks are acknowledged, one is sent.
    let mut reads = Tftp::ask(serve.tftp, "short");
    reads.step(3);
    let mut writes = Client::new(serve.tftp);
    writes.ask(2, "written", &[("tsize", "700")]);
    writes.hear();
    writes.say(&[&[0, 3, 0, 1][..], &[7; 512]].concat());
    assert_eq!(writes.hear(), Answer::Ack(1));
    let mut fetches = Ftp::log_in(serve.ftp);
    fetches.say("REST 1000", "350");
    fetches.retrieve("long");
    fetches.step(1 << 20);
    let mut stores = Ftp::log_in(serve.ftp);
    let mut upload = stores.passive();
    stores.say("STOR stored", "150");
    upload.write_all(&[7; 100_000]).expect("the server takes it");
    let mut get = TcpStream::connect(web).expect("HTTP listens");
    get.write_all(b"GET /long HTTP/1.1\r\nHost: h\r\nRange: bytes=500-\r\n\r\n").expect("HTTP listens");
    get.read_exact(&mut [0; 1 << 20]).expect("the file");

    // What is shown as: path, direction, octets at least and at most, octets in all.
    let rows = [
        ("/short", "read", 1_536, 1_536, Some(5_120)),
        ("/written", "write", 512, 512, Some(700)),
        ("/long", "read", 1 << 20, LONG - 1_001, Some(LONG - 1_000)),
        ("/stored", "write", 100_000, 100_000, None),
        ("/long", "read", (1 << 20) - 1_000, LONG - 501, Some(LONG - 500)),
    ];
    for (protocol, (path, direction, least, most, total)) in
        ["tftp", "tftp", "ftp", "ftp", "http"].into_iter().zip(rows)
    {
        let mut last = Vec::new();
        let found = until(PATIENCE, || {
            last = who(&socket);
            let is = |row: &&Value| {
                row["answer"] == "transfer"
                    && (row["protocol"].as_str(), row["path"].as_str(), row["direction"].as_str())
                        == (Some(protocol), Some(path), Some(direction))
                    && row["octets"].as_u64().is_some_and(|n| (least..=most).contains(&n))
                    && row["total"].as_u64() == total
                    && row["rate"].is_u64()
            };
            last.iter().find(is).map(|_| ())
        });
        assert!(found.is_some(), "{protocol} {direction} {path}: {last:#?}");
    }
    let text = run(command().arg("who").arg("--control").arg(&socket)).out;
    assert!(text.contains("fetches /short  1.5 KiB of 5.0 KiB, 30%  "), "{text}");
    assert!(text.contains("stores /stored  97.7 KiB  "), "{text}");
}

/// Even where the socket's mode lets everybody in: the kernel tells who calls.
#[test]
fn another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let socket = home.path().join("control.sock");
    let _serve = Serve::start(root.path(), &["--control", socket.to_str().expect("UTF-8")]);
    // The build directory may be closed to others.
    let copy = home.path().join("towline");
    std::fs::copy(program(), &copy).expect("room for a copy");
    // Without other groups: std drops them with the user.
    let as_nobody = |group: u32| {
        let mut c = command_of(&copy);
        run(c.uid(65_534).gid(group).args(["who", "--control"]).arg(&socket))
    };
    let closed = as_nobody(65_534);
    assert_eq!(closed.code(), 4, "by its mode: {}", closed.err);
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).expect("our own");
    let refused = as_nobody(65_534);
    assert_eq!((refused.code(), refused.out.as_str()), (4, ""), "{}", refused.err);
    assert!(refused.err.contains("the user 65534 may not ask this server"), "{}", refused.err);
    // A member of the socket's group may.
    let member = as_nobody(0);
    assert_eq!((member.code(), member.out.as_str()), (0, "nobody\n"), "{}", member.err);
}
