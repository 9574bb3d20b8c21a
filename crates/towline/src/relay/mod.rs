//! A UDP relay that follows TFTP's changing ports, and loses, doubles, delays and holds back on purpose.
//!
//! A client sends its request to the relay instead of to the server. The server answers from a port of its
//! own (RFC 1350 §4: its TID), and so does the relay: it keeps one socket towards the server for each client,
//! and towards the client one for each TID of the server. A server that answers from the port that was asked
//! is passed on from the port that was asked.
//!
//! - [`Line`]: what becomes of datagrams; no socket in it, so a seed and the order decide.
//! - [`Relay`]: the sockets, on a thread of their own.
//!
//! `towline relay` and the lab use it; the lab loses what a [`Rule`] names instead of by odds.

mod line;
mod ports;
mod work;

pub use line::{Counts, Line, Tally};
pub use work::Relay;

use link::Params;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Which way something goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// Decides about one datagram before the odds do: false loses it.
pub type Rule = Box<dyn FnMut(Way, &[u8]) -> bool + Send>;

/// Is told what happens; from the relay's thread, so it must be quick.
pub type Observer = Box<dyn FnMut(&Happened<'_>) + Send>;

/// What a relay does.
pub struct Settings {
    /// The server.
    pub to: SocketAddr,
    /// Where clients send to; port 0 is any free one.
    pub listen: SocketAddr,
    /// What may happen to a datagram, each way.
    pub params: Params,
    /// Decides every fate: the n-th datagram of a direction has the same one whenever the seed is the same.
    pub seed: u64,
    /// Asked first.
    pub rule: Rule,
    /// Told of everything that is not plain passing on.
    pub observer: Observer,
}

impl Settings {
    /// Passes everything on to `to`, from a free port of the same address.
    pub fn towards(to: SocketAddr) -> Settings {
        Settings {
            to,
            listen: SocketAddr::new(to.ip(), 0),
            params: Params::default(),
            seed: 0,
            rule: Box::new(|_, _| true),
            observer: Box::new(|_| {}),
        }
    }

    /// All addresses of this host, in the family of the server.
    pub fn anywhere(to: SocketAddr) -> IpAddr {
        match to {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        }
    }
}

/// Something that happened to a relay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happened<'a> {
    /// A client has sent its first datagram.
    Client {
        /// Its address and port.
        client: SocketAddr,
        /// Our port towards the server.
        up: SocketAddr,
    },
    /// The server has answered a client from a new port.
    Port {
        /// The client.
        client: SocketAddr,
        /// The server's port.
        server: SocketAddr,
        /// What the client sees instead.
        seen: SocketAddr,
    },
    /// A datagram did not simply pass.
    Struck {
        /// The client whose it was, or for whom.
        client: SocketAddr,
        /// Its way.
        way: Way,
        /// It counts the datagrams of this way, from 1.
        number: u64,
        /// Its octets.
        octets: &'a [u8],
        /// What became of it.
        fate: Struck,
    },
}

/// What became of a datagram that did not simply pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Struck {
    /// The odds, or the rule, lost it.
    Lost,
    /// The line was full, or no socket was to be had: it is lost too.
    Dropped,
    /// It passes.
    Passes {
        /// As two copies.
        twice: bool,
        /// Later than the ones behind it.
        held: bool,
    },
}

#[cfg(test)]
mod tests;
