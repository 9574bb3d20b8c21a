//! Devices of one run that restart at the same time: each is away from its neighbours by our own hand, and not lost.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use upgrade::Happened;

/// Which devices of a run restart now.
#[derive(Debug, Default)]
pub(crate) struct Together(
    // Guards host names by how their devices are named; held for a look.
    Mutex<BTreeMap<String, String>>,
);

impl Together {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device that calls itself so was told to restart.
    pub(crate) fn begin(&self, shown: &str, hostname: &str) {
        self.lock().insert(shown.to_owned(), hostname.to_owned());
    }

    /// It is known what came of that, or nobody is at work on it any more.
    pub(crate) fn end(&self, shown: &str) {
        self.lock().remove(shown);
    }

    /// What was written down of a device that calls itself so.
    pub(crate) fn take(&self, shown: &str, hostname: Option<&str>, entry: &Happened) {
        match (entry, hostname) {
            (Happened::Intent { effect, .. }, Some(hostname)) if effect.restarts() => {
                self.begin(shown, hostname);
            }
            (Happened::Done { effect, .. } | Happened::Failed { effect, .. }, _) if effect.restarts() => {
                self.end(shown);
            }
            (Happened::Ended(_), _) => self.end(shown),
            (
                Happened::Began { .. }
                | Happened::Intent { .. }
                | Happened::Done { .. }
                | Happened::Failed { .. }
                | Happened::TurnedBack(_)
                | Happened::Resumed,
                _,
            ) => {}
        }
    }

    /// The names of those that restart, without that one.
    pub(crate) fn others(&self, shown: &str) -> Vec<String> {
        let restarting = self.lock();
        restarting.iter().filter(|(other, _)| *other != shown).map(|(_, name)| name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use upgrade::{Effect, Outcome, Start};

    #[test]
    fn a_device_restarts_from_the_intent_until_somebody_knows_what_came_of_it() {
        let together = Together::default();
        let intent = |effect| Happened::Intent {
            effect,
            at: 0,
            start: Start { uptime: 7, reason: None, image: "flash:old.bin".into(), version: String::new() },
        };
        let take = |shown: &str, entry: &Happened| together.take(shown, Some(&shown.to_uppercase()), entry);
        take("r1", &intent(Effect::Save));
        assert!(together.others("r2").is_empty());
        take("r1", &intent(Effect::Reload));
        take("r2", &intent(Effect::Activate(60)));
        assert_eq!(
            (together.others("r3"), together.others("r2")),
            (vec!["R1".into(), "R2".into()], vec!["R1".to_owned()])
        );
        take("r1", &Happened::Done { effect: Effect::Reload, md5: None });
        take("r2", &Happened::Ended(Outcome::Upgraded));
        assert!(together.others("r3").is_empty());
        take("r1", &intent(Effect::Reload));
        together.end("r1");
        assert!(together.others("r3").is_empty());
    }
}
