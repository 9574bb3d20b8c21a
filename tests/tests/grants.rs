//! Grants from the command line to the wire, and over a kill of the server.

use e2e::basic;
use e2e::poll::{PATIENCE, until};
use e2e::process::run;
use e2e::towline::{Serve, command};
use serde_json::Value;
use std::io::{BufRead, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;

fn configure(root: &Path, home: &Path, more: &str) {
    std::fs::create_dir_all(home.join("state")).expect("a directory");
    let text = format!(
        "[server]\nroot = {root:?}\nbind = [\"127.0.0.1\"]\nstate = {:?}\ncontrol = {:?}\nwrite = true\n\
         [tftp]\nport = 0\n[ftp]\nport = 0\n[[rule]]\ndeny = \"all\"\n{more}",
        home.join("state"),
        home.join("control.sock"),
    );
    std::fs::write(home.join("towline.toml"), text).expect("a configuration");
}

fn serve(root: &Path, home: &Path) -> Serve {
    configure(root, home, "");
    Serve::start_command(command().args(["serve", "--json", "--config"]).arg(home.join("towline.toml")))
}

fn grant(home: &Path, arguments: &[&str]) -> Value {
    let mut c = command();
    c.arg("grant").args(arguments).args(["--json", "--control"]).arg(home.join("control.sock"));
    let ended = run(&mut c);
    assert_eq!(ended.code(), 0, "{}", ended.err);
    serde_json::from_str(&ended.out).expect("one object")
}

fn copy(from: &str, to: &Path) -> i32 {
    let _before = std::fs::remove_file(to);
    run(command().arg("copy").arg(from).arg(to)).code()
}

#[test]
fn a_grant_is_used_once_and_a_kill_does_not_give_it_back() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    std::fs::create_dir(root.path().join("images")).expect("a directory");
    std::fs::write(root.path().join("images/a.bin"), "content").expect("a file");
    let server = serve(root.path(), home.path());
    let to = home.path().join("got");
    let plain = format!("tftp://{}/images/a.bin", server.tftp);
    assert_eq!(copy(&plain, &to), 4, "the rules give nothing");
    let one = grant(home.path(), &["--path", "/images/a.bin", "--from", "127.0.0.1", "--for", "1h"]);
    let secret = one["secret"].as_str().expect("a secret").to_owned();
    let by_token = |server: &Serve| format!("tftp://{}/~{secret}/a.bin", server.tftp);
    assert_eq!(copy(&by_token(&server), &to), 0);
    assert_eq!(std::fs::read(&to).expect("it came"), b"content");
    assert_ne!(copy(&by_token(&server), &to), 0, "used up");
    let two =
        ["--path", "/images", "--verbs", "read,list", "--from", "127.0.0.0/8", "--for", "1h", "--uses", "2"];
    let two = grant(home.path(), &[&two[..], &["--user", "site1"]].concat());
    let secret_of_two = two["secret"].as_str().expect("a secret");
    let by_login = |server: &Serve| format!("ftp://site1:{secret_of_two}@{}/images/a.bin", server.ftp);
    assert_eq!(copy(&by_login(&server), &to), 0);
    // The log is written a moment after the transfer is over.
    let uses = until(PATIENCE, || {
        let uses: Vec<_> = server.events().into_iter().filter(|e| e["event"] == "grant_used").collect();
        (uses.len() == 2).then_some(uses)
    });
    let (uses, told) = (uses.expect("two uses"), server.events());
    assert_eq!((&uses[0]["grant"], &uses[1]["grant"]), (&one["id"], &two["id"]));
    assert!(!told.iter().any(|e| e.to_string().contains(&secret)), "no event shows a secret");
    // Killed: dropping it sends SIGKILL. Its worker, where it has one, ends when it misses it.
    drop(server);
    let socket = home.path().join("control.sock");
    until(PATIENCE, || UnixStream::connect(&socket).is_err().then_some(())).expect("the worker ended");
    let server = serve(root.path(), home.path());
    assert_ne!(copy(&by_token(&server), &to), 0, "used up before");
    assert_eq!(copy(&by_login(&server), &to), 0, "the second use");
    assert_ne!(copy(&by_login(&server), &to), 0, "there is no third");
    let list = run(command().args(["grant", "list", "--control"]).arg(home.path().join("control.sock")));
    assert_eq!(list.out.matches("used-up").count(), 2, "{}", list.out);
    let three = grant(home.path(), &["--path", "/images/a.bin", "--from", "127.0.0.1", "--for", "1h"]);
    let id = three["id"].as_str().expect("an id");
    let revoked =
        run(command().args(["grant", "revoke", id, "--control"]).arg(home.path().join("control.sock")));
    assert_eq!((revoked.code(), revoked.out), (0, format!("{id} is taken back\n")));
    let secret = three["secret"].as_str().expect("a secret");
    assert_ne!(copy(&format!("tftp://{}/~{secret}/a.bin", server.tftp), &to), 0);
}

/// One connection over HTTP that stays.
struct Http(std::io::BufReader<std::net::TcpStream>);

impl Http {
    fn to(server: SocketAddr) -> Http {
        let stream = std::net::TcpStream::connect(server).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Http(std::io::BufReader::new(stream))
    }

    fn send(&mut self, method: &str, path: &str, fields: &str) {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        self.0.get_mut().write_all(head.as_bytes()).expect("it is sent");
    }

