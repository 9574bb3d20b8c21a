//! A tree with one file in it, for `serve IMAGE.bin`: its neighbours do not exist.

use std::sync::Arc;
use store::{Blob, Capabilities, Cursor, Entry, Facts, Result, Space, Store, StoreError, VPath};

/// Shows one file of `inner`, for reading.
pub(crate) struct OneFile {
    inner: Arc<dyn Store>,
    /// Its name in `inner`: a link may have led to it.
    real: VPath,
    /// Its name for peers: the one that was given.
    shown: VPath,
}

impl OneFile {
    /// Shows `real`, which is directly in the root of `inner`, as `shown`.
    pub(crate) fn new(inner: Arc<dyn Store>, real: VPath, shown: VPath) -> OneFile {
        OneFile { inner, real, shown }
    }

    /// What `path` is in `inner`.
    fn known<'a>(&'a self, path: &'a VPath) -> Result<&'a VPath> {
        if path.is_root() {
            Ok(path)
        } else if *path == self.shown {
            Ok(&self.real)
        } else {
            Err(StoreError::Absent)
        }
    }
}

impl Store for OneFile {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        self.inner.stat(self.known(path)?)
    }

    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        self.known(path)?;
        if !path.is_root() {
            return Err(StoreError::NotDirectory);
        }
        let entry = Entry { name: self.shown.name().to_vec(), facts: self.inner.stat(&self.real)? };
        Ok(Box::new(Once(Some(entry))))
    }

    fn open(&self, path: &VPath) -> Result<Blob> {
        self.inner.open(self.known(path)?)
    }

    fn space(&self, path: &VPath) -> Result<Space> {
        self.inner.space(self.known(path)?)
    }
}

struct Once(Option<Entry>);

impl Cursor for Once {
    fn next(&mut self) -> Result<Vec<Entry>> {
        Ok(self.0.take().into_iter().collect())
    }
}
