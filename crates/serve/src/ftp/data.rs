//! The data connection: made, pumped, ended. A future that the session's select polls.

use super::files::{Listing, Open};
use super::lane::Lane;
use super::ports::Port;
use super::{FtpConfig, Reuse, convert, fxp, refusal};
use crate::disk::Disk;
use crate::wire::Wire;
use ftp_proto::server::{End, Via};
use gate::{Meter, Progress, Reading, Refusal, Writing};
use socket2::SockRef;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::Ready;
use tokio::sync::Notify;
use tokio::time::timeout;
use transport::pump::{Bite, Incoming, Outgoing, PumpError};
use transport::tap::{Dir, Role, Sight, Tap, What};
use transport::tls::{self, Identity};

/// What the session and its transfer share while it runs.
pub(super) struct Watch {
    /// Octets on the wire so far.
    pub(super) progress: Progress,
    /// Ends the transfer early.
    pub(super) cancel: Notify,
}

impl Watch {
    /// Of what is open: a download is counted for the gate too, an upload counts itself in octets of the file.
    pub(super) fn of(open: &Open) -> Watch {
        let progress = match open {
            Open::Reading { reading, offset, end, form } => {
                let progress = reading.progress().clone();
                // How many converted ones there are on the wire nobody knows before.
                progress.expect(form.is_plain().then(|| end.saturating_sub(*offset)));
                progress
            }
            Open::Writing { .. } | Open::Listing(_) => Progress::new(None),
        };
        Watch { progress, cancel: Notify::new() }
    }
}

/// Whether a data connection is under TLS, and as what we are.
pub(super) enum Secured {
    Clear,
    /// Showing this.
    Server(Identity),
    Client,
}

/// One data connection to be.
pub(super) struct Data {
    pub(super) via: Via,
    pub(super) listener: Option<Port>,
    pub(super) tls: Secured,
    /// Whose it is.
    pub(super) session: Option<gate::Session>,
    /// The control connection's ends.
    pub(super) local: SocketAddr,
    pub(super) peer: SocketAddr,
    pub(super) tap: Option<Arc<dyn Tap>>,
    pub(super) flow: u64,
    pub(super) watch: Arc<Watch>,
}

/// What a data connection moved.
pub(super) struct Moved {
    pub(super) open: Open,
    /// Of the wire.
    pub(super) octets: u64,
    pub(super) end: End,
    /// Where the client came to, if it did.
    pub(super) listener: Option<Port>,
}

/// Octets that are taken of a file that cannot be kept, and for how long, before it is broken off.
const HEARD_OUT: usize = 4 << 20;
const HEARING_OUT: Duration = Duration::from_secs(2);
/// How long a connection under TLS whose data is all there waits for its peer's end.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Yields to the other branches of the select after so many octets.
const TURN: u64 = 4 << 20;

impl Data {
    /// Gets the connection and moves what is open.
    pub(super) async fn run(mut self, config: FtpConfig, mut open: Open) -> Moved {
        let watch = self.watch.clone();
        let end = tokio::select! {
            biased;
            () = watch.cancel.notified() => End::Cancelled,
            end = self.carry(&config, &mut open) => end,
        };
        Moved { open, octets: watch.progress.octets(), end, listener: self.listener }
    }

    async fn carry(&mut self, config: &FtpConfig, open: &mut Open) -> End {
        let mut outgoing = outgoing(open);
        let meter = match open {
            Open::Reading { reading, .. } => reading.take_meter(),
            Open::Writing { writing, .. } => writing.take_meter(),
            Open::Listing(listing) => listing.take_meter(),
        };
        let came = match self.connection(config).await {
            Ok(came) => came,
            Err(why) => {
                self.see(self.peer, self.local, Dir::Here, What::ConnectFailed { why: &why });
                return End::NoConnection(why);
            }
        };
        if let (Some(out), Open::Reading { reading, .. }, None, Secured::Clear) =
            (&mut outgoing, &*open, &meter, &self.tls)
            && let Some(end) = self.at_once(&came, out, reading)
        {
            return end;
        }
        let (ends, is_other) = (came.ends, came.is_other);
        let Ok(stream) = came.stream() else { return End::Lost };
        // Until it is known to be whole, whatever drops the connection (ABOR, the server's end) is a RST.
        let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        let Ok(mut wire) = Wire::new(stream, None) else { return End::Lost };
        if let Err(why) = self.secure(&mut wire, ends.1, config, is_other).await {
            self.see(ends.0, ends.1, Dir::Here, What::ConnectFailed { why: &why });
            return End::NotPrivate(why);
        }
        let mut moving = Moving {
            data: self,
            wire: &mut wire,
            stall: config.no_progress,
            meter,
            turn: 0,
            ends,
            disk: Disk::default(),
        };
        let end = match open {
            Open::Reading { reading, .. } => match outgoing {
                Some(out) => moving.send(out, Some(reading)).await,
                None => End::Lost,
            },
            Open::Writing { writing, form, marks, announced } => {
                let convert = convert::incoming(*form, marks, *announced);
                let incoming = Incoming::new(writing.start(), convert);
                moving.receive(incoming, writing).await
            }
            Open::Listing(listing) => moving.list(listing).await,
        };
        let end = match (end, &mut *open) {
            (End::Whole, _) => moving.finish().await,
            (end @ End::Local(..), Open::Writing { .. }) => {
                moving.hear_out().await;
                end
            }
            (end, _) => end,
        };
        drop(moving);
        if end == End::Whole && wire.is_tls() {
            // Its last words are still to be read, or our close would be a RST; nobody waits for that.
            tokio::spawn(wire.close(LAST_WORDS));
        }
        end
    }

