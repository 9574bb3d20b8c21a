//! `telnet`, `ssh`, `resume`, `disconnect`: from this device to another host.
//!
//! A connection belongs to the session of the line that opened it, and ends with it. While one is looked at, keys go
//! there; Ctrl-Shift-6 and `x` come back to the prompt, Return on an empty line goes on.

use super::copy::aside;
use super::exec::Exec;
use super::table::Id;
use crate::session::{Heard, Leave};
use client::ClientError;
use client::terminal::{self, Over, Place, Terminal};
use ios_cli::text::sessions::{self, Escape, Failed, Session};
use ios_cli::{Match, Modes, Row};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

/// What a row does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Connect {
    Telnet,
    Ssh,
    Resume,
    Disconnect,
}

const EXEC: Modes = Modes::EXEC;
const TELNET: &str = "Open a telnet connection";
const SSH: &str = "Open a secure shell client connection";
const HOST: &str = "IP address or hostname of a remote system";
const PORT: &str = "Port number";
const NUMBER: &str = "The number of an active network connection";

pub(super) const CONNECTS: &[Row<Id>] = &[
    Row::new(
        "telnet <host:word> [<port:0-65535>]",
        &[TELNET, HOST, PORT],
        EXEC,
        1,
        Id::Connect(Connect::Telnet),
    ),
    Row::new(
        "connect <host:word> [<port:0-65535>]",
        &["Open a terminal connection", HOST, PORT],
        EXEC,
        1,
        Id::Connect(Connect::Telnet),
    ),
    Row::new(
        "ssh [-v <version:1-2>] [-l <user:word>] [-p <port:1-65535>] <host:word>",
        &[
            SSH,
            "Specify SSH Protocol Version to be supported",
            "Version",
            "Log in using this user name",
            "Login name",
            "Connect to this port",
            "Port Number",
            HOST,
        ],
        EXEC,
        1,
        Id::Connect(Connect::Ssh),
    ),
    Row::new(
        "resume [<number:1-20>]",
        &["Resume an active network connection", NUMBER],
        EXEC,
        1,
        Id::Connect(Connect::Resume),
    ),
    Row::new(
        "disconnect [<number:1-20>]",
        &["Disconnect an existing network connection", NUMBER],
        EXEC,
        1,
        Id::Connect(Connect::Disconnect),
    ),
    Row::new("where", &["List active connections"], EXEC, 1, Id::ShowSessions).piped(),
];

/// How long one look at the keys lasts while a connection is open.
const LOOK: Duration = Duration::from_millis(10);
/// Connections of one line.
const MOST: u16 = 20;
/// Octets that wait for whoever comes back; more stay in the network.
const UNREAD: usize = 64 << 10;

/// An open connection.
pub(crate) struct Connection {
    number: u16,
    host: String,
    address: Ipv4Addr,
    line: Terminal,
    /// What came while nobody looked.
    unread: Vec<u8>,
    over: bool,
    typed: Instant,
}

impl Connection {
    /// Takes what came, without waiting for more.
    fn drain(&mut self) {
        while !self.over && self.unread.len() < UNREAD {
            match self.line.read(Some(Instant::now())) {
                Ok(terminal::Heard::Octets(octets)) => self.unread.extend_from_slice(&octets),
                Ok(terminal::Heard::Nothing) => return,
                Ok(terminal::Heard::Over) | Err(_) => self.over = true,
            }
        }
    }
}

/// The connections of a line, the one that was looked at last behind the others.
#[derive(Default)]
pub(crate) struct Connections(Vec<Connection>);

