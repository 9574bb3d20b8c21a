//! One connection, from its first octet to its end.

use super::Shared;
use super::caller::{Caller, Guest};
use crate::address::canonical;
use crate::streams::Phase;
use gate::HalfOpen;
use socket2::SockRef;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use transport::ssh::Line;

/// How long a connection that was told of its end may take to see it.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Serves one connection.
pub(super) async fn run(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr, place: Option<HalfOpen>) {
    let Ok(local) = stream.local_addr() else { return };
    // Answers are small and awaited.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_keepalive(true);
    let (local, peer) = (canonical(local), canonical(peer));
    let line = Line::new(stream);
    let grace = Instant::now() + shared.config.login_grace;
    let (mut orders, mut entrance) = (shared.orders.clone(), shared.orders.phase.clone());
    let guest = Arc::new(Guest::default());
    let caller = Caller::new(shared.clone(), local, peer, place, guest.clone());
    let begun = tokio::select! {
        begun = shared.server.serve(line.clone(), caller) => begun,
        () = tokio::time::sleep_until(grace.into()) => return line.cut(),
        _ = entrance.wait_for(|phase| *phase == Phase::Draining) => return line.cut(),
    };
    let Ok(mut connection) = begun else { return line.part(LAST_WORDS).await };
    let mut idle_since = Instant::now();
    let why = loop {
        let session = guest.session();
        let deadline = match session {
            None => grace,
            Some(_) => idle_since + shared.config.idle,
        };
        if orders.drains() && guest.channels() == 0 {
            break Some("the server stops");
        }
        tokio::select! {
            // Whichever side ended it, it is over; why algorithms do not fit the client says of what it was sent.
            _ = connection.ended() => break None,
            // A login, or the end of what may have taken hours.
            () = guest.changed() => idle_since = Instant::now(),
            Ok(()) = orders.phase.changed() => {}
            Ok(()) = orders.kicked.changed() => {
                if session.is_some_and(gate::Session::is_kicked) {
                    break Some("ended by the operator");
                }
            }
            () = tokio::time::sleep_until(deadline.into()), if guest.channels() == 0 => {
                break Some(if session.is_some() { "nothing was asked for too long" } else { "no login in time" });
            }
        }
    };
    if let Some(why) = why {
        connection.dismiss(why).await;
        let _ = tokio::time::timeout(LAST_WORDS, connection.ended()).await;
    }
    line.part(LAST_WORDS).await;
}
