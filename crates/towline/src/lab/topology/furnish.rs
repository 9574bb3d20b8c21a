//! What the devices of a topology are and begin with.

use super::file::{self, Read, Topology};
use crate::config::{Fault, Origin, Origins, Place};
use device::config::Password;
use device::image::{self, Known, Recipe};
use device::install::{PACKAGES, Provision};
use device::wire::{Rest, Table};
use device::{DeviceConfig, Profile, Stock};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use store::memory::Shelf;
use store::{Blob, VPath};
use transport::ssh::Ios;

/// A device that is to be.
#[derive(Clone)]
pub struct Wanted {
    /// The host name.
    pub name: String,
    /// Where it is.
    pub address: Ipv4Addr,
    /// What SSH offers there.
    pub ios: Ios,
    /// What it is made of.
    pub config: DeviceConfig,
    /// What it begins with.
    pub stock: Stock,
    /// What is wrong with it.
    pub faults: Vec<device::Fault>,
}

/// All devices of a topology; `table` is the network that they see.
///
/// # Errors
/// What the file says and cannot be, each with its place.
pub fn devices(
    Read { topology, origins, source }: &Read,
    shelf: &Shelf,
    table: &Table,
) -> Result<Vec<Wanted>, Vec<Fault>> {
    let base = source.path.parent().unwrap_or(Path::new("."));
    let mut furnisher = Furnisher {
        topology,
        origins,
        shelf,
        base,
        table,
        known: Arc::default(),
        contents: BTreeMap::new(),
        faults: Vec::new(),
        furnished: 0,
        linked: linked(topology),
    };
    let mut out = Vec::new();
    let (mut names, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for (nth, row) in topology.device.iter().enumerate() {
        let Some(wanted) = furnisher.row(nth, row) else { continue };
        for one in &wanted {
            if !names.insert(one.name.clone()) {
                furnisher.fault(
                    nth,
                    "name",
                    format!("there are two devices called {}", one.name),
                    "give another name",
                );
            }
            if !addresses.insert(one.address) {
                let what = format!("{} would have the address {} of another device", one.name, one.address);
                furnisher.fault(nth, "address", what, "give another address");
            }
        }
        out.extend(wanted);
    }
    if topology.device.is_empty() {
        let remedy = "add a [[device]] with a name and an address";
        let at = Origin::File(Place { source: source.clone(), span: 0..0 });
        furnisher.faults.push(Fault::new(at, "the file has no devices", remedy));
    }
    if furnisher.faults.is_empty() { Ok(out) } else { Err(furnisher.faults) }
}

struct Furnisher<'a> {
    topology: &'a Topology,
    origins: &'a Origins,
    shelf: &'a Shelf,
    /// The directory of the file.
    base: &'a Path,
    table: &'a Table,
    known: Arc<Known>,
    /// What is on the shelf already: an image by model, version and size, a file by its path.
    contents: BTreeMap<String, Blob>,
    faults: Vec<Fault>,
    /// Devices so far: each has a serial number of its own.
    furnished: usize,
    /// The interfaces of each that have a cable, as they are written.
    linked: BTreeMap<String, Vec<String>>,
}