impl Exec<'_> {
    pub(super) fn connect(&mut self, what: Connect, found: &Match<Id>) -> Result<(), Leave> {
        let number = |name| found.number(name).and_then(|n| u16::try_from(n).ok());
        let host = found.text("host").unwrap_or_default();
        match what {
            Connect::Telnet => self.reach(Over::Telnet, None, host, number("port")),
            Connect::Ssh => {
                let user = found.text("user").map_or_else(|| self.login(), str::to_owned);
                self.reach(Over::Ssh, Some(user), host, number("port"))
            }
            Connect::Resume => self.resume(number("number")),
            Connect::Disconnect => self.disconnect(number("number")),
        }
    }

    /// A name alone, typed as if it were a command.
    pub(super) fn telnet(&mut self, host: &str) -> Result<(), Leave> {
        self.reach(Over::Telnet, None, host, None)
    }

    /// What a name stands for: an address, or a line `ip host`.
    pub(super) fn address_of(&self, host: &str) -> Option<Ipv4Addr> {
        let config = self.tty.device.running_config();
        let listed = |line: &String| {
            let mut words = line.strip_prefix("ip host ")?.split_whitespace();
            let is_it = words.next()?.eq_ignore_ascii_case(host);
            words.find_map(|word| word.parse().ok()).filter(|_| is_it)
        };
        host.parse().ok().or_else(|| config.kept.iter().find_map(listed))
    }

    /// Whether the line lets its user out so.
    fn lets_out(&self, protocol: &str) -> bool {
        let config = self.tty.device.running_config();
        let line = config.line(&self.line_name());
        let allowed =
            line.into_iter().flat_map(|line| &line.kept).find_map(|l| l.strip_prefix("transport output "));
        allowed.is_none_or(|words| words.split_whitespace().any(|word| word == protocol || word == "all"))
    }

    fn reach(
        &mut self,
        over: Over,
        user: Option<String>,
        host: &str,
        port: Option<u16>,
    ) -> Result<(), Leave> {
        let protocol = match over {
            Over::Telnet => "telnet",
            Over::Ssh => "ssh",
        };
        if !self.lets_out(protocol) {
            return self.tty.print(&sessions::forbidden(protocol));
        }
        let Some(address) = self.address_of(host) else {
            let lookup = self.tty.device.running_config().domain_lookup;
            let server = if lookup { "...domain server (255.255.255.255)" } else { "" };
            return self.tty.print(&format!(
                "Translating \"{host}\"{server}\n% Unknown command or computer name, or unable to find computer address\n\n"
            ));
        };
        let free = (1..=MOST).find(|n| self.connections.0.iter().all(|c| c.number != *n));
        let Some(number) = free else {
            return self.tty.print("% Maximum number of connections open\n\n");
        };
        if over == Over::Telnet {
            self.tty.print(&sessions::trying(host, &address.to_string(), port))?;
        }
        let place = Place { over, user, host: address.to_string(), port };
        match aside(self.tty, |options| Terminal::open(&place, None, options))? {
            Ok(line) => {
                if over == Over::Telnet {
                    self.tty.print("Open\n")?;
                }
                let (host, typed) = (host.to_owned(), Instant::now());
                self.connections.0.push(Connection {
                    number,
                    host,
                    address,
                    line,
                    unread: Vec::new(),
                    over: false,
                    typed,
                });
                self.watch_last()
            }
            Err(error) => self.tty.print(match failure(&error) {
                // Nobody has to be told what they did.
                None => "\n",
                Some(failed) => failed.text(),
            }),
        }
    }

    /// The line is the connection's until one of the two ends, or the escape sequence is typed.
    fn watch_last(&mut self) -> Result<(), Leave> {
        let Some(mut connection) = self.connections.0.pop() else { return Ok(()) };
        let mut escape = Escape::default();
        loop {
            connection.drain();
            if !connection.unread.is_empty() {
                self.tty.say_raw(&std::mem::take(&mut connection.unread))?;
            } else if connection.over {
                return self.tty.print(&sessions::closed(&connection.host));
            }
            let Heard::Keys(keys) = self.tty.hear_raw(LOOK)? else { continue };
            connection.typed = Instant::now();
            let typed = escape.handle_bytes(&keys);
            if !typed.send.is_empty() && connection.line.write(&typed.send).is_err() {
                connection.over = true;
            }
            if let Some(rest) = typed.suspend {
                self.connections.0.push(connection);
                self.tty.print("\n")?;
                self.tty.editor.handle_bytes(&rest);
                return Ok(());
            }
        }
    }

    /// Return on an empty line goes on with the connection that was left last.
    pub(super) fn go_on(&mut self) -> Result<(), Leave> {
        if self.connections.0.is_empty() { Ok(()) } else { self.resume(None) }
    }

    fn at(&self, number: Option<u16>) -> Option<usize> {
        let all = &self.connections.0;
        match number {
            Some(number) => all.iter().position(|c| c.number == number),
            None => all.len().checked_sub(1),
        }
    }

    fn resume(&mut self, number: Option<u16>) -> Result<(), Leave> {
        let Some(at) = self.at(number) else { return self.none(number) };
        let connection = self.connections.0.remove(at);
        self.tty.print(&sessions::resuming(connection.number, &connection.host))?;
        self.connections.0.push(connection);
        self.watch_last()
    }

    fn disconnect(&mut self, number: Option<u16>) -> Result<(), Leave> {
        let Some(at) = self.at(number) else { return self.none(number) };
        if self.tty.confirm(&sessions::closing(&self.connections.0[at].host))? {
            drop(self.connections.0.remove(at));
        }
        Ok(())
    }

    fn none(&mut self, number: Option<u16>) -> Result<(), Leave> {
        self.tty.print(if number.is_some() { sessions::NOT_OPEN } else { sessions::NONE })
    }

    /// Whoever leaves with connections open is asked; `false`: they stay.
    pub(super) fn may_leave(&mut self) -> Result<bool, Leave> {
        if self.connections.0.is_empty() {
            return Ok(true);
        }
        if !self.tty.confirm(sessions::OPEN)? {
            return Ok(false);
        }
        for connection in std::mem::take(&mut self.connections.0) {
            self.tty.print(&format!("Closing: {} !\n", connection.host))?;
        }
        Ok(true)
    }

    pub(super) fn show_sessions(&mut self) -> String {
        let last = self.connections.0.last().map(|c| c.number);
        let session = |c: &mut Connection| {
            c.drain();
            Session {
                number: c.number,
                host: c.host.clone(),
                address: c.address.to_string(),
                unread: c.unread.len(),
                idle: c.typed.elapsed().as_secs() / 60,
                last: Some(c.number) == last,
            }
        };
        let mut shown: Vec<Session> = self.connections.0.iter_mut().map(session).collect();
        shown.sort_by_key(|session| session.number);
        sessions::render(&shown)
    }
}

/// What a device says of it; `None`: somebody gave up.
fn failure(error: &ClientError) -> Option<Failed> {
    match error {
        ClientError::Cancelled => None,
        ClientError::Unreachable { source, .. } if source.kind() == std::io::ErrorKind::ConnectionRefused => {
            Some(Failed::Refused)
        }
        ClientError::Unreachable { .. } | ClientError::Resolve { .. } => Some(Failed::Unreachable),
        ClientError::TimedOut { .. } => Some(Failed::TimedOut),
        ClientError::Login { .. } | ClientError::Denied { .. } => Some(Failed::Login),
        _ => Some(Failed::Negotiation),
    }
}
