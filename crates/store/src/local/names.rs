//! The names a store keeps for itself.

use crate::VPath;
use clock::civil::Civil;
use sha2::{Digest, Sha256};
use std::time::{SystemTime, UNIX_EPOCH};

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

/// Where a version of `path` goes: the directory below [`VERSIONS`] and the name there.
///
/// `<name>@20261123T192342.123456Z`; a path that would grow too long is replaced by its digest.
pub(super) fn version(path: &VPath, now: SystemTime, again: u32) -> (VPath, Vec<u8>) {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let c = Civil::from_unix(i64::try_from(since.as_secs()).unwrap_or(0));
    let mut stamp = format!(
        "@{:04}{:02}{:02}T{:02}{:02}{:02}.{:06}Z",
        c.year,
        c.month,
        c.day,
        c.hour,
        c.minute,
        c.second,
        since.subsec_micros()
    );
    if again > 0 {
        stamp.push_str(&format!("-{again}"));
    }
    let base = VERSIONS.iter().map(|v| v.len() + 1).sum::<usize>();
    let whole = base + path.as_bytes().len() + stamp.len();
    if path.name().len() + stamp.len() <= crate::MAX_COMPONENT && whole <= crate::MAX_PATH {
        (path.parent(), [path.name(), stamp.as_bytes()].concat())
    } else {
        let digest = Sha256::digest(path.as_bytes());
        (VPath::root(), [&with_hex(b"long-", &digest[..16])[..], stamp.as_bytes()].concat())
    }
}

fn with_hex(prefix: &[u8], octets: &[u8]) -> Vec<u8> {
    let mut name = prefix.to_vec();
    for b in octets {
        name.extend_from_slice(format!("{b:02x}").as_bytes());
    }
    name
}
