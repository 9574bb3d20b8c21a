//! Second names, and links that name a path.

use super::{Inner, dir, named};
use crate::{Result, StoreError, VPath};
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// The directory of a name that is to be made.
fn place(inner: &Inner, path: &VPath) -> Result<OwnedFd> {
    inner.may_write()?;
    if path.is_root() {
        return Err(StoreError::Exists);
    }
    if path.is_reserved() {
        return Err(StoreError::Denied);
    }
    dir::open_dir(&inner.root, &path.parent())
}

pub(super) fn link(inner: &Inner, from: &VPath, to: &VPath) -> Result<()> {
    inner.may_write()?;
    if from.is_root() {
        return Err(StoreError::IsDirectory);
    }
    let old_dir = dir::open_dir(&inner.root, &from.parent())?;
    match named(&old_dir, from)? {
        FileType::RegularFile => {}
        FileType::Directory => return Err(StoreError::IsDirectory),
        // A symbolic link would get a second name itself, and name another place from there.
        _other => return Err(StoreError::NotRegular),
    }
    let new_dir = place(inner, to)?;
    match rustix::fs::linkat(&old_dir, from.name(), &new_dir, to.name(), AtFlags::empty()) {
        Err(Errno::XDEV) => return Err(StoreError::OtherFileSystem),
        Err(Errno::PERM | Errno::OPNOTSUPP | Errno::MLINK) => {
            return Err(StoreError::Unsupported("giving this file a second name"));
        }
        linked => linked?,
    }
    Ok(rustix::fs::fsync(&new_dir)?)
}

pub(super) fn symlink(inner: &Inner, path: &VPath, to: &VPath) -> Result<()> {
    if to.is_reserved() {
        return Err(StoreError::Denied);
    }
    let dir = place(inner, path)?;
    rustix::fs::symlinkat(&relative(&path.parent(), to)[..], &dir, path.name())?;
    Ok(rustix::fs::fsync(&dir)?)
}

pub(super) fn read(inner: &Inner, path: &VPath) -> Result<Option<VPath>> {
    if path.is_root() {
        return Ok(None);
    }
    let dir = dir::open_dir(&inner.root, &path.parent())?;
    match named(&dir, path)? {
        FileType::Symlink => {}
        _other => return Ok(None),
    }
    let text = rustix::fs::readlinkat(&dir, path.name(), Vec::new())?;
    let target = target(&path.parent(), text.to_bytes()).filter(|to| !to.is_reserved());
    target.map(Some).ok_or(StoreError::Denied)
}

/// What the text of a link in `dir` names; `None`: it leaves the root, as every absolute one does, which is a path of
/// the host.
fn target(dir: &VPath, text: &[u8]) -> Option<VPath> {
    if text.first() == Some(&b'/') {
        return None;
    }
    let mut at = dir.clone();
    for name in text.split(|&b| b == b'/') {
        at = match name {
            b"" | b"." => at,
            b".." if at.is_root() => return None,
            b".." => at.parent(),
            name => at.child(name).ok()?,
        };
    }
    Some(at)
}

/// The text of a link in `dir` that names `to`.
fn relative(dir: &VPath, to: &VPath) -> Vec<u8> {
    let same = dir.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = dir.components().skip(same).map(|_| &b".."[..]);
    let names: Vec<&[u8]> = up.chain(to.components().skip(same)).collect();
    if names.is_empty() { b".".to_vec() } else { names.join(&b'/') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_into_a_link_names_what_was_meant() {
        let p = |path: &str| VPath::parse(path.as_bytes()).unwrap();
        for (dir, to, text) in [
            ("/", "/f", "f"),
            ("/", "/", "."),
            ("/a/b", "/a/b", "."),
            ("/a/b", "/a/b/c/d", "c/d"),
            ("/a/b", "/a/c", "../c"),
            ("/a/b", "/", "../.."),
            ("/ab", "/a", "../a"),
        ] {
            assert_eq!(relative(&p(dir), &p(to)), text.as_bytes(), "{to} from {dir}");
            assert_eq!(target(&p(dir), text.as_bytes()), Some(p(to)), "{text} in {dir}");
        }
        for text in ["/etc/passwd", "..", "../../f", "a/../../../f", "/"] {
            assert_eq!(target(&p("/d"), text.as_bytes()).filter(|_| text != ".."), None, "{text}");
        }
        assert_eq!(target(&p("/d"), b".."), Some(VPath::root()));
    }
}
