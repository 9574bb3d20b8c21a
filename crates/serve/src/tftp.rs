//! TFTP's driver: one thread with one level-triggered epoll loop, one connected socket for each transfer.
//!
//! Opening and committing files may wait for the disk, so they run on a few worker threads; everything else
//! happens in the loop. See `docs/protocols/tftp.md` for what each rule of the RFCs became.
//!
//! - `engine`: the loop; `timers`: its deadlines; `slots`: its transfers.
//! - `requests`: the request port, from a datagram to a transfer.
//! - `budget`: how much the unproved may be sent; `clients`: what addresses have taught us.
//! - `rate`: what the owner lets it do.
//! - `transfer`: one transfer, from its first packet to its end; `way`: the socket behind it;
//!   `pool`: sockets that were used.
//! - `content`: where its octets are; netascii. `chunks`: what was read ahead; `scratch`: shared memory.
//! - `open`: from a request to an opened file; `names`: what a name stands for.
//! - `worker`: the threads that may wait for the disk.
//! - `record`: its facts at the end.
//! - `refusal`: the door's answers as ERROR codes.

mod budget;
mod chunks;
mod clients;
mod content;
mod engine;
pub mod names;
mod open;
mod paths;
mod pool;
mod rate;
mod record;
mod refusal;
mod requests;
mod scratch;
mod slots;
#[cfg(test)]
mod tests;
mod timers;
mod transfer;
mod way;
mod worker;

pub use names::Names;

use engine::Engine;
use gate::{Gate, OnKick};
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tftp_proto::{Config, Limits, RtoConfig};
use transport::tap::Tap;
use transport::udp::RequestSocket;

/// The server's settings.
#[derive(Clone, Debug)]
pub struct TftpConfig {
    /// The end of a transfer when nothing new came for this long.
    pub no_progress: Duration,
    /// The first wait for an answer; later ones are measured.
    pub first_rto: Duration,
    /// How long an upload's last ACK is repeated on request (RFC 1350 §6).
    pub dally: Duration,
    /// UDP ports of transfers; `None`: any free one.
    pub port_range: Option<RangeInclusive<u16>>,
    /// Whether all transfers use the request port, for firewalls and NATs that know that one only. Peers are
    /// told apart by address and port; RFC 1350 §4 wants a port for each transfer.
    pub single_port: bool,
    /// Whether blocks are agreed to that the path to the peer takes in one piece only.
    pub clamp_to_mtu: bool,
    /// Whether requests to a broadcast address are answered, from the interface's own: what routers without
    /// a configuration send (RFC 1123 §4.2.3.5 says that they should be ignored).
    pub autoinstall: bool,
    /// Whether blocks go ahead to clients that know no windows; see [`tftp_proto::SendAhead`].
    pub send_ahead: bool,
    /// Transfers at once; more are refused.
    pub max_transfers: usize,
    /// The largest block agreed to, octets.
    pub max_blksize: u16,
    /// The largest window agreed to, blocks.
    pub max_windowsize: u16,
    /// How names are understood.
    pub names: Arc<Names>,
}

impl Default for TftpConfig {
    fn default() -> Self {
        let (proto, limits) = (Config::server(), Limits::default());
        TftpConfig {
            no_progress: proto.no_progress,
            first_rto: proto.rto.first,
            dally: proto.dally,
            port_range: None,
            single_port: false,
            clamp_to_mtu: true,
            autoinstall: false,
            send_ahead: false,
            max_transfers: gate::Limits::default().transfers(),
            max_blksize: limits.blksize,
            max_windowsize: limits.windowsize,
            names: Arc::default(),
        }
    }
}

impl TftpConfig {
    fn patience(&self) -> Config {
        let rto = RtoConfig { first: self.first_rto, ..RtoConfig::default() };
        Config { no_progress: self.no_progress, dally: self.dally, rto, ..Config::server() }
    }

    fn limits(&self) -> Limits {
        Limits { blksize: self.max_blksize, windowsize: self.max_windowsize, ..Limits::default() }
    }
}

