//! Datagrams: parse and write (RFC 1350 §5, RFC 2347).

use crate::options::Offer;
use crate::{BlockNo, ErrorCode};
use alloc::vec::Vec;
use core::fmt;

/// The longest request that we send (RFC 2347); longer ones are accepted.
pub const MAX_REQUEST: usize = 512;
/// Octets before a DATA packet's payload.
pub const DATA_HEADER: usize = 4;
/// The longest text of an ERROR packet that we send.
pub const MAX_ERROR_TEXT: usize = 128;

/// Opcode 1 or 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    /// RRQ: the client reads.
    Read,
    /// WRQ: the client writes.
    Write,
}

/// How the octets of a file are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// As they are.
    #[default]
    Octet,
    /// As text; see [`crate::netascii`].
    Netascii,
}

/// RRQ or WRQ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request<'a> {
    /// Which of both.
    pub op: Op,
    /// The file name as sent, not empty, without NUL.
    pub name: &'a [u8],
    /// The transfer mode.
    pub mode: Mode,
    /// The options as sent.
    pub options: OptionList<'a>,
}

/// One datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packet<'a> {
    /// 1, 2
    Request(Request<'a>),
    /// 3
    Data {
        /// Its number.
        block: BlockNo,
        /// Its octets.
        payload: &'a [u8],
    },
    /// 4
    Ack(BlockNo),
    /// 5
    Error {
        /// The code.
        code: ErrorCode,
        /// The text, without its NUL.
        text: &'a [u8],
    },
    /// 6
    Oack(OptionList<'a>),
}

/// Names and values of a request or an OACK: whole NUL-terminated pairs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OptionList<'a>(&'a [u8]);

/// Why octets are not a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malformed {
    /// Shorter than its header.
    Short {
        /// Octets found.
        len: usize,
    },
    /// No opcode of TFTP.
    Opcode(u16),
    /// A request whose name, mode or option has no final NUL, or an option without a value.
    Unterminated,
    /// A request with an empty file name.
    NoName,
    /// A request with a mode that we do not know; "mail" is one (RFC 1350 §1 calls it obsolete).
    Mode,
    /// An option without a name.
    NoOptionName,
    /// An OACK whose options are not whole pairs.
    Oack,
}

impl Malformed {
    /// Whether it was meant as a request, which is answered with ERROR 4 (anything else with silence).
    pub fn in_request(self) -> bool {
        match self {
            Malformed::Short { .. } | Malformed::Opcode(_) | Malformed::Oack => false,
            Malformed::Unterminated | Malformed::NoName | Malformed::Mode | Malformed::NoOptionName => true,
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::Short { len } => write!(f, "a packet of {len} octets"),
            Malformed::Opcode(n) => write!(f, "opcode {n}"),
            Malformed::Unterminated => write!(f, "the request does not end with NUL"),
            Malformed::NoName => write!(f, "the request names no file"),
            Malformed::Mode => write!(f, "the mode is neither octet nor netascii"),
            Malformed::NoOptionName => write!(f, "an option has no name"),
            Malformed::Oack => write!(f, "the OACK's options are not pairs"),
        }
    }
}

impl<'a> Packet<'a> {
    /// Parses one datagram. Nothing is copied.
    pub fn parse(octets: &'a [u8]) -> Result<Packet<'a>, Malformed> {
        let short = Malformed::Short { len: octets.len() };
        let (opcode, rest) = octets.split_first_chunk::<2>().ok_or(short)?;
        match u16::from_be_bytes(*opcode) {
            1 => parse_request(Op::Read, rest),
            2 => parse_request(Op::Write, rest),
            3 => {
                let (no, payload) = rest.split_first_chunk::<2>().ok_or(short)?;
                Ok(Packet::Data { block: BlockNo(u16::from_be_bytes(*no)), payload })
            }
            4 => {
                let (no, _) = rest.split_first_chunk::<2>().ok_or(short)?;
                Ok(Packet::Ack(BlockNo(u16::from_be_bytes(*no))))
            }
            5 => {
                let (code, text) = rest.split_first_chunk::<2>().ok_or(short)?;
                let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
                Ok(Packet::Error { code: ErrorCode::from_u16(u16::from_be_bytes(*code)), text: &text[..end] })
            }
            6 => OptionList::parse(rest).map(Packet::Oack).map_err(|_| Malformed::Oack),
            n => Err(Malformed::Opcode(n)),
        }
    }
}

fn parse_request(op: Op, rest: &[u8]) -> Result<Packet<'_>, Malformed> {
    let (name, rest) = until_nul(rest).ok_or(Malformed::Unterminated)?;
    if name.is_empty() {
        return Err(Malformed::NoName);
    }
    let (mode, rest) = until_nul(rest).ok_or(Malformed::Unterminated)?;
    let mode = if mode.eq_ignore_ascii_case(b"octet") {
        Mode::Octet
    } else if mode.eq_ignore_ascii_case(b"netascii") {
        Mode::Netascii
    } else {
        return Err(Malformed::Mode);
    };
    Ok(Packet::Request(Request { op, name, mode, options: OptionList::parse(rest)? }))
}

