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
    let text = metadata(recipe.profile, recipe.version, recipe.size, &name, None);
    seal(recipe.profile, &text, recipe.size, out, &mut |buf, _| {
        filler.fill(buf);
        Ok(())
    })?;
    Ok(())
}

/// Writes a whole file of `size` octets in order: header, metadata, what `fill` says stands between, trailer. `fill` is given
/// the octets and how many of them came before.
pub(super) fn seal(
    profile: &Profile,
    metadata: &str,
    size: u64,
    out: &mut dyn Write,
    fill: &mut dyn FnMut(&mut [u8], u64) -> io::Result<()>,
) -> io::Result<()> {
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

    let mut md5 = Md5::new();
    let mut sha = Sha256::new();
    sha.update(SIGN_DOMAIN);
    let mut put = |octets: &[u8]| -> io::Result<()> {
        md5.update(octets);
        sha.update(octets);
        out.write_all(octets)
    };
    put(&head)?;
    let hashed = hashes_in(profile.image.magic);
    let body = size.saturating_sub((HEADER + META + hashed + TRAILER) as u64);
    let (mut sha1, mut sha512) = (Sha1::new(), Sha512::new());
    let mut before = |octets: &[u8]| {
        if hashed > 0 {
            sha1.update(octets);
            sha512.update(octets);
        }
    };
    before(&head);
    let mut at = 0;
    let mut buf = vec![0; 65_536];
    while at < body {
        let n = buf.len().min(usize::try_from(body - at).unwrap_or(usize::MAX));
        fill(&mut buf[..n], at)?;
        before(&buf[..n]);
        put(&buf[..n])?;
        at += n as u64;
    }
    if hashed > 0 {
        put(&sha1.finalize()[..])?;
        put(&sha512.finalize()[..])?;
    }
    let embedded = md5.finalize();
    sha.update(TRAILER_MAGIC);
    sha.update(&embedded[..]);
    let mut trailer = Vec::with_capacity(TRAILER);
    trailer.extend_from_slice(TRAILER_MAGIC);
    trailer.extend_from_slice(&embedded[..]);
    trailer.extend_from_slice(&sha.finalize()[..]);
    out.write_all(&trailer)?;
    out.flush()
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

/// The metadata of an image, or of one of its packages.
pub(super) fn metadata(p: &Profile, version: &str, size: u64, name: &str, package: Option<&str>) -> String {
    let package = package.map(|package| format!("package={package}\n")).unwrap_or_default();
    format!(
        "{META_MAGIC}profile={}\nplatform={}\nfeature={}\nversion={}\nsize={size}\nfile={name}\n{package}marker={MARKER}\n",
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
