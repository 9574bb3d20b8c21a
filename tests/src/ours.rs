//! Our own clients in a test's process: where they ask, and where they put what comes.

use client::{Remote, Scheme, Type};
use std::io;
use std::net::SocketAddr;
use store::Sink;

/// A file of a server, as it is, without a login.
pub fn remote(scheme: Scheme, server: SocketAddr, path: &str) -> Remote {
    Remote {
        scheme,
        user: None,
        password: None,
        host: server.ip().to_string(),
        port: Some(server.port()),
        path: path.as_bytes().to_vec(),
        kind: Type::Image,
    }
}

/// What came, in memory.
#[derive(Default, Debug)]
pub struct Kept(pub Vec<u8>);

impl Sink for Kept {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        let from = usize::try_from(offset).expect("it fits into memory");
        let end = from + octets.len();
        self.0.resize(self.0.len().max(end), 0);
        self.0[from..end].copy_from_slice(octets);
        Ok(())
    }
}
