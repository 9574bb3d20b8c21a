//! A plan as a file: what was found, and what would be done because of it. Whoever carries it out holds the devices against it.
//!
//! JSON for people and programs, with a digest of itself: one that was changed by hand, or cut off, is no plan any more.

use super::kept_facts::KeptFacts;
use super::tolerance::{self, is_usual};
use crate::exit::{Exit, Failure};
use crate::landing::{self, Landing};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use store::Sink as _;
use upgrade::{Facts, Plan, Target, Tolerance, Wish, room};

/// Changes when a field changes its meaning or goes away. A file of a later one is not read.
pub const VERSION: u32 = 1;
/// The largest file that is read, octets: 10,000 devices with 30 files each are 50 MiB.
const LARGEST: u64 = 256 << 20;

/// A plan for devices.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// [`VERSION`].
    pub v: u32,
    /// Which towline made it.
    pub towline: String,
    /// When, RFC 3339 in UTC.
    pub made: String,
    /// The new image.
    pub image: Image,
    /// What was wished besides.
    pub wish: Wished,
    /// By what they are called, each once.
    pub devices: Vec<Planned>,
    /// SHA-256 of all of it with nothing here.
    seal: String,
}

/// The new image, a file of the host that planned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Where it is, from the root.
    pub path: PathBuf,
    /// Its name in flash.
    pub name: String,
    /// Octets.
    pub size: u64,
    /// Lower-case hexadecimal.
    pub md5: String,
    /// Lower-case hexadecimal.
    pub sha256: String,
    /// What its name says that it is for.
    pub platform: Option<String>,
    /// What its name says of its features.
    pub feature: Option<String>,
    /// What its name says of its version.
    pub version: Option<String>,
    /// What it should have been and what it was, where these differ.
    pub damage: Option<(String, String)>,
}

/// What was wished besides.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wished {
    /// Octets a second.
    pub rate: u64,
    /// How long a restart is taken to last.
    pub restart_seconds: u64,
    /// How long there was for all of it.
    pub window_seconds: Option<u64>,
    /// Whether files that are not needed may be deleted.
    pub may_delete: bool,
    /// What may stay away behind the restart; not where it is as usual, nor in plans of the first days.
    #[serde(default, with = "tolerance", skip_serializing_if = "is_usual")]
    pub tolerance: Tolerance,
    /// Octets of main memory that the image needs; not in plans of the first days, nor where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_ram: Option<u64>,
    /// Octets that flash has to have in all; as above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_flash: Option<u64>,
}

/// How a device is found again: without anything secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The inventory that knows it, from the root; `None`: `device` is how it is reached.
    pub inventory: Option<PathBuf>,
    /// What it is called there, or `[ssh://|telnet://][USER@]HOST[:PORT]`.
    pub device: String,
}

/// What was planned for a device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// How it is found again.
    pub key: Key,
    /// What it said of itself.
    pub facts: KeptFacts,
    /// Files of its flash that are deleted, by their names.
    pub deletions: Vec<String>,
    /// What is done, in this order.
    pub actions: Vec<Action>,
    /// Octets that are copied.
    pub octets: u64,
    /// How long that takes at the rate that was wished.
    pub copy_seconds: u64,
    /// How long it is away.
    pub away_seconds: u64,
    /// What stood in the way.
    pub blocks: Vec<Block>,
}

/// One thing that is done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Of which step.
    pub step: String,
    /// What, for people.
    pub what: String,
    /// Whether everybody behind the device is cut off by it.
    pub is_felt: bool,
}

/// Something that stood in the way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Which check.
    pub check: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub way_out: String,
}

impl Planned {
    /// The plan for a device that said so.
    pub fn new(key: Key, facts: &Facts, target: &Target, plan: &Plan) -> Planned {
        // Where the image is copied, or room is made for it.
        let deletes = plan.actions.iter().any(|action| ["make-room", "transfer"].contains(&action.step));
        let deletions = deletes.then(|| room::sacrifices(facts, target)).flatten().unwrap_or_default();
        let actions = plan.actions.iter().map(|action| Action {
            step: action.step.to_owned(),
            what: action.what.clone(),
            is_felt: action.is_felt,
        });
        let blocks = plan.blocks.iter().map(|block| Block {
            check: block.check.to_owned(),
            expected: block.expected.clone(),
            found: block.found.clone(),
            way_out: block.way_out.to_owned(),
        });
        Planned {
            key,
            facts: KeptFacts::from(facts),
            deletions,
            actions: actions.collect(),
            octets: plan.estimate.octets,
            copy_seconds: plan.estimate.copying.as_secs(),
            away_seconds: plan.estimate.away.as_secs(),
            blocks: blocks.collect(),
        }
    }
}

