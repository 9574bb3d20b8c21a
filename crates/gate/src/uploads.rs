//! What an upload may do, path by path: one ordered table.

use std::fmt;
use std::str::FromStr;
use store::VPath;

/// What becomes of a name that somebody uploads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Upload {
    /// Only names that are free; what is there stays, whoever asks.
    Create,
    /// The new file replaces the old one.
    Overwrite,
    /// The new file replaces the old one, which is kept as a version.
    Version,
    /// No uploads.
    Deny,
    /// A drop box: who is not a user puts files in, each under a name with its time, and neither reads nor
    /// lists. For users there is no such row.
    DropBox,
}

impl Upload {
    const ALL: [(&'static str, Upload); 5] = [
        ("create", Upload::Create),
        ("overwrite", Upload::Overwrite),
        ("version", Upload::Version),
        ("deny", Upload::Deny),
        ("dropbox", Upload::DropBox),
    ];

    /// Whether what is there must not be lost: nothing is removed, renamed or dated anew either.
    pub(crate) fn protects(self) -> bool {
        match self {
            Upload::Create | Upload::Version | Upload::Deny => true,
            Upload::Overwrite | Upload::DropBox => false,
        }
    }
}

impl fmt::Display for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = Upload::ALL.iter().find(|row| row.1 == *self).expect("every one has a row");
        f.write_str(row.0)
    }
}

/// One row: `PATH=create`.
///
/// The path is a pattern: `*` stands for any octets but `/`, `**` for any at all, `?` for one. Without a `/`
/// but at its end it is looked for in every directory (`*.cfg`), with one it counts from the root
/// (`configs/*.cfg`, `/boot.cfg`). A row holds for what it names and for everything below.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UploadRule {
    what: Where,
    upload: Upload,
}

/// What a row is about.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Where {
    /// Without the slashes at its ends; `**` alone is everything.
    Pattern(Vec<u8>),
    /// A directory, by its name.
    Below(VPath),
}

impl FromStr for UploadRule {
    type Err = String;

    fn from_str(text: &str) -> Result<UploadRule, String> {
        let wrong = || format!("write PATH=POLICY with one of {}", Upload::ALL.map(|row| row.0).join(", "));
        let (path, word) = text.rsplit_once('=').ok_or_else(wrong)?;
        let upload = Upload::ALL.iter().find(|row| row.0 == word).ok_or_else(wrong)?.1;
        if path.split('/').any(|c| c == "..") {
            return Err(String::from("the path has '..': write it from the served directory down"));
        }
        let inner = path.trim_matches('/');
        if inner.is_empty() && !path.contains('/') {
            return Err(String::from("the path is empty: '/' or '**' is everything"));
        }
        let pattern = match inner {
            "" => String::from("**"),
            anywhere if !path.trim_end_matches('/').contains('/') => format!("**/{anywhere}"),
            from_root => String::from(from_root),
        };
        Ok(UploadRule { what: Where::Pattern(pattern.into_bytes()), upload })
    }
}

/// Rows in their order: the first that fits counts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Uploads(pub Vec<UploadRule>);

impl Uploads {
    /// What holds for a path; `None`: no row does, and who uploads decides.
    pub fn of(&self, path: &VPath) -> Option<Upload> {
        self.0.iter().find(|rule| rule.fits(path)).map(|rule| rule.upload)
    }

    /// Whether a path is in a drop box. Costs nothing where there is none.
    pub(crate) fn drops(&self, path: &VPath) -> bool {
        self.have_drop_box() && self.of(path) == Some(Upload::DropBox)
    }

    /// Whether any row makes a drop box.
    pub(crate) fn have_drop_box(&self) -> bool {
        self.0.iter().any(|rule| rule.upload == Upload::DropBox)
    }

    /// Whether any row keeps something from being lost.
    pub(crate) fn protect(&self) -> bool {
        self.0.iter().any(|rule| rule.upload.protects())
    }
}

impl UploadRule {
    /// The row of a directory and all below it: what a mount says.
    pub fn below(dir: VPath, upload: Upload) -> UploadRule {
        UploadRule { what: Where::Below(dir), upload }
    }

    /// What it allows.
    pub fn upload(&self) -> Upload {
        self.upload
    }

    fn fits(&self, path: &VPath) -> bool {
        let pattern = match &self.what {
            Where::Pattern(pattern) => pattern,
            Where::Below(dir) => return path.is_within(dir),
        };
        let mut at = path.clone();
        loop {
            if matches(pattern, at.relative()) {
                return true;
            }
            if at.is_root() {
                return false;
            }
            at = at.parent();
        }
    }
}

