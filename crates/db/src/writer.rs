use crate::schema::{HISTORY, Schema};
use crate::{Fault, Row};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous,
};
use sqlx::{Arguments as _, AssertSqlSafe, Connection};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Rows of one statement: each has 12 values, and SQLite takes 32,766.
const AT_ONCE: usize = 100;
/// How often it is looked whether others still hold it.
const AGAIN: Duration = Duration::from_millis(5);
/// Values of a row.
const VALUES: usize = 12;
/// Rows forgotten in one transaction, so that it is short.
const FORGOTTEN: i64 = 5_000;

/// What there was when a history was opened for writing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Opened {
    /// A history.
    There,
    /// Nothing: it begins now.
    New,
    /// Something damaged, which is put aside under this name; it begins anew.
    PutAside {
        /// Where it is now.
        to: PathBuf,
        /// What was wrong with it.
        why: String,
    },
}

/// Adds to a history. There may be several in different processes: each batch has its turn.
pub struct Writer {
    path: PathBuf,
    /// Its file, so that another under its name is noticed: device and inode.
    file: (u64, u64),
    pub(crate) connection: SqliteConnection,
    /// The number of this process's row in `run`.
    run: i64,
    pub(crate) runtime: Runtime,
    /// The statement for [`AT_ONCE`] rows.
    many: Arc<str>,
}

impl Writer {
    /// Opens the history at `path` or begins one; its file has the mode 0640. Waits at most `patience` for others
    /// who hold it, here and at each batch.
    ///
    /// What is damaged is put aside, never deleted. `now` is milliseconds since 1970.
    pub fn open(path: &Path, patience: Duration, now: i64) -> Result<(Writer, Opened), Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|e| Fault::Unusable(e.to_string()))?;
        let there = fs::symlink_metadata(path).is_ok_and(|m| m.len() > 0);
        match runtime.block_on(waiting(patience, || open(path, patience, now))) {
            Ok((connection, run)) => {
                let opened = if there { Opened::There } else { Opened::New };
                Ok((Writer::with(path, connection, run, runtime)?, opened))
            }
            Err(Fault::Damaged(why)) => {
                let to = put_aside(path, now).map_err(|e| Fault::Unusable(format!("{why}; {e}")))?;
                let (connection, run) = runtime.block_on(open(path, patience, now))?;
                Ok((Writer::with(path, connection, run, runtime)?, Opened::PutAside { to, why }))
            }
            Err(fault) => Err(fault),
        }
    }

    fn with(path: &Path, connection: SqliteConnection, run: i64, runtime: Runtime) -> Result<Writer, Fault> {
        let file = identity(path).ok_or_else(|| Fault::Gone(path.to_path_buf()))?;
        let many = statement(AT_ONCE).into();
        Ok(Writer { path: path.to_path_buf(), file, connection, run, runtime, many })
    }

    /// Adds rows in their order, all or none of them.
    pub fn add(&mut self, rows: &[Row]) -> Result<(), Fault> {
        // SQLite would write on into a file without a name.
        if identity(&self.path) != Some(self.file) {
            return Err(Fault::Gone(self.path.clone()));
        }
        let (connection, run, many) = (&mut self.connection, self.run, &self.many);
        self.runtime.block_on(async {
            let mut all = connection.begin_with("BEGIN IMMEDIATE").await?;
            for rows in rows.chunks(AT_ONCE) {
                let whole = rows.len() == AT_ONCE;
                let statement = if whole { many.clone() } else { statement(rows.len()).into() };
                let query = sqlx::query_with(AssertSqlSafe(statement), values(run, rows)?);
                query.persistent(whole).execute(&mut *all).await?;
            }
            all.commit().await?;
            Ok(())
        })
    }

    /// Forgets the rows before the first one that is not older than `before` (milliseconds since 1970), some thousand
    /// at a time; gives how many that were. 0: there are none left.
    pub fn forget(&mut self, before: i64) -> Result<u64, Fault> {
        let connection = &mut self.connection;
        self.runtime.block_on(async {
            // In the order of the rows: what a clock that was set back stamped too old goes when its time comes.
            let query = sqlx::query(
                "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id <
                    coalesce((SELECT min(id) FROM event WHERE at >= ?1), (SELECT max(id) + 1 FROM event))
                    ORDER BY id LIMIT ?2)",
            );
            let done = query.bind(before).bind(FORGOTTEN).execute(connection).await?;
            Ok(done.rows_affected())
        })
    }

    /// Closes it, with what is in its write-ahead log moved to its place. Dropping it does less: the log stays for the
    /// next one.
    pub fn close(self) -> Result<(), Fault> {
        self.runtime.block_on(self.connection.close()).map_err(Fault::from)
    }
}

