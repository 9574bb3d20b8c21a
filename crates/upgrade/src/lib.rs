//! Upgrades as decisions over facts.
//!
//! What this crate does *not* do: it types nothing, reads no text of a device, copies nothing and keeps nothing. Facts go in, the
//! next thing to do comes out. It knows no vendor: which commands and texts these are is the business of whoever asks the
//! device.
//!
//! | file | its one idea |
//! |---|---|
//! | [`facts`] | what is known of a device |
//! | [`target`] | what it is to run, and what somebody wishes besides |
//! | [`checks`] | what has to be right before anything is done: a table |
//! | [`room`] | which files make room, and which never do |
//! | [`state`] | what has to be there again behind a restart |
//! | [`steps`] | the ladder: what has to hold, one row after the other |
//! | [`mod@plan`] | what would be done, what that moves and takes, or why not |
//! | [`happened`] | what can be done, and what came of it: the entries of a journal |
//! | [`past`] | what is known from a journal: a fold |
//! | [`run`] | the upgrade of one device as a machine |
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]
extern crate alloc;

pub mod checks;
pub mod facts;
pub mod happened;
pub mod past;
pub mod plan;
pub mod room;
pub mod run;
pub mod state;
pub mod steps;
pub mod target;
#[cfg(test)]
mod tests;

pub use checks::{Block, CHECKS, Check};
pub use facts::{Boot, Facts, File, FileSystem, Installed, Member, Mode, Standing, is_version};
pub use happened::{Effect, Happened, Outcome, Start};
pub use past::Past;
pub use plan::{Action, Estimate, Plan, plan};
pub use run::{Next, Run};
pub use state::{Neighbour, Routes, Share, State, Tolerance};
pub use steps::{INSTALL_STEPS, STEPS, Step, ladder};
pub use target::{Target, Wish};