impl Furnisher<'_> {
    fn fault(&mut self, nth: usize, key: &str, what: impl Into<String>, remedy: impl Into<String>) {
        let origin = self.origins.of(&format!("device.{nth}.{key}"));
        self.faults.push(Fault::new(origin, what, remedy));
    }

    /// The devices of one `[[device]]`; `None` where something is wrong with it.
    fn row(&mut self, nth: usize, row: &file::Device) -> Option<Vec<Wanted>> {
        let before = self.faults.len();
        let profile = self.profile(nth, row);
        let addresses = self.addresses(nth, row);
        let template = match &row.config {
            Some(path) => match std::fs::read_to_string(path) {
                Ok(text) => Some(text),
                Err(e) => {
                    self.fault(nth, "config", format!("{}: {e}", path.display()), "name a text file");
                    None
                }
            },
            None => None,
        };
        let profile = profile?;
        for e in row.faults.iter().filter_map(|fault| fault.value.fits(&profile).err()) {
            self.fault(nth, "faults", e.to_string(), "name one of these, or all");
        }
        let flash = self.flash(nth, row, &profile);
        if self.faults.len() > before {
            return None;
        }
        let addresses = addresses?;
        let first = self.furnished;
        self.furnished += addresses.len();
        // One hash for all: each takes a millisecond.
        let Password::Type5(secret) = Password::secret(&row.password) else {
            unreachable!("what a secret is")
        };
        let linked = |name: &str| self.linked.get(name).map(Vec::as_slice).unwrap_or_default();
        let one = |(at, address): (usize, Ipv4Addr)| {
            let name = match row.count {
                Some(_) => format!("{}{}", row.name, at + 1),
                None => row.name.clone(),
            };
            let startup = match &template {
                Some(text) => text.replace("%h", &name).replace("%i", &address.to_string()),
                None => startup(&profile, &name, address, (&row.user, &secret), linked(&name)),
            };
            let mut config = DeviceConfig::new("");
            config.name = Some(name.clone());
            config.profile = profile.clone();
            config.serial = Some(serial(&profile.serial, first + at));
            config.overlay.clone_from(&row.overlay);
            config.table = Some(Table { bind: Some(address.into()), rest: Rest::Real, ..self.table.clone() });
            config.pace = self.topology.boot.pace();
            config.known = self.known.clone();
            config.seed = self.topology.seed.wrapping_add(u64::from(address.to_bits()));
            let stock = Stock { flash: flash.clone(), startup: Some(startup), ..Stock::default() };
            let faults = row.faults.iter().map(|fault| fault.value.clone()).collect();
            Wanted { name, address, ios: row.ssh_profile.value, config, stock, faults }
        };
        Some(addresses.into_iter().enumerate().map(one).collect())
    }

    fn profile(&mut self, nth: usize, row: &file::Device) -> Option<Arc<Profile>> {
        // A file of one's own counts from the topology's directory.
        let name = match row.profile.ends_with(".toml") {
            true => self.base.join(&row.profile).display().to_string(),
            false => row.profile.clone(),
        };
        match crate::commands::image::profile(&name) {
            Ok(profile) => Some(profile),
            Err(failure) => {
                let what = format!("{}: {}", failure.thing, failure.what);
                self.fault(nth, "profile", what, failure.way_out);
                None
            }
        }
    }

    /// An address for each, all of which are this host's.
    fn addresses(&mut self, nth: usize, row: &file::Device) -> Option<Vec<Ipv4Addr>> {
        let IpAddr::V4(first) = row.address else {
            self.fault(nth, "address", "devices have IPv4 addresses", "give one like 127.1.0.1");
            return None;
        };
        let count = row.count.as_ref().map_or(1, |count| count.0);
        let Some(last) = first.to_bits().checked_add(count - 1) else {
            self.fault(
                nth,
                "count",
                format!("{count} addresses from {first} on are more than there are"),
                "give fewer",
            );
            return None;
        };
        let all: Vec<Ipv4Addr> = (first.to_bits()..=last).map(Ipv4Addr::from_bits).collect();
        for address in &all {
            if let Err(e) = TcpListener::bind((*address, 0)) {
                let what = format!("{address} is no address of this host: {e}");
                self.fault(nth, "address", what, add(*address));
                return None;
            }
        }
        Some(all)
    }

    /// Images, then files.
    fn flash(&mut self, nth: usize, row: &file::Device, profile: &Profile) -> Vec<(VPath, Blob)> {
        let first = [profile.image.first.to_string()];
        let versions = if row.images.is_empty() { &first[..] } else { &row.images[..] };
        let mut out = Vec::new();
        for (at, version) in versions.iter().enumerate() {
            let files = self.image(profile, version, row.image_size.0).and_then(|image| {
                // One with install mode runs the first as packages.
                match at == 0 && profile.install.is_some() {
                    true => self.packages(profile, &image),
                    false => Ok(vec![image]),
                }
            });
            match files {
                Ok(files) => out.extend(files),
                Err(what) => self.fault(nth, "images", what, "write a version as \"15.5(3)M4a\""),
            }
        }
        for path in &row.files {
            match self.file(path) {
                Ok(file) => out.push(file),
                Err(what) => self.fault(nth, "files", what, "name a regular file"),
            }
        }
        let len: u64 = out.iter().map(|(_, content)| content.len()).sum();
        if len > profile.flash.total.get() {
            let what = format!("{len} octets do not fit into a flash of {}", profile.flash.total.get());
            self.fault(nth, "image-size", what, "make images smaller, or give fewer files");
        }
        out
    }

    fn image(&mut self, profile: &Profile, version: &str, size: u64) -> Result<(VPath, Blob), String> {
        let name = image::file_name(profile, version).ok_or_else(|| format!("'{version}' is no version"))?;
        let path = VPath::parse(name.as_bytes()).map_err(|e| e.to_string())?;
        let key = format!("{} {version} {size}", profile.name);
        if let Some(content) = self.contents.get(&key) {
            return Ok((path, content.clone()));
        }
        // Another for each, and the same for the same seed.
        let seed =
            key.bytes().fold(self.topology.seed, |sum, b| sum.wrapping_mul(31).wrapping_add(u64::from(b)));
        let mut octets = Vec::new();
        image::make(&Recipe { profile, version, size, seed }, &mut octets).map_err(|e| e.to_string())?;
        let content = self.shelf.take(&mut &octets[..]).map_err(|e| format!("no room for {name}: {e}"))?;
        self.contents.insert(key, content.clone());
        Ok((path, content))
    }

    /// The packages of an image, and the file that names them.
    fn packages(&mut self, profile: &Profile, image: &(VPath, Blob)) -> Result<Vec<(VPath, Blob)>, String> {
        let facts = image::show(&image.1).map_err(|e| e.to_string())?;
        let mut out = Vec::new();
        for part in image::parts(profile, &facts) {
            let key = format!("{} {} {}", part.file, facts.embedded_md5, facts.len);
            let content = match self.contents.get(&key) {
                Some(content) => content.clone(),
                None => {
                    let mut octets = Vec::new();
                    part.write(profile, &facts, &image.1, &mut octets).map_err(|e| e.to_string())?;
                    let content = self.shelf.take(&mut &octets[..]);
                    let content = content.map_err(|e| format!("no room for {}: {e}", part.file))?;
                    self.contents.insert(key, content.clone());
                    content
                }
            };
            out.push((VPath::parse(part.file.as_bytes()).map_err(|e| e.to_string())?, content));
        }
        let text = Provision::of(profile, &facts.version).render();
        let name = VPath::parse(PACKAGES.as_bytes()).map_err(|e| e.to_string())?;
        out.push((name, Blob::Memory(text.into_bytes().into())));
        Ok(out)
    }

    fn file(&mut self, path: &Path) -> Result<(VPath, Blob), String> {
        let shown = path.display();
        let name = path.file_name().ok_or_else(|| format!("{shown} has no name"))?;
        let there = VPath::parse(name.as_encoded_bytes()).map_err(|e| format!("{shown}: {e}"))?;
        let key = format!("file {shown}");
        if let Some(content) = self.contents.get(&key) {
            return Ok((there, content.clone()));
        }
        let mut file = File::open(path).map_err(|e| format!("{shown}: {e}"))?;
        let content = self.shelf.take(&mut file).map_err(|e| format!("{shown}: {e}"))?;
        self.contents.insert(key, content.clone());
        Ok((there, content))
    }
}

