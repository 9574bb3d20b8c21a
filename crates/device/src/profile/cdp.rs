//! What a model tells its neighbours of itself.

use super::value::Text;
use serde::Deserialize;

/// As `show cdp neighbors detail` of a neighbour shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cdp {
    /// `Cisco CISCO2911/K9`; `MODEL` stands for the device's own.
    pub platform: Text,
    /// `Router Switch IGMP`
    pub capabilities: Text,
}

impl Default for Cdp {
    fn default() -> Cdp {
        let text = |text: &str| Text::try_from(text.to_owned()).expect("a short line");
        Cdp { platform: text("cisco MODEL"), capabilities: text("Router Switch IGMP") }
    }
}
