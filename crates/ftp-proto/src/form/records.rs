//! Record structure in MODE S: EOR and EOF behind an octet of all ones, which stands twice where it is data
//! (RFC 959 §3.4.1).

use super::content::Content;
use super::{Broken, EOF, EOR};
use alloc::vec::Vec;

const ESCAPE: u8 = 0xff;
/// As they stand behind the escape.
const RECORD: u8 = 1;
const FILE: u8 = 2;

pub(super) fn write(octets: &[u8], out: &mut Vec<u8>) {
    for piece in octets.split_inclusive(|&b| b == ESCAPE) {
        out.extend_from_slice(piece);
        if piece.last() == Some(&ESCAPE) {
            out.push(ESCAPE);
        }
    }
}

pub(super) fn end(flags: u8, out: &mut Vec<u8>) {
    let record = if flags & EOR == 0 { 0 } else { RECORD };
    let file = if flags & EOF == 0 { 0 } else { FILE };
    out.extend([ESCAPE, record | file]);
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Records {
    #[default]
    Data,
    Escaped,
    Over,
}

impl Records {
    pub(super) fn push(
        &mut self,
        mut octets: &[u8],
        content: &mut Content,
        out: &mut Vec<u8>,
    ) -> Result<(), Broken> {
        while let [first, rest @ ..] = octets {
            match self {
                Records::Over => return Err(Broken::AfterEnd),
                Records::Data => {
                    let end = memchr::memchr(ESCAPE, octets).unwrap_or(octets.len());
                    content.data(&octets[..end], out)?;
                    if end < octets.len() {
                        *self = Records::Escaped;
                    }
                    octets = octets.get(end + 1..).unwrap_or_default();
                }
                Records::Escaped => {
                    octets = rest;
                    *self = Records::Data;
                    match *first {
                        ESCAPE => content.data(&[ESCAPE], out)?,
                        code @ 1..=3 => {
                            let record = if code & RECORD == 0 { 0 } else { EOR };
                            content.ended(record, out)?;
                            if code & FILE != 0 {
                                content.ended(EOF, out)?;
                                *self = Records::Over;
                            }
                        }
                        other => return Err(Broken::Escape(other)),
                    }
                }
            }
        }
        Ok(())
    }
}
