//! Clients: move one file between a server and a [`store::Blob`] or [`store::Sink`].
//!
//! Blocking, one transfer a call, stopped by a [`transport::Cancel`]; whoever wants many brings
//! threads. The command line, the emulated device and later the fleet all call these: there is one
//! TFTP and one FTP client in the house.
//!
//! [`get`] and [`put`] choose the protocol by [`Remote::scheme`].
#![deny(unsafe_code)]

mod error;
mod ftp;
mod hosts;
mod options;
mod tftp;
mod wire;

pub use error::{ClientError, Phase, WireCode};
pub use ftp_proto::list::{Kind, Listed};
pub use hosts::Hosts;
pub use options::{Done, FtpOptions, Ladder, Options, Outcome, Passive, Resume, TftpOptions};
pub use store::locator::{Remote, Scheme, Type};
pub use tftp::Rung;
pub use wire::{Direct, Unroutable, Wire};

use store::{Blob, Sink};

/// Fetches a file into `sink`, each octet once at its own offset, perhaps out of order.
///
/// When it returns `Ok` every octet is in the sink; to make them safe is the caller's business.
pub fn get(remote: &Remote, sink: &mut dyn Sink, options: &Options) -> Result<Done, ClientError> {
    match remote.scheme {
        Scheme::Tftp => tftp::get(remote, sink, options),
        Scheme::Ftp => ftp::get(remote, sink, options),
    }
}

/// Sends the file that `blob` is.
pub fn put(blob: &Blob, remote: &Remote, options: &Options) -> Result<Done, ClientError> {
    match remote.scheme {
        Scheme::Tftp => tftp::put(blob, remote, options),
        Scheme::Ftp => ftp::put(blob, remote, options),
    }
}

/// Lists a directory. TFTP has no listings.
pub fn list(remote: &Remote, options: &Options) -> Result<Vec<Listed>, ClientError> {
    match remote.scheme {
        Scheme::Tftp => Err(ClientError::Local(std::io::Error::new(
            std::io::ErrorKind::Unsupported,
            "TFTP has no listings",
        ))),
        Scheme::Ftp => ftp::list(remote, options),
    }
}
