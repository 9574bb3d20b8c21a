//! The request port: who asks for what, and what becomes of it.

use super::engine::Engine;
use super::open::{self, Asked, Opened};
use super::paths::Paths;
use super::slots::{Key, Phase, Token};
use super::transfer::{Running, Seen, Watched, Words};
use super::way::Way;
use super::worker::Job;
use super::{DRAINING, RETIRING, content::Content, rate, refusal};
use gate::store::no_descriptors;
use gate::{Counted, Limit, Outcome, Protocol, Refusal, Scope};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tftp_proto::packet::{Op, Request, write_error};
use tftp_proto::server::{self, Heard};
use tftp_proto::{ErrorCode, Limits, Mode, Offer, SendAhead, Size};
use transport::tap::{Dir, Sense, next_flow};
use transport::udp::{self, Arrived, RequestSocket};

/// Requests taken in one go.
const BURST: usize = 64;
/// The same words from the same port after this long without a sound are a new try (U-Boot keeps its
/// port), not a packet that was late.
const NEW_TRY: clock::Duration = clock::Duration::from_secs(2);
/// The same after an upload whose last block is in: a client that sends the same file again from its one
/// socket (tftp-hpa's `put`) is that quick, a late packet is not.
const NEXT_PUT: clock::Duration = clock::Duration::from_millis(200);
/// Room of a request port that carries transfers too: a window of 64 Ethernet frames for 64 of them.
const SINGLE_PORT_ROOM: usize = 4 << 20;
/// An answer to a request is at most so many times its length: nobody is hit harder through us than directly.
const GAIN: usize = 3;
/// Repeats of an OACK to a peer that has not answered: with the first one no more than [`GAIN`] requests.
const OACK_REPEATS: u32 = 2;
/// Repeats of the first block to a peer that asked without options and has not answered; a repeated request
/// renews it. Classic IOS and ROMMON ask so, and lose a packet now and then.
const DATA_REPEATS: u32 = 1;
/// One in so many transfers may be of peers that have not shown that they exist.
const UNPROVED: usize = 4;
/// Octets of a first block without options.
const FIRST_BLOCK: usize = 516;
/// Up to this a receive buffer of the usual size holds four windows, and nothing need be asked of the system.
const USUAL_WINDOW: usize = 26_624;
/// A transfer's socket is not to be had.
const NO_SOCKET: Refusal = Refusal::Exhausted("sockets");

/// The request sockets, and what is under way from them.
pub(super) struct Desk {
    sockets: Vec<Arc<RequestSocket>>,
    /// Files that workers open, also for transfers that are gone: the queue must not grow with the requests.
    pub(super) opening: usize,
    rng: u64,
}

impl Desk {
    pub(super) fn new(sockets: Vec<RequestSocket>, single_port: bool) -> Desk {
        if single_port {
            for socket in &sockets {
                // What the system does not give is made up for by repeats.
                let _ = udp::make_room(socket.socket(), SINGLE_PORT_ROOM);
            }
        }
        // Only spreads transfers over a port range; not a secret.
        Desk {
            sockets: sockets.into_iter().map(Arc::new).collect(),
            opening: 0,
            rng: std::process::id().into(),
        }
    }

    pub(super) fn sockets(&self) -> &[Arc<RequestSocket>] {
        &self.sockets
    }

    fn random(&mut self, now: clock::Instant) -> u64 {
        self.rng = self.rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.rng ^ now.as_nanos()) >> 16
    }

    /// The socket that was asked.
    fn asked(&self, at: SocketAddr) -> Option<Arc<RequestSocket>> {
        let same = |s: &&Arc<RequestSocket>| {
            let local = s.local();
            local.port() == at.port() && (local.ip().is_unspecified() || local.ip() == at.ip())
        };
        self.sockets.iter().find(same).cloned()
    }
}

/// What earlier transfers of a client have taught.
struct Known {
    /// Its largest block.
    most: Option<u16>,
    /// Whether blocks may go ahead of it.
    ahead: bool,
}

