use super::*;
use crate::monitor::{Address, Here, Mandate, Reached};
use gate::{Protocol, Refusal, Verb};
use std::io::Read;
use std::net::TcpListener;
use std::sync::Mutex;
use std::time::SystemTime;

/// A message taken apart as RFC 5424 §6 says; anything else is refused.
#[derive(Debug, PartialEq)]
struct Parsed {
    priority: u8,
    msgid: String,
    data: Vec<(String, String)>,
    text: String,
}

fn parse(message: &str) -> Option<Parsed> {
    let rest = message.strip_prefix('<')?;
    let (priority, rest) = rest.split_once('>')?;
    let priority: u8 = priority.parse().ok().filter(|p| *p <= 191)?;
    let rest = rest.strip_prefix("1 ")?;
    let mut words = rest.splitn(6, ' ');
    let (time, host, app) = (words.next()?, words.next()?, words.next()?);
    let (pid, msgid, rest) = (words.next()?, words.next()?, words.next()?);
    time.ends_with('Z').then(|| time.parse::<jiff::Timestamp>().ok())??;
    for (word, most) in [(host, 255), (app, 48), (pid, 128), (msgid, 32)] {
        (!word.is_empty() && word.len() <= most && word.chars().all(|c| c.is_ascii_graphic()))
            .then_some(())?;
    }
    let mut rest = rest.strip_prefix("[towline@32473")?;
    let mut data = Vec::new();
    while let Some(param) = rest.strip_prefix(' ') {
        let (name, value) = param.split_once("=\"")?;
        name.chars().all(|c| c.is_ascii_graphic() && !"=]\" ".contains(c)).then_some(())?;
        let (mut out, mut chars) = (String::new(), value.char_indices());
        let end = loop {
            match chars.next()? {
                (i, '"') => break i,
                (_, ']') => return None,
                (_, '\\') => out.push(chars.next().filter(|(_, c)| "\"\\]".contains(*c))?.1),
                (_, c) => out.push(c),
            }
        };
        data.push((name.to_owned(), out));
        rest = &value[end + 1..];
    }
    let text = rest.strip_prefix("] ")?.to_owned();
    Some(Parsed { priority, msgid: msgid.to_owned(), data, text })
}

fn refused(seq: u64, name: &[u8]) -> Arc<Event> {
    let what = What::RefusedName { verb: Verb::Read, name: name.to_vec(), why: Refusal::Denied };
    let (protocol, peer) = (Some(Protocol::Ftp), Some("10.0.0.1:4711".parse().unwrap()));
    let user = Some(String::from("b]o\"b\\"));
    Arc::new(Event { seq, at: SystemTime::now(), session: 3, protocol, peer, user, what })
}

#[test]
fn a_message_is_what_rfc_5424_says_whatever_is_in_the_event() {
    let parsed = parse(&message(&refused(7, b"/a]\"\\\n\xff"), "host name\n")).unwrap();
    assert_eq!((parsed.priority, parsed.msgid.as_str()), (28, "refused"));
    let of = |name: &str| parsed.data.iter().find(|d| d.0 == name).map(|d| d.1.as_str());
    assert_eq!((of("seq"), of("user"), of("peer")), (Some("7"), Some("b]o\"b\\"), Some("10.0.0.1:4711")));
    assert!(of("path").unwrap().starts_with("/a]\"") && of("path").unwrap().contains("\\xff"));
    let json: serde_json::Value = serde_json::from_str(&parsed.text).unwrap();
    assert_eq!((&json["event"], &json["seq"]), (&"refused".into(), &7.into()));
    let long = message(&refused(8, &b"/long".repeat(1_000)), "");
    assert_eq!(long.len(), LONGEST);
    assert!(parse(&long).is_some(), "{long}");
}

#[test]
fn places_are_local_sockets_and_hosts() {
    for (text, to) in [
        ("unix:/dev/log", Some(To::Unix("/dev/log".into()))),
        ("udp://10.0.0.1", Some(To::Udp("10.0.0.1:514".into()))),
        ("udp://10.0.0.1:5514", Some(To::Udp("10.0.0.1:5514".into()))),
        ("tcp://[::1]", Some(To::Tcp("[::1]:601".into()))),
        ("tcp://[::1]:6514", Some(To::Tcp("[::1]:6514".into()))),
        ("tcp://host:x", None),
        ("udp://host/", None),
        ("udp://::1", None),
        ("tcp://[host]:601", None),
        ("tcp://", None),
        ("unix:log", None),
        ("tls://host", None),
    ] {
        assert_eq!(To::parse(text), to, "{text}");
    }
}

