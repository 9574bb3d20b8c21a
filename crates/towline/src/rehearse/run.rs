//! One rehearsal: a twin, what goes wrong with it, the upgrade as it would be applied, and what became of the twin.

use super::matrix::Case;
use super::stage::{self, Stage};
use super::twin::{NoTwin, Twin, Workshop};
use crate::upgrade::{Depot, From};
use client::terminal::Over;
use device::{Device, Fault, Mode};
use fleet::ios::{Halt, Journal, Session, Source, carry_out};
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use transport::ssh::PrivateKey;
use upgrade::{Happened, Outcome, Past, Run, Target, Tolerance, Wish};

/// How long a restart of a twin is taken to last, at [`PACE`]: a busy host has to be waited for too.
pub const RESTART: Duration = Duration::from_secs(5);
/// What a twin's boot is multiplied by: some tenths of a second.
pub const PACE: f64 = 0.02;
/// How long a twin has for a boot that is looked at behind a rehearsal.
const BOOTS: Duration = Duration::from_secs(30);

/// The same for twins, which have all they ever have as soon as they are there.
pub fn settling(tolerance: Tolerance) -> Tolerance {
    Tolerance { settle: tolerance.settle.min(RESTART), ..tolerance }
}

/// What came of a rehearsal.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    /// How it ended.
    pub outcome: Outcome,
    /// Whether what was to go wrong began to.
    pub has_begun: bool,
    /// What the twin runs when it is switched off and on and nothing is wrong any more; `None`: it does not boot.
    pub boots: Option<String>,
    /// What was written down, in this order.
    pub entries: Vec<Happened>,
    /// What the upgrade took.
    pub took: Duration,
}

impl Rehearsed {
    /// Whether it ended as one does that does right: with an end that may be, and a device that boots.
    pub fn is_right(&self, case: &Case) -> bool {
        let may = case.right.is_empty() || case.right.iter().any(|end| end.name() == self.outcome.name());
        may && self.boots.is_some()
    }
}

/// Why there was none.
#[derive(Debug, thiserror::Error)]
pub enum NotRehearsed {
    /// There is no twin.
    #[error(transparent)]
    Twin(#[from] NoTwin),
    /// It could not be started.
    #[error("the twin does not start: {0}")]
    Stage(#[from] io::Error),
    /// Somebody wished so.
    #[error("stopped")]
    Stopped,
}

/// What all rehearsals have in common.
pub struct Rehearsal<'a> {
    /// What it is to run.
    pub target: &'a Target,
    /// What is wished besides.
    pub wish: Wish,
    /// The key of the twins.
    pub key: &'a PrivateKey,
    /// Somebody may set it.
    pub stop: &'a AtomicBool,
}

/// Keeps what happened in memory.
#[derive(Default)]
struct Noted(Vec<Happened>);

impl Journal for Noted {
    fn write(&mut self, entry: &Happened) -> Result<(), String> {
        self.0.push(entry.clone());
        Ok(())
    }
}

impl Rehearsal<'_> {
    /// Tries it on a twin of its own, at that address.
    ///
    /// # Errors
    /// There was no twin, or it was stopped.
    pub fn try_on(
        &self,
        twin: Twin,
        workshop: &Workshop,
        address: Ipv4Addr,
        case: &Case,
        source: &mut dyn Source,
    ) -> Result<Rehearsed, NotRehearsed> {
        let (guest, shelf) = (workshop.guest(), workshop.shelf());
        let stage = Stage::start(vec![(address, twin)], shelf, guest, self.key.clone())?;
        let Some((_, device)) = stage.devices.first() else { unreachable!("one was given") };
        case.faults.iter().for_each(|fault| device.set_fault(fault.clone()));
        let (place, login, options) = (stage.place(address), stage.login(), stage.options());
        debug_assert!(place.over == Over::Ssh, "a guest is let in over SSH only");
        let mut run = Run::new(self.target.clone(), self.wish, None, Past::default());
        let mut noted = Noted::default();
        let began = Instant::now();
        let open = || Session::open(&place, login.clone(), &options);
        let is_stopped = || self.stop.load(Ordering::Relaxed);
        let outcome = match carry_out(&mut run, open, &mut noted, source, &is_stopped) {
            Ok(outcome) => outcome,
            Err(Halt::Stopped | Halt::Journal(_)) => return Err(NotRehearsed::Stopped),
        };
        let took = began.elapsed();
        let waits = device.faults().iter().any(|fault| matches!(fault, Fault::When { .. }));
        device.clear_faults();
        let boots = self.boots(device);
        Ok(Rehearsed { outcome, has_begun: !waits, boots, entries: noted.0, took })
    }

    /// Tries each of these, so many at once, and tells what came of them in their order.
    pub(crate) fn try_all(
        &self,
        twin: &Twin,
        workshop: &Workshop,
        cases: &[Case],
        depot: &Depot,
        parallel: usize,
        mut tell: impl FnMut(&Case, Result<Rehearsed, NotRehearsed>),
    ) {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (done, come) = std::sync::mpsc::channel();
            for _ in 0..parallel.clamp(1, cases.len().max(1)) {
                let (done, next) = (done.clone(), &next);
                scope.spawn(move || {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let Some(case) = cases.get(n).filter(|_| !self.stop.load(Ordering::Relaxed)) else {
                            return;
                        };
                        let address = stage::address();
                        let mut source = From::here(depot, "");
                        let rehearsed = self.try_on(twin.at(address), workshop, address, case, &mut source);
                        // Nobody hears it any more.
                        if done.send((n, rehearsed)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(done);
            let mut waiting = BTreeMap::new();
            let mut told = 0;
            for (n, rehearsed) in come {
                waiting.insert(n, rehearsed);
                while let Some(rehearsed) = waiting.remove(&told) {
                    tell(&cases[told], rehearsed);
                    told += 1;
                }
            }
        });
    }

    /// What it runs once it was switched off and on.
    fn boots(&self, device: &Arc<Device>) -> Option<String> {
        device.power_cycle();
        let until = Instant::now() + BOOTS;
        loop {
            match device.facts().mode {
                Mode::Ios { file, .. } => return Some(file),
                Mode::Rommon => return None,
                Mode::Off if Instant::now() > until || self.stop.load(Ordering::Relaxed) => return None,
                Mode::Off => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}
