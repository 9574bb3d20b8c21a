//! The loop: hands what happens to those who tell it, until it is asked to end and the last transfer is over.

use super::advisor::Advisor;
use super::digesting::{Digesting, Uploaded};
use super::keeper::Keeper;
use super::live::Board;
use super::orders::Orders;
use super::root::Root;
use super::screen::Screen;
use super::servers::Servers;
use super::session_password::SessionPassword;
use super::wall::Behind;
use super::{Occasion, announce, descriptors, inbox, local, tree};
use crate::config::Loaded;
use crate::control::{self, Callers, Control, Desk};
use crate::events::{Event, Events};
use crate::exit::{Exit, Failure};
use crate::ladder::Traces;
use crate::metrics::{Figures, Page, State};
use crate::monitor::{Asked, Cause, Order, Privileged, ToMonitor};
use crate::sinks::{Outside, Sinks};
use crate::watch::Watch;
use gate::Gate;
use gate::audit::{self, By, Change, What};
use serve::listen::{FellBack, Reason};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::{Duration, Instant};
use transport::{Cancel, Interface};

/// How often lines move, and how soon a signal is looked at.
const TICK: Duration = Duration::from_millis(100);
/// How often it is looked what another worker of the service did to those who come, and told what is held here.
const NEWS: Duration = Duration::from_millis(500);
/// How long events gather before they are shown: a hot server has thousands in that time.
const GATHER: Duration = Duration::from_millis(20);
/// After the last transfer of a drain: for a lost last ACK (RFC 1350 §6) and for FTP's QUIT.
const GRACE: Duration = Duration::from_secs(2);

/// A retired server answers who asked it for its successor; a caller that reads nothing holds it no longer than this.
const ANSWERS: Duration = Duration::from_secs(10);

/// How far it has come.
enum Phase {
    Serving,
    /// A successor takes the sockets; `told`: the monitor knows that they are free.
    Retiring {
        since: Instant,
        told: bool,
        /// Who asked here, for the successor maybe.
        callers: Callers,
    },
    /// The last transfers.
    Draining {
        since: Instant,
    },
}

impl Phase {
    /// The order that led here.
    fn order(&self) -> Order {
        match self {
            Phase::Serving => Order::Serve,
            Phase::Retiring { .. } => Order::Retire,
            Phase::Draining { .. } => Order::Drain,
        }
    }
}

/// A server that runs.
pub(super) struct Running<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) occasion: &'a Occasion,
    pub(super) events: &'a Arc<Events>,
    pub(super) gate: Arc<Gate>,
    pub(super) audit: audit::Events,
    pub(super) root: Root,
    pub(super) keeper: Keeper,
    pub(super) servers: Servers,
    pub(super) session_password: Option<SessionPassword>,
    pub(super) fell_back: Vec<(&'static str, FellBack)>,
    pub(super) control: Option<UnixListener>,
    pub(super) interfaces: Vec<Interface>,
    pub(super) wall: Behind,
    pub(super) monitor: Option<Arc<Asked>>,
    pub(super) privileged: Arc<dyn Privileged>,
    pub(super) outside: Outside,
    pub(super) figures: Arc<Figures>,
    /// What the listener for figures shows.
    pub(super) page: Arc<Page>,
}

