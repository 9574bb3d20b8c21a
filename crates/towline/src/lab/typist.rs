//! Types the lesson at a console in memory, and sees what the console shows.

use super::lesson::At;
use super::screen::Screen;
use device::{Heard, Port};
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The typing end of a console in memory.
pub struct Typist {
    shared: Arc<Shared>,
}

/// The console's end: hand it to the device.
pub struct Keyboard {
    shared: Arc<Shared>,
    show: Show,
}

/// Where a session is shown while it goes on.
pub enum Show {
    /// Nowhere.
    Nothing,
    /// The console's octets, on a terminal.
    Raw(Box<dyn Write + Send>),
    /// Line by line as a terminal would have shown them, into a file or pipe.
    Lines(Box<dyn Write + Send>),
}

/// The console did not show what the lesson waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stuck {
    /// In words.
    pub wanted: String,
    /// The line the cursor is in.
    pub found: String,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waited for {}, the console shows '{}'", self.wanted, self.found)
    }
}

#[derive(Default)]
struct Shared {
    // Guards keys and screen; held for one look.
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    keys: Vec<u8>,
    gone: bool,
    screen: Screen,
    lines: Vec<String>,
    /// A break is sent when the boot loader speaks.
    breaks: bool,
    /// Lines there were when something was last typed.
    typed_at: usize,
    /// The console was left by the device.
    closed: bool,
}

