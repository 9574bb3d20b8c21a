//! What is seen on the wire.
//!
//! A driver that has a [`Tap`] tells it each datagram, each control line, each head and the fate of each TCP
//! connection; without one it costs one branch. Ladders, progress characters (`!` `.` `O`), progress
//! bars and packet captures are made from these [`Sight`]s, never from inside a machine. Passwords, and
//! the secrets of grants in names ([`masked`]), are masked by the driver before a sight is made.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// An observer. Called from the transfer's own thread: it must be quick and must not block.
pub trait Tap: Send + Sync {
    /// Tells one sight.
    fn see(&self, sight: &Sight<'_>);
}

/// One thing seen, at the end that has the tap.
#[derive(Clone, Debug)]
pub struct Sight<'a> {
    /// When.
    pub at: Instant,
    /// A number for the transfer (TFTP), control session (FTP), session (SFTP) or connection (HTTP), unique in this
    /// process.
    pub flow: u64,
    /// Our address and port.
    pub local: SocketAddr,
    /// The other end's.
    pub peer: SocketAddr,
    /// Which way it went.
    pub dir: Dir,
    /// What it was.
    pub what: What<'a>,
}

/// Which way something went, seen from the end that has the tap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dir {
    /// From us to the peer.
    Sent,
    /// From the peer to us.
    Received,
    /// Neither: a timer, a decision.
    Here,
}

/// Why a datagram was sent, or what a received one was to the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sense {
    /// For the first time, or new to us.
    First,
    /// Sent again, for the n-th time (1 is the first repeat).
    Again(u32),
    /// Received, but known already.
    Duplicate,
    /// Received, older than anything we wait for.
    Stale,
    /// Received, later than the next one we wait for.
    Gap,
    /// Received from an address or port that does not belong to the transfer.
    Stray,
}

/// What a TCP connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Commands and replies of FTP.
    Control,
    /// A file or a listing of FTP.
    Data,
    /// Requests and answers of SFTP, in words; what was on the wire is SSH's.
    Sftp,
    /// Lines and files of SCP; what was on the wire is SSH's.
    Scp,
    /// Requests and responses of HTTP.
    Http {
        /// Under TLS: what is seen was not on the wire.
        tls: bool,
    },
}

