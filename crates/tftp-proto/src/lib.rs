//! TFTP as pure machines (RFC 1350, 2347, 2348, 2349, 7440).
//!
//! What this crate does *not* do: it has no socket, no clock and no file. Not one octet of a file enters
//! a machine: the [`Sender`] names runs of blocks, the [`Receiver`] says where a payload belongs, and the
//! driver reads and writes. A transfer's TID is the driver's socket.
//!
//! | file | what |
//! |---|---|
//! | `packet` | datagrams: parse, write |
//! | `options` | [`Offer`] -> [`Terms`], OACK |
//! | `block` | the number on the wire and the block it stands for; rollover |
//! | `window` | which blocks are out, which early ones are in |
//! | `pace` | how much of a window goes out at once |
//! | `ahead` | sending ahead of a lock-step peer |
//! | `rto` | how long to wait for an answer (RFC 6298) |
//! | `sender`, `receiver` | the two ends of the data, on whichever side they are |
//! | `transfer` | either of them, for a driver that does not care |
//! | `server` | what a datagram on port 69 asks for, and how to answer it |
//! | `client` | a request and the transfer that follows |
//! | `figures` | what a transfer counted |
//! | `machine` | the words all machines share: [`Transmit`], [`Event`], [`Outcome`] |
//! | `netascii` | text on the wire (RFC 764) |
//! | `error` | error codes |
//! | `fuzz` | bodies of the fuzz targets |
//!
//! Order of calls for every machine: one mutation (`handle_datagram`, `handle_timeout`, a verb); then
//! `poll_transmit` until empty, `poll_event` until empty; then wait until `poll_timeout`.
//!
//! RFC 1350 (TFTP), RFC 1123 §4.2 (host requirements: Sorcerer's Apprentice, back-off), RFC 2347
//! (options), RFC 2348 (blksize), RFC 2349 (timeout, tsize), RFC 7440 (windowsize), RFC 6298 (timer).
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]
extern crate alloc;

mod ahead;
mod block;
pub mod client;
mod error;
mod figures;
pub mod fuzz;
mod machine;
pub mod netascii;
mod options;
mod pace;
pub mod packet;
mod receiver;
mod rto;
mod sender;
pub mod server;
mod transfer;
mod window;

pub use ahead::{AheadFigure, SendAhead};
pub use block::{BlockNo, Rollover};
pub use error::{ErrorCode, Fault};
pub use figures::Figures;
pub use machine::{Config, Event, Outcome, Received, Transmit, Why};
pub use options::{Agreed, BadOack, DEFAULT_BLKSIZE, Limits, MAX_BLKSIZE, MIN_BLKSIZE, Offer, Size, Terms};
pub use packet::{Mode, Op, Packet};
pub use receiver::{Opening, Receiver};
pub use rto::{Rto, RtoConfig};
pub use sender::{Sender, Start};
pub use transfer::Transfer;
