//! What `serve` shows while it runs: a line for each event, and on a terminal one that moves for each
//! transfer.

use super::advice::{self, Tree};
use super::{line, told};
use crate::events::{Event, Events};
use crate::figures::{clock, eta, grouped, octets, percent, rate};
use crate::watch::Watch;
use gate::audit::{self, What};
use gate::{Direction, Outcome, Protocol, Refusal};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serve::tftp::names::is_autoinstall;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use store::VPath;

/// Advice that is remembered, so that it is given once.
const REMEMBERED: usize = 1_000;

/// How often a transfer has a `progress` event.
const EVENT: Duration = Duration::from_secs(1);

/// Where texts for people go.
pub(crate) enum Screen {
    /// A terminal with lines that move at the bottom.
    Moving(MultiProgress),
    /// Plain lines on stdout.
    Out,
    /// Plain lines on stderr, because stdout has the events.
    Err,
}

impl Screen {
    /// The screen for this run; `moving` where a line may be overwritten.
    pub(crate) fn new(json: bool, moving: bool) -> Screen {
        match (json, moving) {
            (false, true) if std::io::stdout().is_terminal() => {
                Screen::Moving(MultiProgress::with_draw_target(ProgressDrawTarget::stdout()))
            }
            (false, _) => Screen::Out,
            (true, true) if std::io::stderr().is_terminal() => {
                Screen::Moving(MultiProgress::with_draw_target(ProgressDrawTarget::stderr()))
            }
            (true, _) => Screen::Err,
        }
    }

    /// Prints lines. A reader that went away is no reason to stop serving.
    pub(crate) fn say(&self, text: &str) {
        let text = text.trim_end_matches('\n');
        let _ = match self {
            Screen::Moving(bars) => bars.println(text),
            Screen::Out => writeln!(std::io::stdout().lock(), "{text}"),
            Screen::Err => writeln!(std::io::stderr().lock(), "{text}"),
        };
    }
}

/// Follows audit events.
pub(crate) struct Board {
    pub(crate) screen: Screen,
    pub(crate) events: Arc<Events>,
    watch: Option<Arc<Watch>>,
    running: BTreeMap<u64, Running>,
    given: BTreeSet<(IpAddr, String)>,
    complete: u64,
    octets: u64,
    /// Our own session, which asks for names that are near: it is not shown.
    own: Option<u64>,
}

struct Running {
    protocol: Protocol,
    peer: SocketAddr,
    path: VPath,
    len: Option<u64>,
    /// When we heard of it, for what moves.
    began: Instant,
    /// When it began, by the door's clock: events may wait to be shown.
    at: SystemTime,
    /// The last `progress` event: when, and of how many octets.
    told: (Instant, u64),
    bar: Option<ProgressBar>,
}

impl Board {
    /// A board; with a `watch` on a terminal each transfer has a line that moves.
    pub(crate) fn new(screen: Screen, events: Arc<Events>, watch: Option<Arc<Watch>>) -> Board {
        Board {
            screen,
            events,
            watch,
            running: BTreeMap::new(),
            given: BTreeSet::new(),
            complete: 0,
            octets: 0,
            own: None,
        }
    }

    /// Does not show the events of this session.
    pub(crate) fn hide(&mut self, session: Option<u64>) {
        self.own = session;
    }

    /// Transfers that ended complete, and their octets.
    pub(crate) fn totals(&self) -> (u64, u64) {
        (self.complete, self.octets)
    }

