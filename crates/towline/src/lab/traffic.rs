//! Counts what R1 receives, and remembers its FTP sessions for a ladder.

use crate::ladder::{Fact, Seen};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use transport::tap::{Dir, Sense, Sight, Tap, What};

/// TFTP's DATA (RFC 1350 §5).
const DATA: [u8; 2] = [0, 3];
/// The lines of FTP sessions that are remembered.
const LINES: usize = 10_000;

/// A tap on R1.
#[derive(Debug)]
pub struct Traffic {
    start: Instant,
    tftp: AtomicU64,
    ftp: AtomicU64,
    // Guards the list; held for one push.
    sessions: Mutex<Vec<Seen>>,
    // Guards who is told once; taken out when told.
    limit: Mutex<Option<Limit>>,
}

#[derive(Debug)]
struct Limit {
    octets: u64,
    tell: Sender<()>,
}

impl Default for Traffic {
    fn default() -> Self {
        Traffic {
            start: Instant::now(),
            tftp: AtomicU64::new(0),
            ftp: AtomicU64::new(0),
            sessions: Mutex::default(),
            limit: Mutex::default(),
        }
    }
}

impl Traffic {
    /// Tells `tell` once, when so many octets came over TFTP.
    pub fn tell_at(&self, octets: u64, tell: Sender<()>) {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = Some(Limit { octets, tell });
    }

    /// Octets of files that came over TFTP, repeats not counted.
    pub fn tftp(&self) -> u64 {
        self.tftp.load(Ordering::Acquire)
    }

    /// Octets that came over FTP's data connections.
    pub fn ftp(&self) -> u64 {
        self.ftp.load(Ordering::Acquire)
    }

    /// The FTP sessions so far.
    pub fn ftp_sessions(&self) -> Vec<Seen> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tap for Traffic {
    fn see(&self, sight: &Sight<'_>) {
        match &sight.what {
            What::Datagram { head, len, sense: Sense::First | Sense::Gap }
                if sight.dir == Dir::Received && head.starts_with(&DATA) =>
            {
                let new = len.saturating_sub(4) as u64;
                let sum = self.tftp.fetch_add(new, Ordering::AcqRel) + new;
                let mut limit = self.limit.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(told) = limit.take_if(|l| sum >= l.octets) {
                    let _ = told.tell.send(());
                }
                return;
            }
            What::Data { len, .. } if sight.dir == Dir::Received => {
                self.ftp.fetch_add(*len as u64, Ordering::AcqRel);
            }
            _ => {}
        }
        if let Some(seen) = Seen::of(sight, self.start)
            && !matches!(seen.what, Fact::Packet { .. } | Fact::TimedOut)
        {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            if sessions.len() < LINES {
                sessions.push(seen);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn new_blocks_count_once_and_the_limit_is_told_once() {
        let traffic = Traffic::default();
        let (tell, told) = channel();
        traffic.tell_at(600, tell);
        let at = "10.0.0.1:69".parse().unwrap();
        let see = |what| {
            let sight = Sight { at: Instant::now(), flow: 1, local: at, peer: at, dir: Dir::Received, what };
            traffic.see(&sight);
        };
        let data = |sense| What::Datagram { head: &[0, 3, 0, 1], len: 516, sense };
        see(data(Sense::First));
        see(data(Sense::Duplicate));
        assert_eq!((traffic.tftp(), told.try_recv().is_ok()), (512, false));
        see(data(Sense::First));
        see(data(Sense::First));
        assert_eq!((traffic.tftp(), told.try_iter().count()), (1_536, 1));
        see(What::Data { len: 9, total: 9 });
        see(What::Control(b"226 done"));
        assert_eq!((traffic.ftp(), traffic.ftp_sessions().len()), (9, 2));
    }
}
