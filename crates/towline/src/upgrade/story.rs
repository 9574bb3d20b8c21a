//! What the entries of a device say together: what it ran, what was done to it and when, what came of it.
//!
//! Times are those of the entries, milliseconds since 1970 by a clock that may be set back; what lies between two of them is
//! then nothing. Secrets of configurations and transcripts are masked here, once more, whoever wrote them.

use super::record::{self, Ran};
use super::watched::{Watched, watched};
use crate::difference;
use db::journal::{DeviceKept, EntryKept, Kind, Look, State};
use fleet::ios::{is_same, redacted};
use std::time::Duration;
use upgrade::{Effect, Happened};

/// Where a device is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nobody has begun with it.
    Waiting,
    /// A process is at work on it.
    AtWork {
        /// Which, for people.
        by: String,
    },
    /// Whoever was at work on it stopped or died.
    Left,
    /// It is through.
    Ended {
        /// How: `upgraded`.
        outcome: String,
        /// Why, where it is not what was wished.
        why: String,
    },
}

/// A device of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Story {
    /// How it is reached.
    pub device: String,
    /// Its host name.
    pub hostname: String,
    /// Its serial number.
    pub serial: Option<String>,
    /// Where it is.
    pub standing: Standing,
    /// How many were at work on it, one after the other.
    pub claims: i64,
    /// When the first thing was written of it, and the last.
    pub times: Option<(i64, i64)>,
    /// What it ran before.
    pub before: Option<Ran>,
    /// What it said last of what it runs, if it was asked again after that.
    pub after: Option<Ran>,
    /// The last MD5 that it made of the image.
    pub md5: Option<String>,
    /// What was done and what came between, in its order.
    pub moments: Vec<Moment>,
    /// What changed in its configuration, where it was taken before and after.
    pub configuration: Option<Change>,
    /// What was typed and said.
    pub transcript: String,
    /// Entries that could not be understood: of a newer version, or damaged.
    pub strange: Vec<String>,
}

/// Something at its time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moment {
    /// Its entry.
    pub n: i64,
    /// When it began.
    pub at: i64,
    /// What.
    pub what: What,
}

/// What can be at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// Something was done to the device.
    Deed {
        /// For which step of the ladder.
        step: &'static str,
        /// What, for people.
        what: String,
        /// How long it took; `None`: it is not known to have ended.
        took: Option<Duration>,
        /// What came of it.
        came: Came,
    },
    /// Everything is put back from here on.
    TurnedBack(String),
    /// Somebody goes on with it.
    Resumed,
    /// A remark.
    Note(String),
}

/// What came of a deed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Came {
    /// It was done.
    Done,
    /// It was not.
    Failed(String),
    /// It is being done.
    UnderWay,
    /// Nobody knows.
    Unknown,
}

/// What changed in a configuration; lines that change of themselves are none of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Lines that came.
    pub added: u64,
    /// Lines that went.
    pub removed: u64,
    /// The lines, with `+` and `-` in front of those.
    pub lines: String,
}

impl Story {
    /// That of a device of a run with this image, as the journal has it now. Without `whole` its transcript and configurations
    /// are left out.
    pub fn read(
        look: &mut Look,
        kept: &DeviceKept,
        image: &str,
        whole: bool,
    ) -> Result<Story, db::journal::Fault> {
        let mut telling = Telling::new(kept, image, whole);
        let each = |entry| {
            telling.take(entry);
            true
        };
        match whole {
            true => look.entries(kept.id, 0, each)?,
            false => look.outline(kept.id, 0, each)?,
        }
        Ok(telling.told())
    }

    /// The same of entries that somebody has, in their order.
    pub fn of(kept: &DeviceKept, image: &str, entries: impl IntoIterator<Item = EntryKept>) -> Story {
        let mut telling = Telling::new(kept, image, true);
        entries.into_iter().for_each(|entry| telling.take(entry));
        telling.told()
    }

    /// The step at which it is or was left, and since when.
    pub fn step(&self) -> Option<(&'static str, i64)> {
        self.moments.iter().rev().find_map(|moment| match &moment.what {
            What::Deed { step, .. } => Some((*step, moment.at)),
            What::TurnedBack(_) | What::Resumed | What::Note(_) => None,
        })
    }

    /// What was watched, before and after.
    pub fn watched(&self) -> Vec<Watched> {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => watched(before, after),
            (Some(_) | None, _) => Vec::new(),
        }
    }

    /// From the first to the last of what is known.
    pub fn took(&self) -> Duration {
        self.times.map(|(first, last)| between(first, last)).unwrap_or_default()
    }
}

/// Where lines differ in what is masked.
const ONLY_SECRETS: &str = "  only secrets differ\n";

struct Telling<'a> {
    story: Story,
    image: &'a str,
    whole: bool,
    /// The deed of which it is not known what came, and its place in `moments`.
    open: Option<(Effect, usize)>,
    former: Option<String>,
    later: Option<String>,
}

