//! HTTP of a service that runs: what is seen of it, and what a reload and a stop do to it.

use e2e::content::Content;
use e2e::peers::Peer;
use e2e::poll::{PATIENCE, until};
use e2e::process::run;
use e2e::towline::{Serve, command};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A connection of a client that reads when it is told to.
struct Http {
    stream: TcpStream,
    got: Vec<u8>,
}

impl Http {
    fn connect(server: SocketAddr) -> Http {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        // What waits in buffers is little, so that the server is not done at once.
        socket.set_recv_buffer_size(16_384).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.connect(&server.into()).unwrap();
        Http { stream: socket.into(), got: Vec::new() }
    }

    fn ask(server: SocketAddr, path: &str) -> Http {
        let mut client = Http::connect(server);
        client.say(path);
        client
    }

    fn say(&mut self, path: &str) {
        self.stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).unwrap();
    }

    fn step(&mut self, octets: u64) {
        (&self.stream).take(octets).read_to_end(&mut self.got).unwrap();
    }

    /// The head of what came, and what is behind it.
    fn parts(&self) -> (String, &[u8]) {
        let end = self.got.windows(4).position(|w| w == b"\r\n\r\n").expect("a head") + 4;
        (String::from_utf8(self.got[..end].to_vec()).unwrap(), &self.got[end..])
    }

    /// Reads a response of so many octets.
    fn take(&mut self, len: usize) -> (String, Vec<u8>) {
        self.got.clear();
        while !self.got.windows(4).any(|w| w == b"\r\n\r\n") {
            self.step(1);
        }
        let left = len - self.parts().1.len();
        self.step(left as u64);
        let (head, body) = self.parts();
        (head, body.to_vec())
    }

    /// Reads to the end of the connection, and no longer slowly.
    fn finish(&mut self) {
        socket2::SockRef::from(&self.stream).set_recv_buffer_size(4 << 20).unwrap();
        self.stream.read_to_end(&mut self.got).unwrap();
    }
}

#[test]
fn reloads_break_no_download_and_let_no_request_go_unanswered() {
    const RELOADS: usize = 6;
    let dir = e2e::scratch();
    let d = dir.path().display();
    std::fs::create_dir(dir.path().join("root")).unwrap();
    let (short, long) = (Content::random(5_000), Content::random(12 << 20));
    short.write(&dir.path().join("root/short")).unwrap();
    long.write(&dir.path().join("root/long")).unwrap();
    let (short, long) = (short.octets(), long.octets());
    let file = dir.path().join("t.toml");
    let settings = format!(
        "[server]\nbind = [\"127.0.0.1\"]\nroot = \"{d}/root\"\ncontrol = \"{d}/c.sock\"\n\
         [tftp]\nport = 0\n[ftp]\nport = 0\n[http]\nport = 0\n"
    );
    std::fs::write(&file, settings).unwrap();
    let mut serve = Serve::start_command(command().args(["serve", "--json", "--config"]).arg(&file));
    let server = serve.listening("http");
    let mut loads: Vec<Http> = Vec::new();
    for nth in 0..RELOADS {
        // One more for every second reload; each lives through those that follow.
        if nth % 2 == 0 {
            loads.push(Http::ask(server, "/long"));
        }
        loads.iter_mut().for_each(|load| load.step(128 << 10));
        // One that is kept and asks again later, and one that has said nothing yet, or half of it.
        let mut kept = Http::ask(server, "/short");
        let (head, body) = kept.take(short.len());
        assert!(body == short && !head.contains("Connection:"), "reload {nth}: {head}");
        let mut new = Http::connect(server);
        if nth % 2 == 1 {
            new.stream.write_all(b"GET /short HTTP/1.1\r\nHo").unwrap();
        }
        let reloading = {
            let control = dir.path().join("c.sock");
            std::thread::spawn(move || run(command().arg("reload").arg("--control").arg(control)))
        };
        // The new one asks while the workers change.
        match nth % 2 {
            1 => new.stream.write_all(b"st: h\r\nConnection: close\r\n\r\n").unwrap(),
            _ => new.stream.write_all(b"GET /short HTTP/1.0\r\n\r\n").unwrap(),
        }
        new.finish();
        let (head, body) = new.parts();
        assert!(head.starts_with("HTTP/1.1 200") && body == short, "reload {nth}: {head}");
        let reloaded = reloading.join().unwrap();
        assert_eq!(reloaded.code(), 0, "reload {nth}: {reloaded:?}");
        // The kept one is ended in order, or its next request is answered.
        kept.got.clear();
        kept.finish();
        assert!(kept.got.is_empty(), "reload {nth}: {:?}", String::from_utf8_lossy(&kept.got));

        // Whoever comes now is served by the new worker.
        let (head, body) = Http::ask(server, "/short").take(short.len());
        assert!(head.starts_with("HTTP/1.1 200") && body == short, "reload {nth}: {head}");
    }
    for load in &mut loads {
        // The old worker ends a connection behind the response that was its last.
        load.finish();
        let (head, body) = load.parts();
        assert!(head.starts_with("HTTP/1.1 200") && body == long, "{} octets of {}", body.len(), long.len());
    }
    drop(loads);
    serve.process.signal(Signal::TERM);
    let ended = serve.process.wait(PATIENCE);
    assert_eq!(ended.code(), 0, "{}", ended.err);
}

