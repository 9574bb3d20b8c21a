//! The addresses inside PORT and 227 (RFC 959 §4.1.2), EPRT and 229 (RFC 2428 §2, §3).

use alloc::format;
use alloc::string::String;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4};

/// Why octets are not an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadAddr {
    /// Not of the form at all.
    Syntax,
    /// A network protocol other than 1 (IPv4) and 2 (IPv6): RFC 2428 wants reply 522.
    Family,
}

/// Reads `h1,h2,h3,h4,p1,p2`.
pub fn parse_port(arg: &[u8]) -> Result<SocketAddrV4, BadAddr> {
    let mut n = [0u8; 6];
    let mut fields = arg.split(|&b| b == b',');
    for field in &mut n {
        *field = number(fields.next().ok_or(BadAddr::Syntax)?).ok_or(BadAddr::Syntax)?;
    }
    if fields.next().is_some() {
        return Err(BadAddr::Syntax);
    }
    let [a, b, c, d, hi, lo] = n;
    Ok(SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([hi, lo])))
}

/// Writes `h1,h2,h3,h4,p1,p2`.
pub fn format_port(addr: SocketAddrV4) -> String {
    let [a, b, c, d] = addr.ip().octets();
    let [hi, lo] = addr.port().to_be_bytes();
    format!("{a},{b},{c},{d},{hi},{lo}")
}

/// Finds the six numbers in the text of a 227 reply; servers differ in what stands around them
/// (RFC 1123 §4.1.2.6: search, do not count on the parentheses).
pub fn parse_227(text: &[u8]) -> Option<SocketAddrV4> {
    let mut at = 0;
    while at < text.len() {
        if !text[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let len = text[at..].iter().take_while(|b| b.is_ascii_digit() || **b == b',').count();
        if let Ok(addr) = parse_port(&text[at..at + len]) {
            return Some(addr);
        }
        at += len;
    }
    None
}

/// Reads `|1|192.0.2.1|5000|` or `|2|2001:db8::1|5000|`; the delimiter is the first octet.
pub fn parse_eprt(arg: &[u8]) -> Result<SocketAddr, BadAddr> {
    let (&mark, rest) = arg.split_first().ok_or(BadAddr::Syntax)?;
    // RFC 2428 §2: any of ASCII 33 to 126.
    if !(33..=126).contains(&mark) {
        return Err(BadAddr::Syntax);
    }
    let mut fields = rest.split(|&b| b == mark);
    let mut next = || fields.next().ok_or(BadAddr::Syntax);
    let (family, address, port, end) = (next()?, next()?, next()?, next()?);
    if !end.is_empty() || fields.next().is_some() {
        return Err(BadAddr::Syntax);
    }
    let address = core::str::from_utf8(address).map_err(|_| BadAddr::Syntax)?;
    let ip = match number::<u16>(family).ok_or(BadAddr::Syntax)? {
        1 => IpAddr::V4(address.parse::<Ipv4Addr>().map_err(|_| BadAddr::Syntax)?),
        2 => IpAddr::V6(address.parse::<Ipv6Addr>().map_err(|_| BadAddr::Syntax)?),
        _ => return Err(BadAddr::Family),
    };
    let port = number(port).ok_or(BadAddr::Syntax)?;
    Ok(SocketAddr::new(ip, port))
}

/// Writes the argument of EPRT.
pub fn format_eprt(addr: SocketAddr) -> String {
    let family = if addr.is_ipv4() { 1 } else { 2 };
    format!("|{family}|{}|{}|", addr.ip(), addr.port())
}

/// Finds `(|||port|)` in the text of a 229 reply. Some servers fill the empty fields in; only the port
/// counts, the address is the control connection's.
pub fn parse_229(text: &[u8]) -> Option<u16> {
    let open = text.iter().position(|&b| b == b'(')?;
    let close = open + text[open..].iter().position(|&b| b == b')')?;
    let inner = &text[open + 1..close];
    let (&mark, rest) = inner.split_first()?;
    let mut fields = rest.split(|&b| b == mark);
    let (_, _, port) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next() != Some(b"") {
        return None;
    }
    number(port).filter(|&p| p != 0)
}

/// An unsigned decimal number that `T` can hold, digits only, at most eight.
fn number<T: TryFrom<u32>>(digits: &[u8]) -> Option<T> {
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let v = digits.iter().fold(0u32, |n, d| n * 10 + u32::from(d - b'0'));
    T::try_from(v).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_reads_six_numbers_and_nothing_else() {
        let a: SocketAddrV4 = "10.0.0.2:4660".parse().unwrap();
        assert_eq!(parse_port(b"10,0,0,2,18,52"), Ok(a));
        assert_eq!(format_port(a), "10,0,0,2,18,52");
        for bad in ["10,0,0,2,18", "10,0,0,2,18,52,1", "256,0,0,1,1,1", "a,0,0,2,18,52", "", "10,0,0,2,,52"] {
            assert_eq!(parse_port(bad.as_bytes()), Err(BadAddr::Syntax), "{bad}");
        }
    }

    #[test]
    fn the_numbers_of_a_227_are_found_with_and_without_parentheses() {
        let a: SocketAddrV4 = "127.0.0.1:1025".parse().unwrap();
        for text in [
            "Entering Passive Mode (127,0,0,1,4,1).",
            "Entering Passive Mode 127,0,0,1,4,1",
            "=127,0,0,1,4,1",
            "ok 2 go: 127,0,0,1,4,1",
        ] {
            assert_eq!(parse_227(text.as_bytes()), Some(a), "{text}");
        }
        assert_eq!(parse_227(b"Entering Passive Mode"), None);
    }

    #[test]
    fn eprt_takes_both_families_and_names_an_unknown_one() {
        assert_eq!(parse_eprt(b"|1|192.0.2.1|6275|"), Ok("192.0.2.1:6275".parse().unwrap()));
        assert_eq!(parse_eprt(b"!2!2001:db8::1!5282!"), Ok("[2001:db8::1]:5282".parse().unwrap()));
        assert_eq!(parse_eprt(b"|3|x|1|"), Err(BadAddr::Family));
        for bad in [&b"|1|2001:db8::1|1|"[..], b"|1|192.0.2.1|65536|", b"|1|192.0.2.1|1", b"", b"|||1|"] {
            assert_eq!(parse_eprt(bad), Err(BadAddr::Syntax));
        }
        let six: SocketAddr = "[2001:db8::1]:5282".parse().unwrap();
        assert_eq!(parse_eprt(format_eprt(six).as_bytes()), Ok(six));
    }

    #[test]
    fn the_port_of_a_229_is_found() {
        assert_eq!(parse_229(b"Entering Extended Passive Mode (|||6446|)"), Some(6446));
        assert_eq!(parse_229(b"ok (|1|10.0.0.1|6446|)."), Some(6446));
        assert_eq!(parse_229(b"ok (|||0|)"), None);
        assert_eq!(parse_229(b"ok (|||99999|)"), None);
        assert_eq!(parse_229(b"ok ||||5|"), None);
    }
}
