//! Hooks: a command or a web address that is told of the events that the configuration wants told there.
//!
//! A hook has a queue and a thread of its own and does one event after the other, so that it sees them in their
//! order; one that hangs or fails holds up nothing but itself. What this does *not* do: it starts no program and
//! makes no connection. Both are asked for, by the number of the hook in the configuration.
//!
//! - `wants` which events, `tries` how often and when, `program` a command, `web` a POST to a `target`.

mod program;
mod target;
#[cfg(test)]
mod tests;
mod tries;
mod wants;
mod web;

pub use target::Target;

use super::Tell;
use super::queue::Queue;
use crate::config::Loaded;
use crate::config::audit;
use crate::events::{self, told};
use crate::exit::{Exit, Failure};
use crate::monitor::{self, Place, Privileged};
use gate::audit::{Event, What};
use program::Program;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use transport::tls_client::Trust;
use tries::Tries;
use wants::Wants;
use web::Web;

/// The event that hooks make themselves: none is told of it, or one that fails would have no end.
pub const HOOKS_OWN: &str = "hook_failed";
/// Events that wait for one hook: what is older than that is no news.
const WAITING: usize = 1_024;
/// How often what is lost, and what failed, is told.
const TELL: Duration = Duration::from_secs(10);
/// How long what waits may take at the end.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// What hooks need of this host's files, read before the process gives files up.
pub struct Outside {
    /// Who is believed to be a web server; none: no hook asks for one over TLS.
    trust: Option<Trust>,
    /// The token of each hook, by its place.
    tokens: Vec<Option<String>>,
}

impl Outside {
    /// Reads tokens, and the certificates that this host trusts where a hook needs them.
    pub fn of(loaded: &Loaded) -> Result<Outside, Failure> {
        let hooks = &loaded.config.hook;
        let is_tls = |hook: &audit::Hook| hook.url.as_deref().is_some_and(|url| url.starts_with("https:"));
        let trust = match hooks.iter().position(is_tls) {
            None => None,
            Some(nth) => Some(Trust::of_system().map_err(|e| {
                let way_out = "install the distribution's package ca-certificates, or set SSL_CERT_FILE";
                Failure::new(Exit::Local, loaded.thing(&format!("hook.{nth}.url")), e, way_out)
            })?),
        };
        let token = |(nth, hook): (usize, &audit::Hook)| {
            let thing = || loaded.thing(&format!("hook.{nth}.token"));
            let token = hook.token.as_ref().map(|secret| secret.resolve(&thing())).transpose()?;
            match token {
                // It becomes a line of a head.
                Some(token) if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) => Err(
                    Failure::usage(thing(), "the token is not printable ASCII without spaces", "check it"),
                ),
                token => Ok(token),
            }
        };
        Ok(Outside { trust, tokens: hooks.iter().enumerate().map(token).collect::<Result<_, _>>()? })
    }
}

/// Every hook of the configuration, begun.
pub(super) fn start(
    loaded: &Loaded,
    outside: Outside,
    privileged: &Arc<dyn Privileged>,
    tell: &Tell,
) -> io::Result<Vec<Hook>> {
    let Outside { trust, mut tokens } = outside;
    let hooks = loaded.config.hook.iter().zip(0u32..).zip(tokens.drain(..));
    let start = |((hook, nth), token): ((&audit::Hook, u32), Option<String>)| {
        let target = hook.url.as_deref().and_then(|url| Target::parse(url).ok());
        let deed: Box<dyn Deed> = match target {
            Some(target) => {
                let trust = trust.clone().filter(|_| target.is_tls);
                let place = Place::Hook(nth);
                Box::new(Web::new(privileged.clone(), place, target, trust, token, hook.timeout))
            }
            None => Box::new(Program::new(privileged.clone(), monitor::Program::Hook(nth), hook.timeout)),
        };
        let name = format!("hook {}", nth + 1);
        Hook::start(name, WAITING, Wants::of(hook), deed, Tries::new(hook.retries, hook.wait), tell.clone())
    };
    hooks.map(start).collect()
}

/// What is done for an event.
trait Deed: Send {
    /// Once.
    fn attempt(&mut self, event: &Event, json: &str) -> Result<(), Fault>;
}

/// Why it was not done, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Fault {
    /// It may be over the next time.
    Passing(String),
    /// It will be the same the next time.
    Lasting(String),
}

/// One hook: its queue, and its thread at the other end.
pub(super) struct Hook {
    name: String,
    wants: Wants,
    queue: Arc<Queue<Arc<Event>>>,
    /// Whether the thread is at work on an event.
    busy: Arc<AtomicBool>,
    /// Hangs up when the thread has ended.
    over: Receiver<()>,
    tell: Tell,
}

