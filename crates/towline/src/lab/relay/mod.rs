//! Sockets between a client and a server that pass everything on: what goes through is captured, and
//! datagrams can be lost on purpose.
//!
//! A capture for real: the taps of the drivers mask passwords, these octets are as they were on the
//! wire. [`UdpRelay`] keeps TFTP's ports apart as a router would (the answer comes from another port
//! than the request went to); [`FtpRelay`] follows passive data connections.

mod capture;
mod ftp;
mod udp;

pub use capture::Capture;
pub use ftp::FtpRelay;
pub use udp::{Rule, UdpRelay, pass_all};

/// Which way something goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

#[cfg(test)]
mod tests;
