//! The ladder: what has to hold, one row after the other. The next step is the first whose goal does not hold; so a crash, a second
//! engineer and a helpful hand at the console all lead to the same place.

use crate::facts::{Standing, is_version};
use crate::room::{self, base};
use crate::{Facts, Mode, Target};

/// A row of the ladder.
pub struct Step {
    /// Its name, which does not change.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    goal: fn(&Facts, &Target) -> bool,
    /// Whether everybody behind the device is cut off by it: a step for the window.
    pub is_felt: bool,
}

impl Step {
    /// Whether nothing is left to do for it.
    pub fn holds(&self, facts: &Facts, target: &Target) -> bool {
        (self.goal)(facts, target)
    }
}

/// All of them, of a device with one image.
pub const STEPS: [Step; 7] = [
    Step { name: "make-room", doc: "room for the image in flash", goal: has_room, is_felt: false },
    Step { name: "transfer", doc: "the image in flash, with its size", goal: is_transferred, is_felt: false },
    Step { name: "verify", doc: "its MD5, made by the device", goal: is_verified, is_felt: false },
    Step {
        name: "set-boot",
        doc: "the image first, the one that runs behind it",
        goal: is_set,
        is_felt: false,
    },
    Step { name: "save", doc: "the configuration saved", goal: is_saved, is_felt: false },
    Step { name: "reload", doc: "the image running", goal: runs, is_felt: true },
    Step { name: "confirm", doc: "the version that the image has", goal: is_confirmed, is_felt: false },
];

/// Those of a device in install mode.
pub const INSTALL_STEPS: [Step; 9] = [
    Step {
        name: "make-room",
        doc: "room for the image and its packages in flash",
        goal: has_room,
        is_felt: false,
    },
    Step { name: "transfer", doc: "the image in flash, with its size", goal: is_fetched, is_felt: false },
    Step { name: "verify", doc: "its MD5, made by the device", goal: is_sound, is_felt: false },
    Step { name: "set-boot", doc: "packages.conf and nothing else", goal: boots_packages, is_felt: false },
    Step { name: "save", doc: "the configuration saved", goal: is_saved, is_felt: false },
    Step { name: "add", doc: "the image's packages in flash", goal: room::is_added, is_felt: false },
    Step {
        name: "activate",
        doc: "the new version running, on trial: it goes back by itself",
        goal: runs_version,
        is_felt: true,
    },
    Step { name: "confirm", doc: "the version that the image has", goal: runs_version, is_felt: false },
    Step { name: "commit", doc: "the new version for good", goal: is_committed, is_felt: false },
];

/// The ladder for this device.
pub fn ladder(facts: &Facts) -> &'static [Step] {
    match facts.mode {
        Mode::Bundle => &STEPS,
        Mode::Install => &INSTALL_STEPS,
    }
}

fn has_room(facts: &Facts, target: &Target) -> bool {
    facts.flash.free >= room::needed(facts, target)
}

fn is_transferred(facts: &Facts, target: &Target) -> bool {
    room::is_there(facts, target)
}

fn is_verified(facts: &Facts, target: &Target) -> bool {
    let is_right = |name: &str, md5: &str| name == target.name && md5.eq_ignore_ascii_case(&target.md5);
    // What runs was found sound when it was loaded.
    runs(facts, target) || facts.digest.as_ref().is_some_and(|(name, md5)| is_right(name, md5))
}

fn is_set(facts: &Facts, target: &Target) -> bool {
    let mut images = facts.boot.coming().iter().map(|image| base(image));
    let is_first = images.next() == Some(target.name.as_str());
    let running = base(&facts.image);
    is_first && (running == target.name || images.next() == Some(running))
}

fn is_saved(facts: &Facts, _: &Target) -> bool {
    // What a device tries is taken from what it has saved.
    facts.unsaved == Some(false) && facts.boot.will_try(facts.boot.coming())
}

fn runs(facts: &Facts, target: &Target) -> bool {
    base(&facts.image) == target.name
}

fn is_confirmed(facts: &Facts, target: &Target) -> bool {
    runs(facts, target) && target.version.as_ref().is_none_or(|version| *version == facts.version)
}

fn is_fetched(facts: &Facts, target: &Target) -> bool {
    room::is_added(facts, target) || is_transferred(facts, target)
}

fn is_sound(facts: &Facts, target: &Target) -> bool {
    room::is_added(facts, target) || is_verified(facts, target)
}

fn boots_packages(facts: &Facts, _: &Target) -> bool {
    let mut images = facts.boot.coming().iter().map(|image| base(image));
    images.next() == Some(room::PACKAGES) && images.next().is_none()
}

fn runs_version(facts: &Facts, target: &Target) -> bool {
    let version = target.version.as_deref().unwrap_or_default();
    is_version(&facts.version, version) && base(&facts.image) == room::PACKAGES
}

fn is_committed(facts: &Facts, target: &Target) -> bool {
    let version = target.version.as_deref().unwrap_or_default();
    facts.installed.as_ref().and_then(|installed| installed.standing(version)) == Some(Standing::Committed)
}
