//! What `serve` shows while it runs: a line for each event, and on a terminal one that moves for each
//! transfer.

use super::advice::{self, Tree};
use super::line;
use super::screen::{Kind, Lines, Screen};
use crate::events::{self, Event, Events};
use crate::figures::{clock, eta, grouped, octets, percent, rate};
use crate::watch::{Flow, Watch};
use gate::audit::{self, What};
use gate::{Direction, Outcome, Protocol, Refusal, Verdict};
use indicatif::{ProgressBar, ProgressStyle};
use serve::tftp::names::is_autoinstall;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::VPath;

/// Advice that is remembered, so that it is given once.
const REMEMBERED: usize = 1_000;

/// How often a transfer has a `progress` event.
const EVENT: Duration = Duration::from_secs(1);

/// A transfer that is still there after this has a line that says so: shorter ones have the one at their end.
const SHOWN: Duration = Duration::from_secs(1);
/// On a terminal a transfer moves after this.
const MOVES: Duration = Duration::from_millis(200);

/// Advice looked for in a second: finding a near name reads a directory.
const LOOKS: u32 = 20;

/// Follows audit events.
pub(crate) struct Board {
    pub(crate) screen: Screen,
    pub(crate) events: Arc<Events>,
    lines: Lines,
    watch: Option<Arc<Watch>>,
    running: BTreeMap<u64, Running>,
    given: BTreeSet<(IpAddr, String)>,
    /// Advice that may still be looked for in this second.
    looks: (Instant, u32),
    complete: u64,
    octets: u64,
    verdicts: BTreeMap<&'static str, u64>,
    /// Our own session, which asks for names that are near: it is not shown.
    own: Option<u64>,
}

struct Running {
    protocol: Protocol,
    peer: SocketAddr,
    path: VPath,
    dir: Direction,
    len: Option<u64>,
    /// When we heard of it, for what moves.
    began: Instant,
    /// The last `progress` event: when, and of how many octets.
    told: (Instant, u64),
    shown: Shown,
}

