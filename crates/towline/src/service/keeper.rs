//! Keeps what is written to in order, beside serving: counts it, sweeps what dead processes left, prunes old
//! versions, and saves what is counted for the next process.
//!
//! All of it is done at the start and once a day, beside serving: a start waits for none of it. Where nothing is saved
//! of what a quota counts, an upload waits a moment for the count; until that is done nothing is added there.

use super::local;
use super::tree::{Part, too_much};
use crate::exit::Failure;
use crate::figures::grouped;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::quota::{NoWalk, Saved};

/// An upload waits so long for what is counted for the first time: 200,400 entries take 0.2 s where their facts are
/// in memory, and a disk's seeks besides where they are not.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// How often what has changed is saved; after a crash the walk of the next start corrects what is missing.
const SAVE: Duration = Duration::from_secs(10);
/// How often all is walked through.
const AGAIN: Duration = Duration::from_secs(24 * 3_600);

/// The thread; dropped, it saves and ends.
pub(super) struct Keeper {
    /// None once it is to end.
    end: Option<Sender<()>>,
    stop: Arc<AtomicBool>,
    told: Receiver<String>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Begins. Fails where a part is known, by what a former process saved, to hold more than it may. `beside`: how long
    /// a former process may go on storing, which is then counted too.
    pub(super) fn start(parts: Vec<Part>, beside: Option<Duration>) -> Result<Keeper, Failure> {
        let (end, ended) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        for part in &parts {
            if let (Some(used), Some(most)) = (part.quota.used(), part.limit.octets)
                && used.octets > most
            {
                return Err(too_much(&part.at, used.octets, most));
            }
        }
        let mut work = Work { parts: parts.into_iter().map(Kept::new).collect(), tell, stop: stop.clone() };
        let run = move || {
            // Those that uploads wait for come first.
            work.parts.sort_by_key(|kept| (!kept.part.is_limited, kept.part.quota.is_known()));
            work.walk();
            let (mut walked, mut next) = (Instant::now(), beside.unwrap_or(AGAIN).min(AGAIN));
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(SAVE) {
                work.save();
                if walked.elapsed() >= next {
                    work.walk();
                    (walked, next) = (Instant::now(), AGAIN);
                }
            }
            work.save();
        };
        let thread = std::thread::Builder::new()
            .name("keeper".into())
            .spawn(run)
            .map_err(local("the keeper's thread"))?;
        Ok(Keeper { end: Some(end), stop, told, thread: Some(thread) })
    }

    /// What people should know.
    pub(super) fn told(&self) -> impl Iterator<Item = String> + '_ {
        self.told.try_iter()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was told on stderr; what was not saved is counted by the next process.
            let _ = thread.join();
        }
    }
}

struct Work {
    parts: Vec<Kept>,
    tell: Sender<String>,
    stop: Arc<AtomicBool>,
}

struct Kept {
    part: Part,
    /// What was saved last.
    saved: Option<Saved>,
    /// Whether that has failed since: it is told once.
    has_failed: bool,
}

impl Kept {
    fn new(part: Part) -> Kept {
        Kept { part, saved: None, has_failed: false }
    }

    /// Saves what has changed; gives what people should know.
    fn save(&mut self) -> Option<String> {
        let (record, now) = (self.part.record.as_ref()?, self.part.quota.to_save()?);
        if self.saved.as_ref() == Some(&now) {
            return None;
        }
        match now.save(record) {
            Ok(()) => {
                (self.saved, self.has_failed) = (Some(now), false);
                None
            }
            Err(_) if self.has_failed => None,
            Err(e) => {
                self.has_failed = true;
                Some(format!(
                    "What {} holds could not be saved: {e}; the next start counts it.",
                    self.part.at
                ))
            }
        }
    }
}

