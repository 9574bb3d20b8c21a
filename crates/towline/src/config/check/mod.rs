//! What a single value cannot show: what is there twice, points nowhere or cannot be meant.

use super::Config;
use super::fault::Fault;
use super::load::Loaded;
use super::rule;
use super::section::Setting as _;
use std::collections::{BTreeMap, BTreeSet};

/// Settings that can be written down and that nothing acts on yet. A server that took a rule and did not keep it
/// would be worse than one that refuses it.
const UNBUILT: &[&str] = &[
    "server.show-hidden",
    "server.state",
    "server.sandbox",
    "server.drain",
    "http",
    "https",
    "admin",
    "mount",
    "root",
    "user.*.groups",
    "user.*.disabled",
    "user.*.expires",
    "identity",
    "audit",
    "hook",
];

/// Everything that is wrong with it.
pub(crate) fn faults(loaded: &Loaded) -> Vec<Fault> {
    let mut faults = unbuilt(loaded);
    twice(loaded, &mut faults);
    rule::faults(loaded, &mut faults);
    faults
}

/// One fault for each thing that has another value than its default and that nothing acts on.
fn unbuilt(loaded: &Loaded) -> Vec<Fault> {
    let mut defaults = BTreeMap::new();
    super::show::leaves("", &Config::default().shown(), &mut defaults);
    let mut leaves = BTreeMap::new();
    super::show::leaves("", &loaded.config.shown(), &mut leaves);
    let told =
        leaves.iter().filter(|(path, value)| defaults.get(*path) != Some(*value)).filter_map(|(path, _)| {
            let row = UNBUILT.iter().find(|row| names(row, path))?;
            // Of an item of a list, the item.
            let steps = row.split('.').count();
            let steps = if path.split('.').nth(steps).is_some_and(|s| s.parse::<usize>().is_ok()) {
                steps + 1
            } else {
                usize::MAX
            };
            Some(path.split('.').take(steps).collect::<Vec<_>>().join("."))
        });
    let told: BTreeSet<String> = told.collect();
    let fault = |path: &String| {
        let what = format!("nothing acts on '{path}' in this version");
        Fault::new(loaded.origins.of(path), what, "leave it out")
    };
    told.iter().map(fault).collect()
}

/// Whether a row, in which `*` is any one step, is this path or a part that it lies in.
fn names(row: &str, path: &str) -> bool {
    let mut path = path.split('.');
    row.split('.').all(|step| path.next().is_some_and(|p| step == "*" || step == p))
}

fn twice(loaded: &Loaded, faults: &mut Vec<Fault>) {
    let users = &loaded.config.user;
    for (i, user) in users.iter().enumerate() {
        if users[..i].iter().any(|other| other.name == user.name) {
            let origin = loaded.origins.of(&format!("user.{i}.name"));
            let what = format!("the user '{}' is there twice", user.name);
            faults.push(Fault::new(origin, what, "give each user once"));
        }
    }
}
