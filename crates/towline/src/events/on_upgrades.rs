//! Events of what is kept of upgrades.

use super::document::{Kind, Row};
use super::fields::{always, maybe};
use super::timestamp;
use crate::upgrade::story::{Came, Moment, Standing, Story, What};
use crate::upgrade::watched::Watched;
use db::journal::RunKept;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

pub(super) const UPGRADE_RUN: Row = Row {
    event: "upgrade_run",
    by: "upgrade list, upgrade status, upgrade report, upgrade abort, upgrade resume",
    doc: "A run of upgrades that the journal keeps.",
    fields: &[
        always("run", Kind::Count, "Its number."),
        always("began", Kind::Text, "When: RFC 3339, UTC."),
        always("image", Kind::Text, "The new image."),
        always("md5", Kind::Text, "Its MD5, in hexadecimal."),
        always(
            "devices",
            Kind::Counts,
            "How many devices are where: `waiting`, `at-work`, `left`, else how they ended.",
        ),
        maybe("stop_asked", Kind::Text, "When somebody asked it to stop."),
    ],
};

pub(super) const UPGRADE_DEVICE: Row = Row {
    event: "upgrade_device",
    by: "upgrade status, upgrade report, upgrade abort",
    doc: "A device of a run.",
    fields: &[
        always("run", Kind::Count, "The run's number."),
        always("device", Kind::Text, "As it was named."),
        always("hostname", Kind::Text, "As its prompt had it."),
        maybe("serial", Kind::Text, "Of the chassis, where it tells one."),
        always(
            "state",
            Kind::OneOf(&["waiting", "at-work", "left", "ended"]),
            "`left`: whoever was at work on it stopped or died.",
        ),
        maybe("by", Kind::Text, "Who is at work on it, for people."),
        maybe("outcome", Kind::Text, "How it ended: `upgraded`, `rolled-back`, `held`, …"),
        maybe("why", Kind::Text, "Why it is not what was wished."),
        maybe("step", Kind::Text, "The last step that was begun: `transfer` (docs/upgrade.md)."),
        always("claims", Kind::Count, "How many were at work on it, one after the other."),
        maybe("began", Kind::Text, "When the first entry was written: RFC 3339, UTC."),
        maybe("last", Kind::Text, "When the last one was."),
        maybe("version_before", Kind::Text, "What it ran before: `15.1(4)M4`."),
        maybe("image_before", Kind::Text, "What was booted then."),
        maybe("boot_before", Kind::Texts, "What its next start would have tried."),
        maybe("version_after", Kind::Text, "What it ran when it was asked last."),
        maybe("image_after", Kind::Text, "What was booted then."),
        maybe("boot_after", Kind::Texts, "What its next start would try."),
        always(
            "watched",
            Kind::Texts,
            "What was there before and is there now, where both were said: `2 interfaces, the same as before`.",
        ),
        always("gone", Kind::Texts, "Of that what is not there any more: `interfaces: GigabitEthernet0/1`."),
        maybe("md5", Kind::Text, "The MD5 of the image that it made last."),
        maybe(
            "added",
            Kind::Count,
            "Lines that came to its configuration, where it was taken twice. By `report`.",
        ),
        maybe("removed", Kind::Count, "Lines that went. By `report`."),
        maybe("difference", Kind::Text, "Those lines, secrets left out. By `report`."),
        maybe("transcript", Kind::Text, "What was typed and said, secrets left out. By `report`."),
        always("strange", Kind::Texts, "Entries that this program does not understand."),
    ],
};

pub(super) const UPGRADE_ENTRY: Row = Row {
    event: "upgrade_entry",
    by: "upgrade report",
    doc: "Something that was done to a device of a run, or came between, in its order.",
    fields: &[
        always("run", Kind::Count, "The run's number."),
        always("device", Kind::Text, "As it was named."),
        always("n", Kind::Count, "Its place among the entries of the device."),
        always("at", Kind::Text, "When it began: RFC 3339, UTC."),
        always(
            "entry",
            Kind::OneOf(&["done", "failed", "under-way", "unknown", "turned-back", "resumed", "note"]),
            "What came of it. `turned-back`: from here on everything is put back as it was.",
        ),
        maybe("step", Kind::Text, "Of the ladder: `transfer` (docs/upgrade.md)."),
        maybe("what", Kind::Text, "What was done, for people."),
        maybe("seconds", Kind::Number, "How long it took."),
        maybe("why", Kind::Text, "Why it failed, or why it is put back; of a note its text."),
    ],
};

pub(super) const UPGRADE_FORGOTTEN: Row = Row {
    event: "upgrade_forgotten",
    by: "upgrade forget",
    doc: "A run of upgrades that the journal keeps no longer.",
    fields: &[
        always("run", Kind::Count, "Its number."),
        always("began", Kind::Text, "When: RFC 3339, UTC."),
        always("image", Kind::Text, "The new image."),
        always("devices", Kind::Count, "How many devices it had."),
        always("dry_run", Kind::OneOf(&["yes", "no"]), "Whether it is only told: it is kept still."),
    ],
};

