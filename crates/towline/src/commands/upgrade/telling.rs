//! What happens to a device, told while it happens.

use crate::events::{Event, Events, UpgradeStep};
use crate::figures::grouped;
use crate::progress::Screen;
use crate::upgrade::record;
use fleet::ios::Journal;
use std::io::Write as _;
use std::sync::Arc;
use upgrade::{Effect, Facts, Happened, Target};

/// Tells of one device.
pub(super) struct Telling<'a> {
    events: &'a Arc<Events>,
    shown: &'a str,
    target: &'a Target,
    file_system: String,
    json: bool,
    screen: &'a Screen,
}

impl<'a> Telling<'a> {
    /// Of that device.
    pub(super) fn new(
        events: &'a Arc<Events>,
        shown: &'a str,
        target: &'a Target,
        json: bool,
        screen: &'a Screen,
    ) -> Telling<'a> {
        Telling { events, shown, target, file_system: String::from("flash:"), json, screen }
    }

    fn what(&self, effect: &Effect) -> String {
        let (fs, Target { name, size, .. }) = (self.file_system.as_str(), self.target);
        let what = record::what(effect, fs, name);
        match effect {
            Effect::Copy => format!("{what} to {fs}, {} octets", grouped(*size)),
            effect if effect.restarts() => format!("{what}, and wait until it is back"),
            _ => what,
        }
    }
}

impl Journal for Telling<'_> {
    fn write(&mut self, entry: &Happened) -> Result<(), String> {
        let (name, effect, why) = match entry {
            Happened::Began { .. } => ("began", None, None),
            Happened::Intent { effect, .. } => ("intent", Some(effect), None),
            Happened::Done { effect, .. } => ("done", Some(effect), None),
            Happened::Failed { effect, why } => ("failed", Some(effect), Some(why)),
            Happened::TurnedBack(why) => ("turned-back", None, Some(why)),
            Happened::Resumed => ("resumed", None, None),
            // Told by whoever is told the outcome.
            Happened::Ended(_) => return Ok(()),
        };
        let what = effect.map(|effect| self.what(effect));
        if self.json {
            self.events.tell(&Event::UpgradeStep(UpgradeStep {
                device: self.shown.to_owned(),
                entry: name,
                step: effect.map(Effect::step),
                what,
                why: why.cloned(),
            }));
            return Ok(());
        }
        let what = what.unwrap_or_default();
        let step = effect.map_or("", Effect::step);
        let line = match (name, why) {
            ("intent", _) => format!("{step:<10} {what}"),
            ("failed", Some(why)) => format!("{step:<10} FAILED: {why}"),
            ("turned-back", Some(why)) => format!("put back   {why}"),
            _ => return Ok(()),
        };
        let say = || writeln!(std::io::stdout().lock(), "{}: {line}", self.shown);
        self.screen.apart(say).map_err(|e| e.to_string())
    }

    fn remark(&mut self, text: &str) {
        if !self.json {
            // A reader that is gone hears of it with the next entry.
            let say = || writeln!(std::io::stdout().lock(), "{}:            {text}", self.shown);
            let _ = self.screen.apart(say);
        }
    }

    fn facts(&mut self, facts: &Facts, _: Option<&str>) -> Result<(), String> {
        self.file_system.clone_from(&facts.flash.name);
        Ok(())
    }
}
