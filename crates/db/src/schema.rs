//! The tables, a version at a time.

use crate::Fault;
use sqlx::{Connection, Row as _, SqliteConnection};

/// What makes version n+1 out of version n: never changed, only added to.
const STEPS: &[&str] = &[
    // `id` is the order. `at` is by a clock that may be set back, so it is looked for and never ordered by.
    // `json` is the whole event; the columns before it are what people search by.
    "CREATE TABLE run (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        pid INTEGER NOT NULL,
        version TEXT NOT NULL
    ) STRICT;
    CREATE TABLE event (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        event TEXT NOT NULL,
        session INTEGER,
        transfer INTEGER,
        protocol TEXT,
        peer TEXT,
        user TEXT,
        path TEXT,
        verdict TEXT,
        json TEXT NOT NULL
    ) STRICT;
    CREATE INDEX event_at ON event (at);",
];

/// The newest version.
pub(crate) const NEWEST: i64 = STEPS.len() as i64;

/// The version of what is open.
pub(crate) async fn version(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    let row = sqlx::query("PRAGMA user_version").fetch_one(connection).await?;
    row.try_get(0).map_err(Fault::from)
}

/// Brings what is open to the newest version, whole or not at all.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<(), Fault> {
    // Two processes may start at once: the version is looked at with the lock held.
    let mut all = connection.begin_with("BEGIN IMMEDIATE").await?;
    let found = version(&mut all).await?;
    let done = usize::try_from(found).ok().filter(|n| *n <= STEPS.len());
    let Some(done) = done else { return Err(Fault::Newer { found, known: NEWEST }) };
    for step in &STEPS[done..] {
        sqlx::raw_sql(*step).execute(&mut *all).await?;
    }
    if done < STEPS.len() {
        let set = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {NEWEST}"));
        sqlx::raw_sql(set).execute(&mut *all).await?;
    }
    all.commit().await?;
    Ok(())
}
