//! Shows how far copies are: a bar on a terminal, now and then a line elsewhere, events for `--json`.

use crate::events::{Event, Events};
use crate::figures::{clock, eta, grouped, octets, percent, rate};
use crate::watch::Watch;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a bar moves.
const MOVE: Duration = Duration::from_millis(100);
/// How often a line or an event comes.
const LINE: Duration = Duration::from_secs(5);
const EVENT: Duration = Duration::from_secs(1);

/// How progress is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    /// Not at all.
    Quiet,
    /// A bar.
    Bar,
    /// A line every few seconds.
    Lines,
}

impl Style {
    /// A bar where stderr is a terminal and nothing else is drawn on it.
    pub(crate) fn choose(quiet: bool, trace: bool) -> Style {
        if quiet {
            Style::Quiet
        } else if std::io::stderr().is_terminal() && !trace {
            Style::Bar
        } else {
            Style::Lines
        }
    }
}

/// Where progress is shown and said; clones are the same one.
#[derive(Clone)]
pub(crate) struct Screen {
    style: Style,
    /// Where there are many bars, what keeps them apart.
    bars: Option<MultiProgress>,
}

impl Screen {
    /// For one file, or for many at the same time.
    pub(crate) fn new(style: Style, many: bool) -> Screen {
        let bars = (many && style == Style::Bar)
            .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Screen { style, bars }
    }

    /// Prints a line on stderr, above the bars.
    pub(crate) fn say(&self, line: &str) {
        self.apart(|| eprintln!("{line}"));
    }

    /// A line that says how much of something without a known end is done.
    pub(crate) fn ticker(&self) -> Ticker {
        let bar = self.bars.as_ref().map(|bars| {
            let style = ProgressStyle::with_template("{wide_msg}").expect("a constant");
            bars.add(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style))
        });
        let wait = if bar.is_some() { MOVE } else { LINE };
        Ticker { bar, style: self.style, wait, next: Instant::now() + wait }
    }

    /// Does something that writes to the terminal, above the bars.
    pub(crate) fn apart<T>(&self, act: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(bars) => bars.suspend(act),
            None => act(),
        }
    }

    fn bar(&self) -> Option<ProgressBar> {
        match (self.style, &self.bars) {
            (Style::Bar, None) => Some(bar()),
            (Style::Bar, Some(bars)) => Some(bars.add(bar())),
            (Style::Quiet | Style::Lines, _) => None,
        }
    }

    /// What shows how far something is: a bar that moves, or a line as often as that.
    pub(crate) fn meter(&self, name: String, every: Duration) -> Meter {
        Meter { name, bar: self.bar(), style: self.style, every, next: every }
    }
}

/// How far one thing is. Dropped, its bar is taken away.
pub(crate) struct Meter {
    name: String,
    bar: Option<ProgressBar>,
    style: Style,
    every: Duration,
    /// When a line is due, from the beginning on.
    next: Duration,
}

/// How far that is.
#[derive(Clone, Copy)]
pub(crate) struct Far {
    /// Octets that were there before.
    pub(crate) from: u64,
    /// Octets that came since.
    pub(crate) moved: u64,
    /// In all, where that is known.
    pub(crate) total: Option<u64>,
    /// Datagrams that came again.
    pub(crate) repeats: u64,
    /// Since the beginning.
    pub(crate) elapsed: Duration,
}

