use super::port::{Heard, Port};
use crate::device::{Device, LineId};
use ios_cli::dialog::{Answer, Question};
use ios_cli::editor::{Editor, Event, Input};
use ios_cli::pager::{MORE, Pager, Search, crlf};
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

/// What comes to a line beside what its commands say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hears {
    /// What lines send each other, and system messages: the console, and a vty after `terminal monitor`.
    Messages,
    /// What lines send each other.
    Posts,
    /// Nothing: one command over SSH.
    Nothing,
}

/// What is going on on a line when something comes for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Busy {
    /// Somebody types behind a prompt or a question, or may.
    Prompt,
    /// ` --More-- ` stands there.
    More,
    /// A command is at work.
    Working,
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
    /// What comes here beside the output of commands.
    hears: Hears,
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
        let (hears, seen) = match line {
            LineId::Console => (Hears::Messages, 0),
            LineId::Vty(_) => (Hears::Posts, device.messages.end()),
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
            hears,
            timestamps: false,
            cut: Arc::default(),
        }
    }

    /// `terminal monitor`: messages are shown here from now on, or no longer. The console's are `logging console`'s.
    pub(crate) fn watch_messages(&mut self, on: bool) {
        if self.line != LineId::Console {
            self.hears = if on { Hears::Messages } else { Hears::Posts };
            self.seen = self.device.messages.end();
        }
    }

    /// Only what commands say comes here.
    pub(crate) fn hear_nothing(&mut self) {
        self.hears = Hears::Nothing;
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
        // What was said before a restart is over with it.
        self.read = self.device.posts.end();
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
        self.show(&crlf(text))
    }

    /// Octets of the terminal, and where they leave the cursor.
    fn show(&mut self, octets: &[u8]) -> Result<(), Leave> {
        for octet in octets {
            self.column = match octet {
                b'\r' => 0,
                0x08 => self.column.saturating_sub(1),
                b' '..=0x7e | 0x80.. => self.column + 1,
                _ => self.column,
            };
        }
        self.port.say(octets).map_err(|_| Leave::Gone)
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
                self.show(&octets)?;
            }
            if !self.pager.wants_key() {
                return Ok(());
            }
            match self.next_event(Input::More, "")? {
                Event::Key(key) => match Search::of_key(key) {
                    Some(search) => self.search(search)?,
                    None => self.pager.key(key),
                },
                Event::Interrupt(_) => self.pager.key(b'q'),
                Event::Line(_) | Event::Help(_) | Event::Tab(_) | Event::CtrlZ(_) => {}
            }
        }
    }

    /// `/`, `+` or `-` and a pattern at ` --More-- `.
    fn search(&mut self, search: Search) -> Result<(), Leave> {
        self.pager.begin_search();
        while let Some(octets) = self.pager.poll_transmit() {
            self.show(&octets)?;
        }
        let typed = self.ask_plain(search.sign())?;
        self.print("filtering...\n")?;
        match Regex::new(&typed) {
            Ok(pattern) => self.pager.search(search, |line| pattern.is_match(line)),
            Err(_) => self.pager.search(search, |line| line.contains(&typed)),
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
                    return Ok(event);
                }
            }
            self.editor.read(input, prompt);
        }
        let busy = match input {
            Input::More => Busy::More,
            Input::Command | Input::Answer | Input::Password | Input::Key => Busy::Prompt,
        };
        let mut quiet_since = Instant::now();
        loop {
            self.flush()?;
            if let Some(event) = self.editor.poll_event() {
                return Ok(event);
            }
            // Behind the prompt, and before anything is typed there: what the last command logged comes first.
            self.tell(busy)?;
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
        }
    }

    /// Looks for an interrupt key while a command runs; other keys wait for the next prompt.
    pub(crate) fn interrupted(&mut self, wait: Duration) -> Result<bool, Leave> {
        if let Heard::Keys(keys) = self.hear(wait)? {
            self.editor.handle_bytes(&keys);
        }
        self.flush()?;
        self.tell(Busy::Working)?;
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
            self.tell(Busy::Working)?;
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
        self.device.mind_schedule();
        if self.device.generation() != self.generation {
            // Why it restarts may have been said on every line.
            self.show_posts(Busy::Working)?;
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
            self.show(&octets)?;
        }
        Ok(())
    }

    /// Shows what came meanwhile, by a command that takes its time: before its prompt.
    pub(crate) fn catch_up(&mut self) -> Result<(), Leave> {
        self.tell(Busy::Working)
    }

    /// Shows what came for this line since it looked last.
    fn tell(&mut self, busy: Busy) -> Result<(), Leave> {
        self.show_posts(busy)?;
        if self.hears == Hears::Messages {
            self.device.make_noise();
            self.show_messages(busy)?;
        }
        Ok(())
    }

    /// What lines send each other comes at once, and what stood there follows it.
    fn show_posts(&mut self, busy: Busy) -> Result<(), Leave> {
        let line = self.line;
        let posts = self.device.posts.since(&mut self.read);
        if self.hears == Hears::Nothing {
            return Ok(());
        }
        let mut shown = false;
        for post in posts.iter().filter(|post| post.to.is_for(line)) {
            self.fresh_line()?;
            self.print(&post.text)?;
            shown = true;
        }
        if shown { self.show_again(busy) } else { Ok(()) }
    }

    /// A system message stands on a line of its own. With `logging synchronous` it waits until a prompt stands there, and
    /// that and what was typed follow it. Without it comes at once, and nothing follows: what is typed goes on right behind.
    fn show_messages(&mut self, busy: Busy) -> Result<(), Leave> {
        if self.seen >= self.device.messages.end() {
            return Ok(());
        }
        let Some(synchronous) = self.device.logs_synchronously(self.line) else { return Ok(()) };
        if synchronous && busy != Busy::Prompt {
            return Ok(());
        }
        let mut shown = false;
        for message in self.device.messages.since(&mut self.seen) {
            if message.is_for(self.line) {
                self.fresh_line()?;
                self.print(&message.text)?;
                shown = true;
            }
        }
        match busy {
            Busy::Prompt if shown && synchronous => {
                self.fresh_line()?;
                self.show_again(busy)
            }
            Busy::More | Busy::Working if shown => self.fresh_line(),
            Busy::Prompt | Busy::More | Busy::Working => Ok(()),
        }
    }

    /// What stood there before something came between.
    fn show_again(&mut self, busy: Busy) -> Result<(), Leave> {
        match busy {
            Busy::Prompt => {
                self.editor.redisplay();
                self.flush()
            }
            Busy::More => self.show(MORE),
            Busy::Working => Ok(()),
        }
    }
}
