//! The FTP server: listeners, and one task for each control connection.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | configuration, and what is said to whom gets no place |
//! | `session` | one task owns machine, socket and gate session; the open question is a future in its select |
//! | `files` | questions about names, answered by the gate on a blocking thread |
//! | `chores` | trees and what else is more than one step, each through the gate |
//! | `copies` | copies within the tree: a download and an upload, at their rates |
//! | `coming` | how a data connection comes about |
//! | `ports` | the port that a client's next one comes to, also where clients of different addresses share it |
//! | `convert` | what TYPE, STRU and MODE make of a file on the wire |
//! | `deflate` | MODE Z |
//! | `data` | the data connection: pumped, ended |
//! | `small` | a file that a socket takes at once |
//! | `lane` | a thread of its own for a download that is very fast |
//! | `fxp` | the other server, where a transfer goes from server to server |
//! | `ends` | how what was open ends, for the gate |
//! | `proxied` | clients that come by way of a proxy |
//! | `digest` | HASH and its kin |
//! | `refusal` | the gate's refusals as replies |

mod chores;
mod coming;
mod convert;
mod copies;
mod data;
mod deflate;
mod digest;
mod ends;
mod files;
mod fxp;
mod lane;
mod ports;
mod proxied;
mod refusal;
mod session;
mod small;

#[cfg(test)]
mod tests;

use self::ports::Ports;
use crate::streams::{Living, Opening, Orders, StreamServer, Welcome};
use ftp_proto::reply;
use ftp_proto::server::{Config as MachineConfig, Tls, VirtualHost};
pub use ftp_proto::server::{ForClient, Look, Profile, TlsEnd};
use gate::{Gate, HalfOpen, Net, Protocol, Refusal};
use std::io;
use std::net::{self, IpAddr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use transport::tap::Tap;
use transport::tls::Identity;

/// What the owner can set.
#[derive(Clone, Debug)]
pub struct FtpConfig {
    /// Ports for passive data connections, each for one client of each address; `None`: any free one.
    pub passive_ports: Option<RangeInclusive<u16>>,
    /// Who opens data connections, where this process may not; `None`: it does itself.
    pub ports: Option<Arc<dyn DataPorts>>,
    /// Which address 227 tells whom, for servers behind address translation: the first that fits. Others are told the
    /// address they came to.
    pub advertised: Vec<Advertised>,
    /// Who says for whom it comes (the PROXY protocol) before anything else, and has to: nobody else is believed.
    pub proxies: Vec<Net>,
    /// Which certificate other servers show where we are their client, SHA-256; the first that fits. Without one any does.
    pub pins: Vec<(Net, [u8; 32])>,
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
    /// What is shown under TLS; without it there is none.
    pub identity: Option<Identity>,
    /// Several servers at one address, that HOST and TLS tell apart; none: it is one, by whatever name.
    pub hosts: Vec<Host>,
    /// Whether CCC takes a control connection out of TLS; never where there has to be TLS.
    pub ccc: bool,
    /// What is otherwise for clients of which networks; the first that fits.
    pub profiles: Vec<(Net, Profile)>,
    /// The same for who says by CLNT what it is.
    pub client_profiles: Vec<ForClient>,
    /// Whether connections are under TLS from their first octet (FTPS, port 990).
    pub implicit: bool,
    /// Whether there has to be TLS, where it is to be had.
    pub tls_required: bool,
    /// How uploads under TLS have to end.
    pub tls_end: TlsEnd,
    /// Whether data connections have to go on from the control connection's TLS session.
    pub tls_reuse: Reuse,
}

/// What clients of a network are told as this server's address.
#[derive(Clone, Debug)]
pub struct Advertised {
    /// The clients.
    pub clients: Net,
    /// The address.
    pub address: IpAddr,
}

/// One of several servers at one address (RFC 7151). What is its root the gate knows.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its name, in small letters.
    pub name: String,
    /// The text of the greeting.
    pub banner: String,
    /// What it shows under TLS where HOST has named it; without it what all show.
    pub identity: Option<Identity>,
}

/// Whether data connections have to go on from their control connection's TLS session: only who has its secrets can.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reuse {
    /// Any client's address does, as without TLS.
    #[default]
    Optional,
    /// Others are turned away, with a 522 that says why.
    Require,
}