impl Hook {
    fn start(
        name: String,
        waiting: usize,
        wants: Wants,
        deed: Box<dyn Deed>,
        tries: Tries,
        tell: Tell,
    ) -> io::Result<Hook> {
        let (queue, busy) = (Arc::new(Queue::new(waiting)), Arc::default());
        let (alive, over) = mpsc::channel();
        let rests = queue.clone();
        let work = Work {
            name: name.clone(),
            queue: queue.clone(),
            busy: Arc::clone(&busy),
            deed,
            tries,
            rest: Box::new(move |wait| rests.rest(Instant::now() + wait)),
            tell: tell.clone(),
            lost: 0,
            failed: None,
            told: None,
        };
        let run = move || {
            let _alive = alive;
            work.run();
        };
        std::thread::Builder::new().name("hook".into()).spawn(run)?;
        Ok(Hook { name, wants, queue, busy, over, tell })
    }

    /// Takes one event, where it is wanted.
    pub(super) fn see(&self, event: &Arc<Event>) {
        if self.wants.fit(event) {
            self.queue.push(event.clone());
        }
    }

    /// Says that nothing comes any more.
    pub(super) fn close(&self) {
        self.queue.close();
    }

    /// Waits so long for what waits; what runs then is given up, and the rest is told as lost.
    pub(super) fn end(self, grace: Duration) {
        self.close();
        // Nothing is ever sent.
        if let Err(mpsc::RecvTimeoutError::Timeout) = self.over.recv_timeout(grace) {
            // Taken, so that the thread does not tell them as well.
            let mut rest = VecDeque::new();
            let lost = self.queue.take(&mut rest, usize::MAX, Duration::ZERO).lost;
            let count = lost + rest.len() as u64 + u64::from(self.busy.load(Ordering::Acquire));
            if count > 0 {
                let why = String::from("the server ended while it ran");
                (self.tell)(What::SinkLost { sink: self.name, count, why });
            }
        }
    }
}

/// The thread's end.
struct Work {
    name: String,
    queue: Arc<Queue<Arc<Event>>>,
    busy: Arc<AtomicBool>,
    deed: Box<dyn Deed>,
    tries: Tries,
    /// Waits so long; `false`: all ends.
    rest: Box<dyn FnMut(Duration) -> bool + Send>,
    tell: Tell,
    /// Events that found no place, since that was told.
    lost: u64,
    failed: Option<Failed>,
    told: Option<Instant>,
}

/// Events that it failed for, since that was told.
struct Failed {
    of: u64,
    count: u64,
    why: String,
}

impl Work {
    fn run(mut self) {
        let mut waiting = VecDeque::new();
        loop {
            let taken = self.queue.take(&mut waiting, 1, Duration::from_secs(1));
            self.lost += taken.lost;
            if let Some(event) = waiting.pop_front() {
                self.busy.store(true, Ordering::Release);
                self.serve(&event);
                self.busy.store(false, Ordering::Release);
            }
            let out_of_time = self.queue.closed().is_some_and(|at| at.elapsed() >= GRACE);
            if out_of_time {
                let rest = self.queue.take(&mut waiting, usize::MAX, Duration::ZERO);
                self.lost += rest.lost;
                let (sink, count) = (self.name.clone(), waiting.len() as u64);
                if count > 0 {
                    let why = String::from("the server ended before their turn");
                    (self.tell)(What::SinkLost { sink, count, why });
                }
            }
            let ends = taken.over || out_of_time;
            if ends || self.told.is_none_or(|at| at.elapsed() >= TELL) {
                self.tell();
            }
            if ends {
                return;
            }
        }
    }

    /// Does it for one event, as often as it is tried.
    fn serve(&mut self, event: &Event) {
        let json = events::line(event.seq, event.at, &told(event));
        let mut tries = self.tries.clone();
        let why = loop {
            match self.deed.attempt(event, &json) {
                Ok(()) => return,
                Err(Fault::Lasting(why)) => break why,
                Err(Fault::Passing(why)) => match tries.next() {
                    None => break why,
                    Some(wait) if (self.rest)(wait) => {}
                    Some(_) => break format!("{why}; the server ends and does not try it again"),
                },
            }
        };
        let count = self.failed.as_ref().map_or(1, |failed| failed.count + 1);
        self.failed = Some(Failed { of: event.seq, count, why });
    }

    fn tell(&mut self) {
        let failed = self.failed.take();
        let lost = std::mem::take(&mut self.lost);
        if failed.is_some() || lost > 0 {
            self.told = Some(Instant::now());
        }
        if lost > 0 {
            let why = match &failed {
                Some(failed) => format!("it fails: {}", failed.why),
                None => String::from("it is slow, and too many wait already"),
            };
            (self.tell)(What::SinkLost { sink: self.name.clone(), count: lost, why });
        }
        if let Some(Failed { of, count, why }) = failed {
            (self.tell)(What::HookFailed { hook: self.name.clone(), of, count, why });
        }
    }
}
