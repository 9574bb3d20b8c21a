//! Upgrades as decisions over facts.
//!
//! What this crate does *not* do: it types nothing, reads no text of a device, copies nothing and keeps nothing. Facts go in, the
//! next thing to do comes out. It knows no vendor: which commands and texts these are is the business of whoever asks the
//! device.
//!
//! | file | its one idea |
//! |---|---|
//! | [`facts`] | what is known of a device |
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]
extern crate alloc;

pub mod facts;

pub use facts::{Boot, Facts, File, FileSystem, Mode};
