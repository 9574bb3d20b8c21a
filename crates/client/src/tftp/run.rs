//! One request and its transfer.

use super::Job;
use super::ladder::{Fall, Holder, Rung};
use super::port::{Port, Woken};
use crate::{ClientError, Done, Ladder, Options, Outcome, Phase, Remote, WireCode};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tftp_proto::client::{Client, wrong_tid};
use tftp_proto::packet::TooLong;
use tftp_proto::{
    Config, ErrorCode, Event, Fault, Outcome as End, Received, RtoConfig, Terms, Transfer, Transmit, Why,
};
use transport::tap::{Dir, Sense, What};
use transport::udp::{Bunch, GivingWay, Haste, MOST_LOOKS};

/// How long it answers repeats of the last block.
const DALLY: std::ops::RangeInclusive<Duration> = Duration::from_millis(20)..=Duration::from_millis(250);
/// Calls that take datagrams, before the timers and the cancel token are looked at.
const BURST: usize = 64;
/// Octets for which a call is worth while while the next window is awaited.
const WORTH_WRITING: usize = 16_384;
/// A server that answers and of whose blocks none comes for this long sends them into a black hole: a link
/// that drops what is too long for it. A block that is only lost comes again sooner: servers' fixed timers are
/// 1 s to 5 s (tftpd-hpa, atftpd).
const BLACK_HOLE: Duration = Duration::from_secs(6);
/// The same for our own blocks, where the server says nothing at all: it may be clearing its flash.
const BLACK_HOLE_SENT: Duration = Duration::from_secs(10);
/// What the best window may take in the receive buffer, with what the system keeps beside each block.
const ROOM: usize = 4 << 20;
/// A write that took so long is told to the machine: whoever has the file may have been asked something first.
const BUSY: Duration = Duration::from_secs(1);

/// Why a run ended without a file.
pub(super) enum Stop {
    /// Another offer may work; the error is for when there is none.
    Fell(Fall, ClientError),
    Error(ClientError),
}

impl From<ClientError> for Stop {
    fn from(e: ClientError) -> Stop {
        Stop::Error(e)
    }
}

/// What may turn out to be a black hole.
#[derive(Clone, Copy, Debug)]
struct Hole {
    /// Since when nothing came that could explain it.
    since: clock::Instant,
    /// Whether the server has told its options again: then it has none of our blocks.
    asks_again: bool,
}

/// One request and its transfer.
pub(super) struct Run<'r, 'a> {
    options: &'r Options,
    job: &'r mut Job<'a>,
    client: Client,
    port: Port<'r>,
    terms: Terms,
    /// What is offered.
    rung: Rung,
    /// Whether the server took options, and no full block has come through since; from when that counts.
    hole: Option<Hole>,
    /// The outcome, once the machine has one.
    over: Option<End>,
    /// Our own file failed.
    local: Option<io::Error>,
    repeats: u64,
    haste: Haste,
    giving_way: GivingWay,
}

