//! `towline hash`: digests of files on a server.

use super::{Reach, Shared};
use crate::digest::Algorithm;
use crate::events::Event;
use crate::exit::{Exit, Failure};
use crate::ladder::printable;
use crate::landing::Spool;
use clap::Args;
use client::Place;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};

const EXAMPLES: &str = "\
Examples:
  towline hash sftp://bob@10.0.0.1/~/a.bin                  a line as sha256sum prints it
  towline hash --algorithm md5 sftp://admin@10.0.0.2/flash/a.bin
  towline hash 'sftp://bob@10.0.0.1/~/{a,b}.bin' > SHA256SUMS
";

/// Print digests of files on a server, as `sha256sum` does. The server makes them where it knows how (check-file);
/// otherwise the file is fetched and dropped.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Hash {
    /// The files: `sftp://`, `scp://` or `ftp://`.
    #[arg(value_name = "URL", required = true)]
    urls: Vec<OsString>,
    /// `md5`, `sha256` or `sha512`.
    #[arg(short, long, value_name = "NAME", default_value = "sha256", value_parser = algorithm)]
    algorithm: Algorithm,
    #[command(flatten)]
    reach: Reach,
}

pub(crate) fn algorithm(text: &str) -> Result<Algorithm, String> {
    let all = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512];
    all.into_iter().find(|a| a.name() == text).ok_or_else(|| String::from("md5, sha256 or sha512"))
}

impl Hash {
    pub(in super::super) fn json(&self) -> bool {
        self.reach.json
    }

    /// Asks, or fetches.
    pub fn run(self, events: &Shared) -> Result<(), Failure> {
        self.reach.each(&self.urls, events, |place, remote| {
            let (digest, by) = digest(place, &remote.path, self.algorithm, remote)?;
            if self.reach.json {
                let (url, algorithm) = (remote.to_string(), self.algorithm.name());
                events.tell(&Event::Hashed { url, algorithm, digest, by });
                return Ok(());
            }
            let line = format!("{digest}  {}", printable(&remote.name()));
            writeln!(io::stdout().lock(), "{line}").map_err(|e| Failure::local("stdout", &e))
        })
    }
}

/// A file's digest in hexadecimal, and whose it is; `name` is what a failure is about.
pub(crate) fn digest(
    place: &mut Place,
    path: &[u8],
    algorithm: Algorithm,
    name: impl fmt::Display,
) -> Result<(String, &'static str), Failure> {
    let fault = |e| Failure::transfer(&name, &e);
    if let Some(octets) = place.hash(path, algorithm.name()).map_err(fault)? {
        return Ok((octets.iter().map(|b| format!("{b:02x}")).collect(), "server"));
    }
    let full = |e: io::Error| Failure { exit: Exit::Local, ..Failure::local("a temporary file", &e) };
    let mut spool = Spool::new().map_err(full)?;
    place.get(path, &mut spool).map_err(fault)?;
    let blob = spool.blob().map_err(full)?;
    Ok((algorithm.of(&blob).map_err(full)?, "us"))
}
