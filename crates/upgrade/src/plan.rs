//! What would be done, what that moves and takes, or why not.

use crate::checks::{Block, CHECKS};
use crate::room::{self, base};
use crate::run::TRIAL;
use crate::steps::{Step, ladder};
use crate::{Facts, Mode, State, Target, Wish};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// One thing that would be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Action {
    /// Of which step.
    pub step: &'static str,
    /// What, for people: `delete flash:old.bin (33,591,768 octets)`.
    pub what: String,
    /// Whether everybody behind the device is cut off by it.
    pub is_felt: bool,
}

/// What it moves and takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Estimate {
    /// Octets that are copied to the device.
    pub octets: u64,
    /// How long the copy takes at the rate that was wished.
    pub copying: Duration,
    /// How long the device is away.
    pub away: Duration,
}

/// What would be done to one device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Why nothing may be done; none: it may.
    pub blocks: Vec<Block>,
    /// What would be done, in this order; none where all that is wished holds already.
    pub actions: Vec<Action>,
    /// What it takes.
    pub estimate: Estimate,
    /// What has to be there again behind the restart; nothing where it does not restart.
    pub watched: State,
}

impl Estimate {
    /// All of it.
    pub fn all(&self) -> Duration {
        self.copying + self.away
    }
}

impl Plan {
    /// Whether the device has and runs it already.
    pub fn is_there(&self) -> bool {
        self.blocks.is_empty() && self.actions.is_empty()
    }
}

/// The plan for a device with these facts.
pub fn plan(facts: &Facts, target: &Target, wish: &Wish) -> Plan {
    let mut estimate = Estimate::default();
    // Whether somebody's changes are saved is nobody's business then.
    if ladder(facts).iter().all(|step| step.name == "save" || step.holds(facts, target)) {
        return Plan { blocks: Vec::new(), actions: Vec::new(), estimate, watched: State::default() };
    }
    let mut blocks: Vec<Block> = CHECKS.iter().filter_map(|check| check.block(facts, target, wish)).collect();
    let mut actions = Vec::new();
    let mut watched = State::default();
    for step in ladder(facts) {
        // What a former step changes is not seen yet: a new boot line has to be saved.
        let follows = matches!(step.name, "save" | "confirm") && !actions.is_empty();
        if follows || !step.holds(facts, target) {
            actions.extend(told(step, facts, target));
        }
    }
    if actions.iter().any(|action: &Action| action.step == "transfer") {
        estimate.octets = target.size;
        estimate.copying = target.copying(wish);
    }
    if actions.iter().any(|action: &Action| action.is_felt) {
        estimate.away = wish.restart;
        watched = State::of(facts);
    }
    if let Some(window) = wish.window.filter(|window| *window < estimate.all()) {
        blocks.push(Block {
            check: "window",
            expected: format!("{} s, which this takes", estimate.all().as_secs()),
            found: format!("a window of {} s", window.as_secs()),
            way_out: "begin earlier, copy the image before the window, or over something faster",
        });
    }
    Plan { blocks, actions, estimate, watched }
}

fn told(step: &Step, facts: &Facts, target: &Target) -> Vec<Action> {
    let flash = &facts.flash.name;
    let action = |what| Action { step: step.name, what, is_felt: step.is_felt };
    match step.name {
        "make-room" => {
            let files = room::sacrifices(facts, target).unwrap_or_default();
            files.iter().map(|file| action(format!("delete {flash}{file}"))).collect()
        }
        "transfer" => {
            // A broken copy is in the way of a whole one, whatever is free.
            let is_broken = facts.flash.file(&target.name).is_some();
            let has_gone = facts.flash.free < room::needed(facts, target);
            let broken = (is_broken && !has_gone)
                .then(|| action(format!("delete {flash}{}, a broken copy", target.name)));
            let copy = action(format!("copy {} to {flash}, {} octets", target.name, target.size));
            broken.into_iter().chain([copy]).collect()
        }
        "verify" => [action(format!("verify /md5 {flash}{} is {}", target.name, target.md5))].into(),
        "set-boot" if facts.mode == Mode::Install => {
            [action(format!("boot {flash}{} and nothing else", room::PACKAGES))].into()
        }
        "add" => [action(format!("install add file {flash}{}", target.name))].into(),
        "activate" => {
            let what = format!("install activate: it goes back by itself after {TRIAL} minutes");
            [action(what)].into()
        }
        "commit" => [action(String::from("install commit"))].into(),
        "set-boot" => {
            let (new, old) = (&target.name, base(&facts.image));
            [action(format!("boot {flash}{new} first, then {flash}{old}"))].into()
        }
        "save" => [action(String::from("save the configuration"))].into(),
        "reload" => [action(String::from("reload"))].into(),
        _ => {
            let version = target.version.as_deref().unwrap_or("the new version");
            let from = if facts.mode == Mode::Install { room::PACKAGES } else { target.name.as_str() };
            [action(format!("see that it runs {version} from {flash}{from}"))].into()
        }
    }
}
