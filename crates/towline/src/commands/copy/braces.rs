//! `tftp://h/{a,b,c}`: several URLs as one word.
//!
//! A shell that knows braces does it itself; in quotes, in a list, from a shell without them and from
//! another program it is done here. Only in the path of a URL: a local name may have braces of its own.

use client::Scheme;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// Words that one word may become.
const MOST: usize = 10_000;

/// Opening braces of one word.
const DEEPEST: usize = 64;

/// More than [`MOST`] words, or more than [`DEEPEST`] braces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::commands) struct TooMany;

/// The words that `word` stands for, in order: `{a,b}` is each of them, `{8..12}` and `{08..12}` count, braces
/// may stand in braces. `{a}`, a brace without its other and what is no URL stay as they are; `%7B` is a brace.
pub(in crate::commands) fn expand(word: &OsStr) -> Result<Vec<OsString>, TooMany> {
    let octets = word.as_bytes();
    let Some(path) = path_of_url(octets) else { return Ok(vec![word.to_owned()]) };
    let (head, path) = octets.split_at(path);
    // 14 pairs are more than MOST words already; nobody's nesting shall use up the stack.
    if path.iter().filter(|b| **b == b'{').count() > DEEPEST {
        return Err(TooMany);
    }
    let words = alternatives(path)?;
    Ok(words.into_iter().map(|path| OsString::from_vec([head, &path].concat())).collect())
}

/// Where the path begins.
fn path_of_url(word: &[u8]) -> Option<usize> {
    let (_, rest) = Scheme::of_url(word)?;
    let host = word.len() - rest.len();
    Some(host + word[host..].iter().position(|b| *b == b'/')?)
}

fn alternatives(text: &[u8]) -> Result<Vec<Vec<u8>>, TooMany> {
    let mut from = 0;
    while let Some(open) = text[from..].iter().position(|b| *b == b'{').map(|n| from + n) {
        let Some(group) = Group::at(text, open) else {
            from = open + 1;
            continue;
        };
        let head = &text[..open];
        let tails = alternatives(&text[group.end..])?;
        let mut words = Vec::new();
        for part in group.parts()? {
            for tail in &tails {
                words.push([head, &part, tail].concat());
                if words.len() > MOST {
                    return Err(TooMany);
                }
            }
        }
        return Ok(words);
    }
    Ok(vec![text.to_vec()])
}

/// A pair of braces that means something.
struct Group<'a> {
    parts: Vec<&'a [u8]>,
    /// Behind the closing brace.
    end: usize,
}

impl<'a> Group<'a> {
    fn at(text: &'a [u8], open: usize) -> Option<Group<'a>> {
        let (mut depth, mut begin, mut parts) = (0, open + 1, vec![]);
        for (at, octet) in text.iter().enumerate().skip(open + 1) {
            match octet {
                b'{' => depth += 1,
                b'}' if depth > 0 => depth -= 1,
                b',' if depth == 0 => {
                    parts.push(&text[begin..at]);
                    begin = at + 1;
                }
                b'}' => {
                    parts.push(&text[begin..at]);
                    let means = parts.len() > 1 || range(parts[0]).is_some();
                    return means.then_some(Group { parts, end: at + 1 });
                }
                _ => {}
            }
        }
        None
    }

    fn parts(&self) -> Result<Vec<Vec<u8>>, TooMany> {
        if let [one] = self.parts[..] {
            let (first, last, width) = range(one).expect("looked at before");
            if first.abs_diff(last) >= MOST as u32 {
                return Err(TooMany);
            }
            let name = |n: u32| format!("{n:0width$}").into_bytes();
            return Ok(if first <= last {
                (first..=last).map(name).collect()
            } else {
                (last..=first).rev().map(name).collect()
            });
        }
        let mut words = Vec::new();
        for part in &self.parts {
            words.append(&mut alternatives(part)?);
        }
        Ok(words)
    }
}

/// `8..12`: first, last, and how many digits each has at least (`08..12`).
fn range(text: &[u8]) -> Option<(u32, u32, usize)> {
    let (first, last) = std::str::from_utf8(text).ok()?.split_once("..")?;
    let number = |t: &str| t.bytes().all(|b| b.is_ascii_digit()).then(|| t.parse().ok()).flatten();
    let padded = [first, last].iter().any(|t| t.len() > 1 && t.starts_with('0'));
    let width = if padded { first.len().max(last.len()) } else { 0 };
    Some((number(first)?, number(last)?, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(word: &str) -> Vec<String> {
        expand(OsStr::new(word)).unwrap().into_iter().map(|w| w.into_string().unwrap()).collect()
    }

    #[test]
    fn braces_in_a_url_s_path_are_several_urls() {
        for (word, expected) in [
            ("tftp://h/{a,b,c}", &["tftp://h/a", "tftp://h/b", "tftp://h/c"][..]),
            ("FTP://u@h/d/{a,b}.bin", &["FTP://u@h/d/a.bin", "FTP://u@h/d/b.bin"]),
            ("SFTP://u@h/~/{a,b}", &["SFTP://u@h/~/a", "SFTP://u@h/~/b"]),
            ("tftp://h/{a,}x", &["tftp://h/ax", "tftp://h/x"]),
            ("tftp://h/{a,b}{1,2}", &["tftp://h/a1", "tftp://h/a2", "tftp://h/b1", "tftp://h/b2"]),
            ("tftp://h/{a,b{1,2}}", &["tftp://h/a", "tftp://h/b1", "tftp://h/b2"]),
            ("tftp://h/sw{9..11}", &["tftp://h/sw9", "tftp://h/sw10", "tftp://h/sw11"]),
            ("tftp://h/sw{08..10}", &["tftp://h/sw08", "tftp://h/sw09", "tftp://h/sw10"]),
            ("tftp://h/{2..1}", &["tftp://h/2", "tftp://h/1"]),
            ("tftp://h/{a}", &["tftp://h/{a}"]),
            ("tftp://h/{a{1,2}", &["tftp://h/{a1", "tftp://h/{a2"]),
            ("tftp://h/a}b{", &["tftp://h/a}b{"]),
            ("tftp://h/%7Ba,b%7D", &["tftp://h/%7Ba,b%7D"]),
            ("tftp://h", &["tftp://h"]),
            ("ftp://u:{p,q}@h/a", &["ftp://u:{p,q}@h/a"]),
            ("{a,b}", &["{a,b}"]),
            ("./{a,b}", &["./{a,b}"]),
        ] {
            assert_eq!(words(word), expected, "{word}");
        }
    }

    #[test]
    fn the_words_are_bounded() {
        for word in ["tftp://h/{1..10001}", "tftp://h/{1..999}{1..999}", "tftp://h/{0..4294967295}"] {
            assert_eq!(expand(OsStr::new(word)), Err(TooMany), "{word}");
        }
        assert_eq!(words("tftp://h/{1..10000}").len(), 10_000);
        let deep = format!("tftp://h/{}", "{a,b}".repeat(30_000));
        assert_eq!(expand(OsStr::new(&deep)), Err(TooMany));
    }
}
