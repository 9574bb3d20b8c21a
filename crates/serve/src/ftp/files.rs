//! Questions about names. Everything here blocks; it runs on a blocking thread.

use super::chores;
use super::convert::{Lines, Marks};
use super::digest;
use super::refusal::refused;
use ftp_proto::command::{Form, Setting};
use ftp_proto::list::{self, Access, Entry, Kind};
use ftp_proto::server::{Answer, Ask, Kind as Which, Look, Mode, Style, Transfer};
use gate::store::{self, Cursor, VPath};
use gate::{Meter, Reading, Refusal, Session, Writing};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is open between the question `Open` and the end of its transfer.
pub(super) enum Open {
    /// From this octet on, and before that one.
    Reading {
        reading: Reading,
        offset: u64,
        end: u64,
        form: Form,
    },
    Writing {
        writing: Writing,
        form: Form,
        marks: Marks,
        /// What ALLO announced.
        announced: Option<u64>,
    },
    Listing(Listing),
}

/// A directory being sent.
pub(super) struct Listing {
    from: Source,
    /// The names that are wanted, where not all are.
    pattern: Option<Pattern>,
    style: Style,
    access: Access,
    now: i64,
    /// The rate that it has to keep, if any.
    meter: Option<Box<Meter>>,
    /// What makes its lines what the wire has, where they are not.
    wire: Option<Lines>,
}

struct Pattern {
    name: Vec<u8>,
    /// What stood before it, slash and all: NLST says names as they would be asked for.
    prefix: Vec<u8>,
}

enum Source {
    Directory(Box<dyn Cursor>),
    /// LIST of one file.
    One(Option<store::Entry>),
}

/// Lines of STAT that go over the control connection.
const DESCRIBED: usize = 500;

pub(super) fn access(session: &Session, anonymous: bool) -> Access {
    let write = session.may_write();
    Access { create: write, change: write && !anonymous }
}

/// Answers a question about names; the ones about logins and connections never come here.
pub(super) fn answer(session: &Session, at: &VPath, ask: Ask) -> Answer {
    let answered = match ask {
        Ask::ChangeDir(path) => directory(session, at, &path),
        Ask::MakeDir(path) => resolve(at, &path).and_then(|p| {
            session.make_dir(&p)?;
            Ok(Answer::Directory(p.as_bytes().to_vec()))
        }),
        Ask::RemoveDir(path) => {
            resolve(at, &path).and_then(|p| session.remove_dir(&p)).map(|()| Answer::Done)
        }
        Ask::Remove(path) => resolve(at, &path).and_then(|p| session.remove(&p)).map(|()| Answer::Done),
        Ask::Rename { from, to } => resolve(at, &from)
            .and_then(|from| session.rename(&from, &resolve(at, &to)?))
            .map(|()| Answer::Done),
        Ask::Look(path) => resolve(at, &path).and_then(|p| {
            let facts = session.stat(&p)?;
            Ok(Answer::Entry(entry(p.as_bytes().to_vec(), &facts)))
        }),
        Ask::Size(path) => resolve(at, &path).and_then(|p| size(session, &p)).map(Answer::Size),
        Ask::Describe(path) => resolve(at, &path).and_then(|p| describe(session, &p)).map(Answer::Lines),
        Ask::Room(path) => resolve(at, &path).and_then(|p| session.space(&p)).map(|s| Answer::Size(s.free)),
        Ask::Set(setting) => set(session, at, &setting).map(|()| Answer::Done),
        Ask::Digest { path, algorithm, range } => {
            resolve(at, &path).and_then(|p| digest::of(session, &p, algorithm, range))
        }
        Ask::Chore(chore) => return chores::answer(session, at, &chore),
        Ask::Login { .. }
        | Ask::Secure
        | Ask::Clear
        | Ask::Listen
        | Ask::Open(_)
        | Ask::ThirdParty(_)
        | Ask::Move(..)
        | Ask::Commit
        | Ask::Shelve { .. } => {
            unreachable!("not a question about names")
        }
    };
    answered.unwrap_or_else(|why| refused(&why))
}

