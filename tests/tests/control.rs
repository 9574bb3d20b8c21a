//! The control socket of a running server, from the command line.

use e2e::poll::{PATIENCE, until};
use e2e::process::run;
use e2e::towline::{Serve, command, command_of, program};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
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
