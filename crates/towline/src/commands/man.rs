//! `towline man`: the manual pages.

use crate::exit::{Exit, Failure};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  towline man ~/.local/share/man/man1        then: man towline-serve
";

/// Write the manual pages into a directory, one for each command.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Man {
    /// The directory; it is made if it is not there.
    dir: PathBuf,
}

impl Man {
    /// Writes the pages.
    pub fn run(self) -> Result<(), Failure> {
        let fault =
            |e: std::io::Error| Failure { exit: Exit::Local, ..Failure::local(self.dir.display(), &e) };
        std::fs::create_dir_all(&self.dir).map_err(fault)?;
        clap_mangen::generate_to(super::grammar(), &self.dir).map_err(fault)
    }
}
