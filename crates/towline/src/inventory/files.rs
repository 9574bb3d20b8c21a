//! What is read of this host: the inventory, and who else may read it.

use super::device::Inventory;
use super::kind::{self, Format};
use super::{csv, hidden, own, yaml};
use crate::config::node::Node;
use crate::config::{Fault, Origin, Place, Source, failure_of};
use crate::exit::{Exit, Failure};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

/// The largest file that is read, octets: 10,000 devices are 3 MiB.
const LARGEST: u64 = 16 << 20;

/// Reads an inventory, with pictures of what is wrong on stderr.
///
/// # Errors
/// It cannot be read, or something in it is wrong.
pub(crate) fn read(path: &Path) -> Result<Inventory, Failure> {
    let (text, is_private) = text(path)?;
    let source = Arc::new(Source { path: path.to_owned(), text });
    parse(&source, is_private).map_err(|faults| failure_of(path.display(), &faults))
}

/// What a text says. `is_private`: nobody else can read it.
pub(super) fn parse(source: &Arc<Source>, is_private: bool) -> Result<Inventory, Vec<Fault>> {
    let whole = |what: &str, remedy: &str| {
        vec![Fault::new(Origin::File(Place { source: source.clone(), span: 0..0 }), what, remedy)]
    };
    let tree = match kind::format(&source.path, &source.text) {
        Some(Format::Toml) => toml(source)?,
        Some(Format::Yaml) => yaml::read(source).map_err(|fault| vec![fault])?,
        Some(Format::Csv) => csv::read(source)?,
        None if source.text.starts_with("-----BEGIN ") => {
            return Err(whole(
                "is a key, not an inventory",
                "--identity FILE is for keys, -i for inventories",
            ));
        }
        None if source.text.starts_with("#!") => {
            let remedy = "run it, and give what it prints as a file";
            return Err(whole("is a program, not an inventory", remedy));
        }
        None => {
            let remedy = "call it NAME.toml, NAME.yaml or NAME.csv; docs/inventory.md shows each";
            return Err(whole("it does not say what it is written in", remedy));
        }
    };
    let base = source.path.parent().unwrap_or(Path::new(""));
    own::inventory(&tree, base, is_private).map_err(|faults| hidden::faults(faults, &tree, source))
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
