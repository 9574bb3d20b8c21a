use super::temp::Temp;
use super::{Inner, Point, dir, names, open_file, versions};
use crate::{Blob, Facts, Kind, Mode, Published, Result, Sink, StoreError, Upload, VPath};
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

struct Growing {
    inner: Arc<Inner>,
    /// The target's directory, as it was when the upload began: renaming it takes the upload along.
    dir: OwnedFd,
    path: VPath,
    /// The hidden name of this owner's partial; none for nobody's.
    partial: Option<Vec<u8>>,
    temp: Temp,
    mode: Mode,
    start: u64,
    len: u64,
    keep_old: bool,
}

pub(super) fn begin(inner: &Arc<Inner>, path: &VPath, mode: Mode, owner: &str) -> Result<Box<dyn Upload>> {
    inner.may_write()?;
    if path.is_root() {
        return Err(StoreError::IsDirectory);
    }
    if path.is_reserved() {
        return Err(StoreError::Denied);
    }
    let dir = dir::open_dir(&inner.root, &path.parent())?;
    let there = there(inner, &dir, path)?;
    if mode == Mode::New && !matches!(there, There::Nothing) {
        return Err(StoreError::Exists);
    }
    let partial = (!owner.is_empty()).then(|| names::partial(owner, path.name()));
    let (temp, start) = match mode {
        Mode::New | Mode::Overwrite => (Temp::new(inner, &dir)?, 0),
        Mode::Resume(offset) => match open_partial(&dir, &partial)? {
            Some((temp, len)) => (cut(temp, offset, len)?, offset),
            None => (kept(inner, &dir, path, &there, Some(offset))?, offset),
        },
        Mode::Append => match (there.len(), open_partial(&dir, &partial)?) {
            (None, Some((temp, len))) => (temp, len),
            (len, _) => (kept(inner, &dir, path, &there, None)?, len.unwrap_or(0)),
        },
    };
    inner.at(Point::TemporaryMade);
    Ok(Box::new(Growing {
        inner: inner.clone(),
        dir,
        path: path.clone(),
        partial,
        temp,
        mode,
        start,
        len: start,
        keep_old: false,
    }))
}

/// What stands under the name of an upload.
enum There {
    Nothing,
    /// A link that points nowhere: to be replaced, but not free.
    Dangling,
    File(Facts),
}

impl There {
    fn len(&self) -> Option<u64> {
        match self {
            There::File(facts) => Some(facts.len),
            There::Nothing | There::Dangling => None,
        }
    }
}

fn there(inner: &Inner, dir: &OwnedFd, path: &VPath) -> Result<There> {
    let stat = match rustix::fs::statat(dir, path.name(), AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(There::Nothing),
        stat => stat?,
    };
    let facts = if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
        match dir::look(&inner.root, path) {
            Err(StoreError::Absent) => return Ok(There::Dangling),
            looked => looked?.facts,
        }
    } else {
        dir::facts(&stat).ok_or(StoreError::NotRegular)?
    };
    match facts.kind {
        Kind::File => Ok(There::File(facts)),
        Kind::Directory => Err(StoreError::IsDirectory),
    }
}

fn open_partial(dir: &OwnedFd, name: &Option<Vec<u8>>) -> Result<Option<(Temp, u64)>> {
    let Some(name) = name else { return Ok(None) };
    let Some(temp) = Temp::partial(dir, name.clone())? else { return Ok(None) };
    let len = temp.file.metadata()?.len();
    Ok(Some((temp, len)))
}

fn cut(temp: Temp, offset: u64, len: u64) -> Result<Temp> {
    if offset > len {
        return Err(StoreError::BeyondEnd { offset, len });
    }
    temp.file.set_len(offset)?;
    Ok(temp)
}

/// A temporary file that begins with the first octets of what is there: all, or up to `offset`.
fn kept(inner: &Inner, dir: &OwnedFd, path: &VPath, there: &There, offset: Option<u64>) -> Result<Temp> {
    let len = there.len().unwrap_or(0);
    let offset = offset.unwrap_or(len);
    if offset > len {
        return Err(StoreError::BeyondEnd { offset, len });
    }
    let mut temp = Temp::new(inner, dir)?;
    if offset > 0 {
        let copied = open_file(&inner.root, path).and_then(|(old, _)| copy(&old, &temp.file, offset));
        if let Err(e) = copied {
            temp.discard(dir);
            return Err(e);
        }
    }
    Ok(temp)
}