/// How an address becomes one of this host's.
pub(crate) fn add(address: Ipv4Addr) -> String {
    match cfg!(target_os = "macos") {
        true => format!("add it first: ifconfig lo0 alias {address}"),
        false => format!("add it first: ip address add {address}/32 dev lo"),
    }
}

/// The serial number of the unit that was made `n` after the one with this number: its last four places count on.
fn serial(first: &str, n: usize) -> String {
    let radix = if first.bytes().all(|b| b.is_ascii_digit()) { 10 } else { 36 };
    let units = radix * radix * radix * radix;
    let of_unit = first.len().checked_sub(4).and_then(|at| first.split_at_checked(at));
    let number = of_unit.and_then(|(_, unit)| usize::from_str_radix(unit, radix as u32).ok());
    let (Some((made, _)), Some(number)) = (of_unit, number) else { return format!("{first}-{n}") };
    let mut left = (number + n) % units;
    let mut unit = [0; 4];
    for place in unit.iter_mut().rev() {
        *place = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[left % radix];
        left /= radix;
    }
    format!("{made}{}", unit.map(char::from).iter().collect::<String>())
}

/// The interfaces that have cables, by their devices.
fn linked(topology: &Topology) -> BTreeMap<String, Vec<String>> {
    let mut linked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for end in topology.link.iter().flat_map(|link| &link.ends) {
        linked.entry(end.value.device.clone()).or_default().push(end.value.interface.clone());
    }
    linked
}

/// What a device has saved that nobody gave a configuration for.
fn startup(
    profile: &Profile,
    name: &str,
    address: Ipv4Addr,
    (user, secret): (&str, &str),
    linked: &[String],
) -> String {
    let mask = if address.is_loopback() { "255.0.0.0" } else { "255.255.255.0" };
    let outward = profile.interfaces.iter().find(|name| name.contains("Ethernet"));
    let interface = outward.map_or(String::new(), |interface| {
        format!("interface {interface}\n ip address {address} {mask}\n no shutdown\n!\n")
    });
    // Of a cable that nobody configures something is to be seen too.
    let linked = linked.iter().filter_map(|text| profile.interface(text));
    let linked = linked.filter(|port| outward != Some(port) && !profile.is_switched(port));
    let linked: String = linked.map(|port| format!("interface {port}\n no shutdown\n!\n")).collect();
    format!(
        "hostname {name}\n!\nusername {user} privilege 15 secret 5 {secret}\n!\nno ip domain lookup\n!\n{interface}{linked}\
         line con 0\n logging synchronous\n exec-timeout 0 0\n privilege level 15\nline vty 0 {}\n login local\n transport input all\n!\nend\n",
        profile.vty_lines - 1
    )
}

#[cfg(test)]
mod tests {
    use super::serial;

    #[test]
    fn units_count_on_from_the_one_of_the_model() {
        for (first, n, expected) in [
            ("FTX152400KS", 0, "FTX152400KS"),
            ("FTX152400KS", 1, "FTX152400KT"),
            ("FTX152400KS", 8, "FTX152400L0"),
            ("FTX15240ZZZZ", 1, "FTX152400000"),
            ("25125768", 4_232, "25120000"),
            ("25125768", 2, "25125770"),
            ("lab", 3, "lab-3"),
            ("odd-one", 3, "odd-one-3"),
        ] {
            assert_eq!(serial(first, n), expected, "{first} and {n}");
        }
        let all: std::collections::BTreeSet<String> = (0..10_000).map(|n| serial("FTX152400KS", n)).collect();
        assert_eq!(all.len(), 10_000);
    }
}
