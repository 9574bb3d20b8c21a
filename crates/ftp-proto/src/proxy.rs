//! The header of the PROXY protocol, versions 1 and 2: what a proxy says before anything else of whom it stands for
//! (haproxy's proxy-protocol.txt).
//!
//! The header decides who somebody is: whoever reads one has made sure that it comes from a proxy.

use alloc::string::String;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;

/// Whom a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Header {
    /// The proxy itself: it looks whether somebody is there (`LOCAL`), or does not know (`UNKNOWN`).
    Own,
    /// A client that came to it.
    Client {
        /// The client.
        source: SocketAddr,
        /// Where the client came to.
        destination: SocketAddr,
    },
}

/// Why octets are no header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadHeader {
    /// They do not begin as one.
    Absent,
    /// They begin as one and do not go on as one.
    Malformed,
    /// It is longer than anything that we would read.
    TooLong,
    /// It is for something else than TCP over IP.
    NotTcp,
}

impl BadHeader {
    /// In words, for the owner.
    pub fn words(self) -> &'static str {
        match self {
            BadHeader::Absent => "no PROXY header",
            BadHeader::Malformed => "a PROXY header that is malformed",
            BadHeader::TooLong => "a PROXY header that is too long",
            BadHeader::NotTcp => "a PROXY header that is not about TCP over IP",
        }
    }
}

/// Version 1 with its CRLF (proxy-protocol.txt §2.1).
const LONGEST_1: usize = 107;
const SIGNATURE_1: &[u8] = b"PROXY ";
/// Version 2 (§2.2).
const SIGNATURE_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const FIXED_2: usize = SIGNATURE_2.len() + 4;
/// Addresses of IPv6, and more than any proxy adds to them.
const LONGEST_2: usize = 4_096;

/// The header at the beginning of `octets`, and how long it is. `None`: it goes on, and all of `octets` is of it.
///
/// # Errors
/// What it is instead. Whatever comes, at most 4,096 octets are asked for.
pub fn parse(octets: &[u8]) -> Result<Option<(Header, usize)>, BadHeader> {
    let begins = |signature: &[u8]| octets.iter().zip(signature).all(|(a, b)| a == b);
    if begins(SIGNATURE_2) {
        return second(octets);
    }
    if !begins(SIGNATURE_1) {
        return Err(BadHeader::Absent);
    }
    match octets.iter().take(LONGEST_1).position(|&b| b == b'\n') {
        Some(end) => first(&octets[..end]).map(|header| Some((header, end + 1))),
        None if octets.len() < LONGEST_1 => Ok(None),
        None => Err(BadHeader::TooLong),
    }
}

/// `PROXY TCP4 192.0.2.1 192.0.2.2 50000 21`, then CR; the LF is behind.
fn first(line: &[u8]) -> Result<Header, BadHeader> {
    let line =
        line.strip_prefix(SIGNATURE_1).and_then(|l| l.strip_suffix(b"\r")).ok_or(BadHeader::Malformed)?;
    let line = core::str::from_utf8(line).map_err(|_| BadHeader::Malformed)?;
    // What follows UNKNOWN is nobody's business.
    let (family, rest) = line.split_once(' ').unwrap_or((line, ""));
    match family {
        "UNKNOWN" => Ok(Header::Own),
        "TCP4" => ends::<Ipv4Addr>(rest),
        "TCP6" => ends::<Ipv6Addr>(rest),
        _ => Err(BadHeader::Malformed),
    }
}

fn ends<A: FromStr + Into<IpAddr>>(text: &str) -> Result<Header, BadHeader> {
    let mut words = text.split(' ');
    let mut word = || words.next().ok_or(BadHeader::Malformed);
    let [from, to] = [word()?, word()?].map(|a| a.parse::<A>().map(Into::<IpAddr>::into));
    let [from_port, to_port] = [word()?, word()?].map(port);
    if words.next().is_some() {
        return Err(BadHeader::Malformed);
    }
    match (from, to, from_port, to_port) {
        (Ok(from), Ok(to), Some(from_port), Some(to_port)) => {
            Ok(client(SocketAddr::new(from, from_port), SocketAddr::new(to, to_port)))
        }
        _ => Err(BadHeader::Malformed),
    }
}

