use super::Holder;
use crate::Fault as Database;

/// What can go wrong with the journal, by what helps.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// The database.
    #[error(transparent)]
    Database(#[from] Database),
    /// Somebody else has claimed the device since: nothing more may be done to it by this claim.
    #[error("another one has taken the device over{}", .by.as_ref().map(|by| format!(": {by}")).unwrap_or_default())]
    Fenced {
        /// Who has it now; `None`: nobody any more.
        by: Option<Holder>,
    },
    /// Somebody who lives, or of whom that cannot be known, is at work on the device.
    #[error("run {run} is at work on it: {by}")]
    Held {
        /// For which run.
        run: i64,
        /// Who.
        by: Holder,
    },
    /// The device has ended in this run.
    #[error("it has ended in this run: {outcome}")]
    Ended {
        /// How.
        outcome: String,
    },
    /// There is no such run, or no such device in it.
    #[error("there is no run {run} with the device {key}")]
    Absent {
        /// The run.
        run: i64,
        /// The device.
        key: String,
    },
    /// A run is not over.
    #[error("run {run} is not over: {key} has not ended")]
    Unfinished {
        /// The run.
        run: i64,
        /// One of its devices that has not ended.
        key: String,
    },
    /// Two devices of a run have the same name.
    #[error("the device {0} is named twice")]
    Twice(String),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Fault {
        Fault::Database(error.into())
    }
}
