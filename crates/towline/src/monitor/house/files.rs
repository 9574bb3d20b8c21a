//! Certificates and keys of the owner's that another program writes anew, as those do that renew them: taken up without
//! being asked.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often it is looked.
const LOOKS: Duration = Duration::from_secs(1);
/// A certificate and its key are two files: what has just changed may be half of it.
const SETTLES: Duration = Duration::from_secs(2);

/// What a file is told by: device, inode, size and time of its last change. `None`: it is not there.
type Mark = Option<(u64, u64, u64, i64, i64)>;

/// Files whose change is a reload.
pub(super) struct Watched {
    paths: Vec<PathBuf>,
    /// How they were when they were last read.
    taken: Vec<Mark>,
    /// How they are otherwise, and since when.
    other: Option<(Vec<Mark>, Instant)>,
    looked: Instant,
}

impl Watched {
    /// These, which are about to be read.
    pub(super) fn of(paths: Vec<PathBuf>, now: Instant) -> Watched {
        let taken = marks(&paths);
        Watched { paths, taken, other: None, looked: now }
    }

    /// Whether they have changed since they were read, and are as they are for a while.
    pub(super) fn have_changed(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.looked) < LOOKS {
            return false;
        }
        self.looked = now;
        let found = marks(&self.paths);
        if found == self.taken {
            self.other = None;
            return false;
        }
        match &self.other {
            Some((other, since)) if *other == found => now.saturating_duration_since(*since) >= SETTLES,
            Some(_) | None => {
                self.other = Some((found, now));
                false
            }
        }
    }
}

fn marks(paths: &[PathBuf]) -> Vec<Mark> {
    let mark = |path: &PathBuf| {
        let at = std::fs::metadata(path).ok()?;
        Some((at.dev(), at.ino(), at.size(), at.ctime(), at.ctime_nsec()))
    };
    paths.iter().map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_when_it_has_settled_and_until_it_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let paths: Vec<_> = ["cert", "key"].iter().map(|name| dir.path().join(name)).collect();
        let write = |nth: usize, text: &str| std::fs::write(&paths[nth], text).unwrap();
        write(0, "one");
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut watched = Watched::of(paths.clone(), began);
        assert!(!watched.have_changed(at(1)));
        write(0, "another");
        assert!(!watched.have_changed(at(2)));
        // The key comes to it in the meantime: from here it counts anew.
        write(1, "its key");
        assert!(!watched.have_changed(at(4)));
        assert!(!watched.have_changed(at(5)));
        assert!(watched.have_changed(at(6)));
        assert!(!watched.have_changed(at(6)), "it is looked once a second");
        let mut watched = Watched::of(paths.clone(), at(6));
        assert!(!watched.have_changed(at(7)) && !watched.have_changed(at(20)));
        // Replaced by a file of the same octets, and taken away.
        for path in &paths {
            std::fs::rename(path, dir.path().join("aside")).unwrap();
            std::fs::copy(dir.path().join("aside"), path).unwrap();
        }
        assert!(!watched.have_changed(at(21)));
        assert!(watched.have_changed(at(23)));
        std::fs::remove_file(&paths[1]).unwrap();
        assert!(!watched.have_changed(at(24)));
        assert!(watched.have_changed(at(26)));
    }
}
