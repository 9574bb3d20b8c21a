//! Clients: move one file between a server and a [`store::Blob`] or [`store::Sink`].
//!
//! Blocking, one transfer a call, or one after the other over a [`Place`], stopped by a [`transport::Cancel`]; whoever wants many brings
//! threads. The command line, the emulated device and later the fleet all call these: there is one
//! TFTP, one FTP, one SFTP, one SCP and one HTTP client in the house.
//!
//! [`get`] and [`put`] choose the protocol by [`Remote::scheme`].
#![deny(unsafe_code)]

mod around;
mod conn;
mod dial;
mod error;
pub mod ftp;
mod hosts;
mod http;
pub mod mirror;
mod options;
mod place;
mod proxy;
mod scp;
pub mod sftp;
mod ssh;
pub mod terminal;
mod tftp;
mod waiting;
mod wire;

pub use error::{ClientError, Phase, WireCode};
pub use ftp_proto::list::{Kind, Listed};
pub use hosts::Hosts;
pub use http::HttpOptions;
pub use options::{
    Busy, Done, FtpOptions, Ladder, OnBusy, Options, Outcome, Passive, Resume, ScpOptions, SftpOptions,
    TftpOptions, Threads,
};
pub use place::{Apart, Place};
pub use proxy::{BadProxy, Proxy, ProxyFault};
pub use sftp_proto::client::Abilities;
pub use sftp_proto::client::Facts;
pub use sftp_proto::{Attrs, Times};
pub use ssh::look::{Look, Seen, ShownKey, Standing};
pub use ssh::{
    Agreed, AlgorithmKind, Ask, Greeting, Hello, HostKeys, Jump, Met, Nobody, Offer, OnMet, Profile,
    Question, SshFault, SshOptions,
};
pub use store::locator::{Remote, Scheme, Type, as_target};
pub use tftp::Rung;
pub use transport::tls_client::Versions;
pub use wire::{Direct, Loses, Unroutable, Wire};

use store::{Blob, Sink};

/// Fetches a file into `sink`, each octet once at its own offset, perhaps out of order.
///
/// When it returns `Ok` every octet is in the sink; to make them safe is the caller's business.
pub fn get(remote: &Remote, sink: &mut dyn Sink, options: &Options) -> Result<Done, ClientError> {
    match remote.scheme {
        Scheme::Tftp => tftp::get(remote, sink, options),
        Scheme::Ftp | Scheme::Ftps => ftp::get(remote, sink, options),
        Scheme::Sftp => sftp::get(remote, sink, options),
        Scheme::Scp => scp::get(remote, sink, options),
        Scheme::Http | Scheme::Https => http::get(remote, sink, options),
    }
}

/// Sends the file that `blob` is.
pub fn put(blob: &Blob, remote: &Remote, options: &Options) -> Result<Done, ClientError> {
    match remote.scheme {
        Scheme::Tftp => tftp::put(blob, remote, options),
        Scheme::Ftp | Scheme::Ftps => ftp::put(blob, remote, options),
        Scheme::Sftp => sftp::put(blob, remote, options),
        Scheme::Scp => scp::put(blob, remote, options),
        Scheme::Http | Scheme::Https => http::put(blob, remote, options),
    }
}

/// Lists a directory. TFTP, SCP and HTTP have no listings.
pub fn list(remote: &Remote, options: &Options) -> Result<Vec<Listed>, ClientError> {
    match remote.scheme {
        Scheme::Tftp => Err(unsupported("TFTP has no listings")),
        Scheme::Ftp | Scheme::Ftps => ftp::list(remote, options),
        Scheme::Sftp => sftp::list(remote, options),
        Scheme::Scp => Err(unsupported("SCP has no listings: sftp:// has")),
        Scheme::Http | Scheme::Https => Err(unsupported("HTTP has no listings")),
    }
}

fn unsupported(words: &'static str) -> ClientError {
    ClientError::Local(std::io::Error::new(std::io::ErrorKind::Unsupported, words))
}
