//! ` --More-- `, and what may follow `|`.

mod filter;

pub use filter::{BadFilter, Filter, MODIFIERS};

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

/// The question, one blank on each side.
pub const MORE: &[u8] = b" --More-- ";

/// What takes it away: nine back, eight blanks, nine back. It is ten columns wide, its first blank is
/// column 0, and the last column needs no blank over it.
pub const ERASE: &[u8] = b"\x08\x08\x08\x08\x08\x08\x08\x08\x08        \x08\x08\x08\x08\x08\x08\x08\x08\x08";

/// Turns text with `\n` into what a terminal needs.
pub fn crlf(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 16);
    for b in text.bytes() {
        if b == b'\n' {
            out.push(b'\r');
        }
        out.push(b);
    }
    out
}

/// Shows text a screen at a time.
///
/// After [`Pager::print`] or [`Pager::key`]: [`Pager::poll_transmit`] until it says `None`; then, while
/// [`Pager::wants_key`], hand in one key. [`Pager::start`] before each command.
#[derive(Clone, Debug)]
pub struct Pager {
    length: usize,
    width: usize,
    /// Rows that may still be shown before the question.
    room: usize,
    flow: Flow,
    /// Lines that wait; the last may lack its end.
    lines: VecDeque<String>,
    out: VecDeque<Vec<u8>>,
}

/// What a pattern that is typed at the question is for: the key before it says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Search {
    /// `/`: it goes on at the first line that fits.
    Begin,
    /// `+`: only lines that fit are shown.
    Include,
    /// `-`: only the others are.
    Exclude,
}

impl Search {
    /// The one of a key.
    pub fn of_key(key: u8) -> Option<Search> {
        Some(match key {
            b'/' => Search::Begin,
            b'+' => Search::Include,
            b'-' => Search::Exclude,
            _ => return None,
        })
    }

