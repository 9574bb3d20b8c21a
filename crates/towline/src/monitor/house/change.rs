//! From one worker to the next: a reload, a death.

use super::super::wire::{Cause, ToWorker, send};
use super::super::{Answer, Refused};
use super::files::Watched;
use super::worker::{Life, Worker};
use super::{Ending, House, LATE, Prepared, SOON, STEADY, fate, reply, say};
use crate::exit::{Exit, Failure};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Instant;
use transport::Channel;

/// A worker's sessions and transfers are counted from a multiple of this, behind those of the one before.
const APART: u64 = 1_000;

/// Who asked for a worker.
pub(super) enum Asker {
    /// Nobody: it is the first one, or the one before has died.
    Nobody,
    /// A signal.
    Signal,
    /// Certificates that have changed.
    Files,
    /// An operator, by a worker's question of this number.
    Worker(Arc<Channel>, u64),
}

/// A worker that is to serve and does not yet.
pub(super) struct Next {
    generation: u32,
    prepared: Arc<Prepared>,
    asker: Asker,
    /// Why it cannot.
    pub(super) failure: Option<Failure>,
}

impl House {
    /// Starts a worker that is to serve.
    pub(super) fn begin(&mut self, prepared: Arc<Prepared>, asker: Asker) -> Result<(), (Failure, Asker)> {
        self.generation += 1;
        let worker = match Worker::start(&self.arguments, self.generation, &prepared) {
            Ok(worker) => worker,
            Err(failure) => return Err((failure, asker)),
        };
        self.workers.push(worker);
        self.next = Some(Next { generation: self.generation, prepared, asker, failure: None });
        Ok(())
    }

    pub(super) fn next_of(&mut self, generation: u32) -> Option<&mut Next> {
        self.next.as_mut().filter(|next| next.generation == generation)
    }

    /// Judges the configuration and starts a worker with it.
    pub(super) fn reload(&mut self, asker: Asker) {
        if !matches!(self.ending, Ending::No) {
            return self.refuse(asker, String::from("the service comes to its end"));
        }
        if self.next.is_some() {
            return self.refuse(asker, String::from("a worker is being started already: try again"));
        }
        self.notify.reloading();
        // Also where it comes to nothing: what is half there is tried again when it changes.
        self.watched = Watched::of(self.prepared.certificates.clone(), Instant::now());
        let begun = match (self.prepare)(Some(&self.prepared)) {
            Ok(prepared) => {
                // The worker reads them from here on.
                self.watched = Watched::of(prepared.certificates.clone(), Instant::now());
                self.begin(Arc::new(prepared), asker)
            }
            Err(failure) => Err((failure, asker)),
        };
        if let Err((failure, asker)) = begun {
            self.refuse(asker, format!("{failure}; the old configuration stays"));
            self.notify.ready(&self.status);
        }
    }

    /// No worker with another configuration serves; who asked for one is told why.
    fn refuse(&self, asker: Asker, why: String) {
        say(&format!("reload: {why}"));
        match asker {
            Asker::Nobody => {}
            // Whoever serves has the audit.
            Asker::Signal => self.tell_who_serves(&ToWorker::Reloaded(Cause::Signal, Some(why))),
            Asker::Files => self.tell_who_serves(&ToWorker::Reloaded(Cause::Files, Some(why))),
            Asker::Worker(channel, n) => reply(&channel, n, Answer::Refused(Refused::Failed(why))),
        }
    }

    fn tell_who_serves(&self, what: &ToWorker) {
        let serving = self.workers.iter().find(|worker| worker.life == Life::Serving);
        serving.into_iter().for_each(|worker| worker.tell(what));
    }

    /// A worker has opened everything: the one that serves is to leave the sockets.
    pub(super) fn ready(&mut self, nth: usize) {
        let generation = self.workers[nth].generation;
        if self.next_of(generation).is_none() || self.workers[nth].life != Life::Starting {
            return;
        }
        self.workers[nth].becomes(Life::Waiting);
        match self.workers.iter_mut().find(|w| w.life == Life::Serving) {
            Some(old) => {
                old.becomes(Life::Leaving);
                old.tell(&ToWorker::Retire);
            }
            None => self.go(),
        }
    }

    /// The old one has left them.
    pub(super) fn retired(&mut self, nth: usize, numbers: u64) {
        if self.workers[nth].life == Life::Leaving {
            // What is half here may still become a session there: a thousand numbers and more are left for that.
            self.numbers = self.numbers.max((numbers / APART + 2).saturating_mul(APART));
            self.workers[nth].becomes(Life::Draining);
            self.go();
        }
    }

