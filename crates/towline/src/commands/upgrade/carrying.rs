//! A run of the journal, carried on: begun, gone on with, or put back.

use super::at_journal::AtJournal;
use super::copying::Copying;
use super::telling::Telling;
use crate::commands::at_devices::{AtDevices, Named, Way};
use crate::events::{Event, Events, UpgradeEnded};
use crate::exit::{Exit, Failure};
use crate::progress::{Screen, Style};
use crate::upgrade::drift::drift;
use crate::upgrade::plan_file::Planned;
use crate::upgrade::record::{self, BEFORE};
use crate::upgrade::{Depot, From, Keeper, Order, Together, failure};
use db::journal::{Device, Fault, Journal, Kind, Look, Run as Kept, Take};
use fleet::ios::{Halt, Journal as _, Session, carry_out, survey};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use upgrade::{Happened, Outcome, Past, Run};

/// A run, and what its devices share.
pub(super) struct Carrying<'a> {
    /// Its number.
    pub(super) run: i64,
    order: Order,
    depot: Option<Arc<Depot>>,
    journal: Journal,
    path: PathBuf,
    events: &'a Arc<Events>,
    json: bool,
    screen: Screen,
    stop: Arc<AtomicBool>,
    take: Take,
    /// Why everything is put back; `None`: it is gone on with.
    back: Option<&'static str>,
    /// What was planned for each, by their keys, where a plan is carried out.
    plans: BTreeMap<String, Planned>,
    /// Which of them restart now.
    together: Together,
}

/// Where a device stood.
struct Stood {
    happened: Vec<Happened>,
    before: Option<String>,
    /// As it called itself.
    hostname: String,
}

