use super::hollow::{PIECE, ZEROS};
use super::{
    HASHES, HEADER, MAGIC, META, META_MAGIC, MZIP, PACKAGE, SIGN_DOMAIN, TRAILER, TRAILER_MAGIC, hex,
};
use crate::install::BadProvision;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use std::io;
use store::Blob;

/// What an image says of itself in its metadata block, unchecked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Glance {
    /// `c2911`.
    pub profile: String,
    /// `C2900`.
    pub platform: String,
    /// `UNIVERSALK9-M`.
    pub feature: String,
    /// `15.5(3)M4a`.
    pub version: String,
    /// Octets the whole file should have.
    pub len: u64,
    /// The name it was made with.
    pub file: String,
    /// Which of an image's packages it is; `None`: a whole image.
    pub package: Option<String>,
    /// Its filler are zeros, which no digest inside it counts.
    pub is_hollow: bool,
    /// It has the hashes of IOS-XE.
    is_hashed: bool,
}

/// A sound image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// `c2911`.
    pub profile: String,
    /// `C2900`.
    pub platform: String,
    /// `UNIVERSALK9-M`.
    pub feature: String,
    /// `15.5(3)M4a`.
    pub version: String,
    /// Octets.
    pub len: u64,
    /// MD5 stored inside, lower-case hex: of all octets before the trailer.
    pub embedded_md5: String,
    /// MD5 of the whole file, lower-case hex: what is published beside a download. `None`: a hollow one, of which nobody has
    /// hashed all.
    pub md5: Option<String>,
    /// Which of an image's packages it is; `None`: a whole image.
    pub package: Option<String>,
}

/// Why a file is not a sound image. The first fault in the order of the file.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// Not the magic a boot loader wants.
    #[error("bad file magic number: expected {MAGIC:#010x}, found {found:#010x}")]
    Magic {
        /// The first four octets.
        found: u32,
    },
    /// No metadata: not one of our images.
    #[error("no metadata block: the file is not an image of ours")]
    NoMetadata,
    /// Cut or longer than it says.
    #[error("the image is {found} octets, its metadata says {expected}")]
    Length {
        /// Octets by the metadata.
        expected: u64,
        /// Octets there.
        found: u64,
    },
    /// No signature block where it belongs.
    #[error("signature not found")]
    Unsigned,
    /// The embedded hash does not fit the octets.
    #[error("embedded MD5 {expected}, computed {computed}")]
    Embedded {
        /// By the trailer, lower-case hex.
        expected: String,
        /// Of the octets, lower-case hex.
        computed: String,
    },
    /// The hash fits, the signature does not.
    #[error("the signature does not fit the image")]
    Signature,
    /// It is one package of an image: only all of them together boot, by their provisioning file.
    #[error("a package of an image, {0}, which does not boot alone")]
    Package(String),
    /// A provisioning file that does not boot.
    #[error(transparent)]
    Provision(#[from] BadProvision),
    /// The file could not be read.
    #[error("cannot read the image: {0}")]
    Io(#[from] io::Error),
}

/// Reads magic and metadata only: what a name listing can afford.
pub fn glance(blob: &Blob) -> Result<Glance, Damage> {
    let mut head = [0; HEADER + META];
    let n = blob.read_at(0, &mut head)?;
    let mut magic = [0; 4];
    magic[..n.min(4)].copy_from_slice(&head[..n.min(4)]);
    let found = u32::from_be_bytes(magic);
    if ![MAGIC, MZIP, PACKAGE].contains(&found) {
        return Err(Damage::Magic { found });
    }
    let text = std::str::from_utf8(&head[HEADER.min(n)..n]).map_err(|_| Damage::NoMetadata)?;
    let fields = text.strip_prefix(META_MAGIC).ok_or(Damage::NoMetadata)?;
    let field = |key: &str| {
        fields
            .lines()
            .find_map(|l| l.split_once('=').filter(|(k, _)| *k == key))
            .map(|(_, v)| v.to_owned())
            .ok_or(Damage::NoMetadata)
    };
    Ok(Glance {
        profile: field("profile")?,
        platform: field("platform")?,
        feature: field("feature")?,
        version: field("version")?,
        len: field("size")?.parse().map_err(|_| Damage::NoMetadata)?,
        file: field("file")?,
        package: field("package").ok(),
        is_hollow: field("body").is_ok_and(|body| body == "zeros"),
        is_hashed: found == PACKAGE,
    })
}

/// Reads the whole file and says what it is, or which part is damaged. Bounded memory.
pub fn show(blob: &Blob) -> Result<Facts, Damage> {
    let glance = glance(blob)?;
    if glance.len != blob.len() {
        return Err(Damage::Length { expected: glance.len, found: blob.len() });
    }
    let body = glance.len.checked_sub(TRAILER as u64).ok_or(Damage::Unsigned)?;
    let mut md5 = Md5::new();
    let mut sha = Sha256::new();
    sha.update(SIGN_DOMAIN);
    let hashed = if glance.is_hashed { HASHES as u64 } else { 0 };
    each_counted(blob, glance.is_hollow, body.saturating_sub(hashed), body, |octets| {
        md5.update(octets);
        sha.update(octets);
    })?;
    let mut whole = md5.clone();
    let computed = md5.finalize();
    let mut trailer = [0; TRAILER];
    if blob.read_at(body, &mut trailer)? != TRAILER || trailer[..16] != TRAILER_MAGIC[..] {
        return Err(Damage::Unsigned);
    }
    whole.update(trailer);
    if trailer[16..32] != computed[..] {
        return Err(Damage::Embedded { expected: hex(&trailer[16..32]), computed: hex(&computed[..]) });
    }
    sha.update(&trailer[..32]);
    if trailer[32..] != sha.finalize()[..] {
        return Err(Damage::Signature);
    }
    Ok(Facts {
        profile: glance.profile,
        platform: glance.platform,
        feature: glance.feature,
        version: glance.version,
        len: glance.len,
        embedded_md5: hex(&computed[..]),
        md5: (!glance.is_hollow).then(|| hex(&whole.finalize()[..])),
        package: glance.package,
    })
}

/// The hashes that IOS-XE compares, lower-case hex.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hashes {
    /// SHA-1: what the image says, and what is so.
    pub sha1: [String; 2],
    /// SHA-512, likewise.
    pub sha512: [String; 2],
}

