//! `towline upgrade rehearse`: on a twin of each device first, with what can go wrong.

use super::wishes::Wishes;
use crate::commands::at_devices::{AtDevices, Named};
use crate::events::{Event, Events, Rehearsal as Told};
use crate::exit::{Exit, Failure};
use crate::lab::topology::{furnish, run::of_run};
use crate::rehearse::image::Prepared;
use crate::rehearse::matrix::{self, Case};
use crate::rehearse::run::{NotRehearsed, PACE, RESTART, Rehearsal, Rehearsed, settling};
use crate::rehearse::{Original, Twin, Workshop, stage};
use crate::upgrade::plan_file::PlanFile;
use clap::Args;
use device::Guest;
use fleet::ios::{configuration, saved_configuration, survey};
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::memory::Shelf;
use transport::ssh::PrivateKey;
use upgrade::{Target, Wish, plan};

const REHEARSE: &str = "\
Examples:
  towline upgrade rehearse admin@10.0.0.2 --image c2900-universalk9-mz.SPA.155-3.M4a.bin
  towline upgrade rehearse plan.json                 what 'upgrade plan -o plan.json' wrote
  towline upgrade rehearse -i routers.toml --image new.bin --fault-every-step
  towline upgrade rehearse r1 --image new.bin --faults mine.txt --json
";

/// Try an upgrade on a twin of each device: an emulated one of its model with its facts, the files of its flash, its
/// configuration, boot lines, register and neighbours. The device itself is asked for its facts and nothing more.
///
/// Alone it is tried once, and nothing goes wrong. With `--fault-every-step` once for each fault at each step at which it can do
/// something (docs/upgrade.md has the table): each has to end as it should, with a twin that boots. What of a twin is otherwise
/// than of the device is told.
///
/// An image of a vendor is not run by a twin: one of the emulator with its name and size stands for it.
///
/// Exit code 1: a rehearsal did not end as it should (of several devices, of some: 8).
#[derive(Debug, Args)]
#[command(before_help = REHEARSE)]
pub(super) struct Rehearsing {
    #[command(flatten)]
    pub(super) at: AtDevices,
    #[command(flatten)]
    wishes: Wishes,
    /// What goes wrong: a text file, a rehearsal on each line, faults with ';' between them (docs/device.md has all).
    #[arg(long, value_name = "FILE", conflicts_with = "fault_every_step")]
    faults: Option<PathBuf>,
    /// Each fault that can do something at a step, at each step.
    #[arg(long)]
    fault_every_step: bool,
    /// So many twins of a device at once.
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=256))]
    twins: u16,
}

impl Rehearsing {
    /// Asks each device, and rehearses.
    pub(super) fn run(&self, events: &Arc<Events>) -> Result<(), Failure> {
        let cases = self.faults.as_deref().map(cases).transpose()?;
        let stop = Arc::new(AtomicBool::new(false));
        let (target, wish, image, devices) = self.meant()?;
        let mut theatre = Theatre {
            target,
            image,
            wish: Wish { restart: RESTART, window: None, tolerance: settling(wish.tolerance), ..wish },
            cases,
            workshop: Workshop::new(Shelf::new(&std::env::temp_dir()), guest(), PACE),
            key: of_run()?,
            images: BTreeMap::new(),
            stop: stop.clone(),
            of: self,
            events,
        };
        self.at.each_among(
            &devices,
            events,
            &stop,
            "not rehearsed",
            |way| {
                let ask = |way: &mut crate::commands::at_devices::Way<'_>| {
                    let mut session = way.open()?;
                    let facts = survey(&mut session)?;
                    let around = session.around();
                    let running = configuration(&mut session)?;
                    let startup = saved_configuration(&mut session)?;
                    Ok(Original { facts, running, startup, around })
                };
                ask(way).map_err(|fault| way.failure(&fault))
            },
            |named, original| theatre.play(named, &original),
        )
    }

    /// What is tried on whom: as a plan says, or as the flags do.
    fn meant(&self) -> Result<(Target, Wish, PathBuf, Vec<Named>), Failure> {
        if let Some(path) = self.at.plan().filter(|_| !self.wishes.has_image()) {
            let file = PlanFile::read(path)?;
            file.has_its_image()?;
            let keys: Vec<_> = file.devices.iter().map(|planned| planned.key.clone()).collect();
            let devices = self.at.of_keys(&keys)?;
            return Ok((file.target(), self.wishes.tolerating(file.wish()), file.image.path, devices));
        }
        let image = self.wishes.image()?.to_path_buf();
        Ok((self.wishes.target()?, self.wishes.wish(), image, self.at.devices()?))
    }
}

/// Nobody knows the passwords of a device's own users.
fn guest() -> Guest {
    Guest { user: "rehearsal".into(), password: format!("{:016x}", device::image::random_seed()) }
}

fn cases(path: &std::path::Path) -> Result<Vec<Case>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::local(path.display(), &e))?;
    let bad = |(line, why): (usize, String)| {
        Failure::usage(format!("{}:{line}", path.display()), why, "docs/device.md has the faults")
    };
    let cases = matrix::read(&text).map_err(bad)?;
    if cases.is_empty() {
        let way_out = "write a fault on a line: when copy: drop-session 50";
        return Err(Failure::usage(path.display(), "has no fault", way_out));
    }
    Ok(cases)
}

/// What all devices have in common.
struct Theatre<'a> {
    target: Target,
    /// The image's file.
    image: PathBuf,
    wish: Wish,
    cases: Option<Vec<Case>>,
    workshop: Workshop,
    key: PrivateKey,
    /// By profile.
    images: BTreeMap<String, Prepared>,
    stop: Arc<AtomicBool>,
    of: &'a Rehearsing,
    events: &'a Arc<Events>,
}

