//! Sockets, terminals and the data pump: the only crate that touches the network.
//!
//! It speaks no protocol and judges nothing.
//!
//! - [`tap`]: one optional observer of everything on the wire; ladders, progress and captures are
//!   made from it.
//! - [`Cancel`]: stops a blocking client from another thread.
#![deny(unsafe_code)]

mod cancel;
pub mod tap;

pub use cancel::Cancel;
