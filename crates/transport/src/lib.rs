//! Sockets, terminals and the data pump: the only crate that touches the network.
//!
//! It speaks no protocol and judges nothing.
//!
//! - [`tap`]: one optional observer of everything on the wire; ladders, progress and captures are
//!   made from it.
//! - [`interfaces`]: the addresses of this host; [`inherited`]: sockets of a service manager.
//! - [`neighbours`]: hardware addresses that the kernel knows.
//! - [`Channel`]: messages and descriptors between two processes; [`give`], [`given`]: how a child gets its end.
//! - [`octets`]: what drivers need of a channel, whatever carries it.
//! - [`passive`]: listeners for data connections; [`pump`]: file or memory x TCP.
//! - [`udp`]: sockets that know which address was asked, and that send many blocks at once.
//! - [`segments`]: what TCP counted on one connection.
//! - [`tls`]: TLS over a socket that somebody else owns; [`tls_client`]: TLS towards a server.
//! - [`ssh`]: SSH, server and client; sessions come out as octets.
//! - [`terminal`]: one type for a terminal, a pseudo-terminal and a Telnet line.
//! - [`return_large_blocks`]: what the allocator does with large blocks.
//! - [`Echo`]: ICMP echo requests.
//! - [`caller`]: who is at the other end of a unix socket.
//! - [`Spare`]: a descriptor for when there is none left.
//! - [`fuzz`]: what must hold for any octets.
//! - [`Cancel`]: stops a blocking client from another thread.
#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod activation;
#[allow(unsafe_code)]
mod caller;
mod cancel;
mod channel;
#[allow(unsafe_code)]
mod descriptors;
mod echo;
pub mod fuzz;
#[allow(unsafe_code)]
mod interfaces;
#[allow(unsafe_code)]
mod memory;
pub mod neighbours;
pub mod octets;
pub mod passive;
pub mod pump;
#[allow(unsafe_code)]
mod segments;
mod spare;
pub mod ssh;
pub mod tap;
pub mod terminal;
pub mod tls;
pub mod tls_client;
pub mod udp;

pub use activation::{Inherited, Passed, inherited};
pub use caller::{Caller, caller};
pub use cancel::Cancel;
pub use channel::{Channel, Message};
pub use descriptors::{GIVEN, give, given};
pub use echo::Echo;
pub use interfaces::{Interface, interfaces};
pub use memory::return_large_blocks;
pub use segments::{Segments, segments};
pub use spare::Spare;
pub use terminal::Terminal;
