//! Who is at the other end of its ports: `show cdp neighbors`, its `detail`, `show lldp neighbors`; how it tells who it is itself:
//! `show cdp`.

use super::exec::Exec;
use crate::cables::{Pace, Protocol, cdp_pace, runs_cdp};
use crate::profile::{Layout, Port};
use ios_cli::text::cdp_table::{self, Row};
use ios_cli::text::neighbours::{self, Cdp, Lldp};

const NO_CDP: &str = "% CDP is not enabled\n";
const NO_LLDP: &str = "% LLDP is not enabled\n";

/// What LLDP calls capabilities of CDP; of several the first one here.
const CAPABILITIES: [(&str, &str); 5] =
    [("Router", "R"), ("Switch", "B"), ("Trans-Bridge", "B"), ("Phone", "T"), ("Host", "S")];

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

    /// `show lldp neighbors`
    pub(super) fn show_lldp(&self) -> String {
        let device = &self.tty.device;
        if !device.running_config().has("lldp run") {
            return NO_LLDP.into();
        }
        let heard = device.neighbours(Protocol::Lldp);
        neighbours::render_lldp(&heard.into_iter().map(lldp).collect::<Vec<_>>())
    }
}

/// The same as LLDP tells it. What it shows is for how long the other end wants to be remembered, not what is left of that.
fn lldp(cdp: Cdp) -> Lldp {
    let short = |port: String| Port::try_from(port.clone()).map_or(port, |port| port.short());
    let has = |word: &str| cdp.capabilities.split_whitespace().any(|there| there == word);
    let letters = CAPABILITIES.iter().find(|(word, _)| has(word)).map(|(_, letters)| *letters);
    Lldp {
        holdtime: Protocol::Lldp.pace().hold.into(),
        capabilities: letters.unwrap_or_default().into(),
        name: cdp.name,
        port: short(cdp.port),
        theirs: short(cdp.theirs),
    }
}
