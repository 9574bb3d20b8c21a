//! One transfer of a server, from its request to its end.

use super::content::Content;
use super::record::{self, Signs};
use gate::End;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant as Wall;
use tftp_proto::packet::{DATA_HEADER, Op, data_header};
use tftp_proto::{
    BlockNo, ErrorCode, Event, Mode, Offer, Outcome as Over, Received, Terms, Transfer, Transmit, Why,
};
use transport::tap::{Dir, Sense, Sight, Tap, What};
use transport::udp::{self, Batching};

/// Octets of a datagram that a tap is shown.
const HEAD: usize = 512;
/// Datagrams of one transfer taken in one go; then the others have their turn.
const BURST: usize = 128;

/// The words of a request, kept while its file is opened and to know its repeats.
pub(super) struct Words {
    pub(super) op: Op,
    pub(super) name: Vec<u8>,
    pub(super) mode: Mode,
    pub(super) offer: Offer,
    pub(super) peer: SocketAddr,
    /// Our address and port that were asked.
    pub(super) asked: SocketAddr,
    pub(super) flow: u64,
}

/// A transfer under way.
pub(super) struct Running {
    pub(super) socket: UdpSocket,
    pub(super) machine: Transfer,
    pub(super) content: Content,
    sight: Seen,
    batching: Batching,
    /// Blocks that the system had no room for yet.
    stuck: Option<(u64, u64, Why)>,
    words: Arc<Words>,
    /// For the record.
    pub(super) signs: Signs,
    over: bool,
    /// Whether ICMP said that the peer's port is closed.
    left: bool,
    /// Whether epoll tells when there is room to send.
    pub(super) watched: bool,
    pub(super) heard: clock::Instant,
}

/// What the owner of a transfer has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait; for room to send as well, if so.
    Wait { for_room: bool },
    /// Commit the upload.
    Commit,
    /// Drop it.
    Over,
}

/// Tells a tap what one flow does.
pub(super) struct Seen {
    pub(super) tap: Option<Arc<dyn Tap>>,
    pub(super) flow: u64,
    pub(super) local: SocketAddr,
    pub(super) peer: SocketAddr,
}

impl Seen {
    pub(super) fn see(&self, dir: Dir, what: &What<'_>) {
        if let Some(tap) = &self.tap {
            let (flow, local, peer) = (self.flow, self.local, self.peer);
            tap.see(&Sight { at: Wall::now(), flow, local, peer, dir, what: what.clone() });
        }
    }

    pub(super) fn datagram(&self, dir: Dir, octets: &[u8], len: usize, sense: Sense) {
        if self.tap.is_some() {
            self.see(dir, &What::Datagram { head: &octets[..octets.len().min(HEAD)], len, sense });
        }
    }
}

impl Running {
    pub(super) fn new(
        socket: UdpSocket,
        machine: Transfer,
        content: Content,
        sight: Seen,
        words: Arc<Words>,
        now: clock::Instant,
    ) -> Running {
        if let Some(size) = machine.terms().tsize {
            sight.see(Dir::Here, &What::Size(size));
        }
        Running {
            socket,
            machine,
            content,
            sight,
            batching: Batching::best(),
            stuck: None,
            words,
            signs: Signs::default(),
            over: false,
            left: false,
            watched: false,
            heard: now,
        }
    }

    fn terms(&self) -> Terms {
        *self.machine.terms()
    }

