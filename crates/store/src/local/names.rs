//! The names a store keeps for itself.

use crate::{Stamp, VPath};
use sha2::{Digest, Sha256};

/// How the name of a temporary file begins.
pub(super) const TEMP: &[u8] = b".towline-temp-";
/// How the name of a partial begins.
pub(super) const PART: &[u8] = b".towline-part-";
/// The directory below the root where versions are.
pub(super) const VERSIONS: [&[u8]; 2] = [b".towline", b"versions"];

/// A fresh name for a temporary file.
pub(super) fn temp() -> std::io::Result<Vec<u8>> {
    let mut random = [0; 12];
    getrandom::fill(&mut random).map_err(std::io::Error::other)?;
    Ok(with_hex(TEMP, &random))
}

/// The name of an owner's partial of `name`: a digest, since names have up to 255 octets of any value.
pub(super) fn partial(owner: &str, name: &[u8]) -> Vec<u8> {
    let mut digest = Sha256::new();
    // The length keeps (`ab`, `c`) and (`a`, `bc`) apart.
    digest.update((owner.len() as u64).to_be_bytes());
    digest.update(owner.as_bytes());
    digest.update(name);
    with_hex(PART, &digest.finalize()[..16])
}

/// Where versions of `path` go: the directory below [`VERSIONS`] and how their names there begin.
///
/// `<name>@20261123T192342.123456Z`; a path that would grow too long is replaced by its digest.
pub(super) fn versions(path: &VPath) -> (VPath, Vec<u8>) {
    let base = VERSIONS.iter().map(|v| v.len() + 1).sum::<usize>();
    let whole = base + path.as_bytes().len() + STAMP;
    if path.name().len() + STAMP <= crate::MAX_COMPONENT && whole <= crate::MAX_PATH {
        (path.parent(), [path.name(), b"@"].concat())
    } else {
        let digest = Sha256::digest(path.as_bytes());
        (VPath::root(), [&with_hex(b"long-", &digest[..16])[..], b"@"].concat())
    }
}

/// Octets of the longest end of a version's name: `@20261123T192342.123456Z-1000`.
const STAMP: usize = 28;

/// The stamp of a version's name, and what is before it, up to the `@`.
pub(super) fn read_version(name: &[u8]) -> Option<(&[u8], Stamp)> {
    let at = name.iter().rposition(|&b| b == b'@')?;
    let (base, stamp) = name.split_at(at + 1);
    Some((base, std::str::from_utf8(stamp).ok()?.parse().ok()?))
}

fn with_hex(prefix: &[u8], octets: &[u8]) -> Vec<u8> {
    let mut name = prefix.to_vec();
    for b in octets {
        name.extend_from_slice(format!("{b:02x}").as_bytes());
    }
    name
}
