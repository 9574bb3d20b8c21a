//! The thread that writes: what waits for it is written in one transaction, so that many who write at once cost one
//! wait for the disk.

use super::Fault;
use crate::Fault as Database;
use crate::writer::identity;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Jobs of one transaction: others have their turn between.
const BATCH: usize = 256;

/// Something that the thread is asked to do.
pub(super) trait Verb: Send + 'static {
    /// What it answers.
    type Said: Send + 'static;

    /// Does it, in the middle of a transaction. What a rule refuses it refuses before it changes anything.
    async fn perform(&self, connection: &mut SqliteConnection) -> Result<Self::Said, Fault>;
}

/// A verb whose answer somebody waits for.
struct Asked<V: Verb> {
    verb: V,
    said: Option<Result<V::Said, Fault>>,
    reply: SyncSender<Result<V::Said, Fault>>,
}

/// The same without its type.
trait Job: Send {
    /// Does it; gives what is wrong with the database.
    fn perform<'a>(
        &'a mut self,
        connection: &'a mut SqliteConnection,
    ) -> Pin<Box<dyn Future<Output = Option<Database>> + 'a>>;

    /// Tells who asked, now that it is known whether the transaction is on the disk.
    fn answer(self: Box<Self>, kept: &Result<(), Database>);
}

impl<V: Verb> Job for Asked<V> {
    fn perform<'a>(
        &'a mut self,
        connection: &'a mut SqliteConnection,
    ) -> Pin<Box<dyn Future<Output = Option<Database>> + 'a>> {
        Box::pin(async {
            let said = self.verb.perform(connection).await;
            let wrong = match &said {
                Err(Fault::Database(fault)) => Some(fault.clone()),
                Ok(_) | Err(_) => None,
            };
            self.said = Some(said);
            wrong
        })
    }

    fn answer(self: Box<Self>, kept: &Result<(), Database>) {
        let said = match (kept, self.said) {
            (Err(fault), _) => Err(Fault::Database(fault.clone())),
            (Ok(()), said) => said.expect("what is kept was performed"),
        };
        // Who asked may have gone.
        let _nobody = self.reply.send(said);
    }
}

/// The thread, and the way to it.
pub(super) struct Thread {
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

/// As the journal is opened for writing.
pub(super) fn options(path: &Path, patience: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(patience)
        .journal_mode(SqliteJournalMode::Wal)
        // An intent has to outlive a power cut, or a step is done twice.
        .synchronous(SqliteSynchronous::Full)
        .pragma("temp_store", "MEMORY")
        .pragma("journal_size_limit", "67108864")
        .foreign_keys(false)
}

impl Thread {
    pub(super) fn start(
        path: PathBuf,
        file: (u64, u64),
        connection: SqliteConnection,
        runtime: Runtime,
    ) -> Result<Thread, Fault> {
        let (jobs, asked) = channel();
        let work = Work { path, file, connection, runtime };
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || work.run(&asked));
        let thread = thread.map_err(|e| Database::Unusable(e.to_string()))?;
        Ok(Thread { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Has it done, and waits until it is on the disk.
    pub(super) fn ask<V: Verb>(&self, verb: V) -> Result<V::Said, Fault> {
        let (reply, answer) = sync_channel(1);
        let gone = || Fault::Database(Database::Unusable(String::from("its thread has ended")));
        let job = Box::new(Asked { verb, said: None, reply });
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or_else(gone)?;
        answer.recv().map_err(|_| gone())?
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

struct Work {
    path: PathBuf,
    /// Its file, so that another under its name is noticed: device and inode.
    file: (u64, u64),
    connection: SqliteConnection,
    runtime: Runtime,
}

impl Work {
    fn run(mut self, asked: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = asked.recv() {
            let mut jobs = vec![first];
            jobs.extend(asked.try_iter().take(BATCH - 1));
            self.batch(jobs);
        }
        // Its log stays beside it where this fails, and the next one finds it there.
        let _left = self.runtime.block_on(self.connection.close());
    }

    /// All of them or none; who was refused by a rule is told so, and the others go on.
    fn batch(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let kept = match identity(&self.path) == Some(self.file) {
            true => self.runtime.block_on(transaction(&mut self.connection, &mut jobs)),
            // SQLite would write on into a file without a name.
            false => Err(Database::Gone(self.path.clone())),
        };
        for job in jobs {
            job.answer(&kept);
        }
    }
}

async fn transaction(connection: &mut SqliteConnection, jobs: &mut [Box<dyn Job>]) -> Result<(), Database> {
    let mut all = connection.begin_with("BEGIN IMMEDIATE").await?;
    for job in jobs {
        if let Some(fault) = job.perform(&mut all).await {
            // Dropped it is undone, at the latest when the next one begins.
            return Err(fault);
        }
    }
    all.commit().await?;
    Ok(())
}
