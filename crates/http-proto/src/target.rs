//! A request target as the octets of a path (RFC 9112 §3.2; RFC 3986 §2.1, §3.3).
//!
//! Percent-encoding is undone exactly once, segment by segment, and a segment that then holds `/`, NUL or is
//! `..` is refused: what leaves this file can climb nowhere, and `%252e` stays the name `%2e`.

use alloc::vec::Vec;

/// The path of a target, decoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Begins with `/`; names are octets.
    pub path: Vec<u8>,
    /// Whether it was named with a `/` at its end: as a directory.
    pub directory: bool,
}

/// Why a target is none of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadTarget {
    /// Not one of the four forms, or a character that no target has.
    Malformed,
    /// `%` without two hexadecimal digits.
    Encoding,
    /// A name that holds NUL or `/` after decoding.
    Name,
    /// `..`, however it is written.
    Climbs,
    /// `*` or `host:port`: forms of methods that we do not have.
    OtherForm,
}

/// Parses the target of a GET or HEAD.
pub fn parse(target: &[u8]) -> Result<Target, BadTarget> {
    let path = match target.first() {
        Some(b'/') => target,
        Some(b'*') if target.len() == 1 => return Err(BadTarget::OtherForm),
        Some(_) => absolute(target)?,
        None => return Err(BadTarget::Malformed),
    };
    if path.contains(&b'#') {
        // RFC 9112 §3.2: no form has a fragment.
        return Err(BadTarget::Malformed);
    }
    let path = path.split(|&b| b == b'?').next().unwrap_or(path);
    let mut out = Vec::with_capacity(path.len());
    let mut last: &[u8] = b"";
    for segment in path.split(|&b| b == b'/') {
        last = segment;
        let start = out.len();
        if segment.is_empty() || segment == b"." {
            continue;
        }
        out.push(b'/');
        decode(segment, &mut out)?;
        match &out[start + 1..] {
            b".." => return Err(BadTarget::Climbs),
            b"." => out.truncate(start),
            name if name.contains(&0) || name.contains(&b'/') => return Err(BadTarget::Name),
            _ => {}
        }
    }
    let directory = last.is_empty() || last == b"." || out.is_empty();
    if out.is_empty() {
        out.push(b'/');
    }
    Ok(Target { path: out, directory })
}

/// The path of an absolute-form (RFC 9112 §3.2.2): a server must take it.
fn absolute(target: &[u8]) -> Result<&[u8], BadTarget> {
    let scheme = target.iter().position(|&b| b == b':').ok_or(BadTarget::Malformed)?;
    let name = &target[..scheme];
    if !name.eq_ignore_ascii_case(b"http") && !name.eq_ignore_ascii_case(b"https") {
        return Err(BadTarget::OtherForm);
    }
    let rest = target[scheme + 1..].strip_prefix(b"//").ok_or(BadTarget::Malformed)?;
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    if end == 0 {
        // RFC 9110 §4.2.1: an empty host is invalid.
        return Err(BadTarget::Malformed);
    }
    match rest.get(end) {
        Some(b'/') => Ok(&rest[end..]),
        Some(_) | None => Ok(b"/"),
    }
}

fn decode(segment: &[u8], out: &mut Vec<u8>) -> Result<(), BadTarget> {
    let mut rest = segment;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let [high, low, after @ ..] = rest else { return Err(BadTarget::Encoding) };
            out.push((hex(*high)? << 4) | hex(*low)?);
            rest = after;
        } else {
            // Octets above 0x7f are no URI's, but what curl sends where a person typed them; names are octets.
            out.push(*first);
        }
    }
    Ok(())
}

fn hex(digit: u8) -> Result<u8, BadTarget> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(BadTarget::Encoding),
    }
}

/// Appends a path or name as a URL wants it: everything but `/` and RFC 3986's unreserved is encoded.
pub fn encode(path: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &b in path {
        if b.is_ascii_alphanumeric() || b"/-._~".contains(&b) {
            out.push(b);
        } else {
            out.extend_from_slice(&[b'%', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(target: &str) -> Result<Vec<u8>, BadTarget> {
        parse(target.as_bytes()).map(|t| t.path)
    }

    #[test]
    fn rfc9112_3_2_1_the_origin_form_is_decoded_once() {
        assert_eq!(path("/a/b.bin").unwrap(), b"/a/b.bin");
        assert_eq!(path("/a%20b/%C3%A9?x=/../y").unwrap(), b"/a b/\xc3\xa9");
        assert_eq!(path("/%252e%252e/x").unwrap(), b"/%2e%2e/x");
        assert_eq!(path("/").unwrap(), b"/");
        assert_eq!(path("/?q").unwrap(), b"/");
    }

    #[test]
    fn rfc3986_3_3_nothing_climbs_however_it_is_written() {
        for climb in [
            "/..",
            "/../etc/passwd",
            "/a/../b",
            "/%2e%2e/etc/passwd",
            "/%2E./x",
            "/.%2e",
            "/a/%2e%2e",
            "http://h/../x",
        ] {
            assert_eq!(path(climb), Err(BadTarget::Climbs), "{climb}");
        }
        for name in ["/a%2fb", "/..%2f..%2fetc", "/%2F", "/a%00.bin", "/%00"] {
            assert_eq!(path(name), Err(BadTarget::Name), "{name}");
        }
        // A backslash is a character of a name here.
        assert_eq!(path("/..%5c..%5cx").unwrap(), b"/..\\..\\x");
    }

    #[test]
    fn rfc3986_2_1_a_percent_wants_two_digits() {
        for bad in ["/%", "/%2", "/%zz", "/a%g0", "/%2/"] {
            assert_eq!(path(bad), Err(BadTarget::Encoding), "{bad}");
        }
    }

    #[test]
    fn rfc9112_3_2_2_the_absolute_form_is_taken() {
        assert_eq!(path("http://10.0.0.1:8080/a").unwrap(), b"/a");
        assert_eq!(path("HTTPS://host").unwrap(), b"/");
        assert_eq!(path("http://host?x").unwrap(), b"/");
        assert_eq!(path("http:///a"), Err(BadTarget::Malformed));
        assert_eq!(path("http:/a"), Err(BadTarget::Malformed));
        assert_eq!(path("ftp://host/a"), Err(BadTarget::OtherForm));
    }

    #[test]
    fn rfc9112_3_2_other_forms_and_fragments_are_none_of_ours() {
        assert_eq!(path("*"), Err(BadTarget::OtherForm));
        assert_eq!(path("host:443"), Err(BadTarget::OtherForm));
        assert_eq!(path("/a#b"), Err(BadTarget::Malformed));
        assert_eq!(path(""), Err(BadTarget::Malformed));
        assert_eq!(path("a/b"), Err(BadTarget::Malformed));
    }

    #[test]
    fn a_slash_at_the_end_names_a_directory() {
        let directory = |t: &str| parse(t.as_bytes()).unwrap().directory;
        assert!(directory("/") && directory("/a/") && directory("//") && directory("/a/."));
        assert!(!directory("/a") && !directory("//a"));
        assert_eq!(path("//evil.example/x").unwrap(), b"/evil.example/x");
    }

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        for octet in (1..=255u8).filter(|b| *b != b'/') {
            let name = [b'/', b'a', octet];
            let mut encoded = Vec::new();
            encode(&name, &mut encoded);
            assert!(encoded.is_ascii());
            assert_eq!(parse(&encoded).unwrap().path, name);
        }
    }
}
