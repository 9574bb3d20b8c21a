//! SSH: the one place that knows its library.
//!
//! Channels come out as octets ([`ChannelIn`], [`ChannelOut`]), authentication is a question ([`server::Door`],
//! [`client::Login`]), and what may be negotiated is a [`Profile`]. Nothing here judges anybody or opens a file.
//!
//! - `hello` how a side begins · `kexinit` what it offers, and what comes of two offers · `opening`, `listening` the
//!   first words of a client and of a server · `ahead` fewer system calls · `profile` which algorithms, and in which
//!   order · `ios` which ones IOS offers · `keys` host keys and the keys of users · `line` the socket
//!   under a connection, which can be cut · `channel` octets of a channel · `server` · `client` · `agent` ·
//!   `hosts` names that known_hosts hides.
//!
//! RFC 4250 to 4254, 8308 (extensions), 8332 (RSA with SHA-2), OpenSSH's PROTOCOL (strict key exchange).

mod agent;
mod ahead;
mod channel;
pub mod client;
mod derived;
mod hello;
mod hosts;
mod ios;
mod kexinit;
mod keys;
mod line;
mod listening;
mod opening;
mod profile;
pub mod server;
#[cfg(test)]
mod tests;

pub use agent::Agent;
pub use channel::{ChannelIn, ChannelOut};
pub use hello::Hello;
pub use hosts::is_hidden_name;
pub use ios::Ios;
pub use kexinit::{Agreed, Kind, Offer, agree};
pub use keys::{BadKey, Certified, Key, OwnCertificate, PrivateKey};
pub use line::Line;
pub use profile::Profile;

use russh::SshId;
use std::borrow::Cow;

/// The most octets of a packet's data: the library's own bound.
const LARGEST_PACKET: u32 = 65_535;
/// Octets that a peer may send before we took any: at 50 ms there and back 160 MB/s.
const WINDOW: u32 = 8 << 20;
/// Messages of a channel that wait for its driver: whoever reads one drains it, so that the other channels of the
/// connection, and what frees our own sending, are not held up.
const WAITING: usize = 256;

fn ident(text: &'static str) -> SshId {
    SshId::Standard(Cow::Borrowed(text))
}

/// What a peer's first words mean, as they come in pieces; for the fuzzer.
pub(crate) fn hello_of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<Hello> {
    let mut ear = hello::Ear::default();
    let _ = pieces.into_iter().any(|piece| ear.hear(piece));
    ear.hello().cloned()
}
