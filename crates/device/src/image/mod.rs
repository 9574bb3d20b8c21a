//! Synthetic images: files that a device of ours boots, verifies and refuses like real ones.
//!
//! Nobody's software is in them. The layout, octets from the start (numbers big-endian):
//!
//! | offset | octets | what |
//! |---|---|---|
//! | 0 | 52 | an ELF header, 32 bit, big-endian: the first magic of a router's image; or `MZIP`, 1, 0x3000 and zeros: a Catalyst's; or `PKG3` and zeros: IOS-XE's, which is not confirmed |
//! | 52 | 12 | zeros |
//! | 64 | 960 | the metadata block: `TOWLINE-IMAGE 1`, then `key=value` lines, then line feeds |
//! | 1024 | … | seeded filler: it does not compress, and differs with the seed |
//! | end-148 | 84 | IOS-XE's only: SHA-1 and SHA-512 of all octets before, which its `verify` compares |
//! | end-64 | 16 | `TOWLINE-SIGNED-1` |
//! | end-48 | 16 | embedded MD5 of all octets before `end-64` |
//! | end-32 | 32 | "signature": SHA-256 of a domain text and all octets before `end-32` |
//!
//! An image of a model with install mode is taken apart into packages ([`parts`]): files of the same layout whose metadata
//! say which package they are, and whose filler is a piece of the image's own.
//!
//! A [`Hollow`] one has zeros for its filler and a line `body=zeros` in its metadata: no digest inside counts those zeros, but all that
//! is none. Its file takes no room on a disk that has holes.
//!
//! Every octet is under the MD5 or the signature, so one flipped octet anywhere is found. The
//! "signature" proves nothing about who made the file; it stands where a device looks for one.

mod expand;
mod hollow;
mod known;
mod make;
mod show;

pub use expand::{Part, package_name, parts};
pub use hollow::Hollow;
pub use known::Known;
pub use make::{BadRecipe, Recipe, make, random_seed};
pub use show::{Damage, Facts, Glance, Hashes, glance, hashes, md5, sha512, show};

use crate::profile::{Magic, Naming};
use ios_cli::text::xe;

/// Octets of the ELF header and the zeros after it.
const HEADER: usize = 64;
/// Octets of the metadata block.
const META: usize = 960;
/// Octets of the two hashes before the trailer of an image of IOS-XE.
const HASHES: usize = 20 + 64;

/// Whether what begins so is an image that devices with this magic cannot run. What is no image at all is not: a file of four octets called
/// `testme.bin` was taken by an ASR 903 without a word.
pub(crate) fn is_foreign(begins: &[u8], magic: Magic) -> bool {
    let own = match magic {
        Magic::Elf => MAGIC,
        Magic::Mzip => MZIP,
        Magic::Package => PACKAGE,
    };
    let known = [MAGIC, MZIP, PACKAGE].map(u32::to_be_bytes);
    known.iter().any(|first| begins.starts_with(first) && *first != own.to_be_bytes())
}

/// Octets of that in images with this magic.
fn hashes_in(magic: Magic) -> usize {
    match magic {
        Magic::Package => HASHES,
        Magic::Elf | Magic::Mzip => 0,
    }
}

/// Octets of the trailer.
const TRAILER: usize = 64;
/// The smallest image: header, metadata, trailer and something between.
pub const MIN_SIZE: u64 = 4_096;
/// What the lesson's images have, octets: 65,609 blocks of 512, beyond a 16-bit block number.
pub const LESSON_SIZE: u64 = 33_591_768;

const META_MAGIC: &str = "TOWLINE-IMAGE 1\n";
const TRAILER_MAGIC: &[u8; 16] = b"TOWLINE-SIGNED-1";
const SIGN_DOMAIN: &[u8] = b"towline synthetic image, signature 1\n";
/// A line every image carries in clear, so that a captured packet can be searched for it.
pub const MARKER: &str = "THIS-TEXT-TRAVELS-IN-CLEAR";

