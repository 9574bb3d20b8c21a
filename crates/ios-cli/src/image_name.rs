//! What the name of an image says: `c2900-universalk9-mz.SPA.155-3.M4a.bin`.
//!
//! Platform, feature set, where it runs from and how it is packed, who signed it, and the version.
//! Classic IOS only; the names of IOS-XE (`isr4300-universalk9.16.09.03.SPA.bin`) are read as far as
//! platform, version and signature.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

/// The parts of a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImageName {
    /// `c2900`
    pub platform: String,
    /// `universalk9`
    pub feature: String,
    /// Where it runs; `None` for IOS-XE.
    pub runs_from: Option<RunsFrom>,
    /// How it is packed.
    pub packed: Packed,
    /// `SPA`, where the name has it.
    pub signature: Option<Signature>,
    /// `15.5(3)M4a`, `16.09.03`
    pub version: String,
}

/// Where an image runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunsFrom {
    /// `f`
    Flash,
    /// `m`
    Ram,
    /// `r`
    Rom,
    /// `l`
    Relocatable,
}

/// How an image is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packed {
    /// No letter.
    No,
    /// `z`
    Zip,
    /// `x`
    Mzip,
    /// `w`
    Stac,
}

/// Who signed an image: `S`, then `P` for production or `S` for special, then the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signature {
    /// A production image; else a special one, for the developers.
    pub production: bool,
    /// The version of the key, `A` first.
    pub key: char,
}

impl ImageName {
    /// Reads a file name; a path in front is ignored. `None` for names that are not an image's.
    pub fn parse(name: &str) -> Option<ImageName> {
        let name = name.rsplit(['/', ':']).next()?;
        let stem = name.strip_suffix(".bin").unwrap_or(name);
        let (head, tail) = stem.split_once('.')?;
        let mut parts = head.split('-');
        let platform = parts.next().filter(|p| is_name(p))?;
        let Some(feature) = parts.next().filter(|f| is_name(f)) else {
            // `cat9k_iosxe.17.06.01.SPA.bin`
            let (platform, feature) = head.split_once('_').filter(|_| !head.contains('-'))?;
            return xe(platform, feature, tail);
        };
        let format = parts.next();
        if parts.next().is_some() {
            return None;
        }
        let Some(format) = format else { return xe(platform, feature, tail) };
        let (runs_from, packed) = format_letters(format)?;
        let (signature, version) = match tail.split_once('.').and_then(|(s, v)| Some((signature(s)?, v))) {
            Some((signature, version)) => (Some(signature), version),
            None => (None, tail),
        };
        Some(ImageName {
            platform: platform.to_owned(),
            feature: feature.to_owned(),
            runs_from: Some(runs_from),
            packed,
            signature,
            version: classic_version(version)?,
        })
    }

    /// What `show version` of classic IOS calls the image: `C2900-UNIVERSALK9-M`.
    pub fn id(&self) -> String {
        format!("{}-{}-M", self.platform.to_uppercase(), self.feature.to_uppercase())
    }
}

/// For people: `C2900, 15.5(3)M4a, runs from RAM, zipped`.
impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.platform.to_uppercase(), self.version)?;
        match self.runs_from {
            Some(RunsFrom::Flash) => f.write_str(", runs from flash")?,
            Some(RunsFrom::Ram) => f.write_str(", runs from RAM")?,
            Some(RunsFrom::Rom) => f.write_str(", runs from ROM")?,
            Some(RunsFrom::Relocatable) => f.write_str(", relocatable")?,
            None => {}
        }
        match self.packed {
            Packed::No => Ok(()),
            Packed::Zip => f.write_str(", zipped"),
            Packed::Mzip => f.write_str(", mzipped"),
            Packed::Stac => f.write_str(", packed (STAC)"),
        }
    }
}

