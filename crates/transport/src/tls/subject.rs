//! Who a certificate is for, in words (RFC 5280 §4.1.2.6, written as RFC 4514 has it).
//!
//! Only that is read of it: whether it is any good the library has found out before.

use std::fmt::Write as _;

/// The subject is told no longer than this; a certificate may have any.
const LONGEST: usize = 200;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const VERSION: u8 = 0xa0;

/// RFC 4519's short names of the types that certificates of clients have, by their DER.
const TYPES: &[(&[u8], &str)] = &[
    (&[0x55, 0x04, 0x03], "CN"),
    (&[0x55, 0x04, 0x05], "serialNumber"),
    (&[0x55, 0x04, 0x06], "C"),
    (&[0x55, 0x04, 0x07], "L"),
    (&[0x55, 0x04, 0x08], "ST"),
    (&[0x55, 0x04, 0x0a], "O"),
    (&[0x55, 0x04, 0x0b], "OU"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01], "UID"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19], "DC"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01], "emailAddress"),
];

/// The subject of a certificate (DER), the most particular name first; `None`: it has none, or is no certificate.
pub(super) fn subject(certificate: &[u8]) -> Option<String> {
    let (mut outer, _) = within(certificate, SEQUENCE)?;
    let (mut signed, _) = within(take(&mut outer)?, SEQUENCE)?;
    if signed.first() == Some(&VERSION) {
        take(&mut signed)?;
    }
    // Serial number, algorithm, issuer, validity.
    for _ in 0..4 {
        take(&mut signed)?;
    }
    let (mut names, _) = within(signed, SEQUENCE)?;
    let mut parts = Vec::new();
    while !names.is_empty() {
        let (mut set, rest) = within(names, SET)?;
        names = rest;
        while !set.is_empty() {
            let (pair, rest) = within(set, SEQUENCE)?;
            set = rest;
            let (kind, value) = within(pair, OID)?;
            let (_, value, _) = element(value)?;
            parts.push(part(kind, value));
        }
    }
    parts.reverse();
    let mut text = parts.join(",");
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|&n| text.is_char_boundary(n)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    (!text.is_empty()).then_some(text)
}

fn part(kind: &[u8], value: &[u8]) -> String {
    let mut text = match TYPES.iter().find(|(oid, _)| *oid == kind) {
        Some((_, name)) => format!("{name}="),
        None => {
            kind.iter().fold(String::from("#"), |mut text, octet| {
                let _ = write!(text, "{octet:02x}");
                text
            }) + "="
        }
    };
    for c in String::from_utf8_lossy(value).chars() {
        match c {
            ',' | '=' | '\\' | '"' | '+' | ';' | '<' | '>' => text.extend(['\\', c]),
            // A log line stays one line.
            c if c.is_control() => text.push('?'),
            c => text.push(c),
        }
    }
    text
}

/// What is in the first element, which has this tag, and what is behind it.
fn within(octets: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(octets)?;
    (found == tag).then_some((content, rest))
}

/// The first element, tag and all; moves behind it.
fn take<'a>(octets: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (_, _, rest) = element(octets)?;
    let (first, rest) = octets.split_at_checked(octets.len() - rest.len())?;
    *octets = rest;
    Some(first)
}

/// Tag, content and rest (X.690 §8.1); lengths of at most four octets.
fn element(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, len], mut rest) = octets.split_first_chunk()?;
    let mut length = usize::from(len);
    if len & 0x80 != 0 {
        let (digits, behind) =
            rest.split_at_checked(usize::from(len & 0x7f)).filter(|(d, _)| d.len() <= 4)?;
        length = digits.iter().fold(0, |n, &d| n << 8 | usize::from(d));
        rest = behind;
    }
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate as far as it is read: [0] version, serial, algorithm, issuer, validity, subject.
    fn certificate(subject: &[u8]) -> Vec<u8> {
        let name = wrapped(SEQUENCE, subject);
        let fields =
            [&[0xa0, 3, 2, 1, 2][..], &[2, 1, 7], &[0x30, 0], &[0x30, 0], &[0x30, 0], &name].concat();
        wrapped(SEQUENCE, &wrapped(SEQUENCE, &fields))
    }

    fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
        let len = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84][..], &len, content].concat()
    }

    fn name(kind: &[u8], value: &[u8]) -> Vec<u8> {
        let pair = [wrapped(OID, kind), wrapped(0x0c, value)].concat();
        wrapped(SET, &wrapped(SEQUENCE, &pair))
    }

    #[test]
    fn the_subject_is_told_from_the_name_to_the_country() {
        let (cn, o) = (&[0x55, 0x04, 0x03], &[0x55, 0x04, 0x0a]);
        let der = certificate(&[name(o, "Zürich, Netz".as_bytes()), name(cn, b"r1\r\nOK")].concat());
        assert_eq!(subject(&der).as_deref(), Some("CN=r1??OK,O=Zürich\\, Netz"));
        let der = certificate(&name(&[0x55, 0x1d], b"x"));
        assert_eq!(subject(&der).as_deref(), Some("#551d=x"));
        assert_eq!(subject(&certificate(&[])), None);
        let long = certificate(&name(cn, "ü".repeat(400).as_bytes()));
        assert!(subject(&long).is_some_and(|text| text.len() <= LONGEST + 3 && text.ends_with('…')));
    }

    #[test]
    fn what_is_cut_off_or_changed_is_no_certificate_and_no_panic() {
        let der = certificate(&name(&[0x55, 0x04, 0x03], b"alice"));
        for len in 0..der.len() {
            assert_eq!(subject(&der[..len]), None, "{len}");
        }
        for at in 0..der.len() {
            for octet in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut other = der.clone();
                other[at] = octet;
                let _ = subject(&other);
            }
        }
    }
}