impl<'a> Telling<'a> {
    fn new(kept: &DeviceKept, image: &'a str, whole: bool) -> Telling<'a> {
        let story = Story {
            device: kept.device.key.clone(),
            hostname: kept.device.hostname.clone(),
            serial: kept.device.serial.clone(),
            standing: match &kept.state {
                State::Waiting => Standing::Waiting,
                State::Claimed(by) => Standing::AtWork { by: by.to_string() },
                State::Left => Standing::Left,
                State::Ended { outcome, why, .. } => {
                    Standing::Ended { outcome: outcome.clone(), why: why.clone() }
                }
            },
            claims: kept.generation,
            times: None,
            before: None,
            after: None,
            md5: None,
            moments: Vec::new(),
            configuration: None,
            transcript: String::new(),
            strange: Vec::new(),
        };
        Telling { story, image, whole, open: None, former: None, later: None }
    }

    fn take(&mut self, entry: EntryKept) {
        let first = self.story.times.map_or(entry.at, |(first, _)| first);
        self.story.times = Some((first, entry.at));
        match record::happened(entry.kind, &entry.text) {
            Ok(Some(happened)) => self.happened(&entry, happened),
            Ok(None) => self.said(entry),
            Err(why) => self.strange(&entry, &why),
        }
    }

    fn strange(&mut self, entry: &EntryKept, why: &str) {
        self.story.strange.push(format!("entry {}: {why}", entry.n));
    }

    fn said(&mut self, entry: EntryKept) {
        match entry.kind {
            Kind::Facts => match serde_json::from_str::<Ran>(&entry.text) {
                Ok(ran) if self.story.before.is_none() => self.story.before = Some(ran),
                Ok(ran) => self.story.after = Some(ran),
                Err(why) => self.strange(&entry, &format!("the entry 'facts': {why}")),
            },
            Kind::Note => self.at(&entry, What::Note(entry.text.clone())),
            Kind::Transcript if self.whole => self.story.transcript.push_str(&entry.text),
            // The first one is what it was, whoever took others when he went on; the last one is what it became.
            Kind::Backup if self.whole && entry.step.as_deref() == Some(record::BEFORE) => {
                self.former.get_or_insert(entry.text);
            }
            Kind::Backup if self.whole => self.later = Some(entry.text),
            Kind::Transcript | Kind::Backup => {}
            Kind::Began
            | Kind::Resumed
            | Kind::Intent
            | Kind::Done
            | Kind::Failed
            | Kind::TurnedBack
            | Kind::Ended => unreachable!("these are what happened"),
        }
    }

    fn happened(&mut self, entry: &EntryKept, happened: Happened) {
        match happened {
            Happened::Began { image, version, boot, .. } => {
                // What the device said of itself before that says more.
                let known = self.story.before.take().unwrap_or_default();
                self.story.before = Some(Ran { version, image, boot, ..known });
            }
            Happened::Intent { effect, .. } => {
                let what = record::what(&effect, "", self.image);
                let step = effect.step();
                self.open = Some((effect, self.story.moments.len()));
                self.at(entry, What::Deed { step, what, took: None, came: Came::Unknown });
            }
            Happened::Done { effect, md5 } => {
                if md5.is_some() {
                    self.story.md5 = md5;
                }
                self.came(entry, &effect, Came::Done);
            }
            Happened::Failed { effect, why } => self.came(entry, &effect, Came::Failed(why)),
            Happened::TurnedBack(why) => self.at(entry, What::TurnedBack(why)),
            // What came of a restart may be written by whoever goes on.
            Happened::Resumed => self.at(entry, What::Resumed),
            Happened::Ended(_) => {}
        }
    }

    fn at(&mut self, entry: &EntryKept, what: What) {
        self.story.moments.push(Moment { n: entry.n, at: entry.at, what });
    }

    /// What came of the deed that is open; one of which nobody wrote down that it was intended is told as well.
    fn came(&mut self, entry: &EntryKept, effect: &Effect, outcome: Came) {
        match self.open.take() {
            Some((open, place)) if open == *effect => {
                let moment = &mut self.story.moments[place];
                if let What::Deed { took, came, .. } = &mut moment.what {
                    (*took, *came) = (Some(between(moment.at, entry.at)), outcome);
                }
            }
            other => {
                self.open = other;
                let what = record::what(effect, "", self.image);
                self.at(entry, What::Deed { step: effect.step(), what, took: None, came: outcome });
            }
        }
    }

    fn told(mut self) -> Story {
        if let (Standing::AtWork { .. }, Some((_, place))) = (&self.story.standing, &self.open)
            && let What::Deed { came, .. } = &mut self.story.moments[*place].what
        {
            *came = Came::UnderWay;
        }
        self.story.configuration = match (&self.former, &self.later) {
            (Some(former), Some(later)) if is_same(former, later) => {
                Some(Change { added: 0, removed: 0, lines: String::new() })
            }
            (Some(former), Some(later)) => {
                let (lines, added, removed) = difference::lines(&masked(former), &masked(later));
                let lines = if lines.is_empty() { String::from(ONLY_SECRETS) } else { lines };
                Some(Change { added, removed, lines })
            }
            _ => None,
        };
        self.story.transcript = masked(&self.story.transcript);
        self.story
    }
}

fn masked(text: &str) -> String {
    text.lines().map(|line| redacted(line.trim_end_matches('\r')) + "\n").collect()
}

fn between(first: i64, last: i64) -> Duration {
    Duration::from_millis(u64::try_from(last.saturating_sub(first)).unwrap_or_default())
}
