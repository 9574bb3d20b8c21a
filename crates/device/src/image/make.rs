use super::{
    HEADER, MAGIC, MARKER, META, META_MAGIC, MIN_SIZE, MZIP, PACKAGE, SIGN_DOMAIN, TRAILER, TRAILER_MAGIC,
    file_name, hashes_in,
};
use crate::Profile;
use crate::profile::Magic;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use std::io::{self, Write};

/// What an image is to be.
#[derive(Clone, Copy, Debug)]
pub struct Recipe<'a> {
    /// The device it is for.
    pub profile: &'a Profile,
    /// `15.5(3)M4a`.
    pub version: &'a str,
    /// Octets of the whole file, at least [`MIN_SIZE`].
    pub size: u64,
    /// Decides the filler; [`random_seed`] for one that nobody can foretell.
    pub seed: u64,
}

/// Why an image cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BadRecipe {
    /// Not a version text.
    #[error("'{0}' is not a version: write it as 15.5(3)M4a, or 16.6.5 for IOS-XE")]
    Version(String),
    /// No room for header, metadata and signature.
    #[error("an image of {size} octets is too small: at least {MIN_SIZE}")]
    Small {
        /// Octets asked for.
        size: u64,
    },
    /// The output failed.
    #[error("cannot write the image: {0}")]
    Io(#[from] io::Error),
}

/// A seed from the system's random source.
pub fn random_seed() -> u64 {
    getrandom::u64().expect("the system has a random source")
}

/// Writes the image of `recipe` to `out`, in order, in bounded memory. `out` sees nothing when the
/// recipe is bad.
pub fn make(recipe: &Recipe<'_>, out: &mut dyn Write) -> Result<(), BadRecipe> {
    let Some(name) = file_name(recipe.profile, recipe.version) else {
        return Err(BadRecipe::Version(recipe.version.into()));
    };
    if recipe.size < MIN_SIZE {
        return Err(BadRecipe::Small { size: recipe.size });
    }
    let mut filler = Filler(recipe.seed);
    let what = What { version: recipe.version, size: recipe.size, file: &name, package: None };
    seal(recipe.profile, &what, out, &mut |buf, _| {
        filler.fill(buf);
        Ok(())
    })?;
    Ok(())
}

/// What the metadata say.
#[derive(Clone, Copy)]
pub(super) struct What<'a> {
    pub(super) version: &'a str,
    /// Octets of the whole file.
    pub(super) size: u64,
    pub(super) file: &'a str,
    pub(super) package: Option<&'a str>,
}

/// Writes a whole file in order: header, metadata, what `fill` says stands between, trailer. `fill` is given the octets and
/// how many of them came before.
pub(super) fn seal(
    profile: &Profile,
    what: &What<'_>,
    out: &mut dyn Write,
    fill: &mut dyn FnMut(&mut [u8], u64) -> io::Result<()>,
) -> io::Result<()> {
    let mut digests = Digests::new(profile);
    let mut put = |octets: &[u8]| -> io::Result<()> {
        digests.update(octets);
        out.write_all(octets)
    };
    put(&head(profile, &metadata(profile, what, "")))?;
    let body = what.size.saturating_sub(around(profile));
    let mut at = 0;
    let mut buf = vec![0; 65_536];
    while at < body {
        let n = buf.len().min(usize::try_from(body - at).unwrap_or(usize::MAX));
        fill(&mut buf[..n], at)?;
        put(&buf[..n])?;
        at += n as u64;
    }
    out.write_all(&digests.end())?;
    out.flush()
}

/// Octets of such a file that are not filler.
pub(super) fn around(profile: &Profile) -> u64 {
    (HEADER + META + hashes_in(profile.image.magic) + TRAILER) as u64
}

/// What stands before the filler.
pub(super) fn head(profile: &Profile, metadata: &str) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEADER + META);
    match profile.image.magic {
        Magic::Elf => head.extend_from_slice(&elf_header()),
        Magic::Mzip => head.extend([MZIP, PACKAGE, 1, 0x3000].into_iter().flat_map(u32::to_be_bytes)),
        Magic::Package => head.extend_from_slice(&PACKAGE.to_be_bytes()),
    }
    head.resize(HEADER, 0);
    head.extend_from_slice(metadata.as_bytes());
    debug_assert!(head.len() <= HEADER + META, "every field is bounded");
    head.resize(HEADER + META, b'\n');
    head
}

/// The digests of a file while it is made.
pub(super) struct Digests {
    md5: Md5,
    sha256: Sha256,
    sha1: Sha1,
    sha512: Sha512,
    /// Octets of the hashes before the trailer: of an image of IOS-XE.
    hashes: usize,
}

impl Digests {
    pub(super) fn new(profile: &Profile) -> Digests {
        let mut sha256 = Sha256::new();
        sha256.update(SIGN_DOMAIN);
        let hashes = hashes_in(profile.image.magic);
        Digests { md5: Md5::new(), sha256, sha1: Sha1::new(), sha512: Sha512::new(), hashes }
    }

    pub(super) fn update(&mut self, octets: &[u8]) {
        self.md5.update(octets);
        self.sha256.update(octets);
        if self.hashes > 0 {
            self.sha1.update(octets);
            self.sha512.update(octets);
        }
    }

    /// What stands behind all that was digested: the hashes, and the trailer.
    pub(super) fn end(self) -> Vec<u8> {
        let Digests { mut md5, mut sha256, sha1, sha512, hashes } = self;
        let mut end = Vec::with_capacity(hashes + TRAILER);
        if hashes > 0 {
            end.extend_from_slice(&sha1.finalize()[..]);
            end.extend_from_slice(&sha512.finalize()[..]);
        }
        md5.update(&end);
        end.extend_from_slice(TRAILER_MAGIC);
        end.extend_from_slice(&md5.finalize()[..]);
        sha256.update(&end);
        end.extend_from_slice(&sha256.finalize()[..]);
        end
    }
}

/// 52 octets: ELFCLASS32, big-endian, ET_EXEC, EM_MIPS, entry 0x81000000 (what the boot loader prints).
fn elf_header() -> [u8; 52] {
    let mut h = [0; 52];
    h[..4].copy_from_slice(&MAGIC.to_be_bytes());
    h[4..7].copy_from_slice(&[1, 2, 1]);
    h[16..18].copy_from_slice(&2u16.to_be_bytes());
    h[18..20].copy_from_slice(&8u16.to_be_bytes());
    h[20..24].copy_from_slice(&1u32.to_be_bytes());
    h[24..28].copy_from_slice(&0x8100_0000u32.to_be_bytes());
    h[40..42].copy_from_slice(&52u16.to_be_bytes());
    h
}

/// The metadata of an image, or of one of its packages; `body` is the line about a body that is not filler.
pub(super) fn metadata(p: &Profile, what: &What<'_>, body: &str) -> String {
    let What { version, size, file, package } = what;
    let package = package.map(|package| format!("package={package}\n")).unwrap_or_default();
    format!(
        "{META_MAGIC}profile={}\nplatform={}\nfeature={}\nversion={}\nsize={size}\nfile={file}\n{package}{body}marker={MARKER}\n",
        p.name,
        p.image.platform.to_uppercase(),
        super::feature(p),
        super::canonical(p, version),
    )
}

/// SplitMix64: eight octets a step, fast also in debug builds, no two seeds alike.
struct Filler(u64);

impl Filler {
    fn fill(&mut self, buf: &mut [u8]) {
        for chunk in buf.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let octets = (z ^ (z >> 31)).to_be_bytes();
            chunk.copy_from_slice(&octets[..chunk.len()]);
        }
    }
}
