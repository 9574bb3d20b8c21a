//! Octets to packets, where the data of a WRITE is given on as it comes: it is copied once, to where it waits.

use crate::frame::{LONGEST_PACKET, TooLong};
use crate::wire::Reader;
use alloc::vec::Vec;
use core::mem;

/// The next piece of what came.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Piece<'a> {
    /// A packet without its length: any but a WRITE that can be read.
    Packet(&'a [u8]),
    /// A WRITE of `len` octets begins; they follow.
    Write { id: u32, handle: &'a [u8], offset: u64, len: usize },
    /// Octets of it.
    Data(&'a [u8]),
    /// That was all of it.
    Written,
}

/// Where in a packet it is.
#[derive(Default, Debug)]
enum At {
    /// At its beginning, or in what of it is awaited in one piece.
    #[default]
    Head,
    /// In the octets of a WRITE: so many are missing, and so many are behind that nobody reads.
    Data { left: usize, behind: usize },
    /// In what nobody reads.
    Behind { left: usize },
}

/// Takes octets apart. Holds at most one packet that is no WRITE.
#[derive(Default, Debug)]
pub(super) struct Intake {
    at: At,
    /// The beginning of a packet that is not whole.
    begun: Vec<u8>,
    /// `begun` was given out.
    given: bool,
}

/// What stands at the front.
enum Front {
    /// So many octets in one piece are wanted to know more.
    Wants(usize),
    /// A packet with its length.
    Packet(usize),
    /// The head of a WRITE, with its length.
    Write { head: usize, data: usize, behind: usize },
}

/// Length, type, request and the length of the handle.
const TO_HANDLE: usize = 13;

impl Intake {
    /// The next piece of `input`, which becomes shorter by it; none: all was taken.
    ///
    /// # Errors
    /// See [`TooLong`]; what follows cannot be told apart.
    pub(super) fn next<'a, 'b: 'a>(&'a mut self, input: &mut &'b [u8]) -> Result<Option<Piece<'a>>, TooLong> {
        if mem::take(&mut self.given) {
            self.begun.clear();
            // A long one was seldom: its room is not kept.
            self.begun.shrink_to(1 << 10);
        }
        if let At::Behind { left } = &mut self.at {
            let len = (*left).min(input.len());
            *left -= len;
            *input = &input[len..];
            if *left > 0 {
                return Ok(None);
            }
            self.at = At::Head;
        }
        if let At::Data { left, behind } = &mut self.at {
            if *left == 0 {
                self.at = At::Behind { left: *behind };
                return Ok(Some(Piece::Written));
            }
            let (data, rest) = input.split_at((*left).min(input.len()));
            *left -= data.len();
            *input = rest;
            return Ok((!data.is_empty()).then_some(Piece::Data(data)));
        }
        loop {
            let here = if self.begun.is_empty() { *input } else { &self.begun[..] };
            let front = front(here)?;
            let wanted = match front {
                Front::Wants(len) | Front::Packet(len) | Front::Write { head: len, .. } => len,
            };
            if here.len() < wanted {
                if input.is_empty() {
                    return Ok(None);
                }
                let (more, rest) = input.split_at((wanted - self.begun.len()).min(input.len()));
                self.begun.extend_from_slice(more);
                *input = rest;
                continue;
            }
            let whole = if self.begun.is_empty() {
                let (whole, rest) = input.split_at(wanted);
                *input = rest;
                whole
            } else {
                self.given = true;
                &self.begun[..]
            };
            return Ok(Some(match front {
                Front::Wants(_) => unreachable!("what is wanted is here, and then more is known"),
                Front::Packet(_) => Piece::Packet(&whole[4..]),
                Front::Write { data, behind, .. } => {
                    self.at = At::Data { left: data, behind };
                    let mut reader = Reader(&whole[5..]);
                    let mut read = || Ok((reader.u32()?, reader.handle()?, reader.u64()?));
                    let (id, handle, offset) =
                        read().unwrap_or_else(|_: crate::Malformed| unreachable!("front() has looked"));
                    Piece::Write { id, handle, offset, len: data }
                }
            }));
        }
    }

    /// Octets that it has room for.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.begun.capacity()
    }
}

fn front(here: &[u8]) -> Result<Front, TooLong> {
    let number = |at: usize| -> Option<usize> {
        let octets = here.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(octets)).ok()
    };
    let Some(len) = number(0) else { return Ok(Front::Wants(4)) };
    if len == 0 || len > LONGEST_PACKET {
        return Err(TooLong(u32::try_from(len).unwrap_or(u32::MAX)));
    }
    let whole = Front::Packet(4 + len);
    match here.get(4) {
        None => return Ok(Front::Wants(5)),
        Some(6) => {}
        Some(_) => return Ok(whole),
    }
    // A WRITE that does not hold what it says is a packet as any other, and read as none.
    if 4 + len < TO_HANDLE {
        return Ok(whole);
    }
    let Some(handle) = number(TO_HANDLE - 4) else { return Ok(Front::Wants(TO_HANDLE)) };
    let head = TO_HANDLE + handle + 12;
    if handle > crate::LONGEST_HANDLE || 4 + len < head {
        return Ok(whole);
    }
    let Some(data) = number(head - 4) else { return Ok(Front::Wants(head)) };
    match (4 + len).checked_sub(head).and_then(|rest| rest.checked_sub(data)) {
        Some(behind) => Ok(Front::Write { head, data, behind }),
        None => Ok(whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::write_head;
    use alloc::vec;

    fn pieces(stream: &[u8], step: usize) -> Vec<Vec<u8>> {
        let (mut intake, mut out) = (Intake::default(), Vec::new());
        for mut part in stream.chunks(step) {
            while let Some(piece) = intake.next(&mut part).unwrap() {
                match piece {
                    Piece::Packet(packet) => out.push([b"packet ", packet].concat()),
                    Piece::Write { id, handle, offset, len } => {
                        out.push([b"write ", handle, &[id as u8, offset as u8, len as u8], b" "].concat());
                    }
                    Piece::Data(data) => out.last_mut().unwrap().extend_from_slice(data),
                    Piece::Written => out.last_mut().unwrap().push(b'.'),
                }
            }
            assert!(part.is_empty());
        }
        out
    }

    #[test]
    fn a_write_is_given_on_as_it_comes_however_it_is_cut() {
        let mut stream = vec![0, 0, 0, 5, 1, 0, 0, 0, 3];
        for data in [&b"abcdef"[..], b""] {
            write_head(7, b"h", 9, data.len() as u32, &mut stream);
            stream.extend_from_slice(data);
        }
        // Octets behind the data, and a WRITE whose data is longer than it.
        write_head(7, b"h", 9, 2, &mut stream);
        let at = stream.len() - 1;
        stream[at] = 1;
        stream.extend_from_slice(b"xy");
        let start = stream.len();
        write_head(7, b"h", 9, 0, &mut stream);
        let at = stream.len() - 1;
        stream[at] = 1;
        let bad = [b"packet ", &stream[start + 4..]].concat();
        stream.extend_from_slice(&[0, 0, 0, 1, 6, 0, 0, 0, 1, 9]);
        let whole = pieces(&stream, stream.len());
        let wanted: [&[u8]; 7] = [
            b"packet \x01\0\0\0\x03",
            b"write h\x07\x09\x06 abcdef.",
            b"write h\x07\x09\x00 .",
            b"write h\x07\x09\x01 x.",
            &bad,
            b"packet \x06",
            b"packet \x09",
        ];
        assert_eq!(whole, wanted);
        for step in 1..stream.len() {
            assert_eq!(pieces(&stream, step), whole, "in pieces of {step}");
        }
    }

    #[test]
    fn nothing_is_set_aside_for_a_length() {
        let mut intake = Intake::default();
        let mut input = &[0, 4, 0, 0, 3, 1][..];
        assert_eq!(intake.next(&mut input), Ok(None));
        assert!(intake.held() < 1 << 10);
        for claimed in [0u32, (256 << 10) + 1, u32::MAX] {
            let octets = claimed.to_be_bytes();
            assert_eq!(Intake::default().next(&mut &octets[..]), Err(TooLong(claimed)));
        }
    }
}
