//! The emulated IOS device.
#![deny(unsafe_code)]

pub mod config;
pub mod image;
mod profile;

pub use config::Config;
pub use profile::{Build, C2911, PROFILES, Profile};
