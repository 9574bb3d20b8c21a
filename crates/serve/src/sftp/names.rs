//! Requests about names, and what is opened by one. Everything here blocks.

use super::files::Files;
use super::open::{Download, Listing, Open, Upload};
use super::{facts, refusal};
use gate::store::{Kind, Mode, VPath};
use gate::{Refusal, Session};
use sftp_proto::server::{Answer, File, Names};
use sftp_proto::{Ask, Attrs, OpenFlags};

impl Files {
    /// Answers a request that is not about octets.
    pub(super) fn named(&mut self, file: Option<File>, into: Option<File>, ask: &Ask<'_>) -> Answer {
        let done = |done: Result<(), Refusal>| done.map(|()| Answer::Done);
        let answered = match ask {
            Ask::Open { path, flags, .. } => self.open(file, path, *flags),
            Ask::Opendir { path } => self.open_dir(file, path),
            // Links are followed by the storage: what is told is what they lead to.
            Ask::Stat { path } | Ask::Lstat { path } => self.stat(path).map(Answer::Facts),
            Ask::Fstat { .. } => self.of(file).and_then(|open| open.facts(&self.session)).map(Answer::Facts),
            Ask::Setstat { path, attrs } => done(self.set(path, attrs)),
            Ask::Fsetstat { attrs, .. } => done(self.set_open(file, attrs)),
            Ask::Remove { path } => done(resolve(path).and_then(|path| self.session.remove(&path))),
            Ask::Mkdir { path, .. } => done(resolve(path).and_then(|path| self.session.make_dir(&path))),
            Ask::Rmdir { path } => done(resolve(path).and_then(|path| self.session.remove_dir(&path))),
            // A name that is not there has one all the same (S9).
            Ask::Realpath { path } => resolve(path).map(|path| Answer::Names(Names::one(path.as_bytes()))),
            Ask::Rename { from, to } => {
                done(both(from, to).and_then(|(from, to)| self.session.rename_new(&from, &to)))
            }
            Ask::Readlink { .. } | Ask::Symlink { .. } => Err(Refusal::Unsupported("a link")),
            Ask::Extended(extended) => self.extended(file, into, extended),
            Ask::Close { .. } | Ask::Read { .. } | Ask::Write { .. } | Ask::Readdir { .. } => {
                unreachable!("they are questions of their own")
            }
        };
        answered.unwrap_or_else(|why| refusal::refused(&why))
    }

    fn open(&mut self, file: Option<File>, path: &[u8], flags: OpenFlags) -> Result<Answer, Refusal> {
        let path = resolve(path)?;
        let open = if flags.has(OpenFlags::WRITE) {
            let mode = mode(&self.session, &path, flags)?;
            let writing = self.session.write(&path, gate::Ask { mode, expected: None })?;
            Open::Writing(Box::new(Upload::new(writing, path, flags.has(OpenFlags::APPEND))))
        } else if flags.has(OpenFlags::READ) {
            Open::Reading(Box::new(Download::new(self.session.read(&path)?, path)))
        } else {
            return Err(Refusal::Unsupported("opening a file neither for reading nor for writing"));
        };
        Ok(self.put(file, open))
    }

    fn open_dir(&mut self, file: Option<File>, path: &[u8]) -> Result<Answer, Refusal> {
        let path = resolve(path)?;
        let listing = Listing::open(&self.session, &path)?;
        Ok(self.put(file, Open::Directory(Box::new(listing))))
    }

    /// What this client is writing is for it as long as it has become; what it left half is so long, so that it may
    /// go on there.
    fn stat(&self, path: &[u8]) -> Result<Attrs<'static>, Refusal> {
        let path = resolve(path)?;
        if let Some(upload) = self.writing(&path) {
            return Ok(facts::growing(upload.writing.len()));
        }
        match self.session.stat(&path) {
            Err(Refusal::Absent) => self.session.partial(&path).map(facts::growing).ok_or(Refusal::Absent),
            facts => facts.map(|facts| facts::attrs(&facts)),
        }
    }

    pub(super) fn set(&mut self, path: &[u8], attrs: &Attrs<'_>) -> Result<(), Refusal> {
        let path = resolve(path)?;
        if let Some(upload) = self.writing_mut(&path) {
            return set_upload(upload, attrs);
        }
        settable(attrs)?;
        if let Some(len) = attrs.size {
            self.session.set_len(&path, len)?;
        }
        if let Some(times) = attrs.times {
            self.session.set_modified(&path, facts::time(times.modified))?;
        }
        // Nothing that could be set is a question whether it is there.
        if attrs.size.is_none() && attrs.times.is_none() {
            self.session.stat(&path).map(drop)
        } else {
            Ok(())
        }
    }

    fn set_open(&mut self, file: Option<File>, attrs: &Attrs<'_>) -> Result<(), Refusal> {
        let path = match self.of_mut(file)? {
            Open::Writing(upload) => return set_upload(upload, attrs),
            other @ (Open::Reading(_) | Open::Directory(_)) => other.path().clone(),
        };
        self.set(path.as_bytes(), attrs)
    }
}

fn set_upload(upload: &mut Upload, attrs: &Attrs<'_>) -> Result<(), Refusal> {
    settable(attrs)?;
    if let Some(len) = attrs.size {
        upload.set_len(len)?;
    }
    if let Some(times) = attrs.times {
        upload.modified = Some(facts::time(times.modified));
    }
    Ok(())
}

/// Owners are the server's business.
fn settable(attrs: &Attrs<'_>) -> Result<(), Refusal> {
    if attrs.owner.is_some() { Err(Refusal::Denied) } else { Ok(()) }
}

/// How an upload begins (draft §6.3).
fn mode(session: &Session, path: &VPath, flags: OpenFlags) -> Result<Mode, Refusal> {
    if flags.has(OpenFlags::CREATE.and(OpenFlags::EXCLUSIVE)) {
        return Ok(Mode::New);
    }
    let there = match session.stat(path) {
        Ok(facts) if facts.kind == Kind::Directory => return Err(Refusal::IsDirectory),
        Ok(_) => true,
        Err(Refusal::Absent) if flags.has(OpenFlags::CREATE) => false,
        Err(why) => return Err(why),
    };
    Ok(match (there, flags.has(OpenFlags::TRUNCATE), flags.has(OpenFlags::APPEND)) {
        (_, true, _) => Mode::Overwrite,
        (_, false, true) => Mode::Append,
        (true, false, false) => Mode::Modify,
        // `reput`: what was left half goes on.
        (false, false, false) => session.partial(path).map_or(Mode::Overwrite, Mode::Resume),
    })
}

/// What a client calls a file: from the root, which is where it starts (S9).
pub(super) fn resolve(path: &[u8]) -> Result<VPath, Refusal> {
    VPath::root().resolve(path).map_err(Refusal::BadName)
}

pub(super) fn both(one: &[u8], other: &[u8]) -> Result<(VPath, VPath), Refusal> {
    Ok((resolve(one)?, resolve(other)?))
}
