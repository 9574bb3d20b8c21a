//! `towline upgrade status`: where the devices of a run are.

use super::at_journal::{AtJournal, now};
use crate::events::{Event, Events, UpgradeDevice, UpgradeRun};
use crate::exit::Failure;
use crate::upgrade::story::Story;
use crate::upgrade::text;
use clap::Args;
use std::io::Write as _;

const EXAMPLES: &str = "\
Examples:
  towline upgrade status             of the newest run
  towline upgrade status 7 --json
";

/// Show where each device of a run is: who is at work on it and at which step, how it ended and why, or that it was left.
///
/// Reads the journal, also while a run writes it; no device is asked.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Status {
    /// The run's number; without it the newest.
    #[arg(value_name = "RUN", value_parser = clap::value_parser!(i64).range(1..))]
    run: Option<i64>,
    /// Print events as JSON, one a line, on stdout (docs/events.md).
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    journal: AtJournal,
}

impl Status {
    /// Prints it.
    pub(super) fn run(&self, events: &Events) -> Result<(), Failure> {
        let mut reading = self.journal.read()?;
        let run = reading.run(self.run)?;
        let fault = reading.failure();
        let devices = reading.look.devices(run.id).map_err(&fault)?;
        let totals = text::totals(&devices);
        let mut out = String::new();
        match self.json {
            true => events.tell(&Event::UpgradeRun(UpgradeRun::new(&run, &totals))),
            false => out.push_str(&text::head(&run, &totals)),
        }
        for device in &devices {
            let story = Story::read(&mut reading.look, device, &run.run.image, false).map_err(&fault)?;
            match self.json {
                true => events.tell(&Event::UpgradeDevice(Box::new(UpgradeDevice::new(run.id, story)))),
                false => out.push_str(&text::standing(&story, run.id, now())),
            }
        }
        // A reader that went away has seen enough.
        let _gone = std::io::stdout().write_all(out.as_bytes());
        Ok(())
    }
}
