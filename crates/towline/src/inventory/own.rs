//! The keys of our own inventories, one row each, whether TOML, YAML or CSV holds them.

use super::credential::Credential;
use super::device::{Device, Inventory};
use crate::config::node::Node;
use crate::config::rule::Several;
use crate::config::section::{Key, Reading, Setting as _, Shape, entry, section};
use crate::config::value::{Wanted, Within, Written, words};
use crate::config::{Fault, Origin, Origins};
use client::terminal::Over;
use client::{Jump, Profile};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

section! {
    /// An inventory.
    Sheet {
        /// What holds for every device that does not say otherwise.
        defaults: Defaults = Defaults::default(),
        /// The devices, one for each.
        device: Vec<Row> = Vec::new(),
    }
}

section! {
    /// What holds for every device that does not say otherwise.
    Defaults {
        /// The port; without it the protocol's own.
        port: Option<Within<1, 65_535>> = None,
        /// What the line goes over.
        over: Option<Way> = None,
        /// Who logs in; without it whoever runs towline.
        user: Option<String> = None,
        /// Where the password is; without it TOWLINE_PASSWORD, keys, or it is asked for.
        password: Option<Credential> = None,
        /// Where the password of `enable` is; without it TOWLINE_ENABLE, or it is asked for.
        enable: Option<Credential> = None,
        /// Hosts on the way, the first one first, as ssh -J has them.
        via: Option<Several<Written<Jump>>> = None,
        /// Which algorithms SSH may use: modern, compat or legacy-ios.
        ssh_profile: Option<Written<Profile>> = None,
        /// A key to log in with over SSH, a file.
        identity: Option<PathBuf> = None,
        /// What all of them belong to, for --limit.
        tags: Option<Several<String>> = None,
    }
}

entry! {
    /// A device.
    Row {
        /// What it is called; no two are called the same.
        name: String,
        /// Where it is, a name or an address; without it what it is called.
        address: Option<String> = None,
        /// The port; without it the protocol's own.
        port: Option<Within<1, 65_535>> = None,
        /// What the line goes over.
        over: Option<Way> = None,
        /// Who logs in; without it whoever runs towline.
        user: Option<String> = None,
        /// Where the password is.
        password: Option<Credential> = None,
        /// Where the password of `enable` is.
        enable: Option<Credential> = None,
        /// Hosts on the way, the first one first, as ssh -J has them.
        via: Option<Several<Written<Jump>>> = None,
        /// Which algorithms SSH may use: modern, compat or legacy-ios.
        ssh_profile: Option<Written<Profile>> = None,
        /// A key to log in with over SSH, a file.
        identity: Option<PathBuf> = None,
        /// The serial number of the chassis: another device at its address is not taken for it.
        serial: Option<String> = None,
        /// What it belongs to, for --limit.
        tags: Option<Several<String>> = None,
    }
}

words! {
    /// What a line goes over.
    Way {
        /// SSH.
        Ssh = "ssh",
        /// Telnet.
        Telnet = "telnet",
    }
}

impl Wanted for Jump {
    const WANTS: &'static str = "a host on the way, such as \"bob@jump:22\"";
    const EXAMPLE: &'static str = "bob@jump";
}

impl Wanted for Profile {
    const WANTS: &'static str = "\"modern\", \"compat\" or \"legacy-ios\"";
    const EXAMPLE: &'static str = "legacy-ios";
}

/// The tables of docs/inventory.md: every key, its type, default and meaning.
pub fn document() -> String {
    crate::config::tables(&keys())
}

pub(super) fn keys() -> Vec<Key> {
    Sheet::shape().keys()
}

/// The keys of a device, as they are written.
pub(super) fn device_keys() -> Vec<String> {
    let keys = Row::shape().keys();
    debug_assert!(keys.iter().all(|key| matches!(key.shape, Shape::Value { .. })));
    keys.into_iter().map(|key| key.name).collect()
}

