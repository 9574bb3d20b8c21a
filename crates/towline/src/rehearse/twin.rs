//! Facts and configuration of a device as an emulated one, and what of it is otherwise.

use super::flash::{self, Contents};
use super::model::{self, Nearness};
use device::image::{BadRecipe, Hollow, Known};
use device::profile::{Layout, Octets, Port, Ports, Prefix, Text, Word};
use device::wire::{Rest, Table};
use device::{DeviceConfig, Guest, Profile, StandIn, Stock, Underway};
use fleet::ios::Around;
use ios_cli::image_name::ImageName;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use store::Blob;
use store::memory::Shelf;
use upgrade::{Facts, Mode};

/// What is known of a device that is to have a twin.
#[derive(Clone, Debug)]
pub struct Original {
    /// What it said of itself.
    pub facts: Facts,
    /// Its running configuration.
    pub running: String,
    /// Its saved one; `None`: not known.
    pub startup: Option<String>,
    /// Who is around it.
    pub around: Vec<Around>,
}

/// Why a device has no twin.
#[derive(Debug, thiserror::Error)]
pub enum NoTwin {
    /// No profile stands for it.
    #[error("no emulated device stands for {model}: there are ones for images of {known}")]
    Model {
        /// As it calls itself.
        model: String,
        /// For which there are.
        known: String,
    },
    /// A text of its facts that no profile can have.
    #[error("no twin can have that: {0}")]
    Name(String),
    /// Its version is none that images have.
    #[error(transparent)]
    Image(BadRecipe),
    /// Its flash has no room here.
    #[error("there is no room for its flash: {0}")]
    Room(io::Error),
}

/// An emulated device that is to stand for a real one.
#[derive(Clone)]
pub struct Twin {
    /// What it is made of.
    pub config: DeviceConfig,
    /// What it begins with.
    pub stock: Stock,
    /// What it is in the midst of.
    pub underway: Underway,
    /// Who is at the other end of which of its ports.
    pub around: Vec<(Port, StandIn)>,
    /// Its ports that had no carrier.
    pub dark: Vec<Port>,
    /// What of it is otherwise than of the device.
    pub remarks: Vec<String>,
}

impl Twin {
    /// The same, at another address.
    pub fn at(&self, address: Ipv4Addr) -> Twin {
        let mut twin = self.clone();
        twin.config.table = Some(table(address));
        twin.config.seed = u64::from(address.to_bits());
        twin
    }
}

/// All of this host's network, whatever the interfaces are.
fn table(address: Ipv4Addr) -> Table {
    Table { bind: Some(address.into()), rest: Rest::Open, ..Table::default() }
}

/// Where twins are made; they share what is the same of them.
pub struct Workshop {
    contents: Contents,
    known: Arc<Known>,
    guest: Guest,
    pace: f64,
}

impl Workshop {
    /// Files lie on this shelf; `guest` logs in to each twin, whose boots take so long as `pace` says.
    pub fn new(shelf: Shelf, guest: Guest, pace: f64) -> Workshop {
        Workshop { contents: Contents::new(shelf), known: Arc::default(), guest, pace }
    }

    /// Who logs in to them.
    pub fn guest(&self) -> &Guest {
        &self.guest
    }

    /// Where the files of twins lie.
    pub fn shelf(&self) -> &Shelf {
        &self.contents.shelf
    }

    /// An image of that version, of so many octets, that twins of that profile boot.
    ///
    /// # Errors
    /// There is no such version, or no room.
    pub fn image(&mut self, profile: &Profile, version: &str, size: u64) -> Result<Blob, NoTwin> {
        let hollow = Hollow::new(profile, version, size).map_err(NoTwin::Image)?;
        self.contents.hollow(&flash::key(profile, version), &hollow).map_err(NoTwin::Room)
    }