    /// TLS, where it is wanted.
    async fn secure(
        &self,
        wire: &mut Wire,
        peer: SocketAddr,
        config: &FtpConfig,
        is_other: bool,
    ) -> Result<(), String> {
        let patience = config.connect;
        let shaken = async {
            match &self.tls {
                Secured::Clear => return Ok(()),
                Secured::Server(identity) => wire.secure(identity)?,
                Secured::Client => wire.secure_towards(fxp::towards(peer, config)?),
            }
            wire.shake().await
        };
        match timeout(patience, shaken).await {
            Err(_) => return Err(format!("no handshake within {} s.", patience.as_secs())),
            Ok(Err(e)) => return Err(format!("{}.", tls::unshaken(&e))),
            Ok(Ok(())) => {}
        }
        // Another server has no session to go on from: that it may be here is the owner's word for its address.
        match &self.tls {
            Secured::Server(_) if !is_other && config.tls_reuse == Reuse::Require && !wire.is_resumed() => {
                Err(String::from(
                    "its session does not go on from the control connection's, which proves who made it; the client \
                     has to reuse that session.",
                ))
            }
            Secured::Clear | Secured::Server(_) | Secured::Client => Ok(()),
        }
    }

    pub(super) fn see(&self, local: SocketAddr, peer: SocketAddr, dir: Dir, what: What<'_>) {
        if let Some(tap) = &self.tap {
            tap.see(&Sight { at: Instant::now(), flow: self.flow, local, peer, dir, what });
        }
    }
}

/// What a download sends.
fn outgoing(open: &Open) -> Option<Outgoing> {
    let Open::Reading { reading, offset, end, form } = open else { return None };
    Some(Outgoing::new(reading.blob().clone(), *offset, convert::outgoing(*form, *offset)).up_to(*end))
}

/// An open data connection.
struct Moving<'a> {
    data: &'a Data,
    wire: &'a mut Wire,
    stall: Duration,
    /// The rate that it has to keep, if any.
    meter: Option<Box<Meter>>,
    turn: u64,
    ends: (SocketAddr, SocketAddr),
    disk: Disk,
}

