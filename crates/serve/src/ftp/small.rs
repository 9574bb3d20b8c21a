//! A file that a socket takes at once: neither the runtime nor a timer has anything to do with it.

use super::coming::Came;
use super::data::Data;
use ftp_proto::server::End;
use gate::Reading;
use rustix::net::{RecvFlags, recv};
use std::os::fd::AsFd;
use transport::pump::{Bite, Outgoing};
use transport::tap::{Dir, Role, What};

/// Any send buffer takes so much at once.
const SMALL: u64 = 64 << 10;

impl Data {
    /// Sends a small file; `None`: it is none, or the socket did not take all of it, and the rest is still to be sent.
    pub(super) fn at_once(&self, came: &Came, out: &mut Outgoing, reading: &Reading) -> Option<End> {
        let small = out.left_of_file();
        if small == 0 || small > SMALL {
            return None;
        }
        // What goes wrong here does so again where it is dealt with.
        let Ok(Bite::Moved(n)) = out.bite(came.as_fd()) else { return None };
        reading.begun();
        let total = self.watch.progress.add(n as u64);
        let (local, peer) = came.ends;
        self.see(local, peer, Dir::Sent, What::Data { len: n, total });
        if out.left_of_file() > 0 {
            return None;
        }
        // Octets that nobody reads would turn our close into a RST behind the last data. Without any it is a FIN.
        let mut rest = [0u8; 1_024];
        while matches!(recv(came, &mut rest[..], RecvFlags::DONTWAIT), Ok((n, _)) if n > 0) {}
        self.see(local, peer, Dir::Here, What::Closed { role: Role::Data, total });
        Some(End::Whole)
    }
}