impl<'a> Carrying<'a> {
    /// A new run for these devices.
    pub(super) fn begin(
        order: Order,
        devices: &[Named],
        at: &AtJournal,
        events: &'a Arc<Events>,
        json: bool,
    ) -> Result<Carrying<'a>, Failure> {
        let path = at.path()?;
        let fault = |fault: Fault| failure(&path, &fault);
        let journal = Journal::open(&path).map_err(fault)?;
        let kept =
            Kept { image: order.target.name.clone(), md5: order.target.md5.clone(), plan: order.text() };
        let devices: Vec<Device> = devices
            .iter()
            .map(|named| Device { key: named.shown.clone(), hostname: String::new(), serial: None })
            .collect();
        let depot = depot(&order)?;
        let run = journal.begin(&kept, &devices).map_err(fault)?;
        Ok(Carrying::of(run, order, depot, journal, path, events, json))
    }

    /// A run that was begun before.
    pub(super) fn again(
        (run, order): (i64, Order),
        path: PathBuf,
        take: Take,
        back: Option<&'static str>,
        events: &'a Arc<Events>,
        json: bool,
    ) -> Result<Carrying<'a>, Failure> {
        let journal = Journal::open(&path).map_err(|fault| failure(&path, &fault))?;
        journal.ask_to_stop(run, false).map_err(|fault| failure(&path, &fault))?;
        // What is put back needs no image.
        let depot = if back.is_some() { None } else { depot(&order)? };
        let carrying = Carrying::of(run, order, depot, journal, path, events, json);
        Ok(Carrying { take, back, ..carrying })
    }

    /// A run that nothing is known of yet but its order.
    fn of(
        run: i64,
        order: Order,
        depot: Option<Arc<Depot>>,
        journal: Journal,
        path: PathBuf,
        events: &'a Arc<Events>,
        json: bool,
    ) -> Carrying<'a> {
        Carrying {
            run,
            order,
            depot,
            journal,
            path,
            events,
            json,
            screen: screen(json),
            stop: Arc::default(),
            take: Take::default(),
            back: None,
            plans: BTreeMap::new(),
            together: Together::default(),
        }
    }

    /// What is not as it was planned is not touched.
    pub(super) fn holds_to(&mut self, plans: impl Iterator<Item = Planned>) {
        self.plans = plans.map(|planned| (planned.key.device.clone(), planned)).collect();
    }

    /// Why the plan for a device does not hold any more.
    fn drifted(&self, key: &str, session: &mut Session) -> Result<Option<String>, fleet::ios::Fault> {
        let Some(planned) = self.plans.get(key) else { return Ok(None) };
        let facts = survey(session)?;
        let drift = drift(planned, &facts, &self.order.target, &self.order.wish);
        let said = drift.iter().map(|d| format!("{}: planned {}, found {}", d.what, d.planned, d.found));
        let said: Vec<String> = said.collect();
        Ok((!said.is_empty()).then(|| format!("it is not as it was planned: {}", said.join("; "))))
    }

    /// Goes on with each of them, several at once.
    pub(super) fn each(&self, at: &AtDevices, devices: &[Named]) -> Result<(), Failure> {
        let _shown = self.depot.as_ref().map(|depot| Copying::start(depot, &self.screen, self.events));
        at.each_among(
            devices,
            self.events,
            &self.stop,
            "not upgraded",
            |way| {
                let ended = self.one(way);
                self.together.end(&way.named.shown);
                ended
            },
            |named, (outcome, seconds)| self.told(&named.shown, outcome, seconds),
        )
    }

    /// Goes on with one device until it is over.
    fn one(&self, way: &mut Way<'_>) -> Result<(Outcome, f64), Failure> {
        let shown = way.named.shown.clone();
        let clock = Instant::now();
        let fault = |fault: Fault| Failure { thing: shown.clone(), ..failure(&self.path, &fault) };
        let claim = self.journal.claim(self.run, &shown, self.take).map_err(fault)?;
        let Stood { happened, before, hostname } = stood(&self.path, self.run, &shown).map_err(fault)?;
        let past = Past::of(&happened);
        if past.is_restarting() {
            self.together.begin(&shown, &hostname);
        }
        let mut source = match (&self.depot, &self.order.from) {
            (Some(depot), _) => From::here(depot, &shown),
            (None, from) => From::There(from.clone().unwrap_or_default()),
        };
        let mut telling = Telling::new(self.events, &shown, &self.order.target, self.json, &self.screen);
        let mut keeper = Keeper::new(claim, &mut telling, &shown, before, &self.together);
        let serial = way.named.serial().map(str::to_owned);
        let Order { target, wish, until, .. } = &self.order;
        let mut run = Run::new(target.clone(), *wish, *until, past).meant_for(serial.as_deref());
        let mut first = None;
        let halted = |why: String| Failure::new(Exit::Local, &shown, format!("the journal: {why}"), "");
        if run.past().before.is_none() {
            // Who cannot be reached at all is told as by any other verb.
            let opened = way.open().and_then(|mut session| {
                let drifted = self.drifted(&shown, &mut session)?;
                Ok((session, drifted))
            });
            match opened {
                Ok((session, None)) => first = Some(session),
                Ok((_, Some(drifted))) => {
                    let outcome = Outcome::Abandoned(drifted);
                    keeper.write(&Happened::Ended(outcome.clone())).map_err(halted)?;
                    return Ok((outcome, clock.elapsed().as_secs_f64()));
                }
                Err(fault) => {
                    let why = Outcome::Abandoned(fault.to_string());
                    keeper.write(&Happened::Ended(why)).map_err(halted)?;
                    return Err(way.failure(&fault));
                }
            }
        }
        let again = (!happened.is_empty()).then_some(Happened::Resumed);
        let back = self.back.map(|why| Happened::TurnedBack(why.to_owned()));
        for entry in again.into_iter().chain(back) {
            keeper.write(&entry).map_err(halted)?;
            run.take(&entry);
        }
        let open = || first.take().map_or_else(|| way.open(), Ok);
        let is_stopped = || self.stop.load(Ordering::Relaxed);
        match carry_out(&mut run, open, &mut keeper, &mut source, &is_stopped) {
            Ok(outcome) => Ok((outcome, clock.elapsed().as_secs_f64())),
            Err(Halt::Stopped) => {
                keeper.let_go();
                let way_out = format!("'towline upgrade resume {}' goes on from there", self.run);
                Err(Failure::new(Exit::Interrupted, &shown, "stopped", way_out))
            }
            Err(Halt::Journal(why)) => {
                keeper.let_go();
                Err(halted(why))
            }
        }
    }

    /// Tells how it ended; what is not as it was wished is a failure.
    fn told(&self, shown: &str, outcome: Outcome, seconds: f64) -> Result<(), Failure> {
        let name = &self.order.target.name;
        if self.json {
            self.events.tell(&Event::UpgradeEnded(UpgradeEnded {
                device: shown.to_owned(),
                image: name.clone(),
                outcome: outcome.name(),
                why: outcome.why().map(str::to_owned),
                seconds,
            }));
        }
        let report = format!("'towline upgrade report {}' tells all of it", self.run);
        let what = match outcome {
            Outcome::AlreadyThere => format!("nothing to do: it runs {name}"),
            Outcome::Upgraded => format!("upgraded: it runs {name} ({seconds:.0} s)"),
            Outcome::RolledBack(why) if self.back.is_some() => format!("as it was before: {why}"),
            Outcome::RolledBack(why) => {
                let what = format!("it was put back as it was: {why}");
                return Err(Failure::new(Exit::Failed, shown, what, report));
            }
            Outcome::Held(why) => {
                let way_out = format!(
                    "{report}; when it is as it should be, 'towline upgrade resume {0}' goes on, or 'towline upgrade \
                     rollback {0}' puts it back",
                    self.run
                );
                return Err(Failure::new(Exit::Failed, shown, format!("held: {why}"), way_out));
            }
            Outcome::Abandoned(why) => {
                return Err(Failure::new(Exit::Refused, shown, why, "nothing was done"));
            }
        };
        if self.json {
            return Ok(());
        }
        let say = || writeln!(std::io::stdout().lock(), "{shown}: {what}");
        self.screen.apart(say).map_err(|e| Failure::local("stdout", &e))
    }
}

