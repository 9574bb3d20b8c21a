//! Numbers that servers tell in words.

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