    /// The twin of a device, which is to be at that address.
    ///
    /// # Errors
    /// No profile stands for it, or what it says of itself fits into none.
    pub fn twin(&mut self, original: &Original, address: Ipv4Addr) -> Result<Twin, NoTwin> {
        let Original { facts, running, startup, around } = original;
        let mut remarks = Vec::new();
        let (nearest, nearness) = model::nearest(&facts.model, facts.platform.as_deref())
            .ok_or_else(|| NoTwin::Model { model: facts.model.clone(), known: model::known() })?;
        match nearness {
            Nearness::Same => {}
            Nearness::Images => remarks.push(format!("{} is played by a {}", facts.model, nearest.name)),
            Nearness::Kin => remarks.push(format!(
                "{} is played by a {}: texts and questions of it may be others",
                facts.model, nearest.name
            )),
        }
        let mut profile = fitted(&nearest, original)?;
        let written = |text: &str| device::written(&profile, &facts.version, text);
        // As it would write it itself: what is saved is the same as what runs then.
        let saved = match (facts.unsaved, startup) {
            (Some(true), Some(startup)) => Some(written(startup)),
            (Some(true), None) => {
                remarks
                    .push("its configuration is saved: what was saved of the device is not known".to_owned());
                Some(written(running))
            }
            (Some(false) | None, _) => Some(written(running)),
        };
        let filled = self.contents.flash(&mut profile, facts, saved.as_deref())?;
        remarks.extend(filled.remarks);
        if let Some(reload) = &facts.reload {
            remarks.push(format!("it does not reload by itself: {reload}"));
        }
        let around = stand_ins(&profile, around, &mut remarks);
        let dark = dark(&profile, facts, &around);
        let is_learned = |source: &str| !["connected", "static"].contains(&source);
        let learned = facts.routes.iter().flatten().map(|routes| routes.source.as_str());
        let learned: Vec<&str> = learned.filter(|source| is_learned(source)).collect();
        if !learned.is_empty() {
            remarks.push(format!("its routes of {} are not there, and are not watched", learned.join(", ")));
        }
        if facts.members.len() > 1 {
            remarks.push(format!("one switch stands for the stack of {}", facts.members.len()));
        }
        let in_flash = profile
            .nvram
            .file
            .as_ref()
            .is_some_and(|file| filled.files.iter().any(|(path, _)| path == file.path()));
        let underway = Underway {
            image: flash::facts(&profile, &facts.version)?,
            shown: facts.image.clone(),
            running: Some(running.clone()),
            register: facts.boot.register.unwrap_or(profile.boot.register),
            next_register: facts.boot.coming_register().unwrap_or(profile.boot.register),
            variables: variables(facts),
            uptime: Duration::from_secs(facts.uptime * 60),
            reason: reason(facts),
            free: Some(facts.flash.free),
        };
        let mut config = DeviceConfig::new("");
        config.name = Some(facts.hostname.clone());
        config.profile = Arc::new(profile);
        config.table = Some(table(address));
        config.pace = self.pace;
        config.guest = Some(self.guest.clone());
        config.known = self.known.clone();
        config.seed = u64::from(address.to_bits());
        let startup = saved.filter(|_| !in_flash);
        let stock = Stock { flash: filled.files, directories: filled.directories, startup };
        Ok(Twin { config, stock, underway, around, dark, remarks })
    }
}

/// Somebody who says the same, for each who is around it.
fn stand_ins(profile: &Profile, around: &[Around], remarks: &mut Vec<String>) -> Vec<(Port, StandIn)> {
    let mut out = Vec::new();
    for Around { says, cdp, lldp } in around {
        match profile.interface(&says.port).filter(|port| port.takes_cable()) {
            Some(port) => {
                let who = StandIn { says: says.clone(), cdp: *cdp, lldp: *lldp };
                out.push((port.clone(), who));
            }
            None => remarks
                .push(format!("{} is not there, and not watched: it has no port {}", says.name, says.port)),
        }
    }
    out
}

/// The ports of which the device said that they are not up, shut down or not.
fn dark(profile: &Profile, facts: &Facts, around: &[(Port, StandIn)]) -> Vec<Port> {
    let Some(up) = &facts.up else { return Vec::new() };
    let is_up = |port: &Port| {
        let has_neighbour = around.iter().any(|(other, _)| other == port);
        has_neighbour || up.iter().any(|name| profile.interface(name) == Some(port))
    };
    profile.interfaces.iter().filter(|port| port.takes_cable() && !is_up(port)).cloned().collect()
}

/// What a boot loader remembers that has no boot lines.
fn variables(facts: &Facts) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    // One with a register reads the configuration.
    if facts.boot.register.is_none() && !facts.boot.images.is_empty() {
        variables.push((device::boot::switch::BOOT.to_owned(), facts.boot.images.join(";")));
    }
    if facts.boot.manual {
        variables.push((device::boot::switch::MANUAL_BOOT.to_owned(), "yes".to_owned()));
    }
    variables
}

/// Why it started, in the words that a device of ours has.
fn reason(facts: &Facts) -> String {
    match facts.reason.as_deref() {
        None | Some("power-on" | "PowerOn") => "power-on".to_owned(),
        Some("Install") => "Install".to_owned(),
        Some(_) => "reload".to_owned(),
    }
}

