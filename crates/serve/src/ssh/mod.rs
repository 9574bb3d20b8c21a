//! SSH's listeners: who comes, who is let in, and which driver gets a channel.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | configuration, and what is said to whom gets no place |
//! | `connection` | one task for each connection: its patience, and its end |
//! | `caller` | who somebody is, asked of the gate; what a channel becomes |

mod caller;
mod connection;
#[cfg(test)]
mod tests;

use crate::sftp::SftpConfig;
use crate::streams::{Living, Opening, Orders, StreamServer, Welcome};
use gate::{Gate, HalfOpen, Protocol, Refusal};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
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
    orders: Orders,
}

/// Serves on `listeners`; `tap` is told what sessions of SFTP say.
///
/// # Errors
/// No threads, no sockets.
pub fn start(
    gate: Arc<Gate>,
    listeners: Vec<TcpListener>,
    config: SshConfig,
    tap: Option<Arc<dyn Tap>>,
) -> io::Result<StreamServer> {
    let server = Server::new(&config.server);
    let mut opening = Opening::new("ssh", 0, Some(&gate))?;
    let shared = Arc::new(Shared { gate, server, config, tap, orders: opening.orders.clone() });
    listeners.into_iter().try_for_each(|listener| opening.listen(listener, shared.clone()))?;
    Ok(opening.done())
}

impl Welcome for Shared {
    fn door(&self) -> Option<(&Arc<Gate>, Protocol)> {
        Some((&self.gate, Protocol::Sftp))
    }

    fn words(&self, why: &Refusal) -> Vec<u8> {
        greeting(why)
    }

    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        place: Option<HalfOpen>,
        _living: Living,
    ) {
        connection::run(self, stream, peer, place).await;
    }
}

/// A line before a server's name, which clients show or write down (RFC 4253 §4.2).
fn greeting(why: &Refusal) -> Vec<u8> {
    format!("{why}\r\n").into_bytes()
}
