//! What is known of a tree, on disk between two processes.

use crate::{Amount, VPath};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Octets of the longest file that is read: half a million areas.
const LONGEST: u64 = 64 << 20;
const FIRST: &str = "towline quota 1";
const LAST: &str = "end";

/// What each part of a tree with a limit of its own held.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Saved(Vec<(VPath, Amount)>);

/// A file that holds no such thing.
#[derive(Debug, thiserror::Error)]
pub enum BadSaved {
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It was not written by us, or not whole.
    #[error("line {line} is not what was saved: the tree is counted anew")]
    Line {
        /// From 1.
        line: usize,
    },
}

impl Saved {
    /// What was saved; `None`: there is no such file.
    pub fn load(file: &Path) -> Result<Option<Saved>, BadSaved> {
        let mut text = String::new();
        match File::open(file) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?.take(LONGEST).read_to_string(&mut text)?,
        };
        let mut lines = text.lines().enumerate().map(|(n, line)| (n + 1, line));
        if lines.next().map(|(_, line)| line) != Some(FIRST) {
            return Err(BadSaved::Line { line: 1 });
        }
        let mut saved = Vec::new();
        for (line, text) in lines.by_ref() {
            if text == LAST {
                return Ok(Some(Saved(saved)));
            }
            saved.push(read(text).ok_or(BadSaved::Line { line })?);
        }
        Err(BadSaved::Line { line: text.lines().count() + 1 })
    }

    /// Writes it, whole or not at all: a crash leaves what was there before.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        let mut text = format!("{FIRST}\n");
        for (at, amount) in &self.0 {
            text.push_str(&format!("{} {} {}\n", amount.octets, amount.files, at.as_bytes().escape_ascii()));
        }
        text.push_str(LAST);
        text.push('\n');
        let new = file.with_extension("new");
        let mut out = File::create(&new)?;
        out.write_all(text.as_bytes())?;
        out.sync_data()?;
        std::fs::rename(&new, file)
    }

    /// Each part, and what it held.
    pub fn iter(&self) -> impl Iterator<Item = &(VPath, Amount)> {
        self.0.iter()
    }
}

impl FromIterator<(VPath, Amount)> for Saved {
    fn from_iter<I: IntoIterator<Item = (VPath, Amount)>>(parts: I) -> Saved {
        Saved(parts.into_iter().collect())
    }
}

fn read(line: &str) -> Option<(VPath, Amount)> {
    let mut words = line.splitn(3, ' ');
    let (octets, files) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let at = VPath::parse(&unescaped(words.next()?)?).ok()?;
    Some((at, Amount { octets, files }))
}

/// The reverse of `escape_ascii`.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut rest) = (Vec::new(), text.bytes());
    while let Some(b) = rest.next() {
        if b != b'\\' {
            out.push(b);
            continue;
        }
        out.push(match rest.next()? {
            b't' => b'\t',
            b'r' => b'\r',
            b'n' => b'\n',
            b'x' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            plain @ (b'\\' | b'\'' | b'"') => plain,
            _other => return None,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_read_back_and_what_is_torn_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("quota");
        assert!(Saved::load(&file).unwrap().is_none());
        let names: [&[u8]; 4] = [b"/", b"/home/bob", b"/a b\n\"\\'", b"/\xff\x00"];
        let names =
            names.map(|n| VPath::parse(&n.iter().copied().filter(|b| *b != 0).collect::<Vec<_>>()).unwrap());
        let saved: Saved = names
            .into_iter()
            .zip(0..)
            .map(|(at, n)| (at, Amount { octets: u64::MAX - n, files: n }))
            .collect();
        saved.save(&file).unwrap();
        assert_eq!(Saved::load(&file).unwrap(), Some(saved));
        let whole = std::fs::read(&file).unwrap();
        for cut in 0..whole.len() - 1 {
            std::fs::write(&file, &whole[..cut]).unwrap();
            assert!(matches!(Saved::load(&file), Err(BadSaved::Line { .. })), "{cut}");
        }
        for (text, at) in [
            ("", 1),
            ("towline quota 2\nend\n", 1),
            ("towline quota 1\n1 2\nend\n", 2),
            ("towline quota 1\n1 -2 /\nend\n", 2),
            ("towline quota 1\n1 2 /../a\nend\n", 2),
            ("towline quota 1\n1 2 /\\q\nend\n", 2),
            ("towline quota 1\n1 2 /\\xzz\nend\n", 2),
        ] {
            std::fs::write(&file, text).unwrap();
            assert!(matches!(Saved::load(&file), Err(BadSaved::Line { line }) if line == at), "{text}");
        }
    }
}