/// A console in memory: who types, and what the device gets.
pub fn console(show: Show) -> (Typist, Keyboard) {
    let shared = Arc::new(Shared::default());
    (Typist { shared: shared.clone() }, Keyboard { shared, show })
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Typist {
    /// Waits until it is time for a line; pages go by meanwhile.
    pub fn wait(&self, at: At, patience: Duration) -> Result<(), Stuck> {
        let end = Instant::now() + patience;
        let mut inner = self.shared.lock();
        loop {
            if inner.screen.text() == MORE {
                inner.press(b" ");
                self.shared.changed.notify_all();
            }
            if inner.is(at) {
                return Ok(());
            }
            if matches!(at, At::Prompt(_)) && inner.is_at_message() {
                inner.typed_at = inner.lines.len();
                inner.press(b"\r");
                self.shared.changed.notify_all();
            }
            let left = end.saturating_duration_since(Instant::now());
            if inner.is_elsewhere(at) || inner.closed || left.is_zero() {
                return Err(Stuck { wanted: words(at), found: inner.screen.text() });
            }
            inner = self.shared.changed.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Types `text` and Enter.
    pub fn line(&self, text: &str) {
        let mut inner = self.shared.lock();
        inner.typed_at = inner.lines.len();
        inner.press(text.as_bytes());
        inner.press(b"\r");
        self.shared.changed.notify_all();
    }

    /// A break as soon as the boot loader speaks.
    pub fn break_at_boot(&self) {
        let mut inner = self.shared.lock();
        inner.typed_at = inner.lines.len();
        inner.breaks = true;
    }

    /// Everything shown so far as lines, the one with the cursor last.
    pub fn session(&self) -> Vec<String> {
        let inner = self.shared.lock();
        let mut lines = inner.lines.clone();
        lines.push(inner.screen.text());
        lines
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        self.shared.lock().gone = true;
        self.shared.changed.notify_all();
    }
}

const MORE: &str = " --More-- ";

impl Inner {
    fn press(&mut self, keys: &[u8]) {
        // A page key must not be pressed twice for the same page: nothing else waits then.
        if keys != b" " || self.keys.is_empty() {
            self.keys.extend_from_slice(keys);
        }
    }

    fn is(&self, at: At) -> bool {
        // What stood there before Enter was typed says nothing.
        let answered = self.keys.is_empty() && self.lines.len() > self.typed_at;
        let fresh = answered || self.lines.is_empty();
        match at {
            At::Prompt(prompt) => fresh && self.screen.text() == prompt && self.screen.at_prompt(),
            At::Ask(question) => fresh && self.standing().starts_with(question),
            At::Shown(text) => {
                self.lines[self.typed_at.min(self.lines.len())..].iter().any(|l| l.contains(text))
                    || (fresh && self.screen.text().contains(text))
            }
        }
    }

    /// A system message came behind the prompt, which nothing shows again: whoever sits there types Return.
    fn is_at_message(&self) -> bool {
        self.keys.is_empty() && self.lines.len() > self.typed_at && is_message(&self.screen.text())
    }

    /// The line that the cursor is in, or the one that messages came behind.
    fn standing(&self) -> String {
        let text = self.screen.text();
        let since = &self.lines[self.typed_at.min(self.lines.len())..];
        match is_message(&text) {
            true => since.iter().rev().find(|line| !is_message(line)).cloned().unwrap_or(text),
            false => text,
        }
    }

    /// A question is waited for and the command has ended; or no image has booted.
    fn is_elsewhere(&self, at: At) -> bool {
        let answered = self.keys.is_empty() && self.lines.len() > self.typed_at;
        let ended = matches!(at, At::Ask(_)) && answered && self.screen.at_prompt();
        let rommon = answered && self.screen.text().starts_with("rommon ") && self.screen.at_prompt();
        ended || (rommon && !matches!(at, At::Prompt(prompt) if prompt.starts_with("rommon ")))
    }
}

impl Port for Keyboard {
    fn hear(&mut self, wait: Duration) -> Heard {
        let mut inner = self.shared.lock();
        if inner.keys.is_empty() && !inner.gone {
            inner = self.shared.changed.wait_timeout(inner, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        let loads = |line: &String| line.starts_with("System Bootstrap");
        if inner.breaks && inner.lines[inner.typed_at.min(inner.lines.len())..].iter().any(loads) {
            inner.breaks = false;
            return Heard::Break;
        }
        if !inner.keys.is_empty() {
            return Heard::Keys(std::mem::take(&mut inner.keys));
        }
        if inner.gone { Heard::Gone } else { Heard::Nothing }
    }

    fn say(&mut self, octets: &[u8]) -> io::Result<()> {
        let mut inner = self.shared.lock();
        let lines = inner.screen.feed(octets);
        match &mut self.show {
            Show::Nothing => {}
            Show::Raw(out) => out.write_all(octets).and_then(|()| out.flush())?,
            Show::Lines(out) => {
                for line in &lines {
                    writeln!(out, "{line}")?;
                }
            }
        }
        inner.lines.extend(lines);
        self.shared.changed.notify_all();
        Ok(())
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        let mut inner = self.shared.lock();
        inner.closed = true;
        if let Show::Lines(out) = &mut self.show {
            let _ = writeln!(out, "{}", inner.screen.text());
        }
        self.shared.changed.notify_all();
    }
}

/// Whether a line is a system message: `*Nov 28 00:00:00.000: %SYS-5-CONFIG_I: Configured`.
fn is_message(line: &str) -> bool {
    let behind_the_time = line.split_once(": %").map(|(_, message)| message);
    behind_the_time.is_some_and(|message| message.contains('-') && message.contains(": "))
}

fn words(at: At) -> String {
    match at {
        At::Prompt(prompt) => format!("the prompt '{prompt}'"),
        At::Ask(question) => format!("the question '{question}'"),
        At::Shown(text) => format!("'{text}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    /// A console that echoes, answers `ask` with a question and everything else with a prompt, behind which `end` has a message.
    fn pretend(mut port: Keyboard) -> std::thread::JoinHandle<()> {
        std::thread::spawn(move || {
            port.say(b"R1#").unwrap();
            let mut line = String::new();
            loop {
                match port.hear(SOON) {
                    Heard::Keys(keys) => {
                        for key in keys {
                            if key != b'\r' {
                                port.say(&[key]).unwrap();
                                line.push(key.into());
                                continue;
                            }
                            port.say(b"\r\n").unwrap();
                            let answer = match line.as_str() {
                                "ask" => "Really? [confirm]",
                                "disturb" => {
                                    "Really? [confirm]\r\n*Nov 28 00:00:00.000: %SYS-5-RELOAD: Reload requested"
                                }
                                "end" => {
                                    "R1#\r\n*Nov 28 00:00:00.000: %SYS-5-CONFIG_I: Configured from console"
                                }
                                _ => "R1#",
                            };
                            port.say(answer.as_bytes()).unwrap();
                            line.clear();
                        }
                    }
                    Heard::Gone => return,
                    Heard::Break | Heard::Nothing => {}
                }
            }
        })
    }

    #[test]
    fn a_line_is_typed_when_its_time_has_come() {
        let (typist, port) = console(Show::Nothing);
        let device = pretend(port);
        typist.wait(At::Prompt("R1#"), SOON).unwrap();
        typist.line("ask");
        typist.wait(At::Ask("Really?"), SOON).unwrap();
        typist.line("");
        typist.wait(At::Prompt("R1#"), SOON).unwrap();
        assert_eq!(typist.session(), ["R1#ask", "Really? [confirm]", "R1#"]);
        typist.line("disturb");
        typist.wait(At::Ask("Really?"), SOON).unwrap();
        typist.line("");
        typist.wait(At::Prompt("R1#"), SOON).unwrap();
        // Behind a message the prompt has to be asked for.
        typist.line("end");
        typist.wait(At::Prompt("R1#"), SOON).unwrap();
        let session = typist.session();
        assert!(
            session.ends_with(&["R1#".into()]) && session[session.len() - 2].starts_with("*Nov 28"),
            "{session:?}"
        );
        // The command ended without a question: no need to wait for it.
        typist.line("other");
        let stuck = typist.wait(At::Ask("Really?"), Duration::from_secs(60)).unwrap_err();
        assert_eq!(stuck.to_string(), "waited for the question 'Really?', the console shows 'R1#'");
        drop(typist);
        device.join().unwrap();
    }
}