#[test]
fn a_download_is_told_while_it_runs_and_traced() {
    let (root, out) = (e2e::scratch(), e2e::scratch());
    let content = Content::random(12 << 20);
    content.write(&root.path().join("a b.bin")).unwrap();
    let (ladder, capture) = (out.path().join("t.txt"), out.path().join("t.pcapng"));
    let traces = [&ladder, &capture].map(|file| format!("--trace={}", file.display()));
    let mut serve = Serve::start(root.path(), &["--http", "0", &traces[0], &traces[1]]);
    let server = serve.listening("http");
    let mut client = Http::connect(server);
    let login = e2e::basic("bob:S3cret");
    let request = format!(
        "GET /a%20b.bin HTTP/1.1\r\nHost: h\r\nConnection: close\r\nRange: bytes=1000-\r\n{login}\r\n"
    );
    // Nobody is known here: the password is refused. Without it the same is given.
    client.stream.write_all(request.as_bytes()).unwrap();
    client.finish();
    assert!(client.parts().0.starts_with("HTTP/1.1 403"), "{}", client.parts().0);
    let mut client = Http::connect(server);
    let plain: String = request.split_inclusive('\n').filter(|l| !l.starts_with("Auth")).collect();
    client.stream.write_all(plain.as_bytes()).unwrap();
    client.step(100_000);
    let told = until(PATIENCE, || {
        let told = serve.events().into_iter().find(|e| e["event"] == "progress");
        told.map(|e| (e["octets"].as_u64(), e["total"].as_u64()))
    });
    let (Some(octets), total) = told.expect("progress of a download that runs") else { panic!("octets") };
    let all = content.len - 1_000;
    assert!(octets >= 90_000 && octets < all, "{octets}");
    assert_eq!(total, Some(all), "of the range");
    client.finish();
    assert_eq!(client.parts().1.len() as u64, all);
    serve.process.signal(Signal::INT);
    assert_eq!(serve.process.wait(PATIENCE).code(), 0);

    let text = std::fs::read_to_string(&ladder).unwrap();
    for row in [
        "opens the HTTP connection (TCP)",
        "GET /a%20b.bin HTTP/1.1",
        "bytes=1000-",
        "HTTP/1.1 403 Forbidden",
        "HTTP/1.1 206 Partial Content",
        "closes the HTTP connection after",
    ] {
        assert!(text.contains(row), "no '{row}' in\n{text}");
    }
    let octets = std::fs::read(&capture).unwrap();
    for (what, secret) in [("ladder", text.as_bytes()), ("capture", &octets[..])] {
        assert!(!secret.windows(8).any(|w| w == b"Ym9iOlMz"), "the {what} shows who asked");
    }
    let Some(tshark) = Peer::find("tshark", "tshark") else { return };
    let mut c = tshark.command();
    c.arg("-n").arg("-r").arg(&capture).args(["-d", &format!("tcp.port=={},http", server.port())]);
    c.args(["-T", "fields", "-e", "tcp.len", "-e", "http.request.uri", "-e", "http.response.code"]);
    c.args(["-e", "_ws.malformed", "-o", "http.desegment_body:FALSE"]);
    let ended = run(&mut c);
    assert_eq!(ended.code(), 0, "{}", ended.err);
    let frames: Vec<Vec<&str>> = ended.out.lines().map(|l| l.split('\t').collect()).collect();
    let column = |n: usize| frames.iter().map(|f| f[n]).filter(|v| !v.is_empty()).collect::<Vec<_>>();
    assert_eq!(column(1), ["/a%20b.bin"; 2], "the requests");
    assert_eq!(column(2), ["403", "206"], "the answers");
    assert!(column(3).is_empty(), "malformed: {}", ended.out);
    let moved: u64 = column(0).iter().map(|n| n.parse::<u64>().unwrap()).sum();
    assert!(moved > all, "the segments hold the content: {moved}");
}