impl Meter {
    /// Shows it.
    pub(crate) fn show(&mut self, far: Far) {
        let words = || words(&self.name, far.from, far.moved, far.total, far.repeats, far.elapsed);
        if let Some(bar) = &self.bar {
            bar.set_length(far.total.unwrap_or(0).max(1));
            bar.set_position((far.from + far.moved).min(far.total.unwrap_or(0)));
            bar.set_message(words());
        } else if self.style == Style::Lines && far.elapsed >= self.next {
            eprintln!("{}", words());
            self.next = far.elapsed + self.every;
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// A line that is shown again and again, by whoever does the work.
pub(crate) struct Ticker {
    bar: Option<ProgressBar>,
    style: Style,
    wait: Duration,
    next: Instant,
}

impl Ticker {
    /// Something was done: where it is time for it, what is said now.
    pub(crate) fn tick(&mut self, words: impl FnOnce() -> String) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        self.next = now + self.wait;
        match (&self.bar, self.style) {
            (Some(bar), _) => bar.set_message(words()),
            (None, Style::Lines) => eprintln!("{}", words()),
            (None, Style::Quiet | Style::Bar) => {}
        }
    }
}

impl Ticker {
    /// Takes the line away.
    pub(crate) fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.end();
    }
}

/// What is shown.
pub(crate) struct Shown {
    /// The file's name.
    pub(crate) name: String,
    /// Octets of it that were there before.
    pub(crate) from: u64,
    /// Octets in all, where they are known before.
    pub(crate) total: Option<u64>,
    /// Its number, where there are many.
    pub(crate) transfer: Option<u64>,
}

/// A thread that shows progress until this is dropped.
pub(crate) struct Progress {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Shows what `watch` counts of a file.
    pub(crate) fn start(shown: Shown, screen: &Screen, watch: Arc<Watch>, events: Arc<Events>) -> Progress {
        let (stop, stopped) = channel();
        let Shown { name, from, total, transfer } = shown;
        let mut meter = screen.meter(name, LINE);
        let work = move || {
            let began = Instant::now();
            let mut next_event = EVENT;
            while stopped.recv_timeout(MOVE) == Err(RecvTimeoutError::Timeout) {
                let Some(flow) = watch.latest() else { continue };
                let elapsed = began.elapsed();
                let total = total.or(flow.total);
                let (moved, repeats) = (flow.octets, flow.repeats);
                meter.show(Far { from, moved, total, repeats, elapsed });
                if elapsed >= next_event {
                    next_event = elapsed + EVENT;
                    let (octets, seconds) = (from + moved, elapsed.as_secs_f64());
                    events.tell(&Event::Progress { transfer, octets, total, seconds, repeats });
                }
            }
        };
        // Without the thread the copy goes on unseen.
        let thread = std::thread::Builder::new().name("progress".into()).spawn(work).ok();
        Progress { stop: Some(stop), thread }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("[{bar:20}] {wide_msg}").expect("a constant");
    bar.set_style(style.progress_chars("=> "));
    bar
}

/// ` 43%  14.1 MiB of 32.0 MiB  1.2 MiB/s  0:15 left  a.bin`: last what may be cut off at the edge.
fn words(name: &str, from: u64, moved: u64, total: Option<u64>, repeats: u64, elapsed: Duration) -> String {
    let (done, speed) = (from + moved, rate(moved, elapsed));
    let mut text = match total {
        Some(total) => {
            let left = eta(moved, total.saturating_sub(from), elapsed).map(clock);
            format!(
                "{:>3}%  {} of {}  {speed}  {} left",
                percent(done, total),
                octets(done),
                octets(total),
                left.as_deref().unwrap_or("-")
            )
        }
        None => format!("{} octets  {speed}", grouped(done)),
    };
    if repeats > 0 {
        text.push_str(&format!("  {repeats} repeats"));
    }
    format!("{text}  {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let ten = Duration::from_secs(10);
        let half = words("a.bin", 0, 16_795_884, Some(33_591_768), 3, ten);
        assert_eq!(half, " 50%  16.0 MiB of 32.0 MiB  1.6 MiB/s  0:10 left  3 repeats  a.bin");
        let resumed = words("a.bin", 16_795_884, 8_397_942, Some(33_591_768), 0, ten);
        assert_eq!(resumed, " 75%  24.0 MiB of 32.0 MiB  820.1 KiB/s  0:10 left  a.bin");
        assert_eq!(words("a.bin", 0, 1_000, None, 0, ten), "1,000 octets  100 B/s  a.bin");
    }
}
