//! System messages, and what lines send each other: numbered, the newest kept, so that each line shows what came since it
//! looked last.

use crate::Device;
use crate::device::LineId;
use ios_cli::text::logging::severity;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// So many are kept for whoever comes later.
const KEPT: usize = 64;

/// What one line sends to another, or to all.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) to: To,
    /// As it is shown.
    pub(crate) text: String,
}

/// Who sees something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum To {
    /// Everybody, who sends it too.
    All,
    /// Everybody but this one, who has seen it.
    AllBut(LineId),
    Line(LineId),
}

impl To {
    pub(crate) fn is_for(self, line: LineId) -> bool {
        match self {
            To::All => true,
            To::AllBut(other) => other != line,
            To::Line(one) => one == line,
        }
    }
}

/// The messages of a device.
#[derive(Debug)]
pub(crate) struct Messages<T>(
    // Guards the messages; held for a look.
    Mutex<Kept<T>>,
);

#[derive(Debug)]
struct Kept<T> {
    /// How many there were before the first one that is kept.
    before: u64,
    kept: VecDeque<T>,
}

impl<T> Default for Messages<T> {
    fn default() -> Messages<T> {
        Messages(Mutex::new(Kept { before: 0, kept: VecDeque::new() }))
    }
}

impl<T: Clone> Messages<T> {
    pub(crate) fn push(&self, text: T) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.kept.len() == KEPT {
            state.kept.pop_front();
            state.before += 1;
        }
        state.kept.push_back(text);
    }

    /// Where those begin that are to come.
    pub(crate) fn end(&self) -> u64 {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.before + state.kept.len() as u64
    }

    /// Those from `seen` on that are still kept; `seen` is behind them then.
    pub(crate) fn since(&self, seen: &mut u64) -> Vec<T> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let skip = usize::try_from(seen.saturating_sub(state.before)).unwrap_or(usize::MAX);
        *seen = state.before + state.kept.len() as u64;
        state.kept.iter().skip(skip).cloned().collect()
    }

    /// Nobody sees those that there were.
    pub(crate) fn clear(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.before += state.kept.len() as u64;
        state.kept.clear();
    }
}

/// A system message, and who sees it: the levels at the time count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Logged {
    /// With its time stamp.
    pub(crate) text: String,
    console: bool,
    monitor: bool,
}

impl Logged {
    pub(crate) fn is_for(&self, line: LineId) -> bool {
        match line {
            LineId::Console => self.console,
            LineId::Vty(_) => self.monitor,
        }
    }
}

impl Device {
    /// A system message with its time stamp.
    pub(crate) fn log(&self, text: &str) {
        let severity = severity(text);
        let reaches = |most: Option<u8>| most.is_some_and(|most| severity <= most);
        let to = self.running(|running| {
            let config = &running.config;
            // `no logging on` is for all but the console.
            let monitor = config.logging.monitor.filter(|_| !config.has("no logging on"));
            (reaches(config.logging.console), reaches(monitor))
        });
        let (console, monitor) = to.unwrap_or((true, true));
        self.messages.push(Logged { text: format!("{}: {text}", self.stamp()), console, monitor });
    }

    /// Whether messages wait for the prompt of a line: `logging synchronous`. `None`: nobody sees any yet, for no IOS runs or
    /// it asks for its setup.
    pub(crate) fn logs_synchronously(&self, line: LineId) -> Option<bool> {
        self.running(|running| {
            let set =
                |line: &crate::config::Line| line.kept.iter().any(|l| l.starts_with("logging synchronous"));
            (!running.setup).then(|| running.config.line(&line.name()).is_some_and(set))
        })
        .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_sees_a_message_once_and_of_many_the_newest() {
        let messages = Messages::<String>::default();
        let (mut one, mut two) = (0, 0);
        messages.push("a".into());
        assert_eq!(messages.since(&mut one), ["a"]);
        messages.push("b".into());
        assert_eq!(messages.since(&mut one), ["b"]);
        assert_eq!(messages.since(&mut two), ["a", "b"]);
        assert!(messages.since(&mut two).is_empty());
        for n in 0..KEPT + 10 {
            messages.push(n.to_string());
        }
        let seen = messages.since(&mut one);
        assert_eq!((seen.len(), seen[0].as_str()), (KEPT, "10"));
        let mut late = messages.end();
        messages.push("c".into());
        messages.clear();
        assert!(messages.since(&mut late).is_empty());
        messages.push("d".into());
        assert_eq!(messages.since(&mut late), ["d"]);
    }
}
