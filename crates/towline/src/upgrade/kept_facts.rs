//! What a device said of itself, as a file has it. Every fact is there: a twin of the device is made from it.

use serde::{Deserialize, Serialize};
use upgrade::{Boot, Facts, File, FileSystem, Installed, Member, Mode, Neighbour, Routes, Standing};

/// [`Facts`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each is the field of Facts of that name")]
pub struct KeptFacts {
    pub hostname: String,
    pub model: String,
    pub serial: Option<String>,
    pub version: String,
    pub platform: Option<String>,
    pub feature: Option<String>,
    pub image: String,
    pub mode: KeptMode,
    pub uptime_minutes: u64,
    pub reason: Option<String>,
    pub memory: Option<u64>,
    pub boot: KeptBoot,
    pub flash: KeptFileSystem,
    pub unsaved: Option<bool>,
    pub reload: Option<String>,
    pub members: Vec<KeptMember>,
    // Not in plans of the first days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<Vec<String>>,
    // Not in plans of the first days. Their names, and the interfaces of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<Vec<(String, String)>>,
    // Not in plans of the first days. Where they come from, and how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<Vec<(String, u64)>>,
    // Not in plans of the first days; nor of devices with one image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<KeptInstalled>,
    pub digest: Option<(String, String)>,
}

/// [`Mode`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is the variant of Mode of that name")]
pub enum KeptMode {
    Bundle,
    Install,
}

/// [`Boot`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each is the field of Boot of that name")]
pub struct KeptBoot {
    pub images: Vec<String>,
    pub configured: Option<Vec<String>>,
    pub register: Option<u16>,
    pub next_register: Option<u16>,
    pub manual: bool,
}

/// [`FileSystem`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each is the field of FileSystem of that name")]
pub struct KeptFileSystem {
    pub name: String,
    pub total: u64,
    pub free: u64,
    pub files: Vec<KeptFile>,
}

/// [`File`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each is the field of File of that name")]
pub struct KeptFile {
    pub name: String,
    pub size: u64,
    pub is_directory: bool,
}

/// [`Installed`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each is the field of Installed of that name")]
pub struct KeptInstalled {
    pub versions: Vec<(String, KeptStanding)>,
    pub timer_seconds: Option<u64>,
}

/// [`Standing`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(remote = "Standing", rename_all = "kebab-case")]
enum StandingText {
    Inactive,
    OnTrial,
    Committed,
    Leaving,
}

/// [`Standing`], as it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeptStanding(#[serde(with = "StandingText")] Standing);

/// [`Member`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each is the field of Member of that name")]
pub struct KeptMember {
    pub number: u16,
    pub state: String,
}

/// Taken apart without a rest: a fact that is new is not forgotten here.
impl From<&Facts> for KeptFacts {
    fn from(facts: &Facts) -> KeptFacts {
        let Facts {
            hostname,
            model,
            serial,
            version,
            platform,
            feature,
            image,
            mode,
            uptime,
            reason,
            memory,
            boot: Boot { images, configured, register, next_register, manual },
            flash: FileSystem { name, total, free, files },
            unsaved,
            reload,
            members,
            up,
            neighbours,
            routes,
            installed,
            digest,
        } = facts.clone();
        let files =
            files.into_iter().map(|File { name, size, is_directory }| KeptFile { name, size, is_directory });
        KeptFacts {
            hostname,
            model,
            serial,
            version,
            platform,
            feature,
            image,
            mode: match mode {
                Mode::Bundle => KeptMode::Bundle,
                Mode::Install => KeptMode::Install,
            },
            uptime_minutes: uptime,
            reason,
            memory,
            boot: KeptBoot { images, configured, register, next_register, manual },
            flash: KeptFileSystem { name, total, free, files: files.collect() },
            unsaved,
            reload,
            members: members
                .into_iter()
                .map(|Member { number, state }| KeptMember { number, state })
                .collect(),
            up,
            neighbours: neighbours.map(|all| all.into_iter().map(|n| (n.name, n.port)).collect()),
            routes: routes.map(|routes| routes.into_iter().map(|r| (r.source, r.count)).collect()),
            installed: installed.map(|Installed { versions, timer }| KeptInstalled {
                versions: versions
                    .into_iter()
                    .map(|(name, standing)| (name, KeptStanding(standing)))
                    .collect(),
                timer_seconds: timer,
            }),
            digest,
        }
    }
}

impl From<&KeptFacts> for Facts {
    fn from(kept: &KeptFacts) -> Facts {
        let KeptFacts {
            hostname,
            model,
            serial,
            version,
            platform,
            feature,
            image,
            mode,
            uptime_minutes,
            reason,
            memory,
            boot: KeptBoot { images, configured, register, next_register, manual },
            flash: KeptFileSystem { name, total, free, files },
            unsaved,
            reload,
            members,
            up,
            neighbours,
            routes,
            installed,
            digest,
        } = kept.clone();
        let files =
            files.into_iter().map(|KeptFile { name, size, is_directory }| File { name, size, is_directory });
        Facts {
            hostname,
            model,
            serial,
            version,
            platform,
            feature,
            image,
            mode: match mode {
                KeptMode::Bundle => Mode::Bundle,
                KeptMode::Install => Mode::Install,
            },
            uptime: uptime_minutes,
            reason,
            memory,
            boot: Boot { images, configured, register, next_register, manual },
            flash: FileSystem { name, total, free, files: files.collect() },
            unsaved,
            reload,
            members: members
                .into_iter()
                .map(|KeptMember { number, state }| Member { number, state })
                .collect(),
            up,
            neighbours: neighbours
                .map(|all| all.into_iter().map(|(name, port)| Neighbour { name, port }).collect()),
            routes: routes
                .map(|routes| routes.into_iter().map(|(source, count)| Routes { source, count }).collect()),
            installed: installed.map(|KeptInstalled { versions, timer_seconds }| Installed {
                versions: versions
                    .into_iter()
                    .map(|(name, KeptStanding(standing))| (name, standing))
                    .collect(),
                timer: timer_seconds,
            }),
            digest,
        }
    }
}
