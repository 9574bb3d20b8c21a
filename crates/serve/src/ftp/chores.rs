//! What is more than one step: each step passes the gate with its own right, as if the client had taken it.

use super::files::resolve;
use super::refusal::refused;
use ftp_proto::server::{Answer, Chore};
use gate::store::{Kind, VPath};
use gate::{Refusal, Session};

/// Names that DSIZ counts before it gives up.
const COUNTED: u64 = 100_000;
/// Sessions that SITE WHO shows: it goes over the control connection.
const SHOWN: usize = 500;

pub(super) fn answer(session: &Session, at: &VPath, chore: &Chore) -> Answer {
    let done = |done: Result<(), Refusal>| done.map(|()| Answer::Done);
    let answered = match chore {
        Chore::Fits(octets) => done(fits(session, at, *octets)),
        Chore::Copy { .. } | Chore::Combine { .. } => unreachable!("copies wait for rates: `copies`"),
        Chore::TreeSize(path) => resolve(at, path).and_then(|p| tree_size(session, &p)).map(Answer::Size),
        Chore::RemoveTree(path) => done(resolve(at, path).and_then(|p| remove_tree(session, &p))),
        Chore::Who => Ok(Answer::Lines(who(session))),
        Chore::Quota => quota(session, at).map(Answer::Lines),
    };
    answered.unwrap_or_else(|why| refused(&why))
}

/// ALLO: what has no room is refused before it is sent. The room is taken when the upload begins.
fn fits(session: &Session, at: &VPath, octets: u64) -> Result<(), Refusal> {
    match session.space(at) {
        Ok(space) if octets > space.free => Err(space.quota.map_or(Refusal::NoSpace, Refusal::OverQuota)),
        // Who may put files where nobody may look hears it from the upload.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Directories below are gone through one by one; links are no directories here, wherever they lead.
fn tree_size(session: &Session, path: &VPath) -> Result<u64, Refusal> {
    if session.stat(path)?.kind == Kind::File {
        return Err(Refusal::NotDirectory);
    }
    let (mut left, mut octets, mut names) = (vec![path.clone()], 0u64, 0);
    while let Some(dir) = left.pop() {
        let mut cursor = session.list(&dir)?.cursor;
        loop {
            let batch = cursor.next()?;
            if batch.is_empty() {
                break;
            }
            names += batch.len() as u64;
            if names > COUNTED || session.is_kicked() {
                return Err(Refusal::Unsupported("counting more than 100,000 names"));
            }
            for entry in batch {
                match entry.facts.kind {
                    Kind::File => octets = octets.saturating_add(entry.facts.len),
                    Kind::Directory => {
                        let below = resolve(&dir, &entry.name)?;
                        if session.read_link(&below)?.is_none() {
                            left.push(below);
                        }
                    }
                }
            }
        }
    }
    Ok(octets)
}

/// Stops at the first name that may not go; what went before is gone.
fn remove_tree(session: &Session, path: &VPath) -> Result<(), Refusal> {
    if path.is_root() {
        return Err(Refusal::Denied);
    }
    if session.stat(path)?.kind == Kind::File || session.read_link(path)?.is_some() {
        return Err(Refusal::NotDirectory);
    }
    let mut left = vec![path.clone()];
    while let Some(dir) = left.last().cloned() {
        if session.is_kicked() {
            return Err(Refusal::Busy);
        }
        let mut deeper = None;
        for entry in session.list(&dir)?.cursor.next()? {
            let below = resolve(&dir, &entry.name)?;
            if entry.facts.kind == Kind::Directory && session.read_link(&below)?.is_none() {
                deeper = Some(below);
                break;
            }
            session.remove(&below)?;
            deeper.get_or_insert_with(|| dir.clone());
        }
        match deeper {
            // Some went, and there may be more.
            Some(again) if again == dir => {}
            Some(below) => left.push(below),
            None => {
                session.remove_dir(&dir)?;
                left.pop();
            }
        }
    }
    Ok(())
}

fn who(session: &Session) -> Vec<Vec<u8>> {
    let (fellows, oversees) = (session.fellows(), session.oversees());
    let line = |fellow: &gate::Fellow| {
        let own = if fellow.session == session.id() { ", this one" } else { "" };
        let user = match &fellow.user {
            Some(user) if oversees => format!(" {user}"),
            Some(_) | None => String::new(),
        };
        format!("{} {}{user} from {}{own}", fellow.session, fellow.protocol, fellow.peer).into_bytes()
    };
    let mut lines: Vec<Vec<u8>> = fellows.iter().take(SHOWN).map(line).collect();
    if let Some(more @ 1..) = fellows.len().checked_sub(SHOWN) {
        lines.push(format!("and {more} more").into_bytes());
    }
    lines
}

fn quota(session: &Session, at: &VPath) -> Result<Vec<Vec<u8>>, Refusal> {
    let space = session.space(at)?;
    let mut lines = vec![format!("{} of {} octets free", space.free, space.total)];
    lines.extend(space.files.map(|files| format!("{} of {} files free", files.free, files.total)));
    lines.push(space.quota.map_or_else(|| String::from("no quota"), |quota| format!("the quota of {quota}")));
    Ok(lines.into_iter().map(String::into_bytes).collect())
}