/// `7f 45 4c 46`: the magic number that the boot loader looks for.
pub const MAGIC: u32 = 0x7f45_4c46;
/// `MZIP`: that of a Catalyst.
pub const MZIP: u32 = 0x4d5a_4950;
/// `PKG3`: what stands for IOS-XE's, of which only the words "package header rev 3" are known.
pub const PACKAGE: u32 = 0x504b_4733;

/// The name of an image file: `c2900-universalk9-mz.SPA.155-3.M4a.bin` for C2900 and 15.5(3)M4a.
/// `None` where the version text is not of the form `15.5(3)M4a`, or for IOS-XE `16.6.5`.
pub fn file_name(profile: &crate::Profile, version: &str) -> Option<String> {
    let image = &profile.image;
    let signed = image.signed.as_ref().map(|word| format!(".{word}")).unwrap_or_default();
    let head = format!("{}-{}", image.platform, image.feature);
    Some(match image.naming {
        Naming::Classic => format!("{head}-mz{signed}.{}.bin", dashed(version)?),
        Naming::Xe => format!("{head}.{}{signed}.bin", release(version)?),
        Naming::XeSwitch => {
            format!("{}_{}.{}{signed}.bin", image.platform, image.feature, release(version)?)
        }
    })
}

/// The version as IOS itself says it: 16.6.5, also where 16.06.05 was written.
pub fn canonical(profile: &crate::Profile, version: &str) -> String {
    match profile.image.naming {
        Naming::Classic => version.to_owned(),
        Naming::Xe | Naming::XeSwitch => xe::unpadded(version),
    }
}

/// The feature set as images call themselves: `UNIVERSALK9-M`, `IOSXE`.
fn feature(profile: &crate::Profile) -> String {
    let feature = profile.image.feature.to_uppercase();
    match profile.image.naming {
        Naming::Classic | Naming::Xe => format!("{feature}-M"),
        Naming::XeSwitch => feature,
    }
}

/// `16.6.5`, `16.06.05`, `17.9.6a` to `16.06.05`, `17.09.06a`.
fn release(version: &str) -> Option<String> {
    let mut parts = version.split('.');
    let digits = |s: &str| (1..=2).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    let (major, minor, last) = (parts.next()?, parts.next()?, parts.next()?);
    let number = last.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let good = digits(major) && digits(minor) && digits(number) && last.len() - number.len() <= 1;
    (good && parts.next().is_none()).then(|| xe::padded(version))
}

/// `15.5(3)M4a` to `155-3.M4a`.
fn dashed(version: &str) -> Option<String> {
    let (major_minor, rest) = version.split_once('(')?;
    let (maintenance, train) = rest.split_once(')')?;
    let (major, minor) = major_minor.split_once('.')?;
    let digits = |s: &str| !s.is_empty() && s.len() <= 3 && s.bytes().all(|b| b.is_ascii_digit());
    // 12.2(23a) was rebuilt.
    let number = maintenance.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(maintenance);
    // The name has two digits for the major and one for the minor number: `155` is 15.5.
    if major.len() != 2 || minor.len() != 1 || !digits(major) || !digits(minor) || !digits(number) {
        return None;
    }
    if train.len() > 12 || !train.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    Some(match train {
        "" => format!("{major}{minor}-{maintenance}"),
        t => format!("{major}{minor}-{maintenance}.{t}"),
    })
}

