//! Where audit events go besides the screen: each place takes them in its own time, and none holds up a transfer.
//!
//! A place is a bounded queue and a thread. What its queue has no room for is counted, and that is an event.
//!
//! - `present`: who is here now; [`crate::metrics`]: what it all adds up to; `history`: the database that `towline
//!   log` reads; `syslog`: RFC 5424; `hook`: commands and web addresses.
//! - `queue` what they have in common, `fact` what they look for in an event, `reach` how they connect.

mod fact;
mod history;
mod hook;
mod present;
mod queue;
mod reach;
mod syslog;

pub use history::keep;
pub use hook::{HOOKS_OWN, Outside, Target};
pub use present::Present;

use crate::config::Loaded;
use crate::config::audit::History as Wanted;
use crate::exit::{Exit, Failure};
use crate::metrics::Figures;
use crate::monitor::Privileged;
use gate::Gate;
use gate::audit::{Event, What};
use history::History;
use hook::Hook;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use syslog::Syslog;
pub use syslog::To;

/// Events that wait for one place. A second or two of a hot server; 40 MiB at most, of which the places share
/// the events.
const WAITING: usize = 65_536;

/// Puts something into the events.
type Tell = Arc<dyn Fn(What) + Send + Sync>;

/// The places of one server. Dropped, each takes what waits, for some seconds.
pub struct Sinks {
    /// Who is here.
    pub present: Arc<Present>,
    /// What it all adds up to.
    figures: Arc<Figures>,
    history: Option<History>,
    syslog: Option<Syslog>,
    hooks: Vec<Hook>,
    /// A session whose events are nobody's business: the server's own.
    hidden: Option<u64>,
}

impl Sinks {
    /// Starts what the configuration wants. Events of the session `hidden` go nowhere.
    pub fn start(
        loaded: &Loaded,
        gate: &Arc<Gate>,
        privileged: &Arc<dyn Privileged>,
        outside: Outside,
        hidden: Option<u64>,
        figures: Arc<Figures>,
    ) -> Result<Sinks, Failure> {
        let teller = gate.clone();
        let tell: Tell = Arc::new(move |what| teller.tell(what));
        let local = |e: std::io::Error| Failure::new(Exit::Local, "a thread for the audit", e, "");
        let keep = loaded.config.audit.keep;
        let history = history_file(loaded)?.map(|path| History::start(path, keep, tell.clone()));
        let syslog = syslog_of(loaded)?.map(|to| Syslog::start(to, privileged.clone(), tell.clone()));
        let (history, syslog) = (history.transpose().map_err(local)?, syslog.transpose().map_err(local)?);
        let hooks = hook::start(loaded, outside, privileged, &tell).map_err(local)?;
        Ok(Sinks { present: Arc::default(), figures, history, syslog, hooks, hidden })
    }

    /// Ends the hooks, within some seconds or with `now` at once; what they tell of it goes to the other places.
    pub fn end_hooks(&mut self, now: bool) {
        // All are told, and then each is waited for.
        self.hooks.iter().for_each(Hook::close);
        let by = Instant::now() + if now { Duration::ZERO } else { hook::GRACE };
        self.hooks.drain(..).for_each(|hook| hook.end(by.saturating_duration_since(Instant::now())));
    }

    /// Takes one event.
    pub fn see(&self, event: &Arc<Event>) {
        if self.hidden.is_some_and(|own| own == event.session) {
            return;
        }
        self.present.see(event);
        self.figures.see(event);
        if let Some(history) = &self.history {
            history.see(event);
        }
        if let Some(syslog) = &self.syslog {
            syslog.see(event);
        }
        self.hooks.iter().for_each(|hook| hook.see(event));
    }
}

fn syslog_of(loaded: &Loaded) -> Result<Option<To>, Failure> {
    let Some(text) = &loaded.config.audit.syslog else { return Ok(None) };
    To::parse(text).map(Some).ok_or_else(|| {
        let way_out = "give unix:/dev/log, udp://HOST:514 or tcp://HOST:601";
        Failure::usage(loaded.thing("audit.syslog"), format!("'{text}' is no place for syslog"), way_out)
    })
}

/// Where the history is, if there is one.
pub fn history_file(loaded: &Loaded) -> Result<Option<PathBuf>, Failure> {
    let state = loaded.config.server.state.as_ref();
    match &loaded.config.audit.history {
        Some(Wanted::Off) => Ok(None),
        Some(Wanted::File(path)) => Ok(Some(path.clone())),
        None => Ok(state.map(|dir| dir.join(HISTORY))),
        Some(Wanted::InState) => match state {
            Some(dir) => Ok(Some(dir.join(HISTORY))),
            None => {
                let what = "there is no state directory for the history";
                let way_out = "set state = \"/var/lib/towline\" in [server], or history to a file";
                Err(Failure::usage(loaded.thing("audit.history"), what, way_out))
            }
        },
    }
}

/// The history's file in the state directory.
pub const HISTORY: &str = "history.db";