impl Moving<'_> {
    /// Of a listing there is no reading.
    async fn send(&mut self, mut out: Outgoing, reading: Option<&Reading>) -> End {
        let mut lane = Lane::of(self.wire, &out, self.meter.as_deref());
        if lane.is_some() {
            // Its client may wait for the 150.
            tokio::task::yield_now().await;
        }
        loop {
            if let Some(taken) = &lane {
                match taken.turn(self.wire, &mut out) {
                    Ok((Bite::Moved(n), is_worth_it)) => {
                        if let Some(reading) = reading {
                            reading.begun();
                        }
                        if !is_worth_it {
                            lane = None;
                        }
                        self.moved(n, Dir::Sent).await;
                        // ABOR, STAT and the like between any two turns.
                        tokio::task::yield_now().await;
                        continue;
                    }
                    Ok((Bite::Blocked | Bite::Over, _)) => lane = None,
                    Err(e) => return failed(e),
                }
            }
            if self.meter.is_some() {
                out.at_most(self.turn_of_rate().await);
            }
            let ready = self.wire.ready(false, true);
            if let Err(end) = waited(timeout(self.stall, ready).await) {
                return end;
            }
            match self.disk.read(|| self.wire.send(&mut out)) {
                Ok(Bite::Over) => return End::Whole,
                Ok(Bite::Moved(n)) => {
                    if let Some(reading) = reading {
                        reading.begun();
                    }
                    self.moved(n, Dir::Sent).await;
                }
                Ok(Bite::Blocked) => {}
                Err(e) => return failed(e),
            }
        }
    }

    async fn receive(&mut self, mut incoming: Incoming, writing: &mut Writing) -> End {
        loop {
            if self.meter.is_some() {
                incoming.at_most(self.turn_of_rate().await);
            }
            let ready = self.wire.ready(true, false);
            if let Err(end) = waited(timeout(self.stall, ready).await) {
                return end;
            }
            let bite = self.disk.write(|| self.wire.receive(&mut incoming, writing));
            if incoming.is_spliced() {
                writing.wrote_to(incoming.position());
            }
            match bite {
                Ok(Bite::Over) => return End::Whole,
                Ok(Bite::Moved(n)) => {
                    self.moved(n, Dir::Received).await;
                    // A file that tells its own end (MODE B, say) need not wait for the connection's.
                    if incoming.has_ended() {
                        return End::Whole;
                    }
                }
                Ok(Bite::Blocked) => {}
                Err(PumpError::Content(e)) => return convert::malformed(&e),
                // RFC 8446 §6.1: the peer has not said that this is all.
                Err(PumpError::Socket(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    return End::Unclosed;
                }
                Err(e) => return failed(e),
            }
        }
    }

    /// A directory goes out in batches, however long it is.
    async fn list(&mut self, listing: &mut Listing) -> End {
        // Its client may wait for the 150, and what follows here may fill a socket before anything else has a turn.
        tokio::task::yield_now().await;
        loop {
            // Reading a directory blocks for a moment at most; the batch is 256 entries.
            let lines = match tokio::task::block_in_place(|| listing.next()) {
                Ok(lines) => lines,
                Err(why) => {
                    let (code, text) = refusal::reply(&why);
                    return End::Local(code, text);
                }
            };
            if lines.is_empty() {
                return End::Whole;
            }
            let blob = gate::store::Blob::Memory(bytes::Bytes::from(lines));
            match self.send(Outgoing::new(blob, 0, None), None).await {
                End::Whole => {}
                other => return other,
            }
        }
    }

    /// Waits until the rate lets something be moved, and says how much.
    async fn turn_of_rate(&mut self) -> u64 {
        let Some(meter) = &mut self.meter else { return u64::MAX };
        let wait = meter.wait(Instant::now(), 0);
        // The timer counts in milliseconds; what is less is caught up with at once.
        if wait >= Duration::from_millis(1) {
            tokio::time::sleep(wait).await;
        }
        meter.credit()
    }

    async fn moved(&mut self, n: usize, dir: Dir) {
        if let Some(meter) = &mut self.meter {
            meter.moved(n as u64);
        }
        let total = self.data.watch.progress.add(n as u64);
        if self.data.tap.is_some() {
            let (local, peer) = self.ends;
            self.data.see(local, peer, dir, What::Data { len: n, total });
        }
        self.turn += n as u64;
        if self.turn >= TURN {
            self.turn = 0;
            tokio::task::yield_now().await;
        }
    }

    /// Takes for a moment what the peer still sends of a file that we cannot keep: in the middle of it a RST is all that
    /// some clients see (curl), and never the reply that says why. A long one is broken off all the same.
    async fn hear_out(&mut self) {
        let rest = async {
            let (mut octets, mut left) = (vec![0; 64 << 10], HEARD_OUT);
            while left > 0 && self.wire.ready(true, false).await.is_ok() {
                match self.wire.read(&mut octets) {
                    Ok(0) => return,
                    Ok(n) => left = left.saturating_sub(n),
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
            }
        };
        // In either case it is over now.
        let _ = timeout(HEARING_OUT, rest).await;
    }

    /// A whole transfer ends with a FIN, under TLS with close_notify before it; a broken one with a RST: the peer must
    /// not take it for whole.
    async fn finish(&mut self) -> End {
        match timeout(self.stall, self.wire.over()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return End::Lost,
            Err(_) => return End::Stalled,
        }
        let socket = SockRef::from(self.wire.stream());
        let _ = socket.set_linger(None);
        let _ = socket.shutdown(std::net::Shutdown::Write);
        // Octets that nobody reads would turn our close into a RST behind the last data.
        if !self.wire.is_tls() {
            let mut rest = [0u8; 1_024];
            while matches!(self.wire.stream().try_read(&mut rest), Ok(n) if n > 0) {}
        }
        End::Whole
    }
}

impl Drop for Moving<'_> {
    /// ABOR drops the transfer in its midst: the tap hears of that end too.
    fn drop(&mut self) {
        let (local, peer) = self.ends;
        let total = self.data.watch.progress.octets();
        self.data.see(local, peer, Dir::Here, What::Closed { role: Role::Data, total });
    }
}

fn waited(ready: Result<io::Result<Ready>, tokio::time::error::Elapsed>) -> Result<(), End> {
    match ready {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err(End::Lost),
        Err(_) => Err(End::Stalled),
    }
}

fn failed(e: PumpError) -> End {
    match e {
        PumpError::Socket(_) => End::Lost,
        PumpError::File(e) | PumpError::Content(e) => {
            let (code, text) = refusal::reply(&Refusal::from(gate::store::StoreError::from(e)));
            End::Local(code, text)
        }
    }
}

/// A boxed question being answered.
pub(super) type Work<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;
