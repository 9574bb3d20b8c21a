//! What only the target has, and what is below it: files first, then the directories that held them.

use super::counts::{Fate, Told};
use super::entry::{Entry, What, below};
use super::rules::Rules;
use super::walk::{Done, Side, Task};
use crate::ClientError;
use std::collections::BTreeSet;

#[derive(Debug)]
enum Item {
    /// A file, a link, whatever is no directory.
    File(Vec<u8>),
    /// A directory with what is in it.
    Tree(Vec<u8>),
    /// The same, when nothing is in it any more.
    Emptied(Vec<u8>),
}

/// What is next.
pub(super) enum Next {
    Do(Vec<u8>, Task),
    /// Something is in this directory that stays.
    Keep(Vec<u8>),
}

/// What is to be removed: what stands on top goes before what is below it.
#[derive(Debug, Default)]
pub(super) struct Removing {
    stack: Vec<Item>,
    open: usize,
    /// Directories that something is left in.
    kept: BTreeSet<Vec<u8>>,
}

impl Removing {
    pub(super) fn add(&mut self, path: Vec<u8>, is_directory: bool) {
        self.stack.push(if is_directory { Item::Tree(path) } else { Item::File(path) });
    }

    pub(super) fn is_over(&self) -> bool {
        self.stack.is_empty() && self.open == 0
    }

    /// Removes nothing; gives what stays.
    pub(super) fn leave(&mut self) -> Vec<Vec<u8>> {
        let path = |item| match item {
            Item::File(path) | Item::Tree(path) | Item::Emptied(path) => path,
        };
        std::mem::take(&mut self.stack).into_iter().map(path).collect()
    }

    pub(super) fn next(&mut self) -> Option<Next> {
        // What was in it was above it, and has been begun: it is empty when all that is done.
        if matches!(self.stack.last(), Some(Item::Emptied(_))) && self.open > 0 {
            return None;
        }
        let (path, task) = match self.stack.pop()? {
            Item::File(path) => (path, Task::Remove),
            Item::Tree(path) => {
                self.stack.push(Item::Emptied(path.clone()));
                (path, Task::Look(Side::Target))
            }
            Item::Emptied(path) if self.kept.remove(&path) => {
                self.keep(&path);
                return Some(Next::Keep(path));
            }
            Item::Emptied(path) => (path, Task::RemoveDir),
        };
        self.open += 1;
        Some(Next::Do(path, task))
    }

    /// Names in a directory that is to go.
    pub(super) fn found(&mut self, path: &[u8], names: impl Iterator<Item = Entry>, rules: &Rules) {
        for entry in names {
            let is_directory = entry.what == What::Directory;
            let path_of = below(path, &entry.name);
            if rules.leaves_out(&path_of, is_directory) {
                self.kept.insert(path.to_vec());
            } else {
                self.add(path_of, is_directory);
            }
        }
    }

    /// What is to be told of something that was done.
    pub(super) fn done(
        &mut self,
        path: Vec<u8>,
        task: &Task,
        result: Result<Done, ClientError>,
    ) -> Option<Told> {
        self.open -= 1;
        let fate = match (task, result) {
            (Task::Look(_), Ok(_)) => return None,
            (Task::RemoveDir, Ok(_)) => Fate::RemovedDir,
            (Task::Remove | Task::MakeDir | Task::SetTime(_) | Task::Copy(_) | Task::Compare, Ok(_)) => {
                Fate::Removed
            }
            (Task::Look(_), Err(why)) => {
                self.kept.insert(path.clone());
                Fate::Failed(why)
            }
            (
                Task::Remove
                | Task::RemoveDir
                | Task::MakeDir
                | Task::SetTime(_)
                | Task::Copy(_)
                | Task::Compare,
                Err(why),
            ) => {
                self.keep(&path);
                Fate::Failed(why)
            }
        };
        Some(Told { path, fate })
    }

    /// Something stays: its directory does too.
    fn keep(&mut self, path: &[u8]) {
        let end = path.iter().rposition(|b| *b == b'/').unwrap_or(0);
        self.kept.insert(path[..end].to_vec());
    }
}
