use crate::Fault;
use crate::schema::{HISTORY, Schema};
use crate::writer::identity;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Row as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Runtime;

/// How long a look waits for a writer that closes the history in this moment.
const PATIENCE: Duration = Duration::from_secs(5);
/// Rows of one look: what a caller does with them does not hold the history open.
const AT_ONCE: usize = 1_000;

/// What is looked for. What is `None` is not asked for.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Query {
    /// From the first one on that has this time or a later one: milliseconds since 1970. What follows in order
    /// belongs to it whatever its time says.
    pub since: Option<i64>,
    /// Up to the last one that has this time or an earlier one.
    pub until: Option<i64>,
    /// The clock of now. A time that is still to come was stamped by a clock that ran ahead, and is no beginning.
    pub now: i64,
    /// The user.
    pub user: Option<String>,
    /// The protocol.
    pub protocol: Option<String>,
    /// The verdict over a transfer.
    pub verdict: Option<String>,
    /// The kind of event.
    pub event: Option<String>,
    /// A file, or a directory with all below; with `*` or `?` a pattern of the shell's.
    pub path: Option<String>,
    /// Only what came after this one.
    pub after: Option<i64>,
}

/// A row that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its place in the order of all.
    pub id: i64,
    /// The peer's address.
    pub peer: Option<String>,
    /// All of it: a JSON object.
    pub json: String,
}

/// Looks into a history, also while others write it. Never changes it.
pub struct Reader {
    connection: SqliteConnection,
    runtime: Runtime,
    /// Its file: device and inode.
    file: Option<(u64, u64)>,
}

impl Reader {
    /// Opens the history at `path`, which must be there.
    pub fn open(path: &Path) -> Result<Reader, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|e| Fault::Unusable(e.to_string()))?;
        let connection = runtime.block_on(look(path, &HISTORY, PATIENCE))?;
        Ok(Reader { connection, runtime, file: identity(path) })
    }

    /// Hands the rows to `each` in their order, until it says `false`.
    pub fn read(&mut self, query: &Query, mut each: impl FnMut(Kept) -> bool) -> Result<(), Fault> {
        let (from, to) = self.range(query)?;
        let mut after = from - 1;
        loop {
            let rows = self.some(query, "id > ?1 AND id <= ?2", "id", (after, to))?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            for row in rows {
                if !each(row) {
                    return Ok(());
                }
            }
        }
    }

    /// The last `count` rows of which `keep` says so, in their order.
    pub fn last(
        &mut self,
        query: &Query,
        count: usize,
        mut keep: impl FnMut(&Kept) -> bool,
    ) -> Result<Vec<Kept>, Fault> {
        let (from, mut to) = self.range(query)?;
        let mut found = Vec::new();
        while found.len() < count {
            let rows = self.some(query, "id >= ?1 AND id <= ?2", "id DESC", (from, to))?;
            let Some(last) = rows.last() else { break };
            to = last.id - 1;
            found.extend(rows.into_iter().filter(&mut keep).take(count - found.len()));
        }
        found.reverse();
        Ok(found)
    }

    /// Whether what has this name now is another file than the one that is read, or none.
    pub fn is_another(&self, path: &Path) -> bool {
        identity(path) != self.file
    }

    /// The number of the last row; 0: there is none.
    pub fn end(&mut self) -> Result<i64, Fault> {
        let connection = &mut self.connection;
        self.runtime.block_on(async {
            let row = sqlx::query("SELECT coalesce(max(id), 0) FROM event").fetch_one(connection).await?;
            row.try_get(0).map_err(Fault::from)
        })
    }

    /// The first and last number that the times of a query allow.
    fn range(&mut self, query: &Query) -> Result<(i64, i64), Fault> {
        let connection = &mut self.connection;
        let (mut from, mut to) = (query.after.map_or(1, |id| id + 1), i64::MAX);
        self.runtime.block_on(async {
            if let Some(since) = query.since {
                // A time that is still to come counts only where it is asked for.
                let latest = if since > query.now { i64::MAX } else { query.now };
                let first = sqlx::query("SELECT min(id) FROM event WHERE at BETWEEN ? AND ?");
                let row = first.bind(since).bind(latest).fetch_one(&mut *connection).await?;
                let first: Option<i64> = row.try_get(0)?;
                from = from.max(first.unwrap_or(i64::MAX));
            }
            if let Some(until) = query.until {
                let last = sqlx::query("SELECT max(id) FROM event WHERE at <= ?");
                let row = last.bind(until).fetch_one(&mut *connection).await?;
                let last: Option<i64> = row.try_get(0)?;
                to = last.unwrap_or(0);
            }
            Ok((from, to))
        })
    }

    fn some(
        &mut self,
        query: &Query,
        range: &str,
        order: &str,
        (from, to): (i64, i64),
    ) -> Result<Vec<Kept>, Fault> {
        let pattern = query.path.as_ref().is_some_and(|p| p.contains(['*', '?']));
        let path = match pattern {
            true => "path GLOB ?7",
            // `/a` is `/a` and all below, and not `/ab`.
            false => "(path = ?7 OR substr(path, 1, length(rtrim(?7, '/')) + 1) = rtrim(?7, '/') || '/')",
        };
        let text = format!(
            "SELECT id, peer, json FROM event WHERE {range} \
             AND (?3 IS NULL OR user = ?3) AND (?4 IS NULL OR protocol = ?4) \
             AND (?5 IS NULL OR verdict = ?5) AND (?6 IS NULL OR event = ?6) AND (?7 IS NULL OR {path}) \
             ORDER BY {order} LIMIT {AT_ONCE}"
        );
        let connection = &mut self.connection;
        self.runtime.block_on(async {
            let found = sqlx::query(AssertSqlSafe(text))
                .bind(from)
                .bind(to)
                .bind(query.user.as_deref())
                .bind(query.protocol.as_deref())
                .bind(query.verdict.as_deref())
                .bind(query.event.as_deref())
                .bind(query.path.as_deref());
            let rows = found.fetch_all(connection).await?;
            rows.iter().map(kept).collect()
        })
    }
}

fn kept(row: &SqliteRow) -> Result<Kept, Fault> {
    Ok(Kept { id: row.try_get(0)?, peer: row.try_get(1)?, json: row.try_get(2)? })
}

/// Opens a database to look at it, also while others write it.
pub(crate) async fn look(
    path: &Path,
    schema: &Schema,
    patience: Duration,
) -> Result<SqliteConnection, Fault> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(patience);
    match checked(&options, schema).await {
        // Who may not write beside it cannot share it with a writer. Where nothing waits in its log there is none
        // in the middle of anything, and it is read as it is.
        Err(Fault::Unusable(_)) if path.exists() && !has_log(path) => {
            checked(&options.immutable(true), schema).await
        }
        opened => opened,
    }
}

/// Opens it and looks whether it is one that this program can read.
async fn checked(options: &SqliteConnectOptions, schema: &Schema) -> Result<SqliteConnection, Fault> {
    let mut connection = SqliteConnection::connect_with(options).await?;
    match schema.check(&mut connection).await? {
        0 => Err(Fault::Empty),
        _ => Ok(connection),
    }
}

/// Whether there is something in the write-ahead log beside it.
fn has_log(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name).metadata().is_ok_and(|m| m.len() > 0)
}
