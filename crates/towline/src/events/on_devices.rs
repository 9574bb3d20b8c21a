//! Events of what is asked of devices.

use super::document::{Kind, Row};
use super::fields::{always, maybe};
use serde::Serialize;
use std::collections::BTreeMap;
use upgrade::{Facts, Mode, Plan, Target};

pub(super) const FACTS: Row = Row {
    event: "facts",
    by: "facts",
    doc: "What a device says of itself.",
    fields: &[
        always("device", Kind::Text, "As it was named."),
        always("hostname", Kind::Text, "As its prompt has it."),
        always("model", Kind::Text, "`CISCO2911/K9`"),
        maybe("serial", Kind::Text, "Of the chassis, where it tells one."),
        always("version", Kind::Text, "Of what runs: `15.5(3)M4a`, of IOS-XE `16.06.05`."),
        always("image", Kind::Text, "What was booted, with its file system."),
        always("mode", Kind::OneOf(&["bundle", "install"]), "One image, or packages that a list names."),
        always("uptime_minutes", Kind::Count, "Whole minutes since the last start."),
        maybe("reason", Kind::Text, "Of the last start."),
        maybe("memory", Kind::Count, "Octets of main memory."),
        always(
            "boot",
            Kind::Texts,
            "What is tried at the next start, in this order, as the device spells it.",
        ),
        maybe("register", Kind::Text, "The configuration register of the next start: `0x2102`."),
        always("manual_boot", Kind::OneOf(&["yes", "no"]), "Whether the boot loader waits for a person."),
        always("file_system", Kind::Text, "Where the image lies: `flash0:`."),
        always("total", Kind::Count, "Its octets."),
        always("free", Kind::Count, "Octets that are free there."),
        always("files", Kind::Counts, "Files in its root, and their octets."),
        maybe(
            "unsaved",
            Kind::OneOf(&["yes", "no"]),
            "Whether the running configuration differs from the saved one, where both are shown.",
        ),
        maybe("reload", Kind::Text, "A reload that is scheduled, in the device's words."),
        maybe("up", Kind::Texts, "Interfaces whose line protocol is up, where it says so."),
        maybe(
            "neighbours",
            Kind::Texts,
            "Who is at which interface, by CDP and LLDP, where it says so: `SW1 at Gi0/1`.",
        ),
        maybe("routes", Kind::Counts, "How many routes there are of each origin, where it says so."),
    ],
};

