//! Questions about the tree, answered by the gate. What may block runs on a blocking thread.

use super::refusal::told;
use gate::store::{self, Cursor, VPath};
use gate::{Listing, Meter, Peek, Refusal, Session, Verb};
use http_proto::listing::Entry;
use http_proto::media;
use http_proto::request::{Method, Request};
use http_proto::server::{Answer, Content};
use http_proto::status::Status;
use http_proto::tag::Tag;
use std::time::{SystemTime, UNIX_EPOCH};

/// What was found for a request, with what the driver keeps for what comes next.
pub(super) enum Found {
    File(Peek),
    /// With the rate that it has to keep, if any.
    Directory(Box<dyn Cursor>, Option<Box<Meter>>),
    Nothing,
}

/// The path of a request.
pub(super) fn path(session: &Session, request: &Request) -> Result<VPath, Refusal> {
    // The target is normalised and free of `..`; what is left is too long a name.
    VPath::parse(&request.target.path).map_err(|e| {
        let why = Refusal::BadName(e);
        session.refuse_name(Verb::Read, &request.target.path, why)
    })
}

/// A file that is there without waiting for a disk.
pub(super) fn look_now(session: &Session, request: &Request) -> Option<(Found, Answer)> {
    if request.target.directory {
        return None;
    }
    let peek = session.peek_now(&VPath::parse(&request.target.path).ok()?)?;
    Some(file(request, peek))
}

/// Whatever is there.
pub(super) fn look(session: &Session, request: &Request) -> (Found, Answer) {
    let looked = path(session, request).and_then(|path| {
        if request.target.directory {
            return match session.list(&path) {
                Ok(Listing { cursor, meter }) => Ok((Found::Directory(cursor, meter), Answer::Listing)),
                // `/file.bin/` is nothing.
                Err(Refusal::NotDirectory) => Err(Refusal::Absent),
                Err(why) => Err(why),
            };
        }
        match session.peek(&path) {
            Ok(peek) => Ok(file(request, peek)),
            Err(Refusal::IsDirectory | Refusal::NotRegular) if is_directory(session, &path) => {
                Ok((Found::Nothing, Answer::Directory(path.as_bytes().to_vec())))
            }
            Err(why) => Err(why),
        }
    });
    looked.unwrap_or_else(|why| {
        let (status, mut text) = told(&why);
        // "No such file" is the commonest refusal, and a wrong letter its commonest reason.
        if why == Refusal::Absent
            && let Some(near) = path(session, request).ok().and_then(|path| session.nearest(&path))
        {
            text.push_str(&format!("; the nearest name is {near}"));
        }
        (Found::Nothing, Answer::Refused(status, text))
    })
}

fn is_directory(session: &Session, path: &VPath) -> bool {
    session.stat(path).is_ok_and(|facts| facts.kind == store::Kind::Directory)
}

fn file(request: &Request, peek: Peek) -> (Found, Answer) {
    let name = request.target.path.rsplit(|&b| b == b'/').next().unwrap_or_default();
    let content = Content {
        len: peek.len(),
        modified: unix(peek.modified()),
        tag: Tag(peek.tag()),
        media: media::of(name),
    };
    let found = match request.method {
        Method::Get => Found::File(peek),
        Method::Head => Found::Nothing,
    };
    (found, Answer::Content(content))
}

/// The next entries.
pub(super) fn entries(cursor: &mut dyn Cursor) -> Answer {
    match cursor.next() {
        Ok(batch) => Answer::Entries(batch.into_iter().map(entry).collect()),
        Err(e) => {
            let (status, text) = told(&Refusal::from(e));
            Answer::Refused(status, text)
        }
    }
}

fn entry(entry: store::Entry) -> Entry {
    Entry {
        name: entry.name,
        directory: entry.facts.kind == store::Kind::Directory,
        len: entry.facts.len,
        modified: unix(entry.facts.modified),
    }
}

/// What is said when a panic of ours ended the work.
pub(super) fn broken() -> Answer {
    Answer::Refused(Status::InternalServerError, String::from("internal error"))
}

pub(super) fn unix(t: SystemTime) -> i64 {
    match t.duration_since(UNIX_EPOCH) {
        Ok(d) => i64::try_from(d.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}
