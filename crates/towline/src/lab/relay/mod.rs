//! Sockets between a client and a server that pass everything on: what goes through is captured, and
//! datagrams can be lost on purpose.
//!
//! A capture for real: the taps of the drivers mask passwords, these octets are as they were on the
//! wire. [`udp_relay`] is [`crate::relay`] with a capture; [`StreamRelay`] follows FTP's passive data connections.

mod capture;
mod stream;
mod udp;

pub use capture::Capture;
pub use stream::StreamRelay;
pub use udp::{pass_all, udp_relay};

#[cfg(test)]
mod tests;
