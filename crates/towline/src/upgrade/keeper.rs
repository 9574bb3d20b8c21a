//! What happens to a device, written into the journal and told.

use super::record::{self, AFTER, BEFORE};
use super::together::Together;
use db::journal::{Claim, Kind};
use fleet::ios::Journal;
use upgrade::{Facts, Happened};

/// Keeps what happens to one device.
pub(crate) struct Keeper<'a> {
    claim: Option<Claim>,
    /// Who tells it.
    telling: &'a mut dyn Journal,
    /// As it was named.
    shown: &'a str,
    /// What it was when it was asked last, and its configuration.
    facts: Option<Facts>,
    running: Option<String>,
    /// Whether it was said before who it is.
    is_known: bool,
    /// The configuration from before, where it is kept already.
    before: Option<String>,
    /// What becomes of the other devices of the run.
    together: &'a Together,
}

impl<'a> Keeper<'a> {
    /// Of that device; `before` is its configuration from before, where an earlier process kept it.
    pub(crate) fn new(
        claim: Claim,
        telling: &'a mut dyn Journal,
        shown: &'a str,
        before: Option<String>,
        together: &'a Together,
    ) -> Keeper<'a> {
        let (facts, running, is_known) = (None, None, false);
        Keeper { claim: Some(claim), telling, shown, facts, running, is_known, before, together }
    }

    /// Nobody holds it from now on.
    pub(crate) fn let_go(mut self) {
        if let Some(claim) = self.claim.take() {
            // Whoever has it by now holds it.
            let _ = claim.let_go();
        }
    }

    fn append(&self, kind: Kind, step: Option<&str>, text: &str) -> Result<(), String> {
        match &self.claim {
            Some(claim) => claim.append(kind, step, text).map(|_| ()).map_err(|e| e.to_string()),
            None => Err(String::from("it is over")),
        }
    }

    /// What it is behind all that was done.
    fn finish(&mut self) -> Result<(), String> {
        if let Some(facts) = self.facts.take() {
            self.append(Kind::Facts, None, &record::facts(self.shown, &facts))?;
        }
        match (&self.before, self.running.take()) {
            (Some(_), Some(running)) => self.append(Kind::Backup, Some(AFTER), &running),
            _ => Ok(()),
        }
    }
}

impl Journal for Keeper<'_> {
    fn write(&mut self, entry: &Happened) -> Result<(), String> {
        if let Happened::Ended(outcome) = entry {
            self.finish()?;
            let (_, _, text) = record::entry(entry);
            let Some(claim) = self.claim.take() else { return Err(String::from("it is over")) };
            let why = outcome.why().unwrap_or_default();
            claim.end(outcome.name(), why, &text).map_err(|e| e.to_string())?;
        } else {
            let (kind, step, text) = record::entry(entry);
            self.append(kind, step, &text)?;
        }
        let hostname = self.facts.as_ref().map(|facts| facts.hostname.as_str());
        self.together.take(self.shown, hostname, entry);
        self.telling.write(entry)
    }

    fn restarting(&mut self) -> Vec<String> {
        self.together.others(self.shown)
    }

    fn facts(&mut self, facts: &Facts, configuration: Option<&str>) -> Result<(), String> {
        if !self.is_known {
            if let Some(claim) = &self.claim {
                claim.identify(&facts.hostname, facts.serial.as_deref()).map_err(|e| e.to_string())?;
            }
            self.is_known = true;
            self.append(Kind::Facts, None, &record::facts(self.shown, facts))?;
        }
        self.facts = Some(facts.clone());
        if let Some(configuration) = configuration {
            if self.before.is_none() {
                self.append(Kind::Backup, Some(BEFORE), configuration)?;
                self.before = Some(configuration.to_owned());
            }
            self.running = Some(configuration.to_owned());
        }
        self.telling.facts(facts, configuration)
    }

    fn remark(&mut self, text: &str) {
        // For people: nothing depends on it.
        let _ = self.append(Kind::Note, None, text);
        self.telling.remark(text);
    }

    fn transcript(&mut self, text: String) -> Result<(), String> {
        self.append(Kind::Transcript, None, &text)
    }

    fn is_to_stop(&mut self) -> bool {
        // A journal that cannot be read does not take the next entry either.
        self.claim.as_ref().is_some_and(|claim| claim.is_to_stop().unwrap_or(false))
    }
}
