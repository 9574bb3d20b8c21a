use rustix::event::{EventfdFlags, eventfd};
use rustix::net::{SocketFlags, accept_with};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// A file descriptor that is kept for the moment when the process has none left: whoever waits then can still be
/// taken, told so and sent away, and does not wait for an answer that never comes.
#[derive(Debug)]
pub struct Spare(Option<OwnedFd>);

impl Default for Spare {
    fn default() -> Self {
        Spare::new()
    }
}

impl Spare {
    /// Takes one, if there is one.
    pub fn new() -> Spare {
        let mut spare = Spare(None);
        spare.refill();
        spare
    }

    /// Takes one again, where it was given up and there is one.
    pub fn refill(&mut self) {
        if self.0.is_none() {
            self.0 = eventfd(0, EventfdFlags::CLOEXEC).ok();
        }
    }

    /// Gives the kept one up and accepts with it: a non-blocking socket. [`Spare::refill`] when it is closed.
    pub fn accept(&mut self, listener: impl AsFd) -> io::Result<OwnedFd> {
        self.0 = None;
        Ok(accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_spare_is_given_up_for_one_connection_and_taken_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let mut spare = Spare::new();
        assert!(spare.0.is_some());
        assert_eq!(spare.accept(&listener).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(spare.0.is_none());
        let _peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        // A connection on this host is there when `connect` returns.
        let taken = spare.accept(&listener).unwrap();
        drop(taken);
        spare.refill();
        assert!(spare.0.is_some());
    }
}