    /// What stands before the pattern while it is typed.
    pub fn sign(self) -> &'static str {
        match self {
            Search::Begin => "/",
            Search::Include => "+",
            Search::Exclude => "-",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flow {
    Running,
    Held,
    /// The user has had enough: the rest of this command's output is dropped.
    Quit,
}

impl Pager {
    /// A pager for a terminal of that many rows (0: never asks) and columns (0: lines do not wrap).
    pub fn new(length: usize, width: usize) -> Pager {
        let mut pager = Pager {
            length,
            width,
            room: 0,
            flow: Flow::Running,
            lines: VecDeque::new(),
            out: VecDeque::new(),
        };
        pager.start();
        pager
    }

    /// `terminal length`, `terminal width`: from the next command on.
    pub fn resize(&mut self, length: usize, width: usize) {
        (self.length, self.width) = (length, width);
    }

    /// A new command: a whole screen is free and what was left is forgotten.
    pub fn start(&mut self) {
        self.room = self.page();
        self.flow = Flow::Running;
        self.lines.clear();
    }

    /// More text of the command, `\n` between lines.
    pub fn print(&mut self, text: &str) {
        if self.flow == Flow::Quit {
            return;
        }
        for piece in text.split_inclusive('\n') {
            match self.lines.back_mut() {
                Some(last) if !last.ends_with('\n') => last.push_str(piece),
                Some(_) | None => self.lines.push_back(piece.into()),
            }
        }
        self.advance();
    }

    /// A key, when [`Pager::wants_key`]: blank for a page, Enter for a line, anything else to stop.
    pub fn key(&mut self, key: u8) {
        if self.flow != Flow::Held {
            return;
        }
        self.out.push_back(ERASE.to_vec());
        match key {
            b' ' => self.room = self.page(),
            b'\r' | b'\n' => self.room = 1,
            _ => {
                self.flow = Flow::Quit;
                self.lines.clear();
                return;
            }
        }
        self.flow = Flow::Running;
        self.advance();
    }

    /// A key of [`Search`], when [`Pager::wants_key`]: the question goes, for a pattern to be typed there.
    pub fn begin_search(&mut self) {
        if self.flow == Flow::Held {
            self.out.push_back(ERASE.to_vec());
        }
    }

    /// Goes on as `search` says with the lines that wait, with a whole screen.
    pub fn search(&mut self, search: Search, fits: impl Fn(&str) -> bool) {
        if self.flow != Flow::Held {
            return;
        }
        let fits = |line: &str| fits(line.trim_end_matches('\n'));
        match search {
            Search::Begin => {
                let skipped = self.lines.iter().take_while(|line| !fits(line)).count();
                self.lines.drain(..skipped);
            }
            Search::Include => self.lines.retain(|line| fits(line)),
            Search::Exclude => self.lines.retain(|line| !fits(line)),
        }
        self.flow = Flow::Running;
        self.room = self.page();
        self.advance();
    }

    /// The next bytes for the terminal.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    /// Whether ` --More-- ` stands there and waits.
    pub fn wants_key(&self) -> bool {
        self.flow == Flow::Held
    }

    /// Whether the user ended the output: what is printed now is dropped.
    pub fn has_quit(&self) -> bool {
        self.flow == Flow::Quit
    }

    fn page(&self) -> usize {
        if self.length == 0 { usize::MAX } else { self.length.saturating_sub(1).max(1) }
    }

    fn advance(&mut self) {
        while self.flow == Flow::Running {
            let Some(line) = self.lines.front() else { return };
            if self.room == 0 {
                self.out.push_back(MORE.to_vec());
                self.flow = Flow::Held;
                return;
            }
            let rows = match self.width {
                0 => 1,
                width => line.trim_end_matches('\n').len().div_ceil(width).max(1),
            };
            // A line without its end is shown (progress characters), its row is counted with the end.
            if line.ends_with('\n') && self.room != usize::MAX {
                self.room = self.room.saturating_sub(rows);
            }
            let line = self.lines.pop_front().expect("front() was there");
            self.out.push_back(crlf(&line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn drain(pager: &mut Pager) -> String {
        let mut out = Vec::new();
        while let Some(bytes) = pager.poll_transmit() {
            out.extend(bytes);
        }
        String::from_utf8(out).expect("ASCII").replace('\x08', "<").replace("\r\n", "|")
    }

    fn ten() -> String {
        (1..=10).map(|n| format!("line {n}\n")).collect()
    }

    #[test]
    fn a_page_then_a_line_then_the_rest() {
        let mut pager = Pager::new(5, 80);
        pager.print(&ten());
        assert_eq!(drain(&mut pager), "line 1|line 2|line 3|line 4| --More-- ");
        pager.key(b'\r');
        assert_eq!(drain(&mut pager), "<<<<<<<<<        <<<<<<<<<line 5| --More-- ");
        pager.key(b' ');
        assert_eq!(drain(&mut pager), "<<<<<<<<<        <<<<<<<<<line 6|line 7|line 8|line 9| --More-- ");
        pager.key(b' ');
        assert_eq!(drain(&mut pager), "<<<<<<<<<        <<<<<<<<<line 10|");
        assert!(!pager.wants_key());
    }

    #[test]
    fn another_key_ends_it_and_drops_what_comes_after() {
        let mut pager = Pager::new(3, 80);
        pager.print(&ten());
        pager.key(b'q');
        pager.print("never\n");
        assert_eq!(drain(&mut pager), "line 1|line 2| --More-- <<<<<<<<<        <<<<<<<<<");
        assert!(pager.has_quit());
        pager.start();
        pager.print("seen\n");
        assert_eq!(drain(&mut pager), "seen|");
    }

    #[test]
    fn a_search_drops_what_stands_before_the_line() {
        let mut pager = Pager::new(3, 80);
        pager.print(&ten());
        pager.begin_search();
        pager.search(Search::Begin, |l| l.ends_with(" 8"));
        assert_eq!(
            drain(&mut pager),
            "line 1|line 2| --More-- <<<<<<<<<        <<<<<<<<<line 8|line 9| --More-- "
        );
        pager.search(Search::Begin, |_| false);
        assert!(!pager.wants_key());
    }

    #[test]
    fn plus_keeps_the_lines_that_fit_and_minus_the_others() {
        for (key, shown) in [(b'+', "line 5|line 7|"), (b'-', "line 3|line 4| --More-- ")] {
            let mut pager = Pager::new(3, 80);
            pager.print(&ten());
            drain(&mut pager);
            pager.begin_search();
            let search = Search::of_key(key).expect("one of them");
            pager.search(search, |l| l.ends_with('5') || l.ends_with('7'));
            assert_eq!(drain(&mut pager), format!("<<<<<<<<<        <<<<<<<<<{shown}"));
            assert_eq!(search.sign().as_bytes(), [key]);
        }
        assert_eq!(Search::of_key(b'q'), None);
    }

    #[test]
    fn length_zero_never_asks_and_an_exact_page_does_not_either() {
        let mut pager = Pager::new(0, 80);
        pager.print(&ten());
        assert!(!drain(&mut pager).contains("More"));
        let mut pager = Pager::new(11, 80);
        pager.print(&ten());
        assert!(!drain(&mut pager).contains("More"));
    }

    #[test]
    fn a_line_wider_than_the_terminal_counts_its_rows() {
        let mut pager = Pager::new(4, 10);
        pager.print("12345678901234567890\nb\nc\n");
        assert_eq!(drain(&mut pager), "12345678901234567890|b| --More-- ");
    }
}
