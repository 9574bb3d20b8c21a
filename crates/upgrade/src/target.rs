//! What a device is to run, and what somebody wishes besides.

use crate::Tolerance;
use alloc::string::String;
use core::time::Duration;

/// What a device is to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The image's name, here and in flash.
    pub name: String,
    /// Octets.
    pub size: u64,
    /// Lower-case hexadecimal.
    pub md5: String,
    /// What it is for: `c2900`; `None`: its name does not say.
    pub platform: Option<String>,
    /// `universalk9`
    pub feature: Option<String>,
    /// `15.5(3)M4a`
    pub version: Option<String>,
    /// Why the file at the source is not what it should be: what was expected and what was found.
    pub damage: Option<(String, String)>,
}

/// What somebody wishes besides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wish {
    /// Octets a second that a copy is taken to move.
    pub rate: u64,
    /// How long a restart is taken to last.
    pub restart: Duration,
    /// How long there is for all of it; `None`: for ever.
    pub window: Option<Duration>,
    /// Whether files that are not needed may be deleted.
    pub may_delete: bool,
    /// What may stay away behind it.
    pub tolerance: Tolerance,
    /// Octets of main memory that the image needs; `None`: it is not known.
    pub needs_ram: Option<u64>,
    /// Octets that the file system of images has to have in all; `None`: it is not known.
    pub needs_flash: Option<u64>,
}

impl Default for Wish {
    fn default() -> Wish {
        Wish {
            rate: 1_000_000,
            restart: Duration::from_secs(600),
            window: None,
            may_delete: true,
            tolerance: Tolerance::default(),
            needs_ram: None,
            needs_flash: None,
        }
    }
}

impl Target {
    /// How long a copy of it takes at that rate.
    pub fn copying(&self, wish: &Wish) -> Duration {
        Duration::from_secs(self.size.div_ceil(wish.rate.max(1)))
    }
}
