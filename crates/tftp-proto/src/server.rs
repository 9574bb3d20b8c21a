//! What a datagram on the request port asks for, and the transfer that answers it.
//!
//! There is no machine here: a request port keeps no state. That a request is a repeat (same peer, same
//! words, nothing acknowledged yet) is known to the driver, which has the transfers by peer; it calls
//! [`Transfer::resend_first`].

use crate::packet::{Mode, Op, Packet, Request, write_error, write_oack};
use crate::{Config, ErrorCode, Limits, Offer, Opening, Receiver, Sender, Size, Start, Transfer};
use alloc::format;
use alloc::vec::Vec;
use clock::Instant;

/// What came in on the request port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard<'a> {
    /// A request.
    Request(Request<'a>),
    /// Meant as a request: this ERROR answers it, once, from a port of its own.
    Answer(Vec<u8>),
    /// Nothing that is answered: an answer would reflect forged packets (DATA, ACK, ERROR, OACK, junk).
    Silence,
}

/// Judges one datagram of the request port.
pub fn hear(datagram: &[u8]) -> Heard<'_> {
    match Packet::parse(datagram) {
        Ok(Packet::Request(request)) => Heard::Request(request),
        Ok(Packet::Data { .. } | Packet::Ack(_) | Packet::Error { .. } | Packet::Oack(_)) => Heard::Silence,
        Err(bad) if bad.in_request() => {
            let told = write_error(ErrorCode::IllegalOperation, &format!("{bad}"));
            // Whoever's address stands there gets no more octets than somebody sent: the shortest ERROR has 5.
            let fits = told.len() <= datagram.len();
            Heard::Answer(if fits { told } else { write_error(ErrorCode::IllegalOperation, "") })
        }
        Err(_) => Heard::Silence,
    }
}

/// Answers an RRQ. `len` is the octets that will be on the wire, `None` where conversion hides it.
pub fn read(
    now: Instant,
    offer: &Offer,
    mode: Mode,
    len: Option<u64>,
    limits: &Limits,
    config: Config,
) -> Transfer {
    let agreed = offer.agree(limits, mode, len.map_or(Size::Unknown, Size::Ours));
    let last = len.map(|len| last_block(len, agreed.terms.blksize));
    let start =
        if agreed.accepted.is_empty() { Start::Data } else { Start::Oack(write_oack(&agreed.accepted)) };
    Transfer::Send(Sender::new(now, agreed.terms, last, start, config))
}

/// Answers a WRQ.
pub fn write(now: Instant, offer: &Offer, mode: Mode, limits: &Limits, config: Config) -> Transfer {
    let agreed = offer.agree(limits, mode, Size::Theirs);
    let opening =
        if agreed.accepted.is_empty() { Opening::Ack } else { Opening::Oack(write_oack(&agreed.accepted)) };
    Transfer::Receive(Receiver::new(now, agreed.terms, mode, opening, config))
}

/// The number of the last block of `len` octets: it is shorter than the others, perhaps empty (RFC 1350 §6).
pub fn last_block(len: u64, blksize: u16) -> u64 {
    len / u64::from(blksize) + 1
}

/// The words of a request that make it the same as another: operation and name.
pub fn same_request(op: Op, name: &[u8], other: &Request<'_>) -> bool {
    op == other.op && name == other.name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_02_mail_is_answered_with_error_4() {
        let Heard::Answer(octets) = hear(b"\0\x02root\0mail\0") else { panic!("no answer") };
        assert_eq!(octets[..4], [0, 5, 0, 4]);
    }

    #[test]
    fn rule_03_a_broken_request_is_answered_with_error_4() {
        for octets in [&b"\0\x01f"[..], b"\0\x01f\0octet", b"\0\x01\0octet\0", b"\0\x02f\0octet\0tsize\0"] {
            let Heard::Answer(answer) = hear(octets) else { panic!("no answer to {octets:?}") };
            assert_eq!(answer[..4], [0, 5, 0, 4]);
        }
    }

    #[test]
    fn rule_03_the_error_is_not_longer_than_the_broken_request() {
        let Heard::Answer(short) = hear(b"\0\x01f") else { panic!("no answer") };
        assert_eq!(short, b"\0\x05\0\x04\0");
        let long = [&b"\0\x01"[..], &[b'f'; 40]].concat();
        let Heard::Answer(told) = hear(&long) else { panic!("no answer") };
        assert_eq!(told, b"\0\x05\0\x04the request does not end with NUL\0");
    }

    #[test]
    fn rule_04_what_is_no_request_gets_silence() {
        for octets in [
            &b"\0\x03\0\x01data"[..],
            b"\0\x04\0\0",
            b"\0\x05\0\0x\0",
            b"\0\x06blksize\x00512\0",
            b"\0\x06blksize\x00512",
            b"\0\x07",
            b"\0",
            b"",
            b"GET / HTTP/1.0",
        ] {
            assert_eq!(hear(octets), Heard::Silence, "{octets:?}");
        }
    }

    #[test]
    fn rule_09_an_error_is_never_answered() {
        for code in 0..10 {
            assert_eq!(hear(&write_error(ErrorCode::from_u16(code), "x")), Heard::Silence);
        }
    }

    #[test]
    fn rule_12_the_last_block_is_short_or_empty() {
        assert_eq!([0, 1, 511, 512, 513, 1_024].map(|len| last_block(len, 512)), [1, 1, 1, 2, 2, 3]);
    }
}
