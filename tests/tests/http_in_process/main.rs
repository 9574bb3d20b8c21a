//! Our HTTP server in this process, and connections that say what no good client says.

mod limits;

use e2e::basic;
use e2e::content::Content;
use gate::audit::{self, What};
use gate::{Gate, Outcome, Policy, Refusal, User, Verdict, hash_password};
use serve::http::{Door, HttpConfig};
use serve::streams::StreamServer;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::local::{Local, LocalOptions};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server over a directory.
struct House {
    dir: TempDir,
    server: StreamServer,
    events: audit::Events,
    gate: Arc<Gate>,
}

fn house_with(policy: Policy, config: HttpConfig) -> House {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::open(dir.path(), LocalOptions::default()).unwrap();
    let (gate, events) = Gate::new(Arc::new(local), policy);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let server = serve::http::start(gate.clone(), vec![Door::Clear(listener)], config, None).unwrap();
    House { dir, server, events, gate }
}

fn house() -> House {
    house_with(Policy::default(), HttpConfig::default())
}

fn bob() -> User {
    User::new("bob", &hash_password(&gate::Secret::new("hunter2"))).unwrap()
}

impl House {
    /// A file of random octets; their seed is printed.
    fn file(&self, name: &str, len: u64) -> Vec<u8> {
        let octets = Content::random(len).octets();
        fs::write(self.dir.path().join(name), &octets).unwrap();
        octets
    }

    /// A file of zeros that takes no time to make.
    fn hole(&self, name: &str, len: u64) {
        fs::File::create(self.dir.path().join(name)).unwrap().set_len(len).unwrap();
    }

    /// Descriptors of this process that lead into the directory, the root's own among them.
    fn descriptors(&self) -> usize {
        let to = |fd: fs::DirEntry| fs::read_link(fd.path()).ok();
        let all = fs::read_dir("/proc/self/fd").unwrap().flatten().filter_map(to);
        all.filter(|to| to.starts_with(self.dir.path())).count()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.server.addresses()[0]).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Says it and reads all there is to the end of the connection.
    fn say(&self, text: &str) -> Response {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).unwrap();
        let mut octets = Vec::new();
        stream.read_to_end(&mut octets).unwrap();
        Response::of(octets)
    }

    fn get(&self, path: &str, fields: &str) -> Response {
        self.say(&format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{fields}\r\n"))
    }

    /// The next events that are not of sessions' ends and beginnings.
    fn told(&self) -> What {
        let by = Instant::now() + PATIENCE;
        while let Some(event) = self.events.recv_timeout(by.saturating_duration_since(Instant::now())) {
            match event.what {
                What::Admitted | What::LoggedIn { .. } | What::Left => {}
                other => return other,
            }
        }
        panic!("nothing more is told");
    }

    /// The end of the next transfer.
    fn ended(&self) -> (gate::End, Verdict) {
        loop {
            if let What::Ended { end, verdict, .. } = self.told() {
                return (end, verdict);
            }
        }
    }

    fn is_quiet(&self) -> bool {
        std::iter::from_fn(|| self.events.try_recv())
            .all(|e| matches!(e.what, What::Admitted | What::LoggedIn { .. } | What::Left))
    }
}

#[derive(Debug)]
struct Response {
    head: String,
    body: Vec<u8>,
}

impl Response {
    fn of(octets: Vec<u8>) -> Response {
        let end = octets.windows(4).position(|w| w == b"\r\n\r\n").map_or(octets.len(), |n| n + 4);
        Response { head: String::from_utf8(octets[..end].to_vec()).unwrap(), body: octets[end..].to_vec() }
    }

