//! A local file that is there under its name whole or not at all.

use rustix::fs::FlockOperation;
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::{Blob, Identity, Sink};

/// Names of a directory that are looked at for what a killed copy left.
const SWEPT: usize = 10_000;
/// A file this new may be one that another copy has made and is about to lock.
const NEW: Duration = Duration::from_secs(2);

/// Octets on their way to a name.
///
/// They go to a file beside the name. [`Landing::land`] syncs it and renames it; dropped before, it is
/// removed, except for a `NAME.part`, which stays to be resumed.
#[derive(Debug)]
pub struct Landing {
    file: File,
    beside: PathBuf,
    target: PathBuf,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// Remove what is beside the name.
    Remove,
    /// Leave it: it can be resumed.
    Keep,
    /// It has the name now.
    Landed,
}

impl Landing {
    /// For a transfer that cannot be resumed: a hidden file with a name of its own.
    pub fn temporary(target: &Path) -> io::Result<Landing> {
        let target = through_links(target)?;
        target.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let beside = hidden(&target)?;
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&beside)?;
        // Held while the copy runs: what nobody holds is of one that was killed. Some network file
        // systems have no locks; there nothing is held, and nothing swept.
        let _ = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive);
        Ok(Landing { file, beside, target, end: End::Remove })
    }

    /// For one that can: `NAME.part`, which is kept when the transfer breaks. With `resume` the octets
    /// in it stay; the second value is how many there are.
    pub fn partial(target: &Path, resume: bool) -> io::Result<(Landing, u64)> {
        let target = through_links(target)?;
        let beside = part_of(&target)?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&beside)?;
        // Two copies into one file would mix their octets.
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|e| match e {
            Errno::WOULDBLOCK => io::Error::other(format!("another copy writes {}", beside.display())),
            e => e.into(),
        })?;
        if !resume {
            file.set_len(0)?;
        }
        let start = file.metadata()?.len();
        Ok((Landing { file, beside, target, end: End::Keep }, start))
    }

    /// What is there so far.
    pub fn blob(&self) -> io::Result<Blob> {
        blob(self.file.try_clone()?)
    }

    /// When the last of what is there was written, seconds since 1970.
    pub fn modified(&self) -> io::Result<i64> {
        use std::os::unix::fs::MetadataExt as _;
        Ok(self.file.metadata()?.mtime())
    }

    /// The file beside the name.
    pub fn beside(&self) -> &Path {
        &self.beside
    }

    /// Forgets what is there: it is of another file.
    pub fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// Removes what is there instead of keeping it: it is known to be wrong.
    pub fn discard(&mut self) {
        self.end = End::Remove;
    }

    /// Sets the time of last modification, seconds since 1970.
    pub fn set_modified(&self, seconds: i64) -> io::Result<()> {
        let seconds = u64::try_from(seconds).unwrap_or(0);
        self.file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
    }

    /// Sets its permissions.
    pub fn set_mode(&self, mode: u32) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        self.file.set_permissions(std::fs::Permissions::from_mode(mode & 0o777))
    }

    /// Gives it the name, after every octet is on the disk.
    pub fn land(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.beside, &self.target)?;
        self.end = End::Landed;
        File::open(directory(&self.target))?.sync_all()
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        // An empty NAME.part is nothing to resume.
        let empty = || self.file.metadata().is_ok_and(|m| m.len() == 0);
        let remove = match self.end {
            End::Remove => true,
            End::Keep => empty(),
            End::Landed => false,
        };
        if remove {
            let _ = std::fs::remove_file(&self.beside);
        }
    }
}

impl Sink for Landing {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.file.write_all_at(octets, offset)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }

    /// A `NAME.part` has no holes, so it is none until [`Sink::gather`].
    fn scatter(&mut self) -> io::Result<bool> {
        if self.end == End::Keep {
            let hidden = hidden(&self.target)?;
            std::fs::rename(&self.beside, &hidden)?;
            (self.beside, self.end) = (hidden, End::Remove);
        }
        Ok(true)
    }

    fn gather(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)?;
        let part = part_of(&self.target)?;
        // One that another copy has begun meanwhile is that one's.
        if self.end == End::Remove && !part.exists() {
            std::fs::rename(&self.beside, &part)?;
            (self.beside, self.end) = (part, End::Keep);
        }
        Ok(())
    }
}

/// A file without a name, for what passes through or must be whole before it goes on.
#[derive(Debug)]
pub struct Spool(File);

impl Spool {
    /// An empty one, in the directory for temporary files.
    pub fn new() -> io::Result<Spool> {
        tempfile::tempfile().map(Spool)
    }

    /// Fills it from a stream.
    pub fn fill(&mut self, from: &mut dyn io::Read) -> io::Result<u64> {
        io::copy(from, &mut self.0)
    }

    /// What is in it.
    pub fn blob(&self) -> io::Result<Blob> {
        blob(self.0.try_clone()?)
    }
}

