//! One descriptor for all who read the same file at once.

use super::dir::Looked;
use crate::{Blob, Identity};
use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Entries of files that nobody reads any more are dropped when the table has doubled since the last time,
/// but not below this many.
const FEW: usize = 64;

/// The files that are open for reading, by what they hold. A file that was written to since is another one.
#[derive(Default)]
pub(super) struct Shared {
    // Guards the table; held for a look-up.
    open: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    files: HashMap<Identity, Weak<File>>,
    /// The size at which to look for entries without a reader.
    sweep_at: usize,
}

impl Shared {
    /// What was looked at, if somebody has it open.
    pub(super) fn get(&self, looked: &Looked) -> Option<Blob> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let file = open.files.get(&looked.identity)?.upgrade()?;
        Some(blob(file, looked))
    }

    /// Entries, also of files that are closed.
    #[cfg(test)]
    pub(super) fn entries(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).files.len()
    }

    /// Takes a file that was opened for the first.
    pub(super) fn put(&self, file: File, looked: &Looked) -> Blob {
        let file = Arc::new(file);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.files.len() >= open.sweep_at.max(FEW) {
            open.files.retain(|_, file| file.strong_count() > 0);
            open.sweep_at = open.files.len() * 2;
        }
        open.files.insert(looked.identity, Arc::downgrade(&file));
        blob(file, looked)
    }
}

fn blob(file: Arc<File>, looked: &Looked) -> Blob {
    Blob::File { file, len: looked.facts.len, identity: looked.identity }
}
