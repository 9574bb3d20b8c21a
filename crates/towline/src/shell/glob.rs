//! Patterns as the paths that there are.

use sftp_proto::scp::Pattern;

/// Paths that one pattern may stand for.
const MOST: usize = 100_000;

/// Why a pattern stands for nothing.
#[derive(Debug)]
pub(super) enum No<E> {
    /// No name fits.
    Match,
    /// Too many do.
    TooMany,
    /// A directory could not be listed.
    Listing(E),
}

/// The names in a directory, or why they cannot be had.
type Names<E> = Result<Vec<Vec<u8>>, E>;

/// The paths that a pattern stands for, in order; what is none stands for itself. `list` gives the names in a
/// directory, of which the empty path is the one where one is.
pub(super) fn expand<E>(
    pattern: &Pattern,
    list: &mut dyn FnMut(&[u8]) -> Names<E>,
) -> Result<Vec<Vec<u8>>, No<E>> {
    if let Some(path) = pattern.literal() {
        return Ok(vec![path]);
    }
    let start: &[u8] = if pattern.written().first() == Some(&b'/') { b"/" } else { b"" };
    let mut paths = vec![start.to_vec()];
    let components: Vec<Pattern> = pattern.components().collect();
    for (n, component) in components.iter().enumerate() {
        if let Some(name) = component.literal() {
            paths.iter_mut().for_each(|path| *path = joined(path, &name));
            continue;
        }
        let mut found = Vec::new();
        for path in &paths {
            let mut names = match list(path) {
                Ok(names) => names,
                // Of several that fit one may be a file, or nobody's to look into.
                Err(_) if n > 0 => continue,
                Err(why) => return Err(No::Listing(why)),
            };
            names.retain(|name| component.fits(name));
            names.sort();
            found.extend(names.iter().map(|name| joined(path, name)));
            if found.len() > MOST {
                return Err(No::TooMany);
            }
        }
        paths = found;
    }
    if paths.is_empty() { Err(No::Match) } else { Ok(paths) }
}

/// A path below another one; what begins with `/` is below none.
pub(super) fn joined(base: &[u8], path: &[u8]) -> Vec<u8> {
    match (base, path) {
        (base, path) if base.is_empty() || path.first() == Some(&b'/') => path.to_vec(),
        (base, b"") => base.to_vec(),
        (base, path) if base.ends_with(b"/") => [base, path].concat(),
        (base, path) => [base, b"/", path].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [(&str, &[&str]); 4] = [
        ("", &["b.cfg", "a.cfg", "d", "e", ".hidden.cfg"]),
        ("d", &["x1", "x2"]),
        ("e", &["x1", "y"]),
        ("/", &["etc"]),
    ];

    fn found(pattern: &str) -> Option<String> {
        let list = &mut |path: &[u8]| -> Names<()> {
            let of = NAMES.iter().find(|(name, _)| name.as_bytes() == path).ok_or(())?;
            Ok(of.1.iter().map(|name| name.as_bytes().to_vec()).collect())
        };
        let paths = expand(&Pattern::read(pattern.as_bytes()), list).ok()?;
        let text = paths.into_iter().map(|path| String::from_utf8(path).unwrap());
        Some(text.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn patterns_are_the_paths_that_there_are() {
        for (pattern, paths) in [
            ("plain", Some("plain")),
            ("*.cfg", Some("a.cfg b.cfg")),
            (".*", Some(".hidden.cfg")),
            ("?/x1", Some("d/x1 e/x1")),
            ("?/x*", Some("d/x1 d/x2 e/x1")),
            ("[de]/y", Some("d/y e/y")),
            ("*/*", Some("d/x1 d/x2 e/x1 e/y")),
            ("/e*", Some("/etc")),
            ("z*", None),
            ("absent/*", None),
        ] {
            assert_eq!(found(pattern).as_deref(), paths, "{pattern}");
        }
    }

    #[test]
    fn paths_are_joined_once() {
        for (base, path, whole) in
            [("", "a", "a"), ("/", "a", "/a"), ("/a", "b", "/a/b"), ("/a", "/b", "/b"), ("/a", "", "/a")]
        {
            assert_eq!(joined(base.as_bytes(), path.as_bytes()), whole.as_bytes());
        }
    }
}
