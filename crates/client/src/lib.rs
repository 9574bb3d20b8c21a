//! Clients: move one file between a server and a [`store::Blob`] or [`store::Sink`].
//!
//! Blocking, one transfer a call, stopped by a [`transport::Cancel`]; whoever wants many brings
//! threads. The command line, the emulated device and later the fleet all call these: there is one
//! TFTP and one FTP client in the house.
//!
//! [`get`] and [`put`] choose the protocol by [`Remote::scheme`].
#![deny(unsafe_code)]

mod error;
mod options;
mod wire;

pub use error::{ClientError, Phase, WireCode};
pub use options::{Done, FtpOptions, Options, Outcome, Passive, Resume, TftpOptions};
pub use store::locator::{Remote, Scheme, Type};
pub use wire::{Direct, Unroutable, Wire};
