//! What a model is made of, for the commands that list it.

use super::value::Text;
use serde::Deserialize;

/// Parts, slots and licences; a model that lists none has the chassis alone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hardware {
    /// Rows of `show inventory` behind the chassis: name, description, product, version, serial number.
    #[serde(default)]
    pub parts: Vec<[Text; 5]>,
    /// Rows of `show platform`: slot, type, state.
    #[serde(default)]
    pub slots: Vec<(Text, Text, Text)>,
    /// Of these slots the ones with firmware, with the version of their logic; the firmware is the boot loader's.
    #[serde(default)]
    pub logic: Vec<(Text, Text)>,
    /// Features of `show license`, the one that was bought first.
    #[serde(default)]
    pub licences: Vec<Text>,
    /// What `show license summary` of a switch with IOS-XE lists: name, entitlement.
    #[serde(default)]
    pub smart: Vec<(Text, Text)>,
}
