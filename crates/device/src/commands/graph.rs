//! The rows that a model has, as one graph.

use super::authenticity::AUTHENTICITIES;
use super::config_table::{GLOBAL, INTERFACE, LINES, ROUTER_GLOBAL, ROUTER_INTERFACE};
use super::connect::CONNECTS;
use super::crash::CRASHES;
use super::crypto_key::CRYPTO_KEYS;
use super::debug::DEBUGS;
use super::flash_table;
use super::hardware::{LICENCES, REDUNDANCY, SMART, VARIABLES, XE_HARDWARE};
use super::install_table::INSTALLS;
use super::network::{LLDP, NETWORK, SWITCH_NETWORK};
use super::operator::{OPERATOR, ROUTER_OPERATOR, SWITCH_OPERATOR};
use super::package::REQUESTS;
use super::switch_table::{CONFIG_FILE, SWITCH_GLOBAL, SWITCH_SHOWS};
use super::table::{FILES, Id, ROUTER_SHOWS, SESSION, SHOWS, SYSTEM, WHOLE};
use super::terminal::TERMINAL;
use super::trace::TRACES;
use super::verify::XE_VERIFY;
use crate::Profile;
use crate::ifs::RULES;
use crate::profile::{Layout, View};
use ios_cli::{Graph, Row};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The command graph of a model: one for each kind of model that there is.
pub(crate) fn graph(profile: &Profile) -> &'static Graph<Id> {
    /// What of a model decides over its rows: what shows what boots, the class of flash, slots of IOS-XE, licences, redundancy,
    /// install mode, LLDP, signatures, licences by a policy, where the
    /// saved configuration is.
    type Kind = (usize, usize, [bool; 8]);
    /// Guards the graphs that were made, each once; held for a look and for the making of one.
    static GRAPHS: Mutex<BTreeMap<Kind, &'static Graph<Id>>> = Mutex::new(BTreeMap::new());
    let (view, own): (usize, &[&[Row<Id>]]) = match profile.boot.view {
        View::Bootvar => (0, &[ROUTER_SHOWS, ROUTER_OPERATOR, ROUTER_GLOBAL, ROUTER_INTERFACE]),
        View::PathList | View::Variables => {
            (1, &[SWITCH_SHOWS, SWITCH_NETWORK, SWITCH_OPERATOR, SWITCH_GLOBAL])
        }
    };
    let rules = profile.flash.class.rules();
    let class = RULES.iter().position(|r| r == rules).expect("every class has its row");
    let xe = matches!(profile.version.layout, Layout::Xe(_));
    let licensed = !profile.hardware.licences.is_empty();
    let redundant = match profile.version.layout {
        Layout::IsrG2(_) | Layout::Xe(_) | Layout::XeSwitch(_) => true,
        Layout::Catalyst(_) | Layout::Ios12(_) => false,
    };
    let install = profile.install.is_some();
    let lldp = !matches!(profile.version.layout, Layout::Ios12(_));
    let (signed, smart) = (profile.image.signed.is_some(), !profile.hardware.smart.is_empty());
    let in_flash = profile.nvram.file.is_some();
    let mut graphs = GRAPHS.lock().unwrap_or_else(PoisonError::into_inner);
    graphs
        .entry((view, class, [xe, licensed, redundant, install, lldp, signed, smart, in_flash]))
        .or_insert_with(|| {
            let common = [
                SESSION,
                TERMINAL,
                WHOLE,
                FILES,
                SYSTEM,
                SHOWS,
                NETWORK,
                OPERATOR,
                DEBUGS,
                CONNECTS,
                TRACES,
                CRYPTO_KEYS,
                GLOBAL,
                INTERFACE,
                LINES,
            ];
            let mut rows = [&common[..], own, &flash_table::rows(rules)].concat();
            rows.extend(xe.then_some(XE_HARDWARE));
            // A switch that knows of redundancy has IOS-XE.
            let any_xe = xe || (redundant && !profile.is_router());
            rows.extend(any_xe.then_some(VARIABLES));
            rows.extend(any_xe.then_some(XE_VERIFY));
            rows.extend(licensed.then_some(LICENCES));
            rows.extend(smart.then_some(SMART));
            rows.extend(redundant.then_some(REDUNDANCY));
            rows.extend(install.then_some(INSTALLS));
            rows.extend(install.then_some(REQUESTS));
            rows.extend(in_flash.then_some(CONFIG_FILE));
            rows.extend(lldp.then_some(LLDP));
            rows.extend(signed.then_some(AUTHENTICITIES));
            rows.extend((!any_xe).then_some(CRASHES));
            // One for each kind of model, for as long as the program runs.
            Box::leak(Box::new(Graph::new(&rows)))
        })
}
