//! A durable file of lines that only grows: grants, bans and whatever else must be known after a crash.
//!
//! Each line is `hhhhhhhh text` with eight hex digits of a SHA-256 of the text, so that a line that was torn by
//! a crash is told from one that was written. [`Journal::open`] gives the former lines, one by one (what they
//! add up to is kept by the caller, so that a big journal costs no more than that), and drops a torn tail.
//! [`Held::append`] returns when the line is on the disk. [`Held::compact`] puts fewer lines in the place of
//! all, by a temporary file and a rename.
//!
//! Several processes may have one journal open (a successor starts while the old worker drains): whoever wants
//! to decide something takes [`Journal::hold`], which locks it and tells first what others wrote meanwhile.

use rustix::fs::{FlockOperation, Mode, OFlags};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The longest text of a line, octets.
pub const MAX_LINE: usize = 65_536;

/// Octets of `hhhhhhhh `.
const SEAL: usize = 9;

/// What reading gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found<'a> {
    /// The journal was put together anew by somebody else: whatever was known of it no longer counts, and all
    /// its lines follow.
    Anew,
    /// A line, without its end.
    Line(&'a str),
}

/// What is wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refuses.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// A line in the middle is not as it was written. What would follow from dropping it nobody knows.
    #[error(
        "{path}:{line}: not as it was written: the disk or somebody's editor damaged it; \
         move the file away to begin without what it remembers"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
    },
    /// A text that cannot be a line.
    #[error("a line of a journal has no line feed and at most {MAX_LINE} octets; this one has {len}")]
    NotALine {
        /// Its octets.
        len: usize,
    },
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Octets that were read or written: whole lines.
    read: u64,
    /// Lines that these are.
    lines: u64,
}

