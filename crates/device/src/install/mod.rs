//! Install mode: an image is taken apart into packages, and what boots is the file that names them.
//!
//! [`Ledger`] is the state machine, without files or clock: what was added, what runs on trial, what is committed, when a trial
//! ends. [`Provision`] is a provisioning file, `packages.conf` and its kin, with its checksum. `kept` is how the ledger lies in
//! flash, in `.installer`. What is typed, and what follows in flash, is in `commands/install`.

mod kept;
mod ledger;
mod on_device;
mod provision;

pub use kept::KEPT;
pub use ledger::{Done, Image, Ledger, LogEntry, Mode, Point, Refusal, St, TABLE, Timer, Verb};
pub(crate) use on_device::{Installing, now};
pub use provision::{BadProvision, CONF, Provision};

use crate::Profile;
use ios_cli::text::xe;

/// The file that a device in install mode boots by.
pub const PACKAGES: &str = "packages.conf";

/// A release as install mode names it, with the number of its build: `17.06.01.0.4711`. A build has one number everywhere; that of
/// ours comes from the version.
pub fn release(version: &str) -> String {
    let padded = xe::padded(version);
    let hash = padded.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    format!("{padded}.0.{}", hash % 9_000 + 1_000)
}

/// The image that the packages of a profile make, as [`Ledger`] knows it: in the order of their names.
pub fn image(profile: &Profile, version: &str, mut packages: Vec<String>) -> Option<Image> {
    packages.sort();
    let bin = crate::image::file_name(profile, version)?;
    let stem = bin.strip_suffix(".bin").unwrap_or(&bin);
    Some(Image { release: release(version), conf: format!("{stem}.conf"), packages })
}
