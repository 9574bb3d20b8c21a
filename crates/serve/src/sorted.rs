//! A directory in order of names, as people who type `ls` expect it.

use gate::store::{Cursor, Entry, Result};

/// Directories of up to this many entries are sorted: 4,096 entries are 1.5 MB at most while they are sent.
/// What a larger one has beyond comes behind, in the file system's order, and is not kept.
const SORTED: usize = 4_096;
/// Entries handed on at a time, as a store's own cursor does.
const BATCH: usize = 256;

/// Sorts the beginning of what `under` gives, which is all of it for most directories.
pub(crate) struct Sorted {
    under: Box<dyn Cursor>,
    /// Sorted, the last name first, so that a batch is cut off at the end; `None` before the first call.
    ready: Option<Vec<Entry>>,
}

impl Sorted {
    pub(crate) fn new(under: Box<dyn Cursor>) -> Sorted {
        Sorted { under, ready: None }
    }
}

impl Cursor for Sorted {
    fn next(&mut self) -> Result<Vec<Entry>> {
        let ready = match &mut self.ready {
            Some(ready) => ready,
            none => {
                let mut entries = Vec::new();
                while entries.len() < SORTED {
                    let batch = self.under.next()?;
                    if batch.is_empty() {
                        break;
                    }
                    entries.extend(batch);
                }
                entries.sort_unstable_by(|a, b| b.name.cmp(&a.name));
                none.insert(entries)
            }
        };
        if ready.is_empty() {
            return self.under.next();
        }
        let mut batch = ready.split_off(ready.len().saturating_sub(BATCH));
        batch.reverse();
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate::store::{Facts, Kind};
    use std::collections::BTreeSet;
    use std::time::UNIX_EPOCH;

    /// Gives `left` names in an order of its own, 200 at a time.
    struct Under {
        left: usize,
    }

    impl Cursor for Under {
        fn next(&mut self) -> Result<Vec<Entry>> {
            let batch = self.left.min(200);
            let facts = Facts { kind: Kind::File, len: 0, modified: UNIX_EPOCH, mode: 0o644, unique: (0, 0) };
            let entry = |n: usize| Entry {
                // 7,919 is prime: each number of five digits comes once.
                name: format!("{:05}", n * 7_919 % 100_000).into_bytes(),
                facts: facts.clone(),
            };
            self.left -= batch;
            Ok((self.left..self.left + batch).map(entry).collect())
        }
    }

    fn names(count: usize) -> Vec<Vec<u8>> {
        let mut sorted = Sorted::new(Box::new(Under { left: count }));
        let mut names = Vec::new();
        loop {
            let batch = sorted.next().unwrap();
            assert!(batch.len() <= BATCH);
            if batch.is_empty() {
                return names;
            }
            names.extend(batch.into_iter().map(|e| e.name));
        }
    }

    #[test]
    fn a_directory_comes_in_order_of_names() {
        for count in [0, 1, 255, 256, 257, 3_000, SORTED] {
            let names = names(count);
            assert_eq!(names.len(), count);
            assert!(names.is_sorted(), "{count} names");
        }
    }

    #[test]
    fn a_huge_directory_comes_whole_and_is_not_kept() {
        let names = names(20_000);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 20_000);
        assert!(names[..SORTED].is_sorted());
    }
}
