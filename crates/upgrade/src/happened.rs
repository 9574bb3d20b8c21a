//! What can be done to a device, and what came of it: the entries of a journal.
//!
//! An [`Happened::Intent`] is written down before the device hears of it, and what came of it behind that. Whoever reads
//! the entries again ([`Past`](crate::Past)) knows what is known; what a device did meanwhile it says itself.

use crate::{Boot, Facts, State};
use alloc::string::String;
use alloc::vec::Vec;

/// One thing that is done to a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// A file of flash's root is deleted.
    Delete(String),
    /// The image is copied into flash.
    Copy,
    /// The device makes the MD5 of the image.
    Digest,
    /// Its next start tries these, in this order, spelled as the device does.
    SetBoot(Vec<String>),
    /// The configuration is saved.
    Save,
    /// It restarts.
    Reload,
    /// The image is taken apart into packages.
    Add,
    /// It restarts with the new packages; without a [`Effect::Commit`] it goes back by itself after so many minutes.
    Activate(u32),
    /// The new packages stay.
    Commit,
    /// It restarts with the packages from before.
    Abort,
}

/// What is known of the start that a device runs since; a later one differs in something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Start {
    /// Whole minutes since.
    pub uptime: u64,
    /// Why it started.
    pub reason: Option<String>,
    /// What it started.
    pub image: String,
    /// Its version; empty: not known.
    pub version: String,
}

/// How an upgrade of one device ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing was to be done.
    AlreadyThere,
    /// It runs the image, which its next start tries first.
    Upgraded,
    /// It runs what it ran before.
    RolledBack(String),
    /// A person has to look: what stands in the way. It is left as it is.
    Held(String),
    /// Nothing was done.
    Abandoned(String),
}

/// An entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Happened {
    /// What the device was before anything was done.
    Began {
        /// Who it is.
        serial: Option<String>,
        /// The image that ran.
        image: String,
        /// Its version.
        version: String,
        /// What its next start would have tried.
        boot: Vec<String>,
        /// The files that may be deleted, and no other but broken copies of the image.
        may_go: Vec<String>,
        /// What has to be there again.
        state: State,
    },
    /// What is about to be done.
    Intent {
        /// What.
        effect: Effect,
        /// Seconds since 1970, by our clock.
        at: u64,
        /// What it runs since.
        start: Start,
    },
    /// It was done, as far as the device says; for a digest the MD5 that came of it.
    Done {
        /// What.
        effect: Effect,
        /// The digest, lower case.
        md5: Option<String>,
    },
    /// It was not.
    Failed {
        /// What.
        effect: Effect,
        /// What the device says, or the line.
        why: String,
    },
    /// From here on everything is put back as it was.
    TurnedBack(String),
    /// It is over.
    Ended(Outcome),
    /// Somebody goes on with what ended, or was left.
    Resumed,
}

impl Effect {
    /// The row of the ladder that it is done for.
    pub fn step(&self) -> &'static str {
        match self {
            Effect::Delete(_) => "make-room",
            Effect::Copy => "transfer",
            Effect::Digest => "verify",
            Effect::SetBoot(_) => "set-boot",
            Effect::Save => "save",
            Effect::Reload => "reload",
            Effect::Add => "add",
            Effect::Activate(_) => "activate",
            Effect::Commit => "commit",
            Effect::Abort => "abort",
        }
    }
}

impl Effect {
    /// Whether the device restarts by it.
    pub fn restarts(&self) -> bool {
        matches!(self, Effect::Reload | Effect::Activate(_) | Effect::Abort)
    }
}

impl Outcome {
    /// Its name, which does not change: for JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::AlreadyThere => "already-there",
            Outcome::Upgraded => "upgraded",
            Outcome::RolledBack(_) => "rolled-back",
            Outcome::Held(_) => "held",
            Outcome::Abandoned(_) => "abandoned",
        }
    }

    /// Why, where it is not what was wished.
    pub fn why(&self) -> Option<&str> {
        match self {
            Outcome::AlreadyThere | Outcome::Upgraded => None,
            Outcome::RolledBack(why) | Outcome::Held(why) | Outcome::Abandoned(why) => Some(why),
        }
    }
}

impl Start {
    /// The one that a device with these facts runs since.
    pub fn of(facts: &Facts) -> Start {
        Start {
            uptime: facts.uptime,
            reason: facts.reason.clone(),
            image: facts.image.clone(),
            version: facts.version.clone(),
        }
    }

    /// Whether a device that ran since `self` has started again, `elapsed` seconds later. An open port proves nothing: a
    /// device that is told to restart lets people in for some seconds more.
    pub fn is_before(&self, facts: &Facts, elapsed: u64) -> bool {
        let now = Start::of(facts);
        // Whole minutes: one of them may have begun just now. What it says of the time of its start is no proof: its clock
        // may have been set.
        let is_younger = now.uptime < self.uptime || now.uptime + 1 < self.uptime + elapsed / 60;
        let is_other = !self.version.is_empty() && now.version != self.version;
        is_younger || is_other || now.image != self.image || now.reason != self.reason
    }
}

impl Boot {
    /// Whether it is told to try these, in this order, however they are spelled.
    pub fn tries(&self, images: &[String]) -> bool {
        same(self.coming(), images)
    }

    /// Whether its next start does.
    pub fn will_try(&self, images: &[String]) -> bool {
        self.tries(images) && same(&self.images, images)
    }
}

fn same(some: &[String], others: &[String]) -> bool {
    let base = crate::room::base;
    some.len() == others.len() && some.iter().zip(others).all(|(a, b)| base(a) == base(b))
}
