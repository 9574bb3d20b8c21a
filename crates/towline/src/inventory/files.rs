//! What is read of this host: the inventory, and who else may read it.

use super::ansible::{self, Beside};
use super::device::Inventory;
use super::kind::{self, Format};
use super::{csv, hidden, own, yaml};
use crate::config::node::Node;
use crate::config::{Fault, Origin, Place, Source, failure_of};
use crate::exit::{Exit, Failure};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest file that is read, octets: 10,000 devices are 3 MiB.
const LARGEST: u64 = 16 << 20;

/// What stands at the beginning of files that are no inventories, and what they are.
const OTHERS: [(&str, &str, &str); 3] = [
    ("-----BEGIN ", "is a key, not an inventory", "--identity FILE is for keys, -i for inventories"),
    (
        "#!",
        "is a program, not an inventory",
        "give what `ansible-inventory -i PROGRAM --list --yaml` prints as a file",
    ),
    ("$ANSIBLE_VAULT;", "is encrypted by Ansible's vault, which is not read", "ansible-vault view prints it"),
];

/// Reads an inventory, with pictures of what is wrong on stderr.
///
/// # Errors
/// It cannot be read, or something in it is wrong.
pub(crate) fn read(path: &Path) -> Result<Inventory, Failure> {
    let (text, is_private) = text(path)?;
    let source = Arc::new(Source { path: path.to_owned(), text });
    let beside = beside(path)?;
    parse(&source, is_private, &beside).map_err(|faults| failure_of(path.display(), &faults))
}

/// What a text says. `is_private`: nobody else can read it.
pub(super) fn parse(
    source: &Arc<Source>,
    is_private: bool,
    beside: &[Beside],
) -> Result<Inventory, Vec<Fault>> {
    if let Some((_, what, remedy)) = OTHERS.iter().find(|(begins, ..)| source.text.starts_with(begins)) {
        let at = Origin::File(Place { source: source.clone(), span: 0..0 });
        return Err(vec![Fault::new(at, *what, *remedy)]);
    }
    let base = source.path.parent().unwrap_or(Path::new(""));
    let own = |tree: &Node| own::inventory(tree, base, is_private);
    let hidden = |tree: &Node, faults| hidden::faults(faults, tree, source);
    match kind::format(&source.path, &source.text) {
        Format::Toml => {
            let tree = toml(source)?;
            own(&tree).map_err(|faults| hidden(&tree, faults))
        }
        Format::Csv => {
            let tree = csv::read(source)?;
            own(&tree).map_err(|faults| hidden(&tree, faults))
        }
        Format::Yaml => {
            let tree = yaml::read(source).map_err(|fault| vec![fault])?;
            let read = match ansible::is_meant(&tree) {
                true => ansible::yaml(&source.path, &tree, is_private, beside).map_err(|fault| vec![fault]),
                false => own(&tree),
            };
            read.map_err(|faults| hidden(&tree, faults))
        }
        Format::Ini => ansible::ini(source, is_private, beside).map_err(|fault| vec![fault]),
    }
}

/// Variables that stand beside an inventory, as Ansible has them: `group_vars/NAME.yml`, `host_vars/NAME/*.yml`.
fn beside(path: &Path) -> Result<Vec<Beside>, Failure> {
    let base = path.parent().unwrap_or(Path::new(""));
    let mut all = Vec::new();
    for (is_group, directory) in [(true, "group_vars"), (false, "host_vars")] {
        for (name, path) in files(&base.join(directory))? {
            let within = if path.is_dir() { files(&path)? } else { vec![(name.clone(), path)] };
            for (_, path) in within.into_iter().filter(|(_, path)| path.is_file()) {
                let (text, is_private) = text(&path)?;
                let source = Arc::new(Source { path, text });
                all.push(Beside { is_group, name: name.clone(), source, is_private });
            }
        }
    }
    Ok(all)
}

/// What is in a directory that may hold variables, by name; a directory that is not there holds nothing.
fn files(directory: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let fault = |e: std::io::Error| Failure::local(directory.display(), &e);
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(e) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&e.kind()) => {
            return Ok(Vec::new());
        }
        Err(e) => return Err(fault(e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(fault)?.path();
        let extension = path.extension().and_then(|e| e.to_str());
        // A host's name has points: what is a directory has no extension.
        let name = match extension {
            Some("yml" | "yaml" | "json") if !path.is_dir() => path.file_stem(),
            None => path.file_name(),
            Some(_) if path.is_dir() => path.file_name(),
            Some(_) => None,
        };
        if let Some(name) = name.and_then(|name| name.to_str()).filter(|name| !name.starts_with('.')) {
            found.push((name.to_owned(), path));
        }
    }
    found.sort();
    Ok(found)
}

fn toml(source: &Arc<Source>) -> Result<Node, Vec<Fault>> {
    let mut faults = Vec::new();
    let tree = Node::document(source, &mut faults);
    if faults.is_empty() {
        return Ok(tree);
    }
    for fault in &mut faults {
        "write `key = value`, texts in quotes, a device below each [[device]]".clone_into(&mut fault.remedy);
    }
    Err(faults)
}

/// The text of a file, and whether nobody else can read it.
fn text(path: &Path) -> Result<(String, bool), Failure> {
    let fault = |e: std::io::Error| Failure::local(path.display(), &e);
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("one bit of few");
    let file = std::fs::File::options().read(true).custom_flags(nonblock).open(path).map_err(fault)?;
    let meta = file.metadata().map_err(fault)?;
    if meta.is_dir() {
        return Err(fault(std::io::ErrorKind::IsADirectory.into()));
    }
    let us = rustix::process::geteuid().as_raw();
    let is_private = meta.is_file() && meta.mode() & 0o077 == 0 && [us, 0].contains(&meta.uid());
    let mut octets = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut octets).map_err(fault)?;
    if octets.len() as u64 > LARGEST {
        let what = format!("is larger than {} MiB", LARGEST >> 20);
        return Err(Failure::new(Exit::Usage, path.display(), what, "split it"));
    }
    let text = String::from_utf8(octets).map_err(|_| {
        Failure::new(Exit::Usage, path.display(), "is no text (UTF-8)", "is it an inventory?")
    })?;
    Ok((text, is_private))
}
