//! An upgrade of one device as a pure machine: facts and the time in, the next thing to do out.
//!
//! The next thing is decided from what the device says now and what the journal holds, never from where the machine was:
//! after a crash, a lost session or a helpful hand at the console it goes on at the same place. Whoever owns it does this:
//! ask the device for its facts, [`Run::next`], write down what comes of it ([`Run::take`]), do it, write down what came of
//! that, and once more from the beginning.

use crate::facts::Standing;
use crate::happened::{Effect, Happened, Outcome};
use crate::past::{Before, Past};
use crate::plan::plan;
use crate::room::{self, base};
use crate::steps::{Step, ladder};
use crate::{Facts, Mode, State, Target, Wish};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

/// How often a step is begun before it is given up; deletions have one try for each file besides.
const TRIES: u32 = 3;
/// A device that runs on for this long after it was told to restart has not taken it.
const NOT_TAKEN: Duration = Duration::from_secs(180);
/// How many times longer than a restart is taken to last it is waited for.
const PATIENCE: u32 = 3;
/// Minutes after which packages that nobody commits go by themselves.
pub const TRIAL: u32 = 60;
/// How long the image in flash has to keep its size, until nobody else copies it.
const LOOK: Duration = Duration::from_secs(20);

/// The next thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// To write down, and then to ask again with the same facts.
    Note(Happened),
    /// To write down as an intent, and to do.
    Do(Effect),
    /// To wait, and to ask with new facts.
    Wait(Duration),
    /// It is over.
    Over(Outcome),
}

/// An upgrade of one device.
#[derive(Clone, Debug)]
pub struct Run {
    target: Target,
    wish: Wish,
    /// When the window closes, seconds since 1970.
    until: Option<u64>,
    past: Past,
    /// The serial number that it is to have.
    meant: Option<String>,
    /// The size that the image in flash had, and when.
    seen: Option<(u64, u64)>,
    /// Since when it cannot be reached.
    away: Option<u64>,
    /// Since when something of what was there is not, behind a restart.
    missing: Option<u64>,
    /// Names of devices that restart because of the same wish.
    others: Vec<String>,
    /// Whether it was waited for one of them.
    has_waited: bool,
}

/// When a device that cannot be reached is called once more: a tenth of the time that has passed, which is what it costs at most.
fn soon(elapsed: u64) -> Duration {
    Duration::from_millis(elapsed.saturating_mul(100).clamp(250, 30_000))
}

impl Run {
    /// At the beginning, or where the journal ends.
    pub fn new(target: Target, wish: Wish, until: Option<u64>, past: Past) -> Run {
        Run {
            target,
            wish,
            until,
            past,
            meant: None,
            seen: None,
            away: None,
            missing: None,
            others: Vec::new(),
            has_waited: false,
        }
    }

    /// The same, for the device of that serial number and no other.
    #[must_use]
    pub fn meant_for(self, serial: Option<&str>) -> Run {
        Run { meant: serial.map(str::to_owned), ..self }
    }

    /// Which other devices restart now because of the same wish, by their names: a neighbour of these is not missed until it
    /// is back, or nobody waits for it any more.
    pub fn restart_too(&mut self, others: Vec<String>) {
        self.others = others;
    }

    /// What is known so far.
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// What it is to run.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// An entry that was written down.
    pub fn take(&mut self, entry: &Happened) {
        self.past.take(entry);
    }

    /// The device cannot be reached, or a conversation with it has ended.
    pub fn lost(&mut self, now: u64, why: &str) -> Next {
        if let Some(outcome) = &self.past.ended {
            return Next::Over(outcome.clone());
        }
        if self.past.before.is_none() {
            return Next::Over(Outcome::Abandoned(why.to_owned()));
        }
        let since = *self.away.get_or_insert(now);
        // One that was not told may have lost its power, and restarts too.
        let (since, times) = self.past.told.as_ref().map_or((since, 1), |told| (told.at, PATIENCE));
        let elapsed = now.saturating_sub(since);
        if elapsed < self.wish.restart.as_secs() * u64::from(times) {
            return Next::Wait(soon(elapsed));
        }
        Next::Over(Outcome::Held(match self.past.told {
            Some(_) => {
                format!(
                    "it was told to restart {elapsed} s ago and has not come back: {why}; look at its console"
                )
            }
            None => format!("it cannot be reached for {elapsed} s: {why}"),
        }))
    }

