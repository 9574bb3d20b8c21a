//! Hosts that know only old algorithms: which older profile somebody has allowed for which host, while it has that key.
//!
//! It is never an error: a file that cannot be read allows nothing, and one that cannot be written is asked for again.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use transport::ssh::Profile;

/// Hosts remembered at a time; the one that was noted longest ago makes room.
const MOST: usize = 1_000;
/// Octets that are read: a name has 255, a fingerprint 50.
const OCTETS: u64 = 512 * MOST as u64;

/// What is allowed for one host.
pub(super) struct Allowed {
    file: Option<PathBuf>,
    /// As files of known hosts name it.
    host: String,
    kept: Option<Kept>,
}

/// An older profile, and the key of the host that it holds for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Kept {
    pub(super) profile: Profile,
    /// `SHA256:…`
    pub(super) fingerprint: String,
}

impl Allowed {
    /// What the file says of a host; without a file nothing is allowed or kept.
    pub(super) fn read(file: Option<&Path>, host: String) -> Allowed {
        let text = file.and_then(|file| text(file).ok()).unwrap_or_default();
        let kept = lines(&text).find(|(name, _)| *name == host).map(|(_, kept)| kept);
        Allowed { file: file.map(Path::to_owned), host, kept }
    }

    /// What was read.
    pub(super) fn kept(&self) -> Option<&Kept> {
        self.kept.as_ref()
    }

    /// From now on it is this.
    pub(super) fn keep(&self, kept: &Kept) {
        if self.kept.as_ref() != Some(kept) {
            // The flag is given again, or somebody is asked again.
            let _ = self.write(Some(kept));
        }
    }

    /// From now on it is none.
    pub(super) fn forget(&self) {
        if self.kept.is_some() {
            // It knows better than what is kept of it, and gets better.
            let _ = self.write(None);
        }
    }

    /// The whole file anew, with this host's line last. Of two commands at the same time the last one's lines stay.
    fn write(&self, kept: Option<&Kept>) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let old = text(file).or_else(|e| match e.kind() {
            io::ErrorKind::NotFound => Ok(String::new()),
            _other => Err(e),
        })?;
        let line = |(name, kept): (&str, &Kept)| format!("{name} {} {}\n", kept.profile, kept.fingerprint);
        let others = lines(&old).filter(|(name, _)| *name != self.host);
        let mut new: Vec<String> = others.map(|(name, kept)| line((name, &kept))).collect();
        new.extend(kept.map(|kept| line((&self.host, kept))));
        let text = new[new.len().saturating_sub(MOST)..].concat();
        let directory = file.parent().unwrap_or(Path::new("/"));
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let beside = directory.join(temporary());
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
        let written = written.and_then(|mut open| open.write_all(text.as_bytes()));
        written.and_then(|()| std::fs::rename(&beside, file)).inspect_err(|_| {
            // It may not even be there.
            let _ = std::fs::remove_file(&beside);
        })
    }
}

/// A name that no other thread or process takes.
fn temporary() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!(".ssh-profiles-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn text(file: &Path) -> io::Result<String> {
    let mut octets = Vec::new();
    File::open(file)?.take(OCTETS).read_to_end(&mut octets)?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// `HOST PROFILE SHA256:…` a line, as `[HOST]:PORT` where the port is not 22. Other lines are skipped, and the strictest
/// profile needs none.
fn lines(text: &str) -> impl Iterator<Item = (&str, Kept)> {
    text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (name, profile, fingerprint) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
        let is_one = profile > Profile::Modern && fingerprint.starts_with("SHA256:");
        is_one.then(|| (name, Kept { profile, fingerprint: fingerprint.to_owned() }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(profile: Profile, fingerprint: &str) -> Kept {
        Kept { profile, fingerprint: fingerprint.to_owned() }
    }

    #[test]
    fn what_is_kept_is_read_again_and_forgotten_when_it_is_not_needed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("towline/ssh-profiles");
        let of = |host: &str| Allowed::read(Some(&file), host.to_owned());
        let old = kept(Profile::LegacyIos, "SHA256:a");
        assert_eq!(of("r1").kept(), None);
        of("r1").forget();
        assert!(!file.exists(), "nothing to forget");
        of("r1").keep(&old);
        of("[r2]:2222").keep(&kept(Profile::Compat, "SHA256:b"));
        assert_eq!(of("r1").kept(), Some(&old));
        assert_eq!(of("r2").kept(), None, "another port is another server");
        let text = || std::fs::read_to_string(&file).unwrap();
        assert_eq!(text(), "r1 legacy-ios SHA256:a\n[r2]:2222 compat SHA256:b\n");
        of("r1").keep(&kept(Profile::Compat, "SHA256:c"));
        assert_eq!(text(), "[r2]:2222 compat SHA256:b\nr1 compat SHA256:c\n");
        of("r1").forget();
        assert_eq!(text(), "[r2]:2222 compat SHA256:b\n");
        let names: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().collect();
        assert_eq!(names.len(), 1, "no temporary file stays");
    }

    #[test]
    fn other_lines_are_skipped_and_the_file_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("p");
        std::fs::write(
            &file,
            "x\nr1 modern SHA256:a\nr1 old SHA256:a\nr1 compat MD5:a\nr1 compat SHA256:b z\n",
        )
        .unwrap();
        let of = |host: String| Allowed::read(Some(&file), host);
        assert_eq!(of("r1".into()).kept(), Some(&kept(Profile::Compat, "SHA256:b")));
        let many: String = (0..MOST).map(|n| format!("h{n} compat SHA256:a\n")).collect();
        std::fs::write(&file, many).unwrap();
        of("new".into()).keep(&kept(Profile::Compat, "SHA256:a"));
        assert_eq!(of("h0".into()).kept(), None);
        assert!(of("h1".into()).kept().is_some() && of("new".into()).kept().is_some());
        let none = Allowed::read(None, "h1".into());
        none.keep(&kept(Profile::Compat, "SHA256:a"));
        assert_eq!(none.kept(), None);
    }
}
