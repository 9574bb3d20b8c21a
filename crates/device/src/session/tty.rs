use super::port::{Heard, Port};
use crate::device::{Device, LineId};
use ios_cli::dialog::{Answer, Question};
use ios_cli::editor::{Editor, Event, Input};
use ios_cli::pager::{Pager, crlf};
use ios_cli::regex::Regex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long one look at the terminal lasts: a reload from another line is seen this late at most.
const LOOK: Duration = Duration::from_millis(20);

/// Why a session leaves what it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leave {
    /// The terminal is gone.
    Gone,
    /// The device restarts: by `reload`, or its power was cycled.
    Restart,
    /// `exit`, `quit`, `logout`, or nobody typed for `exec-timeout`.
    Logout,
}

/// A line: editor and pager over a terminal, for one device.
pub(crate) struct Tty {
    pub(crate) device: Arc<Device>,
    pub(crate) line: LineId,
    port: Box<dyn Port>,
    pub(crate) editor: Editor,
    pager: Pager,
    length: usize,
    width: usize,
    /// The power-on this session belongs to.
    generation: u64,
    /// Where the cursor is.
    column: usize,
    /// How long nobody may type before the session ends: `exec-timeout`, or the time for a login.
    limit: Option<Duration>,
    /// How far the messages were seen.
    seen: u64,
    /// How far what lines send each other was seen.
    read: u64,
    /// Whether messages are shown here: on the console, and after `terminal monitor`.
    monitor: bool,
    /// `terminal exec prompt timestamp`: the load and the time stand before what is shown.
    pub(crate) timestamps: bool,
    /// Set: the terminal is cut off.
    cut: Arc<AtomicBool>,
}

impl Tty {
    pub(crate) fn new(device: Arc<Device>, line: LineId, port: Box<dyn Port>) -> Tty {
        Tty::new_in(device.generation(), device, line, port)
    }

    /// The same in this power-on: it ends at once where that is over.
    pub(crate) fn new_in(generation: u64, device: Arc<Device>, line: LineId, port: Box<dyn Port>) -> Tty {
        let (monitor, seen) = match line {
            LineId::Console => (true, 0),
            LineId::Vty(_) => (false, device.messages.end()),
        };
        let read = device.posts.end();
        Tty {
            device,
            line,
            port,
            editor: Editor::new(80),
            pager: Pager::new(24, 80),
            length: 24,
            width: 80,
            generation,
            column: 0,
            limit: None,
            seen,
            read,
            monitor,
            timestamps: false,
            cut: Arc::default(),
        }
    }

    /// `terminal monitor`: messages are shown here from now on, or no longer.
    pub(crate) fn watch_messages(&mut self, on: bool) {
        self.monitor = on;
        self.seen = self.device.messages.end();
    }

    /// What cuts this terminal off when it is set.
    pub(crate) fn cut(&self) -> Arc<AtomicBool> {
        self.cut.clone()
    }

    /// A new session on the same terminal: `terminal length` and history are forgotten.
    pub(crate) fn renew(&mut self) {
        self.generation = self.device.generation();
        self.editor = Editor::new(80);
        (self.length, self.width, self.timestamps) = (24, 80, false);
        self.pager.resize(24, 80);
    }

    /// Sets how long nobody may type.
    pub(crate) fn limit(&mut self, limit: Option<Duration>) {
        self.limit = limit;
    }

    /// `terminal length`, `terminal width`.
    pub(crate) fn resize(&mut self, length: Option<usize>, width: Option<usize>) {
        self.length = length.unwrap_or(self.length);
        self.width = width.unwrap_or(self.width);
        self.pager.resize(self.length, self.width);
        self.editor.set_width(self.width);
    }

