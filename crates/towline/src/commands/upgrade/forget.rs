//! `towline upgrade forget`: runs that are over are kept no longer.

use super::at_journal::{AtJournal, Reading, now};
use crate::events::{Event, Events, UpgradeForgotten};
use crate::exit::{Exit, Failure};
use crate::upgrade::text;
use clap::Args;
use db::journal::{DeviceKept, Journal, RunKept, State};
use std::io::Write as _;

const EXAMPLES: &str = "\
Examples:
  towline upgrade forget 7 8
  towline upgrade forget --older-than 90d --dry-run      what would be forgotten
";

/// Forget runs that are over: what was done to their devices, what stood on their lines and their configurations go from the journal.
///
/// A run that somebody is at work on, that was left, or that has devices which nobody has begun with stays: 'resume' goes on with
/// it, 'abort' gives it up. The numbers of runs are not given again.
///
/// Exit code 4: a run that was named is not over; then none is forgotten.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Forget {
    /// The numbers of runs.
    #[arg(value_name = "RUN", value_parser = clap::value_parser!(i64).range(1..), required_unless_present = "older_than")]
    runs: Vec<i64>,
    /// All runs whose last device ended so long ago: a number with s, m, h, d or w behind it.
    #[arg(long, value_name = "TIME", value_parser = age, conflicts_with = "runs")]
    older_than: Option<i64>,
    /// Only show which those are.
    #[arg(long)]
    dry_run: bool,
    /// Print events as JSON, one a line, on stdout (docs/events.md).
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    journal: AtJournal,
}

/// Milliseconds.
fn age(text: &str) -> Result<i64, String> {
    const UNITS: [(char, i64); 5] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];
    let read = || {
        let unit = text.chars().last()?;
        let seconds = UNITS.iter().find(|(known, _)| *known == unit)?.1;
        let number = text.strip_suffix(unit)?;
        // No sign: `+7d` and `-7d` are slips.
        let number = number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse::<i64>().ok())??;
        number.checked_mul(seconds)?.checked_mul(1_000)
    };
    read().ok_or_else(|| format!("'{text}' is no time: a number with s, m, h, d or w behind it, as 90d"))
}

impl Forget {
    /// Forgets them, and prints which they were.
    pub(super) fn run(&self, events: &Events) -> Result<(), Failure> {
        let mut reading = self.journal.read()?;
        let meant = match self.older_than {
            Some(age) => old(&mut reading, now().saturating_sub(age))?,
            None => self.named(&mut reading)?,
        };
        let path = reading.path.clone();
        let fault = reading.failure();
        drop(reading);
        if !self.dry_run && !meant.is_empty() {
            let ids: Vec<i64> = meant.iter().map(|(run, _)| run.id).collect();
            Journal::open(&path).map_err(&fault)?.forget(&ids).map_err(&fault)?;
        }
        let mut out = String::new();
        for (run, devices) in &meant {
            let totals = text::totals(devices);
            match self.json {
                true => events.tell(&Event::UpgradeForgotten(UpgradeForgotten::new(
                    run,
                    devices.len(),
                    self.dry_run,
                ))),
                false => out.push_str(&text::run(run, &totals)),
            }
        }
        let runs = if meant.len() == 1 { "run" } else { "runs" };
        let done = if self.dry_run { "would be forgotten" } else { "forgotten" };
        out.push_str(&format!("{} {runs} {done}\n", meant.len()));
        if !self.json {
            // A reader that went away has seen enough.
            let _gone = std::io::stdout().write_all(out.as_bytes());
        }
        Ok(())
    }

    /// Those that are named; all of them are over.
    fn named(&self, reading: &mut Reading) -> Result<Vec<(RunKept, Vec<DeviceKept>)>, Failure> {
        let mut ids = self.runs.clone();
        ids.sort_unstable();
        ids.dedup();
        let mut meant = Vec::new();
        for id in ids {
            let run = reading.run(Some(id))?;
            let fault = reading.failure();
            let devices = reading.look.devices(id).map_err(&fault)?;
            if let Some((device, why)) = devices.iter().find_map(|device| Some((device, unfinished(device)?)))
            {
                let what = format!("is not over: {} {why}", device.device.key);
                let way_out = format!(
                    "'towline upgrade resume {id}' goes on with it, 'towline upgrade abort {id}' gives it up"
                );
                return Err(Failure::new(Exit::Refused, format!("run {id}"), what, way_out));
            }
            meant.push((run, devices));
        }
        Ok(meant)
    }
}

/// Runs that were over at that time.
fn old(reading: &mut Reading, before: i64) -> Result<Vec<(RunKept, Vec<DeviceKept>)>, Failure> {
    let fault = reading.failure();
    let mut meant = Vec::new();
    for run in reading.look.runs().map_err(&fault)? {
        let devices = reading.look.devices(run.id).map_err(&fault)?;
        let is_old = |device: &DeviceKept| matches!(device.state, State::Ended { at, .. } if at < before);
        if run.at < before && devices.iter().all(is_old) {
            meant.push((run, devices));
        }
    }
    Ok(meant)
}

/// Why the run of this device is not over.
fn unfinished(device: &DeviceKept) -> Option<String> {
    match &device.state {
        State::Waiting => Some("has not been begun with".to_owned()),
        State::Claimed(by) => Some(format!("is being worked on: {by}")),
        State::Left => Some("was left".to_owned()),
        State::Ended { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_with_a_unit() {
        for (text, right) in [("0s", 0), ("90d", 7_776_000_000), ("2w", 1_209_600_000), ("5m", 300_000)] {
            assert_eq!(age(text), Ok(right), "{text}");
        }
        for bad in
            ["", "90", "d", "90 d", "-1d", "+1d", "1y", "99999999999999999999d", "9999999999999999w", "1é"]
        {
            assert!(age(bad).is_err(), "{bad}");
        }
    }
}
