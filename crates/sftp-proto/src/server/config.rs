//! What is the same for all sessions of a server.

use crate::extension::{EXTENSIONS, Extended, Extension, VendorId};
use crate::figures::Limits;
use crate::frame::LONGEST_PACKET;
use alloc::vec::Vec;

/// The most octets of one READ or WRITE: what OpenSSH's client asks for by itself, as a packet of 256 KiB holds them
/// with every head.
pub const MOST_OCTETS: u32 = 255 << 10;

/// Bounds, and what is offered.
#[derive(Clone, Debug)]
pub struct Config {
    /// Files and directories that a client may have open.
    pub handles: u32,
    /// Requests that wait, as descriptors of some 40 octets; whoever sends more is sent away.
    pub requests: usize,
    /// Octets of what waits to be written, and of names; above them nothing is read.
    pub octets: usize,
    /// Octets of answers above which no file is read: the peer takes them too slowly.
    pub soft: usize,
    /// Octets of answers above which nothing at all is done.
    pub hard: usize,
    /// Octets of WRITEs that lie behind each other and are handed out as one.
    pub run: usize,
    /// The extensions that are done and told.
    pub extensions: Vec<Extension>,
    /// Whose program it is, where that is told.
    pub vendor: Option<VendorId<'static>>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            handles: 1_024,
            requests: 65_536,
            octets: 16 << 20,
            soft: 1 << 20,
            hard: 4 << 20,
            run: 512 << 10,
            extensions: EXTENSIONS.to_vec(),
            vendor: None,
        }
    }
}

impl Config {
    /// What `limits@openssh.com` is answered with.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            packet: LONGEST_PACKET as u64,
            read: u64::from(MOST_OCTETS),
            write: u64::from(MOST_OCTETS),
            handles: u64::from(self.handles),
        }
    }

    /// Whether a request is of an extension that is not offered.
    pub(super) fn lacks(&self, extended: &Extended<'_>) -> bool {
        !self.extensions.iter().any(|row| row.name.as_bytes() == extended.name())
    }
}
