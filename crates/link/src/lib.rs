//! Network links as values: loss, delay, jitter, duplication, reordering, rate.
//!
//! What this crate does *not* do: it has no socket, no clock and no thread. Packets and times go in
//! ([`Link::send`]), packets and times come out ([`Link::poll_arrival`], [`Link::receive`]); the seed
//! decides every fate, so a run can be had again.
//!
//! - [`link`](crate::Link): one direction of a path.
//! - [`Odds`], [`Params`]: what may happen to a packet; [`Fate`]: what did.
//! - [`Rng`]: the seeded numbers behind it.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]
extern crate alloc;

mod link;
mod rng;

pub use link::{Fate, Link, Odds, Params};
pub use rng::Rng;
