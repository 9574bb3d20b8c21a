//! The flash of a twin: files of the same names and sizes, of which the images boot.

use super::twin::NoTwin;
use bytes::Bytes;
use device::Profile;
use device::image::{self, Hollow};
use device::install::{PACKAGES, Provision};
use ios_cli::image_name::ImageName;
use std::collections::BTreeMap;
use std::io;
use store::memory::Shelf;
use store::{Blob, VPath};
use upgrade::{Facts, File, Mode};

/// Contents up to this size stay in memory.
const SMALL: u64 = 65_536;
static ZEROS: [u8; SMALL as usize] = [0; SMALL as usize];

/// Contents that twins share: a thousand of them with the same image have it once.
pub(super) struct Contents {
    pub(super) shelf: Shelf,
    /// By what they are.
    made: BTreeMap<String, Blob>,
}

/// What is in a twin's flash.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) files: Vec<(VPath, Blob)>,
    pub(super) directories: Vec<VPath>,
    /// What of it is otherwise than on the device.
    pub(super) remarks: Vec<String>,
}

impl Contents {
    pub(super) fn new(shelf: Shelf) -> Contents {
        Contents { shelf, made: BTreeMap::new() }
    }

    /// So many zeros: what stands for a file whose content nobody asked for.
    fn zeros(&mut self, len: u64) -> io::Result<Blob> {
        match usize::try_from(len) {
            Ok(n) if len <= SMALL => Ok(Blob::Memory(Bytes::from_static(&ZEROS[..n]))),
            Ok(_) | Err(_) => self.once(format!("zeros {len}"), len, &[]),
        }
    }

    pub(super) fn hollow(&mut self, of: &str, hollow: &Hollow) -> io::Result<Blob> {
        self.once(format!("{of} {}", hollow.len()), hollow.len(), &hollow.pieces())
    }

    fn once(&mut self, key: String, len: u64, pieces: &[(u64, &[u8])]) -> io::Result<Blob> {
        if let Some(blob) = self.made.get(&key) {
            return Ok(blob.clone());
        }
        let blob = self.shelf.sparse(len, pieces)?;
        self.made.insert(key, blob.clone());
        Ok(blob)
    }

    /// The flash of a device with these facts; `startup` is what its saved configuration is there.
    pub(super) fn flash(
        &mut self,
        profile: &mut Profile,
        facts: &Facts,
        startup: Option<&str>,
    ) -> Result<Filled, NoTwin> {
        if facts.mode == Mode::Install {
            only_packages_of(profile, facts);
        }
        let mut filled = Filled::default();
        let (directory, running) = place(&facts.image);
        for file in &facts.flash.files {
            let Ok(path) = VPath::parse(file.name.as_bytes()) else {
                filled.remarks.push(format!("{}: no name that a twin can have", file.name));
                continue;
            };
            if file.is_directory {
                filled.directories.push(path);
                continue;
            }
            let blob = self.file(profile, facts, file, startup, &mut filled.remarks)?;
            filled.files.push((path, blob));
        }
        if facts.mode == Mode::Bundle && !directory.is_empty() && filled.names(directory) {
            let size = rest(profile, facts).max(image::MIN_SIZE);
            let hollow = Hollow::new(profile, &facts.version, size).map_err(NoTwin::Image)?;
            let blob = self.hollow(&key(profile, &facts.version), &hollow).map_err(NoTwin::Room)?;
            let path = VPath::parse(format!("{directory}/{running}").as_bytes());
            filled.files.push((path.map_err(|e| NoTwin::Name(e.to_string()))?, blob));
            filled.remarks.push(format!(
                "{directory}/{running}: it takes all that is neither free nor in another file, {size} octets"
            ));
        }
        Ok(filled)
    }