    /// Connects a worker with the nth of the others that drain, from the youngest.
    pub(super) fn elder(&self, asking: u32, nth: usize) -> Answer {
        let drains = |w: &&Worker| w.generation != asking && matches!(w.life, Life::Leaving | Life::Draining);
        let Some(elder) = self.workers.iter().rev().filter(drains).nth(nth) else {
            return Answer::Refused(Refused::NotListed(String::from("worker that drains")));
        };
        let made = UnixStream::pair().and_then(|(ours, theirs)| {
            send(&elder.channel, &ToWorker::Caller, &[theirs.as_fd()])?;
            Ok(ours)
        });
        match made {
            Ok(ours) => Answer::Socket(ours.into()),
            Err(e) => Answer::Refused(Refused::of(&e)),
        }
    }

    fn go(&mut self) {
        if let Some(waiting) = self.workers.iter_mut().find(|w| w.life == Life::Waiting) {
            waiting.becomes(Life::Going);
            waiting.tell(&ToWorker::Go { numbers: self.numbers });
        }
    }

    /// The new one serves.
    pub(super) fn serving(&mut self, nth: usize, status: String) {
        let worker = &mut self.workers[nth];
        let generation = worker.generation;
        if worker.life != Life::Going {
            return;
        }
        worker.becomes(Life::Serving);
        let Some(next) = self.next.take_if(|next| next.generation == generation) else { return };
        self.prepared = next.prepared;
        self.notify.ready(&status);
        self.status = status;
        match next.asker {
            Asker::Nobody => {}
            Asker::Signal => self.tell_who_serves(&ToWorker::Reloaded(Cause::Signal, None)),
            Asker::Files => self.tell_who_serves(&ToWorker::Reloaded(Cause::Files, None)),
            Asker::Worker(channel, n) => reply(&channel, n, Answer::Done),
        }
    }

    /// A worker has ended. `Some`: all is over.
    pub(super) fn gone(&mut self, nth: usize) -> Option<Result<(), Failure>> {
        let mut worker = self.workers.remove(nth);
        let how = fate(worker.end());
        if let Some(next) = self.next.take_if(|next| next.generation == worker.generation) {
            return self.stillborn(next, &worker, &how);
        }
        match (&self.ending, worker.life) {
            (Ending::Draining(_) | Ending::Cut(_), _) | (_, Life::Draining) => None,
            (Ending::No, Life::Starting | Life::Waiting | Life::Going | Life::Serving | Life::Leaving) => {
                if let Some(exit) = worker.exit {
                    // It ended of itself: one transfer was wanted, say.
                    return Some(of_exit(exit));
                }
                say(&format!("worker {} {how}", worker.pid()));
                // A successor that waits for it need not any more.
                self.go();
                if self.next.is_none() {
                    if worker.since.elapsed() > STEADY {
                        self.pause = SOON;
                    }
                    self.another(&how);
                }
                None
            }
        }
    }

    /// Starts another worker, later each time.
    pub(super) fn another(&mut self, how: &str) {
        let pause = self.pause;
        self.pause = (pause * 2).min(LATE);
        self.again = Some(Instant::now() + pause);
        self.notify.status(&format!("the worker {how}; another starts"));
        say(&format!("another worker starts in {} ms", pause.as_millis()));
    }

    /// One that was to serve has ended before it did.
    fn stillborn(&mut self, next: Next, worker: &Worker, how: &str) -> Option<Result<(), Failure>> {
        let failure = next.failure.unwrap_or_else(|| {
            Failure::new(Exit::Failed, "the worker", format!("{how} before it served"), "see what it said")
        });
        if !matches!(self.ending, Ending::No) {
            return None;
        }
        // The first one of all.
        if worker.generation == 1 {
            return Some(Err(failure));
        }
        self.refuse(next.asker, format!("{failure}; the old configuration stays"));
        if self.workers.iter().any(|w| w.life == Life::Serving) {
            self.notify.ready(&self.status);
        } else {
            // The old one has left the sockets already, or died before.
            self.another(how);
        }
        None
    }
}

fn of_exit(exit: u8) -> Result<(), Failure> {
    match Exit::ALL.iter().find(|(known, _)| known.code() == exit) {
        Some((Exit::Done, _)) => Ok(()),
        Some((exit, _)) => Err(Failure::new(*exit, "serve", "the worker ended", "see what it said")),
        None => Err(Failure::new(Exit::Failed, "serve", "the worker ended", "see what it said")),
    }
}
