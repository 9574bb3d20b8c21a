//! What may be otherwise than it looks, because something near it could not be read.
//!
//! A file is judged as far as it can be read. What stands there is judged; what follows only from something that is
//! *not* there is not told where it may be there with a slip in it.

use super::origin::Origins;
use std::collections::BTreeSet;

/// Paths of what could not be read: a key (`server.write`), a section with a key that nobody knows (`server`; empty:
/// the file, with such a section), a list that lacks an item (`mount`).
#[derive(Clone, Default, Debug)]
pub(super) struct Doubts(BTreeSet<String>);

impl Doubts {
    pub(super) fn note(&mut self, path: String) {
        self.0.insert(path);
    }

    /// Forgets this and all below it.
    pub(super) fn forget(&mut self, path: &str) {
        self.0.retain(|doubt| !is_within(doubt, path));
    }

    /// Whether the setting, section or list at `path` is what it looks like.
    pub(super) fn spare(&self, path: &str, origins: &Origins) -> bool {
        // What was set, however much is unknown beside it, was set.
        let is_set = || origins.set(path).is_some();
        !self.0.iter().any(|doubt| is_within(doubt, path) || (is_within(path, doubt) && !is_set()))
    }
}

/// Whether `path` is `whole` or below it.
fn is_within(path: &str, whole: &str) -> bool {
    let rest = path.strip_prefix(whole);
    whole.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::super::origin::Origin;
    use super::*;

    #[test]
    fn what_is_not_there_is_in_doubt_beside_what_could_not_be_read() {
        let mut origins = Origins::default();
        origins.note("server.root", Origin::Flag("DIR"));
        let doubts = |paths: &[&str]| Doubts(paths.iter().map(|p| String::from(*p)).collect());
        for (noted, sure, unsure) in [
            (&["server"][..], &["server.root", "tftp.port", "serve"][..], &["server.write", "server"][..]),
            (&["server.root"], &["server.write"], &["server.root"]),
            (&[""], &["server.root"], &["server.write", "mount"]),
            (&["mount"], &["root"], &["mount", "mount.0.write"]),
            (&["mount.1"], &["mount.0.write", "mount.10.write"], &["mount", "mount.1.write"]),
        ] {
            let doubts = doubts(noted);
            sure.iter().for_each(|path| assert!(doubts.spare(path, &origins), "{noted:?}: {path}"));
            unsure.iter().for_each(|path| assert!(!doubts.spare(path, &origins), "{noted:?}: {path}"));
        }
        let mut some = doubts(&["mount.1.write", "mount.10"]);
        some.forget("mount.1");
        assert!(some.spare("mount.1.write", &origins) && !some.spare("mount.10.write", &origins));
    }
}
