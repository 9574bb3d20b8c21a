//! One end of a transfer that kills itself where it is told: what `crash_wire.rs` drives.
//!
//! - `crasher serve DIR LEN POINT`: TFTP, FTP and SFTP servers with `--write` and the user `alice`:`hunter2`;
//!   prints `tftp ADDRESS` and so on, and `key FINGERPRINT`; runs until killed or until its input ends.
//! - `crasher put ADDRESS SEED LEN OFFSET`: sends a file over TFTP, killed once so many octets were sent.

use client::{Options, Remote, Scheme, Type};
use e2e::content::{Content, Kind};
use gate::{Gate, Policy, Secret, User};
use serve::ftp::FtpConfig;
use serve::ssh::SshConfig;
use serve::tftp::{TftpConfig, TftpServer};
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::Blob;
use store::local::{Local, LocalOptions};
use transport::ssh::{self, PrivateKey};
use transport::tap::{Dir, Sense, Sight, Tap, What};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match &args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", dir, len, point] => serve(dir, number(len), point),
        ["put", address, seed, len, offset] => {
            put(
                address,
                Content { seed: number(seed), len: number(len), kind: Kind::Octets },
                number(offset),
            );
        }
        other => panic!("crasher serve|put …, found {other:?}"),
    }
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

fn serve(dir: &str, len: u64, point: &str) {
    let at = Some(e2e::kill::observer(point, len));
    let options = LocalOptions { write: true, at, ..LocalOptions::default() };
    let store = Arc::new(Local::open(Path::new(dir), options).expect("DIR opens"));
    let users = vec![User::with_password("alice", &Secret::new("hunter2")).expect("a name")];
    let (gate, events) = Gate::new(store, Policy { users, write: true, ..Policy::default() });
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let tftp = TftpServer::start(gate.clone(), vec![socket], TftpConfig::default(), None).expect("TFTP");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let config = FtpConfig { active_port: 0, ..FtpConfig::default() };
    let ftp = serve::ftp::start(gate.clone(), vec![listener], config, None).expect("FTP");
    let key = PrivateKey::ed25519().expect("random octets");
    println!("key {}", key.public().fingerprint());
    let server = ssh::server::Config { keys: vec![key], ..ssh::server::Config::default() };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let config = SshConfig { server, ..SshConfig::default() };
    let sftp = serve::ssh::start(gate, vec![listener], config, None).expect("SSH");
    println!("tftp {}", tftp.addresses()[0]);
    println!("ftp {}", ftp.addresses()[0]);
    println!("sftp {}", sftp.addresses()[0]);
    // Ends with its owner.
    let _end = std::io::stdin().read(&mut [0]);
    drop((tftp, ftp, sftp, events));
}

fn put(address: &str, content: Content, offset: u64) {
    let mut octets = Vec::new();
    content.reader().read_to_end(&mut octets).expect("a generator does not fail");
    let (host, port) = address.rsplit_once(':').expect("ADDRESS is host:port");
    let remote = Remote {
        scheme: Scheme::Tftp,
        user: None,
        password: None,
        host: host.to_owned(),
        port: Some(port.parse().expect("a port")),
        path: b"image.bin".to_vec(),
        kind: Type::Image,
    };
    let tap = Arc::new(KillAt { offset, sent: AtomicU64::new(0) });
    let options = Options { tap: Some(tap), ..Options::default() };
    let done = client::put(&Blob::Memory(octets.into()), &remote, &options);
    panic!("not killed: {done:?}");
}

/// Counts the octets of the blocks sent.
struct KillAt {
    offset: u64,
    sent: AtomicU64,
}

impl Tap for KillAt {
    fn see(&self, sight: &Sight<'_>) {
        if let (Dir::Sent, What::Datagram { head: [0, 3, ..], len, sense: Sense::First }) =
            (sight.dir, &sight.what)
        {
            let octets = (*len as u64).saturating_sub(4);
            if self.sent.fetch_add(octets, Ordering::Relaxed) + octets >= self.offset {
                e2e::kill::myself();
            }
        }
    }
}
