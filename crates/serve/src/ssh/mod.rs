//! SSH's listeners: who comes, who is let in, and which driver gets a channel.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | configuration, listeners, drain |
//! | `connection` | one task for each connection: its patience, and its end |
//! | `caller` | who somebody is, asked of the gate; what a channel becomes |

mod caller;
mod connection;

use crate::listen::{Accepting, Place};
use crate::sftp::SftpConfig;
use crate::turned_away;
use gate::store::no_descriptors;
use gate::{Gate, OnKick, Protocol, Refusal};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use transport::Spare;
use transport::ssh::server::{self, Server};
use transport::tap::Tap;

/// What the owner can set.
#[derive(Clone, Debug)]
pub struct SshConfig {
    /// Keys, algorithms, and how much one connection may.
    pub server: server::Config,
    /// From the connection to the login.
    pub login_grace: Duration,
    /// The end of a connection without channels.
    pub idle: Duration,
    /// Of its sessions.
    pub sftp: SftpConfig,
}

impl Default for SshConfig {
    fn default() -> Self {
        SshConfig {
            server: server::Config::default(),
            login_grace: Duration::from_secs(60),
            idle: Duration::from_secs(16 * 60),
            sftp: SftpConfig::default(),
        }
    }
}

/// What all connections share.
struct Shared {
    gate: Arc<Gate>,
    server: Server,
    config: SshConfig,
    tap: Option<Arc<dyn Tap>>,
    draining: watch::Receiver<bool>,
    /// No new connections; those that are there go on.
    retiring: watch::Receiver<bool>,
    /// Changes when sessions were kicked.
    kicked: watch::Receiver<()>,
}

/// A running server with threads of its own. Dropped it cuts everything.
pub struct SshServer {
    addresses: Vec<SocketAddr>,
    drain: watch::Sender<bool>,
    retire: watch::Sender<bool>,
    /// Listeners that still accept.
    accepting: Accepting,
    /// What the gate calls when sessions are kicked.
    _on_kick: Arc<OnKick>,
    /// Ends when the last listener and connection have ended.
    // Guards the receiver; held for a look.
    alive: Mutex<mpsc::Receiver<()>>,
    runtime: Option<Runtime>,
}

impl SshServer {
    /// Serves on `listeners`.
    ///
    /// # Errors
    /// No threads, no sockets.
    pub fn start(
        gate: Arc<Gate>,
        listeners: Vec<TcpListener>,
        config: SshConfig,
        tap: Option<Arc<dyn Tap>>,
    ) -> io::Result<SshServer> {
        let addresses = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 16))
            .max_blocking_threads(128)
            .thread_name("ssh")
            .enable_all()
            .build()?;
        let (drain, draining) = watch::channel(false);
        let (retire, retiring) = watch::channel(false);
        let accepting = Accepting::new(listeners.len());
        let (kick, kicked) = watch::channel(());
        let on_kick: Arc<OnKick> = Arc::new(move || kick.send_replace(()));
        gate.on_kick(&on_kick);
        let (living, alive) = mpsc::channel(1);
        let server = Server::new(&config.server);
        let shared = Arc::new(Shared { gate, server, config, tap, draining, retiring, kicked });
        let inside = runtime.enter();
        for listener in listeners {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            runtime.spawn(accept(shared.clone(), listener, living.clone(), accepting.place()));
        }
        drop(inside);
        let (alive, runtime) = (Mutex::new(alive), Some(runtime));
        Ok(SshServer { addresses, drain, retire, accepting, _on_kick: on_kick, alive, runtime })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    /// No new connections; what is open is finished, then its connection ends.
    pub fn drain(&self) {
        self.retire();
        self.drain.send_replace(true);
    }

    /// No new connections: a successor that has the same listeners takes them. Connections go on to their end.
    pub fn retire(&self) {
        self.retire.send_replace(true);
    }

    /// Whether a successor may accept: no connection is taken any more.
    pub fn has_retired(&self) -> bool {
        self.accepting.is_over()
    }

    /// Whether every listener accepts: none was drained, retired, or died.
    pub fn is_listening(&self) -> bool {
        self.accepting.is_whole()
    }

    /// Whether the last connection of a retired or drained server has ended.
    pub fn is_over(&self) -> bool {
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(alive.try_recv(), Err(mpsc::error::TryRecvError::Disconnected))
    }

    /// Drains and waits; cuts what is left after `grace`.
    pub fn wait(mut self, grace: Duration) {
        self.drain();
        if let Some(runtime) = self.runtime.take() {
            let alive = self.alive.get_mut().unwrap_or_else(PoisonError::into_inner);
            runtime.block_on(async {
                // Err: the grace is over; Ok: nobody lives.
                let _ = tokio::time::timeout(grace, alive.recv()).await;
            });
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

impl Drop for SshServer {
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
    let mut retiring = shared.retiring.clone();
    let mut spare = Spare::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = retiring.wait_for(|r| *r) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let place = match shared.gate.connect(Protocol::Sftp, peer) {
                    Ok(place) => place,
                    Err(why) => {
                        // Said without waiting: whoever floods gets no task that waits for him.
                        let _ = stream.try_write(&greeting(&why));
                        continue;
                    }
                };
                let (shared, living) = (shared.clone(), living.clone());
                tokio::spawn(async move {
                    connection::run(shared, stream, peer, place).await;
                    drop(living);
                });
            }
            Err(e) => {
                if no_descriptors(&e) {
                    let door = Some((&*shared.gate, Protocol::Sftp));
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

/// A line before a server's name, which clients show or write down (RFC 4253 §4.2).
fn greeting(why: &Refusal) -> Vec<u8> {
    format!("{why}\r\n").into_bytes()
}
