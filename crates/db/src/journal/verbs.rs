//! What is written, each in the middle of a transaction: rules are looked at where nobody can come between.

use super::work::Verb;
use super::{Alive, Device, Fault, Holder, Kind, Run, Take, now};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, query};

/// Whose a claim is.
#[derive(Clone, Copy)]
pub(super) struct Mine {
    /// The row of the device.
    pub(super) device: i64,
    pub(super) generation: i64,
}

pub(super) struct Begin {
    pub(super) run: Run,
    pub(super) devices: Vec<Device>,
}

impl Verb for Begin {
    type Said = i64;

    async fn perform(&self, connection: &mut SqliteConnection) -> Result<i64, Fault> {
        let Run { image, md5, plan } = &self.run;
        let insert = query("INSERT INTO run (at, version, image, md5, plan) VALUES (?, ?, ?, ?, ?)")
            .bind(now())
            .bind(env!("CARGO_PKG_VERSION"))
            .bind(image.as_str())
            .bind(md5.as_str())
            .bind(plan.as_str());
        let run = insert.execute(&mut *connection).await?.last_insert_rowid();
        for Device { key, hostname, serial } in &self.devices {
            query("INSERT INTO device (run, key, hostname, serial) VALUES (?, ?, ?, ?)")
                .bind(run)
                .bind(key.as_str())
                .bind(hostname.as_str())
                .bind(serial.as_deref())
                .execute(&mut *connection)
                .await?;
        }
        Ok(run)
    }
}

pub(super) struct Claiming {
    pub(super) run: i64,
    pub(super) key: String,
    pub(super) take: Take,
}

impl Verb for Claiming {
    type Said = Mine;

    async fn perform(&self, connection: &mut SqliteConnection) -> Result<Mine, Fault> {
        let Claiming { run, key, take } = self;
        let found = query("SELECT id, serial, outcome FROM device WHERE run = ? AND key = ?")
            .bind(run)
            .bind(key.as_str())
            .fetch_optional(&mut *connection)
            .await?;
        let absent = || Fault::Absent { run: *run, key: key.clone() };
        let found = found.ok_or_else(absent)?;
        let (device, serial): (i64, Option<String>) = (found.try_get("id")?, found.try_get("serial")?);
        if let Some(outcome) = found.try_get("outcome")?
            && !take.ended
        {
            return Err(Fault::Ended { outcome });
        }
        // The same device is what has the same name or the same number, in whatever run.
        let held = query(
            "SELECT id, run, pid, started, host, boot, claimed FROM device
             WHERE pid IS NOT NULL AND (key = ?1 OR serial = ?2)",
        );
        let held = held.bind(key.as_str()).bind(serial.as_deref().filter(|serial| !serial.is_empty()));
        let held = held.fetch_all(&mut *connection).await?;
        for row in &held {
            let holder = holder(row)?.filter(|holder| holder.alive() != Alive::No);
            let Some(by) = holder else { continue };
            if !take.by_force {
                return Err(Fault::Held { run: row.try_get("run")?, by });
            }
        }
        for row in &held {
            if row.try_get::<i64, _>("id")? != device && take.by_force {
                // Whoever had it for another run is fenced as well.
                query("UPDATE device SET generation = generation + 1, pid = NULL WHERE id = ?")
                    .bind(row.try_get::<i64, _>("id")?)
                    .execute(&mut *connection)
                    .await?;
            }
        }
        let me = Holder::me(now());
        let taken = query(
            "UPDATE device SET generation = generation + 1, claimed = ?2, pid = ?3, started = ?4, host = ?5,
             boot = ?6, ended = NULL, outcome = NULL, why = NULL WHERE id = ?1 RETURNING generation",
        );
        let taken = taken.bind(device).bind(me.since).bind(me.pid);
        let taken = taken.bind(me.started.and_then(|ticks| i64::try_from(ticks).ok()));
        let taken = taken.bind(me.host).bind(me.boot).fetch_one(&mut *connection).await?;
        Ok(Mine { device, generation: taken.try_get(0)? })
    }
}

pub(super) struct Identify {
    pub(super) mine: Mine,
    pub(super) hostname: String,
    pub(super) serial: Option<String>,
}

impl Verb for Identify {
    type Said = ();

    async fn perform(&self, connection: &mut SqliteConnection) -> Result<(), Fault> {
        let Identify { mine, hostname, serial } = self;
        let serial = serial.as_deref().filter(|serial| !serial.is_empty());
        let others = query(
            "SELECT run, pid, started, host, boot, claimed FROM device
             WHERE pid IS NOT NULL AND serial = ?1 AND id != ?2",
        );
        for row in others.bind(serial).bind(mine.device).fetch_all(&mut *connection).await? {
            let Some(by) = holder(&row)?.filter(|holder| holder.alive() != Alive::No) else { continue };
            return Err(Fault::Held { run: row.try_get("run")?, by });
        }
        let known = query(
            "UPDATE device SET hostname = ?3, serial = ?4 WHERE id = ?1 AND generation = ?2 AND pid IS NOT NULL",
        );
        let known = known.bind(mine.device).bind(mine.generation).bind(hostname.as_str()).bind(serial);
        match known.execute(&mut *connection).await?.rows_affected() {
            0 => Err(fenced(connection, mine.device).await?),
            _ => Ok(()),
        }
    }
}

pub(super) struct Append {
    pub(super) mine: Mine,
    pub(super) kind: Kind,
    pub(super) step: Option<String>,
    pub(super) text: String,
}

