//! `towline copy` as a process: part files, resuming, digests, events.

use super::running::Running;
use super::{names, text, towline};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;

const SERVE: [&str; 6] = ["--bind", "127.0.0.1", "--tftp", "0", "--ftp", "0"];

/// An FTP server that announces `content` and breaks the data connection after `cut` octets.
fn breaks(content: Vec<u8>, cut: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (control, _) = listener.accept().unwrap();
        let mut replies = control.try_clone().unwrap();
        let mut data: Option<TcpListener> = None;
        let mut say = |line: &str| replies.write_all(format!("{line}\r\n").as_bytes());
        say("220 ready").unwrap();
        for line in BufReader::new(control).lines() {
            let Ok(line) = line else { return };
            let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            let done = match verb.as_str() {
                "USER" => say("331 password"),
                "PASS" => say("230 in"),
                "TYPE" => say("200 ok"),
                "SIZE" => say(&format!("213 {}", content.len())),
                "EPSV" => {
                    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                    let port = listener.local_addr().unwrap().port();
                    data = Some(listener);
                    say(&format!("229 go (|||{port}|)"))
                }
                "RETR" => {
                    say(&format!("150 opening, {} octets", content.len())).unwrap();
                    let (mut out, _) = data.take().expect("EPSV first").accept().unwrap();
                    out.write_all(&content[..cut]).unwrap();
                    drop(out);
                    say("426 the disk is on fire")
                }
                "QUIT" => say("221 bye"),
                _ => say("502 no"),
            };
            if done.is_err() || verb == "QUIT" {
                return;
            }
        }
    });
    address
}

#[test]
fn a_broken_ftp_download_leaves_a_part_that_can_be_resumed() {
    let content: Vec<u8> = (0..100_000u32).map(|i| (i * 11 % 253) as u8).collect();
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("a.bin"), &content).unwrap();
    let out = tempfile::tempdir().unwrap();
    let broken = breaks(content.clone(), 40_000);
    let failed = towline(&["copy", &format!("ftp://{broken}/a.bin"), text(out.path())]);
    assert_ne!(failed.status.code(), Some(0), "{failed:?}");
    assert_eq!(names(out.path()), ["a.bin.part"]);
    let part = std::fs::read(out.path().join("a.bin.part")).unwrap();
    let line = String::from_utf8(failed.stderr).unwrap();
    assert!(line.contains("a.bin.part: go on with --resume"), "{line}");
    assert!(!part.is_empty() && part[..] == content[..part.len()], "{} octets", part.len());

    let mut server = Running::serve(&[&[text(root.path())], &SERVE[..]].concat(), 2);
    let url = format!("ftp://{}/a.bin", server.address("ftp"));
    let went_on = towline(&["copy", "--resume", &url, text(out.path())]);
    assert_eq!(went_on.status.code(), Some(0), "{went_on:?}");
    assert_eq!(names(out.path()), ["a.bin"]);
    assert!(std::fs::read(out.path().join("a.bin")).unwrap() == content);
    assert_eq!(moved(&mut server), 100_000 - part.len() as u64, "only the rest was moved");
}

#[test]
fn a_file_comes_over_several_sessions_each_octet_once() {
    let content: Vec<u8> = (0..5_000_017u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (root, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(root.path().join("a.bin"), &content).unwrap();
    let mut server = Running::serve(&[&[text(root.path())], &SERVE[..]].concat(), 2);
    let url = format!("ftp://{}/a.bin", server.address("ftp"));
    let copied = towline(&["copy", "--json", "--channels", "4", &url, text(out.path())]);
    assert_eq!(copied.status.code(), Some(0), "{copied:?}");
    assert_eq!(names(out.path()), ["a.bin"]);
    assert!(std::fs::read(out.path().join("a.bin")).unwrap() == content);
    let told = String::from_utf8(copied.stdout).unwrap();
    assert!(told.contains("\"octets\":5000017"), "{told}");
    // It was asked for four parts, and none was broken off.
    let parts: u64 = (0..4)
        .map(|_| {
            let ended = server.until("ended");
            assert_eq!(ended["outcome"], "complete", "{ended}");
            ended["octets"].as_u64().unwrap()
        })
        .sum();
    assert_eq!(parts, 5_000_017);
}

#[test]
fn a_wrong_digest_leaves_nothing_under_the_name() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("a"), b"abc").unwrap();
    let server = Running::serve(&[&[text(root.path())], &SERVE[..]].concat(), 2);
    let out = tempfile::tempdir().unwrap();
    for protocol in ["tftp", "ftp"] {
        let url = format!("{protocol}://{}/a", server.address(protocol));
        let wrong = "md5:00000000000000000000000000000000";
        let copied = towline(&["copy", "--expect", wrong, &url, text(out.path())]);
        assert_eq!(copied.status.code(), Some(6), "{protocol}: {copied:?}");
        assert_eq!(names(out.path()), [""; 0], "{protocol}");
        let right = "md5:900150983cd24fb0d6963f7d28e17f72";
        let to = out.path().join("there");
        assert_eq!(towline(&["copy", "--expect", right, &url, text(&to)]).status.code(), Some(0));
        std::fs::remove_file(to).unwrap();
    }
}

