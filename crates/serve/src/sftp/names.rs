//! Requests about names, and what is opened by one. Everything here blocks.

use super::files::Files;
use super::open::{Download, Listing, Open, Upload};
use super::{facts, refusal};
use gate::store::{Attributes, Mode, VPath};
use gate::{Refusal, Session};
use sftp_proto::server::{Answer, File, Names};
use sftp_proto::{Ask, Attrs, OpenFlags, Status};

impl Files {
    /// Answers a request that is not about octets.
    pub(super) fn named(&mut self, file: Option<File>, into: Option<File>, ask: &Ask<'_>) -> Answer {
        let done = |done: Result<(), Refusal>| done.map(|()| Answer::Done);
        let answered = match ask {
            Ask::Open { path, flags, attrs } => self.open(file, path, *flags, attrs),
            Ask::Opendir { path } => self.open_dir(file, path),
            Ask::Stat { path } => resolve(path).and_then(|path| self.stat(&path)).map(Answer::Facts),
            Ask::Lstat { path } => resolve(path).and_then(|path| self.stat_link(&path)).map(Answer::Facts),
            Ask::Fstat { .. } => self.of(file).and_then(|open| open.facts(&self.session)).map(Answer::Facts),
            Ask::Setstat { path, attrs } => done(resolve(path).and_then(|path| self.set(&path, attrs))),
            Ask::Fsetstat { attrs, .. } => done(self.set_open(file, attrs)),
            Ask::Remove { path } => done(resolve(path).and_then(|path| self.session.remove(&path))),
            Ask::Mkdir { path, .. } => done(resolve(path).and_then(|path| self.session.make_dir(&path))),
            Ask::Rmdir { path } => done(resolve(path).and_then(|path| self.session.remove_dir(&path))),
            // A name that is not there has one all the same (S9).
            Ask::Realpath { path } => resolve(path).map(|path| Answer::Names(Names::one(path.as_bytes()))),
            Ask::Rename { from, to } => {
                done(both(from, to).and_then(|(from, to)| self.session.rename_new(&from, &to)))
            }
            Ask::Readlink { path } => resolve(path).and_then(|path| {
                Ok(match self.session.read_link(&path)? {
                    Some(to) => Answer::Names(Names::one(to.as_bytes())),
                    None => Answer::Refused(Status::Failure, String::from("It is not a symbolic link.")),
                })
            }),
            Ask::Symlink { target, link } => done(resolve(link).and_then(|link| {
                // Counted from where the link is, as a file system does.
                let to = link.parent().resolve(target).map_err(Refusal::BadName)?;
                self.session.symlink(&link, &to)
            })),
            Ask::Extended(extended) => self.extended(file, into, extended),
            Ask::Close { .. } | Ask::Read { .. } | Ask::Write { .. } | Ask::Readdir { .. } => {
                unreachable!("they are questions of their own")
            }
        };
        answered.unwrap_or_else(|why| refusal::refused(&why))
    }

    fn open(
        &mut self,
        file: Option<File>,
        path: &[u8],
        flags: OpenFlags,
        attrs: &Attrs<'_>,
    ) -> Result<Answer, Refusal> {
        let path = resolve(path)?;
        let open = if flags.has(OpenFlags::WRITE) {
            let mode = mode(&self.session, &path, flags)?;
            let mut writing = self.session.write(&path, gate::Ask { mode, expected: None })?;
            if attrs.mode.is_some() {
                // Where the storage has none a file is there without it (S8).
                let _ =
                    writing.set_attributes(Attributes { mode_if_new: attrs.mode, ..Attributes::default() });
            }
            Open::Writing(Box::new(Upload::new(writing, path, mode, flags.has(OpenFlags::APPEND))))
        } else if flags.has(OpenFlags::READ) {
            let reading = match self.ahead() {
                Some(reading) => reading,
                None => self.session.read(&path)?,
            };
            Open::Reading(Box::new(Download::new(reading, path)))
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
    fn stat(&self, path: &VPath) -> Result<Attrs<'static>, Refusal> {
        if let Some(upload) = self.writing(path) {
            return Ok(facts::growing(upload.writing.len()));
        }
        match self.session.stat(path) {
            Err(Refusal::Absent) => self.session.partial(path).map(facts::growing).ok_or(Refusal::Absent),
            facts => facts.map(|facts| facts::attrs(&facts)),
        }
    }

    /// The same of a link itself.
    fn stat_link(&self, path: &VPath) -> Result<Attrs<'static>, Refusal> {
        match self.session.read_link(path) {
            Ok(Some(to)) => Ok(facts::link(&to)),
            // What is refused here is refused there, with its event.
            Ok(None) | Err(_) => self.stat(path),
        }
    }

    pub(super) fn set(&mut self, path: &VPath, attrs: &Attrs<'_>) -> Result<(), Refusal> {
        if let Some(upload) = self.writing_mut(path) {
            return set_upload(upload, attrs);
        }
        settable(attrs)?;
        if let Some(len) = attrs.size {
            self.session.set_len(path, len)?;
        }
        if let Some(mode) = attrs.mode {
            self.session.set_mode(path, mode & 0o777)?;
        }
        if let Some(times) = attrs.times {
            self.session.set_modified(path, facts::time(times.modified))?;
        }
        // Nothing to be set is a question whether it is there.
        match (attrs.size, attrs.mode, attrs.times) {
            (None, None, None) => self.session.stat(path).map(drop),
            _set => Ok(()),
        }
    }

    fn set_open(&mut self, file: Option<File>, attrs: &Attrs<'_>) -> Result<(), Refusal> {
        let path = match self.of_mut(file)? {
            Open::Writing(upload) => return set_upload(upload, attrs),
            other @ (Open::Reading(_) | Open::Directory(_)) => other.path().clone(),
        };
        self.set(&path, attrs)
    }
}

fn set_upload(upload: &mut Upload, attrs: &Attrs<'_>) -> Result<(), Refusal> {
    settable(attrs)?;
    if let Some(len) = attrs.size {
        upload.set_len(len)?;
    }
    let modified = attrs.times.map(|times| facts::time(times.modified));
    if attrs.mode.is_some() || modified.is_some() {
        let mode = attrs.mode.map(|mode| mode & 0o777);
        upload.set_attributes(Attributes { mode, modified, ..Attributes::default() })?;
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
    // The storage looks what is there when it begins.
    if flags.has(OpenFlags::CREATE.and(OpenFlags::TRUNCATE)) {
        return Ok(Mode::Overwrite);
    }
    let there = session.has(path);
    if !there && !flags.has(OpenFlags::CREATE) {
        return Err(Refusal::Absent);
    }
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