impl Engine {
    /// `alone`: nothing else waits for the loop.
    pub(super) fn take_requests(&mut self, n: usize, alone: bool) {
        // To be told that there is no other one costs a call; where requests come one by one epoll tells.
        for _ in 0..if alone { 1 } else { BURST } {
            let socket = &self.desk.sockets[n];
            // WouldBlock ends it; so does any other error, which level triggering brings back.
            let Ok(arrived) = socket.receive(&mut self.scratch.datagram) else { break };
            // RFC 1123 §4.2.3.5
            if arrived.broadcast && !self.config.autoinstall {
                continue;
            }
            if self.config.single_port && self.deliver(&arrived) {
                continue;
            }
            let datagram = std::mem::take(&mut self.scratch.datagram);
            self.request(&arrived, &datagram[..arrived.len]);
            self.scratch.datagram = datagram;
        }
    }

    /// Gives a datagram to the transfer that it belongs to, where all share the request port.
    fn deliver(&mut self, arrived: &Arrived) -> bool {
        let is_request = matches!(self.scratch.datagram[..arrived.len], [0, 1 | 2, ..]);
        let Some(key) = self.slots.of(arrived.peer, arrived.to).filter(|_| !is_request) else { return false };
        self.with_running(key, |running, scratch| running.hear(scratch.clock.now(), arrived.len, scratch));
        true
    }

    fn request(&mut self, arrived: &Arrived, datagram: &[u8]) {
        let request = match server::hear(datagram) {
            Heard::Request(request) => request,
            Heard::Answer(octets) => {
                let sight = self.sight(next_flow(), arrived);
                sight.datagram(Dir::Received, datagram, datagram.len(), Sense::First);
                // Not longer than what it answers, or five octets: an ERROR without a text.
                self.answer_once(sight, octets, datagram.len().max(5));
                return;
            }
            Heard::Silence => return,
        };
        if let Some(key) = self.slots.of(arrived.peer, arrived.to) {
            if self.is_repeat(key, &request) {
                let flow = self.slots.get(key).map_or(0, |s| s.words.flow);
                self.sight(flow, arrived).datagram(Dir::Received, datagram, datagram.len(), Sense::Duplicate);
                self.repeat(key);
                return;
            }
            // The port asks for something else: the old transfer is over, without a word to that port. Its last
            // ACK came before this request and may still wait in its socket.
            self.with_running(key, |running, scratch| running.receive(false, scratch));
            self.slots.remove(key);
        }
        let sight = self.sight(next_flow(), arrived);
        sight.datagram(Dir::Received, datagram, datagram.len(), Sense::First);
        if let Err((code, text)) = self.begin(&request, arrived, sight.flow, datagram.len()) {
            self.answer_once(sight, write_error(code, &text), datagram.len() * GAIN);
        }
    }

