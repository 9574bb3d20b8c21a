//! What is known of an upgrade from its journal: a fold over the entries.

use crate::State;
use crate::happened::{Effect, Happened, Outcome, Start};
use alloc::string::String;
use alloc::vec::Vec;

/// What a device was before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Before {
    /// Who it is.
    pub serial: Option<String>,
    /// The image that ran.
    pub image: String,
    /// Its version.
    pub version: String,
    /// What its next start would have tried.
    pub boot: Vec<String>,
    /// The files that may be deleted.
    pub may_go: Vec<String>,
    /// What has to be there again.
    pub state: State,
}

/// A restart that was told, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    pub(crate) effect: Effect,
    pub(crate) at: u64,
    pub(crate) start: Start,
}

/// What is known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Past {
    /// `None`: nothing was begun.
    pub before: Option<Before>,
    /// The MD5 of the image in flash, since it was last copied.
    pub(crate) md5: Option<String>,
    /// What was intended last, and neither done nor failed: nobody knows what came of it.
    pub(crate) open: Option<Effect>,
    /// The restart that is neither proven nor given up.
    pub(crate) told: Option<Told>,
    /// Why it is being put back.
    pub(crate) back: Option<String>,
    /// Whether it restarted because of this.
    pub has_restarted: bool,
    /// The last MD5 that was made, of an image that may be gone.
    pub(crate) last_md5: Option<String>,
    /// How often what was begun, in this direction.
    tries: Vec<(&'static str, u32)>,
    /// What failed last, and why.
    pub(crate) last_fault: Option<(&'static str, String)>,
    /// How it ended.
    pub ended: Option<Outcome>,
}

impl Past {
    /// Of these entries.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Happened>) -> Past {
        let mut past = Past::default();
        for entry in entries {
            past.take(entry);
        }
        past
    }

    /// One more entry.
    pub fn take(&mut self, entry: &Happened) {
        match entry {
            Happened::Began { serial, image, version, boot, may_go, state } => {
                self.before = Some(Before {
                    serial: serial.clone(),
                    image: image.clone(),
                    version: version.clone(),
                    boot: boot.clone(),
                    may_go: may_go.clone(),
                    state: state.clone(),
                });
            }
            Happened::Intent { effect, at, start } => {
                if matches!(effect, Effect::Copy | Effect::Delete(_)) {
                    self.md5 = None;
                }
                if effect.restarts() {
                    self.told = Some(Told { effect: effect.clone(), at: *at, start: start.clone() });
                }
                self.open = Some(effect.clone());
                let step = effect.step();
                match self.tries.iter_mut().find(|(of, _)| *of == step) {
                    Some((_, n)) => *n += 1,
                    None => self.tries.push((step, 1)),
                }
            }
            Happened::Done { effect, md5 } => {
                self.open = None;
                match effect {
                    Effect::Digest => {
                        self.md5.clone_from(md5);
                        self.last_md5.clone_from(md5);
                    }
                    Effect::Reload | Effect::Activate(_) | Effect::Abort => {
                        self.told = None;
                        self.has_restarted = true;
                    }
                    Effect::Delete(_)
                    | Effect::Copy
                    | Effect::SetBoot(_)
                    | Effect::Save
                    | Effect::Add
                    | Effect::Commit => {}
                }
            }
            Happened::Failed { effect, why } => {
                self.open = None;
                if effect.restarts() {
                    self.told = None;
                }
                self.last_fault = Some((effect.step(), why.clone()));
            }
            Happened::TurnedBack(why) => {
                self.back = Some(why.clone());
                self.tries.clear();
                self.last_fault = None;
                self.told = None;
            }
            Happened::Ended(outcome) => self.ended = Some(outcome.clone()),
            Happened::Resumed => {
                self.ended = None;
                self.tries.clear();
            }
        }
    }

    /// How often a step was begun in this direction.
    pub(crate) fn tries(&self, step: &str) -> u32 {
        self.tries.iter().find(|(of, _)| *of == step).map_or(0, |(_, n)| *n)
    }

    /// Whether a restart was told, and nobody knows what came of it.
    pub fn is_restarting(&self) -> bool {
        self.told.is_some()
    }

    /// Whether a restart has been told: from then on a device may run something else.
    pub fn is_felt(&self) -> bool {
        self.has_restarted || self.told.is_some()
    }
}
