//! Heads of HTTP, for ladders and for who follows progress.

use super::printable;

/// The longest line of a head that is shown, octets.
const LONGEST_LINE: usize = 512;

/// The fields that say what of the content is meant, and what becomes of the connection.
const SHOWN: &[&str] =
    &["Range", "Content-Range", "Content-Length", "Transfer-Encoding", "Location", "Connection"];

/// A head in one line: its first, and behind it the fields that matter.
pub(super) fn abridged(head: &[u8]) -> String {
    let mut lines = head.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = lines.next().unwrap_or_default();
    let mut out = shown(first);
    for line in lines {
        if field(line).is_some_and(|(name, _)| SHOWN.iter().any(|s| name.eq_ignore_ascii_case(s.as_bytes())))
        {
            out.push_str("; ");
            out.push_str(&shown(line));
        }
    }
    out
}

/// The octets that a response announces; nothing of a request and of a response in chunks.
pub(crate) fn announced(head: &[u8]) -> Option<u64> {
    let value = head
        .split(|&b| b == b'\n')
        .skip(1)
        .filter_map(field)
        .find_map(|(name, value)| name.eq_ignore_ascii_case(b"Content-Length").then_some(value))?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|&b| b == b':')?;
    Some((&line[..colon], &line[colon + 1..]))
}

fn shown(line: &[u8]) -> String {
    printable(&line[..line.len().min(LONGEST_LINE)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_its_first_line_and_what_says_which_part_is_meant() {
        let request = b"GET /a\x1b HTTP/1.1\r\nHost: h\r\nRANGE: bytes=5-\r\nAuthorization: ****\r\n\r\n";
        assert_eq!(abridged(request), "GET /a\\x1b HTTP/1.1; RANGE: bytes=5-");
        let response = b"HTTP/1.1 206 Partial Content\r\nDate: x\r\nContent-Range: bytes 5-9/10\r\n\
            Content-Length: 5\r\n\r\n";
        assert_eq!(
            abridged(response),
            "HTTP/1.1 206 Partial Content; Content-Range: bytes 5-9/10; Content-Length: 5"
        );
        assert_eq!((announced(response), announced(request), announced(b"")), (Some(5), None, None));
    }
}
