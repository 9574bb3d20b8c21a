use super::verbs::holder;
use super::{Alive, Device, Fault, Holder, Kind, Run};
use crate::Fault as Database;
use crate::reader::look;
use crate::schema::JOURNAL;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, query};
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Runtime;

/// How long a look waits for whoever closes the journal in this moment.
const PATIENCE: Duration = Duration::from_secs(5);
/// Entries of one look: what a caller does with them does not hold the journal open.
const AT_ONCE: i64 = 200;

/// A run that was kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunKept {
    /// Its number.
    pub id: i64,
    /// When it began: milliseconds since 1970.
    pub at: i64,
    /// The program that began it.
    pub version: String,
    /// What is to be done.
    pub run: Run,
    /// When somebody asked it to stop.
    pub stop: Option<i64>,
}

/// A device of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceKept {
    /// Its row, by which its entries are asked for.
    pub id: i64,
    /// Which it is.
    pub device: Device,
    /// How many have claimed it.
    pub generation: i64,
    /// Where it is.
    pub state: State,
}

/// Where a device of a run is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Nobody has claimed it.
    Waiting,
    /// Somebody is at work on it, or cannot be known not to be.
    Claimed(Holder),
    /// Whoever was at work on it stopped, or died: it is to be gone on with.
    Left,
    /// It is through.
    Ended {
        /// When: milliseconds since 1970.
        at: i64,
        /// How, in its owner's word.
        outcome: String,
        /// Why.
        why: String,
    },
}

/// An entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryKept {
    /// Its place within the device, from 1 on.
    pub n: i64,
    /// By which claim.
    pub generation: i64,
    /// When: milliseconds since 1970, by a clock that may be set back.
    pub at: i64,
    /// What it is.
    pub kind: Kind,
    /// About which step.
    pub step: Option<String>,
    /// Its text, as its owner wrote it.
    pub text: String,
}

/// Looks into a journal, also while others write it. Never changes it.
pub struct Look {
    connection: SqliteConnection,
    runtime: Runtime,
}

impl Look {
    /// Opens the journal at `path`, which must be there.
    pub fn open(path: &Path) -> Result<Look, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|e| Database::Unusable(e.to_string()))?;
        let connection = runtime.block_on(look(path, &JOURNAL, PATIENCE))?;
        Ok(Look { connection, runtime })
    }

    /// All runs, the oldest first. Their plans are left out.
    pub fn runs(&mut self) -> Result<Vec<RunKept>, Fault> {
        let connection = &mut self.connection;
        self.runtime.block_on(async {
            let runs = query("SELECT id, at, version, image, md5, '' AS plan, stop FROM run ORDER BY id");
            runs.fetch_all(connection).await?.iter().map(run).collect()
        })
    }

    /// A run with its plan; `None`: there is none of this number.
    pub fn run(&mut self, id: i64) -> Result<Option<RunKept>, Fault> {
        let connection = &mut self.connection;
        self.runtime.block_on(async {
            let found = query("SELECT id, at, version, image, md5, plan, stop FROM run WHERE id = ?");
            found.bind(id).fetch_optional(connection).await?.as_ref().map(run).transpose()
        })
    }

    /// The devices of a run, in the order that they were given in.
    pub fn devices(&mut self, run: i64) -> Result<Vec<DeviceKept>, Fault> {
        let connection = &mut self.connection;
        self.runtime.block_on(async {
            let found = query("SELECT * FROM device WHERE run = ? ORDER BY id");
            found.bind(run).fetch_all(connection).await?.iter().map(device).collect()
        })
    }

    /// Hands the entries of a device after the place `after` to `each` in their order, until it says `false`.
    pub fn entries(
        &mut self,
        device: i64,
        after: i64,
        each: impl FnMut(EntryKept) -> bool,
    ) -> Result<(), Fault> {
        self.some(device, after, true, each)
    }

    /// The same, with the texts of transcripts and configurations left out, which are most of a journal.
    pub fn outline(
        &mut self,
        device: i64,
        after: i64,
        each: impl FnMut(EntryKept) -> bool,
    ) -> Result<(), Fault> {
        self.some(device, after, false, each)
    }

    fn some(
        &mut self,
        device: i64,
        mut after: i64,
        whole: bool,
        mut each: impl FnMut(EntryKept) -> bool,
    ) -> Result<(), Fault> {
        let connection = &mut self.connection;
        loop {
            let rows = self.runtime.block_on(async {
                query(
                    "SELECT n, generation, at, kind, step,
                     CASE WHEN ?4 OR kind NOT IN ('transcript', 'backup') THEN text ELSE '' END AS text
                     FROM entry WHERE device = ?1 AND n > ?2 ORDER BY n LIMIT ?3",
                )
                .bind(device)
                .bind(after)
                .bind(AT_ONCE)
                .bind(whole)
                .fetch_all(&mut *connection)
                .await
            })?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in &rows {
                let entry = entry(row)?;
                after = entry.n;
                if !each(entry) {
                    return Ok(());
                }
            }
        }
    }
}

fn run(row: &SqliteRow) -> Result<RunKept, Fault> {
    Ok(RunKept {
        id: row.try_get("id")?,
        at: row.try_get("at")?,
        version: row.try_get("version")?,
        run: Run { image: row.try_get("image")?, md5: row.try_get("md5")?, plan: row.try_get("plan")? },
        stop: row.try_get("stop")?,
    })
}

fn device(row: &SqliteRow) -> Result<DeviceKept, Fault> {
    let generation = row.try_get("generation")?;
    let state = match (row.try_get("outcome")?, holder(row)?) {
        (Some(outcome), _) => State::Ended { at: row.try_get("ended")?, outcome, why: row.try_get("why")? },
        (None, Some(holder)) if holder.alive() != Alive::No => State::Claimed(holder),
        (None, None) if generation == 0 => State::Waiting,
        (None, Some(_) | None) => State::Left,
    };
    Ok(DeviceKept {
        id: row.try_get("id")?,
        device: Device {
            key: row.try_get("key")?,
            hostname: row.try_get("hostname")?,
            serial: row.try_get("serial")?,
        },
        generation,
        state,
    })
}

fn entry(row: &SqliteRow) -> Result<EntryKept, Fault> {
    let word: String = row.try_get("kind")?;
    let strange = || Database::Damaged(format!("it has an entry of the kind '{word}'"));
    Ok(EntryKept {
        n: row.try_get("n")?,
        generation: row.try_get("generation")?,
        at: row.try_get("at")?,
        kind: Kind::read(&word).ok_or_else(strange)?,
        step: row.try_get("step")?,
        text: row.try_get("text")?,
    })
}
