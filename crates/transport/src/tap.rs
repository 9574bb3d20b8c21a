//! What is seen on the wire.
//!
//! A driver that has a [`Tap`] tells it each datagram, each control line, each head and the fate of each TCP
//! connection; without one it costs one branch. Ladders, progress characters (`!` `.` `O`), progress
//! bars and packet captures are made from these [`Sight`]s, never from inside a machine. Passwords are
//! masked by the driver before a sight is made.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// An observer. Called from the transfer's own thread: it must be quick and must not block.
pub trait Tap: Send + Sync {
    /// Tells one sight.
    fn see(&self, sight: &Sight<'_>);
}

/// One thing seen, at the end that has the tap.
#[derive(Clone, Debug)]
pub struct Sight<'a> {
    /// When.
    pub at: Instant,
    /// A number for the transfer (TFTP), control session (FTP) or connection (HTTP), unique in this process.
    pub flow: u64,
    /// Our address and port.
    pub local: SocketAddr,
    /// The other end's.
    pub peer: SocketAddr,
    /// Which way it went.
    pub dir: Dir,
    /// What it was.
    pub what: What<'a>,
}

/// Which way something went, seen from the end that has the tap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dir {
    /// From us to the peer.
    Sent,
    /// From the peer to us.
    Received,
    /// Neither: a timer, a decision.
    Here,
}

/// Why a datagram was sent, or what a received one was to the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sense {
    /// For the first time, or new to us.
    First,
    /// Sent again, for the n-th time (1 is the first repeat).
    Again(u32),
    /// Received, but known already.
    Duplicate,
    /// Received, older than anything we wait for.
    Stale,
    /// Received, later than the next one we wait for.
    Gap,
    /// Received from an address or port that does not belong to the transfer.
    Stray,
}

/// What a TCP connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Commands and replies of FTP.
    Control,
    /// A file or a listing of FTP.
    Data,
    /// Requests and responses of HTTP.
    Http {
        /// Under TLS: what is seen was not on the wire.
        tls: bool,
    },
}

/// What was seen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum What<'a> {
    /// One datagram: its first octets (at least the TFTP header and every option) and whole length.
    Datagram {
        /// The first octets, at most 512.
        head: &'a [u8],
        /// Octets of the whole datagram without IP and UDP headers.
        len: usize,
        /// Why, or what it was.
        sense: Sense,
    },
    /// A wait ended without an answer.
    TimedOut,
    /// One FTP control line without its line end; passwords are masked.
    Control(&'a [u8]),
    /// A TCP connection was asked for; `Sent`: we connect, `Received`: we accepted.
    Connected {
        /// What for.
        role: Role,
    },
    /// A data connection could not be opened.
    ConnectFailed {
        /// In words.
        why: &'a str,
    },
    /// A head of HTTP, its empty line and all; what shows who asks is masked.
    Head(&'a [u8]),
    /// Octets moved on a data connection, or behind a head; the sum so far is `total`.
    Data {
        /// Octets of this segment.
        len: usize,
        /// Octets since the connection opened, or since the head.
        total: u64,
    },
    /// A connection ended.
    Closed {
        /// What it was for.
        role: Role,
        /// Octets carried, both ways.
        total: u64,
    },
    /// The transfer's size became known (tsize, SIZE, the 150 reply).
    Size(u64),
}

/// A number for a new flow ([`Sight::flow`]), unique in this process; from 1.
pub fn next_flow() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}
