//! Cables between devices: which port has a carrier, and who is at the other end of it.
//!
//! A port without a cable is up as soon as it is not shut down. One with a cable is up where the other end is too: where
//! that is shut down, reloads or is switched off it goes down, and the log says so. Over a cable that is up neighbours tell
//! who they are, by CDP and LLDP.
//!
//! A cable has no thread and no timer: it is looked at again when an end becomes another thing (it boots, restarts, is
//! configured, a fault begins), and what somebody asks in between follows from when that was.
//!
//! - `cable`: the two ends, and what follows from them. `heard`: how long a neighbour is remembered.
//! - `line`: the states of a port, and what the log says between them.

mod cable;
mod heard;
mod line;
#[cfg(test)]
mod tests;

pub use cable::StandIn;
pub(crate) use cable::{Cable, End, Own};
pub(crate) use heard::{Pace, Protocol};
pub(crate) use line::Line;

use crate::Device;
use crate::config::{Config, Interface};
use crate::device::Running;
use crate::profile::{Layout, Port};
use crate::wire::Links;
use cable::Plugged;
use ios_cli::text::neighbours::Cdp;
use ios_cli::text::version;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The cables of one device.
#[derive(Default)]
pub(crate) struct Cables(
    // Guards which there are; held for a look.
    Mutex<Vec<(Arc<Cable>, End)>>,
);

impl Cables {
    fn lock(&self) -> MutexGuard<'_, Vec<(Arc<Cable>, End)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<(Arc<Cable>, End)> {
        self.lock().clone()
    }

    fn at(&self, port: &Port) -> Option<(Arc<Cable>, End)> {
        self.lock().iter().find(|(cable, end)| cable.port(*end) == Some(port)).cloned()
    }
}

/// Plugs a cable into a port of each. A port takes one cable: whoever plugs in another one there has two, of which one counts.
pub fn connect(this: (&Arc<Device>, &Port), other: (&Arc<Device>, &Port)) {
    let plugged = |(device, port): (&Arc<Device>, &Port)| Plugged::Device {
        device: Arc::downgrade(device),
        port: port.clone(),
    };
    let cable = Arc::new(Cable::between(plugged(this), plugged(other)));
    this.0.cables.lock().push((cable.clone(), End::This));
    other.0.cables.lock().push((cable.clone(), End::Other));
    cable.settle(Instant::now(), None);
}

impl Device {
    /// Plugs a cable into a port with somebody at its other end who is no device of ours.
    pub fn stand_in(self: &Arc<Self>, port: &Port, who: StandIn) {
        self.plug(port, Plugged::StandIn(Box::new(who)));
    }

    /// Leaves a port without a carrier, for as long as there is the device: a cable hangs out of it.
    pub fn leave_loose(self: &Arc<Self>, port: &Port) {
        self.plug(port, Plugged::Nobody);
    }

    fn plug(self: &Arc<Self>, port: &Port, other: Plugged) {
        let this = Plugged::Device { device: Arc::downgrade(self), port: port.clone() };
        let cable = Arc::new(Cable::between(this, other));
        self.cables.lock().push((cable.clone(), End::This));
        cable.settle(Instant::now(), None);
    }

    /// What a port is.
    pub(crate) fn line(&self, port: &Port) -> Line {
        match (self.cables.at(port), port.parent()) {
            (Some((cable, end)), _) => cable.line(end),
            // A subinterface is what its port is, where nothing is said against it.
            (None, Some(parent)) => match self.own(port).line {
                Line::Up => self.line(&parent),
                own @ (Line::Off | Line::Shut | Line::Deleted | Line::Down) => own,
            },
            (None, None) => self.own(port).line,
        }
    }

    /// Its interfaces that are up and have an address, and its routes; `None` where no IOS runs.
    pub(crate) fn links(&self) -> Option<Links> {
        let mut links = self.running(|r| Links::of(&r.config))?;
        links.up.retain(|(port, ..)| self.line(port) == Line::Up);
        Some(links)
    }

