//! Six ladders, each recorded from a live run: our client against our server on loopback, with the
//! addresses and ports of a lesson (`10.0.0.2` asks `10.0.0.1:69` and `:21`, data comes from `:20`).

use super::{End, Recorder, Seen, draw};
use client::{ClientError, Options, Passive, Remote, Scheme, Type, Unroutable, Wire};
use gate::{Gate, Policy, Secret, User};
use serve::ftp::{FtpConfig, FtpServer};
use serve::tftp::{TftpConfig, TftpServer};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::memory::Memory;
use store::{Blob, Sink};

/// The server of the lesson.
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// Who asks.
const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// Where the server really is.
const SERVER_HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Where the client really is: an address of its own, so that the two can be told apart.
const CLIENT_HERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Two full blocks of 512 and one that is not.
const OCTETS: usize = 1_300;
/// How long the relay waits for a packet before it looks whether it is still wanted.
const TURN: Duration = Duration::from_millis(20);

/// One of the six.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// TFTP: a file is fetched.
    Get = 1,
    /// TFTP: a file is stored, one DATA is lost and sent again; the three phases.
    Put = 2,
    /// TFTP: the ports. x to 69, y to x, x to y, and 69 never again.
    Tids = 3,
    /// FTP: the control connection of a session.
    Control = 4,
    /// FTP, active: the server opens the data connection, from port 20.
    Active = 5,
    /// FTP, passive: the client opens the data connection.
    Passive = 6,
}

impl Which {
    /// All, in order.
    pub const ALL: [Which; 6] =
        [Which::Get, Which::Put, Which::Tids, Which::Control, Which::Active, Which::Passive];

    /// The one with this number, from 1.
    pub fn numbered(n: usize) -> Option<Which> {
        Which::ALL.get(n.checked_sub(1)?).copied()
    }

    /// What it shows.
    pub fn title(self) -> &'static str {
        match self {
            Which::Get => "TFTP get: the client asks on port 69, the server sends block by block",
            Which::Put => "TFTP put in its three phases, with one block lost and sent again",
            Which::Tids => "TFTP's ports: x asks 69, y answers x, x goes on with y, 69 is never used again",
            Which::Control => "FTP's control connection: commands and replies, opened by the client",
            Which::Active => "FTP active: the server opens the data connection, from port 20",
            Which::Passive => "FTP passive: the client opens the data connection, to the port in the reply",
        }
    }
}

/// A run that was recorded at the client.
#[derive(Clone, Debug)]
pub struct Live {
    /// What was seen.
    pub seen: Vec<Seen>,
    /// What arrived is what was sent.
    pub whole: bool,
}

impl Live {
    /// The drawing.
    pub fn draw(&self) -> String {
        draw(&self.seen, End::Client)
    }
}

