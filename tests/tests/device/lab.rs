//! The lesson's server at 10.0.0.1: this house's own servers on loopback behind the wire table.

use crate::bench::Bench;
use bytes::Bytes;
use device::wire::Table;
use gate::{Gate, Policy, Secret, User, hash_password};
use serve::ftp::FtpConfig;
use serve::streams::StreamServer;
use serve::tftp::{TftpConfig, TftpServer};
use std::net::{TcpListener, UdpSocket};
use std::sync::{Arc, OnceLock};
use store::memory::Memory;
use transport::tap::Tap;

pub(crate) struct Lab {
    pub(crate) files: Memory,
    pub(crate) bench: Bench,
    tftp: Option<TftpServer>,
    _ftp: StreamServer,
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
        let tftp = TftpServer::start(Arc::clone(&gate), vec![socket], TftpConfig::default(), tap);
        let config = FtpConfig { active_port: 0, ..FtpConfig::default() };
        let ftp = serve::ftp::start(gate, vec![listener], config, None);
        bench.table = Some(table);
        Lab { files, bench, tftp: Some(tftp.expect("started")), _ftp: ftp.expect("started") }
    }

    /// Nobody answers at 10.0.0.1:69 any more.
    pub(crate) fn stop_tftp(&mut self) {
        drop(self.tftp.take());
    }

    /// Puts a file on the server.
    pub(crate) fn serve(&self, name: &str, octets: Vec<u8>) {
        self.files.seed(name, Bytes::from(octets));
    }
}
