//! Pairs of machines over simulated links and a virtual clock. Tests only.
//!
//! What this crate does *not* do: it opens no socket and waits for nothing; an hour of simulated time takes
//! milliseconds.
//!
//! - [`Pair`]: two [`Node`]s and the links between them.
//! - [`tftp`]: a TFTP client and server with their files in memory.

mod pair;
pub mod tftp;

pub use pair::{Node, Pair};
