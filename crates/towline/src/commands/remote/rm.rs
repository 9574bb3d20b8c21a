//! `towline rm`: removes files of a server.

use super::{Reach, Shared, changeable};
use crate::exit::Failure;
use clap::Args;
use client::ClientError;
use std::ffi::OsString;

const EXAMPLES: &str = "\
Examples:
  towline rm sftp://bob@10.0.0.1/~/old.bin
  towline rm 'sftp://bob@10.0.0.1/~/image-{1..9}.bin'
  towline rm -f sftp://bob@10.0.0.1/~/lock           absent is as good as removed
";

/// Remove files of a server. Directories: towline rmdir.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Rm {
    /// The files: `sftp://` or `ftp://`.
    #[arg(value_name = "URL", required = true)]
    urls: Vec<OsString>,
    /// A file that is not there is no failure.
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    reach: Reach,
}

impl Rm {
    pub(in super::super) fn json(&self) -> bool {
        self.reach.json
    }

    /// Removes.
    pub fn run(self, events: &Shared) -> Result<(), Failure> {
        self.reach.each(&self.urls, events, |place, remote| match place.remove(changeable(remote)?) {
            Err(ClientError::Absent { .. }) if self.force => Ok(()),
            result => result.map_err(|e| Failure::transfer(remote, &e)),
        })
    }
}
