use super::*;
use crate::listing::Entry;
use crate::tag::Tag;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;

const FILE: Content =
    Content { len: 10_000, modified: 784_111_777, tag: Tag([0xab; 16]), media: "text/plain" };
const DATE: i64 = 784_200_000;

/// A machine with a tree of one file `/f`, one directory `/d/` of two names, and `/no`, which is denied.
struct Conversation {
    server: Server,
    now: Instant,
    sent: Vec<u8>,
    ended: Vec<Ended>,
    over: Option<Event>,
    left: usize,
    asked: Vec<Request>,
    malformed: usize,
}

impl Conversation {
    fn new() -> Conversation {
        Conversation::with(timeouts(20, 60, 300))
    }

    fn with(config: Config) -> Conversation {
        let now = Instant::ZERO;
        let mut server = Server::new(now, config);
        server.date(DATE);
        let (sent, ended, asked) = (Vec::new(), Vec::new(), Vec::new());
        Conversation { server, now, sent, ended, over: None, left: 0, asked, malformed: 0 }
    }

    fn say(&mut self, text: &str) -> String {
        self.sent.clear();
        self.server.handle_input(self.now, text.as_bytes());
        self.settle();
        String::from_utf8_lossy(&self.sent).into_owned()
    }

    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(transmit) = self.server.poll_transmit(self.now) {
                quiet = false;
                match &transmit {
                    Transmit::Octets { octets, .. } => self.sent.extend_from_slice(octets),
                    Transmit::Run { before, from, len } => {
                        self.sent.extend_from_slice(before);
                        self.sent.extend((*from..from + len).map(|n| b'a' + u8::try_from(n % 26).unwrap()));
                    }
                }
                self.server.handle_sent(self.now, transmit.len());
            }
            while let Some(event) = self.server.poll_event() {
                quiet = false;
                match event {
                    Event::Ask { id, what } => {
                        let answer = self.answer(what);
                        self.server.answer(self.now, id, answer);
                    }
                    Event::Ended(how) => self.ended.push(how),
                    Event::Malformed => self.malformed += 1,
                    over @ (Event::Close | Event::Cut) => {
                        assert_eq!(self.over, None, "it ends once");
                        self.over = Some(over);
                    }
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn answer(&mut self, what: Ask) -> Answer {
        match what {
            Ask::Look(request) => {
                self.asked.push(request.clone());
                match &request.target.path[..] {
                    b"/f" => Answer::Content(FILE),
                    b"/empty" => Answer::Content(Content { len: 0, ..FILE }),
                    b"/d" if request.target.directory => {
                        self.left = 2;
                        Answer::Listing
                    }
                    b"/d" => Answer::Directory(b"/d".to_vec()),
                    b"/login" => Answer::Refused(Status::Unauthorized, "a login is wanted".to_string()),
                    b"/busy" => Answer::Refused(Status::TooManyRequests, "too many".to_string()),
                    _ => Answer::Refused(Status::NotFound, "no such file".to_string()),
                }
            }
            Ask::Begin { .. } => Answer::Begun,
            Ask::Entries => {
                let name = vec![b'0' + u8::try_from(self.left).unwrap()];
                let entry = Entry { name, directory: false, len: 1, modified: 0 };
                let entries = if self.left == 0 { Vec::new() } else { vec![entry] };
                self.left = self.left.saturating_sub(1);
                Answer::Entries(entries)
            }
        }
    }

    fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.server.handle_timeout(self.now);
        self.settle();
    }
}

/// Seconds for a head, between requests, and without an octet taken.
fn timeouts(head: u64, idle: u64, stall: u64) -> Config {
    let [head, idle, stall] = [head, idle, stall].map(Duration::from_secs);
    Config { head, idle, stall, ..Config::default() }
}

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n")
}

fn field<'a>(response: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = response.split_once("\r\n\r\n")?;
    head.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
}

fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").map_or("", |r| r.1)
}

