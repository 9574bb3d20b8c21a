//! How much at once: what the owner sets, and which limit it was that somebody met.

use crate::Net;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// How much at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// For all together.
    pub all: Caps,
    /// For the addresses of a network together; of several that hold an address the first counts.
    pub networks: Vec<(Net, Caps)>,
    /// For each address; IPv6 counts by /64, which is one subscriber.
    pub per_address: Caps,
    /// For each user who logged in; anonymous is none.
    pub per_user: Caps,
    /// For each transfer.
    pub per_transfer: Rates,
}

/// The limits of one scope; none: as many or as fast as it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Caps {
    /// Sessions, of protocols with a connection, that are logged in. A TFTP session is one transfer, and counts
    /// as that: a rack of switches behind one address boots at once.
    pub sessions: Option<usize>,
    /// Connections that are not logged in; those of a user are none.
    pub half_open: Option<usize>,
    /// Transfers, of every protocol.
    pub transfers: Option<usize>,
    /// How fast.
    pub rates: Rates,
}

/// Octets of content a second, what is sent again included; none: as fast as it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rates {
    /// Uploads.
    pub inward: Option<u64>,
    /// Downloads.
    pub outward: Option<u64>,
}

impl Default for Limits {
    /// 1,024 sessions, 64 of one address (a NAT with a rack of devices behind), as many that are not logged in
    /// yet; 32,768 transfers: more than twice the switches of the largest campaign at once, at 8 KiB each 256 MiB.
    fn default() -> Self {
        let caps = |sessions| Caps { sessions: Some(sessions), half_open: Some(sessions), ..Caps::default() };
        Limits {
            all: Caps { transfers: Some(32_768), ..caps(1_024) },
            networks: Vec::new(),
            per_address: caps(64),
            per_user: Caps::default(),
            per_transfer: Rates::default(),
        }
    }
}

impl Limits {
    /// Transfers in all.
    pub fn transfers(&self) -> usize {
        self.all.transfers.unwrap_or(usize::MAX)
    }
}

impl Caps {
    /// How many of these there may be.
    pub(crate) fn of(&self, counted: Counted) -> Option<usize> {
        match counted {
            Counted::Sessions => self.sessions,
            Counted::HalfOpen => self.half_open,
            Counted::Transfers => self.transfers,
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counted {
    /// Sessions that are logged in.
    Sessions,
    /// Connections that are not.
    HalfOpen,
    /// Transfers.
    Transfers,
}

/// Of whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// All together.
    All,
    /// Those of this network.
    Network(Net),
    /// Those of one address, or /64.
    Address,
    /// Those of one user.
    User,
    /// Those of the TFTP server, which has a limit of its own.
    Tftp,
}

/// The limit that is reached, in words: `64 sessions of one address (limits.per-address.sessions)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// What.
    pub counted: Counted,
    /// Of whom.
    pub scope: Scope,
    /// How many there may be.
    pub most: usize,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, key) = match self.counted {
            Counted::Sessions => ("sessions", "sessions"),
            Counted::HalfOpen => ("connections that are not logged in", "half-open"),
            Counted::Transfers => ("transfers", "transfers"),
        };
        write!(f, "{} {words} ", self.most)?;
        match &self.scope {
            Scope::All => write!(f, "in all (limits.{key})"),
            Scope::Network(net) => write!(f, "of {net} (limits.network.{key})"),
            Scope::Address => write!(f, "of one address (limits.per-address.{key})"),
            Scope::User => write!(f, "of one user (limits.per-user.{key})"),
            Scope::Tftp => write!(f, "over TFTP (tftp.max-{key})"),
        }
    }
}

/// What one subscriber has: an IPv4 address, also where it comes mapped, or an IPv6 /64.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(a) => IpAddr::V4(a),
        IpAddr::V6(a) => {
            let prefix = a.to_bits() >> 64 << 64;
            IpAddr::V6(if a.is_loopback() { a } else { Ipv6Addr::from_bits(prefix) })
        }
    }
}