    /// Whether a request is the one that began this transfer, sent again.
    fn is_repeat(&mut self, key: Key, request: &Request<'_>) -> bool {
        let now = self.now();
        let Some(slot) = self.slots.get(key) else { return false };
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
        let now = self.now();
        let Some(slot) = self.slots.get(key) else { return };
        let Phase::Running(running) = &slot.phase else { return };
        let renews = !running.machine.is_proved();
        if renews {
            let octets = slot.words.first_answer;
            if !self.budget.take(now, slot.words.peer.ip(), octets) {
                return;
            }
            slot.owed += octets;
        }
        self.with_running(key, |running, scratch| {
            running.signs.asked_again += 1;
            if renews {
                running.machine.resend_first(now);
            }
            running.drive(scratch)
        });
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        arrived: &Arrived,
        flow: u64,
        len: usize,
    ) -> Result<(), (ErrorCode, String)> {
        if self.control.is(DRAINING) {
            return Err((ErrorCode::Undefined, String::from("the server is shutting down")));
        }
        if self.control.is(RETIRING) {
            // Silence: when the peer asks again the successor answers.
            return Ok(());
        }
        let (now, op) = (self.now(), request.op);
        let offer = Offer::read(&request.options);
        // What answers it until the peer shows that it is there.
        let first_answer = match op {
            Op::Read if offer.is_empty() => FIRST_BLOCK * (1 + DATA_REPEATS as usize),
            Op::Read | Op::Write => len * GAIN,
        };
        let (peer, local) = (arrived.peer, arrived.to);
        if !self.budget.take(now, peer.ip(), first_answer) {
            // Silence: whoever is there asks again.
            return Ok(());
        }
        // Forged requests must not keep real ones out: whoever has waited longest for a peer to show that it
        // exists makes room.
        let most = self.config.max_transfers;
        self.slots.evict_beyond(most / UNPROVED + 1);
        let full = self.slots.len() >= most;
        if self.desk.opening >= most || (full && !self.slots.evict()) {
            self.budget.give_back(peer.ip(), first_answer);
            let limit = Limit { counted: Counted::Transfers, scope: Scope::Tftp, most };
            return Err(refusal::error(&Refusal::TooMany(limit)));
        }
        let expected = match op {
            Op::Read => None,
            Op::Write => offer.announced(),
        };
        let asked = Asked { op, mode: request.mode, name: request.name.to_vec(), peer, local, expected };
        let session = open::admit(&self.gate, &asked).map_err(|why| {
            self.budget.give_back(peer.ip(), first_answer);
            refusal::error(&why)
        })?;
        let words = Words {
            op,
            name: asked.name.clone(),
            mode: request.mode,
            offer,
            peer,
            asked: local,
            flow,
            len,
            first_answer,
        };
        // A panic in the storage is a fault of ours, but not one that ends the loop: a worker meets it again.
        let at_once = AssertUnwindSafe(|| open::now(&session, &self.config.names, &asked));
        let now_open = catch_unwind(at_once).unwrap_or(None);
        let key = self.slots.insert(words);
        match now_open {
            Some(opened) => self.opened(key, Ok(opened)),
            None => {
                self.desk.opening += 1;
                self.workers.submit(Job::Open { key, session, asked });
            }
        }
        Ok(())
    }

    /// A file is open: the transfer gets its socket and begins.
    pub(super) fn opened(&mut self, key: Key, opened: Result<Opened, Refusal>) {
        let now = self.now();
        // Gone meanwhile: dropping the file says Aborted.
        let Some(slot) = self.slots.get(key) else { return };
        let words = &slot.words;
        let (peer, to, flow, most) = (words.peer, words.asked, words.flow, words.len * GAIN);
        let owed = slot.owed;
        let opened = match opened {
            Ok(opened) => opened,
            Err(why) => {
                self.budget.give_back(peer.ip(), owed);
                self.refuse(key, flow, peer, to, &why, most);
                return;
            }
        };
        let known = Known {
            most: self.clients.asks(now, peer.ip()),
            ahead: self.config.send_ahead && self.clients.takes_ahead(now, peer.ip()),
        };
        if let Err(opened) = self.start(key, opened, now, known) {
            let (opened, e) = *opened;
            let end = gate::End::new(Outcome::Failed, 0).note(format!("no socket for the transfer: {e}"));
            match opened {
                Opened::Read(reading) => reading.finish(end),
                Opened::Write(writing) => writing.fail(end),
            }
            let why = if no_descriptors(&e) { self.gate.turn_away(Protocol::Tftp, peer) } else { NO_SOCKET };
            self.refuse(key, flow, peer, to, &why, most);
            return;
        }
        self.with_running(key, |running, scratch| {
            if running.content.is_kicked() { running.kick(scratch) } else { running.drive(scratch) }
        });
    }

    fn refuse(&mut self, key: Key, flow: u64, peer: SocketAddr, to: SocketAddr, why: &Refusal, most: usize) {
        self.slots.remove(key);
        let sight = self.sight(flow, &Arrived { len: 0, peer, to, broadcast: false });
        let (code, text) = refusal::error(why);
        self.answer_once(sight, write_error(code, &text), most);
    }

