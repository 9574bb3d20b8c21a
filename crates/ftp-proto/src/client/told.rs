//! What servers tell in words.

use alloc::vec::Vec;

pub(super) fn number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |n, b| {
        b.is_ascii_digit().then_some(())?;
        n.checked_mul(10)?.checked_add(u64::from(b - b'0'))
    })
}

/// `Opening BINARY mode data connection for x (1234 bytes).`
pub(super) fn announced(text: &[u8]) -> Option<u64> {
    let open = text.iter().rposition(|&b| b == b'(')?;
    let rest = &text[open + 1..];
    let space = rest.iter().position(|&b| b == b' ')?;
    rest[space + 1..].starts_with(b"byte").then(|| number(&rest[..space]))?
}

/// The path of a 257: `"/a ""quoted"" path" and words` (RFC 959, appendix II).
pub fn quoted(text: &[u8]) -> Option<Vec<u8>> {
    let mut path = Vec::new();
    let mut rest = text.strip_prefix(b"\"")?.iter().copied().peekable();
    loop {
        match rest.next()? {
            b'"' if rest.peek() == Some(&b'"') => {
                rest.next();
                path.push(b'"');
            }
            b'"' => return Some(path),
            octet => path.push(octet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_257_ends_at_a_single_quote() {
        assert_eq!(quoted(b"\"/a b\" is the current directory").as_deref(), Some(&b"/a b"[..]));
        assert_eq!(quoted(b"\"/a \"\"q\"\"\"").as_deref(), Some(&b"/a \"q\""[..]));
        for none in [&b"/a is current"[..], b"\"/a", b""] {
            assert_eq!(quoted(none), None);
        }
    }
}
