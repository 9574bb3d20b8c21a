//! Where texts for people go, and how many of them: a hot server must not be held up by its log.

use crate::figures::grouped;
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Lines of one kind a second; nobody reads more. What is not shown is counted and said.
const A_SECOND: u32 = 100;
const SECOND: Duration = Duration::from_secs(1);

/// The time zone of this host, as it was at the first call: a server that has given files up cannot look again.
pub(super) fn remember_the_time_zone() -> &'static jiff::tz::TimeZone {
    static ZONE: std::sync::OnceLock<jiff::tz::TimeZone> = std::sync::OnceLock::new();
    ZONE.get_or_init(jiff::tz::TimeZone::system)
}

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
        let text = &*harmless(text.trim_end_matches('\n'), &['\n', '\t']);
        let _ = match self {
            Screen::Moving(bars) => bars.println(text),
            Screen::Out => writeln!(std::io::stdout().lock(), "{text}"),
            Screen::Err => writeln!(std::io::stderr().lock(), "{text}"),
        };
    }
}

/// What a peer sends (a user's name, a file's) must not move the operator's cursor or make lines of its own.
fn harmless<'a>(text: &'a str, kept: &[char]) -> Cow<'a, str> {
    let moves = |c: char| c.is_control() && !kept.contains(&c);
    if !text.contains(moves) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if moves(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}

/// What a line is about, so that many of one kind do not hide the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    /// A transfer that went as it should, with its verdict.
    Well(&'static str),
    /// A transfer that did not, with its verdict.
    Ill(&'static str),
    /// Anything else.
    Other,
}

impl Kind {
    fn quota(self) -> usize {
        match self {
            Kind::Well(_) => 0,
            Kind::Ill(_) => 1,
            Kind::Other => 2,
        }
    }
}

/// Lines with a time and a peer, printed some at a time.
pub(super) struct Lines {
    pending: String,
    /// Lines of each kind that may still come in this second.
    left: [u32; 3],
    second: Instant,
    /// What was not shown in this second.
    hidden: BTreeMap<Kind, u64>,
}

impl Lines {
    pub(super) fn new(now: Instant) -> Lines {
        Lines { pending: String::new(), left: [A_SECOND; 3], second: now, hidden: BTreeMap::new() }
    }

    /// Adds a line, if this second has room for it; `text` is asked for only then.
    pub(super) fn add(&mut self, now: Instant, kind: Kind, peer: SocketAddr, text: impl FnOnce() -> String) {
        self.pass(now);
        let left = &mut self.left[kind.quota()];
        if *left == 0 {
            *self.hidden.entry(kind).or_default() += 1;
            return;
        }
        *left -= 1;
        self.push(&format!("{peer}  {}", text()));
    }

    /// Adds a line whatever the second has room for.
    pub(super) fn push(&mut self, text: &str) {
        let zone = remember_the_time_zone().clone();
        let time = jiff::Timestamp::now().to_zoned_datetime(zone).strftime("%H:%M:%S").to_string();
        self.pending.push_str(&format!("{time}  {}\n", harmless(text, &['\t'])));
    }

    /// Lets time pass: a new second tells what the last one hid.
    pub(super) fn pass(&mut self, now: Instant) {
        if now.saturating_duration_since(self.second) < SECOND {
            return;
        }
        self.second = now;
        self.left = [A_SECOND; 3];
        if let Some(text) = hidden(&std::mem::take(&mut self.hidden)) {
            self.push(&text);
        }
    }

    /// Prints what there is, in one go.
    pub(super) fn flush(&mut self, screen: &Screen) {
        if !self.pending.is_empty() {
            screen.say(&self.pending);
            self.pending.clear();
        }
    }

    /// The last lines: also what is hidden now.
    pub(super) fn finish(&mut self, screen: &Screen) {
        if let Some(text) = hidden(&std::mem::take(&mut self.hidden)) {
            self.push(&text);
        }
        self.flush(screen);
    }
}

/// `… and 1,204 more transfers: 1,200 complete, 4 probe; 37 more lines`.
fn hidden(counts: &BTreeMap<Kind, u64>) -> Option<String> {
    let (mut transfers, mut words, mut others) = (0, Vec::new(), 0);
    for (kind, n) in counts {
        match kind {
            Kind::Well(verdict) | Kind::Ill(verdict) => {
                transfers += n;
                words.push(format!("{} {verdict}", grouped(*n)));
            }
            Kind::Other => others = *n,
        }
    }
    let transfers =
        (transfers > 0).then(|| format!("{} more transfers: {}", grouped(transfers), words.join(", ")));
    let others = (others > 0).then(|| format!("{} more lines", grouped(others)));
    let both: Vec<String> = transfers.into_iter().chain(others).collect();
    (!both.is_empty()).then(|| format!("… and {}", both.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_lines_a_second_are_counted_and_said() {
        let now = Instant::now();
        let mut lines = Lines::new(now);
        let peer = SocketAddr::from(([10, 0, 0, 1], 9));
        for n in 0..1_304 {
            lines.add(now, Kind::Well("complete"), peer, || format!("line {n}"));
        }
        for _ in 0..A_SECOND + 4 {
            lines.add(now, Kind::Ill("our-fault"), peer, || String::from("bad"));
            lines.add(now, Kind::Other, peer, || String::from("other"));
        }
        assert_eq!(lines.pending.matches("line ").count(), 100);
        assert_eq!(lines.pending.matches("bad").count(), 100, "the good ones do not hide the bad");
        lines.pending.clear();
        lines.pass(now + SECOND / 2);
        assert_eq!(lines.pending, "");
        lines.pass(now + SECOND);
        let said = "  … and 1,208 more transfers: 1,204 complete, 4 our-fault; 4 more lines\n";
        assert!(lines.pending.ends_with(said), "{}", lines.pending);
        lines.pending.clear();
        lines.add(now + SECOND, Kind::Well("probe"), peer, || String::from("x"));
        assert!(lines.pending.ends_with("  10.0.0.1:9  x\n"), "a new second has room: {}", lines.pending);
        lines.pass(now + SECOND * 3);
        assert_eq!(lines.pending.lines().count(), 1, "nothing was hidden");
    }

    #[test]
    fn nothing_that_is_told_moves_the_cursor_or_makes_a_line_of_its_own() {
        for (text, shown) in [
            ("login of bob failed", "login of bob failed"),
            ("José\tß", "José\tß"),
            ("\u{1b}[2J\u{7}eve", "\\u{1b}[2J\\u{7}eve"),
            ("a\r\n12:00:00  b", "a\\r\\n12:00:00  b"),
            ("\u{9b}31m", "\\u{9b}31m"),
        ] {
            assert_eq!(harmless(text, &['\t']), shown);
        }
        assert_eq!(harmless("two\nlines", &['\n']), "two\nlines");
    }
}
