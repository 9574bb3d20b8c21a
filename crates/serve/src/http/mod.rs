//! The HTTP server: listeners, and one task for each connection.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | configuration, listeners, drain |
//! | `connection` | one task owns machine and socket; the open question is a future in its select |
//! | `door` | who asks, and what is said to whom is not let in |
//! | `connection::sending` | what the machine wants sent, on its way |
//! | `wire` | the socket, clear or under TLS |
//! | `sights` | what a tap is told |
//! | `site` | what answers: the served tree, or pages that are made |
//! | `files` | questions about the tree, answered by the gate |
//! | `refusal` | the gate's refusals as statuses |

mod connection;
mod door;
mod files;
mod refusal;
mod sights;
mod site;
#[cfg(test)]
mod tests;
mod wire;

pub use site::Pages;

use crate::listen::{Accepting, Place};
use crate::turned_away;
use gate::store::no_descriptors;
use gate::{Gate, OnKick, Protocol, Refusal};
use http_proto::server::Config as MachineConfig;
use site::Site;
use socket2::SockRef;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use transport::Spare;
use transport::tap::Tap;
use transport::tls::Identity;

/// What the owner can set.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// From the first octet of a request to its last; of TLS, to the end of the handshake.
    pub head: Duration,
    /// The end of a connection without requests.
    pub idle: Duration,
    /// The end of a transfer in which nothing moves.
    pub no_progress: Duration,
    /// Threads; 0: as many as processors, at most 16.
    pub threads: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        HttpConfig {
            head: Duration::from_secs(60),
            idle: Duration::from_secs(16 * 60),
            // A device that erases its flash takes nothing for up to 15 minutes.
            no_progress: Duration::from_secs(16 * 60),
            threads: 0,
        }
    }
}

/// What is listened on.
pub enum Door {
    /// HTTP as it is.
    Clear(TcpListener),
    /// HTTP under TLS, with this certificate.
    Tls(TcpListener, Identity),
}

/// What all connections share.
struct Shared {
    site: Site,
    machine: MachineConfig,
    tap: Option<Arc<dyn Tap>>,
    draining: watch::Receiver<bool>,
    /// Changes when sessions were kicked.
    kicked: watch::Receiver<()>,
}

/// A running server with threads of its own. Dropped it cuts everything.
pub struct HttpServer {
    addresses: Vec<SocketAddr>,
    drain: watch::Sender<bool>,
    /// What the gate calls when sessions are kicked.
    _on_kick: Arc<OnKick>,
    /// Ends when the last listener and connection have ended.
    // Guards the receiver; held for a look.
    alive: Mutex<mpsc::Receiver<()>>,
    /// Listeners that still accept.
    accepting: Accepting,
    runtime: Option<Runtime>,
}

impl HttpServer {
    /// Serves the gate's tree on `doors`; `tap` is told heads and what moves.
    pub fn start(
        gate: Arc<Gate>,
        doors: Vec<Door>,
        config: HttpConfig,
        tap: Option<Arc<dyn Tap>>,
    ) -> io::Result<HttpServer> {
        HttpServer::of(Site::Tree(gate), doors, config, tap)
    }

    /// Serves pages that are made, to whoever reaches the listener: no gate, no login, no events.
    pub fn pages(pages: Arc<dyn Pages>, listener: TcpListener, config: HttpConfig) -> io::Result<HttpServer> {
        HttpServer::of(Site::Pages(pages), vec![Door::Clear(listener)], config, None)
    }

