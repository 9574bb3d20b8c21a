//! The cables of a topology: which port of which device is connected to which.

use super::file::{End, Read};
use super::furnish::Wanted;
use crate::config::{Fault, Origins};
use device::NoSuchPort;
use device::profile::Port;
use std::collections::BTreeMap;

/// A port: the device by its place in the file, its interface.
pub type Plug = (usize, Port);

/// The cables, each with its two ends.
///
/// # Errors
/// What the file says and cannot be, each with its place.
pub fn links(
    Read { topology, origins, .. }: &Read,
    devices: &[Wanted],
) -> Result<Vec<[Plug; 2]>, Vec<Fault>> {
    let names = devices.iter().enumerate().map(|(n, wanted)| (wanted.name.as_str(), n));
    let mut patching =
        Patching { devices, names: names.collect(), taken: BTreeMap::new(), origins, faults: Vec::new() };
    let mut out = Vec::new();
    for (nth, link) in topology.link.iter().enumerate() {
        let [this, other] = &link.ends[..] else {
            let what = format!("a link has two ends: expected 2, found {}", link.ends.len());
            patching.fault(nth, what, "write ends = [\"R1 g0/1\", \"R2 g0/1\"]");
            continue;
        };
        let plugs = [&this.value, &other.value].map(|end| patching.plug(nth, end));
        let [Some(this), Some(other)] = plugs else { continue };
        if this.0 == other.0 {
            let what = format!("both ends are {}: expected two devices", devices[this.0].name);
            patching.fault(nth, what, "name another device at one end");
            continue;
        }
        out.push([this, other]);
    }
    if patching.faults.is_empty() { Ok(out) } else { Err(patching.faults) }
}

struct Patching<'a> {
    devices: &'a [Wanted],
    names: BTreeMap<&'a str, usize>,
    /// Ports that have a cable, and which.
    taken: BTreeMap<Plug, usize>,
    origins: &'a Origins,
    faults: Vec<Fault>,
}

impl Patching<'_> {
    fn fault(&mut self, nth: usize, what: impl Into<String>, remedy: impl Into<String>) {
        let origin = self.origins.of(&format!("link.{nth}.ends"));
        self.faults.push(Fault::new(origin, what, remedy));
    }

    /// The port of an end, which has no other cable.
    fn plug(&mut self, nth: usize, End { device, interface }: &End) -> Option<Plug> {
        let Some(&n) = self.names.get(device.as_str()) else {
            let some: Vec<&str> = self.devices.iter().take(5).map(|wanted| wanted.name.as_str()).collect();
            let more = if self.devices.len() > 5 { ", …" } else { "" };
            let what =
                format!("there is no device called {device}: expected one of {}{more}", some.join(", "));
            self.fault(nth, what, "name one as the file does, of a row with its number");
            return None;
        };
        let profile = &self.devices[n].config.profile;
        let port = match NoSuchPort::unless(profile, interface) {
            Ok(port) => port.clone(),
            Err(e) => {
                self.fault(nth, format!("{device}: {e}"), "name one of these");
                return None;
            }
        };
        if !port.takes_cable() {
            let what = format!("{port} of {device} takes no cable");
            self.fault(nth, what, "name an Ethernet port");
            return None;
        }
        match self.taken.insert((n, port.clone()), nth) {
            None => Some((n, port)),
            Some(first) => {
                let where_first = self.origins.of(&format!("link.{first}.ends"));
                let what = format!("{port} of {device} has a cable already: {where_first}");
                self.fault(nth, what, "take one of the two away, or name another port");
                None
            }
        }
    }
}
