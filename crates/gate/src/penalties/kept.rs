//! The file of scores: `at MILLISECONDS`, and for each subscriber `held ADDRESS POINTS BANS UNTIL COUNTS`.
//!
//! It is put together anew each time, under a lock, of what is in it and what the writer has to add: what several
//! workers add up to is one sum, however often each of them writes. Times are those of the wall clock, as the steady
//! one of another process means nothing here.

use super::{Held, OFFENCES, Scores};
use crate::watch::Moment;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use store::journal::{self, Journal, JournalError};

/// How often what is new is written down at most: a crash forgets that much of what was done last.
const EVERY: Duration = Duration::from_secs(10);

/// What is held against addresses ([`crate::Penalties`]), in a file that outlives the process. Workers of one service
/// share it.
pub struct KeptScores {
    // Guards the file; held while it is read and written, which waits for the disk. Taken before the scores.
    open: Mutex<Open>,
}

struct Open {
    journal: Journal,
    /// What was read and not taken up yet.
    found: Option<Found>,
    /// When it may be written next; `None`: at once.
    next: Option<Instant>,
}

/// What a file says.
pub(super) struct Found {
    /// When it was so.
    pub(super) at: SystemTime,
    pub(super) scores: Vec<Kept>,
}

/// One score of it.
pub(super) struct Kept {
    pub(super) of: IpAddr,
    pub(super) held: Held,
    pub(super) bans: u32,
    pub(super) banned_until: Option<SystemTime>,
}

impl fmt::Debug for KeptScores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptScores").finish_non_exhaustive()
    }
}

impl KeptScores {
    /// Opens the file, making it where there is none.
    ///
    /// # Errors
    /// It cannot be read, or is not as it was written.
    pub fn open(path: &Path) -> Result<Arc<KeptScores>, JournalError> {
        let mut found = Found::nothing();
        let journal = Journal::open(path, &mut |line| found.take(line))?;
        let open = Open { journal, found: Some(found), next: None };
        Ok(Arc::new(KeptScores { open: Mutex::new(open) }))
    }

    /// What is new is written down the next time that it is asked for.
    pub(super) fn write_next(&self) {
        self.lock().next = None;
    }