/// Copies the first `len` octets; shares the blocks where the file system can.
pub(super) fn copy(from: &File, to: &File, len: u64) -> Result<()> {
    let (mut at, mut out) = (0, 0);
    while at < len {
        let bite = usize::try_from(len - at).unwrap_or(usize::MAX).min(1 << 30);
        match rustix::fs::copy_file_range(from, Some(&mut at), to, Some(&mut out), bite) {
            // The file became shorter meanwhile.
            Ok(0) => return Err(StoreError::BeyondEnd { offset: len, len: at }),
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                return copy_by_hand(from, to, at, len);
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

fn copy_by_hand(from: &File, to: &File, mut at: u64, len: u64) -> Result<()> {
    let mut buffer = vec![0; 256 << 10];
    while at < len {
        let bite = usize::try_from(len - at).unwrap_or(usize::MAX).min(buffer.len());
        match from.read_at(&mut buffer[..bite], at) {
            Ok(0) => return Err(StoreError::BeyondEnd { offset: len, len: at }),
            Ok(n) => {
                to.write_all_at(&buffer[..n], at)?;
                at += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

impl Sink for Growing {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.temp.file.write_all_at(octets, offset)?;
        let end = offset.saturating_add(octets.len() as u64);
        self.len = self.len.max(end);
        self.inner.at(Point::Written(end));
        Ok(())
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.temp.file.as_fd())
    }
}

impl Upload for Growing {
    fn len(&self) -> u64 {
        self.len
    }

    fn start(&self) -> u64 {
        self.start
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        Blob::read_file_at(&self.temp.file, offset, buf)
    }

    fn wrote_to(&mut self, end: u64) {
        self.len = self.len.max(end);
        self.inner.at(Point::Written(end));
    }

    fn keep_old(&mut self) -> Result<()> {
        self.keep_old = true;
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<Published> {
        let inner = self.inner.clone();
        // A file that is replaced hands its permissions on: a private one does not become public.
        if let (There::File(old), true) = (there(&inner, &self.dir, &self.path)?, self.mode != Mode::New) {
            rustix::fs::fchmod(&self.temp.file, rustix::fs::Mode::from_raw_mode(old.mode))?;
        }
        inner.at(Point::BeforeSync);
        self.temp.file.sync_all()?;
        inner.at(Point::AfterSync);
        let (kept, replaced) = {
            let _alone = inner.publish.lock().unwrap_or_else(|e| e.into_inner());
            self.publish()?
        };
        inner.at(Point::Renamed);
        rustix::fs::fsync(&self.dir)?;
        self.drop_partial();
        // It is published whatever becomes of this.
        let identity = rustix::fs::fstat(&self.temp.file).ok().map(|stat| super::dir::identity(&stat));
        Ok(Published { len: self.len, kept, replaced, identity })
    }

    fn suspend(mut self: Box<Self>) -> Result<()> {
        let Some(name) = self.partial.clone() else { return Ok(()) };
        // Without it a power failure could leave a partial of the right length and wrong octets, which
        // the owner would go on with.
        self.temp.file.sync_data()?;
        let inner = self.inner.clone();
        let _alone = inner.publish.lock().unwrap_or_else(|e| e.into_inner());
        self.temp.publish_over(&self.dir, &name)
    }
}

impl Growing {
    /// Puts the file under its name; gives where the old content went, or how many octets of it went.
    fn publish(&mut self) -> Result<(Option<VPath>, u64)> {
        let name = self.path.name();
        match self.mode {
            Mode::New => self.temp.publish_new(&self.dir, name).map(|()| (None, 0)),
            Mode::Overwrite | Mode::Resume(_) | Mode::Append => {
                let old = there(&self.inner, &self.dir, &self.path)?;
                if matches!(old, There::Nothing) {
                    match self.temp.publish_new(&self.dir, name) {
                        // Somebody else, of another process, was quicker.
                        Err(StoreError::Exists) => {}
                        done => return done.map(|()| (None, 0)),
                    }
                }
                let kept = if self.keep_old && !matches!(old, There::Dangling) {
                    let kept = versions::keep(&self.inner, &self.dir, &self.path)?;
                    self.inner.at(Point::VersionMade);
                    Some(kept)
                } else {
                    None
                };
                self.temp.give_name(&self.dir)?;
                self.inner.at(Point::Named);
                self.temp.publish_over(&self.dir, name)?;
                let gone = if kept.is_none() { old.len().unwrap_or(0) } else { 0 };
                Ok((kept, gone))
            }
        }
    }

    /// The whole file is there: what came of earlier tries goes.
    fn drop_partial(&self) {
        if let Some(name) = &self.partial
            && let Ok(Some(mut old)) = Temp::partial(&self.dir, name.clone())
        {
            old.discard(&self.dir);
        }
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.temp.discard(&self.dir);
    }
}
