//! The line editor of a terminal line.
//!
//! [`Editor::handle_bytes`] at any time; [`Editor::read`] when the device wants a line or a key; then drain
//! [`Editor::poll_transmit`] (the echo) and [`Editor::poll_event`] until both say `None`. What is typed while
//! nothing is read waits and is echoed by the next `read`, so that `copy run start` CR CR in one write answers
//! its own question. After [`Event::Help`] and [`Event::Tab`] the line is kept: print, then
//! [`Editor::redisplay`] or [`Editor::complete`].

mod keys;
mod screen;
#[cfg(test)]
mod tests;

use crate::pager::crlf;
use alloc::borrow::ToOwned;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use screen::Screen;

/// The longest line; IOS-XE says so too.
pub const MAX_LINE: usize = 253;

/// Octets that may wait before [`Editor::wants_input`] says no.
const QUEUE: usize = 4_096;

/// Octets that may wait at all; what a peer sends beyond is dropped with a bell.
const QUEUE_LIMIT: usize = 65_536;

const BELL: u8 = 0x07;
const CTRL_C: u8 = 0x03;
/// Ctrl-Shift-6, the escape sequence of IOS.
const ESCAPE_SEQUENCE: u8 = 0x1e;

/// What is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// A command: with `?`, Tab and history.
    Command,
    /// The answer to a question: a line without these.
    Answer,
    /// A line that is not shown.
    Password,
    /// One key, without echo. Enter is `\r`. The line ends afterwards on the screen too.
    Key,
    /// One key behind ` --More-- `: nothing is echoed, not even the line's end.
    More,
}

/// What the user did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Enter.
    Line(String),
    /// The key asked for.
    Key(u8),
    /// `?` behind this text. The line waits for [`Editor::redisplay`].
    Help(String),
    /// Tab behind this text. The line waits for [`Editor::complete`].
    Tab(String),
    /// Ctrl-Z behind this text.
    CtrlZ(String),
    /// Ctrl-C (0x03) or Ctrl-Shift-6 (0x1e). At a prompt the line is thrown away; while nothing is
    /// read it is for the command that runs.
    Interrupt(u8),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The device works; keys wait.
    Idle,
    Reading(Input),
    /// A line waits for help or completion.
    Held,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Escape {
    No,
    Seen,
    Bracket,
}

/// The editor; the module's doc has the order of calls.
#[derive(Clone, Debug)]
pub struct Editor {
    state: State,
    queue: VecDeque<u8>,
    /// A CR was the last octet: LF or NUL after it belong to it.
    after_cr: bool,
    prompt: String,
    text: Vec<u8>,
    cursor: usize,
    screen: Screen,
    escape: Escape,
    quoted: bool,
    killed: Vec<u8>,
    history: VecDeque<String>,
    history_size: usize,
    /// The entry shown (counted from the newest), and the line left for it.
    browsing: Option<(usize, Vec<u8>)>,
    out: Vec<u8>,
    events: VecDeque<Event>,
}

impl Editor {
    /// An editor for a terminal of that many columns; 0 is no limit.
    pub fn new(width: usize) -> Editor {
        Editor {
            state: State::Idle,
            queue: VecDeque::new(),
            after_cr: false,
            prompt: String::new(),
            text: Vec::new(),
            cursor: 0,
            screen: Screen::new(width),
            escape: Escape::No,
            quoted: false,
            killed: Vec::new(),
            history: VecDeque::new(),
            history_size: 20,
            browsing: None,
            out: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// `terminal width`: from the next line on.
    pub fn set_width(&mut self, width: usize) {
        self.screen.width = width;
    }

    /// `terminal history size`.
    pub fn set_history_size(&mut self, lines: usize) {
        self.history_size = lines;
        self.history.truncate(lines);
    }

    /// The commands typed, oldest first.
    pub fn history(&self) -> impl Iterator<Item = &str> {
        self.history.iter().rev().map(String::as_str)
    }

    /// Octets from the terminal. LF, CR, CR LF and CR NUL are one Enter each; CR CR are two.
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let belongs_to_cr =
                core::mem::replace(&mut self.after_cr, byte == b'\r') && matches!(byte, b'\n' | 0);
            if belongs_to_cr || byte == 0 {
                continue;
            }
            let key = if byte == b'\n' { b'\r' } else { byte };
            if self.state == State::Idle && matches!(key, CTRL_C | ESCAPE_SEQUENCE) {
                self.events.push_back(Event::Interrupt(key));
            } else if self.queue.len() < QUEUE_LIMIT {
                self.queue.push_back(key);
            } else {
                self.out.push(BELL);
            }
        }
        self.advance();
    }