/// [`Facts`] as an event.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in FACTS, which is printed")]
pub struct Surveyed {
    pub device: String,
    pub hostname: String,
    pub model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    pub version: String,
    pub image: String,
    pub mode: &'static str,
    pub uptime_minutes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    pub boot: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    pub manual_boot: &'static str,
    pub file_system: String,
    pub total: u64,
    pub free: u64,
    pub files: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsaved: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routes: Option<BTreeMap<String, u64>>,
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

impl Surveyed {
    /// Those of a device that was named so.
    pub fn new(device: &str, facts: &Facts) -> Surveyed {
        let Facts { boot, flash, .. } = facts.clone();
        let register = boot.coming_register().map(|register| format!("{register:#06x}"));
        let files = flash.files.into_iter().filter(|file| !file.is_directory);
        Surveyed {
            device: device.to_owned(),
            hostname: facts.hostname.clone(),
            model: facts.model.clone(),
            serial: facts.serial.clone(),
            version: facts.version.clone(),
            image: facts.image.clone(),
            mode: match facts.mode {
                Mode::Bundle => "bundle",
                Mode::Install => "install",
            },
            uptime_minutes: facts.uptime,
            reason: facts.reason.clone(),
            memory: facts.memory,
            boot: boot.images,
            register,
            manual_boot: yes(boot.manual),
            file_system: flash.name,
            total: flash.total,
            free: flash.free,
            files: files.map(|file| (file.name, file.size)).collect(),
            unsaved: facts.unsaved.map(yes),
            reload: facts.reload.clone(),
            up: facts.up.clone(),
            neighbours: facts.neighbours.as_ref().map(|all| all.iter().map(ToString::to_string).collect()),
            routes: facts
                .routes
                .as_ref()
                .map(|all| all.iter().map(|r| (r.source.clone(), r.count)).collect()),
        }
    }
}

pub(super) const PLANNED: Row = Row {
    event: "planned",
    by: "upgrade plan",
    doc: "What an upgrade would do to a device, or what stands in its way.",
    fields: &[
        always("device", Kind::Text, "As it was named."),
        always("image", Kind::Text, "The new image."),
        always("state", Kind::OneOf(&["there", "ready", "blocked"]), "`there`: nothing is to be done."),
        always(
            "blocks",
            Kind::Texts,
            "What stands in the way: `CHECK: expected WHAT, found WHAT` (docs/upgrade.md has the checks).",
        ),
        always("actions", Kind::Texts, "What would be done, in this order: `STEP: WHAT`."),
        always("watched", Kind::Texts, "What has to be there again behind the restart: `2 interfaces`."),
        always("octets", Kind::Count, "What would be copied."),
        always("copy_seconds", Kind::Count, "How long that takes at the rate that was given."),
        always("away_seconds", Kind::Count, "How long the device is away."),
    ],
};

/// A plan as an event.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in PLANNED, which is printed")]
pub struct Planned {
    pub device: String,
    pub image: String,
    pub state: &'static str,
    pub blocks: Vec<String>,
    pub actions: Vec<String>,
    pub watched: Vec<String>,
    pub octets: u64,
    pub copy_seconds: u64,
    pub away_seconds: u64,
}

impl Planned {
    /// That of a device that was named so.
    pub fn new(device: &str, target: &Target, plan: &Plan) -> Planned {
        let blocks = plan.blocks.iter();
        let blocks =
            blocks.map(|b| format!("{}: expected {}, found {}", b.check, b.expected, b.found)).collect();
        Planned {
            device: device.to_owned(),
            image: target.name.clone(),
            state: match (plan.is_there(), plan.blocks.is_empty()) {
                (true, _) => "there",
                (false, true) => "ready",
                (false, false) => "blocked",
            },
            blocks,
            actions: plan.actions.iter().map(|a| format!("{}: {}", a.step, a.what)).collect(),
            watched: plan.watched.words(),
            octets: plan.estimate.octets,
            copy_seconds: plan.estimate.copying.as_secs(),
            away_seconds: plan.estimate.away.as_secs(),
        }
    }
}

pub(super) const BACKED_UP: Row = Row {
    event: "backed_up",
    by: "backup",
    doc: "The running configuration of a device was fetched.",
    fields: &[
        always("device", Kind::Text, "As it was named."),
        always("hostname", Kind::Text, "As its prompt has it."),
        always("file", Kind::Text, "The newest one."),
        always(
            "state",
            Kind::OneOf(&["first", "same", "changed"]),
            "`same`: but for lines that change of themselves; nothing was written.",
        ),
        maybe("former", Kind::Text, "Where the one before it is, where it changed."),
        maybe("added", Kind::Count, "Lines that came, where it changed."),
        maybe("removed", Kind::Count, "Lines that went, where it changed."),
    ],
};

/// A configuration that was fetched.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in BACKED_UP, which is printed")]
pub struct BackedUp {
    pub device: String,
    pub hostname: String,
    pub file: String,
    pub state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<u64>,
}

pub(super) const UPGRADE_STEP: Row = Row {
    event: "upgrade_step",
    by: "upgrade apply, upgrade resume",
    doc: "What is about to be done to a device, or what came of it: an entry of the journal.",
    fields: &[
        always("device", Kind::Text, "As it was named."),
        always(
            "entry",
            Kind::OneOf(&["began", "intent", "done", "failed", "turned-back", "resumed"]),
            "`intent`: about to be done. `turned-back`: from here on everything is put back as it was.",
        ),
        maybe("step", Kind::Text, "Of the ladder: `transfer` (docs/upgrade.md)."),
        maybe("what", Kind::Text, "What is done, for people."),
        maybe("why", Kind::Text, "What the device says, where it was not done, or why it is put back."),
    ],
};

pub(super) const UPGRADE_COPY: Row = Row {
    event: "upgrade_copy",
    by: "upgrade apply, upgrade resume",
    doc: "How far a device's copy of the image is, every few seconds, where it comes from this host.",
    fields: &[
        always("device", Kind::Text, "As it was named."),
        always("octets", Kind::Count, "Octets that went out."),
        always("total", Kind::Count, "Octets of the image."),
        always("seconds", Kind::Number, "Since the copy began."),
    ],
};

pub(super) const UPGRADE_ENDED: Row = Row {
    event: "upgrade_ended",
    by: "upgrade apply, upgrade resume",
    doc: "How the upgrade of a device ended.",
    fields: &[
        always("device", Kind::Text, "As it was named."),
        always("image", Kind::Text, "The new image."),
        always(
            "outcome",
            Kind::OneOf(&["already-there", "upgraded", "rolled-back", "held", "abandoned"]),
            "`rolled-back`: it runs what it ran before. `held`: a person has to look. `abandoned`: nothing was done.",
        ),
        maybe("why", Kind::Text, "Why it is not what was wished."),
        always("seconds", Kind::Number, "From the login on."),
    ],
};

pub(super) const REHEARSAL: Row = Row {
    event: "rehearsal",
    by: "upgrade rehearse",
    doc: "An upgrade that was tried on a twin of a device.",
    fields: &[
        always("device", Kind::Text, "As it was named."),
        always("image", Kind::Text, "The new image."),
        always("profile", Kind::Text, "The emulated model that plays the device."),
        always("otherwise", Kind::Texts, "What of the twin is otherwise than of the device."),
        maybe("step", Kind::Text, "Of the ladder: where something was to go wrong."),
        always("faults", Kind::Texts, "What was to go wrong (docs/device.md)."),
        always(
            "outcome",
            Kind::OneOf(&["already-there", "upgraded", "rolled-back", "held", "abandoned"]),
            "As of `upgrade_ended`.",
        ),
        maybe("why", Kind::Text, "Why it is not what was wished."),
        always("right", Kind::OneOf(&["yes", "no"]), "Whether it ended as it should, and the twin boots."),
        always("begun", Kind::OneOf(&["yes", "no"]), "Whether it came to what was to go wrong."),
        maybe("boots", Kind::Text, "What the twin boots behind it; without it it does not."),
        always("seconds", Kind::Number, "How long it took; a twin restarts in some tenths of a second."),
    ],
};

/// A rehearsal as an event.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in REHEARSAL, which is printed")]
pub struct Rehearsal {
    pub device: String,
    pub image: String,
    pub profile: String,
    pub otherwise: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<&'static str>,
    pub faults: Vec<String>,
    pub outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub right: &'static str,
    pub begun: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boots: Option<String>,
    pub seconds: f64,
}

/// An entry of an upgrade's journal as an event.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in UPGRADE_STEP, which is printed")]
pub struct UpgradeStep {
    pub device: String,
    pub entry: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A copy as an event.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in UPGRADE_COPY, which is printed")]
pub struct UpgradeCopy {
    pub device: String,
    pub octets: u64,
    pub total: u64,
    pub seconds: f64,
}

/// An end as an event.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in UPGRADE_ENDED, which is printed")]
pub struct UpgradeEnded {
    pub device: String,
    pub image: String,
    pub outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub seconds: f64,
}
