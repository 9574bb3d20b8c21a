use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

/// The first descriptor that sd_listen_fds(3) passes.
const FIRST: RawFd = 3;

/// A socket that a service manager opened for us before it started us (sd_listen_fds(3)).
#[derive(Debug)]
pub struct Inherited {
    /// Its name (`FileDescriptorName=`); empty: none was said.
    pub name: String,
    /// The socket.
    pub socket: Passed,
}

/// What is passed.
#[derive(Debug)]
pub enum Passed {
    /// A bound datagram socket.
    Udp(UdpSocket),
    /// A listening stream socket.
    Tcp(TcpListener),
    /// A listening local socket.
    Local(UnixListener),
}

/// Takes the sockets named by `LISTEN_FDS` and `LISTEN_FDNAMES` when `LISTEN_PID` is this process.
///
/// The first call takes them; later ones find none. Call it before the process opens descriptors of
/// its own. A descriptor that is neither UDP, nor a listening TCP socket, nor local is an error.
pub fn inherited() -> io::Result<Vec<Inherited>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let mut sockets = Vec::new();
    let number = |key: &str| std::env::var(key).ok().and_then(|v| v.parse::<u32>().ok());
    if number("LISTEN_PID") != Some(std::process::id()) || TAKEN.swap(true, Ordering::AcqRel) {
        return Ok(sockets);
    }
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let count = RawFd::try_from(number("LISTEN_FDS").unwrap_or(0)).unwrap_or(0);
    for raw in FIRST..FIRST.saturating_add(count) {
        // SAFETY: F_GETFD only asks whether the number is an open descriptor.
        if unsafe { libc::fcntl(raw, libc::F_GETFD) } < 0 {
            let what = format!("LISTEN_FDS={count}, but descriptor {raw} is not open");
            return Err(io::Error::other(what));
        }
        // SAFETY: open (checked), ours by the contract of sd_listen_fds, and taken once (TAKEN).
        let fd = unsafe { OwnedFd::from_raw_fd(raw) };
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
        let socket = socket2::Socket::from(fd);
        let kind = socket.r#type()?;
        let socket = if socket.domain()? == socket2::Domain::UNIX {
            Passed::Local(socket.into())
        } else if kind == socket2::Type::DGRAM {
            Passed::Udp(socket.into())
        } else if kind == socket2::Type::STREAM && socket.is_listener()? {
            Passed::Tcp(socket.into())
        } else {
            let what = format!("inherited descriptor {raw} is neither UDP nor a listening TCP socket");
            return Err(io::Error::other(what));
        };
        sockets.push(Inherited { name: names.next().unwrap_or_default().to_owned(), socket });
    }
    Ok(sockets)
}
