//! What one model of device is: sizes, names and texts, as data. Where documents differ or a text could
//! not be confirmed on a device, it stands in a profile and not in code.
//!
//! A profile is a TOML file. Those of this program are in `profiles/` and compiled in; an owner's own is
//! read by [`Profile::parse`], which says the line and what was expected of a faulty one.

mod cdp;
mod hardware;
mod install;
mod value;

pub use cdp::Cdp;
pub use hardware::Hardware;
pub use install::{Install, Provisioned};
pub use value::{FileName, Octets, Port, Ports, Prefix, Text, Word};

use crate::ifs::{Class, Geometry};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// One model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// `c2911`.
    pub name: Word,
    /// What it is, for people who choose.
    pub about: Text,
    /// The name of a device that was not given one: `Router`.
    pub hostname: Text,
    /// Processor board ID.
    pub serial: Text,
    /// The address of its first interface: `0017.95c0.ffee`.
    pub mac: Text,
    /// Main memory, KiB, as the boot loader counts it.
    pub memory_kib: u32,
    /// Interfaces in the order of a configuration.
    pub interfaces: Ports,
    /// Those of them that carry VLANs and take no address.
    #[serde(default)]
    pub switched: Ports,
    /// What a configuration says of each Gigabit port of which nobody said otherwise: `duplex auto`.
    #[serde(default)]
    pub port_defaults: Vec<Text>,
    /// vty lines: 5 are `line vty 0 4`.
    #[serde(deserialize_with = "value::vty_lines")]
    pub vty_lines: u16,
    /// The number of the first of them among all lines: `show users` has it.
    #[serde(default = "value::behind_the_console")]
    pub first_vty: u16,
    /// Whether `copy ftp:` is passive while neither `ip ftp passive` nor its `no` form was typed.
    pub ftp_passive_default: bool,
    /// The rows of `show file systems`: type, flags, prefix.
    pub file_systems: Vec<(Text, Text, Text)>,
    /// Its images.
    pub image: Image,
    /// What `show version` says.
    pub version: Version,
    /// Its flash.
    pub flash: Flash,
    /// Its NVRAM.
    pub nvram: Nvram,
    /// Its boot loader.
    pub boot: Boot,
    /// How it installs images as packages; without it images are only booted whole.
    pub install: Option<Install>,
    /// What it tells its neighbours of itself.
    #[serde(default)]
    pub cdp: Cdp,
    /// What it is made of, and licensed for.
    #[serde(default)]
    pub hardware: Hardware,
}

/// How images of a model are named, and which one it comes with.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// First part of their names: `c2900`.
    pub platform: Word,
    /// Second part: `universalk9`.
    pub feature: Word,
    /// How their names show the version.
    pub naming: Naming,
    /// Who signed them, in their names: `SPA`.
    pub signed: Option<Text>,
    /// What they begin with.
    pub magic: Magic,
    /// The version that a new device has in flash.
    pub first: Text,
    /// The octets of that one.
    pub size: Octets,
}

/// Texts of `show version`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// In the banner: `C2900 Software`.
    pub software: Text,
    /// In `show version` and at boot: `CISCO2911/K9`.
    pub model: Text,
    /// What IOS gives to itself and to packet buffers: `491520K/32768K`.
    pub memory: Text,
    /// `RELEASE SOFTWARE (fc1)`.
    pub release: Text,
    /// How it is laid out.
    pub layout: Layout,
    /// Versions whose build lines are known.
    #[serde(default)]
    pub builds: BTreeMap<String, Build>,
    /// Those of any other version.
    pub other: Build,
}

/// What images begin with: what the boot loader looks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Magic {
    /// A router's: an ELF file.
    Elf,
    /// A Catalyst's: a loader of its own.
    Mzip,
    /// IOS-XE's: a package.
    Package,
}

