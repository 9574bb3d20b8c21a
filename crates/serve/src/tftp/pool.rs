//! Sockets of transfers that are over, for the next ones.
//!
//! To make a socket, bind, watch and close it costs more than a small file's blocks. One that is let go has no
//! port, so nothing reaches it, and gets a new one when it is connected again: a new TID.

use super::slots::Token;
use std::collections::HashMap;
use std::net::{IpAddr, UdpSocket};
use transport::udp;

/// The most that are kept.
const MOST: usize = 256;

/// Idle sockets by the address that they send from. All of them are watched by epoll already.
#[derive(Default)]
pub(super) struct Pool {
    idle: HashMap<IpAddr, Vec<(UdpSocket, Token)>>,
    count: usize,
}

impl Pool {
    /// A socket from this address, if there is one, and what epoll calls it. It has to be connected yet.
    pub(super) fn take(&mut self, from: IpAddr) -> Option<(UdpSocket, Token)> {
        let sockets = self.idle.get_mut(&from)?;
        let found = sockets.pop()?;
        if sockets.is_empty() {
            self.idle.remove(&from);
        }
        self.count -= 1;
        Some(found)
    }

    /// Keeps a socket whose buffers are the usual ones and that waits for nothing but to be read; whether it did.
    pub(super) fn keep(&mut self, from: IpAddr, socket: UdpSocket, token: Token) -> bool {
        let keeps = self.count < MOST && udp::disconnect(&socket).is_ok();
        if keeps {
            self.idle.entry(from).or_default().push((socket, token));
            self.count += 1;
        }
        keeps
    }
}