#[test]
fn json_tells_the_copy_from_its_beginning_to_its_end() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("a"), b"abc").unwrap();
    let server = Running::serve(&[&[text(root.path())], &SERVE[..]].concat(), 2);
    let out = tempfile::tempdir().unwrap();
    let url = format!("tftp://{}/a", server.address("tftp"));
    let mut copy = Running::start(&["copy", "--json", &url, text(out.path())]);
    assert_eq!(copy.until("begun")["from"], url);
    let copied = copy.until("copied");
    assert_eq!(copied["octets"], 3);
    assert_eq!(copy.end().0.code(), Some(0));
    let absent = format!("tftp://{}/b", server.address("tftp"));
    let mut copy = Running::start(&["copy", "--json", &absent, text(out.path())]);
    assert_eq!(copy.until("failed")["exit"], 5);
    assert_eq!(copy.end().0.code(), Some(5));
}

#[test]
fn pipes_and_server_to_server_work() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("a"), b"abc").unwrap();
    let server = Running::serve(&[&[text(root.path()), "--write"], &SERVE[..]].concat(), 2);
    let (tftp, ftp) = (server.address("tftp"), server.address("ftp"));
    let piped = towline(&["copy", "--quiet", &format!("tftp://{tftp}/a"), "-"]);
    assert_eq!((piped.status.code(), piped.stdout.as_slice()), (Some(0), &b"abc"[..]));
    let across = towline(&["copy", &format!("ftp://{ftp}/a"), &format!("tftp://{tftp}/b")]);
    assert_eq!(across.status.code(), Some(0), "{across:?}");
    assert_eq!(std::fs::read(root.path().join("b")).unwrap(), b"abc");
    let mut child = Command::new(env!("CARGO_BIN_EXE_towline"))
        .args(["copy", "--quiet", "-", &format!("ftp://{ftp}/c")])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().expect("piped").write_all(b"from a pipe").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read(root.path().join("c")).unwrap(), b"from a pipe");
}

/// A TFTP server that takes a file of one block and says nothing of it.
fn never_acknowledges() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut packet = [0; 600];
        let (_, client) = socket.recv_from(&mut packet).unwrap();
        socket.send_to(&[0, 4, 0, 0], client).unwrap();
        while socket.recv_from(&mut packet).is_ok() {}
    });
    address
}

#[test]
fn an_upload_that_is_never_acknowledged_is_no_success() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a");
    std::fs::write(&file, b"abc").unwrap();
    let url = format!("tftp://{}/a", never_acknowledges());
    let copied = towline(&["copy", "--patience", "1", "--json", text(&file), &url]);
    assert_eq!(copied.status.code(), Some(3), "{copied:?}");
    let said = String::from_utf8(copied.stderr).unwrap();
    assert!(said.contains("all 3 octets were sent") && said.contains("whole there"), "{said}");
    let told = String::from_utf8(copied.stdout).unwrap();
    let last: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["exit"]), (&"failed".into(), &3.into()));
    assert!(!told.contains("copied"), "{told}");
}

#[test]
fn what_a_killed_copy_left_goes_with_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("a");
    // It fetches from a server that never goes on, until it is killed.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let url = format!("tftp://{}/a", socket.local_addr().unwrap());
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_towline"))
        .args(["copy", "--quiet", &url, text(&to)])
        .spawn()
        .unwrap();
    let _request = socket.recv_from(&mut [0; 600]).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let [left] = &super::names(dir.path())[..] else { panic!("one name: {:?}", super::names(dir.path())) };
    assert!(left.starts_with(".towline-copy-"), "{left}");
    let before = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    std::fs::File::options().write(true).open(dir.path().join(left)).unwrap().set_modified(before).unwrap();
    let from = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(towline(&["copy", "--quiet", text(from.path()), text(&to)]).status.code(), Some(0));
    assert_eq!(super::names(dir.path()), ["a"]);
}

/// Logs in as u and stores these octets as `name`, but is gone before it has said that they are all.
fn gone_in_mid_upload(server: SocketAddr, name: &str, octets: &[u8]) {
    let mut control = TcpStream::connect(server).unwrap();
    let mut replies = BufReader::new(control.try_clone().unwrap()).lines();
    let mut ask = |line: &str, code: &str| {
        control.write_all(format!("{line}\r\n").as_bytes()).unwrap();
        let reply = replies.find(|r| r.as_ref().unwrap().starts_with(code)).expect("the reply").unwrap();
        reply.split('|').nth(3).and_then(|port| port.parse().ok())
    };
    ask("USER u", "331");
    ask("PASS p", "230");
    ask("TYPE I", "200");
    let port: u16 = ask("EPSV", "229").unwrap();
    let mut data = TcpStream::connect((server.ip(), port)).unwrap();
    ask(&format!("STOR {name}"), "150");
    data.write_all(octets).unwrap();
    // STAT says how much has arrived.
    let wanted = format!(" {} octets so far", octets.len());
    let arrived = (0..10_000).any(|_| {
        control.write_all(b"STAT\r\n").unwrap();
        let status: Vec<String> =
            replies.by_ref().map(Result::unwrap).take_while(|l| !l.starts_with("211 ")).collect();
        status.iter().any(|l| l.contains(&wanted))
    });
    assert!(arrived, "the server has all {} octets", octets.len());
    drop((control, replies));
    drop(data);
}