/// How an image's name shows its version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Naming {
    /// 15.5(3)M4a: `-mz.SPA.155-3.M4a.bin`.
    Classic,
    /// 16.6.5: `isr4300-universalk9.16.06.05.SPA.bin`.
    Xe,
    /// 17.6.1: `cat9k_iosxe.17.06.01.SPA.bin`.
    XeSwitch,
}

/// The layouts of `show version`, with the texts that only they have.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// With licences.
    IsrG2(IsrG2),
    /// With board and stack.
    Catalyst(Catalyst),
    /// A router's with IOS-XE.
    Xe(Xe),
    /// IOS up to 12.3.
    Ios12(Ios12),
    /// A Catalyst's with IOS-XE.
    XeSwitch(XeSwitch),
}

/// An ISR G2's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IsrG2 {
    /// `255K bytes of non-volatile configuration memory.`
    pub nvram: Text,
    /// `249856K bytes of ATA System CompactFlash 0 (Read/Write)`.
    pub flash: Text,
}

/// That of IOS up to 12.3.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ios12 {
    /// Where the image lies: `text-base: 0x60008930, data-base: 0x6145C000`.
    pub base: Text,
    /// `(R4700) processor (revision 0x00)`.
    pub processor: Text,
    /// The lines behind the board's ID.
    pub inventory: Vec<Text>,
}

/// A Catalyst's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalyst {
    /// `Bootstrap program is C2960X boot loader`.
    pub rom: Text,
    /// `(PowerPC405) processor (revision F0)`.
    pub processor: Text,
    /// `512K bytes of flash-simulated non-volatile configuration memory.`
    pub nvram: Text,
    /// The board's rows; `MAC`, `MODEL` and `SERIAL` stand for the device's.
    pub board: Vec<(Text, Text)>,
}

/// IOS-XE's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Xe {
    /// `IOS-XE ROMMON`.
    pub rom: Text,
    /// What the image calls itself, before its feature set: `X86_64_LINUX_IOSD`.
    pub id: Text,
    /// `(1RU) processor`.
    pub processor: Text,
    /// The lines behind the interfaces.
    pub memories: Vec<Text>,
    /// Names of releases, by their first two numbers.
    pub codes: Codes,
}

/// IOS-XE's of a Catalyst.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XeSwitch {
    /// `IOS-XE ROMMON`.
    pub rom: Text,
    /// `(X86) processor`.
    pub processor: Text,
    /// Its licences: the package, what kind of licence it is.
    pub licences: Vec<(Text, Text)>,
    /// `Registration Not Applicable/Not Applicable`.
    pub licensing: Text,
    /// The lines behind the interfaces.
    pub memories: Vec<Text>,
    /// The board's rows; `MAC`, `MODEL` and `SERIAL` stand for the device's.
    pub board: Vec<(Text, Text)>,
    /// Names of releases, by their first two numbers.
    pub codes: Codes,
}

/// Names of releases: `Everest` is 16.6.
#[derive(Clone, Debug, Deserialize)]
pub struct Codes {
    /// That of a release without a name.
    pub other: Text,
    /// Those that have one.
    #[serde(flatten)]
    pub known: BTreeMap<String, Text>,
}

impl Codes {
    /// That of a release by its first two numbers.
    pub fn of(&self, train: &str) -> &Text {
        self.known.get(train).unwrap_or(&self.other)
    }
}

/// The lines that name a build.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// `1986-2016`.
    pub copyright: Text,
    /// `Thu 06-Oct-16 14:43 by mnguyen`.
    pub compiled: Text,
}

/// A model's flash.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flash {
    /// What it is called, the name that texts show first.
    #[serde(deserialize_with = "value::some_prefixes")]
    pub prefixes: Vec<Prefix>,
    /// Octets in all.
    pub total: Octets,
    /// What becomes of deleted files.
    #[serde(default)]
    pub class: Class,
    /// Octets of one cluster: every file takes whole ones.
    pub cluster: Octets,
    /// Octets that every file takes besides.
    #[serde(default)]
    pub header: u32,
    /// What `dir` shows of a file and of a directory: `-rw-`, `drw-`.
    pub permissions: (Text, Text),
    /// Octets that `dir` shows of a directory.
    #[serde(default)]
    pub directory: u64,
    /// How `show flash:` is laid out; `dir` of IOS-XE has a wider column.
    pub listing: Listing,
}

