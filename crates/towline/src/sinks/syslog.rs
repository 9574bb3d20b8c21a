//! Syslog: RFC 5424 messages to a local socket, over UDP (RFC 5426) or TCP (RFC 6587 §3.4.1, octet counting).

use super::fact::Fact;
use super::queue::Queue;
use super::reach::reach;
use super::{Tell, WAITING};
use crate::events::{self, protocol_word, told};
use crate::monitor::{Place, Privileged};
use gate::audit::{Event, What};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::{Ipv6Addr, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Its name in events.
const NAME: &str = "syslog";
/// Where syslog listens unless a port is given: over UDP (RFC 5426 §3.3), over TCP (RFC 3195 has it for streams).
const PORTS: (u16, u16) = (514, 601);
/// How long a connection and a write may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The wait before what failed is tried again: twice as long each time, up to the second.
const AGAIN: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));
/// How often what is lost is told.
const TELL: Duration = Duration::from_secs(10);
/// How long the last messages may take at the end.
const GRACE: Duration = Duration::from_secs(2);
/// The longest message, octets: RFC 5424 §6.1 wants receivers to take 2,048.
const LONGEST: usize = 2_048;

/// Where messages go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum To {
    /// `unix:/dev/log`.
    Unix(PathBuf),
    /// `udp://host:port`.
    Udp(String),
    /// `tcp://host:port`.
    Tcp(String),
}

impl To {
    /// Reads `unix:PATH`, `udp://HOST[:PORT]` or `tcp://HOST[:PORT]`; an IPv6 address stands in brackets.
    pub fn parse(text: &str) -> Option<To> {
        if let Some(path) = text.strip_prefix("unix:") {
            return path.starts_with('/').then(|| To::Unix(path.into()));
        }
        let (tcp, place) = match (text.strip_prefix("udp://"), text.strip_prefix("tcp://")) {
            (Some(place), _) => (false, place),
            (None, Some(place)) => (true, place),
            (None, None) => return None,
        };
        let standard = if tcp { PORTS.1 } else { PORTS.0 };
        let after_bracket = place.rfind(']').unwrap_or(0);
        let (host, port) = match place[after_bracket..].rsplit_once(':') {
            None => (place, standard),
            Some((_, port)) => (&place[..place.len() - port.len() - 1], port.parse().ok()?),
        };
        let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && !host.contains([':', '[', ']', '/']),
        };
        let whole = is_host.then(|| format!("{host}:{port}"))?;
        Some(if tcp { To::Tcp(whole) } else { To::Udp(whole) })
    }
}

/// The thread and its queue. Dropped it sends what waits, for some seconds.
pub(super) struct Syslog {
    queue: Arc<Queue<Arc<Event>>>,
    thread: Option<JoinHandle<()>>,
}

impl Syslog {
    /// Begins; what cannot be reached is tried again and again, and told.
    pub(super) fn start(to: To, privileged: Arc<dyn Privileged>, tell: Tell) -> io::Result<Syslog> {
        let queue = Arc::new(Queue::new(WAITING));
        let work = Work { to, privileged, tell, queue: queue.clone(), line: None, trouble: None, lost: 0 };
        let thread = std::thread::Builder::new().name("syslog".into()).spawn(move || work.run())?;
        Ok(Syslog { queue, thread: Some(thread) })
    }

