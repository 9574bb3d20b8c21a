//! Digests of files: each is computed once and then known for as long as the file stays the same.

use md5::Md5;
use sha2::{Sha256, Sha512};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::{Condvar, Mutex, MutexGuard};
use store::{Blob, Identity};

/// Octets a read: large enough that the system call does not count.
const BITE: usize = 256 * 1_024;
/// Digests that are remembered; the oldest makes room. Some 200 octets each.
const REMEMBERED: usize = 4_096;

/// A digest algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Algorithm {
    /// What IOS `verify /md5` prints.
    Md5,
    /// SHA-256.
    Sha256,
    /// What Cisco's download page prints.
    Sha512,
}

impl Algorithm {
    /// `md5`, `sha256`, `sha512`: also the ending of the file that holds one.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "md5",
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// The digest of a content that nobody remembers, in lower-case hexadecimal.
    pub fn of(self, blob: &Blob) -> io::Result<String> {
        self.of_first(blob, u64::MAX)
    }

    /// The same of the first octets of a content.
    pub fn of_first(self, blob: &Blob, octets: u64) -> io::Result<String> {
        let hex = match self {
            Algorithm::Md5 => with::<Md5>(blob, octets, &|| true),
            Algorithm::Sha256 => with::<Sha256>(blob, octets, &|| true),
            Algorithm::Sha512 => with::<Sha512>(blob, octets, &|| true),
        };
        Ok(hex?.expect("it goes on to the end"))
    }
}

/// A digest. Shown as `sha256:ba78…`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Digest {
    /// How it was made.
    pub algorithm: Algorithm,
    /// Lower-case hexadecimal.
    pub hex: String,
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

type Key = (Identity, Algorithm);

/// The digests that are known, by the identity of the file's content. Content in memory has no identity:
/// its digest is computed each time.
#[derive(Debug, Default)]
pub struct Digests {
    // Guards the table and who computes what; never held while a file is read.
    inner: Mutex<Table>,
    /// Somebody has finished computing.
    done: Condvar,
}

#[derive(Debug, Default)]
struct Table {
    known: HashMap<Key, String>,
    /// The keys of `known`, the oldest first.
    order: VecDeque<Key>,
    /// What somebody computes now.
    busy: Vec<Key>,
}

impl Digests {
    /// The digest, if it is known; reads nothing.
    pub fn known(&self, blob: &Blob, algorithm: Algorithm) -> Option<Digest> {
        let hex = self.lock().known.get(&(identity(blob)?, algorithm))?.clone();
        Some(Digest { algorithm, hex })
    }

    /// Every digest that is known; reads nothing.
    pub fn all_known(&self, blob: &Blob) -> Vec<Digest> {
        let Some(identity) = identity(blob) else { return Vec::new() };
        let table = self.lock();
        if table.known.is_empty() {
            return Vec::new();
        }
        let of = |algorithm| {
            let hex = table.known.get(&(identity, algorithm))?.clone();
            Some(Digest { algorithm, hex })
        };
        [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512].into_iter().filter_map(of).collect()
    }

    /// The digest, computed now if it is not known: takes as long as reading the whole file. Two who ask
    /// at once compute it once.
    ///
    /// `go_on` is asked every 256 KiB; with its `false` there is no digest. Neither is there one of a file
    /// that changed while it was read.
    pub fn of(
        &self,
        blob: &Blob,
        algorithm: Algorithm,
        go_on: &dyn Fn() -> bool,
    ) -> io::Result<Option<Digest>> {
        let digest = |hex| Digest { algorithm, hex };
        let Some(identity) = identity(blob) else { return Ok(compute(blob, algorithm, go_on)?.map(digest)) };
        let key = (identity, algorithm);
        let mut table = self.lock();
        loop {
            if let Some(hex) = table.known.get(&key) {
                return Ok(Some(digest(hex.clone())));
            }
            if !table.busy.contains(&key) {
                break;
            }
            table = self.done.wait(table).unwrap_or_else(|e| e.into_inner());
        }
        table.busy.push(key);
        drop(table);
        // Whoever waits goes on also where this one failed, or panicked.
        let _busy = Busy { digests: self, key };
        let Some(hex) = compute(blob, algorithm, go_on)?.filter(|_| is_same(blob, &identity)) else {
            return Ok(None);
        };
        self.remember(key, hex.clone());
        Ok(Some(digest(hex)))
    }

