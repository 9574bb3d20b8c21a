//! Those who come while the process has no descriptor for them: they are told so, and nobody spins.

use gate::store::no_descriptors;
use gate::{Gate, Protocol, Refusal};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;
use transport::Spare;

/// Turned away in one go.
const MOST: usize = 64;
/// How long an accept that failed is not tried again: twenty times a second cost nothing.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// Tells those who wait on `listener` that there is no descriptor for them, in the words of their protocol.
pub(crate) fn turn_away(
    spare: &mut Spare,
    listener: impl AsFd,
    door: Option<(&Gate, Protocol)>,
    words: impl Fn(&Refusal) -> Vec<u8>,
) {
    for _ in 0..MOST {
        match spare.accept(&listener).map(TcpStream::from) {
            Ok(stream) => {
                let why = match (door, stream.peer_addr()) {
                    (Some((gate, protocol)), Ok(peer)) => gate.turn_away(protocol, peer),
                    (None, _) | (_, Err(_)) => Refusal::NO_DESCRIPTORS,
                };
                // A new connection's buffer takes one packet, and a peer that is gone needs none.
                let _ = (&stream).write(&words(&why));
                part(stream);
                spare.refill();
            }
            // Another thread was quicker: they wait until one comes free.
            Err(e) if no_descriptors(&e) => {
                door.iter().for_each(|(gate, _)| gate.put_off());
                break;
            }
            // Nobody waits any more.
            Err(_) => break,
        }
    }
    spare.refill();
}

/// Closes behind what the peer has sent already: unread it would make a RST of the end, which may overtake the words.
fn part(stream: TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    let mut octets = [0; 1_024];
    for _ in 0..16 {
        if !matches!((&stream).read(&mut octets), Ok(n) if n > 0) {
            break;
        }
    }
}