/// §2.1: no sign, no zeros before it.
fn port(text: &str) -> Option<u16> {
    let port: u16 = text.parse().ok()?;
    (alloc::format!("{port}") == *text).then_some(port)
}

fn second(octets: &[u8]) -> Result<Option<(Header, usize)>, BadHeader> {
    let Some((fixed, rest)) = octets.split_at_checked(FIXED_2) else { return Ok(None) };
    let [command, family, high, low] = [fixed[12], fixed[13], fixed[14], fixed[15]];
    let len = usize::from(u16::from_be_bytes([high, low]));
    if FIXED_2 + len > LONGEST_2 {
        return Err(BadHeader::TooLong);
    }
    let Some(rest) = rest.get(..len) else { return Ok(None) };
    let header = match (command, family) {
        // LOCAL: whatever else is there is left out.
        (0x20, _) => Header::Own,
        (0x21, 0x11) => {
            let ([a, b, c, d, e, f, g, h], ports) = rest.split_first_chunk().ok_or(BadHeader::Malformed)?;
            let (from, to) = ports_of(ports)?;
            let (source, destination) = (Ipv4Addr::new(*a, *b, *c, *d), Ipv4Addr::new(*e, *f, *g, *h));
            client((source, from).into(), (destination, to).into())
        }
        (0x21, 0x21) => {
            let (source, more) = rest.split_first_chunk::<16>().ok_or(BadHeader::Malformed)?;
            let (destination, ports) = more.split_first_chunk::<16>().ok_or(BadHeader::Malformed)?;
            let (from, to) = ports_of(ports)?;
            client((Ipv6Addr::from(*source), from).into(), (Ipv6Addr::from(*destination), to).into())
        }
        // UNSPEC: the proxy does not know.
        (0x21, 0x00) => Header::Own,
        (0x21, _) => return Err(BadHeader::NotTcp),
        _ => return Err(BadHeader::Malformed),
    };
    Ok(Some((header, FIXED_2 + len)))
}

fn ports_of(octets: &[u8]) -> Result<(u16, u16), BadHeader> {
    let ([a, b, c, d], _) = octets.split_first_chunk().ok_or(BadHeader::Malformed)?;
    Ok((u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])))
}

/// Addresses are canonical: no IPv4 inside IPv6.
fn client(source: SocketAddr, destination: SocketAddr) -> Header {
    let canonical = |at: SocketAddr| SocketAddr::new(at.ip().to_canonical(), at.port());
    Header::Client { source: canonical(source), destination: canonical(destination) }
}

