//! The servers of the lab, in this process, on free loopback ports.

use crate::service::certificate;
use gate::audit::{Events, What};
use gate::{Gate, Outcome, Policy, Protocol, Secret, User};
use serve::ftp::FtpConfig;
use serve::listen::Want;
use serve::ssh::SshConfig;
use serve::streams::StreamServer;
use serve::tftp::{TftpConfig, TftpServer};
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::Store;
use store::local::{Local, LocalOptions};
use transport::ssh::{PrivateKey, server};

/// The address that stands for 10.0.0.1.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// How long the server waits for a data connection that a firewall drops; 30 s by default.
const PATIENCE: Duration = Duration::from_secs(3);

/// A transfer as the gate's audit tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Served {
    /// Over which protocol.
    pub protocol: Protocol,
    /// The file's name.
    pub path: String,
    /// Octets that went out.
    pub octets: u64,
    /// Whether both ends agree that it is complete.
    pub complete: bool,
}

/// A TFTP, an FTP and an SSH server (SFTP, SCP) over one directory.
pub struct Servers {
    tftp: Option<TftpServer>,
    ftp: Option<StreamServer>,
    ssh: Option<StreamServer>,
    tftp_address: SocketAddr,
    ftp_address: SocketAddr,
    ssh_address: SocketAddr,
    active_port: u16,
    /// Keeps the port from being given to somebody else.
    _active: Socket,
    gate: Arc<Gate>,
    audit: Events,
    // Guards what the audit told so far.
    served: Mutex<Vec<Served>>,
}

/// Where the servers are to listen on loopback: a port, any free one, or not at all.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// TFTP.
    pub tftp: Want,
    /// FTP.
    pub ftp: Want,
    /// SFTP and SCP.
    pub ssh: Want,
}

impl Ports {
    /// Free ones.
    const ANY: Ports = Ports { tftp: Want::Exactly(0), ftp: Want::Exactly(0), ssh: Want::Exactly(0) };
}

fn taken(what: &str, at: SocketAddr, e: io::Error) -> io::Error {
    io::Error::new(e.kind(), format!("{what} at {at}: {e}"))
}

/// Where to bind, and whether anybody is to listen there.
fn port(want: Want) -> (SocketAddr, bool) {
    match want {
        Want::Exactly(port) => (SocketAddr::new(LOOPBACK, port), true),
        Want::Default => (SocketAddr::new(LOOPBACK, 0), true),
        Want::Off => (SocketAddr::new(LOOPBACK, 0), false),
    }
}

/// An FTP server under TLS, whose replies nobody between can read: its data connections come to one port.
pub struct UnderTls {
    /// Where it listens.
    pub control: SocketAddr,
    /// Where data connections come.
    pub data: SocketAddr,
    /// SHA-256 of its certificate.
    pub print: [u8; 32],
    /// Keeps the port from being given to somebody else.
    _port: Socket,
    _server: StreamServer,
}

impl Servers {
    /// Serves a directory to TFTP and to this user, read-only.
    pub fn start(root: &Path, user: &str, password: &str) -> io::Result<Servers> {
        let store = Local::open(root, LocalOptions::default())?;
        Servers::over(Arc::new(store), user, password, false)
    }

    /// Serves a store; TFTP may create files and the user may write if `write`.
    pub fn over(store: Arc<dyn Store>, user: &str, password: &str, write: bool) -> io::Result<Servers> {
        Servers::at(store, user, password, write, Ports::ANY)
    }

