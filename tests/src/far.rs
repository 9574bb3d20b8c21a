//! A server that is far away: a relay of TCP connections in which all octets take their time, and which may break.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Octets that are read at once.
const BITE: usize = 256 << 10;
/// Bites that are on the way in one direction at most: the way is to be slow to arrive, not narrow.
const ON_THE_WAY: usize = 4_096;

/// A relay. Dropped, it takes no more connections.
#[derive(Debug)]
pub struct Far {
    /// Where it listens.
    pub address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Far {
    /// One to a server, each way `delay` long. It breaks all its connections when it has taken `breaks_at` octets for the
    /// server, and passes none of what comes then.
    ///
    /// # Panics
    /// When it cannot listen.
    pub fn start(to: SocketAddr, delay: Duration, breaks_at: Option<u64>) -> Far {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let (is_over, left) =
            (Arc::<AtomicBool>::default(), Arc::new(AtomicU64::new(breaks_at.unwrap_or(u64::MAX))));
        let ends = is_over.clone();
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(server) = TcpStream::connect(to) else { continue };
                for (from, into, counts) in [(&client, &server, true), (&server, &client, false)] {
                    let (Ok(from), Ok(into)) = (from.try_clone(), into.try_clone()) else { return };
                    let _ = into.set_nodelay(true);
                    let left = counts.then(|| left.clone());
                    way(from, into, delay, left);
                }
            }
        });
        Far { address, is_over }
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _woken = TcpStream::connect(self.address);
    }
}

/// One direction of a connection.
fn way(from: TcpStream, into: TcpStream, delay: Duration, left: Option<Arc<AtomicU64>>) {
    let (sender, receiver) = sync_channel(ON_THE_WAY);
    let end = from.try_clone();
    thread::spawn(move || depart(from, &sender, delay, left.as_deref()));
    thread::spawn(move || {
        arrive(&receiver, &into);
        // What comes is wanted by nobody any more.
        let _ = end.map(|end| end.shutdown(Shutdown::Read));
    });
}

/// What departs, and when it is to arrive; an empty one breaks the connection.
type Bite = (Instant, Vec<u8>);

fn depart(mut from: TcpStream, way: &SyncSender<Bite>, delay: Duration, left: Option<&AtomicU64>) {
    let mut octets = vec![0; BITE];
    while let Ok(n @ 1..) = from.read(&mut octets) {
        let len = n as u64;
        let is_broken = left.is_some_and(|left| {
            left.fetch_sub(len.min(left.load(Ordering::Relaxed)), Ordering::Relaxed) < len
        });
        let bite = if is_broken { Vec::new() } else { octets[..n].to_vec() };
        if way.send((Instant::now() + delay, bite)).is_err() || is_broken {
            return;
        }
    }
}

fn arrive(way: &Receiver<Bite>, mut into: &TcpStream) {
    while let Ok((due, octets)) = way.recv() {
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
        if octets.is_empty() {
            let _ = into.shutdown(Shutdown::Both);
            return;
        }
        if into.write_all(&octets).is_err() {
            return;
        }
    }
    let _ = into.shutdown(Shutdown::Write);
}