    fn of(
        site: Site,
        doors: Vec<Door>,
        config: HttpConfig,
        tap: Option<Arc<dyn Tap>>,
    ) -> io::Result<HttpServer> {
        let address = |door: &Door| match door {
            Door::Clear(listener) | Door::Tls(listener, _) => listener.local_addr(),
        };
        let addresses = doors.iter().map(address).collect::<io::Result<Vec<_>>>()?;
        let threads = match config.threads {
            0 => std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 16),
            n => n,
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(128)
            .thread_name("http")
            .enable_all()
            .build()?;
        let (drain, draining) = watch::channel(false);
        let (kick, kicked) = watch::channel(());
        let on_kick: Arc<OnKick> = Arc::new(move || kick.send_replace(()));
        if let Site::Tree(gate) = &site {
            gate.on_kick(&on_kick);
        }
        let (living, alive) = mpsc::channel(1);
        let machine = MachineConfig {
            head: config.head,
            idle: config.idle,
            stall: config.no_progress,
            ..MachineConfig::default()
        };
        let shared = Arc::new(Shared { site, machine, tap, draining, kicked });
        let accepting = Accepting::new(doors.len());
        let inside = runtime.enter();
        for door in doors {
            let (listener, identity) = match door {
                Door::Clear(listener) => (listener, None),
                Door::Tls(listener, identity) => (listener, Some(identity)),
            };
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            runtime.spawn(accept(shared.clone(), listener, identity, living.clone(), accepting.place()));
        }
        drop(inside);
        Ok(HttpServer {
            addresses,
            drain,
            _on_kick: on_kick,
            alive: Mutex::new(alive),
            accepting,
            runtime: Some(runtime),
        })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    /// No new connections and requests; responses that flow are the last of their connections.
    pub fn drain(&self) {
        self.drain.send_replace(true);
    }

    /// Leaves the listening sockets to a successor: as [`HttpServer::drain`], for a connection may end between
    /// any two requests.
    pub fn retire(&self) {
        self.drain();
    }

    /// Whether no listener accepts any more.
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

impl Drop for HttpServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(
    shared: Arc<Shared>,
    listener: tokio::net::TcpListener,
    identity: Option<Identity>,
    living: mpsc::Sender<()>,
    accepting: Place,
) {
    let mut draining = shared.draining.clone();
    let partings = Arc::new(Semaphore::new(PARTINGS));
    let mut spare = Spare::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = draining.wait_for(|d| *d) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let place = match &shared.site {
                    Site::Pages(_) => None,
                    Site::Tree(gate) => match gate.connect(Protocol::Http, peer) {
                        Ok(place) => Some(place),
                        Err(why) => {
                            // Under TLS it would take a handshake.
                            if identity.is_none() {
                                // A new connection's buffer takes one packet, and a peer that is gone needs none.
                                let _ = stream.try_write(&answer(&why));
                                if let Ok(permit) = partings.clone().try_acquire_owned() {
                                    tokio::spawn(part(stream, permit));
                                }
                            }
                            continue;
                        }
                    },
                };
                let (shared, living) = (shared.clone(), living.clone());
                let identity = identity.clone();
                tokio::spawn(async move {
                    connection::run(shared, stream, peer, identity, place).await;
                    drop(living);
                });
            }
            Err(e) => {
                if no_descriptors(&e) {
                    let door = match &shared.site {
                        Site::Pages(_) => None,
                        Site::Tree(gate) => Some((&**gate, Protocol::Http)),
                    };
                    // Under TLS words would take a handshake.
                    let words = |why: &Refusal| if identity.is_none() { answer(why) } else { Vec::new() };
                    turned_away::turn_away(&mut spare, &listener, door, words);
                }
                // Or the peer is gone already: neither is a reason to stop.
                tokio::time::sleep(turned_away::PAUSE).await;
            }
        }
    }
    drop(listener);
    drop(accepting);
}

/// Refused connections of a listener that are waited for at a time: whoever floods has no more tasks of ours.
const PARTINGS: usize = 64;
/// How long one is waited for.
const PARTING: Duration = Duration::from_secs(1);

/// Takes the request that a refused client has sent or is sending: closed with it unread the connection would end
/// with a RST, which may overtake the refusal (RFC 9112 §9.6).
async fn part(stream: tokio::net::TcpStream, permit: OwnedSemaphorePermit) {
    let _ = SockRef::from(&stream).shutdown(std::net::Shutdown::Write);
    let rest = async {
        let mut buffer = [0; 1_024];
        for _ in 0..16 {
            if stream.readable().await.is_err() {
                return;
            }
            match stream.try_read(&mut buffer) {
                Ok(0) => return,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    let _ = tokio::time::timeout(PARTING, rest).await;
    drop(permit);
}

/// The answer to a connection that gets no place.
fn answer(why: &Refusal) -> Vec<u8> {
    let (status, text) = refusal::told(why);
    let (code, reason) = (status.code(), status.reason());
    let body = format!("{code} {reason}: {text}\n");
    format!(
        "HTTP/1.1 {code} {reason}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
