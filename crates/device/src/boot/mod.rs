//! Which image boots: a pure decision over what the boot loader is told and what flash holds.
//!
//! [`rommon`] is a router's: the register, the boot lines of the saved configuration, the first image of flash.
//! [`rommon_xe`] is IOS-XE's: the same lines, then every file of flash.
//! [`switch`] is a Catalyst's: its own variable, else the first image of flash.
//! [`switch_xe`] is that of one with IOS-XE: the same variable, of images and of files that name packages.

pub mod rommon;
pub mod rommon_xe;
pub mod switch;
pub mod switch_xe;

use crate::image::{Damage, Facts};
use crate::profile::Loader;

/// What looking at a file found.
#[derive(Debug)]
pub enum Probe {
    /// A sound image for this device.
    Sound(Facts),
    /// No such file.
    Absent,
    /// Not a sound image.
    Damaged(Damage),
    /// A sound image for another device.
    Foreign(Facts),
}

/// What happens at power-on.
#[derive(Debug)]
pub struct Decision {
    /// What the boot loader prints of each try that failed, and of its giving up, lines with line ends.
    pub tried: Vec<String>,
    /// How it ends.
    pub outcome: Outcome,
}

/// A boot that fails on request, as the boot loader would say it.
pub(crate) fn fails(loader: Loader) -> Decision {
    let said = match loader {
        Loader::Rommon | Loader::RommonClassic => "loadprog: bad file magic number:      0x0\n",
        Loader::RommonXe => ios_cli::text::boot_xe::FAILED,
        Loader::Switch => ios_cli::text::boot_switch::FAILED,
        Loader::SwitchXe => ios_cli::text::boot_switch_xe::EXHAUSTED,
    };
    Decision { tried: vec![said.into()], outcome: Outcome::Rommon }
}

/// How booting ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// This file of flash runs.
    Booted {
        /// Its name, relative to the root of flash.
        file: String,
        /// The name it is shown with: `flash0:x`, or as the boot loader was told it.
        shown: String,
        /// What it is.
        facts: Box<Facts>,
    },
    /// The boot loader prompts.
    Rommon,
}

/// The files of a switch's BOOT variable: `flash:a.bin;flash:b.bin`.
fn listed(list: &str) -> Vec<String> {
    list.split(';').map(str::trim).filter(|file| !file.is_empty()).map(str::to_owned).collect()
}

/// The first file that boots; the others are passed over without a word.
fn first_sound<'f>(files: &'f [String], probe: &mut dyn FnMut(&str) -> Probe) -> Option<&'f String> {
    files.iter().find(|file| matches!(probe(file), Probe::Sound(_)))
}

/// Tries what was told, in that order and nothing else; `exhausted` is said where none of it boots.
fn in_turn(
    told: &[String],
    exhausted: &str,
    mut attempt: impl FnMut(&str) -> Result<Outcome, String>,
) -> Decision {
    let mut tried = Vec::new();
    for shown in told {
        match attempt(shown) {
            Ok(outcome) => return Decision { tried, outcome },
            Err(text) => tried.push(text),
        }
    }
    tried.push(exhausted.into());
    Decision { tried, outcome: Outcome::Rommon }
}

#[cfg(test)]
impl Decision {
    /// For tests: the file that boots and the name it is shown with, and all that is said of others.
    fn told(self) -> (Option<(String, String)>, String) {
        let booted = match self.outcome {
            Outcome::Booted { file, shown, .. } => Some((file, shown)),
            Outcome::Rommon => None,
        };
        (booted, self.tried.concat())
    }
}
