//! Packets out of a stream of octets (draft §3): a length, then as many octets.

use alloc::vec::Vec;
use core::fmt;

/// The longest packet that is taken, without its length: OpenSSH's own bound.
pub const LONGEST_PACKET: usize = 256 << 10;

/// A length that no packet has; the channel is to be closed, for what follows cannot be told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLong(pub u32);

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a packet of {} octets, where 1 to {LONGEST_PACKET} are taken", self.0)
    }
}

impl core::error::Error for TooLong {}

/// Octets that have come and are no whole packet yet. Holds at most one packet that was begun, and what came with its
/// last octets: nothing is set aside for a length before its octets are there.
#[derive(Default, Debug)]
pub struct Frames {
    octets: Vec<u8>,
    /// Octets at the front that were given out.
    taken: usize,
}

impl Frames {
    /// Takes octets as they come.
    pub fn push(&mut self, octets: &[u8]) {
        self.octets.drain(..self.taken);
        self.taken = 0;
        self.octets.extend_from_slice(octets);
    }

    /// The next packet that is whole: its type and fields, without its length. To be asked until there is none, before
    /// more is pushed.
    ///
    /// # Errors
    /// See [`TooLong`]; it stays so.
    pub fn next_packet(&mut self) -> Result<Option<&[u8]>, TooLong> {
        let rest = &self.octets[self.taken..];
        let Some((len, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let claimed = u32::from_be_bytes(*len);
        let len = usize::try_from(claimed).unwrap_or(usize::MAX);
        if len == 0 || len > LONGEST_PACKET {
            return Err(TooLong(claimed));
        }
        if rest.len() < len {
            return Ok(None);
        }
        let start = self.taken + 4;
        self.taken = start + len;
        Ok(Some(&self.octets[start..self.taken]))
    }

    /// Octets that wait for the rest of their packet.
    pub fn waiting(&self) -> usize {
        self.octets.len() - self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn packets_come_out_whole_however_they_came_in() {
        let stream = [&[0, 0, 0, 5, 1, 0, 0, 0, 3][..], &[0, 0, 0, 1, 9], &[0, 0, 0, 2, 7]].concat();
        for step in 1..stream.len() {
            let (mut frames, mut out) = (Frames::default(), Vec::new());
            for piece in stream.chunks(step) {
                frames.push(piece);
                while let Some(packet) = frames.next_packet().unwrap() {
                    out.push(packet.to_vec());
                }
            }
            assert_eq!(out, [vec![1, 0, 0, 0, 3], vec![9]], "in pieces of {step}");
            assert_eq!(frames.waiting(), 5);
        }
    }

    #[test]
    fn a_length_that_no_packet_has_ends_it_before_its_octets_come() {
        for claimed in [0u32, (256 << 10) + 1, u32::MAX] {
            let mut frames = Frames::default();
            frames.push(&claimed.to_be_bytes());
            assert_eq!(frames.next_packet(), Err(TooLong(claimed)));
            frames.push(&[1; 10]);
            assert_eq!(frames.next_packet(), Err(TooLong(claimed)), "it stays so");
        }
        let mut frames = Frames::default();
        frames.push(&(256u32 << 10).to_be_bytes());
        assert_eq!(frames.next_packet(), Ok(None));
        assert!(frames.octets.capacity() < 100, "a length is no reason for memory");
    }
}