impl Verb for Append {
    type Said = i64;

    async fn perform(&self, connection: &mut SqliteConnection) -> Result<i64, Fault> {
        let Append { mine, kind, step, text } = self;
        append(connection, *mine, *kind, step.as_deref(), text).await
    }
}

pub(super) struct End {
    pub(super) mine: Mine,
    pub(super) outcome: String,
    pub(super) why: String,
    pub(super) text: String,
}

impl Verb for End {
    type Said = ();

    async fn perform(&self, connection: &mut SqliteConnection) -> Result<(), Fault> {
        append(connection, self.mine, Kind::Ended, None, &self.text).await?;
        query("UPDATE device SET pid = NULL, ended = ?2, outcome = ?3, why = ?4 WHERE id = ?1")
            .bind(self.mine.device)
            .bind(now())
            .bind(self.outcome.as_str())
            .bind(self.why.as_str())
            .execute(connection)
            .await?;
        Ok(())
    }
}

pub(super) struct LetGo {
    pub(super) mine: Mine,
}

impl Verb for LetGo {
    type Said = ();

    async fn perform(&self, connection: &mut SqliteConnection) -> Result<(), Fault> {
        let gone =
            query("UPDATE device SET pid = NULL WHERE id = ?1 AND generation = ?2 AND pid IS NOT NULL");
        let gone = gone.bind(self.mine.device).bind(self.mine.generation).execute(&mut *connection).await?;
        match gone.rows_affected() {
            0 => Err(fenced(connection, self.mine.device).await?),
            _ => Ok(()),
        }
    }
}

pub(super) struct AskToStop {
    pub(super) run: i64,
    pub(super) stop: bool,
}

impl Verb for AskToStop {
    type Said = bool;

    async fn perform(&self, connection: &mut SqliteConnection) -> Result<bool, Fault> {
        let set = query("UPDATE run SET stop = ? WHERE id = ?");
        let set = set.bind(self.stop.then(now)).bind(self.run).execute(connection).await?;
        Ok(set.rows_affected() > 0)
    }
}

pub(super) struct Forget {
    pub(super) runs: Vec<i64>,
}

impl Verb for Forget {
    type Said = ();

    async fn perform(&self, connection: &mut SqliteConnection) -> Result<(), Fault> {
        for run in &self.runs {
            // Somebody may have claimed one of its devices since it was looked at: who goes on with it is not robbed.
            let open = query("SELECT key FROM device WHERE run = ? AND (outcome IS NULL OR pid IS NOT NULL)");
            if let Some(row) = open.bind(run).fetch_optional(&mut *connection).await? {
                return Err(Fault::Unfinished { run: *run, key: row.try_get("key")? });
            }
        }
        // Configurations have secrets in them: their octets are written over.
        query("PRAGMA secure_delete = ON").execute(&mut *connection).await?;
        for run in &self.runs {
            for delete in [
                "DELETE FROM entry WHERE device IN (SELECT id FROM device WHERE run = ?)",
                "DELETE FROM device WHERE run = ?",
                "DELETE FROM run WHERE id = ?",
            ] {
                query(delete).bind(run).execute(&mut *connection).await?;
            }
        }
        Ok(())
    }
}

pub(super) struct IsToStop {
    pub(super) device: i64,
}

impl Verb for IsToStop {
    type Said = bool;

    async fn perform(&self, connection: &mut SqliteConnection) -> Result<bool, Fault> {
        let stop = query("SELECT stop IS NOT NULL FROM run WHERE id = (SELECT run FROM device WHERE id = ?)");
        Ok(stop.bind(self.device).fetch_one(connection).await?.try_get(0)?)
    }
}

/// Adds an entry if the claim is still the last one.
async fn append(
    connection: &mut SqliteConnection,
    mine: Mine,
    kind: Kind,
    step: Option<&str>,
    text: &str,
) -> Result<i64, Fault> {
    let insert = query(
        "INSERT INTO entry (device, n, generation, at, kind, step, text)
         SELECT id, (SELECT coalesce(max(n), 0) + 1 FROM entry WHERE device = ?1), generation, ?3, ?4, ?5, ?6
         FROM device WHERE id = ?1 AND generation = ?2 AND pid IS NOT NULL RETURNING n",
    );
    let insert = insert.bind(mine.device).bind(mine.generation).bind(now()).bind(kind.word());
    match insert.bind(step).bind(text).fetch_optional(&mut *connection).await? {
        Some(row) => Ok(row.try_get(0)?),
        None => Err(fenced(connection, mine.device).await?),
    }
}

/// That somebody else has the device, and who.
async fn fenced(connection: &mut SqliteConnection, device: i64) -> Result<Fault, Fault> {
    let found = query("SELECT pid, started, host, boot, claimed FROM device WHERE id = ?");
    let found = found.bind(device).fetch_one(connection).await?;
    Ok(Fault::Fenced { by: holder(&found)? })
}

/// Who holds the device of this row; `None`: nobody.
pub(super) fn holder(row: &SqliteRow) -> Result<Option<Holder>, sqlx::Error> {
    let Some(pid) = row.try_get::<Option<u32>, _>("pid")? else { return Ok(None) };
    Ok(Some(Holder {
        pid,
        started: row.try_get::<Option<i64>, _>("started")?.and_then(|ticks| ticks.try_into().ok()),
        host: row.try_get("host")?,
        boot: row.try_get("boot")?,
        since: row.try_get("claimed")?,
    }))
}
