use super::{Capture, Way};
use rustix::event::{PollFd, PollFlags, poll};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;
use transport::Cancel;

/// Decides about one datagram: false loses it.
pub type Rule = Box<dyn FnMut(Way, &[u8]) -> bool + Send>;

/// The rule that loses nothing.
pub fn pass_all() -> Rule {
    Box::new(|_, _| true)
}

/// Passes TFTP's datagrams on. Dropped it stops.
#[derive(Debug)]
pub struct UdpRelay {
    address: SocketAddr,
    stop: Cancel,
    thread: Option<JoinHandle<()>>,
}

/// One transfer: the ports that its two ends see.
struct Flow {
    client: SocketAddr,
    /// The server's port of this transfer, once it has answered.
    server: SocketAddr,
    /// Towards the client: its port is the TID that the client sees.
    down: UdpSocket,
    /// Towards the server.
    up: UdpSocket,
}

impl UdpRelay {
    /// Passes on what comes to a free port of the server's own address.
    pub fn start(server: SocketAddr, rule: Rule, capture: Arc<Capture>) -> io::Result<UdpRelay> {
        let front = UdpSocket::bind((server.ip(), 0))?;
        front.set_nonblocking(true)?;
        let address = front.local_addr()?;
        let stop = Cancel::new()?;
        let pulled = stop.clone();
        let mut work = Work { server, front, flows: Vec::new(), rule, capture };
        let thread = std::thread::Builder::new().name("relay-udp".into()).spawn(move || work.run(&pulled))?;
        Ok(UdpRelay { address, stop, thread: Some(thread) })
    }

    /// Where a client sends its request instead of to the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for UdpRelay {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Work {
    server: SocketAddr,
    front: UdpSocket,
    flows: Vec<Flow>,
    rule: Rule,
    capture: Arc<Capture>,
}

impl Work {
    fn run(&mut self, stop: &Cancel) {
        let mut buffer = vec![0; 65_536];
        loop {
            let mut fds = vec![PollFd::new(stop, PollFlags::IN), PollFd::new(&self.front, PollFlags::IN)];
            for flow in &self.flows {
                fds.push(PollFd::new(&flow.down, PollFlags::IN));
                fds.push(PollFd::new(&flow.up, PollFlags::IN));
            }
            match poll(&mut fds, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
            if stop.is_cancelled() {
                return;
            }
            while let Ok((n, client)) = self.front.recv_from(&mut buffer) {
                self.request(client, &buffer[..n]);
            }
            for i in 0..self.flows.len() {
                while let Ok((n, from)) = self.flows[i].down.recv_from(&mut buffer) {
                    if from == self.flows[i].client {
                        self.pass(i, Way::Up, &buffer[..n]);
                    }
                }
                while let Ok((n, from)) = self.flows[i].up.recv_from(&mut buffer) {
                    self.flows[i].server = from;
                    self.pass(i, Way::Down, &buffer[..n]);
                }
            }
        }
    }

    /// A request opens a flow; repeated it goes the way of the first.
    fn request(&mut self, client: SocketAddr, octets: &[u8]) {
        let known = self.flows.iter().position(|f| f.client == client);
        let index = match known {
            Some(index) => index,
            None => match Flow::open(client, self.server) {
                Ok(flow) => {
                    self.flows.push(flow);
                    self.flows.len() - 1
                }
                // Without a socket the datagram is lost, which UDP may do.
                Err(_) => return,
            },
        };
        self.pass(index, Way::Up, octets);
    }

    fn pass(&mut self, index: usize, way: Way, octets: &[u8]) {
        self.capture.count(1);
        self.capture.add(octets);
        if !(self.rule)(way, octets) {
            return;
        }
        let flow = &self.flows[index];
        let (socket, to) = match way {
            Way::Up => (&flow.up, flow.server),
            Way::Down => (&flow.down, flow.client),
        };
        let _ = socket.send_to(octets, to);
    }
}

impl Flow {
    fn open(client: SocketAddr, server: SocketAddr) -> io::Result<Flow> {
        let socket = |ip: IpAddr| {
            let socket = UdpSocket::bind((ip, 0))?;
            socket.set_nonblocking(true)?;
            io::Result::Ok(socket)
        };
        Ok(Flow { client, server, down: socket(server.ip())?, up: socket(server.ip())? })
    }
}
