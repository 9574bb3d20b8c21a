//! Ansible's YAML: groups with hosts, children and variables.

use super::groups::{ALL, Groups, UNGROUPED, Value, Variables};
use super::range;
use crate::config::node::{Entry, Kind, Node};
use crate::config::{Fault, did_you_mean};

/// What a group may have.
const KEYS: [&str; 3] = ["hosts", "vars", "children"];

/// Whether a tree is meant so.
pub(super) fn is_meant(tree: &Node) -> bool {
    let Kind::Table(groups) = &tree.kind else { return false };
    let has_one = |node: &Node| match &node.kind {
        Kind::Table(entries) => entries.iter().any(|entry| KEYS.contains(&entry.key.as_str())),
        _ => false,
    };
    groups.iter().any(|group| [ALL, UNGROUPED].contains(&group.key.as_str()) || has_one(&group.node))
}

/// Reads a tree into `groups`.
pub(super) fn read(tree: &Node, is_private: bool, groups: &mut Groups) -> Result<(), Fault> {
    for entry in table(tree, "the file is groups", "write `GROUP:` and below it `hosts:`")? {
        group(entry, is_private, groups)?;
    }
    Ok(())
}

/// Variables of a file that has nothing else.
pub(super) fn variables(tree: &Node, is_private: bool) -> Result<Variables, Fault> {
    let entries = table(tree, "the file is variables", "write `name: value`")?;
    Ok(entries
        .iter()
        .map(|entry| (entry.key.clone(), Value { node: entry.node.clone(), is_private }))
        .collect())
}

/// A group, and those below it: nested as deep as YAML is read.
fn group(entry: &Entry, is_private: bool, groups: &mut Groups) -> Result<usize, Fault> {
    let nth = groups.group(&entry.key, &entry.origin);
    for part in table(&entry.node, "a group has hosts, vars and children", "write `hosts:` below it")? {
        match part.key.as_str() {
            "hosts" => {
                if let Kind::Text(name) = &part.node.kind {
                    hosts(nth, name, &Variables::new(), part, groups)?;
                    continue;
                }
                for host in table(&part.node, "hosts are keys", "write each host as `NAME:`")? {
                    let variables = of_host(host, is_private)?;
                    hosts(nth, &host.key, &variables, host, groups)?;
                }
            }
            "vars" => groups.set(nth, variables(&part.node, is_private)?),
            "children" => {
                for child in table(&part.node, "children are groups", "write each group as `NAME:`")? {
                    let child = group(child, is_private, groups)?;
                    groups.put_group(nth, child);
                }
            }
            other => {
                let what = format!("unknown key '{other}' in the group '{}'", entry.key);
                return Err(Fault::new(
                    part.origin.clone(),
                    what,
                    did_you_mean(other, &KEYS.map(String::from)),
                ));
            }
        }
    }
    Ok(nth)
}

fn of_host(host: &Entry, is_private: bool) -> Result<Variables, Fault> {
    let entries = table(&host.node, "a host has variables", "write `name: value` below it")?;
    Ok(entries
        .iter()
        .map(|entry| (entry.key.clone(), Value { node: entry.node.clone(), is_private }))
        .collect())
}

fn hosts(
    group: usize,
    pattern: &str,
    variables: &Variables,
    at: &Entry,
    groups: &mut Groups,
) -> Result<(), Fault> {
    let (names, port) =
        range::hosts(pattern).map_err(|why| Fault::new(at.origin.clone(), why, "r[01:10] are r01 to r10"))?;
    names.iter().try_for_each(|name| groups.put_host(group, (name, port), variables, &at.origin))
}

/// The entries of a table; of nothing none.
fn table<'a>(node: &'a Node, what: &str, remedy: &str) -> Result<&'a [Entry], Fault> {
    match &node.kind {
        Kind::Table(entries) => Ok(entries),
        Kind::Nothing => Ok(&[]),
        // What it is instead may be a password.
        _ => Err(Fault::new(node.origin.clone(), format!("{what}, and this is something else"), remedy)),
    }
}