impl Journal {
    /// Opens a journal, making it (mode 0600) where there is none, and gives its lines to `fold`. A torn tail
    /// is cut off.
    pub fn open(path: &Path, fold: &mut dyn FnMut(Found<'_>)) -> Result<Journal, JournalError> {
        let file = open_file(path).map_err(|source| JournalError::Io { path: path.to_owned(), source })?;
        let mut journal = Journal { path: path.to_owned(), file, read: 0, lines: 0 };
        journal.hold(fold)?;
        Ok(journal)
    }

    /// Locks the journal, after giving what others wrote since to `fold`. Waits for whoever holds it.
    pub fn hold(&mut self, fold: &mut dyn FnMut(Found<'_>)) -> Result<Held<'_>, JournalError> {
        let known = match self.lock() {
            Ok(is_anew) => {
                if is_anew {
                    fold(Found::Anew);
                }
                self.read_on(fold)
            }
            Err(source) => Err(self.io(source)),
        };
        known.inspect_err(|_| self.unlock())?;
        Ok(Held { journal: self })
    }

    /// Appends one line, after giving what others wrote since to `fold`. Durable when it returns.
    pub fn append(&mut self, text: &str, fold: &mut dyn FnMut(Found<'_>)) -> Result<(), JournalError> {
        self.hold(fold)?.append(text)
    }

    /// Whether others wrote since it was last held: what a look without a lock can tell. `true` too where it cannot look.
    pub fn is_behind(&self) -> bool {
        let (Ok(ours), Ok(named)) = (self.file.metadata(), std::fs::symlink_metadata(&self.path)) else {
            return true;
        };
        (named.dev(), named.ino()) != (ours.dev(), ours.ino()) || named.len() != self.read
    }

    /// Lines that it has, as far as it was read: what tells when to [`Held::compact`].
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the lock on whatever has the name now; whether that is another file than before.
    fn lock(&mut self) -> io::Result<bool> {
        let mut is_anew = false;
        loop {
            rustix::fs::flock(&self.file, FlockOperation::LockExclusive)?;
            let ours = self.file.metadata()?;
            match std::fs::symlink_metadata(&self.path) {
                Ok(named) if (named.dev(), named.ino()) == (ours.dev(), ours.ino()) => {
                    // Shorter than what was read: somebody emptied it in place.
                    if ours.len() < self.read {
                        (self.read, self.lines, is_anew) = (0, 0, true);
                    }
                    return Ok(is_anew);
                }
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
            // Compacted or taken away by somebody; the lock on what has no name goes with the descriptor.
            self.file = open_file(&self.path)?;
            (self.read, self.lines, is_anew) = (0, 0, true);
        }
    }

    fn unlock(&self) {
        // Fails for no descriptor that is open.
        let _ = rustix::fs::flock(&self.file, FlockOperation::Unlock);
    }

    /// Reads from where it is to the end; cuts a torn tail off.
    fn read_on(&mut self, fold: &mut dyn FnMut(Found<'_>)) -> Result<(), JournalError> {
        let end = self.file.metadata().map_err(|e| self.io(e))?.len();
        if end == self.read {
            return Ok(());
        }
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.read)).map_err(|e| self.io(e))?;
        let mut from = BufReader::with_capacity(32_768, file.take(end - self.read));
        let mut line = Vec::new();
        let (mut read, mut lines) = (self.read, self.lines);
        loop {
            line.clear();
            let most = (SEAL + MAX_LINE + 1) as u64;
            let got = (&mut from).take(most).read_until(b'\n', &mut line).map_err(|e| self.io(e))?;
            if got == 0 {
                break;
            }
            let Some(text) = unseal(&line) else {
                // Only the last line can be torn: each was durable before the next was begun.
                if has_line(&mut from, &mut line).map_err(|e| self.io(e))? {
                    return Err(JournalError::Damaged { path: self.path.clone(), line: lines + 1 });
                }
                self.file.set_len(read).and_then(|()| self.file.sync_all()).map_err(|e| self.io(e))?;
                break;
            };
            fold(Found::Line(text));
            read += got as u64;
            lines += 1;
        }
        (self.read, self.lines) = (read, lines);
        Ok(())
    }

    fn io(&self, source: io::Error) -> JournalError {
        JournalError::Io { path: self.path.clone(), source }
    }
}

/// A journal that nobody else writes to meanwhile, and of which everything is known. Dropped, others may.
#[derive(Debug)]
pub struct Held<'a> {
    journal: &'a mut Journal,
}

impl Held<'_> {
    /// Appends one line: no line feed in it, at most [`MAX_LINE`] octets. Durable when it returns; where that
    /// fails the line is not there.
    pub fn append(&mut self, text: &str) -> Result<(), JournalError> {
        let sealed = seal(text)?;
        let journal = &mut *self.journal;
        let written = journal
            .file
            .write_all_at(sealed.as_bytes(), journal.read)
            .and_then(|()| journal.file.sync_data());
        if let Err(e) = written {
            // What cannot be cut off now is a torn tail for the next reader, or a line whose writer was told
            // that it failed; only the second disk failure in a row leads there.
            let _ = journal.file.set_len(journal.read);
            return Err(journal.io(e));
        }
        journal.read += sealed.len() as u64;
        journal.lines += 1;
        Ok(())
    }

    /// Puts these lines in the place of all. A crash leaves the old or the new ones.
    pub fn compact<T: AsRef<str>>(self, lines: impl IntoIterator<Item = T>) -> Result<(), JournalError> {
        let path = self.journal.path.clone();
        let io = |source| JournalError::Io { path: path.clone(), source };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let temp = path.with_file_name(name);
        // One of a crash; nobody else is here, as the lock is ours.
        match std::fs::remove_file(&temp) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io(e)),
            Ok(()) | Err(_) => {}
        }
        let file = open_file(&temp).map_err(io)?;
        let written = (|| {
            let mut out = io::BufWriter::new(&file);
            let (mut octets, mut count) = (0, 0);
            for line in lines {
                let sealed = seal(line.as_ref())?;
                out.write_all(sealed.as_bytes()).map_err(io)?;
                octets += sealed.len() as u64;
                count += 1;
            }
            out.flush().and_then(|()| file.sync_all()).map_err(io)?;
            std::fs::rename(&temp, &path).map_err(io)?;
            Ok((octets, count))
        })();
        match written {
            Ok((octets, count)) => {
                drop(std::mem::replace(&mut self.journal.file, file));
                (self.journal.read, self.journal.lines) = (octets, count);
                sync_directory(&path).map_err(io)
            }
            Err(e) => {
                // The old lines are what counts; the next one removes it.
                let _ = std::fs::remove_file(&temp);
                Err(e)
            }
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.journal.unlock();
    }
}

/// Whether a line that was written follows.
fn has_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        line.clear();
        let most = (SEAL + MAX_LINE + 1) as u64;
        if from.take(most).read_until(b'\n', line)? == 0 {
            return Ok(false);
        }
        if unseal(line).is_some() {
            return Ok(true);
        }
    }
}

