//! The state machine of install mode. Time goes in as seconds; what follows in flash is the owner's.

/// An image as packages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    /// `17.06.01.0.4711`
    pub release: String,
    /// `cat9k_iosxe.17.06.01.SPA.conf`
    pub conf: String,
    /// The files of its packages.
    pub packages: Vec<String>,
}

impl Image {
    /// `17.6.1`
    pub fn version(&self) -> String {
        let padded = self.release.split('.').take(3).collect::<Vec<_>>().join(".");
        ios_cli::text::xe::unpadded(&padded)
    }
}

/// What is typed, or happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// `install add file F`
    Add,
    /// `install add file F activate`
    AddActivate,
    /// `install add file F activate commit`
    OneShot,
    /// `install activate`
    Activate,
    /// `install commit`
    Commit,
    /// `install abort`
    Abort,
    /// `install rollback to committed`
    RollbackCommitted,
    /// `install rollback to base`
    RollbackBase,
    /// `install rollback to id N`
    RollbackId,
    /// `install deactivate file F`
    Deactivate,
    /// `install auto-abort-timer stop`
    StopTimer,
    /// The auto-abort timer has run down.
    Expire,
}

/// What runs, as the machine distinguishes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// A whole image.
    Bundle,
    /// Packages that are committed, nothing is added.
    Committed,
    /// The same; an image is added.
    Added,
    /// Packages on trial.
    Activated,
}

/// What comes of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    /// The image is there as packages.
    Added,
    /// The added image runs next, on trial: a reload.
    OnTrial,
    /// The added image runs next, for good: a reload.
    ForGood,
    /// What runs is for good.
    Kept,
    /// What was committed before runs next: a reload.
    Back,
    /// The image of a point runs next, for good: a reload, unless it runs already.
    ToPoint,
    /// The trial goes on without an end.
    Endless,
}

/// Why not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Packages are for a device that booted packages.
    BundleMode,
    /// There is an added image already.
    AlreadyAdded,
    /// Nothing is added.
    NothingAdded,
    /// Something runs on trial: commit or abort first.
    OnTrial,
    /// Nothing runs on trial.
    NothingOnTrial,
    /// There is no such point, or it was before another.
    NoSuchPoint,
    /// Only what mends an image can be deactivated.
    NotAMend,
}

use Done::{Added, Back, Endless, ForGood, Kept, OnTrial, ToPoint};

/// What each verb comes to in each mode: bundle, committed, added, activated.
pub const TABLE: &[(Verb, [Result<Done, Refusal>; 4])] = &[
    (Verb::Add, [Err(Refusal::BundleMode), Ok(Added), Err(Refusal::AlreadyAdded), Err(Refusal::OnTrial)]),
    (
        Verb::AddActivate,
        [Err(Refusal::BundleMode), Ok(OnTrial), Err(Refusal::AlreadyAdded), Err(Refusal::OnTrial)],
    ),
    // The way from a bundle to packages.
    (Verb::OneShot, [Ok(ForGood), Ok(ForGood), Err(Refusal::AlreadyAdded), Err(Refusal::OnTrial)]),
    (
        Verb::Activate,
        [Err(Refusal::BundleMode), Err(Refusal::NothingAdded), Ok(OnTrial), Err(Refusal::OnTrial)],
    ),
    (
        Verb::Commit,
        [Err(Refusal::BundleMode), Err(Refusal::NothingOnTrial), Err(Refusal::NothingOnTrial), Ok(Kept)],
    ),
    (
        Verb::Abort,
        [Err(Refusal::BundleMode), Err(Refusal::NothingOnTrial), Err(Refusal::NothingOnTrial), Ok(Back)],
    ),
    (
        Verb::RollbackCommitted,
        [Err(Refusal::BundleMode), Err(Refusal::NothingOnTrial), Err(Refusal::NothingOnTrial), Ok(Back)],
    ),
    (Verb::RollbackBase, [Err(Refusal::BundleMode), Ok(ToPoint), Ok(ToPoint), Ok(ToPoint)]),
    (Verb::RollbackId, [Err(Refusal::BundleMode), Ok(ToPoint), Ok(ToPoint), Ok(ToPoint)]),
    (
        Verb::Deactivate,
        [Err(Refusal::BundleMode), Err(Refusal::NotAMend), Err(Refusal::NotAMend), Err(Refusal::NotAMend)],
    ),
    (
        Verb::StopTimer,
        [Err(Refusal::BundleMode), Err(Refusal::NothingOnTrial), Err(Refusal::NothingOnTrial), Ok(Endless)],
    ),
    (
        Verb::Expire,
        [Err(Refusal::BundleMode), Err(Refusal::NothingOnTrial), Err(Refusal::NothingOnTrial), Ok(Back)],
    ),
];

