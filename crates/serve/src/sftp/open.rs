//! What is open: read, written, listed, and how each ends.

use super::{facts, refusal};
use gate::store::{Attributes, Blob, Cursor, Entry, Facts, Mode, Sink, VPath};
use gate::{Cause, End, Meter, Outcome, Reading, Refusal, Session, Writing};
use sftp_proto::Attrs;
use sftp_proto::server::{Answer, Names};
use std::time::SystemTime;

/// A file or directory that a client has open.
pub(super) enum Open {
    Reading(Box<Download>),
    Writing(Box<Upload>),
    Directory(Box<Listing>),
}

/// A file being read.
pub(super) struct Download {
    reading: Reading,
    path: VPath,
    pub(super) meter: Option<Box<Meter>>,
    /// Octets that went out.
    moved: u64,
    /// Where the first READ was, and where the last octet of any.
    first: Option<u64>,
    reached: u64,
    /// A READ was told that there is no more.
    saw_end: bool,
    /// The disk failed.
    failed: Option<Refusal>,
}

/// A file being written.
pub(super) struct Upload {
    pub(super) writing: Writing,
    pub(super) meter: Option<Box<Meter>>,
    pub(super) path: VPath,
    /// Each WRITE goes to the end, whatever it says (APPEND).
    append: bool,
    /// What is there is changed: without a change it stays as it is.
    starts_from_old: bool,
    is_changed: bool,
    /// Octets that came.
    moved: u64,
    /// A WRITE failed: what is not whole is not published.
    failed: Option<Refusal>,
}

/// A directory being listed.
pub(super) struct Listing {
    cursor: Box<dyn Cursor>,
    path: VPath,
    pub(super) meter: Option<Box<Meter>>,
    /// Names that did not go into the last answer.
    left: std::vec::IntoIter<Entry>,
    /// `.` and `..`, where they were not told yet.
    dots: Option<[Facts; 2]>,
    over: bool,
}

/// Why a session ends with files open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Left {
    /// The client went, or broke the protocol.
    Gone,
    /// Nothing moved.
    Stalled,
    /// The owner ended the session.
    Kicked,
    /// The server stops.
    Stopped,
}

impl Open {
    pub(super) fn meter(&mut self) -> Option<&mut Meter> {
        match self {
            Open::Reading(download) => download.meter.as_deref_mut(),
            Open::Writing(upload) => upload.meter.as_deref_mut(),
            Open::Directory(listing) => listing.meter.as_deref_mut(),
        }
    }

    /// Its name, as this client knows it.
    pub(super) fn path(&self) -> &VPath {
        match self {
            Open::Reading(download) => &download.path,
            Open::Writing(upload) => &upload.path,
            Open::Directory(listing) => &listing.path,
        }
    }

    /// Facts of what is open.
    pub(super) fn facts(&self, session: &Session) -> Result<Attrs<'static>, Refusal> {
        match self {
            Open::Writing(upload) => Ok(facts::growing(upload.writing.len())),
            // The name may be another's by now, or nobody's.
            Open::Reading(download) => {
                let size = Some(download.reading.blob().len());
                let named = session.stat(&download.path).map(|facts| facts::attrs(&facts));
                Ok(Attrs { size, ..named.unwrap_or_else(|_| facts::growing(0)) })
            }
            Open::Directory(listing) => session.stat(&listing.path).map(|facts| facts::attrs(&facts)),
        }
    }

    /// The session ends without a CLOSE.
    pub(super) fn leave(self, why: Left) {
        let (outcome, cause) = match why {
            Left::Gone => (Outcome::Aborted, Cause::Plain),
            Left::Stalled => (Outcome::TimedOut, Cause::Plain),
            Left::Kicked => (Outcome::Aborted, Cause::Kicked),
            Left::Stopped => (Outcome::Aborted, Cause::Stopped),
        };
        match self {
            Open::Reading(download) => download.end(outcome, cause),
            Open::Writing(upload) => upload.leave(outcome, cause, ""),
            Open::Directory(_) => {}
        }
    }
}

impl Download {
    pub(super) fn new(mut reading: Reading, path: VPath) -> Download {
        let meter = reading.take_meter();
        Download { reading, path, meter, moved: 0, first: None, reached: 0, saw_end: false, failed: None }
    }

    /// The content.
    pub(super) fn blob(&self) -> &Blob {
        self.reading.blob()
    }

    /// Reads behind what is in `out`; gives how many octets that were.
    pub(super) fn read(&mut self, offset: u64, len: usize, out: &mut Vec<u8>) -> Result<usize, Refusal> {
        let read = match i64::try_from(offset) {
            Ok(_) => self.reading.blob().read_behind(offset, len, out).map_err(refusal::of_disk),
            // No file is so long: it is behind the end like any other.
            Err(_) => Ok(0),
        };
        match read {
            Ok(0) => self.saw_end |= len > 0,
            Ok(read) => {
                self.reading.begun();
                self.reading.progress().add(read as u64);
                self.moved += read as u64;
                self.first = Some(self.first.map_or(offset, |first| first.min(offset)));
                self.reached = self.reached.max(offset + read as u64);
            }
            Err(ref why) => self.failed = Some(why.clone()),
        }
        read
    }

