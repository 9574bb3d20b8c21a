//! `towline upgrade resume` and `rollback`: a run that was begun is gone on with, or put back.

use super::at_journal::{AtJournal, Reading};
use super::carrying::Carrying;
use crate::commands::at_devices::AtDevices;
use crate::events::{Event, Events, UpgradeRun};
use crate::exit::Failure;
use crate::upgrade::{Order, text};
use clap::Args;
use db::journal::{RunKept, State, Take};
use std::io::Write as _;
use std::sync::Arc;

const RESUME: &str = "\
Examples:
  towline upgrade resume 7                           TOWLINE_PASSWORD has the password, or it is asked for
  towline upgrade resume 7 -i site.toml --limit r1
";

const ROLLBACK: &str = "\
Examples:
  towline upgrade rollback 7 admin@10.0.0.2
";

/// Go on with a run: devices that were left, that nobody has begun with, and that are held. Each is asked what it is, and what holds
/// is not done again. Of a run that is over it says so.
#[derive(Debug, Args)]
#[command(before_help = RESUME)]
pub(super) struct Resuming {
    #[command(flatten)]
    again: Again,
}

/// Put devices of a run back: what they ran before is booted first, saved, and started.
#[derive(Debug, Args)]
#[command(before_help = ROLLBACK)]
pub(super) struct RollingBack {
    #[command(flatten)]
    again: Again,
}

/// Which run, and which of its devices.
#[derive(Debug, Args)]
struct Again {
    /// The run's number.
    #[arg(value_name = "RUN", value_parser = clap::value_parser!(i64).range(1..))]
    run: i64,
    #[command(flatten)]
    at: AtDevices,
    #[command(flatten)]
    journal: AtJournal,
    /// Take over what somebody else is at work on, or may be on another host.
    #[arg(long)]
    force: bool,
}

impl Resuming {
    /// Whether events are wanted.
    pub(super) fn json(&self) -> bool {
        self.again.at.json
    }

    /// Goes on.
    pub(super) fn run(self, events: &Arc<Events>) -> Result<(), Failure> {
        self.again.run(events, None, |state| match state {
            State::Waiting | State::Left | State::Claimed(_) => true,
            State::Ended { outcome, .. } => outcome == "held",
        })
    }
}

impl RollingBack {
    /// Whether events are wanted.
    pub(super) fn json(&self) -> bool {
        self.again.at.json
    }

    /// Puts back.
    pub(super) fn run(self, events: &Arc<Events>) -> Result<(), Failure> {
        self.again.run(events, Some("somebody wished so"), |state| match state {
            State::Waiting => false,
            State::Left | State::Claimed(_) => true,
            State::Ended { outcome, .. } => matches!(outcome.as_str(), "held" | "upgraded"),
        })
    }
}

impl Again {
    fn run(
        mut self,
        events: &Arc<Events>,
        back: Option<&'static str>,
        is_meant: fn(&State) -> bool,
    ) -> Result<(), Failure> {
        let mut reading = self.journal.read()?;
        let kept = reading.run(Some(self.run))?;
        let fault = reading.failure();
        let devices = reading.look.devices(kept.id).map_err(fault)?;
        let meant = devices.into_iter().filter(|device| is_meant(&device.state));
        let keys: Vec<String> = meant.map(|device| device.device.key).collect();
        if keys.is_empty() && back.is_none() {
            return self.over(&mut reading, &kept, events);
        }
        let order = Order::read(kept.id, &kept.run.plan)?;
        if keys.is_empty() {
            let what = "none of its devices is to be gone on with";
            return Err(Failure::usage(
                format!("run {}", kept.id),
                what,
                "'towline upgrade status' says where they are",
            ));
        }
        self.at.among(keys)?;
        let devices = self.at.devices()?;
        if devices.is_empty() {
            let what = "none of the devices that are named is to be gone on with";
            return Err(Failure::usage(
                format!("run {}", kept.id),
                what,
                "'towline upgrade status' says where they are",
            ));
        }
        let take = Take { by_force: self.force, ended: true };
        let path = reading.path.clone();
        drop(reading);
        let run = Carrying::again((kept.id, order), path, take, back, events, self.at.json)?;
        run.each(&self.at, &devices)
    }

    /// Nothing is left to go on with, and that is how it should be.
    fn over(&self, reading: &mut Reading, run: &RunKept, events: &Events) -> Result<(), Failure> {
        let fault = reading.failure();
        let totals = text::totals(&reading.look.devices(run.id).map_err(fault)?);
        if self.at.json {
            events.tell(&Event::UpgradeRun(UpgradeRun::new(run, &totals)));
            return Ok(());
        }
        let over =
            format!("run {} is over, nothing is left to go on with: {}\n", run.id, text::counted(&totals));
        // A reader that went away has seen enough.
        let _gone = std::io::stdout().write_all(over.as_bytes());
        Ok(())
    }
}