impl Theatre<'_> {
    fn play(&mut self, named: &Named, original: &Original) -> Result<(), Failure> {
        let shown = &named.shown;
        named.is_meant(&original.facts)?;
        let no_twin = |e: crate::rehearse::NoTwin| {
            Failure::new(Exit::Failed, shown, e, "look at it with 'towline upgrade plan'")
        };
        let twin = self.workshop.twin(original, stage::address()).map_err(no_twin)?;
        let plan = plan(&original.facts, &self.target, &self.wish);
        if let Some(block) = plan.blocks.first() {
            let what = format!("{}: expected {}, found {}", block.check, block.expected, block.found);
            return Err(Failure::new(Exit::Refused, shown, what, block.way_out));
        }
        let profile = twin.config.profile.clone();
        let (target, path) = (&self.target, self.image.as_path());
        let prepared = match self.images.entry(profile.name.to_string()) {
            std::collections::btree_map::Entry::Occupied(there) => there.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(Prepared::of(&profile, path, target)?)
            }
        };
        let json = self.of.at.json;
        if !json {
            introduce(named, original, &twin, prepared).map_err(|e| Failure::local("stdout", &e))?;
        }
        let cases = match (&self.cases, self.of.fault_every_step) {
            (Some(cases), _) => {
                for fault in cases.iter().flat_map(|case| &case.faults) {
                    fault
                        .fits(&profile)
                        .map_err(|e| Failure::usage(shown, e, "name one of these, or all"))?;
                }
                cases.clone()
            }
            (None, true) => {
                let is_watched = matrix::is_watched(&original.facts, &self.wish.tolerance);
                matrix::at_every_step(&plan, &prepared.target.name, is_watched)
            }
            (None, false) => vec![Case::smooth()],
        };
        let rehearsal =
            Rehearsal { target: &prepared.target, wish: self.wish, key: &self.key, stop: &self.stop };
        let (mut wrong, mut fault) = (0, None);
        let (depot, twins) = (&prepared.depot, usize::from(self.of.twins));
        rehearsal.try_all(&twin, &self.workshop, &cases, depot, twins, |case, rehearsed| {
            let told = match rehearsed {
                Ok(rehearsed) => {
                    wrong += usize::from(!rehearsed.is_right(case));
                    match json {
                        true => {
                            self.events.tell(&Event::Rehearsal(Box::new(told(
                                shown, target, &twin, case, &rehearsed,
                            ))));
                            Ok(())
                        }
                        false => print(case, &rehearsed).map_err(|e| Failure::local("stdout", &e)),
                    }
                }
                Err(e) => Err(not_rehearsed(shown, &e)),
            };
            if let Err(failure) = told {
                fault.get_or_insert(failure);
            }
        });
        if self.stop.load(Ordering::Relaxed) {
            return Err(Failure::new(Exit::Interrupted, shown, "stopped", "nothing was done to the device"));
        }
        if let Some(failure) = fault {
            return Err(failure);
        }
        match wrong {
            0 => Ok(()),
            n => {
                let what = format!("{n} of {} rehearsals did not end as they should", cases.len());
                Err(Failure::new(Exit::Failed, shown, what, "look at why before the device is upgraded"))
            }
        }
    }
}

fn not_rehearsed(shown: &str, fault: &NotRehearsed) -> Failure {
    match fault {
        NotRehearsed::Stopped => Failure::new(Exit::Interrupted, shown, fault, ""),
        NotRehearsed::Stage(_) => Failure::new(Exit::Local, shown, fault, furnish::add(stage::address())),
        NotRehearsed::Twin(_) => Failure::new(Exit::Failed, shown, fault, ""),
    }
}

fn introduce(named: &Named, original: &Original, twin: &Twin, prepared: &Prepared) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let facts = &original.facts;
    writeln!(out, "{} ({}): {} from {}", facts.hostname, named.shown, facts.model, facts.version)?;
    for remark in &twin.remarks {
        writeln!(out, "  otherwise than the device: {remark}")?;
    }
    if prepared.is_stand_in {
        writeln!(out, "  otherwise than the device: {} is an image of the emulator", prepared.target.name)?;
    }
    Ok(())
}

fn print(case: &Case, rehearsed: &Rehearsed) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mark = if rehearsed.is_right(case) { "" } else { "WRONG: " };
    let (ended, took) = (rehearsed.outcome.name(), rehearsed.took.as_secs_f64());
    writeln!(out, "  {mark}{ended:<11} {took:>5.1} s  {}", case.shown())?;
    if let Some(why) = rehearsed.outcome.why() {
        writeln!(out, "              {}", why.lines().next().unwrap_or_default())?;
    }
    if !rehearsed.has_begun {
        writeln!(out, "              it did not come to that: nothing went wrong")?;
    }
    if rehearsed.boots.is_none() {
        writeln!(out, "              the twin does not boot any more")?;
    }
    Ok(())
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn told(shown: &str, target: &Target, twin: &Twin, case: &Case, rehearsed: &Rehearsed) -> Told {
    Told {
        device: shown.to_owned(),
        image: target.name.clone(),
        profile: twin.config.profile.name.to_string(),
        otherwise: twin.remarks.clone(),
        step: case.step,
        faults: case.faults.iter().map(ToString::to_string).collect(),
        outcome: rehearsed.outcome.name(),
        why: rehearsed.outcome.why().map(str::to_owned),
        right: yes(rehearsed.is_right(case)),
        begun: yes(rehearsed.has_begun),
        boots: rehearsed.boots.clone(),
        seconds: rehearsed.took.as_secs_f64(),
    }
}