    /// Takes what has arrived. Gives whether the upload is whole.
    pub(super) fn receive(&mut self, now: clock::Instant, buf: &mut [u8], scratch: &mut Vec<u8>) -> Next {
        for _ in 0..BURST {
            match self.socket.recv(buf) {
                Ok(len) => {
                    self.heard = now;
                    let received = self.machine.handle_datagram(now, &buf[..len]);
                    self.sight.datagram(Dir::Received, &buf[..len], len, sense_of(received));
                    let next = self.drive(&buf[..len], scratch);
                    if next != (Next::Wait { for_room: false }) {
                        return next;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if std::mem::take(&mut self.left) {
                        self.peer_left();
                    }
                    break;
                }
                // What the peer said before it closed its port counts first: an ERROR, the last ACK.
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => self.left = true,
                // Soft errors (a route that flaps): the timers decide.
                Err(_) => break,
            }
        }
        self.drive(&[], scratch)
    }

    pub(super) fn timeout(&mut self, now: clock::Instant, scratch: &mut Vec<u8>) -> Next {
        if std::mem::take(&mut self.left) {
            self.peer_left();
        } else if self.machine.handle_timeout(now) {
            self.sight.see(Dir::Here, &What::TimedOut);
        }
        self.drive(&[], scratch)
    }

    /// Hands out events and sends, until there is nothing left; `datagram` is the one just handled.
    pub(super) fn drive(&mut self, datagram: &[u8], scratch: &mut Vec<u8>) -> Next {
        let whole = self.take_events(datagram, scratch);
        self.send(scratch);
        // Sending may have failed on our side and ended it.
        let _ = self.take_events(&[], scratch);
        self.send(scratch);
        if self.over {
            Next::Over
        } else if whole {
            Next::Commit
        } else {
            Next::Wait { for_room: self.stuck.is_some() }
        }
    }

    fn take_events(&mut self, datagram: &[u8], scratch: &mut Vec<u8>) -> bool {
        let mut whole = false;
        while let Some(event) = self.machine.poll_event() {
            match event {
                Event::Agreed(_) => {}
                Event::Place { block, len } => {
                    let payload = &datagram[DATA_HEADER..][..len];
                    let blksize = self.terms().blksize;
                    if let Err(e) = self.content.place(block, blksize, payload, scratch) {
                        self.fail(&e);
                    }
                }
                Event::Whole { .. } => whole = true,
                Event::Over(outcome) => {
                    self.over = true;
                    let end = self.end_of(outcome);
                    self.content.end(end);
                }
            }
        }
        whole
    }

    /// Our storage failed: the peer hears of it without the system's words.
    pub(super) fn fail(&mut self, e: &io::Error) {
        self.signs.failed = Some(e.to_string());
        match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                self.machine.abort(ErrorCode::DiskFull, "no space left");
            }
            _ => self.machine.abort(ErrorCode::Undefined, "storage error"),
        }
    }

    fn peer_left(&mut self) {
        self.signs.closed = true;
        self.machine.peer_left();
    }

    fn end_of(&self, over: Over) -> End {
        record::end(over, self.facts(self.octets()), &self.signs)
    }

    /// The end's figures.
    pub(super) fn facts(&self, octets: u64) -> End {
        record::facts(&self.words, &self.machine, octets, &self.signs)
    }

    fn octets(&self) -> u64 {
        self.content.octets(self.acked(), self.terms().blksize)
    }

    fn acked(&self) -> u64 {
        match &self.machine {
            Transfer::Send(s) => s.acked(),
            Transfer::Receive(r) => r.received(),
        }
    }

    fn send(&mut self, scratch: &mut Vec<u8>) {
        if let Some((first, end, why)) = self.stuck.take() {
            // What was acknowledged meanwhile need not go out any more.
            let first = first.max(self.acked() + 1);
            if first <= end {
                self.send_blocks(first, end, why, scratch);
            }
        }
        while self.stuck.is_none() {
            let Some(out) = self.machine.poll_transmit() else { return };
            match out {
                Transmit::Packet { octets, why } => self.send_packet(&octets, why),
                Transmit::Ack { octets, why } => self.send_packet(&octets, why),
                Transmit::Blocks { first, count, why } => {
                    self.send_blocks(first, first + u64::from(count) - 1, why, scratch);
                }
            }
        }
    }

    fn send_packet(&self, octets: &[u8], why: Why) {
        // What the system does not take counts as lost; the timers repeat it.
        let _ = self.socket.send(octets);
        self.sight.datagram(Dir::Sent, octets, octets.len(), sense(why));
    }

    fn send_blocks(&mut self, first: u64, end: u64, why: Why, scratch: &mut Vec<u8>) {
        let Transfer::Send(sender) = &mut self.machine else { unreachable!("blocks come from a sender") };
        let payload = match self.content.run(sender, first, end, scratch) {
            Ok(payload) => payload,
            Err(e) => {
                self.fail(&e);
                return;
            }
        };
        // The text may have turned out to end inside the run.
        let end = end.min(sender.last().unwrap_or(u64::MAX));
        let terms = *sender.terms();
        let blksize = usize::from(terms.blksize);
        let headers: Vec<[u8; 4]> =
            (first..=end).map(|b| data_header(BlockNo::of(b, terms.rollover))).collect();
        let sent = match udp::send_run(&self.socket, None, &headers, payload, blksize, &mut self.batching) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => 0,
            // The socket has given its pending error away and would not tell again. What has arrived
            // before is looked at first: the loop reads until it would block.
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
                self.left = true;
                headers.len()
            }
            // Counts as lost.
            Err(_) => headers.len(),
        };
        if sent < headers.len() {
            self.stuck = Some((first + sent as u64, end, why));
        }
        if self.sight.tap.is_some() {
            for (n, header) in headers.iter().take(sent).enumerate() {
                let from = (n * blksize).min(payload.len());
                let block = &payload[from..payload.len().min(from + blksize)];
                let head = [&header[..], &block[..block.len().min(HEAD - DATA_HEADER)]].concat();
                self.sight.datagram(Dir::Sent, &head, block.len() + DATA_HEADER, sense(why));
            }
        }
    }
}

impl Drop for Running {
    /// Whatever drops a transfer in its midst, its record has the figures.
    fn drop(&mut self) {
        if !matches!(self.content, Content::Gone) {
            let end = record::dropped(self.facts(self.octets()), &self.signs);
            self.content.end(end);
        }
    }
}

pub(super) fn sense(why: Why) -> Sense {
    match why {
        Why::First => Sense::First,
        Why::Again(n) => Sense::Again(n),
        Why::Duplicate => Sense::Again(1),
    }
}

fn sense_of(received: Received) -> Sense {
    match received {
        Received::New => Sense::First,
        Received::Dup => Sense::Duplicate,
        Received::Stale => Sense::Stale,
        Received::Gap => Sense::Gap,
    }
}
