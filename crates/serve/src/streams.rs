//! What every server of TCP connections is: threads of its own, listeners, one task for each connection, and an end
//! in steps.
//!
//! A protocol says through its `Welcome` who is asked for a place, what is said to whom gets none, and how a connection
//! is served.

use crate::listen::{Accepting, Place};
use crate::turned_away;
use gate::store::no_descriptors;
use gate::{Gate, HalfOpen, OnKick, Protocol, Refusal};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use transport::Spare;

/// What listeners and sessions have been told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// Everything goes on.
    Serving,
    /// No new connections; those that are there go on.
    Retiring,
    /// No new connections and requests.
    Draining,
}

/// What a session is told from outside while it runs.
#[derive(Clone, Debug)]
pub struct Orders {
    /// What the server has been told.
    pub phase: watch::Receiver<Phase>,
    /// Changes when sessions were kicked.
    pub kicked: watch::Receiver<()>,
}

impl Orders {
    /// Whether only what is begun may be finished.
    pub(crate) fn drains(&self) -> bool {
        *self.phase.borrow() == Phase::Draining
    }
}

/// What a protocol does with who comes to a listener.
pub(crate) trait Welcome: Send + Sync + 'static {
    /// Who is asked for a place; `None`: nobody is, whoever comes has one.
    fn door(&self) -> Option<(&Arc<Gate>, Protocol)>;

    /// Whether this peer will say for whom it comes: then that one is asked for a place, by the driver.
    fn is_proxy(&self, peer: SocketAddr) -> bool {
        let _ = peer;
        false
    }

    /// What is said to whom gets no place; nothing: it is only closed.
    fn words(&self, why: &Refusal) -> Vec<u8>;

    /// Takes leave of a connection that was told [`Welcome::words`].
    fn part(&self, stream: TcpStream) {
        drop(stream);
    }

    /// Serves a connection to its end, and holds `living` until then.
    fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        place: Option<HalfOpen>,
        living: Living,
    ) -> impl Future<Output = ()> + Send;
}

/// Of each listener and connection: the server is over when the last one is gone.
pub(crate) type Living = mpsc::Sender<()>;

/// A running server with threads of its own. Dropped it cuts everything.
pub struct StreamServer {
    addresses: Vec<SocketAddr>,
    phase: watch::Sender<Phase>,
    /// Listeners that still accept.
    accepting: Accepting,
    /// What the gate calls when sessions are kicked.
    _on_kick: Arc<OnKick>,
    /// Ends when the last listener and connection have ended.
    // Guards the receiver; held for a look.
    alive: Mutex<mpsc::Receiver<()>>,
    runtime: Option<Runtime>,
}

/// A server that gets its listeners.
pub(crate) struct Opening {
    server: StreamServer,
    /// What its sessions are told.
    pub(crate) orders: Orders,
    living: Living,
}

impl Opening {
    /// So many threads of this name, 0: as many as processors, from 2 to 16; `gate` is who kicks.
    pub(crate) fn new(name: &'static str, threads: usize, gate: Option<&Gate>) -> io::Result<Opening> {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 16),
            n => n,
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(128)
            .thread_name(name)
            .enable_all()
            .build()?;
        let (phase, seen) = watch::channel(Phase::Serving);
        let (kick, kicked) = watch::channel(());
        let on_kick: Arc<OnKick> = Arc::new(move || kick.send_replace(()));
        if let Some(gate) = gate {
            gate.on_kick(&on_kick);
        }
        let (living, alive) = mpsc::channel(1);
        let server = StreamServer {
            addresses: Vec::new(),
            phase,
            accepting: Accepting::default(),
            _on_kick: on_kick,
            alive: Mutex::new(alive),
            runtime: Some(runtime),
        };
        Ok(Opening { server, orders: Orders { phase: seen, kicked }, living })
    }

    /// Accepts on `listener`.
    pub(crate) fn listen(&mut self, listener: TcpListener, welcome: Arc<impl Welcome>) -> io::Result<()> {
        let Some(runtime) = &self.server.runtime else { return Ok(()) };
        self.server.addresses.push(listener.local_addr()?);
        listener.set_nonblocking(true)?;
        let _inside = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (living, place) = (self.living.clone(), self.server.accepting.place());
        runtime.spawn(accept(welcome, listener, self.orders.phase.clone(), living, place));
        Ok(())
    }

    /// It has all of them.
    pub(crate) fn done(self) -> StreamServer {
        self.server
    }
}

impl StreamServer {
    /// Where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    /// No new connections and requests; what runs is finished, then its connection ends as the protocol has it.
    pub fn drain(&self) {
        self.phase.send_replace(Phase::Draining);
    }

    /// No new connections: a successor that has the same listeners takes them. Sessions go on to their end; a
    /// protocol whose connections may end between any two requests (HTTP) ends them there.
    pub fn retire(&self) {
        self.phase.send_if_modified(|phase| {
            let first = *phase == Phase::Serving;
            *phase = (*phase).max(Phase::Retiring);
            first
        });
    }

    /// Whether a successor may accept: no connection is taken any more.
    pub fn has_retired(&self) -> bool {
        self.accepting.is_over()
    }

    /// Whether every listener accepts: none was drained, retired, or died.
    pub fn is_listening(&self) -> bool {
        self.accepting.is_whole()
    }

    /// Whether the last connection of a retired or drained server has ended.
    pub fn is_over(&self) -> bool {
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(alive.try_recv(), Err(mpsc::error::TryRecvError::Disconnected))
    }

    /// Drains and waits; cuts what is left after `grace`.
    pub fn wait(mut self, grace: Duration) {
        self.drain();
        if let Some(runtime) = self.runtime.take() {
            let alive = self.alive.get_mut().unwrap_or_else(PoisonError::into_inner);
            runtime.block_on(async {
                // Err: the grace is over; Ok: nobody lives.
                let _ = tokio::time::timeout(grace, alive.recv()).await;
            });
            // Blocking work of cut sessions is a sync or a listing: it gets a moment.
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

impl Drop for StreamServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept<W: Welcome>(
    welcome: Arc<W>,
    listener: tokio::net::TcpListener,
    mut phase: watch::Receiver<Phase>,
    living: Living,
    accepting: Place,
) {
    let mut spare = Spare::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = phase.wait_for(|p| *p > Phase::Serving) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let door = welcome.door().filter(|_| !welcome.is_proxy(peer));
                let asked = door.map(|(gate, protocol)| gate.connect(protocol, peer));
                let place = match asked.transpose() {
                    Ok(place) => place,
                    Err(why) => {
                        // Said without waiting: whoever floods gets no task that waits for him. A new connection's
                        // buffer takes so little, and a peer that is gone needs none.
                        let _ = stream.try_write(&welcome.words(&why));
                        welcome.part(stream);
                        continue;
                    }
                };
                // No block around it, which would hold all that it is given a second time.
                tokio::spawn(welcome.clone().serve(stream, peer, place, living.clone()));
            }
            Err(e) => {
                if no_descriptors(&e) {
                    let door = welcome.door().map(|(gate, protocol)| (&**gate, protocol));
                    turned_away::turn_away(&mut spare, &listener, door, |why| welcome.words(why));
                }
                // Or the peer is gone already: neither is a reason to stop.
                tokio::time::sleep(turned_away::PAUSE).await;
            }
        }
    }
    // Out of the runtime's set before anybody is told.
    drop(listener);
    drop(accepting);
}
