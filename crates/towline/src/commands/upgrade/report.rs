//! `towline upgrade report`: all that is known of a run.

use super::at_journal::{AtJournal, Reading, now};
use crate::events::{Event, Events, UpgradeDevice, UpgradeEntry, UpgradeRun};
use crate::exit::Failure;
use crate::landing::Landing;
use crate::upgrade::story::Story;
use crate::upgrade::{page, text};
use clap::Args;
use db::journal::{DeviceKept, RunKept};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use store::Sink as _;

const EXAMPLES: &str = "\
Examples:
  towline upgrade report 7                       at the terminal
  towline upgrade report 7 --html upgrade-7.html a page to read, print and keep
  towline upgrade report 7 --json                for programs
";

/// Tell all that the journal knows of a run: what each device ran before and after, every step with its time, what changed in
/// its configuration, digests, what was typed and said, the outcome and why.
///
/// A page is one file without scripts, and fetches nothing. Secrets of configurations and transcripts are left out. It is
/// there whole or not at all, for its owner only (0600).
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Report {
    /// The run's number; without it the newest.
    #[arg(value_name = "RUN", value_parser = clap::value_parser!(i64).range(1..))]
    run: Option<i64>,
    /// Write a page into this file; what was there is replaced.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    html: Option<PathBuf>,
    /// Print events as JSON, one a line, on stdout (docs/events.md).
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    journal: AtJournal,
}

impl Report {
    /// Prints or writes it, one device after the other.
    pub(super) fn run(&self, events: &Events) -> Result<(), Failure> {
        let mut reading = self.journal.read()?;
        let run = reading.run(self.run)?;
        let devices = reading.look.devices(run.id).map_err(reading.failure())?;
        match &self.html {
            Some(path) => html(&mut reading, &run, &devices, path),
            None if self.json => json(&mut reading, &run, &devices, events),
            None => plain(&mut reading, &run, &devices),
        }
    }
}

fn plain(reading: &mut Reading, run: &RunKept, devices: &[DeviceKept]) -> Result<(), Failure> {
    let fault = reading.failure();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut reads = out.write_all(text::head(run, &text::totals(devices)).as_bytes()).is_ok();
    for device in devices {
        // A reader that went away has seen enough.
        if !reads {
            return Ok(());
        }
        let story = Story::read(&mut reading.look, device, &run.run.image, true).map_err(&fault)?;
        reads = out.write_all(text::story(&story, run.id, now()).as_bytes()).is_ok();
    }
    let _gone = out.flush();
    Ok(())
}

fn json(
    reading: &mut Reading,
    run: &RunKept,
    devices: &[DeviceKept],
    events: &Events,
) -> Result<(), Failure> {
    let fault = reading.failure();
    events.tell(&Event::UpgradeRun(UpgradeRun::new(run, &text::totals(devices))));
    for device in devices {
        let story = Story::read(&mut reading.look, device, &run.run.image, true).map_err(&fault)?;
        let entries = story.moments.iter().map(|moment| UpgradeEntry::new(run.id, &story.device, moment));
        let entries: Vec<UpgradeEntry> = entries.collect();
        events.tell(&Event::UpgradeDevice(Box::new(UpgradeDevice::new(run.id, story))));
        for entry in entries {
            events.tell(&Event::UpgradeEntry(entry));
        }
    }
    Ok(())
}

fn html(reading: &mut Reading, run: &RunKept, devices: &[DeviceKept], path: &Path) -> Result<(), Failure> {
    let fault = reading.failure();
    let local = |e: io::Error| Failure::local(path.display(), &e);
    let mut landing = Landing::temporary(path).map_err(local)?;
    landing.set_mode(0o600).map_err(local)?;
    let mut at = 0;
    let mut write = |text: &str| {
        landing.write_at(at, text.as_bytes()).map_err(local)?;
        at += text.len() as u64;
        Ok::<(), Failure>(())
    };
    write(&page::head(run, &text::totals(devices), now()))?;
    for (place, device) in devices.iter().enumerate() {
        let story = Story::read(&mut reading.look, device, &run.run.image, false).map_err(&fault)?;
        write(&page::row(&story, place))?;
    }
    write(page::middle())?;
    for (place, device) in devices.iter().enumerate() {
        let story = Story::read(&mut reading.look, device, &run.run.image, true).map_err(&fault)?;
        write(&page::section(&story, place))?;
    }
    write(page::foot())?;
    landing.land().map_err(local)
}
