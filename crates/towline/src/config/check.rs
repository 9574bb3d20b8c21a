//! What a single value cannot show: what is there twice, points nowhere or cannot be meant.

use super::fault::Fault;
use super::load::Loaded;

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
    "rule",
    "limits",
    "penalties",
    "audit",
    "hook",
];

/// Everything that is wrong with it.
pub(crate) fn faults(loaded: &Loaded) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, origin) in loaded.origins.iter() {
        if UNBUILT.iter().any(|unbuilt| names(unbuilt, path)) {
            let what = format!("nothing acts on '{path}' in this version");
            faults.push(Fault::new(origin.clone(), what, "leave it out"));
        }
    }
    twice(loaded, &mut faults);
    faults
}

/// Whether a row, in which `*` is any one step, is this path.
fn names(row: &str, path: &str) -> bool {
    let (mut row, mut path) = (row.split('.'), path.split('.'));
    row.by_ref().all(|step| path.next().is_some_and(|p| step == "*" || step == p)) && path.next().is_none()
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
