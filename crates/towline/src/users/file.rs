//! One user's file: `NAME.toml`, of which nobody else may read the hash.

use super::made::made;
use crate::config::user::{Card, Require, User};
use crate::config::{Reading, Secret, Setting as _, Source, node::Node, quoted};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Stat, fchmod, fchown, fstat, fsync, openat, renameat, unlinkat,
};
use rustix::fs::{Gid, Uid};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

/// Octets of a file: a hash and 256 groups of 200 octets.
const LARGEST: u64 = 64 << 10;

/// Why a user's file is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadFile {
    /// It cannot be read.
    #[error("{file}: {why}; check who may read it")]
    Unreadable {
        /// Its name.
        file: String,
        /// The system's words.
        why: String,
    },
    /// A device, a link, a directory, or far too long.
    #[error("{file}: is no regular file of at most 64 KiB")]
    Irregular {
        /// Its name.
        file: String,
    },
    /// Others can read the hash, or write another.
    #[error("{file}: mode {mode:04o} lets others at the hash; chmod 600 {file}")]
    Open {
        /// Its name.
        file: String,
        /// Its mode.
        mode: u32,
    },
    /// What stands in it: place, what, remedy.
    #[error("{0}")]
    Wrong(String),
}

/// What a file is told apart by without reading it. Whoever writes one anew changes one of these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    dev: u64,
    ino: u64,
    size: i64,
    modified: (i64, u64),
    /// Also what chmod changes.
    changed: (i64, u64),
}

impl Stamp {
    pub(super) fn of(stat: &Stat) -> Stamp {
        // Their types differ from one architecture to the next.
        #[allow(clippy::unnecessary_cast)]
        Stamp {
            dev: stat.st_dev as u64,
            ino: stat.st_ino as u64,
            size: stat.st_size as i64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as u64),
        }
    }
}

/// The file's name.
pub(super) fn file_name(user: &str) -> String {
    format!("{user}.toml")
}

/// What stands in the file of a user; `None`: there is none. `dir` is only for messages.
pub(super) fn read(dir: &OwnedFd, at: &Path, user: &str) -> Result<Option<(Stamp, gate::User)>, BadFile> {
    let Some((stamp, text)) = text(dir, at, user)? else { return Ok(None) };
    let path = at.join(file_name(user));
    let source = Arc::new(Source { path, text });
    Ok(Some((stamp, parse(&source, user)?)))
}

fn text(dir: &OwnedFd, at: &Path, user: &str) -> Result<Option<(Stamp, String)>, BadFile> {
    let name = file_name(user);
    let file = || at.join(&name).display().to_string();
    let unreadable = |e: std::io::Error| BadFile::Unreadable { file: file(), why: e.to_string() };
    // A FIFO must not hold a login up, a link not lead elsewhere.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let fd = match openat(dir, &*name, flags, Mode::empty()) {
        Ok(fd) => fd,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return Err(BadFile::Irregular { file: file() }),
        Err(e) => return Err(unreadable(e.into())),
    };
    let stat = fstat(&fd).map_err(|e| unreadable(e.into()))?;
    let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if !regular || u64::try_from(stat.st_size).map_or(true, |size| size > LARGEST) {
        return Err(BadFile::Irregular { file: file() });
    }
    if stat.st_mode & 0o077 != 0 {
        return Err(BadFile::Open { file: file(), mode: stat.st_mode & 0o7777 });
    }
    let mut text = String::new();
    File::from(fd).take(LARGEST).read_to_string(&mut text).map_err(unreadable)?;
    Ok(Some((Stamp::of(&stat), text)))
}

fn parse(source: &Arc<Source>, name: &str) -> Result<gate::User, BadFile> {
    let mut faults = Vec::new();
    let node = Node::document(source, &mut faults);
    let mut reading = Reading::new(Default::default());
    let card = if faults.is_empty() { Card::read(&node, &mut reading) } else { None };
    faults.append(&mut reading.faults);
    if let Some(fault) = faults.first() {
        return Err(BadFile::Wrong(format!("{}: {}; {}", fault.thing(), fault.what, fault.remedy)));
    }
    let user = card.expect("without a fault there is a value").named(name);
    let wrong = |what: &dyn std::fmt::Display| BadFile::Wrong(format!("{}: {what}", source.path.display()));
    let hash = match &user.password {
        None => None,
        Some(Secret::Literal(hash)) => Some(hash.as_str()),
        Some(_reference) => {
            return Err(wrong(&"the password of a user's file is its hash; towline user passwd writes one"));
        }
    };
    made(&user, hash).map_err(|why| wrong(&why))
}

