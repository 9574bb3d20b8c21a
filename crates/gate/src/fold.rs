//! A name in another case.

use crate::{Refusal, Session};
use store::VPath;

/// The most entries of one directory that are looked at.
const ENTRIES: usize = 100_000;
/// The most names that a refusal lists.
const TOLD: usize = 3;

/// What `path` is called here when upper and lower case are one. Every component that is there as it is
/// stays; one that is not becomes the only name that differs in case alone. What nothing is like stays too.
pub(crate) fn fold(session: &Session, path: &VPath) -> Result<VPath, Refusal> {
    if session.has(path) {
        return Ok(path.clone());
    }
    let mut at = VPath::root();
    let mut lost = false;
    for name in path.components() {
        let exact = at.child(name)?;
        at = if lost || session.has(&exact) {
            exact
        } else {
            let like = alike(session, &at, name)?;
            lost = like.is_none();
            like.unwrap_or(exact)
        };
    }
    Ok(at)
}

/// The one entry of `dir` that differs from `name` in case only.
fn alike(session: &Session, dir: &VPath, name: &[u8]) -> Result<Option<VPath>, Refusal> {
    // A directory that cannot be listed has no names to offer.
    let Ok(mut cursor) = session.entries(dir) else { return Ok(None) };
    let wanted = lower(name);
    let (mut found, mut looked) = (Vec::new(), 0);
    while looked < ENTRIES {
        let batch = cursor.next()?;
        if batch.is_empty() {
            break;
        }
        looked += batch.len();
        found.extend(batch.into_iter().map(|e| e.name).filter(|n| lower(n) == wanted));
    }
    found.sort();
    match &found[..] {
        [] => Ok(None),
        [one] => Ok(Some(dir.child(one)?)),
        several => {
            let mut told = Vec::new();
            for name in several.iter().take(TOLD) {
                told.push(dir.child(name)?.to_string());
            }
            Err(Refusal::Ambiguous(told.join(", ")))
        }
    }
}

/// Unicode's lower case where a name is UTF-8, else ASCII's.
fn lower(name: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => name.to_ascii_lowercase(),
    }
}
