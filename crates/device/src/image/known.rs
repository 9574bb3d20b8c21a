use super::{Damage, Facts, show};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use store::{Blob, Identity};

/// So many images are remembered; a lab has a handful.
const MOST: usize = 64;

/// What was found out about sound images, by what their files are: to look into one is to read all of it.
#[derive(Default)]
pub struct Known(
    // Guards what is known; held for a look, never while a file is read.
    Mutex<BTreeMap<u64, (Identity, Facts)>>,
);

impl Known {
    /// What [`show`] says. A file that it said it of already, and that has not changed since, is not read again.
    ///
    /// # Errors
    /// As [`show`]'s: what is wrong is looked for anew each time.
    pub fn show(&self, blob: &Blob) -> Result<Facts, Damage> {
        let Blob::File { identity, .. } = blob else { return show(blob) };
        let there = {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&identity.ino).filter(|(of, _)| of == identity).cloned()
        };
        if let Some((_, facts)) = there {
            return Ok(facts);
        }
        let facts = show(blob)?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        // A number of a file that is gone may be another one's now.
        known.insert(identity.ino, (*identity, facts.clone()));
        Ok(facts)
    }
}
