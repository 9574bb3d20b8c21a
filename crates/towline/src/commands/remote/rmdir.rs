//! `towline rmdir`: removes empty directories of a server.

use super::{Reach, Shared, changeable};
use crate::exit::Failure;
use clap::Args;
use std::ffi::OsString;

const EXAMPLES: &str = "\
Examples:
  towline rmdir sftp://bob@10.0.0.1/~/backup/2025
";

/// Remove empty directories of a server.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Rmdir {
    /// The directories: `sftp://` or `ftp://`.
    #[arg(value_name = "URL", required = true)]
    urls: Vec<OsString>,
    #[command(flatten)]
    reach: Reach,
}

impl Rmdir {
    pub(in super::super) fn json(&self) -> bool {
        self.reach.json
    }

    /// Removes.
    pub fn run(self, events: &Shared) -> Result<(), Failure> {
        self.reach.each(&self.urls, events, |place, remote| {
            place.remove_dir(changeable(remote)?).map_err(|e| Failure::transfer(remote, &e))
        })
    }
}
