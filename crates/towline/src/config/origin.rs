//! Where a setting comes from: nowhere, a place in a file, a variable, an option.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A text that was read, and how it is called.
#[derive(PartialEq, Eq, Debug)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// Some octets of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// Octets of its text.
    pub span: Range<usize>,
}

impl Place {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.before().rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1
    }

    /// The text of the line, without its end.
    pub fn text(&self) -> &str {
        self.source.text.lines().nth(self.line() - 1).unwrap_or_default()
    }

    fn before(&self) -> &str {
        self.source.text.get(..self.span.start).unwrap_or(&self.source.text)
    }
}

/// Where a setting comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File(Place),
    /// An environment variable, and what it says.
    Environment {
        /// Its name.
        name: String,
        /// Its text.
        text: String,
    },
    /// An option of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    /// `default`, `FILE:LINE`, `TOWLINE_…`, `--option`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(place) => write!(f, "{}:{}", place.source.path.display(), place.line()),
            Origin::Environment { name, .. } => f.write_str(name),
            Origin::Flag(option) => f.write_str(option),
        }
    }
}

/// Lines of settings, asked for in the order in which they are written: a file is gone through once.
pub struct Lines<'a> {
    origins: &'a Origins,
    at: usize,
    line: usize,
    file: Option<Arc<str>>,
}

impl Lines<'_> {
    /// The file and the line of what is at `path`; what no file says has the name of its origin and line 0.
    pub fn of(&mut self, path: &str) -> (Arc<str>, usize) {
        let place = match self.origins.of(path) {
            Origin::File(place) => place,
            origin @ (Origin::Default | Origin::Environment { .. } | Origin::Flag(_)) => {
                return (Arc::from(origin.to_string()), 0);
            }
        };
        if place.span.start < self.at {
            (self.at, self.line) = (0, 1);
        }
        let text = place.source.text.as_bytes();
        self.line += text[self.at..place.span.start].iter().filter(|b| **b == b'\n').count();
        self.at = place.span.start;
        let name = || Arc::from(place.source.path.display().to_string());
        (self.file.get_or_insert_with(name).clone(), self.line)
    }
}

/// The origin of each setting that is no default, by its path: `tftp.port`, `mount.0.dir`.
#[derive(Clone, Default, Debug)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Lines of settings.
    pub fn lines(&self) -> Lines<'_> {
        Lines { origins: self, at: 0, line: 1, file: None }
    }

    /// Where a setting comes from; one that nobody set comes from what it is part of (`mount.0` for
    /// `mount.0.quota`), where that was set.
    pub fn of(&self, path: &str) -> Origin {
        let mut at = path;
        loop {
            if let Some(origin) = self.0.get(at) {
                return origin.clone();
            }
            match at.rsplit_once('.') {
                Some((above, _)) => at = above,
                None => return Origin::Default,
            }
        }
    }

    /// Where exactly this setting was set.
    pub fn set(&self, path: &str) -> Option<&Origin> {
        self.0.get(path)
    }

    /// Where a value was set, by itself or with a whole that is no section of a file or a variable: an option that
    /// gives all users gives each of their settings.
    pub(crate) fn nearest_set(&self, path: &str) -> Option<Origin> {
        self.set(path).cloned().or_else(|| match self.of(path) {
            flag @ Origin::Flag(_) => Some(flag),
            Origin::Default | Origin::File(_) | Origin::Environment { .. } => None,
        })
    }

    /// Everything that was set, in the order of paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.0.iter().map(|(path, origin)| (path.as_str(), origin))
    }

    /// Notes that something was set, in place of what was noted for it and for all below it.
    pub(crate) fn note(&mut self, path: &str, origin: Origin) {
        self.forget(path);
        self.0.insert(path.to_owned(), origin);
    }

    /// Forgets what was noted for this and for all below it.
    pub(super) fn forget(&mut self, path: &str) {
        let below = format!("{path}.");
        // Only those below are looked at: 10,000 users have 40,000 paths.
        let gone: Vec<String> = self
            .0
            .range(below.clone()..)
            .map(|(p, _)| p)
            .take_while(|p| p.starts_with(&below))
            .cloned()
            .collect();
        gone.iter().for_each(|p| drop(self.0.remove(p)));
        self.0.remove(path);
    }
}
