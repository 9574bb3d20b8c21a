//! `towline tftp`: what helps to set a TFTP server up.

mod remap_test;

use crate::exit::Failure;
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  towline tftp remap-test boot/x.bin --from 10.0.0.2 --remap tftp.rules
";

/// Tools for those who run a TFTP server.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Tftp {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    RemapTest(remap_test::RemapTest),
}

impl Tftp {
    /// Does it.
    pub fn run(self) -> Result<(), Failure> {
        match self.what {
            What::RemapTest(test) => test.run(),
        }
    }
}