/// Lower-case hexadecimal.
pub(crate) fn hex(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len() * 2);
    for b in octets {
        out.push(char::from_digit(u32::from(b >> 4), 16).expect("below 16"));
        out.push(char::from_digit(u32::from(b & 15), 16).expect("below 16"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::C2911;
    use bytes::Bytes;
    use store::Blob;

    fn image(version: &str, size: u64, seed: u64) -> Vec<u8> {
        let mut out = Vec::new();
        make(&Recipe { profile: &C2911, version, size, seed }, &mut out).expect("made");
        out
    }

    fn blob(octets: Vec<u8>) -> Blob {
        Blob::Memory(Bytes::from(octets))
    }

    #[test]
    fn names_follow_platform_and_version() {
        assert_eq!(
            file_name(&C2911, "15.5(3)M4a").as_deref(),
            Some("c2900-universalk9-mz.SPA.155-3.M4a.bin")
        );
        assert_eq!(file_name(&C2911, "15.1(4)M4").as_deref(), Some("c2900-universalk9-mz.SPA.151-4.M4.bin"));
        assert_eq!(file_name(&C2911, "15.1"), None);
        assert_eq!(file_name(&C2911, "15.1(4)../M"), None);
    }

    #[test]
    fn an_image_tells_what_it_is_and_has_the_size_asked_for() {
        let octets = image("15.5(3)M4a", 65_536, 7);
        assert_eq!(octets.len(), 65_536);
        assert_eq!(octets[..4], MAGIC.to_be_bytes());
        let facts = show(&blob(octets.clone())).expect("sound");
        assert_eq!((facts.version.as_str(), facts.profile.as_str()), ("15.5(3)M4a", "c2911"));
        assert_eq!((facts.platform.as_str(), facts.feature.as_str()), ("C2900", "UNIVERSALK9-M"));
        assert_eq!(facts.len, 65_536);
        assert!(facts.md5.is_some_and(|md5| md5 != facts.embedded_md5));
        assert!(octets.windows(MARKER.len()).any(|w| w == MARKER.as_bytes()));
    }

    #[test]
    fn the_seed_alone_decides_the_octets() {
        assert_eq!(image("15.5(3)M4a", 20_001, 7), image("15.5(3)M4a", 20_001, 7));
        let (a, b) = (image("15.5(3)M4a", 20_001, 7), image("15.5(3)M4a", 20_001, 8));
        let same = a[1024..19_900].iter().zip(&b[1024..19_900]).filter(|(a, b)| a == b).count();
        assert!(same < 300, "two seeds agree in {same} of 18876 octets, expected about 74");
    }

    #[test]
    fn one_flipped_octet_anywhere_is_damage() {
        let sound = image("15.1(4)M4", MIN_SIZE, 3);
        let (mut magic, mut embedded, mut signature, mut unsigned) = (0, 0, 0, 0);
        for at in 0..sound.len() {
            let mut octets = sound.clone();
            octets[at] ^= 0x10;
            match show(&blob(octets)).expect_err("a flipped octet") {
                Damage::Magic { .. } => magic += 1,
                Damage::Embedded { .. } => embedded += 1,
                Damage::Signature => signature += 1,
                Damage::Unsigned => unsigned += 1,
                Damage::NoMetadata | Damage::Length { .. } => embedded += 1,
                other @ (Damage::Package(_) | Damage::Provision(_) | Damage::Io(_)) => panic!("{other}"),
            }
        }
        // The embedded hash itself is 16 octets of the trailer and counts as a mismatch.
        assert_eq!((magic, signature, unsigned), (4, 32, 16));
        assert_eq!(embedded, sound.len() - 4 - 32 - 16);
    }

    #[test]
    fn a_truncated_or_foreign_file_is_damage() {
        let mut short = image("15.1(4)M4", 10_000, 3);
        short.truncate(9_999);
        assert!(matches!(show(&blob(short)), Err(Damage::Length { expected: 10_000, found: 9_999 })));
        assert!(matches!(show(&blob(b"hello".to_vec())), Err(Damage::Magic { .. })));
        assert!(matches!(show(&blob(Vec::new())), Err(Damage::Magic { .. })));
        let mut elf = vec![0; 9_000];
        elf[..4].copy_from_slice(&MAGIC.to_be_bytes());
        assert!(matches!(show(&blob(elf)), Err(Damage::NoMetadata)));
    }

    #[test]
    fn a_bad_recipe_is_refused() {
        let mut out = Vec::new();
        let small = Recipe { profile: &C2911, version: "15.5(3)M4a", size: 100, seed: 1 };
        assert!(matches!(make(&small, &mut out), Err(BadRecipe::Small { size: 100 })));
        let odd = Recipe { profile: &C2911, version: "latest", size: 9_000, seed: 1 };
        assert!(matches!(make(&odd, &mut out), Err(BadRecipe::Version(_))));
        assert!(out.is_empty());
    }
}
