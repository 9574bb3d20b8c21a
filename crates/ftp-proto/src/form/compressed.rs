//! MODE C: runs of the same octet in two octets, fillers in one (RFC 959 §3.4.3).
//!
//! A descriptor "applies to the succeeding string of bytes": what it says of an end is true behind that string. Ours is
//! always followed by an empty filler, so that whoever takes it for what stands at once reads the same.

use super::content::Content;
use super::{Broken, EOF, FULL, MARKER};
use alloc::vec::Vec;

const REPEATED: u8 = 0b1000_0000;
const FILLER: u8 = 0b1100_0000;
/// The most that one octet counts of a run, and of octets as they are.
const RUN: usize = 63;
const STRING: usize = 127;
/// Shorter runs are not worth leaving a string for.
const WORTH: usize = 4;

/// Appends runs and strings; `filler` is the octet that is cheapest.
pub(super) fn write(mut octets: &[u8], filler: u8, out: &mut Vec<u8>) {
    while !octets.is_empty() {
        let run = run(octets);
        if run >= WORTH || (run > 1 && octets[0] == filler) {
            if octets[0] == filler {
                out.push(FILLER | run as u8);
            } else {
                out.extend([REPEATED | run as u8, octets[0]]);
            }
            octets = &octets[run..];
            continue;
        }
        let mut len = 0;
        while len < octets.len().min(STRING) && self::run(&octets[len..]) < WORTH {
            len += 1;
        }
        out.push(len as u8);
        out.extend_from_slice(&octets[..len]);
        octets = &octets[len..];
    }
}

/// How often the first octet follows itself.
fn run(octets: &[u8]) -> usize {
    octets.iter().take(RUN).take_while(|&&b| b == octets[0]).count()
}

pub(super) fn mark(marker: &[u8], out: &mut Vec<u8>) {
    let len = u8::try_from(marker.len()).expect("a marker is a decimal number");
    out.extend([0, MARKER, len]);
    out.extend_from_slice(marker);
}

pub(super) fn end(flags: u8, out: &mut Vec<u8>) {
    out.extend([0, flags, FILLER]);
}

/// Where among the strings; `flags` are of the descriptor that came before the string.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Runs {
    /// A string begins, or a descriptor.
    Code {
        flags: u8,
    },
    Descriptor {
        flags: u8,
    },
    String {
        flags: u8,
        left: usize,
    },
    Repeated {
        flags: u8,
        times: usize,
    },
    Over,
}

impl Default for Runs {
    fn default() -> Self {
        Runs::Code { flags: 0 }
    }
}

impl Runs {
    /// Whether an end of the file was told and only its string is not there: some senders leave it out.
    pub(super) fn is_at_end(self) -> bool {
        matches!(self, Runs::Over) || matches!(self, Runs::Code { flags } if flags & EOF != 0)
    }

    /// Gives how many octets it took: fewer where `out` is full.
    pub(super) fn push(
        &mut self,
        octets: &[u8],
        filler: u8,
        content: &mut Content,
        out: &mut Vec<u8>,
    ) -> Result<usize, Broken> {
        let mut at = 0;
        while at < octets.len() && out.len() < FULL {
            let octet = octets[at];
            match *self {
                Runs::Over => return Err(Broken::AfterEnd),
                Runs::Code { flags } => {
                    at += 1;
                    let count = usize::from(octet & 0b11_1111);
                    match octet {
                        0 => *self = Runs::Descriptor { flags },
                        1..REPEATED => *self = Runs::String { flags, left: usize::from(octet) },
                        REPEATED..FILLER => *self = Runs::Repeated { flags, times: count },
                        FILLER.. => self.string(flags, &[filler; RUN][..count], content, out)?,
                    }
                }
                Runs::Descriptor { flags } => {
                    at += 1;
                    if octet & 0b1111 != 0 {
                        return Err(Broken::Descriptor(octet));
                    }
                    *self = Runs::Code { flags: flags | octet };
                }
                Runs::String { flags, left } => {
                    let end = octets.len().min(at + left);
                    let (now, left) = (&octets[at..end], left - (end - at));
                    at = end;
                    if left == 0 {
                        self.string(flags, now, content, out)?;
                    } else {
                        part(flags, now, content, out)?;
                        *self = Runs::String { flags, left };
                    }
                }
                Runs::Repeated { flags, times } => {
                    at += 1;
                    self.string(flags, &[octet; RUN][..times], content, out)?;
                }
            }
        }
        Ok(at)
    }

    /// The last of a string, behind which the flags are true.
    fn string(
        &mut self,
        flags: u8,
        octets: &[u8],
        content: &mut Content,
        out: &mut Vec<u8>,
    ) -> Result<(), Broken> {
        part(flags, octets, content, out)?;
        content.ended(flags, out)?;
        *self = if flags & EOF == 0 { Runs::default() } else { Runs::Over };
        Ok(())
    }
}

fn part(flags: u8, octets: &[u8], content: &mut Content, out: &mut Vec<u8>) -> Result<(), Broken> {
    if flags & MARKER == 0 { content.data(octets, out) } else { content.marker(octets) }
}
