//! Faults of a device, and what it tells of what clients did.

use super::Fault;
use crate::{Device, LastCopy, Typed};
use std::time::Instant;

/// So many copies are kept.
const KEPT: usize = 256;

impl Device {
    /// Has something go wrong from now on, in the place of what is wrong in the same way already.
    pub fn set_fault(&self, fault: Fault) {
        self.faults.set(fault);
        self.tell();
    }

    /// Nothing is wrong any more. What happened stays.
    pub fn clear_faults(&self) {
        self.faults.clear();
        self.tell();
    }

    /// What is wrong.
    pub fn faults(&self) -> Vec<Fault> {
        self.faults.all()
    }

    /// The commands that were typed at its prompts, the newest 4,096.
    pub fn heard(&self) -> Vec<Typed> {
        self.heard.all()
    }

    /// How copies ended, the newest last, at most 256.
    pub fn copies(&self) -> Vec<LastCopy> {
        self.state().copies.iter().cloned().collect()
    }

    /// A copy has ended.
    pub(crate) fn note_copy(&self, copy: LastCopy) {
        let mut state = self.state();
        if state.copies.len() == KEPT {
            state.copies.pop_front();
        }
        state.copies.push_back(copy);
    }

    /// A message of noise, if it is time for one.
    pub(crate) fn make_noise(&self) {
        if let Some(text) = self.faults.noise(Instant::now()) {
            self.log(&text);
        }
    }
}