impl FtpConfig {
    /// Whether it says for whom it comes.
    fn is_proxy(&self, peer: IpAddr) -> bool {
        self.proxies.iter().any(|net| net.holds(peer))
    }
}

impl Default for FtpConfig {
    fn default() -> Self {
        FtpConfig {
            passive_ports: None,
            ports: None,
            advertised: Vec::new(),
            proxies: Vec::new(),
            pins: Vec::new(),
            active_port: 20,
            // A device that erases its flash says nothing for up to 15 minutes: before the transfer, which is
            // then late, or in it, which is then still.
            idle: Duration::from_secs(16 * 60),
            login_grace: Duration::from_secs(60),
            connect: Duration::from_secs(30),
            no_progress: Duration::from_secs(16 * 60),
            banner: String::from("towline ready."),
            identity: None,
            hosts: Vec::new(),
            ccc: false,
            profiles: Vec::new(),
            client_profiles: Vec::new(),
            implicit: false,
            tls_required: false,
            tls_end: TlsEnd::Require,
            tls_reuse: Reuse::Optional,
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
    fn connect(&self, from: SocketAddr, to: SocketAddr) -> io::Result<net::TcpStream>;
}

/// What all sessions share.
struct Shared {
    gate: Arc<Gate>,
    config: FtpConfig,
    machine: Arc<MachineConfig>,
    ports: Ports,
    tap: Option<Arc<dyn Tap>>,
    orders: Orders,
}

/// Serves on `listeners`; `tap` is told lines and what moves.
///
/// # Errors
/// No threads, no sockets.
pub fn start(
    gate: Arc<Gate>,
    listeners: Vec<TcpListener>,
    mut config: FtpConfig,
    tap: Option<Arc<dyn Tap>>,
) -> io::Result<StreamServer> {
    config.identity = config.identity.map(|identity| identity.speaking("ftp"));
    for host in &mut config.hosts {
        host.identity = host.identity.take().map(|identity| identity.speaking("ftp"));
    }
    let hosts = config.hosts.iter().map(|h| VirtualHost { name: h.name.clone(), greeting: h.banner.clone() });
    let machine = MachineConfig {
        greeting: config.banner.clone(),
        idle: config.idle,
        login_grace: config.login_grace,
        tls: match (&config.identity, config.tls_required) {
            (None, _) => Tls::Off,
            (Some(_), false) => Tls::Offer,
            (Some(_), true) => Tls::Require,
        },
        tls_end: config.tls_end,
        hosts: hosts.collect(),
        ccc: config.ccc,
        by_client: config.client_profiles.as_slice().into(),
        ..MachineConfig::default()
    };
    let mut opening = Opening::new("ftp", 0, Some(&gate))?;
    let machine = Arc::new(machine);
    let shared = Arc::new(Shared {
        gate,
        config,
        machine,
        ports: Ports::default(),
        tap,
        orders: opening.orders.clone(),
    });
    listeners.into_iter().try_for_each(|listener| opening.listen(listener, shared.clone()))?;
    Ok(opening.done())
}

impl Shared {
    /// The machine's settings for this client.
    fn machine_for(&self, peer: SocketAddr) -> Arc<MachineConfig> {
        let profile = self.config.profiles.iter().find(|(net, _)| net.holds(peer.ip()));
        match profile {
            None => self.machine.clone(),
            Some((_, profile)) => Arc::new(MachineConfig { profile: *profile, ..(*self.machine).clone() }),
        }
    }
}

impl Welcome for Shared {
    fn door(&self) -> Option<(&Arc<Gate>, Protocol)> {
        Some((&self.gate, Protocol::Ftp))
    }

    fn is_proxy(&self, peer: SocketAddr) -> bool {
        self.config.is_proxy(peer.ip())
    }

    fn words(&self, why: &Refusal) -> Vec<u8> {
        // Under TLS it would take a handshake.
        if self.config.implicit { Vec::new() } else { greeting(why) }
    }

    fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        place: Option<HalfOpen>,
        living: Living,
    ) -> impl Future<Output = ()> + Send {
        session::run(self, stream, peer, place, living)
    }
}

/// The greeting of a server that does not serve (RFC 959 §5.4).
fn greeting(why: &Refusal) -> Vec<u8> {
    let mut octets = Vec::new();
    reply::write(&mut octets, 421, refusal::reply(why).1.as_bytes());
    octets
}