/// What the owner has told the loop.
pub(crate) struct Control {
    state: AtomicU8,
    wake: OwnedFd,
    /// Whether the loop reads the request ports no more.
    deaf: AtomicBool,
    /// Whether sessions were kicked since the loop looked last.
    kicks: AtomicBool,
}

const RUNNING: u8 = 0;
const RETIRING: u8 = 1;
const DRAINING: u8 = 2;
const CUT: u8 = 3;

impl Control {
    fn tell(&self, state: u8) {
        self.state.fetch_max(state, Ordering::AcqRel);
        self.rouse();
    }

    fn rouse(&self) {
        // The counter can only be full when the loop has been woken already.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    fn is(&self, state: u8) -> bool {
        self.state.load(Ordering::Acquire) >= state
    }
}

/// A running TFTP server. Dropping it cuts what is under way.
pub struct TftpServer {
    addresses: Vec<SocketAddr>,
    control: Arc<Control>,
    /// What the gate calls when sessions are kicked.
    _on_kick: Arc<OnKick>,
    thread: Option<JoinHandle<()>>,
    /// Says when the loop has ended, by being closed. The lock only lets the server be shared.
    over: Mutex<mpsc::Receiver<()>>,
}

impl TftpServer {
    /// Starts serving on bound sockets.
    pub fn start(
        gate: Arc<Gate>,
        sockets: Vec<UdpSocket>,
        config: TftpConfig,
        tap: Option<Arc<dyn Tap>>,
    ) -> io::Result<TftpServer> {
        let sockets = sockets.into_iter().map(RequestSocket::new).collect::<io::Result<Vec<_>>>()?;
        let addresses = sockets.iter().map(RequestSocket::local).collect();
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let control = Arc::new(Control {
            state: AtomicU8::new(RUNNING),
            wake,
            deaf: AtomicBool::new(false),
            kicks: AtomicBool::new(false),
        });
        let roused = control.clone();
        let on_kick: Arc<OnKick> = Arc::new(move || {
            roused.kicks.store(true, Ordering::Release);
            roused.rouse();
        });
        gate.on_kick(&on_kick);
        let mut engine = Engine::new(gate, sockets, config, tap, control.clone())?;
        let (open, over) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("tftp".into()).spawn(move || {
            engine.run();
            drop(open);
        })?;
        Ok(TftpServer { addresses, control, _on_kick: on_kick, thread: Some(thread), over: Mutex::new(over) })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    /// Takes no new requests; running transfers go on to their end.
    pub fn drain(&self) {
        self.control.tell(DRAINING);
    }

    /// Leaves the request ports to a successor that has the same sockets; running transfers go on to their end.
    ///
    /// A request that nobody reads meanwhile waits in the socket. With a single port nothing can be left before
    /// the last transfer has ended: requests are not answered until then, and their peers ask again.
    pub fn retire(&self) {
        self.control.tell(RETIRING);
    }

    /// Whether a successor may read the request ports.
    pub fn has_retired(&self) -> bool {
        self.control.deaf.load(Ordering::Acquire)
    }

    /// Whether requests are read: it was not drained or retired, and its thread did not die.
    pub fn is_listening(&self) -> bool {
        !self.has_retired() && !self.is_over() && !self.control.is(DRAINING)
    }

    /// Whether the last transfer of a retired or drained server has ended.
    pub fn is_over(&self) -> bool {
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(over.try_recv(), Err(mpsc::TryRecvError::Disconnected))
    }

    /// Drains, waits at most `grace`, cuts what is left then.
    pub fn wait(self, grace: Duration) {
        self.drain();
        // An error means closed: the loop has ended. A time-out: it has not, and the drop cuts it.
        let _ = self.over.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(grace);
    }
}

impl Drop for TftpServer {
    fn drop(&mut self) {
        self.control.tell(CUT);
        if let Some(thread) = self.thread.take() {
            // A panic of the loop has been printed; there is nothing to add here.
            let _ = thread.join();
        }
    }
}
