//! The port that a client's next data connection comes to: its own, or one of few that clients of different addresses
//! share.
//!
//! Behind a firewall there may be fewer ports than sessions. Whose a connection is that comes to a shared one its address
//! says, as it does everywhere (RFC 2577 §3); so a port has one seat for each address, and who has none there is a stranger.
//! Whoever waits at a port accepts what comes, and hands to the others what is theirs.

use rustix::io::Errno;
use rustix::net::{SocketFlags, acceptfrom_with};
use socket2::SockRef;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;
use tokio::io::Interest;
use tokio::sync::Notify;
use transport::passive::{Listener, Single};

/// What came, and from where.
pub(super) type Caller = (OwnedFd, SocketAddr);

/// Connections that lie ready for one seat; whoever makes more is a stranger.
const READY: usize = 4;

/// A port where one session's data connection comes.
pub(super) enum Port {
    /// Nobody else's.
    Own(Single),
    Shared(Place),
}

impl Port {
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Port::Own(listener) => Ok(listener.address()),
            Port::Shared(place) => place.hall.listener.get_ref().local_addr(),
        }
    }

    /// Who comes next, be it who is awaited or not.
    pub(super) async fn accept(&self) -> io::Result<Caller> {
        match self {
            Port::Own(listener) => accept_alone(listener).await,
            Port::Shared(place) => place.accept().await,
        }
    }
}

async fn accept_alone(listener: &Single) -> io::Result<Caller> {
    loop {
        match accept_now(listener.socket()) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => listener.ready().await?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            // Somebody connected and left before we came.
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
            accepted => return accepted,
        }
    }
}

async fn accept(listener: &Listener) -> io::Result<Caller> {
    loop {
        match listener.async_io(Interest::READABLE, accept_now).await {
            // Somebody connected and left before we came.
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
            accepted => return accepted,
        }
    }
}

fn accept_now(listener: &TcpListener) -> io::Result<Caller> {
    let (socket, from) = acceptfrom_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)?;
    // Who has left already has no address any more.
    let from = from.and_then(|from| SocketAddr::try_from(from).ok());
    from.map(|from| (socket, from)).ok_or(io::ErrorKind::ConnectionAborted.into())
}

/// Whom a seat is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Clients of this address.
    Address(IpAddr),
    /// Whoever turns out to be awaited: the port is shared with nobody.
    Anybody,
}

/// The ports of a configured range that are in use.
#[derive(Default)]
pub(super) struct Ports {
    // Guards which there are; held for a look.
    halls: Mutex<Vec<Weak<Hall>>>,
}

/// One port that listens, as long as anybody has a seat there.
struct Hall {
    listener: Listener,
    at: IpAddr,
    // Guards who has a seat; held for a look.
    seats: Mutex<Vec<Arc<Seat>>>,
}

struct Seat {
    whose: For,
    // Guards what others have accepted for it; held for a look.
    ready: Mutex<VecDeque<Caller>>,
    came: Notify,
}

/// A seat at a port; dropped, it is free.
pub(super) struct Place {
    hall: Arc<Hall>,
    seat: Arc<Seat>,
}

impl Ports {
    /// A seat at a port that has just been opened.
    pub(super) fn open(&self, listener: Listener, at: IpAddr, whose: For) -> Place {
        let hall = Arc::new(Hall { listener, at, seats: Mutex::default() });
        let place = hall.seat(whose);
        let mut halls = lock(&self.halls);
        halls.retain(|hall| hall.strong_count() > 0);
        halls.push(Arc::downgrade(&hall));
        place
    }

    /// A seat at a port that others have, the one with the fewest: where none is left of one's own. `None`: at each of them
    /// somebody of this address waits already.
    pub(super) fn join(&self, at: IpAddr, whose: For) -> Option<Place> {
        let mut halls: Vec<_> = lock(&self.halls).iter().filter_map(Weak::upgrade).collect();
        halls.retain(|hall| hall.at == at && hall.has_room(whose));
        let hall = halls.into_iter().min_by_key(|hall| lock(&hall.seats).len())?;
        // What came for this address before was for somebody who is gone.
        hall.sort_out();
        Some(hall.seat(whose))
    }
}

impl Hall {
    fn seat(self: &Arc<Hall>, whose: For) -> Place {
        let seat = Arc::new(Seat { whose, ready: Mutex::default(), came: Notify::new() });
        lock(&self.seats).push(seat.clone());
        Place { hall: self.clone(), seat }
    }

    fn has_room(&self, whose: For) -> bool {
        let clash = |seat: &Arc<Seat>| seat.whose == For::Anybody || seat.whose == whose;
        whose != For::Anybody && !lock(&self.seats).iter().any(clash)
    }

    /// Gives each connection that has come to whose it is.
    fn sort_out(&self) {
        loop {
            match accept_now(self.listener.get_ref()) {
                Ok(caller) => self.hand_over(caller),
                Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(e) if e.raw_os_error() == Some(Errno::INTR.raw_os_error()) => {}
                Err(_) => return,
            }
        }
    }

    fn hand_over(&self, (socket, from): Caller) {
        let address = from.ip().to_canonical();
        let seats = lock(&self.seats);
        let Some(seat) = seats.iter().find(|seat| seat.whose == For::Address(address)) else {
            return turn_away(&socket);
        };
        let mut ready = lock(&seat.ready);
        if ready.len() >= READY {
            return turn_away(&socket);
        }
        ready.push_back((socket, from));
        seat.came.notify_one();
    }
}

impl Place {
    async fn accept(&self) -> io::Result<Caller> {
        loop {
            if let Some(caller) = lock(&self.seat.ready).pop_front() {
                return Ok(caller);
            }
            tokio::select! {
                () = self.seat.came.notified() => {}
                caller = accept(&self.hall.listener) => {
                    let caller = caller?;
                    match self.seat.whose {
                        For::Anybody => return Ok(caller),
                        For::Address(own) if own == caller.1.ip().to_canonical() => return Ok(caller),
                        For::Address(_) => self.hall.hand_over(caller),
                    }
                }
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.hall.seats).retain(|seat| !Arc::ptr_eq(seat, &self.seat));
        lock(&self.seat.ready).iter().for_each(|(socket, _)| turn_away(socket));
        // Whoever waits there may not look for long, and what is nobody's any more is not kept waiting.
        self.hall.sort_out();
    }
}

/// Closes with a RST: not an octet is the stranger's.
pub(super) fn turn_away(socket: impl std::os::fd::AsFd) {
    let _ = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
