//! What lies behind a terminal.

use super::Event;
use super::raw::raw_mode;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::tcgetwinsize;
use std::ffi::OsString;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use telnet_proto::Telnet;

/// How long a peer may leave what we send unread.
pub(super) const UNREAD: Duration = Duration::from_secs(10);

/// The same for a pseudo-terminal that was read until now. Afterwards output is dropped without a wait,
/// until somebody reads again.
const UNATTENDED: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) enum Port {
    Stdio,
    Pty {
        master: OwnedFd,
        /// Kept open: without it the master reports an error while nobody is attached.
        _slave: OwnedFd,
        path: PathBuf,
        /// Nobody has read for a while.
        unattended: AtomicBool,
    },
    /// Octets as they are, from and to somebody in this process.
    Joined {
        stream: UnixStream,
        size: Option<(u16, u16)>,
    },
    Telnet {
        stream: TcpStream,
        /// Reader and writers both put octets on the wire: the lock keeps each one's whole.
        telnet: Mutex<Telnet>,
    },
}

impl Port {
    pub(super) fn pty() -> io::Result<Port> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let path = PathBuf::from(OsString::from_vec(ptsname(&master, Vec::new())?.into_bytes()));
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
        let slave = rustix::fs::open(&path, flags, rustix::fs::Mode::empty())?;
        // The device echoes; the pseudo-terminal must not do so too.
        raw_mode(slave.as_fd())?;
        // A write looks first whether somebody reads; it must not block between the two.
        rustix::io::ioctl_fionbio(&master, true)?;
        Ok(Port::Pty { master, _slave: slave, path, unattended: AtomicBool::new(false) })
    }

    pub(super) fn telnet(stream: TcpStream) -> io::Result<Port> {
        // One key is one segment: an echo does not wait for more.
        stream.set_nodelay(true)?;
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(UNREAD))?;
        Ok(Port::Telnet { stream, telnet: Mutex::new(Telnet::server()) })
    }

    pub(super) fn path(&self) -> Option<&PathBuf> {
        match self {
            Port::Pty { path, .. } => Some(path),
            Port::Stdio | Port::Joined { .. } | Port::Telnet { .. } => None,
        }
    }

    /// What becomes readable when something was typed.
    pub(super) fn input(&self) -> BorrowedFd<'_> {
        match self {
            Port::Stdio => rustix::stdio::stdin(),
            Port::Pty { master, .. } => master.as_fd(),
            Port::Joined { stream, .. } => stream.as_fd(),
            Port::Telnet { stream, .. } => stream.as_fd(),
        }
    }

    pub(super) fn size(&self) -> Option<(u16, u16)> {
        match self {
            Port::Stdio => {
                let size = tcgetwinsize(rustix::stdio::stdout()).ok()?;
                (size.ws_col > 0).then_some((size.ws_col, size.ws_row))
            }
            Port::Joined { size, .. } => *size,
            Port::Pty { .. } | Port::Telnet { .. } => None,
        }
    }

    /// Reads what is there: `None` at the end.
    pub(super) fn receive(&self, buf: &mut [u8]) -> io::Result<Option<Vec<Event>>> {
        let n = rustix::io::read(self.input(), &mut *buf)?;
        if n == 0 {
            return Ok(None);
        }
        let Port::Telnet { telnet, .. } = self else {
            return Ok(Some(vec![Event::Bytes(buf[..n].to_vec())]));
        };
        let mut events = Vec::new();
        {
            let mut telnet = locked(telnet);
            telnet.handle_bytes(&buf[..n]);
            while let Some(event) = telnet.poll_event() {
                events.extend(translated(event));
            }
        }
        self.answer()?;
        Ok(Some(events))
    }

    /// Sends what the Telnet machine has to say.
    pub(super) fn answer(&self) -> io::Result<()> {
        let Port::Telnet { stream, telnet } = self else { return Ok(()) };
        let mut telnet = locked(telnet);
        transmit(stream, &mut telnet)
    }

    /// Writes all of it.
    pub(super) fn send(&self, buf: &[u8]) -> io::Result<()> {
        match self {
            Port::Stdio => write_all(rustix::stdio::stdout(), buf),
            Port::Pty { master, unattended, .. } => {
                let wait = if unattended.load(Ordering::Relaxed) { Duration::ZERO } else { UNATTENDED };
                let left = write_within(master.as_fd(), buf, wait)?;
                unattended.store(left, Ordering::Relaxed);
                Ok(())
            }
            Port::Joined { stream, .. } => {
                let mut stream = stream;
                stream.write_all(buf)
            }
            Port::Telnet { stream, telnet } => {
                let mut telnet = locked(telnet);
                telnet.send(buf);
                transmit(stream, &mut telnet)
            }
        }
    }

    pub(super) fn hang_up(&self) {
        match self {
            // It may be closed already.
            Port::Telnet { stream, .. } => drop(stream.shutdown(Shutdown::Both)),
            Port::Joined { stream, .. } => drop(stream.shutdown(Shutdown::Both)),
            Port::Stdio | Port::Pty { .. } => {}
        }
    }
}

fn locked(telnet: &Mutex<Telnet>) -> MutexGuard<'_, Telnet> {
    // The machine does not panic; if it did, what it holds is still a machine.
    telnet.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn transmit(mut stream: &TcpStream, telnet: &mut Telnet) -> io::Result<()> {
    while let Some(octets) = telnet.poll_transmit() {
        stream.write_all(&octets)?;
    }
    Ok(())
}

fn translated(event: telnet_proto::Event) -> Option<Event> {
    use telnet_proto::Event as T;
    match event {
        T::Data(bytes) => Some(Event::Bytes(bytes)),
        T::Break => Some(Event::Break),
        // "Interrupt process" is what Ctrl-C means to the clients that send it.
        T::Interrupt => Some(Event::Bytes(vec![0x03])),
        T::Resize { columns, rows } => Some(Event::Resize { columns, rows }),
        T::Terminal(_) | T::Echo(_) => None,
    }
}

/// Writes to a descriptor that may be non-blocking.
fn write_all(fd: BorrowedFd<'_>, mut buf: &[u8]) -> io::Result<()> {
    while !buf.is_empty() {
        match rustix::io::write(fd, buf) {
            Ok(n) => buf = &buf[n..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => {
                poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], None)?;
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

/// Writes to a non-blocking descriptor; `true` when something was left after `wait` without room for it.
fn write_within(fd: BorrowedFd<'_>, mut buf: &[u8], wait: Duration) -> io::Result<bool> {
    let wait = Timespec::try_from(wait).expect("a second fits a timespec");
    while !buf.is_empty() {
        match rustix::io::write(fd, buf) {
            Ok(n) => buf = &buf[n..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => {
                match poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], Some(&wait)) {
                    Ok(0) => return Ok(true),
                    Ok(_) | Err(rustix::io::Errno::INTR) => {}
                    Err(e) => return Err(e.into()),
                }
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(false)
}
