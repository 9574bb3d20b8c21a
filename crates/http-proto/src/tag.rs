//! Entity tags (RFC 9110 §8.8.3).

use alloc::string::String;

/// A strong tag of ours: it changes whenever a single octet of the content may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag(pub [u8; 16]);

impl Tag {
    /// `"0123…"`, with its quotes.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(34);
        text.push('"');
        // Each response has one: the formatter would be a tenth of the machine's time for a small file.
        for nibble in self.0.iter().flat_map(|octet| [octet >> 4, octet & 15]) {
            text.push(char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }));
        }
        text.push('"');
        text
    }
}

/// What `If-Match` and `If-None-Match` hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tags<'a> {
    /// `*`: whatever is there.
    Any,
    /// A list, checked.
    List(&'a [u8]),
}

/// How two tags are compared (RFC 9110 §8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// Octet for octet: a weak tag equals none.
    Strong,
    /// `W/` says nothing.
    Weak,
}

impl<'a> Tags<'a> {
    /// Reads a field's value; `None`: it is neither `*` nor a list of tags.
    pub fn parse(value: &'a [u8]) -> Option<Tags<'a>> {
        if value == b"*" {
            return Some(Tags::Any);
        }
        let mut rest = value;
        let mut any = false;
        while let Some((_, _, after)) = next(rest)? {
            any = true;
            rest = after;
        }
        any.then_some(Tags::List(value))
    }

    /// Whether `tag` is among them; `None` stands for content that is not there.
    pub fn hold(&self, tag: Option<&Tag>, how: Comparison) -> bool {
        let Some(tag) = tag else { return false };
        let list = match self {
            Tags::Any => return true,
            Tags::List(list) => list,
        };
        let text = tag.text();
        let mut rest = *list;
        while let Some(Some((weak, opaque, after))) = next(rest) {
            if opaque == text.as_bytes() && (how == Comparison::Weak || !weak) {
                return true;
            }
            rest = after;
        }
        false
    }
}

/// Whether one entity tag, and nothing else, is `tag` by strong comparison: of `If-Range`.
pub fn is_exactly(value: &[u8], tag: &Tag) -> bool {
    value == tag.text().as_bytes()
}

/// Whether a value begins as an entity tag does: `If-Range` holds one or a date.
pub fn is_tag(value: &[u8]) -> bool {
    value.starts_with(b"\"") || value.starts_with(b"W/\"")
}

/// A weak mark, the opaque part with its quotes, and what follows; `Some(None)`: the end; `None`: malformed.
#[allow(clippy::type_complexity)]
fn next(mut rest: &[u8]) -> Option<Option<(bool, &[u8], &[u8])>> {
    // RFC 9110 §5.6.1.2: empty elements of a list are skipped.
    while let [b' ' | b'\t' | b',', after @ ..] = rest {
        rest = after;
    }
    if rest.is_empty() {
        return Some(None);
    }
    let weak = rest.starts_with(b"W/");
    let tag = if weak { &rest[2..] } else { rest };
    if tag.first() != Some(&b'"') {
        return None;
    }
    let close = tag[1..].iter().position(|&b| b == b'"')? + 1;
    if tag[1..close].iter().any(|&b| b <= 0x20 || b == 0x7f) {
        return None;
    }
    let after = &tag[close + 1..];
    let trimmed = after.iter().position(|b| !matches!(b, b' ' | b'\t')).map_or(&[][..], |n| &after[n..]);
    match trimmed.first() {
        None | Some(b',') => Some(Some((weak, &tag[..=close], trimmed))),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const TAG: Tag = Tag([0xab; 16]);

    #[test]
    fn rfc9110_8_8_3_2_a_weak_tag_is_equal_only_weakly() {
        let text = TAG.text();
        let list = format!("\"x\", W/{text} ,\"y,z\"");
        let tags = Tags::parse(list.as_bytes()).unwrap();
        assert!(tags.hold(Some(&TAG), Comparison::Weak));
        assert!(!tags.hold(Some(&TAG), Comparison::Strong));
        assert!(!tags.hold(None, Comparison::Weak));
        assert!(Tags::Any.hold(Some(&TAG), Comparison::Strong));
        assert!(!Tags::Any.hold(None, Comparison::Strong));
    }

    #[test]
    fn rfc9110_8_8_3_what_is_no_tag_is_no_condition() {
        for bad in ["", ",", "abc", "\"a", "\"a\"b", "\"a b\"", "W/abc", "*, \"a\"", "w/\"a\""] {
            assert_eq!(Tags::parse(bad.as_bytes()), None, "{bad}");
        }
        assert!(Tags::parse(b"\"\"").is_some());
    }
}
