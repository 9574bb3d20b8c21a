//! What is wanted.

use sftp_proto::scp::Pattern;
use std::fmt;

/// Which names, and what is done with them.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub(super) only: Vec<Path>,
    pub(super) without: Vec<Path>,
    /// Removes what only the target has. Names that are left out stay.
    pub delete: bool,
    /// Compares the digests of files of the same length, whatever their times.
    pub checksum: bool,
    /// Changes nothing.
    pub dry_run: bool,
    /// Takes a file of the target for the same that is newer: of a server that sets no times.
    pub(crate) newer_is_same: bool,
}

/// A pattern that is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadPattern;

impl fmt::Display for BadPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("matches nothing: give a name with *, ? or [...], with / between directories")
    }
}

impl std::error::Error for BadPattern {}

/// A pattern of names: one component fits a name at any depth, several fit the whole path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Path {
    parts: Vec<Part>,
    is_anywhere: bool,
    only_directories: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    /// `**`: any directories, also none.
    Deep,
    One(Pattern),
}

impl Rules {
    /// Of files only those that this pattern fits, or another one that was given so. Directories are gone through all
    /// the same.
    ///
    /// # Errors
    /// It is empty.
    pub fn include(&mut self, pattern: &[u8]) -> Result<(), BadPattern> {
        self.only.push(Path::read(pattern)?);
        Ok(())
    }

    /// Without what this pattern fits, and without all that is below it; it counts more than `include`.
    ///
    /// # Errors
    /// It is empty.
    pub fn exclude(&mut self, pattern: &[u8]) -> Result<(), BadPattern> {
        self.without.push(Path::read(pattern)?);
        Ok(())
    }

    /// Whether a name is left out: on neither side anything is done about it.
    pub(crate) fn leaves_out(&self, path: &[u8], is_directory: bool) -> bool {
        let fits = |pattern: &Path| pattern.fits(path, is_directory);
        self.without.iter().any(fits) || !is_directory && !self.only.is_empty() && !self.only.iter().any(fits)
    }
}

impl Path {
    fn read(text: &[u8]) -> Result<Path, BadPattern> {
        let only_directories = text.ends_with(b"/");
        let inner = text.strip_suffix(b"/").unwrap_or(text);
        let parts: Vec<Part> = inner
            .split(|b| *b == b'/')
            .filter(|part| !part.is_empty())
            .map(|part| if part == b"**" { Part::Deep } else { Part::One(Pattern::read(part)) })
            .collect();
        if parts.is_empty() {
            return Err(BadPattern);
        }
        Ok(Path { is_anywhere: !inner.contains(&b'/'), parts, only_directories })
    }

    fn fits(&self, path: &[u8], is_directory: bool) -> bool {
        if self.only_directories && !is_directory {
            return false;
        }
        let names: Vec<&[u8]> = path.split(|b| *b == b'/').collect();
        let names = if self.is_anywhere { names.last().map(std::slice::from_ref) } else { Some(&names[..]) };
        names.is_some_and(|names| fits(&self.parts, names))
    }
}

/// Takes at most parts x names steps for each `**`, of which only the last one can take one more.
fn fits(parts: &[Part], names: &[&[u8]]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut deep: Option<(usize, usize)> = None;
    loop {
        match (parts.get(p), names.get(n)) {
            (None, None) => return true,
            (Some(Part::Deep), _) => {
                deep = Some((p + 1, n));
                p += 1;
                continue;
            }
            (Some(Part::One(pattern)), Some(name)) if pattern.fits_any(name) => {
                (p, n) = (p + 1, n + 1);
                continue;
            }
            (Some(Part::One(_)), _) | (None, Some(_)) => {}
        }
        match &mut deep {
            Some((after, from)) if *from < names.len() => {
                *from += 1;
                (p, n) = (*after, *from);
            }
            Some(_) | None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_a_name_anywhere_or_the_whole_path() {
        for (pattern, path, is_directory, fits) in [
            ("*.cfg", "r1.cfg", false, true),
            ("*.cfg", "a/b/r1.cfg", false, true),
            ("*.cfg", "a/b/.r1.cfg", false, true),
            ("*.cfg", "a.cfg/b", false, false),
            ("a/*.cfg", "a/r1.cfg", false, true),
            ("/a/*.cfg", "a/r1.cfg", false, true),
            ("a/*.cfg", "b/a/r1.cfg", false, false),
            ("a/*", "a/b/c", false, false),
            ("**/x", "x", false, true),
            ("**/x", "a/b/x", false, true),
            ("a/**/x", "a/b/c/x", false, true),
            ("a/**/x", "a/x", false, true),
            ("a/**/x", "b/a/x", false, false),
            ("a/**", "a/b/c", false, true),
            ("**/b/**/d", "a/b/b/c/d", false, true),
            ("old/", "old", true, true),
            ("old/", "a/old", true, true),
            ("old/", "old", false, false),
            ("/old", "old", false, true),
            ("/old", "a/old", false, false),
            ("[ab]?", "a1", false, true),
            ("\\*", "x", false, false),
            ("\\*", "*", false, true),
        ] {
            let read = Path::read(pattern.as_bytes()).unwrap();
            assert_eq!(read.fits(path.as_bytes(), is_directory), fits, "{pattern} {path}");
        }
        for none in ["", "/", "//"] {
            assert_eq!(Path::read(none.as_bytes()), Err(BadPattern), "{none:?}");
        }
    }

    #[test]
    fn what_is_excluded_is_left_out_and_of_files_what_is_not_included() {
        let mut rules = Rules::default();
        assert!(!rules.leaves_out(b"a", false));
        rules.include(b"*.cfg").unwrap();
        rules.exclude(b"r1.*").unwrap();
        for (path, is_directory, is_out) in [
            ("r2.cfg", false, false),
            ("r1.cfg", false, true),
            ("r2.bin", false, true),
            ("d", true, false),
            ("r1.d", true, true),
        ] {
            assert_eq!(rules.leaves_out(path.as_bytes(), is_directory), is_out, "{path}");
        }
    }
}