/// What a tree says. `is_private`: nobody else can read the file.
pub(super) fn inventory(tree: &Node, base: &Path, is_private: bool) -> Result<Inventory, Vec<Fault>> {
    let mut reading = Reading::new(base.to_owned());
    let sheet = Sheet::read(tree, &mut reading);
    let Reading { origins, mut faults, .. } = reading;
    let Some(Sheet { defaults, device: rows }) = sheet.filter(|_| faults.is_empty()) else {
        return Err(faults);
    };
    let mut inventory = Inventory::default();
    let mut names = BTreeMap::new();
    for (nth, row) in rows.into_iter().enumerate() {
        let at = |key: &str| origins.of(&format!("device.{nth}.{key}"));
        if let Some(first) = names.insert(row.name.clone(), nth) {
            let what = format!("'{}' is the name of two devices, the other at {}", row.name, {
                origins.of(&format!("device.{first}.name"))
            });
            faults.push(Fault::new(at("name"), what, "call one of them otherwise"));
        }
        if row.name.is_empty() || row.name.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',')
        {
            faults.push(Fault::new(
                at("name"),
                "a device's name is empty, or has a blank or a comma",
                "--limit takes names with commas between: give one without",
            ));
        }
        inventory.devices.push(device(row, &defaults));
    }
    faults.extend(written(&inventory, &origins, is_private));
    faults.extend(keyless(&inventory, &origins));
    if faults.is_empty() { Ok(inventory) } else { Err(faults) }
}

fn device(row: Row, defaults: &Defaults) -> Device {
    let over = match row.over.or(defaults.over) {
        Some(Way::Telnet) => Over::Telnet,
        Some(Way::Ssh) | None => Over::Ssh,
    };
    let port = row.port.or(defaults.port).map(|Within(n)| u16::try_from(n).expect("65,535 at most"));
    let via = row.via.or_else(|| defaults.via.clone());
    let tags = [defaults.tags.clone(), row.tags];
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    Device {
        host: some(row.address).unwrap_or_else(|| row.name.clone()),
        name: row.name,
        port,
        over,
        user: some(row.user).or_else(|| some(defaults.user.clone())),
        password: row.password.or_else(|| defaults.password.clone()),
        enable: row.enable.or_else(|| defaults.enable.clone()),
        via: via.into_iter().flat_map(|Several(all)| all).map(|jump| jump.value).collect(),
        profile: row.ssh_profile.or_else(|| defaults.ssh_profile.clone()).map(|profile| profile.value),
        keys: row.identity.or_else(|| defaults.identity.clone()).into_iter().collect(),
        serial: some(row.serial),
        tags: tags.into_iter().flatten().flat_map(|Several(all)| all).collect(),
    }
}

/// Where a key of the n-th device was set: there, or in the defaults.
fn place(origins: &Origins, nth: usize, key: &str) -> Origin {
    let (own, default) = (format!("device.{nth}.{key}"), format!("defaults.{key}"));
    origins.set(&own).or_else(|| origins.set(&default)).cloned().unwrap_or_else(|| origins.of(&own))
}

/// Passwords that stand in a file which others can read, as one fault.
fn written(inventory: &Inventory, origins: &Origins, is_private: bool) -> Option<Fault> {
    if is_private {
        return None;
    }
    let devices = inventory.devices.iter().enumerate();
    let keys = devices.flat_map(|(nth, device)| {
        [("password", &device.password), ("enable", &device.enable)].map(|(key, held)| (nth, key, held))
    });
    let mut held = keys.filter(|(_, _, held)| matches!(held, Some(Credential::Written(_))));
    let (nth, key, _) = held.next()?;
    Some(others_read(place(origins, nth, key), key, held.count(), REMEDY))
}

/// What to do about a password that others can read.
const REMEDY: &str = "chmod 600 it, or say where the password is: { env = \"NAME\" }, { file = \"PATH\" }, { command = […] }, { prompt = \"…\" }";

/// The same words for every format; `more` of them are elsewhere.
pub(super) fn others_read(at: Origin, key: &str, more: usize, remedy: &str) -> Fault {
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    let what = format!("'{key}' is the password itself{more}, and others can read this file");
    Fault::new(at, what, remedy)
}

/// Devices over Telnet that are to log in by key.
fn keyless(inventory: &Inventory, origins: &Origins) -> Vec<Fault> {
    let devices = inventory.devices.iter().enumerate();
    let wrong = devices.filter_map(|(nth, device)| {
        let key = match (device.over, &device.password, &device.enable) {
            (Over::Telnet, Some(Credential::Agent), _) => "password",
            (_, _, Some(Credential::Agent)) => "enable",
            (Over::Ssh | Over::Telnet, _, _) => return None,
        };
        let what = format!("'{}' cannot show a key there: only a login over SSH is by key", device.name);
        Some(Fault::new(place(origins, nth, key), what, "say where a password is, or over = \"ssh\""))
    });
    wrong.collect()
}