    /// Takes one event.
    pub(crate) fn take(&mut self, event: &audit::Event, tree: &dyn Tree) {
        if let What::Lost(count) = event.what {
            self.events.tell(&Event::Lost { count });
            self.screen.say(&format!("{} events were not shown: too many at once", grouped(count)));
            return;
        }
        let (Some(protocol), Some(peer)) = (event.protocol, event.peer) else { return };
        if self.own == Some(event.session) {
            return;
        }
        let running = match &event.what {
            What::Ended { transfer, .. } => self.running.remove(transfer),
            _ => None,
        };
        let took = running.as_ref().map(|r| event.at.duration_since(r.at).unwrap_or_default());
        if self.events.wanted()
            && let Some(told) = told::told(event, protocol, peer, took)
        {
            self.events.tell(&told);
        }
        match &event.what {
            What::Started { transfer, path, dir, len } => {
                let new = Running {
                    protocol,
                    peer,
                    path: path.clone(),
                    len: *len,
                    began: Instant::now(),
                    at: event.at,
                    told: (Instant::now(), 0),
                    bar: None,
                };
                self.start(*transfer, *dir, new);
            }
            What::Ended { path, dir, end, verdict, kept, .. } => {
                if let Some(bar) = running.as_ref().and_then(|r| r.bar.as_ref()) {
                    bar.finish_and_clear();
                }
                if let (Protocol::Tftp, Some(watch)) = (protocol, &self.watch) {
                    watch.forget(peer);
                }
                let (dir, kept) = (*dir, kept.as_ref());
                self.end(peer, &line::Ended { path, dir, end, verdict, kept, elapsed: took });
            }
            // The advice says it where there is something to say.
            What::Refused { verb: gate::Verb::Stat, .. } => {}
            // Devices without a configuration ask for these again and again; the advice says it once.
            What::Refused { verb: gate::Verb::Read, path, why: Refusal::Absent }
                if is_autoinstall(path.as_bytes()) => {}
            What::Refused { path, why, verb } => {
                self.line(peer, &format!("{} {path}: {why}", told::verb_word(*verb)));
            }
            What::RefusedName { name, why, verb } => {
                self.line(peer, &format!("{} {}: {why}", told::verb_word(*verb), name.escape_ascii()));
            }
            What::RefusedKnock { why } => self.line(peer, &format!("not let in: {why}")),
            What::Removed { path } => self.line(peer, &format!("removed {path}")),
            What::Renamed { from, to } => self.line(peer, &format!("renamed {from} to {to}")),
            What::MadeDir { path } => self.line(peer, &format!("made the directory {path}")),
            What::RemovedDir { path } => self.line(peer, &format!("removed the directory {path}")),
            What::SetModified { .. } | What::Admitted | What::Left | What::Lost(_) => {}
        }
        if let Some(text) = advice::advice(event, tree) {
            self.advise(peer, text);
        }
    }

    fn start(&mut self, transfer: u64, dir: Direction, mut new: Running) {
        if let (Screen::Moving(bars), Some(_)) = (&self.screen, &self.watch) {
            let bar = bars.add(ProgressBar::new_spinner());
            bar.set_style(ProgressStyle::with_template("{wide_msg}").expect("a constant"));
            new.bar = Some(bar);
        } else {
            let size = new.len.map(|n| format!(" ({} octets)", grouped(n))).unwrap_or_default();
            let verb = if dir == Direction::Read { "fetches" } else { "stores" };
            self.line(new.peer, &format!("{verb} {}{size} over {}", new.path, new.protocol));
        }
        self.running.insert(transfer, new);
    }

    fn end(&mut self, peer: SocketAddr, ended: &line::Ended<'_>) {
        if ended.end.outcome == Outcome::Complete {
            self.complete += 1;
            self.octets += ended.end.octets;
        }
        self.line(peer, &ended.line());
    }

    fn advise(&mut self, peer: SocketAddr, text: String) {
        if self.given.len() >= REMEMBERED {
            self.given.clear();
        }
        if self.given.insert((peer.ip(), text.clone())) {
            self.line(peer, &format!("advice: {text}"));
            self.events.tell(&Event::Advice { peer: peer.to_string(), text });
        }
    }

    fn line(&self, peer: SocketAddr, text: &str) {
        self.screen.say(&format!("{}  {peer}  {text}", jiff::ZonedDateTime::now().strftime("%H:%M:%S")));
    }

    /// Moves the lines that move.
    pub(crate) fn refresh(&mut self) {
        let Some(watch) = &self.watch else { return };
        for (transfer, running) in &mut self.running {
            if running.bar.is_none() && running.told.0.elapsed() < EVENT {
                continue;
            }
            let Some(flow) = watch.with(running.peer) else { continue };
            let elapsed = running.began.elapsed();
            let total = running.len.or(flow.total);
            if running.told.0.elapsed() >= EVENT && running.told.1 != flow.octets {
                running.told = (Instant::now(), flow.octets);
                self.events.tell(&Event::Progress {
                    transfer: Some(*transfer),
                    octets: flow.octets,
                    total,
                    seconds: elapsed.as_secs_f64(),
                    repeats: flow.repeats,
                });
            }
            let Some(bar) = &running.bar else { continue };
            let share = total.map(|t| format!("{:>3}%", percent(flow.octets, t))).unwrap_or_default();
            let left = total.and_then(|t| eta(flow.octets, t, elapsed)).map(clock);
            let mut text = format!(
                "{share}  {}  {}  {} left",
                octets(flow.octets),
                rate(flow.octets, elapsed),
                left.as_deref().unwrap_or("-"),
            );
            if running.protocol == Protocol::Tftp {
                text.push_str(&format!("  {}x{}", flow.blksize, flow.windowsize));
            }
            if flow.repeats > 0 {
                text.push_str(&format!("  {} repeats", flow.repeats));
            }
            // Last what may be cut off at the terminal's edge.
            text.push_str(&format!("  {}  {}", running.peer, running.path));
            bar.set_message(text);
        }
    }

    /// Takes away the lines that move: nothing will move any more.
    pub(crate) fn clear(&mut self) {
        for bar in self.running.values().filter_map(|r| r.bar.as_ref()) {
            bar.finish_and_clear();
        }
    }
}