/// Opens what a download reads, where that takes no waiting for a disk; otherwise, and for every refusal, `None`: see
/// [`open`].
pub(super) fn open_now(session: &Session, at: &VPath, what: &Transfer) -> Option<(Open, Answer)> {
    let Which::Retrieve { offset, end } = what.kind else { return None };
    let reading = session.read_now(&resolve(at, &what.path).ok()?)?;
    if offset > reading.blob().len() {
        return None;
    }
    read(reading, offset, end, what.form).ok()
}

fn read(reading: Reading, offset: u64, end: Option<u64>, form: Form) -> Result<(Open, Answer), Refusal> {
    let len = reading.blob().len();
    if offset > len {
        let why = Refusal::BeyondEnd { offset, len };
        reading.finish(gate::End::new(gate::Outcome::Refused, 0).note(why.to_string()));
        return Err(why);
    }
    let end = end.map_or(len, |end| end.min(len));
    let told = if end < len { end - offset } else { len };
    Ok((Open::Reading { reading, offset, end, form }, Answer::Opened { len: Some(told), start: 0 }))
}

/// Opens what a transfer moves.
pub(super) fn open(session: &Session, access: Access, at: &VPath, what: &Transfer) -> (Option<Open>, Answer) {
    let form = what.form;
    let writing = |writing, announced| Open::Writing { writing, form, marks: Marks::default(), announced };
    let opened = resolve(at, &what.path).and_then(|path| match what.kind {
        Which::Retrieve { offset, end } => read(session.read(&path)?, offset, end, form),
        Which::Store { mode: Mode::Unique, expected } => {
            unique(session, at, expected).map(|(mut made, name)| {
                without(what.umask, &mut made);
                (writing(made, expected), Answer::OpenedAs(name))
            })
        }
        Which::Store { mode, expected } => {
            let mode = match mode {
                Mode::Overwrite | Mode::Unique => store::Mode::Overwrite,
                Mode::Resume(offset) => store::Mode::Resume(offset),
                Mode::Append => store::Mode::Append,
            };
            let mut made = session.write(&path, gate::Ask { mode, expected })?;
            without(what.umask, &mut made);
            let start = made.start();
            Ok((writing(made, expected), Answer::Opened { len: None, start }))
        }
        Which::List(style) => {
            let (path, pattern) = matching(session, style, path);
            let facts = session.stat(&path)?;
            let (from, meter) = match (facts.kind, style) {
                (store::Kind::Directory, _) => {
                    let gate::Listing { cursor, meter } = session.list(&path)?;
                    (Source::Directory(cursor), meter)
                }
                (store::Kind::File, Style::Facts(_)) => return Err(Refusal::NotDirectory),
                // The name as it was asked for, as ls does.
                (store::Kind::File, Style::List(_) | Style::Names) => {
                    (Source::One(Some(store::Entry { name: what.path.clone(), facts })), None)
                }
            };
            let wire = Lines::of(form);
            let pattern = pattern.map(|name| Pattern { name, prefix: prefix(&what.path).to_vec() });
            let listing = Listing { from, pattern, style, access, now: unix(SystemTime::now()), meter, wire };
            Ok((Open::Listing(listing), Answer::Opened { len: None, start: 0 }))
        }
    });
    match opened {
        Ok((open, answer)) => (Some(open), answer),
        Err(why) => (None, absent_with_advice(session, at, what, &why)),
    }
}

/// LIST and NLST of a name with `*` in it that is nobody's: the directory that it stands in, and the pattern. Only the last
/// name is one: whatever is typed, it is one directory that is read.
fn matching(session: &Session, style: Style, path: VPath) -> (VPath, Option<Vec<u8>>) {
    let by_pattern = match style {
        Style::List(_) | Style::Names => list::is_pattern(path.name()) && !session.has(&path),
        Style::Facts(_) => false,
    };
    if by_pattern {
        let name = path.name().to_vec();
        return (path.parent(), Some(name));
    }
    (path, None)
}