async fn open(path: &Path, patience: Duration, now: i64) -> Result<(SqliteConnection, i64), Fault> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(patience)
        .journal_mode(SqliteJournalMode::Wal)
        // A power cut may cost the last batches and never the file; a crash of this process costs nothing.
        .synchronous(SqliteSynchronous::Normal)
        .pragma("temp_store", "MEMORY")
        // What a checkpoint leaves of the log: one that grew while a reader held it is cut again.
        .pragma("journal_size_limit", "67108864")
        .foreign_keys(false);
    // Who reads it sees users, addresses and names of files.
    let mut connection = begun(path, &HISTORY, &options, 0o640).await?;
    let pid = i64::from(std::process::id());
    let query = sqlx::query("INSERT INTO run (at, pid, version) VALUES (?, ?, ?)");
    let run = query.bind(now).bind(pid).bind(env!("CARGO_PKG_VERSION")).execute(&mut connection).await?;
    Ok((connection, run.last_insert_rowid()))
}

/// Tries again while others hold it, for as long as `patience`: SQLite waits for them by itself, but not where the mode of
/// the log changes, as it does when a database begins.
pub(crate) async fn waiting<T, Tried>(
    patience: Duration,
    mut attempt: impl FnMut() -> Tried,
) -> Result<T, Fault>
where
    Tried: Future<Output = Result<T, Fault>>,
{
    let end = Instant::now() + patience;
    loop {
        match attempt().await {
            Err(Fault::Locked) if Instant::now() < end => tokio::time::sleep(AGAIN).await,
            tried => return tried,
        }
    }
}

/// Opens a database for writing, or begins one whose file has this mode; it has the newest tables then.
pub(crate) async fn begun(
    path: &Path,
    schema: &Schema,
    options: &SqliteConnectOptions,
    mode: u32,
) -> Result<SqliteConnection, Fault> {
    // SQLite gives the files beside it the same mode.
    let file = fs::OpenOptions::new().append(true).create(true).mode(mode).open(path);
    drop(file.map_err(|e| Fault::Unusable(e.to_string()))?);
    let mut connection = SqliteConnection::connect_with(options).await?;
    schema.migrate(&mut connection).await?;
    Ok(connection)
}

/// Device and inode of the file under this name.
pub(crate) fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|m| (m.dev(), m.ino()))
}

/// Gives a damaged history another name, with the files that belong to it.
fn put_aside(path: &Path, now: i64) -> io::Result<PathBuf> {
    let with = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let to = with(&format!(".damaged-{now}"));
    fs::rename(path, &to)?;
    // A log that stayed would be taken for the new one's.
    for end in ["-wal", "-shm"] {
        match fs::rename(with(end), with(&format!(".damaged-{now}{end}"))) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(to)
}

fn statement(rows: usize) -> String {
    let one = format!("({})", ["?"; VALUES].join(","));
    let all = vec![one; rows].join(",");
    format!(
        "INSERT INTO event (run, seq, at, event, session, transfer, protocol, peer, user, path, verdict, json) \
         VALUES {all}"
    )
}

fn values(run: i64, rows: &[Row]) -> Result<SqliteArguments, Fault> {
    let mut values = SqliteArguments::default();
    let mut add = |rows: &[Row]| -> Result<(), sqlx::error::BoxDynError> {
        for row in rows {
            values.add(run)?;
            values.add(row.seq)?;
            values.add(row.at)?;
            values.add(row.event)?;
            values.add(row.session)?;
            values.add(row.transfer)?;
            values.add(row.protocol)?;
            values.add(row.peer.as_deref())?;
            values.add(row.user.as_deref())?;
            values.add(row.path.as_deref())?;
            values.add(row.verdict)?;
            values.add(row.json.as_str())?;
        }
        Ok(())
    };
    add(rows).map_err(|e| Fault::Unusable(e.to_string()))?;
    Ok(values)
}
