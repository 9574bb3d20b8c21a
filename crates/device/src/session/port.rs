use std::io::{self, Write};
use std::time::Duration;
use transport::terminal::{Event, Terminal, Writer};

/// What a line's terminal gave within a wait.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// Keys.
    Keys(Vec<u8>),
    /// A break signal (Telnet BRK, or the local menu).
    Break,
    /// The other side is gone.
    Gone,
    /// Nothing in that time.
    Nothing,
}

/// The far side of a line: a person or a program at a terminal.
pub trait Port: Send {
    /// Waits at most `wait` for keys.
    fn hear(&mut self, wait: Duration) -> Heard;

    /// Shows octets.
    fn say(&mut self, octets: &[u8]) -> io::Result<()>;
}

/// A terminal of this process, a pseudo-terminal or a Telnet connection as a [`Port`].
#[derive(Debug)]
pub struct TerminalPort {
    terminal: Terminal,
    writer: Writer,
}

impl From<Terminal> for TerminalPort {
    fn from(terminal: Terminal) -> TerminalPort {
        let writer = terminal.writer();
        TerminalPort { terminal, writer }
    }
}

impl Port for TerminalPort {
    fn hear(&mut self, wait: Duration) -> Heard {
        match self.terminal.read(Some(wait), None) {
            Ok(Some(Event::Bytes(keys))) => Heard::Keys(keys),
            Ok(Some(Event::Break)) => Heard::Break,
            // IOS does not follow the window: `terminal length` and `terminal width` do.
            Ok(Some(Event::Resize { .. }) | None) => Heard::Nothing,
            Ok(Some(Event::Hangup)) | Err(_) => Heard::Gone,
        }
    }

    fn say(&mut self, octets: &[u8]) -> io::Result<()> {
        self.writer.write_all(octets)
    }
}