    fn status(&self) -> u16 {
        self.head.get(9..12).and_then(|s| s.parse().ok()).unwrap_or(0)
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

#[test]
fn a_file_comes_whole_and_its_transfer_is_told() {
    let house = house();
    let octets = house.file("c2900 image.bin", 3_000_001);
    let response = house.get("/c2900%20image.bin", "");
    assert_eq!(response.status(), 200, "{}", response.head);
    assert!(response.body == octets, "other octets");
    let What::Started { len, path, .. } = house.told() else { panic!("no start") };
    assert_eq!((len, path.to_string()), (Some(3_000_001), String::from("/c2900 image.bin")));
    let (end, verdict) = house.ended();
    assert_eq!((end.outcome, end.octets, end.expected), (Outcome::Complete, 3_000_001, None));
    assert_eq!(verdict, Verdict::Complete);
    // HEAD, 304 and 412 move nothing and are no transfers.
    let tag = response.field("ETag").unwrap().to_owned();
    let head = house.say("HEAD /c2900%20image.bin HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_eq!((head.status(), head.field("Content-Length"), head.body.len()), (200, Some("3000001"), 0));
    assert_eq!(head.field("ETag"), Some(&*tag));
    assert_eq!(house.get("/c2900%20image.bin", &format!("If-None-Match: {tag}\r\n")).status(), 304);
    assert_eq!(house.get("/c2900%20image.bin", "If-Match: \"x\"\r\n").status(), 412);
    assert!(house.is_quiet());
}

#[test]
fn ranges_come_as_they_were_asked_and_are_one_transfer() {
    let house = house();
    let octets = house.file("f", 300_000);
    let one = house.get("/f", "Range: bytes=1000-100999\r\n");
    assert_eq!((one.status(), one.field("Content-Range")), (206, Some("bytes 1000-100999/300000")));
    assert!(one.body == octets[1_000..101_000], "other octets");
    let (end, verdict) = house.ended();
    assert_eq!((end.octets, end.expected, verdict), (100_000, Some(100_000), Verdict::Complete));

    let several = house.get("/f", "Range: bytes=0-9,200000-200099,-10\r\n");
    assert_eq!(several.status(), 206);
    let kind = several.field("Content-Type").unwrap().to_owned();
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").expect("parts");
    let mut expected = Vec::new();
    for (from, to) in [(0, 10), (200_000, 200_100), (299_990, 300_000)] {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {from}-{}/300000\r\n\r\n",
            to - 1
        );
        expected.extend_from_slice(head.as_bytes());
        expected.extend_from_slice(&octets[from..to]);
    }
    expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert!(several.body == expected, "{}", several.text());
    let (end, verdict) = house.ended();
    assert_eq!((end.octets, end.expected, verdict), (120, Some(120), Verdict::Complete));
    let beyond = house.get("/f", "Range: bytes=300000-\r\n");
    assert_eq!((beyond.status(), beyond.field("Content-Range")), (416, Some("bytes */300000")));
    assert!(house.is_quiet());
}

/// What answered a request that moved nothing, or a listing, is let go before the next request.
#[test]
fn a_kept_connection_holds_no_file_and_no_directory() {
    let house = house();
    let before = house.descriptors();
    house.file("f", 1_000);
    let tag = house.get("/f", "").field("ETag").unwrap().to_owned();
    for (request, end) in [
        (String::from("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), "\r\n0\r\n\r\n"),
        (String::from("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"), "\r\n\r\n"),
        (format!("GET /f HTTP/1.1\r\nHost: h\r\nIf-None-Match: {tag}\r\n\r\n"), "\r\n\r\n"),
        (String::from("GET /f HTTP/1.1\r\nHost: h\r\nRange: bytes=1000-\r\n\r\n"), "\r\n\r\n"),
    ] {
        let mut stream = house.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let (mut all, mut octet) = (Vec::new(), [0]);
        while !all.ends_with(end.as_bytes()) {
            stream.read_exact(&mut octet).unwrap();
            all.push(octet[0]);
        }
        let freed = e2e::poll::until(PATIENCE, || (house.descriptors() <= before).then_some(()));
        assert!(freed.is_some(), "{} more after {request}", house.descriptors() - before);
    }
}

#[test]
fn a_file_that_changed_is_not_resumed() {
    let house = house();
    house.file("f", 1_000);
    let tag = house.get("/f", "").field("ETag").unwrap().to_owned();
    let resume = format!("Range: bytes=500-\r\nIf-Range: {tag}\r\n");
    assert_eq!(house.get("/f", &resume).status(), 206);
    let new = house.file("g", 1_000);
    fs::rename(house.dir.path().join("g"), house.dir.path().join("f")).unwrap();
    let whole = house.get("/f", &resume);
    assert_eq!(whole.status(), 200);
    assert!(whole.body == new, "other octets");
}

#[test]
fn pipelined_requests_are_answered_in_order_on_one_session() {
    let house = house();
    let octets = house.file("f", 100_000);
    let mut requests = String::new();
    for n in 0..20 {
        let close = if n == 19 { "Connection: close\r\n" } else { "" };
        requests.push_str(&format!(
            "GET /f HTTP/1.1\r\nHost: h\r\nRange: bytes={}-{}\r\n{close}\r\n",
            n * 5_000,
            n * 5_000 + 4_999
        ));
    }
    let mut rest = {
        let mut stream = house.connect();
        stream.write_all(requests.as_bytes()).unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        all
    };
    for part in octets.chunks(5_000) {
        let response = Response::of(rest);
        assert_eq!(response.status(), 206);
        assert!(response.body[..5_000] == *part, "other octets");
        rest = response.body[5_000..].to_vec();
    }
    assert!(rest.is_empty());
    for _ in 0..20 {
        house.ended();
    }
    let sessions = std::iter::from_fn(|| house.events.recv_timeout(Duration::from_millis(50)));
    assert!(sessions.filter(|e| matches!(e.what, What::Admitted)).count() == 0, "more than one session");
}

#[test]
fn nothing_outside_is_served_and_no_text_shows_a_host_path() {
    let house = house();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    symlink(outside.path(), house.dir.path().join("out")).unwrap();
    symlink(outside.path().join("secret"), house.dir.path().join("link")).unwrap();
    fs::write(house.dir.path().join(".hidden"), "secret").unwrap();
    fs::write(house.dir.path().join("%2e%2e"), "a name").unwrap();
    let host = outside.path().to_str().unwrap().trim_start_matches('/').to_owned();
    for path in [
        "/../secret",
        "/out/secret",
        "/link",
        "/.hidden",
        "/%2e%2e/secret",
        "/%2e%2e%2fsecret",
        "/..%2fsecret",
        "/out/%2e%2e/secret",
        "/%2f%2fetc/passwd",
        "//../../etc/passwd",
        "/f%00.bin",
        "/%c0%ae%c0%ae/etc/passwd",
        "/..%5csecret",
        &format!("/../../../{host}/secret"),
        "http://h/../secret",
    ] {
        let response = house.get(path, "");
        assert!(matches!(response.status(), 400 | 403 | 404), "{path}: {}", response.head);
        assert!(!response.text().contains("secret\"") && !response.text().contains(&host), "{path}");
        assert_ne!(response.body, b"secret", "{path}");
    }
    // Decoded once: a name is a name.
    assert_eq!(house.get("/%252e%252e", "").text(), "a name");
}

#[test]
fn a_directory_is_listed_in_both_forms_and_sent_to_its_slash() {
    let house = house();
    let dir = house.dir.path().join("a b");
    fs::create_dir(&dir).unwrap();
    for n in 0..3_000 {
        fs::write(dir.join(format!("{n:04}<&>.bin")), "x").unwrap();
    }
    fs::write(dir.join(".hidden"), "x").unwrap();
    let moved = house.get("/a%20b?x", "");
    assert_eq!((moved.status(), moved.field("Location")), (301, Some("/a%20b/")));
    // HTTP/1.0 gets it without chunks.
    let json = house.say("GET /a%20b/ HTTP/1.0\r\nAccept: application/json\r\n\r\n");
    let entries: Vec<serde_json::Value> = serde_json::from_slice(&json.body).unwrap();
    let names: Vec<_> = entries.iter().map(|e| e["name"].as_str().unwrap()).collect();
    assert!(names.len() == 3_000 && names.is_sorted(), "{} names", names.len());
    assert_eq!((names[7], &entries[7]["octets"]), ("0007<&>.bin", &serde_json::json!(1)));
    let html = house.say("GET /a%20b/ HTTP/1.0\r\n\r\n").text();
    assert!(html.contains("<a href=\"./0007%3C%26%3E.bin\">0007&lt;&amp;&gt;.bin</a>"), "{}", &html[..500]);
    assert!(html.contains("href=\"../\"") && !html.contains("hidden") && html.ends_with("</html>\n"));
    assert_eq!(house.get("/a%20b/0007%3C%26%3E.bin/", "").status(), 404);
    assert_eq!(house.get("/none/", "").status(), 404);
}

#[test]
fn a_mistyped_name_is_told_the_nearest() {
    let house = house();
    house.file("c2900-universalk9-mz.SPA.155-3.M4a.bin", 10);
    let response = house.get("/c2900-universalk9-mz.SPA.155-3.M4b.bin", "");
    assert_eq!(response.status(), 404);
    assert!(response.text().contains("nearest name is /c2900-universalk9-mz.SPA.155-3.M4a.bin"));
    assert!(matches!(house.told(), What::Refused { why: Refusal::Absent, .. }));
}

#[test]
fn the_digest_of_a_file_is_there_without_being_there() {
    let house = house();
    fs::write(house.dir.path().join("f"), "abc").unwrap();
    let response = house.get("/f.sha256", "");
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  f\n";
    assert_eq!((response.status(), response.text()), (200, abc.to_owned()));
}

#[test]
fn a_client_that_goes_away_in_the_middle_is_told_as_that() {
    let house = house();
    house.hole("f", 64 << 20);
    let mut stream = house.connect();
    stream.write_all(b"GET /f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut some = [0; 100_000];
    stream.read_exact(&mut some).unwrap();
    drop(stream);
    let (end, verdict) = house.ended();
    assert_eq!(end.outcome, Outcome::Aborted);
    assert!(matches!(verdict, Verdict::ClientWentAway(_)), "{verdict:?}");
    assert!(end.octets < 64 << 20);
}

#[test]
fn a_file_that_shrinks_is_never_taken_for_whole() {
    let house = house();
    house.hole("f", 64 << 20);
    let mut stream = house.connect();
    stream.write_all(b"GET /f HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let mut some = [0; 1_000];
    stream.read_exact(&mut some).unwrap();
    fs::OpenOptions::new().write(true).open(house.dir.path().join("f")).unwrap().set_len(1_000).unwrap();
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest);
    assert!(ended.is_err() || rest.len() < 64 << 20, "{ended:?}");
    let (end, verdict) = house.ended();
    assert_eq!(
        (end.outcome, matches!(verdict, Verdict::OurFault(_))),
        (Outcome::Failed, true),
        "{verdict:?}"
    );
}

/// What simple clients and devices say: HTTP/1.1 with little else, HTTP/1.0 without Host, the absolute form, a
/// look with HEAD before the GET on the same connection.
#[test]
fn simple_clients_get_the_file_and_an_end() {
    let house = house();
    let octets = house.file("c2900.bin", 100_000);
    for request in [
        "GET /c2900.bin HTTP/1.1\r\nHost: 10.0.0.2\r\nUser-Agent: device\r\nConnection: close\r\n\r\n",
        "GET /c2900.bin HTTP/1.1\r\nHost: 10.0.0.2:80\r\nAccept: */*\r\nConnection: Close\r\n\r\n",
        "GET /c2900.bin HTTP/1.0\r\n\r\n",
        "GET /c2900.bin HTTP/1.0\r\nHost:\r\nUser-Agent: device\r\n\r\n",
        "GET http://10.0.0.2/c2900.bin HTTP/1.0\r\n\r\n",
        "GET //c2900.bin HTTP/1.0\r\n\r\n",
    ] {
        let response = house.say(request);
        assert_eq!(response.status(), 200, "{request}{}", response.head);
        assert_eq!(response.field("Content-Length"), Some("100000"), "{request}");
        assert_eq!(response.field("Transfer-Encoding"), None, "{request}");
        assert!(response.body == octets, "{request}");
    }
    let mut stream = house.connect();
    stream.write_all(b"HEAD /c2900.bin HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").unwrap();
    stream.write_all(b"GET /c2900.bin HTTP/1.0\r\nRange: bytes=99990-\r\n\r\n").unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let head = Response::of(all);
    assert_eq!(head.field("Connection"), Some("keep-alive"));
    let get = Response::of(head.body);
    assert_eq!((get.status(), get.field("Connection")), (206, Some("close")));
    assert!(get.body == octets[99_990..]);
}

#[test]
fn what_smuggles_is_answered_once_and_cut_off() {
    let house = house();
    house.file("f", 10);
    for head in [
        "GET /f HTTP/1.1\r\nHost: h\r\nContent-Length: 43\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /f HTTP/1.1\r\nHost: h\r\nContent-Length : 43\r\n\r\n",
        "GET /f HTTP/1.1\r\nHost: h\r\nX: a\r\n b: c\r\n\r\n",
        "GET /f HTTP/1.1\nHost: h\n\n",
    ] {
        let response = house.say(&format!("{head}GET /f HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
        assert_eq!((response.status(), response.field("Connection")), (400, Some("close")), "{head}");
        assert!(!response.text().contains("HTTP/1.1 "), "a second answer: {}", response.text());
    }
    assert!(house.is_quiet());
}

#[test]
fn an_upload_is_refused_and_the_answer_arrives() {
    let house = house();
    let mut stream = house.connect();
    stream.write_all(b"PUT /f HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n").unwrap();
    stream.write_all(&vec![0; 300_000]).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let response = Response::of(answer);
    assert_eq!((response.status(), response.field("Allow")), (405, Some("GET, HEAD")));
}

#[test]
fn a_password_in_the_clear_is_neither_asked_for_nor_taken() {
    let policy = Policy { users: vec![bob()], anonymous: false, ..Policy::default() };
    let house = house_with(policy, HttpConfig::default());
    house.file("f", 10);
    let response = house.get("/f", "");
    assert_eq!((response.status(), response.field("WWW-Authenticate")), (403, None), "{}", response.text());
    assert!(matches!(house.told(), What::RefusedKnock { why: Refusal::Login }));
    assert_eq!(house.get("/f", &basic("bob:hunter2")).status(), 403);
    assert!(matches!(house.told(), What::RefusedKnock { why: Refusal::Unprotected }));
}

#[test]
fn a_login_is_asked_for_and_counts_for_the_connection() {
    let policy = Policy { users: vec![bob()], anonymous: false, clear_login: true, ..Policy::default() };
    let house = house_with(policy, HttpConfig::default());
    let octets = house.file("f", 10);
    let asked = house.get("/f", "");
    assert_eq!(asked.status(), 401);
    assert!(asked.field("WWW-Authenticate").unwrap().starts_with("Basic realm="));
    assert_eq!(house.get("/f", &basic("bob:wrong")).status(), 401);
    for _ in 0..2 {
        assert!(matches!(house.told(), What::RefusedKnock { why: Refusal::Login }));
    }
    // Two requests of bob and one of nobody, over one connection.
    let mut stream = house.connect();
    let get = |fields: &str| format!("GET /f HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
    let bob = basic("bob:hunter2");
    let text = format!("{}{}{}", get(&bob), get(&bob), get("Connection: close\r\n"));
    stream.write_all(text.as_bytes()).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let text = String::from_utf8_lossy(&all).into_owned();
    let codes: Vec<_> = text.match_indices("HTTP/1.1 ").map(|(at, _)| &text[at + 9..at + 12]).collect();
    assert_eq!(codes, ["200", "200", "401"]);
    assert_eq!(all.windows(10).filter(|w| *w == octets).count(), 2);
    let mut users = Vec::new();
    while users.len() < 2 {
        let event = house.events.recv_timeout(PATIENCE).expect("two transfers end");
        if let What::Ended { .. } = event.what {
            users.push((event.user, event.session));
        }
    }
    assert_eq!(users[0].0.as_deref(), Some("bob"));
    assert_eq!(users[0], users[1], "one session");
}

#[test]
fn a_drain_lets_a_running_response_end_and_takes_nothing_new() {
    let house = house();
    let octets = house.file("f", 8 << 20);
    let address = house.server.addresses()[0];
    let mut idle = house.connect();
    let mut stream = house.connect();
    stream.write_all(b"GET /f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut first = [0; 10];
    stream.read_exact(&mut first).unwrap();
    house.server.drain();
    let mut nothing = Vec::new();
    idle.read_to_end(&mut nothing).unwrap();
    assert!(nothing.is_empty());
    let mut all = first.to_vec();
    stream.read_to_end(&mut all).unwrap();
    assert!(Response::of(all).body == octets, "other octets");
    let (end, _) = house.ended();
    assert_eq!(end.outcome, Outcome::Complete);
    let refused = e2e::poll::until(PATIENCE, || TcpStream::connect(address).is_err().then_some(()));
    assert!(refused.is_some(), "it still listens");
}

#[test]
fn who_sends_a_fin_behind_the_request_is_answered() {
    let house = house();
    let octets = house.file("f", 100_000);
    let mut stream = house.connect();
    stream.write_all(b"GET /f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    assert!(Response::of(all).body == octets, "other octets");
}
