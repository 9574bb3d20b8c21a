//! Directories and names, one after the other: what is to be done now.
//!
//! It holds the names of the directories that are looked at now, of both sides, and the paths of those that wait:
//! never a whole tree. [`Walk::next`] until there is nothing, then what came of it: [`Walk::found`], [`Walk::done`].

use super::counts::{Counts, Fate, Told};
use super::entry::{Entry, below, is_name};
use super::plan::{Because, Blocked, Step, step};
use super::removing::{Next, Removing};
use super::rules::Rules;
use crate::ClientError;
use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;
use std::vec::IntoIter;

/// Directories that are looked at, or gone through, at the same time: enough that one with few files holds up
/// nothing, and few enough that their names are all that is held.
const DIRECTORIES: usize = 8;
/// Directories in directories, at most: a server may show a tree without an end.
const DEEPEST: usize = 256;
/// Octets of a path, at most (`PATH_MAX`, which is what SFTP's servers take).
const LONGEST: usize = 4_096;

/// Something that is to be done, until it is [`Walk::done`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct WorkId(u64);

/// Something that is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Work {
    pub(crate) id: WorkId,
    /// Below both directories, without `/` at its beginning.
    pub(crate) path: Vec<u8>,
    pub(crate) task: Task,
}

/// What is to be done about a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Task {
    /// The names in this directory: [`Walk::found`], as often as there are some, and [`Done::Well`].
    Look(Side),
    /// Makes a directory in the target.
    MakeDir,
    /// Copies a file, whole or not at all: [`Done::Moved`].
    Copy(Entry),
    /// Compares the two digests: [`Done::Compared`].
    Compare,
    /// Removes a file, or a link itself, from the target.
    Remove,
    /// Removes an empty directory from the target.
    RemoveDir,
}

/// One of the two trees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    /// What is copied.
    Source,
    /// What is made like it.
    Target,
}

/// How something went well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Done {
    Well,
    /// A file has moved, of so many octets.
    Moved(u64),
    /// Whether the digests are the same.
    Compared(bool),
}

/// What was given out and is not done.
enum Open {
    Look {
        directory: u64,
        side: Side,
    },
    MakeDir {
        directory: u64,
    },
    Copy(Because),
    Compare(Entry),
    Sweep,
    /// Of what only the target has.
    Removing(Task),
}

/// A directory that waits.
struct Directory {
    path: Vec<u8>,
    depth: usize,
    is_there: bool,
}

/// One that is looked at.
struct Looking {
    directory: Directory,
    source: Names,
    target: Names,
    failed: bool,
}

#[derive(Default)]
struct Names {
    found: Vec<Entry>,
    is_over: bool,
}

/// One whose names are gone through, both sides in order.
struct Going {
    path: Vec<u8>,
    depth: usize,
    source: Peekable<IntoIter<Entry>>,
    target: Peekable<IntoIter<Entry>>,
}

/// Two trees, as far as they are gone through.
pub(crate) struct Walk {
    rules: Rules,
    is_in_place: bool,
    /// Seconds since 1970 when it began.
    now: i64,
    waiting: Vec<Directory>,
    looking: BTreeMap<u64, Looking>,
    going: VecDeque<Going>,
    ready: VecDeque<Work>,
    open: BTreeMap<WorkId, (Vec<u8>, Open)>,
    next: u64,
    removing: Removing,
    /// Whether all else is done.
    is_removing: bool,
    told: VecDeque<Told>,
    counts: Counts,
}

