//! A hook's web address: the event's JSON as a POST. Of the answer only the status counts.
//!
//! A client of our own: it does one thing, over a socket that the monitor has connected (a worker reaches nobody),
//! and a library for all of HTTP would bring connectors, pools and redirects to switch off. What a hook's server
//! answers is parsed here, in the process that has nothing to lose, and never in the monitor.

use super::super::reach::reach;
use super::target::Target;
use super::{Deed, Fault};
use crate::monitor::{Place, Privileged};
use gate::audit::Event;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use transport::tls_client::Trust;

/// The longest head of an answer; what follows it is not read.
const HEAD: usize = 16 << 10;

/// One web address.
pub(super) struct Web {
    privileged: Arc<dyn Privileged>,
    place: Place,
    target: Target,
    trust: Option<Trust>,
    token: Option<String>,
    patience: Duration,
}

impl Web {
    pub(super) fn new(
        privileged: Arc<dyn Privileged>,
        place: Place,
        target: Target,
        trust: Option<Trust>,
        token: Option<String>,
        patience: Duration,
    ) -> Web {
        Web { privileged, place, target, trust, token, patience }
    }

    fn post(&self, json: &str) -> io::Result<u16> {
        let until = Instant::now() + self.patience;
        let stream = Timed { stream: reach(&*self.privileged, self.place, until)?, until };
        let request = self.request(json);
        match &self.trust {
            Some(trust) => exchange(trust.shake(&self.target.host, stream)?, &request),
            None => exchange(stream, &request),
        }
    }

    /// RFC 9112 §3, and one connection for each: events that want to be told are few.
    fn request(&self, json: &str) -> Vec<u8> {
        let (path, host) = (&self.target.path, self.target.authority());
        let (version, length) = (env!("CARGO_PKG_VERSION"), json.len());
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: towline/{version}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n"
        );
        if let Some(token) = &self.token {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        [head.as_bytes(), b"\r\n", json.as_bytes()].concat()
    }
}

impl Deed for Web {
    fn attempt(&mut self, _event: &Event, json: &str) -> Result<(), Fault> {
        let status = self.post(json).map_err(|e| match e.kind() {
            io::ErrorKind::PermissionDenied => Fault::Lasting(e.to_string()),
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                Fault::Passing(format!("no answer within {} s", self.patience.as_secs_f64()))
            }
            _ => Fault::Passing(e.to_string()),
        })?;
        let said = format!("the server answered {status}");
        match status {
            200..=299 => Ok(()),
            // RFC 9110 §15.5.9, RFC 6585 §4: later, perhaps.
            408 | 429 | 500..=599 => Err(Fault::Passing(said)),
            300..=399 => Err(Fault::Lasting(format!("{said}: it is elsewhere, and that is not followed"))),
            _ => Err(Fault::Lasting(said)),
        }
    }
}

