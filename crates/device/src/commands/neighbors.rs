//! Who is at the other end of its ports: `show cdp neighbors`, its `detail`, the same of `lldp`; how it tells who it is itself:
//! `show cdp`.

use super::exec::Exec;
use super::show_system::mac;
use crate::Device;
use crate::cables::{Pace, Protocol, cdp_pace, runs_cdp};
use crate::profile::{Layout, Port};
use ios_cli::text::cdp_table::{self, Row};
use ios_cli::text::lldp_detail::{self, LldpDetail};
use ios_cli::text::neighbours::{self, Cdp, Lldp};

const NO_CDP: &str = "% CDP is not enabled\n";
const NO_LLDP: &str = "% LLDP is not enabled\n";

/// What LLDP calls capabilities of CDP; of several the first one here.
const CAPABILITIES: [(&str, &str); 5] =
    [("Router", "R"), ("Switch", "B"), ("Trans-Bridge", "B"), ("Phone", "T"), ("Host", "S")];

/// What the plug of a Gigabit port can, and what of it is (IEEE 802.3, MAU type 30: 1000BASE-T, both ways at once).
const MEDIA: [&str; 5] =
    ["1000baseT(FD)", "100base-TX(FD)", "100base-TX(HD)", "10base-T(FD)", "10base-T(HD)"];
const GIGABIT: u16 = 30;

impl Exec<'_> {
    /// `show cdp neighbors [detail]`
    pub(super) fn show_cdp(&self, detail: bool) -> String {
        let device = &self.tty.device;
        if !runs_cdp(&device.running_config()) {
            return NO_CDP.into();
        }
        let heard = device.neighbours(Protocol::Cdp);
        let is_old = matches!(device.profile().version.layout, Layout::Ios12(_));
        let rows = || heard.iter().map(Row::of).collect::<Vec<_>>();
        match (detail, is_old) {
            (true, true) => neighbours::render_cdp_ios12(&heard),
            (true, false) => neighbours::render_cdp(&heard),
            (false, true) => cdp_table::render_ios12(&rows()),
            (false, false) => cdp_table::render(&rows()),
        }
    }

    /// `show cdp`
    pub(super) fn show_own_cdp(&self) -> String {
        let config = self.tty.device.running_config();
        if !runs_cdp(&config) {
            return NO_CDP.into();
        }
        let Pace { every, hold } = cdp_pace(&config);
        neighbours::render_own_cdp(every.into(), hold.into())
    }

    /// `show lldp neighbors [detail]`
    pub(super) fn show_lldp(&self, detail: bool) -> String {
        let device = &self.tty.device;
        if !device.running_config().has("lldp run") {
            return NO_LLDP.into();
        }
        if detail {
            let heard = device.heard_from(Protocol::Lldp).into_iter();
            return lldp_detail::render(
                &heard.map(|(said, far)| all_of(said, far.as_deref())).collect::<Vec<_>>(),
            );
        }
        let heard = device.neighbours(Protocol::Lldp);
        neighbours::render_lldp(&heard.into_iter().map(lldp).collect::<Vec<_>>())
    }
}

/// `Gi0/1`
fn short(port: &str) -> String {
    Port::try_from(port.to_owned()).map_or_else(|_| port.to_owned(), |port| port.short())
}

/// The letters for which LLDP has a word of CDP's.
fn letters(cdp: &Cdp) -> &'static str {
    let has = |word: &str| cdp.capabilities.split_whitespace().any(|there| there == word);
    CAPABILITIES.iter().find(|(word, _)| has(word)).map_or("", |(_, letters)| *letters)
}

/// All that LLDP tells of it. What is seen of the other end itself, its address and what is written at its port, is of a device of
/// ours; of somebody else the name stands for the address.
fn all_of(cdp: Cdp, far: Option<&Device>) -> LldpDetail {
    let enabled = letters(&cdp);
    // What comes before the empty line behind its version.
    let version = cdp.rest.iter().skip_while(|line| *line != "Version :").skip(1);
    let native = |line: &String| line.strip_prefix("Native VLAN: ")?.parse().ok();
    let written = far.and_then(|far| {
        let config = far.running_config();
        config.interfaces.iter().find(|i| *i.name == *cdp.theirs).and_then(|i| i.description.clone())
    });
    let is_gigabit = cdp.theirs.starts_with("Gigabit");
    LldpDetail {
        port: short(&cdp.port),
        chassis: far.map_or_else(|| cdp.name.clone(), |far| mac(&far.profile().mac, 0)),
        theirs: short(&cdp.theirs),
        description: written.unwrap_or_else(|| cdp.theirs.clone()),
        system: version.take_while(|line| !line.is_empty()).cloned().collect(),
        left: cdp.holdtime,
        // A router could bridge as well.
        capabilities: if enabled == "R" { "B,R".into() } else { enabled.into() },
        enabled: enabled.into(),
        addresses: cdp
            .addresses
            .iter()
            .filter_map(|a| a.strip_prefix("IP address: "))
            .map(str::to_owned)
            .collect(),
        media: MEDIA.iter().filter(|_| is_gigabit).map(ToString::to_string).collect(),
        unit: is_gigabit.then_some(GIGABIT),
        vlan: cdp.rest.iter().find_map(native),
        name: cdp.name,
    }
}

/// The same as LLDP tells it. What it shows is for how long the other end wants to be remembered, not what is left of that.
fn lldp(cdp: Cdp) -> Lldp {
    Lldp {
        holdtime: Protocol::Lldp.pace().hold.into(),
        capabilities: letters(&cdp).into(),
        name: cdp.name,
        port: short(&cdp.port),
        theirs: short(&cdp.theirs),
    }
}