    /// Gives what others wrote to the scores; writes what they are then, where `is_news` and that is due.
    pub(super) fn exchange(
        &self,
        steady: Instant,
        is_news: bool,
        scores: &Scores,
        now: Moment,
    ) -> Result<(), JournalError> {
        let open = &mut *self.lock();
        let is_due = is_news && open.next.is_none_or(|next| next <= steady);
        if !is_due && open.found.is_none() && !open.journal.is_behind() {
            return Ok(());
        }
        let mut found = open.found.take();
        let held = open.journal.hold(&mut |line| found.get_or_insert_with(Found::nothing).take(line))?;
        if let Some(found) = found {
            scores.take(found, now);
        }
        if !is_due {
            return Ok(());
        }
        let Found { at, scores: all } = scores.give(now);
        open.next = Some(steady + EVERY);
        let at = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let lines = std::iter::once(format!("at {at}")).chain(all.iter().map(Kept::write));
        held.compact(lines).inspect_err(|_| scores.is_not_written())
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Found {
    fn nothing() -> Found {
        Found { at: UNIX_EPOCH, scores: Vec::new() }
    }

    fn take(&mut self, line: journal::Found<'_>) {
        let text = match line {
            journal::Found::Anew => return *self = Found::nothing(),
            journal::Found::Line(text) => text,
        };
        // A line that is none is of a later version.
        match text.split_once(' ') {
            Some(("at", millis)) => {
                let at = millis.parse().ok().map(Duration::from_millis);
                self.at = at.and_then(|at| UNIX_EPOCH.checked_add(at)).unwrap_or(self.at);
            }
            Some(("held", rest)) => self.scores.extend(Kept::read(rest)),
            Some(_) | None => {}
        }
    }
}

impl Kept {
    fn write(&self) -> String {
        let Kept { of, held: Held { points, counts }, bans, banned_until } = self;
        let until = banned_until.map_or(String::from("-"), |at| {
            at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string()
        });
        let counts = counts.map(|count| count.to_string()).join(" ");
        format!("held {of} {points:.3} {bans} {until} {counts}")
    }

    fn read(text: &str) -> Option<Kept> {
        let mut words = text.split(' ');
        let (of, points) = (words.next()?.parse().ok()?, words.next()?.parse::<f64>().ok()?);
        let bans = words.next()?.parse().ok()?;
        let banned_until = match words.next()? {
            "-" => None,
            seconds => Some(UNIX_EPOCH.checked_add(Duration::from_secs(seconds.parse().ok()?))?),
        };
        let mut counts = [0; OFFENCES];
        // Of a version with fewer offences there are fewer.
        for (count, word) in counts.iter_mut().zip(words) {
            *count = word.parse::<i32>().ok()?.max(0);
        }
        let points = Some(points).filter(|points| points.is_finite() && *points >= 0.0)?;
        Some(Kept { of, held: Held { points, counts }, bans, banned_until })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Offence, Penalties};
    use super::*;
    use crate::watch::Watch;
    use std::path::PathBuf;

    const HALF: Duration = Duration::from_secs(600);

    /// Workers that share a file, by one clock.
    struct House {
        _dir: tempfile::TempDir,
        path: PathBuf,
        watch: Watch,
    }

    impl House {
        fn new() -> House {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("penalties");
            House { _dir: dir, path, watch: Watch::still(UNIX_EPOCH + Duration::from_secs(1_800_000_000)) }
        }

        fn worker(&self) -> Scores {
            self.worker_by(Penalties::default(), self.watch.now())
        }

        fn worker_by(&self, rules: Penalties, now: Moment) -> Scores {
            Scores::new(rules, Some(KeptScores::open(&self.path).unwrap()), now)
        }

        /// One failed login of 192.0.2.1; the seconds and the reason of the ban that it has earned.
        fn fails(&self, scores: &Scores) -> Option<(u64, String)> {
            let due =
                scores.offend(self.watch.steady(), "192.0.2.1".parse().unwrap(), Offence::FailedLogin)?;
            Some((due.span.as_secs(), due.reason))
        }

        /// How many it takes until a ban.
        fn left(&self, scores: &Scores) -> usize {
            (1..20).find(|_| self.fails(scores).is_some()).unwrap()
        }
    }

    #[test]
    fn a_score_survives_its_worker_and_fades_over_the_gap() {
        let house = House::new();
        let old = house.worker();
        (0..9).for_each(|_| assert_eq!(house.fails(&old), None));
        old.keep(house.watch.now()).unwrap();
        drop(old);
        let new = house.worker();
        assert_eq!(house.fails(&new), Some((600, String::from("10 failed logins"))));
        new.keep(house.watch.now()).unwrap();
        // Five are left behind the ban, of which a half-life takes half; and it was not the first one.
        house.watch.pass(HALF);
        let third = house.worker();
        (0..7).for_each(|n| assert_eq!(house.fails(&third), None, "{n}"));
        assert_eq!(house.fails(&third).map(|(span, _)| span), Some(2_400));
        // Without a word nothing is kept but what was written.
        assert_eq!(house.left(&house.worker()), 8);
        house.watch.pass(Duration::from_secs(86_400 + 600));
        let fourth = house.worker();
        (0..9).for_each(|_| assert_eq!(house.fails(&fourth), None));
        assert_eq!(house.fails(&fourth).map(|(span, _)| span), Some(600), "a first one again");
    }

    #[test]
    fn what_several_workers_add_is_one_sum_however_often_each_writes() {
        let house = House::new();
        let (old, new) = (house.worker(), house.worker());
        let write = |scores: &Scores| scores.keep(house.watch.now()).unwrap();
        for _ in 0..3 {
            assert_eq!((house.fails(&old), house.fails(&new)), (None, None));
            [&old, &new, &old, &old, &new].into_iter().for_each(write);
        }
        // Six; each of both would now bear three more.
        assert_eq!((house.fails(&old), house.fails(&new)), (None, None));
        new.news(house.watch.now()).unwrap();
        write(&old);
        house.watch.pass(EVERY);
        new.news(house.watch.now()).unwrap();
        assert_eq!(house.fails(&new), None);
        let (span, reason) = house.fails(&new).unwrap();
        assert_eq!((span, reason.as_str()), (600, "10 failed logins"));
        // A ban takes away from the sum what both had added, once.
        write(&new);
        write(&old);
        assert_eq!((house.left(&house.worker()), house.left(&old)), (5, 5));
    }

    #[test]
    fn it_is_written_at_most_every_ten_seconds_unless_a_worker_leaves() {
        let house = House::new();
        let scores = house.worker();
        let inode = || std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&house.path).unwrap());
        let news = || {
            let was = inode();
            scores.news(house.watch.now()).unwrap();
            inode() != was
        };
        assert!(!news(), "nothing is new");
        let mut written = Vec::new();
        for _ in 0..25 {
            house.fails(&scores);
            written.push(news());
            house.watch.pass(Duration::from_secs(1));
        }
        let at: Vec<usize> = (0..25).filter(|n| written[*n]).collect();
        assert_eq!(at, [0, 10, 20]);
        let was = inode();
        scores.keep(house.watch.now()).unwrap();
        assert_ne!(inode(), was);
    }

