//! The lesson's server at 10.0.0.1: this house's own servers on loopback behind the wire table.

use crate::bench::Bench;
use bytes::Bytes;
use device::wire::Table;
use gate::{Gate, Policy, Secret, User, hash_password};
use serve::ftp::FtpConfig;
use serve::streams::StreamServer;
use serve::tftp::{TftpConfig, TftpServer};
use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use store::memory::Memory;
use transport::tap::{Sense, Sight, Tap, What};

pub(crate) struct Lab {
    pub(crate) files: Memory,
    pub(crate) bench: Bench,
    tftp: Option<TftpServer>,
    _ftp: StreamServer,
    repeats: Arc<Repeats>,
}

/// Counts what the TFTP server had to send twice, or got twice, and hands every sight on.
struct Repeats {
    seen: AtomicUsize,
    next: Option<Arc<dyn Tap>>,
}

impl Tap for Repeats {
    fn see(&self, sight: &Sight<'_>) {
        if let What::Datagram { sense, .. } = sight.what
            && sense != Sense::First
        {
            self.seen.fetch_add(1, Ordering::SeqCst);
        }
        if let Some(next) = &self.next {
            next.see(sight);
        }
    }
}

/// argon2 takes its time: hashed once for all tests.
fn jeremy() -> User {
    static HASH: OnceLock<String> = OnceLock::new();
    let hash = HASH.get_or_init(|| hash_password(&Secret::new("ccna")));
    User::new("jeremy", hash).expect("a hash")
}

impl Lab {
    /// R1 with the old image, the servers, and the table between them.
    pub(crate) fn new() -> Lab {
        Lab::seen_by(None)
    }

    /// The same; the TFTP server's packets are seen by `tap`.
    pub(crate) fn seen_by(tap: Option<Arc<dyn Tap>>) -> Lab {
        Lab::around(Bench::r1(), tap)
    }

    /// The servers around another device.
    pub(crate) fn around(mut bench: Bench, tap: Option<Arc<dyn Tap>>) -> Lab {
        let files = Memory::new();
        let policy = || Policy { users: vec![jeremy()], anonymous: true, write: true, ..Policy::default() };
        let (gate, _events) = Gate::new(Arc::new(files.clone()), policy());
        let socket = UdpSocket::bind("127.0.0.1:0").expect("bound");
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let mut table = Table { bind: Some("127.0.0.2".parse().expect("ip")), ..Table::default() };
        let at = |port: u16| std::net::SocketAddr::from(([10, 0, 0, 1], port));
        table = table.with(at(69), socket.local_addr().expect("bound"));
        table = table.with(at(21), listener.local_addr().expect("bound"));
        let repeats = Arc::new(Repeats { seen: AtomicUsize::new(0), next: tap });
        let seen: Arc<dyn Tap> = repeats.clone();
        let tftp = TftpServer::start(Arc::clone(&gate), vec![socket], TftpConfig::default(), Some(seen));
        let config = FtpConfig { active_port: 0, ..FtpConfig::default() };
        let ftp = serve::ftp::start(gate, vec![listener], config, None);
        bench.table = Some(table);
        Lab { files, bench, tftp: Some(tftp.expect("started")), _ftp: ftp.expect("started"), repeats }
    }

    /// Nobody answers at 10.0.0.1:69 any more.
    pub(crate) fn stop_tftp(&mut self) {
        drop(self.tftp.take());
    }

    /// The screen as it is where nothing was late. On a machine that stands still for longer than a timer of TFTP
    /// a packet is repeated, and the device says so among its marks: `O` for one that it has already, `.` for
    /// a wait. Such marks are taken away, but none that was not seen to be repeated.
    pub(crate) fn as_if_in_time(&self, screen: &str) -> String {
        let mut left = String::new();
        let mut late = 0;
        let mut rest = screen;
        while let Some(at) = rest.find(['!', 'O', '.']) {
            let len = rest[at..].find(|c| !matches!(c, '!' | 'O' | '.')).unwrap_or(rest.len() - at);
            let (before, marks) = rest[..at + len].split_at(at);
            left += before;
            let on_time = marks.matches('!').count();
            match on_time {
                0 => left += marks,
                _ => left += &"!".repeat(on_time),
            }
            late += if on_time == 0 { 0 } else { len - on_time };
            rest = &rest[at + len..];
        }
        let repeats = self.repeats.seen.load(Ordering::SeqCst);
        assert!(
            late <= repeats,
            "{late} marks say that something was late, {repeats} packets were:\n{screen}"
        );
        left + rest
    }

    /// Puts a file on the server.
    pub(crate) fn serve(&self, name: &str, octets: Vec<u8>) {
        self.files.seed(name, Bytes::from(octets));
    }
}
