//! What FEAT says, and which digest a reply holds.

use crate::reply::Reply;
use alloc::vec::Vec;

/// The verbs and words of a server's FEAT (RFC 2389 §3.2), a line each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Features(Vec<Vec<u8>>);

/// Lines that are kept, at most.
const MOST: usize = 200;

impl Features {
    /// Reads the reply to FEAT.
    pub fn of(reply: &Reply) -> Features {
        let inner = reply.lines.get(1..reply.lines.len().saturating_sub(1)).unwrap_or_default();
        Features(inner.iter().map(|line| line.trim_ascii().to_vec()).take(MOST).collect())
    }

    /// What stands behind a verb (`MLST`, `HASH`, `SITE UTIME`); `None`: it is not announced.
    pub fn of_verb(&self, verb: &str) -> Option<&[u8]> {
        self.0.iter().find_map(|line| {
            let (head, rest) = line.split_at_checked(verb.len())?;
            let ends = rest.first().is_none_or(|b| *b == b' ');
            (ends && head.eq_ignore_ascii_case(verb.as_bytes())).then(|| rest.trim_ascii())
        })
    }

    /// Whether a verb is announced.
    pub fn has(&self, verb: &str) -> bool {
        self.of_verb(verb).is_some()
    }

    /// The lines.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// Whether `HASH` knows an algorithm by its IANA name (`SHA-256`), and whether it is the one that is set.
    pub fn hash(&self, name: &str) -> Option<bool> {
        self.of_verb("HASH")?.split(|b| *b == b';').find_map(|known| {
            let is_set = known.ends_with(b"*");
            let known = known.strip_suffix(b"*").unwrap_or(known).trim_ascii();
            known.eq_ignore_ascii_case(name.as_bytes()).then_some(is_set)
        })
    }
}

/// The digest of so many octets in the words of a reply to HASH, XSHA256, XMD5 and their kin: the first word of so many
/// hexadecimal digits.
pub fn digest(text: &[u8], octets: usize) -> Option<Vec<u8>> {
    let word = text
        .split(u8::is_ascii_whitespace)
        .map(|word| word.trim_ascii())
        .find(|word| word.len() == octets * 2 && word.iter().all(u8::is_ascii_hexdigit))?;
    let nibble = |b: u8| char::from(b).to_digit(16).and_then(|n| u8::try_from(n).ok());
    word.chunks_exact(2).map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Code;
    use alloc::format;
    use alloc::string::ToString;

    fn features(lines: &[&str]) -> Features {
        let lines = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        Features::of(&Reply { code: Code(211), lines })
    }

    #[test]
    fn a_feature_is_a_verb_and_what_stands_behind_it() {
        let f = features(&[
            "Features:",
            " MLST type*;size*;modify*;",
            " hash SHA-1;SHA-256*;MD5",
            " SITE UTIME",
            " MFMTX",
            "End",
        ]);
        assert_eq!(f.of_verb("MLST"), Some(&b"type*;size*;modify*;"[..]));
        assert!(f.has("SITE UTIME") && f.has("SITE") && !f.has("MFMT") && !f.has("End"));
        assert_eq!((f.hash("sha-256"), f.hash("MD5"), f.hash("SHA-512")), (Some(true), Some(false), None));
        assert_eq!(features(&["no features"]).lines().count(), 0);
    }

    #[test]
    fn a_digest_is_found_in_the_words_of_any_server() {
        let hex = "9e107d9d372bb6826bd81d3542a419d6";
        for text in
            [format!("MD5 0-43 {hex} f.bin"), hex.to_string(), format!("\"f\" {}", hex.to_uppercase())]
        {
            let found = digest(text.as_bytes(), 16).unwrap();
            assert_eq!((found.len(), found[0], found[15]), (16, 0x9e, 0xd6), "{text}");
        }
        assert_eq!(digest(b"deadbeef f", 16), None);
    }
}