/// What was seen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum What<'a> {
    /// One datagram: its first octets (at least the TFTP header and every option) and whole length, less what is
    /// masked in it.
    Datagram {
        /// The first octets, at most 512.
        head: &'a [u8],
        /// Octets of the whole datagram without IP and UDP headers.
        len: usize,
        /// Why, or what it was.
        sense: Sense,
    },
    /// A wait ended without an answer.
    TimedOut,
    /// One FTP control line without its line end, a request or answer of SFTP in words, or the command and what is said of SCP; passwords and secrets of
    /// grants are masked.
    Control(&'a [u8]),
    /// A TCP connection was asked for; `Sent`: we connect, `Received`: we accepted.
    Connected {
        /// What for.
        role: Role,
    },
    /// A data connection could not be opened.
    ConnectFailed {
        /// In words.
        why: &'a str,
    },
    /// A head of HTTP, its empty line and all; what shows who asks is masked.
    Head(&'a [u8]),
    /// Octets moved on a data connection, or behind a head; the sum so far is `total`.
    Data {
        /// Octets of this segment.
        len: usize,
        /// Octets since the connection opened, or since the head.
        total: u64,
    },
    /// A connection ended.
    Closed {
        /// What it was for.
        role: Role,
        /// Octets carried, both ways.
        total: u64,
    },
    /// A line of SCP that says what comes, without its line end (`C0644 3698 sh_ver.txt`); what was on the wire is SSH's.
    Record(&'a [u8]),
    /// The transfer's size became known (tsize, SIZE, the 150 reply).
    Size(u64),
}

/// A number for a new flow ([`Sight::flow`]), unique in this process; from 1.
pub fn next_flow() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// A line, a head or a request with `~****` in place of what a component of a name begins with after a `~`: there
/// it may be the secret of a grant (`/~SECRET/NAME`), also one with a wrong letter.
pub fn masked(text: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while at < text.len() {
        let begins = at == 0 || is_edge(text[at - 1]);
        let tilde = if begins { tilde(&text[at..]) } else { 0 };
        let behind = &text[at + tilde..];
        let token = behind.iter().position(|&b| is_edge(b)).unwrap_or(behind.len());
        if tilde == 0 || token == 0 {
            at += 1;
            continue;
        }
        out.extend_from_slice(&text[copied..at]);
        out.extend_from_slice(b"~****");
        at += tilde + token;
        copied = at;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.extend_from_slice(&text[copied..]);
    Cow::Owned(out)
}

/// The same of a datagram of TFTP: its names and texts are in requests and errors (RFC 1350 §5), a block's octets
/// are content.
pub fn masked_datagram(head: &[u8]) -> Cow<'_, [u8]> {
    if matches!(head, [0, 1 | 2 | 5, ..]) { masked(head) } else { Cow::Borrowed(head) }
}

/// Fields of HTTP that show who asks: nobody is shown what is in them.
const SECRET: [&[u8]; 3] = [b"authorization", b"proxy-authorization", b"cookie"];

/// The same of a head of HTTP, and the values of its fields that would let somebody in.
pub fn masked_head(head: &[u8]) -> Cow<'_, [u8]> {
    match without_fields(head) {
        Cow::Borrowed(head) => masked(head),
        Cow::Owned(head) => Cow::Owned(masked(&head).into_owned()),
    }
}

/// The head with the values of secret fields masked.
fn without_fields(head: &[u8]) -> Cow<'_, [u8]> {
    let name = |line: &[u8]| line.iter().position(|&b| b == b':').map(|n| line[..n].to_ascii_lowercase());
    let secret = |line: &[u8]| name(line).is_some_and(|name| SECRET.contains(&&name[..]));
    if !head.split(|&b| b == b'\n').any(secret) {
        return Cow::Borrowed(head);
    }
    let mut out = Vec::with_capacity(head.len());
    for line in head.split_inclusive(|&b| b == b'\n') {
        match name(line).filter(|_| secret(line)) {
            Some(name) => {
                out.extend_from_slice(&line[..name.len()]);
                out.extend_from_slice(b": ****\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    Cow::Owned(out)
}

/// Octets of the tilde that `text` begins with, in a URL also as `%7E` (RFC 3986 §2.3); 0: none.
fn tilde(text: &[u8]) -> usize {
    match text {
        [b'~', ..] => 1,
        [b'%', b'7', b'e' | b'E', ..] => 3,
        _ => 0,
    }
}

/// Whether a component of a name ends here: at what separates, quotes or ends it on any of the wires.
fn is_edge(octet: u8) -> bool {
    octet <= b' ' || b"/\\\"'?#;:,=<>()".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_the_secret_of_a_grant_is_masked_wherever_a_name_begins() {
        for (text, shown) in [
            ("RETR ~abcdefghijkm/a~b.bin", "RETR ~****/a~b.bin"),
            ("250 \"/~abcdefghijkm\" is there", "250 \"/~****\" is there"),
            (
                "GET /~abc/a%20b HTTP/1.1\r\nReferer: http://h/%7Eabc/\r\n",
                "GET /~****/a%20b HTTP/1.1\r\nReferer: http://h/~****/\r\n",
            ),
            ("GET /%7eabc?x HTTP/1.1", "GET /~****?x HTTP/1.1"),
            ("CWD ../~abc", "CWD ../~****"),
            ("~", "~"),
            ("CWD ~/a", "CWD ~/a"),
            ("RETR PROGRA~1/file~", "RETR PROGRA~1/file~"),
        ] {
            assert_eq!(String::from_utf8_lossy(&masked(text.as_bytes())), shown);
        }
        assert_eq!(&*masked_datagram(b"\0\x02~abc/f\0octet\0"), b"\0\x02~****/f\0octet\0");
        assert_eq!(&*masked_datagram(b"\0\x05\0\x01no /~abc/f\0"), b"\0\x05\0\x01no /~****/f\0");
        assert_eq!(&*masked_datagram(b"\0\x03\0\x01~abc/f"), b"\0\x03\0\x01~abc/f");
    }
}
