//! Where a request's head ends, and its lines, strictly (RFC 9112 §2 to §5).
//!
//! Whatever two parsers could read in two ways is refused: that is what request smuggling is made of. A bare LF
//! or CR, a folded line, a space before a colon, a name that is no token: each is an error and the connection
//! ends, as nobody knows any more where the next request begins.

use crate::status::Status;
use alloc::vec::Vec;

/// Octets of a head, request line and all.
pub const MAX_HEAD: usize = 8_192;
/// Fields of a head.
pub const MAX_FIELDS: usize = 100;

/// Why octets are not a head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadHead {
    /// A line that ends in LF alone. RFC 9112 §2.2 lets a server take it; whoever is in front may not have.
    BareLf,
    /// A CR that no LF follows, or another control character.
    Control,
    /// A request line that is not method, space, target, space, version.
    RequestLine,
    /// HTTP of another major version, among them the preface of HTTP/2.
    Version,
    /// A line that begins with a space: obs-fold (RFC 9112 §5.2), or a space before the first field.
    Folded,
    /// A space between a name and its colon (RFC 9112 §5.1).
    SpaceBeforeColon,
    /// A field whose name is empty or no token, or without a colon.
    Field,
    /// A request line that does not end within the bound.
    TargetTooLong,
    /// A head that does not end within the bound, or has too many fields.
    TooLong,
    /// A TLS ClientHello where no TLS is spoken.
    Tls,
}

impl BadHead {
    /// The status of the answer, and its words.
    pub fn told(self) -> (Status, &'static str) {
        match self {
            BadHead::BareLf => (Status::BadRequest, "a line ends in LF without CR"),
            BadHead::Control => (Status::BadRequest, "a control character in the head"),
            BadHead::RequestLine => (Status::BadRequest, "not a request line"),
            BadHead::Version => (Status::VersionNotSupported, "this server speaks HTTP/1.1 and HTTP/1.0"),
            BadHead::Folded => (Status::BadRequest, "a line begins with a space"),
            BadHead::SpaceBeforeColon => (Status::BadRequest, "a space before a colon"),
            BadHead::Field => (Status::BadRequest, "not a header field"),
            BadHead::TargetTooLong => (Status::UriTooLong, "the request target is too long"),
            BadHead::TooLong => (Status::HeadTooLarge, "at most 100 header fields and 8192 octets"),
            BadHead::Tls => (Status::BadRequest, "this port speaks HTTP without TLS"),
        }
    }
}

/// What is known of octets that are to be a head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scan {
    /// It has not ended.
    More,
    /// It ends behind so many octets, its empty line counted.
    Whole(usize),
    /// It is none.
    Bad(BadHead),
}

/// Looks for the end of a head in octets that come bit by bit; looks at each octet once.
#[derive(Clone, Debug, Default)]
pub struct Scanner {
    /// Octets looked at: whole lines.
    at: usize,
    lines: usize,
}

impl Scanner {
    /// Looks at what is new of `octets`, which begin where the head does.
    pub fn scan(&mut self, octets: &[u8]) -> Scan {
        // A TLS record of a handshake, in version 3.
        if self.at == 0 && octets.starts_with(&[0x16, 0x03]) {
            return Scan::Bad(BadHead::Tls);
        }
        let within = &octets[..octets.len().min(MAX_HEAD)];
        while let Some(n) = memchr::memchr(b'\n', &within[self.at..]) {
            let line = &within[self.at..self.at + n];
            let Some(line) = line.strip_suffix(b"\r") else { return Scan::Bad(BadHead::BareLf) };
            self.at += n + 1;
            if line.is_empty() {
                return Scan::Whole(self.at);
            }
            self.lines += 1;
            if self.lines > MAX_FIELDS + 1 {
                return Scan::Bad(BadHead::TooLong);
            }
        }
        match (octets.len() >= MAX_HEAD, self.lines) {
            (false, _) => Scan::More,
            (true, 0) => Scan::Bad(BadHead::TargetTooLong),
            (true, _) => Scan::Bad(BadHead::TooLong),
        }
    }
}

