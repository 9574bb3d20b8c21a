//! What a terminal shows of a console's octets: completed lines, and the line the cursor is in.

/// Follows a console: carriage return, line feed, backspace and bell; everything else is shown. What a
/// line editor and a pager rub out is gone here too.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Screen {
    line: Vec<u8>,
    column: usize,
}

impl Screen {
    /// Takes octets; gives the lines they complete.
    pub fn feed(&mut self, octets: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for &b in octets {
            match b {
                b'\r' => self.column = 0,
                b'\n' => {
                    lines.push(self.text());
                    self.line.clear();
                    self.column = 0;
                }
                0x08 => self.column = self.column.saturating_sub(1),
                0x00..=0x1f | 0x7f => {}
                _ => {
                    match self.line.get_mut(self.column) {
                        Some(at) => *at = b,
                        None => self.line.push(b),
                    }
                    self.column += 1;
                }
            }
        }
        lines
    }

    /// The line the cursor is in, without what is blank at its end but for one space before the cursor.
    pub fn text(&self) -> String {
        let used = self.line.iter().rposition(|&b| b != b' ').map_or(0, |i| i + 1);
        let end = self.line.len().min(used.max(self.column));
        String::from_utf8_lossy(&self.line[..end]).into_owned()
    }

    /// Columns between the cursor and the end of the text.
    pub fn behind_cursor(&self) -> usize {
        self.text().len().saturating_sub(self.column)
    }

    /// Whether the cursor stands behind a prompt and nothing is typed there.
    pub fn at_prompt(&self) -> bool {
        let text = self.text();
        let Some(host) = text.strip_suffix(['#', '>']) else {
            return text.strip_prefix("rommon ").and_then(|t| t.strip_suffix(" > ")).is_some();
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.()".contains(&b);
        self.behind_cursor() == 0 && !host.is_empty() && host.bytes().all(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(octets: &[u8]) -> (Vec<String>, String) {
        let mut screen = Screen::default();
        let lines = screen.feed(octets);
        (lines, screen.text())
    }

    #[test]
    fn what_was_rubbed_out_is_gone() {
        let more = b"one\r\n --More-- \x08\x08\x08\x08\x08\x08\x08\x08\x08        \x08\x08\x08\x08\x08\x08\x08\x08\x08two\r\nR1#";
        assert_eq!(shown(more), (vec!["one".into(), "two".into()], "R1#".into()));
        assert_eq!(shown(b"R1#shwo\x08 \x08\x08 \x08ow").1, "R1#show");
        assert_eq!(shown(b"\x07R1#").1, "R1#");
    }

    #[test]
    fn a_prompt_is_one_only_while_nothing_is_typed() {
        let at = |octets: &[u8]| {
            let mut screen = Screen::default();
            screen.feed(octets);
            screen.at_prompt()
        };
        for prompt in ["R1#", "R1>", "R1(config)#", "R1(config-if)#", "rommon 3 > "] {
            assert!(at(format!("\r\n{prompt}").as_bytes()), "{prompt}");
        }
        for other in
            ["", "R1#s", "#", "Password: ", "Proceed with reload? [confirm]", "Source filename []? ", "!!!>"]
        {
            assert!(!at(other.as_bytes()), "{other}");
        }
        // The cursor was moved back into typed text that looks like a prompt.
        assert!(!at(b"R1#x#\x08"));
    }
}
