//! `towline backup`: configurations of real devices, and what changed in them.

use super::at_devices::{AtDevices, Named};
use crate::difference::lines;
use crate::events::{BackedUp, Event, Events};
use crate::exit::{Exit, Failure};
use crate::landing::Landing;
use clap::Args;
use fleet::ios::{Session, configuration, is_same, redacted};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Sink as _;

const EXAMPLES: &str = "\
Examples:
  towline backup admin@r1 admin@r2 --to configurations      configurations/R1.cfg, and what changed since the last time
  towline backup telnet://admin@10.0.0.2 --to configurations --json
";

/// Fetch the running configurations of devices into a directory, and print what changed in them.
///
/// Of each device HOSTNAME.cfg is the newest; where that differs from what was there, what was there stays as
/// HOSTNAME.cfg.TIME, the time when it was taken. Lines that change of themselves are no difference. A configuration is there whole or not at all, for its owner
/// only (0600): it holds secrets, which the differences that are printed do not.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Backup {
    #[command(flatten)]
    at: AtDevices,
    /// The directory; it is made where it is missing.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// What became of a configuration.
struct Kept {
    path: PathBuf,
    state: &'static str,
    /// What it was before, lines that came and lines that went, and the difference for people.
    former: Option<(PathBuf, u64, u64, String)>,
}

impl Backup {
    /// Whether events are wanted.
    pub(super) fn json(&self) -> bool {
        self.at.json
    }

    /// Fetches each.
    pub fn run(self, events: &Arc<Events>) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.to).map_err(|e| Failure::local(self.to.display(), &e))?;
        let ask = |session: &mut Session| Ok((session.hostname().to_owned(), configuration(session)?));
        self.at.each_of(events, "not backed up", ask, |named, (hostname, text)| {
            let kept = keep(&self.to, named, &hostname, &text)?;
            if self.at.json {
                events.tell(&told(named, hostname, &kept));
                return Ok(());
            }
            print(named, &kept).map_err(|e| Failure::local("stdout", &e))
        })
    }
}

fn keep(dir: &Path, named: &Named, hostname: &str, text: &str) -> Result<Kept, Failure> {
    // A prompt may hold what no file is to be called.
    let is_plain = hostname.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !is_plain || hostname.starts_with('.') || hostname.is_empty() {
        let way_out = "give the device a name of letters, digits, '-' and '.'";
        return Err(Failure::new(
            Exit::Failed,
            &named.shown,
            format!("'{hostname}' is no name for a file"),
            way_out,
        ));
    }
    let path = dir.join(format!("{hostname}.cfg"));
    let fault = |e: io::Error| Failure::local(path.display(), &e);
    let before = match std::fs::read_to_string(&path) {
        Ok(before) => Some(before),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(fault(e)),
    };
    let former = match before {
        Some(before) if is_same(&before, text) => return Ok(Kept { path, state: "same", former: None }),
        Some(before) => {
            let taken = std::fs::metadata(&path).and_then(|m| m.modified()).map_err(fault)?;
            let stamp = crate::events::timestamp(taken).replace(':', "-");
            let former = dir.join(format!("{hostname}.cfg.{stamp}"));
            // A second name first: at no moment is there none.
            std::fs::hard_link(&path, &former).map_err(|e| Failure::local(former.display(), &e))?;
            let (shown, added, removed) = lines(&masked(&before), &masked(text));
            Some((former, added, removed, shown))
        }
        None => None,
    };
    let mut landing = Landing::temporary(&path).map_err(fault)?;
    landing.set_mode(0o600).map_err(fault)?;
    landing.write_at(0, text.as_bytes()).map_err(fault)?;
    landing.land().map_err(fault)?;
    let state = if former.is_some() { "changed" } else { "first" };
    Ok(Kept { path, state, former })
}

fn masked(text: &str) -> String {
    text.lines().map(|line| redacted(line) + "\n").collect()
}

fn print(named: &Named, kept: &Kept) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let (shown, path) = (&named.shown, kept.path.display());
    match &kept.former {
        None if kept.state == "same" => writeln!(out, "{shown}: {path} is still right"),
        None => writeln!(out, "{shown}: {path} is the first of it"),
        Some((former, added, removed, lines)) => {
            let former = former.display();
            writeln!(
                out,
                "{shown}: {path} has {added} lines more and {removed} less than {former}\n{}",
                lines.trim_end()
            )
        }
    }
}

fn told(named: &Named, hostname: String, kept: &Kept) -> Event {
    let former = kept.former.as_ref();
    Event::BackedUp(BackedUp {
        device: named.shown.clone(),
        hostname,
        file: kept.path.display().to_string(),
        state: kept.state,
        former: former.map(|(path, ..)| path.display().to_string()),
        added: former.map(|(_, added, ..)| *added),
        removed: former.map(|(_, _, removed, _)| *removed),
    })
}
