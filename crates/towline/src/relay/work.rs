use super::ports::Ports;
use super::{Happened, Line, Observer, Rule, Settings, Struck, Tally, Way};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use transport::Cancel;
use transport::udp::{self, RequestSocket};

/// How often idle clients are looked for.
const SWEEP: Duration = Duration::from_secs(5);
/// Datagrams taken from one socket before the others have their turn.
const BURST: usize = 64;

/// A running relay. Dropped it stops.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    stop: Cancel,
    // Guards a copy of the counts; held for one copy.
    tally: Arc<Mutex<Tally>>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// Listens and starts. Fails where it cannot listen, or has no thread.
    pub fn start(settings: Settings) -> io::Result<Relay> {
        Relay::on(UdpSocket::bind(settings.listen)?, settings)
    }

    /// Starts on this socket; `settings.listen` does not matter.
    pub fn on(front: UdpSocket, settings: Settings) -> io::Result<Relay> {
        udp::make_room(&front, 1 << 20)?;
        let address = front.local_addr()?;
        let out = front.try_clone()?;
        let front = RequestSocket::new(front)?;
        let stop = Cancel::new()?;
        let tally = Arc::new(Mutex::new(Tally::default()));
        let mut work = Work {
            server: settings.to,
            front,
            out,
            ports: Ports::new(settings.to),
            line: Line::new(settings.params, settings.seed),
            rule: settings.rule,
            observer: settings.observer,
            began: Instant::now(),
            tally: tally.clone(),
        };
        let pulled = stop.clone();
        let thread = std::thread::Builder::new().name("relay".into()).spawn(move || work.run(&pulled))?;
        Ok(Relay { address, stop, tally, thread: Some(thread) })
    }

    /// Where a client sends its request instead of to the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was done so far.
    pub fn tally(&self) -> Tally {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Where a datagram on the line is going: whose it is, and which port of the server it belongs to.
type Course = (SocketAddr, SocketAddr);

struct Work {
    server: SocketAddr,
    front: RequestSocket,
    /// The same socket, to send from.
    out: UdpSocket,
    ports: Ports,
    line: Line<Course>,
    rule: Rule,
    observer: Observer,
    began: Instant,
    tally: Arc<Mutex<Tally>>,
}

/// A socket that has something, by who owns it.
enum Ready {
    Front,
    Up(SocketAddr),
    Down(SocketAddr, SocketAddr),
}

impl Work {
    fn run(&mut self, stop: &Cancel) {
        let mut buffer = vec![0; 65_536];
        let mut sweep = Instant::now() + SWEEP;
        loop {
            let Ok(ready) = self.wait(stop, sweep) else { return };
            if stop.is_cancelled() {
                return;
            }
            for socket in ready {
                match socket {
                    Ready::Front => self.front(&mut buffer),
                    Ready::Up(client) => self.server_says(client, &mut buffer),
                    Ready::Down(client, tid) => self.client_says(client, tid, &mut buffer),
                }
            }
            // Before anything is passed on: who has got a datagram finds it counted.
            *self.tally.lock().unwrap_or_else(PoisonError::into_inner) = self.line.tally();
            let now = self.now();
            while let Some((way, (client, server), octets)) = self.line.take(now) {
                match way {
                    Way::Up => self.ports.send_up(client, server, &octets),
                    Way::Down => self.ports.send_down(&self.out, client, server, &octets),
                }
            }
            if Instant::now() >= sweep {
                self.ports.sweep(Instant::now());
                sweep = Instant::now() + SWEEP;
            }
        }
    }

    /// Nanoseconds since the beginning, as the line counts.
    fn now(&self) -> clock::Instant {
        clock::Instant::from_nanos(u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// Waits for datagrams, for the next arrival and for the end.
    fn wait(&self, stop: &Cancel, sweep: Instant) -> io::Result<Vec<Ready>> {
        let mut owners = vec![Ready::Front];
        let mut fds = vec![PollFd::new(stop, PollFlags::IN), PollFd::new(&self.front, PollFlags::IN)];
        for (client, known) in self.ports.clients() {
            owners.push(Ready::Up(*client));
            fds.push(PollFd::new(&known.up, PollFlags::IN));
            for tid in &known.tids {
                owners.push(Ready::Down(*client, tid.server));
                fds.push(PollFd::new(&tid.down, PollFlags::IN));
            }
        }
        let mut patience = sweep.saturating_duration_since(Instant::now());
        if let Some(arrival) = self.line.poll_arrival() {
            patience = patience.min(arrival.since(self.now()));
        }
        let timeout = Timespec::try_from(patience).expect("seconds");
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        Ok(owners
            .into_iter()
            .zip(&fds[1..])
            .filter(|(_, fd)| !fd.revents().is_empty())
            .map(|(o, _)| o)
            .collect())
    }

    /// What clients send to the port that everybody asks.
    fn front(&mut self, buffer: &mut [u8]) {
        for _ in 0..BURST {
            let arrived = match self.front.receive(buffer) {
                Ok(arrived) => arrived,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                // An ICMP error of something sent before: that was lost.
                Err(_) => continue,
            };
            if arrived.broadcast {
                continue;
            }
            let (client, octets) = (arrived.peer, &buffer[..arrived.len]);
            match self.ports.hear(client, arrived.to, Instant::now()) {
                Ok(false) => {}
                Ok(true) => {
                    let up = self.ports.client(client).and_then(|c| c.up.local_addr().ok());
                    (self.observer)(&Happened::Client { client, up: up.unwrap_or(self.server) });
                }
                Err(_) => {
                    self.drop_one(Way::Up, client, octets);
                    continue;
                }
            }
            self.put(Way::Up, client, self.server, octets);
        }
    }

    /// What a client sends to the port of its transfer.
    fn client_says(&mut self, client: SocketAddr, server: SocketAddr, buffer: &mut [u8]) {
        for _ in 0..BURST {
            let Some(known) = self.ports.client(client) else { return };
            let Some(tid) = known.tids.iter().find(|t| t.server == server) else { return };
            match tid.down.recv_from(buffer) {
                // Somebody else's: between client and server it would not have passed either.
                Ok((_, from)) if from != client => {}
                Ok((len, _)) => {
                    let asked = self.front.local();
                    // It is known: this only notes that it lives.
                    let _ = self.ports.hear(client, asked, Instant::now());
                    self.put(Way::Up, client, server, &buffer[..len]);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
    }

    /// What the server sends to a client.
    fn server_says(&mut self, client: SocketAddr, buffer: &mut [u8]) {
        for _ in 0..BURST {
            let Some(known) = self.ports.client(client) else { return };
            match known.up.recv_from(buffer) {
                Ok((len, server)) => {
                    let octets = &buffer[..len];
                    match self.ports.answer(client, server, Instant::now()) {
                        Ok(None) => {}
                        Ok(Some(seen)) => (self.observer)(&Happened::Port { client, server, seen }),
                        Err(_) => {
                            self.drop_one(Way::Down, client, octets);
                            continue;
                        }
                    }
                    self.put(Way::Down, client, server, octets);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
    }

    fn put(&mut self, way: Way, client: SocketAddr, server: SocketAddr, octets: &[u8]) {
        let keep = (self.rule)(way, octets);
        let (number, struck) = self.line.put(self.now(), way, (client, server), octets, keep);
        if let Some(fate) = struck {
            (self.observer)(&Happened::Struck { client, way, number, octets, fate });
        }
    }

    fn drop_one(&mut self, way: Way, client: SocketAddr, octets: &[u8]) {
        let number = self.line.drop_one(way, octets.len());
        (self.observer)(&Happened::Struck { client, way, number, octets, fate: Struck::Dropped });
    }
}
