//! The socket of one transfer: addresses as they are named, the server's TID, the tap.

use super::ladder::block_of_path;
use crate::{ClientError, Loses, Options, Remote, Unroutable};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};
use tftp_proto::packet::data_header;
use tftp_proto::{BlockNo, Terms};
use transport::Cancel;
use transport::tap::{self, Dir, Sense, Sight, What, next_flow};
use transport::udp::{self, Batching, Bunch};

/// TFTP's well-known port.
const PORT: u16 = 69;
/// Foreign ports that are told ERROR 5; more are ignored in silence.
const SCOLDED: usize = 8;
/// Octets of a datagram that a tap is shown.
const HEAD: usize = 512;

/// What ended a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Woken {
    /// Something can be read.
    Datagram,
    /// ICMP errors wait.
    Error,
    /// The time, or the cancel token.
    Other,
}

/// The socket, who is at the other end, and what both are called.
pub(super) struct Port<'r> {
    options: &'r Options,
    /// `None`: packets vanish (the device's interface is down).
    socket: Option<UdpSocket>,
    /// Where the request goes.
    server: SocketAddr,
    /// What that is called.
    named: SocketAddr,
    /// What we are called.
    local: SocketAddr,
    /// The server's TID, once it has answered.
    tid: Option<SocketAddr>,
    scolded: Vec<SocketAddr>,
    batching: Cell<Batching>,
    flow: u64,
    start: Instant,
    /// The request's round trip.
    answered: Option<Duration>,
    /// Octets of a block that goes to the server in one packet.
    block: u16,
    /// Which datagrams get lost.
    loses: Option<RefCell<Loses>>,
}

