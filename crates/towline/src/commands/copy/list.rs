//! A list of files, one a line, with their digests: what `--list` reads.

use crate::digest::Expect;
use client::Scheme;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

/// One file of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// The line it stands in, from 1.
    pub(super) line: usize,
    /// A URL, a path, or a name below what the list is about.
    pub(super) name: OsString,
    pub(super) expect: Option<Expect>,
}

/// A line that says nothing that we know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct BadLine {
    pub(super) line: usize,
    pub(super) what: String,
}

/// Reads a list: `HEX  NAME` and `HEX *NAME` (md5sum, sha256sum, sha512sum), `SHA256 (NAME) = HEX` (the same
/// with `--tag`, and BSD), `URL [DIGEST]`; empty lines and lines that begin with `#` say nothing.
pub(super) fn read(text: &[u8]) -> Result<Vec<Entry>, Vec<BadLine>> {
    let (mut entries, mut bad) = (Vec::new(), Vec::new());
    for (n, octets) in text.split(|b| *b == b'\n').enumerate() {
        let octets = octets.strip_suffix(b"\r").unwrap_or(octets);
        let blank = octets.iter().all(u8::is_ascii_whitespace) || octets.starts_with(b"#");
        if blank {
            continue;
        }
        match entry(octets) {
            Ok((name, expect)) => {
                entries.push(Entry { line: n + 1, name: OsString::from_vec(name), expect });
            }
            Err(what) => bad.push(BadLine { line: n + 1, what }),
        }
    }
    if bad.is_empty() { Ok(entries) } else { Err(bad) }
}

fn entry(line: &[u8]) -> Result<(Vec<u8>, Option<Expect>), String> {
    // coreutils: a backslash in front says that the name has escapes.
    let (line, escaped) = match line.strip_prefix(b"\\") {
        Some(rest) => (rest, true),
        None => (line, false),
    };
    let (name, expect) = match tagged(line).or_else(|| summed(line)) {
        Some((name, expect)) => (name, Some(expect?)),
        None if is_url(line) => url(line)?,
        None => return Err(String::from("neither 'HEX  NAME', 'SHA256 (NAME) = HEX' nor 'URL [DIGEST]'")),
    };
    if name.is_empty() {
        return Err(String::from("the name is missing"));
    }
    Ok((if escaped { unescaped(&name)? } else { name }, expect))
}

type Found = Option<(Vec<u8>, Result<Expect, String>)>;

/// `SHA256 (NAME) = HEX`
fn tagged(line: &[u8]) -> Found {
    let open = line.windows(2).position(|w| w == b" (")?;
    let close = line.windows(4).rposition(|w| w == b") = ").filter(|at| *at >= open + 2)?;
    let algorithm = std::str::from_utf8(&line[..open]).ok()?;
    let known = ["MD5", "SHA256", "SHA512"].iter().any(|a| a.eq_ignore_ascii_case(algorithm));
    known.then(|| (line[open + 2..close].to_vec(), expect(Some(algorithm), &line[close + 4..])))
}

/// `HEX  NAME`, `HEX *NAME`
fn summed(line: &[u8]) -> Found {
    let space = line.iter().position(|b| *b == b' ')?;
    let (hex, rest) = (&line[..space], &line[space + 1..]);
    let name = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"*"))?;
    let is_hex = hex.len() >= 8 && hex.iter().all(u8::is_ascii_hexdigit);
    is_hex.then(|| (name.to_vec(), expect(None, hex)))
}

/// `URL [DIGEST]`; a space in a URL is `%20` here.
fn url(line: &[u8]) -> Result<(Vec<u8>, Option<Expect>), String> {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
    let name = words.next().unwrap_or_default().to_vec();
    let digest = words.next().map(|word| expect(None, word)).transpose()?;
    match words.next() {
        None => Ok((name, digest)),
        Some(_) => Err(String::from("more than a URL and a digest; a space in a URL is %20")),
    }
}

fn is_url(line: &[u8]) -> bool {
    Scheme::of_url(line).is_some()
}

fn expect(algorithm: Option<&str>, text: &[u8]) -> Result<Expect, String> {
    let text = std::str::from_utf8(text).map_err(|_| String::from("a digest is hexadecimal"))?.trim();
    match algorithm {
        Some(algorithm) => format!("{algorithm}:{text}").parse(),
        None => text.parse(),
    }
}

fn unescaped(name: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut octets = name.iter();
    while let Some(octet) = octets.next() {
        out.push(match octet {
            b'\\' => match octets.next() {
                Some(b'\\') => b'\\',
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                _ => return Err(String::from("a backslash with neither n, r nor another behind it")),
            },
            other => *other,
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";
    const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn one(line: &str) -> (String, Option<String>) {
        let entries = read(line.as_bytes()).unwrap();
        let [entry] = &entries[..] else { panic!("one entry: {entries:?}") };
        (entry.name.clone().into_string().unwrap(), entry.expect.as_ref().map(Expect::to_string))
    }

    #[test]
    fn the_formats_of_the_sum_programs_and_of_urls_are_read() {
        let (md5, sha) = (format!("md5:{MD5}"), format!("sha256:{SHA256}"));
        for (line, name, digest) in [
            (format!("{MD5}  a.bin"), "a.bin", Some(&md5)),
            (format!("{MD5} *a b.bin"), "a b.bin", Some(&md5)),
            (format!("{}  a\r", SHA256.to_uppercase()), "a", Some(&sha)),
            (format!("\\{MD5}  a\\nb\\\\c"), "a\nb\\c", Some(&md5)),
            (format!("SHA256 (a (1).bin) = {SHA256}"), "a (1).bin", Some(&sha)),
            (format!("MD5 (a) = {MD5}"), "a", Some(&md5)),
            (format!("tftp://h/a sha256:{SHA256}"), "tftp://h/a", Some(&sha)),
            (format!("tftp://h/a\t{MD5}"), "tftp://h/a", Some(&md5)),
            (String::from("ftp://u@h/a%20b"), "ftp://u@h/a%20b", None),
            (format!("{MD5}  tftp://h/a"), "tftp://h/a", Some(&md5)),
        ] {
            assert_eq!(one(&line), (name.to_owned(), digest.cloned()), "{line}");
        }
        assert_eq!(read(b"\n# all of them\n  \n"), Ok(vec![]));
    }

    #[test]
    fn bad_lines_are_told_each_with_its_number() {
        let text = format!("{MD5}  a\nnonsense\n\n{MD5}00  b\ntftp://h/a b c\nSHA256 (x) = 12\n{MD5}  ");
        let bad = read(text.as_bytes()).unwrap_err();
        let lines: Vec<usize> = bad.iter().map(|b| b.line).collect();
        assert_eq!(lines, [2, 4, 5, 6, 7], "{bad:?}");
        assert!(bad[3].what.contains("64 hexadecimal digits, this has 2"), "{bad:?}");
        assert!(bad[4].what.contains("name is missing"), "{bad:?}");
    }
}
