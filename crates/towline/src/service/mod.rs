//! The running server: from a [`Config`](crate::config::Config) to sockets, a gate, servers and the loop that tells
//! what happens.
//!
//! - `descriptors` how many files and sockets there may be, `sockets` opens what is listened on or takes what was `handed` to us, `run_as` gives root's rights up, `root` (and `shelf`, `tree`) opens the tree,
//!   `keeper` keeps it in order, `users` finds passwords, `wall` gives up what is not needed, `policy` makes the gate's policy, `tftp` and `ftp` their servers' settings, `ssh` and its `session_password`, `servers`
//!   starts and ends them, `running` is the loop.
//! - `monitored` is the service as two processes, `mandate` what the worker may ask for, `orders` what the loop was
//!   told to do.
//! - What the loop tells: `live` with `line`, `screen`, `advice` (and `advisor`); `announce` at the start,
//!   `digesting` and `inbox` beside it.

mod advice;
mod advisor;
pub(crate) mod announce;
mod bans;
pub(crate) mod certificate;
pub(crate) mod descriptors;
mod digesting;
mod ftp;
mod grants;
mod handed;
mod http;
mod inbox;
mod keeper;
mod line;
mod live;
mod mandate;
mod monitored;
mod orders;
mod place;
pub(crate) mod policy;
mod root;
pub(crate) mod run_as;
mod running;
mod screen;
mod servers;
mod session_password;
pub(crate) mod shelf;
mod sockets;
pub(crate) mod ssh;
pub(crate) mod tftp;
mod tree;
pub(crate) mod users;
mod wall;

pub(crate) use monitored::{is_to_reload, monitor, work};
pub(crate) use place::of_user;

use crate::config::Loaded;
use crate::config::audit::Log;
use crate::events::Events;
use crate::exit::{Exit, Failure};
use crate::ladder::{End, Tracing};
use crate::metrics::{Figures, Page};
use crate::monitor::{Asked, Here, Privileged};
use crate::sinks::Outside;
use crate::watch::{Several, Watch};
use gate::Gate;
use keeper::Keeper;
pub(crate) use root::is_precious;
use screen::Screen;
use serve::http::HttpConfig;
use serve::streams::StreamServer;
use servers::{Servers, Settings};
use session_password::SessionPassword;
use sockets::{Had, Sockets};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use transport::tap::Tap;
pub(crate) use tree::offline;

/// What is so for this run only, and no part of a configuration.
pub(crate) struct Occasion {
    /// End after one complete transfer.
    pub(crate) once: bool,
    /// Events as JSON on stdout.
    pub(crate) json: bool,
    /// The device that lines to paste are for.
    pub(crate) device: Option<IpAddr>,
    /// Traces.
    pub(crate) trace: Tracing,
}

/// Serves until it is interrupted, or with `once` until one transfer is complete.
pub(crate) fn run(loaded: &Loaded, occasion: &Occasion, events: &Arc<Events>) -> Result<(), Failure> {
    descriptors::raise(loaded);
    let sockets = Sockets::open(loaded, Had::nothing())?;
    serve(loaded, occasion, events, Beginning { sockets, monitor: None })
}

/// What a server begins with.
struct Beginning {
    sockets: Sockets,
    /// Who has the privilege, where it is not this process.
    monitor: Option<Arc<Asked>>,
}

fn serve(
    loaded: &Loaded,
    occasion: &Occasion,
    events: &Arc<Events>,
    beginning: Beginning,
) -> Result<(), Failure> {
    let Beginning { mut sockets, monitor } = beginning;
    let server = &loaded.config.server;
    let json = occasion.json || loaded.config.audit.log == Log::Json;
    if json {
        events.begin();
    }
    let control = sockets.control.take();
    // Programs and places of the configuration, a successor.
    let privileged: Arc<dyn Privileged> = match &monitor {
        Some(monitor) => monitor.clone(),
        // Behind the wall no name is looked up.
        None => Arc::new(Here::new(mandate::of(&loaded.config).looked_up())),
    };
    // Passwords and the like are where only root reads them.
    let mut policy = policy::of(loaded, json, &privileged)?;
    // A service has users, or nobody comes.
    let for_this_run = !sockets.sftp.is_empty() && monitor.is_none();
    let session_password = if for_this_run { SessionPassword::of(loaded)? } else { None };
    policy.users.extend(session_password.as_ref().map(SessionPassword::login).transpose()?);
    let settings = Settings::of(loaded, monitor.as_ref(), &sockets)?;
    let outside = Outside::of(loaded)?;
    // What is served is opened with the rights that it is served with.
    server.user.as_ref().map_or(Ok(()), |user| user.value.become_it())?;
    let (bans, scores) = (bans::of(loaded)?, bans::scores(loaded)?);
    let policy = gate::Policy { bans, scores, grants: grants::of(loaded)?, ..policy };
    let mut root = tree::open(loaded)?;
    // Without the list of interfaces the announcement is shorter; serving does not need it.
    let interfaces = transport::interfaces().unwrap_or_default();
    let traces = occasion.trace.open(End::Server, || Box::new(io::stderr()))?;
    let screen = Screen::new(json, !traces.on_stderr());
    let watch = (json || matches!(screen, Screen::Moving(_))).then(|| Arc::new(Watch::default()));
    let mut taps = traces.taps();
    taps.extend(watch.clone().map(|t| t as Arc<dyn Tap>));
    let tap = Several::of(taps);
    screen::remember_the_time_zone();

    // Above this line: whatever lies outside of what is served. Below: threads.
    let wall = wall::enter(loaded, if monitor.is_some() { wall::Alone::No } else { wall::Alone::Yes })?;
    let numbers = monitor.as_ref().map_or(Some(0), |monitor| monitor.ready());
    let not_to = || Failure::new(Exit::Interrupted, "serve", "was not to serve", "");
    let numbers = numbers.ok_or_else(not_to)?;
    let (gate, audit) = Gate::new(root.store.clone(), policy);
    gate.count_from(numbers);
    // From here on it is answered that it starts; until the end, for that it drains is asked too.
    let figures = Arc::new(Figures::default());
    let page = Arc::new(Page::new(figures.clone(), gate.clone(), loaded.config.server.state.clone()));
    let admin = sockets.admin.take().map(|listener| {
        serve::http::pages(page.clone(), listener, HttpConfig { threads: 1, ..HttpConfig::default() })
    });
    let admin = admin.transpose().map_err(local("the admin listener"))?;
    let keeper = Keeper::start(std::mem::take(&mut root.parts), monitor.as_ref().map(|_| server.drain))?;
    let fell_back = sockets.fell_back.clone();
    let shown = admin.as_ref().map(StreamServer::addresses).unwrap_or_default();
    let servers = Servers::start(settings, &gate, sockets, tap, shown)?;
    running::Running {
        loaded,
        occasion,
        events,
        gate,
        audit,
        root,
        keeper,
        servers,
        session_password,
        fell_back,
        control,
        interfaces,
        wall,
        monitor,
        privileged,
        outside,
        figures,
        page,
    }
    .run(screen, watch, traces)
}

/// Answers what the configuration lets be asked for, in this process.
pub(crate) fn here(loaded: &Loaded) -> Arc<dyn Privileged> {
    Arc::new(Here::new(mandate::of(&loaded.config)))
}

/// A fault of this host, about `what`.
fn local(what: &'static str) -> impl Fn(io::Error) -> Failure {
    move |e| Failure::new(Exit::Local, what, e, "")
}