/// Those of an image of IOS-XE, which [`show`] has found to be as long as it says.
///
/// # Errors
/// It cannot be read.
pub fn hashes(blob: &Blob) -> io::Result<Hashes> {
    let body = blob.len().saturating_sub((HASHES + TRAILER) as u64);
    let (mut sha1, mut sha512) = (Sha1::new(), Sha512::new());
    let is_hollow = glance(blob).is_ok_and(|glance| glance.is_hollow);
    each_counted(blob, is_hollow, body, body, |octets| {
        sha1.update(octets);
        sha512.update(octets);
    })?;
    let mut embedded = [0; HASHES];
    if blob.read_at(body, &mut embedded)? != HASHES {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Hashes {
        sha1: [hex(&embedded[..20]), hex(&sha1.finalize()[..])],
        sha512: [hex(&embedded[20..]), hex(&sha512.finalize()[..])],
    })
}

/// The MD5 of a whole file, lower-case hex.
pub fn md5(blob: &Blob) -> io::Result<String> {
    let mut md5 = Md5::new();
    each_chunk(blob, 0, blob.len(), |octets| md5.update(octets))?;
    Ok(hex(&md5.finalize()[..]))
}

/// The SHA-512 of a whole file, lower-case hex.
pub fn sha512(blob: &Blob) -> io::Result<String> {
    let mut sha512 = Sha512::new();
    each_chunk(blob, 0, blob.len(), |octets| sha512.update(octets))?;
    Ok(hex(&sha512.finalize()[..]))
}

/// What the digests inside an image count of its first `end` octets: all, but in a hollow one of the body, which ends at `body`,
/// no zeros.
fn each_counted(
    blob: &Blob,
    is_hollow: bool,
    body: u64,
    end: u64,
    mut with: impl FnMut(&[u8]),
) -> io::Result<()> {
    if !is_hollow {
        return each_chunk(blob, 0, end, with);
    }
    let head = ((HEADER + META) as u64).min(body);
    each_chunk(blob, 0, head, &mut with)?;
    let mut at = blob.behind_holes(head);
    while at < body {
        let end = body.min(at + PIECE as u64);
        each_chunk(blob, at, end, |octets| {
            if octets != &ZEROS[..octets.len()] {
                with(octets);
            }
        })?;
        at = blob.behind_holes(end);
    }
    each_chunk(blob, body, end, with)
}

fn each_chunk(blob: &Blob, from: u64, end: u64, mut with: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buf = vec![0; PIECE];
    let mut at = from;
    while at < end {
        let want = buf.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
        let n = blob.read_at(at, &mut buf[..want])?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        with(&buf[..n]);
        at += n as u64;
    }
    Ok(())
}
