//! `towline serve` as a process: events, fallback ports, --once, draining, one file, rights.

use super::running::{PATIENCE, Running};
use super::{text, towline};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

fn dir_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(dir.path().join(name), content).unwrap();
    }
    dir
}

const HERE: [&str; 6] = ["--bind", "127.0.0.1", "--tftp", "0", "--ftp", "0"];

#[test]
fn both_protocols_serve_the_same_octets_and_tell_events() {
    let content: Vec<u8> = (0..200_000u32).map(|i| (i * 7 % 251) as u8).collect();
    let root = dir_with(&[("a.bin", &content)]);
    let mut server = Running::serve(&[&[text(root.path())], &HERE[..]].concat(), 2);
    let out = tempfile::tempdir().unwrap();
    for protocol in ["tftp", "ftp"] {
        let url = format!("{protocol}://{}/a.bin", server.address(protocol));
        let to = out.path().join(protocol);
        let copied = towline(&["copy", "--quiet", &url, text(&to)]);
        assert_eq!(copied.status.code(), Some(0), "{protocol}: {copied:?}");
        assert!(std::fs::read(&to).unwrap() == content, "{protocol}: identical octets");
        let started = server.until("started");
        assert_eq!((&started["path"], &started["direction"]), (&"/a.bin".into(), &"read".into()));
        assert_eq!(started["octets"], 200_000);
        let ended = server.until("ended");
        assert_eq!((&ended["outcome"], &ended["octets"]), (&"complete".into(), &200_000.into()));
        assert_eq!(ended["transfer"], started["transfer"]);
        assert_eq!((&ended["verdict"], &ended["total"]), (&"complete".into(), &200_000.into()));
        let wire = (protocol == "tftp").then(|| &ended["options_agreed"]["tsize"]);
        assert!(wire.is_none_or(|tsize| tsize == 200_000), "{ended}");
        assert_eq!(ended["asked"].as_str(), (protocol == "tftp").then_some("a.bin"), "{ended}");
    }
    // A boot ROM looks at the size, breaks off, and that is no failure.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(b"\0\x01\\a.bin\0octet\0tsize\x000\0", server.address("tftp")).unwrap();
    let (_, tid) = socket.recv_from(&mut [0; 600]).unwrap();
    socket.send_to(b"\0\x05\0\x08User aborted the transfer\0", tid).unwrap();
    let ended = server.until("ended");
    assert_eq!((&ended["verdict"], &ended["outcome"]), (&"probe".into(), &"refused".into()), "{ended}");
    assert_eq!((&ended["path"], &ended["asked"]), (&"/a.bin".into(), &"\\a.bin".into()), "{ended}");
    server.interrupt();
    server.until("draining");
    let stopped = server.until("stopped");
    assert_eq!((&stopped["transfers"], &stopped["octets"]), (&2.into(), &400_000.into()));
    let (status, said) = server.end();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.starts_with("TFTP has no authentication"), "the first line: {said}");
    assert!(said.contains("curl -O ftp://127.0.0.1:"), "{said}");
    assert!(!said.contains("copy tftp:"), "no line for a device on a port it cannot reach: {said}");
}

#[test]
fn once_ends_after_one_complete_transfer() {
    let root = dir_with(&[("a", b"abc")]);
    let mut server = Running::serve(&[&[text(root.path()), "--once"], &HERE[..]].concat(), 2);
    let out = tempfile::tempdir().unwrap();
    let url = |name: &str| format!("tftp://{}/{name}", server.address("tftp"));
    // A refused request is no transfer.
    let absent = towline(&["copy", &url("b"), text(out.path())]);
    assert_eq!(absent.status.code(), Some(5), "{absent:?}");
    assert_eq!(towline(&["copy", &url("a"), text(out.path())]).status.code(), Some(0));
    assert_eq!(std::fs::read(out.path().join("a")).unwrap(), b"abc");
    let advice = server.until("advice");
    assert!(advice["text"].as_str().unwrap().contains("nearest name is /a"), "{advice}");
    server.until("stopped");
    assert_eq!(server.end().0.code(), Some(0));
}

/// Begins a TFTP read without options by hand and gives the socket and where block 1 came from.
fn hold(server: SocketAddr, name: &str) -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(format!("\0\u{1}{name}\0octet\0").as_bytes(), server).unwrap();
    let mut packet = [0; 600];
    let (n, tid) = socket.recv_from(&mut packet).unwrap();
    assert_eq!((&packet[..4], n), (&[0, 3, 0, 1][..], 516));
    (socket, tid)
}

