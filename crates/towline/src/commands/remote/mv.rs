//! `towline mv`: gives files of a server another name there.

use super::{Reach, Shared, changeable, named};
use crate::exit::Failure;
use clap::Args;
use client::Remote;
use std::ffi::OsString;

const EXAMPLES: &str = "\
Examples:
  towline mv sftp://bob@10.0.0.1/~/new.cfg sftp://bob@10.0.0.1/~/r1.cfg       in place of what is there
  towline mv -n sftp://bob@10.0.0.1/~/a.bin sftp://bob@10.0.0.1/~/old/        keep the name
";

/// Rename a file or directory of a server. What has the new name is replaced, where the server can
/// (posix-rename@openssh.com); others refuse.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Mv {
    /// What is there: `sftp://` or `ftp://`.
    #[arg(value_name = "FROM")]
    from: OsString,
    /// The new name on the same server; one that ends in `/` is a directory, and the name is kept.
    #[arg(value_name = "TO")]
    to: OsString,
    /// Fail where something has the new name.
    #[arg(short, long)]
    no_replace: bool,
    #[command(flatten)]
    reach: Reach,
}

impl Mv {
    pub(in super::super) fn json(&self) -> bool {
        self.reach.json
    }

    /// Renames.
    pub fn run(self, events: &Shared) -> Result<(), Failure> {
        let [to] = &named(std::slice::from_ref(&self.to))?[..] else {
            return Err(Failure::usage(self.to.display(), "stands for several names", "give one"));
        };
        let mut to = to.clone();
        self.reach.each(std::slice::from_ref(&self.from), events, |place, from| {
            let of_server = |remote: &Remote| Remote { path: Vec::new(), ..remote.clone() };
            // A password need not be written twice.
            let password = to.password.clone().or_else(|| from.password.clone());
            if of_server(&Remote { password, ..to.clone() }) != of_server(from) {
                let way_out = "copy it there, and remove it here";
                return Err(Failure::usage(&to, "is on another server, or of another user", way_out));
            }
            let old = changeable(from)?;
            if to.path.is_empty() || to.path.ends_with(b"/") {
                to.path.extend_from_slice(old.rsplit(|b| *b == b'/').next().unwrap_or_default());
            }
            place.rename(old, &to.path, !self.no_replace).map_err(|e| Failure::transfer(from, &e))
        })
    }
}
