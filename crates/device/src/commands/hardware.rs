//! What the device is made of and licensed for: `show platform`, `show license`, `show redundancy`.

use super::exec::Exec;
use super::table::Id;
use crate::profile::{Layout, Text};
use crate::texts;
use ios_cli::text::licence::{self, Feature};
use ios_cli::text::platform::{Platform, Slot, ago};
use ios_cli::text::redundancy::Redundancy;
use ios_cli::text::romvar::{self, Variables};
use ios_cli::text::smart_licence::{self, Use};
use ios_cli::text::version;
use ios_cli::{Modes, Row};

/// What a row shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hardware {
    Platform,
    RomMonitor,
    Variables,
    Redundancy,
    Licence,
    LicenceFeature,
    LicenceUdi,
    SmartSummary,
    SmartStatus,
    SmartUdi,
}

const EXEC: Modes = Modes::EXEC;
const SHOW: &str = "Show running system information";
const LICENSE: &str = "Show license information";

/// What routers have that may have two processors, or know at least that there could be.
pub(super) const REDUNDANCY: &[Row<Id>] = &[Row::new(
    "show redundancy",
    &[SHOW, "Redundancy Facility (RF) information"],
    EXEC,
    1,
    Id::Hardware(Hardware::Redundancy),
)
.piped()];

/// What models have that list licences.
pub(super) const LICENCES: &[Row<Id>] = &[
    Row::new("show license", &[SHOW, LICENSE], EXEC, 1, Id::Hardware(Hardware::Licence)).piped(),
    Row::new(
        "show license feature",
        &[SHOW, LICENSE, "Show license feature information"],
        EXEC,
        1,
        Id::Hardware(Hardware::LicenceFeature),
    )
    .piped(),
    Row::new(
        "show license udi",
        &[SHOW, LICENSE, "Show license udi information"],
        EXEC,
        1,
        Id::Hardware(Hardware::LicenceUdi),
    )
    .piped(),
];

/// What models have that use licences by a policy.
pub(super) const SMART: &[Row<Id>] = &[
    Row::new(
        "show license summary",
        &[SHOW, LICENSE, "Show license summary"],
        EXEC,
        1,
        Id::Hardware(Hardware::SmartSummary),
    )
    .piped(),
    Row::new(
        "show license status",
        &[SHOW, LICENSE, "Show license status information"],
        EXEC,
        1,
        Id::Hardware(Hardware::SmartStatus),
    )
    .piped(),
    Row::new(
        "show license udi",
        &[SHOW, LICENSE, "Show license udi information"],
        EXEC,
        1,
        Id::Hardware(Hardware::SmartUdi),
    )
    .piped(),
];

/// What routers with IOS-XE have.
pub(super) const XE_HARDWARE: &[Row<Id>] = &[
    Row::new(
        "show platform",
        &[SHOW, "Show platform information"],
        EXEC,
        1,
        Id::Hardware(Hardware::Platform),
    )
    .piped(),
    Row::new(
        "show rom-monitor <slot:word>",
        &[SHOW, "Show ROM Monitor", "Slot: 0, 1, R0, F0"],
        EXEC,
        15,
        Id::Hardware(Hardware::RomMonitor),
    )
    .piped(),
];

/// What routers and switches with IOS-XE have.
pub(super) const VARIABLES: &[Row<Id>] =
    &[Row::new("show romvar", &[SHOW, "Show ROMMON variables"], EXEC, 15, Id::Hardware(Hardware::Variables))
        .piped()];

impl Exec<'_> {
    pub(super) fn show_hardware(&self, what: Hardware) -> String {
        let profile = self.tty.device.profile();
        let features = || {
            let feature = |(n, name): (usize, &Text)| Feature { name: name.to_string(), permanent: n == 0 };
            profile.hardware.licences.iter().enumerate().map(feature).collect::<Vec<_>>()
        };
        match what {
            Hardware::Platform => self.show_platform(),
            Hardware::RomMonitor => romvar::rom_monitor(&texts::bootstrap(profile)),
            Hardware::Variables => self.show_variables(),
            Hardware::Redundancy => self.show_redundancy(),
            Hardware::Licence => licence::render(&features()),
            Hardware::LicenceFeature => licence::feature(&features()),
            Hardware::LicenceUdi => licence::udi(&profile.version.model, self.tty.device.serial()),
            Hardware::SmartSummary => {
                let used = |(name, tag): &(Text, Text)| Use {
                    name: name.to_string(),
                    tag: tag.to_string(),
                    count: 1,
                };
                smart_licence::summary(&profile.hardware.smart.iter().map(used).collect::<Vec<_>>())
            }
            Hardware::SmartStatus => smart_licence::status(),
            Hardware::SmartUdi => smart_licence::udi(&profile.version.model, self.tty.device.serial()),
        }
    }

    fn show_platform(&self) -> String {
        let profile = self.tty.device.profile();
        let up = self.tty.device.running(|r| r.since.elapsed().unwrap_or_default()).unwrap_or_default();
        let slot = |(slot, kind, state): &(Text, Text, Text)| Slot {
            slot: slot.to_string(),
            kind: kind.to_string(),
            state: state.to_string(),
            inserted: ago(up.as_secs()),
        };
        let firmware = |(slot, logic): &(Text, Text)| {
            [slot.to_string(), logic.to_string(), profile.boot.version.to_string()]
        };
        Platform {
            chassis: profile.version.model.to_string(),
            slots: profile.hardware.slots.iter().map(slot).collect(),
            firmware: profile.hardware.logic.iter().map(firmware).collect(),
        }
        .render()
    }

    /// What the boot loader was told, and what it knows of its board.
    fn show_variables(&self) -> String {
        let device = &self.tty.device;
        let profile = device.profile();
        let mac: Vec<char> = profile.mac.chars().filter(char::is_ascii_hexdigit).collect();
        let mac: Vec<String> =
            mac.chunks(2).map(|pair| pair.iter().collect::<String>().to_uppercase()).collect();
        let own = [
            ("PS1", "rommon ! >".to_owned()),
            ("BOOT", self.boot_variable()),
            ("CONFIG_FILE", String::new()),
            ("BOOTLDR", String::new()),
            ("MAC_ADDR", mac.join(":")),
            ("MODEL_NUM", profile.version.model.to_string()),
            ("SYSTEM_SERIAL_NUM", device.serial().to_owned()),
        ];
        let told = device.state().monitor.variables.clone();
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        let own = own.filter(|(name, _)| told.iter().all(|(there, _)| there != name));
        Variables(own.chain(told.iter().cloned()).collect()).render()
    }

    /// One processor, with nobody to take over.
    fn show_redundancy(&self) -> String {
        let device = &self.tty.device;
        let profile = device.profile();
        let register = device.state().monitor.register;
        let shown = device.running(|r| texts::version_of(device, r, register, "power-on"));
        let Some(shown) = shown else { return String::new() };
        // A switch counts from one.
        let (xe, location) = match profile.version.layout {
            Layout::Xe(_) => (true, "slot 0"),
            Layout::XeSwitch(_) => (true, "slot 1"),
            Layout::IsrG2(_) | Layout::Catalyst(_) | Layout::Ios12(_) => (false, "slot 0"),
        };
        let mode = || "Non-redundant".to_owned();
        Redundancy {
            uptime: version::uptime(shown.uptime),
            last_switchover: if xe { "none" } else { "unsupported" }.into(),
            modes: xe.then(|| (mode(), mode())),
            location: location.into(),
            software: version::software(&shown),
            boot: xe.then(|| self.boot_variable()).filter(|boot| !boot.is_empty()),
            register: shown.register,
        }
        .render()
    }
}
