//! A device that has run for a while already, as a twin of a real one has: whatever its next start would make of it.

use crate::boot::Outcome;
use crate::device::Device;
use crate::profile::Prefix;
use crate::{Config, Profile, commands, image};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What a device is in the midst of.
#[derive(Clone, Debug)]
pub struct Underway {
    /// What runs. It need not lie in flash, or not any more.
    pub image: image::Facts,
    /// What it was loaded as: `flash0:c2900-universalk9-mz.SPA.155-3.M4a.bin`.
    pub shown: String,
    /// The running configuration, where it is not the saved one.
    pub running: Option<String>,
    /// The register that it was started by.
    pub register: u16,
    /// The register of its next start.
    pub next_register: u16,
    /// Variables of its boot loader.
    pub variables: Vec<(String, String)>,
    /// How long it runs.
    pub uptime: Duration,
    /// Why it was started: `power-on`, `reload`.
    pub reason: String,
    /// What is free in flash: what its files leave beyond that is taken by what nobody lists.
    pub free: Option<u64>,
}

/// A configuration as a device that runs `version` would write it.
pub fn written(profile: &Profile, version: &str, text: &str) -> String {
    let mut config = Config::before_boot(profile, text);
    commands::merge(profile, &mut config, text);
    let lines = config.render(&crate::texts::train(&image::canonical(profile, version)));
    // Where nobody has changed and saved it, its comments say nothing.
    format!("!\n!\n{lines}")
}

impl Device {
    /// It runs, as it has for a while. What ran before is lost.
    pub fn underway(self: &Arc<Self>, now: Underway) {
        let Underway { image, shown, running, register, next_register, .. } = now;
        {
            let mut state = self.state();
            state.monitor.register = register;
            now.variables.iter().for_each(|(name, value)| state.monitor.set(name, value));
            state.monitor.returned_by = now.reason;
            state.save_monitor();
        }
        let file = Prefix::strip(&shown).unwrap_or(&shown).trim_start_matches('/').to_owned();
        self.become_booted(Outcome::Booted { file, shown, facts: Box::new(image) });
        if let Some(text) = running {
            self.replace_configuration("console", &text, false);
        }
        // It may have named others that stand in the configuration only.
        now.variables.iter().for_each(|(name, value)| self.state().monitor.set(name, value));
        self.running(|runs| {
            runs.setup = false;
            runs.since = SystemTime::now().checked_sub(now.uptime).unwrap_or(runs.since);
        });
        let mut state = self.state();
        state.monitor.register = next_register;
        state.save_monitor();
        drop(state);
        if let Some(free) = now.free {
            // Of a flash that cannot be listed nothing is known, neither what is free.
            let _ = self.flash.settle(free);
        }
    }
}
