//! Times of directories: each is set when nothing more changes in the directory.
//!
//! A directory is remembered from when it is looked at until all that is done right in it is done: files that get their
//! names, directories that are made, at the end what is removed. What happens deeper changes its time no more.

use std::collections::BTreeMap;

/// The times that a directory has on both sides, seconds since 1970, where they are known.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Modified {
    pub(crate) source: Option<i64>,
    pub(crate) target: Option<i64>,
}

/// A directory's time that is to be set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Due {
    pub(super) path: Vec<u8>,
    pub(super) modified: i64,
    /// Whether the target had the directory.
    pub(super) was_there: bool,
}

/// Directories whose times are to be set, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Times {
    open: BTreeMap<u64, Changing>,
    now: Vec<Due>,
    /// When what only the target has is gone; whether it would be without that.
    later: Vec<(Due, bool)>,
}

#[derive(Debug)]
struct Changing {
    due: Due,
    /// Things that are not done, one of them that its names are gone through.
    open: usize,
    /// Whether the target's time is another one, or not any more what it was.
    is_other: bool,
    /// Whether something is to be removed from it.
    loses: bool,
}

impl Times {
    /// A directory is looked at. Where the source's time is not known none is set.
    pub(super) fn begin(&mut self, directory: u64, path: &[u8], modified: Modified, was_there: bool) {
        if let Some(time) = modified.source {
            let due = Due { path: path.to_vec(), modified: time, was_there };
            let is_other = modified.target != modified.source;
            self.open.insert(directory, Changing { due, open: 1, is_other, loses: false });
        }
    }

    /// Something is to be done in it; whether that changes it.
    pub(super) fn more(&mut self, directory: u64, changes: bool) {
        if let Some(changing) = self.open.get_mut(&directory) {
            changing.open += 1;
            changing.is_other |= changes;
        }
    }

    /// Something that was to be done in it is over, well or not.
    pub(super) fn less(&mut self, directory: u64) {
        let Some(changing) = self.open.get_mut(&directory) else { return };
        changing.open -= 1;
        if changing.open > 0 {
            return;
        }
        match self.open.remove(&directory) {
            Some(Changing { due, loses: true, is_other, .. }) => self.later.push((due, is_other)),
            Some(Changing { due, is_other: true, .. }) => self.now.push(due),
            Some(Changing { is_other: false, .. }) | None => {}
        }
    }

    /// Something is to be removed from it at the end.
    pub(super) fn loses(&mut self, directory: u64) {
        if let Some(changing) = self.open.get_mut(&directory) {
            changing.loses = true;
        }
    }

    /// Nothing is removed.
    pub(super) fn nothing_goes(&mut self) {
        self.later.retain(|(_, is_other)| *is_other);
    }

    /// Nothing is to be set of it: it was not looked through.
    pub(super) fn forget(&mut self, directory: u64) {
        self.open.remove(&directory);
    }

    /// One that is to be set now.
    pub(super) fn due(&mut self) -> Option<Due> {
        self.now.pop()
    }

    /// One that is to be set when nothing more is removed.
    pub(super) fn due_at_the_end(&mut self) -> Option<Due> {
        self.later.pop().map(|(due, _)| due)
    }

    /// Whether none is left.
    pub(super) fn is_over(&self) -> bool {
        self.now.is_empty() && self.later.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(source: Option<i64>, target: Option<i64>) -> Times {
        let mut times = Times::default();
        times.begin(1, b"d", Modified { source, target }, true);
        times
    }

    #[test]
    fn a_time_is_set_when_all_is_done_and_only_where_it_is_another_one() {
        let due = || Some(Due { path: b"d".to_vec(), modified: 7, was_there: true });
        let mut same = times(Some(7), Some(7));
        same.more(1, false);
        same.less(1);
        same.less(1);
        assert_eq!((same.due(), same.is_over()), (None, true));
        for target in [None, Some(8)] {
            let mut other = times(Some(7), target);
            assert_eq!(other.due(), None, "not before");
            other.less(1);
            assert_eq!((other.due(), other.due()), (due(), None));
        }
        let mut changed = times(Some(7), Some(7));
        changed.more(1, true);
        changed.less(1);
        assert_eq!(changed.due(), None, "more names may come");
        changed.less(1);
        assert_eq!(changed.due(), due());
        let mut unknown = times(None, Some(7));
        unknown.more(1, true);
        unknown.less(1);
        unknown.less(1);
        assert!(unknown.due().is_none() && unknown.is_over());
    }

    #[test]
    fn one_that_loses_something_is_set_at_the_end() {
        let mut times = times(Some(7), Some(7));
        times.loses(1);
        times.less(1);
        assert_eq!((times.due(), times.is_over()), (None, false));
        assert_eq!(times.due_at_the_end().map(|due| due.modified), Some(7));
        assert!(times.is_over());
    }
}
