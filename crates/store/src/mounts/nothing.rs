use crate::{
    Amount, Blob, Capabilities, Cursor, Entry, Facts, Kind, Mode, Result, Space, Store, StoreError, Target,
    Upload, VPath,
};
use std::time::{SystemTime, UNIX_EPOCH};

/// An empty directory that stays so.
pub(super) struct Nothing;

/// What is said of every name but the root's.
fn only_the_root<T>(path: &VPath, root: impl FnOnce() -> Result<T>) -> Result<T> {
    if path.is_root() { root() } else { Err(StoreError::Absent) }
}

impl Store for Nothing {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        let facts =
            Facts { kind: Kind::Directory, len: 0, modified: UNIX_EPOCH, mode: 0o555, unique: (u64::MAX, 0) };
        only_the_root(path, || Ok(facts))
    }

    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        only_the_root(path, || Ok(Box::new(Empty) as Box<dyn Cursor>))
    }

    fn open(&self, path: &VPath) -> Result<Blob> {
        only_the_root(path, || Err(StoreError::IsDirectory))
    }

    fn create(&self, _path: &VPath, _mode: Mode, _owner: &str) -> Result<Box<dyn Upload>> {
        Err(StoreError::Denied)
    }

    fn partial(&self, _path: &VPath, _owner: &str) -> Option<u64> {
        None
    }

    fn rename_to(&self, _from: &VPath, _to: &VPath, _target: Target) -> Result<Amount> {
        Err(StoreError::Denied)
    }

    fn remove(&self, _path: &VPath) -> Result<Amount> {
        Err(StoreError::Denied)
    }

    fn make_dir(&self, _path: &VPath) -> Result<()> {
        Err(StoreError::Denied)
    }

    fn remove_dir(&self, _path: &VPath) -> Result<Amount> {
        Err(StoreError::Denied)
    }

    fn set_modified(&self, _path: &VPath, _to: SystemTime) -> Result<()> {
        Err(StoreError::Denied)
    }

    fn space(&self, _path: &VPath) -> Result<Space> {
        Ok(Space { total: 0, free: 0, files: None, quota: None })
    }
}

struct Empty;

impl Cursor for Empty {
    fn next(&mut self) -> Result<Vec<Entry>> {
        Ok(Vec::new())
    }
}