/// Whether a pattern is the whole of a name. Takes at most pattern x name steps.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // Which lengths of the name's beginning the pattern so far is.
    let mut is = vec![false; name.len() + 1];
    is[0] = true;
    let mut rest = pattern;
    while let Some((&b, after)) = rest.split_first() {
        let mut next = vec![false; name.len() + 1];
        rest = match (b, after.first()) {
            (b'*', Some(b'*')) => {
                let from = is.iter().position(|&so| so).unwrap_or(next.len());
                next[from..].fill(true);
                // `**/` is also no directory at all.
                match after[1..].strip_prefix(b"/") {
                    Some(below) => {
                        for n in (0..name.len()).rev() {
                            next[n + 1] = next[n] && name[n] == b'/';
                        }
                        next[0] = false;
                        for (n, so) in next.iter_mut().enumerate() {
                            *so |= is[n];
                        }
                        below
                    }
                    None => &after[1..],
                }
            }
            (b'*', _) => {
                for n in 0..=name.len() {
                    next[n] = is[n] || (n > 0 && next[n - 1] && name[n - 1] != b'/');
                }
                after
            }
            (b, _) => {
                for n in 1..=name.len() {
                    next[n] = is[n - 1] && (name[n - 1] == b || (b == b'?' && name[n - 1] != b'/'));
                }
                after
            }
        };
        is = next;
    }
    is[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uploads(rows: &[&str]) -> Uploads {
        Uploads(rows.iter().map(|r| r.parse().unwrap_or_else(|e| panic!("{r}: {e}"))).collect())
    }

    fn of(uploads: &Uploads, path: &str) -> Option<Upload> {
        uploads.of(&VPath::parse(path.as_bytes()).unwrap())
    }

    #[test]
    fn the_first_row_that_fits_counts() {
        let u =
            uploads(&["images/=deny", "*.cfg=version", "/in/*/x?=create", "tmp/**/a=overwrite", "/=create"]);
        for (path, expected) in [
            ("images/a.cfg", Upload::Deny),
            ("images/deep/a.cfg", Upload::Deny),
            ("a/images/b", Upload::Deny),
            ("imagesx/a.cfg", Upload::Version),
            ("a/b/c.cfg", Upload::Version),
            (".cfg", Upload::Version),
            ("in/r1/x1", Upload::Create),
            ("tmp/a", Upload::Overwrite),
            ("tmp/b/c/a", Upload::Overwrite),
            ("tmp/b/c/a/below", Upload::Overwrite),
            ("tmp/b/ca", Upload::Create),
            ("other", Upload::Create),
        ] {
            assert_eq!(of(&u, path), Some(expected), "{path}");
        }
        let u = uploads(&["/boot.cfg=deny", "a/b=create"]);
        assert_eq!(of(&u, "boot.cfg"), Some(Upload::Deny));
        assert_eq!(of(&u, "sub/boot.cfg"), None, "a leading '/' is the root");
        assert_eq!((of(&u, "a/b/c"), of(&u, "x/a/b")), (Some(Upload::Create), None));
        assert_eq!(of(&Uploads::default(), "a"), None);
        assert_eq!(of(&uploads(&["**=deny"]), "a/b"), Some(Upload::Deny));
    }

    #[test]
    fn stars_do_not_take_time_without_bound() {
        let u = uploads(&[&format!("/{}b=deny", "*a".repeat(100))]);
        let before = std::time::Instant::now();
        assert_eq!(of(&u, &"a".repeat(250)), None);
        assert_eq!(of(&u, &format!("{}b", "a".repeat(250))), Some(Upload::Deny));
        assert!(before.elapsed().as_secs() < 5);
    }

    #[test]
    fn what_is_no_row_is_told() {
        for (text, words) in [
            ("a", "PATH=POLICY"),
            ("a=keep", "create, overwrite, version, deny, dropbox"),
            ("=deny", "is everything"),
            ("../a=deny", "'..'"),
        ] {
            let why = text.parse::<UploadRule>().unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
        assert_eq!("a=b=deny".parse::<UploadRule>().unwrap().what, Where::Pattern(b"**/a=b".to_vec()));
        let u = Uploads(vec![UploadRule::below(VPath::parse(b"a*").unwrap(), Upload::Deny)]);
        assert_eq!(
            (of(&u, "a*/x"), of(&u, "ab/x")),
            (Some(Upload::Deny), None),
            "a mount's name is no pattern"
        );
    }
}