/// What people see of a running transfer.
enum Shown {
    /// Nothing yet.
    Not,
    /// A line that said that it runs.
    Line,
    /// A line that moves.
    Bar(ProgressBar),
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

impl Board {
    /// A board; with a `watch` on a terminal each transfer has a line that moves.
    pub(crate) fn new(screen: Screen, events: Arc<Events>, watch: Option<Arc<Watch>>) -> Board {
        Board {
            screen,
            events,
            lines: Lines::new(Instant::now()),
            watch,
            running: BTreeMap::new(),
            given: BTreeSet::new(),
            looks: (Instant::now(), LOOKS),
            complete: 0,
            octets: 0,
            verdicts: BTreeMap::new(),
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

    /// Transfers that ended, by their verdicts.
    pub(crate) fn verdicts(&self) -> &BTreeMap<&'static str, u64> {
        &self.verdicts
    }

    /// Takes one event; [`Board::flush`] shows what came of it.
    pub(crate) fn take(&mut self, event: &audit::Event, tree: &dyn Tree) {
        if self.own == Some(event.session) {
            return;
        }
        if self.events.wanted() {
            self.events.tell_soon(&events::told(event));
        }
        let (Some(protocol), Some(peer)) = (event.protocol, event.peer) else {
            return self.take_own(&event.what);
        };
        match &event.what {
            What::Started { transfer, path, dir, len, .. } => {
                let (path, dir, len, began) = (path.clone(), *dir, *len, Instant::now());
                let (told, shown) = ((began, 0), Shown::Not);
                let new = Running { protocol, peer, path, dir, len, began, told, shown };
                self.running.insert(*transfer, new);
            }
            What::Ended { transfer, path, dir, took, end, verdict, kept, .. } => {
                drop(self.running.remove(transfer));
                if let (Protocol::Tftp, Some(watch)) = (protocol, &self.watch) {
                    watch.forget(peer);
                }
                let (dir, kept) = (*dir, kept.as_ref());
                self.end(peer, &line::Ended { path, dir, end, verdict, kept, elapsed: Some(*took) });
            }
            // The advice says it where there is something to say.
            What::Refused { verb: gate::Verb::Stat, .. } => {}
            // Devices without a configuration ask for these again and again; the advice says it once.
            What::Refused { verb: gate::Verb::Read, path, why: Refusal::Absent }
                if is_autoinstall(path.as_bytes()) => {}
            What::Refused { path, why, verb } => {
                self.line(peer, &format!("{} {path}: {why}", events::verb_word(*verb)));
            }
            What::RefusedName { name, why, verb } => {
                self.line(peer, &format!("{} {}: {why}", events::verb_word(*verb), name.escape_ascii()));
            }
            What::Identity(notice) => self.line(peer, &notice.to_string()),
            What::RefusedKnock { why } => self.line(peer, &format!("not let in: {why}")),
            What::Removed { path } => self.line(peer, &format!("removed {path}")),
            What::Renamed { from, to } => self.line(peer, &format!("renamed {from} to {to}")),
            What::MadeDir { path } => self.line(peer, &format!("made the directory {path}")),
            What::RemovedDir { path } => self.line(peer, &format!("removed the directory {path}")),
            What::LoggedIn { agreed, .. } => {
                if let Some(user) = event.user.as_deref().filter(|user| *user != "anonymous") {
                    let old = agreed.as_deref().and_then(old).unwrap_or_default();
                    self.line(peer, &format!("{user} logged in{old}"));
                }
            }
            What::Kicked { by } => self.line(peer, &format!("kicked by {by}")),
            What::ThirdParty { other, granted } => {
                let verdict = if *granted { "granted" } else { "refused; see [[ftp.fxp]]" };
                self.line(peer, &format!("data connection with {other}: {verdict}"));
            }
            What::GrantUsed { grant, path, left } => {
                let left = left.map(|n| format!(", {n} uses left")).unwrap_or_default();
                self.line(peer, &format!("used the grant {grant} for {path}{left}"));
            }
            What::SetModified { .. }
            | What::SetMode { .. }
            | What::Linked { .. }
            | What::Symlinked { .. }
            | What::Listed { .. }
            | What::Admitted
            | What::Left => {}
            What::Digested { .. } => {}
            What::Lost(_)
            | What::SinkLost { .. }
            | What::HookFailed { .. }
            | What::Exhausted { .. }
            | What::Restored { .. }
            | What::Server { .. }
            | What::Banned { .. }
            | What::Unbanned { .. }
            | What::Configured { .. } => self.take_own(&event.what),
        }
        let refused =
            matches!(event.what, What::Refused { .. } | What::RefusedName { .. } | What::RefusedKnock { .. });
        if (!refused || self.may_look())
            && let Some(text) = advice::advice(event, tree)
        {
            self.advise(peer, text);
        }
    }

    /// Takes what no session did.
    fn take_own(&mut self, what: &What) {
        let text = match what {
            What::Lost(count) => format!("{} events were not shown: too many at once", grouped(*count)),
            What::SinkLost { sink, count: 0, why } => format!("{sink}: {why}"),
            What::SinkLost { sink, count, why } => {
                format!("{} events are not in the {sink}: {why}", grouped(*count))
            }
            What::HookFailed { hook, count: 1, of: _, why } => format!("{hook} failed: {why}"),
            What::HookFailed { hook, count, of: _, why } => {
                format!("{hook} failed for {} events, the last time: {why}", grouped(*count))
            }
            What::Exhausted { what, limit, count } => {
                let limit = limit.map(|n| format!(" (the limit is {})", grouped(n))).unwrap_or_default();
                let refused = grouped(*count);
                format!("no {what} left{limit}, {refused} refused: {}", events::EXHAUSTED)
            }
            What::Banned { net, until, why, by } => {
                let until = until.map(|t| format!(" until {}", events::timestamp(t))).unwrap_or_default();
                format!("{net} is banned{until} by {by}: {why}")
            }
            What::Restored { path, version, octets: _, by } => {
                format!("{path} is again what it was until {version} (by {by})")
            }
            // The announcement and the last lines say it.
            What::Server { .. } => return,
            What::Unbanned { net, by } => format!("{net} is no longer banned (by {by})"),
            What::Configured { what, is_taken: _, by } => format!("configuration: {what} (by {by})"),
            What::Admitted
            | What::LoggedIn { .. }
            | What::RefusedKnock { .. }
            | What::Left
            | What::Kicked { .. }
            | What::Identity(_)
            | What::Refused { .. }
            | What::RefusedName { .. }
            | What::Started { .. }
            | What::Ended { .. }
            | What::Digested { .. }
            | What::Removed { .. }
            | What::Renamed { .. }
            | What::MadeDir { .. }
            | What::RemovedDir { .. }
            | What::SetModified { .. }
            | What::SetMode { .. }
            | What::Linked { .. }
            | What::Symlinked { .. }
            | What::Listed { .. }
            | What::ThirdParty { .. }
            | What::GrantUsed { .. } => return,
        };
        self.lines.push(&text);
    }

    fn end(&mut self, peer: SocketAddr, ended: &line::Ended<'_>) {
        if ended.end.outcome == Outcome::Complete {
            self.complete += 1;
            self.octets += ended.end.octets;
        }
        let word = ended.verdict.word();
        *self.verdicts.entry(word).or_default() += 1;
        let kind = match ended.verdict {
            Verdict::Complete | Verdict::Probe => Kind::Well(word),
            Verdict::ClientWentAway(_)
            | Verdict::NeverAnswered
            | Verdict::NoDataConnection
            | Verdict::LastAckLost
            | Verdict::WentSilent(_)
            | Verdict::StoppedSending(_)
            | Verdict::RefusedByClient { .. }
            | Verdict::Refused(_)
            | Verdict::OurFault(_)
            | Verdict::Cut(_)
            | Verdict::Kicked(_) => Kind::Ill(word),
        };
        self.lines.add(Instant::now(), kind, peer, || ended.line());
    }

    /// Whether there is time to look for advice.
    fn may_look(&mut self) -> bool {
        if self.looks.0.elapsed() >= Duration::from_secs(1) {
            self.looks = (Instant::now(), LOOKS);
        }
        let may = self.looks.1 > 0;
        self.looks.1 = self.looks.1.saturating_sub(1);
        may
    }

    fn advise(&mut self, peer: SocketAddr, text: String) {
        if self.given.len() >= REMEMBERED {
            self.given.clear();
        }
        if self.given.insert((peer.ip(), text.clone())) {
            self.lines.push(&format!("{peer}  advice: {text}"));
            self.events.tell_soon(&Event::Advice { peer: peer.to_string(), text });
        }
    }

    fn line(&mut self, peer: SocketAddr, text: &str) {
        self.lines.add(Instant::now(), Kind::Other, peer, || text.to_owned());
    }

    /// Shows what was taken since the last time.
    pub(crate) fn flush(&mut self) {
        self.lines.flush(&self.screen);
        self.events.flush();
    }

    /// Lets time pass: moves the lines that move, says what runs for long, tells progress.
    pub(crate) fn refresh(&mut self) {
        let now = Instant::now();
        self.lines.pass(now);
        for (transfer, running) in &mut self.running {
            let elapsed = now.saturating_duration_since(running.began);
            if matches!(running.shown, Shown::Not) {
                running.shown = match &self.screen {
                    Screen::Moving(bars) if self.watch.is_some() && elapsed >= MOVES => {
                        let bar = bars.add(ProgressBar::new_spinner());
                        bar.set_style(ProgressStyle::with_template("{wide_msg}").expect("a constant"));
                        Shown::Bar(bar)
                    }
                    Screen::Out | Screen::Err if elapsed >= SHOWN => {
                        self.lines.add(now, Kind::Other, running.peer, || running.line());
                        Shown::Line
                    }
                    Screen::Moving(_) | Screen::Out | Screen::Err => Shown::Not,
                };
            }
            let Some(watch) = &self.watch else { continue };
            let tells = now.saturating_duration_since(running.told.0) >= EVENT;
            if !tells && !matches!(running.shown, Shown::Bar(_)) {
                continue;
            }
            let Some(flow) = watch.with(running.peer) else { continue };
            // Of a file of which a part was asked for over HTTP, the part.
            let total = flow.total.or(running.len);
            if tells && running.told.1 != flow.octets {
                running.told = (now, flow.octets);
                self.events.tell_soon(&Event::Progress {
                    transfer: Some(*transfer),
                    octets: flow.octets,
                    total,
                    seconds: elapsed.as_secs_f64(),
                    repeats: flow.repeats,
                });
            }
            if let Shown::Bar(bar) = &running.shown {
                bar.set_message(running.moving(&flow, total, elapsed));
            }
        }
    }

    /// The last lines; nothing will move any more.
    pub(crate) fn finish(&mut self) {
        self.running.clear();
        let ended: u64 = self.verdicts.values().sum();
        if ended > 0 {
            let words: Vec<_> = self.verdicts.iter().map(|(v, n)| format!("{} {v}", grouped(*n))).collect();
            let noun = if ended == 1 { "transfer" } else { "transfers" };
            let octets = grouped(self.octets);
            let text = format!("{} {noun}: {}; {octets} octets", grouped(ended), words.join(", "));
            self.lines.push(&text);
        }
        self.lines.finish(&self.screen);
        self.events.flush();
    }
}

impl Running {
    /// That it runs.
    fn line(&self) -> String {
        let size = self.len.map(|n| format!(" ({} octets)", grouped(n))).unwrap_or_default();
        let verb = if self.dir == Direction::Read { "fetches" } else { "stores" };
        format!("{verb} {}{size} over {}", self.path, self.protocol)
    }

