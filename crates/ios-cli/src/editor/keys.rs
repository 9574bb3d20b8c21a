//! The keys of a line.

use super::{BELL, CTRL_C, ESCAPE_SEQUENCE, Editor, Escape, Event, Input, MAX_LINE, State};

const ESC: u8 = 0x1b;

impl Editor {
    /// One key of a line that is being read.
    pub(super) fn line_key(&mut self, input: Input, key: u8) {
        if core::mem::take(&mut self.quoted) {
            self.insert(key);
            return self.refresh();
        }
        match core::mem::replace(&mut self.escape, Escape::No) {
            Escape::No => {}
            Escape::Seen => return self.escape_key(key),
            Escape::Bracket => return self.arrow(input, key),
        }
        match key {
            b'\r' => return self.enter(input),
            CTRL_C => return self.abandon(key),
            // The escape sequence has nothing to stop at a command prompt; clients send it there.
            ESCAPE_SEQUENCE if input == Input::Command => {}
            ESCAPE_SEQUENCE => return self.abandon(key),
            0x1a => {
                self.out.extend(b"^Z\r\n");
                let event = Event::CtrlZ(self.line());
                return self.end(event);
            }
            b'?' if input == Input::Command => {
                self.out.extend(b"?\r\n");
                self.state = State::Held;
                self.events.push_back(Event::Help(self.before_cursor()));
                return;
            }
            b'\t' if input == Input::Command => {
                self.state = State::Held;
                self.events.push_back(Event::Tab(self.before_cursor()));
                return;
            }
            ESC => self.escape = Escape::Seen,
            0x01 => self.cursor = 0,
            0x05 => self.cursor = self.text.len(),
            0x02 => self.cursor = self.cursor.saturating_sub(1),
            0x06 => self.cursor = (self.cursor + 1).min(self.text.len()),
            0x10 => self.browse(input, true),
            0x0e => self.browse(input, false),
            0x04 => self.remove(self.cursor, (self.cursor + 1).min(self.text.len())),
            0x08 | 0x7f => self.remove(self.cursor.saturating_sub(1), self.cursor),
            0x0b => self.kill(self.cursor, self.text.len()),
            0x15 | 0x18 => self.kill(0, self.cursor),
            0x17 => self.kill(self.word_left(), self.cursor),
            0x19 => {
                let killed = self.killed.clone();
                killed.into_iter().for_each(|b| self.insert(b));
            }
            0x0c | 0x12 => {
                self.out.extend(b"\r\n");
                return self.redisplay_line();
            }
            0x14 => self.transpose(),
            0x16 => self.quoted = true,
            b' '..=0x7e => self.insert(key),
            // Control keys without a meaning, and octets beyond ASCII.
            _ => {}
        }
        self.refresh();
    }

    fn before_cursor(&self) -> alloc::string::String {
        self.text[..self.cursor].iter().map(|b| char::from(*b)).collect()
    }

    fn redisplay_line(&mut self) {
        self.show_prompt();
        self.refresh();
    }

    fn enter(&mut self, input: Input) {
        self.out.extend(b"\r\n");
        let line = self.line();
        if input == Input::Command && !line.trim().is_empty() && self.history.front() != Some(&line) {
            self.history.push_front(line.clone());
            self.history.truncate(self.history_size);
        }
        self.end(Event::Line(line));
    }

    fn abandon(&mut self, key: u8) {
        self.out.extend(b"\r\n");
        self.end(Event::Interrupt(key));
    }

    fn escape_key(&mut self, key: u8) {
        match key {
            b'[' | b'O' => self.escape = Escape::Bracket,
            b'b' => self.cursor = self.word_left(),
            b'f' => self.cursor = self.word_right(),
            b'd' => self.kill(self.cursor, self.word_right()),
            b'c' => self.recase(|n, b| if n == 0 { b.to_ascii_uppercase() } else { b }),
            b'u' => self.recase(|_, b| b.to_ascii_uppercase()),
            b'l' => self.recase(|_, b| b.to_ascii_lowercase()),
            _ => {}
        }
        self.refresh();
    }

    fn arrow(&mut self, input: Input, key: u8) {
        match key {
            b'A' => self.browse(input, true),
            b'B' => self.browse(input, false),
            b'C' => self.cursor = (self.cursor + 1).min(self.text.len()),
            b'D' => self.cursor = self.cursor.saturating_sub(1),
            // Parameters (`ESC [ 3 ~`) are read over.
            b'0'..=b'9' | b';' => self.escape = Escape::Bracket,
            _ => {}
        }
        self.refresh();
    }

    fn insert(&mut self, key: u8) {
        if self.text.len() >= MAX_LINE || !(b' '..0x7f).contains(&key) {
            self.out.push(BELL);
            return;
        }
        self.text.insert(self.cursor, key);
        self.cursor += 1;
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.text.drain(from..to);
        self.cursor = from;
    }

    fn kill(&mut self, from: usize, to: usize) {
        if from < to {
            self.killed = self.text[from..to].to_vec();
            self.remove(from, to);
        }
    }

    fn word_left(&self) -> usize {
        let mut at = self.cursor;
        while at > 0 && self.text[at - 1] == b' ' {
            at -= 1;
        }
        while at > 0 && self.text[at - 1] != b' ' {
            at -= 1;
        }
        at
    }

    fn word_right(&self) -> usize {
        let mut at = self.cursor;
        while at < self.text.len() && self.text[at] == b' ' {
            at += 1;
        }
        while at < self.text.len() && self.text[at] != b' ' {
            at += 1;
        }
        at
    }

    fn recase(&mut self, case: fn(usize, u8) -> u8) {
        let (from, to) = (self.cursor, self.word_right());
        let word = self.text[from..to].iter_mut().skip_while(|b| **b == b' ').enumerate();
        word.for_each(|(n, b)| *b = case(n, *b));
        self.cursor = to;
    }

    fn transpose(&mut self) {
        let at = self.cursor.min(self.text.len().saturating_sub(1));
        if at > 0 {
            self.text.swap(at - 1, at);
            self.cursor = at + 1;
        }
    }

    fn browse(&mut self, input: Input, older: bool) {
        if input != Input::Command {
            return;
        }
        let next = match (&self.browsing, older) {
            (None, true) => Some(0),
            (Some((n, _)), true) => Some(n + 1),
            (Some((0, _)) | None, false) => None,
            (Some((n, _)), false) => Some(n - 1),
        };
        match next {
            Some(n) => {
                let Some(line) = self.history.get(n) else { return self.out.push(BELL) };
                let own = match self.browsing.take() {
                    Some((_, own)) => own,
                    None => self.text.clone(),
                };
                self.text = line.bytes().collect();
                self.browsing = Some((n, own));
            }
            None => {
                let Some((_, own)) = self.browsing.take() else { return self.out.push(BELL) };
                self.text = own;
            }
        }
        self.cursor = self.text.len();
    }
}