fn start(to: To) -> (Syslog, Arc<Mutex<Vec<What>>>) {
    let address = match &to {
        To::Unix(_) => None,
        To::Udp(host) => Some(Address::of(Reached::Udp, host.clone())),
        To::Tcp(host) => Some(Address::of(Reached::Tcp, host.clone())),
    };
    let mut mandate = Mandate::default();
    mandate.places.extend(address.map(|address| (Place::Syslog, address)));
    let told = Arc::new(Mutex::new(Vec::new()));
    let into = told.clone();
    let tell: Tell = Arc::new(move |what| into.lock().unwrap().push(what));
    (Syslog::start(to, Arc::new(Here::new(mandate)), tell).unwrap(), told)
}

#[test]
fn datagrams_arrive_over_udp_and_a_local_socket() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let local = UnixDatagram::bind(&path).unwrap();
    local.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (one, _) = start(To::Udp(udp.local_addr().unwrap().to_string()));
    let (other, _) = start(To::Unix(path));
    one.see(&refused(1, b"/a"));
    other.see(&refused(2, b"/b"));
    let mut octets = [0; 4_096];
    let n = udp.recv(&mut octets).unwrap();
    assert_eq!(parse(std::str::from_utf8(&octets[..n]).unwrap()).unwrap().msgid, "refused");
    let n = local.recv(&mut octets).unwrap();
    assert!(parse(std::str::from_utf8(&octets[..n]).unwrap()).is_some());
}

#[test]
fn over_tcp_messages_are_counted_and_a_server_that_was_away_is_found_again() {
    // A port that nobody listens on yet.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (syslog, told) = start(To::Tcp(address.to_string()));
    syslog.see(&refused(1, b"/one"));
    let deadline = Instant::now() + Duration::from_secs(30);
    while told.lock().unwrap().is_empty() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert!(matches!(&told.lock().unwrap()[..], [What::SinkLost { count: 0, .. }, ..]));
    let listener = TcpListener::bind(address).unwrap();
    syslog.see(&refused(2, b"/two"));
    let (mut stream, _) = listener.accept().unwrap();
    // Its end sends what waits.
    drop(syslog);
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets).unwrap();
    let (mut rest, mut seqs) = (std::str::from_utf8(&octets).unwrap(), Vec::new());
    while !rest.is_empty() {
        let (len, after) = rest.split_once(' ').unwrap();
        let (message, after) = after.split_at(len.parse().unwrap());
        seqs.push(parse(message).unwrap().data[0].1.clone());
        rest = after;
    }
    assert_eq!(seqs, ["1", "2"]);
}

#[test]
fn what_is_told_of_syslog_is_not_sent_there() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (syslog, _) = start(To::Udp(udp.local_addr().unwrap().to_string()));
    let own = What::SinkLost { sink: NAME.into(), count: 1, why: "away".into() };
    let other = What::SinkLost { sink: "history".into(), count: 1, why: "away".into() };
    for (seq, what) in [(1, own), (2, other)] {
        syslog.see(&Arc::new(Event { what, ..(*refused(seq, b"/a")).clone() }));
    }
    let mut octets = [0; 4_096];
    let n = udp.recv(&mut octets).unwrap();
    let parsed = parse(std::str::from_utf8(&octets[..n]).unwrap()).unwrap();
    assert_eq!(parsed.data[0], (String::from("seq"), String::from("2")));
}

#[test]
fn a_place_that_is_away_does_not_hold_up_the_end_and_what_waits_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (syslog, told) = start(To::Unix(dir.path().join("nobody")));
    // More than are taken at once: some stay in the queue.
    for seq in 1..=700 {
        syslog.see(&refused(seq, b"/a"));
    }
    drop(syslog);
    let told = told.lock().unwrap();
    let lost: u64 = told.iter().map(|t| if let What::SinkLost { count, .. } = t { *count } else { 0 }).sum();
    assert_eq!(lost, 700, "{told:?}");
}
