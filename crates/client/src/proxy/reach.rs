//! A connection through a proxy.

use super::{Goal, Proxy, ProxyFault};
use crate::dial::{self, Ends};
use crate::{ClientError, Options};
use rustix::event::{PollFd, PollFlags};
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A connection to a server of this name or address, by way of the proxy.
///
/// Its far end is where the server is if we know it by an address, else the proxy, which alone knows.
pub(crate) fn reach(
    proxy: &Proxy,
    (host, port): (&str, u16),
    options: &Options,
    patience: Duration,
    flow: u64,
) -> Result<(TcpStream, Ends), ClientError> {
    let fault = |fault| ClientError::Proxy { proxy: proxy.to_string(), fault };
    let Some(goal) = Goal::new(host, port) else {
        let what = "such a name is nothing that a proxy can be asked for: 1 to 255 printable octets";
        let source = io::Error::new(io::ErrorKind::InvalidInput, what);
        return Err(ClientError::Resolve { host: host.to_owned(), source });
    };
    let deadline = Instant::now() + patience;
    let (mut stream, ends) =
        dial::host(&proxy.host, proxy.port, options, patience, flow).map_err(|e| match e {
            ClientError::Cancelled => ClientError::Cancelled,
            e => fault(ProxyFault::NotThere(e.to_string())),
        })?;
    let mut words = proxy.words(goal);
    let mut asked = Instant::now();
    while !words.is_through() {
        if let Some(octets) = words.poll_transmit() {
            asked = Instant::now();
            // Some hundred octets on a connection that has carried nothing yet.
            stream
                .write_all(&octets)
                .map_err(|e| fault(ProxyFault::Protocol(format!("it hangs up: {e}"))))?;
        }
        let fds = [PollFd::new(&stream, PollFlags::IN)];
        if !dial::wait(&fds, options.cancel.as_ref(), Some(deadline))? {
            if Instant::now() >= deadline {
                return Err(fault(ProxyFault::Silent(patience.as_secs())));
            }
            continue;
        }
        // Only looked at: what stands behind the proxy's last octet is the server's, and stays.
        let mut room = [0; 1_024];
        let taken = match stream.peek(&mut room) {
            Ok(0) => {
                let what = String::from("it hangs up before its answer is whole");
                return Err(fault(ProxyFault::Protocol(what)));
            }
            Ok(n) => words.handle_input(&room[..n]).map_err(fault)?,
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => continue,
            Err(e) => return Err(fault(ProxyFault::Protocol(format!("it hangs up: {e}")))),
        };
        stream.read_exact(&mut room[..taken]).map_err(ClientError::Network)?;
    }
    let peer = match host.parse() {
        Ok(address) => SocketAddr::new(address, port),
        Err(_) => ends.peer,
    };
    // The last answer came when the proxy had the server's: that is the way there and back.
    Ok((stream, Ends { peer, real_peer: peer, round_trip: asked.elapsed(), ..ends }))
}
