//! `towline upgrade list`: the runs that the journal keeps.

use super::at_journal::AtJournal;
use crate::events::{Event, Events, UpgradeRun};
use crate::exit::Failure;
use crate::upgrade::text;
use clap::Args;
use std::io::Write as _;

const EXAMPLES: &str = "\
Examples:
  towline upgrade list
  towline upgrade list --json | jq .devices
";

/// Show the runs that were begun, the oldest first: number, time, image, and how many of its devices are where.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct List {
    /// Print events as JSON, one a line, on stdout (docs/events.md).
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    journal: AtJournal,
}

impl List {
    /// Prints them.
    pub(super) fn run(&self, events: &Events) -> Result<(), Failure> {
        let mut reading = self.journal.read()?;
        let fault = reading.failure();
        let mut out = String::new();
        for run in reading.look.runs().map_err(&fault)? {
            let totals = text::totals(&reading.look.devices(run.id).map_err(&fault)?);
            match self.json {
                true => events.tell(&Event::UpgradeRun(UpgradeRun::new(&run, &totals))),
                false => out.push_str(&text::run(&run, &totals)),
            }
        }
        // A reader that went away has seen enough.
        let _gone = std::io::stdout().write_all(out.as_bytes());
        Ok(())
    }
}