    /// What is next for a device with these facts; `now` is seconds since 1970.
    pub fn next(&mut self, facts: &Facts, now: u64) -> Next {
        self.away = None;
        if let Some(outcome) = &self.past.ended {
            return Next::Over(outcome.clone());
        }
        let Some(before) = self.past.before.clone() else { return self.begin(facts) };
        if let (Some(then), Some(found)) = (&before.serial, &facts.serial)
            && then != found
        {
            let why = format!("another device answers: expected serial number {then}, found {found}");
            return Next::Over(Outcome::Held(why));
        }
        if let Some(next) = self.restarted(facts, now) {
            return next;
        }
        let mut facts = facts.clone();
        facts.digest = self.past.md5.clone().map(|md5| (self.target.name.clone(), md5));
        match self.past.back.clone() {
            None => self.forward(&facts, &before, now),
            Some(why) => self.back(&facts, &before, &why),
        }
    }

    fn begin(&self, facts: &Facts) -> Next {
        let found = facts.serial.as_deref().unwrap_or("none");
        if let Some(meant) = self.meant.as_deref().filter(|meant| !meant.eq_ignore_ascii_case(found)) {
            let why = format!("another device answers: expected serial number {meant}, found {found}");
            return Next::Over(Outcome::Abandoned(why));
        }
        let plan = plan(facts, &self.target, &self.wish);
        if plan.is_there() {
            return Next::Over(Outcome::AlreadyThere);
        }
        if let Some(block) = plan.blocks.first() {
            let why = format!(
                "{}: expected {}, found {}; {}",
                block.check, block.expected, block.found, block.way_out
            );
            return Next::Over(Outcome::Abandoned(why));
        }
        Next::Note(Happened::Began {
            serial: facts.serial.clone(),
            image: facts.image.clone(),
            version: facts.version.clone(),
            boot: facts.boot.coming().to_vec(),
            may_go: room::sacrifices(facts, &self.target).unwrap_or_default(),
            state: State::of(facts),
        })
    }

    /// What came of a restart that was told.
    fn restarted(&self, facts: &Facts, now: u64) -> Option<Next> {
        let told = self.past.told.as_ref()?;
        let elapsed = now.saturating_sub(told.at);
        let effect = told.effect.clone();
        if told.start.is_before(facts, elapsed) {
            return Some(Next::Note(Happened::Done { effect, md5: None }));
        }
        // Packages are put into place for some minutes first.
        let most = match effect == Effect::Reload {
            true => NOT_TAKEN.min(self.wish.restart),
            false => self.wish.restart * 2,
        };
        if elapsed < most.as_secs() {
            return Some(Next::Wait(Duration::from_secs((elapsed / 10).clamp(1, 10))));
        }
        let why = format!("it was told to restart {elapsed} s ago, and runs since {} minutes", facts.uptime);
        Some(Next::Note(Happened::Failed { effect, why }))
    }

    fn forward(&mut self, facts: &Facts, before: &Before, now: u64) -> Next {
        let ladder = ladder(facts);
        let runs = |step: &Step| step.is_felt && step.holds(facts, &self.target);
        if self.past.has_restarted && !ladder.iter().any(runs) {
            let (name, Facts { image, version, .. }) = (&self.target.name, facts);
            let why = format!("it restarted and runs {version} from {image}: {name} did not load");
            return Next::Note(Happened::TurnedBack(why));
        }
        let step = ladder.iter().find(|step| !step.holds(facts, &self.target));
        if step.is_some_and(|step| step.name == "confirm") {
            let version = self.target.version.as_deref().unwrap_or_default();
            let why = format!("it runs {} where {version} was expected", facts.version);
            return Next::Note(Happened::TurnedBack(why));
        }
        if self.past.has_restarted
            && let Some(next) = self.what_was_lost(facts, before, now)
        {
            return next;
        }
        let Some(step) = step else { return Next::Over(Outcome::Upgraded) };
        if let Some(why) = self.stands_in_the_way(step, facts, before, now) {
            return self.give_up(facts, before, why);
        }
        if let Some((name, _)) = facts.digest.as_ref().filter(|_| step.name == "verify") {
            // What was copied is not what was sent.
            return Next::Do(Effect::Delete(name.clone()));
        }
        let most = match step.name {
            "make-room" => TRIES + u32::try_from(before.may_go.len()).unwrap_or(u32::MAX - TRIES),
            _ => TRIES,
        };
        if self.past.tries(step.name) >= most {
            let why = self.fault_of(step);
            return self.give_up(facts, before, why);
        }
        match step.name {
            "make-room" => self.make_room(facts, before),
            "transfer" => self.transfer(facts, now),
            "verify" => Next::Do(Effect::Digest),
            "set-boot" => Next::Do(Effect::SetBoot(self.order(facts))),
            "save" => Next::Do(Effect::Save),
            "add" => Next::Do(Effect::Add),
            "activate" => Next::Do(Effect::Activate(TRIAL)),
            "commit" => Next::Do(Effect::Commit),
            _ => Next::Do(Effect::Reload),
        }
    }

