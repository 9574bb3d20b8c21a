//! What has to be right before anything is done.

use crate::facts::{Standing, is_version};
use crate::room::{self, base};
use crate::{Facts, Mode, Target, Wish};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

/// One thing that has to be right.
pub struct Check {
    /// Its name, which does not change: for JSON, and for people who look it up.
    pub name: &'static str,
    /// What is to be right.
    pub doc: &'static str,
    /// Expected and found, where it is not.
    wrong: fn(&Facts, &Target, &Wish) -> Option<(String, String)>,
    /// What to do then.
    pub way_out: &'static str,
}

/// Why nothing may be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// Which check.
    pub check: &'static str,
    /// What should be.
    pub expected: String,
    /// What is.
    pub found: String,
    /// What to do.
    pub way_out: &'static str,
}

/// Every check, in the order in which they are told.
pub const CHECKS: [Check; 15] = [
    Check {
        name: "source",
        doc: "the image at the source is what it should be",
        wrong: source,
        way_out: "fetch the image again",
    },
    Check {
        name: "platform",
        doc: "the image is for this device",
        wrong: platform,
        way_out: "choose the image for this model",
    },
    Check {
        name: "feature-set",
        doc: "the image has the features of the one that runs",
        wrong: feature,
        way_out: "choose the image with the same features, or change them knowingly, by hand",
    },
    Check {
        name: "ram",
        doc: "the device has the main memory that `--needs-ram` says; a sixteenth less is what it keeps for itself",
        wrong: ram,
        way_out: "put in more memory, or choose an image that needs less",
    },
    Check {
        name: "flash",
        doc: "the file system has the octets in all that `--needs-flash` says",
        wrong: flash,
        way_out: "put in a larger one, or choose an image that needs less",
    },
    Check {
        name: "name",
        doc: "the image has another name than the one that runs",
        wrong: name,
        way_out: "rename the new image: a device runs on from the file that it was started from",
    },
    Check {
        name: "mode",
        doc: "no packages of install mode are on trial",
        wrong: mode,
        way_out: "'install commit', or 'install abort'",
    },
    Check {
        name: "running-image",
        doc: "the image that runs is in flash, to go back to",
        wrong: running_image,
        way_out: "copy the image that runs to flash first",
    },
    Check {
        name: "boot-variable",
        doc: "what the next start tries is in flash",
        wrong: boot_variable,
        way_out: "correct the boot lines: 'boot system FILESYSTEM:NAME', spelled as 'dir' shows it",
    },
    Check {
        name: "register",
        doc: "the next start reads the saved configuration and boots by it",
        wrong: register,
        way_out: "'config-register 0x2102' in configuration mode, and save",
    },
    Check {
        name: "manual-boot",
        doc: "the boot loader waits for nobody",
        wrong: manual,
        way_out: "'no boot manual' in configuration mode",
    },
    Check {
        name: "stack",
        doc: "every member of a stack is ready",
        wrong: stack,
        way_out: "bring the member back, or take it out of the stack ('no switch N provision')",
    },
    Check {
        name: "reload-pending",
        doc: "no reload is scheduled",
        wrong: pending,
        way_out: "'reload cancel'",
    },
    Check {
        name: "unsaved",
        doc: "the configuration is saved",
        wrong: unsaved,
        way_out: "'write memory', or find out who changed what",
    },
    Check {
        name: "room",
        doc: "there is room for the image, or files that are not needed make it",
        wrong: no_room,
        way_out: "delete by hand what only you know to be dispensable",
    },
];

impl Check {
    /// Why nothing may be done, where this is not right.
    pub fn block(&self, facts: &Facts, target: &Target, wish: &Wish) -> Option<Block> {
        let (expected, found) = (self.wrong)(facts, target, wish)?;
        Some(Block { check: self.name, expected, found, way_out: self.way_out })
    }
}

fn source(_: &Facts, target: &Target, _: &Wish) -> Option<(String, String)> {
    target.damage.clone()
}

fn differs(theirs: Option<&String>, ours: Option<&String>) -> Option<(String, String)> {
    let (theirs, ours) = (theirs?, ours?);
    (!theirs.eq_ignore_ascii_case(ours)).then(|| (theirs.clone(), ours.clone()))
}

fn platform(facts: &Facts, target: &Target, _: &Wish) -> Option<(String, String)> {
    if target.platform.is_none() && facts.platform.is_some() {
        let expected = format!("an image of {}", facts.platform.as_deref().unwrap_or_default());
        return Some((expected, format!("{}, whose name does not say what it is for", target.name)));
    }
    differs(facts.platform.as_ref(), target.platform.as_ref())
}

fn feature(facts: &Facts, target: &Target, _: &Wish) -> Option<(String, String)> {
    differs(facts.feature.as_ref(), target.feature.as_ref())
}