    /// Makes the transfer of an opened file. The error gives the file back.
    fn start(
        &mut self,
        key: Key,
        opened: Opened,
        now: clock::Instant,
        known: Known,
    ) -> Result<(), Box<(Opened, io::Error)>> {
        let seed = self.desk.random(now);
        let Some(slot) = self.slots.get(key) else { return Ok(()) };
        let words = slot.words.clone();
        let way = if self.config.single_port {
            self.desk.asked(words.asked).map(|socket| Way::Shared {
                socket,
                from: words.asked.ip(),
                peer: words.peer,
            })
        } else {
            None
        };
        let ports = self.config.port_range.clone();
        let ports_are_free = ports.is_none();
        // A socket with a port of a range keeps it.
        let used = match (&way, &ports) {
            (None, None) => self.used_socket(words.asked.ip(), words.peer),
            (_, Some(_)) | (Some(_), None) => None,
        };
        let (way, token) = match (way, used) {
            (Some(way), _) => (way, None),
            (None, Some((socket, token))) => (Way::Own(socket), Some(token)),
            (None, None) => match udp::connected(words.asked, words.peer, ports.as_ref(), seed) {
                Ok(socket) => (Way::Own(socket), None),
                Err(e) => return Err(Box::new((opened, e))),
            },
        };
        let (mode, offer) = (words.mode, &words.offer);
        let mut limits = self.config.limits();
        limits.blksize = limits.blksize.min(known.most.unwrap_or(u16::MAX));
        if self.config.clamp_to_mtu
            && offer.agree(&limits, mode, Size::Unknown).terms.blksize > tftp_proto::DEFAULT_BLKSIZE
            && let Some(most) = block_on_the_path(&mut self.paths, now, &way, &words, seed)
        {
            limits.blksize = limits.blksize.min(most);
        }
        let wished = offer.agree(&limits, mode, Size::Unknown).terms;
        let window = usize::from(wished.blksize) * usize::from(wished.windowsize);
        let mut patience = self.config.patience();
        patience.send_ahead = known.ahead.then(SendAhead::default);
        if words.op == Op::Read {
            patience.unproved_repeats = Some(if offer.is_empty() { DATA_REPEATS } else { OACK_REPEATS });
        }
        // What the system does not give is made up for by repeats.
        let room = match way.own().filter(|_| window > USUAL_WINDOW) {
            Some(socket) => udp::make_room(socket, window.saturating_mul(4)).ok(),
            None => None,
        };
        let (machine, content) = match opened {
            Opened::Read(reading) => {
                let len = match mode {
                    Mode::Octet => Some(reading.blob().len()),
                    Mode::Netascii => None,
                };
                (server::read(now, offer, mode, len, &limits, patience), Content::reading(reading, mode))
            }
            Opened::Write(writing) => {
                if let Some(room) = room {
                    limits.windowsize = limits.windowsize.min(udp::blocks_that_fit(room, wished.blksize));
                }
                if let Some(share) = writing.share() {
                    rate::narrow(&mut limits, share);
                }
                (server::write(now, offer, mode, &limits, patience), Content::writing(writing, mode))
            }
        };
        // Only a tap wants to know our port.
        let local = match &self.tap {
            Some(_) => way.local().unwrap_or(words.asked),
            None => words.asked,
        };
        let sight = Seen { tap: self.tap.clone(), flow: words.flow, local, peer: words.peer };
        let (is_own, asked) = (way.own().is_some(), words.asked);
        let mut running = Running::new(way, machine, content, sight, words, now);
        // A link-local address belongs to an interface as well.
        let anywhere = !matches!(asked.ip(), IpAddr::V6(a) if a.is_unicast_link_local());
        running.reusable = room.is_none() && ports_are_free && anywhere;
        running.watched = if token.is_some() { Watched::ForOctets } else { Watched::Not };
        if let Some(slot) = self.slots.get(key) {
            slot.phase = Phase::Running(Box::new(running));
        }
        match token {
            Some(token) => self.slots.hand_over(token, key),
            None if is_own => self.slots.new_token(key),
            None => {}
        }
        Ok(())
    }