#[test]
fn ctrl_c_lets_a_running_transfer_end_and_takes_no_new_one() {
    let root = dir_with(&[("a", &[7; 600])]);
    let mut server = Running::serve(&[&[text(root.path())], &HERE[..]].concat(), 2);
    let (socket, tid) = hold(server.address("tftp"), "a");
    server.interrupt();
    assert_eq!(server.until("draining")["transfers"], 1);
    socket.send_to(&[0, 4, 0, 1], tid).unwrap();
    let mut packet = [0; 600];
    loop {
        let (n, from) = socket.recv_from(&mut packet).unwrap();
        // Block 1 may have come again meanwhile.
        if packet[..4] == [0, 3, 0, 2] {
            assert_eq!((n, from), (4 + 88, tid));
            break;
        }
    }
    socket.send_to(&[0, 4, 0, 2], tid).unwrap();
    assert_eq!(server.until("ended")["outcome"], "complete");
    assert_eq!(server.until("stopped")["transfers"], 1);
    assert_eq!(server.end().0.code(), Some(0));
}

#[test]
fn a_long_transfer_tells_its_progress() {
    let root = dir_with(&[("a", &[7; 600])]);
    let mut server = Running::serve(&[&[text(root.path())], &HERE[..]].concat(), 2);
    let _held = hold(server.address("tftp"), "a");
    let started = server.until("started");
    let progress = server.until("progress");
    assert_eq!(progress["transfer"], started["transfer"]);
    assert_eq!((&progress["octets"], &progress["total"]), (&512.into(), &600.into()));
    assert!(progress["seconds"].as_f64().unwrap() >= 1.0, "not before a second: {progress}");
}

#[test]
fn a_low_soft_limit_of_descriptors_is_raised() {
    let root = dir_with(&[("a", b"abc")]);
    let server = Running::serve(&[&[text(root.path())], &HERE[..]].concat(), 2);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let line = limits.lines().find(|l| l.starts_with("Max open files")).unwrap();
    let numbers: Vec<u64> = line.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    let (soft, hard) = (numbers[0], numbers.get(1).copied().unwrap_or(u64::MAX));
    assert!(soft >= hard.min(16_384), "{line}");
}

#[test]
fn a_second_ctrl_c_cuts() {
    let root = dir_with(&[("a", &[7; 600])]);
    let mut server = Running::serve(&[&[text(root.path())], &HERE[..]].concat(), 2);
    let _held = hold(server.address("tftp"), "a");
    server.interrupt();
    server.until("draining");
    server.interrupt();
    assert_eq!(server.until("ended")["outcome"], "aborted");
    let failed = server.until("failed");
    assert_eq!(failed["exit"], 130);
    assert_eq!(server.end().0.code(), Some(130));
}

#[test]
fn a_cut_ftp_transfer_has_its_last_event_too() {
    let root = dir_with(&[("a", b"")]);
    // More than the buffers of a connection hold that nobody reads.
    std::fs::File::options().write(true).open(root.path().join("a")).unwrap().set_len(1 << 30).unwrap();
    let mut server = Running::serve(&[&[text(root.path())], &HERE[..]].concat(), 2);
    let ftp = server.address("ftp");
    let mut control = TcpStream::connect(ftp).unwrap();
    let mut replies = BufReader::new(control.try_clone().unwrap()).lines();
    control.write_all(b"USER ftp\r\nPASS x\r\nTYPE I\r\nEPSV\r\n").unwrap();
    let passive = replies.find(|r| r.as_ref().unwrap().starts_with("229")).unwrap().unwrap();
    let port: u16 = passive.split('|').nth(3).unwrap().parse().unwrap();
    let mut data = TcpStream::connect((ftp.ip(), port)).unwrap();
    control.write_all(b"RETR a\r\n").unwrap();
    server.until("started");
    data.read_exact(&mut [0; 100_000]).unwrap();
    server.interrupt();
    assert_eq!(server.until("draining")["transfers"], 1);
    server.interrupt();
    let ended = server.until("ended");
    assert_eq!(ended["outcome"], "aborted");
    assert!(ended["octets"].as_u64().unwrap() >= 100_000, "{ended}");
    server.until("stopped");
    assert_eq!(server.end().0.code(), Some(130));
}

#[test]
fn a_default_port_that_is_not_to_be_had_falls_back_and_says_how_to_get_it() {
    // An address of this test's own. Who may bind 69 and 21 takes them first; who may not is denied.
    let ip = "127.93.7.41";
    let _udp = UdpSocket::bind((ip, 69)).ok();
    let _tcp = TcpListener::bind((ip, 21)).ok();
    let root = dir_with(&[("a", b"abc")]);
    let mut server = Running::serve(&[text(root.path()), "--bind", ip], 2);
    assert_eq!(server.address("tftp"), format!("{ip}:6969").parse().unwrap());
    assert_eq!(server.address("ftp"), format!("{ip}:2121").parse().unwrap());
    let wanted = server.seen[0]["wanted"].as_str().expect("why").to_string();
    assert!(["69: denied", "69: taken"].contains(&wanted.as_str()), "{wanted}");
    server.interrupt();
    server.until("stopped");
    let (status, said) = server.end();
    assert_eq!(status.code(), Some(0));
    assert!(said.contains("Devices reach only 69"), "{said}");
    let way = if wanted.ends_with("denied") { "setcap cap_net_bind_service" } else { "ss -lunp" };
    assert!(said.contains(way), "{said}");
    assert!(!said.contains("On the device"), "{said}");
}