    #[test]
    fn a_clock_that_jumps_back_fades_nothing_and_makes_no_ban_longer() {
        let house = House::new();
        let old = house.worker();
        (0..14).for_each(|_| drop(house.fails(&old)));
        old.keep(house.watch.now()).unwrap();
        let mut now = house.watch.now();
        now.wall -= Duration::from_secs(3_600);
        let new = house.worker_by(Penalties::default(), now);
        // Ten led to the ban, five were left, four came: the second ban, of which none is forgotten.
        assert_eq!(house.fails(&new).map(|(span, _)| span), Some(2_400));
        let least = Penalties { exempt: vec!["192.0.2.0/24".parse().unwrap()], ..Penalties::default() };
        let exempt = house.worker_by(least, now);
        assert_eq!(exempt.delay(now.steady, "192.0.2.1".parse().unwrap()), Duration::ZERO);
        let milder = Penalties { ban_at: 3.0, ..Penalties::default() };
        assert_eq!(house.left(&house.worker_by(milder, now)), 1, "what was held is held by the new rules");
    }

    #[test]
    fn a_flood_is_bounded_in_the_file_and_a_line_of_another_version_is_passed_over() {
        let house = House::new();
        let scores = house.worker();
        for n in 0..40_000u32 {
            let peer = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            let _ = scores.offend(house.watch.steady(), peer, Offence::FailedLogin);
        }
        let began = Instant::now();
        scores.keep(house.watch.now()).unwrap();
        let written = began.elapsed();
        let size = std::fs::metadata(&house.path).unwrap().len();
        drop(house.worker());
        println!("{size} octets, written in {written:?}, both in {:?}", began.elapsed());
        assert!(size < 2 << 20, "{size}");
        let odd =
            ["later 1 2", "at x", "held x", "held 192.0.2.1 NaN 0 - 1", "held 192.0.2.1 -1 0 - 1 0 0 0"];
        let mut found = Found::nothing();
        odd.iter().for_each(|line| found.take(journal::Found::Line(line)));
        assert!(found.scores.is_empty() && found.at == UNIX_EPOCH);
        found.take(journal::Found::Line("held 192.0.2.1 2.5 1 7 2"));
        assert_eq!(found.scores[0].write(), "held 192.0.2.1 2.500 1 7 2 0 0 0");
    }
}