impl<'r, 'a> Run<'r, 'a> {
    /// A request that is ready to go out.
    pub(super) fn new(
        remote: &Remote,
        options: &'r Options,
        job: &'r mut Job<'a>,
        port: Port<'r>,
        rung: Rung,
    ) -> Result<Self, ClientError> {
        let name = &remote.path;
        if name.is_empty() || name.contains(&0) {
            let why = "the remote name is empty or contains a NUL octet";
            return Err(ClientError::Local(io::Error::new(io::ErrorKind::InvalidInput, why)));
        }
        let holder = match (job.is_get(), options.tftp.ladder) {
            (true, Ladder::Best) => Holder::Us(port.room(ROOM)),
            (true, Ladder::Given) | (false, _) => Holder::Peer,
        };
        let offer = job.offer(&rung.asks(&options.tftp, port.block(), holder), &options.tftp);
        let rto = RtoConfig { first: options.tftp.first_rto, ..RtoConfig::default() };
        let config =
            Config { no_progress: options.tftp.no_progress, rto, dally: *DALLY.end(), ..Config::client() };
        let now = port.now();
        let client = match job {
            Job::Get(t) => Client::read(now, name, t.mode(), offer, config),
            Job::Put(s) => Client::write(now, name, s.mode(), offer, s.wire_len(), config),
        };
        let client = client.map_err(|e: TooLong| {
            ClientError::Local(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the remote name is too long: {e}"),
            ))
        })?;
        let terms = Terms::default();
        Ok(Run {
            options,
            job,
            client,
            port,
            terms,
            rung,
            hole: None,
            over: None,
            local: None,
            repeats: 0,
            haste: Haste::up_to(MOST_LOOKS),
            giving_way: GivingWay::default(),
        })
    }

    /// Runs it to its end.
    pub(super) fn run(mut self) -> Result<Done, Stop> {
        let mut bunch = Bunch::new();
        loop {
            self.send_all()?;
            if self.over.is_some() {
                return self.finish();
            }
            if self.options.cancel.as_ref().is_some_and(|c| c.is_cancelled()) {
                self.client.abort(ErrorCode::Undefined, "interrupted");
                self.send_all()?;
                return Err(ClientError::Cancelled.into());
            }
            let timer = self.client.poll_timeout();
            let until = timer.into_iter().chain(self.falls_at()).min();
            match self.port.wait(until, self.options.cancel.as_ref()).map_err(ClientError::Network)? {
                Woken::Datagram => self.receive(&mut bunch)?,
                // What the server said before it closed its port counts first: an ERROR, the last ACK.
                Woken::Error => {
                    self.receive(&mut bunch)?;
                    if self.over.is_none() {
                        self.take_errors()?;
                    }
                }
                Woken::Other => {}
            }
            let now = self.port.now();
            if self.falls_at().is_some_and(|at| at <= now) {
                return Err(self.black_hole());
            }
            if timer.is_some_and(|at| at <= now) && self.client.handle_timeout(now) {
                self.port.see(Dir::Here, &What::TimedOut);
            }
            self.take_events(&[]);
        }
    }

    /// Takes what has arrived, and what arrives while it does.
    fn receive(&mut self, bunch: &mut Bunch) -> Result<(), Stop> {
        let mut calls = 0;
        while calls < BURST {
            match self.port.receive(bunch, self.terms.windowsize) {
                Ok(_) => self.haste.came(),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    // The server is at the next window: time to write this one.
                    if self.settle(WORTH_WRITING) {
                        continue;
                    }
                    // To sleep and to be woken costs more than the rest of the window takes to come.
                    let looks = self.client.transfer().is_some() && self.giving_way.pays();
                    if !looks || !self.haste.stays() {
                        break;
                    }
                    self.giving_way.once();
                    continue;
                }
                // What ICMP said stands in the error queue, with the address it is about, and polls as such.
                Err(e) if unreachable(&e) => {
                    calls += 1;
                    continue;
                }
                Err(e) => return Err(ClientError::Network(e).into()),
            }
            calls += 1;
            let now = self.port.now();
            for (from, datagram) in bunch.datagrams() {
                let Some(from) = from else { continue };
                self.take(now, from, datagram)?;
                if self.over.is_some() {
                    return Ok(());
                }
            }
        }
        self.settle(1);
        Ok(())
    }

    /// Takes one datagram.
    fn take(&mut self, now: clock::Instant, from: SocketAddr, datagram: &[u8]) -> Result<(), Stop> {
        let len = datagram.len();
        if !self.port.is_peer(from) {
            self.port.see_datagram(from, Dir::Received, datagram, len, Sense::Stray);
            if let Some(error) = wrong_tid(datagram).filter(|_| self.port.may_scold(from)) {
                self.port.send_to(from, &error, Sense::First);
            }
            return Ok(());
        }
        let received = self.client.handle_datagram(now, datagram);
        if self.client.is_answered() {
            self.port.lock(from);
        }
        self.port.see_datagram(from, Dir::Received, datagram, len, sense_of(received));
        self.take_events(datagram);
        self.judge_hole(now, received);
        if self.over.is_some() {
            return Ok(());
        }
        // The answer to this datagram goes out before the next one is looked at.
        self.send_all()
    }

    /// Nothing more waits: what was gathered goes into the file, if it is worth a call. Whether it was.
    fn settle(&mut self, least: usize) -> bool {
        let Job::Get(target) = &mut *self.job else { return false };
        if target.gathered() < least {
            return false;
        }
        let began = self.port.now();
        if let Err(e) = target.settle() {
            self.fail(e);
        }
        let now = self.port.now();
        if now.since(began) >= BUSY
            && let Some(Transfer::Receive(receiver)) = self.client.transfer()
        {
            receiver.was_busy(now);
        }
        true
    }

    /// Looks whether a full block has come through.
    fn judge_hole(&mut self, now: clock::Instant, received: Received) {
        let Some(hole) = &mut self.hole else { return };
        let through = match self.client.transfer() {
            // Early blocks count as well.
            Some(Transfer::Receive(receiver)) => receiver.received() > 0 || self.job.octets() > 0,
            Some(Transfer::Send(sender)) => sender.acked() > 0,
            None => true,
        };
        match (through, &*self.job) {
            (true, _) => self.hole = None,
            // The server's options again: our answer is lost, and it has not sent a block yet.
            (false, Job::Get(_)) => hole.since = now,
            (false, Job::Put(_)) => hole.asks_again |= received == Received::Dup,
        }
    }

    /// When to take the silence for a black hole.
    fn falls_at(&self) -> Option<clock::Instant> {
        let hole = self.hole?;
        Some(hole.since + if self.job.is_get() || hole.asks_again { BLACK_HOLE } else { BLACK_HOLE_SENT })
    }

    /// Gives this offer up for a smaller one.
    fn black_hole(mut self) -> Stop {
        self.client.abort(ErrorCode::Undefined, "blocks of this size do not come through");
        if let Err(stop) = self.send_all() {
            return stop;
        }
        let (peer, seconds) = (self.port.named_peer(), BLACK_HOLE.as_secs());
        Stop::Fell(Fall::BlackHole, ClientError::TimedOut { peer, phase: Phase::After(0), seconds })
    }

    /// ICMP errors came back.
    fn take_errors(&mut self) -> Result<(), Stop> {
        for source in self.port.errors() {
            let peer = self.port.named_peer();
            if !self.client.is_answered() {
                return Err(ClientError::Unreachable { peer, source }.into());
            }
            // In mid-transfer a route may come back; a closed port does not open again.
            if source.kind() == io::ErrorKind::ConnectionRefused && self.over.is_none() {
                self.client.peer_left();
                self.take_events(&[]);
                if self.over == Some(End::TimedOut) {
                    return Err(ClientError::Unreachable { peer, source }.into());
                }
            }
        }
        Ok(())
    }

    /// Hands events out; `datagram` is the one just handled.
    fn take_events(&mut self, datagram: &[u8]) {
        while let Some(event) = self.client.poll_event() {
            match event {
                Event::Agreed(terms) => {
                    self.terms = terms;
                    self.port.agreed(&terms);
                    let shrinks = terms.blksize > tftp_proto::DEFAULT_BLKSIZE
                        && self.rung.may_shrink(self.options.tftp.ladder, self.port.block());
                    self.hole = shrinks.then(|| Hole { since: self.port.now(), asks_again: false });
                }
                Event::Place { block, len } => {
                    let payload = &datagram[tftp_proto::packet::DATA_HEADER..][..len];
                    let Job::Get(target) = &mut *self.job else { unreachable!("only a receiver places") };
                    if let Err(e) = target.place(block, self.terms.blksize, payload) {
                        self.fail(e);
                    }
                }
                Event::Whole { .. } => {
                    let Job::Get(target) = &mut *self.job else { unreachable!("only a receiver is whole") };
                    match target.finish() {
                        Ok(()) => {
                            let now = self.port.now();
                            if let Some(Transfer::Receive(r)) = self.client.transfer() {
                                self.repeats = r.repeats();
                                r.commit(now);
                            }
                            self.over = Some(End::Complete);
                        }
                        Err(e) => self.fail(e),
                    }
                }
                Event::Over(end) => {
                    self.over.get_or_insert(end);
                }
            }
        }
    }

    fn fail(&mut self, e: io::Error) {
        let code = match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::DiskFull,
            _ => ErrorCode::Undefined,
        };
        self.client.abort(code, "the local file failed");
        self.local = Some(e);
    }

    fn send_all(&mut self) -> Result<(), Stop> {
        while let Some(out) = self.client.poll_transmit() {
            match out {
                Transmit::Packet { octets, why } => self.port.send(&octets, sense(why)),
                Transmit::Ack { octets, why } => self.port.send(&octets, sense(why)),
                Transmit::Blocks { first, count, why } => {
                    let Job::Put(source) = &mut *self.job else { unreachable!("only a sender has blocks") };
                    let Some(Transfer::Send(sender)) = self.client.transfer() else {
                        unreachable!("blocks come from a sender")
                    };
                    match source.run(sender, first, count) {
                        Ok(payload) => {
                            // The text may have turned out to end inside the run.
                            let end = (first + u64::from(count) - 1).min(sender.last().unwrap_or(u64::MAX));
                            self.port.send_blocks(&self.terms, first..=end, payload, sense(why))?;
                        }
                        Err(e) => self.fail(e),
                    }
                }
            }
        }
        self.take_events(&[]);
        Ok(())
    }

    fn finish(mut self) -> Result<Done, Stop> {
        self.repeats = self.repeats.max(self.client.repeats());
        if let Some(e) = self.local.take() {
            return Err(ClientError::Local(e).into());
        }
        if self.hole.is_some() && matches!(self.over, Some(End::TimedOut | End::Unconfirmed)) {
            // Somebody's patience was shorter than ours.
            return Err(self.black_hole());
        }
        let peer = self.port.named_peer();
        let outcome = match self.over.take().expect("finish is called when it is over") {
            End::Complete => Outcome::Complete,
            End::Unconfirmed => Outcome::Unconfirmed,
            End::TimedOut => {
                let phase = if self.client.is_answered() && self.port.is_locked() {
                    Phase::After(self.job.octets())
                } else {
                    Phase::BeforeAnswer
                };
                let seconds = self.options.tftp.no_progress.as_secs();
                return Err(ClientError::TimedOut { peer, phase, seconds }.into());
            }
            End::Refused { code, text } => {
                let error = server_error(code, text);
                return Err(match self.client.may_retry_plain(code) {
                    true => Stop::Fell(Fall::Refused(code), error),
                    false => Stop::Error(error),
                });
            }
            End::Broken(Fault::WrongSize { expected, found }) => {
                return Err(ClientError::Truncated { expected, found }.into());
            }
            End::Broken(fault @ Fault::BadOack(_)) => {
                let error = ClientError::Protocol { peer, what: fault.to_string() };
                return Err(Stop::Fell(Fall::BadOack, error));
            }
            End::Broken(fault) => return Err(ClientError::Protocol { peer, what: fault.to_string() }.into()),
            End::Aborted => return Err(ClientError::Cancelled.into()),
        };
        let done = Done {
            octets: self.job.octets(),
            elapsed: self.port.elapsed(),
            outcome,
            modified: None,
            mode: None,
            repeats: self.repeats,
        };
        if matches!(self.job, Job::Get(_)) {
            self.dally()?;
        }
        Ok(done)
    }

    /// RFC 1350 §6: the last ACK may be lost.
    fn dally(&mut self) -> Result<(), Stop> {
        let until = self.port.now() + (self.port.round_trip() * 3).clamp(*DALLY.start(), *DALLY.end());
        let mut bunch = Bunch::new();
        self.send_all()?;
        while self.port.now() < until {
            match self.port.wait(Some(until), None).map_err(ClientError::Network)? {
                Woken::Datagram => {}
                // A closed port is as good as silence: the server has what it wants. Waiting on would spin:
                // the socket polls as erroneous until the error is taken.
                Woken::Error => return Ok(()),
                Woken::Other => continue,
            }
            if self.port.receive(&mut bunch, self.terms.windowsize).is_err() {
                return Ok(());
            }
            for (from, datagram) in bunch.datagrams() {
                if let Some(from) = from.filter(|from| self.port.is_peer(*from)) {
                    let received = self.client.handle_datagram(self.port.now(), datagram);
                    self.port.see_datagram(from, Dir::Received, datagram, datagram.len(), sense_of(received));
                    self.send_all()?;
                }
            }
        }
        Ok(())
    }
}

fn unreachable(e: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(e.kind(), K::ConnectionRefused | K::HostUnreachable | K::NetworkUnreachable)
}

fn sense(why: Why) -> Sense {
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

/// The one match from the wire's codes to our errors.
fn server_error(code: ErrorCode, text: String) -> ClientError {
    let wire = WireCode::Tftp(code.to_u16());
    match code {
        ErrorCode::FileNotFound => ClientError::Absent { code: wire, text },
        ErrorCode::AccessViolation | ErrorCode::NoSuchUser => ClientError::Denied { code: wire, text },
        ErrorCode::DiskFull => ClientError::NoSpace { code: wire, text },
        ErrorCode::FileExists => ClientError::Exists { code: wire, text },
        ErrorCode::Undefined
        | ErrorCode::IllegalOperation
        | ErrorCode::UnknownTid
        | ErrorCode::OptionRefused
        | ErrorCode::Other(_) => ClientError::Server { code: wire, text },
    }
}
