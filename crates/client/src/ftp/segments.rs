//! One file over several sessions: each fetches a range of it at a time, into the one file.
//!
//! A single TCP connection over a long way brings what its window lets through, and every loss halves that; ranges over
//! several add up. The session that is there is the first of them; whoever else is not let in, or breaks, leaves its range
//! to the others.

use super::Session;
use crate::{ClientError, Done, Options, Outcome, Remote, Type};
use ftp_proto::client::Report;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::Sink;
use transport::Cancel;
use transport::tap::{Sight, Tap, What};

/// How many sessions a file is fetched over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Segments {
    /// One; four where the way is long and the file large.
    #[default]
    AsNeeded,
    /// So many, as far as the server lets them in.
    Exactly(u8),
}

/// Sessions over a long way: what lftp's and curl's users take.
const MANY: u64 = 4;
/// From this round trip on a way is long: no house and no city is.
const FAR: Duration = Duration::from_millis(20);
/// What is worth the logins over a long way.
const WORTH: u64 = 32 << 20;
/// A session is worth its login for so much.
const SHARE: u64 = 1 << 20;
/// How often somebody who waits for the others looks whether they are still wanted.
const TICK: Duration = Duration::from_millis(100);

impl Segments {
    /// Sessions for a file of so many octets.
    fn of(self, len: u64, round_trip: Duration) -> u64 {
        let wanted = match self {
            Segments::Exactly(n) => u64::from(n),
            Segments::AsNeeded if round_trip >= FAR && len >= WORTH => MANY,
            Segments::AsNeeded => 1,
        };
        wanted.min(len / SHARE)
    }

    /// Whether there may be several at all.
    fn may_be_many(self, round_trip: Duration) -> bool {
        self.of(u64::MAX, round_trip) > 1
    }
}

/// Octets of the file, from the first to before the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Range {
    pub(super) start: u64,
    pub(super) end: u64,
}

/// The file, as all sessions see it.
struct Deal<'a> {
    path: &'a [u8],
    len: u64,
    // Guards what is left; held to take a range or to give it back.
    left: Mutex<Left>,
    /// A session has ended.
    ended: Condvar,
    /// Octets that came, of all.
    moved: Arc<AtomicU64>,
    /// Ends the sessions that are not the first.
    stop: Cancel,
}

struct Left {
    /// That nobody fetches; the next one is the last.
    ranges: Vec<Range>,
    /// Sessions besides the first that may still have one.
    others: usize,
    failure: Option<ClientError>,
}

/// A session's part.
struct Part {
    file: File,
}

impl Sink for Part {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.file.write_all_at(octets, offset)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }
}

/// Shows octets of all sessions as those of one transfer, and counts those of this one.
struct Together {
    tap: Option<Arc<dyn Tap>>,
    flow: u64,
    moved: Arc<AtomicU64>,
    own: AtomicU64,
}

impl Tap for Together {
    fn see(&self, sight: &Sight<'_>) {
        let mut shown = sight.clone();
        if let What::Data { len, .. } = sight.what {
            self.own.fetch_add(len as u64, Ordering::Relaxed);
            let total = self.moved.fetch_add(len as u64, Ordering::Relaxed) + len as u64;
            shown.flow = self.flow;
            shown.what = What::Data { len, total };
        }
        if let Some(tap) = &self.tap {
            tap.see(&shown);
        }
    }
}

