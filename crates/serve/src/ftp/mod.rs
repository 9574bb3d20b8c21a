//! The FTP server: listeners, and one task for each control connection.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | configuration, listeners, drain |
//! | `session` | one task owns machine, socket and gate session; the open question is a future in its select |
//! | `files` | questions about names, answered by the gate on a blocking thread |
//! | `data` | the data connection: made, pumped, ended |
//! | `refusal` | the gate's refusals as replies |

mod data;
mod files;
mod refusal;
mod session;

#[cfg(test)]
mod tests;

use crate::listen::{Accepting, Place};
use crate::turned_away;
use ftp_proto::reply;
use ftp_proto::server::Config as MachineConfig;
use gate::store::no_descriptors;
use gate::{Gate, OnKick, Protocol, Refusal};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use transport::Spare;
use transport::tap::Tap;

/// What the owner can set.
#[derive(Clone, Debug)]
pub struct FtpConfig {
    /// Ports for passive data connections; `None`: any free one.
    pub passive_ports: Option<RangeInclusive<u16>>,
    /// Who opens data connections, where this process may not; `None`: it does itself.
    pub ports: Option<Arc<dyn DataPorts>>,
    /// The IPv4 address that 227 tells, for servers behind address translation. Clients on this host
    /// are told the address they came to.
    pub advertise: Option<IpAddr>,
    /// The port that active data connections come from (RFC 959 §3.2: 20); 0, or not allowed: any.
    pub active_port: u16,
    /// The end of a session without commands; never of one with a transfer.
    pub idle: Duration,
    /// From the connection to the login.
    pub login_grace: Duration,
    /// The longest wait for a data connection.
    pub connect: Duration,
    /// The end of a transfer in which nothing moves.
    pub no_progress: Duration,
    /// The text of the greeting.
    pub banner: String,
}

impl Default for FtpConfig {
    fn default() -> Self {
        FtpConfig {
            passive_ports: None,
            ports: None,
            advertise: None,
            active_port: 20,
            // A device that erases its flash says nothing for up to 15 minutes: before the transfer, which is
            // then late, or in it, which is then still.
            idle: Duration::from_secs(16 * 60),
            login_grace: Duration::from_secs(60),
            connect: Duration::from_secs(30),
            no_progress: Duration::from_secs(16 * 60),
            banner: String::from("towline ready."),
        }
    }
}

/// Opens the sockets of data connections in place of a process that has given up its own.
///
/// Its calls may wait for another process, shortly; they are made where threads may wait.
pub trait DataPorts: std::fmt::Debug + Send + Sync {
    /// A non-blocking listener on this address of ours, at a port that is its business.
    fn listen(&self, at: IpAddr) -> io::Result<TcpListener>;

    /// A non-blocking connection from `from` that may still be under way: whoever asked waits until it is
    /// writable and then looks at its error.
    fn connect(&self, from: SocketAddr, to: SocketAddr) -> io::Result<TcpStream>;
}

/// What the owner has told listeners and sessions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    /// No new connections; those that are there go on.
    Retiring,
    /// No new connections and commands.
    Draining,
}

/// What all sessions share.
struct Shared {
    gate: Arc<Gate>,
    config: FtpConfig,
    machine: MachineConfig,
    tap: Option<Arc<dyn Tap>>,
    phase: watch::Receiver<Phase>,
    /// Changes when sessions were kicked.
    kicked: watch::Receiver<()>,
}

/// A running server with threads of its own. Dropped it cuts everything.
pub struct FtpServer {
    addresses: Vec<SocketAddr>,
    phase: watch::Sender<Phase>,
    /// Listeners that still accept.
    accepting: Accepting,
    /// What the gate calls when sessions are kicked.
    _on_kick: Arc<OnKick>,
    /// Ends when the last listener and session have ended.
    ///
    /// The lock only lets the server be shared.
    alive: Mutex<mpsc::Receiver<()>>,
    runtime: Option<Runtime>,
}