fn seal(text: &str) -> Result<String, JournalError> {
    if text.contains('\n') || text.len() > MAX_LINE {
        return Err(JournalError::NotALine { len: text.len() });
    }
    Ok(format!("{:08x} {text}\n", sum(text.as_bytes())))
}

/// The text of a line that is as it was written.
fn unseal(line: &[u8]) -> Option<&str> {
    let text = line.strip_suffix(b"\n")?.get(SEAL..)?;
    let text = std::str::from_utf8(text).ok()?;
    let seal = std::str::from_utf8(&line[..SEAL]).ok()?;
    (seal == format!("{:08x} ", sum(text.as_bytes()))).then_some(text)
}

fn sum(text: &[u8]) -> u32 {
    let digest = Sha256::digest(text);
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// Opens or makes a file of ours: no link is followed, and nobody else may read it.
fn open_file(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    if facts.mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    if facts.len() == 0 {
        sync_directory(path)?;
    }
    Ok(file)
}

/// Makes a name durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// Opens it and returns what it has.
    fn open(path: &Path) -> Result<(Journal, Vec<String>), JournalError> {
        let mut lines = Vec::new();
        let journal = Journal::open(path, &mut |found| keep(&mut lines, found))?;
        Ok((journal, lines))
    }

    fn keep(lines: &mut Vec<String>, found: Found<'_>) {
        match found {
            Found::Anew => lines.clear(),
            Found::Line(text) => lines.push(text.to_owned()),
        }
    }

    fn ignore(_: Found<'_>) {}

    #[test]
    fn lines_come_back_in_their_order_and_nobody_else_reads_them() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("j");
        let (mut journal, before) = open(&path).unwrap();
        assert!(before.is_empty());
        let lines = ["a", "", "ä \u{1f600} \r \u{0}", "a"];
        for line in lines {
            journal.append(line, &mut ignore).unwrap();
        }
        assert_eq!(journal.lines(), 4);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let (journal, after) = open(&path).unwrap();
        assert_eq!((after, journal.lines()), (lines.map(String::from).to_vec(), 4));
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600, "what was open to all is not");
    }

    #[test]
    fn a_kill_in_the_middle_of_an_append_drops_that_line_and_no_other() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("j");
        let (mut journal, _) = open(&path).unwrap();
        journal.append("first", &mut ignore).unwrap();
        let kept = std::fs::metadata(&path).unwrap().len() as usize;
        journal.append("second", &mut ignore).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in kept..whole.len() {
            // Cut off there, or grown without its octets: both are what file systems leave.
            for zeros in [0, whole.len() - cut, 5_000, 200_000] {
                let mut torn = whole[..cut].to_vec();
                torn.resize(cut + zeros, 0);
                std::fs::write(&path, &torn).unwrap();
                let (mut journal, lines) = open(&path).unwrap();
                assert_eq!(lines, ["first"], "cut at {cut}, {zeros} zeros");
                journal.append("third", &mut ignore).unwrap();
                assert_eq!(open(&path).unwrap().1, ["first", "third"], "cut at {cut}, {zeros} zeros");
            }
        }
    }

    #[test]
    fn damage_in_the_middle_is_said_with_its_line() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("j");
        let (mut journal, _) = open(&path).unwrap();
        for line in ["first", "second", "third"] {
            journal.append(line, &mut ignore).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("second", "secind")).unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, JournalError::Damaged { line: 2, .. }), "{error}");
        assert!(error.to_string().contains("/j:2: not as it was written"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap().len(), text.len(), "left as it is");
    }

    #[test]
    fn what_is_no_line_is_refused_and_leaves_the_journal_as_it_is() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("j");
        let (mut journal, _) = open(&path).unwrap();
        journal.append(&"x".repeat(MAX_LINE), &mut ignore).unwrap();
        for bad in ["a\nb", "\n", &"x".repeat(MAX_LINE + 1)] {
            let error = journal.append(bad, &mut ignore).unwrap_err();
            assert!(matches!(error, JournalError::NotALine { .. }), "{error}");
            assert!(journal.hold(&mut ignore).unwrap().compact([bad]).is_err());
        }
        let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["j"], "no temporary stays");
        assert_eq!(open(&path).unwrap().1, ["x".repeat(MAX_LINE)]);
    }

    #[test]
    fn compacting_leaves_the_new_lines_and_others_see_it() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("j");
        let (mut ours, _) = open(&path).unwrap();
        let (mut theirs, mut seen) = open(&path).unwrap();
        for n in 0..100 {
            ours.append(&format!("{n}"), &mut ignore).unwrap();
        }
        theirs.append("theirs", &mut |found| keep(&mut seen, found)).unwrap();
        assert_eq!(seen.len(), 100, "what others wrote comes first");
        // One that a crash left.
        std::fs::write(dir.path().join("j.new"), "half").unwrap();
        ours.hold(&mut ignore).unwrap().compact(["98", "99"]).unwrap();
        assert_eq!((ours.lines(), open(&path).unwrap().1), (2, vec!["98".into(), "99".into()]));
        assert!(!dir.path().join("j.new").exists());
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        // They have the old file open, and go on with the new one.
        theirs.append("100", &mut |found| keep(&mut seen, found)).unwrap();
        assert_eq!(seen, ["98", "99"]);
        let mut news = Vec::new();
        ours.append("101", &mut |found| keep(&mut news, found)).unwrap();
        assert_eq!(news, ["100"]);
        assert_eq!(open(&path).unwrap().1, ["98", "99", "100", "101"]);
    }

    #[test]
    fn many_writers_lose_no_line() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("j");
        std::thread::scope(|scope| {
            for w in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    let (mut journal, _) = open(path).unwrap();
                    for n in 0..25 {
                        journal.append(&format!("{w} {n}"), &mut ignore).unwrap();
                    }
                });
            }
        });
        let (_, lines) = open(&path).unwrap();
        assert_eq!(lines.len(), 100);
        for w in 0..4 {
            let of: Vec<_> = lines.iter().filter(|l| l.starts_with(&format!("{w} "))).collect();
            assert_eq!(
                of,
                (0..25).map(|n| format!("{w} {n}")).collect::<Vec<_>>().iter().collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn one_that_is_taken_away_begins_anew() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("j");
        let (mut journal, mut seen) = open(&path).unwrap();
        journal.append("old", &mut |found| keep(&mut seen, found)).unwrap();
        seen.push("old".into());
        std::fs::remove_file(&path).unwrap();
        journal.append("new", &mut |found| keep(&mut seen, found)).unwrap();
        assert!(seen.is_empty(), "{seen:?}");
        assert_eq!(open(&path).unwrap().1, ["new"]);
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let dir = TempDir::new().unwrap();
        let victim = dir.path().join("victim");
        std::fs::write(&victim, "theirs").unwrap();
        std::os::unix::fs::symlink(&victim, dir.path().join("j")).unwrap();
        let error = open(&dir.path().join("j")).unwrap_err();
        assert!(matches!(error, JournalError::Io { .. }), "{error}");
        assert_eq!(std::fs::read(&victim).unwrap(), b"theirs");
    }
}
