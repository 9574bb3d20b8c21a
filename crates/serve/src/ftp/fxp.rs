//! The other server of a transfer from server to server, where we are its client under TLS (SSCN, CPSV).

use super::FtpConfig;
use std::io;
use std::net::SocketAddr;
use transport::tls::Tls;
use transport::tls_client::Trust;

/// TLS towards it. Nobody has said its name, so that its certificate proves nothing unless the owner has said which it is.
pub(super) fn towards(peer: SocketAddr, config: &FtpConfig) -> io::Result<Tls> {
    let address = peer.ip().to_canonical();
    let pin = config.pins.iter().find(|(net, _)| net.holds(address)).map(|(_, pin)| *pin);
    Trust::anybody(pin).map_err(io::Error::other)?.connection(&address.to_string())
}
