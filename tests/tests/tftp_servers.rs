//! `towline copy` against other people's TFTP servers.

use e2e::battery::Server;
use e2e::content::{ROLLOVER, SIZES};
use e2e::peers::{Peer, is_root};
use e2e::poll::{PATIENCE, until};
use e2e::ports::{Port, udp_is_taken};
use e2e::process::Process;

fn start(
    name: &'static str,
    program: &str,
    arguments: impl Fn(&Port, &str) -> Vec<String>,
) -> Option<Server> {
    let peer = Peer::find(name, program)?;
    // Both drop their rights at the start.
    if !is_root(name) {
        return None;
    }
    let (root, config, port) = (e2e::scratch(), e2e::scratch(), Port::take());
    let dir = root.path().to_str().expect("temporary directories are UTF-8");
    let process = Process::start(peer.command().args(arguments(&port, dir)));
    let up = until(PATIENCE, || udp_is_taken(port.number).then_some(()));
    assert!(up.is_some(), "{name} does not listen: {:?}", process.said());
    let served = root.path().into();
    Some(Server {
        name,
        url: format!("tftp://{}/", port.address()),
        served,
        root,
        process,
        rest: (config, port),
    })
}

fn hpa() -> Option<Server> {
    start("tftpd-hpa", "in.tftpd", |port, dir| {
        ["-L", "-4", "-a", &port.address().to_string(), "-s", "-c", "-p", "-u", "nobody", dir]
            .map(String::from)
            .into()
    })
}

fn atftpd() -> Option<Server> {
    start("atftpd", "atftpd", |port, dir| {
        let (number, here) = (port.number.to_string(), "127.0.0.1");
        let w = [
            "--daemon",
            "--no-fork",
            "--port",
            &number,
            "--bind-address",
            here,
            "--logfile",
            "-",
            "--user",
            "nobody.nogroup",
            dir,
        ];
        w.map(String::from).into()
    })
}

#[test]
fn gets_from_tftpd_hpa() {
    let Some(server) = hpa() else { return };
    server.gets(
        "tftp get blksize 512",
        &["--blksize", "512", "--windowsize", "1"],
        &[SIZES, &[ROLLOVER]].concat(),
    );
    server.gets("tftp get", &[], SIZES);
}

#[test]
fn puts_to_tftpd_hpa() {
    let Some(server) = hpa() else { return };
    server.puts("tftp put", &[], SIZES);
    server.puts("tftp put blksize 512", &["--blksize", "512", "--windowsize", "1"], &[ROLLOVER]);
}

#[test]
fn gets_from_atftpd() {
    let Some(server) = atftpd() else { return };
    server.gets("tftp get", &[], &[SIZES, &[ROLLOVER]].concat());
    server.gets("tftp get windowsize 16", &["--blksize", "1428", "--windowsize", "16"], SIZES);
}

#[test]
fn puts_to_atftpd() {
    let Some(server) = atftpd() else { return };
    server.puts("tftp put", &[], &[SIZES, &[ROLLOVER]].concat());
}
