//! `Authorization: Basic` (RFC 7617).

use alloc::vec::Vec;
use core::fmt;

/// The octets of a password, not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub Vec<u8>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

/// What a request shows of who sends it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Login {
    /// Nothing.
    #[default]
    None,
    /// A name and a password.
    Basic {
        /// The name: everything before the first colon.
        user: Vec<u8>,
        /// The password.
        password: Password,
    },
    /// A scheme that we do not know, or `Basic` with something that is not base64 or has no colon.
    Unknown,
}

/// Reads the value of `Authorization`.
pub fn parse(value: &[u8]) -> Login {
    let Some(space) = value.iter().position(|&b| b == b' ') else { return Login::Unknown };
    let (scheme, rest) = value.split_at(space);
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Login::Unknown;
    }
    let Some(plain) = base64(rest.trim_ascii()) else { return Login::Unknown };
    match plain.iter().position(|&b| b == b':') {
        Some(colon) => {
            Login::Basic { user: plain[..colon].to_vec(), password: Password(plain[colon + 1..].to_vec()) }
        }
        None => Login::Unknown,
    }
}

/// RFC 4648 §4, padding required as it is written there.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take_while(|&&b| b == b'=').count();
    if padding > 2 {
        return None;
    }
    let text = &text[..text.len() - padding];
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0u32, 0u32);
    for &b in text {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from((bits >> held) & 0xff).expect("eight bits"));
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn rfc7617_2_a_name_ends_at_the_first_colon() {
        // RFC 7617 §2: "Aladdin" and "open sesame".
        let login = parse(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let Login::Basic { user, password } = &login else { panic!("{login:?}") };
        assert_eq!((&user[..], &password.0[..]), (&b"Aladdin"[..], &b"open sesame"[..]));
        assert!(!format!("{login:?}").contains("sesame"));
        let Login::Basic { user, password } = parse(b"bAsIc YTpiOmM=") else { panic!("a:b:c") };
        assert_eq!((&user[..], &password.0[..]), (&b"a"[..], &b"b:c"[..]));
    }

    #[test]
    fn rfc9110_11_6_2_another_scheme_is_nobody() {
        for value in ["", "Basic", "Basic !!!!", "Basic YWI", "Bearer abc", "Basic YWI=", "Basic ===="] {
            assert_eq!(parse(value.as_bytes()), Login::Unknown, "{value}");
        }
    }
}
