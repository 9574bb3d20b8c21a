//! Which devices of an inventory are meant: names, tags and patterns with commas between, `!` in front of those that are not; or
//! a file that has them a line each.

use super::device::{Device, Inventory};
use crate::config::nearest;
use crate::exit::Failure;
use std::str::FromStr;

/// Octets of a file of names, at most.
const MOST: u64 = 16 << 20;

/// `core*,!r9`
#[derive(Clone, Debug)]
pub(crate) struct Limit(Vec<Term>);

#[derive(Clone, Debug)]
struct Term {
    is_excluded: bool,
    pattern: String,
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Limit, String> {
        if let Some(file) = text.strip_prefix('@') {
            return Limit::of_file(file);
        }
        let term = |text: &str| {
            let (is_excluded, pattern) = match text.strip_prefix('!') {
                Some(pattern) => (true, pattern),
                None => (false, text),
            };
            match pattern {
                "" => Err(String::from(
                    "names, tags or patterns with commas between, '!' in front of those that are not meant",
                )),
                _ => Ok(Term { is_excluded, pattern: pattern.to_owned() }),
            }
        };
        text.split(',').map(|text| term(text.trim())).collect::<Result<_, _>>().map(Limit)
    }
}

impl Limit {
    /// Lines of a file, each as a text would be; empty ones and those that begin with `#` are none.
    fn of_file(file: &str) -> Result<Limit, String> {
        let size = std::fs::metadata(file).map_err(|e| format!("{file}: {e}"))?.len();
        if size > MOST {
            return Err(format!("{file}: it has {size} octets, at most {MOST} are read"));
        }
        let text = std::fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
        let mut terms = Vec::new();
        for (n, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.starts_with('@') {
                return Err(format!("{file}, line {}: a file names no other file", n + 1));
            }
            let Limit(more) = line.parse().map_err(|why| format!("{file}, line {}: {why}", n + 1))?;
            terms.extend(more);
        }
        match terms.is_empty() {
            true => Err(format!("{file}: no name stands in it: one a line")),
            false => Ok(Limit(terms)),
        }
    }

    /// Those that are meant. What names none of them is a slip.
    ///
    /// # Errors
    /// A term that fits no device.
    pub(crate) fn of<'a>(&self, inventory: &'a Inventory) -> Result<Vec<&'a Device>, Failure> {
        for Term { pattern, .. } in &self.0 {
            if !inventory.devices.iter().any(|device| fits(pattern, device)) {
                let words = inventory.devices.iter().flat_map(|d| d.tags.iter().chain([&d.name]));
                let words: Vec<String> = words.cloned().collect();
                let way_out = match nearest(pattern, &words) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => String::from("towline inventory FILE lists names and tags"),
                };
                return Err(Failure::usage(
                    "--limit",
                    format!("'{pattern}' is no device and no tag"),
                    way_out,
                ));
            }
        }
        let meant = |device: &&Device| {
            let of = |is_excluded| self.0.iter().filter(move |term| term.is_excluded == is_excluded);
            let is_named = of(false).next().is_none() || of(false).any(|term| fits(&term.pattern, device));
            is_named && !of(true).any(|term| fits(&term.pattern, device))
        };
        Ok(inventory.devices.iter().filter(meant).collect())
    }
}

fn fits(pattern: &str, device: &Device) -> bool {
    device.tags.iter().chain([&device.name]).any(|word| glob(pattern.as_bytes(), word.as_bytes()))
}

/// `*` any octets, `?` one.
fn glob(pattern: &[u8], word: &[u8]) -> bool {
    // Where the last star was, and where the word was then: only that one has to be tried again.
    let (mut p, mut w, mut star) = (0, 0, None);
    while w < word.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, w));
                p += 1;
            }
            Some(octet) if *octet == b'?' || *octet == word[w] => (p, w) = (p + 1, w + 1),
            _ => match star {
                Some((at, tried)) => {
                    star = Some((at, tried + 1));
                    (p, w) = (at + 1, tried + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|octet| *octet == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tags_and_patterns_choose_and_exclude() {
        let text = "[[device]]\nname = 'core1'\ntags = ['core', 'a']\n[[device]]\nname = 'core2'\ntags = ['core', 'b']\n\
                    [[device]]\nname = 'acc1'\ntags = 'a'\n";
        let inventory = super::super::tests::read("i.toml", text).expect("three");
        for (limit, right) in [
            ("core", "core1 core2"),
            ("core*", "core1 core2"),
            ("a", "core1 acc1"),
            ("a,!core", "acc1"),
            ("!acc1", "core1 core2"),
            ("*1", "core1 acc1"),
            ("core?,acc1", "core1 core2 acc1"),
            ("!*", ""),
        ] {
            let limit: Limit = limit.parse().unwrap();
            let names: Vec<&str> = limit.of(&inventory).unwrap().iter().map(|d| d.name.as_str()).collect();
            assert_eq!(names.join(" "), right, "{limit:?}");
        }
        let slip = "core1,core3x".parse::<Limit>().unwrap().of(&inventory).unwrap_err().to_string();
        assert!(slip.contains("'core3x' is no device and no tag; did you mean 'core"), "{slip}");
        for bad in ["", "a,,b", "!", "a,!"] {
            assert!(bad.parse::<Limit>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_has_names_a_line_each() {
        let inventory =
            super::super::tests::read("i.toml", "[[device]]\nname = 'r1'\n[[device]]\nname = 'r2'\n");
        let inventory = inventory.expect("two");
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("names");
        let limit = |text: &str| {
            std::fs::write(&path, text).unwrap();
            format!("@{}", path.display()).parse::<Limit>()
        };
        for (text, right) in [
            ("r1\nr2\n", "r1 r2"),
            ("# what failed\n\n  r2 \r\n", "r2"),
            ("*\n!r1\n", "r2"),
            ("r1,r2", "r1 r2"),
        ] {
            let names: Vec<String> =
                limit(text).unwrap().of(&inventory).unwrap().iter().map(|d| d.name.clone()).collect();
            assert_eq!(names.join(" "), right, "{text:?}");
        }
        for (text, why) in [
            ("", "no name stands in it"),
            ("#\n", "no name"),
            ("r1\n!\n", "line 2: names, tags"),
            ("@x\n", "line 1: a file"),
        ] {
            let said = limit(text).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
        assert!("@/no/such/file".parse::<Limit>().unwrap_err().contains("/no/such/file: No such file"));
        let slip = limit("r3\n").unwrap().of(&inventory).unwrap_err().to_string();
        assert!(slip.contains("'r3' is no device and no tag"), "{slip}");
    }

    #[test]
    fn stars_cost_no_time() {
        let word = "a".repeat(5_000);
        assert!(!glob(b"*a*a*a*a*a*a*a*a*a*b", word.as_bytes()));
        assert!(glob(b"*a*a*a*a*a*a*a*a*a*", word.as_bytes()));
    }
}
