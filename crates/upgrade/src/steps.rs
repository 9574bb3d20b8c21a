//! The ladder: what has to hold, one row after the other. The next step is the first whose goal does not hold; so a crash, a second
//! engineer and a helpful hand at the console all lead to the same place.

use crate::room::{self, base};
use crate::{Facts, Target};

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

/// All of them.
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
