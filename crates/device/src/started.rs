//! What a device is when its boot loader is through.

use crate::archive::Archived;
use crate::boot;
use crate::config::Config;
use crate::device::{Device, Power, Running};
use crate::profile::Loader;
use std::collections::BTreeSet;
use std::time::SystemTime;

impl Device {
    /// IOS starts, or ROMMON does.
    pub(crate) fn become_booted(&self, outcome: boot::Outcome) {
        let profile = &self.config.profile;
        let power = match outcome {
            boot::Outcome::Rommon => Power::Rommon,
            boot::Outcome::Booted { file, shown, facts } => {
                let (register, told, ignored) = {
                    let monitor = &self.state().monitor;
                    let told = monitor.get(boot::switch::BOOT).map(str::to_owned);
                    let xe = profile.boot.loader == Loader::SwitchXe;
                    let ignored = xe && monitor.get(boot::switch_xe::IGNORE_STARTUP) == Some("1");
                    (monitor.register, told, ignored)
                };
                let packages = self.packages_of(&file);
                // Bit 6: the saved configuration is ignored.
                let startup = self.startup().filter(|_| register & 0x40 == 0 && !ignored);
                let setup = startup.is_none();
                let config = match &startup {
                    Some(text) => self.configured_by(text),
                    None => {
                        let mut config = Config::new(profile);
                        if let Some(name) = &self.config.name {
                            config.hostname.clone_from(name);
                        }
                        config
                    }
                };
                let saved = Some(config.render(&crate::texts::train(&facts.version)));
                Power::Running(Box::new(Running {
                    file,
                    shown,
                    facts: *facts,
                    config,
                    saved,
                    since: SystemTime::now(),
                    register,
                    arp: BTreeSet::new(),
                    changed: None,
                    written: None,
                    setup,
                    keys: self.state().saved_keys.clone(),
                    archived: Archived::default(),
                    pending: None,
                    packages,
                    told,
                }))
            }
        };
        let mut state = self.state();
        if matches!(power, Power::Running(_)) {
            state.crash = None;
        }
        state.power = power;
        drop(state);
        self.settle_cables();
        self.rewire();
        // What a person made up it has saved as it writes such a thing itself.
        let is_foreign = std::mem::take(&mut self.state().is_foreign);
        if is_foreign && let Some(text) = self.running(|r| (!r.setup).then(|| crate::texts::configuration(r)))
        {
            // Where it cannot be written it stays as it was made up, which means the same.
            let _ = text.map(|text| self.write_startup(&text));
        }
        self.packages_booted();
    }
}