    /// What was there is there again, within a while.
    fn what_was_lost(&mut self, facts: &Facts, before: &Before, now: u64) -> Option<Next> {
        let tolerance = self.wish.tolerance;
        let lost = before.state.lost(facts, &tolerance);
        if lost.is_empty() {
            self.missing = None;
            return None;
        }
        // What else is missing may be missing because of it.
        if before.state.restarting(facts, &self.others).is_some() {
            (self.missing, self.has_waited) = (None, true);
            return Some(Next::Wait(self.look_again()));
        }
        // A device says whole minutes; one that has been looked at for that long runs for longer.
        let looked = now.saturating_sub(*self.missing.get_or_insert(now));
        let up = if self.has_waited { 0 } else { facts.uptime.saturating_mul(60) };
        let settled = up.max(looked);
        if settled < tolerance.settle.as_secs() {
            return Some(Next::Wait(self.look_again()));
        }
        let why = format!("it runs {}, and what was there before is not: {}", facts.version, lost.join("; "));
        Some(Next::Note(Happened::TurnedBack(why)))
    }

    /// How often what is missing is looked for.
    fn look_again(&self) -> Duration {
        (self.wish.tolerance.settle / 4).clamp(Duration::from_secs(1), Duration::from_secs(10))
    }

    /// What is not to be done now.
    fn stands_in_the_way(&self, step: &Step, facts: &Facts, before: &Before, now: u64) -> Option<String> {
        let for_window = matches!(step.name, "set-boot" | "reload" | "activate");
        if let Some(until) = self.until.filter(|_| for_window)
            && now + self.wish.restart.as_secs() > until
        {
            let left = until.saturating_sub(now);
            return Some(format!("the window closes in {left} s, and a restart is taken to last longer"));
        }
        if let Some(reload) = facts.reload.as_ref().filter(|_| for_window) {
            return Some(format!("somebody has scheduled a restart: {reload}"));
        }
        let is_ours = !facts.boot.tries(&before.boot);
        if step.name == "set-boot" && !is_ours && facts.unsaved != Some(false) {
            return Some("somebody has changed the configuration and not saved it".to_owned());
        }
        None
    }

    fn fault_of(&self, step: &Step) -> String {
        if let Some(md5) = self.past.last_md5.as_ref().filter(|md5| **md5 != self.target.md5)
            && matches!(step.name, "transfer" | "verify")
        {
            let name = &self.target.name;
            return format!("in flash the MD5 of {name} was {md5}, not {}, {TRIES} times", self.target.md5);
        }
        match &self.past.last_fault {
            Some((of, why)) if *of == step.name => format!("{}: {why}", step.name),
            _ => format!("{}: it was done {TRIES} times and does not hold", step.name),
        }
    }

    /// The device is left as it was before, as far as its next start is concerned.
    fn give_up(&self, facts: &Facts, before: &Before, why: String) -> Next {
        // Saved or not: a start that nobody expects finds what it found before.
        let is_changed = !facts.boot.tries(&before.boot) || self.past.tries("set-boot") > 0;
        match is_changed {
            true => Next::Note(Happened::TurnedBack(why)),
            false => Next::Over(Outcome::Held(why)),
        }
    }