    /// The same, at these ports.
    pub fn at(
        store: Arc<dyn Store>,
        user: &str,
        password: &str,
        write: bool,
        ports: Ports,
    ) -> io::Result<Servers> {
        let user = User::with_password(user, &Secret::new(password)).map_err(io::Error::other)?;
        let users = vec![user];
        let policy = Policy { users, anonymous: false, write, ..Policy::default() };
        let (gate, audit) = Gate::new(store, policy);
        let [tftp_at, ftp_at, ssh_at] = [port(ports.tftp), port(ports.ftp), port(ports.ssh)];
        let udp = UdpSocket::bind(tftp_at.0).map_err(|e| taken("tftp", tftp_at.0, e))?;
        let tcp = TcpListener::bind(ftp_at.0).map_err(|e| taken("ftp", ftp_at.0, e))?;
        let ssh = TcpListener::bind(ssh_at.0).map_err(|e| taken("ssh", ssh_at.0, e))?;
        let (tftp_address, ftp_address) = (udp.local_addr()?, tcp.local_addr()?);
        let ssh_address = ssh.local_addr()?;
        // A host of this run only: RSA, for old devices, would take a second to make.
        let keys = vec![PrivateKey::ed25519().map_err(io::Error::other)?];
        let server = server::Config { keys, ..server::Config::default() };
        let ssh_config = SshConfig { server, ..SshConfig::default() };
        let (active, active_port) = reserve()?;
        let config = FtpConfig { active_port, connect: PATIENCE, ..FtpConfig::default() };
        Ok(Servers {
            tftp: match tftp_at.1 {
                true => Some(TftpServer::start(gate.clone(), vec![udp], TftpConfig::default(), None)?),
                false => None,
            },
            ftp: match ftp_at.1 {
                true => Some(serve::ftp::start(gate.clone(), vec![tcp], config, None)?),
                false => None,
            },
            ssh: match ssh_at.1 {
                true => Some(serve::ssh::start(gate.clone(), vec![ssh], ssh_config, None)?),
                false => None,
            },
            tftp_address,
            ftp_address,
            ssh_address,
            active_port,
            _active: active,
            gate,
            audit,
            served: Mutex::default(),
        })
    }

    /// Where TFTP listens: what 10.0.0.1:69 stands for.
    pub fn tftp(&self) -> SocketAddr {
        self.tftp_address
    }

    /// Where FTP listens: what 10.0.0.1:21 stands for.
    pub fn ftp(&self) -> SocketAddr {
        self.ftp_address
    }

    /// Where SFTP and SCP listen: what 10.0.0.1:22 stands for.
    pub fn ssh(&self) -> SocketAddr {
        self.ssh_address
    }

    /// Where active data connections come from: what 10.0.0.1:20 stands for.
    pub fn active(&self) -> SocketAddr {
        SocketAddr::new(LOOPBACK, self.active_port)
    }

    /// Another FTP server over the same tree, which wants TLS of everybody.
    pub fn under_tls(&self) -> io::Result<UnderTls> {
        let (identity, print) = certificate::of_run().map_err(|e| io::Error::other(e.to_string()))?;
        let (kept, port) = reserve()?;
        let listener = TcpListener::bind((LOOPBACK, 0))?;
        let control = listener.local_addr()?;
        let config = FtpConfig {
            identity: Some(identity),
            tls_required: true,
            passive_ports: Some(port..=port),
            ..FtpConfig::default()
        };
        let server = serve::ftp::start(self.gate.clone(), vec![listener], config, None)?;
        Ok(UnderTls { control, data: SocketAddr::new(LOOPBACK, port), print, _port: kept, _server: server })
    }

    /// Cuts all servers, in the middle of whatever they do.
    pub fn cut(&mut self) {
        self.tftp = None;
        self.ftp = None;
        self.ssh = None;
    }

    /// The transfers that have ended, by the audit.
    pub fn served(&self) -> Vec<Served> {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(event) = self.audit.try_recv() {
            if let (Some(protocol), What::Ended { path, end, .. }) = (event.protocol, event.what) {
                served.push(Served {
                    protocol,
                    path: path.to_string(),
                    octets: end.octets,
                    complete: end.outcome == Outcome::Complete,
                });
            }
        }
        served.clone()
    }
}

/// Port 20 wants rights that a learner need not have: a free port stands for it in the lab. It is bound in
/// a way that lets the server bind it too, and nobody who takes any free one.
fn reserve() -> io::Result<(Socket, u16)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(LOOPBACK, 0).into())?;
    socket.set_reuse_address(true)?;
    let address = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok((socket, address.port()))
}