    /// Whether the driver should read on. It still may, to see Ctrl-C.
    pub fn wants_input(&self) -> bool {
        self.queue.len() < QUEUE
    }

    /// Prints `prompt` and reads. Interrupts that nobody took since the last line are forgotten.
    pub fn read(&mut self, input: Input, prompt: &str) {
        self.events.retain(|e| !matches!(e, Event::Interrupt(_)));
        self.state = State::Reading(input);
        self.prompt = prompt.to_owned();
        self.text.clear();
        self.cursor = 0;
        self.browsing = None;
        self.escape = Escape::No;
        self.quoted = false;
        self.show_prompt();
        self.advance();
    }

    /// Stops reading: the device has something else to do (a timeout, a reload).
    pub fn stop(&mut self) {
        self.state = State::Idle;
    }

    /// Whether a line or key is being read, help and completion included.
    pub fn is_reading(&self) -> bool {
        self.state != State::Idle
    }

    /// Prints the prompt and the line again and reads on: after help, or when a message came between.
    pub fn redisplay(&mut self) {
        match self.state {
            State::Held => self.state = State::Reading(Input::Command),
            State::Reading(_) => {}
            State::Idle => return,
        }
        self.show_prompt();
        self.refresh();
        self.advance();
    }

    /// Answers [`Event::Tab`]: with a line, or `None` for the same again.
    pub fn complete(&mut self, line: Option<&str>) {
        if self.state != State::Held {
            return;
        }
        if let Some(line) = line {
            let rest = self.text.split_off(self.cursor);
            self.text = line.bytes().filter(|b| (b' '..0x7f).contains(b)).collect();
            self.text.truncate(MAX_LINE.saturating_sub(rest.len()));
            self.cursor = self.text.len();
            self.text.extend(rest);
        }
        self.out.extend(b"\r\n");
        self.redisplay();
    }

    /// The echo.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        (!self.out.is_empty()).then(|| core::mem::take(&mut self.out))
    }

    /// What the user did.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn show_prompt(&mut self) {
        self.out.extend(crlf(&self.prompt));
        let last = self.prompt.rsplit('\n').next().unwrap_or("");
        self.screen.start(last.len());
    }

    /// Takes keys while something is read.
    fn advance(&mut self) {
        while let State::Reading(input) = self.state {
            let Some(key) = self.queue.pop_front() else { break };
            match input {
                Input::Key | Input::More => {
                    if input == Input::Key {
                        self.out.extend(b"\r\n");
                    }
                    let interrupt = input == Input::Key && matches!(key, CTRL_C | ESCAPE_SEQUENCE);
                    self.end(if interrupt { Event::Interrupt(key) } else { Event::Key(key) });
                }
                Input::Command | Input::Answer | Input::Password => self.line_key(input, key),
            }
        }
    }

    fn end(&mut self, event: Event) {
        self.state = State::Idle;
        self.events.push_back(event);
        // What is behind an interrupt that waited in the queue was meant for nobody; what is behind a
        // line is the next one. Interrupts among it count once the command runs.
        if let Some(at) = self.queue.iter().position(|k| matches!(*k, CTRL_C | ESCAPE_SEQUENCE))
            && at == 0
        {
            let key = self.queue.pop_front().expect("position() found it");
            self.events.push_back(Event::Interrupt(key));
        }
    }

    fn line(&self) -> String {
        self.text.iter().map(|b| char::from(*b)).collect()
    }

    fn refresh(&mut self) {
        if self.state != State::Reading(Input::Password) {
            self.screen.show(&self.text, self.cursor, &mut self.out);
        }
    }
}