/// The layouts of `show flash:`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listing {
    /// ISR G1 and G2, Catalysts with classic IOS.
    Classic,
    /// Paths begin with `/bootflash/`.
    Xe,
    /// A low-end file system's, with the KiB of its chips.
    LowEnd(u64),
}

impl Flash {
    /// How large it is and how it keeps files.
    pub fn geometry(&self) -> Geometry {
        let (total, cluster, header) = (self.total.get(), self.cluster.get(), self.header.into());
        Geometry { total, cluster, header, class: self.class }
    }

    /// `flash0:`: what texts call it where nobody named it.
    pub fn prefix(&self) -> &'static str {
        self.prefixes[0].name()
    }
}

/// A model's NVRAM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nvram {
    /// Octets in all.
    pub total: Octets,
    /// The file of flash that holds the saved configuration, where NVRAM is only simulated: `config.text`.
    pub file: Option<FileName>,
}

/// A model's boot loader.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// Which one.
    pub loader: Loader,
    /// How the device shows what will boot.
    pub view: View,
    /// Its version.
    pub version: Text,
    /// Behind the version: `RELEASE SOFTWARE (fc1)` where nothing is said.
    #[serde(default = "value::release")]
    pub release: Text,
    /// The lines below it, of a loader that has not its own.
    #[serde(default)]
    pub greeting: Vec<Text>,
    /// The register of a new device.
    pub register: u16,
    /// The interface it loads over the network by.
    pub port: Port,
}

/// The boot loaders.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loader {
    /// `rommon 1 > ` of an ISR G2.
    Rommon,
    /// The same prompt, of routers before the ISRs: it loads over the console.
    RommonClassic,
    /// The same prompt, with IOS-XE's packages.
    RommonXe,
    /// `switch: ` of a Catalyst.
    Switch,
    /// The same prompt of a Catalyst with IOS-XE, which boots packages too.
    SwitchXe,
}

/// Where it is said what boots, and how the device shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// `show bootvar`: the boot lines of the saved configuration, tried in their order.
    Bootvar,
    /// `show boot`: a variable of the boot loader, which `boot system` sets at once.
    PathList,
    /// The same as a Catalyst with IOS-XE shows it: what this boot was told, and what the next one will be.
    Variables,
}

/// Why a text is no profile: the line, what stands there and what was expected.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadProfile(toml::de::Error);

/// The files of the profiles that are compiled in.
const FILES: &[&str] = &[
    include_str!("../../profiles/c2911.toml"),
    include_str!("../../profiles/c2960x.toml"),
    include_str!("../../profiles/c3640.toml"),
    include_str!("../../profiles/c9300.toml"),
    include_str!("../../profiles/isr4331.toml"),
];

static PROFILES: LazyLock<Vec<(Arc<Profile>, &str)>> = LazyLock::new(|| {
    let read = |text| Profile::parse(text).unwrap_or_else(|e| panic!("a test reads every profile: {e}"));
    FILES.iter().map(|text| (Arc::new(read(text)), *text)).collect()
});

/// The ISR G2 router of the lesson.
pub static C2911: LazyLock<Arc<Profile>> =
    LazyLock::new(|| Profile::named("c2911").expect("the first of the files"));

impl Profile {
    /// Reads a profile's file.
    pub fn parse(text: &str) -> Result<Profile, BadProfile> {
        toml::from_str(text).map_err(BadProfile)
    }

    /// All models that are compiled in, each with its file.
    pub fn all() -> impl Iterator<Item = (&'static Arc<Profile>, &'static str)> {
        PROFILES.iter().map(|(profile, text)| (profile, *text))
    }

