//! Times and modes.

use super::{Inner, dir};
use crate::facts::settable;
use crate::{Attributes, Kind, Result, StoreError, VPath};
use rustix::fs::{Mode, OFlags, Timespec, Timestamps, UTIME_OMIT};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) fn set_modified(inner: &Inner, path: &VPath, to: SystemTime) -> Result<()> {
    inner.may_write()?;
    let looked = dir::look(&inner.root, path)?;
    let fd = open(inner, path, looked.facts.kind)?;
    Ok(rustix::fs::futimens(&fd, &modified(to))?)
}

pub(super) fn set_mode(inner: &Inner, path: &VPath, mode: u32) -> Result<()> {
    inner.may_write()?;
    let looked = dir::look(&inner.root, path)?;
    let mode = Mode::from_raw_mode(settable(looked.facts.kind, mode));
    match open(inner, path, looked.facts.kind) {
        // A file that its owner, who we are, must not read: only its mode can be changed, by its place.
        Err(StoreError::Denied) => {
            let fd = dir::open_beneath(&inner.root, path, OFlags::PATH)?;
            dir::look_at(&fd)?;
            Ok(rustix::fs::chmod(format!("/proc/self/fd/{}", fd.as_raw_fd()), mode)?)
        }
        fd => Ok(rustix::fs::fchmod(&fd?, mode)?),
    }
}

/// Opens what can be opened without waiting for anybody.
fn open(inner: &Inner, path: &VPath, kind: Kind) -> Result<OwnedFd> {
    let flags = match kind {
        Kind::File => OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
        Kind::Directory => OFlags::RDONLY | OFlags::DIRECTORY,
    };
    let fd = dir::open_beneath(&inner.root, path, flags)?;
    // Between the two somebody may have put something else there.
    dir::look_at(&fd)?;
    Ok(fd)
}

fn modified(to: SystemTime) -> Timestamps {
    let since = to.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let last_modification = Timespec {
        tv_sec: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: since.subsec_nanos().into(),
    };
    Timestamps { last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }, last_modification }
}

/// Gives a file that is about to be published what it is to have; `old`: the mode of the file that it replaces.
pub(super) fn give(file: &File, attributes: Attributes, old: Option<u32>) -> Result<()> {
    let now = rustix::fs::fstat(file)?.st_mode & 0o777;
    // A file that is replaced hands its permissions on: a private one does not become public.
    let mode = match attributes {
        Attributes { mode: Some(mode), .. } => Some(settable(Kind::File, mode)),
        Attributes { mode_if_new, .. } => old.or(mode_if_new.map(|mode| as_new(mode, now))),
    };
    if let Some(mode) = mode {
        rustix::fs::fchmod(file, Mode::from_raw_mode(mode))?;
    }
    if let Some(to) = attributes.modified {
        rustix::fs::futimens(file, &modified(to))?;
    }
    Ok(())
}

/// A mode that a peer wishes for a new file, of which this process would have given it `made`: whoever the umask
/// keeps out stays out.
fn as_new(mode: u32, made: u32) -> u32 {
    let class = |read: u32, all: u32| if made & read == 0 { 0 } else { all };
    settable(Kind::File, mode & (0o700 | class(0o040, 0o050) | class(0o004, 0o005)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_gets_what_the_umask_leaves_of_what_is_wished() {
        for (wished, made, gets) in [
            (0o755, 0o644, 0o755),
            (0o777, 0o644, 0o755),
            (0o666, 0o644, 0o644),
            (0o600, 0o644, 0o600),
            (0o444, 0o644, 0o444),
            (0o000, 0o644, 0o400),
            (0o755, 0o600, 0o700),
            (0o755, 0o640, 0o750),
            (0o7777, 0o644, 0o755),
        ] {
            assert_eq!(as_new(wished, made), gets, "{wished:o} of {made:o}");
        }
    }
}
