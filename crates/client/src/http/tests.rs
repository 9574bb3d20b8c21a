//! Against a server that says what it is told to, octet by octet where that matters.

use super::*;
use crate::{ClientError, Options, Outcome, Remote};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use store::locator::Locator;
use store::{Blob, Sink};

/// What a server does with one connection.
struct Turn {
    /// Octets that end what it waits for.
    until: &'static [u8],
    /// What it says then.
    says: Vec<u8>,
    /// How much of that at a time.
    piece: usize,
}

fn turn(says: impl Into<Vec<u8>>) -> Turn {
    Turn { until: b"\r\n\r\n", says: says.into(), piece: usize::MAX }
}

/// A server with a turn for each connection; what it heard.
fn server(turns: Vec<Turn>) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let at = listener.local_addr().expect("bound");
    let thread = std::thread::spawn(move || {
        let mut all = Vec::new();
        for turn in turns {
            let (mut socket, _) = listener.accept().expect("a client");
            let mut heard = Vec::new();
            let mut octet = [0];
            while !heard.ends_with(turn.until) && socket.read(&mut octet).expect("a request") == 1 {
                heard.push(octet[0]);
            }
            for piece in turn.says.chunks(turn.piece.min(turn.says.len().max(1))) {
                // Whoever has heard enough may have gone.
                let _ = socket.write_all(piece);
            }
            all.push(String::from_utf8_lossy(&heard).into_owned());
        }
        all
    });
    (at, thread)
}

#[derive(Default)]
struct Kept(Vec<u8>);

impl Sink for Kept {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> std::io::Result<()> {
        let at = usize::try_from(offset).expect("small");
        self.0.resize(self.0.len().max(at + octets.len()), 0);
        self.0[at..at + octets.len()].copy_from_slice(octets);
        Ok(())
    }
}

fn remote(url: &str) -> Remote {
    match Locator::parse(url) {
        Ok(Locator::Remote(remote)) => remote,
        other => panic!("{url}: {other:?}"),
    }
}

/// Fetches `path` from what says these.
fn fetch(
    path: &str,
    from: u64,
    turns: Vec<Turn>,
) -> (Result<crate::Done, ClientError>, Vec<u8>, Vec<String>) {
    let (at, thread) = server(turns);
    let mut options = Options::default();
    options.http.resume = if from > 0 { Resume::At(from) } else { Resume::No };
    let mut kept = Kept(vec![b'0'; usize::try_from(from).expect("small")]);
    let done = crate::get(&remote(&format!("http://{at}/{path}")), &mut kept, &options);
    // A server whose turns are not over waits for a client.
    for _ in 0..20 {
        if thread.is_finished() {
            break;
        }
        drop(std::net::TcpStream::connect(at));
    }
    (done, kept.0, thread.join().expect("a server"))
}

#[test]
fn content_comes_by_length_in_chunks_and_up_to_the_end() {
    for piece in [1, 2, 7, usize::MAX] {
        for (head, outcome) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", Outcome::Complete),
            // Longer than it said: what is behind it is not its.
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789HTTP/1.1", Outcome::Complete),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n012\r\n6;a=b\r\n345678\r\n1\r\n9\r\n0\r\n\r\n",
                Outcome::Complete,
            ),
            (
                "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
                Outcome::Complete,
            ),
            ("HTTP/1.0 200 OK\r\n\r\n0123456789", Outcome::Unconfirmed),
        ] {
            let (done, kept, heard) = fetch("a/b.bin?v=1", 0, vec![Turn { piece, ..turn(head) }]);
            let done = done.unwrap_or_else(|e| panic!("{head:?} in pieces of {piece}: {e}"));
            assert_eq!((done.octets, done.outcome), (10, outcome), "{head:?}");
            assert_eq!(kept, b"0123456789", "{head:?} in pieces of {piece}");
            assert!(heard[0].starts_with("GET /a/b.bin?v=1 HTTP/1.1\r\n"), "{}", heard[0]);
        }
    }
}

#[test]
fn what_is_not_whole_is_an_error() {
    for says in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n012\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n01",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n012xyz\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "",
        "220 vsftpd\r\n\r\n",
    ] {
        let (done, ..) = fetch("x", 0, vec![turn(says)]);
        let error = done.expect_err(says);
        let right = match says {
            s if s.ends_with("01234") => matches!(error, ClientError::Truncated { expected: 10, found: 5 }),
            s if s.contains("xyz") || s.starts_with("220") => matches!(error, ClientError::Protocol { .. }),
            _ => matches!(error, ClientError::Network(_)),
        };
        assert!(right, "{says:?}: {error:?}");
    }
}

#[test]
fn a_head_without_end_is_not_collected() {
    let mut says = b"HTTP/1.1 200 OK\r\n".to_vec();
    says.resize(1 << 20, b'a');
    let (done, ..) = fetch("x", 0, vec![turn(says)]);
    assert!(matches!(done, Err(ClientError::Protocol { .. })), "{done:?}");
}

#[test]
fn a_status_is_what_it_means() {
    for (status, right) in [
        ("401 x", "login"),
        ("403 x", "denied"),
        ("404 x", "absent"),
        ("409 x", "absent"),
        ("410 x", "absent"),
        ("500 x", "server"),
        ("304 x", "server"),
        ("416 x", "server"),
    ] {
        let says = format!("HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nnot");
        let (done, kept, _) = fetch("x", 0, vec![turn(says)]);
        let found = match done.expect_err(status) {
            ClientError::Login { .. } => "login",
            ClientError::Denied { .. } => "denied",
            ClientError::Absent { .. } => "absent",
            ClientError::Server { .. } => "server",
            other => panic!("{status}: {other:?}"),
        };
        assert_eq!((found, kept.len()), (right, 0), "{status}");
    }
}

