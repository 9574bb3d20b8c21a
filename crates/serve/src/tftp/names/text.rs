//! The right side of a rule: text with captures and facts of the client in braces.

use super::client::{Client, Form};
use regex::bytes::{Captures, Regex};

/// `up/{ip}/{1:lower}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Text(Vec<Part>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Octets(Vec<u8>),
    Capture(usize, Case),
    Form(Form, Case),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Case {
    AsIs,
    Lower,
    Upper,
}

/// What is wrong with a text, and the octets of it that are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct BadText {
    pub(super) at: std::ops::Range<usize>,
    pub(super) what: String,
    pub(super) way_out: String,
}

impl Text {
    /// Reads a text; its captures are those of `pattern`.
    pub(super) fn parse(text: &str, pattern: Option<&Regex>) -> Result<Text, BadText> {
        let bad = |at, what: String, way_out: String| Err(BadText { at, what, way_out });
        let (mut parts, mut plain) = (Vec::new(), Vec::new());
        let octets = text.as_bytes();
        let mut at = 0;
        while at < octets.len() {
            match (octets[at], octets.get(at + 1)) {
                (b @ (b'{' | b'}'), Some(&next)) if b == next => {
                    plain.push(b);
                    at += 2;
                }
                (b'$', Some(b'$')) => {
                    plain.push(b'$');
                    at += 2;
                }
                (b'$' | b'\\', Some(b'0'..=b'9')) => {
                    let what = format!("'{}' is no capture here", &text[at..at + 2]);
                    return bad(at..at + 2, what, format!("write {{{}}}", &text[at + 1..at + 2]));
                }
                (b'{', _) => {
                    let Some(end) = text[at..].find('}').map(|n| at + n) else {
                        let way_out = String::from("close it with '}', or write '{{' for the character");
                        return bad(at..text.len(), String::from("'{' is not closed"), way_out);
                    };
                    let part = named(&text[at + 1..end], pattern).map_err(|(what, way_out)| BadText {
                        at: at..end + 1,
                        what,
                        way_out,
                    })?;
                    if !plain.is_empty() {
                        parts.push(Part::Octets(std::mem::take(&mut plain)));
                    }
                    parts.push(part);
                    at = end + 1;
                }
                (b'}', _) => {
                    return bad(
                        at..at + 1,
                        String::from("'}' closes nothing"),
                        String::from("write '}}' for the character"),
                    );
                }
                (b, _) => {
                    plain.push(b);
                    at += 1;
                }
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Octets(plain));
        }
        Ok(Text(parts))
    }

    /// The text for a client and a match, behind what `out` holds. False: the client lacks a fact that it
    /// names, and `out` is as far as it came.
    pub(super) fn expand(&self, client: &Client, captures: Option<&Captures<'_>>, out: &mut Vec<u8>) -> bool {
        for part in &self.0 {
            match part {
                Part::Octets(octets) => out.extend_from_slice(octets),
                Part::Capture(n, case) => {
                    // A group that took no part is empty.
                    let octets = captures.and_then(|c| c.get(*n)).map_or(&b""[..], |m| m.as_bytes());
                    case.put(octets, out);
                }
                Part::Form(form, case) => match client.value(*form) {
                    Some(value) => case.put(value.as_bytes(), out),
                    None => return false,
                },
            }
        }
        true
    }
}

impl Case {
    fn put(self, octets: &[u8], out: &mut Vec<u8>) {
        match self {
            Case::AsIs => out.extend_from_slice(octets),
            Case::Lower => out.extend(octets.iter().map(u8::to_ascii_lowercase)),
            Case::Upper => out.extend(octets.iter().map(u8::to_ascii_uppercase)),
        }
    }
}

/// What stands between two braces: a capture's number or name, a client's form; `:lower` or `:upper`.
fn named(inner: &str, pattern: Option<&Regex>) -> Result<Part, (String, String)> {
    let (name, case) = match inner.split_once(':') {
        None => (inner, Case::AsIs),
        Some((name, "lower")) => (name, Case::Lower),
        Some((name, "upper")) => (name, Case::Upper),
        Some((_, other)) => {
            return Err((format!("':{other}' is no case"), String::from("write :lower or :upper")));
        }
    };
    let groups = pattern.map_or(0, Regex::captures_len);
    if let Ok(n) = name.parse::<usize>() {
        return match (groups, n) {
            (0, _) => Err((format!("{{{n}}}: there are no captures here"), String::from("leave it out"))),
            (groups, n) if n < groups => Ok(Part::Capture(n, case)),
            (groups, _) => Err((
                format!("{{{n}}}: the pattern has {} groups", groups - 1),
                String::from("count its parentheses; {0} is all that matched"),
            )),
        };
    }
    let group = pattern.and_then(|p| p.capture_names().position(|g| g == Some(name)));
    match (group, Form::named(name)) {
        (Some(n), None) => Ok(Part::Capture(n, case)),
        (None, Some(form)) => Ok(Part::Form(form, case)),
        (Some(_), Some(_)) => Err((
            format!("'{name}' is a group of the pattern and a fact of the client"),
            String::from("give the group another name"),
        )),
        (None, None) => Err((
            format!("nothing is called '{name}'"),
            format!("a group's number or name, or one of {}", Form::names()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tftp::names::client::Macs;

    fn expanded(text: &str) -> Option<String> {
        let pattern = Regex::new("(?-u)^(?<host>[a-zA-Z0-9]+)(-x)?-confg$").unwrap();
        let text = Text::parse(text, Some(&pattern)).unwrap();
        let client = Client::new("10.0.0.2".parse().unwrap(), "10.0.0.1".parse().unwrap(), Macs::Nowhere);
        let mut out = Vec::new();
        let captures = pattern.captures(b"R1-confg").unwrap();
        text.expand(&client, Some(&captures), &mut out).then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn captures_facts_and_braces_are_put_in() {
        assert_eq!(expanded("up/{ip}/{1:lower}{2}.cfg").as_deref(), Some("up/10.0.0.2/r1.cfg"));
        assert_eq!(expanded("{host}@{hex:lower}").as_deref(), Some("R1@0a000002"));
        assert_eq!(expanded("{{a}} $$ $x").as_deref(), Some("{a} $ $x"));
        assert_eq!(expanded("{mac}/x"), None, "no hardware address is known");
        assert_eq!(expanded("").as_deref(), Some(""));
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let pattern = Regex::new("(?-u)^(.)$").unwrap();
        for (text, at, what) in [
            ("a/$1", 2..4, "'$1' is no capture here"),
            ("a/\\1", 2..4, "'\\1' is no capture here"),
            ("{2}", 0..3, "{2}: the pattern has 1 groups"),
            ("x{addr}", 1..7, "nothing is called 'addr'"),
            ("x{ip", 1..4, "'{' is not closed"),
            ("x}", 1..2, "'}' closes nothing"),
            ("{ip:title}", 0..10, "':title' is no case"),
        ] {
            let bad = Text::parse(text, Some(&pattern)).unwrap_err();
            assert_eq!((bad.at, bad.what.as_str()), (at, what), "{text}");
            assert!(!bad.way_out.is_empty(), "{text}");
        }
    }
}
