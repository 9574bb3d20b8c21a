//! `towline inventory`: what is read of an inventory.

use crate::events::{Event, Events, Inventoried, LeftOut};
use crate::exit::Failure;
use crate::inventory::{self, Device, Limit};
use clap::Args;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  towline inventory lab.toml                       which devices there are, how each is reached, where its passwords are
  towline inventory lab.toml --limit 'core,!r9'    which of them --limit means
  towline inventory lab.yml --json | jq .device
";

/// Print what is read of an inventory: its devices, how each is reached, where its passwords are, what it belongs to. No device is
/// asked, no password fetched and none shown.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Inventory {
    /// The inventory: TOML, YAML, CSV or Ansible's INI and YAML (docs/inventory.md).
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only these: names, tags or patterns (`core*`) with commas between, `!` in front of those that are not meant;
    /// `@FILE`: a file that has them a line each.
    #[arg(long, value_name = "NAMES", allow_hyphen_values = true)]
    limit: Option<Limit>,
    /// Print events as JSON, one a line, on stdout (docs/events.md).
    #[arg(long)]
    pub(super) json: bool,
}

impl Inventory {
    /// Lists them.
    pub fn run(self, events: &Arc<Events>) -> Result<(), Failure> {
        let inventory = inventory::read(&self.file)?;
        let meant: Vec<&Device> = match &self.limit {
            Some(limit) => limit.of(&inventory)?,
            None => inventory.devices.iter().collect(),
        };
        if self.json {
            for device in meant {
                events.tell(&Event::Inventoried(Box::new(Inventoried::new(device))));
            }
            for (name, why) in &inventory.left_out {
                events.tell(&Event::LeftOut(LeftOut { device: name.clone(), why: why.clone() }));
            }
        } else {
            print(&meant).map_err(|e| Failure::local("stdout", &e))?;
        }
        for remark in inventory.remarks() {
            eprintln!("{}: {remark}", self.file.display());
        }
        Ok(())
    }
}

fn print(devices: &[&Device]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let rows: Vec<[String; 5]> = devices.iter().map(|device| row(device)).collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &rows {
        let cells = row.iter().zip(widths).filter(|(_, width)| *width > 0);
        let line: Vec<String> = cells.map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", line.join("  ").trim_end())?;
    }
    let (n, s) = (devices.len(), if devices.len() == 1 { "" } else { "s" });
    writeln!(out, "{n} device{s}")
}

fn row(device: &Device) -> [String; 5] {
    let held = [("password", &device.password), ("enable", &device.enable)];
    let held =
        held.into_iter().filter_map(|(what, held)| Some(format!("{what}: {}", held.as_ref()?.place())));
    let via: Vec<String> = device.via.iter().map(ToString::to_string).collect();
    let via = if via.is_empty() { String::new() } else { format!("via {}", via.join(",")) };
    let others = [via, device.profile.map_or(String::new(), |profile| profile.to_string())];
    let others: Vec<String> = others.into_iter().filter(|text| !text.is_empty()).collect();
    let serial = device.serial.as_ref().map_or(String::new(), |serial| format!("serial {serial}"));
    let place = device.to_string();
    let last = [serial, device.tags.join(", ")];
    let last: Vec<String> = last.into_iter().filter(|text| !text.is_empty()).collect();
    [device.name.clone(), place, held.collect::<Vec<_>>().join("; "), others.join(", "), last.join("; ")]
}
