//! Threads that may wait for the disk: opening files, making uploads durable.

use super::names::Names;
use super::open::{Asked, Opened, open};
use super::slots::Key;
use gate::{End, Refusal, Session, Writing};
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

/// Commits of big files occupy a thread for seconds; the others open files meanwhile.
const THREADS: usize = 4;
/// The digest of a large image takes seconds as well, and a fleet that asks for one waits for the first to
/// compute it: these threads are theirs, so that files are opened meanwhile.
const DIGESTS: usize = 2;

/// Something to do.
pub(super) enum Job {
    Open { key: Key, session: Session, asked: Asked },
    Commit { key: Key, writing: Writing, end: End },
}

/// Something done.
pub(super) enum Done {
    Opened(Key, Box<Result<Opened, Refusal>>),
    Committed(Key, Result<(), Refusal>),
}

/// The threads. Dropped, they end after what they are doing; nobody waits for them.
pub(super) struct Workers {
    jobs: mpsc::Sender<Job>,
    /// For what reads a whole file first.
    long: mpsc::Sender<Job>,
    done: mpsc::Receiver<Done>,
    wake: Arc<OwnedFd>,
}

impl Workers {
    pub(super) fn start(names: &Arc<Names>) -> io::Result<Workers> {
        let (finished, done) = mpsc::channel();
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let team = |what: &str, threads: usize| {
            let (jobs, queue) = mpsc::channel();
            // Guards the receiving end; held while one thread waits for the next job.
            let queue = Arc::new(Mutex::new(queue));
            for n in 0..threads {
                let names = names.clone();
                let (queue, finished, wake) = (queue.clone(), finished.clone(), wake.clone());
                std::thread::Builder::new().name(format!("tftp-{what}-{n}")).spawn(move || {
                    loop {
                        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        let Ok(job) = job else { return };
                        if finished.send(caught(&names, job)).is_err() {
                            return;
                        }
                        // The counter can only be full when the loop has been woken already.
                        let _ = rustix::io::write(&*wake, &1u64.to_ne_bytes());
                    }
                })?;
            }
            io::Result::Ok(jobs)
        };
        Ok(Workers { jobs: team("disk", THREADS)?, long: team("sums", DIGESTS)?, done, wake })
    }

    /// Readable when something is done.
    pub(super) fn wake(&self) -> &OwnedFd {
        &self.wake
    }

    pub(super) fn submit(&self, job: Job) {
        let queue = match &job {
            Job::Open { asked, .. } if asked.may_take_long() => &self.long,
            Job::Open { .. } | Job::Commit { .. } => &self.jobs,
        };
        // The threads live as long as their sender.
        let _ = queue.send(job);
    }

    pub(super) fn done(&self) -> Option<Done> {
        self.done.try_recv().ok()
    }
}

/// Does it; a panic in the storage, which is a fault of ours, costs this one job and not the thread.
fn caught(names: &Names, job: Job) -> Done {
    let refusal = || Refusal::Io(String::from("internal error"));
    let failed = match &job {
        Job::Open { key, .. } => Done::Opened(*key, Box::new(Err(refusal()))),
        Job::Commit { key, .. } => Done::Committed(*key, Err(refusal())),
    };
    // Whatever the job held is dropped by the panic: transfers end as aborted, leases are given back.
    catch_unwind(AssertUnwindSafe(|| run(names, job))).unwrap_or(failed)
}

fn run(names: &Names, job: Job) -> Done {
    match job {
        Job::Open { key, session, asked } => Done::Opened(key, Box::new(open(&session, names, &asked))),
        Job::Commit { key, writing, end } => Done::Committed(key, writing.commit(end).map(|_| ())),
    }
}