    /// A socket that served another transfer, connected to this peer.
    fn used_socket(&mut self, from: IpAddr, peer: SocketAddr) -> Option<(UdpSocket, Token)> {
        let (socket, token) = self.pool.take(from)?;
        match udp::reconnect(&socket, peer) {
            Ok(()) => Some((socket, token)),
            Err(_) => {
                self.slots.free(token);
                None
            }
        }
    }

    /// One ERROR of at most `most` octets, from a port of its own; nobody waits for an answer.
    fn answer_once(&mut self, mut sight: Seen, mut octets: Vec<u8>, most: usize) {
        shorten(&mut octets, most);
        let now = self.now();
        if !self.budget.take(now, sight.peer.ip(), octets.len()) {
            return;
        }
        let seed = self.desk.random(now);
        let (from, peer) = (sight.local, sight.peer);
        let shared = self.config.single_port.then(|| self.desk.asked(from)).flatten();
        let way = match shared {
            Some(socket) => Ok(Way::Shared { socket, from: from.ip(), peer }),
            // An ERROR from outside a range that is used up, or without a descriptor from the port that was asked,
            // may still pass a firewall; silence tells nothing.
            None => udp::connected(from, peer, self.config.port_range.as_ref(), seed)
                .or_else(|_| udp::connected(from, peer, None, seed))
                .map(Way::Own)
                .or_else(|e| {
                    let socket = self.desk.asked(from).ok_or(e)?;
                    Ok::<Way, io::Error>(Way::Shared { socket, from: from.ip(), peer })
                }),
        };
        let Ok(way) = way else { return };
        if way.send(&octets).is_ok() {
            sight.local = way.local().unwrap_or(sight.local);
            sight.datagram(Dir::Sent, &octets, octets.len(), Sense::First);
        }
    }

    fn sight(&self, flow: u64, arrived: &Arrived) -> Seen {
        Seen { tap: self.tap.clone(), flow, local: arrived.to, peer: arrived.peer }
    }
}

/// The largest block that the path to the peer takes in one piece, as far as the system knows.
fn block_on_the_path(
    paths: &mut Paths,
    now: clock::Instant,
    way: &Way,
    words: &Words,
    seed: u64,
) -> Option<u16> {
    let peer = words.peer.ip();
    paths.block(now, words.asked.ip(), peer, || {
        let mtu = match way {
            Way::Own(socket) => udp::path_mtu_to(socket, peer),
            // Only a connected socket has a path.
            Way::Shared { .. } | Way::Closed => {
                udp::connected(words.asked, words.peer, None, seed).and_then(|s| udp::path_mtu(&s))
            }
        };
        let most = udp::block_within(mtu.ok()?, peer.is_ipv6()).max(tftp_proto::DEFAULT_BLKSIZE.into());
        Some(u16::try_from(most).unwrap_or(Limits::default().blksize))
    })
}

/// Cuts an ERROR's text so that the whole has at most `most` octets; code and final NUL stay.
fn shorten(error: &mut Vec<u8>, most: usize) {
    let most = most.max(5);
    if error.len() > most {
        let text = String::from_utf8_lossy(&error[4..most - 1]);
        let whole = text.trim_end_matches(char::REPLACEMENT_CHARACTER).len();
        error.truncate(4 + whole.min(most - 5));
        error.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_35_an_error_s_text_is_cut_to_what_the_request_allows() {
        let whole = write_error(ErrorCode::FileNotFound, "no such file: é");
        for most in 0..whole.len() + 2 {
            let mut cut = whole.clone();
            shorten(&mut cut, most);
            assert!(cut.len() <= most.max(5) && cut.len() <= whole.len());
            assert_eq!((&cut[..4], cut.last()), (&whole[..4], Some(&0)));
            assert!(std::str::from_utf8(&cut[4..]).is_ok(), "{cut:?}");
        }
        let mut cut = whole.clone();
        shorten(&mut cut, whole.len());
        assert_eq!(cut, whole);
    }
}