impl PlanFile {
    /// A plan of now, for devices in any order. Two of one name are one device, asked twice.
    ///
    /// # Errors
    /// The image cannot be read.
    pub fn new(
        image: &Path,
        target: &Target,
        wish: &Wish,
        mut devices: Vec<Planned>,
    ) -> Result<PlanFile, Failure> {
        let fault = |e: std::io::Error| Failure::local(image.display(), &e);
        let blob = landing::open(image).map_err(fault)?;
        let Target { name, size, md5, platform, feature, version, damage } = target.clone();
        let sha256 = gate::Algorithm::Sha256.of(&blob).map_err(fault)?;
        let path = std::path::absolute(image).map_err(fault)?;
        devices.sort_by(|a, b| a.key.cmp(&b.key));
        devices.dedup_by(|a, b| a.key == b.key);
        Ok(PlanFile {
            v: VERSION,
            towline: env!("CARGO_PKG_VERSION").to_owned(),
            made: crate::events::timestamp(SystemTime::now()),
            image: Image { path, name, size, md5, sha256, platform, feature, version, damage },
            wish: PlanFile::wished(wish),
            devices,
            seal: String::new(),
        })
    }

    /// What the devices are to run.
    pub fn target(&self) -> Target {
        let Image { name, size, md5, platform, feature, version, damage, path: _, sha256: _ } =
            self.image.clone();
        Target { name, size, md5, platform, feature, version, damage }
    }

    /// What is wished, as a plan has it.
    pub fn wished(wish: &Wish) -> Wished {
        Wished {
            rate: wish.rate,
            restart_seconds: wish.restart.as_secs(),
            window_seconds: wish.window.map(|window| window.as_secs()),
            may_delete: wish.may_delete,
            tolerance: wish.tolerance,
            needs_ram: wish.needs_ram,
            needs_flash: wish.needs_flash,
        }
    }

    /// What was wished besides.
    pub fn wish(&self) -> Wish {
        let Wished { rate, restart_seconds, window_seconds, may_delete, tolerance, needs_ram, needs_flash } =
            self.wish;
        let window = window_seconds.map(Duration::from_secs);
        Wish {
            rate,
            restart: Duration::from_secs(restart_seconds),
            window,
            may_delete,
            tolerance,
            needs_ram,
            needs_flash,
        }
    }

    /// Writes it, whole or not at all, for its owner only: it names files and versions of devices.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let fault = |e: std::io::Error| Failure::local(path.display(), &e);
        let sealed = PlanFile { seal: seal(self), ..self.clone() };
        let mut landing = Landing::temporary(path).map_err(fault)?;
        landing.set_mode(0o600).map_err(fault)?;
        landing.write_at(0, text(&sealed).as_bytes()).map_err(fault)?;
        landing.land().map_err(fault)
    }

    /// Reads one, and looks whether it is as it was written.
    ///
    /// # Errors
    /// It cannot be read, is of a later version, or was changed.
    pub fn read(path: &Path) -> Result<PlanFile, Failure> {
        let fault = |e: std::io::Error| Failure::local(path.display(), &e);
        let file = std::fs::File::open(path).map_err(fault)?;
        let mut octets = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut octets).map_err(fault)?;
        if octets.len() as u64 > LARGEST {
            let what = format!("is larger than {} MiB", LARGEST >> 20);
            return Err(Failure::new(Exit::Usage, path.display(), what, "plan fewer devices at once"));
        }
        parse(path, &octets)
    }
}

/// What every version of a plan has.
#[derive(Deserialize)]
struct Head {
    v: u32,
}

fn parse(path: &Path, octets: &[u8]) -> Result<PlanFile, Failure> {
    let other = |what: String, way_out: &str| Failure::new(Exit::Usage, path.display(), what, way_out);
    let unreadable = |e: &serde_json::Error| {
        let place = format!("{}:{}:{}", path.display(), e.line(), e.column());
        // Without serde's own place behind it.
        let what = e.to_string();
        let what = what.split(" at line ").next().unwrap_or_default().to_owned();
        Failure::new(Exit::Usage, place, format!("is no plan: {what}"), PLAN_AGAIN)
    };
    let head: Head = serde_json::from_slice(octets).map_err(|e| unreadable(&e))?;
    if head.v != VERSION {
        let what = format!("is a plan of version {}, this towline reads {VERSION}", head.v);
        return Err(other(what, "use the towline that made it, or plan again with this one"));
    }
    let file: PlanFile = serde_json::from_slice(octets).map_err(|e| unreadable(&e))?;
    if file.seal != seal(&file) {
        let what = String::from("was changed since it was made: its seal is another one");
        return Err(Failure::new(Exit::Integrity, path.display(), what, PLAN_AGAIN));
    }
    Ok(file)
}

const PLAN_AGAIN: &str = "'towline upgrade plan … -o FILE' makes one";

/// The digest of all of it but itself.
fn seal(file: &PlanFile) -> String {
    let bare = PlanFile { seal: String::new(), ..file.clone() };
    let digest = Sha256::digest(text(&bare).as_bytes());
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn text(file: &PlanFile) -> String {
    let mut text = serde_json::to_string_pretty(file).expect("texts and numbers");
    text.push('\n');
    text
}
