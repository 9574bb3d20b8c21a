//! `NAME.md5`, `NAME.sha256` and `NAME.sha512`, which are there without being there.
//!
//! As `md5sum` and its kin print them, so that `sha256sum -c NAME.sha256` works. A real file of the name
//! wins, whatever it is.

use crate::{Algorithm, Digest, Refusal, Session, Verb};
use bytes::Bytes;
use store::{Blob, Facts, Kind, StoreError, VPath};

const ALL: [(Algorithm, usize); 3] =
    [(Algorithm::Md5, 32), (Algorithm::Sha256, 64), (Algorithm::Sha512, 128)];

/// The file that such a name is about, its algorithm and its digest's length in digits.
fn about(path: &VPath) -> Option<(VPath, Algorithm, usize)> {
    let name = path.name();
    ALL.iter().find_map(|&(algorithm, digits)| {
        let base = name.strip_suffix(algorithm.name().as_bytes())?.strip_suffix(b".")?;
        Some((path.parent().child(base).ok()?, algorithm, digits))
    })
}

/// Whether the name is one for which a digest may have to be computed.
pub fn is_digest_name(name: &[u8]) -> bool {
    ALL.iter().any(|(algorithm, _)| {
        name.strip_suffix(algorithm.name().as_bytes())
            .is_some_and(|base| base.len() > 1 && base.ends_with(b"."))
    })
}

/// The content of a name that is not there; reads the whole file where its digest is not known yet.
pub(crate) fn open(session: &Session, path: &VPath) -> Result<Option<Blob>, Refusal> {
    let Some((base, algorithm, _)) = about(path) else { return Ok(None) };
    // A digest tells of its file.
    if session.allow(Verb::Read, &base).is_err() {
        return Ok(None);
    }
    let blob = match session.gate().store.open(&base) {
        // The name that was asked for is not there, whatever its base is.
        Err(StoreError::Absent | StoreError::IsDirectory | StoreError::NotDirectory) => return Ok(None),
        blob => blob?,
    };
    let digest = session.digests().of(&blob, algorithm, &|| true).map_err(|e| Refusal::Io(e.to_string()))?;
    // It changed while it was read: a digest of neither the old nor the new one helps nobody.
    let digest = digest.ok_or(Refusal::Busy)?;
    Ok(Some(Blob::Memory(Bytes::from(line(&digest, base.name())))))
}

/// The facts of a name that is not there; reads nothing.
pub(crate) fn stat(session: &Session, path: &VPath) -> Option<Facts> {
    let (base, _, digits) = about(path)?;
    session.allow(Verb::Read, &base).ok()?;
    let facts = session.gate().store.stat(&base).ok().filter(|f| f.kind == Kind::File)?;
    let (escaped, name) = escaped(base.name());
    let len = (usize::from(escaped) + digits + 2 + name.len() + 1) as u64;
    Some(Facts { len, ..facts })
}

/// `<digest>  <name>`, as coreutils print it.
fn line(digest: &Digest, name: &[u8]) -> Vec<u8> {
    let (escaped, name) = escaped(name);
    let mut line = Vec::new();
    if escaped {
        line.push(b'\\');
    }
    line.extend_from_slice(digest.hex.as_bytes());
    line.extend_from_slice(b"  ");
    line.extend_from_slice(&name);
    line.push(b'\n');
    line
}

/// A name on one line; coreutils mark an escaped one with `\` before the digest.
fn escaped(name: &[u8]) -> (bool, Vec<u8>) {
    let mut out = Vec::with_capacity(name.len());
    for &b in name {
        match b {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b => out.push(b),
        }
    }
    (out.len() != name.len(), out)
}