/// When a trial ends by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timer {
    /// So many seconds after `since`, seconds of 1970.
    Running {
        /// When it was set.
        since: u64,
        /// How long it runs.
        seconds: u64,
    },
    /// Not by itself.
    Stopped,
}

/// A committed image that there is a way back to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Point {
    /// 1 and up.
    pub id: u32,
    /// When it was made, seconds of 1970.
    pub at: u64,
    /// What was committed.
    pub image: Image,
}

/// An operation that came to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogEntry {
    /// `install_add`
    pub operation: String,
    /// Seconds of 1970.
    pub from: u64,
    /// Likewise.
    pub to: u64,
    /// Whether it did what it was to do.
    pub good: bool,
}

/// The letter of `show install summary`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum St {
    /// `I`
    Inactive,
    /// `U`
    Uncommitted,
    /// `C`
    Committed,
}

/// What runs as packages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Running {
    /// For good.
    Committed(Image),
    /// On trial.
    Activated {
        image: Image,
        /// What comes back.
        back: Image,
        timer: Timer,
    },
}

/// Everything that install mode remembers.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Ledger {
    /// `None`: no packages have run yet.
    pub(super) running: Option<Running>,
    pub(super) added: Option<Image>,
    pub(super) points: Vec<Point>,
    pub(super) log: Vec<LogEntry>,
}

/// So many are remembered.
const MOST_POINTS: usize = 16;
const MOST_LOG: usize = 64;

impl Ledger {
    /// What it distinguishes; `packages`: whether the device runs packages.
    pub fn mode(&self, packages: bool) -> Mode {
        match (&self.running, packages) {
            (_, false) => Mode::Bundle,
            (Some(Running::Activated { .. }), true) => Mode::Activated,
            (Some(Running::Committed(_)) | None, true) if self.added.is_some() => Mode::Added,
            (Some(Running::Committed(_)) | None, true) => Mode::Committed,
        }
    }

    /// What a verb would come to. Nothing changes.
    ///
    /// # Errors
    /// Why it may not be.
    pub fn allows(verb: Verb, mode: Mode) -> Result<Done, Refusal> {
        let (_, row) = TABLE.iter().find(|(known, _)| *known == verb).expect("a test looks for every verb");
        row[match mode {
            Mode::Bundle => 0,
            Mode::Committed => 1,
            Mode::Added => 2,
            Mode::Activated => 3,
        }]
    }

    /// The device has booted these packages. If they are others than expected, somebody saw to it by hand: then they are what
    /// is committed.
    pub fn booted(&mut self, now: u64, image: Image) {
        let expected = match &self.running {
            Some(Running::Committed(expected) | Running::Activated { image: expected, .. }) => Some(expected),
            None => None,
        };
        if expected.is_none_or(|expected| expected.packages != image.packages) {
            self.commit(now, image);
        }
    }

    /// An image was taken apart into packages.
    pub fn add(&mut self, image: Image) {
        self.added = Some(image);
    }

    /// What was added is gone.
    pub fn drop_added(&mut self) -> Option<Image> {
        self.added.take()
    }

    /// `image` runs after the reload that follows, on trial for so many seconds.
    pub fn activate(&mut self, now: u64, image: Image, seconds: u64) {
        self.added = None;
        let timer = Timer::Running { since: now, seconds };
        self.running = Some(match self.running.take() {
            Some(Running::Committed(back) | Running::Activated { back, .. }) => {
                Running::Activated { image, back, timer }
            }
            None => Running::Committed(image),
        });
    }