fn status(response: &str) -> &str {
    response.get(9..12).unwrap_or("")
}

#[test]
fn rfc9110_9_3_1_get_gives_the_content() {
    let mut c = Conversation::new();
    let response = c.say(&get("/f", ""));
    let expected = "HTTP/1.1 200 OK\r\n\
        Date: Mon, 07 Nov 1994 09:20:00 GMT\r\n\
        X-Content-Type-Options: nosniff\r\n\
        ETag: \"abababababababababababababababab\"\r\n\
        Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
        Accept-Ranges: bytes\r\n\
        Cache-Control: no-cache\r\n\
        Content-Type: text/plain\r\n\
        Content-Length: 10000\r\n\r\nabcdefg";
    assert!(response.starts_with(expected), "{response}");
    assert_eq!(body(&response).len(), 10_000);
    assert_eq!((&c.ended[..], &c.over), (&[Ended::Whole][..], &None));
    let empty = c.say(&get("/empty", ""));
    assert!(empty.ends_with("Content-Length: 0\r\n\r\n"), "{empty}");
    assert_eq!(c.ended.len(), 2);
}

#[test]
fn rfc9110_9_3_2_head_has_the_fields_of_get_and_no_content() {
    let mut c = Conversation::new();
    let got = c.say(&get("/f", ""));
    let head = c.say("HEAD /f HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(got.split_once("\r\n\r\n").unwrap().0, head.trim_end());
    assert_eq!(c.ended.len(), 1, "a HEAD begins no content");
    for path in ["/none", "/d/", "/d"] {
        let text = c.say(&format!("HEAD {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert!(text.ends_with("\r\n\r\n") && body(&text).is_empty(), "{text}");
    }
    assert_eq!(c.over, None);
}

#[test]
fn rfc9110_14_2_a_range_is_206_with_its_place() {
    let mut c = Conversation::new();
    let response = c.say(&get("/f", "Range: bytes=26-29\r\n"));
    assert_eq!(status(&response), "206");
    assert_eq!(field(&response, "Content-Range"), Some("bytes 26-29/10000"));
    assert_eq!((field(&response, "Content-Length"), body(&response)), (Some("4"), "abcd"));
}

#[test]
fn rfc9110_14_6_several_ranges_are_parts() {
    let mut c = Conversation::new();
    let response = c.say(&get("/f", "Range: bytes=0-1, 5200-5201, -2\r\n"));
    let boundary = "abababababababababababababababab";
    assert_eq!(
        field(&response, "Content-Type"),
        Some(&*format!("multipart/byteranges; boundary={boundary}"))
    );
    let expected = format!(
        "\r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10000\r\n\r\nab\
         \r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 5200-5201/10000\r\n\r\nab\
         \r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 9998-9999/10000\r\n\r\nop\
         \r\n--{boundary}--\r\n"
    );
    assert_eq!(body(&response), expected);
    assert_eq!(field(&response, "Content-Length"), Some(&*expected.len().to_string()));
}

#[test]
fn rfc9110_15_5_17_an_unsatisfiable_range_is_416_with_the_length() {
    let mut c = Conversation::new();
    let response = c.say(&get("/f", "Range: bytes=10000-\r\n"));
    assert_eq!((status(&response), field(&response, "Content-Range")), ("416", Some("bytes */10000")));
    assert!(c.ended.is_empty() && c.over.is_none());
}

#[test]
fn rfc9110_13_1_5_a_range_of_changed_content_is_the_whole() {
    let mut c = Conversation::new();
    let response = c.say(&get("/f", "Range: bytes=0-1\r\nIf-Range: \"old\"\r\n"));
    assert_eq!(status(&response), "200");
    let response =
        c.say(&get("/f", "Range: bytes=0-1\r\nIf-Range: \"abababababababababababababababab\"\r\n"));
    assert_eq!(status(&response), "206");
}

#[test]
fn rfc9110_15_4_5_not_modified_has_its_tag_and_no_content() {
    let mut c = Conversation::new();
    let response = c.say(&get("/f", "If-None-Match: \"abababababababababababababababab\"\r\n"));
    assert_eq!(status(&response), "304");
    assert!(field(&response, "ETag").is_some() && field(&response, "Content-Length").is_none());
    assert!(body(&response).is_empty() && c.ended.is_empty());
    assert_eq!(status(&c.say(&get("/f", "If-Match: \"old\"\r\n"))), "412");
}

#[test]
fn rfc9112_9_3_2_pipelined_requests_are_answered_in_order() {
    let mut c = Conversation::new();
    let mut requests = String::new();
    for range in ["0-0", "1-1", "2-2"] {
        requests.push_str(&get("/f", &format!("Range: bytes={range}\r\n")));
    }
    let responses = c.say(&requests);
    let bodies: Vec<_> = responses.split("HTTP/1.1 206").skip(1).map(body).collect();
    assert_eq!(bodies, ["a", "b", "c"]);
    assert_eq!(c.asked.len(), 3);
}

#[test]
fn rfc9112_9_3_2_pipelining_is_bounded() {
    let mut server = Server::new(Instant::ZERO, Config::default());
    let request = get("/f", "");
    let mut fed = 0;
    while server.wants_input() {
        server.handle_input(Instant::ZERO, request.as_bytes());
        fed += 1;
        assert!(fed < 10_000, "it never stops");
    }
    assert!(server.held() < BUFFER + request.len());
    let asks = core::iter::from_fn(|| server.poll_event()).count();
    assert_eq!(asks, 1, "one question is open at a time");
}

#[test]
fn rfc9112_9_6_the_last_response_says_close() {
    let mut c = Conversation::new();
    let response = c.say(&get("/f", "Connection: close\r\n"));
    assert_eq!(field(&response, "Connection"), Some("close"));
    assert_eq!(c.over, Some(Event::Close));
    // Nothing behind it is answered.
    assert_eq!(c.say(&get("/f", "")), "");
}

#[test]
fn rfc9112_9_3_an_old_client_keeps_the_connection_only_if_it_says_so() {
    let mut c = Conversation::new();
    let response = c.say("GET /f HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!((field(&response, "Connection"), &c.over), (Some("keep-alive"), &None));
    let response = c.say("GET /f HTTP/1.0\r\n\r\n");
    assert_eq!((field(&response, "Connection"), &c.over), (Some("close"), &Some(Event::Close)));
}

#[test]
fn rfc9112_2_2_empty_lines_before_a_request_are_skipped() {
    let mut c = Conversation::new();
    assert_eq!(status(&c.say(&format!("\r\n\r\n{}", get("/f", "")))), "200");
    let mut c = Conversation::new();
    assert_eq!(status(&c.say(&"\r\n".repeat(6))), "400");
}

#[test]
fn rfc9112_11_2_what_smuggles_is_400_and_nothing_behind_it_is_read() {
    for head in [
        "GET /f HTTP/1.1\nHost: h\n\n",
        "GET /f HTTP/1.1\r\nHost: h\r\nContent-Length : 50\r\n\r\n",
        "GET /f HTTP/1.1\r\nHost: h\r\nX: y\r\n folded\r\n\r\n",
        "GET /f HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /f HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\nContent-Length: 5\r\n\r\n",
        "GET /f HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\nContent-Length: 3\r\n\r\n",
    ] {
        let mut c = Conversation::new();
        let response = c.say(&format!("{head}{}", get("/f", "")));
        assert_eq!(status(&response), "400", "{head}");
        assert_eq!(field(&response, "Connection"), Some("close"));
        assert_eq!(response.matches("HTTP/1.1 ").count(), 1, "{head}");
        assert!(c.asked.is_empty() && c.over == Some(Event::Close), "{head}");
        assert_eq!(c.malformed, 1, "{head}");
    }
}

#[test]
fn rfc9110_15_5_6_a_method_that_changes_things_is_405_with_allow() {
    let mut c = Conversation::new();
    let response = c.say("DELETE /f HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!((status(&response), field(&response, "Allow")), ("405", Some("GET, HEAD")));
    assert_eq!(c.over, None);
    let response = c.say("PUT /f HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!((status(&response), &c.over), ("405", &Some(Event::Close)));
    assert!(c.asked.is_empty());
}

#[test]
fn rfc9110_10_1_1_a_client_that_waits_gets_100_and_then_its_answer() {
    let mut c = Conversation::new();
    let first = c.say(&get("/f", "Expect: 100-continue\r\nContent-Length: 3\r\n"));
    assert_eq!(first, "HTTP/1.1 100 Continue\r\n\r\n");
    assert!(c.asked.is_empty());
    let then = c.say(&format!("abc{}", get("/none", "")));
    assert!(then.starts_with("HTTP/1.1 200") && then.contains("HTTP/1.1 404"), "{then}");
    // Who has sent it already is not told to.
    let mut c = Conversation::new();
    let at_once = c.say(&format!("{}abc", get("/f", "Expect: 100-continue\r\nContent-Length: 3\r\n")));
    assert_eq!(status(&at_once), "200");
    // Content that is not wanted is refused in place of asked for.
    let mut c = Conversation::new();
    let refused = c.say(&get("/f", "Expect: 100-continue\r\nContent-Length: 99999999\r\n"));
    assert_eq!(status(&refused), "413");
}

#[test]
fn rfc9110_9_3_1_content_of_a_get_is_thrown_away() {
    let mut c = Conversation::new();
    let smuggled = get("/none", "");
    let text = format!(
        "{}{smuggled}{}",
        get("/f", &format!("Content-Length: {}\r\n", smuggled.len())),
        get("/d", "")
    );
    let responses = c.say(&text);
    let codes: Vec<_> =
        responses.match_indices("HTTP/1.1 ").map(|(at, _)| &responses[at + 9..at + 12]).collect();
    assert_eq!(codes, ["200", "301"]);
}

#[test]
fn rfc9110_10_2_2_a_directory_is_found_under_its_own_name() {
    let mut c = Conversation::new();
    let response = c.say(&get("/d", ""));
    assert_eq!((status(&response), field(&response, "Location")), ("301", Some("/d/")));
}

#[test]
fn rfc9112_7_1_a_listing_comes_in_chunks() {
    let mut c = Conversation::new();
    let response = c.say(&get("/d/", "Accept: application/json\r\n"));
    assert_eq!(field(&response, "Transfer-Encoding"), Some("chunked"));
    assert_eq!(field(&response, "Content-Length"), None);
    let (mut rest, mut text) = (body(&response), String::new());
    loop {
        let (size, after) = rest.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        text.push_str(&after[..size]);
        assert_eq!(&after[size..size + 2], "\r\n");
        rest = &after[size + 2..];
        if size == 0 {
            break;
        }
    }
    assert_eq!(rest, "");
    assert_eq!(text.matches("\"name\"").count(), 2, "{text}");
    assert_eq!(c.over, None);
}

#[test]
fn rfc9112_6_3_an_old_client_gets_a_listing_up_to_the_close() {
    let mut c = Conversation::new();
    let response = c.say("GET /d/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(
        (field(&response, "Transfer-Encoding"), field(&response, "Connection")),
        (None, Some("close"))
    );
    assert!(body(&response).starts_with("<!DOCTYPE html>") && response.ends_with("</html>\n"));
    assert_eq!(c.over, Some(Event::Close));
}

#[test]
fn rfc9110_11_6_1_a_401_names_its_realm() {
    let mut c = Conversation::new();
    let response = c.say(&get("/login", ""));
    assert_eq!(status(&response), "401");
    assert_eq!(field(&response, "WWW-Authenticate"), Some("Basic realm=\"towline\", charset=\"UTF-8\""));
    assert_eq!(field(&c.say(&get("/busy", "")), "Retry-After"), Some("10"));
}

#[test]
fn rfc9110_15_5_9_a_head_that_trickles_is_408() {
    let mut c = Conversation::new();
    let mut said = String::new();
    for octet in get("/f", "").bytes().take(30) {
        said = c.say(&char::from(octet).to_string());
        c.later(1);
        if c.over.is_some() {
            break;
        }
    }
    assert_eq!(said, "");
    assert_eq!(status(&String::from_utf8_lossy(&c.sent)), "408");
    assert_eq!(c.over, Some(Event::Close));
    // Who never asked is not answered.
    let mut c = Conversation::new();
    c.later(20);
    assert!(c.sent.is_empty() && c.over == Some(Event::Close));
}

#[test]
fn rfc9112_9_5_a_connection_without_requests_ends() {
    let mut c = Conversation::new();
    c.say(&get("/f", ""));
    c.later(59);
    assert_eq!(c.over, None);
    c.later(1);
    assert_eq!(c.over, Some(Event::Close));
}

/// The three times are the owner's, and each is its own: a head is waited for from its first octet, however long
/// the connection was idle before; a response that flows is never idle.
#[test]
fn each_wait_is_as_long_as_the_owner_says() {
    for (head, idle, stall) in [(3, 7, 11), (60, 960, 960), (900, 5, 2)] {
        let mut c = Conversation::with(timeouts(head, idle, stall));
        c.say(&get("/f", ""));
        c.later(idle - 1);
        assert_eq!(c.over, None);
        c.say("GET /f HTTP/1.1\r\n");
        c.later(head - 1);
        assert_eq!((c.over.clone(), c.sent.len()), (None, 0));
        c.later(1);
        assert_eq!((status(&String::from_utf8_lossy(&c.sent)), c.over), ("408", Some(Event::Close)));

        // Nothing of the connection is timed while the driver looks; what flows has its own time.
        let mut server = Server::new(Instant::ZERO, timeouts(head, idle, stall));
        server.handle_input(Instant::ZERO, get("/f", "").as_bytes());
        assert_eq!(server.poll_timeout(), None);
        let Some(Event::Ask { id, .. }) = server.poll_event() else { panic!("no question") };
        server.answer(Instant::ZERO, id, Answer::Content(FILE));
        let Some(Event::Ask { id, .. }) = server.poll_event() else { panic!("no question") };
        server.answer(Instant::ZERO, id, Answer::Begun);
        assert!(server.poll_transmit(Instant::ZERO).is_some());
        assert_eq!(server.poll_timeout(), Some(Instant::ZERO + Duration::from_secs(stall)));
    }
}

/// Whoever keeps a connection with one octet at a time has it for as long as a head may take, no longer, and
/// whatever it sends in that time the machine holds no more than a head.
#[test]
fn a_thousand_slow_heads_end_in_the_time_of_one() {
    let mut all: Vec<_> = (0..1_000).map(|_| Conversation::new()).collect();
    let mut seconds = 0;
    while all.iter().any(|c| c.over.is_none()) {
        assert!(seconds <= 20, "some live on");
        for (n, c) in all.iter_mut().enumerate().filter(|(_, c)| c.over.is_none()) {
            // Some trickle a field, some a request line, some empty lines.
            c.server.handle_input(c.now, [&b"X"[..], b"GET /aaaaaaa", b"\r\n"][n % 3]);
            c.settle();
            assert!(c.server.held() <= 20 * 12);
            c.later(1);
        }
        seconds += 1;
    }
}

#[test]
fn a_response_that_nobody_takes_is_cut() {
    let mut server = Server::new(Instant::ZERO, timeouts(20, 60, 300));
    server.handle_input(Instant::ZERO, get("/f", "").as_bytes());
    let Some(Event::Ask { id, .. }) = server.poll_event() else { panic!("no question") };
    server.answer(Instant::ZERO, id, Answer::Content(FILE));
    let Some(Event::Ask { id, .. }) = server.poll_event() else { panic!("no question") };
    server.answer(Instant::ZERO, id, Answer::Begun);
    let run = server.poll_transmit(Instant::ZERO).unwrap();
    let Transmit::Run { before, from: 0, len: 10_000 } = &run else { panic!("{run:?}") };
    assert!(before.starts_with(b"HTTP/1.1 200 OK\r\n") && before.ends_with(b"\r\n\r\n"));
    assert_eq!(run.len(), before.len() as u64 + 10_000);
    let at = Instant::ZERO + Duration::from_secs(200);
    server.handle_sent(at, before.len() as u64);
    // A single octet in time is progress.
    let at = at + Duration::from_secs(299);
    server.handle_sent(at, 1);
    let at = at + Duration::from_secs(299);
    server.handle_timeout(at);
    assert_eq!(server.poll_event(), None);
    server.handle_timeout(at + Duration::from_secs(1));
    assert_eq!(server.poll_event(), Some(Event::Ended(Ended::Stalled)));
    assert_eq!(server.poll_event(), Some(Event::Cut));
    assert_eq!((server.poll_event(), server.poll_transmit(at)), (None, None));
}

#[test]
fn the_owner_stops_between_responses() {
    let mut c = Conversation::new();
    c.say(&get("/f", ""));
    c.server.drain(c.now);
    c.settle();
    assert_eq!(c.over, Some(Event::Close));

    // Who has just connected has a request on its way: it is answered, and it is the last. So is half a request.
    for begun in ["", "GET /f HT"] {
        let mut c = Conversation::new();
        c.say(begun);
        c.server.drain(c.now);
        c.settle();
        assert_eq!(c.over, None);
        let response = c.say(&get("/f", "")[begun.len()..]);
        assert_eq!((status(&response), field(&response, "Connection")), ("200", Some("close")));
        assert_eq!(c.over, Some(Event::Close));
        // And who only connected in advance is not waited for.
        let mut c = Conversation::new();
        c.say(begun);
        c.server.drain(c.now);
        c.later(2);
        assert_eq!(c.over, Some(Event::Close));
    }

    let mut server = Server::new(Instant::ZERO, Config::default());
    server.handle_input(Instant::ZERO, get("/f", "").as_bytes());
    server.drain(Instant::ZERO);
    let Some(Event::Ask { id, .. }) = server.poll_event() else { panic!("no question") };
    server.answer(Instant::ZERO, id, Answer::Refused(Status::NotFound, "x".to_string()));
    let Some(Transmit::Octets { octets, .. }) = server.poll_transmit(Instant::ZERO) else {
        panic!("nothing")
    };
    assert!(String::from_utf8_lossy(&octets).contains("Connection: close\r\n"));
    server.handle_sent(Instant::ZERO, octets.len() as u64);
    assert_eq!(server.poll_event(), Some(Event::Close));
}

#[test]
fn a_peer_that_sends_no_more_is_still_answered() {
    let mut server = Server::new(Instant::ZERO, Config::default());
    server.handle_input(Instant::ZERO, get("/none", "").as_bytes());
    server.handle_eof(Instant::ZERO);
    let Some(Event::Ask { id, .. }) = server.poll_event() else { panic!("no question") };
    server.answer(Instant::ZERO, id, Answer::Refused(Status::NotFound, "x".to_string()));
    let sent = server.poll_transmit(Instant::ZERO).unwrap();
    server.handle_sent(Instant::ZERO, sent.len());
    assert_eq!(server.poll_event(), Some(Event::Close));
    // And one that goes between requests is let go.
    let mut c = Conversation::new();
    c.server.handle_eof(c.now);
    c.settle();
    assert_eq!(c.over, Some(Event::Close));
}
