//! The worker's end: questions go to the monitor, its orders come in.

use super::wire::{Cause, Fault, Start, ToMonitor, ToWorker, receive, send};
use super::{Answer, Privileged, Question, Refused};
use crate::exit::{Exit, Failure};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use transport::Channel;

/// What a server is told to do; later ones go further.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Order {
    /// Serve.
    Serve,
    /// Leave the sockets to a successor; what runs goes on.
    Retire,
    /// Nothing new; what runs goes on.
    Drain,
    /// End now.
    Cut,
}

/// A worker's monitor.
#[derive(Debug)]
pub(crate) struct Asked {
    channel: Channel,
    /// Guards who waits for which answer; none: the monitor is gone.
    waiting: Mutex<Option<BTreeMap<u64, mpsc::Sender<Answer>>>>,
    next: AtomicU64,
}

/// What the thread that hears the monitor passes on.
pub(crate) trait Hear: Send + 'static {
    /// An order.
    fn order(&self, order: Order);
    /// A successor asks what an operator asked it.
    fn caller(&self, socket: OwnedFd);
    /// A signal asked for a reload; why it did not come about, if so.
    fn reloaded(&self, cause: Cause, refused: Option<String>);
    /// The monitor wants to know whether the loop goes round.
    fn ping(&self, nth: u64);
}

impl Asked {
    /// Takes this process's end of the channel and the monitor's first message.
    pub(crate) fn begin() -> Result<(Asked, Start, Vec<OwnedFd>), Failure> {
        let fault =
            |what: String| Failure::new(Exit::Usage, "--worker", what, "only a monitor starts workers");
        let gone = |e: std::io::Error| fault(format!("there is no monitor: {e}"));
        let channel = transport::given().and_then(Channel::inherited).map_err(gone)?;
        match receive(&channel).map_err(gone)? {
            Some((ToWorker::Start(start), descriptors)) if start.labels.len() == descriptors.len() => {
                let version = env!("CARGO_PKG_VERSION");
                if start.version != version {
                    return Err(fault(format!("the monitor is of version {}, not {version}", start.version)));
                }
                let waiting = Mutex::new(Some(BTreeMap::new()));
                Ok((Asked { channel, waiting, next: AtomicU64::new(1) }, start, descriptors))
            }
            _ => Err(fault("the monitor's first message is no start".into())),
        }
    }

    /// Tells the monitor something; one that is gone has no use for it.
    pub(crate) fn tell(&self, what: &ToMonitor) {
        let _gone = send(&self.channel, what, &[]);
    }

    /// Tells why this worker cannot serve.
    pub(crate) fn failed(&self, failure: &Failure) {
        self.tell(&ToMonitor::Failed(Fault::from(failure)));
    }

    /// Says with what code this worker ends.
    pub(crate) fn ended(&self, exit: Exit) {
        self.tell(&ToMonitor::Ended { exit: exit.code() });
    }

    /// Says that everything is open and given up, and waits until nobody else serves: where numbers go on. `None`: it
    /// is not to serve.
    pub(crate) fn ready(&self) -> Option<u64> {
        self.tell(&ToMonitor::Ready);
        match receive(&self.channel) {
            Ok(Some((ToWorker::Go { numbers }, _))) => Some(numbers),
            Ok(_) | Err(_) => None,
        }
    }

    /// Hears the monitor on a thread of its own, to its end: then what runs is drained.
    pub(crate) fn hear(self: &Arc<Asked>, by: impl Hear) -> std::io::Result<()> {
        let asked = self.clone();
        std::thread::Builder::new().name("monitor".into()).spawn(move || {
            while let Ok(Some((message, descriptors))) = receive::<ToWorker>(&asked.channel) {
                match message {
                    ToWorker::Answer(nth, said) => {
                        let waiting = asked
                            .waiting
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .as_mut()
                            .and_then(|w| w.remove(&nth));
                        if let Some(waiting) = waiting {
                            // Whoever asked may have gone.
                            let _gone = waiting.send(said.with(descriptors.into_iter().next()));
                        }
                    }
                    ToWorker::Ping(nth) => by.ping(nth),
                    ToWorker::Caller => descriptors.into_iter().for_each(|socket| by.caller(socket)),
                    ToWorker::Reloaded(cause, refused) => by.reloaded(cause, refused),
                    ToWorker::Retire => by.order(Order::Retire),
                    ToWorker::Drain => by.order(Order::Drain),
                    ToWorker::Cut => by.order(Order::Cut),
                    // Said once, and before.
                    ToWorker::Start(_) | ToWorker::Go { .. } => {}
                }
            }
            // Dropping the senders tells all who wait.
            *asked.waiting.lock().unwrap_or_else(PoisonError::into_inner) = None;
            by.order(Order::Drain);
        })?;
        Ok(())
    }
}

impl Privileged for Asked {
    fn ask(&self, question: Question) -> Answer {
        let nth = self.next.fetch_add(1, Ordering::Relaxed);
        let (tell, answer) = mpsc::channel();
        match &mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(waiting) => waiting.insert(nth, tell),
            None => return Answer::Refused(Refused::Gone),
        };
        if send(&self.channel, &ToMonitor::Ask(nth, question), &[]).is_err() {
            return Answer::Refused(Refused::Gone);
        }
        answer.recv().unwrap_or(Answer::Refused(Refused::Gone))
    }
}
