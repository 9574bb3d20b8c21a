//! What the configuration lets a worker ask for.

use super::{Place, Program};
use rustix::process::{Gid, Uid};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// A program and its arguments, as the configuration has them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Argv {
    /// An absolute path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// What a place is reached by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// A connection of TCP.
    Tcp,
    /// Datagrams of UDP.
    Udp,
}

/// Where a place is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// What it is reached by.
    pub by: Reached,
    /// `host:port`.
    host: String,
    /// Its addresses, where they are known already.
    known: Vec<SocketAddr>,
}

impl Address {
    /// That of a host and port, looked up when it is asked for.
    pub fn of(by: Reached, host: String) -> Address {
        Address { by, host, known: Vec::new() }
    }

    /// Looks it up.
    ///
    /// # Errors
    /// There is no such name, or nobody who knows.
    pub fn look_up(&self) -> io::Result<Vec<SocketAddr>> {
        if self.known.is_empty() {
            Ok(self.host.to_socket_addrs()?.collect())
        } else {
            Ok(self.known.clone())
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

/// What may be asked for. Whatever is not here is refused.
#[derive(Clone, Default, Debug)]
pub struct Mandate {
    /// The programs.
    pub programs: BTreeMap<Program, Argv>,
    /// The places.
    pub places: BTreeMap<Place, Address>,
    /// The ports for passive data connections; none: any free one.
    pub passive_ports: Option<RangeInclusive<u16>>,
    /// Whether active data connections are made at all.
    pub active: bool,
    /// Whom programs run as, when this process is root. None: whoever this process is.
    pub programs_as: Option<(Uid, Gid)>,
}

impl Mandate {
    /// Looks all places up now, for a process that cannot do so later. What is not found stays a name.
    pub fn looked_up(mut self) -> Mandate {
        for address in self.places.values_mut() {
            address.known = address.look_up().unwrap_or_default();
        }
        self
    }
}