    fn file(
        &mut self,
        profile: &Profile,
        facts: &Facts,
        file: &File,
        startup: Option<&str>,
        remarks: &mut Vec<String>,
    ) -> Result<Blob, NoTwin> {
        let is_startup = profile.nvram.file.as_ref().is_some_and(|f| f.path().name() == file.name.as_bytes());
        let text = match (is_startup, startup) {
            (true, Some(text)) => Some(text.to_owned()),
            _ if facts.mode == Mode::Install && file.name == PACKAGES => {
                Some(Provision::of(profile, &facts.version).render())
            }
            _ => None,
        };
        if let Some(text) = text {
            if text.len() as u64 != file.size {
                remarks.push(format!("{}: {} octets instead of {}", file.name, text.len(), file.size));
            }
            return Ok(Blob::Memory(text.into_bytes().into()));
        }
        let made = match (ImageName::parse(&file.name), package(profile, &file.name)) {
            (Some(name), _) if name.platform == *profile.image.platform && file.name.ends_with(".bin") => {
                Hollow::new(profile, &name.version, file.size)
                    .map(|hollow| (key(profile, &name.version), hollow))
                    .map_err(|e| e.to_string())
            }
            (_, Some((part, version))) => hollow_package(profile, part, &version, file.size),
            _ => return self.zeros(file.size).map_err(NoTwin::Room),
        };
        match made {
            Ok((key, hollow)) => self.hollow(&key, &hollow).map_err(NoTwin::Room),
            Err(why) => {
                remarks.push(format!("{}: it does not boot ({why})", file.name));
                self.zeros(file.size).map_err(NoTwin::Room)
            }
        }
    }
}

impl Filled {
    fn names(&self, directory: &str) -> bool {
        self.directories.iter().any(|path| path.relative() == directory.as_bytes())
    }
}

/// What an image is, for contents that are the same.
pub(super) fn key(profile: &Profile, version: &str) -> String {
    let image = &profile.image;
    format!("image {} {} {} {version}", profile.name, image.platform, image.feature)
}

/// Directory and name of an image that is named with its file system.
pub(super) fn place(image: &str) -> (&str, &str) {
    let path = image.split_once(':').map_or(image, |(_, path)| path).trim_start_matches('/');
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Octets of a file that takes all that is neither free nor taken by something of the root.
fn rest(profile: &Profile, facts: &Facts) -> u64 {
    let cluster = profile.flash.cluster.get();
    let takes = |file: &File| if file.is_directory { cluster } else { file.size.div_ceil(cluster) * cluster };
    let listed: u64 = facts.flash.files.iter().map(takes).sum();
    let rest = facts.flash.total.saturating_sub(facts.flash.free).saturating_sub(listed);
    rest / cluster * cluster
}

/// Which package of the profile a file is, by its name, and of which version: `cat9k-rpbase.17.06.01.SPA.pkg`.
fn package(profile: &Profile, name: &str) -> Option<(usize, String)> {
    let install = profile.install.as_ref()?;
    let (head, tail) = name.strip_suffix(".pkg")?.split_once('.')?;
    let version = tail.splitn(4, '.').take(3).collect::<Vec<_>>().join(".");
    let is_it = |package: &str| {
        head.strip_prefix(&*profile.image.platform).and_then(|rest| rest.strip_prefix('-')) == Some(package)
    };
    let at = install.packages.iter().position(|(package, _)| is_it(package))?;
    Some((at, version))
}

fn hollow_package(
    profile: &Profile,
    at: usize,
    version: &str,
    size: u64,
) -> Result<(String, Hollow), String> {
    let facts = facts(profile, version).map_err(|e| e.to_string())?;
    let parts = image::parts(profile, &facts);
    let mut part = parts.get(at).cloned().ok_or("no such package")?;
    part.size = size.max(image::MIN_SIZE);
    Ok((format!("{} {}", key(profile, version), part.name), part.hollow(profile, &facts)))
}

/// What the boot loader would find of an image of that version.
pub(super) fn facts(profile: &Profile, version: &str) -> Result<image::Facts, NoTwin> {
    let mut octets = Vec::new();
    let hollow = Hollow::new(profile, version, SMALL).map_err(NoTwin::Image)?;
    hollow.write(&mut octets).map_err(NoTwin::Room)?;
    image::show(&Blob::Memory(octets.into())).map_err(|e| NoTwin::Name(e.to_string()))
}

/// A profile has the packages of one model: its kin have others, and what is not there is in no provisioning file.
fn only_packages_of(profile: &mut Profile, facts: &Facts) {
    let Some(mut install) = profile.install.clone() else { return };
    let is_there = |package: &str| {
        let name = image::package_name(profile, &facts.version, package);
        facts.flash.file(&name).is_some()
    };
    install.packages.retain(|(package, _)| is_there(package));
    install.provisioning.retain(|line| is_there(&line.package));
    profile.install = Some(install);
}
