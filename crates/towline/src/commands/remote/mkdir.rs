//! `towline mkdir`: makes directories on a server.

use super::{Reach, Shared, changeable};
use crate::exit::Failure;
use clap::Args;
use client::{ClientError, Kind, Place};
use std::ffi::OsString;

const EXAMPLES: &str = "\
Examples:
  towline mkdir sftp://bob@10.0.0.1/~/backup
  towline mkdir -p 'sftp://bob@10.0.0.1/~/backup/2026/{10,11,12}'
";

/// Make directories on a server.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Mkdir {
    /// The directories: `sftp://` or `ftp://`.
    #[arg(value_name = "URL", required = true)]
    urls: Vec<OsString>,
    /// Also those above that are not there; a directory that is there is no failure.
    #[arg(short, long)]
    parents: bool,
    #[command(flatten)]
    reach: Reach,
}

impl Mkdir {
    pub(in super::super) fn json(&self) -> bool {
        self.reach.json
    }

    /// Makes.
    pub fn run(self, events: &Shared) -> Result<(), Failure> {
        self.reach.each(&self.urls, events, |place, remote| {
            let path = changeable(remote)?;
            let made = if self.parents { with_parents(place, path) } else { place.make_dir(path) };
            made.map_err(|e| Failure::transfer(remote, &e))
        })
    }
}

/// From the top; version 3 has no code for what is there already.
fn with_parents(place: &mut Place, path: &[u8]) -> Result<(), ClientError> {
    let ends = path.iter().enumerate().filter(|(n, b)| **b == b'/' && *n > 0).map(|(n, _)| n);
    for end in ends.chain([path.len()]) {
        let part = &path[..end];
        if let Err(why) = place.make_dir(part) {
            let there =
                place.stat(part).is_ok_and(|attrs| super::stat::kind(&attrs) == Some(Kind::Directory));
            if !there {
                return Err(why);
            }
        }
    }
    Ok(())
}