/// The minor version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// HTTP/1.0.
    Old,
    /// HTTP/1.1, and what comes after it in the same form (RFC 9112 §2.3).
    Current,
}

/// A head's lines.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// A token, case and all.
    pub method: &'a [u8],
    /// Octets without space or control characters.
    pub target: &'a [u8],
    /// Which HTTP/1.
    pub version: Version,
    fields: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Head<'a> {
    /// Parses what [`Scan::Whole`] said is one.
    pub fn parse(octets: &'a [u8]) -> Result<Head<'a>, BadHead> {
        let text = octets.strip_suffix(b"\r\n").unwrap_or(octets);
        let mut lines = Lines(text);
        let first = lines.next().ok_or(BadHead::RequestLine)?;
        let (method, target, version) = request_line(first)?;
        let mut fields = Vec::new();
        for line in lines {
            fields.push(field(line)?);
        }
        Ok(Head { method, target, version, fields })
    }

    /// The values of every field of this name, in their order.
    pub fn all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'a [u8]> + 'h {
        self.fields.iter().filter(|f| f.0.eq_ignore_ascii_case(name.as_bytes())).map(|f| f.1)
    }
}

/// Lines that end in CRLF.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.0).unwrap_or(self.0.len());
        let line = &self.0[..end];
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

fn request_line(line: &[u8]) -> Result<(&[u8], &[u8], Version), BadHead> {
    if line.iter().any(|&b| b < 0x20 || b == 0x7f) {
        return Err(BadHead::Control);
    }
    let mut words = line.split(|&b| b == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(BadHead::RequestLine);
    };
    if method.is_empty() || !method.iter().all(|&b| is_token(b)) || target.is_empty() {
        return Err(BadHead::RequestLine);
    }
    let version = match version {
        b"HTTP/1.0" => Version::Old,
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => Version::Current,
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => return Err(BadHead::Version),
        _ => return Err(BadHead::RequestLine),
    };
    Ok((method, target, version))
}

fn field(line: &[u8]) -> Result<(&[u8], &[u8]), BadHead> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return Err(BadHead::Folded);
    }
    let colon = memchr::memchr(b':', line).ok_or(BadHead::Field)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if matches!(name.last(), Some(b' ' | b'\t')) {
        return Err(BadHead::SpaceBeforeColon);
    }
    if name.is_empty() || !name.iter().all(|&b| is_token(b)) {
        return Err(BadHead::Field);
    }
    if value.iter().any(|&b| (b < 0x20 && b != b'\t') || b == 0x7f) {
        return Err(BadHead::Control);
    }
    Ok((name, trim(value)))
}

/// Without the spaces and tabs around it (RFC 9112 §5.1).
pub(crate) fn trim(value: &[u8]) -> &[u8] {
    let is_space = |b: &u8| matches!(b, b' ' | b'\t');
    let Some(start) = value.iter().position(|b| !is_space(b)) else { return &[] };
    let end = value.iter().rposition(|b| !is_space(b)).map_or(start, |n| n + 1);
    &value[start..end]
}