/// Everything before the last name, as it was sent.
fn prefix(path: &[u8]) -> &[u8] {
    &path[..path.iter().rposition(|&b| b == b'/').map_or(0, |slash| slash + 1)]
}

/// Names that STOU tries.
const TRIES: u32 = 1_000;

/// A name of ours that is free (STOU); whoever else takes it meanwhile has it, and the next one is tried.
fn unique(session: &Session, at: &VPath, expected: Option<u64>) -> Result<(Writing, Vec<u8>), Refusal> {
    for n in 1..=TRIES {
        let name = format!("stou.{n:04}").into_bytes();
        match session.write(&resolve(at, &name)?, gate::Ask { mode: store::Mode::New, expected }) {
            Ok(writing) => return Ok((writing, name)),
            Err(Refusal::Exists) => {}
            Err(why) => return Err(why),
        }
    }
    Err(Refusal::Exists)
}

/// SITE UMASK. Where the backend has no permissions there are none to take away.
fn without(umask: Option<u32>, writing: &mut Writing) {
    if let Some(umask) = umask {
        let mode_if_new = Some(0o666 & !umask);
        let _ = writing.set_attributes(store::Attributes { mode_if_new, ..store::Attributes::default() });
    }
}

fn set(session: &Session, at: &VPath, setting: &Setting) -> Result<(), Refusal> {
    let time = |modified: i64| {
        let seconds = Duration::from_secs(modified.unsigned_abs());
        if modified < 0 { UNIX_EPOCH.checked_sub(seconds) } else { UNIX_EPOCH.checked_add(seconds) }
            .unwrap_or(UNIX_EPOCH)
    };
    match setting {
        Setting::Facts { modified, mode, path } => {
            let path = resolve(at, path)?;
            if let Some(mode) = mode {
                session.set_mode(&path, *mode)?;
            }
            modified.map_or(Ok(()), |modified| session.set_modified(&path, time(modified)))
        }
        Setting::Utime { modified, path } => session.set_modified(&resolve(at, path)?, time(*modified)),
        Setting::Chmod { mode, path } => session.set_mode(&resolve(at, path)?, *mode),
        Setting::Symlink { to, path } => {
            let path = resolve(at, path)?;
            // What a link says counts from where it lies.
            session.symlink(&path, &resolve(&path.parent(), to)?)
        }
    }
}

impl Listing {
    /// What it has to obey; once.
    pub(super) fn take_meter(&mut self) -> Option<Box<Meter>> {
        self.meter.take()
    }

    /// The octets of the next entries; empty at the end.
    pub(super) fn next(&mut self) -> Result<Vec<u8>, Refusal> {
        loop {
            let lines = self.lines()?;
            let Some(wire) = &mut self.wire else { return Ok(lines) };
            let octets = wire.push(&lines).map_err(|e| Refusal::from(store::StoreError::from(e)))?;
            if lines.is_empty() || !octets.is_empty() {
                return Ok(octets);
            }
        }
    }

    /// The lines of the next entries; empty at the end.
    fn lines(&mut self) -> Result<Vec<u8>, Refusal> {
        let entries = loop {
            let mut entries = match &mut self.from {
                Source::Directory(cursor) => cursor.next()?,
                Source::One(entry) => entry.take().into_iter().collect(),
            };
            let Some(pattern) = &self.pattern else { break entries };
            let is_end = entries.is_empty();
            entries.retain(|entry| list::matches(&pattern.name, &entry.name));
            if is_end || !entries.is_empty() {
                break entries;
            }
        };
        let prefix = self.pattern.as_ref().map_or(&[][..], |pattern| &pattern.prefix);
        let mut out = Vec::with_capacity(entries.len() * 80);
        for store::Entry { name, facts } in entries {
            match self.style {
                Style::Names => list::write_name(&mut out, &[prefix, &name].concat()),
                Style::List(Look::Unix) => list::write_list(&mut out, &entry(name, &facts), self.now),
                Style::List(Look::Dos) => list::write_dos(&mut out, &entry(name, &facts)),
                Style::Facts(which) => {
                    list::write_facts(&mut out, &entry(name, &facts), which, self.access);
                }
            }
        }
        Ok(out)
    }
}

