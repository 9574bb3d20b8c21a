//! File systems by prefix.
//!
//! Flash (by the prefixes of the profile), `nvram:`, `system:` and `null:` are local; `xmodem:` and `ymodem:` are the console's
//! line; `tftp:`, `ftp:`, `scp:`,
//! `http:` and `https:` name files of other hosts. [`Url`] is what was typed, parsed once; [`Flash`] keeps the count of octets.

mod class;
mod flash;
mod url;

pub(crate) use class::RULES;
pub use class::{Class, Rules};
pub use flash::{Bounded, Flash, Geometry, Place, Row};
pub use url::{BadUrl, Fs, Net, Url};

use crate::profile::Profile;
use ios_cli::Offer;

/// What every device offers after `copy`, besides its flash: prefix or keyword, help text, whether it is
/// local.
const OFFERS: &[(&str, &str, bool)] = &[
    ("ftp:", "ftp: file system", false),
    ("http:", "http: file system", false),
    ("https:", "https: file system", false),
    ("null:", "null: file system", true),
    ("nvram:", "nvram: file system", true),
    ("running-config", "current system configuration", false),
    ("scp:", "scp: file system", false),
    ("startup-config", "startup configuration", false),
    ("system:", "system: file system", true),
    ("tftp:", "tftp: file system", false),
];

/// The same where `show file systems` of the model has them.
const LINES: &[(&str, &str, bool)] =
    &[("xmodem:", "xmodem: file system", false), ("ymodem:", "ymodem: file system", false)];

/// What a device of this model offers after `copy`, in the order of its help.
pub fn offers(profile: &Profile) -> Vec<Offer<'static>> {
    let offer = |&(name, doc, local): &(&'static str, &'static str, bool)| Offer { name, doc, local };
    let ours = profile.flash.prefixes.iter().map(|p| Offer { name: p.name(), doc: p.about(), local: true });
    let has = |name: &str| profile.file_systems.iter().any(|(.., prefix)| **prefix == *name);
    let lines = LINES.iter().filter(|(name, ..)| has(name));
    let mut offers: Vec<_> = ours.chain(OFFERS.iter().chain(lines).map(offer)).collect();
    // As the lesson's router lists them: by name, `flash0:` before `flash:`.
    offers.sort_by_key(|o| o.name.replace(':', "~"));
    offers
}
