//! One request, and what comes of it: a client that writes down what it sees and keeps no file.

use super::seen::{Answer, Ask, FIRST_TRIAL, Seen, Stop, TRIALS, median, oack, printable};
use clock::Instant as At;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use tftp_proto::client::{Client, wrong_tid};
use tftp_proto::packet::{Mode, Packet, write_error};
use tftp_proto::{BlockNo, Config, ErrorCode, Event, Fault, Outcome, RtoConfig, Transfer, Transmit};
use transport::udp;

/// Other addresses and ports that are written down and told ERROR 5, for each probe.
const STRANGERS: usize = 4;

/// Whom probes are sent to, how long they wait, and what they may cost in all.
#[derive(Debug)]
pub(super) struct Wire {
    /// The request port.
    pub(super) server: SocketAddr,
    /// How long silence must last.
    pub(super) patience: Duration,
    /// Requests that may still be sent; repeats of one are not counted.
    left: u32,
    /// When nothing more is begun.
    until: Instant,
    /// Requests so far.
    pub(super) requests: u32,
}

impl Wire {
    pub(super) fn new(server: SocketAddr, patience: Duration, requests: u32, time: Duration) -> Wire {
        Wire { server, patience, left: requests, until: Instant::now() + time, requests: 0 }
    }

    /// Sends one request and sees what comes. `None`: the examination has cost what it may.
    pub(super) fn probe(&mut self, ask: &Ask<'_>) -> io::Result<Option<Seen>> {
        if self.left == 0 || Instant::now() >= self.until {
            return Ok(None);
        }
        self.left -= 1;
        self.requests += 1;
        Probe::new(self, ask)?.run().map(Some)
    }
}

struct Probe<'a> {
    ask: &'a Ask<'a>,
    server: SocketAddr,
    patience: Duration,
    socket: UdpSocket,
    start: Instant,
    client: Client,
    tid: Option<SocketAddr>,
    seen: Seen,
    /// The request went out more than once: a second transfer may be our own doing.
    repeated: bool,
    /// When the ACK before the next block went out, in lock-step.
    acked: Option<Instant>,
    answered_at: Option<Instant>,
    /// The ACK before the last one.
    former: Vec<u8>,
    over: bool,
    /// An ERROR of ours went out.
    parted: bool,
    /// A wait has ended since the last block.
    waited: bool,
}

