//! `towline upgrade`: a new image for real devices: what would be done, trying it on a twin, doing it, and what is kept of it.

mod abort;
mod apply;
mod at_journal;
mod carrying;
mod copying;
mod forget;
mod list;
mod planning;
mod rehearse;
mod report;
mod resume;
mod status;
mod telling;
mod wishes;

use crate::events::Events;
use crate::exit::Failure;
use clap::{Args, Subcommand};
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  towline upgrade plan admin@10.0.0.2 --image c2900-universalk9-mz.SPA.155-3.M4a.bin
  towline upgrade rehearse admin@10.0.0.2 --image c2900-universalk9-mz.SPA.155-3.M4a.bin --fault-every-step
  towline upgrade apply admin@10.0.0.2 --image c2900-universalk9-mz.SPA.155-3.M4a.bin
  towline upgrade status                     where the devices of the newest run are
  towline upgrade report 7 --html 7.html     all of a run, as a page
";

/// A new image for devices with IOS and IOS-XE: what would be done, what stands in the way, and doing it.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Upgrade {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Plan(Box<planning::Planning>),
    Rehearse(Box<rehearse::Rehearsing>),
    Apply(Box<apply::Applying>),
    Resume(Box<resume::Resuming>),
    Rollback(Box<resume::RollingBack>),
    List(list::List),
    Status(status::Status),
    Report(report::Report),
    Abort(abort::Abort),
    Forget(forget::Forget),
}

impl Upgrade {
    /// Whether events are wanted.
    pub(super) fn json(&self) -> bool {
        match &self.verb {
            Verb::Plan(planning) => planning.at.json,
            Verb::Rehearse(rehearsing) => rehearsing.at.json,
            Verb::Apply(applying) => applying.at.json,
            Verb::Resume(resuming) => resuming.json(),
            Verb::Rollback(back) => back.json(),
            Verb::List(list) => list.json,
            Verb::Status(status) => status.json,
            Verb::Report(report) => report.json,
            Verb::Abort(abort) => abort.json,
            Verb::Forget(forget) => forget.json,
        }
    }

    /// Does what the verb says.
    pub fn run(self, events: &Arc<Events>) -> Result<(), Failure> {
        match self.verb {
            Verb::Plan(planning) => planning.run(events),
            Verb::Rehearse(rehearsing) => rehearsing.run(events),
            Verb::Apply(applying) => applying.run(events),
            Verb::Resume(resuming) => resuming.run(events),
            Verb::Rollback(back) => back.run(events),
            Verb::List(list) => list.run(events),
            Verb::Status(status) => status.run(events),
            Verb::Report(report) => report.run(events),
            Verb::Abort(abort) => abort.run(events),
            Verb::Forget(forget) => forget.run(events),
        }
    }
}
