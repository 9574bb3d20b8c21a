//! Which files make room.

use crate::{Facts, Mode, Target};
use alloc::string::String;
use alloc::vec::Vec;

/// Hundredths of an image that flash has to have free besides it: files lie in whole blocks, and the device writes others too.
const RESERVE: u64 = 5;

/// Endings of what is never deleted: packages and their lists, updates, certificates, configurations.
const NEVER: [&str; 12] =
    [".pkg", ".conf", ".smu.bin", ".cer", ".crt", ".pem", ".p12", ".pfx", ".der", ".key", ".text", ".cfg"];
/// Endings of what may be: images, and archives of them.
const IMAGES: [&str; 2] = [".bin", ".tar"];

/// The list of the packages that are booted.
pub const PACKAGES: &str = "packages.conf";

/// Octets that have to be free before the image is copied; of one that is there, whole, none.
pub fn needed(facts: &Facts, target: &Target) -> u64 {
    // In install mode the packages lie beside the image that they come from.
    let times = match (is_there(facts, target), facts.mode) {
        (_, Mode::Install) if is_added(facts, target) => 0,
        (true, Mode::Bundle) => 0,
        (true, Mode::Install) | (false, Mode::Bundle) => 1,
        (false, Mode::Install) => 2,
    };
    target.size.saturating_add(target.size / 100 * RESERVE).saturating_mul(times)
}

/// Whether its packages are there.
pub fn is_added(facts: &Facts, target: &Target) -> bool {
    let version = target.version.as_deref().unwrap_or_default();
    facts.installed.as_ref().is_some_and(|installed| installed.standing(version).is_some())
}

/// Whether a file of that name and size is there.
pub fn is_there(facts: &Facts, target: &Target) -> bool {
    facts.flash.file(&target.name).is_some_and(|file| file.size == target.size)
}

/// Whether a file is never deleted: what runs, what a next start tries, what is no image.
pub fn is_kept(facts: &Facts, name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_image = IMAGES.iter().any(|ending| lower.ends_with(ending));
    let is_special = NEVER.iter().any(|ending| lower.ends_with(ending)) || lower == "vlan.dat";
    let boots = facts.boot.images.iter().any(|image| base(image) == name);
    !is_image || is_special || boots || base(&facts.image) == name
}

/// The files to delete so that the image fits, the fewest that do; a broken copy of the image itself first. `None`: there are
/// not enough.
pub fn sacrifices(facts: &Facts, target: &Target) -> Option<Vec<String>> {
    let needed = needed(facts, target);
    let mut free = facts.flash.free;
    let mut gone = Vec::new();
    let is_broken = |name: &str| name == target.name && !is_there(facts, target) && !is_added(facts, target);
    for file in &facts.flash.files {
        // It is in the way whatever is free.
        if is_broken(&file.name) && !file.is_directory && base(&facts.image) != file.name {
            free = free.saturating_add(file.size);
            gone.push(file.name.clone());
        }
    }
    let mut may: Vec<_> = facts
        .flash
        .files
        .iter()
        .filter(|f| !f.is_directory && f.name != target.name && !is_kept(facts, &f.name))
        .collect();
    may.sort_by_key(|file| file.size);
    while free < needed {
        // The smallest that is enough alone, else the largest.
        let at = may.iter().position(|file| free + file.size >= needed).or(may.len().checked_sub(1))?;
        let file = may.remove(at);
        free = free.saturating_add(file.size);
        gone.push(file.name.clone());
    }
    Some(gone)
}

/// The name of a file without its file system and directories.
pub fn base(image: &str) -> &str {
    image.rsplit(['/', ':']).next().unwrap_or(image)
}
