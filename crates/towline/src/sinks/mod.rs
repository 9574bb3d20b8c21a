//! Where audit events go besides the screen: each place takes them in its own time, and none holds up a transfer.
//!
//! A place is a bounded queue and a thread. What its queue has no room for is counted, and that is an event.
//!
//! - `present`: who is here now; `history`: the database that `towline log` reads; `syslog`: RFC 5424.
//! - `queue` what they have in common, `fact` what they look for in an event.

mod fact;
mod history;
mod present;
mod queue;
mod syslog;

pub use present::Present;

use crate::config::Loaded;
use crate::config::audit::History as Wanted;
use crate::exit::{Exit, Failure};
use crate::monitor::Privileged;
use gate::Gate;
use gate::audit::{Event, What};
use history::History;
use std::path::PathBuf;
use std::sync::Arc;
use syslog::{Syslog, To};

/// Events that wait for one place. A second or two of a hot server; 40 MiB at most, of which the places share
/// the events.
const WAITING: usize = 65_536;

/// Puts something into the events.
type Tell = Arc<dyn Fn(What) + Send + Sync>;

/// The places of one server. Dropped, each takes what waits, for some seconds.
pub struct Sinks {
    /// Who is here.
    pub present: Arc<Present>,
    history: Option<History>,
    syslog: Option<Syslog>,
    /// A session whose events are nobody's business: the server's own.
    hidden: Option<u64>,
}

impl Sinks {
    /// Starts what the configuration wants. Events of the session `hidden` go nowhere.
    pub fn start(
        loaded: &Loaded,
        gate: &Arc<Gate>,
        privileged: &Arc<dyn Privileged>,
        hidden: Option<u64>,
    ) -> Result<Sinks, Failure> {
        let teller = gate.clone();
        let tell: Tell = Arc::new(move |what| teller.tell(what));
        let local = |e: std::io::Error| Failure::new(Exit::Local, "a thread for the audit", e, "");
        let keep = loaded.config.audit.keep;
        let history = history_file(loaded)?.map(|path| History::start(path, keep, tell.clone()));
        let syslog = syslog_of(loaded)?.map(|to| Syslog::start(to, privileged.clone(), tell.clone()));
        let (history, syslog) = (history.transpose().map_err(local)?, syslog.transpose().map_err(local)?);
        Ok(Sinks { present: Arc::default(), history, syslog, hidden })
    }

    /// Takes one event.
    pub fn see(&self, event: &Arc<Event>) {
        if self.hidden.is_some_and(|own| own == event.session) {
            return;
        }
        self.present.see(event);
        if let Some(history) = &self.history {
            history.see(event);
        }
        if let Some(syslog) = &self.syslog {
            syslog.see(event);
        }
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
