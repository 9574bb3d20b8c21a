//! The `show` commands that only switches have.

use super::exec::Exec;
use crate::boot::switch::{BOOT, ENABLE_BREAK, MANUAL_BOOT};
use crate::config::{Config, Interface};
use crate::profile::{Layout, View};
use ios_cli::text::boot_variables::BootVariables;
use ios_cli::text::catalyst::{self, Stacked};
use ios_cli::text::path_list::PathList;
use ios_cli::text::vlan::{self, Vlan};
use ios_cli::text::vtp::{self, Vtp};
use ios_cli::text::xe_switch;
use md5::{Digest, Md5};

impl Exec<'_> {
    /// `show boot`: the boot loader's variables, whatever the configuration says.
    pub(super) fn show_boot(&self) -> String {
        match self.tty.device.profile().boot.view {
            View::Variables => self.show_boot_variables(),
            View::PathList | View::Bootvar => self.show_path_list(),
        }
    }

    fn show_boot_variables(&self) -> String {
        let device = &self.tty.device;
        let list = |value: String| if value.ends_with(';') { value } else { value + ";" };
        let current = device.running(|r| r.told.clone()).flatten().map(list);
        let state = device.state();
        let is = |name| state.monitor.get(name) == Some("yes");
        let next = state.monitor.get(BOOT).map(|value| list(value.to_owned()));
        let member = device.profile().install.as_ref().map_or("Switch 1", |install| &*install.member);
        let (manual, enable_break) = (is(MANUAL_BOOT), is(ENABLE_BREAK));
        BootVariables { member: member.to_owned(), current, next, manual, enable_break }.render()
    }

    fn show_path_list(&self) -> String {
        let profile = self.tty.device.profile();
        let config_file = self.tty.device.config_file();
        let state = self.tty.device.state();
        let is = |name| state.monitor.get(name) == Some("yes");
        let flash = profile.flash.prefix();
        let list = state.monitor.get(BOOT).unwrap_or_default();
        PathList {
            boot: list.split(';').filter(|f| !f.is_empty()).map(str::to_owned).collect(),
            config_file: match config_file {
                Some(file) => format!("{flash}{file}"),
                None => "nvram:startup-config".into(),
            },
            private_config: format!("{flash}/private-config.text"),
            enable_break: is(ENABLE_BREAK),
            manual: is(MANUAL_BOOT),
            buffer: profile.nvram.total.get(),
        }
        .render()
    }

    pub(super) fn show_vlan(&self, brief: bool) -> String {
        let vlans = vlans(&self.tty.device.running_config());
        if brief { vlan::brief(&vlans) } else { vlan::render(&vlans) }
    }

    /// Nobody is told of VLANs here, and so no change of them has a number.
    pub(super) fn show_vtp(&self) -> String {
        let (profile, config) = (self.tty.device.profile(), self.tty.device.running_config());
        let xe = matches!(profile.version.layout, Layout::XeSwitch(_));
        let said = |what: &str| {
            let head = format!("vtp {what} ");
            config
                .kept
                .iter()
                .rev()
                .find_map(|line| line.strip_prefix(&head))
                .map(|said| said.trim().to_owned())
        };
        let typed = said("mode").unwrap_or_default().to_ascii_lowercase();
        let known = VTP_MODES.iter().find(|mode| mode.to_ascii_lowercase().starts_with(&typed));
        let mode = *known.unwrap_or(&VTP_MODES[0]);
        let domain = said("domain").unwrap_or_default();
        let vlans = vlans(&config);
        let mut digest = Md5::new();
        digest.update(&domain);
        for vlan in &vlans {
            digest.update(vlan.id.to_be_bytes());
            digest.update(&vlan.name);
        }
        vtp::render(&Vtp {
            version: said("version").unwrap_or_else(|| "1".into()),
            domain,
            pruning: if xe { "Disabled (Operationally Disabled)" } else { "Disabled" }.into(),
            device: profile.mac.to_string(),
            updater: (mode == VTP_MODES[0]).then(|| updater(&config)),
            mode: mode.into(),
            vlans: u16::try_from(vlans.len()).unwrap_or(u16::MAX).saturating_add(ALWAYS_THERE),
            revision: 0,
            digest: digest.finalize().into(),
        })
    }

    pub(super) fn show_switch(&self) -> String {
        let profile = self.tty.device.profile();
        let mac = &profile.mac;
        let xe = matches!(profile.version.layout, Layout::XeSwitch(_));
        let (role, hardware) = if xe { ("Active", "V01") } else { ("Master", "0") };
        let one = Stacked {
            active: true,
            number: 1,
            role: role.into(),
            mac: mac.to_string(),
            priority: 1,
            hardware: hardware.into(),
            state: "Ready".into(),
        };
        if xe { xe_switch::render_stack(mac, &[one]) } else { catalyst::render_stack(mac, &[one]) }
    }
}

