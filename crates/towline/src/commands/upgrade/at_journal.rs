//! Where the journal of upgrades is, and which of its runs is meant.

use crate::exit::{Exit, Failure};
use crate::upgrade::failure;
use clap::Args;
use db::journal::{Fault, Look, RunKept};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Its name in the state directory.
const NAME: &str = "upgrades.db";

/// Where the journal is.
#[derive(Debug, Args)]
pub(super) struct AtJournal {
    /// The journal of upgrades. Without it $XDG_STATE_HOME/towline/upgrades.db (~/.local/state/…).
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

/// A journal that is read.
pub(super) struct Reading {
    pub(super) path: PathBuf,
    pub(super) look: Look,
}

impl AtJournal {
    /// Its file, whether it is there or not.
    pub(super) fn path(&self) -> Result<PathBuf, Failure> {
        let usual = || crate::service::of_user().map(|dir| dir.join(NAME));
        self.journal.clone().or_else(usual).ok_or_else(|| {
            let what = "it is not known whose home to keep it in";
            Failure::usage("--journal", what, "name the file with --journal")
        })
    }

    /// Opens it to look.
    pub(super) fn read(&self) -> Result<Reading, Failure> {
        let path = self.path()?;
        let look = Look::open(&path).map_err(|fault| failure(&path, &fault))?;
        Ok(Reading { path, look })
    }
}

impl Reading {
    /// A fault of it as a failure.
    pub(super) fn failure(&self) -> impl Fn(Fault) -> Failure + use<> {
        let path: PathBuf = self.path.clone();
        move |fault| failure(&path, &fault)
    }

    /// The run of this number, else the newest.
    pub(super) fn run(&mut self, run: Option<i64>) -> Result<RunKept, Failure> {
        let fault = self.failure();
        let id = match run {
            Some(id) => Some(id),
            None => self.look.runs().map_err(&fault)?.last().map(|run| run.id),
        };
        let found = id.map(|id| self.look.run(id)).transpose().map_err(&fault)?.flatten();
        found.ok_or_else(|| absent(&self.path, id))
    }
}

fn absent(path: &Path, run: Option<i64>) -> Failure {
    let what = match run {
        Some(run) => format!("there is no run {run}"),
        None => String::from("there is no run in it"),
    };
    Failure::new(Exit::Absent, path.display(), what, "towline upgrade list shows the runs there are")
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
