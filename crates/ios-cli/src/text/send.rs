//! `send`: words from one line to others, and into the log.

use alloc::format;
use alloc::string::String;

/// Printed before the words are typed.
pub const ENTER: &str = "Enter message, end with CTRL/Z; abort with CTRL/C:\n";
/// Stands right before `[confirm]`.
pub const CONFIRM: &str = "Send message? ";

/// How severe a message is, by its level, 0 to 7, as its mnemonic names it.
const LEVELS: [&str; 8] = ["EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG"];
/// The level that is meant where none is said.
pub const DEBUGGING: u8 = 7;

/// What other lines see, from the start of a line on. `from` and `to` are numbers of lines; no `to` is all of them.
pub fn framed(from: u16, to: Option<u16>, text: &str) -> String {
    let to = to.map_or_else(|| "all terminals".into(), |line| format!("tty{line}"));
    format!("\n***\n***\n*** Message from tty{from} to {to}:\n***\n{text}\n")
}

/// What `send log` logs.
pub fn logged(level: u8, from: u16, user: &str, text: &str) -> String {
    let level = level.min(DEBUGGING);
    format!(
        "%SYS-{level}-USERLOG_{}: Message from tty{from}(user id: {user}): {text}",
        LEVELS[usize::from(level)]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_from_where_to_where() {
        assert_eq!(
            framed(0, None, "hello\nall"),
            "\n***\n***\n*** Message from tty0 to all terminals:\n***\nhello\nall\n"
        );
        assert!(framed(388, Some(0), "x").contains("*** Message from tty388 to tty0:\n"));
        assert_eq!(logged(7, 0, "", "hello"), "%SYS-7-USERLOG_DEBUG: Message from tty0(user id: ): hello");
        assert_eq!(
            logged(3, 388, "jeremy", "it burns"),
            "%SYS-3-USERLOG_ERR: Message from tty388(user id: jeremy): it burns"
        );
    }
}