fn until_nul(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = octets.iter().position(|&b| b == 0)?;
    Some((&octets[..at], &octets[at + 1..]))
}

impl<'a> OptionList<'a> {
    /// Checks that only whole pairs are there. NULs behind the last pair are padding that some clients
    /// send (tftpy #136) and are cut off.
    fn parse(octets: &'a [u8]) -> Result<OptionList<'a>, Malformed> {
        let mut rest = octets;
        while !rest.iter().all(|&b| b == 0) {
            let (name, after) = until_nul(rest).ok_or(Malformed::Unterminated)?;
            if name.is_empty() {
                return Err(Malformed::NoOptionName);
            }
            let (_, after) = until_nul(after).ok_or(Malformed::Unterminated)?;
            rest = after;
        }
        Ok(OptionList(&octets[..octets.len() - rest.len()]))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Name and value of each, in the order sent.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (name, after) = until_nul(rest)?;
            let (value, after) = until_nul(after)?;
            rest = after;
            Some((name, value))
        })
    }
}

/// A request that does not fit into [`MAX_REQUEST`] octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLong {
    /// Octets it would have.
    pub len: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request would have {} octets, at most {MAX_REQUEST} are allowed", self.len)
    }
}

/// Writes RRQ or WRQ. A name with a NUL, or an empty one, must not come here.
pub fn write_request(op: Op, name: &[u8], mode: Mode, offer: &Offer) -> Result<Vec<u8>, TooLong> {
    let mut out = Vec::with_capacity(64 + name.len());
    out.extend_from_slice(match op {
        Op::Read => &[0, 1],
        Op::Write => &[0, 2],
    });
    out.extend_from_slice(name);
    out.push(0);
    out.extend_from_slice(match mode {
        Mode::Octet => b"octet\0",
        Mode::Netascii => b"netascii\0",
    });
    offer.write(&mut out);
    if out.len() > MAX_REQUEST { Err(TooLong { len: out.len() }) } else { Ok(out) }
}

/// The four octets in front of a block.
pub const fn data_header(block: BlockNo) -> [u8; DATA_HEADER] {
    let [a, b] = block.to_bytes();
    [0, 3, a, b]
}

/// Writes an ACK.
pub const fn write_ack(block: BlockNo) -> [u8; 4] {
    let [a, b] = block.to_bytes();
    [0, 4, a, b]
}

/// Writes an ERROR. The text is cut at [`MAX_ERROR_TEXT`] octets and at the first NUL.
pub fn write_error(code: ErrorCode, text: &str) -> Vec<u8> {
    let text = text.as_bytes();
    let end = text.iter().position(|&b| b == 0).unwrap_or(text.len()).min(MAX_ERROR_TEXT);
    let mut out = Vec::with_capacity(5 + end);
    out.extend_from_slice(&[0, 5]);
    out.extend_from_slice(&code.to_u16().to_be_bytes());
    out.extend_from_slice(&text[..end]);
    out.push(0);
    out
}