/// "No such file" is the commonest refusal, and a wrong letter its commonest reason.
fn absent_with_advice(session: &Session, at: &VPath, what: &Transfer, why: &Refusal) -> Answer {
    if *why == Refusal::NotDirectory && matches!(what.kind, Which::List(Style::Facts(_))) {
        // RFC 3659 §7.2.1: 501 where MLSD names a file.
        return Answer::Refused(ftp_proto::reply::Code(501), String::from("MLSD is for directories."));
    }
    let plain = refused(why);
    if *why != Refusal::Absent || !matches!(what.kind, Which::Retrieve { .. }) {
        return plain;
    }
    let near = resolve(at, &what.path).ok().and_then(|path| session.nearest(&path));
    match (near, plain) {
        (Some(near), Answer::Refused(code, text)) => {
            Answer::Refused(code, format!("{text} The nearest name is {near}"))
        }
        (_, plain) => plain,
    }
}

fn directory(session: &Session, at: &VPath, path: &[u8]) -> Result<Answer, Refusal> {
    let path = resolve(at, path)?;
    match session.stat(&path)?.kind {
        store::Kind::Directory => Ok(Answer::Directory(path.as_bytes().to_vec())),
        store::Kind::File => Err(Refusal::NotDirectory),
    }
}

/// What REST may go on with: the file's length; where there is no file, the partial's.
fn size(session: &Session, path: &VPath) -> Result<u64, Refusal> {
    match session.stat(path) {
        Ok(facts) => match facts.kind {
            store::Kind::File => Ok(facts.len),
            store::Kind::Directory => Err(Refusal::IsDirectory),
        },
        Err(Refusal::Absent) => session.partial(path).ok_or(Refusal::Absent),
        Err(why) => Err(why),
    }
}

fn describe(session: &Session, path: &VPath) -> Result<Vec<Vec<u8>>, Refusal> {
    let facts = session.stat(path)?;
    let now = unix(SystemTime::now());
    let line = |name: &[u8], facts: &store::Facts| {
        let mut out = Vec::new();
        list::write_list(&mut out, &entry(name.to_vec(), facts), now);
        out.truncate(out.len() - 2);
        out
    };
    if facts.kind == store::Kind::File {
        return Ok(vec![line(path.name(), &facts)]);
    }
    let mut lines = Vec::new();
    let mut cursor = session.list(path)?.cursor;
    loop {
        let batch = cursor.next()?;
        if batch.is_empty() {
            return Ok(lines);
        }
        for e in batch {
            if lines.len() == DESCRIBED {
                lines.push(b"and more: use LIST".to_vec());
                return Ok(lines);
            }
            lines.push(line(&e.name, &e.facts));
        }
    }
}

pub(super) fn resolve(at: &VPath, path: &[u8]) -> Result<VPath, Refusal> {
    at.resolve(path).map_err(Refusal::BadName)
}

fn entry(name: Vec<u8>, facts: &store::Facts) -> Entry {
    Entry {
        name,
        kind: match facts.kind {
            store::Kind::File => Kind::File,
            store::Kind::Directory => Kind::Directory,
        },
        len: facts.len,
        modified: unix(facts.modified),
        mode: facts.mode,
        unique: facts.unique,
    }
}

fn unix(t: SystemTime) -> i64 {
    match t.duration_since(UNIX_EPOCH) {
        Ok(d) => i64::try_from(d.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}