/// The first is what a switch is that nobody told.
const VTP_MODES: &[&str] = &["Server", "Client", "Transparent", "Off"];
/// VLANs 1002 to 1005.
const ALWAYS_THERE: u16 = 4;

/// The address that a server's changes have as their author.
fn updater(config: &Config) -> String {
    let numbered = config.interfaces.iter().filter_map(|i| {
        let number: u16 = i.name.strip_prefix("Vlan")?.parse().ok()?;
        let (address, _) = i.address.filter(|_| !i.shutdown)?;
        Some((number, address))
    });
    match numbered.min() {
        Some((number, address)) => {
            format!("{address} on interface Vl{number} (lowest numbered VLAN interface found)")
        }
        None => "0.0.0.0 (no valid interface found)".into(),
    }
}

/// The VLAN that a port gives access to; a trunk has none.
pub(crate) fn vlan_of(port: &Interface) -> Option<u16> {
    if port.kept.iter().any(|l| l == "switchport mode trunk") {
        return None;
    }
    let access = port.kept.iter().find_map(|l| l.strip_prefix("switchport access vlan "));
    Some(access.and_then(|id| id.trim().parse().ok()).unwrap_or(1))
}

/// The VLANs of a configuration with their access ports; a trunk is in none.
fn vlans(config: &Config) -> Vec<Vlan> {
    let mut vlans = vec![Vlan { id: 1, name: "default".into(), ports: Vec::new() }];
    for block in &config.blocks {
        let Some(ids) = block.head.strip_prefix("vlan ") else { continue };
        for id in ids.split(',').filter_map(|id| id.trim().parse().ok()).filter(|id| *id > 1) {
            let name = block.body.iter().find_map(|l| l.strip_prefix("name "));
            let name = name.map_or_else(|| format!("VLAN{id:04}"), str::to_owned);
            vlans.push(Vlan { id, name, ports: Vec::new() });
        }
    }
    vlans.sort_by_key(|v| v.id);
    for port in config.interfaces.iter().filter(|i| i.switched) {
        let Some(id) = vlan_of(port) else { continue };
        // A VLAN that nobody made holds its ports back.
        if let Some(vlan) = vlans.iter_mut().find(|v| v.id == id) {
            vlan.ports.push(port.name.short());
        }
    }
    vlans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;

    #[test]
    fn access_ports_stand_with_their_vlan() {
        let profile = Profile::named("c2960x").expect("a profile");
        let config = Config::at_boot(
            &profile,
            "vlan 20\nvlan 10\n name STAFF\ninterface GigabitEthernet1/0/2\n switchport access vlan 10\n\
             interface GigabitEthernet1/0/3\n switchport mode trunk\n\
             interface GigabitEthernet1/0/4\n switchport access vlan 30\nend\n",
        );
        let vlans = vlans(&config);
        let of = |id| vlans.iter().find(|v| v.id == id).expect("there");
        assert_eq!((of(10).name.as_str(), of(10).ports.as_slice()), ("STAFF", &["Gi1/0/2".to_owned()][..]));
        assert_eq!((of(20).name.as_str(), of(20).ports.len()), ("VLAN0020", 0));
        assert_eq!(of(1).ports.len(), 28 - 3);
        assert_eq!(vlans.len(), 3);
    }
}
