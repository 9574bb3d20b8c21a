//! What was typed at the device's prompts, for whoever wants to know what a client really sent.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// So many commands are kept, the newest.
const KEPT: usize = 4_096;

/// A line that was typed, as it came: secrets are in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Typed {
    /// When, by the host's clock.
    pub at: SystemTime,
    /// `con 0`, `vty 1`.
    pub line: String,
    /// Who, where somebody logged in.
    pub user: Option<String>,
    /// The prompt it was typed behind; of one command over SSH there is none.
    pub prompt: String,
    /// The command.
    pub text: String,
}

/// The commands of a device.
#[derive(Default)]
pub(crate) struct Heard(
    // Guards the commands; held for a look.
    Mutex<VecDeque<Typed>>,
);

impl Heard {
    pub(crate) fn note(&self, typed: Typed) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == KEPT {
            all.pop_front();
        }
        all.push_back(typed);
    }

    pub(crate) fn all(&self) -> Vec<Typed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
