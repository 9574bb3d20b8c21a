//! `towline facts`: what real devices say of themselves.

use super::at_devices::{AtDevices, Named};
use crate::events::{Event, Events, Surveyed};
use crate::exit::Failure;
use crate::figures::{grouped, octets};
use clap::Args;
use std::io::{self, Write as _};
use std::sync::Arc;
use upgrade::{Mode, State};

const EXAMPLES: &str = "\
Examples:
  towline facts admin@10.0.0.2                     over SSH; the password is asked for, or in TOWLINE_PASSWORD
  towline facts telnet://admin@10.0.0.2 telnet://10.0.0.3:2003    over Telnet, also a console behind a terminal server
  towline facts --ssh-profile legacy-ios -J bob@jump admin@10.0.0.2
  towline facts --json admin@10.0.0.2 | jq .boot   what its next start would try
";

/// Print what devices with IOS or IOS-XE say of themselves: model, serial number, version, the image that runs, what the next
/// start would do, the files beside it, whether the configuration is saved. Nothing is changed.
///
/// Where the login is not privileged `enable` is typed, with the
/// password of the variable TOWLINE_ENABLE, or one that is asked for at a terminal. A password is tried once: no account is locked. What a
/// device asks that is not known gets no answer.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Facts {
    #[command(flatten)]
    at: AtDevices,
}

impl Facts {
    /// Whether events are wanted.
    pub(super) fn json(&self) -> bool {
        self.at.json
    }

    /// Asks each.
    pub fn run(self, events: &Arc<Events>) -> Result<(), Failure> {
        self.at.each(events, "not asked", |named, facts| {
            if self.at.json {
                events.tell(&Event::Facts(Box::new(Surveyed::new(&named.shown, &facts))));
                return Ok(());
            }
            print(named, &facts).map_err(|e| Failure::local("stdout", &e))
        })
    }
}

fn print(named: &Named, facts: &upgrade::Facts) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let serial = facts.serial.as_deref().unwrap_or("no serial number");
    writeln!(out, "{} ({}): {}, {serial}", facts.hostname, named.shown, facts.model)?;
    let mode = if facts.mode == Mode::Install { ", install mode" } else { "" };
    let reason = facts.reason.as_deref().map_or(String::new(), |reason| format!(" ({reason})"));
    writeln!(
        out,
        "  runs     {} from {}{mode}, for {}{reason}",
        facts.version,
        facts.image,
        minutes(facts.uptime)
    )?;
    let boot = match facts.boot.images.as_slice() {
        [] => String::from("no boot line: the first image of flash"),
        images => images.join(", then "),
    };
    let register =
        facts.boot.coming_register().map_or(String::new(), |register| format!(", register {register:#06x}"));
    let manual = if facts.boot.manual { ", and waits for a person" } else { "" };
    writeln!(out, "  boots    {boot}{register}{manual}")?;
    let flash = &facts.flash;
    let memory = facts.memory.map_or(String::new(), |memory| format!("; memory {}", octets(memory)));
    writeln!(
        out,
        "  {:8} {} of {} octets free{memory}",
        flash.name,
        grouped(flash.free),
        grouped(flash.total)
    )?;
    for file in flash.files.iter().filter(|file| !file.is_directory) {
        writeln!(out, "           {:>15}  {}", grouped(file.size), file.name)?;
    }
    match facts.unsaved {
        Some(true) => writeln!(out, "  saved    no: the running configuration differs from the saved one")?,
        Some(false) => writeln!(out, "  saved    yes")?,
        None => {}
    }
    for watched in State::of(facts).words() {
        writeln!(out, "  has      {watched}")?;
    }
    if let Some(reload) = &facts.reload {
        writeln!(out, "  reload   {reload}")?;
    }
    Ok(())
}

/// `3 days 4 hours`, `12 minutes`
fn minutes(all: u64) -> String {
    let several = |n: u64, of: &str| format!("{n} {of}{}", if n == 1 { "" } else { "s" });
    match (all / 1_440, all / 60 % 24, all % 60) {
        (0, 0, minutes) => several(minutes, "minute"),
        (0, hours, minutes) => format!("{} {}", several(hours, "hour"), several(minutes, "minute")),
        (days, hours, _) => format!("{} {}", several(days, "day"), several(hours, "hour")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_two_units() {
        for (all, told) in
            [(0, "0 minutes"), (1, "1 minute"), (61, "1 hour 1 minute"), (4_565, "3 days 4 hours")]
        {
            assert_eq!(minutes(all), told);
        }
    }
}