#[test]
fn one_file_is_served_alone() {
    let root = dir_with(&[("a.bin", b"abc"), ("b.bin", b"secret")]);
    let file = root.path().join("a.bin");
    let mut server = Running::serve(&[&[text(&file)], &HERE[..]].concat(), 2);
    let image = server.until("image");
    assert_eq!((&image["path"], &image["octets"]), (&"/a.bin".into(), &3.into()));
    assert_eq!(image["md5"], "900150983cd24fb0d6963f7d28e17f72");
    let out = tempfile::tempdir().unwrap();
    for protocol in ["tftp", "ftp"] {
        let url = |name: &str| format!("{protocol}://{}/{name}", server.address(protocol));
        let there = towline(&["copy", &url("a.bin"), text(&out.path().join(protocol))]);
        assert_eq!(there.status.code(), Some(0), "{there:?}");
        let other = towline(&["copy", &url("b.bin"), text(out.path())]);
        assert_eq!(other.status.code(), Some(5), "{protocol}: {other:?}");
        let line = String::from_utf8(other.stderr).unwrap();
        assert!(line.contains("b.bin") && !line.contains(text(root.path())), "no host path: {line}");
    }
    assert!(!out.path().join("b.bin").exists());
    server.interrupt();
    server.until("stopped");
}

#[test]
fn a_link_is_served_under_its_own_name() {
    let root = dir_with(&[("real.bin", b"abc")]);
    let link = root.path().join("link.bin");
    std::os::unix::fs::symlink("real.bin", &link).unwrap();
    let server = Running::serve(&[&[text(&link)], &HERE[..]].concat(), 2);
    let fetch =
        |name: &str| towline(&["copy", "-q", &format!("ftp://{}/{name}", server.address("ftp")), "-"]);
    assert_eq!(fetch("link.bin").stdout, b"abc");
    assert_eq!(fetch("real.bin").status.code(), Some(5));
}

#[test]
fn a_mistyped_name_is_answered_with_the_nearest() {
    let root = dir_with(&[("c2900-universalk9-mz.SPA.155-3.M4a.bin", b"abc")]);
    let mut server = Running::serve(&[&[text(root.path())], &HERE[..]].concat(), 2);
    for (protocol, name) in [("tftp", "c2900-universalk9-mz.SPA.155-3.M4.bin"), ("ftp", "nothing-like-it")] {
        let wrong = format!("{protocol}://{}/{name}", server.address(protocol));
        assert_eq!(towline(&["copy", &wrong, "-"]).status.code(), Some(5));
        let advice = server.until("advice");
        let words = advice["text"].as_str().unwrap();
        let near = words.ends_with("nearest name is /c2900-universalk9-mz.SPA.155-3.M4a.bin");
        assert!(near || words.ends_with("no name here is like it"), "{advice}");
        assert_eq!(near, protocol == "tftp", "{advice}");
    }
}

