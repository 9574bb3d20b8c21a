//! Octets of a line as text.

use super::rows::{is_noise, without_noise};

/// What came since the last command, at most; more is nobody's answer.
pub(super) const MOST: usize = 16 << 20;
/// Octets of the end that a last line is looked for in.
const TAIL: usize = 4_096;

/// What stands on a line since the last command.
#[derive(Default)]
pub(super) struct Screen {
    octets: Vec<u8>,
    /// How many there were when a question was answered.
    mark: usize,
}

impl Screen {
    /// Takes what came; `false`: it is too much.
    pub(super) fn take(&mut self, octets: &[u8]) -> bool {
        self.octets.extend_from_slice(octets);
        self.octets.len() <= MOST
    }

    pub(super) fn clear(&mut self) {
        self.octets.clear();
        self.mark = 0;
    }

    /// What stands there has been answered.
    pub(super) fn mark(&mut self) {
        self.mark = self.octets.len();
    }

    /// Whether anything that is seen came since.
    pub(super) fn is_fresh(&self) -> bool {
        self.octets[self.mark..].iter().any(u8::is_ascii_graphic)
    }

    /// All of it, a line each.
    pub(super) fn text(&self) -> String {
        plain(&self.octets)
    }

    /// Its end, beginning with a whole line.
    fn tail(&self) -> String {
        let from = self.octets.len().saturating_sub(TAIL);
        let tail = &self.octets[from..];
        let whole = if from == 0 { 0 } else { tail.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1) };
        plain(&tail[whole..])
    }

    /// Whether the last line on which something stands came of itself.
    pub(super) fn ends_in_noise(&self) -> bool {
        let text = self.tail();
        text.lines().rev().find(|line| !line.trim().is_empty()).is_some_and(is_noise)
    }

    /// The line that the cursor is on. What came of itself behind a prompt is not looked at: the prompt stands before it.
    pub(super) fn last_line(&self) -> String {
        let text = self.tail();
        let last = text.rsplit('\n').next().unwrap_or_default();
        if !last.trim().is_empty() && !is_noise(last) {
            return without_noise(last).to_owned();
        }
        let mut is_noisy = false;
        for line in text.lines().rev() {
            let shown = without_noise(line);
            if is_noise(line) {
                is_noisy = true;
            } else if !line.trim().is_empty() {
                return if is_noisy || shown.len() < line.len() { shown.to_owned() } else { String::new() };
            }
        }
        String::new()
    }
}

/// Text without what moves a cursor: line ends as they are, what was rubbed out gone.
pub(super) fn plain(octets: &[u8]) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((&octet, behind)) = rest.split_first() {
        rest = behind;
        match octet {
            // ESC [ … letter; ESC letter.
            0x1b => {
                let end = match behind.first() {
                    Some(b'[') => {
                        behind.iter().skip(1).position(|b| (0x40..=0x7e).contains(b)).map(|n| n + 2)
                    }
                    Some(_) => Some(1),
                    None => None,
                };
                rest = &behind[end.unwrap_or(behind.len())..];
            }
            8 => {
                if out.last().is_some_and(|last| *last != b'\n') {
                    out.pop();
                }
            }
            b'\r' => match behind.first() {
                Some(b'\n' | b'\r') | None => {}
                // What stands on the line is written over: `--More--`, and blanks.
                Some(_) => {
                    let line = out.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
                    out.truncate(line);
                }
            },
            b'\n' | b'\t' => out.push(octet),
            0..0x20 | 0x7f => {}
            _ => out.push(octet),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Screen {
        let mut screen = Screen::default();
        assert!(screen.take(text.as_bytes()));
        screen
    }

    #[test]
    fn the_last_line_is_the_cursors_or_the_one_before_noise() {
        for (text, line) in [
            ("show clock\r\n*10:00:00\r\nR1#", "R1#"),
            ("x\r\nR1#\r\n*Mar  1 00:00:12: %SYS-5-CONFIG_I: Configured\r\n", "R1#"),
            ("x\r\nR1#\r\n*Mar  1 00:00:12: %SYS-5-CONFIG_I: Configured\r\n\r\n", "R1#"),
            ("x\r\nR1#\r\n%SYS-5-RESTART: System restarted --", "R1#"),
            // Of a console, behind a start.
            ("x\r\nR1>*Sep 18 10:36:14.536: %LINK-3-UPDOWN: Interface Et1/0, changed state to up\r\n", "R1>"),
            ("R1>*Sep 18 10:36:14.536: %LINK-3-UPDOWN: Interface Et1/0, changed", "R1>"),
            ("%SYS-5-RESTART: System restarted --", ""),
            ("x > *Sep 18 10:36:14.536: %LINK-3-UPDOWN: y\r\n", ""),
            // A command whose output has just ended a line.
            ("x\r\n", ""),
            ("R1#\r\n", ""),
            ("", ""),
            (" --More-- \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08R1#", "R1#"),
            ("a\r\n --More-- \r          \rR1#", "R1#"),
            ("\x1b[0mR1#\x1b[K", "R1#"),
        ] {
            assert_eq!(of(text).last_line(), line, "{text:?}");
        }
    }

    #[test]
    fn a_long_answer_has_a_last_line_too() {
        let text = "a line of some text\r\n".repeat(10_000) + "R1#";
        assert_eq!(of(&text).last_line(), "R1#");
        assert_eq!(of(&text).text().lines().count(), 10_001);
    }

    #[test]
    fn more_than_is_taken_is_said() {
        let mut screen = Screen::default();
        assert!(screen.take(&vec![b'x'; MOST]));
        assert!(!screen.take(b"x"));
    }
}
