//! The loop: request ports, transfers, timers, workers.

use super::content::Content;
use super::open::{Asked, Opened};
use super::refusal;
use super::transfer::{Next, Running, Seen, Words};
use super::worker::{Done, Job, Workers};
use super::{CUT, Control, DRAINING, TftpConfig};
use gate::{Gate, Outcome, Refusal};
use rustix::event::{Timespec, epoll};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant as Wall;
use tftp_proto::packet::{Op, Request, write_error};
use tftp_proto::server::{self, Heard};
use tftp_proto::{ErrorCode, Limits, Offer, Size, Transfer};
use transport::tap::{Dir, Sense, Tap, next_flow};
use transport::udp::{self, Arrived, RequestSocket};

/// The longest datagram there is.
const DATAGRAM: usize = 65_536;
/// Requests taken in one go.
const BURST: usize = 64;
/// The same words from the same port after this long without a sound are a new try (U-Boot keeps its
/// port), not a packet that was late.
const NEW_TRY: clock::Duration = clock::Duration::from_secs(2);
/// The same after an upload whose last block is in: a client that sends the same file again from its one
/// socket (tftp-hpa's `put`) is that quick, a late packet is not.
const NEXT_PUT: clock::Duration = clock::Duration::from_millis(200);

/// Which transfer: its place, and which of the place's tenants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key {
    place: u32,
    tenant: u32,
}

/// Marks of what is no transfer in epoll's data; places stay far below.
const WAKE: u64 = u64::MAX;
const WORKERS: u64 = u64::MAX - 1;
const REQUESTS: u64 = u64::MAX - 1_024;

impl Key {
    fn to_u64(self) -> u64 {
        u64::from(self.place) << 32 | u64::from(self.tenant)
    }

    fn from_u64(n: u64) -> Key {
        Key { place: (n >> 32) as u32, tenant: n as u32 }
    }
}

/// How long an upload's last ACK is repeated on request while the server drains.
const LAST_DALLY: clock::Duration = clock::Duration::from_secs(1);

struct Slot {
    key: Key,
    words: Arc<Words>,
    phase: Phase,
    /// The deadline in the heap, if any.
    armed: Option<clock::Instant>,
}

enum Phase {
    /// A worker opens the file.
    Opening,
    Running(Box<Running>),
}

pub(super) struct Engine {
    config: TftpConfig,
    tap: Option<Arc<dyn Tap>>,
    control: Arc<Control>,
    epoll: OwnedFd,
    sockets: Vec<RequestSocket>,
    workers: Workers,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    tenants: u32,
    /// Files that workers open, also for transfers that are gone: the queue must not grow with the requests.
    opening: usize,
    by_peer: HashMap<(SocketAddr, SocketAddr), Key>,
    timers: BinaryHeap<Reverse<(clock::Instant, Key)>>,
    start: Wall,
    rng: u64,
    buf: Vec<u8>,
    /// Shared by all transfers: a transfer has no buffer of its own.
    scratch: Vec<u8>,
}