    /// Status, fields in small letters and content.
    fn answer(&mut self, has_content: bool) -> (u16, String, Vec<u8>) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).expect("a line") > 0, "it ended: {head}");
        }
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        let head = head.to_lowercase();
        let len = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        let mut content = vec![0; if has_content { len } else { 0 }];
        self.0.read_exact(&mut content).expect("the content");
        (status, head, content)
    }

    fn ask(&mut self, method: &str, path: &str, fields: &str) -> (u16, String, Vec<u8>) {
        self.send(method, path, fields);
        self.answer(method != "HEAD")
    }
}

fn serve_http(root: &Path, home: &Path) -> (Serve, SocketAddr) {
    let mut c = command();
    c.args(["serve", "--json", "--http", "0", "--config"]).arg(home.join("towline.toml"));
    configure(root, home, "[http]\nclear-login = true\n");
    let mut server = Serve::start_command(&mut c);
    let http = server.listening("http");
    (server, http)
}

#[test]
fn over_http_only_what_is_given_is_a_use_and_a_login_is_as_good_as_a_name() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    std::fs::create_dir(root.path().join("images")).expect("a directory");
    std::fs::write(root.path().join("images/a.bin"), "content").expect("a file");
    let (server, http) = serve_http(root.path(), home.path());
    let given = |uses: &str| {
        let given = ["--path", "/images/a.bin", "--from", "127.0.0.1", "--for", "1h", "--uses", uses];
        grant(home.path(), &given)
    };
    let secret = given("2")["secret"].as_str().expect("a secret").to_owned();
    let name = format!("/~{secret}/a.bin");
    let mut peer = Http::to(http);
    assert_eq!(peer.ask("GET", "/images/a.bin", "").0, 403, "the rules give nothing");
    let (status, head, _) = peer.ask("HEAD", &name, "");
    let tag = head.lines().find_map(|l| l.strip_prefix("etag: ")).expect("a tag").to_owned();
    assert_eq!(status, 200);
    assert_eq!(peer.ask("GET", &name, &format!("If-None-Match: {tag}\r\n")).0, 304);
    // Neither was a use; a part is one as the whole is.
    let (status, _, part) = peer.ask("GET", &name, "Range: bytes=3-\r\n");
    assert_eq!((status, &part[..]), (206, &b"tent"[..]));
    assert_eq!(peer.ask("GET", &name, "").2, b"content");
    for method in ["GET", "HEAD"] {
        assert_eq!(peer.ask(method, &name, "").0, 404, "used up");
    }
    // By a login, in one session that goes on when the last use was made.
    let given = given("1");
    let (user, secret) =
        (given["user"].as_str().expect("a name"), given["secret"].as_str().expect("a secret"));
    let login = basic(&format!("{user}:{secret}"));
    let mut peer = Http::to(http);
    assert_eq!(peer.ask("HEAD", "/images/a.bin", &login).0, 200);
    assert_eq!(peer.ask("GET", "/images/a.bin", &login).2, b"content");
    for method in ["GET", "HEAD"] {
        assert_eq!(peer.ask(method, "/images/a.bin", &login).0, 403, "{method}: used up");
    }
    // A new session begins with a login that is none any more, as one that never was: whoever shows it is told so, and
    // nobody else is asked for a password, as nobody has one.
    let others = ["", &basic("nobody:x"), &login].map(|login| {
        let (status, head, _) = Http::to(http).ask("GET", "/images/a.bin", login);
        (status, head.contains("www-authenticate: "))
    });
    assert_eq!(others, [(403, false), (401, true), (401, true)]);
    // A use is not forgotten by a kill.
    drop(server);
    let socket = home.path().join("control.sock");
    until(PATIENCE, || UnixStream::connect(&socket).is_err().then_some(())).expect("the worker ended");
    let (_server, http) = serve_http(root.path(), home.path());
    assert_eq!(Http::to(http).ask("GET", &name, "").0, 404);
    assert_eq!(Http::to(http).ask("GET", "/images/a.bin", &login).0, 401);
}

#[test]
fn a_use_that_waits_for_the_disk_does_not_keep_others_over_http_waiting() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    std::fs::write(root.path().join("a.bin"), "content").expect("a file");
    let (_server, http) = serve_http(root.path(), home.path());
    let given = ["--path", "/a.bin", "--from", "127.0.0.1", "--for", "1h", "--uses", "1000"];
    let secret = grant(home.path(), &given)["secret"].as_str().expect("a secret").to_owned();
    let name = format!("/~{secret}/a.bin");
    // A disk that takes nothing for a while: whoever wants to write down a use waits.
    let journal = std::fs::File::open(home.path().join("state/grants.journal")).expect("the journal");
    rustix::fs::flock(&journal, rustix::fs::FlockOperation::LockExclusive).expect("the lock");
    let many = 4 * std::thread::available_parallelism().map_or(4, usize::from);
    let mut waiting: Vec<Http> = (0..many).map(|_| Http::to(http)).collect();
    waiting.iter_mut().for_each(|peer| peer.send("GET", &name, ""));
    for _ in 0..many {
        assert_eq!(Http::to(http).ask("GET", "/a.bin", "").0, 403, "the rules say so, at once");
    }
    rustix::fs::flock(&journal, rustix::fs::FlockOperation::Unlock).expect("the lock");
    for mut peer in waiting {
        assert_eq!(peer.answer(true).2, b"content");
    }
}
