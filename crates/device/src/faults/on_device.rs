//! Faults of a device, and what it tells of what clients did.

use super::{FAULTS, Fate, Fault};
use crate::{Device, LastCopy, Typed};
use std::time::Instant;

/// So many copies are kept.
const KEPT: usize = 256;

impl Device {
    /// Has something go wrong from now on, in the place of what is wrong in the same way already.
    pub fn set_fault(&self, fault: Fault) {
        let fault = fault.at(self.profile());
        self.relining(|| self.faults.set(fault));
        self.tell();
    }

    /// Nothing is wrong any more. What happened stays.
    pub fn clear_faults(&self) {
        self.relining(|| self.faults.clear());
        self.tell();
    }

    /// What begins with this line, and what becomes of it.
    pub(crate) fn fate_of(&self, line: &str) -> Option<Fate> {
        self.relining(|| self.faults.typed(line))
    }

    /// Takes back that fault, or all that are called so (`link-down`); whether there was one.
    pub fn take_back(&self, text: &str) -> bool {
        let is_word = FAULTS.iter().any(|(word, ..)| *word == text);
        let meant = text.parse::<Fault>().ok().map(|fault| fault.at(self.profile()));
        let is_meant = |fault: &Fault| match (is_word, &meant) {
            (true, _) => fault.to_string().split(' ').next() == Some(text),
            (false, meant) => meant.as_ref() == Some(fault),
        };
        let was = self.relining(|| self.faults.take_back(is_meant));
        self.tell();
        was
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
