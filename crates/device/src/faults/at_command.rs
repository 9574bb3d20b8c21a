//! Faults that happen when a command is typed.

use super::{Fault, Faults};
use std::time::Duration;

/// What becomes of a command that was typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// The line is cut off before it is done.
    CutOff,
    /// The line is cut off when it is done.
    LostAnswer,
    /// The device restarts before it is done.
    Crash,
    /// It is refused.
    Refused,
    /// It is done, after that time.
    Late(Duration),
}

impl Faults {
    /// What begins with this line, and what becomes of it.
    pub(crate) fn typed(&self, line: &str) -> Option<Fate> {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        if line.is_empty() {
            return None;
        }
        while let Some(fault) = self.beginning(&line) {
            self.set(fault);
        }
        let mut state = self.state();
        let at = state.set.iter().position(|fault| fate(fault).is_some())?;
        let fate = fate(&state.set[at]);
        state.use_up(at);
        fate
    }

    /// A fault that waited for this line, and waits no more.
    fn beginning(&self, line: &str) -> Option<Fault> {
        let mut state = self.state();
        let begins = |fault: &Fault| matches!(fault, Fault::When { typed, .. } if line.starts_with(typed));
        let at = state.set.iter().position(begins)?;
        match state.set.remove(at) {
            Fault::When { fault, .. } => Some(*fault),
            other => Some(other),
        }
    }
}

fn fate(fault: &Fault) -> Option<Fate> {
    match fault {
        Fault::CutOff => Some(Fate::CutOff),
        Fault::LostAnswer => Some(Fate::LostAnswer),
        Fault::Crash => Some(Fate::Crash),
        Fault::Refuse(_) => Some(Fate::Refused),
        Fault::Silent(time) => Some(Fate::Late(*time)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(texts: &[&str]) -> std::sync::Arc<Faults> {
        let faults = Faults::new(1);
        texts.iter().for_each(|text| faults.set(text.parse().expect(text)));
        faults
    }

    #[test]
    fn what_waits_for_a_command_begins_with_it_and_once() {
        let faults = with(&["when copy tftp: refuse 2", "when write: busy-nvram", "when copy: prompt odd"]);
        assert_eq!(faults.typed("show version"), None);
        assert_eq!(faults.typed("  "), None);
        assert_eq!(faults.typed("write memory"), None);
        assert!(faults.nvram_is_busy() && !faults.nvram_is_busy());
        assert_eq!(faults.prompt(), None);
        assert_eq!(faults.typed("COPY   TFTP://10.0.0.1/x flash:"), Some(Fate::Refused));
        assert_eq!(faults.prompt().as_deref(), Some("odd"));
        assert_eq!(faults.typed("show version"), Some(Fate::Refused));
        assert_eq!(faults.typed("copy tftp: flash:"), None, "twice, and it does not begin again");
    }

    #[test]
    fn one_after_the_other_becomes_of_the_next_commands() {
        let faults = with(&["cut-off", "silent 5ms", "when x: lost-answer", "damaged new.bin"]);
        assert_eq!(faults.typed("a"), Some(Fate::CutOff));
        assert_eq!(faults.typed("a"), Some(Fate::Late(Duration::from_millis(5))));
        assert_eq!(faults.typed("x"), Some(Fate::LostAnswer));
        assert_eq!(faults.typed("x"), None);
        assert!(faults.damages("new.bin") && faults.damages("dir/new.bin") && !faults.damages("old-new.bin"));
    }
}