fn ram(facts: &Facts, _: &Target, wish: &Wish) -> Option<(String, String)> {
    let needed = wish.needs_ram?;
    let expected = format!("{needed} octets of main memory");
    let Some(found) = facts.memory else {
        return Some((expected, "it does not say how much it has".to_owned()));
    };
    // What is built in is not all told: of 2 GiB 1,973,320 KiB.
    (found.saturating_add(found / 15) < needed).then(|| (expected, format!("{found}")))
}

fn flash(facts: &Facts, _: &Target, wish: &Wish) -> Option<(String, String)> {
    let needed = wish.needs_flash?;
    let found = facts.flash.total;
    (found < needed).then(|| (format!("{needed} octets in {}", facts.flash.name), format!("{found}")))
}

fn name(facts: &Facts, target: &Target, _: &Wish) -> Option<(String, String)> {
    let is_taken = base(&facts.image) == target.name && !room::is_there(facts, target);
    is_taken.then(|| {
        ("a name that is free".to_owned(), format!("{}, which runs, and is another file", target.name))
    })
}

fn mode(facts: &Facts, target: &Target, _: &Wish) -> Option<(String, String)> {
    let installed = match (facts.mode, &facts.installed) {
        (Mode::Bundle, _) => return None,
        (Mode::Install, None) => {
            return Some(("'show install summary'".to_owned(), "no such thing".to_owned()));
        }
        (Mode::Install, Some(installed)) => installed,
    };
    let version = target.version.as_deref().unwrap_or_default();
    let is_other = |name: &str| version.is_empty() || !is_version(name, version);
    let trial = |standing: Standing| matches!(standing, Standing::OnTrial | Standing::Leaving);
    let (name, _) = installed.versions.iter().find(|(name, standing)| trial(*standing) && is_other(name))?;
    Some(("nothing on trial".to_owned(), format!("{name}, which is not there for good")))
}

fn running_image(facts: &Facts, _: &Target, _: &Wish) -> Option<(String, String)> {
    let running = base(&facts.image);
    let is_there = facts.flash.file(running).is_some() || is_below(&facts.image);
    (facts.mode == Mode::Bundle && !is_there)
        .then(|| (format!("{running} in {}", facts.flash.name), "no such file".to_owned()))
}

/// Whether a file lies in a directory: of those nothing is known.
fn is_below(image: &str) -> bool {
    let path = image.split_once(':').map_or(image, |(_, path)| path);
    path.trim_start_matches('/').contains('/')
}

fn boot_variable(facts: &Facts, _: &Target, _: &Wish) -> Option<(String, String)> {
    let is_absent = |image: &&String| !is_below(image) && facts.flash.file(base(image)).is_none();
    let absent = facts.boot.images.iter().find(is_absent)?;
    Some((format!("{absent}, which the next start tries, in flash"), "no such file".to_owned()))
}

fn register(facts: &Facts, _: &Target, _: &Wish) -> Option<(String, String)> {
    let register = facts.boot.coming_register()?;
    // Bit 6: the saved configuration is not read; 0 and 1: no boot line counts.
    let is_right = register & 0x0040 == 0 && register & 0x000f >= 2;
    (!is_right).then(|| ("0x2102 or the like".to_owned(), format!("{register:#06x}")))
}

fn manual(facts: &Facts, _: &Target, _: &Wish) -> Option<(String, String)> {
    facts.boot.manual.then(|| ("Manual Boot = no".to_owned(), "yes".to_owned()))
}

fn stack(facts: &Facts, _: &Target, _: &Wish) -> Option<(String, String)> {
    let member = facts.members.iter().find(|member| !member.state.eq_ignore_ascii_case("ready"))?;
    Some((format!("member {} ready", member.number), member.state.clone()))
}

fn pending(facts: &Facts, _: &Target, _: &Wish) -> Option<(String, String)> {
    facts.reload.clone().map(|reload| ("no reload is scheduled".to_owned(), reload))
}

fn unsaved(facts: &Facts, _: &Target, _: &Wish) -> Option<(String, String)> {
    match facts.unsaved {
        Some(false) => None,
        Some(true) => {
            Some(("the saved configuration is the running one".to_owned(), "they differ".to_owned()))
        }
        None => Some(("both configurations, whole".to_owned(), "one of them was not shown".to_owned())),
    }
}

fn no_room(facts: &Facts, target: &Target, wish: &Wish) -> Option<(String, String)> {
    let needed = room::needed(facts, target);
    let files = room::sacrifices(facts, target);
    let may = files.as_ref().is_some_and(|files| wish.may_delete || files.is_empty());
    if may {
        return None;
    }
    let found = match files {
        None => format!("{} free, and no files that may go make enough", facts.flash.free),
        Some(files) => format!(
            "{} free, and nothing may be deleted (it would be {})",
            facts.flash.free,
            files.join(", ")
        ),
    };
    Some((format!("{needed} octets free in {}", facts.flash.name), found))
}
