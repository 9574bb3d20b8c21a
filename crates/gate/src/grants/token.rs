//! The secret of a grant: 26 characters that are easy to read and type, 130 random bits.
//!
//! Only its SHA-256 is kept. A password is hashed slowly because it can be guessed; this cannot.

use sha2::{Digest, Sha256};
use store::VPath;

/// Without l and o, which look like 1 and 0.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// 26 x 5 = 130 bits.
const LEN: usize = 26;

/// A fresh one.
pub(super) fn fresh() -> String {
    characters(LEN)
}

/// So many random characters.
pub(super) fn characters(many: usize) -> String {
    let mut octets = vec![0; many];
    getrandom::fill(&mut octets).expect("the system gives random octets");
    // 32 divides 256: each character is as likely as any other.
    octets.iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect()
}

/// What is kept of it.
pub(super) fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Whether octets have the form of one.
pub(crate) fn is_like(octets: &[u8]) -> bool {
    octets.len() == LEN && octets.iter().all(|b| ALPHABET.contains(b))
}

/// The token of a path `/~TOKEN/…`, and the components behind it.
pub(crate) fn of_path(path: &VPath) -> Option<(&[u8], &[u8])> {
    let rest = path.relative().strip_prefix(b"~")?;
    let (token, rest) = match rest.iter().position(|b| *b == b'/') {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, &b""[..]),
    };
    is_like(token).then_some((token, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_a_path_by_its_form() {
        let token = fresh();
        assert_ne!(token, fresh());
        assert!(is_like(token.as_bytes()));
        let path = |text: &str| VPath::parse(text.as_bytes()).unwrap();
        let (found, rest) = (token.as_bytes(), &b"a/b"[..]);
        assert_eq!(of_path(&path(&format!("/~{token}/a/b"))), Some((found, rest)));
        assert_eq!(of_path(&path(&format!("~{token}"))), Some((found, &b""[..])));
        for none in
            [format!("/{token}/a"), format!("/a/~{token}"), format!("/~{}l/a", &token[1..]), "/~".into()]
        {
            assert_eq!(of_path(&path(&none)), None, "{none}");
        }
    }
}