#[test]
fn a_broken_ftp_upload_goes_on_with_what_the_server_kept() {
    let content: Vec<u8> = (0..100_000u32).map(|i| (i * 13 % 249) as u8).collect();
    let (root, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (file, password) = (here.path().join("a.bin"), here.path().join("pw"));
    std::fs::write(&file, &content).unwrap();
    std::fs::write(&password, "p").unwrap();
    let user = format!("u:@{}", text(&password));
    let args = [&[text(root.path()), "--write", "--user", &user], &SERVE[..]].concat();
    let mut server = Running::serve(&args, 2);
    let address = server.address("ftp");
    gone_in_mid_upload(address, "a.bin", &content[..40_000]);
    assert_eq!(server.until("ended")["outcome"], "aborted");
    assert!(!root.path().join("a.bin").exists(), "what is not whole is not seen");

    let url = format!("ftp://u:p@{address}/a.bin");
    let went_on = towline(&["copy", "--resume", text(&file), &url]);
    assert_eq!(went_on.status.code(), Some(0), "{went_on:?}");
    assert_eq!(moved(&mut server), 60_000, "only the rest was moved");
    assert!(std::fs::read(root.path().join("a.bin")).unwrap() == content);

    // Another file stands there, longer than this one.
    std::fs::write(&file, b"short").unwrap();
    let other = towline(&["copy", "--resume", text(&file), &url]);
    assert_eq!(other.status.code(), Some(4), "{other:?}");
    assert!(String::from_utf8_lossy(&other.stderr).contains("it is another file"), "{other:?}");
    assert!(std::fs::read(root.path().join("a.bin")).unwrap() == content);
}

/// Octets of the next transfer; a digest that is asked for moves none.
fn moved(server: &mut Running) -> u64 {
    loop {
        match server.until("ended")["octets"].as_u64() {
            Some(0) => {}
            octets => return octets.expect("the end of a transfer has its octets"),
        }
    }
}

#[test]
fn a_part_that_is_longer_than_the_file_is_not_gone_on_with() {
    let (root, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(root.path().join("a"), b"abc").unwrap();
    std::fs::write(out.path().join("a.part"), b"abcdef").unwrap();
    let server = Running::serve(&[&[text(root.path())], &SERVE[..]].concat(), 2);
    let url = format!("ftp://{}/a", server.address("ftp"));
    let anew = towline(&["copy", "--resume", &url, text(out.path())]);
    assert_eq!(anew.status.code(), Some(0), "{anew:?}");
    let said = String::from_utf8_lossy(&anew.stderr);
    assert!(said.contains("has 3 octets, fewer than 6; it is copied anew"), "{said}");
    assert_eq!(std::fs::read(out.path().join("a")).unwrap(), b"abc");
    assert_eq!(names(out.path()), ["a"]);
}

#[test]
fn the_part_of_another_file_is_not_gone_on_with_either_way() {
    let (root, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let new: Vec<u8> = (0..400_000u32).map(|i| (i * 7 % 251) as u8).collect();
    let mut old = new.clone();
    old[123_456] ^= 1;
    let password = here.path().join("pw");
    std::fs::write(&password, "p").unwrap();
    let user = format!("u:@{}", text(&password));
    let args = [&[text(root.path()), "--write", "--user", &user], &SERVE[..]].concat();
    let mut server = Running::serve(&args, 2);
    let url = format!("ftp://u:p@{}/f", server.address("ftp"));
    let (there, file, part) = (root.path().join("f"), here.path().join("f"), here.path().join("f.part"));
    // A part of the same file goes on, one of another does not.
    std::fs::write(&there, &new).unwrap();
    for (beginning, octets) in [(&new, 200_000), (&old, 400_000)] {
        std::fs::write(&part, &beginning[..200_000]).unwrap();
        let copied = towline(&["copy", "--resume", &url, text(&file)]);
        assert_eq!(copied.status.code(), Some(0), "{copied:?}");
        assert!(std::fs::read(&file).unwrap() == new);
        assert_eq!(moved(&mut server), octets, "{copied:?}");
        let said = String::from_utf8_lossy(&copied.stderr);
        assert_eq!(
            said.contains("first 200000 octets is another one there; it is copied anew"),
            octets == 400_000
        );
    }
    for (beginning, octets) in [(&new, 200_000), (&old, 400_000)] {
        std::fs::write(&there, &beginning[..200_000]).unwrap();
        let copied = towline(&["copy", "--resume", text(&file), &url]);
        assert_eq!(copied.status.code(), Some(0), "{copied:?}");
        assert!(std::fs::read(&there).unwrap() == new);
        assert_eq!(moved(&mut server), octets, "{copied:?}");
    }
}