impl Engine {
    pub(super) fn new(
        gate: Arc<Gate>,
        sockets: Vec<RequestSocket>,
        config: TftpConfig,
        tap: Option<Arc<dyn Tap>>,
        control: Arc<Control>,
    ) -> io::Result<Engine> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let workers = Workers::start(&gate, &config.names)?;
        let readable = epoll::EventFlags::IN;
        epoll::add(&poll, &control.wake, epoll::EventData::new_u64(WAKE), readable)?;
        epoll::add(&poll, workers.wake(), epoll::EventData::new_u64(WORKERS), readable)?;
        for (n, socket) in sockets.iter().enumerate() {
            epoll::add(&poll, socket, epoll::EventData::new_u64(REQUESTS + n as u64), readable)?;
        }
        // Only spreads transfers over a port range; not a secret.
        let rng = std::process::id().into();
        Ok(Engine {
            config,
            tap,
            control,
            epoll: poll,
            sockets,
            workers,
            slots: Vec::new(),
            free: Vec::new(),
            tenants: 0,
            opening: 0,
            by_peer: HashMap::new(),
            timers: BinaryHeap::new(),
            start: Wall::now(),
            rng,
            buf: vec![0; DATAGRAM],
            scratch: vec![0; Limits::default().window_octets as usize],
        })
    }

    fn now(&self) -> clock::Instant {
        clock::Instant::from_nanos(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// Serves until it is drained or cut.
    pub(super) fn run(&mut self) {
        let mut events: Vec<epoll::Event> = Vec::with_capacity(128);
        loop {
            if self.control.is(CUT) {
                self.cut();
                return;
            }
            if self.control.is(DRAINING) {
                self.hurry();
                if self.free.len() == self.slots.len() {
                    return;
                }
            }
            events.clear();
            let wait = self.timers.peek().map(|Reverse((at, _))| {
                let left = at.since(self.now());
                Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) }
            });
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), wait.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => panic!("epoll_wait on our own descriptor failed: {e}"),
            }
            for event in &events {
                let data = event.data;
                match data.u64() {
                    WAKE => clear(&self.control.wake),
                    WORKERS => self.take_done(),
                    n if n >= REQUESTS => self.take_requests((n - REQUESTS) as usize),
                    n => self.with_running(Key::from_u64(n), |running, now, buf, scratch| {
                        running.receive(now, buf, scratch)
                    }),
                }
            }
            self.expire();
        }
    }

    /// Uploads that only dally do not hold a server up that is to stop.
    fn hurry(&mut self) {
        for place in 0..self.slots.len() {
            let Some(slot) = &mut self.slots[place] else { continue };
            if let Phase::Running(running) = &mut slot.phase
                && let Transfer::Receive(r) = &mut running.machine
            {
                r.dally_until(running.heard + LAST_DALLY);
                let key = slot.key;
                self.arm(key);
            }
        }
    }

    fn expire(&mut self) {
        let now = self.now();
        while let Some(&Reverse((at, key))) = self.timers.peek() {
            if at > now {
                return;
            }
            self.timers.pop();
            let Some(slot) = self.slot(key).filter(|s| s.armed == Some(at)) else { continue };
            slot.armed = None;
            self.with_running(key, |running, now, _, scratch| {
                if running.machine.poll_timeout().is_some_and(|at| at <= now) {
                    running.timeout(now, scratch)
                } else {
                    running.drive(&[], scratch)
                }
            });
        }
    }

    fn take_requests(&mut self, n: usize) {
        let mut buf = std::mem::take(&mut self.buf);
        for _ in 0..BURST {
            // WouldBlock ends it; so does any other error, which level triggering brings back.
            let Ok(arrived) = self.sockets[n].receive(&mut buf) else { break };
            // RFC 1123 §4.2.3.5
            if !arrived.broadcast {
                self.request(&arrived, &buf[..arrived.len]);
            }
        }
        self.buf = buf;
    }

    fn request(&mut self, arrived: &Arrived, datagram: &[u8]) {
        let request = match server::hear(datagram) {
            Heard::Request(request) => request,
            Heard::Answer(octets) => {
                let sight = self.sight(next_flow(), arrived);
                sight.datagram(Dir::Received, datagram, datagram.len(), Sense::First);
                self.answer_once(sight, &octets);
                return;
            }
            Heard::Silence => return,
        };
        let at = (arrived.peer, arrived.to);
        if let Some(&key) = self.by_peer.get(&at) {
            if self.is_repeat(key, &request) {
                let flow = self.slot(key).map_or(0, |s| s.words.flow);
                self.sight(flow, arrived).datagram(Dir::Received, datagram, datagram.len(), Sense::Duplicate);
                self.repeat(key);
                return;
            }
            // The port asks for something else: the old transfer is over, without a word to that port.
            self.remove(key);
        }
        let sight = self.sight(next_flow(), arrived);
        sight.datagram(Dir::Received, datagram, datagram.len(), Sense::First);
        if let Err((code, text)) = self.begin(&request, arrived, sight.flow) {
            self.answer_once(sight, &write_error(code, &text));
        }
    }

    /// Whether a request is the one that began this transfer, sent again.
    fn is_repeat(&mut self, key: Key, request: &Request<'_>) -> bool {
        let now = self.now();
        let Some(slot) = self.slot(key) else { return false };
        if !server::same_request(slot.words.op, &slot.words.name, request) {
            return false;
        }
        match &slot.phase {
            Phase::Opening => true,
            Phase::Running(r) if !r.machine.is_proved() => true,
            // Late, unless the transfer is quiet: then it is a new try.
            Phase::Running(r) => {
                now.since(r.heard) < if matches!(r.content, Content::Gone) { NEXT_PUT } else { NEW_TRY }
            }
        }
    }

    /// Rule 7 of docs/protocols/tftp.md: a slow first answer must not make a second transfer.
    fn repeat(&mut self, key: Key) {
        self.with_running(key, |running, now, _, scratch| {
            running.signs.asked_again += 1;
            if !running.machine.is_proved() {
                running.machine.resend_first(now);
            }
            running.drive(&[], scratch)
        });
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        arrived: &Arrived,
        flow: u64,
    ) -> Result<(), (ErrorCode, String)> {
        if self.control.is(DRAINING) {
            return Err((ErrorCode::Undefined, String::from("the server is shutting down")));
        }
        let full = self.slots.len() - self.free.len() >= self.config.max_transfers;
        if self.opening >= self.config.max_transfers || (full && !self.evict()) {
            return Err(refusal::error(&Refusal::TooMany));
        }
        let offer = Offer::read(&request.options);
        let expected = match request.op {
            Op::Read => None,
            Op::Write => offer.announced(),
        };
        let (peer, local) = (arrived.peer, arrived.to);
        let asked =
            Asked { op: request.op, mode: request.mode, name: request.name.to_vec(), peer, local, expected };
        let words = Words {
            op: request.op,
            name: asked.name.clone(),
            mode: request.mode,
            offer,
            peer,
            asked: local,
            flow,
        };
        let key = self.insert(words);
        self.opening += 1;
        self.workers.submit(Job::Open { key, asked });
        Ok(())
    }

    /// Makes room by dropping the transfer that has waited longest for a peer to show that it exists: forged
    /// requests must not keep real ones out. Gives whether there was one.
    fn evict(&mut self) -> bool {
        let unproved = self.slots.iter().flatten().filter_map(|slot| match &slot.phase {
            Phase::Running(r) if !r.machine.is_proved() => Some((r.heard, slot.key)),
            Phase::Running(_) | Phase::Opening => None,
        });
        let Some((_, key)) = unproved.min() else { return false };
        self.remove(key);
        true
    }

    fn take_done(&mut self) {
        clear(self.workers.wake());
        while let Some(done) = self.workers.done() {
            if let Done::Opened(..) = done {
                self.opening -= 1;
            }
            match done {
                Done::Opened(key, Ok(opened)) => self.opened(key, opened),
                Done::Opened(key, Err(why)) => {
                    let Some(slot) = self.slot(key) else { continue };
                    let (peer, to, flow) = (slot.words.peer, slot.words.asked, slot.words.flow);
                    self.remove(key);
                    let sight = self.sight(flow, &Arrived { len: 0, peer, to, broadcast: false });
                    let (code, text) = refusal::error(&why);
                    self.answer_once(sight, &write_error(code, &text));
                }
                Done::Committed(key, result) => self.with_running(key, |running, now, _, scratch| {
                    match (&mut running.machine, &result) {
                        (Transfer::Receive(r), Ok(())) => r.commit(now),
                        (machine, Err(why)) => {
                            let (code, text) = refusal::error(why);
                            machine.abort(code, &text);
                        }
                        (Transfer::Send(_), Ok(())) => {}
                    }
                    running.drive(&[], scratch)
                }),
            }
        }
    }

    /// A file is open: the transfer gets its socket and begins.
    fn opened(&mut self, key: Key, opened: Opened) {
        let seed = self.random();
        let now = self.now();
        let (patience, mut limits) = (self.config.patience(), self.config.limits());
        let (tap, ports) = (self.tap.clone(), self.config.port_range.clone());
        // Gone meanwhile: dropping the file says Aborted.
        let Some(slot) = self.slot(key) else { return };
        let words = &slot.words;
        let socket = udp::connected(words.asked, words.peer, ports.as_ref(), seed);
        let socket = match socket.and_then(|s| s.local_addr().map(|local| (s, local))) {
            Ok(socket) => socket,
            Err(e) => {
                let end = gate::End::new(Outcome::Failed, 0).note(format!("no socket for the transfer: {e}"));
                match opened {
                    Opened::Read(reading) => reading.finish(end),
                    Opened::Write(writing) => writing.fail(end),
                }
                let (peer, to, flow) = (words.peer, words.asked, words.flow);
                self.remove(key);
                let sight = self.sight(flow, &Arrived { len: 0, peer, to, broadcast: false });
                let (code, text) = refusal::error(&Refusal::TooMany);
                self.answer_once(sight, &write_error(code, &text));
                return;
            }
        };
        let (socket, local) = socket;
        let (mode, offer) = (words.mode, &words.offer);
        // What the system does not give is made up for by repeats.
        let wished = offer.agree(&limits, mode, Size::Unknown).terms;
        let window = usize::from(wished.blksize) * usize::from(wished.windowsize);
        let room = udp::make_room(&socket, window.saturating_mul(4)).unwrap_or(0);
        let (machine, content) = match opened {
            Opened::Read(reading) => {
                let len = match mode {
                    tftp_proto::Mode::Octet => Some(reading.blob().len()),
                    tftp_proto::Mode::Netascii => None,
                };
                (server::read(now, offer, mode, len, &limits, patience), Content::reading(reading, mode))
            }
            Opened::Write(writing) => {
                limits.windowsize = limits.windowsize.min(udp::blocks_that_fit(room, wished.blksize));
                (server::write(now, offer, mode, &limits, patience), Content::writing(writing, mode))
            }
        };
        let sight = Seen { tap, flow: words.flow, local, peer: words.peer };
        slot.phase =
            Phase::Running(Box::new(Running::new(socket, machine, content, sight, slot.words.clone(), now)));
        if let Err(e) = self.watch(key, false, true) {
            self.with_running(key, |running, _, _, scratch| {
                running.fail(&e);
                running.drive(&[], scratch)
            });
            return;
        }
        self.with_running(key, |running, _, _, scratch| running.drive(&[], scratch));
    }

    /// Lets a transfer do something and sees to what it needs then.
    fn with_running(
        &mut self,
        key: Key,
        act: impl FnOnce(&mut Running, clock::Instant, &mut [u8], &mut Vec<u8>) -> Next,
    ) {
        let now = self.now();
        let place = key.place as usize;
        let Some(slot) = self.slots.get_mut(place).and_then(Option::as_mut).filter(|s| s.key == key) else {
            return;
        };
        let Phase::Running(running) = &mut slot.phase else { return };
        match act(running, now, &mut self.buf, &mut self.scratch) {
            Next::Over => {
                self.remove(key);
                return;
            }
            Next::Wait { for_room } => {
                // Without the change of interest it is retried at the next packet or timer.
                let _ = self.watch(key, for_room, false);
            }
            Next::Commit => match running.content.whole() {
                Ok(Some((writing, octets))) => {
                    let end = gate::End { outcome: Outcome::Complete, ..running.facts(octets) };
                    self.workers.submit(Job::Commit { key, writing, end });
                }
                Ok(None) => {}
                Err(e) => {
                    running.fail(&e);
                    if running.drive(&[], &mut self.scratch) == Next::Over {
                        self.remove(key);
                        return;
                    }
                }
            },
        }
        self.arm(key);
    }

    fn arm(&mut self, key: Key) {
        let Some(slot) = self.slots.get_mut(key.place as usize).and_then(Option::as_mut) else { return };
        let Phase::Running(running) = &slot.phase else { return };
        let Some(at) = running.machine.poll_timeout() else { return };
        if slot.armed.is_none_or(|armed| at < armed) {
            slot.armed = Some(at);
            self.timers.push(Reverse((at, key)));
        }
    }

    fn watch(&mut self, key: Key, for_room: bool, new: bool) -> io::Result<()> {
        let Some(Some(slot)) = self.slots.get_mut(key.place as usize) else { return Ok(()) };
        let Phase::Running(running) = &mut slot.phase else { return Ok(()) };
        let data = epoll::EventData::new_u64(key.to_u64());
        let mut flags = epoll::EventFlags::IN;
        if for_room {
            flags |= epoll::EventFlags::OUT;
        }
        if new {
            epoll::add(&self.epoll, &running.socket, data, flags)?;
        } else if for_room != running.watched {
            epoll::modify(&self.epoll, &running.socket, data, flags)?;
        } else {
            return Ok(());
        }
        running.watched = for_room;
        Ok(())
    }

    /// One ERROR from a port of its own; nobody waits for an answer.
    fn answer_once(&mut self, mut sight: Seen, octets: &[u8]) {
        let seed = self.random();
        let (from, peer) = (sight.local, sight.peer);
        // An ERROR from outside a range that is used up may still pass a firewall; silence tells nothing.
        let socket = udp::connected(from, peer, self.config.port_range.as_ref(), seed)
            .or_else(|_| udp::connected(from, peer, None, seed));
        let Ok(socket) = socket else { return };
        if socket.send(octets).is_ok() {
            sight.local = socket.local_addr().unwrap_or(sight.local);
            sight.datagram(Dir::Sent, octets, octets.len(), Sense::First);
        }
    }

    fn sight(&self, flow: u64, arrived: &Arrived) -> Seen {
        Seen { tap: self.tap.clone(), flow, local: arrived.to, peer: arrived.peer }
    }

    fn random(&mut self) -> u64 {
        self.rng = self.rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.rng ^ self.now().as_nanos()) >> 16
    }

    fn slot(&mut self, key: Key) -> Option<&mut Slot> {
        self.slots.get_mut(key.place as usize)?.as_mut().filter(|s| s.key == key)
    }

    fn insert(&mut self, words: Words) -> Key {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        self.tenants = self.tenants.wrapping_add(1);
        let key = Key { place, tenant: self.tenants };
        self.by_peer.insert((words.peer, words.asked), key);
        self.slots[place as usize] =
            Some(Slot { key, words: Arc::new(words), phase: Phase::Opening, armed: None });
        key
    }

    /// Drops a transfer: its socket closes (and leaves epoll), its file says Aborted if it had no end.
    fn remove(&mut self, key: Key) {
        let Some(place) = self.slots.get_mut(key.place as usize) else { return };
        let Some(slot) = place.take_if(|s| s.key == key) else { return };
        let at = (slot.words.peer, slot.words.asked);
        if self.by_peer.get(&at) == Some(&key) {
            self.by_peer.remove(&at);
        }
        self.free.push(key.place);
    }

    /// The owner stops: peers that are there are told.
    fn cut(&mut self) {
        for slot in self.slots.iter_mut().flatten() {
            let Phase::Running(running) = &mut slot.phase else { continue };
            running.signs.stopped = true;
            if running.machine.is_proved() {
                running.machine.abort(ErrorCode::Undefined, "the server was stopped");
                let _ = running.drive(&[], &mut self.scratch);
            }
        }
        self.slots.clear();
    }
}

fn clear(wake: &impl AsFd) {
    // Nothing to read is as good: somebody else has cleared it.
    let _ = rustix::io::read(wake, &mut [0u8; 8]);
}
