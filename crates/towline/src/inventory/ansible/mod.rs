//! Ansible's inventories: groups of hosts with variables, of which those are taken that say how a device is reached.
//!
//! - `ini`, `yaml` the two ways of writing them, `range` `r[01:10]`, `words` a line as a shell would split it
//! - `groups` which host is in which groups, whose variables win
//! - `meaning` what a variable means for a device; `template` the templates that are understood

mod groups;
mod ini;
mod meaning;
mod range;
mod template;
#[cfg(test)]
mod tests;
mod words;
mod yaml;

use super::device::Inventory;
use super::hidden;
use crate::config::node::Node;
use crate::config::{Fault, Source};
use groups::Groups;
use meaning::Open;
use std::path::Path;
use std::sync::Arc;

/// Hosts of a file, ranges written out, and groups.
const MOST: usize = 100_000;

/// A text of variables beside an inventory: `group_vars/NAME`, `host_vars/NAME`.
pub(super) struct Beside {
    /// Whether it is about a group; else about a host.
    pub(super) is_group: bool,
    /// Which.
    pub(super) name: String,
    /// What it says.
    pub(super) source: Arc<Source>,
    /// Whether nobody else can read it.
    pub(super) is_private: bool,
}

/// What an inventory in INI says.
pub(super) fn ini(source: &Arc<Source>, is_private: bool, beside: &[Beside]) -> Result<Inventory, Fault> {
    let mut groups = Groups::default();
    ini::read(source, is_private, &mut groups)?;
    inventory(groups, base(&source.path), beside)
}

/// The same in YAML, of a file at `path`.
pub(super) fn yaml(
    path: &Path,
    tree: &Node,
    is_private: bool,
    beside: &[Beside],
) -> Result<Inventory, Fault> {
    let mut groups = Groups::default();
    yaml::read(tree, is_private, &mut groups)?;
    inventory(groups, base(path), beside)
}

fn base(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Whether a tree is one of Ansible's.
pub(super) fn is_meant(tree: &Node) -> bool {
    yaml::is_meant(tree)
}

fn inventory(mut groups: Groups, base: &Path, beside: &[Beside]) -> Result<Inventory, Fault> {
    let mut inventory = Inventory::default();
    for text in beside.iter().filter(|text| groups.knows(text.is_group, &text.name)).collect::<Vec<_>>() {
        if text.source.text.starts_with(meaning::VAULT) {
            let what = format!(
                "{} is encrypted by Ansible's vault, which is not read: {}",
                text.source.path.display(),
                meaning::WITHOUT
            );
            inventory.notes.push((text.name.clone(), what));
            continue;
        }
        let tree = super::yaml::read(&text.source)?;
        let variables = yaml::variables(&tree, text.is_private)
            .map_err(|fault| hidden::faults(vec![fault], &tree, &text.source).remove(0))?;
        groups.beside(text.is_group, &text.name, variables);
    }
    let (mut open, mut wrong) = (Open::default(), None);
    groups.each(|name, holding, tags| {
        let taken = meaning::device(name, holding, tags, base, &mut inventory, &mut open);
        wrong = wrong.take().or(taken.err());
    })?;
    match wrong.or_else(|| open.fault()) {
        Some(fault) => Err(fault),
        None => Ok(inventory),
    }
}