/// RFC 9110 §5.6.2.
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec;

    fn read(text: &str) -> Result<(usize, usize), BadHead> {
        match Scanner::default().scan(text.as_bytes()) {
            Scan::Whole(len) => Head::parse(&text.as_bytes()[..len]).map(|h| (len, h.fields.len())),
            Scan::Bad(why) => Err(why),
            Scan::More => panic!("{text:?} does not end"),
        }
    }

    fn with(line: &str) -> Result<(usize, usize), BadHead> {
        read(&format!("GET / HTTP/1.1\r\n{line}\r\n\r\n"))
    }

    #[test]
    fn rfc9112_3_a_request_line_is_three_words_and_two_spaces() {
        assert!(read("GET / HTTP/1.1\r\n\r\n").is_ok());
        for bad in [
            "GET /",
            "GET  / HTTP/1.1",
            "GET / HTTP/1.1 ",
            " GET / HTTP/1.1",
            "GET / x HTTP/1.1",
            "GET / http/1.1",
            "GET / HTTP/1",
            "G(T / HTTP/1.1",
            "GET  HTTP/1.1",
        ] {
            assert_eq!(read(&format!("{bad}\r\n\r\n")), Err(BadHead::RequestLine), "{bad}");
        }
        assert_eq!(read("GET\t/ HTTP/1.1\r\n\r\n"), Err(BadHead::Control));
    }

    #[test]
    fn rfc9112_2_3_another_major_version_is_505() {
        assert_eq!(read("PRI * HTTP/2.0\r\n\r\n"), Err(BadHead::Version));
        assert_eq!(BadHead::Version.told().0.code(), 505);
        assert!(read("GET / HTTP/1.7\r\n\r\n").is_ok());
    }

    #[test]
    fn rfc9112_2_2_a_bare_lf_or_cr_is_refused_at_once() {
        assert_eq!(Scanner::default().scan(b"GET / HTTP/1.1\n"), Scan::Bad(BadHead::BareLf));
        assert_eq!(with("A: b\nC: d"), Err(BadHead::BareLf));
        assert_eq!(with("A: b\rC: d"), Err(BadHead::Control));
        assert_eq!(with("A: b\0"), Err(BadHead::Control));
        assert_eq!(read("GET /\rx HTTP/1.1\r\n\r\n"), Err(BadHead::Control));
    }

    #[test]
    fn rfc9112_5_1_a_space_before_the_colon_is_refused() {
        assert_eq!(with("Content-Length : 5"), Err(BadHead::SpaceBeforeColon));
        assert_eq!(with("Content-Length\t: 5"), Err(BadHead::SpaceBeforeColon));
        assert_eq!(with("Content Length: 5"), Err(BadHead::Field));
        assert_eq!(with(": 5"), Err(BadHead::Field));
        assert_eq!(with("no colon"), Err(BadHead::Field));
        assert!(with("A:b").is_ok() && with("A:").is_ok() && with("A: \t b\t").is_ok());
    }

    #[test]
    fn rfc9112_5_2_a_folded_line_is_refused() {
        assert_eq!(with("A: b\r\n c"), Err(BadHead::Folded));
        assert_eq!(with(" A: b"), Err(BadHead::Folded));
    }

    #[test]
    fn rfc9112_3_a_head_is_bounded() {
        assert_eq!(
            Scanner::default().scan(&vec![b'A'; MAX_HEAD]),
            Scan::Bad(BadHead::TargetTooLong),
            "nothing but a line"
        );
        let fields = |n: usize| (0..n).map(|i| format!("F{i}: x\r\n")).collect::<String>();
        assert_eq!(
            read(&format!("GET / HTTP/1.1\r\n{}\r\n", fields(MAX_FIELDS))).map(|h| h.1),
            Ok(MAX_FIELDS)
        );
        let more = format!("GET / HTTP/1.1\r\n{}\r\n", fields(MAX_FIELDS + 1));
        assert_eq!(read(&more), Err(BadHead::TooLong));
        let long = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(MAX_HEAD));
        assert_eq!(Scanner::default().scan(long.as_bytes()), Scan::Bad(BadHead::TooLong));
    }

    #[test]
    fn a_head_that_comes_octet_by_octet_is_the_same() {
        let text = b"GET /a HTTP/1.0\r\nHost: x\r\n\r\nGET";
        let mut scanner = Scanner::default();
        let ends: Vec<_> = (0..=text.len()).map(|n| scanner.scan(&text[..n])).collect();
        let whole = text.len() - 3;
        assert!(ends[..whole].iter().all(|s| *s == Scan::More));
        assert_eq!(ends[whole], Scan::Whole(whole));
    }

    #[test]
    fn a_tls_client_hello_is_told_apart() {
        assert_eq!(Scanner::default().scan(&[0x16, 0x03, 0x01, 0x02]), Scan::Bad(BadHead::Tls));
    }
}
