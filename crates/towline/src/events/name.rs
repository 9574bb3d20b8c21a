//! Names of files in events.

use serde::Serialize;

/// A path for JSON: printable, and the octets too where they are not UTF-8.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Name {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
}

impl Name {
    /// A name from its octets.
    pub fn new(octets: &[u8]) -> Name {
        Name {
            path: crate::ladder::printable(octets),
            path_base64: std::str::from_utf8(octets).is_err().then(|| base64(octets)),
        }
    }
}

/// RFC 4648 §4.
pub(super) fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(octets.len().div_ceil(3) * 4);
    for group in octets.chunks(3) {
        let word = (0..3).fold(0u32, |w, i| w << 8 | u32::from(*group.get(i).unwrap_or(&0)));
        for i in 0..4 {
            let digit = char::from(DIGITS[(word >> (18 - 6 * i) & 63) as usize]);
            out.push(if i <= group.len() { digit } else { '=' });
        }
    }
    out
}
