//! What a pattern stands for.

use gate::store::{Kind, VPath};
use gate::{Refusal, Session};
use sftp_proto::scp::Pattern;

/// Names that one command may stand for: more are asked for by directory.
const MOST: usize = 10_000;

/// The path that a client gives for a target: what would be a pattern is a name there.
pub(super) fn target(path: &Pattern) -> Result<VPath, Refusal> {
    // One's own home, where a session begins, is the root.
    Ok(VPath::root().resolve(&path.written())?)
}

/// The paths that a pattern stands for, in the order of their octets; where it is none, or nothing is like it, the path
/// itself, as a shell has it.
pub(super) fn expanded(session: &Session, pattern: &Pattern) -> Result<Vec<VPath>, Refusal> {
    let plain = || target(pattern).map(|path| vec![path]);
    if pattern.literal().is_some() {
        return plain();
    }
    let mut found = vec![VPath::root()];
    for part in pattern.components() {
        found = match part.literal() {
            Some(name) => {
                let below: Result<Vec<VPath>, _> = found.iter().map(|dir| dir.resolve(&name)).collect();
                below?.into_iter().filter(|path| session.has(path)).collect()
            }
            None => fitting(session, &found, &part)?,
        };
    }
    if found.is_empty() { plain() } else { Ok(found) }
}

/// The names in these directories that are like a pattern.
fn fitting(session: &Session, dirs: &[VPath], part: &Pattern) -> Result<Vec<VPath>, Refusal> {
    let mut found = Vec::new();
    for dir in dirs {
        // What is no directory, or may not be listed, has nothing in it for a shell.
        if !session.stat(dir).is_ok_and(|facts| facts.kind == Kind::Directory) {
            continue;
        }
        let Ok(mut listing) = session.list(dir) else { continue };
        let first = found.len();
        loop {
            let batch = listing.cursor.next()?;
            if batch.is_empty() {
                break;
            }
            let names = batch.iter().filter(|entry| part.fits(&entry.name));
            found.extend(names.filter_map(|entry| dir.child(&entry.name).ok()));
            if found.len() > MOST {
                return Err(Refusal::ByRule(format!(
                    "more than {MOST} names: ask for the directory with -r"
                )));
            }
        }
        found[first..].sort();
    }
    Ok(found)
}