/// Fetches a whole file over several sessions, where that is wanted and the sink can take it; `None`: over one.
pub(super) fn get(
    first: &mut Session,
    remote: &Remote,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Option<Done>, ClientError> {
    let (began, wish, round_trip) = (Instant::now(), options.ftp.segments, first.round_trip());
    if remote.kind == Type::Text || sink.fd().is_none() || !wish.may_be_many(round_trip) {
        return Ok(None);
    }
    // A server without SIZE, or without the file, says so to whom asks for the file.
    let Ok(Report { size: Some(len), modified, .. }) = first.look(&remote.path) else { return Ok(None) };
    let sessions = wish.of(len, round_trip);
    if sessions < 2 || !sink.scatter().map_err(ClientError::Local)? {
        return Ok(None);
    }
    let mut files = Vec::new();
    for _ in 0..sessions {
        let Some(fd) = sink.fd() else { return Ok(None) };
        files.push(File::from(fd.try_clone_to_owned().map_err(ClientError::Local)?));
    }
    let stop = Cancel::new().map_err(ClientError::Local)?;
    let deal = Deal::new(&remote.path, len, sessions, stop);
    let fetched = deal.fetch(first, remote, options, files);
    let result = fetched.and_then(|()| match first.look(&remote.path)? {
        Report { size: Some(now), modified: then, .. } if now == len && then == modified => Ok(()),
        _ => Err(changed("its length or its time is another one than before")),
    });
    if let Err(why) = result {
        let beginning = if let ClientError::Changed { .. } = why { 0 } else { deal.beginning() };
        sink.gather(beginning).map_err(ClientError::Local)?;
        return Err(why);
    }
    let modified = modified.filter(|_| options.ftp.want_modified);
    let (elapsed, outcome) = (began.elapsed(), Outcome::Complete);
    Ok(Some(Done { octets: len, elapsed, outcome, modified, mode: None, repeats: 0 }))
}

impl<'a> Deal<'a> {
    fn new(path: &'a [u8], len: u64, sessions: u64, stop: Cancel) -> Deal<'a> {
        let share = len.div_ceil(sessions);
        let ranges = (0..sessions).rev().map(|n| Range { start: n * share, end: len.min((n + 1) * share) });
        let left = Left { ranges: ranges.collect(), others: 0, failure: None };
        Deal { path, len, left: Mutex::new(left), ended: Condvar::new(), moved: Arc::default(), stop }
    }

    fn lock(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch(
        &self,
        first: &mut Session,
        remote: &Remote,
        options: &Options,
        mut files: Vec<File>,
    ) -> Result<(), ClientError> {
        let (tap, flow) = (options.tap.clone(), first.flow());
        let own = files.pop().expect("one for each session, and there are several");
        self.lock().others = files.len();
        std::thread::scope(|scope| {
            for file in files {
                let tap = tap.clone();
                scope.spawn(move || {
                    self.another(remote, options, tap, flow, file);
                    self.lock().others -= 1;
                    self.ended.notify_all();
                });
            }
            let mut part = Part { file: own };
            loop {
                match self.work(first, &tap, flow, &mut part) {
                    Err(why) => self.fail(why),
                    // Somebody may give a range back.
                    Ok(()) if self.waits(options) => continue,
                    Ok(()) => {}
                }
                break;
            }
            self.stop.cancel();
        });
        first.set_tap(tap);
        self.lock().failure.take().map_or(Ok(()), Err)
    }

    /// One that is not the first.
    fn another(&self, remote: &Remote, options: &Options, tap: Option<Arc<dyn Tap>>, flow: u64, file: File) {
        let cancel = Some(self.stop.clone());
        let mut options = Options { kept: None, on_busy: None, cancel, ..options.clone() };
        // Where it is busy there are fewer.
        options.ftp.busy = Duration::ZERO;
        let Ok(mut session) = Session::open(remote, &options) else { return };
        let mut part = Part { file };
        let ended = self.work(&mut session, &tap, flow, &mut part);
        // What else ends it the others do without it.
        if let Err(why @ (ClientError::Changed { .. } | ClientError::Local(_))) = ended {
            self.fail(why);
            self.stop.cancel();
        }
    }

    /// Fetches ranges until there are none.
    fn work(
        &self,
        session: &mut Session,
        tap: &Option<Arc<dyn Tap>>,
        flow: u64,
        part: &mut Part,
    ) -> Result<(), ClientError> {
        loop {
            let range = {
                let mut left = self.lock();
                match left.ranges.pop() {
                    Some(range) if left.failure.is_none() => range,
                    Some(range) => {
                        left.ranges.push(range);
                        return Ok(());
                    }
                    None => return Ok(()),
                }
            };
            let (tap, moved) = (tap.clone(), self.moved.clone());
            let counts = Arc::new(Together { tap, flow, moved, own: AtomicU64::new(0) });
            session.set_tap(Some(counts.clone()));
            let Err(why) = session.get_range(self.path, range, self.len, part) else { continue };
            let reached = range.start + counts.own.load(Ordering::Relaxed);
            self.lock().ranges.push(Range { start: reached.min(range.end), ..range });
            return Err(why);
        }
    }

    /// Whether the others have left something to the first.
    fn waits(&self, options: &Options) -> bool {
        let mut left = self.lock();
        loop {
            if options.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
                left.failure.get_or_insert(ClientError::Cancelled);
            }
            if left.failure.is_some() {
                return false;
            }
            if !left.ranges.is_empty() || left.others == 0 {
                return !left.ranges.is_empty();
            }
            left = self.ended.wait_timeout(left, TICK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The first reason counts: what comes later comes of it.
    fn fail(&self, why: ClientError) {
        self.lock().failure.get_or_insert(why);
    }

    /// Octets that are there without a gap before them.
    fn beginning(&self) -> u64 {
        self.lock().ranges.iter().map(|range| range.start).min().unwrap_or(self.len)
    }
}

/// Octets of two files are no file.
pub(super) fn changed(what: &str) -> ClientError {
    ClientError::Changed { what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_sessions_are_for_large_files_far_away_or_for_who_asks() {
        let (near, far) = (Duration::from_millis(2), Duration::from_millis(80));
        for (wish, len, round_trip, sessions) in [
            (Segments::AsNeeded, 1 << 30, near, 1),
            (Segments::AsNeeded, 1 << 30, far, 4),
            (Segments::AsNeeded, 1 << 20, far, 1),
            (Segments::Exactly(3), 1 << 30, near, 3),
            (Segments::Exactly(8), (2 << 20) + 5, near, 2),
            (Segments::Exactly(8), 5, far, 0),
        ] {
            assert_eq!(wish.of(len, round_trip), sessions, "{wish:?} {len} {round_trip:?}");
        }
    }

    #[test]
    fn ranges_are_the_whole_file_and_what_is_left_ends_its_beginning() {
        for (len, sessions) in [(2 << 20, 2), ((5 << 20) + 1, 4), ((3 << 20) - 1, 2)] {
            let deal = Deal::new(b"f", len, sessions, Cancel::new().unwrap());
            let mut at = 0;
            while let Some(range) = deal.lock().ranges.pop() {
                assert_eq!(range.start, at);
                assert!(range.end > at);
                at = range.end;
            }
            assert_eq!((at, deal.beginning()), (len, len));
            deal.lock().ranges.extend([Range { start: 900, end: 1_000 }, Range { start: 70, end: 80 }]);
            assert_eq!(deal.beginning(), 70);
        }
    }
}
