//! `towline reload`: a running service takes up its configuration anew.

use crate::control::{Place, Request};
use crate::exit::Failure;
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  towline reload                               the service reads its configuration anew
  towline reload --control /tmp/t.sock         the one with this control socket
";

/// Have a running service take up its configuration anew.
///
/// What is wrong with the configuration is said here, and the service goes on with the old one. Else a new worker
/// serves when this ends, and what the old one carries goes on in it to its end. SIGHUP does the same.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Reload {
    #[command(flatten)]
    place: Place,
}

impl Reload {
    /// Asks and waits for the new worker.
    pub fn run(self) -> Result<(), Failure> {
        self.place.ask(&Request::Reload, |_| {})
    }
}
