use super::printable;
use std::fmt;
use tftp_proto::packet::{self, Mode, Op, OptionList};

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
        mode: &'static str,
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
    Other {
        /// Why it is no packet.
        why: String,
    },
}

impl Packet {
    /// Reads the first octets of a datagram of `len` octets.
    pub fn read(head: &[u8], len: usize) -> Packet {
        match packet::Packet::parse(head) {
            Ok(packet::Packet::Request(request)) => Packet::Request {
                write: request.op == Op::Write,
                name: printable(request.name),
                mode: match request.mode {
                    Mode::Octet => "octet",
                    Mode::Netascii => "netascii",
                },
                options: pairs(&request.options),
            },
            Ok(packet::Packet::Data { block, .. }) => {
                Packet::Data { block: block.0, len: len.saturating_sub(packet::DATA_HEADER) }
            }
            Ok(packet::Packet::Ack(block)) => Packet::Ack { block: block.0 },
            Ok(packet::Packet::Error { code, text }) => {
                Packet::Error { code: code.to_u16(), text: printable(text) }
            }
            Ok(packet::Packet::Oack(options)) => Packet::OptionAck { options: pairs(&options) },
            Err(why) => Packet::Other { why: why.to_string() },
        }
    }
}

fn pairs(options: &OptionList<'_>) -> Vec<(String, String)> {
    options.iter().map(|(name, value)| (printable(name), printable(value))).collect()
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
            Packet::Other { why } => write!(f, "(no TFTP packet: {why})"),
        }
    }
}