impl<'r> Port<'r> {
    pub(super) fn open(remote: &Remote, options: &'r Options) -> Result<Port<'r>, ClientError> {
        let resolve = |source| ClientError::Resolve { host: remote.host.clone(), source };
        let ips = options.wire.resolve(&remote.host).map_err(resolve)?;
        let ip = ips.first().copied();
        let ip =
            ip.ok_or_else(|| resolve(io::Error::new(io::ErrorKind::NotFound, "the name has no address")))?;
        let named = SocketAddr::new(ip, remote.port.unwrap_or(PORT));
        let (socket, server) = match options.wire.real(named) {
            Ok(real) => {
                let from = options.wire.bind(real);
                let socket = udp::open(from, real).map_err(ClientError::Network)?;
                // Without it datagrams come one by one.
                udp::coalesce(&socket);
                (Some(socket), real)
            }
            Err(Unroutable::Silent) => (None, named),
            Err(Unroutable::Refused) => {
                let source = io::Error::from(io::ErrorKind::HostUnreachable);
                return Err(ClientError::Unreachable { peer: named, source });
            }
        };
        let (local, mtu) = match &socket {
            Some(socket) => {
                let (local, mtu) = way(socket, server).map_err(ClientError::Network)?;
                (options.wire.named(local), mtu)
            }
            None => (SocketAddr::new(IpAddr::from([0, 0, 0, 0]), 0), None),
        };
        let block = block_of_path(mtu, server);
        let loses = options.wire.losing(named).map(RefCell::new);
        let (flow, start) = (next_flow(), Instant::now());
        let (tid, scolded, answered) = (None, Vec::new(), None);
        let batching = Cell::new(Batching::best());
        Ok(Port {
            options,
            socket,
            server,
            named,
            local,
            tid,
            scolded,
            batching,
            flow,
            start,
            answered,
            block,
            loses,
        })
    }

    /// Octets of a block that goes to the server in one packet.
    pub(super) fn block(&self) -> u16 {
        self.block
    }

    /// Where the request goes, as it is called and remembered.
    pub(super) fn asked(&self) -> SocketAddr {
        self.named
    }

    /// The octets that our socket may hold, once it was asked for room for `wanted`.
    pub(super) fn room(&self, wanted: usize) -> usize {
        let room = self.socket.as_ref().and_then(|socket| udp::make_room(socket, wanted).ok());
        room.unwrap_or(0)
    }

    pub(super) fn now(&self) -> clock::Instant {
        let ns = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        clock::Instant::from_nanos(ns)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// The request's round trip; a guess before there is one.
    pub(super) fn round_trip(&self) -> Duration {
        self.answered.unwrap_or(Duration::from_millis(50))
    }

    /// The server's name and the port that we speak with.
    pub(super) fn named_peer(&self) -> SocketAddr {
        self.tid.map_or(self.named, |tid| SocketAddr::new(self.named.ip(), tid.port()))
    }

    /// Whether a datagram from there belongs to the transfer: any port of the server before it answered.
    pub(super) fn is_peer(&self, from: SocketAddr) -> bool {
        match self.tid {
            Some(tid) => from == tid,
            None => from.ip().to_canonical() == self.server.ip().to_canonical(),
        }
    }

    pub(super) fn is_locked(&self) -> bool {
        self.tid.is_some()
    }

    /// The server has answered from there: its TID.
    pub(super) fn lock(&mut self, from: SocketAddr) {
        if self.tid.is_none() {
            self.tid = Some(from);
            self.answered = Some(self.start.elapsed());
        }
    }

    /// Whether to tell a foreign port that it is wrong: each once, and not many.
    pub(super) fn may_scold(&mut self, from: SocketAddr) -> bool {
        let may = self.scolded.len() < SCOLDED && !self.scolded.contains(&from);
        if may {
            self.scolded.push(from);
        }
        may
    }

    /// Options are settled: makes room for a window.
    pub(super) fn agreed(&self, terms: &Terms) {
        if let Some(socket) = &self.socket {
            let window = usize::from(terms.blksize) * usize::from(terms.windowsize);
            // What the system does not give is made up for by repeats.
            let _ = udp::make_room(socket, window.saturating_mul(4));
        }
        if let Some(size) = terms.tsize {
            self.see(Dir::Here, &What::Size(size));
        }
    }

    pub(super) fn wait(&self, until: Option<clock::Instant>, cancel: Option<&Cancel>) -> io::Result<Woken> {
        let left = until.map(|at| at.since(self.now()));
        let left =
            left.map(|d| Timespec { tv_sec: d.as_secs() as i64, tv_nsec: i64::from(d.subsec_nanos()) });
        let mut fds = Vec::with_capacity(2);
        if let Some(socket) = &self.socket {
            fds.push(PollFd::new(socket, PollFlags::IN));
        }
        if let Some(cancel) = cancel {
            fds.push(PollFd::from_borrowed_fd(cancel.as_fd(), PollFlags::IN));
        }
        match poll(&mut fds, left.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        let ready = if self.socket.is_some() { fds[0].revents() } else { PollFlags::empty() };
        Ok(if ready.contains(PollFlags::ERR) {
            Woken::Error
        } else if ready.is_empty() {
            Woken::Other
        } else {
            Woken::Datagram
        })
    }

    /// Takes what has arrived of a window of so many blocks.
    pub(super) fn receive(&self, bunch: &mut Bunch, window: u16) -> io::Result<usize> {
        match &self.socket {
            Some(socket) => bunch.receive(socket, usize::from(window)),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// The ICMP errors that wait and are about our peer.
    pub(super) fn errors(&self) -> Vec<io::Error> {
        let target = self.tid.unwrap_or(self.server);
        let all = self.socket.as_ref().map(udp::refused).unwrap_or_default();
        all.into_iter().filter(|(to, _)| *to == target).map(|(_, e)| e).collect()
    }

    /// Sends to the server. What the system does not take now counts as lost: the timers repeat it. A
    /// pending ICMP error that this call reports is still in the error queue, with its poll flag.
    pub(super) fn send(&self, octets: &[u8], sense: Sense) {
        self.send_to(self.tid.unwrap_or(self.server), octets, sense);
    }

    pub(super) fn send_to(&self, to: SocketAddr, octets: &[u8], sense: Sense) {
        if let Some(socket) = self.socket.as_ref().filter(|_| !self.loses()) {
            let _ = socket.send_to(octets, to);
        }
        self.see_datagram(to, Dir::Sent, octets, octets.len(), sense);
    }

    /// Whether the next datagram gets lost.
    fn loses(&self) -> bool {
        self.loses.as_ref().is_some_and(|loses| loses.borrow_mut()())
    }

    /// Sends the blocks of `run`; `payload` is what they hold, one behind the other, the last perhaps empty.
    pub(super) fn send_blocks(
        &self,
        terms: &Terms,
        run: std::ops::RangeInclusive<u64>,
        payload: &[u8],
        sense: Sense,
    ) -> Result<(), ClientError> {
        let blksize = usize::from(terms.blksize);
        let headers: Vec<[u8; 4]> = run.map(|b| data_header(BlockNo::of(b, terms.rollover))).collect();
        let count = headers.len();
        let to = self.tid.unwrap_or(self.server);
        let whom = udp::To { peer: to, from: None };
        let (mut sent, mut batching) = (0, self.batching.get());
        while let (Some(socket), true) = (&self.socket, sent < count) {
            let rest = &payload[(sent * blksize).min(payload.len())..];
            // What gets lost is told one by one.
            let (next, rest) = match &self.loses {
                Some(_) if self.loses() => {
                    sent += 1;
                    continue;
                }
                Some(_) => (&headers[sent..=sent], &rest[..rest.len().min(blksize)]),
                None => (&headers[sent..], rest),
            };
            match udp::send_run(socket, Some(whom), next, rest, blksize, &mut batching) {
                Ok(n) => sent += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.wait_writable(socket)?,
                // An ICMP error, or no buffers: the receive path or the timer sees to it.
                Err(_) => break,
            }
        }
        self.batching.set(batching);
        if self.options.tap.is_some() {
            for (n, header) in headers.iter().enumerate() {
                let block = &payload[(n * blksize).min(payload.len())..payload.len().min((n + 1) * blksize)];
                let head = [&header[..], &block[..block.len().min(HEAD - 4)]].concat();
                self.see_datagram(to, Dir::Sent, &head, block.len() + 4, sense);
            }
        }
        Ok(())
    }

    fn wait_writable(&self, socket: &UdpSocket) -> Result<(), ClientError> {
        let second = Timespec { tv_sec: 1, tv_nsec: 0 };
        match poll(&mut [PollFd::new(socket, PollFlags::OUT)], Some(&second)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(e) => Err(ClientError::Network(e.into())),
        }
    }

    pub(super) fn see_datagram(&self, peer: SocketAddr, dir: Dir, octets: &[u8], len: usize, sense: Sense) {
        if let Some(tap) = &self.options.tap {
            let head = tap::masked_datagram(octets);
            // The length is of what is shown, or a capture of it would look cut off.
            let len = len + head.len() - octets.len();
            let head = &head[..head.len().min(HEAD)];
            let peer = if peer.ip() == self.server.ip() {
                let port = if peer == self.server { self.named.port() } else { peer.port() };
                SocketAddr::new(self.named.ip(), port)
            } else {
                self.options.wire.named(peer)
            };
            let what = What::Datagram { head, len, sense };
            tap.see(&Sight { at: Instant::now(), flow: self.flow, local: self.local, peer, dir, what });
        }
    }

    pub(super) fn see(&self, dir: Dir, what: &What<'_>) {
        if let Some(tap) = &self.options.tap {
            let (at, peer) = (Instant::now(), self.named_peer());
            tap.see(&Sight { at, flow: self.flow, local: self.local, peer, dir, what: what.clone() });
        }
    }
}

/// The address that packets of `socket` to `peer` leave from, also where it is bound to any, and the MTU of
/// the way there, where the system tells.
fn way(socket: &UdpSocket, peer: SocketAddr) -> io::Result<(SocketAddr, Option<u32>)> {
    let mut local = socket.local_addr()?;
    let probe = UdpSocket::bind(SocketAddr::new(local.ip(), 0))?;
    // Connecting sends nothing. Without a route the unspecified address has to do.
    if probe.connect(peer).is_err() {
        return Ok((local, None));
    }
    local.set_ip(probe.local_addr()?.ip());
    Ok((local, udp::path_mtu(&probe).ok()))
}
