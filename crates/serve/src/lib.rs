//! Listeners and one driver for each protocol.
#![deny(unsafe_code)]

mod address;
mod alarm;
mod asked;
mod disk;
pub mod ftp;
pub mod fuzz;
mod hashing;
pub mod http;
pub mod listen;
mod rated;
pub mod scp;
mod sentence;
pub mod sftp;
pub mod ssh;
pub mod streams;
pub mod tftp;
mod turned_away;
mod wire;
