//! `--trace FILE.pcapng`: what a tap saw, as a file for Wireshark.
//!
//! A tap sees datagrams, control lines and counts, not frames: the IP, UDP and TCP headers are made here,
//! with lengths, sequence numbers and checksums that fit. Of a long datagram the tap shows the first octets
//! and of a data connection none; those packets are captured shorter than they were. What only the ends know
//! (repeat, duplicate, gap, a wait without an answer) is a comment on the packet. Passwords stay masked.
//!
//! - `pcapng`: the blocks of the file.
//! - `headers`: IPv4, IPv6, UDP and TCP.
//! - `streams`: the TCP connections of FTP and HTTP.

mod headers;
mod pcapng;
mod streams;

use super::record::masked_octets;
use headers::{Ends, udp};
use pcapng::{Frame, Way};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use streams::Streams;
use transport::tap::{Dir, Role, Sense, Sight, Tap, What};

/// Transfers whose last remark waits for a packet; the oldest makes room.
const FLOWS: usize = 1_024;

/// Remarks that wait for one packet.
const SAID: usize = 8;

/// A packet as it is put into the file: its octets, the length it had, and what to say about it.
struct Packet {
    octets: Vec<u8>,
    len: usize,
    way: Way,
    comment: String,
}

/// A tap that writes a capture. Each sight is in the file when [`Tap::see`] returns, so that a capture can
/// be read while it grows.
pub struct Capture {
    /// The same moment on both clocks.
    start: (Instant, Duration),
    // Guards what is known of the connections, the file and its first error together: one sight at a time.
    inner: Mutex<Inner>,
}

struct Inner {
    out: Box<dyn Write + Send>,
    failed: Option<io::Error>,
    /// The time of the last packet: sights of several threads may overtake each other by a little.
    last: Duration,
    streams: Streams,
    /// What happened without a packet, by flow: it is said with the next one.
    pending: BTreeMap<u64, Vec<String>>,
}

impl Capture {
    /// Begins the file on `out`.
    pub fn new(mut out: Box<dyn Write + Send>) -> io::Result<Capture> {
        out.write_all(&pcapng::beginning())?;
        let start = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
        let inner =
            Inner { out, failed: None, last: start.1, streams: Streams::default(), pending: BTreeMap::new() };
        Ok(Capture { start, inner: Mutex::new(inner) })
    }

    /// Tells the error that ended the capture early, if there was one.
    pub fn finish(&self) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        match inner.failed.take() {
            Some(error) => Err(error),
            None => inner.out.flush(),
        }
    }
}

impl Tap for Capture {
    fn see(&self, sight: &Sight<'_>) {
        let since = sight.at.saturating_duration_since(self.start.0);
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.failed.is_some() {
            return;
        }
        let at = inner.last.max(self.start.1 + since);
        inner.last = at;
        let mut packets = inner.packets(sight);
        if let Some(first) = packets.first_mut()
            && let Some(mut said) = inner.pending.remove(&sight.flow)
        {
            said.extend((!first.comment.is_empty()).then(|| std::mem::take(&mut first.comment)));
            first.comment = said.join("; ");
        }
        let frames: Vec<u8> = packets
            .iter()
            .flat_map(|p| {
                let Packet { octets, len, way, comment } = p;
                pcapng::packet(at, &Frame { octets, len: *len, way: *way, comment })
            })
            .collect();
        if let Err(error) = inner.out.write_all(&frames) {
            inner.failed = Some(error);
        }
    }
}

impl Inner {
    fn packets(&mut self, sight: &Sight<'_>) -> Vec<Packet> {
        let (from, to, way) = match sight.dir {
            Dir::Sent => (sight.local, sight.peer, Way::Out),
            Dir::Received => (sight.peer, sight.local, Way::In),
            Dir::Here => (sight.local, sight.peer, Way::Out),
        };
        let ends = Ends { from, to };
        match &sight.what {
            What::Datagram { head, len, sense } => {
                let comment = match (note(*sense), hint(head, to)) {
                    (note, None) => note,
                    (note, Some(hint)) if note.is_empty() => hint,
                    (note, Some(hint)) => format!("{note}; {hint}"),
                };
                let (octets, len) = udp(ends, head, *len);
                vec![Packet { octets, len, way, comment }]
            }
            What::Control(line) => {
                let (line, masked) = masked_octets(line);
                let comment = if masked { "the password is masked" } else { "" };
                self.streams.line(ends, way, &[&line[..], b"\r\n"].concat(), comment)
            }
            What::Record(line) => self.streams.line(ends, way, &[line, &b"\n"[..]].concat(), ""),
            What::Head(head) => self.streams.line(ends, way, head, ""),
            What::Connected { role: Role::Http { tls } } => {
                self.streams.open(ends, way, &web(*tls, to.port()))
            }
            What::Connected { role: Role::Sftp } => {
                self.streams.open(ends, way, "SFTP in words; on the wire it was SSH")
            }
            What::Connected { role: Role::Scp } => {
                self.streams.open(ends, way, "SCP, and its command in words; on the wire it was SSH")
            }
            What::Connected { role: Role::Data } => self.streams.open(ends, way, "data connection"),
            What::Connected { role: Role::Control } if to.port() == 21 => {
                self.streams.open(ends, way, "control connection")
            }
            What::Connected { role: Role::Control } => {
                let comment =
                    format!("control connection; in Wireshark: Decode As, TCP port {}, FTP", to.port());
                self.streams.open(ends, way, &comment)
            }
            What::Data { len, .. } => self.streams.data(ends, way, *len),
            What::Closed { total, .. } => self.streams.close(ends, way, *total),
            What::TimedOut => {
                self.remember(sight.flow, "before this: no answer in time".into());
                Vec::new()
            }
            What::ConnectFailed { why } => {
                self.remember(sight.flow, format!("before this: no data connection: {why}"));
                Vec::new()
            }
            // Sizes are in the packets that told them; what comes new is for the ladder first.
            _ => Vec::new(),
        }
    }

    fn remember(&mut self, flow: u64, what: String) {
        if self.pending.len() >= FLOWS && !self.pending.contains_key(&flow) {
            self.pending.pop_first();
        }
        let said = self.pending.entry(flow).or_default();
        // A transfer that only waits would say the same again and again.
        if said.last() != Some(&what) && said.len() < SAID {
            said.push(what);
        }
    }
}

fn note(sense: Sense) -> String {
    match sense {
        Sense::First => String::new(),
        Sense::Again(n) => format!("repeat {n}"),
        Sense::Duplicate => String::from("duplicate"),
        Sense::Stale => String::from("stale: older than anything that is waited for"),
        Sense::Gap => String::from("gap: later than the next one that is waited for"),
        Sense::Stray => String::from("stray: from an address or port that is not of this transfer"),
    }
}

/// Wireshark knows HTTP by port 80 (among others); what is captured of HTTPS is what TLS carried.
fn web(tls: bool, port: u16) -> String {
    match (tls, port) {
        (false, 80) => String::from("HTTP"),
        (false, _) => format!("HTTP; in Wireshark: Decode As, TCP port {port}, HTTP"),
        (true, _) => format!("HTTPS, shown without its TLS; in Wireshark: Decode As, TCP port {port}, HTTP"),
    }
}

/// Wireshark knows TFTP by port 69 and follows the ports from there; for a request to another port it
/// needs to be told.
fn hint(head: &[u8], to: SocketAddr) -> Option<String> {
    let request = matches!(head, [0, 1 | 2, ..]);
    (request && to.port() != 69).then(|| format!("in Wireshark: Decode As, UDP port {}, TFTP", to.port()))
}

#[cfg(test)]
mod tests;
