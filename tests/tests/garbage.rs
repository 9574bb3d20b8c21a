//! Octets that no client would send: nothing crashes, and nothing that comes back names a path of the host.

use e2e::noise::Noise;
use e2e::poll::PATIENCE;
use e2e::process::run;
use e2e::towline::{Serve, command};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

const ROUNDS: usize = 3_000;

fn leaks(octets: &[u8], root: &str) -> bool {
    let name = root.rsplit('/').next().expect("a path has a last component");
    [root, name, "towline-e2e", "src/", ".rs:"]
        .iter()
        .any(|s| octets.windows(s.len()).any(|w| w == s.as_bytes()))
}

#[test]
fn garbage_datagrams() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    std::fs::write(root.path().join("f"), "octets").expect("a file");
    let serve = Serve::start(root.path(), &["--write"]);
    let path = root.path().to_str().expect("UTF-8").to_owned();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_nonblocking(true).expect("a flag");
    let mut noise = Noise::new();
    let mut answers = 0;
    let requests: &[&[u8]] = &[
        b"\0\x01f\0octet\0",
        b"\0\x01f\0netascii\0blksize\x001428\0tsize\x000\0windowsize\x0016\0timeout\x001\0",
        b"\0\x01../../etc/passwd\0octet\0",
        b"\0\x02/etc/x\0octet\0tsize\x0018446744073709551615\0",
        b"\0\x01f\0octet\0blksize\0-1\0windowsize\x0099999999999999999999\0",
        b"\0\x05\0\0no\0",
        b"\0\x04\0\x01",
        b"\0\x03\0\x01octets",
    ];
    for round in 0..ROUNDS {
        let mut datagram = if round % 2 == 0 {
            let n = noise.below(1_500);
            noise.octets(n)
        } else {
            let which = noise.below(requests.len());
            requests[which].to_vec()
        };
        if !datagram.is_empty() && round % 4 != 3 {
            let at = noise.below(datagram.len());
            datagram[at] ^= noise.octets(1)[0];
        }
        socket.send_to(&datagram, serve.tftp).expect("loopback takes a datagram");
        let mut buffer = [0; 65_536];
        while let Ok((n, _)) = socket.recv_from(&mut buffer) {
            answers += 1;
            assert!(!leaks(&buffer[..n], &path), "{:?}", String::from_utf8_lossy(&buffer[..n]));
        }
    }
    // The server still does its work.
    let url = format!("tftp://{}/f", serve.tftp);
    let ended = run(command().args(["copy", "--quiet", &url]).arg(home.path().join("f")));
    assert_eq!(ended.code(), 0, "after {ROUNDS} datagrams and {answers} answers: {ended:?}");
    assert_eq!(std::fs::read(home.path().join("f")).expect("the copy"), b"octets");
    let err = serve.process.said().err.join("\n");
    assert!(!err.contains("panicked"), "{err}");
}

#[test]
fn garbage_control_lines() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    std::fs::write(root.path().join("f"), "octets").expect("a file");
    let serve = Serve::start(root.path(), &["--write"]);
    let path = root.path().to_str().expect("UTF-8").to_owned();
    let mut noise = Noise::new();
    let verbs: &[&[u8]] = &[
        b"RETR ../../../etc/passwd",
        b"CWD /etc",
        b"LIST -la /..",
        b"STOR /../x",
        b"MLST /no/such",
        b"SIZE /",
        b"PORT 127,0,0,1,0,22",
        b"PORT 8,8,8,8,0,53",
        b"EPRT |2|::1|99999|",
        b"EPSV 9",
        b"REST 99999999999999999999",
        b"RNTO x",
        b"STAT /nothing",
        b"TYPE L 9",
        b"MLSD f",
        b"RETR f",
        b"NLST \xff\xf4\xff\xf2",
        b"ABOR",
        b"SITE EXEC sh",
        b"USER \0root",
        b"DELE f",
        b"RMD /",
        b"HELP \x1b[2J",
        b"OPTS UTF8 MAYBE",
    ];
    let mut said = Vec::new();
    for round in 0..60 {
        let mut stream = TcpStream::connect(serve.ftp).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        let mut greeting = String::new();
        reader.read_line(&mut greeting).expect("a greeting");
        let mut lines = b"USER anonymous\r\nPASS a@b\r\n".to_vec();
        for _ in 0..12 {
            if round % 3 == 0 {
                let n = noise.below(300);
                lines.extend(noise.octets(n));
            } else {
                let which = noise.below(verbs.len());
                lines.extend_from_slice(verbs[which]);
                if round % 3 == 1 {
                    let at = lines.len() - 1 - noise.below(verbs[which].len());
                    lines[at] ^= noise.octets(1)[0];
                }
            }
            lines.extend_from_slice(b"\r\n");
        }
        lines.extend_from_slice(b"QUIT\r\n");
        // The server may have closed already: too much nonsense is a reason to.
        let _closed = stream.write_all(&lines);
        let _ended = stream.shutdown(std::net::Shutdown::Write);
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        let mut answer = Vec::new();
        let _reset = reader.read_to_end(&mut answer);
        said.extend_from_slice(greeting.as_bytes());
        said.extend(answer);
    }
    assert!(said.len() > 60 * 20, "the server answers: {}", String::from_utf8_lossy(&said));
    for line in said.split(|&b| b == b'\n') {
        // A reply may repeat what was sent, never what the host has.
        assert!(!leaks(line, &path), "{:?}", String::from_utf8_lossy(line));
        assert!(!line.windows(5).any(|w| w == b"root:"), "{:?}", String::from_utf8_lossy(line));
    }
    let ended = run(command()
        .args(["copy", "--quiet", &format!("ftp://{}/f", serve.ftp)])
        .arg(home.path().join("f")));
    assert_eq!(ended.code(), 0, "{ended:?}");
    let err = serve.process.said().err.join("\n");
    assert!(!err.contains("panicked"), "{err}");
}
