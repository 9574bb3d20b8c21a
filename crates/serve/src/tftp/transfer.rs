//! One transfer of a server, from its request to its end.

use super::content::Content;
use super::record::{self, Signs};
use super::scratch::Scratch;
use super::way::Way;
use gate::{End, Meter};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant as Wall;
use tftp_proto::packet::{DATA_HEADER, Op, data_header};
use tftp_proto::{
    BlockNo, ErrorCode, Event, Mode, Offer, Outcome as Over, Received, Terms, Transfer, Transmit, Why,
};
use transport::tap::{self, Dir, Sense, Sight, Tap, What};
use transport::udp::{Batching, Haste, RUN};

/// Octets of a datagram that a tap is shown.
const HEAD: usize = 512;
/// Datagrams of one transfer taken in one go; then the others have their turn.
const BURST: usize = 128;
/// How often a transfer that is alone gives the processor away and looks again before the loop waits: in the
/// middle of a window the next datagram is certain to come, and to be woken costs more than to look.
const LINGER: u32 = 20;
/// The same of an upload in windows: to be woken by its first datagram costs as much as to look for the 60 us until
/// it comes (measured: a quarter more speed for the same processor time).
const LINGER_UPLOAD: u32 = 160;
/// The same of a lock-step transfer, whose answer takes the peer a whole round.
const LINGER_LOCK_STEP: u32 = 1;
/// Blocks after which a lock-step transfer is one that runs, and no small file.
const RUNS: u64 = 16;
/// The most octets of a run that is read in one go.
const PIECE: u64 = 1 << 20;

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
    /// Octets of the request.
    pub(super) len: usize,
    /// What may be sent before the peer shows that it is there, octets.
    pub(super) first_answer: usize,
}

/// A transfer under way.
pub(super) struct Running {
    pub(super) way: Way,
    pub(super) machine: Transfer,
    pub(super) content: Content,
    sight: Seen,
    batching: Batching,
    haste: Haste,
    /// Blocks that the system had no room for yet.
    stuck: Option<(u64, u64, Why)>,
    words: Arc<Words>,
    /// The rate that it has to keep, if any.
    pub(super) meter: Option<Box<Meter>>,
    /// For the record.
    pub(super) signs: Signs,
    over: bool,
    /// Whether ICMP said that the peer's port is closed.
    left: bool,
    /// What epoll tells of its own socket.
    pub(super) watched: Watched,
    /// Whether its socket may serve another transfer afterwards.
    pub(super) reusable: bool,
    pub(super) heard: clock::Instant,
}

/// What epoll tells of a transfer's own socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Watched {
    /// Nothing: the socket is new.
    Not,
    /// That there is something to read.
    ForOctets,
    /// That, and that there is room to send.
    ForRoomToo,
}

impl Watched {
    /// Whether the transfer hears of what arrives.
    pub(super) fn is_heard(self) -> bool {
        matches!(self, Watched::ForOctets | Watched::ForRoomToo)
    }
}

/// Whether a transfer looks again for what its peer sends before the loop waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Look {
    No,
    /// Right after it has sent.
    AtOnce,
    /// When the processor was given away.
    Later,
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
            let head = tap::masked_datagram(octets);
            // The length is of what is shown, or a capture of it would look cut off.
            let len = len + head.len() - octets.len();
            self.see(dir, &What::Datagram { head: &head[..head.len().min(HEAD)], len, sense });
        }
    }
}

impl Running {
    pub(super) fn new(
        way: Way,
        machine: Transfer,
        mut content: Content,
        sight: Seen,
        words: Arc<Words>,
        now: clock::Instant,
    ) -> Running {
        let haste = match &machine {
            _ if machine.terms().windowsize == 1 => Haste::up_to(LINGER_LOCK_STEP),
            Transfer::Send(_) => Haste::up_to(LINGER),
            Transfer::Receive(_) => Haste::eager(LINGER_UPLOAD),
        };
        let meter = content.take_meter();
        if let Some(size) = machine.terms().tsize {
            sight.see(Dir::Here, &What::Size(size));
        }
        Running {
            way,
            machine,
            content,
            sight,
            batching: Batching::best(),
            haste,
            stuck: None,
            words,
            meter,
            signs: Signs::default(),
            over: false,
            left: false,
            watched: Watched::Not,
            reusable: false,
            heard: now,
        }
    }