    /// Lines have changed: so has what can be reached.
    pub(crate) fn rewire(&self) {
        self.running(|r| r.arp.clear());
        if let Some(links) = self.links() {
            self.wire.set(links);
        }
    }

    /// It has become another thing: so may its cables.
    pub(crate) fn settle_cables(&self) {
        let now = Instant::now();
        self.cables.all().iter().for_each(|(cable, _)| cable.settle(now, None));
    }

    /// What it says over each of its cables, before it is switched off.
    pub(crate) fn last_words(&self) -> Vec<Option<Cdp>> {
        let cables = self.cables.all();
        cables.iter().map(|(cable, end)| self.says(cable.port(*end)?)).collect()
    }

    /// It was switched off, and had said that.
    pub(crate) fn fall_silent(&self, said: &[Option<Cdp>]) {
        let now = Instant::now();
        for (n, (cable, end)) in self.cables.all().iter().enumerate() {
            cable.settle(now, said.get(n).and_then(Option::as_ref).map(|said| (*end, said)));
        }
    }

    /// Does what may change ports without a cable, and logs what becomes of them; those with one are looked at again.
    pub(crate) fn relining<T>(&self, change: impl FnOnce() -> T) -> T {
        let before = self.bare_lines();
        let out = change();
        let after = self.bare_lines();
        let mut is_changed = false;
        for (port, is) in &after {
            let was = before.iter().find(|(other, _)| other == port).map(|(_, was)| *was);
            if let Some(was) = was.filter(|was| was != is) {
                line::messages(port, was, *is).for_each(|text| self.log(&text));
                is_changed = true;
            }
        }
        // What begins with IOS itself nobody tells of.
        let both = !before.is_empty() && !after.is_empty();
        for (one, other, is_there) in [(&after, &before, true), (&before, &after, false)] {
            let only_here = |port: &Port| both && other.iter().all(|(that, _)| that != port);
            for (port, _) in one.iter().filter(|(port, _)| port.is_loopback() && only_here(port)) {
                line::of_loopback(port, is_there).for_each(|text| self.log(&text));
            }
        }
        if is_changed {
            self.rewire();
        }
        self.settle_cables();
        out
    }

    /// Its ports without a cable; nobody tells of subinterfaces.
    fn bare_lines(&self) -> Vec<(Port, Line)> {
        let cables = self.cables.all();
        let has_cable = |port: &Port| cables.iter().any(|(cable, end)| cable.port(*end) == Some(port));
        let lines = self.running(|r| {
            let is_bare = |i: &&Interface| !has_cable(&i.name) && i.name.parent().is_none();
            let bare = r.config.interfaces.iter().filter(is_bare);
            bare.map(|i| (i.name.clone(), self.own_line(i))).collect()
        });
        lines.unwrap_or_default()
    }

    fn own_line(&self, interface: &Interface) -> Line {
        match interface {
            i if i.deleted => Line::Deleted,
            i if i.shutdown => Line::Shut,
            // A loopback has no carrier to lose.
            i if !i.name.is_loopback() && self.faults.unplugs(&i.name) => Line::Down,
            _ => Line::Up,
        }
    }

    /// What a port is by itself.
    pub(crate) fn own(&self, port: &Port) -> Own {
        let speaks_lldp = self.speaks_lldp();
        self.running(|r| {
            let interface = r.config.interfaces.iter().find(|i| i.name == *port)?;
            let says_no = |line: &str| interface.kept.iter().any(|kept| kept == line);
            let cdp = runs_cdp(&r.config) && !says_no("no cdp enable");
            let lldp = speaks_lldp && r.config.has("lldp run");
            Some(Own {
                line: self.own_line(interface),
                tells: [
                    cdp.then(|| cdp_pace(&r.config)),
                    (lldp && !says_no("no lldp transmit")).then(|| Protocol::Lldp.pace()),
                ],
                hears: [cdp, lldp && !says_no("no lldp receive")],
            })
        })
        .flatten()
        .unwrap_or(Own::OFF)
    }

