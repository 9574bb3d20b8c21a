//! The journal of what is done to devices: intent before, outcome after, in an embedded SQLite database.
//!
//! What this does *not* do: it knows no step and no fact. Texts are their owner's (JSON), columns beside them are what
//! people look for. It decides nothing and tries nothing again.
//!
//! What was acknowledged is on the disk (`synchronous = FULL`) before the device hears of it. Who does something to a
//! device has its [`Claim`]: a later claim fences the former, whose next entry is refused. Nothing is locked by a process
//! that died: a claim names its holder, and whether that one lives is asked of the kernel.
//!
//! - `claim` who writes about a device; `holder` whether somebody lives; `look` reading.
//! - `verbs` what is written, `work` the thread that does it.

mod claim;
mod fault;
mod holder;
mod look;
#[cfg(test)]
mod tests;
mod verbs;
mod work;

pub use claim::{Claim, Take};
pub use fault::Fault;
pub use holder::{Alive, Holder};
pub use look::{DeviceKept, EntryKept, Look, RunKept, State};

use crate::Fault as Database;
use crate::reader::look;
use crate::schema::JOURNAL;
use crate::writer::{begun, identity, waiting};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use verbs::{AskToStop, Begin, Claiming, Forget};
use work::Thread;

/// How long others who write are waited for: they have it for one batch.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be done to devices.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The image's name.
    pub image: String,
    /// Its MD5, lower-case hexadecimal.
    pub md5: String,
    /// The plan, as its owner writes it.
    pub plan: String,
}

/// One of the devices of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// How it is reached; no two of a run have the same.
    pub key: String,
    /// Its host name.
    pub hostname: String,
    /// Its serial number, by which two runs know that they are about the same device.
    pub serial: Option<String>,
}

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// What the device was before anything was done to it.
    Began,
    /// Somebody goes on with it.
    Resumed,
    /// What the device said of itself.
    Facts,
    /// What is about to be done. It is on the disk before it is done.
    Intent,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// What was done is to be undone from here on.
    TurnedBack,
    /// The device is through.
    Ended,
    /// A remark for people.
    Note,
    /// A piece of what was typed and said, secrets removed.
    Transcript,
    /// A configuration, as it was.
    Backup,
}

impl Kind {
    /// All of them, with the words that are kept.
    pub const ALL: [(Kind, &'static str); 11] = [
        (Kind::Began, "began"),
        (Kind::Resumed, "resumed"),
        (Kind::Facts, "facts"),
        (Kind::Intent, "intent"),
        (Kind::Done, "done"),
        (Kind::Failed, "failed"),
        (Kind::TurnedBack, "turned-back"),
        (Kind::Ended, "ended"),
        (Kind::Note, "note"),
        (Kind::Transcript, "transcript"),
        (Kind::Backup, "backup"),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Kind::ALL[self as usize].1
    }

    fn read(word: &str) -> Option<Kind> {
        Kind::ALL.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// Writes the journal, for all threads of a process: a copy of it is the same one. Several processes have their turns.
///
/// The last copy and the last [`Claim`] end its thread, when all is written.
#[derive(Clone)]
pub struct Journal {
    thread: Arc<Thread>,
}

impl Journal {
    /// Opens the journal at `path` or begins one: its file has the mode 0600, a directory that is made for it 0700.
    ///
    /// What is there and no journal of this version stays untouched. Nothing is put aside: a damaged journal still says
    /// what was done to devices, and to go on without it is a person's decision.
    pub fn open(path: &Path) -> Result<Journal, Fault> {
        Journal::with_patience(path, PATIENCE)
    }

    fn with_patience(path: &Path, patience: Duration) -> Result<Journal, Fault> {
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
            made.map_err(|e| Database::Unusable(format!("{}: {e}", dir.display())))?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|e| Database::Unusable(e.to_string()))?;
        let connection = runtime.block_on(waiting(patience, async || {
            if fs::symlink_metadata(path).is_ok_and(|m| m.len() > 0) {
                // Opening it for writing would change what is not ours.
                match look(path, &JOURNAL, patience).await {
                    // Somebody begins it in this moment, or died when he did.
                    Ok(_) | Err(Database::Empty) => {}
                    Err(fault) => return Err(fault),
                }
            }
            begun(path, &JOURNAL, &work::options(path, patience), 0o600).await
        }))?;
        let file = identity(path).ok_or_else(|| Database::Gone(path.to_path_buf()))?;
        let thread = Thread::start(path.to_path_buf(), file, connection, runtime)?;
        Ok(Journal { thread: Arc::new(thread) })
    }

    /// Keeps a new run with its devices, in their order; gives its number, which people type.
    pub fn begin(&self, run: &Run, devices: &[Device]) -> Result<i64, Fault> {
        let mut keys: Vec<_> = devices.iter().map(|device| device.key.as_str()).collect();
        keys.sort_unstable();
        if let Some(twice) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Fault::Twice(twice[0].to_owned()));
        }
        self.thread.ask(Begin { run: run.clone(), devices: devices.to_vec() })
    }

    /// Takes the device's next generation: from now on no other claim on it writes.
    ///
    /// Refused while somebody else has it and lives, also for another run, and for a device that has ended, unless `take`
    /// says otherwise.
    pub fn claim(&self, run: i64, key: &str, take: Take) -> Result<Claim, Fault> {
        let mine = self.thread.ask(Claiming { run, key: key.to_owned(), take })?;
        Ok(Claim { thread: self.thread.clone(), mine })
    }

    /// Asks whoever is at work on a run to stop at the next safe point, or takes that back. Gives whether there is such a
    /// run.
    pub fn ask_to_stop(&self, run: i64, stop: bool) -> Result<bool, Fault> {
        self.thread.ask(AskToStop { run, stop })
    }

    /// Takes runs out, with all that was kept of their devices; their numbers are not given again. All of them, or where one has a
    /// device that has not ended, none.
    pub fn forget(&self, runs: &[i64]) -> Result<(), Fault> {
        self.thread.ask(Forget { runs: runs.to_vec() })
    }
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