    fn terms(&self) -> Terms {
        *self.machine.terms()
    }

    /// Takes what has arrived on a socket of its own: blocks of a window as many as there are, all else one by
    /// one. `alone`: nothing else waits for the loop.
    pub(super) fn receive(&mut self, alone: bool, scratch: &mut Scratch) -> Next {
        let Terms { blksize, windowsize, .. } = self.terms();
        let many = match &self.machine {
            // Text is placed block by block.
            Transfer::Receive(_) if windowsize > 1 && !self.content.is_text() => {
                Some(usize::from(windowsize).min(RUN))
            }
            Transfer::Send(_) | Transfer::Receive(_) => None,
        };
        let (mut taken, mut look) = (0, Look::No);
        while taken < BURST {
            let Some(socket) = self.way.own() else { break };
            let got = match many {
                Some(most) => scratch.inbox.receive(socket, most, usize::from(blksize), false),
                None => socket.recv(&mut scratch.datagram),
            };
            match got {
                Ok(got) => {
                    self.haste.came();
                    scratch.at_once.came();
                    let now = scratch.clock.now();
                    let next = match many {
                        Some(_) => self.take_blocks(now, got, scratch),
                        None => self.hear(now, got, scratch),
                    };
                    taken += many.map_or(1, |_| got);
                    if next != (Next::Wait { for_room: false }) {
                        return next;
                    }
                    if many == Some(got) {
                        continue;
                    }
                    // More is told by level triggering; to ask would be a call in vain for each block.
                    look = self.looks(alone, scratch);
                    match look {
                        Look::No if !self.left => return next,
                        Look::AtOnce => continue,
                        // A peer on our processor has taken the window before we were back: then it has answered.
                        Look::Later if windowsize > 1 && many.is_none() => continue,
                        Look::No | Look::Later => {}
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock && look == Look::AtOnce => {
                    scratch.at_once.stays();
                    let _ = self.quiet(&e);
                    break;
                }
                Err(e)
                    if e.kind() == io::ErrorKind::WouldBlock
                        && alone
                        && scratch.giving_way.pays()
                        && self.haste.stays() => {}
                Err(e) if self.quiet(&e) => break,
                Err(_) => {}
            }
            scratch.giving_way.once();
        }
        self.drive(scratch)
    }

    /// Whether to look again before the loop waits.
    fn looks(&mut self, alone: bool, scratch: &mut Scratch) -> Look {
        // A small file is over before it pays to give the processor away.
        let runs = self.terms().windowsize > 1 || self.acked() >= RUNS;
        if alone && !runs && scratch.at_once.begins() {
            Look::AtOnce
        } else if alone && runs && scratch.giving_way.pays() && self.haste.begins() {
            Look::Later
        } else {
            Look::No
        }
    }

    /// Notes an error of a read; whether nothing is to be had for now.
    fn quiet(&mut self, e: &io::Error) -> bool {
        match e.kind() {
            io::ErrorKind::WouldBlock => {
                if std::mem::take(&mut self.left) {
                    self.peer_left();
                }
                true
            }
            // What the peer said before it closed its port counts first: an ERROR, the last ACK.
            io::ErrorKind::ConnectionRefused => {
                self.left = true;
                false
            }
            // Soft errors (a route that flaps): the timers decide.
            _ => true,
        }
    }

    /// Takes one datagram, the first `len` octets of the scratch's.
    pub(super) fn hear(&mut self, now: clock::Instant, len: usize, scratch: &mut Scratch) -> Next {
        self.heard = now;
        let datagram = &scratch.datagram[..len];
        let received = self.machine.handle_datagram(now, datagram);
        self.sight.datagram(Dir::Received, datagram, len, sense_of(received));
        let whole = match &self.machine {
            Transfer::Send(_) => {
                self.take_events(None);
                self.content.reach(self.octets());
                false
            }
            Transfer::Receive(_) => {
                let mut placed = None;
                let whole = self.take_events(Some(&mut placed));
                if let Some((block, len)) = placed {
                    self.moved(len);
                    // The peer goes on while we write. Should that fail, it hears of it at once.
                    self.send(scratch);
                    let payload = &scratch.datagram[DATA_HEADER..][..len];
                    let blksize = self.terms().blksize;
                    if let Err(e) = self.content.place(block, blksize, payload, &mut scratch.run) {
                        self.fail(&e);
                    }
                }
                whole
            }
        };
        self.settle(whole, scratch)
    }

    /// Takes the blocks in the inbox: acknowledged first, then written with as few calls as they have gaps.
    fn take_blocks(&mut self, now: clock::Instant, got: usize, scratch: &mut Scratch) -> Next {
        self.heard = now;
        let blksize = self.terms().blksize;
        let mut whole = false;
        // Where in the inbox a run that lies in one piece begins: datagram, block, octets.
        let mut runs: [(usize, u64, usize); RUN] = [(0, 0, 0); RUN];
        let mut count = 0;
        for n in 0..got {
            let (len, head) = (scratch.inbox.len(n), scratch.inbox.head(n));
            let received = match (&mut self.machine, head) {
                (Transfer::Receive(r), [0, 3, high, low]) if len >= DATA_HEADER => {
                    r.handle_block(now, BlockNo(u16::from_be_bytes([high, low])), len - DATA_HEADER)
                }
                (machine, _) => {
                    scratch.inbox.copy(n, &mut scratch.run);
                    machine.handle_datagram(now, &scratch.run)
                }
            };
            if self.sight.tap.is_some() {
                scratch.inbox.copy(n, &mut scratch.run);
                self.sight.datagram(Dir::Received, &scratch.run, len, sense_of(received));
            }
            let mut placed = None;
            whole |= self.take_events(Some(&mut placed));
            let Some((block, len)) = placed else { continue };
            match runs[..count].last_mut() {
                // The one before is full and stands right before it, here and in the file.
                Some((first, from, octets))
                    if *octets == (n - *first) * usize::from(blksize)
                        && block == *from + (n - *first) as u64 =>
                {
                    *octets += len;
                }
                Some(_) | None => {
                    runs[count] = (n, block, len);
                    count += 1;
                }
            }
        }
        self.moved(runs[..count].iter().map(|run| run.2).sum());
        // The peer goes on while we write. Should that fail, it hears of it at once.
        self.send(scratch);
        for &(n, block, octets) in &runs[..count] {
            let payload = scratch.inbox.run(n, octets);
            if let Err(e) = self.content.place(block, blksize, payload, &mut scratch.run) {
                self.fail(&e);
                break;
            }
        }
        self.settle(whole, scratch)
    }

    pub(super) fn timeout(&mut self, now: clock::Instant, scratch: &mut Scratch) -> Next {
        if std::mem::take(&mut self.left) {
            self.peer_left();
        } else if self.machine.handle_timeout(now) {
            self.sight.see(Dir::Here, &What::TimedOut);
        }
        self.drive(scratch)
    }

    /// Hands out events and sends, until there is nothing left.
    pub(super) fn drive(&mut self, scratch: &mut Scratch) -> Next {
        let whole = self.take_events(None);
        self.settle(whole, scratch)
    }

    /// Sends what there is to send, and says what comes next.
    fn settle(&mut self, whole: bool, scratch: &mut Scratch) -> Next {
        self.send(scratch);
        // Sending may have failed on our side and ended it.
        let _ = self.take_events(None);
        self.send(scratch);
        if self.over {
            Next::Over
        } else if whole && self.signs.failed.is_none() {
            Next::Commit
        } else {
            Next::Wait { for_room: self.stuck.is_some() }
        }
    }

    /// Whether the upload is whole; where the datagram just handled belongs goes to `placed`.
    fn take_events(&mut self, mut placed: Option<&mut Option<(u64, usize)>>) -> bool {
        let mut whole = false;
        while let Some(event) = self.machine.poll_event() {
            match event {
                Event::Agreed(_) => {}
                Event::Place { block, len } => {
                    let placed = placed.as_mut().expect("a place belongs to the datagram just handled");
                    **placed = Some((block, len));
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

    /// The block size with which nothing came of it, if the first block went out in vain that often.
    pub(super) fn stuck_at_the_first_block(&self, times: u64) -> Option<u16> {
        let (figures, blksize) = (self.machine.figures(), self.terms().blksize);
        let in_vain = figures.blocks == 0 && figures.timeouts >= times;
        // A download's OACK came through; an upload's first block may be what does not.
        let is_big = match &self.machine {
            Transfer::Send(s) => s.is_proved(),
            Transfer::Receive(_) => true,
        };
        (in_vain && is_big && blksize > tftp_proto::DEFAULT_BLKSIZE).then_some(blksize)
    }

    /// The block size that came through, where it is not the least.
    pub(super) fn acknowledged(&self) -> Option<u16> {
        let blksize = self.terms().blksize;
        (self.acked() > 0 && blksize > tftp_proto::DEFAULT_BLKSIZE).then_some(blksize)
    }

    fn acked(&self) -> u64 {
        match &self.machine {
            Transfer::Send(s) => s.acked(),
            Transfer::Receive(r) => r.received(),
        }
    }

    fn send(&mut self, scratch: &mut Scratch) {
        if let Some((first, end, why)) = self.stuck.take() {
            // What was acknowledged meanwhile need not go out any more.
            let first = first.max(self.acked() + 1);
            if first <= end {
                self.send_blocks(first, end, why, scratch);
            }
        }
        while self.stuck.is_none() {
            if self.meter.is_some() {
                self.keep_rate(scratch.clock);
            }
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
        let _ = self.way.send(octets);
        self.sight.datagram(Dir::Sent, octets, octets.len(), sense(why));
    }

    /// Sends the blocks from `first` to `end`, in pieces that are read in one go.
    fn send_blocks(&mut self, mut first: u64, end: u64, why: Why, scratch: &mut Scratch) {
        let piece = (PIECE / u64::from(self.terms().blksize)).clamp(1, RUN as u64);
        while first <= end && self.stuck.is_none() && self.signs.failed.is_none() {
            let last = end.min(first + piece - 1);
            // The text may have turned out to end inside the run.
            let Some(sent_to) = self.send_piece(first, last, why, scratch) else { return };
            if sent_to < last {
                self.stuck = Some((sent_to + 1, end, why));
            }
            first = last + 1;
        }
    }

    /// Sends one piece; the last block that went out, the one before `first` if none did. `None`: there is nothing more to send.
    fn send_piece(&mut self, first: u64, end: u64, why: Why, scratch: &mut Scratch) -> Option<u64> {
        let Transfer::Send(sender) = &mut self.machine else { unreachable!("blocks come from a sender") };
        let payload = match self.content.run(sender, first, end, &mut scratch.run, &mut scratch.chunks) {
            Ok(payload) => payload,
            Err(e) => {
                self.fail(&e);
                return None;
            }
        };
        let known = end.min(sender.last().unwrap_or(u64::MAX));
        let terms = *sender.terms();
        let blksize = usize::from(terms.blksize);
        let headers = &mut scratch.headers;
        headers.clear();
        headers.extend((first..=known).map(|b| data_header(BlockNo::of(b, terms.rollover))));
        let sent = match self.way.send_run(headers, payload, blksize, &mut self.batching) {
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
        if let Some(meter) = &mut self.meter {
            meter.moved((sent * blksize).min(payload.len()) as u64);
        }
        if self.sight.tap.is_some() {
            for (n, header) in headers.iter().take(sent).enumerate() {
                let from = (n * blksize).min(payload.len());
                let block = &payload[from..payload.len().min(from + blksize)];
                let head = [&header[..], &block[..block.len().min(HEAD - DATA_HEADER)]].concat();
                self.sight.datagram(Dir::Sent, &head, block.len() + DATA_HEADER, sense(why));
            }
        }
        let all = sent == headers.len();
        // Behind the end of the text nothing is left to send.
        if all && known < end { None } else { Some(first + sent as u64 - 1) }
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