    /// How far it is.
    fn moving(&self, flow: &Flow, total: Option<u64>, elapsed: Duration) -> String {
        let share = total.map(|t| format!("{:>3}%", percent(flow.octets, t))).unwrap_or_default();
        let left = total.and_then(|t| eta(flow.octets, t, elapsed)).map(clock);
        let mut text = format!(
            "{share}  {}  {}  {} left",
            octets(flow.octets),
            rate(flow.octets, elapsed),
            left.as_deref().unwrap_or("-"),
        );
        if self.protocol == Protocol::Tftp {
            text.push_str(&format!("  {}x{}", flow.blksize, flow.windowsize));
        }
        if flow.repeats > 0 {
            text.push_str(&format!("  {} repeats", flow.repeats));
        }
        // Last what may be cut off at the terminal's edge.
        text.push_str(&format!("  {}  {}", self.peer, self.path));
        text
    }
}

/// Of a login whose connection is made of what only an old peer needs: which.
fn old(agreed: &gate::Agreed) -> Option<String> {
    let gate::Agreed { key_exchange, host_key, cipher, mac, profile, ident: _ } = agreed;
    let modern = client::Profile::Modern.to_string();
    let profile = profile.as_ref().filter(|profile| **profile != modern)?;
    let mac = mac.as_ref().map(|mac| format!(", {mac}")).unwrap_or_default();
    Some(format!(" with old algorithms ({profile}): {key_exchange}, {host_key}, {cipher}{mac}"))
}
