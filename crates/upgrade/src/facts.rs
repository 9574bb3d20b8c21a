//! What is known of a device at one moment, as it said itself. What it did not say is not guessed: it is `None`.

use crate::{Neighbour, Routes};
use alloc::string::String;
use alloc::vec::Vec;

/// A device, as it was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Its host name.
    pub hostname: String,
    /// `CISCO2911/K9`
    pub model: String,
    /// Of the chassis: whom it is about, whatever address it has.
    pub serial: Option<String>,
    /// `15.5(3)M4a`, `16.06.05`
    pub version: String,
    /// What its images are for: `c2900`, `cat9k`; `None`: the running one's name does not say.
    pub platform: Option<String>,
    /// Which features the running image has: `universalk9`.
    pub feature: Option<String>,
    /// The image that runs, or the file that names its packages: `flash0:c2900-universalk9-mz.SPA.155-3.M4a.bin`.
    pub image: String,
    /// How its software lies in flash.
    pub mode: Mode,
    /// Whole minutes since the last start.
    pub uptime: u64,
    /// Why it started last: `power-on`, `Reload Command`.
    pub reason: Option<String>,
    /// Main memory, octets; of IOS-XE all that is built in.
    pub memory: Option<u64>,
    /// What happens at the next start.
    pub boot: Boot,
    /// Where images lie.
    pub flash: FileSystem,
    /// Whether the running configuration differs from the saved one.
    pub unsaved: Option<bool>,
    /// A reload that is scheduled, in the device's words.
    pub reload: Option<String>,
    /// The members of its stack; none of one that is no stack.
    pub members: Vec<Member>,
    /// Interfaces whose line protocol is up; `None`: it did not say.
    pub up: Option<Vec<String>>,
    /// Who is at the other end of which interface; `None`: it did not say.
    pub neighbours: Option<Vec<Neighbour>>,
    /// Where its routes come from, and how many there are; `None`: it did not say.
    pub routes: Option<Vec<Routes>>,
    /// The versions that are there in install mode; `None`: it has one image.
    pub installed: Option<Installed>,
    /// The MD5 of a file of flash as the device made it, and the file's name.
    pub digest: Option<(String, String)>,
}

/// A member of a stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// 1 to 9.
    pub number: u16,
    /// `Ready`, `Removed`, `V-Mismatch`
    pub state: String,
}

/// How the software of a device lies in flash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// One image, which is booted.
    Bundle,
    /// Packages that a list names.
    Install,
}

/// The versions of a device in install mode.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Installed {
    /// Each as the device writes it, `17.09.04.0.4711`, and how it stands.
    pub versions: Vec<(String, Standing)>,
    /// Seconds until what is on trial is undone by itself.
    pub timer: Option<u64>,
}

/// How a version stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It is there.
    Inactive,
    /// It runs, and is not there for good.
    OnTrial,
    /// It is there for good.
    Committed,
    /// It goes when what is on trial stays.
    Leaving,
}

/// What a device does at its next start.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Boot {
    /// What is tried, in this order, spelled as the device does.
    pub images: Vec<String>,
    /// What its running configuration says of that, where it does: what is tried once it is saved.
    pub configured: Option<Vec<String>>,
    /// The configuration register now; `None`: it has none.
    pub register: Option<u16>,
    /// The one of the next start, where it is another.
    pub next_register: Option<u16>,
    /// Whether the boot loader waits for a person.
    pub manual: bool,
}

/// A file system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileSystem {
    /// `flash0:`
    pub name: String,
    /// Octets.
    pub total: u64,
    /// Octets.
    pub free: u64,
    /// What lies in its root.
    pub files: Vec<File>,
}

/// A file or directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// Without the file system.
    pub name: String,
    /// Octets.
    pub size: u64,
    /// Whether it is a directory.
    pub is_directory: bool,
}

impl Installed {
    /// How a version stands, whatever build of it.
    pub fn standing(&self, version: &str) -> Option<Standing> {
        self.versions.iter().find(|(name, _)| is_version(name, version)).map(|(_, standing)| *standing)
    }
}

/// Whether two are the same version: `17.9.4`, `17.09.04` and `17.09.04.0.4711` are.
pub fn is_version(a: &str, b: &str) -> bool {
    let part = |text: &str| text.trim_start_matches('0').to_ascii_lowercase();
    let (mut a, mut b) = (a.split('.').map(part), b.split('.').map(part));
    (0..3).all(|_| matches!((a.next(), b.next()), (Some(a), Some(b)) if a == b))
}

impl Boot {
    /// What a start behind the next `write memory` tries.
    pub fn coming(&self) -> &[String] {
        self.configured.as_deref().unwrap_or(&self.images)
    }

    /// The register that decides the next start.
    pub fn coming_register(&self) -> Option<u16> {
        self.next_register.or(self.register)
    }
}

impl FileSystem {
    /// A file of the root, by its name.
    pub fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name && !file.is_directory)
    }
}
