use std::path::PathBuf;

/// What can go wrong with the history, by what helps.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// Another process holds it for longer than we wait.
    #[error("another process has it locked")]
    Locked,
    /// Its file is not the one that was opened: deleted, or replaced.
    #[error("its file {} was deleted or replaced", .0.display())]
    Gone(PathBuf),
    /// What is there is no history, or is broken.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Nobody has written anything yet: whoever began it died at once.
    #[error("there is nothing in it yet")]
    Empty,
    /// A database, and another one: of another program, or of other things.
    #[error("it is a database of something else")]
    Foreign,
    /// Made by a newer version of this program.
    #[error(
        "it has the version {found}, and this program knows versions up to {known}; use the newer program"
    )]
    Newer {
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// It cannot be opened, read or written: rights, a full disk, a read-only file system.
    #[error("{0}")]
    Unusable(String),
}

// SQLite's result codes, https://www.sqlite.org/rescode.html; the low octet of an extended code.
const BUSY: i64 = 5;
const LOCKED: i64 = 6;
const CORRUPT: i64 = 11;
const NOT_A_DATABASE: i64 = 26;

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Fault {
        let Some(database) = error.as_database_error() else { return Fault::Unusable(error.to_string()) };
        let code = database.code().and_then(|c| c.parse::<i64>().ok()).unwrap_or(0);
        match code & 0xff {
            BUSY | LOCKED => Fault::Locked,
            CORRUPT | NOT_A_DATABASE => Fault::Damaged(database.message().to_owned()),
            _ => Fault::Unusable(database.message().to_owned()),
        }
    }
}
