//! `towline upgrade plan`: what would be done, and why not.

use super::wishes::Wishes;
use crate::commands::at_devices::{AtDevices, Named};
use crate::events::{Event, Events, Planned as Told};
use crate::exit::{Exit, Failure};
use crate::figures::grouped;
use crate::upgrade::plan_file::{PlanFile, Planned};
use clap::Args;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use upgrade::{CHECKS, Facts, Plan, Target, Wish, plan};

const PLAN: &str = "\
Examples:
  towline upgrade plan admin@10.0.0.2 --image c2900-universalk9-mz.SPA.155-3.M4a.bin
  towline upgrade plan r1 r2 r3 --image new.bin --expect md5:0f343b0931126a20f133d67c2b018a3b --window 1h
  towline upgrade plan -i devices.toml --limit core --image new.bin -o plan.json
  towline upgrade plan r1 --image new.bin --rate 200K --restart 15m --keep-files --json
";

/// Ask devices for their facts, and print what an upgrade would do to each: what it would delete, copy, set and restart, how
/// much it moves and how long it takes; or what stands in the way, with what was expected, what was found and what to do.
/// Nothing is changed.
///
/// Exit code 4: something stands in the way (of several devices, of some: 8).
#[derive(Debug, Args)]
#[command(before_help = PLAN)]
pub(super) struct Planning {
    #[command(flatten)]
    pub(super) at: AtDevices,
    #[command(flatten)]
    wishes: Wishes,
    /// Write the plan to a file too, whole or not at all and for its owner only: what each device said of itself, and what would be
    /// done because of that. A device that could not be asked is not in it.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Planning {
    /// Plans.
    pub(super) fn run(&self, events: &Arc<Events>) -> Result<(), Failure> {
        let (target, wish) = (self.wishes.target()?, self.wishes.wish());
        let mut planned = Vec::new();
        let told = self.at.each(events, "not ready", |named, facts| {
            let plan = plan(&facts, &target, &wish);
            if self.output.is_some() {
                planned.push(Planned::new(self.at.key(named), &facts, &target, &plan));
            }
            tell(named, &facts, &target, &plan, &wish, events, self.at.json)
        });
        let is_over = !told.as_ref().is_err_and(|failure| failure.exit == Exit::Interrupted);
        if let Some(path) = self.output.as_ref().filter(|_| is_over && !planned.is_empty()) {
            PlanFile::new(self.wishes.image()?, &target, &wish, planned)?.write(path)?;
        }
        told
    }
}

/// Tells a plan; blocks are a failure.
pub(super) fn tell(
    named: &Named,
    facts: &Facts,
    target: &Target,
    plan: &Plan,
    wish: &Wish,
    events: &Arc<Events>,
    json: bool,
) -> Result<(), Failure> {
    match json {
        true => events.tell(&Event::Planned(Box::new(Told::new(&named.shown, target, plan)))),
        false => {
            let text = text(named, facts, target, plan, wish);
            std::io::stdout().lock().write_all(text.as_bytes()).map_err(|e| Failure::local("stdout", &e))?;
        }
    }
    match plan.blocks.as_slice() {
        [] => Ok(()),
        [first, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
            let what = format!("{}: expected {}, found {}{more}", first.check, first.expected, first.found);
            Err(Failure::new(Exit::Refused, &named.shown, what, first.way_out))
        }
    }
}

fn text(named: &Named, facts: &Facts, target: &Target, plan: &Plan, wish: &Wish) -> String {
    let mut out = String::new();
    let version = target.version.as_deref().unwrap_or(&target.name);
    let _ = writeln!(
        out,
        "{} ({}): {} from {} to {version}",
        facts.hostname, named.shown, facts.model, facts.version
    );
    if plan.is_there() {
        let _ = writeln!(out, "  nothing to do: it runs {} and its next start does", target.name);
        return out;
    }
    for block in &plan.blocks {
        let doc = CHECKS
            .iter()
            .find(|check| check.name == block.check)
            .map_or("the window is long enough", |c| c.doc);
        let _ = writeln!(
            out,
            "  BLOCKED  {}: {doc}\n           expected {}\n           found    {}\n           {}",
            block.check, block.expected, block.found, block.way_out
        );
    }
    for (n, action) in plan.actions.iter().enumerate() {
        let felt = if action.is_felt { ": everybody behind it is cut off" } else { "" };
        let _ = writeln!(out, "  {:>2}. {:<10} {}{felt}", n + 1, action.step, action.what);
    }
    if plan.estimate.away > Duration::ZERO {
        let watched = plan.watched.words();
        let settle = wish.tolerance.settle.as_secs();
        let _ = match watched.as_slice() {
            [] => writeln!(
                out,
                "  watched behind it: nothing, for it says nothing of interfaces, neighbours and routes"
            ),
            [..] => writeln!(out, "  there again within {settle} s, or put back: {}", watched.join(", ")),
        };
    }
    let estimate = &plan.estimate;
    let _ = writeln!(
        out,
        "  {} octets in {} s at {} a second, away for {} s",
        grouped(estimate.octets),
        estimate.copying.as_secs(),
        grouped(wish.rate),
        estimate.away.as_secs()
    );
    out
}

/// The table of checks in `docs/facts.md`.
#[cfg(test)]
pub(crate) fn table() -> String {
    let mut out = String::from("| check | what is to be right | else |\n|---|---|---|\n");
    for check in &CHECKS {
        let _ = writeln!(out, "| `{}` | {} | {} |", check.name, check.doc, check.way_out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_docs_show_the_checks() {
        let doc = include_str!("../../../../../docs/upgrade.md");
        assert!(doc.contains(&table()), "put this into docs/upgrade.md:\n{}", table());
    }
}
