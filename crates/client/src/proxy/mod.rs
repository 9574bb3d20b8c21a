//! Servers that are reached by way of a proxy: SOCKS5 (RFC 1928, 1929) and HTTP's CONNECT (RFC 9110 §9.3.6).
//!
//! The proxy finds the address of a name, nobody here asks for it. What a proxy cannot do is let somebody connect to us
//! (FTP's active mode) and carry datagrams (TFTP).
//!
//! | file | its one idea |
//! |---|---|
//! | `url` | which proxy, and for which hosts |
//! | `socks` | SOCKS5's words, as a machine |
//! | `connect` | CONNECT's words, as a machine |
//! | `reach` | the connection that they are said over |

mod connect;
mod reach;
mod socks;
#[cfg(test)]
mod tests;
mod url;

pub(crate) use reach::reach;
pub use url::{BadProxy, Proxy};

use std::net::IpAddr;

/// Why a proxy does not connect us, and whose doing it is.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyFault {
    /// There is no proxy at its address.
    #[error("cannot be reached: {0}")]
    NotThere(String),
    /// It wants to know who we are, and was not told.
    #[error("wants a login: {0}")]
    WantsLogin(String),
    /// User or password are wrong.
    #[error("refuses the login: {0}")]
    Login(String),
    /// It does not connect anybody there.
    #[error("refuses to connect to {target}: {why}")]
    Refused {
        /// `HOST:PORT`
        target: String,
        /// Its code, and its words.
        why: String,
    },
    /// It has tried: the server is not there, seen from the proxy.
    #[error("cannot reach {target}: {why}")]
    Unreachable {
        /// `HOST:PORT`
        target: String,
        /// Its code, and its words.
        why: String,
    },
    /// That is no such proxy.
    #[error("broke the protocol: {0}")]
    Protocol(String),
    /// Nothing came for too long.
    #[error("went silent: nothing for {0} s")]
    Silent(u64),
}

/// What the proxy is to connect us with.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Goal {
    host: Host,
    port: u16,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Host {
    Address(IpAddr),
    Name(String),
}

impl Goal {
    /// A name that a line of HTTP or an octet of length has no room for is none.
    fn new(host: &str, port: u16) -> Option<Goal> {
        let host = match host.parse() {
            Ok(address) => Host::Address(address),
            Err(_) => Host::Name(host.to_owned()),
        };
        let fits = match &host {
            Host::Address(_) => true,
            Host::Name(name) => (1..=255).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic()),
        };
        fits.then_some(Goal { host, port })
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.host {
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
            Host::Address(IpAddr::V4(address)) => write!(f, "{address}:{}", self.port),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

/// User and password.
#[derive(Clone, PartialEq, Eq)]
struct Account {
    user: String,
    password: String,
}

/// The words with a proxy: octets in and out, until it is through.
enum Words {
    Socks(socks::Socks),
    Connect(connect::Connect),
}

impl Words {
    /// What is to be sent now.
    fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        match self {
            Words::Socks(socks) => socks.poll_transmit(),
            Words::Connect(connect) => connect.poll_transmit(),
        }
    }

    /// Takes octets that came; gives how many of them were the proxy's: those behind its last are the server's.
    fn handle_input(&mut self, octets: &[u8]) -> Result<usize, ProxyFault> {
        match self {
            Words::Socks(socks) => socks.handle_input(octets),
            Words::Connect(connect) => connect.handle_input(octets),
        }
    }

    /// Whether what comes now is the server's.
    fn is_through(&self) -> bool {
        match self {
            Words::Socks(socks) => socks.is_through(),
            Words::Connect(connect) => connect.is_through(),
        }
    }
}