    /// `image` is for good from now on.
    pub fn commit(&mut self, now: u64, image: Image) {
        self.added = None;
        let is_new = self.points.last().is_none_or(|point| point.image != image);
        if is_new {
            let id = self.points.last().map_or(1, |point| point.id + 1);
            self.points.push(Point { id, at: now, image: image.clone() });
            if self.points.len() > MOST_POINTS {
                self.points.remove(0);
            }
        }
        self.running = Some(Running::Committed(image));
    }

    /// What is on trial stays; what it was.
    pub fn keep(&mut self, now: u64) -> Option<Image> {
        let Some(Running::Activated { image, .. }) = self.running.clone() else { return None };
        self.commit(now, image.clone());
        Some(image)
    }

    /// What was committed before the trial is what is committed again; what it is.
    pub fn back(&mut self) -> Option<Image> {
        let Some(Running::Activated { back, .. }) = &self.running else { return None };
        let back = back.clone();
        self.running = Some(Running::Committed(back.clone()));
        Some(back)
    }

    /// The trial goes on without an end.
    pub fn stop_timer(&mut self) {
        if let Some(Running::Activated { timer, .. }) = &mut self.running {
            *timer = Timer::Stopped;
        }
    }

    /// What is on trial or committed.
    pub fn current(&self) -> Option<&Image> {
        match &self.running {
            Some(Running::Committed(image) | Running::Activated { image, .. }) => Some(image),
            None => None,
        }
    }

    /// What would come back.
    pub fn behind(&self) -> Option<&Image> {
        match &self.running {
            Some(Running::Activated { back, .. }) => Some(back),
            Some(Running::Committed(_)) | None => None,
        }
    }

    /// What was added.
    pub fn added(&self) -> Option<&Image> {
        self.added.as_ref()
    }

    /// The timer of the trial; `None`: nothing is on trial.
    pub fn timer(&self) -> Option<Timer> {
        match &self.running {
            Some(Running::Activated { timer, .. }) => Some(*timer),
            Some(Running::Committed(_)) | None => None,
        }
    }

    /// Seconds until the trial ends by itself; `haste`: how many of its seconds pass in one.
    pub fn left(&self, now: u64, haste: u32) -> Option<u64> {
        match self.timer()? {
            Timer::Running { since, seconds } => {
                let passed = now.saturating_sub(since).saturating_mul(u64::from(haste.max(1)));
                Some(seconds.saturating_sub(passed))
            }
            Timer::Stopped => None,
        }
    }

    /// The rows of `show install summary`.
    pub fn rows(&self) -> Vec<(St, &Image)> {
        let added = self.added.iter().map(|image| (St::Inactive, image));
        let running = self.running.iter().map(|running| match running {
            Running::Committed(image) => (St::Committed, image),
            Running::Activated { image, .. } => (St::Uncommitted, image),
        });
        added.chain(running).collect()
    }

    /// The points, the oldest first.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The point that `id` names; `None` for the base: the oldest.
    pub fn point(&self, id: Option<u32>) -> Option<&Point> {
        match id {
            Some(id) => self.points.iter().find(|point| point.id == id),
            None => self.points.first(),
        }
    }

    /// Every file that must stay: of what runs, what would come back, what is added.
    pub fn in_use(&self) -> impl Iterator<Item = &str> {
        let images = [self.current(), self.behind()].into_iter().flatten();
        images.flat_map(|image| image.packages.iter().map(String::as_str))
    }

    /// Remembers how an operation ended.
    pub fn note(&mut self, entry: LogEntry) {
        if self.log.len() == MOST_LOG {
            self.log.remove(0);
        }
        self.log.push(entry);
    }

