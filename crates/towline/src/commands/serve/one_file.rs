//! A tree with one file in it, for `serve IMAGE.bin`: its neighbours do not exist.

use std::sync::Arc;
use std::time::SystemTime;
use store::{
    Blob, Capabilities, Cursor, Entry, Facts, Mode, Result, Space, Store, StoreError, Upload, VPath,
};

/// Shows `file` of `inner`, for reading.
pub(crate) struct OneFile {
    inner: Arc<dyn Store>,
    file: VPath,
}

impl OneFile {
    /// Shows `file`, which is directly in the root of `inner`.
    pub(crate) fn new(inner: Arc<dyn Store>, file: VPath) -> OneFile {
        OneFile { inner, file }
    }

    fn known(&self, path: &VPath) -> Result<()> {
        if path.is_root() || *path == self.file { Ok(()) } else { Err(StoreError::Absent) }
    }
}

impl Store for OneFile {
    fn capabilities(&self) -> Capabilities {
        Capabilities { write: false, resume: false, directories: false, facts: false }
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        self.known(path)?;
        self.inner.stat(path)
    }

    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        self.known(path)?;
        if !path.is_root() {
            return Err(StoreError::NotDirectory);
        }
        let entry = Entry { name: self.file.name().to_vec(), facts: self.inner.stat(&self.file)? };
        Ok(Box::new(Once(Some(entry))))
    }

    fn open(&self, path: &VPath) -> Result<Blob> {
        self.known(path)?;
        self.inner.open(path)
    }

    fn create(&self, _: &VPath, _: Mode, _: &str) -> Result<Box<dyn Upload>> {
        Err(StoreError::Denied)
    }

    fn partial(&self, _: &VPath, _: &str) -> Option<u64> {
        None
    }

    fn rename(&self, _: &VPath, _: &VPath) -> Result<()> {
        Err(StoreError::Denied)
    }

    fn remove(&self, _: &VPath) -> Result<()> {
        Err(StoreError::Denied)
    }

    fn make_dir(&self, _: &VPath) -> Result<()> {
        Err(StoreError::Denied)
    }

    fn remove_dir(&self, _: &VPath) -> Result<()> {
        Err(StoreError::Denied)
    }

    fn set_modified(&self, _: &VPath, _: SystemTime) -> Result<()> {
        Err(StoreError::Denied)
    }

    fn space(&self, path: &VPath) -> Result<Space> {
        self.inner.space(path)
    }
}

struct Once(Option<Entry>);

impl Cursor for Once {
    fn next(&mut self) -> Result<Vec<Entry>> {
        Ok(self.0.take().into_iter().collect())
    }
}
