use super::printable;
use std::fmt;

/// A TFTP packet as a ladder shows it; texts are printable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Packet {
    /// RRQ or WRQ.
    Request {
        /// WRQ.
        write: bool,
        /// The file name.
        name: String,
        /// `octet`, `netascii`.
        mode: String,
        /// Options and values in their order.
        options: Vec<(String, String)>,
    },
    /// DATA.
    Data {
        /// The block number on the wire.
        block: u16,
        /// Octets of the file in it.
        len: usize,
    },
    /// ACK.
    Ack {
        /// The block number on the wire.
        block: u16,
    },
    /// ERROR.
    Error {
        /// RFC 1350 §5, RFC 2347.
        code: u16,
        /// The sender's words.
        text: String,
    },
    /// OACK.
    OptionAck {
        /// Options and values in their order.
        options: Vec<(String, String)>,
    },
    /// Anything else.
    Other,
}

impl Packet {
    /// Reads the first octets of a datagram of `len` octets.
    pub fn read(head: &[u8], len: usize) -> Packet {
        let [high, low, body @ ..] = head else { return Packet::Other };
        let number = |at: usize| Some(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]));
        let packet = match u16::from_be_bytes([*high, *low]) {
            code @ (1 | 2) => {
                let mut texts = texts(body);
                match (texts.next(), texts.next()) {
                    (Some(name), Some(mode)) => {
                        Some(Packet::Request { write: code == 2, name, mode, options: pairs(texts) })
                    }
                    _ => None,
                }
            }
            3 => number(0).map(|block| Packet::Data { block, len: len.saturating_sub(4) }),
            4 => number(0).map(|block| Packet::Ack { block }),
            5 => number(0)
                .map(|code| Packet::Error { code, text: texts(&body[2..]).next().unwrap_or_default() }),
            6 => Some(Packet::OptionAck { options: pairs(texts(body)) }),
            _ => None,
        };
        packet.unwrap_or(Packet::Other)
    }
}

fn texts(body: &[u8]) -> impl Iterator<Item = String> + '_ {
    let body = body.strip_suffix(&[0]).unwrap_or(body);
    body.split(|&b| b == 0).map(printable)
}

fn pairs(mut texts: impl Iterator<Item = String>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        pairs.push((name, value));
    }
    pairs
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, options: &[(String, String)]| {
            options.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
        };
        match self {
            Packet::Request { write, name, mode, options } => {
                write!(f, "{} \"{name}\" {mode}", if *write { "WRQ" } else { "RRQ" })?;
                list(f, options)
            }
            Packet::Data { block, len } => write!(f, "DATA {block} ({len} octets)"),
            Packet::Ack { block } => write!(f, "ACK {block}"),
            Packet::Error { code, text } => write!(f, "ERROR {code} \"{text}\""),
            Packet::OptionAck { options } => {
                write!(f, "OACK")?;
                list(f, options)
            }
            Packet::Other => write!(f, "(not a TFTP packet)"),
        }
    }
}