/// The text of a new user's file.
pub(crate) fn new_text(user: &User, hash: Option<&str>) -> String {
    let list = |all: &[String]| all.iter().map(|one| quoted(one)).collect::<Vec<_>>().join(", ");
    let mut text = hash.map(|hash| format!("password = {}\n", quoted(hash))).unwrap_or_default();
    if !user.keys.is_empty() {
        text.push_str(&format!("keys = [{}]\n", list(&user.keys)));
    }
    if user.require != Require::Either {
        text.push_str(&format!("require = {}\n", quoted(&user.require.to_string())));
    }
    text.push_str(&format!("groups = [{}]\n", list(&user.groups)));
    if user.disabled {
        text.push_str("disabled = true\n");
    }
    if let Some(expires) = &user.expires {
        text.push_str(&format!("expires = {}\n", quoted(&expires.text)));
    }
    if let Some(home) = &user.home {
        text.push_str(&format!("home = {}\n", quoted(home)));
    }
    text
}

/// The same file with another hash, or a first one; comments and the rest stay. `None`: the former does not stand there
/// just once.
pub(super) fn rehashed(text: &str, former: Option<&str>, hash: &str) -> Option<String> {
    match former {
        Some(former) => (text.matches(former).count() == 1).then(|| text.replacen(former, hash, 1)),
        // Before anything else, which may be inside of something.
        None => Some(format!("password = {}\n{text}", quoted(hash))),
    }
}

/// Reads the file's text for whoever changes it.
pub(super) fn present(dir: &OwnedFd, at: &Path, user: &str) -> Result<Option<String>, BadFile> {
    Ok(text(dir, at, user)?.map(|(_, text)| text))
}

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Old {
    /// It goes.
    Replaced,
    /// There must be none.
    Stays,
}

/// Puts a user's file there, whole or not at all and for good: when this returns it is on the disk. It belongs to whom
/// the directory belongs to.
///
/// # Errors
/// The system's; `AlreadyExists` where the old one stays.
pub(crate) fn write(dir: &OwnedFd, user: &str, text: &str, old: Old) -> std::io::Result<()> {
    let name = file_name(user);
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| std::io::Error::other("the system gives no random octets"))?;
    // No user's file: a name never begins with a dot.
    let temporary = format!(".{}.new", random.map(|b| format!("{b:02x}")).concat());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let fd = openat(dir, &*temporary, flags, Mode::RUSR | Mode::WUSR)?;
    let put = || -> std::io::Result<()> {
        fchmod(&fd, Mode::RUSR | Mode::WUSR)?;
        let (ours, theirs) = (fstat(&fd)?, fstat(dir)?);
        if (ours.st_uid, ours.st_gid) != (theirs.st_uid, theirs.st_gid)
            && rustix::process::geteuid().is_root()
        {
            // Root writes it, and the service has to read it.
            let (uid, gid) = (Uid::from_raw(theirs.st_uid), Gid::from_raw(theirs.st_gid));
            fchown(&fd, Some(uid), Some(gid))?;
        }
        let mut file = File::from(fd.try_clone()?);
        file.write_all(text.as_bytes())?;
        fsync(&fd)?;
        match old {
            Old::Replaced => renameat(dir, &*temporary, dir, &*name)?,
            Old::Stays => {
                rustix::fs::linkat(dir, &*temporary, dir, &*name, AtFlags::empty())?;
                unlinkat(dir, &*temporary, AtFlags::empty())?;
            }
        }
        Ok(fsync(dir.as_fd())?)
    };
    put().inspect_err(|_| {
        // What went wrong is told; a left-over file is no user's.
        let _ = unlinkat(dir, &*temporary, AtFlags::empty());
    })
}
