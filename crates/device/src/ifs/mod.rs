//! File systems by prefix.
//!
//! `flash0:` (alias `flash:`), `nvram:`, `system:` and `null:` are local; `tftp:`, `ftp:` and `scp:` name
//! files of other hosts. [`Url`] is what was typed, parsed once; [`Flash`] keeps the count of octets.

mod flash;
mod url;

pub use flash::{Bounded, Flash, Row};
pub use url::{BadUrl, Fs, Net, Url};

/// What the device offers after `copy`: prefix or keyword, help text, whether it is local.
pub const OFFERS: &[(&str, &str, bool)] = &[
    ("flash0:", "flash0: file system", true),
    ("flash:", "flash: file system", true),
    ("ftp:", "ftp: file system", false),
    ("null:", "null: file system", true),
    ("nvram:", "nvram: file system", true),
    ("running-config", "current system configuration", false),
    ("scp:", "scp: file system", false),
    ("startup-config", "startup configuration", false),
    ("system:", "system: file system", true),
    ("tftp:", "tftp: file system", false),
];

/// The rows of `show file systems` for an ISR G2, in its order: type, flags, prefixes. Sizes are filled
/// in for flash and NVRAM.
pub const TABLE: &[(&str, &str, &str)] = &[
    ("opaque", "rw", "archive:"),
    ("opaque", "rw", "system:"),
    ("opaque", "rw", "tmpsys:"),
    ("opaque", "rw", "null:"),
    ("network", "rw", "tftp:"),
    ("disk", "rw", "flash0: flash:#"),
    ("disk", "rw", "flash1:"),
    ("nvram", "rw", "nvram:"),
    ("opaque", "wo", "syslog:"),
    ("opaque", "rw", "xmodem:"),
    ("opaque", "rw", "ymodem:"),
    ("network", "rw", "rcp:"),
    ("network", "rw", "pram:"),
    ("network", "rw", "http:"),
    ("network", "rw", "ftp:"),
    ("network", "rw", "scp:"),
    ("opaque", "ro", "tar:"),
    ("network", "rw", "https:"),
    ("opaque", "ro", "cns:"),
];
