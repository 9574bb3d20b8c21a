use std::io;
use std::time::Duration;

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
