//! A line as words: quotes as a POSIX shell has them (XCU 2.2), patterns in what is not quoted.

use sftp_proto::scp::{Glyph, Pattern};

/// One word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Word {
    /// As it stands without its quotes.
    pub(super) octets: Vec<u8>,
    /// What it stands for.
    pub(super) pattern: Pattern,
}

/// A quote that is not closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unclosed;

/// The words of a line.
pub(super) fn split(line: &str) -> Result<Vec<Word>, Unclosed> {
    let read = read(line);
    if read.quote.is_some() { Err(Unclosed) } else { Ok(read.words) }
}

/// How far a line is read that somebody types.
pub(super) struct Read {
    pub(super) words: Vec<Word>,
    /// Where the last word begins, where the line ends in one; quotes are a part of it.
    pub(super) last: Option<usize>,
    /// The quote that is open.
    pub(super) quote: Option<char>,
}

pub(super) fn read(line: &str) -> Read {
    let mut words = Vec::new();
    let mut quote = None;
    let mut word: Option<(usize, Vec<Glyph>)> = None;
    let mut letters = line.char_indices();
    while let Some((at, letter)) = letters.next() {
        let mut push =
            |glyphs: &[Glyph]| word.get_or_insert_with(|| (at, Vec::new())).1.extend_from_slice(glyphs);
        match (quote, letter) {
            (Some(open), close) if open == close => quote = None,
            (None, open @ ('\'' | '"')) => {
                push(&[]);
                quote = Some(open);
            }
            (None | Some('"'), '\\') => match letters.next() {
                Some((_, next)) => push(&literal(next)),
                None => push(&literal('\\')),
            },
            (Some(_), letter) => push(&literal(letter)),
            (None, ' ' | '\t') => words.extend(word.take().map(|(_, glyphs)| of(glyphs))),
            (None, '*') => push(&[Glyph::Any]),
            (None, '?') => push(&[Glyph::One]),
            (None, '[') => push(&[Glyph::Open]),
            (None, letter) => push(&literal(letter)),
        }
    }
    let last = word.as_ref().map(|(at, _)| *at);
    words.extend(word.map(|(_, glyphs)| of(glyphs)));
    Read { words, last, quote }
}

fn of(glyphs: Vec<Glyph>) -> Word {
    let pattern = Pattern::new(glyphs);
    Word { octets: pattern.written(), pattern }
}

fn literal(letter: char) -> Vec<Glyph> {
    let mut utf8 = [0; 4];
    letter.encode_utf8(&mut utf8).bytes().map(Glyph::Octet).collect()
}

/// A name as it is typed, within this quote or without one.
pub(super) fn quoted(name: &str, quote: Option<char>) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        let is_special = match quote {
            None => " \t'\"\\*?[#!".contains(letter),
            Some('"') => "\"\\".contains(letter),
            Some(_) => false,
        };
        if is_special {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_as_a_shell_has_them() {
        for (line, words) in [
            ("", &[][..]),
            ("  get  a b ", &["get", "a", "b"]),
            ("get 'a b' \"c d\"", &["get", "a b", "c d"]),
            ("get a\\ b", &["get", "a b"]),
            ("put 'it''s' \"a\\\"b\\\\\" 'c\\d'", &["put", "its", "a\"b\\", "c\\d"]),
            ("rm ''", &["rm", ""]),
            ("cd gr\u{fc}n", &["cd", "gr\u{fc}n"]),
        ] {
            let found: Vec<String> = split(line)
                .unwrap()
                .into_iter()
                .map(|word| String::from_utf8(word.octets).unwrap())
                .collect();
            assert_eq!(found, words, "{line}");
        }
        assert_eq!(split("get 'a"), Err(Unclosed));
        assert_eq!(split("get \"a"), Err(Unclosed));
    }

    #[test]
    fn a_pattern_is_one_only_outside_of_quotes() {
        for (word, is_pattern) in
            [("a*", true), ("'a*'", false), ("a\\*", false), ("\"a?\"", false), ("[ab]", true)]
        {
            let words = split(word).unwrap();
            assert_eq!(words[0].pattern.literal().is_none(), is_pattern, "{word}");
        }
    }

    #[test]
    fn a_name_that_is_quoted_is_read_as_itself() {
        for name in ["plain", "a b", "it's", "a\"b", "back\\slash", "*?[x]", "#1", "!x", "gr\u{fc}n"] {
            assert_eq!(split(&quoted(name, None)).unwrap()[0].octets, name.as_bytes());
            let double = format!("\"{}\"", quoted(name, Some('"')));
            assert_eq!(split(&double).unwrap()[0].octets, name.as_bytes());
        }
    }
}