impl Running<'_> {
    /// Runs it to its end.
    pub(super) fn run(
        self,
        screen: Screen,
        watch: Option<Arc<Watch>>,
        traces: Traces,
    ) -> Result<(), Failure> {
        let orders = Orders::begin(self.monitor.clone()).map_err(local("signals"))?;

        let advisor = Advisor::new(&self.gate);
        let mut board = Board::new(screen, self.events.clone(), watch);
        board.hide(advisor.session());
        // Before anybody is told where it listens: who kills it then finds a monitor that knows that it served.
        orders.tell(&ToMonitor::Serving { status: format!("serving {}", self.root.shown) });
        self.announce(&board);
        let begun = self.begun();
        let Running {
            loaded,
            occasion,
            events,
            gate,
            audit,
            root,
            keeper,
            servers,
            control,
            privileged,
            outside,
            figures,
            page,
            ..
        } = self;
        let cancel = Cancel::new().map_err(local("digests"))?;
        let digests = Digesting::start(&gate, root.store.clone(), root.images.clone(), cancel);
        let drops = tree::has_drop_box(loaded);
        let inbox = drops.then(|| inbox::Inbox::start(root.store.clone()));
        let inbox = inbox.transpose().map_err(local("the inbox's thread"))?;

        let mut sinks = Sinks::start(loaded, &gate, &privileged, outside, advisor.session(), figures)?;
        gate.tell(What::Server { change: Change::Started, text: begun });
        let listening = servers.listening();
        let desk = || Desk {
            present: sinks.present.clone(),
            privileged: privileged.clone(),
            gate: gate.clone(),
            listening: listening.clone(),
        };
        let mut answers = control
            .map(|listener| Control::start(listener, desk()))
            .transpose()
            .map_err(local("the control socket"))?;

        page.is_now(State::Serving);
        let (mut looked, mut blind) = (Instant::now(), false);
        let (mut batch, mut refreshed) = (VecDeque::new(), Instant::now());
        let mut phase = Phase::Serving;
        let cut = loop {
            while let Some((text, event)) = digests.known() {
                board.screen.say(&text);
                events.tell(&event);
            }
            audit.recv_many(&mut batch, GATHER, TICK);
            for event in batch.drain(..) {
                let event = Arc::new(event);
                board.take(&event, &advisor);
                sinks.see(&event);
                inbox.iter().for_each(|i| i.see(&event));
                if let (true, Some(uploaded)) = (loaded.config.server.digests, uploaded(&event)) {
                    digests.take(uploaded);
                }
            }
            for text in keeper.told() {
                board.screen.say(&text);
            }
            for (text, event) in inbox.iter().flat_map(inbox::Inbox::told) {
                board.screen.say(&text);
                events.tell(&event);
            }
            if looked.elapsed() >= NEWS {
                looked = Instant::now();
                // Said once: until it can be looked at again nothing new comes of saying it.
                match (gate.news(), &mut blind) {
                    (Ok(()), blind) => *blind = false,
                    (Err(_), true) => {}
                    (Err(why), blind) => {
                        *blind = true;
                        board
                            .screen
                            .say(&format!("bans and penalties are not shared with other workers: {why}"));
                    }
                }
            }
            if refreshed.elapsed() >= TICK {
                refreshed = Instant::now();
                board.refresh();
                if let Phase::Serving = phase {
                    page.is_now(servers.deaf().map_or(State::Serving, State::Deaf));
                }
            }
            board.flush();
            orders.alive();
            for (cause, reload) in orders.reloads() {
                let what = match &reload {
                    Ok(()) => String::from("taken up anew by this process"),
                    Err(why) => format!("not taken up anew: {why}"),
                };
                let (what, by) = match cause {
                    Cause::Signal => (what, By::Operator(None)),
                    Cause::Files => (format!("certificates have changed: {what}"), By::Itself),
                };
                gate.tell(What::Configured { what, is_taken: reload.is_ok(), by });
            }
            for socket in orders.callers() {
                control::answer_successor(socket.into(), desk());
            }
            let enough = occasion.once && board.totals().0 > 0;
            let order = orders.order_now().max(if enough { Order::Drain } else { Order::Serve });
            if order > phase.order() {
                // A successor answers on the control socket.
                let leaves = answers.take_if(|_| order != Order::Drain);
                let callers = leaves.map(Control::retire).unwrap_or_default();
                let transfers = gate.open().1 as u64;
                page.is_now(State::Draining);
                phase = match order {
                    Order::Retire => {
                        servers.retire();
                        Phase::Retiring { since: Instant::now(), told: false, callers }
                    }
                    Order::Serve | Order::Drain | Order::Cut => {
                        servers.drain();
                        Phase::Draining { since: Instant::now() }
                    }
                };
                events.tell(&Event::Draining { transfers });
                let change = if order == Order::Retire { Change::Retiring } else { Change::Draining };
                gate.tell(What::Server { change, text: format!("{transfers} transfers run") });
                if transfers > 0 && order == Order::Drain {
                    board
                        .screen
                        .say(&format!("Draining: {transfers} transfers run; Ctrl-C again cuts them."));
                }
            }
            if order == Order::Cut {
                break true;
            }
            let limit = loaded.config.server.drain;
            match &mut phase {
                Phase::Serving => {}
                Phase::Retiring { since, told, callers } => {
                    if !*told && servers.have_retired() {
                        *told = true;
                        // The successor looks when it is told that they are free.
                        keep_scores(&gate, &board);
                        orders.tell(&ToMonitor::Retired { numbers: gate.numbers() });
                    }
                    let answered = callers.are_answered() || since.elapsed() > ANSWERS;
                    if *told && servers.are_over() && answered {
                        break false;
                    }
                }
                Phase::Draining { .. } if gate.open().1 == 0 => break false,
                Phase::Draining { since } if since.elapsed() > limit => {
                    let seconds = limit.as_secs();
                    board.screen.say(&format!("What still runs after {seconds} s is cut (server.drain)."));
                    break true;
                }
                Phase::Draining { .. } => {}
            }
        };
        orders.answer_no_more();
        drop(digests);
        // Even a cut transfer has its last event.
        servers.wait(if cut { Duration::ZERO } else { GRACE });
        let mut rest = |sinks: &Sinks| {
            while let Some(event) = audit.try_recv().map(Arc::new) {
                board.take(&event, &advisor);
                sinks.see(&event);
                inbox.iter().for_each(|i| i.see(&event));
            }
        };
        rest(&sinks);
        sinks.end_hooks(cut);
        let how = if cut { "what ran was cut" } else { "nothing runs any more" };
        gate.tell(What::Server { change: Change::Stopped, text: how.into() });
        rest(&sinks);
        drop(sinks);
        // What they could not take any more.
        while let Some(event) = audit.try_recv() {
            board.take(&event, &advisor);
        }
        for (text, event) in inbox.into_iter().flat_map(|i| i.rest(GRACE)) {
            board.screen.say(&text);
            events.tell(&event);
        }
        keep_scores(&gate, &board);
        // After the last upload: what is there now is what the next process is told.
        drop(keeper);
        board.finish();
        let traced = traces.finish();
        let (transfers, octets) = board.totals();
        let verdicts = board.verdicts().clone();
        events.tell(&Event::Stopped { transfers, octets, verdicts });
        if cut {
            return Err(Failure::new(Exit::Interrupted, "serve", "interrupted, transfers were cut", ""));
        }
        traced
    }

    /// What the history says of the beginning.
    fn begun(&self) -> String {
        let (version, pid) = (env!("CARGO_PKG_VERSION"), std::process::id());
        let read =
            self.loaded.what_was_read().map(|read| format!(", configuration {read}")).unwrap_or_default();
        format!("version {version}, process {pid}, serving {}{read}", self.root.shown)
    }

    fn announce(&self, board: &Board) {
        let config = &self.loaded.config;
        if let Some(read) = self.loaded.what_was_read() {
            let text = format!("Configuration: {read}.");
            board.screen.say(&text);
            board.events.tell(&Event::Configured { text, verdict: "taken", by: String::from("start") });
        }
        let addresses = self.servers.addresses();
        let admin = [("admin", &addresses.admin[..])];
        for (protocol, addresses) in addresses.each().into_iter().chain(admin) {
            let wanted = self.fell_back.iter().find(|f| f.0 == protocol).map(|(_, f)| {
                let why = if f.why == Reason::Denied { "denied" } else { "taken" };
                format!("{}: {why}", f.from)
            });
            for address in addresses {
                let (address, wanted) = (address.to_string(), wanted.clone());
                board.events.tell(&Event::Listening { protocol, address, wanted });
            }
        }
        board.events.tell(&Event::Sandbox { held: self.wall.line.clone(), lacks: self.wall.lacks.clone() });
        let interfaces = self.interfaces.clone();
        let bound: Vec<SocketAddr> = addresses.each().iter().flat_map(|(_, at)| at.iter().copied()).collect();
        let best = match self.occasion.device {
            Some(device) => announce::towards(&interfaces, device),
            None => announce::best(&interfaces, &bound),
        };
        let program = std::env::current_exe().map(|p| p.display().to_string());
        let inbox = config.server.inbox.is_some();
        let how = match (inbox, tree::is_written(self.loaded)) {
            (true, _) => "a drop box, write-only",
            (false, true) => "writable",
            (false, false) => "read-only",
        };
        board.screen.say(&announce::text(&announce::Facts {
            what: format!("{} ({how})", self.root.shown),
            inbox,
            addresses,
            fell_back: self.fell_back.clone(),
            interfaces,
            best,
            file: self.root.example(),
            user: config.user.first().map(|user| user.name.clone()),
            session_password: self.session_password.clone(),
            host_keys: self.servers.host_keys().map(|keys| keys.shown.clone()).unwrap_or_default(),
            program: program.unwrap_or_else(|_| String::from("towline")),
        }));
        if self.servers.host_keys().is_some_and(|keys| !keys.kept) {
            let text =
                "SSH shows keys made for this run: without --host-keys or --state there is no place for them";
            board.screen.say(text);
        }
        self.servers.made().iter().for_each(|text| board.screen.say(text));
        board.screen.say(&self.wall.line);
        if let Some(text) = descriptors::shortfall(self.loaded) {
            board.screen.say(&text);
            board.events.tell(&Event::Configured { text, verdict: "taken", by: String::from("start") });
        }
    }
}

/// The upload that this is the end of.
fn uploaded(event: &audit::Event) -> Option<Uploaded> {
    let What::Ended { transfer, path, stored: Some(identity), .. } = &event.what else { return None };
    Some(Uploaded { transfer: *transfer, path: path.clone(), identity: **identity })
}

/// What is held against addresses is there for the next process.
fn keep_scores(gate: &Gate, board: &Board) {
    if let Err(why) = gate.keep_scores() {
        board.screen.say(&format!("what is held against addresses is not kept: {why}"));
    }
}