impl FtpServer {
    /// Serves on `listeners`.
    pub fn start(
        gate: Arc<Gate>,
        listeners: Vec<TcpListener>,
        config: FtpConfig,
        tap: Option<Arc<dyn Tap>>,
    ) -> io::Result<FtpServer> {
        let addresses = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 16))
            .max_blocking_threads(128)
            .thread_name("ftp")
            .enable_all()
            .build()?;
        let (phase, seen) = watch::channel(Phase::Serving);
        let accepting = Accepting::new(listeners.len());
        let (kick, kicked) = watch::channel(());
        let on_kick: Arc<OnKick> = Arc::new(move || kick.send_replace(()));
        gate.on_kick(&on_kick);
        let (living, alive) = mpsc::channel(1);
        let machine = MachineConfig {
            greeting: config.banner.clone(),
            idle: config.idle,
            login_grace: config.login_grace,
            ..MachineConfig::default()
        };
        let shared = Arc::new(Shared { gate, config, machine, tap, phase: seen, kicked });
        let _inside = runtime.enter();
        for listener in listeners {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            runtime.spawn(accept(shared.clone(), listener, living.clone(), accepting.place()));
        }
        drop(_inside);
        let (alive, runtime) = (Mutex::new(alive), Some(runtime));
        Ok(FtpServer { addresses, phase, accepting, _on_kick: on_kick, alive, runtime })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    /// No new connections and commands; running transfers end, then their sessions with 421.
    pub fn drain(&self) {
        self.phase.send_replace(Phase::Draining);
    }

    /// No new connections: a successor that has the same listeners takes them. Sessions go on to their end.
    pub fn retire(&self) {
        self.phase.send_if_modified(|phase| {
            let first = *phase == Phase::Serving;
            *phase = (*phase).max(Phase::Retiring);
            first
        });
    }

    /// Whether a successor may accept: no connection is taken any more.
    pub fn has_retired(&self) -> bool {
        self.accepting.is_over()
    }

    /// Whether every listener accepts: none was drained, retired, or died.
    pub fn is_listening(&self) -> bool {
        self.accepting.is_whole()
    }

    /// Whether the last session of a retired or drained server has ended.
    pub fn is_over(&self) -> bool {
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(alive.try_recv(), Err(mpsc::error::TryRecvError::Disconnected))
    }

    /// Drains and waits; cuts what is left after `grace`.
    pub fn wait(mut self, grace: Duration) {
        self.drain();
        if let Some(runtime) = self.runtime.take() {
            runtime.block_on(async {
                // Err: the grace is over; Ok: nobody lives.
                let alive = self.alive.get_mut().unwrap_or_else(PoisonError::into_inner);
                let _ = tokio::time::timeout(grace, alive.recv()).await;
            });
            // Blocking work of cut sessions is a sync or a listing: it gets a moment.
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

impl Drop for FtpServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(
    shared: Arc<Shared>,
    listener: tokio::net::TcpListener,
    living: mpsc::Sender<()>,
    accepting: Place,
) {
    let mut phase = shared.phase.clone();
    let mut spare = Spare::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = phase.wait_for(|p| *p > Phase::Serving) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let place = match shared.gate.connect(Protocol::Ftp, peer) {
                    Ok(place) => place,
                    Err(why) => {
                        // Said without waiting: whoever floods gets no task that waits for him.
                        // A new connection's buffer takes one line, and a peer that is gone needs none.
                        let _ = stream.try_write(&greeting(&why));
                        continue;
                    }
                };
                let (shared, living) = (shared.clone(), living.clone());
                tokio::spawn(async move {
                    session::run(shared, stream, peer, place).await;
                    drop(living);
                });
            }
            Err(e) => {
                if no_descriptors(&e) {
                    let door = Some((&*shared.gate, Protocol::Ftp));
                    turned_away::turn_away(&mut spare, &listener, door, greeting);
                }
                // Or the peer is gone already: neither is a reason to stop.
                tokio::time::sleep(turned_away::PAUSE).await;
            }
        }
    }
    // Out of the runtime's set before anybody is told.
    drop(listener);
    drop(accepting);
}

/// The greeting of a server that does not serve (RFC 959 §5.4).
fn greeting(why: &Refusal) -> Vec<u8> {
    let mut octets = Vec::new();
    reply::write(&mut octets, 421, refusal::reply(why).1.as_bytes());
    octets
}