    fn make_room(&self, facts: &Facts, before: &Before) -> Next {
        let is_broken = |name: &&String| **name == self.target.name;
        let may = |name: &&String| is_broken(name) || !room::is_kept(facts, name);
        let there = |name: &&String| facts.flash.file(name).is_some();
        match before.may_go.iter().filter(there).find(may) {
            Some(name) => Next::Do(Effect::Delete(name.clone())),
            None if facts.flash.file(&self.target.name).is_some() && !self.is_running(facts) => {
                Next::Do(Effect::Delete(self.target.name.clone()))
            }
            // Nobody knows whether the deletion that was lost has made its room: flash may only mark what is deleted.
            None if let Some(Effect::Delete(name)) = &self.past.open => {
                Next::Do(Effect::Delete(name.clone()))
            }
            None => {
                let needed = room::needed(facts, &self.target);
                let why = format!(
                    "room: {needed} octets are needed in {}, {} are free, and nothing more may be deleted",
                    facts.flash.name, facts.flash.free
                );
                self.give_up(facts, before, why)
            }
        }
    }

    fn is_running(&self, facts: &Facts) -> bool {
        base(&facts.image) == self.target.name
    }

    fn transfer(&mut self, facts: &Facts, now: u64) -> Next {
        let Some(broken) = facts.flash.file(&self.target.name) else { return Next::Do(Effect::Copy) };
        // The copy whose session was lost may be running: a second one would spoil both.
        if self.past.open == Some(Effect::Copy) {
            let look = LOOK.min(self.wish.restart);
            match self.seen {
                Some((size, at)) if size == broken.size => {
                    let elapsed = now.saturating_sub(at);
                    if elapsed < look.as_secs() {
                        return Next::Wait(Duration::from_secs(1));
                    }
                }
                _ => {
                    self.seen = Some((broken.size, now));
                    return Next::Wait(Duration::from_secs(1));
                }
            }
        }
        Next::Do(Effect::Delete(self.target.name.clone()))
    }

    /// The new image, then the one that runs.
    fn order(&self, facts: &Facts) -> Vec<String> {
        if facts.mode == Mode::Install {
            return vec![format!("{}{}", facts.flash.name, room::PACKAGES)];
        }
        let new = format!("{}{}", facts.flash.name, self.target.name);
        match self.is_running(facts) {
            true => vec![new],
            false => vec![new, facts.image.clone()],
        }
    }

    fn back(&self, facts: &Facts, before: &Before, why: &str) -> Next {
        if let (Mode::Install, Some(version)) = (facts.mode, &self.target.version) {
            return self.back_in_install_mode(facts, version, why);
        }
        let boots = |image: &String| base(image) == base(&before.image);
        let order = match before.boot.first() {
            Some(first) if boots(first) => before.boot.clone(),
            // Without a line the next start would take what it finds first.
            _ => vec![before.image.clone()],
        };
        let order_saved = order.clone();
        let effect = if !facts.boot.tries(&order) {
            Effect::SetBoot(order)
        } else if facts.unsaved != Some(false) || !facts.boot.will_try(&order_saved) {
            Effect::Save
        } else if base(&facts.image) != base(&before.image) {
            Effect::Reload
        } else if self.past.has_restarted {
            return Next::Over(Outcome::RolledBack(why.to_owned()));
        } else {
            return Next::Over(Outcome::Held(why.to_owned()));
        };
        self.undo(effect, why)
    }

    /// Packages that are on trial go; those that are there for good do not.
    fn back_in_install_mode(&self, facts: &Facts, version: &str, why: &str) -> Next {
        match facts.installed.as_ref().and_then(|installed| installed.standing(version)) {
            Some(Standing::OnTrial) => self.undo(Effect::Abort, why),
            Some(Standing::Committed) => {
                let by_hand =
                    "it is there for good: 'install rollback to base' or another image is for a person";
                Next::Over(Outcome::Held(format!("{why}; {by_hand}")))
            }
            Some(Standing::Inactive | Standing::Leaving) | None if self.past.has_restarted => {
                Next::Over(Outcome::RolledBack(why.to_owned()))
            }
            Some(Standing::Inactive | Standing::Leaving) | None => Next::Over(Outcome::Held(why.to_owned())),
        }
    }

    fn undo(&self, effect: Effect, why: &str) -> Next {
        let step = effect.step();
        if self.past.tries(step) < TRIES {
            return Next::Do(effect);
        }
        let fault = match &self.past.last_fault {
            Some((of, fault)) if *of == step => fault.clone(),
            _ => format!("{step} was done {TRIES} times and does not hold"),
        };
        Next::Over(Outcome::Held(format!("{why}; and it could not be put back: {fault}")))
    }
}
