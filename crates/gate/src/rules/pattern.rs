//! Which paths a rule is about.

use std::fmt;
use std::str::FromStr;
use store::{MAX_PATH, VPath};

/// A pattern of paths, from the root of the tree down, octet by octet.
///
/// `*` stands for any octets of one component and `?` for one of them; `**` as a whole component stands for any
/// number of components, none as well: `/images/**` is `/images` and everything below it, `/**/*.cfg` every name
/// that ends so, and `/images` is that directory alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    text: String,
    /// Components without wildcards that it begins with.
    prefix: Vec<Vec<u8>>,
    rest: Rest,
}

/// What a pattern says below its beginning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Rest {
    /// Nothing: that name alone.
    Here,
    /// `**`: that name and everything below.
    Below,
    /// The first of these has a wildcard.
    Parts(Vec<Part>),
}

/// A component of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// With `*` or `?` in it, or plain.
    Name(Vec<u8>),
    /// `**`.
    Deep,
}

/// Why a text is no pattern.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadPattern {
    /// It does not count from the root.
    #[error("'{0}' does not begin with '/': '/{0}' is from the root, '/**/{0}' anywhere")]
    Relative(String),
    /// It ends in `/`, or has two in a row.
    #[error(
        "'{0}' has an empty component: '/images' is that directory alone, '/images/**' all that is below too"
    )]
    Empty(String),
    /// `.` or `..`.
    #[error("'{0}' has '.' or '..': write it from the root of the tree down")]
    Dots(String),
    /// `**` beside other characters.
    #[error("'{0}' has '**' beside other characters: it is a component of its own, '/images/**/*.bin'")]
    Stars(String),
    /// Longer than any path, or with a NUL.
    #[error("no path is like this pattern: at most {MAX_PATH} octets, and none of them NUL")]
    Never,
}

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Pattern, BadPattern> {
        let of = |kind: fn(String) -> BadPattern| Err(kind(text.to_owned()));
        if text.len() > MAX_PATH || text.contains('\0') {
            return Err(BadPattern::Never);
        }
        let Some(relative) = text.strip_prefix('/') else { return of(BadPattern::Relative) };
        let mut parts = Vec::new();
        for name in relative.split('/').filter(|_| !relative.is_empty()) {
            match name {
                "" => return of(BadPattern::Empty),
                "." | ".." => return of(BadPattern::Dots),
                // Two in a row say no more than one.
                "**" if parts.last() == Some(&Part::Deep) => {}
                "**" => parts.push(Part::Deep),
                name if name.contains("**") => return of(BadPattern::Stars),
                name => parts.push(Part::Name(name.as_bytes().to_vec())),
            }
        }
        let plain = parts.iter().take_while(|p| matches!(p, Part::Name(n) if !is_wild(n))).count();
        let rest = parts.split_off(plain);
        let prefix = parts.into_iter().filter_map(|p| match p {
            Part::Name(name) => Some(name),
            Part::Deep => None,
        });
        let rest = match &rest[..] {
            [] => Rest::Here,
            [Part::Deep] => Rest::Below,
            _ => Rest::Parts(rest),
        };
        Ok(Pattern { text: text.to_owned(), prefix: prefix.collect(), rest })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Pattern {
    /// `/**`.
    pub fn everything() -> Pattern {
        Pattern { text: String::from("/**"), prefix: Vec::new(), rest: Rest::Below }
    }

    /// Whether a path is like it.
    pub fn fits(&self, path: &VPath) -> bool {
        let names: Vec<&[u8]> = path.components().collect();
        let begins = names.len() >= self.prefix.len() && self.prefix.iter().zip(&names).all(|(a, b)| a == b);
        begins && self.rest.fits(&names[self.prefix.len()..])
    }

    pub(super) fn prefix(&self) -> &[Vec<u8>] {
        &self.prefix
    }

    pub(super) fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Whether it judges `dir` and all that is or may be below it alike: holds for all of it or for nothing.
    pub(super) fn is_one_for(&self, dir: &VPath) -> bool {
        let names: Vec<&[u8]> = dir.components().collect();
        let common = self.prefix.iter().zip(&names).take_while(|(a, b)| a == *b).count();
        if common < self.prefix.len() {
            // It begins below the directory, or elsewhere.
            return common < names.len();
        }
        match &self.rest {
            Rest::Below => true,
            // Names the directory, or one above it.
            Rest::Here => names.len() > self.prefix.len(),
            // What a wildcard may be below is not worked out.
            Rest::Parts(_) => false,
        }
    }
}

impl Rest {
    /// Whether the components below the beginning are like this.
    pub(super) fn fits(&self, names: &[&[u8]]) -> bool {
        match self {
            Rest::Here => names.is_empty(),
            Rest::Below => true,
            Rest::Parts(parts) => fits(parts, names),
        }
    }

    /// The octets that whatever is like it must end with: of the last component, behind its last wildcard.
    pub(super) fn tail(&self) -> &[u8] {
        match self {
            Rest::Here | Rest::Below => b"",
            Rest::Parts(parts) => match parts.last() {
                Some(Part::Name(name)) => {
                    let wild = name.iter().rposition(|b| matches!(b, b'*' | b'?'));
                    wild.map_or(&name[..], |at| &name[at + 1..])
                }
                Some(Part::Deep) | None => b"",
            },
        }
    }
}

fn is_wild(name: &[u8]) -> bool {
    name.iter().any(|b| matches!(b, b'*' | b'?'))
}

/// Whether components are like parts. Takes at most parts x components steps: when the rest does not fit, only
/// the last `**` can take one more.
fn fits(parts: &[Part], names: &[&[u8]]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut deep: Option<(usize, usize)> = None;
    loop {
        let taken = match (parts.get(p), names.get(n)) {
            (None, None) => return true,
            (Some(Part::Deep), _) => {
                deep = Some((p + 1, n));
                p += 1;
                true
            }
            (Some(Part::Name(pattern)), Some(name)) if is_like(pattern, name) => {
                (p, n) = (p + 1, n + 1);
                true
            }
            (Some(Part::Name(_)), _) | (None, Some(_)) => false,
        };
        if taken {
            continue;
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

/// Whether one component is like a pattern without `**`. Takes at most pattern x name steps.
pub(crate) fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(p), name.get(n)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            (Some(b'?'), Some(_)) => {
                (p, n) = (p + 1, n + 1);
                continue;
            }
            (Some(a), Some(b)) if a == b => {
                (p, n) = (p + 1, n + 1);
                continue;
            }
            (Some(_), _) | (None, Some(_)) => {}
        }
        match &mut star {
            Some((after, from)) if *from < name.len() => {
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

    fn fits(pattern: &str, path: &str) -> bool {
        let pattern: Pattern = pattern.parse().unwrap_or_else(|e| panic!("{pattern}: {e}"));
        pattern.fits(&VPath::parse(path.as_bytes()).unwrap())
    }

    #[test]
    fn paths_are_like_patterns_octet_by_octet() {
        for (pattern, like, unlike) in [
            ("/", "/", "/a"),
            ("/**", "/ /a /a/b", ""),
            ("/images", "/images", "/ /images/a /imagesx /image"),
            ("/images/**", "/images /images/a /images/a/b", "/ /imagesx/a /x/images"),
            ("/images/*", "/images/a /images/.a", "/images /images/a/b"),
            ("/*", "/a", "/ /a/b"),
            ("/a?c", "/abc /a*c", "/ac /abbc /a/c"),
            ("/**/*.cfg", "/x.cfg /a/b/x.cfg /.cfg", "/x.cfgs /x.cfg/y /"),
            ("/a/**/z", "/a/z /a/b/z /a/b/c/z /a/z/z", "/a /a/z/b /z"),
            ("/a/**/b/**/c", "/a/b/c /a/x/b/y/c /a/b/b/c/c", "/a/c/b /a/b"),
            ("/a*b*c/x", "/abc/x /aabbcc/x /a-b-c/x", "/abcd/x /ab/x"),
            ("/**/x/**", "/x /a/x /a/x/b/c", "/a /ax"),
            ("/*/b/**", "/a/b /c/b/d", "/b /a/c/b"),
            ("/r?/*/conf*", "/r1/a/confg", "/r12/a/confg /r1/confg"),
            ("/ä?", "/ä1", "/a1"),
        ] {
            for path in like.split_whitespace() {
                assert!(fits(pattern, path), "{pattern} {path}");
            }
            for path in unlike.split_whitespace() {
                assert!(!fits(pattern, path), "{pattern} {path}");
            }
        }
        // A letter of two octets is two.
        assert!(fits("/??", "/ä") && !fits("/?", "/ä"));
        let odd = VPath::parse(b"/\xff/x").unwrap();
        assert!("/?/x".parse::<Pattern>().unwrap().fits(&odd));
        assert_eq!(Pattern::everything(), "/**".parse().unwrap());
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        for (text, words) in [
            ("images/**", "'/images/**' is from the root, '/**/images/**' anywhere"),
            ("", "does not begin with '/'"),
            ("/images/", "'/images/**' all that is below too"),
            ("//a", "empty component"),
            ("/a/../b", "'.' or '..'"),
            ("/./b", "'.' or '..'"),
            ("/a**", "a component of its own"),
            ("/***", "a component of its own"),
            ("/a\0", "NUL"),
        ] {
            let why = text.parse::<Pattern>().unwrap_err().to_string();
            assert!(why.contains(words), "{text}: {why}");
        }
        assert!(format!("/{}", "a".repeat(MAX_PATH)).parse::<Pattern>().is_err());
    }

    #[test]
    fn stars_do_not_take_time_without_bound() {
        let before = std::time::Instant::now();
        assert!(!fits(&format!("/{}b", "*a".repeat(100)), &"a".repeat(250)));
        assert!(!fits(&format!("{}/b", "/**/a".repeat(100)), &"a/".repeat(1_000)));
        assert!(fits(&format!("{}/a", "/**/a".repeat(100)), &"a/".repeat(1_000)));
        assert!(before.elapsed().as_secs() < 5);
    }

    #[test]
    fn a_directory_is_of_one_kind_where_no_pattern_divides_it() {
        for (pattern, one, divided) in [
            ("/**", "/ /a", ""),
            ("/a", "/b /a/b /ab", "/ /a"),
            ("/a/**", "/a /a/b /b", "/"),
            ("/a/b/**", "/a/b /a/b/c /a/c /c", "/ /a"),
            ("/**/*.cfg", "", "/ /a"),
            ("/a/*", "/b", "/ /a /a/b"),
        ] {
            let pattern: Pattern = pattern.parse().unwrap();
            for (dirs, is_one) in [(one, true), (divided, false)] {
                for dir in dirs.split_whitespace() {
                    let dir = VPath::parse(dir.as_bytes()).unwrap();
                    assert_eq!(pattern.is_one_for(&dir), is_one, "{pattern} {dir}");
                }
            }
        }
    }
}
