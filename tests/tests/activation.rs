//! Sockets of a service manager: each is its protocol's, by name.

use e2e::poll::PATIENCE;
use e2e::process::{Process, with_variables_of};
use e2e::towline::command;
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use serde_json::Value;
use std::fmt::Write;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Command;

/// Starts the program as systemd does: with these sockets from descriptor 3 on, and their names.
fn activate(sockets: Vec<(&str, OwnedFd)>, arguments: &[&str]) -> Process {
    let mut script = String::from("exec");
    let mut held = Vec::new();
    for (nth, (_, socket)) in sockets.iter().enumerate() {
        // High above where they are to be.
        let high = fcntl_dupfd_cloexec(socket, 100).unwrap();
        fcntl_setfd(&high, FdFlags::empty()).unwrap();
        write!(script, " {}<&{} {}<&-", nth + 3, high.as_raw_fd(), high.as_raw_fd()).unwrap();
        held.push(high);
    }
    let names: Vec<&str> = sockets.iter().map(|(name, _)| *name).collect();
    let (count, names) = (sockets.len(), names.join(":"));
    write!(script, "; LISTEN_PID=$$ LISTEN_FDS={count} LISTEN_FDNAMES={names} exec \"$0\" \"$@\"").unwrap();
    let program = command();
    let mut c = Command::new("bash");
    c.args(["-c", &script]).arg(program.get_program()).args(arguments);
    with_variables_of(&mut c, &program);
    Process::start(&mut c)
}

fn tcp() -> (SocketAddr, OwnedFd) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    (socket.local_addr().unwrap(), socket.into())
}

#[test]
fn each_socket_is_the_protocol_s_that_it_is_named_for() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tftp = udp.local_addr().unwrap();
    let ((ftp, a), (http, b), (https, c), (admin, d)) = (tcp(), tcp(), tcp(), tcp());
    let sockets = vec![("https", c), ("tftp", udp.into()), ("admin", d), ("ftp", a), ("http", b)];
    let dir = e2e::scratch();
    std::fs::create_dir(dir.path().join("root")).unwrap();
    let file = dir.path().join("t.toml");
    std::fs::write(&file, format!("[server]\nroot = \"{}/root\"\n", dir.path().display())).unwrap();
    let mut process = activate(sockets, &["serve", "--json", "--config", file.to_str().unwrap()]);
    for (protocol, address) in
        [("tftp", tftp), ("ftp", ftp), ("http", http), ("https", https), ("admin", admin)]
    {
        let told = process.wait_for(protocol, |said| {
            let events = said.out.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let mut listening = events.filter(|e| e["event"] == "listening" && e["protocol"] == protocol);
            listening.next().map(|event| event["address"].as_str().unwrap_or_default().to_owned())
        });
        assert_eq!(told, address.to_string(), "{protocol}");
    }
    process.signal(rustix::process::Signal::TERM);
    assert_eq!(process.wait(PATIENCE).code(), 0);
}

#[test]
fn a_socket_that_nothing_says_the_protocol_of_is_not_just_ftp_s() {
    let dir = e2e::scratch();
    let (_, socket) = tcp();
    let process = activate(vec![("towline.socket", socket)], &["serve", dir.path().to_str().unwrap()]);
    let ended = process.wait(PATIENCE);
    assert_eq!(ended.code(), 7, "{ended:?}");
    assert!(ended.err.contains("FileDescriptorName=ftp"), "{}", ended.err);
}
