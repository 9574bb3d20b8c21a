//! `logging console` and `logging monitor`: which system messages come to a line, by how severe they are.

use super::Complaint;
use ios_cli::text::logging::{DEBUGGING, LEVELS, level};
use std::fmt::Write;

/// Up to which level messages come; `None`: none do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Logging {
    /// To the console.
    pub console: Option<u8>,
    /// To lines after `terminal monitor`.
    pub monitor: Option<u8>,
}

impl Default for Logging {
    fn default() -> Logging {
        Logging { console: Some(DEBUGGING), monitor: Some(DEBUGGING) }
    }
}

impl Logging {
    /// Takes the words behind `logging`; `None`: they are about something else. `default` is what holds where nobody said
    /// anything.
    pub(super) fn take(&mut self, no: bool, default: bool, words: &[&str]) -> Result<Option<()>, Complaint> {
        let (to, rest) = match words {
            ["console", rest @ ..] => (&mut self.console, rest),
            ["monitor", rest @ ..] => (&mut self.monitor, rest),
            _ => return Ok(None),
        };
        *to = match rest {
            _ if default => Some(DEBUGGING),
            _ if no => None,
            [] => Some(DEBUGGING),
            // Forms beside the levels' (`guaranteed`, `xml`) are kept lines.
            [word] => match level(word) {
                None => return Ok(None),
                level => level,
            },
            _ => return Ok(None),
        };
        Ok(Some(()))
    }

    /// Its lines, where it is otherwise than by itself.
    pub(super) fn render(self, out: &mut String) -> std::fmt::Result {
        for (name, level) in [("console", self.console), ("monitor", self.monitor)] {
            match level {
                Some(DEBUGGING) => {}
                Some(level) => {
                    writeln!(out, "logging {name} {}", LEVELS[usize::from(level.min(DEBUGGING))])?;
                }
                None => writeln!(out, "no logging {name}")?,
            }
        }
        Ok(())
    }
}