/// The header of version 1 that says this: for who plays a proxy.
pub fn write_first(source: SocketAddr, destination: SocketAddr) -> String {
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    let (from, to) = (source.ip(), destination.ip());
    alloc::format!("PROXY {family} {from} {to} {} {}\r\n", source.port(), destination.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn told(source: &str, destination: &str) -> Header {
        Header::Client { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
    }

    /// A header of version 2: command, family, what follows.
    fn of_2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let len = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [SIGNATURE_2, &[command, family], &len, rest].concat()
    }

    #[test]
    fn version_1_says_who_comes_and_where_to() {
        let line = b"PROXY TCP4 192.0.2.9 198.51.100.1 50000 21\r\nUSER bob\r\n";
        let (header, len) = parse(line).unwrap().unwrap();
        assert_eq!(header, told("192.0.2.9:50000", "198.51.100.1:21"));
        assert_eq!(&line[len..], b"USER bob\r\n");
        let line = b"PROXY TCP6 2001:db8::9 2001:db8::1 50000 990\r\n";
        assert_eq!(
            parse(line).unwrap(),
            Some((told("[2001:db8::9]:50000", "[2001:db8::1]:990"), line.len()))
        );
        let line = b"PROXY TCP6 ::ffff:192.0.2.9 ::ffff:192.0.2.1 1 2\r\n";
        assert_eq!(parse(line).unwrap().unwrap().0, told("192.0.2.9:1", "192.0.2.1:2"));
        for own in [&b"PROXY UNKNOWN\r\n"[..], b"PROXY UNKNOWN ffff::1 whatever 1 2\r\n"] {
            assert_eq!(parse(own).unwrap(), Some((Header::Own, own.len())));
        }
        let (source, destination) = ("192.0.2.9:50000".parse().unwrap(), "192.0.2.1:21".parse().unwrap());
        let written = write_first(source, destination);
        assert_eq!(
            parse(written.as_bytes()).unwrap(),
            Some((Header::Client { source, destination }, written.len()))
        );
    }

    #[test]
    fn version_2_says_the_same_and_more_that_is_left_out() {
        let v4 = [192, 0, 2, 9, 198, 51, 100, 1, 0xc3, 0x50, 0, 21];
        let with_more = [&v4[..], &[0x04, 0, 2, b'x', b'y']].concat();
        for rest in [&v4[..], &with_more] {
            let octets = of_2(0x21, 0x11, rest);
            let (header, len) = parse(&octets).unwrap().unwrap();
            assert_eq!((header, len), (told("192.0.2.9:50000", "198.51.100.1:21"), octets.len()));
        }
        let mut v6 = [0u8; 36];
        (v6[15], v6[31], v6[33], v6[35]) = (9, 1, 7, 21);
        assert_eq!(parse(&of_2(0x21, 0x21, &v6)).unwrap().unwrap().0, told("[::9]:7", "[::1]:21"));
        assert_eq!(parse(&of_2(0x20, 0, b"")).unwrap(), Some((Header::Own, 16)));
        assert_eq!(parse(&of_2(0x21, 0, b"abc")).unwrap(), Some((Header::Own, 19)));
        assert_eq!(parse(&of_2(0x21, 0x12, &v4)), Err(BadHeader::NotTcp), "UDP");
        assert_eq!(parse(&of_2(0x21, 0x31, &[0; 216])), Err(BadHeader::NotTcp), "unix");
        assert_eq!(parse(&of_2(0x21, 0x11, &v4[..11])), Err(BadHeader::Malformed));
        assert_eq!(parse(&of_2(0x31, 0x11, &v4)), Err(BadHeader::Malformed), "another version");
        assert_eq!(parse(&of_2(0x21, 0x11, &[0; 5_000])), Err(BadHeader::TooLong));
    }

    #[test]
    fn what_is_cut_off_goes_on_and_what_is_no_header_is_refused_at_once() {
        for whole in [&b"PROXY TCP4 192.0.2.9 198.51.100.1 50000 21\r\n"[..], &of_2(0x21, 0x21, &[1; 40])] {
            for len in 0..whole.len() {
                assert_eq!(parse(&whole[..len]), Ok(None), "{len}");
            }
        }
        for absent in [&b"USER bob\r\n"[..], b"\r\n\r\nX", b"PROXX ", b"\x16\x03\x01"] {
            assert_eq!(parse(absent), Err(BadHeader::Absent));
        }
        for line in [
            "PROXY\n",
            "PROXY TCP4\r\n",
            "PROXY TCP5 a b 1 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP4 1.2.3.4  1 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
        ] {
            let got = parse(line.as_bytes());
            assert!(matches!(got, Err(BadHeader::Malformed | BadHeader::Absent)), "{line:?}: {got:?}");
        }
        assert_eq!(parse(&[b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat()), Err(BadHeader::TooLong));
    }
}
