//! A server's octets as packets, but for the octets of files: those pass as they come.

use super::Fault;
use crate::LONGEST_PACKET;
use alloc::vec::Vec;
use bytes::{Buf as _, Bytes};

/// DATA (draft §7).
const DATA: u8 = 103;
/// Length, type, id and the length of the octets.
const DATA_HEAD: usize = 13;
/// Of that, what a packet's own length counts.
const COUNTED: u32 = 9;

/// What came.
#[derive(Debug)]
pub(super) enum Piece {
    /// A whole packet without its length; of any type but DATA.
    Packet(Vec<u8>),
    /// A DATA begins: [`Piece::Octets`] follow until there are `len`.
    Data { id: u32, len: u32 },
    /// Octets of a file, never none of them; `last` ends their DATA.
    Octets { octets: Bytes, last: bool },
}

/// Where in a packet the stream is.
#[derive(Debug)]
enum Place {
    /// Between its first octet and the last of it, or of its head.
    Packet(Vec<u8>),
    /// Before the octets of a file: so many are to come, and then so many of something behind them.
    Octets { left: u32, behind: u32 },
    /// Behind the octets.
    Behind(u32),
}

/// The stream of a server. Holds at most one packet that was begun, and nothing of a file.
#[derive(Debug)]
pub(super) struct Incoming(Place);

impl Default for Incoming {
    fn default() -> Incoming {
        Incoming(Place::Packet(Vec::new()))
    }
}

impl Incoming {
    /// Takes off `input` what makes the next piece. To be asked until there is none.
    pub(super) fn next(&mut self, input: &mut Bytes) -> Result<Option<Piece>, Fault> {
        loop {
            match &mut self.0 {
                Place::Packet(packet) => {
                    let Some(piece) = gather(packet, input)? else { return Ok(None) };
                    let (place, piece) = match piece {
                        Gathered::Packet(packet) => (Place::Packet(Vec::new()), Piece::Packet(packet)),
                        Gathered::Data { id, len, behind } => {
                            (Place::Octets { left: len, behind }, Piece::Data { id, len })
                        }
                    };
                    self.0 = place;
                    return Ok(Some(piece));
                }
                Place::Octets { left: 0, behind } | Place::Behind(behind) if *behind == 0 => {
                    self.0 = Place::Packet(Vec::new());
                }
                Place::Octets { left: 0, behind } => self.0 = Place::Behind(*behind),
                Place::Octets { left, .. } => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    let octets = take(input, left);
                    return Ok(Some(Piece::Octets { octets, last: *left == 0 }));
                }
                Place::Behind(left) => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    take(input, left);
                }
            }
        }
    }

    /// Whether the stream stands between two packets.
    pub(super) fn is_between(&self) -> bool {
        match &self.0 {
            Place::Packet(packet) => packet.is_empty(),
            Place::Octets { left, behind } => *left == 0 && *behind == 0,
            Place::Behind(left) => *left == 0,
        }
    }
}

/// Up to `left` octets off the front.
fn take(input: &mut Bytes, left: &mut u32) -> Bytes {
    let most = usize::try_from(*left).unwrap_or(usize::MAX);
    let octets = input.split_to(input.len().min(most));
    *left -= u32::try_from(octets.len()).expect("no more than what was left");
    octets
}

enum Gathered {
    Packet(Vec<u8>),
    Data { id: u32, len: u32, behind: u32 },
}

/// Goes on with a packet; nothing is set aside for a length before its octets are there.
fn gather(packet: &mut Vec<u8>, input: &mut Bytes) -> Result<Option<Gathered>, Fault> {
    let mut fill = |packet: &mut Vec<u8>, to: usize| {
        let some = to.saturating_sub(packet.len()).min(input.len());
        packet.extend_from_slice(&input[..some]);
        input.advance(some);
        packet.len() >= to
    };
    if !fill(packet, 5) {
        // The length alone may be wrong already.
        if let Some(len) = packet.first_chunk::<4>() {
            bounded(*len)?;
        }
        return Ok(None);
    }
    let len = bounded(*packet.first_chunk::<4>().expect("five octets are there"))?;
    if packet[4] != DATA || len < COUNTED {
        if !fill(packet, 4 + usize::try_from(len).expect("bounded")) {
            return Ok(None);
        }
        packet.drain(..4);
        return Ok(Some(Gathered::Packet(core::mem::take(packet))));
    }
    if !fill(packet, DATA_HEAD) {
        return Ok(None);
    }
    let number = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().expect("four octets"));
    let (id, octets) = (number(5), number(9));
    let Some(behind) = (len - COUNTED).checked_sub(octets) else {
        return Err(Fault::Malformed(crate::Malformed::Short));
    };
    Ok(Some(Gathered::Data { id, len: octets, behind }))
}

fn bounded(len: [u8; 4]) -> Result<u32, Fault> {
    let claimed = u32::from_be_bytes(len);
    match usize::try_from(claimed) {
        Ok(len) if (1..=LONGEST_PACKET).contains(&len) => Ok(claimed),
        Ok(_) | Err(_) => Err(Fault::TooLong(claimed)),
    }
}
