//! Digests of what is served, for the verbs that ask for them.

use gate::Refusal;
use md5::Md5;
use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Sha256, Sha384, Sha512};

/// How one begins.
pub(crate) type Begun = fn() -> Box<dyn DynDigest>;

/// Each, by the name that SFTP has for it.
pub(crate) const BEGUN: [(&str, Begun); 5] = [
    ("md5", || Box::new(Md5::default())),
    ("sha1", || Box::new(Sha1::default())),
    ("sha256", || Box::new(Sha256::default())),
    ("sha384", || Box::new(Sha384::default())),
    ("sha512", || Box::new(Sha512::default())),
];

/// Octets that are read at once.
const BITE: usize = 256 << 10;

/// Gives octets from `at` to before `end` to `update`; between bites `go_on` is asked. `read` appends what there is at an
/// offset, so much at most. False: there is less.
pub(crate) fn fold(
    update: &mut dyn FnMut(&[u8]),
    mut at: u64,
    end: u64,
    octets: &mut Vec<u8>,
    go_on: &dyn Fn() -> bool,
    mut read: impl FnMut(u64, usize, &mut Vec<u8>) -> Result<usize, Refusal>,
) -> Result<bool, Refusal> {
    while at < end {
        if !go_on() {
            return Err(Refusal::Denied);
        }
        octets.clear();
        let bite = usize::try_from(end - at).unwrap_or(usize::MAX).min(BITE);
        match read(at, bite, octets)? {
            0 => return Ok(false),
            read => at += read as u64,
        }
        update(octets);
    }
    Ok(true)
}
