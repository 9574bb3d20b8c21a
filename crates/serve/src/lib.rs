//! Listeners and one driver for each protocol.
#![deny(unsafe_code)]

mod asked;
pub mod ftp;
pub mod fuzz;
pub mod http;
pub mod listen;
mod sorted;
pub mod tftp;
mod turned_away;
