//! What is more than one step: each step passes the gate with its own right, as if the client had taken it.

use super::files::resolve;
use super::refusal::refused;
use ftp_proto::server::{Answer, Chore};
use gate::store::{Kind, Mode, Sink as _, StoreError, VPath};
use gate::{Ask, End, Outcome, Reading, Refusal, Session, Writing};

/// Octets that are copied at once.
const BITE: usize = 256 << 10;
/// Names that DSIZ counts before it gives up.
const COUNTED: u64 = 100_000;

pub(super) fn answer(session: &Session, at: &VPath, chore: &Chore) -> Answer {
    let done = |done: Result<(), Refusal>| done.map(|()| Answer::Done);
    let answered = match chore {
        Chore::Fits(octets) => done(fits(session, at, *octets)),
        Chore::Copy { from, to } => done(copy(session, at, from, to)),
        Chore::Combine { target, parts } => done(combine(session, at, target, parts)),
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

fn copy(session: &Session, at: &VPath, from: &[u8], to: &[u8]) -> Result<(), Refusal> {
    let (from, to) = (resolve(at, from)?, resolve(at, to)?);
    let reading = session.read(&from)?;
    let expected = Some(reading.blob().len());
    let mut writing = match session.write(&to, Ask { mode: Mode::Overwrite, expected }) {
        Ok(writing) => writing,
        Err(why) => {
            reading.finish(End::new(Outcome::Refused, 0).note(why.to_string()));
            return Err(why);
        }
    };
    let poured = pour(reading, &mut writing);
    publish(writing, poured)
}

fn combine(session: &Session, at: &VPath, target: &[u8], parts: &[Vec<u8>]) -> Result<(), Refusal> {
    let target = resolve(at, target)?;
    let parts = parts.iter().map(|part| resolve(at, part)).collect::<Result<Vec<_>, _>>()?;
    if parts.contains(&target) {
        return Err(Refusal::Exists);
    }
    let mut writing = session.write(&target, Ask { mode: Mode::Append, expected: None })?;
    let poured = parts.iter().try_fold(0, |octets, part| {
        let reading = session.read(part)?;
        Ok(octets + pour(reading, &mut writing)?)
    });
    publish(writing, poured)?;
    parts.iter().try_for_each(|part| session.remove(part))
}

/// Copies behind what is written already; gives how much.
fn pour(reading: Reading, writing: &mut Writing) -> Result<u64, Refusal> {
    let len = reading.blob().len();
    let mut poured = || {
        let (mut at, mut octets) = (0, Vec::with_capacity(BITE));
        while at < len {
            if reading.is_kicked() {
                return Err(Refusal::Busy);
            }
            octets.clear();
            let bite = usize::try_from(len - at).unwrap_or(BITE).min(BITE);
            let n = reading.blob().read_behind(at, bite, &mut octets).map_err(StoreError::from)?;
            if n == 0 {
                return Err(Refusal::BeyondEnd { offset: len, len: at });
            }
            writing.write_at(writing.len(), &octets).map_err(StoreError::from)?;
            at += n as u64;
        }
        Ok(at)
    };
    let poured = poured();
    let (outcome, octets) = match poured {
        Ok(octets) => (Outcome::Complete, octets),
        Err(_) => (Outcome::Failed, 0),
    };
    reading.finish(End::new(outcome, octets).note("copied within the tree"));
    poured
}

fn publish(writing: Writing, poured: Result<u64, Refusal>) -> Result<(), Refusal> {
    match poured {
        Ok(octets) => writing.commit(End::new(Outcome::Complete, octets)).map(drop),
        Err(why) => {
            writing.fail(End::new(Outcome::Failed, 0).note(why.to_string()));
            Err(why)
        }
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
    let line = |fellow: gate::Fellow| {
        let own = if fellow.session == session.id() { ", this one" } else { "" };
        format!("{} {} from {}{own}", fellow.session, fellow.protocol, fellow.peer).into_bytes()
    };
    session.fellows().into_iter().map(line).collect()
}

fn quota(session: &Session, at: &VPath) -> Result<Vec<Vec<u8>>, Refusal> {
    let space = session.space(at)?;
    let mut lines = vec![format!("{} of {} octets free", space.free, space.total)];
    lines.extend(space.files.map(|files| format!("{} of {} files free", files.free, files.total)));
    lines.push(space.quota.map_or_else(|| String::from("no quota"), |quota| format!("the quota of {quota}")));
    Ok(lines.into_iter().map(String::into_bytes).collect())
}
