use super::temp::Temp;
use super::{Inner, Point, attributes, dir, names, open_file, versions};
use crate::{
    Amount, Attributes, Blob, Facts, Kind, Mode, Published, Result, Sink, StoreError, Suspended, Upload,
    VPath,
};
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
    attributes: Attributes,
    /// As many descriptors as keeping the old content will need, held until that begins: an upload that was let
    /// in hardly fails at its end because others have taken every one meanwhile.
    reserve: Vec<OwnedFd>,
}

/// Open at once while a version is made: its directory, and where no second name can be made the old file and its
/// copy. Before that, on the way to it, a directory of the versions and the one below it.
const KEEPING: usize = 3;

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
        Mode::Resume(offset) => match open_partial(inner, &dir, &partial)? {
            Some((temp, len)) => (cut(temp, offset, len)?, offset),
            None => (kept(inner, &dir, path, &there, Some(offset))?, offset),
        },
        Mode::Append => match (there.len(), open_partial(inner, &dir, &partial)?) {
            (None, Some((temp, len))) => (temp, len),
            (len, _) => (kept(inner, &dir, path, &there, None)?, len.unwrap_or(0)),
        },
        Mode::Modify => (kept(inner, &dir, path, &there, None)?, 0),
    };
    let len = if mode == Mode::Modify { temp.file.metadata()?.len() } else { start };
    inner.at(Point::TemporaryMade);
    Ok(Box::new(Growing {
        inner: inner.clone(),
        dir,
        path: path.clone(),
        partial,
        temp,
        mode,
        start,
        len,
        keep_old: false,
        attributes: Attributes::default(),
        reserve: Vec::new(),
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

fn open_partial(inner: &Inner, dir: &OwnedFd, name: &Option<Vec<u8>>) -> Result<Option<(Temp, u64)>> {
    let Some(name) = name else { return Ok(None) };
    // So that nobody puts another in its place before it is locked.
    let _alone = inner.publish.lock().unwrap_or_else(|e| e.into_inner());
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

    fn set_len(&mut self, len: u64) -> Result<()> {
        self.temp.file.set_len(len)?;
        self.len = len;
        Ok(())
    }

    fn set_attributes(&mut self, attributes: Attributes) -> Result<()> {
        self.attributes = self.attributes.and(attributes);
        Ok(())
    }

    fn keep_old(&mut self) -> Result<()> {
        self.keep_old = true;
        while self.reserve.len() < KEEPING {
            self.reserve.push(self.dir.try_clone()?);
        }
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<Published> {
        let inner = self.inner.clone();
        hand_owner_on(&self.dir, self.path.name(), &self.temp.file);
        let old = match there(&inner, &self.dir, &self.path)? {
            There::File(old) if self.mode != Mode::New => Some(old.mode),
            There::File(_) | There::Nothing | There::Dangling => None,
        };
        attributes::give(&self.temp.file, self.attributes, old)?;
        inner.at(Point::BeforeSync);
        self.temp.file.sync_all()?;
        inner.at(Point::AfterSync);
        let (kept, mut freed) = {
            let _alone = inner.publish.lock().unwrap_or_else(|e| e.into_inner());
            self.reserve.clear();
            self.publish()?
        };
        inner.at(Point::Renamed);
        rustix::fs::fsync(&self.dir)?;
        freed += self.drop_partial();
        if kept.is_some() {
            // It is published whatever becomes of this.
            freed += versions::prune(&inner, &self.path).unwrap_or_default();
        }
        // It is published whatever becomes of this.
        let identity = rustix::fs::fstat(&self.temp.file).ok().map(|stat| super::dir::identity(&stat));
        Ok(Published { len: self.len, kept, freed, identity })
    }

    fn suspend(mut self: Box<Self>) -> Result<Suspended> {
        let Some(name) = self.partial.clone().filter(|_| self.mode != Mode::Modify) else {
            return Ok(Suspended::default());
        };
        // Without it a power failure could leave a partial of the right length and wrong octets, which
        // the owner would go on with.
        self.temp.file.sync_data()?;
        let inner = self.inner.clone();
        let _alone = inner.publish.lock().unwrap_or_else(|e| e.into_inner());
        let kept = Amount::file(self.temp.file.metadata()?.len());
        if self.temp.is_named(&name) {
            self.temp.publish_over(&self.dir, &name)?;
            return Ok(Suspended { kept, freed: Amount::NONE });
        }
        let freed = match Temp::partial(&self.dir, name.clone()) {
            // Another upload of this owner goes on with it, and would publish ours for its own.
            Err(StoreError::Busy) => return Ok(Suspended::default()),
            former => former?.map(|temp| temp.file.metadata()).transpose()?,
        };
        self.temp.publish_over(&self.dir, &name)?;
        Ok(Suspended { kept, freed: freed.map_or(Amount::NONE, |m| Amount::file(m.len())) })
    }
}

/// Octets of a regular file.
fn octets_of(dir: &OwnedFd, name: &[u8]) -> Option<u64> {
    let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then(|| dir::octets(&stat))
}

/// What root writes belongs to whom the old file does, else to whom the directory does: a file that root has
/// brought back stays the service's to write over.
fn hand_owner_on(dir: &OwnedFd, name: &[u8], to: &File) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let old = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).or_else(|_| rustix::fs::fstat(dir));
    if let Ok(old) = old {
        let (user, group) = (rustix::fs::Uid::from_raw(old.st_uid), rustix::fs::Gid::from_raw(old.st_gid));
        // A file system without owners: then there is nothing to hand on.
        let _ = rustix::fs::fchown(to, Some(user), Some(group));
    }
}

impl Growing {
    /// Puts the file under its name; gives where the old content went, or what of it went for good.
    fn publish(&mut self) -> Result<(Option<VPath>, Amount)> {
        let name = self.path.name();
        match self.mode {
            Mode::New => self.temp.publish_new(&self.dir, name).map(|()| (None, Amount::NONE)),
            Mode::Overwrite | Mode::Resume(_) | Mode::Append | Mode::Modify => {
                let old = there(&self.inner, &self.dir, &self.path)?;
                if matches!(old, There::Nothing) {
                    match self.temp.publish_new(&self.dir, name) {
                        // Somebody else, of another process, was quicker.
                        Err(StoreError::Exists) => {}
                        done => return done.map(|()| (None, Amount::NONE)),
                    }
                }
                if self.keep_old && !matches!(old, There::Dangling) {
                    return self.publish_keeping().map(|kept| (Some(kept), Amount::NONE));
                }
                self.temp.give_name(&self.dir)?;
                self.inner.at(Point::Named);
                let gone = octets_of(&self.dir, name).map_or(Amount::NONE, Amount::file);
                self.temp.publish_over(&self.dir, name)?;
                Ok((None, gone))
            }
        }
    }

    /// The same where what is replaced is kept as a version.
    fn publish_keeping(&mut self) -> Result<VPath> {
        let (dir, name) = (&self.dir, self.path.name());
        let kept = versions::keep(&self.inner, dir, name, &self.path)?;
        self.inner.at(Point::VersionMade);
        self.temp.give_name(dir)?;
        self.inner.at(Point::Named);
        // Another process may have replaced the file since: what comes out of the exchange is what really
        // was replaced, and only where it is what was kept may it go.
        match self.temp.exchange(dir, name)? {
            Some(out) => {
                let is_kept = rustix::fs::statat(dir, &out[..], AtFlags::SYMLINK_NOFOLLOW)
                    .is_ok_and(|stat| (stat.st_dev, stat.st_ino) == kept.of);
                let second = if is_kept {
                    Ok(())
                } else {
                    versions::keep(&self.inner, dir, &out, &self.path).map(drop)
                };
                // What cannot be removed now is swept at the next start.
                let _ = rustix::fs::unlinkat(dir, &out[..], AtFlags::empty());
                second?;
            }
            None => self.temp.publish_over(dir, name)?,
        }
        Ok(kept.at)
    }

    /// The whole file is there: what came of earlier tries goes; gives what that was.
    fn drop_partial(&self) -> Amount {
        let Some(name) = &self.partial else { return Amount::NONE };
        let Ok(Some(mut old)) = Temp::partial(&self.dir, name.clone()) else { return Amount::NONE };
        let was = old.file.metadata().map_or(Amount::NONE, |m| Amount::file(m.len()));
        old.discard(&self.dir);
        was
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.temp.discard(&self.dir);
    }
}