#[test]
fn sockets_of_a_service_manager_are_used() {
    // As systemd does it: descriptor 3, and LISTEN_PID says that it is meant for us.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let root = dir_with(&[("a", b"abc")]);
    let mut child = std::process::Command::new("sh")
        .args(["-c", "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", "sh"])
        .args([env!("CARGO_BIN_EXE_towline"), "serve", "--ftp", "off", "--once", text(root.path())])
        .stdin(std::os::fd::OwnedFd::from(socket))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // The socket was there before the server: what is asked early waits in it.
    let fetched = towline(&["copy", "-q", &format!("tftp://{address}/a"), "-"]);
    assert_eq!((fetched.status.code(), fetched.stdout.as_slice()), (Some(0), &b"abc"[..]), "{fetched:?}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn without_write_nothing_is_stored_and_with_it_the_old_file_is_kept() {
    let root = dir_with(&[("old", b"before")]);
    let from = dir_with(&[("new", b"after")]);
    let source = from.path().join("new");
    let read_only = Running::serve(&[&[text(root.path())], &HERE[..]].concat(), 2);
    for protocol in ["tftp", "ftp"] {
        let url = format!("{protocol}://{}/old", read_only.address(protocol));
        let refused = towline(&["copy", text(&source), &url]);
        assert_eq!(refused.status.code(), Some(4), "{protocol}: {refused:?}");
    }
    assert_eq!(std::fs::read(root.path().join("old")).unwrap(), b"before");
    drop(read_only);

    let mut server = Running::serve(&[&[text(root.path()), "--write"], &HERE[..]].concat(), 2);
    let url = format!("tftp://{}/old", server.address("tftp"));
    let stored = towline(&["copy", text(&source), &url]);
    assert_eq!(stored.status.code(), Some(0), "{stored:?}");
    assert_eq!(std::fs::read(root.path().join("old")).unwrap(), b"after");
    let ended = server.until("ended");
    assert_eq!((&ended["direction"], &ended["outcome"]), (&"write".into(), &"complete".into()));
    assert!(ended["kept"].is_string(), "the old one is kept: {ended}");
    assert!(ended["md5"].is_null(), "nothing is hashed while it is stored: {ended}");
    let digest = server.until("digest");
    assert_eq!((&digest["transfer"], &digest["path"]), (&ended["transfer"], &"/old".into()));
    assert_eq!(digest["md5"], "632a2406bbcbcd553eec45ac14b40a0a");
    assert_eq!((&digest["octets"], &digest["digest_from"]), (&5.into(), &"upload".into()));
    // Now it is known, and whoever fetches the file has it in the record.
    assert_eq!(towline(&["copy", &url, text(&from.path().join("back"))]).status.code(), Some(0));
    let fetched = server.until("ended");
    assert_eq!((&fetched["md5"], &fetched["sha256"]), (&digest["md5"], &digest["sha256"]), "{fetched}");
    assert_eq!(fetched["digest_from"], "cache");
    let into = format!("ftp://{}/", server.address("ftp"));
    assert_eq!(towline(&["copy", text(&source), &into]).status.code(), Some(0));
    assert_eq!(std::fs::read(root.path().join("new")).unwrap(), b"after");
}

#[test]
fn users_log_in_and_anonymous_is_off_then() {
    let root = dir_with(&[("a", b"abc")]);
    let pw = dir_with(&[("pw", b"S3cret\n")]);
    let user = format!("bob:@{}", text(&pw.path().join("pw")));
    let server = Running::serve(
        &[&[text(root.path()), "--tftp", "off", "--user", &user], &HERE[..2], &HERE[4..]].concat(),
        1,
    );
    let address = server.address("ftp");
    let out = tempfile::tempdir().unwrap();
    let copy = |login: &str| towline(&["copy", &format!("ftp://{login}{address}/a"), text(out.path())]);
    assert_eq!(copy("").status.code(), Some(4));
    let wrong = copy("bob:guess@");
    assert_eq!(wrong.status.code(), Some(4));
    assert!(!String::from_utf8(wrong.stderr).unwrap().contains("guess"), "a password is not printed");
    assert_eq!(copy("bob:S3cret@").status.code(), Some(0));
    assert_eq!(std::fs::read(out.path().join("a")).unwrap(), b"abc");
}

#[test]
fn passive_data_connections_use_the_given_ports_and_lines_are_for_the_device() {
    let root = dir_with(&[("a", b"abc")]);
    let more = ["--passive-ports", "41321-41329", "--for", "127.9.9.9"];
    let server = Running::serve(&[&[text(root.path())], &HERE[..], &more].concat(), 2);
    let url = format!("ftp://{}/a", server.address("ftp"));
    let copied = towline(&["copy", "--trace", "--passive", &url, "-"]);
    let drawing = String::from_utf8(copied.stderr).unwrap();
    // With its text: "227 " alone may be the end of a port.
    let reply = drawing.lines().find(|l| l.contains("227 Entering")).expect("a 227 reply");
    // 41321 is 161 * 256 + 105.
    assert!(reply.contains("127,0,0,1,161,10") || reply.contains("127,0,0,1,161,11"), "{reply}");
    server.interrupt();
    let (_, said) = server.end();
    assert!(said.contains("curl -O tftp://127.0.0.1:"), "{said}");
}

#[test]
fn trace_draws_the_ladder_on_stderr() {
    let root = dir_with(&[("a", b"abc")]);
    let mut server = Running::serve(&[&[text(root.path()), "--trace", "--once"], &HERE[..]].concat(), 2);
    let url = format!("ftp://{}/a", server.address("ftp"));
    let out = tempfile::tempdir().unwrap();
    let copied = towline(&["copy", "--trace", &url, text(out.path())]);
    let client = String::from_utf8(copied.stderr).unwrap();
    server.until("stopped");
    let (_, said) = server.end();
    for drawing in [client, said] {
        assert!(drawing.contains("RETR a") && drawing.contains("226 3 octets"), "{drawing}");
        assert!(drawing.contains("3 octets, 1 segment"), "{drawing}");
    }
}