#[test]
fn a_copy_goes_on_where_the_server_has_ranges_only() {
    let part = "HTTP/1.1 206 x\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456789";
    let (done, kept, heard) = fetch("x", 4, vec![turn(part)]);
    assert_eq!((done.expect("a part").octets, kept.as_slice()), (6, &b"0000456789"[..]));
    assert!(heard[0].to_lowercase().contains("range: bytes=4-\r\n"), "{}", heard[0]);
    let all = "HTTP/1.1 416 x\r\nContent-Range: bytes */4\r\nContent-Length: 0\r\n\r\n";
    let (done, kept, _) = fetch("x", 4, vec![turn(all)]);
    assert_eq!((done.expect("all is there").octets, kept.as_slice()), (0, &b"0000"[..]));
    for says in [
        "HTTP/1.1 200 x\r\nContent-Length: 10\r\n\r\n0123456789",
        "HTTP/1.1 206 x\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\n56789",
        "HTTP/1.1 206 x\r\nContent-Length: 6\r\n\r\n456789",
        "HTTP/1.1 416 x\r\nContent-Range: bytes */3\r\nContent-Length: 0\r\n\r\n",
    ] {
        let (done, kept, _) = fetch("x", 4, vec![turn(says)]);
        assert!(done.is_err(), "{says}: {done:?}");
        assert_eq!(kept, b"0000", "{says}");
    }
}

#[test]
fn redirects_are_followed_with_a_login_for_the_same_host_only() {
    let ok = || turn("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let (done, kept, heard) = fetch(
        "a/b",
        0,
        vec![turn("HTTP/1.1 302 x\r\nLocation: ../c?d\r\nContent-Length: 4\r\n\r\npage"), ok()],
    );
    assert_eq!((done.expect("followed").octets, kept.as_slice()), (2, &b"ok"[..]));
    assert!(heard[1].starts_with("GET /c?d HTTP/1.1\r\n"), "{}", heard[1]);
    // To another host: this one under another name.
    let (other, thread) = server(vec![ok()]);
    let elsewhere = format!("HTTP/1.1 307 x\r\nLocation: http://localhost:{}/y\r\n\r\n", other.port());
    let (first, _) = server(vec![turn(elsewhere)]);
    let mut kept = Kept::default();
    let url = format!("http://bob:secret@{first}/x");
    crate::get(&remote(&url), &mut kept, &Options::default()).expect("followed");
    let heard = thread.join().expect("a server");
    assert!(
        heard[0].starts_with("GET /y ") && !heard[0].to_lowercase().contains("authorization"),
        "{heard:?}"
    );
    let round = || turn("HTTP/1.1 302 x\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
    let (done, ..) = fetch("x", 0, (0..21).map(|_| round()).collect());
    assert!(matches!(done, Err(ClientError::Server { .. })), "{done:?}");
}

/// Sends `len` octets to what does that.
fn send(len: usize, turns: Vec<Turn>) -> (Result<crate::Done, ClientError>, Vec<String>) {
    let (at, thread) = server(turns);
    let blob = Blob::Memory(vec![b'x'; len].into());
    let done = crate::put(&blob, &remote(&format!("http://bob:p%3Aw@{at}/in/x.bin")), &Options::default());
    (done, thread.join().expect("a server"))
}

#[test]
fn content_is_sent_when_it_is_welcome() {
    // `bob:p:w`
    let login = "authorization: basic ym9iona6dw==";
    let (done, heard) = send(0, vec![turn("HTTP/1.1 201 x\r\nContent-Length: 0\r\n\r\n")]);
    assert_eq!(done.expect("an empty file").octets, 0);
    assert!(heard[0].starts_with("PUT /in/x.bin HTTP/1.1\r\n"), "{}", heard[0]);
    assert!(heard[0].to_lowercase().contains(login), "{}", heard[0]);
    // Nobody says that it is welcome: it comes after a while.
    let (done, heard) = send(5, vec![Turn { until: b"xxxxx", ..turn("HTTP/1.1 204 x\r\n\r\n") }]);
    assert_eq!(done.expect("sent").octets, 5);
    assert!(heard[0].contains("\r\n\r\nxxxxx"), "{}", heard[0]);
}

#[test]
fn content_that_is_not_welcome_is_not_sent() {
    for (says, right) in [
        ("HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n", "denied"),
        ("HTTP/1.1 507 x\r\nContent-Length: 0\r\n\r\n", "full"),
        ("HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "server"),
        // It has not even been sent.
        ("HTTP/1.1 201 x\r\nContent-Length: 0\r\n\r\n", "cut"),
    ] {
        let (done, heard) = send(1 << 20, vec![turn(says)]);
        let found = match done.expect_err(says) {
            ClientError::Denied { .. } => "denied",
            ClientError::NoSpace { .. } => "full",
            ClientError::Server { .. } => "server",
            ClientError::Truncated { found: 0, .. } => "cut",
            other => panic!("{says}: {other:?}"),
        };
        assert_eq!(found, right, "{says}");
        assert!(heard[0].ends_with("\r\n\r\n"), "nothing of it was sent: {}", heard[0].len());
    }
}

#[test]
fn a_server_that_refuses_in_the_middle_is_heard() {
    let stop: &[u8] = &[b'x'; 65_536];
    let (done, _) =
        send(64 << 20, vec![Turn { until: stop, ..turn("HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n") }]);
    assert!(matches!(done, Err(ClientError::NoSpace { .. })), "{done:?}");
}
