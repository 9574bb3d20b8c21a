//! `telnet`, `ssh` and `show sessions`: connections to other hosts.

use alloc::format;
use alloc::string::String;

/// A connection that is open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// From 1.
    pub number: u16,
    /// As it was named.
    pub host: String,
    /// `10.0.0.1`
    pub address: String,
    /// Octets that came and were not looked at.
    pub unread: usize,
    /// Minutes since somebody typed on it.
    pub idle: u64,
    /// The one that Return goes on with.
    pub last: bool,
}

/// `show sessions` where there is none.
pub const NONE: &str = "% No connections open\n";
/// Stands right before `[confirm]` when somebody leaves all behind.
pub const OPEN: &str = "(You have open connections) ";
/// The number of a connection that is not there.
pub const NOT_OPEN: &str = "% Not an open connection\n\n";

/// `show sessions`
pub fn render(sessions: &[Session]) -> String {
    if sessions.is_empty() {
        return NONE.into();
    }
    let mut out = String::from("Conn Host                Address             Byte  Idle Conn Name\n");
    for Session { number, host, address, unread, idle, last } in sessions {
        let mark = if *last { '*' } else { ' ' };
        out.push_str(&format!("{mark}{number:>3} {host:<19} {address:<19} {unread:>4} {idle:>5} {host}\n"));
    }
    out.push('\n');
    out
}

/// `Trying 10.0.0.1 ... `, with what a name stands for and a port that is not the usual one.
pub fn trying(host: &str, address: &str, port: Option<u16>) -> String {
    let named = if host == address { String::new() } else { format!(" ({address})") };
    let port = port.map_or(String::new(), |port| format!(", {port}"));
    format!("Trying {host}{named}{port} ... ")
}

/// Why there is no connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failed {
    /// Nobody listens there.
    Refused,
    /// Nobody answers.
    TimedOut,
    /// No way there.
    Unreachable,
    /// The name or the password is wrong.
    Login,
    /// Neither side could agree with the other.
    Negotiation,
}

impl Failed {
    /// What is printed.
    pub fn text(self) -> &'static str {
        match self {
            Failed::Refused => "\n% Connection refused by remote host\n\n",
            Failed::TimedOut => "\n% Connection timed out; remote host not responding\n\n",
            Failed::Unreachable => "\n% Destination unreachable; gateway or host down\n\n",
            Failed::Login => "\n% Authentication failed.\n\n",
            Failed::Negotiation => "\n[Connection aborted by foreign host]\n",
        }
    }
}

/// The other end is gone.
pub fn closed(host: &str) -> String {
    format!("\n[Connection to {host} closed by foreign host]\n")
}

/// Somebody goes back to it.
pub fn resuming(number: u16, host: &str) -> String {
    format!("[Resuming connection {number} to {host} ... ]\n")
}

/// Stands right before `[confirm]` of `disconnect`.
pub fn closing(host: &str) -> String {
    format!("Closing connection to {host} ")
}

/// A protocol that `transport output` does not name.
pub fn forbidden(protocol: &str) -> String {
    format!("% {protocol} connections not permitted from this terminal\n")
}

/// What keys mean on a line that is connected to another host.
#[derive(Clone, Debug, Default)]
pub struct Escape {
    /// Ctrl-Shift-6 was the last one.
    armed: bool,
}

/// What came of keys.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Typed {
    /// For the other host.
    pub send: alloc::vec::Vec<u8>,
    /// Ctrl-Shift-6 and `x`: back to the prompt, with what was typed behind it.
    pub suspend: Option<alloc::vec::Vec<u8>>,
}

/// Ctrl-Shift-6.
const CTRL_SHIFT_6: u8 = 0x1e;

impl Escape {
    /// Takes keys.
    pub fn handle_bytes(&mut self, keys: &[u8]) -> Typed {
        let mut typed = Typed::default();
        for (at, key) in keys.iter().enumerate() {
            match (core::mem::take(&mut self.armed), key) {
                (false, &CTRL_SHIFT_6) => self.armed = true,
                (true, b'x' | b'X') => {
                    typed.suspend = Some(keys[at + 1..].to_vec());
                    return typed;
                }
                // Twice is once for the other host.
                (false, key) | (true, key @ &CTRL_SHIFT_6) => typed.send.push(*key),
                // No such command.
                (true, _) => {}
            }
        }
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_listed_with_the_one_that_return_goes_on_with() {
        let session = |number, host: &str, last| Session {
            number,
            host: host.into(),
            address: "10.0.0.1".into(),
            unread: 17,
            idle: 0,
            last,
        };
        assert_eq!(
            render(&[session(1, "10.0.0.1", false), session(2, "R2", true)]),
            "Conn Host                Address             Byte  Idle Conn Name\n   \
             1 10.0.0.1            10.0.0.1              17     0 10.0.0.1\n\
             *  2 R2                  10.0.0.1              17     0 R2\n\n"
        );
        assert_eq!(render(&[]), "% No connections open\n");
        assert_eq!(trying("10.0.0.1", "10.0.0.1", None), "Trying 10.0.0.1 ... ");
        assert_eq!(trying("R2", "10.0.0.1", Some(2001)), "Trying R2 (10.0.0.1), 2001 ... ");
    }

    #[test]
    fn the_escape_sequence_is_found_however_it_comes() {
        let mut escape = Escape::default();
        let mut type_in = |keys: &[u8]| {
            let Typed { send, suspend } = escape.handle_bytes(keys);
            (send, suspend)
        };
        assert_eq!(type_in(b"show\r"), (b"show\r".to_vec(), None));
        assert_eq!(type_in(b"a\x1exb"), (b"a".to_vec(), Some(b"b".to_vec())));
        assert_eq!(type_in(b"\x1e"), (b"".to_vec(), None));
        assert_eq!(type_in(b"X"), (b"".to_vec(), Some(b"".to_vec())));
        assert_eq!(type_in(b"\x1e\x1ex"), (b"\x1ex".to_vec(), None));
        assert_eq!(type_in(b"\x1e?y"), (b"y".to_vec(), None));
        assert_eq!(type_in(b"x"), (b"x".to_vec(), None));
    }
}
