//! `towline log`: what happened, out of the history.

mod line;
mod when;

use crate::config::{Loaded, environment};
use crate::exit::{Exit, Failure};
use crate::sinks::{HISTORY, history_file};
use clap::Args;
use db::{Fault, Kept, Query, Reader};
use gate::Net;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

const EXAMPLES: &str = "\
Examples:
  towline log --since 2h                                what happened in the last two hours
  towline log --user bob --verdict complete --limit 20  the last 20 files that bob moved
  towline log --path /images --peer 10.1.0.0/16         who fetched what of a directory
  towline log --since 2026-11-26 --json | jq .          for programs
  towline log --follow                                  the last events, and those that come
";

/// How often the history is looked at for what is new.
const LOOK: Duration = Duration::from_millis(250);
/// Events that --follow begins with unless another limit is given.
const BEFORE: usize = 10;

/// Show what happened, from the history that a server keeps.
///
/// Reads the database of a server that runs or of one that has ended. The order is that in which things happened, also
/// where the clock was set back.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Log {
    /// From this time on: 2h, 15m, 3d, a date, or date and time (2026-11-26T09:30, of here unless it ends in Z).
    #[arg(long, value_name = "TIME", value_parser = when::when)]
    since: Option<SystemTime>,
    /// Up to this time.
    #[arg(long, value_name = "TIME", value_parser = when::when)]
    until: Option<SystemTime>,
    /// Only this user's.
    #[arg(long)]
    user: Option<String>,
    /// Only over this protocol.
    #[arg(long, value_parser = ["tftp", "ftp", "http"])]
    protocol: Option<String>,
    /// Only transfers with this verdict (docs/tftp-server.md).
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(gate::Verdict::WORDS))]
    verdict: Option<String>,
    /// Only events of this name (docs/events.md).
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// Only on this file, or in this directory; with * or ? a pattern: '*.bin'.
    #[arg(long)]
    path: Option<String>,
    /// Only of this address or network.
    #[arg(long, value_name = "NET")]
    peer: Option<Net>,
    /// Only the last N of them.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print each event as a JSON object on a line of its own, with its place as `id`.
    #[arg(long)]
    json: bool,
    /// Go on with what comes, until Ctrl-C.
    #[arg(long)]
    follow: bool,
    /// The history's file. Without it the configuration's.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// The configuration that says where the history is; without it /etc/towline/towline.toml, if that is there.
    #[arg(long, value_name = "FILE", conflicts_with = "history")]
    config: Option<PathBuf>,
}

impl Log {
    /// Reads and prints.
    pub fn run(self) -> Result<(), Failure> {
        let path = self.file()?;
        let fault = |fault: Fault| failure(&path, &fault);
        let mut reader = Reader::open(&path).map_err(fault)?;
        let mut query = Query {
            since: self.since.map(millis),
            until: self.until.map(millis),
            now: millis(SystemTime::now()),
            user: self.user.clone(),
            protocol: self.protocol.clone(),
            verdict: self.verdict.clone(),
            event: self.event.clone(),
            path: self.path.clone(),
            after: None,
        };
        // Before the first look: what comes while it is printed comes after.
        let mut seen = reader.end().map_err(fault)?;
        let mut out = io::BufWriter::new(io::stdout().lock());
        let limit = self.limit.or((self.follow && self.since.is_none()).then_some(BEFORE));
        let mut reads = true;
        match limit {
            Some(limit) => {
                for row in reader.last(&query, limit, |row| self.keeps(row)).map_err(fault)? {
                    reads &= self.print(&mut out, &row);
                }
            }
            None => reader
                .read(&query, |row| {
                    reads &= !self.keeps(&row) || self.print(&mut out, &row);
                    reads
                })
                .map_err(fault)?,
        }
        // Who closed the pipe has seen enough.
        let mut reads = reads && out.flush().is_ok();
        (query.since, query.until) = (None, None);
        while self.follow && reads {
            std::thread::sleep(LOOK);
            // A history that was put aside or deleted is another one: it is followed from its beginning.
            if reader.is_another(&path) {
                let Ok(new) = Reader::open(&path) else { continue };
                (reader, seen) = (new, 0);
            }
            query.after = Some(seen);
            let new = reader.read(&query, |row| {
                seen = row.id;
                reads &= !self.keeps(&row) || self.print(&mut out, &row);
                reads
            });
            new.map_err(fault)?;
            reads &= out.flush().is_ok();
        }
        Ok(())
    }

    fn file(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.history {
            return Ok(path.clone());
        }
        let loaded = Loaded::read(self.config.as_deref(), environment())?;
        history_file(&loaded)?.ok_or_else(|| {
            let what = "no configuration says where the history is";
            let way_out = "name it with --history, or its server's configuration with --config";
            Failure::usage("--history", what, way_out)
        })
    }

    /// Whether it is what was asked for, as far as the database did not see to that.
    fn keeps(&self, row: &Kept) -> bool {
        let Some(net) = &self.peer else { return true };
        row.peer.as_ref().and_then(|peer| peer.parse().ok()).is_some_and(|peer| net.holds(peer))
    }

    /// Whether somebody still reads.
    fn print(&self, out: &mut impl Write, row: &Kept) -> bool {
        match self.json {
            true => {
                let rest = row.json.strip_prefix('{').unwrap_or(&row.json);
                writeln!(out, "{{\"id\":{},{rest}", row.id).is_ok()
            }
            false => writeln!(out, "{}", line::line(&row.json)).is_ok(),
        }
    }
}

fn millis(at: SystemTime) -> i64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn failure(path: &std::path::Path, fault: &Fault) -> Failure {
    let absent = !path.exists();
    let (exit, way_out) = match fault {
        Fault::Unusable(_) if absent => {
            let way_out =
                format!("history = true in [audit] and a state directory have a server keep {HISTORY}");
            return Failure::new(Exit::Absent, path.display(), "there is no history", way_out);
        }
        Fault::Locked => (Exit::Local, "try again"),
        Fault::Gone(_) => (Exit::Local, "try again"),
        Fault::Damaged(_) => (Exit::Integrity, "a server puts it aside and begins a new one"),
        Fault::Empty => (Exit::Absent, "a server writes it"),
        Fault::Foreign => (Exit::Usage, "name the history of a server"),
        Fault::Newer { .. } => (Exit::Local, ""),
        Fault::Unusable(_) => (Exit::Local, "check who may read it and its directory"),
    };
    Failure::new(exit, path.display(), fault, way_out)
}