impl Walk {
    /// Of two directories; `is_there` says whether there is a target.
    pub(crate) fn new(rules: Rules, is_in_place: bool, is_there: bool, now: i64) -> Walk {
        Walk {
            rules,
            is_in_place,
            now,
            waiting: vec![Directory { path: Vec::new(), depth: 0, is_there }],
            looking: BTreeMap::new(),
            going: VecDeque::new(),
            ready: VecDeque::new(),
            open: BTreeMap::new(),
            next: 0,
            removing: Removing::default(),
            is_removing: false,
            told: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// How many of what, so far.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// What became of a name.
    pub(crate) fn poll_told(&mut self) -> Option<Told> {
        self.told.pop_front()
    }

    /// Whether there is nothing more to do, and nothing open.
    pub(crate) fn is_over(&self) -> bool {
        self.is_removing && self.removing.is_over() && self.open.is_empty()
    }

    /// The next thing that is to be done; `None`: nothing before something that is open is done.
    pub(crate) fn next(&mut self) -> Option<Work> {
        while !self.is_removing {
            if let Some(work) = self.ready.pop_front() {
                return Some(work);
            }
            let has_room = self.looking.len() + self.going.len() < DIRECTORIES;
            if let Some(directory) = has_room.then(|| self.waiting.pop()).flatten() {
                self.enter(directory);
            } else if let Some((place, step, source)) = self.step() {
                self.take(place, step, source);
            } else if self.looking.is_empty() && self.open.is_empty() {
                self.is_removing = true;
                // Only where all else went well: what was renamed is there before the old name goes.
                if self.counts.failed > 0 {
                    for path in self.removing.leave() {
                        self.tell(path, Fate::Extra);
                    }
                }
            } else {
                return None;
            }
        }
        loop {
            match self.removing.next()? {
                Next::Do(path, task) => return Some(self.give(path, task.clone(), Open::Removing(task))),
                Next::Keep(path) => self.tell(path, Fate::Extra),
            }
        }
    }

    /// Names in a directory, of what [`Task::Look`] asked.
    pub(crate) fn found(&mut self, id: WorkId, names: Vec<Entry>) {
        let Some((path, open)) = self.open.get(&id) else { return };
        match open {
            Open::Look { directory, side } => {
                let Some(looking) = self.looking.get_mut(directory) else { return };
                for entry in names {
                    if is_name(&entry.name) {
                        match side {
                            Side::Source => looking.source.found.push(entry),
                            Side::Target => looking.target.found.push(entry),
                        }
                    } else if !matches!(&entry.name[..], b"." | b"..") && *side == Side::Source {
                        let told =
                            Told { path: below(path, &entry.name), fate: Fate::Blocked(Blocked::Name) };
                        self.counts.add(&told.fate);
                        self.told.push_back(told);
                    }
                }
            }
            Open::Removing(Task::Look(_)) => {
                let names = names.into_iter().filter(|entry| is_name(&entry.name));
                self.removing.found(path, names, &self.rules);
            }
            Open::MakeDir { .. } | Open::Copy(_) | Open::Compare(_) | Open::Sweep | Open::Removing(_) => {}
        }
    }

    /// How something went.
    pub(crate) fn done(&mut self, id: WorkId, result: Result<Done, ClientError>) {
        let Some((path, open)) = self.open.remove(&id) else { return };
        match (open, result) {
            (Open::Look { directory, side }, result) => self.looked(directory, side, path, result.err()),
            (Open::MakeDir { directory }, Ok(_)) => {
                self.tell(path, Fate::Made);
                self.look(directory);
            }
            (Open::MakeDir { directory }, Err(why)) => {
                self.looking.remove(&directory);
                self.tell(path, Fate::Failed(why));
            }
            (Open::Copy(because), Ok(done)) => {
                let octets = if let Done::Moved(octets) = done { octets } else { 0 };
                self.tell(path, Fate::Copied { octets, because });
            }
            (Open::Compare(_), Ok(Done::Compared(true))) => self.tell(path, Fate::Same),
            (Open::Compare(entry), Ok(_)) => self.copy(path, entry, Because::Digest),
            (Open::Sweep, Ok(_)) => self.tell(path, Fate::Swept),
            (Open::Removing(task), result) => {
                if let Some(told) = self.removing.done(path, &task, result) {
                    self.tell(told.path, told.fate);
                }
            }
            (Open::Copy(_) | Open::Compare(_) | Open::Sweep, Err(why)) => self.tell(path, Fate::Failed(why)),
        }
    }

    fn tell(&mut self, path: Vec<u8>, fate: Fate) {
        self.counts.add(&fate);
        self.told.push_back(Told { path, fate });
    }

    fn give(&mut self, path: Vec<u8>, task: Task, open: Open) -> Work {
        let id = WorkId(self.next);
        self.next += 1;
        self.open.insert(id, (path.clone(), open));
        Work { id, path, task }
    }

    fn soon(&mut self, path: Vec<u8>, task: Task, open: Open) {
        let work = self.give(path, task, open);
        self.ready.push_back(work);
    }

    /// Begins with a directory that waited.
    fn enter(&mut self, directory: Directory) {
        let number = self.next;
        self.next += 1;
        let (path, is_there) = (directory.path.clone(), directory.is_there);
        let target = Names { found: Vec::new(), is_over: !is_there };
        let looking = Looking { directory, source: Names::default(), target, failed: false };
        self.looking.insert(number, looking);
        match (is_there, self.rules.dry_run) {
            (false, false) => self.soon(path, Task::MakeDir, Open::MakeDir { directory: number }),
            (false, true) => {
                self.tell(path, Fate::Made);
                self.look(number);
            }
            (true, _) => {
                let side = Side::Target;
                self.soon(path, Task::Look(side), Open::Look { directory: number, side });
                self.look(number);
            }
        }
    }

    /// Asks for the names of its source.
    fn look(&mut self, directory: u64) {
        let Some(looking) = self.looking.get(&directory) else { return };
        let (path, side) = (looking.directory.path.clone(), Side::Source);
        self.soon(path, Task::Look(side), Open::Look { directory, side });
    }

    /// All names of one side are there.
    fn looked(&mut self, number: u64, side: Side, path: Vec<u8>, failure: Option<ClientError>) {
        let Some(looking) = self.looking.get_mut(&number) else { return };
        match side {
            Side::Source => looking.source.is_over = true,
            Side::Target => looking.target.is_over = true,
        }
        looking.failed |= failure.is_some();
        let is_over = looking.source.is_over && looking.target.is_over;
        if let Some(why) = failure {
            self.tell(path, Fate::Failed(why));
        }
        if !is_over {
            return;
        }
        let Some(Looking { directory, source, target, failed: false }) = self.looking.remove(&number) else {
            return;
        };
        let (source, target) = (ordered(source.found), ordered(target.found));
        self.going.push_back(Going { path: directory.path, depth: directory.depth, source, target });
    }

    /// The next name of the directories that are gone through, and what is to be done about it; what the source has.
    fn step(&mut self) -> Option<(Place, Step, Option<Entry>)> {
        loop {
            let going = self.going.front_mut()?;
            let Some((source, target)) = going.pair() else {
                self.going.pop_front();
                continue;
            };
            let name = source.as_ref().or(target.as_ref()).map(|entry| &entry.name[..]).unwrap_or_default();
            let (path, depth) = (below(&going.path, name), going.depth);
            let step = step(&path, source.as_ref(), target.as_ref(), &self.rules, self.is_in_place, self.now);
            return Some((Place { path, depth }, step, source));
        }
    }

    fn take(&mut self, place: Place, step: Step, source: Option<Entry>) {
        let Place { path, depth } = place;
        match (step, source) {
            (Step::Pass, _) => {}
            (Step::Copy(because), Some(entry)) => self.copy(path, entry, because),
            (Step::Compare, Some(entry)) => self.soon(path, Task::Compare, Open::Compare(entry)),
            (Step::Same, _) => self.tell(path, Fate::Same),
            (Step::Enter { .. }, _) if depth == DEEPEST || path.len() > LONGEST => {
                self.tell(path, Fate::Blocked(Blocked::TooDeep));
            }
            (Step::Enter { is_there }, _) => {
                self.waiting.push(Directory { path, depth: depth + 1, is_there });
            }
            (Step::Remove { is_directory }, _) if self.rules.dry_run => {
                self.tell(path, if is_directory { Fate::RemovedDir } else { Fate::Removed });
            }
            (Step::Remove { is_directory }, _) => self.removing.add(path, is_directory),
            (Step::Extra, _) => self.tell(path, Fate::Extra),
            (Step::Sweep, _) if self.rules.dry_run => {}
            (Step::Sweep, _) => self.soon(path, Task::Remove, Open::Sweep),
            (Step::Skip(why), _) => self.tell(path, Fate::Skipped(why)),
            (Step::Block(why), _) => self.tell(path, Fate::Blocked(why)),
            (Step::Copy(_) | Step::Compare, None) => unreachable!("what the source has not is not copied"),
        }
    }

    fn copy(&mut self, path: Vec<u8>, entry: Entry, because: Because) {
        if self.rules.dry_run {
            let octets = entry.len.unwrap_or(0);
            self.tell(path, Fate::Copied { octets, because });
        } else {
            self.soon(path, Task::Copy(entry), Open::Copy(because));
        }
    }
}

/// Where a name is.
struct Place {
    path: Vec<u8>,
    depth: usize,
}

impl Going {
    /// The next name, of whichever side has it.
    fn pair(&mut self) -> Option<(Option<Entry>, Option<Entry>)> {
        let order = match (self.source.peek(), self.target.peek()) {
            (Some(source), Some(target)) => source.name.cmp(&target.name),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return None,
        };
        Some(match order {
            Ordering::Less => (self.source.next(), None),
            Ordering::Equal => (self.source.next(), self.target.next()),
            Ordering::Greater => (None, self.target.next()),
        })
    }
}

/// By name, each once, whatever a server says.
fn ordered(mut names: Vec<Entry>) -> Peekable<IntoIter<Entry>> {
    names.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    names.dedup_by(|a, b| a.name == b.name);
    names.into_iter().peekable()
}
