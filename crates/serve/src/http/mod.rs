//! The HTTP server: listeners, and one task for each connection.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | configuration, and what is said to whom gets no place |
//! | `connection` | one task owns machine and socket; the open question is a future in its select |
//! | `door` | who asks, and what is said to whom is not let in |
//! | `connection::sending` | what the machine wants sent, on its way |
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

pub use site::Pages;

use crate::streams::{Living, Opening, Orders, StreamServer, Welcome};
use gate::{Gate, HalfOpen, Protocol, Refusal};
use http_proto::server::Config as MachineConfig;
use site::Site;
use socket2::SockRef;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
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
    orders: Orders,
}

/// A listener's connections.
struct Entrance {
    shared: Arc<Shared>,
    /// What it shows under TLS.
    identity: Option<Identity>,
    /// Refused connections that are waited for.
    partings: Arc<Semaphore>,
}

/// Serves the gate's tree on `doors`; `tap` is told heads and what moves.
///
/// # Errors
/// No threads, no sockets.
pub fn start(
    gate: Arc<Gate>,
    doors: Vec<Door>,
    config: HttpConfig,
    tap: Option<Arc<dyn Tap>>,
) -> io::Result<StreamServer> {
    serve(Site::Tree(gate), doors, config, tap)
}

/// Serves pages that are made, to whoever reaches the listener: no gate, no login, no events.
///
/// # Errors
/// No threads, no sockets.
pub fn pages(pages: Arc<dyn Pages>, listener: TcpListener, config: HttpConfig) -> io::Result<StreamServer> {
    serve(Site::Pages(pages), vec![Door::Clear(listener)], config, None)
}

fn serve(
    site: Site,
    doors: Vec<Door>,
    config: HttpConfig,
    tap: Option<Arc<dyn Tap>>,
) -> io::Result<StreamServer> {
    let machine = MachineConfig {
        head: config.head,
        idle: config.idle,
        stall: config.no_progress,
        ..MachineConfig::default()
    };
    let mut opening = Opening::new("http", config.threads, site.gate().map(|gate| &**gate))?;
    let shared = Arc::new(Shared { site, machine, tap, orders: opening.orders.clone() });
    for door in doors {
        let (listener, identity) = match door {
            Door::Clear(listener) => (listener, None),
            // RFC 7301: who offers HTTP/2 too is told which one it is.
            Door::Tls(listener, identity) => (listener, Some(identity.speaking("http/1.1"))),
        };
        let partings = Arc::new(Semaphore::new(PARTINGS));
        opening.listen(listener, Arc::new(Entrance { shared: shared.clone(), identity, partings }))?;
    }
    Ok(opening.done())
}

impl Welcome for Entrance {
    fn door(&self) -> Option<(&Arc<Gate>, Protocol)> {
        self.shared.site.gate().map(|gate| (gate, Protocol::Http))
    }

    fn words(&self, why: &Refusal) -> Vec<u8> {
        // Under TLS it would take a handshake.
        if self.identity.is_none() { answer(why) } else { Vec::new() }
    }

    fn part(&self, stream: TcpStream) {
        if self.identity.is_none()
            && let Ok(permit) = self.partings.clone().try_acquire_owned()
        {
            tokio::spawn(part(stream, permit));
        }
    }

    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        place: Option<HalfOpen>,
        _living: Living,
    ) {
        connection::run(self.shared.clone(), stream, peer, self.identity.clone(), place).await;
    }
}

/// Refused connections of a listener that are waited for at a time: whoever floods has no more tasks of ours.
const PARTINGS: usize = 64;
/// How long one is waited for.
const PARTING: Duration = Duration::from_secs(1);

/// Takes the request that a refused client has sent or is sending: closed with it unread the connection would end
/// with a RST, which may overtake the refusal (RFC 9112 §9.6).
async fn part(stream: TcpStream, permit: OwnedSemaphorePermit) {
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