/// Writes an OACK of these pairs.
pub fn write_oack(accepted: &Offer) -> Vec<u8> {
    let mut out = alloc::vec![0, 6];
    accepted.write(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(octets: &[u8]) -> Result<Request<'_>, Malformed> {
        match Packet::parse(octets)? {
            Packet::Request(r) => Ok(r),
            Packet::Data { .. } | Packet::Ack(_) | Packet::Error { .. } | Packet::Oack(_) => {
                panic!("not a request")
            }
        }
    }

    #[test]
    fn rule_01_requests_are_nul_terminated_and_case_insensitive() {
        let r = request(b"\0\x01dir/file\0OcTeT\0BLKSIZE\x001432\0tsize\x000\0").unwrap();
        assert_eq!((r.op, r.name, r.mode), (Op::Read, &b"dir/file"[..], Mode::Octet));
        let options: Vec<_> = r.options.iter().collect();
        assert_eq!(options, [(&b"BLKSIZE"[..], &b"1432"[..]), (b"tsize", b"0")]);
        let w = request(b"\0\x02f\0NETascii\0").unwrap();
        assert_eq!((w.op, w.mode), (Op::Write, Mode::Netascii));
    }

    #[test]
    fn rule_01_longer_requests_are_accepted_never_sent() {
        let name = [b'x'; 600];
        let mut octets = b"\0\x01".to_vec();
        octets.extend_from_slice(&name);
        octets.extend_from_slice(b"\0octet\0");
        assert_eq!(request(&octets).unwrap().name, name);
        assert_eq!(write_request(Op::Read, &name, Mode::Octet, &Offer::default()), Err(TooLong { len: 609 }));
    }

    #[test]
    fn rule_02_mail_and_unknown_modes_are_malformed_requests() {
        for mode in ["mail", "MAIL", "image", ""] {
            let octets = [b"\0\x01f\0", mode.as_bytes(), b"\0"].concat();
            let err = request(&octets).unwrap_err();
            assert_eq!(err, Malformed::Mode);
            assert!(err.in_request());
        }
    }

    #[test]
    fn rule_03_broken_requests_are_told_apart_from_junk() {
        let broken: [(&[u8], Malformed); 7] = [
            (b"\0\x01", Malformed::Unterminated),
            (b"\0\x01file", Malformed::Unterminated),
            (b"\0\x01file\0octet", Malformed::Unterminated),
            (b"\0\x01\0octet\0", Malformed::NoName),
            (b"\0\x01\0\0\0\0\0\0", Malformed::NoName),
            (b"\0\x02f\0octet\0blksize\0", Malformed::Unterminated),
            (b"\0\x02f\0octet\0\x00512\0", Malformed::NoOptionName),
        ];
        for (octets, want) in broken {
            let err = request(octets).unwrap_err();
            assert_eq!(err, want, "{octets:?}");
            assert!(err.in_request());
        }
        let oack = Packet::parse(b"\0\x06blksize\x00512").unwrap_err();
        assert_eq!((oack, oack.in_request()), (Malformed::Oack, false));
    }

    #[test]
    fn rule_03_padding_behind_the_last_pair_is_tolerated() {
        let r = request(b"\0\x01f\0octet\0blksize\x00512\0\0\0\0").unwrap();
        assert_eq!(r.options.iter().count(), 1);
        assert_eq!(request(b"\0\x01f\0octet\0\0\0").unwrap().options.iter().count(), 0);
    }

    #[test]
    fn rule_04_junk_is_no_request() {
        for octets in [&b""[..], b"\0", b"\0\x07abc", b"\0\0abc", b"\x01\0f\0octet\0", b"\0\x03", b"\0\x04\0"]
        {
            assert!(!Packet::parse(octets).unwrap_err().in_request(), "{octets:?}");
        }
    }

    #[test]
    fn packets_survive_the_round_trip() {
        assert_eq!(Packet::parse(&write_ack(BlockNo(0x1234))), Ok(Packet::Ack(BlockNo(0x1234))));
        assert_eq!(data_header(BlockNo(0x0102)), [0, 3, 1, 2]);
        let error = write_error(ErrorCode::FileNotFound, "gone\0hidden");
        assert_eq!(error, b"\0\x05\0\x01gone\0");
        let parsed = Packet::parse(&error);
        assert_eq!(parsed, Ok(Packet::Error { code: ErrorCode::FileNotFound, text: b"gone" }));
    }
}
