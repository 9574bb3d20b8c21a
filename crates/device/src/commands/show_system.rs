//! What the tools of operators ask of any device: its parts, its load, its messages.

use super::exec::Exec;
use crate::profile::Layout;
use ios_cli::text::inventory::{self, Part};
use ios_cli::text::load::{Cpu, Pool, render_memory};
use ios_cli::text::logging::Logging;

/// `logging buffered`, octets, as it is without a line of configuration.
const BUFFER: u32 = 8_192;
/// Processes that every IOS has.
const PROCESSES: &[&str] = &["Chunk Manager", "Load Meter", "Check heaps", "Exec", "TTY Background"];

impl Exec<'_> {
    /// The chassis: this device has no other parts.
    pub(super) fn show_inventory(&self) -> String {
        let profile = self.tty.device.profile();
        let (model, serial) = (profile.version.model.to_string(), profile.serial.to_string());
        let (name, description) = match &profile.version.layout {
            Layout::IsrG2(_) => {
                (model.clone(), format!("{model} chassis, Hw Serial#: {serial}, Hw Revision: 1.0"))
            }
            Layout::Xe(_) => {
                let short = model.split('/').next().unwrap_or(&model);
                ("Chassis".into(), format!("Cisco {short} Chassis"))
            }
            // A switch is a member of its stack.
            Layout::Catalyst(_) => ("1".into(), model.clone()),
        };
        inventory::render(&[Part { name, description, pid: model, vid: "V01".into(), serial }])
    }

    pub(super) fn show_logging(&self) -> String {
        Logging { size: BUFFER, messages: self.tty.device.messages.since(&mut 0) }.render()
    }

    /// An emulated processor has nothing to do.
    pub(super) fn show_processes(&self) -> String {
        Cpu { five_seconds: 0, interrupts: 0, minute: 0, five_minutes: 0 }.render(PROCESSES)
    }

    /// The sizes are the model's; what is in use is an eighth, whatever is done.
    pub(super) fn show_memory(&self) -> String {
        let kib = self.tty.device.profile().version.memory.to_string();
        let pool = |(name, head): (&str, u32), text: &str| {
            let total = text.trim_end_matches('K').parse::<u64>().unwrap_or(0) * 1_024;
            Pool { name: name.into(), head, total, used: total / 8 }
        };
        let pools = [("Processor", 0x23e0_ea20), ("I/O", 0x0e90_0000)];
        render_memory(
            &pools.into_iter().zip(kib.split('/')).map(|(p, text)| pool(p, text)).collect::<Vec<_>>(),
        )
    }
}