/// Why a ladder could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// No socket or thread on loopback.
    #[error("loopback: {0}")]
    Io(#[from] io::Error),
    /// The transfer failed.
    #[error("the transfer failed: {0}")]
    Client(#[from] ClientError),
}

/// Runs and records one.
pub fn run(which: Which) -> Result<Live, LiveError> {
    let content: Vec<u8> = (0..OCTETS).map(|i| b'a' + (i % 26) as u8).collect();
    let store = Memory::new();
    store.seed("/lesson.txt", content.clone());
    let policy = Policy {
        users: vec![User::with_password("student", &Secret::new("letmein"))],
        write: true,
        ..Policy::default()
    };
    let (gate, _events) = Gate::new(Arc::new(store.clone()), policy);
    match which {
        Which::Get | Which::Put | Which::Tids => {
            let socket = UdpSocket::bind((SERVER_HERE, 0))?;
            let server = TftpServer::start(gate, vec![socket], TftpConfig::default(), None)?;
            let address = server.addresses()[0];
            // One packet is lost on the way of the put; the others go straight.
            let relay = (which == Which::Put).then(|| Relay::start(address)).transpose()?;
            let asked = relay.as_ref().map_or(address, |r| r.address);
            tftp(which, asked, content, &store)
        }
        Which::Control | Which::Active | Which::Passive => {
            let listener = TcpListener::bind((SERVER_HERE, 0))?;
            let config = FtpConfig { active_port: free_port()?, ..FtpConfig::default() };
            let active = config.active_port;
            let server = FtpServer::start(gate, vec![listener], config, None)?;
            ftp(which, server.addresses()[0], active, content)
        }
    }
}

fn tftp(which: Which, asked: SocketAddr, content: Vec<u8>, store: &Memory) -> Result<Live, LiveError> {
    let recorder = Arc::new(Recorder::default());
    let mut options = options(LessonWire { ports: vec![(asked.port(), 69)] }, &recorder);
    // As a device of 1992 does it: no options, lock-step.
    if which != Which::Get {
        (options.tftp.blksize, options.tftp.windowsize, options.tftp.tsize) = (None, None, false);
    } else {
        (options.tftp.blksize, options.tftp.windowsize) = (None, None);
    }
    options.tftp.first_rto = Duration::from_millis(200);
    let remote = |name: &str| remote(Scheme::Tftp, name, None);
    let whole = if which == Which::Put {
        let blob = Blob::Memory(content.clone().into());
        client::put(&blob, &remote("upload.txt"), &options)?;
        store.content("/upload.txt").is_some_and(|c| c[..] == content[..])
    } else {
        let mut got = Gotten::default();
        client::get(&remote("lesson.txt"), &mut got, &options)?;
        got.0 == content
    };
    Ok(Live { seen: recorder.seen(), whole })
}

fn ftp(which: Which, server: SocketAddr, active: u16, content: Vec<u8>) -> Result<Live, LiveError> {
    let recorder = Arc::new(Recorder::default());
    let wire = LessonWire { ports: vec![(server.port(), 21), (active, 20)] };
    let mut options = options(wire, &recorder);
    options.ftp.passive = match which {
        Which::Active => Passive::No,
        _ => Passive::PasvOnly,
    };
    let mut got = Gotten::default();
    let login = (which == Which::Control).then_some(("student", "letmein"));
    client::get(&remote(Scheme::Ftp, "lesson.txt", login), &mut got, &options)?;
    Ok(Live { seen: recorder.seen(), whole: got.0 == content })
}

fn options(wire: LessonWire, recorder: &Arc<Recorder>) -> Options {
    Options { tap: Some(recorder.clone()), wire: Arc::new(wire), ..Options::default() }
}

fn remote(scheme: Scheme, name: &str, login: Option<(&str, &str)>) -> Remote {
    Remote {
        scheme,
        user: login.map(|l| l.0.to_owned()),
        password: login.map(|l| l.1.to_owned()),
        host: SERVER.to_string(),
        port: None,
        path: name.into(),
        kind: Type::Image,
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((SERVER_HERE, 0))?.local_addr()?.port())
}

/// The lesson's addresses for those on loopback.
struct LessonWire {
    /// Real ports of the server and the ones they stand for.
    ports: Vec<(u16, u16)>,
}

impl Wire for LessonWire {
    fn real(&self, named: SocketAddr) -> Result<SocketAddr, Unroutable> {
        let port = |n: u16| self.ports.iter().find(|p| p.1 == n).map_or(n, |p| p.0);
        match named.ip() {
            ip if ip == SERVER => Ok(SocketAddr::from((SERVER_HERE, port(named.port())))),
            ip if ip == CLIENT => Ok(SocketAddr::from((CLIENT_HERE, named.port()))),
            _ => Err(Unroutable::Refused),
        }
    }

    fn named(&self, real: SocketAddr) -> SocketAddr {
        let port = |n: u16| self.ports.iter().find(|p| p.0 == n).map_or(n, |p| p.1);
        match real.ip() {
            ip if ip == SERVER_HERE => SocketAddr::from((SERVER, port(real.port()))),
            ip if ip == CLIENT_HERE => SocketAddr::from((CLIENT, real.port())),
            _ => real,
        }
    }

    fn bind(&self, _peer: SocketAddr) -> Option<IpAddr> {
        Some(CLIENT_HERE.into())
    }

    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        host.parse().map(|ip| vec![ip]).map_err(io::Error::other)
    }
}

/// What was fetched, in memory: the lesson's file is small.
#[derive(Default)]
struct Gotten(Vec<u8>);

impl Sink for Gotten {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let to = from + octets.len();
        if self.0.len() < to {
            self.0.resize(to, 0);
        }
        self.0[from..to].copy_from_slice(octets);
        Ok(())
    }
}

/// Between the client and a TFTP server for one transfer; loses the first DATA that the client sends.
///
/// It keeps the ports' roles: the answer comes from a port of its own, as the server's does.
struct Relay {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Relay {
    fn start(server: SocketAddr) -> io::Result<Relay> {
        let here = || UdpSocket::bind((SERVER_HERE, 0));
        // `asked` stands for port 69, `answers` for the server's TID, `beyond` talks to the server.
        let (asked, answers, beyond) = (here()?, Arc::new(here()?), Arc::new(here()?));
        for socket in [&asked, &*answers, &*beyond] {
            socket.set_read_timeout(Some(TURN))?;
        }
        let address = asked.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let client = Arc::new(std::sync::OnceLock::<SocketAddr>::new());
        let tid = Arc::new(std::sync::OnceLock::<SocketAddr>::new());

        let mut threads = Vec::new();
        let (to_server, first_client) = (beyond.clone(), client.clone());
        threads.push(pass(stop.clone(), asked, move |packet, from| {
            let _ = first_client.set(from);
            let _ = to_server.send_to(packet, server);
        })?);
        let (to_server, there) = (beyond.clone(), tid.clone());
        let mut lost = false;
        threads.push(pass(stop.clone(), answers.try_clone()?, move |packet, _| {
            let data = packet.starts_with(&[0, 3]);
            if data && !lost {
                lost = true;
            } else if let Some(there) = there.get() {
                let _ = to_server.send_to(packet, there);
            }
        })?);
        threads.push(pass(stop.clone(), beyond.try_clone()?, move |packet, from| {
            let _ = tid.set(from);
            if let Some(client) = client.get() {
                let _ = answers.send_to(packet, client);
            }
        })?);
        Ok(Relay { address, stop, threads })
    }
}

/// Hands each packet of `socket` on, until it is told to stop.
fn pass(
    stop: Arc<AtomicBool>,
    socket: UdpSocket,
    mut hand: impl FnMut(&[u8], SocketAddr) + Send + 'static,
) -> io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name("relay".into()).spawn(move || {
        let mut packet = [0; 2_048];
        while !stop.load(Ordering::Acquire) {
            if let Ok((n, from)) = socket.recv_from(&mut packet) {
                hand(&packet[..n], from);
            }
        }
    })
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