    /// How operations ended, the oldest first.
    pub fn log(&self) -> &[LogEntry] {
        &self.log
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn image(release: &str) -> Image {
        Image {
            release: release.into(),
            conf: format!("{release}.conf"),
            packages: vec![format!("a.{release}.pkg"), format!("b.{release}.pkg")],
        }
    }

    #[test]
    fn every_verb_has_one_row_and_what_it_comes_to_is_this() {
        let letter = |done: &Result<Done, Refusal>| match done {
            Ok(done) => format!("{done:?}"),
            Err(refusal) => format!("-{refusal:?}"),
        };
        let lines: Vec<String> = TABLE
            .iter()
            .map(|(verb, row)| format!("{verb:?}: {}", row.iter().map(letter).collect::<Vec<_>>().join(" ")))
            .collect();
        assert_eq!(
            lines.join("\n"),
            "Add: -BundleMode Added -AlreadyAdded -OnTrial
AddActivate: -BundleMode OnTrial -AlreadyAdded -OnTrial
OneShot: ForGood ForGood -AlreadyAdded -OnTrial
Activate: -BundleMode -NothingAdded OnTrial -OnTrial
Commit: -BundleMode -NothingOnTrial -NothingOnTrial Kept
Abort: -BundleMode -NothingOnTrial -NothingOnTrial Back
RollbackCommitted: -BundleMode -NothingOnTrial -NothingOnTrial Back
RollbackBase: -BundleMode ToPoint ToPoint ToPoint
RollbackId: -BundleMode ToPoint ToPoint ToPoint
Deactivate: -BundleMode -NotAMend -NotAMend -NotAMend
StopTimer: -BundleMode -NothingOnTrial -NothingOnTrial Endless
Expire: -BundleMode -NothingOnTrial -NothingOnTrial Back"
        );
    }

    #[test]
    fn a_trial_ends_in_a_commit_or_in_what_was_before() {
        let (old, new) = (image("17.06.01"), image("17.09.04"));
        let mut ledger = Ledger::default();
        ledger.booted(10, old.clone());
        assert_eq!(ledger.mode(true), Mode::Committed);
        ledger.add(new.clone());
        assert_eq!(ledger.mode(true), Mode::Added);
        assert_eq!(ledger.rows(), [(St::Inactive, &new), (St::Committed, &old)]);
        ledger.activate(20, new.clone(), 7_200);
        ledger.booted(30, new.clone());
        assert_eq!((ledger.mode(true), ledger.mode(false)), (Mode::Activated, Mode::Bundle));
        assert_eq!(ledger.rows(), [(St::Uncommitted, &new)]);
        assert_eq!(
            (ledger.left(20, 1), ledger.left(80, 1), ledger.left(80, 60)),
            (Some(7_200), Some(7_140), Some(3_600))
        );
        assert_eq!(ledger.left(u64::MAX, 1), Some(0));
        assert_eq!(ledger.in_use().count(), 4, "the old one's packages are needed to come back");
        let mut kept = ledger.clone();
        assert_eq!(kept.keep(40), Some(new.clone()));
        assert_eq!((kept.mode(true), kept.left(99, 1), kept.points().len()), (Mode::Committed, None, 2));
        assert_eq!(kept.point(None).map(|p| &p.image), Some(&old));
        assert_eq!(kept.point(Some(2)).map(|p| &p.image), Some(&new));
        assert_eq!(kept.point(Some(3)), None);
        assert_eq!(ledger.back(), Some(old.clone()));
        ledger.booted(50, old.clone());
        assert_eq!(
            (ledger.mode(true), ledger.current(), ledger.points().len()),
            (Mode::Committed, Some(&old), 1)
        );
        assert_eq!((ledger.back(), ledger.keep(60)), (None, None), "nothing is on trial any more");
    }

    #[test]
    fn a_stopped_timer_does_not_end_the_trial() {
        let mut ledger = Ledger::default();
        ledger.booted(0, image("17.06.01"));
        ledger.add(image("17.09.04"));
        ledger.activate(0, image("17.09.04"), 1_800);
        assert_eq!(ledger.left(1_799, 1), Some(1));
        ledger.stop_timer();
        assert_eq!((ledger.left(9_999, 1), ledger.timer()), (None, Some(Timer::Stopped)));
    }

    #[test]
    fn packages_that_somebody_put_there_by_hand_are_what_is_committed() {
        let mut ledger = Ledger::default();
        ledger.booted(0, image("17.06.01"));
        ledger.add(image("17.09.04"));
        ledger.activate(0, image("17.09.04"), 1_800);
        ledger.booted(9, image("17.03.01"));
        assert_eq!(
            (ledger.mode(true), ledger.rows()),
            (Mode::Committed, vec![(St::Committed, &image("17.03.01"))])
        );
    }
}
