//! The emulated IOS device.
#![deny(unsafe_code)]

pub mod boot;
pub mod config;
pub mod ifs;
pub mod image;
mod profile;
pub mod wire;

pub use config::Config;
pub use profile::{Build, C2911, PROFILES, Profile};