/// Sends the request, reads the answer's status.
fn exchange(mut stream: impl Read + Write, request: &[u8]) -> io::Result<u16> {
    stream.write_all(request)?;
    stream.flush()?;
    let mut head = Vec::new();
    let mut piece = [0; 2_048];
    loop {
        if let Some(status) = status(&head)? {
            return Ok(status);
        }
        if head.len() >= HEAD {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer's head does not end"));
        }
        match stream.read(&mut piece) {
            Ok(0) => {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it hung up before it answered"));
            }
            Ok(n) => head.extend_from_slice(&piece[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// The status of the first answer that is no interim one (RFC 9110 §15.2), once it is there.
fn status(mut head: &[u8]) -> io::Result<Option<u16>> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "what it answers is no HTTP/1");
    loop {
        let Some(end) = head.iter().position(|&b| b == b'\n') else { return Ok(None) };
        let line = std::str::from_utf8(&head[..end]).map_err(|_| wrong())?;
        // RFC 9112 §4: HTTP-version SP status-code SP [ reason-phrase ].
        let rest = line.strip_prefix("HTTP/1.").ok_or_else(wrong)?;
        let code = rest.split_whitespace().nth(1).filter(|code| code.len() == 3).ok_or_else(wrong)?;
        let code: u16 = code.parse().map_err(|_| wrong())?;
        if !(100..=199).contains(&code) {
            return Ok(Some(code));
        }
        let Some(over) = head.windows(4).position(|w| w == b"\r\n\r\n") else { return Ok(None) };
        head = &head[over + 4..];
    }
}

/// A stream whose every read and write ends when the time is over.
struct Timed {
    stream: TcpStream,
    until: Instant,
}

impl Timed {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(into)
    }
}

impl Write for Timed {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{Address, Here, Mandate, Reached};
    use gate::audit::What;
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::os::fd::AsFd;
    use std::thread::JoinHandle;
    use std::time::SystemTime;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn event() -> Event {
        let at = SystemTime::UNIX_EPOCH;
        Event { seq: 1, at, session: 0, protocol: None, peer: None, user: None, what: What::Lost(1) }
    }

    fn web(listener: &TcpListener, url: &str, trust: Option<Trust>, token: Option<&str>) -> Web {
        let address = Address::of(Reached::Tcp, listener.local_addr().unwrap().to_string());
        let place = Place::Hook(0);
        let mandate = Mandate { places: [(place, address)].into(), ..Mandate::default() };
        let target = Target::parse(url).unwrap();
        Web::new(Arc::new(Here::new(mandate)), place, target, trust, token.map(String::from), PATIENCE)
    }

    /// Answers one request with each of these; gives the requests.
    fn answers(listener: TcpListener, answers: &'static [&'static str]) -> JoinHandle<Vec<String>> {
        std::thread::spawn(move || answers.iter().map(|answer| one(&listener, answer)).collect())
    }

    fn one(listener: &TcpListener, answer: &str) -> String {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut request).unwrap(), 0, "{request}");
        }
        let length = request.lines().find_map(|l| l.strip_prefix("Content-Length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        stream.get_mut().write_all(answer.as_bytes()).unwrap();
        request + &String::from_utf8(body).unwrap()
    }

    #[test]
    fn a_post_is_what_rfc_9112_says() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut web = web(&listener, "http://hooks.example/a?b", None, Some("t0ken"));
        let server = answers(listener, &["HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 \r\n\r\n"]);
        assert_eq!(web.attempt(&event(), r#"{"a":1}"#), Ok(()));
        let version = env!("CARGO_PKG_VERSION");
        let expected = format!(
            "POST /a?b HTTP/1.1\r\nHost: hooks.example\r\nUser-Agent: towline/{version}\r\n\
             Content-Type: application/json\r\nContent-Length: 7\r\nConnection: close\r\n\
             Authorization: Bearer t0ken\r\n\r\n{{\"a\":1}}"
        );
        assert_eq!(server.join().unwrap(), [expected]);
    }

    #[test]
    fn a_status_says_whether_it_is_worth_another_try() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut web = web(&listener, "http://h/", None, None);
        let said: &[&str] = &[
            "HTTP/1.1 500 Oh\r\n\r\n",
            "HTTP/1.1 429 Slow\r\n\r\n",
            "HTTP/1.0 404 No\r\n\r\n",
            "HTTP/1.1 302 There\r\nLocation: http://elsewhere/\r\n\r\n",
            "SSH-2.0-x\r\n",
            "",
        ];
        let server = answers(listener, said);
        let mut results = said.iter().map(|_| web.attempt(&event(), "{}"));
        for (lasting, words) in [
            (false, "the server answered 500"),
            (false, "the server answered 429"),
            (true, "the server answered 404"),
            (true, "that is not followed"),
            (false, "no HTTP/1"),
            (false, "hung up"),
        ] {
            let (is_lasting, why) = match results.next().unwrap().unwrap_err() {
                Fault::Lasting(why) => (true, why),
                Fault::Passing(why) => (false, why),
            };
            assert!(is_lasting == lasting && why.contains(words), "{words}: {why}");
        }
        server.join().unwrap();
        // Nobody listens there any more.
        assert!(matches!(web.attempt(&event(), "{}"), Err(Fault::Passing(_))));
        let mut unlisted = Web { place: Place::Hook(1), ..web };
        assert!(matches!(unlisted.attempt(&event(), "{}"), Err(Fault::Lasting(_))));
    }

    #[test]
    fn a_server_that_says_nothing_costs_its_time_and_no_more() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut web = Web { patience: Duration::from_millis(100), ..web(&listener, "http://h/", None, None) };
        assert_eq!(web.attempt(&event(), "{}"), Err(Fault::Passing("no answer within 0.1 s".into())));
    }

    #[test]
    fn over_tls_the_server_must_be_the_one_that_was_named() {
        let made = rcgen::generate_simple_self_signed(vec!["hooks.example".into()]).unwrap();
        let identity =
            transport::tls::Identity::from_der(made.cert.der().to_vec(), made.signing_key.serialize_der())
                .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let trust = Trust::only(made.cert.der()).unwrap();
        let mut right = web(&listener, "https://hooks.example/", Some(trust.clone()), None);
        let mut wrong = web(&listener, "https://other.example/", Some(trust), None);
        let server = std::thread::spawn(move || {
            let serve = || {
                let stream = listener.accept().unwrap().0;
                let mut tls = transport::tls::Tls::new(&identity).unwrap();
                let (mut got, mut piece) = (Vec::new(), [0; 4_096]);
                while !got.ends_with(b"{}") {
                    match tls.read(stream.as_fd(), &mut piece) {
                        Ok(0) => break,
                        Ok(n) => got.extend_from_slice(&piece[..n]),
                        Err(e) if e.kind() == io::ErrorKind::WouldBlock => std::thread::yield_now(),
                        Err(_) => break,
                    }
                }
                // A client that does not believe us is gone.
                let _gone = tls.write(stream.as_fd(), b"HTTP/1.1 200 OK\r\n\r\n");
                got
            };
            (serve(), serve())
        });
        assert_eq!(right.attempt(&event(), "{}"), Ok(()));
        let why = wrong.attempt(&event(), "{}").unwrap_err();
        assert!(matches!(&why, Fault::Passing(why) if why.contains("certificate")), "{why:?}");
        let (first, second) = server.join().unwrap();
        assert!(first.starts_with(b"POST / HTTP/1.1\r\nHost: hooks.example\r\n"));
        assert!(second.is_empty(), "nothing is said to a stranger");
    }
}
