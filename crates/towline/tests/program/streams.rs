//! `towline copy` to a stream, odd sizes, names and addresses.

use super::running::Running;
use super::{names, text, towline};
use std::io::{Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};

/// A TFTP server for one read: block by block in `order`, each after `go` was asked, then it waits for the
/// last ACK.
fn gives(
    blocks: Vec<Vec<u8>>,
    order: Vec<usize>,
    oack: &'static [u8],
    mut go: impl FnMut(usize) + Send + 'static,
) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut packet = [0; 600];
        let (_, client) = socket.recv_from(&mut packet).unwrap();
        socket.send_to(oack, client).unwrap();
        assert_eq!(socket.recv(&mut packet).unwrap(), 4, "ACK 0");
        for (nth, n) in order.into_iter().enumerate() {
            go(nth);
            socket.send_to(&[&[0, 3, 0, n as u8][..], &blocks[n - 1]].concat(), client).unwrap();
        }
        while socket.recv(&mut packet).is_ok() {}
    });
    address
}

#[test]
fn a_stream_begins_before_the_transfer_has_ended_and_is_in_order() {
    let blocks: Vec<Vec<u8>> = [512, 512, 512, 88].iter().zip(1..).map(|(len, n)| vec![n; *len]).collect();
    let whole = blocks.concat();
    let (send, wait) = std::sync::mpsc::channel::<()>();
    let go = move |nth| {
        // The last one only when the first three are out.
        if nth == 3 {
            wait.recv().unwrap();
        }
    };
    let oack = b"\0\x06windowsize\x008\0";
    let server = gives(blocks, vec![1, 3, 2, 4], oack, go);
    let url = format!("tftp://{server}/a");
    let mut child = Command::new(env!("CARGO_BIN_EXE_towline"))
        .args(["copy", "--quiet", "--windowsize", "8", &url, "-"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().expect("piped");
    let mut got = vec![0; 1_536];
    out.read_exact(&mut got).unwrap();
    send.send(()).unwrap();
    out.read_to_end(&mut got).unwrap();
    assert!(got == whole, "{} octets", got.len());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_leaves_is_a_fault_of_stdout() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("a"), vec![1; 4 << 20]).unwrap();
    let server =
        Running::serve(&[text(root.path()), "--bind", "127.0.0.1", "--tftp", "0", "--ftp", "off"], 1);
    let url = format!("tftp://{}/a", server.address("tftp"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_towline"))
        .args(["copy", "--quiet", &url, "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), said.starts_with("towline: stdout: ")), (Some(7), true), "{said}");
}

#[test]
fn a_size_other_than_announced_is_exit_6_and_leaves_nothing() {
    let out = tempfile::tempdir().unwrap();
    let server = gives(vec![vec![1; 500]], vec![1], b"\0\x06tsize\x00501\0", |_| ());
    let url = format!("tftp://{server}/a");
    let copied = towline(&["copy", &url, text(out.path())]);
    let said = String::from_utf8(copied.stderr).unwrap();
    assert_eq!(copied.status.code(), Some(6), "{said}");
    assert!(said.contains("expected 501 octets, found 500"), "{said}");
    assert_eq!(names(out.path()), [""; 0]);
}

#[test]
fn ipv6_modes_and_names_of_every_kind() {
    if UdpSocket::bind("[::1]:0").is_err() {
        return;
    }
    let (root, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let serve = [text(root.path()), "--write", "--bind", "::1", "--tftp", "0", "--ftp", "off"];
    let server = Running::serve(&serve, 1);
    let base = format!("tftp://{}", server.address("tftp"));
    assert!(base.starts_with("tftp://[::1]:"), "{base}");
    let here = out.path().join("here");
    std::fs::write(&here, b"one\ntwo\n").unwrap();
    for (url, name) in [
        ("a b%20c", "a b c"),
        ("caf\u{e9}", "caf\u{e9}"),
        ("caf%C3%A9%25", "caf\u{e9}%"),
        ("semi;colon", "semi;colon"),
        ("%7Bbraces%7D", "{braces}"),
        ("text;mode=netascii", "text"),
        ("octets;mode=octet", "octets"),
    ] {
        let url = format!("{base}/{url}");
        assert_eq!(towline(&["copy", "-q", text(&here), &url]).status.code(), Some(0), "{url}");
        assert_eq!(std::fs::read(root.path().join(name)).unwrap(), b"one\ntwo\n", "{url}");
        let back = towline(&["copy", "-q", &url, "-"]);
        assert_eq!((back.status.code(), &back.stdout[..]), (Some(0), &b"one\ntwo\n"[..]), "{url}");
        let named = towline(&["copy", "-q", &url, text(out.path())]);
        assert_eq!(named.status.code(), Some(0), "{named:?}");
        assert!(out.path().join(name).exists(), "the name is kept: {url}");
    }
}

#[test]
fn a_pipe_goes_out_over_tftp() {
    let root = tempfile::tempdir().unwrap();
    let serve = [text(root.path()), "--write", "--bind", "127.0.0.1", "--tftp", "0", "--ftp", "off"];
    let server = Running::serve(&serve, 1);
    let url = format!("tftp://{}/up", server.address("tftp"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_towline"))
        .args(["copy", "--quiet", "-", &url])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let content: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
    child.stdin.take().expect("piped").write_all(&content).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(std::fs::read(root.path().join("up")).unwrap() == content);
}

/// A TFTP server that answers options with ERROR 0 and serves three octets without; it tells each request.
fn knows_no_options() -> (SocketAddr, std::sync::mpsc::Receiver<Vec<u8>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut packet = [0; 600];
        while let Ok((len, client)) = socket.recv_from(&mut packet) {
            let plain = &packet[..len] == b"\0\x01a\0octet\0";
            // ACKs come here too: the transfer has no port of its own.
            if packet[1] == 1 {
                let _ = tell.send(packet[..len].to_vec());
                let answer: &[u8] = if plain { b"\0\x03\0\x01abc" } else { b"\0\x05\0\0what?\0" };
                socket.send_to(answer, client).unwrap();
            }
        }
    });
    (address, told)
}

#[test]
fn what_worked_with_a_server_is_remembered_in_the_user_s_cache() {
    let (server, told) = knows_no_options();
    let cache = tempfile::tempdir().unwrap();
    let copy = || {
        let copied = Command::new(env!("CARGO_BIN_EXE_towline"))
            .args(["copy", "--quiet", &format!("tftp://{server}/a"), "-"])
            .env("XDG_CACHE_HOME", cache.path())
            .output()
            .unwrap();
        assert_eq!((copied.status.code(), &copied.stdout[..]), (Some(0), &b"abc"[..]), "{copied:?}");
        told.try_iter().count()
    };
    assert_eq!(copy(), 2, "with options and without");
    let kept = std::fs::read_to_string(cache.path().join("towline/tftp-hosts")).unwrap();
    assert!(kept.starts_with(&format!("{server} plain ")), "{kept}");
    assert_eq!(copy(), 1, "without at once");
    // What is there may be anything.
    std::fs::write(cache.path().join("towline/tftp-hosts"), [0xff; 100_000]).unwrap();
    assert_eq!(copy(), 2);
}
