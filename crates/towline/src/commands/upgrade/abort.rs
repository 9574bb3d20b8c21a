//! `towline upgrade abort`: a run is to stop, or what is left of it is given up.

use super::at_journal::{AtJournal, Reading, now};
use crate::events::{Event, Events, UpgradeDevice, UpgradeRun};
use crate::exit::{Exit, Failure, Several};
use crate::upgrade::abandon::abandoned;
use crate::upgrade::story::Story;
use crate::upgrade::{failure, record, text};
use clap::Args;
use db::journal::{DeviceKept, Fault, Journal, RunKept, State, Take};
use std::io::Write as _;
use upgrade::{Happened, Outcome};

const EXAMPLES: &str = "\
Examples:
  towline upgrade abort 7
";

/// Stop a run. One that is at work is asked to stop before the next thing that it would do; devices that were left, or that
/// nobody has begun with, are given up as they are.
///
/// A device whose next start may be another one than before, because what it boots was being changed or because it was told to
/// restart, is not given up: 'resume' goes on with it, 'rollback' puts it back.
///
/// Exit code 4: it may not be given up (of several devices, of some: 8).
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Abort {
    /// The run's number.
    #[arg(value_name = "RUN", value_parser = clap::value_parser!(i64).range(1..))]
    run: i64,
    /// Give up what somebody is at work on, or may be on another host: whoever it is hears of it before it does the next thing.
    #[arg(long)]
    force: bool,
    /// Print events as JSON, one a line, on stdout (docs/events.md).
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    journal: AtJournal,
}

impl Abort {
    /// Does it, and prints where the devices are then.
    pub(super) fn run(&self, events: &Events) -> Result<(), Failure> {
        let mut reading = self.journal.read()?;
        let run = reading.run(Some(self.run))?;
        let fault = reading.failure();
        let devices = reading.look.devices(run.id).map_err(&fault)?;
        let is_at_work = |device: &DeviceKept| matches!(device.state, State::Claimed(_));
        let is_live = !self.force && devices.iter().any(is_at_work);
        let mut failed = Vec::new();
        let journal = Journal::open(&reading.path).map_err(&fault)?;
        if is_live {
            // Devices that it has not begun with are its own: given up they would be a fault to it.
            journal.ask_to_stop(run.id, true).map_err(&fault)?;
        } else {
            for device in devices.iter().filter(|device| !matches!(device.state, State::Ended { .. })) {
                failed.extend(self.give_up(&mut reading, &journal, &run, device).err());
            }
        }
        self.print(&mut reading, events, is_live)?;
        match failed.as_slice() {
            [] => Ok(()),
            [one] if devices.len() == 1 => Err(one.clone()),
            several => {
                let done = devices.len() - several.len();
                for failure in several {
                    crate::commands::report(failure, events);
                }
                let of = devices.len();
                let all =
                    Several { of, done, things: "devices", undone: "not given up", is_interrupted: false };
                Err(all.failure(&several.iter().collect::<Vec<_>>()))
            }
        }
    }

    fn give_up(
        &self,
        reading: &mut Reading,
        journal: &Journal,
        run: &RunKept,
        device: &DeviceKept,
    ) -> Result<(), Failure> {
        let path = reading.path.clone();
        let fault = |fault: Fault| Failure { thing: device.device.key.clone(), ..failure(&path, &fault) };
        let claim = journal.claim(run.id, &device.device.key, Take { by_force: self.force, ended: false });
        let claim = claim.map_err(fault)?;
        // Nobody else writes about it now: what is read stays true.
        match end(reading, device) {
            Ok(why) => {
                let ended = Outcome::Abandoned(why.clone());
                let name = ended.name();
                let (_, _, text) = record::entry(&Happened::Ended(ended));
                claim.end(name, &why, &text).map_err(fault)
            }
            Err(refusal) => {
                claim.let_go().map_err(fault)?;
                let way_out = format!(
                    "'towline upgrade resume {0}' goes on, 'towline upgrade rollback {0}' puts it back",
                    run.id
                );
                Err(Failure::new(Exit::Refused, &device.device.key, refusal, way_out))
            }
        }
    }

    fn print(&self, reading: &mut Reading, events: &Events, is_live: bool) -> Result<(), Failure> {
        let run = reading.run(Some(self.run))?;
        let fault = reading.failure();
        let devices = reading.look.devices(run.id).map_err(&fault)?;
        let totals = text::totals(&devices);
        let mut out = text::head(&run, &totals);
        if self.json {
            events.tell(&Event::UpgradeRun(UpgradeRun::new(&run, &totals)));
        }
        for device in &devices {
            let story = Story::read(&mut reading.look, device, &run.run.image, false).map_err(&fault)?;
            match self.json {
                true => events.tell(&Event::UpgradeDevice(Box::new(UpgradeDevice::new(run.id, story)))),
                false => out.push_str(&text::standing(&story, run.id, now())),
            }
        }
        if is_live {
            out.push_str(&format!(
                "It stops before the next thing that it would do; 'towline upgrade status {}' shows when.\n",
                run.id
            ));
        }
        if !self.json {
            // A reader that went away has seen enough.
            let _gone = std::io::stdout().write_all(out.as_bytes());
        }
        Ok(())
    }
}

/// The words for the end of a device, or why it is not to end.
fn end(reading: &mut Reading, device: &DeviceKept) -> Result<String, String> {
    let (mut entries, mut strange) = (Vec::new(), None);
    let read = reading.look.outline(device.id, 0, |entry| match record::happened(entry.kind, &entry.text) {
        Ok(happened) => {
            entries.extend(happened);
            true
        }
        Err(why) => {
            strange = Some(why);
            false
        }
    });
    read.map_err(|fault| fault.to_string())?;
    match strange {
        Some(why) => Err(format!("what was done to it is not understood: {why}")),
        None => abandoned(&entries).map_err(String::from),
    }
}