    /// CLOSE: whole where the client came to the end.
    pub(super) fn close(self) {
        let whole = self.saw_end || self.reached >= self.reading.blob().len();
        let (outcome, cause) = match (&self.failed, whole) {
            (Some(why), _) => (Outcome::Failed, Cause::Ours(why.to_string())),
            (None, true) => (Outcome::Complete, Cause::Plain),
            (None, false) => (Outcome::Aborted, Cause::Plain),
        };
        self.end(outcome, cause);
    }

    fn end(self, outcome: Outcome, cause: Cause) {
        // One that went on from somewhere wanted the rest.
        let first = self.first.filter(|first| *first > 0);
        let expected = first.map(|first| self.reading.blob().len().saturating_sub(first));
        let end = End { expected, ..End::new(outcome, self.moved) };
        self.reading.finish(end.because(cause));
    }
}

impl Upload {
    pub(super) fn new(mut writing: Writing, path: VPath, mode: Mode, append: bool) -> Upload {
        let meter = writing.take_meter();
        let starts_from_old = mode == Mode::Modify;
        Upload { writing, meter, path, append, starts_from_old, is_changed: false, moved: 0, failed: None }
    }

    pub(super) fn write(&mut self, offset: u64, octets: &[u8]) -> Result<(), Refusal> {
        let offset = if self.append { self.writing.len() } else { offset };
        if octets.is_empty() {
            return Ok(());
        }
        if offset.checked_add(octets.len() as u64).is_none_or(|end| i64::try_from(end).is_err()) {
            return Err(Refusal::NoSpace);
        }
        self.moved += octets.len() as u64;
        self.is_changed = true;
        let written = self.writing.write_at(offset, octets).map_err(refusal::of_disk);
        if let Err(why) = &written {
            self.failed = Some(why.clone());
        }
        written
    }

    /// Reads back what was written, behind what is in `out`.
    pub(super) fn read(&mut self, offset: u64, len: usize, out: &mut Vec<u8>) -> Result<usize, Refusal> {
        if i64::try_from(offset).is_err() {
            return Ok(0);
        }
        let start = out.len();
        out.resize(start + len, 0);
        let read = self.writing.read_at(offset, &mut out[start..]).map_err(refusal::of_disk);
        out.truncate(start + read.as_ref().map_or(0, |n| *n));
        read
    }

    pub(super) fn set_len(&mut self, len: u64) -> Result<(), Refusal> {
        if self.writing.len() == len {
            return Ok(());
        }
        self.is_changed = true;
        self.writing.set_len(len)
    }

    pub(super) fn set_attributes(&mut self, attributes: Attributes) -> Result<(), Refusal> {
        self.is_changed = true;
        self.writing.set_attributes(attributes)
    }

    /// CLOSE: now it is there, whole.
    pub(super) fn close(self) -> Result<(), Refusal> {
        if let Some(why) = self.failed.clone() {
            self.leave(Outcome::Failed, Cause::Ours(why.to_string()), "a write failed");
            return Err(why);
        }
        let end = End::new(Outcome::Complete, self.moved);
        if self.starts_from_old && !self.is_changed {
            // Opened for both and only read: the same octets would be another file, with another time.
            self.writing.fail(end);
            return Ok(());
        }
        self.writing.commit(end).map(drop)
    }

    fn leave(self, outcome: Outcome, cause: Cause, note: &str) {
        let end = End::new(outcome, self.moved).because(cause).note(note);
        // Nothing is nothing to keep.
        if self.writing.is_empty() { self.writing.fail(end) } else { self.writing.suspend(end) }
    }
}

/// Octets of names in one answer: every client takes packets of 34,000 (draft §3).
const NAMES: usize = 32 << 10;

impl Listing {
    pub(super) fn open(session: &Session, path: &VPath) -> Result<Listing, Refusal> {
        let gate::Listing { cursor, meter } = session.list(path)?;
        let here = session.stat(path)?;
        let above = session.stat(&path.parent()).unwrap_or_else(|_| here.clone());
        let dots = Some([here, above]);
        Ok(Listing { cursor, path: path.clone(), meter, left: Vec::new().into_iter(), dots, over: false })
    }

    /// The next names.
    pub(super) fn next(&mut self) -> Result<Answer, Refusal> {
        let (mut names, mut line) = (Names::default(), Vec::new());
        let now = facts::unix(SystemTime::now());
        if let Some(dots) = self.dots.take() {
            for (name, facts) in [&b"."[..], b".."].into_iter().zip(&dots) {
                facts::push(&mut names, name, facts, now, &mut line);
            }
        }
        while names.octets() < NAMES {
            match self.left.next() {
                Some(entry) => facts::entry(&mut names, &entry, now, &mut line),
                None if self.over => break,
                None => {
                    let batch = self.cursor.next()?;
                    self.over = batch.is_empty();
                    self.left = batch.into_iter();
                }
            }
        }
        Ok(if names.count() == 0 { Answer::End } else { Answer::Names(names) })
    }
}