impl Work {
    fn walk(&mut self) {
        for Kept { part, .. } in &self.parts {
            let was = part.quota.used();
            let told = match part.quota.walk(true, &|| !self.stop.load(Ordering::Relaxed)) {
                Err(NoWalk::Stopped) => return,
                Ok(found) => corrected(part, was.map(|was| was.octets), found.octets),
                Err(why) if part.is_limited => Some(format!("The quota of {} is not sure: {why}.", part.at)),
                Err(why) => Some(format!("{} was not swept: {why}.", part.at)),
            };
            if let Some(told) = told {
                // Nobody listens where all ends.
                let _ = self.tell.send(told);
            }
        }
        self.save();
    }

    fn save(&mut self) {
        for told in self.parts.iter_mut().filter_map(Kept::save) {
            let _ = self.tell.send(told);
        }
    }
}

/// What a walk found that people should know of.
fn corrected(part: &Part, was: Option<u64>, is: u64) -> Option<String> {
    let most = part.limit.octets?;
    if is > most {
        let (is, most) = (grouped(is), grouped(most));
        return Some(format!("{} holds {is} octets, its quota is {most}: nothing can be added.", part.at));
    }
    let was = was.filter(|was| *was != is)?;
    Some(format!("{} holds {} octets, not {} as was saved.", part.at, grouped(is), grouped(was)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use store::memory::Memory;
    use store::quota::{Limit, Quota, Ration};
    use store::{Mode, Store, VPath};

    fn part(octets: u64, record: Option<PathBuf>) -> Part {
        let memory = Memory::new();
        memory.seed("/f", vec![0; 50]);
        let limit = Limit { octets: Some(octets), files: None };
        let ration = Ration { at: VPath::root(), each: false, limit };
        let quota = Quota::new(Arc::new(memory), vec![ration]);
        Part { at: VPath::root(), quota, limit, is_limited: true, record }
    }

    #[test]
    fn a_start_knows_what_is_there_and_the_end_saves_it() {
        let dir = tempfile::tempdir().unwrap();
        let record = dir.path().join("quota");
        let part = part(100, Some(record.clone()));
        let quota = part.quota.clone();
        // What a former process has left, which is no longer so.
        quota.take_saved(&[(VPath::root(), store::Amount::file(70))].into_iter().collect());
        let keeper = Keeper::start(vec![part], None).unwrap();
        let told = keeper.told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(told, "/ holds 50 octets, not 70 as was saved.");
        let mut upload = quota.create(&VPath::parse(b"/g").unwrap(), Mode::New, "").unwrap();
        upload.write_at(0, &[1; 30]).unwrap();
        upload.commit().unwrap();
        drop(keeper);
        let saved = Saved::load(&record).unwrap();
        let all = store::Amount { octets: 80, files: 2 };
        assert_eq!(saved, Some([(VPath::root(), all)].into_iter().collect()));
    }

    #[test]
    fn a_part_that_is_known_to_hold_too_much_ends_the_start_with_what_to_do() {
        let saved = |octets| [(VPath::root(), store::Amount::file(octets))].into_iter().collect();
        let much = part(49, None);
        much.quota.take_saved(&saved(50));
        let failure = Keeper::start(vec![much], None).err().unwrap().to_string();
        assert!(failure.contains("the quota of /") && failure.contains("allow more"), "{failure}");
        // Where nothing is saved serving begins, and it is told when it is counted.
        let keeper = Keeper::start(vec![part(49, None)], None).unwrap();
        let told = keeper.told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(told, "/ holds 50 octets, its quota is 49: nothing can be added.");
    }

    #[test]
    fn what_cannot_be_saved_is_told_once_and_nothing_else_stops() {
        let dir = tempfile::tempdir().unwrap();
        // Root writes everywhere, but not into a directory that is not there.
        let mut kept = Kept::new(part(100, Some(dir.path().join("none/quota"))));
        kept.part.quota.walk(true, &|| true).unwrap();
        let told = kept.save().unwrap();
        assert!(told.contains("could not be saved") && told.contains("the next start counts it"), "{told}");
        assert_eq!(kept.save(), None, "once");
        std::fs::create_dir(dir.path().join("none")).unwrap();
        assert_eq!(kept.save(), None);
        assert!(kept.saved.is_some() && !kept.has_failed);
    }
}
