use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use transport::udp;

/// Clients at a time; the one that was silent longest makes room.
const CLIENTS: usize = 256;
/// Ports of the server for each client: the transfer's and, of repeated requests, some more.
const TIDS: usize = 4;
/// Longer than any TFTP that still goes on is silent.
const IDLE: Duration = Duration::from_secs(120);
/// For a full window of large blocks.
const ROOM: usize = 4 << 20;

/// Which ports belong together.
#[derive(Debug)]
pub(super) struct Ports {
    /// The server as it is asked.
    server: SocketAddr,
    clients: BTreeMap<SocketAddr, Client>,
}

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    /// Our address and port that it asked.
    asked: SocketAddr,
    /// Towards the server.
    pub(super) up: UdpSocket,
    /// The server's ports that have answered, the oldest first.
    pub(super) tids: Vec<Tid>,
    heard: Instant,
}

/// One port of the server, and the one that the client sees.
#[derive(Debug)]
pub(super) struct Tid {
    pub(super) server: SocketAddr,
    pub(super) down: UdpSocket,
}

impl Ports {
    pub(super) fn new(server: SocketAddr) -> Ports {
        Ports { server, clients: BTreeMap::new() }
    }

    pub(super) fn clients(&self) -> impl Iterator<Item = (&SocketAddr, &Client)> {
        self.clients.iter()
    }

    pub(super) fn client(&self, client: SocketAddr) -> Option<&Client> {
        self.clients.get(&client)
    }

    /// A datagram of `client` came to our `asked`: true where the client is new. Fails without a socket.
    pub(super) fn hear(&mut self, client: SocketAddr, asked: SocketAddr, now: Instant) -> io::Result<bool> {
        if let Some(known) = self.clients.get_mut(&client) {
            known.heard = now;
            return Ok(false);
        }
        if self.clients.len() >= CLIENTS
            && let Some(silent) = self.clients.iter().min_by_key(|(_, c)| c.heard).map(|(a, _)| *a)
        {
            self.clients.remove(&silent);
        }
        let up = socket(SocketAddr::new(super::Settings::anywhere(self.server), 0))?;
        self.clients.insert(client, Client { asked, up, tids: Vec::new(), heard: now });
        Ok(true)
    }

    /// The server answered `client` from `server`: gives where the client sees it come from, where that is
    /// new. Fails without a socket, or where it is not the server at all.
    pub(super) fn answer(
        &mut self,
        client: SocketAddr,
        server: SocketAddr,
        now: Instant,
    ) -> io::Result<Option<SocketAddr>> {
        let known = self.clients.get_mut(&client).ok_or(io::ErrorKind::NotFound)?;
        if server.ip() != self.server.ip() {
            return Err(io::ErrorKind::HostUnreachable.into());
        }
        known.heard = now;
        // A server with a single port answers from the one that was asked, and so do we.
        if server == self.server || known.tids.iter().any(|t| t.server == server) {
            return Ok(None);
        }
        let mut free = known.asked;
        free.set_port(0);
        let down = socket(free)?;
        if known.tids.len() >= TIDS {
            known.tids.remove(0);
        }
        let seen = down.local_addr()?;
        known.tids.push(Tid { server, down });
        Ok(Some(seen))
    }

    /// Sends to the server's port `server` for `client`. What cannot be sent is lost, as UDP may.
    pub(super) fn send_up(&self, client: SocketAddr, server: SocketAddr, octets: &[u8]) {
        if let Some(known) = self.clients.get(&client) {
            let _ = known.up.send_to(octets, server);
        }
    }

    /// Sends what the server's port `server` said to `client`; what comes from the port that was asked goes
    /// out through `front`.
    pub(super) fn send_down(&self, front: &UdpSocket, client: SocketAddr, server: SocketAddr, octets: &[u8]) {
        let Some(known) = self.clients.get(&client) else { return };
        let through = known.tids.iter().find(|t| t.server == server).map(|t| &t.down);
        let through = through.or((server == self.server).then_some(front));
        if let Some(through) = through {
            let _ = through.send_to(octets, client);
        }
    }

    /// Forgets who has been silent for long.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.clients.retain(|_, c| now.saturating_duration_since(c.heard) < IDLE);
    }
}

/// Plain and unconnected: ICMP errors end at the relay.
fn socket(at: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(at)?;
    socket.set_nonblocking(true)?;
    udp::make_room(&socket, ROOM)?;
    Ok(socket)
}
