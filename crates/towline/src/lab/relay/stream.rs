use super::Capture;
use crate::relay::Way;
use rustix::event::{PollFd, PollFlags, poll};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use transport::Cancel;

/// Ethernet's 1,500 octets without IP and TCP headers. Loopback would carry 65,483 in one segment, and
/// nobody could compare the number of packets with anything.
const MSS: u32 = 1_460;

/// Passes connections on; of FTP's sessions their passive data connections too. Dropped it stops.
#[derive(Debug)]
pub struct StreamRelay {
    address: SocketAddr,
    stop: Cancel,
    thread: Option<JoinHandle<()>>,
}

impl StreamRelay {
    /// Passes on the FTP sessions of who connects to a free port of the server's own address.
    pub fn ftp(server: SocketAddr, capture: Arc<Capture>) -> io::Result<StreamRelay> {
        StreamRelay::start(server, capture, Work::control)
    }

    /// Passes on whatever connects there.
    pub fn plain(server: SocketAddr, capture: Arc<Capture>) -> io::Result<StreamRelay> {
        StreamRelay::start(server, capture, Work::pass)
    }

    fn start(
        server: SocketAddr,
        capture: Arc<Capture>,
        carry: fn(&Work, TcpStream) -> io::Result<()>,
    ) -> io::Result<StreamRelay> {
        let listener = listen(server.ip())?;
        let address = listener.local_addr()?;
        let stop = Cancel::new()?;
        let work = Work { server, stop: stop.clone(), capture };
        let thread = std::thread::Builder::new().name("relay-tcp".into()).spawn(move || {
            let mut sessions = Vec::new();
            while let Ok(Some(client)) = work.accept(&listener) {
                let work = work.clone();
                sessions.push(std::thread::spawn(move || carry(&work, client)));
            }
            for session in sessions {
                let _ = session.join();
            }
        })?;
        Ok(StreamRelay { address, stop, thread: Some(thread) })
    }

    /// Where a client connects to instead of to the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for StreamRelay {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Clone)]
struct Work {
    server: SocketAddr,
    stop: Cancel,
    capture: Arc<Capture>,
}

impl Work {
    /// The next connection; `None` when it is time to stop.
    fn accept(&self, listener: &TcpListener) -> io::Result<Option<TcpStream>> {
        let mut fds = [PollFd::new(&self.stop, PollFlags::IN), PollFd::new(listener, PollFlags::IN)];
        loop {
            match poll(&mut fds, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
            if self.stop.is_cancelled() {
                return Ok(None);
            }
            if !fds[1].revents().is_empty() {
                return listener.accept().map(|(stream, _)| Some(stream));
            }
        }
    }

    fn control(&self, client: TcpStream) -> io::Result<()> {
        let server = TcpStream::connect(self.server)?;
        let mut data = Vec::new();
        let mut pending = Vec::new();
        let result = self.shuttle(&client, &server, |way, octets| match way {
            Way::Up => Ok(octets.to_vec()),
            Way::Down => {
                pending.extend_from_slice(octets);
                let mut out = Vec::new();
                while let Some(end) = pending.iter().position(|&b| b == b'\n') {
                    let line: Vec<u8> = pending.drain(..=end).collect();
                    out.extend(match passive(&line, self.server.ip()) {
                        Some(real) => {
                            let listener = listen(self.server.ip())?;
                            let stand_in = listener.local_addr()?;
                            let work = self.clone();
                            data.push(std::thread::spawn(move || work.data(&listener, real)));
                            reply(&line, stand_in)
                        }
                        None => line,
                    });
                }
                Ok(out)
            }
        });
        self.count(&client);
        for thread in data {
            let _ = thread.join();
        }
        result
    }

    fn data(&self, listener: &TcpListener, real: SocketAddr) -> io::Result<()> {
        match self.accept(listener)? {
            Some(client) => Work { server: real, ..self.clone() }.pass(client),
            None => Ok(()),
        }
    }

    fn pass(&self, client: TcpStream) -> io::Result<()> {
        let server = TcpStream::connect(self.server)?;
        let result = self.shuttle(&client, &server, |_, octets| Ok(octets.to_vec()));
        self.count(&client);
        result
    }

    /// The packets of the connection with the client; a system that does not tell counts none.
    fn count(&self, client: &TcpStream) {
        let seen = transport::segments(client).unwrap_or_default();
        self.capture.count(seen.sent + seen.received);
    }

    /// Carries octets both ways until both ends have closed, through `change`.
    fn shuttle(
        &self,
        client: &TcpStream,
        server: &TcpStream,
        mut change: impl FnMut(Way, &[u8]) -> io::Result<Vec<u8>>,
    ) -> io::Result<()> {
        for stream in [client, server] {
            stream.set_nodelay(true)?;
            // A peer that reads nothing must not hold the thread for ever.
            stream.set_write_timeout(Some(Duration::from_secs(10)))?;
        }
        let mut buffer = vec![0; 65_536];
        let mut open = [true, true];
        while open != [false, false] {
            let readable = |open| if open { PollFlags::IN } else { PollFlags::empty() };
            let mut fds = [
                PollFd::new(&self.stop, PollFlags::IN),
                PollFd::new(client, readable(open[0])),
                PollFd::new(server, readable(open[1])),
            ];
            match poll(&mut fds, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
            let ready = [!fds[1].revents().is_empty(), !fds[2].revents().is_empty()];
            if self.stop.is_cancelled() {
                return Ok(());
            }
            for (i, (way, mut from, mut to)) in
                [(Way::Up, client, server), (Way::Down, server, client)].into_iter().enumerate()
            {
                if !ready[i] || !open[i] {
                    continue;
                }
                let n = from.read(&mut buffer)?;
                if n == 0 {
                    open[i] = false;
                    let _ = to.shutdown(Shutdown::Write);
                    continue;
                }
                self.capture.add(&buffer[..n]);
                to.write_all(&change(way, &buffer[..n])?)?;
            }
        }
        Ok(())
    }
}

fn listen(ip: IpAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((ip, 0))?;
    socket2::SockRef::from(&listener).set_tcp_mss(MSS)?;
    Ok(listener)
}

/// The address that a 227 or 229 reply (RFC 959 §4.1.2, RFC 2428 §3) offers.
fn passive(line: &[u8], server: IpAddr) -> Option<SocketAddr> {
    let text = std::str::from_utf8(line).ok()?;
    let inside = text.split_once('(')?.1.split_once(')')?.0;
    match text.get(..4)? {
        "227 " => {
            let n: Vec<u8> = inside.split(',').map(|n| n.trim().parse().ok()).collect::<Option<_>>()?;
            let [a, b, c, d, high, low] = n[..] else { return None };
            Some((IpAddr::from([a, b, c, d]), u16::from_be_bytes([high, low])).into())
        }
        "229 " => Some((server, inside.trim_matches('|').parse().ok()?).into()),
        _ => None,
    }
}

/// The same reply with the relay's own address.
fn reply(line: &[u8], own: SocketAddr) -> Vec<u8> {
    match own.ip() {
        IpAddr::V4(ip) if line.starts_with(b"227") => {
            let [a, b, c, d] = ip.octets();
            let [high, low] = own.port().to_be_bytes();
            format!("227 Entering Passive Mode ({a},{b},{c},{d},{high},{low})\r\n").into_bytes()
        }
        IpAddr::V4(_) | IpAddr::V6(_) => {
            format!("229 Entering Extended Passive Mode (|||{}|)\r\n", own.port()).into_bytes()
        }
    }
}