fn is_name(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn format_letters(format: &str) -> Option<(RunsFrom, Packed)> {
    let mut letters = format.chars();
    let runs = match letters.next()? {
        'f' => RunsFrom::Flash,
        'm' => RunsFrom::Ram,
        'r' => RunsFrom::Rom,
        'l' => RunsFrom::Relocatable,
        _ => return None,
    };
    let packed = match letters.next() {
        None => Packed::No,
        Some('z') => Packed::Zip,
        Some('x') => Packed::Mzip,
        Some('w') => Packed::Stac,
        Some(_) => return None,
    };
    letters.next().is_none().then_some((runs, packed))
}

fn signature(text: &str) -> Option<Signature> {
    let mut letters = text.chars();
    let (s, kind, key) = (letters.next()?, letters.next()?, letters.next()?);
    let good = s == 'S' && matches!(kind, 'P' | 'S') && key.is_ascii_uppercase() && letters.next().is_none();
    good.then_some(Signature { production: kind == 'P', key })
}

/// `155-3.M4a` is `15.5(3)M4a`, `121-13` is `12.1(13)`, `122-23a` is `12.2(23a)`.
fn classic_version(text: &str) -> Option<String> {
    let (release, rest) = text.split_once('-')?;
    if release.len() != 3 || !release.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (major, minor) = release.split_at(2);
    let (maintenance, rebuild) = rest.split_once('.').unwrap_or((rest, ""));
    let good = maintenance.starts_with(|c: char| c.is_ascii_digit())
        && maintenance.bytes().all(|b| b.is_ascii_alphanumeric());
    let plain = rebuild.bytes().all(|b| b.is_ascii_alphanumeric());
    (good && plain).then(|| format!("{major}.{minor}({maintenance}){rebuild}"))
}

fn xe(platform: &str, feature: &str, tail: &str) -> Option<ImageName> {
    let (version, last) = tail.rsplit_once('.').unwrap_or((tail, ""));
    let (signature, version) = match signature(last) {
        Some(s) => (Some(s), version),
        None => (None, tail),
    };
    let numbered = |p: &str| p.starts_with(|c: char| c.is_ascii_digit()) && is_name(p);
    if version.split('.').count() != 3 || !version.split('.').all(numbered) {
        return None;
    }
    Some(ImageName {
        platform: platform.to_owned(),
        feature: feature.to_owned(),
        runs_from: None,
        packed: Packed::No,
        signature,
        version: version.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lessons_images() {
        let new = ImageName::parse("flash0:c2900-universalk9-mz.SPA.155-3.M4a.bin").expect("a name");
        assert_eq!(new.to_string(), "C2900, 15.5(3)M4a, runs from RAM, zipped");
        assert_eq!(new.id(), "C2900-UNIVERSALK9-M");
        assert_eq!(new.signature, Some(Signature { production: true, key: 'A' }));
        let old = ImageName::parse("c2900-universalk9-mz.SPA.151-4.M4.bin").expect("a name");
        assert_eq!(old.version, "15.1(4)M4");
    }

    #[test]
    fn versions_of_other_trains() {
        for (name, version) in [
            ("c3640-ik9s-mz.122-23a.bin", "12.2(23a)"),
            ("c2960x-universalk9-mz.150-2.SE11.bin", "15.0(2)SE11"),
            ("c2500-i-l.121-13.bin", "12.1(13)"),
            ("soho97-k9oy1-mz.123-7.T3.bin", "12.3(7)T3"),
            ("isr4300-universalk9.16.09.03.SPA.bin", "16.09.03"),
            ("cat9k_iosxe-universalk9.17.09.06a.SPA.bin", "17.09.06a"),
            ("cat9k_iosxe.17.09.04a.SPA.bin", "17.09.04a"),
        ] {
            assert_eq!(ImageName::parse(name).map(|i| i.version).as_deref(), Some(version), "{name}");
        }
    }

    #[test]
    fn other_files_are_no_images() {
        for name in [
            "",
            "startup-config",
            "vlan.dat",
            "sigdef-default.xml",
            "c2900-universalk9-qq.155-3.bin",
            "a-b-mz.1555-3.bin",
            "a-b-mz..bin",
        ] {
            assert_eq!(ImageName::parse(name), None, "{name}");
        }
    }
}