    /// Whether its IOS knows LLDP.
    pub(crate) fn speaks_lldp(&self) -> bool {
        !matches!(self.profile().version.layout, Layout::Ios12(_))
    }

    /// Who is heard, in the order of its interfaces.
    pub(crate) fn neighbours(&self, protocol: Protocol) -> Vec<Cdp> {
        self.heard_from(protocol).into_iter().map(|(said, _)| said).collect()
    }

    /// The same with who it is, where that is a device of ours.
    pub(crate) fn heard_from(&self, protocol: Protocol) -> Vec<(Cdp, Option<Arc<Device>>)> {
        let (now, cables) = (Instant::now(), self.cables.all());
        let from =
            |(cable, end): &(Arc<Cable>, End)| Some((cable.heard(*end, protocol, now)?, cable.far(*end)));
        let mut heard: Vec<_> = cables.iter().filter_map(from).collect();
        let config = self.running_config();
        heard.sort_by_key(|(said, _)| config.interfaces.iter().position(|i| i.name == *said.port.as_str()));
        heard
    }

    /// What it says of itself over that port; `None` where no IOS runs.
    pub(crate) fn says(&self, port: &Port) -> Option<Cdp> {
        self.running(|r| said(self, r, port))
    }
}

/// CDP runs where nobody said otherwise.
pub(crate) fn runs_cdp(config: &Config) -> bool {
    !config.has("no cdp run")
}

/// How it speaks CDP, where it does.
pub(crate) fn cdp_pace(config: &Config) -> Pace {
    let usual = Protocol::Cdp.pace();
    Pace { every: config.cdp_timer.unwrap_or(usual.every), hold: config.cdp_holdtime.unwrap_or(usual.hold) }
}

fn said(device: &Device, r: &Running, port: &Port) -> Cdp {
    let (profile, config) = (device.profile(), &r.config);
    let interface = config.interfaces.iter().find(|i| i.name == *port);
    let is_switched = interface.is_some_and(|i| i.switched);
    // A port that carries VLANs has no address: one of the switch's own stands for it.
    let own = config.interfaces.iter().find(|i| i.name.starts_with("Vlan") && i.address.is_some());
    let address = interface.and_then(|i| i.address).or_else(|| own.filter(|_| is_switched)?.address);
    let addresses: Vec<String> =
        address.iter().map(|(address, _)| format!("IP address: {address}")).collect();
    let domain = config.domain().map(str::to_owned);
    let software = version::software(&crate::texts::version_of(device, r, r.register, ""));
    let mut rest = vec!["Version :".to_owned()];
    rest.extend(software.lines().filter(|line| !line.starts_with("Image ")).map(|l| l.trim_end().to_owned()));
    rest.extend([String::new(), "advertisement version: 2".to_owned()]);
    let is_old = matches!(profile.version.layout, Layout::Ios12(_));
    if !is_old {
        rest.push("VTP Management Domain: ''".to_owned());
    }
    if let Some(interface) = interface.filter(|_| is_switched) {
        rest.push(format!("Native VLAN: {}", crate::commands::vlan_of(interface).unwrap_or(1)));
    }
    rest.push("Duplex: full".to_owned());
    if !is_old {
        rest.push("Management address(es):".to_owned());
        rest.extend(addresses.iter().map(|address| format!("  {address}")));
    }
    Cdp {
        name: domain.map_or(config.hostname.clone(), |domain| format!("{}.{domain}", config.hostname)),
        addresses,
        platform: profile.cdp.platform.replace("MODEL", &profile.version.model),
        capabilities: profile.cdp.capabilities.to_string(),
        port: String::new(),
        theirs: port.to_string(),
        holdtime: cdp_pace(config).hold.into(),
        rest,
    }
}
