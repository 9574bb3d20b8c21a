//! The tables of each database, a version at a time.

use crate::Fault;
use sqlx::{Connection, SqliteConnection};

/// A database of ours.
pub(crate) struct Schema {
    /// What its header says that it is: `application_id`.
    application: i64,
    /// What makes version n+1 out of version n: never changed, only added to.
    steps: &'static [&'static str],
}

/// What happened on a server.
pub(crate) const HISTORY: Schema = Schema {
    application: 0,
    steps: &[
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
    ],
};

/// What was done to devices.
pub(crate) const JOURNAL: Schema = Schema {
    // "towl"
    application: 0x746f_776c,
    steps: &[
        // A run's number is typed by people and never given twice. `generation` counts who had the device; the columns
        // after it are who has it now, and what became of it. `n` is the order within a device.
        "PRAGMA application_id = 0x746f776c;
        CREATE TABLE run (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            version TEXT NOT NULL,
            image TEXT NOT NULL,
            md5 TEXT NOT NULL,
            plan TEXT NOT NULL,
            stop INTEGER
        ) STRICT;
        CREATE TABLE device (
            id INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            key TEXT NOT NULL,
            hostname TEXT NOT NULL,
            serial TEXT,
            generation INTEGER NOT NULL DEFAULT 0,
            claimed INTEGER,
            pid INTEGER,
            started INTEGER,
            host TEXT,
            boot TEXT,
            ended INTEGER,
            outcome TEXT,
            why TEXT,
            UNIQUE (run, key)
        ) STRICT;
        CREATE INDEX device_held ON device (pid) WHERE pid IS NOT NULL;
        CREATE TABLE entry (
            id INTEGER PRIMARY KEY,
            device INTEGER NOT NULL,
            n INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            step TEXT,
            text TEXT NOT NULL,
            UNIQUE (device, n)
        ) STRICT;",
    ],
};

/// The version, what it says that it is, and how many tables there are: in one statement, for somebody may begin it between two.
const SEEN: &str = "SELECT (SELECT user_version FROM pragma_user_version),
    (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)";

impl Schema {
    /// The newest version.
    pub(crate) const fn newest(&self) -> i64 {
        self.steps.len() as i64
    }

    /// Whether what is open is one that this program can read. 0: nobody has written it yet.
    pub(crate) async fn check(&self, connection: &mut SqliteConnection) -> Result<i64, Fault> {
        let (found, application, tables): (i64, i64, i64) =
            sqlx::query_as(SEEN).fetch_one(connection).await?;
        if found == 0 && application == 0 {
            return if tables == 0 { Ok(0) } else { Err(Fault::Foreign) };
        }
        match found {
            _ if application != self.application => Err(Fault::Foreign),
            found if (1..=self.newest()).contains(&found) => Ok(found),
            found => Err(Fault::Newer { found, known: self.newest() }),
        }
    }

    /// Brings what is open to the newest version, whole or not at all.
    pub(crate) async fn migrate(&self, connection: &mut SqliteConnection) -> Result<(), Fault> {
        // Two processes may start at once: the version is looked at with the lock held.
        let mut all = connection.begin_with("BEGIN IMMEDIATE").await?;
        let found = self.check(&mut all).await?;
        let done = usize::try_from(found).expect("check gives 0 to newest");
        for step in &self.steps[done..] {
            sqlx::raw_sql(*step).execute(&mut *all).await?;
        }
        if done < self.steps.len() {
            let set = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}", self.newest()));
            sqlx::raw_sql(set).execute(&mut *all).await?;
        }
        all.commit().await?;
        Ok(())
    }
}