/// A run that was forgotten, or would be.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in UPGRADE_FORGOTTEN, which is printed")]
pub struct UpgradeForgotten {
    pub run: i64,
    pub began: String,
    pub image: String,
    pub devices: usize,
    pub dry_run: &'static str,
}

impl UpgradeForgotten {
    /// That of the journal.
    pub fn new(kept: &RunKept, devices: usize, dry_run: bool) -> UpgradeForgotten {
        let (began, image) = (stamp(kept.at), kept.run.image.clone());
        let dry_run = if dry_run { "yes" } else { "no" };
        UpgradeForgotten { run: kept.id, began, image, devices, dry_run }
    }
}

/// A run as an event.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in UPGRADE_RUN, which is printed")]
pub struct UpgradeRun {
    pub run: i64,
    pub began: String,
    pub image: String,
    pub md5: String,
    pub devices: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_asked: Option<String>,
}

impl UpgradeRun {
    /// That of the journal.
    pub fn new(kept: &RunKept, totals: &BTreeMap<String, u64>) -> UpgradeRun {
        UpgradeRun {
            run: kept.id,
            began: stamp(kept.at),
            image: kept.run.image.clone(),
            md5: kept.run.md5.clone(),
            devices: totals.clone(),
            stop_asked: kept.stop.map(stamp),
        }
    }
}

/// A device of a run as an event.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
#[allow(missing_docs, reason = "every field is documented in UPGRADE_DEVICE, which is printed")]
pub struct UpgradeDevice {
    pub run: i64,
    pub device: String,
    pub hostname: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    pub state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<&'static str>,
    pub claims: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_before: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_after: Option<Vec<String>>,
    pub watched: Vec<String>,
    pub gone: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    pub strange: Vec<String>,
}

impl UpgradeDevice {
    /// That of a story.
    pub fn new(run: i64, story: Story) -> UpgradeDevice {
        let step = story.step().map(|(step, _)| step);
        let watched = story.watched();
        let gone = watched.iter().flat_map(|w| w.gone.iter().map(|name| format!("{}: {name}", w.what)));
        let (state, by, outcome, why) = match story.standing {
            Standing::Waiting => ("waiting", None, None, None),
            Standing::AtWork { by } => ("at-work", Some(by), None, None),
            Standing::Left => ("left", None, None, None),
            Standing::Ended { outcome, why } => {
                ("ended", None, Some(outcome), Some(why).filter(|why| !why.is_empty()))
            }
        };
        let (before, after, change) = (story.before, story.after, story.configuration);
        UpgradeDevice {
            run,
            device: story.device,
            hostname: story.hostname,
            serial: story.serial,
            state,
            by,
            outcome,
            why,
            step,
            claims: story.claims,
            began: story.times.map(|(first, _)| stamp(first)),
            last: story.times.map(|(_, last)| stamp(last)),
            version_before: before.as_ref().map(|ran| ran.version.clone()),
            image_before: before.as_ref().map(|ran| ran.image.clone()),
            boot_before: before.map(|ran| ran.boot),
            version_after: after.as_ref().map(|ran| ran.version.clone()),
            image_after: after.as_ref().map(|ran| ran.image.clone()),
            boot_after: after.map(|ran| ran.boot),
            gone: gone.collect(),
            watched: watched.iter().map(Watched::line).collect(),
            md5: story.md5,
            added: change.as_ref().map(|change| change.added),
            removed: change.as_ref().map(|change| change.removed),
            difference: change.map(|change| change.lines),
            transcript: Some(story.transcript).filter(|text| !text.is_empty()),
            strange: story.strange,
        }
    }
}

/// Something that was done as an event.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
#[allow(missing_docs, reason = "every field is documented in UPGRADE_ENTRY, which is printed")]
pub struct UpgradeEntry {
    pub run: i64,
    pub device: String,
    pub n: i64,
    pub at: String,
    pub entry: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl UpgradeEntry {
    /// That of a moment of a device.
    pub fn new(run: i64, device: &str, moment: &Moment) -> UpgradeEntry {
        let entry = |entry| UpgradeEntry {
            run,
            device: device.to_owned(),
            n: moment.n,
            at: stamp(moment.at),
            entry,
            ..UpgradeEntry::default()
        };
        match &moment.what {
            What::Deed { step, what, took, came } => {
                let (word, why) = match came {
                    Came::Done => ("done", None),
                    Came::Failed(why) => ("failed", Some(why.clone())),
                    Came::UnderWay => ("under-way", None),
                    Came::Unknown => ("unknown", None),
                };
                UpgradeEntry {
                    step: Some(step),
                    what: Some(what.clone()),
                    seconds: took.map(|took| took.as_secs_f64()),
                    why,
                    ..entry(word)
                }
            }
            What::TurnedBack(why) => UpgradeEntry { why: Some(why.clone()), ..entry("turned-back") },
            What::Resumed => entry("resumed"),
            What::Note(text) => UpgradeEntry { why: Some(text.clone()), ..entry("note") },
        }
    }
}

/// A time of the journal.
fn stamp(at: i64) -> String {
    timestamp(UNIX_EPOCH + Duration::from_millis(u64::try_from(at).unwrap_or_default()))
}