impl<'a> Probe<'a> {
    fn new(wire: &Wire, ask: &'a Ask<'a>) -> io::Result<Probe<'a>> {
        let socket = udp::open(None, wire.server)?;
        // A window of the largest that is asked for.
        udp::make_room(&socket, 256 << 10)?;
        // Three requests within the patience: at once, after a quarter and after three quarters of it.
        let rto = RtoConfig { first: wire.patience / 4, ..RtoConfig::default() };
        let config = Config { no_progress: wire.patience, rto, dally: Duration::ZERO, ..Config::client() };
        let client = Client::read(At::from_nanos(0), ask.name, Mode::Octet, ask.offer.clone(), config)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e.to_string()))?;
        Ok(Probe {
            ask,
            server: wire.server,
            patience: wire.patience,
            socket,
            start: Instant::now(),
            client,
            tid: None,
            seen: Seen::nothing(),
            repeated: false,
            acked: None,
            answered_at: None,
            former: Vec::new(),
            over: false,
            parted: false,
            waited: false,
        })
    }

    fn run(mut self) -> io::Result<Seen> {
        let mut buf = vec![0; usize::from(u16::MAX) + 1];
        while !self.enough() {
            self.send_all(&mut buf);
            let until = self.client.poll_timeout();
            if self.over || self.seen.whole || self.enough() {
                break;
            }
            self.wait(until)?;
            self.receive(&mut buf)?;
            self.errors();
            let now = self.now();
            if until.is_some_and(|at| at <= now) {
                self.waited |= self.client.handle_timeout(now) && self.seen.blocks > 0;
                self.events();
            }
        }
        self.part(&mut buf)?;
        self.seen.figures = self.client.figures();
        self.seen.took = self.answered_at.map_or(Duration::ZERO, |at| at.elapsed());
        Ok(self.seen)
    }

    fn now(&self) -> At {
        At::from_nanos(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn enough(&self) -> bool {
        let in_time = |time| self.answered_at.is_none_or(|at| at.elapsed() < time);
        match self.ask.stop {
            Stop::Answered => self.seen.answer != Answer::Silence,
            Stop::Blocks(n) => self.seen.blocks >= n,
            Stop::Within(n, time) => self.seen.blocks >= n || !in_time(time),
            Stop::Lingering(_) => false,
            Stop::Apprentice => self.seen.trials.iter().map(Vec::len).sum::<usize>() >= 2 * TRIALS,
        }
    }

    fn wait(&self, until: Option<At>) -> io::Result<()> {
        let most = self.patience.min(Duration::from_millis(100));
        let left = until.map_or(most, |at| at.since(self.now()).min(most));
        self.poll(left)
    }

    fn poll(&self, left: Duration) -> io::Result<()> {
        let time = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
        match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&time)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    /// What there is to read, in turn.
    fn receive(&mut self, buf: &mut [u8]) -> io::Result<()> {
        loop {
            let (len, from) = match self.socket.recv_from(buf) {
                Ok(got) => got,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // ICMP's word; it stands in the error queue too.
                Err(e) if is_icmp(e.kind()) => continue,
                Err(e) => return Err(e),
            };
            self.take(&buf[..len], from);
            if self.over || self.enough() {
                return Ok(());
            }
            self.send_all(buf);
        }
    }

    fn take(&mut self, datagram: &[u8], from: SocketAddr) {
        if from.ip().to_canonical() != self.server.ip().to_canonical() {
            self.stranger(datagram, from);
            return;
        }
        if self.tid.is_some_and(|tid| tid != from) {
            // A server that got our request twice may answer twice.
            if !self.repeated && !self.seen.ports.contains(&from.port()) && self.seen.ports.len() < STRANGERS
            {
                self.seen.ports.push(from.port());
            }
            self.tell(&wrong_tid(datagram).unwrap_or_default(), from);
            return;
        }
        self.note(datagram, from);
        let now = self.now();
        self.client.handle_datagram(now, datagram);
        if self.client.is_answered() && self.tid.is_none() {
            self.tid = Some(from);
        }
        self.events();
    }

    fn stranger(&mut self, datagram: &[u8], from: SocketAddr) {
        let known = self.seen.strangers.iter().any(|s| s.ip() == from.ip());
        if Packet::parse(datagram).is_ok() && !known && self.seen.strangers.len() < STRANGERS {
            self.seen.strangers.push(from);
            self.tell(&wrong_tid(datagram).unwrap_or_default(), from);
        }
    }

    /// Writes down what the machine does not tell.
    fn note(&mut self, datagram: &[u8], from: SocketAddr) {
        let first = self.seen.answer == Answer::Silence;
        let answer = match Packet::parse(datagram) {
            Ok(Packet::Data { block: BlockNo(1), .. }) if first => Answer::Plain,
            Ok(Packet::Oack(list)) if first => Answer::Options(oack(&list, datagram.len(), &self.ask.offer)),
            Ok(Packet::Error { code, text }) if first => Answer::Error(code, printable(text)),
            Ok(Packet::Error { code, text }) => {
                self.seen.unknown_tid = code == ErrorCode::UnknownTid;
                self.seen.broken = Some(format!("ERROR {}: {}", code.to_u16(), printable(text)));
                return;
            }
            Ok(Packet::Data { block: BlockNo(1), .. } | Packet::Oack(_)) => {
                let is_first = match self.seen.answer {
                    Answer::Options(_) => matches!(Packet::parse(datagram), Ok(Packet::Oack(_))),
                    _ => true,
                };
                self.seen.again += u64::from(is_first);
                return;
            }
            _ => return,
        };
        self.seen.answer = answer;
        self.seen.from = Some(from);
        self.answered_at = Some(Instant::now());
        self.seen.answered = (!self.repeated).then(|| self.start.elapsed());
    }

    fn events(&mut self) {
        while let Some(event) = self.client.poll_event() {
            match event {
                Event::Agreed(terms) => self.seen.terms = terms,
                Event::Place { len, .. } => {
                    self.seen.octets += len as u64;
                    self.seen.stalls += u64::from(std::mem::take(&mut self.waited));
                    // In a window early blocks are placed too; what counts is what is in without a gap.
                    self.seen.blocks = self.client.figures().blocks;
                    if let Some(at) = self.acked.take() {
                        self.seen.round_trips.push(at.elapsed());
                    }
                }
                Event::Whole { .. } => {
                    self.seen.whole = true;
                    let now = self.now();
                    if let Some(Transfer::Receive(receiver)) = self.client.transfer() {
                        receiver.commit(now);
                    }
                }
                Event::Over(outcome) => {
                    self.over = true;
                    match outcome {
                        Outcome::Broken(Fault::BadOack(_)) | Outcome::Refused { .. } => {}
                        Outcome::Broken(fault) => {
                            self.seen.unlawful = true;
                            self.seen.broken = Some(fault.to_string());
                        }
                        Outcome::Complete | Outcome::Unconfirmed | Outcome::TimedOut | Outcome::Aborted => {}
                    }
                }
            }
        }
    }

    fn send_all(&mut self, buf: &mut [u8]) {
        while let Some(out) = self.client.poll_transmit() {
            let (octets, why) = match out {
                Transmit::Packet { octets, why } => (octets, why),
                Transmit::Ack { octets, why } => (octets.to_vec(), why),
                Transmit::Blocks { .. } => unreachable!("a reader has no blocks to send"),
            };
            let to = self.tid.unwrap_or(self.server);
            if self.tid.is_none() {
                self.repeated |= why != tftp_proto::Why::First;
            }
            if let Ok(Packet::Ack(block)) = Packet::parse(&octets) {
                self.trial(block, buf);
                if why == tftp_proto::Why::First && self.seen.terms.windowsize == 1 && block != BlockNo(0) {
                    self.acked = Some(Instant::now());
                } else {
                    // Karn's rule.
                    self.acked = None;
                }
                self.former.clone_from(&octets);
            }
            self.parted |= matches!(Packet::parse(&octets), Ok(Packet::Error { .. }));
            self.tell(&octets, to);
            self.events();
        }
    }

    /// Before ACK n goes out: the ACK before it once more, or nothing, and how soon block n comes again.
    fn trial(&mut self, block: BlockNo, buf: &mut [u8]) {
        let n = block.0;
        let wanted = self.ask.stop == Stop::Apprentice && n >= FIRST_TRIAL && !buf.is_empty();
        let Some(tid) = self.tid.filter(|_| wanted && usize::from(n - FIRST_TRIAL) < 2 * TRIALS) else {
            return;
        };
        let which = usize::from(n % 2);
        if which == 0 {
            let former = self.former.clone();
            self.tell(&former, tid);
        }
        let typical = median(&self.seen.round_trips).unwrap_or_default();
        let window = (typical * 4).clamp(Duration::from_millis(40), Duration::from_millis(400));
        let begun = Instant::now();
        let mut came = window * 100;
        while let Some(left) = window.checked_sub(begun.elapsed()) {
            if self.poll(left).is_err() {
                break;
            }
            let Ok((len, from)) = self.socket.recv_from(buf) else { continue };
            if from == tid
                && matches!(Packet::parse(&buf[..len]), Ok(Packet::Data { block: b, .. }) if b == block)
            {
                came = begun.elapsed();
                break;
            }
        }
        self.seen.trials[which].push(came);
    }

    /// What ICMP said of the request, or of the transfer's port.
    fn errors(&mut self) {
        for (to, error) in udp::refused(&self.socket) {
            if self.over {
                return;
            }
            if self.tid == Some(to) {
                self.seen
                    .broken
                    .get_or_insert_with(|| format!("ICMP says of its port {}: {error}", to.port()));
                self.over = true;
            } else if to == self.server && self.seen.answer == Answer::Silence {
                self.seen.answer = Answer::Icmp(error.to_string(), error.kind());
                self.over = true;
            }
        }
    }

    /// What the system does not take counts as lost. What it says at once, without a route, is kept.
    fn tell(&mut self, octets: &[u8], to: SocketAddr) {
        if octets.is_empty() {
            return;
        }
        if let Err(e) = self.socket.send_to(octets, to)
            && is_icmp(e.kind())
            && e.kind() != io::ErrorKind::ConnectionRefused
            && self.seen.answer == Answer::Silence
        {
            self.seen.answer = Answer::Icmp(e.to_string(), e.kind());
            self.over = true;
        }
    }

    /// Ends the transfer with an ERROR, so that the server does not repeat itself; what is whole needs none.
    fn part(&mut self, buf: &mut [u8]) -> io::Result<()> {
        if let Stop::Lingering(time) = self.ask.stop
            && self.seen.whole
        {
            let end = Instant::now() + time;
            while let Some(left) = end.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
                self.poll(left.min(Duration::from_millis(100)))?;
                while let Ok((len, from)) = self.socket.recv_from(buf) {
                    if self.tid == Some(from) && matches!(Packet::parse(&buf[..len]), Ok(Packet::Data { .. }))
                    {
                        self.seen.again += 1;
                        let former = self.former.clone();
                        self.tell(&former, from);
                    }
                }
            }
            return Ok(());
        }
        // The last ACK, or the machine's own ERROR. Otherwise no ACK goes out: it would bring another block.
        if self.seen.whole || self.over {
            self.send_all(&mut []);
        }
        let Some(tid) = self.tid else { return Ok(()) };
        let refused = matches!(self.seen.answer, Answer::Error(..) | Answer::Icmp(..));
        if !refused && !self.parted && self.seen.broken.is_none() && !self.seen.whole {
            let code = match self.seen.answer {
                Answer::Options(_) if self.seen.blocks == 0 => ErrorCode::OptionRefused,
                _ => ErrorCode::Undefined,
            };
            self.tell(&write_error(code, "examined"), tid);
        }
        Ok(())
    }
}

fn is_icmp(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as K;
    matches!(
        kind,
        K::ConnectionRefused
            | K::HostUnreachable
            | K::NetworkUnreachable
            | K::NetworkDown
            | K::PermissionDenied
    )
}
