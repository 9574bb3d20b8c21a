//! Clients that come by way of a proxy: who they are, by the header that the proxy sends first.

use super::{Shared, greeting};
use ftp_proto::proxy::{self, Header};
use gate::{HalfOpen, Protocol};
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Who comes, where to, and their place until they are logged in.
pub(super) struct Arrival {
    pub(super) peer: SocketAddr,
    pub(super) local: SocketAddr,
    pub(super) place: Option<HalfOpen>,
}

/// Who is behind a proxy's connection. `None`: there is nobody to serve; the owner knows why.
pub(super) async fn arrive(shared: &Shared, stream: &mut TcpStream, seen: Arrival) -> Option<Arrival> {
    let header = timeout(shared.config.login_grace, header(stream)).await;
    let header = header.unwrap_or_else(|_| Err(String::from("no PROXY header in time")));
    let (peer, local) = match header {
        Ok(Header::Client { source, destination }) => (source, destination),
        Ok(Header::Own) => (seen.peer, seen.local),
        Err(why) => {
            shared.gate.not_begun(Protocol::Ftp, seen.peer, why);
            return None;
        }
    };
    match shared.gate.connect(Protocol::Ftp, peer) {
        Ok(place) => Some(Arrival { peer, local, place: Some(place) }),
        Err(why) => {
            if !shared.config.implicit {
                let _ = stream.try_write(&greeting(&why));
            }
            None
        }
    }
}

/// Whether a data connection of a proxy's is made for this client.
pub(super) async fn is_for(stream: &mut TcpStream, client: IpAddr) -> bool {
    matches!(header(stream).await, Ok(Header::Client { source, .. }) if source.ip() == client)
}

/// The header, and not an octet of what is behind it.
async fn header(stream: &mut TcpStream) -> Result<Header, String> {
    let broken = |e: io::Error| format!("no PROXY header ({})", e.kind());
    let (mut octets, mut seen) = (Vec::new(), [0u8; 512]);
    loop {
        let n = stream.peek(&mut seen).await.map_err(broken)?;
        if n == 0 {
            return Err(String::from("no PROXY header before the end"));
        }
        let before = octets.len();
        octets.extend_from_slice(&seen[..n]);
        let parsed = proxy::parse(&octets).map_err(|bad| bad.words().to_owned())?;
        // What goes on is all of it; of what ends the rest is the client's.
        let taken = parsed.map_or(n, |(_, len)| len - before);
        stream.read_exact(&mut seen[..taken]).await.map_err(broken)?;
        if let Some((header, _)) = parsed {
            return Ok(header);
        }
    }
}