    /// Takes one event; not those about itself, or trouble that comes and goes would feed on being told.
    pub(super) fn see(&self, event: &Arc<Event>) {
        if !matches!(&event.what, What::SinkLost { sink, .. } if sink == NAME) {
            self.queue.push(event.clone());
        }
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

enum Line {
    Unix(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

struct Work {
    to: To,
    privileged: Arc<dyn Privileged>,
    tell: Tell,
    queue: Arc<Queue<Arc<Event>>>,
    line: Option<Line>,
    trouble: Option<String>,
    lost: u64,
}

impl Work {
    fn run(mut self) {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let (mut waiting, mut again) = (VecDeque::<Arc<Event>>::new(), AGAIN.0);
        let (mut next, mut told, mut ends) = (Instant::now(), None::<Instant>, None::<Instant>);
        loop {
            let most = if waiting.is_empty() { 256 } else { 0 };
            let taken = self.queue.take(&mut waiting, most, Duration::from_millis(200));
            self.lost += taken.lost;
            if let (None, Some(closed)) = (ends, self.queue.closed()) {
                (ends, next) = (Some(closed + GRACE), Instant::now());
            }
            while next <= Instant::now()
                && ends.is_none_or(|by| Instant::now() < by)
                && let Some(event) = waiting.front()
            {
                match self.send(&message(event, &host)) {
                    Ok(()) => {
                        waiting.pop_front();
                        again = AGAIN.0;
                        if self.trouble.take().is_some() {
                            self.say(0, String::from("it takes events again"));
                        }
                    }
                    Err(e) => {
                        self.line = None;
                        (next, again) = (Instant::now() + again, (again * 2).min(AGAIN.1));
                        let text = format!("{e}; events wait, up to {WAITING}");
                        if self.trouble.as_ref() != Some(&text) {
                            self.say(0, text.clone());
                            self.trouble = Some(text);
                        }
                    }
                }
            }
            if !waiting.is_empty() {
                std::thread::sleep(Duration::from_millis(50));
            }
            if self.lost > 0 && told.is_none_or(|at| at.elapsed() >= TELL) {
                let why = self.trouble.clone().unwrap_or_else(|| String::from("too many at once"));
                let lost = std::mem::take(&mut self.lost);
                self.say(lost, why);
                told = Some(Instant::now());
            }
            let Some(by) = ends else { continue };
            let rest = (waiting.len() + self.queue.len()) as u64;
            if rest == 0 || by <= Instant::now() {
                if self.lost + rest > 0 {
                    self.say(self.lost + rest, String::from("the server ended before their turn"));
                }
                return;
            }
        }
    }

    fn say(&self, count: u64, why: String) {
        (self.tell)(What::SinkLost { sink: NAME.into(), count, why });
    }

    fn send(&mut self, message: &str) -> io::Result<()> {
        if self.line.is_none() {
            self.line = Some(self.open()?);
        }
        match &mut self.line {
            Some(Line::Unix(socket)) => socket.send(message.as_bytes()).map(drop),
            Some(Line::Udp(socket)) => match socket.send(message.as_bytes()) {
                // What ICMP said of the datagram before; this one has not been sent.
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
                    socket.send(message.as_bytes()).map(drop)
                }
                sent => sent.map(drop),
            },
            // RFC 6587 §3.4.1: MSG-LEN SP SYSLOG-MSG.
            Some(Line::Tcp(stream)) => stream.write_all(format!("{} {message}", message.len()).as_bytes()),
            None => Ok(()),
        }
    }

    fn open(&self) -> io::Result<Line> {
        match &self.to {
            To::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.set_write_timeout(Some(PATIENCE))?;
                socket.connect(path)?;
                Ok(Line::Unix(socket))
            }
            // Made where names can be looked up.
            To::Udp(_) => Ok(Line::Udp(self.privileged.datagrams(Place::Syslog)?)),
            To::Tcp(_) => {
                let stream = reach(&*self.privileged, Place::Syslog, Instant::now() + PATIENCE)?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(Line::Tcp(stream))
            }
        }
    }
}

/// One event as RFC 5424 §6 has it: facility 3 (daemon), the event's name as MSGID, its fields as structured data
/// under the number that RFC 5612 keeps for examples (we have none of our own), and the JSON of it as text.
fn message(event: &Event, host: &str) -> String {
    let fact = Fact::of(&event.what);
    let severity = match &event.what {
        What::RefusedKnock { .. } | What::Refused { .. } | What::RefusedName { .. } | What::Banned { .. } => {
            4
        }
        What::Lost(_) | What::SinkLost { .. } | What::HookFailed { .. } | What::Exhausted { .. } => 4,
        What::Configured { is_taken: false, .. } | What::ThirdParty { granted: false, .. } => 4,
        What::Configured { is_taken: true, .. }
        | What::Kicked { .. }
        | What::Unbanned { .. }
        | What::Identity(_) => 5,
        What::Restored { .. } | What::Server { .. } => 5,
        What::Ended { verdict: gate::Verdict::OurFault(_), .. } => 3,
        What::Admitted
        | What::LoggedIn { .. }
        | What::Left
        | What::Started { .. }
        | What::Ended { .. }
        | What::Digested { .. }
        | What::Removed { .. }
        | What::Renamed { .. }
        | What::MadeDir { .. }
        | What::RemovedDir { .. }
        | What::SetModified { .. }
        | What::SetMode { .. }
        | What::Linked { .. }
        | What::Symlinked { .. }
        | What::Listed { .. }
        | What::ThirdParty { granted: true, .. }
        | What::GrantUsed { .. } => 6,
    };
    let host: String = host.chars().filter(char::is_ascii_graphic).take(255).collect();
    let host = if host.is_empty() { "-" } else { &host };
    let (time, pid) = (events::timestamp(event.at), std::process::id());
    let mut out = format!("<{}>1 {time} {host} towline {pid} {} ", 3 * 8 + severity, fact.name);
    let _ = write!(out, "[towline@32473 seq=\"{}\"", event.seq);
    let peer = event.peer.map(|p| p.to_string());
    for (name, value) in [
        ("session", (event.session > 0).then(|| event.session.to_string())),
        ("protocol", event.protocol.map(|p| protocol_word(p).to_owned())),
        ("peer", peer),
        ("user", event.user.as_ref().map(|user| user.chars().take(128).collect())),
        ("path", fact.path.map(|path| crate::ladder::printable(&path[..path.len().min(512)]))),
        ("verdict", fact.verdict.map(String::from)),
    ] {
        if let Some(value) = value {
            let _ = write!(out, " {name}=\"{}\"", escaped(&value));
        }
    }
    out.push_str("] ");
    // What is longer than receivers must take is cut at the end of a character.
    out.push_str(&events::line(event.seq, event.at, &told(event)));
    let end = (0..=LONGEST.min(out.len())).rev().find(|&i| out.is_char_boundary(i)).unwrap_or(0);
    out.truncate(end);
    out
}

/// RFC 5424 §6.3.3: `"`, `\` and `]` have a backslash before them.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        // What people's terminals obey is not for logs.
        out.push(if c.is_control() { '?' } else { c });
    }
    out
}

#[cfg(test)]
#[path = "syslog_tests.rs"]
mod tests;
