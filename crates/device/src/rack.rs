//! Where devices stand: which of them a connection is for, told by the address it came to.
//!
//! A thousand devices share one listener for each port: a device that nobody talks to has no descriptor and no thread.

use crate::Device;
use crate::session::TerminalPort;
use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use transport::Terminal;
use transport::ssh::Ios;

/// After a failed accept, for want of a descriptor say.
const PAUSE: Duration = Duration::from_millis(50);

/// A device in its place.
struct Place {
    device: Arc<Device>,
    ios: Ios,
}

/// Devices by address.
pub struct Rack(By);

enum By {
    /// One, wherever a connection comes to.
    One(Place),
    Address(HashMap<IpAddr, Place>),
}

impl Rack {
    /// One device, at every address; `ios` is what it offers over SSH.
    pub fn one(device: Arc<Device>, ios: Ios) -> Arc<Rack> {
        Arc::new(Rack(By::One(Place { device, ios })))
    }

    /// Devices, each at its address. Of several at one address the last counts.
    pub fn by_address(devices: impl IntoIterator<Item = (IpAddr, Arc<Device>, Ios)>) -> Arc<Rack> {
        let places = devices.into_iter().map(|(at, device, ios)| (at, Place { device, ios }));
        Arc::new(Rack(By::Address(places.collect())))
    }

    /// Which device is at `address`, and what it offers over SSH.
    pub(crate) fn at(&self, address: IpAddr) -> Option<(&Arc<Device>, Ios)> {
        let place = match &self.0 {
            By::One(place) => place,
            By::Address(places) => places.get(&address.to_canonical())?,
        };
        Some((&place.device, place.ios))
    }

    /// All of them, in no order.
    pub(crate) fn all(&self) -> Vec<(&Arc<Device>, Ios)> {
        match &self.0 {
            By::One(place) => vec![(&place.device, place.ios)],
            By::Address(places) => places.values().map(|place| (&place.device, place.ios)).collect(),
        }
    }
}

/// What a Telnet connection is put through to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Through {
    /// A vty line.
    Vty,
    /// The console, as by a terminal server.
    Console,
}

/// A listener for Telnet. Dropped it ends; who is on a line stays there.
pub struct TelnetLines {
    at: SocketAddr,
    over: Arc<AtomicBool>,
}

impl TelnetLines {
    /// Lets people in on `listener`.
    ///
    /// # Errors
    /// No thread.
    pub fn start(rack: Arc<Rack>, listener: TcpListener, through: Through) -> io::Result<TelnetLines> {
        let at = listener.local_addr()?;
        let over = Arc::new(AtomicBool::new(false));
        let is_over = over.clone();
        let accept = move || {
            while !is_over.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((stream, from)) => welcome(&rack, stream, from, through),
                    Err(_) => std::thread::sleep(PAUSE),
                }
            }
        };
        std::thread::Builder::new().name("telnet".into()).spawn(accept)?;
        Ok(TelnetLines { at, over })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.at
    }
}

impl Drop for TelnetLines {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let here = match self.at.ip() {
            ip if ip.is_unspecified() && ip.is_ipv4() => IpAddr::from([127, 0, 0, 1]),
            ip if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
            ip => ip,
        };
        // Wakes the one that accepts.
        let _ = TcpStream::connect_timeout(&SocketAddr::new(here, self.at.port()), Duration::from_secs(1));
    }
}

/// Puts a connection through, on a thread of its own.
fn welcome(rack: &Rack, stream: TcpStream, from: SocketAddr, through: Through) {
    let Ok(here) = stream.local_addr() else { return };
    let Some((device, _)) = rack.at(here.ip()) else { return };
    // Where no IOS runs nobody answers on a vty.
    if through == Through::Vty && device.running(|_| ()).is_none() {
        return;
    }
    let device = device.clone();
    let on_the_line = move || {
        let Ok(terminal) = Terminal::telnet(stream) else { return };
        let mut writer = terminal.writer();
        let port = Box::new(TerminalPort::from(terminal));
        let given = match through {
            Through::Vty => device.vty_from(port, from.ip()),
            Through::Console => device.console(port),
        };
        if let Err(refused) = given {
            // Who is gone need not be told.
            let _ = write!(writer, "\r\n% {refused}\r\n");
        }
    };
    // Without a thread the connection is closed: whoever it was comes again.
    let _ = std::thread::Builder::new().name("line".into()).spawn(on_the_line);
}
