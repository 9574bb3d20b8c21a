//! A tree with a few files in it, and nothing else: their neighbours do not exist.

use std::sync::Arc;
use store::{Blob, Capabilities, Cursor, Entry, Facts, Result, Space, Store, StoreError, VPath};

/// Shows some files, for reading.
pub(crate) struct Shelf {
    files: Vec<Shown>,
}

/// One of them.
pub(crate) struct Shown {
    /// Its name for peers, in the root.
    pub(crate) name: VPath,
    /// Where it is.
    pub(crate) inner: Arc<dyn Store>,
    /// Its name there: a link may have led to it.
    pub(crate) real: VPath,
}

impl Shelf {
    /// Shows `real`, which is directly in the root of `inner`, as `shown`.
    pub(crate) fn of_one(inner: Arc<dyn Store>, real: VPath, shown: VPath) -> Shelf {
        Shelf { files: vec![Shown { name: shown, inner, real }] }
    }

    /// Shows these.
    pub(crate) fn new(files: Vec<Shown>) -> Shelf {
        Shelf { files }
    }

    fn known(&self, path: &VPath) -> Result<&Shown> {
        self.files.iter().find(|shown| shown.name == *path).ok_or(StoreError::Absent)
    }
}

impl Store for Shelf {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        if path.is_root() {
            let first = self.files.first().ok_or(StoreError::Absent)?;
            return first.inner.stat(path);
        }
        let shown = self.known(path)?;
        shown.inner.stat(&shown.real)
    }

    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        if !path.is_root() {
            self.known(path)?;
            return Err(StoreError::NotDirectory);
        }
        let entry = |shown: &Shown| {
            Ok(Entry { name: shown.name.name().to_vec(), facts: shown.inner.stat(&shown.real)? })
        };
        Ok(Box::new(Once(self.files.iter().map(entry).collect::<Result<_>>()?)))
    }

    fn open(&self, path: &VPath) -> Result<Blob> {
        let shown = self.known(path)?;
        shown.inner.open(&shown.real)
    }

    fn space(&self, path: &VPath) -> Result<Space> {
        let shown = if path.is_root() { self.files.first() } else { Some(self.known(path)?) };
        let shown = shown.ok_or(StoreError::Absent)?;
        shown.inner.space(if path.is_root() { path } else { &shown.real })
    }
}

struct Once(Vec<Entry>);

impl Cursor for Once {
    fn next(&mut self) -> Result<Vec<Entry>> {
        Ok(std::mem::take(&mut self.0))
    }
}
