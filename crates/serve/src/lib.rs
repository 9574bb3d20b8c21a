//! Listeners and one driver for each protocol.
#![deny(unsafe_code)]

pub mod listen;
pub mod ftp;