    /// The model called `name`, of those that are compiled in.
    pub fn named(name: &str) -> Option<Arc<Profile>> {
        Profile::all().find(|(p, _)| &*p.name == name).map(|(p, _)| p.clone())
    }

    /// Whether it is a router: one that obeys a register and has an aux line.
    pub fn is_router(&self) -> bool {
        self.boot.view == View::Bootvar
    }

    /// Whether this interface carries VLANs and takes no address.
    pub fn is_switched(&self, port: &Port) -> bool {
        self.switched.contains(port)
    }

    /// The build lines of `version`.
    pub fn build(&self, version: &str) -> &Build {
        self.version.builds.get(version).unwrap_or(&self.version.other)
    }

    /// The full name of the interface that `text` abbreviates: `g0/0`, `gi 0/0`, `GigabitEthernet0/0`.
    pub fn interface(&self, text: &str) -> Option<&Port> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (kind, number) = text.split_at(text.find(|c: char| c.is_ascii_digit())?);
        self.interfaces.iter().find(|port| {
            let (k, n) = port.parts();
            n == number
                && !kind.is_empty()
                && k.get(..kind.len()).is_some_and(|k| k.eq_ignore_ascii_case(kind))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_may_be_abbreviated() {
        for text in ["g0/0", "Gi0/0", "gig 0/0", "GigabitEthernet0/0"] {
            assert_eq!(C2911.interface(text).map(|p| &**p), Some("GigabitEthernet0/0"), "{text}");
        }
        for text in ["", "0/0", "g0/3", "f0/0", "gigx0/0", "g", "gïgabit0/0"] {
            assert_eq!(C2911.interface(text), None, "{text}");
        }
    }

    #[test]
    fn every_profile_is_read_and_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Profile::all().map(|(p, _)| p.name.to_string()).collect();
        assert_eq!(names.len(), FILES.len());
        for (profile, _) in Profile::all() {
            let name = crate::image::file_name(profile, &profile.image.first);
            assert!(name.is_some(), "{}: image.first is no version", profile.name);
        }
    }

    #[test]
    fn a_faulty_file_is_told_by_line_and_what_was_expected() {
        let good = FILES[0];
        for (from, to, expected) in [
            ("total = 256_487_424", "total = 0", "a number of octets above 0"),
            ("vty_lines = 5", "vty_lines = 99", "1 to 16 lines"),
            ("name = \"c2911\"", "name = \"C 2911\"", "1 to 32 of a-z, 0-9, '-' and '_'"),
            (
                "interfaces = [\n    \"Emb",
                "interfaces = [\n    \"0Emb",
                "an interface: letters and '-', then its number",
            ),
            ("[\"flash0:\", \"flash:\"]", "[\"flush:\"]", "a prefix of flash: flash0:, flash:, bootflash:"),
            ("[\"flash0:\", \"flash:\"]", "[]", "at least one prefix"),
            ("serial = ", "seriell = ", "unknown field `seriell`, expected one of `name`, `about`"),
            ("model = \"CISCO2911/K9\"", "model = \"a\\nb\"", "one line of printable text"),
            ("total = 262_136", "total = \"many\"", "expected"),
            ("register = 0x2102", "register = 0x12102", "expected u16"),
        ] {
            let at = good.find(from).expect(from);
            let line = good[..at].lines().count() + usize::from(good[..at].ends_with('\n'));
            let bad = good.replacen(from, to, 1);
            let error = Profile::parse(&bad).expect_err(to).to_string();
            assert!(error.contains(&format!("line {line},")) && error.contains(expected), "{to}: {error}");
        }
        let without = good.replacen("serial = \"FTX152400KS\"\n", "", 1);
        let error = Profile::parse(&without).expect_err("no serial").to_string();
        assert!(error.contains("missing field `serial`"), "{error}");
    }
}
