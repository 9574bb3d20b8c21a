//! The blocks of a pcapng file (draft-ietf-opsawg-pcapng): section header, one interface, packets.
//!
//! Three kinds of blocks and six options are what a capture needs. A crate for all of the format would be
//! more than this file: pcap-file's current version is a release candidate that wants a newer Rust than ours.

use std::time::Duration;

/// Section Header Block, §4.1.
const SECTION: u32 = 0x0a0d_0d0a;
/// Interface Description Block, §4.2.
const INTERFACE: u32 = 1;
/// Enhanced Packet Block, §4.3.
const PACKET: u32 = 6;

/// Says in which order octets are; we write little-endian.
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// LINKTYPE_RAW: a packet begins with its IPv4 or IPv6 header.
const RAW: u16 = 101;

/// Options, §3.5, §4.1, §4.2 and §4.3.
const COMMENT: u16 = 1;
const USER_APPLICATION: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const TIME_RESOLUTION: u16 = 9;
const FLAGS: u16 = 2;

const ABOUT: &str = "What towline saw at its own end. The headers are made: lengths, sequence numbers and \
checksums fit, handshakes and acknowledgements of TCP are assumed. Of long datagrams the first octets are \
captured, of data connections none. Passwords are masked.";

/// Which way a packet went, seen from us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// To us.
    In,
    /// From us.
    Out,
}

/// One packet.
pub(super) struct Frame<'a> {
    /// What is captured of it.
    pub(super) octets: &'a [u8],
    /// The octets that it had.
    pub(super) len: usize,
    pub(super) way: Way,
    /// May be empty.
    pub(super) comment: &'a str,
}

/// What a file begins with.
pub(super) fn beginning() -> Vec<u8> {
    let mut section = Vec::new();
    section.extend(BYTE_ORDER.to_le_bytes());
    // Version 1.0.
    section.extend([1, 0, 0, 0]);
    // The section's length is not known.
    section.extend((-1_i64).to_le_bytes());
    option(&mut section, COMMENT, ABOUT.as_bytes());
    option(&mut section, USER_APPLICATION, concat!("towline ", env!("CARGO_PKG_VERSION")).as_bytes());
    option(&mut section, 0, &[]);
    let mut interface = Vec::new();
    interface.extend(RAW.to_le_bytes());
    // Reserved, and no limit on what is captured.
    interface.extend([0; 6]);
    option(&mut interface, INTERFACE_NAME, b"towline");
    // Nanoseconds.
    option(&mut interface, TIME_RESOLUTION, &[9]);
    option(&mut interface, 0, &[]);
    [block(SECTION, &section), block(INTERFACE, &interface)].concat()
}

/// A packet seen at `at`, since 1970.
pub(super) fn packet(at: Duration, frame: &Frame<'_>) -> Vec<u8> {
    let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
    let mut body = Vec::with_capacity(frame.octets.len() + 64);
    body.extend(0_u32.to_le_bytes());
    body.extend(((nanos >> 32) as u32).to_le_bytes());
    body.extend((nanos as u32).to_le_bytes());
    body.extend((frame.octets.len() as u32).to_le_bytes());
    body.extend((frame.len as u32).to_le_bytes());
    body.extend(frame.octets);
    pad(&mut body);
    if !frame.comment.is_empty() {
        option(&mut body, COMMENT, frame.comment.as_bytes());
    }
    let way: u32 = match frame.way {
        Way::In => 1,
        Way::Out => 2,
    };
    option(&mut body, FLAGS, &way.to_le_bytes());
    option(&mut body, 0, &[]);
    block(PACKET, &body)
}

/// Its length stands before and behind a block.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let len = (12 + body.len() as u32).to_le_bytes();
    [&kind.to_le_bytes()[..], &len, body, &len].concat()
}

fn option(into: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = &value[..value.len().min(usize::from(u16::MAX))];
    into.extend(code.to_le_bytes());
    into.extend((value.len() as u16).to_le_bytes());
    into.extend(value);
    pad(into);
}

/// To a multiple of four octets.
fn pad(into: &mut Vec<u8>) {
    into.resize(into.len().next_multiple_of(4), 0);
}
