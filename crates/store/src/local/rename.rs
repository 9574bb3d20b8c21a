//! Another name for what is there.

use super::{Inner, dir, named, under};
use crate::{Amount, Result, StoreError, Target, VPath};
use rustix::fs::{AtFlags, FileType, RenameFlags};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

pub(super) fn rename(inner: &Inner, from: &VPath, to: &VPath, target: Target) -> Result<Amount> {
    inner.may_write()?;
    if from.is_root() || to.is_root() || to.is_reserved() {
        return Err(StoreError::Denied);
    }
    let old_dir = dir::open_dir(&inner.root, &from.parent())?;
    let kind = named(&old_dir, from)?;
    let new_dir = dir::open_dir(&inner.root, &to.parent())?;
    let gone = match target {
        Target::Replaced => {
            let gone = under(&new_dir, to).filter(|_| from != to).unwrap_or_default();
            over(&old_dir, from, &new_dir, to)?;
            gone
        }
        Target::Free => {
            free(kind, &old_dir, from, &new_dir, to)?;
            Amount::NONE
        }
    };
    rustix::fs::fsync(&new_dir)?;
    Ok(gone)
}

fn over(old_dir: &OwnedFd, from: &VPath, new_dir: &OwnedFd, to: &VPath) -> Result<()> {
    rustix::fs::renameat(old_dir, from.name(), new_dir, to.name()).map_err(|e| match e {
        // A directory cannot move below itself.
        Errno::INVAL => StoreError::Denied,
        // A non-empty directory stands there: some file systems say EEXIST.
        Errno::EXIST => StoreError::NotEmpty,
        e => e.into(),
    })
}

/// Where nothing is under the new name, in one step with finding that out.
fn free(kind: FileType, old_dir: &OwnedFd, from: &VPath, new_dir: &OwnedFd, to: &VPath) -> Result<()> {
    match rustix::fs::renameat_with(old_dir, from.name(), new_dir, to.name(), RenameFlags::NOREPLACE) {
        // The file system does not know the flag (NFS, some FUSE), or a directory is to move below itself.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => by_steps(kind, old_dir, from, new_dir, to),
        done => Ok(done?),
    }
}

/// The same without the flag. A directory may take the place of an empty one that somebody makes meanwhile, of
/// which nothing is lost.
pub(super) fn by_steps(
    kind: FileType,
    old_dir: &OwnedFd,
    from: &VPath,
    new_dir: &OwnedFd,
    to: &VPath,
) -> Result<()> {
    if kind == FileType::Directory {
        return match rustix::fs::statat(new_dir, to.name(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Err(StoreError::Exists),
            Err(Errno::NOENT) => over(old_dir, from, new_dir, to),
            Err(e) => Err(e.into()),
        };
    }
    // A second name can only be one that is free; of a symbolic link it is the link's.
    rustix::fs::linkat(old_dir, from.name(), new_dir, to.name(), AtFlags::empty())?;
    Ok(rustix::fs::unlinkat(old_dir, from.name(), AtFlags::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_file_system_without_the_flag_replaces_nothing_either() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for file in ["f", "g"] {
            std::fs::write(at(file), file).unwrap();
        }
        for directory in ["d", "e"] {
            std::fs::create_dir(at(directory)).unwrap();
        }
        symlink("f", at("link")).unwrap();
        let fd: OwnedFd = std::fs::File::open(dir.path()).unwrap().into();
        let steps = |kind, from: &str, to: &str| {
            let (from, to) = (VPath::parse(from.as_bytes()).unwrap(), VPath::parse(to.as_bytes()).unwrap());
            by_steps(kind, &fd, &from, &fd, &to)
        };
        assert!(matches!(steps(FileType::RegularFile, "/f", "/g"), Err(StoreError::Exists)));
        assert!(matches!(steps(FileType::Directory, "/d", "/e"), Err(StoreError::Exists)));
        steps(FileType::RegularFile, "/f", "/h").unwrap();
        steps(FileType::Symlink, "/link", "/other").unwrap();
        steps(FileType::Directory, "/d", "/new").unwrap();
        assert_eq!(std::fs::read(at("g")).unwrap(), b"g");
        assert_eq!(std::fs::read(at("h")).unwrap(), b"f");
        assert_eq!(std::fs::read_link(at("other")).unwrap().to_str(), Some("f"));
        assert!(at("new").is_dir() && !at("f").exists() && !at("link").exists() && !at("d").exists());
    }
}