    fn remember(&self, key: Key, hex: String) {
        let mut table = self.lock();
        if table.known.insert(key, hex).is_none() {
            table.order.push_back(key);
        }
        if table.order.len() > REMEMBERED
            && let Some(oldest) = table.order.pop_front()
        {
            table.known.remove(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.inner.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// Somebody computes this; dropped, nobody does any more.
struct Busy<'a> {
    digests: &'a Digests,
    key: Key,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.digests.lock().busy.retain(|k| *k != self.key);
        self.digests.done.notify_all();
    }
}

fn identity(blob: &Blob) -> Option<Identity> {
    match blob {
        Blob::File { identity, .. } => Some(*identity),
        Blob::Memory(_) => None,
    }
}

/// Whether the open file is still what it was: somebody may write into it while we read.
fn is_same(blob: &Blob, then: &Identity) -> bool {
    let Blob::File { file, .. } = blob else { return true };
    let same = |now: Metadata| {
        let ns = |secs: i64, nsec: i64| i128::from(secs) * 1_000_000_000 + i128::from(nsec);
        // Not the change of the inode: a rename or a new link leaves the content.
        now.len() == then.len && ns(now.mtime(), now.mtime_nsec()) == then.modified
    };
    file.metadata().is_ok_and(same)
}

fn compute(blob: &Blob, algorithm: Algorithm, go_on: &dyn Fn() -> bool) -> io::Result<Option<String>> {
    match algorithm {
        Algorithm::Md5 => with::<Md5>(blob, u64::MAX, go_on),
        Algorithm::Sha256 => with::<Sha256>(blob, u64::MAX, go_on),
        Algorithm::Sha512 => with::<Sha512>(blob, u64::MAX, go_on),
    }
}

/// Of all, or of the first `most`.
fn with<D: md5::Digest>(blob: &Blob, most: u64, go_on: &dyn Fn() -> bool) -> io::Result<Option<String>> {
    let mut digest = D::new();
    let mut buffer = vec![0; BITE];
    let mut at = 0;
    loop {
        let n = blob.read_at(at, &mut buffer)?.min(usize::try_from(most - at).unwrap_or(usize::MAX));
        if n == 0 {
            break;
        }
        if !go_on() {
            return Ok(None);
        }
        digest.update(&buffer[..n]);
        at += n as u64;
    }
    Ok(Some(digest.finalize().iter().map(|b| format!("{b:02x}")).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const ABC_SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn file(content: &[u8]) -> (tempfile::TempDir, Blob) {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("f");
        std::fs::write(&at, content).unwrap();
        let file = File::open(&at).unwrap();
        let m = file.metadata().unwrap();
        let ns = |secs: i64, nsec: i64| i128::from(secs) * 1_000_000_000 + i128::from(nsec);
        let identity = Identity {
            dev: m.dev(),
            ino: m.ino(),
            len: m.len(),
            modified: ns(m.mtime(), m.mtime_nsec()),
            changed: ns(m.ctime(), m.ctime_nsec()),
        };
        (dir, Blob::File { file: Arc::new(file), len: m.len(), identity })
    }

    fn always() -> bool {
        true
    }

    #[test]
    fn a_digest_is_known_once_it_was_asked_for() {
        let (_dir, blob) = file(b"abc");
        let digests = Digests::default();
        assert_eq!(digests.known(&blob, Algorithm::Sha256), None);
        let digest = digests.of(&blob, Algorithm::Sha256, &always).unwrap().unwrap();
        assert_eq!(digest.to_string(), format!("sha256:{ABC_SHA256}"));
        assert_eq!(digests.known(&blob, Algorithm::Sha256), Some(digest));
        assert_eq!(digests.known(&blob, Algorithm::Md5), None, "another algorithm");
        let md5 = digests.of(&blob, Algorithm::Md5, &always).unwrap().unwrap();
        assert_eq!(md5.hex, "900150983cd24fb0d6963f7d28e17f72");
        let sha512 = digests.of(&blob, Algorithm::Sha512, &always).unwrap().unwrap();
        assert!(sha512.hex.starts_with("ddaf35a193617aba"), "{sha512}");
        assert!(digests.lock().busy.is_empty());
        let all = digests.all_known(&blob);
        assert_eq!(all.iter().map(|d| d.algorithm.name()).collect::<Vec<_>>(), ["md5", "sha256", "sha512"]);
    }

    #[test]
    fn a_digest_that_was_broken_off_is_not_remembered() {
        let (_dir, blob) = file(b"abc");
        let digests = Digests::default();
        assert_eq!(digests.of(&blob, Algorithm::Md5, &|| false).unwrap(), None);
        assert_eq!(digests.known(&blob, Algorithm::Md5), None);
        assert!(digests.of(&blob, Algorithm::Md5, &always).unwrap().is_some());
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_has_no_digest() {
        let (dir, blob) = file(b"abc");
        let digests = Digests::default();
        let grow = || std::fs::write(dir.path().join("f"), b"abcd").is_ok();
        assert_eq!(digests.of(&blob, Algorithm::Md5, &grow).unwrap(), None);
        assert_eq!(digests.known(&blob, Algorithm::Md5), None);
    }

    #[test]
    fn two_who_ask_at_once_read_the_file_once() {
        let (_dir, blob) = file(b"abc");
        let digests = Digests::default();
        let reads = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let counted = || {
                        reads.fetch_add(1, Ordering::Relaxed);
                        // Gives the others the time to ask as well.
                        std::thread::yield_now();
                        true
                    };
                    let digest = digests.of(&blob, Algorithm::Sha256, &counted).unwrap().unwrap();
                    assert_eq!(digest.hex, ABC_SHA256);
                });
            }
        });
        assert_eq!(reads.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn the_oldest_make_room() {
        let (_dir, blob) = file(b"abc");
        let digests = Digests::default();
        let first = digests.of(&blob, Algorithm::Md5, &always).unwrap().unwrap();
        let Blob::File { identity, .. } = &blob else { unreachable!("it is a file") };
        for ino in 0..REMEMBERED as u64 {
            digests.remember((Identity { dev: u64::MAX, ino, ..*identity }, Algorithm::Md5), String::new());
        }
        assert_eq!(digests.known(&blob, Algorithm::Md5), None);
        assert_eq!(digests.lock().known.len(), REMEMBERED);
        assert_eq!(digests.of(&blob, Algorithm::Md5, &always).unwrap(), Some(first));
    }
}