/// The profile with what the device says of itself.
fn fitted(nearest: &Profile, Original { facts, running, .. }: &Original) -> Result<Profile, NoTwin> {
    let mut profile = nearest.clone();
    let text = |text: &str| Text::try_from(text.to_owned()).map_err(NoTwin::Name);
    let word = |text: &str| Word::try_from(text.to_owned()).map_err(NoTwin::Name);
    profile.version.model = text(&facts.model)?;
    if let Some(serial) = &facts.serial {
        profile.serial = text(serial)?;
    }
    if let Some(memory) = facts.memory {
        let kib = memory / 1_024;
        match physical(&mut profile) {
            Some(line) => *line = text(&format!("{kib}{PHYSICAL}"))?,
            None => profile.version.memory = text(&memory_text(&profile.version.memory, kib))?,
        }
    }
    // What runs as packages is named for another processor than the files of its images are.
    if let Some(name) = ImageName::parse(&facts.image).filter(|_| facts.mode == Mode::Bundle) {
        profile.image.platform = word(&name.platform)?;
        profile.image.feature = word(&name.feature)?;
    }
    let octets = i64::try_from(facts.flash.total).unwrap_or(i64::MAX);
    profile.flash.total = Octets::try_from(octets).map_err(NoTwin::Name)?;
    if let Some(directory) = facts.flash.files.iter().find(|file| file.is_directory) {
        profile.flash.directory = directory.size;
    }
    let listed: u64 =
        facts.flash.files.iter().map(|file| file.size.div_ceil(profile.flash.cluster.get())).sum();
    let used = facts.flash.total.saturating_sub(facts.flash.free);
    if listed * profile.flash.cluster.get() > used {
        // Files of the device take less than those of the profile would.
        profile.flash.cluster = Octets::try_from(1).map_err(NoTwin::Name)?;
    }
    if let Ok(prefix) = Prefix::try_from(facts.flash.name.clone()) {
        profile.flash.prefixes.retain(|other| *other != prefix);
        profile.flash.prefixes.insert(0, prefix);
    }
    wired(&mut profile, running);
    Ok(profile)
}

const PHYSICAL: &str = "K bytes of physical memory.";

/// Where IOS-XE says what is built in.
fn physical(profile: &mut Profile) -> Option<&mut Text> {
    let memories = match &mut profile.version.layout {
        Layout::Xe(xe) => &mut xe.memories,
        Layout::XeSwitch(xe) => &mut xe.memories,
        Layout::IsrG2(_) | Layout::Catalyst(_) | Layout::Ios12(_) => return None,
    };
    memories.iter_mut().find(|line| line.ends_with(PHYSICAL))
}

/// `491520K/32768K` of so many KiB in all, with the part for packets that the profile has.
fn memory_text(profile: &str, kib: u64) -> String {
    let packets =
        profile.split_once('/').and_then(|(_, text)| text.trim_end_matches('K').parse::<u64>().ok());
    match packets {
        Some(packets) if packets < kib => format!("{}K/{packets}K", kib - packets),
        Some(_) | None => format!("{kib}K/0K"),
    }
}

/// The interfaces that the configuration has, and its vty lines.
fn wired(profile: &mut Profile, running: &str) {
    let mut names: Vec<(&str, bool)> = Vec::new();
    let mut vty_lines = 0;
    for line in running.lines().map(str::trim_end) {
        if let Some(name) = line.strip_prefix("interface ") {
            names.push((name, true));
        } else if let Some(last) = line.strip_prefix("line vty ") {
            let last = last.split(' ').next_back().and_then(|n| n.parse::<u16>().ok()).unwrap_or(0);
            vty_lines = vty_lines.max(last.saturating_add(1));
        } else if !line.starts_with(' ') && line != "!" {
            // The block is over.
        } else if let Some((_, is_switched)) = names.last_mut() {
            // A port that carries VLANs says nothing of addresses.
            *is_switched &= !["ip address", "no ip address", "no switchport"]
                .iter()
                .any(|begin| line.trim_start().starts_with(begin));
        }
    }
    let is_port = |name: &str| Port::try_from(name.to_owned()).is_ok();
    let whole: Vec<String> =
        names.iter().filter(|(name, _)| is_port(name)).map(|(name, _)| (*name).to_owned()).collect();
    let carries = |(name, is_switched): &&(&str, bool)| {
        *is_switched && name.contains("Ethernet") | name.contains("GigE") && is_port(name)
    };
    let switched: Vec<String> = match profile.is_router() || profile.switched.is_empty() {
        true => Vec::new(),
        false => names.iter().filter(carries).map(|(name, _)| (*name).to_owned()).collect(),
    };
    if let (false, Ok(all), Ok(switched)) =
        (whole.is_empty(), Ports::try_from(whole), Ports::try_from(switched))
    {
        (profile.interfaces, profile.switched) = (all, switched);
    }
    if vty_lines > 0 {
        profile.vty_lines = vty_lines.clamp(1, 16);
    }
}
