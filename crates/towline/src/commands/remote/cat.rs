//! `towline cat`: files of a server on standard output.

use super::{Reach, Shared};
use crate::exit::{Exit, Failure};
use crate::outflow::Outflow;
use clap::Args;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;

const EXAMPLES: &str = "\
Examples:
  towline cat sftp://bob@10.0.0.1/etc/motd
  towline cat 'sftp://bob@10.0.0.1/~/{r1,r2}.cfg' | grep hostname
  towline cat ftp://10.0.0.1/pub/README | less
  towline cat scp://admin@10.0.0.3/~/running-config       of a router that serves SCP
";

/// Print files of a server, one after the other, as they come.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Cat {
    /// The files: `sftp://`, `scp://` or `ftp://`.
    #[arg(value_name = "URL", required = true)]
    urls: Vec<OsString>,
    #[command(flatten)]
    reach: Reach,
}

impl Cat {
    /// Prints.
    pub fn run(self, events: &Shared) -> Result<(), Failure> {
        if self.reach.json {
            let what = "the files and the events would share stdout";
            return Err(Failure::usage("--json", what, "use towline copy"));
        }
        self.reach.each(&self.urls, events, |place, remote| {
            let fault = |e: io::Error| Failure { exit: Exit::Local, ..Failure::local("stdout", &e) };
            // Not through std's buffer, which looks for line ends.
            let stdout = io::stdout().as_fd().try_clone_to_owned().map_err(fault)?;
            let mut out = Outflow::start(File::from(stdout)).map_err(fault)?;
            let got = place.get(&remote.path, &mut out);
            if let Some(e) = out.fault() {
                return Err(fault(e));
            }
            got.map_err(|e| Failure::transfer(remote, &e))?;
            out.finish().map_err(fault)
        })
    }
}
