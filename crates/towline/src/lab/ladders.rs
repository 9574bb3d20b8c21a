//! Six ladders, each from a live run: our client, our servers, real sockets on loopback.

use super::guide::fold;
use super::names::SERVER;
use super::relay::{Capture, udp_relay};
use super::scene::{router_config, table};
use super::servers::Servers;
use crate::ladder::{End, Recorder, Seen, draw};
use crate::relay::{Rule, Way};
use bytes::Bytes;
use client::{ClientError, FtpOptions, Options, Passive, Remote, Scheme, TftpOptions, Type};
use device::wire::{LabWire, Links};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::memory::Memory;
use store::{Blob, Sink, Store};

/// Octets of the file: four blocks of 512, the last one not full.
const SIZE: usize = 2_000;
const USER: &str = "cisco";
const PASSWORD: &str = "cisco";

/// One ladder.
#[derive(Clone, Copy, Debug)]
pub struct Ladder {
    /// A few words.
    pub title: &'static str,
    /// What to look at.
    pub notice: &'static str,
    run: fn(&Bench) -> Result<(), ClientError>,
}

/// All of them.
pub const LADDERS: [Ladder; 6] = [
    Ladder {
        title: "TFTP: a get and a put, each with one retransmission",
        notice: "Block 2 is lost once each time. Nobody is told: who misses an answer sends again.",
        run: |bench| {
            bench.lossy(|bench| {
                bench.get(Scheme::Tftp, Passive::Yes)?;
                bench.put(Scheme::Tftp)
            })
        },
    },
    Ladder {
        title: "TFTP: its three phases",
        notice: "Request, transfer, end. Nothing is opened or closed: a short block is the end.",
        run: |bench| bench.get(Scheme::Tftp, Passive::Yes),
    },
    Ladder {
        title: "TFTP: ports (transfer identifiers)",
        notice: "The request goes from x to 69. The answer comes from a port y of its own: y to x, x to y, and 69 is \
                 never seen again.",
        run: |bench| bench.get(Scheme::Tftp, Passive::Yes),
    },
    Ladder {
        title: "FTP: the control connection",
        notice: "The client opens it to 21 and asks; the server answers with three digits. The password can be \
                 read on the wire (it is masked here).",
        run: |bench| bench.get(Scheme::Ftp, Passive::PasvOnly),
    },
    Ladder {
        title: "FTP active: the server opens the data connection",
        notice: "The client listens and says where (PORT). The data connection comes from the server's 20.",
        run: |bench| bench.get(Scheme::Ftp, Passive::No),
    },
    Ladder {
        title: "FTP passive: the client opens the data connection",
        notice: "The server listens and says where (227). Both connections go from the client to the server.",
        run: |bench| bench.get(Scheme::Ftp, Passive::PasvOnly),
    },
];

/// Runs ladder `index` (0 is the first) and gives what the client saw.
///
/// # Panics
/// When there is no such ladder.
pub fn record(index: usize) -> Result<Vec<Seen>, RunError> {
    let content: Vec<u8> = (0..SIZE).map(|i| b"towline "[i % 8]).collect();
    let servers = Servers::over(holding("file.bin", &content), USER, PASSWORD, true)?;
    let bench = Bench { servers, recorder: Arc::default(), content, lossy: None.into() };
    (LADDERS[index].run)(&bench)?;
    Ok(bench.recorder.seen())
}

/// Runs ladder `index` and draws it.
///
/// # Panics
/// When there is no such ladder.
pub fn drawn(index: usize) -> Result<String, RunError> {
    let ladder = LADDERS[index];
    let notice: String = fold(ladder.notice).iter().map(|line| format!("   {line}\n")).collect();
    Ok(format!("{}. {}\n{notice}{}", index + 1, ladder.title, draw(&record(index)?, End::Client)))
}

/// A store in memory with one file: a put ends as soon as its octets are there, no disk is waited for.
pub(super) fn holding(name: &str, content: &[u8]) -> Arc<dyn Store> {
    let store = Memory::new();
    store.seed(name, content.to_vec());
    Arc::new(store)
}

/// Why there is no ladder.
#[derive(Debug)]
pub enum RunError {
    /// Files or sockets of this host.
    Local(io::Error),
    /// The transfer.
    Transfer(ClientError),
}

impl From<io::Error> for RunError {
    fn from(e: io::Error) -> Self {
        RunError::Local(e)
    }
}

impl From<ClientError> for RunError {
    fn from(e: ClientError) -> Self {
        RunError::Transfer(e)
    }
}

struct Bench {
    servers: Servers,
    recorder: Arc<Recorder>,
    content: Vec<u8>,
    /// Where 10.0.0.1:69 is while packets are lost.
    lossy: std::cell::Cell<Option<SocketAddr>>,
}

impl Bench {
    fn options(&self, passive: Passive) -> Options {
        let tftp = self.lossy.get().unwrap_or(self.servers.tftp());
        let wire = LabWire::new(Some(table(tftp, self.servers.ftp(), Some(self.servers.active()))));
        wire.set(Links::of(&router_config()));
        Options {
            tftp: TftpOptions {
                blksize: None,
                windowsize: None,
                timeout: None,
                tsize: false,
                no_progress: Duration::from_secs(20),
                first_rto: Duration::from_millis(300),
                ..TftpOptions::default()
            },
            ftp: FtpOptions { passive, ..FtpOptions::default() },
            cancel: None,
            tap: Some(self.recorder.clone()),
            wire: Arc::new(wire),
            ..Options::default()
        }
    }

    fn remote(scheme: Scheme, path: &str) -> Remote {
        let login = |text: &str| (scheme == Scheme::Ftp).then(|| text.to_owned());
        Remote {
            scheme,
            user: login(USER),
            password: login(PASSWORD),
            host: SERVER.to_string(),
            port: None,
            path: path.into(),
            kind: Type::Image,
        }
    }

    fn get(&self, scheme: Scheme, passive: Passive) -> Result<(), ClientError> {
        let mut got = Collected(Vec::new());
        client::get(&Bench::remote(scheme, "file.bin"), &mut got, &self.options(passive))?;
        if got.0 != self.content {
            return Err(ClientError::Local(io::Error::other("the octets that arrived are not the file's")));
        }
        Ok(())
    }

    fn put(&self, scheme: Scheme) -> Result<(), ClientError> {
        let blob = Blob::Memory(Bytes::from(self.content.clone()));
        client::put(&blob, &Bench::remote(scheme, "copy.bin"), &self.options(Passive::Yes)).map(drop)
    }

    /// Loses the first DATA 2 of each direction while `with` runs.
    fn lossy(&self, with: impl FnOnce(&Bench) -> Result<(), ClientError>) -> Result<(), ClientError> {
        let mut lost = [false, false];
        let rule: Rule = Box::new(move |way, octets| {
            let lost = &mut lost[usize::from(way == Way::Up)];
            let lose = octets.starts_with(&[0, 3, 0, 2]) && !*lost;
            *lost |= lose;
            !lose
        });
        let relay =
            udp_relay(self.servers.tftp(), rule, Arc::new(Capture::default())).map_err(ClientError::Local)?;
        self.lossy.set(Some(relay.address()));
        let result = with(self);
        self.lossy.set(None);
        result
    }
}

/// What a get collects.
pub(super) struct Collected(pub(super) Vec<u8>);

impl Sink for Collected {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        let end = at + octets.len();
        if self.0.len() < end {
            self.0.resize(end, 0);
        }
        self.0[at..end].copy_from_slice(octets);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