    /// Columns; 0 is no limit.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Shows text at once, `\n` between lines.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Leave> {
        match text.rsplit_once('\n') {
            Some((_, last)) => self.column = last.len(),
            None => self.column += text.len(),
        }
        self.port.say(&crlf(text)).map_err(|_| Leave::Gone)
    }

    /// Goes to the start of a line, if not there.
    pub(crate) fn fresh_line(&mut self) -> Result<(), Leave> {
        if self.column > 0 { self.print("\n") } else { Ok(()) }
    }

    /// Shows the whole output of a command, a page at a time.
    pub(crate) fn page(&mut self, text: &str) -> Result<(), Leave> {
        self.pager.start();
        self.pager.print(text);
        loop {
            while let Some(octets) = self.pager.poll_transmit() {
                self.port.say(&octets).map_err(|_| Leave::Gone)?;
            }
            self.column = 0;
            if !self.pager.wants_key() {
                return Ok(());
            }
            match self.next_event(Input::More, "")? {
                Event::Key(b'/') => self.search()?,
                Event::Key(key) => self.pager.key(key),
                Event::Interrupt(_) => self.pager.key(b'q'),
                Event::Line(_) | Event::Help(_) | Event::Tab(_) | Event::CtrlZ(_) => {}
            }
        }
    }

    /// `/` and a pattern at ` --More-- `: the output goes on at the line that fits.
    fn search(&mut self) -> Result<(), Leave> {
        self.pager.begin_search();
        while let Some(octets) = self.pager.poll_transmit() {
            self.port.say(&octets).map_err(|_| Leave::Gone)?;
        }
        let typed = self.ask_plain("/")?;
        self.print("filtering...\n")?;
        match Regex::new(&typed) {
            Ok(pattern) => self.pager.search(|line| pattern.is_match(line)),
            Err(_) => self.pager.search(|line| line.contains(&typed)),
        }
        Ok(())
    }

    /// Asks until it is answered. [`Answer::Again`] is not given back.
    pub(crate) fn ask(&mut self, question: &Question) -> Result<Answer, Leave> {
        loop {
            let event = self.next_event(question.input(), &question.prompt())?;
            match question.answer(&event) {
                Some(Answer::Again(text)) => self.print(text)?,
                Some(answer) => return Ok(answer),
                None => {}
            }
        }
    }

    /// A line, default in brackets; `None` when Ctrl-C ended the dialog.
    pub(crate) fn ask_line(&mut self, text: &str, default: &str) -> Result<Option<String>, Leave> {
        Ok(match self.ask(&Question::line(text, default))? {
            Answer::Text(text) => Some(text),
            Answer::Yes | Answer::No | Answer::Again(_) | Answer::Aborted => None,
        })
    }

    /// One key: Enter or `y`.
    pub(crate) fn confirm(&mut self, text: &str) -> Result<bool, Leave> {
        Ok(self.ask(&Question::confirm(text))? == Answer::Yes)
    }

    /// A line that is not shown; empty when the dialog was ended.
    pub(crate) fn ask_password(&mut self, text: &str) -> Result<String, Leave> {
        Ok(match self.ask(&Question::Password { text: text.into() })? {
            Answer::Text(text) => text,
            Answer::Yes | Answer::No | Answer::Again(_) | Answer::Aborted => String::new(),
        })
    }

    /// A line behind a plain prompt; empty when it was abandoned.
    pub(crate) fn ask_plain(&mut self, prompt: &str) -> Result<String, Leave> {
        Ok(self.ask_plain_or(prompt)?.unwrap_or_default())
    }

    /// The same; `None` when it was abandoned.
    pub(crate) fn ask_plain_or(&mut self, prompt: &str) -> Result<Option<String>, Leave> {
        loop {
            match self.next_event(Input::Answer, prompt)? {
                Event::Line(line) => return Ok(Some(line.trim().to_owned())),
                Event::Interrupt(_) | Event::CtrlZ(_) => return Ok(None),
                Event::Key(_) | Event::Help(_) | Event::Tab(_) => {}
            }
        }
    }

    /// Reads until the editor has an event. The editor may already be reading: the line goes on. A session
    /// in which nobody types for its limit ends.
    pub(crate) fn next_event(&mut self, input: Input, prompt: &str) -> Result<Event, Leave> {
        if !self.editor.is_reading() {
            // What was typed behind `?` or Tab may have ended the line as soon as it was shown again. An
            // interrupt was for a command that is over.
            while let Some(event) = self.editor.poll_event() {
                if !matches!(event, Event::Interrupt(_)) {
                    self.flush()?;
                    self.column = 0;
                    return Ok(event);
                }
            }
            self.editor.read(input, prompt);
        }
        let mut quiet_since = Instant::now();
        loop {
            self.flush()?;
            if let Some(event) = self.editor.poll_event() {
                self.column = 0;
                return Ok(event);
            }
            match self.hear(LOOK)? {
                Heard::Keys(keys) => {
                    quiet_since = Instant::now();
                    self.editor.handle_bytes(&keys);
                }
                Heard::Break => {}
                Heard::Gone => return Err(Leave::Gone),
                Heard::Nothing => {
                    if self.limit.is_some_and(|limit| quiet_since.elapsed() >= limit) {
                        self.editor.stop();
                        return Err(Leave::Logout);
                    }
                }
            }
            self.asynchronous(input)?;
        }
    }

    /// Looks for an interrupt key while a command runs; other keys wait for the next prompt.
    pub(crate) fn interrupted(&mut self, wait: Duration) -> Result<bool, Leave> {
        if let Heard::Keys(keys) = self.hear(wait)? {
            self.editor.handle_bytes(&keys);
        }
        self.flush()?;
        let mut hit = false;
        while let Some(event) = self.editor.poll_event() {
            hit |= matches!(event, Event::Interrupt(_));
        }
        Ok(hit)
    }

    /// Waits for a time in which keys are only queued; `Ok(true)` when a break came.
    pub(crate) fn pause(&mut self, wait: Duration) -> Result<bool, Leave> {
        let end = Instant::now() + wait;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.hear(left.min(LOOK))? {
                Heard::Break => return Ok(true),
                Heard::Gone => return Err(Leave::Gone),
                Heard::Keys(keys) => self.editor.handle_bytes(&keys),
                Heard::Nothing => {}
            }
            while self.editor.poll_event().is_some() {}
            if left.is_zero() {
                return Ok(false);
            }
        }
    }

    /// Octets of the line as they come: not for the editor, which does not see them.
    pub(crate) fn hear_raw(&mut self, wait: Duration) -> Result<Heard, Leave> {
        match self.hear(wait)? {
            Heard::Gone => Err(Leave::Gone),
            heard => Ok(heard),
        }
    }

    /// Octets to the line as they are.
    pub(crate) fn say_raw(&mut self, octets: &[u8]) -> Result<(), Leave> {
        self.column = 1;
        self.port.say(octets).map_err(|_| Leave::Gone)
    }

    fn hear(&mut self, wait: Duration) -> Result<Heard, Leave> {
        if self.device.generation() != self.generation {
            return Err(Leave::Restart);
        }
        if self.cut.swap(false, Ordering::SeqCst) {
            // The console's terminal stays; who was logged in there does not.
            return Err(if self.line == LineId::Console { Leave::Logout } else { Leave::Gone });
        }
        self.device.revert_if_due();
        if self.line == LineId::Console
            && let Some(text) = self.device.undo_if_due()
        {
            self.print(&text)?;
            return Err(Leave::Restart);
        }
        if self.line == LineId::Console
            && let Some((text, now)) = self.device.due()
        {
            self.print(&text)?;
            if now {
                self.device.reload_as_scheduled();
                return Err(Leave::Restart);
            }
            if self.editor.is_reading() {
                self.editor.redisplay();
            }
        }
        if self.line == LineId::Console && self.device.take_break() {
            return Ok(Heard::Break);
        }
        match self.port.hear(wait) {
            Heard::Gone => Err(Leave::Gone),
            heard => Ok(heard),
        }
    }

    fn flush(&mut self) -> Result<(), Leave> {
        while let Some(octets) = self.editor.poll_transmit() {
            self.port.say(&octets).map_err(|_| Leave::Gone)?;
        }
        Ok(())
    }

    /// Messages come between a prompt and what is typed behind it.
    fn asynchronous(&mut self, input: Input) -> Result<(), Leave> {
        if input == Input::More {
            return Ok(());
        }
        for post in self.posts() {
            self.port.say(&crlf(&post)).map_err(|_| Leave::Gone)?;
            self.editor.redisplay();
        }
        if self.monitor {
            self.device.make_noise();
            for message in self.device.messages.since(&mut self.seen) {
                self.port.say(&crlf(&format!("\n{message}\n"))).map_err(|_| Leave::Gone)?;
                self.editor.redisplay();
            }
        }
        self.flush()
    }

    /// What was sent to this line since it looked last.
    fn posts(&mut self) -> Vec<String> {
        let line = self.line;
        let posts = self.device.posts.since(&mut self.read).into_iter();
        posts.filter(|post| post.to.is_none_or(|to| to == line)).map(|post| post.text).collect()
    }

    /// Shows the waiting messages now, before a prompt.
    pub(crate) fn messages(&mut self) -> Result<(), Leave> {
        for post in self.posts() {
            self.fresh_line()?;
            self.print(&post)?;
        }
        if self.monitor {
            for message in self.device.messages.since(&mut self.seen) {
                self.fresh_line()?;
                self.print(&format!("{message}\n"))?;
            }
        }
        Ok(())
    }
}