/// Where the journal says that a device stands. An entry that is not understood may be the one that matters: nothing is done
/// behind it.
fn stood(path: &Path, run: i64, key: &str) -> Result<Stood, Fault> {
    let mut look = Look::open(path)?;
    let mut stood = Stood { happened: Vec::new(), before: None, hostname: String::new() };
    let Some(device) = look.devices(run)?.into_iter().find(|device| device.device.key == key) else {
        return Ok(stood);
    };
    stood.hostname.clone_from(&device.device.hostname);
    let mut strange = None;
    look.entries(device.id, 0, |entry| {
        match record::happened(entry.kind, &entry.text) {
            Ok(Some(happened)) => stood.happened.push(happened),
            Ok(None) if entry.kind == Kind::Backup && entry.step.as_deref() == Some(BEFORE) => {
                stood.before = Some(entry.text);
            }
            Ok(None) => {}
            Err(why) => strange = Some(why),
        }
        strange.is_none()
    })?;
    match strange {
        Some(why) => Err(Fault::Database(db::Fault::Damaged(why))),
        None => Ok(stood),
    }
}

/// Where copies are shown.
fn screen(json: bool) -> Screen {
    Screen::new(Style::choose(json, false), true)
}

/// Servers for the image, where it comes from here.
fn depot(order: &Order) -> Result<Option<Arc<Depot>>, Failure> {
    match order.from {
        Some(_) => Ok(None),
        None => Depot::start(&order.image, &order.over, (order.serve_at, order.http_port))
            .map(|depot| Some(Arc::new(depot))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use upgrade::Effect;

    #[test]
    fn nothing_is_done_behind_an_entry_that_is_not_understood() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("upgrades.db");
        let journal = Journal::open(&path).unwrap();
        let kept = Kept { image: "new.bin".into(), md5: "0f".into(), plan: String::new() };
        let device = |key: &str| Device { key: key.into(), hostname: String::new(), serial: None };
        let run = journal.begin(&kept, &[device("r1"), device("r2")]).unwrap();
        let claim = journal.claim(run, "r1", Take::default()).unwrap();
        let done = Happened::Done { effect: Effect::Save, md5: None };
        let (kind, step, text) = record::entry(&done);
        claim.append(kind, step, &text).unwrap();
        claim.append(Kind::Backup, Some(BEFORE), "hostname R1").unwrap();
        let found = stood(&path, run, "r1").unwrap();
        assert_eq!((found.happened, found.before.as_deref()), (vec![done], Some("hostname R1")));
        assert!(stood(&path, run, "r2").unwrap().happened.is_empty());
        claim.append(Kind::Intent, Some("teleport"), "{}").unwrap();
        let fault = stood(&path, run, "r1").map(|_| ()).unwrap_err();
        assert!(fault.to_string().starts_with("it is damaged: the entry 'intent': "), "{fault}");
        assert_eq!(failure(&path, &fault).exit, Exit::Integrity);
    }
}
