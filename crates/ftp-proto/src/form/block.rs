//! MODE B: blocks with a header of three octets (RFC 959 §3.4.2).

use super::content::Content;
use super::{Broken, EOF, MARKER};
use alloc::vec::Vec;

/// Appends blocks.
pub(super) fn write(mut octets: &[u8], out: &mut Vec<u8>) {
    while !octets.is_empty() {
        let (block, rest) = octets.split_at(octets.len().min(usize::from(u16::MAX)));
        header(0, block.len(), out);
        out.extend_from_slice(block);
        octets = rest;
    }
}

/// Appends a restart marker.
pub(super) fn mark(marker: &[u8], out: &mut Vec<u8>) {
    header(MARKER, marker.len(), out);
    out.extend_from_slice(marker);
}

/// Appends a block without data, at whose end is what the flags say.
pub(super) fn end(flags: u8, out: &mut Vec<u8>) {
    header(flags, 0, out);
}

fn header(flags: u8, len: usize, out: &mut Vec<u8>) {
    let count = u16::try_from(len).expect("at most 65,535: cut in write(), and markers are decimal numbers");
    out.push(flags);
    out.extend_from_slice(&count.to_be_bytes());
}

/// Where among the blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Blocks {
    /// So many octets of a header.
    Header {
        have: [u8; 3],
        n: usize,
    },
    /// So many octets of a block to come.
    Body {
        flags: u8,
        left: usize,
    },
    Over,
}

impl Default for Blocks {
    fn default() -> Self {
        Blocks::Header { have: [0; 3], n: 0 }
    }
}

impl Blocks {
    pub(super) fn push(
        &mut self,
        mut octets: &[u8],
        content: &mut Content,
        out: &mut Vec<u8>,
    ) -> Result<(), Broken> {
        while let [first, rest @ ..] = octets {
            match self {
                Blocks::Over => return Err(Broken::AfterEnd),
                Blocks::Header { have, n } => {
                    have[*n] = *first;
                    *n += 1;
                    octets = rest;
                    if *n == 3 {
                        let [flags, high, low] = *have;
                        self.body(flags, usize::from(u16::from_be_bytes([high, low])), content, out)?;
                    }
                }
                Blocks::Body { flags, left } => {
                    let (now, later) = octets.split_at(octets.len().min(*left));
                    let (flags, left) = (*flags, *left - now.len());
                    octets = later;
                    if flags & MARKER == 0 {
                        content.data(now, out)?;
                    } else {
                        content.marker(now)?;
                    }
                    self.body(flags, left, content, out)?;
                }
            }
        }
        Ok(())
    }

    /// So much of a block is to come; where nothing is, its end is done.
    fn body(
        &mut self,
        flags: u8,
        left: usize,
        content: &mut Content,
        out: &mut Vec<u8>,
    ) -> Result<(), Broken> {
        // 32, suspected errors, is the sender's warning about its tape: the octets are taken.
        if flags & 0b1111 != 0 {
            return Err(Broken::Descriptor(flags));
        }
        *self = match left {
            0 => {
                content.ended(flags, out)?;
                if flags & EOF == 0 { Blocks::default() } else { Blocks::Over }
            }
            left => Blocks::Body { flags, left },
        };
        Ok(())
    }
}
