//! `towline upgrade plan`: what would be done, and why not.

use crate::commands::at_devices::{AtDevices, Named};
use crate::config::parse_time;
use crate::digest::Expect;
use crate::events::{Event, Events, Planned};
use crate::exit::{Exit, Failure};
use crate::figures::{grouped, parse_octets};
use crate::landing;
use clap::Args;
use ios_cli::image_name::ImageName;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use upgrade::{CHECKS, Facts, Plan, Target, Wish, plan};

const PLAN: &str = "\
Examples:
  towline upgrade plan admin@10.0.0.2 --image c2900-universalk9-mz.SPA.155-3.M4a.bin
  towline upgrade plan r1 r2 r3 --image new.bin --expect md5:0f343b0931126a20f133d67c2b018a3b --window 1h
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
    /// The new image, a file here. Its name says what it is for, and is its name in flash.
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
    /// What the image must be: md5:HEX, sha256:HEX or sha512:HEX, of the vendor's page.
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Expect>,
    /// Octets a second that a copy is taken to move: TFTP with blocks of 512 octets is slow.
    #[arg(long, value_name = "OCTETS", default_value = "1M", value_parser = rate)]
    rate: u64,
    /// How long a restart is taken to last.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time)]
    restart: Duration,
    /// How long there is for all of it: 90s, 45m, 2h.
    #[arg(long, value_name = "TIME", value_parser = time)]
    window: Option<Duration>,
    /// Delete nothing: too little room stands in the way then.
    #[arg(long)]
    keep_files: bool,
}

fn rate(text: &str) -> Result<u64, String> {
    parse_octets(text)
        .and_then(|n| if n > 0 { Ok(n) } else { Err(String::from("more than nothing a second")) })
}

fn time(text: &str) -> Result<Duration, String> {
    parse_time(text).ok_or_else(|| String::from("a time with its unit: 90s, 45m, 2h"))
}

impl Planning {
    /// Plans.
    pub(super) fn run(&self, events: &Arc<Events>) -> Result<(), Failure> {
        let target = target(&self.image, self.expect.as_ref())?;
        let Planning { rate, restart, window, .. } = *self;
        let wish = Wish { rate, restart, window, may_delete: !self.keep_files };
        self.at.each(events, "not ready", |named, facts| {
            let plan = plan(&facts, &target, &wish);
            match self.at.json {
                true => events.tell(&Event::Planned(Box::new(Planned::new(&named.shown, &target, &plan)))),
                false => {
                    let text = text(named, &facts, &target, &plan, &wish);
                    std::io::stdout()
                        .lock()
                        .write_all(text.as_bytes())
                        .map_err(|e| Failure::local("stdout", &e))?;
                }
            }
            match plan.blocks.as_slice() {
                [] => Ok(()),
                [first, rest @ ..] => {
                    let more =
                        if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
                    let what =
                        format!("{}: expected {}, found {}{more}", first.check, first.expected, first.found);
                    Err(Failure::new(Exit::Refused, &named.shown, what, first.way_out))
                }
            }
        })
    }
}

/// The image, as it is here.
fn target(path: &Path, expect: Option<&Expect>) -> Result<Target, Failure> {
    let fault = |e: std::io::Error| Failure::local(path.display(), &e);
    let blob = landing::open(path).map_err(fault)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b));
    if !is_plain || name.is_empty() {
        let way_out = "rename it: letters, digits, '.', '-', '_' and '+' can be typed on a device";
        return Err(Failure::usage(path.display(), "has a name that cannot be typed on a device", way_out));
    }
    let mut damage = None;
    if let Some(expect) = expect
        && let Err(found) = expect.check(&blob).map_err(fault)?
    {
        damage = Some((expect.to_string(), format!("{}:{found}", expect.algorithm.name())));
    }
    let said = ImageName::parse(&name);
    Ok(Target {
        size: blob.len(),
        md5: gate::Algorithm::Md5.of(&blob).map_err(fault)?,
        platform: said.as_ref().map(|said| said.platform.clone()),
        feature: said.as_ref().map(|said| said.feature.clone()),
        version: said.map(|said| said.version),
        name,
        damage,
    })
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
