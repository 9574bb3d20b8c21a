//! Many devices in one process, from a file: `towline lab FILE.toml`.
//!
//! One listener for each port serves all devices, told apart by the address a connection came to: a device that nobody
//! talks to has neither descriptor nor thread, and images lie on a shelf that all share.
//!
//! - [`file`](mod@file): what may stand in the file, a row for each key. [`furnish`]: what a device of it begins with.
//!   [`links`]: which port of which device is connected to which.
//! - [`run`]: from the file to what listens.

pub mod file;
pub mod furnish;
pub mod links;
pub mod run;