impl Sink for Spool {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.0.write_all_at(octets, offset)
    }

    fn scatter(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

/// Opens a local regular file for reading. A FIFO or device is not one, and is never waited for.
pub fn open(path: &Path) -> io::Result<Blob> {
    blob(open_regular(path)?)
}

fn open_regular(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let nonblock = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(nonblock).open(path)?;
    let facts = file.metadata()?;
    if facts.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !facts.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    Ok(file)
}

fn blob(file: File) -> io::Result<Blob> {
    use std::os::unix::fs::MetadataExt as _;
    let facts = file.metadata()?;
    let ns = |seconds: i64, ns: i64| i128::from(seconds) * 1_000_000_000 + i128::from(ns);
    let identity = Identity {
        dev: facts.dev(),
        ino: facts.ino(),
        len: facts.len(),
        modified: ns(facts.mtime(), facts.mtime_nsec()),
        changed: ns(facts.ctime(), facts.ctime_nsec()),
    };
    Ok(Blob::File { file: std::sync::Arc::new(file), len: facts.len(), identity })
}

/// A name of its own beside the target; what killed copies to it left is swept.
fn hidden(target: &Path) -> io::Result<PathBuf> {
    // The target's name, which may have the most octets that a name can have, is in it as a number.
    let mut hash = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(&target.file_name(), &mut hash);
    let prefix = format!(".towline-copy-{:016x}-", std::hash::Hasher::finish(&hash));
    sweep(directory(target), &prefix);
    let name = format!("{prefix}{:016x}", getrandom::u64().map_err(io::Error::other)?);
    Ok(target.with_file_name(name))
}

/// `NAME.part`.
fn part_of(target: &Path) -> io::Result<PathBuf> {
    let mut name = target.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_os_string();
    name.push(".part");
    Ok(target.with_file_name(name))
}

/// The file that a symbolic link means, so that the link stays a link.
fn through_links(target: &Path) -> io::Result<PathBuf> {
    match std::fs::symlink_metadata(target) {
        Ok(facts) if facts.is_symlink() && target.exists() => target.canonicalize(),
        _ => Ok(target.to_path_buf()),
    }
}

fn directory(target: &Path) -> &Path {
    target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes what earlier copies to the same name left behind when they were killed.
fn sweep(dir: &Path, prefix: &str) {
    // It is a favour: whatever stands in the way is left for the next time.
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.take(SWEPT).flatten() {
        if !entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()) {
            continue;
        }
        let Ok(file) = open_regular(&entry.path()) else { continue };
        let old =
            file.metadata().and_then(|m| m.modified()).is_ok_and(|m| m.elapsed().is_ok_and(|e| e > NEW));
        if old && rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_seen_under_the_name_before_it_lands() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a");
        std::fs::write(&target, b"old").unwrap();
        let mut landing = Landing::temporary(&target).unwrap();
        landing.write_at(3, b"er").unwrap();
        landing.write_at(0, b"new").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        landing.land().unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"newer");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn what_breaks_leaves_nothing_or_a_part() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a");
        drop(Landing::temporary(&target).unwrap());
        drop(Landing::partial(&target, false).unwrap());
        assert_eq!(names(dir.path()), [""; 0]);
        let (mut landing, start) = Landing::partial(&target, true).unwrap();
        assert_eq!(start, 0);
        landing.write_at(0, b"half").unwrap();
        let second = Landing::partial(&target, true).unwrap_err();
        assert!(second.to_string().contains("another copy writes"), "{second}");
        drop(landing);
        assert_eq!(names(dir.path()), ["a.part"]);
        let (mut landing, start) = Landing::partial(&target, true).unwrap();
        assert_eq!(start, 4);
        landing.discard();
        drop(landing);
        assert_eq!(names(dir.path()), [""; 0]);
    }

    #[test]
    fn what_comes_in_any_order_is_a_part_only_when_it_has_no_holes() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a");
        let scattered = || {
            let (mut landing, _) = Landing::partial(&target, false).unwrap();
            assert!(landing.scatter().unwrap());
            landing.write_at(6, b"end").unwrap();
            landing.write_at(0, b"begin").unwrap();
            assert!(!dir.path().join("a.part").exists());
            landing
        };
        let mut broken = scattered();
        broken.gather(5).unwrap();
        drop(broken);
        assert_eq!(std::fs::read(dir.path().join("a.part")).unwrap(), b"begin");
        let mut nothing = scattered();
        nothing.gather(0).unwrap();
        drop(nothing);
        drop(scattered());
        assert_eq!(names(dir.path()), [""; 0]);
        scattered().land().unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"begin\0end");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn a_name_may_be_as_long_as_names_can_be() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("n".repeat(255));
        Landing::temporary(&target).unwrap().land().unwrap();
        assert!(target.exists());
    }

    #[test]
    fn what_a_killed_copy_left_is_swept_by_the_next_of_that_name() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        let age = |file: &File| file.set_modified(std::time::SystemTime::now() - 10 * NEW).unwrap();
        let left = |target: &Path| {
            let mut killed = Landing::temporary(target).unwrap();
            killed.end = End::Keep;
            killed.write_at(0, b"half").unwrap();
            age(&killed.file);
            killed.beside.clone()
        };
        let (mine, others) = (left(&a), left(&b));
        let running = Landing::temporary(&a).unwrap();
        assert!(!mine.exists(), "nobody holds it");
        assert!(others.exists(), "the rest of another name is not ours");
        age(&running.file);
        Landing::temporary(&a).unwrap().land().unwrap();
        assert!(running.beside.exists(), "one that runs is held");
        running.land().unwrap();
        drop(Landing::temporary(&b).unwrap());
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn a_link_stays_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        std::fs::write(&real, b"old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let mut landing = Landing::temporary(&link).unwrap();
        landing.write_at(0, b"new").unwrap();
        landing.land().unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&real).unwrap(), b"new");
    }

    #[test]
    fn a_fifo_is_refused_and_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
        assert!(open(&fifo).unwrap_err().to_string().contains("regular"));
        assert_eq!(open(dir.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
