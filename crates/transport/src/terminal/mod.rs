//! One type for the places a person can sit at: this process's terminal, a pseudo-terminal, a Telnet connection, a
//! channel of SSH.
//!
//! A [`Terminal`] reads, with a timeout and a [`Cancel`]; a [`Writer`] writes from any thread. Octets pass
//! as they are typed: line editing, echo and CR LF are the caller's. On a terminal of this process that is
//! raw mode, which ends when the `Terminal` is dropped and before a panic is reported.

mod port;
mod raw;
#[cfg(test)]
mod tests;

use crate::Cancel;
use port::Port;
use raw::Raw;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use raw::restore;

/// Octets taken in one read.
const READ: usize = 4_096;

/// What happened at a terminal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Octets were typed, or came from a pipe or file.
    Bytes(Vec<u8>),
    /// The break key (Telnet BRK).
    Break,
    /// The window has this size now.
    Resize {
        /// Columns.
        columns: u16,
        /// Rows.
        rows: u16,
    },
    /// The connection is closed, or the pipe or file has ended. Said once more at every further read.
    Hangup,
}

/// The reading end of a console. Dropping it restores a terminal of this process; a Telnet connection ends
/// with the last of it and its [`Writer`]s.
#[derive(Debug)]
pub struct Terminal {
    port: Arc<Port>,
    pending: VecDeque<Event>,
    over: bool,
    size: Option<(u16, u16)>,
    /// Held for its drop.
    _raw: Option<Raw>,
}

impl Terminal {
    /// The terminal of this process: standard input and output. A terminal is put into raw mode, so that
    /// Ctrl-C is an octet; a pipe or file is read until it ends.
    pub fn stdio() -> io::Result<Terminal> {
        let raw = Raw::stdin()?;
        Ok(Terminal::on(Port::Stdio, raw))
    }

    /// A new pseudo-terminal, to which somebody else attaches (`screen /dev/pts/7`): see
    /// [`Terminal::path`]. It never hangs up, and what nobody reads is lost, as on a serial line.
    pub fn pty() -> io::Result<Terminal> {
        Ok(Terminal::on(Port::pty()?, None))
    }

    /// A Telnet connection that has been accepted; the offers of a line are sent at once.
    pub fn telnet(stream: TcpStream) -> io::Result<Terminal> {
        let port = Port::telnet(stream)?;
        port.answer()?;
        Ok(Terminal::on(port, None))
    }

    /// The end of a pair whose other end somebody in this process has: a channel of SSH, say. `size`: columns and rows,
    /// where they are known.
    pub fn joined(stream: UnixStream, size: Option<(u16, u16)>) -> Terminal {
        // Without the bound a peer that reads nothing would be waited for longer; that is all.
        let _ = stream.set_write_timeout(Some(port::UNREAD));
        Terminal::on(Port::Joined { stream, size }, None)
    }

    fn on(port: Port, raw: Option<Raw>) -> Terminal {
        let size = port.size();
        Terminal { port: Arc::new(port), pending: VecDeque::new(), over: false, size, _raw: raw }
    }

    /// The path to attach to, of a pseudo-terminal.
    pub fn path(&self) -> Option<&Path> {
        self.port.path().map(PathBuf::as_path)
    }

    /// Columns and rows, where they are known.
    pub fn size(&self) -> Option<(u16, u16)> {
        self.size
    }

    /// The writing end; there can be several.
    pub fn writer(&self) -> Writer {
        Writer(Arc::clone(&self.port))
    }

    /// Waits for the next event: at most `timeout` (`None`: for ever), and no longer than until somebody pulls
    /// `cancel`. `None` when neither brought one.
    pub fn read(&mut self, timeout: Option<Duration>, cancel: Option<&Cancel>) -> io::Result<Option<Event>> {
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Ok(Some(event));
            }
            if self.over {
                return Ok(Some(Event::Hangup));
            }
            if cancel.is_some_and(Cancel::is_cancelled) || !self.wait(deadline, cancel)? {
                self.notice_size();
                return Ok(self.pending.pop_front());
            }
            self.notice_size();
            if cancel.is_some_and(Cancel::is_cancelled) {
                continue;
            }
            match self.port.receive(&mut [0; READ]) {
                Ok(Some(events)) => self.pending.extend(events),
                Ok(None) => self.over = true,
                Err(e) if e.kind() == io::ErrorKind::Interrupted || e.kind() == io::ErrorKind::WouldBlock => {
                }
                // Whatever became of the peer or the terminal: nothing more comes from it.
                Err(_) => self.over = true,
            }
            for event in &self.pending {
                if let Event::Resize { columns, rows } = event {
                    self.size = Some((*columns, *rows));
                }
            }
        }
    }

    /// Waits until there is something to read or `cancel` is pulled; `false` when the deadline has passed.
    fn wait(&self, deadline: Option<Instant>, cancel: Option<&Cancel>) -> io::Result<bool> {
        loop {
            let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
            let left = left.map(|d| Timespec::try_from(d).expect("a timeout fits a timespec"));
            let input = self.port.input();
            let mut fds = vec![PollFd::from_borrowed_fd(input, PollFlags::IN)];
            fds.extend(cancel.map(|c| PollFd::from_borrowed_fd(c.as_fd(), PollFlags::IN)));
            match poll(&mut fds, left.as_ref()) {
                Ok(n) => return Ok(n > 0),
                // A signal; a changed window is one.
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// A terminal of this process has no event for a new size: it is asked when something else happens.
    fn notice_size(&mut self) {
        let now = self.port.size();
        if let (Some((columns, rows)), true) = (now, now != self.size) {
            self.size = now;
            self.pending.push_back(Event::Resize { columns, rows });
        }
    }
}

/// The writing end of a console. What it takes has been handed to the kernel; a peer that reads nothing
/// for ten seconds is an error (Telnet) or loses what it does not read (pseudo-terminal).
#[derive(Clone, Debug)]
pub struct Writer(Arc<Port>);

impl Writer {
    /// Ends a Telnet connection, so that the reader sees [`Event::Hangup`]; nothing happens to the others.
    pub fn hang_up(&self) {
        self.0.hang_up();
    }
}

impl Write for Writer {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.send(buf)?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
